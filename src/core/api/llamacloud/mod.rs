//! The dialect of LlamaCloud: Classify v2 with files, saved configurations and projects, so that its clients only change
//! their base URL.
//!
//! Two generations of clients are served at once: `file_input` was once named `document_input_value`, so both are
//! answered; files were once uploaded to other paths, so those are served too. What this service does not
//! do yet (webhooks, parse jobs and URLs as input) is refused by the name of its field and never silently dropped.

mod classify;
mod configurations;
mod error;
mod files;
mod ids;
mod legacy;
mod projects;
mod rules;
mod tickets;
mod wire;

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    routing::{get, post, put},
};

pub use self::error::LlamaCloud;
use self::ids::Spelling;
use super::{
    auth,
    context::{self, Context, Origin},
    query::Query,
    reply::Failure,
};
use crate::{
    error::{Error, Kind},
    id::{OrganizationId, ProjectId},
    service::{access, ports::Ports, tokens::Token},
    validate::{Check, Field},
};

type Reply = Result<axum::response::Response, Failure<LlamaCloud>>;
type Open<P> = context::Open<P, LlamaCloud>;
type Segment = context::Segment<LlamaCloud>;

/// The routes.
pub fn routes<P: Ports>() -> Router {
    Router::new()
        .route("/api/v2/classify", get(classify::list::<P>).post(classify::create::<P>))
        .route("/api/v2/classify/{id}", get(classify::get::<P>).delete(classify::delete::<P>))
        .route("/api/v2/classify/{id}/cancel", post(classify::cancel::<P>))
        .route("/api/v1/beta/files", get(files::list::<P>).post(files::create::<P>))
        .route("/api/v1/beta/files/query", post(files::query::<P>))
        .route("/api/v1/beta/files/{id}", get(files::get::<P>).delete(files::delete::<P>))
        .route("/api/v1/beta/files/{id}/content", get(files::content::<P>))
        .route("/api/v1/files", post(legacy::create::<P>).put(legacy::announce::<P>))
        .route("/api/v1/files/upload_from_url", put(legacy::upload_from_url::<P>))
        .route("/api/v1/files/{id}", get(legacy::get::<P>).delete(files::delete::<P>))
        .route("/api/v1/files/{id}/content", get(files::content::<P>))
        .route("/api/v1/beta/configurations", get(configurations::list::<P>).post(configurations::create::<P>))
        .route(
            "/api/v1/beta/configurations/{id}",
            get(configurations::get::<P>).put(configurations::update::<P>).delete(configurations::delete::<P>),
        )
        .route("/api/v1/projects", get(projects::list::<P>))
        .route("/api/v1/projects/{id}", get(projects::get::<P>))
        .route("/api/v2/projects", get(projects::page::<P>))
        .route("/api/v1/organizations", get(projects::organizations::<P>))
        .route("/api/v2/organizations", get(projects::organization_page::<P>))
        .route("/files/{ticket}", get(tickets::download::<P>))
        .route("/uploads/{ticket}", put(tickets::upload::<P>))
}

/// A request of somebody with a token, for the project of that token.
#[derive(Debug)]
pub(super) struct Caller<P> {
    ports: P,
    token: Token,
    origin: Origin,
    query: Query,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Caller<P> {
    type Rejection = Failure<LlamaCloud>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure<LlamaCloud>> {
        let Context { ports, origin } = Context::<P>::of(parts)?;
        let token = auth::authenticate(&ports, &origin, &parts.method, &parts.headers).await?;
        let caller = Self { ports, token, origin, query: Query::of(&parts.uri) };
        let mut check = Check::default();
        let project = ids::id::<ProjectId>(&mut check, &caller.query.one("project_id"));
        let organization = ids::id::<OrganizationId>(&mut check, &caller.query.one("organization_id"));
        check.finish(Some(()))?;
        caller.in_scope(project)?;
        if let Some(organization) = organization {
            let own = access::project(&caller.ports, caller.token.project).await?.organization;
            if own != organization {
                return Err(outside("organization", organization).into());
            }
        }
        Ok(caller)
    }
}

impl<P> Caller<P> {
    /// Checks that a project that the request names, if it does, is the caller's.
    fn in_scope(&self, project: Option<ProjectId>) -> Result<(), Error> {
        match project {
            Some(project) if project != self.token.project => Err(outside("project", project)),
            _ => Ok(()),
        }
    }

    /// Checks that the project that `field` names, if it does, is the caller's; notes it when it is no id.
    fn check_scope(&self, check: &mut Check, field: &Field<'_>) -> Result<(), Error> {
        self.in_scope(ids::id::<ProjectId>(check, field))
    }
}

fn outside(what: &str, id: impl Spelling) -> Error {
    Error::new(Kind::Forbidden, format!("This API key has no access to {what} {id}"))
}
