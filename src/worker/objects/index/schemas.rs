//! The saved schemas, in SQL.

use sortroom::{
    error::Result,
    id::SchemaId,
    service::index::{SavedSchema, SchemaStore},
};

use super::ProjectIndex;
use crate::objects::sql::{json, text};

impl SchemaStore for ProjectIndex {
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>> {
        self.sql.record("SELECT record FROM schemas WHERE id = ?", vec![text(&id)])
    }

    fn schemas(&self) -> Result<Vec<SavedSchema>> {
        self.sql.records("SELECT record FROM schemas ORDER BY name", Vec::new())
    }

    fn put_schema(&self, schema: &SavedSchema) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO schemas VALUES (?, ?, ?)",
            vec![text(&schema.id), text(&schema.name), json(schema)?],
        )
    }

    fn remove_schema(&self, id: SchemaId) -> Result<()> {
        self.sql.write("DELETE FROM schemas WHERE id = ?", vec![text(&id)])
    }
}
