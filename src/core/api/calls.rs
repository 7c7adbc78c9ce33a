//! Builds the requests that call webhooks.
//!
//! The body of a call is small: what happened to which job, and not the result, which the receiver asks for. Receivers
//! get calls in any order, so each has the version of the job.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::{
    endpoint::{CallText, signature},
    limai, llamacloud,
};
use crate::{
    error::{Error, Result},
    job::WebhookFormat,
    service::{
        ports::OutboundRequest,
        webhooks::{BuiltCall, Call, Subject},
    },
};

/// How the secret of a Standard Webhook begins.
pub(in crate::api) const SECRET_PREFIX: &str = "whsec_";

/// How many bytes the key of a Standard Webhook may have: what its specification says.
pub(in crate::api) const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The event of a test call.
const TEST_EVENT: &str = "webhook.test";

/// Builds the request of a call. None if there is nothing to say in the form of its endpoint.
///
/// # Errors
///
/// `Internal` if the call cannot be signed.
pub fn build(call: &Call<'_>) -> Result<Option<BuiltCall>> {
    let text = match call.endpoint.format {
        WebhookFormat::Standard => standard(call)?,
        WebhookFormat::LlamaCloud => llamacloud::call_text(call)?,
        WebhookFormat::Limai => limai::call_text(call)?,
    };
    Ok(text.map(|CallText { event, headers, body }| {
        let headers = headers.into_iter().chain(call.endpoint.headers.iter().cloned()).collect();
        BuiltCall { event, request: OutboundRequest::notify(&call.endpoint.url, headers, body) }
    }))
}

/// The body of a Standard Webhook.
#[derive(Serialize)]
struct StandardBody<'a> {
    r#type: &'static str,
    timestamp: String,
    data: StandardData<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum StandardData<'a> {
    Job {
        id: String,
        kind: &'static str,
        status: &'static str,
        version: u64,
        /// Where the job and its result are, on the host of this service.
        path: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
    },
    Test {
        challenge: &'a str,
    },
}

/// The call in the form of Standard Webhooks.
fn standard(call: &Call<'_>) -> Result<Option<CallText>> {
    let (event, at, data) = match call.subject {
        Subject::Job(job, about) => {
            let Some(event) = WebhookFormat::Standard.event_name(job.kind(), about.status) else { return Ok(None) };
            let has_ended = about.status.has_ended();
            let data = StandardData::Job {
                id: job.id.to_string(),
                kind: job.kind().as_str(),
                status: about.status.as_str(),
                version: about.version,
                path: format!("/v1/jobs/{}", job.id),
                label: job.decision.as_ref().filter(|_| has_ended).and_then(|decision| decision.label.as_deref()),
                reference: job.external.reference.as_deref(),
            };
            (event, about.at, data)
        }
        Subject::Test(challenge) => (TEST_EVENT, call.now, StandardData::Test { challenge }),
    };
    let body = StandardBody { r#type: event, timestamp: at.to_rfc3339(), data };
    let body = serde_json::to_string(&body).map_err(Error::internal)?;
    let id = format!("msg_{}", call.id);
    let timestamp = call.now.as_millis().div_euclid(1000).to_string();
    let mut headers = vec![("webhook-id".to_owned(), id.clone()), ("webhook-timestamp".to_owned(), timestamp.clone())];
    if let Some(key) = call.endpoint.secret.as_deref().and_then(standard_key) {
        let signature = BASE64_STANDARD.encode(signature(&key, &[&id, &timestamp, &body])?);
        headers.push(("webhook-signature".to_owned(), format!("v1,{signature}")));
    }
    Ok(Some(CallText { event, headers, body }))
}

/// The key of the secret of a Standard Webhook. None if it is not one.
pub(in crate::api) fn standard_key(secret: &str) -> Option<Vec<u8>> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    KEY_BYTES.contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn signs_as_the_specification_does() {
        let key = standard_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = signature(&key, &["msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body]).unwrap();
        assert_eq!(BASE64_STANDARD.encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn keys_have_the_length_that_the_specification_says() {
        let secret = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
        assert!(standard_key(&secret(24)).is_some());
        assert!(standard_key(&secret(64)).is_some());
        for wrong in [secret(23), secret(65), "whsec_!".to_owned(), BASE64_STANDARD.encode([7; 24])] {
            assert_eq!(standard_key(&wrong), None, "{wrong}");
        }
    }
}
