//! How long a call keeps its thread: the processor time between two of its pauses.

use std::cell::Cell;

use sortroom::budget::Budget;

thread_local! {
    static TURN: Cell<f64> = const { Cell::new(0.0) };
    static LONGEST: Cell<f64> = const { Cell::new(0.0) };
}

fn end_turn() {
    let now = cpu_seconds();
    LONGEST.set(LONGEST.get().max(now - TURN.replace(now)));
}

/// Makes a call with a budget that pauses; returns what it does, and the seconds that its longest turn took.
pub fn longest<R>(budget: Budget, call: impl FnOnce(&Budget) -> R) -> (R, f64) {
    LONGEST.set(0.0);
    TURN.set(cpu_seconds());
    let result = call(&budget.pausing(end_turn));
    end_turn();
    (result, LONGEST.get())
}

/// The processor time of this thread, which other programs do not lengthen. Linux counts it in steps of up to 4 ms.
pub fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}
