//! Finds the governing law in the sentences of a contract.
//!
//! It is the one clause with similar wording everywhere. It is read across lines, up to the last capitalised word.

use std::sync::LazyLock;

use super::candidates::{Candidate, ScoredCandidate};
use super::page_grid::PageGrid;
use crate::document::Span;
use crate::text::languages::{WordSet, lists};
use crate::text::words;

/// The words around the name of a place, from the language data.
struct Words {
    /// Cues before the name.
    cues: Vec<Vec<&'static str>>,
    /// Words between the cue and the name.
    fillers: WordSet,
    /// Words before the cue that say that the law governs.
    governing: WordSet,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    cues: lists::LAW_CUES.texts().map(|cue| cue.split(' ').collect()).collect(),
    fillers: lists::LAW_FILLERS.set(),
    governing: lists::GOVERNING_WORDS.set(),
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

/// Every law that the document names.
pub(super) fn governing_law(grid: &PageGrid<'_>) -> Vec<ScoredCandidate> {
    let mut found = Vec::new();
    for (page_index, page) in grid.document.pages.iter().enumerate() {
        let page_words = words(&page.text);
        for start in 0..page_words.len() {
            if found.len() >= MAX_MENTIONS {
                return found;
            }
            let rest = page_words.get(start..).unwrap_or_default();
            let matches =
                |cue: &&Vec<&str>| rest.len() > cue.len() && rest.iter().zip(*cue).all(|((_, word), cue)| word == cue);
            let Some(cue) = WORDS.cues.iter().filter(matches).max_by_key(|cue| cue.len()) else { continue };
            let Some(span) = place(&page.text, rest.get(cue.len()..).unwrap_or_default()) else { continue };
            let before = page_words.get(start.saturating_sub(LOOK_BACK)..start).unwrap_or_default();
            let governs = before.iter().any(|(_, word)| WORDS.governing.contains(word.as_str()));
            let first = grid.segments.partition_point(|segment| segment.page < page_index);
            let inside =
                grid.segments.iter().enumerate().skip(first).take_while(|(_, segment)| segment.page == page_index);
            let segment_index = inside
                .filter(|(_, s)| s.span.start <= span.start && span.start < s.span.end)
                .map(|(index, _)| index)
                .next();
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
    found
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
