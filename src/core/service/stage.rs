//! Running a stage of a job.

use super::{
    host::{JobReply, Work},
    ports::{Clock, FileKey, Files, Host, Jobs, Random, StageMessage},
};
use crate::{
    classify::{Classifier, Decision},
    document,
    error::{Error, Kind, Result, Unreadable},
    id::LeaseId,
    job::{Command, Failure, Job, Source},
    limits,
};

/// Runs the classify stage of `job`: reads its file, reads the document in it, and holds it against the rules.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read, `NotFound` when its file is gone, `Upstream` when the file cannot
/// be fetched.
pub async fn classify(files: &impl Files, job: &Job) -> Result<Decision> {
    let Source::File { id, size } = job.source;
    if size > limits::MAX_DOCUMENT_BYTES {
        return Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The file has {size} bytes; documents of up to {} are read", limits::MAX_DOCUMENT_BYTES),
        ));
    }
    let key = FileKey { project: job.project, file: id };
    let bytes = files.get(key).await?.ok_or_else(|| Error::not_found("The file is gone"))?;
    let document = document::read(&bytes, &job.classification.read)?;
    drop(bytes);
    Ok(Classifier::new(&job.classification.rules, &job.classification.settings).decide(&document))
}

/// Runs the stage that `work` holds and gives the command that reports it.
pub async fn run(files: &impl Files, work: &Work) -> Command {
    match classify(files, &work.job).await {
        Ok(decision) => Command::Finish { lease: work.lease, decision: Box::new(decision) },
        Err(error) => Command::Fail { lease: work.lease, failure: Failure::from(&error) },
    }
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
