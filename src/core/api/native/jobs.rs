//! A job of any kind, with everything that is known of it.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Caller, NO_JOB, PathParams, Reply, found};
use crate::{
    api::reply,
    classify::Decision,
    error::Result,
    extract::Extraction,
    id::JobId,
    job::{Job, JobSource},
    service::{job_parts, jobs, ports::Ports},
};

/// A job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Job"))]
pub(super) struct JobResponse<'a> {
    /// The id.
    id: String,
    /// `document` (a file is classified, and extracted from if its route says so), `mail`, `extraction` (by a saved
    /// schema), `json_extraction` (by a JSON Schema) or `parse`.
    kind: &'static str,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    status: &'static str,
    /// Grows with every change.
    version: u64,
    /// When the job was accepted.
    created_at: String,
    /// When it last changed.
    updated_at: String,
    /// The file that it reads; null for a mail, and for a URL that was not fetched yet.
    file_id: Option<String>,
    /// The URL of its document; null if it did not name one.
    url: Option<&'a str>,
    /// The saved classifier or configuration that it was created with; null if it came with the request.
    configuration_id: Option<String>,
    /// The caller's own reference.
    reference: Option<&'a str>,
    /// Why it failed; null if it did not.
    error: Option<JobError<'a>>,
    /// The destination of its document; null if it has none.
    deployment: Option<&'a str>,
    /// What it was classified as, with scores and evidence; null if it does not classify, or has not yet.
    decision: Option<&'a Decision>,
    /// What was extracted by a saved schema; null if nothing was.
    extraction: Option<&'a Extraction>,
    /// The result of a job that parses, or extracts by a JSON Schema; null if there is none.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<serde_json::Value>"))]
    output: Option<Box<RawValue>>,
    /// The version of the engine that made the last result; null if there is none.
    engine_version: Option<&'a str>,
}

/// Why a job failed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct JobError<'a> {
    /// The code, for programs.
    code: &'a str,
    /// The message, for people.
    message: &'a str,
}

impl<'a> JobResponse<'a> {
    fn new(job: &'a Job) -> Result<Self> {
        Ok(Self {
            id: job.id.to_string(),
            kind: job.kind().as_str(),
            status: job.status().as_str(),
            version: job.version,
            created_at: job.created_at.to_rfc3339(),
            updated_at: job.updated_at.to_rfc3339(),
            file_id: job.source.file().map(|file| file.id.to_string()),
            url: match &job.source {
                JobSource::Url { url, .. } => Some(url),
                _ => None,
            },
            configuration_id: job.saved_configuration().map(|id| id.to_string()),
            reference: job.external.reference.as_deref(),
            error: job.failure().map(|failure| JobError { code: &failure.code, message: &failure.message }),
            deployment: job.route.as_ref().map(|route| route.deployment.as_str()),
            decision: job.decision.as_ref(),
            extraction: job.extraction.as_deref(),
            output: job.output.as_ref().map(|output| output.parse()).transpose()?,
            engine_version: job.engine_version.as_deref(),
        })
    }
}

/// `GET /v1/jobs/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: JobId = segments.id("id", NO_JOB)?;
    let job = found(jobs::get(&caller.ports, caller.token.project, id).await, NO_JOB)?;
    let job = job_parts::with_output(&caller.ports, job).await?;
    Ok(reply::json(StatusCode::OK, &JobResponse::new(&job)?))
}
