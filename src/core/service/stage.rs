//! Running a stage of a job.

use bytes::Bytes;

use super::{
    host::{JobReply, Work},
    ports::{Clock, FileKey, Files, Host, Jobs, Random, StageMessage},
    ready,
};
use crate::{
    classify::Decision,
    document::{self, Document},
    error::{Error, Kind, Result, Unreadable},
    extract::{self, Extraction},
    id::LeaseId,
    job::{Command, Failure, Job, Report, Source, Stage},
    limits,
};

/// The document of `job` and, for a file, its bytes.
pub(super) async fn document(files: &impl Files, job: &Job) -> Result<(Document, Bytes)> {
    let (id, size) = match &job.source {
        Source::File { id, size } => (*id, *size),
        Source::Mail { mail: Some(mail) } => return Ok((document::read_mail(mail)?, Bytes::new())),
        Source::Mail { mail: None } => return Err(Error::internal("a mail was not kept")),
    };
    if size > limits::MAX_DOCUMENT_BYTES {
        return Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The file has {size} bytes; documents of up to {} are read", limits::MAX_DOCUMENT_BYTES),
        ));
    }
    let key = FileKey { project: job.project, file: id };
    let bytes = files.get(key).await?.ok_or_else(|| Error::not_found("The file is gone"))?;
    Ok((document::read(&bytes, &job.classification.read)?, bytes))
}

/// Runs the classify stage of `job`: reads its document, and holds it against the rules.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read, `NotFound` when its file is gone, `Upstream` when the file cannot
/// be fetched.
pub async fn classify(files: &impl Files, job: &Job) -> Result<Decision> {
    let (document, _) = document(files, job).await?;
    Ok(ready::classifier(&job.classification).decide(&document))
}

/// Runs the extract stage of `job`: reads its document, and looks for the fields of its route's schema.
///
/// # Errors
///
/// As [`classify`].
pub async fn extract(files: &impl Files, job: &Job) -> Result<Extraction> {
    let route = job.route.as_deref().ok_or_else(|| Error::internal("nothing to extract: the job has no route"))?;
    let (document, bytes) = document(files, job).await?;
    // What is attached is a help, and a damaged help is none.
    let attachments = document::attachments(&bytes).unwrap_or_default();
    Ok(extract::extract(&document, &route.schema, &attachments))
}

/// Runs the stage that `job` is at and gives what came out.
///
/// # Errors
///
/// As [`classify`].
pub async fn output(files: &impl Files, job: &Job) -> Result<Report> {
    match job.stage() {
        Some(Stage::Classify) => classify(files, job).await.map(|decision| Report::Classified(Box::new(decision))),
        Some(Stage::Extract) => extract(files, job).await.map(|extraction| Report::Extracted(Box::new(extraction))),
        None => Err(Error::internal("a stage was claimed that is not in the plan")),
    }
}

/// Runs the stage that `work` holds and gives the command that reports it.
pub async fn run(files: &impl Files, work: &Work) -> Command {
    let report = output(files, &work.job).await.unwrap_or_else(|error| Report::Failed(Failure::from(&error)));
    Command::Report { lease: work.lease, report }
}

/// What to do with a queue message after it was consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done with it: the job itself remembers what is left.
    Ack,
    /// Deliver it again, because the job could not be reached.
    Retry,
}

/// Consumes one message of the stage queue: claims the stage, runs it, reports. Duplicate and late messages do nothing.
pub async fn consume(ports: &(impl Jobs + Files + Clock + Random + Host), message: StageMessage) -> Verdict {
    let StageMessage { project, job, .. } = message;
    let lease = LeaseId::from_random(ports.random());
    let claimed = match ports.job(project, job, Command::Claim { lease }).await {
        Ok(JobReply::Claimed(claimed)) => *claimed,
        // In other hands, ended, or removed: nothing to do here. A job that is still owed an attempt asks again.
        Ok(_) => return Verdict::Ack,
        Err(error) if error.kind() == Kind::NotFound => return Verdict::Ack,
        Err(error) => {
            ports.log(&format!("job {job}: claim failed: {error:#}"));
            return Verdict::Retry;
        }
    };
    let report = run(ports, &Work { job: claimed, lease }).await;
    match ports.job(project, job, report).await {
        Ok(_) => Verdict::Ack,
        Err(error) => {
            // The lease runs out and the job's timer gives the stage to somebody else.
            ports.log(&format!("job {job}: report failed: {error:#}"));
            Verdict::Ack
        }
    }
}

/// Consumes one message that the stage queue gave up on.
pub async fn bury(ports: &(impl Jobs + Host), message: StageMessage) -> Verdict {
    let command =
        Command::DeadLetter { stage: usize::try_from(message.stage).unwrap_or(usize::MAX), attempt: message.attempt };
    match ports.job(message.project, message.job, command).await {
        Ok(_) => Verdict::Ack,
        Err(error) if error.kind() == Kind::NotFound => Verdict::Ack,
        Err(error) => {
            ports.log(&format!("job {}: dead letter failed: {error:#}", message.job));
            Verdict::Retry
        }
    }
}
