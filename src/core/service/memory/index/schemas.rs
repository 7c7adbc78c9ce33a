//! The saved schemas, in memory.

use super::{MemoryIndexStore, rows};
use crate::{
    error::Result,
    extract::Schema,
    id::SchemaId,
    job::JobKind,
    service::index::{Rows, SavedSchema, SchemaHead, SchemaName, SchemaStore, json_bytes},
    time::Timestamp,
};

impl SchemaStore for MemoryIndexStore {
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>> {
        Ok(self.read(|rows| rows.schemas.get(&id).cloned()))
    }

    fn schema_named(&self, name: &str) -> Result<Option<SavedSchema>> {
        Ok(self.read(|rows| rows.schemas.values().find(|saved| saved.name == name).cloned()))
    }

    fn schema_head(&self, id: SchemaId) -> Result<Option<SchemaHead>> {
        let head = |saved: SavedSchema| {
            let bytes = json_bytes(&saved)?;
            Ok(SchemaHead { id, name: saved.name, version: saved.updated_at, bytes })
        };
        self.schema(id)?.map(head).transpose()
    }

    fn has_schema(&self, id: SchemaId) -> Result<bool> {
        Ok(self.read(|rows| rows.schemas.contains_key(&id)))
    }

    fn schemas(&self, after: Option<&str>, limit: u32) -> Result<Rows<SavedSchema>> {
        let follows = |saved: &&SavedSchema| after.is_none_or(|after| saved.name.as_str() > after);
        let mut found: Vec<SavedSchema> = self.read(|rows| rows.schemas.values().filter(follows).cloned().collect());
        found.sort_by(|left, right| left.name.cmp(&right.name));
        rows(found, limit)
    }

    fn schema_names(&self) -> Result<Vec<SchemaName>> {
        let name = |saved: &SavedSchema| SchemaName { id: saved.id, name: saved.name.clone() };
        let mut names: Vec<SchemaName> = self.read(|rows| rows.schemas.values().map(name).collect());
        names.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(names)
    }

    fn schema_count(&self) -> Result<usize> {
        Ok(self.read(|rows| rows.schemas.len()))
    }

    fn schema_bytes(&self) -> Result<usize> {
        self.read(|rows| {
            let kept = rows.kept_contents.values().map(|(schema, _)| json_bytes(schema));
            rows.schemas.values().map(json_bytes).chain(kept).sum()
        })
    }

    fn put_schema(&self, schema: &SavedSchema) -> Result<()> {
        self.write(|rows| rows.schemas.insert(schema.id, schema.clone()));
        Ok(())
    }

    fn remove_schema(&self, id: SchemaId) -> Result<()> {
        self.write(|rows| rows.schemas.remove(&id));
        Ok(())
    }

    fn remove_all_schemas(&self) -> Result<()> {
        self.write(|rows| {
            rows.schemas.clear();
            rows.kept_contents.clear();
        });
        Ok(())
    }

    fn keep_content(&self, schema: &SavedSchema, replaced_at: Timestamp) -> Result<()> {
        let kept = (schema.schema.clone(), replaced_at);
        self.write(|rows| rows.kept_contents.insert((schema.id, schema.updated_at), kept));
        Ok(())
    }

    fn kept_content(&self, id: SchemaId, version: Timestamp) -> Result<Option<Schema>> {
        Ok(self.read(|rows| rows.kept_contents.get(&(id, version)).map(|(schema, _)| schema.clone())))
    }

    fn remove_unused_contents(&self) -> Result<()> {
        self.write(|rows| {
            let jobs = rows.jobs.values().map(|(job, _)| job).filter(|job| JobKind::EXTRACTING.contains(&job.kind()));
            let oldest = jobs.map(|job| job.created_at).min();
            rows.kept_contents.retain(|_, (_, replaced_at)| oldest.is_some_and(|oldest| *replaced_at >= oldest));
        });
        Ok(())
    }
}
