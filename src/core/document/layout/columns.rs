//! Groups rows into blocks in reading order.
//!
//! A group of rows grows from the top while a gutter, a gap without words, runs down through all of them. If the sides
//! of the gutter are prose, the rows are two columns: first the left one, then the right one, each split again by
//! itself. If they are a table, or there is no gutter, the rows are read across.

use std::collections::VecDeque;

use super::rows::Row;
use crate::budget::{Budget, Exceeded};

/// The minimum width of a gutter, in font sizes: narrower gaps are the spaces of justified lines.
const MIN_GUTTER: f32 = 0.9;

/// A gutter narrower than this must run through [`MIN_NARROW_ROWS`]: in fewer rows, spaces align by chance.
const WIDE_GUTTER: f32 = 1.8;

/// The minimum number of rows that a narrow gutter must separate.
const MIN_NARROW_ROWS: usize = 5;

/// The maximum depth of columns within columns.
const MAX_DEPTH: usize = 6;

/// Pages with more rows are read across: no page for people has as many, and the search for gutters is quadratic in
/// them.
const MAX_ROWS: usize = 1_500;

/// A group of up to this many rows that is not columns is tried again without its first row: the heading of a page
/// often shares a gap with the columns below it. A larger group is a table.
const MAX_RETRIED_ROWS: usize = 8;

/// The maximum number of gaps of a row, for the same reason as [`MAX_ROWS`].
const MAX_GAPS: usize = 64;

/// Consecutive rows in reading order.
pub(super) type Block = Vec<Row>;

/// The rows of a page in reading order.
pub(super) fn reading_order(rows: Vec<Row>, budget: &Budget) -> Result<Vec<Block>, Exceeded> {
    let mut blocks = Vec::new();
    split_columns(rows, 0, &mut blocks, budget)?;
    Ok(blocks)
}

fn split_columns(rows: Vec<Row>, depth: usize, blocks: &mut Vec<Block>, budget: &Budget) -> Result<(), Exceeded> {
    if depth >= MAX_DEPTH || rows.len() < 3 || rows.len() > MAX_ROWS {
        if !rows.is_empty() {
            blocks.push(rows);
        }
        return Ok(());
    }
    let mut across = Block::new();
    let mut rest = VecDeque::from(rows);
    while let Some(first) = rest.pop_front() {
        let mut group = Group::new(first);
        while let Some(row) = rest.front() {
            budget.work(group.steps_to_compare(row))?;
            if !group.accepts(row) {
                break;
            }
            rest.pop_front().into_iter().for_each(|row| group.push(row));
        }
        budget.work(group.rows.len() * group.gaps.len())?;
        match group.gutter() {
            Some(gutter) => {
                if !across.is_empty() {
                    blocks.push(std::mem::take(&mut across));
                }
                let (left, right) = split(group.rows, gutter);
                split_columns(left, depth + 1, blocks, budget)?;
                split_columns(right, depth + 1, blocks, budget)?;
            }
            None => {
                // The last rows of a rejected group may be the first ones of columns.
                let rejected = if group.rows.len() <= MAX_RETRIED_ROWS { 1 } else { group.rows.len() };
                for row in group.rows.split_off(rejected).into_iter().rev() {
                    rest.push_front(row);
                }
                across.append(&mut group.rows);
            }
        }
    }
    if !across.is_empty() {
        blocks.push(across);
    }
    Ok(())
}

/// Rows with common gaps between words.
struct Group {
    rows: Vec<Row>,
    /// The common gaps, including those beside the words.
    gaps: Vec<(f32, f32)>,
    left: f32,
    right: f32,
}

impl Group {
    fn new(row: Row) -> Self {
        Self { gaps: gaps(&row), left: row.left(), right: row.right(), rows: vec![row] }
    }

    /// The steps of work to accept or refuse `row`: its words are looked at several times, and each gap is compared with
    /// each of the group.
    fn steps_to_compare(&self, row: &Row) -> usize {
        1 + row.words.len() / 4 + self.gaps.len() * row.words.len().min(MAX_GAPS) / 8
    }

    /// Whether a gutter still runs through all rows if `row` is added.
    fn accepts(&self, row: &Row) -> bool {
        let (left, right) = (self.left.min(row.left()), self.right.max(row.right()));
        let size = row.size.max(1.0);
        self.common_gaps(row).iter().any(|(from, to)| *from > left && *to < right && to - from >= MIN_GUTTER * size)
    }

    fn push(&mut self, row: Row) {
        self.gaps = self.common_gaps(&row);
        self.left = self.left.min(row.left());
        self.right = self.right.max(row.right());
        self.rows.push(row);
    }

    fn common_gaps(&self, row: &Row) -> Vec<(f32, f32)> {
        let mut common = Vec::new();
        let row_gaps = gaps(row);
        for (from, to) in &self.gaps {
            for (other_from, other_to) in &row_gaps {
                let (from, to) = (from.max(*other_from), to.min(*other_to));
                if from < to {
                    common.push((from, to));
                }
            }
        }
        // The gaps of both are disjoint and ordered.
        common.truncate(2 * MAX_GAPS);
        common
    }

    /// The center of the gutter between two columns of text.
    fn gutter(&self) -> Option<f32> {
        if self.rows.len() < 3 {
            return None;
        }
        let inner: Vec<_> = self.gaps.iter().filter(|(from, to)| *from > self.left && *to < self.right).collect();
        let mut best: Option<(f32, f32)> = None;
        for (from, to) in inner.iter().copied() {
            let center = (from + to) / 2.0;
            if best.is_none_or(|(width, _)| to - from > width) && self.separates_prose(center, to - from, inner.len()) {
                best = Some((to - from, center));
            }
        }
        best.map(|(_, center)| center)
    }

    /// Whether both sides of a gutter are prose rather than cells of a table.
    fn separates_prose(&self, gutter: f32, width: f32, gutters: usize) -> bool {
        let size = median(self.rows.iter().map(|row| row.size)).max(1.0);
        let (mut left, mut right) = (Side::default(), Side::default());
        let mut rows_on_both_sides = 0;
        let mut pitches = Vec::new();
        let mut last_v = None;
        for row in &self.rows {
            let index = row.words.partition_point(|word| (word.u0 + word.u1) / 2.0 < gutter);
            let (before, after) = row.words.split_at_checked(index).unwrap_or_default();
            left.add(before);
            right.add(after);
            rows_on_both_sides += usize::from(!before.is_empty() && !after.is_empty());
            if let Some(last_v) = last_v.replace(row.v) {
                pitches.push(row.v - last_v);
            }
        }
        let fewer_rows = left.rows.min(right.rows);
        if fewer_rows < 2 || (width < WIDE_GUTTER * size && fewer_rows < MIN_NARROW_ROWS) {
            return false;
        }
        if left.is_prose(self.left, gutter - width / 2.0) && right.is_prose(gutter + width / 2.0, self.right) {
            return true;
        }
        // Lines that do not align with those beside them are not rows of a table.
        if rows_on_both_sides * 2 < fewer_rows {
            // But amounts beside a description of several lines are a table.
            return left.amounts * 2 < left.rows && right.amounts * 2 < right.rows;
        }
        // Two addresses side by side: lines of words, set close, with a wide gutter.
        gutters <= 2
            && fewer_rows >= 3
            && width > 3.0 * size
            && 2 * left.words >= 3 * left.rows
            && 2 * right.words >= 3 * right.rows
            && (left.numbers + right.numbers) * 3 < left.rows + right.rows
            && left.labels * 2 < left.rows
            && right.labels * 2 < right.rows
            && median(pitches.into_iter()) <= 1.6 * size
    }
}

/// Statistics of the text on one side of a gutter.
#[derive(Default)]
struct Side {
    rows: usize,
    words: usize,
    /// The number of lines that begin with a digit, that end with an amount, and that have a label.
    numbers: usize,
    amounts: usize,
    labels: usize,
    width: f32,
}

impl Side {
    fn add(&mut self, words: &[super::words::Word]) {
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        self.rows += 1;
        self.words += words.len();
        self.numbers += usize::from(first.text.starts_with(|c: char| c.is_ascii_digit()));
        self.amounts += usize::from(is_amount(&last.text));
        self.labels += usize::from(first.text.ends_with(':') || last.text.ends_with(':'));
        self.width += last.u1 - first.u0;
    }

    /// Whether the lines have many words and fill their column.
    fn is_prose(&self, from: f32, to: f32) -> bool {
        self.rows >= 3 && self.words >= 4 * self.rows && self.width >= 0.55 * (to - from) * self.rows as f32
    }
}

fn is_amount(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit()) && !word.contains(char::is_alphabetic)
}

/// The gaps of a row that a gutter may run through.
fn gaps(row: &Row) -> Vec<(f32, f32)> {
    let min_width = MIN_GUTTER * row.size.max(1.0);
    let mut gaps = Vec::new();
    let mut end = f32::MIN;
    for word in &row.words {
        if word.u0 - end >= min_width && gaps.len() < MAX_GAPS {
            gaps.push((end, word.u0));
        }
        end = end.max(word.u1);
    }
    gaps.push((end, f32::MAX));
    gaps
}

fn split(rows: Vec<Row>, gutter: f32) -> (Vec<Row>, Vec<Row>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in rows {
        let (left_words, right_words): (Vec<_>, Vec<_>) =
            row.words.into_iter().partition(|word| (word.u0 + word.u1) / 2.0 < gutter);
        for (side, words) in [(&mut left, left_words), (&mut right, right_words)] {
            if !words.is_empty() {
                side.push(Row::new(words));
            }
        }
    }
    (left, right)
}

pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
