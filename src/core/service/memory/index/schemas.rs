//! The saved schemas, in memory.

use super::MemoryIndexStore;
use crate::{
    error::Result,
    id::SchemaId,
    service::index::{SavedSchema, SchemaStore},
};

impl SchemaStore for MemoryIndexStore {
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>> {
        Ok(self.read(|rows| rows.schemas.get(&id).cloned()))
    }

    fn schemas(&self) -> Result<Vec<SavedSchema>> {
        let mut schemas: Vec<SavedSchema> = self.read(|rows| rows.schemas.values().cloned().collect());
        schemas.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(schemas)
    }

    fn put_schema(&self, schema: &SavedSchema) -> Result<()> {
        self.write(|rows| rows.schemas.insert(schema.id, schema.clone()));
        Ok(())
    }

    fn remove_schema(&self, id: SchemaId) -> Result<()> {
        self.write(|rows| rows.schemas.remove(&id));
        Ok(())
    }
}
