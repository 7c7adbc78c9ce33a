//! Complete PDFs, written by hand and as small as possible.

use std::fmt::Write as _;

use super::filters::tests::{deflated, hex, run_lengths};
use super::*;
use crate::budget::Budget;
use crate::document::{ReadOptions, Role, over_budget_as_unreadable};
use crate::limits;

/// Writes a PDF with these objects, numbered from 1. The first is the catalog.
pub(crate) fn write_pdf(objects: &[impl AsRef<[u8]>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object.as_ref());
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        writeln!(end, "{offset:010} 00000 n ").unwrap();
    }
    write!(end, "trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF", objects.len() + 1).unwrap();
    file.extend(end.bytes());
    file
}

fn stream(dict: &str, content: &str) -> String {
    format!("<<{dict}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// A PDF with these page contents. The pages share Helvetica as F1, Helvetica-Bold as F2 and a form as X.
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
    read(bytes, &PageSelection::default(), &Budget::unlimited())
}

fn text(content: &str) -> String {
    read_all(&pdf(&[content], "")).unwrap().pages[0].text.clone()
}

#[test]
fn interprets_text_operators() {
    for (content, expected) in [
        ("BT /F1 12 Tf 50 700 Td (Hello ) Tj (world) Tj ET", "Hello world"),
        // Kerning is not a space, a wide step is.
        ("BT /F1 12 Tf 50 700 Td [(W) 80 (orld) -600 (wide)] TJ ET", "World wide"),
        // Letter spacing is not a space.
        ("BT /F1 12 Tf 3 Tc 50 700 Td (Spaced out) Tj ET", "Spaced out"),
        ("BT /F1 12 Tf 14 TL 50 700 Td (one) Tj T* (two) Tj (three) ' ET", "one\ntwo\nthree"),
        ("q 2 0 0 2 0 0 cm BT /F1 6 Tf 25 350 Td (scaled) Tj ET Q", "scaled"),
        // Text drawn twice to look bold, and text outside the page.
        (
            "BT /F1 12 Tf 50 700 Td (bold) Tj ET BT /F1 12 Tf 50.3 700 Td (bold) Tj ET BT /F1 12 Tf 900 700 Td (out) Tj ET",
            "bold",
        ),
        ("BT /F1 12 Tf 50 700 Td (H) Tj /F1 6 Tf 0 -2 Td 8.67 0 Td (2) Tj /F1 12 Tf 3.4 2 Td (O) Tj ET", "H2O"),
        ("/Span <</ActualText(fi)>> BDC BT /F1 12 Tf 50 700 Td (x) Tj ET EMC", "fi"),
        ("/X Do", "in a form"),
        // A missing font: Helvetica is used.
        ("BT 1 0 0 1 50 700 Tm /F9 12 Tf (other) Tj ET", "other"),
        ("BT /F1 12 Tf 50 700 Td (caf\\351 \\223q\\224) Tj ET", "café “q”"),
    ] {
        assert_eq!(text(content), expected, "{content}");
    }
}

#[test]
fn words_have_positions() {
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
fn reads_rotated_pages_upright() {
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
fn selects_pages_and_finds_margins() {
    let page = |number: u32, body: &str| {
        format!(
            "BT /F1 10 Tf 50 780 Td (ACME Ltd) Tj ET BT /F1 10 Tf 50 400 Td ({body}) Tj ET BT /F1 10 Tf 50 20 Td (Page {number}) Tj ET"
        )
    };
    let contents = [page(1, "one"), page(2, "two"), page(3, "three")];
    let bytes = pdf(&contents.each_ref().map(String::as_str), "");
    let roles = |document: &Document| document.pages[0].passages.iter().map(|passage| passage.role).collect::<Vec<_>>();
    let options = ReadOptions { pages: Some("2-".to_owned() + "3"), max_pages: None };
    let document = crate::document::read(&bytes, &options, &Budget::unlimited()).unwrap();
    assert_eq!(document.pages.iter().map(|page| page.number).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(roles(&document), [Role::Margin, Role::Body, Role::Margin]);
    let options = ReadOptions { pages: Some("9".to_owned()), max_pages: None };
    let error = crate::document::read(&bytes, &options, &Budget::unlimited()).unwrap_err();
    assert_eq!(error.message(), "The pages asked for select none of the document's 3 pages");
}

#[test]
fn reads_form_fields_and_notes() {
    let annotations = "/Annots[<</Subtype/Widget/FT/Tx/V(Field value)/Rect[50 600 250 620]>>\
        <</Subtype/FreeText/Contents(A note)/Rect[50 500 250 520]>>\
        <</Subtype/Widget/F 2/V(hidden)/Rect[50 400 250 420]>>]";
    let document = read_all(&pdf(&["BT /F1 10 Tf 50 700 Td (Name) Tj ET"], annotations)).unwrap();
    assert_eq!(document.pages[0].text, "Name\n\nField value\n\nA note");
}

#[test]
fn unreadable_files_report_the_reason() {
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
        (b"%PDF-1.7 and nothing else".to_vec(), Unreadable::Damaged),
    ] {
        assert_eq!(read_all(&bytes).unwrap_err().kind(), crate::error::ErrorKind::Unreadable(kind));
    }
}

#[test]
fn ignores_fonts_with_excessive_widths() {
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
    // These fonts count as missing: the text is ASCII, so it is read with Helvetica.
    assert_eq!(read_all(&bytes).unwrap().pages[0].text, "abc");
}

#[test]
fn objects_that_are_too_long_are_not_read() {
    let objects = |extra: &str, object_6: String| {
        let page = format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>{extra}>>");
        write_pdf(
            &[
                "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
                "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>".to_owned(),
                page,
                stream("", "BT /F1 12 Tf 50 700 Td (Hello) Tj ET"),
                "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
                object_6,
                "<</Subtype/FreeText/Contents(A note)/Rect[50 500 250 520]>>".to_owned(),
            ],
            "",
        )
    };
    let read = |bytes: Vec<u8>| {
        let page = read_all(&bytes).unwrap().pages.swap_remove(0);
        (page.text, page.size.unwrap())
    };
    let notes = |count: usize| format!("[7 0 R {}]", "null ".repeat(count));
    assert_eq!(read(objects("/Annots 6 0 R", notes(9))).0, "Hello\n\nA note");
    assert_eq!(read(objects("/Annots 6 0 R", notes(syntax::MAX_OBJECT_BYTES / 5))).0, "Hello");
    // Numbers that are other objects.
    for (number, width) in [("500".to_owned(), 500.0), (format!("[{}]", "1 ".repeat(1_000)), 600.0)] {
        let (text, size) = read(objects("/MediaBox[0 0 6 0 R 800]", number));
        assert_eq!((text.as_str(), size), ("Hello", (width, 800.0)));
    }
}

#[test]
fn long_content_is_read_whole() {
    let show = "BT /F1 12 Tf 50 700 Td (at the end) Tj ET";
    for filling in ["q Q ", "[(unseen) -5 <41>] [1 2] MP ", "/A <</B[1 (])]>> DP %(\n"] {
        let long = filling.repeat((2 << 20) / filling.len());
        assert_eq!(text(&format!("{long}{show}")), "at the end");
        // What ends short content ends long content.
        assert_eq!(text(&format!("{long} ) {long}{show}")), "");
    }
    let operands = "1 ".repeat(40);
    assert_eq!(text(&format!("{}{operands} q {}{show}", "q Q ".repeat(1 << 18), "q Q ".repeat(1 << 18))), "");
}

#[test]
fn the_budget_bounds_glyphs_and_work() {
    let read = |content: &str| {
        let budget = Budget::request();
        let read = read(&pdf(&[content], ""), &PageSelection::default(), &budget).map_err(over_budget_as_unreadable);
        assert_eq!(budget.memory_left(), limits::MAX_HELD_BYTES, "what was held is given back");
        read.map_err(|error| error.code())
    };
    let glyphs = "BT /F1 12 Tf 50 700 Td ".to_owned() + &"(a b ) Tj -9 0 Td ".repeat(limits::MAX_PAGE_GLYPHS / 4 + 1);
    assert_eq!(read(&glyphs).unwrap_err(), "DOCUMENT_TOO_LARGE");
    assert_eq!(read(&"/X Do ".repeat(300_000)).unwrap_err(), "DOCUMENT_TOO_LARGE");
}

/// A PDF with one page that has this content stream, and an additional object 6.
fn pdf_with_content(dict: &str, data: &[u8], object_6: &str) -> Vec<u8> {
    let mut content = format!("<<{dict}/Length {}>>\nstream\n", data.len()).into_bytes();
    content.extend(data);
    content.extend(b"\nendstream");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R/AF[<</F(a)/EF<</F 4 0 R>>>>]>>".into(),
        "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>".into(),
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".into(),
        content,
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 4 0 R>>".into(),
        object_6.into(),
    ];
    write_pdf(&objects, "")
}

/// What a document or its attachments fail with, within the budget of a request.
fn outcome<T>(read: impl FnOnce(&Budget) -> Result<T>) -> std::result::Result<T, &'static str> {
    let budget = Budget::request();
    let result = read(&budget).map_err(over_budget_as_unreadable).map_err(|error| error.code());
    // What was held is given back.
    if budget.memory_left() == limits::MAX_HELD_BYTES { result } else { Err("MEMORY_STILL_HELD") }
}

fn read_text(bytes: &[u8]) -> std::result::Result<String, &'static str> {
    outcome(|budget| read(bytes, &PageSelection::default(), budget)).map(|document| document.pages[0].text.clone())
}

#[test]
fn streams_of_any_filters_are_read_or_refused() {
    let text = b"BT /F1 12 Tf 50 700 Td (Hello) Tj ET";
    let large = vec![b' '; 64 << 20];
    let (deflated_text, large) = (deflated(text), deflated(&large));
    // A stored block that contains "endstream", before the large data.
    let mut hidden = vec![0x78, 0x01, 0x00, 9, 0, 0xf6, 0xff];
    hidden.extend(b"endstream");
    hidden.extend(&large[2..]);
    let chain = "[/Fl/Fl]";
    for (dict, data, expected) in [
        ("", &text.to_vec(), true),
        ("/Filter/FlateDecode", &deflated_text, true),
        ("/Filter 6 0 R", &deflated_text, true),
        ("/Filter[/ASCIIHexDecode/FlateDecode]", &hex(&deflated_text), true),
        ("/Filter/RunLengthDecode", &run_lengths(text), true),
        ("/Filter[/FlateDecode/FlateDecode/FlateDecode]", &deflated(&deflated(&deflated_text)), true),
        ("/Filter[/Fl/Fl]", &deflated(&deflated_text), true),
        ("/Filter[/RL/RL]", &run_lengths(&run_lengths(text)), true),
        ("/Filter/FlateDecode", &large, false),
        ("/Filter/Fl#61teDecode", &large, false),
        ("/Foo/Image/Filter/FlateDecode", &large, false),
        ("/Filter/FlateDecode", &hidden, false),
        ("/Filter[/AHx/Fl]", &hex(&large), false),
        ("/Filter[/FlateDecode/FlateDecode/FlateDecode]", &deflated(&deflated(&large)), false),
        ("/Filter 6 0 R", &deflated(&large), false),
        ("/Filter %comment\n[ % /Fl\n/Fl %\n/Fl]", &deflated(&large), false),
    ] {
        let bytes =
            pdf_with_content(dict, data, if data.len() == deflated_text.len() { "/FlateDecode" } else { chain });
        let expected = expected.then(|| "Hello".to_owned()).ok_or("DOCUMENT_TOO_LARGE");
        assert_eq!(read_text(&bytes), expected, "{dict}");
        // The same stream as an embedded file.
        assert_eq!(outcome(|budget| attachments(&bytes, budget)).err(), expected.err(), "{dict}");
    }
    // Rows of a size that cannot be.
    let absurd = "/Filter/FlateDecode/DecodeParms<</Predictor 2/Colors 16/BitsPerComponent 16>>";
    assert_eq!(read_text(&pdf_with_content(absurd, &deflated_text, "null")), Err("DOCUMENT_DAMAGED"));
    // Images may use any filters.
    let picture = pdf_with_content("/Subtype/Image/Filter[/Fl/Fl]", &deflated(&large), "null");
    assert_eq!(read_text(&picture), Ok(String::new()));
}

/// A PDF whose page uses three fonts with one program and map, which is the stream of object 8.
fn pdf_with_fonts(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut file = format!("<<{dict}/Length {}>>stream\n", data.len()).into_bytes();
    file.extend(data);
    file.extend(b"\nendstream");
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R/F3 7 0 R>>>>>>";
    let font = "<</Type/Font/Subtype/TrueType/BaseFont/A/ToUnicode 8 0 R/FontDescriptor<</FontFile2 8 0 R>>>>";
    let content = stream("", "BT 50 700 Td /F1 10 Tf (a) Tj /F2 10 Tf (b) Tj /F3 10 Tf (c) Tj ET");
    let start =
        ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, &content, font, font, font];
    let mut objects = start.map(|object| object.as_bytes().to_vec()).to_vec();
    objects.push(file);
    write_pdf(&objects, "")
}

#[test]
fn the_budget_bounds_fonts() {
    let abc = Ok("abc".to_owned());
    assert_eq!(read_text(&pdf_with_fonts("/Filter/Fl", &deflated(b"nothing"))), abc);
    assert_eq!(read_text(&pdf_with_fonts("/Filter[/Fl/Fl]", &deflated(&deflated(b"nothing")))), abc);
    // A font program and three maps of a size that does not fit.
    let large = vec![b' '; 30 << 20];
    assert_eq!(read_text(&pdf_with_fonts("/Filter/Fl", &deflated(&large))), Err("DOCUMENT_TOO_LARGE"));
    // Maps with many entries, with long strings, and based on others.
    let entries = format!("1 beginbfchar {} endbfchar", "<61><0061>".repeat(300_000));
    assert_eq!(read_text(&pdf_with_fonts("/Filter/Fl", &deflated(entries.as_bytes()))), abc);
    let bases = "/UniJIS-UTF16-H usecmap ".repeat(1_000);
    assert_eq!(read_text(&pdf_with_fonts("/Filter/Fl", &deflated(bases.as_bytes()))), abc);
    let long = format!("1 beginbfrange <00><ff><{}> endbfrange", "0041".repeat(100_000));
    assert_eq!(read_text(&pdf_with_fonts("/Filter/Fl", &deflated(long.as_bytes()))), abc);
}

#[test]
fn the_budget_bounds_nested_content() {
    let form = |number: u32| {
        let data = deflated(&[format!("/X{number} Do").into_bytes(), vec![b' '; 20 << 20]].concat());
        let mut form = format!("<</Subtype/Form/Filter/Fl/Length {}>>stream\n", data.len()).into_bytes();
        form.extend(data);
        form.extend(b"\nendstream");
        form
    };
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 600 800]>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</XObject<</X1 5 0 R/X2 6 0 R>>>>>>".to_vec(),
        stream("", "/X1 Do").into_bytes(),
        form(2),
        form(3),
    ];
    assert_eq!(read_text(&write_pdf(&objects, "")), Err("DOCUMENT_TOO_LARGE"));
}

#[test]
fn limits_the_work_for_inline_images() {
    let picture = "BI /W 1 /H 1 /CS /G /BPC 8 ID x EI";
    assert_eq!(
        text(&format!("q {picture} Q BT /F1 12 Tf 50 700 Td (text after {picture}) Tj ET")),
        format!("text after {picture}")
    );
    // Images without an end, and images that would be parsed within each other.
    let show = "BT /F1 12 Tf 50 700 Td (text after pictures) Tj ET";
    assert_eq!(text(&format!("{} {show}", "BI /W 1 /H 1 ID ".repeat(200_000))), "text after pictures");
    assert_eq!(text(&format!("{} {show}", "BI /W 1 /H 1 ID x EI EI ".repeat(200_000))), "text after pictures");
    assert_eq!(text(&format!("{} {show}", "BI /W 1 /H 1 ID x EI q BI ".repeat(100_000))), "text after pictures");
    // After bytes that end the content, too many possible images would have to be searched.
    for hidden in ["BI /W 1 ID x EI ( ", ") BI /W 1 /H 1 ID "] {
        let hidden = pdf(&[&format!("{show} {}", hidden.repeat(200_000))], "");
        assert_eq!(read_text(&hidden), Err("TIMEOUT"));
    }
}

#[test]
fn links_are_marked() {
    let link = |rect: &str, action: &str| format!("<</Type/Annot/Subtype/Link/Rect[{rect}]/A<<{action}>>>>");
    let extra = format!(
        "/Annots[{}{}{}]",
        link("48 695 92 715", "/S/URI/URI(https://a.example/7)"),
        link("48 645 92 665", "/S/GoTo/D(x)"),
        link("48 595 400 615", "/S/URI/URI(javascript:x)"),
    );
    let content = "BT /F1 10 Tf 50 700 Td (See here and there) Tj 0 -50 Td (not here) Tj 0 -50 Td (nor here) Tj ET";
    let document = read_all(&pdf(&[content], &extra)).unwrap();
    let page = &document.pages[0];
    let marks: Vec<_> = page.marks.iter().map(|mark| (mark.span.of(&page.text), mark.kind.clone())).collect();
    assert_eq!(marks, [("See here", crate::document::MarkKind::Link { url: "https://a.example/7".into() })]);
}
