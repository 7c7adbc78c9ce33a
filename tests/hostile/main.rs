//! The most expensive inputs found for each call: each ends within its budget, with an answer or with an error that says
//! what was exceeded. Steps are counted, and never time; `npm run bench:worst` prints both, and tries all inputs.

mod judging;

use judging::ATTACKS;
use sortroom::{budget::Budget, error::ErrorKind, limits};

fn check(call: &str) {
    let mut count = 0;
    let is_optimised = !cfg!(debug_assertions);
    let attacks = ATTACKS.iter().filter(|attack| attack.is_tested || is_optimised);
    for attack in attacks.filter(|attack| attack.name.starts_with(call)) {
        let budget = Budget::request();
        let outcome = (attack.prepare)().run(&budget);
        assert!(budget.work_done() <= limits::REQUEST_WORK, "{}", attack.name);
        assert!(budget.work_done() > 100_000, "{}: only {} steps are charged", attack.name, budget.work_done());
        match outcome.map_err(|error| error.kind()) {
            Ok(size) => assert!(size > 0, "{}", attack.name),
            Err(ErrorKind::OverBudget(_)) if !attack.is_honest => {}
            Err(kind) => panic!("{}: {kind:?}", attack.name),
        }
        count += 1;
    }
    assert!(count > 0, "no attack is named {call}");
}

#[test]
fn classifying_ends_within_its_budget() {
    check("classify");
}

#[test]
fn evaluating_ends_within_its_budget() {
    check("evaluate");
}

#[test]
fn linting_ends_within_its_budget() {
    check("lint");
}

#[test]
fn extracting_ends_within_its_budget() {
    check("extract");
}
