//! The files of a project. The index has what is known of a file; its bytes are stored elsewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Cursor, Page, PageRequest, Rows},
};
use crate::{
    error::Result,
    id::{FileId, JobId},
    limits,
    time::Timestamp,
};

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
    /// Its current job, which holds the file's processing status, if any (see [`JobRole`](super::JobRole)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// When it was announced or uploaded.
    pub created_at: Timestamp,
    /// When its bytes last changed.
    pub updated_at: Timestamp,
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

/// The storage of what is known of files.
pub trait FileStore {
    /// The file with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn file(&self, id: FileId) -> Result<Option<File>>;

    /// Stores the row of a file.
    fn put_file(&self, file: &File) -> Result<()>;

    /// Removes the row of a file.
    fn remove_file(&self, id: FileId) -> Result<()>;

    /// Files in `order`, at most `limit`.
    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Rows<File>>;

    /// Files created before `before`, oldest first, at most `limit`.
    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>>;
}

/// Add a file, or replace its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutFile(pub File);

impl IndexCommand for PutFile {
    type Reply = ();

    // Every file expires some day.
    const SWEEP_WITHIN: Option<Duration> = Some(limits::DAY);

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.put_file(&self.0)
    }
}

/// Get a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetFile {
    /// The id of the file.
    pub id: FileId,
}

impl IndexCommand for GetFile {
    type Reply = Option<File>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.file(self.id)
    }
}

/// Remove the row of a file. The caller deletes its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveFile {
    /// The id of the file.
    pub id: FileId,
}

impl IndexCommand for RemoveFile {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.remove_file(self.id)
    }
}

/// List files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFiles {
    /// Which files.
    pub filter: FileFilter,
    /// The sort order.
    pub order: FileOrder,
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListFiles {
    type Reply = Page<File>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let Self { filter, order, page } = self;
        let rows = store.files(&filter, order, page.after.as_ref(), page.size.saturating_add(1))?;
        Ok(Page::new(rows, page.size, |file| Cursor {
            key: match order {
                FileOrder::Newest => file.created_at.as_millis().to_string(),
                FileOrder::Name => file.name.clone(),
                FileOrder::Id => String::new(),
            },
            id: file.id.to_string(),
        }))
    }
}
