//! Use cases of saved configurations.

use super::{
    index::{
        ChangeConfiguration, ConfigurationFilter, CountConfigurations, DeleteConfiguration, GetConfiguration,
        ListConfigurations, Page, PageRequest, SaveConfiguration, SavedConfiguration,
    },
    ports::{Index, Random},
};
use crate::{
    error::{Error, Result},
    id::{ConfigurationId, ProjectId},
    job::Options,
};

fn missing() -> Error {
    Error::not_found("Configuration not found")
}

/// Saves a configuration under a name: creates it, or changes the one of the same task that has the name.
///
/// # Errors
///
/// `TooLarge` if there is no room for it, `Conflict` if the project has too many, `Upstream` if the index cannot be
/// reached.
pub async fn save(
    ports: &(impl Index + Random),
    project: ProjectId,
    name: String,
    options: Options,
) -> Result<SavedConfiguration> {
    let id = ConfigurationId::from_bytes(ports.random());
    ports.index(project, SaveConfiguration { id, name, options }).await
}

/// Changes a configuration. Absent fields stay as they are. Jobs accepted before the change keep what they had.
///
/// # Errors
///
/// `NotFound` if the project has no configuration with this id, `Conflict` if another one has the name, `TooLarge` if
/// there is no room for it, `Upstream`.
pub async fn change(
    ports: &impl Index,
    project: ProjectId,
    id: ConfigurationId,
    name: Option<String>,
    options: Option<Options>,
) -> Result<SavedConfiguration> {
    ports.index(project, ChangeConfiguration { id, name, options }).await?.ok_or_else(missing)
}

/// The configuration with this id.
///
/// # Errors
///
/// `NotFound` if the project has no such configuration, `Upstream`.
pub async fn get(ports: &impl Index, project: ProjectId, id: ConfigurationId) -> Result<SavedConfiguration> {
    ports.index(project, GetConfiguration { id }).await?.ok_or_else(missing)
}

/// Deletes a configuration. Jobs keep what they had.
///
/// # Errors
///
/// `NotFound` if the project has no such configuration, `Upstream`.
pub async fn delete(ports: &impl Index, project: ProjectId, id: ConfigurationId) -> Result<()> {
    if ports.index(project, DeleteConfiguration { id }).await? { Ok(()) } else { Err(missing()) }
}

/// Lists configurations of a project, the last changed first.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours, `Upstream`.
pub async fn list(
    ports: &impl Index,
    project: ProjectId,
    filter: ConfigurationFilter,
    page: PageRequest,
) -> Result<Page<SavedConfiguration>> {
    ports.index(project, ListConfigurations { filter, page }).await
}

/// How many configurations of a project meet a filter.
///
/// # Errors
///
/// `Upstream`.
pub async fn count(ports: &impl Index, project: ProjectId, filter: ConfigurationFilter) -> Result<u32> {
    ports.index(project, CountConfigurations { filter }).await
}
