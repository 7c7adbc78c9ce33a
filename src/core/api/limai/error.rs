//! Errors as this dialect spells them: `{"error": "..."}`, and 400 for whatever is wrong with the input.

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use serde_json::json;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, Kind, Step},
};

/// The dialect of Limai.
#[derive(Debug)]
pub enum Limai {}

impl Dialect for Limai {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let mut message = match error.kind() {
            Kind::Unreadable(why) => format!("{}: {}", why.code(), error.message()),
            Kind::Unauthenticated => "Authentication required".to_owned(),
            _ => error.message().to_owned(),
        };
        if let Some(violation) = error.violations().first()
            && let Some(Step::Name(name)) = violation.pointer.iter().rev().find(|step| matches!(step, Step::Name(_)))
        {
            message = format!("{name}: {}", violation.message);
        }
        if reply::status(error.kind()).is_server_error() {
            message = format!("{message} (request {request_id})");
        }
        let mut response = reply::of_error(error, &json!({ "error": message }));
        if response.status() == StatusCode::UNPROCESSABLE_ENTITY {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Unreadable, Violation};

    #[test]
    fn renders_every_kind() {
        let kinds = Kind::ALL.into_iter().chain(Unreadable::ALL.into_iter().map(Kind::Unreadable));
        for kind in kinds {
            let (status, body) = crate::api::tests::rendered::<Limai>(&Error::new(kind, "Why"));
            assert_eq!(status, reply::status(kind).as_u16(), "{kind:?}");
            let sentence = body["error"].as_str().unwrap();
            assert!(kind == Kind::Unauthenticated || sentence.contains("Why"), "{kind:?}: {sentence}");
        }
        let error = Error::invalid(vec![Violation {
            pointer: vec!["body".into(), "fileId".into()],
            reason: "missing".into(),
            message: "Field required".into(),
            input: None,
            context: None,
        }]);
        let (status, body) = crate::api::tests::rendered::<Limai>(&error);
        assert_eq!((status, body), (400, json!({ "error": "fileId: Field required" })));
    }
}
