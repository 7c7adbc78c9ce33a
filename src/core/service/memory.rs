//! In-memory ports with fault injection, for tests.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::{
    index::{
        self, ClassifierFilter, ClassifierVersion, Cursor, File, FileFilter, FileOrder, IndexCommand, IndexReply,
        IndexStore, JobFilter, JobRows, Project, SavedSchema,
    },
    job_object::{self, InlineWork, JobStore},
    job_reply::JobReply,
    ports::{
        BoxedByteStream, ByteStream, Clock, Config, Environment, FileKey, Files, Index, Jobs, PartUpload, Queue,
        Random, StageMessage, Tokens,
    },
    stage, sweep,
    tokens::{self, Token, TokenCommand, TokenReply, TokenStore},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, FileId, JobId, ProjectId, SchemaId, TokenId},
    job::{Command, Job},
    limits,
    time::Timestamp,
};

/// All ports in memory. Clones share their state.
#[derive(Debug, Clone)]
pub struct Memory {
    state: Arc<Mutex<MemoryState>>,
    config: Arc<Config>,
}

#[derive(Debug, Default)]
struct MemoryState {
    now: i64,
    random: u64,
    jobs: BTreeMap<(ProjectId, JobId), Job>,
    indexes: BTreeMap<ProjectId, IndexRows>,
    tokens: BTreeMap<TokenId, Token>,
    files: BTreeMap<FileKey, Bytes>,
    open_uploads: usize,
    queue: VecDeque<(StageMessage, Timestamp)>,
    inline_work: VecDeque<InlineWork>,
    log: Vec<String>,
    faults: Vec<FaultPoint>,
}

#[derive(Debug, Default)]
struct IndexRows {
    project: Option<Project>,
    jobs: BTreeMap<JobId, (Job, Timestamp)>,
    files: BTreeMap<FileId, File>,
    classifiers: Vec<ClassifierVersion>,
    schemas: BTreeMap<SchemaId, SavedSchema>,
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
        Self { state: Arc::new(Mutex::new(state)), config: Arc::new(config) }
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

    /// Advances the clock. Timers do not fire by themselves: [`Memory::wake_all`] fires them.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
    }

    /// The lines that were logged.
    pub fn logged(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// The number of messages on the queue.
    pub fn queued(&self) -> usize {
        self.state().queue.len()
    }

    /// Drops every message and all inline work, as a killed process does.
    pub fn crash(&self) {
        let mut state = self.state();
        state.queue.clear();
        state.inline_work.clear();
    }

    /// Runs the pending inline work of all job objects.
    pub async fn run_inline_work(&self) {
        loop {
            let Some(work) = self.state().inline_work.pop_front() else { return };
            let report = stage::run(self, &work).await;
            if let Err(error) = self.job(work.job.project, work.job.id, report).await {
                self.log(&format!("job {}: report failed: {error:#}", work.job.id));
            }
        }
    }

    /// Delivers every queue message that is due, and those that become due in the process.
    pub async fn run_queue(&self) {
        loop {
            let message = {
                let mut state = self.state();
                let now = Timestamp::from_millis(state.now);
                let due = state.queue.iter().position(|(_, due_at)| *due_at <= now);
                due.and_then(|index| state.queue.remove(index))
            };
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
            let store = MemoryIndexStore { memory: self.clone(), project };
            if let Err(error) = sweep::sweep(&store, self, project).await {
                self.log(&format!("index {project}: sweeping failed: {error:#}"));
            }
        }
    }

    /// The stored jobs, including purged ones with pending effects.
    pub fn stored_jobs(&self) -> Vec<Job> {
        self.state().jobs.values().cloned().collect()
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

    async fn erase(&self) -> Result<()> {
        self.memory.state().jobs.remove(&(self.project, self.job));
        Ok(())
    }
}

impl Jobs for Memory {
    async fn job(&self, project: ProjectId, job: JobId, command: Command) -> Result<JobReply> {
        self.check_fault(FaultPoint::Jobs)?;
        let store = MemoryJobStore { memory: self.clone(), project, job };
        let (reply, work) = job_object::handle(&store, self, command).await?;
        self.state().inline_work.extend(work);
        Ok(reply)
    }
}

struct MemoryIndexStore {
    memory: Memory,
    project: ProjectId,
}

impl MemoryIndexStore {
    fn read<T>(&self, read: impl FnOnce(&IndexRows) -> T) -> T {
        // Reading an index that was never written does not create it.
        read(self.memory.state().indexes.get(&self.project).unwrap_or(&IndexRows::default()))
    }

    fn write<T>(&self, write: impl FnOnce(&mut IndexRows) -> T) {
        write(self.memory.state().indexes.entry(self.project).or_default());
    }
}

fn newest(classifiers: &[ClassifierVersion], id: ClassifierId, drafts: bool) -> Option<&ClassifierVersion> {
    classifiers.iter().filter(|stored| stored.id == id && (drafts || !stored.draft)).max_by_key(|stored| stored.version)
}

fn take_up_to<T>(items: Vec<T>, limit: u32) -> Vec<T> {
    items.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

impl IndexStore for MemoryIndexStore {
    fn project(&self) -> Result<Option<Project>> {
        Ok(self.read(|rows| rows.project.clone()))
    }

    fn put_project(&self, project: &Project) -> Result<()> {
        self.write(|rows| rows.project = Some(project.clone()));
        Ok(())
    }

    fn job(&self, id: JobId) -> Result<Option<Job>> {
        Ok(self.read(|rows| rows.jobs.get(&id).map(|(job, _)| job.clone())))
    }

    fn job_by_transaction(&self, transaction: &str) -> Result<Option<Job>> {
        Ok(self.read(|rows| {
            rows.jobs.values().map(|(job, _)| job).find(|job| job.transaction.as_deref() == Some(transaction)).cloned()
        }))
    }

    fn put_job(&self, job: &Job, seen_at: Timestamp) -> Result<()> {
        self.write(|rows| {
            if rows.jobs.get(&job.id).is_none_or(|(stored, _)| stored.version < job.version) {
                rows.jobs.insert(job.id, (job.clone(), seen_at));
            }
        });
        Ok(())
    }

    fn remove_job(&self, id: JobId) -> Result<()> {
        self.write(|rows| {
            rows.jobs.remove(&id);
        });
        Ok(())
    }

    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows> {
        let mut found: Vec<Job> = self.read(|rows| {
            rows.jobs
                .values()
                .map(|(job, _)| job)
                .filter(|job| filter.kind.is_none_or(|kind| job.kind() == kind))
                .filter(|job| filter.status.is_none_or(|status| job.status() == status))
                .filter(|job| filter.ids.as_ref().is_none_or(|ids| ids.contains(&job.id)))
                .filter(|job| filter.classifier.is_none_or(|id| job.classification.classifier == Some(id)))
                .filter(|job| filter.from.is_none_or(|from| job.created_at >= from))
                .filter(|job| filter.to.is_none_or(|to| job.created_at <= to))
                .filter(|job| after.is_none_or(|after| (job.created_at, job.id) < after))
                .cloned()
                .collect()
        });
        found.sort_by_key(|job| std::cmp::Reverse((job.created_at, job.id)));
        let mut bytes = 0_usize;
        let mut rows = Vec::new();
        let mut cut = false;
        for job in take_up_to(found, limit) {
            bytes = bytes.saturating_add(serde_json::to_string(&job).map_err(Error::internal)?.len());
            cut = bytes > limits::PAGE_BYTES && !rows.is_empty();
            if cut {
                break;
            }
            rows.push(job);
        }
        // Through JSON, like rows that come from a durable object.
        let json = serde_json::to_string(&JobRows::Read { rows, cut }).map_err(Error::internal)?;
        serde_json::from_str(&json).map_err(Error::internal)
    }

    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<Job>> {
        let mut found: Vec<(Timestamp, Job)> = self.read(|rows| {
            rows.jobs
                .values()
                .filter(|(job, seen_at)| !job.status().is_final() && *seen_at < before)
                .map(|(job, seen_at)| (*seen_at, job.clone()))
                .collect()
        });
        found.sort_by_key(|(seen_at, job)| (*seen_at, job.id));
        Ok(take_up_to(found, limit).into_iter().map(|(_, job)| job).collect())
    }

    fn touch_job(&self, id: JobId, now: Timestamp) -> Result<()> {
        self.write(|rows| {
            if let Some((_, seen_at)) = rows.jobs.get_mut(&id) {
                *seen_at = now;
            }
        });
        Ok(())
    }

    fn has_open_jobs(&self) -> Result<bool> {
        Ok(self.read(|rows| rows.jobs.values().any(|(job, _)| !job.status().is_final())))
    }

    fn file(&self, id: FileId) -> Result<Option<File>> {
        Ok(self.read(|rows| rows.files.get(&id).cloned()))
    }

    fn put_file(&self, file: &File) -> Result<()> {
        self.write(|rows| {
            rows.files.insert(file.id, file.clone());
        });
        Ok(())
    }

    fn remove_file(&self, id: FileId) -> Result<()> {
        self.write(|rows| {
            rows.files.remove(&id);
        });
        Ok(())
    }

    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Vec<File>> {
        let key = |file: &File| match order {
            // Timestamps have the same number of digits for centuries, so they sort as text. Reversed below.
            FileOrder::Newest => (file.created_at.as_millis().to_string(), file.id.to_string()),
            FileOrder::Name => (file.name.clone(), file.id.to_string()),
            FileOrder::Id => (String::new(), file.id.to_string()),
        };
        let after = after.map(|cursor| (cursor.key.clone(), cursor.id.clone()));
        let mut found: Vec<File> = self.read(|rows| {
            rows.files
                .values()
                .filter(|file| filter.ids.as_ref().is_none_or(|ids| ids.contains(&file.id)))
                .filter(|file| filter.name.as_ref().is_none_or(|name| *name == file.name))
                .filter(|file| filter.external_id.is_none() || filter.external_id == file.external_id)
                .filter(|file| {
                    after.as_ref().is_none_or(|after| match order {
                        FileOrder::Newest => key(file) < *after,
                        FileOrder::Name | FileOrder::Id => key(file) > *after,
                    })
                })
                .cloned()
                .collect()
        });
        found.sort_by_key(key);
        if order == FileOrder::Newest {
            found.reverse();
        }
        Ok(take_up_to(found, limit))
    }

    fn classifier(&self, id: ClassifierId, draft: bool) -> Result<Option<ClassifierVersion>> {
        Ok(self.read(|rows| newest(&rows.classifiers, id, draft).cloned()))
    }

    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>> {
        Ok(self.read(|rows| {
            let mut versions = rows.classifiers.iter();
            versions
                .find(|saved| saved.name == name && newest(&rows.classifiers, saved.id, true) == Some(*saved))
                .cloned()
        }))
    }

    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()> {
        self.write(|rows| {
            rows.classifiers.retain(|stored| (stored.id, stored.version) != (classifier.id, classifier.version));
            rows.classifiers.push(classifier.clone());
        });
        Ok(())
    }

    fn remove_classifier(&self, id: ClassifierId) -> Result<()> {
        self.write(|rows| rows.classifiers.retain(|stored| stored.id != id));
        Ok(())
    }

    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Vec<ClassifierVersion>> {
        let mut found: Vec<ClassifierVersion> = self.read(|rows| {
            rows.classifiers
                .iter()
                .filter(|stored| filter.id.is_none_or(|id| id == stored.id))
                .filter(|stored| filter.name.as_ref().is_none_or(|name| *name == stored.name))
                .filter(|stored| filter.drafts || !stored.draft)
                .filter(|stored| {
                    !filter.latest_only || newest(&rows.classifiers, stored.id, filter.drafts) == Some(stored)
                })
                .filter(|stored| after.is_none_or(|after| (stored.version, stored.id) < after))
                .cloned()
                .collect()
        });
        found.sort_by_key(|version| std::cmp::Reverse((version.version, version.id)));
        Ok(take_up_to(found, limit))
    }

    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>> {
        Ok(self.read(|rows| rows.schemas.get(&id).cloned()))
    }

    fn schemas(&self) -> Result<Vec<SavedSchema>> {
        let mut schemas: Vec<SavedSchema> = self.read(|rows| rows.schemas.values().cloned().collect());
        schemas.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(schemas)
    }

    fn put_schema(&self, schema: &SavedSchema) -> Result<()> {
        self.write(|rows| rows.schemas.insert(schema.id, schema.clone()));
        Ok(())
    }

    fn remove_schema(&self, id: SchemaId) -> Result<()> {
        self.write(|rows| rows.schemas.remove(&id));
        Ok(())
    }

    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        let mut old: Vec<(Timestamp, FileId)> = self.read(|rows| {
            let files = rows.files.values().filter(|file| file.created_at < before);
            files.map(|file| (file.created_at, file.id)).collect()
        });
        old.sort_unstable();
        Ok(take_up_to(old, limit).into_iter().map(|(_, id)| id).collect())
    }
}

impl Index for Memory {
    async fn index(&self, project: ProjectId, command: IndexCommand) -> Result<IndexReply> {
        self.check_fault(FaultPoint::Indexes)?;
        index::handle(&MemoryIndexStore { memory: self.clone(), project }, command, project, self.now())
    }
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
        tokens::handle(&MemoryTokenStore(self.clone()), command)
    }
}

/// A multipart upload in memory.
#[derive(Debug)]
pub struct MemoryUpload {
    memory: Memory,
    key: FileKey,
    parts: BytesMut,
}

impl PartUpload for MemoryUpload {
    async fn part(&mut self, bytes: Bytes) -> Result<()> {
        self.memory.check_fault(FaultPoint::Files)?;
        self.parts.extend_from_slice(&bytes);
        Ok(())
    }

    async fn complete(self) -> Result<()> {
        self.memory.check_fault(FaultPoint::Files)?;
        let mut state = self.memory.state();
        state.open_uploads = state.open_uploads.saturating_sub(1);
        state.files.insert(self.key, self.parts.freeze());
        Ok(())
    }

    async fn abort(self) -> Result<()> {
        let mut state = self.memory.state();
        state.open_uploads = state.open_uploads.saturating_sub(1);
        Ok(())
    }
}

impl Files for Memory {
    type Upload = MemoryUpload;

    async fn put(&self, key: FileKey, bytes: Bytes) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        self.state().files.insert(key, bytes);
        Ok(())
    }

    async fn put_stream(&self, key: FileKey, length: u64, mut stream: impl ByteStream) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        if u64::try_from(bytes.len()).ok() != Some(length) {
            return Err(Error::new(ErrorKind::Invalid, "The body is not as long as it said"));
        }
        self.state().files.insert(key, bytes.freeze());
        Ok(())
    }

    async fn begin(&self, key: FileKey) -> Result<MemoryUpload> {
        self.check_fault(FaultPoint::Files)?;
        self.state().open_uploads += 1;
        Ok(MemoryUpload { memory: self.clone(), key, parts: BytesMut::new() })
    }

    async fn get(&self, key: FileKey) -> Result<Option<Bytes>> {
        self.check_fault(FaultPoint::Files)?;
        Ok(self.state().files.get(&key).cloned())
    }

    async fn open(&self, key: FileKey) -> Result<Option<(u64, BoxedByteStream)>> {
        self.check_fault(FaultPoint::Files)?;
        Ok(self.state().files.get(&key).cloned().map(|bytes| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let stream: BoxedByteStream = Box::pin(futures_util::stream::iter([Ok(bytes)]));
            (length, stream)
        }))
    }

    async fn delete(&self, key: FileKey) -> Result<()> {
        self.check_fault(FaultPoint::Files)?;
        self.state().files.remove(&key);
        Ok(())
    }
}

impl Queue for Memory {
    async fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> Result<()> {
        self.check_fault(FaultPoint::Queue)?;
        let due_at = self.now() + Duration::from_secs(delay_seconds.into());
        self.state().queue.push_back((message, due_at));
        Ok(())
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.state().now)
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
