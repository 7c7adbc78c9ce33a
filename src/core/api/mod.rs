//! HTTP in front of the use cases, in the dialects that existing clients speak.
//!
//! A dialect is a folder: its wire types, its rendering of errors, its handlers. Here is what all share: reading and
//! validating input ([`crate::validate`], [`query`], [`body`], [`form`]), authentication ([`auth`]), page tokens
//! ([`page_token`]) and responses ([`reply`]).
//!
//! The [`router`] holds no ports, so it is built once. [`serve`] passes it the ports of one request in the request's
//! extensions. A handler that fails returns an [`Error`](crate::error::Error) and how its dialect renders it; `serve`
//! renders it, because only `serve` knows the request's id and can log.

pub mod auth;
pub mod body;
pub mod checked;
pub mod context;
pub mod cuid;
pub mod dialonce;
pub mod form;
pub mod limai;
pub mod llamacloud;
pub mod native;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod origin;
pub mod page_token;
pub mod query;
pub mod reply;
mod routes;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header},
};
use tower_service::Service;

use self::{context::Context, origin::Origin, reply::PendingError};
use crate::service::ports::Ports;

/// The header that carries the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The only request headers that this module reads. [`serve`] drops all others, so a host need not pass them on, and no
/// code can come to depend on a header that is not in this list.
pub const REQUEST_HEADERS: [HeaderName; 6] =
    [header::AUTHORIZATION, header::COOKIE, header::ORIGIN, header::HOST, header::CONTENT_TYPE, header::CONTENT_LENGTH];

/// The routes of every dialect. Holds no ports: build it once and pass it to [`serve`].
pub fn router<P: Ports>() -> Router {
    Router::new()
        .merge(native::routes::<P>())
        .merge(llamacloud::routes::<P>())
        .merge(limai::routes::<P>())
        .merge(dialonce::routes::<P>())
        .fallback(|| async { reply::detail(StatusCode::NOT_FOUND, "Not Found") })
        .method_not_allowed_fallback(|| async { reply::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed") })
}

/// Handles one request with the ports of that request.
pub async fn serve<P: Ports>(router: &Router, ports: P, mut request: Request<Body>) -> Response<Body> {
    let id = request_id(&ports);
    *request.headers_mut() = allowed_headers(request.headers());
    let origin = Origin::from_request(request.uri(), request.headers());
    let request_line = format!("{} {}", request.method(), without_secrets(request.uri().path()));
    request.extensions_mut().insert(Context { ports: ports.clone(), origin });
    // `poll_ready` is not needed: a router is always ready.
    let Ok(mut response) = router.clone().call(request).await;
    if let Some(PendingError { error, render }) = response.extensions_mut().remove::<PendingError>() {
        response = render(&error, &id);
        if response.status().is_server_error() {
            ports.log(&format!("request {id}: {request_line}: {} {error:#}", response.status().as_u16()));
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn allowed_headers(headers: &HeaderMap) -> HeaderMap {
    let values = |name: HeaderName| headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone()));
    REQUEST_HEADERS.into_iter().flat_map(values).collect()
}

fn request_id<P: Ports>(ports: &P) -> String {
    format!("req_{:032x}", u128::from_be_bytes(ports.random()))
}

/// The path without long segments: a signed URL is a secret and must not be logged.
fn without_secrets(path: &str) -> String {
    const MAX_SEGMENT_BYTES: usize = 64;
    let segments = path.split('/').map(|segment| if segment.len() > MAX_SEGMENT_BYTES { "..." } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod consistency_tests;
#[cfg(test)]
mod tests;
