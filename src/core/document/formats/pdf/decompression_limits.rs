//! Finds the streams that hayro decodes while it loads a file, and counts their size before it does so.
//!
//! These are object streams and cross-reference streams. All other streams are decoded on demand and checked by
//! [`filters`]. A stream is an object stream if a cross-reference table or the stream itself says so; so every stream
//! of the file is inspected with hayro's own dictionary parser, wherever it is, and files for which hayro's behaviour
//! is not clear are refused.

use std::collections::HashSet;

use hayro_syntax::object::{Array, Dict, FromBytes, Name, ObjectIdentifier, Stream};
use memchr::memmem;

use super::encrypted::Encryption;
use super::filters;
use super::filters::{Damage, is_white, spend, too_large};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// How many bytes are parsed for a dictionary in the first attempt. Stream dictionaries have some hundred bytes.
const DICTIONARY_BYTES: usize = 64 * 1024;

/// How many bytes may be parsed as dictionaries without success: random bytes look like the start of one once in three
/// megabytes. Parsing this many takes a second or two.
const MAX_FAILED_PARSE_BYTES: u64 = 64 * limits::MAX_DOCUMENT_BYTES;

/// The type of object streams.
const OBJECT_STREAM: &[u8] = b"ObjStm";

/// The maximum number of digits of an object number.
const NUMBER_DIGITS: usize = 10;

/// Fails if the file exceeds the limits for objects or for the size of the streams that hayro decodes on load.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let mut scan = Scan {
        bytes,
        last_object_stream: None,
        object_stream_numbers: HashSet::new(),
        offsets_within_numbers: offsets_within_numbers(bytes),
        streams: Vec::new(),
        encryption: Encryption::default(),
        trailers: 0,
        // "endobj" is not the beginning of an object.
        objects: memmem::find_iter(bytes, b" obj").count() as u64,
        table_entries: 0,
        object_stream_bytes: 0,
        largest_object_stream: 0,
        work: limits::MAX_CHECKED_BYTES,
        failed_parse_budget: MAX_FAILED_PARSE_BYTES,
    };
    check_objects(scan.objects)?;
    let mut offset = 0;
    while let Some(distance) = bytes.get(offset..).and_then(|rest| memmem::find(rest, b"<<")) {
        offset += distance;
        scan.check_dictionary(offset)?;
        offset += 1;
    }
    scan.finish()
}

/// Whether a stream is declared as an image. Such a stream is not read as anything else.
pub(super) fn is_image(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Image")
}

/// A stream that may be an object stream.
struct StreamCandidate<'a> {
    /// The offset of its dictionary.
    offset: usize,
    /// None if no object begins there.
    head: Option<Head<'a>>,
    /// Whether its type says that it is an object stream or is not known.
    may_be_object_stream: bool,
}

/// The head of an object, such as `12 0 obj`.
struct Head<'a> {
    /// The offset after the digits of its number.
    number_end: usize,
    number: &'a [u8],
    generation: i32,
}

struct Scan<'a> {
    bytes: &'a [u8],
    /// The offset of the last `/ObjStm`, once it was searched for.
    last_object_stream: Option<usize>,
    /// The object numbers of object streams according to the tables.
    object_stream_numbers: HashSet<u32>,
    /// The offsets inside a number at which an object begins according to the tables.
    offsets_within_numbers: HashSet<usize>,
    streams: Vec<StreamCandidate<'a>>,
    encryption: Encryption,
    /// The number of possible trailers. When hayro repairs a file, it may decode a stream for each.
    trailers: u64,
    objects: u64,
    /// The number of objects listed in the tables.
    table_entries: u64,
    /// The total size of the object streams.
    object_stream_bytes: u64,
    /// The size of the largest object stream.
    largest_object_stream: u64,
    /// How many bytes may still be decoded.
    work: u64,
    /// How many bytes may still be parsed without success.
    failed_parse_budget: u64,
}

impl<'a> Scan<'a> {
    /// Inspects what begins like a dictionary.
    fn check_dictionary(&mut self, offset: usize) -> Result<()> {
        let Some((before, from)) = self.bytes.split_at_checked(offset) else { return Ok(()) };
        // hayro finds dictionaries after the head of an object, another dictionary and white space.
        if before.last().is_some_and(|byte| !is_white(*byte) && !matches!(byte, b'j' | b'>')) {
            return Ok(());
        }
        let head = head(before);
        let window = from.get(..DICTIONARY_BYTES).unwrap_or(from);
        let mut dict = Dict::from_bytes(window);
        if dict.is_none() {
            self.count_failed_parse(window)?;
            if window.len() < from.len() && (head.is_some() || offset < self.last_object_stream()) {
                self.count_failed_parse(from)?;
                dict = Dict::from_bytes(from);
            }
        }
        let Some(dict) = dict else { return Ok(()) };
        self.trailers += u64::from(dict.contains_key("Root"));
        self.encryption.record(&dict);
        if from.get(dict.data().len()..).and_then(stream_data).is_none() {
            return Ok(());
        }
        if dict.contains_key("W") && dict.contains_key("Size") {
            self.read_table(from)?;
        }
        let may_be_object_stream =
            dict.get_ref("Type").is_some() || dict.get::<Name<'_>>("Type").is_some_and(|name| *name == *OBJECT_STREAM);
        self.streams.push(StreamCandidate { offset, head, may_be_object_stream });
        Ok(())
    }

    fn count_failed_parse(&mut self, bytes: &[u8]) -> Result<()> {
        self.failed_parse_budget = self.failed_parse_budget.checked_sub(bytes.len() as u64).ok_or_else(|| {
            Error::unreadable(Unreadable::Damaged, "The PDF holds too much that begins like an object and is none")
        })?;
        Ok(())
    }

    fn last_object_stream(&mut self) -> usize {
        *self.last_object_stream.get_or_insert_with(|| last_name(self.bytes, OBJECT_STREAM).unwrap_or(0))
    }

    fn finish(mut self) -> Result<()> {
        let mut encrypted = Vec::new();
        for StreamCandidate { offset, head, may_be_object_stream } in std::mem::take(&mut self.streams) {
            let ids: Vec<_> = head
                .iter()
                .flat_map(|head| {
                    head.ids(may_be_object_stream, &self.object_stream_numbers, &self.offsets_within_numbers)
                })
                .collect();
            if head.is_some() && ids.is_empty() {
                continue;
            }
            let Some(dict) = self.count_plain_stream(self.bytes.get(offset..).unwrap_or_default())? else { continue };
            if self.encryption.is_used() {
                if ids.is_empty() || dict.get_ref("Length").is_some() {
                    return Err(unclear_stream());
                }
                encrypted.extend(ids);
            }
        }
        let encryption = std::mem::take(&mut self.encryption);
        encryption.for_each_stream(self.bytes, &encrypted, |stream| {
            let size =
                filters::decoded_size(&stream.raw_data(), &stream.filters(), Damage::MayContinue, &mut self.work)?;
            self.count_object_stream(stream.dict(), size)
        })?;
        spend(&mut self.work, self.trailers.saturating_mul(self.largest_object_stream))
    }

    /// Reads a cross-reference stream and records which streams are object streams.
    fn read_table(&mut self, from: &'a [u8]) -> Result<()> {
        let Some((stream, data)) = self.stream(from)? else { return Ok(()) };
        let dict = stream.dict();
        let Some([kind, second, third]) = dict.get::<[u8; 3]>("W") else { return Ok(()) };
        filters::check_rows(dict)?;
        let size = filters::decoded_size(data, &stream.filters(), Damage::MayContinue, &mut self.work)?;
        spend(&mut self.work, size)?;
        let Ok(table) = stream.decoded_data() else { return Ok(()) };
        // hayro reads the kind as one byte, however long it is, and uses 1 if there is none.
        let (kind, second) = (usize::from(kind > 0), usize::from(second));
        for entry in table.chunks_exact((kind + second + usize::from(third)).max(1)) {
            let (kind, rest) = entry.split_at_checked(kind).unwrap_or_default();
            self.table_entries += u64::from(kind != [0]);
            check_objects(self.table_entries)?;
            let number = rest.iter().take(second).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            match (kind, u32::try_from(number)) {
                ([2], Ok(number)) => _ = self.object_stream_numbers.insert(number),
                ([] | [1], Ok(offset)) if is_within_number(self.bytes, offset as usize) => {
                    self.offsets_within_numbers.insert(offset as usize);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts a possible object stream as if it were not encrypted; None if hayro finds no stream there.
    fn count_plain_stream(&mut self, from: &'a [u8]) -> Result<Option<Dict<'a>>> {
        let Some((stream, data)) = self.stream(from)? else { return Ok(None) };
        let dict = stream.dict();
        if !has_direct_filters(dict) {
            return Err(unclear_stream());
        }
        filters::check_rows(dict)?;
        let filters = stream.filters();
        let raw = stream.raw_data();
        // Compressed data marks its own end. The end of other data is only known from a direct length.
        let data = if filters.is_empty() && dict.get_ref("Length").is_none() { &*raw } else { data };
        // Encrypted data is like random bytes: decoded without decryption, it ends soon.
        let damage = if self.encryption.is_used() { Damage::EndsData } else { Damage::MayContinue };
        let size = filters::decoded_size(data, &filters, damage, &mut self.work)?;
        self.count_object_stream(dict, size)?;
        Ok(Some(dict.clone()))
    }

    fn count_object_stream(&mut self, dict: &Dict<'_>, size: u64) -> Result<()> {
        self.object_stream_bytes += size;
        self.largest_object_stream = self.largest_object_stream.max(size);
        if self.object_stream_bytes > limits::MAX_OBJECT_STREAM_BYTES {
            let limit = limits::MAX_OBJECT_STREAM_BYTES / limits::MIB;
            return Err(too_large(format!("The objects of the PDF take more than {limit} MiB")));
        }
        // An object takes at least two characters for its number and two for its offset.
        let max_objects = size / 4;
        self.objects += dict.get::<u32>("N").map_or(max_objects, |objects| max_objects.min(u64::from(objects)));
        check_objects(self.objects)
    }

    /// The stream at the start of `from`, and all bytes from the start of its data on; None if hayro finds none there.
    fn stream(&mut self, from: &'a [u8]) -> Result<Option<(Stream<'a>, &'a [u8])>> {
        let Some(stream) = Stream::from_bytes(from) else {
            // The whole rest of the file was searched for the end.
            self.count_failed_parse(from)?;
            return Ok(None);
        };
        let data = from.get(stream.dict().data().len()..).and_then(stream_data);
        Ok(data.map(|data| (stream, data)))
    }
}

impl Head<'_> {
    /// The relevant ids that hayro may find here, with their offsets: the id of the head, and for each table entry that
    /// points inside the number, the id with the remaining digits.
    fn ids(
        &self,
        may_be_object_stream: bool,
        object_stream_numbers: &HashSet<u32>,
        offsets_within_numbers: &HashSet<usize>,
    ) -> Vec<(ObjectIdentifier, usize)> {
        let length = self.number.len();
        let ends = (1..=length).filter_map(|digits| {
            let (start, is_whole) = (self.number_end - digits, digits == length);
            let number = std::str::from_utf8(self.number.get(length - digits..)?).ok()?.parse().ok()?;
            let is_relevant = is_whole && may_be_object_stream || object_stream_numbers.contains(&number);
            let begins = is_whole || offsets_within_numbers.contains(&start);
            (is_relevant && begins).then(|| (ObjectIdentifier::new(number, self.generation), start))
        });
        ends.collect()
    }
}

fn unclear_stream() -> Error {
    too_large("The PDF holds objects in a stream that does not say by itself how it is packed")
}

fn check_objects(objects: u64) -> Result<()> {
    if objects > limits::MAX_OBJECTS as u64 {
        return Err(too_large(format!("The PDF has more than {} objects", limits::MAX_OBJECTS)));
    }
    Ok(())
}

/// Whether a dictionary defines the filters of its stream without references to other objects.
fn has_direct_filters(dict: &Dict<'_>) -> bool {
    let is_direct = |key: &str| {
        let array = dict.get::<Array<'_>>(key);
        let mut items = array.iter().flat_map(Array::raw_iter);
        dict.get_ref(key).is_none() && items.all(|item| item.as_obj_ref().is_none())
    };
    ["F", "Filter", "DP", "DecodeParms"].into_iter().all(is_direct)
        && filters::filter_parameters(dict)
            .all(|parameters| parameters.entries().all(|(_, value)| value.as_obj_ref().is_none()))
}

/// The offsets inside a number at which an object begins according to table lines such as `0000000017 00000 n`.
fn offsets_within_numbers(bytes: &[u8]) -> HashSet<usize> {
    const OFFSET_DIGITS: usize = 10;
    const BEFORE_KIND: usize = 17;
    let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'n');
    let offsets = lines.filter_map(|(end, _)| {
        let line = bytes.get(end.checked_sub(BEFORE_KIND)?..end)?;
        let digits = line.get(..OFFSET_DIGITS).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    });
    offsets.filter(|&offset| is_within_number(bytes, offset)).collect()
}

fn is_within_number(bytes: &[u8], offset: usize) -> bool {
    let is_digit = |offset: usize| bytes.get(offset).is_some_and(u8::is_ascii_digit);
    is_digit(offset) && offset.checked_sub(1).is_some_and(is_digit)
}

/// The head of an object at the end of `before`; None if there is none or it is not in the usual form.
fn head(before: &[u8]) -> Option<Head<'_>> {
    let before = before.trim_ascii_end().strip_suffix(b"obj")?.trim_ascii_end();
    let (rest, generation) = split_digits(before, before.len())?;
    let number = rest.trim_ascii_end();
    let (_, number_digits) = split_digits(number, NUMBER_DIGITS)?;
    if number.len() == rest.len() || number_digits.is_empty() {
        return None;
    }
    let generation = std::str::from_utf8(generation).ok()?.parse().ok()?;
    Some(Head { number_end: number.len(), number: number_digits, generation })
}

/// Splits off at most `max_digits` digits at the end.
fn split_digits(bytes: &[u8], max_digits: usize) -> Option<(&[u8], &[u8])> {
    let digits = bytes.iter().rev().take(max_digits).take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at_checked(bytes.len() - digits)
}

/// The bytes after the `stream` keyword, where the data begins; None if there is no stream.
fn stream_data(mut after: &[u8]) -> Option<&[u8]> {
    loop {
        match after {
            [byte, rest @ ..] if is_white(*byte) => after = rest,
            [b'%', rest @ ..] => {
                let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
                after = rest.get(length..)?;
            }
            _ => break,
        }
    }
    let data = after.strip_prefix(b"stream")?;
    data.strip_prefix(b"\n").or_else(|| data.strip_prefix(b"\r\n")).or_else(|| data.strip_prefix(b"\r"))
}

/// The last offset of a name, with or without escapes.
fn last_name(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let is_name = |mut rest: &[u8]| {
        name.iter().all(|expected| {
            let byte;
            (byte, rest) = match rest {
                [b'#', high, low, after @ ..] => {
                    let digit = |byte: &u8| (*byte as char).to_digit(16);
                    (digit(high).zip(digit(low)).map(|(high, low)| (high << 4 | low) as u8), after)
                }
                [byte, after @ ..] => (Some(*byte), after),
                [] => (None, rest),
            };
            byte == Some(*expected)
        })
    };
    (0..bytes.len()).rev().find(|&offset| matches!(bytes.get(offset..), Some([b'/', from @ ..]) if is_name(from)))
}

#[cfg(test)]
mod tests {
    use super::super::filters::tests::{deflated, hex, run_lengths};
    use super::*;

    fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
        let mut file = format!("5 0 obj\n<<{dict}/Length {}>>\nstream\r\n", data.len()).into_bytes();
        file.extend(data);
        file.extend(b"\nendstream endobj\n");
        file
    }

    /// A cross-reference stream that says that the objects 1 and 2 are in object 5.
    fn table() -> Vec<u8> {
        let data = deflated(&[2, 5, 0, 2, 5, 1]);
        let mut table = stream("/Type/XRef/Size 3/W[1 1 1]/Filter/FlateDecode", &data);
        table.splice(0..1, *b"6");
        table
    }

    #[test]
    fn limits_the_size_of_object_streams() {
        let large = deflated(&vec![b' '; limits::MAX_STREAM_BYTES as usize + 1]);
        let twice = deflated(&deflated(b"1 0 2 2  7 8"));
        let small = deflated(b"1 0 2 2  7 8");
        let object_stream = "/Type/ObjStm/N 2/First 8";
        for (dict, data, expected) in [
            ("/Filter/FlateDecode", &small, true),
            ("/Filter[/FlateDecode]", &small, true),
            ("/Filter[/ASCIIHexDecode/FlateDecode]", &hex(&small), true),
            ("/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 4>>", &small, true),
            ("/Filter/FlateDecode", &large, false),
            ("/Subtype/Image/Filter/FlateDecode", &large, false),
            ("/Filter[/AHx/Fl]", &hex(&large), false),
            ("/Filter[/Fl/Fl]", &twice, false),
            ("/Filter[/Fl#61teDecode/FlateDecode]", &twice, false),
            ("/#46ilter[/RL/RL]", &run_lengths(&run_lengths(b"1 0 2 2  7 8")), false),
            ("/Filter 7 0 R", &small, false),
            ("/Filter[7 0 R]", &small, false),
            ("/Filter/FlateDecode/DecodeParms 7 0 R", &small, false),
            ("/Filter/FlateDecode/DecodeParms[<</Columns 7 0 R>>]", &small, false),
            ("/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 0>>", &small, false),
        ] {
            let declared = stream(&format!("{object_stream}{dict}"), data);
            assert_eq!(check(&declared).is_ok(), expected, "{dict}");
            // Other streams are object streams only if a table says so.
            let other = stream(dict, data);
            assert!(check(&other).is_ok(), "{dict}");
            assert_eq!(check(&[other, table()].concat()).is_ok(), expected, "{dict}");
            // A table entry may point inside an object number, which gives a different number.
            let fifteen = [b"1".to_vec(), stream(dict, data)].concat();
            assert!(check(&[fifteen.clone(), table()].concat()).is_ok(), "{dict}");
            let inner = [fifteen, table(), b"0000000001 00000 n \n".to_vec()].concat();
            assert_eq!(check(&inner).is_ok(), expected, "{dict}");
            // With escapes, an indirect type, a long dictionary, and without a head after a dictionary that never ends.
            for start in ["/T#79pe/#4fbjStm", "/Type 8 0 R", &format!("/A({})/Type/ObjStm", "(<<)".repeat(30_000))] {
                assert_eq!(check(&stream(&format!("{start}{dict}"), data)).is_ok(), expected, "{start} {dict}");
            }
            let headless = declared.iter().skip("5 0 obj".len()).copied().collect();
            assert_eq!(check(&[b"<</A ".to_vec(), headless].concat()).is_ok(), expected, "{dict}");
        }
    }

    #[test]
    fn limits_the_total_size_of_object_streams() {
        let third = deflated(&vec![b' '; limits::MAX_OBJECT_STREAM_BYTES as usize / 3]);
        let object_stream = stream("/Type/ObjStm/Filter/Fl/N 2", &third);
        assert!(check(&object_stream.repeat(2)).is_ok());
        assert!(check(&object_stream.repeat(4)).is_err());
        let many = deflated(&b"1 0 ".repeat(limits::MAX_OBJECTS + 1));
        assert!(check(&stream("/Type/ObjStm/Filter/Fl/N 1000000", &many)).is_err());
        let many = deflated(&[2, 5].repeat(limits::MAX_OBJECTS + 1));
        assert!(check(&stream("/W[1 1 0]/Size 3/Filter/Fl", &many)).is_err());
        assert!(check(&b"1 0 obj".repeat(limits::MAX_OBJECTS + 1)).is_err());
        assert!(check(b"stream").is_ok());
    }

    #[test]
    fn refuses_files_that_take_long_to_read() {
        let names = b" /Type/ObjStm".repeat(3);
        assert!(check(&[b" <<(".repeat(500_000), names.clone()].concat()).is_err());
        assert!(check(&[b" <<(".repeat(100), names].concat()).is_ok());
        // When hayro repairs a file, it may decode a stream for each trailer.
        let half = stream("/Type/ObjStm/Filter/Fl/N 2", &deflated(&vec![b' '; limits::MAX_STREAM_BYTES as usize / 2]));
        assert!(check(&[half, b" <</Root 1 0 R>>".repeat(100)].concat()).is_err());
    }

    /// RC4, which is its own inverse.
    fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
        let mut state: Vec<u8> = (0..=255).collect();
        let mut j = 0_u8;
        for i in 0..256 {
            j = j.wrapping_add(state[i]).wrapping_add(key[i % key.len()]);
            state.swap(i, usize::from(j));
        }
        let (mut i, mut j) = (0_u8, 0_u8);
        data.iter()
            .map(|byte| {
                i = i.wrapping_add(1);
                j = j.wrapping_add(state[usize::from(i)]);
                state.swap(usize::from(i), usize::from(j));
                byte ^ state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
            })
            .collect()
    }

    #[test]
    fn checks_encrypted_object_streams() {
        // The key for object 5 of a file with this dictionary and identifier and no password.
        let key = [0x28, 0xe2, 0xb3, 0xe2, 0x28, 0x6d, 0x08, 0x1e, 0x4c, 0x23];
        let trailer = format!(
            "\n7 0 obj<</Filter/Standard/V 1/R 2/P -4/O<{}>/U<a9ee7d800f44931ff8cdec5b22c6538ff5769ee4a70688b407d583b31a2ca3ab>>>endobj\ntrailer <</Root 1 0 R/Encrypt 7 0 R/ID[(ab)(c)]>>",
            "00".repeat(32),
        );
        let file = |dict: &str, data: &[u8], trailer: &str| {
            [stream(&format!("/Type/ObjStm/N 2/First 8{dict}"), &rc4(&key, data)), trailer.into()].concat()
        };
        let small: Vec<u8> = (0..50_000).flat_map(|number: u32| (number ^ number << 7).to_be_bytes()).collect();
        let small = deflated(&small);
        assert!(small.len() as u64 * 1_000 > limits::MAX_STREAM_BYTES);
        let large = deflated(&vec![b' '; limits::MAX_STREAM_BYTES as usize + 1]);
        assert!(check(&file("/Filter/FlateDecode", &small, &trailer)).is_ok());
        assert!(check(&file("/Filter/FlateDecode", &large, &trailer)).is_err());
        assert!(check(&file("/Filter[/Fl/Fl]", &deflated(&small), &trailer)).is_err());
        // Updated files may contain an object number twice.
        let twice = [file("/Filter/FlateDecode", &small, ""), file("/Filter/FlateDecode", &small, &trailer)].concat();
        assert!(check(&twice).is_ok());
        let twice = [file("/Filter/FlateDecode", &large, ""), file("/Filter/FlateDecode", &small, &trailer)].concat();
        assert!(check(&twice).is_err());
        // A file that needs a password is refused, as hayro would do.
        let locked = trailer.replace("/U<a9", "/U<00");
        let error = check(&file("/Filter/FlateDecode", &small, &locked)).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Unreadable(Unreadable::Encrypted));
        // A stream that is not encrypted is checked as it is.
        let plain = [stream("/Type/ObjStm/Filter/FlateDecode", &large), trailer.into_bytes()].concat();
        assert!(check(&plain).is_err());
    }
}
