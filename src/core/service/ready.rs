//! Classifiers that are ready, kept for whoever asks for the same next.
//!
//! Jobs of a project mostly share their rules. Making rules ready costs as much as a decision, and many times that where
//! they have examples; an instance that serves one job after the other does it once. No answer depends on it.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use crate::{
    classify::{Classifier, RuleSet, Settings},
    job::Classification,
};

/// How many are kept: a handful of projects take turns in an instance, whose memory is 128 MB. One takes up to three times
/// [`MAX_EXAMPLES_BYTES`](crate::limits::MAX_EXAMPLES_BYTES): its texts, their stems, and its rules' sums.
const KEPT: usize = 4;

/// A classifier, and what it was made of.
struct Ready {
    rules: RuleSet,
    settings: Settings,
    classifier: Rc<Classifier>,
}

thread_local! {
    /// The one asked for last is the first.
    static READY: RefCell<VecDeque<Ready>> = const { RefCell::new(VecDeque::new()) };
}

/// The classifier of these rules and settings.
pub(super) fn classifier(Classification { rules, settings, .. }: &Classification) -> Rc<Classifier> {
    READY.with_borrow_mut(|kept| {
        let known = kept.iter().position(|ready| ready.rules == *rules && ready.settings == *settings);
        let ready = known.and_then(|place| kept.remove(place)).unwrap_or_else(|| Ready {
            rules: rules.clone(),
            settings: settings.clone(),
            classifier: Rc::new(Classifier::new(rules, settings)),
        });
        let classifier = Rc::clone(&ready.classifier);
        kept.push_front(ready);
        kept.truncate(KEPT);
        classifier
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Rule;

    fn classification(label: &str, no_match_bias: f64) -> Classification {
        Classification {
            rules: RuleSet { rules: vec![Rule::new(label, "An invoice with a total amount due")] },
            settings: Settings { no_match_bias, ..Settings::default() },
            ..Classification::default()
        }
    }

    #[test]
    fn the_same_rules_are_made_ready_once() {
        let first = classifier(&classification("a", 0.0));
        assert!(Rc::ptr_eq(&first, &classifier(&classification("a", 0.0))));
        assert!(!Rc::ptr_eq(&first, &classifier(&classification("a", 0.5))), "other settings");
        assert!(!Rc::ptr_eq(&first, &classifier(&classification("b", 0.0))), "another label");
    }

    #[test]
    fn those_longest_unasked_for_go_first() {
        let first = classifier(&classification("first", 0.0));
        let second = classifier(&classification("second", 0.0));
        for other in 2..KEPT {
            classifier(&classification(&other.to_string(), 0.0));
        }
        assert!(Rc::ptr_eq(&first, &classifier(&classification("first", 0.0))));
        classifier(&classification("one more", 0.0));
        assert!(Rc::ptr_eq(&first, &classifier(&classification("first", 0.0))));
        assert!(!Rc::ptr_eq(&second, &classifier(&classification("second", 0.0))));
    }
}
