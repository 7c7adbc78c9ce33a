//! The one meter of work and memory.
//!
//! A [`Budget`] is made for each request or stage from [`limits`], and handed through reading, classifying, extracting,
//! evaluating and linting. Code that loops or allocates by the size of its input charges it first; past the budget the
//! call ends with an error that names what was exceeded. Work is counted and not timed, so that the same input has the
//! same outcome on every platform.
//!
//! One step of work is what takes about 50 ns on one core of a small server: 16 bytes of text, a graphics operator, a
//! comparison of two short strings.

use std::{cell::Cell, fmt};

use crate::{
    error::{Error, ErrorKind, Resource},
    limits,
};

/// Bytes of text or of decoded data that are one step of work.
pub const BYTES_PER_STEP: u64 = 16;

/// The rest of what one call may use. Shared by reference: every part of the call charges the same budget.
#[derive(Debug)]
pub struct Budget {
    limits: Amounts,
    used: [Cell<u64>; 4],
}

/// An amount of each resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Amounts {
    work: u64,
    memory: u64,
    items: u64,
    depth: u64,
}

impl Amounts {
    const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Work => self.work,
            Resource::Memory => self.memory,
            Resource::Items => self.items,
            Resource::Depth => self.depth,
        }
    }
}

/// A call used more than its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// What it used too much of.
    pub resource: Resource,
    /// How much of it the budget has.
    pub limit: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, .. } = self;
        match self.resource {
            Resource::Work => write!(f, "This takes more than {limit} steps of work"),
            Resource::Memory => write!(f, "This takes more than {} MiB of memory", limit / limits::MIB),
            Resource::Items => write!(f, "This has more than {limit} parts"),
            Resource::Depth => write!(f, "This is nested more than {limit} levels deep"),
        }
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::new(ErrorKind::OverBudget(exceeded.resource), exceeded.to_string())
    }
}

impl Budget {
    /// The budget of a request that is answered at once.
    pub const fn request() -> Self {
        Self::new(Amounts { work: limits::REQUEST_WORK, ..STAGE })
    }

    /// The budget of a stage of a job, which nobody waits for with an open connection.
    pub const fn stage() -> Self {
        Self::new(STAGE)
    }

    /// A budget that is never exceeded, for training and measuring on trusted data.
    pub const fn unlimited() -> Self {
        Self::new(Amounts { work: u64::MAX, memory: u64::MAX, items: u64::MAX, depth: u64::MAX })
    }

    const fn new(limits: Amounts) -> Self {
        Self { limits, used: [const { Cell::new(0) }; 4] }
    }

    fn used(&self, resource: Resource) -> &Cell<u64> {
        let [work, memory, items, depth] = &self.used;
        match resource {
            Resource::Work => work,
            Resource::Memory => memory,
            Resource::Items => items,
            Resource::Depth => depth,
        }
    }

    fn charge(&self, resource: Resource, amount: u64) -> Result<(), Exceeded> {
        let limit = self.limits.of(resource);
        let used = self.used(resource).get().saturating_add(amount);
        if used > limit {
            return Err(Exceeded { resource, limit });
        }
        self.used(resource).set(used);
        Ok(())
    }

    fn release(&self, resource: Resource, amount: u64) {
        let used = self.used(resource);
        used.set(used.get().saturating_sub(amount));
    }

    /// Charges `steps` of work.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has less left.
    pub fn work(&self, steps: usize) -> Result<(), Exceeded> {
        self.charge(Resource::Work, steps as u64)
    }

    /// Charges the work of one pass over `bytes` bytes.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has less left.
    pub fn pass_over(&self, bytes: usize) -> Result<(), Exceeded> {
        self.charge(Resource::Work, (bytes as u64).div_ceil(BYTES_PER_STEP))
    }

    /// Charges `count` things made of the input.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has fewer left.
    pub fn items(&self, count: usize) -> Result<(), Exceeded> {
        self.charge(Resource::Items, count as u64)
    }

    /// Charges `bytes` of memory until the returned guard is dropped.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has less left.
    pub fn hold(&self, bytes: usize) -> Result<Held<'_>, Exceeded> {
        let mut held = Held { budget: self, resource: Resource::Memory, amount: 0 };
        held.grow(bytes)?;
        Ok(held)
    }

    /// Charges one level of nesting until the returned guard is dropped.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has none left.
    pub fn descend(&self) -> Result<Held<'_>, Exceeded> {
        let mut held = Held { budget: self, resource: Resource::Depth, amount: 0 };
        held.grow(1)?;
        Ok(held)
    }

    /// The steps of work charged so far.
    pub fn work_done(&self) -> u64 {
        self.used(Resource::Work).get()
    }

    /// The steps of work left.
    pub fn work_left(&self) -> u64 {
        self.limits.work - self.work_done()
    }

    /// The bytes of memory left.
    pub fn memory_left(&self) -> u64 {
        self.limits.memory.saturating_sub(self.used(Resource::Memory).get())
    }
}

/// The budget of a stage.
const STAGE: Amounts = Amounts {
    work: limits::STAGE_WORK,
    memory: limits::MAX_HELD_BYTES,
    items: limits::MAX_ITEMS,
    depth: limits::MAX_DEPTH,
};

/// Memory, or levels of nesting, charged to a budget; dropping it gives them back.
#[derive(Debug)]
#[must_use = "what is held is given back when this is dropped"]
pub struct Held<'a> {
    budget: &'a Budget,
    resource: Resource,
    amount: u64,
}

impl Held<'_> {
    /// Charges more.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has less left.
    pub fn grow(&mut self, more: usize) -> Result<(), Exceeded> {
        self.budget.charge(self.resource, more as u64)?;
        self.amount += more as u64;
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.budget.release(self.resource, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_until_nothing_is_left() {
        let budget = Budget::request();
        budget.work(limits::REQUEST_WORK as usize).unwrap();
        assert_eq!(budget.work(0), Ok(()));
        let exceeded = budget.work(1).unwrap_err();
        assert_eq!(exceeded, Exceeded { resource: Resource::Work, limit: limits::REQUEST_WORK });
        assert_eq!(budget.work_left(), 0, "what was refused is not charged");
        assert_eq!(Error::from(exceeded).code(), "OVER_BUDGET");
    }

    #[test]
    fn memory_and_depth_come_back() {
        let budget = Budget::stage();
        let all = budget.hold(limits::MAX_HELD_BYTES as usize).unwrap();
        assert_eq!(budget.hold(1).unwrap_err().resource, Resource::Memory);
        drop(all);
        assert_eq!(budget.memory_left(), limits::MAX_HELD_BYTES);
        let levels: Vec<_> = (0..limits::MAX_DEPTH).map(|_| budget.descend().unwrap()).collect();
        assert_eq!(budget.descend().unwrap_err().resource, Resource::Depth);
        drop(levels);
        assert!(budget.descend().is_ok());
    }

    #[test]
    fn unlimited_is_never_exceeded() {
        let budget = Budget::unlimited();
        budget.work(usize::MAX).unwrap();
        budget.work(usize::MAX).unwrap();
        let _held = budget.hold(usize::MAX).unwrap();
    }
}
