//! WordPiece tokenization: the pieces of the embedding table.
//!
//! The pieces are those of BERT's uncased English vocabulary, found as BERT does: control characters are dropped,
//! accents removed, letters lowercased, words split at spaces, around punctuation and around Chinese characters. Then
//! the longest matching piece is taken from the left, repeatedly. A word that cannot be split this way, or has more
//! than 100 characters, is one [`UNKNOWN`] piece. The tests compare this, piece for piece, with the `tokenizers` crate.
//!
//! How a character is normalized (its decomposition, its case, whether it is punctuation) is in a table that was
//! generated from the reference, 5 kB packed. `unicode-normalization` would add 58 kB to the wasm, and implements a
//! newer Unicode than the reference. The table is small because a word with a character that is in no piece is unknown,
//! whatever that character is. For the same reason combining marks need no reordering: none that is kept is in a piece.
//!
//! Not included: the special tokens that BERT puts around a text, and tokens such as `[MASK]`, which text cannot
//! contain.

#[cfg(test)]
mod tests;
mod vocabulary;
mod word_splitter;

use std::ops::Range;

use vocabulary::{CharClass, Key, Position, byte_mask, char_class, find};
pub use vocabulary::{PIECES, UNKNOWN, is_continuation, piece_text};
use word_splitter::WordSplitter;

/// A piece's index in the vocabulary, below [`PIECES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceId(pub u16);

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The id of the piece.
    pub id: PieceId,
    /// Its byte range. Pieces of one decomposed syllable share a range.
    pub range: Range<usize>,
    /// The byte range of the whole word.
    pub word: Range<usize>,
}

/// Iterates over the pieces of a text, in order. Allocates nothing, and takes time linear in the length of the text,
/// whatever its content.
pub struct Pieces<'a> {
    text: &'a str,
    offset: usize,
    splitter: WordSplitter,
}

impl<'a> Pieces<'a> {
    /// An iterator over the pieces of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, offset: 0, splitter: WordSplitter::new() }
    }

    fn char_class_at(&self, offset: usize) -> Option<(CharClass, usize)> {
        let c = self.text.get(offset..)?.chars().next()?;
        Some((char_class(c), offset + c.len_utf8()))
    }

    /// Whether a word ends at `offset`.
    #[inline]
    fn word_ends_at(&self, offset: usize) -> bool {
        match self.text.as_bytes().get(offset) {
            None | Some(b' ') => true,
            Some(_) => {
                let class = self.char_class_at(offset);
                class.is_none_or(|(class, _)| {
                    matches!(class, CharClass::Space | CharClass::Alone(_) | CharClass::UnknownAlone)
                })
            }
        }
    }

    /// Splits the next word, character by character; returns its first piece.
    #[inline(never)]
    fn next_word(&mut self) -> Option<Piece> {
        self.splitter.clear();
        while let Some((class, after)) = self.char_class_at(self.offset) {
            let range = self.offset..after;
            match class {
                CharClass::Dropped => {}
                CharClass::Accent => self.splitter.extend(after),
                CharClass::Space if self.splitter.is_empty() => {}
                CharClass::Alone(id) if self.splitter.is_empty() => {
                    self.offset = after;
                    return Some(Piece { id, range: range.clone(), word: range });
                }
                CharClass::UnknownAlone if self.splitter.is_empty() => {
                    self.offset = after;
                    return Some(Piece { id: UNKNOWN, range: range.clone(), word: range });
                }
                CharClass::Space | CharClass::Alone(_) | CharClass::UnknownAlone => break,
                CharClass::Unknown => self.splitter.push_unknown(&range),
                CharClass::Letter(letter) => self.splitter.push(letter, &range),
                CharClass::Pair(first, second) => {
                    self.splitter.push(first, &range);
                    self.splitter.push(second, &range);
                }
                CharClass::Hangul => {
                    for letter in self.text.get(range.clone()).unwrap_or_default().chars().flat_map(jamo) {
                        self.splitter.push(letter, &range);
                    }
                }
            }
            self.offset = after;
        }
        self.splitter.finish()
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.splitter.next() {
            return Some(piece);
        }
        let text = self.text.as_bytes();
        loop {
            let start = self.offset;
            let (key, length) = ascii_word(text, start);
            let end = start + length;
            if length == 0 {
                let first = *text.get(start)?;
                self.offset += 1;
                if first == b' ' {
                    continue;
                }
                if first.is_ascii()
                    && let CharClass::Alone(id) = char_class(char::from(first))
                {
                    return Some(Piece { id, range: start..self.offset, word: start..self.offset });
                }
                self.offset = start;
                return self.next_word();
            }
            if length == Key::BYTES || !self.word_ends_at(end) {
                return self.next_word();
            }
            self.offset = end;
            if let Some(id) = find(Position::First, key, length) {
                return Some(Piece { id, range: start..end, word: start..end });
            }
            return self.splitter.split_ascii(key, start..end);
        }
    }
}

/// The ASCII letters and digits from `offset` on, in lower case, and their number; at most what a key holds.
#[inline]
fn ascii_word(text: &[u8], offset: usize) -> (Key, usize) {
    let (low, length) = ascii_letters(read_8_bytes(text, offset));
    if length < 8 {
        return (Key { low, high: 0, tail: 0 }, length);
    }
    let (high, length) = ascii_letters(read_8_bytes(text, offset + 8));
    if length < 8 {
        return (Key { low, high, tail: 0 }, 8 + length);
    }
    let (tail, length) = ascii_letters(read_8_bytes(text, offset + 16));
    (Key { low, high, tail }, 16 + length)
}

/// Eight bytes from `offset` on, zeros after the end.
#[inline]
fn read_8_bytes(text: &[u8], offset: usize) -> u64 {
    match text.get(offset..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => read_last_bytes(text, offset),
    }
}

#[cold]
fn read_last_bytes(text: &[u8], offset: usize) -> u64 {
    let rest = text.get(offset..).unwrap_or_default();
    rest.iter().rev().fold(0, |bytes, byte| (bytes << 8) | u64::from(*byte))
}

/// The letters and digits that eight bytes begin with, in lower case, and their number. Tests all eight bytes at once:
/// adding `0x80 - min` to a byte below 0x80 sets its highest bit if the byte was at least `min`.
#[inline]
fn ascii_letters(bytes: u64) -> (u64, usize) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = 0x80 * ONES;
    let at_least = |bytes: u64, min: u8| bytes + u64::from(0x80 - min) * ONES;
    let lower = bytes | (0x20 * ONES);
    let (plain, plain_lower) = (bytes & !HIGH_BITS, lower & !HIGH_BITS);
    let letters = at_least(plain_lower, b'a') & !at_least(plain_lower, b'z' + 1);
    let digits = at_least(plain, b'0') & !at_least(plain, b'9' + 1);
    let others = !((letters | digits) & !bytes) & HIGH_BITS;
    let length = others.trailing_zeros() as usize / 8;
    (lower & byte_mask(length), length)
}

/// The letters of a Hangul syllable, by the arithmetic of Unicode's section 3.12. Most of these letters are in pieces;
/// a word with another one is unknown.
fn jamo(syllable: char) -> impl Iterator<Item = char> {
    let index = (syllable as u32).saturating_sub(0xAC00);
    let last = Some(0x11A7 + index % 28).filter(|&last| last > 0x11A7);
    [Some(0x1100 + index / 588), Some(0x1161 + index / 28 % 21), last].into_iter().flatten().filter_map(char::from_u32)
}
