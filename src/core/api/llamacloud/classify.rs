//! Classify v2: jobs that classify one file by a rule set.

use axum::http::StatusCode;

use super::{
    Body, Caller, Reply,
    ids::{self, ID_CHARS, IdFormat, PathId},
    inputs::{self, ANY_DOCUMENT, DOCUMENT},
    job_calls::{self, CONFIGURATION, ListQuery},
    rules::Configuration,
    webhooks::Webhooks,
    wire::{self, ClassifyJob},
};
use crate::{
    api::{checked::Checked, page_token, reply},
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, JobId, ProjectId},
    job::{External, Job, JobKind},
    service::{
        index::{JobFilter, RuleSource, Work},
        jobs::{self, CreateOutcome, JobRequest},
        ports::Ports,
    },
    validate::{
        declare::declare,
        shape::{OPEN, Object, Shape},
    },
};

const LISTING: &str = "classify";

/// The jobs of this dialect. Others of the project are neither listed nor found.
const KIND: JobKind = JobKind::Document;

/// The longest idempotency key, in characters.
const KEY_CHARS: usize = 255;

declare! {
    /// A file to classify, and what by.
    #[derive(Debug)]
    pub(super) struct NewJob(Object { choices: &[ANY_DOCUMENT, CONFIGURATION], ..OPEN }) {
        /// The project, which must be that of the token. One public client sends it here.
        project_id: Option<String> = optional(ids::id_shape::<ProjectId>()),
        /// The document: the id of a file, of a parse job (`pjb-...`), or a URL.
        file_input: Option<String> = optional(DOCUMENT),
        /// The name of `file_input` for the first clients.
        file_id: Option<String> = optional(DOCUMENT),
        /// The name of `file_input` for the first clients, if it is a parse job.
        parse_job_id: Option<String> = optional(DOCUMENT),
        /// The rules.
        configuration: Option<Configuration> = optional,
        /// The saved configuration to use instead.
        configuration_id: Option<String> = optional(Shape::text(1..=ID_CHARS)),
        /// The idempotency key. One that was used before leads to its job, and the rest of the request is ignored.
        transaction_id: Option<String> = optional(Shape::text(0..=KEY_CHARS)),
        webhooks: Webhooks = flattened,
    }
}

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct JobQuery(OPEN) {
        /// The saved configuration that the jobs ran with.
        configuration_id: Option<String> = optional(ids::ID),
        /// The status.
        status: Option<String> = optional(Shape::Words(wire::status_words)),
        jobs: ListQuery = flattened,
    }
}

declare! {
    /// What else to answer of a job.
    #[derive(Debug)]
    pub(super) struct UsageQuery(OPEN) {
        /// `usage` for the cost.
        expand: Vec<String> = optional(Shape::list(0..=usize::MAX, &Shape::Words(|| vec![USAGE]))),
    }
}

/// What `expand` asks for.
const USAGE: &str = "usage";

/// `POST /api/v2/classify`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewJob>) -> Reply {
    let project = body.0.input().get("project_id").read::<String>();
    caller.in_scope(project.as_deref().and_then(ProjectId::parse))?;
    let key = reusable_key(&body.0);
    let error = match create_new(&caller, body.0).await {
        Ok(job) => return Ok(answer(&ClassifyJob::from(&*job))),
        Err(error) => error,
    };
    // A transaction_id that was used before returns its job; the rest of the request is ignored.
    let refused = matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound);
    if let Some(key) = key.filter(|_| refused)
        && let Some(job) = jobs::existing(&caller.ports, caller.token.project, key).await?
    {
        return Ok(answer(&ClassifyJob::from(&*job)));
    }
    Err(error.into())
}

/// The idempotency key of a request, if that and the project are as they should be.
fn reusable_key(body: &Checked<NewJob>) -> Option<String> {
    let project = body.input().get("project_id");
    let key = body.input().get("transaction_id").read::<String>()?;
    let has_project = project.is_absent() || project.read::<String>().is_some_and(|id| ProjectId::parse(&id).is_some());
    (has_project && (1..=KEY_CHARS).contains(&key.chars().count())).then_some(key)
}

async fn create_new<P: Ports>(caller: &Caller<P>, body: Checked<NewJob>) -> Result<Box<Job>> {
    let mut body = body;
    let document = inputs::take(&mut body, &caller.ports);
    Webhooks::check(&mut body, &caller.ports);
    // The declaration has checked that there is a document, and a configuration or the id of one.
    let job = body.finish()?;
    let document = document.ok_or_else(|| Error::internal("a document that was checked"))?;
    let configuration_id = job.configuration_id.unwrap_or_default();
    let rules = match job.configuration {
        Some(configuration) => RuleSource::Inline(Box::new(configuration.into())),
        None => {
            let id = ClassifierId::parse(&configuration_id);
            RuleSource::Saved(id.ok_or_else(|| unknown_configuration(&configuration_id))?)
        }
    };
    let job_request = JobRequest {
        input: document.clone().into_job_input(),
        work: Work::Classify(rules),
        idempotency_key: job.transaction_id.filter(|key| !key.is_empty()),
        external: External::default(),
        webhooks: job.webhooks.requested(),
    };
    match jobs::create(&caller.ports, &caller.token, job_request).await? {
        CreateOutcome::Job(job) => Ok(job),
        CreateOutcome::Refused(refusal) => {
            let unknown = || unknown_configuration(&configuration_id);
            Err(document.refusal_error(refusal, caller.token.project, unknown))
        }
    }
}

/// `GET /api/v2/classify`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<JobQuery>();
    let page = page_token::page(&mut query, LISTING);
    let query = query.finish()?;
    let (jobs, total) = query.jobs.jobs(&caller, filter(&query), page).await?;
    Ok(reply::json(StatusCode::OK, &wire::jobs(LISTING, &jobs).with_total(total)))
}

/// `GET /api/v2/classify/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<JobId>) -> Reply {
    let job = job_calls::get(&caller, id, KIND).await?;
    let UsageQuery { expand } = caller.query.checked().finish()?;
    let body = ClassifyJob::from(&job);
    Ok(answer(&if expand.iter().any(|what| what == USAGE) { body.with_usage() } else { body }))
}

/// `POST /api/v2/classify/{id}/cancel`
pub(super) async fn cancel<P: Ports>(caller: Caller<P>, PathId(id): PathId<JobId>) -> Reply {
    let job = job_calls::cancel(&caller, id, KIND).await?;
    Ok(answer(&ClassifyJob::from(&job)))
}

/// `DELETE /api/v2/classify/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<JobId>) -> Reply {
    Ok(reply::json(StatusCode::OK, &job_calls::delete(&caller, id, KIND).await?))
}

fn answer(job: &ClassifyJob<'_>) -> axum::response::Response {
    reply::json(StatusCode::OK, job)
}

fn unknown_configuration(id: &str) -> Error {
    Error::not_found(format!("Classify configuration {id} not found"))
}

fn filter(query: &JobQuery) -> JobFilter {
    let classifier = query.configuration_id.as_deref().map(ClassifierId::parse);
    let filter = query.jobs.filter::<JobId>(KIND);
    JobFilter {
        status: query.status.as_deref().and_then(wire::status_of),
        // A malformed id matches no job.
        ids: if classifier == Some(None) { Some(Vec::new()) } else { filter.ids },
        classifier: classifier.flatten(),
        ..filter
    }
}
