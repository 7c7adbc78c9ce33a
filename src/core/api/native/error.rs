//! Errors of our own dialect.

use axum::{body::Body, http::Response};
use serde_json::{Value, json};

use crate::{
    api::reply::{self, Dialect},
    error::{Error, Step, Violation},
};

/// Our own dialect.
#[derive(Debug)]
pub enum Native {}

impl Dialect for Native {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let fields: Vec<_> = error.violations().iter().map(field).collect();
        let mut message = error.message().to_owned();
        if reply::status(error.kind()).is_server_error() {
            message = format!("{message} (request {request_id})");
        }
        reply::of_error(error, &json!({ "error": { "code": error.code(), "message": message, "fields": fields } }))
    }
}

/// A field at fault, by its JSON pointer (RFC 6901) into the body; the root's own name is left out.
fn field(violation: &Violation) -> Value {
    let steps = violation.pointer.iter().skip(1).map(|step| match step {
        Step::Index(index) => format!("/{index}"),
        Step::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
    });
    json!({ "pointer": steps.collect::<String>(), "message": violation.message })
}
