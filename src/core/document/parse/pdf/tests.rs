//! Whole PDFs, written by hand as small as they get.

use std::fmt::Write as _;

use super::*;
use crate::document::{ReadOptions, Role};

/// Writes a PDF of objects, numbered from 1. The first is the catalog.
pub(crate) fn write_pdf(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut file = "%PDF-1.7\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(file.len());
        writeln!(file, "{number} 0 obj\n{object}\nendobj").unwrap();
    }
    let start = file.len();
    writeln!(file, "xref\n0 {}\n0000000000 65535 f ", objects.len() + 1).unwrap();
    for offset in offsets {
        writeln!(file, "{offset:010} 00000 n ").unwrap();
    }
    write!(file, "trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF", objects.len() + 1).unwrap();
    file.into_bytes()
}

fn stream(dict: &str, content: &str) -> String {
    format!("<<{dict}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// A PDF whose pages have these contents and share Helvetica as F1, its bold as F2, and a form as X.
pub(crate) fn pdf(pages: &[&str], extra: &str) -> Vec<u8> {
    let first = 6;
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", first + 2 * page)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!(
            "<</Type/Pages/Kids[{kids}]/Count {}/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R/F2 4 0 R>>/XObject<</X 5 0 R>>>>>>",
            pages.len()
        ),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>".to_owned(),
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Matrix[1 0 0 1 0 -20]",
            "BT /F1 10 Tf 50 700 Td (in a form) Tj ET /X Do",
        ),
    ];
    for (number, content) in pages.iter().enumerate() {
        objects.push(format!("<</Type/Page/Parent 2 0 R/Contents {} 0 R{extra}>>", first + 2 * number + 1));
        objects.push(stream("", content));
    }
    write_pdf(&objects, "/Info<</Title(A title)>>")
}

fn read_all(bytes: &[u8]) -> Result<Document> {
    read(bytes, &PageSelection::default())
}

fn text(content: &str) -> String {
    read_all(&pdf(&[content], "")).unwrap().pages[0].text.clone()
}

#[test]
fn text_operators() {
    for (content, expected) in [
        ("BT /F1 12 Tf 50 700 Td (Hello ) Tj (world) Tj ET", "Hello world"),
        // Kerning is no space, a wide step is.
        ("BT /F1 12 Tf 50 700 Td [(W) 80 (orld) -600 (wide)] TJ ET", "World wide"),
        // Letter spacing is no space.
        ("BT /F1 12 Tf 3 Tc 50 700 Td (Spaced out) Tj ET", "Spaced out"),
        ("BT /F1 12 Tf 14 TL 50 700 Td (one) Tj T* (two) Tj (three) ' ET", "one\ntwo\nthree"),
        ("q 2 0 0 2 0 0 cm BT /F1 6 Tf 25 350 Td (scaled) Tj ET Q", "scaled"),
        // Twice to look bold, twice by mistake, and once outside the page.
        (
            "BT /F1 12 Tf 50 700 Td (bold) Tj ET BT /F1 12 Tf 50.3 700 Td (bold) Tj ET BT /F1 12 Tf 900 700 Td (out) Tj ET",
            "bold",
        ),
        ("BT /F1 12 Tf 50 700 Td (H) Tj /F1 6 Tf 0 -2 Td 8.67 0 Td (2) Tj /F1 12 Tf 3.4 2 Td (O) Tj ET", "H2O"),
        ("/Span <</ActualText(fi)>> BDC BT /F1 12 Tf 50 700 Td (x) Tj ET EMC", "fi"),
        ("/X Do", "in a form"),
        // With a font that is not there: Helvetica.
        ("BT 1 0 0 1 50 700 Tm /F9 12 Tf (other) Tj ET", "other"),
        ("BT /F1 12 Tf 50 700 Td (caf\\351 \\223q\\224) Tj ET", "café “q”"),
    ] {
        assert_eq!(text(content), expected, "{content}");
    }
}

#[test]
fn words_have_places() {
    let document = read_all(&pdf(&["BT /F1 10 Tf 50 700 Td (Total 12) Tj ET"], "")).unwrap();
    let page = &document.pages[0];
    assert_eq!((document.title.as_deref(), page.size), (Some("A title"), Some((600.0, 800.0))));
    let words: Vec<_> = page.words.iter().map(|word| (word.span.of(&page.text), word.rect)).collect();
    let [("Total", total), ("12", number)] = words[..] else { panic!("{words:?}") };
    // Helvetica: T 611, o 556, t 278, a 556, l 222, space 278.
    assert!((total.x - 50.0).abs() < 0.01 && (total.width - 22.23).abs() < 0.01, "{total:?}");
    assert!((total.y - 92.0).abs() < 0.01 && (total.height - 10.0).abs() < 0.01, "{total:?}");
    assert!((number.x - 75.01).abs() < 0.01, "{number:?}");
}

#[test]
fn turned_pages_read_upright() {
    let content = "BT /F1 10 Tf 0 1 -1 0 300 100 Tm (turned text) Tj ET";
    let page = &read_all(&pdf(&[content], "/Rotate 90")).unwrap().pages[0];
    assert_eq!((page.text.as_str(), page.size), ("turned text", Some((800.0, 600.0))));
    assert!(
        (page.words[0].rect.x - 100.0).abs() < 0.01 && (page.words[0].rect.y - 292.0).abs() < 0.01,
        "{:?}",
        page.words
    );
}

#[test]
fn pages_are_chosen_and_margins_found() {
    let page = |number: u32, body: &str| {
        format!(
            "BT /F1 10 Tf 50 780 Td (ACME Ltd) Tj ET BT /F1 10 Tf 50 400 Td ({body}) Tj ET BT /F1 10 Tf 50 20 Td (Page {number}) Tj ET"
        )
    };
    let contents = [page(1, "one"), page(2, "two"), page(3, "three")];
    let bytes = pdf(&contents.each_ref().map(String::as_str), "");
    let roles = |document: &Document| document.pages[0].passages.iter().map(|passage| passage.role).collect::<Vec<_>>();
    let options = ReadOptions { pages: Some("2-".to_owned() + "3"), max_pages: None };
    let document = crate::document::read(&bytes, &options).unwrap();
    assert_eq!(document.pages.iter().map(|page| page.number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(roles(&document), [Role::Margin, Role::Body, Role::Margin]);
    let options = ReadOptions { pages: Some("9".to_owned()), max_pages: None };
    let error = crate::document::read(&bytes, &options).unwrap_err();
    assert_eq!(error.message(), "The pages asked for select none of the document's 3 pages");
}

#[test]
fn fields_and_notes_are_read() {
    let annotations = "/Annots[<</Subtype/Widget/FT/Tx/V(Field value)/Rect[50 600 250 620]>>\
        <</Subtype/FreeText/Contents(A note)/Rect[50 500 250 520]>>\
        <</Subtype/Widget/F 2/V(hidden)/Rect[50 400 250 420]>>]";
    let document = read_all(&pdf(&["BT /F1 10 Tf 50 700 Td (Name) Tj ET"], annotations)).unwrap();
    assert_eq!(document.pages[0].text, "Name\n\nField value\n\nA note");
}

#[test]
fn what_cannot_be_read_is_told() {
    let picture = "BI /W 1 /H 1 /CS /G /BPC 8 ID x EI BT /F1 10 Tf 50 700 Td (3) Tj ET";
    let encrypted = write_pdf(
        &["<</Type/Catalog/Pages 2 0 R>>".to_owned(), "<</Type/Pages/Kids[]/Count 0>>".to_owned()],
        &format!(
            "/ID[(a)(b)]/Encrypt<</Filter/Standard/V 1/R 2/Length 40/P -4/O<{}>/U<{}>>>",
            "00".repeat(32),
            "11".repeat(32)
        ),
    );
    for (bytes, kind) in [
        (pdf(&[picture], ""), Unreadable::NeedsOcr),
        (encrypted, Unreadable::Encrypted),
        (b"%PDF-1.7 and nothing else".to_vec(), Unreadable::Broken),
    ] {
        assert_eq!(read_all(&bytes).unwrap_err().kind(), crate::error::Kind::Unreadable(kind));
    }
}

#[test]
fn claims_of_fonts_are_bounded() {
    let page =
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>";
    let content = stream("", "BT /F1 10 Tf 50 700 Td (a) Tj /F2 10 Tf (b) Tj /F9 10 Tf (c) Tj ET");
    let bytes = write_pdf(
        &[
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            page.to_owned(),
            content,
            "<</Type/Font/Subtype/Type1/BaseFont/X/FirstChar 4000000000/LastChar 4000000001/Widths[1 2]>>".to_owned(),
            "<</Type/Font/Subtype/Type0/BaseFont/Y/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/W[0 4000000000 500]>>]>>".to_owned(),
        ],
        "",
    );
    // Such fonts are as good as none: the text is ASCII, so it is read as Helvetica.
    assert_eq!(read_all(&bytes).unwrap().pages[0].text, "abc");
}

#[test]
fn work_is_bounded() {
    let mut budget = Budget { glyphs: 3, ..Budget::default() };
    let bytes = pdf(&["BT /F1 12 Tf 50 700 Td (abcd) Tj ET", "q Q q Q", "/X Do"], "");
    let file = Pdf::new(bytes).unwrap();
    let (fonts, layers) = (Fonts::new(), Layers::new(&Dict::default()));
    let run = |page: usize, budget: &mut Budget| Interpreter::new(&file.pages()[page], &fonts, &layers, budget).page();
    assert_eq!(run(0, &mut budget).unwrap_err().code(), "DOCUMENT_TOO_LARGE");
    budget = Budget { work: 5, ..Budget::default() };
    run(1, &mut budget).unwrap();
    assert_eq!(run(1, &mut budget).unwrap_err().code(), "TIMEOUT");
    assert_eq!(run(2, &mut Budget { glyphs: 8, ..Budget::default() }).unwrap_err().code(), "DOCUMENT_TOO_LARGE");
}
