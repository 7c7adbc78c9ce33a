//! Extraction, and the status of files and jobs.

use axum::{http::StatusCode, response::Response};

use super::{
    Body, Caller, NO_FILE, NO_JOB, NO_SCHEMA, NULL_FILE, PathParams, Reply,
    classify::{ID, ID_CHARS, create_upload, found, refusal_error, refusal_response},
    error::Polled,
    wire::{self, FileStatus, FilesStatus, Processed, QueuedFile, QueuedMany},
};
use crate::{
    api::{
        context, cuid,
        reply::{self, ApiError},
    },
    error::{Error, ErrorKind, Result},
    id::{FileId, JobId, SchemaId},
    job::{External, JobKind},
    limits,
    service::{
        files,
        index::{JobInput, JobRole, Refusal, RequestedWebhooks, Work, json_bytes},
        job_parts,
        jobs::{self, CreateOutcome, JobRequest},
        ports::Ports,
        schemas,
    },
    validate::{
        declare::declare,
        shape::{OPEN, Shape},
    },
};

/// The most files that one request may name.
const MAX_FILES: usize = 100;

declare! {
    /// Files to extract from.
    #[derive(Debug)]
    pub(super) struct FilesRequest(OPEN) {
        /// Their ids.
        file_ids as "fileIds": Vec<String> = required(Shape::list(1..=MAX_FILES, &ID)),
    }
}

declare! {
    /// The file to ask for.
    #[derive(Debug)]
    pub(super) struct FileQuery(OPEN) {
        /// Its id.
        file_id as "fileId": String = required(ID),
        /// The schema that it must belong to, if it belongs to one.
        schema as "extractionSchemaId": Option<String> = optional(ID),
    }
}

declare! {
    /// The files to ask for.
    #[derive(Debug)]
    pub(super) struct FilesQuery(OPEN) {
        /// Their ids, separated by commas, or one each; up to 100.
        file_ids as "fileIds": Vec<String> =
            required(Shape::list(1..=usize::MAX, &Shape::text(1..=MAX_FILES * ID_CHARS))),
    }
}

fn extract_request(file: FileId, schema: SchemaId) -> JobRequest {
    JobRequest {
        input: JobInput::File { id: file, role: JobRole::Current },
        work: Work::Extract(schema),
        idempotency_key: None,
        external: External::default(),
        webhooks: RequestedWebhooks::default(),
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
            let job = job_parts::with_output(&caller.ports, *job).await?;
            let body = Processed::new(file, schema, &job);
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
pub(super) async fn queue_many<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<FilesRequest>) -> Reply {
    let schema = segments.id("schema", NO_SCHEMA)?;
    let FilesRequest { file_ids } = body.0.finish()?;
    // Checked first: an unknown schema is an error even if no file can be queued.
    found(schemas::get(&caller.ports, caller.token.project, schema).await, NO_SCHEMA)?;
    let mut queued = Vec::new();
    for name in file_ids {
        queued.push(queue_one(&caller, schema, name).await?);
    }
    Ok(reply::json(StatusCode::OK, &QueuedMany::new(queued)))
}

/// Queues one file of many. An error about one file does not keep the others from being queued.
async fn queue_one<P: Ports>(caller: &Caller<P>, schema: SchemaId, name: String) -> Result<QueuedFile> {
    let Some(file) = cuid::decode(&name) else { return Ok(QueuedFile::failed(name, None, NO_FILE)) };
    Ok(match jobs::create(&caller.ports, &caller.token, extract_request(file, schema)).await? {
        CreateOutcome::Job(job) => QueuedFile::queued(file, job.id),
        CreateOutcome::Refused(Refusal::UnknownSchema) => return Err(refusal_error(Refusal::UnknownSchema)),
        CreateOutcome::Refused(refusal) => {
            let existing = if let Refusal::InProgress(job) = refusal { Some(job) } else { None };
            QueuedFile::failed(name, existing, refusal_error(refusal).message())
        }
    })
}

/// `GET /api/v1/document/get-file-data`
pub(super) async fn data<P: Ports>(caller: context::Caller<P, Polled>) -> Result<Response, ApiError<Polled>> {
    let FileQuery { file_id, schema } = caller.query.checked().finish()?;
    let schema = match schema.map(|text| cuid::decode(&text).ok_or_else(|| Error::not_found(NO_SCHEMA))) {
        Some(schema) => Some(schema?),
        None => None,
    };
    // What the documented code asks for after a classification that no rule fits.
    if file_id == "null" {
        return Err(Error::not_found(NULL_FILE).into());
    }
    Ok(reply::json(StatusCode::OK, &file_status(&caller, &file_id, schema).await?))
}

/// `GET /api/v1/document/get-files-data`
pub(super) async fn data_of_many<P: Ports>(caller: Caller<P>) -> Reply {
    let FilesQuery { file_ids } = caller.query.checked().finish()?;
    let names: Vec<&str> = file_ids.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    if names.len() > MAX_FILES {
        return Err(
            Error::new(ErrorKind::Invalid, format!("At most {MAX_FILES} files can be asked for at once")).into()
        );
    }
    let (mut data, mut bytes) = (Vec::new(), 0_usize);
    for name in names {
        let status = match file_status(&caller, name, None).await {
            Ok(status) => status,
            Err(error) if error.kind() == ErrorKind::NotFound => FileStatus::unknown(name),
            Err(error) => return Err(error.into()),
        };
        bytes = bytes.saturating_add(json_bytes(&status)?);
        if bytes > limits::MAX_FILES_DATA_BYTES && !data.is_empty() {
            let what = format!("The data of the first {} of these files", data.len().saturating_add(1));
            return Err(Error::too_large(&what, bytes, limits::MAX_FILES_DATA_BYTES).into());
        }
        data.push(status);
    }
    Ok(reply::json(StatusCode::OK, &FilesStatus { data }))
}

/// The status of a file.
async fn file_status<P: Ports, D>(
    caller: &context::Caller<P, D>,
    name: &str,
    schema: Option<SchemaId>,
) -> Result<FileStatus> {
    let project = caller.token.project;
    let id: FileId = cuid::decode(name).ok_or_else(|| Error::not_found(NO_FILE))?;
    let file = found(files::get(&caller.ports, project, id).await, NO_FILE)?;
    let job = match file.job {
        Some(job) => match jobs::get(&caller.ports, project, job).await {
            Ok(job) => Some(job_parts::with_output(&caller.ports, job).await?),
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
    Ok(FileStatus::new(&file, job.as_ref()))
}

/// `GET /api/v1/queue/{jobId}/status`
pub(super) async fn job_status<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: JobId = segments.id("job", NO_JOB)?;
    let job = found(jobs::get(&caller.ports, caller.token.project, id).await, NO_JOB)?;
    if job.kind() == JobKind::Mail {
        // Mails are not of this dialect.
        return Err(Error::not_found(NO_JOB).into());
    }
    Ok(reply::json(StatusCode::OK, &wire::JobStatus::new(&job)))
}
