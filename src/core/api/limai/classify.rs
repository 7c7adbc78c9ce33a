//! Upload and classification.

use axum::http::StatusCode;

use super::{Body, Caller, NO_CLASSIFIER, NO_FILE, NO_SCHEMA, PathParams, Reply, wire};
use crate::{
    api::{cuid, reply},
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, FileId},
    job::External,
    limits,
    service::{
        classifiers, files,
        index::{File, JobInput, JobRole, Refusal, RequestedWebhooks, RuleSource, Version, Work},
        jobs::{self, CreateOutcome, JobRequest},
        ports::{FileKey, Ports},
        signed_url::Grant,
    },
    validate::{
        declare::declare,
        shape::{Choice, OPEN, Object, Shape},
    },
};

/// The longest id that is parsed, in characters.
pub(super) const ID_CHARS: usize = 200;

/// A text that may be an id.
pub(super) const ID: Shape = Shape::text(1..=ID_CHARS);

declare! {
    /// The file to announce.
    #[derive(Debug)]
    pub(super) struct UploadQuery(OPEN) {
        /// Its name.
        filename: String = required(Shape::text(1..=255)),
    }
}

declare! {
    /// The file to classify.
    #[derive(Debug)]
    pub(super) struct ClassifyRequest(Object { choices: &[FILE], ..OPEN }) {
        /// Its id.
        file_id as "fileId": Option<String> = optional(ID),
        /// Its id, as older documentation of the dialect names it.
        unclassified_file_id as "unclassifiedFileId": Option<String> = optional(ID),
    }
}

const FILE: Choice = Choice {
    members: &["fileId", "unclassifiedFileId"],
    exclusive: false,
    check: |check, input| {
        if input.get("unclassifiedFileId").is_absent() {
            check.require(&input.get("fileId"));
        }
    },
};

/// Registers a file and responds with the URL to upload its bytes to.
pub(super) async fn create_upload<P: Ports>(caller: &Caller<P>) -> Reply {
    let query = caller.query.checked::<UploadQuery>();
    if query.input().get("filename").is_absent() {
        return Err(Error::new(ErrorKind::Invalid, "Missing filename query parameter").into());
    }
    let UploadQuery { filename: name } = query.finish()?;
    let Caller { ports, token, public_origin, .. } = caller;
    let id = FileId::from_bytes(ports.random());
    let key = FileKey { project: token.project, file: id };
    // Sign before registering: without a secret to sign with, no file must be registered.
    let (ticket, _) = files::sign(ports, key, Grant::Upload, limits::UPLOAD_LIFETIME)?;
    let file = File::new(id, name, ports.now());
    files::register(ports, token.project, file).await?;
    let url = public_origin.url(&format!("/uploads/{ticket}"));
    let upload = wire::UploadUrl { url, file_id: wire::file_id(id) };
    Ok(reply::json(StatusCode::OK, &upload))
}

/// `GET /api/v1/classify/{classifierId}/get-url`
pub(super) async fn upload_url<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: ClassifierId = segments.id("classifier", NO_CLASSIFIER)?;
    found(classifiers::get(&caller.ports, caller.token.project, id, Version::Published).await, NO_CLASSIFIER)?;
    create_upload(&caller).await
}

/// `POST /api/v1/classify/{classifierId}`
pub(super) async fn classify_only<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    body: Body<ClassifyRequest>,
) -> Reply {
    classify(caller, segments, body, |id| Work::Classify(RuleSource::Saved(id))).await
}

/// `POST /api/v1/classify/{classifierId}/async`
pub(super) async fn classify_and_extract<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    body: Body<ClassifyRequest>,
) -> Reply {
    classify(caller, segments, body, Work::ClassifyAndExtract).await
}

async fn classify<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    body: Body<ClassifyRequest>,
    work: fn(ClassifierId) -> Work,
) -> Reply {
    let classifier: ClassifierId = segments.id("classifier", NO_CLASSIFIER)?;
    let ClassifyRequest { file_id, unclassified_file_id } = body.0.finish()?;
    let text = file_id.or(unclassified_file_id).unwrap_or_default();
    let id: FileId = cuid::decode(&text).ok_or_else(|| Error::not_found(NO_FILE))?;
    let request = JobRequest {
        input: JobInput::File { id, role: JobRole::Current },
        work: work(classifier),
        idempotency_key: None,
        external: External::default(),
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create_and_run(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => Ok(reply::json(StatusCode::OK, &wire::Classified::new(id, &job))),
        CreateOutcome::Refused(refusal) => refusal_response(refusal, id),
    }
}

/// The response to a request that the index refused.
pub(super) fn refusal_response(refusal: Refusal, file: FileId) -> Reply {
    match refusal {
        Refusal::InProgress(job) => Ok(reply::json(StatusCode::CONFLICT, &wire::InProgress::new(file, job))),
        refusal => Err(refusal_error(refusal).into()),
    }
}

/// The error for a refusal of the index.
pub(super) fn refusal_error(refusal: Refusal) -> Error {
    match refusal {
        Refusal::UnknownFile => Error::not_found(NO_FILE),
        Refusal::FileNotUploaded => {
            Error::new(ErrorKind::Invalid, "The file was announced, but its content was not uploaded")
        }
        Refusal::UnknownClassifier => Error::not_found(NO_CLASSIFIER),
        Refusal::UnknownSchema => Error::not_found(NO_SCHEMA),
        Refusal::OtherSchema(schema) => Error::new(
            ErrorKind::Invalid,
            format!("The file was classified for the extraction schema {}", wire::schema_id(schema)),
        ),
        Refusal::InProgress(_) => Error::new(ErrorKind::Conflict, "Job already in progress"),
        Refusal::UnknownWebhook(id) => Error::not_found(format!("Webhook {id} not found")),
        // Requests of this dialect name neither.
        Refusal::UnknownConfiguration | Refusal::UnknownParseJob | Refusal::ParseJobNotDone(_) => {
            Error::internal(format!("refused: {refusal:?}"))
        }
    }
}

/// The same result; a `NotFound` error gets the message `missing`.
pub(super) fn found<T>(outcome: Result<T>, missing: &str) -> Result<T> {
    outcome.map_err(|error| error.with_not_found_message(missing))
}
