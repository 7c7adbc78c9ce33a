//! The inner loops of the embedding table, in a package of their own, which is compiled for speed.
//!
//! What is linked is compiled for size, and then the linker makes no vector code of anything, whatever level a package has
//! (for speed it would be 190 KB more, compressed). So for wasm the vector instructions are written out; elsewhere the
//! compiler finds them, where all is built for speed.
//! Both give the same bits. What the numbers mean is told where they are used, in `sortroom::text`.
#![forbid(unsafe_code)]

#[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), path = "wasm.rs")]
#[cfg_attr(not(all(target_arch = "wasm32", target_feature = "simd128")), path = "portable.rs")]
mod wide;

use wide::{Four, Wide};

/// Numbers of a vector.
pub const WIDTH: usize = 256;

/// Bytes that are read at once: eight pairs.
const BYTES: usize = 16;

/// Sums of digits, sixteen bits each. Of the numbers in their order, those at even places lie apart from those at odd
/// ones, as the digits of a pair of bytes do: `even` of the first half of the vector, its `odd`, then those of the second.
#[derive(Debug, Clone)]
pub struct Lanes {
    halves: [Half; 2],
}

/// The lanes of one half.
#[derive(Debug, Clone)]
struct Half {
    even: [Wide; WIDTH / 32],
    odd: [Wide; WIDTH / 32],
}

impl Lanes {
    /// All zero.
    pub const ZERO: Self =
        Self { halves: [const { Half { even: [Wide::ZERO; WIDTH / 32], odd: [Wide::ZERO; WIDTH / 32] } }; 2] };

    /// Adds `multiplier` times the digits of a row, four bits each: the low ones of all bytes, then the high ones.
    #[inline(never)]
    pub fn add_fours(&mut self, row: &[u8; WIDTH / 2], multiplier: u16) {
        let multiplier = Wide::all(multiplier);
        let [low, high] = &mut self.halves;
        let lanes = low.even.iter_mut().zip(&mut low.odd).zip(high.even.iter_mut().zip(&mut high.odd));
        for (bytes, ((low_even, low_odd), (high_even, high_odd))) in row.as_chunks::<BYTES>().0.iter().zip(lanes) {
            let pairs = Wide::read(bytes);
            low_even.add(pairs.digits::<0, 15>(), multiplier);
            high_even.add(pairs.digits::<4, 15>(), multiplier);
            low_odd.add(pairs.digits::<8, 15>(), multiplier);
            high_odd.add(pairs.digits::<12, 15>(), multiplier);
        }
    }

    /// The same with digits of two bits: the lowest of all bytes first.
    #[inline(never)]
    pub fn add_twos(&mut self, row: &[u8; WIDTH / 4], multiplier: u16) {
        let multiplier = Wide::all(multiplier);
        for (at, bytes) in row.as_chunks::<BYTES>().0.iter().enumerate() {
            let pairs = Wide::read(bytes);
            let digits = [
                [pairs.digits::<0, 3>(), pairs.digits::<2, 3>(), pairs.digits::<8, 3>(), pairs.digits::<10, 3>()],
                [pairs.digits::<4, 3>(), pairs.digits::<6, 3>(), pairs.digits::<12, 3>(), pairs.digits::<14, 3>()],
            ];
            for (half, digits) in self.halves.iter_mut().zip(digits) {
                let (even, later_even) = half.even.split_at_mut(WIDTH / 64);
                let (odd, later_odd) = half.odd.split_at_mut(WIDTH / 64);
                for (lanes, digits) in [even, later_even, odd, later_odd].into_iter().zip(digits) {
                    if let Some(lane) = lanes.get_mut(at) {
                        lane.add(digits, multiplier);
                    }
                }
            }
        }
    }

    /// Sixteen numbers at a time, in their order: those at even places and those at odd ones.
    fn in_order(&self) -> impl Iterator<Item = (Wide, Wide)> + '_ {
        self.halves.iter().flat_map(|half| half.even.iter().copied().zip(half.odd.iter().copied()))
    }

    /// Adds the lanes to `total`, each less `bias`.
    #[inline(never)]
    pub fn add_to(&self, total: &mut [i64; WIDTH], bias: i64) {
        for (totals, (even, odd)) in total.as_chunks_mut::<BYTES>().0.iter_mut().zip(self.in_order()) {
            let both = even.numbers().into_iter().zip(odd.numbers());
            for ([first, second], (even, odd)) in totals.as_chunks_mut::<2>().0.iter_mut().zip(both) {
                *first += i64::from(even) - bias;
                *second += i64::from(odd) - bias;
            }
        }
    }

    /// The scalar product of the lanes, each less `bias`, and `vector`. Less `bias`, a lane must fit sixteen bits with a sign.
    #[inline(never)]
    pub fn dot(&self, bias: u16, vector: &[f32; WIDTH]) -> f64 {
        let bias = Wide::all(bias);
        let mut sums = [Four::ZERO; 2];
        for (numbers, (even, odd)) in vector.as_chunks::<BYTES>().0.iter().zip(self.in_order()) {
            let own = Wide::interleaved(even.less(bias), odd.less(bias));
            let others = numbers.as_chunks::<4>().0.iter();
            for (at, (own, other)) in own.into_iter().zip(others).enumerate() {
                if let Some(sum) = sums.get_mut(at % 2) {
                    sum.add(own, Four::read(other));
                }
            }
        }
        added_up(sums)
    }
}

/// The scalar product. Eight numbers are multiplied side by side, and their sums are added up in one order, whatever the
/// platform.
#[inline(never)]
pub fn dot(one: &[f32; WIDTH], other: &[f32; WIDTH]) -> f64 {
    let mut sums = [Four::ZERO; 2];
    for (one, other) in one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.as_chunks().0.iter().zip(other.as_chunks().0)) {
            sum.add(Four::read(one), Four::read(other));
        }
    }
    added_up(sums)
}

fn added_up(sums: [Four; 2]) -> f64 {
    sums.into_iter().flat_map(Four::numbers).map(f64::from).sum()
}
