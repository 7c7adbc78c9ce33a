//! Declarative configuration: a file that says what a project should contain.
//!
//! The whole file is validated and compared with the project, which gives a plan. Unless it is a dry run, the plan is
//! then carried out: schemas first, because classifiers route to them. Every step is an ordinary change, so after an
//! interruption the same file can be applied again. Schemas and classifiers that the file does not name stay as they
//! are, and so do the settings and routes of a classifier for which the file has none.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Caller, Reply,
    rules::{self, NAME_CHARS, Route},
};
use crate::{
    api::{body, reply},
    classify::{RuleSet, Settings, input},
    error::{Error, Result},
    extract::{self, Schema},
    id::SchemaId,
    job::Classification,
    limits,
    service::{
        access, classifiers,
        index::{self, ClassifierFilter, ClassifierVersion, PageRequest, SavedSchema, Versions},
        ports::Ports,
        schemas,
    },
    validate::{Input, Validator},
};

/// The content of a file.
#[derive(Debug, Default)]
struct ApplyFile {
    schemas: Vec<(String, Schema)>,
    classifiers: Vec<(String, DeclaredClassifier)>,
    retention_days: Option<u32>,
}

/// A classifier as a file declares it.
#[derive(Debug)]
struct DeclaredClassifier {
    rules: RuleSet,
    settings: Option<Settings>,
    /// They refer to schemas by name.
    routes: Option<Vec<Route<String>>>,
}

/// A step of a plan.
#[derive(Debug, Serialize)]
struct Change {
    kind: &'static str,
    name: String,
    action: Action,
    /// The paths that differ, such as `rules[2].description`.
    fields: Vec<String>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Create,
    Update,
    Unchanged,
}

impl Change {
    /// The step from `old`, if it exists, to `new`.
    fn new(kind: &'static str, name: &str, old: Option<&Value>, new: &Value) -> Self {
        let mut fields = Vec::new();
        let action = match old {
            None => Action::Create,
            Some(old) => {
                differences(old, new, "", &mut fields);
                if fields.is_empty() { Action::Unchanged } else { Action::Update }
            }
        };
        Self { kind, name: name.to_owned(), action, fields }
    }
}

/// Adds the paths at which two values differ.
fn differences(old: &Value, new: &Value, path: &str, paths: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let member = |object: &serde_json::Map<_, _>| object.get(name).cloned().unwrap_or_default();
                differences(&member(old), &member(new), &path, paths);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let item = |list: &[Value]| list.get(index).cloned().unwrap_or_default();
                differences(&item(old), &item(new), &format!("{path}[{index}]"), paths);
            }
        }
        (old, new) if old != new => paths.push(path.to_owned()),
        _ => {}
    }
}

/// Parses a file. Its routes may lead to schemas of the file or to `saved` ones.
fn parse_file(check: &mut Validator, input: &Input<'_>, saved: &[SavedSchema]) -> ApplyFile {
    check.require(input);
    check.object(input);
    check.deny_unknown_fields(input, &["$schema", "schemas", "classifiers", "project"]);
    check.text(&input.get("$schema"), 0..=limits::MAX_BODY_BYTES);
    let project = input.get("project");
    check.object(&project);
    check.deny_unknown_fields(&project, &["retention_days"]);
    let retention_days = check.integer(&project.get("retention_days"), 1..=limits::MAX_RETENTION_DAYS);
    let declared = object_members(check, &input.get("schemas"));
    let schema_names: Vec<&str> =
        declared.iter().map(|(name, _)| *name).chain(saved.iter().map(|saved| &*saved.name)).collect();
    let mut file = ApplyFile { retention_days, ..ApplyFile::default() };
    for (name, field) in &declared {
        check.deny_unknown_fields(field, &["fields", "tables"]);
        if let Some(schema) = extract::input::parse_schema(check, field) {
            file.schemas.push(((*name).to_owned(), schema));
        }
    }
    for (name, field) in object_members(check, &input.get("classifiers")) {
        check.deny_unknown_fields(&field, &["rules", "settings", "routes"]);
        check.require(&field.get("rules"));
        let rules = input::parse_rules(check, &field.get("rules"));
        let settings = input::parse_settings(check, &field.get("settings"));
        let routes = rules::routes(check, &field.get("routes"), rules.as_ref(), "schema", |check, field| {
            let name = check.text(field, 1..=NAME_CHARS)?;
            if !schema_names.contains(&name) {
                check.reject_value(field, "neither the file nor the project has a schema of this name");
            }
            Some(name.to_owned())
        });
        if let Some(rules) = rules {
            file.classifiers.push((name.to_owned(), DeclaredClassifier { rules, settings, routes }));
        }
    }
    file
}

/// The members of an object that are objects themselves, by name.
fn object_members<'a>(check: &mut Validator, field: &Input<'a>) -> Vec<(&'a str, Input<'a>)> {
    check.object(field);
    let members = field.members();
    if members.len() > limits::MAX_DECLARED {
        check.reject_value(field, &format!("at most {} can be declared in one file", limits::MAX_DECLARED));
    }
    let mut objects = Vec::new();
    for (name, member) in members.into_iter().take(limits::MAX_DECLARED) {
        if !(1..=NAME_CHARS).contains(&name.chars().count()) {
            check.reject_value(&member, &format!("a name has 1 to {NAME_CHARS} characters"));
        }
        check.require(&member);
        if check.object(&member) {
            objects.push((name, member));
        }
    }
    objects
}

/// A classifier of the project as it will be after the plan.
struct PlannedClassifier {
    name: String,
    classification: Classification,
    /// They refer to schemas by name.
    routes: Vec<Route<String>>,
    change: Change,
}

impl PlannedClassifier {
    /// Applies `declared` to `old`, if it exists.
    fn new(
        name: String,
        declared: DeclaredClassifier,
        old: Option<&ClassifierVersion>,
        names: &BTreeMap<SchemaId, String>,
    ) -> Self {
        let current = old.map(|old| {
            let routes = old.routes.iter().map(|target| Route {
                label: target.label.clone(),
                deployment: target.deployment.clone(),
                schema: names.get(&target.schema).cloned().unwrap_or_default(),
            });
            let routes: Vec<_> = routes.collect();
            (file_json(&old.classification, &routes, old.draft), routes)
        });
        let base = old.map(|old| old.classification.clone()).unwrap_or_default();
        let settings = declared.settings.unwrap_or(base.settings);
        let classification = Classification { rules: declared.rules, settings, ..base };
        let labels: Vec<&str> = classification.rules.rules.iter().map(|rule| &*rule.label).collect();
        let routes = declared.routes.unwrap_or_else(|| {
            let kept_routes =
                current.iter().flat_map(|(_, routes)| routes).filter(|route| labels.contains(&&*route.label));
            kept_routes.cloned().collect()
        });
        let old = current.as_ref().map(|(json, _)| json);
        let change = Change::new("classifier", &name, old, &file_json(&classification, &routes, false));
        Self { name, classification, routes, change }
    }
}

/// The part of a classifier that a file may change, in the format of the file.
fn file_json(classification: &Classification, routes: &[Route<String>], draft: bool) -> Value {
    let route =
        |route: &Route<_>| json!({ "label": route.label, "deployment": route.deployment, "schema": route.schema });
    json!({
        "rules": classification.rules.rules,
        "settings": classification.settings,
        "routes": routes.iter().map(route).collect::<Vec<_>>(),
        // Applying a file publishes.
        "draft": draft,
    })
}

async fn classifier_named<P: Ports>(caller: &Caller<P>, name: &str) -> Result<Option<ClassifierVersion>> {
    let filter =
        ClassifierFilter { name: Some(name.to_owned()), versions: Versions::Newest, ..ClassifierFilter::default() };
    let page = PageRequest { size: 1, after: None };
    let found = classifiers::list(&caller.ports, caller.token.project, filter, page).await?;
    Ok(found.items.into_iter().next())
}

fn to_json(schema: &Schema) -> Result<Value> {
    serde_json::to_value(schema).map_err(Error::internal)
}

/// `POST /v1/apply`
pub(super) async fn apply<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let project = caller.token.project;
    let saved = schemas::list(&caller.ports, project).await?;
    let mut check = Validator::default();
    let dry_run = check.boolean(&caller.query.get("dry_run")).unwrap_or_default();
    let file = parse_file(&mut check, &Input::root("body", Some(&input)), &saved);
    let file = check.finish(Some(file))?;

    let mut changes = Vec::new();
    let mut new_schemas = Vec::new();
    for (name, schema) in file.schemas {
        let old = saved.iter().find(|saved| saved.name == name).map(|saved| to_json(&saved.schema)).transpose()?;
        let change = Change::new("schema", &name, old.as_ref(), &to_json(&schema)?);
        if change.action != Action::Unchanged {
            new_schemas.push((name, schema));
        }
        changes.push(change);
    }
    let names = saved.iter().map(|saved| (saved.id, saved.name.clone())).collect();
    let mut new_classifiers = Vec::new();
    for (name, declared) in file.classifiers {
        let old = classifier_named(&caller, &name).await?;
        let planned = PlannedClassifier::new(name, declared, old.as_ref(), &names);
        new_classifiers.push(planned);
    }
    let mut new_project = None;
    if let Some(days) = file.retention_days {
        let old = access::project(&caller.ports, project).await?;
        let retention_json = |days: u32| json!({ "retention_days": days });
        let change =
            Change::new("project", &old.name, Some(&retention_json(old.retention_days)), &retention_json(days));
        new_project = Some((change, days));
    }

    if !dry_run {
        let mut ids: BTreeMap<String, SchemaId> = saved.into_iter().map(|saved| (saved.name, saved.id)).collect();
        for (name, schema) in new_schemas {
            let saved = schemas::save(&caller.ports, project, name, schema).await?;
            ids.insert(saved.name, saved.id);
        }
        for planned in new_classifiers.iter().filter(|planned| planned.change.action != Action::Unchanged) {
            save(&caller, planned, &ids).await?;
        }
        if let Some((_, days)) = new_project.as_ref().filter(|(change, _)| change.action != Action::Unchanged) {
            access::change_project(&caller.ports, project, None, Some(*days)).await?;
        }
    }
    changes.extend(new_classifiers.into_iter().map(|planned| planned.change));
    changes.extend(new_project.map(|(change, _)| change));
    Ok(reply::json(StatusCode::OK, &json!({ "changes": changes, "applied": !dry_run })))
}

async fn save<P: Ports>(
    caller: &Caller<P>,
    planned: &PlannedClassifier,
    ids: &BTreeMap<String, SchemaId>,
) -> Result<()> {
    let target = |route: &Route<String>| {
        let schema = ids.get(&route.schema).copied();
        let schema = schema.ok_or_else(|| Error::internal("a route to a schema that was there"))?;
        Ok(index::RouteRef { label: route.label.clone(), deployment: route.deployment.clone(), schema })
    };
    let change = index::ClassifierChange {
        name: None,
        classification: Some(planned.classification.clone()),
        routes: Some(planned.routes.iter().map(target).collect::<Result<_>>()?),
        draft: false,
    };
    classifiers::save(&caller.ports, caller.token.project, planned.name.clone(), change).await.map(drop)
}
