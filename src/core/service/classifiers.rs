//! Use cases of saved classifiers.

use super::{
    index::{Change, Classifier, ClassifierFilter, IndexCommand, IndexReply, Page, PageRequest, RuleChange},
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
};

fn missing() -> Error {
    Error::not_found("Configuration not found")
}

fn one(reply: IndexReply) -> Result<Classifier> {
    match reply {
        IndexReply::Classifier(Some(classifier)) => Ok(*classifier),
        IndexReply::Classifier(None) => Err(missing()),
        other => Err(other.unexpected()),
    }
}

/// Saves a classifier under a name: a new one, or a new version of the one of that name.
///
/// # Errors
///
/// `Invalid` when a route leads to no schema, `Upstream` when the index cannot be reached.
pub async fn save(
    ports: &(impl Index + Random),
    project: ProjectId,
    name: String,
    change: Change,
) -> Result<Classifier> {
    let id = ClassifierId::from_random(ports.random());
    one(ports.index(project, IndexCommand::SaveClassifier { id, name, change }).await?)
}

/// Changes a classifier.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Conflict` when the name is another's, `Invalid` when a
/// route leads to no schema, `Upstream`.
pub async fn change(ports: &impl Index, project: ProjectId, id: ClassifierId, change: Change) -> Result<Classifier> {
    one(ports.index(project, IndexCommand::ChangeClassifier { id, change }).await?)
}

/// Makes one change to the rules of the published version of a classifier.
///
/// # Errors
///
/// `NotFound` when there is no such classifier or rule, `Conflict` when a label would be there twice, `Invalid` when
/// there would be too many, `Upstream`.
pub async fn change_rules(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    change: RuleChange,
) -> Result<Classifier> {
    one(ports.index(project, IndexCommand::ChangeRules { id, change, draft: false }).await?)
}

/// Makes a text an example of a label, in the draft of a classifier: the newest version, which becomes a draft where it is
/// none.
///
/// # Errors
///
/// `NotFound` when there is no such classifier, `Invalid` at `label` when no rule has it, `Upstream`.
pub async fn learn(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    label: String,
    text: String,
) -> Result<Classifier> {
    let change = RuleChange::Example { label, text };
    one(ports.index(project, IndexCommand::ChangeRules { id, change, draft: true }).await?)
}

/// Publishes the newest version of a classifier.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Upstream`.
pub async fn publish(ports: &impl Index, project: ProjectId, id: ClassifierId) -> Result<Classifier> {
    one(ports.index(project, IndexCommand::PublishClassifier { id }).await?)
}

/// The newest published version of a classifier, or with `draft` the newest of all.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Upstream`.
pub async fn get(ports: &impl Index, project: ProjectId, id: ClassifierId, draft: bool) -> Result<Classifier> {
    one(ports.index(project, IndexCommand::GetClassifier { id, draft }).await?)
}

/// Removes a classifier with all its versions.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Upstream`.
pub async fn delete(ports: &impl Index, project: ProjectId, id: ClassifierId) -> Result<()> {
    one(ports.index(project, IndexCommand::DeleteClassifier { id }).await?).map(drop)
}

/// Versions of classifiers, newest first.
///
/// # Errors
///
/// `Invalid` when the place to begin is not one of ours, `Upstream`.
pub async fn list(
    ports: &impl Index,
    project: ProjectId,
    filter: ClassifierFilter,
    page: PageRequest,
) -> Result<Page<Classifier>> {
    match ports.index(project, IndexCommand::ListClassifiers { filter, page }).await? {
        IndexReply::Classifiers(page) => Ok(page),
        other => Err(other.unexpected()),
    }
}
