//! Decodes text. UTF-8 is in every build; `legacy` has the other encodings.

#[cfg(feature = "charsets")]
mod legacy;

use std::borrow::Cow;

use crate::error::Result;

/// The minimum number of characters for each control character in text. Terminal logs have twice as many.
const MIN_CHARS_PER_CONTROL: usize = 100;

/// Decodes text of an unknown encoding; None if the bytes are not text.
///
/// # Errors
///
/// As [`decode`].
pub(super) fn decode_text(bytes: &[u8]) -> Result<Option<Cow<'_, str>>> {
    Ok(Some(decode(bytes, None)?).filter(|text| !is_binary(text)))
}

/// Decodes bytes. In this order: as UTF-8 if they are valid UTF-8; by their byte order mark; as UTF-16 without one if
/// every second byte is zero; as the encoding with the name `declared`; by a guess.
///
/// # Errors
///
/// `NotIncluded` if the text is not UTF-8 and this build has no other encodings.
pub(super) fn decode<'a>(bytes: &'a [u8], declared: Option<&str>) -> Result<Cow<'a, str>> {
    match decode_utf_8(bytes) {
        Some(text) => Ok(Cow::Borrowed(text)),
        None => decode_legacy(bytes, declared).map(Cow::Owned),
    }
}

/// Bytes that are UTF-8 as text; None for other encodings.
fn decode_utf_8(bytes: &[u8]) -> Option<&str> {
    let without_bom = bytes.strip_prefix(b"\xef\xbb\xbf");
    let text = std::str::from_utf8(without_bom.unwrap_or(bytes)).ok()?;
    (without_bom.is_some() || !text.contains('\0')).then_some(text)
}

#[cfg(feature = "charsets")]
fn decode_legacy(bytes: &[u8], declared: Option<&str>) -> Result<String> {
    Ok(legacy::decode(bytes, declared))
}

#[cfg(not(feature = "charsets"))]
fn decode_legacy(_bytes: &[u8], _declared: Option<&str>) -> Result<String> {
    Err(crate::error::Error::not_included("text that is not UTF-8", "charsets"))
}

/// The ASCII characters of a text that is not UTF-8, with a letter in the place of every other one: formats are recognised
/// by ASCII alone. Only of the beginning.
#[cfg(any(test, not(feature = "charsets")))]
pub(super) fn ascii_of(bytes: &[u8]) -> Vec<u8> {
    const HEAD_BYTES: usize = 64 * 1024;
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let pairs = head.as_chunks::<2>().0;
    // In UTF-16 without a byte order mark, most of every second byte are zero, as in Western texts.
    let is_wide = |mark: [u8; 2], is_zero: fn(&[u8; 2]) -> bool| {
        let zeros = pairs.iter().filter(|pair| is_zero(pair)).count();
        head.starts_with(&mark) || (pairs.len() >= 4 && zeros * 10 > pairs.len() * 7)
    };
    let ascii = |unit: u16| match unit {
        0..0x80 => u8::try_from(unit).unwrap_or(b'x'),
        // The byte order mark.
        0xfeff => b' ',
        _ => b'x',
    };
    if is_wide([0xff, 0xfe], |[low, high]| *low != 0 && *high == 0) {
        pairs.iter().map(|pair| ascii(u16::from_le_bytes(*pair))).collect()
    } else if is_wide([0xfe, 0xff], |[high, low]| *high == 0 && *low != 0) {
        pairs.iter().map(|pair| ascii(u16::from_be_bytes(*pair))).collect()
    } else {
        head.iter().map(|byte| ascii((*byte).into())).collect()
    }
}

/// Whether the control characters of decoded text show that it was binary data.
pub(super) fn is_binary(text: &str) -> bool {
    let controls = text.chars().filter(|c| is_binary_char(*c)).count();
    controls * MIN_CHARS_PER_CONTROL > text.chars().count()
}

fn is_binary_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '\x1b' | '\u{85}' => false,
        char::REPLACEMENT_CHARACTER => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        let utf_16: Vec<u8> = "Grüße aus".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_bom: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("Grüße".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for (bytes, expected) in [
            (&b"plain"[..], Some("plain")),
            ("Grüße".as_bytes(), Some("Grüße")),
            (b"\xef\xbb\xbfmarked", Some("marked")),
            (b"Mit freundlichen Gr\xfc\xdfen, Ihre Buchhaltung", Some("Mit freundlichen Grüßen, Ihre Buchhaltung")),
            (&utf_16, Some("Grüße aus")),
            (&with_bom, Some("Grüße")),
            (b"\x00\x01\x02\x03 binary \x80\x81", None),
        ] {
            assert_eq!(decode_text(bytes).unwrap().as_deref(), expected);
        }
    }

    #[test]
    fn other_encodings_have_the_same_ascii() {
        let text = "<html>Grüße";
        let units = || text.encode_utf16();
        let marked: Vec<u8> = [0xfe, 0xff].into_iter().chain(units().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(ascii_of(&units().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), b"<html>Grxxe");
        assert_eq!(ascii_of(&marked), b" <html>Grxxe");
        assert_eq!(ascii_of(b"<html>Gr\xfc\xdfe"), b"<html>Grxxe");
        assert!(is_binary(&String::from_utf8(ascii_of(b"\x00\x01\x02\x03 binary \x80\x81")).unwrap()));
    }
}
