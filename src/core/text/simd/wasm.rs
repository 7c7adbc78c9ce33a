//! Vectors of numbers, as the vectors of wasm.

use core::arch::wasm32::{
    f32x4, f32x4_add, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, i16x8_shuffle, i32x4_extend_high_i16x8,
    i32x4_extend_low_i16x8, i64x2_extend_high_i32x4, i64x2_extend_low_i32x4, i64x2_extract_lane, u16x8_add, u16x8_mul,
    u16x8_shr, u16x8_splat, u16x8_sub, u64x2, v128, v128_and,
};

/// Eight unsigned numbers of 16 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct U16x8(v128);

impl U16x8 {
    pub const ZERO: Self = Self(u64x2(0, 0));

    #[inline]
    pub fn splat(number: u16) -> Self {
        Self(u16x8_splat(number))
    }

    /// The little-endian numbers of eight pairs of bytes.
    #[inline]
    pub fn load(bytes: &[u8; 16]) -> Self {
        let bits = u128::from_le_bytes(*bytes);
        Self(u64x2(bits as u64, (bits >> 64) as u64))
    }

    /// Each number, shifted right by `SHIFT` bits and masked by `MASK`.
    #[inline]
    pub fn codes<const SHIFT: u32, const MASK: u16>(self) -> Self {
        Self(v128_and(u16x8_shr(self.0, SHIFT), u16x8_splat(MASK)))
    }

    /// Adds `codes * scale`.
    #[inline]
    pub fn add_product(&mut self, codes: Self, scale: Self) {
        self.0 = u16x8_add(self.0, u16x8_mul(codes.0, scale.0));
    }

    #[inline]
    pub fn minus(self, zero_point: Self) -> Self {
        Self(u16x8_sub(self.0, zero_point.0))
    }

    /// The numbers of both, alternating, as signed numbers.
    #[inline]
    pub fn interleave(even: Self, odd: Self) -> [I16x4; 4] {
        let low = i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(even.0, odd.0);
        let high = i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(even.0, odd.0);
        [
            I16x4(i32x4_extend_low_i16x8(low)),
            I16x4(i32x4_extend_high_i16x8(low)),
            I16x4(i32x4_extend_low_i16x8(high)),
            I16x4(i32x4_extend_high_i16x8(high)),
        ]
    }
}

/// Four signed numbers of 16 bits, each in a lane of 32.
#[derive(Debug, Clone, Copy)]
pub(super) struct I16x4(v128);

impl I16x4 {
    #[inline]
    pub fn add_to(self, [first, second, third, fourth]: &mut [i64; 4]) {
        let (low, high) = (i64x2_extend_low_i32x4(self.0), i64x2_extend_high_i32x4(self.0));
        *first += i64x2_extract_lane::<0>(low);
        *second += i64x2_extract_lane::<1>(low);
        *third += i64x2_extract_lane::<0>(high);
        *fourth += i64x2_extract_lane::<1>(high);
    }

    #[inline]
    pub fn to_f32x4(self) -> F32x4 {
        F32x4(f32x4_convert_i32x4(self.0))
    }
}

/// Four numbers of single precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct F32x4(v128);

impl F32x4 {
    pub const ZERO: Self = Self(u64x2(0, 0));

    #[inline]
    pub fn load(&[first, second, third, fourth]: &[f32; 4]) -> Self {
        Self(f32x4(first, second, third, fourth))
    }

    /// Adds `left * right`.
    #[inline]
    pub fn add_product(&mut self, left: Self, right: Self) {
        self.0 = f32x4_add(self.0, f32x4_mul(left.0, right.0));
    }

    #[inline]
    pub fn to_array(self) -> [f32; 4] {
        let Self(lanes) = self;
        [
            f32x4_extract_lane::<0>(lanes),
            f32x4_extract_lane::<1>(lanes),
            f32x4_extract_lane::<2>(lanes),
            f32x4_extract_lane::<3>(lanes),
        ]
    }
}
