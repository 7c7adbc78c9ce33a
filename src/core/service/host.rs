//! What the place of a job does: load, apply, store, deliver.

use serde::{Deserialize, Serialize};

use super::{
    index::IndexCommand,
    ports::{Clock, Host, Index, Queue, StageMessage},
};
use crate::{
    error::{Error, Result},
    id::LeaseId,
    job::{Command, Effect, Job, Outcome, Rejected, Start, Status, apply},
    time::Timestamp,
};

/// What a job answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobReply {
    /// The job as it is now.
    Job(Box<Job>),
    /// A claim succeeded: the stage is the claimer's.
    Claimed(Box<Job>),
    /// A claim met a live lease, or came before the time.
    Busy {
        /// When it makes sense to come again.
        until: Timestamp,
    },
    /// The job is removed.
    Removed,
}

impl JobReply {
    /// The job in the answer.
    ///
    /// # Errors
    ///
    /// `NotFound` when the answer is that the job is removed; `Busy` when it is in other hands.
    pub fn into_job(self) -> Result<Job> {
        match self {
            Self::Job(job) | Self::Claimed(job) => Ok(*job),
            Self::Busy { .. } => Err(Error::new(crate::error::Kind::Busy, "The job is in other hands")),
            Self::Removed => Err(Rejected::Unknown.into_error()),
        }
    }
}

/// The storage of one job. Each call is atomic by itself.
pub trait JobStore {
    /// The stored job. Reading a job that was never stored writes nothing.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails.
    fn load(&self) -> Result<Option<Job>>;

    /// Stores the job, and its [timer](Job::timer) in the same write.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails.
    fn store(&self, job: &Job) -> impl Future<Output = Result<()>>;

    /// Removes everything, the timer too.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails.
    fn erase(&self) -> impl Future<Output = Result<()>>;
}

/// A stage that the place of the job is to run itself, after it has answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The job, running.
    pub job: Job,
    /// The lease to report under.
    pub lease: LeaseId,
}

/// Handles one command: applies it, stores the outcome, and delivers what is owed.
///
/// # Errors
///
/// Those of [`apply`] as errors of the API, and `Internal` when the storage fails. A delivery that fails is no error
/// of the command: the job keeps what it owes and its timer comes back to it.
pub async fn handle(
    store: &impl JobStore,
    ports: &(impl Index + Queue + Clock + Host),
    command: Command,
) -> Result<(JobReply, Option<Work>)> {
    let work_lease = match &command {
        Command::Submit { start: Start::Here(lease), .. } => Some(*lease),
        _ => None,
    };
    let claim = matches!(command, Command::Claim { .. });
    let current = store.load()?;
    let outcome = apply(current.as_ref(), command, ports.now()).map_err(Rejected::into_error)?;
    let job = match outcome {
        Outcome::Busy { until } => return Ok((JobReply::Busy { until }, None)),
        Outcome::Unchanged => {
            let Some(job) = current else { return Ok((JobReply::Removed, None)) };
            return Ok((reply(job), None));
        }
        Outcome::Changed(job) => *job,
    };
    store.store(&job).await?;
    if !job.outbox.is_empty() {
        deliver(store, ports, &job).await?;
    }
    if claim && job.status() == Status::Running {
        return Ok((JobReply::Claimed(Box::new(job)), None));
    }
    let work = work_lease.map(|lease| Work { job: job.clone(), lease });
    Ok((reply(job), work))
}

/// What the timer of a job does: catches up, delivers what is owed, and goes when nothing is left. The storage's timer
/// is set again whenever the job still needs one.
///
/// # Errors
///
/// `Internal` when the storage fails.
pub async fn wake(store: &impl JobStore, ports: &(impl Index + Queue + Clock + Host)) -> Result<()> {
    let Some(current) = store.load()? else { return Ok(()) };
    let job = match apply(Some(&current), Command::Wake, ports.now()) {
        Ok(Outcome::Changed(job)) => *job,
        _ => current,
    };
    // Stored even when unchanged: a timer that has fired is gone, and storing sets it.
    store.store(&job).await?;
    if !job.outbox.is_empty() {
        deliver(store, ports, &job).await?;
    }
    match store.load()? {
        Some(job) if job.timer().is_none() => store.erase().await,
        _ => Ok(()),
    }
}

fn reply(job: Job) -> JobReply {
    if job.status() == Status::Purged { JobReply::Removed } else { JobReply::Job(Box::new(job)) }
}

/// Delivers the outbox of `job` and notes how that went. Other commands may change the stored job meanwhile.
async fn deliver(store: &impl JobStore, ports: &(impl Index + Queue + Clock + Host), job: &Job) -> Result<()> {
    let mut delivered = Vec::new();
    let mut failed = false;
    for effect in &job.outbox {
        let outcome = match effect {
            Effect::Enqueue { stage, attempt, delay_seconds, .. } => {
                let message = StageMessage {
                    project: job.project,
                    job: job.id,
                    stage: u32::try_from(*stage).unwrap_or(u32::MAX),
                    attempt: *attempt,
                };
                ports.enqueue(message, *delay_seconds).await
            }
            Effect::UpsertIndex { .. } => {
                let command = IndexCommand::ShowJob { job: Box::new(job.snapshot()) };
                ports.index(job.project, command).await.map(drop)
            }
            Effect::RemoveFromIndex => ports.index(job.project, IndexCommand::HideJob { job: job.id }).await.map(drop),
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
        if let Ok(Outcome::Changed(job)) = apply(current.as_ref(), command, ports.now()) {
            store.store(&job).await?;
        }
    }
    Ok(())
}
