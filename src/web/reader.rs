//! Reads every format.

use sortroom::{budget::Budget, document};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    JsResult,
    read_output::{self, ReadOutput, with_read_options},
};

/// Reads a document and its attachments. `options` is `{pages?, max_pages?}`.
#[wasm_bindgen]
pub fn read(bytes: &[u8], options: &str) -> JsResult<ReadOutput> {
    ReadOutput::new(with_read_options(options, |options| {
        document::read_with_attachments(bytes, options, &Budget::stage())
    })?)
}

/// Reads a mail, as in requests to the server, and its attachments.
#[wasm_bindgen(js_name = readMail)]
pub fn read_mail(mail: &str) -> JsResult<ReadOutput> {
    ReadOutput::new(read_output::read_mail(mail)?)
}
