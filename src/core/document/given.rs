//! What callers give besides bytes: mails that they have taken apart, and what to read.

use super::{Mail, ReadOptions};
use crate::limits;
use crate::validate::{Check, Field};

/// The longest subject, in characters.
const SUBJECT_CHARS: usize = 10_000;

/// The longest selection of pages, in characters: several numbers for every page there may be.
const PAGES_CHARS: usize = 20_000;

/// Reads a mail out of the members `subject` and `body` of `input`.
pub fn mail(check: &mut Check, input: &Field<'_>) -> Option<Mail> {
    let body = input.get("body");
    check.require(&body);
    let subject = check.text(&input.get("subject"), 0..=SUBJECT_CHARS).unwrap_or_default().to_owned();
    let text = check.text(&body, 1..=limits::MAX_MAIL_BYTES)?;
    if text.trim().is_empty() {
        check.refuse_value(&body, "the body of a mail must not be blank");
    }
    Some(Mail { subject, body: text.to_owned() })
}

/// Reads what to read of a document.
pub fn options(check: &mut Check, input: &Field<'_>) -> Option<ReadOptions> {
    check.only(input, &["pages", "max_pages"]);
    let pages = check.text(&input.get("pages"), 1..=PAGES_CHARS).map(str::to_owned);
    let max_pages = check.integer(&input.get("max_pages"), 1..=u32::MAX);
    Some(ReadOptions { pages, max_pages })
}
