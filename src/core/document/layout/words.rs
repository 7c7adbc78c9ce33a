//! Glyphs to words: by the gaps between them, in the order in which they are drawn.

use super::{Frame, Glyph, GlyphText, is_cjk, is_rtl};

/// The gap that parts words, in sizes of the font. Letters are kerned by less than a tenth, and the narrowest
/// spaces of justified lines measure a sixth.
const WORD_GAP: f32 = 0.12;

/// The gap that parts words of scripts without spaces.
const CJK_WORD_GAP: f32 = 0.6;

/// How far below or above the line a glyph still belongs to the word: indices do, the next line does not.
const LINE_SHIFT: f32 = 0.5;

/// How far back a glyph may begin: accents and kerning go back, the next line begins far back.
const BACK_STEP: f32 = 0.6;

/// How close the same glyph is drawn again to look bold, in sizes of the font.
const DOUBLE_STRIKE: f32 = 0.15;

/// The most tracking that is taken for letter spacing: more is a gap.
const MAX_TRACKING: f32 = 0.35;

/// A word in the coordinates of its [`Frame`].
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub text: String,
    /// From and to, along the line.
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

/// Makes words of glyphs that run one way.
pub(super) fn words(glyphs: &[&Glyph], frame: &Frame) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open: Option<Open> = None;
    let mut spaced = true;
    for glyph in glyphs {
        if glyph.is_space() {
            words.extend(open.take().map(Open::close));
            spaced = true;
            continue;
        }
        let (u, v) = frame.enter(glyph.x, glyph.y);
        match &mut open {
            Some(word) if word.repeats(glyph, u, v) => continue,
            Some(word) if word.takes(glyph, u, v) => word.push(glyph, u, v),
            _ => {
                // Only a drawn space counts: a jump is no space, the pieces may meet again.
                words.extend(open.take().map(Open::close));
                open = Some(Open::new(glyph, u, v, spaced));
            }
        }
        spaced = false;
    }
    words.extend(open.map(Open::close));
    words
}

/// A word that may go on.
struct Open {
    word: Word,
    /// The glyphs and where they begin.
    glyphs: Vec<(f32, GlyphText)>,
    last: char,
    last_size: f32,
    /// Where the last glyph begins, and where the next is expected.
    last_u: f32,
    pen: f32,
    rtl: bool,
    bold_glyphs: usize,
}

impl Open {
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

    /// Whether a glyph is the last one again.
    fn repeats(&self, glyph: &Glyph, u: f32, v: f32) -> bool {
        let near = DOUBLE_STRIKE * glyph.size;
        (u - self.last_u).abs() < near
            && (v - self.word.v).abs() < near
            && self.glyphs.last().is_some_and(|(_, text)| *text == glyph.text)
    }

    /// Whether a glyph goes on with the word.
    fn takes(&self, glyph: &Glyph, u: f32, v: f32) -> bool {
        let size = self.last_size.max(glyph.size).max(0.5);
        if (v - self.word.v).abs() > LINE_SHIFT * size {
            return false;
        }
        let first = first_char(&glyph.text);
        if self.rtl || is_rtl(first) {
            // Drawn in either order: what counts is how far it is from the word.
            let end = u + glyph.advance;
            let gap = (self.word.u0 - end.max(u)).max(u.min(end) - self.word.u1);
            return gap <= WORD_GAP * self.last_size && gap > -2.0 * size;
        }
        let gap = u - self.pen;
        let most =
            if is_cjk(self.last) && is_cjk(first) { CJK_WORD_GAP * size } else { WORD_GAP * self.last_size.max(0.5) };
        (-BACK_STEP * size..=most).contains(&gap)
    }

    fn push(&mut self, glyph: &Glyph, u: f32, v: f32) {
        let end = u + glyph.advance;
        self.word.u0 = self.word.u0.min(u).min(end);
        self.word.u1 = self.word.u1.max(end).max(u);
        // An index before or behind its word neither makes it small nor lifts it.
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

/// Orders glyphs as they are read: from the right, but for runs of numbers and Latin letters.
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
