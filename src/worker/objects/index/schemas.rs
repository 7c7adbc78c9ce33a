//! The saved schemas, in SQL.

use sortroom::{
    error::Result,
    extract::Schema,
    id::SchemaId,
    service::index::{Rows, SavedSchema, SchemaHead, SchemaName, SchemaStore},
    time::Timestamp,
};

use super::ProjectIndex;
use crate::objects::sql::{integer, json, text, timestamp};

impl SchemaStore for ProjectIndex {
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>> {
        self.sql.record("SELECT record FROM schemas WHERE id = ?", vec![text(&id)])
    }

    fn schema_named(&self, name: &str) -> Result<Option<SavedSchema>> {
        self.sql.record("SELECT record FROM schemas WHERE name = ?", vec![text(&name)])
    }

    fn schema_head(&self, id: SchemaId) -> Result<Option<SchemaHead>> {
        self.sql.record(
            "SELECT json_object('id', id, 'name', name, 'version', json_extract(record, '$.updated_at'),
             'bytes', octet_length(record)) FROM schemas WHERE id = ?",
            vec![text(&id)],
        )
    }

    fn has_schema(&self, id: SchemaId) -> Result<bool> {
        self.sql.exists("SELECT '1' FROM schemas WHERE id = ?", vec![text(&id)])
    }

    fn schemas(&self, after: Option<&str>, limit: u32) -> Result<Rows<SavedSchema>> {
        // Every name follows the empty one, which no schema has.
        self.sql.rows(
            "SELECT record FROM schemas WHERE name > ? ORDER BY name LIMIT ?",
            vec![text(&after.unwrap_or_default()), integer(limit.into())],
        )
    }

    fn schema_names(&self) -> Result<Vec<SchemaName>> {
        self.sql.records("SELECT json_object('id', id, 'name', name) FROM schemas ORDER BY name", Vec::new())
    }

    fn schema_count(&self) -> Result<usize> {
        self.sql.number("SELECT CAST(count(*) AS TEXT) FROM schemas", Vec::new())
    }

    fn schema_bytes(&self) -> Result<usize> {
        self.sql.number(
            "SELECT CAST((SELECT coalesce(sum(octet_length(record)), 0) FROM schemas) +
             (SELECT coalesce(sum(octet_length(content)), 0) FROM kept_contents) AS TEXT)",
            Vec::new(),
        )
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

    fn remove_all_schemas(&self) -> Result<()> {
        self.sql.write("DELETE FROM schemas", Vec::new())?;
        self.sql.write("DELETE FROM kept_contents", Vec::new())
    }

    fn keep_content(&self, schema: &SavedSchema, replaced_at: Timestamp) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO kept_contents VALUES (?, ?, ?, ?)",
            vec![text(&schema.id), timestamp(schema.updated_at), timestamp(replaced_at), json(&schema.schema)?],
        )
    }

    fn kept_content(&self, id: SchemaId, version: Timestamp) -> Result<Option<Schema>> {
        self.sql.record(
            "SELECT content FROM kept_contents WHERE id = ? AND version = ?",
            vec![text(&id), timestamp(version)],
        )
    }

    fn remove_unused_contents(&self) -> Result<()> {
        // Each minimum is the first entry of an index. Without jobs no content is used.
        self.sql.write(
            "DELETE FROM kept_contents WHERE
             replaced_at < coalesce((SELECT min(created_at) FROM job_rows WHERE kind = 'document'), 1e15) AND
             replaced_at < coalesce((SELECT min(created_at) FROM job_rows WHERE kind = 'extraction'), 1e15)",
            Vec::new(),
        )
    }
}
