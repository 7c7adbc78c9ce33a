//! Errors of this dialect: `{"error": "..."}`, and 400 for all invalid input.

use axum::{body::Body, http::Response};
use serde::Serialize;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, ErrorKind, PathSegment},
    service::access::INVALID_TOKEN,
};

/// The dialect of Limai.
#[derive(Debug)]
pub enum Limai {}

/// The dialect of the call that clients poll. They look at `status` alone, so an error that asking again cannot mend says
/// that the file has failed, or they would ask for ever.
#[derive(Debug)]
pub(super) enum Polled {}

/// An error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Error"))]
pub struct ErrorResponse {
    /// What is wrong.
    error: String,
    /// `FAILED` in answers about the state of a file, if asking again cannot help; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// The same as `error`, beside that status.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

impl Dialect for Limai {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let body = ErrorResponse { error: sentence(error, request_id), status: None, error_message: None };
        reply::error_response_without_422(error, &body)
    }
}

impl Dialect for Polled {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        if error.kind().is_retryable() {
            return Limai::render(error, request_id);
        }
        let sentence = sentence(error, request_id);
        let body = ErrorResponse { error: sentence.clone(), status: Some("FAILED"), error_message: Some(sentence) };
        reply::error_response_without_422(error, &body)
    }
}

fn sentence(error: &Error, request_id: &str) -> String {
    if let Some(violation) = error.violations().first()
        && let Some(PathSegment::Name(name)) =
            violation.pointer.iter().rev().find(|step| matches!(step, PathSegment::Name(_)))
    {
        return format!("{name}: {}", violation.message);
    }
    match error.kind() {
        // The vendor's sentence, unless ours says what to do.
        ErrorKind::Unauthenticated if error.message().starts_with(INVALID_TOKEN) => {
            "Authentication required".to_owned()
        }
        _ => reply::error_text(error, request_id),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{Unreadable, Violation};

    #[test]
    fn renders_every_kind() {
        let kinds = ErrorKind::ALL.into_iter().chain(Unreadable::ALL.into_iter().map(ErrorKind::Unreadable));
        for kind in kinds {
            let (status, body) = crate::api::tests::render::<Limai>(&Error::new(kind, "Why"));
            assert_eq!(status, reply::status(kind).as_u16(), "{kind:?}");
            let sentence = body["error"].as_str().unwrap();
            assert!(sentence.contains("Why"), "{kind:?}: {sentence}");
            let polled = crate::api::tests::render::<Polled>(&Error::new(kind, "Why")).1;
            let mut expected = json!({ "error": sentence });
            if !kind.is_retryable() {
                expected["status"] = "FAILED".into();
                expected["errorMessage"] = sentence.into();
            }
            assert_eq!(polled, expected, "{kind:?}");
        }
        let invalid = Error::new(ErrorKind::Unauthenticated, INVALID_TOKEN);
        let expected = json!({ "error": "Authentication required" });
        assert_eq!(crate::api::tests::render::<Limai>(&invalid), (401, expected));
        let error = Error::invalid(vec![Violation {
            pointer: vec!["body".into(), "fileId".into()],
            reason: "missing".into(),
            message: "Field required".into(),
            input: None,
            context: None,
        }]);
        let (status, body) = crate::api::tests::render::<Limai>(&error);
        assert_eq!((status, body), (400, json!({ "error": "fileId: Field required" })));
    }
}
