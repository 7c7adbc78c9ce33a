//! The dialect of LlamaCloud: Classify v2 with files, saved configurations and projects, so that its clients only
//! change their base URL.
//!
//! It serves two generations of clients: `file_input` was once named `document_input_value`, so responses have both;
//! files were once uploaded to other paths, so those exist too. Features that this service lacks so far (webhooks,
//! parse jobs and URLs as input) are refused with the name of their field and never silently ignored.

mod classify;
mod configurations;
mod error;
mod files;
mod ids;
mod legacy;
mod projects;
mod rules;
mod signed_urls;
mod wire;

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    routing::{get, post, put},
};

pub use self::error::LlamaCloud;
use self::ids::IdFormat;
use super::{
    auth,
    context::{self, Context},
    origin::Origin,
    query::Query,
    reply::ApiError,
};
use crate::{
    error::{Error, ErrorKind},
    id::{OrganizationId, ProjectId},
    service::{access, ports::Ports, tokens::Token},
    validate::{Input, Validator},
};

type Reply = Result<axum::response::Response, ApiError<LlamaCloud>>;
type Public<P> = context::Public<P, LlamaCloud>;
type PathParam = context::PathParam<LlamaCloud>;

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
        .route("/api/v1/files", post(legacy::create::<P>).put(legacy::create_upload::<P>))
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
        .route("/files/{ticket}", get(signed_urls::download::<P>))
        .route("/uploads/{ticket}", put(signed_urls::upload::<P>))
}

/// An authenticated request. It acts on the project of its token.
#[derive(Debug)]
pub(super) struct Caller<P> {
    ports: P,
    token: Token,
    origin: Origin,
    query: Query,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Caller<P> {
    type Rejection = ApiError<LlamaCloud>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<LlamaCloud>> {
        let Context { ports, origin } = Context::<P>::from_parts(parts)?;
        let token = auth::authenticate(&ports, &origin, &parts.method, &parts.headers).await?;
        let caller = Self { ports, token, origin, query: Query::from_uri(&parts.uri) };
        let mut check = Validator::default();
        let project = ids::id::<ProjectId>(&mut check, &caller.query.get("project_id"));
        let organization = ids::id::<OrganizationId>(&mut check, &caller.query.get("organization_id"));
        check.finish(Some(()))?;
        caller.in_scope(project)?;
        if let Some(organization) = organization {
            let own = access::project(&caller.ports, caller.token.project).await?.organization;
            if own != organization {
                return Err(no_access("organization", organization).into());
            }
        }
        Ok(caller)
    }
}

impl<P> Caller<P> {
    /// Checks that `project`, if there is one, is the caller's.
    fn in_scope(&self, project: Option<ProjectId>) -> Result<(), Error> {
        match project {
            Some(project) if project != self.token.project => Err(no_access("project", project)),
            _ => Ok(()),
        }
    }

    /// Checks that the project that `field` names, if any, is the caller's; rejects `field` if it is not an id.
    fn check_scope(&self, check: &mut Validator, field: &Input<'_>) -> Result<(), Error> {
        self.in_scope(ids::id::<ProjectId>(check, field))
    }
}

fn no_access(kind: &str, id: impl IdFormat) -> Error {
    Error::new(ErrorKind::Forbidden, format!("This API key has no access to {kind} {id}"))
}
