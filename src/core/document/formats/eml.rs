//! Mails: subject, sender, recipients, date and text; and their attachments, unparsed.

use std::collections::BTreeSet;

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};
use memchr::memmem;

use super::{html, mail_body, plain};
use crate::budget::{Budget, Exceeded, Held};
use crate::document::attached_file::AttachmentCollector;
use crate::document::page_builder::{self, Block};
use crate::document::{AttachedFile, Document, Format, Mail, Role};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// The maximum number of bytes of the header of a mail that are inspected.
const MAIL_HEAD_BYTES: usize = 64 * 1024;

/// A text part with fewer letters than this is only a notice such as "open this mail elsewhere".
const MIN_TEXT_LETTERS: usize = 20;

/// Encodings that every build can decode.
#[cfg(any(test, not(feature = "charsets")))]
const COMMON_ENCODINGS: [&[u8]; 8] =
    [b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin1", b"iso-8859-15", b"windows-1252"];

/// Whether no part of a mail names an encoding that this build cannot decode. Names are searched for everywhere, also
/// in the text, so the result may be false for a mail that can be decoded.
#[cfg(any(test, not(feature = "charsets")))]
fn uses_common_encodings(bytes: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let is_common = |rest: &[u8]| {
        let name = rest.iter().position(|byte| !is_name(byte)).map_or(rest, |end| rest.get(..end).unwrap_or_default());
        name.is_empty() || COMMON_ENCODINGS.iter().any(|encoding| encoding.eq_ignore_ascii_case(name))
    };
    let after = |index: usize| bytes.get(index..).unwrap_or_default();
    let has_word_at = |index: usize, word: &[u8]| {
        bytes.get(index..index + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    (0..bytes.len()).filter(|index| matches!(bytes.get(*index), Some(b'=' | b'*' | b'c' | b'C'))).all(|index| {
        if has_word_at(index, b"=?") || has_word_at(index, b"*=") {
            return is_common(after(index + 2));
        }
        if !has_word_at(index, b"charset") {
            return true;
        }
        // `charset=x`, `charset = "x"` and `charset*0*=x`.
        let rest = after(index + 7).trim_ascii_start();
        let rest = rest.iter().position(|byte| !b"*0123456789 ".contains(byte)).and_then(|end| rest.get(end..));
        let rest = rest.and_then(|rest| rest.strip_prefix(b"=")).unwrap_or_default().trim_ascii_start();
        is_common(rest.strip_prefix(b"\"").unwrap_or(rest))
    })
}

/// Whether bytes begin with header fields of a mail: at least two known ones, one of which only mails have.
pub(crate) fn is_mail(bytes: &[u8]) -> bool {
    const ONLY_MAIL: [&str; 7] =
        ["received", "return-path", "message-id", "mime-version", "delivered-to", "from", "x-mailer"];
    const KNOWN: [&str; 8] =
        ["subject", "to", "cc", "date", "reply-to", "content-type", "sender", "content-transfer-encoding"];
    let head = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = head.get(..MAIL_HEAD_BYTES).unwrap_or(head);
    let (mut only_mail, mut known) = (false, 0);
    for (line_index, line) in head.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None if line_index == 0 => continue,
            None => break,
            Some(b' ' | b'\t') if line_index > 0 => continue,
            _ => {}
        }
        // The line that separates messages in a mailbox file.
        if line_index == 0 && line.starts_with(b"From ") {
            continue;
        }
        let Some(name) = line.split(|byte| *byte == b':').next().filter(|name| name.len() < line.len()) else {
            return false;
        };
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_graphic()) {
            return false;
        }
        let is_field = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        let is_only_mail = ONLY_MAIL.iter().any(&is_field);
        only_mail |= is_only_mail;
        known += usize::from(is_only_mail || KNOWN.iter().any(is_field));
    }
    only_mail && known >= 2
}

/// Reads a mail file.
pub(crate) fn read(bytes: &[u8], budget: &Budget) -> Result<Document> {
    let (message, _held) = parse(bytes, budget)?;
    let fields = [
        ("From", message.from().map(format_addresses)),
        ("To", message.to().map(format_addresses)),
        ("Date", message.date().map(mail_parser::DateTime::to_rfc822)),
    ];
    let fields: Vec<_> = fields
        .into_iter()
        .filter_map(|(name, value)| value.filter(|value| !value.is_empty()).map(|value| format!("{name}: {value}")))
        .collect();
    let header = Block::new(Role::Header, fields.join("\n"));
    let (body, _held) = body(&message, budget)?;
    document(message.subject().unwrap_or_default(), Some(header), body, budget)
}

/// Makes a document from a mail given as subject and body.
pub(crate) fn read_mail(mail: &Mail, budget: &Budget) -> Result<Document> {
    let _held = page_builder::check_text(&mail.body, budget)?;
    let body =
        if is_markup(&mail.body) { html::blocks(&mail.body, budget)?.1 } else { plain::blocks(&mail.body, budget) };
    if body.len() > limits::MAX_PASSAGES {
        return Err(page_builder::too_many_passages());
    }
    document(&mail.subject, None, body, budget)
}

/// The document of a mail. The subject, if it is not empty, is the title.
fn document(subject: &str, header: Option<Block>, body: Vec<Block>, budget: &Budget) -> Result<Document> {
    mail_body::charge_roles(&body, budget)?;
    let title = Some(page_builder::one_line(subject)).filter(|title| !title.is_empty());
    let mut blocks: Vec<_> = title.iter().map(|title| Block::new(Role::Title, title.as_str())).collect();
    blocks.extend(header);
    blocks.extend(mail_body::roles(body, budget));
    Ok(Document { format: Format::Eml, title, pages: vec![page_builder::build_page(1, blocks, budget)], page_count: 1 })
}

/// Whether a body is HTML: it contains a tag that mail programs write. Without a header no media type is declared.
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

/// Parses a mail that does not exceed the limits, with the memory that is charged for it.
fn parse<'a, 'b>(bytes: &'a [u8], budget: &'b Budget) -> Result<(Message<'a>, Held<'b>)> {
    // The "From " line of the mbox format is not part of the mail.
    let bytes = match bytes.strip_prefix(b"From ") {
        Some(_) => {
            bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.get(end + 1..)).unwrap_or_default()
        }
        None => bytes,
    };
    let held = check(bytes, budget)?;
    #[cfg(not(feature = "charsets"))]
    if !uses_common_encodings(bytes) {
        return Err(Error::not_included("the encoding of this mail", "charsets"));
    }
    let message = MessageParser::default().parse(bytes);
    message.map(|message| (message, held)).ok_or_else(|| Error::unreadable(Unreadable::Damaged, "The mail is damaged"))
}

/// The attachments, including inline parts that have a file name.
pub(crate) fn attachments(bytes: &[u8], budget: &Budget) -> Result<Vec<AttachedFile>> {
    let (message, held) = parse(bytes, budget)?;
    let listed: BTreeSet<u32> = message.attachments.iter().copied().collect();
    let mut collector = AttachmentCollector::new();
    for (index, part) in (0..).zip(message.parts) {
        let name = part.attachment_name().filter(|name| !name.is_empty()).map(str::to_owned);
        let media_type = part.content_type().map(|kind| match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_lowercase(),
            None => kind.ctype().to_lowercase(),
        });
        let is_attachment = name.is_some() || listed.contains(&index);
        // What was decoded is moved, and was charged as a part of the mail.
        let bytes = match part.body {
            PartType::Multipart(_) => continue,
            PartType::Message(mail) => mail.raw_message().to_vec(),
            _ if !is_attachment => continue,
            PartType::Text(text) | PartType::Html(text) => text.into_owned().into_bytes(),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.into_owned(),
        };
        collector.add(name, media_type, bytes, budget.hold(0)?)?;
    }
    drop(held);
    Ok(collector.into_files())
}

/// The memory of a header field, of an address or of a parameter, and of a part.
const FIELD_MEMORY: usize = 100;
const PART_MEMORY: usize = 1_024;

/// The work of mail-parser: how many bytes it parses in a step, and how many it searches for the boundary of a multipart.
const PARSED_BYTES_PER_STEP: usize = 8;
const SEARCHED_BYTES_PER_STEP: usize = 32;

/// How many bytes of a parameter or of a boundary are compared in one step: in WebAssembly, one by one.
const COMPARED_BYTES_PER_STEP: usize = 32;

/// Lines without an empty one between them, which may be the fields of a part.
#[derive(Default)]
struct FieldBlock {
    is_base_64: bool,
    types: usize,
    has_binary_type: bool,
}

impl FieldBlock {
    fn add(&mut self, line: &[u8]) {
        const BINARY_TYPES: [&[u8]; 6] = [b"application/", b"image/", b"audio/", b"video/", b"font/", b"model/"];
        let begins =
            |text: &[u8], start: &[u8]| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start));
        let line = line.trim_ascii_start();
        if begins(line, b"content-transfer-encoding") {
            self.is_base_64 = true;
        } else if begins(line, b"content-type") {
            self.types += 1;
            let value = line.get(b"content-type:".len()..).unwrap_or_default().trim_ascii_start();
            self.has_binary_type = BINARY_TYPES.iter().any(|kind| begins(value, kind));
        }
    }

    /// Whether the part is certainly not a text.
    fn is_binary(&self) -> bool {
        self.types == 1 && self.has_binary_type
    }
}

/// The header fields of a mail and of its parts: what follows the start, a line that may be a boundary, or the header of
/// a part that is a mail, up to an empty line.
struct Headers {
    is_open: bool,
    /// Whether the open header is of a part that is a mail, whose own header follows.
    precedes_header: bool,
    bytes: usize,
}

impl Headers {
    const fn new() -> Self {
        Self { is_open: true, precedes_header: false, bytes: 0 }
    }

    fn add(&mut self, line: &[u8], nested_messages: usize) {
        if line.trim_ascii().is_empty() {
            self.is_open = std::mem::take(&mut self.precedes_header);
        } else if line.starts_with(b"--") {
            self.is_open = true;
        } else if self.is_open {
            self.precedes_header |= nested_messages > 0;
            self.bytes += line.len();
        }
    }
}

/// Counts of what makes parsing a mail expensive.
#[derive(Default)]
struct Counts {
    lines: usize,
    commas: usize,
    parts: usize,
    messages: usize,
    header_bytes: usize,
    /// Lines that may be header fields, and words that are encoded.
    fields: usize,
    /// The bytes of texts that grow when they are decoded: each byte that is not ASCII, and base 64.
    non_ascii: usize,
    base_64: usize,
    /// The length of the longest field with parameters, and the number of places that may be boundaries.
    longest_field: usize,
    dashes: usize,
}

impl Counts {
    /// Charges what a field costs: its parameters are compared with each other, and the boundary of a multipart is searched
    /// for in the rest of the mail.
    fn new(bytes: &[u8], budget: &Budget) -> Result<Self, Exceeded> {
        let mut counts = Self::default();
        // The number of parameters and the length of the open field, if it is one with parameters.
        let mut field: Option<(usize, usize)> = None;
        let mut rest = bytes.len();
        let mut block = FieldBlock::default();
        let mut headers = Headers::new();
        let mut is_base_64_text = false;
        for line in bytes.split(|byte| *byte == b'\n') {
            rest = rest.saturating_sub(line.len() + 1);
            counts.lines += 1;
            counts.non_ascii += line.iter().filter(|byte| !byte.is_ascii()).count();
            if line.trim_ascii().is_empty() {
                let block = std::mem::take(&mut block);
                is_base_64_text = if block.is_base_64 { !block.is_binary() } else { is_base_64_text };
            } else {
                block.add(line);
            }
            // Two dashes end base 64, or it is none.
            is_base_64_text &= !line.starts_with(b"--");
            counts.base_64 += if is_base_64_text { line.len() } else { 0 };
            counts.commas += line.iter().filter(|byte| **byte == b',').count();
            let messages = count_nested_messages(line);
            counts.messages += messages;
            headers.add(line, messages);
            counts.dashes += line.windows(2).filter(|pair| *pair == b"--").count();
            counts.fields += usize::from(line.contains(&b':')) + memmem::find_iter(line, b"=?").count();
            let has_content_type = line.get(..13).is_some_and(|name| name.eq_ignore_ascii_case(b"content-type:"));
            counts.parts += usize::from(has_content_type || line.starts_with(b"--"));
            let begins = line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"));
            if begins || !line.starts_with(b" ") && !line.starts_with(b"\t") {
                counts.close(field.take(), budget)?;
                field = begins.then_some((0, 0));
            }
            if let Some((parameters, length)) = &mut field {
                *parameters += line.iter().filter(|byte| matches!(byte, b';' | b'\'')).count();
                *length += line.len();
                let is_multipart = line.windows(9).any(|word| word.eq_ignore_ascii_case(b"multipart"));
                if is_multipart {
                    budget.work(rest / SEARCHED_BYTES_PER_STEP)?;
                }
            }
        }
        counts.close(field, budget)?;
        counts.header_bytes = headers.bytes;
        Ok(counts)
    }

    fn close(&mut self, field: Option<(usize, usize)>, budget: &Budget) -> Result<(), Exceeded> {
        let Some((parameters, length)) = field else { return Ok(()) };
        self.longest_field = self.longest_field.max(length);
        budget.pairs(parameters, parameters + length / COMPARED_BYTES_PER_STEP, 1)
    }
}

/// Fails if the mail may exceed the limits for header fields, addresses or parts. Charges the work of parsing it, and the
/// memory.
fn check<'b>(bytes: &[u8], budget: &'b Budget) -> Result<Held<'b>> {
    budget.work(bytes.len() / PARSED_BYTES_PER_STEP)?;
    let counts = Counts::new(bytes, budget)?;
    let (limit, items) = match () {
        () if counts.lines > limits::MAX_MAIL_LINES => (limits::MAX_MAIL_LINES, "lines"),
        () if counts.commas > limits::MAX_MAIL_LINES => (limits::MAX_MAIL_LINES, "commas"),
        () if counts.parts > limits::MAX_MAIL_PARTS => (limits::MAX_MAIL_PARTS, "parts"),
        () if counts.header_bytes > limits::MAX_MAIL_HEADER_BYTES => {
            (limits::MAX_MAIL_HEADER_BYTES, "bytes of header fields")
        }
        () if counts.messages > limits::MAX_NESTED_MESSAGES => (limits::MAX_NESTED_MESSAGES, "nested messages"),
        () => {
            budget.pairs(counts.dashes, counts.longest_field, COMPARED_BYTES_PER_STEP)?;
            // The decoded text is no larger than the mail, but a byte may become three: those of a character, or of the
            // replacement character.
            let growth = 2 * counts.non_ascii + counts.base_64 / 4 * 9;
            return Ok(budget.hold(
                bytes.len() + growth + FIELD_MEMORY * (counts.fields + counts.commas) + PART_MEMORY * counts.parts,
            )?);
        }
    };
    Err(Error::unreadable(Unreadable::TooLarge, format!("The mail has more than {limit} {items}")))
}

/// How often a line names a media type that contains mails: `message/rfc822` and similar, or `multipart/digest`.
fn count_nested_messages(line: &[u8]) -> usize {
    let slashes = line.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let split = slashes.filter_map(|(index, _)| line.split_at_checked(index));
    let is = |text: Option<&[u8]>, name: &[u8]| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
    split
        .filter(|(before, after)| {
            is(before.get(before.len().saturating_sub(7)..), b"message") || is(after.get(1..7), b"digest")
        })
        .count()
}

/// The body as blocks, with their memory: from the text parts, or from the HTML parts if the text parts have too few
/// letters.
fn body<'b>(message: &Message<'_>, budget: &'b Budget) -> Result<(Vec<Block>, Vec<Held<'b>>)> {
    let parts = |use_html: bool| {
        let part_ids = if use_html { &message.html_body } else { &message.text_body };
        let (mut blocks, mut held) = (Vec::new(), Vec::new());
        for part in part_ids.iter().filter_map(|id| message.part(*id)) {
            match &part.body {
                PartType::Html(page) => {
                    held.push(page_builder::check_text(page, budget)?);
                    blocks.extend(html::blocks(page, budget)?.1);
                }
                PartType::Text(text) => {
                    held.push(page_builder::check_text(text, budget)?);
                    blocks.extend(plain::blocks(text, budget));
                }
                _ => {}
            }
            if blocks.len() > limits::MAX_PASSAGES {
                return Err(page_builder::too_many_passages());
            }
        }
        Ok((blocks, held))
    };
    let (text, held) = parts(false)?;
    let letters = text.iter().flat_map(|block| block.text.chars()).filter(|c| c.is_alphanumeric()).count();
    if letters >= MIN_TEXT_LETTERS {
        return Ok((text, held));
    }
    let (html, html_held) = parts(true)?;
    Ok(if html.is_empty() { (text, held) } else { (html, html_held) })
}

fn format_addresses(address: &Address<'_>) -> String {
    let people: Vec<_> = address
        .iter()
        .map(|person| match (person.name(), person.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (Some(text), None) | (None, Some(text)) => text.to_owned(),
            (None, None) => String::new(),
        })
        .filter(|person| !person.is_empty())
        .collect();
    people.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Document> {
        super::read(bytes, &Budget::unlimited())
    }

    #[test]
    fn recognizes_mails_with_common_encodings_only() {
        for (mail, expected) in [
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
            assert_eq!(uses_common_encodings(mail.as_bytes()), expected, "{mail}");
        }
    }

    #[test]
    fn limits_lines_commas_parts_and_nested_mails() {
        let head = "From: a\r\nTo: b\r\n";
        for (part, limit, message) in [
            ("Content-Type: Message/rfc822\r\n\r\n", limits::MAX_NESTED_MESSAGES, "more than 100 nested messages"),
            (
                "Content-Type: multipart/digest; boundary=x\r\n",
                limits::MAX_NESTED_MESSAGES,
                "more than 100 nested messages",
            ),
            ("--x\r\n", limits::MAX_MAIL_PARTS, "more than 20000 parts"),
            ("a,", limits::MAX_MAIL_LINES, "more than 500000 commas"),
            ("a\r\n", limits::MAX_MAIL_LINES, "more than 500000 lines"),
        ] {
            let error = read(format!("{head}{}", part.repeat(limit + 1)).as_bytes()).unwrap_err();
            assert!(error.message().ends_with(message), "{error}");
        }
    }

    #[test]
    fn subject_and_body_are_read_like_a_mail_file() {
        let text = |subject: &str, body: &str| {
            let document =
                read_mail(&Mail { subject: subject.into(), body: body.into() }, &Budget::unlimited()).unwrap();
            let page = &document.pages[0];
            let text_of_role = |role| {
                let passages = page.passages.iter().filter(|passage| passage.role == role);
                passages.map(|passage| passage.span.of(&page.text)).collect::<Vec<_>>().join("|")
            };
            (document.title, text_of_role(Role::Body), text_of_role(Role::Quote))
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
    fn prefers_text_and_falls_back_to_html() {
        let head = "From: =?utf-8?q?J=C3=B6rg?= <j@b.c>\r\nTo: a@b.c, d@e.f\r\nSubject: An  invoice\r\nMIME-Version: 1.0\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n";
        let alternative = "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nPlease find the invoice.\r\n\r\n> old\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--x--\r\n";
        let html = "Content-Type: text/html\r\n\r\n<p>Pay <b>now</b></p><blockquote type=cite>old</blockquote>";
        let top = "An invoice\n\nFrom: Jörg <j@b.c>\nTo: a@b.c, d@e.f\nDate: Sat, 21 Nov 2026 10:00:00 +0100";
        for (rest, expected) in [(alternative, "Please find the invoice.\n\nold"), (html, "Pay now\n\nold")] {
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
