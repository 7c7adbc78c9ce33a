//! Where a rule stands among general subjects and among its rivals, whatever the words are.
//!
//! A cosine alone does not tell whether a document fits a rule: a mail about nothing in particular is a little like
//! everything, and a rule of vague words is a little like every mail. So the document and the rule are both held against
//! the same general subjects, which no rule set has to name.

use super::meaning::RuleDirections;
use crate::text::Vector;

/// Numbers of [`of_rule`].
pub(super) const SURROUNDINGS: usize = 10;

/// The subjects nearest to a text that its mean nearness is of.
const NEAREST: usize = 5;

/// The subjects that say what a rule is about.
const OF_RULE: usize = 8;

/// How near the next rule is to one without rivals: nothing could be mistaken for it.
const LONE: f64 = -0.5;

/// How near a document is to each of the general subjects.
pub(super) struct Subjects {
    direction: Vector,
    cosines: Vec<f64>,
}

impl Subjects {
    /// Of a document of this direction.
    pub fn new(direction: Vector) -> Self {
        let cosines = cosines(&direction);
        Self { direction, cosines }
    }
}

fn cosines(direction: &Vector) -> Vec<f64> {
    Vector::subjects().iter().map(|subject| subject.dot(direction)).collect()
}

/// In this order: the document's cosine with the nearest subject, the mean over all subjects, their spread, and the mean of the
/// nearest; its cosine with the rule, and the share of subjects that are nearer to it than the rule; the rule's cosine with
/// its nearest subject, the spread over all, and that with its nearest rival; and the document's mean cosine with the subjects
/// that the rule is about.
pub(super) fn of_rule(rule_at: usize, rules: &RuleDirections, document: &Subjects) -> [f64; SURROUNDINGS] {
    let Some(rule) = rules.alone.get(rule_at) else { return [0.0; SURROUNDINGS] };
    let cosine = document.direction.dot(rule);
    let nearer = document.cosines.iter().filter(|&&subject| subject > cosine).count();
    let others = rules.alone.iter().enumerate().filter(|&(at, _)| at != rule_at);
    let of_rule = cosines(rule);
    let mut subjects: Vec<(f64, f64)> = of_rule.iter().copied().zip(document.cosines.iter().copied()).collect();
    // Stable, so that equal cosines stay in the order of the subjects.
    subjects.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut nearest = document.cosines.clone();
    nearest.sort_by(|a, b| b.total_cmp(a));
    [
        largest(document.cosines.iter().copied()),
        mean(document.cosines.iter().copied()),
        spread(&document.cosines),
        mean(nearest.into_iter().take(NEAREST)),
        cosine,
        nearer as f64 / document.cosines.len().max(1) as f64,
        largest(of_rule.iter().copied()),
        spread(&of_rule),
        others.map(|(_, other)| other.dot(rule)).reduce(f64::max).unwrap_or(LONE),
        mean(subjects.into_iter().take(OF_RULE).map(|(_, of_document)| of_document)),
    ]
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(f64::max).unwrap_or_default()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The standard deviation.
fn spread(values: &[f64]) -> f64 {
    let mean_of_all = mean(values.iter().copied());
    mean(values.iter().map(|value| (value - mean_of_all) * (value - mean_of_all))).sqrt()
}
