//! Converts the platform's requests and responses to and from those of the router.
//!
//! Every access to a platform request is a call out of the instance, which costs as much as the router does. So a
//! request is not converted whole: only the headers that the API uses are read, and a short body is read whole instead
//! of streamed.

use std::{
    cell::RefCell,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use axum::http::header::CONTENT_LENGTH;
use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use http_body::{Body as HttpBody, Frame};
use sortroom::{api, limits};
use worker::{
    Delay, Error, FixedLengthStream, Result,
    js_sys::Uint8Array,
    send::SendWrapper,
    wasm_bindgen_futures::JsFuture,
    web_sys::{Headers, ReadableStream, Request, Response, ResponseInit},
    worker_sys,
};

use crate::ports::WorkerPorts;

/// Maximum size of a body that is read whole instead of streamed: every JSON body that declares its length is.
const SHORT_BODY_BYTES: u64 = 2 * limits::MIB;

/// Maximum number of bytes of a rejected body that are read and discarded: as many as an accepted upload may have.
const DRAIN_BYTES: u64 = limits::MAX_UPLOAD_BYTES + limits::FORM_EXTRA_BYTES;

/// Maximum time for which reading a rejected body may delay its response. A client on the same machine sends
/// [`DRAIN_BYTES`] in a tenth of it; one that stalls gets its response after this time.
const DRAIN_TIME: Duration = Duration::from_secs(10);

thread_local! {
    /// The router holds no request and no binding, so one serves the whole life of the instance.
    static ROUTER: RefCell<Option<Router>> = const { RefCell::new(None) };
}

fn router() -> Router {
    ROUTER.with_borrow_mut(|router| router.get_or_insert_with(api::router::<WorkerPorts>).clone())
}

/// Answers a request.
///
/// # Errors
///
/// If the platform's request cannot be converted, or the platform rejects the response.
pub async fn serve(ports: WorkerPorts, request: &Request) -> Result<Response> {
    let (request, streamed) = read(request).await?;
    let response = api::serve(&router(), ports, request).await;
    if let Some(body) = streamed {
        body.drain().await;
    }
    write(response).await
}

/// A request body that the router streams. Every clone reads the same stream.
///
/// If a request ends whose body was cancelled or partly read, workerd closes the connection while the client is still
/// sending: the client loses the response, and `wrangler dev` answers the next requests with 500 or exits
/// (seen with wrangler 4.116). `worker::Body` cancels when it is dropped before its end, and the router drops a body whenever it
/// rejects a request. So the stream gets its reader only on the first read, an unread body stays untouched, and
/// [`drain`](Self::drain) reads a partly read one to its end.
#[derive(Clone)]
struct StreamedBody(SendWrapper<Rc<RefCell<Streamed>>>);

struct Streamed {
    stream: ReadableStream,
    /// The stream with its reader; None before the first read.
    reading: Option<worker::Body>,
}

impl StreamedBody {
    fn new(stream: ReadableStream) -> Self {
        Self(SendWrapper::new(Rc::new(RefCell::new(Streamed { stream, reading: None }))))
    }

    /// Reads the rest of a body that the router began to read, up to [`DRAIN_BYTES`] and for [`DRAIN_TIME`].
    async fn drain(self) {
        if self.0.borrow().reading.is_none() {
            return;
        }
        let mut chunks = Body::new(self).into_data_stream();
        let end = async {
            let mut remaining = DRAIN_BYTES;
            // An error is an end too: the client has gone.
            while let Some(Ok(chunk)) = chunks.next().await {
                match u64::try_from(chunk.len()).ok().and_then(|length| remaining.checked_sub(length)) {
                    Some(rest) => remaining = rest,
                    None => break,
                }
            }
        };
        future::select(pin!(end), Delay::from(DRAIN_TIME)).await;
    }
}

impl HttpBody for StreamedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Streamed { stream, reading } = &mut *self.0.borrow_mut();
        let body = reading.get_or_insert_with(|| worker::Body::new(stream.clone()));
        Pin::new(body).poll_frame(context)
    }
}

/// The request for the router, and its body if that comes as a stream.
async fn read(request: &Request) -> Result<(http::Request<Body>, Option<StreamedBody>)> {
    let method = request.method();
    let mut builder = http::Request::builder().method(method.as_str()).uri(request.url());
    let headers = request.headers();
    let mut length: Option<u64> = None;
    for name in api::REQUEST_HEADERS {
        if let Some(value) = headers.get(name.as_str())? {
            if name == CONTENT_LENGTH {
                length = value.parse().ok();
            }
            builder = builder.header(name, value);
        }
    }
    if method == "GET" || method == "HEAD" {
        return Ok((builder.body(Body::empty())?, None));
    }
    if length.is_some_and(|length| length <= SHORT_BODY_BYTES) {
        return Ok((builder.body(read_whole(request).await?)?, None));
    }
    let streamed = request.body().map(StreamedBody::new);
    Ok((builder.body(streamed.clone().map_or_else(Body::empty, Body::new))?, streamed))
}

/// The body, read whole.
async fn read_whole(request: &Request) -> Result<Body> {
    Ok(match JsFuture::from(request.array_buffer()?).await {
        Ok(buffer) => Uint8Array::new(&buffer).to_vec().into(),
        // The client disconnected. Reading the body gives the error.
        Err(error) => Body::from_stream(stream::iter([Err::<Bytes, Error>(error.into())])),
    })
}

async fn write(response: http::Response<Body>) -> Result<Response> {
    let (parts, body) = response.into_parts();
    let headers = Headers::new()?;
    for (name, value) in &parts.headers {
        // Every header we set is ASCII; RFC 5987 encodes other text.
        if let Ok(value) = value.to_str() {
            headers.append(name.as_str(), value)?;
        }
    }
    let init = ResponseInit::new();
    init.set_status(parts.status.as_u16());
    init.set_headers(&headers);
    // A body in memory is passed as bytes: a stream costs a hundred times as much to set up.
    let in_memory = body.size_hint().exact().is_some_and(|length| length <= 4 * limits::MIB);
    if !in_memory {
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let chunks = body.into_data_stream().map_ok(Vec::from).map_err(|error| Error::from(error.to_string()));
        let stream = match length {
            // The platform drops a Content-Length unless the stream has a fixed length.
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
