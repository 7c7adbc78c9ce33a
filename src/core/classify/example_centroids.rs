//! Classification with the centroids of the rules' examples. Centroids are in closed form; one score scale is fitted by
//! grid search.
//!
//! Used only if every rule has [`MIN_EXAMPLES_PER_RULE`]; below that, [`super::nearest_example`] compares with each
//! example on its own.
//! A rule gets, beside its own words, the centroid of its examples: once as a unit vector, once as weighted words. The
//! rule's own text is one of the texts in the centroid, with the weight of [`RULE_WEIGHT`] examples, so that few
//! examples move it a little and many outweigh it.
//!
//! The score scale, one factor on all scores, is fitted to the same examples by maximum likelihood with a penalty: each
//! example is scored with its rule's centroid computed without it.

use std::collections::BTreeMap;

use crate::budget::Budget;
use crate::document::Document;
use crate::error::Result;
use crate::text::{Language, Map, Vector};

use super::evidence::Location;
use super::math::ratio;
use super::semantic::{RuleVectors, SemanticView};
use super::stems::{EncodedText, StemCounts};
use super::{Classifier, RuleSet};

/// The minimum number of examples per rule for centroids: the fewest that their weights were fitted with. With fewer,
/// or with some in some rules, those weights answer worse than without examples. Accuracy on office mail: 47 % without
/// examples; 33, 41 and 49 % with one, two and four per rule; 23 % with one in one rule.
pub(super) const MIN_EXAMPLES_PER_RULE: usize = 4;

/// The weight of a rule's text in its centroid: that of two examples. Other weights were not tried.
const RULE_WEIGHT: f64 = 2.0;

/// The centroids of a rule set's examples.
#[derive(Debug, Clone)]
pub(super) struct ExampleCentroids {
    language: Language,
    /// The index and idf of each stem of the examples and rules.
    stems: Map<String, (usize, f64)>,
    /// The idf of all other stems.
    oov_idf: f64,
    rules: Vec<Centroid>,
    /// The factor on all scores.
    pub score_scale: f64,
}

/// The sum of a rule's own text and its examples.
#[derive(Debug, Clone, Default)]
struct Centroid {
    sum: Option<Vector>,
    words: BTreeMap<usize, f64>,
    /// The unit vector of the sum.
    unit_vector: Option<Vector>,
    /// The Euclidean length of the words.
    length: f64,
}

/// The cosines of a text with a rule's centroid.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Similarity {
    pub meaning: f64,
    pub words: f64,
}

impl Centroid {
    /// Adds a text with the weight `times`; a negative weight removes it.
    fn add(&mut self, encoded: &EncodedText, times: f64) {
        if let Some(unit_vector) = &encoded.unit_vector {
            let sum = self.sum.take().unwrap_or(Vector::ZERO).add_scaled(times as f32, unit_vector);
            self.sum = Some(sum);
        }
        for term in &encoded.terms {
            *self.words.entry(term.stem).or_default() += times * term.weight;
        }
    }

    /// Computes the unit vector and length, after all texts were added.
    fn finish(mut self) -> Self {
        self.unit_vector = self.sum.as_ref().map(|sum| sum.normalized().0);
        self.length = self.words.values().map(|weight| weight * weight).sum::<f64>().sqrt();
        self
    }

    fn similarity(&self, encoded: &EncodedText) -> Similarity {
        let meaning = self
            .unit_vector
            .as_ref()
            .zip(encoded.unit_vector.as_ref())
            .map(|(unit_vector, text_unit_vector)| unit_vector.dot(text_unit_vector));
        let words =
            encoded.terms.iter().map(|term| term.weight * self.words.get(&term.stem).copied().unwrap_or_default());
        Similarity { meaning: meaning.unwrap_or_default(), words: ratio(words.sum(), self.length) }
    }
}

impl ExampleCentroids {
    /// Indexes the examples of `rules`; None unless every rule has [`MIN_EXAMPLES_PER_RULE`]. `texts` are the running
    /// texts of the rules.
    pub fn new(rules: &RuleSet, texts: &[String], rule_vectors: &RuleVectors, language: Language) -> Option<Self> {
        if rules.rules.is_empty() || rules.rules.iter().any(|rule| rule.examples.len() < MIN_EXAMPLES_PER_RULE) {
            return None;
        }
        let rule_stems: Vec<_> =
            texts.iter().map(|text| StemCounts::new(&Document::plain(text), language, language)).collect();
        let examples: Vec<(usize, Document)> = rules
            .rules
            .iter()
            .enumerate()
            .flat_map(|(rule_index, rule)| rule.examples.iter().map(move |text| (rule_index, Document::plain(text))))
            .collect();
        let stems: Vec<_> =
            examples.iter().map(|(_, document)| StemCounts::new(document, language, language)).collect();
        let mut text_counts: BTreeMap<&str, f64> = BTreeMap::new();
        for stem in rule_stems.iter().chain(&stems).flat_map(|stems| stems.counts.keys()) {
            *text_counts.entry(stem).or_default() += 1.0;
        }
        let text_count = (rule_stems.len() + stems.len()) as f64;
        let idf = |count: f64| libm::log((text_count + 1.0) / (count + 0.5));
        let mut index = Self {
            language,
            stems: text_counts
                .into_iter()
                .enumerate()
                .map(|(stem_index, (stem, count))| (stem.to_owned(), (stem_index, idf(count))))
                .collect(),
            oov_idf: idf(0.0),
            rules: Vec::new(),
            score_scale: 1.0,
        };
        let supports_language = rule_vectors.table.supports(language);
        for (stems, unit_vector) in rule_stems.iter().zip(&rule_vectors.centered) {
            let mut centroid = Centroid::default();
            let unit_vector = supports_language.then(|| unit_vector.clone());
            centroid.add(&index.encode_stems(stems, unit_vector), RULE_WEIGHT);
            index.rules.push(centroid);
        }
        for ((rule, document), stems) in examples.iter().zip(&stems) {
            let meaning = rule_vectors.view(document, language, language);
            let encoded = index.encode_stems(stems, meaning.and_then(|meaning| meaning.unit_vector()));
            if let Some(centroid) = index.rules.get_mut(*rule) {
                centroid.add(&encoded, 1.0);
            }
        }
        index.rules = index.rules.into_iter().map(Centroid::finish).collect();
        Some(index)
    }

    /// Encodes `document`. `meaning` is None if the embedding table does not support its language.
    pub fn encode(&self, document: &Document, meaning: Option<&SemanticView>) -> EncodedText {
        self.encode_stems(
            &StemCounts::new(document, self.language, self.language),
            meaning.and_then(SemanticView::unit_vector),
        )
    }

    /// The similarities of a text to all rules. `held_out_of` is the rule that the text is an example of: that rule's
    /// centroid is computed without it.
    pub fn similarities(&self, encoded: &EncodedText, held_out_of: Option<usize>) -> Vec<Similarity> {
        self.rules
            .iter()
            .enumerate()
            .map(|(rule, centroid)| {
                if held_out_of == Some(rule) {
                    let mut without = centroid.clone();
                    without.add(encoded, -1.0);
                    without.finish().similarity(encoded)
                } else {
                    centroid.similarity(encoded)
                }
            })
            .collect()
    }

    /// The unit vector of a rule's centroid.
    pub fn unit_vector(&self, rule: usize) -> Option<&Vector> {
        self.rules.get(rule)?.unit_vector.as_ref()
    }

    /// Splits the `words` similarity of a text to a rule over its words: calls `add` with each place and its part.
    pub fn word_parts(&self, encoded: &EncodedText, rule: usize, mut add: impl FnMut(Location, f64)) {
        let Some(centroid) = self.rules.get(rule) else { return };
        for &(location, term_index) in &encoded.locations {
            let term = encoded.terms.get(term_index).and_then(|term| Some((term, centroid.words.get(&term.stem)?)));
            if let Some((term, centroid_weight)) = term {
                add(location, ratio(term.weight * centroid_weight, centroid.length) / term.count);
            }
        }
    }

    fn encode_stems(&self, stems: &StemCounts, unit_vector: Option<Vector>) -> EncodedText {
        EncodedText::new(stems, unit_vector, |stem| {
            self.stems.get(stem).map_or((None, self.oov_idf), |&(index, idf)| (Some(index), idf))
        })
    }
}

/// The maximum number of examples that the score scale is fitted to: more would hardly change one factor, and the time
/// stays bounded.
const MAX_HELD_OUT: usize = 256;

/// The number of steps tried on either side of 1: factors from 0.3 to 3.3, each a tenth above the one before.
const SCALE_STEPS: i32 = 12;

/// The penalty on the log-likelihood of a factor for every squared unit of its logarithm: the worth of four answers
/// keeps a handful of easy examples from leading to certainty.
const SCALE_PENALTY: f64 = 4.0;

/// Fits the score scale: of the factors tried, the one with the largest penalised likelihood of the examples' labels,
/// each example scored with itself held out.
pub(super) fn fit_score_scale(classifier: &Classifier, rules: &RuleSet, budget: &Budget) -> Result<f64> {
    if rules.rules.len() < 2 {
        return Ok(1.0);
    }
    let count: usize = rules.rules.iter().map(|rule| rule.examples.len()).sum();
    let all =
        rules.rules.iter().enumerate().flat_map(|(index, rule)| rule.examples.iter().map(move |text| (index, text)));
    let scored: Vec<(usize, Vec<f64>)> = all
        .step_by(count.div_ceil(MAX_HELD_OUT))
        .map(|(label, text)| {
            let analysis = classifier.analyze(&Document::plain(text), Some(label), budget)?;
            Ok((label, classifier.scores(&analysis)))
        })
        .collect::<Result<_>>()?;
    let likelihood = |logarithm: f64| {
        let factor = libm::exp(logarithm);
        let log_likelihoods = scored.iter().map(|(label, scores)| {
            let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = scores.iter().map(|score| libm::exp(factor * (score - best))).sum();
            scores.get(*label).map_or(0.0, |score| factor * (score - best)) - libm::log(sum)
        });
        log_likelihoods.sum::<f64>() - SCALE_PENALTY * logarithm * logarithm
    };
    let logarithm = |step: i32| f64::from(step) / 10.0;
    let best = (-SCALE_STEPS..=SCALE_STEPS)
        .map(|step| (step, likelihood(logarithm(step))))
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    Ok(best.map_or(1.0, |(step, _)| libm::exp(logarithm(step))))
}
