//! Saved schemas.

use axum::http::StatusCode;

use super::{
    Body, Caller, NO_SCHEMA, PathParams, Reply, found,
    rules::NAME,
    wire::{Listing, SchemaResponse},
};
use crate::{
    api::{
        page_token::{self, Paging},
        reply,
    },
    extract::Schema,
    id::SchemaId,
    service::{index::SavedSchema, ports::Ports, schemas},
    validate::{
        declare::declare,
        shape::{CLOSED, Object},
    },
};

const LISTING: &str = "schemas";

/// A schema that an answer has may be sent back.
const SENT_BACK: Object = Object { read_only: &["id", "created_at", "updated_at"], ..CLOSED };

declare! {
    /// A schema to save.
    #[derive(Debug)]
    pub(super) struct NewSchema(SENT_BACK) {
        /// The name. A schema of this name gets the new content.
        name: String = required(NAME),
        schema: Schema = flattened,
    }
}

declare! {
    /// What changes of a schema; absent members stay. Fields and tables are replaced together: fields without their
    /// tables would be half a schema.
    #[derive(Debug)]
    pub(super) struct ChangedSchema(SENT_BACK) {
        /// The name.
        name: Option<String> = optional(NAME),
        schema: Option<Schema> = partial,
    }
}

fn answer(status: StatusCode, saved: &SavedSchema) -> axum::response::Response {
    reply::json(status, &SchemaResponse::from(saved))
}

/// `POST /v1/schemas`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewSchema>) -> Reply {
    let NewSchema { name, schema } = body.0.finish()?;
    let saved = schemas::save(&caller.ports, caller.token.project, name, schema).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /v1/schemas`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<Paging>();
    let page = page_token::page(&mut query, LISTING);
    query.finish()?;
    let page = schemas::list(&caller.ports, caller.token.project, page).await?;
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, SchemaResponse::from)))
}

/// `GET /v1/schemas/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    let saved = schemas::get(&caller.ports, caller.token.project, id).await;
    Ok(answer(StatusCode::OK, &found(saved, NO_SCHEMA)?))
}

/// `PUT /v1/schemas/{id}`
pub(super) async fn update<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<ChangedSchema>) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    let ChangedSchema { name, schema } = body.0.finish()?;
    let saved = schemas::change(&caller.ports, caller.token.project, id, name, schema).await;
    Ok(answer(StatusCode::OK, &found(saved, NO_SCHEMA)?))
}

/// `DELETE /v1/schemas/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: SchemaId = segments.id("id", NO_SCHEMA)?;
    found(schemas::delete(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
