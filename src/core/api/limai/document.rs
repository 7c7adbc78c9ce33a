//! Extraction, and the status of files and jobs.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json, value::RawValue};

use super::{
    Caller, NO_FILE, NO_JOB, NO_SCHEMA, PathParams, Reply,
    classify::{ID_CHARS, create_upload, found, refusal_error, refusal_response},
    wire,
};
use crate::{
    api::{body, cuid, reply},
    error::{Error, ErrorKind, Result},
    id::{FileId, JobId, SchemaId},
    job::External,
    service::{
        files,
        index::{JobInput, JobRole, Refusal, Work},
        jobs::{self, CreateOutcome, JobRequest},
        ports::Ports,
        schemas,
    },
    validate::{Input, Validator},
};

/// The most files that one request may name.
const MAX_FILES: usize = 100;

fn extract_request(file: FileId, schema: SchemaId) -> JobRequest {
    JobRequest {
        input: JobInput::File { id: file, role: JobRole::Current },
        work: Work::Extract(schema),
        idempotency_key: None,
        external: External::default(),
    }
}

/// `GET /api/v1/document/{extractionSchemaId}/get-url`
pub(super) async fn upload_url<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: SchemaId = segments.id("schema", NO_SCHEMA)?;
    found(schemas::get(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?;
    create_upload(&caller).await
}

/// `POST /api/v1/document/{extractionSchemaId}/process-file/{fileId}`
pub(super) async fn extract<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let (schema, file) = (segments.id("schema", NO_SCHEMA)?, segments.id("file", NO_FILE)?);
    match jobs::create_and_run(&caller.ports, &caller.token, extract_request(file, schema)).await? {
        CreateOutcome::Job(job) => {
            let body = json!({
                "message": "File processed successfully.",
                "fileId": wire::file_id(file),
                "jobId": wire::job_id(job.id),
                "extractionSchemaId": wire::schema_id(schema),
                "data": wire::data(&job),
            });
            Ok(reply::json(StatusCode::OK, &body))
        }
        CreateOutcome::Refused(refusal) => refusal_response(refusal, file),
    }
}

/// `POST /api/v1/document/{extractionSchemaId}/process-file-async/{fileId}`
pub(super) async fn queue<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let (schema, file) = (segments.id("schema", NO_SCHEMA)?, segments.id("file", NO_FILE)?);
    match jobs::create(&caller.ports, &caller.token, extract_request(file, schema)).await? {
        CreateOutcome::Job(job) => Ok(reply::json(StatusCode::OK, &wire::Queued::new(file, job.id))),
        CreateOutcome::Refused(refusal) => refusal_response(refusal, file),
    }
}

/// `POST /api/v1/document/{extractionSchemaId}/process-files-async`
pub(super) async fn queue_many<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let schema = segments.id("schema", NO_SCHEMA)?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.require(&input.get("fileIds"));
    let names = check.list(&input.get("fileIds"), 1..=MAX_FILES).unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(|name| check.text(name, 1..=ID_CHARS)).collect();
    check.finish(Some(()))?;
    // Checked first: an unknown schema is an error even if no file can be queued.
    found(schemas::get(&caller.ports, caller.token.project, schema).await, NO_SCHEMA)?;
    let mut queued = Vec::new();
    for name in names {
        queued.push(queue_one(&caller, schema, name).await?);
    }
    Ok(reply::json(StatusCode::OK, &json!({ "message": "Jobs queued for processing", "jobs": queued })))
}

/// Queues one file of many. An error about one file does not keep the others from being queued.
async fn queue_one<P: Ports>(caller: &Caller<P>, schema: SchemaId, name: &str) -> Result<Value> {
    let Some(file) = cuid::decode(name) else {
        return Ok(json!({ "fileId": name, "jobId": null, "error": NO_FILE }));
    };
    Ok(match jobs::create(&caller.ports, &caller.token, extract_request(file, schema)).await? {
        CreateOutcome::Job(job) => json!({ "fileId": wire::file_id(file), "jobId": wire::job_id(job.id) }),
        CreateOutcome::Refused(Refusal::UnknownSchema) => return Err(refusal_error(Refusal::UnknownSchema)),
        CreateOutcome::Refused(Refusal::InProgress(job)) => {
            let error = refusal_error(Refusal::InProgress(job));
            json!({ "fileId": name, "jobId": null, "existingJobId": wire::job_id(job), "error": error.message() })
        }
        CreateOutcome::Refused(refusal) => {
            json!({ "fileId": name, "jobId": null, "error": refusal_error(refusal).message() })
        }
    })
}

/// `GET /api/v1/document/get-file-data`
pub(super) async fn data<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Validator::default();
    let field = caller.query.get("fileId");
    check.require(&field);
    let name = check.text(&field, 1..=ID_CHARS);
    let schema = check.text(&caller.query.get("extractionSchemaId"), 1..=ID_CHARS);
    let name = check.finish(name)?;
    let schema = match schema.map(|text| cuid::decode(text).ok_or_else(|| Error::not_found(NO_SCHEMA))) {
        Some(schema) => Some(schema?),
        None => None,
    };
    Ok(reply::json(StatusCode::OK, &file_status(&caller, name, schema).await?))
}

/// `GET /api/v1/document/get-files-data`
pub(super) async fn data_of_many<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Validator::default();
    let fields = caller.query.get_all("fileIds").unwrap_or_default();
    if fields.is_empty() {
        check.require(&caller.query.get("fileIds"));
    }
    let lists: Vec<&str> = fields.iter().filter_map(|field| check.text(field, 1..=MAX_FILES * ID_CHARS)).collect();
    check.finish(Some(()))?;
    let names: Vec<&str> = lists.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    if names.len() > MAX_FILES {
        return Err(
            Error::new(ErrorKind::Invalid, format!("At most {MAX_FILES} files can be asked for at once")).into()
        );
    }
    let mut data = Vec::new();
    for name in names {
        data.push(match file_status(&caller, name, None).await {
            Ok(status) => status,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                wire::to_raw(&json!({ "fileId": name, "error": NO_FILE }))?
            }
            Err(error) => return Err(error.into()),
        });
    }
    Ok(reply::json(StatusCode::OK, &json!({ "data": data })))
}

/// The status of a file.
async fn file_status<P: Ports>(caller: &Caller<P>, name: &str, schema: Option<SchemaId>) -> Result<Box<RawValue>> {
    let project = caller.token.project;
    let id: FileId = cuid::decode(name).ok_or_else(|| Error::not_found(NO_FILE))?;
    let file = found(files::get(&caller.ports, project, id).await, NO_FILE)?;
    let job = match file.job {
        Some(job) => match jobs::get(&caller.ports, project, job).await {
            Ok(job) => Some(job),
            // Deleted, or accepted a moment ago and not stored yet.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let job_schema = job.as_ref().and_then(|job| job.route.as_ref()).map(|route| route.schema_id);
    if let (Some(schema), Some(job_schema)) = (schema, job_schema)
        && schema != job_schema
    {
        let why = format!("The file belongs to the extraction schema {}", wire::schema_id(job_schema));
        return Err(Error::new(ErrorKind::Invalid, why));
    }
    wire::to_raw(&wire::file_status(&file, job.as_ref()))
}

/// `GET /api/v1/queue/{jobId}/status`
pub(super) async fn job_status<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: JobId = segments.id("job", NO_JOB)?;
    let job = found(jobs::get(&caller.ports, caller.token.project, id).await, NO_JOB)?;
    Ok(reply::json(StatusCode::OK, &wire::job_status(&job)))
}
