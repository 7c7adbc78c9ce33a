//! Use cases of files.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::{
    index::{
        AbandonUpload, BeginUpload, CompleteUpload, CountFiles, File, FileFilter, FileOrder, GetFile, ListFiles, Page,
        PageRequest, PutFile, RemoveFile,
    },
    ports::{
        self, BoxedByteStream, ByteStream, Clock, Environment, FileKey, Files, Index, PartUpload, Ports, RateLimits,
        Timer, Uploads,
    },
    rate_limits,
    signed_url::{self, Grant, SignedUrl},
    upload_memory::Reservation,
};
use crate::{
    document,
    error::{Error, ErrorKind, Result},
    id::{FileId, LeaseId, ProjectId},
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

/// Stores the bytes of `chunks` under `key`. Their number is not known before their end, and the storage wants to know
/// it. So up to [`limits::PART_BYTES`] are buffered and stored in one call; more becomes a multipart upload, so that
/// no more than one part is ever in memory.
///
/// # Errors
///
/// Those of the stream; `TooLarge` above [`limits::MAX_UPLOAD_BYTES`]; `Busy` if uploads take too much memory already;
/// `Upstream`. Nothing stays stored then.
pub async fn receive<S>(
    files: &(impl Files + Uploads + Timer + Environment),
    key: FileKey,
    chunks: S,
) -> Result<Received>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut chunks = chunks;
    let mut buffer = UploadBuffer::new(files, key.project);
    while buffer.bytes.len() <= limits::PART_BYTES {
        match chunks.next().await {
            Some(chunk) => buffer.add(&chunk?)?,
            None => {
                let UploadBuffer { bytes, memory } = buffer;
                let received = Received { size: length(&bytes), kind: kind(&bytes) };
                files.put(key, bytes.freeze()).await?;
                drop(memory);
                return Ok(received);
            }
        }
    }
    let kind = kind(&buffer.bytes);
    let mut upload = files.begin(key).await?;
    match receive_parts(&mut upload, buffer, chunks).await {
        Ok(size) => {
            upload.complete().await?;
            Ok(Received { size, kind })
        }
        Err(error) => {
            if let Err(abort) = ports::within(files, limits::CLEANUP_TIME, upload.abort()).await {
                files.log(&format!("file {key}: aborting an upload failed: {abort:#}"));
            }
            Err(error)
        }
    }
}

/// The bytes of an upload that are not stored yet.
struct UploadBuffer {
    bytes: BytesMut,
    memory: Reservation,
}

impl UploadBuffer {
    fn new(uploads: &impl Uploads, project: ProjectId) -> Self {
        Self { bytes: BytesMut::new(), memory: uploads.upload_memory().reserve(project) }
    }

    fn add(&mut self, chunk: &[u8]) -> Result<()> {
        self.memory.resize(self.bytes.len().saturating_add(chunk.len()))?;
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    async fn store_part(&mut self, upload: &mut impl PartUpload) -> Result<()> {
        let length = self.bytes.len().min(limits::PART_BYTES);
        // The part takes memory until it is stored.
        upload.part(self.bytes.split_to(length).freeze()).await?;
        self.memory.resize(self.bytes.len())
    }
}

async fn receive_parts<S>(upload: &mut impl PartUpload, mut buffer: UploadBuffer, mut chunks: S) -> Result<u64>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut size = length(&buffer.bytes);
    loop {
        while buffer.bytes.len() >= limits::PART_BYTES {
            buffer.store_part(upload).await?;
        }
        let Some(chunk) = chunks.next().await else { break };
        let chunk = chunk?;
        size = size.saturating_add(length(&chunk));
        if size > limits::MAX_UPLOAD_BYTES {
            return Err(too_large());
        }
        buffer.add(&chunk)?;
    }
    if !buffer.bytes.is_empty() {
        buffer.store_part(upload).await?;
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

/// How many files of a project there are; None if they are too many to be counted.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn count(ports: &impl Index, project: ProjectId, filter: FileFilter) -> Result<Option<u32>> {
    ports.index(project, CountFiles { filter }).await
}

/// Adds a file to the index. Its bytes are stored, or, if it has no size, will be uploaded later.
///
/// # Errors
///
/// `TooLarge` if the project would store more than it may, `Upstream` if the index cannot be reached.
pub async fn register(ports: &impl Index, project: ProjectId, file: File) -> Result<File> {
    ports.index(project, PutFile(file)).await
}

/// The file with this id.
///
/// # Errors
///
/// `NotFound` if the project has no such file, `Upstream` if the index cannot be reached.
pub async fn get(ports: &impl Index, project: ProjectId, id: FileId) -> Result<File> {
    ports.index(project, GetFile { id }).await?.ok_or_else(missing)
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

/// The project of a signed URL. `text` is its last path segment.
///
/// # Errors
///
/// Those of [`signed_url::verify`].
pub fn project_of(ports: &(impl Clock + Environment), text: &str, grant: Grant) -> Result<ProjectId> {
    Ok(signed_url::verify(text, grant, secret(ports)?, ports.now())?.file.project)
}

/// The file of a signed download URL, its length, and its bytes. `text` is the URL's last path segment.
///
/// # Errors
///
/// Those of [`signed_url::verify`]; `RateLimited`; `NotFound` if the file was deleted.
pub async fn download(
    ports: &(impl Index + Files + RateLimits + Clock + Environment),
    text: &str,
) -> Result<(File, u64, BoxedByteStream)> {
    let SignedUrl { file: key, .. } = signed_url::verify(text, Grant::Download, secret(ports)?, ports.now())?;
    rate_limits::admit_to_project(ports, key.project).await?;
    let file = get(ports, key.project, key.file).await?;
    let (length, bytes) = ports.open(key).await?.ok_or_else(missing)?;
    Ok((file, length, bytes))
}

/// Stores exactly `length` bytes as the file of a signed upload URL, which takes one upload: the index decides which of
/// several goes on, before any byte is stored. `text` is the URL's last path segment.
///
/// # Errors
///
/// Those of [`signed_url::verify`]; `RateLimited`; `NotFound` if the file was deleted; `Gone` if it has its bytes;
/// `Conflict` while another upload of it is in progress; `TooLarge`, also if the project would store more than it may;
/// `Invalid` if the stream has more or fewer bytes; `Upstream`. Another upload can then begin: at once, or if the index
/// cannot be reached, after [`limits::UPLOAD_LEASE`].
pub async fn upload(ports: &impl Ports, text: &str, length: u64, stream: impl ByteStream) -> Result<File> {
    let SignedUrl { file: key, .. } = signed_url::verify(text, Grant::Upload, secret(ports)?, ports.now())?;
    rate_limits::admit_to_project(ports, key.project).await?;
    if length > limits::MAX_UPLOAD_BYTES {
        return Err(too_large());
    }
    if length == 0 {
        return Err(Error::new(ErrorKind::Invalid, "Uploaded file is empty."));
    }
    let (id, lease) = (key.file, LeaseId::from_bytes(ports.random()));
    let begin = BeginUpload { id, length, lease };
    ports.index(key.project, begin.clone()).await?.ok_or_else(missing)?;
    let kind = match store_upload(ports, key, begin, stream).await {
        Ok(kind) => kind,
        Err(error) => {
            if let Err(abandon) = ports.index(key.project, AbandonUpload { id, lease }).await {
                ports.log(&format!("file {key}: giving up an upload failed: {abandon:#}"));
            }
            return Err(error);
        }
    };
    match ports.index(key.project, CompleteUpload { id, lease, size: length, kind }).await? {
        Some(file) => Ok(file),
        None => {
            delete_bytes(ports, key).await;
            Err(missing())
        }
    }
}

fn missing() -> Error {
    Error::not_found("File not found")
}

/// Stores the bytes, and returns their format.
async fn store_upload(
    ports: &impl Ports,
    key: FileKey,
    begin: BeginUpload,
    stream: impl ByteStream,
) -> Result<Option<String>> {
    // The first chunk nearly always shows the format. Only a DOCX shows it at its end; it is listed by its extension.
    let mut stream = stream;
    let first = stream.next().await.transpose()?;
    let kind = first.as_deref().and_then(kind);
    let length = begin.length;
    let all_chunks = renewing(ports.clone(), key.project, begin, stream::iter(first.map(Ok)).chain(stream));
    ports.put_stream(key, length, all_chunks).await?;
    Ok(kind)
}

/// The chunks of an upload, which renews the right to store them as they come.
fn renewing(ports: impl Ports, project: ProjectId, begin: BeginUpload, chunks: impl ByteStream) -> BoxedByteStream {
    let renewed_at = ports.now();
    Box::pin(stream::try_unfold((chunks, renewed_at), move |(mut chunks, mut renewed_at)| {
        let (ports, begin) = (ports.clone(), begin.clone());
        async move {
            let Some(chunk) = chunks.try_next().await? else { return Ok(None) };
            if ports.now() >= renewed_at + limits::UPLOAD_RENEWAL {
                ports.index(project, begin).await?.ok_or_else(missing)?;
                renewed_at = ports.now();
            }
            Ok(Some((chunk, (chunks, renewed_at))))
        }
    }))
}

/// Deletes bytes that belong to no file. If that fails, logs which are left over.
pub async fn delete_bytes(ports: &(impl Files + Timer + Environment), key: FileKey) {
    if let Err(error) = ports::within(ports, limits::CLEANUP_TIME, ports.delete(key)).await {
        ports.log(&format!("file {key}: removing the bytes of a refused upload failed: {error:#}"));
    }
}
