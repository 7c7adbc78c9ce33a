//! Estimates what a character map (`ToUnicode`, or the encoding of a font) costs before hayro parses it.

use memchr::{memchr, memmem};

use super::syntax::closing_parenthesis;

/// The memory of an entry, which has at least one string for its code: a range with a list of its own.
const ENTRY_MEMORY: usize = 64;

/// The maximum length of a string in a character map. The specification allows 512 bytes, which are 1,024 digits; hayro
/// copies the string for each code of a range.
const MAX_STRING_BYTES: usize = 4_096;

/// What a character map costs.
pub(super) struct CharacterMap {
    /// In bytes, with the room of growing lists.
    pub memory: usize,
    /// How often it is based on a predefined character map.
    pub uses: usize,
}

/// Inspects a character map; None if it has strings that are too long.
pub(super) fn inspect(data: &[u8]) -> Option<CharacterMap> {
    let mut strings = 0;
    let mut rest = data;
    while let Some(start) = memchr::memchr2(b'<', b'(', rest) {
        let is_hex = rest.get(start) == Some(&b'<');
        rest = rest.get(start + 1..).unwrap_or_default();
        strings += 1;
        let end = if is_hex { memchr(b'>', rest).unwrap_or(rest.len()) } else { literal_end(rest) };
        if end > MAX_STRING_BYTES {
            return None;
        }
        if !is_hex {
            rest = rest.get(end..).unwrap_or_default();
        }
    }
    Some(CharacterMap { memory: strings * ENTRY_MEMORY, uses: memmem::find_iter(data, b"usecmap").count() })
}

/// The end of a string in parentheses, after the first; the limit if it is longer.
fn literal_end(text: &[u8]) -> usize {
    let limited = text.get(..=MAX_STRING_BYTES).unwrap_or(text);
    closing_parenthesis(limited).unwrap_or(limited.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_strings_and_bases() {
        let map =
            inspect(b"/UniJIS-UTF16-H usecmap 2 beginbfrange <00> <7f> <0000> <80> <81> [<41> (a\\)b)] endbfrange")
                .unwrap();
        assert_eq!((map.memory, map.uses), (7 * ENTRY_MEMORY, 1));
        let long = "0".repeat(MAX_STRING_BYTES + 1);
        for (text, expected) in [
            (format!("<{long}>"), false),
            (format!("({long})"), false),
            (format!("({})", "\\)".repeat(MAX_STRING_BYTES)), false),
            (format!("<00> {} <41>", " ".repeat(2 * MAX_STRING_BYTES)), true),
        ] {
            assert_eq!(inspect(text.as_bytes()).is_some(), expected);
        }
    }
}
