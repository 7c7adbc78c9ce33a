//! What a person says of a job's answer.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::json;

use super::{Caller, NO_JOB, Reply, Segments};
use crate::{
    api::{body, reply},
    limits,
    service::{corrections, ports::Ports},
    validate::{Check, Field},
};

/// `PUT /v1/jobs/{id}/correction`
pub(super) async fn put<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let job = segments.id("id", NO_JOB)?;
    let said = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&said));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &["label"]);
    check.require(&input.get("label"));
    let label = check.text(&input.get("label"), 1..=limits::MAX_LABEL_CHARS).map(str::to_owned);
    let label = check.finish(label)?;
    let corrected = corrections::correct(&caller.ports, caller.token.project, job, label).await;
    let corrected = corrected.map_err(|error| input.at_fault(error))?;
    let answer = json!({
        "classifier_id": corrected.classifier.to_string(),
        "label": corrected.label,
        "examples": corrected.examples,
    });
    Ok(reply::json(StatusCode::OK, &answer))
}
