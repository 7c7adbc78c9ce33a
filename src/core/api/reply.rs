//! Answers.

use std::marker::PhantomData;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Kind};

/// Tells the clients of one family whether to try again; they do by themselves after every 409 and 5xx.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// How a dialect renders errors.
pub trait Dialect: 'static {
    /// The answer that tells `error`. The id is for answers to faults of ours: whoever reports one can name it.
    fn render(error: &Error, request_id: &str) -> Response<Body>;
}

/// An error on its way to the caller, in the dialect `D`.
#[derive(Debug)]
pub struct Failure<D>(Error, PhantomData<fn() -> D>);

impl<D> From<Error> for Failure<D> {
    fn from(error: Error) -> Self {
        Self(error, PhantomData)
    }
}

/// An error and how it is to be rendered: what a failed handler leaves in its answer.
#[derive(Debug, Clone)]
pub struct Unrendered {
    /// The error.
    pub error: Error,
    /// The dialect's rendering.
    pub render: fn(&Error, &str) -> Response<Body>,
}

impl<D: Dialect> IntoResponse for Failure<D> {
    fn into_response(self) -> Response<Body> {
        let mut response = empty(status(self.0.kind()));
        response.extensions_mut().insert(Unrendered { error: self.0, render: D::render });
        response
    }
}

/// The status of an error. Refused input is 422 when fields are at fault, else 400; [`of_error`] knows which.
pub const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid | Kind::Unreadable(_) => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::LengthRequired => StatusCode::LENGTH_REQUIRED,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Kind::Busy | Kind::Upstream { retryable: true } => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Upstream { retryable: false } => StatusCode::BAD_GATEWAY,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to an error with `body`, whatever the dialect: the status and the headers that help the caller.
pub fn of_error(error: &Error, body: &impl Serialize) -> Response<Body> {
    let kind = error.kind();
    let status = if error.violations().is_empty() { status(kind) } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = json(status, body);
    let headers = response.headers_mut();
    if kind == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    match kind {
        Kind::RateLimited { retry_after } => headers.insert(header::RETRY_AFTER, retry_after.into()),
        Kind::Busy | Kind::Upstream { retryable: true } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
        _ => None,
    };
    if (status == StatusCode::CONFLICT || status.is_server_error()) && !kind.is_retryable() {
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// The sentence that tells `error`: behind the code of what could not be read, and with the request's id where the fault
/// is ours.
pub fn sentence(error: &Error, request_id: &str) -> String {
    let message = error.message();
    match error.kind() {
        Kind::Unreadable(why) => format!("{}: {message}", why.code()),
        kind if status(kind).is_server_error() => format!("{message} (request {request_id})"),
        _ => message.to_owned(),
    }
}

/// As [`of_error`], in a dialect that answers 400 to whatever is wrong with the input.
pub fn of_error_without_422(error: &Error, body: &impl Serialize) -> Response<Body> {
    let mut response = of_error(error, body);
    if response.status() == StatusCode::UNPROCESSABLE_ENTITY {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

/// An answer of JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Every wire type serialises: none has a map with keys that are no text.
    let text = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An answer of one sentence, where no dialect was chosen yet.
pub fn detail(status: StatusCode, sentence: &str) -> Response<Body> {
    json(status, &json!({ "detail": sentence }))
}
