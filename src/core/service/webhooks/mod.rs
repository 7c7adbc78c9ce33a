//! Webhooks: those that a project has saved, and the calls of all.

mod calls;

pub use self::calls::{
    BuildRequest, BuiltCall, Call, Subject, TestCall, consume, handle_dead_letter, repeat, try_endpoint,
};
use super::{
    index::{
        ChangeWebhook, CountWebhooks, DeleteWebhook, DeliveryRecord, GetDelivery, GetWebhook, ListDeliveries,
        ListWebhooks, Page, PageRequest, SaveWebhook, Webhook, WebhookFilter,
    },
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    id::{DeliveryId, JobId, ProjectId, WebhookId},
    job::Endpoint,
};

fn missing() -> Error {
    Error::not_found("Webhook not found")
}

/// A webhook to save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Where it is called.
    pub endpoint: Endpoint,
    /// The names of its events. None stands for all.
    pub events: Option<Vec<String>>,
    /// Whether every job of the project calls it.
    pub every_job: bool,
    /// What is returned and makes no difference.
    pub output_format: Option<String>,
}

/// Saves a webhook.
///
/// # Errors
///
/// `Conflict` if the project has as many as it may; `Upstream`.
pub async fn save(ports: &(impl Index + Random), project: ProjectId, new: NewWebhook) -> Result<Webhook> {
    let NewWebhook { endpoint, events, every_job, output_format } = new;
    let id = WebhookId::from_bytes(ports.random());
    ports.index(project, SaveWebhook { id, endpoint, events, every_job, output_format }).await
}

/// A saved webhook.
///
/// # Errors
///
/// `NotFound`; `Upstream`.
pub async fn get(ports: &impl Index, project: ProjectId, id: WebhookId) -> Result<Webhook> {
    ports.index(project, GetWebhook { id }).await?.ok_or_else(missing)
}

/// Changes a saved webhook. Calls that are under way go where it leads then.
///
/// # Errors
///
/// `NotFound`; `Upstream`.
pub async fn change(ports: &impl Index, project: ProjectId, change: ChangeWebhook) -> Result<Webhook> {
    ports.index(project, change).await?.ok_or_else(missing)
}

/// Deletes a saved webhook. It is not called any more, not even for what has happened.
///
/// # Errors
///
/// `NotFound`; `Upstream`.
pub async fn delete(ports: &impl Index, project: ProjectId, id: WebhookId) -> Result<()> {
    if ports.index(project, DeleteWebhook { id }).await? { Ok(()) } else { Err(missing()) }
}

/// Lists saved webhooks, newest first.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours; `Upstream`.
pub async fn list(
    ports: &impl Index,
    project: ProjectId,
    filter: WebhookFilter,
    page: PageRequest,
) -> Result<Page<Webhook>> {
    ports.index(project, ListWebhooks { filter, page }).await
}

/// How many webhooks are saved.
///
/// # Errors
///
/// `Upstream`.
pub async fn count(ports: &impl Index, project: ProjectId, filter: WebhookFilter) -> Result<u32> {
    ports.index(project, CountWebhooks { filter }).await
}

/// Lists calls, newest first.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours; `Upstream`.
pub async fn deliveries(
    ports: &impl Index,
    project: ProjectId,
    webhook: Option<WebhookId>,
    job: Option<JobId>,
    page: PageRequest,
) -> Result<Page<DeliveryRecord>> {
    ports.index(project, ListDeliveries { webhook, job, page }).await
}

/// A call.
///
/// # Errors
///
/// `NotFound` if it is not kept; `Upstream`.
pub async fn delivery(ports: &impl Index, project: ProjectId, id: DeliveryId) -> Result<DeliveryRecord> {
    ports.index(project, GetDelivery { id }).await?.ok_or_else(|| Error::not_found("Delivery not found"))
}
