//! Tests of reading, including arbitrary and damaged bytes.

use proptest::prelude::*;

use super::formats::pdf::tests::pdf;
use super::*;
use crate::budget::Budget;
use crate::error::ErrorKind;

fn samples() -> Vec<Vec<u8>> {
    vec![
        pdf(&["BT /F1 12 Tf 50 700 Td (Hello) Tj 0 -20 Td [(wor) -300 (ld)] TJ ET /X Do", "(x) Tj"], ""),
        archive::tests::pack(&[
            ("word/document.xml", b"<w:document><w:tbl><w:tr><w:tc><w:p><w:t>a</w:t></w:p></w:tc></w:tr></w:tbl></w:document>"),
            ("word/styles.xml", b"<w:styles/>"),
        ]),
        b"From: a@b.c\r\nSubject: =?utf-8?q?=C3=A9?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHi\r\n> quoted\r\n--x--".to_vec(),
        b"<!doctype html><title>t</title><table><tr><td>a<td>b</table><p hidden>c<h1>d</h1>&amp;&#x20ac;".to_vec(),
        "# T\n\n| a | b |\n|---|---|\n- [x](y) **z** <b> `c`\n".into(),
        "plain text\nwith   columns    of\x0cwords".into(),
    ]
}

/// Reads bytes, and checks the invariants of documents.
fn check(bytes: &[u8]) {
    let Ok(document) = read(bytes, &ReadOptions::default(), &Budget::unlimited()) else { return };
    assert!(document.page_count as usize >= document.pages.len());
    for page in &document.pages {
        let mut end = 0;
        for passage in &page.passages {
            assert!(passage.span.start >= end && passage.span.end > passage.span.start);
            assert!(page.text.get(passage.span.start..passage.span.end).is_some());
            end = passage.span.end;
        }
        assert_eq!(end, page.text.len());
        for word in &page.words {
            assert!(!word.span.of(&page.text).is_empty());
            assert!([word.rect.x, word.rect.y, word.rect.width, word.rect.height].iter().all(|side| side.is_finite()));
        }
    }
}

#[test]
fn formats_are_detected_from_the_bytes() {
    let formats = [Format::Pdf, Format::Docx, Format::Eml, Format::Html, Format::Markdown, Format::Plain];
    for (sample, format) in samples().iter().zip(formats) {
        assert_eq!(read(sample, &ReadOptions::default(), &Budget::unlimited()).unwrap().format, format);
        check(sample);
    }
}

/// Documents are stored, and handed back by callers.
#[test]
fn roles_keep_their_names() {
    let names = r#"["title","heading","body","table_row","quote","signature","margin","header"]"#;
    let roles: Vec<Role> = serde_json::from_str(names).unwrap();
    use Role::{Body, Header, Heading, Margin, Quote, Signature, TableRow, Title};
    assert_eq!(roles, [Title, Heading, Body, TableRow, Quote, Signature, Margin, Header]);
    assert_eq!(serde_json::to_string(&roles).unwrap(), names);
}

#[test]
fn reports_why_a_file_is_not_read() {
    let large = vec![b'a'; usize::try_from(limits::MAX_DOCUMENT_BYTES).unwrap() + 1];
    for (bytes, reason, message) in [
        (&b""[..], Unreadable::NoText, "The file is empty"),
        (b" \n ", Unreadable::NoText, "The document holds no text"),
        (b"\x89PNG\r\n\x1a\n", Unreadable::Unsupported, "Files of this type are not supported: PNG image"),
        (
            b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            Unreadable::Unsupported,
            "Files of this type are not supported: ZIP archive",
        ),
        (&large, Unreadable::TooLarge, "The file is larger than 32 MiB"),
    ] {
        let error = read(bytes, &ReadOptions::default(), &Budget::unlimited()).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Unreadable(reason), message));
    }
}

#[test]
fn documents_survive_serialization() {
    let document = read(&samples()[0], &ReadOptions::default(), &Budget::unlimited()).unwrap();
    let json = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
    }

    #[test]
    fn any_text(text in "\\PC{0,200}", start in prop::sample::select(vec!["", "<html>", "# a\n[b](c)\n", "From: a\nTo: b\n\n", "%PDF-1.4\n"])) {
        check(format!("{start}{text}").as_bytes());
    }

    #[test]
    fn damaged_samples(sample in 0..6_usize, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in any::<prop::sample::Index>()) {
        let mut bytes = samples().swap_remove(sample);
        for (index, byte) in &damage {
            let index = index.index(bytes.len());
            bytes[index] = *byte;
        }
        check(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        check(&bytes);
    }
}
