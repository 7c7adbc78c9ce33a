//! HTTP in front of the use cases, in the dialects that existing clients speak.
//!
//! A dialect is a folder: its wire types, its rendering of errors, its handlers. Here is what all share: reading and
//! validating input ([`crate::validate`], [`query`], [`body`], [`form`]), authentication ([`auth`]), page tokens
//! ([`page_token`]) and responses ([`reply`]).
//!
//! The [`router`] holds no ports, so it is built once. [`serve`] passes it the ports of one request in the request's
//! extensions. A handler that fails returns an [`Error`] and how its dialect renders it; `serve`
//! renders it, because only `serve` knows the request's id and can log.

pub mod auth;
pub mod body;
pub mod calls;
pub mod checked;
mod content_encoding;
pub mod context;
mod cors;
pub mod cuid;
pub mod dialonce;
mod endpoint;
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
mod unserved;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header},
};
use tower_service::Service;

use self::{context::Context, cors::ForeignOrigin, origin::Origin, reply::PendingError};
use crate::{
    error::{Error, ErrorKind},
    service::ports::Ports,
};

/// The header that carries the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The only request headers that this module reads. [`serve`] drops all others, so a host need not pass them on, and no
/// code can come to depend on a header that is not in this list.
pub const REQUEST_HEADERS: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::ORIGIN,
    header::HOST,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
];

/// Whether a request with this method may need the header: a host may find each expensive to read.
pub fn needs_header(method: &str, name: &HeaderName) -> bool {
    match method {
        "GET" | "HEAD" | "DELETE" if !name.as_str().starts_with("content-") => !is_of_preflight(name),
        "GET" | "HEAD" => false,
        "OPTIONS" => *name == header::ORIGIN || is_of_preflight(name),
        _ => !is_of_preflight(name),
    }
}

fn is_of_preflight(name: &HeaderName) -> bool {
    [header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS].contains(name)
}

/// The routes of every dialect. Holds no ports: build it once and pass it to [`serve`].
pub fn router<P: Ports>() -> Router {
    Router::new()
        .merge(native::routes::<P>())
        .merge(llamacloud::routes::<P>())
        .merge(limai::routes::<P>())
        .merge(dialonce::routes::<P>())
        .fallback(unserved::not_found)
        .method_not_allowed_fallback(unserved::method_not_allowed)
}

/// Handles one request with the ports of that request. Its URI is absolute: the address that the platform routed.
pub async fn serve<P: Ports>(router: &Router, ports: P, request: Request<Body>) -> Response<Body> {
    let id = request_id(&ports);
    let (mut parts, body) = request.into_parts();
    parts.headers = allowed_headers(&parts.headers);
    parts.uri = without_extra_slashes(parts.uri);
    let body = body::within_time(ports.clone(), body);
    let body = match content_encoding::decode(&mut parts.headers, body) {
        Ok(body) => body,
        Err(error) => return finish(unserved::render_of(parts.uri.path())(&error, &id), &id),
    };
    let mut request = Request::from_parts(parts, body);
    let origin = Origin::from_request(request.uri(), request.headers());
    let request_line = format!("{} {}", request.method(), without_secrets(request.uri().path()));
    let public_origin = ports.config().public_url.as_deref().map_or_else(|| origin.clone(), Origin::configured);
    let foreign = ForeignOrigin::of(request.headers(), &[&origin, &public_origin]);
    match cors::preflight(&ports, request.method(), request.headers(), &foreign).await {
        Ok(None) => {}
        Ok(Some(response)) => return finish(response, &id),
        Err(error) => return finish(unserved::render_of(request.uri().path())(&error, &id), &id),
    }
    request.extensions_mut().insert(Context { ports: ports.clone(), origin, public_origin, foreign: foreign.clone() });
    // `poll_ready` is not needed: a router is always ready.
    let Ok(mut response) = router.clone().call(request).await;
    if let Some(PendingError { error, render }) = response.extensions_mut().remove::<PendingError>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = render(&error, &id);
        response.headers_mut().extend(allow.map(|methods| (header::ALLOW, methods)));
        reply::add_rate(&mut response, &error, ports.config());
        if response.status().is_server_error() {
            ports.log(&format!("request {id}: {request_line}: {} {error:#}", response.status().as_u16()));
        }
    }
    foreign.expose(&mut response);
    finish(response, &id)
}

/// The response to a request whose URI is no URI for the router: too long, or not well formed. `path` is its path, as far
/// as that is known.
pub fn reject_uri<P: Ports>(ports: &P, path: &str, is_too_long: bool) -> Response<Body> {
    let (kind, message) = if is_too_long {
        (ErrorKind::UriTooLong, "The URL is too long")
    } else {
        (ErrorKind::Invalid, "The URL is not well formed")
    };
    let render = unserved::render_of(path);
    let id = request_id(ports);
    finish(render(&Error::new(kind, message), &id), &id)
}

/// The URI without slashes that name nothing: the last one of a path, and those after another.
fn without_extra_slashes(uri: Uri) -> Uri {
    let path = uri.path();
    if path == "/" || !(path.ends_with('/') || path.contains("//")) {
        return uri;
    }
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    let Ok(path_and_query) = format!("/{}{query}", segments.join("/")).parse() else { return uri };
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).unwrap_or(uri)
}

/// The response with the headers of all: its id, and that no browser may guess its type and nobody may keep it.
fn finish(mut response: Response<Body>, id: &str) -> Response<Body> {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
