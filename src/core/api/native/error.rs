//! Errors of our own dialect.

use axum::{body::Body, http::Response};
use serde_json::json;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, Fault},
};

/// Our own dialect.
#[derive(Debug)]
pub enum Native {}

impl Dialect for Native {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let fields: Vec<_> = error.violations().iter().map(Fault::from).collect();
        let mut message = error.message().to_owned();
        if reply::status(error.kind()).is_server_error() {
            message = format!("{message} (request {request_id})");
        }
        reply::of_error(error, &json!({ "error": { "code": error.code(), "message": message, "fields": fields } }))
    }
}
