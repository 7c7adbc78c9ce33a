//! The logic of a job object: load the job, apply the command, store the job, deliver its effects.

use super::{
    index::{RemoveJob, UpsertJob},
    job_reply::JobReply,
    ports::{Clock, Environment, Index, JobPartKey, JobParts, Queue, StageMessage, WebhookMessage},
};
use crate::{
    error::Result,
    id::LeaseId,
    job::{Command, Effect, Job, Rejected, Start, Status, Transition, apply},
};

/// The storage of one job. Each call is atomic by itself.
pub trait JobStore {
    /// The stored job. Loading a job that was never stored writes nothing.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails.
    fn load(&self) -> Result<Option<Job>>;

    /// Stores the job, and its [timer](Job::timer) in the same write.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails.
    fn store(&self, job: &Job) -> impl Future<Output = Result<()>>;

    /// Removes the job, and its timer with it.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails.
    fn remove(&self) -> impl Future<Output = Result<()>>;
}

/// A claimed stage of a job, ready to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedStage {
    /// The job, in the state running.
    pub job: Job,
    /// The lease under which to report.
    pub lease: LeaseId,
}

/// Handles one command: applies it, stores the outcome, and delivers the pending effects. Returns the reply and, if the
/// job starts inline, the stage that the caller must run once it has replied.
///
/// # Errors
///
/// Those of [`apply`] as errors of the API, and `Internal` if the storage fails. A failed delivery does not fail the
/// command: the effect stays in the outbox, and the job's timer tries again.
pub async fn handle(
    store: &impl JobStore,
    ports: &(impl Index + JobParts + Queue + Clock + Environment),
    command: Command,
) -> Result<(JobReply, Option<ClaimedStage>)> {
    let inline_lease = match &command {
        Command::Submit { start: Start::Inline(lease), .. } => Some(*lease),
        _ => None,
    };
    let claim = matches!(command, Command::Claim { .. });
    let current = store.load()?;
    let outcome = apply(current.as_ref(), command, ports.now()).map_err(Rejected::into_error)?;
    let job = match outcome {
        Transition::Busy => return Ok((JobReply::Busy, None)),
        Transition::Unchanged => {
            let Some(job) = current else { return Ok((JobReply::Deleted, None)) };
            return Ok((reply(job), None));
        }
        Transition::Changed(job) => *job,
    };
    store.store(&job).await?;
    if !job.outbox.is_empty() {
        deliver_outbox(store, ports, &job).await?;
    }
    if claim && job.status() == Status::Running {
        return Ok((JobReply::Claimed(Box::new(job)), None));
    }
    let inline_stage = inline_lease.map(|lease| ClaimedStage { job: job.clone(), lease });
    Ok((reply(job), inline_stage))
}

/// Handles the job's timer: applies what is due, delivers the pending effects, and removes the job if nothing remains to
/// be done. The storage's timer is set again if the job still needs one.
///
/// # Errors
///
/// `Internal` if the storage fails.
pub async fn wake(store: &impl JobStore, ports: &(impl Index + JobParts + Queue + Clock + Environment)) -> Result<()> {
    let Some(current) = store.load()? else { return Ok(()) };
    let job = match apply(Some(&current), Command::Wake, ports.now()) {
        Ok(Transition::Changed(job)) => *job,
        _ => current,
    };
    // Stored even if unchanged: a timer that has fired is gone, and storing sets it again.
    store.store(&job).await?;
    if !job.outbox.is_empty() {
        deliver_outbox(store, ports, &job).await?;
    }
    match store.load()? {
        Some(job) if job.timer().is_none() => store.remove().await,
        _ => Ok(()),
    }
}

fn reply(job: Job) -> JobReply {
    if job.status() == Status::Deleted { JobReply::Deleted } else { JobReply::Job(Box::new(job)) }
}

/// Delivers the outbox of `job` and stores the outcome. Other commands may change the stored job in the meantime.
async fn deliver_outbox(
    store: &impl JobStore,
    ports: &(impl Index + JobParts + Queue + Clock + Environment),
    job: &Job,
) -> Result<()> {
    let mut delivered = Vec::new();
    let mut failed = false;
    for effect in &job.outbox {
        let outcome = match effect {
            Effect::Enqueue { stage, attempts_made, delay_seconds, .. } => {
                let message = StageMessage {
                    project: job.project,
                    job: job.id,
                    stage: u32::try_from(*stage).unwrap_or(u32::MAX),
                    attempts_made: *attempts_made,
                };
                ports.enqueue(message, *delay_seconds).await
            }
            Effect::Notify { delivery, attempts_made, delay_seconds, .. } => {
                let message = WebhookMessage {
                    project: job.project,
                    job: job.id,
                    call: *delivery,
                    attempts_made: *attempts_made,
                };
                ports.enqueue_call(message, *delay_seconds).await
            }
            Effect::UpsertIndex { .. } => ports.index(job.project, UpsertJob(Box::new(job.snapshot()))).await,
            Effect::RemoveFromIndex => ports.index(job.project, RemoveJob { id: job.id }).await,
            Effect::DeletePart { part } => {
                ports.delete_part(JobPartKey { project: job.project, job: job.id, part: *part }).await
            }
        };
        match outcome {
            Ok(()) => delivered.push(effect.id()),
            Err(error) => {
                failed = true;
                ports.log(&format!("job {}: delivering {} failed: {error:#}", job.id, effect.id()));
            }
        }
    }
    for command in [
        (!delivered.is_empty()).then_some(Command::Delivered { effects: delivered }),
        failed.then_some(Command::Undelivered),
    ]
    .into_iter()
    .flatten()
    {
        let current = store.load()?;
        if let Ok(Transition::Changed(job)) = apply(current.as_ref(), command, ports.now()) {
            store.store(&job).await?;
        }
    }
    Ok(())
}
