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
    limits: Amounts<u64>,
    used: Amounts<Cell<u64>>,
    /// Where a charge looks up what to do: at a limit, or at the end of a turn before it.
    checkpoints: Amounts<Cell<u64>>,
    turns: Turns,
}

/// How a call shares its thread with other calls. A turn is what runs without a pause.
#[derive(Debug)]
enum Turns {
    /// It does not.
    Unbounded,
    /// It has one turn. The cell tells whether it needed another.
    One(Cell<bool>),
    /// It calls `pause` between its turns. The cell has the progress in this turn.
    Pausing { pause: fn(), progress: Cell<u64> },
}

/// An amount of each resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Amounts<T> {
    work: T,
    memory: T,
    items: T,
    depth: T,
}

impl<T> Amounts<T> {
    const fn of(&self, resource: Resource) -> &T {
        match resource {
            Resource::Work => &self.work,
            Resource::Memory => &self.memory,
            Resource::Items => &self.items,
            Resource::Depth => &self.depth,
        }
    }
}

impl Amounts<u64> {
    const fn in_cells(self) -> Amounts<Cell<u64>> {
        let Self { work, memory, items, depth } = self;
        Amounts { work: Cell::new(work), memory: Cell::new(memory), items: Cell::new(items), depth: Cell::new(depth) }
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

    /// The same budget, for a call about a document of `bytes` bytes, which takes memory itself.
    #[must_use]
    pub const fn beside(self, bytes: usize) -> Self {
        let left = limits::MAX_CALL_BYTES.saturating_sub(bytes as u64);
        let Amounts { memory, .. } = self.limits;
        Self::new(Amounts { memory: if left < memory { left } else { memory }, ..self.limits })
    }

    /// A budget that is never exceeded, for training and measuring on trusted data.
    pub const fn unlimited() -> Self {
        Self::new(Amounts { work: u64::MAX, memory: u64::MAX, items: u64::MAX, depth: u64::MAX })
    }

    const fn new(limits: Amounts<u64>) -> Self {
        let used = Amounts { work: 0, memory: 0, items: 0, depth: 0 };
        Self { limits, used: used.in_cells(), checkpoints: limits.in_cells(), turns: Turns::Unbounded }
    }

    /// The same budget, for a call that calls `pause` between its turns.
    #[must_use]
    pub const fn pausing(self, pause: fn()) -> Self {
        self.in_turns(Turns::Pausing { pause, progress: Cell::new(0) }, self.limits.memory)
    }

    /// The same budget, for a call that has one turn. If it needs another, or much memory, it ends with an error, and
    /// [`needs_another_turn`](Self::needs_another_turn) tells that its budget had more.
    #[must_use]
    pub const fn in_one_turn(self) -> Self {
        self.in_turns(Turns::One(Cell::new(false)), limits::ONE_TURN_HELD_BYTES)
    }

    const fn in_turns(&self, turns: Turns, memory: u64) -> Self {
        let Self { limits, .. } = *self;
        let checkpoints = Amounts { work: limits::FIRST_TURN_WORK, memory, ..limits };
        Self { checkpoints: checkpoints.in_cells(), turns, ..Self::new(limits) }
    }

    /// Whether a call that has one turn needed another. What it returned means nothing then.
    pub fn needs_another_turn(&self) -> bool {
        matches!(&self.turns, Turns::One(is_over) if is_over.get())
    }

    fn used(&self, resource: Resource) -> &Cell<u64> {
        self.used.of(resource)
    }

    fn charge(&self, resource: Resource, amount: u64) -> Result<(), Exceeded> {
        let used = self.used(resource).get().saturating_add(amount);
        if used > self.checkpoints.of(resource).get() {
            self.pass_checkpoint(resource, amount, used)?;
        }
        self.used(resource).set(used);
        Ok(())
    }

    /// Ends the call, or its turn, where charging `amount` makes `used` pass a checkpoint. A function of its own, because
    /// `charge` is in many loops.
    #[cold]
    #[inline(never)]
    fn pass_checkpoint(&self, resource: Resource, amount: u64, used: u64) -> Result<(), Exceeded> {
        let limit = *self.limits.of(resource);
        let exceeded = Err(Exceeded { resource, limit });
        match &self.turns {
            _ if used > limit => exceeded,
            Turns::Unbounded => exceeded,
            Turns::One(is_over) => {
                is_over.set(true);
                // Where the call ignores the error, the next charge of anything gives it another.
                let Amounts { work, memory, items, depth } = &self.checkpoints;
                [work, memory, items, depth].iter().for_each(|checkpoint| checkpoint.set(0));
                exceeded
            }
            Turns::Pausing { pause, progress } => {
                // The work that is charged follows, so it belongs to the next turn, and may be all of it.
                let end = (used - amount).saturating_add(limits::TURN_WORK).max(used);
                self.checkpoints.of(resource).set(limit.min(end));
                progress.set(0);
                pause();
                Ok(())
            }
        }
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

    /// Tells that `steps` of the work charged before are done. What charges much work at once, and then does it, tells so
    /// as it goes on, so that a long call can pause.
    pub fn progress(&self, steps: usize) {
        if let Turns::Pausing { pause, progress } = &self.turns {
            progress.set(progress.get().saturating_add(steps as u64));
            if progress.get() > limits::TURN_WORK {
                progress.set(0);
                pause();
            }
        }
    }

    /// Charges the work of comparing each of `left` things with each of `right`, of which a step compares
    /// `pairs_per_step`. What a caller multiplied itself would not fit the 32 bits of a size in WebAssembly.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the budget has less left.
    pub fn pairs(&self, left: usize, right: usize, pairs_per_step: usize) -> Result<(), Exceeded> {
        self.charge(Resource::Work, (left as u64).saturating_mul(right as u64).div_ceil(pairs_per_step as u64))
    }

    /// Ends the turn `steps` earlier, where the work that was charged may take longer than its steps do otherwise.
    pub fn shorten_turn(&self, steps: usize) {
        if let Turns::Pausing { .. } = self.turns {
            let end = &self.checkpoints.work;
            end.set(end.get().saturating_sub(steps as u64).max(self.work_done()));
        }
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
const STAGE: Amounts<u64> = Amounts {
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
    fn pairs_do_not_overflow() {
        let budget = Budget::stage();
        budget.pairs(10, 7, 64).unwrap();
        assert_eq!(budget.work_done(), 2);
        budget.pairs(u32::MAX as usize, u32::MAX as usize, 512).unwrap_err();
        budget.pairs(usize::MAX, usize::MAX, 512).unwrap_err();
        assert_eq!(budget.work_done(), 2);
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
    fn a_long_call_pauses_after_each_turn() {
        thread_local!(static PAUSES: Cell<u32> = const { Cell::new(0) });
        let budget = Budget::request().pausing(|| PAUSES.set(PAUSES.get() + 1));
        budget.work(limits::FIRST_TURN_WORK as usize).unwrap();
        assert_eq!(PAUSES.get(), 0);
        for pauses in 1..=3 {
            budget.work(1).unwrap();
            assert_eq!(PAUSES.get(), pauses);
            budget.work(limits::TURN_WORK as usize - 1).unwrap();
            assert_eq!(PAUSES.get(), pauses);
        }
        // What is charged at once takes at least a turn.
        budget.work(10 * limits::TURN_WORK as usize).unwrap();
        assert_eq!(PAUSES.get(), 4);
        budget.work(1).unwrap();
        assert_eq!(PAUSES.get(), 5);
        // Work that may take longer.
        budget.work(limits::TURN_WORK as usize / 2).unwrap();
        budget.shorten_turn(limits::TURN_WORK as usize);
        assert_eq!(PAUSES.get(), 5);
        budget.work(1).unwrap();
        assert_eq!(PAUSES.get(), 6);
        assert!(!budget.needs_another_turn());
        assert_eq!(budget.work(usize::MAX).unwrap_err().limit, limits::REQUEST_WORK);

        budget.work(20 * limits::TURN_WORK as usize).unwrap();
        assert_eq!(PAUSES.get(), 7, "the work is done after the charge");
        for _ in 0..1_000 {
            budget.progress(2 * limits::TURN_WORK as usize / 100);
        }
        assert_eq!(PAUSES.get(), 7 + 19);
    }

    #[test]
    fn a_call_of_one_turn_ends_with_it() {
        let budget = Budget::stage().in_one_turn();
        budget.work(limits::FIRST_TURN_WORK as usize).unwrap();
        drop(budget.hold(limits::ONE_TURN_HELD_BYTES as usize).unwrap());
        assert!(!budget.needs_another_turn());
        budget.work(1).unwrap_err();
        assert!(budget.needs_another_turn());
        budget.items(1).expect_err("nothing goes on after the turn");

        let budget = Budget::stage().in_one_turn();
        budget.hold(limits::ONE_TURN_HELD_BYTES as usize + 1).unwrap_err();
        assert!(budget.needs_another_turn());

        let budget = Budget::stage().in_one_turn();
        budget.work(usize::MAX).unwrap_err();
        assert!(!budget.needs_another_turn(), "more turns would not help");
    }

    #[test]
    fn a_large_document_leaves_less_memory() {
        assert_eq!(Budget::stage().beside(0).memory_left(), limits::MAX_HELD_BYTES);
        let left = limits::MAX_CALL_BYTES - limits::MAX_DOCUMENT_BYTES;
        assert_eq!(Budget::request().beside(limits::MAX_DOCUMENT_BYTES as usize).memory_left(), left);
        assert_eq!(Budget::stage().beside(usize::MAX).memory_left(), 0);
    }

    #[test]
    fn unlimited_is_never_exceeded() {
        let budget = Budget::unlimited();
        budget.work(usize::MAX).unwrap();
        budget.work(usize::MAX).unwrap();
        let _held = budget.hold(usize::MAX).unwrap();
    }
}
