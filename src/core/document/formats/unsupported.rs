//! Formats that are recognised but not read, so that errors can name them.

#[cfg(feature = "office")]
use crate::document::archive::ZipContent;
use crate::document::password_protected;
use crate::document::source::Source;
use crate::error::{Error, Result, Unreadable};

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

/// Fails if the file has a known format that is not read.
pub(crate) fn check(source: &Source<'_>) -> Result<()> {
    let bytes = source.bytes();
    #[cfg(feature = "office")]
    match source.zip_content() {
        Some(ZipContent::Other(name)) => return Err(error(name)),
        // Most often a document that was cut off.
        Some(ZipContent::Damaged) => return Err(Error::unreadable(Unreadable::Damaged, "The archive is damaged")),
        Some(ZipContent::Word) | None => {}
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(compound_file(bytes));
    }
    let is_at =
        |(offset, magic, _): &&(usize, &[u8], &str)| bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic));
    MAGIC.iter().find(is_at).map_or(Ok(()), |(_, _, name)| Err(error(name)))
}

/// The error for a file of this format.
pub(crate) fn error(name: &str) -> Error {
    Error::unreadable(Unreadable::Unsupported, format!("Files of this type are not supported: {name}"))
}

/// The error for a compound file (OLE2), by the names in its directory, whose entries are at multiples of 128 bytes.
fn compound_file(bytes: &[u8]) -> Error {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        bytes.as_chunks::<128>().0.iter().any(|entry| entry.starts_with(&name))
    };
    if has("EncryptedPackage") {
        return password_protected();
    }
    let known = COMPOUND_STREAMS.iter().find(|(stream, _)| has(stream));
    error(known.map_or("compound file (OLE2)", |(_, name)| name))
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
    fn names_formats() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], error("PNG image")),
            (b"RIFF\0\0\0\0WEBPVP8 ", error("WebP image")),
            (b"{\\rtf1\\ansi}", error("Rich Text (RTF)")),
            (b"MZ\x90\0", error("Windows program")),
            (&directory("Workbook"), error("Excel 97-2003 workbook")),
            (&directory("Other"), error("compound file (OLE2)")),
            (&directory("EncryptedPackage"), password_protected()),
        ] {
            assert_eq!(check(&Source::new(bytes)), Err(expected));
        }
        assert_eq!(check(&Source::new(b"text")), Ok(()));
    }
}
