//! Edits: what a case does to a seed. proptest generates them and, once a case fails, takes away those that are not
//! needed.

use proptest::{collection::vec, prelude::*, sample::select};

/// Inputs grow no further: more of the same finds nothing new, and takes time that other cases could have.
pub const MAX_BYTES: usize = 256 * 1024;

/// What an edit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    FlipBit,
    Overwrite,
    Insert,
    Delete,
    Repeat,
    Truncate,
    Token,
    ReplaceByToken,
    Number,
    Binary,
    Character,
    Splice,
    Move,
}

const KINDS: [Kind; 13] = [
    Kind::FlipBit,
    Kind::Overwrite,
    Kind::Insert,
    Kind::Delete,
    Kind::Repeat,
    Kind::Truncate,
    Kind::Token,
    Kind::ReplaceByToken,
    Kind::Number,
    Kind::Binary,
    Kind::Character,
    Kind::Splice,
    Kind::Move,
];

/// One edit. Its numbers mean something relative to what is edited, so that it fits every seed.
#[derive(Debug, Clone)]
pub struct Edit {
    pub kind: Kind,
    /// Which part, of an input that has parts.
    pub part: u32,
    /// Where.
    pub at: u32,
    /// How many bytes.
    pub length: usize,
    /// Which value, of those of its kind.
    pub value: u32,
}

/// A case: a seed, edits inside its parts, and edits of the whole; or bytes of no seed.
#[derive(Debug, Clone)]
pub enum Case {
    Edited { seed: u32, other: u32, inside: Vec<Edit>, outside: Vec<Edit> },
    Tokens(Vec<(u32, u8)>),
    Random(Vec<u8>),
}

fn edits(max: usize) -> impl Strategy<Value = Vec<Edit>> {
    let length = prop_oneof![6 => 0..16_usize, 3 => 16..256_usize, 1 => 256..8192_usize];
    let edit = (select(&KINDS[..]), any::<u32>(), any::<u32>(), length, any::<u32>());
    vec(edit.prop_map(|(kind, part, at, length, value)| Edit { kind, part, at, length, value }), 0..=max)
}

/// All cases.
pub fn cases() -> impl Strategy<Value = Case> {
    let seeds = || (any::<u32>().no_shrink(), any::<u32>().no_shrink());
    let edited = |inside: usize, outside: usize| {
        (seeds(), edits(inside), edits(outside)).prop_map(|((seed, other), inside, outside)| Case::Edited {
            seed,
            other,
            inside,
            outside,
        })
    };
    prop_oneof![
        8 => edited(4, 0),
        2 => edited(24, 0),
        6 => edited(0, 4),
        2 => edited(3, 3),
        1 => vec(any::<(u32, u8)>(), 0..64).prop_map(Case::Tokens),
        1 => vec(any::<u8>(), 0..512).prop_map(Case::Random),
    ]
}

/// What edits can put into an input.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// Words of the format.
    pub dictionary: &'a [&'a [u8]],
    /// Another seed.
    pub other: &'a [u8],
}

/// Numbers at which something may overflow, end, or mean something else.
const NUMBERS: [&str; 20] = [
    "0",
    "-1",
    "1",
    "00000000000",
    "127",
    "255",
    "256",
    "32768",
    "65535",
    "65536",
    "2147483647",
    "-2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "340282366920938463463374607431768211456",
    "1e308",
    "0.0000000000000000000000000000000000000000000001",
];

/// Characters that are longer, shorter or stranger than letters; the last bytes are no characters.
const CHARACTERS: [&[u8]; 24] = [
    b"\0",
    b"\t",
    b"\r",
    b"\n",
    b"\x0c",
    b"\x1b",
    b"\x7f",
    "\u{85}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{ad}".as_bytes(),
    "\u{130}".as_bytes(),
    "\u{df}".as_bytes(),
    "\u{301}".as_bytes(),
    "\u{200b}".as_bytes(),
    "\u{200d}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{fb01}".as_bytes(),
    "\u{1f468}\u{200d}\u{1f469}".as_bytes(),
    "\u{10ffff}".as_bytes(),
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf0\x9f",
];

/// Which of `count` things a number of an edit means.
pub fn pick(number: u32, count: usize) -> usize {
    number as usize % count.max(1)
}

/// The place in `length` bytes that a number of an edit means. High bits decide, so that places come nearer to the
/// beginning when proptest makes the number smaller.
fn place(number: u32, length: usize) -> usize {
    ((u64::from(number) * (length as u64 + 1)) >> 32) as usize
}

/// Applies an edit.
pub fn apply(bytes: &mut Vec<u8>, edit: &Edit, material: Material<'_>) {
    let at = place(edit.at, bytes.len());
    let end = (at + edit.length).min(bytes.len());
    let token = || material.dictionary.get(pick(edit.value, material.dictionary.len())).copied().unwrap_or_default();
    match edit.kind {
        Kind::FlipBit => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (edit.value % 8);
            }
        }
        Kind::Overwrite => noise(edit.value, &mut bytes[at..end]),
        Kind::Insert => {
            let mut inserted = vec![0; edit.length];
            noise(edit.value, &mut inserted);
            bytes.splice(at..at, inserted);
        }
        Kind::Delete => drop(bytes.drain(at..end)),
        Kind::Repeat => {
            let block = bytes[at..end].to_vec();
            let room = (MAX_BYTES.saturating_sub(bytes.len())) / block.len().max(1);
            // Mostly a few times, at times as often as there is room for.
            let count = if edit.value.is_multiple_of(8) {
                room.min(edit.value as usize >> 16)
            } else {
                room.min(pick(edit.value, 64))
            };
            bytes.splice(end..end, block.repeat(count));
        }
        Kind::Truncate => {
            if edit.value.is_multiple_of(4) {
                bytes.drain(..at);
            } else {
                bytes.truncate(at);
            }
        }
        Kind::Token => drop(bytes.splice(at..at, token().iter().copied())),
        Kind::ReplaceByToken => drop(bytes.splice(at..end, token().iter().copied())),
        Kind::Number => number(bytes, at, NUMBERS[pick(edit.value, NUMBERS.len())]),
        Kind::Binary => binary(bytes, at, edit.value),
        Kind::Character => {
            let character = CHARACTERS[pick(edit.value, CHARACTERS.len())];
            bytes.splice(at..at, character.repeat(1 + edit.length / 16));
        }
        Kind::Splice => {
            let from = place(edit.value, material.other.len());
            let to = (from + 4 * edit.length).min(material.other.len());
            bytes.splice(at..end, material.other[from..to].iter().copied());
        }
        Kind::Move => {
            let moved: Vec<_> = bytes.drain(at..end).collect();
            let to = place(edit.value, bytes.len());
            bytes.splice(to..to, moved);
        }
    }
    bytes.truncate(MAX_BYTES);
}

/// Applies edits in turn.
pub fn apply_all(bytes: &mut Vec<u8>, edits: &[Edit], material: Material<'_>) {
    for edit in edits {
        apply(bytes, edit, material);
    }
}

/// Fills `bytes` from a number (xorshift). Half of the time with one byte, because runs are what compressors and
/// counters stumble over.
fn noise(value: u32, bytes: &mut [u8]) {
    let mut state = value | 1;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *byte = if value.is_multiple_of(2) { (value >> 8) as u8 } else { state as u8 };
    }
}

/// Replaces the first number at or after `at`.
fn number(bytes: &mut Vec<u8>, at: usize, text: &str) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes[at..].iter().position(is_digit).map(|start| at + start) else { return };
    let end = bytes[start..].iter().position(|byte| !is_digit(byte)).map_or(bytes.len(), |length| start + length);
    bytes.splice(start..end, text.bytes());
}

/// Puts an extreme integer of one to eight bytes in place.
fn binary(bytes: &mut [u8], at: usize, value: u32) {
    const VALUES: [u64; 8] = [0, 1, 0x7f, 0x80, u64::MAX, u64::MAX - 1, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000];
    let number = VALUES[pick(value, VALUES.len())];
    let width = 1 << ((value >> 8) % 4);
    let (little, big) = (number.to_le_bytes(), number.to_be_bytes());
    let encoded = if (value >> 16).is_multiple_of(2) { &little[..width] } else { &big[8 - width..] };
    for (byte, new) in bytes[at..].iter_mut().zip(encoded) {
        *byte = *new;
    }
}
