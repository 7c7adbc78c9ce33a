//! Reads ZIP archives: detects the format that they contain, and reads their entries within bounds.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::DeflateDecoder;
use memchr::memmem;

use super::password_protected;
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// The content of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZipContent {
    /// A Word document (DOCX).
    Word,
    /// A format that is not read, by its human-readable name.
    Other(&'static str),
    /// None that is known, because the directory of the archive cannot be read.
    Damaged,
}

/// Entries with longer names are ignored: those of documents have some dozens of bytes.
const MAX_NAME_BYTES: usize = 1_024;

/// An archive of no known format.
const UNKNOWN: ZipContent = ZipContent::Other("ZIP archive");

/// Entries that identify a format.
const ENTRIES: &[(&str, ZipContent)] = &[
    ("word/document.xml", ZipContent::Word),
    ("word/document2.xml", ZipContent::Word),
    ("xl/workbook.xml", ZipContent::Other("Excel workbook")),
    ("xl/workbook.bin", ZipContent::Other("Excel workbook")),
    ("ppt/presentation.xml", ZipContent::Other("PowerPoint presentation")),
    ("visio/document.xml", ZipContent::Other("Visio drawing")),
    ("META-INF/container.xml", ZipContent::Other("EPUB book")),
    ("META-INF/MANIFEST.MF", ZipContent::Other("Java archive")),
    ("AndroidManifest.xml", ZipContent::Other("Android package")),
    ("Index/Document.iwa", ZipContent::Other("Apple iWork document")),
];

/// Media types of the entry `mimetype`, which OpenDocument and EPUB put first.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("application/vnd.oasis.opendocument.text", "OpenDocument text"),
    ("application/vnd.oasis.opendocument.spreadsheet", "OpenDocument spreadsheet"),
    ("application/vnd.oasis.opendocument.presentation", "OpenDocument presentation"),
    ("application/vnd.oasis.opendocument.graphics", "OpenDocument drawing"),
    ("application/epub+zip", "EPUB book"),
];

/// Determines the content of an archive from its entries.
pub(crate) fn zip_content(bytes: &[u8]) -> ZipContent {
    let Ok(mut archive) = Archive::open(bytes) else {
        return ZipContent::Damaged;
    };
    if let Some(media_type) = archive.text("mimetype") {
        let known = MEDIA_TYPES.iter().find(|(name, _)| media_type.starts_with(name));
        return known.map_or(UNKNOWN, |(_, format)| ZipContent::Other(format));
    }
    ENTRIES.iter().find(|(entry, _)| archive.has(entry)).map_or(UNKNOWN, |(_, content)| *content)
}

/// An archive whose entries are read within the bounds of [`limits`].
///
/// Our own reader of the format, which is a directory and deflate, so that nothing is allocated for sizes that the
/// directory merely claims.
pub(crate) struct Archive<'a> {
    bytes: &'a [u8],
    entries: BTreeMap<String, Entry>,
    /// The number of inflated bytes that may still be read.
    remaining_bytes: u64,
}

/// An entry of the central directory.
struct Entry {
    /// The offset of its local header.
    offset: u64,
    packed_size: u64,
    method: u16,
    encrypted: bool,
}

impl<'a> Archive<'a> {
    /// Reads the central directory.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let damaged = || Error::unreadable(Unreadable::Damaged, "The archive is damaged");
        let end_offset = end_record(bytes).ok_or_else(damaged)?;
        let record = bytes.get(end_offset..).unwrap_or_default();
        let (directory_size, directory_offset) =
            (u32_at(record, 12).ok_or_else(damaged)?, u32_at(record, 16).ok_or_else(damaged)?);
        // Other bytes may precede the archive; the central directory ends where the end record begins.
        let actual_offset = (end_offset as u64).checked_sub(directory_size).ok_or_else(damaged)?;
        let preceding_bytes = actual_offset.saturating_sub(directory_offset);
        let mut rest = slice(bytes, actual_offset, directory_size).ok_or_else(damaged)?;
        let mut entries = BTreeMap::new();
        let mut count = 0;
        while rest.starts_with(b"PK\x01\x02") {
            count += 1;
            if count > limits::MAX_ARCHIVE_ENTRIES {
                return Err(Error::unreadable(
                    Unreadable::TooLarge,
                    format!("The archive has more than {} entries", limits::MAX_ARCHIVE_ENTRIES),
                ));
            }
            let Some((name, mut entry, length)) = parse_directory_record(rest) else { break };
            entry.offset = entry.offset.saturating_add(preceding_bytes);
            if name.len() <= MAX_NAME_BYTES {
                entries.insert(name, entry);
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Self { bytes, entries, remaining_bytes: limits::MAX_INFLATED_BYTES })
    }

    /// Whether there is an entry of this name.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The names of the entries, sorted.
    pub fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Reads an entry with `read`; None if there is no such entry.
    ///
    /// An entry that exceeds a bound is cut, and then this fails whatever the result of `read`.
    pub fn entry<T>(&mut self, name: &str, read: impl FnOnce(&mut dyn BufRead) -> Result<T>) -> Result<Option<T>> {
        let Some(entry) = self.entries.get(name) else {
            return Ok(None);
        };
        if entry.encrypted {
            return Err(password_protected());
        }
        let packed =
            data(self.bytes, entry).ok_or_else(|| Error::unreadable(Unreadable::Damaged, "The archive is damaged"))?;
        let inflated: Box<dyn Read> = match entry.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(packed)),
            _ => {
                let message = "The archive uses an unsupported compression method";
                return Err(Error::unreadable(Unreadable::Unsupported, message));
            }
        };
        let by_ratio =
            (packed.len() as u64).saturating_mul(limits::MAX_INFLATION_RATIO).max(limits::INFLATION_GRACE_BYTES);
        let bound = by_ratio.min(self.remaining_bytes);
        let mut reader = BufReader::new(Bounded { inner: inflated, remaining_bytes: bound, is_exceeded: false });
        let result = read(&mut reader);
        let bounded = reader.get_ref();
        self.remaining_bytes = self.remaining_bytes.saturating_sub(bound - bounded.remaining_bytes);
        if bounded.is_exceeded {
            let message = if bound < by_ratio {
                format!("The archive holds more than {} MiB", limits::MAX_INFLATED_BYTES / limits::MIB)
            } else {
                format!("The archive grows more than {} times when it is unpacked", limits::MAX_INFLATION_RATIO)
            };
            return Err(Error::unreadable(Unreadable::TooLarge, message));
        }
        result.map(Some)
    }

    /// The text of a small entry; None if it cannot be read.
    fn text(&mut self, name: &str) -> Option<String> {
        let read = |reader: &mut dyn BufRead| {
            let mut text = String::new();
            reader.take(256).read_to_string(&mut text).map_err(Error::internal)?;
            Ok(text)
        };
        self.entry(name, read).ok().flatten()
    }
}

/// A reader that ends after a number of bytes, and records whether there were more.
struct Bounded<R> {
    inner: R,
    remaining_bytes: u64,
    is_exceeded: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.remaining_bytes == 0 {
            self.is_exceeded |= self.inner.read(&mut [0])? > 0;
            return Ok(0);
        }
        let max = usize::try_from(self.remaining_bytes).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..max).unwrap_or_default())?;
        self.remaining_bytes -= read as u64;
        Ok(read)
    }
}

/// The offset of the end record: 22 bytes, followed by a comment of at most 64 KiB.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let start = bytes.len().saturating_sub(22 + 65_535);
    let tail = bytes.get(start..)?;
    Some(start + memmem::rfind(tail, b"PK\x05\x06")?)
}

/// Parses a record of the central directory: the name and the entry, and the length of the record.
fn parse_directory_record(record: &[u8]) -> Option<(String, Entry, usize)> {
    const FIXED: usize = 46;
    let name_length = usize::from(u16_at(record, 28)?);
    let extra_length = usize::from(u16_at(record, 30)?);
    let length = FIXED + name_length + extra_length + usize::from(u16_at(record, 32)?);
    let name = String::from_utf8_lossy(record.get(FIXED..FIXED + name_length)?).replace('\\', "/");
    let extra = record.get(FIXED + name_length..FIXED + name_length + extra_length)?;
    let mut zip64_fields = zip64_fields(extra);
    let mut field = |offset| {
        let short = u32_at(record, offset)?;
        // The ZIP64 extension holds the values that do not fit, in this order.
        if short == u64::from(u32::MAX) { zip64_fields.next() } else { Some(short) }
    };
    let _unpacked_size = field(24);
    let packed_size = field(20)?;
    let offset = field(42)?;
    let entry = Entry { offset, packed_size, method: u16_at(record, 10)?, encrypted: u16_at(record, 8)? & 1 == 1 };
    Some((name, entry, length))
}

/// The fields of the ZIP64 extension.
fn zip64_fields(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut fields: &[u8] = &[];
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if id == 1 {
            fields = extra.get(4..end).unwrap_or_default();
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    fields.as_chunks::<8>().0.iter().map(|field| u64::from_le_bytes(*field))
}

/// The packed bytes of an entry.
fn data<'a>(bytes: &'a [u8], entry: &Entry) -> Option<&'a [u8]> {
    let header = slice(bytes, entry.offset, 30).filter(|header| header.starts_with(b"PK\x03\x04"))?;
    let skip = 30 + u64::from(u16_at(header, 26)?) + u64::from(u16_at(header, 28)?);
    slice(bytes, entry.offset.checked_add(skip)?, entry.packed_size)
}

fn slice(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let end = usize::try_from(start.checked_add(length)?).ok()?;
    bytes.get(usize::try_from(start).ok()?..end)
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(offset..offset.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;
    use crate::error::ErrorKind;

    /// Packs files into an archive in memory.
    pub(crate) fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            let packed = encoder.finish().unwrap();
            let mut fields = [20u16, 0, 8, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
            fields.extend((packed.len() as u32).to_le_bytes());
            fields.extend((content.len() as u32).to_le_bytes());
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend([0, 0]);
            directory.extend(b"PK\x01\x02\x14\0");
            directory.extend(&fields);
            directory.extend([0; 10]);
            directory.extend((out.len() as u32).to_le_bytes());
            directory.extend(name.as_bytes());
            out.extend(b"PK\x03\x04");
            out.extend(&fields);
            out.extend(name.as_bytes());
            out.extend(packed);
        }
        let offset = out.len() as u32;
        let size = directory.len() as u32;
        out.extend(directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend([(files.len() as u16).to_le_bytes(); 2].concat());
        out.extend(size.to_le_bytes());
        out.extend(offset.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    fn length(reader: &mut dyn BufRead) -> Result<usize> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(Error::internal)?;
        Ok(bytes.len())
    }

    #[test]
    fn detects_the_format() {
        for (files, expected) in [
            (&[("word/document.xml", &b"<w/>"[..])][..], ZipContent::Word),
            (&[("xl/workbook.xml", b"")], ZipContent::Other("Excel workbook")),
            (&[("mimetype", b"application/vnd.oasis.opendocument.text")], ZipContent::Other("OpenDocument text")),
            (&[("a.txt", b"x")], UNKNOWN),
        ] {
            assert_eq!(zip_content(&pack(files)), expected);
        }
        assert_eq!(zip_content(b"PK\x03\x04broken"), ZipContent::Damaged);
    }

    #[test]
    fn another_compression_method_is_not_supported() {
        let bytes = pack(&[("word/document.xml", b"<w/>")]);
        let mut archive = Archive::open(&bytes).unwrap();
        archive.entries.get_mut("word/document.xml").unwrap().method = 12;
        let error = archive.entry("word/document.xml", length).unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Unreadable(Unreadable::Unsupported), "The archive uses an unsupported compression method")
        );
    }

    #[test]
    fn bounds_growth() {
        let bomb = vec![b' '; 4 * usize::try_from(limits::INFLATION_GRACE_BYTES).unwrap()];
        let small = vec![b' '; 1000];
        let bytes = pack(&[("bomb", &bomb), ("small", &small)]);
        let mut archive = Archive::open(&bytes).unwrap();
        assert_eq!(archive.entry("bomb", length).unwrap_err().code(), "DOCUMENT_TOO_LARGE");
        assert_eq!(archive.entry("small", length).unwrap(), Some(1000));
        assert_eq!(archive.entry("none", length).unwrap(), None);
        archive.remaining_bytes = 999;
        assert_eq!(archive.entry("small", length).unwrap_err().code(), "DOCUMENT_TOO_LARGE");
    }
}
