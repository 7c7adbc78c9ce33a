//! Use cases of jobs.

use super::{
    index::{
        self, CountJobs, GetJobByKey, JobFilter, JobInput, ListJobs, Page, PageRequest, Refusal, RequestedWebhooks,
        ReserveJob, Reserved, Work,
    },
    job_ids, job_parts,
    ports::{Engine, Environment, Index, JobParts, Jobs, Random},
    stage,
    tokens::Token,
};
use crate::{
    error::{ErrorKind, Result},
    id::{JobId, LeaseId, ProjectId},
    job::{Command, External, Failure, Job, JobKind, JobSource, Rejected, Report, Stage, Start},
};

/// A request to create a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRequest {
    /// What to work on.
    pub input: JobInput,
    /// What to do with it.
    pub work: Work,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The caller's own data, returned with the job.
    pub external: External,
    /// The webhooks that it calls beside those of the project.
    pub webhooks: RequestedWebhooks,
}

/// The outcome of a request to create a job.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateOutcome {
    /// The job was accepted, or had been accepted before under the same idempotency key.
    Job(Box<Job>),
    /// The job was refused; nothing was stored.
    Refused(Refusal),
}

/// Accepts a job for the project of `caller`. When this returns, the job is stored and nothing can lose it.
///
/// # Errors
///
/// `TooLarge` if the job cannot be stored; `Upstream` if the index, the job object or the storage of parts cannot be
/// reached. A retry with the same idempotency key then leads to the same job.
pub async fn create(
    ports: &(impl Index + Jobs + JobParts + Random + Environment),
    caller: &Token,
    request: JobRequest,
) -> Result<CreateOutcome> {
    let attached = match &request.input {
        JobInput::Mail(mail) => mail.attachment_bytes(),
        JobInput::File { .. } | JobInput::Url(_) | JobInput::Parsed(_) => 0,
    };
    let job = match reserve(ports, caller, request).await? {
        Reserved::Accepted(job) => job,
        Reserved::Existing(job) => return submit_again(ports, job).await.map(CreateOutcome::Job),
        Reserved::Refused(refusal) => return Ok(CreateOutcome::Refused(refusal)),
    };
    let max_bytes = ports.config().inline_max_bytes;
    let small = match job.source {
        JobSource::Mail { .. } => u64::try_from(attached).unwrap_or(u64::MAX) <= max_bytes,
        _ => job.source.file().is_some_and(|file| file.size <= max_bytes),
    };
    // Extraction takes too long for the invocation that answers the request, so it always goes through the queue.
    let inline = small && max_bytes > 0 && job.stage() == Some(Stage::Classify);
    let start = if inline { Start::Inline(LeaseId::from_bytes(ports.random())) } else { Start::Queue };
    ports.job(caller.project, job.id, Command::Submit { job: job.clone(), start }).await?;
    Ok(CreateOutcome::Job(job))
}

/// The job that was accepted under an idempotency key; None if there is none.
///
/// # Errors
///
/// `Upstream` if the index or the job object cannot be reached.
pub async fn existing(ports: &(impl Index + Jobs), project: ProjectId, key: String) -> Result<Option<Box<Job>>> {
    match ports.index(project, GetJobByKey { key }).await? {
        Some(job) => submit_again(ports, job).await.map(Some),
        None => Ok(None),
    }
}

/// Submits an accepted job, and returns it as it is now. The request that reserved its key may have been cut off before
/// it submitted the job; submitting twice is harmless.
async fn submit_again(ports: &impl Jobs, job: Box<Job>) -> Result<Box<Job>> {
    let command = Command::Submit { job: job.clone(), start: Start::Queue };
    match ports.job(job.project, job.id, command).await {
        Ok(reply) => reply.into_job().map(Box::new),
        // The job was just deleted, and the index does not know it yet.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(job),
        Err(error) => Err(error),
    }
}

async fn reserve(
    ports: &(impl Index + JobParts + Random + Environment),
    caller: &Token,
    request: JobRequest,
) -> Result<Reserved> {
    let reservation = ReserveJob {
        id: job_ids::generate(ports, caller.project),
        user: caller.id,
        input: request.input,
        work: request.work,
        idempotency_key: request.idempotency_key,
        external: request.external,
        webhooks: request.webhooks,
    };
    let mut reserved = ports.index(caller.project, reservation).await?;
    if let Reserved::Accepted(job) = &mut reserved {
        job_parts::put_mail(ports, job).await?;
    }
    Ok(reserved)
}

/// Accepts a job and runs its first stage before storing it, so that the answer has the stage's output. The job, its
/// output and its pending effects are then stored in one step.
///
/// # Errors
///
/// Those of [`stage::run`], with the job stored as failed; `TooLarge` if the job cannot be stored; `Upstream` if the
/// index, the job object or the storage of parts cannot be reached.
pub async fn create_and_run(
    ports: &(impl Index + Jobs + Engine + JobParts + Random + Environment),
    caller: &Token,
    request: JobRequest,
) -> Result<CreateOutcome> {
    let job = match reserve(ports, caller, request).await? {
        Reserved::Accepted(job) => job,
        Reserved::Existing(job) => return Ok(CreateOutcome::Job(job)),
        Reserved::Refused(refusal) => return Ok(CreateOutcome::Refused(refusal)),
    };
    let id = job.id;
    let outcome = stage::run(ports, &job).await;
    let report = outcome.clone().unwrap_or_else(|error| Report::Failed(Failure::from(&error)));
    let report = job_parts::put_output(ports, &job, report).await?;
    let part = report.part();
    let reply = ports.job(caller.project, id, Command::Submit { job, start: Start::Done(report) }).await;
    job_parts::delete_late_output(ports, caller.project, id, part, &reply).await;
    let mut stored = reply?.into_job()?;
    // The index's sweep may have submitted the job in the meantime, and then the stored job is not done yet. The output
    // is the same no matter who runs it.
    match outcome? {
        Report::Classified(decision) => stored.decision = stored.decision.or(Some(*decision)),
        Report::Extracted(extraction) => stored.extraction = stored.extraction.or(Some(extraction)),
        Report::Output(output) => stored.output = stored.output.or(Some(output)),
        Report::ExtractedApart | Report::OutputApart | Report::Fetched(_) | Report::Failed(_) => {}
    }
    if let (None, Some(decision)) = (&stored.route, &stored.decision) {
        stored.route = stored.route_of(decision);
    }
    Ok(CreateOutcome::Job(Box::new(stored)))
}

/// The job with this id, as it is stored: parts that are stored apart are absent, and
/// [`job_parts::with_output`] adds them.
///
/// # Errors
///
/// `NotFound` if the project has no such job, `Upstream` if the job object cannot be reached.
pub async fn get(ports: &(impl Jobs + Index + Environment), project: ProjectId, id: JobId) -> Result<Job> {
    job_ids::check(ports, project, id).await?;
    ports.job(project, id, Command::Get).await?.into_job()
}

/// The job with this id and of this kind.
///
/// # Errors
///
/// `NotFound` if the project has no such job of this kind, `Upstream` if the job object cannot be reached.
pub async fn get_of_kind(
    ports: &(impl Jobs + Index + Environment),
    project: ProjectId,
    id: JobId,
    kind: JobKind,
) -> Result<Job> {
    let job = get(ports, project, id).await?;
    if job.kind() == kind { Ok(job) } else { Err(Rejected::NotFound.into_error()) }
}

/// Lists jobs of a project, newest first, without evidence; [`get`] returns it.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours, `Upstream` if the index cannot be reached.
pub async fn list(ports: &impl Index, project: ProjectId, filter: JobFilter, page: PageRequest) -> Result<Page<Job>> {
    let size = page.size;
    let (mut items, truncated) = ports.index(project, ListJobs { filter, page }).await?.into_jobs()?;
    let more = index::truncate_page(&mut items, size) || truncated;
    let next = items.last().filter(|_| more).map(|job| index::cursor(job.created_at, &job.id));
    Ok(Page { items, next })
}

/// How many jobs of a project there are; None if they are too many to be counted.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn count(ports: &impl Index, project: ProjectId, filter: JobFilter) -> Result<Option<u32>> {
    ports.index(project, CountJobs { filter }).await
}

/// Cancels a job. Cancelling a cancelled job changes nothing.
///
/// # Errors
///
/// `NotFound` if the project has no such job of this kind, `Conflict` if it has ended, `Upstream`.
pub async fn cancel(
    ports: &(impl Jobs + Index + Environment),
    project: ProjectId,
    id: JobId,
    kind: JobKind,
) -> Result<Job> {
    // The kind of a job never changes, so it still holds when the job gets the command.
    get_of_kind(ports, project, id, kind).await?;
    ports.job(project, id, Command::Cancel).await?.into_job()
}

/// Deletes a job that has ended, from its job object and from the index.
///
/// # Errors
///
/// `NotFound` if the project has no such job of this kind, `Conflict` if it has not ended, `Upstream`.
pub async fn delete(
    ports: &(impl Jobs + Index + Environment),
    project: ProjectId,
    id: JobId,
    kind: JobKind,
) -> Result<()> {
    get_of_kind(ports, project, id, kind).await?;
    ports.job(project, id, Command::Delete).await.map(drop)
}
