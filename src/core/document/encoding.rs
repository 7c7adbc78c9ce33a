//! Decodes text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The number of bytes from which an unknown encoding is guessed: enough for the statistics to settle, and the guess
/// takes less than a millisecond per megabyte of text.
const GUESS_BYTES: usize = 256 * 1024;

/// The maximum share of control characters in text: one in a hundred. Terminal logs reach half of it.
const MAX_CONTROL_SHARE: usize = 100;

/// Decodes text of an unknown encoding; None if the bytes are not text.
pub(super) fn decode_text(bytes: &[u8]) -> Option<String> {
    reject_binary(decode(bytes, None))
}

/// Decoded text; None if its control characters show that it was binary data.
pub(super) fn reject_binary(text: String) -> Option<String> {
    let controls = text.chars().filter(|c| is_binary(*c)).count();
    let length = text.chars().count();
    (controls * MAX_CONTROL_SHARE <= length).then_some(text)
}

/// The text that [`decode`] returns for UTF-8, without encoding tables; None for other encodings.
pub(super) fn decode_utf_8(bytes: &[u8]) -> Option<&str> {
    let without_bom = bytes.strip_prefix(b"\xef\xbb\xbf");
    let text = std::str::from_utf8(without_bom.unwrap_or(bytes)).ok()?;
    (without_bom.is_some() || !text.contains('\0')).then_some(text)
}

/// Decodes bytes by their byte order mark, else as valid UTF-8, else as `declared`, else by a guess.
pub(super) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    if let Some((encoding, bom_length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(bom_length..).unwrap_or_default()).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains('\0')
    {
        return text.to_owned();
    }
    let encoding = guess_utf_16_without_bom(bytes).or(declared).unwrap_or_else(|| guess(bytes));
    // A declaration of UTF-8 was disproved above.
    let encoding = if encoding == UTF_8 { guess(bytes) } else { encoding };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let head = bytes.get(..GUESS_BYTES).unwrap_or(bytes);
    detector.feed(head, true);
    // Cut or damaged UTF-8 still counts as UTF-8 if nearly all of it decodes.
    let lossy = String::from_utf8_lossy(head);
    let undecoded = lossy.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let non_ascii = lossy.chars().filter(|c| !c.is_ascii()).count();
    if undecoded * 10 < non_ascii { UTF_8 } else { detector.guess(None, Utf8Detection::Deny) }
}

/// Detects UTF-16: in Western text, every second byte is zero.
fn guess_utf_16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.get(..4096).unwrap_or(bytes).as_chunks::<2>().0;
    let threshold = pairs.len() * 7 / 10;
    let count = |zero: fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| zero(pair)).count();
    match () {
        () if pairs.len() < 4 => None,
        () if count(|[low, high]| *low != 0 && *high == 0) > threshold => Some(UTF_16LE),
        () if count(|[high, low]| *high == 0 && *low != 0) > threshold => Some(UTF_16BE),
        () => None,
    }
}

fn is_binary(c: char) -> bool {
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
            assert_eq!(decode_text(bytes).as_deref(), expected);
        }
    }
}
