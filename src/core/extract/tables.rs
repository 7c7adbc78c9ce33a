//! Rows below a header: the items of an invoice, the lines of a delivery note.
//!
//! The header is the row that names most of the table's fields. Its names, asked for or not, make columns; what
//! stands below nearest to a column is its cell. A row with an amount or a count begins an item; rows with words alone
//! go on with it; a total ends the table.

use super::candidates::{self, Habits};
use super::concepts::{CONCEPTS, canonical, index, spaced};
use super::labels;
use super::numbers;
use super::relation::Reading;
use super::schema::{Field, Kind, Table};
use super::sheet::union;
use super::texts::tidy;
use super::{Citation, Origin, Rows, Value};
use crate::document::{Rect, Span};

/// The fields a row must name to be a header.
const MIN_NAMED: usize = 2;

/// Rows without an item after which the table is over; after its header, the first item comes within as many.
const MAX_PAUSE: usize = 12;

/// The most columns of a table.
const MAX_COLUMNS: usize = 64;

/// The most rows of a table.
const MAX_ROWS: usize = 5_000;

/// Rows nearer than this many heights to the header belong to it, and to an item if they go on with it.
const NEAR: f32 = 2.2;

/// How sure a cell is: in a row whose quantity and price make its total, in a row with every number, in others. By
/// eye: the developers' share of the corpus has one layout for most of its rows.
const CHECKED: f64 = 0.95;
const COMPLETE: f64 = 0.8;
const PARTIAL: f64 = 0.6;

/// What ends a table.
const ENDS: &[&str] = &["total", "net", "tax", "amount_due", "lines_net", "payment_terms"];

/// The concept of a column, by the names of the field.
pub(super) fn concept(field: &Field) -> Option<&'static str> {
    concept_index(field).and_then(|at| CONCEPTS.get(at)).map(|concept| concept.name)
}

fn concept_index(field: &Field) -> Option<usize> {
    let names: Vec<_> =
        std::iter::once(&field.name).chain(&field.synonyms).map(|name| canonical(&spaced(name))).collect();
    let columns = CONCEPTS.iter().enumerate().filter(|(_, concept)| concept.name.starts_with("line_"));
    // Each name on its own, so that the field's name outweighs its synonyms.
    names.iter().find_map(|name| {
        columns.clone().find(|(_, concept)| concept.phrases.iter().any(|(phrase, _)| phrase == name)).map(|(at, _)| at)
    })
}

/// A column: where its name stands, and which field it is.
#[derive(Debug, Clone, Copy)]
struct Column {
    rect: Rect,
    field: Option<usize>,
}

struct Header {
    row: usize,
    columns: Vec<Column>,
}

/// Reads a table.
pub(super) fn read(reading: &Reading<'_>, table: &Table, habits: Habits) -> Rows {
    let mut rows = Vec::new();
    if let Some(header) = header(reading, table) {
        let mut body = Body { reading, table, habits, header: &header, items: Vec::new(), last: None };
        body.read();
        rows = body.items.into_iter().map(|item| item.into_values(reading, table)).collect();
    }
    Rows { table: table.name.clone(), rows }
}

/// The row that names most fields, the first of those.
fn header(reading: &Reading<'_>, table: &Table) -> Option<Header> {
    let concepts: Vec<_> = table.fields.iter().map(concept_index).collect();
    let mut best: Option<(usize, Header)> = None;
    for row in 0..reading.sheet.row_count() {
        let columns = columns(reading, table, &concepts, row);
        let named = columns.iter().filter(|column| column.field.is_some()).count();
        if named >= MIN_NAMED && best.as_ref().is_none_or(|(most, _)| named > *most) {
            best = Some((named, Header { row, columns }));
        }
    }
    let (_, mut header) = best?;
    // A header of several lines: what the rows around it name besides.
    let height = |row: usize| reading.sheet.row(row).1.iter().map(|segment| segment.rect).reduce(union);
    let own = height(header.row)?;
    for row in header.row.saturating_sub(2)..=header.row + 2 {
        let is_near = height(row).is_some_and(|rect| (rect.y - own.y).abs() < 2.0 * NEAR * own.height.clamp(6.0, 16.0));
        let (_, segments) = reading.sheet.row(row);
        let is_words = !segments.iter().any(|s| reading.sheet.text_of(s).bytes().any(|byte| byte.is_ascii_digit()));
        if row == header.row || !is_near || !is_words {
            continue;
        }
        for column in columns(reading, table, &concepts, row) {
            let is_known = |field| header.columns.iter().any(|known| known.field == Some(field));
            if column.field.is_some_and(|field| !is_known(field)) {
                header.columns.push(column);
            }
        }
    }
    header.columns.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x));
    Some(header)
}

/// The columns a row would make, from the left: names of fields, other names of columns, and other segments.
fn columns(reading: &Reading<'_>, table: &Table, concepts: &[Option<usize>], row: usize) -> Vec<Column> {
    let mut names = names(reading, table, concepts, row);
    let amount_is_quantity = amount_is_quantity(&names);
    let mut taken = vec![false; table.fields.len()];
    let mut columns: Vec<Column> = Vec::new();
    for name in &mut names {
        if amount_is_quantity && name.is_amount {
            name.label = index("line_quantity");
        }
        let own = |field: &usize| {
            name.label
                .is_some_and(|label| concepts.get(*field) == Some(&Some(label)) || label == labels::custom(*field))
        };
        let field = (0..table.fields.len()).find(|field| own(field) && taken.get(*field) == Some(&false));
        if let Some(taken) = field.and_then(|field| taken.get_mut(field)) {
            *taken = true;
        }
        columns.push(Column { rect: name.rect, field });
    }
    columns.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x));
    columns.truncate(MAX_COLUMNS);
    columns
}

/// A segment of a row that may head a table, or the part of it that is a name.
struct Name {
    rect: Rect,
    /// The concept or the field it names; None if it names neither.
    label: Option<usize>,
    /// Whether it says "amount" and no more.
    is_amount: bool,
}

/// What the segments of a row name, in the order of the text.
fn names(reading: &Reading<'_>, table: &Table, concepts: &[Option<usize>], row: usize) -> Vec<Name> {
    let (first, segments) = reading.sheet.row(row);
    let mut names = Vec::new();
    for (at, segment) in (first..).zip(segments) {
        let said = reading.said.get(at).map(Vec::as_slice).unwrap_or_default();
        let mut named = labels::columns(said.iter());
        // The fields' own words, where no concept has them.
        for (field, _) in table.fields.iter().enumerate().filter(|(field, _)| concepts.get(*field) == Some(&None)) {
            let words = table.fields.get(field).map(|field| canonical(&spaced(&field.name))).unwrap_or_default();
            let found =
                said.windows(words.len().max(1)).find(|part| part.iter().map(|word| &word.canonical).eq(&words));
            if let Some((first, last)) = found.and_then(|part| Some((part.first()?, part.last()?))) {
                named.push((labels::custom(field), Span { start: first.span.start, end: last.span.end }));
            }
        }
        if named.is_empty() {
            names.push(Name { rect: segment.rect, label: None, is_amount: false });
        }
        for (label, span) in named {
            let Some(rect) = reading.sheet.rect(segment.page, span) else { continue };
            let is_amount = said.iter().any(|word| word.span == span && word.canonical == "amount");
            names.push(Name { rect, label: Some(label), is_amount });
        }
    }
    names
}

/// Whether "amount" is how many: where a price follows and another name for the line's money, and nothing else names
/// the quantity. `Amount | Price | Total` is a row of those, `Quantity | Price | Amount` is none.
fn amount_is_quantity(names: &[Name]) -> bool {
    let Some(amount) = names.iter().position(|name| name.is_amount) else { return false };
    let (quantity, price, total) = (index("line_quantity"), index("line_unit_price"), index("line_total"));
    let mut after = names.iter().skip(amount + 1);
    after.any(|name| name.label == price)
        && after.any(|name| name.label == total)
        && !names.iter().any(|name| name.label == quantity)
}

/// A value of a row, with its place.
#[derive(Debug, Clone)]
struct Cell {
    page: usize,
    span: Span,
    value: String,
    amount: Option<i128>,
}

/// A row of the table: a cell for every field.
#[derive(Debug, Clone)]
struct Item(Vec<Option<Cell>>);

struct Body<'a> {
    reading: &'a Reading<'a>,
    table: &'a Table,
    habits: Habits,
    header: &'a Header,
    items: Vec<Item>,
    /// The last row that belonged to an item: page and place.
    last: Option<(usize, Rect)>,
}

impl Body<'_> {
    fn read(&mut self) {
        let concepts: Vec<_> = self.table.fields.iter().map(concept_index).collect();
        let mut pause = 0;
        for row in self.header.row + 1..self.reading.sheet.row_count() {
            let (_, segments) = self.reading.sheet.row(row);
            let Some(rect) = segments.iter().map(|segment| segment.rect).reduce(union) else { continue };
            let Some(page) = segments.first().map(|segment| segment.page) else { continue };
            let again = columns(self.reading, self.table, &concepts, row);
            if again.iter().filter(|column| column.field.is_some()).count() >= MIN_NAMED.max(3) {
                continue;
            }
            let item = self.item(row);
            if !self.items.is_empty() && self.ends(row) {
                return;
            }
            let has_number = self.table.fields.iter().zip(&item.0).any(|(field, cell)| {
                cell.is_some() && matches!(field.kind, Kind::Money | Kind::Number | Kind::Percent)
            });
            if has_number && self.completes(&item, page, rect) {
                self.fill(item);
                self.last = Some((page, rect));
                pause = 0;
            } else if has_number {
                self.items.push(item);
                self.last = Some((page, rect));
                pause = 0;
            } else {
                pause += 1;
                let is_near = self.last.is_some_and(|(last_page, last)| {
                    last_page == page && rect.y - last.y < NEAR * last.height.clamp(6.0, 16.0)
                });
                if is_near && self.go_on(item) {
                    self.last = Some((page, rect));
                }
            }
            if pause > MAX_PAUSE || self.items.len() >= MAX_ROWS {
                return;
            }
        }
    }

    /// Whether a row begins with what ends tables.
    fn ends(&self, row: usize) -> bool {
        let (first, segments) = self.reading.sheet.row(row);
        (first..).zip(segments).any(|(at, segment)| {
            let (_, hits) = self.reading.hits_of(at);
            hits.iter().any(|hit| {
                hit.span.start == segment.span.start
                    && hit.strength > 0.9
                    && ENDS.iter().any(|end| index(end) == Some(hit.label))
            })
        })
    }

    /// The column something stands in: the one it overlaps most, else the nearest.
    fn column(&self, rect: Rect) -> Option<&Column> {
        let gap = |column: &&Column| {
            let (left, right) = (column.rect.x, column.rect.x + column.rect.width);
            let overlap = (rect.x + rect.width).min(right) - rect.x.max(left);
            let edges = (rect.x - left).abs().min((rect.x + rect.width - right).abs());
            if overlap > 0.0 { edges.min(20.0) - 40.0 } else { edges.min(-overlap) }
        };
        self.header.columns.iter().min_by(|a, b| gap(a).total_cmp(&gap(b)))
    }

    fn item(&self, row: usize) -> Item {
        let (_, segments) = self.reading.sheet.row(row);
        let mut cells: Vec<Option<Cell>> = vec![None; self.table.fields.len()];
        let mut used: Vec<Span> = Vec::new();
        for segment in segments {
            for (field, wanted) in self.table.fields.iter().enumerate() {
                if matches!(wanted.kind, Kind::Text | Kind::Label) {
                    continue;
                }
                let text = self.reading.sheet.text_of(segment);
                // A column of rates may leave the sign to its name.
                let mut found = candidates::of_kind(text, wanted.kind, self.habits);
                if found.is_empty() && wanted.kind == Kind::Percent {
                    found = candidates::of_kind(text, Kind::Number, self.habits);
                }
                for (found, amount) in found {
                    let span = Span {
                        start: segment.span.start + found.range.start,
                        end: segment.span.start + found.range.end,
                    };
                    let Some(rect) = self.reading.sheet.rect(segment.page, span) else { continue };
                    let is_own = self.column(rect).is_some_and(|column| column.field == Some(field));
                    let Some(cell) = cells.get_mut(field).filter(|cell| is_own && cell.is_none()) else { continue };
                    *cell = Some(Cell { page: segment.page, span, value: found.value, amount });
                    used.push(span);
                }
            }
        }
        self.texts(row, &used, &mut cells);
        Item(cells)
    }

    /// The cells of words: from the name of the column to that of the next.
    fn texts(&self, row: usize, used: &[Span], cells: &mut [Option<Cell>]) {
        let (_, segments) = self.reading.sheet.row(row);
        for (at, column) in self.header.columns.iter().enumerate() {
            let Some(field) = column.field else { continue };
            if self.table.fields.get(field).is_none_or(|field| field.kind != Kind::Text) {
                continue;
            }
            let next = self.header.columns.get(at + 1).map_or(f32::MAX, |next| next.rect.x);
            let own = segments.iter().filter(|segment| {
                // A name may stand in the middle of its column.
                let starts = segment.rect.x > column.rect.x - 30.0 && segment.rect.x < next - 4.0;
                starts
                    && self
                        .column(Rect { width: segment.rect.width.min(20.0), ..segment.rect })
                        .is_some_and(|near| near.rect.x <= column.rect.x)
            });
            for segment in own {
                let text = self.reading.sheet.text(segment.page);
                let inside =
                    used.iter().filter(|span| segment.span.start <= span.start && span.end <= segment.span.end);
                // Numbers before and after the words are cells of their own.
                let (mut start, mut end) = (segment.span.start, segment.span.end);
                for span in inside {
                    if span.start == start {
                        start = span.end;
                    } else {
                        end = end.min(span.start);
                    }
                }
                let Some(span) = tidy(text, Span { start, end: end.max(start) }) else { continue };
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

    /// Whether a row has only what the item before it, right above, still lacks.
    fn completes(&self, row: &Item, page: usize, rect: Rect) -> bool {
        let (Some(item), Some((last_page, last))) = (self.items.last(), self.last) else { return false };
        let is_near = last_page == page && rect.y - last.y < NEAR * last.height.clamp(6.0, 16.0);
        let cells = self.table.fields.iter().zip(item.0.iter().zip(&row.0));
        is_near
            && cells
                .filter(|(field, _)| field.kind != Kind::Text)
                .all(|(_, (known, more))| more.is_none() || known.is_none())
    }

    fn fill(&mut self, row: Item) {
        let Some(item) = self.items.last_mut() else { return };
        for (cell, more) in item.0.iter_mut().zip(row.0) {
            *cell = cell.take().or(more);
        }
    }

    /// Adds the words of a row without numbers to the last item; says whether there were any.
    fn go_on(&mut self, row: Item) -> bool {
        let Some(item) = self.items.last_mut() else { return false };
        let mut went_on = false;
        let fields = self.table.fields.iter().zip(&mut item.0).zip(row.0);
        for ((_, cell), more) in fields.filter(|((field, _), more)| field.kind == Kind::Text && more.is_some()) {
            went_on = true;
            match (cell, more) {
                (Some(cell), Some(more)) => {
                    cell.value.push(' ');
                    cell.value.push_str(&more.value);
                }
                (cell, more) => *cell = more,
            }
        }
        went_on
    }
}

impl Item {
    fn into_values(self, reading: &Reading<'_>, table: &Table) -> Vec<Value> {
        let confidence = self.confidence(table);
        let cells = table.fields.iter().zip(self.0);
        cells
            .map(|(field, cell)| {
                let Some(cell) = cell else { return Value::none(field) };
                let page = reading.sheet.page(cell.page);
                Value {
                    field: field.name.clone(),
                    text: page.map(|page| cell.span.of(&page.text).to_owned()),
                    value: Some(cell.value),
                    confidence,
                    citation: page.map(|page| Citation {
                        page: page.number,
                        span: cell.span,
                        rect: reading.sheet.real_rect(cell.page, cell.span),
                        label: None,
                    }),
                    origin: Origin::Text,
                }
            })
            .collect()
    }

    fn confidence(&self, table: &Table) -> f64 {
        let amount = |name: &str| {
            let at = table.fields.iter().position(|field| concept(field) == Some(name))?;
            self.0.get(at)?.as_ref()?.amount
        };
        if let (Some(quantity), Some(price), Some(total)) =
            (amount("line_quantity"), amount("line_unit_price"), amount("line_total"))
        {
            // Millionths times millionths; half a cent of rounding.
            let product = quantity.saturating_mul(price) / 1_000_000;
            if (product - total).abs() <= numbers::CENT {
                return CHECKED;
            }
        }
        if self.0.iter().all(Option::is_some) { COMPLETE } else { PARTIAL }
    }
}
