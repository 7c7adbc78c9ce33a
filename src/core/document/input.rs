//! Reads mails and reading options from JSON.

use serde_json::Value;

use super::{Mail, ReadOptions};
use crate::limits;
use crate::validate::shape::{Choice, Declared, Shape};
use crate::validate::{Input, Validator};

/// The maximum length of a subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 10_000;

/// The maximum length of a selection of pages, in characters: several numbers for each possible page.
pub const MAX_PAGES_CHARS: usize = 20_000;

/// The maximum length of the name and of the media type of an attachment, in characters: four times what file systems
/// allow.
const MAX_FILE_NAME_CHARS: usize = 1_024;

/// The name or the media type of an attachment.
pub(super) const FILE_NAME: Shape = Shape::text(0..=MAX_FILE_NAME_CHARS);

/// The members of a mail of which one must say something. The fault is that of the body, which most mails have.
pub(super) const SAYS_SOMETHING: Choice = Choice {
    members: &MEMBERS_THAT_SAY_SOMETHING,
    exclusive: false,
    check: |check, input| {
        if !MEMBERS_THAT_SAY_SOMETHING.iter().any(|name| says_something(&input.get(name))) {
            check_body(check, &input.get("body"));
        }
    },
};

const MEMBERS_THAT_SAY_SOMETHING: [&str; 4] = ["body", "subject", "html", "attachments"];

fn says_something(field: &Input<'_>) -> bool {
    match field.value() {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    }
}

/// Rejects a body that is absent or blank. Its type is checked elsewhere.
fn check_body(check: &mut Validator, field: &Input<'_>) {
    check.require(field);
    if field.value().is_some_and(Value::is_string) && check.text(field, 1..=usize::MAX).is_some() {
        check.reject_value(field, "the body of a mail must not be blank");
    }
}

/// A text, or a list of texts.
pub(super) const TEXT_LIST: Shape = Shape::Own {
    documented: &Shape::Any,
    format: "",
    check: |check, field| {
        if field.value().is_some_and(Value::is_array) {
            check.check_shape(field, &Shape::list(0..=limits::MAX_MAIL_BYTES, &HEADER_VALUE));
        } else {
            check.check_shape(field, &HEADER_VALUE);
        }
    },
};

const HEADER_VALUE: Shape = Shape::text(0..=limits::MAX_MAIL_BYTES);

/// The header fields of a mail, by name or as a list.
pub(super) const MAIL_HEADERS: Shape = Shape::Own {
    documented: &Shape::Any,
    format: "",
    check: |check, field| {
        if field.value().is_some_and(Value::is_array) {
            for item in check.list(field, 0..=limits::MAX_MAIL_BYTES).unwrap_or_default() {
                if check.object(&item) {
                    for member in [item.get("name"), item.get("value")] {
                        check.require(&member);
                        check.check_shape(&member, &HEADER_VALUE);
                    }
                }
            }
        } else if check.object(field) {
            for (_, member) in field.members() {
                check.check_shape(&member, &TEXT_LIST);
            }
        }
    },
};

/// Bytes as base64, in the alphabet of mails or of URLs, in lines or not, padded or not.
pub(super) const BASE64: Shape = Shape::Own {
    documented: &Shape::text(0..=limits::MAX_BODY_BYTES),
    format: "",
    check: |check, field| {
        if check.text(field, 0..=limits::MAX_BODY_BYTES).is_some_and(|text| !is_base64(text)) {
            check.reject_value(field, "it is not base64");
        }
    },
};

/// Whether a text can be decoded. It is only looked through, so that it is decoded once, where it is read.
fn is_base64(text: &str) -> bool {
    let (mut digits, mut padding) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'=' => padding += 1,
            _ if byte.is_ascii_whitespace() => {}
            b'+' | b'/' | b'-' | b'_' if padding == 0 => digits += 1,
            _ if byte.is_ascii_alphanumeric() && padding == 0 => digits += 1,
            _ => return false,
        }
    }
    digits % 4 != 1 && padding <= 2
}

/// Reads a mail from `input`.
pub fn parse_mail(check: &mut Validator, input: &Input<'_>) -> Option<Mail> {
    check.check_root(input, Mail::OBJECT);
    input.read()
}

/// Reads the options for reading a document.
pub fn parse_read_options(check: &mut Validator, input: &Input<'_>) -> Option<ReadOptions> {
    check.check_shape(input, &ReadOptions::SHAPE);
    input.read()
}
