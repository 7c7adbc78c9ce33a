//! The passages of a page as items.

use super::escape::InlineLink;
use super::markdown::{self, Entry, TableText};
use super::segments::{self, Segment, SegmentItem, marks_in};
use super::{Item, ItemKind, Link, ListEntry, MarginPlace, TextRole};
use crate::budget::{Budget, Held};
use crate::document::{MarkKind, Page, Passage, Rect, Role, Span};
use crate::error::Result;

/// The memory of a cell: in its table, in Markdown, and in JSON.
pub(super) const CELL_MEMORY: usize = 64;

/// The memory of the indent of a line for one level of a list, which is as long as the widest mark (`999. `): in the
/// Markdown of the item and of the page, and both once more as JSON.
const LEVEL_MEMORY: usize = 4 * 5;

/// The work of a passage, and how many of its bytes are a step: it is copied and escaped character by character.
const PASSAGE_STEPS: usize = 20;
const BYTES_PER_STEP: usize = 2;

/// The items of a page.
pub(super) fn items(page: &Page, budget: &Budget, held: &mut Held<'_>) -> Result<Vec<Item>> {
    let mut builder = Builder { page, budget, items: Vec::new(), has_text: false };
    let is_running = |passage: &Passage| passage.role == Role::Body;
    let is_row = |passage: &Passage| passage.role == Role::TableRow;
    let together =
        |a: &Passage, b: &Passage| is_running(a) && is_running(b) || is_row(a) && is_row(b) && !begins_table(page, b);
    for run in page.passages.chunk_by(together) {
        let bytes: usize = run.iter().map(|passage| passage.span.end - passage.span.start).sum();
        budget.work(run.len() * PASSAGE_STEPS + bytes / BYTES_PER_STEP)?;
        match run {
            [first, ..] if is_running(first) => {
                let segments = segments::segments(page, run, budget)?;
                held.grow(segments.len() * super::ITEM_MEMORY + indent_bytes(page, &segments))?;
                budget.items(segments.len())?;
                builder.running_text(&segments);
            }
            [first, ..] if is_row(first) => builder.table(run, held)?,
            _ => run.iter().for_each(|passage| builder.single(*passage)),
        }
    }
    Ok(builder.items)
}

/// The memory of what stands before the lines of items in Markdown, below the first: often more than the lines themselves.
fn indent_bytes(page: &Page, segments: &[Segment]) -> usize {
    let bytes = segments.iter().filter_map(|segment| {
        let lines = segment.span.of(&page.text).matches('\n').count();
        Some(lines.saturating_mul(usize::from(segment.item?.depth) * LEVEL_MEMORY))
    });
    bytes.fold(0, usize::saturating_add)
}

/// Whether a row names the columns of a table, which then begins with it.
fn begins_table(page: &Page, row: &Passage) -> bool {
    marks_in(page, row.span).iter().any(|mark| mark.kind == MarkKind::HeaderRow)
}

struct Builder<'a> {
    page: &'a Page,
    budget: &'a Budget,
    items: Vec<Item>,
    /// Whether there was an item that is not a margin.
    has_text: bool,
}

impl<'a> Builder<'a> {
    fn push(&mut self, kind: ItemKind, span: Span, links: &[InlineLink<'_>], md: String) {
        self.has_text |= !matches!(kind, ItemKind::Margin { .. });
        let own = |link: &InlineLink<'_>| {
            let span = Span { start: link.start, end: link.end };
            Link { text: one_paragraph(span.of(&self.page.text)), url: link.url.to_owned(), span }
        };
        let links = if matches!(kind, ItemKind::Link { .. }) { Vec::new() } else { links.iter().map(own).collect() };
        self.items.push(Item { kind, span, rect: rect(self.page, span), links, md });
    }

    /// The links in a span, in order; of those that overlap, the first.
    fn links(&self, span: Span) -> Vec<InlineLink<'a>> {
        let mut links: Vec<InlineLink<'a>> = Vec::new();
        for mark in marks_in(self.page, span) {
            if let MarkKind::Link { url } = &mark.kind
                && mark.span.end <= span.end
                && links.last().is_none_or(|last| last.end <= mark.span.start)
            {
                links.push(InlineLink { start: mark.span.start, end: mark.span.end, url });
            }
        }
        links
    }

    fn single(&mut self, passage: Passage) {
        let span = passage.span;
        let text = span.of(&self.page.text);
        let links = self.links(span);
        match passage.role {
            Role::Title | Role::Heading => {
                let level = marks_in(self.page, span).iter().find_map(|mark| match mark.kind {
                    MarkKind::Heading(level) => Some(level),
                    _ => None,
                });
                let level = level.unwrap_or(if passage.role == Role::Title { 1 } else { 2 });
                let md = markdown::heading(self.page, span, level, &links);
                self.push(ItemKind::Heading { level, text: one_line(text) }, span, &links, md);
            }
            Role::Margin => {
                let kind = ItemKind::Margin { place: self.margin_place(span), text: one_paragraph(text) };
                self.push(kind, span, &links, markdown::paragraph(self.page, span, &links));
            }
            Role::Quote => self.text(span, Some(TextRole::Quote)),
            Role::Signature => self.text(span, Some(TextRole::Signature)),
            Role::Header => self.text(span, Some(TextRole::MailHeader)),
            Role::Body | Role::TableRow => self.text(span, None),
        }
    }

    fn margin_place(&self, span: Span) -> MarginPlace {
        let is_footer = match (rect(self.page, span), self.page.size) {
            (Some(rect), Some((_, height))) => rect.y + rect.height / 2.0 > height / 2.0,
            _ => self.has_text,
        };
        if is_footer { MarginPlace::Footer } else { MarginPlace::Header }
    }

    fn text(&mut self, span: Span, role: Option<TextRole>) {
        let links = self.links(span);
        let text = one_paragraph(span.of(&self.page.text));
        let md = markdown::paragraph(self.page, span, &links);
        let kind = match links.as_slice() {
            [InlineLink { start, end, url }] if role.is_none() && Span { start: *start, end: *end } == span => {
                ItemKind::Link { text, url: (*url).to_owned() }
            }
            _ => ItemKind::Text { text, role },
        };
        self.push(kind, span, &links, md);
    }

    /// Paragraphs and lists.
    fn running_text(&mut self, segments: &[Segment]) {
        let mut list: Vec<Entry<'a>> = Vec::new();
        // The last item of the highest level of the list.
        let mut top: Option<SegmentItem> = None;
        for Segment { span, item } in segments {
            match item {
                Some(item) if item.continues && list.last().is_some() => {
                    let links = self.links(*span);
                    list.last_mut().into_iter().for_each(|entry| entry.paragraphs.push((*span, links.clone())));
                }
                Some(item) if !item.continues => {
                    let first = list.first().map(|entry| entry.item);
                    if is_another_list(first, top, *item) {
                        self.end_list(&mut list);
                        top = None;
                    }
                    if top.is_none_or(|top| item.depth <= top.depth) {
                        top = Some(*item);
                    }
                    let paragraphs = vec![(*span, self.links(*span))];
                    list.push(Entry { item: *item, depth: 0, paragraphs });
                }
                _ => {
                    self.end_list(&mut list);
                    top = None;
                    self.text(*span, None);
                }
            }
        }
        self.end_list(&mut list);
    }

    fn end_list(&mut self, list: &mut Vec<Entry<'a>>) {
        let mut entries = std::mem::take(list);
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return };
        let (Some((start, _)), Some((end, _))) = (first.paragraphs.first(), last.paragraphs.last()) else { return };
        let span = Span { start: start.start, end: end.end };
        let ordered = first.item.ordered;
        // Levels without an item between them are one.
        let mut levels: Vec<u8> = Vec::new();
        for entry in &mut entries {
            while levels.last().is_some_and(|level| *level >= entry.item.depth) {
                levels.pop();
            }
            levels.push(entry.item.depth);
            entry.depth = levels.len();
        }
        // Where a list follows one of its kind, Markdown tells them apart by their marks.
        let is_second = matches!(self.items.last(), Some(Item { kind: ItemKind::List { ordered: other, .. }, md, .. })
            if *other == ordered && !markdown::has_other_marks(md));
        let md = markdown::list(self.page, &entries, is_second);
        let links: Vec<_> = entries
            .iter()
            .flat_map(|entry| entry.paragraphs.iter().flat_map(|(_, links)| links.iter().copied()))
            .collect();
        let items = entries.iter().map(|entry| {
            let paragraphs: Vec<_> =
                entry.paragraphs.iter().map(|(span, _)| one_paragraph(span.of(&self.page.text))).collect();
            let SegmentItem { ordered, number, .. } = entry.item;
            let depth = u8::try_from(entry.depth).unwrap_or(u8::MAX);
            ListEntry { depth, ordered, number, text: paragraphs.join("\n\n") }
        });
        let items = items.collect();
        self.push(ItemKind::List { ordered, items }, span, &links, md);
    }

    fn table(&mut self, rows: &[Passage], held: &mut Held<'_>) -> Result<()> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let span = Span { start: first.span.start, end: last.span.end };
        let spans: Vec<_> = rows.iter().map(|row| self.cells(*row)).collect();
        let left = spans.iter().flatten().map(|(column, _)| *column).min().unwrap_or_default();
        let right = spans.iter().flatten().map(|(column, _)| *column).max().unwrap_or_default();
        let columns = right - left + 1;
        let count = columns.saturating_mul(rows.len());
        self.budget.items(count)?;
        self.budget.work(count)?;
        held.grow(count.saturating_mul(CELL_MEMORY))?;
        let mut table = TableText::new(self.page, columns);
        let mut cells = Vec::new();
        let mut links = Vec::new();
        for row in spans {
            let mut texts = vec![String::new(); columns];
            let row_links: Vec<_> = row.iter().map(|(_, span)| self.links(*span)).collect();
            for (column, span) in &row {
                if let Some(text) = texts.get_mut(column - left) {
                    *text = one_line(span.of(&self.page.text));
                }
            }
            table.row(
                row.iter().zip(&row_links).map(|((column, span), links)| (column - left, *span, links.as_slice())),
            );
            links.extend(row_links.into_iter().flatten());
            cells.push(texts);
        }
        let kind = ItemKind::Table { rows: cells, has_header: begins_table(self.page, first) };
        self.push(kind, span, &links, table.finish());
        Ok(())
    }

    /// The cells of a row that are not empty, with their columns.
    fn cells(&self, row: Passage) -> Vec<(usize, Span)> {
        let mut columns = marks_in(self.page, row.span).iter().filter_map(|mark| match mark.kind {
            MarkKind::Cell { column } => Some((mark.span.start, column as usize)),
            _ => None,
        });
        let mut next_mark = columns.next();
        let mut start = row.span.start;
        let mut cells: Vec<(usize, Span)> = Vec::new();
        for cell in row.span.of(&self.page.text).split('\t') {
            let span = Span { start, end: start + cell.len() };
            start = span.end + 1;
            let mut column = cells.last().map_or(0, |(column, _)| column + 1);
            while let Some((place, marked)) = next_mark.filter(|(place, _)| *place <= span.start) {
                if place == span.start {
                    column = column.max(marked);
                }
                next_mark = columns.next();
            }
            if span.start < span.end {
                cells.push((column, span));
            }
        }
        cells
    }
}

/// Whether an item begins another list than that of the items above it: the first of them, and the last of the highest
/// level.
fn is_another_list(first: Option<SegmentItem>, top: Option<SegmentItem>, item: SegmentItem) -> bool {
    let (Some(first), Some(top)) = (first, top) else { return false };
    if item.depth > top.depth {
        return false;
    }
    let above = if item.depth == top.depth { top } else { first };
    let goes_on = match (above.number, item.number) {
        (Some(above), Some(number)) => number == above.saturating_add(1) || number == above,
        _ => true,
    };
    above.ordered != item.ordered || !goes_on
}

/// The box around the words in a span.
fn rect(page: &Page, span: Span) -> Option<Rect> {
    let first = page.words.partition_point(|word| word.span.start < span.start);
    let words = page.words.iter().skip(first).take_while(|word| word.span.end <= span.end);
    let edges = |rect: Rect| (rect.x, rect.y, rect.x + rect.width, rect.y + rect.height);
    let (left, top, right, bottom) =
        words.map(|word| edges(word.rect)).reduce(|a, b| (a.0.min(b.0), a.1.min(b.1), a.2.max(b.2), a.3.max(b.3)))?;
    Some(Rect { x: left, y: top, width: right - left, height: bottom - top })
}

/// A text on one line.
fn one_line(text: &str) -> String {
    let lines = text.split('\n').map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A text without white space around its lines.
fn one_paragraph(text: &str) -> String {
    text.trim().split('\n').map(str::trim).collect::<Vec<_>>().join("\n")
}
