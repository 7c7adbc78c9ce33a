//! Use cases of saved schemas.

use super::{
    index::{IndexCommand, IndexReply, SavedSchema},
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    extract::Schema,
    id::{ProjectId, SchemaId},
};

fn one(reply: IndexReply) -> Result<SavedSchema> {
    match reply {
        IndexReply::Schema(Some(schema)) => Ok(*schema),
        IndexReply::Schema(None) => Err(Error::not_found("Schema not found")),
        other => Err(other.unexpected()),
    }
}

/// Saves a schema under a name: a new one, or another content of the one of that name.
///
/// # Errors
///
/// `Upstream` when the index cannot be reached.
pub async fn save(
    ports: &(impl Index + Random),
    project: ProjectId,
    name: String,
    schema: Schema,
) -> Result<SavedSchema> {
    let id = SchemaId::from_random(ports.random());
    one(ports.index(project, IndexCommand::SaveSchema { id, name, schema }).await?)
}

/// Changes a schema. What is absent stays. Jobs that were accepted before go on with what they were accepted with.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Conflict` when the name is another's, `Upstream`.
pub async fn change(
    ports: &impl Index,
    project: ProjectId,
    id: SchemaId,
    name: Option<String>,
    schema: Option<Schema>,
) -> Result<SavedSchema> {
    one(ports.index(project, IndexCommand::ChangeSchema { id, name, schema }).await?)
}

/// The schema of this id.
///
/// # Errors
///
/// `NotFound` when there is none in the project, `Upstream`.
pub async fn get(ports: &impl Index, project: ProjectId, id: SchemaId) -> Result<SavedSchema> {
    one(ports.index(project, IndexCommand::GetSchema { id }).await?)
}

/// Removes a schema.
///
/// # Errors
///
/// `NotFound` when there is none of this id in the project, `Conflict` while a classifier routes to it, `Upstream`.
pub async fn delete(ports: &impl Index, project: ProjectId, id: SchemaId) -> Result<()> {
    one(ports.index(project, IndexCommand::DeleteSchema { id }).await?).map(drop)
}

/// All schemas of a project, by name.
///
/// # Errors
///
/// `Upstream` when the index cannot be reached.
pub async fn list(ports: &impl Index, project: ProjectId) -> Result<Vec<SavedSchema>> {
    match ports.index(project, IndexCommand::ListSchemas).await? {
        IndexReply::Schemas(schemas) => Ok(schemas),
        other => Err(other.unexpected()),
    }
}
