//! Web pages. Only html5ever's tokenizer is used. No tree is built, so work stays linear regardless of nesting, and
//! the text of broken pages is still found.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use crate::budget::Budget;
use crate::document::marks::{self, Cutter, KEEPS_MARKS, Mark, MarkKind};
use crate::document::page_builder::{self, Block};
use crate::document::{Document, Format, Role};
use crate::error::Result;
use crate::limits;

/// How many bytes of a page are searched for its declared encoding; browsers use the same value.
const ENCODING_SEARCH_BYTES: usize = 1024;

/// Whether text begins like a web page.
pub(crate) fn is_html(text: &str) -> bool {
    const FIRST_TAGS: [&str; 15] = [
        "!doctype html",
        "html",
        "head",
        "body",
        "title",
        "meta",
        "table",
        "div",
        "p",
        "h1",
        "script",
        "style",
        "span",
        "center",
        "font",
    ];
    let mut rest = text.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("<!--") {
            let Some((_, after)) = comment.split_once("-->") else { return false };
            rest = after.trim_start();
        } else if let Some(declaration) = rest.strip_prefix("<?xml") {
            let Some((_, after)) = declaration.split_once('>') else { return false };
            rest = after.trim_start();
        } else {
            break;
        }
    }
    let Some(tag) = rest.strip_prefix('<') else { return false };
    FIRST_TAGS.iter().any(|name| {
        tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && tag.get(name.len()..).is_some_and(|after| after.starts_with(|c: char| c == '>' || c.is_whitespace()))
    })
}

/// Makes a document from a web page.
pub(crate) fn read(text: &str, budget: &Budget) -> Result<Document> {
    let _held = page_builder::check_text(text, budget)?;
    let (title, blocks) = blocks(text, budget)?;
    Ok(Document {
        format: Format::Html,
        title,
        pages: vec![page_builder::build_page(1, blocks, budget)],
        page_count: 1,
    })
}

/// The name of the encoding that a web page declares.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..ENCODING_SEARCH_BYTES).unwrap_or(bytes)).to_ascii_lowercase();
    let (_, value) = head.split_once("charset=")?;
    let value = value.trim_start_matches(['"', '\'']);
    value.split(|c: char| c == '"' || c == '\'' || c == '>' || c == ';' || c.is_whitespace()).next().map(str::to_owned)
}

/// The steps of work of a tag: its attributes are compared with each other, and its end is searched for among the open
/// elements.
const TAG_STEPS: usize = 20;

/// The steps of work of a reference to a character, which is searched for letter by letter.
const REFERENCE_STEPS: usize = 24;

/// The steps of work of a null byte. The tokenizer reports it as an error, and as a token of its own. A hyphen is one,
/// too, within a comment of a script.
const NULL_STEPS: usize = 4;

/// How many bytes are one step of work of the tokenizer.
const BYTES_PER_STEP: usize = 2;

/// How many attributes of a tag are compared in one step of work.
const COMPARISONS_PER_STEP: usize = 16;

/// How many bytes of their names are compared in one step, where they begin alike: in WebAssembly, one by one.
const COMPARED_BYTES_PER_STEP: usize = 32;

/// The tokenizer gets at most this many bytes at once, so that a long call can pause between them.
const PIECE_BYTES: usize = 16 * 1024;

/// The title of a page and its blocks. Quotes of an earlier mail are marked as in plain text mails, with `>` before
/// each line.
///
/// # Errors
///
/// If the budget is exceeded. The memory is charged by [`page_builder::check_text`].
pub(crate) fn blocks(text: &str, budget: &Budget) -> Result<(Option<String>, Vec<Block>)> {
    budget.work(steps(text))?;
    // Otherwise the tokenizer would discard a byte order mark at the start of every piece.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() });
    feed(&tokenizer, text, budget)?;
    finish(tokenizer).ok_or_else(page_builder::too_many_passages)
}

/// The steps of work to tokenize a part of a page.
fn steps(text: &str) -> usize {
    let count = |mark| text.bytes().filter(|byte| *byte == mark).count();
    let single = count(b'-') + count(b'\0') * NULL_STEPS;
    text.len() / BYTES_PER_STEP + count(b'<') * TAG_STEPS + count(b'&') * REFERENCE_STEPS + single
}

/// The title and the blocks; None if there are too many.
fn finish(tokenizer: Tokenizer<Sink>) -> Option<(Option<String>, Vec<Block>)> {
    tokenizer.end();
    let mut page = tokenizer.sink.text.into_inner();
    page.end_block();
    let title = page_builder::one_line(&page.title);
    let is_complete = !page.has_too_many && page.blocks.len() <= limits::MAX_PASSAGES;
    is_complete.then_some(((!title.is_empty()).then_some(title), page.blocks))
}

/// Feeds a page tag by tag and drops the attributes of a tag beyond [`limits::MAX_TAG_ATTRIBUTES`]: html5ever compares
/// each attribute with all previous ones.
fn feed(tokenizer: &Tokenizer<Sink>, text: &str, budget: &Budget) -> Result<()> {
    let input = BufferQueue::default();
    let feed_piece = |mut piece: &str| {
        while !piece.is_empty() {
            let (first, others) = piece.split_at(piece.floor_char_boundary(PIECE_BYTES));
            input.push_back(StrTendril::from_slice(first));
            // Scripts do not stop this sink, so one call reads everything.
            let _ = tokenizer.feed(&input);
            budget.progress(steps(first));
            piece = others;
        }
    };
    let sink = &tokenizer.sink;
    let mut rest = text;
    while let Some((before, from)) = rest.find('<').and_then(|index| rest.split_at_checked(index)) {
        feed_piece(before);
        let name = from.strip_prefix("</").or_else(|| from.strip_prefix('<')).unwrap_or(from);
        let raw = sink.raw.borrow().clone();
        let is_tag = match &raw {
            Some(raw) => from.starts_with("</") && is_named(name, raw),
            None => name.starts_with(|c: char| c.is_ascii_alphabetic()),
        };
        if is_tag {
            let tag = TagText::new(from);
            budget.work(tag.attributes)?;
            budget.pairs(tag.attributes, tag.attributes, COMPARISONS_PER_STEP)?;
            budget.pairs(tag.attributes, tag.name_bytes, COMPARED_BYTES_PER_STEP)?;
            feed_piece(from.get(..tag.kept_length).unwrap_or(from));
            feed_piece(tag.end);
            rest = from.get(tag.length..).unwrap_or_default();
        } else if raw.is_none()
            && ["<!", "<?", "</"].iter().any(|start| from.starts_with(start))
            && !from.starts_with("</>")
        {
            // A comment or declaration; it ends at the first or a later ">".
            let comments_before = sink.comments.get();
            rest = from;
            while comments_before == sink.comments.get() && !rest.is_empty() {
                let (piece, after) =
                    rest.split_at_checked(rest.find('>').map_or(rest.len(), |index| index + 1)).unwrap_or((rest, ""));
                feed_piece(piece);
                rest = after;
            }
        } else {
            feed_piece("<");
            rest = from.strip_prefix('<').unwrap_or_default();
        }
    }
    feed_piece(rest);
    Ok(())
}

/// Whether a tag begins with this name.
fn is_named(tag: &str, name: &str) -> bool {
    tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && tag.get(name.len()..).is_some_and(|after| after.starts_with([' ', '\t', '\n', '\r', '\x0c', '/', '>']))
}

/// The extent of a tag and of the part that is kept.
struct TagText {
    length: usize,
    /// The length up to the first attribute beyond the limit.
    kept_length: usize,
    /// The end of the tag that replaces the dropped attributes.
    end: &'static str,
    /// The number of attributes that are kept.
    attributes: usize,
    /// The bytes of the names of all attributes.
    name_bytes: usize,
}

impl TagText {
    /// Scans the tag at the start of `text` as the HTML standard defines it.
    fn new(text: &str) -> Self {
        enum State {
            Name,
            BeforeAttribute,
            Attribute,
            AfterAttribute,
            BeforeValue,
            Value,
            Quoted(u8),
            AfterQuoted,
            Slash,
        }
        let mut state = State::Name;
        let mut attributes = 0;
        let mut name_bytes = 0;
        let mut kept_length = None;
        for (index, byte) in text.bytes().enumerate() {
            let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
            state = match (state, byte) {
                (State::Quoted(quote), _) if byte == quote => State::AfterQuoted,
                (State::Quoted(quote), _) => State::Quoted(quote),
                (state, b'>') => {
                    let length = index + 1;
                    let attributes = attributes.min(limits::MAX_TAG_ATTRIBUTES);
                    return match kept_length {
                        Some(kept_length) => {
                            let end = if matches!(state, State::Slash) { " />" } else { " >" };
                            Self { length, kept_length, end, attributes, name_bytes }
                        }
                        None => Self { length, kept_length: length, end: "", attributes, name_bytes },
                    };
                }
                (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
                (State::BeforeValue, _) if is_space => State::BeforeValue,
                (State::BeforeValue | State::Value, _) => {
                    if is_space {
                        State::BeforeAttribute
                    } else {
                        State::Value
                    }
                }
                (_, b'/') => State::Slash,
                (State::Attribute | State::AfterAttribute, b'=') => State::BeforeValue,
                (State::Attribute | State::AfterAttribute, _) if is_space => State::AfterAttribute,
                (_, _) if is_space => State::BeforeAttribute,
                (State::Name, _) => State::Name,
                (State::Attribute, _) => {
                    name_bytes += 1;
                    State::Attribute
                }
                _ => {
                    attributes += 1;
                    if attributes > limits::MAX_TAG_ATTRIBUTES {
                        kept_length = kept_length.or(Some(index));
                    }
                    State::Attribute
                }
            };
        }
        let attributes = attributes.min(limits::MAX_TAG_ATTRIBUTES);
        let kept_length = kept_length.unwrap_or(text.len());
        Self { length: text.len(), kept_length, end: "", attributes, name_bytes }
    }
}

#[derive(Default)]
struct Sink {
    text: RefCell<Text>,
    /// The name of the open element whose content is not markup.
    raw: RefCell<Option<String>>,
    /// The number of comments and declarations so far.
    comments: Cell<usize>,
}

/// The effect of an open element on its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagAction {
    None,
    Hidden,
    Title,
    /// The heading of the whole page.
    Headline,
    Heading,
    Row,
    Preformatted,
    Quote,
    /// A list, numbered or not.
    List {
        ordered: bool,
    },
    Item,
}

/// A table row with more text than this is layout rather than data, in bytes.
const MAX_ROW_BYTES: usize = 400;

#[derive(Default)]
struct Text {
    blocks: Vec<Block>,
    current: String,
    title: String,
    /// Open elements, outermost first, at most [`limits::MAX_MARKUP_DEPTH`]. Comparing such names takes the same time,
    /// however long they are.
    open: Vec<(LocalName, TagAction)>,
    // The number of open elements with each action.
    hidden: usize,
    titles: usize,
    headlines: usize,
    headings: usize,
    rows: usize,
    preformatted: usize,
    quotes: usize,
    lists: usize,
    items: usize,
    /// What is known about pieces of `current`. Their memory is that of their tags, and of the text of those.
    marks: Vec<Mark>,
    /// The open link and where it begins in `current`.
    link: Option<(usize, Arc<str>)>,
    /// Whether the next block begins an item of a list.
    begins_item: bool,
    /// The cells of the row so far that are headers, and the others.
    header_cells: usize,
    data_cells: usize,
    has_headline: bool,
    /// Whether there were more than [`limits::MAX_PASSAGES`] blocks; then some are missing.
    has_too_many: bool,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut text = self.text.borrow_mut();
        match token {
            Token::CharacterTokens(characters) => text.characters(&characters),
            Token::TagToken(tag) => {
                let raw = raw_kind(&tag);
                match tag.kind {
                    TagKind::StartTag => text.start(&tag),
                    TagKind::EndTag => text.end(&tag.name),
                }
                *self.raw.borrow_mut() = raw.map(|_| tag.name.to_string());
                if let Some(kind) = raw {
                    return TokenSinkResult::RawData(kind);
                }
            }
            Token::CommentToken(_) | Token::DoctypeToken(_) => self.comments.set(self.comments.get() + 1),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// The tokenizer state for elements whose content is not markup.
fn raw_kind(tag: &Tag) -> Option<RawKind> {
    if tag.kind == TagKind::EndTag || tag.self_closing {
        return None;
    }
    match &*tag.name {
        "script" => Some(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}

impl Text {
    fn characters(&mut self, characters: &str) {
        if self.titles > 0 {
            self.title.push_str(characters);
        } else if self.hidden == 0 {
            if self.preformatted > 0 {
                self.current.push_str(characters);
            } else {
                // Line breaks in the source are spaces; visible line breaks are elements.
                self.current.extend(characters.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
            }
        }
    }

    fn start(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        match name {
            "br" => return self.current.push('\n'),
            "hr" => return self.break_line(name),
            "img" | "input" | "meta" | "link" | "base" | "col" | "area" | "embed" | "source" | "track" | "wbr"
            | "param" => {
                return;
            }
            "td" | "th" if self.rows > 0 => {
                self.current.push('\t');
                *(if name == "th" { &mut self.header_cells } else { &mut self.data_cells }) += 1;
            }
            _ if is_block(name) => self.break_line(name),
            _ => {}
        }
        if tag.self_closing || self.open.len() >= limits::MAX_MARKUP_DEPTH {
            return;
        }
        // A row, a cell or an item that was never closed ends where its sibling begins, if it is the innermost open element.
        if matches!(name, "tr" | "td" | "th" | "li" | "option" | "dt" | "dd" | "p")
            && self.open.last().is_some_and(|(last, _)| *last == tag.name)
        {
            self.close_last();
        }
        let action = tag_action(tag);
        if let Some(count) = self.count(action) {
            *count += 1;
        }
        self.open.push((tag.name.clone(), action));
        if KEEPS_MARKS {
            self.start_mark(tag, action);
        }
    }

    /// Begins the mark of a link or of an item.
    fn start_mark(&mut self, tag: &Tag, action: TagAction) {
        if &*tag.name == "a" {
            self.end_link();
            let address = tag.attrs.iter().find(|attribute| &*attribute.name.local == "href");
            let url = address.and_then(|address| marks::link_url(&address.value));
            self.link = url.map(|url| (self.current.len(), url));
        } else if action == TagAction::Item {
            self.begins_item = true;
            if self.rows > 0 {
                // Within a row, the block ends later; the item is the paragraph that begins here.
                let start = self.current.len();
                self.marks.push(self.item(start, usize::MAX, false));
            }
        }
    }

    /// The mark of the innermost item.
    fn item(&self, start: usize, end: usize, continues: bool) -> Mark {
        let ordered = self.open.iter().rev().find_map(|(_, action)| match action {
            TagAction::List { ordered } => Some(*ordered),
            _ => None,
        });
        Mark::list_item(start, end, ordered.unwrap_or_default(), self.lists, continues)
    }

    fn end_link(&mut self) {
        if let Some((start, url)) = self.link.take() {
            self.marks.push(Mark::new(start, self.current.len(), MarkKind::Link { url }));
        }
    }

    /// The level of the innermost open heading.
    fn heading_level(&self) -> usize {
        let level = |name: &str| name.strip_prefix('h')?.parse().ok();
        self.open
            .iter()
            .rev()
            .find_map(|(name, action)| match action {
                TagAction::Headline | TagAction::Heading => level(name),
                _ => None,
            })
            .unwrap_or(1)
    }

    /// The marks of the whole block, from `start` to `end` of its text.
    fn block_mark(&mut self, role: Role, start: usize, end: usize) -> Option<Mark> {
        match role {
            Role::Title | Role::Heading => Some(Mark::heading(start, end, self.heading_level())),
            Role::Body if self.items > 0 && self.rows == 0 => {
                let begins = std::mem::take(&mut self.begins_item);
                Some(self.item(start, end, !begins))
            }
            _ => None,
        }
    }

    fn end(&mut self, name: &LocalName) {
        if is_block(name) {
            self.break_line(name);
        }
        if KEEPS_MARKS && &**name == "a" {
            self.end_link();
        }
        // An end tag without a start tag closes nothing.
        let Some(index) = self.open.iter().rposition(|(open, _)| open == name) else {
            return;
        };
        while self.open.len() > index {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        if let Some((_, action)) = self.open.pop()
            && let Some(count) = self.count(action)
        {
            *count = count.saturating_sub(1);
        }
    }

    fn count(&mut self, action: TagAction) -> Option<&mut usize> {
        match action {
            TagAction::None => None,
            TagAction::Hidden => Some(&mut self.hidden),
            TagAction::Title => Some(&mut self.titles),
            TagAction::Headline => Some(&mut self.headlines),
            TagAction::Heading => Some(&mut self.headings),
            TagAction::Row => Some(&mut self.rows),
            TagAction::Preformatted => Some(&mut self.preformatted),
            TagAction::Quote => Some(&mut self.quotes),
            TagAction::List { .. } => Some(&mut self.lists),
            TagAction::Item => Some(&mut self.items),
        }
    }

    /// Ends the block at the start or end of an element; inside a table row it ends only the paragraph, so that the
    /// row stays together.
    fn break_line(&mut self, name: &str) {
        let in_cell = self.rows > 0 && !matches!(name, "tr" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        if in_cell {
            self.current.push_str("\n\n");
        } else {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        // It only matters whether there are none, one or more.
        let cells = self.current.split('\t').filter(|cell| !cell.trim().is_empty()).take(2).count();
        if cells > 0 {
            // A link that goes on in the next block is one only here.
            self.end_link();
        } else if let Some((start, _)) = &mut self.link {
            *start = 0;
        }
        let text = std::mem::take(&mut self.current);
        let mut marks = std::mem::take(&mut self.marks);
        let is_header = std::mem::take(&mut self.data_cells) == 0 && self.header_cells > 0;
        self.header_cells = 0;
        let role = match () {
            () if cells == 0 => return,
            () if self.quotes > 0 => Role::Body,
            () if self.headlines > 0 && !self.has_headline => Role::Title,
            () if self.headlines > 0 || self.headings > 0 => Role::Heading,
            () if self.rows > 0 && cells > 1 && text.len() <= MAX_ROW_BYTES => {
                marks.retain(|mark| matches!(mark.kind, MarkKind::Link { .. }));
                if is_header {
                    marks.push(Mark::new(0, text.len(), MarkKind::HeaderRow));
                }
                // A row is one line.
                let row = Block::new(Role::TableRow, text.replace('\n', " "));
                return self.blocks.push(row.with_marks(marks));
            }
            () => Role::Body,
        };
        self.has_headline |= role == Role::Title;
        let is_quote = self.quotes > 0;
        let parts = text.split('\t').flat_map(|cell| cell.split("\n\n")).filter(|part| !part.trim().is_empty());
        // Preformatted text may have more parts than tags or lines.
        if parts.clone().nth(limits::MAX_PASSAGES.saturating_sub(self.blocks.len())).is_some() {
            self.has_too_many = true;
            return;
        }
        if is_quote {
            self.blocks.extend(parts.map(|part| {
                let lines: String = part.trim().lines().map(|line| format!("> {line}\n")).collect();
                Block::new(role, lines)
            }));
            return;
        }
        let mut cutter = Cutter::new(marks);
        for part in parts {
            let mut block = Block::new(role, part);
            if KEEPS_MARKS {
                let start = part.as_ptr().addr() - text.as_ptr().addr();
                let whole = self.block_mark(role, 0, part.len());
                block = block.with_marks(cutter.piece(start, start + part.len()).into_iter().chain(whole));
            }
            self.blocks.push(block);
        }
    }
}

fn tag_action(tag: &Tag) -> TagAction {
    let name: &str = &tag.name;
    let mut is_quote = false;
    for attribute in &tag.attrs {
        let value = || attribute.value.to_ascii_lowercase();
        match &*attribute.name.local {
            "hidden" => return TagAction::Hidden,
            "style" => {
                let style: String = value().chars().filter(|c| !c.is_whitespace()).collect();
                if ["display:none", "visibility:hidden", "mso-hide:all"].iter().any(|hidden| style.contains(hidden)) {
                    return TagAction::Hidden;
                }
            }
            "type" => is_quote |= name == "blockquote" && value() == "cite",
            "class" => {
                let value = value();
                is_quote |= ["gmail_quote", "yahoo_quoted", "moz-cite"].iter().any(|class| value.contains(class));
            }
            _ => {}
        }
    }
    match name {
        "script" | "style" | "template" | "iframe" | "noembed" | "noframes" | "svg" | "math" | "object" | "audio"
        | "video" | "canvas" => TagAction::Hidden,
        "title" => TagAction::Title,
        "h1" => TagAction::Headline,
        "h2" | "h3" | "h4" | "h5" | "h6" => TagAction::Heading,
        "tr" => TagAction::Row,
        "pre" | "textarea" => TagAction::Preformatted,
        _ if is_quote => TagAction::Quote,
        "ul" | "ol" if KEEPS_MARKS => TagAction::List { ordered: name == "ol" },
        "li" if KEEPS_MARKS => TagAction::Item,
        _ => TagAction::None,
    }
}

/// Elements that begin and end a line.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "aside"
            | "address"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "table"
            | "thead"
            | "tbody"
            | "tfoot"
            | "tr"
            | "caption"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "pre"
            | "blockquote"
            | "form"
            | "fieldset"
            | "legend"
            | "figure"
            | "figcaption"
            | "center"
            | "body"
            | "html"
            | "head"
            | "title"
            | "option"
            | "select"
            | "textarea"
            | "details"
            | "summary"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Document> {
        super::read(text, &Budget::unlimited())
    }

    fn passages(html: &str) -> Vec<(Role, String)> {
        let document = read(html).unwrap();
        let page = &document.pages[0];
        page.passages.iter().map(|passage| (passage.role, passage.span.of(&page.text).to_owned())).collect()
    }

    #[test]
    fn reads_title_blocks_and_table_rows() {
        let html = "<!doctype html><title>A &amp; B</title><style>p{}</style><h1>Head<br>line</h1>
            <p>One <b>t</b>wo<p>three<div hidden>no<div>no</div></div><span style='display: none'>no</span>
            <table><tr><th>Item<th>Price<tr><td><p>Tea</p><td>3</table><h2>More</h2>
            <ul><li>a<li>b</ul><pre>x\n y</pre><script>if (a<b) no()</script>end";
        assert_eq!(read(html).unwrap().title.as_deref(), Some("A & B"));
        let expected = [
            (Role::Title, "Head\nline"),
            (Role::Body, "One two"),
            (Role::Body, "three"),
            (Role::TableRow, "Item\tPrice"),
            (Role::TableRow, "Tea\t3"),
            (Role::Heading, "More"),
            (Role::Body, "a"),
            (Role::Body, "b"),
            (Role::Body, "x\ny"),
            (Role::Body, "end"),
        ];
        assert_eq!(passages(html), expected.map(|(role, text)| (role, text.to_owned())));
    }

    #[test]
    fn uses_the_declared_encoding() {
        let html = b"<html><meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2";
        assert_eq!(declared_encoding(html).as_deref(), Some("windows-1251"));
        let document =
            crate::document::read(html, &crate::document::ReadOptions::default(), &Budget::unlimited()).unwrap();
        assert_eq!(document.pages[0].text, "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}");
    }

    #[test]
    fn limits_attributes_of_a_tag() {
        let attributes = |count| (0..count).map(|number| format!(" a{number}=1")).collect::<String>();
        let max_attributes = limits::MAX_TAG_ATTRIBUTES;
        for (html, expected) in [
            // The last attribute that counts hides the text, the one after it does not.
            (format!("<p>before<p{} hidden>text</p>after", attributes(max_attributes - 1)), "before|after"),
            (format!("<p>before<p{} hidden>text</p>after", attributes(max_attributes)), "before|text|after"),
            // The end of the tag is found, also next to quotes and slashes.
            (format!("<script{} />text", attributes(max_attributes + 1)), "text"),
            (format!("<script{}=/>text</script >after", attributes(max_attributes + 1)), "after"),
            (format!("<p{} b='>' c=\">\" d=>text", attributes(max_attributes + 1)), "text"),
            (format!("<p>text</p{} b='>'>after", attributes(300_000)), "text|after"),
            (format!("<style>a</style{}>text", attributes(300_000)), "text"),
            (format!("<!-- <p{}='> -->text", attributes(max_attributes + 1)), "text"),
            (format!("<script>a <b{}='</script>text", attributes(max_attributes + 1)), "text"),
            (format!("text<p{}", attributes(300_000)), "text"),
            // A long value is not an attribute.
            (
                format!("<p>before<img alt='a > b' src=\"data:image/png;base64,{}\">after", "A/b= ".repeat(50_000)),
                "beforeafter",
            ),
        ] {
            let html = format!("<html>{html}");
            let texts: Vec<_> = passages(&html).into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts.join("|"), expected, "{}", html.chars().take(100).collect::<String>());
        }
    }

    fn blocks_fed_as_a_whole(html: &str) -> (Option<String>, Vec<Block>) {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(html));
        let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
        let _ = tokenizer.feed(&input);
        finish(tokenizer).unwrap()
    }

    proptest! {
        /// Feeding a page in pieces gives the same result as feeding it whole.
        #[test]
        fn feeding_in_pieces_matches_feeding_whole(parts in prop::collection::vec(prop::sample::select(vec![
            "<", ">", "</", "/>", "</>", "<!", "<!--", "-->", "--!>", "<?", "<!doctype html", "<![CDATA[", "]]>", "<p", "<b a", "</p",
            "<script", "</script", "<style>", "</style", "<title>", "</title ", "<td>", "<tr>", "<pre>", "<p hidden>", " ", "=", "\"",
            "'", "/", "a", "text", "&amp;", "&am", "\r\n", "\r", "\u{feff}", "\0", "ä",
        ]), 0..40)) {
            let html = parts.concat();
            prop_assert_eq!(blocks(&html, &Budget::unlimited()).unwrap(), blocks_fed_as_a_whole(&html), "{:?}", html);
        }
    }

    #[test]
    fn limits_passages_of_preformatted_text() {
        for separator in ["\t", "\r\r", "&#10;&#10;"] {
            let html = format!("<html><pre>{}", format!("a{separator}").repeat(limits::MAX_PASSAGES + 1));
            assert_eq!(read(&html).unwrap_err().code(), "DOCUMENT_TOO_LARGE", "{separator:?}");
        }
    }

    #[test]
    fn limits_nesting_depth() {
        let html = format!("<html>{}deep{}<p>after", "<div><b>".repeat(20_000), "</b></div>".repeat(20_000));
        assert_eq!(passages(&html).len(), 2);
    }
}
