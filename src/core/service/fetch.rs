//! The fetch stage: the document at a URL becomes a file of the project.

use std::sync::{Arc, Mutex, PoisonError};

use base16ct::lower::encode_string;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};

use super::{
    files::{self, Received},
    index::{AdoptFile, File, RemoveFile},
    outbound::{self, Target},
    ports::{self, FileKey, OutboundResponse, Ports},
};
use crate::{
    document::Format,
    error::{Error, ErrorKind, Result},
    id::{FileId, ProjectId},
    job::{Job, JobSource, Report, StoredFile},
    limits,
    time::Timestamp,
};

/// Fetches the document of `job` from its URL.
///
/// # Errors
///
/// Those of [`fetch_file`].
pub(super) async fn fetch(ports: &impl Ports, job: &Job) -> Result<Report> {
    let JobSource::Url { url, .. } = &job.source else {
        return Err(Error::internal("nothing to fetch: the document of the job has no URL"));
    };
    // An attempt that is made again replaces what an earlier one stored.
    let id = FileId::from_digest(&Sha256::digest(job.id.to_string()));
    let target = Target::parse(url, &ports.config().outbound)?;
    let name = target.file_name();
    let key = FileKey { project: job.project, file: id };
    let File { id, size, .. } = fetch_file(ports, key, name, target).await?;
    Ok(Report::Fetched(StoredFile { id, size: size.unwrap_or_default() }))
}

/// Fetches what is at a URL, and adds it to the files of a project under a key and a name. A project that has a file of the same bytes from a
/// URL keeps that one.
///
/// # Errors
///
/// `Invalid` if the URL is not permitted, `Remote` if its server fails or answers something else than a document,
/// `TooLarge`, `Busy`, `Upstream`.
pub async fn fetch_file(ports: &impl Ports, key: FileKey, name: String, target: Target) -> Result<File> {
    let deadline = ports.now() + limits::FETCH_TIME;
    let expected_name = target.file_name();
    let (_, response) =
        ports::within(ports, limits::FETCH_TIME, outbound::get(ports, target)).await.map_err(too_slow)?;
    check_answer(&response)?;
    let declared_type = response.header("content-type").map(str::to_owned);
    let digest = Arc::new(Mutex::new(Sha256::new()));
    let chunks = hashed(bounded(ports, response, deadline), Arc::clone(&digest));
    let Received { size, kind } = files::receive(ports, key, Box::pin(chunks)).await?;
    let by_name = Format::from_extension(extension(&expected_name));
    let expected = by_name.or_else(|| Format::from_media_type(&declared_type?));
    if let Err(error) = check_content(size, kind.as_deref(), expected) {
        files::delete_bytes(ports, key).await;
        return Err(error);
    }
    let hash = digest.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize();
    let file =
        File { kind, size: Some(size), sha256: Some(encode_string(&hash)), ..File::new(key.file, name, ports.now()) };
    let adopted = adopt(ports, key.project, file).await;
    let is_kept = adopted.as_ref().is_ok_and(|file| file.id == key.file);
    if !is_kept {
        files::delete_bytes(ports, key).await;
    }
    adopted
}

/// Adds a file to the index, or returns the one that has the same bytes. One whose bytes are gone, because its deletion was
/// cut off, gives way to the new one.
async fn adopt(ports: &impl Ports, project: ProjectId, file: File) -> Result<File> {
    let kept = ports.index(project, AdoptFile(file.clone())).await?;
    if kept.id == file.id || ports.open(FileKey { project, file: kept.id }).await?.is_some() {
        return Ok(kept);
    }
    ports.index(project, RemoveFile { id: kept.id }).await?;
    ports.index(project, AdoptFile(file)).await
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn remote(retryable: bool, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Remote { retryable }, message)
}

fn too_slow(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Upstream { .. } => remote(true, "The server of the URL does not answer in time"),
        _ => error,
    }
}

/// Fails unless the server answered with a document, as far as its headers say.
fn check_answer(response: &OutboundResponse) -> Result<()> {
    let status = response.status;
    if !(200..300).contains(&status) {
        let retryable = matches!(status, 408 | 425 | 429 | 500..);
        return Err(remote(retryable, format!("The server of the URL answered with the status {status}")));
    }
    if declared_length(response).is_some_and(|length| length > limits::MAX_DOCUMENT_BYTES) {
        return Err(too_large());
    }
    Ok(())
}

/// How many bytes the server says there are. None if it does not say, or if the bytes were compressed on the way.
fn declared_length(response: &OutboundResponse) -> Option<u64> {
    let encoding = response.header("content-encoding").unwrap_or("identity");
    response.header("content-length").filter(|_| encoding.eq_ignore_ascii_case("identity"))?.trim().parse().ok()
}

fn too_large() -> Error {
    let mib = limits::MAX_DOCUMENT_BYTES / limits::MIB;
    Error::new(
        ErrorKind::TooLarge { limit: limits::MAX_DOCUMENT_BYTES },
        format!("The document at the URL is larger than {mib} MiB"),
    )
}

/// The bytes of an answer. They end in an error if they are too many, too slow, or fewer than the server said.
fn bounded(
    ports: &impl Ports,
    response: OutboundResponse,
    deadline: Timestamp,
) -> impl Stream<Item = Result<Bytes>> + Send {
    let declared = declared_length(&response);
    stream::try_unfold((response.body, 0_u64), move |(mut body, before)| async move {
        let left = deadline.since(ports.now());
        let next = ports::within(ports, left, async { body.next().await.transpose() });
        let chunk = next.await.map_err(too_slow)?;
        let Some(chunk) = chunk else {
            return match declared {
                Some(declared) if before < declared => {
                    Err(remote(true, format!("The answer of the URL ended after {before} of {declared} bytes")))
                }
                _ => Ok(None),
            };
        };
        let size = before.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if size > limits::MAX_DOCUMENT_BYTES { Err(too_large()) } else { Ok(Some((chunk, (body, size)))) }
    })
}

/// The same bytes, of which `digest` becomes the hash.
fn hashed(
    chunks: impl Stream<Item = Result<Bytes>> + Send,
    digest: Arc<Mutex<Sha256>>,
) -> impl Stream<Item = Result<Bytes>> + Send {
    chunks.inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            digest.lock().unwrap_or_else(PoisonError::into_inner).update(chunk);
        }
    })
}

/// Fails if what was fetched is not what it was said to be: an empty answer, or the web page of a login for a PDF.
fn check_content(size: u64, kind: Option<&str>, expected: Option<Format>) -> Result<()> {
    if size == 0 {
        return Err(remote(false, "The answer of the URL is empty"));
    }
    let Some(expected) = expected.filter(|format| !format.is_text()) else { return Ok(()) };
    if kind == Some(Format::Html.extension()) {
        let expected = expected.extension();
        return Err(remote(
            false,
            format!("The URL should lead to a file of the type {expected}, but its server answered with a web page"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
