//! Errors of this dialect: `{"detail": "..."}`, or a list of violations as `detail`.

use axum::{body::Body, http::Response};
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::reply::{self, Dialect},
    document::Format,
    error::{Error, ErrorKind, PathSegment, Unreadable, Violation},
};

/// The dialect of LlamaCloud.
#[derive(Debug)]
pub enum LlamaCloud {}

/// An error.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Error"))]
pub struct ErrorResponse<'a> {
    /// What is wrong.
    detail: Detail<'a>,
}

/// What is wrong: a sentence, or every fault of the request.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
enum Detail<'a> {
    /// A sentence.
    Sentence(String),
    /// Every fault.
    Faults(Vec<DetailItem<'a>>),
}

/// A fault of the request.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct DetailItem<'a> {
    /// Its place: names of members and indexes in lists.
    loc: &'a [PathSegment],
    /// The message for a person.
    msg: &'a str,
    /// The reason, for programs.
    r#type: &'a str,
    /// The value; null if it is too long to be shown.
    input: Option<&'a Value>,
    /// The limit that it violates.
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx: Option<&'a Value>,
}

impl<'a> From<&'a Violation> for DetailItem<'a> {
    fn from(violation: &'a Violation) -> Self {
        Self {
            loc: &violation.pointer,
            msg: &violation.message,
            r#type: &violation.reason,
            input: violation.input.as_ref(),
            ctx: violation.context.as_ref(),
        }
    }
}

/// The code of this dialect for why a document of a format could not be read. It has words of its own for PDFs, and one
/// for documents without text; for all others it gets the codes of the core.
pub(super) fn vendor_code<'a>(code: &'a str, format: Option<&str>) -> &'a str {
    let is_pdf = format == Some(Format::Pdf.extension());
    match [Unreadable::Encrypted, Unreadable::Damaged, Unreadable::NoText, Unreadable::NeedsOcr]
        .into_iter()
        .find(|why| why.code() == code)
    {
        Some(Unreadable::Encrypted) if is_pdf => "PDF_IS_PROTECTED",
        Some(Unreadable::Damaged) if is_pdf => "PDF_IS_BROKEN",
        Some(Unreadable::NoText | Unreadable::NeedsOcr) => "NO_DATA_FOUND_IN_FILE",
        _ => code,
    }
}

impl Dialect for LlamaCloud {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let omission = error.omission();
        let detail = if error.violations().is_empty() {
            Detail::Sentence(match error.kind() {
                ErrorKind::Unreadable(_) => {
                    format!("{}: {}", vendor_code(error.code(), error.format()), error.message())
                }
                _ => reply::error_text(error, request_id),
            })
        } else {
            Detail::Faults(error.violations().iter().chain(&omission).map(DetailItem::from).collect())
        };
        reply::error_response(error, &ErrorResponse { detail })
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use futures_util::StreamExt;
    use serde_json::json;

    use super::*;

    /// Status, `x-should-retry`, `retry-after` and `detail`.
    fn render(error: &Error) -> (u16, Option<String>, Option<String>, Value) {
        let response = LlamaCloud::render(error, "req_1");
        let header = |name: &str| {
            response.headers().get(name).map(|value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        let (status, retry, after) = (response.status().as_u16(), header("x-should-retry"), header("retry-after"));
        let chunks: Vec<_> = block_on(response.into_body().into_data_stream().collect());
        let body: Value = serde_json::from_slice(&chunks.into_iter().next().unwrap().unwrap()).unwrap();
        (status, retry, after, body["detail"].clone())
    }

    #[test]
    fn renders_every_kind() {
        let kinds = ErrorKind::ALL
            .into_iter()
            .chain([ErrorKind::Upstream { retryable: false }, ErrorKind::Remote { retryable: false }]);
        let kinds = kinds.chain(Unreadable::ALL.into_iter().map(ErrorKind::Unreadable));
        for kind in kinds {
            let error = Error::new(kind, "Why").with_source("only for the log");
            let (status, retry, after, detail) = render(&error);
            let no_retry = Some("false");
            let expected = match kind {
                ErrorKind::Invalid | ErrorKind::Unreadable(_) => (400, None, None),
                ErrorKind::Unauthenticated => (401, None, None),
                ErrorKind::Forbidden => (403, None, None),
                ErrorKind::NotFound => (404, None, None),
                ErrorKind::MethodNotAllowed => (405, None, None),
                ErrorKind::Conflict => (409, no_retry, None),
                ErrorKind::RequestTimeout => (408, None, None),
                ErrorKind::Gone => (410, None, None),
                ErrorKind::UriTooLong => (414, None, None),
                ErrorKind::LengthRequired => (411, None, None),
                ErrorKind::TooLarge { .. } | ErrorKind::OverBudget(_) => (413, None, None),
                ErrorKind::UnsupportedMedia => (415, None, None),
                ErrorKind::RateLimited { .. } => (429, None, Some("1")),
                ErrorKind::Internal => (500, None, None),
                ErrorKind::Upstream { retryable: false } => (502, no_retry, None),
                ErrorKind::Remote { retryable: true } => (502, None, None),
                ErrorKind::Remote { retryable: false } => (400, None, None),
                ErrorKind::Busy | ErrorKind::Upstream { retryable: true } => (503, None, Some("1")),
                ErrorKind::Timeout => (504, None, None),
            };
            assert_eq!((status, retry.as_deref(), after.as_deref()), expected, "{kind:?}");
            let sentence = match kind {
                ErrorKind::Unreadable(Unreadable::NoText | Unreadable::NeedsOcr) => {
                    "NO_DATA_FOUND_IN_FILE: Why".to_owned()
                }
                ErrorKind::Unreadable(why) => format!("{}: Why", why.code()),
                _ if status >= 500 => "Why (request req_1)".to_owned(),
                _ => "Why".to_owned(),
            };
            assert_eq!(detail, sentence, "{kind:?}");
        }
    }

    #[test]
    fn has_words_of_its_own_for_pdfs() {
        for (why, pdf, docx) in [
            (Unreadable::Encrypted, "PDF_IS_PROTECTED", "DOCUMENT_ENCRYPTED"),
            (Unreadable::Damaged, "PDF_IS_BROKEN", "DOCUMENT_DAMAGED"),
            (Unreadable::NeedsOcr, "NO_DATA_FOUND_IN_FILE", "NO_DATA_FOUND_IN_FILE"),
            (Unreadable::Timeout, "TIMEOUT", "TIMEOUT"),
        ] {
            for (format, code) in [("pdf", pdf), ("docx", docx)] {
                let (_, _, _, detail) = render(&Error::unreadable(why, "Why").with_format(format));
                assert_eq!(detail, format!("{code}: Why"));
            }
        }
    }

    #[test]
    fn renders_fields() {
        let error = Error::invalid(vec![Violation {
            pointer: vec!["body".into(), "rules".into(), 0.into(), "description".into()],
            reason: "string_too_short".into(),
            message: "String should have at least 10 characters".into(),
            input: Some("x".into()),
            context: Some(json!({ "min_length": 10 })),
        }]);
        let (status, _, _, detail) = render(&error);
        assert_eq!(status, 422);
        assert_eq!(
            detail,
            json!([{ "loc": ["body", "rules", 0, "description"], "msg": "String should have at least 10 characters",
                     "type": "string_too_short", "input": "x", "ctx": { "min_length": 10 } }])
        );
    }
}
