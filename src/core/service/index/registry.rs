//! The list of all projects, for the operator. It is in the index of an id that no project gets.
//!
//! Beside it are the origins that they allow: a preflight names an origin and no project.
//!
//! A project of 0.1.0 is listed once one of its tokens has been used again.

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Page, PageRequest, cursor, parse_cursor, truncate_page},
};
use crate::{error::Result, id::ProjectId, time::Timestamp};

/// The id whose index has the list.
pub fn registry() -> ProjectId {
    ProjectId::from_bytes([0; 16])
}

/// A project in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedProject {
    /// Its id.
    pub id: ProjectId,
    /// When it was added to the list: when it was created, unless that was by 0.1.0.
    pub listed_at: Timestamp,
}

/// The storage of the list.
pub trait RegistryStore {
    /// Projects newest first (ties by id, descending), at most `limit`.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn listed_projects(&self, after: Option<(Timestamp, ProjectId)>, limit: u32) -> Result<Vec<ListedProject>>;

    /// Adds a project, unless it is listed.
    fn add_listed_project(&self, project: ListedProject) -> Result<()>;

    /// Removes a project.
    fn remove_listed_project(&self, id: ProjectId) -> Result<()>;

    /// Replaces the origins that a project allows.
    fn put_allowed_origins(&self, id: ProjectId, origins: &[String]) -> Result<()>;

    /// Whether any project allows the origin, or any origin.
    fn is_origin_allowed(&self, origin: &str) -> Result<bool>;
}

/// Add a project to the list, unless it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddListedProject {
    /// The id of the project.
    pub id: ProjectId,
}

impl IndexCommand for AddListedProject {
    type Reply = ();

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<()> {
        store.add_listed_project(ListedProject { id: self.id, listed_at: now })
    }
}

/// Remove a project from the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveListedProject {
    /// The id of the project.
    pub id: ProjectId,
}

impl IndexCommand for RemoveListedProject {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.put_allowed_origins(self.id, &[])?;
        store.remove_listed_project(self.id)
    }
}

/// Replace the origins that a project allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAllowedOrigins {
    /// The id of the project.
    pub id: ProjectId,
    /// The origins; `*` is any.
    pub origins: Vec<String>,
}

impl IndexCommand for PutAllowedOrigins {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.put_allowed_origins(self.id, &self.origins)
    }
}

/// Whether any project allows an origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsOriginAllowed {
    /// The origin.
    pub origin: String,
}

impl IndexCommand for IsOriginAllowed {
    type Reply = bool;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<bool> {
        store.is_origin_allowed(&self.origin)
    }
}

/// List projects, newest first. Fails with `Invalid` if no listing returned the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListProjects {
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListProjects {
    type Reply = Page<ListedProject>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let PageRequest { size, after } = self.page;
        let after = after.as_ref().map(parse_cursor).transpose()?;
        let mut items = store.listed_projects(after, size.saturating_add(1))?;
        let more = truncate_page(&mut items, size);
        let next = items.last().filter(|_| more).map(|project| cursor(project.listed_at, &project.id));
        Ok(Page { items, next })
    }
}
