//! Upload and classification.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{Caller, NO_CLASSIFIER, NO_FILE, NO_SCHEMA, PathParams, Reply, wire};
use crate::{
    api::{body, cuid, reply},
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, FileId},
    job::External,
    limits,
    service::{
        classifiers, files,
        index::{File, JobInput, JobRole, Refusal, RuleSource, Version, Work},
        jobs::{self, CreateOutcome, JobRequest},
        ports::{FileKey, Ports},
        signed_url::Grant,
    },
    validate::{Input, Validator},
};

/// The longest name of a file, in characters.
const NAME_CHARS: usize = 255;

/// The longest id that is parsed, in characters.
pub(super) const ID_CHARS: usize = 200;

/// Registers a file and responds with the URL to upload its bytes to.
pub(super) async fn create_upload<P: Ports>(caller: &Caller<P>) -> Reply {
    let name = caller.query.get("filename");
    if name.is_absent() {
        return Err(Error::new(ErrorKind::Invalid, "Missing filename query parameter").into());
    }
    let mut check = Validator::default();
    let name = check.text(&name, 1..=NAME_CHARS).map(str::to_owned);
    let name = check.finish(name)?;
    let Caller { ports, token, origin, .. } = caller;
    let (id, now) = (FileId::from_bytes(ports.random()), ports.now());
    let key = FileKey { project: token.project, file: id };
    // Sign before registering: without a secret to sign with, no file must be registered.
    let (ticket, _) = files::sign(ports, key, Grant::Upload, limits::UPLOAD_LIFETIME)?;
    let file = File {
        id,
        name,
        purpose: None,
        external_id: None,
        kind: None,
        size: None,
        job: None,
        created_at: now,
        updated_at: now,
    };
    files::register(ports, token.project, file).await?;
    let upload = wire::UploadUrl { url: origin.url(&format!("/uploads/{ticket}")), file_id: wire::file_id(id) };
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
    headers: HeaderMap,
    body: Body,
) -> Reply {
    classify(caller, segments, headers, body, |id| Work::Classify(RuleSource::Saved(id))).await
}

/// `POST /api/v1/classify/{classifierId}/async`
pub(super) async fn classify_and_extract<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    classify(caller, segments, headers, body, Work::ClassifyAndExtract).await
}

async fn classify<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: Body,
    work: fn(ClassifierId) -> Work,
) -> Reply {
    let classifier: ClassifierId = segments.id("classifier", NO_CLASSIFIER)?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    // Older documentation of the dialect has the second name.
    let (new, old) = (input.get("fileId"), input.get("unclassifiedFileId"));
    let field = if new.is_absent() && !old.is_absent() { old } else { new };
    check.require(&field);
    let text = check.text(&field, 1..=ID_CHARS);
    let text = check.finish(text)?;
    let id: FileId = cuid::decode(text).ok_or_else(|| Error::not_found(NO_FILE))?;
    let request = JobRequest {
        input: JobInput::File { id, role: JobRole::Current },
        work: work(classifier),
        idempotency_key: None,
        external: External::default(),
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
    }
}

/// The same result; a `NotFound` error gets the message `missing`.
pub(super) fn found<T>(outcome: Result<T>, missing: &str) -> Result<T> {
    outcome.map_err(|error| error.with_not_found_message(missing))
}
