//! Who is called when a job changes.
//!
//! A job has the webhooks that it was accepted with. When it reaches a status that one of them is called for, the job
//! keeps a [`Delivery`] and enqueues a message. The consumer of the queue makes the call and reports the outcome;
//! a delivery stays in the job until it succeeded or has had [`limits::MAX_DELIVERY_ATTEMPTS`], and the job's timer
//! enqueues a lost message again. So each call is made at least once, under one id.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{JobKind, Status};
use crate::{
    id::{DeliveryId, JobId, WebhookId},
    limits,
    time::Timestamp,
};

/// The form of a call: the names of its events, its body and its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    /// Standard Webhooks, for every kind of job.
    Standard,
    /// The form of LlamaCloud, for its jobs.
    LlamaCloud,
    /// The form of Limai, for jobs that extract by a saved schema.
    Limai,
}

impl WebhookFormat {
    /// The name of the event that a job of this kind has reached the status. None if the form has no such event.
    pub const fn event_name(self, kind: JobKind, status: Status) -> Option<&'static str> {
        match (self, kind, status) {
            (_, _, Status::Deleted) => None,
            (Self::Standard, _, Status::Queued) => Some("job.queued"),
            (Self::Standard, _, Status::Running) => Some("job.running"),
            (Self::Standard, _, Status::Succeeded) => Some("job.succeeded"),
            (Self::Standard, _, Status::Failed) => Some("job.failed"),
            (Self::Standard, _, Status::Cancelled) => Some("job.cancelled"),
            (Self::LlamaCloud, JobKind::Document, Status::Queued) => Some("classify.pending"),
            (Self::LlamaCloud, JobKind::Document, Status::Running) => Some("classify.running"),
            (Self::LlamaCloud, JobKind::Document, Status::Succeeded) => Some("classify.success"),
            (Self::LlamaCloud, JobKind::Document, Status::Failed) => Some("classify.error"),
            (Self::LlamaCloud, JobKind::Document, Status::Cancelled) => Some("classify.cancelled"),
            (Self::LlamaCloud, JobKind::Parse, Status::Queued) => Some("parse.pending"),
            (Self::LlamaCloud, JobKind::Parse, Status::Running) => Some("parse.running"),
            (Self::LlamaCloud, JobKind::Parse, Status::Succeeded) => Some("parse.success"),
            (Self::LlamaCloud, JobKind::Parse, Status::Failed) => Some("parse.error"),
            (Self::LlamaCloud, JobKind::Parse, Status::Cancelled) => Some("parse.cancelled"),
            (Self::LlamaCloud, JobKind::JsonExtraction, Status::Queued) => Some("extract.pending"),
            (Self::LlamaCloud, JobKind::JsonExtraction, Status::Running) => None,
            (Self::LlamaCloud, JobKind::JsonExtraction, Status::Succeeded) => Some("extract.success"),
            (Self::LlamaCloud, JobKind::JsonExtraction, Status::Failed) => Some("extract.error"),
            (Self::LlamaCloud, JobKind::JsonExtraction, Status::Cancelled) => Some("extract.cancelled"),
            (Self::LlamaCloud, JobKind::Split, Status::Queued) => Some("split.pending"),
            (Self::LlamaCloud, JobKind::Split, Status::Running) => Some("split.processing"),
            (Self::LlamaCloud, JobKind::Split, Status::Succeeded) => Some("split.success"),
            (Self::LlamaCloud, JobKind::Split, Status::Failed) => Some("split.error"),
            (Self::LlamaCloud, JobKind::Split, Status::Cancelled) => Some("split.cancelled"),
            (Self::LlamaCloud, JobKind::Mail | JobKind::Extraction, _) => None,
            (Self::Limai, JobKind::Document | JobKind::Extraction, Status::Succeeded | Status::Failed) => {
                Some("DOCUMENT_EXTRACTED")
            }
            (Self::Limai, ..) => None,
        }
    }

    /// The statuses at which a webhook for these events is called for a job of this kind. None stands for all events.
    pub fn statuses(self, kind: JobKind, events: Option<&[String]>) -> Vec<Status> {
        let is_subscribed = |name: &str| events.is_none_or(|events| events.iter().any(|event| event == name));
        Status::ALL.into_iter().filter(|status| self.event_name(kind, *status).is_some_and(is_subscribed)).collect()
    }
}

/// Where a webhook is called, and how.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The URL, which may be requested.
    pub url: String,
    /// The form of the call.
    pub format: WebhookFormat,
    /// Headers beside those of the form: names in lower case, and values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The secret that signs the call, as the caller gave or got it. None if calls are not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl std::fmt::Debug for Endpoint {
    /// Without the secret and the headers, which may have others.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, format, headers, secret } = self;
        let headers = headers.len();
        let is_signed = secret.is_some();
        f.debug_struct("Endpoint")
            .field("url", url)
            .field("format", format)
            .field("headers", &headers)
            .field("is_signed", &is_signed)
            .finish()
    }
}

/// The endpoint of a job's webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEndpoint {
    /// That of a saved webhook, as it is at the time of the call.
    Saved(WebhookId),
    /// One that came with the request.
    Inline(Box<Endpoint>),
}

/// A webhook of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobWebhook {
    /// Where it is called.
    pub endpoint: JobEndpoint,
    /// The statuses at which it is called.
    pub statuses: Vec<Status>,
}

/// What a webhook is called about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The index of the webhook in the job.
    pub webhook: usize,
    /// The status that the job reached.
    pub status: Status,
    /// The version of the job with that status.
    pub version: u64,
    /// When it reached the status.
    pub at: Timestamp,
}

impl Notification {
    /// The id of the call: the same for the same notification.
    pub fn id(&self, job: JobId) -> DeliveryId {
        let text = format!("webhook/{job}/{}/{}/{}", self.webhook, self.version, self.status.as_str());
        DeliveryId::from_digest(&Sha256::digest(text.as_bytes()))
    }
}

/// A call that has not succeeded yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What it is about.
    #[serde(flatten)]
    pub notification: Notification,
    /// How many attempts were made.
    #[serde(default)]
    pub attempts_made: u32,
    /// The next attempt is not made before this time.
    pub not_before: Timestamp,
    /// When the job enqueues the message again, because the last one may have been lost.
    pub redelivery_at: Timestamp,
    /// How often the message was enqueued again at this attempt.
    #[serde(default)]
    pub redeliveries: u32,
}

impl Delivery {
    pub(super) fn new(notification: Notification, now: Timestamp) -> Self {
        Self {
            notification,
            attempts_made: 0,
            not_before: now,
            redelivery_at: now + limits::DELIVERY_REDELIVERY_INTERVAL,
            redeliveries: 0,
        }
    }

    /// The delivery after another attempt failed. None if there are no more.
    pub(super) fn next_attempt(self, id: DeliveryId, now: Timestamp) -> Option<Self> {
        let attempts_made = self.attempts_made.saturating_add(1);
        let delay = delay(id, attempts_made)?;
        let not_before = now + delay;
        let redelivery_at = not_before + limits::DELIVERY_REDELIVERY_INTERVAL;
        Some(Self { attempts_made, not_before, redelivery_at, redeliveries: 0, ..self })
    }
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// The endpoint confirmed it.
    Delivered,
    /// It did not, and another attempt may succeed.
    Failed,
    /// The endpoint no longer exists or takes no more calls.
    Gone,
}

/// The waits between the attempts at a call, in seconds: short ones for a restart, long ones for an outage; about a day
/// together, as the specification of Standard Webhooks proposes.
const DELAYS: [u32; limits::MAX_DELIVERY_ATTEMPTS as usize - 1] =
    [5, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 15 * 3600];

/// The wait after this many attempts, which is up to a tenth longer so that the calls of an outage do not all return at
/// once. None if no attempt follows.
fn delay(id: DeliveryId, attempts_made: u32) -> Option<Duration> {
    let index = usize::try_from(attempts_made.checked_sub(1)?).ok()?;
    let millis = u64::from(*DELAYS.get(index)?) * 1000;
    let spread = id.as_u128().rotate_right(attempts_made.saturating_mul(21)) % u128::from(millis / 10);
    Some(Duration::from_millis(millis + u64::try_from(spread).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_call_is_tried_eight_times_in_a_day() {
        let id = DeliveryId::from_bytes([9; 16]);
        let now = Timestamp::from_millis(0);
        let notification = Notification { webhook: 0, status: Status::Failed, version: 3, at: now };
        let mut delivery = Delivery::new(notification, now);
        let mut attempts = 1;
        while let Some(next) = delivery.next_attempt(id, delivery.not_before) {
            assert!(next.not_before > delivery.not_before);
            (delivery, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, limits::MAX_DELIVERY_ATTEMPTS);
        let hours = delivery.not_before.as_millis() / 3_600_000;
        assert!((23..=26).contains(&hours), "{hours}");
    }

    #[test]
    fn events_select_statuses() {
        let events = ["classify.success".to_owned(), "parse.pending".to_owned(), "job.failed".to_owned()];
        let statuses = |format: WebhookFormat, kind| format.statuses(kind, Some(&events));
        assert_eq!(statuses(WebhookFormat::LlamaCloud, JobKind::Document), [Status::Succeeded]);
        assert_eq!(statuses(WebhookFormat::LlamaCloud, JobKind::Parse), [Status::Queued]);
        assert_eq!(statuses(WebhookFormat::Standard, JobKind::Mail), [Status::Failed]);
        assert_eq!(WebhookFormat::Standard.statuses(JobKind::Mail, None).len(), Status::ALL.len() - 1);
        assert_eq!(WebhookFormat::LlamaCloud.statuses(JobKind::Mail, None), []);
    }

    #[test]
    fn a_secret_is_not_printed() {
        let endpoint = Endpoint {
            url: "https://a.example".to_owned(),
            format: WebhookFormat::Standard,
            headers: vec![("authorization".to_owned(), "hush".to_owned())],
            secret: Some("hush".to_owned()),
        };
        assert!(!format!("{endpoint:?}").contains("hush"));
    }
}
