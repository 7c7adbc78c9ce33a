//! The caller's project.

use axum::http::StatusCode;

use super::{
    Body, Caller, Reply,
    rules::{NAME, RETENTION_DAYS},
    wire::Project,
};
use crate::{
    api::{cors::ALLOWED_ORIGINS, reply},
    service::{access, index::ChangeProject, ports::Ports},
    validate::{declare::declare, shape::CLOSED},
};

declare! {
    /// What changes of a project; absent members stay.
    #[derive(Debug)]
    pub(super) struct ChangedProject(CLOSED) {
        /// The name.
        name: Option<String> = optional(NAME),
        /// How many days files, and jobs that have ended, are kept.
        retention_days: Option<u32> = optional(RETENTION_DAYS),
        /// The origins whose pages may read what its tokens are answered (CORS), such as `https://app.example`; `*` is any.
        allowed_origins: Option<Vec<String>> = optional(ALLOWED_ORIGINS),
    }
}

/// `GET /v1/project`
pub(super) async fn get<P: Ports>(caller: Caller<P>) -> Reply {
    let project = access::project(&caller.ports, caller.token.project).await?;
    Ok(reply::json(StatusCode::OK, &Project::from(&project)))
}

/// `PATCH /v1/project`
pub(super) async fn change<P: Ports>(caller: Caller<P>, body: Body<ChangedProject>) -> Reply {
    let ChangedProject { name, retention_days, allowed_origins } = body.0.finish()?;
    let change = ChangeProject { name, retention_days, allowed_origins, ..ChangeProject::default() };
    let project = access::change_project(&caller.ports, caller.token.project, change).await?;
    Ok(reply::json(StatusCode::OK, &Project::from(&project)))
}
