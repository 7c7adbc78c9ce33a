//! The files of a project. The index has what is known of a file; its bytes are stored elsewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Cursor, Page, PageRequest, Rows, counted},
    project::Project,
    usage,
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::{FileId, JobId, LeaseId},
    limits,
    time::Timestamp,
};

/// An upload of the bytes of an announced file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadInProgress {
    /// The right to store the bytes.
    pub lease: LeaseId,
    /// From this time on another upload may begin.
    pub until: Timestamp,
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
    /// The SHA-256 of its bytes, in hexadecimal, if it was fetched from a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its current job, which holds the file's processing status, if any (see [`JobRole`](super::JobRole)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The upload of its bytes, if one is in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadInProgress>,
    /// When it was announced or uploaded.
    pub created_at: Timestamp,
    /// When its bytes last changed.
    pub updated_at: Timestamp,
    /// When the retention removes it. In replies only: it follows from the settings of the project, and is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl File {
    /// A file of which nothing but its name is known yet.
    pub fn new(id: FileId, name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            purpose: None,
            external_id: None,
            kind: None,
            size: None,
            sha256: None,
            job: None,
            upload: None,
            created_at: now,
            updated_at: now,
            expires_at: None,
        }
    }
}

/// `file`, with the time at which the retention of `project` removes it.
fn with_expiry(file: File, project: Option<&Project>) -> File {
    let expires_at = project.map(|project| file.created_at + limits::DAY.saturating_mul(project.retention_days));
    File { expires_at, ..file }
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
    /// Oldest first.
    Oldest,
    /// By name, then id.
    Name,
    /// By name, then id, the last first.
    NameDescending,
    /// By id.
    Id,
    /// By id, the last first.
    IdDescending,
}

impl FileOrder {
    /// The sort key of `file`, beside its id.
    pub(in crate::service) fn key(self, file: &File) -> String {
        match self {
            Self::Newest | Self::Oldest => file.created_at.as_millis().to_string(),
            Self::Name | Self::NameDescending => file.name.clone(),
            Self::Id | Self::IdDescending => String::new(),
        }
    }

    /// Whether files with larger keys come first.
    pub const fn is_descending(self) -> bool {
        matches!(self, Self::Newest | Self::NameDescending | Self::IdDescending)
    }
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

    /// A file that was fetched from a URL and whose bytes have this SHA-256.
    fn file_with_hash(&self, sha256: &str) -> Result<Option<File>>;

    /// The number of files, counted up to `limit`.
    fn file_count(&self, filter: &FileFilter, limit: u32) -> Result<u32>;

    /// Files created before `before`, oldest first, at most `limit`.
    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>>;

    /// The number of files, and the sum of their sizes.
    fn stored_bytes(&self) -> Result<(u64, u64)>;
}

/// Add a file, or replace its row. The reply is the file. Fails with `TooLarge` if the project would store more than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutFile(pub File);

impl IndexCommand for PutFile {
    type Reply = File;

    // Every file expires some day.
    const SWEEP_WITHIN: Option<Duration> = Some(limits::DAY);

    fn run(self, store: &impl IndexStore, _: Context) -> Result<File> {
        let file = File { expires_at: None, ..self.0 };
        usage::admit_bytes(store, true, file.size.unwrap_or_default())?;
        store.put_file(&file)?;
        Ok(with_expiry(file, store.project()?.as_ref()))
    }
}

/// Add a file that was fetched from a URL, unless there is one with the same bytes, which then is as new as the other
/// would be. The reply is the file that is kept. Fails with `TooLarge` if the project would store more than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptFile(pub File);

impl IndexCommand for AdoptFile {
    type Reply = File;

    // Every file expires some day.
    const SWEEP_WITHIN: Option<Duration> = Some(limits::DAY);

    fn run(self, store: &impl IndexStore, context: Context) -> Result<File> {
        let hash = self.0.sha256.as_deref().map(|hash| store.file_with_hash(hash)).transpose()?;
        let Some(known) = hash.flatten() else { return PutFile(self.0).run(store, context) };
        if known.id != self.0.id {
            // An attempt before may have added it, with bytes that the URL no longer leads to.
            store.remove_file(self.0.id)?;
        }
        let file = File { created_at: self.0.created_at, ..known };
        store.put_file(&file)?;
        Ok(with_expiry(file, store.project()?.as_ref()))
    }
}

/// Begin to upload the bytes of an announced file, or renew the right to. The reply is the file. Fails with `Gone` if it has its bytes, with
/// `Conflict` while another upload is in progress, and with `TooLarge` if the project would store more than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginUpload {
    /// The id of the file.
    pub id: FileId,
    /// How many bytes will come.
    pub length: u64,
    /// The right to store them.
    pub lease: LeaseId,
}

impl IndexCommand for BeginUpload {
    type Reply = Option<File>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Some(file) = store.file(self.id)? else { return Ok(None) };
        if file.size.is_some() {
            return Err(Error::new(ErrorKind::Gone, "The file has its bytes: an address takes one upload"));
        }
        match file.upload {
            Some(upload) if upload.lease == self.lease => {}
            Some(upload) if now < upload.until => {
                return Err(Error::new(ErrorKind::Conflict, "Another upload to this address is in progress"));
            }
            _ => usage::admit_bytes(store, false, self.length)?,
        }
        let upload = UploadInProgress { lease: self.lease, until: now + limits::UPLOAD_LEASE };
        let file = File { upload: Some(upload), ..file };
        store.put_file(&file)?;
        Ok(Some(file))
    }
}

/// Note that the bytes of a file are stored. The reply is the file. Fails with `Conflict` if another upload has begun
/// since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteUpload {
    /// The id of the file.
    pub id: FileId,
    /// The right with which they were stored.
    pub lease: LeaseId,
    /// Their number.
    pub size: u64,
    /// Their format as a file extension such as `pdf`; None if unknown.
    pub kind: Option<String>,
}

impl IndexCommand for CompleteUpload {
    type Reply = Option<File>;

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Some(file) = store.file(self.id)? else { return Ok(None) };
        if file.upload.is_none_or(|upload| upload.lease != self.lease) {
            return Err(Error::new(ErrorKind::Conflict, "Another upload to this address has begun since"));
        }
        let file = File { size: Some(self.size), kind: self.kind, upload: None, updated_at: now, ..file };
        store.put_file(&file)?;
        Ok(Some(file))
    }
}

/// Let another upload begin, because this one has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbandonUpload {
    /// The id of the file.
    pub id: FileId,
    /// The right that is given back.
    pub lease: LeaseId,
}

impl IndexCommand for AbandonUpload {
    type Reply = ();

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        match store.file(self.id)? {
            Some(file) if file.upload.is_some_and(|upload| upload.lease == self.lease) => {
                store.put_file(&File { upload: None, ..file })
            }
            _ => Ok(()),
        }
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
        let Some(file) = store.file(self.id)? else { return Ok(None) };
        Ok(Some(with_expiry(file, store.project()?.as_ref())))
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

    const AFTER_DELETION: bool = true;

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
        let Page { items, next } =
            Page::new(rows, page.size, |file| Cursor { key: order.key(file), id: file.id.to_string() });
        let project = store.project()?;
        Ok(Page { items: items.into_iter().map(|file| with_expiry(file, project.as_ref())).collect(), next })
    }
}

/// Count files. The reply is None if there are more than [`MAX_COUNTED_ROWS`](limits::MAX_COUNTED_ROWS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountFiles {
    /// Which files.
    pub filter: FileFilter,
}

impl IndexCommand for CountFiles {
    type Reply = Option<u32>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        counted(|limit| store.file_count(&self.filter, limit))
    }
}
