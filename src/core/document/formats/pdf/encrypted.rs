//! Decrypts streams before hayro reads the file that contains them.
//!
//! hayro decrypts only streams of a file that it has loaded, and loading decodes the object streams. So this module
//! appends to the file a cross-reference table that lists only the streams to check, and a trailer with the file's
//! encryption, and lets hayro load the result.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, ObjectIdentifier, Stream, String as PdfString};

use super::filters::too_large;
use super::load_error;
use crate::error::Result;

/// The maximum number of combinations of a key and a set of streams with distinct object numbers. A file has one of
/// each, unless it was updated: then object numbers may repeat.
const MAX_PASSES: usize = 8;

/// The object numbers of the catalog and of the page tree.
const CATALOG: u32 = u32::MAX - 1;
const PAGES: u32 = u32::MAX - 2;

/// The encryption information of a file.
#[derive(Default)]
pub(super) struct Encryption {
    dictionaries: BTreeSet<Vec<u8>>,
    /// The first file identifiers (`ID`), from which keys are derived.
    ids: BTreeSet<Vec<u8>>,
    is_used: bool,
}

impl Encryption {
    /// Records a dictionary that may be a trailer or an encryption dictionary.
    pub fn record(&mut self, dict: &Dict<'_>) {
        if dict.contains_key("O") && dict.contains_key("U") {
            self.dictionaries.insert(dict.data().to_vec());
        }
        if dict.contains_key("Encrypt") {
            self.is_used = true;
            if let Some(direct) = dict.get::<Dict<'_>>("Encrypt") {
                self.dictionaries.insert(direct.data().to_vec());
            }
            let id = dict.get::<Array<'_>>("ID").and_then(|id| id.iter::<PdfString<'_>>().next());
            self.ids.insert(id.map(|id| id.as_bytes().to_vec()).unwrap_or_default());
        }
    }

    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// Decrypts the streams at these offsets and passes each to `inspect`.
    pub fn for_each_stream(
        &self,
        bytes: &[u8],
        streams: &[(ObjectIdentifier, usize)],
        mut inspect: impl FnMut(&Stream<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut passes: Vec<BTreeMap<ObjectIdentifier, usize>> = Vec::new();
        for &(id, offset) in streams {
            if let Some(pass) = passes.iter_mut().find(|pass| !pass.contains_key(&id)) {
                pass.insert(id, offset);
            } else if passes.len() < MAX_PASSES {
                passes.push(BTreeMap::from([(id, offset)]));
            } else {
                return Err(too_many_passes());
            }
        }
        if passes.len() * self.dictionaries.len() * self.ids.len() > MAX_PASSES {
            return Err(too_many_passes());
        }
        for pass in &passes {
            for dictionary in &self.dictionaries {
                for id in &self.ids {
                    let pdf = Pdf::new(file_with_streams(bytes, pass, dictionary, id)).map_err(load_error)?;
                    for &id in pass.keys() {
                        if let Some(stream) = pdf.xref().get::<Stream<'_>>(id) {
                            inspect(&stream)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn too_many_passes() -> crate::error::Error {
    too_large("The PDF says in too many ways how it is encrypted")
}

/// The file with an appended cross-reference table of these streams only.
fn file_with_streams(
    bytes: &[u8],
    streams: &BTreeMap<ObjectIdentifier, usize>,
    dictionary: &[u8],
    id: &[u8],
) -> Vec<u8> {
    let mut file = bytes.to_vec();
    let mut offsets = streams.clone();
    for (number, object) in [
        (CATALOG, format!("<</Type/Catalog/Pages {PAGES} 0 R>>")),
        (PAGES, "<</Type/Pages/Count 1/Kids[<</Type/Page>>]>>".to_owned()),
    ] {
        file.push(b'\n');
        offsets.insert(ObjectIdentifier::new(number, 0), file.len());
        file.extend(format!("{number} 0 obj{object}endobj").bytes());
    }
    file.push(b'\n');
    let start = file.len();
    let mut table = "xref\n".to_owned();
    for (id, offset) in offsets {
        // Writing to a string does not fail.
        let _ = write!(table, "{} 1\n{offset:010} {:05} n \n", id.obj_number, id.gen_number);
    }
    let _ = write!(table, "trailer<</Root {CATALOG} 0 R/ID[<");
    for byte in id {
        let _ = write!(table, "{byte:02x}");
    }
    table.push_str(">]/Encrypt ");
    file.extend(table.bytes());
    file.extend(dictionary);
    file.extend(format!(">>\nstartxref\n{start}\n%%EOF").bytes());
    file
}
