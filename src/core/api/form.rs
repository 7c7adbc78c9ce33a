//! Forms with a file (`multipart/form-data`), read as a stream.
//!
//! The parts may come in any order, and the file is stored as it arrives: what it is for may be said after it. So its id
//! is drawn first, and whatever goes wrong later, in the form or in the caller's own steps, must take the stored bytes
//! away again; [`receive`] does so for the form, and [`discard`] is for the caller.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use futures_util::TryStreamExt;
use multer::{Field, Multipart};

use super::body;
use crate::{
    error::{Error, Kind, Result},
    limits,
    service::{
        files::{self, Received},
        ports::{FileKey, Files, Host},
    },
};

/// A form that was read, and whose file was stored.
#[derive(Debug)]
pub struct Form {
    /// The name that the file came with.
    pub file_name: String,
    /// What was stored.
    pub received: Received,
    /// The text parts by name; the last one where a name comes twice.
    pub texts: BTreeMap<String, String>,
}

fn refused(message: &str) -> Error {
    Error::new(Kind::Invalid, message)
}

/// Reads a form and stores the file in its part `file_part` under `key`.
///
/// # Errors
///
/// `UnsupportedMedia` when it is no form; `Invalid` when it is broken, breaks off, or lacks the file, or the file has no
/// name or no bytes; `TooLarge`; `Upstream`. Nothing stays stored then.
pub async fn receive(
    ports: &(impl Files + Host),
    key: FileKey,
    file_part: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Form> {
    let boundary = boundary(headers)?;
    let limit = limits::MAX_UPLOAD_BYTES + limits::FORM_EXTRA_BYTES;
    if body::said_length(headers).is_some_and(|length| length > limit) {
        return Err(files::too_large());
    }
    let mut stored = false;
    let form = Multipart::new(body::chunks(body, limit, files::too_large), boundary);
    let outcome = read(ports, key, file_part, form, &mut stored).await;
    if stored && outcome.is_err() {
        discard(ports, key).await;
    }
    outcome
}

/// Takes stored bytes away again. Where that fails, the log says which were left.
pub async fn discard(ports: &(impl Files + Host), key: FileKey) {
    if let Err(error) = ports.delete(key).await {
        ports.log(&format!("file {key}: removing the bytes of a refused upload failed: {error:#}"));
    }
}

fn boundary(headers: &HeaderMap) -> Result<String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    multer::parse_boundary(kind).map_err(|error| match error {
        multer::Error::NoBoundary => refused("The form does not say its boundary."),
        _ => Error::new(Kind::UnsupportedMedia, "The body must be multipart/form-data."),
    })
}

async fn read(
    ports: &(impl Files + Host),
    key: FileKey,
    file_part: &str,
    mut form: Multipart<'_>,
    stored: &mut bool,
) -> Result<Form> {
    let mut file = None;
    let mut texts = BTreeMap::new();
    for _ in 0..limits::FORM_PARTS {
        let Some(mut part) = form.next_field().await.map_err(of_multer)? else {
            let (file_name, received) =
                file.ok_or_else(|| refused(&format!("{file_part} field is required for multipart requests.")))?;
            return Ok(Form { file_name, received, texts });
        };
        let name = part.name().unwrap_or_default().to_owned();
        if name == file_part {
            if file.is_some() {
                return Err(refused(&format!("{file_part} field may be there only once.")));
            }
            let file_name = part.file_name().filter(|name| !name.is_empty());
            let file_name = file_name.ok_or_else(|| refused("File must have a filename."))?.to_owned();
            *stored = true;
            let received = files::receive(ports, key, part.map_err(of_multer)).await?;
            if received.size == 0 {
                return Err(refused("Uploaded file is empty."));
            }
            file = Some((file_name, received));
        } else if part.file_name().is_none() {
            texts.insert(name, text(&mut part).await?);
        }
        // A file in a part of another name is skipped; the bound on the whole body holds for it too.
    }
    Err(refused("The form has too many parts."))
}

async fn text(part: &mut Field<'_>) -> Result<String> {
    let mut held = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(of_multer)? {
        held.extend_from_slice(&chunk);
        if held.len() > limits::FORM_TEXT_BYTES {
            return Err(refused("A text field of the form is too long."));
        }
    }
    String::from_utf8(held).map_err(|_| refused("A text field of the form is not UTF-8."))
}

fn of_multer(error: multer::Error) -> Error {
    let broken = |error: &dyn std::fmt::Display| refused("There was an error parsing the body").with_source(error);
    match error {
        // The error of our own stream, on its way through.
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(inner) => broken(&inner),
        },
        other => broken(&other),
    }
}

#[cfg(test)]
mod tests;
