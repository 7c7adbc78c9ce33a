//! The index of one project, named by the project's id.

use std::{cell::Cell, time::Duration};

use sortroom::{
    error::{Error, Result},
    id::{ClassifierId, FileId, JobId, SchemaId},
    job::{Job, Status},
    limits,
    service::{
        index::{
            self, ClassifierFilter, ClassifierVersion, Cursor, File, FileFilter, FileOrder, IndexCommand, IndexReply,
            IndexStore, JobFilter, JobRow, JobRows, Project, SavedSchema,
        },
        ports::{Clock, Environment},
        sweep,
    },
    time::Timestamp,
};
use worker::{DurableObject, Env, Request, Response, SqlStorageValue, State, durable_object};

use super::sql::{Sql, integer, json, text};
use crate::ports::WorkerPorts;

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
    // The current rows of jobs. They are stored in order of arrival, so that neighbours share pages; the rules are
    // apart from the rest, so that a change does not write them again; and no index has an entry only while a job is
    // open, because almost every job would have to enter and leave it.
    "CREATE TABLE job_rows (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at INTEGER NOT NULL,
        status TEXT NOT NULL,
        classifier TEXT, idempotency_key TEXT, version INTEGER NOT NULL, heard_at INTEGER NOT NULL,
        rules TEXT NOT NULL, classification TEXT NOT NULL, record TEXT NOT NULL)",
    "CREATE INDEX job_rows_by_age ON job_rows (kind, created_at, id)",
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
];

/// The additional condition that a version of a classifier, under the alias `one`, is published.
const PUBLISHED: &str = "AND json_extract(one.record, '$.draft') IS NULL";

/// The condition that a job is open, written so that the index `job_rows_by_status` applies.
const OPEN: &str = "status IN ('queued', 'running') AND status <> 'succeeded'";

/// The expression for the row of a job as one JSON text.
const RECORD: &str = r#"'{"classification":' || classification || ',' || substr(record, 2)"#;

/// The index of one project.
#[durable_object]
pub struct ProjectIndex {
    state: State,
    sql: Sql,
    ports: WorkerPorts,
    /// When the alarm is due; None if it is not set, or not known to this instance.
    alarm: Cell<Option<Timestamp>>,
}

impl DurableObject for ProjectIndex {
    fn new(state: State, env: Env) -> Self {
        Self { sql: Sql::new(&state, "project", SCHEMA), ports: WorkerPorts::new(env), state, alarm: Cell::new(None) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        super::handle_request(request, async |name, command: IndexCommand| {
            let timer = sweep::timer(&command, self.ports.now());
            if timer.is_some() && self.alarm.get().is_none() {
                // A new instance does not know the alarm that an earlier one set, and must not postpone it.
                let due_at = self.state.storage().get_alarm().await.map_err(Error::internal)?;
                self.alarm.set(due_at.map(Timestamp::from_millis));
            }
            let reply = index::handle(self, command, name.parse()?, self.ports.now())?;
            if let Some(at) = timer {
                self.set_alarm(at).await?;
            }
            match &reply {
                IndexReply::Jobs(JobRows::Stored { page, cut }) => Ok(format!(r#"{{"jobs":{{{page},"cut":{cut}}}}}"#)),
                reply => super::to_json(reply),
            }
        })
        .await
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.alarm.set(None);
        let project = self.project().map(|project| project.map(|project| project.id));
        let next = match project {
            Ok(Some(project)) => sweep::sweep(self, &self.ports, project).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        // The platform retries a failing alarm a few times and then drops it; an alarm that is set again is kept.
        let next = next.unwrap_or_else(|error| {
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
        self.state.storage().set_alarm(delay).await.map_err(Error::internal)
    }
}

/// The conditions of a listing, and the values that they bind.
#[derive(Default)]
struct Conditions {
    conditions: Vec<&'static str>,
    bindings: Vec<SqlStorageValue>,
}

impl Conditions {
    fn and(&mut self, condition: &'static str, bindings: impl IntoIterator<Item = SqlStorageValue>) {
        self.conditions.push(condition);
        self.bindings.extend(bindings);
    }

    /// Adds the condition that the id is one of `ids`. They are bound as one value, because a statement binds at most a
    /// hundred.
    fn and_id_in<T: serde::Serialize>(&mut self, ids: Option<&Vec<T>>) -> Result<()> {
        if let Some(ids) = ids {
            self.and("id IN (SELECT value FROM json_each(?))", [json(ids)?]);
        }
        Ok(())
    }

    fn statement(&self, select: &str, order: &str, limit: u32) -> (String, Vec<SqlStorageValue>) {
        let conditions = if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        };
        let bindings = self.bindings.iter().cloned().chain([integer(limit.into())]).collect();
        (format!("{select}{conditions} ORDER BY {order} LIMIT ?"), bindings)
    }
}

/// The statement that assembles the rows of the statement `page` in the format of [`JobRows::Stored`], or returns an
/// empty cell if they have more than `max_bytes` bytes. SQL assembles them because each value that crosses from the
/// storage to here costs more than its bytes.
fn assemble_rows(page: &str, max_bytes: usize) -> String {
    format!(
        r#"WITH page AS MATERIALIZED ({page}),
        different AS MATERIALIZED (SELECT '"' || rules || '":' || classification AS member FROM job_rows
            WHERE number IN (SELECT max(number) FROM page GROUP BY rules))
        SELECT CAST(CASE WHEN (SELECT sum(length(CAST(record AS BLOB))) FROM page) +
            (SELECT sum(length(CAST(member AS BLOB))) FROM different) <= {max_bytes}
        THEN '"rows":[' || (SELECT group_concat(record, ',') FROM page) || '],"classifications":{{' ||
            (SELECT group_concat(member, ',') FROM different) || '}}'
        END AS BLOB) FROM page LIMIT 1"#
    )
}

fn timestamp(timestamp: Timestamp) -> SqlStorageValue {
    integer(timestamp.as_millis())
}

fn optional<T: ToString>(value: Option<&T>) -> SqlStorageValue {
    value.map_or(SqlStorageValue::Null, text)
}

impl IndexStore for ProjectIndex {
    fn project(&self) -> Result<Option<Project>> {
        self.sql.record("SELECT record FROM project", Vec::new())
    }

    fn put_project(&self, project: &Project) -> Result<()> {
        self.sql.write("INSERT OR REPLACE INTO project VALUES (1, ?)", vec![json(project)?])
    }

    fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.sql.record(&format!("SELECT {RECORD} FROM job_rows WHERE id = ?"), vec![text(&id)])
    }

    fn job_by_transaction(&self, transaction: &str) -> Result<Option<Job>> {
        self.sql.record(&format!("SELECT {RECORD} FROM job_rows WHERE idempotency_key = ?"), vec![text(&transaction)])
    }

    fn put_job(&self, job: &Job, seen_at: Timestamp) -> Result<()> {
        let row = JobRow::of(job)?;
        self.sql.write(
            "INSERT INTO job_rows
             (id, kind, created_at, status, classifier, idempotency_key, version, heard_at, rules, classification,
             record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
             status = excluded.status, version = excluded.version,
             heard_at = excluded.heard_at, record = excluded.record WHERE excluded.version > version",
            vec![
                text(&job.id),
                text(&job.kind().as_str()),
                timestamp(job.created_at),
                text(&job.status().as_str()),
                optional(job.classification.classifier.as_ref()),
                optional(job.transaction.as_ref()),
                integer(i64::try_from(job.version).unwrap_or(i64::MAX)),
                timestamp(seen_at),
                text(&row.rules),
                json(&*job.classification)?,
                json(&row)?,
            ],
        )
    }

    fn remove_job(&self, id: JobId) -> Result<()> {
        self.sql.write("DELETE FROM job_rows WHERE id = ?", vec![text(&id)])
    }

    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows> {
        let mut conditions = Conditions::default();
        if let Some(kind) = filter.kind {
            conditions.and("kind = ?", [text(&kind.as_str())]);
        }
        match filter.status {
            // Most jobs have succeeded, so the index by age finds them quickly; the index by status has the others.
            Some(Status::Succeeded) => conditions.and("+status = 'succeeded'", []),
            Some(status) => conditions.and("status = ? AND status <> 'succeeded'", [text(&status.as_str())]),
            None => {}
        }
        if let Some(classifier) = &filter.classifier {
            conditions.and("classifier = ?", [text(classifier)]);
        }
        if let Some(from) = filter.from {
            conditions.and("created_at >= ?", [timestamp(from)]);
        }
        if let Some(to) = filter.to {
            conditions.and("created_at <= ?", [timestamp(to)]);
        }
        if let Some((at, id)) = after {
            conditions.and("(created_at, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        conditions.and_id_in(filter.ids.as_ref())?;
        let select = "SELECT number, rules, record FROM job_rows";
        for size in std::iter::successors(Some(limit), |size| (*size > 1).then_some(size / 2)) {
            let (page, bindings) = conditions.statement(select, "created_at DESC, id DESC", size);
            let max_bytes = if size > 1 { limits::PAGE_BYTES } else { usize::MAX >> 1 };
            match self.sql.cell(&assemble_rows(&page, max_bytes), bindings)? {
                None => break,
                Some(page) if page.is_empty() => {}
                Some(page) => {
                    let page = String::from_utf8(page).map_err(Error::internal)?;
                    return Ok(JobRows::Stored { page, cut: size < limit });
                }
            }
        }
        Ok(JobRows::empty())
    }

    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<Job>> {
        self.sql.records(
            &format!("SELECT {RECORD} FROM job_rows WHERE {OPEN} AND heard_at < ? ORDER BY heard_at, id LIMIT ?"),
            vec![timestamp(before), integer(limit.into())],
        )
    }

    fn touch_job(&self, id: JobId, now: Timestamp) -> Result<()> {
        self.sql.write("UPDATE job_rows SET heard_at = ? WHERE id = ?", vec![timestamp(now), text(&id)])
    }

    fn has_open_jobs(&self) -> Result<bool> {
        let open: Vec<u8> = self.sql.records(&format!("SELECT '1' FROM job_rows WHERE {OPEN} LIMIT 1"), Vec::new())?;
        Ok(!open.is_empty())
    }

    fn file(&self, id: FileId) -> Result<Option<File>> {
        self.sql.record("SELECT record FROM files WHERE id = ?", vec![text(&id)])
    }

    fn put_file(&self, file: &File) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            vec![
                text(&file.id),
                timestamp(file.created_at),
                text(&file.name),
                optional(file.external_id.as_ref()),
                json(file)?,
            ],
        )
    }

    fn remove_file(&self, id: FileId) -> Result<()> {
        self.sql.write("DELETE FROM files WHERE id = ?", vec![text(&id)])
    }

    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Vec<File>> {
        let mut conditions = Conditions::default();
        if let Some(name) = &filter.name {
            conditions.and("name = ?", [text(name)]);
        }
        if let Some(external_id) = &filter.external_id {
            conditions.and("external_id = ?", [text(external_id)]);
        }
        if let Some(Cursor { key, id }) = after {
            match order {
                FileOrder::Newest => {
                    let at = key.parse().map_err(|_| index::bad_cursor())?;
                    conditions.and("(created_at, id) < (?, ?)", [integer(at), text(id)]);
                }
                FileOrder::Name => conditions.and("(name, id) > (?, ?)", [text(key), text(id)]),
                FileOrder::Id => conditions.and("id > ?", [text(id)]),
            }
        }
        conditions.and_id_in(filter.ids.as_ref())?;
        let order = match order {
            FileOrder::Newest => "created_at DESC, id DESC",
            FileOrder::Name => "name, id",
            FileOrder::Id => "id",
        };
        let (statement, bindings) = conditions.statement("SELECT record FROM files", order, limit);
        self.sql.records(&statement, bindings)
    }

    fn classifier(&self, id: ClassifierId, draft: bool) -> Result<Option<ClassifierVersion>> {
        let published = if draft { "" } else { PUBLISHED };
        let statement =
            format!("SELECT record FROM classifiers AS one WHERE id = ? {published} ORDER BY version DESC LIMIT 1");
        self.sql.record(&statement, vec![text(&id)])
    }

    fn classifier_named(&self, name: &str) -> Result<Option<ClassifierVersion>> {
        self.sql.record(
            "SELECT record FROM classifiers AS one WHERE name = ? AND
             version = (SELECT max(version) FROM classifiers WHERE id = one.id)",
            vec![text(&name)],
        )
    }

    fn put_classifier(&self, classifier: &ClassifierVersion) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO classifiers VALUES (?, ?, ?, ?)",
            vec![text(&classifier.id), timestamp(classifier.version), text(&classifier.name), json(classifier)?],
        )
    }

    fn remove_classifier(&self, id: ClassifierId) -> Result<()> {
        self.sql.write("DELETE FROM classifiers WHERE id = ?", vec![text(&id)])
    }

    fn classifiers(
        &self,
        filter: &ClassifierFilter,
        after: Option<(Timestamp, ClassifierId)>,
        limit: u32,
    ) -> Result<Vec<ClassifierVersion>> {
        let mut conditions = Conditions::default();
        if let Some(id) = filter.id {
            conditions.and("id = ?", [text(&id)]);
        }
        if let Some(name) = &filter.name {
            conditions.and("name = ?", [text(name)]);
        }
        match (filter.latest_only, filter.drafts) {
            (true, true) => conditions.and("version = (SELECT max(version) FROM classifiers WHERE id = one.id)", []),
            (true, false) => conditions.and(
                "version = (SELECT max(version) FROM classifiers AS two WHERE id = one.id
                 AND json_extract(two.record, '$.draft') IS NULL)",
                [],
            ),
            (false, true) => {}
            (false, false) => conditions.and("json_extract(record, '$.draft') IS NULL", []),
        }
        if let Some((at, id)) = after {
            conditions.and("(version, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let (statement, bindings) =
            conditions.statement("SELECT record FROM classifiers AS one", "version DESC, id DESC", limit);
        self.sql.records(&statement, bindings)
    }

    fn schema(&self, id: SchemaId) -> Result<Option<SavedSchema>> {
        self.sql.record("SELECT record FROM schemas WHERE id = ?", vec![text(&id)])
    }

    fn schemas(&self) -> Result<Vec<SavedSchema>> {
        self.sql.records("SELECT record FROM schemas ORDER BY name", Vec::new())
    }

    fn put_schema(&self, schema: &SavedSchema) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO schemas VALUES (?, ?, ?)",
            vec![text(&schema.id), text(&schema.name), json(schema)?],
        )
    }

    fn remove_schema(&self, id: SchemaId) -> Result<()> {
        self.sql.write("DELETE FROM schemas WHERE id = ?", vec![text(&id)])
    }

    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        self.sql.records(
            "SELECT json_quote(id) FROM files WHERE created_at < ? ORDER BY created_at, id LIMIT ?",
            vec![timestamp(before), integer(limit.into())],
        )
    }
}
