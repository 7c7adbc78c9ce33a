//! The ports: traits for the services that the use cases need.
//!
//! Futures are `Send`, because the router above demands it. On a platform whose futures are not `Send`, the adapter
//! wraps them.

use std::{net::IpAddr, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::{
    Stream, TryStreamExt,
    future::{self, Either},
    stream,
};
use serde::{Deserialize, Serialize};

use super::{
    index::IndexCommand,
    job_reply::JobReply,
    tokens::{TokenCommand, TokenReply},
    upload_memory::UploadMemory,
};
use crate::{
    engine::{BudgetKind, Call},
    error::{Error, ErrorKind, Quota, Result},
    id::{DeliveryId, FileId, JobId, ProjectId},
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

/// A message of the queue of webhooks: ids only, under 200 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WebhookMessage {
    /// The project of the job.
    pub project: ProjectId,
    /// The job.
    pub job: JobId,
    /// The call.
    pub call: DeliveryId,
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

/// The queues.
pub trait Queue {
    /// Sends a message to the stage queue, to be delivered after `delay_seconds` at the earliest.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send;

    /// Sends a message to the queue of webhooks, which is one of its own so that a slow endpoint delays no job.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    fn enqueue_call(&self, message: WebhookMessage, delay_seconds: u32) -> impl Future<Output = Result<()>> + Send;
}

/// The method of a request to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundMethod {
    /// Fetches.
    Get,
    /// Notifies.
    Post,
}

/// A request to another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    /// The method.
    pub method: OutboundMethod,
    /// The URL.
    pub url: String,
    /// The headers: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there is none.
    pub body: Bytes,
}

impl OutboundRequest {
    /// A request that notifies `url` of a body of JSON.
    pub fn notify(url: &str, headers: Vec<(String, String)>, body: String) -> Self {
        let mut headers = headers;
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        if headers.iter().all(|(name, _)| name != "user-agent") {
            headers.push(("user-agent".to_owned(), USER_AGENT.to_owned()));
        }
        Self { method: OutboundMethod::Post, url: url.to_owned(), headers, body: body.into() }
    }

    /// A request for what is at `url`.
    pub fn get(url: &str) -> Self {
        let headers = vec![("accept".to_owned(), "*/*".to_owned()), ("user-agent".to_owned(), USER_AGENT.to_owned())];
        Self { method: OutboundMethod::Get, url: url.to_owned(), headers, body: Bytes::new() }
    }
}

/// How this service introduces itself to other servers.
pub const USER_AGENT: &str = concat!("Sortroom/", env!("CARGO_PKG_VERSION"));

/// What another server answered.
pub struct OutboundResponse {
    /// The status.
    pub status: u16,
    /// The headers: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: BoxedByteStream,
}

impl OutboundResponse {
    /// The value of a header; None if it is absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Other servers. Use [`outbound`](super::outbound), which checks what may be requested.
pub trait Outbound {
    /// The addresses of a name; none if it has none.
    ///
    /// # Errors
    ///
    /// `Upstream` if names cannot be looked up.
    fn addresses(&self, name: &str) -> impl Future<Output = Result<Vec<IpAddr>>> + Send;

    /// Sends a request. Redirects are not followed, and no credentials are sent but those in its headers.
    ///
    /// # Errors
    ///
    /// `Remote` if the server cannot be reached; the same for the stream of the body.
    fn request(&self, request: OutboundRequest) -> impl Future<Output = Result<OutboundResponse>> + Send;
}

/// Which requests to other servers the operator permits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboundPolicy {
    /// The ports besides those of http and https.
    pub ports: Vec<u16>,
    /// Whether any address and port is permitted: for development on one's own machine.
    pub allow_private: bool,
}

impl OutboundPolicy {
    /// The policy that permits every URL, for checks of its form alone.
    pub const PERMIT_ALL: Self = Self { ports: Vec::new(), allow_private: true };
}

/// The clock.
pub trait Clock {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// A timer.
pub trait Timer {
    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send + 'static;
}

/// The outcome of `work` if it ends within `time`.
///
/// # Errors
///
/// Those of `work`; `Upstream` if it takes longer. It is then dropped, but what it asked of the platform may still
/// happen.
pub async fn within<T>(timer: &impl Timer, time: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    match future::select(pin!(work), pin!(timer.sleep(time))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => {
            let error = Error::new(ErrorKind::Upstream { retryable: true }, "A part of the service takes too long");
            Err(error.with_source(format!("no answer within {time:?}")))
        }
    }
}

/// A cryptographically secure random source.
pub trait Random {
    /// Random bytes.
    fn random<const N: usize>(&self) -> [u8; N];
}

/// How many requests may be made in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub requests: u32,
    /// In how many seconds.
    pub seconds: u32,
}

/// The operator's configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The secret that authenticates the operator, signs URLs and keys the checks of tokens. If None, administration,
    /// signed URLs and tokens are disabled.
    pub admin_secret: Option<String>,
    /// The secret before this one. The checks of tokens that were made under it still hold.
    pub previous_admin_secret: Option<String>,
    /// Whether tokens of 0.1.0 are accepted, whose check has no key: anyone can make ones that look genuine, each of
    /// which costs a call to the directory.
    pub legacy_tokens: bool,
    /// The address at which clients reach this service, such as `https://sort.example`, for the URLs that it hands out.
    /// If None, they begin with the origin of the request.
    pub public_url: Option<String>,
    /// The largest file, in bytes, that is classified in the invocation that accepted the job; 0 sends every job
    /// through the queue.
    pub inline_max_bytes: u64,
    /// Which requests to other servers are permitted.
    pub outbound: OutboundPolicy,
    /// How many requests one token may make. If None, there is no limit.
    pub token_rate: Option<Rate>,
    /// How many requests all tokens of a project may make together. If None, there is no limit.
    pub project_rate: Option<Rate>,
}

impl Config {
    /// The rate that `quota` has; None if it is not a rate or has no limit.
    pub const fn rate(&self, quota: Quota) -> Option<Rate> {
        match quota {
            Quota::Token => self.token_rate,
            Quota::Project => self.project_rate,
            Quota::OpenJobs => None,
        }
    }
}

/// The counters of requests. They are approximate, and fail open: a caller that cannot be counted is within its limit.
pub trait RateLimits {
    /// Counts a request of the caller with the id `caller` towards `quota`. Returns how long the caller has to wait if
    /// it has had its share, else None.
    fn count_request(&self, quota: Quota, caller: u128) -> impl Future<Output = Option<Duration>> + Send;
}

/// The memory of this instance for uploads in progress.
pub trait Uploads {
    /// The memory.
    fn upload_memory(&self) -> &UploadMemory;
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
    Jobs
    + Index
    + Tokens
    + Files
    + Uploads
    + JobParts
    + Engine
    + Queue
    + Outbound
    + RateLimits
    + Clock
    + Timer
    + Random
    + Environment
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<P> Ports for P where
    P: Jobs
        + Index
        + Tokens
        + Files
        + Uploads
        + JobParts
        + Engine
        + Queue
        + Outbound
        + RateLimits
        + Clock
        + Timer
        + Random
        + Environment
        + Clone
        + Send
        + Sync
        + 'static
{
}
