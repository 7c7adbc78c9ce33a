//! Cuts the running text of a page into paragraphs and items of lists.

use std::collections::BTreeSet;

use crate::budget::{Budget, Exceeded};
use crate::document::{Indents, MAX_LIST_DEPTH, Mark, MarkKind, Page, Passage, Role, Span};

/// A paragraph or an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub span: Span,
    /// None if it is a paragraph.
    pub item: Option<SegmentItem>,
}

/// An item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentItem {
    pub ordered: bool,
    pub depth: u8,
    pub number: Option<u32>,
    /// Whether it goes on with the item above.
    pub continues: bool,
}

/// The bullets that are one wherever a line begins with them, and those that are one only if another line does too.
const BULLETS: [char; 11] = ['•', '◦', '▪', '▫', '‣', '●', '○', '■', '□', '➢', '\u{f0b7}'];
const DASHES: [char; 5] = ['-', '–', '*', '+', '·'];

/// The most digits of the number of an item: longer ones are years and references.
const MAX_NUMBER_DIGITS: usize = 3;

/// How much further to the right an item of an inner list begins, in points.
const LIST_INDENT: f32 = 9.0;

/// The work of a line.
const LINE_STEPS: usize = 4;

/// What a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marker {
    kind: MarkerKind,
    /// The bytes of the marker and of the space after it.
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkerKind {
    Bullet(char),
    Number(u32, char),
}

fn marker(text: &str) -> Option<Marker> {
    let first = text.chars().next()?;
    let (kind, after) = if BULLETS.contains(&first) || DASHES.contains(&first) {
        (MarkerKind::Bullet(first), text.get(first.len_utf8()..)?)
    } else {
        let after_digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = text.get(..text.len() - after_digits.len())?;
        let mark = after_digits.chars().next().filter(|c| matches!(c, '.' | ')'))?;
        if digits.len() > MAX_NUMBER_DIGITS {
            return None;
        }
        (MarkerKind::Number(digits.parse().ok()?, mark), after_digits.get(1..)?)
    };
    let rest = after.trim_start();
    (rest.len() < after.len() && !rest.is_empty()).then(|| Marker { kind, length: text.len() - rest.len() })
}

/// A piece of a passage.
struct Piece {
    span: Span,
    passage: usize,
    kind: PieceKind,
}

enum PieceKind {
    Plain,
    /// The file says so.
    Marked(SegmentItem),
    /// It begins with a bullet or a number.
    Candidate(Marker),
}

/// The segments of consecutive passages of running text.
pub(super) fn segments(page: &Page, passages: &[Passage], budget: &Budget) -> Result<Vec<Segment>, Exceeded> {
    let mut pieces = Vec::new();
    for (index, passage) in passages.iter().enumerate() {
        let text = passage.span.of(&page.text);
        budget.work(LINE_STEPS * text.matches('\n').count())?;
        push_pieces(page, index, *passage, &mut pieces);
    }
    budget.work(pieces.len() * LINE_STEPS)?;
    let mut segments: Vec<Segment> = Vec::new();
    let mut last_plain = None;
    let is_candidate = |piece: &Piece| matches!(piece.kind, PieceKind::Candidate(_));
    for run in pieces.chunk_by(|a, b| is_candidate(a) && is_candidate(b)) {
        let run_markers = RunMarkers::of(run);
        let mut indents = Indents::default();
        for piece in run {
            let (span, item) = match &piece.kind {
                PieceKind::Plain => (piece.span, None),
                PieceKind::Marked(item) => own_marker(page, piece.span, *item),
                PieceKind::Candidate(marker) if run_markers.is_list(marker.kind) => {
                    let depth = left_edge(page, piece.span).map_or(1, |left| indents.depth(left, LIST_INDENT));
                    let (ordered, number) = match marker.kind {
                        MarkerKind::Bullet(_) => (false, None),
                        MarkerKind::Number(number, _) => (true, Some(number)),
                    };
                    let depth = u8::try_from(depth).unwrap_or(u8::MAX).min(MAX_LIST_DEPTH);
                    let span = Span { start: piece.span.start + marker.length, end: piece.span.end };
                    (span, Some(SegmentItem { ordered, depth, number, continues: false }))
                }
                PieceKind::Candidate(_) => (piece.span, None),
            };
            // Lines that are no items after all are one paragraph with those beside them.
            if item.is_none()
                && last_plain == Some(piece.passage)
                && let Some(last) = segments.last_mut()
            {
                last.span.end = span.end;
                continue;
            }
            last_plain = item.is_none().then_some(piece.passage);
            segments.push(Segment { span, item });
        }
    }
    Ok(segments)
}

/// An item that the file marks, without the bullet or number that its text may have too.
fn own_marker(page: &Page, span: Span, item: SegmentItem) -> (Span, Option<SegmentItem>) {
    let marker = marker(span.of(&page.text)).filter(|_| !item.continues);
    match marker.map(|marker| (marker.kind, marker.length)) {
        Some((MarkerKind::Number(number, _), length)) if item.ordered => {
            (Span { start: span.start + length, ..span }, Some(SegmentItem { number: Some(number), ..item }))
        }
        Some((MarkerKind::Bullet(bullet), length)) if BULLETS.contains(&bullet) => {
            (Span { start: span.start + length, ..span }, Some(item))
        }
        _ => (span, Some(item)),
    }
}

/// The markers of consecutive lines that have one.
struct RunMarkers {
    numbers: BTreeSet<(char, u32)>,
    /// The dashes that begin two lines or more.
    dashes: Vec<char>,
}

impl RunMarkers {
    fn of(run: &[Piece]) -> Self {
        let mut numbers = BTreeSet::new();
        let mut counts = DASHES.map(|dash| (dash, 0));
        for piece in run {
            match &piece.kind {
                PieceKind::Candidate(Marker { kind: MarkerKind::Number(number, mark), .. }) => {
                    numbers.insert((*mark, *number));
                }
                PieceKind::Candidate(Marker { kind: MarkerKind::Bullet(bullet), .. }) => {
                    counts.iter_mut().filter(|(dash, _)| dash == bullet).for_each(|(_, count)| *count += 1);
                }
                _ => {}
            }
        }
        Self { numbers, dashes: counts.into_iter().filter(|(_, count)| *count > 1).map(|(dash, _)| dash).collect() }
    }

    /// Whether a marker is that of a list: a number beside the next or the one before it, or a bullet.
    fn is_list(&self, kind: MarkerKind) -> bool {
        match kind {
            MarkerKind::Bullet(bullet) => BULLETS.contains(&bullet) || self.dashes.contains(&bullet),
            MarkerKind::Number(number, mark) => {
                let has = |number: Option<u32>| number.is_some_and(|number| self.numbers.contains(&(mark, number)));
                has(number.checked_add(1)) || has(number.checked_sub(1))
            }
        }
    }
}

/// The left edge of the first word of a piece, if the page has a layout.
fn left_edge(page: &Page, span: Span) -> Option<f32> {
    let index = page.words.partition_point(|word| word.span.start < span.start);
    page.words.get(index).map(|word| word.rect.x)
}

/// The marks of a page that begin in a span.
pub(super) fn marks_in(page: &Page, span: Span) -> &[Mark] {
    let start = page.marks.partition_point(|mark| mark.span.start < span.start);
    let end = page.marks.partition_point(|mark| mark.span.start < span.end);
    page.marks.get(start..end).unwrap_or_default()
}

/// The items that the file marks in a passage, and what is between them; where it marks none, the lines with a bullet or
/// number, with those below each.
fn push_pieces(page: &Page, passage_index: usize, passage: Passage, pieces: &mut Vec<Piece>) {
    let mut at = passage.span.start;
    let mut push = |start: usize, end: usize, kind: PieceKind| {
        let text = Span { start, end }.of(&page.text);
        let start = start + (text.len() - text.trim_start().len());
        let end = start + text.trim().len();
        if start < end {
            pieces.push(Piece { span: Span { start, end }, passage: passage_index, kind });
        }
    };
    for mark in marks_in(page, passage.span) {
        let MarkKind::ListItem { ordered, depth, continues } = mark.kind else { continue };
        // Items do not overlap; where they would, the first has the text.
        if mark.span.start < at || mark.span.end > passage.span.end {
            continue;
        }
        push(at, mark.span.start, PieceKind::Plain);
        let item = SegmentItem { ordered, depth, number: None, continues };
        push(mark.span.start, mark.span.end, PieceKind::Marked(item));
        at = mark.span.end;
    }
    if at > passage.span.start || passage.role != Role::Body {
        push(at, passage.span.end, PieceKind::Plain);
        return;
    }
    let mut open: Option<(usize, PieceKind)> = None;
    let mut start = passage.span.start;
    for line in passage.span.of(&page.text).split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if let Some(marker) = marker(line.trim()) {
            let (from, kind) =
                open.replace((start + indent, PieceKind::Candidate(marker))).unwrap_or((start, PieceKind::Plain));
            push(from, start, kind);
        } else {
            open.get_or_insert((start, PieceKind::Plain));
        }
        start += line.len();
    }
    if let Some((from, kind)) = open {
        push(from, start, kind);
    }
}
