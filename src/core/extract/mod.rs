//! Reads the values of a [`Schema`]'s fields from a document, each with its place, into an [`Extraction`].
//!
//! 1. `schema`: fields and tables, and the checks on them.
//! 2. `page_grid`: the document as rows of segments, from the positions of its words or from its lines.
//! 3. `concepts`, `labels`: the labels in the document, by the lexicon of business words and by the fields' own names;
//!    `phrases` is the index of both.
//! 4. `candidates`: the places that can be a value, by kind (`numbers`, `dates`, `codes`).
//! 5. `label_proximity`, `ranking`, `arithmetic`: how well each candidate fits each field, by the labels around it and
//!    by arithmetic; then one value per field. `texts`, `clauses`: text fields.
//! 6. `tables`: rows below a header. `lists`: all values of a field.
//! 7. `invoice_xml`, `embedded_invoice`: an invoice embedded as data is exact and takes precedence.
//! 8. `json_schema`: a JSON Schema as the language of extraction.
//!
//! The extractor reads what stands beside or below a label. It does not understand sentences, and it does not guess
//! values without a label.

mod arithmetic;
mod candidates;
mod clauses;
mod codes;
mod concepts;
mod dates;
mod embedded_invoice;
pub mod input;
mod invoice_xml;
pub mod json_schema;
mod label_proximity;
mod labels;
mod lists;
mod numbers;
mod page_grid;
mod phrases;
mod ranking;
mod schema;
mod tables;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use schema::{Field, FieldKind, Schema, Table};

use crate::ENGINE_VERSION;
use crate::budget::Budget;
use crate::document::{AttachedFile, Document, Rect, Span};
use crate::error::Result;

/// Where a value was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum ValueSource {
    /// The text of the pages.
    #[default]
    Text,
    /// An invoice embedded as data.
    Embedded,
}

/// The place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Citation {
    /// The page, from 1.
    pub page: u32,
    /// Byte offsets into the text of the page.
    pub span: Span,
    /// The box on the page, if the format has a layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub rect: Option<Rect>,
    /// The label that names the value: byte offsets into the text of the same page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub label: Option<Span>,
}

/// The value that the document gives for a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Value {
    /// The name of the field.
    pub field: String,
    /// The value, normalised: dates as `2026-03-31`, numbers as `1234.56`, codes without spaces. None if the document
    /// does not give one.
    pub value: Option<String>,
    /// The value as the document writes it.
    pub text: Option<String>,
    /// How likely the value is right: 0 to 1, rounded to six decimals; 0 without a value.
    pub confidence: f64,
    /// The place of the value. None for an embedded value that no page shows.
    pub citation: Option<Citation>,
    /// Whether it was read from the pages or from embedded data.
    pub origin: ValueSource,
}

/// The rows that the document gives for a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TableRows {
    /// The name of the table.
    pub table: String,
    /// The rows, each with one value per field of the table, in its order.
    pub rows: Vec<Vec<Value>>,
}

/// The values and rows that a document gives for a schema.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Extraction {
    /// One value per field, in the order of the schema.
    pub values: Vec<Value>,
    /// One entry per table, in the order of the schema.
    pub tables: Vec<TableRows>,
}

/// An extraction with the version of the engine that made it, as callers get it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ExtractResult {
    /// The values and rows.
    #[serde(flatten)]
    pub extraction: Extraction,
    /// The version of the engine.
    pub engine_version: &'static str,
}

impl From<Extraction> for ExtractResult {
    fn from(extraction: Extraction) -> Self {
        Self { extraction, engine_version: ENGINE_VERSION }
    }
}

impl Value {
    /// The value of a field that the document does not give.
    fn none(field: &Field) -> Self {
        Self {
            field: field.name.clone(),
            value: None,
            text: None,
            confidence: 0.0,
            citation: None,
            origin: ValueSource::Text,
        }
    }
}

/// Reads the values for a schema from a document and from the invoices among its attachments.
///
/// The same document, schema and attachments give the same values everywhere. A schema that does not pass
/// [`Schema::check`] is used as far as it makes sense.
///
/// # Errors
///
/// `OverBudget` if it takes more than `budget`.
pub fn extract(document: &Document, schema: &Schema, embedded: &[AttachedFile], budget: &Budget) -> Result<Extraction> {
    extract_with_lists(document, schema, schema.fields.len(), embedded, budget)
}

/// As [`extract`]. The fields from `first_list` on have all their values instead of the best one: each field becomes a
/// table of one column, after those of the schema.
fn extract_with_lists(
    document: &Document,
    schema: &Schema,
    first_list: usize,
    embedded: &[AttachedFile],
    budget: &Budget,
) -> Result<Extraction> {
    let grid = page_grid::PageGrid::new(document, budget)?;
    let format = candidates::NumberAndDateFormat::new(&grid, budget)?;
    let names = labels::SchemaNames::new(schema, budget)?;
    let labelled = label_proximity::LabelledDocument::new(&grid, &names, budget)?;
    let invoice = embedded_invoice::find(embedded, budget)?;
    let mut held = budget.hold(0)?;
    let exact = match &invoice {
        Some((invoice, _)) => embedded_invoice::values(invoice, &schema.fields, &mut held)?,
        None => BTreeMap::new(),
    };
    let (values, lists) = {
        let ranking = ranking::Ranking::new(&labelled, &schema.fields, format, &exact)?;
        let mut values = ranking.values()?;
        values.truncate(first_list);
        let fields = schema.fields.iter().enumerate().skip(first_list);
        let lists =
            fields.map(|(index, field)| ranking.list(index, field, format, &mut held)).collect::<Result<Vec<_>>>()?;
        (values, lists)
    };
    let mut tables = Vec::with_capacity(schema.tables.len());
    for (index, (table, concepts)) in schema.tables.iter().zip(&names.column_concepts).enumerate() {
        let columns = tables::Columns { index, table, concepts, amount: names.amount() };
        let embedded = match &invoice {
            Some((invoice, _)) => embedded_invoice::rows(invoice, &columns, &mut held)?,
            None => None,
        };
        tables.push(match embedded {
            Some(rows) => rows,
            None => tables::read(&labelled, &columns, format, &mut held)?,
        });
    }
    tables.extend(lists);
    Ok(Extraction { values, tables })
}

/// The memory of a value in the answer, and in its JSON, besides its texts, in bytes.
const VALUE_BYTES: usize = 300;

/// `factor` to the power of `count`. The standard library's power may differ between platforms in its last digit.
fn power(factor: f64, count: i32) -> f64 {
    (0..count).map(|_| factor).product()
}

/// Rounds to six decimals, as every number that leaves the core.
fn rounded(value: f64) -> f64 {
    libm::round(value * 1e6) / 1e6
}
