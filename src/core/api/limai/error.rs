//! Errors of this dialect: `{"error": "..."}`, and 400 for all invalid input.

use axum::{body::Body, http::Response};
use serde::Serialize;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, ErrorKind, PathSegment},
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
            ErrorKind::Unauthenticated => "Authentication required".to_owned(),
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
            assert!(kind == ErrorKind::Unauthenticated || sentence.contains("Why"), "{kind:?}: {sentence}");
        }
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
