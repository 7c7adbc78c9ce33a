//! Finds labels in a document: every position that contains a name of a concept or of a field.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::concepts::{CONCEPTS, canonical, canonical_word, split_words};
use super::page_grid::{PageGrid, Segment};
use super::power;
use super::schema::Field;
use crate::document::{Rect, Span};
use crate::text::languages::{WordSet, lists};
use crate::text::words;

/// The factor for the strength of a label per preceding word: names in prose are rarely labels.
const PRECEDING_WORD_FACTOR: f64 = 0.9;

/// The maximum number of preceding words that weaken a label.
const MAX_PRECEDING_WORDS: i32 = 3;

/// The maximum number of labels per page: more of them on one page add no information.
const MAX_HITS: usize = 20_000;

/// Words between a label and a value that connect them instead of separating them.
static CONNECTING_WORDS: LazyLock<WordSet> = LazyLock::new(|| lists::CONNECTING_WORDS.set());

/// A label in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabelHit {
    /// The index of the concept in [`CONCEPTS`], or [`field_label`] for a field.
    pub label: usize,
    pub segment: usize,
    pub span: Span,
    pub rect: Rect,
    /// The likelihood that it is a label, 0 to 1.
    pub strength: f64,
}

/// The label of a field; field labels follow those of the concepts.
pub(super) fn field_label(field_index: usize) -> usize {
    CONCEPTS.len() + field_index
}

/// Phrases by their first word.
#[derive(Default)]
pub(super) struct LabelLexicon {
    /// Word suffixes: suffix, label and strength.
    suffixes: Vec<(String, usize, f64)>,
    phrases: Vec<(Vec<String>, usize, f64)>,
    by_first: HashMap<String, Vec<usize>>,
}

/// The names of concepts that are not table columns.
static CONCEPT_NAMES: LazyLock<LabelLexicon> = LazyLock::new(|| concept_names(false));

/// The names of table columns.
pub(super) static COLUMN_NAMES: LazyLock<LabelLexicon> = LazyLock::new(|| concept_names(true));

fn concept_names(are_columns: bool) -> LabelLexicon {
    let mut lexicon = LabelLexicon::default();
    for (index, concept) in CONCEPTS.iter().enumerate() {
        if concept.name.starts_with("line_") == are_columns {
            for (words, strength) in &concept.phrases {
                lexicon.add(words.clone(), index, *strength);
            }
            lexicon
                .suffixes
                .extend(concept.suffixes.iter().map(|(suffix, strength)| ((*suffix).to_owned(), index, *strength)));
        }
    }
    lexicon
}

impl LabelLexicon {
    fn add(&mut self, words: Vec<String>, label: usize, strength: f64) {
        let Some(first) = words.first() else { return };
        self.by_first.entry(first.clone()).or_default().push(self.phrases.len());
        self.phrases.push((words, label, strength));
    }

    /// The fields' own names and synonyms. A field named with the full name of a concept is left to the concept.
    pub fn for_fields(fields: &[Field]) -> Self {
        let mut lexicon = Self::default();
        for (index, field) in fields.iter().enumerate() {
            lexicon.add(canonical(&split_words(&field.name)), field_label(index), 1.0);
            for synonym in &field.synonyms {
                lexicon.add(canonical(synonym), field_label(index), 1.0);
            }
        }
        lexicon
    }

    /// The names at the start of `rest`: label, strength and number of words.
    fn matches_at_start<'a>(&'a self, rest: &'a [LabelWord]) -> impl Iterator<Item = (usize, f64, usize)> + 'a {
        let first = rest.first();
        let phrases = first.and_then(|word| self.by_first.get(&word.canonical));
        let phrases = phrases.into_iter().flatten().filter_map(move |&index| {
            let (words, label, strength) = self.phrases.get(index)?;
            let candidate = rest.get(..words.len())?;
            candidate.iter().zip(words).all(|(found, word)| found.canonical == *word).then_some((
                *label,
                *strength,
                words.len(),
            ))
        });
        let suffixes = self.suffixes.iter().filter(move |(suffix, ..)| {
            first.is_some_and(|word| word.canonical.len() > suffix.len() && word.canonical.ends_with(suffix.as_str()))
        });
        phrases.chain(suffixes.map(|(_, label, strength)| (*label, *strength, 1)))
    }
}

/// A word of a segment.
#[derive(Debug, Clone)]
pub(super) struct LabelWord {
    pub span: Span,
    pub canonical: String,
    /// Whether the word is in round brackets.
    pub is_in_brackets: bool,
    /// Whether the word separates a label from a value: not a number, not in brackets and not a connecting word.
    pub is_separator: bool,
}

/// The words of a segment without function words.
pub(super) fn label_words(grid: &PageGrid<'_>, segment: &Segment) -> Vec<LabelWord> {
    let text = grid.text_of(segment);
    let brackets = brackets(text);
    words(text)
        .into_iter()
        .filter_map(|(range, word)| {
            let canonical = canonical_word(&word)?.to_owned();
            let is_in_brackets = brackets.iter().any(|bracket| bracket.start < range.start && range.end <= bracket.end);
            let is_separator = !is_in_brackets
                && !CONNECTING_WORDS.contains(canonical.as_str())
                && canonical.len() > 1
                && !canonical.bytes().any(|byte| byte.is_ascii_digit());
            let span = Span { start: segment.span.start + range.start, end: segment.span.start + range.end };
            Some(LabelWord { span, canonical, is_in_brackets, is_separator })
        })
        .collect()
}

/// The ranges of text in round brackets.
fn brackets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (offset, c) in text.char_indices() {
        match c {
            '(' => open = open.or(Some(offset)),
            ')' => found.extend(open.take().map(|start| start..offset)),
            _ => {}
        }
    }
    found
}

/// The column concepts that are named in `words`, each once, with the span of the name. The longest name wins.
pub(super) fn columns<'a>(words: impl Iterator<Item = &'a LabelWord>) -> Vec<(usize, Span)> {
    let words: Vec<LabelWord> = words.cloned().collect();
    let mut found: Vec<(usize, Span)> = Vec::new();
    let mut index = 0;
    while let Some(rest) = words.get(index..).filter(|rest| !rest.is_empty()) {
        let best =
            COLUMN_NAMES.matches_at_start(rest).max_by_key(|&(label, _, length)| (length, std::cmp::Reverse(label)));
        let Some((label, _, length)) = best else {
            index += 1;
            continue;
        };
        if let (Some(first), Some(last)) = (rest.first(), rest.get(length - 1))
            && !found.iter().any(|(known, _)| *known == label)
        {
            found.push((label, Span { start: first.span.start, end: last.span.end }));
        }
        index += length;
    }
    found
}

/// All labels in the document, in the order of the segments. A name within a longer name does not count: "invoice date"
/// is not a label for "invoice".
pub(super) fn find(grid: &PageGrid<'_>, segment_words: &[Vec<LabelWord>], field_names: &LabelLexicon) -> Vec<LabelHit> {
    let mut hits: Vec<LabelHit> = Vec::new();
    for (index, (segment, segment_words)) in grid.segments.iter().zip(segment_words).enumerate() {
        if hits.len() > MAX_HITS * (segment.page + 1) {
            continue;
        }
        let mut found: Vec<(Range<usize>, usize, f64)> = Vec::new();
        for first in 0..segment_words.len() {
            let rest = segment_words.get(first..).unwrap_or_default();
            for (label, strength, length) in
                CONCEPT_NAMES.matches_at_start(rest).chain(field_names.matches_at_start(rest))
            {
                found.push((first..first + length, label, strength));
            }
        }
        let ranges = found.iter().map(|(words, ..)| words.clone()).collect::<Vec<_>>();
        found.retain(|(words, ..)| {
            !ranges
                .iter()
                .any(|other| other.start <= words.start && words.end <= other.end && other.len() > words.len())
        });
        found.sort_by(|a, b| (a.0.start, a.0.end, a.1).cmp(&(b.0.start, b.0.end, b.1)).then(b.2.total_cmp(&a.2)));
        found.dedup_by_key(|(words, label, _)| (words.clone(), *label));
        // Names in brackets after a name only explain it: "gross (incl. VAT)".
        let first_end = found.first().map(|(words, ..)| words.end);
        found.retain(|(words, ..)| {
            first_end == Some(words.end) || !segment_words.get(words.start).is_some_and(|word| word.is_in_brackets)
        });
        let ends = found.iter().map(|(words, ..)| words.end).collect::<Vec<_>>();
        for (words, label, strength) in found {
            let (Some(first), Some(last)) = (segment_words.get(words.start), segment_words.get(words.end - 1)) else {
                continue;
            };
            let span = Span { start: first.span.start, end: last.span.end };
            // Counts the words directly before the name, up to the previous name.
            let previous_end = ends.iter().copied().filter(|&end| end <= words.start).max().unwrap_or(0);
            let preceding_words = segment_words
                .get(previous_end..words.start)
                .unwrap_or_default()
                .iter()
                .rev()
                .take_while(|word| word.is_separator)
                .count();
            let preceding_words =
                i32::try_from(preceding_words).unwrap_or(MAX_PRECEDING_WORDS).min(MAX_PRECEDING_WORDS);
            let Some(rect) = grid.rect(segment.page, span) else { continue };
            hits.push(LabelHit {
                label,
                segment: index,
                span,
                rect,
                strength: strength * power(PRECEDING_WORD_FACTOR, preceding_words),
            });
        }
    }
    hits
}
