//! Decodes text in encodings other than UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The number of bytes from which an unknown encoding is guessed: enough for the statistics to settle, and the guess
/// takes less than a millisecond per megabyte of text.
const GUESS_BYTES: usize = 256 * 1024;

/// Decodes bytes that are not UTF-8 text. In this order: by their byte order mark; as UTF-16 without one if every
/// second byte is zero; as the encoding with the name `declared`; by a guess.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    if let Some((encoding, bom_length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(bom_length..).unwrap_or_default()).0.into_owned();
    }
    let declared = declared.and_then(|name| Encoding::for_label(name.as_bytes()));
    let encoding = guess_utf_16_without_bom(bytes).or(declared).unwrap_or_else(|| guess(bytes));
    // The caller has found that the bytes are not valid UTF-8, so a declaration of UTF-8 is wrong.
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
