//! The versions of classifiers, in memory.

use std::collections::BTreeSet;

use super::{IndexRows, MemoryIndexStore, rows, up_to};
use crate::{
    error::Result,
    id::{ClassifierId, SchemaId},
    service::index::{ClassifierFilter, ClassifierStore, ClassifierVersion, Rows, Version, Versions, json_bytes},
    time::Timestamp,
};

fn newest(classifiers: &[ClassifierVersion], id: ClassifierId, version: Version) -> Option<&ClassifierVersion> {
    let counts = |stored: &ClassifierVersion| version == Version::Newest || !stored.draft;
    classifiers.iter().filter(|stored| stored.id == id && counts(stored)).max_by_key(|stored| stored.version)
}

/// Whether every condition holds for `stored`, which is one of `all`.
fn meets(stored: &ClassifierVersion, filter: &ClassifierFilter, all: &[ClassifierVersion]) -> bool {
    let is_newest = |version| newest(all, stored.id, version) == Some(stored);
    filter.id.is_none_or(|id| id == stored.id)
        && filter.name.as_ref().is_none_or(|name| *name == stored.name)
        && match filter.versions {
            Versions::Published => !stored.draft,
            Versions::All => true,
            Versions::NewestPublished => is_newest(Version::Published),
            Versions::Newest => is_newest(Version::Newest),
        }
}

impl ClassifierStore for MemoryIndexStore {
    fn classifier(&self, id: ClassifierId, version: Version) -> Result<Option<ClassifierVersion>> {
        Ok(self.read(|rows| newest(&rows.classifiers, id, version).cloned()))
    }

    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>> {
        Ok(self.read(|rows| {
            let mut versions = rows.classifiers.iter();
            versions
                .find(|saved| {
                    saved.name == name && newest(&rows.classifiers, saved.id, Version::Newest) == Some(*saved)
                })
                .cloned()
        }))
    }

    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()> {
        self.write(|rows| {
            rows.classifiers.retain(|stored| (stored.id, stored.version) != (classifier.id, classifier.version));
            rows.classifiers.push(classifier.clone());
        });
        Ok(())
    }

    fn remove_classifier(&self, id: ClassifierId) -> Result<()> {
        self.write(|rows| rows.classifiers.retain(|stored| stored.id != id));
        Ok(())
    }

    fn remove_all_classifiers(&self) -> Result<()> {
        self.write(|rows| rows.classifiers.clear());
        Ok(())
    }

    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Rows<ClassifierVersion>> {
        let mut found: Vec<ClassifierVersion> = self.read(|rows| {
            rows.classifiers
                .iter()
                .filter(|stored| meets(stored, filter, &rows.classifiers))
                .filter(|stored| after.is_none_or(|after| (stored.version, stored.id) < after))
                .cloned()
                .collect()
        });
        found.sort_by_key(|version| std::cmp::Reverse((version.version, version.id)));
        rows(found, limit)
    }

    fn version_count(&self, filter: &ClassifierFilter, limit: u32) -> Result<u32> {
        let found =
            |rows: &IndexRows| rows.classifiers.iter().filter(|one| meets(one, filter, &rows.classifiers)).count();
        Ok(self.read(|rows| up_to(found(rows), limit)))
    }

    fn remove_old_versions(&self, id: ClassifierId, keep: u32) -> Result<()> {
        self.write(|rows| {
            let mut versions: Vec<_> =
                rows.classifiers.iter().filter(|stored| stored.id == id).map(|stored| stored.version).collect();
            versions.sort_unstable();
            versions.truncate(versions.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX)));
            let published = newest(&rows.classifiers, id, Version::Published).map(|stored| stored.version);
            rows.classifiers.retain(|stored| {
                stored.id != id || Some(stored.version) == published || !versions.contains(&stored.version)
            });
        });
        Ok(())
    }

    fn classifier_routing_to(&self, schema: SchemaId) -> Result<Option<String>> {
        Ok(self.read(|rows| {
            let counts = |stored: &&ClassifierVersion| {
                [Version::Newest, Version::Published]
                    .into_iter()
                    .any(|version| newest(&rows.classifiers, stored.id, version) == Some(*stored))
            };
            let mut counting = rows.classifiers.iter().filter(counts);
            let user = counting.find(|stored| stored.routes.iter().any(|route| route.schema == schema));
            user.map(|stored| stored.name.clone())
        }))
    }

    fn classifier_count(&self) -> Result<usize> {
        let ids = |rows: &IndexRows| rows.classifiers.iter().map(|stored| stored.id).collect::<BTreeSet<_>>();
        Ok(self.read(|rows| ids(rows).len()))
    }

    fn classifier_bytes(&self) -> Result<usize> {
        self.read(|rows| rows.classifiers.iter().map(json_bytes).sum())
    }
}
