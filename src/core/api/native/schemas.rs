//! Saved schemas.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, NO_SCHEMA, Reply, Segments, found,
    rules::NAME_CHARS,
    wire::{self, Listing},
};
use crate::{
    api::{
        body,
        page_token::{self, Sizes},
        reply,
    },
    extract,
    id::SchemaId,
    service::{
        index::{Cursor, Page, SavedSchema},
        ports::Ports,
        schemas,
    },
    validate::{Check, Field},
};

const LISTING: &str = "schemas";
const SIZES: Sizes = Sizes { default: 50, most: 100 };
/// What may be said; the last three are answered, and ignored when they are sent back.
const MEMBERS: [&str; 6] = ["name", "fields", "tables", "id", "created_at", "updated_at"];

fn answer(status: StatusCode, saved: &SavedSchema) -> axum::response::Response {
    reply::json(status, &wire::Saved::from(saved))
}

/// `POST /v1/schemas`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &MEMBERS);
    check.require(&input.get("name"));
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let schema = extract::given::read(&mut check, &input);
    let (name, schema) = check.finish(name.zip(schema))?;
    let saved = schemas::save(&caller.ports, caller.token.project, name, schema).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /v1/schemas`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Check::default();
    let query = &caller.query;
    let page = page_token::request(&mut check, LISTING, SIZES, &query.one("page_size"), &query.one("page_token"));
    let page = check.finish(page)?;
    let all = schemas::list(&caller.ports, caller.token.project).await?;
    // Names are unique, so a name is a place.
    let rest = all.into_iter().filter(|saved| page.after.as_ref().is_none_or(|after| saved.name > after.key));
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let mut items: Vec<_> = rest.take(size.saturating_add(1)).collect();
    let more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| more);
    let next = next.map(|last| Cursor { key: last.name.clone(), id: last.id.to_string() });
    let page = Page { items, next };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, wire::Saved::from)))
}

/// `GET /v1/schemas/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    let saved = schemas::get(&caller.ports, caller.token.project, id).await;
    Ok(answer(StatusCode::OK, &found(saved, NO_SCHEMA)?))
}

/// `PUT /v1/schemas/{id}`
pub(super) async fn update<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &MEMBERS);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    // What is asked of documents is one thing: fields without their tables would be half of it.
    let said = ["fields", "tables"].iter().any(|member| !input.get(member).is_absent());
    let schema = if said { extract::given::read(&mut check, &input) } else { None };
    check.finish(Some(()))?;
    let saved = schemas::change(&caller.ports, caller.token.project, id, name, schema).await;
    Ok(answer(StatusCode::OK, &found(saved, NO_SCHEMA)?))
}

/// `DELETE /v1/schemas/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    found(schemas::delete(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
