//! The logic of the index of a project: the rows for finding and listing its jobs, files, classifiers and schemas.
//!
//! A job's row is written when the job is accepted, before the job itself exists: one row holds the reservation of
//! its idempotency key, its place in listings, and a snapshot. The job then reports every change that listings show
//! to the index. A row whose job never reports (a crash between the two writes) is found by [`sweep`](super::sweep::sweep), which submits
//! the job under the reserved id; submitting is idempotent.

mod classifier;
mod command;
mod handle;
mod rows;
mod store;

use serde::{Deserialize, Serialize};

pub(super) use self::command::{cursor, truncate_page};
pub use self::{
    classifier::{ClassifierChange, ClassifierVersion, RouteRef, RuleChange},
    command::{
        ClassifierFilter, Cursor, FileFilter, FileOrder, IndexCommand, IndexReply, JobFilter, JobInput, Page,
        PageRequest, Refusal, Reservation, RuleSource, bad_cursor,
    },
    handle::handle,
    rows::{JobRow, JobRows},
    store::IndexStore,
};
use crate::{
    extract::Schema,
    id::{FileId, JobId, OrganizationId, ProjectId, SchemaId},
    limits,
    time::Timestamp,
};

/// A project: the namespace of everything in its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// The id of the owner.
    pub organization: OrganizationId,
    /// The name of the owner.
    pub organization_name: String,
    /// How many days its files and its ended jobs are kept.
    #[serde(default = "limits::retention_days")]
    pub retention_days: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// The file name from the upload.
    pub name: String,
    /// Its purpose, as the uploader put it.
    #[serde(default)]
    pub purpose: Option<String>,
    /// The uploader's own id for it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Its format as a file extension such as `pdf`; None if unknown.
    #[serde(default)]
    pub kind: Option<String>,
    /// Its size in bytes; None until its bytes are uploaded.
    pub size: Option<u64>,
    /// Its current job, which holds the file's processing status, if any (see [`JobInput::File`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// When it was announced or uploaded.
    pub created_at: Timestamp,
    /// When its bytes last changed.
    pub updated_at: Timestamp,
}

/// A saved schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedSchema {
    /// Its id.
    pub id: SchemaId,
    /// Its name. Unique in the project.
    pub name: String,
    /// What to extract.
    pub schema: Schema,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
