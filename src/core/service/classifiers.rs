//! Use cases of saved classifiers.

use super::{
    index::{
        AddExample, ChangeClassifier, ChangeRules, ClassifierChange, ClassifierFilter, ClassifierVersion,
        CountClassifiers, DeleteClassifier, GetClassifier, ListClassifiers, Page, PageRequest, PublishClassifier,
        RuleChange, SaveClassifier, Version,
    },
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
};

fn missing() -> Error {
    Error::not_found("Classifier not found")
}

/// Saves a classifier under a name: creates it, or adds a version to the classifier that has the name.
///
/// # Errors
///
/// `Invalid` if the schema of a route does not exist, `TooLarge` if there is no room for it, `Conflict` if the project
/// has too many, `Upstream` if the index cannot be reached.
pub async fn save(
    ports: &(impl Index + Random),
    project: ProjectId,
    name: String,
    change: ClassifierChange,
) -> Result<ClassifierVersion> {
    let id = ClassifierId::from_bytes(ports.random());
    ports.index(project, SaveClassifier { id, name, change }).await
}

/// Changes a classifier. What `change` does not name stays as it is in the version `base`.
///
/// # Errors
///
/// `NotFound` if the project has no classifier with this id and such a version, `Conflict` if another classifier has the
/// name, `Invalid`
/// if the schema of a route does not exist, `TooLarge` if there is no room for it, `Upstream`.
pub async fn change(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    base: Version,
    change: ClassifierChange,
) -> Result<ClassifierVersion> {
    ports.index(project, ChangeClassifier { id, base, change }).await?.ok_or_else(missing)
}

/// Makes one change to the rules of the published version of a classifier.
///
/// # Errors
///
/// `NotFound` if there is no such classifier or rule, `Conflict` if two rules would have the same label, `Invalid` if
/// there would be too many rules, `Upstream`.
pub async fn change_rules(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    change: RuleChange,
) -> Result<ClassifierVersion> {
    ports.index(project, ChangeRules { id, change }).await?.ok_or_else(missing)
}

/// Adds a text to the examples of a label, in the draft of a classifier. If its newest version is not a draft, a draft
/// of it is made.
///
/// # Errors
///
/// `NotFound` if there is no such classifier, `Invalid` at `label` if no rule has it, `Upstream`.
pub async fn add_example(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    label: String,
    text: String,
) -> Result<ClassifierVersion> {
    ports.index(project, AddExample { id, label, text }).await?.ok_or_else(missing)
}

/// Publishes the newest version of a classifier.
///
/// # Errors
///
/// `NotFound` if the project has no classifier with this id, `Upstream`.
pub async fn publish(ports: &impl Index, project: ProjectId, id: ClassifierId) -> Result<ClassifierVersion> {
    ports.index(project, PublishClassifier { id }).await?.ok_or_else(missing)
}

/// A version of a classifier.
///
/// # Errors
///
/// `NotFound` if the project has no classifier with this id or no such version of it, `Upstream`.
pub async fn get(
    ports: &impl Index,
    project: ProjectId,
    id: ClassifierId,
    version: Version,
) -> Result<ClassifierVersion> {
    ports.index(project, GetClassifier { id, version }).await?.ok_or_else(missing)
}

/// Deletes a classifier with all its versions.
///
/// # Errors
///
/// `NotFound` if the project has no classifier with this id, `Upstream`.
pub async fn delete(ports: &impl Index, project: ProjectId, id: ClassifierId) -> Result<()> {
    ports.index(project, DeleteClassifier { id }).await?.map(drop).ok_or_else(missing)
}

/// How many versions of classifiers there are; None if they are too many to be counted.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn count(ports: &impl Index, project: ProjectId, filter: ClassifierFilter) -> Result<Option<u32>> {
    ports.index(project, CountClassifiers { filter }).await
}

/// Lists versions of classifiers, newest first.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours, `Upstream`.
pub async fn list(
    ports: &impl Index,
    project: ProjectId,
    filter: ClassifierFilter,
    page: PageRequest,
) -> Result<Page<ClassifierVersion>> {
    ports.index(project, ListClassifiers { filter, page }).await
}
