//! The calls of webhooks, in memory.

use super::{MemoryIndexStore, rows};
use crate::{
    error::Result,
    id::{DeliveryId, JobId, WebhookId},
    service::index::{DeliveryRecord, DeliveryStore, Rows},
    time::Timestamp,
};

fn place(delivery: &DeliveryRecord) -> (Timestamp, DeliveryId) {
    (delivery.created_at, delivery.id)
}

impl DeliveryStore for MemoryIndexStore {
    fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRecord>> {
        Ok(self.read(|rows| rows.deliveries.get(&id).cloned()))
    }

    fn put_delivery(&self, delivery: &DeliveryRecord) -> Result<()> {
        self.write(|rows| rows.deliveries.insert(delivery.id, delivery.clone()));
        Ok(())
    }

    fn remove_old_deliveries(&self, kept: u32) -> Result<()> {
        self.write(|rows| {
            let mut places: Vec<_> = rows.deliveries.values().map(place).collect();
            places.sort_by_key(|place| std::cmp::Reverse(*place));
            for (_, id) in places.into_iter().skip(usize::try_from(kept).unwrap_or(usize::MAX)) {
                rows.deliveries.remove(&id);
            }
        });
        Ok(())
    }

    fn remove_deliveries_of(&self, job: JobId) -> Result<()> {
        self.write(|rows| rows.deliveries.retain(|_, delivery| delivery.job != Some(job)));
        Ok(())
    }

    fn deliveries(
        &self,
        webhook: Option<WebhookId>,
        job: Option<JobId>,
        after: Option<(Timestamp, DeliveryId)>,
        limit: u32,
    ) -> Result<Rows<DeliveryRecord>> {
        let meets = |delivery: &&DeliveryRecord| {
            (webhook.is_none() || delivery.webhook == webhook)
                && (job.is_none() || delivery.job == job)
                && after.is_none_or(|after| place(delivery) < after)
        };
        let mut found: Vec<_> = self.read(|rows| rows.deliveries.values().filter(meets).cloned().collect());
        found.sort_by_key(|delivery| std::cmp::Reverse(place(delivery)));
        rows(found, limit)
    }
}
