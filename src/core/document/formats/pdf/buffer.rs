//! Bytes that the budget bounds.

use std::borrow::Cow;

use crate::budget::{Budget, Exceeded, Held};

/// The smallest capacity of a buffer with content, and the largest that is reserved by a guess.
const MIN_CAPACITY: usize = 4 * 1024;
const MAX_GUESS: usize = 1024 * 1024;

/// A growing list of bytes whose memory is charged before it is allocated.
pub(super) struct Buffer<'b> {
    bytes: Vec<u8>,
    budget: &'b Budget,
    held: Held<'b>,
}

impl<'b> Buffer<'b> {
    /// An empty buffer for probably `guess` bytes.
    pub fn new(budget: &'b Budget, guess: usize) -> Result<Self, Exceeded> {
        let capacity = guess.min(MAX_GUESS);
        let held = budget.hold(capacity)?;
        Ok(Self { bytes: Vec::with_capacity(capacity), budget, held })
    }

    /// Makes room for `more` bytes. The buffer grows by half, and is charged twice while it moves.
    pub fn reserve(&mut self, more: usize) -> Result<(), Exceeded> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = length.saturating_add(more);
        if needed > capacity {
            let capacity = needed.max(capacity.saturating_add(capacity / 2)).max(MIN_CAPACITY);
            let held = self.budget.hold(capacity)?;
            self.bytes.reserve_exact(capacity - length);
            self.held = held;
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// The bytes, to be written within the capacity or changed in place.
    pub fn vec(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub fn push(&mut self, byte: u8) -> Result<(), Exceeded> {
        self.reserve(1)?;
        self.bytes.push(byte);
        Ok(())
    }

    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), Exceeded> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends `length` bytes, each equal to the one `distance` bytes before it; nothing if there is none.
    pub fn repeat(&mut self, distance: usize, length: usize) -> Result<(), Exceeded> {
        let Some(start) = self.bytes.len().checked_sub(distance) else { return Ok(()) };
        self.reserve(length)?;
        for index in start..start + length {
            let Some(byte) = self.bytes.get(index).copied() else { break };
            self.bytes.push(byte);
        }
        Ok(())
    }

    /// The bytes, with the memory that is charged for them.
    pub fn into_parts(self) -> (Vec<u8>, Held<'b>) {
        (self.bytes, self.held)
    }
}

impl AsRef<[u8]> for Buffer<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes of the file, or made of them and charged for as long as they live.
pub(super) enum Bytes<'a, 'b> {
    Borrowed(&'a [u8]),
    Buffer(Buffer<'b>),
    /// Allocated by others, and charged.
    Owned(Vec<u8>, Held<'b>),
}

impl<'a, 'b> Bytes<'a, 'b> {
    /// Charges what was allocated.
    pub fn new(bytes: Cow<'a, [u8]>, budget: &'b Budget) -> Result<Self, Exceeded> {
        Ok(match bytes {
            Cow::Borrowed(bytes) => Self::Borrowed(bytes),
            Cow::Owned(bytes) => {
                let held = budget.hold(bytes.capacity())?;
                Self::Owned(bytes, held)
            }
        })
    }
}

impl<'b> Bytes<'_, 'b> {
    /// The bytes, with the memory that is charged for them.
    pub fn into_parts(self, budget: &'b Budget) -> Result<(Vec<u8>, Held<'b>), Exceeded> {
        Ok(match self {
            Self::Borrowed(bytes) => (bytes.to_vec(), budget.hold(bytes.len())?),
            Self::Buffer(buffer) => buffer.into_parts(),
            Self::Owned(bytes, held) => (bytes, held),
        })
    }
}

impl AsRef<[u8]> for Bytes<'_, '_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Buffer(buffer) => buffer.as_ref(),
            Self::Owned(bytes, _) => bytes,
        }
    }
}

impl Default for Bytes<'_, '_> {
    fn default() -> Self {
        Self::Borrowed(&[])
    }
}
