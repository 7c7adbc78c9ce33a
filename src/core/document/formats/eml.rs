//! Mails: subject, sender, recipients, date and text; and their attachments, unparsed.

use std::borrow::Cow;
use std::collections::BTreeSet;

use mail_parser::decoders::base64::base64_decode;
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
    let (header, _header_held) = header(fields, budget)?;
    let (body, _held) = body(&message, budget)?;
    document(message.subject().unwrap_or_default(), Some(header), body, budget)
}

/// Makes a document from a mail whose parts the caller has.
pub(crate) fn read_mail(mail: &Mail, budget: &Budget) -> Result<Document> {
    let fields = [("From", &mail.from), ("To", &mail.to), ("Date", &mail.date)];
    let fields = fields.map(|(name, own)| (name, Some(page_builder::one_line(&mail.field(own, name)))));
    let (header, _header_held) = header(fields, budget)?;
    let has_body = !mail.body.trim().is_empty();
    let text = if has_body { &mail.body } else { &mail.html };
    let _held = page_builder::check_text(text, budget)?;
    let is_html = !has_body || is_markup(text);
    let body = if is_html { html::blocks(text, budget)?.1 } else { plain::blocks(text, budget) };
    if body.len() > limits::MAX_PASSAGES {
        return Err(page_builder::too_many_passages());
    }
    document(&mail.subject(), Some(header), body, budget)
}

/// The header fields that have a value, as a block, with the memory of it.
fn header<'b>(fields: [(&str, Option<String>); 3], budget: &'b Budget) -> Result<(Block, Held<'b>)> {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    let text = fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
    let held = budget.hold(text.len())?;
    Ok((Block::new(Role::Header, text), held))
}

/// The attachments of a mail whose parts the caller has.
pub(crate) fn mail_attachments(mail: &Mail, budget: &Budget) -> Result<Vec<AttachedFile>> {
    let mut collector = AttachmentCollector::new();
    for file in &mail.attachments {
        let text = file.content.as_bytes();
        budget.pass_over(text.len())?;
        // The text in the alphabet of mails, and the bytes.
        let held = budget.hold(2 * text.len())?;
        let text: Vec<u8> = text
            .iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => *byte,
            })
            .collect();
        let bytes = base64_decode(&text)
            .ok_or_else(|| Error::unreadable(Unreadable::Damaged, "An attachment is not valid base64"))?;
        let name = file.name.as_ref().or(file.filename.as_ref()).filter(|name| !name.is_empty());
        let media_type = file.media_type.as_ref().or(file.content_type.as_ref()).filter(|kind| !kind.is_empty());
        collector.add(name.cloned(), media_type.map(|kind| kind.to_lowercase()), bytes, held)?;
    }
    Ok(collector.into_files())
}

/// The document of a mail. The subject, if it is not empty, is the title.
fn document(subject: &str, header: Option<Block>, body: Vec<Block>, budget: &Budget) -> Result<Document> {
    mail_body::charge_roles(&body, budget)?;
    let title = Some(page_builder::one_line(subject)).filter(|title| !title.is_empty());
    let title_block = title.as_ref().map(|title| Block::new(Role::Title, title.as_str()));
    let blocks = title_block.into_iter().chain(header).chain(mail_body::roles(body, budget));
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
fn parse<'a, 'b>(bytes: &'a [u8], budget: &'b Budget) -> Result<(Message<'a>, [Held<'b>; 2])> {
    // The "From " line of the mbox format is not part of the mail.
    let bytes = match bytes.strip_prefix(b"From ") {
        Some(_) => {
            bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.get(end + 1..)).unwrap_or_default()
        }
        None => bytes,
    };
    let Charged { fields, mut texts, header_bytes } = check(bytes, budget)?;
    #[cfg(not(feature = "charsets"))]
    if !uses_common_encodings(bytes) {
        return Err(Error::not_included("the encoding of this mail", "charsets"));
    }
    let message = MessageParser::default().parse(bytes);
    let message = message.ok_or_else(|| Error::unreadable(Unreadable::Damaged, "The mail is damaged"))?;
    // The texts are rarely as long as they might have become, and reading them takes several times their length.
    if let Some(decoded) = decoded_bytes(&message) {
        drop(texts);
        texts = budget.hold(decoded + MAX_GROWTH * header_bytes)?;
    }
    Ok((message, [fields, texts]))
}

/// The bytes of all parts, which are decoded or may be copied; None if one is a mail, which has parts and copies of its own.
fn decoded_bytes(message: &Message<'_>) -> Option<usize> {
    let sizes = message.parts.iter().map(|part| match &part.body {
        PartType::Message(_) => None,
        PartType::Multipart(_) => Some(0),
        PartType::Text(text) | PartType::Html(text) => Some(match text {
            Cow::Owned(text) => text.capacity(),
            Cow::Borrowed(text) => text.len(),
        }),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(match bytes {
            Cow::Owned(bytes) => bytes.capacity(),
            Cow::Borrowed(bytes) => bytes.len(),
        }),
    });
    sizes.sum()
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

/// The memory of a group of addresses: mail-parser reserves room for four.
const GROUP_MEMORY: usize = 256;

/// How often a text is held while mail-parser decodes an encoding whose characters have several bytes.
const CONVERTED_COPIES: usize = 4;

/// How many bytes one byte may become when it is decoded: those of a character, or of the replacement character.
const MAX_GROWTH: usize = 3;

/// How many encoded mails, each within the other, mail-parser reads.
const MAX_ENCODED_DEPTH: usize = 3;

/// How often a boundary is held; and how many, and how many bytes of them, are compared with what follows two dashes in one
/// step. Few texts begin like a boundary.
const BOUNDARY_COPIES: usize = 3;
const BOUNDARIES_PER_STEP: usize = 16;
const BOUNDARY_BYTES_PER_STEP: usize = 64;

/// A long call can pause after each piece of this size, because a line may be as long as the mail.
const PIECE_BYTES: usize = 64 * 1024;

/// How often [`Counts`] passes over a line in pieces.
const PASSES: usize = 2;

/// Whether a line begins with these letters. White space counts nowhere: mail-parser ignores it in the names of fields.
fn begins(line: &[u8], start: &[u8]) -> bool {
    let mut bytes = line.iter().filter(|byte| !byte.is_ascii_whitespace());
    start.iter().all(|expected| bytes.next().is_some_and(|byte| byte.eq_ignore_ascii_case(expected)))
}

/// The parts of a line after each place of a word, in upper or lower case.
fn after_word<'a>(line: &'a [u8], word: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let places = line.windows(word.len()).enumerate().filter(|(_, found)| found.eq_ignore_ascii_case(word));
    places.filter_map(move |(index, _)| line.get(index + word.len()..))
}

/// The value of a parameter, after its name; None if it is not just letters, or is written in a way that only mail-parser
/// understands.
fn parameter_value(after_name: &[u8]) -> Option<&[u8]> {
    let value = after_name.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (value, is_quoted) = value.strip_prefix(b"\"").map_or((value, false), |value| (value, true));
    let is_letter = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b';' | b'\\' | b'(');
    let length = value.iter().position(|byte| !is_letter(byte)).unwrap_or(value.len());
    let (letters, rest) = value.split_at_checked(length)?;
    let is_ended = if is_quoted {
        rest.starts_with(b"\"")
    } else {
        rest.trim_ascii_start().first().is_none_or(|byte| *byte == b';') || rest.starts_with(b"\n")
    };
    (is_ended && !letters.is_empty() && !letters.starts_with(b"=?")).then_some(letters)
}

/// Whether a text in this encoding is converted to one in which some characters have several bytes; UTF-8 is not
/// converted.
fn is_converted(encoding: &[u8]) -> bool {
    const OTHERS: [&[u8]; 8] =
        [b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-", b"latin", b"windows-125", b"koi8"];
    !OTHERS.iter().any(|other| begins(encoding, other))
}

/// Whether a mail has the name of such an encoding anywhere.
fn names_converted_encoding(bytes: &[u8]) -> bool {
    after_word(bytes, b"charset").any(|rest| parameter_value(rest).is_none_or(is_converted))
}

/// Lines without an empty one between them, which may be the fields of a part.
#[derive(Default)]
struct FieldBlock {
    is_base_64: bool,
    types: usize,
    has_binary_type: bool,
    /// Whether the part may be a mail, and how it may be encoded.
    is_mail: bool,
    may_be_base_64: bool,
    may_be_quoted_printable: bool,
    /// Whether it is converted, if it is a text, and the boundaries that it declares.
    is_converted: bool,
    boundaries: Vec<Vec<u8>>,
}

impl FieldBlock {
    fn add(&mut self, line: &[u8]) {
        const BINARY_TYPES: [&[u8]; 6] = [b"application/", b"image/", b"audio/", b"video/", b"font/", b"model/"];
        let value = || line.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
        if begins(line, b"content-transfer-encoding") {
            self.is_base_64 = true;
            let is = |name: &[u8]| value().trim_ascii().eq_ignore_ascii_case(name);
            let is_plain = is(b"7bit") || is(b"8bit") || is(b"binary");
            self.may_be_base_64 |= !is_plain && !is(b"quoted-printable");
            self.may_be_quoted_printable |= !is_plain && !is(b"base64");
        } else if begins(line, b"content-type") {
            self.types += 1;
            self.has_binary_type = BINARY_TYPES.iter().any(|kind| begins(value(), kind));
        }
    }

    /// Whether the part is certainly not a text.
    fn is_binary(&self) -> bool {
        self.types == 1 && self.has_binary_type
    }
}

/// Whether a line ends the header of a mail or of a part. A line of blanks continues the field above it.
fn ends_header(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() && !is_folded(line)
}

/// Whether a line continues the field above it.
fn is_folded(line: &[u8]) -> bool {
    line.starts_with(b" ") || line.starts_with(b"\t")
}

/// The header fields of a mail and of its parts: what follows the start, a line that may be a boundary, or the header of
/// a part that is a mail, up to an empty line.
struct Headers {
    is_open: bool,
    /// Whether the open header is of a part that is a mail, whose own header follows.
    precedes_header: bool,
    bytes: usize,
    /// The places where the name of a group of addresses ends, or the group; and those where another part of a value may.
    groups: usize,
    tokens: usize,
}

impl Headers {
    const fn new() -> Self {
        Self { is_open: true, precedes_header: false, bytes: 0, groups: 0, tokens: 0 }
    }

    fn add(&mut self, line: &[u8], nested_messages: usize, may_be_boundary: bool) {
        self.precedes_header |= self.is_open && nested_messages > 0;
        if ends_header(line) {
            self.is_open = std::mem::take(&mut self.precedes_header);
        } else if may_be_boundary {
            self.is_open = true;
        }
        if self.is_open {
            self.precedes_header |= nested_messages > 0;
            self.bytes += line.len();
            // Such a mail is refused in any case.
            if self.bytes > limits::MAX_MAIL_HEADER_BYTES {
                return;
            }
            self.groups += line.iter().filter(|byte| **byte == b';').count();
            self.tokens += usize::from(is_folded(line));
            self.tokens += line.iter().filter(|byte| matches!(byte, b'\\' | b'>' | b'(')).count();
            self.tokens += line.iter().filter(|byte| **byte == b'"').count() / 2;
        }
    }
}

/// The boundaries that multiparts declare. mail-parser finds them anywhere in a line.
#[derive(Default)]
struct Boundaries {
    known: Vec<Vec<u8>>,
    /// Their length in all.
    bytes: usize,
}

impl Boundaries {
    fn add(&mut self, boundary: Vec<u8>) {
        self.bytes += boundary.len();
        self.known.push(boundary);
    }

    /// The dashes of a line that may begin a boundary.
    fn find(&self, line: &[u8], budget: &Budget) -> Result<Dashes, Exceeded> {
        let mut found = Dashes { may_be_boundary: line.starts_with(b"--"), ..Dashes::default() };
        for start in (0..line.len()).step_by(PIECE_BYTES) {
            budget.progress(PIECE_BYTES.min(line.len() - start).div_ceil(PASSES * PARSED_BYTES_PER_STEP));
            // A pair may begin with the last byte of a piece.
            let piece = line.get(start..line.len().min(start + PIECE_BYTES + 1)).unwrap_or_default();
            let dashes = || piece.windows(2).enumerate().filter(|(_, pair)| *pair == b"--");
            let count = dashes().count();
            budget.pairs(count, self.known.len(), BOUNDARIES_PER_STEP)?;
            budget.pairs(count, self.bytes, BOUNDARY_BYTES_PER_STEP)?;
            found.count += count;
            for (index, _) in dashes().filter(|_| !self.known.is_empty()) {
                let after = line.get(start + index + 2..).unwrap_or_default();
                for rest in self.known.iter().filter_map(|known| after.strip_prefix(known.as_slice())) {
                    found.may_be_boundary = true;
                    if begins(rest, b"content-") {
                        found.fields += 1;
                        found.field = found.field.or(Some(line.len() - rest.len()));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The pairs of dashes of a line.
#[derive(Default)]
struct Dashes {
    count: usize,
    /// Whether one may begin a boundary.
    may_be_boundary: bool,
    /// How many fields with parameters begin directly after a boundary, and where the first begins.
    fields: usize,
    field: Option<usize>,
}

/// A field with parameters, which may be open.
struct ContentField {
    /// Where it begins in the mail.
    start: usize,
    /// The number of its parameters, its length, and how many media types in it contain mails.
    parameters: usize,
    length: usize,
    messages: usize,
}

/// The first place of a boundary in a line. A search takes as long as what it looks for, also in a line that is shorter.
fn find_in(line: &[u8], boundary: &[u8]) -> Option<usize> {
    if line.len() < boundary.len() { None } else { memmem::find(line, boundary) }
}

/// The texts that are converted from an encoding in which some characters have several bytes. What is certainly no such
/// text is left out: the part of a text ends with the innermost boundary, and not with what looks like a part.
struct ConvertedTexts {
    /// Whether a header of the mail or of a part is open.
    in_header: bool,
    /// The boundaries of the multiparts that are open, innermost last, each after two dashes; and whether it was found.
    open: Vec<(Vec<u8>, bool)>,
    /// The size of the open text.
    text: Option<usize>,
    /// Whether it is not clear where parts end.
    is_unclear: bool,
    largest: usize,
}

impl ConvertedTexts {
    fn new() -> Self {
        Self { in_header: true, open: Vec::new(), text: None, is_unclear: false, largest: 0 }
    }

    /// Adds a line, and the fields before it; returns whether it is of such a text.
    fn add(&mut self, line: &[u8], block: &FieldBlock) -> bool {
        if self.in_header {
            if ends_header(line) {
                let boundaries = block.boundaries.iter().map(|boundary| [b"--", boundary.as_slice()].concat());
                self.open.extend(boundaries.map(|boundary| (boundary, false)));
                self.is_unclear |= block.types > 1 || block.is_converted && block.is_mail;
                self.in_header = block.is_mail;
                self.text = self.text.or_else(|| block.is_converted.then_some(0));
            }
            return false;
        }
        if let Some(((boundary, is_found), others)) = self.open.split_last_mut() {
            if let Some(index) = find_in(line, boundary) {
                *is_found = true;
                self.text = None;
                self.in_header = !line.get(index + boundary.len()..).is_some_and(|rest| rest.starts_with(b"--"));
                if !self.in_header {
                    self.open.pop();
                }
            } else if !*is_found {
                // A multipart without its boundary is a text, which ends with the boundary around it.
                self.is_unclear |= others.iter().any(|(other, _)| find_in(line, other).is_some());
            }
        }
        if let Some(size) = &mut self.text {
            *size += line.len() + 1;
            self.largest = self.largest.max(*size);
        }
        self.text.is_some()
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
    /// Lines that may be header fields, words that are encoded, and parts of values.
    fields: usize,
    groups: usize,
    /// The bytes of texts that grow when they are decoded: each byte that is not ASCII or is converted, and base 64.
    growing: usize,
    base_64: usize,
    /// The size of the largest text that is converted.
    converted: usize,
    /// The bytes of encoded mails, and of the copies of them.
    copied: usize,
    /// The length of the longest field with parameters, and the number of places that may be boundaries.
    longest_field: usize,
    dashes: usize,
}

impl Counts {
    /// Charges what a field costs: its parameters are compared with each other, and the boundary of a multipart is searched
    /// for in the rest of the mail. `depth` is how many encoded mails this one is within.
    fn new(bytes: &[u8], depth: usize, budget: &Budget) -> Result<Self, Exceeded> {
        let mut counts = Self::default();
        let mut field: Option<ContentField> = None;
        let mut start;
        let mut end = 0;
        let mut block = FieldBlock::default();
        let mut headers = Headers::new();
        let mut boundaries = Boundaries::default();
        let mut converted = ConvertedTexts::new();
        let mut is_base_64_text = false;
        let mut has_digests = false;
        let mut held = budget.hold(0)?;
        for line in bytes.split(|byte| *byte == b'\n') {
            (start, end) = (end, bytes.len().min(end + line.len() + 1));
            counts.lines += 1;
            // mail-parser takes a line that begins with a blank for a field where there is none to continue.
            let begins_field = begins(line, b"content-") && (!is_folded(line) || headers.is_open && field.is_none());
            let closed = field.take_if(|_| begins_field || !is_folded(line));
            let mut messages = 0;
            if let Some(closed) = closed {
                let kind = counts.close(&closed, bytes.get(closed.start..start).unwrap_or_default(), budget)?;
                has_digests |= kind.is_digest;
                messages += usize::from((kind.is_mail || kind.is_digest) && closed.messages == 0);
                block.is_mail |= kind.is_mail || closed.messages > 0;
                block.is_converted |= kind.is_converted;
                if let Some(boundary) = kind.boundary {
                    held.grow(BOUNDARY_COPIES * boundary.len())?;
                    boundaries.add(boundary.clone());
                    block.boundaries.push(boundary);
                }
            }
            let dashes = boundaries.find(line, budget)?;
            counts.dashes += dashes.count;
            if dashes.fields > 1 || dashes.fields > 0 && (begins_field || field.is_some()) {
                // No program writes this, and only one of them would be followed.
                counts.parts += limits::MAX_MAIL_PARTS;
            }
            let field_start = if begins_field { Some(0) } else { dashes.field };
            if let Some(index) = field_start {
                field = Some(ContentField { start: start + index, parameters: 0, length: 0, messages: 0 });
                block.add(line.get(index..).unwrap_or_default());
            } else if !ends_header(line) {
                block.add(line);
            }
            let marks = Marks::of(line, budget);
            messages += marks.messages;
            counts.messages += messages;
            headers.add(line, messages, dashes.may_be_boundary);
            let is_converted = converted.add(line, &block);
            if ends_header(line) {
                let block = std::mem::take(&mut block);
                is_base_64_text = if block.is_base_64 { !block.is_binary() } else { is_base_64_text };
                if (block.is_mail || has_digests && block.types == 0) && depth < MAX_ENCODED_DEPTH {
                    counts.add_encoded(&block, bytes.get(end..).unwrap_or_default(), depth, budget)?;
                }
            }
            // Two dashes end base 64, or it is none.
            is_base_64_text &= !line.starts_with(b"--");
            counts.base_64 += if is_base_64_text { line.len() } else { 0 };
            counts.growing += match () {
                () if is_converted && is_base_64_text => 0,
                () if is_converted => line.len(),
                () => marks.non_ascii,
            };
            counts.commas += marks.commas;
            counts.fields += usize::from(line.contains(&b':')) + marks.encoded_words;
            counts.parts += usize::from(begins(line, b"content-type:") || dashes.may_be_boundary);
            if let Some(field) = &mut field {
                field.parameters += line.iter().filter(|byte| matches!(byte, b';' | b'\'')).count();
                field.length += line.len();
                field.messages += marks.messages;
                let is_multipart = after_word(line, b"multipart").next().is_some();
                if is_multipart {
                    budget.work((bytes.len() - end) / SEARCHED_BYTES_PER_STEP)?;
                }
            }
            budget.pairs(line.len(), converted.open.len(), SEARCHED_BYTES_PER_STEP)?;
        }
        if let Some(field) = field {
            counts.close(&field, bytes.get(field.start..).unwrap_or_default(), budget)?;
        }
        counts.header_bytes += headers.bytes;
        counts.fields += headers.tokens;
        counts.groups += headers.groups;
        counts.converted = counts.converted.max(converted.largest);
        if converted.is_unclear && names_converted_encoding(bytes) {
            counts.converted = bytes.len();
            counts.growing += bytes.len();
        }
        Ok(counts)
    }

    /// Adds what a mail has that may be encoded at the beginning of these bytes. `block` is the header before it.
    fn add_encoded(
        &mut self,
        block: &FieldBlock,
        encoded: &[u8],
        depth: usize,
        budget: &Budget,
    ) -> Result<(), Exceeded> {
        let base_64 = block.may_be_base_64.then_some(base_64_decoded as Decode);
        let quoted_printable = block.may_be_quoted_printable.then_some(quoted_printable_decoded as Decode);
        for decode in base_64.into_iter().chain(quoted_printable) {
            budget.work(2 * encoded.len() / PARSED_BYTES_PER_STEP)?;
            let _held = budget.hold(encoded.len())?;
            let mail = decode(encoded);
            let inner = Self::new(&mail, depth + 1, budget)?;
            self.lines += inner.lines;
            self.commas += inner.commas;
            self.parts += inner.parts;
            self.messages += inner.messages;
            self.header_bytes += inner.header_bytes;
            self.fields += inner.fields;
            self.groups += inner.groups;
            self.growing += inner.growing;
            self.base_64 += inner.base_64;
            self.converted = self.converted.max(inner.converted);
            self.longest_field = self.longest_field.max(inner.longest_field);
            self.dashes += inner.dashes;
            // Every mail in it gets a copy of all of it.
            self.copied = self.copied.saturating_add(inner.copied).saturating_add(mail.len() * (1 + inner.messages));
        }
        Ok(())
    }

    /// Charges what a field costs; returns what mail-parser makes of it.
    fn close(&mut self, field: &ContentField, text: &[u8], budget: &Budget) -> Result<PartKind, Exceeded> {
        self.longest_field = self.longest_field.max(field.length);
        budget.pairs(field.parameters, field.parameters + field.length / COMPARED_BYTES_PER_STEP, 1)?;
        if !begins(text, b"content-type:") {
            return Ok(PartKind::default());
        }
        budget.work(text.len() / PARSED_BYTES_PER_STEP)?;
        Ok(PartKind::of_field(text))
    }
}

/// What the media type of a part says about it.
#[derive(Default)]
struct PartKind {
    /// Whether it is a mail, or contains mails unless their parts say otherwise.
    is_mail: bool,
    is_digest: bool,
    /// Whether it is converted, if it is a text.
    is_converted: bool,
    boundary: Option<Vec<u8>>,
}

impl PartKind {
    /// Reads a field. Only mail-parser knows how it reads comments, escapes and parameters in pieces.
    fn of_field(text: &[u8]) -> Self {
        let message = MessageParser::default().parse_headers(text);
        let Some(kind) = message.as_ref().and_then(|message| message.parts.first()?.content_type()) else {
            return Self::default();
        };
        Self {
            is_mail: kind.ctype() == "message",
            is_digest: kind.subtype() == Some("digest"),
            is_converted: kind.attribute("charset").is_some_and(|encoding| is_converted(encoding.as_bytes())),
            boundary: kind
                .attribute("boundary")
                .filter(|value| !value.is_empty())
                .map(|value| value.as_bytes().to_vec()),
        }
    }
}

/// Decodes what may be encoded at the beginning of some bytes.
type Decode = fn(&[u8]) -> Vec<u8>;

/// What base 64 encodes, up to two dashes; everything else that is not of it is ignored.
fn base_64_decoded(encoded: &[u8]) -> Vec<u8> {
    let encoded = memmem::find(encoded, b"--").and_then(|end| encoded.get(..end)).unwrap_or(encoded);
    let (mut decoded, mut bits, mut count) = (Vec::with_capacity(encoded.len() / 4 * 3), 0_u32, 0);
    for byte in encoded {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                let bytes = (bits << (6 * (4 - count))).to_be_bytes();
                decoded.extend(bytes.iter().skip(1).take([0, 0, 1, 2].get(count as usize).copied().unwrap_or(0)));
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count == 4 {
            decoded.extend(bits.to_be_bytes().iter().skip(1));
            (bits, count) = (0, 0);
        }
    }
    decoded
}

/// What quoted-printable encodes.
fn quoted_printable_decoded(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            // The end of a line that goes on.
            let blanks = after.iter().take_while(|byte| byte.is_ascii_whitespace() && **byte != b'\n').count();
            let line = after.get(blanks..).unwrap_or_default();
            rest = line.strip_prefix(b"\n").unwrap_or(after);
        }
    }
    decoded
}

/// What is charged for a mail before it is parsed.
struct Charged<'b> {
    /// The memory of fields, parts and copies, and the most that the decoded texts may take.
    fields: Held<'b>,
    texts: Held<'b>,
    header_bytes: usize,
}

/// Fails if the mail may exceed the limits for header fields, addresses or parts. Charges the work of parsing it, and the
/// memory.
fn check<'b>(bytes: &[u8], budget: &'b Budget) -> Result<Charged<'b>> {
    budget.work(bytes.len() / PARSED_BYTES_PER_STEP)?;
    let counts = Counts::new(bytes, 0, budget)?;
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
            drop(budget.hold(bytes.len() + CONVERTED_COPIES * counts.converted)?);
            // Decoding makes a text longer only where one byte becomes several in UTF-8. Base64 turns 4 bytes into 3.
            let growth = (MAX_GROWTH - 1) * counts.growing + counts.base_64 / 4 * 3 * MAX_GROWTH;
            let texts = budget.hold(bytes.len() + growth)?;
            let mut fields = budget.hold(PART_MEMORY * counts.parts)?;
            fields.grow(FIELD_MEMORY * (counts.fields + counts.commas) + GROUP_MEMORY * counts.groups)?;
            fields.grow(counts.copied)?;
            return Ok(Charged { fields, texts, header_bytes: counts.header_bytes });
        }
    };
    Err(Error::unreadable(Unreadable::TooLarge, format!("The mail has more than {limit} {items}")))
}

/// What is counted byte by byte in a line.
#[derive(Default)]
struct Marks {
    /// The media types that contain mails: `message/rfc822` and similar, or `multipart/digest`.
    messages: usize,
    commas: usize,
    non_ascii: usize,
    encoded_words: usize,
}

impl Marks {
    fn of(line: &[u8], budget: &Budget) -> Self {
        let mut marks = Self::default();
        for start in (0..line.len()).step_by(PIECE_BYTES) {
            let end = line.len().min(start + PIECE_BYTES);
            budget.progress((end - start).div_ceil(PASSES * PARSED_BYTES_PER_STEP));
            let piece = line.get(start..end).unwrap_or_default();
            marks.messages +=
                memchr::memchr_iter(b'/', piece).filter(|index| is_message_type(line, start + index)).count();
            marks.commas += piece.iter().filter(|byte| **byte == b',').count();
            marks.non_ascii += piece.iter().filter(|byte| !byte.is_ascii()).count();
            // A word may begin with the last byte of a piece.
            let piece = line.get(start..line.len().min(end + 1)).unwrap_or_default();
            marks.encoded_words += memmem::find_iter(piece, b"=?").count();
        }
        marks
    }
}

/// Whether the slash at this place of a line is of a media type that contains mails.
fn is_message_type(line: &[u8], slash: usize) -> bool {
    // Most slashes are not.
    let is_before =
        slash.checked_sub(1).and_then(|before| line.get(before)).is_some_and(|byte| matches!(byte, b'e' | b'E'));
    let is_after = matches!(line.get(slash + 1), Some(b'd' | b'D'));
    let is = |text: Option<&[u8]>, name: &[u8]| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
    is_before && is(line.get(slash.saturating_sub(7)..slash), b"message")
        || is_after && is(line.get(slash + 1..slash + 7), b"digest")
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
    use crate::document::MailAttachment;

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
    fn limits_what_only_mail_parser_sees() {
        let multipart = "Content-Type: multipart/mixed; boundary=b\n\n";
        let encoded = |encoding: &str, mail: &str| {
            format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{mail}")
        };
        // "Content-Type: message/rfc822" and two line ends.
        let base_64 = "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgoK";
        for (rest, message) in [
            (format!("{multipart}{}", "text--b\n\n".repeat(limits::MAX_MAIL_PARTS + 1)), "parts"),
            (format!("{multipart}text--b\nA: {}", "a".repeat(limits::MAX_MAIL_HEADER_BYTES)), "bytes of header fields"),
            (format!("A: b\n \n {}", "a".repeat(limits::MAX_MAIL_HEADER_BYTES)), "bytes of header fields"),
            ("Content-Type: message /rfc822\n\n".repeat(101), "nested messages"),
            (" Content - Type: message\n /rfc822\n\n".repeat(101), "nested messages"),
            ("Content-Type: (;) message /rfc822\n\n".repeat(101), "nested messages"),
            (encoded("base64", &base_64.repeat(101)), "nested messages"),
            (encoded("quoted-printable", &"Content=2DType: message=2Frfc822\n\n".repeat(101)), "nested messages"),
            (encoded("=?us-ascii?q?base64?=", &base_64.repeat(101)), "nested messages"),
        ] {
            let error = read(format!("From: a\nTo: b\n{rest}").as_bytes()).unwrap_err();
            assert!(error.message().ends_with(message), "{error}: {}", rest.chars().take(100).collect::<String>());
        }
        let groups = format!("From: a\nTo: {}\n\ntext", "a:b;".repeat(200_000));
        let big_5 = format!("From: a\nTo: b\nContent-Type: text/plain; charset=big5\n\n{}", "a".repeat(12 << 20));
        let copies = format!(
            "From: a\nTo: b\n{}",
            encoded("base64", &format!("{}{}", base_64.repeat(90), "YWJj".repeat(200_000)))
        );
        let after_boundary = format!(
            "From: a\nTo: b\n{multipart}text--b Content-Type: text/plain;\n charset*0=bi; charset*1=g5\n\n{}",
            "a".repeat(12 << 20)
        );
        for mail in [groups, big_5, copies, after_boundary] {
            let error = super::read(mail.as_bytes(), &Budget::stage()).unwrap_err();
            assert!(error.message().ends_with("MiB of memory"), "{error}");
        }
    }

    #[test]
    fn counts_leave_room_for_honest_mails() {
        // An attachment that is larger than a converted text may be, and one that is an encoded mail.
        let attachment = "QUJD".repeat(1 << 20);
        let mail = format!(
            "From: a\nTo: b\nContent-Type: multipart/mixed; boundary=\"b1\"\n\n--b1\nContent-Type: multipart/alternative; \
             boundary=\"=_b2\"\n\n--=_b2\nContent-Type: text/plain; charset=gb2312\n\nThe text of the mail.\n--=_b2--\n\n--b1\n\
             Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n{attachment}\n--b1\nContent-Type: \
             message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYQpUbzogYgoKdGV4dA==\n--b1--\n"
        );
        let document = super::read(mail.as_bytes(), &Budget::request()).unwrap();
        assert!(document.pages[0].text.ends_with("The text of the mail."));
        let files = attachments(mail.as_bytes(), &Budget::request()).unwrap();
        assert_eq!(files[0].bytes.len(), 3 << 20);
        assert_eq!(files[1].bytes, b"From: a\nTo: b\n\ntext");
    }

    #[cfg(feature = "charsets")]
    #[test]
    fn reads_long_mails_of_all_encodings() {
        // Texts of 1 MB with an eighth of the memory, which stand for texts of 8 MB: those are read, too.
        let beside = limits::MAX_CALL_BYTES - limits::MAX_HELD_BYTES / 8;
        // Lines of the same ten words: what precedes them, a word, and what ends the line.
        type Line = (&'static [u8], &'static [u8], &'static [u8]);
        let lines: [(&str, &str, Line); 5] = [
            ("utf-8", "8bit", (b"", b"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", b"\n")),
            ("utf-8", "base64", (b"", b"5pel5pys6Kqe", b"Cg==\n")),
            ("shift_jis", "8bit", (b"", b"\x93\xfa\x96\x7b\x8c\xea", b"\n")),
            ("shift_jis", "base64", (b"", b"k/qWe4zq", b"Cg==\n")),
            ("iso-2022-jp", "7bit", (b"\x1b$B", b"F|K\\8l", b"\x1b(B\n")),
        ];
        for (encoding, transfer, (start, word, end)) in lines {
            let head = format!(
                "From: a\nTo: b\nContent-Type: text/plain; charset={encoding}\nContent-Transfer-Encoding: {transfer}\n\n"
            );
            let line = [start, &word.repeat(10), end].concat();
            let mail = [head.as_bytes(), &line.repeat(1_000_000 / 91)].concat();
            let document = super::read(&mail, &Budget::request().beside(beside as usize)).unwrap();
            let text = &document.pages[0].text;
            assert!(text.len() > 990_000, "{encoding} {transfer}: {}", text.len());
            assert!(text.ends_with("\u{65e5}\u{672c}\u{8a9e}"), "{encoding} {transfer}");
        }
    }

    #[test]
    fn decodes_as_mail_parser() {
        assert_eq!(base_64_decoded(b"YW\r\nJj-ZA==ZGU=--YWJj"), b"abcdde");
        assert_eq!(quoted_printable_decoded(b"a=3Db=\r\nc= \nd=x=4"), b"a=bcdx4");
    }

    #[test]
    fn subject_and_body_are_read_like_a_mail_file() {
        let text = |subject: &str, body: &str| {
            let document = read_mail(
                &Mail { subject: subject.into(), body: body.into(), ..Mail::default() },
                &Budget::unlimited(),
            )
            .unwrap();
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
    fn the_parts_of_a_mail_are_read_like_a_mail_file() {
        let mail = |members| crate::validate::shape::Read::read(Some(&members)).unwrap();
        let date = "Sat, 21 Nov 2026 10:00:00 +0100";
        let file = format!(
            "From: J <j@b.c>\r\nTo: a@b.c, d@e.f\r\nSubject: An invoice\r\nDate: {date}\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>Pay <b>now</b></p>"
        );
        let expected = read(file.as_bytes()).unwrap();
        for members in [
            serde_json::json!({ "subject": "An invoice", "from": "J <j@b.c>", "to": ["a@b.c", "d@e.f"], "cc": "x@y.z",
                "date": date, "html": "<p>Pay <b>now</b></p>" }),
            serde_json::json!({ "body": " ", "html": "<p>Pay <b>now</b></p>", "headers": {
                "from": "J <j@b.c>", "To": ["a@b.c", "d@e.f"], "SUBJECT": "An invoice", "Date": date, "X-A": null } }),
            serde_json::json!({ "body": "<p>Pay <b>now</b></p>", "subject": "An invoice", "date": date, "headers": [
                { "name": "From", "value": "J\n <j@b.c>" }, { "name": "To", "value": "a@b.c, d@e.f" } ] }),
        ] {
            let mail: Mail = mail(members);
            assert_eq!(read_mail(&mail, &Budget::unlimited()).unwrap(), expected);
            // It is the same after it was stored.
            let stored: Mail = serde_json::from_str(&serde_json::to_string(&mail).unwrap()).unwrap();
            assert_eq!(stored, mail);
        }
    }

    #[test]
    fn attachments_are_decoded_and_charged() {
        let file = |content: &str| MailAttachment { content: content.to_owned(), ..MailAttachment::default() };
        let contents = ["-_8", "+/8=", "YQ\r\nA=", ""];
        let mail = Mail { attachments: contents.map(file).into(), ..Mail::default() };
        let files = mail_attachments(&mail, &Budget::unlimited()).unwrap();
        let bytes: Vec<_> = files.iter().map(|file| file.bytes.as_slice()).collect();
        assert_eq!(bytes, [b"\xfb\xff".as_slice(), b"\xfb\xff", b"a\0", b""]);
        let large = "A".repeat(limits::MAX_BODY_BYTES);
        let mail = Mail { attachments: vec![file(&large); limits::MAX_ATTACHMENTS], ..Mail::default() };
        assert_eq!(mail_attachments(&mail, &Budget::request()).unwrap_err().code(), "OVER_BUDGET");
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
