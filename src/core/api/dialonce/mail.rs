//! Classifying mails.

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

use super::{
    Caller, NO_ORCHESTRATOR, PathParams, Reply, orchestrator,
    wire::{Predictions, Process},
};
use crate::{
    api::{body, checked::Checked, cuid, reply},
    document::Mail,
    error::{Error, ErrorKind, Result},
    id::JobId,
    job::{External, JobKind},
    limits,
    service::{
        index::{JobInput, Refusal, RuleSource, Work},
        jobs::{self, CreateOutcome, JobRequest},
        mails,
        ports::Ports,
    },
    validate::{
        declare::declare,
        shape::{Declared, OPEN, Object, Shape},
    },
};

const NO_PROCESS: &str = "Process not found";

declare! {
    /// A mail in a member of its own, as documented for the asynchronous call.
    #[derive(Debug)]
    pub(super) struct WrappedMail(OPEN) {
        /// The mail. Other members than these are ignored.
        mail: Mail = required(Shape::Object(&OPEN_MAIL)),
        external: ExternalInput = flattened,
    }
}

declare! {
    /// A mail at the top level, as documented for the synchronous call.
    #[derive(Debug)]
    pub(super) struct FlatMail(OPEN) {
        mail: Mail = flattened,
        external: ExternalInput = flattened,
    }
}

static OPEN_MAIL: Object = Object { name: "Mail", closed: false, ..*Mail::OBJECT };

declare! {
    /// What comes back with the classification.
    #[derive(Debug)]
    pub(super) struct ExternalInput(OPEN) {
        /// A text of the caller.
        external_ref: Option<String> = optional(Shape::text(0..=1_024)),
        /// Any JSON of the caller, up to 64 KiB, which comes back byte for byte.
        external_metadata: Option<Value> = optional(Shape::Any),
    }
}

/// The members of a request, still raw: `external_metadata` is returned byte for byte, and may have numbers that nothing
/// else can hold.
#[derive(Deserialize)]
struct Submission<'a> {
    #[serde(borrow)]
    mail: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    external_ref: Option<&'a RawValue>,
    #[serde(borrow)]
    external_metadata: Option<&'a RawValue>,
}

/// The value of a member; null if it is absent.
fn value(member: Option<&RawValue>) -> Result<Value> {
    member.map_or(Ok(Value::Null), |raw| body::parse(raw.get().as_bytes()))
}

/// A mail that was submitted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Submitted {
    /// The id to ask for its classification by.
    process_cuid: String,
}

/// `POST .../classification-async`
pub(super) async fn submit<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: RequestBody,
) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let bytes = body::read_json(&headers, body).await?;
    let (mail, external) = read(&bytes, BodyFormat::Wrapped)?;
    mails::check(&mail)?;
    let request = JobRequest {
        input: JobInput::Mail(Box::new(mail)),
        work: Work::Classify(RuleSource::Saved(orchestrator)),
        idempotency_key: None,
        external,
    };
    match jobs::create(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => Ok(reply::json(StatusCode::OK, &Submitted { process_cuid: cuid::encode(&job.id) })),
        CreateOutcome::Refused(Refusal::UnknownClassifier) => Err(Error::not_found(NO_ORCHESTRATOR).into()),
        CreateOutcome::Refused(refusal) => Err(Error::internal(format!("refused: {refusal:?}")).into()),
    }
}

/// Where the mail is in a request body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyFormat {
    /// In the member `mail`, as documented for the asynchronous call.
    Wrapped,
    /// At the top level, as documented for the synchronous call.
    Flat,
}

/// Parses a submission in either format. `documented` is the documented format of the call: errors about missing
/// members refer to it.
fn read(bytes: &[u8], documented: BodyFormat) -> Result<(Mail, External)> {
    let submission: Submission<'_> = body::parse_borrowed(bytes)?;
    let flat = submission.mail.is_none() && (submission.body.is_some() || documented == BodyFormat::Flat);
    let reference = value(submission.external_ref)?;
    let input = if flat {
        json!({ "subject": value(submission.subject)?, "body": value(submission.body)?, "external_ref": reference })
    } else {
        json!({ "mail": value(submission.mail)?, "external_ref": reference })
    };
    let (mail, external) = if flat {
        let FlatMail { mail, external } = Checked::new("body", input).finish()?;
        (mail, external)
    } else {
        let WrappedMail { mail, external } = Checked::new("body", input).finish()?;
        (mail, external)
    };
    let reference = external.external_ref;
    let metadata = submission.external_metadata.map(RawValue::get).filter(|metadata| *metadata != "null");
    if metadata.is_some_and(|metadata| metadata.len() > limits::MAX_METADATA_BYTES) {
        let limit = u64::try_from(limits::MAX_METADATA_BYTES).unwrap_or(u64::MAX);
        let why = format!("external_metadata has more than {limit} bytes");
        return Err(Error::new(ErrorKind::TooLarge { limit }, why));
    }
    Ok((mail, External { reference, metadata: metadata.map(str::to_owned) }))
}

/// `GET .../classification-async/{processCuid}`
pub(super) async fn result<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let id: JobId = segments.id("process", NO_PROCESS)?;
    let job = jobs::get_of_kind(&caller.ports, caller.token.project, id, JobKind::Mail)
        .await
        .map_err(|error| error.with_not_found_message(NO_PROCESS))?;
    if job.classification.classifier != Some(orchestrator) {
        return Err(Error::not_found(NO_PROCESS).into());
    }
    Ok(reply::json(StatusCode::OK, &Process::new(&job)?))
}

/// `POST .../classification`
pub(super) async fn classify<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: RequestBody,
) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let bytes = body::read_json(&headers, body).await?;
    let (mail, _) = read(&bytes, BodyFormat::Flat)?;
    mails::check(&mail)?;
    let decision = mails::classify(&caller.ports, caller.token.project, orchestrator, mail).await;
    let decision = decision.map_err(|error| error.with_not_found_message(NO_ORCHESTRATOR))?;
    Ok(reply::json(StatusCode::OK, &Predictions::from(&decision)))
}
