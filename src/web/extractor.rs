//! Extracts fields.

use js_sys::{Array, Uint8Array};
use sortroom::{
    budget::Budget,
    document::{AttachedFile, DocumentWithAttachments},
    extract::{self as extraction, ExtractResult},
    validate::{Input, Validator},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    JsResult,
    document::parse_document,
    json::{from_json, to_json},
    to_js_error,
};

/// Extracts the fields of a schema from a document and its attachments, whose bytes are `files`. `request` is
/// `{schema}`.
#[wasm_bindgen]
pub fn extract(document: &str, files: &Array, request: &str) -> JsResult<String> {
    let DocumentWithAttachments { document, .. } = parse_document(document)?;
    let body = from_json(request)?;
    let input = Input::root("body", Some(&body)).get("schema");
    let mut check = Validator::default();
    check.require(&input);
    let mut schema = None;
    if check.object(&input) {
        check.deny_unknown_fields(&input, &["fields", "tables"]);
        schema = extraction::input::parse_schema(&mut check, &input);
    }
    let schema = check.finish(schema).map_err(to_js_error)?;
    let bytes = files.iter().map(|file| Uint8Array::new(&file).to_vec());
    let files: Vec<_> = bytes.map(|bytes| AttachedFile { name: None, media_type: None, bytes }).collect();
    let extraction = extraction::extract(&document, &schema, &files, &Budget::stage()).map_err(to_js_error)?;
    to_json(&ExtractResult::from(extraction))
}
