//! How a name and a value stand to each other: beside, below, or a line further on; and what stands between.
//!
//! The constants are set by hand on the developers' share of the extraction corpus and the invoices of `tests/corpus`,
//! in round numbers; only their order matters much.

use super::candidates::Candidate;
use super::concepts::index;
use super::labels::{self, Hit, Lexicon, Spoken};
use super::sheet::{Segment, Sheet};
use super::times;
use crate::document::{Rect, Span};

/// Right of the name in its segment, in a segment further on, below it, and where the line wraps.
const BESIDE: f64 = 1.0;
const FURTHER: f64 = 0.96;
const BELOW: f64 = 0.86;
const WRAPPED: f64 = 0.78;

/// What each thing between a name and a value leaves: a word, the name of such a value, another name,
/// a value of the same kind.
const PAST_WORD: f64 = 0.82;
const PAST_NAME: f64 = 0.4;
const PAST_OTHER_NAME: f64 = 0.75;
const PAST_VALUE: f64 = 0.6;

/// What is left of a name for the value below when another stands beside it.
const HAS_OWN: f64 = 0.5;

/// What is left of a name that heads the columns of a table, for a value below that is no cell.
const HEADS_TABLE: f64 = 0.45;

/// Names of columns that make a row the head of a table.
const MIN_COLUMNS: usize = 3;

/// How many rows a name reaches down, and how many of their heights.
const ROWS_BELOW: usize = 5;
const HEIGHTS_BELOW: f32 = 4.5;

/// The most names and segments looked at for one value in one row.
const MAX_NEAR: usize = 48;

/// Bytes over which a name reaches into the next line of its paragraph.
const WRAPPED_WITHIN: usize = 60;

/// The most names of parties, and how far beside and below them a section is still theirs, in points.
const MAX_PARTIES: usize = 60;
const PARTY_WIDTH: f32 = 260.0;
const PARTY_HEIGHT: f32 = 160.0;

/// A document with its names.
pub(super) struct Reading<'a> {
    pub sheet: &'a Sheet<'a>,
    /// The words of every segment.
    pub said: Vec<Vec<Spoken>>,
    /// In the order of the segments.
    pub hits: Vec<Hit>,
    /// The first hit of every segment, and the end.
    hits_at: Vec<usize>,
    /// Where the words of every segment begin that part a name from a value.
    parting: Vec<Vec<usize>>,
    /// The rows that head a table.
    heads: Vec<bool>,
    /// The names of parties, and whether each is the buyer.
    parties: Vec<(usize, bool)>,
}

impl<'a> Reading<'a> {
    pub fn new(sheet: &'a Sheet<'a>, own: &Lexicon) -> Self {
        let said: Vec<_> = sheet.segments.iter().map(|segment| labels::spoken(sheet, segment)).collect();
        let hits = labels::find(sheet, &said, own);
        let mut hits_at = Vec::with_capacity(sheet.segments.len() + 1);
        let mut next = 0;
        for at in 0..=sheet.segments.len() {
            while hits.get(next).is_some_and(|hit| hit.segment < at) {
                next += 1;
            }
            hits_at.push(next);
        }
        let (seller, buyer) = (index("seller_name"), index("buyer_name"));
        let parties = hits
            .iter()
            .enumerate()
            .filter(|(_, hit)| hit.strength > 0.85 && (Some(hit.label) == seller || Some(hit.label) == buyer))
            .map(|(at, hit)| (at, Some(hit.label) == buyer))
            .take(MAX_PARTIES)
            .collect();
        let heads = (0..sheet.row_count()).map(|row| is_head(sheet, &said, row)).collect();
        let parting = said
            .iter()
            .enumerate()
            .map(|(at, said)| {
                let from = hits.partition_point(|hit| hit.segment < at);
                let own = hits.get(from..).unwrap_or_default().iter().take_while(|hit| hit.segment == at);
                free_words(said, &own.collect::<Vec<_>>())
            })
            .collect();
        Self { sheet, said, hits, hits_at, parting, heads, parties }
    }

    /// Whether the nearest party named above a value is the buyer.
    pub fn party_above(&self, value: &Candidate) -> Option<bool> {
        let own = self.segment(value.segment)?;
        let above = self.parties.iter().filter_map(|&(at, is_buyer)| {
            let hit = self.hits.get(at)?;
            let segment = self.segment(hit.segment)?;
            let is_above = segment.page == own.page
                && segment.row <= own.row
                && hit.span != value.span
                && hit.segment <= value.segment;
            let beside = (hit.rect.x - value.rect.x).abs();
            (is_above && beside < PARTY_WIDTH && value.rect.y - hit.rect.y < PARTY_HEIGHT).then_some((
                segment.row,
                beside,
                is_buyer,
            ))
        });
        // Of two parties on one row the one over the value.
        let nearest = above.max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        nearest.map(|(.., is_buyer)| is_buyer)
    }

    /// The names in a segment, with the place of the first.
    pub fn hits_of(&self, segment: usize) -> (usize, &[Hit]) {
        let start = self.hits_at.get(segment).copied().unwrap_or_default();
        let end = self.hits_at.get(segment + 1).copied().unwrap_or(start);
        (start, self.hits.get(start..end).unwrap_or_default())
    }

    pub fn segment(&self, at: usize) -> Option<&Segment> {
        self.sheet.segments.get(at)
    }

    /// The names that speak for a value, and how much each does by its place alone. `same` are all values of the
    /// kind, in the order of the segments; `is_named` says which labels name values of the kind.
    pub fn near(&self, value: &Candidate, same: &[Candidate], is_named: impl Fn(usize) -> bool) -> Vec<(usize, f64)> {
        let Some(segment) = self.segment(value.segment) else { return Vec::new() };
        let mut near = self.beside(value, segment, same, is_named);
        near.extend(self.below(value, segment, same));
        near
    }

    /// How many words within a span of a segment part a name from a value.
    fn parting(&self, segment: usize, from: usize, to: usize) -> i32 {
        let Some(starts) = self.parting.get(segment) else { return 0 };
        let count = starts.partition_point(|&at| at < to).saturating_sub(starts.partition_point(|&at| at < from));
        i32::try_from(count).unwrap_or(i32::MAX).min(20)
    }

    /// The names to the left, nearest first.
    fn beside(
        &self,
        value: &Candidate,
        segment: &Segment,
        same: &[Candidate],
        is_named: impl Fn(usize) -> bool,
    ) -> Vec<(usize, f64)> {
        let (first, row) = self.sheet.row(segment.row);
        let height = value.rect.height.max(6.0);
        let mut near: Vec<(usize, f64)> = Vec::new();
        let mut passed: Vec<(Span, Vec<usize>)> = Vec::new();
        let mut words = 0;
        let mut values = 0;
        for at in (first..=value.segment).rev().take(MAX_NEAR) {
            let Some(here) = row.get(at - first) else { break };
            let end = if at == value.segment { value.span.start } else { here.span.end };
            let (start, hits) = self.hits_of(at);
            for (offset, hit) in hits.iter().enumerate().rev() {
                if hit.span.end > end {
                    continue;
                }
                if near.len() >= MAX_NEAR {
                    return near;
                }
                // Of the names passed those count that are neither this one again nor within it.
                let others = passed.iter().filter(|(span, labels)| {
                    !labels.contains(&hit.label)
                        && (at < value.segment && span.start < here.span.start
                            || span.start >= hit.span.end
                            || span.end <= here.span.start)
                });
                let past: f64 = others
                    .map(
                        |(_, labels)| {
                            if labels.iter().any(|&label| is_named(label)) { PAST_NAME } else { PAST_OTHER_NAME }
                        },
                    )
                    .product();
                let between = words + self.parting(at, hit.span.end, end);
                let beyond = values + between_values(same, at, hit.span.end, end);
                let gap = f64::from((value.rect.x - hit.rect.x - hit.rect.width).max(0.0) / height);
                let base = if at == value.segment { BESIDE } else { FURTHER };
                let score = base
                    * times(PAST_WORD, between)
                    * past
                    * times(PAST_VALUE, beyond.min(9))
                    * (1.0 - (gap / 90.0).min(0.35));
                near.push((start + offset, score));
            }
            for hit in hits.iter().filter(|hit| hit.span.end <= end) {
                match passed.iter_mut().find(|(span, _)| *span == hit.span) {
                    Some((_, labels)) => labels.push(hit.label),
                    None => passed.push((hit.span, vec![hit.label])),
                }
            }
            words += self.parting(at, here.span.start, end);
            values += between_values(same, at, here.span.start, end);
        }
        near
    }

    /// The names above, and those at the end of the line before.
    fn below(&self, value: &Candidate, segment: &Segment, same: &[Candidate]) -> Vec<(usize, f64)> {
        let height = value.rect.height.max(6.0);
        let mut near = Vec::new();
        let mut values = 0;
        let lead = self.parting(value.segment, segment.span.start, value.span.start);
        let text = self.sheet.text(segment.page);
        for up in 1..=ROWS_BELOW.min(segment.row) {
            let (first, row) = self.sheet.row(segment.row - up);
            if row.first().is_none_or(|above| above.page != segment.page) {
                break;
            }
            let head = if self.heads.get(segment.row - up) == Some(&true) { HEADS_TABLE } else { 1.0 };
            let mut met = 0;
            // The nearest from the right: what begins further right is no name of it.
            let end = row.partition_point(|above| above.rect.x < value.rect.x + value.rect.width + 2.0 * height);
            for (at, above) in (first..).zip(row).take(end).skip(end.saturating_sub(MAX_NEAR)) {
                let distance = value.rect.y - above.rect.y;
                if distance > HEIGHTS_BELOW * height {
                    continue;
                }
                let (start, hits) = self.hits_of(at);
                for (offset, hit) in hits.iter().enumerate().take(4 * MAX_NEAR) {
                    let gap = text.get(hit.span.end..value.span.start);
                    let wraps = up == 1
                        && gap.is_some_and(|gap| {
                            gap.len() <= WRAPPED_WITHIN && gap.matches('\n').count() == 1 && !gap.contains('\t')
                        });
                    let tail = self.parting(at, hit.span.end, above.span.end);
                    if wraps {
                        near.push((start + offset, WRAPPED * times(PAST_WORD, tail + lead)));
                    }
                    if is_under(hit.rect, value.rect, height) {
                        let own = if self.has_value(hit, at, row, first, same) { HAS_OWN } else { 1.0 };
                        let base = BELOW - 0.05 * f64::from((distance / height - 1.0).max(0.0));
                        let score =
                            base * own * head * times(PAST_WORD, lead) * times(PAST_VALUE, values) * times(0.93, tail);
                        near.push((start + offset, score));
                    }
                }
                if near.len() > MAX_NEAR * ROWS_BELOW {
                    return near;
                }
                let blocks = of_segment(same, at).iter().any(|other| overlap(other.rect, value.rect) > 0.0);
                met += i32::from(blocks);
            }
            values += met.min(1);
        }
        near
    }

    /// Whether a value stands beside a name, before any other name.
    fn has_value(&self, hit: &Hit, at: usize, row: &[Segment], first: usize, same: &[Candidate]) -> bool {
        for (place, _) in (first..).zip(row).skip(at - first).take(3) {
            let from = if place == at { hit.span.end } else { 0 };
            let value = of_segment(same, place).iter().map(|value| value.span.start).find(|&start| start >= from);
            let (_, hits) = self.hits_of(place);
            let name = hits.iter().map(|hit| hit.span.start).find(|&start| start >= from);
            match (value, name) {
                (Some(value), Some(name)) => return value < name,
                (Some(_), None) => return true,
                (None, Some(_)) => return false,
                (None, None) => {}
            }
        }
        false
    }
}

/// The beginnings of the words that part and are in no name.
fn free_words(said: &[Spoken], hits: &[&Hit]) -> Vec<usize> {
    let mut free = Vec::new();
    let mut named = 0;
    let mut next = hits.iter().peekable();
    for word in said {
        // Names are in the order of their beginnings.
        while let Some(hit) = next.next_if(|hit| hit.span.start <= word.span.start) {
            named = named.max(hit.span.end);
        }
        if word.parts && word.span.end > named {
            free.push(word.span.start);
        }
    }
    free
}

/// Whether a row names columns, and says nothing else.
fn is_head(sheet: &Sheet<'_>, said: &[Vec<Spoken>], row: usize) -> bool {
    let (first, segments) = sheet.row(row);
    let words = said.get(first..first + segments.len()).unwrap_or_default();
    let has_digits = segments.iter().any(|segment| sheet.text_of(segment).bytes().any(|byte| byte.is_ascii_digit()));
    !has_digits && labels::columns(words.iter().flatten()).len() >= MIN_COLUMNS
}

/// The values of one segment.
pub(super) fn of_segment(values: &[Candidate], segment: usize) -> &[Candidate] {
    let from = values.partition_point(|value| value.segment < segment);
    let to = values.partition_point(|value| value.segment <= segment);
    values.get(from..to).unwrap_or_default()
}

fn between_values(same: &[Candidate], segment: usize, from: usize, to: usize) -> i32 {
    let own = of_segment(same, segment);
    let inside = own
        .partition_point(|other| other.span.start < to)
        .saturating_sub(own.partition_point(|other| other.span.start < from));
    i32::try_from(inside).unwrap_or(i32::MAX).min(20)
}

fn overlap(a: Rect, b: Rect) -> f32 {
    (a.x + a.width).min(b.x + b.width) - a.x.max(b.x)
}

/// Whether a value stands in the column of a name: under it, or on the same left or right edge.
fn is_under(name: Rect, value: Rect, height: f32) -> bool {
    let right = |rect: Rect| rect.x + rect.width;
    overlap(name, value) > 0.0
        || (name.x - value.x).abs() < 1.5 * height
        || (right(name) - right(value)).abs() < 1.5 * height
}
