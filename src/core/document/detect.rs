//! Detects the format of a file from its bytes. Names and declared types are never used.

use super::formats::{Format, Recognize, unsupported};
use super::source::Source;
use crate::error::Result;

/// Detects the format of a file.
///
/// # Errors
///
/// `Unsupported` with the name of the format, or `Encrypted`, if the file is recognised but not read.
pub(super) fn detect(source: &Source<'_>) -> Result<Format> {
    let by_bytes = |format: &&Format| match format.spec().recognize {
        Recognize::Bytes(is_recognized) => is_recognized(source),
        Recognize::Text(_) => false,
    };
    if let Some(format) = Format::ALL.iter().find(by_bytes) {
        return Ok(*format);
    }
    unsupported::check(source)?;
    let Some(text) = source.text_to_recognize()? else { return Err(unsupported::error("binary data")) };
    let by_text = |format: &&Format| match format.spec().recognize {
        Recognize::Bytes(_) => false,
        Recognize::Text(is_recognized) => is_recognized(&text),
    };
    Format::ALL.iter().find(by_text).copied().ok_or_else(|| unsupported::error("text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Unreadable};

    #[test]
    fn detects_formats() {
        for (bytes, expected) in [
            (&b"junk\n%PDF-1.7"[..], Format::Pdf),
            (b"From: a@b.c\r\nSubject: Hi\r\n\r\nbody", Format::Eml),
            (b"From a@b.c Sat Nov 21\nReceived: from x\n\tby y\nTo: z\n\nbody", Format::Eml),
            (b"Subject: Hi\r\nTo: all\r\n\r\nnot a mail", Format::Plain),
            (b"<!-- x --><html><p>hi", Format::Html),
            (b"# A title\n\nwith [a link](http://x)", Format::Markdown),
            (b"just text", Format::Plain),
        ] {
            assert_eq!(detect(&Source::new(bytes)), Ok(expected), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn names_what_is_not_read() {
        let cut = detect(&Source::new(b"PK\x03\x04 cut off")).unwrap_err();
        assert_eq!(cut.kind(), ErrorKind::Unreadable(Unreadable::Damaged));
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "PNG image"),
            (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "ZIP archive"),
            (b"\x00\x01\x02\x03\x04\x05\x06\x07", "binary data"),
        ] {
            let error = detect(&Source::new(bytes)).unwrap_err();
            assert_eq!(error.message(), format!("Files of this type are not supported: {expected}"));
        }
    }
}
