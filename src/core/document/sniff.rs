//! What bytes are. Names and declared types are never believed, and never needed.

use super::bytes::find;
use super::encoding::{self, decode_text};
use super::parse::{archive, eml, html, markdown};
use crate::limits;

/// What the bytes are, as far as reading goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Pdf,
    Docx,
    Light(Light),
    /// An archive that is not read; its name for people.
    Other(&'static str),
}

/// What is neither a PDF nor an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Light {
    /// Decoded text with HTML in it.
    Html(String),
    Mail,
    /// Decoded text with Markdown in it.
    Markdown(String),
    /// Decoded text.
    Plain(String),
    /// A container that says no more than that it needs a password.
    Encrypted,
    /// Text of more than is read.
    LargeText,
    /// Something that is not read; its name for people.
    Other(&'static str),
}

/// Where a PDF may begin: readers accept its header anywhere in the first kilobyte.
const PDF_HEADER_WITHIN: usize = 1024;

/// How much is decoded of what is too large to be read, to tell text from other bytes.
const TEXT_HEAD_BYTES: usize = 64 * 1024;

/// The longest head of a mail that is looked at.
const MAIL_HEAD_BYTES: usize = 64 * 1024;

/// First bytes (after an offset) and the name of what begins with them.
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

/// Streams of a compound file, and what a file with them is.
const COMPOUND_STREAMS: &[(&str, &str)] = &[
    ("WordDocument", "Word 97-2003 document"),
    ("Workbook", "Excel 97-2003 workbook"),
    ("Book", "Excel 5.0 workbook"),
    ("PowerPoint Document", "PowerPoint 97-2003 presentation"),
    ("__properties_version1.0", "Outlook message"),
    ("VisioDocument", "Visio drawing"),
    ("Quill", "Publisher document"),
];

/// What takes more to be read than text does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighty {
    Pdf,
    Archive,
}

/// Whether bytes are a PDF or an archive.
pub(super) fn weighty(bytes: &[u8]) -> Option<Weighty> {
    if find(bytes.get(..PDF_HEADER_WITHIN).unwrap_or(bytes), b"%PDF-").is_some() {
        return Some(Weighty::Pdf);
    }
    (bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")).then_some(Weighty::Archive)
}

/// Says what bytes are.
pub(super) fn content(bytes: &[u8]) -> Content {
    match weighty(bytes) {
        Some(Weighty::Pdf) => Content::Pdf,
        Some(Weighty::Archive) => match archive::kind(bytes) {
            archive::DOCX => Content::Docx,
            other => Content::Other(other),
        },
        None => Content::Light(light(bytes)),
    }
}

/// Says what bytes are that are not [`weighty`].
fn light(bytes: &[u8]) -> Light {
    if let Some(known) = known(bytes) {
        return known;
    }
    if bytes.len() as u64 > limits::MAX_TEXT_BYTES {
        let head = bytes.get(..TEXT_HEAD_BYTES).unwrap_or(bytes);
        return if decode_text(head).is_some() { Light::LargeText } else { Light::Other("binary data") };
    }
    match of_text(decode_text(bytes)) {
        // A page may say what it is encoded in.
        Light::Html(_) => Light::Html(html::decode(bytes)),
        other => other,
    }
}

/// What [`content`] says, where that can be told, and read, without the tables of encodings; nothing where it cannot.
pub(super) fn without_tables(bytes: &[u8]) -> Option<Light> {
    if weighty(bytes).is_some() {
        return None;
    }
    match known(bytes) {
        Some(Light::Mail) if !eml::is_light(bytes) => None,
        Some(known) => Some(known),
        None if bytes.len() as u64 > limits::MAX_TEXT_BYTES => None,
        None => encoding::utf_8(bytes).map(|text| of_text(encoding::text(text.to_owned()))),
    }
}

/// Says what text is; no text when it was none.
fn of_text(text: Option<String>) -> Light {
    match text {
        None => Light::Other("binary data"),
        Some(text) if html::looks_like(&text) => Light::Html(text),
        Some(text) if markdown::looks_like(&text) => Light::Markdown(text),
        Some(text) => Light::Plain(text),
    }
}

/// What bytes are that begin as something does.
fn known(bytes: &[u8]) -> Option<Light> {
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(compound(bytes));
    }
    let magic = MAGIC.iter().find(|(offset, magic, _)| bytes.get(*offset..).is_some_and(|at| at.starts_with(magic)));
    if let Some((_, _, name)) = magic {
        return Some(Light::Other(name));
    }
    is_mail(bytes).then_some(Light::Mail)
}

/// A compound file (OLE2) by the names in its directory, whose entries lie at multiples of 128 bytes.
fn compound(bytes: &[u8]) -> Light {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        bytes.as_chunks::<128>().0.iter().any(|entry| entry.starts_with(&name))
    };
    if has("EncryptedPackage") {
        return Light::Encrypted;
    }
    let known = COMPOUND_STREAMS.iter().find(|(stream, _)| has(stream));
    Light::Other(known.map_or("compound file (OLE2)", |(_, kind)| kind))
}

/// A mail begins with header fields: one that only mails have, and two known ones in all.
fn is_mail(bytes: &[u8]) -> bool {
    const ONLY_MAIL: [&str; 7] =
        ["received", "return-path", "message-id", "mime-version", "delivered-to", "from", "x-mailer"];
    const KNOWN: [&str; 8] =
        ["subject", "to", "cc", "date", "reply-to", "content-type", "sender", "content-transfer-encoding"];
    let head = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = head.get(..MAIL_HEAD_BYTES).unwrap_or(head);
    let (mut only_mail, mut known) = (false, 0);
    for (number, line) in head.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None if number == 0 => continue,
            None => break,
            Some(b' ' | b'\t') if number > 0 => continue,
            _ => {}
        }
        // The line that separates messages of a mailbox.
        if number == 0 && line.starts_with(b"From ") {
            continue;
        }
        let Some(name) = line.split(|byte| *byte == b':').next().filter(|name| name.len() < line.len()) else {
            return false;
        };
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_graphic()) {
            return false;
        }
        let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        let certain = ONLY_MAIL.iter().any(&is);
        only_mail |= certain;
        known += usize::from(certain || KNOWN.iter().any(is));
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
    fn knows_kinds() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Light::Other("PNG image")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Light::Other("WebP image")),
            (b"{\\rtf1\\ansi}", Light::Other("Rich Text (RTF)")),
            (b"MZ\x90\0", Light::Other("Windows program")),
            (&directory("Workbook"), Light::Other("Excel 97-2003 workbook")),
            (&directory("EncryptedPackage"), Light::Encrypted),
            (&directory("Other"), Light::Other("compound file (OLE2)")),
            (b"From: a@b.c\r\nSubject: Hi\r\n\r\nbody", Light::Mail),
            (b"From a@b.c Sat Nov 21\nReceived: from x\n\tby y\nTo: z\n\nbody", Light::Mail),
            (
                b"Subject: Hi\r\nTo: all\r\n\r\nnot a mail",
                Light::Plain("Subject: Hi\r\nTo: all\r\n\r\nnot a mail".into()),
            ),
            (b"<!-- x --><html><p>hi", Light::Html("<!-- x --><html><p>hi".into())),
            (b"# A title\n\nwith [a link](http://x)", Light::Markdown("# A title\n\nwith [a link](http://x)".into())),
            (b"just text", Light::Plain("just text".into())),
            (b"\x00\x01\x02\x03\x04\x05\x06\x07", Light::Other("binary data")),
        ] {
            assert_eq!(content(bytes), Content::Light(expected));
        }
        assert_eq!(content(b"junk\n%PDF-1.7"), Content::Pdf);
        assert_eq!(content(b"PK\x05\x06"), Content::Other("ZIP archive"));
    }
}
