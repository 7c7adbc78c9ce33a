//! Use cases of saved classifiers.

use super::{
    index::{Classifier, ClassifierFilter, IndexCommand, IndexReply, Page, PageRequest},
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
    job::Classification,
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
/// `Upstream` when the index cannot be reached.
pub async fn save(
    ports: &(impl Index + Random),
    project: ProjectId,
    name: String,
    classification: Classification,
) -> Result<Classifier> {
    let id = ClassifierId::from_random(ports.random());
    one(ports.index(project, IndexCommand::SaveClassifier { id, name, classification }).await?)
}

/// Changes a classifier. What is absent stays.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Conflict` when the name is another's, `Upstream`.
pub async fn change(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    name: Option<String>,
    classification: Option<Classification>,
) -> Result<Classifier> {
    one(ports.index(project, IndexCommand::ChangeClassifier { id, name, classification }).await?)
}

/// The newest version of a classifier.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Upstream`.
pub async fn get(ports: &impl Index, project: ProjectId, id: ClassifierId) -> Result<Classifier> {
    one(ports.index(project, IndexCommand::GetClassifier { id }).await?)
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
