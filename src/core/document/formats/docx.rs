//! Reads Word documents (Office Open XML): paragraphs, headings by style, tables, headers and footers.
//!
//! Pages begin at explicit page breaks, and where Word marked the page breaks of its last layout; a file without either
//! is one page.

mod structure;

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::budget::{Budget, Held};
use crate::document::archive::Archive;
use crate::document::marks::{KEEPS_MARKS, MARK_MEMORY, Mark, MarkKind};
use crate::document::page_builder::{self, Block};
use crate::document::{Document, Format, Role};
use crate::error::{Error, ErrorKind, Result, Unreadable};
use crate::limits;
use structure::{Links, Numbering};

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
    let (mut numbering, mut links) = (Numbering::default(), Links::default());
    if KEEPS_MARKS {
        numbering = archive
            .entry("word/numbering.xml", |reader| Numbering::read(reader, budget, &mut held).or_else(ignore_damage))?
            .unwrap_or_default();
        links = archive
            .entry("word/_rels/document.xml.rels", |reader| {
                Links::read(reader, budget, &mut held).or_else(ignore_damage)
            })?
            .unwrap_or_default();
    }
    let structure = Structure { styles: &styles, numbering: &numbering, links: Some(&links) };
    let title = archive.entry("docProps/core.xml", |reader| title(reader, budget).or_else(ignore_damage))?.flatten();
    let main = if archive.has("word/document.xml") { "word/document.xml" } else { "word/document2.xml" };
    let mut pages = archive.entry(main, |reader| Body::read(reader, structure, budget, &mut held))?.unwrap_or_default();
    // The other parts have relationships of their own.
    let structure = Structure { links: None, ..structure };

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
            .entry(&name, |reader| Body::read(reader, structure, budget, &mut held).or_else(ignore_damage))?
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

/// What a part needs to know about its paragraphs and links.
#[derive(Clone, Copy)]
struct Structure<'a> {
    styles: &'a Styles,
    numbering: &'a Numbering,
    links: Option<&'a Links>,
}

/// A list that a paragraph is in.
#[derive(Clone, Copy)]
struct ListLevel {
    ordered: bool,
    /// From 0.
    level: u8,
}

/// The roles of paragraph styles.
#[derive(Default)]
struct Styles {
    roles: BTreeMap<String, Option<Role>>,
    /// The levels of headings and the lists, which only marks need.
    levels: BTreeMap<String, usize>,
    lists: BTreeMap<String, ListLevel>,
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
                        styles.note(&id, &name, held)?;
                    }
                    "basedOn" => {
                        let base = value();
                        held.grow(STYLE_MEMORY + id.len() + base.len())?;
                        styles.based_on.insert(id.clone(), base);
                    }
                    "outlineLvl" if value() != "9" => {
                        styles.roles.entry(id.clone()).or_default().get_or_insert(Role::Heading);
                        if let Some(level) = outline_level(&value()) {
                            styles.levels.entry(id.clone()).or_insert(level);
                        }
                    }
                    _ => {}
                }
            }
            Ok(())
        })?;
        Ok(styles)
    }

    /// Notes the level of a heading or of a list that the name of a built-in style tells.
    fn note(&mut self, id: &str, name: &str, held: &mut Held<'_>) -> Result<()> {
        if !KEEPS_MARKS {
            return Ok(());
        }
        let number = |name: &str| name.trim().parse::<usize>().ok();
        if let Some(level) = name.strip_prefix("heading").and_then(number) {
            held.grow(STYLE_MEMORY + id.len())?;
            self.levels.insert(id.to_owned(), level);
        }
        let kinds = [("list bullet", false), ("list number", true)];
        if let Some((rest, ordered)) =
            kinds.iter().find_map(|(kind, ordered)| Some((name.strip_prefix(kind)?, *ordered)))
        {
            // "List Bullet" is the first level, "List Bullet 2" the second.
            let level = u8::try_from(number(rest).unwrap_or(1).saturating_sub(1)).unwrap_or(u8::MAX);
            held.grow(STYLE_MEMORY + id.len())?;
            self.lists.insert(id.to_owned(), ListLevel { ordered, level });
        }
        Ok(())
    }

    /// The first value of a style or of those that it is based on.
    fn inherited<T>(&self, id: &str, value: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut id = id;
        for _ in 0..MAX_STYLE_CHAIN {
            if let Some(found) = value(id) {
                return Some(found);
            }
            id = self.based_on.get(id)?;
        }
        None
    }

    fn role(&self, id: &str) -> Role {
        self.inherited(id, |id| self.roles.get(id).copied().flatten()).unwrap_or(Role::Body)
    }

    fn heading_level(&self, id: &str) -> Option<usize> {
        self.inherited(id, |id| self.levels.get(id).copied())
    }

    fn list(&self, id: &str) -> Option<ListLevel> {
        self.inherited(id, |id| self.lists.get(id).copied())
    }
}

/// The level of a heading, from 1, that an outline level tells.
fn outline_level(value: &str) -> Option<usize> {
    value.parse::<usize>().ok().map(|level| level.saturating_add(1))
}

/// A part with text: the body, a header, a footer.
struct Body<'a> {
    structure: Structure<'a>,
    pages: Vec<Vec<Block>>,
    paragraph: String,
    role: Role,
    heading_level: Option<usize>,
    /// The list of the paragraph: that of its style, the id of its own, and the level there.
    list: Option<ListLevel>,
    list_id: Option<String>,
    list_level: Option<u8>,
    /// The links of the paragraph and those of the row, and the open one with its start.
    links: Vec<Mark>,
    row_links: Vec<Mark>,
    link: Option<(usize, Arc<str>)>,
    /// The memory of all marks so far.
    mark_bytes: usize,
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
        structure: Structure<'a>,
        budget: &Budget,
        held: &mut Held<'_>,
    ) -> Result<Vec<Vec<Block>>> {
        let mut body = Self {
            structure,
            heading_level: None,
            list: None,
            list_id: None,
            list_level: None,
            links: Vec::new(),
            row_links: Vec::new(),
            link: None,
            mark_bytes: 0,
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
                (self.heading_level, self.list, self.list_id, self.list_level) = (None, None, None, None);
            }
            "pStyle" => {
                let (id, styles) = (value(), self.structure.styles);
                self.role = styles.role(&id);
                if KEEPS_MARKS {
                    self.heading_level = styles.heading_level(&id);
                    self.list = styles.list(&id);
                }
            }
            "outlineLvl" if value() != "9" && self.role == Role::Body => {
                self.role = Role::Heading;
                self.heading_level = outline_level(&value());
            }
            "numId" if KEEPS_MARKS => self.list_id = Some(value()),
            "ilvl" if KEEPS_MARKS => self.list_level = value().parse().ok(),
            "hyperlink" if KEEPS_MARKS => {
                let url = self.structure.links.and_then(|links| links.url(&attribute(tag, "id")?));
                self.link = url.map(|url| (self.paragraph.len(), url));
            }
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
            "hyperlink" => self.end_link(),
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
        BLOCK_COPIES * self.bytes() + BLOCK_MEMORY * (self.passages + self.pages.len()) + self.mark_bytes
    }

    fn end_link(&mut self) {
        if let Some((start, url)) = self.link.take() {
            let mark = Mark::new(start, self.paragraph.len(), MarkKind::Link { url });
            self.mark_bytes += mark.memory();
            self.links.push(mark);
        }
    }

    /// The mark of the paragraph.
    fn paragraph_mark(&self, length: usize) -> Option<Mark> {
        match self.role {
            Role::Title => Some(Mark::heading(0, length, 1)),
            Role::Heading => Some(Mark::heading(0, length, self.heading_level.unwrap_or(2))),
            Role::Body => {
                let by_style = self.list;
                let level = self.list_level.or(by_style.map(|list| list.level)).unwrap_or_default();
                // A list of the paragraph's own; the id 0 takes it out of that of its style.
                let ordered = match self.list_id.as_deref() {
                    Some("0") => return None,
                    Some(id) => self.structure.numbering.is_ordered(id, level),
                    None => None,
                };
                let ordered = ordered.or(by_style.map(|list| list.ordered))?;
                Some(Mark::list_item(0, length, ordered, usize::from(level) + 1, false))
            }
            _ => None,
        }
    }

    fn end_paragraph(&mut self) {
        self.end_link();
        let text = std::mem::take(&mut self.paragraph);
        let links = std::mem::take(&mut self.links);
        if self.table_depth > 0 {
            let start = self.row.len();
            let moved = |Mark { span, kind }| Mark::new(start + span.start, start + span.end, kind);
            self.row_links.extend(links.into_iter().map(moved));
            // A row is one line, with separate cells.
            self.row.extend(text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }));
            self.row.push(' ');
        } else if !text.trim().is_empty() {
            let mark = self.paragraph_mark(text.len()).filter(|_| KEEPS_MARKS);
            self.mark_bytes += mark.iter().map(Mark::memory).sum::<usize>();
            self.push(Block::new(self.role, text).with_marks(links.into_iter().chain(mark)));
        }
    }

    fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        let links = std::mem::take(&mut self.row_links);
        let cells = row.split('\t').filter(|cell| !cell.trim().is_empty()).count();
        match cells {
            0 => {}
            // A row with one cell is a frame around text.
            1 => self.push(Block::new(Role::Body, row).with_marks(links)),
            _ => {
                // Cells after an empty one have marks.
                self.mark_bytes += cells * MARK_MEMORY;
                self.push(Block::new(Role::TableRow, row).with_marks(links));
            }
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

    #[test]
    fn marks_have_levels_lists_and_links() {
        let styles = r#"<w:styles><w:style w:styleId="h"><w:name w:val="heading 3"/></w:style>
            <w:style w:styleId="b"><w:name w:val="List Bullet 2"/></w:style>
            <w:style w:styleId="mine"><w:basedOn w:val="b"/></w:style></w:styles>"#;
        let numbering = r#"<w:numbering><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl>
            <w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
            <w:num w:numId="2"><w:abstractNumId w:val="7"/></w:num></w:numbering>"#;
        let links = r#"<Relationships><Relationship Id="r1" Type="http://x/hyperlink" Target="https://a.example/?a=1&amp;b=2"/>
            <Relationship Id="r2" Type="http://x/image" Target="picture.png"/></Relationships>"#;
        let text = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
        let item = |id: u8, level: u8, content: &str| {
            format!(
                "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{id}\"/></w:numPr></w:pPr>{content}</w:p>"
            )
        };
        let link = |id: &str, label: &str| format!("<w:hyperlink r:id=\"{id}\">{}</w:hyperlink>", text(label));
        let cell = |content: &str| format!("<w:tc><w:p>{content}</w:p></w:tc>");
        let body = [
            paragraph("h", "Heading"),
            item(2, 0, &text("one")),
            item(2, 1, &format!("{}{}", text("see "), link("r1", "there"))),
            item(0, 0, &text("no item")),
            paragraph("mine", "by style"),
            format!("<w:p>{}{}</w:p>", link("r2", "a picture"), link("r9", "unknown")),
            format!("<w:tbl><w:tr>{}{}{}</w:tr></w:tbl>", cell(&text("a")), cell(""), cell(&link("r1", "b"))),
        ];
        let document = format!("<w:document><w:body>{}</w:body></w:document>", body.concat());
        let file = pack(&[
            ("word/document.xml", document.as_bytes()),
            ("word/styles.xml", styles.as_bytes()),
            ("word/numbering.xml", numbering.as_bytes()),
            ("word/_rels/document.xml.rels", links.as_bytes()),
        ]);
        let page = &read(&file).unwrap().pages[0];
        let marks: Vec<_> = page.marks.iter().map(|mark| (mark.span.of(&page.text), mark.kind.clone())).collect();
        let item = |ordered, depth| MarkKind::ListItem { ordered, depth, continues: false };
        let link = MarkKind::Link { url: "https://a.example/?a=1&b=2".into() };
        assert_eq!(
            marks,
            [
                ("Heading", MarkKind::Heading(3)),
                ("one", item(true, 1)),
                ("see there", item(false, 2)),
                ("there", link.clone()),
                ("by style", item(false, 2)),
                ("a", MarkKind::Cell { column: 0 }),
                ("b", link),
                ("b", MarkKind::Cell { column: 2 }),
            ]
        );
    }
}
