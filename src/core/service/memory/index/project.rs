//! The project itself, in memory.

use super::MemoryIndexStore;
use crate::{
    error::Result,
    service::index::{Project, ProjectStore, UsageBounds},
};

impl ProjectStore for MemoryIndexStore {
    fn project(&self) -> Result<Option<Project>> {
        Ok(self.read(|rows| rows.project.clone()))
    }

    fn usage(&self) -> &UsageBounds {
        &self.usage
    }

    fn put_project(&self, project: &Project) -> Result<()> {
        self.write(|rows| rows.project = Some(project.clone()));
        Ok(())
    }
}
