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

/// The classifier of these rules and settings.
///
/// # Errors
///
/// `OverBudget` if compiling them takes more than `budget`.
pub(super) fn classifier(rules: &RuleSet, settings: &Settings, budget: &Budget) -> Result<Rc<Classifier>> {
    // The cache is not borrowed while rules are compiled: a long call pauses, and others look into the cache meanwhile.
    let entry = match take(rules, settings) {
        Some(entry) => entry,
        None => CacheEntry {
            rules: rules.clone(),
            settings: settings.clone(),
            classifier: Rc::new(Classifier::new(rules, settings, budget)?),
        },
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
