//! Errors of our own dialect.

use axum::{body::Body, http::Response};
use serde_json::json;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, FieldError},
};

/// Our own dialect.
#[derive(Debug)]
pub enum Native {}

impl Dialect for Native {
    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let fields: Vec<_> = error.violations().iter().map(FieldError::from).collect();
        let mut message = error.message().to_owned();
        if reply::status(error.kind()).is_server_error() {
            message = format!("{message} (request {request_id})");
        }
        reply::error_response(
            error,
            &json!({ "error": { "code": error.code(), "message": message, "fields": fields } }),
        )
    }
}
