//! Features that compare a rule with general topics and with the other rules, by meaning alone.
//!
//! A cosine alone does not show whether a document fits a rule: a mail about nothing in particular is a little similar
//! to everything, and a vague rule is a little similar to every mail. So the document and the rule are both compared
//! with the same general topics, which are independent of the rule set.

use super::math::{mean, std_dev};
use super::named_values::named_values;
use super::semantic::RuleVectors;
use crate::text::{EmbeddingTable, Vector};

/// The number of nearest topics over which the mean cosine of a document is taken.
const NEAREST_TOPICS: usize = 5;

/// The number of topics that describe a rule.
const RULE_TOPICS: usize = 8;

/// The cosine of the nearest rival of the only rule of a set: nothing can be mistaken for it.
const SINGLE_RULE_SIMILARITY: f64 = -0.5;

named_values! {
    /// The context features of a rule; zeros if the document has no unit vector.
    #[derive(Debug, Clone, Copy, PartialEq, Default)]
    pub struct ContextFeatures {
        /// The document's cosine with the nearest topic.
        nearest_topic,
        /// The mean of its cosines with all topics.
        mean_topic,
        /// The standard deviation of those cosines.
        topic_std_dev,
        /// The mean of its cosines with the nearest topics.
        near_topics,
        /// Its cosine with the rule.
        rule,
        /// The share of topics that are nearer to the document than the rule is.
        nearer_topics,
        /// The rule's cosine with its nearest topic.
        rule_nearest_topic,
        /// The standard deviation of the rule's cosines with all topics.
        rule_topic_std_dev,
        /// The rule's cosine with the nearest other rule.
        rule_nearest_rival,
        /// The mean of the document's cosines with the topics that describe the rule.
        rule_topics,
    }
}

/// The cosines of a document with the general topics.
pub(super) struct TopicSimilarities {
    unit_vector: Vector,
    cosines: Vec<f64>,
}

impl TopicSimilarities {
    /// The cosines of a document with this unit vector.
    pub fn new(unit_vector: Vector, table: &EmbeddingTable) -> Self {
        let cosines = cosines(&unit_vector, table);
        Self { unit_vector, cosines }
    }
}

fn cosines(unit_vector: &Vector, table: &EmbeddingTable) -> Vec<f64> {
    table.topics().iter().map(|topic| topic.dot(unit_vector)).collect()
}

impl ContextFeatures {
    /// Computes the features of the rule at `rule_index`; zeros if there is none.
    pub(super) fn new(rule_index: usize, rules: &RuleVectors, document: &TopicSimilarities) -> Self {
        let Some(rule) = rules.uncentered.get(rule_index) else { return Self::default() };
        let cosine = document.unit_vector.dot(rule);
        let nearer_topics = document.cosines.iter().filter(|&&topic| topic > cosine).count();
        let rivals = rules.uncentered.iter().enumerate().filter(|&(index, _)| index != rule_index);
        let rule_cosines = cosines(rule, rules.table);
        let mut topics: Vec<(f64, f64)> = rule_cosines.iter().copied().zip(document.cosines.iter().copied()).collect();
        // Stable, so that equal cosines stay in the order of the topics.
        topics.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut nearest = document.cosines.clone();
        nearest.sort_by(|a, b| b.total_cmp(a));
        Self {
            nearest_topic: largest(document.cosines.iter().copied()),
            mean_topic: mean(document.cosines.iter().copied()),
            topic_std_dev: std_dev_of(&document.cosines),
            near_topics: mean(nearest.into_iter().take(NEAREST_TOPICS)),
            rule: cosine,
            nearer_topics: nearer_topics as f64 / document.cosines.len().max(1) as f64,
            rule_nearest_topic: largest(rule_cosines.iter().copied()),
            rule_topic_std_dev: std_dev_of(&rule_cosines),
            rule_nearest_rival: rivals
                .map(|(_, rival)| rival.dot(rule))
                .reduce(f64::max)
                .unwrap_or(SINGLE_RULE_SIMILARITY),
            rule_topics: mean(topics.into_iter().take(RULE_TOPICS).map(|(_, of_document)| of_document)),
        }
    }
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(f64::max).unwrap_or_default()
}

fn std_dev_of(values: &[f64]) -> f64 {
    std_dev(values.iter().copied(), mean(values.iter().copied()))
}
