//! The dialect of Limai: classify a file and route it, extract in the background, poll its status.
//!
//! | Method and path | Answer |
//! |---|---|
//! | `GET /api/v1/classify/{classifierId}/get-url?filename=` | `{url, fileId}`: put the bytes there, without a token |
//! | `POST /api/v1/classify/{classifierId}` `{fileId}` | its route |
//! | `POST /api/v1/classify/{classifierId}/async` `{fileId}` | the same, and extraction is queued |
//! | `GET /api/v1/document/{extractionSchemaId}/get-url?filename=` | `{url, fileId}` |
//! | `POST /api/v1/document/{extractionSchemaId}/process-file/{fileId}` | the data |
//! | `POST /api/v1/document/{extractionSchemaId}/process-file-async/{fileId}` | a job |
//! | `POST /api/v1/document/{extractionSchemaId}/process-files-async` `{fileIds}` | jobs |
//! | `GET /api/v1/document/get-file-data?fileId=` | the status of a file, and its data |
//! | `GET /api/v1/document/get-files-data?fileIds=` | the same for several |
//! | `GET /api/v1/queue/{jobId}/status` | the status of a job |
//!
//! Errors are `{"error": "..."}`. A project is what Limai calls an organization; its classifiers and schemas are
//! created through our native dialect, because Limai has no public calls for that.

mod classify;
mod document;
mod error;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};

pub use self::error::Limai;
use super::{context, reply::ApiError};
use crate::service::ports::Ports;

type Reply = Result<axum::response::Response, ApiError<Limai>>;
type Caller<P> = context::Caller<P, Limai>;
type PathParams = context::PathParams<Limai>;

/// The routes.
pub fn routes<P: Ports>() -> Router {
    Router::new()
        .route("/api/v1/classify/{classifier}/get-url", get(classify::upload_url::<P>))
        .route("/api/v1/classify/{classifier}", post(classify::classify_only::<P>))
        .route("/api/v1/classify/{classifier}/async", post(classify::classify_and_extract::<P>))
        .route("/api/v1/document/{schema}/get-url", get(document::upload_url::<P>))
        .route("/api/v1/document/{schema}/process-file/{file}", post(document::extract::<P>))
        .route("/api/v1/document/{schema}/process-file-async/{file}", post(document::queue::<P>))
        .route("/api/v1/document/{schema}/process-files-async", post(document::queue_many::<P>))
        .route("/api/v1/document/get-file-data", get(document::data::<P>))
        .route("/api/v1/document/get-files-data", get(document::data_of_many::<P>))
        .route("/api/v1/queue/{job}/status", get(document::job_status::<P>))
}

/// Messages of `NotFound` errors.
const NO_FILE: &str = "File not found";
const NO_CLASSIFIER: &str = "Classifier not found";
const NO_SCHEMA: &str = "Extraction schema not found";
const NO_JOB: &str = "Job not found";
