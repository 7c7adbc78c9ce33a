//! The project itself: its name, its owner, how long its data is kept, and how much it may have.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Context, IndexCommand, IndexStore, UsageBounds};
use crate::{
    error::{Error, Result},
    id::{OrganizationId, ProjectId},
    limits,
    time::Timestamp,
};

/// A project: the namespace of everything in its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// The id of the owner.
    pub organization: OrganizationId,
    /// The name of the owner.
    pub organization_name: String,
    /// How many days its files and its ended jobs are kept.
    #[serde(default = "limits::retention_days")]
    pub retention_days: u32,
    /// How many jobs that have not ended it may have, if the operator set that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_open_jobs: Option<u32>,
    /// How many MiB its files may have, if the operator set that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_stored_mib: Option<u32>,
    /// The origins whose pages may read answers to its tokens; `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Since when it is deleted. Its index remains, without names, so that the id is never used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// Fails with `NotFound` if the project is deleted.
pub(super) fn deny_deleted(store: &impl IndexStore) -> Result<()> {
    let is_deleted = || Ok(store.project()?.is_some_and(|project| project.deleted_at.is_some()));
    if store.usage().is_deleted(is_deleted)? { Err(Error::not_found("Project not found")) } else { Ok(()) }
}

/// The storage of the project.
pub trait ProjectStore {
    /// The project. None if it was never created.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn project(&self) -> Result<Option<Project>>;

    /// Upper bounds of what it uses, which the object keeps in memory.
    fn usage(&self) -> &UsageBounds;

    /// Stores the project.
    fn put_project(&self, project: &Project) -> Result<()>;
}

/// Create the project, or replace it if it exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutProject(pub Project);

impl IndexCommand for PutProject {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        let created_at = store.project()?.map_or(self.0.created_at, |old| old.created_at);
        store.put_project(&Project { created_at, ..self.0 })
    }
}

/// Get the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetProject;

impl IndexCommand for GetProject {
    type Reply = Option<Project>;

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        Ok(store.project()?.filter(|project| project.deleted_at.is_none()))
    }
}

/// Delete the project: from now on its commands are refused, and the sweep removes what it has. The reply is whether there
/// was one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteProject;

impl IndexCommand for DeleteProject {
    type Reply = bool;

    const AFTER_DELETION: bool = true;

    const SWEEP_WITHIN: Option<Duration> = Some(limits::DELETION_INTERVAL);

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<bool> {
        let Some(project) = store.project()?.filter(|project| project.deleted_at.is_none()) else { return Ok(false) };
        let (name, organization_name) = (String::new(), String::new());
        store.put_project(&Project { name, organization_name, deleted_at: Some(now), updated_at: now, ..project })?;
        store.usage().set_deleted();
        Ok(true)
    }
}

/// Change the project. Absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeProject {
    /// The new name.
    pub name: Option<String>,
    /// How many days its files and its jobs are kept from now on.
    pub retention_days: Option<u32>,
    /// How many jobs that have not ended it may have from now on.
    pub max_open_jobs: Option<u32>,
    /// How many MiB its files may have from now on.
    pub max_stored_mib: Option<u32>,
    /// The origins whose pages may read answers from now on.
    pub allowed_origins: Option<Vec<String>>,
}

impl IndexCommand for ChangeProject {
    type Reply = Option<Project>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Some(old) = store.project()? else { return Ok(None) };
        let changed = Project {
            name: self.name.unwrap_or_else(|| old.name.clone()),
            retention_days: self.retention_days.unwrap_or(old.retention_days),
            max_open_jobs: self.max_open_jobs.or(old.max_open_jobs),
            max_stored_mib: self.max_stored_mib.or(old.max_stored_mib),
            allowed_origins: self.allowed_origins.unwrap_or_else(|| old.allowed_origins.clone()),
            ..old.clone()
        };
        let project = if changed == old { old } else { Project { updated_at: now, ..changed } };
        store.put_project(&project)?;
        Ok(Some(project))
    }
}
