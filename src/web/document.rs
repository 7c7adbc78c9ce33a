//! Parses documents that JavaScript passes back.

use sortroom::{
    document::DocumentWithAttachments,
    error::{Error, ErrorKind},
};

use crate::{JsResult, to_js_error};

/// Parses a document in the JSON format of `ReadOutput::json`.
pub(crate) fn parse_document(json: &str) -> JsResult<DocumentWithAttachments> {
    let invalid = |error: serde_json::Error| {
        to_js_error(Error::new(ErrorKind::Invalid, format!("Not a document of this package: {error}")))
    };
    serde_json::from_str(json).map_err(invalid)
}
