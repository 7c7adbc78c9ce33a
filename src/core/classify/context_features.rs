//! Features that compare a rule with general subjects and with the other rules, by meaning alone.
//!
//! A cosine alone does not show whether a document fits a rule: a mail about nothing in particular is a little similar
//! to everything, and a vague rule is a little similar to every mail. So the document and the rule are both compared
//! with the same general subjects, which are independent of the rule set.

use super::named_values::named_values;
use super::semantic::RuleVectors;
use crate::text::{EmbeddingTable, Vector};

/// The number of nearest subjects over which the mean cosine of a document is taken.
const NEAREST_SUBJECTS: usize = 5;

/// The number of subjects that describe a rule.
const RULE_SUBJECTS: usize = 8;

/// The cosine of the nearest rival of the only rule of a set: nothing can be mistaken for it.
const SINGLE_RULE_SIMILARITY: f64 = -0.5;

named_values! {
    /// The context features of a rule; zeros if the document has no direction.
    #[derive(Debug, Clone, Copy, PartialEq, Default)]
    pub struct ContextFeatures {
        /// The document's cosine with the nearest subject.
        nearest_subject,
        /// The mean of its cosines with all subjects.
        mean_subject,
        /// The standard deviation of those cosines.
        subject_spread,
        /// The mean of its cosines with the nearest subjects.
        near_subjects,
        /// Its cosine with the rule.
        rule,
        /// The share of subjects that are nearer to the document than the rule is.
        nearer_subjects,
        /// The rule's cosine with its nearest subject.
        rule_nearest_subject,
        /// The standard deviation of the rule's cosines with all subjects.
        rule_subject_spread,
        /// The rule's cosine with the nearest other rule.
        rule_nearest_rival,
        /// The mean of the document's cosines with the subjects that describe the rule.
        rule_subjects,
    }
}

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

impl ContextFeatures {
    /// Computes the features of the rule at `rule_index`; zeros if there is none.
    pub(super) fn new(rule_index: usize, rules: &RuleVectors, document: &SubjectSimilarities) -> Self {
        let Some(rule) = rules.uncentered.get(rule_index) else { return Self::default() };
        let cosine = document.direction.dot(rule);
        let nearer_subjects = document.cosines.iter().filter(|&&subject| subject > cosine).count();
        let rivals = rules.uncentered.iter().enumerate().filter(|&(index, _)| index != rule_index);
        let rule_cosines = cosines(rule, rules.table);
        let mut subjects: Vec<(f64, f64)> =
            rule_cosines.iter().copied().zip(document.cosines.iter().copied()).collect();
        // Stable, so that equal cosines stay in the order of the subjects.
        subjects.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut nearest = document.cosines.clone();
        nearest.sort_by(|a, b| b.total_cmp(a));
        Self {
            nearest_subject: largest(document.cosines.iter().copied()),
            mean_subject: mean(document.cosines.iter().copied()),
            subject_spread: spread(&document.cosines),
            near_subjects: mean(nearest.into_iter().take(NEAREST_SUBJECTS)),
            rule: cosine,
            nearer_subjects: nearer_subjects as f64 / document.cosines.len().max(1) as f64,
            rule_nearest_subject: largest(rule_cosines.iter().copied()),
            rule_subject_spread: spread(&rule_cosines),
            rule_nearest_rival: rivals
                .map(|(_, rival)| rival.dot(rule))
                .reduce(f64::max)
                .unwrap_or(SINGLE_RULE_SIMILARITY),
            rule_subjects: mean(subjects.into_iter().take(RULE_SUBJECTS).map(|(_, of_document)| of_document)),
        }
    }
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
