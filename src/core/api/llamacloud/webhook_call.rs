//! Calls of webhooks in the form of this dialect.

use serde::Serialize;

use super::{
    ids::{ExtractJobId, IdFormat, ParseJobId, SplitJobId},
    wire::{self, failure_text},
};
use crate::{
    api::endpoint::{CallText, hex_signature},
    error::{Error, Result},
    job::{Job, JobKind, Notification, Status, WebhookFormat},
    service::webhooks::{Call, Subject},
};

/// How the service that calls is named. The vendor's name of it, because receivers filter by it.
const USER_AGENT: &str = "llamaindex-webhook-service/1.0";

/// The event of a test call: the one of the dialect that is of no product.
const TEST_EVENT: &str = "unmapped_event";

/// The longest error message in a call, in characters, so that its body stays small.
const MESSAGE_CHARS: usize = 500;

/// The body of a call.
#[derive(Serialize)]
struct Body<'a> {
    event_id: String,
    event_type: &'static str,
    /// Seconds since 1970.
    timestamp: f64,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Job(JobData<'a>),
    Test { challenge: &'a str },
}

#[derive(Serialize)]
struct JobData<'a> {
    id: String,
    /// The same, as the vendor's example has it.
    job_id: String,
    project_id: String,
    status: &'static str,
    /// An addition to the dialect: calls come in any order.
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Classified<'a>>,
}

#[derive(Serialize)]
struct Classified<'a> {
    r#type: Option<&'a str>,
    confidence: f64,
}

/// What a call says. None if the job is of no product of this dialect.
///
/// # Errors
///
/// `Internal` if it cannot be signed.
pub(in crate::api) fn call_text(call: &Call<'_>) -> Result<Option<CallText>> {
    let (event, at, data) = match call.subject {
        Subject::Test(challenge) => (TEST_EVENT, call.now, Data::Test { challenge }),
        Subject::Job(job, about) => {
            let event = WebhookFormat::LlamaCloud.event_name(job.kind(), about.status);
            let (Some(event), Some(data)) = (event, job_data(job, about)) else { return Ok(None) };
            (event, about.at, Data::Job(data))
        }
    };
    let event_id = call.id.to_string();
    // Exact: milliseconds since 1970 have fewer digits than a float.
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    let timestamp = at.as_millis() as f64 / 1000.0;
    let body = Body { event_id: event_id.clone(), event_type: event, timestamp, data };
    let body = serde_json::to_string(&body).map_err(Error::internal)?;
    let signature = hex_signature(call.endpoint.secret.as_deref(), &body)?;
    let headers = [
        Some(("user-agent", USER_AGENT.to_owned())),
        Some(("x-webhook-event-id", event_id)),
        Some(("x-webhook-event-type", event.to_owned())),
        signature.map(|signature| ("lc-signature", signature)),
    ];
    let headers = headers.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Some(CallText { event, headers, body }))
}

fn job_data(job: &Job, about: Notification) -> Option<JobData<'_>> {
    let id = match job.kind() {
        JobKind::Document => job.id.format(),
        JobKind::Parse => ParseJobId(job.id).format(),
        JobKind::JsonExtraction => ExtractJobId(job.id).format(),
        JobKind::Split => SplitJobId(job.id).format(),
        JobKind::Mail | JobKind::Extraction => return None,
    };
    let has_succeeded = about.status == Status::Succeeded;
    let decision = job.decision.as_ref().filter(|_| has_succeeded);
    let failure = job.failure().filter(|_| about.status == Status::Failed);
    Some(JobData {
        job_id: id.clone(),
        id,
        project_id: job.project.to_string(),
        status: wire::job_status(job.kind(), about.status)?,
        version: about.version,
        error_message: failure.map(|failure| failure_text(failure).chars().take(MESSAGE_CHARS).collect()),
        result: decision
            .map(|decision| Classified { r#type: decision.label.as_deref(), confidence: decision.confidence }),
    })
}
