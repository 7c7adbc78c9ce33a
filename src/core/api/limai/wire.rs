//! Response bodies.

use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    api::cuid,
    error::{Error, Result},
    extract::{self, Field, FieldKind, ValueSource},
    id::{FileId, JobId, SchemaId},
    job::{Job, Route, Stage, Status},
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

/// The JSON of a value.
pub(super) fn to_raw(value: &impl Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value).map_err(Error::internal)
}

/// The URL to upload the bytes of a file to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UploadUrl {
    pub url: String,
    pub file_id: String,
}

/// The classification of a file, and where the file is routed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Classified {
    #[serde(rename_all = "camelCase")]
    Routed {
        file_id: String,
        deployment_name: String,
        /// Null if the label has no route.
        extraction_schema_id: Option<String>,
        /// An addition to the dialect, from 0 to 1.
        confidence: f64,
    },
    #[serde(rename_all = "camelCase")]
    Unrouted { file_id: Option<String>, status: &'static str },
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
pub(super) struct Queued {
    message: &'static str,
    file_id: String,
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
pub(super) struct InProgress {
    error: &'static str,
    message: &'static str,
    file_id: String,
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

/// The status of a file.
pub(super) fn file_status(row: &File, job: Option<&Job>) -> Value {
    let id = file_id(row.id);
    let Some(job) = job else {
        let message =
            if row.size.is_some() { "Nothing was asked of the file yet" } else { "The file has not arrived yet" };
        return json!({ "status": "PENDING", "fileId": id, "message": message });
    };
    let failed =
        |why: String| json!({ "status": "FAILED", "fileId": id, "jobId": job_id(job.id), "errorMessage": why });
    match (job.status(), job.stage()) {
        (Status::Queued | Status::Running, Some(Stage::Extract)) => {
            json!({ "status": "PROCESSING", "fileId": id, "jobId": job_id(job.id) })
        }
        (Status::Queued | Status::Running, _) => {
            json!({ "status": "CLASSIFYING", "fileId": id, "message": "Document is being classified" })
        }
        (Status::Succeeded, _) => succeeded(&id, job),
        (Status::Failed, _) => {
            failed(job.failure().map(|failure| format!("{}: {}", failure.code, failure.message)).unwrap_or_default())
        }
        (Status::Cancelled | Status::Deleted, _) => failed("The job was cancelled".to_owned()),
    }
}

fn succeeded(id: &str, job: &Job) -> Value {
    match (&job.route, &job.extraction) {
        (Some(route), Some(_)) => json!({
            "status": "COMPLETED",
            "message": "File data retrieved successfully.",
            "fileId": id,
            "jobId": job_id(job.id),
            "extractionSchemaId": schema_id(route.schema_id),
            "deployment": deployment(route),
            "data": data(job),
        }),
        (Some(route), None) => json!({
            "status": "PENDING",
            "fileId": id,
            "message": "The file is classified; its extraction was not queued",
            "extractionSchemaId": schema_id(route.schema_id),
            "deployment": deployment(route),
        }),
        (None, _) => json!({ "status": "UNCLASSIFIED", "fileId": id, "message": "No route fits the document" }),
    }
}

/// A deployment. Its id is derived from its schema's, because here it is only the name of a route.
fn deployment(route: &Route) -> Value {
    json!({ "id": cuid::encode_with_prefix("deployment", &route.schema_id), "name": route.deployment })
}

/// The extracted data: the schema's fields as one table with one row, and its tables.
pub(super) fn data(job: &Job) -> Value {
    let (Some(route), Some(extraction)) = (&job.route, &job.extraction) else { return json!({ "tables": {} }) };
    let mut tables = Map::new();
    let mut add = |name: &str, fields: &[Field], rows: &[&[extract::Value]]| {
        let id = format!("table_{}_{}", cuid::encode(&route.schema_id), tables.len());
        let table = table(&id, name, fields, rows, job);
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
    json!({ "tables": tables })
}

fn table(id: &str, name: &str, fields: &[Field], rows: &[&[extract::Value]], job: &Job) -> Value {
    let column_id = |index: usize| format!("{id}_c{index}");
    let columns: Vec<_> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| json!({ "id": column_id(index), "name": field.name, "type": column_type(field.kind) }))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(index, values)| {
            let cells: Map<String, Value> = values
                .iter()
                .filter_map(|value| {
                    let column = fields.iter().position(|field| field.name == value.field)?;
                    Some((value.field.clone(), cell(value, &column_id(column))))
                })
                .collect();
            let row_id = format!("row_{}_{id}_{index}", cuid::encode(&job.id));
            json!({ "id": row_id, "index": index.to_string(), "status": "PENDING", "cells": cells })
        })
        .collect();
    json!({ "id": id, "name": name, "columns": columns, "rows": rows })
}

/// A value. Its confidence and its location are additions to the dialect.
fn cell(value: &extract::Value, column_id: &str) -> Value {
    let citation = value.citation.as_ref();
    json!({
        "value": value.value.as_deref().unwrap_or_default(),
        "columnId": column_id,
        "confidence": value.confidence,
        "text": value.text,
        "page": citation.map(|citation| citation.page),
        "rect": citation.and_then(|citation| citation.rect),
        "source": match value.origin { ValueSource::Text => "text", ValueSource::Embedded => "embedded" },
    })
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

/// The status of a job.
pub(super) fn job_status(job: &Job) -> Value {
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
        Status::Succeeded if job.extraction.is_none() => None,
        status => Some(status_word(status)),
    };
    // A job between its stages is processing.
    let status = if extracting && job.decision.is_some() { "PROCESSING" } else { status_word(job.status()) };
    let error = job.failure().map(|failure| format!("{}: {}", failure.code, failure.message));
    json!({ "id": job_id(job.id), "status": status, "extractionStageStatus": extraction, "errorMessage": error })
}
