//! Forms with a file (`multipart/form-data`), read as a stream.
//!
//! The parts may come in any order, and the file is stored as it arrives: what it is for may be said after it. So its id
//! is drawn first, and whatever goes wrong later, in the form or in the caller's own steps, must take the stored bytes
//! away again; [`receive`] does so for the form, and [`discard`] is for the caller. A file that is only looked at is held
//! and not stored: [`hold`].

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
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
    let outcome = store(ports, key, Parts::new(form, file_part, limits::FORM_TEXT_BYTES), &mut stored).await;
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

async fn store(ports: &(impl Files + Host), key: FileKey, mut parts: Parts<'_>, stored: &mut bool) -> Result<Form> {
    let (file_name, part) = parts.required_file().await?;
    *stored = true;
    let received = files::receive(ports, key, part.map_err(of_multer)).await?;
    if received.size == 0 {
        return Err(empty());
    }
    Ok(Form { file_name, received, texts: parts.rest().await? })
}

/// A form that was read, and whose file is at hand.
#[derive(Debug)]
pub struct Held {
    /// The bytes of the file.
    pub bytes: Bytes,
    /// The text parts by name; the last one where a name comes twice.
    pub texts: BTreeMap<String, String>,
}

fn too_large_to_hold() -> Error {
    let limit = limits::MAX_HELD_BYTES;
    let why = format!("Files of up to {} MiB are taken here; upload larger ones", limit / limits::MIB);
    Error::new(Kind::TooLarge { limit }, why)
}

/// Reads a form and holds the file in its part `file_part`, of up to [`limits::MAX_HELD_BYTES`]. Text parts may be as
/// long as bodies that are not files.
///
/// # Errors
///
/// Those of [`receive`], but for `Upstream`.
pub async fn hold(file_part: &str, headers: &HeaderMap, body: Body) -> Result<Held> {
    let boundary = boundary(headers)?;
    let limit = limits::MAX_HELD_BYTES + limits::FORM_EXTRA_BYTES;
    if body::said_length(headers).is_some_and(|length| length > limit) {
        return Err(too_large_to_hold());
    }
    let form = Multipart::new(body::chunks(body, limit, too_large_to_hold), boundary);
    let mut parts = Parts::new(form, file_part, limits::MAX_BODY_BYTES);
    let (_, mut part) = parts.required_file().await?;
    let mut held = BytesMut::new();
    while let Some(chunk) = part.chunk().await.map_err(of_multer)? {
        held.extend_from_slice(&chunk);
        if u64::try_from(held.len()).unwrap_or(u64::MAX) > limits::MAX_HELD_BYTES {
            return Err(too_large_to_hold());
        }
    }
    // The form gives the next part out only when this one is gone.
    drop(part);
    if held.is_empty() {
        return Err(empty());
    }
    Ok(Held { bytes: held.freeze(), texts: parts.rest().await? })
}

fn empty() -> Error {
    refused("Uploaded file is empty.")
}

/// The parts of a form, as they come.
struct Parts<'f> {
    form: Multipart<'f>,
    file_part: &'f str,
    texts: BTreeMap<String, String>,
    /// The longest text part.
    longest: usize,
    /// How many parts may still come.
    left: usize,
}

impl<'f> Parts<'f> {
    fn new(form: Multipart<'f>, file_part: &'f str, longest: usize) -> Self {
        Self { form, file_part, texts: BTreeMap::new(), longest, left: limits::FORM_PARTS }
    }

    /// Reads on to the file and gives its name and its part; nothing at the end of the form.
    async fn file(&mut self) -> Result<Option<(String, Field<'f>)>> {
        while self.left > 0 {
            self.left -= 1;
            let Some(mut part) = self.form.next_field().await.map_err(of_multer)? else { return Ok(None) };
            let name = part.name().unwrap_or_default().to_owned();
            if name == self.file_part {
                let file_name = part.file_name().filter(|name| !name.is_empty());
                let file_name = file_name.ok_or_else(|| refused("File must have a filename."))?.to_owned();
                return Ok(Some((file_name, part)));
            } else if part.file_name().is_none() {
                self.texts.insert(name, text(&mut part, self.longest).await?);
            }
            // A file in a part of another name is skipped; the bound on the whole body holds for it too.
        }
        Err(refused("The form has too many parts."))
    }

    async fn required_file(&mut self) -> Result<(String, Field<'f>)> {
        let file = self.file().await?;
        file.ok_or_else(|| refused(&format!("{} field is required for multipart requests.", self.file_part)))
    }

    /// Reads what comes behind the file and gives all texts.
    async fn rest(mut self) -> Result<BTreeMap<String, String>> {
        match self.file().await? {
            Some(_) => Err(refused(&format!("{} field may be there only once.", self.file_part))),
            None => Ok(self.texts),
        }
    }
}

async fn text(part: &mut Field<'_>, longest: usize) -> Result<String> {
    let mut held = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(of_multer)? {
        held.extend_from_slice(&chunk);
        if held.len() > longest {
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
