//! The rows of jobs, in memory.

use super::{MemoryIndexStore, take_up_to, up_to};
use crate::{
    error::Result,
    id::JobId,
    job::{Job, JobKind, JobSource},
    service::index::{JobFilter, JobRowStore, JobRows, Rows, SourceFilter, SourceKind, StaleJob, StoredRow},
    time::Timestamp,
};

/// Whether every condition holds for `job`.
fn meets(job: &Job, filter: &JobFilter) -> bool {
    filter.kind.is_none_or(|kind| job.kind() == kind)
        && filter.status.is_none_or(|status| job.status() == status)
        && filter.ids.as_ref().is_none_or(|ids| ids.contains(&job.id))
        && filter.classifier.is_none_or(|id| job.classification.classifier == Some(id))
        && filter.configuration.is_none_or(|id| job.saved_configuration() == Some(id))
        && filter.source.as_ref().is_none_or(|source| is_of(&job.source, source))
        && filter.source_kind.is_none_or(|kind| is_kind(&job.source, kind))
        && filter.from.is_none_or(|from| job.created_at >= from)
        && filter.to.is_none_or(|to| job.created_at <= to)
}

fn is_of(source: &JobSource, filter: &SourceFilter) -> bool {
    match (source, filter) {
        (JobSource::File { id, .. }, SourceFilter::File(file)) => id == file,
        (JobSource::Parsed { job, .. }, SourceFilter::Parsed(parsed)) => job == parsed,
        (JobSource::Url { url, .. }, SourceFilter::Url(named)) => url == named,
        _ => false,
    }
}

const fn is_kind(source: &JobSource, kind: SourceKind) -> bool {
    matches!(
        (source, kind),
        (JobSource::File { .. }, SourceKind::File)
            | (JobSource::Parsed { .. }, SourceKind::Parsed)
            | (JobSource::Url { .. }, SourceKind::Url)
    )
}

impl JobRowStore for MemoryIndexStore {
    fn job(&self, id: JobId) -> Result<Option<Job>> {
        Ok(self.read(|rows| rows.jobs.get(&id).map(|(job, _)| job.clone())))
    }

    fn has_job(&self, id: JobId) -> Result<bool> {
        Ok(self.read(|rows| rows.jobs.contains_key(&id)))
    }

    fn has_job_between(&self, from: Timestamp, to: Timestamp) -> Result<bool> {
        Ok(self.read(|rows| {
            let mut jobs =
                rows.jobs.values().map(|(job, _)| job).filter(|job| JobKind::EXTRACTING.contains(&job.kind()));
            jobs.any(|job| (from..=to).contains(&job.created_at))
        }))
    }

    fn job_by_idempotency_key(&self, key: &str) -> Result<Option<Job>> {
        Ok(self.read(|rows| {
            rows.jobs.values().map(|(job, _)| job).find(|job| job.idempotency_key.as_deref() == Some(key)).cloned()
        }))
    }

    fn put_job(&self, job: &Job, _: StoredRow, last_reported_at: Timestamp) -> Result<()> {
        self.write(|rows| {
            if rows.jobs.get(&job.id).is_none_or(|(stored, _)| stored.version < job.version) {
                rows.jobs.insert(job.id, (job.clone(), last_reported_at));
            }
        });
        Ok(())
    }

    fn remove_job(&self, id: JobId) -> Result<()> {
        self.write(|rows| {
            rows.jobs.remove(&id);
        });
        Ok(())
    }

    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows> {
        let mut found: Vec<Job> = self.read(|rows| {
            rows.jobs
                .values()
                .map(|(job, _)| job)
                .filter(|job| meets(job, filter))
                .filter(|job| after.is_none_or(|after| (job.created_at, job.id) < after))
                .cloned()
                .collect()
        });
        found.sort_by_key(|job| std::cmp::Reverse((job.created_at, job.id)));
        let Rows { items: jobs, truncated } = super::rows(found, limit)?;
        Ok(JobRows::Parsed { jobs, truncated })
    }

    fn job_count(&self, filter: &JobFilter, limit: u32) -> Result<u32> {
        Ok(self.read(|rows| up_to(rows.jobs.values().filter(|(job, _)| meets(job, filter)).count(), limit)))
    }

    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<StaleJob>> {
        let mut found: Vec<(Timestamp, StaleJob)> = self.read(|rows| {
            rows.jobs
                .values()
                .filter(|(job, last_reported_at)| !job.status().has_ended() && *last_reported_at < before)
                .map(|(job, last_reported_at)| (*last_reported_at, StaleJob { id: job.id, version: job.version }))
                .collect()
        });
        found.sort_by_key(|(last_reported_at, job)| (*last_reported_at, job.id));
        Ok(take_up_to(found, limit).into_iter().map(|(_, job)| job).collect())
    }

    fn any_jobs(&self, limit: u32) -> Result<Vec<JobId>> {
        Ok(take_up_to(self.read(|rows| rows.jobs.keys().copied().collect()), limit))
    }

    fn touch_job(&self, id: JobId, now: Timestamp) -> Result<()> {
        self.write(|rows| {
            if let Some((_, last_reported_at)) = rows.jobs.get_mut(&id) {
                *last_reported_at = now;
            }
        });
        Ok(())
    }

    fn open_job_count(&self, limit: u32) -> Result<u32> {
        Ok(self.read(|rows| up_to(rows.jobs.values().filter(|(job, _)| !job.status().has_ended()).count(), limit)))
    }

    fn has_open_jobs(&self) -> Result<bool> {
        Ok(self.read(|rows| rows.jobs.values().any(|(job, _)| !job.status().has_ended())))
    }
}
