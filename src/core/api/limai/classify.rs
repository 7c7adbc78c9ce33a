//! Uploading to a classifier, and classifying.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{Caller, NO_CLASSIFIER, NO_FILE, NO_SCHEMA, Reply, Segments, wire};
use crate::{
    api::{body, cuid, reply},
    error::{Error, Kind, Result},
    id::{ClassifierId, FileId},
    job::{External, Stage},
    limits,
    service::{
        classifiers, files,
        index::{File, Refusal, Rules, Subject},
        jobs::{self, Creation, Wanted},
        ports::{FileKey, Ports},
        ticket::Grant,
    },
    validate::{Check, Field},
};

/// The longest name of a file, in characters.
const NAME_CHARS: usize = 255;

/// The longest id that is looked at, in characters.
pub(super) const ID_CHARS: usize = 200;

/// Announces a file and answers the address to put its bytes to.
pub(super) async fn announce<P: Ports>(caller: &Caller<P>) -> Reply {
    let name = caller.query.one("filename");
    if name.is_absent() {
        return Err(Error::new(Kind::Invalid, "Missing filename query parameter").into());
    }
    let mut check = Check::default();
    let name = check.text(&name, 1..=NAME_CHARS).map(str::to_owned);
    let name = check.finish(name)?;
    let Caller { ports, token, origin, .. } = caller;
    let (id, now) = (FileId::from_random(ports.random()), ports.now());
    let key = FileKey { project: token.project, file: id };
    // Signed first: without a secret to sign with, nothing is announced.
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
    let address = wire::Address { url: origin.address(&format!("/uploads/{ticket}")), file_id: wire::file(id) };
    Ok(reply::json(StatusCode::OK, &address))
}

/// `GET /api/v1/classify/{classifierId}/get-url`
pub(super) async fn address<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: ClassifierId = segments.id("classifier", NO_CLASSIFIER)?;
    found(classifiers::get(&caller.ports, caller.token.project, id, false).await, NO_CLASSIFIER)?;
    announce(&caller).await
}

/// `POST /api/v1/classify/{classifierId}`
pub(super) async fn now<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    classify(caller, segments, headers, body, vec![Stage::Classify]).await
}

/// `POST /api/v1/classify/{classifierId}/async`
pub(super) async fn and_extract<P: Ports>(
    caller: Caller<P>,
    segments: Segments,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    classify(caller, segments, headers, body, vec![Stage::Classify, Stage::Extract]).await
}

async fn classify<P: Ports>(
    caller: Caller<P>,
    segments: Segments,
    headers: HeaderMap,
    body: Body,
    plan: Vec<Stage>,
) -> Reply {
    let classifier: ClassifierId = segments.id("classifier", NO_CLASSIFIER)?;
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    // Older documentation of the dialect calls it by the second name.
    let (new, old) = (input.get("fileId"), input.get("unclassifiedFileId"));
    let field = if new.is_absent() && !old.is_absent() { old } else { new };
    check.require(&field);
    let text = check.text(&field, 1..=ID_CHARS);
    let text = check.finish(text)?;
    let id: FileId = cuid::read(text).ok_or_else(|| Error::not_found(NO_FILE))?;
    let wanted = Wanted {
        subject: Subject::File { id, current: true },
        rules: Rules::Saved(classifier),
        plan,
        transaction: None,
        external: External::default(),
    };
    match jobs::run_now(&caller.ports, &caller.token, wanted).await? {
        Creation::Job(job) => Ok(reply::json(StatusCode::OK, &wire::Classified::new(id, &job))),
        Creation::Refused(refusal) => refused(refusal, id),
    }
}

/// The answer to a request that the index refused.
pub(super) fn refused(refusal: Refusal, file: FileId) -> Reply {
    match refusal {
        Refusal::InProgress(job) => Ok(reply::json(StatusCode::CONFLICT, &wire::InProgress::new(file, job))),
        other => Err(why(other).into()),
    }
}

/// Why the index refused a request.
pub(super) fn why(refusal: Refusal) -> Error {
    match refusal {
        Refusal::UnknownFile => Error::not_found(NO_FILE),
        Refusal::FileNotUploaded => {
            Error::new(Kind::Invalid, "The file was announced, but its content was not uploaded")
        }
        Refusal::UnknownClassifier => Error::not_found(NO_CLASSIFIER),
        Refusal::UnknownSchema => Error::not_found(NO_SCHEMA),
        Refusal::OtherSchema(schema) => Error::new(
            Kind::Invalid,
            format!("The file was classified for the extraction schema {}", wire::schema(schema)),
        ),
        Refusal::InProgress(_) => Error::new(Kind::Conflict, "Job already in progress"),
    }
}

/// What came out, in the dialect's words where nothing was found.
pub(super) fn found<T>(outcome: Result<T>, missing: &str) -> Result<T> {
    outcome.map_err(|error| error.or_missing(missing))
}
