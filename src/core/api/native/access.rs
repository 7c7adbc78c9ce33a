//! Projects and tokens, managed by the operator.

use axum::http::StatusCode;
use serde::Serialize;

use std::time::Duration;

use super::{
    Body, Caller, Manager, NO_PROJECT, Operator, PathParam, PathParams, Reply,
    rules::{NAME, RETENTION_DAYS},
    wire::{Listing, Project},
};
use crate::{
    api::{
        checked::Checked,
        cors::ALLOWED_ORIGINS,
        page_token::{self, Paging},
        query::Query,
        reply,
    },
    id::{ProjectId, TokenId},
    limits,
    service::{
        access,
        index::{ChangeProject, ListedToken, PageRequest},
        ports::Ports,
        tokens::{Scope, Scopes, Token},
    },
    time::Timestamp,
    validate::{
        declare::declare,
        shape::{CLOSED, DATETIME, OPEN, Object, Shape},
    },
};

declare! {
    /// A project to create.
    #[derive(Debug)]
    pub(super) struct NewProject(OPEN) {
        /// The name.
        name: String = required(NAME),
        /// The name of its owner; that of the project if absent.
        organization_name: Option<String> = optional(NAME),
        /// How many days files, and jobs that have ended, are kept.
        retention_days: u32 = default(RETENTION_DAYS, limits::RETENTION_DAYS),
    }
}

declare! {
    /// What the operator changes of a project; absent members stay.
    #[derive(Debug)]
    pub(super) struct ProjectSettings(CLOSED) {
        /// The name.
        name: Option<String> = optional(NAME),
        /// How many days files, and jobs that have ended, are kept.
        retention_days: Option<u32> = optional(RETENTION_DAYS),
        /// How many jobs that have not ended it may have; 50,000 unless set.
        max_open_jobs: Option<u32> = optional(Shape::integer(1..=limits::MAX_MAX_OPEN_JOBS)),
        /// How many MiB its files may have in all; 102,400 unless set.
        max_stored_mib: Option<u32> = optional(Shape::integer(1..=limits::MAX_MAX_STORED_MIB)),
        /// The origins whose pages may read what its tokens are answered (CORS), such as `https://app.example`; `*` is any.
        allowed_origins: Option<Vec<String>> = optional(ALLOWED_ORIGINS),
    }
}

declare! {
    /// A token to create.
    #[derive(Debug)]
    pub(super) struct NewToken(Object { required: false, ..OPEN }) {
        /// What the token is called, for people.
        name: Option<String> = optional(NAME),
        /// What its holder may do; everything if absent.
        scopes: Option<Vec<String>> = optional(Shape::list(1..=Scope::ALL.len(), &SCOPE)),
        /// When it ends: a moment in the future; never if absent.
        expires_at: Option<Timestamp> = optional(DATETIME),
    }
}

/// What the holder of a token may do: `read` for reading and for calls that store nothing, `write` for creating,
/// changing and deleting, `admin` for the settings and the tokens of the project. None includes another.
const SCOPE: Shape = Shape::Words(|| Scope::ALL.map(Scope::as_str).to_vec());

declare! {
    /// How to rotate a token.
    #[derive(Debug)]
    pub(super) struct Rotation(Object { required: false, ..CLOSED }) {
        /// For how many seconds the present secret stays valid: up to a week.
        grace_seconds: u32 = default(Shape::integer(0..=MAX_GRACE_SECONDS), 0),
    }
}

const MAX_GRACE_SECONDS: u32 = limits::MAX_ROTATION_GRACE.as_secs() as u32;

/// A token with a new secret.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct CreatedToken {
    /// The id, by which it is rotated and revoked.
    id: String,
    /// The token itself, shown only here.
    token: String,
    /// The same token in another form, for programs that accept only keys that begin with `llx-`.
    llx_token: String,
    /// What it is called.
    name: String,
    /// The project that it opens.
    project_id: String,
    /// What its holder may do.
    scopes: Vec<&'static str>,
    /// When it was created.
    created_at: String,
    /// When it ends; null if never.
    expires_at: Option<String>,
}

impl CreatedToken {
    fn new(token: Token, text: String) -> Self {
        Self {
            id: token.id.to_string(),
            llx_token: format!("{}{text}", access::ALIAS_PREFIX),
            token: text,
            name: token.name,
            project_id: token.project.to_string(),
            scopes: words(token.scopes),
            created_at: token.created_at.to_rfc3339(),
            expires_at: token.expires_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// A token in a listing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Token"))]
pub(super) struct TokenResponse<'a> {
    /// The id, by which it is rotated and revoked.
    id: String,
    /// What it is called.
    name: &'a str,
    /// What its holder may do.
    scopes: Vec<&'static str>,
    /// When it was created.
    created_at: String,
    /// When it ends; null if never.
    expires_at: Option<String>,
    /// When it was last used, to within an hour; null if never.
    last_used_at: Option<String>,
    /// Until when the secret before the last rotation is valid; null if there was no rotation.
    replaced_until: Option<String>,
}

impl<'a> From<&'a ListedToken> for TokenResponse<'a> {
    fn from(token: &'a ListedToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: &token.name,
            scopes: words(token.scopes),
            created_at: token.created_at.to_rfc3339(),
            expires_at: token.expires_at.map(Timestamp::to_rfc3339),
            last_used_at: token.last_used_at.map(Timestamp::to_rfc3339),
            replaced_until: token.replaced_until.map(Timestamp::to_rfc3339),
        }
    }
}

fn words(scopes: Scopes) -> Vec<&'static str> {
    scopes.iter().map(Scope::as_str).collect()
}

/// `POST /v1/projects`
pub(super) async fn create_project<P: Ports>(Operator { ports, .. }: Operator<P>, body: Body<NewProject>) -> Reply {
    let NewProject { name, organization_name, retention_days } = body.0.finish()?;
    let organization = organization_name.unwrap_or_else(|| name.clone());
    let project = access::create_project(&ports, name, organization, retention_days).await?;
    Ok(reply::json(StatusCode::CREATED, &Project::from(&project)))
}

const PROJECTS_LISTING: &str = "projects";

/// `GET /v1/projects`
pub(super) async fn projects<P: Ports>(Operator { ports, query }: Operator<P>) -> Reply {
    let projects = access::list_projects(&ports, page(&query, PROJECTS_LISTING)?).await?;
    Ok(reply::json(StatusCode::OK, &Listing::new(PROJECTS_LISTING, &projects, Project::from)))
}

/// `GET /v1/projects/{id}`
pub(super) async fn project<P: Ports>(Operator { ports, .. }: Operator<P>, segments: PathParams) -> Reply {
    let project = access::project(&ports, segments.id("id", NO_PROJECT)?).await?;
    Ok(reply::json(StatusCode::OK, &Project::from(&project)))
}

/// `PATCH /v1/projects/{id}`
pub(super) async fn change_project<P: Ports>(
    Operator { ports, .. }: Operator<P>,
    segments: PathParams,
    body: Body<ProjectSettings>,
) -> Reply {
    let id = segments.id("id", NO_PROJECT)?;
    let ProjectSettings { name, retention_days, max_open_jobs, max_stored_mib, allowed_origins } = body.0.finish()?;
    let change = ChangeProject { name, retention_days, max_open_jobs, max_stored_mib, allowed_origins };
    let project = access::change_project(&ports, id, change).await?;
    Ok(reply::json(StatusCode::OK, &Project::from(&project)))
}

/// `DELETE /v1/projects/{id}`
pub(super) async fn delete_project<P: Ports>(Operator { ports, .. }: Operator<P>, segments: PathParams) -> Reply {
    access::delete_project(&ports, segments.id("id", NO_PROJECT)?).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn create_token_for<P: Ports>(ports: &P, project: ProjectId, body: Body<NewToken>) -> Reply {
    let mut body = body.0;
    let (input, check) = body.parts();
    let field = input.get("expires_at");
    if field.read::<Timestamp>().is_some_and(|at| at <= ports.now()) {
        check.reject_value(&field, "must lie in the future");
    }
    let NewToken { name, scopes, expires_at } = body.finish()?;
    let scopes = scopes.map_or(Scopes::ALL, |words| {
        Scope::ALL.into_iter().filter(|scope| words.iter().any(|word| word == scope.as_str())).collect()
    });
    let new = access::NewToken { name: name.unwrap_or_default(), scopes, expires_at };
    let (token, text) = access::create_token(ports, project, new).await?;
    Ok(reply::json(StatusCode::CREATED, &CreatedToken::new(token, text)))
}

/// `POST /v1/projects/{id}/tokens`
pub(super) async fn create_project_token<P: Ports>(
    Operator { ports, .. }: Operator<P>,
    id: PathParam,
    body: Body<NewToken>,
) -> Reply {
    create_token_for(&ports, id.0.parse()?, body).await
}

/// `POST /v1/tokens`
pub(super) async fn create_token<P: Ports>(caller: Caller<P>, body: Body<NewToken>) -> Reply {
    create_token_for(&caller.ports, caller.token.project, body).await
}

const LISTING: &str = "tokens";

fn page(query: &Query, listing: &str) -> crate::error::Result<PageRequest> {
    let mut query: Checked<Paging> = query.checked();
    let page = page_token::page(&mut query, listing);
    query.finish().map(|_| page)
}

async fn list<P: Ports>(ports: &P, project: ProjectId, query: &Query) -> Reply {
    let tokens = access::list_tokens(ports, project, page(query, LISTING)?).await?;
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &tokens, TokenResponse::from)))
}

/// `GET /v1/projects/{id}/tokens`
pub(super) async fn project_tokens<P: Ports>(Operator { ports, query }: Operator<P>, segments: PathParams) -> Reply {
    let project = access::project(&ports, segments.id("id", NO_PROJECT)?).await?;
    list(&ports, project.id, &query).await
}

/// `GET /v1/tokens`
pub(super) async fn tokens<P: Ports>(caller: Caller<P>) -> Reply {
    list(&caller.ports, caller.token.project, &caller.query).await
}

/// `POST /v1/tokens/{id}/rotate`
pub(super) async fn rotate_token<P: Ports>(
    Manager { ports, project }: Manager<P>,
    id: PathParam,
    body: Body<Rotation>,
) -> Reply {
    let id: TokenId = id.0.parse()?;
    let grace = Duration::from_secs(body.0.finish()?.grace_seconds.into());
    let (token, text) = access::rotate_token(&ports, project, id, grace).await?;
    Ok(reply::json(StatusCode::OK, &CreatedToken::new(token, text)))
}

/// `DELETE /v1/tokens/{id}`
pub(super) async fn revoke_token<P: Ports>(Manager { ports, project }: Manager<P>, id: PathParam) -> Reply {
    let id: TokenId = id.0.parse()?;
    access::revoke_token(&ports, project, id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
