//! The values of an embedded invoice for the fields of a schema.

use std::collections::BTreeMap;

use super::concepts::{CONCEPTS, resolve};
use super::invoice_xml::{self, Facts, Invoice};
use super::schema::{Field, FieldKind};
use super::tables::Columns;
use super::{TableRows, VALUE_BYTES, Value, ValueSource};
use crate::budget::{Budget, Held};
use crate::document::AttachedFile;
use crate::error::Result;

/// The first invoice among the files in a document.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn find<'a>(files: &[AttachedFile], budget: &'a Budget) -> Result<Option<(Invoice, Held<'a>)>> {
    for file in files {
        if let Some(invoice) = invoice_xml::read(&file.bytes, budget)? {
            return Ok(Some(invoice));
        }
    }
    Ok(None)
}

/// How often the value of a field is held: as it is known, as others are compared with it, and twice in the answer.
const VALUE_COPIES: usize = 4;

/// The values of the fields whose concept the invoice has, by the index of the field. `held` is their memory.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn values(invoice: &Invoice, fields: &[Field], held: &mut Held<'_>) -> Result<BTreeMap<usize, String>> {
    let mut values = BTreeMap::new();
    for (index, field) in fields.iter().enumerate() {
        if let Some(value) = concept(field).and_then(|concept| fact(&invoice.facts, concept, field)) {
            held.grow(VALUE_COPIES * value.len())?;
            values.insert(index, value.to_owned());
        }
    }
    Ok(values)
}

fn concept(field: &Field) -> Option<&'static str> {
    let concept_index = resolve(&field.name, field.kind)
        .or_else(|| field.synonyms.iter().find_map(|synonym| resolve(synonym, field.kind)))?;
    CONCEPTS.get(concept_index).map(|concept| concept.name)
}

/// The fact for a field; None if it does not fit the kind of the field.
fn fact<'a>(facts: &'a Facts, concept: &str, field: &'a Field) -> Option<&'a str> {
    let value = facts.get(concept)?;
    match field.kind {
        FieldKind::Label => field.options.iter().find(|option| option.eq_ignore_ascii_case(value)).map(String::as_str),
        FieldKind::Boolean => None,
        _ => Some(value),
    }
}

/// The invoice's lines as rows; None if it has none, or if less than half of the table's fields are facts of lines.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn rows(invoice: &Invoice, columns: &Columns<'_>, held: &mut Held<'_>) -> Result<Option<TableRows>> {
    let table = columns.table;
    let concepts: Vec<Option<&str>> = columns
        .concepts
        .iter()
        .map(|concept| concept.and_then(|index| CONCEPTS.get(index)).map(|concept| concept.name))
        .collect();
    let has_line_fields = concepts.iter().flatten().count() * 2 >= concepts.len().max(1);
    if invoice.lines.is_empty() || !has_line_fields {
        return Ok(None);
    }
    let mut rows = Vec::with_capacity(invoice.lines.len());
    for line in &invoice.lines {
        let fields = || table.fields.iter().zip(&concepts);
        let value = |field, concept: &Option<&str>| concept.and_then(|concept| fact(line, concept, field));
        let texts = fields().map(|(field, concept)| field.name.len() + value(field, concept).map_or(0, str::len));
        held.grow(VALUE_BYTES * table.fields.len() + texts.sum::<usize>())?;
        let row: Vec<Value> = fields()
            .map(|(field, concept)| {
                let value = value(field, concept).map(str::to_owned);
                let confidence = if value.is_some() { 1.0 } else { 0.0 };
                let origin = if value.is_some() { ValueSource::Embedded } else { ValueSource::Text };
                Value { value, confidence, origin, ..Value::none(field) }
            })
            .collect();
        rows.push(row);
    }
    Ok(Some(TableRows { table: table.name.clone(), rows }))
}
