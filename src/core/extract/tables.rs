//! Rows below a header.

use super::Rows;
use super::candidates::Habits;
use super::concepts::{CONCEPTS, canonical, spaced};
use super::schema::{Field, Table};
use super::sheet::Sheet;

/// The concept of a column, by the names of the field.
pub(super) fn concept(field: &Field) -> Option<&'static str> {
    let names = std::iter::once(&field.name).chain(&field.synonyms);
    let mut concepts = CONCEPTS.iter().filter(|concept| concept.name.starts_with("line_"));
    let names: Vec<_> = names.map(|name| canonical(&spaced(name))).collect();
    concepts
        .find(|concept| names.iter().any(|name| concept.phrases.iter().any(|(phrase, _)| phrase == name)))
        .map(|concept| concept.name)
}

/// Reads a table.
pub(super) fn read(_sheet: &Sheet<'_>, table: &Table, _habits: Habits) -> Rows {
    Rows { table: table.name.clone(), rows: Vec::new() }
}
