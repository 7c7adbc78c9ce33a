//! The calls of webhooks, in SQL.

use sortroom::{
    error::Result,
    id::{DeliveryId, JobId, WebhookId},
    service::index::{DeliveryRecord, DeliveryStore, Rows},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{integer, json, optional, text, timestamp};

impl DeliveryStore for ProjectIndex {
    fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>> {
        self.sql.record("SELECT record FROM deliveries WHERE id = ?", vec![text(&id)])
    }

    fn put_delivery(&self, delivery: &DeliveryRecord) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?)",
            vec![
                text(&delivery.id),
                timestamp(delivery.created_at),
                optional(delivery.webhook.as_ref()),
                optional(delivery.job.as_ref()),
                json(delivery)?,
            ],
        )
    }

    fn remove_old_deliveries(&self, kept: u32) -> Result<()> {
        // The index by age alone finds them, so that no record is read.
        self.sql.write(
            "DELETE FROM deliveries WHERE id IN
             (SELECT id FROM deliveries ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?)",
            vec![integer(kept.into())],
        )
    }

    fn remove_deliveries_of(&self, job: JobId) -> Result<()> {
        self.sql.write("DELETE FROM deliveries WHERE job = ?", vec![text(&job)])
    }

    fn deliveries(
        &self,
        webhook: Option<WebhookId>,
        job: Option<JobId>,
        after: Option<(Timestamp, DeliveryId)>,
        limit: u32,
    ) -> Result<Rows<DeliveryRecord>> {
        let mut conditions = Conditions::default();
        if let Some(webhook) = &webhook {
            conditions.and("webhook = ?", [text(webhook)]);
        }
        if let Some(job) = &job {
            conditions.and("job = ?", [text(job)]);
        }
        if let Some((at, id)) = after {
            conditions.and("(created_at, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let (statement, bindings) =
            conditions.statement("SELECT record FROM deliveries", "created_at DESC, id DESC", limit);
        self.sql.rows(&statement, bindings)
    }
}
