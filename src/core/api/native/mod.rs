//! Our own dialect, for what the others lack: projects and tokens for the operator, sessions for the console, health,
//! and for projects their classifiers and schemas (one by one, or declared in one file) and stateless calls.
//!
//! The table of [`routes()`] has every call, and `docs/api.md` an example of each.
//!
//! The operator's bearer token is the operator's secret. `/v1/classify` and `/v1/extract` also accept a form with the
//! part `file`. Unknown members and parts are rejected, so that a typo does not pass for an absent member; the response
//! to a `GET` may be sent back by `PUT`.
//!
//! `/v1/evaluate` and `/v1/lint` use the newest version of a classifier. If that is a draft and there is a published
//! version too, `comparison` has the cases that only one of them answers correctly. A case without a label is one that
//! no rule fits. `settings` apply to the evaluated version; the published one is compared with its own. Corrections
//! collect in one draft, which classifies once it is published.
//!
//! Errors are `{"error": {"code", "message", "fields": [{"pointer", "message"}]}}`. After a hundred fields, a last one
//! with an empty pointer says how many more there are.

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
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

pub use self::error::{ErrorResponse, Native};
use self::{
    access::{CreatedToken, NewProject, NewToken},
    apply::{Applied, ApplyFile, ApplyQuery},
    classifiers::{ChangedClassifier, ClassifierQuery, NewClassifier},
    corrections::{Corrected, Correction},
    project::ChangedProject,
    quality::{EvaluateRequest, LintRequest},
    schemas::{ChangedSchema, NewSchema},
    stateless::{ClassifyForm, ClassifyRequest, ExtractForm, ExtractRequest, VersionQuery},
    wire::{ClassifierResponse, Health, Listing, Project, SchemaResponse},
};
use super::{
    auth,
    checked::JsonBody,
    context::{self, Context},
    page_token::Paging,
    reply::{self, ApiError},
    routes::routes,
};
use crate::{
    ENGINE_VERSION,
    classify::{ClassifyResult, evaluation::EvaluateResult, lint::LintResult},
    error::Result as Outcome,
    extract::ExtractResult,
    service::{access::authenticate_admin, ports::Ports},
};

type Reply = Result<axum::response::Response, ApiError<Native>>;
type Public<P> = context::Public<P, Native>;
type Caller<P> = context::Caller<P, Native>;
type PathParam = context::PathParam<Native>;
type PathParams = context::PathParams<Native>;
type Body<T> = JsonBody<T, Native>;

/// Messages for ids that do not exist.
const NO_PROJECT: &str = "Project not found";
const NO_CLASSIFIER: &str = "Classifier not found";
const NO_SCHEMA: &str = "Schema not found";
const NO_JOB: &str = "Job not found";

/// `outcome`, with the message `missing` if it is `NotFound`.
fn found<T>(outcome: Outcome<T>, missing: &str) -> Outcome<T> {
    outcome.map_err(|error| error.with_not_found_message(missing))
}

/// What `POST /v1/apply` takes.
#[cfg(feature = "openapi")]
pub const FILE: &crate::validate::shape::Object = <ApplyFile as crate::validate::shape::Declared>::OBJECT;

routes! {
    /// Says that the service runs, and in which version.
    get "/v1/health", health, public => 200 Health;

    /// This document.
    get "/openapi.json", document, public => 200 serde_json::Map<String, serde_json::Value>;

    /// Opens a session: the token of the request goes into the cookie `session`.
    post "/v1/session", session::open::<P>, token => 204;

    /// Ends a session: the cookie is removed.
    delete "/v1/session", session::close::<P>, public => 204, 403;

    /// The project of the token.
    get "/v1/project", project::get::<P>, token => 200 Project<'_>;

    /// Changes the project.
    patch "/v1/project", project::change::<P>, token, json ChangedProject => 200 Project<'_>;

    /// Lists classifiers, newest first: the newest published version of each, or with `draft` the newest.
    get "/v1/classifiers", classifiers::list::<P>, token, query ClassifierQuery
        => 200 Listing<ClassifierResponse<'_>>;

    /// Saves a classifier. One of a known name gets a new version.
    post "/v1/classifiers", classifiers::create::<P>, token, json NewClassifier
        => 201 ClassifierResponse<'_>, 409;

    /// The newest published version of a classifier, or with `draft` the newest.
    get "/v1/classifiers/{id}", classifiers::get::<P>, token, query VersionQuery => 200 ClassifierResponse<'_>;

    /// Makes a new version of a classifier, if it changes.
    put "/v1/classifiers/{id}", classifiers::update::<P>, token, json ChangedClassifier
        => 200 ClassifierResponse<'_>, 409;

    /// Deletes a classifier with all versions. Jobs keep their rules.
    delete "/v1/classifiers/{id}", classifiers::delete::<P>, token => 204;

    /// Publishes the newest version of a classifier.
    post "/v1/classifiers/{id}/publish", classifiers::publish::<P>, token => 200 ClassifierResponse<'_>;

    /// Lists the versions of a classifier, newest first: the last two hundred, and the newest published one.
    get "/v1/classifiers/{id}/versions", classifiers::versions::<P>, token, query Paging
        => 200 Listing<ClassifierResponse<'_>>;

    /// Lists schemas by name.
    get "/v1/schemas", schemas::list::<P>, token, query Paging => 200 Listing<SchemaResponse<'_>>;

    /// Saves a schema. One of a known name gets the new content.
    post "/v1/schemas", schemas::create::<P>, token, json NewSchema => 201 SchemaResponse<'_>, 409;

    /// A schema.
    get "/v1/schemas/{id}", schemas::get::<P>, token => 200 SchemaResponse<'_>;

    /// Changes a schema.
    put "/v1/schemas/{id}", schemas::update::<P>, token, json ChangedSchema => 200 SchemaResponse<'_>, 409;

    /// Deletes a schema, unless a classifier routes to it.
    delete "/v1/schemas/{id}", schemas::delete::<P>, token => 204, 409;

    /// Classifies a text, a mail or a file, with scores and evidence. Nothing is stored.
    post "/v1/classify", stateless::classify::<P>, token, query VersionQuery, json ClassifyRequest, form ClassifyForm
        => 200 ClassifyResult, 400, 413;

    /// Extracts the fields of a schema from a text, a mail or a file. Nothing is stored.
    post "/v1/extract", stateless::extract::<P>, token, json ExtractRequest, form ExtractForm
        => 200 ExtractResult, 400, 413;

    /// Evaluates rules on labelled texts: accuracy, F1, calibration, confusion, every answer.
    ///
    /// Of a saved classifier the newest version is evaluated. If that is a draft, the answer also has what it fixes and
    /// breaks compared with the published version. Nothing is stored.
    post "/v1/evaluate", quality::evaluate::<P>, token, json EvaluateRequest => 200 EvaluateResult;

    /// Finds problems of rules. Nothing is stored.
    post "/v1/lint", quality::lint::<P>, token, json LintRequest => 200 LintResult;

    /// Corrects a job: its document becomes an example of the label, in the draft of the job's classifier.
    put "/v1/jobs/{id}/correction", corrections::put::<P>, token, json Correction => 200 Corrected, 409, 410;

    /// Brings a project to what a file declares, or with `dry_run` answers what would change.
    post "/v1/apply", apply::apply::<P>, token, query ApplyQuery, json ApplyFile => 200 Applied, 409;

    /// Creates a project.
    post "/v1/projects", access::create_project::<P>, operator, json NewProject => 201 Project<'_>;

    /// A project.
    get "/v1/projects/{id}", access::project::<P>, operator => 200 Project<'_>;

    /// Creates a token that opens a project. No other answer has its text.
    post "/v1/projects/{id}/tokens", access::create_token::<P>, operator, json NewToken => 201 CreatedToken;

    /// Revokes a token.
    delete "/v1/tokens/{id}", access::revoke_token::<P>, operator => 204;
}

/// `GET /v1/health`
async fn health() -> axum::response::Response {
    let health = Health { status: "ok", version: env!("CARGO_PKG_VERSION"), engine_version: ENGINE_VERSION };
    reply::json(StatusCode::OK, &health)
}

/// `GET /openapi.json`. `npm run api-docs` makes the document.
async fn document() -> impl axum::response::IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("../openapi.json"))
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
