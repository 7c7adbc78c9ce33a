//! Undoes the predictors of PNG and TIFF, which streams apply before they are packed.

use std::ops::Range;

use hayro_syntax::object::Dict;

use super::buffer::Buffer;
use crate::budget::{Budget, Exceeded};
use crate::error::{Error, Result, Unreadable};

/// The predictor of TIFF; from [`PNG`] on, each row names one of PNG.
const TIFF: u8 = 2;
const PNG: u8 = 10;

/// How many components of pixels are undone between two charges.
const COMPONENTS_PER_CHARGE: usize = 64 * 1024;

/// How many bits are undone in one step of work: two bytes.
const BITS_PER_STEP: usize = 16;

/// The size of the rows of predicted data.
pub(super) struct Predictor {
    kind: u8,
    /// The number of components of a pixel, and their size in bits.
    colors: usize,
    bits: usize,
    /// The length of a row without the byte that names a predictor, in bytes.
    row: usize,
}

impl Predictor {
    /// The predictor that the parameters of a filter ask for, if any.
    ///
    /// # Errors
    ///
    /// If the rows have no size that can be.
    pub fn new(parameters: &Dict<'_>) -> Result<Option<Self>> {
        let byte = |key, default| parameters.get::<u8>(key).unwrap_or(default);
        let kind = byte("Predictor", 1);
        if kind == 1 {
            return Ok(None);
        }
        let (colors, bits) = (usize::from(byte("Colors", 1)), usize::from(byte("BitsPerComponent", 8)));
        let columns = parameters.get::<usize>("Columns").unwrap_or(1);
        let row = columns.checked_mul(colors * bits).map(|bits| bits.div_ceil(8));
        // A pixel of more than 32 bytes is not in any picture.
        let row = row.filter(|row| (1..=usize::from(u8::MAX)).contains(&(colors * bits)) && *row > 0);
        let row = row.ok_or_else(|| {
            Error::unreadable(Unreadable::Damaged, "The PDF holds a stream with rows of a size that cannot be")
        })?;
        Ok(Some(Self { kind, colors, bits, row }))
    }
}

/// Undoes a predictor in place; None if there is no such predictor. An incomplete last row is dropped.
pub(super) fn undo<'b>(predictor: &Predictor, mut data: Buffer<'b>, budget: &Budget) -> Result<Option<Buffer<'b>>> {
    if !matches!(predictor.bits, 1 | 2 | 4 | 8 | 16) {
        return Ok(None);
    }
    let length = match predictor.kind {
        PNG.. => undo_png(data.vec(), predictor, budget)?,
        TIFF => undo_tiff(data.vec(), predictor, budget)?,
        // No data, no fault.
        _ if data.len() < predictor.row => 0,
        _ => return Ok(None),
    };
    data.truncate(length);
    Ok(Some(data))
}

/// The length of the data without predictors, which is at the start of `data`.
fn undo_png(data: &mut [u8], predictor: &Predictor, budget: &Budget) -> Result<usize, Exceeded> {
    let pixel = (predictor.colors * predictor.bits).div_ceil(8);
    let row = predictor.row;
    let rows = data.len() / (row + 1);
    for number in 0..rows {
        let (from, to) = (number * (row + 1), number * row);
        let kind = data.get(from).copied().unwrap_or_default();
        data.copy_within(from + 1..from + 1 + row, to);
        let (done, rest) = data.split_at_mut(to);
        let above = done.len().checked_sub(row).and_then(|start| done.get(start..)).unwrap_or_default();
        let Some(current) = rest.get_mut(..row) else { break };
        unfilter(kind, pixel, above, current, budget)?;
    }
    Ok(rows * row)
}

/// Undoes the filter of one row of PNG. `above` is empty for the first row; an unknown filter changes nothing.
fn unfilter(kind: u8, pixel: usize, above: &[u8], row: &mut [u8], budget: &Budget) -> Result<(), Exceeded> {
    // What cross references use, without the neighbours to the left.
    if kind == 2 {
        row.iter_mut().zip(above).for_each(|(byte, up)| *byte = byte.wrapping_add(*up));
        return budget.work(row.len().div_ceil(2));
    }
    for_each(0..row.len(), 8, budget, |index| {
        let at = |bytes: &[u8], offset: usize| {
            index.checked_sub(offset).and_then(|index| bytes.get(index)).copied().unwrap_or_default()
        };
        let (left, up, corner) = (at(row, pixel), at(above, 0), at(above, pixel));
        let prediction = match kind {
            1 => left,
            3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
            4 => paeth(left, up, corner),
            _ => return,
        };
        if let Some(byte) = row.get_mut(index) {
            *byte = byte.wrapping_add(prediction);
        }
    })
}

/// Undoes the components of a row, which have this many bits, and charges for them: a row may be all of the data.
fn for_each(
    components: Range<usize>,
    bits: usize,
    budget: &Budget,
    mut undo: impl FnMut(usize),
) -> Result<(), Exceeded> {
    let mut start = components.start;
    while start < components.end {
        let end = components.end.min(start + COMPONENTS_PER_CHARGE);
        budget.work(((end - start) * bits).div_ceil(BITS_PER_STEP))?;
        (start..end).for_each(&mut undo);
        start = end;
    }
    Ok(())
}

/// Whichever of three neighbours is nearest to left + up - corner.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let estimate = a + b - c;
    let [to_left, to_up, to_corner] = [a, b, c].map(|value| (estimate - value).abs());
    match () {
        () if to_left <= to_up && to_left <= to_corner => left,
        () if to_up <= to_corner => up,
        () => corner,
    }
}

/// Adds to each component of a pixel that of the pixel before it; the length of the whole rows.
fn undo_tiff(data: &mut [u8], predictor: &Predictor, budget: &Budget) -> Result<usize, Exceeded> {
    let Predictor { colors, bits, row, .. } = *predictor;
    let length = data.len() - data.len() % row;
    for row in data.chunks_exact_mut(row) {
        match bits {
            8 => for_each(colors..row.len(), bits, budget, |index| {
                let before = row.get(index - colors).copied().unwrap_or_default();
                if let Some(byte) = row.get_mut(index) {
                    *byte = byte.wrapping_add(before);
                }
            })?,
            16 => {
                let components = row.as_chunks_mut::<2>().0;
                for_each(colors..components.len(), bits, budget, |index| {
                    let before = components.get(index - colors).copied().unwrap_or_default();
                    if let Some(component) = components.get_mut(index) {
                        let sum = u16::from_be_bytes(*component).wrapping_add(u16::from_be_bytes(before));
                        *component = sum.to_be_bytes();
                    }
                })?;
            }
            // Several components share a byte.
            _ => {
                let mask = (1_u8 << bits) - 1;
                let place = |index: usize| (index * bits / 8, 8 - bits - index * bits % 8);
                let end = row.len() * 8 / bits / colors * colors;
                for_each(colors..end, bits, budget, |index| {
                    let ((before, before_shift), (at, shift)) = (place(index - colors), place(index));
                    let before = row.get(before).map_or(0, |byte| byte >> before_shift & mask);
                    if let Some(byte) = row.get_mut(at) {
                        let sum = (*byte >> shift & mask).wrapping_add(before) & mask;
                        *byte = *byte & !(mask << shift) | sum << shift;
                    }
                })?;
            }
        }
    }
    Ok(length)
}
