//! Reading request bodies, up to a limit.

use std::{
    borrow::Cow,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, HttpBody},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::validate::{Input, Validator};
use crate::{
    error::{Error, ErrorKind, Result},
    limits,
    service::ports::{Clock, Timer},
    time::Timestamp,
};

/// The declared length of the body; None if `Content-Length` is absent or is not a number.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The body, with the error `RequestTimeout` where it comes too slowly: after [`limits::CHUNK_TIME`] without a byte, or
/// when the time that was spent waiting exceeds [`limits::body_time`] of what has come. A body that is in memory stays
/// as it is.
pub fn within_time<P: Clock + Timer + Send + 'static>(ports: P, body: Body) -> Body {
    if body.size_hint().exact().is_some() {
        return body;
    }
    let chunks = body.into_data_stream();
    let (ports, waited) = (Box::new(ports), Duration::ZERO);
    Body::from_stream(TimedChunks { ports, chunks, received: 0, waited, waiting_since: None, timer: None })
}

/// See [`within_time`].
struct TimedChunks<P> {
    ports: Box<P>,
    chunks: BodyDataStream,
    /// How many bytes have come.
    received: u64,
    /// How long was waited for them in all.
    waited: Duration,
    /// Since when the next chunk is awaited. The time in which nobody asks for it is not the client's.
    waiting_since: Option<Timestamp>,
    /// Wakes us at a time. It is kept from one chunk to the next, because a timer costs more than most chunks.
    timer: Option<(Timestamp, Sleep)>,
}

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<P: Clock + Timer> TimedChunks<P> {
    /// Whether the chunk that is awaited is late. If not, the timer is set.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = self.ports.now();
            let since = *self.waiting_since.get_or_insert(now);
            let left = limits::body_time(self.received).saturating_sub(self.waited).min(limits::CHUNK_TIME);
            let late_at = since + left;
            if now >= late_at {
                return Poll::Ready(());
            }
            let timer = self.timer.take().filter(|(at, _)| *at <= late_at);
            let (at, mut sleep) = timer.unwrap_or_else(|| (late_at, Box::pin(self.ports.sleep(late_at.since(now)))));
            if sleep.as_mut().poll(context).is_pending() {
                self.timer = Some((at, sleep));
                return Poll::Pending;
            }
        }
    }
}

impl<P: Clock + Timer> Stream for TimedChunks<P> {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let this = self.get_mut();
        let Poll::Ready(next) = this.chunks.poll_next_unpin(context) else {
            return this.poll_late(context).map(|()| {
                let message = "The body of the request came too slowly";
                Some(Err(Error::new(ErrorKind::RequestTimeout, message)))
            });
        };
        if let Some(since) = this.waiting_since.take() {
            this.waited = this.waited.saturating_add(this.ports.now().since(since));
        }
        Poll::Ready(next.map(|chunk| {
            let chunk = chunk.map_err(cut_off)?;
            this.received = this.received.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            Ok(chunk)
        }))
    }
}

/// The error of a body that broke off: ours if there is one within, else that the client has gone.
fn cut_off(error: axum::Error) -> Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = source {
        if let Some(own) = inner.downcast_ref::<Error>() {
            return own.clone();
        }
        source = inner.source();
    }
    Error::new(ErrorKind::Invalid, "The request ended before its body did").with_source(error)
}

/// The chunks of `body` up to `limit` bytes in total; past that, the error that `too_large` makes.
pub fn chunks(body: Body, limit: u64, too_large: fn() -> Error) -> impl Stream<Item = Result<Bytes>> + Send + Unpin {
    let mut total = 0_u64;
    body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(cut_off)?;
        total = total.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if total > limit { Err(too_large()) } else { Ok(chunk) }
    })
}

fn body_too_large() -> Error {
    let limit = u64::try_from(limits::MAX_BODY_BYTES).unwrap_or(u64::MAX);
    Error::new(ErrorKind::TooLarge { limit }, format!("The body exceeds {limit} bytes."))
}

/// The whole body, which is to be JSON, without a byte order mark, which programs on Windows write.
///
/// # Errors
///
/// `TooLarge` past [`limits::MAX_BODY_BYTES`]; `Invalid` if the body ends early; `RequestTimeout`.
pub async fn read_json(headers: &HeaderMap, body: Body) -> Result<Bytes> {
    let limit = u64::try_from(limits::MAX_BODY_BYTES).unwrap_or(u64::MAX);
    if content_length(headers).is_some_and(|length| length > limit) {
        return Err(body_too_large());
    }
    let mut chunks = chunks(body, limit, body_too_large);
    let mut buffer = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        buffer.extend_from_slice(&chunk?);
    }
    let bytes = buffer.freeze();
    Ok(if bytes.starts_with(BYTE_ORDER_MARK) { bytes.slice(BYTE_ORDER_MARK.len()..) } else { bytes })
}

/// The body as JSON, whatever its content type; null if it is empty.
///
/// # Errors
///
/// Those of [`read_json`]; `Invalid` if it is not JSON.
pub async fn json(headers: &HeaderMap, body: Body) -> Result<Value> {
    let bytes = read_json(headers, body).await?;
    if bytes.is_empty() { Ok(Value::Null) } else { parse(&bytes) }
}

/// Parses JSON. Half of a surrogate pair without the other, which programs write that cut a text within an emoji, is read
/// as U+FFFD.
///
/// # Errors
///
/// `Invalid`, with the offset of the fault, if it is not JSON or not of that type.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    parse_borrowed(&without_lone_surrogates(bytes))
}

/// As [`parse`], with members that borrow from `bytes`. It is an error if one that is not raw has half of a surrogate pair.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_borrowed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Validator::not_json(&Input::root("body", None), bytes, &error))
}

fn without_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(json);
    for at in lone_surrogates(json) {
        if let Some(escape) = mended.to_mut().get_mut(at..at.saturating_add(REPLACEMENT.len())) {
            escape.copy_from_slice(REPLACEMENT);
        }
    }
    mended
}

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// U+FFFD as an escape of JSON.
const REPLACEMENT: &[u8] = br"\ufffd";

/// Where the escapes are that stand for half of a pair without the other.
fn lone_surrogates(json: &[u8]) -> Vec<usize> {
    let mut lone = Vec::new();
    // Where the first half of a pair is, which the second half must follow.
    let mut first = None;
    let mut rest = 0;
    while let Some(at) = json.get(rest..).and_then(|json| memchr::memchr(b'\\', json)).map(|found| rest + found) {
        let half = unit(json.get(at..).unwrap_or_default()).filter(|unit| (0xd800..=0xdfff).contains(unit));
        let is_second = half.is_some_and(|unit| unit >= 0xdc00);
        let follows = first.is_some_and(|first| first + REPLACEMENT.len() == at);
        if !(is_second && follows) {
            lone.extend(first);
            lone.extend(is_second.then_some(at));
        }
        first = (half.is_some() && !is_second).then_some(at);
        rest = at + if half.is_some() { REPLACEMENT.len() } else { 2 };
    }
    lone.extend(first);
    lone
}

/// The UTF-16 code unit of the escape that `json` begins with; None if it begins with another.
fn unit(json: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(json.strip_prefix(br"\u")?.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        pin::pin,
        sync::{Arc, Mutex},
    };

    use futures_executor::block_on;
    use futures_util::{stream, task};

    use super::*;
    use crate::service::{memory::Memory, ports::Config};

    /// Sends the chunks, each after a pause of so many seconds; then ends, or sends nothing for a minute. Returns how many
    /// bytes came, and the kind of the error, if any.
    fn send(pauses: &[(u64, usize)], ends: bool) -> (usize, Option<ErrorKind>) {
        let ports = Memory::new(Config::default());
        let sent = Arc::new(Mutex::new(VecDeque::new()));
        let arriving = Arc::clone(&sent);
        // None is the end.
        let arriving = stream::poll_fn(move |_| match arriving.lock().unwrap().pop_front() {
            Some(chunk) => Poll::Ready(Option::<Bytes>::map(chunk, Ok::<_, Error>)),
            None => Poll::Pending,
        });
        let body = within_time(ports.clone(), Body::from_stream(arriving));
        let mut chunks = chunks(body, u64::MAX, body_too_large);
        let mut read = pin!(async move {
            let mut bytes = 0;
            while let Some(chunk) = chunks.next().await {
                match chunk {
                    Ok(chunk) => bytes += chunk.len(),
                    Err(error) => return (bytes, Some(error.kind())),
                }
            }
            (bytes, None)
        });
        let end = if ends { (0, None) } else { (60, None) };
        let arrivals = pauses.iter().map(|(pause, bytes)| (*pause, Some(*bytes))).chain([end]);
        let mut context = Context::from_waker(task::noop_waker_ref());
        for (pause, bytes) in arrivals {
            for _ in 0..pause {
                if let Poll::Ready(outcome) = read.as_mut().poll(&mut context) {
                    return outcome;
                }
                ports.advance(Duration::from_secs(1));
            }
            sent.lock().unwrap().push_back(bytes.map(|bytes| Bytes::from(vec![b'x'; bytes])));
        }
        match read.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("the body never ends"),
        }
    }

    #[test]
    fn json_is_taken_as_other_parsers_take_it() {
        for (sent, text) in [
            ("\u{feff}[\"a\"]", "a"),
            (r#"["cut \ud83d"]"#, "cut \u{fffd}"),
            (r#"["\ud83dx\udE00"]"#, "\u{fffd}x\u{fffd}"),
            (r#"["\udE00\ud83d\ud83d\ude00"]"#, "\u{fffd}\u{fffd}\u{1f600}"),
            (r#"["\ud83d\ude00 \\ud83d \n\u00e4"]"#, "\u{1f600} \\ud83d \n\u{e4}"),
        ] {
            let bytes = block_on(read_json(&HeaderMap::new(), Body::from(sent))).unwrap();
            assert_eq!(parse::<Vec<String>>(&bytes).unwrap(), [text], "{sent}");
        }
        for sent in [r#"["\ud83"#, r#"["\ud83d"#, r#"["\"#] {
            let bytes = block_on(read_json(&HeaderMap::new(), Body::from(sent))).unwrap();
            assert!(parse::<Vec<String>>(&bytes).is_err(), "{sent}");
        }
    }

    #[test]
    fn a_silent_client_is_cut_off() {
        assert_eq!(send(&[], false), (0, Some(ErrorKind::RequestTimeout)));
        assert_eq!(send(&[(0, 7), (14, 7), (14, 7)], false), (21, Some(ErrorKind::RequestTimeout)));
        assert_eq!(send(&[(0, 7), (16, 7)], true), (7, Some(ErrorKind::RequestTimeout)));
    }

    #[test]
    fn a_steady_client_may_take_its_time() {
        let megabyte = 1024 * 1024;
        assert_eq!(send(&[(14, megabyte); 20], true), (20 * megabyte, None));
        assert_eq!(send(&[(14, 7), (14, 7)], true), (14, None), "the grace");
    }

    #[test]
    fn a_trickle_is_cut_off() {
        assert_eq!(send(&[(10, 1); 20], true), (3, Some(ErrorKind::RequestTimeout)));
    }

    #[test]
    fn a_body_in_memory_is_left_alone() {
        let body = within_time(Memory::new(Config::default()), Body::from("text"));
        assert_eq!(body.size_hint().exact(), Some(4));
    }
}
