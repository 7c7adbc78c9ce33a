//! The storage trait of an index.

use super::{
    ClassifierFilter, ClassifierVersion, Cursor, File, FileFilter, FileOrder, JobFilter, JobRows, Project, SavedSchema,
};
use crate::{
    error::Result,
    id::{ClassifierId, FileId, JobId, SchemaId},
    job::Job,
    time::Timestamp,
};

/// The storage of one index. Every call is atomic by itself and every change is one call, so that no change can be
/// half made. Listings begin after the row `after`, if given.
pub trait IndexStore {
    /// The project.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn project(&self) -> Result<Option<Project>>;

    /// Stores the project.
    fn put_project(&self, project: &Project) -> Result<()>;

    /// The job with this id.
    fn job(&self, id: JobId) -> Result<Option<Job>>;

    /// The job with this idempotency key.
    fn job_by_transaction(&self, transaction: &str) -> Result<Option<Job>>;

    /// Stores the row of a job, unless the stored row has the same or a newer version. `seen_at` is when the job last
    /// reported to the index.
    fn put_job(&self, job: &Job, seen_at: Timestamp) -> Result<()>;

    /// Removes the row of a job.
    fn remove_job(&self, id: JobId) -> Result<()>;

    /// Rows newest first (ties by id, descending), at most `limit` rows and [`PAGE_BYTES`](crate::limits::PAGE_BYTES),
    /// but at least one row.
    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows>;

    /// Open jobs that were last seen before `before`, least recently seen first, at most `limit`.
    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<Job>>;

    /// Updates when a job was last seen, although its row does not change.
    fn touch_job(&self, id: JobId, now: Timestamp) -> Result<()>;

    /// Whether any job is open: queued or running.
    fn has_open_jobs(&self) -> Result<bool>;

    /// The file with this id.
    fn file(&self, id: FileId) -> Result<Option<File>>;

    /// Stores the row of a file.
    fn put_file(&self, file: &File) -> Result<()>;

    /// Removes the row of a file.
    fn remove_file(&self, id: FileId) -> Result<()>;

    /// Files in `order`, at most `limit`.
    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Vec<File>>;

    /// The newest published version of the classifier with this id or, with `draft`, the newest version of any kind.
    fn classifier(&self, id: ClassifierId, draft: bool) -> Result<Option<ClassifierVersion>>;

    /// The newest version of the classifier with this name, published or not.
    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>>;

    /// Stores a version of a classifier.
    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()>;

    /// Removes all versions of a classifier.
    fn remove_classifier(&self, id: ClassifierId) -> Result<()>;

    /// Versions of classifiers, newest first (ties by id, descending), at most `limit`.
    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Vec<ClassifierVersion>>;

    /// The schema with this id.
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>>;

    /// All schemas, sorted by name.
    fn schemas(&self) -> Result<Vec<SavedSchema>>;

    /// Stores a schema.
    fn put_schema(&self, schema: &SavedSchema) -> Result<()>;

    /// Removes a schema.
    fn remove_schema(&self, id: SchemaId) -> Result<()>;

    /// Files created before `before`, oldest first, at most `limit`.
    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>>;
}
