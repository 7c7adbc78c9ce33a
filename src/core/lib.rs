//! Sortroom sorts documents and mail against rules written in plain language.
//!
//! This crate has everything but the platform: no clock, no randomness, no I/O. Its input is bytes and rules, its
//! output decisions. The same input gives the same output bytes natively, in a Cloudflare Worker and in a browser.
//!
//! Modules depend on each other in one direction only; a test of the workspace (`tests/architecture`) checks it:
//!
//! 1. [`error`], [`id`], [`time`], [`limits`]: the basic types and constants of all other modules.
//! 2. [`validate`]: validation of input that reports all errors at once.
//! 3. [`text`]: tokens and stems of a text.
//! 4. [`document`]: bytes to a [`document::Document`] of pages, passages and words with their positions.
//! 5. [`classify`]: a document and a [`classify::RuleSet`] to a [`classify::Decision`] with its evidence.
//! 6. [`extract`]: a document and an [`extract::Schema`] to an [`extract::Extraction`] with its citations.
//! 7. [`job`]: a job as a pure state machine.
//! 8. [`service`]: use cases over ports.
//! 9. [`api`]: HTTP for the use cases, in the dialects of existing clients.
#![forbid(unsafe_code)]

pub mod api;
pub mod classify;
pub mod document;
pub mod error;
pub mod extract;
pub mod id;
pub mod job;
pub mod limits;
pub mod service;
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
