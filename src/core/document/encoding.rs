//! Bytes to characters.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How many bytes the guess of an unknown encoding looks at: enough for every statistic to settle, and it keeps
/// the guess below a millisecond per megabyte of text.
const GUESS_BYTES: usize = 256 * 1024;

/// The share of control characters above which text is not text: one in a hundred. Terminal logs reach half of it.
const MAX_CONTROL_SHARE: usize = 100;

/// Decodes text of an unknown encoding; nothing when the bytes are no text.
pub(super) fn decode_text(bytes: &[u8]) -> Option<String> {
    text(decode(bytes, None))
}

/// What was decoded, unless it is no text.
pub(super) fn text(text: String) -> Option<String> {
    let controls = text.chars().filter(|c| is_binary(*c)).count();
    let length = text.chars().count();
    (controls * MAX_CONTROL_SHARE <= length).then_some(text)
}

/// What [`decode`] makes of UTF-8, which takes no table; nothing for anything else.
pub(super) fn utf_8(bytes: &[u8]) -> Option<&str> {
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
    let text = std::str::from_utf8(marked.unwrap_or(bytes)).ok()?;
    (marked.is_some() || !text.contains('\0')).then_some(text)
}

/// Decodes bytes: by their byte order mark, else as UTF-8 where they are UTF-8, else as `declared`, else by a guess.
pub(super) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains('\0')
    {
        return text.to_owned();
    }
    let encoding = utf_16_without_mark(bytes).or(declared).unwrap_or_else(|| guess(bytes));
    // A declaration of UTF-8 was disproved above.
    let encoding = if encoding == UTF_8 { guess(bytes) } else { encoding };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let head = bytes.get(..GUESS_BYTES).unwrap_or(bytes);
    detector.feed(head, true);
    // Cut or damaged UTF-8 is still UTF-8 when nearly all of it decodes.
    let lossy = String::from_utf8_lossy(head);
    let broken = lossy.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let wide = lossy.chars().filter(|c| !c.is_ascii()).count();
    if broken * 10 < wide { UTF_8 } else { detector.guess(None, Utf8Detection::Deny) }
}

/// UTF-16 of Western text has a zero in every second byte.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.get(..4096).unwrap_or(bytes).as_chunks::<2>().0;
    let most = pairs.len() * 7 / 10;
    let count = |zero: fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| zero(pair)).count();
    match () {
        () if pairs.len() < 4 => None,
        () if count(|[low, high]| *low != 0 && *high == 0) > most => Some(UTF_16LE),
        () if count(|[high, low]| *high == 0 && *low != 0) > most => Some(UTF_16BE),
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
        let marked: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("Grüße".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for (bytes, expected) in [
            (&b"plain"[..], Some("plain")),
            ("Grüße".as_bytes(), Some("Grüße")),
            (b"\xef\xbb\xbfmarked", Some("marked")),
            (b"Mit freundlichen Gr\xfc\xdfen, Ihre Buchhaltung", Some("Mit freundlichen Grüßen, Ihre Buchhaltung")),
            (&utf_16, Some("Grüße aus")),
            (&marked, Some("Grüße")),
            (b"\x00\x01\x02\x03 binary \x80\x81", None),
        ] {
            assert_eq!(decode_text(bytes).as_deref(), expected);
        }
    }
}
