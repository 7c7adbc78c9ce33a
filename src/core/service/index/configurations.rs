//! The saved configurations of a project, but for those of classifying, which are [classifiers](super::classifiers).
//!
//! A job has a copy of what it was asked for, so only the newest version of a configuration is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{PageRequest, Rows, cursor, parse_cursor},
    size::{check_count, check_room},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::ConfigurationId,
    job::{Options, Task},
    limits,
    service::index::Page,
    time::Timestamp,
};

/// A saved configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedConfiguration {
    /// Its id.
    pub id: ConfigurationId,
    /// Its name. Unique among those of the same task.
    pub name: String,
    /// What a job with it is asked for.
    pub options: Options,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed: its version.
    pub version: Timestamp,
}

/// A filter of saved configurations. Every condition that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConfigurationFilter {
    /// Only configurations of these tasks.
    pub tasks: Option<Vec<Task>>,
    /// Only configurations with exactly this name.
    pub name: Option<String>,
}

/// The storage of saved configurations.
pub trait ConfigurationStore {
    /// The configuration with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn configuration(&self, id: ConfigurationId) -> Result<Option<SavedConfiguration>>;

    /// The configuration of a task with this name.
    fn configuration_named(&self, task: Task, name: &str) -> Result<Option<SavedConfiguration>>;

    /// Configurations, the last changed first (ties by id, descending), at most `limit`.
    fn configurations(
        &self,
        filter: &ConfigurationFilter,
        after: Option<(Timestamp, ConfigurationId)>,
        limit: u32,
    ) -> Result<Rows<SavedConfiguration>>;

    /// How many configurations there are.
    fn configuration_count(&self) -> Result<usize>;

    /// The number of configurations that meet `filter`, counted up to `limit`.
    fn filtered_configuration_count(&self, filter: &ConfigurationFilter, limit: u32) -> Result<u32>;

    /// The size of all configurations, in bytes.
    fn configuration_bytes(&self) -> Result<usize>;

    /// Stores a configuration.
    fn put_configuration(&self, configuration: &SavedConfiguration) -> Result<()>;

    /// Removes a configuration.
    fn remove_configuration(&self, id: ConfigurationId) -> Result<()>;

    /// Removes all configurations.
    fn remove_all_configurations(&self) -> Result<()>;
}

/// Stores `configuration`, and returns it.
fn put(store: &impl IndexStore, configuration: SavedConfiguration) -> Result<SavedConfiguration> {
    check_room(store, "The configuration", &configuration)?;
    store.put_configuration(&configuration)?;
    Ok(configuration)
}

/// The version of a configuration that replaces `old`: later than every earlier one.
fn next_version(old: &SavedConfiguration, now: Timestamp) -> Timestamp {
    now.max(old.version + Duration::from_millis(1))
}

/// Save a configuration under a name: create it, or change the one of the same task that has the name. Fails with
/// `TooLarge` if there is no room for it, with `Conflict` if there are [`limits::MAX_CONFIGURATIONS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaveConfiguration {
    /// The id that a new configuration gets.
    pub id: ConfigurationId,
    /// The name.
    pub name: String,
    /// What a job with it is asked for.
    pub options: Options,
}

impl IndexCommand for SaveConfiguration {
    type Reply = SavedConfiguration;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, name, options } = self;
        match store.configuration_named(options.task.task(), &name)? {
            Some(old) if old.options == options => Ok(old),
            Some(old) => put(store, SavedConfiguration { options, version: next_version(&old, now), ..old }),
            None => {
                check_count("configurations", store.configuration_count()?, limits::MAX_CONFIGURATIONS)?;
                put(store, SavedConfiguration { id, name, options, created_at: now, version: now })
            }
        }
    }
}

/// Change a configuration. Absent fields stay as they are. Fails with `Conflict` if the new name is taken, with
/// `TooLarge` if there is no room for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeConfiguration {
    /// The id of the configuration.
    pub id: ConfigurationId,
    /// The new name.
    pub name: Option<String>,
    /// What a job with it is asked for.
    pub options: Option<Options>,
}

impl IndexCommand for ChangeConfiguration {
    type Reply = Option<SavedConfiguration>;

    fn run(self, store: &impl IndexStore, Context { now, .. }: Context) -> Result<Self::Reply> {
        let Self { id, name, options } = self;
        let Some(old) = store.configuration(id)? else { return Ok(None) };
        let (version, created_at) = (next_version(&old, now), old.created_at);
        let (name, options) = (name.unwrap_or(old.name), options.unwrap_or(old.options));
        if store.configuration_named(options.task.task(), &name)?.is_some_and(|other| other.id != id) {
            return Err(Error::new(ErrorKind::Conflict, format!("The name {name:?} is taken")));
        }
        put(store, SavedConfiguration { id, name, options, created_at, version }).map(Some)
    }
}

/// Get a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetConfiguration {
    /// The id.
    pub id: ConfigurationId,
}

impl IndexCommand for GetConfiguration {
    type Reply = Option<SavedConfiguration>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.configuration(self.id)
    }
}

/// Delete a configuration. The reply is whether it was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteConfiguration {
    /// The id.
    pub id: ConfigurationId,
}

impl IndexCommand for DeleteConfiguration {
    type Reply = bool;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<bool> {
        let found = store.configuration(self.id)?.is_some();
        store.remove_configuration(self.id)?;
        Ok(found)
    }
}

/// List configurations, the last changed first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListConfigurations {
    /// Which configurations.
    pub filter: ConfigurationFilter,
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListConfigurations {
    type Reply = Page<SavedConfiguration>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let Self { filter, page } = self;
        let after = page.after.as_ref().map(parse_cursor).transpose()?;
        let rows = store.configurations(&filter, after, page.size.saturating_add(1))?;
        Ok(Page::new(rows, page.size, |last| cursor(last.version, &last.id)))
    }
}

/// Count configurations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountConfigurations {
    /// Which configurations.
    pub filter: ConfigurationFilter,
}

impl IndexCommand for CountConfigurations {
    type Reply = u32;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<u32> {
        store.filtered_configuration_count(&self.filter, limits::MAX_COUNTED_ROWS)
    }
}
