//! Projects and tokens, managed by the operator.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::json;

use super::{NO_PROJECT, Operator, PathParam, PathParams, Reply, rules::NAME_CHARS, wire};
use crate::{
    api::{body, reply},
    id::{ProjectId, TokenId},
    limits,
    service::{access, ports::Ports},
    validate::{Input, Validator},
};

/// `POST /v1/projects`
pub(super) async fn create_project<P: Ports>(Operator { ports }: Operator<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.require(&input.get("name"));
    let name = check.text(&input.get("name"), 1..=NAME_CHARS);
    let organization = check.text(&input.get("organization_name"), 1..=NAME_CHARS).or(name);
    let retention_days = check.integer(&input.get("retention_days"), 1..=limits::MAX_RETENTION_DAYS);
    let (name, organization) = check.finish(name.zip(organization))?;
    let retention_days = retention_days.unwrap_or(limits::RETENTION_DAYS);
    let project = access::create_project(&ports, name.to_owned(), organization.to_owned(), retention_days).await?;
    Ok(reply::json(StatusCode::CREATED, &wire::project(&project)))
}

/// `GET /v1/projects/{id}`
pub(super) async fn project<P: Ports>(Operator { ports }: Operator<P>, segments: PathParams) -> Reply {
    let project = access::project(&ports, segments.id("id", NO_PROJECT)?).await?;
    Ok(reply::json(StatusCode::OK, &wire::project(&project)))
}

/// `POST /v1/projects/{id}/tokens`
pub(super) async fn create_token<P: Ports>(
    Operator { ports }: Operator<P>,
    id: PathParam,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    let id: ProjectId = id.0.parse()?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.object(&input);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).unwrap_or_default();
    let expires_at = check.datetime(&input.get("expires_at"));
    if expires_at.is_some_and(|at| at <= ports.now()) {
        check.reject_value(&input.get("expires_at"), "must lie in the future");
    }
    check.finish(Some(()))?;
    let (token, text) = access::create_token(&ports, id, name.to_owned(), expires_at).await?;
    let answer = json!({
        "id": token.id.to_string(),
        "token": text,
        "name": token.name,
        "project_id": token.project.to_string(),
        "created_at": token.created_at.to_rfc3339(),
        "expires_at": token.expires_at.map(|at| at.to_rfc3339()),
    });
    Ok(reply::json(StatusCode::CREATED, &answer))
}

/// `DELETE /v1/tokens/{id}`
pub(super) async fn revoke_token<P: Ports>(Operator { ports }: Operator<P>, id: PathParam) -> Reply {
    let id: TokenId = id.0.parse()?;
    access::revoke_token(&ports, id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
