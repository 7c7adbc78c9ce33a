//! The dialect of Limai: classify a file and route it, extract in the background, poll its status.
//!
//! Errors are `{"error": "..."}`. A project is what Limai calls an organization; its classifiers and schemas are
//! created through our native dialect, because Limai has no public calls for that.

mod classify;
mod document;
mod error;
mod webhook;
mod wire;

pub use self::error::{ErrorResponse, Limai};
pub(super) use self::webhook::call_text;
use self::{
    classify::{ClassifyRequest, UploadQuery},
    document::{FileQuery, FilesQuery, FilesRequest},
    wire::{Classified, FileStatus, FilesStatus, InProgress, JobStatus, Processed, Queued, QueuedMany, UploadUrl},
};
use super::{checked::JsonBody, context, reply::ApiError, routes::routes};

type Reply = Result<axum::response::Response, ApiError<Limai>>;
type Caller<P> = context::Caller<P, Limai>;
type PathParams = context::PathParams<Limai>;
type Body<T> = JsonBody<T, Limai>;

routes! {
    /// Announces a file to classify: answers a signed URL to put its bytes to, without a token.
    get "/api/v1/classify/{classifier}/get-url", classify::upload_url::<P>, write, query UploadQuery => 200 UploadUrl;

    /// Classifies a file: the route of its label.
    post "/api/v1/classify/{classifier}", classify::classify_only::<P>, write, json ClassifyRequest
        => 200 Classified, 409 InProgress;

    /// Classifies a file, and goes on to extract in the background.
    post "/api/v1/classify/{classifier}/async", classify::classify_and_extract::<P>, write, json ClassifyRequest
        => 200 Classified, 409 InProgress;

    /// Announces a file to extract from: answers a signed URL to put its bytes to, without a token.
    get "/api/v1/document/{schema}/get-url", document::upload_url::<P>, write, query UploadQuery => 200 UploadUrl;

    /// Extracts from a file, at once.
    ///
    /// An invoice with embedded data (Factur-X, ZUGFeRD) is read from that data, which is exact.
    post "/api/v1/document/{schema}/process-file/{file}", document::extract::<P>, write
        => 200 Processed, 409 InProgress;

    /// Queues the extraction from a file.
    post "/api/v1/document/{schema}/process-file-async/{file}", document::queue::<P>, write
        => 200 Queued, 409 InProgress;

    /// Queues the extraction from several files. An error about one does not keep the others from being queued.
    post "/api/v1/document/{schema}/process-files-async", document::queue_many::<P>, write, json FilesRequest
        => 200 QueuedMany;

    /// How far a file is, and its data once there is any.
    ///
    /// A file that was classified by a label without a schema is `COMPLETED` and has no tables. One that no rule fits is
    /// `FAILED`.
    get "/api/v1/document/get-file-data", document::data::<P>, read, query FileQuery => 200 FileStatus;

    /// How far several files are.
    get "/api/v1/document/get-files-data", document::data_of_many::<P>, read, query FilesQuery
        => 200 FilesStatus, 413;

    /// How far a job is.
    get "/api/v1/queue/{job}/status", document::job_status::<P>, read => 200 JobStatus;
}

/// Messages of `NotFound` errors.
const NO_FILE: &str = "File not found";
const NULL_FILE: &str = "File not found: a file that no rule fits has the id null";
const NO_CLASSIFIER: &str = "Classifier not found";
const NO_SCHEMA: &str = "Extraction schema not found";
const NO_JOB: &str = "Job not found";

#[cfg(test)]
mod tests;
