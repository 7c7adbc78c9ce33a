//! The ports: traits for the services that the use cases need.
//!
//! Futures are `Send`, because the router above demands it. On a platform whose futures are not `Send`, the adapter
//! wraps them.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{
    index::IndexCommand,
    job_reply::JobReply,
    tokens::{TokenCommand, TokenReply},
};
use crate::{
    engine::{BudgetKind, Call},
    error::{Error, ErrorKind, Result},
    id::{FileId, JobId, ProjectId},
    job::{Command, JobPart},
    time::Timestamp,
};

/// A message of the stage queue: ids only, under 200 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StageMessage {
    /// The project of the job.
    pub project: ProjectId,
    /// The job.
    pub job: JobId,
    /// The index of the stage in the plan.
    pub stage: u32,
    /// How many attempts were made before.
    #[serde(rename = "attempt")]
    pub attempts_made: u32,
}

/// The key under which a file's bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileKey {
    /// The project that owns the file.
    pub project: ProjectId,
    /// The file.
    pub file: FileId,
}

impl std::fmt::Display for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.project, self.file)
    }
}

/// The job objects.
pub trait Jobs {
    /// Sends `command` to a job.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such job, `Conflict` if the job's state does not allow the command, `Upstream` if the
    /// job object cannot be reached.
    fn job(&self, project: ProjectId, job: JobId, command: Command) -> impl Future<Output = Result<JobReply>> + Send;
}

/// The index of each project.
pub trait Index {
    /// Sends `command` to the index of `project`.
    ///
    /// # Errors
    ///
    /// Those of the command; `Upstream` if the index cannot be reached.
    fn index<C: IndexCommand>(&self, project: ProjectId, command: C) -> impl Future<Output = Result<C::Reply>> + Send;
}

/// The token directory.
pub trait Tokens {
    /// Sends `command` to the directory.
    ///
    /// # Errors
    ///
    /// `Upstream` if the directory cannot be reached.
    fn tokens(&self, command: TokenCommand) -> impl Future<Output = Result<TokenReply>> + Send;
}

/// A multipart upload in progress.
pub trait PartUpload: Send {
    /// Adds the next part. All parts but the last have the same size, [`crate::limits::PART_BYTES`].
    ///
    /// # Errors
    ///
    /// `Upstream`. The upload must then be aborted.
    fn part(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// Joins the parts into one object.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn complete(self) -> impl Future<Output = Result<()>> + Send;

    /// Discards the parts.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn abort(self) -> impl Future<Output = Result<()>> + Send;
}

/// A stream of chunks of bytes.
pub trait ByteStream: Stream<Item = Result<Bytes>> + Send + Unpin + 'static {}

impl<S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static> ByteStream for S {}

/// A stream of chunks of bytes, as a trait object.
pub type BoxedByteStream = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The stream, with an `Invalid` error where it turns out to have more or fewer than `length` bytes.
pub fn check_length(stream: impl ByteStream, length: u64) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    stream::try_unfold((stream, length), async |(mut stream, remaining)| {
        let chunk = stream.try_next().await?;
        let chunk_length = chunk.as_ref().map_or(0, |chunk| u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        match (chunk, remaining.checked_sub(chunk_length)) {
            (Some(chunk), Some(remaining)) => Ok(Some((chunk, (stream, remaining)))),
            (None, Some(0)) => Ok(None),
            _ => Err(Error::new(ErrorKind::Invalid, "The body is not as long as Content-Length said")),
        }
    })
}

/// The storage of the bytes of files.
pub trait Files {
    /// A multipart upload.
    type Upload: PartUpload;

    /// Stores `bytes`, replacing any earlier ones.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn put(&self, key: FileKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// Stores exactly `length` bytes from `stream` without holding them all in memory.
    ///
    /// # Errors
    ///
    /// Those of the stream; `Invalid` if it has more or fewer bytes; `Upstream`. Nothing is stored then.
    fn put_stream(&self, key: FileKey, length: u64, stream: impl ByteStream)
    -> impl Future<Output = Result<()>> + Send;

    /// Begins a multipart upload.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn begin(&self, key: FileKey) -> impl Future<Output = Result<Self::Upload>> + Send;

    /// The bytes, or None if there are none under that key.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn get(&self, key: FileKey) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// The length and the bytes as a stream, or None if there are none under that key.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn open(&self, key: FileKey) -> impl Future<Output = Result<Option<(u64, BoxedByteStream)>>> + Send;

    /// Deletes the bytes. Succeeds if there are none.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn delete(&self, key: FileKey) -> impl Future<Output = Result<()>> + Send;
}

/// The bytes of the document of a call to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentBytes {
    /// There are none: the call has no document, or a mail.
    None,
    /// The caller sent them.
    Sent(Bytes),
    /// They are stored under this key.
    Stored(FileKey),
}

/// The engine, which reads, classifies and extracts.
pub trait Engine {
    /// Answers a call about a document. A document that traps the engine fails its own call and no other.
    ///
    /// # Errors
    ///
    /// Those of the call; `NotFound` if no bytes are stored under the key; `Unreadable` with
    /// [`EngineFailed`](crate::error::Unreadable::EngineFailed) if the engine trapped; `Upstream` if the bytes cannot be
    /// fetched or the engine cannot be started.
    fn engine<C: Call>(
        &self,
        call: C,
        document: DocumentBytes,
        budget: BudgetKind,
    ) -> impl Future<Output = Result<C::Reply>> + Send;
}

/// The key under which a part of a job is stored that its record has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobPartKey {
    /// The project of the job.
    pub project: ProjectId,
    /// The job.
    pub job: JobId,
    /// The part.
    pub part: JobPart,
}

impl std::fmt::Display for JobPartKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/jobs/{}/{}", self.project, self.job, self.part.as_str())
    }
}

/// The storage of the parts of jobs that their records have no room for. They lie beside the bytes of files.
pub trait JobParts {
    /// Stores a part, replacing an earlier one.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn put_part(&self, key: JobPartKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// A part, or None if there is none under that key.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn part(&self, key: JobPartKey) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// Deletes a part. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn delete_part(&self, key: JobPartKey) -> impl Future<Output = Result<()>> + Send;
}

/// The stage queue.
pub trait Queue {
    /// Sends a message, to be delivered after `delay_seconds` at the earliest.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send;
}

/// The clock.
pub trait Clock {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// A cryptographically secure random source.
pub trait Random {
    /// Random bytes.
    fn random<const N: usize>(&self) -> [u8; N];
}

/// The operator's configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The secret that authenticates the operator and signs URLs. If None, administration and signed URLs are disabled.
    pub admin_secret: Option<String>,
    /// The largest file, in bytes, that is classified in the invocation that accepted the job; 0 sends every job
    /// through the queue.
    pub inline_max_bytes: u64,
}

/// The configuration and the log.
pub trait Environment {
    /// The operator's configuration.
    fn config(&self) -> &Config;

    /// Writes one line to the operator's log. Never shown to callers.
    fn log(&self, line: &str);
}

/// All ports together.
pub trait Ports:
    Jobs + Index + Tokens + Files + JobParts + Engine + Queue + Clock + Random + Environment + Clone + Send + Sync + 'static
{
}

impl<P> Ports for P where
    P: Jobs
        + Index
        + Tokens
        + Files
        + JobParts
        + Engine
        + Queue
        + Clock
        + Random
        + Environment
        + Clone
        + Send
        + Sync
        + 'static
{
}
