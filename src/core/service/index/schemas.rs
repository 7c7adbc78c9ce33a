//! The saved schemas of a project.

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    classifiers::{ClassifierFilter, Versions},
};
use crate::{
    error::{Error, ErrorKind, Result},
    extract::Schema,
    id::SchemaId,
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
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The storage of schemas.
pub trait SchemaStore {
    /// The schema with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>>;

    /// All schemas, sorted by name.
    fn schemas(&self) -> Result<Vec<SavedSchema>>;

    /// Stores a schema.
    fn put_schema(&self, schema: &SavedSchema) -> Result<()>;

    /// Removes a schema.
    fn remove_schema(&self, id: SchemaId) -> Result<()>;
}

/// Stores `schema`, and returns it.
fn put(store: &impl SchemaStore, schema: SavedSchema) -> Result<SavedSchema> {
    store.put_schema(&schema)?;
    Ok(schema)
}

/// Save a schema under a name: create it, or replace the content of the schema that has the name.
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
        let old = store.schemas()?.into_iter().find(|saved| saved.name == name);
        match old {
            Some(old) if old.schema == schema => Ok(old),
            Some(old) => put(store, SavedSchema { schema, updated_at: now, ..old }),
            None => put(store, SavedSchema { id, name, schema, created_at: now, updated_at: now }),
        }
    }
}

/// Change a schema. Absent fields stay as they are. Fails with `Conflict` if the new name is taken.
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
            && store.schemas()?.iter().any(|other| other.id != id && other.name == *name)
        {
            return Err(Error::new(ErrorKind::Conflict, format!("The name {name:?} is taken")));
        }
        let (name, schema) = (name.unwrap_or(old.name), schema.unwrap_or(old.schema));
        put(store, SavedSchema { name, schema, updated_at: now, ..old }).map(Some)
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

/// Delete a schema. The reply is the deleted schema. Fails with `Conflict` while a classifier routes to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSchema {
    /// The id of the schema.
    pub id: SchemaId,
}

impl IndexCommand for DeleteSchema {
    type Reply = Option<SavedSchema>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        for versions in [Versions::NewestPublished, Versions::Newest] {
            let newest = ClassifierFilter { versions, ..ClassifierFilter::default() };
            let classifiers = store.classifiers(&newest, None, u32::MAX)?;
            let user = classifiers.iter().find(|version| version.routes.iter().any(|route| route.schema == self.id));
            if let Some(user) = user {
                let message = format!("The classifier {:?} routes to the schema", user.name);
                return Err(Error::new(ErrorKind::Conflict, message));
            }
        }
        let deleted = store.schema(self.id)?;
        store.remove_schema(self.id)?;
        Ok(deleted)
    }
}

/// List all schemas, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSchemas;

impl IndexCommand for ListSchemas {
    type Reply = Vec<SavedSchema>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.schemas()
    }
}
