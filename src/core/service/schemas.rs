//! Use cases of saved schemas.

use super::{
    index::{
        ChangeSchema, DeleteSchema, GetSchema, ListSchemaNames, ListSchemas, Page, PageRequest, SaveSchema,
        SavedSchema, SchemaName,
    },
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    extract::Schema,
    id::{ProjectId, SchemaId},
};

fn missing() -> Error {
    Error::not_found("Schema not found")
}

/// Saves a schema under a name: creates it, or replaces the content of the schema that has the name.
///
/// # Errors
///
/// `TooLarge` if there is no room for it, `Conflict` if the project has too many, `Upstream` if the index cannot be
/// reached.
pub async fn save(
    ports: &(impl Index + Random),
    project: ProjectId,
    name: String,
    schema: Schema,
) -> Result<SavedSchema> {
    let id = SchemaId::from_bytes(ports.random());
    ports.index(project, SaveSchema { id, name, schema }).await
}

/// Changes a schema. Absent fields stay as they are. Jobs accepted before the change keep the schema they had.
///
/// # Errors
///
/// `NotFound` if the project has no schema with this id, `Conflict` if another schema has the name, `TooLarge` if there
/// is no room for it, `Upstream`.
pub async fn change(
    ports: &impl Index,
    project: ProjectId,
    id: SchemaId,
    name: Option<String>,
    schema: Option<Schema>,
) -> Result<SavedSchema> {
    ports.index(project, ChangeSchema { id, name, schema }).await?.ok_or_else(missing)
}

/// The schema with this id.
///
/// # Errors
///
/// `NotFound` if the project has no such schema, `Upstream`.
pub async fn get(ports: &impl Index, project: ProjectId, id: SchemaId) -> Result<SavedSchema> {
    ports.index(project, GetSchema { id }).await?.ok_or_else(missing)
}

/// Deletes a schema.
///
/// # Errors
///
/// `NotFound` if the project has no schema with this id, `Conflict` while a classifier routes to it, `Upstream`.
pub async fn delete(ports: &impl Index, project: ProjectId, id: SchemaId) -> Result<()> {
    ports.index(project, DeleteSchema { id }).await?.map(drop).ok_or_else(missing)
}

/// Lists the schemas of a project, sorted by name.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn list(ports: &impl Index, project: ProjectId, page: PageRequest) -> Result<Page<SavedSchema>> {
    ports.index(project, ListSchemas { page }).await
}

/// The names of all schemas of a project, sorted.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn names(ports: &impl Index, project: ProjectId) -> Result<Vec<SchemaName>> {
    ports.index(project, ListSchemaNames).await
}
