//! Errors of this dialect: `{"statusCode", "message", "error"}`, and 400 for all invalid input.

use axum::{body::Body, http::Response};
use serde::Serialize;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, PathSegment},
};

/// The dialect of mail classification.
#[derive(Debug)]
pub enum DialOnce {}

/// An error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Error"))]
pub struct ErrorResponse {
    /// The status of the response.
    status_code: u16,
    /// What is wrong.
    message: String,
    /// The status in words.
    error: &'static str,
}

impl Dialect for DialOnce {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let status = reply::status(error.kind());
        let mut message = reply::error_text(error, request_id);
        if !error.violations().is_empty() {
            let messages = error.violations().iter().map(|violation| {
                let steps = violation.pointer.iter().skip(1).map(|step| match step {
                    PathSegment::Index(index) => index.to_string(),
                    PathSegment::Name(name) => name.clone(),
                });
                let path = steps.collect::<Vec<_>>().join(".");
                format!("{}: {}", if path.is_empty() { "body" } else { &path }, violation.message)
            });
            let omission = error.omission().map(|omission| omission.message);
            message = messages.chain(omission).collect::<Vec<_>>().join("; ");
        }
        let reason = status.canonical_reason().unwrap_or("Error");
        let body = ErrorResponse { status_code: status.as_u16(), message, error: reason };
        reply::error_response_without_422(error, &body)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{ErrorKind, Unreadable, Violation};

    #[test]
    fn renders_every_kind() {
        let kinds = ErrorKind::ALL.into_iter().chain(Unreadable::ALL.into_iter().map(ErrorKind::Unreadable));
        for kind in kinds {
            let (status, body) = crate::api::tests::render::<DialOnce>(&Error::new(kind, "Why"));
            assert_eq!(status, reply::status(kind).as_u16(), "{kind:?}");
            assert_eq!(body["statusCode"], status, "{kind:?}");
            assert!(body["message"].as_str().unwrap().contains("Why"), "{kind:?}: {body}");
        }
        let error = Error::invalid(vec![Violation {
            pointer: vec!["body".into(), "mail".into(), "body".into()],
            reason: "missing".into(),
            message: "Field required".into(),
            input: None,
            context: None,
        }]);
        let expected = json!({ "statusCode": 400, "message": "mail.body: Field required", "error": "Bad Request" });
        assert_eq!(crate::api::tests::render::<DialOnce>(&error), (400, expected));
    }
}
