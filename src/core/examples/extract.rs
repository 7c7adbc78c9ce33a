//! Measures extraction: `cargo run --release -p sortroom --example extract -- DIR [FIELD...]`
//!
//! `DIR/expected.jsonl` has one document a line: `file` (below DIR), `source`, and `expected`, the values by key. For
//! every source and key it prints the number of documents with a value, the share answered, and the shares that were
//! right with the text alone and with embedded data. With FIELDs it prints every miss of those, with `--confidence` the
//! share of right values by their confidence, and with `--table=FILE` the rows read from one file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;
use sortroom::budget::Budget;
use sortroom::document::{AttachedFile, ReadOptions, attachments, read};
use sortroom::extract::json_schema::Compiled;
use sortroom::extract::{Extraction, Field, FieldKind, Schema, Table, extract};

/// The keys of the expected values, with the name and kind of the field.
const KEYS: &[(&str, &str, FieldKind)] = &[
    ("invoice_number", "invoice_number", FieldKind::Id),
    ("date", "invoice_date", FieldKind::Date),
    ("date_due", "due_date", FieldKind::Date),
    ("delivery_date", "delivery_date", FieldKind::Date),
    ("total", "total", FieldKind::Money),
    ("amount", "total", FieldKind::Money),
    ("total_net", "net", FieldKind::Money),
    ("amount_untaxed", "net", FieldKind::Money),
    ("tax", "tax", FieldKind::Money),
    ("amount_tax", "tax", FieldKind::Money),
    ("amount_due", "amount_due", FieldKind::Money),
    ("lines_net", "lines_net", FieldKind::Money),
    ("iban", "iban", FieldKind::Iban),
    ("bic", "bic", FieldKind::Id),
    ("currency", "currency", FieldKind::Currency),
    ("seller_vat_id", "seller_vat_id", FieldKind::VatId),
    ("static_vat", "seller_vat_id", FieldKind::VatId),
    ("buyer_vat_id", "buyer_vat_id", FieldKind::VatId),
    ("seller_name", "seller_name", FieldKind::Text),
    ("issuer", "seller_name", FieldKind::Text),
    ("buyer_name", "buyer_name", FieldKind::Text),
    ("order_number", "order_number", FieldKind::Id),
    ("buyer_reference", "buyer_reference", FieldKind::Text),
    ("telephone", "phone", FieldKind::Phone),
    ("partner_email", "email", FieldKind::Email),
    ("partner_website", "website", FieldKind::Url),
    ("effective_date", "effective_date", FieldKind::Date),
    ("jurisdiction", "governing_law", FieldKind::Text),
    ("term", "term", FieldKind::Text),
    ("due_date", "due_date", FieldKind::Date),
    ("net", "net", FieldKind::Money),
    ("seller", "seller_name", FieldKind::Text),
    ("buyer", "buyer_name", FieldKind::Text),
];

/// The columns of the rows, by the key in the expected line.
const COLUMNS: &[(&str, &str, FieldKind)] = &[
    ("name", "description", FieldKind::Text),
    ("qty", "quantity", FieldKind::Number),
    ("unit_price", "unit_price", FieldKind::Money),
    ("line_total", "line_total", FieldKind::Money),
];

#[derive(Default)]
struct Tally {
    count: usize,
    answered: usize,
    text: usize,
    embedded: usize,
}

fn main() -> std::io::Result<()> {
    let (flags, arguments): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let Some((folder, shown)) = arguments.split_first() else { return Ok(()) };
    let folder = Path::new(folder);
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    let compiled = match flags.iter().any(|flag| flag == "--json-schema") {
        true => Some(Compiled::parse(&json_schema(), &[], &Budget::unlimited()).map_err(std::io::Error::other)?),
        false => None,
    };
    let mut by_confidence: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    let (mut compared, mut differing) = (0, 0);
    let (mut total_time, mut documents, mut slowest) = (Duration::ZERO, 0, Duration::ZERO);
    for line in std::fs::read_to_string(folder.join("expected.jsonl"))?.lines() {
        let row: Json = serde_json::from_str(line)?;
        let (file, source) = (text(row.get("file")), text(row.get("source")));
        let bytes = std::fs::read(folder.join(&file))?;
        let Ok(document) = read(&bytes, &ReadOptions::default(), &Budget::unlimited()) else {
            print(&format!("{file}: not read"));
            continue;
        };
        let Some(expected) = row.get("expected").and_then(Json::as_object) else { continue };
        // All fields are in one schema: they compete.
        let schema = schema();
        let extracted = |attachments: &[AttachedFile]| {
            let budget = Budget::unlimited();
            let extracted = match &compiled {
                Some(compiled) => compiled.extract(&document, attachments, &budget),
                None => extract(&document, &schema, attachments, &budget),
            };
            extracted.map_err(std::io::Error::other)
        };
        let start = now();
        let plain = extracted(&[])?;
        let time = now().duration_since(start).unwrap_or_default();
        (total_time, documents, slowest) = (total_time + time, documents + 1, slowest.max(time));
        let attachments = attachments(&bytes, &Budget::unlimited()).unwrap_or_default();
        let full = extracted(&attachments)?;
        if compiled.is_some() {
            let native = extract(&document, &schema, &[], &Budget::unlimited()).map_err(std::io::Error::other)?;
            let cells = |from: &Extraction| {
                let rows = from.tables.iter().flat_map(|table| table.rows.iter().flatten());
                from.values.iter().chain(rows).cloned().collect::<Vec<_>>()
            };
            let (own, native) = (cells(&plain), cells(&native));
            (compared, differing) = (compared + native.len(), differing + own.len().abs_diff(native.len()));
            for (own, native) in own.iter().zip(&native).filter(|(own, native)| own != native) {
                differing += 1;
                print(&format!("{file}: {} is {:?}, natively {:?}", native.field, own.value, native.value));
            }
        }
        for (key, expected_value) in expected {
            let Some((_, field, kind)) = KEYS.iter().find(|(known, ..)| known == key) else {
                if key == "lines" && source == "zugferd" {
                    lines(&mut tallies, &source, expected_value, &plain, &full);
                }
                continue;
            };
            let accepted: Vec<String> = match expected_value {
                Json::Null => continue,
                Json::Array(all) => all.iter().map(|value| text(Some(value))).collect(),
                value => vec![text(Some(value))],
            };
            if accepted.iter().all(String::is_empty) {
                continue;
            }
            let tally = tallies.entry((source.clone(), key.clone())).or_default();
            tally.count += 1;
            let actual = |from: &Extraction| from.values.iter().find(|value| value.field == *field).cloned();
            let is_right = |value: Option<&String>| {
                value.is_some_and(|value| accepted.iter().any(|expected_value| same(*kind, expected_value, value)))
            };
            let (Some(plain), Some(full)) = (actual(&plain), actual(&full)) else { continue };
            let right = is_right(plain.value.as_ref());
            tally.answered += usize::from(plain.value.is_some());
            tally.text += usize::from(right);
            tally.embedded += usize::from(is_right(full.value.as_ref()));
            if plain.value.is_some() {
                let band = by_confidence.entry((plain.confidence * 20.0) as u32).or_default();
                band.0 += 1;
                band.1 += usize::from(right);
            }
            if shown.contains(key) && !right {
                let actual = plain.value.as_deref().unwrap_or("-");
                print(&format!("{file}: {key} want {accepted:?} got {actual:?} at {:.2}", plain.confidence));
            }
        }
        if flags.iter().any(|flag| flag.strip_prefix("--table=").is_some_and(|name| file.contains(name))) {
            for row in plain.tables.iter().flat_map(|table| &table.rows) {
                let cells: Vec<_> = row.iter().map(|value| value.value.as_deref().unwrap_or("-")).collect();
                print(&format!("{file}: {}", cells.join(" | ")));
            }
        }
    }
    let mut before = String::new();
    for ((source, key), tally) in &tallies {
        if *source != before {
            print(&format!("\n{source:16} {:>5} {:>9} {:>6} {:>9}", "n", "answered", "text", "embedded"));
            before.clone_from(source);
        }
        let share = |part: usize| part as f64 / tally.count.max(1) as f64;
        let (answered, text, embedded) = (share(tally.answered), share(tally.text), share(tally.embedded));
        print(&format!("{key:16} {:5} {answered:9.2} {text:6.2} {embedded:9.2}", tally.count));
    }
    if flags.iter().any(|flag| flag == "--confidence") {
        for (band, (count, right)) in by_confidence {
            print(&format!("{:.2}: {count:5} {:.2}", f64::from(band) / 20.0, right as f64 / count as f64));
        }
    }
    if compiled.is_some() {
        print(&format!("{differing} of {compared} values differ from those of the native schema"));
    }
    let mean = total_time.as_secs_f64() * 1000.0 / f64::from(documents.max(1));
    print(&format!("{documents} documents, {mean:.2} ms each, slowest {:.1} ms", slowest.as_secs_f64() * 1000.0));
    Ok(())
}

fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.to_owned(), kind, ..Field::default() }
}

fn schema() -> Schema {
    let mut fields: Vec<Field> = Vec::new();
    for (_, name, kind) in KEYS {
        if !fields.iter().any(|field| field.name == *name) {
            fields.push(field(name, *kind));
        }
    }
    let columns = COLUMNS.iter().map(|(_, name, kind)| field(name, *kind)).collect();
    Schema { fields, tables: vec![Table { name: "lines".to_owned(), description: None, fields: columns }] }
}

/// The same as a JSON Schema, with no more than a type for each field: the kinds follow from the names.
fn json_schema() -> String {
    let Schema { fields, tables } = schema();
    let property = |field: &Field| {
        let name = match field.kind {
            FieldKind::Money | FieldKind::Number | FieldKind::Percent => "number",
            _ => "string",
        };
        format!("{:?}:{{\"type\":[{name:?},\"null\"]}}", field.name)
    };
    let object =
        |properties: Vec<String>| format!("{{\"type\":\"object\",\"properties\":{{{}}}}}", properties.join(","));
    let mut properties: Vec<String> = fields.iter().map(property).collect();
    properties.extend(tables.iter().map(|table| {
        let row = object(table.fields.iter().map(property).collect());
        format!("{:?}:{{\"type\":\"array\",\"items\":{row}}}", table.name)
    }));
    object(properties)
}

/// Counts the cells of the expected lines that the best matching row has right.
fn lines(
    tallies: &mut BTreeMap<(String, String), Tally>,
    source: &str,
    expected_lines: &Json,
    plain: &Extraction,
    full: &Extraction,
) {
    for line in expected_lines.as_array().into_iter().flatten() {
        let find = |from: &Extraction| {
            let rows = from.tables.iter().flat_map(|table| &table.rows);
            // The row that matches the most cells.
            let hits = rows.map(|row| {
                let cells = COLUMNS.iter().zip(row);
                cells
                    .map(|((key, _, kind), value)| {
                        value.value.as_ref().is_some_and(|value| same(*kind, &text(line.get(*key)), value))
                    })
                    .collect::<Vec<bool>>()
            });
            hits.max_by_key(|hits| hits.iter().filter(|hit| **hit).count())
        };
        let (plain, full) = (find(plain), find(full));
        for (index, (key, ..)) in COLUMNS.iter().enumerate() {
            if line.get(*key).is_none_or(Json::is_null) {
                continue;
            }
            let tally = tallies.entry((source.to_owned(), format!("lines.{key}"))).or_default();
            let hit = |hits: &Option<Vec<bool>>| {
                usize::from(hits.as_ref().is_some_and(|hits| hits.get(index) == Some(&true)))
            };
            tally.count += 1;
            tally.answered += usize::from(plain.is_some());
            tally.text += hit(&plain);
            tally.embedded += hit(&full);
        }
    }
}

fn text(json: Option<&Json>) -> String {
    match json {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Whether the values are equal after normalisation. Amounts keep their sign, which distinguishes a credit note.
fn same(kind: FieldKind, expected: &str, actual: &str) -> bool {
    if matches!(kind, FieldKind::Money | FieldKind::Number) {
        let number = |text: &str| text.parse::<f64>().ok();
        return match (number(expected), number(actual)) {
            (Some(expected), Some(actual)) => (expected - actual).abs() < 0.005,
            _ => false,
        };
    }
    let normalized = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (expected, actual) = (normalized(expected), normalized(actual));
    // A text may have surplus words: "the State of Oregon".
    expected == actual
        || (kind == FieldKind::Text
            && !expected.is_empty()
            && actual.contains(&expected)
            && actual.len() < 2 * expected.len() + 12)
}

fn print(line: &str) {
    // A reader may close the pipe early.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The time is only printed; no result depends on it.
#[allow(clippy::disallowed_methods)]
fn now() -> SystemTime {
    SystemTime::now()
}
