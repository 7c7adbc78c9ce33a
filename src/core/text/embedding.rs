//! Embedding tables: a vector for every piece that carries meaning. A text's vector is the mean of its pieces' vectors.
//!
//! A table was trained so that a text's vector has the direction of a sentence transformer's (`src/train`, which also
//! describes the file). It is used in place: nothing but the background and the subjects is built or copied. Vectors
//! are summed as integers, so that neither the order of summation nor the platform changes a bit.

use std::fmt;
use std::sync::LazyLock;

use super::languages::Language;
pub use super::simd::WIDTH;
use super::simd::{self, Lanes};
use super::{PIECES, PieceId};

const MAGIC: [u8; 4] = *b"SREM";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 12;

/// Pieces per block of the index.
const BLOCK: usize = 64;
const BLOCK_BYTES: usize = 20;
const COMMON_BYTES: usize = WIDTH / 2;
const RARE_BYTES: usize = WIDTH / 4;

/// The number of subject vectors.
const SUBJECTS: usize = 64;

/// Added to the digits of a row when it was packed, so that none is negative.
const COMMON_BIAS: u16 = 8;
const RARE_BIAS: u16 = 1;

/// The most rows whose sum fits 16 bits: 32 x 15 x 127 < 2^16 for the largest digit and multiplier of common rows, and
/// 32 x 8 x 127 < 2^15 signed, without the bias. Rare rows have at most 3 x 255, and 2 x 255.
const ROWS_AT_ONCE: u32 = 32;
const MAX_COMMON_MULTIPLIER: u8 = 127;

/// The scale of the background vector's numbers.
const BACKGROUND_UNIT: f32 = 1.0 / 32_768.0;

/// The reason why bytes are not an embedding table of this engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableError {
    /// They are something else, or a table of another version.
    Format,
    /// Its rows belong to another vocabulary.
    Vocabulary,
    /// There are more or fewer bytes than the header says.
    Length,
    /// A multiplier is so large that sums of rows would not fit 16 bits.
    Multiplier,
}

impl fmt::Display for TableError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Format => "not an embedding table of this version",
            Self::Vocabulary => "an embedding table of another vocabulary",
            Self::Length => "an embedding table with missing or surplus bytes",
            Self::Multiplier => "an embedding table with too large a multiplier",
        })
    }
}

impl std::error::Error for TableError {}

/// The parts of a file.
struct Parts {
    blocks: &'static [[u8; BLOCK_BYTES]],
    common_multipliers: &'static [u8],
    rare_multipliers: &'static [u8],
    background: &'static [[u8; 2]],
    common: &'static [[u8; COMMON_BYTES]],
    rare: &'static [[u8; RARE_BYTES]],
    subjects: &'static [[u8; RARE_BYTES]],
}

impl Parts {
    const fn split(file: &'static [u8]) -> Result<Self, TableError> {
        let Some((header, rest)) = file.split_first_chunk::<HEADER_BYTES>() else { return Err(TableError::Format) };
        let &[m0, m1, m2, m3, v0, v1, p0, p1, c0, c1, r0, r1] = header;
        if u32::from_le_bytes([m0, m1, m2, m3]) != u32::from_le_bytes(MAGIC) || u16::from_le_bytes([v0, v1]) != VERSION
        {
            return Err(TableError::Format);
        }
        if u16::from_le_bytes([p0, p1]) as usize != PIECES {
            return Err(TableError::Vocabulary);
        }
        let (common, rare) = (u16::from_le_bytes([c0, c1]) as usize, u16::from_le_bytes([r0, r1]) as usize);
        let blocks_bytes = PIECES.div_ceil(BLOCK) * BLOCK_BYTES;
        let rows_bytes = common * (1 + COMMON_BYTES) + rare * (1 + RARE_BYTES);
        if rest.len() != blocks_bytes + 2 * WIDTH + rows_bytes + SUBJECTS * RARE_BYTES {
            return Err(TableError::Length);
        }
        let (blocks, rest) = rest.split_at(blocks_bytes);
        let (common_multipliers, rest) = rest.split_at(common);
        let (rare_multipliers, rest) = rest.split_at(rare);
        let (background, rest) = rest.split_at(2 * WIDTH);
        let (common, rest) = rest.split_at(common * COMMON_BYTES);
        let (rare, subjects) = rest.split_at(rare * RARE_BYTES);
        if max(common_multipliers) > MAX_COMMON_MULTIPLIER {
            return Err(TableError::Multiplier);
        }
        Ok(Self {
            blocks: blocks.as_chunks().0,
            common_multipliers,
            rare_multipliers,
            background: background.as_chunks().0,
            common: common.as_chunks().0,
            rare: rare.as_chunks().0,
            subjects: subjects.as_chunks().0,
        })
    }
}

const fn max(mut bytes: &[u8]) -> u8 {
    let mut max = 0;
    while let [first, rest @ ..] = bytes {
        if *first > max {
            max = *first;
        }
        bytes = rest;
    }
    max
}

/// An embedding table.
pub struct EmbeddingTable {
    parts: Parts,
    languages: &'static [Language],
    background: Vector,
    subjects: Vec<Vector>,
}

/// Checked when the engine is compiled.
const BUILTIN_PARTS: Parts = match Parts::split(include_bytes!("embedding.bin")) {
    Ok(parts) => parts,
    Err(_) => panic!("embedding.bin is of another make"),
};

static BUILTIN: LazyLock<EmbeddingTable> = LazyLock::new(|| EmbeddingTable::new(BUILTIN_PARTS, &[Language::English]));

impl fmt::Debug for EmbeddingTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.parts.common.len() + self.parts.rare.len();
        formatter.debug_struct("EmbeddingTable").field("languages", &self.languages).field("rows", &rows).finish()
    }
}

impl EmbeddingTable {
    /// The table that is compiled in. It knows English.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The table in a file of `src/train`, for texts in `languages`.
    pub fn from_bytes(file: &'static [u8], languages: &'static [Language]) -> Result<Self, TableError> {
        Ok(Self::new(Parts::split(file)?, languages))
    }

    fn new(parts: Parts, languages: &'static [Language]) -> Self {
        let mut background = Vector::ZERO;
        for (number, bytes) in background.0.iter_mut().zip(parts.background) {
            *number = f32::from(i16::from_le_bytes(*bytes)) * BACKGROUND_UNIT;
        }
        let subjects = parts.subjects.iter().map(|row| Vector::from_digits(row).normalized().0).collect();
        Self { parts, languages, background, subjects }
    }

    /// Whether the vectors of texts in `language` mean something.
    pub fn knows(&self, language: Language) -> bool {
        self.languages.contains(&language)
    }

    /// The mean direction of everyday sentences: the part of a text's vector that carries no information.
    pub fn background(&self) -> &Vector {
        &self.background
    }

    /// The directions of general subjects: centroids of passages of many kinds, without the background, of length 1.
    pub fn subjects(&self) -> &[Vector] {
        &self.subjects
    }

    /// The dot product of a piece's vector, weighted as in a sum, and `vector`; 0 if the piece has no vector.
    pub fn dot(&self, piece: PieceId, share: PieceWeight, vector: &Vector) -> f64 {
        let Some(row) = self.row(piece) else { return 0.0 };
        let mut lanes = Lanes::ZERO;
        let bias = row.add_to(&mut lanes, share);
        lanes.dot(bias, &vector.0)
    }

    fn row(&self, piece: PieceId) -> Option<Row> {
        let parts = &self.parts;
        let piece = usize::from(piece.0);
        let (masks, ranks) = parts.blocks.get(piece / BLOCK)?.split_at(16);
        let (common, rare) = masks.split_at(8);
        let bit = piece % BLOCK;
        let row_index = |mask: &[u8], rank: Option<&[u8]>| {
            let mask = u64::from_le_bytes(*mask.first_chunk()?);
            let rank = u16::from_le_bytes(*rank?.first_chunk()?);
            (mask >> bit & 1 == 1).then(|| usize::from(rank) + (mask & ((1 << bit) - 1)).count_ones() as usize)
        };
        if let Some(index) = row_index(common, ranks.get(..2)) {
            return Some(Row::Common(parts.common.get(index)?, u16::from(*parts.common_multipliers.get(index)?)));
        }
        let index = row_index(rare, ranks.get(2..))?;
        Some(Row::Rare(parts.rare.get(index)?, u16::from(*parts.rare_multipliers.get(index)?)))
    }
}

/// A piece's row, and its multiplier.
enum Row {
    Common(&'static [u8; COMMON_BYTES], u16),
    Rare(&'static [u8; RARE_BYTES], u16),
}

impl Row {
    /// Adds the row to `lanes`; returns the bias that this adds to each lane.
    #[inline]
    fn add_to(self, lanes: &mut Lanes, share: PieceWeight) -> u16 {
        let shift = u16::from(share == PieceWeight::Half);
        match self {
            Self::Common(digits, multiplier) => {
                lanes.add_4_bit(digits, multiplier >> shift);
                COMMON_BIAS * (multiplier >> shift)
            }
            Self::Rare(digits, multiplier) => {
                lanes.add_2_bit(digits, multiplier >> shift);
                RARE_BIAS * (multiplier >> shift)
            }
        }
    }
}

/// The weight of a piece in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceWeight {
    /// Full weight.
    Full,
    /// Half weight, for text that is not part of the message itself, such as quotes.
    Half,
}

/// A sum of the vectors of pieces.
#[derive(Debug, Clone)]
pub struct VectorSum<'a> {
    table: &'a EmbeddingTable,
    /// Rows not yet added to `total`. Each lane is too large by `bias`.
    lanes: Lanes,
    bias: u16,
    rows: u32,
    total: [i64; WIDTH],
}

impl<'a> VectorSum<'a> {
    /// The empty sum of vectors of `table`.
    pub fn new(table: &'a EmbeddingTable) -> Self {
        Self { table, lanes: Lanes::ZERO, bias: 0, rows: 0, total: [0; WIDTH] }
    }

    /// Adds a piece's vector; returns whether it has one.
    #[inline]
    pub fn add(&mut self, piece: PieceId, share: PieceWeight) -> bool {
        let Some(row) = self.table.row(piece) else { return false };
        self.bias += row.add_to(&mut self.lanes, share);
        self.rows += 1;
        if self.rows == ROWS_AT_ONCE {
            self.flush();
        }
        true
    }

    /// Adds another sum.
    pub fn add_sum(&mut self, other: &Self) {
        for (total, other_total) in self.total.iter_mut().zip(&other.total) {
            *total += other_total;
        }
        other.lanes.add_to(&mut self.total, other.bias);
    }

    fn flush(&mut self) {
        self.lanes.add_to(&mut self.total, self.bias);
        (self.lanes, self.bias, self.rows) = (Lanes::ZERO, 0, 0);
    }

    /// The direction of the sum; the zero vector if nothing was added.
    pub fn direction(&self) -> Vector {
        let numbers = self.numbers();
        let length = length_of(&numbers);
        Vector(numbers.map(|number| if length > 0.0 { (number / length) as f32 } else { 0.0 }))
    }

    /// The Euclidean length of the sum.
    pub fn length(&self) -> f64 {
        length_of(&self.numbers())
    }

    fn numbers(&self) -> [f64; WIDTH] {
        let mut total = self.total;
        self.lanes.add_to(&mut total, self.bias);
        total.map(|number| number as f64)
    }
}

fn length_of(numbers: &[f64; WIDTH]) -> f64 {
    numbers.iter().map(|number| number * number).sum::<f64>().sqrt()
}

/// A vector of [`WIDTH`] numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector([f32; WIDTH]);

impl Vector {
    /// The vector of zeros.
    pub const ZERO: Self = Self([0.0; WIDTH]);

    /// The vector of a row of 2-bit digits.
    fn from_digits(row: &[u8; RARE_BYTES]) -> Self {
        let mut numbers = [0.0; WIDTH];
        for (quarter, numbers) in numbers.as_chunks_mut::<RARE_BYTES>().0.iter_mut().enumerate() {
            for (number, byte) in numbers.iter_mut().zip(row) {
                *number = f32::from(byte >> (2 * quarter) & 3) - f32::from(RARE_BIAS);
            }
        }
        Self(numbers)
    }

    /// The dot product.
    pub fn dot(&self, other: &Self) -> f64 {
        simd::dot(&self.0, &other.0)
    }

    /// `self + factor * other`.
    #[must_use]
    pub fn add_scaled(&self, factor: f32, other: &Self) -> Self {
        let mut sum = self.clone();
        for (number, other) in sum.0.iter_mut().zip(&other.0) {
            *number += factor * other;
        }
        sum
    }

    /// The vector of length 1 in the same direction, and the original length; zero stays zero.
    pub fn normalized(&self) -> (Self, f64) {
        let length = self.dot(self).sqrt();
        let scale = if length > 0.0 { (1.0 / length) as f32 } else { 0.0 };
        (Self(self.0.map(|number| number * scale)), length)
    }
}

/// A small table: the row of each piece has one number that is not 0, at the index beside it.
#[cfg(test)]
pub(crate) fn tiny_table(pieces: &std::collections::BTreeMap<PieceId, usize>) -> Vec<u8> {
    let rows = u16::try_from(pieces.len()).unwrap();
    let mut file = MAGIC.to_vec();
    for number in [VERSION, u16::try_from(PIECES).unwrap(), rows, 0] {
        file.extend(number.to_le_bytes());
    }
    for start in (0..PIECES).step_by(BLOCK) {
        let block = pieces.keys().map(|piece| usize::from(piece.0)).filter(|piece| piece / BLOCK == start / BLOCK);
        let mask = block.fold(0_u64, |mask, piece| mask | 1 << (piece - start));
        let before = pieces.keys().filter(|piece| usize::from(piece.0) < start).count();
        file.extend([mask, 0].map(u64::to_le_bytes).concat());
        file.extend([u16::try_from(before).unwrap(), 0].map(u16::to_le_bytes).concat());
    }
    file.extend(pieces.keys().map(|_| 1));
    file.extend([0; 2 * WIDTH]);
    for &index in pieces.values() {
        let mut row = [0x88; COMMON_BYTES];
        row[index % COMMON_BYTES] += if index < COMMON_BYTES { 0x01 } else { 0x10 };
        file.extend(row);
    }
    for subject in 0..SUBJECTS {
        let mut row = [0x55; RARE_BYTES];
        row[subject] += 1;
        file.extend(row);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Result<EmbeddingTable, TableError> {
        EmbeddingTable::from_bytes(Vec::leak(file.to_vec()), &[])
    }

    #[test]
    fn a_second_table_has_its_own_vectors() {
        let (first, last) = (PieceId(70), PieceId(u16::try_from(PIECES).unwrap() - 1));
        let table = read(&tiny_table(&[(first, 3), (last, 200)].into())).unwrap();
        for (piece, index) in [(first, 3), (last, 200)] {
            let mut sum = VectorSum::new(&table);
            assert!(sum.add(piece, PieceWeight::Full));
            let direction = sum.direction();
            assert!((0..WIDTH).all(|number| direction.0[number] == f32::from(u8::from(number == index))), "{index}");
            assert!((table.dot(piece, PieceWeight::Full, &direction) - 1.0).abs() < f64::EPSILON);
        }
        assert!(!VectorSum::new(&table).add(PieceId(71), PieceWeight::Full));
        assert!(VectorSum::new(EmbeddingTable::builtin()).add(PieceId(2_000), PieceWeight::Full));
        assert_eq!((table.subjects().len(), table.background()), (SUBJECTS, &Vector::ZERO));
        assert!((table.subjects()[5].0[5] - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn other_files_are_refused() {
        let file = tiny_table(&[(PieceId(70), 3)].into());
        let changed = |offset: usize| {
            let mut changed = file.clone();
            changed[offset] = changed[offset].wrapping_add(0x80);
            read(&changed).map(|_| ())
        };
        assert_eq!(changed(0), Err(TableError::Format));
        assert_eq!(changed(4), Err(TableError::Format));
        assert_eq!(changed(6), Err(TableError::Vocabulary));
        assert_eq!(changed(8), Err(TableError::Length));
        assert_eq!(changed(HEADER_BYTES + PIECES.div_ceil(BLOCK) * BLOCK_BYTES), Err(TableError::Multiplier));
        for length in [0, 5, HEADER_BYTES, file.len() - 1] {
            assert!(read(&file[..length]).is_err(), "{length}");
        }
        assert!(read(&file).is_ok());
    }
}
