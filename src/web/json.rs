//! Values that cross to and from JavaScript as JSON text.

use serde::Serialize;
use serde_json::Value;
use sortroom::error::{Error, ErrorKind};

use crate::{JsResult, to_js_error};

/// Serializes a value.
pub fn to_json(value: &impl Serialize) -> JsResult<String> {
    serde_json::to_string(value).map_err(|error| to_js_error(Error::internal(error)))
}

/// Parses JSON. Our own JavaScript made it, but a string in it may be invalid: it may have half a surrogate pair.
pub fn from_json(json: &str) -> JsResult<Value> {
    serde_json::from_str(json)
        .map_err(|error| to_js_error(Error::new(ErrorKind::Invalid, format!("Not valid JSON: {error}"))))
}
