//! What the use cases need of the world.
//!
//! Futures are `Send`, because the router above demands it. On a platform whose futures are not, the adapter wraps
//! them; nothing here knows.

use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};

use super::{
    host::JobReply,
    index::{IndexCommand, IndexReply},
    tokens::{TokenCommand, TokenReply},
};
use crate::{
    error::Result,
    id::{FileId, JobId, ProjectId},
    job::Command,
    time::Timestamp,
};

/// A message of the stage queue: ids only, and under 200 bytes, so that a queue can carry a thousand at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StageMessage {
    /// Whose job.
    pub project: ProjectId,
    /// Which job.
    pub job: JobId,
    /// The place of the stage in the plan.
    pub stage: u32,
    /// Attempts made before.
    pub attempt: u32,
}

/// Where a file's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileKey {
    /// Whose.
    pub project: ProjectId,
    /// Which.
    pub file: FileId,
}

impl std::fmt::Display for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.project, self.file)
    }
}

/// Jobs, each at its own place.
pub trait Jobs {
    /// Sends `command` to a job.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such job, `Conflict` when the command makes no sense for it, `Upstream` when the
    /// place cannot be reached.
    fn job(&self, project: ProjectId, job: JobId, command: Command) -> impl Future<Output = Result<JobReply>> + Send;
}

/// The index of a project: what there is in it.
pub trait Index {
    /// Sends `command` to the index of `project`.
    ///
    /// # Errors
    ///
    /// Those of the command; `Upstream` when the index cannot be reached.
    fn index(&self, project: ProjectId, command: IndexCommand) -> impl Future<Output = Result<IndexReply>> + Send;
}

/// Tokens, by id.
pub trait Tokens {
    /// Sends `command` to the directory.
    ///
    /// # Errors
    ///
    /// `Upstream` when the directory cannot be reached.
    fn tokens(&self, command: TokenCommand) -> impl Future<Output = Result<TokenReply>> + Send;
}

/// An upload in parts that has been begun.
pub trait PartUpload: Send {
    /// Adds the next part. All parts but the last have the same size, [`crate::limits::PART_BYTES`].
    ///
    /// # Errors
    ///
    /// `Upstream`. The upload must then be aborted.
    fn part(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// Makes the parts one object.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn complete(self) -> impl Future<Output = Result<()>> + Send;

    /// Drops the parts.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn abort(self) -> impl Future<Output = Result<()>> + Send;
}

/// Bytes on their way, in chunks.
pub trait ByteStream: Stream<Item = Result<Bytes>> + Send + Unpin + 'static {}

impl<S: Stream<Item = Result<Bytes>> + Send + Unpin + 'static> ByteStream for S {}

/// A stream of bytes whose type nobody needs to know.
pub type BoxedBytes = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The bytes of files.
pub trait Files {
    /// An upload in parts.
    type Upload: PartUpload;

    /// Stores `bytes`, replacing what was there.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn put(&self, key: FileKey, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// Stores exactly `length` bytes out of `stream` without holding them all.
    ///
    /// # Errors
    ///
    /// Those of the stream; `Invalid` when it gives more or fewer bytes; `Upstream`. Nothing is stored then.
    fn put_stream(&self, key: FileKey, length: u64, stream: impl ByteStream)
    -> impl Future<Output = Result<()>> + Send;

    /// Begins an upload in parts.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn begin(&self, key: FileKey) -> impl Future<Output = Result<Self::Upload>> + Send;

    /// The bytes; nothing when there are none under that key.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn get(&self, key: FileKey) -> impl Future<Output = Result<Option<Bytes>>> + Send;

    /// The length and the bytes as a stream; nothing when there are none under that key.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn open(&self, key: FileKey) -> impl Future<Output = Result<Option<(u64, BoxedBytes)>>> + Send;

    /// Removes the bytes. Removing what is not there is no error.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn delete(&self, key: FileKey) -> impl Future<Output = Result<()>> + Send;
}

/// The queue of stages.
pub trait Queue {
    /// Sends a message, not to be delivered before `delay_seconds`.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send;
}

/// The time.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Randomness fit for secrets.
pub trait Random {
    /// Random bytes.
    fn random<const N: usize>(&self) -> [u8; N];
}

/// What the operator set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The secret that opens administration and signs tickets; without one, both are closed.
    pub admin_secret: Option<String>,
    /// The largest file, in bytes, that is classified in the invocation that accepted the job; 0 sends every job
    /// through the queue.
    pub inline_max_bytes: u64,
}

/// Settings and the log.
pub trait Host {
    /// What the operator set.
    fn config(&self) -> &Config;

    /// Writes one line to the operator's log. Never shown to callers.
    fn log(&self, line: &str);
}

/// Everything together.
pub trait Ports: Jobs + Index + Tokens + Files + Queue + Clock + Random + Host + Clone + Send + Sync + 'static {}

impl<P> Ports for P where
    P: Jobs + Index + Tokens + Files + Queue + Clock + Random + Host + Clone + Send + Sync + 'static
{
}
