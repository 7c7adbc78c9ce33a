//! Calls of webhooks: consuming their queue, trying an endpoint, and repeating a call.
//!
//! What a call says is a matter of its [form](crate::job::WebhookFormat), so the consumer of the queue passes the
//! function that builds the request. The address is checked at each attempt, as for every other
//! [request](crate::service::outbound), and redirects are not followed: a webhook says where it is.

use std::pin::pin;

use futures_util::{
    StreamExt,
    future::{self, Either},
};

use crate::{
    error::{Error, ErrorKind, Result},
    id::{DeliveryId, JobId, ProjectId, WebhookId},
    job::{Command, DeliveryOutcome, Endpoint, Job, JobEndpoint, Notification},
    limits,
    service::{
        index::{DeliveryAttempt, DeliveryRecord, DeliveryState, GetDelivery, GetWebhook, NoteDelivery, Webhook},
        job_reply::JobReply,
        outbound::{self, Target},
        ports::{
            BoxedByteStream, Clock, Environment, Index, Jobs, Outbound, OutboundRequest, Random, Timer, WebhookMessage,
        },
        stage::MessageOutcome,
    },
    time::Timestamp,
};

/// What a call is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A job has reached a status.
    Job(&'a Job, Notification),
    /// Nothing: it tries whether the endpoint can be called. The text is one that nobody can guess.
    Test(&'a str),
}

/// A call to be made.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The id, the same at each attempt.
    pub id: DeliveryId,
    /// The project.
    pub project: ProjectId,
    /// Where it goes.
    pub endpoint: &'a Endpoint,
    /// What it is about.
    pub subject: Subject<'a>,
    /// When this attempt is made.
    pub now: Timestamp,
}

/// A request that makes a call, and the name of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltCall {
    /// The name of the event.
    pub event: &'static str,
    /// The request.
    pub request: OutboundRequest,
}

/// Builds the request of a call in the form of its endpoint. None if there is nothing to say in that form.
pub type BuildRequest = fn(&Call<'_>) -> Result<Option<BuiltCall>>;

/// Consumes one message of the queue of webhooks: makes the call, notes it for the project's people, and reports the
/// outcome to the job. Duplicate and late messages have no effect.
pub async fn consume(
    ports: &(impl Jobs + Index + Outbound + Clock + Timer + Environment),
    message: WebhookMessage,
    build: BuildRequest,
) -> MessageOutcome {
    let WebhookMessage { project, job, call, attempts_made } = message;
    match attempt(ports, message, build).await {
        Ok(Some(outcome)) => {
            let report = Command::Notified { delivery: call, attempts_made, outcome };
            if let Err(error) = ports.job(project, job, report).await {
                // The job makes the call again, under the same id.
                ports.log(&format!("job {job}: call {call} was not reported: {error:#}"));
            }
            MessageOutcome::Ack
        }
        Ok(None) => MessageOutcome::Ack,
        Err(error) => {
            ports.log(&format!("job {job}: call {call} failed: {error:#}"));
            MessageOutcome::Retry
        }
    }
}

/// Consumes one message of the dead-letter queue of the queue of webhooks: what consumed it crashed each time, which
/// counts as an attempt.
pub async fn handle_dead_letter(
    ports: &(impl Jobs + Index + Clock + Environment),
    message: WebhookMessage,
) -> MessageOutcome {
    let WebhookMessage { project, job, call, attempts_made } = message;
    if attempts_made.saturating_add(1) >= limits::MAX_DELIVERY_ATTEMPTS {
        give_up(ports, project, call, "The last attempt was not made, because the service failed").await;
    }
    let report = Command::Notified { delivery: call, attempts_made, outcome: DeliveryOutcome::Failed };
    match ports.job(project, job, report).await {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            ports.log(&format!("job {job}: dead call {call} was not reported: {error:#}"));
            MessageOutcome::Retry
        }
        _ => MessageOutcome::Ack,
    }
}

/// Makes the call of a message. None if it is not to be made.
async fn attempt(
    ports: &(impl Jobs + Index + Outbound + Clock + Timer + Environment),
    message: WebhookMessage,
    build: BuildRequest,
) -> Result<Option<DeliveryOutcome>> {
    let WebhookMessage { project, job, call: id, attempts_made } = message;
    let job = match ports.job(project, job, Command::Get).await {
        Ok(JobReply::Job(job)) => job,
        // The job is deleted, and its calls with it.
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let now = ports.now();
    let due = job.delivery(id).filter(|call| call.attempts_made == attempts_made && call.not_before <= now);
    let Some(notification) = due.map(|call| call.notification) else { return Ok(None) };
    let Some(webhook) = job.webhooks.get(notification.webhook) else { return Ok(Some(DeliveryOutcome::Gone)) };
    let saved = match &webhook.endpoint {
        JobEndpoint::Inline(_) => None,
        JobEndpoint::Saved(id) => match ports.index(project, GetWebhook { id: *id }).await {
            Ok(saved) => saved,
            // The project is deleted, and its webhooks with it.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        },
    };
    let endpoint = match (&webhook.endpoint, &saved) {
        (JobEndpoint::Inline(endpoint), _) => endpoint,
        (JobEndpoint::Saved(_), Some(Webhook { endpoint, disabled: None, .. })) => endpoint,
        (JobEndpoint::Saved(_), saved) => {
            let what = if saved.is_some() { "disabled" } else { "deleted" };
            give_up(ports, project, id, &format!("The webhook is {what}, so it was not called")).await;
            return Ok(Some(DeliveryOutcome::Gone));
        }
    };
    let built = build(&Call { id, project, endpoint, subject: Subject::Job(&job, notification), now })?;
    let Some(built) = built else { return Ok(Some(DeliveryOutcome::Gone)) };
    let attempt = send(ports, &built.request).await;
    let outcome = match attempt.status {
        Some(200..300) => DeliveryOutcome::Delivered,
        Some(410) => DeliveryOutcome::Gone,
        _ => DeliveryOutcome::Failed,
    };
    let is_last = attempts_made.saturating_add(1) >= limits::MAX_DELIVERY_ATTEMPTS;
    let state = match outcome {
        DeliveryOutcome::Delivered => DeliveryState::Delivered,
        DeliveryOutcome::Failed if !is_last => DeliveryState::Pending,
        DeliveryOutcome::Failed | DeliveryOutcome::Gone => DeliveryState::Failed,
    };
    let webhook = saved.map(|saved| saved.id);
    let about = Some((job.id, notification));
    note(ports, project, record(id, webhook, about, &built, state, now), attempt, outcome == DeliveryOutcome::Gone)
        .await;
    Ok(Some(outcome))
}

fn record(
    id: DeliveryId,
    webhook: Option<WebhookId>,
    about: Option<(JobId, Notification)>,
    built: &BuiltCall,
    state: DeliveryState,
    now: Timestamp,
) -> DeliveryRecord {
    DeliveryRecord {
        id,
        webhook,
        job: about.map(|(job, _)| job),
        notification: about.map(|(_, notification)| notification),
        url: built.request.url.clone(),
        event: built.event.to_owned(),
        request: String::from_utf8_lossy(&built.request.body).into_owned(),
        state,
        created_at: about.map_or(now, |(_, notification)| notification.at),
        attempts: Vec::new(),
    }
}

/// Notes that a call is not made any more, if an attempt at it was noted.
async fn give_up(ports: &(impl Index + Clock + Environment), project: ProjectId, id: DeliveryId, why: &str) {
    let Ok(Some(record)) = ports.index(project, GetDelivery { id }).await else { return };
    let attempt =
        DeliveryAttempt { at: ports.now(), millis: 0, status: None, answer: None, error: Some(why.to_owned()) };
    let record = DeliveryRecord { state: DeliveryState::Failed, attempts: Vec::new(), ..record };
    note(ports, project, record, attempt, false).await;
}

/// Notes an attempt for the project's people. The call was made, so a failure here is only logged.
async fn note(
    ports: &(impl Index + Environment),
    project: ProjectId,
    record: DeliveryRecord,
    attempt: DeliveryAttempt,
    disable: bool,
) {
    let id = record.id;
    if let Err(error) = ports.index(project, NoteDelivery { record, attempt, disable }).await {
        ports.log(&format!("project {project}: call {id} was not noted: {error:#}"));
    }
}

/// Sends the request of a call.
async fn send(ports: &(impl Outbound + Clock + Timer + Environment), request: &OutboundRequest) -> DeliveryAttempt {
    let at = ports.now();
    let call = async {
        let target = Target::parse(&request.url, &ports.config().outbound)?;
        outbound::send(ports, &target, request.clone()).await
    };
    let outcome = match future::select(pin!(call), pin!(ports.sleep(limits::DELIVERY_TIME))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => {
            let seconds = limits::DELIVERY_TIME.as_secs();
            Err(Error::new(ErrorKind::Remote { retryable: true }, format!("There is no answer within {seconds} s")))
        }
    };
    let millis = u32::try_from(ports.now().since(at).as_millis()).unwrap_or(u32::MAX);
    match outcome {
        Ok(response) => {
            let status = Some(response.status);
            DeliveryAttempt { at, millis, status, answer: Some(beginning(ports, response.body).await), error: None }
        }
        Err(error) => {
            DeliveryAttempt { at, millis, status: None, answer: None, error: Some(error.message().to_owned()) }
        }
    }
}

/// The beginning of an answer, as far as it comes in time: its status is known, which is what counts.
async fn beginning(timer: &impl Timer, body: BoxedByteStream) -> String {
    let mut body = body;
    let mut answer = Vec::new();
    let mut end = pin!(timer.sleep(limits::ANSWER_TIME));
    while answer.len() < limits::MAX_ANSWER_BYTES {
        match future::select(body.next(), end).await {
            Either::Left((Some(Ok(chunk)), timer)) => {
                answer.extend_from_slice(&chunk);
                end = timer;
            }
            _ => break,
        }
    }
    answer.truncate(limits::MAX_ANSWER_BYTES);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The outcome of a test call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCall {
    /// The id of the call.
    pub id: DeliveryId,
    /// The name of its event.
    pub event: &'static str,
    /// What became of it.
    pub attempt: DeliveryAttempt,
    /// Whether the answer has the text of the test call.
    pub is_echoed: bool,
}

/// Calls an endpoint once to try it. The call of a saved webhook is noted for the project's people.
///
/// # Errors
///
/// `Internal` if the request cannot be built. A failing endpoint is reported in the outcome, not as an error.
pub async fn try_endpoint(
    ports: &(impl Index + Outbound + Clock + Timer + Random + Environment),
    project: ProjectId,
    endpoint: &Endpoint,
    webhook: Option<WebhookId>,
    build: BuildRequest,
) -> Result<TestCall> {
    let id = DeliveryId::from_bytes(ports.random());
    let challenge = base16ct::lower::encode_string(&ports.random::<16>());
    let now = ports.now();
    let built = build(&Call { id, project, endpoint, subject: Subject::Test(&challenge), now })?;
    let built = built.ok_or_else(|| Error::internal("a test call says nothing"))?;
    let attempt = send(ports, &built.request).await;
    let is_echoed = attempt.answer.as_ref().is_some_and(|answer| answer.contains(&challenge));
    if webhook.is_some() {
        let is_delivered = matches!(attempt.status, Some(200..300));
        let state = if is_delivered { DeliveryState::Delivered } else { DeliveryState::Failed };
        note(ports, project, record(id, webhook, None, &built, state, now), attempt.clone(), false).await;
    }
    Ok(TestCall { id, event: built.event, attempt, is_echoed })
}

/// Makes a call again that was made before, under its id. It is made through the queue, with all attempts anew.
///
/// # Errors
///
/// `NotFound` if the call is not kept any more, or its job is gone; `Conflict` if it was a test call; `Upstream`.
pub async fn repeat(ports: &(impl Jobs + Index), project: ProjectId, id: DeliveryId) -> Result<DeliveryRecord> {
    let record = ports.index(project, GetDelivery { id }).await?;
    let mut record = record.ok_or_else(|| Error::not_found("Delivery not found"))?;
    let (Some(job), Some(notification)) = (record.job, record.notification) else {
        return Err(Error::new(
            ErrorKind::Conflict,
            "A test call of a webhook is not repeated; test the webhook again",
        ));
    };
    if let Some(id) = record.webhook {
        match ports.index(project, GetWebhook { id }).await? {
            Some(Webhook { disabled: None, .. }) => {}
            Some(_) => return Err(Error::new(ErrorKind::Conflict, "The webhook is disabled; enable it first")),
            None => return Err(Error::new(ErrorKind::Conflict, "The webhook is deleted")),
        }
    }
    let reply = ports.job(project, job, Command::NotifyAgain { notification }).await;
    match reply {
        Ok(JobReply::Job(_)) => {}
        Ok(_) => return Err(Error::not_found("The job of the delivery is deleted")),
        Err(error) => return Err(error.with_not_found_message("The job of the delivery is deleted")),
    }
    record.state = DeliveryState::Pending;
    Ok(record)
}
