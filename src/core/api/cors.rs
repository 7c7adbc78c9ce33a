//! Requests of pages from other origins (CORS).
//!
//! A project lists the origins whose pages may read its answers; none unless it does. The answer to a request names the
//! origin of its page if the project of its token allows it. A preflight has no token: it is allowed if any project allows
//! the origin.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header},
};

use super::{origin::Origin, reply};
use crate::{
    error::Result,
    id::ProjectId,
    limits,
    service::{
        access,
        ports::{Index, Ports},
    },
    validate::{Input, Validator, shape::Shape},
};

/// The methods of all routes.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// The response headers that a page may read, besides those that it always may.
const EXPOSED: &str =
    "content-disposition, content-length, ratelimit, ratelimit-policy, retry-after, x-request-id, x-should-retry";

/// How long browsers keep the answer to a preflight, in seconds: so long a page goes on after its origin was removed.
const MAX_AGE: &str = "600";

/// The origin of a page that sent a request, unless it is ours, and whether the page may read the response.
#[derive(Debug, Clone, Default)]
pub struct ForeignOrigin {
    origin: Option<HeaderValue>,
    is_allowed: Arc<AtomicBool>,
}

impl ForeignOrigin {
    /// The origin of a request. `own` are those at which clients reach us.
    pub fn of(headers: &HeaderMap, own: &[&Origin]) -> Self {
        let origin = headers.get(header::ORIGIN).filter(|value| {
            let is_ours = |text| own.iter().any(|own| own.matches(text));
            value.to_str().is_ok_and(|text| is_origin(text) && !is_ours(text))
        });
        Self { origin: origin.cloned(), is_allowed: Arc::default() }
    }

    fn text(&self) -> Option<&str> {
        self.origin.as_ref()?.to_str().ok()
    }

    /// Lets the page read the response if `project` allows it.
    ///
    /// # Errors
    ///
    /// `Upstream` if the project's index cannot be reached.
    pub async fn admit(&self, ports: &impl Index, project: ProjectId) -> Result<()> {
        if let Some(origin) = self.text()
            && access::allows_origin(ports, project, origin).await?
        {
            self.is_allowed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Adds to a response that the page may read it, if it was [admitted](Self::admit).
    pub fn expose(&self, response: &mut Response<Body>) {
        let Some(origin) = self.origin.as_ref().filter(|_| self.is_allowed.load(Ordering::Relaxed)) else { return };
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
}

/// The response to a preflight. None if the request is none.
///
/// # Errors
///
/// `Upstream` if the list of projects cannot be reached.
pub async fn preflight<P: Ports>(
    ports: &P,
    method: &Method,
    headers: &HeaderMap,
    from: &ForeignOrigin,
) -> Result<Option<Response<Body>>> {
    if *method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return Ok(None);
    }
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    if let (Some(text), Some(origin)) = (from.text(), &from.origin)
        && access::any_allows_origin(ports, text).await?
    {
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        // Clients have headers of their own, which we ignore; no header of a request is a danger to us.
        if let Some(requested) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
        }
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
    Ok(Some(response))
}

/// Whether a text is an origin as browsers send it: a scheme, a host, perhaps a port, and nothing else.
fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_:[]".contains(&byte);
    text.len() <= limits::MAX_ORIGIN_BYTES && !host.is_empty() && host.bytes().all(is_plain)
}

/// Origins in a request: as browsers send them, or `*` for any.
pub const ALLOWED_ORIGINS: Shape = Shape::list(0..=limits::MAX_ALLOWED_ORIGINS, &ORIGIN);

const ORIGIN: Shape = Shape::Own { documented: &ORIGIN_TEXT, format: "", check: check_origin };

const ORIGIN_TEXT: Shape = Shape::text(1..=limits::MAX_ORIGIN_BYTES);

fn check_origin(check: &mut Validator, field: &Input<'_>) {
    if check.text(field, 1..=limits::MAX_ORIGIN_BYTES).is_some_and(|text| text != "*" && !is_origin(text)) {
        check.reject_value(field, "must be an origin in lower case, such as https://app.example, or *");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_send_them() {
        for origin in ["https://app.example", "http://localhost:5173", "https://[::1]:8443"] {
            assert!(is_origin(origin), "{origin}");
        }
        let long = format!("https://{}", "x".repeat(limits::MAX_ORIGIN_BYTES));
        for text in ["", "*", "null", "https://", "app.example", "https://app.example/", "https://App.example", &long] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
