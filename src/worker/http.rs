//! Converts the platform's requests and responses to and from those of the router.
//!
//! Every access to a platform request is a call out of the instance, which costs as much as the router does. So a
//! request is not converted whole: only the headers that the API uses are read, and a short body is read whole instead
//! of streamed.

use std::{
    cell::{Cell, RefCell},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use axum::http::{Uri, header::CONTENT_LENGTH};
use axum::{BoxError, Router, body::Body};
use bytes::Bytes;
use futures_util::{
    StreamExt, TryStreamExt,
    future::{self, Either},
    stream,
};
use http_body::{Body as HttpBody, Frame};
use sortroom::{
    api,
    error::{Error as ApiError, ErrorKind},
    limits,
};
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

/// How many bytes of short bodies are read whole at the same time, by what they declare. Whether their senders may send
/// any is not known before; what exceeds this is streamed, and so refused before it is read.
const SHORT_BODIES_BYTES: u64 = 32 * limits::MIB;

/// The longest URL that the router takes: the bound of the crate `http`.
const MAX_URL_BYTES: usize = (u16::MAX - 1) as usize;

/// Maximum number of bytes of a rejected body that are read and discarded: as many as an accepted upload may have.
const DRAIN_BYTES: u64 = limits::MAX_UPLOAD_BYTES + limits::FORM_EXTRA_BYTES;

/// Maximum time for which reading a rejected body may delay its response. A client on the same machine sends
/// [`DRAIN_BYTES`] in a tenth of it.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// How long a client that has stopped sending a rejected body waits for its response. One that still sends has no pause
/// of this length, other than on a line that is about to break.
const DRAIN_PAUSE: Duration = Duration::from_secs(2);

thread_local! {
    /// What the short bodies that are being read declare, in bytes.
    static SHORT_BODIES: Cell<u64> = const { Cell::new(0) };

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
    let url = request.url();
    let Ok(uri) = Uri::try_from(url.as_str()) else {
        return write(api::reject_uri(&ports, path(&url), url.len() > MAX_URL_BYTES)).await;
    };
    let (request, streamed) = read(request, uri).await?;
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
    reading: Reading,
}

/// How far a stream is.
enum Reading {
    /// It has no reader.
    NotYet,
    /// This reads it.
    Now(worker::Body),
    /// Its reader is gone, and it can have no other.
    Ended,
}

impl StreamedBody {
    fn new(stream: ReadableStream) -> Self {
        Self(SendWrapper::new(Rc::new(RefCell::new(Streamed { stream, reading: Reading::NotYet }))))
    }

    /// Reads the rest of a body that the router began to read, up to [`DRAIN_BYTES`], for [`DRAIN_TIME`], and until it
    /// pauses for [`DRAIN_PAUSE`]. A body that has not ended by then stays unread: to drop its reader would cancel it.
    async fn drain(self) {
        if !matches!(self.0.borrow().reading, Reading::Now(_)) {
            return;
        }
        let mut chunks = Body::new(self.clone()).into_data_stream();
        let end = async {
            let mut remaining = DRAIN_BYTES;
            loop {
                let next = future::select(chunks.next(), Delay::from(DRAIN_PAUSE)).await;
                match next {
                    // An error is an end too: the client has gone.
                    Either::Left((None | Some(Err(_)), _)) => return true,
                    Either::Left((Some(Ok(chunk)), _)) => {
                        match u64::try_from(chunk.len()).ok().and_then(|length| remaining.checked_sub(length)) {
                            Some(rest) => remaining = rest,
                            None => return false,
                        }
                    }
                    Either::Right(_) => return false,
                }
            }
        };
        let ended = matches!(future::select(pin!(end), Delay::from(DRAIN_TIME)).await, Either::Left((true, _)));
        if !ended {
            // Some hundred bytes, for a client that stalls or sends more than it may.
            std::mem::forget(std::mem::replace(&mut self.0.borrow_mut().reading, Reading::Ended));
        }
    }
}

impl HttpBody for StreamedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Streamed { stream, reading } = &mut *self.0.borrow_mut();
        if matches!(reading, Reading::NotYet) {
            *reading = Reading::Now(worker::Body::new(stream.clone()));
        }
        match reading {
            Reading::Now(body) => Pin::new(body).poll_frame(context),
            Reading::NotYet | Reading::Ended => Poll::Ready(None),
        }
    }
}

/// The path of a URL that the router does not take, without its query.
fn path(url: &str) -> &str {
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|start| rest.get(start..)));
    path.unwrap_or_default().split('?').next().unwrap_or_default()
}

/// The request for the router, and its body if that comes as a stream.
async fn read(request: &Request, uri: Uri) -> Result<(http::Request<Body>, Option<StreamedBody>)> {
    let method = request.method();
    let mut builder = http::Request::builder().method(method.as_str()).uri(uri);
    let headers = request.headers();
    let mut length: Option<u64> = None;
    for name in api::REQUEST_HEADERS.into_iter().filter(|name| api::needs_header(&method, name)) {
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
    if let Some(place) = length.and_then(ShortBody::reserve) {
        return Ok((builder.body(place.read(request).await?)?, None));
    }
    let streamed = request.body().map(StreamedBody::new);
    Ok((builder.body(streamed.clone().map_or_else(Body::empty, Body::new))?, streamed))
}

/// A place for a body that is read whole; its length, in bytes.
struct ShortBody(u64);

impl ShortBody {
    /// A place for a body of that length. None if it is not short, or too many are being read.
    fn reserve(length: u64) -> Option<Self> {
        let reserved = SHORT_BODIES.get().saturating_add(length);
        if length > SHORT_BODY_BYTES || reserved > SHORT_BODIES_BYTES {
            return None;
        }
        SHORT_BODIES.set(reserved);
        Some(Self(length))
    }

    /// The body. If it cannot be read, reading it gives the error.
    async fn read(self, request: &Request) -> Result<Body> {
        let failed = |error: BoxError| Body::from_stream(stream::iter([Err::<Bytes, BoxError>(error)]));
        let buffer = JsFuture::from(request.array_buffer()?);
        Ok(match future::select(buffer, Delay::from(limits::body_time(self.0))).await {
            Either::Left((Ok(buffer), _)) => Uint8Array::new(&buffer).to_vec().into(),
            // The client disconnected.
            Either::Left((Err(error), _)) => failed(Error::from(error).into()),
            Either::Right(_) => {
                failed(ApiError::new(ErrorKind::RequestTimeout, "The body of the request came too slowly").into())
            }
        })
    }
}

impl Drop for ShortBody {
    fn drop(&mut self) {
        SHORT_BODIES.set(SHORT_BODIES.get().saturating_sub(self.0));
    }
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
