//! Computes the decoded size of a stream before hayro decodes it, because hayro decodes whole streams without a limit.
//!
//! Supported are streams with at most one compression filter and ASCII filters around it, which is what producers
//! write. Their size is counted without keeping the output. Other filter chains are refused, because compression of
//! compressed data expands a million times; so are streams that would crash hayro.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use hayro_syntax::Filter;
use hayro_syntax::object::{Array, Dict, Object, Stream};

use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// The maximum expansion of deflate: 258 bytes for two bits.
const MAX_DEFLATE_RATIO: u64 = 1_032;

/// The maximum expansion of LZW: the longest entry, one byte longer for each code of the table, for 12 bits.
const MAX_LZW_RATIO: u64 = 2_560;

/// The maximum expansion of run lengths: 128 bytes for two.
const MAX_RUN_LENGTH_RATIO: u64 = 64;

/// The maximum expansion of base 85: four bytes for a "z".
const MAX_ASCII_85_RATIO: u64 = 4;

/// The maximum number of ASCII filters of a stream: one is common, and each makes a copy.
const MAX_ASCII_FILTERS: usize = 2;

/// The maximum number of entries of an LZW table, and the codes that clear the table and end the data.
const LZW_ENTRIES: usize = 4_096;
const LZW_CLEAR: usize = 256;
const LZW_END: usize = 257;

/// How to treat damaged compressed data.
#[derive(Clone, Copy)]
pub(super) enum Damage {
    /// The data ends at the damage.
    EndsData,
    /// hayro may continue after the damage with arbitrary output.
    MayContinue,
}

/// The data of a stream, or None if it is an image or damaged; and the bytes that it counts against the limits. Fails
/// if the data exceeds the limit or its size cannot be determined.
pub(super) fn decode<'a>(stream: &Stream<'a>) -> Result<(Option<Cow<'a, [u8]>>, u64)> {
    let filters = stream.filters();
    let Some((ascii, compression)) = split(&filters)? else { return Ok((None, 0)) };
    check_rows(stream.dict())?;
    let raw = stream.raw_data();
    let length = raw.len() as u64;
    let ratio = compression.map_or(1, max_ratio);
    let mut max_size = ascii.iter().fold(ratio * length, |size, &filter| size.saturating_mul(max_ratio(filter)));
    if max_size > limits::MAX_STREAM_BYTES {
        let mut work = limits::MAX_CHECKED_BYTES;
        max_size = decoded_size(&raw, &filters, Damage::MayContinue, &mut work)?;
    }
    drop(raw);
    let data = stream.decoded_data().ok();
    // Damaged data counts with its maximum size.
    let bytes_processed = data.as_ref().map_or(max_size, |data| data.len() as u64);
    Ok((data, bytes_processed.max(length)))
}

/// The size of a stream's decoded data or an upper bound of it. Fails like [`decode`].
pub(super) fn size(stream: &Stream<'_>) -> Result<u64> {
    check_rows(stream.dict())?;
    let mut work = limits::MAX_CHECKED_BYTES;
    decoded_size(&stream.raw_data(), &stream.filters(), Damage::MayContinue, &mut work)
}

/// The size of `data` after decoding with `filters`, or an upper bound of it. Counted bytes are subtracted from `work`.
pub(super) fn decoded_size(data: &[u8], filters: &[Filter], damage: Damage, work: &mut u64) -> Result<u64> {
    let Some((ascii, compression)) = split(filters)? else { return Ok(0) };
    let mut data = Cow::Borrowed(data);
    for filter in ascii {
        data = Cow::Owned(if *filter == Filter::AsciiHexDecode { ascii_hex(&data) } else { ascii_85(&data)? });
        spend(work, data.len() as u64)?;
    }
    let size = match compression {
        Some(Filter::FlateDecode) => inflated_size(&data, damage, work)?,
        // `EarlyChange` is not known here, so both variants are counted.
        Some(Filter::LzwDecode) => lzw_size(&data, true, work)?.max(lzw_size(&data, false, work)?),
        Some(Filter::RunLengthDecode) => run_length_size(&data),
        _ => data.len() as u64,
    };
    check_size(size)
}

/// Splits a chain into ASCII filters and compression; None for images, which hayro does not decode.
fn split(filters: &[Filter]) -> Result<Option<(&[Filter], Option<Filter>)>> {
    let image_filters = [Filter::DctDecode, Filter::JpxDecode, Filter::Jbig2Decode, Filter::CcittFaxDecode];
    if filters.iter().any(|filter| image_filters.contains(filter)) {
        return Ok(None);
    }
    // Encrypted data is already decrypted here.
    let filters = filters.strip_prefix(&[Filter::Crypt]).unwrap_or(filters);
    let is_ascii = |filter: &&Filter| matches!(filter, Filter::AsciiHexDecode | Filter::Ascii85Decode);
    let (ascii, rest) = filters.split_at(filters.iter().take_while(is_ascii).count());
    match rest {
        _ if ascii.len() > MAX_ASCII_FILTERS => Err(too_many_filters()),
        [] => Ok(Some((ascii, None))),
        [compression] => Ok(Some((ascii, Some(*compression)))),
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

fn check_size(size: u64) -> Result<u64> {
    if size > limits::MAX_STREAM_BYTES {
        let limit = limits::MAX_STREAM_BYTES / limits::MIB;
        return Err(too_large(format!("The PDF holds a stream of more than {limit} MiB")));
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

/// Fails if the predictor of a stream has rows of size 0, by which hayro would divide, or rows larger than a stream
/// may be: hayro allocates one row regardless of the amount of data.
pub(super) fn check_rows(dict: &Dict<'_>) -> Result<()> {
    for parameters in filter_parameters(dict) {
        let byte = |key, default| u64::from(parameters.get::<u8>(key).unwrap_or(default));
        if byte("Predictor", 1) == 1 {
            continue;
        }
        // hayro multiplies these two in a `u8`.
        let bits = byte("Colors", 1) * byte("BitsPerComponent", 8);
        let columns = parameters.get::<usize>("Columns").unwrap_or(1) as u64;
        if !(1..=u64::from(u8::MAX)).contains(&bits) || !(1..=limits::MAX_STREAM_BYTES / 32).contains(&columns) {
            return Err(Error::unreadable(
                Unreadable::Damaged,
                "The PDF holds a stream with rows of a size that cannot be",
            ));
        }
    }
    Ok(())
}

/// The parameters of a stream's filters: a dictionary or a list of them, under either name of the entry.
pub(super) fn filter_parameters<'a>(dict: &Dict<'a>) -> impl Iterator<Item = Dict<'a>> {
    ["DP", "DecodeParms"].into_iter().flat_map(|key| {
        let list = dict.get::<Array<'a>>(key);
        let list = list.into_iter().flat_map(|array| array.iter::<Object<'a>>()).filter_map(Object::into_dict);
        dict.get::<Dict<'a>>(key).into_iter().chain(list)
    })
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
            // The end marker or invalid base 85.
            _ => break,
        }
        check_size(decoded.len() as u64)?;
    }
    flush(&mut group, &mut decoded);
    Ok(decoded)
}

/// Whether a byte is white space in PDF syntax (ISO 32000-1, table 1).
pub(super) const fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// The progress of inflating a stream.
struct Inflation {
    read: u64,
    written: u64,
    finished: bool,
}

impl Inflation {
    fn run(data: &[u8], has_header: bool, work: &mut u64) -> Result<Self> {
        let mut decoder = Decompress::new(has_header);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let before = (decoder.total_in(), decoder.total_out());
            let rest = data.get(decoder.total_in() as usize..).unwrap_or_default();
            let status = decoder.decompress(rest, &mut buffer, FlushDecompress::None);
            let (read, written) = (decoder.total_in(), decoder.total_out());
            spend(work, written - before.1)?;
            check_size(written)?;
            let finished = matches!(status, Ok(Status::StreamEnd));
            if finished || status.is_err() || (read, written) == before {
                return Ok(Self { read, written, finished });
            }
        }
    }
}

/// The size of deflate data as hayro decodes it: it tries zlib, then raw deflate without a header, and finally its own
/// decoder, which does not stop at every error.
fn inflated_size(data: &[u8], damage: Damage, work: &mut u64) -> Result<u64> {
    let zlib = Inflation::run(data, true, work)?;
    if zlib.finished {
        return Ok(zlib.written);
    }
    let raw_deflate = Inflation::run(data, false, work)?;
    let size = zlib.written.max(raw_deflate.written);
    if raw_deflate.finished {
        return Ok(size);
    }
    let (last, data) = match data.split_first_chunk() {
        Some(([method, flags], data))
            if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31) && flags & 0x20 == 0 =>
        {
            (Inflation::run(data, false, work)?, data)
        }
        _ => (raw_deflate, data),
    };
    let rest = match damage {
        Damage::MayContinue if !last.finished => (data.len() as u64).saturating_sub(last.read),
        _ => 0,
    };
    check_size(size.max(last.written + rest * MAX_DEFLATE_RATIO))
}

fn lzw_size(data: &[u8], early_change: bool, work: &mut u64) -> Result<u64> {
    // The lengths of the entries; the clear and end codes have no length.
    let mut lengths = vec![1; LZW_CLEAR];
    lengths.extend([0, 0]);
    let first_code = lengths.len();
    let mut previous = None;
    let mut size = 0_u64;
    let (mut bits, mut bit_count) = (0_u32, 0_u32);
    let mut bytes = data.iter();
    loop {
        let width = match lengths.len() + usize::from(early_change) {
            2_048.. => 12,
            1_024.. => 11,
            512.. => 10,
            _ => 9,
        };
        while bit_count < width {
            let Some(byte) = bytes.next() else { return Ok(size) };
            bits = bits << 8 | u32::from(*byte);
            bit_count += 8;
        }
        bit_count -= width;
        let code = (bits >> bit_count) as usize & ((1 << width) - 1);
        match code {
            LZW_CLEAR => {
                lengths.truncate(first_code);
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
        check_size(size)?;
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

    fn raw_deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(in super::super) fn hex(bytes: &[u8]) -> Vec<u8> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}\n")).collect();
        format!("{digits}>").into_bytes()
    }

    /// Encodes repeated bytes in runs of maximum length and other bytes one by one.
    pub(in super::super) fn run_lengths(bytes: &[u8]) -> Vec<u8> {
        let runs = bytes.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128));
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

    /// LZW of zeros: `codes` codes, each for a table entry that is one byte longer, until the table is full.
    fn lzw_of_zeros(codes: usize) -> (Vec<u8>, u64) {
        let (mut bytes, mut pending_bits, mut bit_count, mut size) = (Vec::new(), 0_u64, 0, 0);
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
            pending_bits = pending_bits << width | code as u64;
            bit_count += width;
            while bit_count >= 8 {
                bit_count -= 8;
                bytes.push((pending_bits >> bit_count) as u8);
            }
            pending_bits &= (1 << bit_count) - 1;
        }
        bytes.push((pending_bits << (8 - bit_count)) as u8);
        (bytes, size)
    }

    #[test]
    fn computes_the_decoded_size() {
        let text = b"Some text. Some text, 0000000000000000. \0\0\0\0 zzz".repeat(9);
        let length = text.len() as u64;
        let (lzw, lzw_length) = lzw_of_zeros(5_000);
        let deflated_text = deflated(&text);
        for (filters, data, expected) in [
            ("[]", text.clone(), length),
            ("/FlateDecode", deflated_text.clone(), length),
            ("/Fl", raw_deflated(&text), length),
            // Without the checksum, and with extra bytes before the end of the stream.
            ("/FlateDecode", deflated_text[..deflated_text.len() - 4].to_vec(), length),
            ("/FlateDecode", [&deflated_text[..], b"\n"].concat(), length),
            ("[/ASCIIHexDecode]", hex(&text), length),
            ("[/AHx/FlateDecode]", hex(&deflated_text), length),
            ("/A85", base_85(&text), length),
            ("[/ASCII85Decode /FlateDecode]", base_85(&deflated_text), length),
            ("[/A85/AHx/Fl]", base_85(&hex(&deflated_text)), length),
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
