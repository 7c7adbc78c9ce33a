//! The calls of a project's webhooks, for its people: what was sent, and what was answered.

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Page, PageRequest, Rows, cursor, parse_cursor},
    webhooks,
};
use crate::{
    error::Result,
    id::{DeliveryId, JobId, WebhookId},
    job::Notification,
    limits,
    time::Timestamp,
};

/// How many attempts at a call are kept: twice those that are made of themselves, for calls that people repeat.
const MAX_KEPT_ATTEMPTS: usize = 2 * limits::MAX_DELIVERY_ATTEMPTS as usize;

/// How much of a body is kept, in bytes. With [`limits::MAX_LISTED_DELIVERIES`] this is 64 MB at most, of the 10 GB that
/// the platform stores for one object.
const MAX_KEPT_REQUEST_BYTES: usize = 64 * 1024;

/// A call of a webhook, for the project's people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: DeliveryId,
    /// The saved webhook. None if the webhook came with the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookId>,
    /// The job that it is about. None if the call is a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// What it is about, to repeat it. None for a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Notification>,
    /// The URL of the last attempt.
    pub url: String,
    /// The name of the event.
    pub event: String,
    /// The body of the last attempt. Of a long one, the beginning.
    pub request: String,
    /// What became of it.
    pub state: DeliveryState,
    /// When the call became due.
    pub created_at: Timestamp,
    /// The last attempts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<DeliveryAttempt>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Another attempt follows.
    Pending,
    /// The endpoint confirmed it.
    Delivered,
    /// It was given up.
    Failed,
}

/// One attempt at a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When it was made.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// The status of the answer. None if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of the answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why the endpoint did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The storage of calls of webhooks.
pub trait DeliveryStore {
    /// The call with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>>;

    /// Stores a call.
    fn put_delivery(&self, delivery: &DeliveryRecord) -> Result<()>;

    /// Removes all calls but the `kept` newest.
    fn remove_old_deliveries(&self, kept: u32) -> Result<()>;

    /// Removes the calls about a job.
    fn remove_deliveries_of(&self, job: JobId) -> Result<()>;

    /// Calls newest first (ties by id, descending), at most `limit`: only of this webhook and of this job, if named.
    fn deliveries(
        &self,
        webhook: Option<WebhookId>,
        job: Option<JobId>,
        after: Option<(Timestamp, DeliveryId)>,
        limit: u32,
    ) -> Result<Rows<DeliveryRecord>>;
}

/// Note an attempt at a call, unless its job was deleted meanwhile. The oldest calls beyond
/// [`limits::MAX_LISTED_DELIVERIES`] are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteDelivery {
    /// The call as this attempt made it, without its attempts. A call that was noted before keeps when it became due.
    pub record: DeliveryRecord,
    /// The attempt.
    pub attempt: DeliveryAttempt,
    /// Whether its saved webhook, if there still is one, must not be called any more.
    pub disable: bool,
}

impl IndexCommand for NoteDelivery {
    type Reply = ();

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<()> {
        let Self { record: mut delivery, attempt, disable } = self;
        let end = delivery.request.floor_char_boundary(MAX_KEPT_REQUEST_BYTES);
        delivery.request.truncate(end);
        let noted = store.delivery(delivery.id)?;
        let is_new = noted.is_none();
        if let Some(noted) = noted {
            // What a duplicate of an earlier attempt met does not undo that the call was confirmed.
            if noted.state == DeliveryState::Delivered {
                delivery.state = DeliveryState::Delivered;
            }
            (delivery.created_at, delivery.attempts) = (noted.created_at, noted.attempts);
        }
        delivery.attempts.push(attempt);
        let surplus = delivery.attempts.len().saturating_sub(MAX_KEPT_ATTEMPTS);
        delivery.attempts.drain(..surplus);
        // The calls about a job go with it, so only the first one can be late.
        if !is_new || delivery.job.map_or(Ok(true), |job| store.has_job(job))? {
            store.put_delivery(&delivery)?;
        }
        if is_new {
            store.remove_old_deliveries(limits::MAX_LISTED_DELIVERIES)?;
        }
        match delivery.webhook.filter(|_| disable) {
            Some(webhook) => webhooks::disable(store, webhook, &delivery.url, "it answered 410 Gone", now),
            None => Ok(()),
        }
    }
}

/// Get a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetDelivery {
    /// The id.
    pub id: DeliveryId,
}

impl IndexCommand for GetDelivery {
    type Reply = Option<DeliveryRecord>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.delivery(self.id)
    }
}

/// List calls, newest first. Fails with `Invalid` if no listing returned the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDeliveries {
    /// Only calls of this webhook.
    pub webhook: Option<WebhookId>,
    /// Only calls about this job.
    pub job: Option<JobId>,
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListDeliveries {
    type Reply = Page<DeliveryRecord>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let Self { webhook, job, page } = self;
        let after = page.after.as_ref().map(parse_cursor).transpose()?;
        let rows = store.deliveries(webhook, job, after, page.size.saturating_add(1))?;
        Ok(Page::new(rows, page.size, |last| cursor(last.created_at, &last.id)))
    }
}
