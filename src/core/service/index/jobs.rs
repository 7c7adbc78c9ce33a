//! The jobs of a project. The index has a row of each: the reservation of its idempotency key, its place in listings,
//! and a snapshot.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    classifier_version::ClassifierVersion,
    classifiers::Version,
    files::File,
    job_rows::JobRows,
    page::{PageRequest, parse_cursor},
    schemas::SavedSchema,
    usage,
};
use crate::{
    document::Mail,
    error::Result,
    id::{ClassifierId, FileId, JobId, SchemaId, TokenId},
    job::{Classification, External, Job, JobKind, JobSource, NewJob, Plan, Route, Status},
    limits,
    time::Timestamp,
};

/// A filter of jobs. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFilter {
    /// Only jobs of this kind.
    pub kind: Option<JobKind>,
    /// Only jobs with this status.
    pub status: Option<Status>,
    /// Only these jobs.
    pub ids: Option<Vec<JobId>>,
    /// Only jobs of this classifier.
    pub classifier: Option<ClassifierId>,
    /// Only jobs accepted at this time or later.
    pub from: Option<Timestamp>,
    /// Only jobs accepted at this time or earlier.
    pub to: Option<Timestamp>,
}

/// The storage of the rows of jobs.
pub trait JobRowStore {
    /// The job with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn job(&self, id: JobId) -> Result<Option<Job>>;

    /// The job with this idempotency key.
    fn job_by_idempotency_key(&self, key: &str) -> Result<Option<Job>>;

    /// Stores the row of a job, unless the stored row has the same or a newer version. `last_reported_at` is when the
    /// job last reported to the index.
    fn put_job(&self, job: &Job, last_reported_at: Timestamp) -> Result<()>;

    /// Removes the row of a job.
    fn remove_job(&self, id: JobId) -> Result<()>;

    /// Rows newest first (ties by id, descending), at most `limit` rows and [`PAGE_BYTES`](limits::PAGE_BYTES), but at
    /// least one row.
    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows>;

    /// Open jobs that last reported before `before`, the one that has not reported for longest first, at most `limit`.
    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<Job>>;

    /// Updates when a job last reported, although its row does not change.
    fn touch_job(&self, id: JobId, now: Timestamp) -> Result<()>;

    /// Whether any job is open: has not ended.
    fn has_open_jobs(&self) -> Result<bool>;

    /// The number of open jobs, counted up to `limit`.
    fn open_job_count(&self, limit: u32) -> Result<u32>;
}

/// How a job relates to the other jobs of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobRole {
    /// The job is one of any number of jobs of the file.
    Independent,
    /// The job becomes the file's current job, which holds the file's processing status. The job is refused while the
    /// file has an open current job.
    Current,
}

/// What a new job is to work on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobInput {
    /// An uploaded file.
    File {
        /// The id of the file.
        id: FileId,
        /// How the job relates to the other jobs of the file.
        role: JobRole,
    },
    /// A mail.
    Mail(Box<Mail>),
}

/// Where a job gets its rules from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleSource {
    /// From the request.
    Inline(Box<Classification>),
    /// From the newest published version of a saved classifier.
    Saved(ClassifierId),
}

/// The work of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Classify the document by rules.
    Classify(RuleSource),
    /// Classify the document by the newest published version of a saved classifier, then extract the fields of the
    /// schema to which its route leads.
    ClassifyAndExtract(ClassifierId),
    /// Extract the fields of a schema, without classifying the document.
    Extract(SchemaId),
}

impl Work {
    /// The plan of a job with this work.
    pub const fn plan(&self) -> Plan {
        match self {
            Self::Classify(_) => Plan::Classify,
            Self::ClassifyAndExtract(_) => Plan::ClassifyAndExtract,
            Self::Extract(_) => Plan::Extract,
        }
    }
}

/// Accept a job, unless its idempotency key belongs to another job or its input cannot be worked on. Fails with
/// `RateLimited` if the project has as many open jobs as it may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReserveJob {
    /// The id that the job gets.
    pub id: JobId,
    /// The caller's token.
    pub user: TokenId,
    /// What to work on.
    pub input: JobInput,
    /// What to do with it.
    pub work: Work,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The caller's own data, returned with the job.
    #[serde(default)]
    pub external: External,
}

/// Why an index refuses a job. Each dialect has its own messages for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The file is not in the project.
    UnknownFile,
    /// The file is registered, but its bytes are not uploaded yet.
    FileNotUploaded,
    /// The classifier is not in the project, or was never published.
    UnknownClassifier,
    /// The schema is not in the project.
    UnknownSchema,
    /// The file was classified, and its route has another schema.
    OtherSchema(SchemaId),
    /// The file's current job has not ended.
    InProgress(JobId),
}

/// The outcome of [`ReserveJob`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reserved {
    /// The job was accepted; it must now be submitted.
    Accepted(Box<Job>),
    /// The idempotency key belongs to this job; nothing was accepted.
    Existing(Box<Job>),
    /// The job was refused; nothing was stored.
    Refused(Refusal),
}

impl IndexCommand for ReserveJob {
    type Reply = Reserved;

    // A job that is never submitted is found by then.
    const SWEEP_WITHIN: Option<Duration> = Some(limits::STALE_JOB_AGE);

    fn run(self, store: &impl IndexStore, Context { project, now }: Context) -> Result<Reserved> {
        if let Some(key) = &self.idempotency_key
            && let Some(job) = store.job_by_idempotency_key(key)?
        {
            return Ok(Reserved::Existing(Box::new(job)));
        }
        let refused = |refusal| Ok(Reserved::Refused(refusal));
        let mut current_file = None;
        let source = match self.input {
            JobInput::Mail(mail) => JobSource::Mail { mail: Some(mail) },
            JobInput::File { id, role } => {
                let Some(found) = store.file(id)? else { return refused(Refusal::UnknownFile) };
                let Some(size) = found.size else { return refused(Refusal::FileNotUploaded) };
                current_file = (role == JobRole::Current).then_some(found);
                JobSource::File { id, size }
            }
        };
        let previous = current_file.as_ref().and_then(|file| file.job).map(|job| store.job(job)).transpose()?.flatten();
        if let Some(job) = previous.as_ref().filter(|job| !job.status().has_ended()) {
            return refused(Refusal::InProgress(job.id));
        }
        let plan = self.work.plan();
        let (mut routes, mut route) = (Vec::new(), None);
        let classification = match self.work {
            Work::Classify(RuleSource::Inline(classification)) => *classification,
            Work::Classify(RuleSource::Saved(id)) | Work::ClassifyAndExtract(id) => {
                let Some(classifier) = store.classifier(id, Version::Published)? else {
                    return refused(Refusal::UnknownClassifier);
                };
                // The route of a document matters if it says what to extract, or if the file's current job reports it.
                if plan == Plan::ClassifyAndExtract || current_file.is_some() {
                    routes = routes_of(store, &classifier)?;
                }
                Classification { classifier: Some(id), ..classifier.classification }
            }
            Work::Extract(id) => {
                let Some(saved) = store.schema(id)? else { return refused(Refusal::UnknownSchema) };
                let previous_route = previous.and_then(|job| job.route);
                if let Some(other) = previous_route.as_ref().filter(|route| route.schema_id != id) {
                    return refused(Refusal::OtherSchema(other.schema_id));
                }
                route = Some(Box::new(route_to(previous_route.map(|route| route.deployment), saved)));
                Classification::default()
            }
        };
        let settings = store.project()?;
        usage::admit_job(store, settings.as_ref())?;
        let retention_days = settings.map_or(limits::RETENTION_DAYS, |project| project.retention_days);
        let job = Job::accepted(
            NewJob {
                id: self.id,
                project,
                user: self.user,
                source,
                classification: Arc::new(classification),
                idempotency_key: self.idempotency_key,
                plan,
                routes,
                route,
                external: self.external,
                retention_days,
            },
            now,
        );
        store.put_job(&job, now)?;
        if let Some(file) = current_file {
            store.put_file(&File { job: Some(job.id), ..file })?;
        }
        Ok(Reserved::Accepted(Box::new(job)))
    }
}

fn routes_of(store: &impl IndexStore, classifier: &ClassifierVersion) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for target in &classifier.routes {
        // A schema that is routed to cannot be deleted, so it exists.
        let Some(saved) = store.schema(target.schema)? else { continue };
        routes.push(Route { label: Some(target.label.clone()), ..route_to(Some(target.deployment.clone()), saved) });
    }
    Ok(routes)
}

fn route_to(deployment: Option<String>, saved: SavedSchema) -> Route {
    Route {
        label: None,
        deployment: deployment.unwrap_or_else(|| saved.name.clone()),
        schema_id: saved.id,
        schema_name: saved.name,
        schema: saved.schema,
    }
}

/// Store a newer snapshot of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpsertJob(pub Box<Job>);

impl IndexCommand for UpsertJob {
    type Reply = ();

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<()> {
        store.put_job(&self.0, now)
    }
}

/// Remove the row of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveJob {
    /// The id of the job.
    pub id: JobId,
}

impl IndexCommand for RemoveJob {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.remove_job(self.id)
    }
}

/// List jobs, newest first. The reply has up to one more than the page size, which shows that there is a next page.
/// Fails with `Invalid` if no listing returned the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListJobs {
    /// Which jobs.
    pub filter: JobFilter,
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListJobs {
    type Reply = JobRows;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<JobRows> {
        let after = self.page.after.as_ref().map(parse_cursor).transpose()?;
        store.jobs(&self.filter, after, self.page.size.saturating_add(1))
    }

    fn reply_to_json(reply: &JobRows) -> Result<String> {
        reply.to_json()
    }
}
