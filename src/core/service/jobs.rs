//! Use cases of jobs.

use super::{
    host::JobReply,
    index::{self, IndexCommand, IndexReply, JobFilter, Page, PageRequest, Refusal, Reservation, Rules, Subject},
    ports::{Files, Host, Index, Jobs, Random},
    stage,
    tokens::Token,
};
use crate::{
    error::{Error, Kind, Result},
    id::{JobId, LeaseId, ProjectId},
    job::{Command, External, Failure, Job, Report, Source, Stage, Start},
};

/// A job that somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// What to work on.
    pub subject: Subject,
    /// The rules.
    pub rules: Rules,
    /// What is to be done, in order.
    pub plan: Vec<Stage>,
    /// The caller's idempotency key.
    pub transaction: Option<String>,
    /// What the caller wants back.
    pub external: External,
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
    let job = match reserve(ports, caller, wanted).await? {
        IndexReply::Accepted(job) => job,
        // Whoever reserved the key may have been cut off before submitting the job; submitting twice is harmless.
        IndexReply::Existing(job) => {
            return match ports
                .job(caller.project, job.id, Command::Submit { job: job.clone(), start: Start::Queue })
                .await
            {
                Ok(reply) => Ok(Creation::Job(Box::new(reply.into_job()?))),
                // Removed a moment ago, and the index will hear of it.
                Err(error) if error.kind() == Kind::NotFound => Ok(Creation::Job(job)),
                Err(error) => Err(error),
            };
        }
        IndexReply::Refused(refusal) => return Ok(Creation::Refused(refusal)),
        other => return Err(other.unexpected()),
    };
    let most = ports.config().inline_max_bytes;
    let small = match job.source {
        Source::File { size, .. } => size <= most,
        Source::Mail { .. } => true,
    };
    // Extraction takes longer than the invocation of an answer should, so it always goes through the queue.
    let here = small && most > 0 && job.plan.first() == Some(&Stage::Classify);
    let start = if here { Start::Here(LeaseId::from_random(ports.random())) } else { Start::Queue };
    ports.job(caller.project, job.id, Command::Submit { job: job.clone(), start }).await?;
    Ok(Creation::Job(job))
}

async fn reserve(ports: &(impl Index + Random), caller: &Token, wanted: Wanted) -> Result<IndexReply> {
    let reservation = Reservation {
        id: JobId::from_random(ports.random()),
        user: caller.id,
        subject: wanted.subject,
        rules: wanted.rules,
        transaction: wanted.transaction,
        plan: wanted.plan,
        external: wanted.external,
    };
    ports.index(caller.project, IndexCommand::Reserve(Box::new(reservation))).await
}

/// Accepts a job and runs its first stage before it is stored, so that the answer has what came out: job, output and
/// what is still to be done are then stored in one step.
///
/// # Errors
///
/// Those of [`stage::output`], with the job stored as failed; `Upstream` when a place cannot be reached.
pub async fn run_now(ports: &(impl Index + Jobs + Files + Random), caller: &Token, wanted: Wanted) -> Result<Creation> {
    let job = match reserve(ports, caller, wanted).await? {
        IndexReply::Accepted(job) => job,
        IndexReply::Existing(job) => return Ok(Creation::Job(job)),
        IndexReply::Refused(refusal) => return Ok(Creation::Refused(refusal)),
        other => return Err(other.unexpected()),
    };
    let id = job.id;
    let outcome = stage::output(ports, &job).await;
    let report = outcome.clone().unwrap_or_else(|error| Report::Failed(Failure::from(&error)));
    let submit = Command::Submit { job, start: Start::Done(report) };
    let mut stored = ports.job(caller.project, id, submit).await?.into_job()?;
    // The sweep of the index may have submitted the job meanwhile, and then it is not done yet; what comes out is the
    // same whoever runs it.
    match outcome? {
        Report::Classified(decision) => stored.decision = stored.decision.or(Some(*decision)),
        Report::Extracted(extraction) => stored.extraction = stored.extraction.or(Some(extraction)),
        Report::Failed(_) => {}
    }
    if let (None, Some(decision)) = (&stored.route, &stored.decision) {
        stored.route = stored.route_of(decision);
    }
    Ok(Creation::Job(Box::new(stored)))
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
