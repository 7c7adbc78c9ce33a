//! Ids as letters and digits only: the 128 bits of a UUID in base 36, 25 characters.
//!
//! Two of the dialects have ids like this, which clients may use in names of files and variables.

use std::{fmt::Display, str::FromStr};

use serde_json::Value;
use uuid::Uuid;

use crate::validate::shape::Read;

/// 36^25 > 2^128 > 36^24.
const DIGITS: u32 = 25;

/// Encodes an id.
pub fn encode(id: &impl Display) -> String {
    // Every id in this crate displays as a UUID.
    let mut number = Uuid::try_parse(&id.to_string()).map(|id| id.as_u128()).unwrap_or_default();
    let mut digits: Vec<char> = Vec::new();
    for _ in 0..DIGITS {
        let digit = u32::try_from(number % 36).ok().and_then(|digit| char::from_digit(digit, 36));
        digits.push(digit.unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

/// Encodes an id, with a prefix and `_` in front.
pub fn encode_with_prefix(prefix: &str, id: &impl Display) -> String {
    format!("{prefix}_{}", encode(id))
}

/// Reads an id, with any prefix or none, as [`encode`] writes it or as a UUID.
pub fn decode<T: FromStr>(text: &str) -> Option<T> {
    if let Ok(id) = text.parse() {
        return Some(id);
    }
    let bare = text.rsplit_once('_').map_or(text, |(_, bare)| bare);
    if u32::try_from(bare.len()) == Ok(DIGITS) && bare.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Uuid::from_u128(u128::from_str_radix(bare, 36).ok()?).to_string().parse().ok();
    }
    // With the prefix of another dialect: three letters and `-`.
    text.split_once('-').filter(|(prefix, _)| prefix.len() == 3).and_then(|(_, bare)| bare.parse().ok())
}

/// An id of the input, in any of its formats.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: FromStr> Read for Id<T> {
    fn read(value: Option<&Value>) -> Option<Self> {
        decode(value?.as_str()?).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::FileId;

    #[test]
    fn encodes_and_decodes() {
        for byte in [0, 7, 255] {
            let id = FileId::from_bytes([byte; 16]);
            assert_eq!(encode(&id).len(), 25);
            for text in [encode(&id), encode_with_prefix("file", &id), id.to_string(), format!("dfl-{id}")] {
                assert_eq!(decode::<FileId>(&text), Some(id), "{text}");
            }
        }
        for text in ["", "null", "file_", "zzzzzzzzzzzzzzzzzzzzzzzzz", "+0000000000000000000000000", "f45sz0ho8rcl"] {
            assert_eq!(decode::<FileId>(text), None, "{text}");
        }
    }
}
