//! Limits that users meet or that several modules share, each with its derivation.
//! Limits of one algorithm stand beside it.

use std::time::Duration;

/// Mebibyte, in bytes.
pub const MIB: u64 = 1024 * 1024;

// --- Budgets ---

/// The work of a request that is answered at once, in steps of some 50 ns (see [`crate::budget`]): two seconds.
pub const REQUEST_WORK: u64 = 40_000_000;

/// The work of a stage of a job: ten seconds, of the thirty that an invocation may compute.
pub const STAGE_WORK: u64 = 200_000_000;

/// Maximum number of bytes that one call holds at once, beside the document itself. An instance of the engine has 64 MiB
/// in all.
pub const MAX_HELD_BYTES: u64 = 48 * MIB;

/// Maximum number of things that one call makes of its input, such as passages, objects and candidates. At some twenty
/// bytes each they fit [`MAX_HELD_BYTES`].
pub const MAX_ITEMS: u64 = 2_000_000;

/// Maximum depth of what is read by recursion. A thousand levels fit the stack of a wasm instance.
pub const MAX_DEPTH: u64 = 512;

// --- Documents ---
//
// The worst case of reading. Every loop over a document charges the budget for its work before or while it does it, in
// steps that were measured to take less than 50 ns, and every list that grows with a document charges its memory before
// it grows. So reading takes REQUEST_WORK or STAGE_WORK steps at most, and one call of a dependency more, which is given
// no more than the file: less than 0.1 s. `cargo run --profile bench -p sortroom-tests --example worst-reading` reads the
// files of all kinds that were found to be expensive, and prints what each takes beside the bounds: 2 s of processor time
// for a request, 10 s for a stage, and 64 MiB beside the file, which are MAX_HELD_BYTES and the difference between what
// lists take natively and what is charged. Searching a file of open dictionaries takes most of a stage, 8 s; laying out
// rows of many words takes most memory, 59 MiB.
//
// Real documents stay far below: of 822 measured PDFs, the most expensive takes 2.2 million steps.
//
// A budget knows no meaning. The limits below are those that say what is too much in words that users understand, or that
// bound what a dependency does within one call.

/// Maximum size of a document. It is held once as bytes, and [`MAX_HELD_BYTES`] beside it.
pub const MAX_DOCUMENT_BYTES: u64 = 32 * MIB;

/// Maximum number of pages of a document, before page selection.
pub const MAX_PAGES: u32 = 2_000;

/// Maximum size of the text, in bytes, of a page of HTML, of Markdown, of plain text, of a part of a mail and of a Word
/// file. A thousand pages of prose are 3 MB; reading holds the text four times.
pub const MAX_TEXT_BYTES: u64 = 8 * MIB;

/// Maximum number of lines or tags of a text, and of paragraphs of a Word file. Each may become a passage, which costs
/// some 60 bytes during reading, 30 MB in all. [`MAX_PAGES`] of 50 lines are 100,000.
pub const MAX_PASSAGES: usize = 500_000;

/// Maximum number of glyphs on one page of a PDF. During layout a glyph costs up to 160 bytes, so this is 32 MB; the
/// fullest of 1,500 measured pages has 7,200.
pub const MAX_PAGE_GLYPHS: usize = 200_000;

/// Maximum number of lines, and of commas, of a mail: each line may be a header field and each comma may separate two
/// addresses, of 100 bytes each. The largest file, all base64, has 440,000 lines.
pub const MAX_MAIL_LINES: usize = 500_000;

/// Maximum number of parts of a mail, nested or not. A part costs 1 KB during reading, so this is 20 MB; the mails with
/// most pictures have some hundreds.
pub const MAX_MAIL_PARTS: usize = 20_000;

/// Maximum number of parts of a mail that are mails. Each may be nested in the previous one; a thousand levels still
/// fit the stack of a wasm instance. The digest of a mailing list has some dozens, side by side.
pub const MAX_NESTED_MESSAGES: usize = 100;

/// Maximum nesting depth of form XObjects in a PDF. Producers nest two or three.
pub const MAX_FORM_DEPTH: usize = 12;

/// Maximum number of saved graphics states in a PDF; deeper `q` operators save nothing. PDF 1.7 requires 28 of readers.
pub const MAX_GRAPHICS_STATES: usize = 256;

/// Maximum number of character codes for which a PDF font may define widths: the code space of a two-byte font.
pub const MAX_FONT_WIDTHS: u64 = 65_536;

/// Maximum number of bytes inflated from one archive. Entries are read as they are inflated, and only their text is
/// kept. At 8 bytes a step this is 8 million steps.
pub const MAX_INFLATED_BYTES: u64 = 64 * MIB;

/// Maximum ratio of an archive entry's inflated size to its packed size, beyond [`INFLATION_GRACE_BYTES`]. Word
/// processing XML packs 5 to 50 times; deflate cannot exceed 1,032.
pub const MAX_INFLATION_RATIO: u64 = 200;

/// Up to this size an archive entry may have any ratio: a megabyte is harmless.
pub const INFLATION_GRACE_BYTES: u64 = MIB;

/// Maximum number of entries of an archive. A directory entry costs some 300 bytes, so this is 3 MB; a Word file has
/// some dozens, with pictures some hundreds.
pub const MAX_ARCHIVE_ENTRIES: u64 = 10_000;

/// Maximum nesting depth of HTML or XML elements. Deeper elements lose their own meaning, but their text is kept. Real
/// pages stay below 100.
pub const MAX_MARKUP_DEPTH: usize = 512;

/// Maximum number of attributes of an HTML tag; the rest are ignored. Each is compared with all before it, which takes
/// a second for the two million that [`MAX_TEXT_BYTES`] can hold. Elements of web pages have some dozens.
pub const MAX_TAG_ATTRIBUTES: usize = 256;

/// Maximum number of files embedded in a PDF or attached to a mail. Mails with a folder of pictures have some dozens.
pub const MAX_ATTACHMENTS: usize = 100;

/// Maximum total size of those files, unpacked: the same as for a document, because each may be read as one while the
/// others are held.
pub const MAX_ATTACHMENT_BYTES: u64 = MAX_DOCUMENT_BYTES;

// --- Extraction ---

/// How much of a document's text is searched for values, in bytes: some five hundred pages. During reading a word costs
/// some 150 bytes, so this is 30 MB.
pub const MAX_EXTRACTED_BYTES: usize = 1024 * 1024;

/// Maximum number of fields of a schema or of one of its tables. A structured invoice has some forty that anyone
/// extracts.
pub const MAX_FIELDS: usize = 100;

/// Maximum number of tables of a schema.
pub const MAX_TABLES: usize = 10;

/// Maximum length of a name, synonym or option of a field, in characters: longer than any label on a page.
pub const MAX_FIELD_NAME_CHARS: usize = 100;

/// Maximum length of the description of a field or table, in characters: the same as for a rule.
pub const MAX_FIELD_TEXT_CHARS: usize = MAX_DESCRIPTION_CHARS;

/// Maximum number of synonyms, and of options, of a field.
pub const MAX_FIELD_WORDINGS: usize = 50;

// --- Rules ---

/// Maximum length of a rule's label, in characters: the bound of the oldest dialect that we support.
pub const MAX_LABEL_CHARS: usize = 50;

/// Minimum length of a rule's description, in characters: anything shorter has nothing to match.
pub const MIN_DESCRIPTION_CHARS: usize = 10;

/// Maximum length of a rule's description, in characters: the bound of the newest revision of the dialects.
pub const MAX_DESCRIPTION_CHARS: usize = 2_000;

// --- Jobs ---

/// How often a stage is started before its job fails: the first attempt and two retries.
pub const MAX_ATTEMPTS: u32 = 3;

/// How long one attempt may hold a job. Reading the slowest of 1,502 measured PDFs took 2 s. This is ten times that,
/// and a crashed instance is noticed within half a minute.
pub const LEASE: Duration = Duration::from_secs(20);

/// Bound of the time that is added to [`LEASE`], derived from the job's id and the attempt. A document that traps the
/// instance also stops the jobs beside it; if all were retried at the same moment, it would stop them again, until they
/// had no attempts left either. An attempt takes hundredths of a second, so five seconds separate them.
pub const LEASE_SPREAD: Duration = Duration::from_secs(5);

/// Maximum size of a mail in a request, as JSON. It is stored in one row with its job, and a row has at most 2 MB;
/// metadata and rules need some of it.
pub const MAX_MAIL_BYTES: usize = 1024 * 1024;

/// Maximum size of the metadata of a mail, as JSON.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;

/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Default number of days for which a project keeps files and jobs that have ended.
pub const RETENTION_DAYS: u32 = 30;

/// Maximum retention period of a project, in days: ten years, as tax laws require.
pub const MAX_RETENTION_DAYS: u32 = 3_660;

/// [`RETENTION_DAYS`], for records that were written before the period was configurable.
pub(crate) const fn retention_days() -> u32 {
    RETENTION_DAYS
}

/// How long a queued job waits before it enqueues its message again, in case the first was lost. Longer than a healthy
/// queue takes, and short enough that a restart is hardly noticed.
pub const REDELIVERY_INTERVAL: Duration = Duration::from_secs(10);

/// How often [`REDELIVERY_INTERVAL`] doubles: up to about ten minutes, which in a long backlog costs one message per
/// job.
pub const MAX_REDELIVERY_DOUBLINGS: u32 = 6;

/// The delay before an undelivered effect is first retried. The first delivery happens immediately; this is for one
/// that failed or was cut off.
pub const OUTBOX_RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// How often [`OUTBOX_RETRY_INTERVAL`] doubles: up to four minutes.
pub const MAX_OUTBOX_RETRY_DOUBLINGS: u32 = 7;

/// How often the second between attempts doubles, at most: 64 s.
pub const MAX_BACKOFF_DOUBLINGS: u32 = 6;

// --- Index ---

/// Maximum size of the job rows in one page of a listing, unless a single row has more. The storage assembles a page as
/// one value, and a value there has at most 2 MB, as has the largest row.
pub const PAGE_BYTES: usize = 3 * 512 * 1024;

/// How long an open job may send no update before the index queries it. A healthy job updates within a second; the
/// timer of a lost one fires first.
pub const STALE_JOB_AGE: Duration = Duration::from_secs(60);

/// Maximum number of jobs that an index queries in one sweep: one call each, far below the 1,000 calls an invocation
/// may make.
pub const SWEEP_JOBS: u32 = 100;

/// Maximum number of files that an index deletes in one sweep. An alarm on the platform's smallest plan may make a
/// thousand calls to the store, which jobs share.
pub const SWEEP_FILES: u32 = 100;

// --- Requests ---

/// The size of a part of a multipart upload: the minimum of the object storage.
pub const PART_BYTES: usize = 5 * 1024 * 1024;

/// Maximum size of an upload: the platform's bound for a request on its smaller plans.
pub const MAX_UPLOAD_BYTES: u64 = 100 * MIB;

/// Maximum size of a body that is not a file. Two hundred rules with descriptions of maximum length, in four-byte
/// characters, fit.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Maximum number of examples of one rule: many times the eight from which a rule is learned well.
pub const MAX_EXAMPLES: usize = 64;

/// Maximum length of an example, in characters: three full pages, more than is used of one.
pub const MAX_EXAMPLE_CHARS: usize = 10_000;

/// Maximum total size of the examples of a rule set: a job's row, which holds them, stays under the storage's 2 MB.
pub const MAX_EXAMPLES_BYTES: usize = 1024 * 1024;

/// Maximum number of rules of one rule set. With [`MAX_BODY_BYTES`] it bounds a job's row well under the storage's 2
/// MB.
pub const MAX_RULES: usize = 200;

/// Maximum number of labelled texts of one evaluation: they determine an accuracy to about three points. The worst case
/// that fits [`MAX_BODY_BYTES`], against two versions of [`MAX_RULES`] rules, was measured to take a second natively;
/// an invocation has thirty.
pub const MAX_CASES: usize = 1_000;

/// Maximum size of a form without its file: text parts, headers and boundaries.
pub const FORM_EXTRA_BYTES: u64 = MIB;

/// Maximum size of a text part of a form. The longest text of any dialect is a file name of 3,000 characters, which is
/// 12,000 bytes.
pub const FORM_TEXT_BYTES: usize = 16 * 1024;

/// Maximum number of parts of a form. The dialects define three; others are ignored, but only up to this number.
pub const FORM_PARTS: usize = 32;

/// Maximum size of a file that is processed within the request that uploads it, in bytes: a third of
/// [`MAX_DOCUMENT_BYTES`], because several such requests may meet in one instance, and nothing queues them.
pub const MAX_BUFFERED_BYTES: u64 = 10 * MIB;

/// Maximum number of attachments of a mail that are classified within the request that uploads it. Mails between people
/// have a handful, and each may cost as much as a document.
pub const MAX_CLASSIFIED_ATTACHMENTS: usize = 20;

/// Maximum absolute value of `no_match_bias`, in log-odds. Beyond ten, the odds of "none" change by a factor of more
/// than 22,000, and either every answer is "none" or no answer is.
pub const MAX_NO_MATCH_BIAS: f64 = 10.0;

/// Maximum number of schemas, and of classifiers, that one file may declare. A schema takes one call to the index and a
/// classifier two, of the 1,000 that an invocation may make.
pub const MAX_DECLARED: usize = 100;

/// Default lifetime of a download URL.
pub const DOWNLOAD_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Maximum lifetime of a download URL: a week, as with the object stores whose URLs these replace.
pub const MAX_DOWNLOAD_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Lifetime of an upload URL: clients use it immediately, and the largest upload over a slow line takes minutes.
pub const UPLOAD_LIFETIME: Duration = Duration::from_secs(15 * 60);
