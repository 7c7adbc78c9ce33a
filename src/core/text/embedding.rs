//! The embedding table: a vector for every piece that carries meaning. A text's vector is the mean of its pieces'
//! vectors.
//!
//! The table was trained so that a text's vector has the direction of a sentence transformer's (`src/train`, which also
//! describes the file). It is used in place: nothing is built, copied or allocated. Vectors are summed as integers, so
//! that neither the order of summation nor the platform changes a bit.

use std::sync::LazyLock;

pub use super::simd::WIDTH;
use super::simd::{self, Lanes};
use super::{PIECES, PieceId};

static FILE: &[u8] = include_bytes!("embedding.bin");

const VERSION: u16 = 1;
const COMMON: usize = read_u16(8) as usize;
const RARE: usize = read_u16(10) as usize;

/// Pieces per block of the index.
const BLOCK: usize = 64;
const BLOCK_BYTES: usize = 20;
const BLOCKS_OFFSET: usize = 12;
const MULTIPLIERS_OFFSET: usize = BLOCKS_OFFSET + PIECES.div_ceil(BLOCK) * BLOCK_BYTES;
const BACKGROUND_OFFSET: usize = MULTIPLIERS_OFFSET + COMMON + RARE;
const COMMON_OFFSET: usize = BACKGROUND_OFFSET + 2 * WIDTH;
const COMMON_BYTES: usize = WIDTH / 2;
const RARE_OFFSET: usize = COMMON_OFFSET + COMMON * COMMON_BYTES;
const RARE_BYTES: usize = WIDTH / 4;
const SUBJECTS_OFFSET: usize = RARE_OFFSET + RARE * RARE_BYTES;
const END: usize = SUBJECTS_OFFSET + SUBJECTS * RARE_BYTES;

/// The number of subject vectors.
pub const SUBJECTS: usize = 64;

/// Added to the digits of a row when it was packed, so that none is negative.
const COMMON_BIAS: u16 = 8;
const RARE_BIAS: u16 = 1;

/// The most rows whose sum fits 16 bits: 32 x 15 x 127 < 2^16 for the largest digit and multiplier of common rows, and
/// 32 x 8 x 127 < 2^15 signed, without the bias. Rare rows have at most 3 x 255, and 2 x 255.
const ROWS_AT_ONCE: u32 = 32;

/// The scale of the background vector's numbers.
const BACKGROUND_UNIT: f32 = 1.0 / 32_768.0;

const _: () = assert!(
    read_u16(4) == VERSION && read_u16(6) as usize == PIECES && FILE.len() == END,
    "embedding.bin is of another make"
);
const _: () = assert!(max_byte(MULTIPLIERS_OFFSET, COMMON) <= 127, "the sum of ROWS_AT_ONCE rows does not fit");

/// The largest byte in a part of the file.
const fn max_byte(start: usize, length: usize) -> u8 {
    let mut bytes = FILE.split_at(start).1.split_at(length).0;
    let mut max = 0;
    while let [first, rest @ ..] = bytes {
        if *first > max {
            max = *first;
        }
        bytes = rest;
    }
    max
}

const fn read_u16(offset: usize) -> u16 {
    match FILE.split_at(offset).1.first_chunk() {
        Some(bytes) => u16::from_le_bytes(*bytes),
        None => 0,
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

impl PieceId {
    /// The dot product of the piece's vector, weighted as in a sum, and `vector`; 0 if the piece has no vector.
    pub fn dot(self, share: PieceWeight, vector: &Vector) -> f64 {
        let Some(row) = row(self) else { return 0.0 };
        let mut lanes = Lanes::ZERO;
        let bias = row.add_to(&mut lanes, share);
        lanes.dot(bias, &vector.0)
    }
}

fn array<const N: usize>(offset: usize) -> Option<&'static [u8; N]> {
    FILE.get(offset..)?.first_chunk()
}

fn row(piece: PieceId) -> Option<Row> {
    let piece = usize::from(piece.0);
    let block: &[u8; BLOCK_BYTES] = array(BLOCKS_OFFSET + piece / BLOCK * BLOCK_BYTES)?;
    let (masks, ranks) = block.split_at(16);
    let (common, rare) = masks.split_at(8);
    let bit = piece % BLOCK;
    let row_index = |mask: &[u8], rank: Option<&[u8]>| {
        let mask = u64::from_le_bytes(*mask.first_chunk()?);
        let rank = u16::from_le_bytes(*rank?.first_chunk()?);
        (mask >> bit & 1 == 1).then(|| usize::from(rank) + (mask & ((1 << bit) - 1)).count_ones() as usize)
    };
    if let Some(index) = row_index(common, ranks.get(..2)) {
        let multiplier = FILE.get(MULTIPLIERS_OFFSET + index)?;
        return Some(Row::Common(array(COMMON_OFFSET + index * COMMON_BYTES)?, u16::from(*multiplier)));
    }
    let index = row_index(rare, ranks.get(2..))?;
    let multiplier = FILE.get(MULTIPLIERS_OFFSET + COMMON + index)?;
    Some(Row::Rare(array(RARE_OFFSET + index * RARE_BYTES)?, u16::from(*multiplier)))
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
pub struct VectorSum {
    /// Rows not yet added to `total`. Each lane is too large by `bias`.
    lanes: Lanes,
    bias: u16,
    rows: u32,
    total: [i64; WIDTH],
}

impl Default for VectorSum {
    fn default() -> Self {
        Self { lanes: Lanes::ZERO, bias: 0, rows: 0, total: [0; WIDTH] }
    }
}

impl VectorSum {
    /// Adds a piece's vector; returns whether it has one.
    #[inline]
    pub fn add(&mut self, piece: PieceId, share: PieceWeight) -> bool {
        let Some(row) = row(piece) else { return false };
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

    /// The mean direction of everyday sentences: the part of a text's vector that carries no information.
    pub fn background() -> Self {
        let mut numbers = [0.0; WIDTH];
        for (number, bytes) in
            numbers.iter_mut().zip(FILE.get(BACKGROUND_OFFSET..).unwrap_or_default().as_chunks::<2>().0)
        {
            *number = f32::from(i16::from_le_bytes(*bytes)) * BACKGROUND_UNIT;
        }
        Self(numbers)
    }

    /// The directions of general subjects: centroids of passages of many kinds, without the background, of length 1.
    pub fn subjects() -> &'static [Self] {
        static DIRECTIONS: LazyLock<Vec<Vector>> = LazyLock::new(|| {
            let rows = FILE.get(SUBJECTS_OFFSET..).unwrap_or_default().as_chunks::<RARE_BYTES>().0;
            rows.iter().map(|row| Vector::from_digits(row).normalized().0).collect()
        });
        &DIRECTIONS
    }

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
