//! One normalized word, and its pieces.

use std::ops::Range;

use super::vocabulary::{Key, Position, find};
use super::{Piece, PieceId, UNKNOWN};

/// The most characters of a word, after normalization. Longer words are unknown. BERT's own limit.
const MAX_LETTERS: usize = 100;
/// The most bytes of such a word: letters that are in pieces have at most three.
const MAX_BYTES: usize = 3 * MAX_LETTERS;

/// Collects the letters of a word, then splits it and yields its pieces. Small, because every iteration over a text
/// creates one.
pub(super) struct WordSplitter {
    word: Range<usize>,
    letters: usize,
    length: usize,
    /// Whether all letters so far can be in pieces.
    splittable: bool,
    /// The letters in UTF-8, with room for a key that begins at the last of them.
    bytes: [u8; MAX_BYTES + Key::BYTES],
    /// For each letter, the range of its source character, relative to the word's start.
    origins: [(u32, u32); MAX_LETTERS],
    /// Each piece, with the number of letters up to its end.
    pieces: [(PieceId, u16); MAX_LETTERS],
    /// The number of pieces.
    count: usize,
    /// How many pieces were yielded.
    yielded: usize,
}

impl WordSplitter {
    /// A splitter without a word or pieces.
    pub fn new() -> Self {
        Self {
            word: 0..0,
            letters: 0,
            length: 0,
            splittable: true,
            bytes: [0; MAX_BYTES + Key::BYTES],
            origins: [(0, 0); MAX_LETTERS],
            pieces: [(PieceId(0), 0); MAX_LETTERS],
            count: 0,
            yielded: 0,
        }
    }

    /// Begins a new word.
    pub fn clear(&mut self) {
        (self.letters, self.length, self.splittable) = (0, 0, true);
    }

    /// Whether the word has no letters yet.
    pub fn is_empty(&self) -> bool {
        self.letters == 0
    }

    /// Adds a letter and the byte range of its source character.
    #[inline]
    pub fn push(&mut self, letter: char, range: &Range<usize>) {
        self.add_letter(range);
        let mut encoded = [0; 4];
        let encoded = letter.encode_utf8(&mut encoded).as_bytes();
        let length = self.length + encoded.len();
        let origin = (self.relative(range.start), self.relative(range.end));
        let bytes = self.bytes.get_mut(self.length..length);
        if let (Some(slot), Some(bytes)) = (self.origins.get_mut(self.letters - 1), bytes) {
            bytes.copy_from_slice(encoded);
            *slot = origin;
            self.length = length;
        } else {
            self.splittable = false;
        }
    }

    /// Adds a character that makes the word unknown.
    pub fn push_unknown(&mut self, range: &Range<usize>) {
        self.splittable = false;
        self.add_letter(range);
    }

    fn add_letter(&mut self, range: &Range<usize>) {
        if self.letters == 0 {
            self.word.start = range.start;
        }
        self.word.end = range.end;
        self.letters += 1;
    }

    /// Extends the range of the last character to `end`, the end of its accent.
    pub fn extend(&mut self, end: usize) {
        if self.letters == 0 {
            return;
        }
        self.word.end = end;
        let end = self.relative(end);
        let mut letters = self.origins.get_mut(..self.letters).unwrap_or_default().iter_mut().rev();
        if let Some(last) = letters.next() {
            last.1 = end;
            // A decomposed syllable has several letters.
            letters.take_while(|letter| letter.0 == last.0).for_each(|letter| letter.1 = end);
        }
    }

    /// Ends the word and returns its first piece.
    pub fn finish(&mut self) -> Option<Piece> {
        if self.is_empty() {
            None
        } else if self.splittable {
            self.split()
        } else {
            Some(self.unknown())
        }
    }

    /// Splits an ASCII word that is not a piece itself; returns its first piece.
    #[inline(never)]
    pub fn split_ascii(&mut self, key: Key, word: Range<usize>) -> Option<Piece> {
        self.length = word.len();
        self.word = word;
        *self.bytes.first_chunk_mut()? = key.bytes();
        for (index, origin) in (0..).zip(self.origins.get_mut(..self.length)?) {
            *origin = (index, index + 1);
        }
        self.split()
    }

    /// Takes the longest matching piece from the left, repeatedly; returns the first one.
    fn split(&mut self) -> Option<Piece> {
        let (mut offset, mut letters, mut count) = (0, 0, 0);
        while offset < self.length {
            let position = if offset == 0 { Position::First } else { Position::Later };
            let rest = self.bytes.get(offset..)?;
            let key = Key::new(rest.first_chunk()?);
            let longest = position.longest().min(self.length - offset);
            let piece =
                (1..=longest).rev().find_map(|length| Some((find(position, key.prefix(length), length)?, length)));
            let Some((id, length)) = piece else {
                return Some(self.unknown());
            };
            offset += length;
            letters += rest.iter().take(length).filter(|&&byte| is_char_start(byte)).count();
            *self.pieces.get_mut(count)? = (id, letters as u16);
            count += 1;
        }
        (self.yielded, self.count) = (0, count);
        self.next()
    }

    fn unknown(&self) -> Piece {
        Piece { id: UNKNOWN, range: self.word.clone(), word: self.word.clone() }
    }

    /// `offset` relative to the word's start. Documents are limited to far less than the 4 GiB that fit.
    fn relative(&self, offset: usize) -> u32 {
        u32::try_from(offset - self.word.start).unwrap_or(u32::MAX)
    }

    /// The next piece of the word.
    #[inline]
    pub fn next(&mut self) -> Option<Piece> {
        if self.yielded == self.count { None } else { self.yield_piece() }
    }

    fn yield_piece(&mut self) -> Option<Piece> {
        let previous = self.yielded.checked_sub(1).and_then(|index| self.pieces.get(index));
        let first = previous.map_or(0, |&(_, letters)| usize::from(letters));
        let &(id, letters) = self.pieces.get(self.yielded)?;
        self.yielded += 1;
        let start = self.word.start + self.origins.get(first)?.0 as usize;
        let end = self.word.start + self.origins.get(usize::from(letters) - 1)?.1 as usize;
        Some(Piece { id, range: start..end, word: self.word.clone() })
    }
}

fn is_char_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}
