//! The project itself, in SQL.

use sortroom::{
    error::Result,
    service::index::{Project, ProjectStore, UsageBounds},
};

use super::ProjectIndex;
use crate::objects::sql::json;

impl ProjectStore for ProjectIndex {
    fn project(&self) -> Result<Option<Project>> {
        self.sql.record("SELECT record FROM project", Vec::new())
    }

    fn usage(&self) -> &UsageBounds {
        &self.usage
    }

    fn put_project(&self, project: &Project) -> Result<()> {
        self.sql.write("INSERT OR REPLACE INTO project VALUES (1, ?)", vec![json(project)?])
    }
}
