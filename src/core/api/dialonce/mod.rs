//! The dialect of mail classification (Dial Once): classifies mails, given as subject and body, by labels.
//!
//! Below `/api/companies/{companyCuid}/orchestrators/{orchestratorCuid}`:
//!
//! | Method and path | Answer |
//! |---|---|
//! | `POST /classification-async` `{mail: {subject, body}, external_ref?, external_metadata?}` | `{process_cuid}` |
//! | `GET /classification-async/{processCuid}` | `{status, result, external_ref, external_metadata}` |
//! | `POST /classification` `{subject?, body}` | `{main_prediction, predictions}` |
//! | `GET`, `POST /classification/labels` | labels |
//! | `GET`, `PATCH`, `DELETE /classification/labels/{labelCuid}` | a label |
//!
//! A company is a project, an orchestrator a classifier, a label a rule. Errors are `{"statusCode", "message",
//! "error"}`.

mod error;
mod labels;
mod mail;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};

pub use self::error::DialOnce;
use super::{context, reply::ApiError};
use crate::{
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
    service::ports::Ports,
};

type Reply = Result<axum::response::Response, ApiError<DialOnce>>;
type Caller<P> = context::Caller<P, DialOnce>;
type PathParams = context::PathParams<DialOnce>;

/// The routes.
pub fn routes<P: Ports>() -> Router {
    let orchestrator = Router::new()
        .route("/classification", post(mail::classify::<P>))
        .route("/classification-async", post(mail::submit::<P>))
        .route("/classification-async/{process}", get(mail::result::<P>))
        .route("/classification/labels", get(labels::list::<P>).post(labels::create::<P>))
        .route(
            "/classification/labels/{label}",
            get(labels::get::<P>).patch(labels::change::<P>).delete(labels::delete::<P>),
        );
    Router::new().nest("/api/companies/{company}/orchestrators/{orchestrator}", orchestrator)
}

const NO_ORCHESTRATOR: &str = "Orchestrator not found";

/// The classifier that a path names. The path must name the caller's project.
fn orchestrator<P: Ports>(caller: &Caller<P>, segments: &PathParams) -> Result<ClassifierId> {
    let company: ProjectId = segments.id("company", "Company not found")?;
    if company != caller.token.project {
        return Err(Error::not_found("Company not found"));
    }
    segments.id("orchestrator", NO_ORCHESTRATOR)
}

#[cfg(test)]
mod tests;
