//! Saved classifiers.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, NO_CLASSIFIER, PathParams, Reply, found,
    rules::{self, NAME_CHARS, Route},
    wire::{self, Listing},
};
use crate::{
    api::{
        body,
        page_token::{self, PageSizes},
        reply,
    },
    classify::{RuleSet, input},
    error::Result,
    id::{ClassifierId, SchemaId},
    job::Classification,
    service::{
        classifiers,
        index::{ClassifierChange, ClassifierFilter, ClassifierVersion, RouteRef, Version, Versions},
        ports::Ports,
        schemas,
    },
    validate::{Input, Validator},
};

const LISTING: &str = "classifiers";
const VERSIONS_LISTING: &str = "classifiers/versions";
const SIZES: PageSizes = PageSizes { default: 50, max: 100 };
/// The accepted members. The last three are output only: they are ignored if a client sends them back.
const MEMBERS: [&str; 8] = ["name", "rules", "settings", "routes", "draft", "id", "version", "created_at"];

fn answer(status: StatusCode, classifier: &ClassifierVersion) -> axum::response::Response {
    reply::json(status, &wire::ClassifierResponse::from(classifier))
}

/// Parsed routes as the service stores them.
pub(super) fn targets(routes: Vec<Route<SchemaId>>) -> Vec<RouteRef> {
    let target = |route: Route<_>| RouteRef { label: route.label, deployment: route.deployment, schema: route.schema };
    routes.into_iter().map(target).collect()
}

/// Parses the routes of `input`, which must lead to schemas of the project.
async fn routes<P: Ports>(
    caller: &Caller<P>,
    check: &mut Validator,
    input: &Input<'_>,
    rules: Option<&RuleSet>,
) -> Result<Option<Vec<RouteRef>>> {
    let field = input.get("routes");
    if field.is_absent() {
        return Ok(None);
    }
    let saved = schemas::list(&caller.ports, caller.token.project).await?;
    let routes = rules::routes(check, &field, rules, "schema_id", |check, field| {
        let id: SchemaId = rules::id(check, field)?;
        if !saved.iter().any(|schema| schema.id == id) {
            check.reject_value(field, "the project has no schema of this id");
        }
        Some(id)
    });
    Ok(routes.map(targets))
}

/// `POST /v1/classifiers`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &MEMBERS);
    for member in ["name", "rules"] {
        check.require(&input.get(member));
    }
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let rules = input::parse_rules(&mut check, &input.get("rules"));
    let settings = input::parse_settings(&mut check, &input.get("settings")).unwrap_or_default();
    let draft = check.boolean(&input.get("draft")).unwrap_or_default();
    let routes = routes(&caller, &mut check, &input, rules.as_ref()).await?.unwrap_or_default();
    let (name, rules) = check.finish(name.zip(rules))?;
    let classification = Classification { rules, settings, ..Classification::default() };
    let change = ClassifierChange { name: None, classification: Some(classification), routes: Some(routes), draft };
    let saved = classifiers::save(&caller.ports, caller.token.project, name, change).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /v1/classifiers`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Validator::default();
    let name = check.text(&caller.query.get("name"), 0..=NAME_CHARS).map(str::to_owned);
    // A cursor in the listing of published versions means nothing in the listing of all.
    let (versions, listing) = match rules::version(&mut check, &caller.query) {
        Version::Published => (Versions::NewestPublished, LISTING),
        Version::Newest => (Versions::Newest, "classifiers/drafts"),
    };
    list_page(&caller, check, listing, ClassifierFilter { id: None, name, versions }).await
}

/// `GET /v1/classifiers/{id}/versions`
pub(super) async fn versions<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    found(classifiers::get(&caller.ports, caller.token.project, id, Version::Newest).await, NO_CLASSIFIER)?;
    let filter = ClassifierFilter { id: Some(id), name: None, versions: Versions::All };
    list_page(&caller, Validator::default(), VERSIONS_LISTING, filter).await
}

async fn list_page<P: Ports>(
    caller: &Caller<P>,
    mut check: Validator,
    listing: &str,
    filter: ClassifierFilter,
) -> Reply {
    let query = &caller.query;
    let page = page_token::request(&mut check, listing, SIZES, &query.get("page_size"), &query.get("page_token"));
    let page = check.finish(page)?;
    let classifiers = classifiers::list(&caller.ports, caller.token.project, filter, page).await?;
    let listing = Listing::new(listing, &classifiers, wire::ClassifierResponse::from);
    Ok(reply::json(StatusCode::OK, &listing))
}

/// `GET /v1/classifiers/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    let mut check = Validator::default();
    let version = rules::version(&mut check, &caller.query);
    check.finish(Some(()))?;
    let classifier = classifiers::get(&caller.ports, caller.token.project, id, version).await;
    Ok(answer(StatusCode::OK, &found(classifier, NO_CLASSIFIER)?))
}

/// `PUT /v1/classifiers/{id}`
pub(super) async fn update<P: Ports>(caller: Caller<P>, segments: PathParams, headers: HeaderMap, body: Body) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    let project = caller.token.project;
    let newest = found(classifiers::get(&caller.ports, project, id, Version::Newest).await, NO_CLASSIFIER)?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &MEMBERS);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let rules = input::parse_rules(&mut check, &input.get("rules"));
    let settings = input::parse_settings(&mut check, &input.get("settings"));
    let draft = check.boolean(&input.get("draft")).unwrap_or_default();
    // If the new rules are invalid, the routes are not checked against any.
    let route_rules = if input.get("rules").is_absent() { Some(&newest.classification.rules) } else { rules.as_ref() };
    let routes = routes(&caller, &mut check, &input, route_rules).await?;
    check.finish(Some(()))?;
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
    let changed = classifiers::change(&caller.ports, project, id, change).await;
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
