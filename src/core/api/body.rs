//! Reading request bodies, up to a limit.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::Value;

use crate::validate::{Input, Validator};
use crate::{
    error::{Error, ErrorKind, Result},
    limits,
};

/// The declared length of the body; None if `Content-Length` is absent or is not a number.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The chunks of `body` up to `limit` bytes in total; past that, the error that `too_large` makes.
pub fn chunks(body: Body, limit: u64, too_large: fn() -> Error) -> impl Stream<Item = Result<Bytes>> + Send + Unpin {
    let mut total = 0_u64;
    body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(|error| {
            Error::new(ErrorKind::Invalid, "The request ended before its body did").with_source(error)
        })?;
        total = total.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if total > limit { Err(too_large()) } else { Ok(chunk) }
    })
}

fn body_too_large() -> Error {
    let limit = u64::try_from(limits::MAX_BODY_BYTES).unwrap_or(u64::MAX);
    Error::new(ErrorKind::TooLarge { limit }, format!("The body exceeds {limit} bytes."))
}

/// The whole body.
///
/// # Errors
///
/// `TooLarge` past [`limits::MAX_BODY_BYTES`]; `Invalid` if the body ends early.
pub async fn read_to_end(headers: &HeaderMap, body: Body) -> Result<Bytes> {
    let limit = u64::try_from(limits::MAX_BODY_BYTES).unwrap_or(u64::MAX);
    if content_length(headers).is_some_and(|length| length > limit) {
        return Err(body_too_large());
    }
    let mut chunks = chunks(body, limit, body_too_large);
    let mut buffer = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        buffer.extend_from_slice(&chunk?);
    }
    Ok(buffer.freeze())
}

/// The body as JSON, whatever its content type; null if it is empty.
///
/// # Errors
///
/// Those of [`read_to_end`]; `Invalid` if it is not JSON.
pub async fn json(headers: &HeaderMap, body: Body) -> Result<Value> {
    let bytes = read_to_end(headers, body).await?;
    if bytes.is_empty() { Ok(Value::Null) } else { parse(&bytes) }
}

/// Parses JSON.
///
/// # Errors
///
/// `Invalid`, with the offset of the fault, if it is not JSON or not of that type.
pub fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Validator::not_json(&Input::root("body", None), bytes, &error))
}
