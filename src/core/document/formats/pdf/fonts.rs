//! Fonts: map codes to characters and widths.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily};
use hayro_font::{CMapResolverFn, Font, FontCache, FontData, FontGlyph, FontResolverFn, StandardFont};
use hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, Rect, Stream, String as PdfString};

use super::filters;
use crate::document::layout::GlyphText;
use crate::error::Result;
use crate::limits;

/// The number of units per em in which fonts state widths.
const UNITS_PER_EM: f32 = 1000.0;

/// The plausible heights of Type 3 glyphs relative to the font size; a bounding box outside of it is ignored.
const TYPE3_EM: std::ops::RangeInclusive<f64> = 0.05..=20.0;

/// The fonts of a document, each loaded once.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    /// For lookup only, never iterated.
    loaded: RefCell<HashMap<Key, Option<Rc<LoadedFont<'a>>>>>,
    /// The font programs that were counted. For lookup only, never iterated.
    programs: RefCell<HashSet<ObjectIdentifier>>,
    /// The total size of the decoded font data.
    decoded_bytes: Cell<u64>,
    font_resolver: FontResolverFn,
    cmap_resolver: CMapResolverFn,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Object(ObjectIdentifier),
    Inline(Vec<u8>),
    Fallback,
}

impl<'a> Fonts<'a> {
    pub fn new() -> Self {
        let empty_font: FontData = Arc::new(empty_font());
        Self {
            cache: FontCache::new(),
            loaded: RefCell::default(),
            programs: RefCell::default(),
            decoded_bytes: Cell::default(),
            // Glyphs are never drawn and the widths of the standard fonts are known, so any outlines will do for
            // fonts that are not embedded.
            font_resolver: Arc::new(move |_| Some((Arc::clone(&empty_font), 0))),
            cmap_resolver: Arc::new(hayro_cmap::load_embedded),
        }
    }

    /// The font of a font dictionary; None if the dictionary is unusable. Fails if the fonts exceed the size limit.
    pub fn load(&self, dict: &Dict<'a>) -> Result<Option<Rc<LoadedFont<'a>>>> {
        let key = dict.obj_id().map_or_else(|| Key::Inline(dict.data().to_vec()), Key::Object);
        if let Some(cached) = self.loaded.borrow().get(&key) {
            return Ok(cached.clone());
        }
        self.count_size(dict)?;
        let font = widths_are_bounded(dict)
            .then(|| self.cache.font(dict, &self.font_resolver, &self.cmap_resolver))
            .flatten()
            .map(|font| Rc::new(LoadedFont::new(font, dict, &self.cmap_resolver)));
        self.loaded.borrow_mut().insert(key, font.clone());
        Ok(font)
    }

    /// Counts the data that hayro decodes and keeps for a font: a font program once, the other streams for each font.
    fn count_size(&self, dict: &Dict<'a>) -> Result<()> {
        let descendants = dict.get::<Array<'_>>("DescendantFonts");
        let descendant = descendants.and_then(|fonts| fonts.iter::<Dict<'_>>().next()).unwrap_or_default();
        for font in [dict, &descendant] {
            let descriptor = font.get::<Dict<'_>>("FontDescriptor").unwrap_or_default();
            let programs = ["FontFile", "FontFile2", "FontFile3"].map(|key| descriptor.get::<Stream<'_>>(key));
            let programs =
                programs.into_iter().flatten().filter(|file| self.programs.borrow_mut().insert(file.obj_id()));
            let maps = ["ToUnicode", "Encoding", "CIDToGIDMap"].map(|key| font.get::<Stream<'_>>(key));
            for stream in programs.chain(maps.into_iter().flatten()) {
                self.decoded_bytes.set(self.decoded_bytes.get() + filters::size(&stream)?);
            }
        }
        if self.decoded_bytes.get() > limits::MAX_FONT_BYTES {
            let limit = limits::MAX_FONT_BYTES / limits::MIB;
            return Err(filters::too_large(format!("The fonts of the PDF take more than {limit} MiB")));
        }
        Ok(())
    }

    /// The font for text without a font: Helvetica, as in other PDF readers.
    pub fn fallback(&self) -> Option<Rc<LoadedFont<'a>>> {
        if let Some(cached) = self.loaded.borrow().get(&Key::Fallback) {
            return cached.clone();
        }
        let font = self
            .cache
            .standard_font(StandardFont::Helvetica, &self.font_resolver)
            .map(|font| Rc::new(LoadedFont::new(font, &Dict::default(), &self.cmap_resolver)));
        self.loaded.borrow_mut().insert(Key::Fallback, font.clone());
        font
    }
}

/// A font with a cache of its decoded codes.
pub(super) struct LoadedFont<'a> {
    font: Font<'a>,
    pub bold: bool,
    /// The height of its letters at size 1.
    pub em: f64,
    fallback: UnicodeFallback,
    /// For lookup only, never iterated.
    codes: RefCell<HashMap<u32, Code>>,
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

impl<'a> LoadedFont<'a> {
    fn new(font: Font<'a>, dict: &Dict<'a>, cmaps: &CMapResolverFn) -> Self {
        let name = dict.get::<Name<'_>>("BaseFont").map(|name| name.as_str().to_ascii_lowercase()).unwrap_or_default();
        let bold = is_bold(dict, &name);
        let subtype = dict.get::<Name<'_>>("Subtype");
        let subtype = subtype.as_ref().map_or("", Name::as_str);
        let em = if subtype == "Type3" { type3_em(dict) } else { 1.0 };
        let fallback =
            if subtype == "Type0" { UnicodeFallback::composite(dict, cmaps) } else { UnicodeFallback::Ascii };
        Self { font, bold, em, fallback, codes: RefCell::default() }
    }

    pub fn is_horizontal(&self) -> bool {
        self.font.is_horizontal()
    }

    /// The code at the start of `bytes` and its length in bytes.
    pub fn read(&self, bytes: &[u8]) -> (u32, usize) {
        if bytes.is_empty() { (0, 1) } else { self.font.read_code(bytes, 0) }
    }

    pub fn code(&self, code: u32) -> Code {
        if let Some(cached) = self.codes.borrow().get(&code) {
            return cached.clone();
        }
        let advance = self.font.code_advance(code);
        let origin = self.font.origin_displacement(code);
        let scale = f64::from(UNITS_PER_EM);
        let decoded = Code {
            text: self.text(code),
            advance: (advance.x / scale, advance.y / scale),
            origin: (origin.x / scale, origin.y / scale),
        };
        self.codes.borrow_mut().insert(code, decoded.clone());
        decoded
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
    fn composite(dict: &Dict<'_>, cmaps: &CMapResolverFn) -> Self {
        if dict.contains_key("ToUnicode") {
            return Self::None;
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
                    return Self::Unicode;
                }
                cmaps(CMapName::from_bytes(name.as_bytes())).and_then(parse)
            }
            Some(Object::Stream(stream)) => stream.decoded_data().ok().and_then(|data| parse(&data)),
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
        unicode.map_or(Self::None, |unicode| Self::Collection {
            encoding: encoding.map(Box::new),
            unicode: Box::new(unicode),
        })
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

/// Normalizes characters: splits ligatures, maps bullets of symbol fonts to bullets, drops non-characters.
fn clean(chars: &[char]) -> Option<GlyphText> {
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

/// Whether the number of codes with a width is within the limit: hayro allocates a table for all claimed codes.
fn widths_are_bounded(dict: &Dict<'_>) -> bool {
    let first = dict.get::<Object<'_>>("FirstChar").and_then(Object::into_number).map_or(0.0, |number| number.as_f64());
    if first > limits::MAX_FONT_WIDTHS as f64 {
        return false;
    }
    let descendants = dict.get::<Array<'_>>("DescendantFonts");
    let Some(descendant) = descendants.and_then(|fonts| fonts.iter::<Dict<'_>>().next()) else {
        return true;
    };
    // The arrays contain `first [w ...]` and `first last w`; for vertical metrics `first last w x y`.
    [("W", 1), ("W2", 3)].iter().all(|(key, values)| {
        let Some(array) = descendant.get::<Array<'_>>(key) else {
            return true;
        };
        let mut codes = 0.0;
        let mut items = array.iter::<Object<'_>>();
        while let Some(first) = items.next().and_then(Object::into_number) {
            match items.next() {
                Some(Object::Array(_)) => {}
                Some(Object::Number(last)) => {
                    codes += (last.as_f64() - first.as_f64() + 1.0).max(0.0);
                    for _ in 0..*values {
                        items.next();
                    }
                }
                _ => break,
            }
        }
        codes <= 2.0 * limits::MAX_FONT_WIDTHS as f64
    })
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
