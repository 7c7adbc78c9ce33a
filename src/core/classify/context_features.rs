//! Features that compare a rule with general subjects and with the other rules, by meaning alone.
//!
//! A cosine alone does not show whether a document fits a rule: a mail about nothing in particular is a little similar
//! to everything, and a vague rule is a little similar to every mail. So the document and the rule are both compared
//! with the same general subjects, which are independent of the rule set.

use super::semantic::RuleVectors;
use crate::text::{EmbeddingTable, Vector};

/// The number of features of [`context_features()`].
pub(super) const CONTEXT_FEATURES: usize = 10;

/// The number of nearest subjects over which the mean cosine of a document is taken.
const NEAREST_SUBJECTS: usize = 5;

/// The number of subjects that describe a rule.
const RULE_SUBJECTS: usize = 8;

/// The cosine of the nearest rival of the only rule of a set: nothing can be mistaken for it.
const SINGLE_RULE_SIMILARITY: f64 = -0.5;

/// The cosines of a document with the general subjects.
pub(super) struct SubjectSimilarities {
    direction: Vector,
    cosines: Vec<f64>,
}

impl SubjectSimilarities {
    /// The cosines of a document with this direction.
    pub fn new(direction: Vector, table: &EmbeddingTable) -> Self {
        let cosines = cosines(&direction, table);
        Self { direction, cosines }
    }
}

fn cosines(direction: &Vector, table: &EmbeddingTable) -> Vec<f64> {
    table.subjects().iter().map(|subject| subject.dot(direction)).collect()
}

/// The features of a rule, in this order: the document's cosine with the nearest subject, the mean over all subjects,
/// their standard deviation, and the mean of the nearest; its cosine with the rule, and the share of subjects that are
/// nearer to it than the rule; the rule's cosine with its nearest subject, the standard deviation over all, and the
/// cosine with its nearest rival; and the document's mean cosine with the subjects that describe the rule.
pub(super) fn context_features(
    rule_index: usize,
    rules: &RuleVectors,
    document: &SubjectSimilarities,
) -> [f64; CONTEXT_FEATURES] {
    let Some(rule) = rules.uncentered.get(rule_index) else { return [0.0; CONTEXT_FEATURES] };
    let cosine = document.direction.dot(rule);
    let nearer_subjects = document.cosines.iter().filter(|&&subject| subject > cosine).count();
    let rivals = rules.uncentered.iter().enumerate().filter(|&(index, _)| index != rule_index);
    let rule_cosines = cosines(rule, rules.table);
    let mut subjects: Vec<(f64, f64)> = rule_cosines.iter().copied().zip(document.cosines.iter().copied()).collect();
    // Stable, so that equal cosines stay in the order of the subjects.
    subjects.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut nearest = document.cosines.clone();
    nearest.sort_by(|a, b| b.total_cmp(a));
    [
        largest(document.cosines.iter().copied()),
        mean(document.cosines.iter().copied()),
        spread(&document.cosines),
        mean(nearest.into_iter().take(NEAREST_SUBJECTS)),
        cosine,
        nearer_subjects as f64 / document.cosines.len().max(1) as f64,
        largest(rule_cosines.iter().copied()),
        spread(&rule_cosines),
        rivals.map(|(_, rival)| rival.dot(rule)).reduce(f64::max).unwrap_or(SINGLE_RULE_SIMILARITY),
        mean(subjects.into_iter().take(RULE_SUBJECTS).map(|(_, of_document)| of_document)),
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
