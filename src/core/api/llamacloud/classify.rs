//! Classify v2: jobs that classify one file by a rule set.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use super::{
    Caller, Reply,
    ids::{self, ID_CHARS, IdFormat, PathId},
    rules,
    wire::{self, ClassifyJob},
};
use crate::{
    api::{
        body,
        page_token::{self, PageSizes},
        reply,
    },
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, FileId, JobId, ProjectId},
    job::{self, Classification, External},
    service::{
        index::{JobFilter, JobInput, JobRole, PageRequest, Refusal, RuleSource, Work},
        jobs::{self, CreateOutcome, JobRequest},
        ports::Ports,
    },
    validate::{Input, Validator},
};

/// The longest idempotency key, in characters.
const MAX_IDEMPOTENCY_KEY_CHARS: usize = 255;

const LISTING: &str = "classify";
const SIZES: PageSizes = PageSizes { default: 50, max: 100 };

/// `POST /api/v2/classify`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let request = parse_request(&caller, &input)?;
    let rules = match request.rules {
        RuleSelection::Inline(classification) => RuleSource::Inline(Box::new(classification)),
        RuleSelection::Saved(text) => {
            RuleSource::Saved(ClassifierId::parse(text).ok_or_else(|| unknown_configuration(text))?)
        }
    };
    let job_request = JobRequest {
        input: JobInput::File { id: request.file, role: JobRole::Independent },
        work: Work::Classify(rules),
        idempotency_key: request.idempotency_key,
        external: External::default(),
    };
    match jobs::create(&caller.ports, &caller.token, job_request).await? {
        CreateOutcome::Job(job) => Ok(answer(&ClassifyJob::from(&*job))),
        CreateOutcome::Refused(refusal) => {
            Err(refusal_error(refusal, &input, request.file, caller.token.project).into())
        }
    }
}

/// `GET /api/v2/classify`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Validator::default();
    let filter = filter(&mut check, &caller);
    let query = &caller.query;
    let page = page_token::request(&mut check, LISTING, SIZES, &query.get("page_size"), &query.get("page_token"));
    let page: PageRequest = check.finish(page)?;
    let jobs = jobs::list(&caller.ports, caller.token.project, filter, page).await?;
    Ok(reply::json(StatusCode::OK, &wire::jobs(LISTING, &jobs)))
}

/// `GET /api/v2/classify/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<JobId>) -> Reply {
    let job = jobs::get(&caller.ports, caller.token.project, id).await.map_err(with_job_message)?;
    if job.kind() != job::JobKind::Document {
        return Err(Error::not_found(JobId::MISSING).into());
    }
    let body = ClassifyJob::from(&job);
    Ok(answer(&if caller.query.contains("expand", "usage") { body.with_usage() } else { body }))
}

/// `POST /api/v2/classify/{id}/cancel`
pub(super) async fn cancel<P: Ports>(caller: Caller<P>, PathId(id): PathId<JobId>) -> Reply {
    let job = jobs::cancel(&caller.ports, caller.token.project, id).await.map_err(with_job_message)?;
    Ok(answer(&ClassifyJob::from(&job)))
}

/// `DELETE /api/v2/classify/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<JobId>) -> Reply {
    let project = caller.token.project;
    jobs::delete(&caller.ports, project, id).await.map_err(with_job_message)?;
    Ok(reply::json(StatusCode::OK, &json!({ "id": id.format(), "project_id": project.to_string() })))
}

fn answer(job: &ClassifyJob<'_>) -> axum::response::Response {
    reply::json(StatusCode::OK, job)
}

/// The same error, with the dialect's message if nothing was found.
fn with_job_message(error: Error) -> Error {
    error.with_not_found_message(JobId::MISSING)
}

fn unknown_configuration(id: &str) -> Error {
    Error::not_found(format!("Classify configuration {id} not found"))
}

fn refusal_error(refusal: Refusal, input: &Value, file: FileId, project: ProjectId) -> Error {
    let file = file.format();
    match refusal {
        Refusal::UnknownFile => {
            Error::new(ErrorKind::Invalid, format!("File ID {file} is not in Project ID {project}"))
        }
        Refusal::FileNotUploaded => Error::new(
            ErrorKind::Invalid,
            format!("File ID {file} has been announced, but its content was not uploaded"),
        ),
        Refusal::UnknownClassifier => unknown_configuration(input["configuration_id"].as_str().unwrap_or_default()),
        // Requests of this dialect cannot cause these.
        Refusal::UnknownSchema | Refusal::OtherSchema(_) | Refusal::InProgress(_) => {
            Error::internal(format!("refused: {refusal:?}"))
        }
    }
}

fn filter<P: Ports>(check: &mut Validator, caller: &Caller<P>) -> JobFilter {
    let query = &caller.query;
    let classifier = query.get("configuration_id");
    let classifier_id = check.text(&classifier, 0..=ID_CHARS).and_then(ClassifierId::parse);
    let mut ids = query.get_all("job_ids").map(|fields| ids::filter(check, &fields));
    if classifier_id.is_none() && !classifier.is_absent() {
        // A malformed id matches no job.
        ids = Some(Vec::new());
    }
    JobFilter {
        kind: Some(job::JobKind::Document),
        status: check.one_of(&query.get("status"), &wire::statuses()),
        ids,
        classifier: classifier_id,
        from: check.datetime(&query.get("created_at_on_or_after")),
        to: check.datetime(&query.get("created_at_on_or_before")),
    }
}

/// A request to create a job.
struct Request<'a> {
    file: FileId,
    rules: RuleSelection<'a>,
    idempotency_key: Option<String>,
}

enum RuleSelection<'a> {
    Inline(Classification),
    /// The id as the caller sent it.
    Saved(&'a str),
}

fn parse_request<'a, P: Ports>(caller: &Caller<P>, input: &'a Value) -> Result<Request<'a>> {
    let input = Input::root("body", Some(input));
    let mut check = Validator::default();
    check.require(&input);
    if input.is_absent() || !check.object(&input) {
        return check.finish(None);
    }
    // One public client sends the project here.
    caller.check_scope(&mut check, &input.get("project_id"))?;
    let file = parse_file_id(&mut check, &input);
    let rules = parse_rule_selection(&mut check, &input);
    let idempotency_key =
        check.text(&input.get("transaction_id"), 0..=MAX_IDEMPOTENCY_KEY_CHARS).filter(|key| !key.is_empty());
    for name in ["webhook_configurations", "webhook_configuration_ids"] {
        let field = input.get(name);
        if !field.is_empty() {
            check.reject_value(&field, "webhooks are not supported yet");
        }
    }
    let idempotency_key = idempotency_key.map(str::to_owned);
    check.finish(file.zip(rules).map(|(file, rules)| Request { file, rules, idempotency_key }))
}

/// The id of the file to classify: in `file_input`, or in `file_id`, its name for the first clients.
fn parse_file_id(check: &mut Validator, input: &Input<'_>) -> Option<FileId> {
    let parse_job = input.get("parse_job_id");
    if !parse_job.is_absent() {
        check.reject_value(&parse_job, NO_PARSE_JOBS);
        return None;
    }
    let (new, old) = (input.get("file_input"), input.get("file_id"));
    let field = if new.is_absent() && !old.is_absent() { &old } else { &new };
    check.require(field);
    let text = check.text(field, 1..=ID_CHARS)?;
    let id = FileId::parse(text);
    if id.is_none() {
        check.reject_value(field, file_id_hint(text));
    }
    id
}

const NO_PARSE_JOBS: &str = "parse jobs are not supported as input yet: upload the file and name it here";

/// What is wrong with a file id that cannot be parsed.
fn file_id_hint(text: &str) -> &'static str {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    if scheme.is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))) {
        "URLs are not supported as input yet: upload the file and name it here"
    } else if text.starts_with("pjb-") {
        NO_PARSE_JOBS
    } else if text.contains(['.', '/']) {
        "this looks like a URL or a path, expected the id of an uploaded file: dfl- and a UUID"
    } else {
        "expected the id of an uploaded file: dfl- and a UUID"
    }
}

fn parse_rule_selection<'a>(check: &mut Validator, input: &Input<'a>) -> Option<RuleSelection<'a>> {
    let (inline, saved) = (input.get("configuration"), input.get("configuration_id"));
    match (inline.is_absent(), saved.is_absent()) {
        (false, true) => rules::parse(check, &inline).map(RuleSelection::Inline),
        (true, false) => check.text(&saved, 1..=ID_CHARS).map(RuleSelection::Saved),
        (both_absent, _) => {
            let why = if both_absent {
                "either configuration or configuration_id is required"
            } else {
                "configuration and configuration_id exclude each other"
            };
            check.reject_value(&inline, why);
            None
        }
    }
}
