//! Reading bodies, no further than they may be long.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::Value;

use crate::validate::{Check, Field};
use crate::{
    error::{Error, Kind, Result},
    limits,
};

/// How long the body is said to be; nothing when it is not said or no number.
pub fn said_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The chunks of `body` up to `limit` bytes in all; then the error that `refusal` makes.
pub fn chunks(body: Body, limit: u64, refusal: fn() -> Error) -> impl Stream<Item = Result<Bytes>> + Send + Unpin {
    let mut seen = 0_u64;
    body.into_data_stream().map(move |chunk| {
        let chunk = chunk
            .map_err(|error| Error::new(Kind::Invalid, "The request ended before its body did").with_source(error))?;
        seen = seen.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if seen > limit { Err(refusal()) } else { Ok(chunk) }
    })
}

fn too_long() -> Error {
    let limit = u64::try_from(limits::MAX_BODY_BYTES).unwrap_or(u64::MAX);
    Error::new(Kind::TooLarge { limit }, format!("The body exceeds {limit} bytes."))
}

/// The body, whole.
///
/// # Errors
///
/// `TooLarge` past [`limits::MAX_BODY_BYTES`]; `Invalid` when it breaks off.
pub async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes> {
    let limit = u64::try_from(limits::MAX_BODY_BYTES).unwrap_or(u64::MAX);
    if said_length(headers).is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    let mut chunks = chunks(body, limit, too_long);
    let mut held = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        held.extend_from_slice(&chunk?);
    }
    Ok(held.freeze())
}

/// The body as JSON; null when it is empty. Whatever content type it claims.
///
/// # Errors
///
/// Those of [`whole`]; `Invalid` when it is no JSON.
pub async fn json(headers: &HeaderMap, body: Body) -> Result<Value> {
    let held = whole(headers, body).await?;
    if held.is_empty() { Ok(Value::Null) } else { parse(&held) }
}

/// Reads JSON.
///
/// # Errors
///
/// `Invalid`, with the place, when it is none, or not of that type.
pub fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Check::not_json(&Field::root("body", None), bytes, &error))
}
