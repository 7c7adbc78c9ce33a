//! What is answered.

use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    api::cuid,
    error::{Error, Result},
    extract::{self, Field, Kind, Origin},
    id::{FileId, JobId, SchemaId},
    job::{Job, Route, Stage, Status},
    service::index::File,
};

pub(super) fn file(id: FileId) -> String {
    cuid::spell_as("file", &id)
}

pub(super) fn job(id: JobId) -> String {
    cuid::spell_as("job", &id)
}

pub(super) fn schema(id: SchemaId) -> String {
    cuid::spell_as("schema", &id)
}

/// The JSON of a value.
pub(super) fn raw(value: &impl Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value).map_err(Error::internal)
}

/// Where to put the bytes of a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    pub url: String,
    pub file_id: String,
}

/// Where a file goes.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Classified {
    #[serde(rename_all = "camelCase")]
    Routed {
        file_id: String,
        deployment_name: String,
        /// Null where the label has a rule and no route.
        extraction_schema_id: Option<String>,
        /// An addition: how sure it is, 0 to 1.
        confidence: f64,
    },
    #[serde(rename_all = "camelCase")]
    Unrouted { file_id: Option<String>, status: &'static str },
}

impl Classified {
    pub(super) fn new(id: FileId, job: &Job) -> Self {
        match job.decision.as_ref().and_then(|decision| Some((decision.label.clone()?, decision.confidence))) {
            Some((label, confidence)) => Self::Routed {
                file_id: file(id),
                deployment_name: job.route.as_ref().map_or(label, |route| route.deployment.clone()),
                extraction_schema_id: job.route.as_ref().map(|route| schema(route.schema_id)),
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
    pub(super) fn new(id: FileId, job_id: JobId) -> Self {
        Self { message: "Job queued for processing", file_id: file(id), job_id: job(job_id) }
    }
}

/// A job that is in the way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InProgress {
    error: &'static str,
    message: &'static str,
    file_id: String,
    existing_job_id: String,
}

impl InProgress {
    pub(super) fn new(id: FileId, existing: JobId) -> Self {
        Self {
            error: "Job already in progress",
            message: "The file is being processed; ask get-file-data how far it is",
            file_id: file(id),
            existing_job_id: job(existing),
        }
    }
}

/// How far a file is.
pub(super) fn state(row: &File, found: Option<&Job>) -> Value {
    let id = file(row.id);
    let Some(one) = found else {
        let message =
            if row.size.is_some() { "Nothing was asked of the file yet" } else { "The file has not arrived yet" };
        return json!({ "status": "PENDING", "fileId": id, "message": message });
    };
    let failed = |why: String| json!({ "status": "FAILED", "fileId": id, "jobId": job(one.id), "errorMessage": why });
    match (one.status(), one.stage()) {
        (Status::Queued | Status::Running, Some(Stage::Extract)) => {
            json!({ "status": "PROCESSING", "fileId": id, "jobId": job(one.id) })
        }
        (Status::Queued | Status::Running, _) => {
            json!({ "status": "CLASSIFYING", "fileId": id, "message": "Document is being classified" })
        }
        (Status::Succeeded, _) => succeeded(&id, one),
        (Status::Failed, _) => {
            failed(one.failure().map(|failure| format!("{}: {}", failure.code, failure.message)).unwrap_or_default())
        }
        (Status::Cancelled | Status::Purged, _) => failed("The job was cancelled".to_owned()),
    }
}

fn succeeded(id: &str, one: &Job) -> Value {
    match (&one.route, &one.extraction) {
        (Some(route), Some(_)) => json!({
            "status": "COMPLETED",
            "message": "File data retrieved successfully.",
            "fileId": id,
            "jobId": job(one.id),
            "extractionSchemaId": schema(route.schema_id),
            "deployment": deployment(route),
            "data": data(one),
        }),
        (Some(route), None) => json!({
            "status": "PENDING",
            "fileId": id,
            "message": "The file is classified; its extraction was not queued",
            "extractionSchemaId": schema(route.schema_id),
            "deployment": deployment(route),
        }),
        (None, _) => json!({ "status": "UNCLASSIFIED", "fileId": id, "message": "No route fits the document" }),
    }
}

/// A deployment has no id but its schema's: here it is no more than a name on the way to a schema.
fn deployment(route: &Route) -> Value {
    json!({ "id": cuid::spell_as("deployment", &route.schema_id), "name": route.deployment })
}

/// What was extracted: the schema's fields as one table with one row, and its tables.
pub(super) fn data(one: &Job) -> Value {
    let (Some(route), Some(extraction)) = (&one.route, &one.extraction) else { return json!({ "tables": {} }) };
    let mut tables = Map::new();
    let mut add = |name: &str, fields: &[Field], rows: &[&[extract::Value]]| {
        let id = format!("table_{}_{}", cuid::spell(&route.schema_id), tables.len());
        let table = table(&id, name, fields, rows, one);
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

fn table(id: &str, name: &str, fields: &[Field], rows: &[&[extract::Value]], one: &Job) -> Value {
    let column = |at: usize| format!("{id}_c{at}");
    let columns: Vec<_> = fields
        .iter()
        .enumerate()
        .map(|(at, field)| json!({ "id": column(at), "name": field.name, "type": column_type(field.kind) }))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(index, values)| {
            let cells: Map<String, Value> = values
                .iter()
                .filter_map(|value| {
                    let at = fields.iter().position(|field| field.name == value.field)?;
                    Some((value.field.clone(), cell(value, &column(at))))
                })
                .collect();
            let row = format!("row_{}_{id}_{index}", cuid::spell(&one.id));
            json!({ "id": row, "index": index.to_string(), "status": "PENDING", "cells": cells })
        })
        .collect();
    json!({ "id": id, "name": name, "columns": columns, "rows": rows })
}

/// A value. Beyond the dialect: where it stands and how sure it is.
fn cell(value: &extract::Value, column: &str) -> Value {
    let place = value.citation.as_ref();
    json!({
        "value": value.value.as_deref().unwrap_or_default(),
        "columnId": column,
        "confidence": value.confidence,
        "text": value.text,
        "page": place.map(|place| place.page),
        "rect": place.and_then(|place| place.rect),
        "source": match value.origin { Origin::Text => "text", Origin::Embedded => "embedded" },
    })
}

const fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Number | Kind::Money | Kind::Percent => "NUMBER",
        Kind::Date => "DATE",
        Kind::Boolean => "BOOLEAN",
        Kind::Label => "LABEL",
        Kind::Text | Kind::Iban | Kind::VatId | Kind::Email | Kind::Phone | Kind::Url | Kind::Currency | Kind::Id => {
            "TEXT"
        }
    }
}

/// How far a job is.
pub(super) fn queue_status(one: &Job) -> Value {
    let word = |status| match status {
        Status::Queued => "PENDING",
        Status::Running => "PROCESSING",
        Status::Succeeded => "COMPLETED",
        Status::Failed | Status::Cancelled | Status::Purged => "FAILED",
    };
    let extracting = one.stage() == Some(Stage::Extract);
    let extraction = match one.status() {
        _ if !one.plan.contains(&Stage::Extract) => None,
        status @ (Status::Queued | Status::Running) if extracting => Some(word(status)),
        Status::Queued | Status::Running => Some("PENDING"),
        Status::Succeeded if one.extraction.is_none() => None,
        status => Some(word(status)),
    };
    // A job between its stages is under way.
    let status = if extracting && one.decision.is_some() { "PROCESSING" } else { word(one.status()) };
    let error = one.failure().map(|failure| format!("{}: {}", failure.code, failure.message));
    json!({ "id": job(one.id), "status": status, "extractionStageStatus": extraction, "errorMessage": error })
}
