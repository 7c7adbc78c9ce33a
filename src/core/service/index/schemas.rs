//! The saved schemas of a project.
//!
//! A job extracts by the schema as it was when the job was accepted. A small job has a copy; a large one refers to the
//! version of the schema, so a content that is replaced or deleted is kept as long as there is a job that may refer to
//! it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Cursor, Page, PageRequest, Rows},
    size::{check_count, check_room},
};
use crate::{
    error::{Error, ErrorKind, Result},
    extract::Schema,
    id::SchemaId,
    limits,
    time::Timestamp,
};

/// A saved schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedSchema {
    /// Its id.
    pub id: SchemaId,
    /// Its name. Unique in the project.
    pub name: String,
    /// What to extract.
    pub schema: Schema,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed: the version of its content.
    pub updated_at: Timestamp,
}

/// A saved schema without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaHead {
    /// Its id.
    pub id: SchemaId,
    /// Its name.
    pub name: String,
    /// The version of its content.
    pub version: Timestamp,
    /// The size of its record, in bytes.
    pub bytes: usize,
}

/// The name of a saved schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaName {
    /// The id of the schema.
    pub id: SchemaId,
    /// Its name.
    pub name: String,
}

/// The storage of schemas.
pub trait SchemaStore {
    /// The schema with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>>;

    /// The schema with this name.
    fn schema_named(&self, name: &str) -> Result<Option<SavedSchema>>;

    /// The schema with this id, without its content.
    fn schema_head(&self, id: SchemaId) -> Result<Option<SchemaHead>>;

    /// Whether there is a schema with this id.
    fn has_schema(&self, id: SchemaId) -> Result<bool>;

    /// Schemas by name, after the name `after` if there is one, at most `limit`.
    fn schemas(&self, after: Option<&str>, limit: u32) -> Result<Rows<SavedSchema>>;

    /// The names of all schemas, sorted.
    fn schema_names(&self) -> Result<Vec<SchemaName>>;

    /// How many schemas there are.
    fn schema_count(&self) -> Result<usize>;

    /// The size of all schemas, in bytes, with the contents that are kept for jobs.
    fn schema_bytes(&self) -> Result<usize>;

    /// Stores a schema.
    fn put_schema(&self, schema: &SavedSchema) -> Result<()>;

    /// Removes a schema.
    fn remove_schema(&self, id: SchemaId) -> Result<()>;

    /// Removes all schemas, and all contents that were kept.
    fn remove_all_schemas(&self) -> Result<()>;

    /// Keeps the content of a schema that is about to be replaced or removed.
    fn keep_content(&self, schema: &SavedSchema, replaced_at: Timestamp) -> Result<()>;

    /// The content of a version that was kept.
    fn kept_content(&self, id: SchemaId, version: Timestamp) -> Result<Option<Schema>>;

    /// Removes the kept contents that were replaced before the oldest job was accepted.
    fn remove_unused_contents(&self) -> Result<()>;
}

/// Stores `schema`, and returns it.
fn put(store: &impl IndexStore, schema: SavedSchema) -> Result<SavedSchema> {
    check_room(store, "The schema", &schema)?;
    store.put_schema(&schema)?;
    Ok(schema)
}

/// Keeps the content of `old`, which is about to be replaced or removed, if a job may refer to it.
fn retire(store: &impl IndexStore, old: &SavedSchema, now: Timestamp) -> Result<()> {
    store.remove_unused_contents()?;
    if store.has_job_between(old.updated_at, now)? { store.keep_content(old, now) } else { Ok(()) }
}

/// The version of a content that replaces that of `old`: later than every earlier one.
fn next_version(old: &SavedSchema, now: Timestamp) -> Timestamp {
    now.max(old.updated_at + Duration::from_millis(1))
}

/// Save a schema under a name: create it, or replace the content of the schema that has the name. Fails with `TooLarge`
/// if there is no room for it, with `Conflict` if there are [`limits::MAX_SCHEMAS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaveSchema {
    /// The id that a new schema gets.
    pub id: SchemaId,
    /// The name.
    pub name: String,
    /// What to extract.
    pub schema: Schema,
}

impl IndexCommand for SaveSchema {
    type Reply = SavedSchema;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, name, schema } = self;
        match store.schema_named(&name)? {
            Some(old) if old.schema == schema => Ok(old),
            Some(old) => {
                retire(store, &old, now)?;
                put(store, SavedSchema { schema, updated_at: next_version(&old, now), ..old })
            }
            None => {
                check_count("schemas", store.schema_count()?, limits::MAX_SCHEMAS)?;
                put(store, SavedSchema { id, name, schema, created_at: now, updated_at: now })
            }
        }
    }
}

/// Change a schema. Absent fields stay as they are. Fails with `Conflict` if the new name is taken, with `TooLarge` if
/// there is no room for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeSchema {
    /// The id of the schema.
    pub id: SchemaId,
    /// The new name.
    pub name: Option<String>,
    /// What to extract.
    pub schema: Option<Schema>,
}

impl IndexCommand for ChangeSchema {
    type Reply = Option<SavedSchema>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, name, schema } = self;
        let Some(old) = store.schema(id)? else { return Ok(None) };
        if let Some(name) = &name
            && store.schema_named(name)?.is_some_and(|other| other.id != id)
        {
            return Err(Error::new(ErrorKind::Conflict, format!("The name {name:?} is taken")));
        }
        // A job may refer to this version, whose name and time are about to change even if its content is not.
        retire(store, &old, now)?;
        let updated_at = next_version(&old, now);
        let (name, schema) = (name.unwrap_or(old.name), schema.unwrap_or(old.schema));
        put(store, SavedSchema { name, schema, updated_at, ..old }).map(Some)
    }
}

/// Get a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetSchema {
    /// The id of the schema.
    pub id: SchemaId,
}

impl IndexCommand for GetSchema {
    type Reply = Option<SavedSchema>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.schema(self.id)
    }
}

/// Get the content that a schema had in a version to which a job refers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetSchemaVersion {
    /// The id of the schema.
    pub id: SchemaId,
    /// The version.
    pub version: Timestamp,
}

impl IndexCommand for GetSchemaVersion {
    type Reply = Option<Schema>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        match store.schema(self.id)? {
            Some(saved) if saved.updated_at == self.version => Ok(Some(saved.schema)),
            _ => store.kept_content(self.id, self.version),
        }
    }
}

/// Delete a schema. The reply is the deleted schema. Fails with `Conflict` while a classifier routes to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSchema {
    /// The id of the schema.
    pub id: SchemaId,
}

impl IndexCommand for DeleteSchema {
    type Reply = Option<SavedSchema>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        if let Some(name) = store.classifier_routing_to(self.id)? {
            return Err(Error::new(ErrorKind::Conflict, format!("The classifier {name:?} routes to the schema")));
        }
        let deleted = store.schema(self.id)?;
        if let Some(old) = &deleted {
            retire(store, old, now)?;
            store.remove_schema(self.id)?;
        }
        Ok(deleted)
    }
}

/// List schemas, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSchemas {
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListSchemas {
    type Reply = Page<SavedSchema>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let Self { page } = self;
        // Names are unique, so the name suffices as the cursor.
        let after = page.after.as_ref().map(|cursor| cursor.key.as_str());
        let rows = store.schemas(after, page.size.saturating_add(1))?;
        Ok(Page::new(rows, page.size, |last| Cursor { key: last.name.clone(), id: last.id.to_string() }))
    }
}

/// List the names of all schemas, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSchemaNames;

impl IndexCommand for ListSchemaNames {
    type Reply = Vec<SchemaName>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.schema_names()
    }
}
