use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::*;
use crate::document::{self, ReadOptions};

fn parsed(bytes: &[u8]) -> Result<ParseResult> {
    let budget = Budget::stage();
    parse(&document::read(bytes, &ReadOptions::default(), &budget)?, &budget)
}

/// What a CommonMark parser makes of Markdown, with tables, struck text and tasks.
#[derive(Debug, Default, PartialEq)]
struct Rendered {
    words: Vec<String>,
    /// The outermost blocks: "p", "h1", "ol 3", "ul", "table".
    blocks: Vec<String>,
    items: usize,
    rows: Vec<Vec<String>>,
    urls: Vec<String>,
    /// What text alone must not become.
    strange: Vec<String>,
}

fn render(markdown: &str) -> Rendered {
    let mut rendered = Rendered::default();
    let mut text = String::new();
    let mut cell = String::new();
    let mut depth = 0;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(tag) => {
                let name = match &tag {
                    Tag::Paragraph => "p".to_owned(),
                    Tag::Heading { level, .. } => format!("h{}", *level as u8),
                    Tag::List(Some(start)) => format!("ol {start}"),
                    Tag::List(None) => "ul".to_owned(),
                    Tag::Table(_) => "table".to_owned(),
                    other => format!("{other:?}"),
                };
                match &tag {
                    Tag::Paragraph | Tag::Heading { .. } | Tag::List(_) | Tag::Table(_) => {}
                    Tag::Item => rendered.items += 1,
                    Tag::TableHead | Tag::TableRow => rendered.rows.push(Vec::new()),
                    Tag::TableCell => cell.clear(),
                    Tag::Link { dest_url, .. } => rendered.urls.push(dest_url.to_string()),
                    _ => rendered.strange.push(name.clone()),
                }
                if depth == 0 {
                    rendered.blocks.push(name);
                }
                depth += 1;
                if !matches!(tag, Tag::Link { .. }) {
                    text.push(' ');
                }
            }
            Event::End(tag) => {
                depth -= 1;
                if tag == TagEnd::TableCell {
                    rendered.rows.last_mut().unwrap().push(cell.clone());
                }
                if tag != TagEnd::Link {
                    text.push(' ');
                }
            }
            Event::Text(piece) => {
                text.push_str(&piece);
                cell.push_str(&piece);
            }
            Event::SoftBreak => text.push(' '),
            other => rendered.strange.push(format!("{other:?}")),
        }
    }
    rendered.words = words(&text);
    rendered
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn text_of(kind: &ItemKind) -> String {
    match kind {
        ItemKind::Heading { text, .. }
        | ItemKind::Text { text, .. }
        | ItemKind::Link { text, .. }
        | ItemKind::Margin { text, .. } => text.clone(),
        ItemKind::List { items, .. } => items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join("\n"),
        ItemKind::Table { rows, .. } => rows.concat().join("\n"),
    }
}

/// Holds a page against what a CommonMark parser makes of it.
fn check_page(page: &ParsedPage) {
    let mut expected = Vec::new();
    let mut end = 0;
    for item in &page.items {
        assert!(item.span.start >= end && item.span.start < item.span.end, "{item:?} overlaps");
        let between = page.text.get(end..item.span.start).unwrap();
        assert!(between.split_whitespace().all(is_marker), "{between:?} is in no item");
        end = item.span.end;
        let rendered = render(&item.md);
        assert!(rendered.strange.is_empty(), "{:?}\n{}", rendered.strange, item.md);
        let own = words(&text_of(&item.kind));
        assert_eq!(rendered.words, own, "\n{}\n{:?}", item.md, rendered.blocks);
        let urls: Vec<_> = item.links.iter().map(|link| link.url.as_str()).collect();
        match &item.kind {
            ItemKind::Heading { level, .. } => assert_eq!(rendered.blocks, [format!("h{level}")], "{}", item.md),
            ItemKind::Text { .. } | ItemKind::Margin { .. } => assert_eq!(rendered.blocks, ["p"], "{}", item.md),
            ItemKind::Link { url, .. } => {
                assert_eq!((rendered.blocks.as_slice(), &rendered.urls), (&["p".to_owned()][..], &vec![url.clone()]));
            }
            ItemKind::List { ordered, items } => {
                assert_eq!(rendered.blocks.len(), 1, "{:?}\n{}", rendered.blocks, item.md);
                assert_eq!(rendered.blocks[0].starts_with("ol"), *ordered, "{}", item.md);
                assert_eq!(rendered.items, items.len(), "{}", item.md);
            }
            ItemKind::Table { rows, .. } => {
                assert_eq!(rendered.blocks, ["table"], "{}", item.md);
                let tidy = |rows: &[Vec<String>]| -> Vec<Vec<Vec<String>>> {
                    rows.iter().map(|row| row.iter().map(|cell| words(cell)).collect()).collect()
                };
                assert_eq!(tidy(&rendered.rows), tidy(rows), "{}", item.md);
            }
        }
        if !matches!(item.kind, ItemKind::Link { .. }) {
            assert_eq!(rendered.urls.len(), urls.len(), "{}", item.md);
        }
        expected.extend(own);
    }
    assert!(page.text.get(end..).unwrap().split_whitespace().all(is_marker));
    assert_eq!(render(&page.markdown).words, expected, "\n{}", page.markdown);
    // The words of the page are those of its items and the bullets and numbers.
    let mut left = expected.iter().peekable();
    for word in words(&page.text) {
        if left.next_if(|next| **next == word).is_none() {
            assert!(is_marker(&word), "{word:?} is in no item; next: {:?}", left.peek());
        }
    }
    assert_eq!(left.next(), None);
}

fn is_marker(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    word.chars().count() == 1 && !word.contains(char::is_alphanumeric)
        || number.len() + 1 == word.len() && number.chars().all(|c| c.is_ascii_digit())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("parse/cases");
    let inputs: Vec<_> = files(&folder).into_iter().filter(|path| path.extension().unwrap() != "json").collect();
    assert!(inputs.len() >= 7);
    for input in inputs {
        let result = parsed(&fs::read(&input).unwrap()).unwrap();
        result.pages.iter().for_each(check_page);
        let mut json = serde_json::to_value(&result).unwrap();
        assert_eq!(serde_json::from_value::<ParseResult>(json.clone()).unwrap(), result);
        json.as_object_mut().unwrap().remove("engine_version");
        let expected: serde_json::Value = match fs::read(input.with_extension("json")) {
            Ok(text) => serde_json::from_slice(&text).unwrap(),
            Err(_) => serde_json::Value::Null,
        };
        let actual = format!("{}\n", serde_json::to_string_pretty(&json).unwrap());
        assert!(json == expected, "{}: the result is\n{actual}", input.display());
    }
}

/// Every document of the corpus, and of the folders that the variable `SORTROOM_DOCUMENTS` names, separated by colons.
#[test]
fn the_markdown_of_documents_is_their_text() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")];
    if let Ok(more) = std::env::var("SORTROOM_DOCUMENTS") {
        folders.extend(std::env::split_paths(&more));
    }
    let (mut checked, mut failed) = (0, Vec::new());
    for file in folders.iter().flat_map(|folder| files(folder)) {
        let bytes = fs::read(&file).unwrap();
        let Ok(document) = document::read(&bytes, &ReadOptions::default(), &Budget::unlimited()) else { continue };
        let result = parse(&document, &Budget::unlimited()).unwrap();
        let checks = std::panic::catch_unwind(|| result.pages.iter().for_each(check_page));
        if checks.is_err() {
            failed.push(file.clone());
        }
        assert_eq!(result.pages.len(), document.pages.len());
        checked += 1;
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(checked > 60, "{checked}");
}

#[test]
fn parts_of_layouts_have_boxes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/pdf/angebot-de.pdf");
    let result = parsed(&fs::read(file).unwrap()).unwrap();
    let page = &result.pages[0];
    let (width, height) = (page.width.unwrap(), page.height.unwrap());
    assert!(page.items.len() > 5);
    for item in &page.items {
        let rect = item.rect.unwrap();
        assert!(rect.x >= 0.0 && rect.y >= 0.0 && rect.x + rect.width <= width && rect.y + rect.height <= height);
        assert!(rect.width > 0.0 && rect.height > 0.0);
    }
    assert!(page.items.iter().any(|item| matches!(item.kind, ItemKind::Table { .. })));
}

fn html(body: &str) -> ParseResult {
    let result = parsed(format!("<!doctype html><body>{body}</body>").as_bytes()).unwrap();
    result.pages.iter().for_each(check_page);
    result
}

#[test]
fn lists_within_lists_have_a_bound() {
    let result = html(&"<ul><li>x".repeat(2_000));
    let ItemKind::List { items, .. } = &result.pages[0].items[0].kind else { panic!("{:?}", result.pages[0].items) };
    // Elements deeper than the bound of markup, 512, lose their meaning, and keep their text.
    assert_eq!(items.len(), 255);
    assert_eq!(items.iter().flat_map(|item| words(&item.text)).count(), 2_000);
    assert_eq!(items.iter().map(|item| item.depth).max(), Some(9));
}

#[test]
fn a_long_list_is_one() {
    // To compare each item with all above it would take half a minute.
    let result = html(&format!("<ul>{}</ul>", "<li>a".repeat(35_000)));
    let ItemKind::List { items, .. } = &result.pages[0].items[0].kind else { panic!("{:?}", result.pages[0].items) };
    assert_eq!((items.len(), result.pages[0].items.len()), (35_000, 1));
}

#[test]
fn lines_of_inner_items_cost_the_memory_of_their_indents() {
    let nested = format!("{}<pre>{}</pre>", "<ol><li>x".repeat(9), "a\n".repeat(300_000));
    let error = parsed(format!("<!doctype html><body>{nested}").as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "This takes more than 48 MiB of memory");
    let flat = format!("<!doctype html><body><pre>{}</pre>", "a\n".repeat(300_000));
    assert!(parsed(flat.as_bytes()).is_ok());
}

#[test]
fn the_bar_of_an_inner_item_makes_no_table_of_the_item_above() {
    let result = parsed(b"# a\n\n## b\n\n- [a](b)|\n\n  - |\n[a](b)").unwrap();
    let page = &result.pages[0];
    check_page(page);
    assert_eq!(page.items.last().unwrap().md, "- [a](b)|\n  - \\|\n    [a](b)");
}

#[test]
fn a_large_table() {
    let row = format!("<tr>{}", "<td>x".repeat(100));
    let result = html(&format!("<table>{}</table>", row.repeat(1_000)));
    let ItemKind::Table { rows, has_header } = &result.pages[0].items[0].kind else { panic!() };
    assert_eq!((rows.len(), rows[0].len(), *has_header), (1_000, 100, false));
}

#[test]
fn many_links() {
    let result = html(&"<a href=x>y</a> ".repeat(100_000));
    assert_eq!(result.pages[0].items[0].links.len(), 100_000);
    // More than a call may have.
    let text = format!("# a\n\n# b\n\n{}", "[a](b)".repeat(1_000_000));
    assert_eq!(parsed(text.as_bytes()).unwrap_err().code(), "DOCUMENT_TOO_LARGE");
    // One address, many links.
    let text = format!("# a\n\n# b\n\n{}", format!("[a](http://{})\n", "b".repeat(2_000)).repeat(4_000));
    assert!(parsed(text.as_bytes()).is_err_and(|error| error.code() == "OVER_BUDGET"));
}

#[test]
fn a_page_without_text_has_no_items() {
    let result = parsed(b"one\x0c\x0cthree").unwrap();
    let page = &result.pages[1];
    assert_eq!((page.number, page.markdown.as_str(), page.items.len(), page.width), (2, "", 0, None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_itself_in_markdown(text in "([-ab01 \n\t*_`~<>&;#\\[\\](){}|!\\\\+=.:•/'\"^@$]|\\]\\(|- |1\\. |&amp;|```|http://a){0,40}") {
        let document = Document::plain(&text);
        parse(&document, &Budget::unlimited()).unwrap().pages.iter().for_each(check_page);
    }

    #[test]
    fn any_web_page_is_itself_in_markdown(body in "(<(p|ul|ol|li|table|tr|td|th|h2|blockquote|a href=x|a href='y z'|/(p|ul|ol|li|a|tr|table|h2))>|[ab*_#\n|\\[\\]!`]| |1\\. |- ){0,60}") {
        if let Ok(document) = document::read(format!("<html><body>{body}").as_bytes(), &ReadOptions::default(), &Budget::unlimited()) {
            parse(&document, &Budget::unlimited()).unwrap().pages.iter().for_each(check_page);
        }
    }

    #[test]
    fn any_markdown_is_itself_in_markdown(body in "(\n|\n\n|\n- |\n  - |\n1. |\n   2. |\n\\| a \\| |\\|\n|\\|---\\|\n|\\[a\\]\\(b\\)|[ab*_#\\|\\[\\]!`\\\\]| ){0,60}") {
        if let Ok(document) = document::read(format!("# a\n\n## b\n\n{body}").as_bytes(), &ReadOptions::default(), &Budget::unlimited()) {
            parse(&document, &Budget::unlimited()).unwrap().pages.iter().for_each(check_page);
        }
    }
}
