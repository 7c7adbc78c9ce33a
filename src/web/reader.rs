//! Reading every format.

use sortroom::document;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    Answer,
    reading::{Reading, reading},
};

/// Reads a document, and the files within it.
#[wasm_bindgen]
pub fn read(bytes: &[u8], asked: &str) -> Answer<Reading> {
    Reading::new(reading(asked, |options| document::open(bytes, options))?)
}
