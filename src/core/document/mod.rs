//! Turns bytes into a [`Document`]: pages of text with the positions of the words.
//!
//! [`read`] detects the format from the bytes; file names and declared types are never trusted. A document keeps
//! positions: every [`Passage`] and [`Word`] is a [`Span`] of its page's text, and if the format has a layout (PDF),
//! a word also has a [`Rect`] on the page, so that evidence can be drawn over it.
//!
//! [`formats`] is the table of formats. [`mod@detect`] picks one, and its reader reads the file. Formats without a
//! layout return their text as blocks, which [`page_builder`] turns into pages; for PDF, the module `layout` finds
//! words, lines and reading order from the positions of the glyphs. Everything is bounded by [`crate::limits`]: when a
//! limit is exceeded, [`read`] fails and names it.
//!
//! The cargo features `pdf`, `office` and `charsets` say what a build can read. Without one of them, a file that needs
//! it fails with [`Unreadable::NotIncluded`], and every other file gives the same document as in a complete build.
//!
//! [`attachments()`] returns the files inside a document; each is a document of its own and is read separately.
//!
//! OCR is out of scope: a document whose pages are images fails with [`Unreadable::NeedsOcr`].

#[cfg(feature = "office")]
mod archive;
mod attached_file;
mod attachments;
mod detect;
mod encoding;
mod formats;
pub mod input;
#[cfg(feature = "pdf")]
mod layout;
mod mail;
mod marks;
mod page_builder;
mod pages;
mod source;
mod with_attachments;

pub use attached_file::AttachedFile;
pub use attachments::{attachments, mail_attachments, read_attachment};
pub use formats::Format;
pub use formats::mail_body::mail_passages;
pub use mail::{Mail, MailAttachment, MailHeader, MailHeaders, TextList};
pub(crate) use marks::{Indents, MAX_LIST_DEPTH};
pub use marks::{Mark, MarkKind};
pub(crate) use page_builder::one_line;
pub use pages::PageSelection;
use serde::{Deserialize, Serialize};
use source::Source;
pub use with_attachments::{
    Attachment, DocumentWithAttachments, ReadError, read_mail_with_attachments, read_with_attachments,
};

use crate::budget::Budget;
use crate::error::{Error, ErrorKind, Resource, Result, Unreadable};
use crate::limits;
use crate::validate::{
    declare::declare,
    shape::{CLOSED, Shape},
};

/// A range of a page's text: byte offsets `start..end`, both on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The text of the span; empty if the span is not valid in `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A box on a page, in points (1/72 inch), with the origin at the top left and y growing downwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
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

/// The role of a passage on its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Role {
    /// The title of the document or the subject of a mail.
    Title,
    /// A heading within the document.
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
    /// The position in the page's text.
    pub span: Span,
    /// The role on the page.
    pub role: Role,
}

/// A word and its position.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Word {
    /// The position in the page's text.
    pub span: Span,
    /// The position on the page.
    pub rect: Rect,
}

/// A page: its text in reading order, with passages and words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Page {
    /// The number of the page in its document, from 1.
    pub number: u32,
    /// The text in reading order; lines end in `\n`, passages are separated by an empty line.
    pub text: String,
    /// The passages in reading order. They do not overlap.
    pub passages: Vec<Passage>,
    /// The words in reading order if the format has a layout; otherwise empty.
    pub words: Vec<Word>,
    /// Width and height in points, if pages have a size in this format.
    pub size: Option<(f32, f32)>,
    /// What the file says about the structure of the text, in order of the text; empty in a build without the feature
    /// `parse`. It does not cross to JavaScript: [`crate::parse`] reads it where the document was read.
    #[serde(skip)]
    pub marks: Vec<Mark>,
}

/// A document, as returned by [`read`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Document {
    /// The format of the file.
    pub format: Format,
    /// The document's own title (PDF and DOCX metadata, `<title>`, a mail's subject); never the file name.
    pub title: Option<String>,
    /// The selected pages, in order.
    pub pages: Vec<Page>,
    /// The number of pages in the document, selected or not; 1 for formats without pages.
    pub page_count: u32,
}

declare! {
    /// Options for reading a document.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    #[cfg_attr(feature = "types", ts(optional_fields))]
    pub struct ReadOptions(CLOSED) {
        /// The pages to read, such as `1,3,5-7`; all if absent.
        pub pages: Option<String> = optional(Shape::text(1..=input::MAX_PAGES_CHARS)),
        /// The maximum number of pages to read, counted from the first selected page.
        pub max_pages: Option<u32> = optional(Shape::integer(1..=u32::MAX)),
    }
}

impl Page {
    /// A page with `text` unchanged and its paragraphs as passages.
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
        Self { number, text: text.to_owned(), passages, words: Vec::new(), size: None, marks: Vec::new() }
    }

    /// The text without the header fields of a mail.
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
    /// A document of one page with `text` unchanged: no format detection, no cleanup. Use [`read`] for external input.
    pub fn plain(text: &str) -> Self {
        Self { format: Format::Plain, title: None, pages: vec![Page::plain(1, text)], page_count: 1 }
    }

    /// The text of all pages, separated by empty lines, without the header fields of a mail: they say who wrote to
    /// whom, not what the mail is about.
    pub fn text_without_headers(&self) -> String {
        let pages: Vec<String> = self.pages.iter().map(Page::text_without_headers).collect();
        pages.join("\n\n")
    }

    /// Whether this is a mail that says nothing but who wrote to whom, so that its attachments say what it is about.
    pub fn is_mail_without_text(&self) -> bool {
        self.format.reads_attachments() && self.pages.iter().all(|page| page.text_without_headers().trim().is_empty())
    }

    /// Whether no page holds any text.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.iter().all(|page| page.text.is_empty())
    }
}

/// The format that [`read`] would detect for `bytes`; None if it does not support the file type. The beginning of a
/// file is enough for every format except those in ZIP archives, whose directory is at the end. A build without the feature
/// `charsets` recognises texts in other encodings than UTF-8 by their ASCII characters.
pub fn sniff(bytes: &[u8]) -> Option<Format> {
    let detected = detect::detect(&Source::new(bytes));
    #[cfg(not(feature = "charsets"))]
    if detected.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unreadable(Unreadable::NotIncluded)) {
        return detect::detect(&Source::new(&encoding::ascii_of(bytes))).ok();
    }
    detected.ok()
}

/// Reads a document from its bytes.
///
/// The format is detected from the bytes alone. Only the pages that `options` selects are read; a page keeps its
/// number in the document. The same bytes and options give the same document on every platform.
///
/// # Errors
///
/// - [`ErrorKind::Invalid`]: `options` are not valid.
/// - [`ErrorKind::Unreadable`] with the reason: an unsupported file type, a
///   password, a damaged file, no text (also if no page was selected), pages that are images, an exceeded limit of
///   [`limits`] or of `budget`, which the message names, or a feature that this build lacks.
pub fn read(bytes: &[u8], options: &ReadOptions, budget: &Budget) -> Result<Document> {
    let selection = PageSelection::new(options)?;
    check_size(bytes)?;
    let source = Source::new(bytes);
    let format = detect::detect(&source)?;
    read_as(format, &source, &selection, budget)
        .and_then(|document| {
            // A mail may have nothing but attachments.
            let has_attachments = || attachments(bytes, budget).is_ok_and(|files| !files.is_empty());
            if document.is_empty() && format.reads_attachments() && has_attachments() {
                return Ok(document);
            }
            require_text(document)
        })
        .map_err(|error| over_budget_as_unreadable(error).with_format(format.extension()))
}

/// The same error; if the budget is exceeded, as a reason why the document is unreadable.
fn over_budget_as_unreadable(error: Error) -> Error {
    let why = match error.kind() {
        ErrorKind::OverBudget(Resource::Work) => Unreadable::Timeout,
        ErrorKind::OverBudget(_) => Unreadable::TooLarge,
        _ => return error,
    };
    Error::unreadable(why, error.message())
}

/// Reads a file of a known format.
fn read_as(format: Format, source: &Source<'_>, selection: &PageSelection, budget: &Budget) -> Result<Document> {
    let spec = format.spec();
    match format.reader().read {
        Some(read) => read(source, selection, budget),
        None => Err(Error::not_included(&format!("the format {}", spec.name), spec.feature.unwrap_or_default())),
    }
}

/// The error of a document whose content is encrypted.
fn password_protected() -> Error {
    Error::unreadable(Unreadable::Encrypted, "The document is protected by a password")
}

/// Fails if the document contains no text.
fn require_text(document: Document) -> Result<Document> {
    if document.is_empty() {
        return Err(Error::unreadable(Unreadable::NoText, "The document holds no text"));
    }
    Ok(document)
}

/// Fails if the file is empty or larger than [`limits::MAX_DOCUMENT_BYTES`].
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

/// Makes a document from a mail: the subject is the title, and quotes and signature in the body are marked. It has no
/// text if the mail has nothing but attachments.
///
/// # Errors
///
/// [`ErrorKind::Unreadable`] if the mail has neither text nor attachments, or more than [`limits`] or
/// `budget` allow.
pub fn read_mail(mail: &Mail, budget: &Budget) -> Result<Document> {
    let document = formats::eml::read_mail(mail, budget).map_err(over_budget_as_unreadable)?;
    if document.is_empty() && mail.attachments.is_empty() {
        return Err(Error::unreadable(Unreadable::NoText, "The mail holds no text"));
    }
    Ok(document)
}

#[cfg(test)]
mod tests;
