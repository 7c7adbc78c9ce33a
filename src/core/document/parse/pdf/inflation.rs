//! Streams that hayro decodes by itself are found, and their size is counted, before it reads the file.
//!
//! These are the streams that hold objects and those that hold the cross-reference table. All others are decoded when
//! they are asked for, and then looked at by [`filters`]. Which streams hold objects is what the tables say, or the
//! streams themselves; so every stream of the file is looked at with hayro's own reading of dictionaries, wherever it
//! lies, and what leaves open what hayro would do is refused.

use std::collections::HashSet;

use hayro_syntax::object::{Array, Dict, FromBytes, Name, Object, ObjectIdentifier, Stream};

use super::encrypted::Encryption;
use super::filters;
use super::filters::{Damage, spend, too_large};
use crate::document::bytes::{count, find};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// How many bytes a dictionary is looked for in at first. Those of streams have some hundreds.
const DICTIONARY_BYTES: usize = 64 * 1024;

/// How many bytes may be read in vain as dictionaries: that random bytes look like the start of one happens once in
/// three megabytes. Reading them takes a second or two.
const MAX_VAIN_BYTES: u64 = 64 * limits::MAX_DOCUMENT_BYTES;

/// The type of streams that hold objects.
const OBJECT_STREAM: &[u8] = b"ObjStm";

/// The most digits of an object's number.
const NUMBER_DIGITS: usize = 10;

/// Fails if the file holds more objects than it may, or streams that hayro would decode to more than it may.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let mut scan = Scan {
        bytes,
        last_object_stream: None,
        holders: HashSet::new(),
        within_numbers: within_numbers(bytes),
        streams: Vec::new(),
        encryption: Encryption::default(),
        roots: 0,
        // "endobj" is no beginning.
        objects: count(bytes, b" obj") as u64,
        entries: 0,
        held: 0,
        largest: 0,
        work: limits::MAX_CHECKED_BYTES,
        vain: MAX_VAIN_BYTES,
    };
    check_objects(scan.objects)?;
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|rest| find(rest, b"<<")) {
        at += next;
        scan.dictionary(at)?;
        at += 1;
    }
    scan.finish()
}

/// Whether a stream says that it is a picture. One that does is not read as anything else.
pub(super) fn is_picture(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Subtype").is_some_and(|subtype| subtype.as_str() == "Image")
}

/// A stream that may hold objects.
struct Found<'a> {
    /// Where its dictionary begins.
    at: usize,
    /// None if no object begins there.
    head: Option<Head<'a>>,
    /// Whether it says that it holds objects, or leaves that open.
    says_so: bool,
}

/// The head of an object.
struct Head<'a> {
    /// Where the digits of its number end.
    at: usize,
    number: &'a [u8],
    generation: i32,
}

struct Scan<'a> {
    bytes: &'a [u8],
    /// Where the type of streams that hold objects last is, once that was asked for.
    last_object_stream: Option<usize>,
    /// The numbers of streams that hold objects, as the tables say.
    holders: HashSet<u32>,
    /// The places in the midst of a number where the tables say that an object begins.
    within_numbers: HashSet<usize>,
    streams: Vec<Found<'a>>,
    encryption: Encryption,
    /// The dictionaries that may be trailers. When hayro repairs a file, it may decode a stream for each.
    roots: u64,
    objects: u64,
    /// The objects that the tables list.
    entries: u64,
    /// The size of all streams that hold objects.
    held: u64,
    /// The size of the largest of them.
    largest: u64,
    /// How much may still be decoded.
    work: u64,
    /// How much may still be read in vain.
    vain: u64,
}

impl<'a> Scan<'a> {
    /// Looks at what begins like a dictionary.
    fn dictionary(&mut self, at: usize) -> Result<()> {
        let Some((before, from)) = self.bytes.split_at_checked(at) else { return Ok(()) };
        // hayro finds dictionaries behind the head of an object, another dictionary and white space.
        if before.last().is_some_and(|byte| !is_white(*byte) && !matches!(byte, b'j' | b'>')) {
            return Ok(());
        }
        let head = head(before);
        let window = from.get(..DICTIONARY_BYTES).unwrap_or(from);
        let mut dict = Dict::from_bytes(window);
        if dict.is_none() {
            self.read_in_vain(window)?;
            if window.len() < from.len() && (head.is_some() || at < self.last_object_stream()) {
                self.read_in_vain(from)?;
                dict = Dict::from_bytes(from);
            }
        }
        let Some(dict) = dict else { return Ok(()) };
        self.roots += u64::from(dict.contains_key("Root"));
        self.encryption.note(&dict);
        if from.get(dict.data().len()..).and_then(stream_data).is_none() {
            return Ok(());
        }
        if dict.contains_key("W") && dict.contains_key("Size") {
            self.table(from)?;
        }
        let says_so =
            dict.get_ref("Type").is_some() || dict.get::<Name<'_>>("Type").is_some_and(|name| *name == *OBJECT_STREAM);
        self.streams.push(Found { at, head, says_so });
        Ok(())
    }

    fn read_in_vain(&mut self, bytes: &[u8]) -> Result<()> {
        self.vain = self.vain.checked_sub(bytes.len() as u64).ok_or_else(|| {
            Error::unreadable(Unreadable::Broken, "The PDF holds too much that begins like an object and is none")
        })?;
        Ok(())
    }

    fn last_object_stream(&mut self) -> usize {
        *self.last_object_stream.get_or_insert_with(|| last_name(self.bytes, OBJECT_STREAM).unwrap_or(0))
    }

    fn finish(mut self) -> Result<()> {
        let mut encrypted = Vec::new();
        for Found { at, head, says_so } in std::mem::take(&mut self.streams) {
            let ids: Vec<_> =
                head.iter().flat_map(|head| head.ids(says_so, &self.holders, &self.within_numbers)).collect();
            if head.is_some() && ids.is_empty() {
                continue;
            }
            let Some(dict) = self.holder(self.bytes.get(at..).unwrap_or_default())? else { continue };
            if self.encryption.is_used() {
                if ids.is_empty() || dict.get_ref("Length").is_some() {
                    return Err(unclear());
                }
                encrypted.extend(ids);
            }
        }
        let encryption = std::mem::take(&mut self.encryption);
        encryption.each(self.bytes, &encrypted, |stream| {
            let size = filters::decoded_size(&stream.raw_data(), &stream.filters(), Damage::MayEnd, &mut self.work)?;
            self.hold(stream.dict(), size)
        })?;
        spend(&mut self.work, self.roots.saturating_mul(self.largest))
    }

    /// Looks at a stream that holds a cross-reference table, and notes which streams hold objects.
    fn table(&mut self, from: &'a [u8]) -> Result<()> {
        let Some((stream, data)) = self.stream(from)? else { return Ok(()) };
        let dict = stream.dict();
        let Some([kind, second, third]) = dict.get::<[u8; 3]>("W") else { return Ok(()) };
        filters::check_rows(dict)?;
        let size = filters::decoded_size(data, &stream.filters(), Damage::MayEnd, &mut self.work)?;
        spend(&mut self.work, size)?;
        let Ok(table) = stream.decoded_data() else { return Ok(()) };
        // hayro reads the kind as one byte, however long it is, and takes 1 for it if there is none.
        let (kind, second) = (usize::from(kind > 0), usize::from(second));
        for entry in table.chunks_exact((kind + second + usize::from(third)).max(1)) {
            let (kind, rest) = entry.split_at_checked(kind).unwrap_or_default();
            self.entries += u64::from(kind != [0]);
            check_objects(self.entries)?;
            let number = rest.iter().take(second).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            match (kind, u32::try_from(number)) {
                ([2], Ok(number)) => _ = self.holders.insert(number),
                ([] | [1], Ok(at)) if is_within_number(self.bytes, at as usize) => {
                    self.within_numbers.insert(at as usize);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts a stream that holds objects, or may, as if it were not encrypted; None if hayro sees no stream there.
    fn holder(&mut self, from: &'a [u8]) -> Result<Option<Dict<'a>>> {
        let Some((stream, data)) = self.stream(from)? else { return Ok(None) };
        let dict = stream.dict();
        if !is_plain(dict) {
            return Err(unclear());
        }
        filters::check_rows(dict)?;
        let filters = stream.filters();
        let raw = stream.raw_data();
        // Where packed data ends is in the data. Where other data ends is only known if its length is.
        let data = if filters.is_empty() && dict.get_ref("Length").is_none() { &*raw } else { data };
        // Encrypted data is as good as random: as what it is not, it ends soon.
        let damage = if self.encryption.is_used() { Damage::Ends } else { Damage::MayEnd };
        let size = filters::decoded_size(data, &filters, damage, &mut self.work)?;
        self.hold(dict, size)?;
        Ok(Some(dict.clone()))
    }

    fn hold(&mut self, dict: &Dict<'_>, size: u64) -> Result<()> {
        self.held += size;
        self.largest = self.largest.max(size);
        if self.held > limits::MAX_OBJECT_STREAM_BYTES {
            let bound = limits::MAX_OBJECT_STREAM_BYTES / limits::MIB;
            return Err(too_large(format!("The objects of the PDF take more than {bound} MiB")));
        }
        // Each object has a number and a place, of two characters at least.
        let most = size / 4;
        self.objects += dict.get::<u32>("N").map_or(most, |objects| most.min(u64::from(objects)));
        check_objects(self.objects)
    }

    /// The stream at the start of `from`, and all that follows the start of its data; None if hayro sees none there.
    fn stream(&mut self, from: &'a [u8]) -> Result<Option<(Stream<'a>, &'a [u8])>> {
        let Some(stream) = Stream::from_bytes(from) else {
            // The end was looked for everywhere.
            self.read_in_vain(from)?;
            return Ok(None);
        };
        let data = from.get(stream.dict().data().len()..).and_then(stream_data);
        Ok(data.map(|data| (stream, data)))
    }
}

impl Head<'_> {
    /// The ids that hayro may find here, and where: that of the head, and where a table makes it begin in the midst of
    /// the number, that of the rest. Of these only the ones that matter.
    fn ids(
        &self,
        says_so: bool,
        holders: &HashSet<u32>,
        within_numbers: &HashSet<usize>,
    ) -> Vec<(ObjectIdentifier, usize)> {
        let length = self.number.len();
        let ends = (1..=length).filter_map(|digits| {
            let (start, is_whole) = (self.at - digits, digits == length);
            let number = std::str::from_utf8(self.number.get(length - digits..)?).ok()?.parse().ok()?;
            let matters = is_whole && says_so || holders.contains(&number);
            let begins = is_whole || within_numbers.contains(&start);
            (matters && begins).then(|| (ObjectIdentifier::new(number, self.generation), start))
        });
        ends.collect()
    }
}

fn unclear() -> Error {
    too_large("The PDF holds objects in a stream that does not say by itself how it is packed")
}

fn check_objects(objects: u64) -> Result<()> {
    if objects > limits::MAX_OBJECTS as u64 {
        return Err(too_large(format!("The PDF has more than {} objects", limits::MAX_OBJECTS)));
    }
    Ok(())
}

/// Whether a dictionary says by itself what was done to the data of its stream.
fn is_plain(dict: &Dict<'_>) -> bool {
    let is_direct = |key: &str| {
        let array = dict.get::<Array<'_>>(key);
        let mut items = array.iter().flat_map(Array::raw_iter);
        dict.get_ref(key).is_none() && items.all(|item| item.as_obj_ref().is_none())
    };
    let mut parameters = ["DP", "DecodeParms"].into_iter().flat_map(|key| {
        let several = dict.get::<Array<'_>>(key);
        let several = several.into_iter().flat_map(|array| array.iter::<Object<'_>>()).filter_map(Object::into_dict);
        dict.get::<Dict<'_>>(key).into_iter().chain(several)
    });
    ["F", "Filter", "DP", "DecodeParms"].into_iter().all(is_direct)
        && parameters.all(|parameters| parameters.entries().all(|(_, value)| value.as_obj_ref().is_none()))
}

/// The places in the midst of a number where lines of a table, such as `0000000017 00000 n`, say that an object begins.
fn within_numbers(bytes: &[u8]) -> HashSet<usize> {
    const AT_DIGITS: usize = 10;
    const BEFORE_KIND: usize = 17;
    let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'n');
    let places = lines.filter_map(|(end, _)| {
        let line = bytes.get(end.checked_sub(BEFORE_KIND)?..end)?;
        let digits = line.get(..AT_DIGITS).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    });
    places.filter(|&at| is_within_number(bytes, at)).collect()
}

fn is_within_number(bytes: &[u8], at: usize) -> bool {
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    is_digit(at) && at.checked_sub(1).is_some_and(is_digit)
}

/// The head of an object that ends where `before` does; None if there is none, or it is not written as usual.
fn head(before: &[u8]) -> Option<Head<'_>> {
    let before = before.trim_ascii_end().strip_suffix(b"obj")?.trim_ascii_end();
    let (rest, generation) = split_digits(before, before.len())?;
    let number = rest.trim_ascii_end();
    let (_, number_digits) = split_digits(number, NUMBER_DIGITS)?;
    if number.len() == rest.len() || number_digits.is_empty() {
        return None;
    }
    let generation = std::str::from_utf8(generation).ok()?.parse().ok()?;
    Some(Head { at: number.len(), number: number_digits, generation })
}

/// Splits off the digits at the end, as many as `most` of them.
fn split_digits(bytes: &[u8], most: usize) -> Option<(&[u8], &[u8])> {
    let digits = bytes.iter().rev().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at_checked(bytes.len() - digits)
}

/// What follows the keyword of a stream, which is where its data begins; None if there is no stream.
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

/// Where a name last is, with or without escapes.
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
    (0..bytes.len()).rev().find(|&at| matches!(bytes.get(at..), Some([b'/', from @ ..]) if is_name(from)))
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
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

    /// A table that says that the objects 1 and 2 lie in object 5.
    fn table() -> Vec<u8> {
        let data = deflated(&[2, 5, 0, 2, 5, 1]);
        let mut table = stream("/Type/XRef/Size 3/W[1 1 1]/Filter/FlateDecode", &data);
        table.splice(0..1, *b"6");
        table
    }

    #[test]
    fn streams_of_objects_are_bounded() {
        let large = deflated(&vec![b' '; limits::MAX_STREAM_BYTES as usize + 1]);
        let twice = deflated(&deflated(b"1 0 2 2  7 8"));
        let small = deflated(b"1 0 2 2  7 8");
        let of_objects = "/Type/ObjStm/N 2/First 8";
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
            let says_so = stream(&format!("{of_objects}{dict}"), data);
            assert_eq!(check(&says_so).is_ok(), expected, "{dict}");
            // Others hold objects only if a table says so.
            let other = stream(dict, data);
            assert!(check(&other).is_ok(), "{dict}");
            assert_eq!(check(&[other, table()].concat()).is_ok(), expected, "{dict}");
            // A table may make an object begin within a number, which then is another.
            let fifteen = [b"1".to_vec(), stream(dict, data)].concat();
            assert!(check(&[fifteen.clone(), table()].concat()).is_ok(), "{dict}");
            let inner = [fifteen, table(), b"0000000001 00000 n \n".to_vec()].concat();
            assert_eq!(check(&inner).is_ok(), expected, "{dict}");
            // Escaped, without a head of its own, behind a dictionary that never ends, and with a long one.
            for start in ["/T#79pe/#4fbjStm", "/Type 8 0 R", &format!("/A({})/Type/ObjStm", "(<<)".repeat(30_000))] {
                assert_eq!(check(&stream(&format!("{start}{dict}"), data)).is_ok(), expected, "{start} {dict}");
            }
            let headless = says_so.iter().skip("5 0 obj".len()).copied().collect();
            assert_eq!(check(&[b"<</A ".to_vec(), headless].concat()).is_ok(), expected, "{dict}");
        }
    }

    #[test]
    fn all_streams_of_objects_are_bounded_together() {
        let half = deflated(&vec![b' '; limits::MAX_OBJECT_STREAM_BYTES as usize / 3]);
        let one = stream("/Type/ObjStm/Filter/Fl/N 2", &half);
        assert!(check(&one.repeat(2)).is_ok());
        assert!(check(&one.repeat(4)).is_err());
        let many = deflated(&b"1 0 ".repeat(limits::MAX_OBJECTS + 1));
        assert!(check(&stream("/Type/ObjStm/Filter/Fl/N 1000000", &many)).is_err());
        let many = deflated(&[2, 5].repeat(limits::MAX_OBJECTS + 1));
        assert!(check(&stream("/W[1 1 0]/Size 3/Filter/Fl", &many)).is_err());
        assert!(check(&b"1 0 obj".repeat(limits::MAX_OBJECTS + 1)).is_err());
        assert!(check(b"stream").is_ok());
    }

    #[test]
    fn what_takes_long_to_read_is_refused() {
        let names = b" /Type/ObjStm".repeat(3);
        assert!(check(&[b" <<(".repeat(500_000), names.clone()].concat()).is_err());
        assert!(check(&[b" <<(".repeat(100), names].concat()).is_ok());
        // A trailer makes hayro look into a stream when it repairs a file.
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
    fn encrypted_streams_are_seen_through() {
        // What a file with these dictionary and identifier, and no password, encrypts its object 5 with.
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
        // Changed files hold numbers twice.
        let twice = [file("/Filter/FlateDecode", &small, ""), file("/Filter/FlateDecode", &small, &trailer)].concat();
        assert!(check(&twice).is_ok());
        let twice = [file("/Filter/FlateDecode", &large, ""), file("/Filter/FlateDecode", &small, &trailer)].concat();
        assert!(check(&twice).is_err());
        // What nobody has the key for is refused as hayro would.
        let locked = trailer.replace("/U<a9", "/U<00");
        let error = check(&file("/Filter/FlateDecode", &small, &locked)).unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::Unreadable(Unreadable::Encrypted));
        // Nor does a key hide what is not encrypted.
        let plain = [stream("/Type/ObjStm/Filter/FlateDecode", &large), trailer.into_bytes()].concat();
        assert!(check(&plain).is_err());
    }
}
