//! The use cases over ports in memory, with injected faults and crashes.

use std::time::Duration;

use bytes::Bytes;
use futures_executor::block_on;
use proptest::prelude::*;

use super::{
    access::{self, NewToken},
    classifiers, corrections, files,
    index::{
        ClassifierChange, ClassifierFilter, ClassifierVersion, DeleteWebhook, DeliveryAttempt, DeliveryRecord,
        DeliveryState, File, JobFilter, JobInput, JobRole, NoteDelivery, PageRequest, RequestedWebhooks, ReserveJob,
        Reserved, RouteRef, RuleSource, SaveWebhook, StoredRow, Version, Versions, Webhook, Work,
    },
    job_parts,
    job_reply::JobReply,
    jobs::{self, CreateOutcome, JobRequest},
    memory::{FaultPoint, Memory},
    ports::{Clock, Config, FileKey, Files, Index, Random},
    schemas,
    tokens::Token,
};
use crate::{
    classify::{Rule, RuleSet},
    document::Mail,
    error::{Error, ErrorKind},
    id::{ClassifierId, DeliveryId, FileId, JobId, WebhookId},
    job::{
        Classification, Endpoint, External, Job, JobEndpoint, JobKind, JobPart, JobSource, Report, Stage, Status,
        WebhookFormat,
    },
    limits,
};

pub(super) fn world(inline_max_bytes: u64) -> Memory {
    Memory::new(Config { admin_secret: Some("secret".to_owned()), inline_max_bytes, ..Config::default() })
}

pub(super) fn rules() -> RuleSource {
    let rule = |label: &str, description: &str| Rule::new(label, description);
    RuleSource::Inline(Box::new(Classification {
        rules: RuleSet {
            rules: vec![
                rule("invoice", "asks for payment and lists positions with a total amount"),
                rule("contract", "an agreement between two parties with their signatures"),
            ],
        },
        ..Classification::default()
    }))
}

pub(super) async fn token(world: &Memory) -> Token {
    let project = access::create_project(world, "p".to_owned(), "o".to_owned(), 30).await.unwrap();
    access::create_token(world, project.id, NewToken::default()).await.unwrap().0
}

async fn file(world: &Memory, token: &Token, text: &'static str) -> FileId {
    let id = FileId::from_bytes(world.random());
    let key = FileKey { project: token.project, file: id };
    world.put(key, Bytes::from_static(text.as_bytes())).await.unwrap();
    let file = File { size: Some(u64::try_from(text.len()).unwrap()), ..File::new(id, "a.txt", world.now()) };
    files::register(world, token.project, file).await.unwrap().id
}

async fn create(world: &Memory, token: &Token, file: FileId, idempotency_key: Option<&str>) -> Option<JobId> {
    let request = JobRequest {
        input: JobInput::File { id: file, role: JobRole::Independent },
        work: Work::Classify(rules()),
        idempotency_key: idempotency_key.map(str::to_owned),
        external: External::default(),
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create(world, token, request).await {
        Ok(CreateOutcome::Job(job)) => Some(job.id),
        Ok(CreateOutcome::Refused(refusal)) => panic!("{refusal:?}"),
        Err(_) => None,
    }
}

/// Saves a classifier whose label `invoice` has a route to a schema.
async fn routed_classifier(world: &Memory, token: &Token) -> ClassifierId {
    let schema = serde_json::from_value(serde_json::json!({ "fields": [{ "name": "total_amount", "kind": "money" }] }));
    let schema = schemas::save(world, token.project, "Invoice".to_owned(), schema.unwrap()).await.unwrap();
    let RuleSource::Inline(classification) = rules() else { panic!("the rules are inline") };
    let route = RouteRef { label: "invoice".to_owned(), deployment: "Accounting".to_owned(), schema: schema.id };
    let change = ClassifierChange {
        classification: Some(*classification),
        routes: Some(vec![route]),
        ..ClassifierChange::default()
    };
    classifiers::save(world, token.project, "post".to_owned(), change).await.unwrap().id
}

/// Classifies a file inline; its extraction goes through the queue.
async fn create_and_run(world: &Memory, token: &Token, file: FileId, classifier: ClassifierId) -> Option<JobId> {
    let request = JobRequest {
        input: JobInput::File { id: file, role: JobRole::Current },
        work: Work::ClassifyAndExtract(classifier),
        idempotency_key: None,
        external: External::default(),
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create_and_run(world, token, request).await {
        Ok(CreateOutcome::Job(job)) => Some(job.id),
        Ok(CreateOutcome::Refused(refusal)) => panic!("{refusal:?}"),
        Err(_) => None,
    }
}

async fn mail(world: &Memory, token: &Token, classifier: ClassifierId) -> Option<JobId> {
    let mail = Mail { subject: "Invoice 17".to_owned(), body: INVOICE.to_owned(), ..Mail::default() };
    let request = JobRequest {
        input: JobInput::Mail(Box::new(mail)),
        work: Work::Classify(RuleSource::Saved(classifier)),
        idempotency_key: None,
        external: External { reference: Some("17".to_owned()), metadata: Some("{\"a\": 1.0 }".to_owned()) },
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create(world, token, request).await {
        Ok(CreateOutcome::Job(job)) => Some(job.id),
        Ok(CreateOutcome::Refused(refusal)) => panic!("{refusal:?}"),
        Err(_) => None,
    }
}

async fn listed(world: &Memory, token: &Token) -> Vec<Job> {
    let page = PageRequest { size: 1_000, after: None };
    jobs::list(world, token.project, JobFilter::default(), page).await.unwrap().items
}

pub(super) const INVOICE: &str = "Invoice 17\n\nPlease pay the total amount of 119.00 EUR for the positions listed.";

#[test]
fn a_small_file_is_classified_inline_and_a_large_one_through_the_queue() {
    block_on(async {
        let world = world(100);
        let token = token(&world).await;
        let small = file(&world, &token, INVOICE).await;
        let job = create(&world, &token, small, None).await.unwrap();
        assert_eq!(world.queued(), 0);
        world.run_inline_stages().await;
        let done = jobs::get(&world, token.project, job).await.unwrap();
        assert_eq!(done.status(), Status::Succeeded, "{:?}", done.state);

        let large = file(&world, &token, Box::leak(INVOICE.repeat(3).into_boxed_str())).await;
        let job = create(&world, &token, large, None).await.unwrap();
        assert_eq!(world.queued(), 1);
        world.run_queue().await;
        let done = jobs::get(&world, token.project, job).await.unwrap();
        assert_eq!(done.status(), Status::Succeeded, "{:?}", done.state);
        assert!(listed(&world, &token).await.iter().all(|job| job.status() == Status::Succeeded));
    });
}

#[test]
fn create_and_run_classifies_inline_and_extracts_through_the_queue() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let file = file(&world, &token, INVOICE).await;
        let id = create_and_run(&world, &token, file, classifier).await.unwrap();
        let job = jobs::get(&world, token.project, id).await.unwrap();
        assert_eq!(job.decision.as_ref().unwrap().label.as_deref(), Some("invoice"));
        assert_eq!((job.stage(), job.extraction.is_none(), world.queued()), (Some(Stage::Extract), true, 1));
        world.run_queue().await;
        let job = jobs::get(&world, token.project, id).await.unwrap();
        assert_eq!(job.status(), Status::Succeeded);
        assert_eq!(job.route.unwrap().deployment, "Accounting");
        assert_eq!(job.extraction.unwrap().values[0].value.as_deref(), Some("119.00"));
    });
}

#[test]
fn the_metadata_of_a_mail_is_stored_with_its_job_and_not_in_the_index() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let id = mail(&world, &token, classifier).await.unwrap();
        world.run_inline_stages().await;
        let job = jobs::get(&world, token.project, id).await.unwrap();
        assert_eq!(job.status(), Status::Succeeded);
        assert_eq!(job.external.metadata.as_deref(), Some("{\"a\": 1.0 }"));
        let [row] = listed(&world, &token).await.try_into().unwrap();
        assert_eq!((row.source, row.external), (JobSource::Mail { mail: None }, External::default()));
    });
}

#[test]
fn one_idempotency_key_gives_one_job() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let file = file(&world, &token, INVOICE).await;
        let first = create(&world, &token, file, Some("key")).await;
        for _ in 0..5 {
            assert_eq!(create(&world, &token, file, Some("key")).await, first);
        }
        assert_eq!(world.stored_jobs().len(), 1);
        assert_ne!(create(&world, &token, file, Some("other")).await, first);
    });
}

#[test]
fn a_reservation_whose_job_never_arrived_is_submitted_by_the_index() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let file = file(&world, &token, INVOICE).await;
        world.inject_fault(&[FaultPoint::Jobs]);
        assert_eq!(create(&world, &token, file, None).await, None);
        assert_eq!(world.stored_jobs(), []);
        world.inject_fault(&[]);
        world.advance(Duration::from_secs(61));
        world.wake_all().await;
        world.run_queue().await;
        let [job] = listed(&world, &token).await.try_into().unwrap();
        assert_eq!(job.status(), Status::Succeeded);
    });
}

#[test]
fn a_deleted_job_is_removed_from_its_storage_and_the_index() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let file = file(&world, &token, INVOICE).await;
        let job = create(&world, &token, file, Some("key")).await.unwrap();
        assert!(jobs::delete(&world, token.project, job, JobKind::Document).await.is_err(), "it has not ended");
        world.run_inline_stages().await;
        jobs::delete(&world, token.project, job, JobKind::Document).await.unwrap();
        assert!(jobs::get(&world, token.project, job).await.is_err());
        assert_eq!(listed(&world, &token).await, []);
        world.advance(Duration::from_secs(1));
        world.wake_all().await;
        assert_eq!(world.stored_jobs(), []);
        assert_ne!(create(&world, &token, file, Some("key")).await, Some(job), "the key is free again");
    });
}

#[test]
fn what_a_deleted_project_had_is_removed_in_steps() {
    block_on(async {
        let world = world(0);
        let (deleted, other) = (token(&world).await, token(&world).await);
        let classifier = routed_classifier(&world, &deleted).await;
        for _ in 0..limits::SWEEP_FILES + 20 {
            let id = file(&world, &deleted, INVOICE).await;
            create(&world, &deleted, id, None).await.unwrap();
        }
        mail(&world, &deleted, classifier).await.unwrap();
        world.run_queue().await;
        let waiting = file(&world, &deleted, INVOICE).await;
        create(&world, &deleted, waiting, None).await.unwrap();
        let kept = file(&world, &other, INVOICE).await;
        create(&world, &other, kept, None).await.unwrap();

        access::delete_project(&world, deleted.project).await.unwrap();
        let saved = classifiers::get(&world, deleted.project, classifier, Version::Newest).await;
        assert_eq!(saved.unwrap_err().kind(), ErrorKind::NotFound);
        for _ in 0..3 {
            world.advance(limits::DELETION_INTERVAL);
            world.wake_all().await;
        }
        assert_eq!(world.stored_files(), 1);
        assert!(world.stored_jobs().iter().all(|job| job.project == other.project));
        assert_eq!(listed(&world, &other).await.len(), 1);
        assert_eq!(world.logged(), Vec::<String>::new());
    });
}

async fn save_webhook(world: &Memory, token: &Token) -> Webhook {
    let endpoint = Endpoint {
        url: "https://hooks.example/".to_owned(),
        format: WebhookFormat::Standard,
        headers: Vec::new(),
        secret: Some("hush".to_owned()),
    };
    let id = WebhookId::from_bytes(world.random());
    let save = SaveWebhook { id, endpoint, events: None, every_job: true, output_format: None };
    world.index(token.project, save).await.unwrap()
}

#[test]
fn a_deleted_project_keeps_no_webhook_and_no_call() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let webhook = save_webhook(&world, &token).await;
        let record = DeliveryRecord {
            id: DeliveryId::from_bytes([1; 16]),
            webhook: Some(webhook.id),
            job: None,
            notification: None,
            url: webhook.endpoint.url,
            event: "test".to_owned(),
            request: String::new(),
            state: DeliveryState::Delivered,
            created_at: world.now(),
            attempts: Vec::new(),
        };
        let attempt = DeliveryAttempt { at: world.now(), millis: 1, status: Some(200), answer: None, error: None };
        world.index(token.project, NoteDelivery { record, attempt, disable: false }).await.unwrap();
        assert_eq!(world.stored_webhooks(token.project), (1, 1));
        access::delete_project(&world, token.project).await.unwrap();
        world.advance(limits::DELETION_INTERVAL);
        world.wake_all().await;
        assert_eq!(world.stored_webhooks(token.project), (0, 0));
    });
}

#[test]
fn a_job_that_the_sweep_submits_has_its_webhooks() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let webhook = save_webhook(&world, &token).await;
        let file = file(&world, &token, INVOICE).await;
        world.inject_fault(&[FaultPoint::Jobs]);
        assert_eq!(create(&world, &token, file, None).await, None, "it is reserved, and not submitted");
        world.inject_fault(&[]);
        // The job keeps what applied when it was accepted.
        world.index(token.project, DeleteWebhook { id: webhook.id }).await.unwrap();
        world.advance(limits::STALE_JOB_AGE.saturating_mul(2));
        world.wake_all().await;
        let [job] = world.stored_jobs().try_into().unwrap();
        let endpoints: Vec<_> = job.webhooks.into_iter().map(|webhook| webhook.endpoint).collect();
        assert_eq!(endpoints, [JobEndpoint::Saved(webhook.id)]);
    });
}

#[test]
fn a_deleted_project_waits_for_what_is_on_its_way() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let id = file(&world, &token, INVOICE).await;
        world.inject_fault(&[FaultPoint::Jobs]);
        assert_eq!(create(&world, &token, id, None).await, None, "it is reserved, and not submitted");
        world.inject_fault(&[]);
        access::delete_project(&world, token.project).await.unwrap();
        world.wake_all().await;
        assert_eq!(world.stored_job_rows(token.project), 1);
        world.advance(limits::STALE_JOB_AGE.saturating_mul(2));
        world.wake_all().await;
        assert_eq!(world.stored_job_rows(token.project), 0);
    });
}

#[test]
fn jobs_and_files_are_deleted_after_the_retention_period() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let file = file(&world, &token, INVOICE).await;
        create(&world, &token, file, None).await.unwrap();
        world.run_inline_stages().await;
        world.advance(limits::DAY.saturating_mul(29));
        world.wake_all().await;
        assert_eq!((world.stored_jobs().len(), world.stored_files()), (1, 1));
        world.advance(limits::DAY + Duration::from_millis(1));
        world.wake_all().await;
        assert_eq!(world.stored_jobs(), []);
        assert_eq!(world.stored_files(), 0);
        assert!(files::get(&world, token.project, file).await.is_err());
        assert_eq!(listed(&world, &token).await, []);
    });
}

/// The examples of the newest version's rules, by label, and whether that version is a draft.
async fn newest_examples(
    world: &Memory,
    token: &Token,
    classifier: ClassifierId,
) -> (Vec<(String, Vec<String>)>, bool) {
    let newest = classifiers::get(world, token.project, classifier, Version::Newest).await.unwrap();
    let examples = newest.classification.rules.rules.into_iter().map(|rule| (rule.label, rule.examples));
    (examples.collect(), newest.draft)
}

#[test]
fn a_correction_makes_the_document_an_example_of_the_draft() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let before = classifiers::get(&world, token.project, classifier, Version::Published).await.unwrap();
        let file = file(&world, &token, INVOICE).await;
        let job = create_and_run(&world, &token, file, classifier).await.unwrap();
        let correct = async |job, label: &str| corrections::correct(&world, token.project, job, label.to_owned()).await;
        assert_eq!(correct(job, "contract").await.unwrap_err().message(), "The job has not ended yet");
        world.run_queue().await;

        world.advance(Duration::from_millis(1));
        let corrected = correct(job, "contract").await.unwrap();
        assert_eq!((corrected.classifier, corrected.label.as_str(), corrected.examples), (classifier, "contract", 1));
        let with = |invoice: &[&str], contract: &[&str]| {
            let examples = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            vec![("invoice".to_owned(), examples(invoice)), ("contract".to_owned(), examples(contract))]
        };
        assert_eq!(newest_examples(&world, &token, classifier).await, (with(&[], &[INVOICE]), true));
        assert_eq!(
            classifiers::get(&world, token.project, classifier, Version::Published).await.unwrap(),
            before,
            "as published"
        );

        // Repeating a correction, changing it, and correcting another job: still one draft.
        let version =
            async || classifiers::get(&world, token.project, classifier, Version::Newest).await.unwrap().version;
        let first = version().await;
        world.advance(Duration::from_millis(1));
        assert_eq!(correct(job, "contract").await.unwrap(), corrected);
        assert_eq!(correct(job, "invoice").await.unwrap().examples, 1);
        assert_eq!(newest_examples(&world, &token, classifier).await, (with(&[INVOICE], &[]), true));
        let mail_job = mail(&world, &token, classifier).await.unwrap();
        world.run_inline_stages().await;
        assert_eq!(correct(mail_job, "invoice").await.unwrap().examples, 2);
        let mail_example = &newest_examples(&world, &token, classifier).await.0[0].1[1];
        assert!(mail_example.contains("Invoice 17") && mail_example.contains("119.00 EUR"), "{mail_example}");
        assert_eq!(version().await, first);

        let published = classifiers::publish(&world, token.project, classifier).await.unwrap();
        assert_eq!(published.classification.rules.rules[0].examples.len(), 2);
        world.advance(Duration::from_millis(1));
        assert_eq!(correct(mail_job, "invoice").await.unwrap().examples, 2);
        assert!(!newest_examples(&world, &token, classifier).await.1, "what is known needs no draft");
    });
}

#[test]
fn the_example_of_a_mail_omits_its_header_fields() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let corrected = async |text| {
            let file = file(&world, &token, text).await;
            let job = create_and_run(&world, &token, file, classifier).await.unwrap();
            world.run_queue().await;
            corrections::correct(&world, token.project, job, "contract".to_owned()).await
        };
        corrected("From: ann@example.org\nTo: claims@example.org\nSubject: Lease\n\nPlease end it.\n").await.unwrap();
        assert_eq!(newest_examples(&world, &token, classifier).await.0[1].1, ["Lease\n\nPlease end it."]);
        let header_only = corrected("From: ann@example.org\nTo: claims@example.org\n\n").await.unwrap_err();
        assert_eq!(header_only.message(), "The mail has no text but its header fields to learn from");
    });
}

#[test]
fn corrections_that_are_not_possible_give_the_reason() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let fails = async |job, label: &str| {
            corrections::correct(&world, token.project, job, label.to_owned()).await.unwrap_err()
        };
        let plain = file(&world, &token, INVOICE).await;
        let inline = create(&world, &token, plain, None).await.unwrap();
        world.run_inline_stages().await;
        assert_eq!(fails(inline, "invoice").await.message(), "The job ran without a saved classifier");

        let empty = file(&world, &token, "   ").await;
        assert_eq!(create_and_run(&world, &token, empty, classifier).await, None);
        let failed = listed(&world, &token).await.into_iter().find(|job| job.status() == Status::Failed).unwrap().id;
        assert_eq!(fails(failed, "invoice").await.message(), "The job has no decision to correct");

        let deleted = file(&world, &token, INVOICE).await;
        let job = create_and_run(&world, &token, deleted, classifier).await.unwrap();
        world.run_queue().await;
        let unknown_label = fails(job, "letter").await;
        assert_eq!(unknown_label.violations()[0].pointer, ["label".into()]);
        files::delete(&world, token.project, deleted).await.unwrap();
        let missing = fails(job, "invoice").await;
        assert_eq!((missing.kind(), missing.message()), (ErrorKind::Gone, "The file of the job is gone"));

        let mail_job = mail(&world, &token, classifier).await.unwrap();
        world.run_inline_stages().await;
        classifiers::delete(&world, token.project, classifier).await.unwrap();
        assert_eq!(fails(mail_job, "invoice").await.message(), "The classifier of the job is gone");
        assert_eq!(fails(JobId::from_bytes([9; 16]), "invoice").await.message(), "Job not found");
    });
}

#[test]
fn the_oldest_examples_are_removed_first() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let add = async |label: &str, text: String| {
            classifiers::add_example(&world, token.project, classifier, label.to_owned(), text).await.unwrap()
        };
        for number in 0..limits::MAX_EXAMPLES + 2 {
            add("invoice", number.to_string()).await;
        }
        let examples = |draft: &ClassifierVersion, rule: usize| draft.classification.rules.rules[rule].examples.clone();
        let draft = add("contract", "x".to_owned()).await;
        assert_eq!(examples(&draft, 0).len(), limits::MAX_EXAMPLES);
        assert_eq!(examples(&draft, 0).first().map(String::as_str), Some("2"));

        // Over the limit on bytes, the rule with the most bytes loses examples, and never the newest one.
        let long = |number: usize| format!("{number:02}") + &"\u{1f4c4}".repeat(limits::MAX_EXAMPLE_CHARS - 2);
        let fitting = limits::MAX_EXAMPLES_BYTES / long(0).len();
        for number in 0..fitting {
            add("contract", long(number)).await;
        }
        let draft = add("invoice", long(99)).await;
        assert_eq!(examples(&draft, 0).last(), Some(&long(99)));
        assert!(!examples(&draft, 1).contains(&"x".to_owned()) && !examples(&draft, 1).contains(&long(0)));
        assert_eq!(examples(&draft, 1).last(), Some(&long(fitting - 1)));
        let rules = draft.classification.rules.rules;
        let bytes: usize = rules.iter().flat_map(|rule| &rule.examples).map(String::len).sum();
        assert!(bytes <= limits::MAX_EXAMPLES_BYTES && bytes > limits::MAX_EXAMPLES_BYTES - 2 * long(0).len());
    });
}

#[test]
fn a_long_document_is_truncated_to_an_example() {
    block_on(async {
        let world = world(1_000_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let long = Box::leak(format!("{INVOICE} {}", "ä".repeat(2 * limits::MAX_EXAMPLE_CHARS)).into_boxed_str());
        let file = file(&world, &token, long).await;
        let job = create_and_run(&world, &token, file, classifier).await.unwrap();
        world.run_queue().await;
        corrections::correct(&world, token.project, job, "invoice".to_owned()).await.unwrap();
        let text = &newest_examples(&world, &token, classifier).await.0[0].1[0];
        assert_eq!(text.chars().count(), limits::MAX_EXAMPLE_CHARS);
    });
}

/// Rules of more bytes than a small job may have, of which the first has the label `invoice`.
fn large_rules() -> Classification {
    let RuleSource::Inline(mut classification) = rules() else { panic!("the rules are inline") };
    let filler =
        |number: usize| Rule::new(format!("filler {number}"), "\u{1f4c4}".repeat(limits::MAX_DESCRIPTION_CHARS));
    classification.rules.rules.extend((2..limits::MAX_RULES).map(filler));
    *classification
}

async fn save_rules(world: &Memory, token: &Token, name: &str, classification: Classification) -> ClassifierVersion {
    let change = ClassifierChange { classification: Some(classification), ..ClassifierChange::default() };
    classifiers::save(world, token.project, name.to_owned(), change).await.unwrap()
}

async fn create_mail(
    world: &Memory,
    token: &Token,
    classifier: ClassifierId,
    body: String,
) -> crate::error::Result<JobId> {
    let request = JobRequest {
        input: JobInput::Mail(Box::new(Mail { subject: "Invoice 17".to_owned(), body, ..Mail::default() })),
        work: Work::Classify(RuleSource::Saved(classifier)),
        idempotency_key: None,
        external: External { reference: None, metadata: Some("x".repeat(limits::MAX_METADATA_BYTES)) },
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create(world, token, request).await? {
        CreateOutcome::Job(job) => Ok(job.id),
        CreateOutcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}

#[test]
fn the_largest_mail_is_classified_by_the_largest_rules() {
    block_on(async {
        for inline in [0, 1_000] {
            let world = world(inline);
            let token = token(&world).await;
            let classifier = save_rules(&world, &token, "large", large_rules()).await;
            let body = INVOICE.repeat(limits::MAX_MAIL_BYTES / INVOICE.len() - 10);
            let id = create_mail(&world, &token, classifier.id, body).await.unwrap();
            assert_eq!(world.stored_parts(), 1);
            world.run_inline_stages().await;
            world.run_queue().await;
            let job = jobs::get(&world, token.project, id).await.unwrap();
            assert_eq!(job.decision.as_ref().unwrap().label.as_deref(), Some("invoice"), "{:?}", job.state);
            // A correction reads the mail once more, and makes room for its example by the limit on the rules.
            corrections::correct(&world, token.project, id, "contract".to_owned()).await.unwrap();
            world.advance(limits::DAY.saturating_mul(31));
            world.wake_all().await;
            assert_eq!((world.stored_jobs().len(), world.stored_parts()), (0, 0));
        }
    });
}

#[test]
fn a_job_whose_mail_cannot_be_stored_is_not_accepted() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let classifier = save_rules(&world, &token, "large", large_rules()).await;
        world.inject_fault(&[FaultPoint::Files]);
        assert!(create_mail(&world, &token, classifier.id, INVOICE.to_owned()).await.is_err());
        world.inject_fault(&[]);
        assert_eq!(listed(&world, &token).await, []);
        world.advance(Duration::from_secs(61));
        world.wake_all().await;
        assert_eq!((world.stored_jobs().len(), world.stored_parts(), world.queued()), (0, 0, 0));
    });
}

#[test]
fn a_job_whose_mail_never_arrived_fails_and_says_so() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let classifier = save_rules(&world, &token, "large", large_rules()).await;
        // The request is cut off after the reservation.
        let reservation = ReserveJob {
            id: JobId::from_bytes([7; 16]),
            user: token.id,
            input: JobInput::Mail(Box::new(Mail { body: INVOICE.to_owned(), ..Mail::default() })),
            work: Work::Classify(RuleSource::Saved(classifier.id)),
            idempotency_key: None,
            external: External::default(),
            webhooks: RequestedWebhooks::default(),
        };
        world.index(token.project, reservation).await.unwrap();
        world.advance(Duration::from_secs(61));
        world.wake_all().await;
        world.run_queue().await;
        let [row] = listed(&world, &token).await.try_into().unwrap();
        assert_eq!(row.failure().map(|failure| &*failure.message), Some("The mail of the job is gone"));
    });
}

#[test]
fn a_large_job_has_its_output_apart_and_refers_to_its_schema() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let classifier = routed_classifier(&world, &token).await;
        let change = ClassifierChange { classification: Some(large_rules()), ..ClassifierChange::default() };
        classifiers::change(&world, token.project, classifier, Version::Newest, change).await.unwrap();
        let file = file(&world, &token, INVOICE).await;
        let id = create_and_run(&world, &token, file, classifier).await.unwrap();
        // The schema changes before the extraction, which is by the schema of the job.
        let schema = jobs::get(&world, token.project, id).await.unwrap().route.unwrap();
        assert!(schema.schema.fields.is_empty() && schema.schema_version.is_some());
        let fields = serde_json::from_value(serde_json::json!({ "fields": [{ "name": "other" }] })).unwrap();
        world.advance(Duration::from_millis(1));
        schemas::change(&world, token.project, schema.schema_id, None, Some(fields)).await.unwrap();
        world.run_queue().await;
        let stored = jobs::get(&world, token.project, id).await.unwrap();
        assert_eq!((stored.status(), stored.extraction.is_none(), world.stored_parts()), (Status::Succeeded, true, 1));
        let job = job_parts::with_output(&world, stored).await.unwrap();
        assert_eq!(job.extraction.unwrap().values[0].value.as_deref(), Some("119.00"));
        assert_eq!(job.route.unwrap().schema.fields[0].name, "total_amount");
        jobs::delete(&world, token.project, id, JobKind::Document).await.unwrap();
        assert_eq!(world.stored_parts(), 0);
    });
}

#[test]
fn an_output_that_comes_after_its_job_was_deleted_is_deleted() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let file = file(&world, &token, INVOICE).await;
        let id = create(&world, &token, file, None).await.unwrap();
        let mut job = jobs::get(&world, token.project, id).await.unwrap();
        job.classification = std::sync::Arc::new(large_rules());
        let extracted = async || {
            let output = job_parts::put_output(&world, &job, Report::Extracted(Box::default())).await.unwrap();
            assert_eq!((output, world.stored_parts()), (Report::ExtractedApart, 1));
        };
        let settled = async |reply| {
            job_parts::delete_late_output(&world, token.project, id, Some(JobPart::Extraction), &reply).await;
            world.stored_parts()
        };
        extracted().await;
        assert_eq!(settled(Ok(JobReply::Job(Box::new(job.clone())))).await, 1, "the job deletes it");
        assert_eq!(settled(Err(Error::new(ErrorKind::Timeout, "unknown"))).await, 1, "the job may be there");
        assert_eq!(settled(Err(Error::not_found("gone"))).await, 0, "the job was deleted");
        extracted().await;
        assert_eq!(settled(Ok(JobReply::Deleted)).await, 0, "it is being deleted");
    });
}

#[test]
fn a_hundred_routes_to_a_large_schema_cost_one_reference_each() {
    block_on(async {
        let world = world(1_000);
        let token = token(&world).await;
        let text = "\u{1f4c4}".repeat(limits::MAX_FIELD_TEXT_CHARS);
        let fields: Vec<_> = (0..limits::MAX_FIELDS)
            .map(
                |number| serde_json::json!({ "name": format!("total {number}"), "kind": "money", "description": text }),
            )
            .collect();
        let schema = serde_json::from_value(serde_json::json!({ "fields": fields })).unwrap();
        let schema = schemas::save(&world, token.project, "Large".to_owned(), schema).await.unwrap();
        let RuleSource::Inline(mut classification) = rules() else { panic!("the rules are inline") };
        let more = (2..100).map(|number| Rule::new(format!("label {number}"), "something else entirely"));
        classification.rules.rules.extend(more);
        let routes = classification.rules.rules.iter().map(|rule| RouteRef {
            label: rule.label.clone(),
            deployment: "Accounting".to_owned(),
            schema: schema.id,
        });
        let change = ClassifierChange {
            routes: Some(routes.collect()),
            classification: Some(*classification),
            ..ClassifierChange::default()
        };
        let classifier = classifiers::save(&world, token.project, "post".to_owned(), change).await.unwrap();
        let file = file(&world, &token, INVOICE).await;
        let reservation = ReserveJob {
            id: JobId::from_bytes([7; 16]),
            user: token.id,
            input: JobInput::File { id: file, role: JobRole::Independent },
            work: Work::ClassifyAndExtract(classifier.id),
            idempotency_key: None,
            external: External::default(),
            webhooks: RequestedWebhooks::default(),
        };
        let Reserved::Accepted(job) = world.index(token.project, reservation).await.unwrap() else { panic!("refused") };
        assert_eq!(job.routes.len(), 100);
        assert!(StoredRow::of(&job).unwrap().bytes() < 50_000);
        let id = create_and_run(&world, &token, file, classifier.id).await.unwrap();
        world.run_queue().await;
        let job = jobs::get(&world, token.project, id).await.unwrap();
        let job = job_parts::with_output(&world, job).await.unwrap();
        assert_eq!(job.route.unwrap().schema, schema.schema);
        assert_eq!(job.extraction.unwrap().values.len(), limits::MAX_FIELDS);
    });
}

#[test]
fn the_newest_versions_of_a_classifier_are_kept() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let published = save_rules(&world, &token, "post", Classification::default()).await;
        let kept = usize::try_from(limits::MAX_VERSIONS).unwrap();
        let mut newest = Vec::new();
        for number in 0..kept + 5 {
            world.advance(Duration::from_millis(1));
            let rule = Rule::new(number.to_string(), "any document");
            let classification = Classification { rules: RuleSet { rules: vec![rule] }, ..Classification::default() };
            let change =
                ClassifierChange { classification: Some(classification), draft: true, ..ClassifierChange::default() };
            newest.insert(0, classifiers::save(&world, token.project, "post".to_owned(), change).await.unwrap());
        }
        newest.truncate(kept);
        newest.push(published.clone());
        let filter = ClassifierFilter { versions: Versions::All, ..ClassifierFilter::default() };
        let page = PageRequest { size: 1_000, after: None };
        assert_eq!(classifiers::list(&world, token.project, filter, page).await.unwrap().items, newest);
        let current = classifiers::get(&world, token.project, published.id, Version::Published).await.unwrap();
        assert_eq!(current, published);
    });
}

#[test]
fn the_numbers_of_classifiers_and_schemas_are_limited() {
    block_on(async {
        let world = world(0);
        let token = token(&world).await;
        let schema = |number: usize| {
            serde_json::from_value(serde_json::json!({ "fields": [{ "name": number.to_string() }] })).unwrap()
        };
        let save_schema =
            async |number: usize| schemas::save(&world, token.project, number.to_string(), schema(number)).await;
        let save_classifier = async |number: usize| {
            let change = ClassifierChange::default();
            classifiers::save(&world, token.project, number.to_string(), change).await
        };
        for number in 0..limits::MAX_SCHEMAS {
            save_schema(number).await.unwrap();
        }
        let refused = save_schema(limits::MAX_SCHEMAS).await.unwrap_err();
        let message = "The project has 1000 schemas already, and may have 1000";
        assert_eq!((refused.kind(), refused.message()), (ErrorKind::Conflict, message));
        save_schema(0).await.unwrap();
        for number in 0..limits::MAX_CLASSIFIERS {
            save_classifier(number).await.unwrap();
        }
        assert_eq!(save_classifier(limits::MAX_CLASSIFIERS).await.unwrap_err().kind(), ErrorKind::Conflict);
        save_classifier(0).await.unwrap();
    });
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Create,
    CreateAndRun,
    Mail,
    RunInline,
    RunQueue,
    Wake,
    Advance(u64),
    Crash,
    InjectFault(Option<FaultPoint>),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => Just(Event::Create),
        2 => Just(Event::CreateAndRun),
        2 => Just(Event::Mail),
        2 => Just(Event::RunInline),
        2 => Just(Event::RunQueue),
        2 => Just(Event::Wake),
        3 => (0..30_u64).prop_map(Event::Advance),
        1 => Just(Event::Crash),
        2 => proptest::option::of(prop_oneof![
            Just(FaultPoint::Jobs),
            Just(FaultPoint::Indexes),
            Just(FaultPoint::Queue),
            Just(FaultPoint::Files)
        ])
        .prop_map(Event::InjectFault),
    ];
    proptest::collection::vec(event, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever fails, is lost or crashes: every accepted job ends, the index has its state, and no effect is pending.
    #[test]
    fn every_accepted_job_ends(events in events(), inline in prop_oneof![Just(0_u64), Just(1_000)]) {
        block_on(async {
            let world = world(inline);
            let token = token(&world).await;
            let file = file(&world, &token, INVOICE).await;
            let classifier = routed_classifier(&world, &token).await;
            let mut files = Vec::new();
            for _ in events.iter().filter(|event| matches!(event, Event::CreateAndRun)) {
                files.push(self::file(&world, &token, INVOICE).await);
            }
            let mut accepted = Vec::new();
            for event in events {
                match event {
                    Event::Create => accepted.extend(create(&world, &token, file, None).await),
                    Event::CreateAndRun => {
                        let file = files.pop().unwrap();
                        accepted.extend(create_and_run(&world, &token, file, classifier).await);
                    }
                    Event::Mail => accepted.extend(mail(&world, &token, classifier).await),
                    Event::RunInline => world.run_inline_stages().await,
                    Event::RunQueue => world.run_queue().await,
                    Event::Wake => world.wake_all().await,
                    Event::Advance(seconds) => world.advance(Duration::from_secs(seconds)),
                    Event::Crash => world.crash(),
                    Event::InjectFault(point) => world.inject_fault(point.as_slice()),
                }
            }
            world.inject_fault(&[]);
            // Longer than every timer and backoff together.
            for _ in 0..40 {
                world.advance(Duration::from_secs(61));
                world.wake_all().await;
                world.run_queue().await;
                world.run_inline_stages().await;
            }
            let index = listed(&world, &token).await;
            for id in accepted {
                let job = jobs::get(&world, token.project, id).await.unwrap();
                assert!(job.status().has_ended(), "{:?}", job.state);
                assert_eq!(job.outbox, []);
                let row = index.iter().find(|row| row.id == id).unwrap();
                assert_eq!(row, &job.snapshot());
            }
            assert!(index.iter().all(|row| row.status().has_ended()));
        });
    }
}

#[test]
fn the_ports_in_memory_keep_the_contract() {
    let checks = block_on(super::contract::run(&world(0)));
    // The number of checks of the suite, so that none can disappear unnoticed.
    assert_eq!(checks.len(), 38);
    let faults: Vec<_> = checks.into_iter().filter(|check| check.fault.is_some()).collect();
    assert_eq!(faults, []);
}
