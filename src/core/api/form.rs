//! Forms with a file (`multipart/form-data`), read as a stream.
//!
//! The parts may come in any order, and the file is stored as it arrives: its purpose may come after it. So its id is
//! generated first, and any later failure, in the form or in the caller's own steps, must delete the stored bytes:
//! [`store_form`] does so for the form, and the caller calls [`files::delete_bytes`]. [`buffer_form`] keeps the file in
//! memory instead.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt};
use multer::{Field, Multipart};

use self::part::{Disposition, TransferEncoding};
use super::body;
use crate::{
    error::{Error, ErrorKind, Result},
    id::ProjectId,
    limits,
    service::{
        files::{self, Received},
        ports::{Environment, FileKey, Files, Timer, Uploads},
    },
    validate::shape::Object,
};

mod part;

/// A form whose file was stored.
#[derive(Debug)]
pub struct StoredForm {
    /// The declared name of the file.
    pub file_name: String,
    /// What was stored.
    pub received: Received,
    /// The text parts by name; the last one if a name repeats.
    pub texts: BTreeMap<String, String>,
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

/// Reads a form and stores the file in its part `file_part` under `key`. The members of `declared` are its text parts: a
/// client may send them as files too.
///
/// # Errors
///
/// `UnsupportedMedia` if it is not a form; `Invalid` if it is malformed, ends early, or lacks the file, or the file has
/// no name or no bytes; `TooLarge`; `Busy` if uploads take too much memory already; `RequestTimeout`; `Upstream`. On
/// any error nothing stays stored.
pub async fn store_form(
    ports: &(impl Files + Uploads + Timer + Environment),
    key: FileKey,
    file_part: &str,
    declared: &'static Object,
    headers: &HeaderMap,
    body: Body,
) -> Result<StoredForm> {
    let boundary = boundary(headers)?;
    let limit = limits::MAX_UPLOAD_BYTES + limits::FORM_EXTRA_BYTES;
    if body::content_length(headers).is_some_and(|length| length > limit) {
        return Err(files::too_large());
    }
    let mut stored = false;
    let form = Multipart::new(body::chunks(body, limit, files::too_large), boundary);
    let result = store(ports, key, Parts::new(form, file_part, declared, limits::FORM_TEXT_BYTES), &mut stored).await;
    if stored && result.is_err() {
        files::delete_bytes(ports, key).await;
    }
    result
}

fn boundary(headers: &HeaderMap) -> Result<String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    multer::parse_boundary(kind).map_err(|error| match error {
        multer::Error::NoBoundary => refused("The form does not say its boundary."),
        _ => Error::new(ErrorKind::UnsupportedMedia, "The body must be multipart/form-data."),
    })
}

async fn store(
    ports: &(impl Files + Uploads + Timer + Environment),
    key: FileKey,
    mut parts: Parts<'_>,
    stored: &mut bool,
) -> Result<StoredForm> {
    let (file_name, part) = parts.required_file().await?;
    *stored = true;
    let received = files::receive(ports, key, part).await?;
    if received.size == 0 {
        return Err(empty_file());
    }
    Ok(StoredForm { file_name, received, texts: parts.rest().await?.0 })
}

/// A form whose file is in memory.
#[derive(Debug)]
pub struct BufferedForm {
    /// The bytes of the file.
    pub bytes: Bytes,
    /// The text parts by name; the last one if a name repeats.
    pub texts: BTreeMap<String, String>,
    /// The names of other parts that are files. Their bytes were skipped.
    pub other_files: BTreeSet<String>,
}

fn too_large_to_buffer() -> Error {
    let limit = limits::MAX_BUFFERED_BYTES;
    let why = format!("Files of up to {} MiB are taken here; upload larger ones", limit / limits::MIB);
    Error::new(ErrorKind::TooLarge { limit }, why)
}

/// Reads a form of `project` and buffers the file in its part `file_part`, of up to [`limits::MAX_BUFFERED_BYTES`]. The
/// members of `declared` are its text parts, as for [`store_form`]; they may be as long as request bodies.
///
/// # Errors
///
/// Those of [`store_form`], except `Upstream`.
pub async fn buffer_form(
    uploads: &impl Uploads,
    project: ProjectId,
    file_part: &str,
    declared: &'static Object,
    headers: &HeaderMap,
    body: Body,
) -> Result<BufferedForm> {
    let boundary = boundary(headers)?;
    let limit = limits::MAX_BUFFERED_BYTES + limits::FORM_EXTRA_BYTES;
    if body::content_length(headers).is_some_and(|length| length > limit) {
        return Err(too_large_to_buffer());
    }
    let form = Multipart::new(body::chunks(body, limit, too_large_to_buffer), boundary);
    let mut parts = Parts::new(form, file_part, declared, limits::MAX_BODY_BYTES);
    let (_, mut part) = parts.required_file().await?;
    let mut memory = uploads.upload_memory().reserve(project);
    let mut buffer = BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk?;
        memory.resize(buffer.len().saturating_add(chunk.len()))?;
        buffer.extend_from_slice(&chunk);
        if u64::try_from(buffer.len()).unwrap_or(u64::MAX) > limits::MAX_BUFFERED_BYTES {
            return Err(too_large_to_buffer());
        }
    }
    // The form yields its next part only after this one is dropped.
    drop(part);
    if buffer.is_empty() {
        return Err(empty_file());
    }
    let (texts, other_files) = parts.rest().await?;
    Ok(BufferedForm { bytes: buffer.freeze(), texts, other_files })
}

fn empty_file() -> Error {
    refused("Uploaded file is empty.")
}

/// The parts of a form, in their order.
struct Parts<'f> {
    form: Multipart<'f>,
    file_part: &'f str,
    declared: &'static Object,
    texts: BTreeMap<String, String>,
    other_files: BTreeSet<String>,
    /// The longest text part that is accepted.
    max_text_bytes: usize,
    /// How many more parts are accepted.
    remaining: usize,
}

impl<'f> Parts<'f> {
    fn new(form: Multipart<'f>, file_part: &'f str, declared: &'static Object, max_text_bytes: usize) -> Self {
        let (texts, other_files) = (BTreeMap::new(), BTreeSet::new());
        Self { form, file_part, declared, texts, other_files, max_text_bytes, remaining: limits::FORM_PARTS }
    }

    /// Reads up to the file and returns its name and its bytes; None at the end of the form.
    async fn file(&mut self) -> Result<Option<(String, impl Stream<Item = Result<Bytes>> + Send + Unpin + use<'f>)>> {
        while self.remaining > 0 {
            self.remaining -= 1;
            let Some(part) = self.form.next_field().await.map_err(from_multer)? else { return Ok(None) };
            let Disposition { name, file_name } = Disposition::of(part.headers());
            let is_text = file_name.is_none() || self.declared.all_members().iter().any(|member| member.name == name);
            if name != self.file_part && !is_text {
                // It is skipped; it still counts towards the limit of the whole body.
                self.other_files.insert(name);
                continue;
            }
            let bytes = decoded(part)?;
            if name == self.file_part {
                let file_name = file_name.filter(|name| !name.is_empty());
                let file_name = file_name.ok_or_else(|| refused("File must have a filename."))?;
                return Ok(Some((file_name, bytes)));
            }
            self.texts.insert(name, text(bytes, self.max_text_bytes).await?);
        }
        Err(refused("The form has too many parts."))
    }

    async fn required_file(&mut self) -> Result<(String, impl Stream<Item = Result<Bytes>> + Send + Unpin + use<'f>)> {
        let file = self.file().await?;
        file.ok_or_else(|| refused(&format!("{} field is required for multipart requests.", self.file_part)))
    }

    /// Reads the parts after the file, and returns all texts and the names of the other files.
    async fn rest(mut self) -> Result<(BTreeMap<String, String>, BTreeSet<String>)> {
        match self.file().await? {
            Some(_) => Err(refused(&format!("{} field may be there only once.", self.file_part))),
            None => Ok((self.texts, self.other_files)),
        }
    }
}

/// The bytes of a part, without its transfer encoding.
fn decoded<'f>(part: Field<'f>) -> Result<impl Stream<Item = Result<Bytes>> + Send + Unpin + use<'f>> {
    let encoding = TransferEncoding::of(part.headers())?;
    Ok(encoding.decode(part.map_err(from_multer)))
}

async fn text(mut chunks: impl Stream<Item = Result<Bytes>> + Unpin, max_bytes: usize) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > max_bytes {
            return Err(refused("A text field of the form is too long."));
        }
    }
    String::from_utf8(bytes).map_err(|_| refused("A text field of the form is not UTF-8."))
}

fn from_multer(error: multer::Error) -> Error {
    let malformed = |error: &dyn std::fmt::Display| refused("There was an error parsing the body").with_source(error);
    match error {
        // An error that our own stream returned.
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<Error>() {
            Ok(own) => *own,
            Err(inner) => malformed(&inner),
        },
        other => malformed(&other),
    }
}

#[cfg(test)]
mod tests;
