//! Reads Markdown with a line scanner: headings, lists, tables and links. It keeps the text and drops the markup. It is
//! not a renderer, so unknown markup stays as it is.

use crate::budget::Budget;
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
            blocks.heading(level, heading.trim());
        } else if is_table_rule(quoted) || ['-', '*', '_'].iter().any(|mark| is_rule_of(quoted, *mark)) {
            blocks.flush(Role::Body);
        } else if quoted.starts_with('|') {
            blocks.flush(Role::Body);
            let cells: Vec<_> = quoted.trim_matches('|').split('|').map(inline).collect();
            blocks.done.push(Block::new(Role::TableRow, cells.join("\t")));
        } else if is_definition(quoted) {
            blocks.flush(Role::Body);
        } else {
            blocks.push_line(&inline(list_item(quoted).unwrap_or(quoted)));
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
}

impl Blocks {
    fn push_line(&mut self, line: &str) {
        self.paragraph.push_str(line);
        self.paragraph.push('\n');
        self.lines += 1;
    }

    fn flush(&mut self, role: Role) {
        self.lines = 0;
        if !self.paragraph.is_empty() {
            self.done.push(Block::new(role, std::mem::take(&mut self.paragraph)));
        }
    }

    /// The first heading of the first level is the title.
    fn heading(&mut self, level: usize, text: &str) {
        self.flush(Role::Body);
        let role = if level == 1 && !self.has_title { Role::Title } else { Role::Heading };
        self.has_title |= role == Role::Title;
        self.done.push(Block::new(role, inline(text)));
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

/// Drops the markup of emphasis, code, links and tags; keeps their text.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut closing = ClosingMarks::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
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
            '_' if !out.ends_with(char::is_alphanumeric) || !after.starts_with(char::is_alphanumeric) => after,
            '!' if after.starts_with('[') => after,
            '[' => match closing.link(text, after) {
                Some((label, after)) => {
                    out.push_str(&label.replace(['*', '`'], ""));
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
                    out.push_str(if is_address { tag } else { " " });
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
    out
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
    /// The label of a link and the text after the link; `rest`, the end of `text`, begins after the opening bracket.
    fn link<'a>(&mut self, text: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
        let (label, after) = self.label.split(text, rest)?;
        let after = match after.chars().next() {
            Some('(') => self.address.split(text, after)?.1,
            Some('[') => self.reference.split(text, after)?.1,
            _ => return None,
        };
        // The label of a link around an image is that of the image.
        Some((label.trim_start_matches("!["), after))
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
