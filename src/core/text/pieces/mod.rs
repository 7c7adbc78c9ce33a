//! Words to the pieces of the embedding table.
//!
//! The pieces are those of BERT's uncased English vocabulary, found as BERT finds them: controls dropped, accents taken
//! off, lower case, words split at spaces, around punctuation and around Chinese characters; then from the left the
//! longest piece that fits, over and over. A word that cannot be spelled so, or of more than 100 characters, is
//! [`UNKNOWN`] as a whole. The tests hold this, piece for piece, to the `tokenizers` crate.
//!
//! What becomes of a character (its decomposition, its case, whether it is punctuation) stands in a table that was made
//! by asking the reference, 5 kB packed. `unicode-normalization` would take 58 kB more of the wasm, and knows a younger
//! Unicode than the reference. The table can be small because a word with a character that no piece has is unknown,
//! whatever that character is. For the same reason marks need no ordering: no piece has one that stays.
//!
//! Not here: the marks that BERT puts around a text, and names such as `[MASK]`, which a text cannot spell.

mod spelling;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::ops::Range;

use spelling::Spelling;
use vocabulary::{Form, Key, Side, find, first_bytes, form};
pub use vocabulary::{PIECES, UNKNOWN, is_continuation, piece_text};

/// A piece's place in the vocabulary, and its row in the embedding table: below [`PIECES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceId(pub u16);

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which piece.
    pub id: PieceId,
    /// The bytes it came from. Pieces of one syllable that was taken apart have the same.
    pub range: Range<usize>,
    /// The bytes of the whole word that it is part of.
    pub word: Range<usize>,
}

/// A walk over the pieces of a text, in order. Allocates nothing, and takes time in proportion to the text, whatever it
/// holds.
pub struct Pieces<'a> {
    text: &'a str,
    at: usize,
    spelling: Spelling,
}

impl<'a> Pieces<'a> {
    /// A walk over `text`, from its start.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, spelling: Spelling::new() }
    }

    fn form_at(&self, at: usize) -> Option<(Form, usize)> {
        let c = self.text.get(at..)?.chars().next()?;
        Some((form(c), at + c.len_utf8()))
    }

    /// Whether a word cannot go on at a place.
    #[inline]
    fn word_ends(&self, at: usize) -> bool {
        match self.text.as_bytes().get(at) {
            None | Some(b' ') => true,
            Some(_) => {
                let form = self.form_at(at);
                form.is_none_or(|(form, _)| matches!(form, Form::Space | Form::Alone(_) | Form::ForeignAlone))
            }
        }
    }

    /// The next word, character by character.
    #[inline(never)]
    fn next_spelled(&mut self) -> Option<Piece> {
        self.spelling.clear();
        while let Some((form, after)) = self.form_at(self.at) {
            let range = self.at..after;
            match form {
                Form::Dropped => {}
                Form::Accent => self.spelling.extend(after),
                Form::Space if self.spelling.is_empty() => {}
                Form::Alone(id) if self.spelling.is_empty() => {
                    self.at = after;
                    return Some(Piece { id, range: range.clone(), word: range });
                }
                Form::ForeignAlone if self.spelling.is_empty() => {
                    self.at = after;
                    return Some(Piece { id: UNKNOWN, range: range.clone(), word: range });
                }
                Form::Space | Form::Alone(_) | Form::ForeignAlone => break,
                Form::Foreign => self.spelling.give_up(&range),
                Form::Letter(letter) => self.spelling.push(letter, &range),
                Form::Pair(first, second) => {
                    self.spelling.push(first, &range);
                    self.spelling.push(second, &range);
                }
                Form::Hangul => {
                    for letter in self.text.get(range.clone()).unwrap_or_default().chars().flat_map(jamo) {
                        self.spelling.push(letter, &range);
                    }
                }
            }
            self.at = after;
        }
        self.spelling.finish()
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.spelling.next() {
            return Some(piece);
        }
        let text = self.text.as_bytes();
        loop {
            let start = self.at;
            let (key, length) = ascii_word(text, start);
            let end = start + length;
            if length == 0 {
                let first = *text.get(start)?;
                self.at += 1;
                if first == b' ' {
                    continue;
                }
                if first.is_ascii()
                    && let Form::Alone(id) = form(char::from(first))
                {
                    return Some(Piece { id, range: start..self.at, word: start..self.at });
                }
                self.at = start;
                return self.next_spelled();
            }
            if length == Key::BYTES || !self.word_ends(end) {
                return self.next_spelled();
            }
            self.at = end;
            if let Some(id) = find(Side::First, key, length) {
                return Some(Piece { id, range: start..end, word: start..end });
            }
            return self.spelling.take_ascii_apart(key, start..end);
        }
    }
}

/// The ASCII letters and digits from a place on, in lower case, and their number; no more than a key holds.
#[inline]
fn ascii_word(text: &[u8], at: usize) -> (Key, usize) {
    let (low, length) = ascii_letters(eight_bytes(text, at));
    if length < 8 {
        return (Key { low, high: 0, tail: 0 }, length);
    }
    let (high, length) = ascii_letters(eight_bytes(text, at + 8));
    if length < 8 {
        return (Key { low, high, tail: 0 }, 8 + length);
    }
    let (tail, length) = ascii_letters(eight_bytes(text, at + 16));
    (Key { low, high, tail }, 16 + length)
}

/// Eight bytes from a place on, zeros after the end.
#[inline]
fn eight_bytes(text: &[u8], at: usize) -> u64 {
    match text.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => last_bytes(text, at),
    }
}

#[cold]
fn last_bytes(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().rev().fold(0, |bytes, byte| (bytes << 8) | u64::from(*byte))
}

/// The letters and digits that eight bytes begin with, in lower case, and their number. All eight at once: adding to a
/// byte below 0x80 sets its highest bit where it was at least 0x80 less what was added.
#[inline]
fn ascii_letters(bytes: u64) -> (u64, usize) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x80 * EACH;
    let at_least = |bytes: u64, least: u8| bytes + u64::from(0x80 - least) * EACH;
    let lower = bytes | (0x20 * EACH);
    let (plain, plain_lower) = (bytes & !HIGHEST, lower & !HIGHEST);
    let letters = at_least(plain_lower, b'a') & !at_least(plain_lower, b'z' + 1);
    let digits = at_least(plain, b'0') & !at_least(plain, b'9' + 1);
    let others = !((letters | digits) & !bytes) & HIGHEST;
    let length = others.trailing_zeros() as usize / 8;
    (lower & first_bytes(length), length)
}

/// What a Hangul syllable is made of, by the arithmetic of Unicode's section 3.12. Pieces have most of these letters; a
/// word with another finds no piece for it.
fn jamo(syllable: char) -> impl Iterator<Item = char> {
    let index = (syllable as u32).saturating_sub(0xAC00);
    let last = Some(0x11A7 + index % 28).filter(|&last| last > 0x11A7);
    [Some(0x1100 + index / 588), Some(0x1161 + index / 28 % 21), last].into_iter().flatten().filter_map(char::from_u32)
}
