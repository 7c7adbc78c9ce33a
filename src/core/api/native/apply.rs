//! The declarative file: what a project is to have.
//!
//! The file is read and checked whole, and held against what there is; the outcome is a plan. Only then, and only when
//! asked to, the plan is carried out: schemas first, because classifiers route to them. Every step is what it would be
//! by itself, and a plan that was cut off is carried out again from where it stands. What the file does not name is left
//! alone: schemas and classifiers, and the settings and routes of classifiers too.

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
    classify::{RuleSet, Settings, given},
    error::{Error, Result},
    extract::{self, Schema},
    id::SchemaId,
    job::Classification,
    limits,
    service::{
        access, classifiers,
        index::{self, Classifier, ClassifierFilter, PageRequest, SavedSchema},
        ports::Ports,
        schemas,
    },
    validate::{Check, Field},
};

/// What a file declares.
#[derive(Debug, Default)]
struct File {
    schemas: Vec<(String, Schema)>,
    classifiers: Vec<(String, Declared)>,
    retention_days: Option<u32>,
}

/// What a file says of a classifier.
#[derive(Debug)]
struct Declared {
    rules: RuleSet,
    settings: Option<Settings>,
    /// With the names of schemas.
    routes: Option<Vec<Route<String>>>,
}

/// A step of a plan.
#[derive(Debug, Serialize)]
struct Change {
    kind: &'static str,
    name: String,
    action: Action,
    /// What differs, such as `rules[2].description`.
    fields: Vec<String>,
}

/// What is done to one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Create,
    Update,
    Unchanged,
}

impl Change {
    /// The step from `old`, if there is one, to `new`.
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
fn differences(old: &Value, new: &Value, path: &str, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let member = |object: &serde_json::Map<_, _>| object.get(name).cloned().unwrap_or_default();
                differences(&member(old), &member(new), &path, found);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for place in 0..old.len().max(new.len()) {
                let item = |list: &[Value]| list.get(place).cloned().unwrap_or_default();
                differences(&item(old), &item(new), &format!("{path}[{place}]"), found);
            }
        }
        (old, new) if old != new => found.push(path.to_owned()),
        _ => {}
    }
}

/// Reads a file. Routes lead to schemas of the file or to those of `saved`.
fn read(check: &mut Check, input: &Field<'_>, saved: &[SavedSchema]) -> File {
    check.require(input);
    check.object(input);
    check.only(input, &["$schema", "schemas", "classifiers", "project"]);
    check.text(&input.get("$schema"), 0..=limits::MAX_BODY_BYTES);
    let project = input.get("project");
    check.object(&project);
    check.only(&project, &["retention_days"]);
    let retention_days = check.integer(&project.get("retention_days"), 1..=limits::MAX_RETENTION_DAYS);
    let declared = named(check, &input.get("schemas"));
    let known: Vec<&str> =
        declared.iter().map(|(name, _)| *name).chain(saved.iter().map(|saved| &*saved.name)).collect();
    let mut file = File { retention_days, ..File::default() };
    for (name, field) in &declared {
        check.only(field, &["fields", "tables"]);
        if let Some(schema) = extract::given::read(check, field) {
            file.schemas.push(((*name).to_owned(), schema));
        }
    }
    for (name, field) in named(check, &input.get("classifiers")) {
        check.only(&field, &["rules", "settings", "routes"]);
        check.require(&field.get("rules"));
        let rules = given::rules(check, &field.get("rules"));
        let settings = given::settings(check, &field.get("settings"));
        let routes = rules::routes(check, &field.get("routes"), rules.as_ref(), "schema", |check, field| {
            let name = check.text(field, 1..=NAME_CHARS)?;
            if !known.contains(&name) {
                check.refuse_value(field, "neither the file nor the project has a schema of this name");
            }
            Some(name.to_owned())
        });
        if let Some(rules) = rules {
            file.classifiers.push((name.to_owned(), Declared { rules, settings, routes }));
        }
    }
    file
}

/// The members of an object that are objects themselves, by their names.
fn named<'a>(check: &mut Check, field: &Field<'a>) -> Vec<(&'a str, Field<'a>)> {
    check.object(field);
    let members = field.members();
    if members.len() > limits::MAX_DECLARED {
        check.refuse_value(field, &format!("at most {} can be declared in one file", limits::MAX_DECLARED));
    }
    let mut kept = Vec::new();
    for (name, member) in members.into_iter().take(limits::MAX_DECLARED) {
        if !(1..=NAME_CHARS).contains(&name.chars().count()) {
            check.refuse_value(&member, &format!("a name has 1 to {NAME_CHARS} characters"));
        }
        check.require(&member);
        if check.object(&member) {
            kept.push((name, member));
        }
    }
    kept
}

/// A classifier of the project as it is to be.
struct Wanted {
    name: String,
    classification: Classification,
    /// With the names of schemas.
    routes: Vec<Route<String>>,
    change: Change,
}

impl Wanted {
    /// What `declared` makes of `old`, if there is one.
    fn new(name: String, declared: Declared, old: Option<&Classifier>, names: &BTreeMap<SchemaId, String>) -> Self {
        let spelt = old.map(|old| {
            let routes = old.routes.iter().map(|target| Route {
                label: target.label.clone(),
                deployment: target.deployment.clone(),
                schema: names.get(&target.schema).cloned().unwrap_or_default(),
            });
            let routes: Vec<_> = routes.collect();
            (spelling(&old.classification, &routes, old.draft), routes)
        });
        let base = old.map(|old| old.classification.clone()).unwrap_or_default();
        let settings = declared.settings.unwrap_or(base.settings);
        let classification = Classification { rules: declared.rules, settings, ..base };
        let labels: Vec<&str> = classification.rules.rules.iter().map(|rule| &*rule.label).collect();
        let routes = declared.routes.unwrap_or_else(|| {
            let kept = spelt.iter().flat_map(|(_, routes)| routes).filter(|route| labels.contains(&&*route.label));
            kept.cloned().collect()
        });
        let old = spelt.as_ref().map(|(spelling, _)| spelling);
        let change = Change::new("classifier", &name, old, &spelling(&classification, &routes, false));
        Self { name, classification, routes, change }
    }
}

/// A classifier as the file spells it, as far as a file may change it.
fn spelling(classification: &Classification, routes: &[Route<String>], draft: bool) -> Value {
    let route =
        |route: &Route<_>| json!({ "label": route.label, "deployment": route.deployment, "schema": route.schema });
    json!({
        "rules": classification.rules.rules,
        "settings": classification.settings,
        "routes": routes.iter().map(route).collect::<Vec<_>>(),
        // What is applied is published.
        "draft": draft,
    })
}

async fn classifier_named<P: Ports>(caller: &Caller<P>, name: &str) -> Result<Option<Classifier>> {
    let filter = ClassifierFilter {
        name: Some(name.to_owned()),
        latest_only: true,
        drafts: true,
        ..ClassifierFilter::default()
    };
    let one = PageRequest { size: 1, after: None };
    let found = classifiers::list(&caller.ports, caller.token.project, filter, one).await?;
    Ok(found.items.into_iter().next())
}

fn spelt(schema: &Schema) -> Result<Value> {
    serde_json::to_value(schema).map_err(Error::internal)
}

/// `POST /v1/apply`
pub(super) async fn apply<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let project = caller.token.project;
    let saved = schemas::list(&caller.ports, project).await?;
    let mut check = Check::default();
    let dry_run = check.boolean(&caller.query.one("dry_run")).unwrap_or_default();
    let file = read(&mut check, &Field::root("body", Some(&input)), &saved);
    let file = check.finish(Some(file))?;

    let mut changes = Vec::new();
    let mut new_schemas = Vec::new();
    for (name, schema) in file.schemas {
        let old = saved.iter().find(|saved| saved.name == name).map(|saved| spelt(&saved.schema)).transpose()?;
        let change = Change::new("schema", &name, old.as_ref(), &spelt(&schema)?);
        if change.action != Action::Unchanged {
            new_schemas.push((name, schema));
        }
        changes.push(change);
    }
    let names = saved.iter().map(|saved| (saved.id, saved.name.clone())).collect();
    let mut new_classifiers = Vec::new();
    for (name, declared) in file.classifiers {
        let old = classifier_named(&caller, &name).await?;
        let wanted = Wanted::new(name, declared, old.as_ref(), &names);
        new_classifiers.push(wanted);
    }
    let mut new_project = None;
    if let Some(days) = file.retention_days {
        let old = access::project(&caller.ports, project).await?;
        let spelling = |days: u32| json!({ "retention_days": days });
        let change = Change::new("project", &old.name, Some(&spelling(old.retention_days)), &spelling(days));
        new_project = Some((change, days));
    }

    if !dry_run {
        let mut ids: BTreeMap<String, SchemaId> = saved.into_iter().map(|saved| (saved.name, saved.id)).collect();
        for (name, schema) in new_schemas {
            let saved = schemas::save(&caller.ports, project, name, schema).await?;
            ids.insert(saved.name, saved.id);
        }
        for wanted in new_classifiers.iter().filter(|wanted| wanted.change.action != Action::Unchanged) {
            save(&caller, wanted, &ids).await?;
        }
        if let Some((_, days)) = new_project.as_ref().filter(|(change, _)| change.action != Action::Unchanged) {
            access::change_project(&caller.ports, project, None, Some(*days)).await?;
        }
    }
    changes.extend(new_classifiers.into_iter().map(|wanted| wanted.change));
    changes.extend(new_project.map(|(change, _)| change));
    Ok(reply::json(StatusCode::OK, &json!({ "changes": changes, "applied": !dry_run })))
}

async fn save<P: Ports>(caller: &Caller<P>, wanted: &Wanted, ids: &BTreeMap<String, SchemaId>) -> Result<()> {
    let target = |route: &Route<String>| {
        let schema = ids.get(&route.schema).copied();
        let schema = schema.ok_or_else(|| Error::internal("a route to a schema that was there"))?;
        Ok(index::Target { label: route.label.clone(), deployment: route.deployment.clone(), schema })
    };
    let change = index::Change {
        name: None,
        classification: Some(wanted.classification.clone()),
        routes: Some(wanted.routes.iter().map(target).collect::<Result<_>>()?),
        draft: false,
    };
    classifiers::save(&caller.ports, caller.token.project, wanted.name.clone(), change).await.map(drop)
}
