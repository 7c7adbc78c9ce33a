//! Corrections: the right label for a job, from a person.

use axum::http::StatusCode;
use serde::Serialize;

use super::{Body, Caller, NO_JOB, PathParams, Reply};
use crate::{
    api::{checked::in_body, reply},
    limits,
    service::{corrections, ports::Ports},
    validate::{
        declare::declare,
        shape::{CLOSED, Shape},
    },
};

declare! {
    /// A correction.
    #[derive(Debug)]
    pub(super) struct Correction(CLOSED) {
        /// The right label of the document: that of a rule.
        label: String = required(Shape::text(1..=limits::MAX_LABEL_CHARS)),
    }
}

/// What a correction changed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Corrected {
    /// The classifier whose draft has the example.
    classifier_id: String,
    /// The label of the example.
    label: String,
    /// How many examples the label has now.
    examples: usize,
}

/// `PUT /v1/jobs/{id}/correction`
pub(super) async fn put<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<Correction>) -> Reply {
    let job = segments.id("id", NO_JOB)?;
    let Correction { label } = body.0.finish()?;
    let corrected = corrections::correct(&caller.ports, caller.token.project, job, label).await.map_err(in_body)?;
    let corrected = Corrected {
        classifier_id: corrected.classifier.to_string(),
        label: corrected.label,
        examples: corrected.examples,
    };
    Ok(reply::json(StatusCode::OK, &corrected))
}
