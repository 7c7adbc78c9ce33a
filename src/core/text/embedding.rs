//! Embedding tables: a vector for every piece that carries meaning. A text's vector is the mean of its pieces' vectors.
//!
//! A table was trained so that a text's vector has the direction of a sentence transformer's (`src/train`, which also
//! describes the file). It is used in place: nothing but the mean vector and the topics is built or copied. A row holds
//! the quantised components of a vector: a code for each, from which the zero point is subtracted, and one scale.
//! Vectors are summed as integers, so that neither the order of summation nor the platform changes a bit.

use std::fmt;
#[cfg(feature = "embedding-table")]
use std::sync::LazyLock;
use std::sync::OnceLock;

use super::languages::Language;
pub use super::simd::DIMENSIONS;
use super::simd::{self, Lanes};
use super::{PIECES, PieceId};
use crate::error::Error;

const MAGIC: [u8; 4] = *b"SREM";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 12;

/// Pieces per block of the index.
const BLOCK: usize = 64;
const BLOCK_BYTES: usize = 20;
const COMMON_BYTES: usize = DIMENSIONS / 2;
const RARE_BYTES: usize = DIMENSIONS / 4;

/// The number of topic vectors.
const TOPICS: usize = 64;

/// The code of a component of 0, which is subtracted from every code: no code is negative.
const COMMON_ZERO_POINT: u16 = 8;
const RARE_ZERO_POINT: u16 = 1;

/// The most rows whose sum fits 16 bits: 32 x 15 x 127 < 2^16 for the largest code and scale of common rows, and
/// 32 x 8 x 127 < 2^15 signed, without the zero points. Rare rows have at most 3 x 255, and 2 x 255.
const ROWS_AT_ONCE: u32 = 32;
const MAX_COMMON_SCALE: u8 = 127;

/// The scale of the mean vector's components.
const MEAN_VECTOR_SCALE: f32 = 1.0 / 32_768.0;

/// The reason why bytes are not an embedding table of this engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableError {
    /// They are something else, or a table of another version.
    Format,
    /// Its rows belong to another vocabulary.
    Vocabulary,
    /// There are more or fewer bytes than the header says.
    Length,
    /// A scale is so large that sums of rows would not fit 16 bits.
    Scale,
}

/// The parts of a file.
struct Parts {
    blocks: &'static [[u8; BLOCK_BYTES]],
    common_scales: &'static [u8],
    rare_scales: &'static [u8],
    mean_vector: &'static [[u8; 2]],
    common: &'static [[u8; COMMON_BYTES]],
    rare: &'static [[u8; RARE_BYTES]],
    topics: &'static [[u8; RARE_BYTES]],
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
        if rest.len() != blocks_bytes + 2 * DIMENSIONS + rows_bytes + TOPICS * RARE_BYTES {
            return Err(TableError::Length);
        }
        let (blocks, rest) = rest.split_at(blocks_bytes);
        let (common_scales, rest) = rest.split_at(common);
        let (rare_scales, rest) = rest.split_at(rare);
        let (mean_vector, rest) = rest.split_at(2 * DIMENSIONS);
        let (common, rest) = rest.split_at(common * COMMON_BYTES);
        let (rare, topics) = rest.split_at(rare * RARE_BYTES);
        if max(common_scales) > MAX_COMMON_SCALE {
            return Err(TableError::Scale);
        }
        Ok(Self {
            blocks: blocks.as_chunks().0,
            common_scales,
            rare_scales,
            mean_vector: mean_vector.as_chunks().0,
            common: common.as_chunks().0,
            rare: rare.as_chunks().0,
            topics: topics.as_chunks().0,
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
    mean_vector: Vector,
    topics: Vec<Vector>,
}

/// The languages of `embedding.bin`.
const LANGUAGES: &[Language] = &[Language::English];

/// Checked when the engine is compiled.
#[cfg(feature = "embedding-table")]
const BUILTIN_PARTS: Parts = match Parts::split(include_bytes!("embedding.bin")) {
    Ok(parts) => parts,
    Err(_) => panic!("embedding.bin is not a valid embedding table"),
};

#[cfg(feature = "embedding-table")]
static BUILTIN: LazyLock<EmbeddingTable> = LazyLock::new(|| EmbeddingTable::new(BUILTIN_PARTS, LANGUAGES));

static INSTALLED: OnceLock<EmbeddingTable> = OnceLock::new();

impl fmt::Debug for EmbeddingTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.parts.common.len() + self.parts.rare.len();
        formatter.debug_struct("EmbeddingTable").field("languages", &self.languages).field("rows", &rows).finish()
    }
}

impl EmbeddingTable {
    /// The table of this engine: the installed one, else the one that is compiled in. It supports English.
    ///
    /// # Errors
    ///
    /// `Internal` if there is neither.
    pub fn current() -> Result<&'static Self, Error> {
        let installed = INSTALLED.get();
        #[cfg(feature = "embedding-table")]
        let installed = installed.or(Some(&BUILTIN));
        installed.ok_or_else(|| Error::internal("the embedding table is not installed"))
    }

    /// Installs the table of this engine, from the content of `embedding.bin`. Later calls change nothing.
    ///
    /// # Errors
    ///
    /// `Internal` if the bytes are not a table of this engine.
    pub fn install(file: Vec<u8>) -> Result<(), Error> {
        let invalid = |error| Error::internal(format!("not an embedding table of this engine: {error:?}"));
        let table = Self::from_bytes(Vec::leak(file), LANGUAGES).map_err(invalid)?;
        INSTALLED.get_or_init(|| table);
        Ok(())
    }

    /// The table in a file of `src/train`, for texts in `languages`.
    pub(crate) fn from_bytes(file: &'static [u8], languages: &'static [Language]) -> Result<Self, TableError> {
        Ok(Self::new(Parts::split(file)?, languages))
    }

    fn new(parts: Parts, languages: &'static [Language]) -> Self {
        let mut mean_vector = Vector::ZERO;
        for (component, bytes) in mean_vector.0.iter_mut().zip(parts.mean_vector) {
            *component = f32::from(i16::from_le_bytes(*bytes)) * MEAN_VECTOR_SCALE;
        }
        let topics = parts.topics.iter().map(|row| Vector::from_codes(row).normalized().0).collect();
        Self { parts, languages, mean_vector, topics }
    }

    /// Whether the table was trained for texts in `language`.
    pub(crate) fn supports(&self, language: Language) -> bool {
        self.languages.contains(&language)
    }

    /// The mean of the unit vectors of everyday sentences: the part of a text's vector that carries no information.
    pub(crate) fn mean_vector(&self) -> &Vector {
        &self.mean_vector
    }

    /// The unit vectors of general topics: centroids of passages of many kinds, without the mean vector.
    pub(crate) fn topics(&self) -> &[Vector] {
        &self.topics
    }

    /// The dot product of a piece's vector, weighted as in a sum, and `vector`; 0 if the piece has no vector.
    pub(crate) fn dot(&self, piece: PieceId, weight: PieceWeight, vector: &Vector) -> f64 {
        let Some(row) = self.row(piece) else { return 0.0 };
        let mut lanes = Lanes::ZERO;
        let zero_point = row.add_to(&mut lanes, weight);
        lanes.dot(zero_point, &vector.0)
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
            return Some(Row::Common(parts.common.get(index)?, u16::from(*parts.common_scales.get(index)?)));
        }
        let index = row_index(rare, ranks.get(2..))?;
        Some(Row::Rare(parts.rare.get(index)?, u16::from(*parts.rare_scales.get(index)?)))
    }
}

/// A piece's row, and its scale.
enum Row {
    Common(&'static [u8; COMMON_BYTES], u16),
    Rare(&'static [u8; RARE_BYTES], u16),
}

impl Row {
    /// Adds the row to `lanes`; returns the amount by which each lane is then too large: the scaled zero point.
    #[inline]
    fn add_to(self, lanes: &mut Lanes, weight: PieceWeight) -> u16 {
        let shift = u16::from(weight == PieceWeight::Half);
        match self {
            Self::Common(codes, scale) => {
                lanes.add_4_bit(codes, scale >> shift);
                COMMON_ZERO_POINT * (scale >> shift)
            }
            Self::Rare(codes, scale) => {
                lanes.add_2_bit(codes, scale >> shift);
                RARE_ZERO_POINT * (scale >> shift)
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
    /// Rows not yet added to `total`. Each lane is too large by `zero_point`, the sum of the scaled zero points.
    lanes: Lanes,
    zero_point: u16,
    rows: u32,
    total: [i64; DIMENSIONS],
}

impl<'a> VectorSum<'a> {
    /// The empty sum of vectors of `table`.
    pub fn new(table: &'a EmbeddingTable) -> Self {
        Self { table, lanes: Lanes::ZERO, zero_point: 0, rows: 0, total: [0; DIMENSIONS] }
    }

    /// Adds a piece's vector; returns whether it has one.
    #[inline]
    pub fn add(&mut self, piece: PieceId, weight: PieceWeight) -> bool {
        let Some(row) = self.table.row(piece) else { return false };
        self.zero_point += row.add_to(&mut self.lanes, weight);
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
        other.lanes.add_to(&mut self.total, other.zero_point);
    }

    fn flush(&mut self) {
        self.lanes.add_to(&mut self.total, self.zero_point);
        (self.lanes, self.zero_point, self.rows) = (Lanes::ZERO, 0, 0);
    }

    /// The unit vector of the sum; the zero vector if nothing was added.
    pub fn unit_vector(&self) -> Vector {
        let components = self.components();
        let length = length_of(&components);
        Vector(components.map(|component| if length > 0.0 { (component / length) as f32 } else { 0.0 }))
    }

    /// The Euclidean length of the sum.
    pub fn length(&self) -> f64 {
        length_of(&self.components())
    }

    fn components(&self) -> [f64; DIMENSIONS] {
        let mut total = self.total;
        self.lanes.add_to(&mut total, self.zero_point);
        total.map(|component| component as f64)
    }
}

fn length_of(components: &[f64; DIMENSIONS]) -> f64 {
    components.iter().map(|component| component * component).sum::<f64>().sqrt()
}

/// A vector of [`DIMENSIONS`] components.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector([f32; DIMENSIONS]);

impl Vector {
    /// The vector of zeros.
    pub const ZERO: Self = Self([0.0; DIMENSIONS]);

    /// The vector of a row of 2-bit codes.
    fn from_codes(row: &[u8; RARE_BYTES]) -> Self {
        let mut components = [0.0; DIMENSIONS];
        for (quarter, components) in components.as_chunks_mut::<RARE_BYTES>().0.iter_mut().enumerate() {
            for (component, byte) in components.iter_mut().zip(row) {
                *component = f32::from(byte >> (2 * quarter) & 3) - f32::from(RARE_ZERO_POINT);
            }
        }
        Self(components)
    }

    /// The dot product.
    pub fn dot(&self, other: &Self) -> f64 {
        simd::dot(&self.0, &other.0)
    }

    /// `self + factor * other`.
    #[must_use]
    pub fn add_scaled(&self, factor: f32, other: &Self) -> Self {
        let mut sum = self.clone();
        for (component, other) in sum.0.iter_mut().zip(&other.0) {
            *component += factor * other;
        }
        sum
    }

    /// The unit vector of the same direction, and the original length; zero stays zero.
    pub fn normalized(&self) -> (Self, f64) {
        let length = self.dot(self).sqrt();
        let scale = if length > 0.0 { (1.0 / length) as f32 } else { 0.0 };
        (Self(self.0.map(|component| component * scale)), length)
    }
}

/// A small table: the row of each piece has one component that is not 0, at the index beside it.
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
    file.extend([0; 2 * DIMENSIONS]);
    for &index in pieces.values() {
        let mut row = [0x88; COMMON_BYTES];
        row[index % COMMON_BYTES] += if index < COMMON_BYTES { 0x01 } else { 0x10 };
        file.extend(row);
    }
    for topic in 0..TOPICS {
        let mut row = [0x55; RARE_BYTES];
        row[topic] += 1;
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
            let unit_vector = sum.unit_vector();
            assert!((0..DIMENSIONS).all(|at| unit_vector.0[at] == f32::from(u8::from(at == index))), "{index}");
            assert!((table.dot(piece, PieceWeight::Full, &unit_vector) - 1.0).abs() < f64::EPSILON);
        }
        assert!(!VectorSum::new(&table).add(PieceId(71), PieceWeight::Full));
        assert!(VectorSum::new(EmbeddingTable::current().unwrap()).add(PieceId(2_000), PieceWeight::Full));
        assert_eq!((table.topics().len(), table.mean_vector()), (TOPICS, &Vector::ZERO));
        assert!((table.topics()[5].0[5] - 1.0).abs() < f32::EPSILON);
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
        assert_eq!(changed(HEADER_BYTES + PIECES.div_ceil(BLOCK) * BLOCK_BYTES), Err(TableError::Scale));
        for length in [0, 5, HEADER_BYTES, file.len() - 1] {
            assert!(read(&file[..length]).is_err(), "{length}");
        }
        assert!(read(&file).is_ok());
    }
}
