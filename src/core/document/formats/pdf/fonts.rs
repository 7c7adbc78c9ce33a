//! Fonts: map codes to characters and widths.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily};
use hayro_font::{CMapResolverFn, Font, FontCache, FontData, FontGlyph, FontResolverFn, StandardFont};
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Rect, Stream, String as PdfString};

use super::buffer::Bytes;
use super::file::PdfFile;
use super::{character_map, filters, font_program};
use crate::budget::{Budget, Held};
use crate::document::layout::GlyphText;
use crate::error::Result;
use crate::limits;

/// The number of units per em in which fonts state widths.
const UNITS_PER_EM: f32 = 1000.0;

/// The plausible heights of Type 3 glyphs relative to the font size; a bounding box outside of it is ignored.
const TYPE3_EM: std::ops::RangeInclusive<f64> = 0.05..=20.0;

/// The steps of work to load a font, beside those for its data.
const FONT_STEPS: usize = 1_000;

/// The memory of a font beside its data.
const FONT_MEMORY: usize = 8 * 1024;

/// The steps of work to find the text and the width of a code.
const CODE_STEPS: usize = 10;

/// The memory of a code that was shown.
const CODE_MEMORY: usize = 160;

/// The memory of a width, by code or in a list, for each byte of the text of the list, and by code in a range.
const WIDTH_MEMORY_PER_BYTE: usize = 12;
const WIDTH_MEMORY: usize = 32;

/// The memory of an entry of a table of glyphs and its inverse.
const GLYPH_MAP_MEMORY: usize = 24;

/// The memory of a procedure that draws a glyph.
const GLYPH_PROCEDURE_MEMORY: usize = 1_024;

/// The maximum work of what hayro loads for a font at once, beside its program, in steps: the widths and the names of its
/// glyphs, and maps of characters. It takes 40 ms. A font with all glyphs of Unicode has widths of 300 KB and a map of 1 MB,
/// which are 1.5 million steps.
const MAX_FONT_STEPS: u64 = 2_000_000;

/// The maximum work of decoding a map, and a font program, in steps, because hayro does it again, at once. The largest maps
/// take half of it. A program with more would not fit the memory, unless it is packed to take long.
const MAX_MAP_DECODING_STEPS: u64 = 700_000;
const MAX_PROGRAM_DECODING_STEPS: u64 = 8_000_000;

/// The maximum size of a map of characters, in bytes, and the maximum number of predefined maps that it is based on.
const MAX_MAP_BYTES: usize = 2 * 1024 * 1024;
const MAX_MAP_BASES: usize = 16;

/// The maximum length of the text of a glyph, in bytes: the specification allows as many. Ligatures have a handful.
const MAX_GLYPH_TEXT_BYTES: usize = 512;

/// The steps of work and the memory of a predefined character map: the largest has 20,000 entries.
const PREDEFINED_MAP_STEPS: usize = 15_000;
const PREDEFINED_MAP_MEMORY: usize = 256 * 1024;

/// The fonts of a document, each loaded once.
pub(super) struct Fonts<'a, 'b> {
    file: &'a PdfFile<'b>,
    cache: FontCache<'a>,
    /// For lookup only, never iterated.
    loaded: RefCell<HashMap<Key, Option<Rc<LoadedFont<'a, 'b>>>>>,
    /// The font programs that were decoded, with the work for each font that uses them; None if they may not be used.
    /// For lookup only, never iterated.
    programs: RefCell<HashMap<ObjectIdentifier, Option<usize>>>,
    /// The memory of what hayro decodes and keeps.
    held: RefCell<Held<'b>>,
    font_resolver: FontResolverFn,
    cmap_resolver: CMapResolverFn,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Object(ObjectIdentifier),
    Inline(Vec<u8>),
    Fallback,
}

impl<'a, 'b> Fonts<'a, 'b> {
    pub fn new(file: &'a PdfFile<'b>) -> Result<Self> {
        let empty_font: FontData = Arc::new(empty_font());
        Ok(Self {
            file,
            cache: FontCache::new(),
            loaded: RefCell::default(),
            programs: RefCell::default(),
            held: RefCell::new(file.budget().hold(0)?),
            // Glyphs are never drawn and the widths of the standard fonts are known, so any outlines will do for
            // fonts that are not embedded.
            font_resolver: Arc::new(move |_| Some((Arc::clone(&empty_font), 0))),
            cmap_resolver: Arc::new(hayro_cmap::load_embedded),
        })
    }

    /// The font of a font dictionary; None if the dictionary is unusable.
    pub fn load(&self, dict: &Dict<'a>) -> Result<Option<Rc<LoadedFont<'a, 'b>>>> {
        let key = dict.obj_id().map_or_else(|| Key::Inline(dict.data().to_vec()), Key::Object);
        if let Some(cached) = self.loaded.borrow().get(&key) {
            return Ok(cached.clone());
        }
        self.hold(FONT_MEMORY + dict.data().len())?;
        self.file.budget().work(FONT_STEPS)?;
        let font = match self.is_usable(dict)? {
            true => self.cache.font(dict, &self.font_resolver, &self.cmap_resolver),
            false => None,
        };
        let font = match font {
            Some(font) => Some(Rc::new(LoadedFont::new(font, dict, &self.cmap_resolver, self.file.budget())?)),
            None => None,
        };
        self.loaded.borrow_mut().insert(key, font.clone());
        Ok(font)
    }

    fn hold(&self, bytes: usize) -> Result<()> {
        Ok(self.held.borrow_mut().grow(bytes)?)
    }

    /// Whether a font can be loaded within bounds. Charges what hayro parses, decodes and keeps for it: a font program
    /// once, the other streams and the widths for each font.
    fn is_usable(&self, dict: &Dict<'a>) -> Result<bool> {
        let budget = self.file.budget();
        let work_before = budget.work_done();
        self.file.charge_dict(dict)?;
        let descendants = dict.get::<Array<'_>>("DescendantFonts");
        let descendant = descendants.and_then(|fonts| fonts.iter::<Dict<'a>>().next()).unwrap_or_default();
        let mut is_usable = self.widths_are_bounded(dict, &descendant)?;
        for key in ["FontMatrix", "FontBBox"] {
            is_usable &= self.file.charge_numbers(dict, key)?;
        }
        if let Some(glyphs) = dict.get::<Dict<'a>>("CharProcs") {
            self.file.charge_dict(&glyphs)?;
            self.hold(GLYPH_PROCEDURE_MEMORY.saturating_mul(glyphs.len()))?;
        }
        for font in [dict, &descendant] {
            self.file.charge_dict(font)?;
            for map in ["ToUnicode", "Encoding"].map(|key| font.get::<Object<'a>>(key)) {
                is_usable &= self.map_is_usable(map)?;
            }
            if let Some(glyphs) = font.get::<Stream<'a>>("CIDToGIDMap") {
                let data = self.decode(&glyphs, MAX_MAP_DECODING_STEPS)?;
                is_usable &= data.is_some();
                let glyphs = (data.unwrap_or_default().as_ref().len() / 2).min(1 << 16);
                self.hold(GLYPH_MAP_MEMORY * glyphs)?;
                budget.work(glyphs)?;
            }
            let info = font.get::<Dict<'a>>("CIDSystemInfo").unwrap_or_default();
            if info.get::<PdfString<'_>>("Registry").is_some_and(|registry| registry.as_bytes() == b"Adobe") {
                // Once by hayro and once by us.
                self.predefined_maps(2)?;
            }
        }
        is_usable &= budget.work_done() - work_before <= MAX_FONT_STEPS;
        for font in [dict, &descendant] {
            let descriptor = font.get::<Dict<'a>>("FontDescriptor").unwrap_or_default();
            self.file.charge_dict(&descriptor)?;
            let programs = ["FontFile", "FontFile2", "FontFile3"].map(|key| descriptor.get::<Stream<'a>>(key));
            for program in programs.into_iter().flatten() {
                is_usable &= self.program_is_usable(&program)?;
            }
        }
        Ok(is_usable)
    }

    /// The data of a stream that hayro decodes too, empty if it is damaged; None if decoding it takes more than this work.
    fn decode(&self, stream: &Stream<'a>, max_steps: u64) -> Result<Option<Bytes<'a, 'b>>> {
        let budget = self.file.budget();
        let work_before = budget.work_done();
        let data = filters::decode(stream, budget)?.unwrap_or_default();
        Ok(Some(data).filter(|_| budget.work_done() - work_before <= max_steps))
    }

    /// Charges predefined character maps.
    fn predefined_maps(&self, count: usize) -> Result<()> {
        self.hold(count.saturating_mul(PREDEFINED_MAP_MEMORY))?;
        Ok(self.file.budget().work(count.saturating_mul(PREDEFINED_MAP_STEPS))?)
    }

    fn program_is_usable(&self, stream: &Stream<'a>) -> Result<bool> {
        let budget = self.file.budget();
        let id = stream.obj_id();
        if let Some(known) = self.programs.borrow().get(&id) {
            budget.work(known.unwrap_or_default())?;
            return Ok(known.is_some());
        }
        let data = self.decode(stream, MAX_PROGRAM_DECODING_STEPS)?;
        let is_too_long = data.is_none();
        let data = data.unwrap_or_default();
        let data = data.as_ref();
        let program = font_program::inspect(data, budget)?.filter(|_| !is_too_long);
        let steps = program.as_ref().map(|program| program.steps);
        if let Some(program) = program {
            // hayro decodes it into a list that grows by doubling.
            self.hold(data.len().saturating_mul(2).saturating_add(program.memory))?;
            budget.pass_over(data.len())?;
        }
        self.programs.borrow_mut().insert(id, steps);
        budget.work(steps.unwrap_or_default())?;
        Ok(steps.is_some())
    }

    fn map_is_usable(&self, map: Option<Object<'a>>) -> Result<bool> {
        let budget = self.file.budget();
        match map {
            Some(Object::Name(name)) => {
                let is_known = hayro_cmap::load_embedded(CMapName::from_bytes(&name)).is_some();
                self.predefined_maps(2 * usize::from(is_known))?;
            }
            Some(Object::Dict(encoding)) => {
                self.file.charge_dict(&encoding)?;
                if let Some(differences) = encoding.get::<Array<'a>>("Differences") {
                    self.list(&differences)?;
                }
            }
            Some(Object::Stream(stream)) => {
                let Some(data) = self.decode(&stream, MAX_MAP_DECODING_STEPS)? else { return Ok(false) };
                let data = data.as_ref();
                if data.len() > MAX_MAP_BYTES {
                    return Ok(false);
                }
                budget.work(data.len())?;
                let map = character_map::inspect(data).filter(|map| map.uses <= MAX_MAP_BASES);
                let Some(map) = map else { return Ok(false) };
                self.predefined_maps(2 * map.uses)?;
                self.hold(map.memory)?;
            }
            _ => {}
        }
        Ok(true)
    }

    /// Charges a list of widths or names, some of which may be other objects.
    fn list(&self, list: &Array<'a>) -> Result<()> {
        let budget = self.file.budget();
        budget.work(list.data().len() / 2)?;
        self.hold(WIDTH_MEMORY_PER_BYTE.saturating_mul(list.data().len()))?;
        for item in list.raw_iter() {
            match item {
                MaybeRef::Ref(reference) => {
                    self.file.charge(reference.into())?;
                    self.hold(WIDTH_MEMORY_PER_BYTE.saturating_mul(self.file.size(reference.into())))?;
                }
                MaybeRef::NotRef(Object::Array(part)) => {
                    for reference in part.raw_iter().filter_map(|item| item.as_obj_ref()) {
                        self.file.charge(reference.into())?;
                    }
                }
                MaybeRef::NotRef(_) => {}
            }
        }
        Ok(())
    }

    /// Charges the widths of a font; false if they are for more codes than there are: hayro makes a table for all codes
    /// that are claimed.
    fn widths_are_bounded(&self, dict: &Dict<'a>, descendant: &Dict<'a>) -> Result<bool> {
        let number =
            |key| dict.get::<Object<'_>>(key).and_then(Object::into_number).map_or(0.0, |value| value.as_f64());
        let first = number("FirstChar");
        if first > limits::MAX_FONT_WIDTHS as f64 {
            return Ok(false);
        }
        self.hold(WIDTH_MEMORY * first.max(0.0) as usize)?;
        if let Some(widths) = dict.get::<Array<'a>>("Widths") {
            self.list(&widths)?;
        }
        // The arrays contain `first [w ...]` and `first last w`; for vertical metrics `first last w x y`.
        for (key, values) in [("W", 1), ("W2", 3)] {
            let Some(array) = descendant.get::<Array<'a>>(key) else { continue };
            self.list(&array)?;
            let mut codes = 0.0;
            let mut items = array.iter::<Object<'_>>();
            while let Some(first) = items.next().and_then(Object::into_number) {
                match items.next() {
                    Some(Object::Array(_)) => {}
                    Some(Object::Number(last)) => {
                        codes += (last.as_f64() - first.as_f64() + 1.0).max(0.0);
                        for _ in 0..values {
                            items.next();
                        }
                    }
                    _ => break,
                }
            }
            if codes > 2.0 * limits::MAX_FONT_WIDTHS as f64 {
                return Ok(false);
            }
            self.hold(WIDTH_MEMORY * codes as usize)?;
            self.file.budget().work(codes as usize)?;
        }
        Ok(true)
    }

    /// The font for text without a font: Helvetica, as in other PDF readers.
    pub fn fallback(&self) -> Result<Option<Rc<LoadedFont<'a, 'b>>>> {
        if let Some(cached) = self.loaded.borrow().get(&Key::Fallback) {
            return Ok(cached.clone());
        }
        let font = match self.cache.standard_font(StandardFont::Helvetica, &self.font_resolver) {
            Some(font) => {
                let budget = self.file.budget();
                Some(Rc::new(LoadedFont::new(font, &Dict::default(), &self.cmap_resolver, budget)?))
            }
            None => None,
        };
        self.loaded.borrow_mut().insert(Key::Fallback, font.clone());
        Ok(font)
    }
}

/// A font with a cache of its decoded codes.
pub(super) struct LoadedFont<'a, 'b> {
    font: Font<'a>,
    pub bold: bool,
    /// The height of its letters at size 1.
    pub em: f64,
    fallback: UnicodeFallback,
    /// For lookup only, never iterated.
    codes: RefCell<HashMap<u32, Code>>,
    /// The memory of the codes.
    held: RefCell<Held<'b>>,
}

/// The text and position of a code.
#[derive(Clone)]
pub(super) struct Code {
    /// None if the text is unknown.
    pub text: Option<GlyphText>,
    /// The advance at size 1: along the line and down.
    pub advance: (f64, f64),
    /// The offset of the glyph from the current position, at size 1.
    pub origin: (f64, f64),
}

/// How codes map to characters if the font does not define it.
enum UnicodeFallback {
    /// The codes are printable ASCII.
    Ascii,
    /// The codes are UTF-16.
    Unicode,
    /// The codes belong to a character collection, directly or through an encoding.
    Collection { encoding: Option<Box<CMap>>, unicode: Box<CMap> },
    /// The mapping is unknown.
    None,
}

impl<'a, 'b> LoadedFont<'a, 'b> {
    fn new(font: Font<'a>, dict: &Dict<'a>, cmaps: &CMapResolverFn, budget: &'b Budget) -> Result<Self> {
        let name = dict.get::<Name<'_>>("BaseFont").map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        let bold = is_bold(dict, &name);
        let subtype = dict.get::<Name<'_>>("Subtype");
        let subtype = subtype.as_ref().map_or("", Name::as_str);
        let em = if subtype == "Type3" { type3_em(dict) } else { 1.0 };
        let fallback =
            if subtype == "Type0" { UnicodeFallback::composite(dict, cmaps, budget)? } else { UnicodeFallback::Ascii };
        let held = RefCell::new(budget.hold(0)?);
        Ok(Self { font, bold, em, fallback, codes: RefCell::default(), held })
    }

    pub fn is_horizontal(&self) -> bool {
        self.font.is_horizontal()
    }

    /// The code at the start of `bytes` and its length in bytes.
    pub fn read(&self, bytes: &[u8]) -> (u32, usize) {
        if bytes.is_empty() { (0, 1) } else { self.font.read_code(bytes, 0) }
    }

    pub fn code(&self, code: u32, budget: &Budget) -> Result<Code> {
        if let Some(cached) = self.codes.borrow().get(&code) {
            return Ok(cached.clone());
        }
        budget.work(CODE_STEPS)?;
        let advance = self.font.code_advance(code);
        let origin = self.font.origin_displacement(code);
        let scale = f64::from(UNITS_PER_EM);
        let decoded = Code {
            text: self.text(code),
            advance: (advance.x / scale, advance.y / scale),
            origin: (origin.x / scale, origin.y / scale),
        };
        let memory = decoded.text.as_ref().map_or(0, GlyphText::memory);
        budget.work(memory)?;
        self.held.borrow_mut().grow(CODE_MEMORY + memory)?;
        self.codes.borrow_mut().insert(code, decoded.clone());
        Ok(decoded)
    }

    fn text(&self, code: u32) -> Option<GlyphText> {
        let mapped = match self.font.glyph(self.font.map_code(code), code) {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        let text = match mapped {
            Some(BfString::Char(c)) => clean(&[c]),
            Some(BfString::String(text)) => clean(&text.chars().collect::<Vec<_>>()),
            None => self.fallback.text(code).and_then(|c| clean(&[c])),
        };
        text.filter(|text| !matches!(text, GlyphText::Text(text) if text.is_empty()))
    }
}

impl UnicodeFallback {
    fn composite(dict: &Dict<'_>, cmaps: &CMapResolverFn, budget: &Budget) -> Result<Self> {
        if dict.contains_key("ToUnicode") {
            return Ok(Self::None);
        }
        let parse = |data: &[u8]| {
            let cmaps = Arc::clone(cmaps);
            CMap::parse(data, move |name| cmaps(name))
        };
        let encoding = match dict.get::<Object<'_>>("Encoding") {
            Some(Object::Name(name)) if name.as_str().starts_with("Identity") => None,
            Some(Object::Name(name)) => {
                let name = name.as_str().to_owned();
                if name.starts_with("Uni") && (name.contains("UCS2") || name.contains("UTF16")) {
                    return Ok(Self::Unicode);
                }
                cmaps(CMapName::from_bytes(name.as_bytes())).and_then(parse)
            }
            Some(Object::Stream(stream)) => filters::decode(&stream, budget)?.and_then(|data| parse(data.as_ref())),
            _ => None,
        };
        let descendants = dict.get::<Array<'_>>("DescendantFonts");
        let descendant = descendants.and_then(|fonts| fonts.iter::<Dict<'_>>().next()).unwrap_or_default();
        let info = descendant.get::<Dict<'_>>("CIDSystemInfo").unwrap_or_default();
        let part = |key| info.get::<PdfString<'_>>(key).map(|part| part.as_bytes().to_vec()).unwrap_or_default();
        let unicode = CidFamily::from_registry_ordering(&part("Registry"), &part("Ordering"))
            .ucs2_cmap()
            .and_then(|name| cmaps(name))
            .and_then(parse);
        Ok(unicode.map_or(Self::None, |unicode| Self::Collection {
            encoding: encoding.map(Box::new),
            unicode: Box::new(unicode),
        }))
    }

    fn text(&self, code: u32) -> Option<char> {
        match self {
            Self::Ascii => char::from_u32(code).filter(char::is_ascii_graphic),
            Self::Unicode => char::from_u32(code),
            Self::Collection { encoding, unicode } => {
                let id = match encoding {
                    Some(encoding) => (1..=4).find_map(|length| encoding.lookup_cid_code(code, length))?,
                    None => code,
                };
                match unicode.lookup_bf_string(id)? {
                    BfString::Char(c) => Some(c),
                    BfString::String(text) => text.chars().next(),
                }
            }
            Self::None => None,
        }
    }
}

/// Normalizes characters: splits ligatures, maps bullets of symbol fonts to bullets, drops non-characters. None for text
/// that is too long to be that of a glyph.
fn clean(chars: &[char]) -> Option<GlyphText> {
    if chars.len() > MAX_GLYPH_TEXT_BYTES {
        return None;
    }
    let mut text = String::new();
    for &c in chars {
        match c {
            '\u{fb00}' => text.push_str("ff"),
            '\u{fb01}' => text.push_str("fi"),
            '\u{fb02}' => text.push_str("fl"),
            '\u{fb03}' => text.push_str("ffi"),
            '\u{fb04}' => text.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => text.push_str("st"),
            // A soft hyphen is only drawn where it is a visible hyphen.
            '\u{ad}' => text.push('-'),
            '\u{f0b7}' | '\u{f0a7}' | '\u{f0d8}' => text.push('•'),
            '\t' | '\n' | '\r' | '\u{a0}' => text.push(' '),
            '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | char::REPLACEMENT_CHARACTER => {}
            _ if c.is_control() => {}
            _ => text.push(c),
        }
    }
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => None,
        (Some(c), None) => Some(GlyphText::Char(c)),
        _ => Some(GlyphText::Text(text.into())),
    }
}

/// Whether a font is bold according to its name or its descriptor. The free PostScript fonts name bold "Medi", the TeX
/// fonts "bx".
fn is_bold(dict: &Dict<'_>, name: &str) -> bool {
    const FORCE_BOLD: i64 = 1 << 18;
    let number = |dict: &Dict<'_>, key| {
        dict.get::<Object<'_>>(key).and_then(Object::into_number).map_or(0, |number| number.as_i64())
    };
    let descriptor = dict.get::<Dict<'_>>("FontDescriptor").unwrap_or_default();
    ["bold", "black", "heavy", "demi", "cmbx", "sfbx"].iter().any(|weight| name.contains(weight))
        || name.ends_with("-medi")
        || number(&descriptor, "FontWeight") >= 600
        || number(&descriptor, "Flags") & FORCE_BOLD != 0
}

/// The height of the glyphs of a Type 3 font, from the font bounding box.
fn type3_em(dict: &Dict<'_>) -> f64 {
    let matrix = dict.get::<[f64; 6]>("FontMatrix").unwrap_or([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
    let [_, _, _, scale, _, _] = matrix;
    let height = dict.get::<Rect>("FontBBox").map_or(0.0, |bounds| (bounds.y1 - bounds.y0).abs());
    let em = height * scale.abs();
    if TYPE3_EM.contains(&em) { em } else { 1.0 }
}

/// The smallest valid font: one empty glyph.
fn empty_font() -> Vec<u8> {
    let head = {
        let mut table = vec![0; 54];
        // Version 1.0, magic number, units per em.
        for (position, value) in [(0, 1), (12, 0x5f0f), (14, 0x3cf5), (18, 1000_u16)] {
            if let Some(field) = table.get_mut(position..position + 2) {
                field.copy_from_slice(&value.to_be_bytes());
            }
        }
        table
    };
    // Version 0.5, one glyph.
    let maxp = vec![0, 0, 0x50, 0, 0, 1];
    let tables = [(*b"head", head), (*b"maxp", maxp)];
    let mut font = vec![0, 1, 0, 0, 0, 2, 0, 32, 0, 1, 0, 0];
    let mut offset = 12 + 16 * tables.len() as u32;
    for (tag, table) in &tables {
        font.extend(tag);
        font.extend([0; 4]);
        font.extend(offset.to_be_bytes());
        font.extend((table.len() as u32).to_be_bytes());
        offset += table.len().next_multiple_of(4) as u32;
    }
    for (_, mut table) in tables {
        table.resize(table.len().next_multiple_of(4), 0);
        font.extend(table);
    }
    font
}
