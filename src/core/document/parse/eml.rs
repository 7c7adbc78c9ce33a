//! Mails: subject, who and when, and the text; and their attachments, as they are.

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};

use super::{html, mail_body, plain};
use crate::document::assemble::{self, Block};
use crate::document::attachments::Gathered;
use crate::document::{Attachment, Document, Format, Mail, Role};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// A text part with fewer letters than this says no more than "open this mail elsewhere".
const MIN_TEXT_LETTERS: usize = 20;

/// Encodings that every build reads.
const LIGHT_CHARSETS: [&[u8]; 8] =
    [b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin1", b"iso-8859-15", b"windows-1252"];

/// Whether no part of a mail names an encoding that takes a table to be read. Names are looked for wherever they may stand,
/// also in text, so the answer may be no where it could be yes.
pub(crate) fn is_light(bytes: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let known = |rest: &[u8]| {
        let name = rest.iter().position(|byte| !is_name(byte)).map_or(rest, |end| rest.get(..end).unwrap_or_default());
        name.is_empty() || LIGHT_CHARSETS.iter().any(|light| light.eq_ignore_ascii_case(name))
    };
    let after = |at: usize| bytes.get(at..).unwrap_or_default();
    let starts =
        |at: usize, word: &[u8]| bytes.get(at..at + word.len()).is_some_and(|there| there.eq_ignore_ascii_case(word));
    (0..bytes.len()).filter(|at| matches!(bytes.get(*at), Some(b'=' | b'*' | b'c' | b'C'))).all(|at| {
        if starts(at, b"=?") || starts(at, b"*=") {
            return known(after(at + 2));
        }
        if !starts(at, b"charset") {
            return true;
        }
        // `charset=x`, `charset = "x"` and `charset*0*=x`.
        let rest = after(at + 7).trim_ascii_start();
        let rest = rest.iter().position(|byte| !b"*0123456789 ".contains(byte)).and_then(|end| rest.get(end..));
        let rest = rest.and_then(|rest| rest.strip_prefix(b"=")).unwrap_or_default().trim_ascii_start();
        known(rest.strip_prefix(b"\"").unwrap_or(rest))
    })
}

/// Makes a document of a mail.
pub(crate) fn read(bytes: &[u8]) -> Result<Document> {
    let message = parse(bytes)?;
    let title = message.subject().map(|subject| subject.split_whitespace().collect::<Vec<_>>().join(" "));
    let title = title.filter(|title| !title.is_empty());

    let mut blocks: Vec<_> = title.iter().map(|title| Block::new(Role::Title, title.as_str())).collect();
    let fields = [
        ("From", message.from().map(people)),
        ("To", message.to().map(people)),
        ("Date", message.date().map(mail_parser::DateTime::to_rfc822)),
    ];
    let fields: Vec<_> = fields
        .into_iter()
        .filter_map(|(name, value)| value.filter(|value| !value.is_empty()).map(|value| format!("{name}: {value}")))
        .collect();
    blocks.push(Block::new(Role::Header, fields.join("\n")));
    blocks.extend(mail_body::roles(body(&message)?));
    Ok(Document { format: Format::Eml, title, pages: vec![assemble::page(1, blocks)], page_count: 1 })
}

/// Makes a document of a mail that came as subject and body.
pub(crate) fn parts(mail: &Mail) -> Result<Document> {
    let title = mail.subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = Some(title).filter(|title| !title.is_empty());
    assemble::check_text(&mail.body)?;
    let body = if is_markup(&mail.body) { html::blocks(&mail.body).1 } else { plain::blocks(&mail.body) };
    if body.len() > limits::MAX_PASSAGES {
        return Err(assemble::too_many_passages());
    }
    let mut blocks: Vec<_> = title.iter().map(|title| Block::new(Role::Title, title.as_str())).collect();
    blocks.extend(mail_body::roles(body));
    Ok(Document { format: Format::Eml, title, pages: vec![assemble::page(1, blocks)], page_count: 1 })
}

/// Whether a body is HTML, which nobody says of a body without a header: it has a tag that mail programs write.
fn is_markup(body: &str) -> bool {
    const TAGS: [&str; 12] =
        ["html", "body", "div", "p", "br", "span", "table", "td", "ul", "li", "blockquote", "!doctype"];
    body.split('<').skip(1).any(|rest| {
        let name = rest.strip_prefix('/').unwrap_or(rest);
        rest.contains('>')
            && TAGS.iter().any(|tag| {
                name.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
                    && name.get(tag.len()..).is_some_and(|rest| rest.starts_with(['>', ' ', '/', '\t', '\r', '\n']))
            })
    })
}

fn parse(bytes: &[u8]) -> Result<Message<'_>> {
    // A mailbox line is not part of the mail.
    let bytes = match bytes.strip_prefix(b"From ") {
        Some(_) => {
            bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.get(end + 1..)).unwrap_or_default()
        }
        None => bytes,
    };
    check(bytes)?;
    MessageParser::default().parse(bytes).ok_or_else(|| Error::unreadable(Unreadable::Broken, "The mail is damaged"))
}

/// The attachments, and what is shown within the text but has the name of a file.
pub(crate) fn attachments(bytes: &[u8]) -> Result<Vec<Attachment>> {
    let message = parse(bytes)?;
    let mut gathered = Gathered::default();
    for (at, part) in (0..).zip(&message.parts) {
        let name = part.attachment_name().filter(|name| !name.is_empty());
        let bytes = match &part.body {
            PartType::Multipart(_) => continue,
            PartType::Message(mail) => mail.raw_message(),
            _ if name.is_some() || message.attachments.contains(&at) => part.contents(),
            _ => continue,
        };
        let media_type = part.content_type().map(|kind| match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_lowercase(),
            None => kind.ctype().to_lowercase(),
        });
        gathered.add(name.map(str::to_owned), media_type, bytes)?;
    }
    Ok(gathered.into_found())
}

/// Fails when the mail may become more fields, addresses or parts than are read.
fn check(bytes: &[u8]) -> Result<()> {
    let (mut lines, mut commas, mut parts, mut mails) = (0, 0, 0, 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        lines += 1;
        commas += line.iter().filter(|byte| **byte == b',').count();
        mails += mails_named(line);
        let names_type = line.get(..13).is_some_and(|name| name.eq_ignore_ascii_case(b"content-type:"));
        parts += usize::from(names_type || line.starts_with(b"--"));
    }
    let (bound, what) = match () {
        () if lines > limits::MAX_MAIL_LINES => (limits::MAX_MAIL_LINES, "lines"),
        () if commas > limits::MAX_MAIL_LINES => (limits::MAX_MAIL_LINES, "commas"),
        () if parts > limits::MAX_MAIL_PARTS => (limits::MAX_MAIL_PARTS, "parts"),
        () if mails > limits::MAX_MAILS_IN_MAIL => (limits::MAX_MAILS_IN_MAIL, "mails in it"),
        () => return Ok(()),
    };
    Err(Error::unreadable(Unreadable::TooLarge, format!("The mail has more than {bound} {what}")))
}

/// How often a line names a type of part that holds a mail: `message/rfc822` and its kin, `multipart/digest`.
fn mails_named(line: &[u8]) -> usize {
    let slashes = line.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let split = slashes.filter_map(|(at, _)| line.split_at_checked(at));
    let is = |text: Option<&[u8]>, name: &[u8]| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
    split
        .filter(|(before, after)| {
            is(before.get(before.len().saturating_sub(7)..), b"message") || is(after.get(1..7), b"digest")
        })
        .count()
}

/// The text as blocks: from the text parts, or from the HTML parts where the text says nothing.
fn body(message: &Message<'_>) -> Result<Vec<Block>> {
    let parts = |html_wanted: bool| {
        let chosen = if html_wanted { &message.html_body } else { &message.text_body };
        let mut blocks = Vec::new();
        for part in chosen.iter().filter_map(|id| message.part(*id)) {
            match &part.body {
                PartType::Html(page) => {
                    assemble::check_text(page)?;
                    blocks.extend(html::blocks(page).1);
                }
                PartType::Text(text) => {
                    assemble::check_text(text)?;
                    blocks.extend(plain::blocks(text));
                }
                _ => {}
            }
            if blocks.len() > limits::MAX_PASSAGES {
                return Err(assemble::too_many_passages());
            }
        }
        Ok(blocks)
    };
    let text = parts(false)?;
    let letters = text.iter().flat_map(|block| block.text.chars()).filter(|c| c.is_alphanumeric()).count();
    if letters >= MIN_TEXT_LETTERS {
        return Ok(text);
    }
    let html = parts(true)?;
    Ok(if html.is_empty() { text } else { html })
}

fn people(address: &Address<'_>) -> String {
    let people: Vec<_> = address
        .iter()
        .map(|person| match (person.name(), person.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => String::new(),
        })
        .filter(|person| !person.is_empty())
        .collect();
    people.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_mails_take_no_tables() {
        for (named, light) in [
            ("Content-Type: text/plain; charset=UTF-8", true),
            ("Content-Type: text/plain; Charset = \"iso-8859-15\"", true),
            ("Subject: =?Windows-1252?q?x?=", true),
            ("The charset of cats", true),
            ("Content-Type: text/plain; charset=iso-2022-jp", false),
            ("Content-Type: text/plain;\r\n\tcharset*0*=big5''x", false),
            ("Subject: =?GB2312?B?xOO6ww==?=", false),
            ("Content-Disposition: attachment; filename*=shift_jis'ja'x", false),
            ("Content-Type: text/plain; charset=koi8-r", false),
        ] {
            assert_eq!(is_light(named.as_bytes()), light, "{named}");
        }
    }

    #[test]
    fn parts_are_bounded() {
        let head = "From: a\r\nTo: b\r\n";
        for (part, bound, message) in [
            ("Content-Type: Message/rfc822\r\n\r\n", limits::MAX_MAILS_IN_MAIL, "more than 100 mails in it"),
            ("Content-Type: multipart/digest; boundary=x\r\n", limits::MAX_MAILS_IN_MAIL, "more than 100 mails in it"),
            ("--x\r\n", limits::MAX_MAIL_PARTS, "more than 20000 parts"),
            ("a,", limits::MAX_MAIL_LINES, "more than 500000 commas"),
            ("a\r\n", limits::MAX_MAIL_LINES, "more than 500000 lines"),
        ] {
            let error = read(format!("{head}{}", part.repeat(bound + 1)).as_bytes()).unwrap_err();
            assert!(error.message().ends_with(message), "{error}");
        }
    }

    #[test]
    fn a_mail_in_parts_is_read_like_one_in_a_file() {
        let text = |subject: &str, body: &str| {
            let document = parts(&Mail { subject: subject.into(), body: body.into() }).unwrap();
            let page = &document.pages[0];
            let shown = |role| {
                let passages = page.passages.iter().filter(|one| one.role == role);
                passages.map(|one| one.span.of(&page.text)).collect::<Vec<_>>().join("|")
            };
            (document.title, shown(Role::Body), shown(Role::Quote))
        };
        let plain = "Please refund me.\n\nOn Monday Ann wrote:\n> Hello";
        assert_eq!(text(" My  order ", plain).0.as_deref(), Some("My order"));
        assert_eq!(text("", plain).1, "Please refund me.");
        assert!(text("", plain).2.ends_with("Hello"));
        assert_eq!(text("", "<p>Refund <b>me</b></p><blockquote type=cite>old</blockquote>").1, "Refund me");
        let comparison = "if a < b and c > d, <joe@example.org> pays";
        assert_eq!(text("", comparison).1, comparison);
    }

    #[test]
    fn text_is_preferred_and_html_is_read() {
        let head = "From: =?utf-8?q?J=C3=B6rg?= <j@b.c>\r\nTo: a@b.c, d@e.f\r\nSubject: An  invoice\r\nMIME-Version: 1.0\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n";
        let both = "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nPlease find the invoice.\r\n\r\n> old\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--x--\r\n";
        let html = "Content-Type: text/html\r\n\r\n<p>Pay <b>now</b></p><blockquote type=cite>old</blockquote>";
        let top = "An invoice\n\nFrom: Jörg <j@b.c>\nTo: a@b.c, d@e.f\nDate: Sat, 21 Nov 2026 10:00:00 +0100";
        for (rest, expected) in [(both, "Please find the invoice.\n\nold"), (html, "Pay now\n\nold")] {
            let document = read(format!("{head}{rest}").as_bytes()).unwrap();
            let page = &document.pages[0];
            assert_eq!(page.text, format!("{top}\n\n{expected}"));
            assert_eq!(page.passages[0].role, Role::Title);
            assert_eq!(page.passages[1].role, Role::Header);
            assert_eq!(page.passages[1].span.of(&page.text).lines().count(), 3);
            assert_eq!(document.text_without_headers(), format!("An invoice\n\n{expected}"));
            assert_eq!(page.passages.last().unwrap().role, Role::Quote);
        }
    }
}
