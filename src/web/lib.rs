//! The browser and Node face of Sortroom: the same core, called from JavaScript.
//!
//! It is built three times, each with one feature, so that pages load what they use. With `engine` it classifies, evaluates
//! and lints, and reads what is light to read. With `reader` it reads every format; it is loaded when the engine says that
//! a document takes it. With `extractor` it extracts. The JavaScript around them is in the `.ts` files beside this.
//!
//! Values cross as JSON text: what goes out is byte for byte what the server answers, and what comes in is held against
//! the same rules. Refusals are thrown as JSON text too ([`refused`]), so that they cannot be mistaken for a trap.

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "extractor")]
mod extractor;
#[cfg(any(feature = "engine", feature = "extractor"))]
mod opened;
#[cfg(feature = "reader")]
mod reader;
#[cfg(any(feature = "engine", feature = "reader"))]
mod reading;

use serde::Serialize;
use serde_json::{Value, json};
use sortroom::error::{Error, Fault, Kind};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// What a function gives to JavaScript, or throws there.
type Answer<T> = Result<T, JsValue>;

/// The version of the engine, as results carry it.
#[wasm_bindgen(js_name = engineVersion)]
pub fn engine_version() -> String {
    sortroom::ENGINE_VERSION.to_owned()
}

/// The JSON of a value.
fn spelt(value: &impl Serialize) -> Answer<String> {
    serde_json::to_string(value).map_err(|error| refused(Error::internal(error)))
}

/// A value that came as JSON. Our own JavaScript spelt it, but text in it may be none: half a character, say.
fn parsed(json: &str) -> Answer<Value> {
    serde_json::from_str(json).map_err(|error| refused(Error::new(Kind::Invalid, format!("This is no JSON: {error}"))))
}

/// An error, as JavaScript makes a `SortroomError` of it.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn refused(error: Error) -> JsValue {
    let fields: Vec<_> = error.violations().iter().map(Fault::from).collect();
    let told = json!({ "code": error.code(), "message": error.message(), "fields": fields });
    JsValue::from_str(&told.to_string())
}
