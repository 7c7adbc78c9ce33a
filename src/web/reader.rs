//! Reads every format, and parses.

use sortroom::{
    budget::Budget,
    document::{self, Document},
    error::Result,
    parse,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    JsResult,
    json::to_json,
    read_output::{self, ReadOutput, with_mail, with_read_options},
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

/// Parses a document: its pages as Markdown and items. `options` is `{pages?, max_pages?}`.
#[wasm_bindgen]
pub fn parse(bytes: &[u8], options: &str) -> JsResult<String> {
    to_json(&with_read_options(options, |options| {
        let budget = Budget::stage();
        parsed(document::read(bytes, options, &budget), &budget)
    })?)
}

/// Parses a mail, as in requests to the server.
#[wasm_bindgen(js_name = parseMail)]
pub fn parse_mail(mail: &str) -> JsResult<String> {
    to_json(&with_mail(mail, |mail| {
        let budget = Budget::stage();
        parsed(document::read_mail(mail, &budget), &budget)
    })?)
}

fn parsed(document: Result<Document>, budget: &Budget) -> Result<parse::ParseResult> {
    document.and_then(|document| parse::parse(&document, budget))
}
