//! A job, as a pure state machine.
//!
//! ```text
//! (none)           --- submit, Start::Queue -------------------------------> Queued
//! (none)           --- submit, Start::Inline ------------------------------> Running
//! (none)           --- submit, Start::Done --------------------------------> as Running after a report
//! Queued           --- claim ----------------------------------------------> Running
//! Running          --- claim, once the lease has expired ------------------> Running, the next attempt
//! Running          --- report of an output, more stages -------------------> Queued, the next stage
//! Running          --- report of an output, last stage or no route --------> Succeeded
//! Running          --- report of a retryable failure, or lease expired ----> Queued, after a backoff
//! Running          --- report of a permanent failure, or no attempts left -> Failed
//! Queued           --- dead letter ----------------------------------------> Failed
//! Queued, Running  --- cancel ---------------------------------------------> Cancelled
//! any that ended   --- delete, or end of the retention period -------------> Deleted
//! ```
//!
//! [`apply`] takes a job, a [`Command`] and the time, and returns the next job or the reason for a rejection. It
//! does nothing else: side effects are [`Effect`]s in the job's own outbox, so that one atomic write stores the new
//! state together with its pending effects. The job object then delivers the effects and reports back with
//! [`Command::Delivered`]; effects are idempotent and have deterministic ids, so delivering one twice is harmless.
//!
//! Three rules make duplicates, reordering and crashes harmless:
//!
//! - A claim counts the attempt before the work. A job whose document crashes the whole instance therefore fails
//!   after [`limits::MAX_ATTEMPTS`] claims, although no code of ours ran after the crash.
//! - Only the report of the holder of the current lease counts; other reports are ignored.
//! - [`Job::timer`] is derived from the state: every job that has not ended has a time at which it wakes itself, so a
//!   lost queue message costs time and never a job.

mod machine;
mod options;
mod plan;
mod source;
mod state;
mod webhooks;

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::{
    machine::{Rejected, Transition, apply},
    options::{JsonExtraction, Options, RawJson, Splitting, TaskOptions},
    plan::{Plan, Stage, Task},
    source::{JobSource, StoredFile},
    state::{Failure, State, Status},
    webhooks::{Delivery, DeliveryOutcome, Endpoint, JobEndpoint, JobWebhook, Notification, WebhookFormat},
};

use crate::{
    classify::{Decision, RuleSet, Settings},
    document::ReadOptions,
    error::{self, Error},
    extract::{Extraction, Schema},
    id::{ClassifierId, ConfigurationId, DeliveryId, JobId, LeaseId, ProjectId, SchemaId, TokenId},
    limits,
    time::Timestamp,
};

/// Where documents of a label go, and what is extracted from them there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The label of the rule. None if the job does not classify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The name of the deployment that gets them.
    pub deployment: String,
    /// The saved schema.
    pub schema_id: SchemaId,
    /// The name of the schema.
    pub schema_name: String,
    /// The schema as it was when the job was accepted. Empty in listings, in a job that does not extract, and in a large
    /// job, which refers to the version.
    #[serde(default)]
    pub schema: Schema,
    /// The version of the schema. None in listings, in a job that does not extract, and in one that 0.1.0 accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<Timestamp>,
}

/// A part of a job that may be too large for its record, and is then stored apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobPart {
    /// The mail, as [`JobSource::Mail`] has it.
    Mail,
    /// The output of the extract stage, as [`Job::extraction`] has it.
    Extraction,
    /// The output of a stage whose output is JSON, as [`Job::output`] has it.
    Output,
}

impl JobPart {
    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Extraction => "extraction",
            Self::Output => "output",
        }
    }
}

impl Route {
    /// The route without its schema, as listings have it.
    pub fn without_schema(&self) -> Self {
        Self {
            label: self.label.clone(),
            deployment: self.deployment.clone(),
            schema_id: self.schema_id,
            schema_name: self.schema_name.clone(),
            schema: Schema::default(),
            schema_version: None,
        }
    }
}

/// Data of the caller that is returned unchanged with the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct External {
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The caller's metadata: JSON, byte for byte as received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

impl External {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a job classifies: a snapshot, so that a later change of the classifier does not change a running job.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Classification {
    /// The saved classifier that it was copied from. None if the rules came with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierId>,
    /// The rules.
    pub rules: RuleSet,
    /// The settings of the engine.
    #[serde(default)]
    pub settings: Settings,
    /// Which part of the document is read.
    #[serde(default, rename = "read")]
    pub read_options: ReadOptions,
    /// What the caller asked for that makes no difference.
    #[serde(default, skip_serializing_if = "Echo::is_empty")]
    pub echo: Echo,
}

/// What a caller asked for that makes no difference to the answer, and is returned as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Echo {
    /// The name of a mode. One engine serves all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Whether the request said what is read of the document, be it only with defaults.
    pub read: bool,
}

impl Echo {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How the first stage of a submitted job is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Through the queue.
    Queue,
    /// Inline: the job object runs it immediately, under this lease.
    Inline(LeaseId),
    /// It was run before the job is stored, with this report: job and output are stored in one step.
    Done(Report),
}

/// The outcome of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The document was classified.
    Classified(Box<Decision>),
    /// Fields were extracted.
    Extracted(Box<Extraction>),
    /// Fields were extracted, and the extraction is stored apart.
    ExtractedApart,
    /// The document was fetched from its URL.
    Fetched(StoredFile),
    /// The stage has this output.
    Output(RawJson),
    /// The stage has an output, and it is stored apart.
    OutputApart,
    /// The stage failed.
    Failed(Failure),
}

impl Report {
    /// The part of the job that this says is stored apart. None if it says so of none.
    pub const fn part(&self) -> Option<JobPart> {
        match self {
            Self::ExtractedApart => Some(JobPart::Extraction),
            Self::OutputApart => Some(JobPart::Output),
            Self::Classified(_) | Self::Extracted(_) | Self::Fetched(_) | Self::Output(_) | Self::Failed(_) => None,
        }
    }
}

/// The kind of a job, by which listings are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A file is classified.
    Document,
    /// A mail is classified.
    Mail,
    /// Fields are extracted from a file without classifying it.
    Extraction,
    /// The values of a JSON Schema are extracted from a file.
    JsonExtraction,
    /// A file is parsed.
    Parse,
    /// A file is split.
    Split,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Document, Self::Mail, Self::Extraction, Self::JsonExtraction, Self::Parse, Self::Split];

    /// The kinds whose jobs may extract by a saved schema.
    pub const EXTRACTING: [Self; 2] = [Self::Document, Self::Extraction];

    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Mail => "mail",
            Self::Extraction => "extraction",
            Self::JsonExtraction => "json_extraction",
            Self::Parse => "parse",
            Self::Split => "split",
        }
    }
}

/// A side effect of a transition, to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Put a message on the stage queue.
    Enqueue {
        /// The index of the stage in the plan.
        stage: usize,
        /// How many attempts were made.
        #[serde(rename = "attempt")]
        attempts_made: u32,
        /// How often the message was enqueued again at this attempt.
        #[serde(rename = "asked")]
        redeliveries: u32,
        /// The delay of the message, in seconds.
        delay_seconds: u32,
    },
    /// Write this version of the job to the project's index.
    UpsertIndex {
        /// The version of the job; the index ignores it if it has a newer one.
        version: u64,
    },
    /// Remove the job from the project's index.
    RemoveFromIndex,
    /// Delete a part of the job that is stored apart.
    DeletePart {
        /// The part.
        part: JobPart,
    },
    /// Put a message on the queue of webhooks.
    Notify {
        /// The call.
        delivery: DeliveryId,
        /// How many attempts were made.
        attempts_made: u32,
        /// How often the message was enqueued again at this attempt.
        redeliveries: u32,
        /// The delay of the message, in seconds.
        delay_seconds: u32,
    },
}

impl Effect {
    /// The id: equal for equal effects of a job, different for all others.
    pub fn id(&self) -> String {
        match self {
            Self::Enqueue { stage, attempts_made, redeliveries, .. } => {
                format!("enqueue/{stage}/{attempts_made}/{redeliveries}")
            }
            Self::UpsertIndex { version } => format!("upsert/{version}"),
            Self::RemoveFromIndex => "remove".to_owned(),
            Self::DeletePart { part } => format!("delete/{}", part.as_str()),
            Self::Notify { delivery, attempts_made, redeliveries, .. } => {
                format!("notify/{delivery}/{attempts_made}/{redeliveries}")
            }
        }
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The id.
    pub id: JobId,
    /// The project that the job belongs to.
    pub project: ProjectId,
    /// The token that created the job.
    pub user: TokenId,
    /// The version, incremented by every change but those of the outbox and of calls of webhooks alone: when
    /// effects are delivered or their delivery is postponed, and when a call was made.
    pub version: u64,
    /// The document that it processes.
    pub source: JobSource,
    /// How it classifies. Empty if it does not.
    pub classification: Arc<Classification>,
    /// What it was asked for, if it parses, splits or extracts the values of a JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Arc<Options>>,
    /// The caller's idempotency key.
    #[serde(default, rename = "transaction", skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The stages to run.
    pub plan: Plan,
    /// The state.
    pub state: State,
    /// The routes by label. Empty once the document is classified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// The route of this document. None if it is not classified yet or has no route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Box<Route>>,
    /// The output of the classify stage. None if it is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The output of the extract stage. None if it is not done, or stored apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction: Option<Box<Extraction>>,
    /// The output of a stage whose output is JSON. None if it is not done, or stored apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<RawJson>,
    /// The version of the engine that made the last output. None if there is no output yet, or if 0.1.0 stored it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<Cow<'static, str>>,
    /// The parts that are stored apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<JobPart>,
    /// Data of the caller, returned with the result.
    #[serde(default, skip_serializing_if = "External::is_empty")]
    pub external: External,
    /// The retention period after the job has ended, in days.
    #[serde(default = "limits::retention_days")]
    pub retention_days: u32,
    /// Who is called when it changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<JobWebhook>,
    /// The calls that have not succeeded yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// When the job was accepted.
    pub created_at: Timestamp,
    /// When the job last changed.
    pub updated_at: Timestamp,
    /// The pending effects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Effect>,
    /// When to retry the delivery of the outbox; meaningless while it is empty.
    #[serde(default, rename = "flush_at")]
    pub outbox_retry_at: Timestamp,
    /// How many deliveries of the outbox failed in a row.
    #[serde(default, rename = "flush_failures")]
    pub outbox_failures: u32,
}

/// The data of a new job.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The id.
    pub id: JobId,
    /// The project that the job belongs to.
    pub project: ProjectId,
    /// The token that created the job.
    pub user: TokenId,
    /// The document that it processes.
    pub source: JobSource,
    /// How it classifies. Empty if it does not.
    pub classification: Arc<Classification>,
    /// What it was asked for, if it parses, splits or extracts the values of a JSON Schema.
    pub options: Option<Arc<Options>>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The stages to run.
    pub plan: Plan,
    /// The routes by label.
    pub routes: Vec<Route>,
    /// The route of this document. None if it is not known yet.
    pub route: Option<Box<Route>>,
    /// Data of the caller, returned with the result.
    pub external: External,
    /// The retention period after the job has ended, in days.
    pub retention_days: u32,
    /// Who is called when it changes.
    pub webhooks: Vec<JobWebhook>,
}

impl Job {
    /// A job as it is when accepted: queued, version 0, with an empty outbox.
    pub fn accepted(new: NewJob, now: Timestamp) -> Self {
        Self {
            id: new.id,
            project: new.project,
            user: new.user,
            version: 0,
            source: new.source,
            classification: new.classification,
            options: new.options,
            idempotency_key: new.idempotency_key,
            plan: new.plan,
            state: State::Queued {
                stage: 0,
                attempts_made: 0,
                not_before: now,
                redelivery_at: now + limits::REDELIVERY_INTERVAL,
                redeliveries: 0,
            },
            routes: new.routes,
            route: new.route,
            decision: None,
            extraction: None,
            output: None,
            engine_version: None,
            apart: Vec::new(),
            external: new.external,
            retention_days: new.retention_days,
            webhooks: new.webhooks,
            deliveries: Vec::new(),
            created_at: now,
            updated_at: now,
            outbox: Vec::new(),
            outbox_retry_at: now,
            outbox_failures: 0,
        }
    }

    /// The status of the job.
    pub fn status(&self) -> Status {
        match self.state {
            State::Queued { .. } => Status::Queued,
            State::Running { .. } => Status::Running,
            State::Succeeded => Status::Succeeded,
            State::Failed { .. } => Status::Failed,
            State::Cancelled => Status::Cancelled,
            State::Deleted => Status::Deleted,
        }
    }

    /// Why the job failed. None if it did not.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.state {
            State::Failed { failure } => Some(failure),
            _ => None,
        }
    }

    /// The route for `decision`. None if it has no label, or its label no route.
    pub fn route_of(&self, decision: &Decision) -> Option<Box<Route>> {
        let label = decision.label.as_ref()?;
        self.routes.iter().find(|route| route.label.as_ref() == Some(label)).cloned().map(Box::new)
    }

    /// Whether there is an output of the extract stage, in the job or apart.
    pub fn has_extraction(&self) -> bool {
        self.extraction.is_some() || self.apart.contains(&JobPart::Extraction)
    }

    /// Whether there is an output of any stage, in the job or apart.
    pub fn has_output(&self) -> bool {
        let is_apart = self.apart.iter().any(|part| *part != JobPart::Mail);
        self.decision.is_some() || self.output.is_some() || self.extraction.is_some() || is_apart
    }

    /// The kind of the job.
    pub fn kind(&self) -> JobKind {
        match (&self.source, self.plan.task) {
            (JobSource::Mail { .. }, _) => JobKind::Mail,
            (_, Task::Classify | Task::ClassifyAndExtract) => JobKind::Document,
            (_, Task::Extract) => JobKind::Extraction,
            (_, Task::ExtractJson) => JobKind::JsonExtraction,
            (_, Task::Parse) => JobKind::Parse,
            (_, Task::Split) => JobKind::Split,
        }
    }

    /// Which part of its document the job reads.
    pub fn read_options(&self) -> &ReadOptions {
        self.options.as_ref().map_or(&self.classification.read_options, |options| &options.read_options)
    }

    /// The saved configuration or classifier that the job was created with. None if it came with the request.
    pub fn saved_configuration(&self) -> Option<ConfigurationId> {
        match &self.options {
            Some(options) => options.saved,
            None => self.classification.classifier.map(ConfigurationId::from),
        }
    }

    /// When the retention period of a job that has ended is over.
    pub fn retained_until(&self) -> Timestamp {
        self.updated_at + limits::DAY.saturating_mul(self.retention_days)
    }

    /// The stage that is queued or running. None if the job has ended.
    pub fn stage(&self) -> Option<Stage> {
        match self.state {
            State::Queued { stage, .. } | State::Running { stage, .. } => self.plan.stages().get(stage).copied(),
            _ => None,
        }
    }

    /// When the job must next be woken with [`Command::Wake`]. None if the job is deleted and its outbox is empty:
    /// then it can be removed from its storage.
    pub fn timer(&self) -> Option<Timestamp> {
        let state = match &self.state {
            State::Queued { redelivery_at, .. } => Some(*redelivery_at),
            State::Running { lease_expires_at, .. } => Some(*lease_expires_at),
            State::Succeeded | State::Failed { .. } | State::Cancelled => Some(self.retained_until()),
            State::Deleted => None,
        };
        let outbox = (!self.outbox.is_empty()).then_some(self.outbox_retry_at);
        let deliveries = self.deliveries.iter().map(|delivery| delivery.redelivery_at).min();
        [state, outbox, deliveries].into_iter().flatten().min()
    }

    /// The call with this id, if it has not succeeded yet.
    pub fn delivery(&self, id: DeliveryId) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.notification.id(self.id) == id)
    }

    /// The part of the job that the index stores. The decision has only its result, without scores and evidence.
    pub fn snapshot(&self) -> Self {
        let decision = self.decision.as_ref().map(|decision| Decision {
            label: decision.label.clone(),
            confidence: decision.confidence,
            no_match: decision.no_match,
            reasoning: decision.reasoning.clone(),
            ..Decision::default()
        });
        Self {
            id: self.id,
            project: self.project,
            user: self.user,
            version: self.version,
            source: self.source.without_mail(),
            classification: Arc::clone(&self.classification),
            options: self.options.clone(),
            idempotency_key: self.idempotency_key.clone(),
            plan: self.plan,
            state: self.state.clone(),
            routes: Vec::new(),
            route: self.route.as_ref().map(|route| Box::new(route.without_schema())),
            decision,
            extraction: None,
            output: None,
            engine_version: None,
            apart: Vec::new(),
            external: External::default(),
            retention_days: self.retention_days,
            webhooks: Vec::new(),
            deliveries: Vec::new(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            outbox: Vec::new(),
            outbox_retry_at: Timestamp::default(),
            outbox_failures: 0,
        }
    }
}

/// A command to a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Accept a job. Submitting an existing job changes nothing.
    Submit {
        /// The job as it was accepted.
        job: Box<Job>,
        /// How its first stage is run.
        start: Start,
    },
    /// Return the job. Changes nothing.
    Get,
    /// Claim the next stage.
    Claim {
        /// The lease under which the claimant will report.
        lease: LeaseId,
    },
    /// Report the outcome of the claimed stage.
    Report {
        /// The lease under which it was run.
        lease: LeaseId,
        /// The outcome.
        report: Report,
    },
    /// Stop the job.
    Cancel,
    /// Delete the job. Rejected until it has ended.
    Delete,
    /// The queue gave up on a message of this job.
    DeadLetter {
        /// The index of the stage in the plan.
        stage: usize,
        /// How many attempts were made before the message was sent.
        #[serde(rename = "attempt")]
        attempts_made: u32,
    },
    /// An attempt at a call of a webhook was made.
    Notified {
        /// The call.
        delivery: DeliveryId,
        /// How many attempts were made before.
        attempts_made: u32,
        /// How it went.
        outcome: DeliveryOutcome,
    },
    /// Make a call of a webhook again that was made before.
    NotifyAgain {
        /// What it is about.
        notification: Notification,
    },
    /// The timer fired.
    Wake,
    /// These effects were delivered.
    Delivered {
        /// Their ids.
        effects: Vec<String>,
    },
    /// Delivering the outbox failed; retry later.
    Undelivered,
}

impl Rejected {
    /// The rejection as an error of the API.
    pub fn into_error(self) -> Error {
        match self {
            Self::NotFound => Error::not_found("Job not found"),
            Self::AlreadyEnded(status) => {
                Error::new(error::ErrorKind::Conflict, format!("The job has already ended: it is {}", status.as_str()))
            }
            Self::NotEnded(status) => Error::new(
                error::ErrorKind::Conflict,
                format!("The job has not ended yet: it is {}. Cancel it first", status.as_str()),
            ),
        }
    }
}
