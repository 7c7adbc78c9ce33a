//! Web pages. Only html5ever's tokenizer is used: no tree is built, so work stays linear however elements nest, and
//! the text of broken pages is found all the same.

use std::cell::RefCell;

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
    let input = BufferQueue::default();
    // Tendrils hold at most 4 GiB; a document is bounded far below.
    input.push_back(StrTendril::from_slice(text));
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    // Scripts do not stop this sink, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut page = tokenizer.sink.0.into_inner();
    page.end_block();
    let title = page.title.split_whitespace().collect::<Vec<_>>().join(" ");
    ((!title.is_empty()).then_some(title), page.blocks)
}

#[derive(Default)]
struct Sink(RefCell<Text>);

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
        let mut text = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(characters) => text.characters(&characters),
            Token::TagToken(tag) => {
                let raw = raw_kind(&tag);
                match tag.kind {
                    TagKind::StartTag => text.start(&tag),
                    TagKind::EndTag => text.end(&tag.name),
                }
                if let Some(kind) = raw {
                    return TokenSinkResult::RawData(kind);
                }
            }
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
    fn nesting_is_bounded() {
        let html = format!("<html>{}deep{}<p>after", "<div><b>".repeat(20_000), "</b></div>".repeat(20_000));
        assert_eq!(passages(&html).len(), 2);
    }
}
