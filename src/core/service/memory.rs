//! The ports in memory, with failures on demand: for tests.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::{
    host::{self, JobReply, JobStore, Work},
    index::{
        self, Classifier, ClassifierFilter, Cursor, File, FileFilter, FileOrder, IndexCommand, IndexReply, IndexStore,
        JobFilter, JobRows, Project, SavedSchema,
    },
    ports::{
        BoxedBytes, ByteStream, Clock, Config, FileKey, Files, Host, Index, Jobs, PartUpload, Queue, Random,
        StageMessage, Tokens,
    },
    stage,
    tokens::{self, Token, TokenCommand, TokenReply, TokenStore},
};
use crate::{
    error::{Error, Kind, Result},
    id::{ClassifierId, FileId, JobId, ProjectId, SchemaId, TokenId},
    job::{Command, Job},
    limits,
    time::Timestamp,
};

/// The world in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct Memory {
    world: Arc<Mutex<World>>,
    config: Arc<Config>,
}

#[derive(Debug, Default)]
struct World {
    now: i64,
    drawn: u64,
    jobs: BTreeMap<(ProjectId, JobId), Job>,
    indexes: BTreeMap<ProjectId, IndexRows>,
    tokens: BTreeMap<TokenId, Token>,
    files: BTreeMap<FileKey, Bytes>,
    uploads: usize,
    queue: VecDeque<(StageMessage, Timestamp)>,
    work: VecDeque<Work>,
    log: Vec<String>,
    down: Vec<Place>,
}

#[derive(Debug, Default)]
struct IndexRows {
    project: Option<Project>,
    jobs: BTreeMap<JobId, (Job, Timestamp)>,
    files: BTreeMap<FileId, File>,
    classifiers: Vec<Classifier>,
    schemas: BTreeMap<SchemaId, SavedSchema>,
}

/// A place that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Every job.
    Jobs,
    /// Every index.
    Indexes,
    /// The stage queue.
    Queue,
    /// The files.
    Files,
}

impl Memory {
    /// An empty world at 2026-03-01T10:00:00Z.
    pub fn new(config: Config) -> Self {
        let world = World { now: 1_772_359_200_000, ..World::default() };
        Self { world: Arc::new(Mutex::new(world)), config: Arc::new(config) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked while holding the lock has failed already.
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes places fail from now on, and only these.
    pub fn set_down(&self, places: &[Place]) {
        self.world().down = places.to_vec();
    }

    fn reach(&self, place: Place) -> Result<()> {
        if self.world().down.contains(&place) {
            return Err(Error::new(Kind::Upstream { retryable: true }, format!("{place:?} cannot be reached")));
        }
        Ok(())
    }

    /// Lets time pass. Timers do not fire by themselves: [`Memory::wake_all`] fires them.
    pub fn pass(&self, duration: Duration) {
        let mut world = self.world();
        world.now = world.now.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
    }

    /// What was logged.
    pub fn logged(&self) -> Vec<String> {
        self.world().log.clone()
    }

    /// Messages on the queue.
    pub fn queued(&self) -> usize {
        self.world().queue.len()
    }

    /// Forgets every message and all work at hand, as a killed process does.
    pub fn crash(&self) {
        let mut world = self.world();
        world.queue.clear();
        world.work.clear();
    }

    /// Runs the work that job places took on themselves.
    pub async fn run_here(&self) {
        loop {
            let Some(work) = self.world().work.pop_front() else { return };
            let report = stage::run(self, &work).await;
            if let Err(error) = self.job(work.job.project, work.job.id, report).await {
                self.log(&format!("job {}: report failed: {error:#}", work.job.id));
            }
        }
    }

    /// Delivers every queue message that is due, and those that become due by it.
    pub async fn run_queue(&self) {
        loop {
            let message = {
                let mut world = self.world();
                let now = Timestamp::from_millis(world.now);
                let due = world.queue.iter().position(|(_, at)| *at <= now);
                due.and_then(|place| world.queue.remove(place))
            };
            let Some((message, at)) = message else { return };
            if stage::consume(self, message).await == stage::Verdict::Retry {
                self.world().queue.push_back((message, at + Duration::from_secs(1)));
                return;
            }
        }
    }

    /// Fires every timer that is due: those of jobs, and those of indexes.
    pub async fn wake_all(&self) {
        let now = self.now();
        let due: Vec<_> = {
            let world = self.world();
            let due = world.jobs.iter().filter(|(_, job)| job.timer().is_none_or(|at| at <= now));
            due.map(|(key, _)| *key).collect()
        };
        for (project, job) in due {
            let store = JobPlace { memory: self.clone(), project, job };
            if let Err(error) = host::wake(&store, self).await {
                self.log(&format!("job {job}: waking failed: {error:#}"));
            }
        }
        let projects: Vec<_> = self.world().indexes.keys().copied().collect();
        for project in projects {
            let store = IndexPlace { memory: self.clone(), project };
            if let Err(error) = index::sweep(&store, self, project).await {
                self.log(&format!("index {project}: sweeping failed: {error:#}"));
            }
        }
    }

    /// Stored jobs, purged ones that still owe something included.
    pub fn stored_jobs(&self) -> Vec<Job> {
        self.world().jobs.values().cloned().collect()
    }

    /// Stored files.
    pub fn stored_files(&self) -> usize {
        self.world().files.len()
    }

    /// Uploads in parts that were begun and neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.world().uploads
    }
}

struct JobPlace {
    memory: Memory,
    project: ProjectId,
    job: JobId,
}

impl JobStore for JobPlace {
    fn load(&self) -> Result<Option<Job>> {
        Ok(self.memory.world().jobs.get(&(self.project, self.job)).cloned())
    }

    async fn store(&self, job: &Job) -> Result<()> {
        self.memory.world().jobs.insert((self.project, self.job), job.clone());
        Ok(())
    }

    async fn erase(&self) -> Result<()> {
        self.memory.world().jobs.remove(&(self.project, self.job));
        Ok(())
    }
}

impl Jobs for Memory {
    async fn job(&self, project: ProjectId, job: JobId, command: Command) -> Result<JobReply> {
        self.reach(Place::Jobs)?;
        let store = JobPlace { memory: self.clone(), project, job };
        let (reply, work) = host::handle(&store, self, command).await?;
        self.world().work.extend(work);
        Ok(reply)
    }
}

struct IndexPlace {
    memory: Memory,
    project: ProjectId,
}

impl IndexPlace {
    fn read<T>(&self, read: impl FnOnce(&IndexRows) -> T) -> T {
        // Reading what was never made makes nothing.
        read(self.memory.world().indexes.get(&self.project).unwrap_or(&IndexRows::default()))
    }

    fn write<T>(&self, write: impl FnOnce(&mut IndexRows) -> T) {
        write(self.memory.world().indexes.entry(self.project).or_default());
    }
}

fn newest(classifiers: &[Classifier], id: ClassifierId, drafts: bool) -> Option<&Classifier> {
    classifiers.iter().filter(|one| one.id == id && (drafts || !one.draft)).max_by_key(|one| one.version)
}

fn upto<T>(items: Vec<T>, limit: u32) -> Vec<T> {
    items.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

impl IndexStore for IndexPlace {
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

    fn job_of(&self, transaction: &str) -> Result<Option<Job>> {
        Ok(self.read(|rows| {
            rows.jobs.values().map(|(job, _)| job).find(|job| job.transaction.as_deref() == Some(transaction)).cloned()
        }))
    }

    fn put_job(&self, job: &Job, heard_at: Timestamp) -> Result<()> {
        self.write(|rows| {
            if rows.jobs.get(&job.id).is_none_or(|(known, _)| known.version < job.version) {
                rows.jobs.insert(job.id, (job.clone(), heard_at));
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
        for job in upto(found, limit) {
            bytes = bytes.saturating_add(serde_json::to_string(&job).map_err(Error::internal)?.len());
            cut = bytes > limits::PAGE_BYTES && !rows.is_empty();
            if cut {
                break;
            }
            rows.push(job);
        }
        // Through their spelling, as rows go that come out of an object.
        let spelt = serde_json::to_string(&JobRows::Read { rows, cut }).map_err(Error::internal)?;
        serde_json::from_str(&spelt).map_err(Error::internal)
    }

    fn unheard_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<Job>> {
        let mut found: Vec<(Timestamp, Job)> = self.read(|rows| {
            rows.jobs
                .values()
                .filter(|(job, heard)| !job.status().is_final() && *heard < before)
                .map(|(job, heard)| (*heard, job.clone()))
                .collect()
        });
        found.sort_by_key(|(heard, job)| (*heard, job.id));
        Ok(upto(found, limit).into_iter().map(|(_, job)| job).collect())
    }

    fn heard(&self, id: JobId, at: Timestamp) -> Result<()> {
        self.write(|rows| {
            if let Some((_, heard)) = rows.jobs.get_mut(&id) {
                *heard = at;
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
            // Moments are written with as many digits for centuries, so that they sort as text; the newest come first.
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
        Ok(upto(found, limit))
    }

    fn classifier(&self, id: ClassifierId, draft: bool) -> Result<Option<Classifier>> {
        Ok(self.read(|rows| newest(&rows.classifiers, id, draft).cloned()))
    }

    fn classifier_named(&self, name: &str) -> Result<Option<Classifier>> {
        Ok(self.read(|rows| {
            let mut found = rows.classifiers.iter();
            found.find(|one| one.name == name && newest(&rows.classifiers, one.id, true) == Some(*one)).cloned()
        }))
    }

    fn put_classifier(&self, classifier: &Classifier) -> Result<()> {
        self.write(|rows| {
            rows.classifiers.retain(|one| (one.id, one.version) != (classifier.id, classifier.version));
            rows.classifiers.push(classifier.clone());
        });
        Ok(())
    }

    fn remove_classifier(&self, id: ClassifierId) -> Result<()> {
        self.write(|rows| rows.classifiers.retain(|one| one.id != id));
        Ok(())
    }

    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Vec<Classifier>> {
        let mut found: Vec<Classifier> = self.read(|rows| {
            rows.classifiers
                .iter()
                .filter(|one| filter.id.is_none_or(|id| id == one.id))
                .filter(|one| filter.name.as_ref().is_none_or(|name| *name == one.name))
                .filter(|one| filter.drafts || !one.draft)
                .filter(|one| !filter.latest_only || newest(&rows.classifiers, one.id, filter.drafts) == Some(one))
                .filter(|one| after.is_none_or(|after| (one.version, one.id) < after))
                .cloned()
                .collect()
        });
        found.sort_by_key(|one| std::cmp::Reverse((one.version, one.id)));
        Ok(upto(found, limit))
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
        Ok(upto(old, limit).into_iter().map(|(_, id)| id).collect())
    }
}

impl Index for Memory {
    async fn index(&self, project: ProjectId, command: IndexCommand) -> Result<IndexReply> {
        self.reach(Place::Indexes)?;
        index::handle(&IndexPlace { memory: self.clone(), project }, command, project, self.now())
    }
}

struct TokenPlace(Memory);

impl TokenStore for TokenPlace {
    fn get(&self, id: TokenId) -> Result<Option<Token>> {
        Ok(self.0.world().tokens.get(&id).cloned())
    }

    fn put(&self, token: &Token) -> Result<()> {
        self.0.world().tokens.insert(token.id, token.clone());
        Ok(())
    }

    fn remove(&self, id: TokenId) -> Result<()> {
        self.0.world().tokens.remove(&id);
        Ok(())
    }
}

impl Tokens for Memory {
    async fn tokens(&self, command: TokenCommand) -> Result<TokenReply> {
        tokens::handle(&TokenPlace(self.clone()), command)
    }
}

/// An upload in parts in memory.
#[derive(Debug)]
pub struct MemoryUpload {
    memory: Memory,
    key: FileKey,
    parts: BytesMut,
}

impl PartUpload for MemoryUpload {
    async fn part(&mut self, bytes: Bytes) -> Result<()> {
        self.memory.reach(Place::Files)?;
        self.parts.extend_from_slice(&bytes);
        Ok(())
    }

    async fn complete(self) -> Result<()> {
        self.memory.reach(Place::Files)?;
        let mut world = self.memory.world();
        world.uploads = world.uploads.saturating_sub(1);
        world.files.insert(self.key, self.parts.freeze());
        Ok(())
    }

    async fn abort(self) -> Result<()> {
        let mut world = self.memory.world();
        world.uploads = world.uploads.saturating_sub(1);
        Ok(())
    }
}

impl Files for Memory {
    type Upload = MemoryUpload;

    async fn put(&self, key: FileKey, bytes: Bytes) -> Result<()> {
        self.reach(Place::Files)?;
        self.world().files.insert(key, bytes);
        Ok(())
    }

    async fn put_stream(&self, key: FileKey, length: u64, mut stream: impl ByteStream) -> Result<()> {
        self.reach(Place::Files)?;
        let mut held = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            held.extend_from_slice(&chunk?);
        }
        if u64::try_from(held.len()).ok() != Some(length) {
            return Err(Error::new(Kind::Invalid, "The body is not as long as it said"));
        }
        self.world().files.insert(key, held.freeze());
        Ok(())
    }

    async fn begin(&self, key: FileKey) -> Result<MemoryUpload> {
        self.reach(Place::Files)?;
        self.world().uploads += 1;
        Ok(MemoryUpload { memory: self.clone(), key, parts: BytesMut::new() })
    }

    async fn get(&self, key: FileKey) -> Result<Option<Bytes>> {
        self.reach(Place::Files)?;
        Ok(self.world().files.get(&key).cloned())
    }

    async fn open(&self, key: FileKey) -> Result<Option<(u64, BoxedBytes)>> {
        self.reach(Place::Files)?;
        Ok(self.world().files.get(&key).cloned().map(|bytes| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let stream: BoxedBytes = Box::pin(futures_util::stream::iter([Ok(bytes)]));
            (length, stream)
        }))
    }

    async fn delete(&self, key: FileKey) -> Result<()> {
        self.reach(Place::Files)?;
        self.world().files.remove(&key);
        Ok(())
    }
}

impl Queue for Memory {
    async fn enqueue(&self, message: StageMessage, delay_seconds: u32) -> Result<()> {
        self.reach(Place::Queue)?;
        let due = self.now() + Duration::from_secs(delay_seconds.into());
        self.world().queue.push_back((message, due));
        Ok(())
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world().now)
    }
}

impl Random for Memory {
    fn random<const N: usize>(&self) -> [u8; N] {
        let mut world = self.world();
        std::array::from_fn(|_| {
            // SplitMix64 (Steele, Lea and Flood 2014): any well mixed sequence does, it only must not repeat.
            world.drawn = world.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = world.drawn;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            u8::try_from(mixed >> 56).unwrap_or_default()
        })
    }
}

impl Host for Memory {
    fn config(&self) -> &Config {
        &self.config
    }

    fn log(&self, line: &str) {
        self.world().log.push(line.to_owned());
    }
}
