//! What each command does.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Classifier, ClassifierFilter, Cursor, File, FileOrder, IndexCommand, IndexReply, IndexStore, Page, Project,
    Refusal, Reservation, Rules, SavedSchema, Subject,
    classifier::{later, next_version},
    command::{cursor, cut, moment_and_id},
};
use crate::{
    error::{Error, Kind, Result},
    id::ProjectId,
    job::{Classification, Job, NewJob, Route, Source},
    limits,
    time::Timestamp,
};

/// Handles one command.
///
/// # Errors
///
/// `NotFound` for a classifier or file that is not there, `Conflict` for a name that is taken, `Internal` when the
/// storage fails.
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
        IndexCommand::ShowJob { job } => {
            store.put_job(&job, now)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::HideJob { job } => {
            store.remove_job(job)?;
            Ok(IndexReply::Done)
        }
        IndexCommand::ListJobs { filter, page } => {
            let after = page.after.as_ref().map(moment_and_id).transpose()?;
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
            let more = cut(&mut items, page.size);
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
                let empty = Classifier {
                    id,
                    name,
                    version: now,
                    classification: Classification::default(),
                    routes: Vec::new(),
                    renamed: BTreeMap::new(),
                    draft: change.draft,
                    created_at: now,
                };
                put_classifier(store, Classifier { version: now, ..next_version(empty, change, now) })
            }
            Some(old) => {
                let next = next_version(old.clone(), change, now);
                let same = Classifier { version: old.version, ..next.clone() } == old;
                put_classifier(store, if same { old } else { next })
            }
        },
        IndexCommand::ChangeClassifier { id, change } => {
            let Some(old) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            if let Some(name) = &change.name
                && store.classifier_named(name)?.is_some_and(|other| other.id != id)
            {
                return Err(Error::new(Kind::Conflict, format!("The name {name:?} is taken")));
            }
            put_classifier(store, next_version(old, change, now))
        }
        IndexCommand::ChangeRules { id, change, draft: false } => {
            let Some(old) = store.classifier(id, false)? else { return Ok(IndexReply::Classifier(None)) };
            let mut next = Classifier { version: later(&old, now), ..old };
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
            let version = if old.draft { old.version } else { later(&old, now) };
            put_classifier(store, Classifier { version, draft: true, ..next })
        }
        IndexCommand::PublishClassifier { id } => {
            let Some(newest) = store.classifier(id, true)? else { return Ok(IndexReply::Classifier(None)) };
            if !newest.draft {
                return Ok(IndexReply::Classifier(Some(Box::new(newest))));
            }
            put_classifier(store, Classifier { version: later(&newest, now), draft: false, ..newest })
        }
        IndexCommand::GetClassifier { id, draft } => {
            Ok(IndexReply::Classifier(store.classifier(id, draft)?.map(Box::new)))
        }
        IndexCommand::DeleteClassifier { id } => {
            let known = store.classifier(id, true)?;
            store.remove_classifier(id)?;
            Ok(IndexReply::Classifier(known.map(Box::new)))
        }
        IndexCommand::ListClassifiers { filter, page } => {
            let after = page.after.as_ref().map(moment_and_id).transpose()?;
            let mut items = store.classifiers(&filter, after, page.size.saturating_add(1))?;
            let more = cut(&mut items, page.size);
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
                return Err(Error::new(Kind::Conflict, format!("The name {name:?} is taken")));
            }
            let (name, schema) = (name.unwrap_or(old.name), schema.unwrap_or(old.schema));
            put_schema(store, SavedSchema { name, schema, updated_at: now, ..old })
        }
        IndexCommand::GetSchema { id } => Ok(IndexReply::Schema(store.schema(id)?.map(Box::new))),
        IndexCommand::DeleteSchema { id } => {
            for drafts in [false, true] {
                let newest = ClassifierFilter { latest_only: true, drafts, ..ClassifierFilter::default() };
                let classifiers = store.classifiers(&newest, None, u32::MAX)?;
                let user = classifiers.iter().find(|one| one.routes.iter().any(|route| route.schema == id));
                if let Some(user) = user {
                    let why = format!("The classifier {:?} routes to the schema", user.name);
                    return Err(Error::new(Kind::Conflict, why));
                }
            }
            let known = store.schema(id)?;
            store.remove_schema(id)?;
            Ok(IndexReply::Schema(known.map(Box::new)))
        }
        IndexCommand::ListSchemas => Ok(IndexReply::Schemas(store.schemas()?)),
    }
}

fn put_schema(store: &impl IndexStore, schema: SavedSchema) -> Result<IndexReply> {
    store.put_schema(&schema)?;
    Ok(IndexReply::Schema(Some(Box::new(schema))))
}

fn reserve(store: &impl IndexStore, wanted: Reservation, project: ProjectId, now: Timestamp) -> Result<IndexReply> {
    if let Some(transaction) = &wanted.transaction
        && let Some(job) = store.job_of(transaction)?
    {
        return Ok(IndexReply::Existing(Box::new(job)));
    }
    let refused = |refusal| Ok(IndexReply::Refused(refusal));
    let mut file = None;
    let source = match wanted.subject {
        Subject::Mail(mail) => Source::Mail { mail: Some(mail) },
        Subject::File { id, current } => {
            let Some(found) = store.file(id)? else { return refused(Refusal::UnknownFile) };
            let Some(size) = found.size else { return refused(Refusal::FileNotUploaded) };
            file = current.then_some(found);
            Source::File { id, size }
        }
    };
    let before = file.as_ref().and_then(|file| file.job).map(|job| store.job(job)).transpose()?.flatten();
    if let Some(job) = before.as_ref().filter(|job| !job.status().is_final()) {
        return refused(Refusal::InProgress(job.id));
    }
    let (mut routes, mut route) = (Vec::new(), None);
    let classification = match wanted.rules {
        Rules::Inline(classification) => *classification,
        Rules::Saved(id) => {
            let Some(classifier) = store.classifier(id, false)? else { return refused(Refusal::UnknownClassifier) };
            // Only who follows a file is told where it goes.
            if file.is_some() {
                routes = routes_of(store, &classifier)?;
            }
            Classification { classifier: Some(id), ..classifier.classification }
        }
        Rules::Schema(id) => {
            let Some(saved) = store.schema(id)? else { return refused(Refusal::UnknownSchema) };
            let known = before.and_then(|job| job.route);
            if let Some(other) = known.as_ref().filter(|route| route.schema_id != id) {
                return refused(Refusal::OtherSchema(other.schema_id));
            }
            route = Some(Box::new(route_to(known.map(|route| route.deployment), saved)));
            Classification::default()
        }
    };
    let retention_days = store.project()?.map_or(limits::RETENTION_DAYS, |project| project.retention_days);
    let job = Job::accepted(
        NewJob {
            id: wanted.id,
            project,
            user: wanted.user,
            source,
            classification: Arc::new(classification),
            transaction: wanted.transaction,
            plan: wanted.plan,
            routes,
            route,
            external: wanted.external,
            retention_days,
        },
        now,
    );
    store.put_job(&job, now)?;
    if let Some(file) = file {
        store.put_file(&File { job: Some(job.id), ..file })?;
    }
    Ok(IndexReply::Accepted(Box::new(job)))
}

fn routes_of(store: &impl IndexStore, classifier: &Classifier) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for target in &classifier.routes {
        // A schema that is routed to cannot be removed, so it is there.
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

fn put_classifier(store: &impl IndexStore, classifier: Classifier) -> Result<IndexReply> {
    let classifier = classifier.tidy();
    for target in &classifier.routes {
        if store.schema(target.schema)?.is_none() {
            return Err(Error::new(Kind::Invalid, format!("There is no schema {} to route to", target.schema)));
        }
    }
    store.put_classifier(&classifier)?;
    Ok(IndexReply::Classifier(Some(Box::new(classifier))))
}
