//! Reads text without markup: form feeds separate pages, empty lines separate paragraphs, and lines whose words are in
//! columns are table rows.

use crate::budget::Budget;
use crate::document::page_builder::{self, Block};
use crate::document::{Document, Format, Role};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// The number of consecutive spaces that separates columns. Two also follow a full stop.
const COLUMN_SPACES: usize = 3;

/// Reads decoded text.
pub(crate) fn read(text: &str, budget: &Budget) -> Result<Document> {
    let _held = page_builder::check_text(text, budget)?;
    let page_texts = text.trim_end_matches(|c: char| c.is_whitespace()).split('\x0c');
    let mut pages = Vec::new();
    for (number, page_text) in (1..).zip(page_texts) {
        if number > limits::MAX_PAGES {
            return Err(Error::unreadable(
                Unreadable::TooManyPages,
                format!("The document has more than {} pages", limits::MAX_PAGES),
            ));
        }
        pages.push(page_builder::build_page(number, blocks(page_text, budget), budget));
    }
    let page_count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    Ok(Document { format: Format::Plain, title: None, pages, page_count })
}

/// Paragraphs and table rows of a text.
pub(crate) fn blocks(text: &str, budget: &Budget) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines() {
        budget.progress(page_builder::line_steps(line));
        let row = columns(line);
        if line.trim().is_empty() || row.is_some() {
            if !paragraph.is_empty() {
                blocks.push(Block::new(Role::Body, std::mem::take(&mut paragraph)));
            }
            blocks.extend(row.map(|row| Block::new(Role::TableRow, row)));
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    blocks.push(Block::new(Role::Body, paragraph));
    blocks
}

/// The cells of a line whose words are in columns, separated by tabs; None for other lines.
fn columns(line: &str) -> Option<String> {
    let mut row = String::new();
    let mut spaces = 0;
    for c in line.trim().chars() {
        match c {
            ' ' => spaces += 1,
            '\t' => spaces += COLUMN_SPACES,
            _ => {
                match spaces {
                    0 => {}
                    1..COLUMN_SPACES => row.push(' '),
                    _ => row.push('\t'),
                }
                spaces = 0;
                row.push(c);
            }
        }
    }
    row.contains('\t').then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Document> {
        super::read(text, &Budget::unlimited())
    }

    #[test]
    fn pages_paragraphs_and_rows() {
        let document = read("One\ntwo.  Three\n\nItem     Price\nTea\t 3.00\n\x0c\nLast\x0c\n").unwrap();
        assert_eq!(document.page_count, 2);
        assert_eq!(document.pages[0].text, "One\ntwo. Three\n\nItem\tPrice\n\nTea\t3.00");
        let roles: Vec<_> = document.pages[0].passages.iter().map(|passage| passage.role).collect();
        assert_eq!(roles, [Role::Body, Role::TableRow, Role::TableRow]);
        assert_eq!(document.pages[1].text, "Last");
    }

    #[test]
    fn bounds_pages() {
        let text = format!("{}end", "x\x0c".repeat(limits::MAX_PAGES as usize));
        assert_eq!(read(&text).unwrap_err().code(), "TOO_MANY_PAGES");
    }
}
