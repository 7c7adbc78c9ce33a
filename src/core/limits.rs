//! Every limit, with where it comes from.

use std::time::Duration;

/// Mebibyte, in bytes.
pub const MIB: u64 = 1024 * 1024;

// --- Documents ---

/// The largest document the core reads. An isolate has 128 MiB in all; a PDF of this size is held once as bytes
/// and its largest measured working set beside it was 54 MiB.
pub const MAX_DOCUMENT_BYTES: u64 = 32 * MIB;

/// The most pages a document may have before page selection.
pub const MAX_PAGES: u32 = 2_000;

// --- Rules ---

/// The longest label of a rule, in characters: the bound of the oldest dialect we speak.
pub const MAX_LABEL_CHARS: usize = 50;

/// The shortest description of a rule, in characters: below it there is nothing to match.
pub const MIN_DESCRIPTION_CHARS: usize = 10;

/// The longest description of a rule, in characters: the newest revision of the dialects.
pub const MAX_DESCRIPTION_CHARS: usize = 2_000;

// --- Jobs ---

/// How often a stage is started before its job fails: the first attempt and two more.
pub const MAX_ATTEMPTS: u32 = 3;

/// How long one attempt may hold a job. Reading the slowest of 1,502 measured PDFs took 2 s; ten of those, and a
/// crashed instance is noticed within half a minute.
pub const LEASE: Duration = Duration::from_secs(20);

/// How long finished jobs are kept.
pub const JOB_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
