//! The maintenance of an index, which its timer runs.

use super::{
    index::{self, IndexStore, Project, StaleJob, StoredRow},
    job_reply::JobReply,
    ports::{Clock, Environment, FileKey, Files, Jobs, Tokens},
    tokens::TokenCommand,
};
use crate::{
    error::{ErrorKind, Result},
    id::{JobId, ProjectId},
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
    ports: &(impl Jobs + Files + Tokens + Clock + Environment),
) -> Result<Option<Timestamp>> {
    let Some(Project { id: project, retention_days, deleted_at, .. }) = store.project()? else { return Ok(None) };
    if deleted_at.is_some() {
        return remove_contents(store, ports, project).await;
    }
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
            Ok(JobReply::Deleted) => index::remove_job(store, id)?,
            Ok(JobReply::Claimed(_) | JobReply::Busy) => store.touch_job(id, ports.now())?,
            Err(error) if error.kind() == ErrorKind::NotFound => index::remove_job(store, id)?,
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

/// One step of removing what a deleted project has: its webhooks with their calls; some tokens, jobs and files; the
/// classifiers, configurations and schemas last, because jobs refer to them. Returns when the next step is due, if there is one.
async fn remove_contents(
    store: &impl IndexStore,
    ports: &(impl Jobs + Files + Tokens + Clock + Environment),
    project: ProjectId,
) -> Result<Option<Timestamp>> {
    // The secrets of webhooks first, and nothing is called any more.
    store.remove_all_webhooks()?;
    store.remove_old_deliveries(0)?;
    let mut failed = false;
    for token in store.tokens(None, limits::SWEEP_TOKENS)? {
        match ports.tokens(TokenCommand::Revoke(token.id)).await {
            Ok(_) => store.remove_token(token.id)?,
            Err(error) => {
                failed = true;
                ports.log(&format!("index {project}: token {} cannot be revoked: {error:#}", token.id));
            }
        }
    }
    for id in store.any_jobs(limits::SWEEP_JOBS)? {
        match remove_job(store, ports, project, id).await {
            Ok(true) => store.remove_job(id)?,
            Ok(false) => failed = true,
            Err(error) => {
                failed = true;
                ports.log(&format!("index {project}: job {id} cannot be deleted: {error:#}"));
            }
        }
    }
    for file in store.old_files(Timestamp::from_millis(i64::MAX), limits::SWEEP_FILES)? {
        match ports.delete(FileKey { project, file }).await {
            Ok(()) => store.remove_file(file)?,
            Err(error) => {
                failed = true;
                ports.log(&format!("index {project}: file {file} cannot be deleted: {error:#}"));
            }
        }
    }
    let remains = !store.tokens(None, 1)?.is_empty()
        || !store.any_jobs(1)?.is_empty()
        || !store.old_files(Timestamp::from_millis(i64::MAX), 1)?.is_empty();
    if remains {
        let wait = if failed { limits::STALE_JOB_AGE } else { limits::DELETION_INTERVAL };
        return Ok(Some(ports.now() + wait));
    }
    store.remove_all_classifiers()?;
    store.remove_all_configurations()?;
    store.remove_all_schemas()?;
    Ok(None)
}

/// Cancels a job if it is open, and deletes it. Returns whether its row can go: a job that was just accepted may still be
/// on its way to its object.
async fn remove_job(
    store: &impl IndexStore,
    ports: &(impl Jobs + Clock),
    project: ProjectId,
    id: JobId,
) -> Result<bool> {
    match ports.job(project, id, Command::Cancel).await {
        Ok(_) => {}
        // It has ended already.
        Err(error) if error.kind() == ErrorKind::Conflict => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let submitted_by = ports.now().before(limits::STALE_JOB_AGE);
            return Ok(store.job(id)?.is_none_or(|job| job.created_at < submitted_by));
        }
        Err(error) => return Err(error),
    }
    ports.job(project, id, Command::Delete).await.map(|_| true)
}
