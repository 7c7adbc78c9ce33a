//! The readers of documents.

use std::fmt::Debug;

use sortroom::{
    budget::Budget,
    document::{self, Format, Mail, ReadOptions, mail_passages, read_with_attachments},
};

use super::{
    Check, Target,
    document::{check_document, check_page, check_pages, twice},
    seeds,
};
use crate::{
    inside::{mail, pdf, zip},
    verdict::{Verdict, code, require},
};

pub const TEXT: Target = Target {
    name: "text",
    seeds: || [seeds("text", &["txt"]), chosen("bad", &["latin-1.txt", "utf-16.txt"])].concat(),
    dictionary: &[
        b"\x0c",
        b"\r\n",
        b"\n\n",
        b"\t",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x1b$B",
        b"\x1b(B",
        b"\x80",
        b"\xa4",
        b"Total: 1.234,56 EUR",
        b"Invoice date 31.03.2026",
        b"IBAN DE02120300000000202051",
        b"----",
        b"  |  ",
        b"1)",
        b"- ",
    ],
    inside: None,
    check: || checked(4),
};

pub const MARKDOWN: Target = Target {
    name: "markdown",
    seeds: || seeds("markdown", &["md"]),
    dictionary: &[
        b"# ",
        b"###### ",
        b"\n===\n",
        b"\n---\n",
        b"```",
        b"~~~",
        b"> ",
        b"- ",
        b"1. ",
        b"999999999999. ",
        b"* * *",
        b"**",
        b"__",
        b"`",
        b"[a](b)",
        b"![a](b)",
        b"[",
        b"](",
        b"<!--",
        b"-->",
        b"<b>",
        b"| a | b |\n|---|---|\n",
        b"|",
        b"\\",
        b"&amp;",
        b"&#0;",
        b"\t",
        b"    ",
        b"---\ntitle: x\n---\n",
    ],
    inside: None,
    check: || checked(4),
};

pub const HTML: Target = Target {
    name: "html",
    seeds: || seeds("html", &["html"]),
    dictionary: &[
        b"<!--",
        b"-->",
        b"<!DOCTYPE html>",
        b"<html>",
        b"<table>",
        b"<tr>",
        b"<td colspan=99999>",
        b"</td>",
        b"</table>",
        b"<script>",
        b"</script>",
        b"<style>",
        b"</style>",
        b"<textarea>",
        b"<title>",
        b"</title>",
        b"<pre>",
        b"<br>",
        b"<p>",
        b"<h1>",
        b"<li>",
        b"<svg>",
        b"<math>",
        b"<template>",
        b"<plaintext>",
        b"<![CDATA[",
        b"]]>",
        b"<?xml version=\"1.0\"?>",
        b"<meta charset=utf-16>",
        b"<meta charset=\"windows-1252\">",
        b"&amp;",
        b"&#x110000;",
        b"&#0;",
        b"&notit;",
        b"&",
        b"<",
        b" hidden",
        b" style=\"display:none\"",
        b"=\"",
        b"'",
        b"/>",
    ],
    inside: None,
    check: || checked(4),
};

pub const MAIL: Target = Target {
    name: "mail",
    seeds: || seeds("mail", &["eml"]),
    dictionary: &[
        b"Content-Type: ",
        b"multipart/mixed; boundary=x",
        b"multipart/alternative; boundary=\"x\"",
        b"message/rfc822",
        b"text/html; charset=utf-7",
        b"text/plain; charset=iso-2022-jp",
        b"text/plain; format=flowed; delsp=yes",
        b"application/pdf",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: 8bit",
        b"Content-Disposition: attachment; filename=\"a.pdf\"",
        b"filename*0*=utf-8''a",
        b"filename*1=b",
        b"Subject: ",
        b"From: ",
        b"To: ",
        b"Date: Thu, 1 Jan 1970 00:00:00 +0000",
        b"MIME-Version: 1.0",
        b"=?utf-8?B?w6Q=?=",
        b"=?utf-8?Q?=C3?=",
        b"=?x?B?",
        b"?=",
        b"\r\n\r\n",
        b"\r\n--x\r\n",
        b"\r\n--x--\r\n",
        b"\r\n ",
        b"> ",
        b"-- \r\n",
        b"=\r\n",
        b"=3D",
        b"<",
        b">",
        b"\"",
        b"(",
        b")",
        b",",
        b";",
        b":",
        b"begin 644 a\r\n",
        b"On 1 May A wrote:",
        b"From x Sat Nov 21\n",
    ],
    inside: Some(mail::edit),
    check: || checked(16),
};

pub const MAIL_BODY: Target = Target {
    name: "mail-body",
    seeds: || seeds("mail-body", &["eml", "html"]),
    dictionary: &[
        b"> ",
        b">> ",
        b"-- \n",
        b"On 1 May 2026, A <a@b.example> wrote:\n",
        b"Am 1. Mai schrieb A:\n",
        b"-----Original Message-----\n",
        b"From: ",
        b"Sent: ",
        b"To: ",
        b"Subject: ",
        b"\n\n",
        b"<blockquote>",
        b"</blockquote>",
        b"<div class=gmail_quote>",
        b"<br>",
        b"Best regards\n",
        b"Mit freundlichen Gr\xc3\xbc\xc3\x9fen\n",
        b"Sent from my phone",
        b"________",
        b"<html>",
        b"\r\n",
    ],
    inside: None,
    check: || Box::new(check_mail_body),
};

pub const PDF: Target = Target {
    name: "pdf",
    seeds: || {
        // The smaller ones: of the large ones, most is a font, and they are read for ten times as long.
        let corpus = seeds("pdf", &["pdf"]).into_iter().filter(|file| file.len() < 16 * 1024);
        let bad =
            ["owner-password.pdf", "password-aes.pdf", "password-rc4.pdf", "scan-without-text.pdf", "truncated.pdf"];
        corpus.chain(chosen("pdf", &["bon-de-livraison-fr.pdf"])).chain(chosen("bad", &bad)).collect()
    },
    dictionary: &[
        b"obj",
        b"endobj",
        b"stream\n",
        b"endstream",
        b"xref\n",
        b"trailer",
        b"startxref\n",
        b"%%EOF",
        b"%PDF-1.7\n",
        b"/Filter",
        b"/FlateDecode",
        b"/ASCIIHexDecode",
        b"/ASCII85Decode",
        b"/LZWDecode",
        b"/RunLengthDecode",
        b"/DCTDecode",
        b"/Crypt",
        b"/DecodeParms<</Predictor 15/Columns 5/Colors 4/BitsPerComponent 16>>",
        b"/Length ",
        b"/Type/ObjStm/N 9/First 9",
        b"/Type/XRef/W[1 2 1]/Index[0 9]",
        b"/Prev ",
        b"/XRefStm ",
        b"/Root 1 0 R",
        b"/Encrypt",
        b"/Pages 1 0 R",
        b"/Kids[1 0 R 3 0 R]",
        b"/Parent 3 0 R",
        b"/Count -1",
        b"/MediaBox[0 0 0 0]",
        b"/MediaBox[-1e9 1e9 1e38 -1e38]",
        b"/CropBox",
        b"/Rotate 91",
        b"/UserUnit 1e9",
        b"/Contents[4 0 R 4 0 R]",
        b"/Resources",
        b"/Font",
        b"/XObject",
        b"/Subtype/Form",
        b"/Subtype/Type0",
        b"/Subtype/Type3",
        b"/Subtype/TrueType",
        b"/Subtype/Type1",
        b"/Encoding/Identity-H",
        b"/Encoding/Identity-V",
        b"/Encoding/UniJIS-UTF16-H",
        b"/Encoding<</Differences[0/a/b 255/c]>>",
        b"/ToUnicode 4 0 R",
        b"/W[0[500]1 9 400]",
        b"/DW 0",
        b"/FontMatrix[0 0 0 0 0 0]",
        b"/FontFile 4 0 R",
        b"/FontFile2 4 0 R",
        b"/FontFile3 4 0 R",
        b"/Widths[1 2]",
        b"/FirstChar 300",
        b"/Names",
        b"/EmbeddedFiles",
        b"/AF[4 0 R]",
        b"/Annots[4 0 R]",
        b"/AcroForm",
        b"/OC",
        b"/OCProperties",
        b"<<",
        b">>",
        b"[",
        b"]",
        b"(",
        b")",
        b"<",
        b">",
        b"{",
        b"}",
        b"%",
        b"#00",
        b"\\777",
        b"null",
        b"true",
        b"R",
        b"0 0 R",
        b"99999 0 R",
        b"1 0 R",
        b"BT",
        b"ET",
        b"Tj",
        b"TJ",
        b"'",
        b"\"",
        b"Tf",
        b"Td",
        b"TD",
        b"Tm",
        b"T*",
        b"TL",
        b"Tc",
        b"Tw",
        b"Tz",
        b"Ts",
        b"3 Tr",
        b"cm",
        b"q",
        b"Q",
        b"/X Do",
        b"BI /W 1 /H 1 ID ",
        b"EI",
        b"BMC",
        b"/Artifact BDC",
        b"EMC",
        b"1e38 0 0 1e38 0 0 cm",
        b"0 0 0 0 0 0 Tm",
        b"begincodespacerange <00> <ffff> endcodespacerange",
        b"beginbfrange <00> <ffff> <0041> endbfrange",
        b"beginbfchar <41> <d83dde00> endbfchar",
        b"usecmap",
    ],
    inside: Some(pdf::edit),
    check: || checked(usize::MAX),
};

pub const WORD: Target = Target {
    name: "word",
    seeds: || seeds("word", &["docx"]),
    dictionary: &[
        b"<w:p>",
        b"</w:p>",
        b"<w:r>",
        b"<w:t xml:space=\"preserve\">",
        b"</w:t>",
        b"<w:tbl>",
        b"<w:tr>",
        b"<w:tc>",
        b"</w:tc>",
        b"<w:tab/>",
        b"<w:br w:type=\"page\"/>",
        b"<w:lastRenderedPageBreak/>",
        b"<w:pStyle w:val=\"Title\"/>",
        b"<w:numPr>",
        b"<w:del>",
        b"<w:ins>",
        b"<w:txbxContent>",
        b"<mc:AlternateContent>",
        b"<mc:Fallback>",
        b"<w:fldChar w:fldCharType=\"begin\"/>",
        b"<w:instrText>",
        b"<w:sdt>",
        b"<w:footnoteReference w:id=\"1\"/>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
        b"&b;",
        b"&amp;",
        b"&#x0;",
        b"&#1114112;",
        b"xmlns:w=\"x\"",
        b"<",
        b"/>",
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"word/document.xml",
        b"word/styles.xml",
        b"_rels/.rels",
        b"Target=\"../a\"",
        b"\xff\xff\xff\xff",
    ],
    inside: Some(zip::edit),
    check: || checked(usize::MAX),
};

/// Files of a folder of the corpus.
fn chosen(folder: &str, names: &[&str]) -> Vec<Vec<u8>> {
    let folder = super::corpus_folder().join(folder);
    names.iter().map(|name| std::fs::read(folder.join(name)).unwrap()).collect()
}

/// Reads a small document of each format. What was read before has no influence on what this gives.
fn probe() -> impl PartialEq + Debug {
    const PROBES: [&[u8]; 6] = [
        include_bytes!("../seeds/pdf/hex.pdf"),
        include_bytes!("../seeds/word/all.docx"),
        b"Invoice 4711\n\nTotal: 12.50 EUR",
        b"# Title\n\nwith [a link](http://x)\n\n- one\n- two\n",
        b"<html><title>T</title><h1>Caf\xe9</h1><table><tr><td>a<td>b</table>",
        b"From: a@b.example\r\nTo: c@d.example\r\nSubject: =?utf-8?Q?=C3=A4?=\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\nHello\r\n> quoted\r\n",
    ];
    PROBES.map(|bytes| read_with_attachments(bytes, &ReadOptions::default(), &Budget::request()))
}

/// The check of a reader whose text has at most `growth` times the bytes of the file, and some; and after which others
/// are read as before.
fn checked(growth: usize) -> Check {
    let expected = probe();
    Box::new(move |bytes| {
        let verdict = check_document(bytes)?;
        if let Ok(document) = document::read(bytes, &ReadOptions::default(), &Budget::request()) {
            let text: usize = document.pages.iter().map(|page| page.text.len()).sum();
            let bound = growth.saturating_mul(bytes.len()).saturating_add(1024);
            let is_bounded = matches!(document.format, Format::Pdf | Format::Docx) || text <= bound;
            require!(is_bounded, "{} bytes become a text of {text}", bytes.len());
        }
        require!(probe() == expected, "other documents are read in another way after this one");
        Ok(verdict)
    })
}

/// A mail as callers hand it over: the first line is the subject.
fn check_mail_body(bytes: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(bytes);
    let (subject, body) = text.split_once('\n').unwrap_or(("", &text));
    let mail = Mail { subject: subject.to_owned(), body: body.to_owned(), ..Mail::default() };
    check_page(&mail_passages(body))?;
    match twice(|budget| document::read_mail(&mail, budget))? {
        Ok(document) => {
            check_pages(&document)?;
            Ok("ok")
        }
        Err(error) => code(&error),
    }
}
