//! A document and a [`Schema`] to an [`Extraction`]: which values the document gives to the fields, and where.
//!
//! 1. `schema`: fields and tables, and whether they make sense.
//! 2. `sheet`: the document as rows of segments, from the places of its words or from its lines.
//! 3. `concepts`, `labels`: the places that name something: by the lexicon of business words, by the fields' own words.
//! 4. `candidates`: the places that can be a value, by kind (`numbers`, `dates`, `codes`).
//! 5. `relation`, `score`, `arithmetic`: how well each candidate fits each field by the labels around it and by arithmetic; then one
//!    value a field. `texts`, `clauses`: fields of words.
//! 6. `tables`: rows below a header.
//! 7. `invoice_xml`: an invoice embedded as data says the same without doubt, and comes first.
//!
//! It reads what stands beside a label or below it. It does not understand sentences, and it does not guess what no
//! label says.

mod arithmetic;
mod candidates;
mod clauses;
mod codes;
mod concepts;
mod dates;
mod embedded;
pub mod given;
mod invoice_xml;
mod labels;
mod numbers;
mod relation;
mod schema;
mod score;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;
mod texts;

use serde::{Deserialize, Serialize};

pub use schema::{Field, Kind, Schema, Table};

use crate::ENGINE_VERSION;
use crate::document::{Attachment, Document, Rect, Span};

/// Where a value was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Origin {
    /// The pages.
    #[default]
    Text,
    /// An invoice embedded as data.
    Embedded,
}

/// The place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Citation {
    /// The page, from 1.
    pub page: u32,
    /// Where on the page: byte offsets into its text.
    pub span: Span,
    /// Where on the page, where the format has a layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub rect: Option<Rect>,
    /// The label that said what it is: byte offsets into the text of the same page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub label: Option<Span>,
}

/// What the document gives to a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Value {
    /// The name of the field.
    pub field: String,
    /// The value, normalised: dates as `2026-03-31`, numbers as `1234.56`, codes without spaces. Nothing when the
    /// document does not give one.
    pub value: Option<String>,
    /// The value as the document writes it.
    pub text: Option<String>,
    /// How likely the value is right: 0 to 1, rounded to six decimals; 0 without a value.
    pub confidence: f64,
    /// Where it stands. An embedded value that no page shows has none.
    pub citation: Option<Citation>,
    /// Where it was read.
    pub origin: Origin,
}

/// What the document gives to a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Rows {
    /// The name of the table.
    pub table: String,
    /// The rows, each with one value per field of the table, in its order.
    pub rows: Vec<Vec<Value>>,
}

/// What a document gives to a schema.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Extraction {
    /// One value per field, in the order of the schema.
    pub values: Vec<Value>,
    /// One entry per table, in the order of the schema.
    pub tables: Vec<Rows>,
}

/// An extraction as it is handed out: with the engine that made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Extracted {
    /// What the document gives.
    #[serde(flatten)]
    pub extraction: Extraction,
    /// The version of the engine that read it.
    pub engine_version: &'static str,
}

impl From<Extraction> for Extracted {
    fn from(extraction: Extraction) -> Self {
        Self { extraction, engine_version: ENGINE_VERSION }
    }
}

impl Value {
    /// The answer "not there".
    fn none(field: &Field) -> Self {
        Self {
            field: field.name.clone(),
            value: None,
            text: None,
            confidence: 0.0,
            citation: None,
            origin: Origin::Text,
        }
    }
}

/// Reads the values a schema asks for from a document, and from the invoices among its attachments.
///
/// The same document, schema and attachments give the same values everywhere. A schema that does not pass
/// [`Schema::check`] is read as far as it makes sense.
pub fn extract(document: &Document, schema: &Schema, embedded: &[Attachment]) -> Extraction {
    let sheet = sheet::Sheet::new(document);
    let habits = candidates::Habits::new(&sheet);
    let reading = relation::Reading::new(&sheet, &labels::Lexicon::of_fields(&schema.fields));
    let ranking = score::Ranking::new(&reading, &schema.fields, habits);
    let invoice = embedded.iter().find_map(|attachment| invoice_xml::read(&attachment.bytes));
    let exact = invoice.as_ref().map(|invoice| embedded::values(invoice, &schema.fields)).unwrap_or_default();
    let tables = schema.tables.iter().map(|table| {
        let rows = invoice.as_ref().and_then(|invoice| embedded::rows(invoice, table));
        rows.unwrap_or_else(|| tables::read(&reading, table, habits))
    });
    Extraction { values: ranking.values(&exact), tables: tables.collect() }
}

/// A factor applied so often. The standard library's power may differ between platforms in its last digit.
fn times(factor: f64, count: i32) -> f64 {
    (0..count).map(|_| factor).product()
}

/// Rounded as every figure that leaves the core.
fn rounded(value: f64) -> f64 {
    libm::round(value * 1e6) / 1e6
}
