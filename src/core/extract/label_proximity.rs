//! Scores how near a label is to a value: beside it, above it, or at the end of the previous line; and what is between.
//!
//! The constants are set by hand on the developers' share of the extraction corpus and the invoices of `tests/corpus`,
//! in round numbers; only their order matters much.

use super::candidates::Candidate;
use super::concepts::concept_index;
use super::labels::{self, LabelHit, LabelWords, SchemaNames};
use super::page_grid::{PageGrid, Segment};
use super::power;
use crate::budget::{Budget, Held};
use crate::document::{Rect, Span};
use crate::error::Result;

/// The value is right of the label in the same segment, in a later segment, below it, or on the next line of a wrapped
/// paragraph.
const BESIDE: f64 = 1.0;
const FURTHER_RIGHT: f64 = 0.96;
const BELOW: f64 = 0.86;
const WRAPPED: f64 = 0.78;

/// Factors for each thing between a label and a value: a word, a label of such values, another label, a value of the
/// same kind.
const PAST_WORD: f64 = 0.82;
const PAST_SAME_LABEL: f64 = 0.4;
const PAST_OTHER_LABEL: f64 = 0.75;
const PAST_VALUE: f64 = 0.6;

/// Factor of a label for the value below if another value stands beside it.
const HAS_VALUE_BESIDE: f64 = 0.5;

/// Factor of a column header of a table for a value below that is not a cell.
const IS_TABLE_HEADER: f64 = 0.45;

/// The minimum number of column names in a row that is the header of a table.
const MIN_COLUMNS: usize = 3;

/// The minimum strength of a label that ends the value before it.
const SURE: f64 = 0.75;

/// How far a label reaches down, in rows and in heights of a row.
const ROWS_BELOW: usize = 5;
const HEIGHTS_BELOW: f32 = 4.5;

/// The maximum number of labels and segments inspected for one value in one row.
const MAX_NEAR: usize = 48;

/// How far a label reaches into the next line of its paragraph, in bytes.
const WRAPPED_WITHIN: usize = 60;

/// The maximum number of labels of parties, and how far their sections reach beside and below them, in points.
const MAX_PARTIES: usize = 60;
const PARTY_WIDTH: f32 = 260.0;
const PARTY_HEIGHT: f32 = 160.0;

/// The work of looking at the places around a value, in steps, and how many labels and values there are looked at in
/// one step.
const NEAR_STEPS: usize = 12;
const PLACES_PER_STEP: usize = 6;

/// The memory of a label in the lists of a document, and of a column name, in bytes.
const LISTED_HIT_BYTES: usize = 64;
const COLUMN_BYTES: usize = 40;

/// The name of a column of one of the schema's tables, which is no concept.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnColumn {
    pub segment: usize,
    /// The indexes of the table and of its field.
    pub table: usize,
    pub field: usize,
    pub span: Span,
}

/// A document with the labels found in it.
pub(super) struct LabelledDocument<'a> {
    pub grid: &'a PageGrid<'a>,
    /// The words of every segment.
    pub words: LabelWords<'a>,
    /// The labels, in the order of the segments.
    pub hits: Vec<LabelHit>,
    /// The index of the first hit of every segment, then the number of hits.
    first_hits: Vec<usize>,
    /// The indexes of the hits in the order of their labels.
    by_label: Vec<usize>,
    /// The sure labels with a colon after them: the segment and the offset.
    colon_labels: Vec<(usize, usize)>,
    /// For every word, and after the last, the number of words before it that separate a label from a value.
    separators_before: Vec<u32>,
    /// The names of columns that are concepts, by segment: the segment, the concept, and the place.
    concept_columns: Vec<(usize, usize, Span)>,
    /// The other names of columns, by segment.
    own_columns: Vec<OwnColumn>,
    /// For every row, whether it is the header of a table.
    table_headers: Vec<bool>,
    /// The hits that name a party, and whether it is the buyer.
    parties: Vec<(usize, bool)>,
    pub budget: &'a Budget,
    _held: Held<'a>,
}

impl<'a> LabelledDocument<'a> {
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(grid: &'a PageGrid<'a>, names: &SchemaNames<'_>, budget: &'a Budget) -> Result<Self> {
        let words = LabelWords::new(grid, names, budget)?;
        let hits = labels::find(grid, &words, names, budget)?;
        let mut held = budget.hold(LISTED_HIT_BYTES * hits.len() + size_of::<u32>() * words.all().len())?;
        budget.work(grid.segments.len() + hits.len())?;
        let mut first_hits = Vec::with_capacity(grid.segments.len() + 1);
        let mut next = 0;
        for segment in 0..=grid.segments.len() {
            while hits.get(next).is_some_and(|hit| hit.segment < segment) {
                next += 1;
            }
            first_hits.push(next);
        }
        let mut by_label: Vec<usize> = (0..hits.len()).collect();
        by_label.sort_by_key(|&hit| hits.get(hit).map(|hit| hit.label));
        let colon_labels = colon_labels(grid, &hits);
        let (seller, buyer) = (concept_index("seller_name"), concept_index("buyer_name"));
        let parties = hits
            .iter()
            .enumerate()
            .filter(|(_, hit)| hit.strength > 0.85 && (Some(hit.label) == seller || Some(hit.label) == buyer))
            .map(|(hit_index, hit)| (hit_index, Some(hit.label) == buyer))
            .take(MAX_PARTIES)
            .collect();
        let mut concept_columns = Vec::new();
        let mut own_columns = Vec::new();
        for segment in 0..grid.segments.len() {
            let concepts = words.columns(words.range(segment..segment + 1));
            let own = words.own_columns(segment, names, budget)?;
            held.grow(COLUMN_BYTES * (concepts.len() + own.len()))?;
            concept_columns.extend(concepts.into_iter().map(|(label, span)| (segment, label, span)));
            own_columns.extend(own.into_iter().map(|(table, field, span)| OwnColumn { segment, table, field, span }));
        }
        let table_headers = (0..grid.row_count()).map(|row| is_table_header(grid, &words, row)).collect();
        let separators_before = separators_before(&words, &hits);
        Ok(Self {
            grid,
            words,
            hits,
            first_hits,
            by_label,
            colon_labels,
            separators_before,
            concept_columns,
            own_columns,
            table_headers,
            parties,
            budget,
            _held: held,
        })
    }

    /// The places of the `labels`, in the order of the document, with their indexes and the weights of the labels.
    pub fn hits_with_labels(&self, labels: &[(usize, f64)]) -> Vec<(usize, &LabelHit, f64)> {
        let label_of = |hit: &usize| self.hits.get(*hit).map(|hit| hit.label);
        let mut found: Vec<(usize, &LabelHit, f64)> = Vec::new();
        for (index, &(label, weight)) in labels.iter().enumerate() {
            // The first weight of a label counts.
            if labels.iter().take(index).any(|&(earlier, _)| earlier == label) {
                continue;
            }
            let from = self.by_label.partition_point(|hit| label_of(hit) < Some(label));
            let with_label = self.by_label.iter().skip(from).take_while(|&hit| label_of(hit) == Some(label));
            found.extend(with_label.filter_map(|&hit| Some((hit, self.hits.get(hit)?, weight))));
        }
        found.sort_unstable_by_key(|&(hit, ..)| hit);
        found
    }

    /// The names of columns in a segment that are concepts, with their places.
    pub fn concept_columns_of(&self, segment: usize) -> impl Iterator<Item = (usize, Span)> {
        let from = self.concept_columns.partition_point(|&(known, ..)| known < segment);
        let of_segment = self.concept_columns.iter().skip(from).take_while(move |&&(known, ..)| known == segment);
        of_segment.map(|&(_, label, span)| (label, span))
    }

    /// The other names of columns in a segment, in the order of the tables and their fields.
    pub fn own_columns_of(&self, segment: usize) -> impl Iterator<Item = &OwnColumn> {
        let from = self.own_columns.partition_point(|column| column.segment < segment);
        self.own_columns.iter().skip(from).take_while(move |column| column.segment == segment)
    }

    /// Where, in its segment, the next sure label with a colon after the `hit` begins. A name within a value is not a
    /// label: "Seller: The Order Office".
    pub fn next_label_with_colon(&self, hit: usize) -> Option<usize> {
        let hit = self.hits.get(hit)?;
        let after = self.colon_labels.partition_point(|place| *place <= (hit.segment, hit.span.end));
        self.colon_labels.get(after).filter(|(segment, _)| *segment == hit.segment).map(|&(_, start)| start)
    }

    /// Whether a row has the name of a column.
    pub fn has_columns(&self, row: usize) -> bool {
        let (first, segments) = self.grid.row(row);
        let end = first + segments.len();
        let concept = self.concept_columns.get(self.concept_columns.partition_point(|&(known, ..)| known < first));
        let own = self.own_columns.get(self.own_columns.partition_point(|column| column.segment < first));
        concept.is_some_and(|&(segment, ..)| segment < end) || own.is_some_and(|column| column.segment < end)
    }

    /// Whether the nearest party named above a value is the buyer.
    pub fn nearest_party_is_buyer(&self, value: &Candidate) -> Option<bool> {
        let value_segment = self.segment(value.segment)?;
        let parties_above = self.parties.iter().filter_map(|&(hit_index, is_buyer)| {
            let hit = self.hits.get(hit_index)?;
            let segment = self.segment(hit.segment)?;
            let is_above = segment.page == value_segment.page
                && segment.row <= value_segment.row
                && hit.span != value.span
                && hit.segment <= value.segment;
            let distance = (hit.rect.x - value.rect.x).abs();
            (is_above && distance < PARTY_WIDTH && value.rect.y - hit.rect.y < PARTY_HEIGHT).then_some((
                segment.row,
                distance,
                is_buyer,
            ))
        });
        // Of two parties on one row, the one above the value.
        let nearest = parties_above.max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        nearest.map(|(.., is_buyer)| is_buyer)
    }

    /// The labels in a segment, with the index of the first.
    pub fn hits_of(&self, segment: usize) -> (usize, &[LabelHit]) {
        let start = self.first_hits.get(segment).copied().unwrap_or_default();
        let end = self.first_hits.get(segment + 1).copied().unwrap_or(start);
        (start, self.hits.get(start..end).unwrap_or_default())
    }

    pub fn segment(&self, index: usize) -> Option<&Segment> {
        self.grid.segments.get(index)
    }

    /// The labels near a value, each with its score by position alone. `same_kind` are all values of the kind, in the
    /// order of the segments; `is_named` says which labels name values of the kind.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn near(
        &self,
        value: &Candidate,
        same_kind: &[Candidate],
        is_named: impl Fn(usize) -> bool,
    ) -> Result<Vec<(usize, f64)>> {
        let Some(segment) = self.segment(value.segment) else { return Ok(Vec::new()) };
        let mut places = 0;
        let mut near = self.labels_left_of(value, segment, same_kind, is_named, &mut places);
        near.extend(self.labels_above(value, segment, same_kind, &mut places));
        self.budget.work(NEAR_STEPS + places / PLACES_PER_STEP)?;
        Ok(near)
    }

    /// The number of separating words within a span of a segment.
    fn count_separators(&self, segment: usize, from: usize, to: usize) -> i32 {
        let (first, words) = self.words.of(segment);
        let before = |offset: usize| {
            let word = first + words.partition_point(|word| word.span.start < offset);
            self.separators_before.get(word).copied().unwrap_or_default()
        };
        i32::try_from(before(to).saturating_sub(before(from))).unwrap_or(i32::MAX).min(20)
    }

    /// The labels to the left, nearest first.
    fn labels_left_of(
        &self,
        value: &Candidate,
        segment: &Segment,
        same_kind: &[Candidate],
        is_named: impl Fn(usize) -> bool,
        places: &mut usize,
    ) -> Vec<(usize, f64)> {
        let (first, row) = self.grid.row(segment.row);
        let height = value.rect.height.max(6.0);
        let mut near: Vec<(usize, f64)> = Vec::new();
        let mut passed: Vec<(Span, Vec<usize>)> = Vec::new();
        let mut words = 0;
        let mut values = 0;
        for segment_index in (first..=value.segment).rev().take(MAX_NEAR) {
            let Some(passed_segment) = row.get(segment_index - first) else { break };
            let end = if segment_index == value.segment { value.span.start } else { passed_segment.span.end };
            let (start, hits) = self.hits_of(segment_index);
            // Labels are in the order of their offsets.
            let hits = hits.get(..hits.partition_point(|hit| hit.span.start < end)).unwrap_or_default();
            *places += 2;
            for (offset, hit) in hits.iter().enumerate().rev() {
                *places += 1;
                if hit.span.end > end {
                    continue;
                }
                if near.len() >= MAX_NEAR {
                    return near;
                }
                *places += 1 + passed.len();
                // Passed labels count unless they are this label again or within it.
                let others = passed.iter().filter(|(span, labels)| {
                    !labels.contains(&hit.label)
                        && (segment_index < value.segment && span.start < passed_segment.span.start
                            || span.start >= hit.span.end
                            || span.end <= passed_segment.span.start)
                });
                let factor: f64 =
                    others
                        .map(|(_, labels)| {
                            if labels.iter().any(|&label| is_named(label)) { PAST_SAME_LABEL } else { PAST_OTHER_LABEL }
                        })
                        .product();
                let words_between = words + self.count_separators(segment_index, hit.span.end, end);
                let values_between = values + between_values(same_kind, segment_index, hit.span.end, end);
                let gap = f64::from((value.rect.x - hit.rect.x - hit.rect.width).max(0.0) / height);
                let base_score = if segment_index == value.segment { BESIDE } else { FURTHER_RIGHT };
                let score = base_score
                    * power(PAST_WORD, words_between)
                    * factor
                    * power(PAST_VALUE, values_between.min(9))
                    * (1.0 - (gap / 90.0).min(0.35));
                near.push((start + offset, score));
            }
            for hit in hits.iter().filter(|hit| hit.span.end <= end) {
                match passed.iter_mut().find(|(span, _)| *span == hit.span) {
                    Some((_, labels)) => labels.push(hit.label),
                    None => passed.push((hit.span, vec![hit.label])),
                }
            }
            words += self.count_separators(segment_index, passed_segment.span.start, end);
            values += between_values(same_kind, segment_index, passed_segment.span.start, end);
        }
        near
    }

    /// The labels above, and those at the end of the previous line.
    fn labels_above(
        &self,
        value: &Candidate,
        segment: &Segment,
        same_kind: &[Candidate],
        places: &mut usize,
    ) -> Vec<(usize, f64)> {
        let height = value.rect.height.max(6.0);
        let mut near = Vec::new();
        let mut values = 0;
        let words_before = self.count_separators(value.segment, segment.span.start, value.span.start);
        let text = self.grid.text(segment.page);
        for rows_up in 1..=ROWS_BELOW.min(segment.row) {
            let (first, row) = self.grid.row(segment.row - rows_up);
            if row.first().is_none_or(|above| above.page != segment.page) {
                break;
            }
            let header_factor =
                if self.table_headers.get(segment.row - rows_up) == Some(&true) { IS_TABLE_HEADER } else { 1.0 };
            let mut values_in_row = 0;
            // The nearest from the right; a segment that begins further right is not a label of the value.
            let end = row.partition_point(|above| above.rect.x < value.rect.x + value.rect.width + 2.0 * height);
            for (segment_index, above) in (first..).zip(row).take(end).skip(end.saturating_sub(MAX_NEAR)) {
                let distance = value.rect.y - above.rect.y;
                if distance > HEIGHTS_BELOW * height {
                    continue;
                }
                let (start, hits) = self.hits_of(segment_index);
                *places += 1 + hits.len().min(4 * MAX_NEAR);
                for (offset, hit) in hits.iter().enumerate().take(4 * MAX_NEAR) {
                    let gap = if rows_up == 1 { text.get(hit.span.end..value.span.start) } else { None };
                    let wraps = gap.is_some_and(|gap| {
                        gap.len() <= WRAPPED_WITHIN && gap.matches('\n').count() == 1 && !gap.contains('\t')
                    });
                    let is_under = is_under(hit.rect, value.rect, height);
                    if !wraps && !is_under {
                        continue;
                    }
                    *places += 4;
                    let words_after = self.count_separators(segment_index, hit.span.end, above.span.end);
                    if wraps {
                        near.push((start + offset, WRAPPED * power(PAST_WORD, words_after + words_before)));
                    }
                    if is_under {
                        let beside_factor = if self.has_value(hit, segment_index, row, first, same_kind) {
                            HAS_VALUE_BESIDE
                        } else {
                            1.0
                        };
                        let base_score = BELOW - 0.05 * f64::from((distance / height - 1.0).max(0.0));
                        let score = base_score
                            * beside_factor
                            * header_factor
                            * power(PAST_WORD, words_before)
                            * power(PAST_VALUE, values)
                            * power(0.93, words_after);
                        near.push((start + offset, score));
                    }
                }
                if near.len() > MAX_NEAR * ROWS_BELOW {
                    return near;
                }
                let others = in_segment(same_kind, segment_index);
                *places += 1 + others.len() / 2;
                let blocks = others.iter().any(|other| overlap(other.rect, value.rect) > 0.0);
                values_in_row += i32::from(blocks);
            }
            values += values_in_row.min(1);
        }
        near
    }

    /// Whether a value stands beside a label, before any other label.
    fn has_value(
        &self,
        hit: &LabelHit,
        segment_index: usize,
        row: &[Segment],
        first: usize,
        same_kind: &[Candidate],
    ) -> bool {
        for (neighbour, _) in (first..).zip(row).skip(segment_index - first).take(3) {
            let from = if neighbour == segment_index { hit.span.end } else { 0 };
            let values = in_segment(same_kind, neighbour);
            let value = values.get(values.partition_point(|value| value.span.start < from));
            let value = value.map(|value| value.span.start);
            let (_, hits) = self.hits_of(neighbour);
            let label = hits.get(hits.partition_point(|hit| hit.span.start < from)).map(|hit| hit.span.start);
            match (value, label) {
                (Some(value), Some(label)) => return value < label,
                (Some(_), None) => return true,
                (None, Some(_)) => return false,
                (None, None) => {}
            }
        }
        false
    }
}

/// The labels with a strength of more than [`SURE`] and a colon after them: the segment and the offset.
fn colon_labels(grid: &PageGrid<'_>, hits: &[LabelHit]) -> Vec<(usize, usize)> {
    let has_colon = |hit: &LabelHit| {
        let text = grid.segments.get(hit.segment).map_or("", |segment| grid.text(segment.page));
        text.get(hit.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let same_place = |a: &LabelHit, b: &LabelHit| a.segment == b.segment && a.span == b.span;
    let places = hits.chunk_by(same_place).filter(|hits| hits.iter().any(|hit| hit.strength > SURE));
    let places = places.filter_map(|hits| hits.first()).filter(|hit| has_colon(hit));
    places.map(|hit| (hit.segment, hit.span.start)).collect()
}

/// For every word, and after the last, the number of words before it that separate and are not part of a label.
fn separators_before(words: &LabelWords<'_>, hits: &[LabelHit]) -> Vec<u32> {
    let mut counts = Vec::with_capacity(words.all().len() + 1);
    let mut count = 0;
    let mut hits = hits.iter().peekable();
    for segment in 0.. {
        let (_, segment_words) = words.of(segment);
        let mut label_end = 0;
        // Hits are in the order of the segments and of their offsets.
        for word in segment_words {
            while let Some(hit) = hits.next_if(|hit| hit.segment == segment && hit.span.start <= word.span.start) {
                label_end = label_end.max(hit.span.end);
            }
            counts.push(count);
            count += u32::from(word.is_separator && word.span.end > label_end);
        }
        while hits.next_if(|hit| hit.segment == segment).is_some() {}
        if counts.len() == words.all().len() {
            break;
        }
    }
    counts.push(count);
    counts
}

/// Whether a row has column names and no digits.
fn is_table_header(grid: &PageGrid<'_>, words: &LabelWords<'_>, row: usize) -> bool {
    let (first, segments) = grid.row(row);
    let has_digits = segments.iter().any(|segment| grid.text_of(segment).bytes().any(|byte| byte.is_ascii_digit()));
    !has_digits && words.columns(words.range(first..first + segments.len())).len() >= MIN_COLUMNS
}

/// The values of one segment.
pub(super) fn in_segment(values: &[Candidate], segment: usize) -> &[Candidate] {
    let from = values.partition_point(|value| value.segment < segment);
    let to = values.partition_point(|value| value.segment <= segment);
    values.get(from..to).unwrap_or_default()
}

fn between_values(same_kind: &[Candidate], segment: usize, from: usize, to: usize) -> i32 {
    let segment_values = in_segment(same_kind, segment);
    let count = segment_values
        .partition_point(|other| other.span.start < to)
        .saturating_sub(segment_values.partition_point(|other| other.span.start < from));
    i32::try_from(count).unwrap_or(i32::MAX).min(20)
}

fn overlap(a: Rect, b: Rect) -> f32 {
    (a.x + a.width).min(b.x + b.width) - a.x.max(b.x)
}

/// Whether a value stands in the column of a label: under it, or with the same left or right edge.
fn is_under(label: Rect, value: Rect, height: f32) -> bool {
    let right = |rect: Rect| rect.x + rect.width;
    overlap(label, value) > 0.0
        || (label.x - value.x).abs() < 1.5 * height
        || (right(label) - right(value)).abs() < 1.5 * height
}
