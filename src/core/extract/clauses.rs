//! What contracts say in sentences: whose law governs.
//!
//! The one clause that is worded alike everywhere. It is read across lines, up to the last capitalised word.

use super::candidates::Candidate;
use super::score::Scored;
use super::sheet::Sheet;
use crate::document::Span;
use crate::text::words;

/// What leads to the name of a place, folded.
const CUES: &[&[&str]] = &[
    &["laws", "of"],
    &["law", "of"],
    &["laws", "and", "public", "policies", "of"],
    &["droit"],
    &["recht", "der"],
    &["recht", "von"],
    &["leyes", "de"],
    &["legge"],
    &["recht", "van"],
];

/// What stands between the cue and the name.
const FILLERS: &[&str] =
    &["the", "state", "states", "commonwealth", "province", "republic", "of", "bundesrepublik", "la", "del", "de"];

/// The most words of a name: "the District of Columbia", "England and Wales".
const MAX_WORDS: usize = 5;

/// The score where the sentence says that it governs, and where it only names a law.
const GOVERNS: f64 = 0.95;
const MENTIONS: f64 = 0.45;

/// Words before the cue that are looked at, and those of them that say it governs.
const LOOK_BACK: usize = 16;
const GOVERNING: &[&str] =
    &["governed", "construed", "interpreted", "governing", "regi", "soumis", "gilt", "unterliegt", "rige", "regolato"];

/// The most mentions of laws looked at.
const MAX_MENTIONS: usize = 50;

/// Every law the document names.
pub(super) fn governing_law(sheet: &Sheet<'_>) -> Vec<Scored> {
    let mut found = Vec::new();
    for (at, page) in sheet.document.pages.iter().enumerate() {
        let said = words(&page.text);
        for first in 0..said.len() {
            if found.len() >= MAX_MENTIONS {
                return found;
            }
            let rest = said.get(first..).unwrap_or_default();
            let is_said = |cue: &&&[&str]| {
                rest.len() > cue.len() && rest.iter().zip(cue.iter()).all(|((_, word), cue)| word == cue)
            };
            let Some(cue) = CUES.iter().filter(is_said).max_by_key(|cue| cue.len()) else { continue };
            let Some(span) = place(&page.text, rest.get(cue.len()..).unwrap_or_default()) else { continue };
            let before = said.get(first.saturating_sub(LOOK_BACK)..first).unwrap_or_default();
            let governs = before.iter().any(|(_, word)| GOVERNING.contains(&word.as_str()));
            let segment = sheet.segments.partition_point(|segment| segment.page < at);
            let inside = sheet.segments.iter().enumerate().skip(segment).take_while(|(_, segment)| segment.page == at);
            let segment =
                inside.filter(|(_, s)| s.span.start <= span.start && span.start < s.span.end).map(|(at, _)| at).next();
            let (Some(segment), Some(rect)) = (segment, sheet.rect(at, span)) else { continue };
            let value = span.of(&page.text).split_whitespace().collect::<Vec<_>>().join(" ");
            let score = if governs { GOVERNS } else { MENTIONS } - found.len() as f64 * 1e-3;
            found.push(Scored {
                candidate: Candidate { segment, span, rect, value, amount: None, validity: 1.0 },
                score,
                label: rest.first().map(|(range, _)| Span { start: range.start, end: range.end }),
            });
        }
    }
    found
}

/// The capitalised words at the beginning, after fillers; they end with the first mark.
fn place(text: &str, rest: &[(std::ops::Range<usize>, String)]) -> Option<Span> {
    let skipped = rest.iter().take_while(|(_, word)| FILLERS.contains(&word.as_str())).count();
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
