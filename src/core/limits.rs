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

/// The work that a call does before others get their turn: 50 ms. Nearly all calls end within it: of 822 measured PDFs, the
/// most expensive takes 2.2 million steps.
pub const FIRST_TURN_WORK: u64 = 1_000_000;

/// The work of each later turn of a call: 10 ms. A request of another caller takes some ten turns of the isolate, so it is
/// answered within 0.25 s.
pub const TURN_WORK: u64 = 200_000;

/// The longest that a turn may take, in processor time of a native program: that of the first one, whose work fills it. A
/// later turn may contain one call of a dependency on the largest input that it gets. A wasm instance takes twice as long,
/// so a request of another caller that meets ten turns of such a call waits a second, and mostly far less.
pub const TURN_TIME: Duration = Duration::from_millis(50);

/// Maximum number of bytes that a call of one turn holds, beside the document itself. It runs while another call is paused,
/// in the same memory.
pub const ONE_TURN_HELD_BYTES: u64 = 4 * MIB;

/// Maximum number of bytes that one call holds at once, beside the document itself.
pub const MAX_HELD_BYTES: u64 = 48 * MIB;

/// Maximum number of bytes of a document and of what the call about it holds at once. An instance of the engine has 80 MiB
/// in all; the others are its own data (6 MiB) and free memory in pieces too small to use.
pub const MAX_CALL_BYTES: u64 = 68 * MIB;

/// Maximum number of things that one call makes of its input, such as passages, objects and candidates. At some twenty
/// bytes each they fit [`MAX_HELD_BYTES`].
pub const MAX_ITEMS: u64 = 2_000_000;

/// Maximum depth of what is read by recursion. A thousand levels fit the stack of a wasm instance.
pub const MAX_DEPTH: u64 = 512;

// --- Documents ---
//
// The worst case of reading. Every loop over a document charges the budget for its work before or while it does it, in
// steps that were measured to take less than 50 ns, and every list that grows with a document charges its memory before
// it grows. So reading takes REQUEST_WORK or STAGE_WORK steps at most, and one call of a dependency more, whose input is
// bounded: less than TURN_TIME. Two calls may take up to half a second, because what they get may be as large in honest
// files: decrypting a stream, and unpacking a font program, if it is packed to take long. `cargo run --profile bench -p
// sortroom-tests --example worst-reading` reads the files of all kinds that were found to be expensive, and prints what
// each takes beside the bounds: 2 s of processor time for a request, 10 s for a stage, TURN_TIME between two pauses, and
// 64 MiB beside the file, which are MAX_HELD_BYTES and the difference between what lists take natively and what is charged.
// Large resources that many pages share take most of a stage, 4 s; laying out rows of many words takes most memory, 59 MiB.
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

/// Maximum size of all header fields of a mail and its parts, in bytes. mail-parser takes up to 20 ns for each, in one turn:
/// 80 ms. The largest number of parts needs less than half.
pub const MAX_MAIL_HEADER_BYTES: usize = 4 * 1024 * 1024;

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
//
// The worst case of extracting, in steps. What is charged by the size of the text and of the schema is 23 million:
// - half a million words of one letter, 6 each for the rows of the page and 2 for labels: 4 million;
// - 12 kinds of values, 6 passes each over the text: 5 million, and 3 for each segment, of which there are mostly few;
//   10,000 candidates of a kind, 20 each for what stands around them: 3 million; 105 fields and amounts, 6 for each
//   candidate of their kind: 6 million;
// - 1,100 fields with 50 synonyms are at most the 2 MiB of a request, in 40 passes: 5 million.
// Labels, and the places around a value, can be a hundred times as many, because a hundred fields may have the same
// name; they are charged one by one, and so is the memory of the values in the answer, with 300 bytes each.
// The 500 pages of invoices with a hundred fields that `npm run bench:worst` tries take 10 million steps.

/// How much of a document's text is searched for values, in bytes: some five hundred pages. Words, rows and labels of
/// text that has words of one letter only take 45 MB.
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
//
// The worst case of classifying, in steps:
// - compiling descriptions: 200 rules of 666 words of two letters, 43 for each word that no other rule has: 6 million;
// - compiling examples: 350,000 such words in 1 MiB, 27 each, and 50 each where the examples are scored to fit the scale
//   of scores: 27 million. It takes long texts of words that occur once; 12,000 short texts take 3 million;
// - a document: 200,000 words, 22 each, and 4,000 windows with the words of 200 rules in each: 11 million.
// So one request can have any two of these, and with all three at once it ends with an error.
// A lint classifies the text of each rule, and compares 19,900 pairs of rules word by word: 19 million.
// An evaluation compiles once for each version. A case then takes 9 steps for each rule, 3 for each example if some rules
// have few, and 22 for each of its different words. `npm run bench:worst` tries all of these.

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

/// Maximum size of a mail in a request, as JSON: a thousand times a long one. Half of [`MAX_BODY_BYTES`], so that
/// metadata and rules fit beside it.
pub const MAX_MAIL_BYTES: usize = 1024 * 1024;

/// Maximum size of the metadata of a mail, as JSON.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;

/// Up to this size of its record, a job has its mail, schemas and extraction in it. A larger job has them apart, which
/// costs a call or two. Nearly all jobs have a hundredth of this; the storage reads and writes a record of this size in
/// a few milliseconds.
pub const SMALL_JOB_BYTES: usize = 512 * 1024;

/// Maximum size of the rules and settings of a job or of a version of a classifier, as JSON. [`MAX_RULES`] rules with
/// labels and descriptions of maximum length, in four-byte characters, have 1,650,000. The other columns of a job's row
/// and its decision, with a score for each rule, get the rest of [`MAX_RECORD_BYTES`].
pub const MAX_CLASSIFICATION_BYTES: usize = 1_700_000;

/// Maximum size of the row of a job when it is accepted: its rules, the caller's data, the names of its routes, but no
/// part that is stored apart. What is left of [`MAX_RECORD_BYTES`] is for its decision, which has up to 100 KB.
pub const MAX_JOB_BYTES: usize = 1_850_000;

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

/// Maximum size of a stored record: a version of a classifier, or a schema. The platform stores rows of up to 2 MB; the
/// other columns of the row repeat the name, and take less than the rest.
pub const MAX_RECORD_BYTES: usize = 1_950_000;

/// Maximum number of schemas of a project. Their names are listed at once, with 1 KB for each.
pub const MAX_SCHEMAS: usize = 1_000;

/// Maximum number of classifiers of a project: as many as schemas.
pub const MAX_CLASSIFIERS: usize = 1_000;

/// How many versions of a classifier are kept. Older ones are forgotten when one is added, except the newest published
/// one: jobs have copies of the rules that they ran with. Two hundred are half a year of a version each workday.
pub const MAX_VERSIONS: u32 = 200;

/// Maximum total size of the classifiers and schemas of a project, with all versions: a tenth of the 10 GB that the
/// platform stores for one object.
pub const MAX_DEFINITION_BYTES: usize = 1024 * 1024 * 1024;

/// Maximum size of the rows in one page of any listing, unless a single row has more. The storage assembles a page of
/// jobs as one value, and a value there has at most 2 MB, as has the largest row.
pub const PAGE_BYTES: usize = 3 * 512 * 1024;

/// Maximum size of a page of jobs with the rules of each, unless the page has a single job. Jobs mostly share their
/// rules, which [`PAGE_BYTES`] counts once; an answer has them in every job.
pub const MAX_LISTED_BYTES: usize = 8 * 1024 * 1024;

/// Up to how many rows of a listing are counted for its total. The storage counts a hundred thousand within some tens of
/// milliseconds; a larger listing has no total.
pub const MAX_COUNTED_ROWS: u32 = 100_000;

/// How long an open job may send no update before the index queries it. A healthy job updates within a second; the
/// timer of a lost one fires first.
pub const STALE_JOB_AGE: Duration = Duration::from_secs(60);

/// Maximum number of jobs that an index queries in one sweep: one call each, far below the 1,000 calls an invocation
/// may make.
pub const SWEEP_JOBS: u32 = 100;

/// Maximum number of files that an index deletes in one sweep. An alarm on the platform's smallest plan may make a
/// thousand calls to the store, which jobs share.
pub const SWEEP_FILES: u32 = 100;

/// How long the sweep of a deleted project waits between two steps.
pub const DELETION_INTERVAL: Duration = Duration::from_secs(1);

/// How many tokens of a deleted project are revoked in one step: two calls each, beside those for jobs and files. A project
/// has rarely more, so that mostly the request that deletes it revokes all of them.
pub const SWEEP_TOKENS: u32 = 100;

// --- Requests ---

/// How long a client may pause while its request body is awaited. Ten times the longest round trip of a mobile
/// line; a connection that has gone silent holds its buffers no longer than this.
pub const CHUNK_TIME: Duration = Duration::from_secs(15);

/// For how long a request body may come as slowly as it likes. After that [`MIN_BODY_RATE`] holds.
pub const BODY_GRACE: Duration = Duration::from_secs(30);

/// The slowest rate at which a request body may come on average, in bytes per second: half a megabit per second, the
/// uplink of the slowest lines that are sold. So the largest upload takes at most 27 minutes.
pub const MIN_BODY_RATE: u64 = 64 * 1024;

/// By when the first `bytes` bytes of a request body, and whatever follows at once, must have come, from its start.
pub fn body_time(bytes: u64) -> Duration {
    BODY_GRACE.saturating_add(Duration::from_millis(bytes.saturating_mul(1_000) / MIN_BODY_RATE))
}

/// How long the object storage may take for one call, or to ask for more of a stream. It takes hundredths of a second
/// for small objects and two seconds for a large one; local storage on a full disk never answers, and its client is to
/// be answered within ten seconds, clean-up included.
pub const STORAGE_TIME: Duration = Duration::from_secs(5);

/// For how long an upload to a signed URL has the right to store bytes: longer than [`UPLOAD_RENEWAL`] and whatever may
/// pass between two of its chunks or after the last, [`CHUNK_TIME`] and twice [`STORAGE_TIME`]. A client whose
/// connection has broken without a trace waits no longer than this until it can upload again.
pub const UPLOAD_LEASE: Duration = Duration::from_secs(60);

/// How long an upload waits until it renews its right. Nearly all uploads end before that.
pub const UPLOAD_RENEWAL: Duration = Duration::from_secs(20);

/// How long removing what a failed upload left behind may take. The client waits meanwhile, at most for two such calls.
pub const CLEANUP_TIME: Duration = Duration::from_secs(1);

/// How many bytes of uploads of unknown length one instance buffers: six parts. An isolate has 128 MiB, of which the
/// document that is being read may take 64; the rest are programs and answers.
pub const UPLOAD_MEMORY_BYTES: usize = 32 * 1024 * 1024;

/// How much of [`UPLOAD_MEMORY_BYTES`] one project may take: three parts, so that uploads that have gone silent hold up
/// only uploads of their own project, until [`CHUNK_TIME`] ends them.
pub const PROJECT_UPLOAD_MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// The size of a part of a multipart upload: the minimum of the object storage.
pub const PART_BYTES: usize = 5 * 1024 * 1024;

/// Maximum size of an upload: the platform's bound for a request on its smaller plans.
pub const MAX_UPLOAD_BYTES: u64 = 100 * MIB;

/// Maximum size of a body that is not a file. Two hundred rules with descriptions of maximum length, in four-byte
/// characters, fit.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Maximum number of examples of one rule: many times the eight from which a rule is learned well. If every rule has
/// four, a document is compared with the centroid of each rule, else with each example: 3 steps and more, of which
/// 12,000 examples and 1,000 cases make 40 million, a whole request.
pub const MAX_EXAMPLES: usize = 64;

/// Maximum length of an example, in characters: three full pages, more than is used of one.
pub const MAX_EXAMPLE_CHARS: usize = 10_000;

/// Maximum total size of the examples of a rule set. [`MAX_CLASSIFICATION_BYTES`] bounds them together with the rules;
/// this leaves two fifths of it to the descriptions.
pub const MAX_EXAMPLES_BYTES: usize = 1024 * 1024;

/// Maximum number of rules of one rule set. A set of this size, with labels and descriptions of maximum length, fits
/// [`MAX_CLASSIFICATION_BYTES`].
pub const MAX_RULES: usize = 200;

/// Maximum number of labelled texts of one evaluation: they determine an accuracy to about three points. Against two
/// versions of 190 rules with 60 examples each they take 15 million steps, measured as a third of a second natively;
/// the worst that fits [`MAX_BODY_BYTES`] takes 120 million and ends with an error.
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

/// Maximum size of the data of several files in one answer, unless the first has more. Each file has up to some
/// megabytes, and a hundred of them would not fit an isolate. It is the same as for a buffered file.
pub const MAX_FILES_DATA_BYTES: usize = 10 * 1024 * 1024;

/// Maximum absolute value of `no_match_bias`, in log-odds. Beyond ten, the odds of "none" change by a factor of more
/// than 22,000, and either every answer is "none" or no answer is.
pub const MAX_NO_MATCH_BIAS: f64 = 10.0;

/// Maximum number of schemas, and of classifiers, that one file may declare. Each takes two calls to the index, of the
/// 1,000 that an invocation may make.
pub const MAX_DECLARED: usize = 100;

/// Default lifetime of a download URL.
pub const DOWNLOAD_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Maximum lifetime of a download URL: a week, as with the object stores whose URLs these replace.
pub const MAX_DOWNLOAD_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Lifetime of an upload URL: clients use it immediately, and the largest upload over a slow line takes minutes.
pub const UPLOAD_LIFETIME: Duration = Duration::from_secs(15 * 60);

// --- Fair shares ---

/// How many requests of one caller an instance counts by itself before it reports them to the platform's counter as
/// one. Each report is a call, and in local development a write to the disk; one in twenty requests keeps it under a
/// hundredth of a request's time. A burst is noticed up to this many requests late in each instance.
pub const REQUESTS_PER_REPORT: u32 = 20;

/// How long the platform's counter may take. It is local to the machine and takes a millisecond; a caller that cannot be
/// counted in time is let through.
pub const RATE_LIMIT_TIME: Duration = Duration::from_millis(250);

/// For how many callers an instance counts requests: a hundred bytes each.
pub const COUNTED_CALLERS: usize = 10_000;

/// Default maximum of a project's jobs that have not ended: what the queue's 250 consumers work off in seven minutes at
/// two seconds a job.
pub const MAX_OPEN_JOBS: u32 = 50_000;

/// Highest value that the operator can set for a project's open jobs: counting them takes some tens of milliseconds.
pub const MAX_MAX_OPEN_JOBS: u32 = 1_000_000;

/// When a client may try again that was refused because of too many open jobs: a good part of them has ended by then,
/// and clients obey at most a minute.
pub const OPEN_JOBS_RETRY: Duration = Duration::from_secs(10);

/// Default maximum of the files of a project, in MiB: a thousand uploads of maximum size, or a million documents of a
/// hundred kilobytes.
pub const MAX_STORED_MIB: u32 = 100 * 1024;

/// Highest value that the operator can set for the files of a project, in MiB: a pebibyte.
pub const MAX_MAX_STORED_MIB: u32 = 1024 * 1024 * 1024;

/// What a stored file counts at least, in bytes, so that the number of empty files is bounded too: its row, with a
/// name of usual length.
pub const FILE_ROW_BYTES: u64 = 1024;

/// Maximum number of tokens of a project: one for each program and person of a company. They are listed in one page.
pub const MAX_TOKENS: u32 = 1_000;

/// Maximum number of origins whose pages may read the answers of a project: the applications of a company, and their
/// previews.
pub const MAX_ALLOWED_ORIGINS: usize = 20;

/// Maximum length of an origin, in bytes: a scheme, a host of up to 253 characters, and a port.
pub const MAX_ORIGIN_BYTES: usize = 270;

/// How far apart two noted uses of a token are at least, so that reading costs no write.
pub const TOKEN_USE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Maximum time for which a replaced secret of a token stays valid: a week, for programs that are deployed weekly.
pub const MAX_ROTATION_GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many redirects are followed: a short link, a move to https and a storage with signed URLs take three. Browsers follow 20.
pub const MAX_REDIRECTS: u32 = 5;

/// How long fetching a document from its URL may take in all: less than a [`LEASE`], so that the attempt is reported.
pub const FETCH_TIME: Duration = Duration::from_secs(15);

/// How many configurations of a project are saved.
pub const MAX_CONFIGURATIONS: usize = 1_000;

// --- Webhooks ---

/// How often a webhook is called about one thing before that is given up.
pub const MAX_DELIVERY_ATTEMPTS: u32 = 8;

/// How long one call of a webhook may take. An endpoint should store the event and answer; work comes later.
pub const DELIVERY_TIME: Duration = Duration::from_secs(15);

/// How long a job waits before it enqueues the message of a call again, in case the first was lost: twice the time of a
/// call, so that one that is under way is seldom made a second time. If the queue takes longer, the endpoint gets it twice.
pub const DELIVERY_REDELIVERY_INTERVAL: Duration = Duration::from_secs(30);

/// How long the answer of an endpoint may take after its status: it is only kept for people.
pub const ANSWER_TIME: Duration = Duration::from_secs(2);

/// How much of the answer of an endpoint is kept for its people, in bytes: an error message, not a page.
pub const MAX_ANSWER_BYTES: usize = 512;

/// Maximum number of saved webhooks of a project.
pub const MAX_WEBHOOKS: u32 = 100;

/// Maximum number of saved webhooks that every job of a project calls: each costs every job a call and a write.
pub const MAX_PROJECT_WEBHOOKS: u32 = 5;

/// Maximum number of webhooks that come with a request.
pub const MAX_INLINE_WEBHOOKS: usize = 5;

/// Maximum number of saved webhooks that a request names: that of LlamaCloud.
pub const MAX_NAMED_WEBHOOKS: usize = 4;

/// Maximum number of headers of a webhook: some proxies need two or three.
pub const MAX_WEBHOOK_HEADERS: usize = 20;

/// Maximum length of a header's name or value, and of a secret, in bytes: a signed token fits.
pub const MAX_WEBHOOK_VALUE_BYTES: usize = 2_048;

/// How many calls of webhooks are kept for a project's people. The oldest are removed first.
pub const MAX_LISTED_DELIVERIES: u32 = 1_000;
