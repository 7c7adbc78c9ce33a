//! Groups words into rows: everything on one line of the page, across columns.

use super::words::Word;

/// The maximum distance of base lines in one row, in font sizes. The lines of dense tables are one font size apart.
const BASE_LINE_SHIFT: f32 = 0.3;

/// The number of previous rows that are searched for the row of a word: a subscript may sort two lines late.
const LOOK_BACK: usize = 4;

/// The gap below which pieces drawn separately are one word, in font sizes.
const SAME_WORD_GAP: f32 = 0.1;

/// The words of a line, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub words: Vec<Word>,
    /// The base line and size of its largest word.
    pub v: f32,
    pub size: f32,
}

impl Row {
    pub fn new(words: Vec<Word>) -> Self {
        let mut row = Self { words: Vec::new(), v: 0.0, size: 0.0 };
        for word in words {
            row.push(word);
        }
        row
    }

    pub fn left(&self) -> f32 {
        self.words.iter().map(|word| word.u0).fold(f32::MAX, f32::min)
    }

    pub fn right(&self) -> f32 {
        self.words.iter().map(|word| word.u1).fold(f32::MIN, f32::max)
    }

    fn push(&mut self, word: Word) {
        if word.size > self.size {
            (self.v, self.size) = (word.v, word.size);
        }
        self.words.push(word);
    }

    /// Whether a word belongs to this row.
    fn accepts(&self, word: &Word) -> bool {
        let (small, large) = if word.size < self.size { (word.size, self.size) } else { (self.size, word.size) };
        if small > 0.75 * large {
            return (word.v - self.v).abs() <= BASE_LINE_SHIFT * large;
        }
        // Of two sizes: the center of the small letters is within the large ones.
        let center = |v: f32, size: f32| v - 0.3 * size;
        (center(word.v, word.size) - center(self.v, self.size)).abs() <= 0.4 * large
    }
}

/// The rows of words, from the top.
pub(super) fn rows(mut words: Vec<Word>) -> Vec<Row> {
    words.sort_by(|a, b| a.v.total_cmp(&b.v).then(a.u0.total_cmp(&b.u0)));
    let mut rows: Vec<Row> = Vec::new();
    for word in words {
        match rows.iter_mut().rev().take(LOOK_BACK).find(|row| row.accepts(&word)) {
            Some(row) => row.push(word),
            None => rows.push(Row::new(vec![word])),
        }
    }
    for row in &mut rows {
        row.words.sort_by(|a, b| a.u0.total_cmp(&b.u0).then(b.u1.total_cmp(&a.u1)));
        row.words = join(std::mem::take(&mut row.words));
    }
    rows.sort_by(|a, b| a.v.total_cmp(&b.v));
    rows
}

/// Joins words that were drawn in pieces, and drops those that were drawn twice.
fn join(words: Vec<Word>) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    // Of the last word; looked up once, because a word may be joined of very many.
    let mut last_is_rtl = false;
    for word in words {
        let Some(last) = joined.last_mut() else {
            last_is_rtl = word.is_rtl();
            joined.push(word);
            continue;
        };
        let size = last.size.max(word.size);
        let overlap = last.u1.min(word.u1) - word.u0;
        if last.text == word.text && overlap > 0.7 * (word.u1 - word.u0) {
            continue;
        }
        let gap = word.u0 - last.u1;
        let is_level =
            (last.v - word.v).abs() < 0.1 * size && last.size > 0.75 * word.size && word.size > 0.75 * last.size;
        if !word.spaced
            && is_level
            && (-0.3 * size..SAME_WORD_GAP * size).contains(&gap)
            && !last_is_rtl
            && !word.is_rtl()
        {
            last.text.push_str(&word.text);
            last.u1 = last.u1.max(word.u1);
        } else {
            last_is_rtl = word.is_rtl();
            joined.push(word);
        }
    }
    joined
}
