//! The jobs of a project. The index has a row of each: the reservation of its idempotency key, its place in listings,
//! and a snapshot.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    classifier_version::ClassifierVersion,
    classifiers::Version,
    files::File,
    job_rows::{JobRows, StoredRow},
    page::{PageRequest, counted, parse_cursor},
    schemas::SchemaHead,
    usage,
};
use crate::{
    document::{Mail, ReadOptions},
    error::{Error, Result},
    extract::Schema,
    id::{ClassifierId, ConfigurationId, FileId, JobId, SchemaId, TokenId, WebhookId},
    job::{
        Classification, Endpoint, External, Job, JobEndpoint, JobKind, JobPart, JobSource, JobWebhook, NewJob, Options,
        Plan, Route, Stage, Status, Task, WebhookFormat,
    },
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
    /// Only jobs of this saved configuration.
    pub configuration: Option<ConfigurationId>,
    /// Only jobs of this document.
    pub source: Option<SourceFilter>,
    /// Only jobs whose document was named by this.
    pub source_kind: Option<SourceKind>,
    /// Only jobs accepted at this time or later.
    pub from: Option<Timestamp>,
    /// Only jobs accepted at this time or earlier.
    pub to: Option<Timestamp>,
}

/// The document of a job, to filter by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFilter {
    /// An uploaded file.
    File(FileId),
    /// The file that a job parsed.
    Parsed(JobId),
    /// What is at a URL.
    Url(String),
}

/// What a document was named by, to filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// An uploaded file.
    File,
    /// The file that a job parsed.
    Parsed,
    /// What is at a URL.
    Url,
}

/// An open job that has not reported for a while. Without the rest of its row, of which a hundred may have more than fits
/// an isolate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleJob {
    /// The id.
    pub id: JobId,
    /// The version that it last reported; 0 if it was accepted and has not reported at all.
    pub version: u64,
}

/// The storage of the rows of jobs.
pub trait JobRowStore {
    /// The job with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn job(&self, id: JobId) -> Result<Option<Job>>;

    /// Whether there is a job with this id.
    fn has_job(&self, id: JobId) -> Result<bool>;

    /// Whether a job of a file was accepted from `from` to `to`.
    fn has_job_between(&self, from: Timestamp, to: Timestamp) -> Result<bool>;

    /// The job with this idempotency key.
    fn job_by_idempotency_key(&self, key: &str) -> Result<Option<Job>>;

    /// Stores the row of a job, unless the stored row has the same or a newer version. `row` is its JSON, and
    /// `last_reported_at` is when the job last reported to the index.
    fn put_job(&self, job: &Job, row: StoredRow, last_reported_at: Timestamp) -> Result<()>;

    /// Removes the row of a job.
    fn remove_job(&self, id: JobId) -> Result<()>;

    /// Rows newest first (ties by id, descending), at most `limit` rows, [`PAGE_BYTES`](limits::PAGE_BYTES) and, with the
    /// rules in each, [`MAX_LISTED_BYTES`](limits::MAX_LISTED_BYTES), but at least one row.
    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows>;

    /// The number of jobs, counted up to `limit`.
    fn job_count(&self, filter: &JobFilter, limit: u32) -> Result<u32>;

    /// Open jobs that last reported before `before`, the one that has not reported for longest first, at most `limit`.
    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<StaleJob>>;

    /// Any jobs, at most `limit`.
    fn any_jobs(&self, limit: u32) -> Result<Vec<JobId>>;

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
    /// The document at a URL that may be requested.
    Url(String),
    /// The file that a job parsed.
    Parsed(JobId),
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
    /// Do what these options say.
    Options(OptionsSource),
}

/// Where a job gets its options from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionsSource {
    /// From the request.
    Inline(Box<Options>),
    /// From a saved configuration of this task.
    Saved(Task, ConfigurationId),
}

impl Work {
    /// The task of a job with this work.
    pub const fn task(&self) -> Task {
        match self {
            Self::Classify(_) => Task::Classify,
            Self::ClassifyAndExtract(_) => Task::ClassifyAndExtract,
            Self::Extract(_) => Task::Extract,
            Self::Options(OptionsSource::Inline(options)) => options.task.task(),
            Self::Options(OptionsSource::Saved(task, _)) => *task,
        }
    }
}

/// The webhooks that a request names. A job has, beside them, those that every job of its project calls.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestedWebhooks {
    /// Those that came with the request.
    pub inline: Vec<InlineWebhook>,
    /// Saved ones. One that is disabled is called if it is enabled by the time of a call.
    pub saved: Vec<WebhookId>,
}

/// A webhook that came with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InlineWebhook {
    /// Where it is called, and how.
    pub endpoint: Endpoint,
    /// The names of the events that it is called for. None if it is called for all.
    pub events: Option<Vec<String>>,
}

/// Accept a job, unless its idempotency key belongs to another job or its input cannot be worked on. Fails with
/// `TooLarge` if it has more than [`limits::MAX_JOB_BYTES`] without its mail and schemas, with `RateLimited` if the project
/// has as many open jobs as it may.
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
    /// The webhooks that the request names.
    #[serde(default)]
    pub webhooks: RequestedWebhooks,
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
    /// The configuration is not in the project, or is one of another task.
    UnknownConfiguration,
    /// The job of the parsed document is not in the project, or has no file.
    UnknownParseJob,
    /// The job of the parsed document has not succeeded.
    ParseJobNotDone(Status),
    /// The webhook is not in the project.
    UnknownWebhook(WebhookId),
}

/// The outcome of [`ReserveJob`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reserved {
    /// The job was accepted; it must now be submitted. If its mail is to be stored apart, the job still has it here, and
    /// it must be stored first.
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
        let mut parsed_options = None;
        let source = match self.input {
            JobInput::Mail(mail) => JobSource::Mail { mail: Some(mail) },
            JobInput::File { id, role } => {
                let Some(found) = store.file(id)? else { return refused(Refusal::UnknownFile) };
                let Some(size) = found.size else { return refused(Refusal::FileNotUploaded) };
                current_file = (role == JobRole::Current).then_some(found);
                JobSource::File { id, size }
            }
            JobInput::Url(url) => JobSource::Url { url, file: None },
            JobInput::Parsed(id) => {
                let Some(parsed) = store.job(id)? else { return refused(Refusal::UnknownParseJob) };
                match (parsed.status(), parsed.source.file()) {
                    (Status::Succeeded, Some(file)) => {
                        parsed_options = Some(parsed.read_options().clone());
                        JobSource::Parsed { job: id, file }
                    }
                    (Status::Succeeded, None) => return refused(Refusal::UnknownParseJob),
                    (status, _) => return refused(Refusal::ParseJobNotDone(status)),
                }
            }
        };
        let previous = current_file.as_ref().and_then(|file| file.job).map(|job| store.job(job)).transpose()?.flatten();
        if let Some(job) = previous.as_ref().filter(|job| !job.status().has_ended()) {
            return refused(Refusal::InProgress(job.id));
        }
        let plan = Plan { task: self.work.task(), fetches: matches!(source, JobSource::Url { .. }) };
        let (mut routes, mut route, mut schema_bytes) = (Vec::new(), None, 0);
        let mut options = None;
        let mut classification = match self.work {
            Work::Classify(RuleSource::Inline(classification)) => *classification,
            Work::Classify(RuleSource::Saved(id)) | Work::ClassifyAndExtract(id) => {
                let Some(classifier) = store.classifier(id, Version::Published)? else {
                    return refused(Refusal::UnknownClassifier);
                };
                // The route of a document matters if it says what to extract, or if the file's current job reports it.
                if plan.task == Task::ClassifyAndExtract || current_file.is_some() {
                    (routes, schema_bytes) = routes_of(store, &classifier, plan)?;
                }
                Classification { classifier: Some(id), ..classifier.classification }
            }
            Work::Extract(id) => {
                let Some(schema) = store.schema_head(id)? else { return refused(Refusal::UnknownSchema) };
                let previous_route = previous.and_then(|job| job.route);
                if let Some(other) = previous_route.as_ref().filter(|route| route.schema_id != id) {
                    return refused(Refusal::OtherSchema(other.schema_id));
                }
                let new_route = route_to(previous_route.map(|route| route.deployment), &schema);
                schema_bytes = schema.bytes;
                route = Some(Box::new(new_route));
                Classification::default()
            }
            Work::Options(OptionsSource::Inline(inline)) => {
                options = Some(*inline);
                Classification::default()
            }
            Work::Options(OptionsSource::Saved(task, id)) => {
                let saved = store.configuration(id)?.filter(|saved| saved.options.task.task() == task);
                let Some(saved) = saved else { return refused(Refusal::UnknownConfiguration) };
                options = Some(Options { saved: Some(id), ..saved.options });
                Classification::default()
            }
        };
        if let Some(parsed) = parsed_options {
            let read_options = match &mut options {
                Some(options) => &mut options.read_options,
                None => &mut classification.read_options,
            };
            // What was parsed is the document, unless the request says which part of it.
            if *read_options == ReadOptions::default() {
                *read_options = parsed;
            }
        }
        let settings = store.project()?;
        let retention_days = settings.as_ref().map_or(limits::RETENTION_DAYS, |project| project.retention_days);
        let mut job = Job::accepted(
            NewJob {
                id: self.id,
                project,
                user: self.user,
                source,
                classification: Arc::new(classification),
                options: options.map(Arc::new),
                idempotency_key: self.idempotency_key,
                plan,
                routes,
                route,
                external: self.external,
                webhooks: Vec::new(),
                retention_days,
            },
            now,
        );
        // The kind of the job decides for which statuses they are called.
        match webhooks_of(store, job.kind(), self.webhooks)? {
            Ok(webhooks) => job.webhooks = webhooks,
            Err(id) => return refused(Refusal::UnknownWebhook(id)),
        }
        usage::admit_job(store, settings.as_ref())?;
        if schema_bytes <= limits::SMALL_JOB_BYTES {
            copy_schemas(store, &mut job)?;
        }
        put_accepted(store, &mut job, now)?;
        if let Some(file) = current_file {
            store.put_file(&File { job: Some(job.id), ..file })?;
        }
        Ok(Reserved::Accepted(Box::new(job)))
    }
}

/// The webhooks of a new job of this kind, each once, without those that are not called for any of its statuses. The
/// inner error is the id of a saved one that the project does not have.
fn webhooks_of(
    store: &impl IndexStore,
    kind: JobKind,
    requested: RequestedWebhooks,
) -> Result<Result<Vec<JobWebhook>, WebhookId>> {
    let mut webhooks = Vec::new();
    let mut add = |endpoint, format: WebhookFormat, events: Option<Vec<String>>| {
        let webhook = JobWebhook { endpoint, statuses: format.statuses(kind, events.as_deref()) };
        if !webhook.statuses.is_empty() && !webhooks.contains(&webhook) {
            webhooks.push(webhook);
        }
    };
    for InlineWebhook { endpoint, events } in requested.inline {
        let format = endpoint.format;
        add(JobEndpoint::Inline(Box::new(endpoint)), format, events);
    }
    for id in requested.saved {
        let Some(saved) = store.webhook(id)? else { return Ok(Err(id)) };
        add(JobEndpoint::Saved(id), saved.endpoint.format, saved.events);
    }
    for saved in store.project_webhooks()? {
        add(JobEndpoint::Saved(saved.id), saved.endpoint.format, saved.events);
    }
    Ok(Ok(webhooks))
}

/// The routes of a classifier, which refer to their schemas if `plan` extracts, and the size of all those schemas.
fn routes_of(store: &impl IndexStore, classifier: &ClassifierVersion, plan: Plan) -> Result<(Vec<Route>, usize)> {
    let (mut routes, mut schema_bytes) = (Vec::new(), 0_usize);
    for target in &classifier.routes {
        // A schema that is routed to cannot be deleted, so it exists.
        let Some(schema) = store.schema_head(target.schema)? else { continue };
        let mut route = route_to(Some(target.deployment.clone()), &schema);
        route.label = Some(target.label.clone());
        if !plan.stages().contains(&Stage::Extract) {
            route.schema_version = None;
        }
        routes.push(route);
        schema_bytes = schema_bytes.saturating_add(schema.bytes);
    }
    Ok((routes, schema_bytes))
}

/// A route that refers to a schema.
fn route_to(deployment: Option<String>, schema: &SchemaHead) -> Route {
    Route {
        label: None,
        deployment: deployment.unwrap_or_else(|| schema.name.clone()),
        schema_id: schema.id,
        schema_name: schema.name.clone(),
        schema: Schema::default(),
        schema_version: Some(schema.version),
    }
}

/// Copies the schemas that the routes of `job` refer to into the job.
fn copy_schemas(store: &impl IndexStore, job: &mut Job) -> Result<()> {
    for route in job.routes.iter_mut().chain(job.route.as_deref_mut()).filter(|route| route.schema_version.is_some()) {
        if let Some(saved) = store.schema(route.schema_id)? {
            route.schema = saved.schema;
        }
    }
    Ok(())
}

/// Stores the row of an accepted job. If it is large, it refers to its schemas, and its mail is to be stored apart.
fn put_accepted(store: &impl IndexStore, job: &mut Job, now: Timestamp) -> Result<()> {
    let mut row = StoredRow::of(job)?;
    let mut mail_apart = None;
    if row.bytes() > limits::SMALL_JOB_BYTES {
        for route in job.routes.iter_mut().chain(job.route.as_deref_mut()) {
            route.schema = Schema::default();
        }
        if let JobSource::Mail { mail } = &mut job.source {
            mail_apart = mail.take();
            job.apart.push(JobPart::Mail);
        }
        row = StoredRow::of(job)?;
    }
    if row.bytes() > limits::MAX_JOB_BYTES {
        return Err(Error::too_large("The job, with its rules and metadata,", row.bytes(), limits::MAX_JOB_BYTES));
    }
    store.put_job(job, row, now)?;
    if mail_apart.is_some() {
        job.source = JobSource::Mail { mail: mail_apart };
    }
    Ok(())
}

/// Removes the row of a job, and the calls about it, whose bodies may have what was found in its document.
pub(in crate::service) fn remove(store: &impl IndexStore, id: JobId) -> Result<()> {
    store.remove_deliveries_of(id)?;
    store.remove_job(id)
}

/// Store a newer snapshot of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpsertJob(pub Box<Job>);

impl IndexCommand for UpsertJob {
    type Reply = ();

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<()> {
        store.put_job(&self.0, StoredRow::of(&self.0)?, now)
    }
}

/// Find out whether there is a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HasJob {
    /// The id.
    pub id: JobId,
}

impl IndexCommand for HasJob {
    type Reply = bool;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<bool> {
        store.has_job(self.id)
    }
}

/// Get the job with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetJobByKey {
    /// The key.
    pub key: String,
}

impl IndexCommand for GetJobByKey {
    type Reply = Option<Box<Job>>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        Ok(store.job_by_idempotency_key(&self.key)?.map(Box::new))
    }
}

/// Count jobs. The reply is None if there are more than [`MAX_COUNTED_ROWS`](limits::MAX_COUNTED_ROWS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountJobs {
    /// Which jobs.
    pub filter: JobFilter,
}

impl IndexCommand for CountJobs {
    type Reply = Option<u32>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        counted(|limit| store.job_count(&self.filter, limit))
    }
}

/// Remove the row of a job, and the calls about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveJob {
    /// The id of the job.
    pub id: JobId,
}

impl IndexCommand for RemoveJob {
    type Reply = ();

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        remove(store, self.id)
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
