//! The maintenance of an index, which its timer runs.

use super::{
    index::{IndexStore, Project, StaleJob, StoredRow},
    job_reply::JobReply,
    ports::{Clock, Environment, FileKey, Files, Jobs},
};
use crate::{
    error::{ErrorKind, Result},
    job::{Command, Start},
    limits,
    time::Timestamp,
};

/// Handles the timer of an index: queries open jobs that have not reported for a while, submits those that were
/// accepted and never submitted, and deletes files past their retention. Returns when it must run again, if at all. A
/// project that was never created has neither jobs nor files, because no token opens it: there is nothing to do.
///
/// # Errors
///
/// `Internal` if the storage fails. Objects that cannot be reached are tried again next time.
pub async fn sweep(
    store: &impl IndexStore,
    ports: &(impl Jobs + Files + Clock + Environment),
) -> Result<Option<Timestamp>> {
    let Some(Project { id: project, retention_days, .. }) = store.project()? else { return Ok(None) };
    let stale_before = ports.now().before(limits::STALE_JOB_AGE);
    for StaleJob { id, version } in store.stale_jobs(stale_before, limits::SWEEP_JOBS)? {
        let command = match version {
            0 => match store.job(id)? {
                Some(job) => Command::Submit { job: Box::new(job), start: Start::Queue },
                // It was withdrawn while others were queried.
                None => continue,
            },
            _ => Command::Get,
        };
        match ports.job(project, id, command).await {
            Ok(JobReply::Job(job)) => {
                let snapshot = job.snapshot();
                store.put_job(&snapshot, StoredRow::of(&snapshot)?, ports.now())?;
                store.touch_job(id, ports.now())?;
            }
            Ok(JobReply::Deleted) => store.remove_job(id)?,
            Ok(JobReply::Claimed(_) | JobReply::Busy) => store.touch_job(id, ports.now())?,
            Err(error) if error.kind() == ErrorKind::NotFound => store.remove_job(id)?,
            Err(error) => ports.log(&format!("index {project}: job {id} cannot be reached: {error:#}")),
        }
    }
    store.remove_unused_contents()?;
    let expired_before = ports.now().before(limits::DAY.saturating_mul(retention_days));
    let files = store.old_files(expired_before, limits::SWEEP_FILES)?;
    let more = u32::try_from(files.len()).is_ok_and(|count| count == limits::SWEEP_FILES);
    for file in files {
        // The bytes first, so that a deletion that is cut off is repeated.
        match ports.delete(FileKey { project, file }).await {
            Ok(()) => store.remove_file(file)?,
            Err(error) => ports.log(&format!("index {project}: file {file} cannot be deleted: {error:#}")),
        }
    }
    Ok(if more || store.has_open_jobs()? {
        Some(ports.now() + limits::STALE_JOB_AGE)
    } else {
        // Every file expires some day.
        (!store.old_files(Timestamp::from_millis(i64::MAX), 1)?.is_empty()).then(|| ports.now() + limits::DAY)
    })
}
