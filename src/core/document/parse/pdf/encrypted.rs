//! What encrypted streams hold, before hayro reads the file they lie in.
//!
//! hayro decrypts, but only streams of a file that it has read, and reading it decodes the streams that hold objects.
//! So the streams in question are listed in a file of its own behind the given one: a table of nothing but them, and a
//! trailer with the given encryption.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, ObjectIdentifier, Stream, String as PdfString};

use super::filters::too_large;
use super::refused;
use crate::error::Result;

/// The most pairs of a key and a set of streams with different numbers. A file has one of each, unless it was changed:
/// then numbers may come again.
const MAX_PASSES: usize = 8;

/// The numbers of the catalog and of the pages.
const CATALOG: u32 = u32::MAX - 1;
const PAGES: u32 = u32::MAX - 2;

/// What says how a file is encrypted.
#[derive(Default)]
pub(super) struct Encryption {
    dictionaries: BTreeSet<Vec<u8>>,
    /// The first identifiers of the file, which keys are made with.
    ids: BTreeSet<Vec<u8>>,
    is_used: bool,
}

impl Encryption {
    /// Notes what a dictionary, which may be a trailer or tell of an encryption, says.
    pub fn note(&mut self, dict: &Dict<'_>) {
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

    /// Decrypts the streams at these places and passes each to `look`.
    pub fn each(
        &self,
        bytes: &[u8],
        streams: &[(ObjectIdentifier, usize)],
        mut look: impl FnMut(&Stream<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut passes: Vec<BTreeMap<ObjectIdentifier, usize>> = Vec::new();
        for &(id, at) in streams {
            if let Some(pass) = passes.iter_mut().find(|pass| !pass.contains_key(&id)) {
                pass.insert(id, at);
            } else if passes.len() < MAX_PASSES {
                passes.push(BTreeMap::from([(id, at)]));
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
                    let pdf = Pdf::new(listing(bytes, pass, dictionary, id)).map_err(refused)?;
                    for &id in pass.keys() {
                        if let Some(stream) = pdf.xref().get::<Stream<'_>>(id) {
                            look(&stream)?;
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

/// The file with a table of these streams only.
fn listing(bytes: &[u8], streams: &BTreeMap<ObjectIdentifier, usize>, dictionary: &[u8], id: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    let mut places = streams.clone();
    for (number, object) in [
        (CATALOG, format!("<</Type/Catalog/Pages {PAGES} 0 R>>")),
        (PAGES, "<</Type/Pages/Count 1/Kids[<</Type/Page>>]>>".to_owned()),
    ] {
        file.push(b'\n');
        places.insert(ObjectIdentifier::new(number, 0), file.len());
        file.extend(format!("{number} 0 obj{object}endobj").bytes());
    }
    file.push(b'\n');
    let start = file.len();
    let mut table = "xref\n".to_owned();
    for (id, at) in places {
        // Writing to a string does not fail.
        let _ = write!(table, "{} 1\n{at:010} {:05} n \n", id.obj_number, id.gen_number);
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
