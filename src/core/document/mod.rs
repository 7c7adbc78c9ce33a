//! Bytes to a [`Document`]: pages of text with the places of the words.
//!
//! [`read`] sniffs what the bytes are; a file name or a declared type is never believed. A document keeps where
//! everything was: every [`Passage`] and [`Word`] is a [`Span`] of its page's text, and where the format has a
//! layout (PDF) a word also has a [`Rect`] on the page, so that evidence can be drawn over it.
//!
//! Dispatch is by content: [`mod@sniff`] decides, one module of [`parse`] reads. Formats without a layout hand their
//! text over as blocks, which [`assemble`] makes into pages; for PDF [`layout`] finds words, lines and reading
//! order from the places of the glyphs. Everything is bounded by [`crate::limits`]: past a bound [`read`] fails and
//! names it.
//!
//! [`attachments()`] hands out the files within a document: a document of its own each, to be read as such.
//!
//! Not here: text recognition (a page that is a picture is [`Unreadable::NeedsOcr`]).

mod assemble;
mod attachments;
mod bytes;
mod encoding;
pub mod given;
mod layout;
pub mod light;
mod opened;
mod pages;
mod parse;
mod sniff;

pub use attachments::{Attachment, attachments, enclosed};
pub use opened::{Enclosed, Opened, Unread, open, open_light};
pub use pages::PageSelection;
pub use parse::mail_body::mail_passages;
use serde::{Deserialize, Serialize};
use sniff::{Content, Light};

use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// What a document was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Format {
    /// Portable Document Format.
    Pdf,
    /// Office Open XML text (Word).
    Docx,
    /// A web page.
    Html,
    /// An internet message (RFC 5322, MIME).
    Eml,
    /// Markdown.
    Markdown,
    /// Text without markup.
    Plain,
}

/// A part of a page's text: byte offsets `start..end`, both on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The text of the span; empty when the span is not of `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A box on a page, in points (1/72 inch), with the origin at the top left and y growing downwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// What a passage is to its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Role {
    /// The title of the document or the subject of a mail.
    Title,
    /// A heading inside it.
    Heading,
    /// Running text.
    Body,
    /// A row of a table. Its cells are separated by `\t`.
    TableRow,
    /// Quoted history of a mail.
    Quote,
    /// Signature or disclaimer of a mail.
    Signature,
    /// Text repeated at the top or bottom of pages.
    Margin,
    /// Header fields of a mail: sender, recipients, date.
    Header,
}

/// A run of text that belongs together: a paragraph, a heading, a table row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Passage {
    /// Where it is in the page's text.
    pub span: Span,
    /// What it is to the page.
    pub role: Role,
}

/// A word and its place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Word {
    /// Where it is in the page's text.
    pub span: Span,
    /// Where it is on the page.
    pub rect: Rect,
}

/// A page: its text in reading order, and what is where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Page {
    /// The number of the page in its document, from 1.
    pub number: u32,
    /// The text in reading order; lines end in `\n`, passages are separated by an empty line.
    pub text: String,
    /// The passages in reading order. They do not overlap.
    pub passages: Vec<Passage>,
    /// The words in reading order, where the format has a layout; else empty.
    pub words: Vec<Word>,
    /// Width and height in points, where the format has pages of a size.
    pub size: Option<(f32, f32)>,
}

/// A document: what [`read`] made of the bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "AttachedDocument"))]
pub struct Document {
    /// What it was read from.
    pub format: Format,
    /// The title it gives itself (PDF and DOCX metadata, `<title>`, a mail's subject); never the file's name.
    pub title: Option<String>,
    /// The pages that were asked for, in order.
    pub pages: Vec<Page>,
    /// How many pages the document has, asked for or not. A format without pages counts as one.
    pub page_count: u32,
}

/// A mail as a caller has it who takes it apart: its subject and the text of its body, plain or HTML.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Mail {
    /// The subject; empty when there is none.
    #[cfg_attr(feature = "types", ts(as = "Option<String>", optional))]
    pub subject: String,
    /// The body.
    pub body: String,
}

/// What to read of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(optional_fields))]
pub struct ReadOptions {
    /// Which pages, such as `1,3,5-7`; all when absent.
    pub pages: Option<String>,
    /// At most this many of them, from the first.
    pub max_pages: Option<u32>,
}

impl Page {
    /// A page of `text` as it stands, with its paragraphs as passages.
    pub fn plain(number: u32, text: &str) -> Self {
        let mut passages = Vec::new();
        let mut start = 0;
        for paragraph in text.split_inclusive("\n\n") {
            let span = Span { start, end: start + paragraph.trim_end().len() };
            if span.start < span.end {
                passages.push(Passage { span, role: Role::Body });
            }
            start += paragraph.len();
        }
        Self { number, text: text.to_owned(), passages, words: Vec::new(), size: None }
    }

    /// The text around the header fields of a mail.
    fn text_without_headers(&self) -> String {
        let headers = self.passages.iter().filter(|passage| passage.role == Role::Header);
        let mut parts = Vec::new();
        let mut start = 0;
        for header in headers {
            parts.push(Span { start, end: header.span.start });
            start = header.span.end;
        }
        parts.push(Span { start, end: self.text.len() });
        let texts = parts.iter().map(|part| part.of(&self.text).trim_matches('\n'));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

impl Document {
    /// A document of one page of `text` as it stands: not sniffed, not tidied. [`read`] is for what comes from outside.
    pub fn plain(text: &str) -> Self {
        Self { format: Format::Plain, title: None, pages: vec![Page::plain(1, text)], page_count: 1 }
    }

    /// The text of all pages, with empty lines between them, but for the header fields of a mail: they say who wrote to whom
    /// and not what it is.
    pub fn text_without_headers(&self) -> String {
        let pages: Vec<String> = self.pages.iter().map(Page::text_without_headers).collect();
        pages.join("\n\n")
    }

    /// Whether no page holds any text.
    fn is_empty(&self) -> bool {
        self.pages.iter().all(|page| page.text.is_empty())
    }
}

impl Format {
    /// The usual extension of files of this format, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Eml => "eml",
            Self::Markdown => "md",
            Self::Plain => "txt",
        }
    }
}

/// What [`read`] would take `bytes` for; nothing when it would refuse their kind. The beginning of a file is enough
/// for every format but DOCX, whose directory is at its end.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    match sniff::content(bytes) {
        Content::Pdf => Some(Format::Pdf),
        Content::Docx => Some(Format::Docx),
        Content::Light(Light::Html(_)) => Some(Format::Html),
        Content::Light(Light::Mail) => Some(Format::Eml),
        Content::Light(Light::Markdown(_)) => Some(Format::Markdown),
        // What is too large to be read is plain text as far as was looked.
        Content::Light(Light::Plain(_) | Light::LargeText) => Some(Format::Plain),
        Content::Light(Light::Encrypted | Light::Other(_)) | Content::Other(_) => None,
    }
}

/// Reads a document from its bytes.
///
/// What the bytes are is found from the bytes alone. Only the pages that `options` asks for are read; a page keeps
/// its number in the document. The same bytes and options give the same document everywhere.
///
/// # Errors
///
/// - [`Kind::Invalid`](crate::error::Kind::Invalid): `options` make no sense.
/// - [`Kind::Unreadable`](crate::error::Kind::Unreadable) with the reason: a kind of file that is not read, a
///   password, damage, no text (also when no page was selected), pages that are pictures, or a bound of
///   [`limits`], which the message names.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Document> {
    let selection = PageSelection::new(options)?;
    check_size(bytes)?;
    readable(match sniff::content(bytes) {
        Content::Pdf => parse::pdf::read(bytes, &selection)?,
        Content::Docx => selection.apply(parse::docx::read(bytes)?)?,
        Content::Light(light) => read_light(light, bytes, &selection)?,
        Content::Other(kind) => return Err(unsupported(kind)),
    })
}

/// Reads what is text, or text in a wrapping that is text too.
fn read_light(light: Light, bytes: &[u8], selection: &PageSelection) -> Result<Document> {
    match light {
        Light::Html(text) => selection.apply(parse::html::read(&text)?),
        Light::Mail => selection.apply(parse::eml::read(bytes)?),
        Light::Markdown(text) => selection.apply(parse::markdown::read(&text)?),
        Light::Plain(text) => selection.apply(parse::plain::read(&text)?),
        Light::LargeText => Err(assemble::too_large()),
        Light::Encrypted => Err(encrypted()),
        Light::Other(kind) => Err(unsupported(kind)),
    }
}

/// A document, unless there is nothing in it to read.
fn readable(document: Document) -> Result<Document> {
    if document.is_empty() {
        return Err(Error::unreadable(Unreadable::NoText, "The document holds no text"));
    }
    Ok(document)
}

/// Fails when there is nothing to read, or more than may be.
fn check_size(bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Err(Error::unreadable(Unreadable::NoText, "The file is empty"));
    }
    if bytes.len() as u64 > limits::MAX_DOCUMENT_BYTES {
        return Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The file is larger than {} MiB", limits::MAX_DOCUMENT_BYTES / limits::MIB),
        ));
    }
    Ok(())
}

fn encrypted() -> Error {
    Error::unreadable(Unreadable::Encrypted, "The document is protected by a password")
}

fn unsupported(kind: impl std::fmt::Display) -> Error {
    Error::unreadable(Unreadable::Unsupported, format!("Files of this kind are not read: {kind}"))
}

/// Makes a document of a mail: its subject as the title, its body with what is quoted and signed set apart.
///
/// # Errors
///
/// [`Kind::Unreadable`](crate::error::Kind::Unreadable) when there is no text in it, or more than [`limits`] allow.
pub fn read_mail(mail: &Mail) -> Result<Document> {
    let document = parse::eml::parts(mail)?;
    if document.is_empty() {
        return Err(Error::unreadable(Unreadable::NoText, "The mail holds no text"));
    }
    Ok(document)
}

#[cfg(test)]
mod tests;
