//! The saved webhooks, in SQL.

use sortroom::{
    error::Result,
    id::WebhookId,
    limits,
    service::index::{Rows, Webhook, WebhookFilter, WebhookStore},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{integer, json, text, timestamp};

/// The conditions of a filter.
fn conditions(filter: WebhookFilter) -> Result<Conditions> {
    let mut conditions = Conditions::default();
    if let Some(every_job) = filter.every_job {
        conditions.and("every_job = ?", [integer(every_job.into())]);
    }
    if let Some(format) = filter.format {
        // Both sides are JSON.
        conditions.and("record -> '$.endpoint.format' = ?", [json(&format)?]);
    }
    Ok(conditions)
}

impl WebhookStore for ProjectIndex {
    fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>> {
        self.sql.record("SELECT record FROM webhooks WHERE id = ?", vec![text(&id)])
    }

    fn put_webhook(&self, webhook: &Webhook) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO webhooks VALUES (?, ?, ?, ?)",
            vec![text(&webhook.id), timestamp(webhook.created_at), integer(webhook.every_job.into()), json(webhook)?],
        )
    }

    fn remove_webhook(&self, id: WebhookId) -> Result<()> {
        self.sql.write("DELETE FROM webhooks WHERE id = ?", vec![text(&id)])
    }

    fn remove_all_webhooks(&self) -> Result<()> {
        self.sql.write("DELETE FROM webhooks", Vec::new())
    }

    fn webhooks(
        &self,
        filter: WebhookFilter,
        after: Option<(Timestamp, WebhookId)>,
        limit: u32,
    ) -> Result<Rows<Webhook>> {
        let mut conditions = conditions(filter)?;
        if let Some((at, id)) = after {
            conditions.and("(created_at, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let (statement, bindings) =
            conditions.statement("SELECT record FROM webhooks", "created_at DESC, id DESC", limit);
        self.sql.rows(&statement, bindings)
    }

    fn webhook_count(&self, filter: WebhookFilter) -> Result<u32> {
        // There never are more.
        let (statement, bindings) = conditions(filter)?.count("webhooks", limits::MAX_WEBHOOKS);
        self.sql.record(&statement, bindings).map(Option::unwrap_or_default)
    }

    fn project_webhooks(&self) -> Result<Vec<Webhook>> {
        self.sql.records(
            "SELECT record FROM webhooks WHERE every_job = 1 AND record -> '$.disabled' IS NULL
             ORDER BY created_at, id",
            Vec::new(),
        )
    }
}
