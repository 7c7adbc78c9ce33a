//! Markdown: headings, lists, tables and links by a line scanner. It keeps the words and drops the marks; it is
//! no renderer, so what it does not know stays as it is written.

use crate::document::assemble::{self, Block};
use crate::document::{Document, Format, Role};
use crate::error::Result;

/// How much of a text is looked at to tell whether it is Markdown.
const LOOK_AT_LINES: usize = 400;

/// Whether text has two different marks of Markdown, one of which other texts rarely have.
pub(crate) fn looks_like(text: &str) -> bool {
    let (mut heading, mut link, mut fence, mut table, mut list, mut strong) = (0, 0, 0, 0, 0, 0);
    for line in text.lines().take(LOOK_AT_LINES) {
        let line = line.trim();
        heading += usize::from(atx(line).is_some());
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

/// Makes a document of decoded text.
pub(crate) fn read(text: &str) -> Result<Document> {
    assemble::check_text(text)?;
    let (front, body) = front_matter(text);
    let blocks = blocks(body);
    let title = front
        .or_else(|| blocks.iter().find(|block| block.role == Role::Title).map(|block| block.text.trim().to_owned()));
    Ok(Document { format: Format::Markdown, title, pages: vec![assemble::page(1, blocks)], page_count: 1 })
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

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Blocks::default();
    let mut fence = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(open) = fence {
            if fence_of(trimmed) == Some(open) {
                fence = None;
                blocks.flush(Role::Body);
            } else {
                blocks.push_line(line);
            }
            continue;
        }
        let quoted = trimmed.trim_start_matches('>').trim_start();
        if let Some(open) = fence_of(quoted) {
            fence = Some(open);
            blocks.flush(Role::Body);
        } else if quoted.is_empty() {
            blocks.flush(Role::Body);
        } else if let Some((level, heading)) = atx(quoted) {
            blocks.heading(level, heading);
        } else if blocks.lines > 0 && (is_rule_of(quoted, '=') || is_rule_of(quoted, '-')) {
            // A line below a line: the underlined kind of heading.
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
fn atx(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| (level, text.trim().trim_end_matches('#').trim_end()))
}

/// The mark of a line that opens or closes a block of code.
fn fence_of(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

/// Three or more of `mark`, and nothing else.
fn is_rule_of(line: &str, mark: char) -> bool {
    line.chars().filter(|c| *c == mark).count() >= 3 && line.chars().all(|c| c == mark || c == ' ')
}

/// The line between the head and the body of a table.
fn is_table_rule(line: &str) -> bool {
    line.contains('|') && line.contains("--") && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// A link that is defined apart from its use.
fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.split_once("]: ").is_some_and(|(name, _)| !name.contains(' '))
}

/// The text of an item of a list.
fn list_item(line: &str) -> Option<&str> {
    let marked = ["- [ ] ", "- [x] ", "- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark));
    // Numbers stay: they may be references.
    marked
}

/// Drops emphasis, code marks, links and tags; keeps their text.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut closing = Closing::default();
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
            // Inside a word an underscore is a letter.
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
                    let address = tag.contains("://") || tag.contains('@');
                    out.push_str(if address { tag } else { " " });
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

/// Where the next closing marks of a text are.
struct Closing {
    label: NextOf,
    address: NextOf,
    reference: NextOf,
    tag: NextOf,
}

impl Default for Closing {
    fn default() -> Self {
        let [label, address, reference, tag] = [']', ')', ']', '>'].map(|mark| NextOf { mark, at: Some(0) });
        Self { label, address, reference, tag }
    }
}

impl Closing {
    /// The label of a link and what follows it; `rest`, the end of `text`, begins after the bracket.
    fn link<'a>(&mut self, text: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
        let (label, after) = self.label.split(text, rest)?;
        let after = match after.chars().next() {
            Some('(') => self.address.split(text, after)?.1,
            Some('[') => self.reference.split(text, after)?.1,
            _ => return None,
        };
        // A picture in a link: its label is the picture's.
        Some((label.trim_start_matches("!["), after))
    }
}

/// Where a mark next is. It remembers the answer, so that a line of a million brackets is searched once.
struct NextOf {
    mark: char,
    at: Option<usize>,
}

impl NextOf {
    /// Splits `rest`, the end of `text`, at the next mark.
    fn split<'a>(&mut self, text: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
        let start = text.len() - rest.len();
        if self.at? < start || self.at == Some(0) {
            self.at = rest.find(self.mark).map(|at| start + at);
        }
        let at = self.at? - start;
        Some((rest.get(..at)?, rest.get(at + self.mark.len_utf8()..)?))
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() < 300 && tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn tells_from_plain_text() {
        for (text, expected) in [
            ("# Title\n\n- item", true),
            ("See [this](http://x) and **that**", true),
            ("- item\n- item", false),
            ("# a comment in a script\nx = 1", false),
            ("1 * 2 ** 3", false),
        ] {
            assert_eq!(looks_like(text), expected, "{text}");
        }
    }
}
