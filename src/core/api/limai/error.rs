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

/// An error.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Error"))]
pub struct ErrorResponse {
    /// What is wrong.
    error: String,
}

impl Dialect for Limai {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let mut message = match error.kind() {
            // The vendor's sentence, unless ours says what to do.
            ErrorKind::Unauthenticated if error.message().starts_with(INVALID_TOKEN) => {
                "Authentication required".to_owned()
            }
            _ => reply::error_text(error, request_id),
        };
        if let Some(violation) = error.violations().first()
            && let Some(PathSegment::Name(name)) =
                violation.pointer.iter().rev().find(|step| matches!(step, PathSegment::Name(_)))
        {
            message = format!("{name}: {}", violation.message);
        }
        reply::error_response_without_422(error, &ErrorResponse { error: message })
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
