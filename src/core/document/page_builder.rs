//! Builds pages from blocks of text, for formats without a layout.

use super::{Page, Passage, Role, Span};
use crate::budget::{Budget, Held};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// A piece of text with its role, before it is part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub role: Role,
    pub text: String,
}

impl Block {
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into() }
    }
}

/// How many bytes of text are one step of work: they are taken apart character by character, several times.
const BYTES_PER_STEP: usize = 4;

/// How often a text is held while it is read: decoded, in blocks, and in a page whose text grows by doubling.
const COPIES: usize = 4;

/// The memory of a passage while it is a block, and then in its page.
const PASSAGE_MEMORY: usize = 72;

/// The steps of work of a line or tag, beside that of its bytes.
const LINE_STEPS: usize = 4;

/// Fails if a text is too large, or would become too many passages. Charges the work of reading it, and its memory.
pub(super) fn check_text<'b>(text: &str, budget: &'b Budget) -> Result<Held<'b>> {
    if text.len() as u64 > limits::MAX_TEXT_BYTES {
        return Err(too_large());
    }
    // A line may also end with a carriage return alone.
    let returns = text.as_bytes().windows(2).filter(|pair| matches!(pair, [b'\r', next] if *next != b'\n')).count();
    let passages = returns + text.bytes().filter(|byte| matches!(byte, b'\n' | b'<' | b'\x0c')).count();
    if passages > limits::MAX_PASSAGES {
        return Err(too_many_passages());
    }
    budget.work(text.len() / BYTES_PER_STEP + passages * LINE_STEPS)?;
    Ok(budget.hold(COPIES * text.len() + PASSAGE_MEMORY * passages)?)
}

/// The steps of work of a line, of those that [`check_text`] charges.
pub(super) const fn line_steps(line: &str) -> usize {
    LINE_STEPS + line.len() / BYTES_PER_STEP
}

/// A text on one line, with runs of white space as one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The error for a text that is too large.
pub(super) fn too_large() -> Error {
    let message = format!("The text is larger than {} MiB", limits::MAX_TEXT_BYTES / limits::MIB);
    Error::unreadable(Unreadable::TooLarge, message)
}

/// The error for a text with too many passages.
pub(super) fn too_many_passages() -> Error {
    let message = format!("The text has more than {} lines, tags or paragraphs", limits::MAX_PASSAGES);
    Error::unreadable(Unreadable::TooLarge, message)
}

/// Builds a page from blocks. Runs of white space become one space; empty lines and empty blocks are dropped. Their work
/// was charged by [`check_text`] or by the reader of the format.
pub(super) fn build_page(number: u32, blocks: impl IntoIterator<Item = Block>, budget: &Budget) -> Page {
    let mut text = String::new();
    let mut passages = Vec::new();
    for block in blocks {
        budget.progress(line_steps(&block.text));
        let length_before = text.len();
        if length_before > 0 {
            text.push_str("\n\n");
        }
        let start = text.len();
        push_tidy(&mut text, &block.text, block.role == Role::TableRow);
        if text.len() == start {
            text.truncate(length_before);
        } else {
            passages.push(Passage { span: Span { start, end: text.len() }, role: block.role });
        }
    }
    Page { number, text, passages, words: Vec::new(), size: None }
}

/// Appends `text` line by line, without empty lines, with runs of white space as one space. With `keep_tabs`, tabs are
/// kept as the separators of cells, and empty cells are dropped.
fn push_tidy(out: &mut String, text: &str, keep_tabs: bool) {
    let start = out.len();
    for line in text.lines() {
        let mut at_line_start = true;
        for cell in line.split(|c| keep_tabs && c == '\t') {
            let mut in_cell = false;
            for word in cell.split(is_blank).filter(|word| !word.is_empty()) {
                match (at_line_start, in_cell) {
                    (true, _) if out.len() > start => out.push('\n'),
                    (true, _) => {}
                    (false, true) => out.push(' '),
                    (false, false) => out.push('\t'),
                }
                out.extend(word.chars().filter(|c| !is_invisible(*c)));
                (at_line_start, in_cell) = (false, true);
            }
        }
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || c == '\u{200b}' || c == '\u{feff}'
}

/// Characters that only control line breaks. In text they make equal words differ.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_spans_of_the_text() {
        let page = build_page(
            1,
            [
                Block::new(Role::Title, "  A \u{a0} title\r\n"),
                Block::new(Role::Body, " \n\t\n"),
                Block::new(Role::TableRow, "a  b\t\t c \t"),
                Block::new(Role::Body, "one\ttwo\n\n  three\u{ad}s"),
            ],
            &Budget::unlimited(),
        );
        assert_eq!(page.text, "A title\n\na b\tc\n\none two\nthrees");
        let texts: Vec<_> = page.passages.iter().map(|passage| passage.span.of(&page.text)).collect();
        assert_eq!(texts, ["A title", "a b\tc", "one two\nthrees"]);
    }
}
