//! The command handler of an index.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    ClassifierFilter, ClassifierVersion, Cursor, File, FileOrder, IndexCommand, IndexReply, IndexStore, JobInput, Page,
    Project, Refusal, Reservation, RuleSource, SavedSchema,
    classifier::{next_timestamp, next_version},
    command::{cursor, parse_cursor, truncate_page},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::ProjectId,
    job::{Classification, Job, NewJob, Route, Source},
    limits,
    time::Timestamp,
};

/// Handles one command.
///
/// # Errors
///
/// `NotFound` if a rule does not exist, `Conflict` if a name or label is taken or a schema is in use, `Invalid` for a
/// route to a missing schema or a bad page token, `Internal` if the storage fails. A missing record is a None reply.
pub fn handle(
    store: &impl IndexStore,
    command: IndexCommand,
    project: ProjectId,
    now: Timestamp,
) -> Result<IndexReply> {
    match command {
        IndexCommand::PutProject(new) => {
            let created_at = store.project()?.map_or(new.created_at, |old| old.created_at);
            store.put_project(&Project { created_at, ..new })?;
            Ok(IndexReply::Done)
        }
        IndexCommand::ChangeProject { name, retention_days } => {
            let Some(old) = store.project()? else { return Ok(IndexReply::Project(None)) };
            let name = name.unwrap_or_else(|| old.name.clone());
            let retention_days = retention_days.unwrap_or(old.retention_days);
            let project = if (&name, retention_days) == (&old.name, old.retention_days) {
                old
            } else {
                Project { name, retention_days, updated_at: now, ..old }
            };
            store.put_project(&project)?;
            Ok(IndexReply::Project(Some(project)))
        }
        IndexCommand::GetProject => Ok(IndexReply::Project(store.project()?)),
        IndexCommand::Reserve(reservation) => reserve(store, *reservation, project, now),
        IndexCommand::UpsertJob { job } => {
            store.put_job(&job, now)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::RemoveJob { job } => {
            store.remove_job(job)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::ListJobs { filter, page } => {
            let after = page.after.as_ref().map(parse_cursor).transpose()?;
            Ok(IndexReply::Jobs(store.jobs(&filter, after, page.size.saturating_add(1))?))
        }
        IndexCommand::PutFile(file) => {
            store.put_file(&file)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::GetFile { file } => Ok(IndexReply::File(store.file(file)?)),
        IndexCommand::DeleteFile { file } => {
            store.remove_file(file)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::ListFiles { filter, order, page } => {
            let mut items = store.files(&filter, order, page.after.as_ref(), page.size.saturating_add(1))?;
            let more = truncate_page(&mut items, page.size);
            let next = items.last().filter(|_| more).map(|file| Cursor {
                key: match order {
                    FileOrder::Newest => file.created_at.as_millis().to_string(),
                    FileOrder::Name => file.name.clone(),
                    FileOrder::Id => String::new(),
                },
                id: file.id.to_string(),
            });
            Ok(IndexReply::Files(Page { items, next }))
        }
        IndexCommand::SaveClassifier { id, name, change } => match store.classifier_named(&name)? {
            None => {
                let empty = ClassifierVersion {
                    id,
                    name,
                    version: now,
                    classification: Classification::default(),
                    routes: Vec::new(),
                    rule_ids_by_label: BTreeMap::new(),
                    draft: change.draft,
                    created_at: now,
                };
                put_classifier(store, ClassifierVersion { version: now, ..next_version(empty, change, now) })
            }
            Some(old) => {
                let next = next_version(old.clone(), change, now);
                let same = ClassifierVersion { version: old.version, ..next.clone() } == old;
                put_classifier(store, if same { old } else { next })
            }
        },
        IndexCommand::ChangeClassifier { id, change } => {
            let Some(old) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            if let Some(name) = &change.name
                && store.classifier_named(name)?.is_some_and(|other| other.id != id)
            {
                return Err(Error::new(ErrorKind::Conflict, format!("The name {name:?} is taken")));
            }
            put_classifier(store, next_version(old, change, now))
        }
        IndexCommand::ChangeRules { id, change, draft: false } => {
            let Some(old) = store.classifier(id, false)? else { return Ok(IndexReply::Classifier(None)) };
            let mut next = ClassifierVersion { version: next_timestamp(&old, now), ..old };
            next.change(change)?;
            put_classifier(store, next)
        }
        IndexCommand::ChangeRules { id, change, draft: true } => {
            let Some(old) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            let mut next = old.clone();
            next.change(change)?;
            if next == old {
                return Ok(IndexReply::Classifier(Some(Box::new(old))));
            }
            let version = if old.draft { old.version } else { next_timestamp(&old, now) };
            put_classifier(store, ClassifierVersion { version, draft: true, ..next })
        }
        IndexCommand::PublishClassifier { id } => {
            let Some(newest) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            if !newest.draft {
                return Ok(IndexReply::Classifier(Some(Box::new(newest))));
            }
            put_classifier(store, ClassifierVersion { version: next_timestamp(&newest, now), draft: false, ..newest })
        }
        IndexCommand::GetClassifier { id, draft } => {
            Ok(IndexReply::Classifier(store.classifier(id, draft)?.map(Box::new)))
        }
        IndexCommand::DeleteClassifier { id } => {
            let removed = store.classifier(id, true)?;
            store.remove_classifier(id)?;
            Ok(IndexReply::Classifier(removed.map(Box::new)))
        }
        IndexCommand::ListClassifiers { filter, page } => {
            let after = page.after.as_ref().map(parse_cursor).transpose()?;
            let mut items = store.classifiers(&filter, after, page.size.saturating_add(1))?;
            let more = truncate_page(&mut items, page.size);
            let next = items.last().filter(|_| more).map(|classifier| cursor(classifier.version, &classifier.id));
            Ok(IndexReply::Classifiers(Page { items, next }))
        }
        IndexCommand::SaveSchema { id, name, schema } => {
            let old = store.schemas()?.into_iter().find(|saved| saved.name == name);
            match old {
                Some(old) if old.schema == schema => Ok(IndexReply::Schema(Some(Box::new(old)))),
                Some(old) => put_schema(store, SavedSchema { schema, updated_at: now, ..old }),
                None => put_schema(store, SavedSchema { id, name, schema, created_at: now, updated_at: now }),
            }
        }
        IndexCommand::ChangeSchema { id, name, schema } => {
            let Some(old) = store.schema(id)? else { return Ok(IndexReply::Schema(None)) };
            if let Some(name) = &name
                && store.schemas()?.iter().any(|other| other.id != id && other.name == *name)
            {
                return Err(Error::new(ErrorKind::Conflict, format!("The name {name:?} is taken")));
            }
            let (name, schema) = (name.unwrap_or(old.name), schema.unwrap_or(old.schema));
            put_schema(store, SavedSchema { name, schema, updated_at: now, ..old })
        }
        IndexCommand::GetSchema { id } => Ok(IndexReply::Schema(store.schema(id)?.map(Box::new))),
        IndexCommand::DeleteSchema { id } => {
            for drafts in [false, true] {
                let newest = ClassifierFilter { latest_only: true, drafts, ..ClassifierFilter::default() };
                let classifiers = store.classifiers(&newest, None, u32::MAX)?;
                let user = classifiers.iter().find(|version| version.routes.iter().any(|route| route.schema == id));
                if let Some(user) = user {
                    let message = format!("The classifier {:?} routes to the schema", user.name);
                    return Err(Error::new(ErrorKind::Conflict, message));
                }
            }
            let removed = store.schema(id)?;
            store.remove_schema(id)?;
            Ok(IndexReply::Schema(removed.map(Box::new)))
        }
        IndexCommand::ListSchemas => Ok(IndexReply::Schemas(store.schemas()?)),
    }
}

fn put_schema(store: &impl IndexStore, schema: SavedSchema) -> Result<IndexReply> {
    store.put_schema(&schema)?;
    Ok(IndexReply::Schema(Some(Box::new(schema))))
}

fn reserve(
    store: &impl IndexStore,
    reservation: Reservation,
    project: ProjectId,
    now: Timestamp,
) -> Result<IndexReply> {
    if let Some(transaction) = &reservation.transaction
        && let Some(job) = store.job_by_transaction(transaction)?
    {
        return Ok(IndexReply::Existing(Box::new(job)));
    }
    let refused = |refusal| Ok(IndexReply::Refused(refusal));
    let mut current_file = None;
    let source = match reservation.input {
        JobInput::Mail(mail) => Source::Mail { mail: Some(mail) },
        JobInput::File { id, current } => {
            let Some(found) = store.file(id)? else { return refused(Refusal::UnknownFile) };
            let Some(size) = found.size else { return refused(Refusal::FileNotUploaded) };
            current_file = current.then_some(found);
            Source::File { id, size }
        }
    };
    let previous = current_file.as_ref().and_then(|file| file.job).map(|job| store.job(job)).transpose()?.flatten();
    if let Some(job) = previous.as_ref().filter(|job| !job.status().is_final()) {
        return refused(Refusal::InProgress(job.id));
    }
    let (mut routes, mut route) = (Vec::new(), None);
    let classification = match reservation.rule_source {
        RuleSource::Inline(classification) => *classification,
        RuleSource::Saved(id) => {
            let Some(classifier) = store.classifier(id, false)? else { return refused(Refusal::UnknownClassifier) };
            // Only the current job of a file reports its route.
            if current_file.is_some() {
                routes = routes_of(store, &classifier)?;
            }
            Classification { classifier: Some(id), ..classifier.classification }
        }
        RuleSource::Schema(id) => {
            let Some(saved) = store.schema(id)? else { return refused(Refusal::UnknownSchema) };
            let previous_route = previous.and_then(|job| job.route);
            if let Some(other) = previous_route.as_ref().filter(|route| route.schema_id != id) {
                return refused(Refusal::OtherSchema(other.schema_id));
            }
            route = Some(Box::new(route_to(previous_route.map(|route| route.deployment), saved)));
            Classification::default()
        }
    };
    let retention_days = store.project()?.map_or(limits::RETENTION_DAYS, |project| project.retention_days);
    let job = Job::accepted(
        NewJob {
            id: reservation.id,
            project,
            user: reservation.user,
            source,
            classification: Arc::new(classification),
            transaction: reservation.transaction,
            plan: reservation.plan,
            routes,
            route,
            external: reservation.external,
            retention_days,
        },
        now,
    );
    store.put_job(&job, now)?;
    if let Some(file) = current_file {
        store.put_file(&File { job: Some(job.id), ..file })?;
    }
    Ok(IndexReply::Accepted(Box::new(job)))
}

fn routes_of(store: &impl IndexStore, classifier: &ClassifierVersion) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for target in &classifier.routes {
        // A schema that is routed to cannot be removed, so it exists.
        let Some(saved) = store.schema(target.schema)? else { continue };
        routes.push(Route { label: Some(target.label.clone()), ..route_to(Some(target.deployment.clone()), saved) });
    }
    Ok(routes)
}

fn route_to(deployment: Option<String>, saved: SavedSchema) -> Route {
    Route {
        label: None,
        deployment: deployment.unwrap_or_else(|| saved.name.clone()),
        schema_id: saved.id,
        schema_name: saved.name,
        schema: saved.schema,
    }
}

fn put_classifier(store: &impl IndexStore, classifier: ClassifierVersion) -> Result<IndexReply> {
    let classifier = classifier.without_stale_names();
    for target in &classifier.routes {
        if store.schema(target.schema)?.is_none() {
            return Err(Error::new(ErrorKind::Invalid, format!("There is no schema {} to route to", target.schema)));
        }
    }
    store.put_classifier(&classifier)?;
    Ok(IndexReply::Classifier(Some(Box::new(classifier))))
}
