//! Corrections: a person gives the right label of a job's document, and the classifier gets it as an example.

use super::{
    classifiers, job_parts, jobs,
    ports::{Engine, Environment, Index, JobParts, Jobs},
    stage,
};
use crate::{
    engine::{BudgetKind, ReadText},
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, JobId, ProjectId},
    job::Job,
    limits,
};

/// The result of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionResult {
    /// The classifier whose draft has the example.
    pub classifier: ClassifierId,
    /// The label of the example.
    pub label: String,
    /// How many examples the label has now.
    pub examples: usize,
}

/// Adds the document of a job as an example of `label` to the draft of the saved classifier that the job ran with. The
/// header fields of a mail are left out. Correcting a job again moves its example; repeating a correction changes
/// nothing. If a rule already has as many examples as [`limits`] allow, its oldest is removed.
///
/// # Errors
///
/// - `NotFound`: the job does not exist, or its classifier was deleted.
/// - `Conflict`: the job has not ended, has no decision, or ran without a saved classifier, or its mail has only header
///   fields.
/// - `Invalid` at `label`: no rule of the draft has that label.
/// - `Gone`: the file of the job was deleted.
/// - `Upstream`.
pub async fn correct(
    ports: &(impl Jobs + Index + Engine + JobParts + Environment),
    project: ProjectId,
    job: JobId,
    label: String,
) -> Result<CorrectionResult> {
    let job = jobs::get(ports, project, job).await?;
    let id = classifier_to_correct(&job)?;
    let map_not_found = |error: Error| match error.kind() {
        ErrorKind::NotFound => Error::new(ErrorKind::Gone, "The file of the job is gone"),
        _ => error,
    };
    let job = job_parts::with_input(ports, &job).await.map_err(map_not_found)?;
    let (source, bytes) = stage::document(&job)?;
    let text = ports.engine(ReadText { source }, bytes, BudgetKind::Request).await.map_err(map_not_found)?;
    let text: String = text.chars().take(limits::MAX_EXAMPLE_CHARS).collect();
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Conflict, "The mail has no text but its header fields to learn from"));
    }
    let draft = classifiers::add_example(ports, project, id, label.clone(), text).await;
    let draft = draft.map_err(|error| error.with_not_found_message("The classifier of the job is gone"))?;
    let rule = draft.classification.rules.rules.iter().find(|rule| rule.label == label);
    Ok(CorrectionResult { classifier: id, examples: rule.map_or(0, |rule| rule.examples.len()), label })
}

/// The classifier that a correction of `job` changes.
fn classifier_to_correct(job: &Job) -> Result<ClassifierId> {
    let conflict = |message: &str| Error::new(ErrorKind::Conflict, message);
    if !job.status().has_ended() {
        return Err(conflict("The job has not ended yet"));
    }
    if job.decision.is_none() {
        return Err(conflict("The job has no decision to correct"));
    }
    job.classification.classifier.ok_or_else(|| conflict("The job ran without a saved classifier"))
}
