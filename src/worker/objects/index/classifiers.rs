//! The versions of classifiers, in SQL.

use sortroom::{
    error::Result,
    id::ClassifierId,
    service::index::{ClassifierFilter, ClassifierStore, ClassifierVersion, Version, Versions},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{json, text, timestamp};

/// The additional condition that a version of a classifier, under the alias `one`, is published.
const PUBLISHED: &str = "AND json_extract(one.record, '$.draft') IS NULL";

impl ClassifierStore for ProjectIndex {
    fn classifier(&self, id: ClassifierId, version: Version) -> Result<Option<ClassifierVersion>> {
        let condition = match version {
            Version::Published => PUBLISHED,
            Version::Newest => "",
        };
        let statement =
            format!("SELECT record FROM classifiers AS one WHERE id = ? {condition} ORDER BY version DESC LIMIT 1");
        self.sql.record(&statement, vec![text(&id)])
    }

    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>> {
        self.sql.record(
            "SELECT record FROM classifiers AS one WHERE name = ? AND
             version = (SELECT max(version) FROM classifiers WHERE id = one.id)",
            vec![text(&name)],
        )
    }

    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO classifiers VALUES (?, ?, ?, ?)",
            vec![text(&classifier.id), timestamp(classifier.version), text(&classifier.name), json(classifier)?],
        )
    }

    fn remove_classifier(&self, id: ClassifierId) -> Result<()> {
        self.sql.write("DELETE FROM classifiers WHERE id = ?", vec![text(&id)])
    }

    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Vec<ClassifierVersion>> {
        let mut conditions = Conditions::default();
        if let Some(id) = filter.id {
            conditions.and("id = ?", [text(&id)]);
        }
        if let Some(name) = &filter.name {
            conditions.and("name = ?", [text(name)]);
        }
        match filter.versions {
            Versions::Newest => {
                conditions.and("version = (SELECT max(version) FROM classifiers WHERE id = one.id)", []);
            }
            Versions::NewestPublished => conditions.and(
                "version = (SELECT max(version) FROM classifiers AS two WHERE id = one.id
                 AND json_extract(two.record, '$.draft') IS NULL)",
                [],
            ),
            Versions::All => {}
            Versions::Published => conditions.and("json_extract(record, '$.draft') IS NULL", []),
        }
        if let Some((at, id)) = after {
            conditions.and("(version, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let (statement, bindings) =
            conditions.statement("SELECT record FROM classifiers AS one", "version DESC, id DESC", limit);
        self.sql.records(&statement, bindings)
    }
}
