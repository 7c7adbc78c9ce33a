//! In-memory ports with fault injection, for tests.

mod files;
mod index;
mod outbound;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future;

pub use self::{
    files::MemoryUpload,
    outbound::{BodyEnd, MemoryAnswer},
};
use self::{
    index::{IndexRows, MemoryIndexStore},
    outbound::MemoryServers,
};
use super::{
    job_object::{self, ClaimedStage, JobStore},
    job_reply::JobReply,
    ports::{
        Clock, Config, DocumentBytes, Engine, Environment, FileKey, Files, JobPartKey, JobParts, Jobs, Queue, Random,
        RateLimits, StageMessage, Timer, Tokens, Uploads, WebhookMessage,
    },
    rate_limits::{RequestCounter, Verdict},
    stage, sweep,
    tokens::{self, Token, TokenCommand, TokenReply, TokenStore},
    upload_memory::UploadMemory,
    webhooks::{self, BuildRequest},
};
use crate::{
    engine::{BudgetKind, Call, Request},
    error::{Error, ErrorKind, Quota, Result},
    id::{JobId, ProjectId, TokenId},
    job::{Command, Job},
    limits,
    time::Timestamp,
};

/// All ports in memory. Clones share their state.
#[derive(Debug, Clone)]
pub struct Memory {
    state: Arc<Mutex<MemoryState>>,
    config: Arc<Config>,
    uploads: UploadMemory,
}

#[derive(Debug, Default)]
struct MemoryState {
    now: i64,
    random: u64,
    jobs: BTreeMap<(ProjectId, JobId), Job>,
    indexes: BTreeMap<ProjectId, IndexRows>,
    tokens: BTreeMap<TokenId, Token>,
    files: BTreeMap<FileKey, Bytes>,
    job_parts: BTreeMap<JobPartKey, Bytes>,
    /// How often job objects were called from outside.
    job_calls: usize,
    open_uploads: usize,
    token_calls: usize,
    sleepers: Vec<(Timestamp, Waker)>,
    requests: RequestCounter,
    /// The reports of each caller, with the window that they are of.
    reports: BTreeMap<(Quota, u128), (i64, u32)>,
    queue: VecDeque<(StageMessage, Timestamp)>,
    calls: VecDeque<(WebhookMessage, Timestamp)>,
    inline_stages: VecDeque<ClaimedStage>,
    servers: MemoryServers,
    log: Vec<String>,
    faults: Vec<FaultPoint>,
}

/// A port that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPoint {
    /// Every job object.
    Jobs,
    /// Every index.
    Indexes,
    /// The stage queue.
    Queue,
    /// The files.
    Files,
}

impl Memory {
    /// Empty ports at 2026-03-01T10:00:00Z.
    pub fn new(config: Config) -> Self {
        let state = MemoryState { now: 1_772_359_200_000, ..MemoryState::default() };
        Self { state: Arc::new(Mutex::new(state)), config: Arc::new(config), uploads: UploadMemory::default() }
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        // A test that panicked while holding the lock has already failed.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes these ports fail from now on, and all others work.
    pub fn inject_fault(&self, points: &[FaultPoint]) {
        self.state().faults = points.to_vec();
    }

    fn check_fault(&self, point: FaultPoint) -> Result<()> {
        if self.state().faults.contains(&point) {
            return Err(Error::new(ErrorKind::Upstream { retryable: true }, format!("{point:?} cannot be reached")));
        }
        Ok(())
    }

    /// Advances the clock, and ends the sleeps that are due. The timers of jobs and indexes do not fire by themselves:
    /// [`Memory::wake_all`] fires them.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        let now = Timestamp::from_millis(state.now);
        let due = state.sleepers.extract_if(.., |(due_at, _)| *due_at <= now).collect::<Vec<_>>();
        drop(state);
        for (_, waker) in due {
            waker.wake();
        }
    }

    /// The number of calls to the token directory.
    pub fn token_calls(&self) -> usize {
        self.state().token_calls
    }

    /// The lines that were logged.
    pub fn logged(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// The number of messages on the queue.
    pub fn queued(&self) -> usize {
        self.state().queue.len()
    }

    /// Drops every message and every stage that waits to be run inline, as a killed process does.
    pub fn crash(&self) {
        let mut state = self.state();
        state.queue.clear();
        state.calls.clear();
        state.inline_stages.clear();
    }

    /// Runs the stages that wait to be run inline by job objects.
    pub async fn run_inline_stages(&self) {
        loop {
            let Some(stage) = self.state().inline_stages.pop_front() else { return };
            let report = stage::run_claimed(self, &stage).await;
            if let Err(error) = self.job(stage.job.project, stage.job.id, report).await {
                self.log(&format!("job {}: report failed: {error:#}", stage.job.id));
            }
        }
    }

    /// Makes every call of a webhook that is due, and those that become due in the process.
    pub async fn run_calls(&self, build: BuildRequest) {
        loop {
            let now = self.now();
            let message = take_due(&mut self.state().calls, now);
            let Some((message, due_at)) = message else { return };
            if webhooks::consume(self, message, build).await == stage::MessageOutcome::Retry {
                self.state().calls.push_back((message, due_at + Duration::from_secs(1)));
                return;
            }
        }
    }

    /// Delivers every message of the stage queue that is due, and those that become due in the process.
    pub async fn run_queue(&self) {
        loop {
            let now = self.now();
            let message = take_due(&mut self.state().queue, now);
            let Some((message, due_at)) = message else { return };
            if stage::consume(self, message).await == stage::MessageOutcome::Retry {
                self.state().queue.push_back((message, due_at + Duration::from_secs(1)));
                return;
            }
        }
    }

    /// Fires every job timer that is due, and the timer of every index.
    pub async fn wake_all(&self) {
        let now = self.now();
        let due: Vec<_> = {
            let state = self.state();
            let due = state.jobs.iter().filter(|(_, job)| job.timer().is_none_or(|at| at <= now));
            due.map(|(key, _)| *key).collect()
        };
        for (project, job) in due {
            let store = MemoryJobStore { memory: self.clone(), project, job };
            if let Err(error) = job_object::wake(&store, self).await {
                self.log(&format!("job {job}: waking failed: {error:#}"));
            }
        }
        let projects: Vec<_> = self.state().indexes.keys().copied().collect();
        for project in projects {
            let store = MemoryIndexStore::new(self, project);
            if let Err(error) = sweep::sweep(&store, self).await {
                self.log(&format!("index {project}: sweeping failed: {error:#}"));
            }
        }
    }

    /// The stored jobs, including deleted ones with pending effects.
    pub fn stored_jobs(&self) -> Vec<Job> {
        self.state().jobs.values().cloned().collect()
    }

    /// How often job objects were called, by use cases and by the queue.
    pub fn job_calls(&self) -> usize {
        self.state().job_calls
    }

    /// The number of parts of jobs that are stored apart.
    pub fn stored_parts(&self) -> usize {
        self.state().job_parts.len()
    }

    /// The number of stored files.
    pub fn stored_files(&self) -> usize {
        self.state().files.len()
    }

    /// The number of multipart uploads that were begun and neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.state().open_uploads
    }
}

struct MemoryJobStore {
    memory: Memory,
    project: ProjectId,
    job: JobId,
}

impl JobStore for MemoryJobStore {
    fn load(&self) -> Result<Option<Job>> {
        Ok(self.memory.state().jobs.get(&(self.project, self.job)).cloned())
    }

    async fn store(&self, job: &Job) -> Result<()> {
        self.memory.state().jobs.insert((self.project, self.job), job.clone());
        Ok(())
    }

    async fn remove(&self) -> Result<()> {
        self.memory.state().jobs.remove(&(self.project, self.job));
        Ok(())
    }
}

impl Jobs for Memory {
    async fn job(&self, project: ProjectId, job: JobId, command: Command) -> Result<JobReply> {
        self.check_fault(FaultPoint::Jobs)?;
        self.state().job_calls += 1;
        let store = MemoryJobStore { memory: self.clone(), project, job };
        let (reply, inline_stage) = job_object::handle(&store, self, command).await?;
        self.state().inline_stages.extend(inline_stage);
        Ok(reply)
    }
}

impl JobParts for Memory {
    async fn put_part(&self, key: JobPartKey, bytes: Bytes) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        self.state().job_parts.insert(key, bytes);
        Ok(())
    }

    async fn part(&self, key: JobPartKey) -> Result<Option<Bytes>> {
        self.check_fault(FaultPoint::Files)?;
        Ok(self.state().job_parts.get(&key).cloned())
    }

    async fn delete_part(&self, key: JobPartKey) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        self.state().job_parts.remove(&key);
        Ok(())
    }
}

/// Takes the first message that is due from a queue.
fn take_due<M>(queue: &mut VecDeque<(M, Timestamp)>, now: Timestamp) -> Option<(M, Timestamp)> {
    let due = queue.iter().position(|(_, due_at)| *due_at <= now)?;
    queue.remove(due)
}

struct MemoryTokenStore(Memory);

impl TokenStore for MemoryTokenStore {
    fn get(&self, id: TokenId) -> Result<Option<Token>> {
        Ok(self.0.state().tokens.get(&id).cloned())
    }

    fn put(&self, token: &Token) -> Result<()> {
        self.0.state().tokens.insert(token.id, token.clone());
        Ok(())
    }

    fn remove(&self, id: TokenId) -> Result<()> {
        self.0.state().tokens.remove(&id);
        Ok(())
    }
}

impl Tokens for Memory {
    async fn tokens(&self, command: TokenCommand) -> Result<TokenReply> {
        self.state().token_calls += 1;
        tokens::handle(&MemoryTokenStore(self.clone()), command)
    }
}

impl Engine for Memory {
    async fn engine<C: Call>(&self, call: C, document: DocumentBytes, budget: BudgetKind) -> Result<C::Reply> {
        let bytes = match document {
            DocumentBytes::None => Bytes::new(),
            DocumentBytes::Sent(bytes) => bytes,
            DocumentBytes::Stored(key) => self.get(key).await?.ok_or_else(|| Error::not_found("The file is gone"))?,
        };
        // Through JSON, like calls to an instance of the engine and their replies.
        let request = serde_json::to_string(&Request { call: call.into(), budget }).map_err(Error::internal)?;
        let request: Request = serde_json::from_str(&request).map_err(Error::internal)?;
        serde_json::from_str(&request.answer(&bytes, &budget.budget(bytes.len()))?).map_err(Error::internal)
    }
}

impl Queue for Memory {
    async fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> Result<()> {
        self.check_fault(FaultPoint::Queue)?;
        let due_at = self.now() + Duration::from_secs(delay_seconds.into());
        self.state().queue.push_back((message, due_at));
        Ok(())
    }

    async fn enqueue_call(&self, message: WebhookMessage, delay_seconds: u32) -> Result<()> {
        self.check_fault(FaultPoint::Queue)?;
        let due_at = self.now() + Duration::from_secs(delay_seconds.into());
        self.state().calls.push_back((message, due_at));
        Ok(())
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.state().now)
    }
}

impl Timer for Memory {
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send + 'static {
        let memory = self.clone();
        let due_at = self.now() + time;
        future::poll_fn(move |context| {
            if memory.now() >= due_at {
                return Poll::Ready(());
            }
            memory.state().sleepers.push((due_at, context.waker().clone()));
            Poll::Pending
        })
    }
}

impl Uploads for Memory {
    fn upload_memory(&self) -> &UploadMemory {
        &self.uploads
    }
}

impl RateLimits for Memory {
    async fn count_request(&self, quota: Quota, caller: u128) -> Option<Duration> {
        let rate = self.config.rate(quota)?;
        let now = self.now();
        let mut state = self.state();
        match state.requests.count(quota, caller, now) {
            Verdict::Admit => None,
            Verdict::Refuse(wait) => Some(wait),
            Verdict::Report => {
                let window = now.as_millis() / (i64::from(rate.seconds) * 1_000);
                let (counted_window, reports) = state.reports.entry((quota, caller)).or_default();
                if *counted_window != window {
                    (*counted_window, *reports) = (window, 0);
                }
                *reports += 1;
                let is_full = *reports > rate.requests / limits::REQUESTS_PER_REPORT;
                is_full.then(|| state.requests.refuse(quota, caller, rate.seconds, now))
            }
        }
    }
}

impl Random for Memory {
    fn random<const N: usize>(&self) -> [u8; N] {
        let mut state = self.state();
        std::array::from_fn(|_| {
            // SplitMix64 (Steele, Lea and Flood 2014): any well mixed sequence that does not repeat would do.
            state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state.random;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            u8::try_from(mixed >> 56).unwrap_or_default()
        })
    }
}

impl Environment for Memory {
    fn config(&self) -> &Config {
        &self.config
    }

    fn log(&self, line: &str) {
        self.state().log.push(line.to_owned());
    }
}
