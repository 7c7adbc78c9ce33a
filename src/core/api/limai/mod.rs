//! The dialect of Limai: classify a file and route it, extract in the background, ask how far it is.
//!
//! | Method and path | Answer |
//! |---|---|
//! | `GET /api/v1/classify/{classifierId}/get-url?filename=` | `{url, fileId}`: put the bytes there, without a token |
//! | `POST /api/v1/classify/{classifierId}` `{fileId}` | where it goes |
//! | `POST /api/v1/classify/{classifierId}/async` `{fileId}` | the same, and extraction is queued |
//! | `GET /api/v1/document/{extractionSchemaId}/get-url?filename=` | `{url, fileId}` |
//! | `POST /api/v1/document/{extractionSchemaId}/process-file/{fileId}` | the data |
//! | `POST /api/v1/document/{extractionSchemaId}/process-file-async/{fileId}` | a job |
//! | `POST /api/v1/document/{extractionSchemaId}/process-files-async` `{fileIds}` | jobs |
//! | `GET /api/v1/document/get-file-data?fileId=` | how far a file is, and its data |
//! | `GET /api/v1/document/get-files-data?fileIds=` | the same of several |
//! | `GET /api/v1/queue/{jobId}/status` | how far a job is |
//!
//! Errors are `{"error": "..."}`. A project is what Limai calls an organization; its classifiers and schemas are made by
//! our own dialect, because Limai has no public calls for that.

mod classify;
mod document;
mod error;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};

pub use self::error::Limai;
use super::{context, reply::Failure};
use crate::service::ports::Ports;

type Reply = Result<axum::response::Response, Failure<Limai>>;
type Caller<P> = context::Caller<P, Limai>;
type Segments = context::Segments<Limai>;

/// The routes.
pub fn routes<P: Ports>() -> Router {
    Router::new()
        .route("/api/v1/classify/{classifier}/get-url", get(classify::address::<P>))
        .route("/api/v1/classify/{classifier}", post(classify::now::<P>))
        .route("/api/v1/classify/{classifier}/async", post(classify::and_extract::<P>))
        .route("/api/v1/document/{schema}/get-url", get(document::address::<P>))
        .route("/api/v1/document/{schema}/process-file/{file}", post(document::now::<P>))
        .route("/api/v1/document/{schema}/process-file-async/{file}", post(document::queue::<P>))
        .route("/api/v1/document/{schema}/process-files-async", post(document::queue_many::<P>))
        .route("/api/v1/document/get-file-data", get(document::data::<P>))
        .route("/api/v1/document/get-files-data", get(document::data_of_many::<P>))
        .route("/api/v1/queue/{job}/status", get(document::status::<P>))
}

/// What is said when there is nothing of an id.
const NO_FILE: &str = "File not found";
const NO_CLASSIFIER: &str = "Classifier not found";
const NO_SCHEMA: &str = "Extraction schema not found";
const NO_JOB: &str = "Job not found";
