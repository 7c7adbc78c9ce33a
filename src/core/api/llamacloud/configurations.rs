//! Saved configurations.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, Reply,
    ids::{IdFormat, PathId},
    rules,
    wire::{Listing, PRODUCT, SavedConfiguration},
};
use crate::{
    api::{
        body,
        page_token::{self, PageSizes},
        reply,
    },
    error::Error,
    id::ClassifierId,
    job::Classification,
    service::{
        classifiers,
        index::{ClassifierChange, ClassifierFilter, ClassifierVersion, Page, Version, Versions},
        ports::Ports,
    },
    validate::{Input, Validator},
};

/// The longest name, in characters.
const NAME_CHARS: usize = 255;

const LISTING: &str = "configurations";
const SIZES: PageSizes = PageSizes { default: 50, max: 100 };

fn answer(status: StatusCode, classifier: &ClassifierVersion) -> axum::response::Response {
    reply::json(status, &SavedConfiguration::from(classifier))
}

/// `POST /api/v1/beta/configurations`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    for member in ["name", "parameters"] {
        check.require(&input.get(member));
    }
    let (name, parameters) = parse_configuration(&mut check, &input);
    let (name, parameters) = check.finish(name.zip(parameters))?;
    let saved =
        classifiers::save(&caller.ports, caller.token.project, name, classifier_change(None, Some(parameters))).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /api/v1/beta/configurations`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let query = &caller.query;
    let mut check = Validator::default();
    let filter = ClassifierFilter {
        name: check.text(&query.get("name"), 0..=NAME_CHARS).map(str::to_owned),
        versions: match check.boolean(&query.get("latest_only")) {
            Some(true) => Versions::NewestPublished,
            _ => Versions::Published,
        },
        id: None,
    };
    let page = page_token::request(&mut check, LISTING, SIZES, &query.get("page_size"), &query.get("page_token"));
    let page = check.finish(page)?;
    // No configurations of other products are saved here.
    let found = if query.get_all("product_type").is_none() || query.contains("product_type", PRODUCT) {
        classifiers::list(&caller.ports, caller.token.project, filter, page).await?
    } else {
        Page { items: Vec::new(), next: None }
    };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &found, SavedConfiguration::from)))
}

fn missing(error: Error) -> Error {
    error.with_not_found_message(ClassifierId::MISSING)
}

/// `GET /api/v1/beta/configurations/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ClassifierId>) -> Reply {
    let classifier = classifiers::get(&caller.ports, caller.token.project, id, Version::Published).await;
    let classifier = classifier.map_err(missing)?;
    Ok(answer(StatusCode::OK, &classifier))
}

/// `PUT /api/v1/beta/configurations/{id}`
pub(super) async fn update<P: Ports>(
    caller: Caller<P>,
    PathId(id): PathId<ClassifierId>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    let (name, parameters) = parse_configuration(&mut check, &input);
    check.finish(Some(()))?;
    let project = caller.token.project;
    let classifier = if name.is_none() && parameters.is_none() {
        classifiers::get(&caller.ports, project, id, Version::Published).await
    } else {
        classifiers::change(&caller.ports, project, id, classifier_change(name, parameters)).await
    };
    Ok(answer(StatusCode::OK, &classifier.map_err(missing)?))
}

/// `DELETE /api/v1/beta/configurations/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<ClassifierId>) -> Reply {
    classifiers::delete(&caller.ports, caller.token.project, id).await.map_err(missing)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The change that a request asks for. This dialect has no routes, so they stay as they are.
fn classifier_change(name: Option<String>, classification: Option<Classification>) -> ClassifierChange {
    ClassifierChange { name, classification, routes: None, draft: false }
}

/// The name and the parameters; None for one that is absent or invalid.
fn parse_configuration(check: &mut Validator, input: &Input<'_>) -> (Option<String>, Option<Classification>) {
    check.object(input);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let parameters = input.get("parameters");
    if parameters.is_absent() {
        return (name, None);
    }
    let product = parameters.get("product_type");
    if check.object(&parameters) {
        check.require(&product);
    }
    // Parameters of another product cannot be validated here.
    let supported = check.one_of(&product, &[(PRODUCT, ())]);
    (name, supported.and_then(|()| rules::parse(check, &parameters)))
}
