//! A text as weighted stems, for comparing documents with the examples of rules.

use super::evidence::Location;
use super::math::ratio;
use super::term_matches::passages;
use crate::budget::Budget;
use crate::document::{Document, Span};
use crate::error::Result;
use crate::text::{Language, Map, Vector, Words, map_for};

/// The maximum number of words read of one text: four pages, enough to characterise an example.
const MAX_WORDS: usize = 2_000;

/// The work of a word, and of a word that is stemmed, in steps.
const WORD_STEPS: usize = 3;
const STEM_STEPS: usize = 24;

/// The memory of a stem that is kept, with its words, in bytes; measured with words of two letters.
const STEM_BYTES: usize = 80;

/// The memory of a stem of a text, in bytes.
const COUNT_BYTES: usize = 16;

/// The stems of a document.
#[derive(Debug, Default)]
pub(super) struct StemCounts {
    /// Every stem with its count, in alphabetical order: sums over them depend on the order in the last bit.
    stems: Vec<(String, f64)>,
    /// The content words: the location, and the index of the stem.
    locations: Vec<(Location, usize)>,
}

/// A stem of a text, weighted.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermWeight {
    /// The rank among the known stems.
    pub stem: usize,
    pub weight: f64,
    /// The number of occurrences.
    pub count: f64,
}

/// A text encoded for the comparison with examples.
#[derive(Debug, Clone)]
pub(super) struct EncodedText {
    pub unit_vector: Option<Vector>,
    /// The known stems, in alphabetical order. The weights have Euclidean length 1 together with those of the unknown
    /// stems.
    pub terms: Vec<TermWeight>,
    /// The locations of its words, each with the index of its stem in `terms`.
    pub locations: Vec<(Location, usize)>,
}

/// The weight of a stem before all weights of a text are scaled to length 1.
fn unscaled_weight(count: f64, idf: f64) -> f64 {
    (1.0 + libm::log(count)) * idf
}

impl EncodedText {
    /// Weighs the stems of a text. `look_up` returns the rank of a stem, None if it is unknown, and its idf.
    pub fn new(
        stems: &StemCounts,
        unit_vector: Option<Vector>,
        look_up: impl Fn(&str) -> (Option<usize>, f64),
    ) -> Self {
        let mut terms = Vec::new();
        let mut term_indices = Vec::with_capacity(stems.stems.len());
        let mut square = 0.0;
        for (stem, count) in &stems.stems {
            let (known_stem, idf) = look_up(stem);
            let weight = unscaled_weight(*count, idf);
            square += weight * weight;
            term_indices.push(known_stem.map(|_| terms.len()));
            terms.extend(known_stem.map(|stem| TermWeight { stem, weight, count: *count }));
        }
        let length = square.sqrt();
        for term in &mut terms {
            term.weight = ratio(term.weight, length);
        }
        let locate = |&(location, stem_index): &(Location, usize)| {
            Some((location, term_indices.get(stem_index).copied().flatten()?))
        };
        Self { unit_vector, terms, locations: stems.locations.iter().filter_map(locate).collect() }
    }
}

/// Calls `visit` with the first words of a document, folded, and their locations; returns their number.
fn visit_words(document: &Document, mut visit: impl FnMut(Location, &str)) -> usize {
    let mut folded = String::new();
    let mut count = 0;
    for (page_index, page) in document.pages.iter().enumerate() {
        for passage in passages(page) {
            let mut words = Words::new(passage.span.of(&page.text));
            while count < MAX_WORDS
                && let Some(range) = words.next_into(&mut folded)
            {
                count += 1;
                let span = Span { start: passage.span.start + range.start, end: passage.span.start + range.end };
                visit((page_index, span), &folded);
            }
            if count == MAX_WORDS {
                return count;
            }
        }
    }
    count
}

/// Whether a word is not a stop word, neither of the language of its text nor of that of the rules.
fn is_content(word: &str, language: Language, rule_language: Language) -> bool {
    word.len() > 1 && !language.is_stop_word(word) && !rule_language.is_stop_word(word)
}

impl StemCounts {
    /// Counts the stems of a document in `language`, without the stop words of that language and of `rule_language`.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(document: &Document, language: Language, rule_language: Language, budget: &Budget) -> Result<Self> {
        // The index of each word's stem, so that a repeated word is not stemmed again; None for stop words.
        let mut stem_of_word: Map<String, Option<usize>> =
            map_for(document.pages.iter().map(|page| page.text.as_str()));
        let mut indices: Map<String, usize> = Map::with_hasher(stem_of_word.hasher().clone());
        let mut locations: Vec<(Location, usize)> = Vec::new();
        let words = visit_words(document, |location, word| {
            let index = stem_of_word.get(word).copied().unwrap_or_else(|| {
                let index = is_content(word, language, rule_language).then(|| {
                    let next = indices.len();
                    *indices.entry(language.stem(word).into_owned()).or_insert(next)
                });
                stem_of_word.insert(word.to_owned(), index);
                index
            });
            locations.extend(index.map(|index| (location, index)));
        });
        budget.work(WORD_STEPS * words + STEM_STEPS * stem_of_word.len())?;
        let mut counts = vec![0.0; indices.len()];
        for &(_, index) in &locations {
            if let Some(count) = counts.get_mut(index) {
                *count += 1.0;
            }
        }
        let mut sorted: Vec<(String, usize)> = indices.into_iter().collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; sorted.len()];
        for (rank, (_, index)) in sorted.iter().enumerate() {
            if let Some(rank_of_index) = ranks.get_mut(*index) {
                *rank_of_index = rank;
            }
        }
        for (_, index) in &mut locations {
            *index = ranks.get(*index).copied().unwrap_or_default();
        }
        let count_of = |index: usize| counts.get(index).copied().unwrap_or_default();
        Ok(Self { stems: sorted.into_iter().map(|(stem, index)| (stem, count_of(index))).collect(), locations })
    }
}

/// The stems of many texts, numbered as they are found: each word is stemmed once.
pub(super) struct StemNumbers<'a> {
    /// For every language, the number of the stem of each word; None for stop words.
    words: Vec<Map<String, Option<u32>>>,
    numbers: Map<String, u32>,
    rule_language: Language,
    budget: &'a Budget,
    held: crate::budget::Held<'a>,
}

/// The stems of a text with their counts.
pub(super) type NumberedCounts = Vec<(u32, f64)>;

impl<'a> StemNumbers<'a> {
    /// No stems yet. `texts` are those that will be counted.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new<'b>(
        texts: impl IntoIterator<Item = &'b str>,
        rule_language: Language,
        budget: &'a Budget,
    ) -> Result<Self> {
        let numbers: Map<String, u32> = map_for(texts);
        let words = Language::ALL.map(|_| Map::with_hasher(numbers.hasher().clone())).into();
        Ok(Self { words, numbers, rule_language, budget, held: budget.hold(0)? })
    }

    /// Counts the stems of a text in `language`, by number.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn count(&mut self, document: &Document, language: Language) -> Result<NumberedCounts> {
        let Self { words, numbers, rule_language, .. } = self;
        let Some(stem_of_word) = words.get_mut(language as usize) else { return Ok(Vec::new()) };
        let known_words = stem_of_word.len();
        let mut found: Vec<u32> = Vec::new();
        let word_count = visit_words(document, |_, word| {
            let number = stem_of_word.get(word).copied().unwrap_or_else(|| {
                let number = is_content(word, language, *rule_language).then(|| {
                    // The examples of a rule set have far fewer than `u32::MAX` words.
                    let next = numbers.len() as u32;
                    *numbers.entry(language.stem(word).into_owned()).or_insert(next)
                });
                stem_of_word.insert(word.to_owned(), number);
                number
            });
            found.extend(number);
        });
        let new_words = stem_of_word.len() - known_words;
        self.budget.work(WORD_STEPS * word_count + STEM_STEPS * new_words)?;
        found.sort_unstable();
        let counts: NumberedCounts =
            found.chunk_by(|a, b| a == b).filter_map(|same| Some((*same.first()?, same.len() as f64))).collect();
        self.held.grow(STEM_BYTES * new_words + COUNT_BYTES * counts.len())?;
        Ok(counts)
    }

    /// Ranks all stems alphabetically.
    pub fn ranked(self) -> StemRanks {
        let mut sorted: Vec<(String, u32)> = self.numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; sorted.len()];
        for (rank, (_, number)) in (0..).zip(&sorted) {
            if let Some(rank_of_number) = ranks.get_mut(*number as usize) {
                *rank_of_number = rank;
            }
        }
        StemRanks { stems: sorted.into_iter().map(|(stem, _)| stem).collect(), ranks }
    }
}

/// The stems of many texts in alphabetical order: the rank of a stem is its place among them.
pub(super) struct StemRanks {
    /// The stems by rank.
    pub stems: Vec<String>,
    /// The ranks by number.
    ranks: Vec<u32>,
}

impl StemRanks {
    /// The rank of every stem.
    pub fn by_stem(self) -> Map<String, usize> {
        let mut ranks: Map<String, usize> = map_for(self.stems.iter().map(String::as_str));
        ranks.extend(self.stems.into_iter().zip(0..));
        ranks
    }

    /// Sorts the stems of a text by rank, in place of their numbers.
    pub fn rank(&self, counts: &mut NumberedCounts) {
        for (number, _) in counts.iter_mut() {
            *number = self.ranks.get(*number as usize).copied().unwrap_or_default();
        }
        counts.sort_unstable_by_key(|&(rank, _)| rank);
    }
}

/// Replaces the counts of a text's stems, sorted by rank, by their weights, of Euclidean length 1.
pub(super) fn weigh(counts: &mut NumberedCounts, idf: impl Fn(usize) -> f64) {
    let mut square = 0.0;
    for (rank, count) in counts.iter_mut() {
        *count = unscaled_weight(*count, idf(*rank as usize));
        square += *count * *count;
    }
    let length = square.sqrt();
    for (_, weight) in counts {
        *weight = ratio(*weight, length);
    }
}
