//! How long a call keeps its thread: the time between two of its pauses.

use std::{cell::Cell, time::Instant};

use sortroom::budget::Budget;

thread_local! {
    static TURN: Cell<Option<Instant>> = const { Cell::new(None) };
    static LONGEST: Cell<f64> = const { Cell::new(0.0) };
}

fn end_turn() {
    let now = Instant::now();
    if let Some(start) = TURN.replace(Some(now)) {
        LONGEST.set(LONGEST.get().max(now.duration_since(start).as_secs_f64()));
    }
}

/// Makes a call with a budget that pauses; returns what it does, and the seconds that its longest turn took.
pub fn longest<R>(budget: Budget, call: impl FnOnce(&Budget) -> R) -> (R, f64) {
    LONGEST.set(0.0);
    TURN.set(Some(Instant::now()));
    let result = call(&budget.pausing(end_turn));
    end_turn();
    (result, LONGEST.get())
}
