//! Saved classifiers.

use axum::http::StatusCode;

use super::{
    Body, Caller, NO_CLASSIFIER, PathParams, Reply, found,
    rules::{self, ClassifierRoute, NAME, NAME_CHARS, ROUTES, check_label},
    stateless::VersionQuery,
    wire::{ClassifierResponse, Listing},
};
use crate::{
    api::{
        checked::Checked,
        cuid,
        page_token::{self, Paging},
        reply,
    },
    classify::{RuleSet, Settings, input::RULES},
    error::Result,
    id::{ClassifierId, SchemaId},
    job::Classification,
    limits,
    service::{
        classifiers,
        index::{ClassifierChange, ClassifierFilter, ClassifierVersion, PageRequest, RouteRef, Version, Versions},
        ports::Ports,
        schemas,
    },
    validate::{
        declare::declare,
        shape::{CLOSED, Declared, OPEN, Object, Shape},
    },
};

const LISTING: &str = "classifiers";
const VERSIONS_LISTING: &str = "classifiers/versions";

/// A classifier that an answer has may be sent back.
const SENT_BACK: Object = Object { read_only: &["id", "version", "created_at"], ..CLOSED };

declare! {
    /// A classifier to save.
    #[derive(Debug)]
    pub(super) struct NewClassifier(SENT_BACK) {
        /// The name. A classifier of this name gets a new version.
        name: String = required(NAME),
        /// The rules.
        rules: RuleSet = required(RULES),
        options: ClassifierOptions = flattened,
    }
}

declare! {
    /// What changes of a classifier; absent members stay, except that the new version is published.
    #[derive(Debug)]
    pub(super) struct ChangedClassifier(SENT_BACK) {
        /// The name.
        name: Option<String> = optional(NAME),
        /// The rules. Those that are gone take their routes along.
        rules: Option<RuleSet> = optional(RULES),
        options: ClassifierOptions = flattened,
    }
}

declare! {
    /// What a classifier has besides rules.
    #[derive(Debug)]
    pub(super) struct ClassifierOptions(CLOSED) {
        /// Options of its decisions.
        settings: Option<Settings> = optional,
        /// Where documents go by their label. Each label is that of a rule, and has one route.
        routes: Option<Vec<ClassifierRoute>> = optional(ROUTES),
        /// Whether the new version is a draft, which is not used until it is published.
        draft: bool = default(Shape::Boolean, false),
    }
}

declare! {
    /// Which classifiers to list.
    #[derive(Debug)]
    pub(super) struct ClassifierQuery(OPEN) {
        /// The name; any if absent.
        name: Option<String> = optional(Shape::text(0..=NAME_CHARS)),
        /// Whether drafts are listed too.
        draft: bool = default(Shape::Boolean, false),
        paging: Paging = flattened,
    }
}

fn answer(status: StatusCode, classifier: &ClassifierVersion) -> axum::response::Response {
    reply::json(status, &ClassifierResponse::from(classifier))
}

/// Routes as the service stores them.
fn targets(routes: Vec<ClassifierRoute>) -> Vec<RouteRef> {
    let target = |ClassifierRoute { destination, schema_id }| RouteRef {
        label: destination.label,
        deployment: destination.deployment,
        schema: schema_id.0,
    };
    routes.into_iter().map(target).collect()
}

/// Rejects routes that lead to no schema of the project, or whose label is none of `rules`.
async fn check_routes<P: Ports, T: Declared>(
    caller: &Caller<P>,
    body: &mut Checked<T>,
    rules: Option<&RuleSet>,
) -> Result<()> {
    let has_routes = !body.input().get("routes").is_absent();
    let saved = if has_routes { schemas::names(&caller.ports, caller.token.project).await? } else { Vec::new() };
    let (input, check) = body.parts();
    // Of a longer list, its length is the fault.
    for route in input.get("routes").items().take(limits::MAX_RULES) {
        check_label(check, &route, rules);
        let field = route.get("schema_id");
        let id: Option<cuid::Id<SchemaId>> = field.read();
        if id.is_some_and(|id| !saved.iter().any(|schema| schema.id == id.0)) {
            check.reject_value(&field, "the project has no schema of this id");
        }
    }
    Ok(())
}

/// `POST /v1/classifiers`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewClassifier>) -> Reply {
    let mut body = body.0;
    let rules = body.input().get("rules").read::<RuleSet>();
    check_routes(&caller, &mut body, rules.as_ref()).await?;
    let NewClassifier { name, rules, options } = body.finish()?;
    let settings = options.settings.unwrap_or_default();
    let classification = Classification { rules, settings, ..Classification::default() };
    let change = ClassifierChange {
        name: None,
        classification: Some(classification),
        routes: Some(targets(options.routes.unwrap_or_default())),
        draft: options.draft,
    };
    let saved = classifiers::save(&caller.ports, caller.token.project, name, change).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /v1/classifiers`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<ClassifierQuery>();
    // A cursor in the listing of published versions means nothing in the listing of all.
    let listing = if query.read().is_some_and(|query| query.draft) { "classifiers/drafts" } else { LISTING };
    let page = page_token::page(&mut query, listing);
    let ClassifierQuery { name, draft, .. } = query.finish()?;
    let versions = if draft { Versions::Newest } else { Versions::NewestPublished };
    let filter = ClassifierFilter { name, versions, id: None };
    list_page(&caller, listing, filter, page).await
}

/// `GET /v1/classifiers/{id}/versions`
pub(super) async fn versions<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    found(classifiers::get(&caller.ports, caller.token.project, id, Version::Newest).await, NO_CLASSIFIER)?;
    let mut query = caller.query.checked::<Paging>();
    let page = page_token::page(&mut query, VERSIONS_LISTING);
    query.finish()?;
    let filter = ClassifierFilter { id: Some(id), name: None, versions: Versions::All };
    list_page(&caller, VERSIONS_LISTING, filter, page).await
}

async fn list_page<P: Ports>(caller: &Caller<P>, listing: &str, filter: ClassifierFilter, page: PageRequest) -> Reply {
    let classifiers = classifiers::list(&caller.ports, caller.token.project, filter, page).await?;
    let listing = Listing::new(listing, &classifiers, ClassifierResponse::from);
    Ok(reply::json(StatusCode::OK, &listing))
}

/// `GET /v1/classifiers/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    let VersionQuery { draft } = caller.query.checked().finish()?;
    let classifier = classifiers::get(&caller.ports, caller.token.project, id, rules::version(draft)).await;
    Ok(answer(StatusCode::OK, &found(classifier, NO_CLASSIFIER)?))
}

/// `PUT /v1/classifiers/{id}`
pub(super) async fn update<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<ChangedClassifier>) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    let project = caller.token.project;
    let newest = found(classifiers::get(&caller.ports, project, id, Version::Newest).await, NO_CLASSIFIER)?;
    let mut body = body.0;
    // If the new rules are invalid, the routes are not checked against any.
    let rules = body.input().get("rules").read::<Option<RuleSet>>();
    let rules = rules.as_ref().map(|rules| rules.as_ref().unwrap_or(&newest.classification.rules));
    check_routes(&caller, &mut body, rules).await?;
    let ChangedClassifier { name, rules, options } = body.finish()?;
    let ClassifierOptions { settings, routes, draft } = options;
    let routes = routes.map(targets);
    let old = newest.classification.clone();
    let classification =
        Classification { rules: rules.unwrap_or(old.rules), settings: settings.unwrap_or(old.settings), ..old };
    let unchanged = draft == newest.draft
        && name.as_ref().is_none_or(|name| *name == newest.name)
        && routes.as_ref().is_none_or(|routes| *routes == newest.routes)
        && classification == newest.classification;
    if unchanged {
        return Ok(answer(StatusCode::OK, &newest));
    }
    let change = ClassifierChange { name, classification: Some(classification), routes, draft };
    let changed = classifiers::change(&caller.ports, project, id, Version::Newest, change).await;
    Ok(answer(StatusCode::OK, &found(changed, NO_CLASSIFIER)?))
}

/// `DELETE /v1/classifiers/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id = segments.id("id", NO_CLASSIFIER)?;
    found(classifiers::delete(&caller.ports, caller.token.project, id).await, NO_CLASSIFIER)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/classifiers/{id}/publish`
pub(super) async fn publish<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id = segments.id("id", NO_CLASSIFIER)?;
    let published = classifiers::publish(&caller.ports, caller.token.project, id).await;
    Ok(answer(StatusCode::OK, &found(published, NO_CLASSIFIER)?))
}
