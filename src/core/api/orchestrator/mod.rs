//! The dialect of mail classification (Dial Once): a mail comes as subject and body, and is held against labels.
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
//! A company is a project, an orchestrator a classifier, a label a rule. Errors are `{"statusCode", "message", "error"}`.

mod error;
mod labels;
mod mail;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};

pub use self::error::Orchestrator;
use super::{context, reply::Failure};
use crate::{
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
    service::ports::Ports,
};

type Reply = Result<axum::response::Response, Failure<Orchestrator>>;
type Caller<P> = context::Caller<P, Orchestrator>;
type Segments = context::Segments<Orchestrator>;

/// The routes.
pub fn routes<P: Ports>() -> Router {
    let below = Router::new()
        .route("/classification", post(mail::now::<P>))
        .route("/classification-async", post(mail::submit::<P>))
        .route("/classification-async/{process}", get(mail::result::<P>))
        .route("/classification/labels", get(labels::list::<P>).post(labels::create::<P>))
        .route(
            "/classification/labels/{label}",
            get(labels::get::<P>).patch(labels::change::<P>).delete(labels::delete::<P>),
        );
    Router::new().nest("/api/companies/{company}/orchestrators/{orchestrator}", below)
}

const NO_ORCHESTRATOR: &str = "Orchestrator not found";

/// The classifier that a path names, which must lie below the caller's project.
fn orchestrator<P: Ports>(caller: &Caller<P>, segments: &Segments) -> Result<ClassifierId> {
    let company: ProjectId = segments.id("company", "Company not found")?;
    if company != caller.token.project {
        return Err(Error::not_found("Company not found"));
    }
    segments.id("orchestrator", NO_ORCHESTRATOR)
}
