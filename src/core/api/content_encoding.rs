//! Compressed request bodies.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Buf as _, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use futures_util::{Stream, StreamExt, ready};

use crate::error::{Error, ErrorKind, Result};

/// How many bytes are inflated at once. A body may inflate to a thousand times its size, so no chunk of it is inflated
/// whole: the caller that reads the body bounds how many of these it takes.
const CHUNK_BYTES: usize = 64 * 1024;

/// The base-2 logarithm of the largest window of deflate.
const WINDOW_BITS: u8 = 15;

/// The body without its `Content-Encoding`, and the headers without what only held with it.
///
/// # Errors
///
/// `UnsupportedMedia` if it has another encoding than gzip.
pub fn decode(headers: &mut HeaderMap, body: Body) -> Result<Body> {
    let Some(value) = headers.remove(header::CONTENT_ENCODING) else { return Ok(body) };
    match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => {
            headers.remove(header::CONTENT_LENGTH);
            let compressed = body.into_data_stream();
            let inflate = Decompress::new_gzip(WINDOW_BITS);
            Ok(Body::from_stream(Inflated { compressed, chunk: Bytes::new(), inflate: Some(inflate) }))
        }
        other => {
            let name: String = other.chars().take(40).collect();
            let message = format!("The Content-Encoding {name} is not supported; gzip is");
            Err(Error::new(ErrorKind::UnsupportedMedia, message))
        }
    }
}

/// What a gzip stream inflates to.
struct Inflated {
    compressed: BodyDataStream,
    /// What came and is not inflated yet.
    chunk: Bytes,
    /// None after the end of the stream.
    inflate: Option<Decompress>,
}

impl Stream for Inflated {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while let Some(inflate) = &mut this.inflate {
            if this.chunk.is_empty() {
                match ready!(this.compressed.poll_next_unpin(context)) {
                    Some(Ok(chunk)) => this.chunk = chunk,
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    None => {
                        this.inflate = None;
                        return Poll::Ready(Some(Err(damaged("it ends early").into())));
                    }
                }
            }
            let (before, mut inflated) = (inflate.total_in(), Vec::with_capacity(CHUNK_BYTES));
            let status = inflate.decompress_vec(&this.chunk, &mut inflated, FlushDecompress::None);
            this.chunk.advance(usize::try_from(inflate.total_in() - before).unwrap_or(this.chunk.len()));
            match status {
                Ok(Status::StreamEnd) => this.inflate = None,
                Ok(Status::Ok | Status::BufError) => {}
                Err(error) => {
                    this.inflate = None;
                    return Poll::Ready(Some(Err(damaged(error).into())));
                }
            }
            if !inflated.is_empty() {
                return Poll::Ready(Some(Ok(inflated.into())));
            }
        }
        Poll::Ready(None)
    }
}

fn damaged(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, "The body is not the gzip that its Content-Encoding says").with_source(why)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use futures_executor::block_on;
    use futures_util::stream;

    use super::*;
    use crate::{api::body, limits};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(encoding: &str, sent: &[u8], chunk_bytes: usize) -> Result<Bytes> {
        let mut headers: HeaderMap =
            [(header::CONTENT_ENCODING, encoding.parse().unwrap()), (header::CONTENT_LENGTH, sent.len().into())]
                .into_iter()
                .collect();
        let chunks: Vec<_> =
            sent.chunks(chunk_bytes).map(|chunk| Ok::<_, Error>(Bytes::copy_from_slice(chunk))).collect();
        let body = decode(&mut headers, Body::from_stream(stream::iter(chunks)))?;
        block_on(body::read_json(&headers, body))
    }

    #[test]
    fn inflates_gzip_in_any_chunks() {
        let json = format!("[{}1]", "1, ".repeat(50_000));
        for chunk_bytes in [1, 7, 1 << 20] {
            assert_eq!(read("gzip", &gzip(json.as_bytes()), chunk_bytes).unwrap(), json);
        }
        assert_eq!(read("GZIP", &gzip(b""), 9).unwrap(), "");
        assert_eq!(read("identity", b"[]", 9).unwrap(), "[]");
    }

    #[test]
    fn the_limit_holds_for_what_is_inflated() {
        let bomb = gzip(&vec![b' '; 4 * limits::MAX_BODY_BYTES]);
        assert!(bomb.len() < limits::MAX_BODY_BYTES / 100);
        assert!(matches!(read("gzip", &bomb, bomb.len()).unwrap_err().kind(), ErrorKind::TooLarge { .. }));
    }

    #[test]
    fn refuses_what_it_cannot_inflate() {
        let sent = gzip(b"[1, 2]");
        assert_eq!(read("gzip", b"[1, 2]", 9).unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(read("gzip", &sent[..sent.len() - 9], 9).unwrap_err().kind(), ErrorKind::Invalid);
        let error = read("br", &sent, 9).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedMedia);
        assert_eq!(error.message(), "The Content-Encoding br is not supported; gzip is");
    }
}
