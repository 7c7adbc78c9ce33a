//! Webhooks that every job of a project calls, and the calls of all webhooks.

use axum::http::StatusCode;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::{Body, Caller, PathParams, Reply, found, rules::ID, wire::Listing};
use crate::{
    api::{
        calls::{self, SECRET_PREFIX, standard_key},
        checked::Checked,
        cuid::Id,
        endpoint::{self, HEADERS, SECRET, URL},
        page_token::{self, Paging},
        reply,
    },
    error::Result,
    id::{DeliveryId, JobId, WebhookId},
    job::{Endpoint, JobKind, Status, WebhookFormat},
    service::{
        index::{self, ChangeWebhook, DeliveryAttempt, DeliveryRecord, DeliveryState, WebhookFilter},
        ports::{Environment, Ports},
        webhooks::{self, NewWebhook as SavedWebhook, TestCall},
    },
    validate::{
        Input, Validator,
        declare::declare,
        shape::{CLOSED, Declared, Named, OPEN, Object, Shape},
    },
};

const LISTING: &str = "webhooks";
const DELIVERIES: &str = "deliveries";

const NO_WEBHOOK: &str = "Webhook not found";
const NO_DELIVERY: &str = "Delivery not found";

/// How many random bytes the key of a new secret has: as many as the digest that it keys.
const NEW_KEY_BYTES: usize = 32;

/// The forms of calls, by their names.
const FORMATS: [(&str, WebhookFormat); 3] =
    [("standard", WebhookFormat::Standard), ("llamacloud", WebhookFormat::LlamaCloud), ("limai", WebhookFormat::Limai)];

const FORMAT: Shape = Shape::Words(|| FORMATS.iter().map(|(name, _)| *name).collect());

fn format_of(name: &str) -> WebhookFormat {
    FORMATS.iter().find(|(known, _)| *known == name).map_or(WebhookFormat::Standard, |(_, format)| *format)
}

fn name_of(format: WebhookFormat) -> &'static str {
    FORMATS.iter().find(|(_, known)| *known == format).map_or("standard", |(name, _)| name)
}

/// The events of a form.
fn events_of(format: WebhookFormat) -> Vec<&'static str> {
    let mut names = Vec::new();
    for kind in JobKind::ALL {
        for status in Status::ALL {
            names.extend(format.event_name(kind, status).filter(|name| !names.contains(name)));
        }
    }
    names
}

const EVENTS: Shape = Shape::list(0..=100, &Shape::text(1..=100));

declare! {
    /// A webhook that every job of the project calls.
    #[derive(Debug)]
    pub(super) struct NewWebhook(Object { check: Some(check_form), ..CLOSED }) {
        /// The URL that is called.
        url: String = required(URL),
        /// The form of the calls: `standard` (Standard Webhooks), `llamacloud` or `limai`.
        format: String = default(FORMAT, name_of(WebhookFormat::Standard).to_owned()),
        /// The events; all of the form if absent or empty.
        events: Vec<String> = optional(EVENTS),
        /// Headers of the calls.
        headers: Named<String> = optional(HEADERS),
        /// The secret that signs the calls. One is made for `standard` if absent.
        secret: Option<String> = optional(SECRET),
    }
}

/// Reports events that the form does not have, and a secret that cannot sign it.
fn check_form(check: &mut Validator, input: &Input<'_>) {
    let format = input.get("format").read::<String>().map_or(WebhookFormat::Standard, |name| format_of(&name));
    check_events(check, input, format);
    check_secret(check, input, format);
}

fn check_events(check: &mut Validator, input: &Input<'_>, format: WebhookFormat) {
    let known = events_of(format);
    for event in input.get("events").items() {
        if event.read::<String>().is_none_or(|name| !known.contains(&name.as_str())) {
            check.reject_enum(&event, known.iter().copied());
        }
    }
}

fn check_secret(check: &mut Validator, input: &Input<'_>, format: WebhookFormat) {
    let secret = input.get("secret");
    let is_key = secret.read::<String>().is_none_or(|text| standard_key(&text).is_some());
    if format == WebhookFormat::Standard && !is_key {
        check.reject_value(&secret, "expected whsec_ and 24 to 64 bytes in base64");
    }
}

declare! {
    /// What changes of a webhook; absent members stay.
    #[derive(Debug)]
    pub(super) struct ChangedWebhook(CLOSED) {
        /// The URL that is called.
        url: Option<String> = optional(URL),
        /// The events; all of the form if empty.
        events: Option<Vec<String>> = optional(EVENTS),
        /// Headers of the calls.
        headers: Option<Named<String>> = optional(HEADERS),
        /// The secret that signs the calls from now on.
        secret: Option<String> = optional(SECRET),
        /// Whether it is called. One whose endpoint answered 410 is not, until this says so.
        enabled: Option<bool> = optional(Shape::Boolean),
    }
}

declare! {
    /// Which calls to list.
    #[derive(Debug)]
    pub(super) struct DeliveryQuery(OPEN) {
        /// Only calls of this webhook.
        webhook_id: Option<Id<WebhookId>> = optional(ID),
        /// Only calls about this job.
        job_id: Option<Id<JobId>> = optional(ID),
        paging: Paging = flattened,
    }
}

/// A webhook.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Webhook"))]
pub(super) struct WebhookResponse<'a> {
    /// The id.
    id: String,
    /// The URL that is called.
    url: &'a str,
    /// The form of the calls.
    format: &'static str,
    /// The events; empty for all of the form.
    events: &'a [String],
    /// The names of the headers of the calls. Their values are not shown: some are secrets.
    headers: Vec<&'a str>,
    /// Whether the calls are signed.
    has_secret: bool,
    /// The secret, if it was made for this answer. No other answer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    /// Whether every job calls it; else those that name it, as LlamaCloud's clients do.
    every_job: bool,
    /// Whether it is called.
    enabled: bool,
    /// Why it is not called; null while it is.
    disabled_reason: Option<&'a str>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl<'a> From<&'a index::Webhook> for WebhookResponse<'a> {
    fn from(webhook: &'a index::Webhook) -> Self {
        let endpoint = &webhook.endpoint;
        Self {
            id: webhook.id.to_string(),
            url: &endpoint.url,
            format: name_of(endpoint.format),
            events: webhook.events.as_deref().unwrap_or_default(),
            headers: endpoint.headers.iter().map(|(name, _)| name.as_str()).collect(),
            has_secret: endpoint.secret.is_some(),
            secret: None,
            every_job: webhook.every_job,
            enabled: webhook.disabled.is_none(),
            disabled_reason: webhook.disabled.as_ref().map(|disabled| disabled.reason.as_str()),
            created_at: webhook.created_at.to_rfc3339(),
            updated_at: webhook.updated_at.to_rfc3339(),
        }
    }
}

/// An attempt at a call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "DeliveryAttempt"))]
pub(super) struct AttemptResponse<'a> {
    /// When it was made.
    at: String,
    /// How long it took, in milliseconds.
    millis: u32,
    /// The status of the answer; null if there was none.
    status: Option<u16>,
    /// The beginning of the answer.
    answer: Option<&'a str>,
    /// Why the endpoint did not answer.
    error: Option<&'a str>,
}

impl<'a> From<&'a DeliveryAttempt> for AttemptResponse<'a> {
    fn from(attempt: &'a DeliveryAttempt) -> Self {
        Self {
            at: attempt.at.to_rfc3339(),
            millis: attempt.millis,
            status: attempt.status,
            answer: attempt.answer.as_deref(),
            error: attempt.error.as_deref(),
        }
    }
}

/// A call of a webhook.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Delivery"))]
pub(super) struct DeliveryResponse<'a> {
    /// The id: every attempt has it, so that the receiver knows it again.
    id: String,
    /// The saved webhook; null if it came with the job.
    webhook_id: Option<String>,
    /// The job; null for a test call.
    job_id: Option<String>,
    /// The event.
    event: &'a str,
    /// The URL that was called.
    url: &'a str,
    /// `pending`, `delivered` or `failed`.
    state: DeliveryState,
    /// The body of the last attempt.
    request: &'a str,
    /// When the event occurred.
    created_at: String,
    /// The attempts, first to last.
    attempts: Vec<AttemptResponse<'a>>,
}

impl<'a> From<&'a DeliveryRecord> for DeliveryResponse<'a> {
    fn from(record: &'a DeliveryRecord) -> Self {
        Self {
            id: record.id.to_string(),
            webhook_id: record.webhook.map(|id| id.to_string()),
            job_id: record.job.map(|id| id.to_string()),
            event: &record.event,
            url: &record.url,
            state: record.state,
            request: &record.request,
            created_at: record.created_at.to_rfc3339(),
            attempts: record.attempts.iter().map(AttemptResponse::from).collect(),
        }
    }
}

/// What came of a test call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct TestResponse<'a> {
    /// The id of the call.
    id: String,
    /// Its event.
    event: &'static str,
    /// Whether the endpoint confirmed it: it answered with a status from 200 to 299.
    is_delivered: bool,
    /// What it answered.
    attempt: AttemptResponse<'a>,
}

impl<'a> From<&'a TestCall> for TestResponse<'a> {
    fn from(tested: &'a TestCall) -> Self {
        Self {
            id: tested.id.to_string(),
            event: tested.event,
            is_delivered: matches!(tested.attempt.status, Some(200..300)),
            attempt: AttemptResponse::from(&tested.attempt),
        }
    }
}

fn events_or_all(events: Vec<String>) -> Option<Vec<String>> {
    Some(events).filter(|events| !events.is_empty())
}

fn check_permitted<T: Declared>(request: &mut Checked<T>, ports: &impl Environment) {
    let (input, check) = request.parts();
    endpoint::check_permitted(check, &input.get("url"), ports);
}

/// Fails unless an endpoint of Limai answers its verification.
async fn verify<P: Ports>(caller: &Caller<P>, endpoint: &Endpoint) -> Result<()> {
    if endpoint.format != WebhookFormat::Limai {
        return Ok(());
    }
    let tested = webhooks::try_endpoint(&caller.ports, caller.token.project, endpoint, None, calls::build).await?;
    let is_confirmed = matches!(tested.attempt.status, Some(200..300));
    if tested.is_echoed && is_confirmed {
        return Ok(());
    }
    let why = match (tested.attempt.status, tested.attempt.error) {
        (_, Some(error)) => error,
        (Some(status), None) => format!("it answers {status} without the challenge"),
        (None, None) => "it does not answer".to_owned(),
    };
    let mut check = Validator::default();
    let message = format!("the endpoint does not pass its verification: {why}");
    check.reject_value(&Input::root("body", None).get("url"), &message);
    check.finish(None)
}

/// `POST /v1/webhooks`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewWebhook>) -> Reply {
    let mut body = body.0;
    check_permitted(&mut body, &caller.ports);
    let NewWebhook { url, format, events, headers, secret } = body.finish()?;
    let format = format_of(&format);
    let made = (format == WebhookFormat::Standard && secret.is_none()).then(|| {
        let key = caller.ports.random::<NEW_KEY_BYTES>();
        format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(key))
    });
    let endpoint =
        Endpoint { url, format, headers: endpoint::headers(headers.0), secret: secret.or_else(|| made.clone()) };
    verify(&caller, &endpoint).await?;
    let new = SavedWebhook { endpoint, events: events_or_all(events), every_job: true, output_format: None };
    let saved = webhooks::save(&caller.ports, caller.token.project, new).await?;
    let response = WebhookResponse { secret: made.as_deref(), ..WebhookResponse::from(&saved) };
    Ok(reply::json(StatusCode::CREATED, &response))
}

/// `GET /v1/webhooks`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<Paging>();
    let page = page_token::page(&mut query, LISTING);
    query.finish()?;
    let page = webhooks::list(&caller.ports, caller.token.project, WebhookFilter::default(), page).await?;
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, WebhookResponse::from)))
}

/// `GET /v1/webhooks/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: WebhookId = segments.id("id", NO_WEBHOOK)?;
    let webhook = found(webhooks::get(&caller.ports, caller.token.project, id).await, NO_WEBHOOK)?;
    Ok(reply::json(StatusCode::OK, &WebhookResponse::from(&webhook)))
}

/// `PATCH /v1/webhooks/{id}`
pub(super) async fn change<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<ChangedWebhook>) -> Reply {
    let id: WebhookId = segments.id("id", NO_WEBHOOK)?;
    let project = caller.token.project;
    let old = found(webhooks::get(&caller.ports, project, id).await, NO_WEBHOOK)?.endpoint;
    let mut body = body.0;
    check_permitted(&mut body, &caller.ports);
    let (input, check) = body.parts();
    check_events(check, &input, old.format);
    check_secret(check, &input, old.format);
    let ChangedWebhook { url, events, headers, secret, enabled } = body.finish()?;
    let endpoint = endpoint::changed(&old, url, headers, secret);
    if let Some(endpoint) = &endpoint {
        verify(&caller, endpoint).await?;
    }
    let change = ChangeWebhook { id, endpoint, events: events.map(events_or_all), output_format: None, enabled };
    let webhook = found(webhooks::change(&caller.ports, project, change).await, NO_WEBHOOK)?;
    Ok(reply::json(StatusCode::OK, &WebhookResponse::from(&webhook)))
}

/// `DELETE /v1/webhooks/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: WebhookId = segments.id("id", NO_WEBHOOK)?;
    found(webhooks::delete(&caller.ports, caller.token.project, id).await, NO_WEBHOOK)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /v1/webhooks/{id}/test`
pub(super) async fn test<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: WebhookId = segments.id("id", NO_WEBHOOK)?;
    let project = caller.token.project;
    let webhook = found(webhooks::get(&caller.ports, project, id).await, NO_WEBHOOK)?;
    let tested = webhooks::try_endpoint(&caller.ports, project, &webhook.endpoint, Some(id), calls::build).await?;
    Ok(reply::json(StatusCode::OK, &TestResponse::from(&tested)))
}

/// `GET /v1/deliveries`
pub(super) async fn deliveries<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<DeliveryQuery>();
    let page = page_token::page(&mut query, DELIVERIES);
    let DeliveryQuery { webhook_id, job_id, .. } = query.finish()?;
    let (webhook, job) = (webhook_id.map(|id| id.0), job_id.map(|id| id.0));
    let page = webhooks::deliveries(&caller.ports, caller.token.project, webhook, job, page).await?;
    Ok(reply::json(StatusCode::OK, &Listing::new(DELIVERIES, &page, DeliveryResponse::from)))
}

/// `GET /v1/deliveries/{id}`
pub(super) async fn delivery<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: DeliveryId = segments.id("id", NO_DELIVERY)?;
    let record = webhooks::delivery(&caller.ports, caller.token.project, id).await?;
    Ok(reply::json(StatusCode::OK, &DeliveryResponse::from(&record)))
}

/// `POST /v1/deliveries/{id}/repeat`
pub(super) async fn repeat<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let id: DeliveryId = segments.id("id", NO_DELIVERY)?;
    let record = webhooks::repeat(&caller.ports, caller.token.project, id).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &DeliveryResponse::from(&record)))
}
