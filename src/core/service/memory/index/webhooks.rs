//! The saved webhooks, in memory.

use super::{MemoryIndexStore, rows, up_to};
use crate::{
    error::Result,
    id::WebhookId,
    service::index::{Rows, Webhook, WebhookFilter, WebhookStore},
    time::Timestamp,
};

/// Whether every condition holds for `webhook`.
fn meets(webhook: &Webhook, filter: WebhookFilter) -> bool {
    filter.every_job.is_none_or(|every_job| webhook.every_job == every_job)
        && filter.format.is_none_or(|format| webhook.endpoint.format == format)
}

fn place(webhook: &Webhook) -> (Timestamp, WebhookId) {
    (webhook.created_at, webhook.id)
}

impl MemoryIndexStore {
    /// The webhooks that `keep` holds for, oldest first.
    fn webhooks_where(&self, keep: impl Fn(&Webhook) -> bool) -> Vec<Webhook> {
        let mut found: Vec<_> =
            self.read(|rows| rows.webhooks.values().filter(|webhook| keep(webhook)).cloned().collect());
        found.sort_by_key(place);
        found
    }
}

impl WebhookStore for MemoryIndexStore {
    fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>> {
        Ok(self.read(|rows| rows.webhooks.get(&id).cloned()))
    }

    fn put_webhook(&self, webhook: &Webhook) -> Result<()> {
        self.write(|rows| rows.webhooks.insert(webhook.id, webhook.clone()));
        Ok(())
    }

    fn remove_webhook(&self, id: WebhookId) -> Result<()> {
        self.write(|rows| rows.webhooks.remove(&id));
        Ok(())
    }

    fn remove_all_webhooks(&self) -> Result<()> {
        self.write(|rows| rows.webhooks.clear());
        Ok(())
    }

    fn webhooks(
        &self,
        filter: WebhookFilter,
        after: Option<(Timestamp, WebhookId)>,
        limit: u32,
    ) -> Result<Rows<Webhook>> {
        let follows = |webhook: &Webhook| after.is_none_or(|after| place(webhook) < after);
        let mut found = self.webhooks_where(|webhook| meets(webhook, filter) && follows(webhook));
        found.reverse();
        rows(found, limit)
    }

    fn webhook_count(&self, filter: WebhookFilter) -> Result<u32> {
        Ok(up_to(self.webhooks_where(|webhook| meets(webhook, filter)).len(), u32::MAX))
    }

    fn project_webhooks(&self) -> Result<Vec<Webhook>> {
        Ok(self.webhooks_where(|webhook| webhook.every_job && webhook.disabled.is_none()))
    }
}
