//! Inflates deflate data, damaged or not, into a buffer that the budget bounds.
//!
//! Whole data is inflated by `flate2`. What it refuses is inflated as hayro does it, because files with damaged streams
//! are common and other readers show them: this decoder keeps what comes before the damage, and ignores checksums.

use flate2::{Decompress, FlushDecompress, Status};

use super::buffer::Buffer;
use crate::budget::{Budget, Exceeded};

/// How many bytes of packed data are one step of work. A block of twelve bytes may have its own tables and no output:
/// building them takes up to 0.4 µs. So turns end early, by [`SHORTENED_BY`] steps for each.
const PACKED_BYTES_PER_STEP: usize = 2;

/// By how many steps a turn is shortened for each step of inflating.
const SHORTENED_BY: usize = 2;

/// The steps of work that beginning costs, however little data there is.
const STEPS_PER_DECODER: usize = 200;

/// The steps of work to build the tables of a block in [`Lenient`], beside those for their entries.
const STEPS_PER_BLOCK: usize = 200;

/// How many entries of a table are filled in one step of work.
const ENTRIES_PER_STEP: usize = 32;

/// The number of packed bytes, and of bytes of output, between two charges: these of empty blocks take 3 ms.
const BYTES_PER_CHARGE: usize = 64 * 1024;

/// Inflates `data`, with or without a zlib header.
pub(super) fn inflate<'b>(data: &[u8], budget: &'b Budget) -> Result<Buffer<'b>, Exceeded> {
    let mut out = Buffer::new(budget, data.len().saturating_mul(3))?;
    for has_header in [true, false] {
        if strict(data, has_header, budget, &mut out)? {
            return Ok(out);
        }
        out.clear();
    }
    Lenient::new(data, budget).run(&mut out)?;
    Ok(out)
}

/// Whether `data` was inflated up to its end mark, without a fault.
fn strict(data: &[u8], has_header: bool, budget: &Budget, out: &mut Buffer<'_>) -> Result<bool, Exceeded> {
    budget.work(STEPS_PER_DECODER)?;
    let mut decoder = Decompress::new(has_header);
    loop {
        out.reserve(1)?;
        let (read, written) = (decoder.total_in(), out.len());
        let rest = usize::try_from(read).ok().and_then(|read| data.get(read..)).unwrap_or_default();
        let flush = if rest.is_empty() { FlushDecompress::Finish } else { FlushDecompress::None };
        let part = rest.get(..BYTES_PER_CHARGE).unwrap_or(rest);
        let status = decoder.decompress_vec(part, out.vec(), flush);
        let consumed = decoder.total_in() - read;
        let steps = usize::try_from(consumed).unwrap_or(usize::MAX) / PACKED_BYTES_PER_STEP;
        budget.work(steps)?;
        budget.shorten_turn(SHORTENED_BY * steps);
        budget.pass_over(out.len() - written)?;
        match status {
            Ok(Status::StreamEnd) => return Ok(true),
            Err(_) => return Ok(false),
            Ok(_) if consumed == 0 && out.len() == written => return Ok(false),
            Ok(_) => {}
        }
    }
}

/// A decoder that goes on after faults and ends where it no longer can.
struct Lenient<'a, 'b> {
    data: &'a [u8],
    budget: &'b Budget,
    position: usize,
    /// Up to where the packed data is charged.
    charged: usize,
    bits: u32,
    bit_count: u32,
    is_at_end: bool,
}

/// The order in which the lengths of the code length codes are stored.
const CODE_LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The base and the number of extra bits of each length code.
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The number of distance codes; the base and the extra bits of each follow from its number.
const DISTANCES: u16 = 30;

impl<'a, 'b> Lenient<'a, 'b> {
    /// Skips a valid zlib header.
    fn new(data: &'a [u8], budget: &'b Budget) -> Self {
        let data = match data.split_first_chunk() {
            Some(([method, flags], rest))
                if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0 && flags & 0x20 == 0 =>
            {
                rest
            }
            _ => data,
        };
        Self { data, budget, position: 0, charged: 0, bits: 0, bit_count: 0, is_at_end: false }
    }

    fn run(&mut self, out: &mut Buffer<'_>) -> Result<(), Exceeded> {
        while !self.is_at_end && self.position < self.data.len() {
            if self.block(out)?.is_none() {
                self.is_at_end = true;
            }
            self.charge()?;
        }
        Ok(())
    }

    /// Charges the packed data that was read since the last charge.
    fn charge(&mut self) -> Result<(), Exceeded> {
        let read = self.position - self.charged;
        self.charged = self.position;
        self.budget.work(read / PACKED_BYTES_PER_STEP)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.data.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        while self.bit_count < count {
            self.bits |= u32::from(self.byte()?) << self.bit_count;
            self.bit_count += 8;
        }
        let value = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.bit_count -= count;
        Some(value)
    }

    fn code(&mut self, table: &CodeTable) -> Option<u16> {
        while self.bit_count < table.width {
            let Some(byte) = self.byte() else { break };
            self.bits |= u32::from(byte) << self.bit_count;
            self.bit_count += 8;
        }
        let index = self.bits & ((1 << table.width) - 1);
        let &(symbol, length) = table.codes.get(index as usize)?;
        if length == 0 || self.bit_count < length {
            return None;
        }
        self.bits >>= length;
        self.bit_count -= length;
        Some(symbol)
    }

    /// Decodes a block; None where the data ends or is no code.
    fn block(&mut self, out: &mut Buffer<'_>) -> Result<Option<()>, Exceeded> {
        let Some(header) = self.bits(3) else { return Ok(None) };
        let is_last = header & 1 != 0;
        let decoded = match header >> 1 {
            0 => self.stored(out)?,
            1 => {
                self.budget.work(STEPS_PER_BLOCK)?;
                let lengths: Vec<u8> = (0..288).map(fixed_length).collect();
                let (literals, distances) = (CodeTable::new(&lengths), CodeTable::new(&[5; DISTANCES as usize]));
                self.packed(&literals, &distances, out)?
            }
            2 => match self.tables() {
                Some((literals, distances)) => {
                    let entries = literals.codes.len() + distances.codes.len();
                    self.budget.work(STEPS_PER_BLOCK + entries / ENTRIES_PER_STEP)?;
                    self.packed(&literals, &distances, out)?
                }
                None => None,
            },
            _ => None,
        };
        Ok(decoded.filter(|()| !is_last))
    }

    fn stored(&mut self, out: &mut Buffer<'_>) -> Result<Option<()>, Exceeded> {
        (self.bits, self.bit_count) = (0, 0);
        let mut field = || Some(u16::from_le_bytes([self.byte()?, self.byte()?]));
        // The second field is the complement of the first, which is not checked.
        let (Some(length), Some(_)) = (field(), field()) else { return Ok(None) };
        let rest = self.data.get(self.position..).unwrap_or_default();
        let block = rest.get(..usize::from(length)).unwrap_or(rest);
        out.extend(block)?;
        self.budget.pass_over(block.len())?;
        self.position += block.len();
        let is_cut = block.len() < usize::from(length) || self.position >= self.data.len();
        Ok((!is_cut).then_some(()))
    }

    fn packed(
        &mut self,
        literals: &CodeTable,
        distances: &CodeTable,
        out: &mut Buffer<'_>,
    ) -> Result<Option<()>, Exceeded> {
        let mut charged = out.len();
        loop {
            if out.len() - charged >= BYTES_PER_CHARGE {
                self.budget.pass_over(out.len() - charged)?;
                charged = out.len();
            }
            // Copies from before the start have no output.
            if self.position - self.charged >= BYTES_PER_CHARGE {
                self.charge()?;
            }
            let Some(symbol) = self.code(literals) else { break };
            match symbol {
                0..256 => out.push(symbol as u8)?,
                256 => {
                    self.budget.pass_over(out.len() - charged)?;
                    return Ok(Some(()));
                }
                _ => {
                    let Some((length, distance)) = self.copy(symbol, distances) else { break };
                    // A copy from before the start has no output, and takes two bits.
                    self.budget.work(usize::from(distance > out.len()))?;
                    out.repeat(distance, length)?;
                }
            }
        }
        self.budget.pass_over(out.len() - charged)?;
        Ok(None)
    }

    /// The length and the distance of a copy of earlier output.
    fn copy(&mut self, symbol: u16, distances: &CodeTable) -> Option<(usize, usize)> {
        let (base, extra) = LENGTHS.get(usize::from(symbol) - 257).copied().unwrap_or_default();
        let length = base + self.bits(extra)? as usize;
        let code = self.code(distances).filter(|code| *code < DISTANCES)?;
        let extra = u32::from(code / 2).saturating_sub(1);
        let base = if code < 2 { usize::from(code) + 1 } else { ((2 + usize::from(code % 2)) << extra) + 1 };
        Some((length, base + self.bits(extra)? as usize))
    }

    /// Reads the tables of a block.
    fn tables(&mut self) -> Option<(CodeTable, CodeTable)> {
        let literals = self.bits(5)? as usize + 257;
        let distances = self.bits(5)? as usize + 1;
        let stored = self.bits(4)? as usize + 4;
        let mut lengths = [0; 19];
        for index in CODE_LENGTH_ORDER.iter().take(stored) {
            *lengths.get_mut(*index)? = self.bits(3)? as u8;
        }
        let table = CodeTable::new(&lengths);
        let total = literals + distances;
        let mut lengths: Vec<u8> = Vec::with_capacity(total);
        while lengths.len() < total {
            let (length, count) = match self.code(&table)? {
                length @ 0..=15 => (length as u8, 1),
                16 => (lengths.last().copied().unwrap_or_default(), self.bits(2)? as usize + 3),
                17 => (0, self.bits(3)? as usize + 3),
                18 => (0, self.bits(7)? as usize + 11),
                _ => return None,
            };
            lengths.resize((lengths.len() + count).min(total), length);
        }
        let (literals, distances) = lengths.split_at_checked(literals)?;
        Some((CodeTable::new(literals), CodeTable::new(distances)))
    }
}

fn fixed_length(symbol: usize) -> u8 {
    match symbol {
        0..144 => 8,
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    }
}

/// The symbol and the length of each code, by its bits.
struct CodeTable {
    codes: Vec<(u16, u32)>,
    /// The length of the longest code.
    width: u32,
}

impl CodeTable {
    /// The table of codes with these lengths, at most 15, by symbol.
    fn new(lengths: &[u8]) -> Self {
        let width = u32::from(lengths.iter().copied().max().unwrap_or_default());
        if width == 0 {
            return Self { codes: vec![(0, 0)], width: 1 };
        }
        let mut codes = vec![(0, 0); 1 << width];
        let mut code = 0_u32;
        for length in 1..=width {
            for (symbol, _) in (0..).zip(lengths).filter(|(_, other)| u32::from(**other) == length) {
                // The bits of codes are stored in reverse. Of too many codes, the surplus replaces others.
                let reversed = (code.reverse_bits() >> (u32::BITS - length)) as usize;
                for entry in codes.iter_mut().skip(reversed).step_by(1 << length) {
                    *entry = (symbol, length);
                }
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
        Self { codes, width }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use hayro_syntax::object::{FromBytes, Stream};
    use proptest::prelude::*;

    use super::*;

    fn text() -> Vec<u8> {
        (0..3_000_u32).flat_map(|n| format!("{} Td (word {}) Tj ", n * 7919 % 613, n % 17).into_bytes()).collect()
    }

    fn inflated(data: &[u8]) -> Vec<u8> {
        inflate(data, &Budget::unlimited()).unwrap().into_parts().0
    }

    /// The same data as hayro inflates it.
    fn by_hayro(data: &[u8]) -> Vec<u8> {
        let mut file = format!("<</Filter/FlateDecode/Length {}>>stream\n", data.len()).into_bytes();
        file.extend(data);
        file.extend(b"\nendstream");
        Stream::from_bytes(&file).unwrap().decoded_data().unwrap().into_owned()
    }

    #[test]
    fn inflates_whole_and_cut_data() {
        let text = text();
        for level in [Compression::none(), Compression::fast(), Compression::best()] {
            let mut zlib = ZlibEncoder::new(Vec::new(), level);
            zlib.write_all(&text).unwrap();
            let zlib = zlib.finish().unwrap();
            let mut raw = DeflateEncoder::new(Vec::new(), level);
            raw.write_all(&text).unwrap();
            let raw = raw.finish().unwrap();
            assert_eq!(inflated(&zlib), text);
            assert_eq!(inflated(&raw), text);
            for cut in [zlib.len() - 1, zlib.len() - 4, zlib.len() / 2, 100, 3, 2, 1, 0] {
                assert_eq!(inflated(&zlib[..cut]), by_hayro(&zlib[..cut]), "{cut}");
            }
        }
    }

    #[test]
    fn the_budget_bounds_output_and_input() {
        let budget = Budget::request();
        let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![0; 64 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        assert!(inflate(&bomb, &budget).is_err());
        // Cut, so that the lenient decoder reads it.
        assert!(inflate(&bomb[..bomb.len() - 9], &budget).is_err());
        // Empty stored blocks.
        let budget = Budget::request();
        assert!(inflate(&[0, 0, 0, 1, 1].repeat(20 << 20), &budget).is_err());
    }

    proptest! {
        #[test]
        fn damaged_data_is_inflated_like_hayro_does(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            level in 0..10_u32,
        ) {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(&text()).unwrap();
            let mut data = encoder.finish().unwrap();
            for (index, byte) in damage {
                let index = index.index(data.len());
                data[index] = byte;
            }
            prop_assert_eq!(inflated(&data), by_hayro(&data));
        }

        #[test]
        fn any_bytes_are_inflated_like_hayro_does(data in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(inflated(&data), by_hayro(&data));
        }
    }
}
