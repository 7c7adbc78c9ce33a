//! Makes of a [`Document`] what people and programs read on: Markdown, and items with their places.
//!
//! 1. `segments`: paragraphs, and the items of lists within them, by the marks of the file or by bullets and numbers.
//! 2. `items`: passages and segments as headings, paragraphs, lists, tables and links.
//! 3. `markdown`, `escape`: the Markdown of an item.
//!
//! Every word of a page is in one item, in the order of the text; only the bullets and numbers of list items are not:
//! [`ListEntry`] says what they were.

mod escape;
mod items;
mod markdown;
mod segments;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::ENGINE_VERSION;
use crate::budget::{Budget, Held};
use crate::document::{Document, Format, MarkKind, Page, Rect, Span};
use crate::error::Result;

/// A document as pages of Markdown and items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ParseResult {
    /// The format of the file.
    pub format: Format,
    /// The document's own title; never the file name.
    pub title: Option<String>,
    /// The number of pages in the document, selected or not; 1 for formats without pages.
    pub page_count: u32,
    /// The selected pages, in order.
    pub pages: Vec<ParsedPage>,
    /// The version of the engine.
    pub engine_version: String,
}

/// A page as Markdown and items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ParsedPage {
    /// The number of the page in its document, from 1.
    pub number: u32,
    /// The width in points, if pages have a size in this format.
    pub width: Option<f32>,
    /// The height in points, if pages have a size in this format.
    pub height: Option<f32>,
    /// The text in reading order.
    pub text: String,
    /// The page as Markdown: that of its items, with empty lines between them.
    pub markdown: String,
    /// The items in reading order. They do not overlap.
    pub items: Vec<Item>,
}

/// A piece of a page: a heading, a paragraph, a list, a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Item {
    /// What it is.
    #[serde(flatten)]
    pub kind: ItemKind,
    /// Byte offsets into the text of the page.
    pub span: Span,
    /// The box around its words, if the format has a layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub rect: Option<Rect>,
    /// The links within it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<Link>>", optional))]
    pub links: Vec<Link>,
    /// The item as Markdown.
    pub md: String,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum ItemKind {
    /// The title or a heading.
    Heading {
        /// The level, from 1 to 6.
        level: u8,
        /// The text, on one line.
        text: String,
    },
    /// A paragraph.
    Text {
        /// The text.
        text: String,
        /// What it is in a mail, if it is not what its sender wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "types", ts(optional))]
        role: Option<TextRole>,
    },
    /// A list.
    List {
        /// Whether the items of the first level are numbered.
        ordered: bool,
        /// The items, those of inner lists after the one that they belong to.
        items: Vec<ListEntry>,
    },
    /// A table.
    Table {
        /// The rows of cells. Every row has the same number of cells.
        rows: Vec<Vec<String>>,
        /// Whether the file says that the first row names the columns.
        has_header: bool,
    },
    /// A paragraph that is nothing but a link.
    Link {
        /// The text.
        text: String,
        /// Where it leads to, as the file has it.
        url: String,
    },
    /// A header or footer of pages.
    Margin {
        /// Which.
        place: MarginPlace,
        /// The text.
        text: String,
    },
}

/// What a paragraph of a mail is, if it is not what its sender wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum TextRole {
    /// Quoted history.
    Quote,
    /// Signature or disclaimer.
    Signature,
    /// Header fields: sender, recipients, date.
    MailHeader,
}

/// Where a margin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum MarginPlace {
    /// At the top of the page.
    Header,
    /// At the bottom of the page.
    Footer,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListEntry {
    /// The level, from 1.
    pub depth: u8,
    /// Whether it is numbered.
    pub ordered: bool,
    /// The number that the text has for it; None if the file leaves numbering to who shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub number: Option<u32>,
    /// The text without its bullet or number. An empty line separates its paragraphs.
    pub text: String,
}

/// A link within an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Link {
    /// The text.
    pub text: String,
    /// Where it leads to, as the file has it.
    pub url: String,
    /// Byte offsets into the text of the page.
    pub span: Span,
}

/// How often the text of a page is held: as text, in items, as Markdown of items and of the page, where a character may
/// be escaped, and all of it once more as JSON.
const COPIES: usize = 12;

/// The memory of an item, with its JSON.
const ITEM_MEMORY: usize = 512;

/// How often the address of a link is held: itself, in Markdown twice, and all of it as JSON.
const URL_COPIES: usize = 8;

/// The work of a link, and how many bytes of its address are a step.
const LINK_STEPS: usize = 8;
const URL_BYTES_PER_STEP: usize = 4;

/// Parses a document that was read: its pages as Markdown and items.
///
/// # Errors
///
/// If the budget is exceeded.
pub fn parse(document: &Document, budget: &Budget) -> Result<ParseResult> {
    let mut held = budget.hold(0)?;
    let mut pages = Vec::new();
    for page in &document.pages {
        for mark in &page.marks {
            let url_bytes = if let MarkKind::Link { url } = &mark.kind { url.len() } else { 0 };
            budget.work(LINK_STEPS + url_bytes / URL_BYTES_PER_STEP)?;
            held.grow(ITEM_MEMORY / 4 + URL_COPIES * url_bytes)?;
        }
        held.grow(COPIES * page.text.len() + ITEM_MEMORY * page.passages.len())?;
        budget.items(page.passages.len())?;
        pages.push(parsed_page(page, budget, &mut held)?);
    }
    Ok(ParseResult {
        format: document.format,
        title: document.title.clone(),
        page_count: document.page_count,
        pages,
        engine_version: ENGINE_VERSION.to_owned(),
    })
}

fn parsed_page(page: &Page, budget: &Budget, held: &mut Held<'_>) -> Result<ParsedPage> {
    let items = items::items(page, budget, held)?;
    let mut markdown = String::new();
    for item in &items {
        if !markdown.is_empty() {
            markdown.push_str("\n\n");
        }
        markdown.push_str(&item.md);
    }
    let (width, height) = page.size.unzip();
    Ok(ParsedPage { number: page.number, width, height, text: page.text.clone(), markdown, items })
}
