//! Our own dialect, for what the others lack: projects and tokens for the operator, sessions for the console, health,
//! and for projects their classifiers and schemas (one by one, or declared in one file) and stateless calls.
//!
//! The table of [`routes()`] has every call, and `docs/api.md` an example of each.
//!
//! The operator's bearer token is the operator's secret. `/v1/classify`, `/v1/extract`, `/v1/read` and `/v1/split` also accept a
//! form with the part `file`. Unknown members, parts and query parameters are rejected, so that a typo does not pass for an absent
//! one; the response to a `GET` may be sent back by `PUT`.
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
mod jobs;
mod project;
mod quality;
mod rules;
mod schemas;
mod session;
mod stateless;
#[cfg(test)]
mod tests;
mod webhooks;
mod wire;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

pub use self::error::{ErrorResponse, Native};
use self::{
    access::{CreatedToken, NewProject, NewToken, ProjectSettings, Rotation, TokenResponse},
    apply::{Applied, ApplyFile, ApplyQuery},
    classifiers::{ChangedClassifier, ClassifierQuery, NewClassifier},
    corrections::{Corrected, Correction},
    jobs::{JobListing, JobQuery, JobResponse},
    project::ChangedProject,
    quality::{EvaluateRequest, LintRequest},
    schemas::{ChangedSchema, NewSchema},
    stateless::{
        ClassifyForm, ClassifyRequest, ExtractForm, ExtractRequest, ParseForm, ParseRequest, SplitForm, SplitRequest,
        VersionQuery,
    },
    webhooks::{ChangedWebhook, DeliveryQuery, DeliveryResponse, NewWebhook, TestResponse, WebhookResponse},
    wire::{ClassifierResponse, Health, Listing, Project, SchemaResponse},
};
use super::{
    auth,
    checked::JsonBody,
    context::{self, Context},
    page_token::Paging,
    query::Query,
    reply::{self, ApiError},
    routes::routes,
};
use crate::{
    ENGINE_VERSION,
    classify::{ClassifyResult, evaluation::EvaluateResult, lint::LintResult},
    error::Result as Outcome,
    extract::ExtractResult,
    id::ProjectId,
    parse::ParseResult,
    service::{
        access::{authenticate_admin, is_token},
        ports::Ports,
    },
    split::SplitResult,
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
    get "/v1/project", project::get::<P>, read => 200 Project<'_>;

    /// Changes the project.
    patch "/v1/project", project::change::<P>, admin, json ChangedProject => 200 Project<'_>;

    /// Lists classifiers, newest first: the newest published version of each, or with `draft` the newest.
    get "/v1/classifiers", classifiers::list::<P>, read, query ClassifierQuery
        => 200 Listing<ClassifierResponse<'_>>;

    /// Saves a classifier. One of a known name gets a new version.
    post "/v1/classifiers", classifiers::create::<P>, write, json NewClassifier
        => 201 ClassifierResponse<'_>, 409;

    /// The newest published version of a classifier, or with `draft` the newest.
    get "/v1/classifiers/{id}", classifiers::get::<P>, read, query VersionQuery => 200 ClassifierResponse<'_>;

    /// Makes a new version of a classifier, if it changes.
    put "/v1/classifiers/{id}", classifiers::update::<P>, write, json ChangedClassifier
        => 200 ClassifierResponse<'_>, 409;

    /// Deletes a classifier with all versions. Jobs keep their rules.
    delete "/v1/classifiers/{id}", classifiers::delete::<P>, write => 204;

    /// Publishes the newest version of a classifier.
    post "/v1/classifiers/{id}/publish", classifiers::publish::<P>, write => 200 ClassifierResponse<'_>;

    /// Lists the versions of a classifier, newest first: the last two hundred, and the newest published one.
    get "/v1/classifiers/{id}/versions", classifiers::versions::<P>, read, query Paging
        => 200 Listing<ClassifierResponse<'_>>;

    /// Lists schemas by name.
    get "/v1/schemas", schemas::list::<P>, read, query Paging => 200 Listing<SchemaResponse<'_>>;

    /// Saves a schema. One of a known name gets the new content.
    post "/v1/schemas", schemas::create::<P>, write, json NewSchema => 201 SchemaResponse<'_>, 409;

    /// A schema.
    get "/v1/schemas/{id}", schemas::get::<P>, read => 200 SchemaResponse<'_>;

    /// Changes a schema.
    put "/v1/schemas/{id}", schemas::update::<P>, write, json ChangedSchema => 200 SchemaResponse<'_>, 409;

    /// Deletes a schema, unless a classifier routes to it.
    delete "/v1/schemas/{id}", schemas::delete::<P>, write => 204, 409;

    /// Classifies a text, a mail or a file, with scores and evidence. Nothing is stored.
    post "/v1/classify", stateless::classify::<P>, read, query VersionQuery, json ClassifyRequest, form ClassifyForm
        => 200 ClassifyResult, 400, 413;

    /// Extracts the fields of a schema from a text, a mail or a file. Nothing is stored.
    post "/v1/extract", stateless::extract::<P>, read, json ExtractRequest, form ExtractForm
        => 200 ExtractResult, 400, 413;

    /// Reads a text, a mail or a file: its pages as text, as Markdown and as items with their places. Nothing is stored.
    post "/v1/read", stateless::read::<P>, read, json ParseRequest, form ParseForm => 200 ParseResult, 400, 413;

    /// Splits a file that holds several documents: its pages as segments by the rules, with what speaks for each boundary.
    /// Nothing is stored.
    post "/v1/split", stateless::split::<P>, read, query VersionQuery, json SplitRequest, form SplitForm
        => 200 SplitResult, 400, 413;

    /// Evaluates rules on labelled texts: accuracy, F1, calibration, confusion, every answer.
    ///
    /// Of a saved classifier the newest version is evaluated. If that is a draft, the answer also has what it fixes and
    /// breaks compared with the published version. Nothing is stored.
    post "/v1/evaluate", quality::evaluate::<P>, read, json EvaluateRequest => 200 EvaluateResult;

    /// Finds problems of rules. Nothing is stored.
    post "/v1/lint", quality::lint::<P>, read, json LintRequest => 200 LintResult;

    /// Lists the jobs of all dialects, newest first.
    get "/v1/jobs", jobs::list::<P>, read, query JobQuery => 200 JobListing<'_>;

    /// A job of any kind, with its result, scores and evidence.
    get "/v1/jobs/{id}", jobs::get::<P>, read => 200 JobResponse<'_>;

    /// Corrects a job: its document becomes an example of the label, in the draft of the job's classifier.
    put "/v1/jobs/{id}/correction", corrections::put::<P>, write, json Correction => 200 Corrected, 409, 410;

    /// Brings a project to what a file declares, or with `dry_run` answers what would change. A change of the project itself
    /// needs the scope `admin` as well.
    post "/v1/apply", apply::apply::<P>, write, query ApplyQuery, json ApplyFile => 200 Applied, 409;

    /// Lists webhooks, newest first: those that every job calls, and those that LlamaCloud's clients saved.
    get "/v1/webhooks", webhooks::list::<P>, read, query Paging => 200 Listing<WebhookResponse<'_>>;

    /// Saves a webhook that every job of the project calls. An endpoint of the form `limai` has to answer its verification.
    post "/v1/webhooks", webhooks::create::<P>, admin, json NewWebhook => 201 WebhookResponse<'_>, 409;

    /// A webhook.
    get "/v1/webhooks/{id}", webhooks::get::<P>, read => 200 WebhookResponse<'_>;

    /// Changes a webhook, or enables it again.
    patch "/v1/webhooks/{id}", webhooks::change::<P>, admin, json ChangedWebhook => 200 WebhookResponse<'_>;

    /// Deletes a webhook. It is not called any more, not even for what has happened.
    delete "/v1/webhooks/{id}", webhooks::delete::<P>, admin => 204;

    /// Calls a webhook once to try it, and answers what its endpoint does.
    post "/v1/webhooks/{id}/test", webhooks::test::<P>, admin => 200 TestResponse<'_>;

    /// Lists the calls of webhooks, newest first, with the attempts at each: the last thousand.
    get "/v1/deliveries", webhooks::deliveries::<P>, read, query DeliveryQuery => 200 Listing<DeliveryResponse<'_>>;

    /// A call of a webhook.
    get "/v1/deliveries/{id}", webhooks::delivery::<P>, read => 200 DeliveryResponse<'_>;

    /// Makes a call again, under its id, as long as its job is kept.
    post "/v1/deliveries/{id}/repeat", webhooks::repeat::<P>, admin => 202 DeliveryResponse<'_>, 409;

    /// Lists all projects, newest first.
    get "/v1/projects", access::projects::<P>, operator, query Paging => 200 Listing<Project<'_>>;

    /// Creates a project.
    post "/v1/projects", access::create_project::<P>, operator, json NewProject => 201 Project<'_>;

    /// A project.
    get "/v1/projects/{id}", access::project::<P>, operator => 200 Project<'_>;

    /// Changes a project, also how much it may have.
    patch "/v1/projects/{id}", access::change_project::<P>, operator, json ProjectSettings => 200 Project<'_>;

    /// Deletes a project. Its tokens are refused from now on; its jobs, files, classifiers and schemas are removed within
    /// minutes.
    delete "/v1/projects/{id}", access::delete_project::<P>, operator => 204;

    /// Creates a token that opens a project. No other answer has its text.
    post "/v1/projects/{id}/tokens", access::create_project_token::<P>, operator, json NewToken
        => 201 CreatedToken, 409;

    /// Lists the tokens of a project, newest first, without their texts.
    get "/v1/projects/{id}/tokens", access::project_tokens::<P>, operator, query Paging
        => 200 Listing<TokenResponse<'_>>;

    /// Creates a token that opens the project. No other answer has its text.
    post "/v1/tokens", access::create_token::<P>, admin, json NewToken => 201 CreatedToken, 409;

    /// Lists the tokens of the project, newest first, without their texts.
    get "/v1/tokens", access::tokens::<P>, admin, query Paging => 200 Listing<TokenResponse<'_>>;

    /// Gives a token a new secret; the present one stays valid for a time. No other answer has its text.
    post "/v1/tokens/{id}/rotate", access::rotate_token::<P>, manager, json Rotation => 200 CreatedToken;

    /// Revokes a token.
    delete "/v1/tokens/{id}", access::revoke_token::<P>, manager => 204;
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
    query: Query,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Operator<P> {
    type Rejection = ApiError<Native>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<Native>> {
        let Context { ports, .. } = Context::<P>::from_parts(parts)?;
        authenticate_admin(&ports, auth::required_bearer(&parts.headers)?)?;
        Ok(Self { ports, query: context::query::<Native>(parts)? })
    }
}

/// A request authenticated as the operator, or by a token that may manage its project.
#[derive(Debug)]
pub(super) struct Manager<P> {
    ports: P,
    /// The project that the request may act on; None if on any.
    project: Option<ProjectId>,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Manager<P> {
    type Rejection = ApiError<Native>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<Native>> {
        let context = Context::<P>::from_parts(parts)?;
        let secret = auth::bearer(&parts.headers).filter(|secret| !is_token(secret));
        let project = match secret {
            Some(secret) => {
                authenticate_admin(&context.ports, secret)?;
                None
            }
            None => Some(context.caller(parts).await?.project),
        };
        context::query::<Native>(parts)?;
        Ok(Self { ports: context.ports, project })
    }
}
