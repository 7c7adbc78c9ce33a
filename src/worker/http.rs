//! Between the platform's requests and responses and those of the router.

use std::cell::RefCell;

use axum::http::header::CONTENT_LENGTH;
use axum::{Router, body::Body};
use futures_util::TryStreamExt;
use http_body::Body as _;
use sortroom::{api, limits};
use worker::{FixedLengthStream, HttpRequest, Response, ResponseBuilder, Result, worker_sys};

use crate::ports::WorkerPorts;

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
/// When the platform refuses the response.
pub async fn serve(ports: WorkerPorts, request: HttpRequest) -> Result<Response> {
    let response = api::serve(&router(), ports, request.map(Body::new)).await;
    let (parts, body) = response.into_parts();
    let headers = worker::Headers::new();
    for (name, value) in &parts.headers {
        // Every header we set is ASCII; RFC 5987 spells the rest.
        if let Ok(value) = value.to_str() {
            headers.append(name.as_str(), value)?;
        }
    }
    let builder = ResponseBuilder::new().with_status(parts.status.as_u16()).with_headers(headers);
    // A body that is at hand goes over as bytes: a stream costs a hundred times as much to set up.
    let at_hand = body.size_hint().exact().is_some_and(|length| length <= 4 * limits::MIB);
    if !at_hand {
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let chunks = body.into_data_stream().map_ok(Vec::from).map_err(|error| worker::Error::from(error.to_string()));
        let stream = match length {
            // The platform drops a Content-Length that it cannot be sure of.
            Some(length) => worker_sys::FixedLengthStream::from(FixedLengthStream::wrap(chunks, length)).readable(),
            None => worker::Body::from_stream(chunks)?.into_inner().ok_or("a stream without a stream")?,
        };
        return Ok(builder.stream(stream));
    }
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|error| worker::Error::from(error.to_string()))?;
    Ok(if bytes.is_empty() { builder.empty() } else { builder.fixed(bytes.into()) })
}
