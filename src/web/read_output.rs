//! The result of reading a document, for JavaScript.

use js_sys::{Array, Uint8Array};
use sortroom::{
    budget::Budget,
    document::{self, Attachment, DocumentWithAttachments, Mail, ReadOptions, input},
    error::Result,
    validate::{Input, Validator},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    JsResult,
    json::{from_json, to_json},
    to_js_error,
};

/// A document that was read: as JSON, and the bytes of its attachments, in order.
#[wasm_bindgen]
#[derive(Debug)]
pub struct ReadOutput {
    json: String,
    files: Vec<Vec<u8>>,
}

#[wasm_bindgen]
impl ReadOutput {
    /// The document as JSON.
    #[wasm_bindgen(getter)]
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// The bytes of every attachment.
    #[wasm_bindgen(getter)]
    pub fn files(&self) -> Array {
        self.files.iter().map(|bytes| Uint8Array::from(bytes.as_slice())).collect()
    }
}

impl ReadOutput {
    pub(crate) fn new(document: DocumentWithAttachments) -> JsResult<Self> {
        let json = to_json(&document)?;
        let bytes = |file: Attachment| file.bytes;
        Ok(Self { json, files: document.attachments.into_iter().map(bytes).collect() })
    }
}

/// Parses read options, `{pages?, max_pages?}`, and calls `read` with them.
pub(crate) fn with_read_options<T>(options: &str, read: impl FnOnce(&ReadOptions) -> Result<T>) -> JsResult<T> {
    let value = from_json(options)?;
    let input = Input::root("options", Some(&value));
    let mut check = Validator::default();
    let options = input::parse_read_options(&mut check, &input);
    let options = check.finish(options).map_err(to_js_error)?;
    read(&options).map_err(|error| to_js_error(input.nest_error(error)))
}

/// Parses a mail, and reads it with its attachments.
pub(crate) fn read_mail(mail: &str) -> JsResult<DocumentWithAttachments> {
    with_mail(mail, |mail| document::read_mail_with_attachments(mail, &Budget::stage()))
}

/// Parses the JSON of a mail, and calls `read` with it.
pub(crate) fn with_mail<T>(mail: &str, read: impl FnOnce(&Mail) -> Result<T>) -> JsResult<T> {
    let value = from_json(mail)?;
    let input = Input::root("mail", Some(&value));
    let mut check = Validator::default();
    let mail = input::parse_mail(&mut check, &input);
    let mail = check.finish(mail).map_err(to_js_error)?;
    read(&mail).map_err(to_js_error)
}
