//! Sortroom sorts documents and mail against rules written in plain language.
//!
//! This crate is the whole of it without a platform: no clock, no randomness, no input or output. Bytes and
//! rules go in, decisions come out, and the same input gives the same bytes out natively, in a Cloudflare Worker
//! and in a browser.
//!
//! The modules build on each other in one direction only; a test of the workspace holds the order:
//!
//! 1. [`error`], [`id`], [`time`], [`limits`]: the words everything else is written in.
//! 2. [`validate`]: input held against what it must be, with everything that is wrong said at once.
//! 3. [`text`]: characters to tokens and stems.
//! 4. [`document`]: bytes to a [`document::Document`] of pages, passages and words with their places.
//! 5. [`classify`]: a document and a [`classify::RuleSet`] to a [`classify::Decision`] with its evidence.
//! 6. [`extract`]: a document and an [`extract::Schema`] to an [`extract::Extraction`] with its citations.
//! 7. [`job`]: a job as a pure state machine.
//! 8. [`service`]: use cases over ports.
//! 9. [`api`]: HTTP in front of the use cases, in the dialects that existing clients speak.
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

/// The version of the engine: of what it answers, and not of the package.
///
/// It moves when an answer moves, be it in the last digit, and only then: the same version gives the same answer to the
/// same input. Results carry it, and jobs keep it beside their outputs, so that an answer says which engine gave it.
/// `tests/golden/native/engine-versions.txt` lists every version with the hash of its golden answers; a test fails when
/// those change and the version does not.
pub const ENGINE_VERSION: &str = "0.1.0";
