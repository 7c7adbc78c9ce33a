//! Saved schemas.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, NO_SCHEMA, PathParams, Reply, found,
    rules::NAME_CHARS,
    wire::{self, Listing},
};
use crate::{
    api::{
        body,
        page_token::{self, PageSizes},
        reply,
    },
    extract,
    id::SchemaId,
    service::{
        index::{Cursor, Page, SavedSchema},
        ports::Ports,
        schemas,
    },
    validate::{Input, Validator},
};

const LISTING: &str = "schemas";
const SIZES: PageSizes = PageSizes { default: 50, max: 100 };
/// The accepted members. The last three are output only: they are ignored if a client sends them back.
const MEMBERS: [&str; 6] = ["name", "fields", "tables", "id", "created_at", "updated_at"];

fn answer(status: StatusCode, saved: &SavedSchema) -> axum::response::Response {
    reply::json(status, &wire::SchemaResponse::from(saved))
}

/// `POST /v1/schemas`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &MEMBERS);
    check.require(&input.get("name"));
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let schema = extract::input::parse_schema(&mut check, &input);
    let (name, schema) = check.finish(name.zip(schema))?;
    let saved = schemas::save(&caller.ports, caller.token.project, name, schema).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /v1/schemas`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut check = Validator::default();
    let query = &caller.query;
    let page = page_token::request(&mut check, LISTING, SIZES, &query.get("page_size"), &query.get("page_token"));
    let page = check.finish(page)?;
    let all = schemas::list(&caller.ports, caller.token.project).await?;
    // Names are unique, so the name suffices as the cursor.
    let rest = all.into_iter().filter(|saved| page.after.as_ref().is_none_or(|after| saved.name > after.key));
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let mut items: Vec<_> = rest.take(size.saturating_add(1)).collect();
    let has_more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| has_more);
    let next = next.map(|last| Cursor { key: last.name.clone(), id: last.id.to_string() });
    let page = Page { items, next };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, wire::SchemaResponse::from)))
}

/// `GET /v1/schemas/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    let saved = schemas::get(&caller.ports, caller.token.project, id).await;
    Ok(answer(StatusCode::OK, &found(saved, NO_SCHEMA)?))
}

/// `PUT /v1/schemas/{id}`
pub(super) async fn update<P: Ports>(caller: Caller<P>, segments: PathParams, headers: HeaderMap, body: Body) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &MEMBERS);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    // Fields and tables are replaced together: fields without their tables would be half a schema.
    let has_schema = ["fields", "tables"].iter().any(|member| !input.get(member).is_absent());
    let schema = if has_schema { extract::input::parse_schema(&mut check, &input) } else { None };
    check.finish(Some(()))?;
    let saved = schemas::change(&caller.ports, caller.token.project, id, name, schema).await;
    Ok(answer(StatusCode::OK, &found(saved, NO_SCHEMA)?))
}

/// `DELETE /v1/schemas/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    found(schemas::delete(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
