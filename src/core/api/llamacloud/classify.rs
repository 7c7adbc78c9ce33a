//! Classify v2: jobs that hold one file against a rule set.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use super::{
    Caller, Reply,
    ids::{self, ID_CHARS, InPath, Spelling},
    rules,
    wire::{self, ClassifyJob},
};
use crate::{
    api::{
        body,
        page_token::{self, Sizes},
        reply,
    },
    error::{Error, Kind, Result},
    id::{ClassifierId, FileId, JobId, ProjectId},
    job::{self, Classification, External, Job, Stage},
    service::{
        index::{JobFilter, PageRequest, Refusal, Rules, Subject},
        jobs::{self, Creation, Wanted},
        ports::Ports,
    },
    validate::{Check, Field},
};

/// The longest idempotency key, in characters.
const TRANSACTION_CHARS: usize = 255;

const LISTING: &str = "classify";
const SIZES: Sizes = Sizes { default: 50, most: 100 };

/// `POST /api/v2/classify`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let request = read(&caller, &input)?;
    let rules = match request.rules {
        Chosen::Inline(classification) => Rules::Inline(Box::new(classification)),
        Chosen::Saved(text) => Rules::Saved(ClassifierId::read(text).ok_or_else(|| unknown_configuration(text))?),
    };
    let wanted = Wanted {
        subject: Subject::File { id: request.file, current: false },
        rules,
        plan: vec![Stage::Classify],
        transaction: request.transaction,
        external: External::default(),
    };
    match jobs::create(&caller.ports, &caller.token, wanted).await? {
        Creation::Job(job) => Ok(answer(&job, false)),
        Creation::Refused(refusal) => Err(refused(refusal, &input, request.file, caller.token.project).into()),
    }
}

/// `GET /api/v2/classify`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Check::default();
    let filter = filter(&mut check, &caller);
    let query = &caller.query;
    let page = page_token::request(&mut check, LISTING, SIZES, &query.one("page_size"), &query.one("page_token"));
    let page: PageRequest = check.finish(page)?;
    let jobs = jobs::list(&caller.ports, caller.token.project, filter, page).await?;
    Ok(reply::json(StatusCode::OK, &wire::jobs(LISTING, &jobs)))
}

/// `GET /api/v2/classify/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, InPath(id): InPath<JobId>) -> Reply {
    let job = jobs::get(&caller.ports, caller.token.project, id).await.map_err(known_here)?;
    if job.kind() != job::Kind::Document {
        return Err(Error::not_found(JobId::MISSING).into());
    }
    Ok(answer(&job, caller.query.has("expand", "usage")))
}

/// `POST /api/v2/classify/{id}/cancel`
pub(super) async fn cancel<P: Ports>(caller: Caller<P>, InPath(id): InPath<JobId>) -> Reply {
    let job = jobs::cancel(&caller.ports, caller.token.project, id).await.map_err(known_here)?;
    Ok(answer(&job, false))
}

/// `DELETE /api/v2/classify/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, InPath(id): InPath<JobId>) -> Reply {
    let project = caller.token.project;
    jobs::delete(&caller.ports, project, id).await.map_err(known_here)?;
    Ok(reply::json(StatusCode::OK, &json!({ "id": id.spell(), "project_id": project.to_string() })))
}

fn answer(job: &Job, with_usage: bool) -> axum::response::Response {
    reply::json(StatusCode::OK, &ClassifyJob::new(job, with_usage))
}

/// The same error in the dialect's words.
fn known_here(error: Error) -> Error {
    error.or_missing(JobId::MISSING)
}

fn unknown_configuration(spelling: &str) -> Error {
    Error::not_found(format!("Classify configuration {spelling} not found"))
}

fn refused(refusal: Refusal, input: &Value, file: FileId, project: ProjectId) -> Error {
    let file = file.spell();
    match refusal {
        Refusal::UnknownFile => Error::new(Kind::Invalid, format!("File ID {file} is not in Project ID {project}")),
        Refusal::FileNotUploaded => {
            Error::new(Kind::Invalid, format!("File ID {file} has been announced, but its content was not uploaded"))
        }
        Refusal::UnknownClassifier => unknown_configuration(input["configuration_id"].as_str().unwrap_or_default()),
        // No request of this dialect asks for what they refuse.
        Refusal::UnknownSchema | Refusal::OtherSchema(_) | Refusal::InProgress(_) => {
            Error::internal(format!("refused: {refusal:?}"))
        }
    }
}

fn filter<P: Ports>(check: &mut Check, caller: &Caller<P>) -> JobFilter {
    let query = &caller.query;
    let classifier = query.one("configuration_id");
    let known = check.text(&classifier, 0..=ID_CHARS).and_then(ClassifierId::read);
    let mut ids = query.all("job_ids").map(|fields| ids::filter(check, &fields));
    if known.is_none() && !classifier.is_absent() {
        // What is no id is the configuration of no job.
        ids = Some(Vec::new());
    }
    JobFilter {
        kind: Some(job::Kind::Document),
        status: check.word(&query.one("status"), &wire::statuses()),
        ids,
        classifier: known,
        from: check.moment(&query.one("created_at_on_or_after")),
        to: check.moment(&query.one("created_at_on_or_before")),
    }
}

/// What a request for a job asks for.
struct Request<'a> {
    file: FileId,
    rules: Chosen<'a>,
    transaction: Option<String>,
}

enum Chosen<'a> {
    Inline(Classification),
    /// As it was spelt.
    Saved(&'a str),
}

fn read<'a, P: Ports>(caller: &Caller<P>, input: &'a Value) -> Result<Request<'a>> {
    let input = Field::root("body", Some(input));
    let mut check = Check::default();
    check.require(&input);
    if input.is_absent() || !check.object(&input) {
        return check.finish(None);
    }
    // One public client puts the project here.
    caller.check_scope(&mut check, &input.get("project_id"))?;
    let file = file(&mut check, &input);
    let rules = chosen(&mut check, &input);
    let transaction = check.text(&input.get("transaction_id"), 0..=TRANSACTION_CHARS).filter(|key| !key.is_empty());
    for name in ["webhook_configurations", "webhook_configuration_ids"] {
        let field = input.get(name);
        if !field.is_empty() {
            check.refuse_value(&field, "webhooks are not supported yet");
        }
    }
    let transaction = transaction.map(str::to_owned);
    check.finish(file.zip(rules).map(|(file, rules)| Request { file, rules, transaction }))
}

/// The file to work on: in `file_input`, or in `file_id`, as the first clients call it.
fn file(check: &mut Check, input: &Field<'_>) -> Option<FileId> {
    let parse_job = input.get("parse_job_id");
    if !parse_job.is_absent() {
        check.refuse_value(&parse_job, NO_PARSE_JOBS);
        return None;
    }
    let (new, old) = (input.get("file_input"), input.get("file_id"));
    let field = if new.is_absent() && !old.is_absent() { &old } else { &new };
    check.require(field);
    let text = check.text(field, 1..=ID_CHARS)?;
    let id = FileId::read(text);
    if id.is_none() {
        check.refuse_value(field, why_no_file(text));
    }
    id
}

const NO_PARSE_JOBS: &str = "parse jobs are not supported as input yet: upload the file and name it here";

fn why_no_file(text: &str) -> &'static str {
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

fn chosen<'a>(check: &mut Check, input: &Field<'a>) -> Option<Chosen<'a>> {
    let (inline, saved) = (input.get("configuration"), input.get("configuration_id"));
    match (inline.is_absent(), saved.is_absent()) {
        (false, true) => rules::read(check, &inline).map(Chosen::Inline),
        (true, false) => check.text(&saved, 1..=ID_CHARS).map(Chosen::Saved),
        (both_absent, _) => {
            let why = if both_absent {
                "either configuration or configuration_id is required"
            } else {
                "configuration and configuration_id exclude each other"
            };
            check.refuse_value(&inline, why);
            None
        }
    }
}
