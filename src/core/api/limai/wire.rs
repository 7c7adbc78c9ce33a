//! Response bodies.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::NO_FILE;
use crate::{
    api::cuid,
    document::Rect,
    extract::{self, Field, FieldKind, ValueSource},
    id::{FileId, JobId, SchemaId},
    job::{self, Job, Stage, Status},
    service::index::File,
};

pub(super) fn file_id(id: FileId) -> String {
    cuid::encode_with_prefix("file", &id)
}

pub(super) fn job_id(id: JobId) -> String {
    cuid::encode_with_prefix("job", &id)
}

pub(super) fn schema_id(id: SchemaId) -> String {
    cuid::encode_with_prefix("schema", &id)
}

/// The URL to upload the bytes of a file to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct UploadUrl {
    /// The URL to put the bytes to, for 15 minutes.
    pub url: String,
    /// The id of the file.
    pub file_id: String,
}

/// The classification of a file, and where the file is routed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) enum Classified {
    /// It has a label.
    #[serde(rename_all = "camelCase")]
    Routed {
        /// The file.
        file_id: String,
        /// The destination of the label's route; the label itself if it has none.
        deployment_name: String,
        /// The schema of the route; null if the label has no route.
        extraction_schema_id: Option<String>,
        /// An addition to the dialect, from 0 to 1.
        confidence: f64,
    },
    /// No rule fits.
    #[serde(rename_all = "camelCase")]
    Unrouted {
        /// Always null.
        file_id: Option<String>,
        /// Always `UNCLASSIFIED`.
        status: &'static str,
    },
}

impl Classified {
    pub(super) fn new(id: FileId, job: &Job) -> Self {
        match job.decision.as_ref().and_then(|decision| Some((decision.label.clone()?, decision.confidence))) {
            Some((label, confidence)) => Self::Routed {
                file_id: file_id(id),
                deployment_name: job.route.as_ref().map_or(label, |route| route.deployment.clone()),
                extraction_schema_id: job.route.as_ref().map(|route| schema_id(route.schema_id)),
                confidence,
            },
            None => Self::Unrouted { file_id: None, status: "UNCLASSIFIED" },
        }
    }
}

/// A job that was queued.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Queued {
    /// That it was queued, as a sentence.
    message: &'static str,
    /// The file.
    file_id: String,
    /// The job.
    job_id: String,
}

impl Queued {
    pub(super) fn new(file: FileId, job: JobId) -> Self {
        Self { message: "Job queued for processing", file_id: file_id(file), job_id: job_id(job) }
    }
}

/// A conflict: the file has a job in progress.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct InProgress {
    /// Always `Job already in progress`.
    error: &'static str,
    /// What to do about it.
    message: &'static str,
    /// The file.
    file_id: String,
    /// The job that it has.
    existing_job_id: String,
}

impl InProgress {
    pub(super) fn new(file: FileId, existing: JobId) -> Self {
        Self {
            error: "Job already in progress",
            message: "The file is being processed; ask get-file-data how far it is",
            file_id: file_id(file),
            existing_job_id: job_id(existing),
        }
    }
}

/// How far a file is.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) enum FileStatus {
    /// Nothing but the status is known.
    #[serde(rename_all = "camelCase")]
    Plain {
        /// `PENDING`, `CLASSIFYING` or `PROCESSING`.
        status: &'static str,
        /// The file.
        file_id: String,
        /// The status as a sentence.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'static str>,
        /// The job.
        #[serde(skip_serializing_if = "Option::is_none")]
        job_id: Option<String>,
    },
    /// The job failed, or no rule fits the file.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// Always `FAILED`.
        status: &'static str,
        /// The file.
        file_id: String,
        /// The job.
        job_id: String,
        /// Why it failed.
        error_message: String,
    },
    /// The file was classified, and extracted if there is `data`.
    #[serde(rename_all = "camelCase")]
    Routed {
        /// `COMPLETED`, or `PENDING` while its extraction was not queued.
        status: &'static str,
        /// The status as a sentence.
        message: &'static str,
        /// The file.
        file_id: String,
        /// The job, if there is data.
        #[serde(skip_serializing_if = "Option::is_none")]
        job_id: Option<String>,
        /// The schema of its route; null if its label has none.
        extraction_schema_id: Option<String>,
        /// The destination of its route; named after the label if that has none.
        deployment: Deployment,
        /// An addition to the dialect, if the label has no route: the label.
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// How likely that label is right, from 0 to 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        confidence: Option<f64>,
        /// The extracted data; without tables if the label has no route.
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<Data>,
    },
    /// The file does not exist. Only used when several files are requested.
    #[serde(rename_all = "camelCase")]
    Unknown {
        /// Always `FAILED`.
        status: &'static str,
        /// The id that was asked for.
        file_id: String,
        /// What is wrong with it.
        error: &'static str,
        /// The same.
        error_message: &'static str,
    },
}

/// How far several files are.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct FilesStatus {
    /// One for each file, in the order of the request.
    pub data: Vec<FileStatus>,
}

impl FileStatus {
    /// The status of a file, of which `job` is the last job.
    pub(super) fn new(row: &File, job: Option<&Job>) -> Self {
        let file_id = file_id(row.id);
        let plain =
            |status, message| Self::Plain { status, file_id: file_id.clone(), message: Some(message), job_id: None };
        let Some(job) = job else {
            let message =
                if row.size.is_some() { "Nothing was asked of the file yet" } else { "The file has not arrived yet" };
            return plain("PENDING", message);
        };
        let failed = |why: String| Self::Failed {
            status: "FAILED",
            file_id: file_id.clone(),
            job_id: job_id(job.id),
            error_message: why,
        };
        match (job.status(), job.stage()) {
            (Status::Queued | Status::Running, Some(Stage::Extract)) => {
                Self::Plain { status: "PROCESSING", file_id, message: None, job_id: Some(job_id(job.id)) }
            }
            (Status::Queued | Status::Running, _) => plain("CLASSIFYING", "Document is being classified"),
            (Status::Succeeded, _) => Self::succeeded(file_id, job),
            (Status::Failed, _) => failed(job.failure().map(failure_text).unwrap_or_default()),
            (Status::Cancelled | Status::Deleted, _) => failed("The job was cancelled".to_owned()),
        }
    }

    fn succeeded(file_id: String, job: &Job) -> Self {
        let Some(route) = &job.route else { return Self::without_route(file_id, job) };
        let (status, message) = match job.extraction {
            Some(_) => ("COMPLETED", "File data retrieved successfully."),
            None => ("PENDING", "The file is classified; its extraction was not queued"),
        };
        Self::Routed {
            status,
            message,
            file_id,
            job_id: job.extraction.as_ref().map(|_| job_id(job.id)),
            extraction_schema_id: Some(schema_id(route.schema_id)),
            deployment: Deployment::new(job, &route.deployment),
            label: None,
            confidence: None,
            data: job.extraction.as_ref().map(|_| Data::new(job)),
        }
    }

    /// The status of a file that was classified and leads nowhere. The vendor has no such files, and clients know two
    /// final words. With a label, all was done that there is to do; without one, a person has to look at the file, so
    /// that it must not pass for an empty document.
    fn without_route(file_id: String, job: &Job) -> Self {
        match job.decision.as_ref().and_then(|decision| Some((decision.label.clone()?, decision.confidence))) {
            Some((label, confidence)) => Self::Routed {
                status: "COMPLETED",
                message: "The file is classified; its label has no extraction schema",
                file_id,
                job_id: Some(job_id(job.id)),
                extraction_schema_id: None,
                deployment: Deployment::new(job, &label),
                label: Some(label),
                confidence: Some(confidence),
                data: Some(Data::default()),
            },
            None => Self::Failed {
                status: "FAILED",
                file_id,
                job_id: job_id(job.id),
                error_message: "UNCLASSIFIED: No rule fits the document".to_owned(),
            },
        }
    }

    /// The status of a file that is not there.
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown { status: "FAILED", file_id: name.to_owned(), error: NO_FILE, error_message: NO_FILE }
    }
}

fn failure_text(failure: &job::Failure) -> String {
    format!("{}: {}", failure.code, failure.message)
}

/// A file that was extracted from at once.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Processed {
    /// That it went well, as a sentence.
    message: &'static str,
    /// The file.
    file_id: String,
    /// The job.
    job_id: String,
    /// The schema.
    extraction_schema_id: String,
    /// The extracted data.
    data: Data,
}

impl Processed {
    pub(super) fn new(file: FileId, schema: SchemaId, job: &Job) -> Self {
        Self {
            message: "File processed successfully.",
            file_id: file_id(file),
            job_id: job_id(job.id),
            extraction_schema_id: schema_id(schema),
            data: Data::new(job),
        }
    }
}

/// Jobs that were queued.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct QueuedMany {
    /// That they were queued, as a sentence.
    message: &'static str,
    /// One for each file, in the order of the request.
    jobs: Vec<QueuedFile>,
}

impl QueuedMany {
    pub(super) fn new(jobs: Vec<QueuedFile>) -> Self {
        Self { message: "Jobs queued for processing", jobs }
    }
}

/// One file of several, queued or not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct QueuedFile {
    /// The file.
    file_id: String,
    /// The job; null if none was queued.
    job_id: Option<String>,
    /// The job that the file already has.
    #[serde(skip_serializing_if = "Option::is_none")]
    existing_job_id: Option<String>,
    /// Why none was queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl QueuedFile {
    pub(super) fn queued(file: FileId, job: JobId) -> Self {
        Self { file_id: file_id(file), job_id: Some(job_id(job)), existing_job_id: None, error: None }
    }

    pub(super) fn failed(name: String, existing: Option<JobId>, error: &str) -> Self {
        Self { file_id: name, job_id: None, existing_job_id: existing.map(job_id), error: Some(error.to_owned()) }
    }
}

/// A destination. Its id is derived from its name, because here it is only the name of routes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Deployment {
    /// The id.
    id: String,
    /// The name.
    name: String,
}

impl Deployment {
    /// The destination `name` of the project of `job`.
    fn new(job: &Job, name: &str) -> Self {
        let digest = Sha256::new().chain_update(job.project.to_string()).chain_update(name).finalize();
        let id = digest.first_chunk().map_or(Uuid::nil(), |bytes| Uuid::from_bytes(*bytes));
        Self { id: cuid::encode_with_prefix("deployment", &id), name: name.to_owned() }
    }
}

/// The extracted data.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Data {
    /// The schema's fields as one table with one row, and its tables; by id.
    tables: BTreeMap<String, Table>,
}

/// A table.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Table {
    /// The id.
    id: String,
    /// The name.
    name: String,
    /// The columns, in the order of the schema.
    columns: Vec<Column>,
    /// The rows.
    rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Column {
    /// The id.
    id: String,
    /// The name of the field.
    name: String,
    /// `TEXT`, `NUMBER`, `DATE`, `BOOLEAN` or `LABEL`.
    r#type: &'static str,
}

/// A row.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Row {
    /// The id.
    id: String,
    /// The index, from 0.
    index: String,
    /// Always `PENDING`: nobody has reviewed it.
    status: &'static str,
    /// The values by the name of their column.
    cells: BTreeMap<String, Cell>,
}

/// A value. Its confidence and its place are additions to the dialect.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Cell {
    /// The value, normalised; empty if the document does not give one.
    value: String,
    /// The column.
    column_id: String,
    /// How likely it is right, from 0 to 1.
    confidence: f64,
    /// The value as the document writes it.
    text: Option<String>,
    /// The page, from 1.
    page: Option<u32>,
    /// The box on the page, if the format has a layout.
    rect: Option<Rect>,
    /// `text`, or `embedded` for an invoice embedded as data.
    source: ValueSource,
}

impl Data {
    fn new(job: &Job) -> Self {
        let (Some(route), Some(extraction)) = (&job.route, &job.extraction) else { return Self::default() };
        let mut tables = BTreeMap::new();
        let mut add = |name: &str, fields: &[Field], rows: &[&[extract::Value]]| {
            let id = format!("table_{}_{}", cuid::encode(&route.schema_id), tables.len());
            let table = Table::new(&id, name, fields, rows, job);
            tables.insert(id, table);
        };
        if !route.schema.fields.is_empty() {
            add(&route.schema_name, &route.schema.fields, &[&extraction.values]);
        }
        for table in &route.schema.tables {
            let rows = extraction.tables.iter().find(|rows| rows.table == table.name);
            let rows: Vec<&[extract::Value]> = rows.iter().flat_map(|rows| &rows.rows).map(Vec::as_slice).collect();
            add(&table.name, &table.fields, &rows);
        }
        Self { tables }
    }
}

impl Table {
    fn new(id: &str, name: &str, fields: &[Field], rows: &[&[extract::Value]], job: &Job) -> Self {
        let column_id = |index: usize| format!("{id}_c{index}");
        let columns = fields.iter().enumerate().map(|(index, field)| Column {
            id: column_id(index),
            name: field.name.clone(),
            r#type: column_type(field.kind),
        });
        let rows = rows.iter().enumerate().map(|(index, values)| {
            let cells = values.iter().filter_map(|value| {
                let column = fields.iter().position(|field| field.name == value.field)?;
                Some((value.field.clone(), Cell::new(value, column_id(column))))
            });
            let id = format!("row_{}_{id}_{index}", cuid::encode(&job.id));
            Row { id, index: index.to_string(), status: "PENDING", cells: cells.collect() }
        });
        Self { id: id.to_owned(), name: name.to_owned(), columns: columns.collect(), rows: rows.collect() }
    }
}

impl Cell {
    fn new(value: &extract::Value, column_id: String) -> Self {
        let citation = value.citation.as_ref();
        Self {
            value: value.value.clone().unwrap_or_default(),
            column_id,
            confidence: value.confidence,
            text: value.text.clone(),
            page: citation.map(|citation| citation.page),
            rect: citation.and_then(|citation| citation.rect),
            source: value.origin,
        }
    }
}

const fn column_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Number | FieldKind::Money | FieldKind::Percent => "NUMBER",
        FieldKind::Date => "DATE",
        FieldKind::Boolean => "BOOLEAN",
        FieldKind::Label => "LABEL",
        FieldKind::Text
        | FieldKind::Iban
        | FieldKind::VatId
        | FieldKind::Email
        | FieldKind::Phone
        | FieldKind::Url
        | FieldKind::Currency
        | FieldKind::Id => "TEXT",
    }
}

/// How far a job is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct JobStatus {
    /// The job.
    id: String,
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    status: &'static str,
    /// The same for its extraction; null if it has none.
    extraction_stage_status: Option<&'static str>,
    /// Why it failed.
    error_message: Option<String>,
}

impl JobStatus {
    pub(super) fn new(job: &Job) -> Self {
        let status_word = |status| match status {
            Status::Queued => "PENDING",
            Status::Running => "PROCESSING",
            Status::Succeeded => "COMPLETED",
            Status::Failed | Status::Cancelled | Status::Deleted => "FAILED",
        };
        let extracting = job.stage() == Some(Stage::Extract);
        let extraction = match job.status() {
            _ if !job.plan.stages().contains(&Stage::Extract) => None,
            status @ (Status::Queued | Status::Running) if extracting => Some(status_word(status)),
            Status::Queued | Status::Running => Some("PENDING"),
            Status::Succeeded if !job.has_extraction() => None,
            status => Some(status_word(status)),
        };
        // A job between its stages is processing.
        let status = if extracting && job.decision.is_some() { "PROCESSING" } else { status_word(job.status()) };
        Self {
            id: job_id(job.id),
            status,
            extraction_stage_status: extraction,
            error_message: job.failure().map(failure_text),
        }
    }
}
