//! The transition function.

use std::time::Duration;

use super::{Command, Effect, External, Failure, Job, Report, Source, Stage, Start, State, Status};
use crate::{ENGINE_VERSION, error::Unreadable, id::LeaseId, limits, time::Timestamp};

/// What a command came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The job changed; store it. Boxed because a job is a hundred times the size of the other outcomes.
    Changed(Box<Job>),
    /// Nothing to store.
    Unchanged,
    /// A claim met a live lease.
    Busy {
        /// When that lease ends, or the backoff before the next attempt does.
        until: Timestamp,
    },
}

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// There is no such job.
    Unknown,
    /// The job has ended, so it cannot be stopped.
    Final(Status),
    /// The job has not ended, so it cannot be removed.
    Unfinished(Status),
}

/// Applies `command` to `job` (nothing: there is none yet) at `now`.
///
/// # Errors
///
/// [`Rejected`] when the command makes no sense for the job. Stale reports (a finish under a lost lease, a late dead
/// letter) are not errors: they change nothing.
pub fn apply(job: Option<&Job>, command: Command, now: Timestamp) -> Result<Outcome, Rejected> {
    let Some(job) = job.filter(|job| job.status() != Status::Purged) else {
        return match (job, command) {
            (None, Command::Submit { job, start }) => Ok(changed(submit(*job, start, now))),
            (Some(purged), Command::Delivered { effects }) => Ok(delivered(purged, &effects)),
            (Some(purged), Command::Undelivered) => Ok(undelivered(purged, now)),
            (_, Command::Wake | Command::Delivered { .. } | Command::Undelivered) => Ok(Outcome::Unchanged),
            _ => Err(Rejected::Unknown),
        };
    };
    match command {
        Command::Submit { .. } | Command::Get => Ok(Outcome::Unchanged),
        Command::Claim { lease } => Ok(claim(job, lease, now)),
        Command::Report { lease, report } => Ok(match held(job, lease) {
            None => Outcome::Unchanged,
            Some((stage, attempt)) => changed(reported(job, stage, attempt, report, now)),
        }),
        Command::Cancel => match job.status() {
            Status::Queued | Status::Running => {
                let mut next = touched(job, now);
                next.state = State::Cancelled;
                forget_enqueue(&mut next);
                Ok(changed(indexed(next)))
            }
            Status::Cancelled => Ok(Outcome::Unchanged),
            ended => Err(Rejected::Final(ended)),
        },
        Command::Delete => {
            if job.status().is_final() {
                Ok(changed(purge(job, now)))
            } else {
                Err(Rejected::Unfinished(job.status()))
            }
        }
        Command::DeadLetter { stage, attempt } => Ok(match job.state {
            State::Queued { stage: at, attempt: made, .. } if at == stage && made == attempt => {
                let failure = Failure {
                    code: "DEAD_LETTER".to_owned(),
                    message: "The queue gave up delivering the job".to_owned(),
                    retryable: false,
                };
                changed(failed(job, failure, now))
            }
            _ => Outcome::Unchanged,
        }),
        Command::Wake => Ok(wake(job, now)),
        Command::Delivered { effects } => Ok(delivered(job, &effects)),
        Command::Undelivered => Ok(undelivered(job, now)),
    }
}

fn changed(job: Job) -> Outcome {
    Outcome::Changed(Box::new(job))
}

fn submit(mut job: Job, start: Start, now: Timestamp) -> Job {
    match start {
        Start::Queue => {
            job.version = job.version.saturating_add(1);
            queue(&mut job, 0, 0, now);
            job
        }
        Start::Here(lease) => {
            job.version = job.version.saturating_add(1);
            job.state = State::Running { stage: 0, attempt: 1, lease, until: lease_end(&job, 1, now) };
            job
        }
        Start::Done(report) => reported(&job, 0, 1, report, now),
    }
}

/// The job after `attempt` at `stage` came to `report`.
fn reported(job: &Job, stage: usize, attempt: u32, report: Report, now: Timestamp) -> Job {
    let mut next = touched(job, now);
    match report {
        Report::Failed(failure) => return attempt_failed(job, stage, attempt, failure, now),
        Report::Classified(decision) => {
            next.route = job.route_of(&decision);
            next.routes.clear();
            next.decision = Some(*decision);
        }
        Report::Extracted(extraction) => next.extraction = Some(extraction),
    }
    next.engine_version = Some(ENGINE_VERSION.into());
    let following = stage.saturating_add(1);
    match job.plan.get(following) {
        // What goes nowhere has nothing to be extracted.
        Some(Stage::Extract) if next.route.is_none() => next.state = State::Succeeded,
        Some(_) => queue(&mut next, following, 0, now),
        None => next.state = State::Succeeded,
    }
    if next.state == State::Succeeded {
        forget_enqueue(&mut next);
    }
    indexed(next)
}

fn claim(job: &Job, lease: LeaseId, now: Timestamp) -> Outcome {
    match job.state {
        State::Queued { not_before, .. } if now < not_before => Outcome::Busy { until: not_before },
        State::Queued { stage, attempt, .. } => take(job, stage, attempt, lease, now),
        State::Running { until, .. } if now < until => Outcome::Busy { until },
        // The holder is overdue and the timer has not noticed yet: the claimer may have the next attempt at once.
        State::Running { stage, attempt, .. } => take(job, stage, attempt, lease, now),
        _ => Outcome::Unchanged,
    }
}

/// When an attempt that begins now is given up.
fn lease_end(job: &Job, attempt: u32, now: Timestamp) -> Timestamp {
    // A different part of the id for every attempt, so that two jobs that met once do not meet again.
    let part = job.id.as_u128().rotate_right(attempt.saturating_mul(21)) % limits::LEASE_SPREAD.as_millis();
    now + limits::LEASE + Duration::from_millis(u64::try_from(part).unwrap_or(0))
}

/// Gives the stage to `lease`, or gives the job up when the attempts are spent.
fn take(job: &Job, stage: usize, made: u32, lease: LeaseId, now: Timestamp) -> Outcome {
    if made >= limits::MAX_ATTEMPTS {
        return changed(failed(job, spent(), now));
    }
    let mut next = touched(job, now);
    let attempt = made.saturating_add(1);
    next.state = State::Running { stage, attempt, lease, until: lease_end(job, attempt, now) };
    forget_enqueue(&mut next);
    changed(indexed(next))
}

/// The stage and attempt that `lease` holds, if it does. An overdue lease still counts while nobody has taken over.
fn held(job: &Job, lease: LeaseId) -> Option<(usize, u32)> {
    match job.state {
        State::Running { stage, attempt, lease: holder, .. } if holder == lease => Some((stage, attempt)),
        _ => None,
    }
}

fn attempt_failed(job: &Job, stage: usize, attempt: u32, failure: Failure, now: Timestamp) -> Job {
    if !failure.retryable || attempt >= limits::MAX_ATTEMPTS {
        return failed(job, failure, now);
    }
    let mut next = touched(job, now);
    queue(&mut next, stage, attempt, now);
    indexed(next)
}

/// The failure of a job whose every attempt ended without a word, which is what a crash looks like from here.
fn spent() -> Failure {
    Failure {
        code: Unreadable::Timeout.code().to_owned(),
        message: format!(
            "Every one of {} attempts ended without a result: the document takes too long or cannot be processed",
            limits::MAX_ATTEMPTS
        ),
        retryable: false,
    }
}

fn wake(job: &Job, now: Timestamp) -> Outcome {
    match job.state {
        State::Queued { stage, attempt, not_before, ask_again, asked } if ask_again <= now => {
            let mut next = touched(job, now);
            let asked = asked.saturating_add(1);
            next.state = State::Queued {
                stage,
                attempt,
                not_before,
                ask_again: now + limits::ASK_AGAIN.saturating_mul(1 << asked.min(limits::ASK_AGAIN_DOUBLINGS)),
                asked,
            };
            owe(&mut next, Effect::Enqueue { stage, attempt, asked, delay_seconds: 0 }, now);
            changed(next)
        }
        State::Running { stage, attempt, until, .. } if until <= now => {
            if attempt >= limits::MAX_ATTEMPTS {
                return changed(failed(job, spent(), now));
            }
            let mut next = touched(job, now);
            queue(&mut next, stage, attempt, now);
            changed(indexed(next))
        }
        State::Succeeded | State::Failed { .. } | State::Cancelled if job.kept_until() <= now => {
            changed(purge(job, now))
        }
        _ => Outcome::Unchanged,
    }
}

fn failed(job: &Job, failure: Failure, now: Timestamp) -> Job {
    let mut next = touched(job, now);
    next.state = State::Failed { failure };
    forget_enqueue(&mut next);
    indexed(next)
}

fn purge(job: &Job, now: Timestamp) -> Job {
    let mut next = touched(job, now);
    next.state = State::Purged;
    next.decision = None;
    next.extraction = None;
    next.engine_version = None;
    next.routes.clear();
    next.route = None;
    next.external = External::default();
    if let Source::Mail { mail } = &mut next.source {
        *mail = None;
    }
    next.outbox.clear();
    owe(&mut next, Effect::RemoveFromIndex, now);
    next
}

fn delivered(job: &Job, effects: &[String]) -> Outcome {
    let mut next = job.clone();
    next.outbox.retain(|effect| !effects.contains(&effect.id()));
    if next.outbox.len() == job.outbox.len() {
        return Outcome::Unchanged;
    }
    next.flush_failures = 0;
    // Not a change of the job: the version tells outsiders about the job, and for them nothing happened.
    changed(next)
}

fn undelivered(job: &Job, now: Timestamp) -> Outcome {
    if job.outbox.is_empty() {
        return Outcome::Unchanged;
    }
    let mut next = job.clone();
    next.flush_failures = next.flush_failures.saturating_add(1);
    next.flush_at =
        now + limits::FLUSH_AGAIN.saturating_mul(1 << next.flush_failures.min(limits::FLUSH_AGAIN_DOUBLINGS));
    changed(next)
}

/// Puts the job before `stage` after `attempt` attempts at it, and asks for somebody to take it.
fn queue(job: &mut Job, stage: usize, attempt: u32, now: Timestamp) {
    // 0 before the first attempt, then 1 s, 4 s: enough for a crashed instance to be replaced.
    let delay_seconds = match attempt {
        0 => 0,
        made => 1_u32 << (2 * made.saturating_sub(1)).min(limits::BACKOFF_DOUBLINGS),
    };
    let not_before = now + Duration::from_secs(delay_seconds.into());
    job.state = State::Queued { stage, attempt, not_before, ask_again: not_before + limits::ASK_AGAIN, asked: 0 };
    forget_enqueue(job);
    owe(job, Effect::Enqueue { stage, attempt, asked: 0, delay_seconds }, now);
}

/// The job, changed now.
fn touched(job: &Job, now: Timestamp) -> Job {
    let mut next = job.clone();
    next.version = job.version.saturating_add(1);
    next.updated_at = now.max(job.updated_at);
    next
}

/// The job, with its present version owed to the index. An older version owed is of no use any more.
fn indexed(mut job: Job) -> Job {
    job.outbox.retain(|effect| !matches!(effect, Effect::UpsertIndex { .. }));
    let version = job.version;
    let now = job.updated_at;
    owe(&mut job, Effect::UpsertIndex { version }, now);
    job
}

fn forget_enqueue(job: &mut Job) {
    job.outbox.retain(|effect| !matches!(effect, Effect::Enqueue { .. }));
}

fn owe(job: &mut Job, effect: Effect, now: Timestamp) {
    if job.outbox.is_empty() {
        job.flush_failures = 0;
        job.flush_at = now + limits::FLUSH_AGAIN;
    }
    job.outbox.push(effect);
}

#[cfg(test)]
mod tests;
