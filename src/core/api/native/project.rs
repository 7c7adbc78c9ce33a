//! The caller's project.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{Caller, Reply, rules::NAME_CHARS, wire};
use crate::{
    api::{body, reply},
    limits,
    service::{access, ports::Ports},
    validate::{Input, Validator},
};

/// `GET /v1/project`
pub(super) async fn get<P: Ports>(caller: Caller<P>) -> Reply {
    let project = access::project(&caller.ports, caller.token.project).await?;
    Ok(reply::json(StatusCode::OK, &wire::project(&project)))
}

/// `PATCH /v1/project`
pub(super) async fn change<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &["name", "retention_days"]);
    let name = check.text(&input.get("name"), 1..=NAME_CHARS).map(str::to_owned);
    let retention_days = check.integer(&input.get("retention_days"), 1..=limits::MAX_RETENTION_DAYS);
    check.finish(Some(()))?;
    let project = access::change_project(&caller.ports, caller.token.project, name, retention_days).await?;
    Ok(reply::json(StatusCode::OK, &wire::project(&project)))
}
