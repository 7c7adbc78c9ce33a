//! Removes inline images from content before hayro reads it. hayro would search for the end of each image up to the end
//! of the content, and parse what follows to check that it is content: image within image, without a limit.

use memchr::memmem;

use super::buffer::Buffer;
use super::operators::Lexer;
use super::syntax::is_white;
use crate::budget::{BYTES_PER_STEP, Budget, Exceeded};

/// The name of the marked-content point that replaces an image.
pub(super) const MARK: &str = "InlineImage";

/// The number of bytes between two charges.
const BYTES_PER_CHARGE: usize = 64 * 1024;

/// How many bytes after a possible end of an image are inspected to decide whether they are content.
const CONTENT_BYTES: usize = 256;

/// The operators that may follow an image.
const OPERATORS: &[&[u8]] = &[
    b"b", b"B", b"b*", b"B*", b"BDC", b"BI", b"BMC", b"BT", b"BX", b"c", b"cm", b"CS", b"cs", b"d", b"d0", b"d1",
    b"Do", b"DP", b"EMC", b"ET", b"EX", b"f", b"F", b"f*", b"G", b"g", b"gs", b"h", b"i", b"j", b"J", b"K", b"k", b"l",
    b"M", b"m", b"MP", b"n", b"q", b"Q", b"re", b"RG", b"rg", b"ri", b"s", b"S", b"SC", b"sc", b"SCN", b"scn", b"sh",
    b"T*", b"Tc", b"Td", b"TD", b"Tf", b"Tj", b"TJ", b"TL", b"Tm", b"Tr", b"Ts", b"Tw", b"Tz", b"v", b"w", b"W", b"W*",
    b"y",
];

/// The content with a mark in place of each image, or None if it has no images.
pub(super) fn remove<'b>(content: &[u8], budget: &'b Budget) -> Result<Option<Buffer<'b>>, Exceeded> {
    // Operators may contain `#` escapes like names.
    if memmem::find(content, b"BI").is_none() && !content.contains(&b'#') {
        return Ok(None);
    }
    let mut ends = ImageEnds { content, budget, likely: NextEnd::NoneBefore(0), any: NextEnd::NoneBefore(0) };
    let mut lexer = Lexer::new(content);
    let mut charged = 0;
    let mut kept = Buffer::new(budget, 0)?;
    let mut kept_up_to = 0;
    let mut is_open = false;
    while let Some((start, operator)) = lexer.operator() {
        if lexer.offset - charged >= BYTES_PER_CHARGE {
            budget.pass_over(lexer.offset - charged)?;
            charged = lexer.offset;
        }
        if &*operator == b"BI" {
            kept.extend(content.get(kept_up_to..start).unwrap_or_default())?;
            kept.push(b' ')?;
            kept_up_to = lexer.offset;
            is_open = true;
        } else if is_open && operator.starts_with(b"ID") {
            is_open = false;
            let data = start + b"ID".len();
            let end = ends.after(data)?;
            if end.is_some() {
                kept.extend(format!("/{MARK} MP ").as_bytes())?;
            }
            // Without an end it is not an image; hayro reads what follows as content.
            kept_up_to = end.unwrap_or(data);
            lexer.offset = kept_up_to;
        }
    }
    budget.pass_over(content.len() - charged)?;
    // hayro should find no image in the rest. If it did, it would search from each of these to the end.
    let rest = content.get(lexer.offset..).unwrap_or_default();
    let searches = memmem::find_iter(rest, b"BI").count() + memmem::find_iter(rest, b"#4").count();
    budget.pairs(searches, rest.len(), BYTES_PER_STEP as usize)?;
    if kept_up_to == 0 {
        return Ok(None);
    }
    kept.extend(content.get(kept_up_to..).unwrap_or_default())?;
    Ok(Some(kept))
}

/// The position of the next end of an image.
#[derive(Clone, Copy)]
enum NextEnd {
    At(usize),
    /// There is none before this offset.
    NoneBefore(usize),
    /// There are no more ends.
    None,
}

/// Finds the ends of images. Each possible end is checked once, regardless of the number of images.
struct ImageEnds<'a, 'b> {
    content: &'a [u8],
    budget: &'b Budget,
    /// The next end that is followed by content.
    likely: NextEnd,
    /// The next end, whatever follows.
    any: NextEnd,
}

impl ImageEnds<'_, '_> {
    /// The end of the image whose data begins at `start`; None if it does not end.
    fn after(&mut self, start: usize) -> Result<Option<usize>, Exceeded> {
        self.likely = self.next(self.likely, start, true)?;
        if !matches!(self.likely, NextEnd::At(_)) {
            self.any = self.next(self.any, start, false)?;
        }
        Ok(match (self.likely, self.any) {
            (NextEnd::At(end), _) | (_, NextEnd::At(end)) => Some(end),
            _ => None,
        })
    }

    fn next(&self, known: NextEnd, start: usize, must_be_likely: bool) -> Result<NextEnd, Exceeded> {
        let mut offset = match known {
            NextEnd::At(end) if end > start + 2 => return Ok(known),
            NextEnd::None => return Ok(known),
            NextEnd::At(offset) | NextEnd::NoneBefore(offset) => offset.max(start),
        };
        while let Some(found) = self.content.get(offset..).and_then(|rest| memmem::find(rest, b"EI")) {
            offset += found + b"EI".len();
            let rest = self.content.get(offset..).unwrap_or_default();
            if rest.first().is_some_and(|byte| !is_white(*byte)) {
                continue;
            }
            if !must_be_likely || self.is_content(rest)? {
                return Ok(NextEnd::At(offset));
            }
        }
        Ok(NextEnd::None)
    }

    fn is_content(&self, rest: &[u8]) -> Result<bool, Exceeded> {
        let window = rest.get(..CONTENT_BYTES).unwrap_or(rest);
        let mut lexer = Lexer::new(window);
        let operator = lexer.operator();
        self.budget.work(1 + lexer.offset / 4)?;
        Ok(match operator {
            Some((_, operator)) => OPERATORS.contains(&&*operator),
            // Only white space.
            None => lexer.offset == rest.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_without_images(content: &str) -> String {
        let bytes: Vec<u8> = content.chars().map(|c| c as u8).collect();
        let budget = Budget::unlimited();
        let removed = remove(&bytes, &budget).unwrap();
        let content = removed.map_or(bytes, |content| content.into_parts().0);
        let text: String = content.iter().map(|byte| *byte as char).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn removes_images() {
        for (content, expected) in [
            ("q Q", "q Q"),
            ("q BI /W 1 /F[/Fl] /D<</K 1>> ID xyz EI Q", "q /InlineImage MP Q"),
            ("BI /W 1 ID x\nEI", "/InlineImage MP"),
            // Bytes in the data that look like an end.
            ("BI ID \u{ff}EI \u{80}\u{ff} EIx EI Q (a) Tj", "/InlineImage MP Q (a) Tj"),
            (
                "BI /F/A85 ID 9Q+r_D'3P3F*2=BA8c:&EZfF;F<G\"/EI\nATTIG@rH7+ARfgnFEMUH@rc\"!C~> EI EMC",
                "/InlineImage MP EMC",
            ),
            ("BI ID a EI q BI ID b EI Q", "/InlineImage MP q /InlineImage MP Q"),
            // Strings, names, comments and bracketed tokens are not operators.
            (
                "(BI ID \\) BI) Tj /BI gs % BI ID\n[(BI)-1 BI] TJ <</BI BI>> BDC",
                "(BI ID \\) BI) Tj /BI gs % BI ID [(BI)-1 BI] TJ <</BI BI>> BDC",
            ),
            // Operators are parsed like hayro does it.
            ("B#49 ID x EI Q", "/InlineImage MP Q"),
            ("#42#49 ID x EI Q", "/InlineImage MP Q"),
            ("-BI ID x EI Q", "- /InlineImage MP Q"),
            ("-.-BI ID x EI Q", "-.- /InlineImage MP Q"),
            ("+BI 1BI", "+BI 1BI"),
            // No end or no data.
            ("q BI /W 1 ID x Q", "q x Q"),
            ("q BI /W 1 BI ID x Q", "q /W 1 x Q"),
            ("q BI", "q"),
            ("q BI /W 1 ) ID x EI Q", "q /W 1 ) ID x EI Q"),
            // If there is no other end, whatever follows is accepted.
            ("BI ID x EI ) Q", "/InlineImage MP ) Q"),
        ] {
            assert_eq!(text_without_images(content), expected, "{content}");
        }
    }
}
