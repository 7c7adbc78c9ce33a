//! The Markdown of an item.

use super::escape::{InlineLink, Place, push_text};
use super::segments::SegmentItem;
use crate::document::{Page, Span};

/// An item of a list before it is written.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub item: SegmentItem,
    /// The level in its list, from 1, without gaps.
    pub depth: usize,
    /// Its paragraphs with their links.
    pub paragraphs: Vec<(Span, Vec<InlineLink<'a>>)>,
}

/// Appends the text of a span, with links whose places are in the page.
fn push_span(out: &mut String, page: &Page, span: Span, links: &[InlineLink<'_>], place: Place, indent: &str) {
    let within = links.iter().map(|link| InlineLink {
        start: link.start.saturating_sub(span.start),
        end: link.end.saturating_sub(span.start),
        ..*link
    });
    let links: Vec<_> = within.collect();
    push_text(out, span.of(&page.text), &links, place, indent);
}

/// The Markdown of a heading.
pub(super) fn heading(page: &Page, span: Span, level: u8, links: &[InlineLink<'_>]) -> String {
    let mut out = "#".repeat(usize::from(level));
    out.push(' ');
    push_span(&mut out, page, span, links, Place::Heading, "");
    out
}

/// The Markdown of a paragraph.
pub(super) fn paragraph(page: &Page, span: Span, links: &[InlineLink<'_>]) -> String {
    let mut out = String::new();
    push_span(&mut out, page, span, links, Place::Block, "");
    out
}

/// The marks of the items of a list, and those of a list right below it.
const BULLETS: [&str; 2] = ["- ", "* "];
const DELIMITERS: [&str; 2] = [". ", ") "];

/// Whether the Markdown of a list has the marks of one right below another.
pub(super) fn has_other_marks(md: &str) -> bool {
    let rest = md.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() < md.len() { rest.starts_with(')') } else { rest.starts_with('*') }
}

/// The Markdown of a list. `is_second` tells whether it is right below another of its kind.
pub(super) fn list(page: &Page, entries: &[Entry<'_>], is_second: bool) -> String {
    let [bullet, other_bullet] = BULLETS;
    let [delimiter, other_delimiter] = DELIMITERS;
    let mut out = String::new();
    // The indents of the open levels and the number of their last item; what is inside an item stands below its text.
    let mut levels: Vec<(String, u32, bool)> = Vec::new();
    for entry in entries {
        levels.truncate(entry.depth);
        let is_top = entry.depth <= 1;
        let previous = if levels.len() == entry.depth { levels.pop() } else { None };
        let indent = levels.last().map_or("", |(indent, ..)| indent.as_str()).to_owned();
        let number = match previous {
            Some((_, number, true)) => number.saturating_add(1),
            _ => entry.item.number.unwrap_or(1),
        };
        if !out.is_empty() {
            out.push('\n');
            // Right below a text, only a list that begins with 1 is one.
            if previous.is_none() && entry.item.ordered && number != 1 {
                out.push('\n');
            }
        }
        out.push_str(&indent);
        let start = out.len();
        if entry.item.ordered {
            out.push_str(&number.to_string());
            out.push_str(if is_top && is_second { other_delimiter } else { delimiter });
        } else {
            out.push_str(if is_top && is_second { other_bullet } else { bullet });
        }
        let indent = format!("{indent}{}", " ".repeat(out.len() - start));
        for (index, (span, links)) in entry.paragraphs.iter().enumerate() {
            if index > 0 {
                out.push_str("\n\n");
                out.push_str(&indent);
            } else if begins_task_or_table(span.of(&page.text))
                && links.first().is_none_or(|link| link.start > span.start)
            {
                out.push('\\');
            }
            push_span(&mut out, page, *span, links, Place::Block, &indent);
        }
        levels.push((indent, number, entry.item.ordered));
    }
    out
}

/// Whether the text of an item would become the box of a task, or with its bullet the line below the head of a table.
fn begins_task_or_table(text: &str) -> bool {
    let line = text.split('\n').next().unwrap_or_default();
    ["[ ]", "[x]", "[X]"].iter().any(|mark| text.starts_with(mark))
        || line.starts_with(['|', ':']) && line.chars().all(|c| matches!(c, '|' | ':' | '-' | ' '))
}

/// The Markdown of a table, whose first row names the columns.
pub(super) struct TableText<'a> {
    page: &'a Page,
    columns: usize,
    out: String,
}

impl<'a> TableText<'a> {
    pub fn new(page: &'a Page, columns: usize) -> Self {
        Self { page, columns, out: String::new() }
    }

    /// Appends a row of cells with their columns.
    pub fn row<'b>(&mut self, cells: impl Iterator<Item = (usize, Span, &'b [InlineLink<'b>])>) {
        let is_first = self.out.is_empty();
        if !is_first {
            self.out.push('\n');
        }
        let mut next = 0;
        for (column, span, links) in cells {
            for _ in next..column {
                self.out.push_str("|  ");
            }
            self.out.push_str("| ");
            push_span(&mut self.out, self.page, span, links, Place::Cell, "");
            self.out.push(' ');
            next = column + 1;
        }
        for _ in next..self.columns {
            self.out.push_str("|  ");
        }
        self.out.push('|');
        if is_first {
            self.out.push('\n');
            self.out.push_str(&"| --- ".repeat(self.columns));
            self.out.push('|');
        }
    }

    pub fn finish(self) -> String {
        self.out
    }
}
