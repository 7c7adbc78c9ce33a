//! Running a stage of a job.

use super::{
    fetch,
    job_object::ClaimedStage,
    job_parts,
    job_reply::JobReply,
    ports::{DocumentBytes, Engine, Environment, FileKey, Index, JobParts, Jobs, Ports, StageMessage},
};
use crate::{
    classify::{Decision, RuleSet, Settings},
    engine::{BudgetKind, Classify, Extract, ExtractByJsonSchema, Parse, Source, Split},
    error::{Error, ErrorKind, Result, Unreadable},
    extract::Extraction,
    id::LeaseId,
    job::{Classification, Command, Failure, Job, JobSource, RawJson, Report, Stage, StoredFile, TaskOptions},
    limits,
};

/// The document of `job`, which has its [input](job_parts::with_input), for the engine.
///
/// # Errors
///
/// `Unreadable` if the file is too large.
pub(super) fn document(job: &Job) -> Result<(Source, DocumentBytes)> {
    if let JobSource::Mail { mail } = &job.source {
        let mail = mail.as_ref().ok_or_else(|| Error::internal("a mail was not kept"))?;
        return Ok((Source::Mail((**mail).clone()), DocumentBytes::None));
    }
    let StoredFile { id, size } =
        job.source.file().ok_or_else(|| Error::internal("the document of a URL was not fetched"))?;
    if size > limits::MAX_DOCUMENT_BYTES {
        return Err(Error::unreadable(
            Unreadable::TooLarge,
            format!("The file has {size} bytes; documents of up to {} are read", limits::MAX_DOCUMENT_BYTES),
        ));
    }
    let key = FileKey { project: job.project, file: id };
    Ok((Source::Bytes(job.read_options().clone()), DocumentBytes::Stored(key)))
}

/// Runs the classify stage of `job`: reads its document, and classifies it by the rules.
///
/// # Errors
///
/// Those of [`document`] and of [`Classify`].
pub async fn classify(ports: &impl Engine, job: &Job) -> Result<Decision> {
    let (source, bytes) = document(job)?;
    let Classification { rules, settings, .. } = &*job.classification;
    let call = Classify { source, rules: rules.clone(), settings: settings.clone() };
    ports.engine(call, bytes, BudgetKind::Stage).await
}

/// Runs the extract stage of `job`: reads its document, and looks for the fields of its route's schema.
///
/// # Errors
///
/// Those of [`document`] and of [`Extract`].
pub async fn extract(ports: &impl Engine, job: &Job) -> Result<Extraction> {
    let route = job.route.as_deref().ok_or_else(|| Error::internal("nothing to extract: the job has no route"))?;
    let (source, bytes) = document(job)?;
    ports.engine(Extract { source, schema: route.schema.clone() }, bytes, BudgetKind::Stage).await
}

/// Runs the parse stage of `job`. The output is a [`ParseResult`](crate::parse::ParseResult).
///
/// # Errors
///
/// Those of [`document`] and of [`Parse`].
pub async fn parse(ports: &impl Engine, job: &Job) -> Result<RawJson> {
    let (source, bytes) = document(job)?;
    Ok(ports.engine(Parse { source }, bytes, BudgetKind::Stage).await?.into())
}

/// Runs the stage of `job` that extracts the values of a JSON Schema. The output is an
/// [`ExtractedJson`](crate::extract::json_schema::ExtractedJson).
///
/// # Errors
///
/// Those of [`document`] and of [`ExtractByJsonSchema`].
pub async fn extract_json(ports: &impl Engine, job: &Job) -> Result<RawJson> {
    let options = job.options.as_deref().map(|options| &options.task);
    let Some(TaskOptions::ExtractJson(extraction)) = options else {
        return Err(Error::internal("nothing to extract: the job has no schema"));
    };
    let (source, bytes) = document(job)?;
    let call = ExtractByJsonSchema {
        source,
        schema: extraction.schema.as_str().to_owned(),
        prefix: Vec::new(),
        target: extraction.target,
        with_metadata: true,
    };
    RawJson::of(&ports.engine(call, bytes, BudgetKind::Stage).await?)
}

/// Runs the split stage of `job`. The output is a [`SplitResult`](crate::split::SplitResult).
///
/// # Errors
///
/// Those of [`document`] and of [`Split`].
pub async fn split(ports: &impl Engine, job: &Job) -> Result<RawJson> {
    let Some(TaskOptions::Split(splitting)) = job.options.as_deref().map(|options| &options.task) else {
        return Err(Error::internal("nothing to split by: the job has no categories"));
    };
    let (source, bytes) = document(job)?;
    let rules = RuleSet { rules: splitting.categories.clone() };
    let call = Split { source, rules, settings: Settings::default(), options: splitting.options };
    Ok(ports.engine(call, bytes, BudgetKind::Stage).await?.into())
}

/// Runs the current stage of `job`, which is about its document and not about where that is, and returns its output.
///
/// # Errors
///
/// As [`classify`].
pub async fn run(ports: &(impl Engine + JobParts + Index), job: &Job) -> Result<Report> {
    let job = &*job_parts::with_input(ports, job).await?;
    match job.stage() {
        Some(Stage::Classify) => classify(ports, job).await.map(|decision| Report::Classified(Box::new(decision))),
        Some(Stage::Extract) => extract(ports, job).await.map(|extraction| Report::Extracted(Box::new(extraction))),
        Some(Stage::Parse) => parse(ports, job).await.map(Report::Output),
        Some(Stage::ExtractJson) => extract_json(ports, job).await.map(Report::Output),
        Some(Stage::Split) => split(ports, job).await.map(Report::Output),
        Some(Stage::Fetch) => Err(Error::internal("a document is only fetched by the consumer of the queue")),
        None => Err(Error::internal("a stage was claimed that is not in the plan")),
    }
}

/// Runs a claimed stage, and returns the command that reports the outcome to the job.
pub async fn run_claimed(ports: &(impl Engine + JobParts + Index), stage: &ClaimedStage) -> Command {
    let outcome = run(ports, &stage.job).await;
    report(ports, stage, outcome).await
}

/// The command that reports the outcome of a claimed stage to the job.
async fn report(ports: &impl JobParts, stage: &ClaimedStage, outcome: Result<Report>) -> Command {
    let report = match outcome {
        Ok(output) => job_parts::put_output(ports, &stage.job, output).await,
        Err(error) => Err(error),
    };
    let report = report.unwrap_or_else(|error| Report::Failed(Failure::from(&error)));
    Command::Report { lease: stage.lease, report }
}

/// What to do with a queue message after it was consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageOutcome {
    /// Acknowledge it: the job itself knows what remains to be done.
    Ack,
    /// Deliver it again, because the job object could not be reached.
    Retry,
}

/// Consumes one message of the stage queue: claims the stage, runs it, reports. Duplicate and late messages have no
/// effect.
pub async fn consume(ports: &impl Ports, message: StageMessage) -> MessageOutcome {
    let StageMessage { project, job, .. } = message;
    let lease = LeaseId::from_bytes(ports.random());
    let claimed = match ports.job(project, job, Command::Claim { lease }).await {
        Ok(JobReply::Claimed(claimed)) => *claimed,
        // Nothing to do: the job has ended or is deleted, another claimant holds the lease, or its backoff is not over.
        // A job that needs another attempt enqueues another message, when its lease expires or by redelivery.
        Ok(_) => return MessageOutcome::Ack,
        Err(error) if error.kind() == ErrorKind::NotFound => return MessageOutcome::Ack,
        Err(error) => {
            ports.log(&format!("job {job}: claim failed: {error:#}"));
            return MessageOutcome::Retry;
        }
    };
    let stage = ClaimedStage { job: claimed, lease };
    let report = match stage.job.stage() {
        Some(Stage::Fetch) => report(ports, &stage, fetch::fetch(ports, &stage.job).await).await,
        _ => run_claimed(ports, &stage).await,
    };
    let part = match &report {
        Command::Report { report, .. } => report.part(),
        _ => None,
    };
    let reply = ports.job(project, job, report).await;
    job_parts::delete_late_output(ports, project, job, part, &reply).await;
    match reply {
        Ok(_) => MessageOutcome::Ack,
        Err(error) => {
            // The lease expires, and the job's timer then enqueues the stage again.
            ports.log(&format!("job {job}: report failed: {error:#}"));
            MessageOutcome::Ack
        }
    }
}

/// Consumes one message of the dead-letter queue of the stage queue.
pub async fn handle_dead_letter(ports: &(impl Jobs + Environment), message: StageMessage) -> MessageOutcome {
    let command = Command::DeadLetter {
        stage: usize::try_from(message.stage).unwrap_or(usize::MAX),
        attempts_made: message.attempts_made,
    };
    match ports.job(message.project, message.job, command).await {
        Ok(_) => MessageOutcome::Ack,
        Err(error) if error.kind() == ErrorKind::NotFound => MessageOutcome::Ack,
        Err(error) => {
            ports.log(&format!("job {}: dead letter failed: {error:#}", message.job));
            MessageOutcome::Retry
        }
    }
}
