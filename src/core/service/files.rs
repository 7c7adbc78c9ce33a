//! Use cases of files.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::{
    index::{File, FileFilter, FileOrder, IndexCommand, IndexReply, Page, PageRequest},
    ports::{BoxedBytes, ByteStream, Clock, FileKey, Files, Host, Index, PartUpload},
    ticket::{self, Grant, Ticket},
};
use crate::{
    document,
    error::{Error, Kind, Result},
    id::{FileId, ProjectId},
    limits,
    time::Timestamp,
};

/// Bytes that were received and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// How many.
    pub size: u64,
    /// A short word for what they are, by their content, such as `pdf`.
    pub kind: Option<String>,
}

/// Stores the bytes of `chunks` under `key`. Up to [`limits::PART_BYTES`] are held and stored at once; more goes on in
/// parts, so that no more than one part is ever held.
///
/// # Errors
///
/// Those of the stream; `TooLarge` past [`limits::MAX_UPLOAD_BYTES`]; `Upstream`. Nothing stays stored then.
pub async fn receive<S>(files: &(impl Files + Host), key: FileKey, chunks: S) -> Result<Received>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut chunks = chunks;
    let mut held = BytesMut::new();
    while held.len() <= limits::PART_BYTES {
        match chunks.next().await {
            Some(chunk) => held.extend_from_slice(&chunk?),
            None => {
                let received = Received { size: length(&held), kind: kind(&held) };
                files.put(key, held.freeze()).await?;
                return Ok(received);
            }
        }
    }
    let kind = kind(&held);
    let mut upload = files.begin(key).await?;
    match receive_parts(&mut upload, held, chunks).await {
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

async fn receive_parts<S>(upload: &mut impl PartUpload, mut held: BytesMut, mut chunks: S) -> Result<u64>
where
    S: Stream<Item = Result<Bytes>> + Send + Unpin,
{
    let mut size = length(&held);
    loop {
        while held.len() >= limits::PART_BYTES {
            upload.part(held.split_to(limits::PART_BYTES).freeze()).await?;
        }
        let Some(chunk) = chunks.next().await else { break };
        let chunk = chunk?;
        size = size.saturating_add(length(&chunk));
        if size > limits::MAX_UPLOAD_BYTES {
            return Err(too_large());
        }
        held.extend_from_slice(&chunk);
    }
    if !held.is_empty() {
        upload.part(held.freeze()).await?;
    }
    Ok(size)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn kind(bytes: &[u8]) -> Option<String> {
    document::sniff(bytes).map(|format| format.extension().to_owned())
}

/// The refusal of an upload past [`limits::MAX_UPLOAD_BYTES`].
pub fn too_large() -> Error {
    Error::new(
        Kind::TooLarge { limit: limits::MAX_UPLOAD_BYTES },
        format!("File size exceeds {} MB limit.", limits::MAX_UPLOAD_BYTES / limits::MIB),
    )
}

/// Adds the row of a file whose bytes are stored, or, without a size, are announced.
///
/// # Errors
///
/// `Upstream` when the index cannot be reached.
pub async fn register(ports: &impl Index, project: ProjectId, file: File) -> Result<File> {
    ports.index(project, IndexCommand::PutFile(file.clone())).await?;
    Ok(file)
}

/// The file of this id.
///
/// # Errors
///
/// `NotFound` when there is none in the project, `Upstream` when the index cannot be reached.
pub async fn get(ports: &impl Index, project: ProjectId, id: FileId) -> Result<File> {
    match ports.index(project, IndexCommand::GetFile { file: id }).await? {
        IndexReply::File(Some(file)) => Ok(file),
        IndexReply::File(None) => Err(Error::not_found("File not found")),
        other => Err(other.unexpected()),
    }
}

/// Files of a project.
///
/// # Errors
///
/// `Invalid` when the place to begin is not one of ours, `Upstream` when the index cannot be reached.
pub async fn list(
    ports: &impl Index,
    project: ProjectId,
    filter: FileFilter,
    order: FileOrder,
    page: PageRequest,
) -> Result<Page<File>> {
    match ports.index(project, IndexCommand::ListFiles { filter, order, page }).await? {
        IndexReply::Files(page) => Ok(page),
        other => Err(other.unexpected()),
    }
}

/// Removes a file: its bytes, then its row, so that a removal that was cut off can be made again.
///
/// # Errors
///
/// `NotFound` when there is none in the project, `Upstream`.
pub async fn delete(ports: &(impl Index + Files), project: ProjectId, id: FileId) -> Result<()> {
    get(ports, project, id).await?;
    ports.delete(FileKey { project, file: id }).await?;
    ports.index(project, IndexCommand::DeleteFile { file: id }).await.map(drop)
}

/// A ticket for a file, and when it expires.
///
/// # Errors
///
/// `Internal` when the operator set no secret to sign with.
pub fn sign(
    ports: &(impl Clock + Host),
    file: FileKey,
    grant: Grant,
    lifetime: Duration,
) -> Result<(String, Timestamp)> {
    let expires_at = ports.now() + lifetime;
    Ok((ticket::seal(&Ticket { file, grant, expires_at }, secret(ports)?)?, expires_at))
}

fn secret(ports: &impl Host) -> Result<&str> {
    ports.config().admin_secret.as_deref().ok_or_else(|| Error::internal("no secret to sign tickets with is set"))
}

/// The file that a download ticket opens, and its bytes.
///
/// # Errors
///
/// Those of [`ticket::open`]; `NotFound` when the file is gone.
pub async fn download(ports: &(impl Index + Files + Clock + Host), text: &str) -> Result<(File, u64, BoxedBytes)> {
    let Ticket { file: key, .. } = ticket::open(text, Grant::Download, secret(ports)?, ports.now())?;
    let file = get(ports, key.project, key.file).await?;
    let (length, bytes) = ports.open(key).await?.ok_or_else(|| Error::not_found("File not found"))?;
    Ok((file, length, bytes))
}

/// Stores exactly `length` bytes as the file that an upload ticket opens.
///
/// # Errors
///
/// Those of [`ticket::open`]; `NotFound` when the file was removed meanwhile; `TooLarge`; `Invalid` when the stream
/// gives more or fewer bytes; `Upstream`.
pub async fn upload(
    ports: &(impl Index + Files + Clock + Host),
    text: &str,
    length: u64,
    stream: impl ByteStream,
) -> Result<File> {
    let Ticket { file: key, .. } = ticket::open(text, Grant::Upload, secret(ports)?, ports.now())?;
    let file = get(ports, key.project, key.file).await?;
    if length > limits::MAX_UPLOAD_BYTES {
        return Err(too_large());
    }
    if length == 0 {
        return Err(Error::new(Kind::Invalid, "Uploaded file is empty."));
    }
    // The first chunk says what it is, nearly always; only a DOCX shows itself at its end, and keeps its name's word.
    let mut stream = stream;
    let first = stream.next().await.transpose()?;
    let kind = first.as_deref().and_then(kind);
    let whole = futures_util::stream::iter(first.map(Ok)).chain(stream);
    ports.put_stream(key, length, whole).await?;
    register(ports, key.project, File { size: Some(length), kind, updated_at: ports.now(), ..file }).await
}
