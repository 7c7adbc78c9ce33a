//! Vectors of numbers, as arrays.

/// Eight unsigned numbers of 16 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct U16x8([u16; 8]);

impl U16x8 {
    pub const ZERO: Self = Self([0; 8]);

    #[inline]
    pub fn splat(number: u16) -> Self {
        Self([number; 8])
    }

    /// The little-endian numbers of eight pairs of bytes.
    #[inline]
    pub fn load(bytes: &[u8; 16]) -> Self {
        let mut numbers = [0; 8];
        for (number, pair) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = u16::from_le_bytes(*pair);
        }
        Self(numbers)
    }

    /// Each number, shifted right by `SHIFT` bits and masked by `MASK`.
    #[inline]
    pub fn codes<const SHIFT: u32, const MASK: u16>(self) -> Self {
        Self(self.0.map(|number| number >> SHIFT & MASK))
    }

    /// Adds `codes * scale`.
    #[inline]
    pub fn add_product(&mut self, codes: Self, scale: Self) {
        for (number, (code, scale)) in self.0.iter_mut().zip(codes.0.into_iter().zip(scale.0)) {
            *number = number.wrapping_add(code.wrapping_mul(scale));
        }
    }

    #[inline]
    pub fn minus(mut self, zero_point: Self) -> Self {
        for (number, zero_point) in self.0.iter_mut().zip(zero_point.0) {
            *number = number.wrapping_sub(zero_point);
        }
        self
    }

    /// The numbers of both, alternating, as signed numbers.
    #[inline]
    pub fn interleave(even: Self, odd: Self) -> [I16x4; 4] {
        let mut quads = [I16x4([0; 4]); 4];
        let pairs = even.0.as_chunks::<2>().0.iter().zip(odd.0.as_chunks::<2>().0);
        for (quad, ([first, third], [second, fourth])) in quads.iter_mut().zip(pairs) {
            *quad = I16x4([first, second, third, fourth].map(|number| number.cast_signed()));
        }
        quads
    }
}

/// Four signed numbers of 16 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct I16x4([i16; 4]);

impl I16x4 {
    #[inline]
    pub fn add_to(self, total: &mut [i64; 4]) {
        for (total, number) in total.iter_mut().zip(self.0) {
            *total += i64::from(number);
        }
    }

    #[inline]
    pub fn to_f32x4(self) -> F32x4 {
        F32x4(self.0.map(f32::from))
    }
}

/// Four numbers of single precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct F32x4([f32; 4]);

impl F32x4 {
    pub const ZERO: Self = Self([0.0; 4]);

    #[inline]
    pub fn load(numbers: &[f32; 4]) -> Self {
        Self(*numbers)
    }

    /// Adds `left * right`.
    #[inline]
    pub fn add_product(&mut self, left: Self, right: Self) {
        for (number, (left, right)) in self.0.iter_mut().zip(left.0.into_iter().zip(right.0)) {
            *number += left * right;
        }
    }

    #[inline]
    pub fn to_array(self) -> [f32; 4] {
        self.0
    }
}
