//! Numbers side by side, as the vectors of wasm.

use core::arch::wasm32::{
    f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, i16x8_shuffle, i32x4_extend_high_i16x8,
    i32x4_extend_low_i16x8, i64x2_extend_high_i32x4, i64x2_extend_low_i32x4, i64x2_extract_lane, u16x8_add, u16x8_mul,
    u16x8_shr, u16x8_splat, u16x8_sub, u64x2, v128, v128_and,
};

/// Eight numbers of sixteen bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wide(v128);

impl Wide {
    pub const ZERO: Self = Self(u64x2(0, 0));

    #[inline]
    pub fn all(number: u16) -> Self {
        Self(u16x8_splat(number))
    }

    /// Eight pairs of bytes.
    #[inline]
    pub fn read(bytes: &[u8; 16]) -> Self {
        let both = u128::from_le_bytes(*bytes);
        Self(u64x2(both as u64, (both >> 64) as u64))
    }

    /// Of each number the bits of `MASK`, `SHIFT` bits up.
    #[inline]
    pub fn digits<const SHIFT: u32, const MASK: u16>(self) -> Self {
        Self(v128_and(u16x8_shr(self.0, SHIFT), u16x8_splat(MASK)))
    }

    /// Adds the products.
    #[inline]
    pub fn add(&mut self, digits: Self, multiplier: Self) {
        self.0 = u16x8_add(self.0, u16x8_mul(digits.0, multiplier.0));
    }

    #[inline]
    pub fn less(self, bias: Self) -> Self {
        Self(u16x8_sub(self.0, bias.0))
    }

    /// The numbers of both in turn, taken to have a sign.
    #[inline]
    pub fn interleaved(even: Self, odd: Self) -> [Whole; 4] {
        let low = i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(even.0, odd.0);
        let high = i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(even.0, odd.0);
        [
            Whole(i32x4_extend_low_i16x8(low)),
            Whole(i32x4_extend_high_i16x8(low)),
            Whole(i32x4_extend_low_i16x8(high)),
            Whole(i32x4_extend_high_i16x8(high)),
        ]
    }
}

/// Four whole numbers with a sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole(v128);

impl Whole {
    #[inline]
    pub fn add_to(self, [first, second, third, fourth]: &mut [i64; 4]) {
        let (low, high) = (i64x2_extend_low_i32x4(self.0), i64x2_extend_high_i32x4(self.0));
        *first += i64x2_extract_lane::<0>(low);
        *second += i64x2_extract_lane::<1>(low);
        *third += i64x2_extract_lane::<0>(high);
        *fourth += i64x2_extract_lane::<1>(high);
    }

    #[inline]
    pub fn as_floats(self) -> Four {
        Four(f32x4_convert_i32x4(self.0))
    }
}

/// Four numbers of single precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Four(v128);

impl Four {
    pub const ZERO: Self = Self(u64x2(0, 0));

    #[inline]
    pub fn read(&[first, second, third, fourth]: &[f32; 4]) -> Self {
        Self(f32x4(first, second, third, fourth))
    }

    /// Adds the products.
    #[inline]
    pub fn add(&mut self, one: Self, other: Self) {
        self.0 = f32x4_add(self.0, f32x4_mul(one.0, other.0));
    }

    #[inline]
    pub fn numbers(self) -> [f32; 4] {
        let Self(four) = self;
        [
            f32x4_extract_lane::<0>(four),
            f32x4_extract_lane::<1>(four),
            f32x4_extract_lane::<2>(four),
            f32x4_extract_lane::<3>(four),
        ]
    }
}
