//! The commands of an index, and its replies.

use serde::{Deserialize, Serialize};

use super::{ClassifierChange, ClassifierVersion, File, JobRows, Project, RuleChange, SavedSchema};
use crate::{
    document::Mail,
    error::{Error, ErrorKind, Result},
    extract::Schema,
    id::{ClassifierId, FileId, JobId, SchemaId, TokenId},
    job::{self, Classification, External, Job, Stage, Status},
    time::Timestamp,
};

/// Where a job gets its rules from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleSource {
    /// From the request.
    Inline(Box<Classification>),
    /// From the newest published version of a saved classifier.
    Saved(ClassifierId),
    /// No rules: the job extracts the fields of this schema.
    Schema(SchemaId),
}

/// What a job works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobInput {
    /// An uploaded file.
    File {
        /// The id of the file.
        id: FileId,
        /// Whether the job becomes the file's current job, which holds its processing status. The file must then have
        /// no open current job.
        current: bool,
    },
    /// A mail.
    Mail(Box<Mail>),
}

/// A requested job: what the index needs to accept it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The id that the job gets.
    pub id: JobId,
    /// The caller's token.
    pub user: TokenId,
    /// What to work on.
    pub input: JobInput,
    /// Where the rules come from.
    pub rule_source: RuleSource,
    /// The caller's idempotency key.
    pub transaction: Option<String>,
    /// The stages to run, in order.
    pub plan: Vec<Stage>,
    /// The caller's own data, returned with the job.
    #[serde(default)]
    pub external: External,
}

/// A filter of jobs. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobFilter {
    /// Only jobs of this kind.
    pub kind: Option<job::JobKind>,
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

/// A filter of files. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FileFilter {
    /// Only these files.
    pub ids: Option<Vec<FileId>>,
    /// Only files with exactly this name.
    pub name: Option<String>,
    /// Only files with this id from the uploader.
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

/// A filter of versions of classifiers. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassifierFilter {
    /// Only this classifier.
    pub id: Option<ClassifierId>,
    /// Only the classifier with this name.
    pub name: Option<String>,
    /// Only the newest version of each classifier.
    pub latest_only: bool,
    /// Include drafts.
    pub drafts: bool,
}

/// A position in a listing: the sort key and id of the last row seen. The next page begins after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The sort key: a time in milliseconds, or a name; empty if rows are sorted by id alone.
    pub key: String,
    /// The id.
    pub id: String,
}

/// A request for one page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// The maximum number of rows.
    pub size: u32,
    /// The row before the page; None for the first page.
    #[serde(default)]
    pub after: Option<Cursor>,
}

/// A page of a listing. Never empty if `next` is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; None if this is the last.
    #[serde(default)]
    pub next: Option<Cursor>,
}

/// A command to an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexCommand {
    /// Create the project, or replace it if it exists.
    PutProject(Project),
    /// Change the project. Absent fields stay as they are.
    ChangeProject {
        /// The new name.
        name: Option<String>,
        /// How many days its files and its jobs are kept from now on.
        retention_days: Option<u32>,
    },
    /// Get the project.
    GetProject,
    /// Accept a job.
    Reserve(Box<Reservation>),
    /// Store a newer snapshot of a job.
    UpsertJob {
        /// The snapshot.
        job: Box<Job>,
    },
    /// Remove the row of a job.
    RemoveJob {
        /// The id of the job.
        job: JobId,
    },
    /// List jobs, newest first.
    ListJobs {
        /// Which jobs.
        filter: JobFilter,
        /// Which page.
        page: PageRequest,
    },
    /// Add a file, or replace its row.
    PutFile(File),
    /// Get a file.
    GetFile {
        /// The id of the file.
        file: FileId,
    },
    /// Remove the row of a file. The caller deletes its bytes.
    DeleteFile {
        /// The id of the file.
        file: FileId,
    },
    /// List files.
    ListFiles {
        /// Which files.
        filter: FileFilter,
        /// The sort order.
        order: FileOrder,
        /// Which page.
        page: PageRequest,
    },
    /// Save a classifier under a name: create it, or add a version to the classifier that has the name. Saving what
    /// equals the newest version changes nothing.
    SaveClassifier {
        /// The id that a new classifier gets.
        id: ClassifierId,
        /// The name.
        name: String,
        /// The content. Absent fields stay as they are, and are empty in a new classifier.
        change: ClassifierChange,
    },
    /// Change a classifier, which adds a version.
    ChangeClassifier {
        /// The id of the classifier.
        id: ClassifierId,
        /// The change.
        change: ClassifierChange,
    },
    /// Make one change to the rules of a classifier's published version.
    ChangeRules {
        /// The id of the classifier.
        id: ClassifierId,
        /// The change.
        change: RuleChange,
        /// Whether to change the newest version instead, published or not, into a draft. A draft is changed in place,
        /// so that many small changes are one version.
        #[serde(default)]
        draft: bool,
    },
    /// Publish the newest version of a classifier.
    PublishClassifier {
        /// The id of the classifier.
        id: ClassifierId,
    },
    /// Get the newest version of a classifier.
    GetClassifier {
        /// The id of the classifier.
        id: ClassifierId,
        /// Whether the version may be a draft.
        #[serde(default)]
        draft: bool,
    },
    /// Save a schema under a name: create it, or replace the content of the schema that has the name.
    SaveSchema {
        /// The id that a new schema gets.
        id: SchemaId,
        /// The name.
        name: String,
        /// What to extract.
        schema: Schema,
    },
    /// Change a schema. Absent fields stay as they are.
    ChangeSchema {
        /// The id of the schema.
        id: SchemaId,
        /// The new name.
        name: Option<String>,
        /// What to extract.
        schema: Option<Schema>,
    },
    /// Get a schema.
    GetSchema {
        /// The id of the schema.
        id: SchemaId,
    },
    /// Delete a schema. Refused while a classifier routes to it.
    DeleteSchema {
        /// The id of the schema.
        id: SchemaId,
    },
    /// List all schemas, sorted by name.
    ListSchemas,
    /// Delete a classifier with all its versions. Jobs that ran with it keep their snapshot.
    DeleteClassifier {
        /// The id of the classifier.
        id: ClassifierId,
    },
    /// List versions of classifiers, newest first.
    ListClassifiers {
        /// Which versions.
        filter: ClassifierFilter,
        /// Which page.
        page: PageRequest,
    },
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

/// The reply of an index.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexReply {
    /// Done; no value.
    Done,
    /// The project; None if it was never created.
    Project(Option<Project>),
    /// The job was accepted; it must now be submitted.
    Accepted(Box<Job>),
    /// The idempotency key belongs to this job; nothing was accepted.
    Existing(Box<Job>),
    /// The job was refused.
    Refused(Refusal),
    /// Jobs, up to one more than the page size, which shows that there is a next page.
    Jobs(JobRows),
    /// A file; None if there is none.
    File(Option<File>),
    /// Files.
    Files(Page<File>),
    /// A classifier; None if there is none.
    Classifier(Option<Box<ClassifierVersion>>),
    /// Versions of classifiers.
    Classifiers(Page<ClassifierVersion>),
    /// A schema; None if there is none.
    Schema(Option<Box<SavedSchema>>),
    /// Schemas.
    Schemas(Vec<SavedSchema>),
}

impl IndexReply {
    /// The error for a reply that does not match the command.
    pub fn unexpected(&self) -> Error {
        Error::internal(format!("unexpected answer of the index: {self:?}"))
    }
}

/// Truncates `rows` to `size`, and returns whether there were more.
pub(in crate::service) fn truncate_page<T>(rows: &mut Vec<T>, size: u32) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    more
}

pub(in crate::service) fn cursor(timestamp: Timestamp, id: &impl ToString) -> Cursor {
    Cursor { key: timestamp.as_millis().to_string(), id: id.to_string() }
}

/// The sort key and id of a cursor of a listing that is sorted by time.
pub(super) fn parse_cursor<T: std::str::FromStr>(cursor: &Cursor) -> Result<(Timestamp, T)> {
    let timestamp = cursor.key.parse().map(Timestamp::from_millis).map_err(|_| bad_cursor())?;
    let id = cursor.id.parse().map_err(|_| bad_cursor())?;
    Ok((timestamp, id))
}

/// The error for a [`Cursor`] that no listing returned.
pub fn bad_cursor() -> Error {
    Error::new(ErrorKind::Invalid, "The page token is not one of ours")
}
