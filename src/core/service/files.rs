//! Use cases of files.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::{
    index::{File, FileFilter, FileOrder, GetFile, ListFiles, Page, PageRequest, PutFile, RemoveFile},
    ports::{BoxedByteStream, ByteStream, Clock, Environment, FileKey, Files, Index, PartUpload},
    signed_url::{self, Grant, SignedUrl},
};
use crate::{
    document,
    error::{Error, ErrorKind, Result},
    id::{FileId, ProjectId},
    limits,
    time::Timestamp,
};

/// What is known of bytes that were received and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Their number.
    pub size: u64,
    /// Their format, detected from the content, as a file extension such as `pdf`.
    pub kind: Option<String>,
}

/// Stores the bytes of `chunks` under `key`. Up to [`limits::PART_BYTES`] are buffered and stored in one call; more
/// becomes a multipart upload, so that no more than one part is ever in memory.
///
/// # Errors
///
/// Those of the stream; `TooLarge` above [`limits::MAX_UPLOAD_BYTES`]; `Upstream`. Nothing stays stored then.
pub async fn receive<S>(files: &(impl Files + Environment), key: FileKey, chunks: S) -> Result<Received>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut chunks = chunks;
    let mut buffer = BytesMut::new();
    while buffer.len() <= limits::PART_BYTES {
        match chunks.next().await {
            Some(chunk) => buffer.extend_from_slice(&chunk?),
            None => {
                let received = Received { size: length(&buffer), kind: kind(&buffer) };
                files.put(key, buffer.freeze()).await?;
                return Ok(received);
            }
        }
    }
    let kind = kind(&buffer);
    let mut upload = files.begin(key).await?;
    match receive_parts(&mut upload, buffer, chunks).await {
        Ok(size) => {
            upload.complete().await?;
            Ok(Received { size, kind })
        }
        Err(error) => {
            if let Err(abort) = upload.abort().await {
                files.log(&format!("file {key}: aborting an upload failed: {abort:#}"));
            }
            Err(error)
        }
    }
}

async fn receive_parts<S>(upload: &mut impl PartUpload, mut buffer: BytesMut, mut chunks: S) -> Result<u64>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut size = length(&buffer);
    loop {
        while buffer.len() >= limits::PART_BYTES {
            upload.part(buffer.split_to(limits::PART_BYTES).freeze()).await?;
        }
        let Some(chunk) = chunks.next().await else { break };
        let chunk = chunk?;
        size = size.saturating_add(length(&chunk));
        if size > limits::MAX_UPLOAD_BYTES {
            return Err(too_large());
        }
        buffer.extend_from_slice(&chunk);
    }
    if !buffer.is_empty() {
        upload.part(buffer.freeze()).await?;
    }
    Ok(size)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn kind(bytes: &[u8]) -> Option<String> {
    document::sniff(bytes).map(|format| format.extension().to_owned())
}

/// The error of an upload above [`limits::MAX_UPLOAD_BYTES`].
pub fn too_large() -> Error {
    Error::new(
        ErrorKind::TooLarge { limit: limits::MAX_UPLOAD_BYTES },
        format!("File size exceeds {} MB limit.", limits::MAX_UPLOAD_BYTES / limits::MIB),
    )
}

/// Adds a file to the index. Its bytes are stored, or, if it has no size, will be uploaded later.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn register(ports: &impl Index, project: ProjectId, file: File) -> Result<File> {
    ports.index(project, PutFile(file.clone())).await?;
    Ok(file)
}

/// The file with this id.
///
/// # Errors
///
/// `NotFound` if the project has no such file, `Upstream` if the index cannot be reached.
pub async fn get(ports: &impl Index, project: ProjectId, id: FileId) -> Result<File> {
    ports.index(project, GetFile { id }).await?.ok_or_else(|| Error::not_found("File not found"))
}

/// Lists files of a project.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours, `Upstream` if the index cannot be reached.
pub async fn list(
    ports: &impl Index,
    project: ProjectId,
    filter: FileFilter,
    order: FileOrder,
    page: PageRequest,
) -> Result<Page<File>> {
    ports.index(project, ListFiles { filter, order, page }).await
}

/// Deletes a file: its bytes, then its row, so that a deletion that was cut off can be repeated.
///
/// # Errors
///
/// `NotFound` if the project has no such file, `Upstream`.
pub async fn delete(ports: &(impl Index + Files), project: ProjectId, id: FileId) -> Result<()> {
    get(ports, project, id).await?;
    ports.delete(FileKey { project, file: id }).await?;
    ports.index(project, RemoveFile { id }).await
}

/// The last path segment of a signed URL for a file, and when the URL expires.
///
/// # Errors
///
/// `Internal` if the operator set no secret.
pub fn sign(
    ports: &(impl Clock + Environment),
    file: FileKey,
    grant: Grant,
    lifetime: Duration,
) -> Result<(String, Timestamp)> {
    let expires_at = ports.now() + lifetime;
    Ok((signed_url::sign(&SignedUrl { file, grant, expires_at }, secret(ports)?)?, expires_at))
}

fn secret(ports: &impl Environment) -> Result<&str> {
    ports.config().admin_secret.as_deref().ok_or_else(|| Error::internal("no secret to sign tickets with is set"))
}

/// The file of a signed download URL, its length, and its bytes. `text` is the URL's last path segment.
///
/// # Errors
///
/// Those of [`signed_url::verify`]; `NotFound` if the file was deleted.
pub async fn download(
    ports: &(impl Index + Files + Clock + Environment),
    text: &str,
) -> Result<(File, u64, BoxedByteStream)> {
    let SignedUrl { file: key, .. } = signed_url::verify(text, Grant::Download, secret(ports)?, ports.now())?;
    let file = get(ports, key.project, key.file).await?;
    let (length, bytes) = ports.open(key).await?.ok_or_else(|| Error::not_found("File not found"))?;
    Ok((file, length, bytes))
}

/// Stores exactly `length` bytes as the file of a signed upload URL. `text` is the URL's last path segment.
///
/// # Errors
///
/// Those of [`signed_url::verify`]; `NotFound` if the file was deleted in the meantime; `TooLarge`; `Invalid` if the
/// stream has more or fewer bytes; `Upstream`.
pub async fn upload(
    ports: &(impl Index + Files + Clock + Environment),
    text: &str,
    length: u64,
    stream: impl ByteStream,
) -> Result<File> {
    let SignedUrl { file: key, .. } = signed_url::verify(text, Grant::Upload, secret(ports)?, ports.now())?;
    let file = get(ports, key.project, key.file).await?;
    if length > limits::MAX_UPLOAD_BYTES {
        return Err(too_large());
    }
    if length == 0 {
        return Err(Error::new(ErrorKind::Invalid, "Uploaded file is empty."));
    }
    // The first chunk nearly always shows the format. Only a DOCX shows it at its end; it is listed by its extension.
    let mut stream = stream;
    let first = stream.next().await.transpose()?;
    let kind = first.as_deref().and_then(kind);
    let all_chunks = futures_util::stream::iter(first.map(Ok)).chain(stream);
    ports.put_stream(key, length, all_chunks).await?;
    register(ports, key.project, File { size: Some(length), kind, updated_at: ports.now(), ..file }).await
}
