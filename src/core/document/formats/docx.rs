//! Reads Word documents (Office Open XML): paragraphs, headings by style, tables, headers and footers.
//!
//! Pages begin at explicit page breaks, and where Word marked the page breaks of its last layout; a file without either
//! is one page.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, Read};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::budget::{Budget, Held};
use crate::document::archive::Archive;
use crate::document::page_builder::{self, Block};
use crate::document::{Document, Format, Role};
use crate::error::{Error, ErrorKind, Result, Unreadable};
use crate::limits;

/// The largest tag or piece of text, in bytes: one that is larger has more text than is read.
const MAX_EVENT_BYTES: usize = limits::MAX_TEXT_BYTES as usize;

/// The work of a tag or a piece of text.
const EVENT_STEPS: usize = 4;
const EVENT_BYTES_PER_STEP: usize = 8;

/// The memory of a style, of a block, and how often the text of a block is held: as it grows, and in its page.
const STYLE_MEMORY: usize = 96;
const BLOCK_MEMORY: usize = 72;
const BLOCK_COPIES: usize = 3;

/// The maximum length of a chain of styles based on each other.
const MAX_STYLE_CHAIN: usize = 16;

/// The error of a part that is not XML.
const DAMAGED: ErrorKind = ErrorKind::Unreadable(Unreadable::Damaged);

/// Reads a Word file.
pub(crate) fn read(bytes: &[u8], budget: &Budget) -> Result<Document> {
    let mut archive = Archive::open(bytes)?;
    let mut held = budget.hold(0)?;
    let styles = archive
        .entry("word/styles.xml", |reader| Styles::read(reader, budget, &mut held).or_else(ignore_damage))?
        .unwrap_or_default();
    let title = archive.entry("docProps/core.xml", |reader| title(reader, budget).or_else(ignore_damage))?.flatten();
    let main = if archive.has("word/document.xml") { "word/document.xml" } else { "word/document2.xml" };
    let mut pages = archive.entry(main, |reader| Body::read(reader, &styles, budget, &mut held))?.unwrap_or_default();

    let (mut headers, mut footers) = (Vec::new(), Vec::new());
    // First, left and right pages have separate headers, mostly with the same text. For lookup only, never iterated.
    let (mut header_texts, mut footer_texts) = (HashSet::new(), HashSet::new());
    for name in archive.names() {
        let Some(part) = name.strip_prefix("word/").filter(|part| part.ends_with(".xml")) else { continue };
        let (blocks, texts, role) = match part {
            _ if part.starts_with("header") => (&mut headers, &mut header_texts, Role::Margin),
            _ if part.starts_with("footer") => (&mut footers, &mut footer_texts, Role::Margin),
            "footnotes.xml" | "endnotes.xml" => (&mut footers, &mut footer_texts, Role::Body),
            _ => continue,
        };
        // A damaged header does not fail the document.
        let part_pages = archive
            .entry(&name, |reader| Body::read(reader, &styles, budget, &mut held).or_else(ignore_damage))?
            .unwrap_or_default();
        for block in part_pages.into_iter().flatten() {
            if texts.insert(block.text.clone()) {
                blocks.push(Block { role, ..block });
            }
        }
    }
    if let Some(page) = pages.first_mut() {
        headers.append(page);
        *page = headers;
    }
    if let Some(page) = pages.last_mut() {
        page.append(&mut footers);
    }
    let page_count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    if page_count > limits::MAX_PAGES {
        return Err(Error::unreadable(
            Unreadable::TooManyPages,
            format!("The document has {page_count} pages; at most {} are read", limits::MAX_PAGES),
        ));
    }
    let pages = (1..).zip(pages).map(|(number, blocks)| page_builder::build_page(number, blocks, budget)).collect();
    Ok(Document { format: Format::Docx, title, pages, page_count })
}

/// Replaces the error of a damaged part by an empty result, but not the error of an exceeded bound.
fn ignore_damage<T: Default>(error: Error) -> Result<T> {
    if error.kind() == DAMAGED { Ok(T::default()) } else { Err(error) }
}

/// The title in the core properties.
fn title(reader: &mut dyn BufRead, budget: &Budget) -> Result<Option<String>> {
    let mut title = None;
    let mut is_inside = false;
    events(reader, budget, |event| {
        match event {
            Event::Start(tag) => is_inside = tag.local_name().as_ref() == "title",
            Event::End(_) => is_inside = false,
            event if is_inside => append(title.get_or_insert_default(), &event),
            _ => {}
        }
        Ok(())
    })?;
    let title: Option<String> = title;
    Ok(title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty()))
}

/// The roles of paragraph styles.
#[derive(Default)]
struct Styles {
    roles: BTreeMap<String, Option<Role>>,
    based_on: BTreeMap<String, String>,
}

impl Styles {
    fn read(reader: &mut dyn BufRead, budget: &Budget, held: &mut Held<'_>) -> Result<Self> {
        let mut styles = Self::default();
        let mut id = String::new();
        events(reader, budget, |event| {
            if let Event::Start(tag) | Event::Empty(tag) = event {
                let value = || attribute(&tag, "val").unwrap_or_default();
                match tag.local_name().as_ref() {
                    "style" => id = attribute(&tag, "styleId").unwrap_or_default(),
                    // The names of the built-in styles are English in every language.
                    "name" => {
                        let name = value().to_ascii_lowercase();
                        let role = match name.as_str() {
                            "title" => Some(Role::Title),
                            _ if name.starts_with("heading") || name == "subtitle" => Some(Role::Heading),
                            _ => None,
                        };
                        held.grow(STYLE_MEMORY + id.len())?;
                        styles.roles.insert(id.clone(), role);
                    }
                    "basedOn" => {
                        let base = value();
                        held.grow(STYLE_MEMORY + id.len() + base.len())?;
                        styles.based_on.insert(id.clone(), base);
                    }
                    "outlineLvl" if value() != "9" => {
                        styles.roles.entry(id.clone()).or_default().get_or_insert(Role::Heading);
                    }
                    _ => {}
                }
            }
            Ok(())
        })?;
        Ok(styles)
    }

    fn role(&self, id: &str) -> Role {
        let mut id = id;
        for _ in 0..MAX_STYLE_CHAIN {
            if let Some(Some(role)) = self.roles.get(id) {
                return *role;
            }
            match self.based_on.get(id) {
                Some(base) => id = base,
                None => break,
            }
        }
        Role::Body
    }
}

/// A part with text: the body, a header, a footer.
struct Body<'a> {
    styles: &'a Styles,
    pages: Vec<Vec<Block>>,
    paragraph: String,
    role: Role,
    /// The cells of the current row so far; rows of nested tables join the outer row.
    row: String,
    /// The depth of nested tables.
    table_depth: usize,
    /// The depth within elements whose text is skipped: fallbacks, deleted text, field codes.
    skip_depth: usize,
    /// Whether the current run is hidden by its properties.
    is_hidden: bool,
    in_text: bool,
    depth: usize,
    /// Whether the next block begins a new page.
    begins_page: bool,
    passages: usize,
    /// The bytes of the blocks so far.
    block_bytes: usize,
}

impl<'a> Body<'a> {
    fn read(
        reader: &mut dyn BufRead,
        styles: &'a Styles,
        budget: &Budget,
        held: &mut Held<'_>,
    ) -> Result<Vec<Vec<Block>>> {
        let mut body = Self {
            styles,
            pages: vec![Vec::new()],
            paragraph: String::new(),
            role: Role::Body,
            row: String::new(),
            table_depth: 0,
            skip_depth: 0,
            is_hidden: false,
            in_text: false,
            depth: 0,
            begins_page: false,
            passages: 0,
            block_bytes: 0,
        };
        let mut charged = 0;
        let result = events(reader, budget, |event| {
            let memory = body.memory();
            held.grow(memory.saturating_sub(charged))?;
            charged = charged.max(memory);
            match event {
                Event::Start(tag) => {
                    body.depth += 1;
                    if body.depth > limits::MAX_MARKUP_DEPTH {
                        return Err(Error::unreadable(
                            Unreadable::TooLarge,
                            format!("The document nests deeper than {}", limits::MAX_MARKUP_DEPTH),
                        ));
                    }
                    body.start(&tag);
                }
                Event::Empty(tag) => {
                    body.start(&tag);
                    body.end(tag.local_name().as_ref());
                }
                Event::End(tag) => {
                    body.depth = body.depth.saturating_sub(1);
                    body.end(tag.local_name().as_ref());
                }
                _ if body.passages > limits::MAX_PASSAGES => return Err(page_builder::too_many_passages()),
                _ if body.bytes() as u64 > limits::MAX_TEXT_BYTES => return Err(page_builder::too_large()),
                event if body.in_text && body.skip_depth == 0 && !body.is_hidden => append(&mut body.paragraph, &event),
                _ => {}
            }
            Ok(())
        });
        body.end_paragraph();
        body.end_row();
        // The pages before the damage are kept, but those before an exceeded bound are not.
        match result {
            Err(error) if error.kind() != DAMAGED || body.pages.iter().all(Vec::is_empty) => Err(error),
            _ => Ok(body.pages),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) {
        let value = || attribute(tag, "val").unwrap_or_default();
        match tag.local_name().as_ref() {
            "Fallback" | "del" | "moveFrom" | "instrText" | "delText" => self.skip_depth += 1,
            "p" => {
                // A paragraph inside a paragraph is a text box; the text before it is kept.
                self.end_paragraph();
                self.role = Role::Body;
            }
            "pStyle" => self.role = self.styles.role(&value()),
            "outlineLvl" if value() != "9" && self.role == Role::Body => self.role = Role::Heading,
            "r" => self.is_hidden = false,
            "vanish" => self.is_hidden = !matches!(value().as_str(), "0" | "false" | "off"),
            "t" => self.in_text = true,
            "tab" if self.skip_depth == 0 => self.paragraph.push(' '),
            "noBreakHyphen" if self.skip_depth == 0 => self.paragraph.push('-'),
            "br" if attribute(tag, "type").as_deref() == Some("page") => self.break_page(),
            "lastRenderedPageBreak" => self.break_page(),
            "br" | "cr" if self.skip_depth == 0 => self.paragraph.push('\n'),
            "tbl" => self.table_depth += 1,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "Fallback" | "del" | "moveFrom" | "instrText" | "delText" => {
                self.skip_depth = self.skip_depth.saturating_sub(1);
            }
            "p" => self.end_paragraph(),
            "t" => self.in_text = false,
            "tc" => self.row.push(if self.table_depth > 1 { ' ' } else { '\t' }),
            "tr" if self.table_depth <= 1 => self.end_row(),
            "tbl" => self.table_depth = self.table_depth.saturating_sub(1),
            _ => {}
        }
    }

    fn bytes(&self) -> usize {
        self.block_bytes + self.paragraph.len() + self.row.len()
    }

    /// The memory of the blocks, and of the page that they become.
    fn memory(&self) -> usize {
        BLOCK_COPIES * self.bytes() + BLOCK_MEMORY * (self.passages + self.pages.len())
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        if self.table_depth > 0 {
            // A row is one line, with separate cells.
            self.row.extend(text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }));
            self.row.push(' ');
        } else if !text.trim().is_empty() {
            self.push(Block::new(self.role, text));
        }
    }

    fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        let cells = row.split('\t').filter(|cell| !cell.trim().is_empty()).count();
        match cells {
            0 => {}
            // A row with one cell is a frame around text.
            1 => self.push(Block::new(Role::Body, row)),
            _ => self.push(Block::new(Role::TableRow, row)),
        }
    }

    /// Lets the next block begin a new page.
    fn break_page(&mut self) {
        if self.skip_depth > 0 {
            return;
        }
        if self.table_depth == 0 {
            self.end_paragraph();
        }
        self.begins_page = true;
    }

    fn push(&mut self, block: Block) {
        let has_text = self.pages.last().is_none_or(|page| !page.is_empty());
        if std::mem::take(&mut self.begins_page) && has_text {
            self.pages.push(Vec::new());
        }
        self.passages += 1;
        self.block_bytes += block.text.len();
        if let Some(page) = self.pages.last_mut() {
            page.push(block);
        }
    }
}

/// Calls `handle` with every event of a part. Only the entities of XML itself exist: a document cannot declare more.
fn events(reader: &mut dyn BufRead, budget: &Budget, mut handle: impl FnMut(Event<'_>) -> Result<()>) -> Result<()> {
    let mut reader = Reader::from_reader(EventReader { inner: reader, remaining: MAX_EVENT_BYTES, is_exceeded: false });
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    let mut held = budget.hold(0)?;
    let mut capacity = 0;
    loop {
        buffer.clear();
        let rest = &mut reader.get_mut().remaining;
        let used = MAX_EVENT_BYTES - std::mem::replace(rest, MAX_EVENT_BYTES);
        budget.work(EVENT_STEPS + used / EVENT_BYTES_PER_STEP)?;
        let result = match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => Ok(false),
            Ok(event) => {
                handle(event)?;
                Ok(true)
            }
            Err(error) => Err(Error::unreadable(Unreadable::Damaged, "The document is damaged").with_source(error)),
        };
        if reader.get_ref().is_exceeded {
            return Err(page_builder::too_large());
        }
        held.grow(buffer.capacity().saturating_sub(capacity))?;
        capacity = capacity.max(buffer.capacity());
        if !result? {
            return Ok(());
        }
    }
}

/// A reader that ends within an event that is too large: it would be kept as a whole.
struct EventReader<'a> {
    inner: &'a mut dyn BufRead,
    /// The bytes that the current event may still have.
    remaining: usize,
    is_exceeded: bool,
}

impl Read for EventReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer.iter_mut().zip(available).for_each(|(to, from)| *to = *from);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for EventReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.remaining == 0 {
            self.is_exceeded |= !self.inner.fill_buf()?.is_empty();
            return Ok(&[]);
        }
        let available = self.inner.fill_buf()?;
        Ok(available.get(..self.remaining).unwrap_or(available))
    }

    fn consume(&mut self, amount: usize) {
        self.remaining = self.remaining.saturating_sub(amount);
        self.inner.consume(amount);
    }
}

/// Appends the text of an event.
fn append(out: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(text) => out.push_str(&text.xml10_content()),
        Event::CData(text) => out.push_str(text),
        Event::GeneralRef(reference) => match &**reference {
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "amp" => out.push('&'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            _ => out.extend(reference.resolve_char_ref().ok().flatten()),
        },
        _ => {}
    }
}

/// The value of an attribute, whatever its prefix.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    // Without checks, which compare each attribute with all before it.
    let mut attributes = tag.attributes();
    let attribute =
        attributes.with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::archive::tests::pack;

    fn read(bytes: &[u8]) -> Result<Document> {
        super::read(bytes, &Budget::unlimited())
    }

    const STYLES: &str = r#"<w:styles><w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
        <w:style w:styleId="b1"><w:name w:val="heading 1"/></w:style>
        <w:style w:styleId="mine"><w:name w:val="Mine"/><w:basedOn w:val="b1"/></w:style></w:styles>"#;

    fn paragraph(style: &str, text: &str) -> String {
        format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
    }

    fn document(body: &str) -> Document {
        let body = format!("<w:document><w:body>{body}</w:body></w:document>");
        read(&pack(&[
            ("word/document.xml", body.as_bytes()),
            ("word/styles.xml", STYLES.as_bytes()),
            ("word/header1.xml", b"<w:hdr><w:p><w:r><w:t>ACME</w:t></w:r></w:p></w:hdr>"),
            ("word/footer1.xml", b"<w:ftr><w:p><w:r><w:t>Page</w:t></w:r></w:p></w:ftr>"),
            ("docProps/core.xml", b"<cp:coreProperties><dc:title>A &amp; B</dc:title></cp:coreProperties>"),
        ]))
        .unwrap()
    }

    #[test]
    fn roles_and_tables() {
        let body = paragraph("Titel", "Contract")
            + &paragraph("mine", "1. Parties")
            + r#"<w:p><w:r><w:t>One &#x26; </w:t></w:r><w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:r><w:rPr><w:vanish/></w:rPr><w:t>no</w:t></w:r><w:r><w:t>two</w:t></w:r></w:p>"#
            + "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
            + "<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>";
        let document = document(&body);
        assert_eq!(document.title.as_deref(), Some("A & B"));
        let page = &document.pages[0];
        let passages: Vec<_> =
            page.passages.iter().map(|passage| (passage.role, passage.span.of(&page.text))).collect();
        assert_eq!(
            passages,
            [
                (Role::Margin, "ACME"),
                (Role::Title, "Contract"),
                (Role::Heading, "1. Parties"),
                (Role::Body, "One & two"),
                (Role::TableRow, "a\tb"),
                (Role::Body, "box"),
                (Role::Margin, "Page"),
            ]
        );
    }

    #[test]
    fn page_breaks() {
        let body = paragraph("", "one")
            + r#"<w:p><w:r><w:br w:type="page"/></w:r><w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r></w:p>"#;
        let document = document(&body);
        assert_eq!(document.page_count, 2);
        assert_eq!(document.pages[1].text, "two\n\nPage");
    }

    #[test]
    fn keeps_the_pages_before_damage() {
        assert_eq!(document(&(paragraph("", "kept") + "<w:p <<")).pages[0].text, "ACME\n\nkept\n\nPage");
        let broken = pack(&[("word/document.xml", b"<w:document")]);
        assert_eq!(read(&broken).unwrap_err().code(), "DOCUMENT_DAMAGED");
    }
}
