//! A job, as a pure state machine.
//!
//! ```text
//!              submit               claim(lease)               finish(lease), last stage
//!  (none) --------> Queued{stage} ---------> Running{stage, attempt, lease, until} -----> Succeeded
//!                      ^  | cancel               | finish(lease), more stages -> Queued{next}
//!                      |  +------> Cancelled <---+ cancel
//!                      +--- retryable failure, or lease expired, attempts left (not before = backoff)
//!                                                + permanent failure, attempts spent, dead letter ---> Failed
//!  final --(retention timer, or delete)--> Purged
//! ```
//!
//! [`apply`] takes a job, a [`Command`] and the time, and gives the next job or the reason why not. It does nothing
//! else: what must happen outside is left as [`Effect`]s in the job's own outbox, so that one atomic write stores the
//! new state together with everything still owed because of it. Whoever stores the job then delivers the effects
//! and reports back with [`Command::Delivered`]; effects are idempotent and have deterministic ids, so delivering
//! one twice is harmless.
//!
//! Three rules make duplicates, reordering and crashes harmless:
//!
//! - A claim counts the attempt before the work. A document that kills the whole instance is therefore given up
//!   after [`limits::MAX_ATTEMPTS`] claims although no code of ours ran after the crash.
//! - Only the holder of the live lease can finish or fail a stage; anybody else's report is ignored.
//! - [`Job::timer`] is derived from the state: whatever is not final has a moment at which the job looks after
//!   itself, so losing a queue message costs time and never a job.

mod machine;

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};

pub use machine::{Outcome, Rejected, apply};

use crate::{
    classify::{Decision, RuleSet, Settings},
    document::{Mail, ReadOptions},
    error::{self, Error},
    extract::{Extraction, Schema},
    id::{ClassifierId, FileId, JobId, LeaseId, ProjectId, SchemaId, TokenId},
    limits,
    time::Timestamp,
};

/// What a job works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An uploaded file.
    File {
        /// The file.
        id: FileId,
        /// Its size in bytes, as it was stored when the job was accepted.
        size: u64,
    },
    /// A mail that came with the request.
    Mail {
        /// The mail; nothing in what listings show.
        mail: Option<Box<Mail>>,
    },
}

/// Where documents of a label go, and what is extracted from them there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The label of the rule; nothing when nobody classified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What people call the place they go to.
    pub deployment: String,
    /// The saved schema.
    pub schema_id: SchemaId,
    /// What people call the schema.
    pub schema_name: String,
    /// The schema as it was when the job was accepted; empty in what listings show.
    #[serde(default)]
    pub schema: Schema,
}

/// What the caller wants back with the result, unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct External {
    /// The caller's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// JSON, byte for byte as it came.
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
    /// The saved classifier it was taken from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierId>,
    /// The rules.
    pub rules: RuleSet,
    /// What the engine takes into account besides.
    #[serde(default)]
    pub settings: Settings,
    /// What is read of the document.
    #[serde(default)]
    pub read: ReadOptions,
}

/// A step of a job's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Hold the document against the rules.
    Classify,
    /// Find the fields of the route's schema in it.
    Extract,
}

/// How the first stage of a submitted job comes about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// It is queued.
    Queue,
    /// Whoever stores the job runs it, at once, under this lease.
    Here(LeaseId),
    /// It was run before the job is stored, and this came out: job and output are stored in one step.
    Done(Report),
}

/// What came out of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The document was classified.
    Classified(Box<Decision>),
    /// Fields were looked for.
    Extracted(Box<Extraction>),
    /// It failed.
    Failed(Failure),
}

/// Why a job, or one attempt at it, failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code, such as `PDF_IS_PROTECTED`.
    pub code: String,
    /// The sentence for a person.
    pub message: String,
    /// Whether another attempt may succeed.
    pub retryable: bool,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            retryable: error.kind().is_retryable(),
        }
    }
}

/// Where a job is. See the picture in the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "at")]
pub enum State {
    /// Waiting for somebody to claim the stage.
    Queued {
        /// The place of the stage in the plan.
        stage: usize,
        /// Attempts already made at this stage.
        attempt: u32,
        /// No earlier than this.
        not_before: Timestamp,
        /// When the job asks for a worker again, because the last asking may have been lost.
        ask_again: Timestamp,
        /// How often it has asked again at this attempt.
        asked: u32,
    },
    /// Somebody holds the stage.
    Running {
        /// The place of the stage in the plan.
        stage: usize,
        /// The attempt being made, from 1.
        attempt: u32,
        /// Whoever shows this holds the stage.
        lease: LeaseId,
        /// When the holder is given up.
        until: Timestamp,
    },
    /// Done, with an output.
    Succeeded,
    /// Given up.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Stopped by request.
    Cancelled,
    /// Removed: only what is owed to the outside keeps it.
    Purged,
}

/// What jobs are about; what listings keep apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A file is classified.
    Document,
    /// A mail is classified.
    Mail,
    /// Fields of a file are looked for that nobody classified.
    Extraction,
}

impl Kind {
    /// The word that storage uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Mail => "mail",
            Self::Extraction => "extraction",
        }
    }
}

/// The name of a state without its detail; what listings filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting.
    Queued,
    /// In somebody's hands.
    Running,
    /// Done.
    Succeeded,
    /// Given up.
    Failed,
    /// Stopped by request.
    Cancelled,
    /// Removed.
    Purged,
}

impl Status {
    /// Every status, for tables that must not lack one.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::Purged];

    /// The word that storage uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Purged => "purged",
        }
    }

    /// Whether nothing but removal can follow.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// Something owed to the outside because of a transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Put a message on the stage queue.
    Enqueue {
        /// The place of the stage in the plan.
        stage: usize,
        /// Attempts made before.
        attempt: u32,
        /// How often it has been asked for at this attempt.
        asked: u32,
        /// Not to be delivered before this many seconds.
        delay_seconds: u32,
    },
    /// Show this version of the job in the project's index.
    UpsertIndex {
        /// The version of the job to show; the index ignores it when it knows a newer one.
        version: u64,
    },
    /// Take the job out of the project's index.
    RemoveFromIndex,
}

impl Effect {
    /// The id: the same for the same effect of the same job, different for every other.
    pub fn id(&self) -> String {
        match self {
            Self::Enqueue { stage, attempt, asked, .. } => format!("enqueue/{stage}/{attempt}/{asked}"),
            Self::UpsertIndex { version } => format!("upsert/{version}"),
            Self::RemoveFromIndex => "remove".to_owned(),
        }
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub project: ProjectId,
    /// The token that asked for it.
    pub user: TokenId,
    /// Rises by one with every change.
    pub version: u64,
    /// What it works on.
    pub source: Source,
    /// How it classifies.
    pub classification: Arc<Classification>,
    /// The caller's idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// What is to be done, in order.
    pub plan: Vec<Stage>,
    /// Where it is.
    pub state: State,
    /// Where documents go by their label, while that is not decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Where this document goes, once that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Box<Route>>,
    /// The output of the classify stage, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The output of the extract stage, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction: Option<Box<Extraction>>,
    /// The version of the engine that made the last output. None if there is no output yet, or if 0.1.0 stored it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<Cow<'static, str>>,
    /// What the caller wants back.
    #[serde(default, skip_serializing_if = "External::is_empty")]
    pub external: External,
    /// How long it is kept after it has ended, in days.
    #[serde(default = "limits::retention_days")]
    pub retention_days: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What is owed to the outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Effect>,
    /// When to try again to deliver the outbox; meaningless while it is empty.
    #[serde(default)]
    pub flush_at: Timestamp,
    /// Deliveries of the outbox that failed in a row.
    #[serde(default)]
    pub flush_failures: u32,
}

/// What it takes to accept a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewJob {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub project: ProjectId,
    /// The token that asked for it.
    pub user: TokenId,
    /// What it works on.
    pub source: Source,
    /// How it classifies.
    pub classification: Arc<Classification>,
    /// The caller's idempotency key.
    pub transaction: Option<String>,
    /// What is to be done, in order.
    pub plan: Vec<Stage>,
    /// Where documents go by their label.
    pub routes: Vec<Route>,
    /// Where this document goes, when that is known.
    pub route: Option<Box<Route>>,
    /// What the caller wants back.
    pub external: External,
    /// How long it is kept after it has ended, in days.
    pub retention_days: u32,
}

impl Job {
    /// The job as it is the moment it is accepted: queued, version 0, nothing owed yet.
    pub fn accepted(new: NewJob, now: Timestamp) -> Self {
        Self {
            id: new.id,
            project: new.project,
            user: new.user,
            version: 0,
            source: new.source,
            classification: new.classification,
            transaction: new.transaction,
            plan: new.plan,
            state: State::Queued {
                stage: 0,
                attempt: 0,
                not_before: now,
                ask_again: now + limits::ASK_AGAIN,
                asked: 0,
            },
            routes: new.routes,
            route: new.route,
            decision: None,
            extraction: None,
            engine_version: None,
            external: new.external,
            retention_days: new.retention_days,
            created_at: now,
            updated_at: now,
            outbox: Vec::new(),
            flush_at: now,
            flush_failures: 0,
        }
    }

    /// The name of the state.
    pub fn status(&self) -> Status {
        match self.state {
            State::Queued { .. } => Status::Queued,
            State::Running { .. } => Status::Running,
            State::Succeeded => Status::Succeeded,
            State::Failed { .. } => Status::Failed,
            State::Cancelled => Status::Cancelled,
            State::Purged => Status::Purged,
        }
    }

    /// Why the job failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.state {
            State::Failed { failure } => Some(failure),
            _ => None,
        }
    }

    /// Where a document goes that was decided so.
    pub fn route_of(&self, decision: &Decision) -> Option<Box<Route>> {
        let label = decision.label.as_ref()?;
        self.routes.iter().find(|route| route.label.as_ref() == Some(label)).cloned().map(Box::new)
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        match (&self.source, self.plan.first()) {
            (Source::Mail { .. }, _) => Kind::Mail,
            (Source::File { .. }, Some(Stage::Extract)) => Kind::Extraction,
            (Source::File { .. }, _) => Kind::Document,
        }
    }

    /// Until when a job that has ended is kept.
    pub fn kept_until(&self) -> Timestamp {
        self.updated_at + limits::DAY.saturating_mul(self.retention_days)
    }

    /// The stage that is waiting or being run.
    pub fn stage(&self) -> Option<Stage> {
        match self.state {
            State::Queued { stage, .. } | State::Running { stage, .. } => self.plan.get(stage).copied(),
            _ => None,
        }
    }

    /// The moment at which the job must look after itself again; [`Command::Wake`] is what it does then. Nothing
    /// only when the job is purged and owes nothing: then its storage can go.
    pub fn timer(&self) -> Option<Timestamp> {
        let state = match &self.state {
            State::Queued { ask_again, .. } => Some(*ask_again),
            State::Running { until, .. } => Some(*until),
            State::Succeeded | State::Failed { .. } | State::Cancelled => Some(self.kept_until()),
            State::Purged => None,
        };
        let outbox = (!self.outbox.is_empty()).then_some(self.flush_at);
        match (state, outbox) {
            (Some(state), Some(outbox)) => Some(state.min(outbox)),
            (state, outbox) => state.or(outbox),
        }
    }

    /// The job without what only its own storage needs: what the index shows. Of the decision only the answer, without
    /// what it was weighed from.
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
            source: match &self.source {
                Source::Mail { .. } => Source::Mail { mail: None },
                file @ Source::File { .. } => file.clone(),
            },
            classification: Arc::clone(&self.classification),
            transaction: self.transaction.clone(),
            plan: self.plan.clone(),
            state: self.state.clone(),
            routes: Vec::new(),
            route: self.route.as_ref().map(|route| Box::new(Route { schema: Schema::default(), ..(**route).clone() })),
            decision,
            extraction: None,
            engine_version: None,
            external: External::default(),
            retention_days: self.retention_days,
            created_at: self.created_at,
            updated_at: self.updated_at,
            outbox: Vec::new(),
            flush_at: Timestamp::default(),
            flush_failures: 0,
        }
    }
}

/// What can be asked of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Accept a job. Submitting a job that is there changes nothing.
    Submit {
        /// The job as it was accepted.
        job: Box<Job>,
        /// How its first stage comes about.
        start: Start,
    },
    /// Tell what the job is. Changes nothing.
    Get,
    /// Take the next stage.
    Claim {
        /// What the claimer will show when it reports.
        lease: LeaseId,
    },
    /// The claimed stage was run.
    Report {
        /// The lease under which it was run.
        lease: LeaseId,
        /// What came out.
        report: Report,
    },
    /// Stop the job.
    Cancel,
    /// Remove the job. Refused while it is not final.
    Delete,
    /// The queue gave up on a message of this job.
    DeadLetter {
        /// The place of the stage in the plan.
        stage: usize,
        /// Attempts made before the message was sent.
        attempt: u32,
    },
    /// The timer fired.
    Wake,
    /// These effects were delivered.
    Delivered {
        /// Their ids.
        effects: Vec<String>,
    },
    /// Delivering the outbox failed; try later.
    Undelivered,
}

impl Rejected {
    /// The rejection as an error of the API.
    pub fn into_error(self) -> Error {
        match self {
            Self::Unknown => Error::not_found("Job not found"),
            Self::Final(status) => {
                Error::new(error::Kind::Conflict, format!("The job has already ended: it is {}", status.as_str()))
            }
            Self::Unfinished(status) => Error::new(
                error::Kind::Conflict,
                format!("The job has not ended yet: it is {}. Cancel it first", status.as_str()),
            ),
        }
    }
}
