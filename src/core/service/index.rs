//! What the index of a project does: the rows by which its jobs, files and classifiers are found and listed.
//!
//! A job's row is written when the job is accepted, before the job itself exists: one row holds the reservation of
//! its idempotency key, its place in listings, and a snapshot. The job then tells the index of every change that
//! listings show. A row whose job was never heard of again (a crash between the two writes) is found by [`sweep`],
//! which submits the job under the reserved id; submitting is idempotent.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    access,
    host::JobReply,
    ports::{Clock, Host, Jobs},
};
use crate::{
    classify::Decision,
    error::{Error, Kind, Result},
    id::{ClassifierId, FileId, JobId, OrganizationId, ProjectId, TokenId},
    job::{Classification, Command, Job, NewJob, Source, Stage, State, Status},
    limits,
    time::Timestamp,
};

/// A project: the namespace of everything in its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Which.
    pub id: ProjectId,
    /// What people call it.
    pub name: String,
    /// Who owns it.
    pub organization: OrganizationId,
    /// What people call the owner.
    pub organization_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Which.
    pub id: FileId,
    /// The name it came with.
    pub name: String,
    /// What it is meant for, in the uploader's words.
    #[serde(default)]
    pub purpose: Option<String>,
    /// The uploader's own id for it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// A short word for its kind, such as `pdf`; nothing when unknown.
    #[serde(default)]
    pub kind: Option<String>,
    /// Its size in bytes; nothing while the upload has not arrived.
    pub size: Option<u64>,
    /// When it was announced or uploaded.
    pub created_at: Timestamp,
    /// When its bytes last changed.
    pub updated_at: Timestamp,
}

/// A version of a classifier: a named rule set with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// Which. The same for all its versions.
    pub id: ClassifierId,
    /// What people call it. Unique in the project.
    pub name: String,
    /// Which version: the moment it was saved, later than that of every earlier version.
    pub version: Timestamp,
    /// What it classifies with.
    pub classification: Classification,
    /// When the first version was saved.
    pub created_at: Timestamp,
}

/// Where a job gets its rules from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rules {
    /// From the request.
    Inline(Box<Classification>),
    /// From the newest version of a saved classifier.
    Saved(ClassifierId),
}

/// A job that somebody wants: what the index needs to accept it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The id the job gets.
    pub id: JobId,
    /// The token that asks.
    pub user: TokenId,
    /// The file to work on.
    pub file: FileId,
    /// The rules.
    pub rules: Rules,
    /// The caller's idempotency key.
    pub transaction: Option<String>,
    /// What is to be done, in order.
    pub plan: Vec<Stage>,
}

/// Which jobs to list. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFilter {
    /// Only jobs with this status.
    pub status: Option<Status>,
    /// Only these jobs.
    pub ids: Option<Vec<JobId>>,
    /// Only jobs of this classifier.
    pub classifier: Option<ClassifierId>,
    /// Only jobs accepted then or later.
    pub from: Option<Timestamp>,
    /// Only jobs accepted then or earlier.
    pub to: Option<Timestamp>,
}

/// Which files to list. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FileFilter {
    /// Only these files.
    pub ids: Option<Vec<FileId>>,
    /// Only files of exactly this name.
    pub name: Option<String>,
    /// Only files with this id of the uploader's.
    pub external_id: Option<String>,
}

/// The order of a file listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileOrder {
    /// Newest first.
    #[default]
    Newest,
    /// By name, then id.
    Name,
    /// By id.
    Id,
}

/// Which classifiers to list. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassifierFilter {
    /// Only the classifier of this name.
    pub name: Option<String>,
    /// Only the newest version of each.
    pub latest_only: bool,
}

/// A place in a listing: the sort key and id of the last row seen. The next page begins after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The sort key: a moment in milliseconds, or a name; empty where the id alone sorts.
    pub key: String,
    /// The id.
    pub id: String,
}

/// Which part of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// At most so many rows.
    pub size: u32,
    /// After this row; from the beginning when absent.
    #[serde(default)]
    pub after: Option<Cursor>,
}

/// Part of a listing. Never empty when `next` is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next part begins; nothing when this is the last.
    #[serde(default)]
    pub next: Option<Cursor>,
}

/// What can be asked of an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexCommand {
    /// Make the project, or rename it when it is there.
    PutProject(Project),
    /// Tell what the project is.
    GetProject,
    /// Accept a job.
    Reserve(Box<Reservation>),
    /// Show a newer state of a job.
    ShowJob {
        /// The snapshot.
        job: Box<Job>,
    },
    /// Take a job out.
    HideJob {
        /// Which.
        job: JobId,
    },
    /// List jobs, newest first.
    ListJobs {
        /// Which.
        filter: JobFilter,
        /// Which part.
        page: PageRequest,
    },
    /// Add a file, or replace its row.
    PutFile(File),
    /// Tell what a file is.
    GetFile {
        /// Which.
        file: FileId,
    },
    /// Take a file out. Its bytes are the caller's business.
    DeleteFile {
        /// Which.
        file: FileId,
    },
    /// List files.
    ListFiles {
        /// Which.
        filter: FileFilter,
        /// In which order.
        order: FileOrder,
        /// Which part.
        page: PageRequest,
    },
    /// Save a classifier under a name: a new one, or a new version of the one of that name. Saving what is already the
    /// newest version changes nothing.
    SaveClassifier {
        /// The id that a new classifier gets.
        id: ClassifierId,
        /// The name.
        name: String,
        /// What it classifies with.
        classification: Classification,
    },
    /// Change a classifier: its name, what it classifies with, or both. The change is a new version.
    ChangeClassifier {
        /// Which.
        id: ClassifierId,
        /// The new name; the old one stays when absent.
        name: Option<String>,
        /// What it classifies with from now on; as before when absent.
        classification: Option<Classification>,
    },
    /// The newest version of a classifier.
    GetClassifier {
        /// Which.
        id: ClassifierId,
    },
    /// Remove a classifier with all its versions. Jobs that ran with it keep their snapshot.
    DeleteClassifier {
        /// Which.
        id: ClassifierId,
    },
    /// List versions of classifiers, newest first.
    ListClassifiers {
        /// Which.
        filter: ClassifierFilter,
        /// Which part.
        page: PageRequest,
    },
}

/// Why an index refuses a job. Dialects say it in their own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The file is not in the project.
    UnknownFile,
    /// The file was announced, and its bytes have not arrived.
    FileNotUploaded,
    /// The classifier is not in the project.
    UnknownClassifier,
}

/// What an index answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexReply {
    /// Done; nothing to say.
    Done,
    /// The project; nothing when it was never made.
    Project(Option<Project>),
    /// The job was accepted; it must now be submitted.
    Accepted(Box<Job>),
    /// The idempotency key belongs to this job; nothing was accepted.
    Existing(Box<Job>),
    /// The job was refused.
    Refused(Refusal),
    /// Jobs, and one more than were asked for where there are more.
    Jobs(JobRows),
    /// A file; nothing when there is none.
    File(Option<File>),
    /// Files.
    Files(Page<File>),
    /// A classifier; nothing when there is none.
    Classifier(Option<Box<Classifier>>),
    /// Versions of classifiers.
    Classifiers(Page<Classifier>),
}

impl IndexReply {
    /// The error of an answer that is not one to the question.
    pub fn unexpected(&self) -> Error {
        Error::internal(format!("unexpected answer of the index: {self:?}"))
    }
}

/// Rows of a job listing. An index hands on what it stores; whoever asked reads it.
#[derive(Debug)]
pub enum JobRows {
    /// As they are stored.
    Stored {
        /// Two members of a JSON object: `rows`, an array of [`JobRow`]s, and `classifications`, an object that has the
        /// classifications of the rows by their [`JobRow::rules`].
        page: String,
        /// Whether more would have been too many bytes.
        cut: bool,
    },
    /// Read.
    Read {
        /// The jobs.
        rows: Vec<Job>,
        /// Whether more would have been too many bytes.
        cut: bool,
    },
}

/// Rows as they are spelt. Jobs mostly share their classification, and it is most of a job, so it is spelt once.
#[derive(Serialize, Deserialize)]
struct SpeltRows<'a> {
    #[serde(borrow)]
    rows: Vec<JobRow<'a>>,
    classifications: BTreeMap<String, Arc<Classification>>,
    cut: bool,
}

impl JobRows {
    /// No rows.
    pub fn none() -> Self {
        Self::Read { rows: Vec::new(), cut: false }
    }

    /// The jobs, and whether more would have been too many bytes.
    ///
    /// # Errors
    ///
    /// `Internal` when a row is not as it was written.
    pub fn read(self) -> Result<(Vec<Job>, bool)> {
        match self {
            Self::Stored { page, cut } => {
                jobs(serde_json::from_str(&format!(r#"{{{page},"cut":{cut}}}"#)).map_err(Error::internal)?)
            }
            Self::Read { rows, cut } => Ok((rows, cut)),
        }
    }
}

fn jobs(spelt: SpeltRows<'_>) -> Result<(Vec<Job>, bool)> {
    let SpeltRows { rows, classifications, cut } = spelt;
    let with = |row: JobRow<'_>| {
        let classification = classifications.get(&*row.rules).map(Arc::clone);
        classification.map(|shared| row.with(shared)).ok_or_else(|| Error::internal("a row without its classification"))
    };
    Ok((rows.into_iter().map(with).collect::<Result<_>>()?, cut))
}

impl Serialize for JobRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Stored { page, cut } => RawValue::from_string(format!(r#"{{{page},"cut":{cut}}}"#))
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
            Self::Read { rows: jobs, cut } => {
                let rows =
                    jobs.iter().map(JobRow::of).collect::<Result<Vec<_>>>().map_err(serde::ser::Error::custom)?;
                let rules = rows.iter().map(|row| row.rules.to_string());
                let classifications = rules.zip(jobs.iter().map(|job| Arc::clone(&job.classification))).collect();
                SpeltRows { rows, classifications, cut: *cut }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for JobRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (rows, cut) = jobs(SpeltRows::deserialize(deserializer)?).map_err(serde::de::Error::custom)?;
        Ok(Self::Read { rows, cut })
    }
}

/// A job as the index stores it: a [snapshot](Job::snapshot) whose classification is kept apart.
#[derive(Debug, Serialize, Deserialize)]
pub struct JobRow<'a> {
    /// The same for the same classification, different for every other: 128 bits of the SHA-256 of its spelling, as
    /// hexadecimal digits.
    #[serde(borrow)]
    pub rules: Cow<'a, str>,
    id: JobId,
    project: ProjectId,
    user: TokenId,
    version: u64,
    source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    plan: Vec<Stage>,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl JobRow<'_> {
    /// The row of a job.
    ///
    /// # Errors
    ///
    /// `Internal` when the classification cannot be spelt.
    pub fn of(job: &Job) -> Result<Self> {
        let spelling = serde_json::to_vec(&*job.classification).map_err(Error::internal)?;
        let mut rules = access::hex(&Sha256::digest(spelling));
        rules.truncate(32);
        Ok(Self {
            rules: rules.into(),
            id: job.id,
            project: job.project,
            user: job.user,
            version: job.version,
            source: job.source.clone(),
            transaction: job.transaction.clone(),
            plan: job.plan.clone(),
            state: job.state.clone(),
            decision: job.decision.clone(),
            created_at: job.created_at,
            updated_at: job.updated_at,
        })
    }

    fn with(self, classification: Arc<Classification>) -> Job {
        Job {
            id: self.id,
            project: self.project,
            user: self.user,
            version: self.version,
            source: self.source,
            classification,
            transaction: self.transaction,
            plan: self.plan,
            state: self.state,
            decision: self.decision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            outbox: Vec::new(),
            flush_at: Timestamp::default(),
            flush_failures: 0,
        }
    }
}

/// The storage of one index. Every call is atomic by itself and every change is one call, so that no change can be
/// half made. All listings begin after the row of `after`.
pub trait IndexStore {
    /// The project.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails; so with every other call.
    fn project(&self) -> Result<Option<Project>>;

    /// Stores the project.
    fn put_project(&self, project: &Project) -> Result<()>;

    /// The job of this id.
    fn job(&self, id: JobId) -> Result<Option<Job>>;

    /// The job of this idempotency key.
    fn job_of(&self, transaction: &str) -> Result<Option<Job>>;

    /// Stores the row of a job, unless the stored one is of the same or a newer version. `heard_at` is when the index
    /// last heard of the job.
    fn put_job(&self, job: &Job, heard_at: Timestamp) -> Result<()>;

    /// Removes the row of a job.
    fn remove_job(&self, id: JobId) -> Result<()>;

    /// Rows newest first (ties by id, descending), at most `limit`, and no more than make up
    /// [`limits::PAGE_BYTES`] but at least one.
    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows>;

    /// Jobs that are not final and not heard of since `before`, longest unheard first, at most `limit`.
    fn unheard_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<Job>>;

    /// Notes that the index heard of a job although nothing changed.
    fn heard(&self, id: JobId, at: Timestamp) -> Result<()>;

    /// Whether any job is not final.
    fn has_open_jobs(&self) -> Result<bool>;

    /// The file of this id.
    fn file(&self, id: FileId) -> Result<Option<File>>;

    /// Stores the row of a file.
    fn put_file(&self, file: &File) -> Result<()>;

    /// Removes the row of a file.
    fn remove_file(&self, id: FileId) -> Result<()>;

    /// Files in `order`, at most `limit`.
    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Vec<File>>;

    /// The newest version of the classifier of this id.
    fn classifier(&self, id: ClassifierId) -> Result<Option<Classifier>>;

    /// The newest version of the classifier of this name.
    fn classifier_named(&self, name: &str) -> Result<Option<Classifier>>;

    /// Stores a version.
    fn put_classifier(&self, classifier: &Classifier) -> Result<()>;

    /// Removes all versions.
    fn remove_classifier(&self, id: ClassifierId) -> Result<()>;

    /// Versions newest first (ties by id, descending), at most `limit`.
    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Vec<Classifier>>;
}

/// Handles one command.
///
/// # Errors
///
/// `NotFound` for a classifier or file that is not there, `Conflict` for a name that is taken, `Internal` when the
/// storage fails.
pub fn handle(
    store: &impl IndexStore,
    command: IndexCommand,
    project: ProjectId,
    now: Timestamp,
) -> Result<IndexReply> {
    match command {
        IndexCommand::PutProject(new) => {
            let created_at = store.project()?.map_or(new.created_at, |old| old.created_at);
            store.put_project(&Project { created_at, ..new })?;
            Ok(IndexReply::Done)
        }
        IndexCommand::GetProject => Ok(IndexReply::Project(store.project()?)),
        IndexCommand::Reserve(reservation) => reserve(store, *reservation, project, now),
        IndexCommand::ShowJob { job } => {
            store.put_job(&job, now)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::HideJob { job } => {
            store.remove_job(job)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::ListJobs { filter, page } => {
            let after = page.after.as_ref().map(moment_and_id).transpose()?;
            Ok(IndexReply::Jobs(store.jobs(&filter, after, page.size.saturating_add(1))?))
        }
        IndexCommand::PutFile(file) => {
            store.put_file(&file)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::GetFile { file } => Ok(IndexReply::File(store.file(file)?)),
        IndexCommand::DeleteFile { file } => {
            store.remove_file(file)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::ListFiles { filter, order, page } => {
            let mut items = store.files(&filter, order, page.after.as_ref(), page.size.saturating_add(1))?;
            let more = cut(&mut items, page.size);
            let next = items.last().filter(|_| more).map(|file| Cursor {
                key: match order {
                    FileOrder::Newest => file.created_at.as_millis().to_string(),
                    FileOrder::Name => file.name.clone(),
                    FileOrder::Id => String::new(),
                },
                id: file.id.to_string(),
            });
            Ok(IndexReply::Files(Page { items, next }))
        }
        IndexCommand::SaveClassifier { id, name, classification } => {
            let classifier = match store.classifier_named(&name)? {
                None => Classifier { id, name, version: now, classification, created_at: now },
                Some(old) if old.classification == classification => old,
                Some(old) => next_version(old, None, Some(classification), now),
            };
            store.put_classifier(&classifier)?;
            Ok(IndexReply::Classifier(Some(Box::new(classifier))))
        }
        IndexCommand::ChangeClassifier { id, name, classification } => {
            let Some(old) = store.classifier(id)? else { return Ok(IndexReply::Classifier(None)) };
            if let Some(name) = &name
                && store.classifier_named(name)?.is_some_and(|other| other.id != id)
            {
                return Err(Error::new(Kind::Conflict, format!("A configuration named {name:?} already exists")));
            }
            let changed = next_version(old, name, classification, now);
            store.put_classifier(&changed)?;
            Ok(IndexReply::Classifier(Some(Box::new(changed))))
        }
        IndexCommand::GetClassifier { id } => Ok(IndexReply::Classifier(store.classifier(id)?.map(Box::new))),
        IndexCommand::DeleteClassifier { id } => {
            let known = store.classifier(id)?;
            store.remove_classifier(id)?;
            Ok(IndexReply::Classifier(known.map(Box::new)))
        }
        IndexCommand::ListClassifiers { filter, page } => {
            let after = page.after.as_ref().map(moment_and_id).transpose()?;
            let mut items = store.classifiers(&filter, after, page.size.saturating_add(1))?;
            let more = cut(&mut items, page.size);
            let next = items.last().filter(|_| more).map(|classifier| cursor(classifier.version, &classifier.id));
            Ok(IndexReply::Classifiers(Page { items, next }))
        }
    }
}

fn reserve(store: &impl IndexStore, wanted: Reservation, project: ProjectId, now: Timestamp) -> Result<IndexReply> {
    if let Some(transaction) = &wanted.transaction
        && let Some(job) = store.job_of(transaction)?
    {
        return Ok(IndexReply::Existing(Box::new(job)));
    }
    let Some(file) = store.file(wanted.file)? else { return Ok(IndexReply::Refused(Refusal::UnknownFile)) };
    let Some(size) = file.size else { return Ok(IndexReply::Refused(Refusal::FileNotUploaded)) };
    let classification = match wanted.rules {
        Rules::Inline(classification) => *classification,
        Rules::Saved(id) => match store.classifier(id)? {
            Some(classifier) => Classification { classifier: Some(id), ..classifier.classification },
            None => return Ok(IndexReply::Refused(Refusal::UnknownClassifier)),
        },
    };
    let job = Job::accepted(
        NewJob {
            id: wanted.id,
            project,
            user: wanted.user,
            source: Source::File { id: wanted.file, size },
            classification: Arc::new(classification),
            transaction: wanted.transaction,
            plan: wanted.plan,
        },
        now,
    );
    store.put_job(&job, now)?;
    Ok(IndexReply::Accepted(Box::new(job)))
}

fn next_version(
    old: Classifier,
    name: Option<String>,
    classification: Option<Classification>,
    now: Timestamp,
) -> Classifier {
    Classifier {
        version: now.max(old.version + Duration::from_millis(1)),
        name: name.unwrap_or(old.name),
        classification: classification.unwrap_or(old.classification),
        ..old
    }
}

/// Cuts `rows` to `size` and tells whether there were more.
pub(super) fn cut<T>(rows: &mut Vec<T>, size: u32) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    more
}

pub(super) fn cursor(moment: Timestamp, id: &impl ToString) -> Cursor {
    Cursor { key: moment.as_millis().to_string(), id: id.to_string() }
}

fn moment_and_id<T: std::str::FromStr>(cursor: &Cursor) -> Result<(Timestamp, T)> {
    let moment = cursor.key.parse().map(Timestamp::from_millis).map_err(|_| bad_cursor())?;
    let id = cursor.id.parse().map_err(|_| bad_cursor())?;
    Ok((moment, id))
}

/// The refusal of a [`Cursor`] that no listing gave out.
pub fn bad_cursor() -> Error {
    Error::new(Kind::Invalid, "The page token is not one of ours")
}

/// What the timer of an index does: asks after jobs that are open and were not heard of for a while, and submits those
/// that were accepted and never arrived. Returns whether it must come again.
///
/// # Errors
///
/// `Internal` when the storage fails. A job that cannot be reached is asked after next time.
pub async fn sweep(store: &impl IndexStore, ports: &(impl Jobs + Clock + Host), project: ProjectId) -> Result<bool> {
    let before = Timestamp::from_millis(
        ports.now().as_millis().saturating_sub(i64::try_from(limits::SWEEP_AFTER.as_millis()).unwrap_or(i64::MAX)),
    );
    for job in store.unheard_jobs(before, limits::SWEEP_JOBS)? {
        let id = job.id;
        let command = if job.version == 0 { Command::Submit { job: Box::new(job), here: None } } else { Command::Get };
        match ports.job(project, id, command).await {
            Ok(JobReply::Job(job)) => {
                store.put_job(&job.snapshot(), ports.now())?;
                store.heard(id, ports.now())?;
            }
            Ok(JobReply::Removed) => store.remove_job(id)?,
            Ok(JobReply::Claimed(_) | JobReply::Busy { .. }) => store.heard(id, ports.now())?,
            Err(error) if error.kind() == Kind::NotFound => store.remove_job(id)?,
            Err(error) => ports.log(&format!("index {project}: job {id} cannot be reached: {error:#}")),
        }
    }
    store.has_open_jobs()
}
