//! Decodes streams filter by filter, under the budget: work and memory are charged as the output grows, before anything
//! is allocated for what a stream claims. hayro decodes whole streams without a limit.
//!
//! What is read from a stream, damaged or not, is what hayro reads from it.

use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use memchr::memchr;

use super::buffer::{Buffer, Bytes};
use super::inflate::inflate;
use super::predictor::{self, Predictor};
use super::syntax::is_white;
use crate::budget::{Budget, Exceeded};
use crate::error::Result;

/// The maximum number of entries of an LZW table, and the codes that clear the table and end the data.
const LZW_ENTRIES: usize = 4_096;
const LZW_CLEAR: u16 = 256;
const LZW_END: u16 = 257;

/// The maximum number of filters of a stream. Producers use one, seldom two.
const MAX_FILTERS: usize = 32;

/// The steps of work that every filter costs, however little data it has.
const FILTER_STEPS: usize = 40;

/// The number of bytes between two charges of a filter.
const BYTES_PER_CHARGE: usize = 64 * 1024;

/// The steps of work for decrypting 16 bytes.
pub(super) const DECRYPTION_STEPS: usize = 4;

/// A filter with its parameters.
struct Filter<'a> {
    kind: Kind,
    parameters: Dict<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    AsciiHex,
    Ascii85,
    Lzw,
    Flate,
    RunLength,
    /// A picture.
    Image,
    Crypt,
}

impl Kind {
    /// The filter of this name, in full or abbreviated.
    fn new(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ASCIIHexDecode" | b"AHx" => Self::AsciiHex,
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"LZWDecode" | b"LZW" => Self::Lzw,
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"RunLengthDecode" | b"RL" => Self::RunLength,
            b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" | b"DCTDecode" | b"DCT" | b"JPXDecode" => Self::Image,
            b"Crypt" => Self::Crypt,
            _ => return None,
        })
    }
}

/// Whether a stream is declared as an image. Such a stream is not read as anything else.
pub(super) fn is_image(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Image")
}

/// The data of a stream; None if it is a picture or damaged beyond reading.
///
/// # Errors
///
/// If the budget is exceeded.
pub(super) fn decode<'a, 'b>(stream: &Stream<'a>, budget: &'b Budget) -> Result<Option<Bytes<'a, 'b>>> {
    let raw = stream.raw_data();
    if matches!(raw, std::borrow::Cow::Owned(_)) {
        budget.pass_over(raw.len().saturating_mul(DECRYPTION_STEPS))?;
    }
    decode_raw(Bytes::new(raw, budget)?, stream.dict(), budget)
}

/// Decodes the raw data of a stream with this dictionary.
pub(super) fn decode_raw<'a, 'b>(
    raw: Bytes<'a, 'b>,
    dict: &Dict<'_>,
    budget: &'b Budget,
) -> Result<Option<Bytes<'a, 'b>>> {
    let Some(filters) = filters(dict) else { return Ok(None) };
    let mut data = raw;
    for (index, filter) in filters.iter().enumerate() {
        // Encrypted data is already decrypted here.
        if index == 0 && filter.kind == Kind::Crypt {
            continue;
        }
        match filter.apply(data.as_ref(), budget)? {
            Some(decoded) => data = Bytes::Buffer(decoded),
            None => return Ok(None),
        }
    }
    Ok(Some(data))
}

/// The filters of a stream in the order in which they are undone. None if they are not decoded: pictures, too many, or
/// the data is in another file.
fn filters<'a>(dict: &Dict<'a>) -> Option<Vec<Filter<'a>>> {
    if matches!(dict.get::<Object<'_>>("F"), Some(Object::String(_) | Object::Dict(_))) {
        return None;
    }
    let name = dict.get::<Name<'_>>("F").or_else(|| dict.get("Filter")).and_then(|name| Kind::new(&name));
    let mut filters = Vec::new();
    if let Some(kind) = name {
        let parameters = dict.get::<Dict<'a>>("DP").or_else(|| dict.get("DecodeParms")).unwrap_or_default();
        filters.push(Filter { kind, parameters });
    } else if let Some(names) = dict.get::<Array<'_>>("F").or_else(|| dict.get("Filter")) {
        let parameters = dict.get::<Array<'a>>("DP").or_else(|| dict.get("DecodeParms"));
        let mut parameters = parameters.map(|array| array.iter::<Object<'a>>());
        for name in names.iter::<Name<'_>>() {
            let parameters = parameters.as_mut().and_then(Iterator::next).and_then(Object::into_dict);
            if let Some(kind) = Kind::new(&name) {
                filters.push(Filter { kind, parameters: parameters.unwrap_or_default() });
            }
            if filters.len() > MAX_FILTERS {
                return None;
            }
        }
    }
    filters.iter().all(|filter| filter.kind != Kind::Image).then_some(filters)
}

impl Filter<'_> {
    /// Undoes the filter; None if the data is damaged.
    fn apply<'b>(&self, data: &[u8], budget: &'b Budget) -> Result<Option<Buffer<'b>>> {
        budget.work(FILTER_STEPS)?;
        let unpredicted = match self.kind {
            Kind::AsciiHex => return Ok(ascii_hex(data, budget)?),
            Kind::Ascii85 => return Ok(ascii_85(data, budget)?),
            Kind::RunLength => return Ok(run_length(data, budget)?),
            Kind::Image | Kind::Crypt => return Ok(None),
            Kind::Flate => Some(inflate(data, budget)?),
            Kind::Lzw => {
                let early_change = self.parameters.get::<u8>("EarlyChange").is_none_or(|early| early != 0);
                lzw(data, early_change, budget)?
            }
        };
        let Some(data) = unpredicted else { return Ok(None) };
        match Predictor::new(&self.parameters)? {
            Some(predictor) => predictor::undo(&predictor, data, budget),
            None => Ok(Some(data)),
        }
    }
}

fn ascii_hex<'b>(data: &[u8], budget: &'b Budget) -> Result<Option<Buffer<'b>>, Exceeded> {
    let mut out = Buffer::new(budget, data.len() / 2)?;
    let mut high = None;
    let digits = memchr(b'>', data).and_then(|end| data.get(..end)).unwrap_or(data);
    for part in digits.chunks(BYTES_PER_CHARGE) {
        budget.work(part.len() / 2)?;
        for &byte in part.iter().filter(|byte| !is_white(**byte)) {
            let Some(digit) = char::from(byte).to_digit(16) else { return Ok(None) };
            match high.take() {
                Some(high) => out.push((high << 4 | digit) as u8)?,
                None => high = Some(digit),
            }
        }
    }
    if let Some(high) = high {
        out.push((high << 4) as u8)?;
    }
    Ok(Some(out))
}

fn ascii_85<'b>(data: &[u8], budget: &'b Budget) -> Result<Option<Buffer<'b>>, Exceeded> {
    let mut out = Buffer::new(budget, data.len())?;
    let mut group = Vec::with_capacity(5);
    let digits = memchr(b'~', data).and_then(|end| data.get(..end)).unwrap_or(data);
    for part in digits.chunks(BYTES_PER_CHARGE) {
        budget.work(part.len() / 2)?;
        for &byte in part {
            match byte {
                b'!'..=b'u' => {
                    group.push(byte);
                    if group.len() == 5 && flush_85(&mut group, &mut out)?.is_none() {
                        return Ok(None);
                    }
                }
                b'z' => {
                    if flush_85(&mut group, &mut out)?.is_none() {
                        return Ok(None);
                    }
                    out.extend(&[0; 4])?;
                }
                _ if is_white(byte) => {}
                _ => return Ok(None),
            }
        }
    }
    Ok(flush_85(&mut group, &mut out)?.map(|()| out))
}

/// Decodes a group of base 85 digits, which may be incomplete; None if it is not a group.
fn flush_85(group: &mut Vec<u8>, out: &mut Buffer<'_>) -> Result<Option<()>, Exceeded> {
    let length = match group.len() {
        0 => return Ok(Some(())),
        1 => return Ok(None),
        length => length - 1,
    };
    group.resize(5, b'u');
    let value = group
        .drain(..)
        .try_fold(0_u32, |value, digit| value.checked_mul(85)?.checked_add(u32::from(digit.saturating_sub(b'!'))));
    let Some(value) = value else { return Ok(None) };
    out.extend(value.to_be_bytes().get(..length).unwrap_or_default())?;
    Ok(Some(()))
}

fn run_length<'b>(data: &[u8], budget: &'b Budget) -> Result<Option<Buffer<'b>>, Exceeded> {
    budget.work(data.len() / 2)?;
    let mut out = Buffer::new(budget, data.len().saturating_mul(2))?;
    let mut rest = data;
    loop {
        let Some((&length, after)) = rest.split_first() else { return Ok(None) };
        rest = match length {
            128 => return Ok(Some(out)),
            0..128 => {
                let Some((run, after)) = after.split_at_checked(usize::from(length) + 1) else { return Ok(Some(out)) };
                out.extend(run)?;
                budget.pass_over(run.len())?;
                after
            }
            _ => {
                let Some((&byte, after)) = after.split_first() else { return Ok(None) };
                out.push(byte)?;
                out.repeat(1, 256 - usize::from(length))?;
                budget.work(8)?;
                after
            }
        };
    }
}

/// An entry of an LZW table: the entry that it extends, its last byte and its first, and its length.
#[derive(Clone, Copy, Default)]
struct LzwEntry {
    prefix: u16,
    last: u8,
    first: u8,
    length: u16,
}

fn lzw<'b>(data: &[u8], early_change: bool, budget: &'b Budget) -> Result<Option<Buffer<'b>>, Exceeded> {
    let mut out = Buffer::new(budget, data.len().saturating_mul(3))?;
    let mut table: Vec<LzwEntry> =
        (0..=255).map(|byte| LzwEntry { prefix: 0, last: byte, first: byte, length: 1 }).collect();
    // The clear and end codes.
    table.extend([LzwEntry::default(); 2]);
    let first_code = table.len();
    let mut previous: Option<(u16, LzwEntry)> = None;
    let (mut bits, mut bit_count) = (0_u32, 0_u32);
    for part in data.chunks(BYTES_PER_CHARGE) {
        budget.work(part.len())?;
        for byte in part {
            bits = bits << 8 | u32::from(*byte);
            bit_count += 8;
            let width = match table.len() + usize::from(early_change) {
                2_048.. => 12,
                1_024.. => 11,
                512.. => 10,
                _ => 9,
            };
            // A code is longer than a byte.
            if bit_count < width {
                continue;
            }
            bit_count -= width;
            let code = ((bits >> bit_count) & ((1 << width) - 1)) as u16;
            match code {
                LZW_CLEAR => {
                    table.truncate(first_code);
                    previous = None;
                    continue;
                }
                LZW_END => return Ok(Some(out)),
                _ => {}
            }
            let known = table.get(usize::from(code)).copied();
            // The code that is about to be defined stands for the previous one and its first byte.
            let first = known.or(previous.map(|(_, entry)| entry)).map(|entry| entry.first);
            if let (Some((prefix, entry)), Some(last)) = (previous, first)
                && table.len() < LZW_ENTRIES
                && usize::from(code) <= table.len()
            {
                table.push(LzwEntry { prefix, last, first: entry.first, length: entry.length + 1 });
            }
            let Some(entry) = table.get(usize::from(code)).copied() else { return Ok(None) };
            lzw_write(&table, entry, &mut out)?;
            budget.pass_over(usize::from(entry.length))?;
            previous = Some((code, entry));
        }
    }
    Ok(Some(out))
}

/// Appends the bytes of an entry, from the last to the first.
fn lzw_write(table: &[LzwEntry], entry: LzwEntry, out: &mut Buffer<'_>) -> Result<(), Exceeded> {
    let length = usize::from(entry.length);
    out.reserve(length)?;
    let bytes = out.vec();
    bytes.resize(bytes.len() + length, 0);
    let mut entry = entry;
    for byte in bytes.iter_mut().rev().take(length) {
        *byte = entry.last;
        entry = table.get(usize::from(entry.prefix)).copied().unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use hayro_syntax::object::FromBytes;
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(in super::super) fn hex(bytes: &[u8]) -> Vec<u8> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}\n")).collect();
        format!("{digits}>").into_bytes()
    }

    /// Encodes repeated bytes in runs of maximum length and other bytes one by one.
    pub(in super::super) fn run_lengths(bytes: &[u8]) -> Vec<u8> {
        let runs = bytes.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128));
        let encoded = runs.flat_map(|run| [if run.len() == 1 { 0 } else { (257 - run.len()) as u8 }, run[0]]);
        encoded.chain([128]).collect()
    }

    fn base_85(bytes: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        for group in bytes.chunks(4) {
            let mut padded = [0; 4];
            padded[..group.len()].copy_from_slice(group);
            let value = u32::from_be_bytes(padded);
            if value == 0 && group.len() == 4 {
                encoded.push(b'z');
                continue;
            }
            let digits = [52_200_625, 614_125, 7_225, 85, 1].map(|power| (value / power % 85) as u8 + b'!');
            encoded.extend(&digits[..group.len() + 1]);
            encoded.push(b'\n');
        }
        encoded.extend(b"~>");
        encoded
    }

    /// LZW of zeros: `codes` codes, each for a table entry that is one byte longer, until the table is full.
    fn lzw_of_zeros(codes: usize) -> (Vec<u8>, usize) {
        let (mut bytes, mut pending_bits, mut bit_count, mut size) = (Vec::new(), 0_u64, 0, 0);
        for number in 0..codes {
            let entries = (258 + number.max(1) - 1).min(4_096);
            let code = if number == 0 { 0 } else { (257 + number).min(4_095) };
            size += if number == 0 { 1 } else { code - 256 };
            let width = match entries + 1 {
                0..512 => 9,
                512..1_024 => 10,
                1_024..2_048 => 11,
                _ => 12,
            };
            pending_bits = pending_bits << width | code as u64;
            bit_count += width;
            while bit_count >= 8 {
                bit_count -= 8;
                bytes.push((pending_bits >> bit_count) as u8);
            }
            pending_bits &= (1 << bit_count) - 1;
        }
        bytes.push((pending_bits << (8 - bit_count)) as u8);
        (bytes, size)
    }

    fn file(entries: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = format!("<</Length {}{entries}>>stream\n", data.len()).into_bytes();
        bytes.extend(data);
        bytes.extend(b"\nendstream");
        bytes
    }

    /// What we and hayro decode.
    fn both(entries: &str, data: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let bytes = file(entries, data);
        let stream = Stream::from_bytes(&bytes).unwrap();
        let budget = Budget::stage();
        let ours = decode(&stream, &budget).unwrap().map(|data| data.as_ref().to_vec());
        (ours, stream.decoded_data().ok().map(std::borrow::Cow::into_owned))
    }

    #[test]
    fn decodes_every_filter_and_chain() {
        let text = b"Some text. Some text, 0000000000000000. \0\0\0\0 zzz".repeat(9);
        let (lzw, lzw_length) = lzw_of_zeros(5_000);
        let zeros = vec![0; lzw_length];
        let deflated_text = deflated(&text);
        for (filters, data, expected) in [
            ("[]", text.clone(), &text),
            ("/FlateDecode", deflated_text.clone(), &text),
            ("/Fl", raw_deflated(&text), &text),
            // Without the checksum, and with extra bytes before the end of the stream.
            ("/FlateDecode", deflated_text[..deflated_text.len() - 4].to_vec(), &text),
            ("/FlateDecode", [&deflated_text[..], b"\n"].concat(), &text),
            ("[/ASCIIHexDecode]", hex(&text), &text),
            ("[/AHx/FlateDecode]", hex(&deflated_text), &text),
            ("/A85", base_85(&text), &text),
            ("[/ASCII85Decode /FlateDecode]", base_85(&deflated_text), &text),
            ("[/A85/AHx/Fl]", base_85(&hex(&deflated_text)), &text),
            ("/RL", run_lengths(&text), &text),
            ("[/A85/RunLengthDecode]", base_85(&run_lengths(&text)), &text),
            ("[/Fl/Fl/RL/Fl]", deflated(&deflated(&run_lengths(&deflated_text))), &text),
            ("[/Fl#61teDecode /None /Crypt2]", deflated_text.clone(), &text),
            ("/LZW", lzw.clone(), &zeros),
            ("[/AHx/LZWDecode]", hex(&lzw), &zeros),
        ] {
            let (ours, hayro) = both(&format!("/Filter {filters}"), &data);
            assert_eq!(ours.as_ref(), Some(expected), "{filters}");
            assert_eq!(ours, hayro, "{filters}");
        }
        for (entries, data) in [
            ("/Filter/DCTDecode", &text),
            ("/Filter[/Fl/JPXDecode]", &deflated_text),
            ("/Filter[/Fl/Crypt]", &deflated_text),
            ("/F(other file)", &text),
            ("/Filter/AHx", &text),
            ("/Filter/A85", &b"abcde!!!!{".to_vec()),
            ("/Filter/RL", &b"\x02abc".to_vec()),
            ("/Filter/LZW", &b"\xff\xff\xff".to_vec()),
        ] {
            assert_eq!(both(entries, data), (None, None), "{entries}");
        }
    }

    #[test]
    fn the_budget_bounds_what_is_decoded() {
        let large = vec![b' '; 64 << 20];
        let (deflated_large, runs) = (deflated(&large), run_lengths(&large));
        let lzw = lzw_of_zeros(40_000).0;
        for (entries, data) in [
            ("/Filter/Fl", &deflated_large),
            ("/Filter[/Fl/Fl]", &deflated(&deflated_large)),
            ("/Filter[/AHx/Fl]", &hex(&deflated_large)),
            ("/Filter[/Fl/RL]", &deflated(&runs)),
            ("/Filter[/RL/RL]", &run_lengths(&runs)),
            ("/Filter/LZW", &lzw),
            ("/Filter/A85", &b"z".repeat(16 << 20)),
            ("/Filter/Fl/DecodeParms<</Predictor 12/Columns 10>>", &deflated_large),
        ] {
            let bytes = file(entries, data);
            let budget = Budget::request();
            assert!(decode(&Stream::from_bytes(&bytes).unwrap(), &budget).is_err(), "{entries}");
            assert_eq!(budget.memory_left(), crate::limits::MAX_HELD_BYTES, "what was held is given back");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_like_hayro_does(
            filter in prop::sample::select(vec!["/AHx", "/A85", "/RL", "/LZW", "/LZW/DecodeParms<</EarlyChange 0>>"]),
            data in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(b'!'..b'z', 0..300),
                prop::collection::vec(prop::sample::select(b"0123456789abcdefABCDEF \n>".to_vec()), 0..300),
            ],
        ) {
            let (ours, hayro) = both(&format!("/Filter{filter}"), &data);
            prop_assert_eq!(ours, hayro);
        }

        #[test]
        fn predictors_are_undone_like_hayro_does(
            data in prop::collection::vec(0..6_u8, 0..300),
            predictor in prop::sample::select(vec![1, 2, 3, 10, 12, 15]),
            (colors, bits) in prop::sample::select(vec![(1, 8), (3, 8), (4, 8), (1, 1), (3, 4), (1, 16), (5, 8), (7, 8)]),
            columns in 1..9_usize,
        ) {
            // hayro misplaces rows that end within a pixel, which only pictures have.
            prop_assume!(colors * bits % 8 == 0 || predictor < 10 && columns * colors * bits % 8 == 0);
            let parameters = format!(
                "/Filter/Fl/DecodeParms<</Predictor {predictor}/Colors {colors}/BitsPerComponent {bits}/Columns {columns}>>"
            );
            let (ours, hayro) = both(&parameters, &deflated(&data));
            prop_assert_eq!(ours, hayro);
        }
    }
}
