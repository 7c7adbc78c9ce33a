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
pub(super) fn find(files: &[AttachedFile], budget: &Budget) -> Result<Option<Invoice>> {
    for file in files {
        if let Some(invoice) = invoice_xml::read(&file.bytes, budget)? {
            return Ok(Some(invoice));
        }
    }
    Ok(None)
}

/// The values of the fields whose concept the invoice has, by the index of the field.
pub(super) fn values(invoice: &Invoice, fields: &[Field]) -> BTreeMap<usize, String> {
    let fields = fields.iter().enumerate();
    fields.filter_map(|(index, field)| Some((index, fact(&invoice.facts, concept(field)?, field)?))).collect()
}

fn concept(field: &Field) -> Option<&'static str> {
    let concept_index = resolve(&field.name, field.kind)
        .or_else(|| field.synonyms.iter().find_map(|synonym| resolve(synonym, field.kind)))?;
    CONCEPTS.get(concept_index).map(|concept| concept.name)
}

/// The fact for a field; None if it does not fit the kind of the field.
fn fact(facts: &Facts, concept: &str, field: &Field) -> Option<String> {
    let value = facts.get(concept)?;
    match field.kind {
        FieldKind::Label => field.options.iter().find(|option| option.eq_ignore_ascii_case(value)).cloned(),
        FieldKind::Boolean => None,
        _ => Some(value.clone()),
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
        let fields = table.fields.iter().zip(&concepts);
        let row: Vec<Value> = fields
            .map(|(field, concept)| {
                let value = concept.and_then(|concept| fact(line, concept, field));
                let confidence = if value.is_some() { 1.0 } else { 0.0 };
                let origin = if value.is_some() { ValueSource::Embedded } else { ValueSource::Text };
                Value { value, confidence, origin, ..Value::none(field) }
            })
            .collect();
        let texts = row.iter().map(|value| value.field.len() + value.value.as_ref().map_or(0, String::len));
        held.grow(VALUE_BYTES * row.len() + texts.sum::<usize>())?;
        rows.push(row);
    }
    Ok(Some(TableRows { table: table.name.clone(), rows }))
}
