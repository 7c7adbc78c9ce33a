//! A document as rows of segments: what stands beside what, and what below.
//!
//! Where words have places, rows are found from the places alone, across columns. Elsewhere places are made up from
//! the lines of the text and the cells of its rows, so that one set of rules serves both.

use crate::document::{Document, Page, Rect, Role, Span};
use crate::limits;

/// A gap wider than this times the height of the words splits a row into segments.
const SEGMENT_GAP: f32 = 1.4;

/// Words whose middles are nearer than this share of their height are on one row.
const ROW_SLACK: f32 = 0.45;

/// A segment is cut where it passes this many bytes: more is prose, and what decides there is near.
const MAX_SEGMENT_BYTES: usize = 2_000;

/// The made-up measures of text without places: height of a row, width of a character, width of a cell.
const ROW_HEIGHT: f32 = 10.0;
const CHAR_WIDTH: f32 = 5.0;
const CELL_WIDTH: f32 = 200.0;

/// A word with a place, given or made up.
#[derive(Debug, Clone, Copy)]
struct Piece {
    span: Span,
    rect: Rect,
}

/// A run of words on one row without a wide gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// The page, as its place in the document's list.
    pub page: usize,
    /// The row, counted through the document.
    pub row: usize,
    pub span: Span,
    pub rect: Rect,
}

/// The rows of a document.
pub(super) struct Sheet<'a> {
    pub document: &'a Document,
    /// Row by row from the top, left to right.
    pub segments: Vec<Segment>,
    /// The first segment of every row, and the end.
    rows: Vec<usize>,
    /// The pieces of every page, in the order of the text.
    pieces: Vec<Vec<Piece>>,
}

impl<'a> Sheet<'a> {
    pub fn new(document: &'a Document) -> Self {
        let mut sheet = Self { document, segments: Vec::new(), rows: vec![0], pieces: Vec::new() };
        let mut left = limits::MAX_EXTRACTED_BYTES;
        for (at, page) in document.pages.iter().enumerate() {
            let mut pieces = if page.words.is_empty() { made_up(page) } else { given(page) };
            // The beginning of the text that is still within the bound.
            pieces.retain(|piece| piece.span.end <= left);
            left = left.saturating_sub(page.text.len());
            for row in rows(&pieces) {
                sheet.add_row(at, page, &row);
            }
            pieces.sort_by_key(|piece| (piece.span.start, piece.span.end));
            sheet.pieces.push(pieces);
        }
        sheet
    }

    /// Splits a row, its pieces from left to right, into segments.
    fn add_row(&mut self, at: usize, page: &Page, row: &[Piece]) {
        let number = self.rows.len() - 1;
        let mut open: Option<Segment> = None;
        for piece in row {
            if let Some(segment) = &mut open {
                let height = segment.rect.height.min(piece.rect.height).max(6.0);
                let gap = piece.rect.x - (segment.rect.x + segment.rect.width);
                let between = page.text.get(segment.span.end..piece.span.start);
                let follows = between.is_some_and(|between| between.chars().all(|c| c.is_whitespace() && c != '\t'));
                let length = piece.span.end.saturating_sub(segment.span.start);
                if follows && gap < SEGMENT_GAP * height && length <= MAX_SEGMENT_BYTES {
                    segment.span.end = piece.span.end;
                    segment.rect = union(segment.rect, piece.rect);
                    continue;
                }
                self.segments.extend(open.take());
            }
            open = Some(Segment { page: at, row: number, span: piece.span, rect: piece.rect });
        }
        self.segments.extend(open);
        self.rows.push(self.segments.len());
    }

    /// The segments of a row, with the place of the first in [`Self::segments`].
    pub fn row(&self, row: usize) -> (usize, &[Segment]) {
        let (Some(&start), Some(&end)) = (self.rows.get(row), self.rows.get(row + 1)) else { return (0, &[]) };
        (start, self.segments.get(start..end).unwrap_or_default())
    }

    pub fn row_count(&self) -> usize {
        self.rows.len() - 1
    }

    pub fn page(&self, at: usize) -> Option<&'a Page> {
        self.document.pages.get(at)
    }

    pub fn text(&self, page: usize) -> &'a str {
        self.page(page).map_or("", |page| page.text.as_str())
    }

    pub fn text_of(&self, segment: &Segment) -> &'a str {
        segment.span.of(self.text(segment.page))
    }

    /// The box around a span of a page.
    pub fn rect(&self, page: usize, span: Span) -> Option<Rect> {
        let pieces = self.pieces.get(page)?;
        let from = pieces.partition_point(|piece| piece.span.end <= span.start);
        let inside = pieces.get(from..)?.iter().take_while(|piece| piece.span.start < span.end);
        inside.map(|piece| part(piece, span)).reduce(union)
    }

    /// The box around a span, where the page has real places.
    pub fn real_rect(&self, page: usize, span: Span) -> Option<Rect> {
        self.rect(page, span).filter(|_| self.page(page).is_some_and(|page| !page.words.is_empty()))
    }
}

/// The part of a piece that a span covers, as if its bytes were of one width.
fn part(piece: &Piece, span: Span) -> Rect {
    let length = (piece.span.end - piece.span.start).max(1) as f32;
    let before = span.start.saturating_sub(piece.span.start) as f32 / length;
    let after = piece.span.end.saturating_sub(span.end) as f32 / length;
    let Rect { x, y, width, height } = piece.rect;
    Rect { x: x + before * width, y, width: width * (1.0 - before - after).max(0.0), height }
}

pub(super) fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let right = (a.x + a.width).max(b.x + b.width);
    let bottom = (a.y + a.height).max(b.y + b.height);
    Rect { x, y, width: right - x, height: bottom - y }
}

fn given(page: &Page) -> Vec<Piece> {
    let is_finite = |r: &Rect| r.x.is_finite() && r.y.is_finite() && r.width.is_finite() && r.height.is_finite();
    page.words
        .iter()
        // Whoever made the document, its places are not trusted.
        .filter(|word| word.span.start < word.span.end && page.text.get(word.span.start..word.span.end).is_some())
        .filter(|word| is_finite(&word.rect))
        .map(|word| Piece { span: word.span, rect: word.rect })
        .collect()
}

/// Places for a text without any: a row a line, and cells of one width in the rows of tables.
fn made_up(page: &Page) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut y = 0.0;
    for line in page.text.split_inclusive('\n') {
        let mut cell = 0_u16;
        let mut is_table = line.contains('\t');
        if !is_table {
            let at = page.passages.partition_point(|passage| passage.span.end <= start);
            is_table = page.passages.get(at).is_some_and(|p| p.role == Role::TableRow && p.span.start <= start);
        }
        let (mut column, mut word) = (0_u16, None);
        let mut add = |from: usize, to: usize, cell: u16, column: u16| {
            let left = if is_table {
                f32::from(cell) * CELL_WIDTH + (f32::from(column) * CHAR_WIDTH).min(CELL_WIDTH - 20.0)
            } else {
                f32::from(column) * CHAR_WIDTH
            };
            let right = left + (page.text.get(from..to).map_or(0, |word| word.chars().count()) as f32) * CHAR_WIDTH;
            let right =
                if is_table { right.min(f32::from(cell + 1) * CELL_WIDTH - 15.0).max(left + 1.0) } else { right };
            pieces.push(Piece {
                span: Span { start: from, end: to },
                rect: Rect { x: left, y, width: right - left, height: ROW_HEIGHT - 2.0 },
            });
        };
        for (at, c) in line.char_indices() {
            if c.is_whitespace() {
                if let Some((from, first)) = word.take() {
                    add(from, start + at, cell, first);
                }
                if c == '\t' {
                    cell = cell.saturating_add(1).min(u16::MAX - 1);
                    column = 0;
                    continue;
                }
            } else if word.is_none() {
                word = Some((start + at, column));
            }
            column = column.saturating_add(1);
        }
        if let Some((from, first)) = word {
            add(from, start + line.len(), cell, first);
        }
        if !line.trim().is_empty() {
            y += ROW_HEIGHT;
        }
        start += line.len();
    }
    pieces
}

/// Pieces by row, from the top; those of a row from the left.
fn rows(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let middle = |piece: &Piece| piece.rect.y + piece.rect.height / 2.0;
    let mut sorted = pieces.to_vec();
    sorted.sort_by(|a, b| middle(a).total_cmp(&middle(b)).then(a.rect.x.total_cmp(&b.rect.x)));
    let mut rows: Vec<(f32, f32, Vec<Piece>)> = Vec::new();
    for piece in sorted {
        let y = middle(&piece);
        let near = rows
            .iter_mut()
            .rev()
            .take(4)
            .find(|(row, height, _)| (row - y).abs() < ROW_SLACK * height.min(piece.rect.height).max(4.0));
        match near {
            Some((_, _, row)) => row.push(piece),
            None => rows.push((y, piece.rect.height, vec![piece])),
        }
    }
    rows.into_iter()
        .map(|(_, _, mut row)| {
            row.sort_by(|a, b| a.rect.x.total_cmp(&b.rect.x).then(a.span.start.cmp(&b.span.start)));
            row
        })
        .collect()
}
