//! Sortroom sorts documents and mail against rules written in plain language.
//!
//! This crate has everything but the platform: no clock, no randomness, no I/O. Its input is bytes and rules, its
//! output decisions. The same input gives the same output bytes natively, in a Cloudflare Worker and in a browser.
//!
//! ```
//! use sortroom::budget::Budget;
//! use sortroom::classify::{Classifier, Rule, RuleSet, Settings};
//! use sortroom::document::{self, ReadOptions};
//!
//! let rule = |label: &str, description: &str| Rule {
//!     label: label.to_owned(),
//!     description: description.to_owned(),
//!     examples: Vec::new(),
//! };
//! let rules = RuleSet {
//!     rules: vec![
//!         rule("invoice", "An invoice with an invoice number, line items and an amount due"),
//!         rule("complaint", "A customer complains about an order and wants the money back"),
//!     ],
//! };
//! // The most work that one document may take.
//! let budget = Budget::stage();
//! let classifier = Classifier::new(&rules, &Settings::default(), &budget)?;
//!
//! let file = b"Dear Sir, the invoice number is 4711. Please pay the amount due by 1 June.";
//! let document = document::read(file, &ReadOptions::default(), &budget)?;
//! let decision = classifier.decide(&document, &budget)?;
//! assert_eq!(decision.label.as_deref(), Some("invoice"));
//! assert!(decision.confidence > 0.5);
//! # Ok::<(), sortroom::error::Error>(())
//! ```
//!
//! # Features
//!
//! - `pdf`, `office`, `charsets` (default): what a build reads besides UTF-8 text, web pages, Markdown and mails. The
//!   table of formats is [`document::Format`].
//! - `parse` (default): what files say about lists, levels of headings and links, for [`parse`].
//! - `embedding-table` (default): the embedding table is compiled in; without it, install the file before you classify.
//! - `types`: the input and output types as TypeScript.
//! - `memory`: the ports of [`service`] in memory, for tests of other crates.
//! - `contract`: the suite that checks ports against their contract.
//!
//! # Not supported
//!
//! - Text recognition: a scan fails with the code `NEEDS_OCR`.
//! - Formats that are not in the table, such as spreadsheets, presentations, RTF and the files of old Office versions.
//! - Meaning in other languages than English: there, words decide, through a glossary of common ones.
//! - Generating or summarising text: an answer is a label or a value of the document.
//!
//! # Modules
//!
//! Modules depend on each other in one direction only; a test of the workspace (`tests/architecture`) checks it:
//!
//! 1. [`error`], [`id`], [`time`], [`limits`], [`budget`]: the basic types and constants of all other modules.
//! 2. [`validate`]: validation of input that reports all errors at once.
//! 3. [`text`]: tokens and stems of a text.
//! 4. [`document`]: bytes to a [`document::Document`] of pages, passages and words with their positions.
//! 5. [`classify`]: a document and a [`classify::RuleSet`] to a [`classify::Decision`] with its evidence.
//! 6. [`extract`]: a document and an [`extract::Schema`] to an [`extract::Extraction`] with its citations.
//! 7. [`parse`]: a document to Markdown and items, each with its place.
//! 8. [`split`]: the pages of a file that holds several documents to segments, each with its category.
//! 9. [`engine`]: the calls to all of these as values, for an instance that can be thrown away.
//! 10. [`job`]: a job as a pure state machine.
//! 11. [`service`]: use cases over ports.
//! 12. [`api`]: HTTP for the use cases, in the dialects of existing clients.
#![forbid(unsafe_code)]

pub mod api;
pub mod budget;
pub mod classify;
pub mod document;
pub mod engine;
pub mod error;
pub mod extract;
pub mod id;
pub mod job;
pub mod limits;
pub mod parse;
pub mod reply;
pub mod service;
pub mod split;
pub mod text;
pub mod time;
pub mod validate;

/// The version of the engine's results, independent of the package version.
///
/// It changes if and only if a result changes, even in the last digit: the same version gives the same result for the
/// same input. Results contain it, and jobs store it with their outputs, so that it is known which engine made them.
/// `tests/golden/native/engine-versions.txt` lists every version with the hash of its golden results; a test fails if
/// those change and the version does not.
pub const ENGINE_VERSION: &str = "0.2.0";
