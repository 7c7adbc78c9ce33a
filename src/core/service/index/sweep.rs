//! What an index does unasked.

use super::{IndexCommand, IndexStore};
use crate::{
    error::{Kind, Result},
    id::ProjectId,
    job::{Command, Start},
    limits,
    service::{
        host::JobReply,
        ports::{Clock, FileKey, Files, Host, Jobs},
    },
    time::Timestamp,
};

/// When the index must look after itself at the latest, because of `command`.
pub fn timer(command: &IndexCommand, now: Timestamp) -> Option<Timestamp> {
    match command {
        IndexCommand::Reserve(_) => Some(now + limits::SWEEP_AFTER),
        IndexCommand::PutFile(_) => Some(now + limits::DAY),
        _ => None,
    }
}

/// What the timer of an index does: asks after jobs that are open and were not heard of for a while, submits those that
/// were accepted and never arrived, and removes files that have been kept long enough. Returns when it must come again.
///
/// # Errors
///
/// `Internal` when the storage fails. What cannot be reached is tried again next time.
pub async fn sweep(
    store: &impl IndexStore,
    ports: &(impl Jobs + Files + Clock + Host),
    project: ProjectId,
) -> Result<Option<Timestamp>> {
    let unheard = ports.now().before(limits::SWEEP_AFTER);
    for job in store.unheard_jobs(unheard, limits::SWEEP_JOBS)? {
        let id = job.id;
        let command =
            if job.version == 0 { Command::Submit { job: Box::new(job), start: Start::Queue } } else { Command::Get };
        match ports.job(project, id, command).await {
            Ok(JobReply::Job(job)) => {
                store.put_job(&job.snapshot(), ports.now())?;
                store.heard(id, ports.now())?;
            }
            Ok(JobReply::Removed) => store.remove_job(id)?,
            Ok(JobReply::Claimed(_) | JobReply::Busy { .. }) => store.heard(id, ports.now())?,
            Err(error) if error.kind() == Kind::NotFound => store.remove_job(id)?,
            Err(error) => ports.log(&format!("index {project}: job {id} cannot be reached: {error:#}")),
        }
    }
    let days = store.project()?.map_or(limits::RETENTION_DAYS, |project| project.retention_days);
    let old = ports.now().before(limits::DAY.saturating_mul(days));
    let files = store.old_files(old, limits::SWEEP_FILES)?;
    let more = u32::try_from(files.len()).is_ok_and(|count| count == limits::SWEEP_FILES);
    for file in files {
        // The bytes first, so that a removal that is cut off is made again.
        match ports.delete(FileKey { project, file }).await {
            Ok(()) => store.remove_file(file)?,
            Err(error) => ports.log(&format!("index {project}: file {file} cannot be removed: {error:#}")),
        }
    }
    Ok(if more || store.has_open_jobs()? {
        Some(ports.now() + limits::SWEEP_AFTER)
    } else {
        // Every file has its last day.
        (!store.old_files(Timestamp::from_millis(i64::MAX), 1)?.is_empty()).then(|| ports.now() + limits::DAY)
    })
}
