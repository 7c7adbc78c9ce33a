//! Builds pages from blocks of text, for formats without a layout.

use super::marks::{KEEPS_MARKS, Mark, MarkKind};
use super::{Page, Passage, Role, Span};
use crate::budget::{Budget, Held};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// A piece of text with its role, before it is part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub role: Role,
    pub text: String,
    /// Marks, with spans of this text.
    pub marks: Vec<Mark>,
}

impl Block {
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), marks: Vec::new() }
    }

    /// The same block with marks, if this build keeps them.
    pub fn with_marks(mut self, marks: impl IntoIterator<Item = Mark>) -> Self {
        if KEEPS_MARKS {
            self.marks.extend(marks);
        }
        self
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
    let mut marks = Vec::new();
    for block in blocks {
        budget.progress(line_steps(&block.text));
        let length_before = text.len();
        if length_before > 0 {
            text.push_str("\n\n");
        }
        let start = text.len();
        let is_row = block.role == Role::TableRow;
        let mut places = Places::new(block.marks, is_row && has_gap(&block.text));
        push_tidy(&mut text, &block.text, is_row, &mut places);
        if text.len() == start {
            text.truncate(length_before);
        } else {
            passages.push(Passage { span: Span { start, end: text.len() }, role: block.role });
            if KEEPS_MARKS {
                marks.extend(places.finish(text.len()));
            }
        }
    }
    Page { number, text, passages, words: Vec::new(), size: None, marks }
}

/// Appends `text` line by line, without empty lines, with runs of white space as one space. With `keep_tabs`, tabs are
/// kept as the separators of cells, and empty cells are dropped.
fn push_tidy(out: &mut String, text: &str, keep_tabs: bool, places: &mut Places) {
    let start = out.len();
    // The pieces are slices of the text.
    let offset = |piece: &str| piece.as_ptr().addr() - text.as_ptr().addr();
    for line in text.lines() {
        let mut at_line_start = true;
        for (column, cell) in (0..).zip(line.split(|c| keep_tabs && c == '\t')) {
            let mut in_cell = false;
            for word in cell.split(is_blank).filter(|word| !word.is_empty()) {
                places.end(offset(word), out.len());
                match (at_line_start, in_cell) {
                    (true, _) if out.len() > start => out.push('\n'),
                    (true, _) => {}
                    (false, true) => out.push(' '),
                    (false, false) => out.push('\t'),
                }
                if keep_tabs && !in_cell {
                    places.cell(column, out.len());
                }
                (at_line_start, in_cell) = (false, true);
                if places.is_done() {
                    out.extend(word.chars().filter(|c| !is_invisible(*c)));
                } else {
                    for (index, c) in word.char_indices() {
                        places.end(offset(word) + index, out.len());
                        if !is_invisible(c) {
                            places.start(offset(word) + index, out.len());
                            out.push(c);
                        }
                    }
                }
            }
            if in_cell {
                places.end_cell(out.len());
            }
        }
    }
}

/// Whether a cell of a row is empty before another that is not.
fn has_gap(row: &str) -> bool {
    let is_empty = |cell: &str| cell.chars().all(is_blank);
    KEEPS_MARKS && row.lines().any(|line| line.trim_end_matches(is_blank).split('\t').any(is_empty))
}

/// Finds where the marks of a block are after [`push_tidy`].
struct Places {
    marks: Vec<Mark>,
    /// The marks by their start and by their end; those that are not yet placed are last.
    starts: Vec<usize>,
    ends: Vec<usize>,
    started: usize,
    ended: usize,
    /// The starts that were placed, and with their ends.
    placed: Vec<Option<Span>>,
    /// The marks of cells, if they are to be marked.
    cells: Option<Vec<Mark>>,
}

impl Places {
    fn new(marks: Vec<Mark>, marks_cells: bool) -> Self {
        let mut starts: Vec<_> = (0..marks.len()).collect();
        let mut ends = starts.clone();
        let span = |index: &usize| marks.get(*index).map(|mark| mark.span);
        // Without this condition a build that keeps no marks has the code of sorting them.
        if KEEPS_MARKS {
            starts.sort_by_key(|index| span(index).map(|span| span.start));
            ends.sort_by_key(|index| span(index).map(|span| span.end));
        }
        let placed = vec![None; marks.len()];
        Self { marks, starts, ends, started: 0, ended: 0, placed, cells: marks_cells.then(Vec::new) }
    }

    fn is_done(&self) -> bool {
        !KEEPS_MARKS || self.ended == self.ends.len()
    }

    /// Places the starts up to `offset`, whose character stands at `place`.
    fn start(&mut self, offset: usize, place: usize) {
        if !KEEPS_MARKS {
            return;
        }
        while let Some(index) = self.starts.get(self.started) {
            if self.marks.get(*index).is_none_or(|mark| mark.span.start > offset) {
                break;
            }
            if let Some(placed) = self.placed.get_mut(*index) {
                placed.get_or_insert(Span { start: place, end: usize::MAX });
            }
            self.started += 1;
        }
    }

    /// Places the ends up to `offset`, before whose character the text ends at `place`.
    fn end(&mut self, offset: usize, place: usize) {
        if !KEEPS_MARKS {
            return;
        }
        while let Some(index) = self.ends.get(self.ended) {
            if self.marks.get(*index).is_none_or(|mark| mark.span.end > offset) {
                break;
            }
            // One that was not started has no text: it stays empty if it is started later.
            let placed = self.placed.get_mut(*index);
            let span = placed.map(|placed| placed.get_or_insert(Span { start: place, end: place }));
            if let Some(span) = span {
                span.end = place;
            }
            self.ended += 1;
        }
    }

    fn cell(&mut self, column: u32, place: usize) {
        if KEEPS_MARKS && let Some(cells) = &mut self.cells {
            cells.push(Mark::new(place, place, MarkKind::Cell { column }));
        }
    }

    fn end_cell(&mut self, place: usize) {
        if KEEPS_MARKS && let Some(cell) = self.cells.as_mut().and_then(|cells| cells.last_mut()) {
            cell.span.end = place;
        }
    }

    /// The marks in the text, which ends at `end`, by their start.
    fn finish(mut self, end: usize) -> Vec<Mark> {
        self.end(usize::MAX, end);
        let placed = self.marks.into_iter().zip(self.placed);
        let placed = placed.filter_map(|(mark, span)| Some(Mark { span: span?, kind: mark.kind }));
        let mut marks: Vec<_> = placed.filter(|mark| mark.span.start < mark.span.end).collect();
        marks.extend(self.cells.into_iter().flatten());
        // What holds others comes before them.
        marks.sort_by_key(|mark| (mark.span.start, std::cmp::Reverse(mark.span.end)));
        marks
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
    #[test]
    fn marks_follow_their_text() {
        let link = |start, end| Mark::new(start, end, MarkKind::Link { url: "x".into() });
        let text = "  one \n\n two\u{ad}three  four ";
        let block = Block::new(Role::Body, text).with_marks([
            link(0, text.len()),
            // "two" with the spaces around it, "three", and white space alone.
            link(6, 12),
            link(14, 19),
            link(19, 21),
        ]);
        let page = build_page(1, [Block::new(Role::Body, "before"), block], &Budget::unlimited());
        assert_eq!(page.text, "before\n\none\ntwothree four");
        let marked: Vec<_> = page.marks.iter().map(|mark| mark.span.of(&page.text)).collect();
        assert_eq!(marked, ["one\ntwothree four", "two", "three"]);
    }

    #[test]
    fn cells_after_an_empty_one_have_their_column() {
        let rows = ["a\tb\t", "a\t\t c d"].map(|row| Block::new(Role::TableRow, row));
        let page = build_page(1, rows, &Budget::unlimited());
        assert_eq!(page.text, "a\tb\n\na\tc d");
        let cell = |mark: &Mark| match mark.kind {
            MarkKind::Cell { column } => (mark.span.of(&page.text).to_owned(), column),
            _ => panic!("{mark:?}"),
        };
        assert_eq!(page.marks.iter().map(cell).collect::<Vec<_>>(), [("a".to_owned(), 0), ("c d".to_owned(), 2)]);
    }
}
