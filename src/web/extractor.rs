//! Extracting.

use js_sys::{Array, Uint8Array};
use sortroom::{
    document::{Attachment, Opened},
    extract::{self as extraction, Extracted},
    validate::{Check, Field},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{Answer, opened::opened, parsed, refused, spelt};

/// Looks for the fields of a schema in a document, and in the `files` within it: `{schema}`.
#[wasm_bindgen]
pub fn extract(document: &str, files: &Array, asked: &str) -> Answer<String> {
    let Opened { document, .. } = opened(document)?;
    let said = parsed(asked)?;
    let field = Field::root("body", Some(&said)).get("schema");
    let mut check = Check::default();
    check.require(&field);
    let mut schema = None;
    if check.object(&field) {
        check.only(&field, &["fields", "tables"]);
        schema = extraction::given::read(&mut check, &field);
    }
    let schema = check.finish(schema).map_err(refused)?;
    let bytes = files.iter().map(|file| Uint8Array::new(&file).to_vec());
    let files: Vec<_> = bytes.map(|bytes| Attachment { name: None, media_type: None, bytes }).collect();
    spelt(&Extracted::from(extraction::extract(&document, &schema, &files)))
}
