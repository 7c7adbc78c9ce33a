//! Glyphs with places to text: words, rows, reading order, passages, roles.
//!
//! Everything is found from where glyphs stand, as in files that draw text they say nothing about. Text that runs
//! in another direction than most of its page is laid out by itself, turned upright, after the rest.

mod columns;
mod passages;
mod roles;
mod rows;
mod words;

use std::collections::BTreeMap;

pub(super) use roles::finish;

use super::{Page, Rect};

/// What a glyph stands for.
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
    /// Where its base line begins.
    pub x: f32,
    pub y: f32,
    /// Which way the text runs: a vector of length 1.
    pub dx: f32,
    pub dy: f32,
    /// How far it reaches that way.
    pub advance: f32,
    /// How far the producer moved on after it beyond that, to space letters.
    pub tracking: f32,
    /// The size of its font.
    pub size: f32,
    pub bold: bool,
}

impl Glyph {
    fn is_space(&self) -> bool {
        match &self.text {
            GlyphText::Char(c) => c.is_whitespace(),
            GlyphText::Text(text) => text.chars().all(char::is_whitespace),
        }
    }
}

/// A page whose passages have no roles yet, and what their roles will be found from.
pub(super) struct Draft {
    pub page: Page,
    shapes: Vec<passages::Shape>,
}

/// Lays out a page.
pub(super) fn page(number: u32, size: (f32, f32), glyphs: &[Glyph]) -> Draft {
    let mut directions: BTreeMap<i32, Vec<&Glyph>> = BTreeMap::new();
    for glyph in glyphs {
        directions.entry(Frame::direction(glyph)).or_default().push(glyph);
    }
    // The direction of most text first; the others as they turn.
    let mut directions: Vec<_> = directions.into_iter().collect();
    directions.sort_by_key(|(direction, glyphs)| (std::cmp::Reverse(glyphs.len()), *direction));

    let mut writer = passages::Writer::new(number, size);
    for (direction, glyphs) in directions {
        let frame = Frame::new(direction);
        let rows = rows::rows(words::words(&glyphs, &frame));
        for block in columns::reading_order(rows) {
            writer.block(&block, &frame);
        }
        writer.turn();
    }
    writer.finish()
}

/// Coordinates in which text runs to the right: `u` along the line, `v` down the lines.
struct Frame {
    dx: f32,
    dy: f32,
}

impl Frame {
    /// The direction of a glyph in degrees, clockwise. Nearly upright text is upright: scans are never quite.
    fn direction(glyph: &Glyph) -> i32 {
        let degrees = libm::atan2f(glyph.dy, glyph.dx).to_degrees();
        for upright in [0, 90, -90, 180, -180] {
            if (degrees - upright as f32).abs() < 3.0 {
                return if upright == -180 { 180 } else { upright };
            }
        }
        libm::roundf(degrees) as i32
    }

    fn new(direction: i32) -> Self {
        let (dx, dy) = match direction {
            0 => (1.0, 0.0),
            90 => (0.0, 1.0),
            -90 => (0.0, -1.0),
            180 => (-1.0, 0.0),
            other => {
                let radians = (other as f32).to_radians();
                (libm::cosf(radians), libm::sinf(radians))
            }
        };
        Self { dx, dy }
    }

    fn enter(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.dx + y * self.dy, y * self.dx - x * self.dy)
    }

    /// The upright box on the page around a box of the frame.
    fn leave(&self, (u0, u1): (f32, f32), (v0, v1): (f32, f32)) -> Rect {
        let corner = |u: f32, v: f32| (u * self.dx - v * self.dy, u * self.dy + v * self.dx);
        let corners = [corner(u0, v0), corner(u1, v0), corner(u0, v1), corner(u1, v1)];
        let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for (x, y) in corners {
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
        }
        Rect { x: left, y: top, width: right - left, height: bottom - top }
    }
}

/// Whether a character is of a script that runs to the left.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}') && !c.is_numeric()
}

/// Whether a character is of a script that does not part words.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
