//! Extraction, and how far files and jobs are.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json, value::RawValue};

use super::{
    Caller, NO_FILE, NO_JOB, NO_SCHEMA, Reply, Segments,
    classify::{ID_CHARS, announce, found, refused, why},
    wire,
};
use crate::{
    api::{body, cuid, reply},
    error::{Error, Kind, Result},
    id::{FileId, JobId, SchemaId},
    job::{External, Stage},
    service::{
        files,
        index::{Refusal, Rules, Subject},
        jobs::{self, Creation, Wanted},
        ports::Ports,
        schemas,
    },
    validate::{Check, Field},
};

/// How many files one request may name.
const FILES: usize = 100;

fn wanted(file: FileId, schema: SchemaId) -> Wanted {
    Wanted {
        subject: Subject::File { id: file, current: true },
        rules: Rules::Schema(schema),
        plan: vec![Stage::Extract],
        transaction: None,
        external: External::default(),
    }
}

/// `GET /api/v1/document/{extractionSchemaId}/get-url`
pub(super) async fn address<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: SchemaId = segments.id("schema", NO_SCHEMA)?;
    found(schemas::get(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?;
    announce(&caller).await
}

/// `POST /api/v1/document/{extractionSchemaId}/process-file/{fileId}`
pub(super) async fn now<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let (schema, file) = (segments.id("schema", NO_SCHEMA)?, segments.id("file", NO_FILE)?);
    match jobs::run_now(&caller.ports, &caller.token, wanted(file, schema)).await? {
        Creation::Job(job) => {
            let body = json!({
                "message": "File processed successfully.",
                "fileId": wire::file(file),
                "jobId": wire::job(job.id),
                "extractionSchemaId": wire::schema(schema),
                "data": wire::data(&job),
            });
            Ok(reply::json(StatusCode::OK, &body))
        }
        Creation::Refused(refusal) => refused(refusal, file),
    }
}

/// `POST /api/v1/document/{extractionSchemaId}/process-file-async/{fileId}`
pub(super) async fn queue<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let (schema, file) = (segments.id("schema", NO_SCHEMA)?, segments.id("file", NO_FILE)?);
    match jobs::create(&caller.ports, &caller.token, wanted(file, schema)).await? {
        Creation::Job(job) => Ok(reply::json(StatusCode::OK, &wire::Queued::new(file, job.id))),
        Creation::Refused(refusal) => refused(refusal, file),
    }
}

/// `POST /api/v1/document/{extractionSchemaId}/process-files-async`
pub(super) async fn queue_many<P: Ports>(
    caller: Caller<P>,
    segments: Segments,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let schema = segments.id("schema", NO_SCHEMA)?;
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.require(&input.get("fileIds"));
    let names = check.list(&input.get("fileIds"), 1..=FILES).unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(|name| check.text(name, 1..=ID_CHARS)).collect();
    check.finish(Some(()))?;
    // Asked first: it is wrong even where there is nothing to queue.
    found(schemas::get(&caller.ports, caller.token.project, schema).await, NO_SCHEMA)?;
    let mut queued = Vec::new();
    for name in names {
        queued.push(queue_one(&caller, schema, name).await?);
    }
    Ok(reply::json(StatusCode::OK, &json!({ "message": "Jobs queued for processing", "jobs": queued })))
}

/// Queues one file of many. What is wrong with one does not keep the others from being queued.
async fn queue_one<P: Ports>(caller: &Caller<P>, schema: SchemaId, name: &str) -> Result<Value> {
    let Some(file) = cuid::read(name) else {
        return Ok(json!({ "fileId": name, "jobId": null, "error": NO_FILE }));
    };
    Ok(match jobs::create(&caller.ports, &caller.token, wanted(file, schema)).await? {
        Creation::Job(job) => json!({ "fileId": wire::file(file), "jobId": wire::job(job.id) }),
        Creation::Refused(Refusal::UnknownSchema) => return Err(why(Refusal::UnknownSchema)),
        Creation::Refused(Refusal::InProgress(job)) => {
            let error = why(Refusal::InProgress(job));
            json!({ "fileId": name, "jobId": null, "existingJobId": wire::job(job), "error": error.message() })
        }
        Creation::Refused(refusal) => json!({ "fileId": name, "jobId": null, "error": why(refusal).message() }),
    })
}

/// `GET /api/v1/document/get-file-data`
pub(super) async fn data<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Check::default();
    let field = caller.query.one("fileId");
    check.require(&field);
    let name = check.text(&field, 1..=ID_CHARS);
    let schema = check.text(&caller.query.one("extractionSchemaId"), 1..=ID_CHARS);
    let name = check.finish(name)?;
    let schema = match schema.map(|text| cuid::read(text).ok_or_else(|| Error::not_found(NO_SCHEMA))) {
        Some(schema) => Some(schema?),
        None => None,
    };
    Ok(reply::json(StatusCode::OK, &state(&caller, name, schema).await?))
}

/// `GET /api/v1/document/get-files-data`
pub(super) async fn data_of_many<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Check::default();
    let fields = caller.query.all("fileIds").unwrap_or_default();
    if fields.is_empty() {
        check.require(&caller.query.one("fileIds"));
    }
    let lists: Vec<&str> = fields.iter().filter_map(|field| check.text(field, 1..=FILES * ID_CHARS)).collect();
    check.finish(Some(()))?;
    let names: Vec<&str> = lists.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    if names.len() > FILES {
        return Err(Error::new(Kind::Invalid, format!("At most {FILES} files can be asked for at once")).into());
    }
    let mut data = Vec::new();
    for name in names {
        data.push(match state(&caller, name, None).await {
            Ok(state) => state,
            Err(error) if error.kind() == Kind::NotFound => wire::raw(&json!({ "fileId": name, "error": NO_FILE }))?,
            Err(error) => return Err(error.into()),
        });
    }
    Ok(reply::json(StatusCode::OK, &json!({ "data": data })))
}

/// How far a file is.
async fn state<P: Ports>(caller: &Caller<P>, name: &str, schema: Option<SchemaId>) -> Result<Box<RawValue>> {
    let project = caller.token.project;
    let id: FileId = cuid::read(name).ok_or_else(|| Error::not_found(NO_FILE))?;
    let file = found(files::get(&caller.ports, project, id).await, NO_FILE)?;
    let job = match file.job {
        Some(job) => match jobs::get(&caller.ports, project, job).await {
            Ok(job) => Some(job),
            // Removed, or accepted a moment ago and not stored yet.
            Err(error) if error.kind() == Kind::NotFound => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let known = job.as_ref().and_then(|job| job.route.as_ref()).map(|route| route.schema_id);
    if let (Some(asked), Some(known)) = (schema, known)
        && asked != known
    {
        let why = format!("The file belongs to the extraction schema {}", wire::schema(known));
        return Err(Error::new(Kind::Invalid, why));
    }
    wire::raw(&wire::state(&file, job.as_ref()))
}

/// `GET /api/v1/queue/{jobId}/status`
pub(super) async fn status<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: JobId = segments.id("job", NO_JOB)?;
    let job = found(jobs::get(&caller.ports, caller.token.project, id).await, NO_JOB)?;
    Ok(reply::json(StatusCode::OK, &wire::queue_status(&job)))
}
