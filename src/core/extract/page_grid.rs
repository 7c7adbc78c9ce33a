//! A document as rows of segments, so that what stands beside or below a segment can be found.
//!
//! If words have positions, rows are found from the positions alone, across columns. Else positions are made up from
//! the lines of the text and the cells of table rows, so that one set of rules serves both.

use crate::budget::{Budget, Held};
use crate::document::{Document, Page, Rect, Role, Span};
use crate::error::Result;
use crate::limits;

/// A gap wider than this times the height of the words splits a row into segments.
const SEGMENT_GAP: f32 = 1.4;

/// Words whose vertical centers are nearer than this share of their height are on one row.
const ROW_SLACK: f32 = 0.45;

/// The number of rows, the last ones, that a word may belong to.
const OPEN_ROWS: usize = 4;

/// The maximum bytes of a segment: more is prose, in which the label is near its value.
const MAX_SEGMENT_BYTES: usize = 2_000;

/// The maximum bytes of a word. A longer run without spaces, such as an encoded picture, is searched in pieces, so that
/// what is found in one piece fits in memory.
const MAX_WORD_BYTES: usize = 64 * 1024;

/// The made-up layout of text without positions: height of a row, width of a character, width of a cell.
const ROW_HEIGHT: f32 = 10.0;
const CHAR_WIDTH: f32 = 5.0;
const CELL_WIDTH: f32 = 200.0;

/// The work of a word, in steps: it is sorted by its position, into a row and into the order of the text.
const WORD_STEPS: usize = 6;

/// The memory of a word and of a segment, in bytes; while rows are made, words are held twice.
const WORD_BYTES: usize = 24;
const SEGMENT_BYTES: usize = 36;

/// A word with its position, real or made up.
#[derive(Debug, Clone, Copy)]
struct PlacedWord {
    span: Span,
    rect: Rect,
}

/// A run of words on one row without a wide gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// The index of the page in the document.
    pub page: usize,
    /// The index of the row in the document.
    pub row: usize,
    pub span: Span,
    pub rect: Rect,
}

/// The rows of a document.
pub(super) struct PageGrid<'a> {
    pub document: &'a Document,
    /// Row by row from the top, left to right.
    pub segments: Vec<Segment>,
    /// The index of the first segment of every row, then the number of segments.
    rows: Vec<usize>,
    /// The width of the widest segment of every row.
    widths: Vec<f32>,
    /// The words of every page, in the order of the text.
    words: Vec<Vec<PlacedWord>>,
    _held: Held<'a>,
}

impl<'a> PageGrid<'a> {
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(document: &'a Document, budget: &'a Budget) -> Result<Self> {
        let mut held = budget.hold(0)?;
        let (mut segments, mut row_starts, mut widths) = (Vec::new(), vec![0], Vec::new());
        let mut words_of_pages = Vec::with_capacity(document.pages.len());
        let mut remaining_bytes = limits::MAX_EXTRACTED_BYTES;
        for (page_index, page) in document.pages.iter().enumerate() {
            budget.pass_over(2 * page.text.len().min(remaining_bytes))?;
            let mut words =
                if page.words.is_empty() { synthetic_layout(page, remaining_bytes) } else { native_layout(page) };
            // Keeps the beginning of the text that is within the bound.
            words.retain(|word| word.span.end <= remaining_bytes);
            if words.iter().any(|word| word.span.end - word.span.start > MAX_WORD_BYTES) {
                words = words.iter().flat_map(|word| pieces(word, &page.text)).collect();
            }
            remaining_bytes = remaining_bytes.saturating_sub(page.text.len());
            budget.work(WORD_STEPS * words.len())?;
            held.grow(WORD_BYTES * words.len())?;
            let held_rows = budget.hold((WORD_BYTES + SEGMENT_BYTES) * words.len())?;
            let from = segments.len();
            for row in rows(&words).chunk_by(|(a, _), (b, _)| a == b) {
                add_row(&mut segments, page_index, page, row_starts.len() - 1, row.iter().map(|(_, word)| *word));
                let first = row_starts.last().copied().unwrap_or_default();
                let row_segments = segments.get(first..).unwrap_or_default();
                widths.push(row_segments.iter().map(|segment: &Segment| segment.rect.width).fold(0.0, f32::max));
                row_starts.push(segments.len());
            }
            drop(held_rows);
            held.grow(SEGMENT_BYTES * (segments.len() - from))?;
            words.sort_by_key(|word| (word.span.start, word.span.end));
            words_of_pages.push(words);
        }
        Ok(Self { document, segments, rows: row_starts, widths, words: words_of_pages, _held: held })
    }

    /// The segments of a row, with the index of the first in [`Self::segments`].
    pub fn row(&self, index: usize) -> (usize, &[Segment]) {
        let (Some(&start), Some(&end)) = (self.rows.get(index), self.rows.get(index + 1)) else { return (0, &[]) };
        (start, self.segments.get(start..end).unwrap_or_default())
    }

    /// The segments of a row that may reach into the columns from `left` to `right`, with the index of the first.
    pub fn row_within(&self, index: usize, left: f32, right: f32) -> (usize, &[Segment]) {
        let (start, row) = self.row(index);
        let width = self.widths.get(index).copied().unwrap_or_default();
        // A point more, because the width is rounded.
        let from = row.partition_point(|segment| segment.rect.x < left - width - 1.0);
        let to = row.partition_point(|segment| segment.rect.x <= right);
        (start + from, row.get(from..to).unwrap_or_default())
    }

    pub fn row_count(&self) -> usize {
        self.rows.len() - 1
    }

    pub fn page(&self, index: usize) -> Option<&'a Page> {
        self.document.pages.get(index)
    }

    pub fn text(&self, page: usize) -> &'a str {
        self.page(page).map_or("", |page| page.text.as_str())
    }

    pub fn text_of(&self, segment: &Segment) -> &'a str {
        segment.span.of(self.text(segment.page))
    }

    /// The box around a span of a page.
    pub fn rect(&self, page: usize, span: Span) -> Option<Rect> {
        let words = self.words.get(page)?;
        let from = words.partition_point(|word| word.span.end <= span.start);
        let inside = words.get(from..)?.iter().take_while(|word| word.span.start < span.end);
        inside.map(|word| part(word, span)).reduce(union)
    }

    /// The box around a span; None if the format has no layout, so that positions are made up.
    pub fn layout_rect(&self, page: usize, span: Span) -> Option<Rect> {
        self.rect(page, span).filter(|_| self.page(page).is_some_and(|page| !page.words.is_empty()))
    }
}

/// Splits a row, its words from left to right, into segments.
fn add_row(
    segments: &mut Vec<Segment>,
    page_index: usize,
    page: &Page,
    row_index: usize,
    row: impl Iterator<Item = PlacedWord>,
) {
    let mut open: Option<Segment> = None;
    for word in row {
        if let Some(segment) = &mut open {
            let height = segment.rect.height.min(word.rect.height).max(6.0);
            let gap = word.rect.x - (segment.rect.x + segment.rect.width);
            let between = page.text.get(segment.span.end..word.span.start);
            let follows = between.is_some_and(|between| between.chars().all(|c| c.is_whitespace() && c != '\t'));
            let length = word.span.end.saturating_sub(segment.span.start);
            if follows && gap < SEGMENT_GAP * height && length <= MAX_SEGMENT_BYTES {
                segment.span.end = word.span.end;
                segment.rect = union(segment.rect, word.rect);
                continue;
            }
            segments.extend(open.take());
        }
        open = Some(Segment { page: page_index, row: row_index, span: word.span, rect: word.rect });
    }
    segments.extend(open);
}

/// A word in pieces of the maximum length.
fn pieces(word: &PlacedWord, text: &str) -> Vec<PlacedWord> {
    let mut pieces = Vec::new();
    let mut start = word.span.start;
    while start < word.span.end {
        let longest = word.span.end.min(start + MAX_WORD_BYTES);
        let end = (start + 1..=longest).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(longest);
        let span = Span { start, end };
        pieces.push(PlacedWord { span, rect: part(word, span) });
        start = end;
    }
    pieces
}

/// The part of a word that a span covers, as if its bytes were of equal width.
fn part(word: &PlacedWord, span: Span) -> Rect {
    let length = (word.span.end - word.span.start).max(1) as f32;
    let before = span.start.saturating_sub(word.span.start) as f32 / length;
    let after = word.span.end.saturating_sub(span.end) as f32 / length;
    let Rect { x, y, width, height } = word.rect;
    Rect { x: x + before * width, y, width: width * (1.0 - before - after).max(0.0), height }
}

pub(super) fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let right = (a.x + a.width).max(b.x + b.width);
    let bottom = (a.y + a.height).max(b.y + b.height);
    Rect { x, y, width: right - x, height: bottom - y }
}

fn native_layout(page: &Page) -> Vec<PlacedWord> {
    let is_finite = |r: &Rect| r.x.is_finite() && r.y.is_finite() && r.width.is_finite() && r.height.is_finite();
    page.words
        .iter()
        // A caller may have made the document, so its spans and boxes are not trusted.
        .filter(|word| word.span.start < word.span.end && page.text.get(word.span.start..word.span.end).is_some())
        .filter(|word| is_finite(&word.rect))
        .map(|word| PlacedWord { span: word.span, rect: word.rect })
        .collect()
}

/// Positions for a text without any: one row per line, and cells of equal width in the rows of tables. Lines after the
/// first `max_bytes` bytes are left out.
fn synthetic_layout(page: &Page, max_bytes: usize) -> Vec<PlacedWord> {
    let mut words: Vec<PlacedWord> = Vec::new();
    let mut start = 0;
    let mut y = 0.0;
    for line in page.text.split_inclusive('\n') {
        if start >= max_bytes {
            break;
        }
        let mut cell = 0_u16;
        let mut is_table = line.contains('\t');
        if !is_table {
            let index = page.passages.partition_point(|passage| passage.span.end <= start);
            is_table = page.passages.get(index).is_some_and(|p| p.role == Role::TableRow && p.span.start <= start);
        }
        let (mut column, mut word) = (0_u16, None);
        let mut add_word = |from: usize, to: usize, cell: u16, column: u16| {
            let left = if is_table {
                f32::from(cell) * CELL_WIDTH + (f32::from(column) * CHAR_WIDTH).min(CELL_WIDTH - 20.0)
            } else {
                f32::from(column) * CHAR_WIDTH
            };
            let right = left + (page.text.get(from..to).map_or(0, |word| word.chars().count()) as f32) * CHAR_WIDTH;
            let right =
                if is_table { right.min(f32::from(cell + 1) * CELL_WIDTH - 15.0).max(left + 1.0) } else { right };
            words.push(PlacedWord {
                span: Span { start: from, end: to },
                rect: Rect { x: left, y, width: right - left, height: ROW_HEIGHT - 2.0 },
            });
        };
        for (offset, c) in line.char_indices().take_while(|(offset, _)| start + offset <= max_bytes) {
            if c.is_whitespace() {
                if let Some((from, first_column)) = word.take() {
                    add_word(from, start + offset, cell, first_column);
                }
                if c == '\t' {
                    cell = cell.saturating_add(1).min(u16::MAX - 1);
                    column = 0;
                    continue;
                }
            } else if word.is_none() {
                word = Some((start + offset, column));
            }
            column = column.saturating_add(1);
        }
        if let Some((from, first_column)) = word {
            add_word(from, start + line.len(), cell, first_column);
        }
        if !line.trim().is_empty() {
            y += ROW_HEIGHT;
        }
        start += line.len();
    }
    words
}

/// The words with the numbers of their rows, from the top; those of a row from the left.
fn rows(words: &[PlacedWord]) -> Vec<(usize, PlacedWord)> {
    let center = |word: &PlacedWord| word.rect.y + word.rect.height / 2.0;
    let mut sorted: Vec<(usize, PlacedWord)> = words.iter().map(|word| (0, *word)).collect();
    sorted.sort_by(|(_, a), (_, b)| center(a).total_cmp(&center(b)).then(a.rect.x.total_cmp(&b.rect.x)));
    // The last rows: their numbers, and the center and height of the first word.
    let mut open: [Option<(usize, f32, f32)>; OPEN_ROWS] = [None; OPEN_ROWS];
    let mut next = 0;
    for (row, word) in &mut sorted {
        let y = center(word);
        let row_of_word = open
            .iter()
            .flatten()
            .find(|(_, row_y, height)| (row_y - y).abs() < ROW_SLACK * height.min(word.rect.height).max(4.0));
        *row = match row_of_word {
            Some(&(row, ..)) => row,
            None => {
                open.rotate_right(1);
                if let Some(newest) = open.first_mut() {
                    *newest = Some((next, y, word.rect.height));
                }
                next += 1;
                next - 1
            }
        };
    }
    sorted.sort_by(|(row_a, a), (row_b, b)| {
        row_a.cmp(row_b).then(a.rect.x.total_cmp(&b.rect.x)).then(a.span.start.cmp(&b.span.start))
    });
    sorted
}
