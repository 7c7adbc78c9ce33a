//! The rows of jobs, in SQL.

use sortroom::{
    error::{Error, Result},
    id::JobId,
    job::{Job, JobKind, Status},
    limits,
    service::index::{JobFilter, JobRowStore, JobRows, SourceFilter, SourceKind, StaleJob, StoredRow},
    time::Timestamp,
};
use worker::SqlStorageValue;

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{integer, optional, string, text, timestamp};

/// The condition that a job is open, written so that the index `job_rows_by_status` applies.
const OPEN: &str = "status IN ('queued', 'running') AND status <> 'succeeded'";

/// The expression for the row of a job as one JSON text.
const RECORD: &str = r#"'{"classification":' || classification || ',' || substr(record, 2)"#;

/// The statement that assembles the rows of the statement `page` in the format of [`JobRows::Raw`], or returns an
/// empty cell if they have more than `max_bytes` bytes, or the classifications of each more than `max_listed_bytes`. SQL
/// assembles them because each value that crosses from the storage to here costs more than its bytes.
fn assemble_rows(page: &str, max_bytes: usize, max_listed_bytes: usize) -> String {
    format!(
        r#"WITH page AS MATERIALIZED ({page}),
        different AS MATERIALIZED (SELECT '"' || rules || '":' || classification AS member FROM job_rows
            WHERE number IN (SELECT max(number) FROM page GROUP BY rules))
        SELECT CAST(CASE WHEN (SELECT sum(length(CAST(record AS BLOB))) FROM page) +
            (SELECT sum(length(CAST(member AS BLOB))) FROM different) <= {max_bytes} AND
            (SELECT sum(octet_length(classification)) FROM job_rows WHERE number IN (SELECT number FROM page))
            <= {max_listed_bytes}
        THEN '"rows":[' || (SELECT group_concat(record, ',' ORDER BY created_at DESC, id DESC) FROM page) ||
            '],"classifications":{{' || (SELECT group_concat(member, ',') FROM different) || '}}'
        END AS BLOB) FROM page LIMIT 1"#
    )
}

/// The conditions of a filter.
fn conditions(filter: &JobFilter) -> Result<Conditions> {
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
    if let Some(configuration) = &filter.configuration {
        conditions.and("classifier = ?", [text(configuration)]);
    }
    match &filter.source {
        Some(SourceFilter::File(id)) => conditions.and("json_extract(record, '$.source.file.id') = ?", [text(id)]),
        Some(SourceFilter::Parsed(id)) => conditions.and("json_extract(record, '$.source.parsed.job') = ?", [text(id)]),
        Some(SourceFilter::Url(url)) => conditions.and("json_extract(record, '$.source.url.url') = ?", [text(url)]),
        None => {}
    }
    match filter.source_kind {
        Some(SourceKind::File) => conditions.and("json_type(record, '$.source.file') IS NOT NULL", []),
        Some(SourceKind::Parsed) => conditions.and("json_type(record, '$.source.parsed') IS NOT NULL", []),
        Some(SourceKind::Url) => conditions.and("json_type(record, '$.source.url') IS NOT NULL", []),
        None => {}
    }
    if let Some(from) = filter.from {
        conditions.and("created_at >= ?", [timestamp(from)]);
    }
    if let Some(to) = filter.to {
        conditions.and("created_at <= ?", [timestamp(to)]);
    }
    conditions.and_id_in(filter.ids.as_ref())?;
    Ok(conditions)
}

const BY_AGE: &str = "created_at DESC, id DESC";

/// The most terms of a UNION: the platform's limit (SQLITE_LIMIT_COMPOUND_SELECT) is 5.
const MAX_TERMS: usize = 5;

/// The statement that selects the newest rows that meet a filter.
fn page_statement(filter: &JobFilter, conditions: &Conditions, limit: u32) -> (String, Vec<SqlStorageValue>) {
    let select = "SELECT number, id, created_at, rules, record FROM job_rows";
    let has_index =
        filter.kind.is_some() || filter.ids.is_some() || filter.classifier.is_some() || filter.configuration.is_some();
    if has_index {
        return conditions.statement(select, BY_AGE, limit);
    }
    // The indexes by age are by kind as well: one more would cost every job a write.
    let (statements, bindings): (Vec<_>, Vec<_>) = JobKind::ALL
        .into_iter()
        .map(|kind| {
            let mut of_kind = conditions.clone();
            of_kind.and("kind = ?", [text(&kind.as_str())]);
            let (statement, bindings) = of_kind.statement(select, BY_AGE, limit);
            (format!("SELECT * FROM ({statement})"), bindings)
        })
        .unzip();
    let groups: Vec<String> = statements
        .chunks(MAX_TERMS)
        .map(|statements| format!("SELECT * FROM ({})", statements.join(" UNION ALL ")))
        .collect();
    let statement = format!("SELECT * FROM ({}) ORDER BY {BY_AGE} LIMIT ?", groups.join(" UNION ALL "));
    (statement, bindings.into_iter().flatten().chain([integer(limit.into())]).collect())
}

impl JobRowStore for ProjectIndex {
    fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.sql.record(&format!("SELECT {RECORD} FROM job_rows WHERE id = ?"), vec![text(&id)])
    }

    fn has_job(&self, id: JobId) -> Result<bool> {
        self.sql.exists("SELECT '1' FROM job_rows WHERE id = ?", vec![text(&id)])
    }

    fn has_job_between(&self, from: Timestamp, to: Timestamp) -> Result<bool> {
        self.sql.exists(
            "SELECT '1' FROM job_rows WHERE kind IN ('document', 'extraction') AND created_at BETWEEN ? AND ? LIMIT 1",
            vec![timestamp(from), timestamp(to)],
        )
    }

    fn job_by_idempotency_key(&self, key: &str) -> Result<Option<Job>> {
        self.sql.record(&format!("SELECT {RECORD} FROM job_rows WHERE idempotency_key = ?"), vec![text(&key)])
    }

    fn put_job(&self, job: &Job, row: StoredRow, last_reported_at: Timestamp) -> Result<()> {
        let StoredRow { classification_key, classification, record } = row;
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
                optional(job.saved_configuration().as_ref()),
                optional(job.idempotency_key.as_ref()),
                integer(i64::try_from(job.version).unwrap_or(i64::MAX)),
                timestamp(last_reported_at),
                string(classification_key),
                string(classification),
                string(record),
            ],
        )
    }

    fn remove_job(&self, id: JobId) -> Result<()> {
        self.sql.write("DELETE FROM job_rows WHERE id = ?", vec![text(&id)])
    }

    fn jobs(&self, filter: &JobFilter, after: Option<(Timestamp, JobId)>, limit: u32) -> Result<JobRows> {
        let mut conditions = conditions(filter)?;
        if let Some((at, id)) = after {
            conditions.and("(created_at, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        for size in std::iter::successors(Some(limit), |size| (*size > 1).then_some(size / 2)) {
            let (page, bindings) = page_statement(filter, &conditions, size);
            // A single row always is a page.
            const ANY: usize = usize::MAX >> 1;
            let (bytes, listed) = if size > 1 { (limits::PAGE_BYTES, limits::MAX_LISTED_BYTES) } else { (ANY, ANY) };
            match self.sql.cell(&assemble_rows(&page, bytes, listed), bindings)? {
                None => break,
                Some(page) if page.is_empty() => {}
                Some(page) => {
                    let page = String::from_utf8(page).map_err(Error::internal)?;
                    return Ok(JobRows::Raw { page, truncated: size < limit });
                }
            }
        }
        Ok(JobRows::empty())
    }

    fn job_count(&self, filter: &JobFilter, limit: u32) -> Result<u32> {
        let (statement, bindings) = conditions(filter)?.count("job_rows", limit);
        self.sql.record(&statement, bindings).map(Option::unwrap_or_default)
    }

    fn stale_jobs(&self, before: Timestamp, limit: u32) -> Result<Vec<StaleJob>> {
        let stale = "json_object('id', id, 'version', version)";
        self.sql.records(
            &format!("SELECT {stale} FROM job_rows WHERE {OPEN} AND heard_at < ? ORDER BY heard_at, id LIMIT ?"),
            vec![timestamp(before), integer(limit.into())],
        )
    }

    fn any_jobs(&self, limit: u32) -> Result<Vec<JobId>> {
        self.sql.records("SELECT json_quote(id) FROM job_rows LIMIT ?", vec![integer(limit.into())])
    }

    fn touch_job(&self, id: JobId, now: Timestamp) -> Result<()> {
        self.sql.write("UPDATE job_rows SET heard_at = ? WHERE id = ?", vec![timestamp(now), text(&id)])
    }

    fn open_job_count(&self, limit: u32) -> Result<u32> {
        let statement = format!("SELECT count(*) || '' FROM (SELECT 1 FROM job_rows WHERE {OPEN} LIMIT ?)");
        self.sql.record(&statement, vec![integer(limit.into())]).map(Option::unwrap_or_default)
    }

    fn has_open_jobs(&self) -> Result<bool> {
        self.sql.exists(&format!("SELECT '1' FROM job_rows WHERE {OPEN} LIMIT 1"), Vec::new())
    }
}
