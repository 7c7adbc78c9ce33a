//! Measures extraction: `cargo run --release -p sortroom --example extract -- DIR [FIELD...]`
//!
//! `DIR/expected.jsonl` has one document a line: `file` (below DIR), `source`, and `expected`, the values by key. For
//! every source and key it prints how many documents have a value, the share that was answered, the share that was right
//! with the text alone and with embedded data. With FIELDs, every miss of those is printed, and with `--confidence` how
//! often values were right by the confidence they came with. `--table FILE` shows the rows read of one file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;
use sortroom::document::{ReadOptions, attachments, read};
use sortroom::extract::{Extraction, Field, Kind, Schema, Table, extract};

/// Keys of the expected values, and what is asked for them.
const KEYS: &[(&str, &str, Kind)] = &[
    ("invoice_number", "invoice_number", Kind::Id),
    ("date", "invoice_date", Kind::Date),
    ("date_due", "due_date", Kind::Date),
    ("delivery_date", "delivery_date", Kind::Date),
    ("total", "total", Kind::Money),
    ("amount", "total", Kind::Money),
    ("total_net", "net", Kind::Money),
    ("amount_untaxed", "net", Kind::Money),
    ("tax", "tax", Kind::Money),
    ("amount_tax", "tax", Kind::Money),
    ("amount_due", "amount_due", Kind::Money),
    ("lines_net", "lines_net", Kind::Money),
    ("iban", "iban", Kind::Iban),
    ("bic", "bic", Kind::Id),
    ("currency", "currency", Kind::Currency),
    ("seller_vat_id", "seller_vat_id", Kind::VatId),
    ("static_vat", "seller_vat_id", Kind::VatId),
    ("buyer_vat_id", "buyer_vat_id", Kind::VatId),
    ("seller_name", "seller_name", Kind::Text),
    ("issuer", "seller_name", Kind::Text),
    ("buyer_name", "buyer_name", Kind::Text),
    ("order_number", "order_number", Kind::Id),
    ("buyer_reference", "buyer_reference", Kind::Text),
    ("telephone", "phone", Kind::Phone),
    ("partner_email", "email", Kind::Email),
    ("partner_website", "website", Kind::Url),
    ("effective_date", "effective_date", Kind::Date),
    ("jurisdiction", "governing_law", Kind::Text),
    ("term", "term", Kind::Text),
    ("due_date", "due_date", Kind::Date),
    ("net", "net", Kind::Money),
    ("seller", "seller_name", Kind::Text),
    ("buyer", "buyer_name", Kind::Text),
];

/// Columns of the rows, by the key of the expected line.
const COLUMNS: &[(&str, &str, Kind)] = &[
    ("name", "description", Kind::Text),
    ("qty", "quantity", Kind::Number),
    ("unit_price", "unit_price", Kind::Money),
    ("line_total", "line_total", Kind::Money),
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
    let mut by_confidence: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    let (mut took, mut documents, mut slowest) = (Duration::ZERO, 0, Duration::ZERO);
    for line in std::fs::read_to_string(folder.join("expected.jsonl"))?.lines() {
        let row: Json = serde_json::from_str(line)?;
        let (file, source) = (text(row.get("file")), text(row.get("source")));
        let bytes = std::fs::read(folder.join(&file))?;
        let Ok(document) = read(&bytes, &ReadOptions::default()) else {
            print(&format!("{file}: not read"));
            continue;
        };
        let Some(expected) = row.get("expected").and_then(Json::as_object) else { continue };
        // Every value is asked for at once: they compete.
        let schema = schema();
        let start = now();
        let plain = extract(&document, &schema, &[]);
        let time = now().duration_since(start).unwrap_or_default();
        (took, documents, slowest) = (took + time, documents + 1, slowest.max(time));
        let full = extract(&document, &schema, &attachments(&bytes).unwrap_or_default());
        for (key, wanted) in expected {
            let Some((_, field, kind)) = KEYS.iter().find(|(known, ..)| known == key) else {
                if key == "lines" && source == "zugferd" {
                    lines(&mut tallies, &source, wanted, &plain, &full);
                }
                continue;
            };
            let wanted: Vec<String> = match wanted {
                Json::Null => continue,
                Json::Array(all) => all.iter().map(|one| text(Some(one))).collect(),
                one => vec![text(Some(one))],
            };
            if wanted.iter().all(String::is_empty) {
                continue;
            }
            let tally = tallies.entry((source.clone(), key.clone())).or_default();
            tally.count += 1;
            let got = |from: &Extraction| from.values.iter().find(|value| value.field == *field).cloned();
            let is_right = |value: Option<&String>| {
                value.is_some_and(|value| wanted.iter().any(|wanted| same(*kind, wanted, value)))
            };
            let (Some(plain), Some(full)) = (got(&plain), got(&full)) else { continue };
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
                let got = plain.value.as_deref().unwrap_or("-");
                print(&format!("{file}: {key} want {wanted:?} got {got:?} at {:.2}", plain.confidence));
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
    let mean = took.as_secs_f64() * 1000.0 / f64::from(documents.max(1));
    print(&format!("{documents} documents, {mean:.2} ms each, slowest {:.1} ms", slowest.as_secs_f64() * 1000.0));
    Ok(())
}

fn field(name: &str, kind: Kind) -> Field {
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

/// Counts the expected lines that a row says in full, and each of their cells.
fn lines(
    tallies: &mut BTreeMap<(String, String), Tally>,
    source: &str,
    wanted: &Json,
    plain: &Extraction,
    full: &Extraction,
) {
    for line in wanted.as_array().into_iter().flatten() {
        let find = |from: &Extraction| {
            let rows = from.tables.iter().flat_map(|table| &table.rows);
            // The row that agrees in most cells.
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
        for (at, (key, ..)) in COLUMNS.iter().enumerate() {
            if line.get(*key).is_none_or(Json::is_null) {
                continue;
            }
            let tally = tallies.entry((source.to_owned(), format!("lines.{key}"))).or_default();
            let hit =
                |hits: &Option<Vec<bool>>| usize::from(hits.as_ref().is_some_and(|hits| hits.get(at) == Some(&true)));
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

/// Equal after normalisation; amounts with their sign, which makes a credit note of an invoice.
fn same(kind: Kind, wanted: &str, got: &str) -> bool {
    if matches!(kind, Kind::Money | Kind::Number) {
        let number = |text: &str| text.parse::<f64>().ok();
        return match (number(wanted), number(got)) {
            (Some(wanted), Some(got)) => (wanted - got).abs() < 0.005,
            _ => false,
        };
    }
    let plain = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (wanted, got) = (plain(wanted), plain(got));
    // A text may be read with a word too much: "the State of Oregon".
    wanted == got
        || (kind == Kind::Text && !wanted.is_empty() && got.contains(&wanted) && got.len() < 2 * wanted.len() + 12)
}

fn print(line: &str) {
    // A reader that closes the pipe has seen enough.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The time is only shown, and nothing depends on it.
#[allow(clippy::disallowed_methods)]
fn now() -> SystemTime {
    SystemTime::now()
}
