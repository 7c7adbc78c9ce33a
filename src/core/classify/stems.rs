//! A text as weighted stems, for comparing documents with the examples of rules.

use std::collections::BTreeMap;

use super::evidence::Location;
use super::math::ratio;
use super::term_matches::passages;
use crate::document::{Document, Span};
use crate::text::{Language, Map, Vector, Words, map_for};

/// The maximum number of words read of one text: four pages, enough to characterise an example.
const MAX_WORDS: usize = 2_000;

/// The stems of a text.
#[derive(Debug, Default)]
pub(super) struct StemCounts {
    /// Every stem with its index, by first occurrence, and its count.
    pub counts: BTreeMap<String, (usize, f64)>,
    /// The content words: the location, and the index of the stem.
    locations: Vec<(Location, usize)>,
}

/// A stem of a text, weighted.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermWeight {
    /// The index among the known stems.
    pub stem: usize,
    pub weight: f64,
    /// The number of occurrences.
    pub count: f64,
}

/// A text encoded for the comparison with examples.
#[derive(Debug, Clone)]
pub(super) struct EncodedText {
    pub unit_vector: Option<Vector>,
    /// The known stems. The weights have Euclidean length 1 together with those of the unknown stems.
    pub terms: Vec<TermWeight>,
    /// The locations of its words, each with the index of its stem in `terms`.
    pub locations: Vec<(Location, usize)>,
}

impl EncodedText {
    /// Weighs the stems of a text. `look_up` returns the index of a stem, None if it is unknown, and its idf.
    pub fn new(
        stems: &StemCounts,
        unit_vector: Option<Vector>,
        look_up: impl Fn(&str) -> (Option<usize>, f64),
    ) -> Self {
        let mut terms = Vec::new();
        let mut term_indices = vec![None; stems.counts.len()];
        let mut square = 0.0;
        for (stem, &(stem_index, count)) in &stems.counts {
            let tf = 1.0 + libm::log(count);
            let (known_stem, idf) = look_up(stem);
            let weight = tf * idf;
            square += weight * weight;
            if let (Some(stem), Some(term_index)) = (known_stem, term_indices.get_mut(stem_index)) {
                *term_index = Some(terms.len());
                terms.push(TermWeight { stem, weight, count });
            }
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

impl StemCounts {
    /// Counts the stems of a text in `language`, without the stop words of that language and of `rule_language`.
    pub fn new(document: &Document, language: Language, rule_language: Language) -> Self {
        let mut stems = Self::default();
        let mut folded = String::new();
        // The index of each word's stem, so that a repeated word is not stemmed again; None for stop words.
        let mut stem_of_word: Map<String, Option<usize>> =
            map_for(document.pages.iter().map(|page| page.text.as_str()));
        let mut remaining = MAX_WORDS;
        for (page_index, page) in document.pages.iter().enumerate() {
            for passage in passages(page) {
                let mut words = Words::new(passage.span.of(&page.text));
                while remaining > 0
                    && let Some(range) = words.next_into(&mut folded)
                {
                    remaining -= 1;
                    let index = stem_of_word.get(&folded).copied().unwrap_or_else(|| {
                        let is_content =
                            folded.len() > 1 && !language.is_stop_word(&folded) && !rule_language.is_stop_word(&folded);
                        let index = is_content.then(|| stems.index_of(language.stem(&folded).into_owned()));
                        stem_of_word.insert(folded.clone(), index);
                        index
                    });
                    if let Some(index) = index {
                        let span =
                            Span { start: passage.span.start + range.start, end: passage.span.start + range.end };
                        stems.locations.push(((page_index, span), index));
                    }
                }
            }
        }
        let mut counts = vec![0.0; stems.counts.len()];
        for &(_, index) in &stems.locations {
            if let Some(count) = counts.get_mut(index) {
                *count += 1.0;
            }
        }
        for (index, count) in stems.counts.values_mut() {
            *count = counts.get(*index).copied().unwrap_or_default();
        }
        stems
    }

    /// The index of a stem; the next free one if it is new.
    fn index_of(&mut self, stem: String) -> usize {
        let next = self.counts.len();
        self.counts.entry(stem).or_insert((next, 0.0)).0
    }
}
