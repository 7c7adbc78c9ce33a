//! The embedding table: a vector for every piece that carries meaning, and for every text the mean of its pieces'.
//!
//! The table was trained so that a text's vector points where a sentence transformer's does (`src/train`, which also
//! describes the file). It is used where it lies: nothing is built, copied or allocated. Vectors are added up in whole
//! numbers, so that no order of summation and no platform changes a bit.

use std::sync::LazyLock;

pub use super::lanes::WIDTH;
use super::lanes::{self, Lanes};
use super::{PIECES, PieceId};

static FILE: &[u8] = include_bytes!("embedding.bin");

const VERSION: u16 = 1;
const COMMON: usize = short(8) as usize;
const RARE: usize = short(10) as usize;

/// Pieces of a block of the index.
const BLOCK: usize = 64;
const BLOCK_BYTES: usize = 20;
const BLOCKS_AT: usize = 12;
const MULTIPLIERS_AT: usize = BLOCKS_AT + PIECES.div_ceil(BLOCK) * BLOCK_BYTES;
const BACKGROUND_AT: usize = MULTIPLIERS_AT + COMMON + RARE;
const COMMON_AT: usize = BACKGROUND_AT + 2 * WIDTH;
const COMMON_BYTES: usize = WIDTH / 2;
const RARE_AT: usize = COMMON_AT + COMMON * COMMON_BYTES;
const RARE_BYTES: usize = WIDTH / 4;
const SUBJECTS_AT: usize = RARE_AT + RARE * RARE_BYTES;
const END: usize = SUBJECTS_AT + SUBJECTS * RARE_BYTES;

/// Directions of general subjects.
pub const SUBJECTS: usize = 64;

/// What is added to the digits of a row so that none is negative.
const COMMON_BIAS: u16 = 8;
const RARE_BIAS: u16 = 1;

/// Rows that sixteen bits can hold the sum of: 32 x 15 x 127 < 2^16, the largest digit times the largest multiplier of a
/// common row, and with a sign 32 x 8 x 127 < 2^15. Rare ones have at most 3 x 255, and 2 x 255.
const ROWS_AT_ONCE: u32 = 32;

/// The unit of the background's numbers.
const BACKGROUND_UNIT: f32 = 1.0 / 32_768.0;

const _: () = assert!(
    short(4) == VERSION && short(6) as usize == PIECES && FILE.len() == END,
    "embedding.bin is of another make"
);
const _: () = assert!(most(MULTIPLIERS_AT, COMMON) <= 127, "the sum of ROWS_AT_ONCE rows does not fit");

/// The largest byte of a part of the file.
const fn most(start: usize, length: usize) -> u8 {
    let mut left = FILE.split_at(start).1.split_at(length).0;
    let mut most = 0;
    while let [first, rest @ ..] = left {
        if *first > most {
            most = *first;
        }
        left = rest;
    }
    most
}

const fn short(at: usize) -> u16 {
    match FILE.split_at(at).1.first_chunk() {
        Some(bytes) => u16::from_le_bytes(*bytes),
        None => 0,
    }
}

/// Where a piece's row lies, and its multiplier.
enum Row {
    Common(&'static [u8; COMMON_BYTES], u16),
    Rare(&'static [u8; RARE_BYTES], u16),
}

impl Row {
    /// Adds the row to `lanes`; gives what each of them is too large by then.
    #[inline]
    fn add_to(self, lanes: &mut Lanes, share: Share) -> u16 {
        let halved = u16::from(share == Share::Half);
        match self {
            Self::Common(digits, multiplier) => {
                lanes.add_fours(digits, multiplier >> halved);
                COMMON_BIAS * (multiplier >> halved)
            }
            Self::Rare(digits, multiplier) => {
                lanes.add_twos(digits, multiplier >> halved);
                RARE_BIAS * (multiplier >> halved)
            }
        }
    }
}

impl PieceId {
    /// The scalar product of the piece's vector, as a sum would take it, and `vector`; 0 where the piece has none.
    pub fn dot(self, share: Share, vector: &Vector) -> f64 {
        let Some(row) = row(self) else { return 0.0 };
        let mut lanes = Lanes::ZERO;
        let bias = row.add_to(&mut lanes, share);
        lanes.dot(bias, &vector.0)
    }
}

fn array<const N: usize>(at: usize) -> Option<&'static [u8; N]> {
    FILE.get(at..)?.first_chunk()
}

fn row(piece: PieceId) -> Option<Row> {
    let piece = usize::from(piece.0);
    let block: &[u8; BLOCK_BYTES] = array(BLOCKS_AT + piece / BLOCK * BLOCK_BYTES)?;
    let (masks, before) = block.split_at(16);
    let (common, rare) = masks.split_at(8);
    let bit = piece % BLOCK;
    let place = |mask: &[u8], before: Option<&[u8]>| {
        let mask = u64::from_le_bytes(*mask.first_chunk()?);
        let before = u16::from_le_bytes(*before?.first_chunk()?);
        (mask >> bit & 1 == 1).then(|| usize::from(before) + (mask & ((1 << bit) - 1)).count_ones() as usize)
    };
    if let Some(place) = place(common, before.get(..2)) {
        let multiplier = FILE.get(MULTIPLIERS_AT + place)?;
        return Some(Row::Common(array(COMMON_AT + place * COMMON_BYTES)?, u16::from(*multiplier)));
    }
    let place = place(rare, before.get(2..))?;
    let multiplier = FILE.get(MULTIPLIERS_AT + COMMON + place)?;
    Some(Row::Rare(array(RARE_AT + place * RARE_BYTES)?, u16::from(*multiplier)))
}

/// How much a piece counts in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// As much as any.
    Whole,
    /// Half as much: it is somebody else's words.
    Half,
}

/// A sum of the vectors of pieces.
#[derive(Debug, Clone)]
pub struct Sum {
    /// What is not yet in `total`, each number too large by `bias`.
    lanes: Lanes,
    bias: u16,
    rows: u32,
    total: [i64; WIDTH],
}

impl Default for Sum {
    fn default() -> Self {
        Self { lanes: Lanes::ZERO, bias: 0, rows: 0, total: [0; WIDTH] }
    }
}

impl Sum {
    /// Adds a piece's vector; says whether it has one.
    #[inline]
    pub fn add(&mut self, piece: PieceId, share: Share) -> bool {
        let Some(row) = row(piece) else { return false };
        self.bias += row.add_to(&mut self.lanes, share);
        self.rows += 1;
        if self.rows == ROWS_AT_ONCE {
            self.settle();
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

    fn settle(&mut self) {
        self.lanes.add_to(&mut self.total, self.bias);
        (self.lanes, self.bias, self.rows) = (Lanes::ZERO, 0, 0);
    }

    /// The direction of the sum; the zero vector where nothing was added.
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

    /// The mean direction of everyday sentences: what a text says without saying anything.
    pub fn background() -> Self {
        let mut numbers = [0.0; WIDTH];
        for (number, bytes) in numbers.iter_mut().zip(FILE.get(BACKGROUND_AT..).unwrap_or_default().as_chunks::<2>().0)
        {
            *number = f32::from(i16::from_le_bytes(*bytes)) * BACKGROUND_UNIT;
        }
        Self(numbers)
    }

    /// The directions of general subjects, of length 1, the background taken away: what passages of many kinds gather around.
    pub fn subjects() -> &'static [Self] {
        static DIRECTIONS: LazyLock<Vec<Vector>> = LazyLock::new(|| {
            let rows = FILE.get(SUBJECTS_AT..).unwrap_or_default().as_chunks::<RARE_BYTES>().0;
            rows.iter().map(|row| Vector::of_digits(row).unit().0).collect()
        });
        &DIRECTIONS
    }

    /// From a row of digits of two bits.
    fn of_digits(row: &[u8; RARE_BYTES]) -> Self {
        let mut numbers = [0.0; WIDTH];
        for (quarter, numbers) in numbers.as_chunks_mut::<RARE_BYTES>().0.iter_mut().enumerate() {
            for (number, byte) in numbers.iter_mut().zip(row) {
                *number = f32::from(byte >> (2 * quarter) & 3) - f32::from(RARE_BIAS);
            }
        }
        Self(numbers)
    }

    /// The scalar product.
    pub fn dot(&self, other: &Self) -> f64 {
        lanes::dot(&self.0, &other.0)
    }

    /// `self + factor * other`.
    #[must_use]
    pub fn plus(&self, factor: f32, other: &Self) -> Self {
        let mut sum = self.clone();
        for (number, other) in sum.0.iter_mut().zip(&other.0) {
            *number += factor * other;
        }
        sum
    }

    /// The vector of length 1 in the same direction, and the length it had; zeros stay zeros.
    pub fn unit(&self) -> (Self, f64) {
        let length = self.dot(self).sqrt();
        let scale = if length > 0.0 { (1.0 / length) as f32 } else { 0.0 };
        (Self(self.0.map(|number| number * scale)), length)
    }
}
