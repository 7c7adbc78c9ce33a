//! Calls of webhooks in the form of this dialect.

use serde::Serialize;

use super::wire::{file_id, job_id, schema_id};
use crate::{
    api::endpoint::{CallText, hex_signature},
    error::{Error, Result},
    job::{Status, WebhookFormat},
    service::webhooks::{Call, Subject},
};

/// The body of a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    event_id: String,
    event_type: &'static str,
    timestamp: String,
    organization_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    document: Option<Document<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    deployment_id: &'a str,
    extraction_schema_id: String,
    file_id: Option<String>,
    job_id: String,
    /// An addition to the dialect: calls come in any order.
    version: u64,
    data: Outcome<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    status: &'static str,
    error_message: Option<&'a str>,
}

/// The longest error message in a call, in characters, so that its body stays small.
const MESSAGE_CHARS: usize = 500;

/// What a call says. None if the job has nothing that this dialect notifies of: it extracted nothing.
///
/// # Errors
///
/// `Internal` if it cannot be signed.
pub(in crate::api) fn call_text(call: &Call<'_>) -> Result<Option<CallText>> {
    let message: String;
    let (event, at, challenge, document) = match call.subject {
        Subject::Test(challenge) => ("VERIFICATION", call.now, Some(challenge), None),
        Subject::Job(job, about) => {
            let event = WebhookFormat::Limai.event_name(job.kind(), about.status);
            let (Some(event), Some(route)) = (event, job.route.as_deref()) else { return Ok(None) };
            if about.status == Status::Succeeded && !job.has_extraction() {
                return Ok(None);
            }
            message =
                job.failure().map(|failure| failure.message.chars().take(MESSAGE_CHARS).collect()).unwrap_or_default();
            let is_failed = about.status == Status::Failed;
            let document = Document {
                deployment_id: &route.deployment,
                extraction_schema_id: schema_id(route.schema_id),
                file_id: job.source.file().map(|file| file_id(file.id)),
                job_id: job_id(job.id),
                version: about.version,
                data: Outcome {
                    status: if is_failed { "failed" } else { "success" },
                    error_message: is_failed.then_some(message.as_str()),
                },
            };
            (event, about.at, None, Some(document))
        }
    };
    let body = Body {
        event_id: call.id.to_string(),
        event_type: event,
        timestamp: at.to_rfc3339(),
        organization_id: call.project.to_string(),
        challenge,
        document,
    };
    let body = serde_json::to_string(&body).map_err(Error::internal)?;
    let signature = hex_signature(call.endpoint.secret.as_deref(), &body)?;
    let headers = signature.map(|signature| ("x-webhook-signature".to_owned(), signature)).into_iter().collect();
    Ok(Some(CallText { event, headers, body }))
}
