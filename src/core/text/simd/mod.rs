//! The inner loops of the embedding table.
//!
//! For wasm the vector instructions are explicit: the module is compiled for size, where the compiler does not
//! vectorise (optimising for speed would add 190 KB, compressed). Elsewhere the compiler vectorises. Both give the same
//! bits.
//!
//! A loop over four vectors is not unrolled when compiled for size, and goes through memory. So the four are separate
//! variables.

#[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), path = "wasm.rs")]
#[cfg_attr(not(all(target_arch = "wasm32", target_feature = "simd128")), path = "portable.rs")]
mod vectors;

use vectors::{F32x4, I16x4, U16x8};

/// The dimension of a vector.
pub const DIMENSIONS: usize = 256;

/// The numbers of a [`Block`], and the bytes that are loaded at once.
const BLOCK: usize = 16;

/// Sums of codes, 16 bits each.
#[derive(Debug, Clone)]
pub struct Lanes([Block; DIMENSIONS / BLOCK]);

/// Sixteen numbers, those at even positions and those at odd ones, like the codes in a pair of bytes.
#[derive(Debug, Clone)]
struct Block {
    even: U16x8,
    odd: U16x8,
}

impl Lanes {
    /// All zero.
    pub const ZERO: Self = Self([const { Block { even: U16x8::ZERO, odd: U16x8::ZERO } }; DIMENSIONS / BLOCK]);

    /// Adds `scale` times the 4-bit codes of a row: first the low ones of all bytes, then the high ones.
    #[inline(never)]
    pub fn add_4_bit(&mut self, row: &[u8; DIMENSIONS / 2], scale: u16) {
        let scale = U16x8::splat(scale);
        let (low, high) = self.0.split_at_mut(DIMENSIONS / 2 / BLOCK);
        for (bytes, (low, high)) in row.as_chunks().0.iter().zip(low.iter_mut().zip(high)) {
            let pairs = U16x8::load(bytes);
            low.even.add_product(pairs.codes::<0, 15>(), scale);
            low.odd.add_product(pairs.codes::<8, 15>(), scale);
            high.even.add_product(pairs.codes::<4, 15>(), scale);
            high.odd.add_product(pairs.codes::<12, 15>(), scale);
        }
    }

    /// The same for 2-bit codes: first the lowest ones of all bytes.
    #[inline(never)]
    pub fn add_2_bit(&mut self, row: &[u8; DIMENSIONS / 4], scale: u16) {
        let scale = U16x8::splat(scale);
        let (low, high) = self.0.split_at_mut(DIMENSIONS / 2 / BLOCK);
        let ((first, second), (third, fourth)) =
            (low.split_at_mut(DIMENSIONS / 4 / BLOCK), high.split_at_mut(DIMENSIONS / 4 / BLOCK));
        let quarters = first.iter_mut().zip(second).zip(third.iter_mut().zip(fourth));
        for (bytes, ((first, second), (third, fourth))) in row.as_chunks().0.iter().zip(quarters) {
            let pairs = U16x8::load(bytes);
            first.even.add_product(pairs.codes::<0, 3>(), scale);
            first.odd.add_product(pairs.codes::<8, 3>(), scale);
            second.even.add_product(pairs.codes::<2, 3>(), scale);
            second.odd.add_product(pairs.codes::<10, 3>(), scale);
            third.even.add_product(pairs.codes::<4, 3>(), scale);
            third.odd.add_product(pairs.codes::<12, 3>(), scale);
            fourth.even.add_product(pairs.codes::<6, 3>(), scale);
            fourth.odd.add_product(pairs.codes::<14, 3>(), scale);
        }
    }

    /// Adds the lanes to `total`, after subtracting `zero_point` from each. The differences must fit 16 bits signed.
    #[inline(never)]
    pub fn add_to(&self, total: &mut [i64; DIMENSIONS], zero_point: u16) {
        let zero_point = U16x8::splat(zero_point);
        for (total, block) in total.as_chunks_mut::<4>().0.as_chunks_mut().0.iter_mut().zip(&self.0) {
            let [first, second, third, fourth] = total;
            let [a, b, c, d] = block.in_order(zero_point);
            a.add_to(first);
            b.add_to(second);
            c.add_to(third);
            d.add_to(fourth);
        }
    }

    /// The dot product of `vector` and the lanes, after subtracting `zero_point` from each. The differences must fit 16
    /// bits signed.
    #[inline(never)]
    pub fn dot(&self, zero_point: u16, vector: &[f32; DIMENSIONS]) -> f64 {
        let zero_point = U16x8::splat(zero_point);
        let (mut sum, mut other_sum) = (F32x4::ZERO, F32x4::ZERO);
        for ([first, second, third, fourth], block) in quads(vector).zip(&self.0) {
            let [a, b, c, d] = block.in_order(zero_point);
            sum.add_product(a.to_f32x4(), F32x4::load(first));
            other_sum.add_product(b.to_f32x4(), F32x4::load(second));
            sum.add_product(c.to_f32x4(), F32x4::load(third));
            other_sum.add_product(d.to_f32x4(), F32x4::load(fourth));
        }
        horizontal_sum(sum, other_sum)
    }
}

impl Block {
    /// The numbers in their order, after subtracting `zero_point` from each.
    #[inline]
    fn in_order(&self, zero_point: U16x8) -> [I16x4; 4] {
        U16x8::interleave(self.even.minus(zero_point), self.odd.minus(zero_point))
    }
}

/// The dot product. Eight numbers are multiplied in parallel, and their sums are added in the same order on all
/// platforms.
#[inline(never)]
pub fn dot(left: &[f32; DIMENSIONS], right: &[f32; DIMENSIONS]) -> f64 {
    let (mut sum, mut other_sum) = (F32x4::ZERO, F32x4::ZERO);
    for ([a, b, c, d], [e, f, g, h]) in quads(left).zip(quads(right)) {
        sum.add_product(F32x4::load(a), F32x4::load(e));
        other_sum.add_product(F32x4::load(b), F32x4::load(f));
        sum.add_product(F32x4::load(c), F32x4::load(g));
        other_sum.add_product(F32x4::load(d), F32x4::load(h));
    }
    horizontal_sum(sum, other_sum)
}

/// The numbers of a vector, four times four at a time.
#[inline]
fn quads(vector: &[f32; DIMENSIONS]) -> impl Iterator<Item = &[[f32; 4]; 4]> {
    vector.as_chunks().0.as_chunks().0.iter()
}

fn horizontal_sum(left: F32x4, right: F32x4) -> f64 {
    let ([a, b, c, d], [e, f, g, h]) = (left.to_array(), right.to_array());
    f64::from(a)
        + f64::from(b)
        + f64::from(c)
        + f64::from(d)
        + f64::from(e)
        + f64::from(f)
        + f64::from(g)
        + f64::from(h)
}
