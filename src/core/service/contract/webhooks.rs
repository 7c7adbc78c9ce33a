//! Checks of webhooks: the saved ones, their calls, and the jobs that call them.

use std::cmp::Reverse;

use futures_util::future::try_join_all;

use super::{Scene, classification, expect, expect_eq, expect_kind, page, scene};
use crate::{
    error::{ErrorKind, Result},
    id::{DeliveryId, JobId, LeaseId, WebhookId},
    job::{Command, Endpoint, JobEndpoint, JobWebhook, Start, Status, WebhookFormat},
    limits,
    service::{
        index::{
            ChangeWebhook, CountWebhooks, DeleteWebhook, DeliveryAttempt, DeliveryRecord, DeliveryState, GetDelivery,
            GetJobByKey, GetWebhook, InlineWebhook, JobFilter, ListDeliveries, ListWebhooks, NoteDelivery, PageRequest,
            Refusal, RemoveJob, RequestedWebhooks, ReserveJob, Reserved, RuleSource, SaveWebhook, Webhook,
            WebhookFilter, Work,
        },
        jobs,
        ports::Ports,
    },
    time::Timestamp,
};

const URL: &str = "https://hooks.example/ü?a=1";

fn endpoint(format: WebhookFormat) -> Endpoint {
    Endpoint {
        url: URL.to_owned(),
        format,
        headers: vec![("x-key".to_owned(), "k".to_owned())],
        secret: Some("hush".to_owned()),
    }
}

async fn save(ports: &impl Ports, scene: &Scene, format: WebhookFormat, every_job: bool) -> Result<Webhook> {
    let id = WebhookId::from_bytes(ports.random());
    let command = SaveWebhook { id, endpoint: endpoint(format), events: None, every_job, output_format: None };
    ports.index(scene.project, command).await
}

const fn unchanged(id: WebhookId) -> ChangeWebhook {
    ChangeWebhook { id, endpoint: None, events: None, output_format: None, enabled: None }
}

/// Webhooks are listed in every way, change in what is named, and are limited in number.
pub(super) async fn saved(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let (standard, limai) = (WebhookFormat::Standard, WebhookFormat::Limai);
    let mut all = Vec::new();
    for (format, every_job) in [(standard, false), (limai, true), (standard, true)] {
        all.push(save(ports, &scene, format, every_job).await?);
    }
    all.sort_by_key(|webhook| Reverse((webhook.created_at, webhook.id)));
    let listed = async |every_job, format| {
        let filter = WebhookFilter { every_job, format };
        let (mut seen, mut request) = (Vec::new(), page(2));
        loop {
            let part = ports.index(scene.project, ListWebhooks { filter, page: request.clone() }).await?;
            seen.extend(part.items);
            let Some(next) = part.next else { break };
            request.after = Some(next);
        }
        let count = ports.index(scene.project, CountWebhooks { filter }).await?;
        super::expect_count(Some(count), &seen)?;
        Ok::<_, crate::error::Error>(seen)
    };
    let matching = |keep: &dyn Fn(&Webhook) -> bool| all.iter().filter(|item| keep(item)).cloned().collect::<Vec<_>>();
    expect_eq(&listed(None, None).await?, &all, "newest first")?;
    expect_eq(&listed(Some(true), None).await?, &matching(&|item| item.every_job), "those of every job")?;
    let expected = matching(&|item| !item.every_job && item.endpoint.format == standard);
    expect_eq(&listed(Some(false), Some(standard)).await?, &expected, "those of a form that jobs name")?;
    expect_eq(&listed(None, Some(WebhookFormat::LlamaCloud)).await?, &Vec::new(), "those of another form")?;

    let first = all.into_iter().next().ok_or_else(|| crate::error::Error::internal("no webhook"))?;
    let change = async |change: ChangeWebhook| {
        let changed = ports.index(scene.project, change).await?;
        changed.ok_or_else(|| crate::error::Error::not_found("the webhook"))
    };
    let events = Some(vec!["job.failed".to_owned()]);
    let output_format = Some("json".to_owned());
    let command =
        ChangeWebhook { events: Some(events.clone()), output_format: output_format.clone(), ..unchanged(first.id) };
    let second = change(command).await?;
    expect(second.updated_at > first.updated_at, "each change is later")?;
    let expected = Webhook { events, output_format, updated_at: second.updated_at, ..first.clone() };
    expect_eq(&second, &expected, "only what is named changed")?;
    let third = change(ChangeWebhook { enabled: Some(false), ..unchanged(first.id) }).await?;
    expect_eq(&(third.disabled.is_some(), &third.events), &(true, &second.events), "it is disabled")?;
    let fourth = change(ChangeWebhook { events: Some(None), enabled: Some(true), ..unchanged(first.id) }).await?;
    let expected = Webhook { events: None, disabled: None, updated_at: fourth.updated_at, ..third };
    expect_eq(&fourth, &expected, "it is called again, and for all events")?;
    let id = first.id;
    expect_eq(&ports.index(scene.project, GetWebhook { id }).await?, &Some(fourth), "the newest state")?;
    expect(ports.index(scene.project, DeleteWebhook { id }).await?, "it was there")?;
    expect(!ports.index(scene.project, DeleteWebhook { id }).await?, "it is gone")?;
    expect_eq(&ports.index(scene.project, unchanged(id)).await?, &None, "what is gone does not change")?;
    limited(ports, &scene).await
}

async fn limited(ports: &impl Ports, scene: &Scene) -> Result<()> {
    let count = async |every_job| {
        let filter = WebhookFilter { every_job, format: None };
        ports.index(scene.project, CountWebhooks { filter }).await
    };
    while count(Some(true)).await? < limits::MAX_PROJECT_WEBHOOKS {
        save(ports, scene, WebhookFormat::Standard, true).await?;
    }
    expect_kind(save(ports, scene, WebhookFormat::Limai, true).await, ErrorKind::Conflict, "too many of every job")?;
    for _ in count(None).await?..limits::MAX_WEBHOOKS {
        save(ports, scene, WebhookFormat::Standard, false).await?;
    }
    expect_kind(save(ports, scene, WebhookFormat::Limai, false).await, ErrorKind::Conflict, "too many")
}

fn delivery(id: u128, webhook: Option<WebhookId>, created_at: Timestamp) -> DeliveryRecord {
    DeliveryRecord {
        id: DeliveryId::from_bytes(id.to_be_bytes()),
        webhook,
        job: None,
        notification: None,
        url: URL.to_owned(),
        event: "job.failed".to_owned(),
        request: r#"{"a":"ü"}"#.to_owned(),
        state: DeliveryState::Pending,
        created_at,
        attempts: Vec::new(),
    }
}

fn attempt(number: u32) -> DeliveryAttempt {
    let (status, answer) = (Some(500), Some("naïve".to_owned()));
    DeliveryAttempt { at: Timestamp::from_millis(number.into()), millis: number, status, answer, error: None }
}

/// The attempts at a call are one record, and the oldest calls are forgotten.
pub(super) async fn deliveries(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let note = async |record: DeliveryRecord, number, disable| {
        ports.index(scene.project, NoteDelivery { record, attempt: attempt(number), disable }).await
    };
    let webhook = save(ports, &scene, WebhookFormat::Standard, true).await?;
    let job = scene.reserve(ports, scene.reservation(ports)).await?.id;
    let at = Timestamp::from_millis;
    let first = DeliveryRecord { job: Some(job), ..delivery(7, Some(webhook.id), at(1_000)) };
    note(first.clone(), 1, false).await?;
    let again = DeliveryRecord {
        request: "{}".to_owned(),
        state: DeliveryState::Failed,
        created_at: at(2_000),
        ..first.clone()
    };
    note(again.clone(), 2, false).await?;
    let get = async |id| ports.index(scene.project, GetDelivery { id }).await;
    let expected =
        DeliveryRecord { created_at: first.created_at, attempts: vec![attempt(1), attempt(2)], ..again.clone() };
    expect_eq(&get(first.id).await?, &Some(expected), "the attempts of a call")?;
    let count = 2 * limits::MAX_DELIVERY_ATTEMPTS;
    for number in 3..=count + 1 {
        note(again.clone(), number, false).await?;
    }
    let numbers = get(first.id).await?.map(|kept| kept.attempts.iter().map(|attempt| attempt.millis).collect());
    expect_eq(&numbers, &Some((2..=count + 1).collect::<Vec<_>>()), "the last attempts")?;

    note(again, count + 2, true).await?;
    let disabled = ports.index(scene.project, GetWebhook { id: webhook.id }).await?.and_then(|found| found.disabled);
    expect_eq(&disabled.as_ref().map(|found| &*found.reason), &Some("it answered 410 Gone"), "why it is disabled")?;
    let long = "é".repeat(500_000);
    let gone = DeliveryRecord { request: long, ..delivery(8, Some(WebhookId::from_bytes([9; 16])), at(1_000)) };
    note(gone.clone(), 1, true).await?;
    let kept = get(gone.id).await?.map(|kept| kept.request.len());
    expect(kept.is_some_and(|bytes| bytes > 1_000 && bytes < 100_000), "a long body has its beginning")?;
    listing(ports, &scene, job, [first, gone]).await
}

async fn listing(ports: &impl Ports, scene: &Scene, job: JobId, [old, newer]: [DeliveryRecord; 2]) -> Result<()> {
    let list = async |webhook, job, request: PageRequest| {
        let page = ports.index(scene.project, ListDeliveries { webhook, job, page: request }).await?;
        Ok::<_, crate::error::Error>((page.items.into_iter().map(|item| item.id).collect::<Vec<_>>(), page.next))
    };
    let (ids, next) = list(None, None, page(1)).await?;
    expect_eq(&ids, &vec![newer.id], "the id decides between calls of the same time")?;
    expect_eq(&list(None, None, PageRequest { size: 1, after: next }).await?, &(vec![old.id], None), "the other")?;
    expect_eq(&list(old.webhook, None, page(9)).await?.0, &vec![old.id], "those of a webhook")?;
    expect_eq(&list(None, Some(job), page(9)).await?.0, &vec![old.id], "those of a job")?;
    expect_eq(&list(newer.webhook, Some(job), page(9)).await?.0, &Vec::new(), "both hold")?;

    // All but one of those that are kept.
    let more: Vec<_> = (1..limits::MAX_LISTED_DELIVERIES).map(|id| u128::from(id) << 64).collect();
    for chunk in more.chunks(100) {
        try_join_all(chunk.iter().map(|id| {
            let record = delivery(*id, None, Timestamp::from_millis(2_000));
            ports.index(scene.project, NoteDelivery { record, attempt: attempt(1), disable: false })
        }))
        .await?;
    }
    let (ids, next) = list(None, None, page(limits::MAX_LISTED_DELIVERIES)).await?;
    let mut expected: Vec<_> = more.iter().map(|id| DeliveryId::from_bytes(id.to_be_bytes())).rev().collect();
    expected.push(newer.id);
    expect_eq(&(ids, next), &(expected, None), "the newest calls")?;

    let about_job = DeliveryRecord { created_at: Timestamp::from_millis(3_000), ..old };
    let note = async || {
        let command = NoteDelivery { record: about_job.clone(), attempt: attempt(1), disable: false };
        ports.index(scene.project, command).await
    };
    note().await?;
    expect_eq(&list(None, Some(job), page(9)).await?.0.len(), &1, "a call about a job")?;
    ports.index(scene.project, RemoveJob { id: job }).await?;
    expect_eq(&list(None, Some(job), page(9)).await?.0, &Vec::new(), "it goes with the job")?;
    note().await?;
    expect_eq(&list(None, Some(job), page(9)).await?.0, &Vec::new(), "and does not come back")
}

/// A job has the webhooks that apply to it, until the index has only what it reports.
pub(super) async fn of_jobs(ports: &impl Ports) -> Result<()> {
    const KEY: &str = "once";
    let scene = scene(ports).await?;
    let every_job = save(ports, &scene, WebhookFormat::Standard, true).await?;
    let disabled = save(ports, &scene, WebhookFormat::Standard, true).await?;
    ports.index(scene.project, ChangeWebhook { enabled: Some(false), ..unchanged(disabled.id) }).await?;
    let named = save(ports, &scene, WebhookFormat::LlamaCloud, false).await?;
    let events = Some(Some(vec!["classify.error".to_owned(), "parse.error".to_owned()]));
    ports.index(scene.project, ChangeWebhook { events, ..unchanged(named.id) }).await?;
    let inline = |event: &str| InlineWebhook {
        endpoint: endpoint(WebhookFormat::LlamaCloud),
        events: Some(vec![event.to_owned()]),
    };
    let reservation = |webhooks| ReserveJob {
        work: Work::Classify(RuleSource::Inline(Box::new(classification("a")))),
        idempotency_key: Some(KEY.to_owned()),
        webhooks,
        ..scene.reservation(ports)
    };
    let unknown = WebhookId::from_bytes(ports.random());
    let refused = reservation(RequestedWebhooks { inline: Vec::new(), saved: vec![named.id, unknown] });
    let refused = ports.index(scene.project, refused).await?;
    expect_eq(&refused, &Reserved::Refused(Refusal::UnknownWebhook(unknown)), "an unknown webhook")?;

    // The last of the inline ones has no event of a job that classifies.
    let inline = vec![inline("classify.success"), inline("extract.success")];
    let saved = vec![named.id, every_job.id, named.id];
    let job = scene.reserve(ports, reservation(RequestedWebhooks { inline, saved })).await?;
    let saved = |id, statuses| JobWebhook { endpoint: JobEndpoint::Saved(id), statuses };
    let expected = vec![
        JobWebhook {
            endpoint: JobEndpoint::Inline(Box::new(endpoint(WebhookFormat::LlamaCloud))),
            statuses: vec![Status::Succeeded],
        },
        saved(named.id, vec![Status::Failed]),
        saved(every_job.id, WebhookFormat::Standard.statuses(job.kind(), None)),
    ];
    expect_eq(&job.webhooks, &expected, "each once, with its statuses")?;
    let in_row = async || -> Result<Option<Vec<JobWebhook>>> {
        let row = ports.index(scene.project, GetJobByKey { key: KEY.to_owned() }).await?;
        Ok(row.map(|job| job.webhooks))
    };
    let listed = async || -> Result<Vec<(JobId, usize)>> {
        let jobs = jobs::list(ports, scene.project, JobFilter::default(), page(9)).await?.items;
        Ok(jobs.iter().map(|job| (job.id, job.webhooks.len())).collect())
    };
    expect_eq(&in_row().await?, &Some(expected.clone()), "the job may be submitted from its row")?;
    expect_eq(&listed().await?, &vec![(job.id, 0)], "no listing has them")?;
    let submit = Command::Submit { job: Box::new(job.clone()), start: Start::Queue };
    let stored = ports.job(scene.project, job.id, submit).await?.into_job()?;
    expect_eq(&stored.webhooks, &expected, "the job has them")?;
    // It reports to the index once it runs.
    let claim = Command::Claim { lease: LeaseId::from_bytes(ports.random()) };
    ports.job(scene.project, job.id, claim).await?;
    expect_eq(&in_row().await?, &Some(Vec::new()), "its row no longer does")?;
    expect_eq(&listed().await?, &vec![(job.id, 0)], "it is still listed")
}
