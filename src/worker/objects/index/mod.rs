//! The Durable Object of one project, named by the project's id: its database.
//!
//! The storage of each area of the index is in the module that has the name of the area in the core.

mod classifiers;
mod conditions;
mod configurations;
mod deliveries;
mod files;
mod jobs;
mod project;
mod registry;
mod schemas;
mod tokens;
mod webhooks;

use std::{cell::Cell, time::Duration};

use sortroom::{
    error::{Error, Result},
    limits,
    service::{
        index::{AnyCommand, Context, UsageBounds},
        ports::{Clock, Environment},
        sweep,
    },
    time::Timestamp,
};
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::sql::Sql;
use crate::{ports::WorkerPorts, rpc};

const SCHEMA: &[&str] = &[
    "CREATE TABLE project (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL)",
    "CREATE TABLE jobs (
        id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, status TEXT NOT NULL, classifier TEXT,
        idempotency_key TEXT, version INTEGER NOT NULL, open INTEGER NOT NULL, heard_at INTEGER NOT NULL,
        record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX jobs_by_age ON jobs (created_at, id)",
    "CREATE INDEX jobs_by_status ON jobs (status, created_at, id)",
    "CREATE INDEX jobs_by_classifier ON jobs (classifier, created_at, id) WHERE classifier IS NOT NULL",
    "CREATE UNIQUE INDEX jobs_by_key ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL",
    "CREATE INDEX jobs_open ON jobs (heard_at, id) WHERE open = 1",
    "CREATE TABLE files (
        id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, name TEXT NOT NULL, external_id TEXT,
        record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX files_by_age ON files (created_at, id)",
    "CREATE INDEX files_by_name ON files (name, id)",
    "CREATE INDEX files_by_external_id ON files (external_id, created_at, id) WHERE external_id IS NOT NULL",
    "CREATE TABLE classifiers (
        id TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (id, version)) WITHOUT ROWID",
    "CREATE INDEX classifiers_by_age ON classifiers (version, id)",
    "CREATE INDEX classifiers_by_name ON classifiers (name, version)",
    // The current rows of jobs. They are stored in order of arrival, so that neighbours share pages, and the
    // classification is apart from the rest, so that a change does not write it again. `rules` is the key of the
    // classification (`JobRow::classification_key`); the last of the times is when the job last reported to the index.
    "CREATE TABLE job_rows (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at INTEGER NOT NULL,
        status TEXT NOT NULL,
        classifier TEXT, idempotency_key TEXT, version INTEGER NOT NULL, heard_at INTEGER NOT NULL,
        rules TEXT NOT NULL, classification TEXT NOT NULL, record TEXT NOT NULL)",
    "CREATE INDEX job_rows_by_age ON job_rows (kind, created_at, id)",
    // A job enters this index when it is accepted and leaves it when it succeeds, so the index stays small.
    "CREATE INDEX job_rows_by_status ON job_rows (status, kind, created_at, id) WHERE status <> 'succeeded'",
    "CREATE INDEX job_rows_by_classifier ON job_rows (classifier, created_at, id) WHERE classifier IS NOT NULL",
    "CREATE UNIQUE INDEX job_rows_by_key ON job_rows (idempotency_key) WHERE idempotency_key IS NOT NULL",
    "INSERT INTO job_rows
        (id, kind, created_at, status, classifier, idempotency_key, version, heard_at, rules, classification, record)
        SELECT id, 'document', created_at, status, classifier, idempotency_key, version, heard_at, id,
        json_extract(record, '$.classification'), json_set(json_remove(record, '$.classification'), '$.rules', id)
        FROM jobs ORDER BY created_at, id",
    "DROP TABLE jobs",
    "CREATE TABLE schemas (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) WITHOUT ROWID",
    // Whether a version of a classifier is a draft, so that no record has to be parsed to find a published one. The
    // column lies behind the record, which is long, so it is read from the indexes.
    "ALTER TABLE classifiers ADD COLUMN draft INTEGER NOT NULL DEFAULT 0",
    "UPDATE classifiers SET draft = 1 WHERE json_extract(record, '$.draft')",
    "CREATE INDEX classifiers_published ON classifiers (id, version) WHERE draft = 0",
    "CREATE INDEX classifiers_published_by_age ON classifiers (version, id) WHERE draft = 0",
    // The contents of schemas that were replaced or removed, as long as a job may refer to them.
    "CREATE TABLE kept_contents (
        id TEXT NOT NULL, version INTEGER NOT NULL, replaced_at INTEGER NOT NULL, content TEXT NOT NULL,
        PRIMARY KEY (id, version)) WITHOUT ROWID",
    "CREATE TABLE tokens (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX tokens_by_age ON tokens (created_at, id)",
    // So that the sizes of all files are added without reading their rows.
    "CREATE INDEX files_by_size ON files (json_extract(record, '$.size'))",
    "CREATE TABLE listed_projects (id TEXT PRIMARY KEY, listed_at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX listed_projects_by_age ON listed_projects (listed_at, id)",
    "CREATE TABLE allowed_origins (project TEXT NOT NULL, origin TEXT NOT NULL, PRIMARY KEY (project, origin))
        WITHOUT ROWID",
    "CREATE INDEX allowed_origins_by_origin ON allowed_origins (origin)",
    "CREATE TABLE configurations (
        id TEXT PRIMARY KEY, task TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL)
        WITHOUT ROWID",
    "CREATE UNIQUE INDEX configurations_by_name ON configurations (task, name)",
    "CREATE INDEX configurations_by_age ON configurations (version, id)",
    // The files that were fetched from a URL, by the SHA-256 of their bytes.
    "CREATE INDEX files_by_hash ON files (json_extract(record, '$.sha256'))
        WHERE json_extract(record, '$.sha256') IS NOT NULL",
    // At most a hundred rows, so only what every new job reads has an index.
    "CREATE TABLE webhooks (
        id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, every_job INTEGER NOT NULL, record TEXT NOT NULL)
        WITHOUT ROWID",
    "CREATE INDEX webhooks_of_every_job ON webhooks (created_at, id) WHERE every_job = 1",
    // At most a thousand rows, among which those of a webhook are found by age: each index costs each call a write.
    "CREATE TABLE deliveries (
        id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, webhook TEXT, job TEXT, record TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX deliveries_by_age ON deliveries (created_at, id)",
    "CREATE INDEX deliveries_by_job ON deliveries (job, created_at, id) WHERE job IS NOT NULL",
];

/// The database of one project: the only copy of its classifiers, schemas and settings, and an index of its jobs and
/// files.
#[durable_object]
pub struct ProjectIndex {
    state: State,
    sql: Sql,
    ports: WorkerPorts,
    /// When the alarm is due; None if it is not set, or not known to this instance.
    alarm: Cell<Option<Timestamp>>,
    usage: UsageBounds,
}

impl DurableObject for ProjectIndex {
    fn new(state: State, env: Env) -> Self {
        let (alarm, usage) = (Cell::new(None), UsageBounds::default());
        Self { sql: Sql::new(&state, "project", SCHEMA), ports: WorkerPorts::new(env), state, alarm, usage }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        rpc::handle_request(request, async |name, command: AnyCommand| {
            let timer = command.sweep_within().map(|time| self.ports.now() + time);
            if timer.is_some() && self.alarm.get().is_none() {
                // A new instance does not know the alarm that an earlier one set, and must not postpone it.
                let due_at = self.state.storage().get_alarm().await.map_err(Error::internal)?;
                self.alarm.set(due_at.map(Timestamp::from_millis));
            }
            let reply = command.run(self, Context { project: name.parse()?, now: self.ports.now() })?;
            if let Some(at) = timer {
                self.set_alarm(at).await?;
            }
            Ok(reply)
        })
        .await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.alarm.set(None);
        // The platform retries a failing alarm a few times and then drops it; an alarm that is set again is kept.
        let next = sweep::sweep(self, &self.ports).await.unwrap_or_else(|error| {
            self.ports.log(&format!("index {:?}: sweeping failed: {error:#}", self.state.id().name()));
            Some(self.ports.now() + limits::STALE_JOB_AGE)
        });
        if let Some(at) = next {
            self.set_alarm(at).await.map_err(|error| worker::Error::from(error.to_string()))?;
        }
        Response::empty()
    }
}

impl ProjectIndex {
    /// Sets the alarm, unless it is known to be due by then. Called in the same turn as the write of the row that needs
    /// the alarm.
    async fn set_alarm(&self, at: Timestamp) -> Result<()> {
        if self.alarm.get().is_some_and(|due_at| due_at <= at) {
            return Ok(());
        }
        self.alarm.set(Some(at));
        let delay = at.since(self.ports.now()).max(Duration::from_millis(1));
        let set = self.state.storage().set_alarm(delay).await;
        // A later call must not rely on an alarm that was not set.
        set.inspect_err(|_| self.alarm.set(None)).map_err(Error::internal)
    }
}
