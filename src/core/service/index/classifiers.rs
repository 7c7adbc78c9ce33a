//! The saved classifiers of a project, in versions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    classifier_version::{ClassifierChange, ClassifierVersion, RuleChange, next_timestamp, next_version},
    page::{Page, PageRequest, Rows, counted, cursor, parse_cursor},
    size::{check_count, check_room, json_bytes},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, SchemaId},
    job::Classification,
    limits,
    time::Timestamp,
};

/// Which version of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The newest published version.
    Published,
    /// The newest version, published or not.
    Newest,
}

/// Which versions of classifiers a listing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Versions {
    /// Every published version.
    #[default]
    Published,
    /// Every version, published or not.
    All,
    /// The newest published version of each classifier.
    NewestPublished,
    /// The newest version of each classifier, published or not.
    Newest,
}

/// A filter of versions of classifiers. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassifierFilter {
    /// Only this classifier.
    pub id: Option<ClassifierId>,
    /// Only the classifier with this name.
    pub name: Option<String>,
    /// Only these versions.
    pub versions: Versions,
}

/// The storage of versions of classifiers.
pub trait ClassifierStore {
    /// The version of the classifier with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn classifier(&self, id: ClassifierId, version: Version) -> Result<Option<ClassifierVersion>>;

    /// The newest version of the classifier with this name, published or not.
    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>>;

    /// Stores a version of a classifier.
    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()>;

    /// Removes all versions of a classifier.
    fn remove_classifier(&self, id: ClassifierId) -> Result<()>;

    /// Removes all classifiers.
    fn remove_all_classifiers(&self) -> Result<()>;

    /// Versions of classifiers, newest first (ties by id, descending), at most `limit`.
    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Rows<ClassifierVersion>>;

    /// The number of versions of classifiers, counted up to `limit`.
    fn version_count(&self, filter: &ClassifierFilter, limit: u32) -> Result<u32>;

    /// Removes the oldest versions of a classifier past the `keep` newest ones, but not its newest published one.
    fn remove_old_versions(&self, id: ClassifierId, keep: u32) -> Result<()>;

    /// The name of a classifier whose newest version, or newest published version, routes to the schema, if there is
    /// one.
    fn classifier_routing_to(&self, schema: SchemaId) -> Result<Option<String>>;

    /// How many classifiers there are.
    fn classifier_count(&self) -> Result<usize>;

    /// The size of all versions of all classifiers, in bytes.
    fn classifier_bytes(&self) -> Result<usize>;
}

/// Stores a version without stale names, and returns it. Removes versions past [`limits::MAX_VERSIONS`].
///
/// # Errors
///
/// `Invalid` if one of its routes leads to no schema; `TooLarge` if its rules have more than
/// [`limits::MAX_CLASSIFICATION_BYTES`], and as [`check_room`] says.
fn put(store: &impl IndexStore, classifier: ClassifierVersion) -> Result<ClassifierVersion> {
    let classifier = classifier.without_stale_names();
    let schemas: BTreeSet<SchemaId> = classifier.routes.iter().map(|target| target.schema).collect();
    for schema in schemas {
        if !store.has_schema(schema)? {
            return Err(Error::new(ErrorKind::Invalid, format!("There is no schema {schema} to route to")));
        }
    }
    let bytes = json_bytes(&classifier.classification)?;
    if bytes > limits::MAX_CLASSIFICATION_BYTES {
        return Err(Error::too_large("The rule set", bytes, limits::MAX_CLASSIFICATION_BYTES));
    }
    check_room(store, "The classifier", &classifier)?;
    store.put_classifier(&classifier)?;
    store.remove_old_versions(classifier.id, limits::MAX_VERSIONS)?;
    Ok(classifier)
}

/// Stores `next` as the version after the newest one, on which it need not be based, and returns it.
///
/// # Errors
///
/// `Conflict` if another classifier has its name; those of [`put`].
fn put_next(store: &impl IndexStore, next: ClassifierVersion, now: Timestamp) -> Result<ClassifierVersion> {
    if store.classifier_named(&next.name)?.is_some_and(|other| other.id != next.id) {
        return Err(Error::new(ErrorKind::Conflict, format!("The name {:?} is taken", next.name)));
    }
    let version = match store.classifier(next.id, Version::Newest)? {
        Some(newest) => next_timestamp(&newest, now),
        None => next.version,
    };
    put(store, ClassifierVersion { version, ..next })
}

/// Save a classifier under a name: create it, or add a version to the classifier that has the name. Saving what equals
/// the newest version changes nothing. Fails with `Invalid` if a route leads to no schema, with `TooLarge` if there is
/// no room for it, with `Conflict` if there are [`limits::MAX_CLASSIFIERS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaveClassifier {
    /// The id that a new classifier gets.
    pub id: ClassifierId,
    /// The name.
    pub name: String,
    /// The content. Absent fields stay as they are, and are empty in a new classifier.
    pub change: ClassifierChange,
}

impl IndexCommand for SaveClassifier {
    type Reply = ClassifierVersion;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, name, change } = self;
        match store.classifier_named(&name)? {
            None => {
                check_count("classifiers", store.classifier_count()?, limits::MAX_CLASSIFIERS)?;
                let empty = ClassifierVersion {
                    id,
                    name,
                    version: now,
                    classification: Classification::default(),
                    routes: Vec::new(),
                    rule_ids_by_label: BTreeMap::new(),
                    draft: change.draft,
                    created_at: now,
                };
                put(store, ClassifierVersion { version: now, ..next_version(empty, change, now) })
            }
            Some(old) => {
                let next = next_version(old.clone(), change, now);
                let is_same = ClassifierVersion { version: old.version, ..next.clone() } == old;
                if is_same { Ok(old) } else { put(store, next) }
            }
        }
    }
}

/// Change a classifier, which adds a version. Fails with `Conflict` if the new name is taken, with `Invalid` if a route
/// leads to no schema, with `TooLarge` if there is no room for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeClassifier {
    /// The id of the classifier.
    pub id: ClassifierId,
    /// The version that the change is based on.
    pub base: Version,
    /// The change.
    pub change: ClassifierChange,
}

impl IndexCommand for ChangeClassifier {
    type Reply = Option<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, base, change } = self;
        let Some(old) = store.classifier(id, base)? else { return Ok(None) };
        put_next(store, next_version(old, change, now), now).map(Some)
    }
}

/// Make one change to the rules of a classifier's published version. Fails as [`ClassifierVersion::apply`] does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeRules {
    /// The id of the classifier.
    pub id: ClassifierId,
    /// The change.
    pub change: RuleChange,
}

impl IndexCommand for ChangeRules {
    type Reply = Option<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Some(mut next) = store.classifier(self.id, Version::Published)? else { return Ok(None) };
        next.apply(self.change)?;
        put_next(store, next, now).map(Some)
    }
}

/// Add a text to the examples of a label, in the newest version of a classifier. The result is a draft. A draft is
/// changed in place, so that many examples are one version. Fails as [`ClassifierVersion::add_example`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddExample {
    /// The id of the classifier.
    pub id: ClassifierId,
    /// The label.
    pub label: String,
    /// The text of the example.
    pub text: String,
}

impl IndexCommand for AddExample {
    type Reply = Option<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Some(old) = store.classifier(self.id, Version::Newest)? else { return Ok(None) };
        let mut next = old.clone();
        next.add_example(&self.label, &self.text)?;
        if next == old {
            return Ok(Some(old));
        }
        let version = if old.draft { old.version } else { next_timestamp(&old, now) };
        put(store, ClassifierVersion { version, draft: true, ..next }).map(Some)
    }
}

/// Publish the newest version of a classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishClassifier {
    /// The id of the classifier.
    pub id: ClassifierId,
}

impl IndexCommand for PublishClassifier {
    type Reply = Option<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Some(newest) = store.classifier(self.id, Version::Newest)? else { return Ok(None) };
        if !newest.draft {
            return Ok(Some(newest));
        }
        put(store, ClassifierVersion { version: next_timestamp(&newest, now), draft: false, ..newest }).map(Some)
    }
}

/// Get a version of a classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetClassifier {
    /// The id of the classifier.
    pub id: ClassifierId,
    /// Which version.
    pub version: Version,
}

impl IndexCommand for GetClassifier {
    type Reply = Option<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.classifier(self.id, self.version)
    }
}

/// Delete a classifier with all its versions. The reply is its newest version. Jobs that ran with it keep their
/// snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteClassifier {
    /// The id of the classifier.
    pub id: ClassifierId,
}

impl IndexCommand for DeleteClassifier {
    type Reply = Option<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let deleted = store.classifier(self.id, Version::Newest)?;
        store.remove_classifier(self.id)?;
        Ok(deleted)
    }
}

/// List versions of classifiers, newest first. Fails with `Invalid` if no listing returned the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListClassifiers {
    /// Which versions.
    pub filter: ClassifierFilter,
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListClassifiers {
    type Reply = Page<ClassifierVersion>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let Self { filter, page } = self;
        let after = page.after.as_ref().map(parse_cursor).transpose()?;
        let rows = store.classifiers(&filter, after, page.size.saturating_add(1))?;
        Ok(Page::new(rows, page.size, |classifier| cursor(classifier.version, &classifier.id)))
    }
}

/// Count versions of classifiers. The reply is None if there are more than
/// [`MAX_COUNTED_ROWS`](limits::MAX_COUNTED_ROWS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountClassifiers {
    /// Which versions.
    pub filter: ClassifierFilter,
}

impl IndexCommand for CountClassifiers {
    type Reply = Option<u32>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        counted(|limit| store.version_count(&self.filter, limit))
    }
}
