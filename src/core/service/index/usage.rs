//! How much of a project's share is used: its open jobs, and the bytes of its files.
//!
//! Counting reads many rows, so an object counts when it wakes and then keeps upper bounds: they grow with what is
//! added, and do not shrink with what ends or is deleted. Only when a bound reaches the limit does the object count
//! again.

use std::cell::Cell;

use super::{IndexStore, Project};
use crate::{
    error::{Error, ErrorKind, Quota, Result},
    limits,
};

/// Upper bounds of what a project uses, and whether it is deleted; None if it was not counted or read yet.
#[derive(Debug, Default)]
pub struct UsageBounds {
    open_jobs: Cell<Option<u64>>,
    stored_bytes: Cell<Option<u64>>,
    is_deleted: Cell<Option<bool>>,
}

impl UsageBounds {
    /// Whether the project is deleted, which `read` tells the first time.
    pub(super) fn is_deleted(&self, read: impl FnOnce() -> Result<bool>) -> Result<bool> {
        let is_deleted = self.is_deleted.get().map_or_else(read, Ok)?;
        self.is_deleted.set(Some(is_deleted));
        Ok(is_deleted)
    }

    /// Notes that the project is deleted, which it stays.
    pub(super) fn set_deleted(&self) {
        self.is_deleted.set(Some(true));
    }
}

/// Whether `more` fit below `limit`. If so, the bound includes them from now on.
fn admit(bound: &Cell<Option<u64>>, more: u64, limit: u64, count: impl FnOnce() -> Result<u64>) -> Result<bool> {
    let fits = |used: u64| used.saturating_add(more) <= limit;
    let used = match bound.get().filter(|used| fits(*used)) {
        Some(used) => used,
        None => count()?,
    };
    bound.set(Some(if fits(used) { used.saturating_add(more) } else { used }));
    Ok(fits(used))
}

/// Makes room for one more open job.
///
/// # Errors
///
/// `RateLimited` if `project` has as many as it may.
pub(super) fn admit_job(store: &impl IndexStore, project: Option<&Project>) -> Result<()> {
    let limit = project.and_then(|project| project.max_open_jobs).unwrap_or(limits::MAX_OPEN_JOBS);
    let count = || Ok(u64::from(store.open_job_count(limit)?));
    if admit(&store.usage().open_jobs, 1, limit.into(), count)? {
        return Ok(());
    }
    let retry_after = u32::try_from(limits::OPEN_JOBS_RETRY.as_secs()).unwrap_or(u32::MAX);
    let message = format!("The project has as many open jobs as it may ({limit}); try again later");
    Err(Error::new(ErrorKind::RateLimited { quota: Quota::OpenJobs, retry_after }, message))
}

/// Makes room for the row of a file, if it is new, and for `bytes` of it.
///
/// # Errors
///
/// `TooLarge` if `project` would store more than it may.
pub(super) fn admit_bytes(store: &impl IndexStore, is_new: bool, bytes: u64) -> Result<()> {
    let limit = store.project()?.and_then(|project| project.max_stored_mib).unwrap_or(limits::MAX_STORED_MIB);
    let limit = u64::from(limit).saturating_mul(limits::MIB);
    let more = bytes.saturating_add(if is_new { limits::FILE_ROW_BYTES } else { 0 });
    let count = || {
        let (files, bytes) = store.stored_bytes()?;
        Ok(bytes.saturating_add(files.saturating_mul(limits::FILE_ROW_BYTES)))
    };
    if admit(&store.usage().stored_bytes, more, limit, count)? {
        return Ok(());
    }
    let message =
        format!("The files of the project may have {limit} bytes in all; delete some to make room for this one");
    Err(Error::new(ErrorKind::TooLarge { limit }, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_first_and_at_the_limit_only() {
        let bound = Cell::new(None);
        let counted = Cell::new(0);
        let take = |more, actual| {
            let count = || {
                counted.set(counted.get() + 1);
                Ok(actual)
            };
            admit(&bound, more, 10, count).unwrap()
        };
        assert!(take(3, 4));
        assert!(take(3, 0), "7 + 3 are 10");
        assert_eq!(counted.get(), 1);
        // The bound is full, and the truth is not.
        assert!(take(1, 2));
        assert_eq!((counted.get(), bound.get()), (2, Some(3)));
        assert!(!take(8, 3));
        assert!(take(7, 3), "what was refused is not counted");
        assert!(!take(1, 10));
        assert!(!take(1, 10));
        assert_eq!(bound.get(), Some(10));
        assert!(take(1, 9));
    }
}
