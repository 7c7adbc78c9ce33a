//! Rows to blocks in reading order.
//!
//! Rows are followed from the top for as long as a gutter, a stretch without words, runs down through all of them.
//! If what stands beside the gutter is text, the rows are two columns: first the left one, then the right one, each
//! looked at again by itself. If it is a table, or nothing, the rows are read across.

use std::collections::VecDeque;

use super::rows::Row;

/// The narrowest gutter, in sizes of the font: narrower ones are the spaces of justified lines.
const MIN_GUTTER: f32 = 0.9;

/// A gutter narrower than this must run through [`MIN_NARROW_ROWS`]: spaces meet by chance in fewer.
const WIDE_GUTTER: f32 = 1.8;

/// How many rows a narrow gutter must part.
const MIN_NARROW_ROWS: usize = 5;

/// How deep columns may part into columns.
const MAX_DEPTH: usize = 6;

/// Above this number of rows, pages are read across: no page for people has as many, and the search for gutters
/// grows with the square.
const MAX_ROWS: usize = 1_500;

/// Up to this many rows that turn out to be no columns are tried again without the first: a page's head often shares
/// a gap with the columns below it. More are a table.
const MAX_RETRIED_ROWS: usize = 8;

/// The most gaps of a row that are looked at, for the same reason.
const MAX_GAPS: usize = 64;

/// Rows that are read one after the other.
pub(super) type Block = Vec<Row>;

/// Orders the rows of a page as they are read.
pub(super) fn reading_order(rows: Vec<Row>) -> Vec<Block> {
    let mut blocks = Vec::new();
    part(rows, 0, &mut blocks);
    blocks
}

fn part(rows: Vec<Row>, depth: usize, blocks: &mut Vec<Block>) {
    if depth >= MAX_DEPTH || rows.len() < 3 || rows.len() > MAX_ROWS {
        if !rows.is_empty() {
            blocks.push(rows);
        }
        return;
    }
    let mut across = Block::new();
    let mut rest = VecDeque::from(rows);
    while let Some(first) = rest.pop_front() {
        let mut group = Group::new(first);
        while rest.front().is_some_and(|row| group.takes(row)) {
            rest.pop_front().into_iter().for_each(|row| group.push(row));
        }
        match group.gutter() {
            Some(gutter) => {
                if !across.is_empty() {
                    blocks.push(std::mem::take(&mut across));
                }
                let (left, right) = split(group.rows, gutter);
                part(left, depth + 1, blocks);
                part(right, depth + 1, blocks);
            }
            None => {
                // The last rows of a chance group may be the first ones of a real one.
                let tried = if group.rows.len() <= MAX_RETRIED_ROWS { 1 } else { group.rows.len() };
                for row in group.rows.split_off(tried).into_iter().rev() {
                    rest.push_front(row);
                }
                across.append(&mut group.rows);
            }
        }
    }
    if !across.is_empty() {
        blocks.push(across);
    }
}

/// Rows through which the same stretches are free of words.
struct Group {
    rows: Vec<Row>,
    /// The free stretches, also those beside the words.
    free: Vec<(f32, f32)>,
    left: f32,
    right: f32,
}

impl Group {
    fn new(row: Row) -> Self {
        Self { free: gaps(&row), left: row.left(), right: row.right(), rows: vec![row] }
    }

    /// Whether a gutter still runs through when a row is added.
    fn takes(&self, row: &Row) -> bool {
        let (left, right) = (self.left.min(row.left()), self.right.max(row.right()));
        let size = row.size.max(1.0);
        self.common(row).iter().any(|(from, to)| *from > left && *to < right && to - from >= MIN_GUTTER * size)
    }

    fn push(&mut self, row: Row) {
        self.free = self.common(&row);
        self.left = self.left.min(row.left());
        self.right = self.right.max(row.right());
        self.rows.push(row);
    }

    fn common(&self, row: &Row) -> Vec<(f32, f32)> {
        let mut common = Vec::new();
        let theirs = gaps(row);
        for (from, to) in &self.free {
            for (other_from, other_to) in &theirs {
                let (from, to) = (from.max(*other_from), to.min(*other_to));
                if from < to {
                    common.push((from, to));
                }
            }
        }
        // Stretches are disjoint and ordered on both sides; the widest matter.
        common.truncate(2 * MAX_GAPS);
        common
    }

    /// The middle of the gutter between two columns of text.
    fn gutter(&self) -> Option<f32> {
        if self.rows.len() < 3 {
            return None;
        }
        let inner: Vec<_> = self.free.iter().filter(|(from, to)| *from > self.left && *to < self.right).collect();
        let mut best: Option<(f32, f32)> = None;
        for (from, to) in inner.iter().copied() {
            let middle = (from + to) / 2.0;
            if best.is_none_or(|(width, _)| to - from > width) && self.parts_text(middle, to - from, inner.len()) {
                best = Some((to - from, middle));
            }
        }
        best.map(|(_, middle)| middle)
    }

    /// Whether both sides of a gutter are text rather than cells of a table.
    fn parts_text(&self, gutter: f32, width: f32, gutters: usize) -> bool {
        let size = median(self.rows.iter().map(|row| row.size)).max(1.0);
        let (mut left, mut right) = (Side::default(), Side::default());
        let mut both = 0;
        let mut pitches = Vec::new();
        let mut last_v = None;
        for row in &self.rows {
            let at = row.words.partition_point(|word| (word.u0 + word.u1) / 2.0 < gutter);
            let (before, after) = row.words.split_at_checked(at).unwrap_or_default();
            left.add(before);
            right.add(after);
            both += usize::from(!before.is_empty() && !after.is_empty());
            if let Some(last_v) = last_v.replace(row.v) {
                pitches.push(row.v - last_v);
            }
        }
        let fewer = left.rows.min(right.rows);
        if fewer < 2 || (width < WIDE_GUTTER * size && fewer < MIN_NARROW_ROWS) {
            return false;
        }
        if left.is_prose(self.left, gutter - width / 2.0) && right.is_prose(gutter + width / 2.0, self.right) {
            return true;
        }
        // Lines that do not stand on one line with those beside them are no rows of a table.
        if both * 2 < fewer {
            // Amounts beside a description of several lines are a table all the same.
            return left.amounts * 2 < left.rows && right.amounts * 2 < right.rows;
        }
        // Two addresses side by side: lines of words, set close, with a wide gutter.
        gutters <= 2
            && fewer >= 3
            && width > 3.0 * size
            && 2 * left.words >= 3 * left.rows
            && 2 * right.words >= 3 * right.rows
            && (left.numbers + right.numbers) * 3 < left.rows + right.rows
            && left.labels * 2 < left.rows
            && right.labels * 2 < right.rows
            && median(pitches.into_iter()) <= 1.6 * size
    }
}

/// What stands on one side of a gutter.
#[derive(Default)]
struct Side {
    rows: usize,
    words: usize,
    /// Lines that begin with a digit, that end with an amount, that hold a label.
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

    /// Whether the lines are many words long and fill their column.
    fn is_prose(&self, from: f32, to: f32) -> bool {
        self.rows >= 3 && self.words >= 4 * self.rows && self.width >= 0.55 * (to - from) * self.rows as f32
    }
}

fn is_amount(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit()) && !word.contains(char::is_alphabetic)
}

/// The stretches of a row without words that a gutter may run through.
fn gaps(row: &Row) -> Vec<(f32, f32)> {
    let least = MIN_GUTTER * row.size.max(1.0);
    let mut gaps = Vec::new();
    let mut end = f32::MIN;
    for word in &row.words {
        if word.u0 - end >= least && gaps.len() < MAX_GAPS {
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
        let (before, after): (Vec<_>, Vec<_>) =
            row.words.into_iter().partition(|word| (word.u0 + word.u1) / 2.0 < gutter);
        for (side, words) in [(&mut left, before), (&mut right, after)] {
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
