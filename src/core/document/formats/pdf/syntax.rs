//! The syntax of objects: finds where an object ends, as hayro's parser does, and notes what it refers to.
//!
//! hayro repairs a file when it comes upon an object that it cannot parse, and its repair cannot be bounded. So files are
//! given to hayro with only such objects as this module has gone through: what it accepts, hayro accepts.

use hayro_syntax::object::{Name, ObjectIdentifier};
use memchr::memchr2;

/// The maximum depth of nested arrays and dictionaries; hayro has the same.
const MAX_NESTING: usize = 512;

/// The maximum length of an object, without the data of a stream, in bytes. hayro goes through an object of this length in
/// 9 ms, and through several without a pause. The largest in files of people, tables of resources that thousands of pages
/// share and widths of fonts with all glyphs of Unicode, have some hundreds of kilobytes.
pub(super) const MAX_OBJECT_BYTES: usize = 2 * 1024 * 1024;

/// The length of the longest keyword.
const MAX_KEYWORD_BYTES: usize = 5;

/// Whether an entry is one that reading never follows: what it refers to is not needed, and often most of a file. Names
/// that producers give to fonts or forms are not among them.
const fn is_ignored(name: &[u8]) -> bool {
    matches!(
        name,
        b"AcroForm"
            | b"Alternates"
            | b"ColorSpace"
            | b"DestOutputProfile"
            | b"Dests"
            | b"JavaScript"
            | b"Metadata"
            | b"OpenAction"
            | b"Outlines"
            | b"OutputIntents"
            | b"PageLabels"
            | b"Pattern"
            | b"PieceInfo"
            | b"Popup"
            | b"SMask"
            | b"Shading"
            | b"StructTreeRoot"
            | b"Threads"
            | b"Thumb"
            | b"XFA"
    )
}

/// Whether a byte is white space (ISO 32000-1, table 1).
pub(super) const fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// Where the string ends whose opening parenthesis precedes `text`: the index of the closing one; None if it is not closed.
pub(super) fn closing_parenthesis(text: &[u8]) -> Option<usize> {
    let mut depth = 1_usize;
    let mut is_escaped = false;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// Whether a byte is neither white space nor a delimiter.
pub(super) const fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// The entries of a dictionary that matter before it is parsed, as the offsets of their values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entries {
    pub length: Option<usize>,
    pub subtype: Option<usize>,
    pub has_root: bool,
    pub has_type: bool,
}

/// Reads tokens and skips objects. Where a method returns None, the offset is where it could not go on.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    data: &'a [u8],
    pub offset: usize,
    /// The objects that the skipped ones refer to, but in entries that are ignored.
    pub references: Vec<ObjectIdentifier>,
    /// Those of them that are font programs or maps of characters.
    pub font_streams: Vec<ObjectIdentifier>,
    /// The entries of the last dictionary that was skipped and is not inside another object.
    pub entries: Entries,
    /// Whether the last object could not be skipped because it is longer than [`MAX_OBJECT_BYTES`].
    pub is_too_long: bool,
    /// Whether the page tree is ignored too.
    pub ignores_pages: bool,
    /// The number of open entries that are ignored.
    ignored: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(data: &'a [u8], offset: usize) -> Self {
        Self {
            data,
            offset,
            references: Vec::new(),
            font_streams: Vec::new(),
            entries: Entries::default(),
            is_too_long: false,
            ignores_pages: false,
            ignored: 0,
        }
    }

    pub fn peek(&self) -> Option<u8> {
        self.data.get(self.offset).copied()
    }

    pub fn is_at_end(&self) -> bool {
        self.offset >= self.data.len()
    }

    /// The bytes from the offset on.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.offset..).unwrap_or_default()
    }

    pub fn skip_white(&mut self) {
        self.skip_while(is_white);
    }

    pub fn skip_white_and_comments(&mut self) {
        loop {
            self.skip_white();
            if self.peek() != Some(b'%') {
                return;
            }
            let rest = self.rest();
            self.offset += memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        }
    }

    pub fn skip_while(&mut self, accepts: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !accepts(*byte)).unwrap_or(rest.len());
        self.offset += length;
        length
    }

    /// Skips `tag` if it is next.
    pub fn tag(&mut self, tag: &[u8]) -> Option<()> {
        self.rest().starts_with(tag).then(|| self.offset += tag.len())
    }

    /// Skips the end of the line after the keyword `stream`.
    pub fn stream_start(&mut self) -> Option<()> {
        self.tag(b"stream")?;
        self.tag(b"\n").or_else(|| self.tag(b"\r\n")).or_else(|| self.tag(b"\r"))
    }

    /// A whole number.
    pub fn integer(&mut self) -> Option<i64> {
        let start = self.offset;
        if matches!(self.peek(), Some(b'+' | b'-')) {
            self.offset += 1;
        }
        if self.skip_while(|byte| byte.is_ascii_digit()) == 0 || self.peek().is_some_and(|b| b == b'.' || is_regular(b))
        {
            return None;
        }
        std::str::from_utf8(self.data.get(start..self.offset)?).ok()?.parse().ok()
    }

    /// The head of an object, such as `12 0 obj`.
    pub fn head(&mut self) -> Option<ObjectIdentifier> {
        let number = u32::try_from(self.integer()?).ok()?;
        self.skip_white_and_comments();
        let generation = i32::try_from(self.integer()?).ok()?;
        self.skip_white_and_comments();
        self.tag(b"obj")?;
        Some(ObjectIdentifier::new(number, generation))
    }

    /// A reference such as `12 0 R`. Without one, the offset stays.
    pub fn reference(&mut self) -> Option<ObjectIdentifier> {
        // Most numbers are none, and are not to be parsed for it.
        reference_length(self.rest())?;
        let start = self.offset;
        let mut read = || {
            let number = u32::try_from(self.integer()?).ok()?;
            self.skip_white();
            let generation = i32::try_from(self.integer()?).ok()?;
            self.skip_white();
            self.tag(b"R")?;
            Some(ObjectIdentifier::new(number, generation))
        };
        let reference = read();
        if reference.is_none() {
            self.offset = start;
        }
        reference
    }

    /// Skips an object that is not a reference. After a dictionary, [`Self::entries`] has its entries.
    pub fn object(&mut self) -> Option<()> {
        (self.entries, self.ignored) = (Entries::default(), 0);
        let data = self.data;
        self.data = data.get(..self.offset.saturating_add(MAX_OBJECT_BYTES)).unwrap_or(data);
        let object = self.object_at(0);
        let is_at_cut = self.data.len() < data.len() && self.offset + MAX_KEYWORD_BYTES > self.data.len();
        self.is_too_long = object.is_none() && is_at_cut;
        self.data = data;
        object
    }

    fn object_at(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'n' => self.keyword(b"null"),
            b't' => self.keyword(b"true"),
            b'f' => self.keyword(b"false"),
            b'/' => {
                self.name();
                Some(())
            }
            b'<' if self.rest().starts_with(b"<<") => self.dictionary(depth),
            // The last byte of the data is no string.
            b'<' if self.offset + 1 < self.data.len() => self.hex_string(),
            b'<' => None,
            b'(' => self.string(),
            b'.' | b'+' | b'-' | b'0'..=b'9' => self.number(),
            b'[' => self.array(depth),
            // An operator, which some files have in arrays.
            _ => (self.skip_while(is_regular) > 0).then_some(()),
        }
    }

    fn object_or_reference(&mut self, depth: usize) -> Option<()> {
        let may_be_reference = matches!(self.peek(), Some(b'+' | b'-' | b'0'..=b'9'));
        let Some(length) = may_be_reference.then(|| reference_length(self.rest())).flatten() else {
            return self.object_at(depth);
        };
        match self.reference() {
            Some(reference) if self.ignored == 0 => self.references.push(reference),
            Some(_) => {}
            // Its numbers are too large for any object.
            None => self.offset += length,
        }
        Some(())
    }

    fn keyword(&mut self, keyword: &[u8]) -> Option<()> {
        self.tag(keyword)?;
        self.peek().is_none_or(|byte| !is_regular(byte)).then_some(())
    }

    /// A name without its solidus and with its escapes.
    fn name(&mut self) -> &'a [u8] {
        self.offset += 1;
        let rest = self.rest();
        let length = self.skip_while(is_regular);
        rest.get(..length).unwrap_or_default()
    }

    fn number(&mut self) -> Option<()> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'-';
        let has_sign = matches!(self.peek(), Some(b'+' | b'-'));
        self.offset += usize::from(has_sign);
        match self.peek()? {
            b'.' => {
                self.offset += 1;
                self.skip_while(is_digit);
            }
            byte if is_digit(byte) => {
                self.skip_while(is_digit);
                if self.tag(b".").is_some() {
                    self.skip_while(is_digit);
                }
            }
            byte if has_sign && (is_white(byte) || matches!(byte, b'(' | b'<')) => {}
            _ => return None,
        }
        self.peek().is_none_or(|byte| !is_regular(byte)).then_some(())
    }

    fn hex_string(&mut self) -> Option<()> {
        self.offset += 1;
        self.skip_while(|byte| byte.is_ascii_hexdigit() || is_white(byte));
        self.tag(b">")
    }

    fn string(&mut self) -> Option<()> {
        self.offset += 1;
        let end = closing_parenthesis(self.rest());
        self.offset += end.map_or(self.rest().len(), |end| end + 1);
        end.map(drop)
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        if depth >= MAX_NESTING {
            return None;
        }
        self.offset += 1;
        loop {
            self.skip_white_and_comments();
            if self.tag(b"]").is_some() {
                return Some(());
            }
            self.object_or_reference(depth + 1)?;
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<()> {
        if depth >= MAX_NESTING {
            return None;
        }
        self.offset += 2;
        loop {
            self.skip_white_and_comments();
            if self.tag(b">>").is_some() {
                return Some(());
            }
            if self.peek() != Some(b'/') {
                // Something between the entries.
                self.object_at(depth + 1)?;
                continue;
            }
            let name = self.name();
            self.skip_white_and_comments();
            if depth == 0 {
                self.note(name);
            }
            let is_ignored = is_ignored(name) || self.ignores_pages && name == b"Pages";
            self.ignored += usize::from(is_ignored);
            let references = self.references.len();
            self.object_or_reference(depth + 1)?;
            if matches!(name, b"FontFile" | b"FontFile2" | b"FontFile3" | b"ToUnicode") {
                self.font_streams.extend(self.references.get(references..).unwrap_or_default());
            }
            self.ignored -= usize::from(is_ignored);
        }
    }

    /// Notes an entry whose value is next. The last of several with one name counts.
    fn note(&mut self, name: &[u8]) {
        let unescaped = name.contains(&b'#').then(|| Name::new(name)).flatten();
        match unescaped.as_deref().unwrap_or(name) {
            b"Length" => self.entries.length = Some(self.offset),
            b"Subtype" => self.entries.subtype = Some(self.offset),
            b"Root" => self.entries.has_root = true,
            b"Type" => self.entries.has_type = true,
            _ => {}
        }
    }
}

/// The length of the two whole numbers and the `R` that are next; None if others are.
fn reference_length(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes.iter();
    let mut next = rest.next();
    for _ in 0..2 {
        if matches!(next, Some(b'+' | b'-')) {
            next = rest.next();
        }
        if !next.is_some_and(u8::is_ascii_digit) {
            return None;
        }
        while next.is_some_and(u8::is_ascii_digit) {
            next = rest.next();
        }
        while next.is_some_and(|byte| is_white(*byte)) {
            next = rest.next();
        }
    }
    (next == Some(&b'R')).then(|| bytes.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use hayro_syntax::object::Object;
    use hayro_syntax::reader::{Reader, ReaderExt};
    use proptest::prelude::*;

    use super::*;

    fn end(data: &[u8]) -> Option<usize> {
        let mut lexer = Lexer::new(data, 0);
        lexer.object().map(|()| lexer.offset)
    }

    fn end_by_hayro(data: &[u8]) -> Option<usize> {
        Reader::new(data).skip::<Object<'_>>(false).map(<[u8]>::len)
    }

    #[test]
    fn notes_references_and_entries() {
        let data = b"<</Thumb 1 0 R/B[2 0 R<</Parent 3  0\nR/SMask[4 0 R]/Le#6Egth 9>>]/Length 5 0 R %c\n/Subtype/Image/Length 6>>";
        let mut lexer = Lexer::new(data, 0);
        lexer.object().unwrap();
        let numbers: Vec<_> = lexer.references.iter().map(|id| id.obj_number).collect();
        assert_eq!(numbers, [2, 3, 5]);
        assert_eq!(lexer.offset, data.len());
        assert_eq!(data[lexer.entries.length.unwrap()], b'6');
        assert!(data[lexer.entries.subtype.unwrap()..].starts_with(b"/Image"));
    }

    #[test]
    fn long_objects_are_not_damaged_ones() {
        for (text, is_too_long) in [
            (format!("({})", "x".repeat(MAX_OBJECT_BYTES - 2)), false),
            (format!("({})", "x".repeat(MAX_OBJECT_BYTES - 1)), true),
            (format!("<{}>", "0".repeat(MAX_OBJECT_BYTES)), true),
            (format!("[{}]", "true ".repeat(MAX_OBJECT_BYTES / 5 + 1)), true),
            (format!("[{}]", "true ".repeat(MAX_OBJECT_BYTES / 5)), false),
            (format!("<<{}>>", "/A 1 ".repeat(MAX_OBJECT_BYTES / 5 + 1)), true),
        ] {
            let text = [text.as_bytes(), b" 1 2 3"].concat();
            let mut lexer = Lexer::new(&text, 0);
            assert_eq!((lexer.object().is_none(), lexer.is_too_long), (is_too_long, is_too_long));
        }
        let damaged = ["[)".to_owned(), " ".repeat(MAX_OBJECT_BYTES)].concat();
        let mut lexer = Lexer::new(damaged.as_bytes(), 0);
        assert!(lexer.object().is_none() && !lexer.is_too_long);
    }

    #[test]
    fn objects_end_where_hayro_says() {
        for data in ["[99999999999 0 R.R]", "[99999999999 0 R]", "<</A 99999999999 0 R>>", "[1 99999999999 R 2]"] {
            assert_eq!(end(data.as_bytes()), end_by_hayro(data.as_bytes()), "{data}");
        }
        for nesting in [510, 511, 512, 513] {
            for (open, close) in [("[", "]"), ("<</A", ">>"), ("<<[", "]>>")] {
                let data = [open.repeat(nesting), "1".to_owned(), close.repeat(nesting)].concat();
                assert_eq!(end(data.as_bytes()), end_by_hayro(data.as_bytes()), "{nesting} {open}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn any_object_ends_where_hayro_says(tokens in prop::collection::vec(prop::sample::select(vec![
            "<<", ">>", "[", "]", "(", ")", "<", ">", "/", "/A", "/Length", "1", "0", "R", "1 0 R", "+", "-", ".", "1.5", "--2",
            "1-", "true", "false", "null", "nul", "op", "#41", "\\", "\\)", "%c\n", "%c", " ", "\n", "\r", "\0", "ab", "4F", "{", "}",
            "99999999999 0 R", "obj", "\u{e9}",
        ]), 0..24)) {
            let data = tokens.concat();
            prop_assert_eq!(end(data.as_bytes()), end_by_hayro(data.as_bytes()), "{}", data);
        }
    }
}
