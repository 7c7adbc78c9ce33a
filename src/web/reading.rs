//! Documents on their way out.

use js_sys::{Array, Uint8Array};
use sortroom::{
    document::{Enclosed, Opened, ReadOptions, given},
    error::Result,
    validate::{Check, Field},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{Answer, parsed, refused, spelt};

/// A document that was read: as JSON, and the content of the files within it, in their order.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Reading {
    json: String,
    files: Vec<Vec<u8>>,
}

#[wasm_bindgen]
impl Reading {
    /// The document.
    #[wasm_bindgen(getter)]
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// The content of every file within it.
    #[wasm_bindgen(getter)]
    pub fn files(&self) -> Array {
        self.files.iter().map(|bytes| Uint8Array::from(bytes.as_slice())).collect()
    }
}

impl Reading {
    pub(crate) fn new(opened: Opened) -> Answer<Self> {
        let json = spelt(&opened)?;
        let bytes = |file: Enclosed| file.bytes;
        Ok(Self { json, files: opened.attachments.into_iter().map(bytes).collect() })
    }
}

/// Reads a document as `read` does, given what is asked of it: `{pages?, max_pages?}`.
pub(crate) fn reading<T>(asked: &str, read: impl FnOnce(&ReadOptions) -> Result<T>) -> Answer<T> {
    let said = parsed(asked)?;
    let input = Field::root("options", Some(&said));
    let mut check = Check::default();
    let options = given::options(&mut check, &input);
    let options = check.finish(options).map_err(refused)?;
    read(&options).map_err(|error| refused(input.at_fault(error)))
}
