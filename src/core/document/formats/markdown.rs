//! Reads Markdown with a line scanner: headings, lists, tables and links. It keeps the text and drops the markup. It is
//! not a renderer, so unknown markup stays as it is.

use crate::budget::Budget;
use crate::document::marks::{self, Indents, KEEPS_MARKS, MARK_MEMORY, Mark, MarkKind};
use crate::document::page_builder::{self, Block};
use crate::document::{Document, Format, Role};
use crate::error::Result;

/// The number of lines inspected to recognise Markdown.
const MAX_INSPECTED_LINES: usize = 400;

/// Whether text has two different kinds of markup, one of which is rare in other text.
pub(crate) fn is_markdown(text: &str) -> bool {
    let (mut heading, mut link, mut fence, mut table, mut list, mut strong) = (0, 0, 0, 0, 0, 0);
    for line in text.lines().take(MAX_INSPECTED_LINES) {
        let line = line.trim();
        heading += usize::from(atx_heading(line).is_some());
        link += usize::from(
            line.split_once("](").is_some_and(|(before, after)| before.contains('[') && after.contains(')')),
        );
        fence += usize::from(fence_of(line).is_some());
        table += usize::from(is_table_rule(line));
        list += usize::from(list_item(line).is_some());
        strong += usize::from(line.matches("**").count() >= 2);
    }
    let rare = [heading, link, fence, table].iter().filter(|count| **count > 0).count();
    let common = [list, strong].iter().filter(|count| **count > 0).count();
    rare > 0 && (rare + common >= 2 || heading >= 2)
}

/// Reads decoded text.
pub(crate) fn read(text: &str, budget: &Budget) -> Result<Document> {
    let _held = page_builder::check_text(text, budget)?;
    // A line may have many links and cells.
    let marks = if KEEPS_MARKS { text.bytes().filter(|byte| matches!(byte, b'|' | b']' | b'>')).count() } else { 0 };
    let _marks_held = budget.hold(marks * MARK_MEMORY)?;
    let (front, body) = front_matter(text);
    let blocks = blocks(body, budget);
    let title = front
        .or_else(|| blocks.iter().find(|block| block.role == Role::Title).map(|block| block.text.trim().to_owned()));
    Ok(Document {
        format: Format::Markdown,
        title,
        pages: vec![page_builder::build_page(1, blocks, budget)],
        page_count: 1,
    })
}

/// The title in the front matter, and the text after it.
fn front_matter(text: &str) -> (Option<String>, &str) {
    let Some((front, body)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")) else {
        return (None, text);
    };
    let title = front.lines().find_map(|line| line.strip_prefix("title:"));
    let title = title.map(|title| title.trim().trim_matches(['"', '\'']).to_owned()).filter(|title| !title.is_empty());
    (title, body.split_once('\n').map_or("", |(_, body)| body))
}

fn blocks(text: &str, budget: &Budget) -> Vec<Block> {
    let mut blocks = Blocks::default();
    let mut fence = None;
    for line in text.lines() {
        budget.progress(page_builder::line_steps(line));
        let trimmed = line.trim();
        if let Some(open_fence) = fence {
            if fence_of(trimmed) == Some(open_fence) {
                fence = None;
                blocks.flush(Role::Body);
            } else {
                blocks.push_line(line);
            }
            continue;
        }
        let quoted = trimmed.trim_start_matches('>').trim_start();
        let indent = line.len() - line.trim_start().len();
        if let Some(open_fence) = fence_of(quoted) {
            fence = Some(open_fence);
            blocks.flush(Role::Body);
        } else if quoted.is_empty() {
            blocks.flush(Role::Body);
        } else if let Some((level, heading)) = atx_heading(quoted) {
            blocks.heading(level, heading);
        } else if blocks.lines > 0 && (is_rule_of(quoted, '=') || is_rule_of(quoted, '-')) {
            // A rule below a line of text makes it a heading.
            let level = if quoted.starts_with('=') { 1 } else { 2 };
            let heading = std::mem::take(&mut blocks.paragraph);
            blocks.lines = 0;
            blocks.marks.clear();
            blocks.heading(level, heading.trim());
        } else if is_table_rule(quoted) {
            blocks.flush(Role::Body);
            blocks.mark_header_row();
        } else if ['-', '*', '_'].iter().any(|mark| is_rule_of(quoted, *mark)) {
            blocks.flush(Role::Body);
        } else if quoted.starts_with('|') {
            blocks.flush(Role::Body);
            let mut row = String::new();
            let mut links = Vec::new();
            for (index, cell) in quoted.trim_matches('|').split('|').enumerate() {
                if index > 0 {
                    row.push('\t');
                }
                push_inline(&mut row, cell, &mut links);
            }
            blocks.done.push(Block::new(Role::TableRow, row).with_marks(links));
        } else if is_definition(quoted) {
            blocks.flush(Role::Body);
        } else {
            blocks.push_text(quoted, indent);
        }
    }
    blocks.flush(Role::Body);
    blocks.done
}

#[derive(Default)]
struct Blocks {
    done: Vec<Block>,
    paragraph: String,
    lines: usize,
    has_title: bool,
    /// The marks of the paragraph.
    marks: Vec<Mark>,
    indents: Indents,
}

/// How many more spaces than the item above an item of an inner list has.
const LIST_INDENT: f32 = 2.0;

impl Blocks {
    fn push_line(&mut self, line: &str) {
        self.paragraph.push_str(line);
        self.paragraph.push('\n');
        self.lines += 1;
    }

    /// A line of running text or of a list.
    fn push_text(&mut self, line: &str, indent: usize) {
        let start = self.paragraph.len();
        let bullet = list_item(line);
        push_inline(&mut self.paragraph, bullet.unwrap_or(line), &mut self.marks);
        let end = self.paragraph.len();
        self.paragraph.push('\n');
        self.lines += 1;
        if !KEEPS_MARKS {
            return;
        }
        let is_number = is_numbered(line);
        if bullet.is_some() || is_number {
            let depth = self.indents.depth(indent as f32, LIST_INDENT);
            self.marks.push(Mark::list_item(start, end, is_number, depth, false));
        } else if self.indents.is_inside() && (self.lines > 1 || indent >= LIST_INDENT as usize) {
            // The line goes on with the item above.
            let above = self.marks.iter_mut().rev().find(|mark| matches!(mark.kind, MarkKind::ListItem { .. }));
            match above {
                Some(item) => item.span.end = end,
                None => self.marks.push(Mark::list_item(start, end, false, usize::from(u8::MAX), true)),
            }
        } else {
            self.indents.clear();
        }
    }

    fn flush(&mut self, role: Role) {
        self.lines = 0;
        let marks = std::mem::take(&mut self.marks);
        if !self.paragraph.is_empty() {
            self.done.push(Block::new(role, std::mem::take(&mut self.paragraph)).with_marks(marks));
        }
    }

    /// The row above names the columns.
    fn mark_header_row(&mut self) {
        if let Some(Block { role: Role::TableRow, text, marks }) = self.done.last_mut()
            && KEEPS_MARKS
        {
            marks.push(Mark::new(0, text.len(), MarkKind::HeaderRow));
        }
    }

    /// The first heading of the first level is the title.
    fn heading(&mut self, level: usize, text: &str) {
        self.flush(Role::Body);
        let role = if level == 1 && !self.has_title { Role::Title } else { Role::Heading };
        self.has_title |= role == Role::Title;
        self.indents.clear();
        let mut heading = String::new();
        let mut marks = Vec::new();
        push_inline(&mut heading, text, &mut marks);
        marks.push(Mark::heading(0, heading.len(), level));
        self.done.push(Block::new(role, heading).with_marks(marks));
    }
}

/// The level and text of a heading written with `#`.
fn atx_heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| (level, text.trim().trim_end_matches('#').trim_end()))
}

/// The fence of a line that opens or closes a code block.
fn fence_of(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

/// Whether a line consists of three or more `mark`s.
fn is_rule_of(line: &str, mark: char) -> bool {
    line.chars().filter(|c| *c == mark).count() >= 3 && line.chars().all(|c| c == mark || c == ' ')
}

/// Whether a line separates the header and the body of a table.
fn is_table_rule(line: &str) -> bool {
    line.contains('|') && line.contains("--") && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// Whether a line defines the address of a link.
fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.split_once("]: ").is_some_and(|(name, _)| !name.contains(' '))
}

/// The text of a list item. The items of a numbered list are not among them: their numbers may be references.
fn list_item(line: &str) -> Option<&str> {
    ["- [ ] ", "- [x] ", "- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark))
}

/// Whether a line is an item of a numbered list, whose number stays in the text.
fn is_numbered(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - rest.len();
    (1..=9).contains(&digits) && (rest.starts_with(". ") || rest.starts_with(") "))
}

/// Appends a text without the markup of emphasis, code, links and tags, and marks its links.
fn push_inline(out: &mut String, text: &str, marks: &mut Vec<Mark>) {
    let start = out.len();
    out.reserve(text.len());
    let mut is_image = false;
    let mut closing = ClosingMarks::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let follows_image_mark = std::mem::replace(&mut is_image, c == '!' && after.starts_with('['));
        rest = match c {
            '\\' => match after.chars().next().filter(char::is_ascii_punctuation) {
                Some(escaped) => {
                    out.push(escaped);
                    after.get(escaped.len_utf8()..).unwrap_or_default()
                }
                None => {
                    out.push(c);
                    after
                }
            },
            '*' | '`' => after,
            // Inside a word an underscore is text.
            '_' if !out.get(start..).unwrap_or_default().ends_with(char::is_alphanumeric)
                || !after.starts_with(char::is_alphanumeric) =>
            {
                after
            }
            '!' if after.starts_with('[') => after,
            '[' => match closing.link(text, after) {
                Some((label, address, after)) => {
                    let link = out.len();
                    out.push_str(&label.replace(['*', '`'], ""));
                    let url = address.and_then(|address| address.split_whitespace().next());
                    if KEEPS_MARKS
                        && !follows_image_mark
                        && let Some(url) = url
                    {
                        let url = marks::link_url(url.trim_matches(['<', '>']));
                        marks.extend(url.map(|url| Mark::new(link, out.len(), MarkKind::Link { url })));
                    }
                    after
                }
                None => {
                    out.push(c);
                    after
                }
            },
            '<' => match closing.tag.split(text, after).filter(|(tag, _)| is_tag(tag)) {
                Some((tag, after)) => {
                    let is_address = tag.contains("://") || tag.contains('@');
                    let link = out.len();
                    out.push_str(if is_address { tag } else { " " });
                    if KEEPS_MARKS && tag.contains("://") {
                        let url = marks::link_url(tag);
                        marks.extend(url.map(|url| Mark::new(link, out.len(), MarkKind::Link { url })));
                    }
                    after
                }
                None => {
                    out.push(c);
                    after
                }
            },
            _ => {
                out.push(c);
                after
            }
        };
    }
}

/// The positions of the next closing marks.
struct ClosingMarks {
    label: NextMark,
    address: NextMark,
    reference: NextMark,
    tag: NextMark,
}

impl Default for ClosingMarks {
    fn default() -> Self {
        let [label, address, reference, tag] = [']', ')', ']', '>'].map(|mark| NextMark { mark, offset: Some(0) });
        Self { label, address, reference, tag }
    }
}

impl ClosingMarks {
    /// The label of a link, its address if it has one of its own, and the text after the link; `rest`, the end of
    /// `text`, begins after the opening bracket.
    fn link<'a>(&mut self, text: &'a str, rest: &'a str) -> Option<(&'a str, Option<&'a str>, &'a str)> {
        let (label, after) = self.label.split(text, rest)?;
        let (address, after) = match after.chars().next() {
            Some('(') => {
                let (address, after) = self.address.split(text, after)?;
                (address.strip_prefix('('), after)
            }
            Some('[') => (None, self.reference.split(text, after)?.1),
            _ => return None,
        };
        // The label of a link around an image is that of the image, and the address too.
        let own = label.trim_start_matches("![");
        Some((own, address.filter(|_| own.len() == label.len()), after))
    }
}

/// The next position of a mark. It is cached, so that a line of a million brackets is searched once.
struct NextMark {
    mark: char,
    offset: Option<usize>,
}

impl NextMark {
    /// Splits `rest`, the end of `text`, at the next mark.
    fn split<'a>(&mut self, text: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
        let start = text.len() - rest.len();
        if self.offset? < start || self.offset == Some(0) {
            self.offset = rest.find(self.mark).map(|offset| start + offset);
        }
        let end = self.offset? - start;
        Some((rest.get(..end)?, rest.get(end + self.mark.len_utf8()..)?))
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() < 300 && tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Document> {
        super::read(text, &Budget::unlimited())
    }

    #[test]
    fn reads() {
        let document = read(
            "---\ntitle: \"Front\"\n---\n# One *two* #\n\nText with `code`, **bold** and [a link](http://x).\n* item_one\n\
             Sub\n---\n> quoted <b>tag</b> <http://y>\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n```rust\n# not a heading\n```\n[x]: http://z\n",
        )
        .unwrap();
        assert_eq!(document.title.as_deref(), Some("Front"));
        let page = &document.pages[0];
        let passages: Vec<_> =
            page.passages.iter().map(|passage| (passage.role, passage.span.of(&page.text))).collect();
        assert_eq!(
            passages,
            [
                (Role::Title, "One two"),
                (Role::Heading, "Text with code, bold and a link.\nitem_one\nSub"),
                (Role::Body, "quoted tag http://y"),
                (Role::TableRow, "a\tb"),
                (Role::TableRow, "1\t2"),
                (Role::Body, "# not a heading"),
            ]
        );
    }

    #[test]
    fn recognises_markdown() {
        for (text, expected) in [
            ("# Title\n\n- item", true),
            ("See [this](http://x) and **that**", true),
            ("- item\n- item", false),
            ("# a comment in a script\nx = 1", false),
            ("1 * 2 ** 3", false),
        ] {
            assert_eq!(is_markdown(text), expected, "{text}");
        }
    }
}
