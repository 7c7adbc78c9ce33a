//! How large a stream becomes is found out before hayro decodes it, because hayro decodes whole, without a bound.
//!
//! Streams are read that no filter or one compression packs, with ASCII filters around it: what producers write. Their
//! size is counted without keeping what comes out. Other chains are refused, because a compression of a compression
//! grows a million times; so is what hayro could not decode without a crash.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::Filter;
use hayro_syntax::object::{Array, Dict, Object, Stream};

use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// How many times deflate can grow: 258 bytes for two bits.
const MAX_DEFLATE_RATIO: u64 = 1_032;

/// How many times LZW can grow: its longest entry, one byte longer for each code of the table, for 12 bits.
const MAX_LZW_RATIO: u64 = 2_560;

/// How many times run lengths can grow: 128 bytes for two.
const MAX_RUN_LENGTH_RATIO: u64 = 64;

/// How many times base 85 can grow: four bytes for a "z".
const MAX_ASCII_85_RATIO: u64 = 4;

/// How many ASCII filters a stream may have: one is common, and each makes a copy.
const MAX_ASCII_FILTERS: usize = 2;

/// The most entries of an LZW table, and how many there are before the first that the data makes.
const LZW_ENTRIES: usize = 4_096;
const LZW_CLEAR: usize = 256;
const LZW_END: usize = 257;

/// What damage in packed data does.
#[derive(Clone, Copy)]
pub(super) enum Damage {
    /// It ends the data.
    Ends,
    /// hayro may read on, and what it reads may be anything.
    MayEnd,
}

/// The data of a stream, or None if it is damaged; and how many bytes that took at most, read or written. Fails if the data
/// is larger than it may be, or if that cannot be told.
pub(super) fn decode<'a>(stream: &Stream<'a>) -> Result<(Option<Cow<'a, [u8]>>, u64)> {
    let filters = stream.filters();
    let Some((ascii, packing)) = split(&filters)? else { return Ok((None, 0)) };
    check_rows(stream.dict())?;
    let raw = stream.raw_data();
    let length = raw.len() as u64;
    let ratio = packing.map_or(1, max_ratio);
    let mut largest = ascii.iter().fold(ratio * length, |size, &filter| size.saturating_mul(max_ratio(filter)));
    if largest > limits::MAX_STREAM_BYTES {
        let mut work = limits::MAX_CHECKED_BYTES;
        largest = decoded_size(&raw, &filters, Damage::MayEnd, &mut work)?;
    }
    drop(raw);
    let data = stream.decoded_data().ok();
    // What is damaged took as long as it could.
    let taken = data.as_ref().map_or(largest, |data| data.len() as u64);
    Ok((data, taken.max(length)))
}

/// The size of a stream's data, or what it cannot pass. Fails like [`decode`].
pub(super) fn size(stream: &Stream<'_>) -> Result<u64> {
    check_rows(stream.dict())?;
    let mut work = limits::MAX_CHECKED_BYTES;
    decoded_size(&stream.raw_data(), &stream.filters(), Damage::MayEnd, &mut work)
}

/// The size of `data` behind filters, or what it cannot pass. What is counted is taken from `work`.
pub(super) fn decoded_size(data: &[u8], filters: &[Filter], damage: Damage, work: &mut u64) -> Result<u64> {
    let Some((ascii, packing)) = split(filters)? else { return Ok(0) };
    let mut data = Cow::Borrowed(data);
    for filter in ascii {
        data = Cow::Owned(if *filter == Filter::AsciiHexDecode { ascii_hex(&data) } else { ascii_85(&data)? });
        spend(work, data.len() as u64)?;
    }
    let size = match packing {
        Some(Filter::FlateDecode) => inflated_size(&data, damage, work)?,
        // Whether codes change their length early is not known here.
        Some(Filter::LzwDecode) => lzw_size(&data, true, work)?.max(lzw_size(&data, false, work)?),
        Some(Filter::RunLengthDecode) => run_length_size(&data),
        _ => data.len() as u64,
    };
    bounded(size)
}

/// The ASCII filters and the compression of a chain; None if hayro decodes nothing of it, because it ends in a picture.
fn split(filters: &[Filter]) -> Result<Option<(&[Filter], Option<Filter>)>> {
    let pictures = [Filter::DctDecode, Filter::JpxDecode, Filter::Jbig2Decode, Filter::CcittFaxDecode];
    if filters.iter().any(|filter| pictures.contains(filter)) {
        return Ok(None);
    }
    // What is encrypted is decrypted already.
    let filters = filters.strip_prefix(&[Filter::Crypt]).unwrap_or(filters);
    let is_ascii = |filter: &&Filter| matches!(filter, Filter::AsciiHexDecode | Filter::Ascii85Decode);
    let (ascii, rest) = filters.split_at(filters.iter().take_while(is_ascii).count());
    match rest {
        _ if ascii.len() > MAX_ASCII_FILTERS => Err(too_many_filters()),
        [] => Ok(Some((ascii, None))),
        [packing] => Ok(Some((ascii, Some(*packing)))),
        _ => Err(too_many_filters()),
    }
}

const fn max_ratio(filter: Filter) -> u64 {
    match filter {
        Filter::FlateDecode => MAX_DEFLATE_RATIO,
        Filter::LzwDecode => MAX_LZW_RATIO,
        Filter::RunLengthDecode => MAX_RUN_LENGTH_RATIO,
        Filter::Ascii85Decode => MAX_ASCII_85_RATIO,
        _ => 1,
    }
}

fn bounded(size: u64) -> Result<u64> {
    if size > limits::MAX_STREAM_BYTES {
        let bound = limits::MAX_STREAM_BYTES / limits::MIB;
        return Err(too_large(format!("The PDF holds a stream of more than {bound} MiB")));
    }
    Ok(size)
}

pub(super) fn spend(work: &mut u64, bytes: u64) -> Result<()> {
    *work = work.checked_sub(bytes).ok_or_else(|| {
        too_large(format!("The streams of the PDF hold more than {} MiB", limits::MAX_CHECKED_BYTES / limits::MIB))
    })?;
    Ok(())
}

fn too_many_filters() -> Error {
    too_large("The PDF holds a stream that is packed more than once")
}

pub(super) fn too_large(message: impl Into<String>) -> Error {
    Error::unreadable(Unreadable::TooLarge, message)
}

/// Fails if undoing the prediction of a stream would take rows of no size, by which hayro divides, or larger ones than
/// a stream may have: hayro makes one, whatever there is of data.
pub(super) fn check_rows(dict: &Dict<'_>) -> Result<()> {
    for key in ["DP", "DecodeParms"] {
        let one = dict.get::<Dict<'_>>(key);
        let several = dict.get::<Array<'_>>(key);
        let several = several.iter().flat_map(|array| array.iter::<Object<'_>>()).filter_map(Object::into_dict);
        for parameters in one.into_iter().chain(several) {
            let byte = |key, default| u64::from(parameters.get::<u8>(key).unwrap_or(default));
            if byte("Predictor", 1) == 1 {
                continue;
            }
            // hayro multiplies the first two in a byte.
            let bits = byte("Colors", 1) * byte("BitsPerComponent", 8);
            let columns = parameters.get::<usize>("Columns").unwrap_or(1) as u64;
            if !(1..=u64::from(u8::MAX)).contains(&bits) || !(1..=limits::MAX_STREAM_BYTES / 32).contains(&columns) {
                return Err(Error::unreadable(
                    Unreadable::Broken,
                    "The PDF holds a stream with rows of a size that cannot be",
                ));
            }
        }
    }
    Ok(())
}

fn ascii_hex(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().take_while(|byte| **byte != b'>').filter(|byte| !is_white(**byte));
    let digits: Vec<_> = digits.map_while(|byte| (*byte as char).to_digit(16)).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect()
}

fn ascii_85(data: &[u8]) -> Result<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut group = Vec::with_capacity(5);
    let flush = |group: &mut Vec<u8>, decoded: &mut Vec<u8>| {
        let length = group.len().saturating_sub(1);
        group.resize(5, b'u');
        let value = group
            .drain(..)
            .fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(u32::from(digit.saturating_sub(b'!'))));
        decoded.extend(value.to_be_bytes().iter().take(length));
    };
    for &byte in data {
        match byte {
            b'!'..=b'u' => {
                group.push(byte);
                if group.len() == 5 {
                    flush(&mut group, &mut decoded);
                }
            }
            b'z' => {
                flush(&mut group, &mut decoded);
                decoded.extend([0; 4]);
            }
            _ if is_white(byte) => {}
            // The end, or no base 85.
            _ => break,
        }
        bounded(decoded.len() as u64)?;
    }
    flush(&mut group, &mut decoded);
    Ok(decoded)
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// How far an inflation came.
struct Inflation {
    read: u64,
    written: u64,
    finished: bool,
}

impl Inflation {
    fn of(data: &[u8], has_header: bool, work: &mut u64) -> Result<Self> {
        let mut decoder = Decompress::new(has_header);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let before = (decoder.total_in(), decoder.total_out());
            let rest = data.get(decoder.total_in() as usize..).unwrap_or_default();
            let status = decoder.decompress(rest, &mut buffer, FlushDecompress::None);
            let (read, written) = (decoder.total_in(), decoder.total_out());
            spend(work, written - before.1)?;
            bounded(written)?;
            let finished = matches!(status, Ok(Status::StreamEnd));
            if finished || status.is_err() || (read, written) == before {
                return Ok(Self { read, written, finished });
            }
        }
    }
}

/// The size of what hayro makes of deflate: it tries zlib, then deflate without a header, and at last its own decoder,
/// which does not stop at everything that is wrong.
fn inflated_size(data: &[u8], damage: Damage, work: &mut u64) -> Result<u64> {
    let zlib = Inflation::of(data, true, work)?;
    if zlib.finished {
        return Ok(zlib.written);
    }
    let bare = Inflation::of(data, false, work)?;
    let size = zlib.written.max(bare.written);
    if bare.finished {
        return Ok(size);
    }
    let (last, data) = match data.split_first_chunk() {
        Some(([method, flags], data))
            if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31) && flags & 0x20 == 0 =>
        {
            (Inflation::of(data, false, work)?, data)
        }
        _ => (bare, data),
    };
    let rest = match damage {
        Damage::MayEnd if !last.finished => (data.len() as u64).saturating_sub(last.read),
        _ => 0,
    };
    bounded(size.max(last.written + rest * MAX_DEFLATE_RATIO))
}

fn lzw_size(data: &[u8], early_change: bool, work: &mut u64) -> Result<u64> {
    // How long the entries are; those to clear and to end have no length.
    let mut lengths = vec![1; LZW_CLEAR];
    lengths.extend([0, 0]);
    let first = lengths.len();
    let mut previous = None;
    let mut size = 0_u64;
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut bytes = data.iter();
    loop {
        let width = match lengths.len() + usize::from(early_change) {
            2_048.. => 12,
            1_024.. => 11,
            512.. => 10,
            _ => 9,
        };
        while held < width {
            let Some(byte) = bytes.next() else { return Ok(size) };
            bits = bits << 8 | u32::from(*byte);
            held += 8;
        }
        held -= width;
        let code = (bits >> held) as usize & ((1 << width) - 1);
        match code {
            LZW_CLEAR => {
                lengths.truncate(first);
                previous = None;
                continue;
            }
            LZW_END => return Ok(size),
            _ => {}
        }
        if let Some(length) = previous
            && lengths.len() < LZW_ENTRIES
            && code <= lengths.len()
        {
            lengths.push(length + 1);
        }
        let Some(&length) = lengths.get(code) else { return Ok(size) };
        size += length;
        spend(work, length)?;
        bounded(size)?;
        previous = Some(length);
    }
}

fn run_length_size(data: &[u8]) -> u64 {
    let mut size = 0;
    let mut rest = data;
    while let Some((&length, after)) = rest.split_first() {
        let length = usize::from(length);
        let (written, read) = match length {
            128 => break,
            0..128 => (length + 1, length + 1),
            _ => (257 - length, 1),
        };
        let Some(after) = after.get(read..) else { break };
        size += written as u64;
        rest = after;
    }
    size
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use hayro_syntax::object::FromBytes;

    use super::*;

    pub(in super::super) fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bare_deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(in super::super) fn hex(bytes: &[u8]) -> Vec<u8> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}\n")).collect();
        format!("{digits}>").into_bytes()
    }

    /// In runs as long as they get where there are any, else of one byte.
    pub(in super::super) fn run_lengths(bytes: &[u8]) -> Vec<u8> {
        let runs = bytes.chunk_by(|one, other| one == other).flat_map(|run| run.chunks(128));
        let encoded = runs.flat_map(|run| [if run.len() == 1 { 0 } else { (257 - run.len()) as u8 }, run[0]]);
        encoded.chain([128]).collect()
    }

    fn base_85(bytes: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        for group in bytes.chunks(4) {
            let mut padded = [0; 4];
            padded[..group.len()].copy_from_slice(group);
            let value = u32::from_be_bytes(padded);
            if value == 0 && group.len() == 4 {
                encoded.push(b'z');
                continue;
            }
            let digits = [52_200_625, 614_125, 7_225, 85, 1].map(|power| (value / power % 85) as u8 + b'!');
            encoded.extend(&digits[..group.len() + 1]);
            encoded.push(b'\n');
        }
        encoded.extend(b"~>");
        encoded
    }

    /// LZW of zeros: `codes` codes, each for an entry of the table that is one longer, until it is full.
    fn lzw_of_zeros(codes: usize) -> (Vec<u8>, u64) {
        let (mut bytes, mut held, mut bits, mut size) = (Vec::new(), 0_u64, 0, 0);
        for number in 0..codes {
            let entries = (258 + number.max(1) - 1).min(4_096);
            let code = if number == 0 { 0 } else { (257 + number).min(4_095) };
            size += if number == 0 { 1 } else { code as u64 - 256 };
            let width = match entries + 1 {
                0..512 => 9,
                512..1_024 => 10,
                1_024..2_048 => 11,
                _ => 12,
            };
            held = held << width | code as u64;
            bits += width;
            while bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
            }
            held &= (1 << bits) - 1;
        }
        bytes.push((held << (8 - bits)) as u8);
        (bytes, size)
    }

    #[test]
    fn sizes_are_those_of_the_data() {
        let text = b"Some text. Some text, 0000000000000000. \0\0\0\0 zzz".repeat(9);
        let length = text.len() as u64;
        let (lzw, lzw_length) = lzw_of_zeros(5_000);
        let packed = deflated(&text);
        for (filters, data, expected) in [
            ("[]", text.clone(), length),
            ("/FlateDecode", packed.clone(), length),
            ("/Fl", bare_deflated(&text), length),
            // Without its checksum, and with something before the end of the stream.
            ("/FlateDecode", packed[..packed.len() - 4].to_vec(), length),
            ("/FlateDecode", [&packed[..], b"\n"].concat(), length),
            ("[/ASCIIHexDecode]", hex(&text), length),
            ("[/AHx/FlateDecode]", hex(&packed), length),
            ("/A85", base_85(&text), length),
            ("[/ASCII85Decode /FlateDecode]", base_85(&packed), length),
            ("[/A85/AHx/Fl]", base_85(&hex(&packed)), length),
            ("/RL", run_lengths(&text), length),
            ("[/A85/RunLengthDecode]", base_85(&run_lengths(&text)), length),
            ("/LZW", lzw.clone(), lzw_length),
            ("[/AHx/LZWDecode]", hex(&lzw), lzw_length),
        ] {
            let mut bytes = format!("<</Length {}/Filter {filters}>>stream\n", data.len()).into_bytes();
            bytes.extend(data);
            bytes.extend(b"\nendstream");
            let stream = Stream::from_bytes(&bytes).unwrap();
            assert_eq!(decode(&stream).unwrap().0.unwrap().len() as u64, expected, "{filters}");
            assert_eq!(size(&stream).unwrap(), expected, "{filters}");
        }
    }
}
