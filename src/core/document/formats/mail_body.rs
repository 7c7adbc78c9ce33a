//! Splits the text of a mail into new text, quotes of earlier mails, and signature.
//!
//! Quotes are lines that begin with `>`, and everything below the line or the block of header fields that mail programs
//! put above an earlier mail. A forwarded mail is not a quote: the sender wants it to be read, so the lines below such
//! a separator are new text. Signature is everything below `-- `, the greeting of a mobile mail program, and legal
//! disclaimers.

use std::sync::LazyLock;

use super::plain;
use crate::budget::{BYTES_PER_STEP, Budget, Exceeded};
use crate::document::marks::{Cutter, KEEPS_MARKS, Mark, MarkKind};
use crate::document::page_builder::{self, Block};
use crate::document::{Page, Role};
use crate::text::languages::lists;

/// The words of mails that are not new text, from the language data.
struct Words {
    /// The beginnings of lines that introduce an earlier mail, each with a later word: "On Monday Ann wrote:".
    attribution_lines: Vec<(&'static str, &'static str)>,
    /// Names of the header fields of an earlier mail: the sender.
    sender_fields: Vec<&'static str>,
    /// The same: the date.
    date_fields: Vec<&'static str>,
    /// Parts of the lines above an earlier mail.
    reply_separators: Vec<&'static str>,
    /// Parts of the lines above a forwarded mail.
    forward_separators: Vec<&'static str>,
    /// The beginnings of the signatures that mobile mail programs add.
    device_signatures: Vec<&'static str>,
    /// Words of disclaimers: a disclaimer has all words of a group in one paragraph.
    disclaimers: Vec<Vec<&'static str>>,
}

/// Stands for any text in an entry of the language data.
const ANY_TEXT: char = '…';

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let split = |line: &'static str| line.split_once(ANY_TEXT).map(|(start, verb)| (start, verb.trim()));
    Words {
        attribution_lines: lists::ATTRIBUTION_LINES.texts().filter_map(split).collect(),
        sender_fields: lists::SENDER_FIELDS.texts().collect(),
        date_fields: lists::DATE_FIELDS.texts().collect(),
        reply_separators: lists::REPLY_SEPARATORS.texts().collect(),
        forward_separators: lists::FORWARD_SEPARATORS.texts().collect(),
        device_signatures: lists::DEVICE_SIGNATURES.texts().map(|line| line.trim_end_matches(ANY_TEXT)).collect(),
        disclaimers: lists::DISCLAIMERS.texts().map(|words| words.split(" + ").collect()).collect(),
    }
});

/// Builds a page from the text of a mail, with passages of the roles body, table row, quote and signature.
pub fn mail_passages(text: &str) -> Page {
    let budget = &Budget::unlimited();
    page_builder::build_page(1, roles(plain::blocks(text, budget), budget), budget)
}

/// The steps of work to find the role of a part: its beginning is compared with the phrases of all languages.
const PART_STEPS: usize = 100;

/// How many disclaimers are searched for in 16 bytes of text in one step of work.
const DISCLAIMERS_PER_STEP: usize = 4;

/// Charges the work of [`roles`].
///
/// # Errors
///
/// If the budget is exceeded.
pub(crate) fn charge_roles(blocks: &[Block], budget: &Budget) -> Result<(), Exceeded> {
    blocks.iter().try_for_each(|block| budget.work(steps(&block.text)))
}

/// The steps of work of [`roles`] for a text.
fn steps(text: &str) -> usize {
    let passes = 4 + WORDS.disclaimers.len() / DISCLAIMERS_PER_STEP;
    // Every line may be a part.
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    PART_STEPS + lines * PART_STEPS / 4 + (text.len() * passes).div_ceil(BYTES_PER_STEP as usize)
}

/// Sets the roles of the blocks of a mail, one by one, so that no second list of them is in memory. Lines that begin
/// with `>` become separate blocks, without it.
pub(crate) fn roles(blocks: Vec<Block>, budget: &Budget) -> impl Iterator<Item = Block> {
    let mut state = State::New;
    blocks.into_iter().flat_map(split).map(move |block| {
        let (is_quoted, text) = (block.is_quoted, block.text);
        budget.progress(steps(&text));
        let lower = text.to_lowercase();
        let next = state.after(&text, &lower);
        let role = match (is_quoted, state, next) {
            (true, ..) | (_, State::History, _) | (_, _, State::History | State::Introduced) => Role::Quote,
            (_, State::Signature, _) | (_, _, State::Signature) => Role::Signature,
            _ if is_disclaimer(&text, &lower) => Role::Signature,
            _ => block.role,
        };
        // Everything below an introduction is history, unless the quote is marked by `>`: then an answer may follow.
        state = match next {
            State::Introduced => State::Introduced,
            State::New if state == State::Introduced && !is_quoted => State::History,
            other => other,
        };
        let role = if state == State::History { Role::Quote } else { role };
        Block::new(role, text).with_marks(block.marks)
    })
}

/// The part of a mail that a block is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// New text.
    New,
    /// Below a line that introduces an earlier mail.
    Introduced,
    /// In an earlier mail.
    History,
    Signature,
}

impl State {
    /// The state after a block. `lower` is its text in lower case.
    fn after(self, text: &str, lower: &str) -> Self {
        let first = lower.lines().next().unwrap_or_default().trim();
        let is_separator = |phrases: &[&str]| {
            // A sentence may contain the phrase, but a separator contains little else.
            first.len() < 80 && phrases.iter().any(|phrase| first.contains(phrase))
        };
        match self {
            Self::History => Self::History,
            _ if is_separator(&WORDS.forward_separators) => Self::New,
            _ if is_separator(&WORDS.reply_separators) || is_header(lower) => Self::History,
            _ if is_introduction(text) => Self::Introduced,
            Self::Signature => Self::Signature,
            _ if is_signature(text, first) => Self::Signature,
            _ => Self::New,
        }
    }
}

struct Part {
    role: Role,
    is_quoted: bool,
    text: String,
    marks: Vec<Mark>,
}

/// Splits a block between quoted and other lines, and before lines that begin a part.
fn split(block: Block) -> Vec<Part> {
    let Block { role, text: whole, marks } = block;
    let mut parts: Vec<Part> = Vec::new();
    let mut marks = Cutter::new(marks);
    for line in whole.lines() {
        let (is_quoted, line) = unquote(line);
        let begins_part = begins_part(line);
        let start = line.as_ptr().addr() - whole.as_ptr().addr();
        let marks = marks.piece(start, start + line.len());
        match parts.last_mut() {
            Some(part) if part.is_quoted == is_quoted && !begins_part => {
                part.text.push('\n');
                let at = part.text.len();
                if KEEPS_MARKS {
                    let moved = |Mark { span, kind }: Mark| Mark::new(at + span.start, at + span.end, kind);
                    part.marks.extend(marks.into_iter().map(moved));
                }
                part.text.push_str(line);
            }
            _ => parts.push(Part { role, is_quoted, text: line.to_owned(), marks }),
        }
    }
    for Part { text, marks, .. } in parts.iter_mut().filter(|_| KEEPS_MARKS) {
        // Headings and items are whole blocks, not lines.
        let whole =
            marks.iter_mut().filter(|mark| matches!(mark.kind, MarkKind::Heading(_) | MarkKind::ListItem { .. }));
        whole.for_each(|mark| mark.span.end = text.len());
    }
    parts
}

/// Whether a line begins a part: a signature, or a separator without an empty line before it.
fn begins_part(line: &str) -> bool {
    let trimmed = line.trim();
    line.trim_start() == "-- " || trimmed == "--" || (trimmed.starts_with("-----") && trimmed.len() < 80)
}

fn unquote(line: &str) -> (bool, &str) {
    let trimmed = line.trim_start();
    if trimmed.starts_with('>') { (true, trimmed.trim_start_matches(['>', ' '])) } else { (false, line) }
}

/// Whether text is like "On Monday Ann wrote:", possibly on several lines.
fn is_introduction(text: &str) -> bool {
    let text = text.trim();
    // It has a date, a name and an address; longer text is prose.
    text.len() < 300
        && text.ends_with(':')
        && WORDS.attribution_lines.iter().any(|(start, verb)| text.starts_with(start) && text.contains(verb))
}

/// Whether text begins with the header of an earlier mail: the sender, and the date within the next three lines.
fn is_header(lower: &str) -> bool {
    let mut lines =
        lower.lines().map(|line| line.trim().trim_start_matches('*')).skip_while(|line| line.starts_with('-'));
    let starts = |line: &str, names: &[&str]| names.iter().any(|name| line.starts_with(name));
    lines.next().is_some_and(|line| starts(line, &WORDS.sender_fields))
        && lines.take(3).any(|line| starts(line, &WORDS.date_fields))
}

fn is_signature(text: &str, first: &str) -> bool {
    first == "--"
        || text.starts_with("-- ")
        || (first.len() < 60 && WORDS.device_signatures.iter().any(|start| first.starts_with(start)))
}

fn is_disclaimer(text: &str, lower: &str) -> bool {
    // A short sentence may just say that something is confidential.
    if text.len() < 120 {
        return false;
    }
    WORDS.disclaimers.iter().any(|words| words.iter().all(|word| lower.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISCLAIMER: &str = "This message is confidential and intended only for the named recipient. If you have \
                              received it in error, please delete it and tell the sender.";

    #[test]
    fn roles_of_the_parts() {
        use Role::{Body, Quote, Signature};
        let disclaimer = format!("Text\n\n{DISCLAIMER}");
        for (text, expected) in [
            ("Hello\n\nBye\n-- \nAnn\nACME", vec![Body, Body, Signature]),
            ("Yes.\n\nOn Mon, Ann\n<a@b.c> wrote:\n> Is it?\n> Really?\n\nAnd this.", vec![Body, Quote, Quote, Body]),
            ("Ja.\n\nAm 1.2.2024 schrieb Ann:\n\nStimmt es?\n\nGruß", vec![Body, Quote, Quote, Quote]),
            ("Ok\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\n\nOld", vec![Body, Quote, Quote]),
            ("Ok\n\nVon: Ann\nGesendet: Montag\nAn: Bob\n\nAlt\n\n-- \nAnn", vec![Body, Quote, Quote, Quote]),
            ("Ok\n\nDe : Ann\nEnvoyé : lundi\n\nVieux", vec![Body, Quote, Quote]),
            ("See\n\n---------- Forwarded message ---------\nFrom: Ann\nDate: Monday\n\nPay!", vec![Body, Body, Body]),
            ("Ok\n\nSent from my phone", vec![Body, Signature]),
            (&disclaimer, vec![Body, Signature]),
            ("From: here to there", vec![Body]),
            ("> old\n\nnew", vec![Quote, Body]),
        ] {
            let page = mail_passages(text);
            assert_eq!(page.passages.iter().map(|passage| passage.role).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn quote_marks_are_dropped() {
        assert_eq!(mail_passages("> a\n>> b").text, "a\nb");
    }
}
