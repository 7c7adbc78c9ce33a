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
use super::example_centroids::DOT_STEPS;
use super::lexicon::Lexicon;
use super::semantic::{RuleVectors, SemanticView};
use super::stems::{EncodedText, NumberedCounts, StemCounts, StemNumbers, weigh};
use super::term_matches;
use crate::budget::Budget;
use crate::document::Document;
use crate::error::Result;
use crate::text::{Language, Map, Vector};

/// Up to this similarity an example adds nothing. Of the pairs of texts with different labels, 0 to 0.9 in 100 are more
/// similar in eleven of the seventeen sets that were measured; 1.3 to 8.8 in 100 in those that consist of the same
/// phrases: contracts, office mail, spoken commands. Of the pairs with the same label up to 60 in 100 are.
const MIN_SIMILARITY: f64 = 0.45;

/// The addition for a text identical to the example, in the log-odds of the score. Words and meaning add at most 17 to
/// any score, so that a corrected document keeps its label whatever its text, and so does one that is nearly the same
/// (a similarity of 0.87). `src/train/README.md` has the measurements.
const MAX_ADDITION: f64 = 30.0;

/// The work of looking up how rare a stem is, in steps.
const RARITY_STEPS: usize = 6;

/// Stems of an example that are one step of work: each takes a few nanoseconds.
const STEMS_PER_STEP: usize = 16;

/// The examples of a rule set, each encoded separately.
#[derive(Debug, Clone)]
pub(super) struct EncodedExamples {
    /// The language of the rules.
    language: Language,
    /// The rank of each stem of the examples in alphabetical order.
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
    /// The stems with their weights, by rank.
    words: NumberedCounts,
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
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(
        rules: &RuleSet,
        lexicon: &Lexicon,
        rule_vectors: &RuleVectors,
        hint: Option<Language>,
        budget: &Budget,
    ) -> Result<Option<Self>> {
        let texts = || {
            let rules = rules.rules.iter().enumerate();
            rules.flat_map(|(index, rule)| rule.examples.iter().map(move |text| (index, text)))
        };
        let mut numbers = StemNumbers::new(texts().map(|(_, text)| text.as_str()), lexicon.language, budget)?;
        let mut examples = Vec::new();
        let mut languages = Vec::new();
        let mut held = budget.hold(0)?;
        for (rule, text) in texts() {
            held.grow(size_of::<Vector>())?;
            let document = Document::plain(text);
            let language = term_matches::language(&document, lexicon, hint);
            let words = numbers.count(&document, language)?;
            let unit_vector = rule_vectors.unit_vector(&document, language, lexicon.language, budget)?;
            examples.push(Example { rule, unit_vector, words });
            languages.push(language);
        }
        if examples.is_empty() {
            return Ok(None);
        }
        let ranks = numbers.ranked();
        let rarities: Vec<f64> = ranks.stems.iter().map(|stem| background::background_idf(stem)).collect();
        budget.work(RARITY_STEPS * rarities.len())?;
        for (example, language) in examples.iter_mut().zip(languages) {
            ranks.rank(&mut example.words);
            weigh(&mut example.words, |rank| idf(language, || rarities.get(rank).copied().unwrap_or(1.0)));
        }
        Ok(Some(Self { language: lexicon.language, stems: ranks.by_stem(), examples, rules: rules.rules.len() }))
    }

    /// The memory of the examples, in bytes.
    pub fn bytes(&self) -> usize {
        let words: usize = self.examples.iter().map(|example| example.words.len()).sum();
        // A stem with its rank, and the stems of every example.
        self.stems.len() * 56 + words * 16 + self.examples.len() * size_of::<Vector>()
    }

    /// Compares a document with the examples. `language` is the one it was read in.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn compare(
        &self,
        document: &Document,
        language: Language,
        meaning: Option<&SemanticView>,
        budget: &Budget,
    ) -> Result<ExampleMatches> {
        let text = StemCounts::new(document, language, self.language, budget)?;
        let encoded = EncodedText::new(&text, meaning.and_then(SemanticView::unit_vector), |stem| {
            (self.stems.get(stem).copied(), idf(language, || background::background_idf(stem)))
        });
        let mut weights = vec![0.0; self.stems.len()];
        for term in &encoded.terms {
            if let Some(weight) = weights.get_mut(term.stem) {
                *weight = term.weight;
            }
        }
        let mut nearest: Vec<Option<NearestExample>> = vec![None; self.rules];
        for (index, example) in self.examples.iter().enumerate() {
            let Some(best) = nearest.get_mut(example.rule) else { continue };
            budget.work(DOT_STEPS + example.words.len() / STEMS_PER_STEP)?;
            let weight_of = |stem: u32| weights.get(stem as usize).copied().unwrap_or(0.0);
            let words: f64 = example.words.iter().map(|&(stem, weight)| weight * weight_of(stem)).sum();
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
        Ok(ExampleMatches { encoded, nearest })
    }

    /// The unit vector of the `nearest` example.
    pub fn unit_vector(&self, nearest: &NearestExample) -> Option<&Vector> {
        self.examples.get(nearest.example)?.unit_vector.as_ref()
    }

    /// Splits the cosine in words of a document with the `nearest` example over its words: calls `add` with each place
    /// and its part.
    pub fn word_parts(&self, matches: &ExampleMatches, nearest: &NearestExample, mut add: impl FnMut(Location, f64)) {
        let Some(example) = self.examples.get(nearest.example) else { return };
        let weight_of = |stem: usize| {
            let index = example.words.binary_search_by_key(&stem, |&(known, _)| known as usize).ok()?;
            example.words.get(index).map(|&(_, weight)| weight)
        };
        for &(location, index) in &matches.encoded.locations {
            let term = matches.encoded.terms.get(index).and_then(|term| Some((term, weight_of(term.stem)?)));
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

/// The idf of a stem of a text in `language`, whose `rarity` is its idf in general text. That is known for English
/// only; in other languages all stems weigh the same.
fn idf(language: Language, rarity: impl FnOnce() -> f64) -> f64 {
    if language == Language::English { rarity() } else { 1.0 }
}
