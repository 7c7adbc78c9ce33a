//! Use cases of jobs.

use super::{
    host::JobReply,
    index::{self, IndexCommand, IndexReply, JobFilter, Page, PageRequest, Refusal, Reservation, Rules},
    ports::{Host, Index, Jobs, Random},
    tokens::Token,
};
use crate::{
    error::{Error, Kind, Result},
    id::{FileId, JobId, LeaseId, ProjectId},
    job::{Command, Job, Source, Stage},
};

/// A job that somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The file to work on.
    pub file: FileId,
    /// The rules.
    pub rules: Rules,
    /// The caller's idempotency key.
    pub transaction: Option<String>,
}

/// What became of a wanted job.
#[derive(Debug, Clone, PartialEq)]
pub enum Creation {
    /// It was accepted, or had been accepted before under the same idempotency key.
    Job(Box<Job>),
    /// It was refused; nothing was stored.
    Refused(Refusal),
}

/// Accepts a job for the project of `caller`. When this returns, the job is stored and nothing can lose it.
///
/// # Errors
///
/// `Upstream` when a place cannot be reached. The same idempotency key then leads to the same job.
pub async fn create(ports: &(impl Index + Jobs + Random + Host), caller: &Token, wanted: Wanted) -> Result<Creation> {
    let reservation = Reservation {
        id: JobId::from_random(ports.random()),
        user: caller.id,
        file: wanted.file,
        rules: wanted.rules,
        transaction: wanted.transaction,
        plan: vec![Stage::Classify],
    };
    match ports.index(caller.project, IndexCommand::Reserve(Box::new(reservation))).await? {
        IndexReply::Accepted(job) => {
            let Source::File { size, .. } = job.source;
            let here = (size <= ports.config().inline_max_bytes && ports.config().inline_max_bytes > 0)
                .then(|| LeaseId::from_random(ports.random()));
            ports.job(caller.project, job.id, Command::Submit { job: job.clone(), here }).await?;
            Ok(Creation::Job(job))
        }
        // Whoever reserved the key may have been cut off before submitting the job; submitting twice is harmless.
        IndexReply::Existing(job) => {
            match ports.job(caller.project, job.id, Command::Submit { job: job.clone(), here: None }).await {
                Ok(reply) => Ok(Creation::Job(Box::new(reply.into_job()?))),
                // Removed a moment ago, and the index will hear of it.
                Err(error) if error.kind() == Kind::NotFound => Ok(Creation::Job(job)),
                Err(error) => Err(error),
            }
        }
        IndexReply::Refused(refusal) => Ok(Creation::Refused(refusal)),
        other => Err(other.unexpected()),
    }
}

/// The job of this id.
///
/// # Errors
///
/// `NotFound` when there is none in the project, `Upstream` when its place cannot be reached.
pub async fn get(ports: &impl Jobs, project: ProjectId, id: JobId) -> Result<Job> {
    ports.job(project, id, Command::Get).await?.into_job()
}

/// Jobs of a project, newest first. They come without evidence; [`get`] gives that.
///
/// # Errors
///
/// `Invalid` when the place to begin is not one of ours, `Upstream` when the index cannot be reached.
pub async fn list(ports: &impl Index, project: ProjectId, filter: JobFilter, page: PageRequest) -> Result<Page<Job>> {
    let size = page.size;
    match ports.index(project, IndexCommand::ListJobs { filter, page }).await? {
        IndexReply::Jobs(found) => {
            let (mut items, cut) = found.read()?;
            let more = index::cut(&mut items, size) || cut;
            let next = items.last().filter(|_| more).map(|job| index::cursor(job.created_at, &job.id));
            Ok(Page { items, next })
        }
        other => Err(other.unexpected()),
    }
}

/// Stops a job. Stopping a stopped job changes nothing.
///
/// # Errors
///
/// `NotFound` when there is none in the project, `Conflict` when it has ended, `Upstream`.
pub async fn cancel(ports: &impl Jobs, project: ProjectId, id: JobId) -> Result<Job> {
    ports.job(project, id, Command::Cancel).await?.into_job()
}

/// Removes a job that has ended, from its place and from the index.
///
/// # Errors
///
/// `NotFound` when there is none in the project, `Conflict` while it has not ended, `Upstream`.
pub async fn delete(ports: &impl Jobs, project: ProjectId, id: JobId) -> Result<()> {
    match ports.job(project, id, Command::Delete).await? {
        JobReply::Removed => Ok(()),
        other => Err(Error::internal(format!("unexpected answer to a removal: {other:?}"))),
    }
}
