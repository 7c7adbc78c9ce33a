//! Parses mails and reading options from JSON.

use super::{Mail, ReadOptions};
use crate::limits;
use crate::validate::{Input, Validator};

/// The maximum length of a subject, in characters.
const MAX_SUBJECT_CHARS: usize = 10_000;

/// The maximum length of a selection of pages, in characters: several numbers for each possible page.
const MAX_PAGES_CHARS: usize = 20_000;

/// Reads a mail from the members `subject` and `body` of `input`.
pub fn parse_mail(check: &mut Validator, input: &Input<'_>) -> Option<Mail> {
    let body = input.get("body");
    check.require(&body);
    let subject = check.text(&input.get("subject"), 0..=MAX_SUBJECT_CHARS).unwrap_or_default().to_owned();
    let text = check.text(&body, 1..=limits::MAX_MAIL_BYTES)?;
    if text.trim().is_empty() {
        check.reject_value(&body, "the body of a mail must not be blank");
    }
    Some(Mail { subject, body: text.to_owned() })
}

/// Reads the options for reading a document.
pub fn parse_read_options(check: &mut Validator, input: &Input<'_>) -> Option<ReadOptions> {
    check.deny_unknown_fields(input, &["pages", "max_pages"]);
    let pages = check.text(&input.get("pages"), 1..=MAX_PAGES_CHARS).map(str::to_owned);
    let max_pages = check.integer(&input.get("max_pages"), 1..=u32::MAX);
    Some(ReadOptions { pages, max_pages })
}
