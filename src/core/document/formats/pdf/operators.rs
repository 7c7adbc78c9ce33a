//! Finds the operators of content before hayro parses them, and divides long content between them: hayro parses the
//! operands of an operator at once.

use std::borrow::Cow;

use hayro_syntax::object::Name;
use memchr::memmem;

use super::syntax::{closing_parenthesis, is_regular, is_white};

/// Up to this length content is interpreted in one piece: hayro goes through it in 5 ms.
const MAX_PIECE_BYTES: usize = 1024 * 1024;

/// The length from which on a piece of long content ends after the next operator.
const PIECE_BYTES: usize = 64 * 1024;

/// The maximum length of the operands of an operator, in bytes. hayro goes through these in 9 ms; a line of text has some
/// hundreds.
const MAX_OPERANDS_BYTES: usize = 2 * 1024 * 1024;

/// Content in pieces.
pub(super) struct Pieces<'a> {
    lexer: Lexer<'a>,
}

/// A piece of content.
pub(super) struct Piece<'a> {
    pub content: &'a [u8],
    /// The number of its operators, if they were counted. If hayro finds fewer, something ends the content.
    pub operators: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(content: &'a [u8]) -> Self {
        Self { lexer: Lexer::new(content) }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.lexer.offset;
        let rest = self.lexer.content.get(start..).filter(|rest| !rest.is_empty())?;
        if start == 0 && rest.len() <= MAX_PIECE_BYTES {
            self.lexer.offset = rest.len();
            return Some(Piece { content: rest, operators: 0 });
        }
        let mut operators = 0;
        while self.lexer.offset - start < PIECE_BYTES {
            if self.lexer.operator().is_none() {
                // Whatever hayro finds in the last piece, it finds without going far.
                self.lexer.offset = self.lexer.content.len();
                return Some(Piece { content: rest.get(..MAX_OPERANDS_BYTES).unwrap_or(rest), operators: 0 });
            }
            operators += 1;
        }
        let content = rest.get(..self.lexer.offset - start)?;
        Some(Piece { content, operators })
    }
}

/// Finds the positions of operators in content in the same way as hayro.
pub(super) struct Lexer<'a> {
    content: &'a [u8],
    pub offset: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(content: &'a [u8]) -> Self {
        Self { content, offset: 0 }
    }

    /// The next operator and its offset; None if there is none, if something ends the content, or if its operands are
    /// longer than [`MAX_OPERANDS_BYTES`].
    pub fn operator(&mut self) -> Option<(usize, Cow<'a, [u8]>)> {
        let end = self.content.len().min(self.offset.saturating_add(MAX_OPERANDS_BYTES));
        let content = self.content.get(..end)?;
        // The closing bytes of the open arrays and dictionaries.
        let mut open = Vec::new();
        loop {
            let start = self.offset;
            let rest = content.get(start..)?;
            let closes = |closer: u8| open.last() == Some(&closer);
            let length = match rest {
                [] => return None,
                [byte, ..] if is_white(*byte) => 1,
                [b'%', ..] => rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len()),
                [b'(', string @ ..] => 2 + closing_parenthesis(string)?,
                [b'<', b'<', ..] => {
                    open.push(b'>');
                    2
                }
                [b'>', b'>', ..] if closes(b'>') => {
                    open.pop();
                    2
                }
                [b'<', ..] => 1 + memmem::find(rest, b">")?,
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
                        self.offset += length;
                        if self.offset == end && end < self.content.len() {
                            return None;
                        }
                        let escaped = operator.contains(&b'#').then(|| Name::new(operator)).flatten();
                        return Some((
                            start,
                            escaped.map_or(Cow::Borrowed(operator), |name| Cow::Owned(name.to_vec())),
                        ));
                    }
                    length
                }
            };
            self.offset += length;
        }
    }
}

/// The length of a token that begins like a number. hayro ends the token after a sign or a point that no digit follows.
fn number_length(bytes: &[u8]) -> usize {
    let sign = usize::from(matches!(bytes, [b'+' | b'-', ..]));
    let prefix = sign + usize::from(bytes.get(sign) == Some(&b'.'));
    let is_zero = bytes.get(prefix).is_none_or(|byte| !byte.is_ascii_digit());
    if is_zero && bytes.get(..prefix) != Some(b"+") { prefix } else { regular_length(bytes) }
}

fn regular_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_regular(**byte)).count()
}

#[cfg(test)]
mod tests {
    use hayro_syntax::content::TypedIter;

    use super::*;

    #[test]
    fn long_content_is_divided_between_operators() {
        let operators = [
            "q ",
            "[(a) -5 (] TJ)]TJ\n",
            "/A<</B[1 2]/C(>>)>>BDC ",
            "1 0 0 -1 .5 +5 cm%c\n",
            "1a ",
            "true ",
            "(\\)Q)'\r",
        ];
        let content = operators.concat().repeat(MAX_PIECE_BYTES / 50);
        assert!(content.len() > MAX_PIECE_BYTES);
        let pieces: Vec<_> = Pieces::new(content.as_bytes()).collect();
        assert!(pieces.len() > 10);
        assert_eq!(pieces.iter().map(|piece| piece.content).collect::<Vec<_>>().concat(), content.as_bytes());
        let count = |content| {
            let mut found = TypedIter::new(content);
            std::iter::from_fn(|| found.next().map(|_| ())).count()
        };
        for piece in pieces {
            assert!(piece.content.len() < PIECE_BYTES + 50);
            if piece.operators > 0 {
                assert_eq!(count(piece.content), piece.operators);
            }
        }
    }

    #[test]
    fn short_content_is_one_piece() {
        let pieces: Vec<_> = Pieces::new(b"q ) Q").map(|piece| piece.content).collect();
        assert_eq!(pieces, [b"q ) Q"]);
        assert_eq!(Pieces::new(b"").count(), 0);
    }

    #[test]
    fn long_operands_end_the_content() {
        let text = "x".repeat(MAX_OPERANDS_BYTES);
        for content in [format!("q ({text}) Tj Q"), format!("q [({text})] TJ Q"), format!("q {text} Q")] {
            let pieces: Vec<_> = Pieces::new(content.as_bytes()).collect();
            let mut operators = pieces.iter().map(|piece| TypedIter::new(piece.content));
            let mut first = operators.next().unwrap();
            assert!(first.next().is_some());
            assert!(pieces.iter().all(|piece| piece.content.len() <= MAX_OPERANDS_BYTES));
        }
    }
}
