//! Extracts tables: the items of an invoice, the lines of a delivery note.
//!
//! The header is the row that names most of the table's fields. Each of its names makes a column, requested or not; a
//! value below belongs to the nearest column. A row with an amount or a quantity begins an item, rows with only words
//! continue it, and a total ends the table.

use std::sync::LazyLock;

use super::candidates::{NumberAndDateFormat, SegmentValues};
use super::concepts::concept_index;
use super::label_proximity::LabelledDocument;
use super::labels;
use super::numbers;
use super::page_grid::union;
use super::phrases::{UNKNOWN_WORD, WordId};
use super::schema::{FieldKind, Table};
use super::texts::trim_text;
use super::{Citation, TableRows, VALUE_BYTES, Value, ValueSource};
use crate::budget::Held;
use crate::document::{Rect, Span};
use crate::error::Result;

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

/// Their indexes.
static TABLE_ENDS: LazyLock<Vec<usize>> =
    LazyLock::new(|| TABLE_END_CONCEPTS.iter().filter_map(|name| concept_index(name)).collect());

/// The work of a row, and of a value or a name compared with the columns and fields of a table, in steps.
const ROW_STEPS: usize = 8;
const COLUMNS_PER_STEP: usize = 8;

/// The memory of the column that is nearest to a segment, in bytes.
const NEAREST_BYTES: usize = 8;

/// A table of the schema, with what its fields mean.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// The index of the table in the schema.
    pub index: usize,
    pub table: &'a Table,
    /// The column concept of each field.
    pub concepts: &'a [Option<usize>],
    /// The number of the word "amount".
    pub amount: WordId,
}

impl Columns<'_> {
    /// The index of the first field that means a column concept.
    fn field_of(&self, concept: &str) -> Option<usize> {
        let concept = concept_index(concept)?;
        self.concepts.iter().position(|known| *known == Some(concept))
    }
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

/// Extracts a table. `held` is the memory of the answer.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn read(
    document: &LabelledDocument<'_>,
    columns: &Columns<'_>,
    format: NumberAndDateFormat,
    held: &mut Held<'_>,
) -> Result<TableRows> {
    let mut rows = Vec::new();
    if let Some(header) = header(document, columns)? {
        let mut body = Body::new(document, *columns, format, &header);
        body.read(held)?;
        let arithmetic = ["line_quantity", "line_unit_price", "line_total"].map(|concept| columns.field_of(concept));
        rows = body.items.into_iter().map(|item| item.into_values(document, columns.table, arithmetic)).collect();
    }
    Ok(TableRows { table: columns.table.name.clone(), rows })
}

/// The first row that names the most fields.
fn header(document: &LabelledDocument<'_>, table: &Columns<'_>) -> Result<Option<Header>> {
    let mut best: Option<(usize, Header)> = None;
    document.budget.work(document.grid.row_count())?;
    for row in (0..document.grid.row_count()).filter(|&row| document.has_columns(row)) {
        let columns = columns(document, table, row)?;
        let field_count = columns.iter().filter(|column| column.field.is_some()).count();
        if field_count >= MIN_HEADER_FIELDS && best.as_ref().is_none_or(|(best_count, _)| field_count > *best_count) {
            best = Some((field_count, Header { row, columns }));
        }
    }
    let Some((_, mut header)) = best else { return Ok(None) };
    // For a header of several lines, adds the columns that the rows around it name.
    let row_rect = |row: usize| document.grid.row(row).1.iter().map(|segment| segment.rect).reduce(union);
    let Some(header_rect) = row_rect(header.row) else { return Ok(None) };
    for row in header.row.saturating_sub(2)..=header.row + 2 {
        let is_near = row_rect(row).is_some_and(|rect| {
            (rect.y - header_rect.y).abs() < 2.0 * MAX_ROW_DISTANCE * header_rect.height.clamp(6.0, 16.0)
        });
        let (_, segments) = document.grid.row(row);
        let is_text = !segments.iter().any(|s| document.grid.text_of(s).bytes().any(|byte| byte.is_ascii_digit()));
        if row == header.row || !is_near || !is_text {
            continue;
        }
        for column in columns(document, table, row)? {
            let is_known = |field| header.columns.iter().any(|known| known.field == Some(field));
            if column.field.is_some_and(|field| !is_known(field)) {
                header.columns.push(column);
            }
        }
    }
    header.columns.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x));
    Ok(Some(header))
}

/// The columns of a row used as header, from left to right: field names, other column names, and other segments.
fn columns(document: &LabelledDocument<'_>, table: &Columns<'_>, row: usize) -> Result<Vec<Column>> {
    let mut header_names = header_names(document, table, row);
    let fields = table.concepts.len();
    document.budget.work(ROW_STEPS + header_names.len() * (1 + fields / COLUMNS_PER_STEP))?;
    let amount_is_quantity = amount_is_quantity(&header_names);
    let quantity = concept_index("line_quantity");
    let mut taken = vec![false; fields];
    let mut columns: Vec<Column> = Vec::new();
    for name in &mut header_names {
        if amount_is_quantity && name.is_amount {
            name.label = quantity;
        }
        let field = name.label.and_then(|label| {
            let is_named = |(field, concept): (usize, &Option<usize>)| {
                *concept == Some(label) || label == labels::field_label(field)
            };
            let free = table.concepts.iter().zip(&taken).enumerate().filter(|(_, (_, is_taken))| !**is_taken);
            free.map(|(field, (concept, _))| (field, concept)).find(|&field| is_named(field)).map(|(field, _)| field)
        });
        if let Some(is_taken) = field.and_then(|field| taken.get_mut(field)) {
            *is_taken = true;
        }
        columns.push(Column { rect: name.rect, field });
    }
    columns.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x));
    columns.truncate(MAX_COLUMNS);
    Ok(columns)
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
fn header_names(document: &LabelledDocument<'_>, table: &Columns<'_>, row: usize) -> Vec<HeaderName> {
    let (first, segments) = document.grid.row(row);
    let mut names = Vec::new();
    for (index, segment) in (first..).zip(segments) {
        let (_, segment_words) = document.words.of(index);
        let mut named: Vec<(usize, Span)> = document.concept_columns_of(index).collect();
        // The field's own name, if the field has no concept.
        let own = document.own_columns_of(index).filter(|column| column.table == table.index);
        named.extend(own.map(|column| (labels::field_label(column.field), column.span)));
        if named.is_empty() {
            names.push(HeaderName { rect: segment.rect, label: None, is_amount: false });
        }
        for (label, span) in named {
            let Some(rect) = document.grid.rect(segment.page, span) else { continue };
            let word = segment_words.get(segment_words.partition_point(|word| word.span.start < span.start));
            let is_amount =
                table.amount != UNKNOWN_WORD && word.is_some_and(|word| word.span == span && word.word == table.amount);
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
struct Item(Vec<Option<Box<Cell>>>);

struct Body<'a> {
    document: &'a LabelledDocument<'a>,
    columns: Columns<'a>,
    table: &'a Table,
    format: NumberAndDateFormat,
    header: &'a Header,
    /// The kinds of the fields that are columns of the header, without those of texts.
    kinds: Vec<FieldKind>,
    items: Vec<Item>,
    /// The last row that belonged to an item: page and position.
    last_row: Option<(usize, Rect)>,
}

impl<'a> Body<'a> {
    fn new(
        document: &'a LabelledDocument<'a>,
        columns: Columns<'a>,
        format: NumberAndDateFormat,
        header: &'a Header,
    ) -> Self {
        let table = columns.table;
        let fields = header.columns.iter().filter_map(|column| table.fields.get(column.field?));
        let mut kinds: Vec<FieldKind> = fields.map(|field| field.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.retain(|kind| !matches!(kind, FieldKind::Text | FieldKind::Label));
        Self { document, columns, table, format, header, kinds, items: Vec::new(), last_row: None }
    }

    /// Reads the rows; `held` is the memory of the answer.
    fn read(&mut self, held: &mut Held<'_>) -> Result<()> {
        let names: usize = self.table.fields.iter().map(|field| field.name.len()).sum();
        let mut rows_without_item = 0;
        for row in self.header.row + 1..self.document.grid.row_count() {
            let (_, segments) = self.document.grid.row(row);
            let Some(rect) = segments.iter().map(|segment| segment.rect).reduce(union) else { continue };
            let Some(page) = segments.first().map(|segment| segment.page) else { continue };
            self.document.budget.work(ROW_STEPS + self.columns.concepts.len() / COLUMNS_PER_STEP)?;
            if self.document.has_columns(row) {
                let repeated_header = columns(self.document, &self.columns, row)?;
                if repeated_header.iter().filter(|column| column.field.is_some()).count() >= MIN_HEADER_FIELDS.max(3) {
                    continue;
                }
            }
            let item = self.item(row, held)?;
            if !self.items.is_empty() && self.ends_table(row) {
                return Ok(());
            }
            let has_number = self.table.fields.iter().zip(&item.0).any(|(field, cell)| {
                cell.is_some() && matches!(field.kind, FieldKind::Money | FieldKind::Number | FieldKind::Percent)
            });
            if has_number && self.completes(&item, page, rect) {
                self.fill(item);
                self.last_row = Some((page, rect));
                rows_without_item = 0;
            } else if has_number {
                held.grow(VALUE_BYTES * item.0.len() + names)?;
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
                break;
            }
        }
        Ok(())
    }

    /// Whether a segment of a row begins with the label of a concept that ends tables.
    fn ends_table(&self, row: usize) -> bool {
        let (first, segments) = self.document.grid.row(row);
        (first..).zip(segments).any(|(index, segment)| {
            let (_, hits) = self.document.hits_of(index);
            // Labels are in the order of their offsets.
            let mut at_start = hits.iter().take_while(|hit| hit.span.start == segment.span.start);
            at_start.any(|hit| hit.strength > 0.9 && TABLE_ENDS.contains(&hit.label))
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

    fn item(&self, row: usize, held: &mut Held<'_>) -> Result<Item> {
        let budget = self.document.budget;
        let (_, segments) = self.document.grid.row(row);
        let mut cells: Vec<Option<Box<Cell>>> = vec![None; self.table.fields.len()];
        let mut used: Vec<Span> = Vec::new();
        for segment in segments.iter().filter(|_| !self.kinds.is_empty()) {
            let values = SegmentValues::new(self.document.grid.text_of(segment), self.format);
            let mut filled: Vec<(usize, Span)> = Vec::new();
            for &kind in &self.kinds {
                let mut found = values.of_kind(kind, budget)?;
                // The header of a column of rates may contain the percent sign instead of the cells.
                if found.is_empty() && kind == FieldKind::Percent {
                    found = values.of_kind(FieldKind::Number, budget)?;
                }
                budget.work(found.len() * (1 + self.header.columns.len() / COLUMNS_PER_STEP))?;
                for (found, amount) in found {
                    let span = Span {
                        start: segment.span.start + found.range.start,
                        end: segment.span.start + found.range.end,
                    };
                    let Some(rect) = self.document.grid.rect(segment.page, span) else { continue };
                    let field = self.column(rect).and_then(|column| column.field);
                    let field = field.filter(|&field| self.table.fields.get(field).is_some_and(|f| f.kind == kind));
                    if let Some(field) = field
                        && let Some(cell) = cells.get_mut(field).filter(|cell| cell.is_none())
                    {
                        held.grow(2 * found.value.len())?;
                        *cell = Some(Box::new(Cell { page: segment.page, span, value: found.value, amount }));
                        filled.push((field, span));
                    }
                }
            }
            filled.sort_unstable_by_key(|&(field, _)| field);
            used.extend(filled.into_iter().map(|(_, span)| span));
        }
        self.fill_text_cells(row, &used, &mut cells, held)?;
        Ok(Item(cells))
    }

    /// Fills the text cells: the words between the name of the column and the name of the next column.
    fn fill_text_cells(
        &self,
        row: usize,
        used: &[Span],
        cells: &mut [Option<Box<Cell>>],
        held: &mut Held<'_>,
    ) -> Result<()> {
        let (_, segments) = self.document.grid.row(row);
        let budget = self.document.budget;
        let is_text = |column: &Column| {
            let field = column.field.and_then(|field| self.table.fields.get(field));
            field.is_some_and(|field| field.kind == FieldKind::Text)
        };
        if !self.header.columns.iter().any(is_text) {
            return Ok(());
        }
        // Columns may be so narrow that a segment begins near many of them.
        budget.work(segments.len() * (1 + self.header.columns.len() / COLUMNS_PER_STEP))?;
        let _held = budget.hold(NEAREST_BYTES * segments.len())?;
        let nearest: Vec<Option<f32>> = segments
            .iter()
            .map(|segment| self.column(Rect { width: segment.rect.width.min(20.0), ..segment.rect }))
            .map(|column| column.map(|column| column.rect.x))
            .collect();
        for (index, column) in self.header.columns.iter().enumerate().filter(|(_, column)| is_text(column)) {
            let Some(field) = column.field else { continue };
            budget.work(1 + segments.len() / COLUMNS_PER_STEP)?;
            let next = self.header.columns.get(index + 1).map_or(f32::MAX, |next| next.rect.x);
            let column_segments = segments.iter().zip(&nearest).filter(|(segment, nearest)| {
                // The name may be centred over its column.
                let starts_in_column = segment.rect.x > column.rect.x - 30.0 && segment.rect.x < next - 4.0;
                starts_in_column && nearest.is_some_and(|nearest| nearest <= column.rect.x)
            });
            for (segment, _) in column_segments {
                let text = self.document.grid.text(segment.page);
                budget.work(1 + (used.len() + self.header.columns.len()) / COLUMNS_PER_STEP)?;
                budget.pass_over(segment.span.end - segment.span.start)?;
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
                // With a space before it; a text that grows is held twice for a moment.
                held.grow(3 * (value.len() + 1))?;
                match cells.get_mut(field) {
                    Some(Some(cell)) => {
                        cell.value.push(' ');
                        cell.value.push_str(&value);
                    }
                    Some(cell) => *cell = Some(Box::new(Cell { page: segment.page, span, value, amount: None })),
                    None => {}
                }
            }
        }
        Ok(())
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
    /// `arithmetic` are the indexes of the fields of quantity, price and total.
    fn into_values(self, document: &LabelledDocument<'_>, table: &Table, arithmetic: [Option<usize>; 3]) -> Vec<Value> {
        let confidence = self.confidence(arithmetic);
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

    fn confidence(&self, arithmetic: [Option<usize>; 3]) -> f64 {
        let amount = |field: Option<usize>| self.0.get(field?)?.as_ref()?.amount;
        if let [Some(quantity), Some(price), Some(total)] = arithmetic.map(amount) {
            // Millionths times millionths; one cent of tolerance for rounding.
            let product = quantity.saturating_mul(price) / 1_000_000;
            if (product - total).abs() <= numbers::CENT {
                return VERIFIED_CONFIDENCE;
            }
        }
        if self.0.iter().all(Option::is_some) { COMPLETE_CONFIDENCE } else { PARTIAL_CONFIDENCE }
    }
}
