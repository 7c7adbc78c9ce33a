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

/// The largest text, in bytes, of a page of HTML, of Markdown, of plain text, of a part of a mail and of a Word file. A thousand pages
/// of prose are 3 MB; while it is read, text is held four times over.
pub const MAX_TEXT_BYTES: u64 = 8 * MIB;

/// The most lines or tags of a text, and paragraphs of a Word file: each may become a passage, which costs some 60
/// bytes while it is read, 30 MB in all. [`MAX_PAGES`] of 50 lines are 100,000.
pub const MAX_PASSAGES: usize = 500_000;

/// The most glyphs of a PDF. A dense page holds 3,000, and [`MAX_PAGES`] of those make 6 million: with 5.5 glyphs
/// to a word and 30 bytes kept for each word and its place, 33 MB in wasm.
pub const MAX_GLYPHS: usize = 6_000_000;

/// The most glyphs of one page of a PDF. While a page is laid out a glyph costs up to 120 bytes, so this is 24 MB; the
/// fullest of 1,500 measured pages holds 7,200.
pub const MAX_PAGE_GLYPHS: usize = 200_000;

/// The most work on a PDF's content, in operators and in steps of 16 decoded bytes. The densest of 669 measured files
/// take 5,000 steps a page; [`MAX_PAGES`] of twice that are 20 million, which take a second.
pub const MAX_CONTENT_WORK: u64 = 20_000_000;

/// The largest content of a page, and the largest stream of a PDF other than a picture, after inflation, in bytes. A
/// buffer that grows to it is held one and a half times: 48 MiB.
pub const MAX_STREAM_BYTES: u64 = 32 * MIB;

/// How much of a PDF's streams of objects and tables is inflated to see whether they stay within [`MAX_STREAM_BYTES`]
/// and [`MAX_OBJECT_STREAM_BYTES`], in bytes. Sixteen times the largest file, and a second or two.
pub const MAX_CHECKED_BYTES: u64 = 512 * MIB;

/// The most bytes of all streams of a PDF that hold objects, after inflation. They are kept while it is read; with the
/// fonts and the largest content these are 112 MiB, and an isolate has 128. The most of 886 measured files hold 0.3 MB.
pub const MAX_OBJECT_STREAM_BYTES: u64 = 32 * MIB;

/// The most bytes of what a PDF embeds of the fonts in use, after inflation, which is kept too. The most of the same files
/// hold 0.8 MB; a font of Chinese has up to 20 MB if nobody took out what is not used.
pub const MAX_FONT_BYTES: u64 = 32 * MIB;

/// The most objects a PDF may write out. An object that is a page costs 100 bytes, so this is 50 MB; [`MAX_PAGES`]
/// pages with 50 objects each are 100,000.
pub const MAX_OBJECTS: usize = 500_000;

/// The most lines, and the most commas, of a mail: a line may be a header field and a comma part two addresses, of
/// 100 bytes each. The largest file, all base64, has 440,000 lines.
pub const MAX_MAIL_LINES: usize = 500_000;

/// The most parts of a mail, nested or not. Parts cost 1 KB while they are read, so this is 20 MB; the mails with
/// most pictures have some hundreds.
pub const MAX_MAIL_PARTS: usize = 20_000;

/// How often a mail may say that a part of it is a mail. Each may lie within the one before; a thousand levels still
/// fit the stack of a wasm instance, and a digest of a list has some dozens, beside each other.
pub const MAX_MAILS_IN_MAIL: usize = 100;

/// How deep forms of a PDF may draw forms. Producers nest two or three.
pub const MAX_FORM_DEPTH: usize = 12;

/// How many graphics states of a PDF are kept; deeper `q` operators save nothing. PDF 1.7 asks readers for 28.
pub const MAX_GRAPHICS_STATES: usize = 256;

/// The most character codes a PDF font may give widths to: the code space of a two-byte font.
pub const MAX_FONT_WIDTHS: u64 = 65_536;

/// The most bytes inflated of one archive. Entries are read as they are inflated, and only their text is kept.
pub const MAX_INFLATED_BYTES: u64 = 64 * MIB;

/// How many times its packed size an archive's entry may grow, once it is past [`INFLATION_GRACE_BYTES`]. Word
/// processing XML packs 5 to 50 times; deflate cannot pass 1,032.
pub const MAX_INFLATION_RATIO: u64 = 200;

/// Up to this size an archive's entry may have any ratio: a megabyte harms nobody.
pub const INFLATION_GRACE_BYTES: u64 = MIB;

/// The most entries of an archive. An entry of the directory costs some 300 bytes, so this is 3 MB; a Word file has
/// some dozens, with pictures some hundreds.
pub const MAX_ARCHIVE_ENTRIES: u64 = 10_000;

/// How deep elements of HTML or XML may nest before deeper ones lose their own meaning (their text is kept). Real
/// pages stay below 100.
pub const MAX_MARKUP_DEPTH: usize = 512;

/// The most attributes of an HTML tag; those after them are left out. Each is compared with all before, which takes a
/// second for the two million that [`MAX_TEXT_BYTES`] can hold. Elements of web pages have some dozens.
pub const MAX_TAG_ATTRIBUTES: usize = 256;

/// The most files embedded in a PDF or attached to a mail. Mails with a folder of pictures have some dozens.
pub const MAX_ATTACHMENTS: usize = 100;

/// The most bytes those files have together, unpacked: as many as a document may have itself, because each may be read
/// as one while the others are held.
pub const MAX_ATTACHMENT_BYTES: u64 = MAX_DOCUMENT_BYTES;

// --- Extraction ---

/// How much of a document's text values are looked for in, in bytes: some five hundred pages. While it is read, a word
/// costs some 150 bytes, so this is 30 MB.
pub const MAX_EXTRACTED_BYTES: usize = 1024 * 1024;

/// The most fields of a schema or of one of its tables. An invoice in data has some forty that anybody asks for.
pub const MAX_FIELDS: usize = 100;

/// The most tables of a schema.
pub const MAX_TABLES: usize = 10;

/// The longest name, synonym or option of a field, in characters: longer than any label on a page.
pub const MAX_FIELD_NAME_CHARS: usize = 100;

/// The longest description of a field or table, in characters: as a rule's.
pub const MAX_FIELD_TEXT_CHARS: usize = MAX_DESCRIPTION_CHARS;

/// The most synonyms and the most options of a field.
pub const MAX_FIELD_WORDINGS: usize = 50;

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

/// How much longer than [`LEASE`] an attempt may hold a job, by the job's id and the attempt. A document that traps the
/// instance takes down what runs beside it; were all of them tried again at the same moment, it would take them down
/// again, until they had no attempts left either. An attempt takes hundredths of a second, so five seconds set them apart.
pub const LEASE_SPREAD: Duration = Duration::from_secs(5);

/// The most bytes of a mail that comes in a request, as JSON. It is kept in one row with its job, and a row has at most
/// 2 MB; metadata and rules need some of it.
pub const MAX_MAIL_BYTES: usize = 1024 * 1024;

/// The most bytes of metadata that come with a mail, as JSON.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;

/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many days jobs that have ended, and files, are kept in a project that says nothing else.
pub const RETENTION_DAYS: u32 = 30;

/// The longest that a project may keep what it has, in days: ten years, as tax laws ask for.
pub const MAX_RETENTION_DAYS: u32 = 3_660;

/// [`RETENTION_DAYS`], for records that were written before there was a choice.
pub(crate) const fn retention_days() -> u32 {
    RETENTION_DAYS
}

/// How long a queued job waits before it asks for a worker again, in case the message was lost. Longer than a healthy
/// queue takes, short enough that a restart is hardly noticed.
pub const ASK_AGAIN: Duration = Duration::from_secs(10);

/// How often [`ASK_AGAIN`] doubles: up to ten minutes or so, which a long backlog costs one message a job each.
pub const ASK_AGAIN_DOUBLINGS: u32 = 6;

/// How long an undelivered effect waits for its next delivery, at first. The first delivery happens at once; this is
/// for the one that failed or was cut off.
pub const FLUSH_AGAIN: Duration = Duration::from_secs(2);

/// How often [`FLUSH_AGAIN`] doubles: up to four minutes.
pub const FLUSH_AGAIN_DOUBLINGS: u32 = 7;

/// How often the second between attempts doubles, at most: 64 s.
pub const BACKOFF_DOUBLINGS: u32 = 6;

// --- Index ---

/// The most bytes of job rows in one page of a listing, unless one row alone has more. The storage puts a page together
/// as one value, and a value has at most 2 MB there; so has the widest row.
pub const PAGE_BYTES: usize = 3 * 512 * 1024;

/// How long an open job may go unheard before the index asks after it. A healthy job is heard of within a second; a
/// lost one is found by its own timer first.
pub const SWEEP_AFTER: Duration = Duration::from_secs(60);

/// The most jobs an index asks after in one go: one call each, far under the 1,000 calls an invocation may make.
pub const SWEEP_JOBS: u32 = 100;

/// How many files an index removes in one go: as many as an alarm can call the store for, of which the platform allows
/// a thousand on its smallest plan, shared with jobs.
pub const SWEEP_FILES: u32 = 100;

// --- Requests ---

/// The size of a part of an upload in parts: the least that object storage takes.
pub const PART_BYTES: usize = 5 * 1024 * 1024;

/// The largest upload: what the platform lets a request carry on its smaller plans.
pub const MAX_UPLOAD_BYTES: u64 = 100 * MIB;

/// The largest body that is not a file. Two hundred rules of the longest description, in four-byte characters, fit.
pub const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The most examples of one rule: many times the eight from which a rule is known well.
pub const MAX_EXAMPLES: usize = 64;

/// The longest example, in characters: three full pages, more than is looked at of one.
pub const MAX_EXAMPLE_CHARS: usize = 10_000;

/// What all examples of a rule set may be together, in bytes: a job's row, which holds them, stays under the storage's 2 MB.
pub const MAX_EXAMPLES_BYTES: usize = 1024 * 1024;

/// The most rules of one rule set. With [`MAX_BODY_BYTES`] it bounds a job's row well under the storage's 2 MB.
pub const MAX_RULES: usize = 200;

/// The most labelled texts of one evaluation: they tell an accuracy to about three points. The worst that
/// [`MAX_BODY_BYTES`] can hold of them, against two versions of [`MAX_RULES`] rules, was measured to take a second
/// natively; an invocation has thirty.
pub const MAX_CASES: usize = 1_000;

/// What a form may hold beside its file: text parts, headers and boundaries.
pub const FORM_EXTRA_BYTES: u64 = MIB;

/// The longest text part of a form. The longest text any dialect takes is a file's name of 3,000 characters, which is
/// 12,000 bytes.
pub const FORM_TEXT_BYTES: usize = 16 * 1024;

/// The most parts of a form. The dialects know three; the rest is ignored, but not without end.
pub const FORM_PARTS: usize = 32;

/// The largest file that is looked at in the request that brings it, in bytes: a third of [`MAX_DOCUMENT_BYTES`], because
/// several such requests may meet in one instance, and nothing queues them.
pub const MAX_HELD_BYTES: u64 = 10 * MIB;

/// The most attachments of a mail that are classified in the request that brings it. Mails of people have a handful, and
/// each may cost what a document may cost.
pub const MAX_CLASSIFIED_ATTACHMENTS: usize = 20;

/// How far the readiness to answer "none of these" may be moved, in log-odds. Past ten the odds are multiplied by more
/// than 22,000, and everything is "none", or nothing is.
pub const MAX_NO_MATCH_BIAS: f64 = 10.0;

/// The most schemas, and the most classifiers, that one file may declare. A schema takes one call to the index and a
/// classifier two, of the 1,000 that an invocation may make.
pub const MAX_DECLARED: usize = 100;

/// How long a download address lives when nobody says.
pub const DOWNLOAD_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The longest life of a download address: a week, as with the object stores whose addresses these stand in for.
pub const MAX_DOWNLOAD_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an upload address lives: clients use it at once, and the largest upload over a slow line takes minutes.
pub const UPLOAD_LIFETIME: Duration = Duration::from_secs(15 * 60);
