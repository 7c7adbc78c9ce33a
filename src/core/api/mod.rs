//! HTTP in front of the use cases, in the dialects that existing clients speak.
//!
//! A dialect is a folder: its wire types, its rendering of errors, its handlers. What all share is here: reading
//! input and saying everything that is wrong with it ([`crate::validate`], [`query`], [`body`], [`form`]), who is asking
//! ([`auth`]), places in listings ([`page_token`]), and answers ([`reply`]).
//!
//! The [`router`] holds no ports, so it is built once. [`serve`] lends it the ports of one request through the
//! request's extensions. A handler that fails answers with an [`Error`](crate::error::Error) and how its dialect
//! renders it; `serve` renders it, because there alone the request's id is known and the log at hand.

pub mod auth;
pub mod body;
pub mod context;
pub mod cuid;
pub mod form;
pub mod limai;
pub mod llamacloud;
pub mod native;
pub mod orchestrator;
pub mod page_token;
pub mod query;
pub mod reply;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header},
};
use tower_service::Service;

use self::{
    context::{Context, Origin},
    reply::Unrendered,
};
use crate::service::ports::Ports;

/// The header that carries the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers of a request that anything here looks at. [`serve`] drops all others, so that a front need not hand them
/// over, and none is looked at that is not in this list.
pub const REQUEST_HEADERS: [HeaderName; 6] =
    [header::AUTHORIZATION, header::COOKIE, header::ORIGIN, header::HOST, header::CONTENT_TYPE, header::CONTENT_LENGTH];

/// The routes of every dialect. Holds no ports: build it once and lend it to [`serve`].
pub fn router<P: Ports>() -> Router {
    Router::new()
        .merge(native::routes::<P>())
        .merge(llamacloud::routes::<P>())
        .merge(limai::routes::<P>())
        .merge(orchestrator::routes::<P>())
        .fallback(|| async { reply::detail(StatusCode::NOT_FOUND, "Not Found") })
        .method_not_allowed_fallback(|| async { reply::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed") })
}

/// Answers one request with the ports of that request.
pub async fn serve<P: Ports>(router: &Router, ports: P, mut request: Request<Body>) -> Response<Body> {
    let id = request_id(&ports);
    *request.headers_mut() = known(request.headers());
    let origin = Origin::of(request.uri(), request.headers());
    let asked = format!("{} {}", request.method(), without_secrets(request.uri().path()));
    request.extensions_mut().insert(Context { ports: ports.clone(), origin });
    // A router is always ready.
    let Ok(mut response) = router.clone().call(request).await;
    if let Some(Unrendered { error, render }) = response.extensions_mut().remove::<Unrendered>() {
        response = render(&error, &id);
        if response.status().is_server_error() {
            ports.log(&format!("request {id}: {asked}: {} {error:#}", response.status().as_u16()));
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn known(headers: &HeaderMap) -> HeaderMap {
    let values = |name: HeaderName| headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone()));
    REQUEST_HEADERS.into_iter().flat_map(values).collect()
}

fn request_id<P: Ports>(ports: &P) -> String {
    format!("req_{:032x}", u128::from_be_bytes(ports.random()))
}

/// The path with long segments left out: an address that opens a file is a secret, and the log is no place for one.
fn without_secrets(path: &str) -> String {
    const LONGEST: usize = 64;
    let segments = path.split('/').map(|segment| if segment.len() > LONGEST { "..." } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
