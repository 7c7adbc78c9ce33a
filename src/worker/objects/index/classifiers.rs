//! The versions of classifiers, in SQL.

use sortroom::{
    error::{Error, Result},
    id::{ClassifierId, SchemaId},
    service::index::{ClassifierFilter, ClassifierStore, ClassifierVersion, Rows, Version, Versions},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{integer, json, text, timestamp};

/// The condition that a version of a classifier, under the alias `one`, is the newest.
const NEWEST: &str = "version = (SELECT max(version) FROM classifiers WHERE id = one.id)";

/// The condition that a version of a classifier, under the alias `one`, is the newest published one.
const NEWEST_PUBLISHED: &str = "version = (SELECT max(version) FROM classifiers WHERE id = one.id AND draft = 0)";

/// The conditions of a filter of the versions under the alias `one`.
fn conditions(filter: &ClassifierFilter) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(id) = filter.id {
        conditions.and("id = ?", [text(&id)]);
    }
    if let Some(name) = &filter.name {
        conditions.and("name = ?", [text(name)]);
    }
    match filter.versions {
        Versions::Newest => conditions.and(NEWEST, []),
        Versions::NewestPublished => conditions.and(NEWEST_PUBLISHED, []),
        Versions::All => {}
        Versions::Published => conditions.and("draft = 0", []),
    }
    conditions
}

impl ClassifierStore for ProjectIndex {
    fn classifier(&self, id: ClassifierId, version: Version) -> Result<Option<ClassifierVersion>> {
        let condition = match version {
            Version::Published => "AND draft = 0",
            Version::Newest => "",
        };
        let statement =
            format!("SELECT record FROM classifiers WHERE id = ? {condition} ORDER BY version DESC LIMIT 1");
        self.sql.record(&statement, vec![text(&id)])
    }

    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>> {
        self.sql
            .record(&format!("SELECT record FROM classifiers AS one WHERE name = ? AND {NEWEST}"), vec![text(&name)])
    }

    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO classifiers (id, version, name, record, draft) VALUES (?, ?, ?, ?, ?)",
            vec![
                text(&classifier.id),
                timestamp(classifier.version),
                text(&classifier.name),
                json(classifier)?,
                integer(classifier.draft.into()),
            ],
        )
    }

    fn remove_classifier(&self, id: ClassifierId) -> Result<()> {
        self.sql.write("DELETE FROM classifiers WHERE id = ?", vec![text(&id)])
    }

    fn remove_all_classifiers(&self) -> Result<()> {
        self.sql.write("DELETE FROM classifiers", Vec::new())
    }

    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Rows<ClassifierVersion>> {
        let mut conditions = conditions(filter);
        if let Some((at, id)) = after {
            conditions.and("(version, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let (statement, bindings) =
            conditions.statement("SELECT record FROM classifiers AS one", "version DESC, id DESC", limit);
        self.sql.rows(&statement, bindings)
    }

    fn version_count(&self, filter: &ClassifierFilter, limit: u32) -> Result<u32> {
        let (statement, bindings) = conditions(filter).count("classifiers AS one", limit);
        self.sql.record(&statement, bindings).map(Option::unwrap_or_default)
    }

    fn remove_old_versions(&self, id: ClassifierId, keep: u32) -> Result<()> {
        self.sql.write(
            "DELETE FROM classifiers WHERE id = ? AND
             version <= (SELECT version FROM classifiers WHERE id = ? ORDER BY version DESC LIMIT 1 OFFSET ?) AND
             version <> coalesce((SELECT max(version) FROM classifiers WHERE id = ? AND draft = 0), -1)",
            vec![text(&id), text(&id), integer(keep.into()), text(&id)],
        )
    }

    fn classifier_routing_to(&self, schema: SchemaId) -> Result<Option<String>> {
        // Few versions have the text of the id anywhere, so nearly all of them are passed over without being parsed.
        let statement = format!(
            "SELECT record FROM classifiers AS one
             WHERE ({NEWEST} OR {NEWEST_PUBLISHED}) AND instr(record, ?) > 0"
        );
        let mut found = None;
        self.sql.read(&statement, vec![text(&schema)], |record| {
            let classifier: ClassifierVersion = serde_json::from_slice(&record).map_err(Error::internal)?;
            if classifier.routes.iter().any(|route| route.schema == schema) {
                found = Some(classifier.name);
            }
            Ok(found.is_none())
        })?;
        Ok(found)
    }

    fn classifier_count(&self) -> Result<usize> {
        self.sql.number("SELECT CAST(count(DISTINCT id) AS TEXT) FROM classifiers", Vec::new())
    }

    fn classifier_bytes(&self) -> Result<usize> {
        self.sql.number("SELECT CAST(coalesce(sum(octet_length(record)), 0) AS TEXT) FROM classifiers", Vec::new())
    }
}
