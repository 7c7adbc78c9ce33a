//! The npm package of Sortroom for browsers and Node: the same core, called from JavaScript.
//!
//! It is built three times, each with one feature, so that pages load only what they use. With `engine` it classifies,
//! splits, evaluates and lints, and reads web pages, mails and text in UTF-8. With `reader` it reads every format, and parses; it is loaded when
//! the engine cannot read a document. With `extractor` it extracts. The Worker has one module of its own, with `reader` and
//! `calls`: it answers whole calls. The JavaScript around them is in the `.ts` files beside this.
//!
//! Values cross as JSON text: results are byte for byte those of the server, and input is validated by the same rules.
//! Errors are thrown as JSON text too ([`to_js_error`]), so that they cannot be mistaken for a trap.

mod allocator;
#[cfg(feature = "calls")]
mod calls;
#[cfg(any(feature = "engine", feature = "extractor"))]
mod document;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "extractor")]
mod extractor;
#[cfg(any(feature = "engine", feature = "extractor", feature = "reader"))]
mod json;
#[cfg(any(feature = "engine", feature = "reader"))]
mod read_output;
#[cfg(feature = "reader")]
mod reader;

use serde_json::json;
use sortroom::error::{Error, FieldError};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// What a function returns to JavaScript, or throws there.
type JsResult<T> = Result<T, JsValue>;

/// The version of the engine, as in results.
#[wasm_bindgen(js_name = engineVersion)]
pub fn engine_version() -> String {
    sortroom::ENGINE_VERSION.to_owned()
}

/// Installs the embedding table, the file `embedding.bin`, in a fresh instance that is to classify.
#[cfg(any(feature = "engine", feature = "calls"))]
#[wasm_bindgen(js_name = installTable)]
pub fn install_table(file: Vec<u8>) -> JsResult<()> {
    sortroom::text::EmbeddingTable::install(file).map_err(to_js_error)
}

/// An error in the JSON format from which JavaScript makes a `SortroomError`.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn to_js_error(error: Error) -> JsValue {
    let fields: Vec<_> = error.violations().iter().chain(&error.omission()).map(FieldError::from).collect();
    let json = json!({ "code": error.code(), "message": error.message(), "fields": fields });
    JsValue::from_str(&json.to_string())
}
