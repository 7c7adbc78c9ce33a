//! The nearest-example boost: a document that is very similar to an example gets the label of its rule.
//!
//! Used while some rule has fewer than [`super::example_centroids::MIN_EXAMPLES_PER_RULE`], as after the first
//! correction. Every rule is scored as without examples, and the nearest example of a rule adds to that rule's score: 0
//! up to a similarity of [`MIN_SIMILARITY`], then quadratically in the excess, up to [`MAX_ADDITION`]. So an example
//! changes nothing for documents that it does not resemble, and gives its label to those that are nearly the same.
//!
//! The similarity is the mean of two cosines, that of the unit vectors and that of the words; of the words alone if the
//! embedding table does not support the language of either text.

use super::RuleSet;
use super::background;
use super::evidence::Location;
use super::lexicon::Lexicon;
use super::semantic::{RuleVectors, SemanticView};
use super::stems::{EncodedText, StemCounts, TermWeight};
use super::term_matches;
use crate::document::Document;
use crate::text::{Language, Map, Vector};

/// Up to this similarity an example adds nothing. Of the pairs of texts with different labels, 0 to 0.9 in 100 are more
/// similar in eleven of the seventeen sets that were measured; 1.3 to 8.8 in 100 in those that consist of the same
/// phrases: contracts, office mail, spoken commands. Of the pairs with the same label up to 60 in 100 are.
const MIN_SIMILARITY: f64 = 0.45;

/// The addition for a text identical to the example, in the log-odds of the score. Words and meaning add at most 17 to
/// any score, so that a corrected document keeps its label whatever its text, and so does one that is nearly the same
/// (a similarity of 0.87). `src/train/README.md` has the measurements.
const MAX_ADDITION: f64 = 30.0;

/// The examples of a rule set, each encoded separately.
#[derive(Debug, Clone)]
pub(super) struct EncodedExamples {
    /// The language of the rules.
    language: Language,
    /// The index of each stem of the examples.
    stems: Map<String, usize>,
    /// The examples, in the order of the rules.
    examples: Vec<Example>,
    /// The number of rules.
    rules: usize,
}

#[derive(Debug, Clone)]
struct Example {
    rule: usize,
    unit_vector: Option<Vector>,
    words: Vec<TermWeight>,
}

/// The example of a rule that is most similar to a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NearestExample {
    example: usize,
    /// The amount it adds to the rule's score: more than 0.
    pub addition: f64,
    /// The part of that for each unit of the cosine in meaning.
    pub meaning: f64,
    /// The part of that for each unit of the cosine in words.
    pub words: f64,
}

/// A document compared with the examples.
#[derive(Debug, Clone)]
pub(super) struct ExampleMatches {
    encoded: EncodedText,
    /// The nearest example of each rule; None if none adds to its score.
    pub nearest: Vec<Option<NearestExample>>,
}

impl ExampleMatches {
    /// The amount that the examples add to the score of a rule; 0 if none of them is similar to the document.
    pub fn addition(&self, rule: usize) -> f64 {
        self.nearest(rule).map_or(0.0, |nearest| nearest.addition)
    }

    /// The nearest example of a rule; None if none adds to its score.
    pub fn nearest(&self, rule: usize) -> Option<&NearestExample> {
        self.nearest.get(rule)?.as_ref()
    }
}

impl EncodedExamples {
    /// Encodes the examples of `rules`; None if there are none. `hint` is the language of the texts if the caller knows
    /// it.
    pub fn new(rules: &RuleSet, lexicon: &Lexicon, rule_vectors: &RuleVectors, hint: Option<Language>) -> Option<Self> {
        let texts = rules
            .rules
            .iter()
            .enumerate()
            .flat_map(|(index, rule)| rule.examples.iter().map(move |text| (index, text)));
        let parsed: Vec<_> = texts
            .map(|(rule, text)| {
                let document = Document::plain(text);
                let language = term_matches::language(&document, lexicon, hint);
                let stems = StemCounts::new(&document, language, lexicon.language);
                let meaning = rule_vectors.view(&document, language, lexicon.language);
                (rule, language, stems, meaning.and_then(|meaning| meaning.unit_vector()))
            })
            .collect();
        if parsed.is_empty() {
            return None;
        }
        let mut stems: Map<String, usize> = Map::default();
        for stem in parsed.iter().flat_map(|(_, _, stems, _)| stems.counts.keys()) {
            let next = stems.len();
            stems.entry(stem.clone()).or_insert(next);
        }
        let example = |(rule, language, text, unit_vector): (usize, Language, StemCounts, Option<Vector>)| {
            let EncodedText { unit_vector, terms: words, .. } = encode(&stems, &text, unit_vector, language);
            Example { rule, unit_vector, words }
        };
        let examples = parsed.into_iter().map(example).collect();
        Some(Self { language: lexicon.language, stems, examples, rules: rules.rules.len() })
    }

    /// Compares a document with the examples. `language` is the one it was read in.
    pub fn compare(&self, document: &Document, language: Language, meaning: Option<&SemanticView>) -> ExampleMatches {
        let text = StemCounts::new(document, language, self.language);
        let encoded = encode(&self.stems, &text, meaning.and_then(SemanticView::unit_vector), language);
        let mut weights = vec![0.0; self.stems.len()];
        for term in &encoded.terms {
            if let Some(weight) = weights.get_mut(term.stem) {
                *weight = term.weight;
            }
        }
        let mut nearest: Vec<Option<NearestExample>> = vec![None; self.rules];
        for (index, example) in self.examples.iter().enumerate() {
            let Some(best) = nearest.get_mut(example.rule) else { continue };
            let shared = example.words.iter().map(|term| term.weight * weights.get(term.stem).copied().unwrap_or(0.0));
            let words: f64 = shared.sum();
            let meaning = example
                .unit_vector
                .as_ref()
                .zip(encoded.unit_vector.as_ref())
                .map(|(example_unit_vector, text_unit_vector)| example_unit_vector.dot(text_unit_vector));
            let similarity = meaning.map_or(words, |meaning| (meaning + words) / 2.0);
            let addition = addition(similarity);
            if addition > 0.0 && best.is_none_or(|best| addition > best.addition) {
                let per_unit = addition / similarity;
                let (meaning, words) =
                    if meaning.is_some() { (per_unit / 2.0, per_unit / 2.0) } else { (0.0, per_unit) };
                *best = Some(NearestExample { example: index, addition, meaning, words });
            }
        }
        ExampleMatches { encoded, nearest }
    }

    /// The unit vector of the `nearest` example.
    pub fn unit_vector(&self, nearest: &NearestExample) -> Option<&Vector> {
        self.examples.get(nearest.example)?.unit_vector.as_ref()
    }

    /// Splits the cosine in words of a document with the `nearest` example over its words: calls `add` with each place
    /// and its part.
    pub fn word_parts(&self, matches: &ExampleMatches, nearest: &NearestExample, mut add: impl FnMut(Location, f64)) {
        let Some(example) = self.examples.get(nearest.example) else { return };
        let weights: Map<usize, f64> = example.words.iter().map(|term| (term.stem, term.weight)).collect();
        for &(location, index) in &matches.encoded.locations {
            let term = matches.encoded.terms.get(index).and_then(|term| Some((term, weights.get(&term.stem)?)));
            if let Some((term, example_weight)) = term {
                add(location, term.weight * example_weight / term.count);
            }
        }
    }
}

/// The amount that a text of this similarity to an example adds to the score of its rule.
fn addition(similarity: f64) -> f64 {
    let above = ((similarity - MIN_SIMILARITY) / (1.0 - MIN_SIMILARITY)).max(0.0);
    MAX_ADDITION * above * above
}

/// Encodes a text in `language`. The idf of a stem in general text is known for English only; in other languages all
/// stems weigh the same.
fn encode(
    known_stems: &Map<String, usize>,
    stems: &StemCounts,
    unit_vector: Option<Vector>,
    language: Language,
) -> EncodedText {
    EncodedText::new(stems, unit_vector, |stem| {
        let idf = if language == Language::English { background::background_idf(stem) } else { 1.0 };
        (known_stems.get(stem).copied(), idf)
    })
}
