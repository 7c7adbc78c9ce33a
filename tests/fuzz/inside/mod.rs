//! Edits inside what is packed, so that they get past the packing: an archive's checksums, a stream's compression, the
//! alphabet of Base64, the grammar of JSON.

pub mod json;
pub mod mail;
pub mod pdf;
pub mod zip;

use crate::edit::{Edit, Material, apply, pick};

/// Edits the inside of a seed; None if it has none.
pub type Inside = fn(&[u8], &[Edit], Material<'_>) -> Option<Vec<u8>>;

/// A part of an input.
pub struct Part {
    /// Its name, if it has one.
    pub name: Vec<u8>,
    /// Its content, unpacked.
    pub bytes: Vec<u8>,
    /// Whether it is packed in the input.
    pub packed: bool,
}

impl Part {
    /// A part that stands in the input as it is.
    pub fn raw(bytes: &[u8]) -> Self {
        Self { name: Vec::new(), bytes: bytes.to_vec(), packed: false }
    }

    /// A part that is packed in the input.
    pub fn packed(bytes: Vec<u8>) -> Self {
        Self { name: Vec::new(), bytes, packed: true }
    }
}

/// Applies each edit to its part. What they splice comes from the parts of the other seed.
pub fn edit_parts(parts: &mut [Part], others: &[Part], edits: &[Edit], material: Material<'_>) {
    let count = parts.len();
    for edit in edits {
        let Some(part) = parts.get_mut(pick(edit.part, count)) else { return };
        let other = others.get(pick(edit.part, others.len())).map_or(material.other, |other| other.bytes.as_slice());
        apply(&mut part.bytes, edit, Material { other, ..material });
    }
}
