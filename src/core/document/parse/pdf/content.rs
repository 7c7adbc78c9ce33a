//! Content streams: the operators that move and show text, run to glyphs with places.

use std::borrow::Cow;
use std::rc::Rc;

use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Stream, String as PdfString};
use hayro_syntax::page::{Page, Resources};

use super::filters;
use super::fonts::{Fonts, LoadedFont};
use super::inflation::is_picture;
use super::inline_images;
use super::layers::Layers;
use super::strings;
use crate::document::layout::{Glyph, GlyphText};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// Decoded bytes that count as one step of work.
const BYTES_PER_STEP: usize = 16;

/// The smallest glyphs that count, in points: smaller ones are there to be found, not to be read.
const MIN_SIZE: f64 = 0.5;

/// How far outside the page glyphs still count, in their size: what is cut off is not read.
const OUTSIDE: f32 = 1.0;

/// What the pages of a document may still cost.
pub(super) struct Budget {
    pub glyphs: usize,
    /// Of these, on the current page.
    pub page_glyphs: usize,
    pub work: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { glyphs: limits::MAX_GLYPHS, page_glyphs: limits::MAX_PAGE_GLYPHS, work: limits::MAX_CONTENT_WORK }
    }
}

impl Budget {
    fn work(&mut self, steps: u64) -> Result<()> {
        self.work = self.work.checked_sub(steps).ok_or_else(|| {
            Error::unreadable(
                Unreadable::Timeout,
                format!("Reading the PDF takes more than {} steps", limits::MAX_CONTENT_WORK),
            )
        })?;
        Ok(())
    }

    fn glyph(&mut self) -> Result<()> {
        self.glyphs = self.glyphs.checked_sub(1).ok_or_else(|| {
            Error::unreadable(Unreadable::TooLarge, format!("The PDF has more than {} glyphs", limits::MAX_GLYPHS))
        })?;
        self.page_glyphs = self.page_glyphs.checked_sub(1).ok_or_else(|| {
            let message = format!("A page of the PDF has more than {} glyphs", limits::MAX_PAGE_GLYPHS);
            Error::unreadable(Unreadable::TooLarge, message)
        })?;
        Ok(())
    }
}

/// The part of the graphics state that matters to text.
#[derive(Clone)]
struct State<'a> {
    matrix: Affine,
    font: Option<Rc<LoadedFont<'a>>>,
    /// Whether the font is one that nothing asked for.
    is_fallback: bool,
    size: f64,
    char_space: f64,
    word_space: f64,
    /// 1 is as wide as the font is.
    stretch: f64,
    leading: f64,
    rise: f64,
}

/// A marked stretch of content that is open.
struct Mark {
    visible: bool,
    /// The text that stands in for the glyphs from a place on.
    actual: Option<(String, usize)>,
}

/// A stack that keeps no more than it may: deeper levels are counted and lost.
struct Stack<T> {
    items: Vec<T>,
    lost: usize,
}

impl<T> Stack<T> {
    const fn new() -> Self {
        Self { items: Vec::new(), lost: 0 }
    }

    fn push(&mut self, item: T) {
        if self.items.len() < limits::MAX_GRAPHICS_STATES { self.items.push(item) } else { self.lost += 1 }
    }

    fn pop(&mut self) -> Option<T> {
        if self.lost > 0 {
            self.lost -= 1;
            return None;
        }
        self.items.pop()
    }
}

/// Runs the content of a page.
pub(super) struct Interpreter<'a, 'd> {
    page: &'d Page<'a>,
    fonts: &'d Fonts<'a>,
    layers: &'d Layers,
    budget: &'d mut Budget,
    width: f32,
    height: f32,
    state: State<'a>,
    text_matrix: Affine,
    line_matrix: Affine,
    marks: Stack<Mark>,
    glyphs: Vec<Glyph>,
    /// The forms that are being drawn, from the outside in.
    forms: Vec<ObjectIdentifier>,
    /// The bytes of content that is being run.
    held: usize,
    /// Whether the page shows a picture.
    pub has_picture: bool,
}

impl<'a, 'd> Interpreter<'a, 'd> {
    pub fn new(page: &'d Page<'a>, fonts: &'d Fonts<'a>, layers: &'d Layers, budget: &'d mut Budget) -> Self {
        let (width, height) = page.render_dimensions();
        budget.page_glyphs = limits::MAX_PAGE_GLYPHS;
        let state = State {
            matrix: Affine::new(page.initial_transform(true).as_coeffs()),
            font: None,
            is_fallback: false,
            size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        Self {
            page,
            fonts,
            layers,
            budget,
            width,
            height,
            state,
            text_matrix: Affine::IDENTITY,
            line_matrix: Affine::IDENTITY,
            marks: Stack::new(),
            glyphs: Vec::new(),
            forms: Vec::new(),
            held: 0,
            has_picture: false,
        }
    }

    pub fn into_glyphs(self) -> Vec<Glyph> {
        self.glyphs
    }

    /// Runs the page itself.
    pub fn page(&mut self) -> Result<()> {
        let raw = self.page.raw();
        // Not by way of the page, which would keep what it decodes for as long as the document lives.
        let mut content = Cow::default();
        if let Some(stream) = raw.get::<Stream<'a>>("Contents") {
            content = self.decode(&stream)?;
        } else if let Some(streams) = raw.get::<Array<'a>>("Contents") {
            for stream in streams.iter::<Stream<'a>>() {
                let part = self.decode(&stream)?;
                if (content.len() + part.len()) as u64 > limits::MAX_STREAM_BYTES {
                    return Err(too_much_content());
                }
                let content = content.to_mut();
                content.extend_from_slice(&part);
                content.push(b' ');
            }
        }
        let before = self.state.clone();
        self.run(content, &self.page.resources().clone())?;
        self.state = before;
        Ok(())
    }

    fn decode<'s>(&mut self, stream: &Stream<'s>) -> Result<Cow<'s, [u8]>> {
        if is_picture(stream.dict()) {
            return Ok(Cow::default());
        }
        let (data, taken) = filters::decode(stream)?;
        self.budget.work(taken / BYTES_PER_STEP as u64)?;
        Ok(data.unwrap_or_default())
    }

    fn run(&mut self, content: Cow<'_, [u8]>, resources: &Resources<'a>) -> Result<()> {
        let (cut, read) = inline_images::cut(&content);
        self.budget.work((read / BYTES_PER_STEP) as u64)?;
        let content = cut.map_or(content, Cow::Owned);
        // Forms run while what draws them is held.
        self.held += content.len();
        let ran = self.run_held(&content, resources);
        self.held -= content.len();
        ran
    }

    fn run_held(&mut self, content: &[u8], resources: &Resources<'a>) -> Result<()> {
        if self.held as u64 > limits::MAX_STREAM_BYTES {
            return Err(too_much_content());
        }
        let mut saved = Stack::new();
        let marks = std::mem::replace(&mut self.marks, Stack::new());
        let visible = marks.items.last().is_none_or(|mark| mark.visible);
        self.marks.push(Mark { visible, actual: None });
        let mut operators = TypedIter::new(content);
        while let Some(operator) = operators.next() {
            self.budget.work(1)?;
            match operator {
                Op::SaveState(_) => saved.push(self.state.clone()),
                Op::RestoreState(_) => {
                    if let Some(state) = saved.pop() {
                        self.state = state;
                    }
                }
                Op::Transform(m) => {
                    self.state.matrix *= matrix([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5].map(|number| number.as_f64()));
                }
                Op::BeginText(_) => self.set_line(Affine::IDENTITY),
                Op::SetTextMatrix(m) => {
                    self.set_line(matrix([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5].map(|number| number.as_f64())));
                }
                Op::NextLine(step) => self.next_line(step.0.as_f64(), step.1.as_f64()),
                Op::NextLineAndSetLeading(step) => {
                    self.state.leading = -step.1.as_f64();
                    self.next_line(step.0.as_f64(), step.1.as_f64());
                }
                Op::NextLineUsingLeading(_) => self.next_line(0.0, -self.state.leading),
                Op::CharacterSpacing(space) => self.state.char_space = space.0.as_f64(),
                Op::WordSpacing(space) => self.state.word_space = space.0.as_f64(),
                Op::HorizontalScaling(percent) => self.state.stretch = percent.0.as_f64() / 100.0,
                Op::TextLeading(leading) => self.state.leading = leading.0.as_f64(),
                Op::TextRise(rise) => self.state.rise = rise.0.as_f64(),
                Op::TextFont(font) => {
                    self.state.size = font.1.as_f64();
                    self.set_font(resources.get_font(font.0))?;
                }
                Op::SetGraphicsState(state) => {
                    let font = resources.get_ext_g_state(state.0).and_then(|state| state.get::<Array<'a>>("Font"));
                    if let Some(font) = font {
                        let mut parts = font.iter::<Object<'a>>();
                        let dict = parts.next().and_then(Object::into_dict);
                        if let Some(size) = parts.next().and_then(Object::into_number) {
                            self.state.size = size.as_f64();
                        }
                        self.set_font(dict)?;
                    }
                }
                Op::ShowText(text) => self.show(text.0)?,
                Op::NextLineAndShowText(text) => {
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.0)?;
                }
                Op::ShowTextWithParameters(text) => {
                    self.state.word_space = text.0.as_f64();
                    self.state.char_space = text.1.as_f64();
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.2)?;
                }
                Op::ShowTexts(parts) => {
                    for part in parts.0.iter::<Object<'_>>() {
                        match part {
                            Object::Number(adjustment) => self.adjust(adjustment.as_f64()),
                            Object::String(text) => self.show(&text)?,
                            _ => {}
                        }
                    }
                }
                Op::BeginMarkedContent(_) => self.begin_mark(true, None),
                Op::BeginMarkedContentWithProperties(mark) => self.begin_marked(mark.0, mark.1, resources),
                Op::EndMarkedContent(_) if self.marks.items.len() > 1 || self.marks.lost > 0 => self.end_mark(),
                Op::XObject(name) => {
                    if let Some(object) = resources.get_x_object(name.0) {
                        self.object(&object, resources)?;
                    }
                }
                Op::MarkedContentPoint(mark) if mark.0.as_str() == inline_images::MARK => {
                    self.has_picture |= self.is_visible();
                }
                _ => {}
            }
        }
        while self.marks.items.len() > 1 {
            self.end_mark();
        }
        self.marks = marks;
        Ok(())
    }

    /// Draws an object: a form is content of its own, a picture is noticed.
    fn object(&mut self, object: &Stream<'a>, resources: &Resources<'a>) -> Result<()> {
        let dict = object.dict();
        let layer = dict.get::<Dict<'a>>("OC");
        if !self.is_visible() || layer.is_some_and(|layer| !self.layers.shows(dict.get_ref("OC"), &layer)) {
            return Ok(());
        }
        match dict.get::<Name<'a>>("Subtype").as_ref().map(Name::as_str) {
            Some("Image") => {
                self.has_picture = true;
                Ok(())
            }
            Some("Form") => self.form(object, Affine::IDENTITY, resources),
            _ => Ok(()),
        }
    }

    /// Runs a form, placed by `placement` before its own matrix.
    pub fn form(&mut self, form: &Stream<'a>, placement: Affine, resources: &Resources<'a>) -> Result<()> {
        // A form that draws itself would draw it again and again.
        if self.forms.len() >= limits::MAX_FORM_DEPTH || self.forms.contains(&form.obj_id()) {
            return Ok(());
        }
        let content = self.decode(form)?;
        let dict = form.dict();
        let own = dict.get::<Dict<'a>>("Resources").map(Resources::new);
        let before = self.state.clone();
        let matrices = (self.text_matrix, self.line_matrix);
        self.state.matrix *= placement * dict.get::<[f64; 6]>("Matrix").map_or(Affine::IDENTITY, matrix);
        self.forms.push(form.obj_id());
        let ran = self.run(content, own.as_ref().unwrap_or(resources));
        self.forms.pop();
        (self.text_matrix, self.line_matrix) = matrices;
        self.state = before;
        ran
    }

    fn set_font(&mut self, dict: Option<Dict<'a>>) -> Result<()> {
        let font = dict.map(|dict| self.fonts.load(&dict)).transpose()?.flatten();
        self.state.is_fallback = font.is_none();
        self.state.font = font.or_else(|| self.fonts.fallback());
        Ok(())
    }

    fn set_line(&mut self, matrix: Affine) {
        self.line_matrix = matrix;
        self.text_matrix = matrix;
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.set_line(self.line_matrix * Affine::translate((x, y)));
    }

    fn adjust(&mut self, thousandths: f64) {
        let step = -thousandths / 1000.0 * self.state.size;
        let horizontal = self.state.font.as_ref().is_none_or(|font| font.is_horizontal());
        let step = if horizontal { (step * self.state.stretch, 0.0) } else { (0.0, step) };
        self.text_matrix *= Affine::translate(step);
    }

    fn show(&mut self, text: &PdfString<'_>) -> Result<()> {
        if self.state.font.is_none() {
            self.set_font(None)?;
        }
        let Some(font) = self.state.font.clone() else {
            return Ok(());
        };
        let bytes = text.as_bytes();
        // What a font that nobody has would show is a guess, and only for ASCII a good one.
        let shows = self.is_visible() && (!self.state.is_fallback || bytes.is_ascii());
        let mut rest = bytes;
        while !rest.is_empty() {
            self.budget.glyph()?;
            let (number, length) = font.read(rest);
            rest = rest.get(length.max(1)..).unwrap_or_default();
            let code = font.code(number);
            let state = &self.state;
            let space = state.char_space + if number == 32 && length == 1 { state.word_space } else { 0.0 };
            let step = if font.is_horizontal() {
                ((code.advance.0 * state.size + space) * state.stretch, 0.0)
            } else {
                (0.0, code.advance.1 * state.size + space)
            };
            if shows && let Some(text) = code.text {
                let tracking = if font.is_horizontal() { state.char_space * state.stretch } else { 0.0 };
                self.place(text, code.origin, code.advance, tracking, &font);
            }
            self.text_matrix *= Affine::translate(step);
        }
        Ok(())
    }

    /// Puts a glyph where the pen is.
    fn place(
        &mut self,
        text: GlyphText,
        origin: (f64, f64),
        advance: (f64, f64),
        tracking: f64,
        font: &LoadedFont<'_>,
    ) {
        let state = &self.state;
        let page = state.matrix * self.text_matrix;
        let glyph = page
            * Affine::new([state.size * state.stretch, 0.0, 0.0, state.size, 0.0, state.rise])
            * Affine::translate(origin);
        let start = glyph * Point::ZERO;
        let along = glyph * Point::new(advance.0, advance.1) - start;
        let right = glyph * Point::new(1.0, 0.0) - start;
        let up = glyph * Point::new(0.0, 1.0) - start;
        let size = length(up) * font.em;
        let reach = length(along);
        // A glyph without width, such as an accent, still runs somewhere.
        let (direction, em) = if font.is_horizontal() { (right, length(right)) } else { (-up, length(up)) };
        if !(size >= MIN_SIZE && em > 0.0 && size.is_finite() && em.is_finite() && reach.is_finite()) {
            return;
        }
        let tracking = length(page * Point::new(tracking, 0.0) - page * Point::ZERO) * tracking.signum();
        let glyph = Glyph {
            text,
            x: start.x as f32,
            y: start.y as f32,
            dx: (direction.x / em) as f32,
            dy: (direction.y / em) as f32,
            advance: reach as f32,
            tracking: tracking as f32,
            size: size as f32,
            bold: font.bold,
        };
        let margin = OUTSIDE * glyph.size;
        if (-margin..=self.width + margin).contains(&glyph.x) && (-margin..=self.height + margin).contains(&glyph.y) {
            self.glyphs.push(glyph);
        }
    }

    /// Puts plain text at a place in page space, as far as it matters: where a file has text but no drawing of it.
    pub fn write(&mut self, text: &str, x: f64, y: f64, size: f64) -> Result<()> {
        let Some(font) = self.fonts.fallback() else {
            return Ok(());
        };
        let before = self.state.clone();
        self.state.size = size;
        self.state.stretch = 1.0;
        self.state.rise = 0.0;
        self.set_line(Affine::translate((x, y)));
        for c in text.chars() {
            self.budget.glyph()?;
            let advance = u8::try_from(c).map_or((0.5, 0.0), |code| font.code(u32::from(code)).advance);
            self.place(GlyphText::Char(c), (0.0, 0.0), advance, 0.0, &font);
            self.text_matrix *= Affine::translate((advance.0 * size, 0.0));
        }
        self.state = before;
        Ok(())
    }

    fn is_visible(&self) -> bool {
        self.marks.items.last().is_none_or(|mark| mark.visible)
    }

    fn begin_marked(&mut self, tag: &Name<'_>, properties: &Object<'_>, resources: &Resources<'a>) {
        match properties {
            Object::Name(name) => {
                let dict = resources.properties.get::<Dict<'a>>(name.as_ref()).unwrap_or_default();
                let visible =
                    tag.as_str() != "OC" || self.layers.shows(resources.properties.get_ref(name.as_ref()), &dict);
                self.begin_mark(visible, actual_text(&dict));
            }
            Object::Dict(dict) => self.begin_mark(true, actual_text(dict)),
            _ => self.begin_mark(true, None),
        }
    }

    fn begin_mark(&mut self, visible: bool, actual: Option<String>) {
        let visible = visible && self.is_visible();
        let actual = actual.map(|text| (text, self.glyphs.len()));
        self.marks.push(Mark { visible, actual });
    }

    /// Ends a marked stretch. Text that stands in for its glyphs takes their place when they are on one line.
    fn end_mark(&mut self) {
        let Some(Mark { actual: Some((text, start)), .. }) = self.marks.pop() else {
            return;
        };
        let Some(replaced) = self.glyphs.get(start..) else {
            return;
        };
        let (Some(first), Some(last)) = (replaced.first(), replaced.last()) else {
            return;
        };
        let (x, y) = (last.x - first.x, last.y - first.y);
        let across = (y * first.dx - x * first.dy).abs();
        if across > 0.5 * first.size {
            return;
        }
        let reach = x * first.dx + y * first.dy + last.advance;
        // Several words keep their places; their glyphs say the same.
        if text.trim().contains(char::is_whitespace) {
            return;
        }
        let text: String = text.chars().filter(|c| !c.is_control() && *c != '\u{ad}').collect();
        let glyph = Glyph { text: GlyphText::Text(text.as_str().into()), advance: reach.max(0.0), ..first.clone() };
        self.glyphs.truncate(start);
        if !text.is_empty() {
            self.glyphs.push(glyph);
        }
    }
}

fn too_much_content() -> Error {
    let bound = limits::MAX_STREAM_BYTES / limits::MIB;
    Error::unreadable(Unreadable::TooLarge, format!("A page of the PDF holds more than {bound} MiB"))
}

fn actual_text(dict: &Dict<'_>) -> Option<String> {
    dict.get::<PdfString<'_>>("ActualText").map(|text| strings::text(text.as_bytes()))
}

/// By multiplication and root, which are the same on every platform; `hypot` is not.
fn length(vector: Vec2) -> f64 {
    (vector.x * vector.x + vector.y * vector.y).sqrt()
}

fn matrix(coefficients: [f64; 6]) -> Affine {
    Affine::new(coefficients)
}
