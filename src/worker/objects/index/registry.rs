//! The list of all projects, in SQL.

use sortroom::{
    error::Result,
    id::ProjectId,
    service::index::{ListedProject, RegistryStore},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{text, timestamp};

impl RegistryStore for ProjectIndex {
    fn listed_projects(&self, after: Option<(Timestamp, ProjectId)>, limit: u32) -> Result<Vec<ListedProject>> {
        let mut conditions = Conditions::default();
        if let Some((at, id)) = after {
            conditions.and("(listed_at, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let select = "SELECT json_object('id', id, 'listed_at', listed_at) FROM listed_projects";
        let (statement, bindings) = conditions.statement(select, "listed_at DESC, id DESC", limit);
        self.sql.records(&statement, bindings)
    }

    fn add_listed_project(&self, project: ListedProject) -> Result<()> {
        self.sql.write(
            "INSERT OR IGNORE INTO listed_projects VALUES (?, ?)",
            vec![text(&project.id), timestamp(project.listed_at)],
        )
    }

    fn remove_listed_project(&self, id: ProjectId) -> Result<()> {
        self.sql.write("DELETE FROM listed_projects WHERE id = ?", vec![text(&id)])
    }

    fn put_allowed_origins(&self, id: ProjectId, origins: &[String]) -> Result<()> {
        self.sql.write("DELETE FROM allowed_origins WHERE project = ?", vec![text(&id)])?;
        origins.iter().try_for_each(|origin| {
            self.sql.write("INSERT OR IGNORE INTO allowed_origins VALUES (?, ?)", vec![text(&id), text(origin)])
        })
    }

    fn is_origin_allowed(&self, origin: &str) -> Result<bool> {
        self.sql.exists("SELECT '1' FROM allowed_origins WHERE origin IN (?, '*') LIMIT 1", vec![text(&origin)])
    }
}
