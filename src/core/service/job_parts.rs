//! Parts of a job that its record has no room for: where they are stored, and how they come back.
//!
//! A row of the storage has at most 2 MB. A job within [`limits::SMALL_JOB_BYTES`] has everything in its own record, so
//! that it costs no further call. A larger one has its mail and its extraction in the object storage, under its own key
//! ([`JobPartKey`]), and refers to the saved schema that it extracts with instead of having a copy.
//!
//! A part is stored before the command that says so, and deleted by an effect of the job's deletion.

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    index::{GetSchemaVersion, RemoveJob, json_bytes},
    job_reply::JobReply,
    ports::{Environment, Index, JobPartKey, JobParts},
};
use crate::{
    document::Mail,
    error::{Error, ErrorKind, Result},
    extract::Schema,
    id::{JobId, ProjectId},
    job::{Job, JobPart, JobSource, Report, Stage},
    limits,
};

fn key(job: &Job, part: JobPart) -> JobPartKey {
    JobPartKey { project: job.project, job: job.id, part }
}

async fn put<T: Serialize>(ports: &impl JobParts, job: &Job, part: JobPart, value: &T) -> Result<()> {
    let json = serde_json::to_vec(value).map_err(Error::internal)?;
    ports.put_part(key(job, part), json.into()).await
}

async fn get<T: DeserializeOwned>(ports: &impl JobParts, job: &Job, part: JobPart) -> Result<T> {
    let missing = || Error::not_found(format!("The {} of the job is gone", part.as_str()));
    let json = ports.part(key(job, part)).await?.ok_or_else(missing)?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

/// Stores the mail of a job that was just accepted, if it is to be stored apart, and takes it out of the job. If that
/// fails, the acceptance is withdrawn.
///
/// # Errors
///
/// `Upstream`.
pub(super) async fn put_mail(ports: &(impl JobParts + Index + Environment), job: &mut Job) -> Result<()> {
    if !job.apart.contains(&JobPart::Mail) {
        return Ok(());
    }
    let JobSource::Mail { mail } = &mut job.source else { return Ok(()) };
    let Some(mail) = mail.take() else { return Ok(()) };
    let stored = put::<Mail>(ports, job, JobPart::Mail, &mail).await;
    if stored.is_err() {
        // If this fails too, the index will submit the job, which then fails because its mail is gone. A mail that was
        // stored although the storage did not say so must not stay.
        let removed = ports.index(job.project, RemoveJob { id: job.id }).await;
        for error in [removed, ports.delete_part(key(job, JobPart::Mail)).await].into_iter().filter_map(Result::err) {
            ports.log(&format!("job {}: withdrawing it failed: {error:#}", job.id));
        }
    }
    stored
}

/// Stores the output in `report` apart, if the record of `job` has no room for it.
///
/// # Errors
///
/// `Upstream`.
pub(super) async fn put_output(ports: &impl JobParts, job: &Job, report: Report) -> Result<Report> {
    match report {
        Report::Extracted(extraction) => {
            if json_bytes(job)?.saturating_add(json_bytes(&extraction)?) <= limits::SMALL_JOB_BYTES {
                return Ok(Report::Extracted(extraction));
            }
            put(ports, job, JobPart::Extraction, &extraction).await?;
            Ok(Report::ExtractedApart)
        }
        Report::Output(output) => {
            // What parsing gives is as large as the document, and asked for less often than the job.
            let is_small = json_bytes(job)?.saturating_add(output.as_str().len()) <= limits::SMALL_JOB_BYTES;
            if is_small && job.stage() != Some(Stage::Parse) {
                return Ok(Report::Output(output));
            }
            put(ports, job, JobPart::Output, &output).await?;
            Ok(Report::OutputApart)
        }
        other => Ok(other),
    }
}

/// Deletes the output of a job that [`put_output`] stored apart, if the job was deleted before the report of it arrived.
/// `reply` is the reply to the report. A job that is still there deletes the output with itself, whatever became of the
/// report, and until then another attempt may have stored it again.
pub(super) async fn delete_late_output(
    ports: &(impl JobParts + Environment),
    project: ProjectId,
    job: JobId,
    reported_apart: Option<JobPart>,
    reply: &Result<JobReply>,
) {
    let is_deleted = match reply {
        Ok(reply) => *reply == JobReply::Deleted,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if let Some(part) = reported_apart
        && is_deleted
        && let Err(error) = ports.delete_part(JobPartKey { project, job, part }).await
    {
        ports.log(&format!("job {job}: deleting a late output failed: {error:#}"));
    }
}

/// The job with all that its document and its current stage need.
///
/// # Errors
///
/// `NotFound` if a part is gone, `Upstream`.
pub(super) async fn with_input<'j>(ports: &(impl JobParts + Index), job: &'j Job) -> Result<Cow<'j, Job>> {
    let mut job = Cow::Borrowed(job);
    if job.apart.contains(&JobPart::Mail) && job.source == (JobSource::Mail { mail: None }) {
        let mail = get(ports, &job, JobPart::Mail).await?;
        job.to_mut().source = JobSource::Mail { mail: Some(mail) };
    }
    if job.stage() == Some(Stage::Extract) {
        job = with_schema(ports, job).await?;
    }
    Ok(job)
}

/// The job with its output, and with the schema that the output is of.
///
/// # Errors
///
/// `NotFound` if a part is gone, `Upstream`.
pub async fn with_output(ports: &(impl JobParts + Index), mut job: Job) -> Result<Job> {
    if job.output.is_none() && job.apart.contains(&JobPart::Output) {
        job.output = Some(get(ports, &job, JobPart::Output).await?);
    }
    if !job.has_extraction() {
        return Ok(job);
    }
    if job.extraction.is_none() {
        job.extraction = Some(get(ports, &job, JobPart::Extraction).await?);
    }
    Ok(with_schema(ports, Cow::Owned(job)).await?.into_owned())
}

/// The job with a copy of the schema of its route, if it refers to one.
async fn with_schema<'j>(ports: &impl Index, mut job: Cow<'j, Job>) -> Result<Cow<'j, Job>> {
    let Some(route) = job.route.as_ref().filter(|route| route.schema == Schema::default()) else { return Ok(job) };
    let Some(version) = route.schema_version else { return Ok(job) };
    let found = ports.index(job.project, GetSchemaVersion { id: route.schema_id, version }).await?;
    let schema = found.ok_or_else(|| Error::internal("a version of a schema was not kept"))?;
    if let Some(route) = &mut job.to_mut().route {
        route.schema = schema;
    }
    Ok(job)
}
