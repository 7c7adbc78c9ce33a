//! The objects and streams of a PDF.

use std::io::{Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use super::{Part, edit_parts};
use crate::edit::{Edit, MAX_BYTES, Material};

/// Edits objects and unpacked streams. Streams get their new length, and the table of objects their new places.
pub fn edit(seed: &[u8], edits: &[Edit], material: Material<'_>) -> Option<Vec<u8>> {
    let mut parts = unpack(seed);
    edit_parts(&mut parts, &unpack(material.other), edits, material);
    Some(with_table(pack(&parts)))
}

pub fn find(bytes: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    Some(from + bytes.get(from..)?.windows(word.len()).position(|window| window == word)?)
}

/// The parts between and in the streams. A stream that cannot be unpacked is part of what is between.
fn unpack(bytes: &[u8]) -> Vec<Part> {
    let (mut parts, mut start, mut from) = (Vec::new(), 0, 0);
    while let Some(keyword) = find(bytes, from, b"stream") {
        from = keyword + 6;
        let data = from + if bytes[from..].starts_with(b"\r\n") { 2 } else { 1 };
        let Some(end) = find(bytes, from, b"endstream") else { break };
        from = end + 9;
        let mut unpacked = Vec::new();
        let Some(packed) = bytes.get(data..end) else { break };
        let result = ZlibDecoder::new(packed).take(MAX_BYTES as u64).read_to_end(&mut unpacked);
        if result.is_ok() && !unpacked.is_empty() {
            // The objects before it, each a part.
            parts.extend(objects(&bytes[start..data]));
            parts.push(Part::packed(unpacked));
            start = end;
        }
    }
    parts.extend(objects(&bytes[start..]));
    parts
}

/// Splits before each `endobj`.
fn objects(mut bytes: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(end) = find(bytes, 1, b"endobj") {
        parts.push(Part::raw(&bytes[..end]));
        bytes = &bytes[end..];
    }
    parts.push(Part::raw(bytes));
    parts
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn pack(parts: &[Part]) -> Vec<u8> {
    const LENGTH: &[u8] = b"/Length ";
    let mut packed: Vec<Vec<u8>> = Vec::new();
    // From the end, so that the length of a stream is known when its dictionary comes.
    let mut stream_length = None;
    for part in parts.iter().rev() {
        if part.packed {
            let stream = deflate(&part.bytes);
            stream_length = Some(stream.len());
            packed.push([&stream[..], b"\n"].concat());
            continue;
        }
        let mut raw = part.bytes.clone();
        if let Some(length) = stream_length.take()
            && let Some(at) = raw.windows(LENGTH.len()).rposition(|window| window == LENGTH)
        {
            // In place of the old length, which is as wrong as any other if it is a reference.
            let digits = raw[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            raw.splice(at + LENGTH.len()..at + LENGTH.len() + digits, length.to_string().bytes());
        }
        packed.push(raw);
    }
    packed.reverse();
    packed.concat()
}

/// The file with a new table of objects, if it has a table of the old form.
fn with_table(mut bytes: Vec<u8>) -> Vec<u8> {
    let last = |bytes: &[u8], word: &[u8]| bytes.windows(word.len()).rposition(|window| window == word);
    let Some(table) = last(&bytes, b"\nxref").map(|at| at + 1) else { return bytes };
    let Some(trailer) = find(&bytes, table, b"trailer") else { return bytes };
    let end = find(&bytes, trailer, b"startxref").unwrap_or(bytes.len());
    let trailer = bytes[trailer..end].to_vec();
    bytes.truncate(table);
    let (mut rows, mut from) = (std::collections::BTreeMap::new(), 0);
    while let Some(at) = find(&bytes, from, b" obj") {
        from = at + 4;
        // `12 0 obj`, backwards.
        let before = &bytes[..at];
        let digits = |bytes: &[u8]| bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let generation = digits(before);
        let Some(before) = before[..at - generation].strip_suffix(b" ") else { continue };
        let number = digits(before);
        let start = before.len() - number;
        if let Ok(number) = String::from_utf8_lossy(&before[start..]).parse::<u16>() {
            rows.insert(number, start);
        }
    }
    bytes.extend(b"xref\n0 1\n0000000000 65535 f \n");
    for (number, start) in rows {
        bytes.extend(format!("{number} 1\n{start:010} 00000 n \n").bytes());
    }
    bytes.extend(trailer);
    bytes.extend(format!("startxref\n{table}\n%%EOF\n").bytes());
    bytes
}
