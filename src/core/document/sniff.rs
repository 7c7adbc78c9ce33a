//! Detects the format of bytes. Names and declared types are never used.

use super::bytes::find;
use super::encoding::{self, decode_text};
use super::parse::{archive, eml, html, markdown};
use crate::limits;

/// The format of bytes, as far as it matters for reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Pdf,
    Docx,
    TextBased(TextBased),
    /// An archive that is not read, with its human-readable name.
    Other(&'static str),
}

/// The format of bytes that are neither a PDF nor an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TextBased {
    /// Decoded text with HTML in it.
    Html(String),
    Mail,
    /// Decoded text with Markdown in it.
    Markdown(String),
    /// Decoded text.
    Plain(String),
    /// An encrypted container, which only shows that it needs a password.
    Encrypted,
    /// Text that is too large to be read.
    LargeText,
    /// A format that is not read, with its human-readable name.
    Other(&'static str),
}

/// The bytes in which a PDF must begin: readers accept its header anywhere in the first kilobyte.
const PDF_HEADER_WITHIN: usize = 1024;

/// The number of bytes that are decoded to recognise text that is too large to be read.
const TEXT_HEAD_BYTES: usize = 64 * 1024;

/// The maximum number of bytes of the header of a mail that are inspected.
const MAIL_HEAD_BYTES: usize = 64 * 1024;

/// Magic bytes at an offset, with the name of the format.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "PNG image"),
    (0, b"\xff\xd8\xff", "JPEG image"),
    (0, b"GIF8", "GIF image"),
    (8, b"WEBP", "WebP image"),
    (0, b"II*\0", "TIFF image"),
    (0, b"MM\0*", "TIFF image"),
    (4, b"ftypheic", "HEIC image"),
    (4, b"ftypheix", "HEIC image"),
    (4, b"ftypmif1", "HEIC image"),
    (4, b"ftypavif", "AVIF image"),
    (0, b"\0\0\x01\0", "icon"),
    (0, b"8BPS", "Photoshop image"),
    (0, b"\0\0\0\x0cjP  \r\n", "JPEG 2000 image"),
    (0, b"%!PS", "PostScript"),
    (0, b"{\\rtf", "Rich Text (RTF)"),
    (0, b"\x78\x9f\x3e\x22", "Outlook winmail.dat (TNEF)"),
    (0, b"\x1f\x8b", "gzip archive"),
    (0, b"BZh", "bzip2 archive"),
    (0, b"\xfd7zXZ\0", "xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (0, b"Rar!\x1a\x07", "RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard archive"),
    (257, b"ustar", "tar archive"),
    (0, b"MZ", "Windows program"),
    (0, b"\x7fELF", "Linux program"),
    (0, b"\xcf\xfa\xed\xfe", "macOS program"),
    (0, b"\xca\xfe\xba\xbe", "Java class or macOS program"),
    (0, b"\0asm", "WebAssembly module"),
    (0, b"SQLite format 3\0", "SQLite database"),
    (0, b"ID3", "MP3 audio"),
    (0, b"OggS", "Ogg media"),
    (0, b"fLaC", "FLAC audio"),
    (0, b"RIFF", "RIFF media"),
    (4, b"ftyp", "MP4 media"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska media"),
    (0, b"wOFF", "web font"),
    (0, b"wOF2", "web font"),
    (0, b"PAR1", "Parquet table"),
];

/// Streams of compound files, with the format that they identify.
const COMPOUND_STREAMS: &[(&str, &str)] = &[
    ("WordDocument", "Word 97-2003 document"),
    ("Workbook", "Excel 97-2003 workbook"),
    ("Book", "Excel 5.0 workbook"),
    ("PowerPoint Document", "PowerPoint 97-2003 presentation"),
    ("__properties_version1.0", "Outlook message"),
    ("VisioDocument", "Visio drawing"),
    ("Quill", "Publisher document"),
];

/// A format that the text-based build does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Pdf,
    Archive,
}

/// Whether bytes are a PDF or an archive.
pub(super) fn container(bytes: &[u8]) -> Option<Container> {
    if find(bytes.get(..PDF_HEADER_WITHIN).unwrap_or(bytes), b"%PDF-").is_some() {
        return Some(Container::Pdf);
    }
    (bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")).then_some(Container::Archive)
}

/// Detects the format of bytes.
pub(super) fn content(bytes: &[u8]) -> Content {
    match container(bytes) {
        Some(Container::Pdf) => Content::Pdf,
        Some(Container::Archive) => match archive::detect_zip_format(bytes) {
            archive::DOCX => Content::Docx,
            other => Content::Other(other),
        },
        None => Content::TextBased(text_based(bytes)),
    }
}

/// Detects the format of bytes that are not a [`container`].
fn text_based(bytes: &[u8]) -> TextBased {
    if let Some(known) = match_magic(bytes) {
        return known;
    }
    if bytes.len() as u64 > limits::MAX_TEXT_BYTES {
        let head = bytes.get(..TEXT_HEAD_BYTES).unwrap_or(bytes);
        return if decode_text(head).is_some() { TextBased::LargeText } else { TextBased::Other("binary data") };
    }
    match classify_text(decode_text(bytes)) {
        // A web page may declare its encoding.
        TextBased::Html(_) => TextBased::Html(html::decode(bytes)),
        other => other,
    }
}

/// As [`content`]; None if the format cannot be detected, or the bytes not read, without encoding tables.
pub(super) fn text_based_utf8_only(bytes: &[u8]) -> Option<TextBased> {
    if container(bytes).is_some() {
        return None;
    }
    match match_magic(bytes) {
        Some(TextBased::Mail) if !eml::uses_common_charsets(bytes) => None,
        Some(known) => Some(known),
        None if bytes.len() as u64 > limits::MAX_TEXT_BYTES => None,
        None => encoding::decode_utf_8(bytes).map(|text| classify_text(encoding::reject_binary(text.to_owned()))),
    }
}

/// Detects the format of text; None stands for bytes that were not text.
fn classify_text(text: Option<String>) -> TextBased {
    match text {
        None => TextBased::Other("binary data"),
        Some(text) if html::looks_like(&text) => TextBased::Html(text),
        Some(text) if markdown::looks_like(&text) => TextBased::Markdown(text),
        Some(text) => TextBased::Plain(text),
    }
}

/// Detects the format of bytes by their beginning.
fn match_magic(bytes: &[u8]) -> Option<TextBased> {
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(sniff_compound_file(bytes));
    }
    let magic =
        MAGIC.iter().find(|(offset, magic, _)| bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, name)) = magic {
        return Some(TextBased::Other(name));
    }
    is_mail(bytes).then_some(TextBased::Mail)
}

/// Detects the format of a compound file (OLE2) by the names in its directory, with entries at multiples of 128 bytes.
fn sniff_compound_file(bytes: &[u8]) -> TextBased {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        bytes.as_chunks::<128>().0.iter().any(|entry| entry.starts_with(&name))
    };
    if has("EncryptedPackage") {
        return TextBased::Encrypted;
    }
    let known = COMPOUND_STREAMS.iter().find(|(stream, _)| has(stream));
    TextBased::Other(known.map_or("compound file (OLE2)", |(_, kind)| kind))
}

/// Whether bytes begin with header fields of a mail: at least two known ones, one of which only mails have.
fn is_mail(bytes: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> Vec<u8> {
        let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        bytes.resize(1024, 0);
        bytes.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.resize(2048, 0);
        bytes
    }

    #[test]
    fn detects_formats() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], TextBased::Other("PNG image")),
            (b"RIFF\0\0\0\0WEBPVP8 ", TextBased::Other("WebP image")),
            (b"{\\rtf1\\ansi}", TextBased::Other("Rich Text (RTF)")),
            (b"MZ\x90\0", TextBased::Other("Windows program")),
            (&directory("Workbook"), TextBased::Other("Excel 97-2003 workbook")),
            (&directory("EncryptedPackage"), TextBased::Encrypted),
            (&directory("Other"), TextBased::Other("compound file (OLE2)")),
            (b"From: a@b.c\r\nSubject: Hi\r\n\r\nbody", TextBased::Mail),
            (b"From a@b.c Sat Nov 21\nReceived: from x\n\tby y\nTo: z\n\nbody", TextBased::Mail),
            (
                b"Subject: Hi\r\nTo: all\r\n\r\nnot a mail",
                TextBased::Plain("Subject: Hi\r\nTo: all\r\n\r\nnot a mail".into()),
            ),
            (b"<!-- x --><html><p>hi", TextBased::Html("<!-- x --><html><p>hi".into())),
            (
                b"# A title\n\nwith [a link](http://x)",
                TextBased::Markdown("# A title\n\nwith [a link](http://x)".into()),
            ),
            (b"just text", TextBased::Plain("just text".into())),
            (b"\x00\x01\x02\x03\x04\x05\x06\x07", TextBased::Other("binary data")),
        ] {
            assert_eq!(content(bytes), Content::TextBased(expected));
        }
        assert_eq!(content(b"junk\n%PDF-1.7"), Content::Pdf);
        assert_eq!(content(b"PK\x05\x06"), Content::Other("ZIP archive"));
    }
}
