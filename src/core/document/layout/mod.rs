//! Turns glyphs with positions into text: words, rows, reading order, passages, roles.
//!
//! It uses only the positions of glyphs, because many files draw text without saying anything about its structure. Text
//! that runs in another direction than most of its page is laid out separately, turned upright, after the rest.

mod columns;
mod passages;
mod roles;
mod rows;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use roles::finish;

use super::marks::Mark;
use super::{MarkKind, Page, Rect, Span, Word};
use crate::budget::{Budget, Exceeded};

/// The characters of a glyph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GlyphText {
    Char(char),
    /// Several characters, such as those of a ligature.
    Text(Box<str>),
}

/// A glyph on a page, in points, with the origin at the top left.
#[derive(Debug, Clone)]
pub(super) struct Glyph {
    pub text: GlyphText,
    /// The start of its base line.
    pub x: f32,
    pub y: f32,
    /// The direction of the text: a vector of length 1.
    pub dx: f32,
    pub dy: f32,
    /// Its width in that direction.
    pub advance: f32,
    /// The space after it that the producer added to space letters.
    pub tracking: f32,
    /// The size of its font.
    pub size: f32,
    pub bold: bool,
}

impl GlyphText {
    /// The memory that the text takes beside the glyph, in bytes.
    pub fn memory(&self) -> usize {
        match self {
            Self::Char(_) => 0,
            // It is copied into its word.
            Self::Text(text) => 2 * text.len() + 16,
        }
    }
}

impl Glyph {
    fn is_space(&self) -> bool {
        match &self.text {
            GlyphText::Char(c) => c.is_whitespace(),
            GlyphText::Text(text) => text.chars().all(char::is_whitespace),
        }
    }
}

/// A page whose passages have no roles yet, with the shapes that decide their roles.
pub(super) struct PageDraft {
    pub page: Page,
    shapes: Vec<passages::Shape>,
}

/// The memory of a page without its text, of a word, and of a passage with its shape, in WebAssembly: the same on every
/// platform, so that every platform refuses the same documents.
const PAGE_MEMORY: usize = 128;
const WORD_MEMORY: usize = 24;
const PASSAGE_MEMORY: usize = 12 + 28;

impl PageDraft {
    /// The memory that the page takes, in bytes.
    pub fn memory(&self) -> usize {
        PAGE_MEMORY
            + self.page.text.len()
            + self.page.words.len() * WORD_MEMORY
            + self.page.passages.len() * PASSAGE_MEMORY
            + self.page.marks.iter().map(Mark::memory).sum::<usize>()
    }

    /// Marks the words in the boxes of links.
    pub fn mark_links(&mut self, links: &[(Rect, Arc<str>)], budget: &Budget) -> Result<(), Exceeded> {
        let Page { words, passages, marks, .. } = &mut self.page;
        budget.pairs(links.len(), words.len() + passages.len(), WORDS_PER_STEP)?;
        for (rect, url) in links {
            let is_inside = |word: &Word| {
                let (x, y) = (word.rect.x + word.rect.width / 2.0, word.rect.y + word.rect.height / 2.0);
                (rect.x..=rect.x + rect.width).contains(&x) && (rect.y..=rect.y + rect.height).contains(&y)
            };
            for run in words.chunk_by(|a, b| is_inside(a) == is_inside(b)) {
                if let (Some(first), Some(last)) = (run.first(), run.last())
                    && is_inside(first)
                {
                    let span = Span { start: first.span.start, end: last.span.end };
                    let within =
                        passages.iter().any(|passage| passage.span.start <= span.start && span.end <= passage.span.end);
                    if within {
                        marks.push(Mark::new(span.start, span.end, MarkKind::Link { url: Arc::clone(url) }));
                    }
                }
            }
        }
        Ok(())
    }
}

/// How many words are held against the box of a link in one step.
const WORDS_PER_STEP: usize = 4;

/// The steps of work to lay out a glyph: one to make it a part of a word, and one to sort the word into a row and to write
/// it.
const WORD_STEPS: usize = 1;
const ROW_STEPS: usize = 1;

/// Lays out a page.
pub(super) fn page(number: u32, size: (f32, f32), glyphs: &[Glyph], budget: &Budget) -> Result<PageDraft, Exceeded> {
    budget.work(glyphs.len() * WORD_STEPS)?;
    let mut directions: BTreeMap<i32, Vec<&Glyph>> = BTreeMap::new();
    for glyph in glyphs {
        directions.entry(TextDirection::degrees(glyph)).or_default().push(glyph);
    }
    // The direction of most text first, then the others by angle.
    let mut directions: Vec<_> = directions.into_iter().collect();
    directions.sort_by_key(|(degrees, glyphs)| (std::cmp::Reverse(glyphs.len()), *degrees));

    let mut writer = passages::Writer::new(number, size);
    for (degrees, glyphs) in directions {
        let direction = TextDirection::new(degrees);
        let words = words::words(&glyphs, &direction);
        budget.work(glyphs.len() * ROW_STEPS)?;
        let rows = rows::rows(words);
        for block in columns::reading_order(rows, budget)? {
            writer.block(&block, &direction);
        }
        writer.mark_turned();
    }
    Ok(writer.finish())
}

/// A text direction, with coordinates in which its text runs to the right: `u` along the line, `v` down the lines.
struct TextDirection {
    dx: f32,
    dy: f32,
}

impl TextDirection {
    /// The direction of a glyph in degrees, clockwise. Nearly upright text counts as upright, because scans are skewed.
    fn degrees(glyph: &Glyph) -> i32 {
        let degrees = libm::atan2f(glyph.dy, glyph.dx).to_degrees();
        for upright in [0, 90, -90, 180, -180] {
            if (degrees - upright as f32).abs() < 3.0 {
                return if upright == -180 { 180 } else { upright };
            }
        }
        libm::roundf(degrees) as i32
    }

    fn new(degrees: i32) -> Self {
        let (dx, dy) = match degrees {
            0 => (1.0, 0.0),
            90 => (0.0, 1.0),
            -90 => (0.0, -1.0),
            180 => (-1.0, 0.0),
            degrees => {
                let radians = (degrees as f32).to_radians();
                (libm::cosf(radians), libm::sinf(radians))
            }
        };
        Self { dx, dy }
    }

    /// The coordinates `(u, v)` of a point of the page.
    fn to_text(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.dx + y * self.dy, y * self.dx - x * self.dy)
    }

    /// The upright box on the page around a box in text coordinates.
    fn to_page(&self, (u0, u1): (f32, f32), (v0, v1): (f32, f32)) -> Rect {
        let corner = |u: f32, v: f32| (u * self.dx - v * self.dy, u * self.dy + v * self.dx);
        let corners = [corner(u0, v0), corner(u1, v0), corner(u0, v1), corner(u1, v1)];
        let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for (x, y) in corners {
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
        }
        Rect { x: left, y: top, width: right - left, height: bottom - top }
    }
}

/// Whether a character belongs to a right-to-left script.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}') && !c.is_numeric()
}

/// Whether a character belongs to a script without spaces between words.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
