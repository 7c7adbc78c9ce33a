//! Streams that would fill the memory are found before anything inflates them.
//!
//! hayro inflates whole streams, without a bound. Deflate grows at most 1,032 times, so only streams that are long
//! enough, or packed more than once, can pass the bound; those are inflated once to nowhere, up to the bound.
//! Pictures may be as large as they like: nothing inflates them, see [`is_picture`].
//!
//! Encrypted streams are not seen through, and LZW and run-length streams are not looked at: they grow less, and
//! rarely in chains. What passes here and still grows past the memory ends the instance, not the service.

use std::io::Read;

use flate2::read::ZlibDecoder;
use hayro_syntax::object::{Dict, Name};

use crate::document::bytes::{count, find, rfind};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// How many times deflate can grow.
const MAX_DEFLATE_RATIO: u64 = 1_032;

/// How far before a stream its dictionary is looked for.
const DICTIONARY_WITHIN: usize = 1_024;

/// What looking at a stream, and beginning to inflate one, counts besides its bytes.
const LOOK_COST: u64 = 4 * 1024;
const INFLATE_COST: u64 = 64 * 1024;

/// Fails when the file holds a stream that inflates past the bound, more objects than it may, or more streams than can
/// be looked at.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let mut work = limits::MAX_CHECKED_BYTES;
    if objects(bytes) > limits::MAX_OBJECTS {
        return Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The PDF has more than {} objects", limits::MAX_OBJECTS),
        ));
    }
    match holds_past(bytes, limits::MAX_STREAM_BYTES, &mut work) {
        Some(false) => Ok(()),
        Some(true) => Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The PDF holds a stream of more than {} MiB", limits::MAX_STREAM_BYTES / limits::MIB),
        )),
        None => Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The streams of the PDF hold more than {} MiB", limits::MAX_CHECKED_BYTES / limits::MIB),
        )),
    }
}

fn objects(bytes: &[u8]) -> usize {
    // "endobj" is no beginning.
    count(bytes, b" obj")
}

/// Whether a stream says that it is a picture. One that does is not read as anything else: only so may it be large.
pub(super) fn is_picture(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Image")
}

/// Whether a stream inflates past `bound`; nothing when finding out takes more than is left of `work`.
fn holds_past(bytes: &[u8], bound: u64, work: &mut u64) -> Option<bool> {
    let mut at = 0;
    // Where the stream ends that was looked at last: those inside it end there too.
    let mut end = 0;
    while let Some(next) = find(bytes.get(at..)?, b"stream") {
        let (before, from) = bytes.split_at_checked(at + next)?;
        at += next + b"stream".len();
        let data = from.get(b"stream".len()..)?;
        let data = data.strip_prefix(b"\r").unwrap_or(data);
        let data = data.strip_prefix(b"\n").unwrap_or(data);
        // "endstream" ends with the word, too.
        if before.ends_with(b"end") || !is_zlib(data) {
            continue;
        }
        *work = work.checked_sub(LOOK_COST)?;
        let dictionary = before.get(before.len().saturating_sub(DICTIONARY_WITHIN)..).unwrap_or(before);
        let dictionary = rfind(dictionary, b"obj").and_then(|at| dictionary.get(at..)).unwrap_or(dictionary);
        // Streams of objects have a first one, whatever else they say they are.
        if count(dictionary, b"/Image") > 0 && count(dictionary, b"/First") == 0 {
            continue;
        }
        let chained = count(dictionary, b"FlateDecode") + count(dictionary, b"/Fl ") > 1;
        let start = bytes.len() - data.len();
        if end < start {
            end = find(data, b"endstream").map_or(bytes.len(), |length| start + length);
        }
        let packed = bytes.get(start..end)?;
        if chained || packed.len() as u64 * MAX_DEFLATE_RATIO > bound {
            if inflates_past(packed, bound, work)? {
                return Some(true);
            }
            if chained && inflates_past(ZlibDecoder::new(packed), bound, work)? {
                return Some(true);
            }
        }
    }
    Some(false)
}

fn is_zlib(data: &[u8]) -> bool {
    matches!(data, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

fn inflates_past(packed: impl Read, bound: u64, work: &mut u64) -> Option<bool> {
    *work = work.checked_sub(INFLATE_COST)?;
    let mut decoder = ZlibDecoder::new(packed);
    let mut buffer = vec![0; 64 * 1024];
    let mut inflated = 0;
    // Damage ends a stream like its end does.
    while let Ok(read @ 1..) = decoder.read(&mut buffer) {
        *work = work.checked_sub(read as u64)?;
        inflated += read as u64;
        if inflated > bound {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn stream(filters: &str, data: &[u8]) -> Vec<u8> {
        let mut file = format!("1 0 obj\n<</Filter {filters}>>\nstream\r\n").into_bytes();
        file.extend(data);
        file.extend(b"\nendstream endobj");
        file
    }

    #[test]
    fn finds_streams_that_grow() {
        let bound = 1_000_000;
        let large = packed(&vec![0; bound as usize + 1]);
        for (filters, data, expected) in [
            ("/FlateDecode", &large, true),
            ("[/FlateDecode /FlateDecode]", &packed(&large), true),
            ("/FlateDecode/Subtype/Image", &large, false),
            ("/FlateDecode/Subtype/Image/First 4", &large, true),
            ("/FlateDecode", &packed(&[0; 100_000]), false),
            ("[/FlateDecode /FlateDecode]", &packed(&packed(b"small")), false),
        ] {
            let mut work = 20 * bound;
            assert_eq!(holds_past(&stream(filters, data), bound, &mut work), Some(expected));
        }
        assert!(check(b"stream").is_ok());
        assert_eq!(holds_past(&stream("/FlateDecode", &large), bound, &mut 200_000), None);
        assert!(check(&b"1 0 obj".repeat(limits::MAX_OBJECTS + 1)).is_err());
    }
}
