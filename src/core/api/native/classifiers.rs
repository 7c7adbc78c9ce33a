//! Saved classifiers.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, NO_CLASSIFIER, Reply, Segments, found,
    rules::{self, NAME_CHARS, Route},
    wire::{self, Listing},
};
use crate::{
    api::{
        body,
        page_token::{self, Sizes},
        reply,
    },
    classify::{RuleSet, given},
    error::Result,
    id::{ClassifierId, SchemaId},
    job::Classification,
    service::{
        classifiers,
        index::{Change, Classifier, ClassifierFilter, Target},
        ports::Ports,
        schemas,
    },
    validate::{Check, Field},
};

const LISTING: &str = "classifiers";
const VERSIONS: &str = "classifiers/versions";
const SIZES: Sizes = Sizes { default: 50, most: 100 };
/// What may be said; the last three are answered, and ignored when they are sent back.
const MEMBERS: [&str; 8] = ["name", "rules", "settings", "routes", "draft", "id", "version", "created_at"];

fn answer(status: StatusCode, classifier: &Classifier) -> axum::response::Response {
    reply::json(status, &wire::Classifier::from(classifier))
}

/// The targets of routes that were read.
pub(super) fn targets(routes: Vec<Route<SchemaId>>) -> Vec<Target> {
    let target = |route: Route<_>| Target { label: route.label, deployment: route.deployment, schema: route.schema };
    routes.into_iter().map(target).collect()
}

/// Reads the routes of `input`, which lead to schemas of the project.
async fn routes<P: Ports>(
    caller: &Caller<P>,
    check: &mut Check,
    input: &Field<'_>,
    rules: Option<&RuleSet>,
) -> Result<Option<Vec<Target>>> {
    let field = input.get("routes");
    if field.is_absent() {
        return Ok(None);
    }
    let saved = schemas::list(&caller.ports, caller.token.project).await?;
    let routes = rules::routes(check, &field, rules, "schema_id", |check, field| {
        let id: SchemaId = rules::id(check, field)?;
        if !saved.iter().any(|schema| schema.id == id) {
            check.refuse_value(field, "the project has no schema of this id");
        }
        Some(id)
    });
    Ok(routes.map(targets))
}

/// `POST /v1/classifiers`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &MEMBERS);
    for member in ["name", "rules"] {
        check.require(&input.get(member));
    }
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let rules = given::rules(&mut check, &input.get("rules"));
    let settings = given::settings(&mut check, &input.get("settings")).unwrap_or_default();
    let draft = check.boolean(&input.get("draft")).unwrap_or_default();
    let routes = routes(&caller, &mut check, &input, rules.as_ref()).await?.unwrap_or_default();
    let (name, rules) = check.finish(name.zip(rules))?;
    let classification = Classification { rules, settings, ..Classification::default() };
    let change = Change { name: None, classification: Some(classification), routes: Some(routes), draft };
    let saved = classifiers::save(&caller.ports, caller.token.project, name, change).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /v1/classifiers`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Check::default();
    let filter = ClassifierFilter {
        name: check.text(&caller.query.one("name"), 0..=NAME_CHARS).map(str::to_owned),
        latest_only: true,
        drafts: check.boolean(&caller.query.one("draft")).unwrap_or_default(),
        id: None,
    };
    // A place among published versions is none among all.
    let listing = if filter.drafts { "classifiers/drafts" } else { LISTING };
    listed(&caller, check, listing, filter).await
}

/// `GET /v1/classifiers/{id}/versions`
pub(super) async fn versions<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    found(classifiers::get(&caller.ports, caller.token.project, id, true).await, NO_CLASSIFIER)?;
    let filter = ClassifierFilter { id: Some(id), drafts: true, ..ClassifierFilter::default() };
    listed(&caller, Check::default(), VERSIONS, filter).await
}

async fn listed<P: Ports>(caller: &Caller<P>, mut check: Check, listing: &str, filter: ClassifierFilter) -> Reply {
    let query = &caller.query;
    let page = page_token::request(&mut check, listing, SIZES, &query.one("page_size"), &query.one("page_token"));
    let page = check.finish(page)?;
    let classifiers = classifiers::list(&caller.ports, caller.token.project, filter, page).await?;
    let listing = Listing::new(listing, &classifiers, wire::Classifier::from);
    Ok(reply::json(StatusCode::OK, &listing))
}

/// `GET /v1/classifiers/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    let mut check = Check::default();
    let draft = check.boolean(&caller.query.one("draft")).unwrap_or_default();
    check.finish(Some(()))?;
    let classifier = classifiers::get(&caller.ports, caller.token.project, id, draft).await;
    Ok(answer(StatusCode::OK, &found(classifier, NO_CLASSIFIER)?))
}

/// `PUT /v1/classifiers/{id}`
pub(super) async fn update<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let id: ClassifierId = segments.id("id", NO_CLASSIFIER)?;
    let project = caller.token.project;
    let newest = found(classifiers::get(&caller.ports, project, id, true).await, NO_CLASSIFIER)?;
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &MEMBERS);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let rules = given::rules(&mut check, &input.get("rules"));
    let settings = given::settings(&mut check, &input.get("settings"));
    let draft = check.boolean(&input.get("draft")).unwrap_or_default();
    // Rules that cannot be read are no measure for the routes.
    let known = if input.get("rules").is_absent() { Some(&newest.classification.rules) } else { rules.as_ref() };
    let routes = routes(&caller, &mut check, &input, known).await?;
    check.finish(Some(()))?;
    let old = newest.classification.clone();
    let classification =
        Classification { rules: rules.unwrap_or(old.rules), settings: settings.unwrap_or(old.settings), ..old };
    let same = draft == newest.draft
        && name.as_ref().is_none_or(|name| *name == newest.name)
        && routes.as_ref().is_none_or(|routes| *routes == newest.routes)
        && classification == newest.classification;
    if same {
        return Ok(answer(StatusCode::OK, &newest));
    }
    let change = Change { name, classification: Some(classification), routes, draft };
    let changed = classifiers::change(&caller.ports, project, id, change).await;
    Ok(answer(StatusCode::OK, &found(changed, NO_CLASSIFIER)?))
}

/// `DELETE /v1/classifiers/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id = segments.id("id", NO_CLASSIFIER)?;
    found(classifiers::delete(&caller.ports, caller.token.project, id).await, NO_CLASSIFIER)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/classifiers/{id}/publish`
pub(super) async fn publish<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id = segments.id("id", NO_CLASSIFIER)?;
    let published = classifiers::publish(&caller.ports, caller.token.project, id).await;
    Ok(answer(StatusCode::OK, &found(published, NO_CLASSIFIER)?))
}
