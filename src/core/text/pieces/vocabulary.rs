//! The vocabulary file, used in place: nothing is built, copied or allocated. `src/train/vocabulary.py` writes it and
//! describes its layout; the constants here repeat that description, and the tests check that they match the file.

use super::PieceId;

static FILE: &[u8] = include_bytes!("../vocabulary.bin");

const PIECES_OFFSET: usize = 6;
const UNKNOWN_OFFSET: usize = 8;
const LONGEST_OFFSETS: [usize; 2] = [10, 11];
const BLOCKS_OFFSET: usize = 12;
const ALONE_OFFSET: usize = 14;
const PAIRS_OFFSET: usize = 16;
const HEADER: usize = 18;

/// Pieces per bucket, on average.
const BUCKET: usize = 4;
/// Characters per block of the table of character classes.
const BLOCK: usize = 128;

/// The number of pieces.
pub const PIECES: usize = read_u16(PIECES_OFFSET) as usize;

/// The piece for a word that cannot be split into pieces.
pub const UNKNOWN: PieceId = PieceId(read_u16(UNKNOWN_OFFSET));

const FIRST_GROUPS: usize = read_u8(LONGEST_OFFSETS[0]) as usize;
const LATER_GROUPS: usize = read_u8(LONGEST_OFFSETS[1]) as usize;
const ALL_GROUPS: usize = FIRST_GROUPS + LATER_GROUPS;

/// The pieces of one length that begin a word, or that continue one.
#[derive(Clone, Copy)]
struct Group {
    first: u16,
    slots: u16,
    buckets: u16,
    length: u8,
    pilots_offset: usize,
    text_offset: usize,
}

static GROUPS: [Group; ALL_GROUPS] = groups();

const CHAR_TABLES: CharTables = char_tables();

/// The offsets of the tables of character classes.
struct CharTables {
    alone_offset: usize,
    pairs_offset: usize,
    block_indexes_offset: usize,
    blocks_offset: usize,
    end: usize,
}

const fn char_tables() -> CharTables {
    let mut alone_offset = HEADER + 2 * ALL_GROUPS;
    let mut group = 0;
    while group < ALL_GROUPS {
        alone_offset += 2 * (read_u16(HEADER + 2 * group) as usize).div_ceil(BUCKET);
        group += 1;
    }
    let pairs_offset = alone_offset + 2 * read_u16(ALONE_OFFSET) as usize;
    let block_indexes_offset = pairs_offset + 4 * read_u16(PAIRS_OFFSET) as usize;
    let blocks_offset = block_indexes_offset + (char::MAX as usize + 1) / BLOCK;
    CharTables {
        alone_offset,
        pairs_offset,
        block_indexes_offset,
        blocks_offset,
        end: blocks_offset + 2 * BLOCK * read_u16(BLOCKS_OFFSET) as usize,
    }
}

const fn groups() -> [Group; ALL_GROUPS] {
    let mut groups =
        [Group { first: 0, slots: 0, buckets: 0, length: 0, pilots_offset: 0, text_offset: 0 }; ALL_GROUPS];
    let (mut first, mut pilots_offset, mut text_offset) = (0, HEADER + 2 * ALL_GROUPS, CHAR_TABLES.end);
    let (mut index, mut rest) = (0, groups.as_mut_slice());
    while let Some((group, after)) = rest.split_first_mut() {
        let slots = read_u16(HEADER + 2 * index);
        let buckets = slots.div_ceil(BUCKET as u16);
        let length = if index < FIRST_GROUPS { index + 1 } else { index - FIRST_GROUPS + 1 };
        *group = Group { first, slots, buckets, length: length as u8, pilots_offset, text_offset };
        first += slots;
        pilots_offset += 2 * buckets as usize;
        text_offset += length * slots as usize;
        (index, rest) = (index + 1, after);
    }
    groups
}

/// The bytes of the file at `offset`; zeros beyond its end, which no caller reads.
#[inline]
const fn read_bytes<const N: usize>(offset: usize) -> [u8; N] {
    if let Some((_, rest)) = FILE.split_at_checked(offset)
        && let Some(bytes) = rest.first_chunk()
    {
        *bytes
    } else {
        [0; N]
    }
}

const fn read_u8(offset: usize) -> u8 {
    u8::from_le_bytes(read_bytes(offset))
}

const fn read_u16(offset: usize) -> u16 {
    u16::from_le_bytes(read_bytes(offset))
}

/// The position of a piece in its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    First,
    Later,
}

impl Position {
    /// The bytes of the longest piece in this position.
    pub const fn longest(self) -> usize {
        match self {
            Self::First => FIRST_GROUPS,
            Self::Later => LATER_GROUPS,
        }
    }
}

/// Up to 24 bytes of a word in lower case, little-endian, zeros after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub low: u64,
    pub high: u64,
    pub tail: u64,
}

impl Key {
    /// The bytes that a key holds.
    pub const BYTES: usize = 24;

    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        let (words, _) = bytes.as_chunks();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        let mut word = || words.next().unwrap_or_default();
        Self { low: word(), high: word(), tail: word() }
    }

    pub fn bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (words, _) = bytes.as_chunks_mut();
        words.iter_mut().zip([self.low, self.high, self.tail]).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
        bytes
    }

    /// Its first `length` bytes.
    #[inline]
    pub fn prefix(self, length: usize) -> Self {
        Self {
            low: self.low & byte_mask(length),
            high: self.high & byte_mask(length.saturating_sub(8)),
            tail: self.tail & byte_mask(length.saturating_sub(16)),
        }
    }

    /// Two hashes: the first selects the bucket, the second, with the bucket's pilot, the slot.
    #[inline]
    fn hashes(self) -> (u32, u32) {
        let mixed = self.low ^ self.high.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        let mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        ((mixed >> 32) as u32, mixed as u32)
    }
}

/// A mask of the lowest `count` bytes, at most 8.
#[inline]
pub(super) fn byte_mask(count: usize) -> u64 {
    if count < 8 { (1 << (8 * count)) - 1 } else { u64::MAX }
}

/// The piece whose text is `key`, which has `length` bytes.
#[inline]
pub(super) fn find(position: Position, key: Key, length: usize) -> Option<PieceId> {
    let groups = match position {
        Position::First => GROUPS.get(..FIRST_GROUPS),
        Position::Later => GROUPS.get(FIRST_GROUPS..),
    };
    let group = groups?.get(length.wrapping_sub(1))?;
    let (high, low) = key.hashes();
    let bucket = reduce(high, group.buckets);
    let pilot = u32::from(read_u16(group.pilots_offset + 2 * bucket));
    let slot = reduce((low ^ pilot).wrapping_mul(0x85EB_CA6B), group.slots);
    let text = Key::new(&read_bytes(group.text_offset + slot * length)).prefix(length);
    (text == key && group.slots > 0).then(|| PieceId(group.first + slot as u16))
}

/// Maps a uniform hash to a number below `end`.
#[inline]
fn reduce(mixed: u32, end: u16) -> usize {
    ((u64::from(mixed) * u64::from(end)) >> 32) as usize
}

/// The text of a piece, without the `##` that continuations have in BERT; empty for an invalid id.
pub fn piece_text(id: PieceId) -> &'static str {
    let text = || {
        let group = group_of(id)?;
        let length = usize::from(group.length);
        FILE.get(group.text_offset + length * usize::from(id.0 - group.first)..)?.get(..length)
    };
    std::str::from_utf8(text().unwrap_or_default()).unwrap_or_default()
}

/// Whether a piece continues a word.
pub fn is_continuation(id: PieceId) -> bool {
    GROUPS.get(FIRST_GROUPS).is_some_and(|group| id.0 >= group.first)
}

fn group_of(id: PieceId) -> Option<&'static Group> {
    GROUPS.iter().rfind(|group| id.0 >= group.first).filter(|group| id.0 - group.first < group.slots)
}

/// How a character is normalized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharClass {
    /// It is dropped: control characters, invisible marks.
    Dropped,
    /// It is dropped, but belongs to the range of the character before it.
    Accent,
    Space,
    /// Part of a word, but in no piece.
    Unknown,
    /// A word by itself, but not a piece.
    UnknownAlone,
    /// A syllable, to be decomposed.
    Hangul,
    /// A word by itself: punctuation, a Chinese character.
    Alone(PieceId),
    /// A character that decomposes into two.
    Pair(char, char),
    /// A character of a word: lower case, no accent.
    Letter(char),
}

#[inline]
pub(super) fn char_class(c: char) -> CharClass {
    let code = c as usize;
    let block = usize::from(read_u8(CHAR_TABLES.block_indexes_offset + code / BLOCK));
    match read_u16(CHAR_TABLES.blocks_offset + 2 * (block * BLOCK + code % BLOCK)) {
        0 => CharClass::Dropped,
        1 => CharClass::Accent,
        2 => CharClass::Space,
        3 => CharClass::Unknown,
        4 => CharClass::UnknownAlone,
        5 => CharClass::Hangul,
        alone @ 0xD800..0xE000 => {
            CharClass::Alone(PieceId(read_u16(CHAR_TABLES.alone_offset + 2 * usize::from(alone - 0xD800))))
        }
        pair @ 0xE000..0xE100 => {
            let offset = CHAR_TABLES.pairs_offset + 4 * usize::from(pair - 0xE000);
            CharClass::Pair(letter(read_u16(offset)), letter(read_u16(offset + 2)))
        }
        code => CharClass::Letter(letter(code)),
    }
}

#[inline]
fn letter(code: u16) -> char {
    char::from_u32(u32::from(code)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_matches_the_constants() {
        assert_eq!(FILE.get(..6), Some(b"SRVO\x01\0".as_slice()));
        let last = GROUPS.last().unwrap();
        let end = last.text_offset + usize::from(last.length) * usize::from(last.slots);
        assert_eq!((usize::from(last.first + last.slots), FILE.len()), (PIECES, end + Key::BYTES));
        assert_eq!((piece_text(UNKNOWN), is_continuation(UNKNOWN)), ("[UNK]", false));
    }

    #[test]
    fn every_piece_is_found_by_its_text() {
        for id in (0..PIECES as u16).map(PieceId) {
            let text = piece_text(id).as_bytes();
            let position = if is_continuation(id) { Position::Later } else { Position::First };
            let mut padded = [0; Key::BYTES];
            padded[..text.len()].copy_from_slice(text);
            assert_eq!(find(position, Key::new(&padded), text.len()), Some(id));
        }
        assert_eq!(piece_text(PieceId(PIECES as u16)), "");
    }
}
