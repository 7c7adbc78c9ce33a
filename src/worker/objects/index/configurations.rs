//! The saved configurations, in SQL.

use sortroom::{
    error::Result,
    id::ConfigurationId,
    job::Task,
    service::index::{ConfigurationFilter, ConfigurationStore, Rows, SavedConfiguration},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{json, text, timestamp};

/// The conditions of a filter.
fn conditions(filter: &ConfigurationFilter) -> Result<Conditions> {
    let mut conditions = Conditions::default();
    if let Some(tasks) = &filter.tasks {
        let tasks: Vec<_> = tasks.iter().map(|task| task.as_str()).collect();
        conditions.and("task IN (SELECT value FROM json_each(?))", [json(&tasks)?]);
    }
    if let Some(name) = &filter.name {
        conditions.and("name = ?", [text(name)]);
    }
    Ok(conditions)
}

impl ConfigurationStore for ProjectIndex {
    fn configuration(&self, id: ConfigurationId) -> Result<Option<SavedConfiguration>> {
        self.sql.record("SELECT record FROM configurations WHERE id = ?", vec![text(&id)])
    }

    fn configuration_named(&self, task: Task, name: &str) -> Result<Option<SavedConfiguration>> {
        self.sql.record(
            "SELECT record FROM configurations WHERE task = ? AND name = ?",
            vec![text(&task.as_str()), text(&name)],
        )
    }

    fn configurations(
        &self,
        filter: &ConfigurationFilter,
        after: Option<(Timestamp, ConfigurationId)>,
        limit: u32,
    ) -> Result<Rows<SavedConfiguration>> {
        let mut conditions = conditions(filter)?;
        if let Some((version, id)) = after {
            conditions.and("(version, id) < (?, ?)", [timestamp(version), text(&id)]);
        }
        let select = "SELECT record FROM configurations";
        let (statement, bindings) = conditions.statement(select, "version DESC, id DESC", limit);
        self.sql.rows(&statement, bindings)
    }

    fn configuration_count(&self) -> Result<usize> {
        self.sql.number("SELECT CAST(count(*) AS TEXT) FROM configurations", Vec::new())
    }

    fn filtered_configuration_count(&self, filter: &ConfigurationFilter, limit: u32) -> Result<u32> {
        let (statement, bindings) = conditions(filter)?.count("configurations", limit);
        self.sql.record(&statement, bindings).map(Option::unwrap_or_default)
    }

    fn configuration_bytes(&self) -> Result<usize> {
        self.sql.number("SELECT CAST(coalesce(sum(octet_length(record)), 0) AS TEXT) FROM configurations", Vec::new())
    }

    fn put_configuration(&self, configuration: &SavedConfiguration) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO configurations VALUES (?, ?, ?, ?, ?)",
            vec![
                text(&configuration.id),
                text(&configuration.options.task.task().as_str()),
                text(&configuration.name),
                timestamp(configuration.version),
                json(configuration)?,
            ],
        )
    }

    fn remove_configuration(&self, id: ConfigurationId) -> Result<()> {
        self.sql.write("DELETE FROM configurations WHERE id = ?", vec![text(&id)])
    }

    fn remove_all_configurations(&self) -> Result<()> {
        self.sql.write("DELETE FROM configurations", Vec::new())
    }
}
