//! Where a document names things: every place that holds a name of a concept or of a field.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::concepts::{CONCEPTS, canonical, canonical_word, spaced};
use super::schema::Field;
use super::sheet::{Segment, Sheet};
use super::times;
use crate::document::{Rect, Span};
use crate::text::words;

/// What a name is worth that other words lead up to: prose mentions more than it labels.
const AFTER_WORDS: f64 = 0.9;

/// The most words before a name that count against it.
const MAX_LEAD: i32 = 3;

/// The most names looked at on one page: a page that is one long list of names has no more to say.
const MAX_HITS: usize = 20_000;

/// Words between a name and a value that bind them instead of parting them, folded.
const BINDING: &[&str] = &[
    "a", "al", "am", "an", "are", "as", "at", "au", "bis", "chf", "date", "dated", "datum", "den", "ein", "est", "eur",
    "euro", "fecha", "for", "from", "gbp", "id", "il", "in", "ist", "is", "issued", "le", "les", "nr", "on", "op",
    "par", "per", "plus", "shall", "be", "sind", "to", "um", "usd", "vom", "von", "zum", "inkl", "incl", "zzgl",
    "gesamt", "total", "totaal", "totale", "betrag", "amount", "net", "by", "bei", "with", "mit", "state",
];

/// A name in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Whose name it is: a concept by its place, or [`custom`] for a field.
    pub label: usize,
    pub segment: usize,
    pub span: Span,
    pub rect: Rect,
    /// How surely it is a label, 0 to 1.
    pub strength: f64,
}

/// The label of the field at `at`, after those of the concepts.
pub(super) fn custom(at: usize) -> usize {
    CONCEPTS.len() + at
}

/// Phrases by their first word.
#[derive(Default)]
pub(super) struct Lexicon {
    /// Ends of words: end, label and strength.
    ends: Vec<(String, usize, f64)>,
    phrases: Vec<(Vec<String>, usize, f64)>,
    by_first: HashMap<String, Vec<usize>>,
}

/// The names of concepts that are no columns of a table.
static CONCEPT_NAMES: LazyLock<Lexicon> = LazyLock::new(|| concept_names(false));

/// The names of the columns of tables.
pub(super) static COLUMN_NAMES: LazyLock<Lexicon> = LazyLock::new(|| concept_names(true));

fn concept_names(are_columns: bool) -> Lexicon {
    let mut lexicon = Lexicon::default();
    for (at, concept) in CONCEPTS.iter().enumerate() {
        if concept.name.starts_with("line_") == are_columns {
            for (words, strength) in &concept.phrases {
                lexicon.add(words.clone(), at, *strength);
            }
            lexicon.ends.extend(concept.ends.iter().map(|(end, strength)| ((*end).to_owned(), at, *strength)));
        }
    }
    lexicon
}

impl Lexicon {
    fn add(&mut self, words: Vec<String>, label: usize, strength: f64) {
        let Some(first) = words.first() else { return };
        self.by_first.entry(first.clone()).or_default().push(self.phrases.len());
        self.phrases.push((words, label, strength));
    }

    /// The fields' own names and synonyms. What a field is named by a concept's whole name is left to the concept.
    pub fn of_fields(fields: &[Field]) -> Self {
        let mut lexicon = Self::default();
        for (at, field) in fields.iter().enumerate() {
            lexicon.add(canonical(&spaced(&field.name)), custom(at), 1.0);
            for synonym in &field.synonyms {
                lexicon.add(canonical(synonym), custom(at), 1.0);
            }
        }
        lexicon
    }

    /// Phrases that begin at a word: label, strength and number of words.
    fn at<'a>(&'a self, rest: &'a [Spoken]) -> impl Iterator<Item = (usize, f64, usize)> + 'a {
        let first = rest.first();
        let phrases = first.and_then(|word| self.by_first.get(&word.canonical));
        let phrases = phrases.into_iter().flatten().filter_map(move |&at| {
            let (words, label, strength) = self.phrases.get(at)?;
            let said = rest.get(..words.len())?;
            said.iter().zip(words).all(|(said, word)| said.canonical == *word).then_some((
                *label,
                *strength,
                words.len(),
            ))
        });
        let ends = self.ends.iter().filter(move |(end, ..)| {
            first.is_some_and(|word| word.canonical.len() > end.len() && word.canonical.ends_with(end.as_str()))
        });
        phrases.chain(ends.map(|(_, label, strength)| (*label, *strength, 1)))
    }
}

/// A word of a segment.
#[derive(Debug, Clone)]
pub(super) struct Spoken {
    pub span: Span,
    pub canonical: String,
    /// Whether it stands in brackets.
    pub is_aside: bool,
    /// Whether it parts a name from a value: neither a number, nor in brackets, nor a word that binds.
    pub parts: bool,
}

/// The words of a segment, without little ones.
pub(super) fn spoken(sheet: &Sheet<'_>, segment: &Segment) -> Vec<Spoken> {
    let text = sheet.text_of(segment);
    let brackets = brackets(text);
    words(text)
        .into_iter()
        .filter_map(|(range, word)| {
            let canonical = canonical_word(&word)?.to_owned();
            let is_aside = brackets.iter().any(|aside| aside.start < range.start && range.end <= aside.end);
            let parts = !is_aside
                && !BINDING.contains(&canonical.as_str())
                && canonical.len() > 1
                && !canonical.bytes().any(|byte| byte.is_ascii_digit());
            let span = Span { start: segment.span.start + range.start, end: segment.span.start + range.end };
            Some(Spoken { span, canonical, is_aside, parts })
        })
        .collect()
}

/// What stands in round brackets.
fn brackets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open = open.or(Some(at)),
            ')' => found.extend(open.take().map(|from| from..at)),
            _ => {}
        }
    }
    found
}

/// The concepts of columns that words name, each once, with the words that name it. The longest name wins.
pub(super) fn columns<'a>(said: impl Iterator<Item = &'a Spoken>) -> Vec<(usize, Span)> {
    let said: Vec<Spoken> = said.cloned().collect();
    let mut found: Vec<(usize, Span)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = said.get(at..).filter(|rest| !rest.is_empty()) {
        let best = COLUMN_NAMES.at(rest).max_by_key(|&(label, _, length)| (length, std::cmp::Reverse(label)));
        let Some((label, _, length)) = best else {
            at += 1;
            continue;
        };
        if let (Some(first), Some(last)) = (rest.first(), rest.get(length - 1))
            && !found.iter().any(|(known, _)| *known == label)
        {
            found.push((label, Span { start: first.span.start, end: last.span.end }));
        }
        at += length;
    }
    found
}

/// Every name in the document, in the order of the segments. A name within a longer one is none: "invoice date" does
/// not say "invoice".
pub(super) fn find(sheet: &Sheet<'_>, said: &[Vec<Spoken>], own: &Lexicon) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for (at, (segment, said)) in sheet.segments.iter().zip(said).enumerate() {
        if hits.len() > MAX_HITS * (segment.page + 1) {
            continue;
        }
        let mut found: Vec<(Range<usize>, usize, f64)> = Vec::new();
        for first in 0..said.len() {
            let rest = said.get(first..).unwrap_or_default();
            for (label, strength, length) in CONCEPT_NAMES.at(rest).chain(own.at(rest)) {
                found.push((first..first + length, label, strength));
            }
        }
        let longest = found.iter().map(|(words, ..)| words.clone()).collect::<Vec<_>>();
        found.retain(|(words, ..)| {
            !longest
                .iter()
                .any(|other| other.start <= words.start && words.end <= other.end && other.len() > words.len())
        });
        found.sort_by(|a, b| (a.0.start, a.0.end, a.1).cmp(&(b.0.start, b.0.end, b.1)).then(b.2.total_cmp(&a.2)));
        found.dedup_by_key(|(words, label, _)| (words.clone(), *label));
        // What stands in brackets after a name explains it: "gross (incl. VAT)".
        let first = found.first().map(|(words, ..)| words.end);
        found
            .retain(|(words, ..)| first == Some(words.end) || !said.get(words.start).is_some_and(|word| word.is_aside));
        let starts = found.iter().map(|(words, ..)| words.end).collect::<Vec<_>>();
        for (words, label, strength) in found {
            let (Some(first), Some(last)) = (said.get(words.start), said.get(words.end - 1)) else { continue };
            let span = Span { start: first.span.start, end: last.span.end };
            // Words count that lead up to the name since the name before.
            let since = starts.iter().copied().filter(|&end| end <= words.start).max().unwrap_or(0);
            let lead =
                said.get(since..words.start).unwrap_or_default().iter().rev().take_while(|word| word.parts).count();
            let lead = i32::try_from(lead).unwrap_or(MAX_LEAD).min(MAX_LEAD);
            let Some(rect) = sheet.rect(segment.page, span) else { continue };
            hits.push(Hit { label, segment: at, span, rect, strength: strength * times(AFTER_WORDS, lead) });
        }
    }
    hits
}
