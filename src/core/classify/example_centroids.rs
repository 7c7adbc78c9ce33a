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

use crate::budget::Budget;
use crate::document::Document;
use crate::error::Result;
use crate::text::{Language, Map, Vector};

use super::evidence::Location;
use super::math::ratio;
use super::semantic::{RuleVectors, SemanticView};
use super::stems::{EncodedText, NumberedCounts, StemCounts, StemNumbers, weigh};
use super::{Classifier, RuleSet};

/// The minimum number of examples per rule for centroids: the fewest that their weights were fitted with. With fewer,
/// or with some in some rules, those weights answer worse than without examples. Accuracy on office mail: 47 % without
/// examples; 33, 41 and 49 % with one, two and four per rule; 23 % with one in one rule.
pub(super) const MIN_EXAMPLES_PER_RULE: usize = 4;

/// The weight of a rule's text in its centroid: that of two examples. Other weights were not tried.
const RULE_WEIGHT: f64 = 2.0;

/// Stems of centroids that are one step of work: each takes a few nanoseconds.
const STEMS_PER_STEP: usize = 8;

/// The work of comparing two unit vectors, in steps.
pub(super) const DOT_STEPS: usize = 3;

/// The memory of a stem of a centroid and of its posting, in bytes.
const CENTROID_STEM_BYTES: usize = 32;

/// The centroids of a rule set's examples.
#[derive(Debug, Clone)]
pub(super) struct ExampleCentroids {
    language: Language,
    /// The rank of each stem of the examples and rules in alphabetical order.
    stems: Map<String, usize>,
    /// The idf of each of those stems.
    idfs: Vec<f64>,
    /// The idf of all other stems.
    oov_idf: f64,
    rules: Vec<Centroid>,
    /// The index of the first posting of each stem, then the number of postings.
    first_postings: Vec<usize>,
    /// For every stem the rules that have it, with its weight in their centroids.
    postings: Vec<(u32, f64)>,
    /// The factor on all scores.
    pub score_scale: f64,
}

/// The sum of a rule's own text and its examples.
#[derive(Debug, Clone, Default)]
struct Centroid {
    sum: Option<Vector>,
    /// The stems with their weights, by rank.
    words: Vec<(u32, f64)>,
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

/// Adds up the words of one centroid after another.
struct WordSum {
    /// The weight of each stem in the centroid.
    weights: Vec<f64>,
    /// The stems of the centroid, with repetitions.
    stems: Vec<u32>,
}

impl WordSum {
    /// Adds a text with the weight `times`.
    fn add(&mut self, words: &[(u32, f64)], times: f64) {
        for &(stem, weight) in words {
            if let Some(sum) = self.weights.get_mut(stem as usize) {
                *sum += times * weight;
                self.stems.push(stem);
            }
        }
    }

    /// The stems of the texts that were added since the last call, with their weights, by rank.
    fn take(&mut self) -> Vec<(u32, f64)> {
        self.stems.sort_unstable();
        self.stems.dedup();
        let weights = &mut self.weights;
        let mut take = |stem: u32| weights.get_mut(stem as usize).map(std::mem::take).unwrap_or_default();
        self.stems.drain(..).map(|stem| (stem, take(stem))).collect()
    }
}

fn length_of(weights: impl Iterator<Item = f64>) -> f64 {
    weights.map(|weight| weight * weight).sum::<f64>().sqrt()
}

/// The cosine of two texts by meaning; 0 unless both have unit vectors.
fn meaning(one: Option<&Vector>, other: Option<&Vector>) -> f64 {
    one.zip(other).map_or(0.0, |(one, other)| one.dot(other))
}

/// `sum` and `times` another vector.
fn add_to(sum: Option<&Vector>, other: Option<&Vector>, times: f32) -> Option<Vector> {
    match other {
        Some(other) => Some(sum.unwrap_or(&Vector::ZERO).add_scaled(times, other)),
        None => sum.cloned(),
    }
}

impl Centroid {
    fn new(sum: Option<Vector>, words: Vec<(u32, f64)>) -> Self {
        let unit_vector = sum.as_ref().map(|sum| sum.normalized().0);
        Self { sum, unit_vector, length: length_of(words.iter().map(|&(_, weight)| weight)), words }
    }

    /// The similarity of one of the examples to the centroid of the others.
    fn similarity_without(&self, example: &EncodedText) -> Similarity {
        let mut terms = example.terms.iter().peekable();
        let mut words = Vec::with_capacity(self.words.len());
        let mut dot = 0.0;
        for &(stem, weight) in &self.words {
            while terms.next_if(|term| term.stem < stem as usize).is_some() {}
            let shared = terms.next_if(|term| term.stem == stem as usize);
            let weight = shared.map_or(weight, |term| weight - term.weight);
            dot += shared.map_or(0.0, |term| term.weight * weight);
            words.push(weight);
        }
        let sum = add_to(self.sum.as_ref(), example.unit_vector.as_ref(), -1.0);
        let unit_vector = sum.map(|sum| sum.normalized().0);
        Similarity {
            meaning: meaning(unit_vector.as_ref(), example.unit_vector.as_ref()),
            words: ratio(dot, length_of(words.into_iter())),
        }
    }
}

impl ExampleCentroids {
    /// Indexes the examples of `rules`; None unless every rule has [`MIN_EXAMPLES_PER_RULE`]. `texts` are the running
    /// texts of the rules.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(
        rules: &RuleSet,
        texts: &[String],
        rule_vectors: &RuleVectors,
        language: Language,
        budget: &Budget,
    ) -> Result<Option<Self>> {
        if rules.rules.is_empty() || rules.rules.iter().any(|rule| rule.examples.len() < MIN_EXAMPLES_PER_RULE) {
            return Ok(None);
        }
        let examples = || {
            let rules = rules.rules.iter().enumerate();
            rules.flat_map(|(index, rule)| rule.examples.iter().map(move |text| (index, text)))
        };
        let all_texts = texts.iter().chain(examples().map(|(_, text)| text)).map(String::as_str);
        let mut numbers = StemNumbers::new(all_texts, language, budget)?;
        let mut counts: Vec<NumberedCounts> = Vec::with_capacity(texts.len() + examples().count());
        let mut sums: Vec<Option<Vector>> = Vec::with_capacity(texts.len());
        let supports_language = rule_vectors.table.supports(language);
        for (text, unit_vector) in texts.iter().zip(&rule_vectors.centered) {
            counts.push(numbers.count(&Document::plain(text), language)?);
            sums.push(add_to(None, Some(unit_vector).filter(|_| supports_language), RULE_WEIGHT as f32));
        }
        for (rule, text) in examples() {
            let document = Document::plain(text);
            counts.push(numbers.count(&document, language)?);
            let unit_vector = rule_vectors.unit_vector(&document, language, language, budget)?;
            if let Some(sum) = sums.get_mut(rule) {
                *sum = add_to(sum.as_ref(), unit_vector.as_ref(), 1.0);
            }
        }
        let ranks = numbers.ranked();
        let mut text_counts = vec![0.0; ranks.stems.len()];
        for counts in &mut counts {
            ranks.rank(counts);
            for &(rank, _) in counts.iter() {
                if let Some(text_count) = text_counts.get_mut(rank as usize) {
                    *text_count += 1.0;
                }
            }
        }
        let text_count = counts.len() as f64;
        let idf = |count: f64| libm::log((text_count + 1.0) / (count + 0.5));
        let idfs: Vec<f64> = text_counts.into_iter().map(idf).collect();
        for counts in &mut counts {
            weigh(counts, |rank| idfs.get(rank).copied().unwrap_or_default());
        }
        let stem_count: usize = counts.iter().map(Vec::len).sum();
        budget.work(stem_count)?;
        let _held_centroids = budget.hold(CENTROID_STEM_BYTES * stem_count)?;
        let mut sum_of_words = WordSum { weights: vec![0.0; idfs.len()], stems: Vec::new() };
        let mut words_of_examples = counts.iter().skip(texts.len());
        let mut centroids = Vec::with_capacity(texts.len());
        for ((rule, own_words), sum) in rules.rules.iter().zip(&counts).zip(sums) {
            sum_of_words.add(own_words, RULE_WEIGHT);
            for words in words_of_examples.by_ref().take(rule.examples.len()) {
                sum_of_words.add(words, 1.0);
            }
            centroids.push(Centroid::new(sum, sum_of_words.take()));
        }
        let (first_postings, postings) = postings(&centroids, idfs.len());
        Ok(Some(Self {
            language,
            stems: ranks.by_stem(),
            idfs,
            oov_idf: idf(0.0),
            rules: centroids,
            first_postings,
            postings,
            score_scale: 1.0,
        }))
    }

    /// The memory of the index, in bytes.
    pub fn bytes(&self) -> usize {
        // A stem with its rank and idf, and the vectors of every rule.
        self.stems.len() * 64 + self.postings.len() * CENTROID_STEM_BYTES + self.rules.len() * 2 * size_of::<Vector>()
    }

    /// Encodes `document`. `meaning` is None if the embedding table does not support its language.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn encode(&self, document: &Document, meaning: Option<&SemanticView>, budget: &Budget) -> Result<EncodedText> {
        let stems = StemCounts::new(document, self.language, self.language, budget)?;
        Ok(EncodedText::new(&stems, meaning.and_then(SemanticView::unit_vector), |stem| {
            let rank = self.stems.get(stem).copied();
            (rank, rank.and_then(|rank| self.idfs.get(rank).copied()).unwrap_or(self.oov_idf))
        }))
    }

    /// The rules that have a stem, with its weight in their centroids.
    fn postings_of(&self, stem: usize) -> &[(u32, f64)] {
        let bounds = self.first_postings.get(stem).zip(self.first_postings.get(stem + 1));
        bounds.and_then(|(&from, &to)| self.postings.get(from..to)).unwrap_or_default()
    }

    /// The similarities of a text to all rules. `held_out_of` is the rule that the text is an example of: that rule's
    /// centroid is computed without it.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn similarities(
        &self,
        encoded: &EncodedText,
        held_out_of: Option<usize>,
        budget: &Budget,
    ) -> Result<Vec<Similarity>> {
        let mut dots = vec![0.0; self.rules.len()];
        let mut visited = 0;
        for term in &encoded.terms {
            let postings = self.postings_of(term.stem);
            visited += postings.len();
            for &(rule, weight) in postings {
                if let Some(dot) = dots.get_mut(rule as usize) {
                    *dot += term.weight * weight;
                }
            }
        }
        let held_out = held_out_of.and_then(|rule| self.rules.get(rule));
        visited += held_out.map_or(0, |centroid| centroid.words.len());
        budget.work(visited / STEMS_PER_STEP + DOT_STEPS * self.rules.len())?;
        let similarity = |(rule, (centroid, dot)): (usize, (&Centroid, f64))| {
            if held_out_of == Some(rule) {
                return centroid.similarity_without(encoded);
            }
            Similarity {
                meaning: meaning(centroid.unit_vector.as_ref(), encoded.unit_vector.as_ref()),
                words: ratio(dot, centroid.length),
            }
        };
        Ok(self.rules.iter().zip(dots).enumerate().map(similarity).collect())
    }

    /// The unit vector of a rule's centroid.
    pub fn unit_vector(&self, rule: usize) -> Option<&Vector> {
        self.rules.get(rule)?.unit_vector.as_ref()
    }

    /// Splits the `words` similarity of a text to a rule over its words: calls `add` with each place and its part.
    pub fn word_parts(&self, encoded: &EncodedText, rule: usize, mut add: impl FnMut(Location, f64)) {
        let Some(centroid) = self.rules.get(rule) else { return };
        let weight_of = |stem: usize| {
            let index = centroid.words.binary_search_by_key(&stem, |&(known, _)| known as usize).ok()?;
            centroid.words.get(index).map(|&(_, weight)| weight)
        };
        for &(location, term_index) in &encoded.locations {
            let term = encoded.terms.get(term_index).and_then(|term| Some((term, weight_of(term.stem)?)));
            if let Some((term, centroid_weight)) = term {
                add(location, ratio(term.weight * centroid_weight, centroid.length) / term.count);
            }
        }
    }
}

/// The words of all centroids by stem: the index of the first posting of each of the `stems` stems, and the postings.
fn postings(centroids: &[Centroid], stems: usize) -> (Vec<usize>, Vec<(u32, f64)>) {
    let words =
        || (0..).zip(centroids).flat_map(|(rule, centroid)| centroid.words.iter().map(move |word| (rule, word)));
    let mut first_postings = vec![0; stems + 1];
    for (_, &(stem, _)) in words() {
        if let Some(count) = first_postings.get_mut(stem as usize + 1) {
            *count += 1;
        }
    }
    let mut total = 0;
    for first in &mut first_postings {
        total += *first;
        *first = total;
    }
    let mut next = first_postings.clone();
    let mut postings = vec![(0, 0.0); total];
    for (rule, &(stem, weight)) in words() {
        if let Some(next) = next.get_mut(stem as usize) {
            if let Some(posting) = postings.get_mut(*next) {
                *posting = (rule, weight);
            }
            *next += 1;
        }
    }
    (first_postings, postings)
}

/// The maximum number of examples that the score scale is fitted to: more would hardly change one factor, and the time
/// stays bounded.
const MAX_HELD_OUT: usize = 256;

/// The number of steps tried on either side of 1: factors from 0.3 to 3.3, each a tenth above the one before.
const SCALE_STEPS: i32 = 12;

/// The penalty on the log-likelihood of a factor for every squared unit of its logarithm: the worth of four answers
/// keeps a handful of easy examples from leading to certainty.
const SCALE_PENALTY: f64 = 4.0;

/// The work of trying all factors on one score, in steps: an exponential for each factor.
const SCALE_FIT_STEPS: usize = 8;

/// Fits the score scale: of the factors tried, the one with the largest penalised likelihood of the examples' labels,
/// each example scored with itself held out.
pub(super) fn fit_score_scale(classifier: &Classifier, rules: &RuleSet, budget: &Budget) -> Result<f64> {
    if rules.rules.len() < 2 {
        return Ok(1.0);
    }
    let count: usize = rules.rules.iter().map(|rule| rule.examples.len()).sum();
    let all =
        rules.rules.iter().enumerate().flat_map(|(index, rule)| rule.examples.iter().map(move |text| (index, text)));
    budget.work(SCALE_FIT_STEPS * rules.rules.len() * count.min(MAX_HELD_OUT))?;
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
