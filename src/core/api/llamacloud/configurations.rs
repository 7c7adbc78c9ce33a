//! Saved configurations.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, Reply,
    ids::InPath,
    rules,
    wire::{Listing, PRODUCT, SavedConfiguration},
};
use crate::{
    api::{
        body,
        page_token::{self, Sizes},
        reply,
    },
    id::ClassifierId,
    job::Classification,
    service::{
        classifiers,
        index::{Change, Classifier, ClassifierFilter, Page},
        ports::Ports,
    },
    validate::{Check, Field},
};

/// The longest name, in characters.
const NAME_CHARS: usize = 255;

const LISTING: &str = "configurations";
const SIZES: Sizes = Sizes { default: 50, most: 100 };

fn answer(status: StatusCode, classifier: &Classifier) -> axum::response::Response {
    reply::json(status, &SavedConfiguration::from(classifier))
}

/// `POST /api/v1/beta/configurations`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    for member in ["name", "parameters"] {
        check.require(&input.get(member));
    }
    let (name, parameters) = read(&mut check, &input);
    let (name, parameters) = check.finish(name.zip(parameters))?;
    let saved = classifiers::save(&caller.ports, caller.token.project, name, changed(None, Some(parameters))).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /api/v1/beta/configurations`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let query = &caller.query;
    let mut check = Check::default();
    let filter = ClassifierFilter {
        name: check.text(&query.one("name"), 0..=NAME_CHARS).map(str::to_owned),
        latest_only: check.boolean(&query.one("latest_only")).unwrap_or_default(),
        drafts: false,
        id: None,
    };
    let page = page_token::request(&mut check, LISTING, SIZES, &query.one("page_size"), &query.one("page_token"));
    let page = check.finish(page)?;
    // Nothing of another product is saved here.
    let found = if query.all("product_type").is_none() || query.has("product_type", PRODUCT) {
        classifiers::list(&caller.ports, caller.token.project, filter, page).await?
    } else {
        Page { items: Vec::new(), next: None }
    };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &found, SavedConfiguration::from)))
}

/// `GET /api/v1/beta/configurations/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, InPath(id): InPath<ClassifierId>) -> Reply {
    let classifier = classifiers::get(&caller.ports, caller.token.project, id, false).await?;
    Ok(answer(StatusCode::OK, &classifier))
}

/// `PUT /api/v1/beta/configurations/{id}`
pub(super) async fn update<P: Ports>(
    caller: Caller<P>,
    InPath(id): InPath<ClassifierId>,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    let (name, parameters) = read(&mut check, &input);
    check.finish(Some(()))?;
    let project = caller.token.project;
    let classifier = if name.is_none() && parameters.is_none() {
        classifiers::get(&caller.ports, project, id, false).await?
    } else {
        classifiers::change(&caller.ports, project, id, changed(name, parameters)).await?
    };
    Ok(answer(StatusCode::OK, &classifier))
}

/// `DELETE /api/v1/beta/configurations/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, InPath(id): InPath<ClassifierId>) -> Reply {
    classifiers::delete(&caller.ports, caller.token.project, id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// What a request changes. Routes are no part of this dialect, so they stay.
fn changed(name: Option<String>, classification: Option<Classification>) -> Change {
    Change { name, classification, routes: None, draft: false }
}

/// The name and the parameters, as far as they are there.
fn read(check: &mut Check, input: &Field<'_>) -> (Option<String>, Option<Classification>) {
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
    // The parameters of another product are another thing, and nothing can be said about them.
    let ours = check.word(&product, &[(PRODUCT, ())]);
    (name, ours.and_then(|()| rules::read(check, &parameters)))
}
