//! End-to-end extraction tests: documents in files, an embedded invoice, and properties for any text and schema.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::budget::Budget;
use crate::document::{ReadOptions, Word, attachments, read};

/// Parses `NAME [KIND] [(SYNONYM)]`; a label is followed by its options: `label(a, b)`.
fn field(text: &str) -> Field {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, items) = rest.split_once('(').map_or((rest, ""), |(kind, items)| (kind, items.trim_end_matches(')')));
    let items: Vec<String> = items.split(", ").filter(|item| !item.is_empty()).map(str::to_owned).collect();
    let kind: FieldKind = match kind.trim() {
        "" => FieldKind::Text,
        kind => serde_json::from_str(&format!("{kind:?}")).unwrap(),
    };
    let (options, synonyms) = if kind == FieldKind::Label { (items, vec![]) } else { (vec![], items) };
    Field { name: name.to_owned(), kind, synonyms, options, ..Field::default() }
}

fn lines() -> Table {
    let fields = ["description", "quantity number", "unit_price money", "line_total money"].map(field).to_vec();
    Table { name: "lines".into(), description: None, fields }
}

/// A case is a file: `field: FIELD = VALUE` or `field: FIELD none`, optionally `row: CELL | CELL ...`, a line `---`,
/// and the document.
#[test]
fn extracts_the_cases() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/extract/cases");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let case = fs::read_to_string(&path).unwrap();
        let (header, text) = case.split_once("\n---\n").unwrap();
        let mut schema = Schema::default();
        let (mut expected, mut rows) = (Vec::new(), Vec::new());
        for line in header.lines() {
            match line.split_once(": ").unwrap() {
                ("field", rest) => match rest.split_once(" = ") {
                    Some((definition, value)) => {
                        schema.fields.push(field(definition));
                        expected.push(Some(value.to_owned()));
                    }
                    None => {
                        schema.fields.push(field(rest.strip_suffix(" none").unwrap()));
                        expected.push(None);
                    }
                },
                ("row", cells) => rows.push(cells.split(" | ").map(str::to_owned).collect::<Vec<_>>()),
                (other, _) => panic!("{path:?}: {other}"),
            }
        }
        if !rows.is_empty() {
            schema.tables.push(lines());
        }
        schema.check().unwrap();
        let document = Document::plain(text);
        let extraction = extract(&document, &schema, &[], &Budget::unlimited()).unwrap();
        check(&document, &schema, &extraction).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        for (value, expected) in extraction.values.iter().zip(expected) {
            if value.value != expected {
                failures.push(format!("{name}: {value:?}\n    expected {expected:?}"));
            }
        }
        let found: Vec<Vec<String>> =
            extraction.tables.iter().flat_map(|table| &table.rows).map(|row| cells(row)).collect();
        if found != rows {
            failures.push(format!("{name}: {found:?}\n    expected {rows:?}"));
        }
        count += 1;
    }
    assert!(count >= 10, "only {count} cases were found");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn amount_column_is_the_line_total() {
    for header in [
        "Item\tQty\tUnit price\tAmount",
        "Artikel\tMenge\tEinzelpreis\tBetrag",
        "Article\tQuantité\tPrix unitaire\tMontant",
        "Artículo\tCantidad\tPrecio\tImporte",
        "Articolo\tQuantità\tPrezzo\tImporto",
        "Artikel\tAantal\tPrijs\tBedrag",
    ] {
        for name in ["amount money", "line_total money", "total money"] {
            let mut table = lines();
            table.fields[3] = field(name);
            let schema = Schema { fields: vec![], tables: vec![table] };
            let extraction = extract(
                &Document::plain(&format!("{header}\nLamp\t3\t40.00\t120.00\n")),
                &schema,
                &[],
                &Budget::unlimited(),
            )
            .unwrap();
            let rows: Vec<_> = extraction.tables[0].rows.iter().map(|row| cells(row)).collect();
            assert_eq!(rows, [["Lamp", "3", "40.00", "120.00"]], "{name}: {header}");
        }
    }
}

#[test]
fn amount_column_before_price_and_total_is_the_quantity() {
    let schema = Schema { fields: vec![], tables: vec![lines()] };
    let text = "Item\tAmount\tPrice\tTotal\nLamp\t3\t40.00\t120.00\n";
    let extraction = extract(&Document::plain(text), &schema, &[], &Budget::unlimited()).unwrap();
    let rows: Vec<_> = extraction.tables[0].rows.iter().map(|row| cells(row)).collect();
    assert_eq!(rows, [["Lamp", "3", "40.00", "120.00"]]);
}

fn cells(row: &[Value]) -> Vec<String> {
    row.iter().map(|value| value.value.clone().unwrap_or_else(|| "-".into())).collect()
}

/// Checks the invariants of every extraction.
fn check(document: &Document, schema: &Schema, extraction: &Extraction) -> Result<(), TestCaseError> {
    prop_assert_eq!(extraction, &extract(document, schema, &[], &Budget::unlimited()).unwrap());
    prop_assert_eq!(extraction.values.len(), schema.fields.len());
    prop_assert_eq!(extraction.tables.len(), schema.tables.len());
    let rows = extraction.tables.iter().flat_map(|table| table.rows.iter().flatten());
    for value in extraction.values.iter().chain(rows) {
        prop_assert!((0.0..=1.0).contains(&value.confidence));
        prop_assert_eq!(rounded(value.confidence), value.confidence);
        prop_assert_eq!(value.value.is_none(), value.confidence == 0.0);
        prop_assert_eq!(value.value.is_some(), value.text.is_some());
        prop_assert_eq!(value.value.is_some(), value.citation.is_some());
        if let Some(citation) = value.citation {
            let page = document.pages.iter().find(|page| page.number == citation.page).unwrap();
            prop_assert!(citation.span.start < citation.span.end);
            prop_assert_eq!(page.text.get(citation.span.start..citation.span.end), value.text.as_deref());
            if let Some(label) = citation.label {
                prop_assert!(page.text.get(label.start..label.end).is_some());
            }
        }
    }
    Ok(())
}

fn facturx() -> Vec<u8> {
    fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/extract/cases/factur-x.pdf")).unwrap()
}

#[test]
fn embedded_invoice_gives_exact_values() {
    let bytes = facturx();
    let document = read(&bytes, &ReadOptions::default(), &Budget::unlimited()).unwrap();
    let files = attachments(&bytes, &Budget::unlimited()).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].name.as_deref(), Some("factur-x.xml"));
    assert_eq!(files[0].media_type.as_deref(), Some("text/xml"));
    let cases = [
        ("invoice_number id", "LH-2026-77", true),
        ("Rechnungsdatum date", "2026-05-04", true),
        ("due_date date", "2026-06-03", false),
        ("total money", "142.80", true),
        ("vendorName", "Lampenhaus Hollerbach", true),
        ("buyer_name", "Gasthof Linde", false),
        ("seller_vat_id vat_id", "DE136695976", false),
    ];
    let fields = cases.iter().map(|(definition, ..)| field(definition)).chain([field("colour")]).collect();
    let extraction =
        extract(&document, &Schema { fields, tables: vec![lines()] }, &files, &Budget::unlimited()).unwrap();
    for ((_, expected, is_shown), value) in cases.iter().zip(&extraction.values) {
        assert_eq!(value.value.as_deref(), Some(*expected));
        assert_eq!((value.confidence, value.origin), (1.0, ValueSource::Embedded), "{}", value.field);
        assert_eq!(value.citation.is_some_and(|citation| citation.rect.is_some()), *is_shown, "{}", value.field);
    }
    let colour = extraction.values.last().unwrap();
    assert_eq!((&colour.value, colour.origin), (&None, ValueSource::Text));
    assert_eq!(
        extraction.tables[0].rows.iter().map(|row| cells(row)).collect::<Vec<_>>(),
        [["Lamp & shade", "3", "40.00", "120.00"]]
    );
    // The pages alone give the same value for what they show.
    let plain =
        extract(&document, &Schema { fields: vec![field("total money")], tables: vec![] }, &[], &Budget::unlimited())
            .unwrap();
    assert_eq!((plain.values[0].value.as_deref(), plain.values[0].origin), (Some("142.80"), ValueSource::Text));
}

#[test]
fn reads_ubl_and_rejects_other_xml() {
    let ubl = r#"<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cbc="urn:b" xmlns:cac="urn:a">
        <cbc:ID>U-1</cbc:ID><cbc:IssueDate>2026-01-02</cbc:IssueDate>
        <cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount currencyID="EUR">11.90</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal>
        <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity>2</cbc:InvoicedQuantity><cac:Item><cbc:Name>Tea</cbc:Name></cac:Item></cac:InvoiceLine>
        </Invoice>"#;
    let budget = Budget::unlimited();
    let (invoice, _held) = invoice_xml::read(ubl.as_bytes(), &budget).unwrap().unwrap();
    let fact = |facts: &invoice_xml::Facts, concept| facts.get(concept).cloned().unwrap_or_default();
    assert_eq!(fact(&invoice.facts, "invoice_number"), "U-1");
    assert_eq!(fact(&invoice.facts, "total"), "11.90");
    assert_eq!(fact(&invoice.lines[0], "line_description"), "Tea");
    for other in ["", "text", "<html/>", "<Invoice/>", "<Invoice><ID>1</Invoice>", "<Invoice><ID>&bad;</ID>"] {
        assert!(invoice_xml::read(other.as_bytes(), &budget).unwrap().is_none(), "{other}");
    }
    let deep = "<Invoice>".repeat(crate::limits::MAX_MARKUP_DEPTH + 1);
    assert!(invoice_xml::read(deep.as_bytes(), &budget).unwrap().is_none());
}

#[test]
fn adversarial_texts_are_fast() {
    let schema = Schema {
        fields: [
            "total money",
            "net money",
            "tax money",
            "invoice_number id",
            "invoice_date date",
            "seller_name",
            "iban iban",
        ]
        .map(field)
        .to_vec(),
        tables: vec![lines()],
    };
    for text in [
        "total ".repeat(4_000),
        "1,00 ".repeat(4_000),
        "total 1,00\t".repeat(2_000),
        "invoice no 1 2 3\n".repeat(1_000),
        "Pos Menge Preis Betrag\n".repeat(600),
        "DE12 ".repeat(4_000),
        "(".repeat(9_000),
    ] {
        let document = Document::plain(&text);
        check(&document, &schema, &extract(&document, &schema, &[], &Budget::unlimited()).unwrap()).unwrap();
    }
}

const WORDS: &[&str] = &[
    "Invoice",
    "no.",
    "Rechnung",
    "Nr.",
    "Total",
    "Netto",
    "MwSt.",
    "19 %",
    "1.234,56",
    "€",
    "12.03.2026",
    "March 4, 2026",
    "DE89 3704 0044 0532 0130 00",
    "IBAN:",
    "DE136695976",
    "a@b.example",
    "www.a.example",
    "\t",
    "\n",
    "\n\n",
    ":",
    "(",
    ")",
    "Pos",
    "Menge",
    "Preis",
    "Betrag",
    "Seller",
    "Buyer",
    "GmbH",
    "yes",
    "é",
    "請求",
    "🎉",
    "-5,00",
    "RE-1/2",
    "+49 40 123456",
];

fn texts() -> impl Strategy<Value = String> {
    let joined_words = prop::collection::vec(prop::sample::select(WORDS), 0..60).prop_map(|words| words.join(" "));
    prop_oneof![joined_words, any::<String>()]
}

fn schemas() -> impl Strategy<Value = Schema> {
    let kinds = [
        FieldKind::Text,
        FieldKind::Number,
        FieldKind::Money,
        FieldKind::Percent,
        FieldKind::Date,
        FieldKind::Boolean,
        FieldKind::Iban,
        FieldKind::VatId,
        FieldKind::Email,
        FieldKind::Phone,
        FieldKind::Url,
        FieldKind::Currency,
        FieldKind::Id,
        FieldKind::Label,
    ];
    let names = prop_oneof![
        prop::sample::select(vec![
            "total",
            "net",
            "tax",
            "invoice_number",
            "date",
            "due_date",
            "seller_name",
            "quantity",
            "governing_law"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let field = (names, prop::sample::select(kinds.to_vec()), prop::collection::vec(texts(), 0..3)).prop_map(
        |(name, kind, items)| Field { name, kind, options: items.clone(), synonyms: items, description: None },
    );
    let fields = prop::collection::vec(field, 0..12);
    (fields, 0_usize..12).prop_map(|(mut fields, index)| {
        let columns = fields.split_off(index.min(fields.len()));
        Schema { fields, tables: vec![Table { name: "rows".into(), description: None, fields: columns }] }
    })
}

proptest! {
    #[test]
    fn invariants_hold_for_any_text_and_schema(text in texts(), schema in schemas()) {
        let document = Document::plain(&text);
        check(&document, &schema, &extract(&document, &schema, &[], &Budget::unlimited()).unwrap())?;
    }

    #[test]
    fn invariants_hold_for_invalid_word_positions(
        text in texts(),
        schema in schemas(),
        words in prop::collection::vec((0_usize..80, 0_usize..12, any::<[f32; 4]>()), 0..30),
    ) {
        let mut document = Document::plain(&text);
        document.pages[0].words = words
            .into_iter()
            .map(|(start, length, [x, y, width, height])| Word {
                span: Span { start, end: start + length },
                rect: Rect { x, y, width, height },
            })
            .collect();
        check(&document, &schema, &extract(&document, &schema, &[], &Budget::unlimited()).unwrap())?;
    }

    #[test]
    fn reading_any_bytes_as_invoice_does_not_panic(bytes in any::<Vec<u8>>()) {
        invoice_xml::read(&bytes, &Budget::unlimited()).unwrap();
    }
}
