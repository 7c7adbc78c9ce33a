//! Corrections: the right label for a job, from a person.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::json;

use super::{Caller, NO_JOB, PathParams, Reply};
use crate::{
    api::{body, reply},
    limits,
    service::{corrections, ports::Ports},
    validate::{Input, Validator},
};

/// `PUT /v1/jobs/{id}/correction`
pub(super) async fn put<P: Ports>(caller: Caller<P>, segments: PathParams, headers: HeaderMap, body: Body) -> Reply {
    let job = segments.id("id", NO_JOB)?;
    let json = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&json));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &["label"]);
    check.require(&input.get("label"));
    let label = check.text(&input.get("label"), 1..=limits::MAX_LABEL_CHARS).map(str::to_owned);
    let label = check.finish(label)?;
    let corrected = corrections::correct(&caller.ports, caller.token.project, job, label).await;
    let corrected = corrected.map_err(|error| input.nest_error(error))?;
    let answer = json!({
        "classifier_id": corrected.classifier.to_string(),
        "label": corrected.label,
        "examples": corrected.examples,
    });
    Ok(reply::json(StatusCode::OK, &answer))
}
