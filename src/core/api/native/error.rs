//! Errors of our own dialect.

use axum::{body::Body, http::Response};
use serde::Serialize;

use crate::{
    api::reply::{self, Dialect},
    error::{Error, FieldError},
};

/// Our own dialect.
#[derive(Debug)]
pub enum Native {}

/// An error.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Error"))]
pub struct ErrorResponse<'a> {
    /// The error.
    error: ErrorBody<'a>,
}

/// What is wrong.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ErrorBody<'a> {
    /// The stable code, for programs to compare.
    code: &'static str,
    /// The message for a person, with the place of the first invalid member in front.
    message: &'a str,
    /// The invalid members of the request. After a hundred, the last entry is about the whole request and says how many
    /// more there are.
    fields: Vec<FieldError>,
}

impl Dialect for Native {
    const KNOWN_PARAMETERS_ONLY: bool = true;

    fn render(error: &Error, request_id: &str) -> Response<Body> {
        let fields: Vec<_> = error.violations().iter().chain(&error.omission()).map(FieldError::from).collect();
        let mut message = match fields.first() {
            Some(field) if !field.pointer.is_empty() => format!("{}: {}", field.pointer, field.message),
            _ => error.message().to_owned(),
        };
        if reply::status(error.kind()).is_server_error() {
            message = format!("{message} (request {request_id})");
        }
        let error_body = ErrorBody { code: error.code(), message: &message, fields };
        reply::error_response(error, &ErrorResponse { error: error_body })
    }
}
