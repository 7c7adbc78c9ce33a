//! Classifying mails.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    Caller, NO_ORCHESTRATOR, Reply, Segments, orchestrator,
    wire::{Predictions, Process},
};
use crate::{
    api::{body, cuid, reply},
    document::{Mail, given},
    error::{Error, Kind, Result},
    id::JobId,
    job::{External, Kind as JobKind, Stage},
    limits,
    service::{
        index::{Refusal, Rules, Subject},
        jobs::{self, Creation, Wanted},
        mails,
        ports::Ports,
    },
    validate::{Check, Field},
};

/// The longest name that a caller may give a process, in characters.
const REFERENCE_CHARS: usize = 1_024;

const NO_PROCESS: &str = "Process not found";

/// A request, with what the caller wants back still as it came.
#[derive(Deserialize)]
struct Submission<'a> {
    mail: Option<Value>,
    subject: Option<Value>,
    body: Option<Value>,
    external_ref: Option<Value>,
    #[serde(borrow)]
    external_metadata: Option<&'a RawValue>,
}

/// `POST .../classification-async`
pub(super) async fn submit<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let bytes = body::whole(&headers, body).await?;
    let (mail, external) = read(&bytes, Form::Wrapped)?;
    mails::check(&mail)?;
    let wanted = Wanted {
        subject: Subject::Mail(Box::new(mail)),
        rules: Rules::Saved(orchestrator),
        plan: vec![Stage::Classify],
        transaction: None,
        external,
    };
    match jobs::create(&caller.ports, &caller.token, wanted).await? {
        Creation::Job(job) => Ok(reply::json(StatusCode::OK, &json!({ "process_cuid": cuid::spell(&job.id) }))),
        Creation::Refused(Refusal::UnknownClassifier) => Err(Error::not_found(NO_ORCHESTRATOR).into()),
        Creation::Refused(other) => Err(Error::internal(format!("refused: {other:?}")).into()),
    }
}

/// Where the mail is in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In a member of its own, as the asynchronous call has it.
    Wrapped,
    /// Its members are those of the request, as the synchronous call has it.
    Flat,
}

/// Reads a submission of either form. `documented` is the one that the call has in the documentation: what is missing is
/// told in its words.
fn read(bytes: &[u8], documented: Form) -> Result<(Mail, External)> {
    let submission: Submission<'_> = body::parse(bytes)?;
    let flat = submission.mail.is_none() && (submission.body.is_some() || documented == Form::Flat);
    let input = if flat {
        json!({ "subject": submission.subject, "body": submission.body, "external_ref": submission.external_ref })
    } else {
        json!({ "mail": submission.mail, "external_ref": submission.external_ref })
    };
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    let mail = if flat {
        given::mail(&mut check, &input)
    } else {
        check.require(&input.get("mail"));
        check.object(&input.get("mail")).then(|| given::mail(&mut check, &input.get("mail"))).flatten()
    };
    let reference = check.text(&input.get("external_ref"), 0..=REFERENCE_CHARS).map(str::to_owned);
    let mail = check.finish(mail)?;
    let metadata = submission.external_metadata.map(RawValue::get).filter(|metadata| *metadata != "null");
    if metadata.is_some_and(|metadata| metadata.len() > limits::MAX_METADATA_BYTES) {
        let limit = u64::try_from(limits::MAX_METADATA_BYTES).unwrap_or(u64::MAX);
        let why = format!("external_metadata has more than {limit} bytes");
        return Err(Error::new(Kind::TooLarge { limit }, why));
    }
    Ok((mail, External { reference, metadata: metadata.map(str::to_owned) }))
}

/// `GET .../classification-async/{processCuid}`
pub(super) async fn result<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let id: JobId = segments.id("process", NO_PROCESS)?;
    let job = jobs::get(&caller.ports, caller.token.project, id).await.map_err(|error| error.or_missing(NO_PROCESS))?;
    if job.kind() != JobKind::Mail || job.classification.classifier != Some(orchestrator) {
        return Err(Error::not_found(NO_PROCESS).into());
    }
    Ok(reply::json(StatusCode::OK, &Process::new(&job)?))
}

/// `POST .../classification`
pub(super) async fn now<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let bytes = body::whole(&headers, body).await?;
    let (mail, _) = read(&bytes, Form::Flat)?;
    mails::check(&mail)?;
    let decision = mails::classify(&caller.ports, caller.token.project, orchestrator, mail).await;
    let decision = decision.map_err(|error| error.or_missing(NO_ORCHESTRATOR))?;
    Ok(reply::json(StatusCode::OK, &Predictions::from(&decision)))
}
