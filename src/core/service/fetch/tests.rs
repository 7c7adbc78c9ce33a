//! Jobs of documents at URLs: what servers answer, and what becomes of the job.

use std::time::Duration;

use bytes::Bytes;
use futures_executor::block_on;
use futures_util::future;

use super::{Target, fetch_file};
use crate::{
    error::ErrorKind,
    id::{FileId, JobId},
    job::{External, Job, JobSource, Status},
    limits,
    service::{
        files,
        index::{FileFilter, FileOrder, JobInput, PageRequest, RequestedWebhooks, Work},
        jobs::{self, CreateOutcome, JobRequest},
        memory::{BodyEnd, Memory, MemoryAnswer},
        ports::{Environment, FileKey, Files},
        tests::{INVOICE, rules, token, world},
        tokens::Token,
    },
};

const URL: &str = "https://example.com/files/invoice.txt?signature=1";

async fn create(world: &Memory, token: &Token, url: &str) -> JobId {
    let request = JobRequest {
        input: JobInput::Url(url.to_owned()),
        work: Work::Classify(rules()),
        idempotency_key: None,
        external: External::default(),
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create(world, token, request).await.unwrap() {
        CreateOutcome::Job(job) => job.id,
        CreateOutcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}

/// The job after all its attempts.
async fn ended(world: &Memory, token: &Token, id: JobId) -> Job {
    for _ in 0..10 {
        // An answer that never ends is given up when its time is over.
        future::join(world.run_queue(), async { world.advance(limits::FETCH_TIME) }).await;
        world.wake_all().await;
        let job = jobs::get(world, token.project, id).await.unwrap();
        if job.status().has_ended() {
            return job;
        }
    }
    panic!("the job does not end");
}

fn text(body: impl Into<Bytes>) -> MemoryAnswer {
    MemoryAnswer::new(200, &[("content-type", "text/plain")], body)
}

#[test]
fn a_document_is_fetched_and_becomes_a_file() {
    block_on(async {
        let world = world(limits::MIB);
        let token = token(&world).await;
        world.serve(URL, [text(INVOICE)]);
        let first = create(&world, &token, URL).await;
        assert!(world.outbound_requests().is_empty(), "nothing is fetched within the request");
        let job = ended(&world, &token, first).await;
        assert_eq!(job.decision.unwrap().label.as_deref(), Some("invoice"));
        let JobSource::Url { url, file: Some(file) } = job.source else { panic!("{:?}", job.source) };
        assert_eq!((url.as_str(), file.size), (URL, u64::try_from(INVOICE.len()).unwrap()));
        let second = create(&world, &token, URL).await;
        assert_eq!(ended(&world, &token, second).await.source.file(), Some(file), "the same bytes are one file");
        let page = PageRequest { size: 10, after: None };
        let listed = files::list(&world, token.project, FileFilter::default(), FileOrder::Newest, page).await.unwrap();
        let names: Vec<_> = listed.items.iter().map(|file| (file.id, file.name.as_str())).collect();
        assert_eq!(names, [(file.id, "invoice.txt")]);
        assert_eq!(world.stored_files(), 1);
    });
}

#[test]
fn an_attempt_that_is_made_again_stores_no_second_file() {
    block_on(async {
        let world = world(limits::MIB);
        let token = token(&world).await;
        world.serve(URL, [MemoryAnswer::new(503, &[], ""), text(INVOICE)]);
        let id = create(&world, &token, URL).await;
        assert_eq!(ended(&world, &token, id).await.status(), Status::Succeeded);
        assert_eq!((world.stored_files(), world.outbound_requests().len()), (1, 2));
    });
}

/// How often each answer is asked for, and why its job fails.
fn failures() -> Vec<(&'static str, MemoryAnswer, usize, &'static str)> {
    let large = || Bytes::from(vec![b'x'; 4 * 1024 * 1024]);
    let redirect = |to: &str| MemoryAnswer::new(302, &[("location", to)], "");
    let page = "<!DOCTYPE html><html><body>Please log in</body></html>";
    vec![
        (
            URL,
            MemoryAnswer::new(404, &[], "no"),
            1,
            "REMOTE_SERVER: The server of the URL answered with the status 404",
        ),
        (URL, MemoryAnswer::new(204, &[], ""), 1, "REMOTE_SERVER: The answer of the URL is empty"),
        (
            URL,
            MemoryAnswer::new(500, &[], "no"),
            3,
            "REMOTE_SERVER: The server of the URL answered with the status 500",
        ),
        (
            URL,
            MemoryAnswer::new(429, &[], "no"),
            3,
            "REMOTE_SERVER: The server of the URL answered with the status 429",
        ),
        (URL, MemoryAnswer::default(), 3, "REMOTE_SERVER: The server of the URL cannot be reached"),
        (URL, redirect(URL), 6, "REMOTE_SERVER: The server redirects more than 5 times"),
        (URL, redirect("http://169.254.169.254/"), 1, "INVALID: The server redirects from https to http"),
        (URL, redirect("https://169.254.169.254/"), 1, "INVALID: The URL leads to an address that is not public"),
        (
            "https://example.com/a.pdf",
            MemoryAnswer::new(200, &[("content-type", "text/html")], page),
            1,
            "REMOTE_SERVER: The URL should lead to a file of the type pdf, but its server answered with a web page",
        ),
        (
            "https://example.com/download",
            MemoryAnswer::new(200, &[("content-type", "application/pdf; x=1")], page),
            1,
            "REMOTE_SERVER: The URL should lead to a file of the type pdf, but its server answered with a web page",
        ),
        (
            URL,
            MemoryAnswer::new(200, &[("content-length", "100000000")], "short"),
            1,
            "TOO_LARGE: The document at the URL is larger than 32 MiB",
        ),
        (
            URL,
            MemoryAnswer { chunks: (0..9).map(|_| large()).collect(), ..text("") },
            1,
            "TOO_LARGE: The document at the URL is larger than 32 MiB",
        ),
        (
            URL,
            MemoryAnswer::new(200, &[("content-length", "10")], "short"),
            3,
            "REMOTE_SERVER: The answer of the URL ended after 5 of 10 bytes",
        ),
        (
            URL,
            MemoryAnswer { end: BodyEnd::Broken, ..text("half") },
            3,
            "REMOTE_SERVER: The server of the URL cannot be reached",
        ),
        (
            URL,
            MemoryAnswer { end: BodyEnd::Never, ..text("half") },
            3,
            "REMOTE_SERVER: The server of the URL does not answer in time",
        ),
    ]
}

#[test]
fn every_failure_is_in_the_record_of_the_job_and_leaves_no_file() {
    for (url, answer, requests, expected) in failures() {
        block_on(async {
            let world = world(limits::MIB);
            let token = token(&world).await;
            world.serve(url, [answer]);
            let id = create(&world, &token, url).await;
            let job = ended(&world, &token, id).await;
            let failure = job.failure().unwrap_or_else(|| panic!("{expected}: {:?}", job.state));
            assert_eq!(format!("{}: {}", failure.code, failure.message), expected);
            assert_eq!(world.outbound_requests().len(), requests, "{expected}");
            assert_eq!((world.stored_files(), world.open_uploads()), (0, 0), "{expected}");
        });
    }
}

#[test]
fn a_large_document_is_fetched_in_parts() {
    block_on(async {
        let world = world(limits::MIB);
        let token = token(&world).await;
        let paragraph = format!("{INVOICE}\n\n");
        let chunk = Bytes::from(paragraph.repeat(64 * 1024 / paragraph.len()));
        // Compressed on the way, so the length is not that of the text.
        let headers = [("content-length", "9"), ("content-encoding", "gzip")];
        let answer = MemoryAnswer { chunks: vec![chunk.clone(); 96], ..MemoryAnswer::new(200, &headers, "") };
        world.serve(URL, [answer]);
        let id = create(&world, &token, URL).await;
        let job = ended(&world, &token, id).await;
        assert_eq!(job.status(), Status::Succeeded, "{:?}", job.state);
        assert_eq!(job.source.file().unwrap().size, u64::try_from(chunk.len() * 96).unwrap());
    });
}

#[test]
fn a_file_whose_bytes_are_gone_gives_way() {
    block_on(async {
        let world = world(limits::MIB);
        let token = token(&world).await;
        world.serve(URL, [text(INVOICE)]);
        let first = create(&world, &token, URL).await;
        let deleted = ended(&world, &token, first).await.source.file().unwrap().id;
        // A deletion that is cut off after its first half.
        world.delete(FileKey { project: token.project, file: deleted }).await.unwrap();
        let second = create(&world, &token, URL).await;
        let job = ended(&world, &token, second).await;
        assert_eq!(job.status(), Status::Succeeded, "{:?}", job.state);
        assert_ne!(job.source.file().unwrap().id, deleted);
        assert_eq!(files::get(&world, token.project, deleted).await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_file_that_another_attempt_replaces_does_not_stay() {
    block_on(async {
        let world = world(limits::MIB);
        let token = token(&world).await;
        let other = "https://example.com/other.txt";
        world.serve(other, [text("two")]);
        world.serve(URL, [text("one"), text("two")]);
        let ids = [1, 2].map(|byte| FileId::from_bytes([byte; 16]));
        let fetched = async |url: &str, id: FileId| {
            let target = Target::parse(url, &world.config().outbound).unwrap();
            let key = FileKey { project: token.project, file: id };
            fetch_file(&world, key, "a.txt".to_owned(), target).await.unwrap().id
        };
        assert_eq!(fetched(other, ids[0]).await, ids[0]);
        assert_eq!(fetched(URL, ids[1]).await, ids[1]);
        // The next attempt, for which the URL leads to what is known already.
        assert_eq!(fetched(URL, ids[1]).await, ids[0]);
        assert_eq!(files::get(&world, token.project, ids[1]).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(world.stored_files(), 1);
    });
}

#[test]
fn a_job_that_is_deleted_meanwhile_leaves_a_file_of_the_project() {
    block_on(async {
        let world = world(limits::MIB);
        let token = token(&world).await;
        world.serve(URL, [text(INVOICE)]);
        let id = create(&world, &token, URL).await;
        let job = ended(&world, &token, id).await;
        jobs::delete(&world, token.project, id, job.kind()).await.unwrap();
        world.advance(Duration::from_secs(60));
        world.wake_all().await;
        let file = job.source.file().unwrap().id;
        assert!(files::get(&world, token.project, file).await.is_ok());
    });
}
