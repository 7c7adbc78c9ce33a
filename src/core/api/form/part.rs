//! The headers of a part of a form, and its transfer encoding.

use axum::http::{HeaderMap, HeaderName, header};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use mail_parser::{HeaderValue, parsers::MessageStream};

use super::refused;
use crate::error::Result;

const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");

/// Clients leave the padding away or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What `Content-Disposition` says of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The name of the part.
    pub name: String,
    /// The name of its file; None if the part is not a file.
    pub file_name: Option<String>,
}

impl Disposition {
    /// Reads names as clients write them: in UTF-8 or Latin-1, with the quotation marks of browsers (`%22`), extended
    /// (`filename*=`, RFC 8187), or as encoded words (RFC 2047).
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_DISPOSITION) else { return Self::default() };
        let line = format!("{}\r\n", utf8_or_latin1(value.as_bytes()));
        let HeaderValue::ContentType(value) = MessageStream::new(line.as_bytes()).parse_content_type() else {
            return Self::default();
        };
        // An extended name comes after the plain one that it replaces, under the same name here.
        let last = |name| {
            let mut attributes = value.attributes().unwrap_or_default().iter().rev();
            attributes.find(|attribute| attribute.name == name).map(|attribute| attribute.value.replace("%22", "\""))
        };
        Self { name: last("name").unwrap_or_default(), file_name: last("filename") }
    }
}

fn utf8_or_latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// How the bytes of a part are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransferEncoding {
    /// Not at all.
    Identity,
    /// As base64, in lines or not.
    Base64,
}

impl TransferEncoding {
    /// # Errors
    ///
    /// `Invalid` if it is none of these: to store the bytes as they are would store something else than was meant.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self> {
        let Some(value) = headers.get(TRANSFER_ENCODING) else { return Ok(Self::Identity) };
        let name = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "7bit" | "8bit" | "binary" => Ok(Self::Identity),
            "base64" => Ok(Self::Base64),
            _ => Err(refused("A part of the form has a Content-Transfer-Encoding other than base64 and binary.")),
        }
    }

    /// The bytes that were encoded.
    pub(super) fn decode<S>(self, chunks: S) -> impl Stream<Item = Result<Bytes>> + Send + Unpin
    where
        S: Stream<Item = Result<Bytes>> + Send + Unpin,
    {
        // The characters that do not fill a group of four yet.
        let mut rest: Vec<u8> = Vec::new();
        let end = stream::iter([None]);
        chunks.map(Some).chain(end).map(move |chunk| {
            if self == Self::Identity {
                return chunk.unwrap_or_else(|| Ok(Bytes::new()));
            }
            let incomplete = match chunk {
                Some(chunk) => {
                    rest.extend(chunk?.iter().filter(|byte| !byte.is_ascii_whitespace()));
                    rest.split_off(rest.len() / 4 * 4)
                }
                None => Vec::new(),
            };
            let complete = std::mem::replace(&mut rest, incomplete);
            let bytes = BASE64.decode(complete).map_err(|error| {
                refused("A part of the form says that it is base64, and it is not.").with_source(error)
            })?;
            Ok(bytes.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use futures_util::TryStreamExt;

    use super::*;
    use crate::error::ErrorKind;

    fn headers(name: HeaderName, value: &[u8]) -> HeaderMap {
        [(name, axum::http::HeaderValue::from_bytes(value).unwrap())].into_iter().collect()
    }

    fn file_name(disposition: &[u8]) -> Option<String> {
        Disposition::of(&headers(header::CONTENT_DISPOSITION, disposition)).file_name
    }

    #[test]
    fn reads_names_as_clients_write_them() {
        for (client, disposition, name) in [
            ("Python", "form-data; name=\"file\"; filename=\"Rechnung März.pdf\"", "Rechnung März.pdf"),
            (
                ".NET",
                "form-data; name=file; filename=\"=?utf-8?B?UmVjaG51bmcgTcOkcnoucGRm?=\"; filename*=utf-8''Rechnung%20M%C3%A4rz.pdf",
                "Rechnung März.pdf",
            ),
            ("an extended name alone", "form-data; name=file; filename*=UTF-8''M%C3%A4rz.pdf", "März.pdf"),
            ("an extended name in Latin-1", "form-data; name=file; filename*=iso-8859-1'de'M%E4rz.pdf", "März.pdf"),
            ("a browser", "form-data; name=\"file\"; filename=\"a %22b%22 (1).pdf\"", "a \"b\" (1).pdf"),
            ("curl", "form-data; name=\"file\"; filename=\"a \\\"b\\\".pdf\"", "a \"b\".pdf"),
            ("no quotes", "form-data; name=file; filename=a.pdf", "a.pdf"),
            ("semicolons", "form-data; name=\"file\"; filename=\"a; b=c.pdf\"", "a; b=c.pdf"),
            ("percent", "form-data; name=\"file\"; filename=\"100 %.pdf\"", "100 %.pdf"),
            ("an encoded word alone", "form-data; name=file; filename=\"=?utf-8?B?TcOkcnoucGRm?=\"", "März.pdf"),
            ("capitals", "FORM-DATA; NAME=\"file\"; FILENAME=\"A.PDF\"", "A.PDF"),
        ] {
            assert_eq!(file_name(disposition.as_bytes()).as_deref(), Some(name), "{client}");
        }
        assert_eq!(file_name(b"form-data; name=\"file\"; filename=\"M\xe4rz.pdf\"").as_deref(), Some("März.pdf"));
        assert_eq!(file_name(b"form-data; name=\"file\""), None);
        assert_eq!(file_name(b"form-data; name=\"file\"; filename=\"\"").unwrap_or_default(), "");
        assert_eq!(Disposition::of(&HeaderMap::new()), Disposition::default());
    }

    fn decode(encoding: &str, chunks: &[&str]) -> Result<String> {
        let encoding = TransferEncoding::of(&headers(TRANSFER_ENCODING, encoding.as_bytes()))?;
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk.as_bytes()))).collect();
        let chunks: Vec<_> = block_on(encoding.decode(stream::iter(chunks)).try_collect())?;
        Ok(String::from_utf8(chunks.concat()).unwrap())
    }

    #[test]
    fn decodes_base64_in_any_chunks() {
        for chunks in [&["dGV4dA=="][..], &["dGV4dA"], &["d", "GV4", "", "dA", "=="], &["dGV4\r\n", "dA==\r\n"]] {
            assert_eq!(decode("Base64", chunks).unwrap(), "text", "{chunks:?}");
        }
        assert_eq!(decode("binary", &["te", "xt"]).unwrap(), "text");
        assert_eq!(decode("base64", &["t*xt"]).unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(decode("quoted-printable", &["t=65xt"]).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
