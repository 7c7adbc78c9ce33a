//! What the index of a project does: the rows by which its jobs, files and classifiers are found and listed.
//!
//! A job's row is written when the job is accepted, before the job itself exists: one row holds the reservation of
//! its idempotency key, its place in listings, and a snapshot. The job then tells the index of every change that
//! listings show. A row whose job was never heard of again (a crash between the two writes) is found by [`sweep`],
//! which submits the job under the reserved id; submitting is idempotent.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    access,
    host::JobReply,
    ports::{Clock, FileKey, Files, Host, Jobs},
};
use crate::{
    classify::{Decision, Rule},
    document::Mail,
    error::{Error, Kind, Result, Violation},
    extract::Schema,
    id::{ClassifierId, FileId, JobId, OrganizationId, ProjectId, RuleId, SchemaId, TokenId},
    job::{self, Classification, Command, External, Job, NewJob, Route, Source, Stage, Start, State, Status},
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
    /// How many days its files, and its jobs that have ended, are kept.
    #[serde(default = "limits::retention_days")]
    pub retention_days: u32,
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
    /// The job that tells how far the file is, where one was asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
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
    /// Where documents go by their label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Target>,
    /// Ids of rules by their present label, where that label does not give them: it is not the one they began with, or
    /// another rule began with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed: BTreeMap<String, RuleId>,
    /// Whether nobody classifies with it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// When the first version was saved.
    pub created_at: Timestamp,
}

/// Where documents of a label go: a [`Route`] that names its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The label of the rule.
    pub label: String,
    /// What people call the place they go to.
    pub deployment: String,
    /// What is extracted from them there.
    pub schema: SchemaId,
}

impl Classifier {
    /// The id of the rule with this label: the same for as long as there is that rule, whatever its label becomes.
    pub fn rule_id(&self, label: &str) -> RuleId {
        self.renamed.get(label).copied().unwrap_or_else(|| self.rule_id_of(label))
    }

    /// The id that a text gives.
    fn rule_id_of(&self, text: &str) -> RuleId {
        let digest = Sha256::new().chain_update(self.id.to_string()).chain_update(text).finalize();
        RuleId::from_random(digest.first_chunk().copied().unwrap_or_default())
    }

    /// The rule of this id.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    pub fn rule(&self, id: RuleId) -> Result<&Rule> {
        let place = self.place(id)?;
        self.classification.rules.rules.get(place).ok_or_else(|| Error::internal("a place without its rule"))
    }

    /// The place of a rule in the set.
    fn place(&self, rule: RuleId) -> Result<usize> {
        let mut rules = self.classification.rules.rules.iter();
        rules.position(|one| self.rule_id(&one.label) == rule).ok_or_else(|| Error::not_found("Label not found"))
    }

    /// Makes one change to the rules.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such rule, `Conflict` when a label would be there twice, `Invalid` when there would
    /// be more than [`limits::MAX_RULES`], and at `label` when an example is of none.
    pub fn change(&mut self, change: RuleChange) -> Result<()> {
        match change {
            RuleChange::Add(rule) => {
                self.free(&rule.label)?;
                let rules = &mut self.classification.rules.rules;
                if rules.len() >= limits::MAX_RULES {
                    return Err(Error::new(Kind::Invalid, format!("There are {} labels already", limits::MAX_RULES)));
                }
                rules.push(rule);
            }
            RuleChange::Replace { rule, label, description } => {
                let place = self.place(rule)?;
                let Some(old) = self.classification.rules.rules.get(place).cloned() else { return Ok(()) };
                let label = label.unwrap_or_else(|| old.label.clone());
                if label != old.label {
                    self.free(&label)?;
                    self.renamed.remove(&old.label);
                    self.renamed.insert(label.clone(), rule);
                    for route in self.routes.iter_mut().filter(|route| route.label == old.label) {
                        route.label.clone_from(&label);
                    }
                }
                if let Some(found) = self.classification.rules.rules.get_mut(place) {
                    *found =
                        Rule { label, description: description.unwrap_or(old.description), examples: old.examples };
                }
            }
            RuleChange::Remove(rule) => {
                let place = self.place(rule)?;
                let gone = self.classification.rules.rules.remove(place);
                self.renamed.remove(&gone.label);
                self.routes.retain(|route| route.label != gone.label);
            }
            RuleChange::Example { label, text } => self.learn(&label, &text)?,
        }
        Ok(())
    }

    /// Makes `text` an example of the rule of that label, and of no other. Where examples would be too many, the oldest of
    /// the rule goes; where they would be too many bytes, the oldest of the rule that has most of them.
    fn learn(&mut self, label: &str, text: &str) -> Result<()> {
        let rules = &mut self.classification.rules.rules;
        if !rules.iter().any(|rule| rule.label == label) {
            return Err(unknown_label(label));
        }
        for rule in rules.iter_mut() {
            if rule.label != label {
                rule.examples.retain(|example| example != text);
            } else if !rule.examples.iter().any(|example| example == text) {
                rule.examples.push(text.to_owned());
                let surplus = rule.examples.len().saturating_sub(limits::MAX_EXAMPLES);
                rule.examples.drain(..surplus);
            }
        }
        let bytes =
            |rule: &Rule| -> usize { rule.examples.iter().filter(|example| *example != text).map(String::len).sum() };
        while rules.iter().map(bytes).sum::<usize>() + text.len() > limits::MAX_EXAMPLES_BYTES {
            let Some(heaviest) = rules.iter_mut().max_by_key(|rule| bytes(rule)) else { break };
            let Some(oldest) = heaviest.examples.iter().position(|example| example != text) else { break };
            heaviest.examples.remove(oldest);
        }
        Ok(())
    }

    /// Fails when there is a rule of this label.
    fn free(&self, label: &str) -> Result<()> {
        if self.classification.rules.rules.iter().any(|rule| rule.label == label) {
            return Err(Error::new(Kind::Conflict, format!("A label named {label:?} already exists")));
        }
        Ok(())
    }

    /// Drops what names rules that are no more, and gives an id of its own to a rule whose label another began with.
    fn tidy(mut self) -> Self {
        let labels: BTreeSet<String> = self.classification.rules.rules.iter().map(|rule| rule.label.clone()).collect();
        self.routes.retain(|route| labels.contains(&route.label));
        self.renamed.retain(|label, _| labels.contains(label));
        let mut taken: BTreeSet<RuleId> = self.renamed.values().copied().collect();
        for label in labels.into_iter().filter(|label| !self.renamed.contains_key(label)).collect::<Vec<_>>() {
            // No label has control characters.
            let (mut id, mut text) = (self.rule_id_of(&label), label.clone());
            if taken.contains(&id) {
                while taken.contains(&id) {
                    text.push('\0');
                    id = self.rule_id_of(&text);
                }
                self.renamed.insert(label, id);
            }
            taken.insert(id);
        }
        self
    }
}

fn unknown_label(label: &str) -> Error {
    Error::invalid(vec![Violation {
        pointer: vec!["label".into()],
        reason: "value_error".to_owned(),
        message: "Value error, no rule of the classifier has this label".to_owned(),
        input: Some(label.into()),
        context: None,
    }])
}

/// One change to the rules of a classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleChange {
    /// Add a rule behind the others.
    Add(Rule),
    /// Change a rule; what is absent stays.
    Replace {
        /// Which.
        rule: RuleId,
        /// The new label.
        label: Option<String>,
        /// The new description.
        description: Option<String>,
    },
    /// Remove a rule, and the route of its label.
    Remove(RuleId),
    /// Make a text an example of a label, and of no other. Examples make room, oldest first, where the limits ask for it.
    Example {
        /// Of which.
        label: String,
        /// The text.
        text: String,
    },
}

/// What a new version of a classifier changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// The name; as before when absent.
    pub name: Option<String>,
    /// What it classifies with; as before when absent.
    pub classification: Option<Classification>,
    /// Where documents go by their label; as before when absent.
    pub routes: Option<Vec<Target>>,
    /// Whether nobody classifies with the new version until it is published.
    pub draft: bool,
}

/// A saved schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedSchema {
    /// Which.
    pub id: SchemaId,
    /// What people call it. Unique in the project.
    pub name: String,
    /// What is extracted.
    pub schema: Schema,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a job gets its rules from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rules {
    /// From the request.
    Inline(Box<Classification>),
    /// From the newest published version of a saved classifier.
    Saved(ClassifierId),
    /// There are none: the fields of this schema are wanted.
    Schema(SchemaId),
}

/// What a job is to work on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An uploaded file.
    File {
        /// Which.
        id: FileId,
        /// Whether the job becomes the one that tells how far the file is. Then there must be no open one.
        current: bool,
    },
    /// A mail.
    Mail(Box<Mail>),
}

/// A job that somebody wants: what the index needs to accept it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The id the job gets.
    pub id: JobId,
    /// The token that asks.
    pub user: TokenId,
    /// What to work on.
    pub subject: Subject,
    /// The rules.
    pub rules: Rules,
    /// The caller's idempotency key.
    pub transaction: Option<String>,
    /// What is to be done, in order.
    pub plan: Vec<Stage>,
    /// What the caller wants back.
    #[serde(default)]
    pub external: External,
}

/// Which jobs to list. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFilter {
    /// Only jobs about this.
    pub kind: Option<job::Kind>,
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
    /// Only this classifier.
    pub id: Option<ClassifierId>,
    /// Only the classifier of this name.
    pub name: Option<String>,
    /// Only the newest version of each.
    pub latest_only: bool,
    /// Also versions that are not published.
    pub drafts: bool,
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
    /// Change the project. What is absent stays.
    ChangeProject {
        /// The new name.
        name: Option<String>,
        /// How many days its files and its jobs are kept from now on.
        retention_days: Option<u32>,
    },
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
        /// What it is made of. What is absent stays, or is empty in a new classifier.
        change: Change,
    },
    /// Change a classifier. The change is a new version.
    ChangeClassifier {
        /// Which.
        id: ClassifierId,
        /// What changes.
        change: Change,
    },
    /// Make one change to the rules of a classifier's published version.
    ChangeRules {
        /// Which classifier.
        id: ClassifierId,
        /// What changes.
        change: RuleChange,
        /// Whether the change is of the newest version, published or not, and makes a draft. A draft is changed in place,
        /// so that many small changes are one version.
        #[serde(default)]
        draft: bool,
    },
    /// Classify with the newest version of a classifier from now on.
    PublishClassifier {
        /// Which.
        id: ClassifierId,
    },
    /// The newest version of a classifier.
    GetClassifier {
        /// Which.
        id: ClassifierId,
        /// Whether a version that is not published will do.
        #[serde(default)]
        draft: bool,
    },
    /// Save a schema under a name: a new one, or another content of the one of that name.
    SaveSchema {
        /// The id that a new schema gets.
        id: SchemaId,
        /// The name.
        name: String,
        /// What is extracted.
        schema: Schema,
    },
    /// Change a schema.
    ChangeSchema {
        /// Which.
        id: SchemaId,
        /// The new name; as before when absent.
        name: Option<String>,
        /// What is extracted; as before when absent.
        schema: Option<Schema>,
    },
    /// A schema.
    GetSchema {
        /// Which.
        id: SchemaId,
    },
    /// Remove a schema. Refused while a classifier routes to it.
    DeleteSchema {
        /// Which.
        id: SchemaId,
    },
    /// List all schemas, by name.
    ListSchemas,
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
    /// The classifier is not in the project, or was never published.
    UnknownClassifier,
    /// The schema is not in the project.
    UnknownSchema,
    /// The file was classified, and goes to another schema.
    OtherSchema(SchemaId),
    /// The file's job has not ended.
    InProgress(JobId),
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
    /// A schema; nothing when there is none.
    Schema(Option<Box<SavedSchema>>),
    /// Schemas.
    Schemas(Vec<SavedSchema>),
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<Box<Route>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external: Option<External>,
    #[serde(default = "limits::retention_days")]
    retention_days: u32,
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
            routes: job.routes.clone(),
            route: job.route.clone(),
            decision: job.decision.clone(),
            external: Some(job.external.clone()).filter(|external| *external != External::default()),
            retention_days: job.retention_days,
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
            routes: self.routes,
            route: self.route,
            decision: self.decision,
            extraction: None,
            external: self.external.unwrap_or_default(),
            retention_days: self.retention_days,
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

    /// The newest version of the classifier of this id: with `draft` of all, else of the published ones.
    fn classifier(&self, id: ClassifierId, draft: bool) -> Result<Option<Classifier>>;

    /// The newest version of the classifier of this name, published or not.
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

    /// The schema of this id.
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>>;

    /// All schemas, by name.
    fn schemas(&self) -> Result<Vec<SavedSchema>>;

    /// Stores a schema.
    fn put_schema(&self, schema: &SavedSchema) -> Result<()>;

    /// Removes a schema.
    fn remove_schema(&self, id: SchemaId) -> Result<()>;

    /// Files that were made before `before`, oldest first, at most `limit`.
    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>>;
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
        IndexCommand::ChangeProject { name, retention_days } => {
            let Some(old) = store.project()? else { return Ok(IndexReply::Project(None)) };
            let name = name.unwrap_or_else(|| old.name.clone());
            let retention_days = retention_days.unwrap_or(old.retention_days);
            let project = if (&name, retention_days) == (&old.name, old.retention_days) {
                old
            } else {
                Project { name, retention_days, updated_at: now, ..old }
            };
            store.put_project(&project)?;
            Ok(IndexReply::Project(Some(project)))
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
        IndexCommand::SaveClassifier { id, name, change } => match store.classifier_named(&name)? {
            None => {
                let empty = Classifier {
                    id,
                    name,
                    version: now,
                    classification: Classification::default(),
                    routes: Vec::new(),
                    renamed: BTreeMap::new(),
                    draft: change.draft,
                    created_at: now,
                };
                put_classifier(store, Classifier { version: now, ..next_version(empty, change, now) })
            }
            Some(old) => {
                let next = next_version(old.clone(), change, now);
                let same = Classifier { version: old.version, ..next.clone() } == old;
                put_classifier(store, if same { old } else { next })
            }
        },
        IndexCommand::ChangeClassifier { id, change } => {
            let Some(old) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            if let Some(name) = &change.name
                && store.classifier_named(name)?.is_some_and(|other| other.id != id)
            {
                return Err(Error::new(Kind::Conflict, format!("The name {name:?} is taken")));
            }
            put_classifier(store, next_version(old, change, now))
        }
        IndexCommand::ChangeRules { id, change, draft: false } => {
            let Some(old) = store.classifier(id, false)? else { return Ok(IndexReply::Classifier(None)) };
            let mut next = Classifier { version: later(&old, now), ..old };
            next.change(change)?;
            put_classifier(store, next)
        }
        IndexCommand::ChangeRules { id, change, draft: true } => {
            let Some(old) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            let mut next = old.clone();
            next.change(change)?;
            if next == old {
                return Ok(IndexReply::Classifier(Some(Box::new(old))));
            }
            let version = if old.draft { old.version } else { later(&old, now) };
            put_classifier(store, Classifier { version, draft: true, ..next })
        }
        IndexCommand::PublishClassifier { id } => {
            let Some(newest) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            if !newest.draft {
                return Ok(IndexReply::Classifier(Some(Box::new(newest))));
            }
            put_classifier(store, Classifier { version: later(&newest, now), draft: false, ..newest })
        }
        IndexCommand::GetClassifier { id, draft } => {
            Ok(IndexReply::Classifier(store.classifier(id, draft)?.map(Box::new)))
        }
        IndexCommand::DeleteClassifier { id } => {
            let known = store.classifier(id, true)?;
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
        IndexCommand::SaveSchema { id, name, schema } => {
            let old = store.schemas()?.into_iter().find(|saved| saved.name == name);
            match old {
                Some(old) if old.schema == schema => Ok(IndexReply::Schema(Some(Box::new(old)))),
                Some(old) => put_schema(store, SavedSchema { schema, updated_at: now, ..old }),
                None => put_schema(store, SavedSchema { id, name, schema, created_at: now, updated_at: now }),
            }
        }
        IndexCommand::ChangeSchema { id, name, schema } => {
            let Some(old) = store.schema(id)? else { return Ok(IndexReply::Schema(None)) };
            if let Some(name) = &name
                && store.schemas()?.iter().any(|other| other.id != id && other.name == *name)
            {
                return Err(Error::new(Kind::Conflict, format!("The name {name:?} is taken")));
            }
            let (name, schema) = (name.unwrap_or(old.name), schema.unwrap_or(old.schema));
            put_schema(store, SavedSchema { name, schema, updated_at: now, ..old })
        }
        IndexCommand::GetSchema { id } => Ok(IndexReply::Schema(store.schema(id)?.map(Box::new))),
        IndexCommand::DeleteSchema { id } => {
            for drafts in [false, true] {
                let newest = ClassifierFilter { latest_only: true, drafts, ..ClassifierFilter::default() };
                let classifiers = store.classifiers(&newest, None, u32::MAX)?;
                let user = classifiers.iter().find(|one| one.routes.iter().any(|route| route.schema == id));
                if let Some(user) = user {
                    let why = format!("The classifier {:?} routes to the schema", user.name);
                    return Err(Error::new(Kind::Conflict, why));
                }
            }
            let known = store.schema(id)?;
            store.remove_schema(id)?;
            Ok(IndexReply::Schema(known.map(Box::new)))
        }
        IndexCommand::ListSchemas => Ok(IndexReply::Schemas(store.schemas()?)),
    }
}

fn put_schema(store: &impl IndexStore, schema: SavedSchema) -> Result<IndexReply> {
    store.put_schema(&schema)?;
    Ok(IndexReply::Schema(Some(Box::new(schema))))
}

fn reserve(store: &impl IndexStore, wanted: Reservation, project: ProjectId, now: Timestamp) -> Result<IndexReply> {
    if let Some(transaction) = &wanted.transaction
        && let Some(job) = store.job_of(transaction)?
    {
        return Ok(IndexReply::Existing(Box::new(job)));
    }
    let refused = |refusal| Ok(IndexReply::Refused(refusal));
    let mut file = None;
    let source = match wanted.subject {
        Subject::Mail(mail) => Source::Mail { mail: Some(mail) },
        Subject::File { id, current } => {
            let Some(found) = store.file(id)? else { return refused(Refusal::UnknownFile) };
            let Some(size) = found.size else { return refused(Refusal::FileNotUploaded) };
            file = current.then_some(found);
            Source::File { id, size }
        }
    };
    let before = file.as_ref().and_then(|file| file.job).map(|job| store.job(job)).transpose()?.flatten();
    if let Some(job) = before.as_ref().filter(|job| !job.status().is_final()) {
        return refused(Refusal::InProgress(job.id));
    }
    let (mut routes, mut route) = (Vec::new(), None);
    let classification = match wanted.rules {
        Rules::Inline(classification) => *classification,
        Rules::Saved(id) => {
            let Some(classifier) = store.classifier(id, false)? else { return refused(Refusal::UnknownClassifier) };
            // Only who follows a file is told where it goes.
            if file.is_some() {
                routes = routes_of(store, &classifier)?;
            }
            Classification { classifier: Some(id), ..classifier.classification }
        }
        Rules::Schema(id) => {
            let Some(saved) = store.schema(id)? else { return refused(Refusal::UnknownSchema) };
            let known = before.and_then(|job| job.route);
            if let Some(other) = known.as_ref().filter(|route| route.schema_id != id) {
                return refused(Refusal::OtherSchema(other.schema_id));
            }
            route = Some(Box::new(route_to(known.map(|route| route.deployment), saved)));
            Classification::default()
        }
    };
    let retention_days = store.project()?.map_or(limits::RETENTION_DAYS, |project| project.retention_days);
    let job = Job::accepted(
        NewJob {
            id: wanted.id,
            project,
            user: wanted.user,
            source,
            classification: Arc::new(classification),
            transaction: wanted.transaction,
            plan: wanted.plan,
            routes,
            route,
            external: wanted.external,
            retention_days,
        },
        now,
    );
    store.put_job(&job, now)?;
    if let Some(file) = file {
        store.put_file(&File { job: Some(job.id), ..file })?;
    }
    Ok(IndexReply::Accepted(Box::new(job)))
}

fn routes_of(store: &impl IndexStore, classifier: &Classifier) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for target in &classifier.routes {
        // A schema that is routed to cannot be removed, so it is there.
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

fn put_classifier(store: &impl IndexStore, classifier: Classifier) -> Result<IndexReply> {
    let classifier = classifier.tidy();
    for target in &classifier.routes {
        if store.schema(target.schema)?.is_none() {
            return Err(Error::new(Kind::Invalid, format!("There is no schema {} to route to", target.schema)));
        }
    }
    store.put_classifier(&classifier)?;
    Ok(IndexReply::Classifier(Some(Box::new(classifier))))
}

fn later(old: &Classifier, now: Timestamp) -> Timestamp {
    now.max(old.version + Duration::from_millis(1))
}

fn next_version(old: Classifier, change: Change, now: Timestamp) -> Classifier {
    Classifier {
        version: later(&old, now),
        name: change.name.unwrap_or(old.name),
        classification: change.classification.unwrap_or(old.classification),
        routes: change.routes.unwrap_or(old.routes),
        draft: change.draft,
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

/// When the index must look after itself at the latest, because of `command`.
pub fn timer(command: &IndexCommand, now: Timestamp) -> Option<Timestamp> {
    match command {
        IndexCommand::Reserve(_) => Some(now + limits::SWEEP_AFTER),
        IndexCommand::PutFile(_) => Some(now + limits::DAY),
        _ => None,
    }
}

/// What the timer of an index does: asks after jobs that are open and were not heard of for a while, submits those that
/// were accepted and never arrived, and removes files that have been kept long enough. Returns when it must come again.
///
/// # Errors
///
/// `Internal` when the storage fails. What cannot be reached is tried again next time.
pub async fn sweep(
    store: &impl IndexStore,
    ports: &(impl Jobs + Files + Clock + Host),
    project: ProjectId,
) -> Result<Option<Timestamp>> {
    let unheard = ports.now().before(limits::SWEEP_AFTER);
    for job in store.unheard_jobs(unheard, limits::SWEEP_JOBS)? {
        let id = job.id;
        let command =
            if job.version == 0 { Command::Submit { job: Box::new(job), start: Start::Queue } } else { Command::Get };
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
    let days = store.project()?.map_or(limits::RETENTION_DAYS, |project| project.retention_days);
    let old = ports.now().before(limits::DAY.saturating_mul(days));
    let files = store.old_files(old, limits::SWEEP_FILES)?;
    let more = u32::try_from(files.len()).is_ok_and(|count| count == limits::SWEEP_FILES);
    for file in files {
        // The bytes first, so that a removal that is cut off is made again.
        match ports.delete(FileKey { project, file }).await {
            Ok(()) => store.remove_file(file)?,
            Err(error) => ports.log(&format!("index {project}: file {file} cannot be removed: {error:#}")),
        }
    }
    Ok(if more || store.has_open_jobs()? {
        Some(ports.now() + limits::SWEEP_AFTER)
    } else {
        // Every file has its last day.
        (!store.old_files(Timestamp::from_millis(i64::MAX), 1)?.is_empty()).then(|| ports.now() + limits::DAY)
    })
}
