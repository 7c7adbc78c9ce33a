//! Groups glyphs into words by the gaps between them, in the order in which they are drawn.

use super::{Glyph, GlyphText, TextDirection, is_cjk, is_rtl};

/// The gap that separates words, in font sizes. Letters are kerned by less than a tenth, and the narrowest spaces of
/// justified lines measure a sixth.
const WORD_GAP: f32 = 0.12;

/// The gap that separates words of scripts without spaces.
const CJK_WORD_GAP: f32 = 0.6;

/// The maximum vertical shift of a glyph within a word: allows sub- and superscripts, but not the next line.
const LINE_SHIFT: f32 = 0.5;

/// The maximum step back of a glyph: accents and kerning go back a little, the next line goes back far.
const BACK_STEP: f32 = 0.6;

/// The maximum distance of a glyph that is drawn twice to look bold, in font sizes.
const DOUBLE_STRIKE: f32 = 0.15;

/// The maximum tracking that counts as letter spacing: more is a gap.
const MAX_TRACKING: f32 = 0.35;

/// A word in the coordinates of its [`TextDirection`].
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub text: String,
    /// Start and end along the line.
    pub u0: f32,
    pub u1: f32,
    /// The base line.
    pub v: f32,
    pub size: f32,
    pub bold: bool,
    /// Whether a space was drawn before it.
    pub spaced: bool,
}

impl Word {
    pub fn is_rtl(&self) -> bool {
        self.text.chars().any(is_rtl)
    }

    /// The upper edge of its letters.
    pub fn top(&self) -> f32 {
        self.v - 0.8 * self.size
    }

    /// The lower edge of its letters.
    pub fn bottom(&self) -> f32 {
        self.v + 0.2 * self.size
    }
}

/// The words of glyphs that run in one direction.
pub(super) fn words(glyphs: &[&Glyph], direction: &TextDirection) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open: Option<OpenWord> = None;
    let mut spaced = true;
    for glyph in glyphs {
        if glyph.is_space() {
            words.extend(open.take().map(OpenWord::close));
            spaced = true;
            continue;
        }
        let (u, v) = direction.to_text(glyph.x, glyph.y);
        match &mut open {
            Some(word) if word.repeats(glyph, u, v) => continue,
            Some(word) if word.accepts(glyph, u, v) => word.push(glyph, u, v),
            _ => {
                // Only a drawn space counts: after a jump, the parts of a word may meet again.
                words.extend(open.take().map(OpenWord::close));
                open = Some(OpenWord::new(glyph, u, v, spaced));
            }
        }
        spaced = false;
    }
    words.extend(open.map(OpenWord::close));
    words
}

/// A word that may get more glyphs.
struct OpenWord {
    word: Word,
    /// The glyphs with their start along the line.
    glyphs: Vec<(f32, GlyphText)>,
    last: char,
    last_size: f32,
    /// The start of the last glyph, and the expected start of the next.
    last_u: f32,
    pen: f32,
    rtl: bool,
    bold_glyphs: usize,
}

impl OpenWord {
    fn new(glyph: &Glyph, u: f32, v: f32, spaced: bool) -> Self {
        let word = Word { text: String::new(), u0: u, u1: u, v, size: glyph.size, bold: false, spaced };
        let mut open = Self {
            word,
            glyphs: Vec::new(),
            last: ' ',
            last_size: glyph.size,
            last_u: u,
            pen: u,
            rtl: false,
            bold_glyphs: 0,
        };
        open.push(glyph, u, v);
        open
    }

    /// Whether a glyph is the last one drawn again.
    fn repeats(&self, glyph: &Glyph, u: f32, v: f32) -> bool {
        let max_distance = DOUBLE_STRIKE * glyph.size;
        (u - self.last_u).abs() < max_distance
            && (v - self.word.v).abs() < max_distance
            && self.glyphs.last().is_some_and(|(_, text)| *text == glyph.text)
    }

    /// Whether a glyph continues the word.
    fn accepts(&self, glyph: &Glyph, u: f32, v: f32) -> bool {
        let size = self.last_size.max(glyph.size).max(0.5);
        if (v - self.word.v).abs() > LINE_SHIFT * size {
            return false;
        }
        let first = first_char(&glyph.text);
        if self.rtl || is_rtl(first) {
            // Glyphs may be drawn in either order: only the distance from the word counts.
            let end = u + glyph.advance;
            let gap = (self.word.u0 - end.max(u)).max(u.min(end) - self.word.u1);
            return gap <= WORD_GAP * self.last_size && gap > -2.0 * size;
        }
        let gap = u - self.pen;
        let max_gap =
            if is_cjk(self.last) && is_cjk(first) { CJK_WORD_GAP * size } else { WORD_GAP * self.last_size.max(0.5) };
        (-BACK_STEP * size..=max_gap).contains(&gap)
    }

    fn push(&mut self, glyph: &Glyph, u: f32, v: f32) {
        let end = u + glyph.advance;
        self.word.u0 = self.word.u0.min(u).min(end);
        self.word.u1 = self.word.u1.max(end).max(u);
        // A sub- or superscript changes neither the size nor the base line of its word.
        if glyph.size > self.word.size {
            (self.word.size, self.word.v) = (glyph.size, v);
        }
        self.pen = end + glyph.tracking.clamp(0.0, MAX_TRACKING * glyph.size);
        self.last_u = u;
        self.last = last_char(&glyph.text);
        self.last_size = glyph.size;
        self.rtl |= is_rtl(self.last);
        self.bold_glyphs += usize::from(glyph.bold);
        self.glyphs.push((u, glyph.text.clone()));
    }

    fn close(mut self) -> Word {
        self.word.bold = self.bold_glyphs * 2 > self.glyphs.len();
        if self.rtl {
            order_rtl(&mut self.glyphs);
        }
        for (_, text) in &self.glyphs {
            match text {
                GlyphText::Char(c) => self.word.text.push(*c),
                GlyphText::Text(text) => self.word.text.push_str(text),
            }
        }
        self.word
    }
}

/// Orders glyphs as they are read: from the right, except in runs of numbers and Latin letters.
fn order_rtl(glyphs: &mut [(f32, GlyphText)]) {
    glyphs.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let is_ltr = |(_, text): &(f32, GlyphText)| {
        let c = first_char(text);
        c.is_alphanumeric() && !is_rtl(c)
    };
    for run in glyphs.chunk_by_mut(|a, b| is_ltr(a) == is_ltr(b)) {
        if run.first().is_some_and(is_ltr) {
            run.reverse();
        }
    }
}

fn first_char(text: &GlyphText) -> char {
    match text {
        GlyphText::Char(c) => *c,
        GlyphText::Text(text) => text.chars().next().unwrap_or(' '),
    }
}

fn last_char(text: &GlyphText) -> char {
    match text {
        GlyphText::Char(c) => *c,
        GlyphText::Text(text) => text.chars().next_back().unwrap_or(' '),
    }
}
