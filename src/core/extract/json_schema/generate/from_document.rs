//! A schema from an example document: what it has under labels, and the columns of its items.

use std::collections::BTreeSet;

use super::super::super::candidates::{NumberAndDateFormat, SegmentValues};
use super::super::super::concepts::{CONCEPTS, Concept, named};
use super::super::super::label_proximity::LabelledDocument;
use super::super::super::labels::SchemaNames;
use super::super::super::page_grid::{PageGrid, Segment};
use super::super::super::schema::{Field, FieldKind, Schema, Table};
use super::super::super::{Value, extract};
use super::super::naming::{Allowed, Described, Part};
use super::super::ordered::Json;
use super::{checked, description, list_of_rows, nothing_found, object, of_kind};
use crate::budget::Budget;
use crate::document::{AttachedFile, Document, Span};
use crate::error::Result;
use crate::limits::{MAX_FIELD_NAME_CHARS, MAX_FIELDS};
use crate::text::words;

/// The least confidence of a value that becomes a property.
const MIN_CONFIDENCE: f64 = 0.6;

/// Concepts of the lexicon that distinguish others, and are no values that anyone extracts.
const NOT_PROPOSED: [&str; 8] =
    ["print_date", "referenced_date", "delivery_note_date", "skonto_date", "cash", "page", "type_code", "fax"];

/// Limits on properties whose label is not in the lexicon: how many there are, how many words and characters the label
/// has, and how many characters its value. Beyond them the text is prose.
const MAX_OTHER_LABELS: usize = 30;
const MAX_LABEL_WORDS: usize = 4;
const MAX_LABEL_CHARS: usize = 40;
const MAX_VALUE_CHARS: usize = 80;

/// The number of columns that a row must name to be the header of the items.
const MIN_COLUMNS: usize = 2;

/// The height of the rows around a header that belong to it, in points.
const HEADER_HEIGHT: f32 = 26.0;

/// The work of a segment, in steps, and the memory of a property, in bytes.
const SEGMENT_STEPS: usize = 8;
const PROPERTY_BYTES: usize = 1_000;

/// The name of the list of items.
const ITEMS: &str = "line_items";

/// The property of a label: where it stands, its name, and its schema.
struct Property {
    place: (u32, usize),
    name: String,
    schema: Json,
}

/// Makes a schema from an example document.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid) if it has no labels with values; `OverBudget`.
pub fn from_document(document: &Document, attachments: &[AttachedFile], budget: &Budget) -> Result<Json> {
    let values = concept_values(document, attachments, budget)?;
    let mut properties: Vec<Property> = values.iter().map(|value| of_concept(document, value)).collect();
    let _held = budget.hold(PROPERTY_BYTES * (MAX_FIELDS + MAX_OTHER_LABELS))?;
    let grid = PageGrid::new(document, budget)?;
    let header = header(&grid, budget)?;
    let columns = header.as_ref().map(|(_, columns)| columns.clone()).unwrap_or_default();
    let rows = header.map(|(rows, _)| rows);
    other_labels(&grid, &values, rows.as_deref().unwrap_or_default(), &mut properties, budget)?;
    properties.sort_by_key(|property| property.place);
    let mut members: Vec<(String, Json)> =
        properties.into_iter().map(|property| (property.name, property.schema)).collect();
    if let Some(items) = items(document, columns, attachments, budget)? {
        members.push((ITEMS.to_owned(), items));
    }
    if members.is_empty() {
        return Err(nothing_found());
    }
    checked(object(members), budget)
}

/// The values of all concepts that the document has, each place once.
fn concept_values(document: &Document, attachments: &[AttachedFile], budget: &Budget) -> Result<Vec<Value>> {
    let is_proposed = |concept: &&Concept| !concept.is_column() && !NOT_PROPOSED.contains(&concept.name);
    let concepts = CONCEPTS.iter().filter(is_proposed);
    let fields = concepts
        .map(|concept| Field { name: concept.name.to_owned(), kind: concept.kind, ..Field::default() })
        .collect();
    let schema = Schema { fields, tables: Vec::new() };
    let mut kept: Vec<Value> = Vec::new();
    for value in extract(document, &schema, attachments, budget)?.values {
        let is_taken = kept.iter().any(|other| match (other.citation, value.citation) {
            (Some(other), Some(own)) => {
                other.page == own.page && other.span.start < own.span.end && own.span.start < other.span.end
            }
            _ => false,
        });
        if value.value.is_some() && value.confidence >= MIN_CONFIDENCE && !is_taken {
            kept.push(value);
        }
    }
    Ok(kept)
}

fn of_concept(document: &Document, value: &Value) -> Property {
    let kind = CONCEPTS.iter().find(|concept| concept.name == value.field).map_or(FieldKind::Text, |found| found.kind);
    let title = value.citation.and_then(|citation| {
        let page = document.pages.iter().find(|page| page.number == citation.page)?;
        Some(citation.label?.of(&page.text))
    });
    let place = value.citation.map_or((u32::MAX, 0), |citation| {
        (citation.page, citation.label.map_or(citation.span.start, |label| label.start.min(citation.span.start)))
    });
    let schema = of_kind(kind, title.filter(|title| is_label(title)), &description(&value.field, kind));
    Property { place, name: value.field.clone(), schema }
}

/// Whether a text is short enough for a label, and has no digits.
fn is_label(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(char::is_alphabetic);
    let has_digits = text.chars().any(char::is_numeric);
    let count = text.split_whitespace().count();
    begins && !has_digits && count <= MAX_LABEL_WORDS && text.chars().count() <= MAX_LABEL_CHARS
}

/// A name for a label, in the style of the lexicon.
fn snake_case(label: &str) -> String {
    let words: Vec<String> = words(label).into_iter().map(|(_, word)| word).collect();
    words.join("_").chars().take(MAX_FIELD_NAME_CHARS).collect()
}

/// Adds the labels with a colon that are no concepts.
fn other_labels(
    grid: &PageGrid<'_>,
    values: &[Value],
    header_rows: &[usize],
    properties: &mut Vec<Property>,
    budget: &Budget,
) -> Result<()> {
    let format = NumberAndDateFormat::new(grid, budget)?;
    let mut names: BTreeSet<String> = properties.iter().map(|property| property.name.clone()).collect();
    let mut count = 0;
    for (index, segment) in grid.segments.iter().enumerate() {
        let text = grid.text_of(segment);
        budget.work(SEGMENT_STEPS + values.len() / 4)?;
        budget.pass_over(4 * text.len())?;
        if count == MAX_OTHER_LABELS || header_rows.contains(&segment.row) {
            continue;
        }
        let Some((label, rest)) = text.split_once(':') else { continue };
        let label = label.trim();
        let beside = || {
            let next = grid.segments.get(index + 1).filter(|next| next.row == segment.row)?;
            Some(grid.text_of(next).trim())
        };
        let value = if rest.trim().is_empty() { beside() } else { Some(rest.trim()) };
        let Some(value) = value.filter(|value| value.chars().count() <= MAX_VALUE_CHARS) else { continue };
        let is_known = values.iter().filter_map(|value| value.citation).any(|citation| {
            let page = grid.page(segment.page).map(|page| page.number);
            let span = citation.label.map_or(citation.span, |label| Span {
                start: label.start.min(citation.span.start),
                end: label.end.max(citation.span.end),
            });
            page == Some(citation.page) && span.start < segment.span.end && segment.span.start < span.end
        });
        let name = snake_case(label);
        // The scheme of a URL is not a label.
        let is_free = !value.is_empty() && !rest.starts_with("//") && !is_known && !name.is_empty();
        if !is_free || !is_label(label) || named(label, false, |_| true).is_some() || !names.insert(name.clone()) {
            continue;
        }
        let kind = kind_of_value(&name, value, format, budget)?;
        let schema = of_kind(kind, Some(label).filter(|label| *label != name), &description(&name, kind));
        let page = grid.page(segment.page).map_or(u32::MAX, |page| page.number);
        properties.push(Property { place: (page, segment.span.start), name, schema });
        count += 1;
    }
    Ok(())
}

/// The kind of a value: that which its name means, else that of the text.
fn kind_of_value(name: &str, value: &str, format: NumberAndDateFormat, budget: &Budget) -> Result<FieldKind> {
    let named =
        Described { path: &[name], title: None, description: None, part: Part::Document }.meaning(Allowed::Text);
    if named.kind != FieldKind::Text {
        return Ok(named.kind);
    }
    let values = SegmentValues::new(value, format);
    for kind in [FieldKind::Date, FieldKind::Email, FieldKind::Iban, FieldKind::Percent, FieldKind::Money] {
        let found = values.of_kind(kind, budget)?;
        // The whole value, but for a unit or a mark.
        let covers =
            |(found, _): &(super::super::super::codes::CodeMatch, _)| 10 * found.range.len() >= 7 * value.len();
        let is_sure = |(found, _): &(super::super::super::codes::CodeMatch, _)| found.validity > 0.9;
        if found.iter().any(|found| covers(found) && is_sure(found)) {
            return Ok(kind);
        }
    }
    Ok(FieldKind::Text)
}

/// The header of the items: its rows, and its columns from left to right.
fn header(grid: &PageGrid<'_>, budget: &Budget) -> Result<Option<(Vec<usize>, Vec<Field>)>> {
    let schema = Schema::default();
    let names = SchemaNames::new(&schema, budget)?;
    let labelled = LabelledDocument::new(grid, &names, budget)?;
    let mut best: Option<(usize, usize)> = None;
    budget.work(grid.row_count())?;
    for row in (0..grid.row_count()).filter(|&row| labelled.has_columns(row)) {
        let (first, segments) = grid.row(row);
        budget.work(SEGMENT_STEPS * segments.len())?;
        let concepts: BTreeSet<usize> =
            (first..first + segments.len()).flat_map(|s| labelled.concept_columns_of(s)).map(|(c, _)| c).collect();
        if concepts.len() >= MIN_COLUMNS && best.is_none_or(|(count, _)| concepts.len() > count) {
            best = Some((concepts.len(), row));
        }
    }
    let Some((_, header)) = best else { return Ok(None) };
    let y_of = |row: usize| grid.row(row).1.first().map(|segment: &Segment| (segment.page, segment.rect.y));
    let is_near = |row: usize| match (y_of(row), y_of(header)) {
        (Some((page, y)), Some((header_page, header_y))) => page == header_page && (y - header_y).abs() < HEADER_HEIGHT,
        _ => false,
    };
    let has_no_digits =
        |row: usize| !grid.row(row).1.iter().any(|s| grid.text_of(s).bytes().any(|byte| byte.is_ascii_digit()));
    let rows: Vec<usize> = (header.saturating_sub(1)..=header + 1)
        .filter(|&row| row == header || is_near(row) && has_no_digits(row) && labelled.has_columns(row))
        .collect();
    let mut columns: Vec<(f32, Field)> = Vec::new();
    for &row in &rows {
        let (first, segments) = grid.row(row);
        for (index, segment) in (first..).zip(segments) {
            let concepts: Vec<_> = labelled.concept_columns_of(index).collect();
            let own = (concepts.is_empty() && row == header).then(|| grid.text_of(segment).trim());
            let own = own.filter(|text| is_label(text)).map(|text| {
                let name = snake_case(text);
                let described = Described { path: &[&name], title: None, description: None, part: Part::Row };
                let kind = described.meaning(Allowed::Text).kind;
                (segment.rect.x, Field { name: name.clone(), kind, ..Field::default() })
            });
            let known = concepts.into_iter().filter_map(|(concept, span)| {
                let concept = CONCEPTS.get(concept)?;
                let name = concept.name.strip_prefix("line_").unwrap_or(concept.name).to_owned();
                Some((grid.rect(segment.page, span)?.x, Field { name, kind: concept.kind, ..Field::default() }))
            });
            for (x, field) in known.chain(own) {
                if !field.name.is_empty()
                    && columns.len() < MAX_FIELDS
                    && !columns.iter().any(|(_, known)| known.name == field.name)
                {
                    columns.push((x, field));
                }
            }
        }
    }
    columns.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Some((rows, columns.into_iter().map(|(_, field)| field).collect())))
}

/// The list of items with the columns that have values; None if there are no items.
fn items(
    document: &Document,
    columns: Vec<Field>,
    attachments: &[AttachedFile],
    budget: &Budget,
) -> Result<Option<Json>> {
    if columns.is_empty() {
        return Ok(None);
    }
    let table = Table { name: ITEMS.to_owned(), description: None, fields: columns };
    let schema = Schema { fields: Vec::new(), tables: vec![table] };
    let extraction = extract(document, &schema, attachments, budget)?;
    let rows = extraction.tables.iter().flat_map(|table| &table.rows);
    let mut has_values = vec![false; schema.tables.iter().map(|table| table.fields.len()).sum()];
    for row in rows {
        has_values.iter_mut().zip(row).for_each(|(has, value)| *has |= value.value.is_some());
    }
    let fields = schema.tables.iter().flat_map(|table| &table.fields).zip(has_values).filter(|(_, has)| *has);
    let columns: Vec<(String, Json)> = fields
        .map(|(field, _)| (field.name.clone(), of_kind(field.kind, None, &description(&field.name, field.kind))))
        .collect();
    Ok((columns.len() >= MIN_COLUMNS).then(|| list_of_rows("The items, one for each row of the table", columns)))
}
