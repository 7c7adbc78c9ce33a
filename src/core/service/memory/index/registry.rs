//! The list of all projects, in memory.

use super::{MemoryIndexStore, take_up_to};
use crate::{
    error::Result,
    id::ProjectId,
    service::index::{ListedProject, RegistryStore},
    time::Timestamp,
};

impl RegistryStore for MemoryIndexStore {
    fn listed_projects(&self, after: Option<(Timestamp, ProjectId)>, limit: u32) -> Result<Vec<ListedProject>> {
        let place = |project: &ListedProject| (project.listed_at, project.id);
        let mut found: Vec<ListedProject> = self.read(|rows| {
            let projects = rows.listed_projects.values();
            projects.filter(|project| after.is_none_or(|after| place(project) < after)).copied().collect()
        });
        found.sort_by_key(|project| std::cmp::Reverse(place(project)));
        Ok(take_up_to(found, limit))
    }

    fn add_listed_project(&self, project: ListedProject) -> Result<()> {
        self.write(|rows| {
            rows.listed_projects.entry(project.id).or_insert(project);
        });
        Ok(())
    }

    fn remove_listed_project(&self, id: ProjectId) -> Result<()> {
        self.write(|rows| {
            rows.listed_projects.remove(&id);
        });
        Ok(())
    }

    fn put_allowed_origins(&self, id: ProjectId, origins: &[String]) -> Result<()> {
        self.write(|rows| {
            rows.allowed_origins.insert(id, origins.to_vec());
        });
        Ok(())
    }

    fn is_origin_allowed(&self, origin: &str) -> Result<bool> {
        let is_meant = |allowed: &String| allowed == origin || allowed == "*";
        Ok(self.read(|rows| rows.allowed_origins.values().flatten().any(is_meant)))
    }
}
