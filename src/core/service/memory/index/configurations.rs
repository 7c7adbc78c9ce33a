//! The saved configurations, in memory.

use super::{MemoryIndexStore, rows, up_to};
use crate::{
    error::Result,
    id::ConfigurationId,
    job::Task,
    service::index::{ConfigurationFilter, ConfigurationStore, Rows, SavedConfiguration, json_bytes},
    time::Timestamp,
};

/// Whether every condition holds for `saved`.
fn meets(saved: &SavedConfiguration, filter: &ConfigurationFilter) -> bool {
    filter.tasks.as_ref().is_none_or(|tasks| tasks.contains(&saved.options.task.task()))
        && filter.name.as_ref().is_none_or(|name| *name == saved.name)
}

impl ConfigurationStore for MemoryIndexStore {
    fn configuration(&self, id: ConfigurationId) -> Result<Option<SavedConfiguration>> {
        Ok(self.read(|rows| rows.configurations.get(&id).cloned()))
    }

    fn configuration_named(&self, task: Task, name: &str) -> Result<Option<SavedConfiguration>> {
        let is_it = |saved: &&SavedConfiguration| saved.options.task.task() == task && saved.name == name;
        Ok(self.read(|rows| rows.configurations.values().find(is_it).cloned()))
    }

    fn configurations(
        &self,
        filter: &ConfigurationFilter,
        after: Option<(Timestamp, ConfigurationId)>,
        limit: u32,
    ) -> Result<Rows<SavedConfiguration>> {
        let key = |saved: &SavedConfiguration| (saved.version, saved.id);
        let follows = |saved: &SavedConfiguration| after.is_none_or(|after| key(saved) < after);
        let mut found: Vec<SavedConfiguration> = self.read(|rows| {
            let saved = rows.configurations.values();
            saved.filter(|saved| meets(saved, filter) && follows(saved)).cloned().collect()
        });
        found.sort_by_key(|saved| std::cmp::Reverse(key(saved)));
        rows(found, limit)
    }

    fn configuration_count(&self) -> Result<usize> {
        Ok(self.read(|rows| rows.configurations.len()))
    }

    fn filtered_configuration_count(&self, filter: &ConfigurationFilter, limit: u32) -> Result<u32> {
        Ok(self.read(|rows| up_to(rows.configurations.values().filter(|saved| meets(saved, filter)).count(), limit)))
    }

    fn configuration_bytes(&self) -> Result<usize> {
        self.read(|rows| rows.configurations.values().map(json_bytes).sum())
    }

    fn put_configuration(&self, configuration: &SavedConfiguration) -> Result<()> {
        self.write(|rows| rows.configurations.insert(configuration.id, configuration.clone()));
        Ok(())
    }

    fn remove_configuration(&self, id: ConfigurationId) -> Result<()> {
        self.write(|rows| rows.configurations.remove(&id));
        Ok(())
    }

    fn remove_all_configurations(&self) -> Result<()> {
        self.write(|rows| rows.configurations.clear());
        Ok(())
    }
}
