//! The targets: what reads the input of others, and what holds for every input.

mod document;
mod formats;
mod identifiers;
mod meter;
mod page_token;
mod requests;
mod rules;
mod schema;
mod service;
mod sniffer;

pub use document::check_document;

use std::path::Path;

use crate::{files, folder, inside::Inside, verdict::Verdict};

/// Checks an input.
pub type Check = Box<dyn FnMut(&[u8]) -> Verdict>;

/// A part of the core that reads what others wrote.
pub struct Target {
    pub name: &'static str,
    /// Well-formed inputs, which the cases are made of.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format.
    pub dictionary: &'static [&'static [u8]],
    /// How its insides are edited, if it is packed.
    pub inside: Option<Inside>,
    /// Makes the check.
    pub check: fn() -> Check,
}

pub const TARGETS: &[Target] = &[
    formats::TEXT,
    formats::MARKDOWN,
    formats::HTML,
    formats::MAIL,
    formats::MAIL_BODY,
    formats::PDF,
    formats::WORD,
    sniffer::SNIFFER,
    requests::JSON,
    requests::FORM,
    page_token::PAGE_TOKEN,
    identifiers::IDENTIFIERS,
    schema::SCHEMA,
    rules::RULES,
    meter::METER,
];

/// The seeds of a target, and the documents of folders of the corpus.
fn seeds(name: &str, corpus: &[&str]) -> Vec<Vec<u8>> {
    let corpus = corpus.iter().flat_map(|folder| files(&corpus_folder().join(folder)));
    files(&folder("seeds").join(name)).into_iter().chain(corpus).collect()
}

/// The corpus of the tests.
pub fn corpus_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}
