//! Extracts tables: the items of an invoice, the lines of a delivery note.
//!
//! The header is the row that names most of the table's fields. Each of its names makes a column, requested or not; a
//! value below belongs to the nearest column. A row with an amount or a quantity begins an item, rows with only words
//! continue it, and a total ends the table.

use super::candidates::{self, NumberAndDateFormat};
use super::concepts::{CONCEPTS, canonical, concept_index, split_words};
use super::label_proximity::LabelledDocument;
use super::labels;
use super::numbers;
use super::page_grid::union;
use super::schema::{Field, FieldKind, Table};
use super::texts::trim_text;
use super::{Citation, TableRows, Value, ValueSource};
use crate::document::{Rect, Span};

/// The number of fields that a row must name to be a header.
const MIN_HEADER_FIELDS: usize = 2;

/// The maximum number of rows without an item, after the header and between items; more of them end the table.
const MAX_ROWS_WITHOUT_ITEM: usize = 12;

/// The maximum number of columns of a table.
const MAX_COLUMNS: usize = 64;

/// The maximum number of rows of a table.
const MAX_ROWS: usize = 5_000;

/// Rows within this distance, in row heights, may continue an item; twice this for the rows of a header.
const MAX_ROW_DISTANCE: f32 = 2.2;

/// The confidence of a cell: in a row whose quantity times price is its total, in a row with all fields, in other rows.
/// Estimated: most rows in the development part of the corpus have the same layout.
const VERIFIED_CONFIDENCE: f64 = 0.95;
const COMPLETE_CONFIDENCE: f64 = 0.8;
const PARTIAL_CONFIDENCE: f64 = 0.6;

/// The concepts that end a table.
const TABLE_END_CONCEPTS: &[&str] = &["total", "net", "tax", "amount_due", "lines_net", "payment_terms"];

/// The column concept that a field names.
pub(super) fn concept(field: &Field) -> Option<&'static str> {
    field_concept_index(field).and_then(|index| CONCEPTS.get(index)).map(|concept| concept.name)
}

fn field_concept_index(field: &Field) -> Option<usize> {
    let names: Vec<_> =
        std::iter::once(&field.name).chain(&field.synonyms).map(|name| canonical(&split_words(name))).collect();
    let columns = CONCEPTS.iter().enumerate().filter(|(_, concept)| concept.name.starts_with("line_"));
    // Each name is tried in turn, so that the field's name takes precedence over its synonyms.
    names.iter().find_map(|name| {
        columns
            .clone()
            .find(|(_, concept)| concept.phrases.iter().any(|(phrase, _)| phrase == name))
            .map(|(index, _)| index)
    })
}

/// A column: the position of its name, and its field.
#[derive(Debug, Clone, Copy)]
struct Column {
    rect: Rect,
    field: Option<usize>,
}

struct Header {
    row: usize,
    columns: Vec<Column>,
}

/// Extracts a table.
pub(super) fn read(document: &LabelledDocument<'_>, table: &Table, format: NumberAndDateFormat) -> TableRows {
    let mut rows = Vec::new();
    if let Some(header) = header(document, table) {
        let mut body = Body { document, table, format, header: &header, items: Vec::new(), last_row: None };
        body.read();
        rows = body.items.into_iter().map(|item| item.into_values(document, table)).collect();
    }
    TableRows { table: table.name.clone(), rows }
}

/// The first row that names the most fields.
fn header(document: &LabelledDocument<'_>, table: &Table) -> Option<Header> {
    let concepts: Vec<_> = table.fields.iter().map(field_concept_index).collect();
    let mut best: Option<(usize, Header)> = None;
    for row in 0..document.grid.row_count() {
        let columns = columns(document, table, &concepts, row);
        let field_count = columns.iter().filter(|column| column.field.is_some()).count();
        if field_count >= MIN_HEADER_FIELDS && best.as_ref().is_none_or(|(best_count, _)| field_count > *best_count) {
            best = Some((field_count, Header { row, columns }));
        }
    }
    let (_, mut header) = best?;
    // For a header of several lines, adds the columns that the rows around it name.
    let row_rect = |row: usize| document.grid.row(row).1.iter().map(|segment| segment.rect).reduce(union);
    let header_rect = row_rect(header.row)?;
    for row in header.row.saturating_sub(2)..=header.row + 2 {
        let is_near = row_rect(row).is_some_and(|rect| {
            (rect.y - header_rect.y).abs() < 2.0 * MAX_ROW_DISTANCE * header_rect.height.clamp(6.0, 16.0)
        });
        let (_, segments) = document.grid.row(row);
        let is_text = !segments.iter().any(|s| document.grid.text_of(s).bytes().any(|byte| byte.is_ascii_digit()));
        if row == header.row || !is_near || !is_text {
            continue;
        }
        for column in columns(document, table, &concepts, row) {
            let is_known = |field| header.columns.iter().any(|known| known.field == Some(field));
            if column.field.is_some_and(|field| !is_known(field)) {
                header.columns.push(column);
            }
        }
    }
    header.columns.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x));
    Some(header)
}

/// The columns of a row used as header, from left to right: field names, other column names, and other segments.
fn columns(document: &LabelledDocument<'_>, table: &Table, concepts: &[Option<usize>], row: usize) -> Vec<Column> {
    let mut header_names = header_names(document, table, concepts, row);
    let amount_is_quantity = amount_is_quantity(&header_names);
    let mut taken = vec![false; table.fields.len()];
    let mut columns: Vec<Column> = Vec::new();
    for name in &mut header_names {
        if amount_is_quantity && name.is_amount {
            name.label = concept_index("line_quantity");
        }
        let is_named = |field: &usize| {
            name.label
                .is_some_and(|label| concepts.get(*field) == Some(&Some(label)) || label == labels::field_label(*field))
        };
        let field = (0..table.fields.len()).find(|field| is_named(field) && taken.get(*field) == Some(&false));
        if let Some(is_taken) = field.and_then(|field| taken.get_mut(field)) {
            *is_taken = true;
        }
        columns.push(Column { rect: name.rect, field });
    }
    columns.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x));
    columns.truncate(MAX_COLUMNS);
    columns
}

/// A segment of a possible header row, or the part of it that is a name.
struct HeaderName {
    rect: Rect,
    /// The label of the named concept or field; None if it names neither.
    label: Option<usize>,
    /// Whether the name is just "amount".
    is_amount: bool,
}

/// The names in the segments of a row, in text order.
fn header_names(
    document: &LabelledDocument<'_>,
    table: &Table,
    concepts: &[Option<usize>],
    row: usize,
) -> Vec<HeaderName> {
    let (first, segments) = document.grid.row(row);
    let mut names = Vec::new();
    for (index, segment) in (first..).zip(segments) {
        let segment_words = document.words.get(index).map(Vec::as_slice).unwrap_or_default();
        let mut named = labels::columns(segment_words.iter());
        // The field's own name, if the field has no concept.
        for (field, _) in table.fields.iter().enumerate().filter(|(field, _)| concepts.get(*field) == Some(&None)) {
            let words = table.fields.get(field).map(|field| canonical(&split_words(&field.name))).unwrap_or_default();
            let found = segment_words
                .windows(words.len().max(1))
                .find(|part| part.iter().map(|word| &word.canonical).eq(&words));
            if let Some((first, last)) = found.and_then(|part| Some((part.first()?, part.last()?))) {
                named.push((labels::field_label(field), Span { start: first.span.start, end: last.span.end }));
            }
        }
        if named.is_empty() {
            names.push(HeaderName { rect: segment.rect, label: None, is_amount: false });
        }
        for (label, span) in named {
            let Some(rect) = document.grid.rect(segment.page, span) else { continue };
            let is_amount = segment_words.iter().any(|word| word.span == span && word.canonical == "amount");
            names.push(HeaderName { rect, label: Some(label), is_amount });
        }
    }
    names
}

/// Whether "amount" means the quantity: a price and a line total follow, and no other column is the quantity. True for
/// `Amount | Price | Total`, false for `Quantity | Price | Amount`.
fn amount_is_quantity(names: &[HeaderName]) -> bool {
    let Some(amount) = names.iter().position(|name| name.is_amount) else { return false };
    let (quantity, price, total) =
        (concept_index("line_quantity"), concept_index("line_unit_price"), concept_index("line_total"));
    let mut after = names.iter().skip(amount + 1);
    after.any(|name| name.label == price)
        && after.any(|name| name.label == total)
        && !names.iter().any(|name| name.label == quantity)
}

/// A value of a row with its position.
#[derive(Debug, Clone)]
struct Cell {
    page: usize,
    span: Span,
    value: String,
    amount: Option<i128>,
}

/// A row of the table: one cell per field.
#[derive(Debug, Clone)]
struct Item(Vec<Option<Cell>>);

struct Body<'a> {
    document: &'a LabelledDocument<'a>,
    table: &'a Table,
    format: NumberAndDateFormat,
    header: &'a Header,
    items: Vec<Item>,
    /// The last row that belonged to an item: page and position.
    last_row: Option<(usize, Rect)>,
}

impl Body<'_> {
    fn read(&mut self) {
        let concepts: Vec<_> = self.table.fields.iter().map(field_concept_index).collect();
        let mut rows_without_item = 0;
        for row in self.header.row + 1..self.document.grid.row_count() {
            let (_, segments) = self.document.grid.row(row);
            let Some(rect) = segments.iter().map(|segment| segment.rect).reduce(union) else { continue };
            let Some(page) = segments.first().map(|segment| segment.page) else { continue };
            let repeated_header = columns(self.document, self.table, &concepts, row);
            if repeated_header.iter().filter(|column| column.field.is_some()).count() >= MIN_HEADER_FIELDS.max(3) {
                continue;
            }
            let item = self.item(row);
            if !self.items.is_empty() && self.ends_table(row) {
                return;
            }
            let has_number = self.table.fields.iter().zip(&item.0).any(|(field, cell)| {
                cell.is_some() && matches!(field.kind, FieldKind::Money | FieldKind::Number | FieldKind::Percent)
            });
            if has_number && self.completes(&item, page, rect) {
                self.fill(item);
                self.last_row = Some((page, rect));
                rows_without_item = 0;
            } else if has_number {
                self.items.push(item);
                self.last_row = Some((page, rect));
                rows_without_item = 0;
            } else {
                rows_without_item += 1;
                let is_near = self.last_row.is_some_and(|(last_page, last)| {
                    last_page == page && rect.y - last.y < MAX_ROW_DISTANCE * last.height.clamp(6.0, 16.0)
                });
                if is_near && self.append_text(item) {
                    self.last_row = Some((page, rect));
                }
            }
            if rows_without_item > MAX_ROWS_WITHOUT_ITEM || self.items.len() >= MAX_ROWS {
                return;
            }
        }
    }

    /// Whether a segment of a row begins with the label of a concept that ends tables.
    fn ends_table(&self, row: usize) -> bool {
        let (first, segments) = self.document.grid.row(row);
        (first..).zip(segments).any(|(index, segment)| {
            let (_, hits) = self.document.hits_of(index);
            hits.iter().any(|hit| {
                hit.span.start == segment.span.start
                    && hit.strength > 0.9
                    && TABLE_END_CONCEPTS.iter().any(|name| concept_index(name) == Some(hit.label))
            })
        })
    }

    /// The column of a rect: the one with the closest edge, preferring columns that it overlaps.
    fn column(&self, rect: Rect) -> Option<&Column> {
        let distance = |column: &&Column| {
            let (left, right) = (column.rect.x, column.rect.x + column.rect.width);
            let overlap = (rect.x + rect.width).min(right) - rect.x.max(left);
            let edge_distance = (rect.x - left).abs().min((rect.x + rect.width - right).abs());
            if overlap > 0.0 { edge_distance.min(20.0) - 40.0 } else { edge_distance.min(-overlap) }
        };
        self.header.columns.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    fn item(&self, row: usize) -> Item {
        let (_, segments) = self.document.grid.row(row);
        let mut cells: Vec<Option<Cell>> = vec![None; self.table.fields.len()];
        let mut used: Vec<Span> = Vec::new();
        for segment in segments {
            for (field_index, field) in self.table.fields.iter().enumerate() {
                if matches!(field.kind, FieldKind::Text | FieldKind::Label) {
                    continue;
                }
                let text = self.document.grid.text_of(segment);
                // The header of a column of rates may contain the percent sign instead of the cells.
                let mut found = candidates::values_of_kind(text, field.kind, self.format);
                if found.is_empty() && field.kind == FieldKind::Percent {
                    found = candidates::values_of_kind(text, FieldKind::Number, self.format);
                }
                for (found, amount) in found {
                    let span = Span {
                        start: segment.span.start + found.range.start,
                        end: segment.span.start + found.range.end,
                    };
                    let Some(rect) = self.document.grid.rect(segment.page, span) else { continue };
                    let is_in_column = self.column(rect).is_some_and(|column| column.field == Some(field_index));
                    let Some(cell) = cells.get_mut(field_index).filter(|cell| is_in_column && cell.is_none()) else {
                        continue;
                    };
                    *cell = Some(Cell { page: segment.page, span, value: found.value, amount });
                    used.push(span);
                }
            }
        }
        self.fill_text_cells(row, &used, &mut cells);
        Item(cells)
    }

    /// Fills the text cells: the words between the name of the column and the name of the next column.
    fn fill_text_cells(&self, row: usize, used: &[Span], cells: &mut [Option<Cell>]) {
        let (_, segments) = self.document.grid.row(row);
        for (index, column) in self.header.columns.iter().enumerate() {
            let Some(field) = column.field else { continue };
            if self.table.fields.get(field).is_none_or(|field| field.kind != FieldKind::Text) {
                continue;
            }
            let next = self.header.columns.get(index + 1).map_or(f32::MAX, |next| next.rect.x);
            let column_segments = segments.iter().filter(|segment| {
                // The name may be centred over its column.
                let starts_in_column = segment.rect.x > column.rect.x - 30.0 && segment.rect.x < next - 4.0;
                starts_in_column
                    && self
                        .column(Rect { width: segment.rect.width.min(20.0), ..segment.rect })
                        .is_some_and(|near| near.rect.x <= column.rect.x)
            });
            for segment in column_segments {
                let text = self.document.grid.text(segment.page);
                let inside =
                    used.iter().filter(|span| segment.span.start <= span.start && span.end <= segment.span.end);
                // Numbers before and after the words are separate cells.
                let (mut start, mut end) = (segment.span.start, segment.span.end);
                for span in inside {
                    if span.start == start {
                        start = span.end;
                    } else {
                        end = end.min(span.start);
                    }
                }
                let Some(span) = trim_text(text, Span { start, end: end.max(start) }) else { continue };
                if !span.of(text).chars().any(char::is_alphabetic) {
                    continue;
                }
                let value = span.of(text).split_whitespace().collect::<Vec<_>>().join(" ");
                match cells.get_mut(field) {
                    Some(Some(cell)) => {
                        cell.value.push(' ');
                        cell.value.push_str(&value);
                    }
                    Some(cell) => *cell = Some(Cell { page: segment.page, span, value, amount: None }),
                    None => {}
                }
            }
        }
    }

    /// Whether a row only has values that the item directly above lacks.
    fn completes(&self, row: &Item, page: usize, rect: Rect) -> bool {
        let (Some(item), Some((last_page, last))) = (self.items.last(), self.last_row) else { return false };
        let is_near = last_page == page && rect.y - last.y < MAX_ROW_DISTANCE * last.height.clamp(6.0, 16.0);
        let cells = self.table.fields.iter().zip(item.0.iter().zip(&row.0));
        is_near
            && cells
                .filter(|(field, _)| field.kind != FieldKind::Text)
                .all(|(_, (cell, new_cell))| new_cell.is_none() || cell.is_none())
    }

    fn fill(&mut self, row: Item) {
        let Some(item) = self.items.last_mut() else { return };
        for (cell, new_cell) in item.0.iter_mut().zip(row.0) {
            *cell = cell.take().or(new_cell);
        }
    }

    /// Appends the words of a row without numbers to the last item; returns whether there were any.
    fn append_text(&mut self, row: Item) -> bool {
        let Some(item) = self.items.last_mut() else { return false };
        let mut has_text = false;
        let fields = self.table.fields.iter().zip(&mut item.0).zip(row.0);
        for ((_, cell), new_cell) in
            fields.filter(|((field, _), new_cell)| field.kind == FieldKind::Text && new_cell.is_some())
        {
            has_text = true;
            match (cell, new_cell) {
                (Some(cell), Some(new_cell)) => {
                    cell.value.push(' ');
                    cell.value.push_str(&new_cell.value);
                }
                (cell, new_cell) => *cell = new_cell,
            }
        }
        has_text
    }
}

impl Item {
    fn into_values(self, document: &LabelledDocument<'_>, table: &Table) -> Vec<Value> {
        let confidence = self.confidence(table);
        let cells = table.fields.iter().zip(self.0);
        cells
            .map(|(field, cell)| {
                let Some(cell) = cell else { return Value::none(field) };
                let page = document.grid.page(cell.page);
                Value {
                    field: field.name.clone(),
                    text: page.map(|page| cell.span.of(&page.text).to_owned()),
                    value: Some(cell.value),
                    confidence,
                    citation: page.map(|page| Citation {
                        page: page.number,
                        span: cell.span,
                        rect: document.grid.layout_rect(cell.page, cell.span),
                        label: None,
                    }),
                    origin: ValueSource::Text,
                }
            })
            .collect()
    }

    fn confidence(&self, table: &Table) -> f64 {
        let amount = |name: &str| {
            let index = table.fields.iter().position(|field| concept(field) == Some(name))?;
            self.0.get(index)?.as_ref()?.amount
        };
        if let (Some(quantity), Some(price), Some(total)) =
            (amount("line_quantity"), amount("line_unit_price"), amount("line_total"))
        {
            // Millionths times millionths; one cent of tolerance for rounding.
            let product = quantity.saturating_mul(price) / 1_000_000;
            if (product - total).abs() <= numbers::CENT {
                return VERIFIED_CONFIDENCE;
            }
        }
        if self.0.iter().all(Option::is_some) { COMPLETE_CONFIDENCE } else { PARTIAL_CONFIDENCE }
    }
}
