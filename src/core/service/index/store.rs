//! The storage of an index, as a port.

use super::{
    Classifier, ClassifierFilter, Cursor, File, FileFilter, FileOrder, JobFilter, JobRows, Project, SavedSchema,
};
use crate::{
    error::Result,
    id::{ClassifierId, FileId, JobId, SchemaId},
    job::Job,
    time::Timestamp,
};

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
    /// [`PAGE_BYTES`](crate::limits::PAGE_BYTES) but at least one.
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
