//! What the index of a project does: the rows by which its jobs, files and classifiers are found and listed.
//!
//! A job's row is written when the job is accepted, before the job itself exists: one row holds the reservation of
//! its idempotency key, its place in listings, and a snapshot. The job then tells the index of every change that
//! listings show. A row whose job was never heard of again (a crash between the two writes) is found by [`sweep()`],
//! which submits the job under the reserved id; submitting is idempotent.

mod classifier;
mod command;
mod handle;
mod rows;
mod store;
mod sweep;

use serde::{Deserialize, Serialize};

pub(super) use self::command::{cursor, cut};
pub use self::{
    classifier::{Change, Classifier, RuleChange, Target},
    command::{
        ClassifierFilter, Cursor, FileFilter, FileOrder, IndexCommand, IndexReply, JobFilter, Page, PageRequest,
        Refusal, Reservation, Rules, Subject, bad_cursor,
    },
    handle::handle,
    rows::{JobRow, JobRows},
    store::IndexStore,
    sweep::{sweep, timer},
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
