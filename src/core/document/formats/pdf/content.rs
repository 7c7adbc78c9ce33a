//! Content streams: interprets the operators that move and show text into positioned glyphs.

use std::rc::Rc;
use std::sync::Arc;

use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream, String as PdfString};
use hayro_syntax::page::Resources;

use super::buffer::{Buffer, Bytes};
use super::file::PdfFile;
use super::filters::{self, is_image};
use super::fonts::{Fonts, LoadedFont};
use super::inline_images;
use super::operators::Pieces;
use super::optional_content::OptionalContent;
use super::page::{self, Page};
use super::strings;
use crate::budget::{Budget, Held};
use crate::document;
use crate::document::layout::{Glyph, GlyphText};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// The steps of work of an operator, and of a glyph.
const OPERATOR_STEPS: usize = 1;
const GLYPH_STEPS: usize = 1;

/// The maximum length of `ActualText`, in bytes: it is used only if it is a single word.
const MAX_ACTUAL_TEXT_BYTES: usize = 1_024;

/// The steps of work of a form beside those of its content.
const FORM_STEPS: usize = 60;

/// The memory of a glyph while its page is read and laid out, when it becomes a word of its own.
const GLYPH_MEMORY: usize = 160;

/// The steps of work to draw an object or to set a font, beside what is parsed for it.
const LOOKUP_STEPS: usize = 10;

/// The size of the smallest glyphs that are kept, in points: smaller ones are for search engines, not for readers.
const MIN_GLYPH_SIZE: f64 = 0.5;

/// How far outside the page glyphs are kept, as a multiple of their size: clipped text is not read.
const MAX_DISTANCE_OUTSIDE_PAGE: f32 = 1.0;

/// The part of the graphics state that affects text.
#[derive(Clone)]
struct State<'a, 'b> {
    matrix: Affine,
    font: Option<Rc<LoadedFont<'a, 'b>>>,
    /// Whether the font replaces one that is missing or could not be loaded.
    is_fallback: bool,
    size: f64,
    char_space: f64,
    word_space: f64,
    /// 1 is the font's own width.
    horizontal_scaling: f64,
    leading: f64,
    rise: f64,
}

/// An open marked-content sequence.
struct MarkedContent {
    visible: bool,
    /// `ActualText` that replaces the glyphs from this index on.
    actual_text: Option<(String, usize)>,
}

/// A stack of at most [`limits::MAX_GRAPHICS_STATES`] items: deeper levels are counted and dropped.
struct Stack<T> {
    items: Vec<T>,
    dropped: usize,
}

impl<T> Stack<T> {
    const fn new() -> Self {
        Self { items: Vec::new(), dropped: 0 }
    }

    fn push(&mut self, item: T) {
        if self.items.len() < limits::MAX_GRAPHICS_STATES { self.items.push(item) } else { self.dropped += 1 }
    }

    fn pop(&mut self) -> Option<T> {
        if self.dropped > 0 {
            self.dropped -= 1;
            return None;
        }
        self.items.pop()
    }
}

/// Interprets the content of a page.
pub(super) struct Interpreter<'a, 'b, 'd> {
    pub file: &'a PdfFile<'b>,
    pub page: &'d Page<'a, 'b>,
    fonts: &'d Fonts<'a, 'b>,
    optional_content: &'d OptionalContent,
    budget: &'b Budget,
    width: f32,
    height: f32,
    state: State<'a, 'b>,
    text_matrix: Affine,
    line_matrix: Affine,
    open_marks: Stack<MarkedContent>,
    glyphs: Vec<Glyph>,
    /// The number of glyphs, kept or not.
    glyph_count: usize,
    /// The memory of the glyphs, and of what layout makes of them.
    held: Held<'b>,
    /// The forms that are being drawn, outermost first.
    forms: Vec<ObjectIdentifier>,
    /// Whether the page shows an image.
    pub has_image: bool,
    /// The links of the page, whose memory is that of their annotations.
    pub links: Vec<(document::Rect, Arc<str>)>,
}

impl<'a, 'b, 'd> Interpreter<'a, 'b, 'd> {
    pub fn new(
        file: &'a PdfFile<'b>,
        page: &'d Page<'a, 'b>,
        fonts: &'d Fonts<'a, 'b>,
        optional_content: &'d OptionalContent,
    ) -> Result<Self> {
        let (width, height) = page.size();
        let state = State {
            matrix: page.matrix(),
            font: None,
            is_fallback: false,
            size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            horizontal_scaling: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        Ok(Self {
            file,
            page,
            fonts,
            optional_content,
            budget: file.budget(),
            glyph_count: 0,
            width,
            height,
            state,
            text_matrix: Affine::IDENTITY,
            line_matrix: Affine::IDENTITY,
            open_marks: Stack::new(),
            glyphs: Vec::new(),
            held: file.budget().hold(0)?,
            forms: Vec::new(),
            has_image: false,
            links: Vec::new(),
        })
    }

    /// The glyphs, with the memory that is charged for them.
    pub fn into_glyphs(self) -> (Vec<Glyph>, Held<'b>) {
        (self.glyphs, self.held)
    }

    /// Charges memory until the glyphs are laid out.
    pub fn hold(&mut self, bytes: usize) -> Result<()> {
        Ok(self.held.grow(bytes)?)
    }

    /// Runs the content streams of the page.
    pub fn run_page(&mut self) -> Result<()> {
        let dict = &self.page.dict;
        let content = if let Some(stream) = dict.get::<Stream<'a>>("Contents") {
            self.decode(&stream)?
        } else if let Some(streams) = dict.get::<Array<'a>>("Contents") {
            let mut content = Buffer::new(self.budget, 0)?;
            for item in streams.raw_iter() {
                self.budget.work(LOOKUP_STEPS)?;
                let stream = match item {
                    MaybeRef::Ref(reference) => {
                        self.file.charge(reference.into())?;
                        self.file.pdf.xref().get::<Stream<'a>>(reference.into())
                    }
                    MaybeRef::NotRef(object) => object.into_stream(),
                };
                // An item that is not a stream ends the list.
                let Some(stream) = stream else { break };
                content.extend(self.decode(&stream)?.as_ref())?;
                content.push(b' ')?;
            }
            Bytes::Buffer(content)
        } else {
            Bytes::default()
        };
        let saved_state = self.state.clone();
        self.run(content, &self.page.resources)?;
        self.state = saved_state;
        Ok(())
    }

    fn decode(&mut self, stream: &Stream<'a>) -> Result<Bytes<'a, 'b>> {
        if is_image(stream.dict()) {
            return Ok(Bytes::default());
        }
        Ok(filters::decode(stream, self.budget)?.unwrap_or_default())
    }

    /// Runs content, which stays in memory while the forms that it draws are run.
    fn run(&mut self, content: Bytes<'_, 'b>, resources: &Resources<'a>) -> Result<()> {
        let content = match inline_images::remove(content.as_ref(), self.budget)? {
            Some(without_images) => Bytes::Buffer(without_images),
            None => content,
        };
        self.run_operators(content.as_ref(), resources)
    }

    fn run_operators(&mut self, content: &[u8], resources: &Resources<'a>) -> Result<()> {
        let mut saved_states = Stack::new();
        let open_marks = std::mem::replace(&mut self.open_marks, Stack::new());
        let visible = open_marks.items.last().is_none_or(|mark| mark.visible);
        self.open_marks.push(MarkedContent { visible, actual_text: None });
        for piece in Pieces::new(content) {
            self.budget.pass_over(piece.content.len())?;
            let mut operators = TypedIter::new(piece.content);
            let mut count = 0;
            while let Some(operator) = operators.next() {
                self.budget.work(OPERATOR_STEPS)?;
                self.operator(operator, resources, &mut saved_states)?;
                count += 1;
            }
            if count < piece.operators {
                break;
            }
        }
        while self.open_marks.items.len() > 1 {
            self.end_mark();
        }
        self.open_marks = open_marks;
        Ok(())
    }

    fn operator(
        &mut self,
        operator: Op<'_, '_>,
        resources: &Resources<'a>,
        saved_states: &mut Stack<State<'a, 'b>>,
    ) -> Result<()> {
        match operator {
            Op::SaveState(_) => saved_states.push(self.state.clone()),
            Op::RestoreState(_) => {
                if let Some(state) = saved_states.pop() {
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
            Op::HorizontalScaling(percent) => self.state.horizontal_scaling = percent.0.as_f64() / 100.0,
            Op::TextLeading(leading) => self.state.leading = leading.0.as_f64(),
            Op::TextRise(rise) => self.state.rise = rise.0.as_f64(),
            Op::TextFont(font) => {
                self.state.size = font.1.as_f64();
                self.look_up(&resources.fonts, font.0)?;
                self.set_font(resources.get_font(font.0))?;
            }
            Op::SetGraphicsState(state) => {
                self.look_up(&resources.ext_g_states, state.0)?;
                let font = resources.get_ext_g_state(state.0).and_then(|state| state.get::<Array<'a>>("Font"));
                if let Some(font) = font {
                    self.budget.pass_over(font.data().len())?;
                    for reference in font.raw_iter().take(2).filter_map(|item| item.as_obj_ref()) {
                        self.file.charge(reference.into())?;
                    }
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
                    self.budget.work(1)?;
                }
            }
            Op::BeginMarkedContent(_) => self.begin_mark(true, None),
            Op::BeginMarkedContentWithProperties(mark) => self.begin_mark_with(mark.0, mark.1, resources)?,
            Op::EndMarkedContent(_) if self.open_marks.items.len() > 1 || self.open_marks.dropped > 0 => {
                self.end_mark();
            }
            Op::XObject(name) => {
                self.look_up(&resources.x_objects, name.0)?;
                if let Some(object) = resources.get_x_object(name.0) {
                    self.object(&object, resources)?;
                }
            }
            Op::MarkedContentPoint(mark) if mark.0.as_str() == inline_images::MARK => {
                self.has_image |= self.is_visible();
            }
            _ => {}
        }
        Ok(())
    }

    /// Charges the work of looking up a resource.
    fn look_up(&self, resources: &Dict<'a>, name: &Name<'_>) -> Result<()> {
        self.budget.work(LOOKUP_STEPS)?;
        self.file.charge_entry(resources, name)
    }

    /// Draws an XObject: runs a form, records that there is an image.
    fn object(&mut self, object: &Stream<'a>, resources: &Resources<'a>) -> Result<()> {
        let dict = object.dict();
        if !self.is_visible() {
            return Ok(());
        }
        if let Some(group) = dict.get::<Dict<'a>>("OC")
            && !self.optional_content.is_visible(self.file, dict.get_ref("OC"), &group)?
        {
            return Ok(());
        }
        match dict.get::<Name<'a>>("Subtype").as_ref().map(Name::as_str) {
            Some("Image") => {
                self.has_image = true;
                Ok(())
            }
            Some("Form") => self.form(object, Affine::IDENTITY, resources),
            _ => Ok(()),
        }
    }

    /// Runs a form. `placement` is applied after the form's own matrix.
    pub fn form(&mut self, form: &Stream<'a>, placement: Affine, resources: &Resources<'a>) -> Result<()> {
        // A form that draws itself would recurse forever.
        if self.forms.len() >= limits::MAX_FORM_DEPTH || self.forms.contains(&form.obj_id()) {
            return Ok(());
        }
        self.budget.work(FORM_STEPS)?;
        let content = self.decode(form)?;
        let dict = form.dict();
        let mut held = self.budget.hold(0)?;
        let form_matrix = page::form_matrix(self.file, dict)?;
        let form_resources = match dict.get::<Dict<'a>>("Resources") {
            Some(resources) => Some(page::resources_of(self.file, resources, &mut held)?),
            None => None,
        };
        let saved_state = self.state.clone();
        let saved_matrices = (self.text_matrix, self.line_matrix);
        self.state.matrix *= placement * form_matrix.map_or(Affine::IDENTITY, matrix);
        self.forms.push(form.obj_id());
        let result = self.run(content, form_resources.as_ref().unwrap_or(resources));
        self.forms.pop();
        (self.text_matrix, self.line_matrix) = saved_matrices;
        self.state = saved_state;
        result
    }

    fn set_font(&mut self, dict: Option<Dict<'a>>) -> Result<()> {
        let font = match dict {
            Some(dict) => self.fonts.load(&dict)?,
            None => None,
        };
        self.state.is_fallback = font.is_none();
        self.state.font = match font {
            Some(font) => Some(font),
            None => self.fonts.fallback()?,
        };
        Ok(())
    }

    fn count_glyph(&mut self) -> Result<()> {
        self.budget.work(GLYPH_STEPS)?;
        self.glyph_count += 1;
        if self.glyph_count > limits::MAX_PAGE_GLYPHS {
            let message = format!("A page of the PDF has more than {} glyphs", limits::MAX_PAGE_GLYPHS);
            return Err(Error::unreadable(Unreadable::TooLarge, message));
        }
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
        let step = if horizontal { (step * self.state.horizontal_scaling, 0.0) } else { (0.0, step) };
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
        // The text of a missing font is a guess, and a good one only for ASCII.
        let is_shown = self.is_visible() && (!self.state.is_fallback || bytes.is_ascii());
        let mut rest = bytes;
        while !rest.is_empty() {
            self.count_glyph()?;
            let (number, length) = font.read(rest);
            rest = rest.get(length.max(1)..).unwrap_or_default();
            let code = font.code(number, self.budget)?;
            let state = &self.state;
            let space = state.char_space + if number == 32 && length == 1 { state.word_space } else { 0.0 };
            let step = if font.is_horizontal() {
                ((code.advance.0 * state.size + space) * state.horizontal_scaling, 0.0)
            } else {
                (0.0, code.advance.1 * state.size + space)
            };
            if is_shown && let Some(text) = code.text {
                let tracking = if font.is_horizontal() { state.char_space * state.horizontal_scaling } else { 0.0 };
                self.place(text, code.origin, code.advance, tracking, &font)?;
            }
            self.text_matrix *= Affine::translate(step);
        }
        Ok(())
    }

    /// Adds a glyph at the current text position.
    fn place(
        &mut self,
        text: GlyphText,
        origin: (f64, f64),
        advance: (f64, f64),
        tracking: f64,
        font: &LoadedFont<'_, '_>,
    ) -> Result<()> {
        let state = &self.state;
        let page = state.matrix * self.text_matrix;
        let glyph = page
            * Affine::new([state.size * state.horizontal_scaling, 0.0, 0.0, state.size, 0.0, state.rise])
            * Affine::translate(origin);
        let start = glyph * Point::ZERO;
        let advance_vector = glyph * Point::new(advance.0, advance.1) - start;
        let right = glyph * Point::new(1.0, 0.0) - start;
        let up = glyph * Point::new(0.0, 1.0) - start;
        let size = length(up) * font.em;
        let advance_length = length(advance_vector);
        // The direction is also defined for a glyph without width, such as an accent.
        let (direction, em) = if font.is_horizontal() { (right, length(right)) } else { (-up, length(up)) };
        if !(size >= MIN_GLYPH_SIZE && em > 0.0 && size.is_finite() && em.is_finite() && advance_length.is_finite()) {
            return Ok(());
        }
        let tracking = length(page * Point::new(tracking, 0.0) - page * Point::ZERO) * tracking.signum();
        let glyph = Glyph {
            text,
            x: start.x as f32,
            y: start.y as f32,
            dx: (direction.x / em) as f32,
            dy: (direction.y / em) as f32,
            advance: advance_length as f32,
            tracking: tracking as f32,
            size: size as f32,
            bold: font.bold,
        };
        let margin = MAX_DISTANCE_OUTSIDE_PAGE * glyph.size;
        if (-margin..=self.width + margin).contains(&glyph.x) && (-margin..=self.height + margin).contains(&glyph.y) {
            self.held.grow(GLYPH_MEMORY + glyph.text.memory())?;
            self.glyphs.push(glyph);
        }
        Ok(())
    }

    /// Adds plain text at a position in page space, for text that the file contains but does not draw.
    pub fn write(&mut self, text: &str, x: f64, y: f64, size: f64) -> Result<()> {
        let Some(font) = self.fonts.fallback()? else {
            return Ok(());
        };
        let saved_state = self.state.clone();
        self.state.size = size;
        self.state.horizontal_scaling = 1.0;
        self.state.rise = 0.0;
        self.set_line(Affine::translate((x, y)));
        for c in text.chars() {
            self.count_glyph()?;
            let advance = match u8::try_from(c) {
                Ok(code) => font.code(u32::from(code), self.budget)?.advance,
                Err(_) => (0.5, 0.0),
            };
            self.place(GlyphText::Char(c), (0.0, 0.0), advance, 0.0, &font)?;
            self.text_matrix *= Affine::translate((advance.0 * size, 0.0));
        }
        self.state = saved_state;
        Ok(())
    }

    fn is_visible(&self) -> bool {
        self.open_marks.items.last().is_none_or(|mark| mark.visible)
    }

    fn begin_mark_with(&mut self, tag: &Name<'_>, properties: &Object<'_>, resources: &Resources<'a>) -> Result<()> {
        match properties {
            Object::Name(name) => {
                self.look_up(&resources.properties, name)?;
                let dict = resources.properties.get::<Dict<'a>>(name.as_ref()).unwrap_or_default();
                let id = resources.properties.get_ref(name.as_ref());
                let _text = self.file.hold_text(&dict, "ActualText")?;
                let visible = tag.as_str() != "OC" || self.optional_content.is_visible(self.file, id, &dict)?;
                self.begin_mark(visible, actual_text(&dict));
            }
            Object::Dict(dict) => self.begin_mark(true, actual_text(dict)),
            _ => self.begin_mark(true, None),
        }
        Ok(())
    }

    fn begin_mark(&mut self, visible: bool, actual_text: Option<String>) {
        let visible = visible && self.is_visible();
        let actual_text = actual_text.map(|text| (text, self.glyphs.len()));
        self.open_marks.push(MarkedContent { visible, actual_text });
    }

    /// Ends a marked-content sequence. `ActualText` replaces its glyphs if it is a single word and they are on one line.
    fn end_mark(&mut self) {
        let Some(MarkedContent { actual_text: Some((text, start)), .. }) = self.open_marks.pop() else {
            return;
        };
        let Some(replaced) = self.glyphs.get(start..) else {
            return;
        };
        let (Some(first), Some(last)) = (replaced.first(), replaced.last()) else {
            return;
        };
        let (x, y) = (last.x - first.x, last.y - first.y);
        let across_line = (y * first.dx - x * first.dy).abs();
        if across_line > 0.5 * first.size {
            return;
        }
        let total_advance = x * first.dx + y * first.dy + last.advance;
        // Text of several words is not replaced, so that each word keeps its position; the glyphs have the same text.
        if text.trim().contains(char::is_whitespace) {
            return;
        }
        let text: String = text.chars().filter(|c| !c.is_control() && *c != '\u{ad}').collect();
        let glyph =
            Glyph { text: GlyphText::Text(text.as_str().into()), advance: total_advance.max(0.0), ..first.clone() };
        self.glyphs.truncate(start);
        if !text.is_empty() {
            self.glyphs.push(glyph);
        }
    }
}

fn actual_text(dict: &Dict<'_>) -> Option<String> {
    let text = dict.get::<PdfString<'_>>("ActualText").filter(|text| text.len() <= MAX_ACTUAL_TEXT_BYTES)?;
    Some(strings::decode(text.as_bytes()))
}

/// Uses multiplication and square root, which give the same result on every platform; `hypot` does not.
fn length(vector: Vec2) -> f64 {
    (vector.x * vector.x + vector.y * vector.y).sqrt()
}

fn matrix(coefficients: [f64; 6]) -> Affine {
    Affine::new(coefficients)
}
