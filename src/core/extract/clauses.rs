//! Finds the governing law in the sentences of a contract.
//!
//! It is the one clause with similar wording everywhere. It is read across lines, up to the last capitalised word.

use std::sync::LazyLock;

use super::candidates::{Candidate, ScoredCandidate};
use super::page_grid::PageGrid;
use crate::budget::Budget;
use crate::document::Span;
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Map, words};

/// The words around the name of a place, from the language data.
struct Words {
    /// Cues before the name, by their first word.
    cues: Map<&'static str, Vec<Vec<&'static str>>>,
    /// Words between the cue and the name.
    fillers: WordSet,
    /// Words before the cue that say that the law governs.
    governing: WordSet,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut cues: Map<&str, Vec<Vec<&str>>> = Map::default();
    for cue in lists::LAW_CUES.texts() {
        let words: Vec<_> = cue.split(' ').collect();
        cues.entry(words.first().copied().unwrap_or_default()).or_default().push(words);
    }
    Words { cues, fillers: lists::LAW_FILLERS.set(), governing: lists::GOVERNING_WORDS.set() }
});

/// The maximum number of words of a name: "the District of Columbia", "England and Wales".
const MAX_WORDS: usize = 5;

/// The score if the sentence says that the law governs, and if it only names a law.
const GOVERNS: f64 = 0.95;
const MENTIONS: f64 = 0.45;

/// The number of words inspected before the cue.
const LOOK_BACK: usize = 16;

/// The maximum number of mentions of laws.
const MAX_MENTIONS: usize = 50;

/// How far behind the searched text a name that begins in it is read, in bytes.
const MAX_NAME_BYTES: usize = 1_000;

/// The work of reading the words of a page, in passes over its text, and how many segments are looked at in one step.
const WORD_PASSES: usize = 4;
const SEGMENTS_PER_STEP: usize = 16;

/// The memory of a word, in bytes.
const WORD_BYTES: usize = 40;

/// Every law that the document names.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn governing_law(grid: &PageGrid<'_>, budget: &Budget) -> Result<Vec<ScoredCandidate>> {
    let mut found = Vec::new();
    for (page_index, page) in grid.document.pages.iter().enumerate() {
        let first = grid.segments.partition_point(|segment| segment.page < page_index);
        let segments = || grid.segments.iter().enumerate().skip(first).take_while(|(_, s)| s.page == page_index);
        // Behind the last segment there is only text that is not searched.
        let Some(last) = segments().map(|(_, segment)| segment.span.end).max() else { continue };
        let end = (last..=last + MAX_NAME_BYTES).rev().find(|&end| page.text.is_char_boundary(end));
        let text = end.and_then(|end| page.text.get(..end)).unwrap_or(&page.text);
        budget.pass_over(WORD_PASSES * text.len())?;
        let page_words = words(text);
        let _held = budget.hold(WORD_BYTES * page_words.len())?;
        for start in 0..page_words.len() {
            if found.len() >= MAX_MENTIONS {
                return Ok(found);
            }
            let rest = page_words.get(start..).unwrap_or_default();
            let matches =
                |cue: &&Vec<&str>| rest.len() > cue.len() && rest.iter().zip(*cue).all(|((_, word), cue)| word == cue);
            let cues = rest.first().and_then(|(_, word)| WORDS.cues.get(word.as_str()));
            budget.work(usize::from(cues.is_some()))?;
            let cue = cues.and_then(|cues| cues.iter().filter(matches).max_by_key(|cue| cue.len()));
            let Some(cue) = cue else { continue };
            let Some(span) = place(&page.text, rest.get(cue.len()..).unwrap_or_default()) else { continue };
            budget.work(1 + grid.segments.len() / SEGMENTS_PER_STEP)?;
            let before = page_words.get(start.saturating_sub(LOOK_BACK)..start).unwrap_or_default();
            let governs = before.iter().any(|(_, word)| WORDS.governing.contains(word.as_str()));
            let segment_index =
                segments().find(|(_, s)| s.span.start <= span.start && span.start < s.span.end).map(|(index, _)| index);
            let (Some(segment_index), Some(rect)) = (segment_index, grid.rect(page_index, span)) else { continue };
            let value = span.of(&page.text).split_whitespace().collect::<Vec<_>>().join(" ");
            let score = if governs { GOVERNS } else { MENTIONS } - found.len() as f64 * 1e-3;
            found.push(ScoredCandidate {
                candidate: Candidate { segment: segment_index, span, rect, value, amount: None, validity: 1.0 },
                score,
                label: rest.first().map(|(range, _)| Span { start: range.start, end: range.end }),
            });
        }
    }
    Ok(found)
}

/// The capitalised words at the beginning, after fillers, up to the first punctuation mark.
fn place(text: &str, rest: &[(std::ops::Range<usize>, String)]) -> Option<Span> {
    let skipped = rest.iter().take_while(|(_, word)| WORDS.fillers.contains(word.as_str())).count();
    let mut span: Option<Span> = None;
    for (range, word) in rest.get(skipped..)?.iter().take(MAX_WORDS) {
        let is_name = text.get(range.clone())?.starts_with(char::is_uppercase);
        if let Some(span) = &mut span {
            let gap = text.get(span.end..range.start)?;
            if gap.contains(['.', ',', ';', '(', ')', ':']) || gap.contains("\n\n") {
                break;
            }
            if is_name {
                span.end = range.end;
            } else if !matches!(word.as_str(), "of" | "and") {
                break;
            }
        } else if is_name {
            span = Some(Span { start: range.start, end: range.end });
        } else {
            return None;
        }
    }
    span
}
