//! The invariants of the machine, over random histories with duplicates, reordering and lost messages.

use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::{
    classify::Decision,
    extract::Schema,
    id::{FileId, JobId, ProjectId, SchemaId, TokenId, WebhookId},
    job::{JobEndpoint, JobSource, JobWebhook, NewJob, Plan, Route, Stage, Task},
};

fn lease(number: u8) -> LeaseId {
    LeaseId::from_bytes([number; 16])
}

fn decision(number: u8) -> Box<Decision> {
    Box::new(Decision {
        label: Some(number.to_string()),
        confidence: 0.5,
        no_match: 0.5,
        reasoning: String::new(),
        ..Decision::default()
    })
}

fn route(label: &str) -> Route {
    Route {
        label: Some(label.to_owned()),
        deployment: "d".to_owned(),
        schema_id: SchemaId::from_bytes([5; 16]),
        schema_name: "s".to_owned(),
        schema: Schema::default(),
        schema_version: None,
    }
}

fn classified(number: u8) -> Report {
    Report::Classified(decision(number))
}

fn failed(retryable: bool) -> Report {
    Report::Failed(Failure { code: "X".to_owned(), message: "x".to_owned(), format: None, retryable })
}

fn reports() -> impl Strategy<Value = Report> {
    prop_oneof![
        4 => (0..6_u8).prop_map(classified),
        2 => Just(Report::Extracted(Box::default())),
        3 => any::<bool>().prop_map(failed),
    ]
}

fn accepted(plan: Plan) -> Job {
    Job::accepted(
        NewJob {
            id: JobId::from_bytes([1; 16]),
            project: ProjectId::from_bytes([2; 16]),
            user: TokenId::from_bytes([3; 16]),
            source: JobSource::File { id: FileId::from_bytes([4; 16]), size: 1 },
            classification: Arc::default(),
            options: None,
            idempotency_key: None,
            plan,
            // Some of the labels that decisions give have a route.
            routes: ["1", "2", "3"].map(route).into(),
            route: None,
            external: External::default(),
            retention_days: 30,
            webhooks: Vec::new(),
        },
        Timestamp::from_millis(0),
    )
}

/// The same with a webhook.
fn notifying(plan: Plan) -> Box<Job> {
    let endpoint = JobEndpoint::Saved(WebhookId::from_bytes([6; 16]));
    Box::new(Job { webhooks: vec![JobWebhook { endpoint, statuses: Status::ALL.into() }], ..accepted(plan) })
}

#[derive(Debug, Clone)]
enum Event {
    Command(Command),
    /// The clock advances.
    Advance(Duration),
    /// The timer fires on time.
    Timer,
    /// The outbox is delivered.
    Deliver,
    /// An attempt at the first call of a webhook ends.
    Call(DeliveryOutcome),
}

fn commands() -> impl Strategy<Value = Command> {
    let start = prop_oneof![
        Just(Start::Queue),
        (0..4_u8).prop_map(|number| Start::Inline(lease(number))),
        (0..6_u8).prop_map(|number| Start::Done(classified(number))),
        any::<bool>().prop_map(|retryable| Start::Done(failed(retryable))),
    ];
    prop_oneof![
        2 => start.prop_map(|start| Command::Submit { job: notifying(Task::ClassifyAndExtract.plan()), start }),
        6 => (0..6_u8).prop_map(|number| Command::Claim { lease: lease(number) }),
        8 => (0..6_u8, reports()).prop_map(|(number, report)| Command::Report { lease: lease(number), report }),
        1 => Just(Command::Cancel),
        1 => Just(Command::Delete),
        1 => (0..2_usize, 0..4_u32).prop_map(|(stage, attempts_made)| Command::DeadLetter { stage, attempts_made }),
        1 => Just(Command::Undelivered),
        1 => Just(Command::Get),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        12 => commands().prop_map(Event::Command),
        3 => (0..30_000_u64).prop_map(|millis| Event::Advance(Duration::from_millis(millis))),
        3 => Just(Event::Timer),
        2 => Just(Event::Deliver),
        2 => prop_oneof![Just(DeliveryOutcome::Delivered), Just(DeliveryOutcome::Failed), Just(DeliveryOutcome::Gone)]
            .prop_map(Event::Call),
    ];
    proptest::collection::vec(event, 1..60)
}

/// Applies one command of a history, and checks every invariant of a transition.
fn step(before: Option<&Job>, command: Command, now: Timestamp, pushed: &mut BTreeSet<String>) -> Option<Job> {
    let claimer = match &command {
        Command::Claim { lease } => Some(*lease),
        _ => None,
    };
    let reporter = match &command {
        Command::Report { lease, .. } => Some(*lease),
        _ => None,
    };
    let Ok(Transition::Changed(after)) = apply(before, command, now) else { return before.cloned() };
    for effect in &after.outbox {
        if before.is_none_or(|before| !before.outbox.contains(effect)) {
            assert!(pushed.insert(effect.id()), "effect {} is pushed a second time", effect.id());
        }
    }
    if let State::Running { attempt, .. } = after.state {
        assert!(attempt <= limits::MAX_ATTEMPTS);
    }
    let Some(before) = before else { return Some(*after) };
    if after.state != before.state || after.decision != before.decision {
        assert!(after.version > before.version, "a change without a new version");
    }
    assert!(after.updated_at >= before.updated_at);
    if before.status().has_ended() && after.status() != before.status() {
        assert_eq!(after.status(), Status::Deleted, "a job that had ended went on");
    }
    if before.status() == Status::Succeeded && after.status() == Status::Succeeded {
        assert_eq!(after.decision, before.decision, "the result was written twice");
        assert_eq!(after.extraction, before.extraction, "the result was written twice");
    }
    if let State::Running { lease, lease_expires_at, .. } = before.state {
        if claimer.is_some() && after.state != before.state {
            assert!(lease_expires_at <= now, "a live lease was taken away");
        }
        if let Some(reporter) = reporter {
            assert_eq!(reporter, lease, "somebody else's report counted");
        }
    } else {
        assert_eq!(reporter, None, "a report counted while nobody held the stage");
    }
    Some(*after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn invariants_hold_over_any_history(events in events()) {
        let mut job: Option<Job> = None;
        let mut now = Timestamp::from_millis(1_000);
        let mut pushed = BTreeSet::new();
        for event in events {
            match event {
                Event::Advance(duration) => now = now + duration,
                Event::Command(command) => job = step(job.as_ref(), command, now, &mut pushed),
                Event::Timer => {
                    if let Some(timer) = job.as_ref().and_then(Job::timer) {
                        now = now.max(timer);
                        job = step(job.as_ref(), Command::Wake, now, &mut pushed);
                    }
                }
                Event::Deliver => {
                    let effects = job.iter().flat_map(|job| &job.outbox).map(Effect::id).collect();
                    job = step(job.as_ref(), Command::Delivered { effects }, now, &mut pushed);
                }
                Event::Call(outcome) => {
                    let call = job.as_ref().and_then(|job| job.deliveries.first().map(|call| (job.id, *call)));
                    if let Some((id, Delivery { notification, attempts_made, .. })) = call {
                        let command = Command::Notified { delivery: notification.id(id), attempts_made, outcome };
                        job = step(job.as_ref(), command, now, &mut pushed);
                    }
                }
            }
            if let Some(job) = &job {
                // No call is forgotten: the timer makes it again.
                let timer = job.timer();
                prop_assert!(job.deliveries.iter().all(|call| timer.is_some_and(|timer| timer <= call.redelivery_at)));
                prop_assert!(job.timer().is_some() || job.status() == Status::Deleted && job.outbox.is_empty());
            }
        }
    }

    /// After any history, if from now on every message is lost and every lease holder crashes, the timer alone ends the
    /// job after the maximum number of attempts.
    #[test]
    fn the_timer_alone_ends_every_job(events in events()) {
        let mut job = *notifying(Task::ClassifyAndExtract.plan());
        let mut now = Timestamp::from_millis(1_000);
        let mut pushed = BTreeSet::new();
        for event in events {
            if let Event::Command(command) = event {
                job = step(Some(&job), command, now, &mut pushed).unwrap();
            }
        }
        let mut claims = 0_u8;
        for _ in 0..100 {
            if job.status().has_ended() {
                break;
            }
            now = now.max(job.timer().unwrap());
            job = step(Some(&job), Command::Wake, now, &mut pushed).unwrap();
            job = step(Some(&job), Command::Undelivered, now, &mut pushed).unwrap();
            if let State::Queued { not_before, .. } = job.state {
                now = now.max(not_before);
                claims += 1;
                job = step(Some(&job), Command::Claim { lease: lease(100 + claims) }, now, &mut pushed).unwrap();
            }
        }
        prop_assert!(job.status().has_ended(), "still {:?}", job.state);
        prop_assert!(u32::from(claims) <= limits::MAX_ATTEMPTS + 1);
    }
}

fn after(job: &Job, command: Command, now: i64) -> Job {
    match apply(Some(job), command, Timestamp::from_millis(now)) {
        Ok(Transition::Changed(job)) => *job,
        other => panic!("{other:?}"),
    }
}

fn submitted(inline: Option<LeaseId>) -> Job {
    let start = inline.map_or(Start::Queue, Start::Inline);
    let command = Command::Submit { job: Box::new(accepted(Task::Classify.plan())), start };
    match apply(None, command, Timestamp::from_millis(0)) {
        Ok(Transition::Changed(job)) => *job,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_queued_job_enqueues_a_message_and_ends_with_its_result() {
    let job = submitted(None);
    assert_eq!(job.outbox, [Effect::Enqueue { stage: 0, attempts_made: 0, redeliveries: 0, delay_seconds: 0 }]);
    let job = after(&job, Command::Claim { lease: lease(1) }, 5);
    assert_eq!(job.outbox, [Effect::UpsertIndex { version: 2 }], "a claimed stage needs no message any more");
    let job = after(&job, Command::Report { lease: lease(1), report: classified(1) }, 9);
    assert_eq!(job.status(), Status::Succeeded);
    assert_eq!(job.engine_version.as_deref(), Some(ENGINE_VERSION));
    assert_eq!(job.outbox, [Effect::UpsertIndex { version: 3 }], "only the newest version is pending");
    assert_eq!(job.updated_at, Timestamp::from_millis(9));
}

#[test]
fn a_plan_is_stored_as_the_list_of_its_stages() {
    for (plan, stored) in [
        (Task::Classify.plan(), r#"["classify"]"#),
        (Task::ClassifyAndExtract.plan(), r#"["classify","extract"]"#),
        (Task::Extract.plan(), r#"["extract"]"#),
    ] {
        assert_eq!(serde_json::to_string(&plan).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Plan>(stored).unwrap(), plan);
    }
    let error = serde_json::from_str::<Plan>(r#"["extract","classify"]"#).unwrap_err();
    assert_eq!(error.to_string(), "no plan has the stages [Extract, Classify]");
}

#[test]
fn each_status_of_a_job_that_starts_at_once_has_its_version() {
    let start = Start::Inline(lease(1));
    let submit = Command::Submit { job: notifying(Task::Classify.plan()), start };
    let Ok(Transition::Changed(job)) = apply(None, submit, Timestamp::from_millis(0)) else { panic!("not accepted") };
    let job = after(&job, Command::Report { lease: lease(1), report: classified(1) }, 9);
    let calls: Vec<_> =
        job.deliveries.iter().map(|call| (call.notification.status, call.notification.version)).collect();
    assert_eq!(calls, [(Status::Queued, 0), (Status::Running, 1), (Status::Succeeded, 2)]);
}

#[test]
fn an_inline_job_needs_no_message() {
    let job = submitted(Some(lease(1)));
    assert_eq!(job.outbox, []);
    assert_eq!(job.status(), Status::Running);
    // If it is cut off, the lease expires and the second attempt goes through the queue.
    let end = job.timer().unwrap().as_millis();
    let shortest = i64::try_from(limits::LEASE.as_millis()).unwrap();
    let longest = shortest + i64::try_from(limits::LEASE_SPREAD.as_millis()).unwrap();
    assert!((shortest..longest).contains(&end), "{end}");
    let job = after(&job, Command::Wake, end);
    assert!(matches!(job.state, State::Queued { attempts_made: 1, .. }));
    assert!(job.outbox.contains(&Effect::Enqueue { stage: 0, attempts_made: 1, redeliveries: 0, delay_seconds: 1 }));
}

#[test]
fn jobs_that_crash_together_are_not_retried_together() {
    let ends = |number: u8| {
        let mut job = submitted(None);
        job.id =
            JobId::from_bytes(std::array::from_fn(|index| number.wrapping_mul(37) ^ (index as u8).wrapping_mul(91)));
        (1..=3_u8).map(move |attempt| {
            job = after(&job, Command::Claim { lease: lease(attempt) }, 1_000_000 * i64::from(attempt));
            let State::Running { lease_expires_at, .. } = job.state else { panic!("{job:?}") };
            job = after(&job, Command::Wake, lease_expires_at.as_millis());
            lease_expires_at.as_millis() % 1_000_000
        })
    };
    let mut coinciding = 0;
    for (left, right) in (0..40_u8).flat_map(|left| (0..left).map(move |right| (left, right))) {
        coinciding += usize::from(ends(left).zip(ends(right)).all(|(left, right)| (left - right).abs() < 100));
    }
    assert_eq!(coinciding, 0, "pairs of jobs whose every attempt ends at the same moment");
}

#[test]
fn redelivery_of_a_lost_message_backs_off() {
    let mut job = submitted(None);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let State::Queued { redelivery_at, .. } = job.state else { panic!("{job:?}") };
        waits.push(redelivery_at.since(job.updated_at).as_secs());
        let ids = job.outbox.iter().map(Effect::id).collect();
        job = after(&job, Command::Delivered { effects: ids }, redelivery_at.as_millis());
        job = after(&job, Command::Wake, redelivery_at.as_millis());
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 640, 640]);
}

#[test]
fn a_permanent_failure_ends_a_job_and_a_retryable_one_does_not() {
    let running = submitted(Some(lease(1)));
    let ended = after(&running, Command::Report { lease: lease(1), report: failed(false) }, 1);
    assert_eq!(ended.failure().map(|failure| &*failure.code), Some("X"));
    let retried = after(&running, Command::Report { lease: lease(1), report: failed(true) }, 1);
    assert_eq!(retried.status(), Status::Queued);
    assert!(matches!(
        apply(Some(&retried), Command::Claim { lease: lease(2) }, Timestamp::from_millis(2)),
        Ok(Transition::Busy)
    ));
}

#[test]
fn extraction_follows_if_there_is_a_route() {
    for (number, has_route) in [(1, true), (5, false)] {
        // Both ways to be classified: before the job is stored, and by the lease holder.
        let start = |start| match apply(
            None,
            Command::Submit { job: Box::new(accepted(Task::ClassifyAndExtract.plan())), start },
            Timestamp::from_millis(0),
        ) {
            Ok(Transition::Changed(job)) => *job,
            other => panic!("{other:?}"),
        };
        let done = start(Start::Done(classified(number)));
        let claimed = start(Start::Inline(lease(1)));
        let claimed = after(&claimed, Command::Report { lease: lease(1), report: classified(number) }, 1);
        for job in [done, claimed] {
            assert_eq!(job.route.is_some(), has_route);
            assert_eq!(job.decision, Some(*decision(number)));
            assert_eq!(job.stage(), has_route.then_some(Stage::Extract));
            let message = Effect::Enqueue { stage: 1, attempts_made: 0, redeliveries: 0, delay_seconds: 0 };
            assert_eq!(
                job.outbox.contains(&message),
                has_route,
                "the same step stores the decision and enqueues the message"
            );
            if !has_route {
                assert_eq!(job.status(), Status::Succeeded);
                continue;
            }
            let job = after(&job, Command::Claim { lease: lease(2) }, 2);
            let job = after(&job, Command::Report { lease: lease(2), report: Report::Extracted(Box::default()) }, 3);
            assert_eq!((job.status(), job.extraction), (Status::Succeeded, Some(Box::default())));
        }
    }
}

#[test]
fn parts_that_are_stored_apart_are_deleted_with_the_job() {
    let mut mail = accepted(Task::Extract.plan());
    mail.apart = vec![JobPart::Mail];
    let submit = Command::Submit { job: Box::new(mail), start: Start::Inline(lease(1)) };
    let Ok(Transition::Changed(job)) = apply(None, submit, Timestamp::from_millis(0)) else { panic!("not accepted") };
    let job = after(&job, Command::Report { lease: lease(1), report: Report::ExtractedApart }, 1);
    assert_eq!((job.status(), job.has_extraction(), &job.extraction), (Status::Succeeded, true, &None));
    let deleted = after(&job, Command::Delete, 2);
    let ids: Vec<_> = deleted.outbox.iter().map(Effect::id).collect();
    assert_eq!(ids, ["remove", "delete/mail", "delete/extraction"]);
    assert_eq!(deleted.snapshot().apart, []);
    let rest = after(&deleted, Command::Delivered { effects: ids[..2].to_vec() }, 3);
    assert!(rest.timer().is_some(), "a part is still to be deleted");
    assert_eq!(after(&rest, Command::Delivered { effects: ids }, 4).timer(), None);

    // A job that was to extract and did not may have left an output behind.
    let submit = Command::Submit { job: Box::new(accepted(Task::Extract.plan())), start: Start::Inline(lease(1)) };
    let Ok(Transition::Changed(job)) = apply(None, submit, Timestamp::from_millis(0)) else { panic!("not accepted") };
    let deleted = after(&after(&job, Command::Cancel, 1), Command::Delete, 2);
    let ids: Vec<_> = deleted.outbox.iter().map(Effect::id).collect();
    assert_eq!(ids, ["remove", "delete/extraction"]);
}

#[test]
fn commands_that_are_not_valid_in_a_state_are_rejected() {
    let now = Timestamp::from_millis(0);
    assert_eq!(apply(None, Command::Cancel, now), Err(Rejected::NotFound));
    assert_eq!(apply(Some(&submitted(None)), Command::Delete, now), Err(Rejected::NotEnded(Status::Queued)));
    let cancelled = after(&submitted(None), Command::Cancel, 1);
    assert_eq!(
        apply(Some(&cancelled), Command::Cancel, now),
        Ok(Transition::Unchanged),
        "cancelling twice is harmless"
    );
    let deleted = after(&cancelled, Command::Delete, 2);
    assert_eq!(apply(Some(&deleted), Command::Get, now), Err(Rejected::NotFound));
    assert_eq!(deleted.outbox, [Effect::RemoveFromIndex]);
    let gone = after(&deleted, Command::Delivered { effects: vec!["remove".to_owned()] }, 3);
    assert_eq!(gone.timer(), None);
}
