//! The recognition of formats.

use sortroom::{
    budget::Budget,
    document::{self, Format, ReadOptions},
    error::{ErrorKind, Unreadable},
};

use super::{Target, seeds};
use crate::verdict::{Verdict, code, require};

pub const SNIFFER: Target = Target {
    name: "sniffer",
    seeds: || {
        let corpus = seeds("sniffer", &["bad", "txt", "md", "html", "eml", "docx", "pdf"]);
        corpus.into_iter().filter(|file| file.len() < 16 * 1024).collect()
    },
    dictionary: &[
        b"%PDF-",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"{\\rtf1",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"BM",
        b"II*\0",
        b"RIFF",
        b"\x1f\x8b",
        b"MZ",
        b"\x7fELF",
        b"<html>",
        b"<!DOCTYPE html>",
        b"<?xml",
        b"From: ",
        b"Received: ",
        b"Subject: ",
        b"# ",
        b"](",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\0",
        b"word/document.xml",
        b"xl/workbook.xml",
        b"mimetype",
        b"EncryptedPackage",
    ],
    inside: None,
    check: || Box::new(check),
};

fn check(bytes: &[u8]) -> Verdict {
    let sniffed = document::sniff(bytes);
    require!(document::sniff(bytes) == sniffed, "sniffed as {sniffed:?}, and then otherwise");
    // Whatever is recognised is read as that, or refused as that.
    let read = document::read(bytes, &ReadOptions::default(), &Budget::request());
    match (&read, sniffed) {
        (Ok(document), _) => {
            require!(sniffed == Some(document.format), "sniffed as {sniffed:?}, read as {:?}", document.format)
        }
        (Err(error), None) => {
            let is_refusal = matches!(
                error.kind(),
                ErrorKind::Unreadable(
                    Unreadable::Unsupported | Unreadable::Encrypted | Unreadable::Damaged | Unreadable::NoText
                )
            );
            require!(is_refusal, "of no format, but refused with {error:#}");
        }
        (Err(error), Some(format)) => {
            let is_named = bytes.is_empty() || error.format() == Some(format.extension());
            require!(is_named, "sniffed as {format:?}, refused as {:?}", error.format());
        }
    }
    match (&read, sniffed) {
        (Err(error), None) => code(error),
        (_, format) => Ok(format.map_or("none", Format::extension)),
    }
}
