//! Pictures within content are cut out before hayro runs the content. It would look for the end of each as far as the
//! content goes, and run what follows to see whether that is content: picture within picture, without a bound.

use std::borrow::Cow;

use hayro_syntax::object::Name;

use crate::document::bytes::{count, find};

/// The marked point that stands in for a picture.
pub(super) const MARK: &str = "InlineImage";

/// How many bytes after what may be the end of a picture are looked at to tell whether they are content.
const CONTENT_BYTES: usize = 256;

/// How many bytes are searched as fast as one is read.
const BYTES_SEARCHED: usize = 64;

/// The operators that content may go on with.
const OPERATORS: &[&[u8]] = &[
    b"b", b"B", b"b*", b"B*", b"BDC", b"BI", b"BMC", b"BT", b"BX", b"c", b"cm", b"CS", b"cs", b"d", b"d0", b"d1",
    b"Do", b"DP", b"EMC", b"ET", b"EX", b"f", b"F", b"f*", b"G", b"g", b"gs", b"h", b"i", b"j", b"J", b"K", b"k", b"l",
    b"M", b"m", b"MP", b"n", b"q", b"Q", b"re", b"RG", b"rg", b"ri", b"s", b"S", b"SC", b"sc", b"SCN", b"scn", b"sh",
    b"T*", b"Tc", b"Td", b"TD", b"Tf", b"Tj", b"TJ", b"TL", b"Tm", b"Tr", b"Ts", b"Tw", b"Tz", b"v", b"w", b"W", b"W*",
    b"y",
];

/// The content without pictures, with a mark in the place of each, or None if it has none; and how many bytes were read
/// for it besides.
pub(super) fn cut(content: &[u8]) -> (Option<Vec<u8>>, usize) {
    // Operators may be escaped like names.
    if find(content, b"BI").is_none() && !content.contains(&b'#') {
        return (None, 0);
    }
    let mut ends = Ends { content, likely: Known::Up(0), any: Known::Up(0), read: 0 };
    let mut lexer = Lexer { content, at: 0 };
    let mut kept = Vec::new();
    let mut kept_up_to = 0;
    let mut is_open = false;
    while let Some((start, operator)) = lexer.operator() {
        if &*operator == b"BI" {
            kept.extend(content.get(kept_up_to..start).unwrap_or_default());
            kept.push(b' ');
            kept_up_to = lexer.at;
            is_open = true;
        } else if is_open && operator.starts_with(b"ID") {
            is_open = false;
            let data = start + b"ID".len();
            let end = ends.after(data);
            if end.is_some() {
                kept.extend(format!("/{MARK} MP ").bytes());
            }
            // What has no end is no picture; hayro runs what follows.
            kept_up_to = end.unwrap_or(data);
            lexer.at = kept_up_to;
        }
    }
    // hayro sees nothing where this sees nothing. If it did, it would search from each of these to the end.
    let rest = content.get(lexer.at..).unwrap_or_default();
    let searches = count(rest, b"BI") + count(rest, b"#4");
    let read = ends.read + searches.saturating_mul(rest.len() / BYTES_SEARCHED);
    if kept_up_to == 0 {
        return (None, read);
    }
    kept.extend(content.get(kept_up_to..).unwrap_or_default());
    (Some(kept), read)
}

/// Where the next end of a picture is.
#[derive(Clone, Copy)]
enum Known {
    At(usize),
    /// There is none up to here.
    Up(usize),
    /// There is none any more.
    None,
}

/// The places where pictures may end. Each is looked at once, however many pictures there are.
struct Ends<'a> {
    content: &'a [u8],
    /// Where content follows.
    likely: Known,
    any: Known,
    read: usize,
}

impl Ends<'_> {
    /// Where the picture ends whose data begins at `start`; None if it does not end.
    fn after(&mut self, start: usize) -> Option<usize> {
        self.likely = self.next(self.likely, start, true);
        if !matches!(self.likely, Known::At(_)) {
            self.any = self.next(self.any, start, false);
        }
        match (self.likely, self.any) {
            (Known::At(end), _) | (_, Known::At(end)) => Some(end),
            _ => None,
        }
    }

    fn next(&mut self, known: Known, start: usize, likely: bool) -> Known {
        let mut at = match known {
            Known::At(end) if end > start + 2 => return known,
            Known::None => return known,
            Known::At(at) | Known::Up(at) => at.max(start),
        };
        while let Some(found) = self.content.get(at..).and_then(|rest| find(rest, b"EI")) {
            at += found + b"EI".len();
            let rest = self.content.get(at..).unwrap_or_default();
            if rest.first().is_some_and(|byte| !is_white(*byte)) {
                continue;
            }
            if !likely || self.is_content(rest) {
                return Known::At(at);
            }
        }
        Known::None
    }

    fn is_content(&mut self, rest: &[u8]) -> bool {
        let window = rest.get(..CONTENT_BYTES).unwrap_or(rest);
        self.read += window.len();
        let mut lexer = Lexer { content: window, at: 0 };
        match lexer.operator() {
            Some((_, operator)) => OPERATORS.contains(&&*operator),
            // Nothing but white space.
            None => lexer.at == rest.len(),
        }
    }
}

/// Reads content as hayro does, as far as the places of operators go.
struct Lexer<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    /// The next operator and where it begins; None if there is none, or something that ends content.
    fn operator(&mut self) -> Option<(usize, Cow<'a, [u8]>)> {
        // Arrays and dictionaries that are open, by what closes them.
        let mut open = Vec::new();
        loop {
            let start = self.at;
            let rest = self.content.get(start..)?;
            let closes = |closer: u8| open.last() == Some(&closer);
            let length = match rest {
                [] => return None,
                [byte, ..] if is_white(*byte) => 1,
                [b'%', ..] => rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len()),
                [b'(', ..] => string_length(rest)?,
                [b'<', b'<', ..] => {
                    open.push(b'>');
                    2
                }
                [b'>', b'>', ..] if closes(b'>') => {
                    open.pop();
                    2
                }
                [b'<', ..] => 1 + find(rest, b">")?,
                [b'[', ..] => {
                    open.push(b']');
                    1
                }
                [b']', ..] if closes(b']') => {
                    open.pop();
                    1
                }
                [b'/', name @ ..] => 1 + regular_length(name),
                [byte, ..] if !is_regular(*byte) => return None,
                [b'+' | b'-' | b'.' | b'0'..=b'9', ..] => number_length(rest),
                _ => {
                    let length = regular_length(rest);
                    if open.is_empty() {
                        let operator = rest.get(..length)?;
                        self.at += length;
                        let escaped = operator.contains(&b'#').then(|| Name::new(operator)).flatten();
                        return Some((
                            start,
                            escaped.map_or(Cow::Borrowed(operator), |name| Cow::Owned(name.to_vec())),
                        ));
                    }
                    length
                }
            };
            self.at += length;
        }
    }
}

/// The length of the string at the start; None if it does not end.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The length of what begins like a number. Signs and points without digits are zeros, whatever follows.
fn number_length(bytes: &[u8]) -> usize {
    let sign = usize::from(matches!(bytes, [b'+' | b'-', ..]));
    let prefix = sign + usize::from(bytes.get(sign) == Some(&b'.'));
    let is_zero = bytes.get(prefix).is_none_or(|byte| !byte.is_ascii_digit());
    if is_zero && bytes.get(..prefix) != Some(b"+") { prefix } else { regular_length(bytes) }
}

fn regular_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_regular(**byte)).count()
}

const fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_text(content: &str) -> String {
        let bytes: Vec<u8> = content.chars().map(|c| c as u8).collect();
        let cut = cut(&bytes).0.unwrap_or(bytes);
        let text: String = cut.iter().map(|byte| *byte as char).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn cuts_pictures_out() {
        for (content, expected) in [
            ("q Q", "q Q"),
            ("q BI /W 1 /F[/Fl] /D<</K 1>> ID xyz EI Q", "q /InlineImage MP Q"),
            ("BI /W 1 ID x\nEI", "/InlineImage MP"),
            // What looks like an end within the data.
            ("BI ID \u{ff}EI \u{80}\u{ff} EIx EI Q (a) Tj", "/InlineImage MP Q (a) Tj"),
            (
                "BI /F/A85 ID 9Q+r_D'3P3F*2=BA8c:&EZfF;F<G\"/EI\nATTIG@rH7+ARfgnFEMUH@rc\"!C~> EI EMC",
                "/InlineImage MP EMC",
            ),
            ("BI ID a EI q BI ID b EI Q", "/InlineImage MP q /InlineImage MP Q"),
            // Strings, names, comments and what is within brackets are no operators.
            (
                "(BI ID \\) BI) Tj /BI gs % BI ID\n[(BI)-1 BI] TJ <</BI BI>> BDC",
                "(BI ID \\) BI) Tj /BI gs % BI ID [(BI)-1 BI] TJ <</BI BI>> BDC",
            ),
            // Operators are read as hayro does.
            ("B#49 ID x EI Q", "/InlineImage MP Q"),
            ("#42#49 ID x EI Q", "/InlineImage MP Q"),
            ("-BI ID x EI Q", "- /InlineImage MP Q"),
            ("-.-BI ID x EI Q", "-.- /InlineImage MP Q"),
            ("+BI 1BI", "+BI 1BI"),
            // No end, no data, nothing.
            ("q BI /W 1 ID x Q", "q x Q"),
            ("q BI /W 1 BI ID x Q", "q /W 1 x Q"),
            ("q BI", "q"),
            ("q BI /W 1 ) ID x EI Q", "q /W 1 ) ID x EI Q"),
            // An end is an end, whatever follows, if there is no other.
            ("BI ID x EI ) Q", "/InlineImage MP ) Q"),
        ] {
            assert_eq!(cut_text(content), expected, "{content}");
        }
    }
}
