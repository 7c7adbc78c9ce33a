//! Whom jobs notify: webhooks that come with a request, and saved ones.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::{
    Body, Caller, Reply,
    ids::{self, IdFormat, PathId},
    wire::{Listing, TotalQuery},
};
use crate::{
    api::{
        checked::Checked,
        endpoint::{self, HEADERS, SECRET, URL},
        page_token::{self, Paging},
        reply,
    },
    error::{Error, Result},
    id::WebhookId,
    job::{Endpoint, WebhookFormat},
    limits,
    service::{
        index::{self, ChangeWebhook, InlineWebhook, PageRequest, RequestedWebhooks, WebhookFilter},
        ports::{Environment, Ports},
        webhooks::{self, NewWebhook},
    },
    validate::{
        declare::declare,
        shape::{Declared, Named, OPEN, Shape},
    },
};

const LISTING: &str = "webhook-configs";

/// The events of all products, of which only those of jobs here occur.
fn event_names() -> Vec<&'static str> {
    vec![
        "batch.cancelled",
        "batch.error",
        "batch.pending",
        "batch.running",
        "batch.success",
        "classify.cancelled",
        "classify.error",
        "classify.partial_success",
        "classify.pending",
        "classify.running",
        "classify.success",
        "extract.cancelled",
        "extract.error",
        "extract.partial_success",
        "extract.pending",
        "extract.success",
        "parse.cancelled",
        "parse.error",
        "parse.partial_success",
        "parse.pending",
        "parse.running",
        "parse.success",
        "sheets.cancelled",
        "sheets.error",
        "sheets.partial_success",
        "sheets.pending",
        "sheets.success",
        "split.cancelled",
        "split.error",
        "split.pending",
        "split.processing",
        "split.success",
        "unmapped_event",
        "verify.cancelled",
        "verify.error",
        "verify.pending",
        "verify.running",
        "verify.success",
    ]
}

/// The events of a webhook. One for no events would never be called.
const EVENTS: Shape = Shape::list(1..=usize::MAX, &Shape::Words(event_names));

/// How the body is written. Both are the same JSON object here.
const OUTPUT_FORMAT: Shape = Shape::Words(|| vec!["json", "string"]);

declare! {
    /// A webhook of one job.
    #[derive(Debug)]
    pub(super) struct JobWebhook(OPEN) {
        /// The URL that is called.
        webhook_url: String = required(URL),
        /// The events; all if absent.
        webhook_events: Option<Vec<String>> = optional(EVENTS),
        /// Headers of the call.
        webhook_headers: Named<String> = optional(HEADERS),
        /// Makes no difference.
        webhook_output_format: Option<String> = optional(OUTPUT_FORMAT),
        /// The secret that signs the call.
        webhook_signing_secret: Option<String> = optional(SECRET),
    }
}

declare! {
    /// Whom a job notifies.
    #[derive(Debug)]
    pub(super) struct Webhooks(OPEN) {
        /// Webhooks of this job alone.
        webhook_configurations: Vec<JobWebhook> =
            optional(Shape::list(0..=limits::MAX_INLINE_WEBHOOKS, &JobWebhook::SHAPE)),
        /// The ids of saved webhooks.
        webhook_configuration_ids: Vec<String> =
            optional(Shape::list(0..=limits::MAX_NAMED_WEBHOOKS, &ids::id_shape::<WebhookId>())),
    }
}

declare! {
    /// Webhooks where there are none.
    #[derive(Debug)]
    pub(super) struct NoWebhooks(OPEN) {
        /// Not supported here: the request of a job says whom it notifies.
        webhook_configurations: Option<Value> = optional(NO_WEBHOOKS),
        /// The same.
        webhook_configuration_ids: Option<Value> = optional(NO_WEBHOOKS),
    }
}

const NO_WEBHOOKS: Shape = Shape::Own {
    documented: &Shape::list(0..=0, &Shape::Any),
    format: "",
    check: |check, field| {
        if !field.is_empty() {
            check.reject_value(field, "the request of a job says whom it notifies, not a saved configuration");
        }
    },
};

impl Webhooks {
    /// Reports the webhooks of a request that lead where the operator permits no call.
    pub(super) fn check<T: Declared>(request: &mut Checked<T>, ports: &impl Environment) {
        let (input, check) = request.parts();
        for webhook in input.get("webhook_configurations").items() {
            endpoint::check_permitted(check, &webhook.get("webhook_url"), ports);
        }
    }

    /// The webhooks, for a job.
    pub(super) fn requested(self) -> RequestedWebhooks {
        let inline = self.webhook_configurations.into_iter().map(|webhook| InlineWebhook {
            endpoint: endpoint_of(webhook.webhook_url, webhook.webhook_headers, webhook.webhook_signing_secret),
            events: webhook.webhook_events,
        });
        RequestedWebhooks {
            inline: inline.collect(),
            saved: self.webhook_configuration_ids.iter().filter_map(|id| WebhookId::parse(id)).collect(),
        }
    }
}

fn endpoint_of(url: String, headers: Named<String>, secret: Option<String>) -> Endpoint {
    Endpoint { url, format: WebhookFormat::LlamaCloud, headers: endpoint::headers(headers.0), secret }
}

declare! {
    /// A webhook to save.
    #[derive(Debug)]
    pub(super) struct NewWebhookConfig(OPEN) {
        webhook: JobWebhook = flattened,
    }
}

declare! {
    /// What changes of a saved webhook; absent members stay.
    #[derive(Debug)]
    pub(super) struct ChangedWebhookConfig(OPEN) {
        /// The URL that is called.
        webhook_url: Option<String> = optional(URL),
        /// The events.
        webhook_events: Option<Vec<String>> = optional(EVENTS),
        /// Headers of the call.
        webhook_headers: Option<Named<String>> = optional(HEADERS),
        /// Makes no difference.
        webhook_output_format: Option<String> = optional(OUTPUT_FORMAT),
        /// The secret that signs the call from now on.
        webhook_signing_secret: Option<String> = optional(SECRET),
    }
}

declare! {
    /// Which saved webhooks to list.
    #[derive(Debug)]
    pub(super) struct WebhookConfigQuery(OPEN) {
        paging: Paging = flattened,
        total: TotalQuery = flattened,
    }
}

/// A saved webhook. No answer has its secret.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct WebhookConfig<'a> {
    /// The id.
    id: String,
    /// Always `project`.
    tenant_type: &'static str,
    /// The project.
    tenant_id: String,
    /// The URL that is called.
    webhook_url: &'a str,
    /// Whether calls are signed.
    has_secret: bool,
    /// The events; null for all.
    webhook_events: Option<&'a [String]>,
    /// Headers of the call.
    webhook_headers: Option<BTreeMap<&'a str, &'a str>>,
    /// As it was set.
    webhook_output_format: Option<&'a str>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl<'a> WebhookConfig<'a> {
    fn new<P>(caller: &Caller<P>, webhook: &'a index::Webhook) -> Self {
        let index::Webhook { id, endpoint, events, output_format, created_at, updated_at, .. } = webhook;
        let headers = endpoint.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            id: id.format(),
            tenant_type: "project",
            tenant_id: caller.token.project.to_string(),
            webhook_url: &endpoint.url,
            has_secret: endpoint.secret.is_some(),
            webhook_events: events.as_deref(),
            webhook_headers: (!endpoint.headers.is_empty()).then(|| headers.collect()),
            webhook_output_format: output_format.as_deref(),
            created_at: created_at.to_rfc3339(),
            updated_at: updated_at.to_rfc3339(),
        }
    }
}

/// The webhooks that this dialect shows: others have a form that it does not know, or are managed by tokens with the scope
/// `admin` only.
const SHOWN: WebhookFilter = WebhookFilter { every_job: Some(false), format: Some(WebhookFormat::LlamaCloud) };

async fn shown<P: Ports>(caller: &Caller<P>, id: WebhookId) -> Result<index::Webhook> {
    let webhook = webhooks::get(&caller.ports, caller.token.project, id).await;
    let webhook = webhook.map_err(|error| error.with_not_found_message(WebhookId::MISSING))?;
    if webhook.endpoint.format == WebhookFormat::LlamaCloud && !webhook.every_job {
        Ok(webhook)
    } else {
        Err(Error::not_found(WebhookId::MISSING))
    }
}

/// `POST /api/v1/beta/webhook-configs`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewWebhookConfig>) -> Reply {
    let mut body = body.0;
    let (input, check) = body.parts();
    endpoint::check_permitted(check, &input.get("webhook_url"), &caller.ports);
    let NewWebhookConfig { webhook } = body.finish()?;
    let new = NewWebhook {
        endpoint: endpoint_of(webhook.webhook_url, webhook.webhook_headers, webhook.webhook_signing_secret),
        events: webhook.webhook_events,
        every_job: false,
        output_format: webhook.webhook_output_format,
    };
    let saved = webhooks::save(&caller.ports, caller.token.project, new).await?;
    Ok(reply::json(StatusCode::CREATED, &WebhookConfig::new(&caller, &saved)))
}

/// `GET /api/v1/beta/webhook-configs`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut all = Vec::new();
    let mut request = PageRequest { size: limits::MAX_WEBHOOKS, after: None };
    loop {
        let page = webhooks::list(&caller.ports, caller.token.project, SHOWN, request).await?;
        all.extend(page.items);
        let Some(next) = page.next else { break };
        request = PageRequest { size: limits::MAX_WEBHOOKS, after: Some(next) };
    }
    let items: Vec<_> = all.iter().map(|webhook| WebhookConfig::new(&caller, webhook)).collect();
    Ok(reply::json(StatusCode::OK, &items))
}

/// `GET /api/v2/webhook-configs`
pub(super) async fn page<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<WebhookConfigQuery>();
    let page = page_token::page(&mut query, LISTING);
    let WebhookConfigQuery { total, .. } = query.finish()?;
    let project = caller.token.project;
    let count = if total.include_total { Some(webhooks::count(&caller.ports, project, SHOWN).await?) } else { None };
    let page = webhooks::list(&caller.ports, project, SHOWN, page).await?;
    let listing = Listing::new(LISTING, &page, |webhook| WebhookConfig::new(&caller, webhook));
    Ok(reply::json(StatusCode::OK, &listing.with_total(count)))
}

/// `GET /api/v1/beta/webhook-configs/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<WebhookId>) -> Reply {
    let webhook = shown(&caller, id).await?;
    Ok(reply::json(StatusCode::OK, &WebhookConfig::new(&caller, &webhook)))
}

/// `PUT /api/v1/beta/webhook-configs/{id}`
pub(super) async fn update<P: Ports>(
    caller: Caller<P>,
    PathId(id): PathId<WebhookId>,
    body: Body<ChangedWebhookConfig>,
) -> Reply {
    let mut body = body.0;
    let (input, check) = body.parts();
    endpoint::check_permitted(check, &input.get("webhook_url"), &caller.ports);
    let changed = body.finish()?;
    let old = shown(&caller, id).await?.endpoint;
    let endpoint =
        endpoint::changed(&old, changed.webhook_url, changed.webhook_headers, changed.webhook_signing_secret);
    // The dialect has no other call to enable it again.
    let change = ChangeWebhook {
        id,
        endpoint,
        events: changed.webhook_events.map(Some),
        output_format: changed.webhook_output_format,
        enabled: Some(true),
    };
    let webhook = webhooks::change(&caller.ports, caller.token.project, change).await;
    let webhook = webhook.map_err(|error| error.with_not_found_message(WebhookId::MISSING))?;
    Ok(reply::json(StatusCode::OK, &WebhookConfig::new(&caller, &webhook)))
}

/// `DELETE /api/v1/beta/webhook-configs/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<WebhookId>) -> Reply {
    shown(&caller, id).await?;
    let deleted = webhooks::delete(&caller.ports, caller.token.project, id).await;
    deleted.map_err(|error| error.with_not_found_message(WebhookId::MISSING))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
