//! Reads records the way the Worker's objects read them, and describes their contents as JSON.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sortroom::{
    job::{self, Command, Effect, Job, JobSource, State},
    service::{
        index::{ClassifierVersion, DeliveryRecord, File, JobRows, ListedToken, Project, SavedSchema, Webhook},
        job_reply::JobReply,
        ports::StageMessage,
        tokens::{Scope, Token},
    },
    time::Timestamp,
};

use crate::Saved;

/// Reads a record of a kind, and returns its contents.
pub fn read(kind: &str, saved: &Saved) -> Result<Value, String> {
    match kind {
        "jobs" => stored_job(saved).map(|job| self::job(&job)),
        "job_rows" => row(saved).map(|job| self::job(&job)),
        "classifiers" => record(saved).map(|version| classifier(&version)),
        "files" => record(saved).map(|file| self::file(&file)),
        "messages" => record(saved).map(|message| self::message(&message)),
        "projects" => record(saved).map(|project| self::project(&project)),
        "schemas" => record(saved).map(|schema| self::schema(&schema)),
        "tokens" => record(saved).map(|token| self::token(&token)),
        "listed_tokens" => record(saved).map(|token| self::listed_token(&token)),
        "webhooks" => record(saved).map(|webhook| self::webhook(&webhook)),
        "deliveries" => record(saved).map(|delivery| self::delivery(&delivery)),
        _ => Err("nothing here reads records of that kind".to_owned()),
    }
}

fn record<T: DeserializeOwned>(saved: &Saved) -> Result<T, String> {
    parse(saved.record.get())
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{error} in {text}"))
}

/// Reads a job as its job object does: parsed for commands, and returned as stored.
fn stored_job(saved: &Saved) -> Result<Job, String> {
    let job: Job = record(saved)?;
    match parse(&format!(r#"{{"job":{}}}"#, saved.record.get()))? {
        JobReply::Job(returned) if *returned == job => {}
        other => return Err(format!("handed out as {other:?}")),
    }
    // The job object searches for this text to recognise a deleted job.
    let is_deleted = saved.record.get().contains(r#""at":"purged""#);
    if is_deleted != (job.state == State::Deleted) {
        return Err("the state is spelt otherwise".to_owned());
    }
    // In any state the job accepts the wake-up of its timer.
    job::apply(Some(&job), Command::Wake, job.timer().unwrap_or(job.updated_at))
        .map_err(|rejected| format!("waking it is rejected: {rejected:?}"))?;
    Ok(job)
}

/// Reads the row of a job, by itself and in a listing.
fn row(saved: &Saved) -> Result<Job, String> {
    let classification = saved.classification.as_ref().ok_or("no classification")?.get();
    let text = saved.record.get();
    let key = parse::<Value>(text)?["rules"].as_str().unwrap_or_default().to_owned();
    let job: Job = parse(&format!(r#"{{"classification":{classification},{}"#, &text[1..]))?;
    let page = format!(r#""rows":[{text}],"classifications":{{"{key}":{classification}}}"#);
    let (listed, _) = JobRows::Raw { page, truncated: false }.into_jobs().map_err(|error| format!("{error:#}"))?;
    if listed != [job.clone()] {
        return Err(format!("listed as {listed:?}"));
    }
    Ok(job)
}

fn ids<T: ToString>(id: Option<&T>) -> Option<String> {
    id.map(ToString::to_string)
}

/// The contents of a job, independent of the Rust types.
pub fn job(job: &Job) -> Value {
    let decision = job.decision.as_ref();
    let values = job.extraction.as_ref().map(|extraction| {
        let values = extraction.values.iter();
        values.map(|value| (value.field.clone(), json!(value.value))).collect::<Map<_, _>>()
    });
    let route = job.route.as_ref().map(|route| {
        json!({
            "label": route.label,
            "deployment": route.deployment,
            "schema": route.schema_id.to_string(),
            "schema_name": route.schema_name,
            "fields": route.schema.fields.len(),
        })
    });
    let source = match &job.source {
        JobSource::File { id, size } => json!({ "file": id.to_string(), "size": size }),
        JobSource::Mail { mail } => {
            json!({ "mail": mail.as_ref().map(|mail| [mail.subject.clone(), mail.body.clone()]) })
        }
        JobSource::Url { url, file } => json!({ "url": url, "file": file.map(|file| file.id.to_string()) }),
        JobSource::Parsed { job, file } => json!({ "parsed": job.to_string(), "file": file.id.to_string() }),
    };
    let state = match job.state {
        State::Queued { stage, attempts_made, redeliveries, not_before, .. } => {
            let not_before = not_before.as_millis();
            json!({ "stage": stage, "attempt": attempts_made, "asked": redeliveries, "not_before": not_before })
        }
        State::Running { stage, attempt, lease, .. } => {
            json!({ "stage": stage, "attempt": attempt, "lease": lease.to_string() })
        }
        _ => Value::Null,
    };
    let settings = &job.classification.settings;
    json!({
        "id": job.id.to_string(),
        "project": job.project.to_string(),
        "user": job.user.to_string(),
        "version": job.version,
        "kind": job.kind().as_str(),
        "status": job.status().as_str(),
        "state": state,
        "stages": job.plan.stages().len(),
        "source": source,
        "classifier": ids(job.classification.classifier.as_ref()),
        "rules": job.classification.rules.rules.iter().map(|rule| rule.label.clone()).collect::<Vec<_>>(),
        "language": settings.language,
        "no_match_bias": settings.no_match_bias,
        "pages": job.classification.read_options.pages,
        "transaction": job.idempotency_key,
        "label": decision.and_then(|decision| decision.label.clone()),
        "confidence": decision.map(|decision| decision.confidence),
        "no_match": decision.map(|decision| decision.no_match),
        "reasoning": decision.map(|decision| decision.reasoning.clone()),
        "scores": decision.map(|decision| decision.scores.len()),
        "evidence": decision.map(|decision| decision.evidence.len()),
        "values": values,
        "engine_version": job.engine_version,
        "tables": job.extraction.as_ref().map(|extraction| extraction.tables.len()),
        "route": route,
        "routes": job.routes.iter().map(|route| route.deployment.clone()).collect::<Vec<_>>(),
        "failure": job.failure().map(|failure| failure.code.clone()),
        "reference": job.external.reference,
        "metadata": job.external.metadata,
        "retention_days": job.retention_days,
        "created_at": job.created_at.as_millis(),
        "updated_at": job.updated_at.as_millis(),
        "timer": job.timer().map(Timestamp::as_millis),
        "outbox": job.outbox.iter().map(Effect::id).collect::<Vec<_>>(),
        "undelivered": job.outbox_failures,
    })
}

pub fn classifier(version: &ClassifierVersion) -> Value {
    let rules = version.classification.rules.rules.iter();
    let routes = version.routes.iter().map(|route| {
        (route.label.clone(), json!({ "deployment": route.deployment, "schema": route.schema.to_string() }))
    });
    let settings = &version.classification.settings;
    json!({
        "id": version.id.to_string(),
        "name": version.name,
        "version": version.version.as_millis(),
        "created_at": version.created_at.as_millis(),
        "draft": version.draft,
        "rules": rules
            .map(|rule| json!({
                "id": version.rule_id(&rule.label).to_string(),
                "label": rule.label,
                "description": rule.description,
                "examples": rule.examples,
            }))
            .collect::<Vec<_>>(),
        "routes": routes.collect::<Map<_, _>>(),
        "language": settings.language,
        "no_match_bias": settings.no_match_bias,
        "allow_no_match": settings.allow_no_match,
    })
}

pub fn file(file: &File) -> Value {
    json!({
        "id": file.id.to_string(),
        "name": file.name,
        "purpose": file.purpose,
        "external_id": file.external_id,
        "kind": file.kind,
        "size": file.size,
        "job": ids(file.job.as_ref()),
        "upload_until": file.upload.map(|upload| upload.until.as_millis()),
        "created_at": file.created_at.as_millis(),
        "updated_at": file.updated_at.as_millis(),
    })
}

pub fn message(message: &StageMessage) -> Value {
    json!({
        "project": message.project.to_string(),
        "job": message.job.to_string(),
        "stage": message.stage,
        "attempt": message.attempts_made,
    })
}

pub fn project(project: &Project) -> Value {
    json!({
        "id": project.id.to_string(),
        "name": project.name,
        "organization": project.organization.to_string(),
        "organization_name": project.organization_name,
        "retention_days": project.retention_days,
        "max_open_jobs": project.max_open_jobs,
        "max_stored_mib": project.max_stored_mib,
        "created_at": project.created_at.as_millis(),
        "updated_at": project.updated_at.as_millis(),
    })
}

pub fn schema(saved: &SavedSchema) -> Value {
    let fields = saved.schema.fields.iter().map(|field| {
        // The kind's name in the JSON of schemas, which is also its name in storage.
        let kind = serde_json::to_value(field.kind).expect("a kind");
        (field.name.clone(), json!({ "kind": kind, "description": field.description, "synonyms": field.synonyms }))
    });
    json!({
        "id": saved.id.to_string(),
        "name": saved.name,
        "fields": fields.collect::<BTreeMap<_, _>>(),
        "tables": saved.schema.tables.iter().map(|table| (table.name.clone(), json!(table.fields.len()))).collect::<Map<_, _>>(),
        "created_at": saved.created_at.as_millis(),
        "updated_at": saved.updated_at.as_millis(),
    })
}

pub fn token(token: &Token) -> Value {
    json!({
        "id": token.id.to_string(),
        "project": token.project.to_string(),
        "name": token.name,
        "secret_sha256": token.secret_sha256,
        "created_at": token.created_at.as_millis(),
        "expires_at": token.expires_at.map(Timestamp::as_millis),
        "scopes": token.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "last_used_at": token.last_used_at.map(Timestamp::as_millis),
        "replaced_until": token.replaced.as_ref().map(|replaced| replaced.valid_until.as_millis()),
    })
}

pub fn listed_token(token: &ListedToken) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "scopes": token.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "created_at": token.created_at.as_millis(),
        "expires_at": token.expires_at.map(Timestamp::as_millis),
        "last_used_at": token.last_used_at.map(Timestamp::as_millis),
        "replaced_until": token.replaced_until.map(Timestamp::as_millis),
    })
}

pub fn webhook(webhook: &Webhook) -> Value {
    let endpoint = &webhook.endpoint;
    json!({
        "id": webhook.id.to_string(),
        "url": endpoint.url,
        "format": format!("{:?}", endpoint.format),
        "headers": endpoint.headers,
        "secret": endpoint.secret,
        "events": webhook.events,
        "every_job": webhook.every_job,
        "output_format": webhook.output_format,
        "created_at": webhook.created_at.as_millis(),
        "updated_at": webhook.updated_at.as_millis(),
        "disabled": webhook.disabled.as_ref().map(|disabled| (disabled.at.as_millis(), disabled.reason.clone())),
    })
}

pub fn delivery(delivery: &DeliveryRecord) -> Value {
    let notification = delivery.notification.map(|notification| {
        let at = notification.at.as_millis();
        (notification.webhook, notification.status.as_str(), notification.version, at)
    });
    let attempts = delivery.attempts.iter().map(|attempt| {
        let answer = (attempt.status, attempt.answer.clone(), attempt.error.clone());
        (attempt.at.as_millis(), attempt.millis, answer)
    });
    json!({
        "id": delivery.id.to_string(),
        "webhook": ids(delivery.webhook.as_ref()),
        "job": ids(delivery.job.as_ref()),
        "notification": notification,
        "url": delivery.url,
        "event": delivery.event,
        "request": delivery.request,
        "state": format!("{:?}", delivery.state),
        "created_at": delivery.created_at.as_millis(),
        "attempts": attempts.collect::<Vec<_>>(),
    })
}
