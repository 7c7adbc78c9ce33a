//! Projects and tokens, managed by the operator.

use axum::http::StatusCode;
use serde::Serialize;

use super::{
    Body, NO_PROJECT, Operator, PathParam, PathParams, Reply,
    rules::{NAME, RETENTION_DAYS},
    wire::Project,
};
use crate::{
    api::reply,
    id::{ProjectId, TokenId},
    limits,
    service::{access, ports::Ports},
    time::Timestamp,
    validate::{
        declare::declare,
        shape::{DATETIME, OPEN, Object},
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
    /// A token to create.
    #[derive(Debug)]
    pub(super) struct NewToken(Object { required: false, ..OPEN }) {
        /// What the token is called, for people.
        name: Option<String> = optional(NAME),
        /// When it ends: a moment in the future; never if absent.
        expires_at: Option<Timestamp> = optional(DATETIME),
    }
}

/// A new token.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct CreatedToken {
    /// The id, by which it is revoked.
    id: String,
    /// The token itself, shown only here.
    token: String,
    /// What it is called.
    name: String,
    /// The project that it opens.
    project_id: String,
    /// When it was created.
    created_at: String,
    /// When it ends; null if never.
    expires_at: Option<String>,
}

/// `POST /v1/projects`
pub(super) async fn create_project<P: Ports>(Operator { ports }: Operator<P>, body: Body<NewProject>) -> Reply {
    let NewProject { name, organization_name, retention_days } = body.0.finish()?;
    let organization = organization_name.unwrap_or_else(|| name.clone());
    let project = access::create_project(&ports, name, organization, retention_days).await?;
    Ok(reply::json(StatusCode::CREATED, &Project::from(&project)))
}

/// `GET /v1/projects/{id}`
pub(super) async fn project<P: Ports>(Operator { ports }: Operator<P>, segments: PathParams) -> Reply {
    let project = access::project(&ports, segments.id("id", NO_PROJECT)?).await?;
    Ok(reply::json(StatusCode::OK, &Project::from(&project)))
}

/// `POST /v1/projects/{id}/tokens`
pub(super) async fn create_token<P: Ports>(
    Operator { ports }: Operator<P>,
    id: PathParam,
    body: Body<NewToken>,
) -> Reply {
    let id: ProjectId = id.0.parse()?;
    let mut body = body.0;
    let (input, check) = body.parts();
    let field = input.get("expires_at");
    if field.read::<Timestamp>().is_some_and(|at| at <= ports.now()) {
        check.reject_value(&field, "must lie in the future");
    }
    let NewToken { name, expires_at } = body.finish()?;
    let (token, text) = access::create_token(&ports, id, name.unwrap_or_default(), expires_at).await?;
    let created = CreatedToken {
        id: token.id.to_string(),
        token: text,
        name: token.name,
        project_id: token.project.to_string(),
        created_at: token.created_at.to_rfc3339(),
        expires_at: token.expires_at.map(|at| at.to_rfc3339()),
    };
    Ok(reply::json(StatusCode::CREATED, &created))
}

/// `DELETE /v1/tokens/{id}`
pub(super) async fn revoke_token<P: Ports>(Operator { ports }: Operator<P>, id: PathParam) -> Reply {
    let id: TokenId = id.0.parse()?;
    access::revoke_token(&ports, id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
