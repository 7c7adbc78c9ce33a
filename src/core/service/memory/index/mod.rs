//! The index of each project, in memory.

mod classifiers;
mod configurations;
mod deliveries;
mod files;
mod jobs;
mod project;
mod registry;
mod schemas;
mod tokens;
mod webhooks;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{FaultPoint, Memory};
use crate::{
    error::{Error, Result},
    extract::Schema,
    id::{ConfigurationId, DeliveryId, FileId, JobId, ProjectId, SchemaId, TokenId, WebhookId},
    job::Job,
    service::{
        index::{
            AnyCommand, ClassifierVersion, Context, DeliveryRecord, File, IndexCommand, ListedProject, ListedToken,
            PageSize, Project, Rows, SavedConfiguration, SavedSchema, UsageBounds, Webhook, json_bytes,
        },
        ports::{Clock, Index},
    },
    time::Timestamp,
};

/// The rows of one index.
#[derive(Debug, Default)]
pub(super) struct IndexRows {
    project: Option<Project>,
    jobs: BTreeMap<JobId, (Job, Timestamp)>,
    files: BTreeMap<FileId, File>,
    classifiers: Vec<ClassifierVersion>,
    configurations: BTreeMap<ConfigurationId, SavedConfiguration>,
    schemas: BTreeMap<SchemaId, SavedSchema>,
    /// Contents of schemas that were replaced or removed, and when.
    kept_contents: BTreeMap<(SchemaId, Timestamp), (Schema, Timestamp)>,
    tokens: BTreeMap<TokenId, ListedToken>,
    webhooks: BTreeMap<WebhookId, Webhook>,
    deliveries: BTreeMap<DeliveryId, DeliveryRecord>,
    listed_projects: BTreeMap<ProjectId, ListedProject>,
    allowed_origins: BTreeMap<ProjectId, Vec<String>>,
}

impl Memory {
    /// The number of rows of jobs in the index of a project.
    pub fn stored_job_rows(&self, project: ProjectId) -> usize {
        self.state().indexes.get(&project).map_or(0, |rows| rows.jobs.len())
    }

    /// The numbers of webhooks and of their calls in the index of a project.
    pub fn stored_webhooks(&self, project: ProjectId) -> (usize, usize) {
        self.state().indexes.get(&project).map_or((0, 0), |rows| (rows.webhooks.len(), rows.deliveries.len()))
    }
}

/// The storage of one index.
pub(super) struct MemoryIndexStore {
    pub(super) memory: Memory,
    pub(super) project: ProjectId,
    usage: UsageBounds,
}

impl MemoryIndexStore {
    /// The storage of the index of `project`. It knows no bounds of what is used, so it counts every time.
    pub(super) fn new(memory: &Memory, project: ProjectId) -> Self {
        Self { memory: memory.clone(), project, usage: UsageBounds::default() }
    }

    fn read<T>(&self, read: impl FnOnce(&IndexRows) -> T) -> T {
        // Reading an index that was never written does not create it.
        read(self.memory.state().indexes.get(&self.project).unwrap_or(&IndexRows::default()))
    }

    fn write<T>(&self, write: impl FnOnce(&mut IndexRows) -> T) {
        write(self.memory.state().indexes.entry(self.project).or_default());
    }
}

/// The first `limit` of `items`, as far as they fit a page.
fn rows<T: Serialize>(items: Vec<T>, limit: u32) -> Result<Rows<T>> {
    let (mut rows, mut size) = (Rows::empty(), PageSize::default());
    for item in take_up_to(items, limit) {
        if !size.admits(json_bytes(&item)?) {
            rows.truncated = true;
            break;
        }
        rows.items.push(item);
    }
    Ok(rows)
}

/// `count`, or `limit` if that is less.
fn up_to(count: usize, limit: u32) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).min(limit)
}

fn take_up_to<T>(items: Vec<T>, limit: u32) -> Vec<T> {
    items.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

impl Index for Memory {
    async fn index<C: IndexCommand>(&self, project: ProjectId, command: C) -> Result<C::Reply> {
        self.check_fault(FaultPoint::Indexes)?;
        // Through JSON, like commands to a Durable Object and its replies.
        let command = serde_json::to_string(&command.into()).map_err(Error::internal)?;
        let command: AnyCommand = serde_json::from_str(&command).map_err(Error::internal)?;
        let store = MemoryIndexStore::new(self, project);
        let reply = command.run(&store, Context { project, now: self.now() })?;
        serde_json::from_str(&reply).map_err(Error::internal)
    }
}
