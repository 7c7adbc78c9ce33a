//! Finds labels in a document: every position that contains a name of a concept or of a field.

use std::ops::Range;
use std::sync::LazyLock;

use super::concepts::{
    CONCEPTS, canonical, canonical_word, column_concept, concept_word, concept_word_count, concept_words, split_words,
};
use super::page_grid::PageGrid;
use super::phrases::{PhraseIndex, UNKNOWN_WORD, WordId};
use super::power;
use super::schema::{Field, Schema};
use crate::budget::{Budget, Held};
use crate::document::{Rect, Span};
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Map, Words, map_for};

/// The factor for the strength of a label per preceding word: names in prose are rarely labels.
const PRECEDING_WORD_FACTOR: f64 = 0.9;

/// The maximum number of preceding words that weaken a label.
const MAX_PRECEDING_WORDS: usize = 3;

/// The maximum number of labels per page: more of them on one page add no information.
const MAX_HITS: usize = 20_000;

/// The work of a word, and how many words are compared with names, and labels kept, in one step of work.
const WORD_STEPS: usize = 2;
const WALKS_PER_STEP: usize = 4;
const HITS_PER_STEP: usize = 2;

/// The memory of a word, of a label, and of a name found in a segment, in bytes; and the number of words whose memory is
/// charged at once.
const WORD_BYTES: usize = 28;
const WORDS_PER_CHARGE: usize = 256;
const HIT_BYTES: usize = 80;
const FOUND_BYTES: usize = 40;

/// The work of reading the names of a schema, in passes over them, and the memory of each word of them, in bytes.
const NAME_PASSES: usize = 8;
const NAME_WORD_BYTES: usize = 100;

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

/// The names of concepts that are not table columns, and those of table columns, with label and strength.
static CONCEPT_NAMES: LazyLock<PhraseIndex<(usize, f64)>> = LazyLock::new(|| concept_names(false));
static COLUMN_NAMES: LazyLock<PhraseIndex<(usize, f64)>> = LazyLock::new(|| concept_names(true));

fn concept_names(are_columns: bool) -> PhraseIndex<(usize, f64)> {
    let mut names = PhraseIndex::default();
    for (index, concept) in CONCEPTS.iter().enumerate().filter(|(_, concept)| concept.is_column() == are_columns) {
        for (words, strength) in &concept.phrases {
            names.add(&concept_words(words), (index, *strength));
        }
    }
    names
}

/// Suffixes of words that are names: suffix, label and strength.
static SUFFIXES: LazyLock<Vec<(&'static str, usize, f64)>> = LazyLock::new(|| {
    let suffixes = CONCEPTS
        .iter()
        .enumerate()
        .flat_map(|(index, concept)| concept.suffixes.iter().map(move |&(suffix, strength)| (suffix, index, strength)));
    suffixes.collect()
});

/// The names of a schema's fields and columns.
pub(super) struct SchemaNames<'a> {
    /// The words that are not in the names of concepts, numbered after those.
    own_words: Map<String, WordId>,
    /// The names and synonyms of the fields, with their labels. A field named with the full name of a concept is left
    /// to the concept.
    fields: PhraseIndex<(usize, f64)>,
    /// The names of the columns that are no concept: the indexes of table and field.
    columns: PhraseIndex<(usize, usize)>,
    /// For every table, the concepts of its fields.
    pub column_concepts: Vec<Vec<Option<usize>>>,
    held: Held<'a>,
}

impl<'a> SchemaNames<'a> {
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(schema: &Schema, budget: &'a Budget) -> Result<Self> {
        let fields = || schema.fields.iter().chain(schema.tables.iter().flat_map(|table| &table.fields));
        for field in fields() {
            budget.pass_over(NAME_PASSES * names(field).map(String::len).sum::<usize>())?;
        }
        let mut own = Self {
            own_words: map_for(fields().flat_map(names).map(String::as_str)),
            fields: PhraseIndex::default(),
            columns: PhraseIndex::default(),
            column_concepts: Vec::with_capacity(schema.tables.len()),
            held: budget.hold(0)?,
        };
        for (index, field) in schema.fields.iter().enumerate() {
            let name = own.number(canonical(&split_words(&field.name)))?;
            own.fields.add(&name, (field_label(index), 1.0));
            for synonym in &field.synonyms {
                let synonym = own.number(canonical(synonym))?;
                own.fields.add(&synonym, (field_label(index), 1.0));
            }
        }
        for (table_index, table) in schema.tables.iter().enumerate() {
            let concepts: Vec<_> = table.fields.iter().map(field_column_concept).collect();
            let fields = table.fields.iter().zip(&concepts).enumerate();
            for (field_index, (field, _)) in fields.filter(|(_, (_, concept))| concept.is_none()) {
                let name = own.number(canonical(&split_words(&field.name)))?;
                own.columns.add(&name, (table_index, field_index));
            }
            own.column_concepts.push(concepts);
        }
        Ok(own)
    }

    /// Numbers the words of a name.
    fn number(&mut self, name: Vec<String>) -> Result<Vec<WordId>> {
        self.held.grow(NAME_WORD_BYTES * name.len())?;
        let number = |word: String| {
            concept_word(&word).unwrap_or_else(|| {
                let next = concept_word_count() + self.own_words.len() as WordId;
                *self.own_words.entry(word).or_insert(next)
            })
        };
        Ok(name.into_iter().map(number).collect())
    }

    /// The number of a word that [`canonical_word`] returned.
    fn word(&self, word: &str) -> WordId {
        let own = || self.own_words.get(word).copied();
        concept_word(word).or_else(own).unwrap_or(UNKNOWN_WORD)
    }

    /// The number of the word "amount", which can be the quantity or the total.
    pub fn amount(&self) -> WordId {
        self.word("amount")
    }
}

/// The name and the synonyms of a field.
fn names(field: &Field) -> impl Iterator<Item = &String> {
    std::iter::once(&field.name).chain(&field.synonyms)
}

/// The index of the column concept that a field means. Each of its names is tried in turn, so that the field's name
/// takes precedence over its synonyms.
fn field_column_concept(field: &Field) -> Option<usize> {
    names(field).find_map(|name| column_concept(name))
}

/// A word of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabelWord {
    pub span: Span,
    pub word: WordId,
    /// Whether the word is in round brackets.
    pub is_in_brackets: bool,
    /// Whether the word separates a label from a value: not a number, not in brackets and not a connecting word.
    pub is_separator: bool,
}

/// The words of all segments, without function words.
pub(super) struct LabelWords<'a> {
    words: Vec<LabelWord>,
    /// The index of the first word of every segment, then the number of words.
    first: Vec<usize>,
    /// The words that end with a name: their indexes, the label and its strength.
    suffixed: Vec<(usize, usize, f64)>,
    held: Held<'a>,
}

impl<'a> LabelWords<'a> {
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(grid: &PageGrid<'_>, names: &SchemaNames<'_>, budget: &'a Budget) -> Result<Self> {
        let mut found = Self { words: Vec::new(), first: vec![0], suffixed: Vec::new(), held: budget.hold(0)? };
        let mut folded = String::new();
        for segment in &grid.segments {
            let text = grid.text_of(segment);
            let brackets = brackets(text);
            let mut words = Words::new(text);
            let before = found.words.len();
            while let Some(range) = words.next_into(&mut folded) {
                let Some(canonical) = canonical_word(&folded) else { continue };
                // Brackets do not overlap: only the first that does not end before the word can contain it.
                let bracket = brackets.get(brackets.partition_point(|bracket| bracket.end < range.end));
                let is_in_brackets = bracket.is_some_and(|bracket| bracket.start < range.start);
                let is_separator = !is_in_brackets
                    && !CONNECTING_WORDS.contains(canonical)
                    && canonical.len() > 1
                    && !canonical.bytes().any(|byte| byte.is_ascii_digit());
                for &(suffix, label, strength) in SUFFIXES.iter() {
                    if canonical.len() > suffix.len() && canonical.ends_with(suffix) {
                        found.suffixed.push((found.words.len(), label, strength));
                    }
                }
                let span = Span { start: segment.span.start + range.start, end: segment.span.start + range.end };
                found.words.push(LabelWord { span, word: names.word(canonical), is_in_brackets, is_separator });
                if found.words.len().is_multiple_of(WORDS_PER_CHARGE) {
                    found.held.grow(WORD_BYTES * WORDS_PER_CHARGE)?;
                }
            }
            budget.work(1 + WORD_STEPS * (found.words.len() - before))?;
            found.first.push(found.words.len());
        }
        Ok(found)
    }

    /// The indexes of the words of segments.
    pub fn range(&self, segments: Range<usize>) -> Range<usize> {
        let first = |segment: usize| self.first.get(segment).copied().unwrap_or(self.words.len());
        first(segments.start)..first(segments.end)
    }

    /// The words of a segment, with the index of the first.
    pub fn of(&self, segment: usize) -> (usize, &[LabelWord]) {
        let range = self.range(segment..segment + 1);
        (range.start, self.words.get(range).unwrap_or_default())
    }

    pub fn all(&self) -> &[LabelWord] {
        &self.words
    }

    /// The names that a word ends with: the label and its strength.
    fn suffixes(&self, word: usize, are_columns: bool) -> impl Iterator<Item = (usize, f64)> {
        let from = self.suffixed.partition_point(|&(index, ..)| index < word);
        let of_word = self.suffixed.iter().skip(from).take_while(move |&&(index, ..)| index == word);
        of_word
            .map(|&(_, label, strength)| (label, strength))
            .filter(move |&(label, _)| CONCEPTS.get(label).is_some_and(|concept| concept.is_column() == are_columns))
    }

    /// The column concepts that are named in a range of words, each once, with the span of the name. The longest name
    /// wins.
    pub fn columns(&self, range: Range<usize>) -> Vec<(usize, Span)> {
        let mut found: Vec<(usize, Span)> = Vec::new();
        let mut index = range.start;
        while index < range.end {
            let rest = self.words.get(index..range.end).unwrap_or_default();
            let longest = COLUMN_NAMES.at_start(rest.iter().map(|word| word.word)).last();
            let (length, named) = longest.unwrap_or((1, &[]));
            let suffixes = self.suffixes(index, true).filter(|_| length == 1).map(|(label, _)| label);
            let label = named.iter().map(|&(label, _)| label).chain(suffixes).min();
            if let (Some(label), Some(first), Some(last)) = (label, rest.first(), rest.get(length - 1))
                && !found.iter().any(|(known, _)| *known == label)
            {
                found.push((label, Span { start: first.span.start, end: last.span.end }));
            }
            index += length;
        }
        found
    }

    /// The columns of tables that are named in a segment by their own names: the indexes of table and field, and the
    /// first place; in the order of the tables and fields.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn own_columns(
        &self,
        segment: usize,
        names: &SchemaNames<'_>,
        budget: &Budget,
    ) -> Result<Vec<(usize, usize, Span)>> {
        let (_, words) = self.of(segment);
        let mut held = budget.hold(0)?;
        let mut found = Vec::new();
        let mut steps = 0;
        for (index, first) in words.iter().enumerate() {
            let rest = words.get(index..).unwrap_or_default().iter().map(|word| word.word).inspect(|_| steps += 1);
            for (length, named) in names.columns.at_start(rest) {
                let Some(last) = words.get(index + length - 1) else { continue };
                let span = Span { start: first.span.start, end: last.span.end };
                held.grow(FOUND_BYTES * named.len())?;
                found.extend(named.iter().map(|&(table, field)| (table, field, span)));
            }
        }
        budget.work(steps / WALKS_PER_STEP + found.len())?;
        found.sort_unstable_by_key(|&(table, field, span)| (table, field, span.start));
        found.dedup_by_key(|(table, field, _)| (*table, *field));
        Ok(found)
    }
}

/// The ranges of text in round brackets.
fn brackets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open = open.or(Some(offset)),
            b')' => found.extend(open.take().map(|start| start..offset)),
            _ => {}
        }
    }
    found
}

/// A name in a segment: the first word and one past the last, the label and its strength.
type FoundName = (usize, usize, usize, f64);

/// All labels in the document, in the order of the segments. A name within a longer name does not count: "invoice date"
/// is not a label for "invoice".
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn find(
    grid: &PageGrid<'_>,
    words: &LabelWords<'_>,
    names: &SchemaNames<'_>,
    budget: &Budget,
) -> Result<Vec<LabelHit>> {
    let mut hits: Vec<LabelHit> = Vec::new();
    let mut held = budget.hold(0)?;
    for (index, segment) in grid.segments.iter().enumerate() {
        if hits.len() > MAX_HITS * (segment.page + 1) {
            continue;
        }
        let (_, segment_words) = words.of(index);
        let found = names_in_segment(words, index, names, budget)?;
        budget.work(found.len().div_ceil(HITS_PER_STEP))?;
        budget.items(found.len())?;
        held.grow(HIT_BYTES * found.len())?;
        // No name contains another, so that the ends are in the order of the starts.
        let ends = found.iter().map(|&(_, end, ..)| end).collect::<Vec<_>>();
        for same_place in found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some(&(start, end, ..)) = same_place.first() else { continue };
            let (Some(first), Some(last)) = (segment_words.get(start), segment_words.get(end - 1)) else { continue };
            let span = Span { start: first.span.start, end: last.span.end };
            // Counts the words directly before the name, up to the previous name.
            let before = ends.partition_point(|&end| end <= start);
            let previous_end = before.checked_sub(1).and_then(|previous| ends.get(previous)).copied().unwrap_or(0);
            let preceding = segment_words.get(previous_end..start).unwrap_or_default().iter().rev();
            let preceding_words = preceding.take(MAX_PRECEDING_WORDS).take_while(|word| word.is_separator).count();
            let factor = power(PRECEDING_WORD_FACTOR, i32::try_from(preceding_words).unwrap_or_default());
            let Some(rect) = grid.rect(segment.page, span) else { continue };
            hits.extend(same_place.iter().map(|&(.., label, strength)| LabelHit {
                label,
                segment: index,
                span,
                rect,
                strength: strength * factor,
            }));
        }
    }
    Ok(hits)
}

/// The names in a segment, in the order of their places and labels, without those within longer ones.
fn names_in_segment(
    words: &LabelWords<'_>,
    segment: usize,
    names: &SchemaNames<'_>,
    budget: &Budget,
) -> Result<Vec<FoundName>> {
    let (first_index, segment_words) = words.of(segment);
    let mut held = budget.hold(0)?;
    let mut found: Vec<FoundName> = Vec::new();
    // The end of the longest name so far, which contains all shorter ones up to there.
    let mut reach = 0;
    let mut steps = 0;
    for start in 0..segment_words.len() {
        let rest = segment_words.get(start..).unwrap_or_default().iter().map(|word| word.word);
        let (concept_length, concepts) = CONCEPT_NAMES.at_start(rest.clone()).last().unwrap_or((0, &[]));
        let walk = rest.inspect(|_| steps += 1);
        let (field_length, fields) = names.fields.at_start(walk).last().unwrap_or((0, &[]));
        let mut suffixes = words.suffixes(first_index + start, false).peekable();
        let suffix_length = usize::from(suffixes.peek().is_some());
        let length = concept_length.max(field_length).max(suffix_length);
        let end = start + length;
        if length == 0 || end <= reach {
            continue;
        }
        reach = end;
        let concepts = if concept_length == length { concepts } else { &[] };
        let fields = if field_length == length { fields } else { &[] };
        held.grow(FOUND_BYTES * (concepts.len() + fields.len() + suffix_length))?;
        let all = concepts.iter().chain(fields).copied().chain(suffixes.filter(|_| suffix_length == length));
        found.extend(all.map(|(label, strength)| (start, end, label, strength)));
    }
    budget.work(steps / WALKS_PER_STEP)?;
    found.sort_unstable_by(|a, b| (a.0, a.2).cmp(&(b.0, b.2)).then(b.3.total_cmp(&a.3)));
    found.dedup_by_key(|&mut (start, _, label, _)| (start, label));
    // Names in brackets after a name only explain it: "gross (incl. VAT)".
    let first_end = found.first().map(|&(_, end, ..)| end);
    found.retain(|&(start, end, ..)| {
        first_end == Some(end) || !segment_words.get(start).is_some_and(|word| word.is_in_brackets)
    });
    Ok(found)
}
