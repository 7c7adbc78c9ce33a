//! Corrections: a person says what the document of a job is, and the classifier learns it.

use super::{
    classifiers, jobs,
    ports::{Files, Index, Jobs},
    stage,
};
use crate::{
    error::{Error, Kind, Result},
    id::{ClassifierId, JobId, ProjectId},
    job::Job,
    limits,
};

/// What became of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The classifier whose draft has the example.
    pub classifier: ClassifierId,
    /// The label it is an example of.
    pub label: String,
    /// How many examples the label has now.
    pub examples: usize,
}

/// Makes the document of a job, a mail without its header fields, an example of `label`, in the draft of the saved classifier
/// that the job ran with. Correcting
/// a job again moves its example; the same correction again changes nothing. When a rule has as many examples as
/// [`limits`] allow, its oldest goes.
///
/// # Errors
///
/// - `NotFound`: there is no such job, or its classifier was removed.
/// - `Conflict`: the job has not ended, has no decision, or ran without a saved classifier, or its mail has header fields
///   alone.
/// - `Invalid` at `label`: no rule of the draft has that label.
/// - `Gone`: the file of the job was removed.
/// - `Upstream`.
pub async fn correct(
    ports: &(impl Jobs + Index + Files),
    project: ProjectId,
    job: JobId,
    label: String,
) -> Result<Corrected> {
    let job = jobs::get(ports, project, job).await?;
    let id = correctable(&job)?;
    let gone = |error: Error| match error.kind() {
        Kind::NotFound => Error::new(Kind::Gone, "The file of the job is gone"),
        _ => error,
    };
    let (document, _) = stage::document(ports, &job).await.map_err(gone)?;
    let text: String = document.text_without_headers().chars().take(limits::MAX_EXAMPLE_CHARS).collect();
    if text.is_empty() {
        return Err(Error::new(Kind::Conflict, "The mail has no text but its header fields to learn from"));
    }
    let draft = classifiers::learn(ports, project, id, label.clone(), text).await;
    let draft = draft.map_err(|error| error.or_missing("The classifier of the job is gone"))?;
    let rule = draft.classification.rules.rules.iter().find(|rule| rule.label == label);
    Ok(Corrected { classifier: id, examples: rule.map_or(0, |rule| rule.examples.len()), label })
}

/// The classifier that a correction of `job` goes to.
fn correctable(job: &Job) -> Result<ClassifierId> {
    let conflict = |why: &str| Error::new(Kind::Conflict, why);
    if !job.status().is_final() {
        return Err(conflict("The job has not ended yet"));
    }
    if job.decision.is_none() {
        return Err(conflict("The job has no decision to correct"));
    }
    job.classification.classifier.ok_or_else(|| conflict("The job ran without a saved classifier"))
}
