//! Signed URLs: download and upload without a token.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{PathParam, Public, Reply};
use crate::{
    api::{body, context::Context, reply},
    document::Format,
    error::{Error, ErrorKind},
    service::{files, ports::Ports, signed_url::Grant},
};

/// `GET /files/{ticket}`
///
/// The bytes are untrusted, and this origin has a session cookie. So the headers, with those of all responses, make
/// browsers save the file rather than show it, trust the declared type, and run no scripts.
pub(super) async fn download<P: Ports>(open: Public<P>, ticket: PathParam) -> Reply {
    let Context { ports, foreign, .. } = open.0;
    foreign.admit(&ports, files::project_of(&ports, &ticket.0, Grant::Download)?).await?;
    let (file, length, bytes) = files::download(&ports, &ticket.0).await?;
    let mut response = Response::new(Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(file.kind.as_deref()));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CONTENT_DISPOSITION, content_disposition(&file.name)?);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(response)
}

/// `PUT /uploads/{ticket}`
pub(super) async fn upload<P: Ports>(open: Public<P>, ticket: PathParam, headers: HeaderMap, body: Body) -> Reply {
    let Context { ports, foreign, .. } = open.0;
    foreign.admit(&ports, files::project_of(&ports, &ticket.0, Grant::Upload)?).await?;
    let length = body::content_length(&headers);
    let length = length.ok_or_else(|| Error::new(ErrorKind::LengthRequired, "Content-Length is required"))?;
    let chunks = body::chunks(body, crate::limits::MAX_UPLOAD_BYTES, files::too_large);
    files::upload(&ports, &ticket.0, length, chunks).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// The `Content-Type` of a file with this extension.
fn content_type(extension: Option<&str>) -> HeaderValue {
    let media_type = extension.and_then(Format::from_extension).map_or("application/octet-stream", Format::media_type);
    let charset = if media_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    HeaderValue::try_from(format!("{media_type}{charset}"))
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// `Content-Disposition` with the name twice (RFC 6266): in ASCII for old clients, and in full, percent-encoded.
fn content_disposition(name: &str) -> Result<HeaderValue, Error> {
    let ascii_name: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' })
        .collect();
    // The characters that RFC 5987 does not encode.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let full_name: String = name
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{full_name}"))
        .map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_disposition_has_both_names() {
        assert_eq!(
            content_disposition("Rechnung \"März\"\r\n.pdf").unwrap(),
            "attachment; filename=\"Rechnung _M_rz___.pdf\"; filename*=UTF-8''Rechnung%20%22M%C3%A4rz%22%0D%0A.pdf"
        );
    }
}
