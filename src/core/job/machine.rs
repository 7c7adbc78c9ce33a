//! The transition function.

use std::time::Duration;

use super::{
    Command, Delivery, DeliveryOutcome, Effect, External, Failure, Job, JobPart, JobSource, Notification, Report,
    Stage, Start, State, Status,
};
use crate::{
    ENGINE_VERSION,
    error::Unreadable,
    id::{DeliveryId, LeaseId},
    limits,
    time::Timestamp,
};

/// The result of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Transition {
    /// The job changed; store it. Boxed because a job is a hundred times the size of the other outcomes.
    Changed(Box<Job>),
    /// Nothing to store.
    Unchanged,
    /// The stage cannot be claimed yet: its lease is live, or its backoff is not over.
    Busy,
}

/// Why a command was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// The job does not exist.
    NotFound,
    /// The job has ended, so it cannot be stopped.
    AlreadyEnded(Status),
    /// The job has not ended, so it cannot be deleted.
    NotEnded(Status),
}

/// Applies `command` to `job` (None if it does not exist yet) at `now`.
///
/// # Errors
///
/// [`Rejected`] if the command is not valid in the state of the job. Stale reports (a report under a lost lease, a late
/// dead letter) are not errors: they change nothing.
pub fn apply(job: Option<&Job>, command: Command, now: Timestamp) -> Result<Transition, Rejected> {
    let mut transition = transition(job, command, now)?;
    if let Transition::Changed(next) = &mut transition {
        notify(job.map(|job| &job.state), next, now);
    }
    Ok(transition)
}

fn transition(job: Option<&Job>, command: Command, now: Timestamp) -> Result<Transition, Rejected> {
    let Some(job) = job.filter(|job| job.status() != Status::Deleted) else {
        return match (job, command) {
            (None, Command::Submit { job, start }) => Ok(changed(submit(*job, start, now))),
            (Some(deleted), Command::Delivered { effects }) => Ok(remove_delivered(deleted, &effects)),
            (Some(deleted), Command::Undelivered) => Ok(postpone_outbox(deleted, now)),
            (_, Command::Wake | Command::Delivered { .. } | Command::Undelivered | Command::Notified { .. }) => {
                Ok(Transition::Unchanged)
            }
            _ => Err(Rejected::NotFound),
        };
    };
    match command {
        Command::Submit { .. } | Command::Get => Ok(Transition::Unchanged),
        Command::Claim { lease } => Ok(claim(job, lease, now)),
        Command::Report { lease, report } => Ok(match stage_held_by(job, lease) {
            None => Transition::Unchanged,
            Some((stage, attempt)) => changed(apply_report(job, stage, attempt, report, now)),
        }),
        Command::Cancel => match job.status() {
            Status::Queued | Status::Running => {
                let mut next = bump_version(job, now);
                next.state = State::Cancelled;
                cancel_enqueue(&mut next);
                Ok(changed(with_index_update(next)))
            }
            Status::Cancelled => Ok(Transition::Unchanged),
            ended => Err(Rejected::AlreadyEnded(ended)),
        },
        Command::Delete => {
            if job.status().has_ended() {
                Ok(changed(delete(job, now)))
            } else {
                Err(Rejected::NotEnded(job.status()))
            }
        }
        Command::DeadLetter { stage, attempts_made } => Ok(match job.state {
            State::Queued { stage: queued_stage, attempts_made: queued_attempts_made, .. }
                if queued_stage == stage && queued_attempts_made == attempts_made =>
            {
                let failure = Failure {
                    code: "DEAD_LETTER".to_owned(),
                    message: "The queue gave up delivering the job".to_owned(),
                    format: None,
                    retryable: false,
                };
                changed(fail(job, failure, now))
            }
            _ => Transition::Unchanged,
        }),
        Command::Notified { delivery, attempts_made, outcome } => {
            Ok(end_attempt(job, delivery, attempts_made, outcome, now))
        }
        Command::NotifyAgain { notification } => Ok(notify_again(job, notification, now)),
        Command::Wake => Ok(enqueue_lost_calls(job, wake(job, now), now)),
        Command::Delivered { effects } => Ok(remove_delivered(job, &effects)),
        Command::Undelivered => Ok(postpone_outbox(job, now)),
    }
}

fn changed(job: Job) -> Transition {
    Transition::Changed(Box::new(job))
}

fn submit(mut job: Job, start: Start, now: Timestamp) -> Job {
    match start {
        Start::Queue => {
            job.version = job.version.saturating_add(1);
            queue(&mut job, 0, 0, now);
            job
        }
        Start::Inline(lease) => {
            job.version = job.version.saturating_add(1);
            job.state = State::Running { stage: 0, attempt: 1, lease, lease_expires_at: lease_end(&job, 1, now) };
            job
        }
        Start::Done(report) => apply_report(&job, 0, 1, report, now),
    }
}

/// The job after `attempt` at `stage` ended with `report`.
fn apply_report(job: &Job, stage: usize, attempt: u32, report: Report, now: Timestamp) -> Job {
    let mut next = bump_version(job, now);
    match report {
        Report::Failed(failure) => return fail_attempt(job, stage, attempt, failure, now),
        Report::Classified(decision) => {
            next.route = job.route_of(&decision);
            next.routes.clear();
            next.decision = Some(*decision);
        }
        Report::Extracted(extraction) => next.extraction = Some(extraction),
        Report::ExtractedApart => next.apart.push(JobPart::Extraction),
        Report::Output(output) => next.output = Some(output),
        Report::OutputApart => next.apart.push(JobPart::Output),
        Report::Fetched(fetched) => {
            if let JobSource::Url { file, .. } = &mut next.source {
                *file = Some(fetched);
            }
        }
    }
    if next.has_output() {
        next.engine_version = Some(ENGINE_VERSION.into());
    }
    let following = stage.saturating_add(1);
    match job.plan.stages().get(following) {
        // Without a route there is no schema to extract.
        Some(Stage::Extract) if next.route.is_none() => next.state = State::Succeeded,
        Some(_) => queue(&mut next, following, 0, now),
        None => next.state = State::Succeeded,
    }
    if next.state == State::Succeeded {
        cancel_enqueue(&mut next);
    }
    with_index_update(next)
}

fn claim(job: &Job, lease: LeaseId, now: Timestamp) -> Transition {
    match job.state {
        State::Queued { not_before, .. } if now < not_before => Transition::Busy,
        State::Queued { stage, attempts_made, .. } => start_attempt(job, stage, attempts_made, lease, now),
        State::Running { lease_expires_at, .. } if now < lease_expires_at => Transition::Busy,
        // The lease has expired and the timer has not fired yet: the claimant gets the next attempt immediately.
        State::Running { stage, attempt, .. } => start_attempt(job, stage, attempt, lease, now),
        _ => Transition::Unchanged,
    }
}

/// When the lease of an attempt that starts now expires.
fn lease_end(job: &Job, attempt: u32, now: Timestamp) -> Timestamp {
    // Each attempt uses different bits of the id, so that two jobs whose leases coincide once do not coincide again.
    let spread_millis = job.id.as_u128().rotate_right(attempt.saturating_mul(21)) % limits::LEASE_SPREAD.as_millis();
    now + limits::LEASE + Duration::from_millis(u64::try_from(spread_millis).unwrap_or(0))
}

/// Gives the stage to `lease`, or fails the job if no attempts remain.
fn start_attempt(job: &Job, stage: usize, attempts_made: u32, lease: LeaseId, now: Timestamp) -> Transition {
    if attempts_made >= limits::MAX_ATTEMPTS {
        return changed(fail(job, attempts_exhausted(), now));
    }
    let mut next = bump_version(job, now);
    let attempt = attempts_made.saturating_add(1);
    next.state = State::Running { stage, attempt, lease, lease_expires_at: lease_end(job, attempt, now) };
    cancel_enqueue(&mut next);
    changed(with_index_update(next))
}

/// The stage and attempt that `lease` holds. None if it holds none. An expired lease is valid until the next claim.
fn stage_held_by(job: &Job, lease: LeaseId) -> Option<(usize, u32)> {
    match job.state {
        State::Running { stage, attempt, lease: holder, .. } if holder == lease => Some((stage, attempt)),
        _ => None,
    }
}

fn fail_attempt(job: &Job, stage: usize, attempt: u32, failure: Failure, now: Timestamp) -> Job {
    if !failure.retryable || attempt >= limits::MAX_ATTEMPTS {
        return fail(job, failure, now);
    }
    let mut next = bump_version(job, now);
    queue(&mut next, stage, attempt, now);
    with_index_update(next)
}

/// The failure of a job whose attempts all ended without a report, as they do if the instance crashes.
fn attempts_exhausted() -> Failure {
    Failure {
        code: Unreadable::Timeout.code().to_owned(),
        message: format!(
            "Every one of {} attempts ended without a result: the document takes too long or cannot be processed",
            limits::MAX_ATTEMPTS
        ),
        format: None,
        retryable: false,
    }
}

fn wake(job: &Job, now: Timestamp) -> Transition {
    match job.state {
        State::Queued { stage, attempts_made, not_before, redelivery_at, redeliveries } if redelivery_at <= now => {
            let mut next = bump_version(job, now);
            let redeliveries = redeliveries.saturating_add(1);
            next.state = State::Queued {
                stage,
                attempts_made,
                not_before,
                redelivery_at: now
                    + limits::REDELIVERY_INTERVAL
                        .saturating_mul(1 << redeliveries.min(limits::MAX_REDELIVERY_DOUBLINGS)),
                redeliveries,
            };
            push_effect(&mut next, Effect::Enqueue { stage, attempts_made, redeliveries, delay_seconds: 0 }, now);
            changed(next)
        }
        State::Running { stage, attempt, lease_expires_at, .. } if lease_expires_at <= now => {
            if attempt >= limits::MAX_ATTEMPTS {
                return changed(fail(job, attempts_exhausted(), now));
            }
            let mut next = bump_version(job, now);
            queue(&mut next, stage, attempt, now);
            changed(with_index_update(next))
        }
        State::Succeeded | State::Failed { .. } | State::Cancelled if job.retained_until() <= now => {
            changed(delete(job, now))
        }
        _ => Transition::Unchanged,
    }
}

fn fail(job: &Job, failure: Failure, now: Timestamp) -> Job {
    let mut next = bump_version(job, now);
    next.state = State::Failed { failure };
    cancel_enqueue(&mut next);
    with_index_update(next)
}

fn delete(job: &Job, now: Timestamp) -> Job {
    let mut next = bump_version(job, now);
    next.state = State::Deleted;
    next.decision = None;
    next.extraction = None;
    next.output = None;
    next.options = None;
    next.engine_version = None;
    next.routes.clear();
    next.route = None;
    next.external = External::default();
    next.webhooks.clear();
    next.deliveries.clear();
    if let JobSource::Mail { mail } = &mut next.source {
        *mail = None;
    }
    next.outbox.clear();
    push_effect(&mut next, Effect::RemoveFromIndex, now);
    let mut parts = std::mem::take(&mut next.apart);
    // An attempt may have stored its output, and then lost its lease or its job.
    if job.status() != Status::Succeeded {
        parts.extend(job.plan.stages().iter().filter_map(|stage| stage.part()));
    }
    for part in parts {
        push_effect(&mut next, Effect::DeletePart { part }, now);
    }
    next
}

/// Begins the calls of the webhooks for what `job` has become; `before` is its state before the command.
fn notify(before: Option<&State>, job: &mut Job, now: Timestamp) {
    if job.webhooks.is_empty() {
        return;
    }
    let status = job.status();
    let is_new = before.is_none();
    // Later attempts and stages are of no interest to callers: a job is queued once and runs once.
    let starts = matches!(job.state, State::Running { stage: 0, attempt: 1, .. }) && !is_running(before);
    let ends = status.has_ended() && before.is_none_or(|before| before != &job.state);
    let reached = [
        (is_new && !status.has_ended()).then_some(Status::Queued),
        starts.then_some(Status::Running),
        ends.then_some(status),
    ];
    for status in reached.into_iter().flatten() {
        // A job that starts as it is accepted has passed two statuses in one version: as accepted it had the one before.
        let version =
            if is_new && starts && status == Status::Queued { job.version.saturating_sub(1) } else { job.version };
        let webhooks = job.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.statuses.contains(&status));
        let notifications: Vec<_> =
            webhooks.map(|(webhook, _)| Notification { webhook, status, version, at: job.updated_at }).collect();
        for notification in notifications {
            enqueue_call(job, Delivery::new(notification, now), now);
        }
    }
}

const fn is_running(state: Option<&State>) -> bool {
    matches!(state, Some(State::Running { .. }))
}

/// Keeps a call and enqueues its message.
fn enqueue_call(job: &mut Job, delivery: Delivery, now: Timestamp) {
    let id = delivery.notification.id(job.id);
    let Delivery { attempts_made, redeliveries, not_before, .. } = delivery;
    let millis = not_before.as_millis().saturating_sub(now.as_millis()).max(0);
    // Rounded up, so that the message does not come before the time.
    let delay_seconds = u32::try_from(millis.saturating_add(999) / 1000).unwrap_or(u32::MAX);
    let is_of_call = |effect: &Effect| matches!(effect, Effect::Notify { delivery, .. } if *delivery == id);
    job.outbox.retain(|effect| !is_of_call(effect));
    job.deliveries.retain(|other| other.notification != delivery.notification);
    job.deliveries.push(delivery);
    push_effect(job, Effect::Notify { delivery: id, attempts_made, redeliveries, delay_seconds }, now);
}

/// The job after an attempt at a call. The version stays: callers see nothing of it.
fn end_attempt(job: &Job, id: DeliveryId, attempts_made: u32, outcome: DeliveryOutcome, now: Timestamp) -> Transition {
    let Some(delivery) = job.delivery(id).copied().filter(|delivery| delivery.attempts_made == attempts_made) else {
        return Transition::Unchanged;
    };
    let again = if outcome == DeliveryOutcome::Failed { delivery.next_attempt(id, now) } else { None };
    let mut next = job.clone();
    next.deliveries.retain(|other| other.notification != delivery.notification);
    if let Some(again) = again {
        enqueue_call(&mut next, again, now);
    }
    changed(next)
}

/// The job that makes a call again. A call that is still to be made is made now.
fn notify_again(job: &Job, notification: Notification, now: Timestamp) -> Transition {
    if notification.webhook >= job.webhooks.len() {
        return Transition::Unchanged;
    }
    let mut next = job.clone();
    enqueue_call(&mut next, Delivery::new(notification, now), now);
    changed(next)
}

/// The outcome of the timer, with the messages of calls enqueued again that may have been lost.
fn enqueue_lost_calls(job: &Job, woken: Transition, now: Timestamp) -> Transition {
    let mut next = match woken {
        Transition::Changed(next) => next,
        other if job.deliveries.iter().all(|delivery| now < delivery.redelivery_at) => return other,
        _ => Box::new(job.clone()),
    };
    let lost: Vec<_> = next.deliveries.iter().copied().filter(|delivery| delivery.redelivery_at <= now).collect();
    for delivery in lost {
        let redeliveries = delivery.redeliveries.saturating_add(1);
        let interval = limits::DELIVERY_REDELIVERY_INTERVAL
            .saturating_mul(1 << redeliveries.min(limits::MAX_REDELIVERY_DOUBLINGS));
        enqueue_call(&mut next, Delivery { redelivery_at: now + interval, redeliveries, ..delivery }, now);
    }
    Transition::Changed(next)
}

fn remove_delivered(job: &Job, effects: &[String]) -> Transition {
    let mut next = job.clone();
    next.outbox.retain(|effect| !effects.contains(&effect.id()));
    if next.outbox.len() == job.outbox.len() {
        return Transition::Unchanged;
    }
    next.outbox_failures = 0;
    // The version stays: only the outbox changed.
    changed(next)
}

fn postpone_outbox(job: &Job, now: Timestamp) -> Transition {
    if job.outbox.is_empty() {
        return Transition::Unchanged;
    }
    let mut next = job.clone();
    next.outbox_failures = next.outbox_failures.saturating_add(1);
    next.outbox_retry_at = now
        + limits::OUTBOX_RETRY_INTERVAL
            .saturating_mul(1 << next.outbox_failures.min(limits::MAX_OUTBOX_RETRY_DOUBLINGS));
    changed(next)
}

/// Queues `stage`, at which `attempts_made` attempts were made, and enqueues its message.
fn queue(job: &mut Job, stage: usize, attempts_made: u32, now: Timestamp) {
    // 0 before the first attempt, then 1 s, 4 s: enough for a crashed instance to be replaced.
    let delay_seconds = match attempts_made {
        0 => 0,
        _ => 1_u32 << (2 * attempts_made.saturating_sub(1)).min(limits::MAX_BACKOFF_DOUBLINGS),
    };
    let not_before = now + Duration::from_secs(delay_seconds.into());
    job.state = State::Queued {
        stage,
        attempts_made,
        not_before,
        redelivery_at: not_before + limits::REDELIVERY_INTERVAL,
        redeliveries: 0,
    };
    cancel_enqueue(job);
    push_effect(job, Effect::Enqueue { stage, attempts_made, redeliveries: 0, delay_seconds }, now);
}

/// The job with the next version, changed at `now`: for every change but one of the outbox alone.
fn bump_version(job: &Job, now: Timestamp) -> Job {
    let mut next = job.clone();
    next.version = job.version.saturating_add(1);
    next.updated_at = now.max(job.updated_at);
    next
}

/// The job, with an effect that writes its current version to the index. It replaces one of an older version.
fn with_index_update(mut job: Job) -> Job {
    job.outbox.retain(|effect| !matches!(effect, Effect::UpsertIndex { .. }));
    let version = job.version;
    let now = job.updated_at;
    push_effect(&mut job, Effect::UpsertIndex { version }, now);
    job
}

fn cancel_enqueue(job: &mut Job) {
    job.outbox.retain(|effect| !matches!(effect, Effect::Enqueue { .. }));
}

fn push_effect(job: &mut Job, effect: Effect, now: Timestamp) {
    if job.outbox.is_empty() {
        job.outbox_failures = 0;
        job.outbox_retry_at = now + limits::OUTBOX_RETRY_INTERVAL;
    }
    job.outbox.push(effect);
}

#[cfg(test)]
mod tests;
