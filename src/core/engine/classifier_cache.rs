//! A cache of compiled classifiers.
//!
//! Calls of a project mostly share their rules. Compiling rules costs as much as a decision, and many times that if
//! they have examples; an instance that answers several calls compiles them once. The cache never changes an answer.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use crate::{
    budget::Budget,
    classify::{Classifier, RuleSet, Settings},
    error::Result,
};

/// The capacity of the cache: a handful of projects take turns in an instance, whose memory is 128 MB. A classifier
/// takes up to three times [`MAX_EXAMPLES_BYTES`](crate::limits::MAX_EXAMPLES_BYTES): its texts, their stems, and its
/// rules' sums.
const CAPACITY: usize = 4;

/// A classifier, and the rules and settings that it was compiled from.
struct CacheEntry {
    rules: RuleSet,
    settings: Settings,
    classifier: Rc<Classifier>,
    /// The steps of work that compiling it took.
    work: usize,
}

thread_local! {
    /// The most recently used entry is first.
    static CACHE: RefCell<VecDeque<CacheEntry>> = const { RefCell::new(VecDeque::new()) };
}

/// Takes the entry of these rules and settings out of the cache.
fn take(rules: &RuleSet, settings: &Settings) -> Option<CacheEntry> {
    CACHE.with_borrow_mut(|cache| {
        let index = cache.iter().position(|entry| entry.rules == *rules && entry.settings == *settings);
        index.and_then(|index| cache.remove(index))
    })
}

fn compile(rules: &RuleSet, settings: &Settings, budget: &Budget) -> Result<CacheEntry> {
    let before = budget.work_done();
    let classifier = Rc::new(Classifier::new(rules, settings, budget)?);
    let work = usize::try_from(budget.work_done() - before).unwrap_or(usize::MAX);
    Ok(CacheEntry { rules: rules.clone(), settings: settings.clone(), classifier, work })
}

/// The classifier of these rules and settings.
///
/// # Errors
///
/// `OverBudget` if compiling them takes more than `budget`.
pub(super) fn classifier(rules: &RuleSet, settings: &Settings, budget: &Budget) -> Result<Rc<Classifier>> {
    // The cache is not borrowed while rules are compiled: a long call pauses, and others look into the cache meanwhile.
    let entry = match take(rules, settings) {
        // Whether a call exceeds its budget must not depend on the calls before it.
        Some(entry) => budget.work(entry.work).map(|()| entry)?,
        None => compile(rules, settings, budget)?,
    };
    let classifier = Rc::clone(&entry.classifier);
    CACHE.with_borrow_mut(|cache| {
        cache.push_front(entry);
        cache.truncate(CAPACITY);
    });
    Ok(classifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Rule;

    fn compiled(label: &str, no_match_bias: f64) -> Rc<Classifier> {
        let rules = RuleSet { rules: vec![Rule::new(label, "An invoice with a total amount due")] };
        classifier(&rules, &Settings { no_match_bias, ..Settings::default() }, &Budget::request()).unwrap()
    }

    #[test]
    fn compiles_the_same_rules_once() {
        let first = compiled("a", 0.0);
        assert!(Rc::ptr_eq(&first, &compiled("a", 0.0)));
        assert!(!Rc::ptr_eq(&first, &compiled("a", 0.5)), "other settings");
        assert!(!Rc::ptr_eq(&first, &compiled("b", 0.0)), "another label");
    }

    #[test]
    fn charges_the_same_work_each_time() {
        let rules = RuleSet { rules: vec![Rule::new("charged", "A letter of complaint about a late delivery")] };
        let work = || {
            let budget = Budget::request();
            classifier(&rules, &Settings::default(), &budget).unwrap();
            budget.work_done()
        };
        let first = work();
        assert!(first > 0);
        assert_eq!(work(), first);
    }

    #[test]
    fn evicts_the_least_recently_used() {
        let first = compiled("first", 0.0);
        let second = compiled("second", 0.0);
        for number in 2..CAPACITY {
            compiled(&number.to_string(), 0.0);
        }
        assert!(Rc::ptr_eq(&first, &compiled("first", 0.0)));
        compiled("one more", 0.0);
        assert!(Rc::ptr_eq(&first, &compiled("first", 0.0)));
        assert!(!Rc::ptr_eq(&second, &compiled("second", 0.0)));
    }
}
