//! The vocabulary file, used where it lies: nothing is built, copied or allocated. `src/train/vocabulary.py` writes it
//! and describes its layout; the constants here repeat that description, and the tests hold the two together.

use super::PieceId;

static FILE: &[u8] = include_bytes!("../vocabulary.bin");

const PIECES_AT: usize = 6;
const UNKNOWN_AT: usize = 8;
const LONGEST_AT: [usize; 2] = [10, 11];
const BLOCKS_AT: usize = 12;
const ALONE_AT: usize = 14;
const PAIRS_AT: usize = 16;
const HEADER: usize = 18;

/// Pieces of a bucket on average.
const BUCKET: usize = 4;
/// Characters of a block of forms.
const BLOCK: usize = 128;

/// How many pieces there are; ids are smaller.
pub const PIECES: usize = short(PIECES_AT) as usize;

/// The piece of a word that cannot be spelled with pieces.
pub const UNKNOWN: PieceId = PieceId(short(UNKNOWN_AT));

const FIRST_GROUPS: usize = byte(LONGEST_AT[0]) as usize;
const LATER_GROUPS: usize = byte(LONGEST_AT[1]) as usize;
const ALL_GROUPS: usize = FIRST_GROUPS + LATER_GROUPS;

/// The pieces of one length on one side, beginning a word or continuing it.
#[derive(Clone, Copy)]
struct Group {
    first: u16,
    slots: u16,
    buckets: u16,
    length: u8,
    pilots_at: usize,
    text_at: usize,
}

static GROUPS: [Group; ALL_GROUPS] = groups();

const FORMS: Forms = forms();

/// Where the parts that say what becomes of a character begin.
struct Forms {
    alone_at: usize,
    pairs_at: usize,
    block_of_at: usize,
    blocks_at: usize,
    end: usize,
}

const fn forms() -> Forms {
    let mut alone_at = HEADER + 2 * ALL_GROUPS;
    let mut group = 0;
    while group < ALL_GROUPS {
        alone_at += 2 * (short(HEADER + 2 * group) as usize).div_ceil(BUCKET);
        group += 1;
    }
    let pairs_at = alone_at + 2 * short(ALONE_AT) as usize;
    let block_of_at = pairs_at + 4 * short(PAIRS_AT) as usize;
    let blocks_at = block_of_at + (char::MAX as usize + 1) / BLOCK;
    Forms { alone_at, pairs_at, block_of_at, blocks_at, end: blocks_at + 2 * BLOCK * short(BLOCKS_AT) as usize }
}

const fn groups() -> [Group; ALL_GROUPS] {
    let mut groups = [Group { first: 0, slots: 0, buckets: 0, length: 0, pilots_at: 0, text_at: 0 }; ALL_GROUPS];
    let (mut first, mut pilots_at, mut text_at) = (0, HEADER + 2 * ALL_GROUPS, FORMS.end);
    let (mut at, mut rest) = (0, groups.as_mut_slice());
    while let Some((group, after)) = rest.split_first_mut() {
        let slots = short(HEADER + 2 * at);
        let buckets = slots.div_ceil(BUCKET as u16);
        let length = if at < FIRST_GROUPS { at + 1 } else { at - FIRST_GROUPS + 1 };
        *group = Group { first, slots, buckets, length: length as u8, pilots_at, text_at };
        first += slots;
        pilots_at += 2 * buckets as usize;
        text_at += length * slots as usize;
        (at, rest) = (at + 1, after);
    }
    groups
}

/// The bytes at a place of the file; zeros beyond its end, where nothing looks.
#[inline]
const fn bytes<const N: usize>(at: usize) -> [u8; N] {
    if let Some((_, rest)) = FILE.split_at_checked(at)
        && let Some(bytes) = rest.first_chunk()
    {
        *bytes
    } else {
        [0; N]
    }
}

const fn byte(at: usize) -> u8 {
    u8::from_le_bytes(bytes(at))
}

const fn short(at: usize) -> u16 {
    u16::from_le_bytes(bytes(at))
}

/// A piece's place in its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Later,
}

impl Side {
    /// Bytes of its longest piece.
    pub const fn longest(self) -> usize {
        match self {
            Self::First => FIRST_GROUPS,
            Self::Later => LATER_GROUPS,
        }
    }
}

/// Up to 24 bytes of a word in lower case, the first one lowest, zeros after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub low: u64,
    pub high: u64,
    pub tail: u64,
}

impl Key {
    /// Bytes a key holds.
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

    /// The first bytes of it.
    #[inline]
    pub fn prefix(self, length: usize) -> Self {
        Self {
            low: self.low & first_bytes(length),
            high: self.high & first_bytes(length.saturating_sub(8)),
            tail: self.tail & first_bytes(length.saturating_sub(16)),
        }
    }

    /// Two halves: one picks the bucket, the other, with the bucket's pilot, the slot.
    #[inline]
    fn hashed(self) -> (u32, u32) {
        let mixed = self.low ^ self.high.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        let mixed = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        ((mixed >> 32) as u32, mixed as u32)
    }
}

/// A mask of so many bytes, at most 8.
#[inline]
pub(super) fn first_bytes(count: usize) -> u64 {
    if count < 8 { (1 << (8 * count)) - 1 } else { u64::MAX }
}

/// The piece that is spelled so. `key` has `length` bytes.
#[inline]
pub(super) fn find(side: Side, key: Key, length: usize) -> Option<PieceId> {
    let groups = match side {
        Side::First => GROUPS.get(..FIRST_GROUPS),
        Side::Later => GROUPS.get(FIRST_GROUPS..),
    };
    let group = groups?.get(length.wrapping_sub(1))?;
    let (high, low) = key.hashed();
    let bucket = scaled(high, group.buckets);
    let pilot = u32::from(short(group.pilots_at + 2 * bucket));
    let slot = scaled((low ^ pilot).wrapping_mul(0x85EB_CA6B), group.slots);
    let text = Key::new(&bytes(group.text_at + slot * length)).prefix(length);
    (text == key && group.slots > 0).then(|| PieceId(group.first + slot as u16))
}

/// An evenly mixed number brought below `end`.
#[inline]
fn scaled(mixed: u32, end: u16) -> usize {
    ((u64::from(mixed) * u64::from(end)) >> 32) as usize
}

/// The text of a piece, without the `##` that continuations have elsewhere; nothing for an id that is none.
pub fn piece_text(id: PieceId) -> &'static str {
    let text = || {
        let group = group_of(id)?;
        let length = usize::from(group.length);
        FILE.get(group.text_at + length * usize::from(id.0 - group.first)..)?.get(..length)
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

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing: controls, invisible marks.
    Dropped,
    /// Nothing, but it belongs to the character before it.
    Accent,
    Space,
    /// Part of a word, and in no piece.
    Foreign,
    /// A word by itself, and no piece.
    ForeignAlone,
    /// A syllable, to be taken apart.
    Hangul,
    /// A word by itself: punctuation, a Chinese character.
    Alone(PieceId),
    Pair(char, char),
    /// A character of a word: lower case, no accent.
    Letter(char),
}

#[inline]
pub(super) fn form(c: char) -> Form {
    let code = c as usize;
    let block = usize::from(byte(FORMS.block_of_at + code / BLOCK));
    match short(FORMS.blocks_at + 2 * (block * BLOCK + code % BLOCK)) {
        0 => Form::Dropped,
        1 => Form::Accent,
        2 => Form::Space,
        3 => Form::Foreign,
        4 => Form::ForeignAlone,
        5 => Form::Hangul,
        alone @ 0xD800..0xE000 => Form::Alone(PieceId(short(FORMS.alone_at + 2 * usize::from(alone - 0xD800)))),
        pair @ 0xE000..0xE100 => {
            let at = FORMS.pairs_at + 4 * usize::from(pair - 0xE000);
            Form::Pair(letter(short(at)), letter(short(at + 2)))
        }
        code => Form::Letter(letter(code)),
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
    fn the_file_is_the_one_this_reads() {
        assert_eq!(FILE.get(..6), Some(b"SRVO\x01\0".as_slice()));
        let last = GROUPS.last().unwrap();
        let end = last.text_at + usize::from(last.length) * usize::from(last.slots);
        assert_eq!((usize::from(last.first + last.slots), FILE.len()), (PIECES, end + Key::BYTES));
        assert_eq!((piece_text(UNKNOWN), is_continuation(UNKNOWN)), ("[UNK]", false));
    }

    #[test]
    fn every_piece_is_found_by_its_text() {
        for id in (0..PIECES as u16).map(PieceId) {
            let text = piece_text(id).as_bytes();
            let side = if is_continuation(id) { Side::Later } else { Side::First };
            let mut padded = [0; Key::BYTES];
            padded[..text.len()].copy_from_slice(text);
            assert_eq!(find(side, Key::new(&padded), text.len()), Some(id));
        }
        assert_eq!(piece_text(PieceId(PIECES as u16)), "");
    }
}
