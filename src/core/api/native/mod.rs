//! Our own dialect, for what the others lack: projects and tokens for the operator, sessions for the console, health,
//! and for projects their classifiers and schemas (one by one, or declared in one file) and stateless calls.
//!
//! | Method and path | Who | Answer |
//! |---|---|---|
//! | `GET /v1/health` | anyone | 200 `{status, version, engine_version}` |
//! | `POST /v1/session` | a bearer token | 204, sets the cookie `session` |
//! | `DELETE /v1/session` | anyone | 204, clears the cookie |
//! | `GET /v1/project`, `PATCH` `{name?, retention_days?}` | a project's token | the project |
//! | `GET /v1/classifiers` `?name=&draft=&page_size=&page_token=` | a project's token | the newest version of each |
//! | `POST /v1/classifiers` `{name, rules, settings?, routes?, draft?}` | a project's token | 201; an existing name gets a new version |
//! | `GET`, `DELETE /v1/classifiers/{id}`, `PUT` `{name?, rules?, settings?, routes?, draft?}` | a project's token | the newest published version, or with `?draft=true` the newest |
//! | `POST /v1/classifiers/{id}/publish` | a project's token | the newest version, published |
//! | `GET /v1/classifiers/{id}/versions` `?page_size=&page_token=` | a project's token | every version, newest first |
//! | `GET /v1/schemas` `?page_size=&page_token=` | a project's token | schemas by name |
//! | `POST /v1/schemas` `{name, fields?, tables?}` | a project's token | 201; replaces the content of an existing name |
//! | `GET`, `DELETE /v1/schemas/{id}`, `PUT` `{name?, fields?, tables?}` | a project's token | the schema; 409 for the removal of one that a route uses |
//! | `POST /v1/classify` `{text or mail, rules or classifier_id, settings?}` | a project's token | the whole decision; nothing is stored |
//! | `POST /v1/extract` `{text or mail, schema or schema_id}` | a project's token | the extraction; nothing is stored |
//! | `POST /v1/evaluate` `{rules or classifier_id, settings?, cases: [{text, label?}]}` | a project's token | the metrics, the answers, and what a draft fixes and breaks |
//! | `POST /v1/lint` `{rules or classifier_id}` | a project's token | `{findings: [{kind, rules, message}]}` |
//! | `PUT /v1/jobs/{id}/correction` `{label}` | a project's token | `{classifier_id, label, examples}`; the document is an example of the label in the draft |
//! | `POST /v1/apply` `?dry_run=` `{schemas?, classifiers?, project?}` | a project's token | `{changes, applied}` |
//! | `POST /v1/projects` `{name, organization_name?, retention_days?}` | the operator | 201 |
//! | `GET /v1/projects/{id}` | the operator | the project |
//! | `POST /v1/projects/{id}/tokens` `{name?, expires_at?}` | the operator | 201; the only response that has the token's text |
//! | `DELETE /v1/tokens/{id}` | the operator | 204 |
//!
//! The operator's bearer token is the operator's secret. A classifier is `{id, name, rules: [{label, description,
//! examples?}], settings: {language, no_match_bias, allow_no_match?}, routes: [{label, deployment, schema_id}], draft,
//! version, created_at}`, a schema `{id, name, fields, tables, created_at, updated_at}`. `/v1/classify` and
//! `/v1/extract` also accept a form with the part `file` of up to 10 MiB; `rules`, `settings` and `schema` are then
//! JSON parts. Unknown members are rejected, so that a typo does not pass for an absent member; the response to a `GET`
//! may be sent back by `PUT`.
//!
//! `/v1/evaluate` and `/v1/lint` use the newest version of a classifier. If that is a draft and there is a published
//! version too, `comparison` has the cases that only one of them answers correctly. A case without a label is one that
//! no rule fits. `settings` apply to the evaluated version; the published one is compared with its own. Corrections
//! collect in one draft, which classifies once it is published.
//!
//! Errors are `{"error": {"code", "message", "fields": [{"pointer", "message"}]}}`.

mod access;
mod apply;
mod classifiers;
mod corrections;
mod error;
mod project;
mod quality;
mod rules;
mod schemas;
mod session;
mod stateless;
#[cfg(test)]
mod tests;
mod wire;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    routing::{delete, get, post, put},
};
use serde_json::json;

pub use self::error::Native;
use super::{
    auth,
    context::{self, Context},
    reply::{self, ApiError},
};
use crate::{
    ENGINE_VERSION,
    error::Result as Outcome,
    service::{access::authenticate_admin, ports::Ports},
};

type Reply = Result<axum::response::Response, ApiError<Native>>;
type Public<P> = context::Public<P, Native>;
type Caller<P> = context::Caller<P, Native>;
type PathParam = context::PathParam<Native>;
type PathParams = context::PathParams<Native>;

/// Messages for ids that do not exist.
const NO_PROJECT: &str = "Project not found";
const NO_CLASSIFIER: &str = "Classifier not found";
const NO_SCHEMA: &str = "Schema not found";
const NO_JOB: &str = "Job not found";

/// `outcome`, with the message `missing` if it is `NotFound`.
fn found<T>(outcome: Outcome<T>, missing: &str) -> Outcome<T> {
    outcome.map_err(|error| error.with_not_found_message(missing))
}

/// The routes of this dialect.
pub fn routes<P: Ports>() -> Router {
    Router::new()
        .route(
            "/v1/health",
            get(|| async {
                let version = env!("CARGO_PKG_VERSION");
                let health = json!({ "status": "ok", "version": version, "engine_version": ENGINE_VERSION });
                reply::json(StatusCode::OK, &health)
            }),
        )
        .route("/v1/session", post(session::open::<P>).delete(session::close::<P>))
        .route("/v1/project", get(project::get::<P>).patch(project::change::<P>))
        .route("/v1/classifiers", get(classifiers::list::<P>).post(classifiers::create::<P>))
        .route(
            "/v1/classifiers/{id}",
            get(classifiers::get::<P>).put(classifiers::update::<P>).delete(classifiers::delete::<P>),
        )
        .route("/v1/classifiers/{id}/publish", post(classifiers::publish::<P>))
        .route("/v1/classifiers/{id}/versions", get(classifiers::versions::<P>))
        .route("/v1/schemas", get(schemas::list::<P>).post(schemas::create::<P>))
        .route("/v1/schemas/{id}", get(schemas::get::<P>).put(schemas::update::<P>).delete(schemas::delete::<P>))
        .route("/v1/classify", post(stateless::classify::<P>))
        .route("/v1/extract", post(stateless::extract::<P>))
        .route("/v1/evaluate", post(quality::evaluate::<P>))
        .route("/v1/lint", post(quality::lint::<P>))
        .route("/v1/jobs/{id}/correction", put(corrections::put::<P>))
        .route("/v1/apply", post(apply::apply::<P>))
        .route("/v1/projects", post(access::create_project::<P>))
        .route("/v1/projects/{id}", get(access::project::<P>))
        .route("/v1/projects/{id}/tokens", post(access::create_token::<P>))
        .route("/v1/tokens/{id}", delete(access::revoke_token::<P>))
}

/// A request authenticated as the operator.
#[derive(Debug)]
pub(super) struct Operator<P> {
    ports: P,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Operator<P> {
    type Rejection = ApiError<Native>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<Native>> {
        let Context { ports, .. } = Context::<P>::from_parts(parts)?;
        authenticate_admin(&ports, auth::required_bearer(&parts.headers)?)?;
        Ok(Self { ports })
    }
}
