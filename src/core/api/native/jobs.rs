//! Jobs of all kinds, with everything that is known of them.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Caller, NO_JOB, PathParams, Reply, found, rules::ID, wire::Listing};
use crate::{
    api::{
        checked::Checked,
        cuid::Id,
        endpoint::URL,
        page_token::{self, Paging},
        reply,
    },
    classify::Decision,
    error::Result,
    extract::Extraction,
    id::{ConfigurationId, FileId, JobId},
    job::{Job, JobKind, JobSource, Status},
    service::{
        index::{JobFilter, Page, SourceFilter},
        job_parts, jobs,
        outbound::Target,
        ports::{OutboundPolicy, Ports},
    },
    time::Timestamp,
    validate::{
        declare::declare,
        shape::{DATETIME, OPEN, Shape},
    },
};

const LISTING: &str = "jobs";

const KIND: Shape = Shape::Words(|| JobKind::ALL.map(JobKind::as_str).to_vec());
const STATUS: Shape = Shape::Words(|| shown_statuses().map(Status::as_str).collect());

/// The statuses that a job may be shown with.
fn shown_statuses() -> impl Iterator<Item = Status> {
    Status::ALL.into_iter().filter(|status| *status != Status::Deleted)
}

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct JobQuery(OPEN) {
        /// Only jobs of this kind.
        kind: Option<String> = optional(KIND),
        /// Only jobs with this status.
        status: Option<String> = optional(STATUS),
        /// Only jobs that were created with this saved classifier or configuration.
        configuration_id: Option<Id<ConfigurationId>> = optional(ID),
        /// Only jobs that were created with this file, not with a URL from which it was fetched or a parse job that read it.
        file_id: Option<Id<FileId>> = optional(ID),
        /// Only jobs that were created with this URL, and not with a file.
        url: Option<String> = optional(URL),
        /// Only jobs that were accepted at this time or later.
        created_at_on_or_after: Option<Timestamp> = optional(DATETIME),
        /// Only jobs that were accepted at this time or earlier.
        created_at_on_or_before: Option<Timestamp> = optional(DATETIME),
        /// Whether to count all these jobs, up to 100,000.
        include_total: bool = default(Shape::Boolean, false),
        paging: Paging = flattened,
    }
}

impl JobQuery {
    fn filter(self) -> JobFilter {
        let kind = self.kind.as_deref().and_then(|name| JobKind::ALL.into_iter().find(|kind| kind.as_str() == name));
        let status = self.status.as_deref().and_then(|name| shown_statuses().find(|status| status.as_str() == name));
        // Jobs have the URL in the form that is requested. What may be requested makes no difference to those that exist.
        let target = self.url.as_deref().and_then(|url| Target::parse(url, &OutboundPolicy::PERMIT_ALL).ok());
        let url = target.map(|target| SourceFilter::Url(target.as_str().to_owned()));
        let file = self.file_id.map(|id| SourceFilter::File(id.0));
        JobFilter {
            kind,
            status,
            configuration: self.configuration_id.map(|id| id.0),
            source: file.or(url),
            from: self.created_at_on_or_after,
            to: self.created_at_on_or_before,
            ..JobFilter::default()
        }
    }
}

/// Reports a query for a file and for a URL: no job was created with both.
fn check_document(query: &mut Checked<JobQuery>) {
    let (input, check) = query.parts();
    let url = input.get("url");
    if !url.is_absent() && !input.get("file_id").is_absent() {
        check.reject_value(&url, "file_id and url exclude each other");
    }
}

/// A page of jobs. They have neither their evidence nor the members `extraction`, `output` and `engine_version`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "JobPage"))]
pub(super) struct JobListing<'a> {
    #[serde(flatten)]
    page: Listing<&'a JobResponse<'a>>,
    /// How many jobs there are; null if the request did not ask for it, or if they are too many to be counted.
    total_size: Option<u32>,
}

/// A job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Job"))]
pub(super) struct JobResponse<'a> {
    /// The id.
    id: String,
    /// `document` (a file is classified, and extracted from if its route says so), `mail`, `extraction` (by a saved
    /// schema), `json_extraction` (by a JSON Schema), `parse` or `split`.
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
    /// The result of a job that parses, splits, or extracts by a JSON Schema; null if there is none.
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

/// `GET /v1/jobs`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<JobQuery>();
    let page = page_token::page(&mut query, LISTING);
    check_document(&mut query);
    let query = query.finish()?;
    let (ports, project) = (&caller.ports, caller.token.project);
    let is_counted = query.include_total;
    let filter = query.filter();
    let total_size = if is_counted { jobs::count(ports, project, filter.clone()).await? } else { None };
    let page = jobs::list(ports, project, filter, page).await?;
    let jobs = page.items.iter().map(JobResponse::new).collect::<Result<Vec<_>>>()?;
    let page = Page { items: jobs, next: page.next };
    let listing = JobListing { page: Listing::new(LISTING, &page, std::convert::identity), total_size };
    Ok(reply::json(StatusCode::OK, &listing))
}

/// `GET /v1/jobs/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: JobId = segments.id("id", NO_JOB)?;
    let job = found(jobs::get(&caller.ports, caller.token.project, id).await, NO_JOB)?;
    let job = job_parts::with_output(&caller.ports, job).await?;
    Ok(reply::json(StatusCode::OK, &JobResponse::new(&job)?))
}
