//! Declarative configuration: a file that says what a project should contain.
//!
//! The whole file is validated and compared with the project, which gives a plan. Unless it is a dry run, the plan is
//! then carried out: schemas first, because classifiers route to them. Every step is an ordinary change, so after an
//! interruption the same file can be applied again. Schemas and classifiers that the file does not name stay as they
//! are, and so do the settings and routes of a classifier for which the file has none.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Body, Caller, Reply,
    rules::{Destination, FILE_ROUTES, FileRoute, NAME_CHARS, RETENTION_DAYS, check_label},
};
use crate::{
    api::{checked::Checked, reply},
    classify::{RuleSet, Settings, input::RULES},
    error::{Error, Result},
    extract::Schema,
    id::SchemaId,
    job::Classification,
    limits,
    service::{
        access, classifiers,
        index::{self, ClassifierFilter, ClassifierVersion, PageRequest, SchemaName, Versions},
        ports::Ports,
        schemas,
    },
    validate::{
        declare::declare,
        shape::{CLOSED, Named, OPEN, Shape},
    },
};

declare! {
    /// What a project is to have. What the file does not name is left alone.
    #[derive(Debug)]
    pub(super) struct ApplyFile(CLOSED) {
        /// Where the JSON schema of such files lies, for editors.
        json_schema as "$schema": Option<String> = optional(Shape::text(0..=limits::MAX_BODY_BYTES)),
        /// What is extracted from documents, by name.
        schemas: Named<Schema> = optional(named(&Schema::SHAPE)),
        /// What documents and mails are sorted by, by name. Applying publishes a new version of what changed.
        classifiers: Named<DeclaredClassifier> = optional(named(&DeclaredClassifier::SHAPE)),
        /// The project itself.
        project: Option<DeclaredProject> = optional,
    }
}

declare! {
    /// A classifier as a file declares it.
    #[derive(Debug)]
    pub(super) struct DeclaredClassifier(CLOSED) {
        /// What documents are compared with. Labels are unique.
        rules: RuleSet = required(RULES),
        /// Options of its decisions. They stay as they are if this is absent.
        settings: Option<Settings> = optional,
        /// Where documents go by their label. They stay as they are if this is absent.
        routes: Option<Vec<FileRoute>> = optional(FILE_ROUTES),
    }
}

declare! {
    /// The project as a file declares it.
    #[derive(Debug)]
    pub(super) struct DeclaredProject(CLOSED) {
        /// How many days files, and jobs that have ended, are kept.
        retention_days: Option<u32> = optional(RETENTION_DAYS),
    }
}

declare! {
    /// Whether to apply.
    #[derive(Debug)]
    pub(super) struct ApplyQuery(OPEN) {
        /// Whether to answer only what would change.
        dry_run: bool = default(Shape::Boolean, false),
    }
}

const fn named(member: &'static Shape) -> Shape {
    Shape::Named { name: 1..=NAME_CHARS, max: limits::MAX_DECLARED, member }
}

/// What changed, or would change.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Applied {
    /// The steps: schemas, classifiers, the project.
    changes: Vec<Change>,
    /// Whether they were carried out.
    applied: bool,
}

/// A step of a plan.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Change {
    /// Of what: `schema`, `classifier` or `project`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// What happens to it.
    action: Action,
    /// The paths that differ, such as `rules[2].description`; the first hundred.
    fields: Vec<String>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) enum Action {
    /// It is new.
    Create,
    /// It changes.
    Update,
    /// It is so already.
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

/// How many paths of a step are listed: nobody reads more, and a file of [`limits::MAX_BODY_BYTES`] may have ten times
/// its size of them.
const MAX_PATHS: usize = 100;

/// Adds the paths at which two values differ, up to [`MAX_PATHS`].
fn differences(old: &Value, new: &Value, path: &str, paths: &mut Vec<String>) {
    match (old, new) {
        _ if paths.len() >= MAX_PATHS => {}
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

/// Rejects routes that lead neither to a schema of the file nor to a `saved` one, or whose label is that of no rule.
fn check_routes(file: &mut Checked<ApplyFile>, saved: &[SchemaName]) {
    let (input, check) = file.parts();
    let is_schema = |name: &String| input.get("schemas").has(name) || saved.iter().any(|saved| saved.name == *name);
    // Of longer lists, their length is the fault.
    for (_, classifier) in input.get("classifiers").members().take(limits::MAX_DECLARED) {
        let rules = classifier.get("rules").read::<RuleSet>();
        for route in classifier.get("routes").items().take(limits::MAX_RULES) {
            check_label(check, &route, rules.as_ref());
            let field = route.get("schema");
            if field.read::<String>().is_some_and(|name| !name.is_empty() && !is_schema(&name)) {
                check.reject_value(&field, "neither the file nor the project has a schema of this name");
            }
        }
    }
}

/// A classifier of the project as it will be after the plan.
struct PlannedClassifier {
    name: String,
    classification: Classification,
    /// They refer to schemas by name.
    routes: Vec<FileRoute>,
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
            let routes = old.routes.iter().map(|target| FileRoute {
                destination: Destination { label: target.label.clone(), deployment: target.deployment.clone() },
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
            let kept_routes = current
                .iter()
                .flat_map(|(_, routes)| routes)
                .filter(|route| labels.contains(&&*route.destination.label));
            kept_routes.cloned().collect()
        });
        let old = current.as_ref().map(|(json, _)| json);
        let change = Change::new("classifier", &name, old, &file_json(&classification, &routes, false));
        Self { name, classification, routes, change }
    }
}

/// The part of a classifier that a file may change, in the format of the file.
fn file_json(classification: &Classification, routes: &[FileRoute], draft: bool) -> Value {
    let route = |route: &FileRoute| {
        let Destination { label, deployment } = &route.destination;
        json!({ "label": label, "deployment": deployment, "schema": route.schema })
    };
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
pub(super) async fn apply<P: Ports>(caller: Caller<P>, body: Body<ApplyFile>) -> Reply {
    let project = caller.token.project;
    let saved = schemas::names(&caller.ports, project).await?;
    let query = caller.query.checked::<ApplyQuery>();
    let dry_run = query.read().is_some_and(|query| query.dry_run);
    let mut file = body.0;
    check_routes(&mut file, &saved);
    file.add_faults_of(query);
    let file = file.finish()?;

    let mut changes = Vec::new();
    let mut new_schemas = Vec::new();
    for (name, schema) in file.schemas.0 {
        let old = match saved.iter().find(|saved| saved.name == name) {
            Some(saved) => Some(to_json(&schemas::get(&caller.ports, project, saved.id).await?.schema)?),
            None => None,
        };
        let change = Change::new("schema", &name, old.as_ref(), &to_json(&schema)?);
        if change.action != Action::Unchanged {
            new_schemas.push((name, schema));
        }
        changes.push(change);
    }
    let names = saved.iter().map(|saved| (saved.id, saved.name.clone())).collect();
    let mut new_classifiers = Vec::new();
    for (name, declared) in file.classifiers.0 {
        let old = classifier_named(&caller, &name).await?;
        let planned = PlannedClassifier::new(name, declared, old.as_ref(), &names);
        new_classifiers.push(planned);
    }
    let mut new_project = None;
    if let Some(days) = file.project.and_then(|project| project.retention_days) {
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
    Ok(reply::json(StatusCode::OK, &Applied { changes, applied: !dry_run }))
}

async fn save<P: Ports>(
    caller: &Caller<P>,
    planned: &PlannedClassifier,
    ids: &BTreeMap<String, SchemaId>,
) -> Result<()> {
    let target = |route: &FileRoute| {
        let schema = ids.get(&route.schema).copied();
        let schema = schema.ok_or_else(|| Error::internal("a route to a schema that was there"))?;
        let Destination { label, deployment } = route.destination.clone();
        Ok(index::RouteRef { label, deployment, schema })
    };
    let change = index::ClassifierChange {
        name: None,
        classification: Some(planned.classification.clone()),
        routes: Some(planned.routes.iter().map(target).collect::<Result<_>>()?),
        draft: false,
    };
    classifiers::save(&caller.ports, caller.token.project, planned.name.clone(), change).await.map(drop)
}
