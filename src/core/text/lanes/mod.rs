//! The inner loops of the embedding table.
//!
//! For wasm the vector instructions are written out: what is linked is compiled for size, where the compiler makes none by
//! itself (for speed it would be 190 KB more, compressed). Elsewhere the compiler finds them. Both give the same bits.
//!
//! Compiled for size, a loop over four things stays a loop, through memory: so they are named one by one.

#[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), path = "wasm.rs")]
#[cfg_attr(not(all(target_arch = "wasm32", target_feature = "simd128")), path = "portable.rs")]
mod wide;

use wide::{Four, Whole, Wide};

/// Numbers of a vector.
pub const WIDTH: usize = 256;

/// Numbers that lie side by side, and bytes that are read at once.
const BLOCK: usize = 16;

/// Sums of digits, sixteen bits each.
#[derive(Debug, Clone)]
pub struct Lanes([Block; WIDTH / BLOCK]);

/// Sixteen numbers: those at even places and those at odd ones, as the digits of a pair of bytes lie.
#[derive(Debug, Clone)]
struct Block {
    even: Wide,
    odd: Wide,
}

impl Lanes {
    /// All zero.
    pub const ZERO: Self = Self([const { Block { even: Wide::ZERO, odd: Wide::ZERO } }; WIDTH / BLOCK]);

    /// Adds `multiplier` times the digits of a row, four bits each: the low ones of all bytes, then the high ones.
    #[inline(never)]
    pub fn add_fours(&mut self, row: &[u8; WIDTH / 2], multiplier: u16) {
        let multiplier = Wide::all(multiplier);
        let (low, high) = self.0.split_at_mut(WIDTH / 2 / BLOCK);
        for (bytes, (low, high)) in row.as_chunks().0.iter().zip(low.iter_mut().zip(high)) {
            let pairs = Wide::read(bytes);
            low.even.add(pairs.digits::<0, 15>(), multiplier);
            low.odd.add(pairs.digits::<8, 15>(), multiplier);
            high.even.add(pairs.digits::<4, 15>(), multiplier);
            high.odd.add(pairs.digits::<12, 15>(), multiplier);
        }
    }

    /// The same with digits of two bits: the lowest of all bytes first.
    #[inline(never)]
    pub fn add_twos(&mut self, row: &[u8; WIDTH / 4], multiplier: u16) {
        let multiplier = Wide::all(multiplier);
        let (low, high) = self.0.split_at_mut(WIDTH / 2 / BLOCK);
        let ((first, second), (third, fourth)) =
            (low.split_at_mut(WIDTH / 4 / BLOCK), high.split_at_mut(WIDTH / 4 / BLOCK));
        let quarters = first.iter_mut().zip(second).zip(third.iter_mut().zip(fourth));
        for (bytes, ((first, second), (third, fourth))) in row.as_chunks().0.iter().zip(quarters) {
            let pairs = Wide::read(bytes);
            first.even.add(pairs.digits::<0, 3>(), multiplier);
            first.odd.add(pairs.digits::<8, 3>(), multiplier);
            second.even.add(pairs.digits::<2, 3>(), multiplier);
            second.odd.add(pairs.digits::<10, 3>(), multiplier);
            third.even.add(pairs.digits::<4, 3>(), multiplier);
            third.odd.add(pairs.digits::<12, 3>(), multiplier);
            fourth.even.add(pairs.digits::<6, 3>(), multiplier);
            fourth.odd.add(pairs.digits::<14, 3>(), multiplier);
        }
    }

    /// Adds the lanes to `total`, each less `bias`. Less `bias`, a lane must fit sixteen bits with a sign.
    #[inline(never)]
    pub fn add_to(&self, total: &mut [i64; WIDTH], bias: u16) {
        let bias = Wide::all(bias);
        for (total, block) in total.as_chunks_mut::<4>().0.as_chunks_mut().0.iter_mut().zip(&self.0) {
            let [first, second, third, fourth] = total;
            let [a, b, c, d] = block.in_order(bias);
            a.add_to(first);
            b.add_to(second);
            c.add_to(third);
            d.add_to(fourth);
        }
    }

    /// The scalar product of the lanes, each less `bias`, and `vector`. Less `bias`, a lane must fit sixteen bits with a sign.
    #[inline(never)]
    pub fn dot(&self, bias: u16, vector: &[f32; WIDTH]) -> f64 {
        let bias = Wide::all(bias);
        let (mut sum, mut other_sum) = (Four::ZERO, Four::ZERO);
        for ([first, second, third, fourth], block) in fours(vector).zip(&self.0) {
            let [a, b, c, d] = block.in_order(bias);
            sum.add(a.as_floats(), Four::read(first));
            other_sum.add(b.as_floats(), Four::read(second));
            sum.add(c.as_floats(), Four::read(third));
            other_sum.add(d.as_floats(), Four::read(fourth));
        }
        added_up(sum, other_sum)
    }
}

impl Block {
    /// The numbers less `bias`, in their order.
    #[inline]
    fn in_order(&self, bias: Wide) -> [Whole; 4] {
        Wide::interleaved(self.even.less(bias), self.odd.less(bias))
    }
}

/// The scalar product. Eight numbers are multiplied side by side, and their sums are added up in one order, whatever the
/// platform.
#[inline(never)]
pub fn dot(one: &[f32; WIDTH], other: &[f32; WIDTH]) -> f64 {
    let (mut sum, mut other_sum) = (Four::ZERO, Four::ZERO);
    for ([a, b, c, d], [e, f, g, h]) in fours(one).zip(fours(other)) {
        sum.add(Four::read(a), Four::read(e));
        other_sum.add(Four::read(b), Four::read(f));
        sum.add(Four::read(c), Four::read(g));
        other_sum.add(Four::read(d), Four::read(h));
    }
    added_up(sum, other_sum)
}

/// Four times four numbers at a time.
#[inline]
fn fours(vector: &[f32; WIDTH]) -> impl Iterator<Item = &[[f32; 4]; 4]> {
    vector.as_chunks().0.as_chunks().0.iter()
}

fn added_up(one: Four, other: Four) -> f64 {
    let ([a, b, c, d], [e, f, g, h]) = (one.numbers(), other.numbers());
    f64::from(a)
        + f64::from(b)
        + f64::from(c)
        + f64::from(d)
        + f64::from(e)
        + f64::from(f)
        + f64::from(g)
        + f64::from(h)
}
