//! Numbers side by side, as arrays.

/// Eight numbers of sixteen bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wide([u16; 8]);

impl Wide {
    pub const ZERO: Self = Self([0; 8]);

    #[inline]
    pub fn all(number: u16) -> Self {
        Self([number; 8])
    }

    /// Eight pairs of bytes.
    #[inline]
    pub fn read(bytes: &[u8; 16]) -> Self {
        let mut numbers = [0; 8];
        for (number, pair) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = u16::from_le_bytes(*pair);
        }
        Self(numbers)
    }

    /// Of each number the bits of `MASK`, `SHIFT` bits up.
    #[inline]
    pub fn digits<const SHIFT: u32, const MASK: u16>(self) -> Self {
        Self(self.0.map(|number| number >> SHIFT & MASK))
    }

    /// Adds the products.
    #[inline]
    pub fn add(&mut self, digits: Self, multiplier: Self) {
        for (number, (digit, multiplier)) in self.0.iter_mut().zip(digits.0.into_iter().zip(multiplier.0)) {
            *number = number.wrapping_add(digit.wrapping_mul(multiplier));
        }
    }

    #[inline]
    pub fn less(mut self, bias: Self) -> Self {
        for (number, bias) in self.0.iter_mut().zip(bias.0) {
            *number = number.wrapping_sub(bias);
        }
        self
    }

    /// The numbers of both in turn, taken to have a sign.
    #[inline]
    pub fn interleaved(even: Self, odd: Self) -> [Whole; 4] {
        let mut fours = [Whole([0; 4]); 4];
        let pairs = even.0.as_chunks::<2>().0.iter().zip(odd.0.as_chunks::<2>().0);
        for (four, ([first, third], [second, fourth])) in fours.iter_mut().zip(pairs) {
            *four = Whole([first, second, third, fourth].map(|number| number.cast_signed()));
        }
        fours
    }
}

/// Four whole numbers with a sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole([i16; 4]);

impl Whole {
    #[inline]
    pub fn add_to(self, total: &mut [i64; 4]) {
        for (total, number) in total.iter_mut().zip(self.0) {
            *total += i64::from(number);
        }
    }

    #[inline]
    pub fn as_floats(self) -> Four {
        Four(self.0.map(f32::from))
    }
}

/// Four numbers of single precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Four([f32; 4]);

impl Four {
    pub const ZERO: Self = Self([0.0; 4]);

    #[inline]
    pub fn read(numbers: &[f32; 4]) -> Self {
        Self(*numbers)
    }

    /// Adds the products.
    #[inline]
    pub fn add(&mut self, one: Self, other: Self) {
        for (number, (one, other)) in self.0.iter_mut().zip(one.0.into_iter().zip(other.0)) {
            *number += one * other;
        }
    }

    #[inline]
    pub fn numbers(self) -> [f32; 4] {
        self.0
    }
}
