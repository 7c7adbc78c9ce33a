//! Reads mails and reading options from JSON.

use super::{Mail, ReadOptions};
use crate::limits;
use crate::validate::shape::{Declared, Shape};
use crate::validate::{Input, Validator};

/// The maximum length of a subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 10_000;

/// The maximum length of a selection of pages, in characters: several numbers for each possible page.
pub const MAX_PAGES_CHARS: usize = 20_000;

/// The body of a mail.
pub const MAIL_BODY: Shape = Shape::Own { documented: &BODY_TEXT, format: "", check: check_body };

const BODY_TEXT: Shape = Shape::text(1..=limits::MAX_MAIL_BYTES);

fn check_body(check: &mut Validator, field: &Input<'_>) {
    if check.text(field, 1..=limits::MAX_MAIL_BYTES).is_some_and(|text| text.trim().is_empty()) {
        check.reject_value(field, "the body of a mail must not be blank");
    }
}

/// Reads a mail from `input`. Other members than `subject` and `body` are for the caller to refuse.
pub fn parse_mail(check: &mut Validator, input: &Input<'_>) -> Option<Mail> {
    Mail::OBJECT.check_members(check, input);
    input.read()
}

/// Reads the options for reading a document.
pub fn parse_read_options(check: &mut Validator, input: &Input<'_>) -> Option<ReadOptions> {
    check.check_shape(input, &ReadOptions::SHAPE);
    input.read()
}
