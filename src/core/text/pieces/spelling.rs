//! One word in normal letters, and its pieces.

use std::ops::Range;

use super::vocabulary::{Key, Side, find};
use super::{Piece, PieceId, UNKNOWN};

/// Characters of a word, after normalisation, beyond which it is unknown. BERT's own limit.
const MAX_LETTERS: usize = 100;
/// Bytes of such a word: the letters that pieces have take at most three.
const MAX_BYTES: usize = 3 * MAX_LETTERS;

/// The letters of a word as they are read, then the pieces it was taken apart into, given out one by one. Small, since
/// every walk begins by making one.
pub(super) struct Spelling {
    word: Range<usize>,
    letters: usize,
    length: usize,
    /// Whether pieces can spell it, as far as is known.
    possible: bool,
    /// The letters, with room for a key that begins at the last of them.
    bytes: [u8; MAX_BYTES + Key::BYTES],
    /// Of each letter, where the character it came from begins and ends, counted from the word's start.
    origins: [(u32, u32); MAX_LETTERS],
    /// Each piece, and how many letters it and those before it have.
    pieces: [(PieceId, u16); MAX_LETTERS],
    found: usize,
    given: usize,
}

impl Spelling {
    /// No word, and no pieces to give out.
    pub fn new() -> Self {
        Self {
            word: 0..0,
            letters: 0,
            length: 0,
            possible: true,
            bytes: [0; MAX_BYTES + Key::BYTES],
            origins: [(0, 0); MAX_LETTERS],
            pieces: [(PieceId(0), 0); MAX_LETTERS],
            found: 0,
            given: 0,
        }
    }

    /// Begins a word.
    pub fn clear(&mut self) {
        (self.letters, self.length, self.possible) = (0, 0, true);
    }

    /// Whether no letter was read yet.
    pub fn is_empty(&self) -> bool {
        self.letters == 0
    }

    /// Adds a letter and the bytes of the text it came from.
    #[inline]
    pub fn push(&mut self, letter: char, range: &Range<usize>) {
        self.count(range);
        let mut encoded = [0; 4];
        let encoded = letter.encode_utf8(&mut encoded).as_bytes();
        let length = self.length + encoded.len();
        let origin = (self.offset(range.start), self.offset(range.end));
        let bytes = self.bytes.get_mut(self.length..length);
        if let (Some(place), Some(bytes)) = (self.origins.get_mut(self.letters - 1), bytes) {
            bytes.copy_from_slice(encoded);
            *place = origin;
            self.length = length;
        } else {
            self.possible = false;
        }
    }

    /// Adds a character that makes the word unknown.
    pub fn give_up(&mut self, range: &Range<usize>) {
        self.possible = false;
        self.count(range);
    }

    fn count(&mut self, range: &Range<usize>) {
        if self.letters == 0 {
            self.word.start = range.start;
        }
        self.word.end = range.end;
        self.letters += 1;
    }

    /// The last character has an accent, up to here.
    pub fn extend(&mut self, end: usize) {
        if self.letters == 0 {
            return;
        }
        self.word.end = end;
        let end = self.offset(end);
        let mut letters = self.origins.get_mut(..self.letters).unwrap_or_default().iter_mut().rev();
        if let Some(last) = letters.next() {
            last.1 = end;
            // Several letters, if a syllable was taken apart.
            letters.take_while(|letter| letter.0 == last.0).for_each(|letter| letter.1 = end);
        }
    }

    /// Ends the word: its first piece.
    pub fn finish(&mut self) -> Option<Piece> {
        if self.is_empty() {
            None
        } else if self.possible {
            self.take_apart()
        } else {
            Some(self.unknown())
        }
    }

    /// The first piece of an ASCII word that is not one itself.
    #[inline(never)]
    pub fn take_ascii_apart(&mut self, key: Key, word: Range<usize>) -> Option<Piece> {
        self.length = word.len();
        self.word = word;
        *self.bytes.first_chunk_mut()? = key.bytes();
        for (at, origin) in (0..).zip(self.origins.get_mut(..self.length)?) {
            *origin = (at, at + 1);
        }
        self.take_apart()
    }

    /// From the left the longest piece that fits, over and over.
    fn take_apart(&mut self) -> Option<Piece> {
        let (mut at, mut letters, mut found) = (0, 0, 0);
        while at < self.length {
            let side = if at == 0 { Side::First } else { Side::Later };
            let rest = self.bytes.get(at..)?;
            let key = Key::new(rest.first_chunk()?);
            let longest = side.longest().min(self.length - at);
            let piece = (1..=longest).rev().find_map(|length| Some((find(side, key.prefix(length), length)?, length)));
            let Some((id, length)) = piece else {
                return Some(self.unknown());
            };
            at += length;
            letters += rest.iter().take(length).filter(|&&byte| begins_char(byte)).count();
            *self.pieces.get_mut(found)? = (id, letters as u16);
            found += 1;
        }
        (self.given, self.found) = (0, found);
        self.next()
    }

    fn unknown(&self) -> Piece {
        Piece { id: UNKNOWN, range: self.word.clone(), word: self.word.clone() }
    }

    /// A place as counted from the word's start. Documents are limited to far less than the 4 GiB that fit.
    fn offset(&self, at: usize) -> u32 {
        u32::try_from(at - self.word.start).unwrap_or(u32::MAX)
    }

    /// The next piece of the word.
    #[inline]
    pub fn next(&mut self) -> Option<Piece> {
        if self.given == self.found { None } else { self.give() }
    }

    fn give(&mut self) -> Option<Piece> {
        let before = self.given.checked_sub(1).and_then(|before| self.pieces.get(before));
        let first = before.map_or(0, |&(_, letters)| usize::from(letters));
        let &(id, letters) = self.pieces.get(self.given)?;
        self.given += 1;
        let start = self.word.start + self.origins.get(first)?.0 as usize;
        let end = self.word.start + self.origins.get(usize::from(letters) - 1)?.1 as usize;
        Some(Piece { id, range: start..end, word: self.word.clone() })
    }
}

fn begins_char(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}
