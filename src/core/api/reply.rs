//! Responses.

use std::marker::PhantomData;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;

use crate::{
    error::{Error, ErrorKind, Quota},
    service::ports::Config,
};

/// One family of clients retries after every 409 and 5xx unless this header says `false`.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The rate that a caller may not exceed, and how long it has to wait.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Renders an error for the request with this id.
pub type Render = fn(&Error, &str) -> Response<Body>;

/// How a dialect renders errors.
pub trait Dialect: 'static {
    /// Whether requests with a token may have only the query parameters that their route declares, so that a typo does
    /// not pass for an absent one.
    const KNOWN_PARAMETERS_ONLY: bool = false;

    /// The response for `error`. The id goes into responses about internal errors, so that callers can report it.
    fn render(error: &Error, request_id: &str) -> Response<Body>;
}

/// An error that a handler returns, in the dialect `D`.
#[derive(Debug)]
pub struct ApiError<D>(Error, PhantomData<fn() -> D>);

impl<D> From<Error> for ApiError<D> {
    fn from(error: Error) -> Self {
        Self(error, PhantomData)
    }
}

/// An error and how to render it: the extension that a failed handler leaves in its response.
#[derive(Debug, Clone)]
pub struct PendingError {
    /// The error.
    pub error: Error,
    /// The dialect's rendering.
    pub render: Render,
}

impl<D: Dialect> IntoResponse for ApiError<D> {
    fn into_response(self) -> Response<Body> {
        pending(self.0, D::render)
    }
}

/// A response that becomes that for `error`.
pub fn pending(error: Error, render: Render) -> Response<Body> {
    let mut response = empty(status(error.kind()));
    response.extensions_mut().insert(PendingError { error, render });
    response
}

/// The status of an error. [`error_response`] makes it 422 for invalid input whose fields are known.
pub const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid | ErrorKind::Unreadable(_) | ErrorKind::Remote { retryable: false } => {
            StatusCode::BAD_REQUEST
        }
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::UriTooLong => StatusCode::URI_TOO_LONG,
        ErrorKind::TooLarge { .. } | ErrorKind::OverBudget(_) => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::LengthRequired => StatusCode::LENGTH_REQUIRED,
        ErrorKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Busy | ErrorKind::Upstream { retryable: true } => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Upstream { retryable: false } | ErrorKind::Remote { retryable: true } => StatusCode::BAD_GATEWAY,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The response for an error, with the `body` that the dialect made: sets the status and the retry headers.
pub fn error_response(error: &Error, body: &impl Serialize) -> Response<Body> {
    let kind = error.kind();
    let status = if error.violations().is_empty() { status(kind) } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = json(status, body);
    let headers = response.headers_mut();
    if kind == ErrorKind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    match kind {
        ErrorKind::RateLimited { retry_after, .. } => headers.insert(header::RETRY_AFTER, retry_after.into()),
        ErrorKind::Busy | ErrorKind::Upstream { retryable: true } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
        _ => None,
    };
    if (status == StatusCode::CONFLICT || status.is_server_error()) && !kind.is_retryable() {
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// Adds to the response for `error` what rate the caller exceeded, if it did: the headers of
/// draft-ietf-httpapi-ratelimit-headers-10. The platform's counters do not say how many requests are left, so other
/// responses have none of them.
pub fn add_rate(response: &mut Response<Body>, error: &Error, config: &Config) {
    let ErrorKind::RateLimited { quota, retry_after } = error.kind() else { return };
    let name = match quota {
        Quota::Token => "token",
        Quota::Project => "project",
        Quota::OpenJobs => return,
    };
    let Some(rate) = config.rate(quota) else { return };
    for (header, value) in [
        (RATE_LIMIT_POLICY, format!("\"{name}\";q={};w={}", rate.requests, rate.seconds)),
        (RATE_LIMIT, format!("\"{name}\";r=0;t={retry_after}")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(header, value);
        }
    }
}

/// The message for `error`: after its code if a document was unreadable, and with the request's id if the server is at
/// fault.
pub fn error_text(error: &Error, request_id: &str) -> String {
    let message = error.message();
    match error.kind() {
        ErrorKind::Unreadable(why) => format!("{}: {message}", why.code()),
        kind if status(kind).is_server_error() => format!("{message} (request {request_id})"),
        _ => message.to_owned(),
    }
}

/// [`error_response`] for a dialect that answers 400 to all invalid input.
pub fn error_response_without_422(error: &Error, body: &impl Serialize) -> Response<Body> {
    let mut response = error_response(error, body);
    if response.status() == StatusCode::UNPROCESSABLE_ENTITY {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

/// A JSON response.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Every wire type serialises: none has a map with keys that are not strings.
    let text = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A response without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
