//! Web pages. Only html5ever's tokenizer is used: no tree is built, so work stays linear however elements nest, and
//! the text of broken pages is found all the same.

use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use crate::document::assemble::{self, Block};
use crate::document::{Document, Format, Role, encoding};
use crate::error::Result;
use crate::limits;

/// How many bytes of a page are searched for the encoding it declares: as browsers do.
const DECLARATION_WITHIN: usize = 1024;

/// Whether text begins like a web page.
pub(crate) fn looks_like(text: &str) -> bool {
    const FIRST: [&str; 15] = [
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
    FIRST.iter().any(|name| {
        tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && tag.get(name.len()..).is_some_and(|after| after.starts_with(|c: char| c == '>' || c.is_whitespace()))
    })
}

/// Decodes a web page as it says itself.
pub(crate) fn decode(bytes: &[u8]) -> String {
    encoding::decode(bytes, declared_encoding(bytes))
}

/// Makes a document of a web page.
pub(crate) fn read(text: &str) -> Result<Document> {
    assemble::check_text(text)?;
    let (title, blocks) = blocks(text);
    Ok(Document { format: Format::Html, title, pages: vec![assemble::page(1, blocks)], page_count: 1 })
}

fn declared_encoding(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..DECLARATION_WITHIN).unwrap_or(bytes)).to_ascii_lowercase();
    let (_, value) = head.split_once("charset=")?;
    let value = value.trim_start_matches(['"', '\'']);
    let label = value.split(|c: char| c == '"' || c == '\'' || c == '>' || c == ';' || c.is_whitespace()).next()?;
    encoding_rs::Encoding::for_label(label.as_bytes())
}

/// The title of a page and its blocks. What quotes an earlier mail is marked as mail programs mark it in text, with
/// `>` before each line.
pub(crate) fn blocks(text: &str) -> (Option<String>, Vec<Block>) {
    // Every piece would lose a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() });
    feed(&tokenizer, text);
    finish(tokenizer)
}

fn finish(tokenizer: Tokenizer<Sink>) -> (Option<String>, Vec<Block>) {
    tokenizer.end();
    let mut page = tokenizer.sink.text.into_inner();
    page.end_block();
    let title = page.title.split_whitespace().collect::<Vec<_>>().join(" ");
    ((!title.is_empty()).then_some(title), page.blocks)
}

/// Feeds a page tag by tag, without the attributes that a tag has beyond [`limits::MAX_TAG_ATTRIBUTES`]: html5ever
/// compares each with all before.
fn feed(tokenizer: &Tokenizer<Sink>, text: &str) {
    let input = BufferQueue::default();
    let feed = |piece: &str| {
        input.push_back(StrTendril::from_slice(piece));
        // Scripts do not stop this sink, so one call reads everything.
        let _ = tokenizer.feed(&input);
    };
    let sink = &tokenizer.sink;
    let mut rest = text;
    while let Some((before, from)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        feed(before);
        let name = from.strip_prefix("</").or_else(|| from.strip_prefix('<')).unwrap_or(from);
        let raw = sink.raw.borrow().clone();
        let is_tag = match &raw {
            Some(raw) => from.starts_with("</") && is_named(name, raw),
            None => name.starts_with(|c: char| c.is_ascii_alphabetic()),
        };
        if is_tag {
            let tag = TagText::new(from);
            feed(from.get(..tag.kept).unwrap_or(from));
            feed(tag.end);
            rest = from.get(tag.length..).unwrap_or_default();
        } else if raw.is_none()
            && ["<!", "<?", "</"].iter().any(|start| from.starts_with(start))
            && !from.starts_with("</>")
        {
            // A comment or a declaration, which ends at the first or a later ">".
            let before = sink.comments.get();
            rest = from;
            while before == sink.comments.get() && !rest.is_empty() {
                let (piece, after) =
                    rest.split_at_checked(rest.find('>').map_or(rest.len(), |at| at + 1)).unwrap_or((rest, ""));
                feed(piece);
                rest = after;
            }
        } else {
            feed("<");
            rest = from.strip_prefix('<').unwrap_or_default();
        }
    }
    feed(rest);
}

/// Whether a tag begins with this name.
fn is_named(tag: &str, name: &str) -> bool {
    tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && tag.get(name.len()..).is_some_and(|after| after.starts_with([' ', '\t', '\n', '\r', '\x0c', '/', '>']))
}

/// How much of a tag there is, and how much of it is kept.
struct TagText {
    length: usize,
    /// The bytes up to the first attribute that is one too many.
    kept: usize,
    /// What ends the tag instead of the other attributes.
    end: &'static str,
}

impl TagText {
    /// Walks the tag at the start of `text` as the HTML standard has it.
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
        let mut kept = None;
        for (at, byte) in text.bytes().enumerate() {
            let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
            state = match (state, byte) {
                (State::Quoted(quote), _) if byte == quote => State::AfterQuoted,
                (State::Quoted(quote), _) => State::Quoted(quote),
                (state, b'>') => {
                    let length = at + 1;
                    return match kept {
                        Some(kept) => {
                            Self { length, kept, end: if matches!(state, State::Slash) { " />" } else { " >" } }
                        }
                        None => Self { length, kept: length, end: "" },
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
                (State::Attribute, _) => State::Attribute,
                _ => {
                    attributes += 1;
                    if attributes > limits::MAX_TAG_ATTRIBUTES {
                        kept = kept.or(Some(at));
                    }
                    State::Attribute
                }
            };
        }
        Self { length: text.len(), kept: kept.unwrap_or(text.len()), end: "" }
    }
}

#[derive(Default)]
struct Sink {
    text: RefCell<Text>,
    /// The name of the element that is open and whose content is no markup.
    raw: RefCell<Option<String>>,
    /// How many comments and declarations there were.
    comments: Cell<usize>,
}

/// What an open element means for the text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    None,
    Hidden,
    Title,
    /// The heading of the whole page.
    Headline,
    Heading,
    Row,
    Preformatted,
    Quote,
}

/// A row of a table with more text than this is layout and not data, in characters.
const MAX_ROW_CHARS: usize = 400;

#[derive(Default)]
struct Text {
    blocks: Vec<Block>,
    current: String,
    title: String,
    /// Open elements from the outside in, within [`limits::MAX_MARKUP_DEPTH`].
    open: Vec<(String, Meaning)>,
    // How many of the open elements have each meaning.
    hidden: usize,
    titles: usize,
    headlines: usize,
    headings: usize,
    rows: usize,
    preformatted: usize,
    quotes: usize,
    has_headline: bool,
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

/// Elements whose content is no markup.
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
                // Line breaks of the source are spaces; the ones that show are elements.
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
            "td" | "th" if self.rows > 0 => self.current.push('\t'),
            _ if is_block(name) => self.break_line(name),
            _ => {}
        }
        if tag.self_closing || self.open.len() >= limits::MAX_MARKUP_DEPTH {
            return;
        }
        // A row, a cell or an item that was never closed ends where its sibling begins.
        if matches!(name, "tr" | "td" | "th" | "li" | "option" | "dt" | "dd" | "p")
            && self.open.last().is_some_and(|(last, _)| last == name)
        {
            self.close_last();
        }
        let meaning = meaning(tag);
        if let Some(count) = self.count(meaning) {
            *count += 1;
        }
        self.open.push((name.to_owned(), meaning));
    }

    fn end(&mut self, name: &str) {
        if is_block(name) {
            self.break_line(name);
        }
        // An end without a start closes nothing.
        let Some(at) = self.open.iter().rposition(|(open, _)| open == name) else {
            return;
        };
        while self.open.len() > at {
            self.close_last();
        }
    }

    fn close_last(&mut self) {
        if let Some((_, meaning)) = self.open.pop()
            && let Some(count) = self.count(meaning)
        {
            *count = count.saturating_sub(1);
        }
    }

    fn count(&mut self, meaning: Meaning) -> Option<&mut usize> {
        match meaning {
            Meaning::None => None,
            Meaning::Hidden => Some(&mut self.hidden),
            Meaning::Title => Some(&mut self.titles),
            Meaning::Headline => Some(&mut self.headlines),
            Meaning::Heading => Some(&mut self.headings),
            Meaning::Row => Some(&mut self.rows),
            Meaning::Preformatted => Some(&mut self.preformatted),
            Meaning::Quote => Some(&mut self.quotes),
        }
    }

    /// Ends the block at the edge of an element; inside a row of a table only the paragraph, so that the row stays
    /// together.
    fn break_line(&mut self, name: &str) {
        let in_cell = self.rows > 0 && !matches!(name, "tr" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        if in_cell {
            self.current.push_str("\n\n");
        } else {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.current);
        let cells = text.split('\t').filter(|cell| !cell.trim().is_empty()).count();
        let role = match () {
            () if cells == 0 => return,
            () if self.quotes > 0 => Role::Body,
            () if self.headlines > 0 && !self.has_headline => Role::Title,
            () if self.headlines > 0 || self.headings > 0 => Role::Heading,
            () if self.rows > 0 && cells > 1 && text.len() <= MAX_ROW_CHARS => {
                // A row is one line.
                return self.blocks.push(Block::new(Role::TableRow, text.replace('\n', " ")));
            }
            () => Role::Body,
        };
        self.has_headline |= role == Role::Title;
        let quoting = self.quotes > 0;
        let parts = text.split('\t').flat_map(|cell| cell.split("\n\n")).filter(|part| !part.trim().is_empty());
        self.blocks.extend(parts.map(|part| {
            let text =
                if quoting { part.trim().lines().map(|line| format!("> {line}\n")).collect() } else { part.to_owned() };
            Block { role, text }
        }));
    }
}

fn meaning(tag: &Tag) -> Meaning {
    let name: &str = &tag.name;
    let mut quote = false;
    for attribute in &tag.attrs {
        let value = attribute.value.to_ascii_lowercase();
        match &*attribute.name.local {
            "hidden" => return Meaning::Hidden,
            "style" => {
                let style: String = value.chars().filter(|c| !c.is_whitespace()).collect();
                if ["display:none", "visibility:hidden", "mso-hide:all"].iter().any(|hidden| style.contains(hidden)) {
                    return Meaning::Hidden;
                }
            }
            "type" => quote |= name == "blockquote" && value == "cite",
            "class" => quote |= ["gmail_quote", "yahoo_quoted", "moz-cite"].iter().any(|class| value.contains(class)),
            _ => {}
        }
    }
    match name {
        "script" | "style" | "template" | "iframe" | "noembed" | "noframes" | "svg" | "math" | "object" | "audio"
        | "video" | "canvas" => Meaning::Hidden,
        "title" => Meaning::Title,
        "h1" => Meaning::Headline,
        "h2" | "h3" | "h4" | "h5" | "h6" => Meaning::Heading,
        "tr" => Meaning::Row,
        "pre" | "textarea" => Meaning::Preformatted,
        _ if quote => Meaning::Quote,
        _ => Meaning::None,
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

    fn passages(html: &str) -> Vec<(Role, String)> {
        let document = read(html).unwrap();
        let page = &document.pages[0];
        page.passages.iter().map(|passage| (passage.role, passage.span.of(&page.text).to_owned())).collect()
    }

    #[test]
    fn reads() {
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
    fn declared_encodings_count() {
        let html = b"<html><meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2";
        assert_eq!(read(&decode(html)).unwrap().pages[0].text, "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}");
    }

    #[test]
    fn attributes_are_bounded() {
        let attributes = |count| (0..count).map(|number| format!(" a{number}=1")).collect::<String>();
        let most = limits::MAX_TAG_ATTRIBUTES;
        for (html, expected) in [
            // The last attribute that counts hides the text, the one after it does not.
            (format!("<p>before<p{} hidden>text</p>after", attributes(most - 1)), "before|after"),
            (format!("<p>before<p{} hidden>text</p>after", attributes(most)), "before|text|after"),
            // What ends the tag is not lost, nor found where it is not.
            (format!("<script{} />text", attributes(most + 1)), "text"),
            (format!("<script{}=/>text</script >after", attributes(most + 1)), "after"),
            (format!("<p{} b='>' c=\">\" d=>text", attributes(most + 1)), "text"),
            (format!("<p>text</p{} b='>'>after", attributes(300_000)), "text|after"),
            (format!("<style>a</style{}>text", attributes(300_000)), "text"),
            (format!("<!-- <p{}='> -->text", attributes(most + 1)), "text"),
            (format!("<script>a <b{}='</script>text", attributes(most + 1)), "text"),
            (format!("text<p{}", attributes(300_000)), "text"),
            // A long value is no attribute.
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

    fn whole(html: &str) -> (Option<String>, Vec<Block>) {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(html));
        let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
        let _ = tokenizer.feed(&input);
        finish(tokenizer)
    }

    proptest! {
        /// That a page is fed in pieces makes no difference.
        #[test]
        fn pieces_are_fed_as_the_whole(parts in prop::collection::vec(prop::sample::select(vec![
            "<", ">", "</", "/>", "</>", "<!", "<!--", "-->", "--!>", "<?", "<!doctype html", "<![CDATA[", "]]>", "<p", "<b a", "</p",
            "<script", "</script", "<style>", "</style", "<title>", "</title ", "<td>", "<tr>", "<pre>", "<p hidden>", " ", "=", "\"",
            "'", "/", "a", "text", "&amp;", "&am", "\r\n", "\r", "\u{feff}", "\0", "ä",
        ]), 0..40)) {
            let html = parts.concat();
            prop_assert_eq!(blocks(&html), whole(&html), "{:?}", html);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let html = format!("<html>{}deep{}<p>after", "<div><b>".repeat(20_000), "</b></div>".repeat(20_000));
        assert_eq!(passages(&html).len(), 2);
    }
}
