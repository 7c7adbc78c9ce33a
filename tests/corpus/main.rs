//! The documents of `tests/corpus`: each is read in its format, contains its known facts, and is classified as a person
//! would classify it; each bad file is refused with its own code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;
use sortroom::budget::Budget;
use sortroom::{
    classify::{Classifier, Rule, RuleSet, Settings, classify},
    document::{self, Document, ReadOptions, Role},
    extract::{Field, FieldKind, Schema, Table, extract},
    split::{SplitOptions, split},
};

fn index() -> Value {
    serde_json::from_slice(&bytes("index.json")).expect("the index")
}

fn bytes(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &str) -> Document {
    document::read(&bytes(path), &ReadOptions::default(), &Budget::unlimited())
        .unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("{value} has no {member}")).to_owned()
}

/// The documents, each with its entry in the index.
fn documents() -> Vec<(String, Value)> {
    index()["documents"]
        .as_array()
        .expect("documents")
        .iter()
        .map(|entry| (text(entry, "file"), entry.clone()))
        .collect()
}

/// Facts of the index, the name and kind of their fields, and the minimum share of invoices that must give the right
/// value. Measured: all but one total and one net amount of a page whose amounts are drawn far from their labels, and a
/// VAT number for which the index has words.
const FACTS: &[(&str, &str, FieldKind, f64)] = &[
    ("invoice_number", "invoice_number", FieldKind::Id, 1.0),
    ("date", "invoice_date", FieldKind::Date, 1.0),
    ("due_date", "due_date", FieldKind::Date, 1.0),
    ("order_number", "order_number", FieldKind::Id, 1.0),
    ("net", "net_amount", FieldKind::Money, 0.9),
    ("tax", "vat_amount", FieldKind::Money, 1.0),
    ("total", "total_amount", FieldKind::Money, 0.9),
    ("currency", "currency", FieldKind::Currency, 1.0),
    ("iban", "iban", FieldKind::Iban, 1.0),
    ("seller_vat_id", "vat_id", FieldKind::VatId, 0.85),
    ("seller", "seller_name", FieldKind::Text, 0.9),
    ("buyer", "buyer_name", FieldKind::Text, 0.8),
];

#[test]
fn extracts_the_facts_of_invoices() {
    let field =
        |&(_, name, kind, _): &(&str, &str, FieldKind, f64)| Field { name: name.into(), kind, ..Field::default() };
    let schema = Schema { fields: FACTS.iter().map(field).collect(), tables: vec![] };
    schema.check().expect("a schema");
    let mut tallies = vec![(0, 0); FACTS.len()];
    let mut misses = String::new();
    for (file, entry) in documents().iter().filter(|(file, entry)| entry["type"] == "invoice" && !file.ends_with("eml"))
    {
        let extraction = extract(&read(file), &schema, &[], &Budget::unlimited()).unwrap();
        for ((fact, ..), (value, tally)) in FACTS.iter().zip(extraction.values.iter().zip(&mut tallies)) {
            let Some(expected) = entry["facts"][fact].as_str() else { continue };
            let is_right = value.value.as_deref() == Some(expected);
            *tally = (tally.0 + 1, tally.1 + u32::from(is_right));
            if !is_right {
                misses += &format!("{file}: {fact} {expected:?}, got {:?}\n", value.value);
            }
        }
    }
    for ((fact, _, _, min_share), (count, right)) in FACTS.iter().zip(tallies) {
        assert!(count > 3, "only {count} invoices have {fact}");
        assert!(f64::from(right) >= min_share * f64::from(count), "{fact}: {right} of {count}\n{misses}");
    }
}

/// The minimum percentage of line items that must be read completely. Measured: 85 of 94. The others have a number at
/// the end of their description that is taken for the quantity, a header in Portuguese, or columns of plain text.
const MIN_LINE_ITEM_PERCENT: usize = 90;

/// A typical schema for the line items of an invoice.
fn line_items() -> Schema {
    let columns = [
        ("description", FieldKind::Text),
        ("quantity", FieldKind::Number),
        ("unit_price", FieldKind::Money),
        ("amount", FieldKind::Money),
    ];
    let fields = columns.map(|(name, kind)| Field { name: name.into(), kind, ..Field::default() }).into();
    Schema { fields: vec![], tables: vec![Table { name: "line_items".into(), description: None, fields }] }
}

/// The line items that are extracted from a document.
fn rows(file: &str) -> Vec<Vec<Option<String>>> {
    let extraction = extract(&read(file), &line_items(), &[], &Budget::unlimited()).unwrap();
    let rows = extraction.tables.into_iter().flat_map(|table| table.rows);
    rows.map(|row| row.into_iter().map(|value| value.value).collect()).collect()
}

#[test]
fn extracts_the_line_items_of_invoices() {
    let (mut count, mut right) = (0, 0);
    let mut misses = String::new();
    for (file, entry) in documents() {
        let Some(expected) = entry["facts"]["line_items"].as_array() else { continue };
        let cells = |line: &Value| -> Vec<Option<String>> {
            line.as_array().expect("cells").iter().map(|cell| cell.as_str().map(str::to_owned)).collect()
        };
        let expected: Vec<_> = expected.iter().map(cells).collect();
        let found = rows(&file);
        if file == "pdf/invoice-en.pdf" {
            assert_eq!(found, expected);
        }
        count += expected.len();
        right += expected.iter().filter(|line| found.contains(line)).count();
        if found != expected {
            misses += &format!("{file}: {found:?}\n");
        }
    }
    assert!(count > 50, "only {count} line items are known");
    assert!(right * 100 >= MIN_LINE_ITEM_PERCENT * count, "{right} of {count}\n{misses}");
}

#[test]
fn mail_attachments_are_identical_to_the_files() {
    let mut count = 0;
    for (file, entry) in documents() {
        let Some(attached) = entry["attachments"].as_array() else { continue };
        let found = document::attachments(&bytes(&file), &Budget::unlimited())
            .unwrap_or_else(|error| panic!("{file}: {error:?}"));
        assert_eq!(found.len(), attached.len(), "{file}");
        for (found, attached) in found.iter().zip(attached) {
            assert!(found.bytes == bytes(attached.as_str().expect("a path")), "{file}: {:?}", found.name);
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn detects_the_format_of_every_document() {
    let documents = documents();
    assert!(documents.len() >= 91, "only {} documents", documents.len());
    for (file, entry) in documents {
        let document = read(&file);
        assert_eq!(document.format.extension(), text(&entry, "format"), "{file}");
        if let Some(pages) = entry["pages"].as_u64() {
            assert_eq!(u64::from(document.page_count), pages, "{file}");
        }
        for page in &document.pages {
            let spans = page.passages.iter().map(|passage| passage.span).chain(page.words.iter().map(|word| word.span));
            for span in spans {
                assert!(!span.of(&page.text).is_empty(), "{file}: {span:?} is no text of page {}", page.number);
            }
        }
    }
}

#[test]
fn text_contains_the_known_facts() {
    let mut fact_count = 0;
    for (file, entry) in documents() {
        let document = read(&file);
        let text_without_spaces: String =
            document.pages.iter().flat_map(|page| page.text.chars()).filter(|c| !c.is_whitespace()).collect();
        for fact in ["invoice_number", "order_number", "contract_number", "iban", "seller_vat_id", "issuer", "employee"]
        {
            if let Some(value) = entry["facts"][fact].as_str() {
                let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
                assert!(text_without_spaces.contains(&value), "{file}: {fact} {value} is not in the text");
                fact_count += 1;
            }
        }
    }
    assert!(fact_count > 40, "only {fact_count} facts were looked for");
}

#[test]
fn refuses_bad_files_with_their_code() {
    let index = index();
    let bad = index["bad"].as_array().expect("bad files");
    let codes: BTreeSet<_> = bad.iter().filter_map(|entry| entry["code"].as_str()).collect();
    assert!(bad.len() >= 16 && codes.len() >= 4, "only {} bad files with {codes:?}", bad.len());
    for entry in bad {
        let file = text(entry, "file");
        let result = document::read(&bytes(&file), &ReadOptions::default(), &Budget::unlimited());
        match (entry["code"].as_str(), entry["read_as"].as_str(), result) {
            (Some(code), _, Err(error)) => assert_eq!(error.code(), code, "{file}: {error:?}"),
            // Formats that the core does not support yet are refused as unsupported.
            (None, Some("xlsx"), Err(error)) => assert_eq!(error.code(), "UNSUPPORTED_FILE_TYPE", "{file}"),
            (None, Some(format), Ok(document)) => assert_eq!(document.format.extension(), format, "{file}"),
            (_, _, result) => panic!("{file}: {entry} but {:?}", result.map(|document| document.format)),
        }
    }
}

#[test]
fn page_selection_keeps_page_numbers() {
    let options = |pages: &str, max_pages| ReadOptions { pages: Some(pages.to_owned()), max_pages };
    let numbers = |options: &ReadOptions| -> Vec<u32> {
        let document =
            document::read(&bytes("pdf/service-agreement-en.pdf"), options, &Budget::unlimited()).expect("a document");
        assert_eq!(document.page_count, 6);
        document.pages.iter().map(|page| page.number).collect()
    };
    assert_eq!(numbers(&options("2,4-5", None)), [2, 4, 5]);
    assert_eq!(numbers(&options("5,2-99", Some(2))), [2, 3]);
}

/// Rules of a typical office, in English, for documents in seven languages.
fn office_rules() -> RuleSet {
    let rules = [
        ("invoice", "Invoice with an invoice number, line items, taxes and a total amount due"),
        ("receipt", "Receipt of a purchase that was paid at a till, by cash or by card"),
        ("contract", "Contract or agreement between parties with terms, obligations and signatures"),
        ("cv", "Curriculum vitae or resume with work experience, education and skills"),
        ("bank_statement", "Bank statement with account number, transactions, debits, credits and balance"),
        ("payslip", "Payslip with gross salary, deductions, social security and net pay of an employee"),
    ];
    let rule = |(label, description): (&str, &str)| Rule::new(label, description);
    RuleSet { rules: rules.into_iter().map(rule).collect() }
}

/// For each label the minimum number of documents, and the minimum number of those that are classified correctly.
const LABELS: &[(&str, u32, u32)] = &[
    ("bank_statement", 3, 3),
    ("contract", 10, 10),
    ("cv", 5, 5),
    ("invoice", 20, 20),
    ("none", 8, 8),
    // In the German payslip only "Summe" and "Betrag" are found, which match the rule for invoices.
    ("payslip", 3, 2),
    // The Spanish receipt is titled "Factura simplificada"; in the Italian one only "TOTALE" and "IVA" are found.
    ("receipt", 7, 5),
];

/// The same by language. Only English has an embedding table; the other languages rely on the glossary.
const LANGUAGES: &[(&str, u32, u32)] = &[
    // The payslip above.
    ("de", 12, 11),
    ("en", 26, 26),
    // The receipts above.
    ("es", 5, 4),
    ("fr", 9, 9),
    ("it", 2, 1),
    ("nl", 1, 1),
    ("pt", 1, 1),
];

#[test]
fn classifies_documents_like_a_person() {
    let rules = office_rules();
    let (mut by_label, mut by_language) = (BTreeMap::new(), BTreeMap::new());
    let mut wrong = Vec::new();
    for (file, entry) in documents() {
        // Only types with a rule and type "none" are checked. For the other types (letters, orders, quotations) a
        // person might accept one of the rules.
        let kind = text(&entry, "type");
        if kind != "none" && !rules.rules.iter().any(|rule| rule.label == kind) {
            continue;
        }
        let decision = classify(&read(&file), &rules, &Settings::default(), &Budget::unlimited()).unwrap();
        let is_right = decision.label.as_deref().unwrap_or("none") == kind;
        for (tallies, key) in [(&mut by_label, kind), (&mut by_language, text(&entry, "language"))] {
            let (all, right) = tallies.entry(key).or_insert((0, 0));
            *all += 1;
            *right += u32::from(is_right);
        }
        if !is_right {
            wrong.push(format!("{file}: {:?} at {}", decision.label, decision.confidence));
        }
    }
    let wrong = wrong.join("\n");
    println!("{by_label:?}\n{by_language:?}\n{wrong}");
    for (tallies, bounds) in [(&by_label, LABELS), (&by_language, LANGUAGES)] {
        assert!(
            tallies.keys().eq(bounds.iter().map(|(key, ..)| key)),
            "there must be a bound for each of {:?}",
            tallies.keys()
        );
        for ((key, (all, right)), (_, min_count, min_right)) in tallies.iter().zip(bounds) {
            assert!(all >= min_count, "only {all} documents are {key}");
            assert!(right >= min_right, "{key}: {right} of {all} right, not {min_right}\n{wrong}");
        }
    }
}

/// The minimum F1 of the boundaries between PDFs of the corpus that are put together.
const MIN_BOUNDARY_F1: f64 = 0.9;

/// How many PDFs are put together to a file.
const DOCUMENTS_OF_A_FILE: usize = 8;

#[test]
fn splits_documents_that_are_put_together() {
    let classifier = Classifier::new(&office_rules(), &Settings::default(), &Budget::unlimited()).unwrap();
    let pdfs: Vec<_> = documents().into_iter().filter(|(file, _)| file.starts_with("pdf/")).collect();
    let (mut found, mut expected, mut right) = (0, 0, 0);
    let mut wrong = String::new();
    for files in pdfs.chunks(DOCUMENTS_OF_A_FILE) {
        let mut whole = Document::plain("");
        whole.pages.clear();
        let mut starts = BTreeMap::new();
        for (file, _) in files {
            starts.insert(u32::try_from(whole.pages.len() + 1).unwrap(), file);
            for mut page in read(file).pages {
                for passage in &mut page.passages {
                    // What reading the whole file would not find.
                    passage.role = match passage.role {
                        Role::Title => Role::Heading,
                        Role::Margin => Role::Body,
                        role => role,
                    };
                }
                whole.page_count = u32::try_from(whole.pages.len() + 1).unwrap();
                page.number = whole.page_count;
                whole.pages.push(page);
            }
        }
        starts.remove(&1);
        let result = split(&whole, &classifier, SplitOptions::default(), &Budget::stage()).unwrap();
        let segments = result.segments.iter().skip(1);
        let places: BTreeSet<u32> = segments.filter_map(|segment| segment.pages.first().copied()).collect();
        found += places.len();
        expected += starts.len();
        right += places.iter().filter(|place| starts.contains_key(place)).count();
        for (place, file) in starts.iter().filter(|(place, _)| !places.contains(place)) {
            wrong += &format!("page {place}, {file} is no segment\n");
        }
        for place in places.iter().filter(|place| !starts.contains_key(place)) {
            wrong += &format!("page {place} in the file of {} is none\n", files[0].0);
        }
    }
    let f1 = 2.0 * right as f64 / (found + expected) as f64;
    println!("F1 {f1:.3}: {right} of {expected} boundaries, {found} found\n{wrong}");
    assert!(expected > 30 && f1 >= MIN_BOUNDARY_F1, "F1 {f1:.3}\n{wrong}");
}
