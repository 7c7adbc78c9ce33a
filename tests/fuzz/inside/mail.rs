//! The parts of a mail that are in Base64.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Part, edit_parts};
use crate::edit::{Edit, Material};

/// The characters of a full line of Base64 in a mail.
const LINE: usize = 76;

/// Edits what Base64 holds, and what stands around it.
pub fn edit(seed: &[u8], edits: &[Edit], material: Material<'_>) -> Option<Vec<u8>> {
    let mut parts = unpack(seed);
    edit_parts(&mut parts, &unpack(material.other), edits, material);
    let mut out = Vec::new();
    for part in parts {
        if part.packed {
            for line in STANDARD.encode(&part.bytes).as_bytes().chunks(LINE) {
                out.extend([line, b"\r\n"].concat());
            }
        } else {
            out.extend(part.bytes);
        }
    }
    Some(out)
}

/// The mail, cut before and after each run of lines of Base64.
fn unpack(bytes: &[u8]) -> Vec<Part> {
    let (mut parts, mut raw, mut encoded) = (Vec::new(), Vec::new(), Vec::new());
    let is_base64 = |line: &[u8]| {
        let text = line.trim_ascii_end();
        text.len() >= 20
            && text.len().is_multiple_of(4)
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
    };
    for line in bytes.split_inclusive(|byte| *byte == b'\n').chain([&b""[..]]) {
        if is_base64(line) {
            encoded.extend_from_slice(line.trim_ascii_end());
            continue;
        }
        if !encoded.is_empty() {
            match STANDARD.decode(&encoded) {
                Ok(decoded) => {
                    parts.push(Part::raw(&std::mem::take(&mut raw)));
                    parts.push(Part::packed(decoded));
                }
                Err(_) => raw.extend_from_slice(&encoded),
            }
            encoded.clear();
        }
        raw.extend_from_slice(line);
    }
    parts.push(Part::raw(&raw));
    parts
}
