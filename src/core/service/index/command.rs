//! What is asked of an index, and what it answers.

use serde::{Deserialize, Serialize};

use super::{Change, Classifier, File, JobRows, Project, RuleChange, SavedSchema};
use crate::{
    document::Mail,
    error::{Error, Kind, Result},
    extract::Schema,
    id::{ClassifierId, FileId, JobId, SchemaId, TokenId},
    job::{self, Classification, External, Job, Stage, Status},
    time::Timestamp,
};

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

/// Cuts `rows` to `size` and tells whether there were more.
pub(in crate::service) fn cut<T>(rows: &mut Vec<T>, size: u32) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    more
}

pub(in crate::service) fn cursor(moment: Timestamp, id: &impl ToString) -> Cursor {
    Cursor { key: moment.as_millis().to_string(), id: id.to_string() }
}

pub(super) fn moment_and_id<T: std::str::FromStr>(cursor: &Cursor) -> Result<(Timestamp, T)> {
    let moment = cursor.key.parse().map(Timestamp::from_millis).map_err(|_| bad_cursor())?;
    let id = cursor.id.parse().map_err(|_| bad_cursor())?;
    Ok((moment, id))
}

/// The refusal of a [`Cursor`] that no listing gave out.
pub fn bad_cursor() -> Error {
    Error::new(Kind::Invalid, "The page token is not one of ours")
}
