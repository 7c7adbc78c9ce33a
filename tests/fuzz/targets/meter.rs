//! The meter of work and memory, beside a model of it. Each nine bytes of an input are an operation and its amount.

use sortroom::{
    budget::{BYTES_PER_STEP, Budget, Held},
    error::Resource,
    limits,
};

use super::Target;
use crate::verdict::{Fault, Verdict, require};

pub const METER: Target = Target {
    name: "meter",
    seeds: || {
        let operation = |kind: u8, amount: u64| [&[kind][..], &amount.to_le_bytes()].concat();
        let amounts = [0, 1, 16, 17, 1000, limits::REQUEST_WORK, limits::MAX_HELD_BYTES, limits::MAX_ITEMS, u64::MAX];
        let all: Vec<_> =
            (0..OPERATIONS).flat_map(|kind| amounts.map(|amount| operation(kind, amount)).concat()).collect();
        let deep: Vec<_> = (0..600).flat_map(|_| operation(4, 0)).collect();
        let held: Vec<_> =
            (0..64).flat_map(|index| operation(3 + 2 * (index % 2), limits::MAX_HELD_BYTES / 20)).collect();
        vec![all, deep, held]
    },
    dictionary: &[
        b"\0",
        b"\x01",
        b"\x02",
        b"\x03",
        b"\x04",
        b"\x05",
        b"\x06",
        b"\x07",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\0\0\0\0\x80",
        b"\x04\0\0\0\0\0\0\0\0",
        b"\x03\0\0\0\x01\0\0\0\0",
        b"\x05\0\0\0\x01\0\0\0\0",
        b"\x06\0\0\0\0\0\0\0\0",
    ],
    inside: None,
    check: || Box::new(check),
};

const OPERATIONS: u8 = 7;

/// What the meter should say.
#[derive(Default)]
struct Model {
    work: u64,
    items: u64,
    memory: u64,
    depth: u64,
}

/// Charges `amount` where `used` has at most `limit`, and says whether that fits.
fn charge(used: &mut u64, amount: u64, limit: u64) -> bool {
    let sum = used.checked_add(amount).filter(|sum| *sum <= limit);
    *used = sum.unwrap_or(*used);
    sum.is_some()
}

fn check(bytes: &[u8]) -> Verdict {
    let budget = Budget::request();
    let mut model = Model::default();
    let mut held: Vec<(Held<'_>, Resource, u64)> = Vec::new();
    for operation in bytes.as_chunks::<9>().0 {
        let [kind, amount @ ..] = *operation;
        let amount = u64::from_le_bytes(amount);
        let size = usize::try_from(amount).unwrap_or(usize::MAX);
        let (fits, outcome) = match kind % OPERATIONS {
            0 => (charge(&mut model.work, amount, limits::REQUEST_WORK), budget.work(size)),
            1 => {
                let steps = amount.div_ceil(BYTES_PER_STEP);
                (charge(&mut model.work, steps, limits::REQUEST_WORK), budget.pass_over(size))
            }
            2 => (charge(&mut model.items, amount, limits::MAX_ITEMS), budget.items(size)),
            3 => {
                let fits = charge(&mut model.memory, amount, limits::MAX_HELD_BYTES);
                (fits, budget.hold(size).map(|guard| held.push((guard, Resource::Memory, amount))))
            }
            4 => {
                let fits = charge(&mut model.depth, 1, limits::MAX_DEPTH);
                (fits, budget.descend().map(|guard| held.push((guard, Resource::Depth, 1))))
            }
            5 => match held.last_mut() {
                Some((guard, Resource::Memory, own)) => {
                    let fits = charge(&mut model.memory, amount, limits::MAX_HELD_BYTES);
                    *own += if fits { amount } else { 0 };
                    (fits, guard.grow(size))
                }
                _ => continue,
            },
            _ => {
                if !held.is_empty() {
                    let (guard, resource, amount) = held.swap_remove(size % held.len());
                    drop(guard);
                    if resource == Resource::Memory { model.memory -= amount } else { model.depth -= amount }
                }
                (true, Ok(()))
            }
        };
        require!(fits == outcome.is_ok(), "operation {} of {amount}: {outcome:?}", kind % OPERATIONS);
        compare(&budget, &model)?;
    }
    drop(held);
    (model.memory, model.depth) = (0, 0);
    compare(&budget, &model)?;
    // All levels are there again.
    let levels: Result<Vec<_>, _> = (0..limits::MAX_DEPTH).map(|_| budget.descend()).collect();
    require!(levels.is_ok(), "{levels:?}");
    require!(budget.descend().is_err(), "there are more levels than before");
    Ok("ok")
}

/// Checks that the meter says what the model says.
fn compare(budget: &Budget, model: &Model) -> Result<(), Fault> {
    require!(budget.work_done() == model.work, "{} steps done, not {}", budget.work_done(), model.work);
    require!(budget.work_done() <= limits::REQUEST_WORK, "{} steps done", budget.work_done());
    require!(budget.work_left() == limits::REQUEST_WORK - model.work, "{} steps left", budget.work_left());
    let left = limits::MAX_HELD_BYTES - model.memory;
    require!(budget.memory_left() == left, "{} bytes left, not {left}", budget.memory_left());
    Ok(())
}
