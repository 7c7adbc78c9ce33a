//! The files of an archive.

use std::io::{Read, Write};

use flate2::{Compression, Crc, read::DeflateDecoder, write::DeflateEncoder};

use super::{Part, edit_parts};
use crate::edit::{Edit, Kind, MAX_BYTES, Material, pick};

/// Edits the files of an archive, and at times which there are.
pub fn edit(seed: &[u8], edits: &[Edit], material: Material<'_>) -> Option<Vec<u8>> {
    let mut files = unpack(seed)?;
    edit_parts(&mut files, &unpack(material.other).unwrap_or_default(), edits, material);
    if let Some(last) = edits.last().filter(|edit| edit.value.is_multiple_of(16)) {
        let index = pick(last.at, files.len());
        match last.kind {
            Kind::Delete => drop(files.remove(index)),
            Kind::Move => {
                let other = pick(last.part, files.len());
                let name = files.get(other).map(|file| file.name.clone()).unwrap_or_default();
                files[index].name = name;
            }
            _ => {}
        }
    }
    Some(pack(&files, edits.len().is_multiple_of(2)))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// The files of a well-formed archive.
fn unpack(bytes: &[u8]) -> Option<Vec<Part>> {
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let mut record = u32_at(bytes, end + 16)?;
    let mut files = Vec::new();
    for _ in 0..u16_at(bytes, end + 10)? {
        let name_length = u16_at(bytes, record + 28)?;
        let name = bytes.get(record + 46..record + 46 + name_length)?.to_vec();
        let header = u32_at(bytes, record + 42)?;
        let start = header + 30 + u16_at(bytes, header + 26)? + u16_at(bytes, header + 28)?;
        let packed = bytes.get(start..start + u32_at(bytes, record + 20)?)?;
        let mut content = Vec::new();
        if u16_at(bytes, record + 10)? == 0 {
            content.extend_from_slice(packed);
        } else {
            DeflateDecoder::new(packed).take(MAX_BYTES as u64).read_to_end(&mut content).ok()?;
        }
        files.push(Part { name, bytes: content, packed: true });
        record += 46 + name_length + u16_at(bytes, record + 30)? + u16_at(bytes, record + 32)?;
    }
    (!files.is_empty()).then_some(files)
}

/// An archive of `files`, with their true sizes and checksums.
fn pack(files: &[Part], deflate: bool) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for Part { name, bytes, .. } in files {
        let mut crc = Crc::new();
        crc.update(bytes);
        let packed = if deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes.clone()
        };
        let mut fields = [20_u16, 0, if deflate { 8 } else { 0 }, 0, 0].map(u16::to_le_bytes).concat();
        fields.extend([crc.sum(), packed.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat());
        fields.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        directory
            .extend([&b"PK\x01\x02\x14\0"[..], &fields, &[0; 10], &(out.len() as u32).to_le_bytes(), name].concat());
        out.extend([b"PK\x03\x04", &fields[..], name, &packed].concat());
    }
    let count = files.len() as u16;
    let (offset, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend([&b"PK\x05\x06\0\0\0\0"[..], &[count, count].map(u16::to_le_bytes).concat()].concat());
    out.extend([&[size, offset].map(u32::to_le_bytes).concat()[..], &[0, 0]].concat());
    out
}
