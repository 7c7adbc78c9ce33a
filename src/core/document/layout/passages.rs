//! Writes blocks of rows as passages of a page's text.

use super::columns::median;
use super::rows::Row;
use super::words::Word;
use super::{PageDraft, TextDirection, is_cjk};
use crate::document::{self, Page, Passage, Role, Span};

/// The gap that separates cells of a table row, in font sizes; spaces of justified lines are narrower.
const CELL_GAP: f32 = 1.5;

/// The gap that separates the cells of a row of only two, which may also be text with a wide space.
const PAIR_GAP: f32 = 2.0;

/// The maximum distance of the lines of a paragraph: in font sizes (drafts have double spacing), and in the usual
/// distance of the block.
const MAX_LEADING: f32 = 2.6;
const MAX_RELATIVE_LEADING: f32 = 1.35;

/// The maximum ratio of the font sizes of two lines of a paragraph.
const SAME_SIZE: f32 = 1.12;

/// The features of a passage that decide its role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub size: f32,
    pub bold: bool,
    pub lines: u32,
    pub row: bool,
    /// Whether it runs in another direction than most of the page.
    pub turned: bool,
    /// Upper and lower edge on the page, in points.
    pub top: f32,
    pub bottom: f32,
}

/// Writes the text of a page.
pub(super) struct Writer {
    page: Page,
    shapes: Vec<Shape>,
    turned: bool,
}

impl Writer {
    pub fn new(number: u32, size: (f32, f32)) -> Self {
        let page = Page { size: Some(size), ..Page::plain(number, "") };
        Self { page, shapes: Vec::new(), turned: false }
    }

    /// The page, without room to grow: all pages of a document are kept.
    pub fn finish(mut self) -> PageDraft {
        self.page.text.shrink_to_fit();
        self.page.words.shrink_to_fit();
        self.page.passages.shrink_to_fit();
        self.shapes.shrink_to_fit();
        PageDraft { page: self.page, shapes: self.shapes }
    }

    /// Marks everything that follows as running in another direction.
    pub fn mark_turned(&mut self) {
        self.turned = true;
    }

    /// Appends consecutive rows in reading order.
    pub fn block(&mut self, rows: &[Row], direction: &TextDirection) {
        let pitch = median(rows.windows(2).filter_map(|pair| match pair {
            [above, below] => Some(below.v - above.v),
            _ => None,
        }));
        let mut lines = rows.iter().map(|row| (row, cells(row))).peekable();
        while let Some((row, cells)) = lines.next() {
            let is_row = cells.len() > 1;
            self.begin();
            self.line(&cells, direction, row, is_row);
            let mut last = row;
            while !is_row
                && let Some((next, cells)) =
                    lines.next_if(|(next, cells)| cells.len() == 1 && continues(last, next, pitch))
            {
                self.page.text.push('\n');
                self.line(&cells, direction, next, false);
                last = next;
            }
            self.end();
        }
    }

    fn begin(&mut self) {
        if !self.page.text.is_empty() {
            self.page.text.push_str("\n\n");
        }
        let start = self.page.text.len();
        self.page.passages.push(Passage { span: Span { start, end: start }, role: Role::Body });
        self.shapes.push(Shape {
            size: 0.0,
            bold: true,
            lines: 0,
            row: false,
            turned: self.turned,
            top: f32::MAX,
            bottom: f32::MIN,
        });
    }

    fn line(&mut self, cells: &[Vec<&Word>], direction: &TextDirection, row: &Row, is_row: bool) {
        let (mut top, mut bottom, mut bold) = (f32::MAX, f32::MIN, true);
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.page.text.push('\t');
            }
            let mut previous: Option<&Word> = None;
            for word in cell {
                if previous.is_some_and(|previous| needs_space(previous, word)) {
                    self.page.text.push(' ');
                }
                let start = self.page.text.len();
                self.page.text.push_str(&word.text);
                let rect = direction.to_page((word.u0, word.u1), (word.top(), word.bottom()));
                (top, bottom) = (top.min(rect.y), bottom.max(rect.y + rect.height));
                bold &= word.bold;
                let span = Span { start, end: self.page.text.len() };
                self.page.words.push(document::Word { span, rect });
                previous = Some(word);
            }
        }
        if let Some(shape) = self.shapes.last_mut() {
            shape.size = shape.size.max(row.size);
            shape.bold &= bold;
            shape.lines += 1;
            shape.row |= is_row;
            shape.top = shape.top.min(top);
            shape.bottom = shape.bottom.max(bottom);
        }
    }

    fn end(&mut self) {
        if let Some(passage) = self.page.passages.last_mut() {
            passage.span.end = self.page.text.len();
        }
    }
}

/// The words of a row in reading order, split at the columns of a table.
fn cells(row: &Row) -> Vec<Vec<&Word>> {
    let size = row.size.max(1.0);
    let mut cells: Vec<Vec<&Word>> = Vec::new();
    let mut end = f32::MIN;
    let mut widest = 0.0_f32;
    for word in &row.words {
        let gap = word.u0 - end;
        // The marker of a list item is at a distance from its text, but is not a cell.
        let after_marker = cells.len() == 1 && cells.first().is_some_and(|cell| is_list_marker(cell));
        match cells.last_mut() {
            Some(cell) if gap < CELL_GAP * size || after_marker => cell.push(word),
            Some(_) => {
                widest = widest.max(gap);
                cells.push(vec![word]);
            }
            None => cells.push(vec![word]),
        }
        end = end.max(word.u1);
    }
    if cells.len() == 2 && widest < PAIR_GAP * size {
        cells = vec![cells.into_iter().flatten().collect()];
    }
    if is_rtl(row) {
        cells.reverse();
        for cell in &mut cells {
            cell.reverse();
            for run in cell.chunk_by_mut(|a, b| a.is_rtl() == b.is_rtl()) {
                if run.first().is_some_and(|word| !word.is_rtl()) {
                    run.reverse();
                }
            }
        }
    }
    cells
}

/// Whether a row is read from the right.
fn is_rtl(row: &Row) -> bool {
    let letters = |word: &&Word| word.text.chars().any(char::is_alphabetic);
    let rtl = row.words.iter().filter(|word| word.is_rtl()).count();
    rtl > 0 && rtl * 2 >= row.words.iter().filter(letters).count()
}

/// Whether a cell is only the marker of a list item: a dot, a number or a letter.
fn is_list_marker(cell: &[&Word]) -> bool {
    match cell {
        [word] => {
            let text = word.text.as_str();
            let trimmed = text.trim_matches(['(', ')', '.', '[', ']']);
            let is_number = trimmed.chars().all(|c| c.is_ascii_digit() || c == '.')
                && (trimmed.len() <= 3 || trimmed.contains('.'));
            let is_letter = trimmed.chars().count() == 1 || trimmed.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
            let is_enumerator = !trimmed.is_empty() && trimmed.len() < text.len() && (is_number || is_letter);
            is_enumerator || (text.chars().count() == 1 && !text.contains(char::is_alphanumeric))
        }
        _ => false,
    }
}

/// Whether a line continues the paragraph of the line above.
fn continues(above: &Row, below: &Row, pitch: f32) -> bool {
    let (small, large) = if above.size < below.size { (above.size, below.size) } else { (below.size, above.size) };
    let leading = below.v - above.v;
    let bold = |row: &Row| row.words.iter().all(|word| word.bold);
    large <= SAME_SIZE * small
        && leading > 0.0
        && leading <= MAX_LEADING * large
        && leading <= MAX_RELATIVE_LEADING * pitch.max(large)
        && bold(above) == bold(below)
        && below.words.first().is_none_or(|first| !is_list_marker(&[first]))
}

/// Whether two words of a cell are separated by a space.
fn needs_space(before: &Word, after: &Word) -> bool {
    let ends = before.text.chars().next_back().is_some_and(is_cjk);
    let begins = after.text.chars().next().is_some_and(is_cjk);
    !(ends && begins && after.u0 - before.u1 < before.size)
}
