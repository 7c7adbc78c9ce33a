//! Mails, as callers give them who have taken them apart.

use super::Mail;
use crate::limits;
use crate::validate::{Check, Field};

/// The longest subject, in characters.
const SUBJECT_CHARS: usize = 10_000;

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
