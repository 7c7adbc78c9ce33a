//! What an embedded invoice says to the fields of a schema.

use std::collections::BTreeMap;

use super::concepts::{CONCEPTS, resolve};
use super::invoice_xml::{Facts, Invoice};
use super::schema::{Field, Kind, Table};
use super::tables;
use super::{Origin, Rows, Value};

/// The values of the fields whose concept the invoice has, by the fields' places.
pub(super) fn values(invoice: &Invoice, fields: &[Field]) -> BTreeMap<usize, String> {
    let fields = fields.iter().enumerate();
    fields.filter_map(|(at, field)| Some((at, fact(&invoice.facts, concept(field)?, field)?))).collect()
}

fn concept(field: &Field) -> Option<&'static str> {
    let found = resolve(&field.name, field.kind)
        .or_else(|| field.synonyms.iter().find_map(|synonym| resolve(synonym, field.kind)))?;
    CONCEPTS.get(found).map(|concept| concept.name)
}

/// A fact for a field; one of another kind than the field asks for is none.
fn fact(facts: &Facts, concept: &str, field: &Field) -> Option<String> {
    let value = facts.get(concept)?;
    match field.kind {
        Kind::Label => field.options.iter().find(|option| option.eq_ignore_ascii_case(value)).cloned(),
        Kind::Boolean => None,
        _ => Some(value.clone()),
    }
}

/// The invoice's lines as rows; nothing where no field of the table is of lines or the invoice has none.
pub(super) fn rows(invoice: &Invoice, table: &Table) -> Option<Rows> {
    let concepts: Vec<Option<&str>> = table.fields.iter().map(tables::concept).collect();
    let is_of_lines = concepts.iter().flatten().count() * 2 >= concepts.len().max(1);
    if invoice.lines.is_empty() || !is_of_lines {
        return None;
    }
    let row = |line: &Facts| {
        let fields = table.fields.iter().zip(&concepts);
        fields
            .map(|(field, concept)| {
                let value = concept.and_then(|concept| fact(line, concept, field));
                let confidence = if value.is_some() { 1.0 } else { 0.0 };
                let origin = if value.is_some() { Origin::Embedded } else { Origin::Text };
                Value { value, confidence, origin, ..Value::none(field) }
            })
            .collect()
    };
    Some(Rows { table: table.name.clone(), rows: invoice.lines.iter().map(row).collect() })
}
