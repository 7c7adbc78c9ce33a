//! The saved webhooks of a project.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Page, PageRequest, Rows, cursor, parse_cursor},
    size::check_room,
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::WebhookId,
    job::{Endpoint, WebhookFormat},
    limits,
    time::Timestamp,
};

/// A saved webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it is called, and how.
    pub endpoint: Endpoint,
    /// The names of the events that it is called for, in the words of its form. None if it is called for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// Whether every job of the project calls it, or only those that name it.
    pub every_job: bool,
    /// What the caller chose that makes no difference, and is returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_format: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed: later than at every change before.
    pub updated_at: Timestamp,
    /// When and why it was disabled. None while it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
}

/// When and why a webhook was disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// When.
    pub at: Timestamp,
    /// Why, for people.
    pub reason: String,
}

impl Webhook {
    /// The webhook as changed at this time.
    fn changed(self, now: Timestamp) -> Self {
        Self { updated_at: now.max(self.updated_at + Duration::from_millis(1)), ..self }
    }
}

/// A filter of saved webhooks. Every condition that is set must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WebhookFilter {
    /// Only those that every job calls, or only the others.
    pub every_job: Option<bool>,
    /// Only those of this form.
    pub format: Option<WebhookFormat>,
}

/// The storage of saved webhooks.
pub trait WebhookStore {
    /// The webhook with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>>;

    /// Stores a webhook.
    fn put_webhook(&self, webhook: &Webhook) -> Result<()>;

    /// Removes a webhook.
    fn remove_webhook(&self, id: WebhookId) -> Result<()>;

    /// Removes all webhooks.
    fn remove_all_webhooks(&self) -> Result<()>;

    /// Webhooks newest first (ties by id, descending), at most `limit`.
    fn webhooks(
        &self,
        filter: WebhookFilter,
        after: Option<(Timestamp, WebhookId)>,
        limit: u32,
    ) -> Result<Rows<Webhook>>;

    /// The number of webhooks that meet `filter`.
    fn webhook_count(&self, filter: WebhookFilter) -> Result<u32>;

    /// The webhooks that every job calls and that are not disabled, oldest first.
    fn project_webhooks(&self) -> Result<Vec<Webhook>>;
}

/// Checks that another webhook can be saved.
fn check_count(store: &impl IndexStore, every_job: bool) -> Result<()> {
    let conflict = |message: String| Err(Error::new(ErrorKind::Conflict, message));
    if store.webhook_count(WebhookFilter::default())? >= limits::MAX_WEBHOOKS {
        let max = limits::MAX_WEBHOOKS;
        return conflict(format!("The project has {max} webhooks, as many as it may have; delete one first"));
    }
    let of_every_job = WebhookFilter { every_job: Some(true), ..WebhookFilter::default() };
    if every_job && store.webhook_count(of_every_job)? >= limits::MAX_PROJECT_WEBHOOKS {
        let max = limits::MAX_PROJECT_WEBHOOKS;
        return conflict(format!(
            "Every job of the project calls {max} webhooks, as many as it may call; delete one of these first"
        ));
    }
    Ok(())
}

/// Stores `webhook`, and returns it.
fn put(store: &impl IndexStore, webhook: Webhook) -> Result<Webhook> {
    check_room(store, "The webhook", &webhook)?;
    store.put_webhook(&webhook)?;
    Ok(webhook)
}

/// Disables a webhook that is called, unless it has got another URL than `url` meanwhile.
pub(super) fn disable(store: &impl IndexStore, id: WebhookId, url: &str, reason: &str, now: Timestamp) -> Result<()> {
    match store.webhook(id)? {
        Some(webhook) if webhook.disabled.is_none() && webhook.endpoint.url == url => {
            let disabled = Some(Disabled { at: now, reason: reason.to_owned() });
            store.put_webhook(&Webhook { disabled, ..webhook.changed(now) })
        }
        _ => Ok(()),
    }
}

/// Save a new webhook. Fails with `Conflict` if the project has [`limits::MAX_WEBHOOKS`], or every job calls
/// [`limits::MAX_PROJECT_WEBHOOKS`] and would call this one too, and with `TooLarge` if there is no room for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveWebhook {
    /// The id that it gets.
    pub id: WebhookId,
    /// Where it is called, and how.
    pub endpoint: Endpoint,
    /// The names of the events that it is called for. None if it is called for all.
    pub events: Option<Vec<String>>,
    /// Whether every job of the project calls it.
    pub every_job: bool,
    /// What the caller chose that makes no difference.
    pub output_format: Option<String>,
}

impl IndexCommand for SaveWebhook {
    type Reply = Webhook;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Webhook> {
        let Self { id, endpoint, events, every_job, output_format } = self;
        check_count(store, every_job)?;
        let (created_at, updated_at, disabled) = (now, now, None);
        put(store, Webhook { id, endpoint, events, every_job, output_format, created_at, updated_at, disabled })
    }
}

/// Change a webhook. Absent fields stay as they are. Fails with `TooLarge` if there is no room for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeWebhook {
    /// The id of the webhook.
    pub id: WebhookId,
    /// The new endpoint.
    pub endpoint: Option<Endpoint>,
    /// The names of the events that it is called for from now on; `Some(None)` if it is called for all.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub events: Option<Option<Vec<String>>>,
    /// What the caller chooses now that makes no difference.
    pub output_format: Option<String>,
    /// Whether it is called from now on.
    pub enabled: Option<bool>,
}

/// Reads a field that is there: its null is `Some(None)`, which serde itself takes for an absent field.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl IndexCommand for ChangeWebhook {
    type Reply = Option<Webhook>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, endpoint, events, output_format, enabled } = self;
        let Some(old) = store.webhook(id)? else { return Ok(None) };
        let mut webhook = old.changed(now);
        if let Some(endpoint) = endpoint {
            webhook.endpoint = endpoint;
        }
        if let Some(events) = events {
            webhook.events = events;
        }
        webhook.output_format = output_format.or(webhook.output_format);
        if let Some(enabled) = enabled {
            webhook.disabled = (!enabled).then(|| Disabled { at: now, reason: "by request".to_owned() });
        }
        put(store, webhook).map(Some)
    }
}

/// Get a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetWebhook {
    /// The id.
    pub id: WebhookId,
}

impl IndexCommand for GetWebhook {
    type Reply = Option<Webhook>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.webhook(self.id)
    }
}

/// Delete a webhook. The reply is whether it was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteWebhook {
    /// The id.
    pub id: WebhookId,
}

impl IndexCommand for DeleteWebhook {
    type Reply = bool;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<bool> {
        let found = store.webhook(self.id)?.is_some();
        store.remove_webhook(self.id)?;
        Ok(found)
    }
}

/// List webhooks, newest first. Fails with `Invalid` if no listing returned the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListWebhooks {
    /// Which webhooks.
    pub filter: WebhookFilter,
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListWebhooks {
    type Reply = Page<Webhook>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let Self { filter, page } = self;
        let after = page.after.as_ref().map(parse_cursor).transpose()?;
        let rows = store.webhooks(filter, after, page.size.saturating_add(1))?;
        Ok(Page::new(rows, page.size, |last| cursor(last.created_at, &last.id)))
    }
}

/// Count webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountWebhooks {
    /// Which webhooks.
    pub filter: WebhookFilter,
}

impl IndexCommand for CountWebhooks {
    type Reply = u32;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<u32> {
        store.webhook_count(self.filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_whether_the_events_stay_or_become_all() {
        let id = WebhookId::from_bytes([1; 16]);
        let stays = ChangeWebhook { id, endpoint: None, events: None, output_format: None, enabled: None };
        let events = Some(Some(vec!["job.failed".to_owned()]));
        let some = ChangeWebhook { events, ..stays.clone() };
        let all = ChangeWebhook { events: Some(None), ..stays.clone() };
        for change in [stays, some, all] {
            let json = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<ChangeWebhook>(&json).unwrap(), change, "{json}");
        }
    }
}
