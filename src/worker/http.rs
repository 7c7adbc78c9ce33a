//! Between the platform's requests and responses and those of the router.
//!
//! Every look at a request of the platform is a call out of the instance, which costs as much as the router does.
//! So a request is not converted whole: only the headers that the API knows are asked for, and a short body comes in
//! one piece instead of as a stream.

use std::cell::RefCell;

use axum::http::header::CONTENT_LENGTH;
use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use http_body::Body as _;
use sortroom::{api, limits};
use worker::{
    Error, FixedLengthStream, Result,
    js_sys::Uint8Array,
    wasm_bindgen_futures::JsFuture,
    web_sys::{Headers, Request, Response, ResponseInit},
    worker_sys,
};

use crate::ports::WorkerPorts;

/// The longest body that comes in one piece: every body of JSON.
const SHORT_BODY: u64 = 2 * limits::MIB;

thread_local! {
    /// The router holds no request and no binding, so that one serves the whole life of the instance.
    static ROUTER: RefCell<Option<Router>> = const { RefCell::new(None) };
}

fn router() -> Router {
    ROUTER.with_borrow_mut(|router| router.get_or_insert_with(api::router::<WorkerPorts>).clone())
}

/// Answers a request.
///
/// # Errors
///
/// When the platform's request cannot be understood, or the platform refuses the response.
pub async fn serve(ports: WorkerPorts, request: &Request) -> Result<Response> {
    let request = read(request).await?;
    let response = api::serve(&router(), ports, request).await;
    write(response).await
}

async fn read(from: &Request) -> Result<http::Request<Body>> {
    let method = from.method();
    let mut builder = http::Request::builder().method(method.as_str()).uri(from.url());
    let headers = from.headers();
    let mut length = None;
    for name in api::REQUEST_HEADERS {
        if let Some(value) = headers.get(name.as_str())? {
            if name == CONTENT_LENGTH {
                length = value.parse().ok();
            }
            builder = builder.header(name, value);
        }
    }
    let body = if method == "GET" || method == "HEAD" { Body::empty() } else { body(from, length).await? };
    Ok(builder.body(body)?)
}

async fn body(from: &Request, length: Option<u64>) -> Result<Body> {
    if length.is_some_and(|length| length <= SHORT_BODY) {
        return Ok(match JsFuture::from(from.array_buffer()?).await {
            Ok(buffer) => Uint8Array::new(&buffer).to_vec().into(),
            // The caller went away. Whoever reads the body says so.
            Err(error) => Body::from_stream(stream::iter([Err::<Bytes, Error>(error.into())])),
        });
    }
    Ok(from.body().map_or_else(Body::empty, |stream| Body::new(worker::Body::new(stream))))
}

async fn write(response: http::Response<Body>) -> Result<Response> {
    let (parts, body) = response.into_parts();
    let headers = Headers::new()?;
    for (name, value) in &parts.headers {
        // Every header we set is ASCII; RFC 5987 spells the rest.
        if let Ok(value) = value.to_str() {
            headers.append(name.as_str(), value)?;
        }
    }
    let init = ResponseInit::new();
    init.set_status(parts.status.as_u16());
    init.set_headers(&headers);
    // A body that is at hand goes over as bytes: a stream costs a hundred times as much to set up.
    let at_hand = body.size_hint().exact().is_some_and(|length| length <= 4 * limits::MIB);
    if !at_hand {
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let chunks = body.into_data_stream().map_ok(Vec::from).map_err(|error| Error::from(error.to_string()));
        let stream = match length {
            // The platform drops a Content-Length that it cannot be sure of.
            Some(length) => {
                Some(worker_sys::FixedLengthStream::from(FixedLengthStream::wrap(chunks, length)).readable())
            }
            None => worker::Body::from_stream(chunks)?.into_inner(),
        };
        return Ok(Response::new_with_opt_readable_stream_and_init(stream.as_ref(), &init)?);
    }
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|error| Error::from(error.to_string()))?;
    let array = (!bytes.is_empty()).then(|| Uint8Array::from(&*bytes));
    Ok(Response::new_with_opt_buffer_source_and_init(array.as_deref(), &init)?)
}
