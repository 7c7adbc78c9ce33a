//! The contract of the ports, as a test suite for any implementation.
//!
//! It runs on the in-memory ports and, inside a test Worker, on the real objects, including R2. Every check works in a
//! project of its own, so that checks do not affect each other. The stage queue must not deliver during the run: the
//! suite claims the stages itself.

mod bytes;
mod large;
mod tasks;
mod webhooks;

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    access,
    index::{
        AbandonUpload, BeginUpload, ChangeProject, ClassifierChange, ClassifierFilter, ClassifierVersion,
        CompleteUpload, Cursor, File, FileFilter, FileOrder, GetToken, JobFilter, JobInput, JobRole, ListedToken,
        NoteToken, Page, PageRequest, PutFile, PutToken, Refusal, RemoveFile, RemoveJob, RemoveToken,
        RequestedWebhooks, ReserveJob, Reserved, RouteRef, RuleChange, RuleSource, UpsertJob, Version, Versions, Work,
    },
    job_ids,
    job_reply::JobReply,
    jobs,
    ports::Ports,
    tokens::{ReplacedSecret, Scope, Scopes, Token, TokenCommand},
};
use crate::{
    classify::{Decision, Rule, RuleSet},
    error::{Error, ErrorKind, Quota, Result},
    id::{ClassifierId, FileId, JobId, LeaseId, ProjectId, SchemaId, TokenId},
    job::{Classification, Command, External, Job, JobKind, Report, Start, State, Status},
    limits,
    time::Timestamp,
};

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// What failed; None if the check passed.
    pub fault: Option<String>,
}

/// Runs every check on `ports`.
pub async fn run<P: Ports>(ports: &P) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.push(check("a job is stored once and keeps its leases", job_lifecycle(ports)).await);
    checks.push(check("a job that was never stored is not found", unknown_job(ports)).await);
    checks.push(check("a deleted job is gone from its place and the index", job_deletion(ports)).await);
    checks.push(check("an index refuses what it does not know", refusals(ports)).await);
    checks.push(check("an idempotency key leads to its first job", idempotency(ports)).await);
    checks.push(check("a row keeps the newest version", row_versions(ports)).await);
    checks.push(check("a job is found by its id and by nothing else", ids_of_jobs(ports)).await);
    checks.push(check("a large job has its parts apart, which are deleted with it", large::parts_apart(ports)).await);
    checks.push(check("a job extracts by the schema that it was accepted with", large::schema_versions(ports)).await);
    checks.push(check("a page of jobs is bounded with the rules of each", large::listed_bytes(ports)).await);
    checks.push(check("a page ends where it has enough bytes", large::page_bytes(ports)).await);
    checks.push(check("a draft is classified with once it is published", drafts(ports)).await);
    checks.push(check("schemas are kept while they are routed to", schemas(ports)).await);
    checks.push(check("a configuration is one under its name and task", tasks::configurations(ports)).await);
    checks.push(check("jobs are filtered by their document and configuration", tasks::sources(ports)).await);
    checks.push(check("jobs of all kinds are one listing", tasks::all_kinds(ports)).await);
    checks.push(check("a job goes on with what was fetched, and deletes what was read", tasks::outputs(ports)).await);
    checks.push(check("the same bytes from URLs are one file", tasks::adopted_files(ports)).await);
    checks.push(check("a file has one open job at a time", current_jobs(ports)).await);
    checks.push(check("jobs are listed newest first, filtered and in pages", job_listing(ports)).await);
    checks.push(check("files are listed in every order and in pages", file_listing(ports)).await);
    checks.push(check("a classifier has versions under one name", classifier_versions(ports)).await);
    checks.push(check("an index that was never written knows nothing", empty_index(ports)).await);
    checks.push(check("a project changes in what is named", project_changes(ports)).await);
    checks.push(check("a deleted project is gone at once", project_deletion(ports)).await);
    checks.push(check("an origin is allowed as long as a project lists it", allowed_origins(ports)).await);
    checks.push(check("a token is found until it is revoked", tokens(ports)).await);
    checks.push(check("tokens are listed newest first and in pages", token_listing(ports)).await);
    checks.push(check("a webhook is listed, changed and deleted", webhooks::saved(ports)).await);
    checks.push(check("the attempts at a call are one record", webhooks::deliveries(ports)).await);
    checks.push(check("a job is accepted with its webhooks", webhooks::of_jobs(ports)).await);
    checks.push(check("a project has its share of jobs and bytes", shares(ports)).await);
    checks.push(check("an announced file takes one upload", one_upload(ports)).await);
    checks.push(check("a sleep ends, and cuts off what takes longer", sleep(ports)).await);
    checks.push(check("bytes come back as they were stored", bytes::file_bytes(ports)).await);
    checks.push(check("an upload in parts is one object", bytes::upload_in_parts(ports)).await);
    checks.push(check("a stream is stored only when it is as long as it said", bytes::streamed_bytes(ports)).await);
    checks.push(check("randomness does not repeat and time does not run back", clock_and_random(ports)).await);
    checks
}

async fn check(name: &'static str, body: impl Future<Output = Result<()>>) -> Check {
    Check { name, fault: body.await.err().map(|error| format!("{error:#}")) }
}

fn expect(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(ErrorKind::Internal, what)) }
}

fn expect_eq<T: PartialEq + std::fmt::Debug>(actual: &T, expected: &T, what: &str) -> Result<()> {
    if actual == expected {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Internal, format!("{what}: found {actual:?}, wanted {expected:?}")))
}

fn expect_count<T>(count: Option<u32>, items: &[T]) -> Result<()> {
    expect_eq(&count, &u32::try_from(items.len()).ok(), "the count of the listing")
}

fn expect_kind<T>(result: Result<T>, kind: ErrorKind, what: &str) -> Result<()> {
    match result {
        Err(error) => expect_eq(&error.kind(), &kind, what),
        Ok(_) => Err(Error::new(ErrorKind::Internal, format!("{what}: it succeeded"))),
    }
}

fn unexpected(outcome: &Reserved) -> Error {
    Error::new(ErrorKind::Internal, format!("unexpected outcome of a reservation: {outcome:?}"))
}

fn classification(label: &str) -> Classification {
    let rule = Rule::new(label, "any document");
    Classification { rules: RuleSet { rules: vec![rule] }, ..Classification::default() }
}

fn decision() -> Decision {
    Decision {
        label: None,
        confidence: 0.5,
        no_match: 0.5,
        reasoning: "naïve ✓ \u{1f4c4}".to_owned(),
        ..Decision::default()
    }
}

fn classified() -> Report {
    Report::Classified(Box::new(decision()))
}

/// A project with one file, and the id of a token.
struct Scene {
    project: ProjectId,
    user: TokenId,
    file: FileId,
}

async fn scene(ports: &impl Ports) -> Result<Scene> {
    let project =
        access::create_project(ports, "contract".to_owned(), "tests".to_owned(), limits::RETENTION_DAYS).await?.id;
    let scene = Scene { project, user: TokenId::from_bytes(ports.random()), file: FileId::from_bytes(ports.random()) };
    let file = new_file(ports, scene.file, "scene.txt");
    ports.index(project, PutFile(file)).await?;
    Ok(scene)
}

fn new_file(ports: &impl Ports, id: FileId, name: &str) -> File {
    File {
        purpose: Some("classify".to_owned()),
        kind: Some("txt".to_owned()),
        size: Some(3),
        ..File::new(id, name, ports.now())
    }
}

fn file(id: FileId) -> JobInput {
    JobInput::File { id, role: JobRole::Independent }
}

fn change(name: Option<&str>, classification: Option<Classification>) -> ClassifierChange {
    ClassifierChange { name: name.map(str::to_owned), classification, ..ClassifierChange::default() }
}

impl Scene {
    fn reservation(&self, ports: &impl Ports) -> ReserveJob {
        ReserveJob {
            id: JobId::from_bytes(ports.random()),
            user: self.user,
            input: file(self.file),
            work: Work::Classify(RuleSource::Inline(Box::new(classification("a")))),
            idempotency_key: None,
            external: External::default(),
            webhooks: RequestedWebhooks::default(),
        }
    }

    async fn reserve(&self, ports: &impl Ports, reservation: ReserveJob) -> Result<Job> {
        match ports.index(self.project, reservation).await? {
            Reserved::Accepted(job) => Ok(*job),
            other => Err(unexpected(&other)),
        }
    }

    async fn list(&self, ports: &impl Ports, filter: JobFilter, page: PageRequest) -> Result<Page<Job>> {
        jobs::list(ports, self.project, filter, page).await
    }
}

fn page(size: u32) -> PageRequest {
    PageRequest { size, after: None }
}

async fn job_lifecycle(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let job = scene.reserve(ports, scene.reservation(ports)).await?;
    let send = |command| ports.job(scene.project, job.id, command);
    let submit = Command::Submit { job: Box::new(job.clone()), start: Start::Queue };
    expect_eq(&send(submit.clone()).await?.into_job()?.status(), &Status::Queued, "after submitting")?;
    let first = send(Command::Get).await?.into_job()?;
    expect_eq(&send(submit).await?.into_job()?, &first, "submitting twice changes nothing")?;
    let lease = LeaseId::from_bytes(ports.random());
    expect(matches!(send(Command::Claim { lease }).await?, JobReply::Claimed(_)), "the first claim succeeds")?;
    let refused = LeaseId::from_bytes(ports.random());
    expect(matches!(send(Command::Claim { lease: refused }).await?, JobReply::Busy), "a live lease is busy")?;
    let stale = send(Command::Report { lease: refused, report: classified() }).await?.into_job()?;
    expect_eq(&stale.status(), &Status::Running, "a stale report is ignored")?;
    let done = send(Command::Report { lease, report: classified() }).await?.into_job()?;
    expect_eq(&done.status(), &Status::Succeeded, "the holder's report counts")?;
    let read = send(Command::Get).await?.into_job()?;
    expect_eq(&read.decision, &Some(decision()), "the decision reads as it was written")?;
    expect_eq(&read.outbox, &Vec::new(), "every effect is delivered")?;
    expect_kind(send(Command::Cancel).await, ErrorKind::Conflict, "a job that has ended cannot be cancelled")?;
    let listed = scene.list(ports, JobFilter::default(), page(10)).await?;
    expect_eq(&listed.items, &vec![read.snapshot()], "the index shows the job as it is")
}

async fn unknown_job(ports: &impl Ports) -> Result<()> {
    let project = ProjectId::from_bytes(ports.random());
    for command in [Command::Get, Command::Cancel, Command::Delete] {
        let job = JobId::from_bytes(ports.random());
        expect_kind(ports.job(project, job, command).await, ErrorKind::NotFound, "a job that is not there")?;
    }
    Ok(())
}

async fn ids_of_jobs(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    // With a check, and without one, as 0.1.0 made them.
    for id in [job_ids::generate(ports, scene.project), JobId::from_bytes(ports.random())] {
        let job = scene.reserve(ports, ReserveJob { id, ..scene.reservation(ports) }).await?;
        let submit = Command::Submit { job: Box::new(job), start: Start::Queue };
        ports.job(scene.project, id, submit).await?;
        expect_eq(&jobs::get(ports, scene.project, id).await?.id, &id, "a job of ours")?;
        let of_kind = jobs::get_of_kind(ports, scene.project, id, JobKind::Mail);
        expect_kind(of_kind.await, ErrorKind::NotFound, "a job of another kind")?;
        let cancelled = jobs::cancel(ports, scene.project, id, JobKind::Document).await?;
        expect_eq(&cancelled.status(), &Status::Cancelled, "it is cancelled")?;
        jobs::delete(ports, scene.project, id, JobKind::Document).await?;
        expect_kind(jobs::get(ports, scene.project, id).await, ErrorKind::NotFound, "it is gone")?;
    }
    let unknown = JobId::from_bytes(ports.random());
    expect_kind(jobs::get(ports, scene.project, unknown).await, ErrorKind::NotFound, "an unknown id")?;
    let cancelled = jobs::cancel(ports, scene.project, unknown, JobKind::Document).await;
    expect_kind(cancelled, ErrorKind::NotFound, "an unknown id to cancel")
}

async fn job_deletion(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let job = scene.reserve(ports, scene.reservation(ports)).await?;
    let send = |command| ports.job(scene.project, job.id, command);
    send(Command::Submit { job: Box::new(job.clone()), start: Start::Queue }).await?;
    expect_kind(send(Command::Delete).await, ErrorKind::Conflict, "a job that has not ended cannot be deleted")?;
    send(Command::Cancel).await?;
    expect_eq(&send(Command::Delete).await?, &JobReply::Deleted, "a cancelled job can")?;
    expect_kind(send(Command::Get).await, ErrorKind::NotFound, "it is gone")?;
    expect_eq(&scene.list(ports, JobFilter::default(), page(10)).await?.items, &Vec::new(), "the index forgot it")
}

async fn refusals(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let reserved = |reservation: ReserveJob| ports.index(scene.project, reservation);
    let refused = Reserved::Refused;
    let unknown = ReserveJob { input: file(FileId::from_bytes(ports.random())), ..scene.reservation(ports) };
    expect_eq(&reserved(unknown).await?, &refused(Refusal::UnknownFile), "an unknown file")?;
    let classifier = RuleSource::Saved(ClassifierId::from_bytes(ports.random()));
    let unknown = ReserveJob { work: Work::Classify(classifier), ..scene.reservation(ports) };
    expect_eq(&reserved(unknown).await?, &refused(Refusal::UnknownClassifier), "an unknown classifier")?;
    let announced = FileId::from_bytes(ports.random());
    let row = File { size: None, ..new_file(ports, announced, "announced.txt") };
    ports.index(scene.project, PutFile(row)).await?;
    let early = ReserveJob { input: file(announced), ..scene.reservation(ports) };
    expect_eq(&reserved(early).await?, &refused(Refusal::FileNotUploaded), "a file that has not arrived")?;
    expect_eq(&scene.list(ports, JobFilter::default(), page(10)).await?.items, &Vec::new(), "nothing was stored")
}

async fn idempotency(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let keyed = |key: &str| ReserveJob { idempotency_key: Some(key.to_owned()), ..scene.reservation(ports) };
    let first = scene.reserve(ports, keyed("Schlüssel '1'")).await?;
    match ports.index(scene.project, keyed("Schlüssel '1'")).await? {
        Reserved::Existing(job) => expect_eq(&job.snapshot(), &first.snapshot(), "the first job")?,
        other => return Err(unexpected(&other)),
    }
    let second = scene.reserve(ports, keyed("another")).await?;
    expect(second.id != first.id, "another key is another job")
}

async fn row_versions(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let accepted = scene.reserve(ports, scene.reservation(ports)).await?;
    let newer = Job { version: 5, state: State::Succeeded, ..accepted.snapshot() };
    let older = Job { version: 4, state: State::Cancelled, ..accepted };
    for job in [newer.clone(), older] {
        ports.index(scene.project, UpsertJob(Box::new(job))).await?;
    }
    let by_status = JobFilter { status: Some(Status::Succeeded), ..JobFilter::default() };
    expect_eq(&scene.list(ports, by_status, page(10)).await?.items, &vec![newer], "the newest version")
}

async fn job_listing(ports: &impl Ports) -> Result<()> {
    const COUNT: u8 = 130;
    let scene = scene(ports).await?;
    let classifier = ClassifierId::from_bytes(ports.random());
    let accepted = scene.reserve(ports, scene.reservation(ports)).await?;
    ports.index(scene.project, RemoveJob { id: accepted.id }).await?;
    let mut jobs = Vec::new();
    for number in 0..COUNT {
        let mut job = Job {
            id: JobId::from_bytes([number; 16]),
            version: 1,
            // Three jobs share each timestamp, so that the id has to break ties.
            created_at: Timestamp::from_millis(1_000_000 + i64::from(number / 3)),
            state: if number % 2 == 0 { State::Succeeded } else { State::Cancelled },
            ..accepted.clone()
        };
        Arc::make_mut(&mut job.classification).classifier = (number % 5 == 0).then_some(classifier);
        ports.index(scene.project, UpsertJob(Box::new(job.clone()))).await?;
        jobs.push(job.snapshot());
    }
    jobs.sort_by_key(|job| std::cmp::Reverse((job.created_at, job.id)));
    let mut seen = Vec::new();
    let mut request = page(50);
    for _ in 0..4 {
        let part = scene.list(ports, JobFilter::default(), request.clone()).await?;
        expect(!part.items.is_empty(), "a page is never empty here")?;
        seen.extend(part.items);
        let Some(next) = part.next else { break };
        request.after = Some(next);
    }
    expect_eq(&seen, &jobs, "all pages together")?;
    let exact = scene.list(ports, JobFilter::default(), page(COUNT.into())).await?;
    expect_eq(&exact.next, &None, "a page that holds the last row leads nowhere")?;
    let listed = async |filter: JobFilter| {
        let items = scene.list(ports, filter.clone(), page(1_000)).await?.items;
        expect_count(jobs::count(ports, scene.project, filter).await?, &items)?;
        Ok::<_, Error>(items)
    };
    let matching = |keep: &dyn Fn(&Job) -> bool| jobs.iter().filter(|job| keep(job)).cloned().collect::<Vec<_>>();
    let from = Timestamp::from_millis(1_000_010);
    let to = Timestamp::from_millis(1_000_020);
    let filter = JobFilter { from: Some(from), to: Some(to), ..JobFilter::default() };
    let expected = matching(&|job| job.created_at >= from && job.created_at <= to);
    expect_eq(&listed(filter).await?, &expected, "both ends of a span of time belong to it")?;
    let filter = JobFilter { status: Some(Status::Cancelled), ..JobFilter::default() };
    expect_eq(&listed(filter).await?, &matching(&|job| job.status() == Status::Cancelled), "by status")?;
    let filter = JobFilter { classifier: Some(classifier), status: Some(Status::Succeeded), ..JobFilter::default() };
    let expected = matching(&|job| job.classification.classifier.is_some() && job.status() == Status::Succeeded);
    expect_eq(&listed(filter).await?, &expected, "by classifier and status")?;
    // More ids than a statement may bind, and one that does not exist.
    let ids = jobs.iter().skip(5).map(|job| job.id).chain([JobId::from_bytes(ports.random())]).collect();
    let filter = JobFilter { ids: Some(ids), ..JobFilter::default() };
    expect_eq(&listed(filter).await?, &jobs.iter().skip(5).cloned().collect(), "by ids")?;
    let filter = JobFilter { ids: Some(Vec::new()), ..JobFilter::default() };
    expect_eq(&listed(filter).await?, &Vec::new(), "no ids are no jobs")?;
    let bad = PageRequest { size: 1, after: Some(Cursor { key: "x".to_owned(), id: "y".to_owned() }) };
    expect_kind(scene.list(ports, JobFilter::default(), bad).await, ErrorKind::Invalid, "a place that is not one")
}

async fn file_listing(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    ports.index(scene.project, RemoveFile { id: scene.file }).await?;
    let mut files = Vec::new();
    for number in 0..25_u8 {
        let mut file = new_file(ports, FileId::from_bytes([number; 16]), &format!("{}.txt", number % 4));
        file.created_at = Timestamp::from_millis(1_000_000 + i64::from(number / 2));
        file.external_id = (number % 3 == 0).then(|| "l'été".to_owned());
        let expires_at = Some(file.created_at + limits::DAY.saturating_mul(limits::RETENTION_DAYS));
        let stored = ports.index(scene.project, PutFile(file.clone())).await?;
        expect_eq(&stored, &File { expires_at, ..file }, "a file expires when its retention ends")?;
        files.push(stored);
    }
    let pages = async |filter: FileFilter, order: FileOrder| {
        let mut seen = Vec::new();
        let mut request = page(7);
        for _ in 0..10 {
            let part = super::files::list(ports, scene.project, filter.clone(), order, request.clone()).await?;
            seen.extend(part.items);
            let Some(next) = part.next else { break };
            request.after = Some(next);
        }
        expect_count(super::files::count(ports, scene.project, filter).await?, &seen)?;
        Ok::<_, Error>(seen)
    };
    let reversed = |files: &Vec<File>| files.iter().rev().cloned().collect::<Vec<_>>();
    files.sort_by_key(|file| std::cmp::Reverse((file.created_at, file.id)));
    expect_eq(&pages(FileFilter::default(), FileOrder::Newest).await?, &files, "newest first")?;
    expect_eq(&pages(FileFilter::default(), FileOrder::Oldest).await?, &reversed(&files), "oldest first")?;
    let filter = FileFilter { external_id: Some("l'été".to_owned()), ..FileFilter::default() };
    let expected = files.iter().filter(|file| file.external_id.is_some()).cloned().collect();
    expect_eq(&pages(filter, FileOrder::Newest).await?, &expected, "by the uploader's id")?;
    files.sort_by_key(|file| (file.name.clone(), file.id));
    expect_eq(&pages(FileFilter::default(), FileOrder::Name).await?, &files, "by name")?;
    expect_eq(&pages(FileFilter::default(), FileOrder::NameDescending).await?, &reversed(&files), "by name, reversed")?;
    let filter = FileFilter { name: Some("2.txt".to_owned()), ..FileFilter::default() };
    let expected = files.iter().filter(|file| file.name == "2.txt").cloned().collect();
    expect_eq(&pages(filter, FileOrder::Name).await?, &expected, "of one name")?;
    files.sort_by_key(|file| file.id);
    expect_eq(&pages(FileFilter::default(), FileOrder::Id).await?, &files, "by id")?;
    expect_eq(&pages(FileFilter::default(), FileOrder::IdDescending).await?, &reversed(&files), "by id, reversed")?;
    let ids: Vec<_> = files.iter().take(3).map(|file| file.id).collect();
    let filter = FileFilter { ids: Some(ids), ..FileFilter::default() };
    expect_eq(&pages(filter, FileOrder::Id).await?, &files.into_iter().take(3).collect(), "of some ids")
}

async fn classifier_versions(ports: &impl Ports) -> Result<()> {
    let project = scene(ports).await?.project;
    let save = async |name: &str, label: &str| {
        super::classifiers::save(ports, project, name.to_owned(), change(None, Some(classification(label)))).await
    };
    let first = save("mail", "a").await?;
    expect_eq(&save("mail", "a").await?, &first, "saving the same again changes nothing")?;
    let second = save("mail", "b").await?;
    expect_eq(&second.id, &first.id, "a name is one classifier")?;
    expect(second.version > first.version, "versions rise")?;
    let other = save("paper", "c").await?;
    expect(other.id != first.id, "another name is another classifier")?;
    let rename = async |name| {
        super::classifiers::change(ports, project, first.id, Version::Newest, change(Some(name), None)).await
    };
    let renamed = rename("paper");
    expect_kind(renamed.await, ErrorKind::Conflict, "a name that is taken")?;
    let third = rename("post").await?;
    expect_eq(&third.classification, &second.classification, "what is not given stays")?;
    expect_eq(
        &super::classifiers::get(ports, project, first.id, Version::Published).await?,
        &third,
        "the newest version",
    )?;
    let list = async |filter: ClassifierFilter| {
        let items = super::classifiers::list(ports, project, filter.clone(), page(10)).await?.items;
        expect_count(super::classifiers::count(ports, project, filter).await?, &items)?;
        Ok::<_, Error>(items)
    };
    let newest_first = |mut versions: Vec<ClassifierVersion>| {
        versions.sort_by_key(|version| std::cmp::Reverse((version.version, version.id)));
        versions
    };
    let all = newest_first(vec![third.clone(), other.clone(), second.clone(), first.clone()]);
    expect_eq(&list(ClassifierFilter::default()).await?, &all, "every version")?;
    let latest = ClassifierFilter { versions: Versions::NewestPublished, ..ClassifierFilter::default() };
    expect_eq(&list(latest).await?, &newest_first(vec![third, other.clone()]), "only the newest of each")?;
    let by_id = ClassifierFilter { id: Some(other.id), ..ClassifierFilter::default() };
    expect_eq(&list(by_id).await?, &vec![other.clone()], "the versions of one")?;
    let by_name = ClassifierFilter { name: Some("mail".to_owned()), ..ClassifierFilter::default() };
    expect_eq(&list(by_name).await?, &newest_first(vec![second, first.clone()]), "the versions of a name")?;
    // The old name is available again.
    expect(save("mail", "d").await?.id != first.id, "a name that was given up is free")?;
    super::classifiers::delete(ports, project, first.id).await?;
    expect_kind(
        super::classifiers::get(ports, project, first.id, Version::Published).await,
        ErrorKind::NotFound,
        "it is gone",
    )?;
    expect_eq(&super::classifiers::get(ports, project, other.id, Version::Published).await?, &other, "others stay")
}

async fn drafts(ports: &impl Ports) -> Result<()> {
    let project = scene(ports).await?.project;
    let draft = |label: &str| ClassifierChange { draft: true, ..change(None, Some(classification(label))) };
    let first = super::classifiers::save(ports, project, "mail".to_owned(), draft("a")).await?;
    let get = async |version| super::classifiers::get(ports, project, first.id, version).await;
    expect_kind(get(Version::Published).await, ErrorKind::NotFound, "a draft alone is not classified with")?;
    expect_eq(&get(Version::Newest).await?, &first, "the draft")?;
    let published = super::classifiers::publish(ports, project, first.id).await?;
    expect_eq(&get(Version::Published).await?, &published, "it is published")?;
    let again = super::classifiers::publish(ports, project, first.id).await?;
    expect_eq(&again, &published, "publishing again changes nothing")?;
    let change_from = async |base, change| super::classifiers::change(ports, project, first.id, base, change).await;
    let second = change_from(Version::Newest, draft("b")).await?;
    expect_eq(&get(Version::Published).await?, &published, "a new draft leaves the published version")?;
    let list = async |versions| {
        let filter = ClassifierFilter { versions, ..ClassifierFilter::default() };
        Ok::<_, Error>(super::classifiers::list(ports, project, filter, page(10)).await?.items)
    };
    expect_eq(&list(Versions::NewestPublished).await?, &vec![published.clone()], "listed without drafts")?;
    expect_eq(&list(Versions::Newest).await?, &vec![second], "listed with drafts")?;

    let other = change(None, Some(classification("c")));
    let other = super::classifiers::save(ports, project, "learning".to_owned(), other).await?;

    let third = change_from(Version::Published, change(None, None)).await?;
    expect_eq(&third.classification, &published.classification, "based on the published version")?;
    expect(third.version > published.version && !third.draft, "it is newer than the draft")?;

    let rule = published.rule_id("a");
    let renamed = RuleChange::Update { rule, label: Some("z".to_owned()), description: None };
    let renamed = super::classifiers::change_rules(ports, project, first.id, renamed).await?;
    expect_eq(&renamed.rule_id("z"), &rule, "a rule keeps its id")?;
    let removed = super::classifiers::change_rules(ports, project, first.id, RuleChange::Remove(rule)).await?;
    expect(removed.classification.rules.rules.is_empty(), "the rule is gone")?;
    let again = super::classifiers::change_rules(ports, project, first.id, RuleChange::Remove(rule)).await;
    expect_kind(again, ErrorKind::NotFound, "a rule that is gone")?;

    let learn = async |text: &str| {
        super::classifiers::add_example(ports, project, other.id, "c".to_owned(), text.to_owned()).await
    };
    let draft = learn("one").await?;
    expect(draft.draft && draft.version > other.version, "an example makes a draft")?;
    let more = learn("two").await?;
    expect_eq(&more.version, &draft.version, "a draft learns in place")?;
    expect_eq(&learn("one").await?, &more, "what is known changes nothing")?;
    expect_eq(
        &super::classifiers::get(ports, project, other.id, Version::Newest).await?,
        &more,
        "the draft is stored",
    )?;
    expect_eq(&super::classifiers::get(ports, project, other.id, Version::Published).await?, &other, "as published")
}

async fn schemas(ports: &impl Ports) -> Result<()> {
    let project = scene(ports).await?.project;
    let fields = |name: &str| {
        serde_json::from_value(serde_json::json!({ "fields": [{ "name": name }] })).map_err(Error::internal)
    };
    let save =
        async |name: &str, field: &str| super::schemas::save(ports, project, name.to_owned(), fields(field)?).await;
    let first = save("invoices", "number").await?;
    expect_eq(&save("invoices", "number").await?, &first, "saving the same again changes nothing")?;
    let second = save("invoices", "date").await?;
    expect_eq(&second.id, &first.id, "a name is one schema")?;
    let other = save("bills", "total").await?;
    let list = async |request| super::schemas::list(ports, project, request).await;
    let first_page = list(page(1)).await?;
    expect_eq(&first_page.items, &vec![other.clone()], "by name")?;
    let rest = list(PageRequest { size: 1, after: first_page.next }).await?;
    expect_eq(&rest, &Page { items: vec![second.clone()], next: None }, "after the first name")?;
    let names: Vec<String> =
        super::schemas::names(ports, project).await?.into_iter().map(|schema| schema.name).collect();
    expect_eq(&names, &vec![other.name.clone(), second.name.clone()], "all names")?;
    let taken = super::schemas::change(ports, project, other.id, Some("invoices".to_owned()), None).await;
    expect_kind(taken, ErrorKind::Conflict, "a name that is taken")?;
    let routes_to = |schema| vec![RouteRef { label: "a".to_owned(), deployment: "Accounting".to_owned(), schema }];
    let routed =
        |schema| ClassifierChange { routes: Some(routes_to(schema)), ..change(None, Some(classification("a"))) };
    let nowhere = super::classifiers::save(ports, project, "post".to_owned(), routed(SchemaId::from_bytes([9; 16])));
    expect_kind(nowhere.await, ErrorKind::Invalid, "a route to no schema")?;
    super::classifiers::save(ports, project, "post".to_owned(), routed(first.id)).await?;
    expect_kind(super::schemas::delete(ports, project, first.id).await, ErrorKind::Conflict, "a schema in use")?;
    super::schemas::delete(ports, project, other.id).await?;
    expect_kind(super::schemas::get(ports, project, other.id).await, ErrorKind::NotFound, "it is gone")
}

async fn current_jobs(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let reservation =
        || ReserveJob { input: JobInput::File { id: scene.file, role: JobRole::Current }, ..scene.reservation(ports) };
    let first = scene.reserve(ports, reservation()).await?;
    expect_eq(&super::files::get(ports, scene.project, scene.file).await?.job, &Some(first.id), "the file's job")?;
    let refused = Reserved::Refused(Refusal::InProgress(first.id));
    expect_eq(&ports.index(scene.project, reservation()).await?, &refused, "the job in the way")?;
    let ended = Job { version: 1, state: State::Succeeded, ..first.snapshot() };
    ports.index(scene.project, UpsertJob(Box::new(ended))).await?;
    let second = scene.reserve(ports, reservation()).await?;
    expect(second.id != first.id, "another job once the first has ended")
}

async fn empty_index(ports: &impl Ports) -> Result<()> {
    let project = ProjectId::from_bytes(ports.random());
    expect_kind(access::project(ports, project).await, ErrorKind::NotFound, "a project that was never made")?;
    let jobs = jobs::list(ports, project, JobFilter::default(), page(10)).await?;
    expect_eq(&jobs.items, &Vec::new(), "no jobs")?;
    let file = FileId::from_bytes(ports.random());
    expect_kind(super::files::get(ports, project, file).await, ErrorKind::NotFound, "no file")?;
    let classifier = ClassifierId::from_bytes(ports.random());
    expect_kind(
        super::classifiers::get(ports, project, classifier, Version::Published).await,
        ErrorKind::NotFound,
        "no classifier",
    )
}

async fn project_changes(ports: &impl Ports) -> Result<()> {
    let id = scene(ports).await?.project;
    let before = access::project(ports, id).await?;
    let days = |days| ChangeProject { retention_days: Some(days), ..ChangeProject::default() };
    let after = access::change_project(ports, id, days(7)).await?;
    expect_eq(&(after.name.as_str(), after.retention_days), &(before.name.as_str(), 7), "the days alone")?;
    expect_eq(&access::project(ports, id).await?, &after, "it is stored")?;
    let unknown = access::change_project(ports, ProjectId::from_bytes(ports.random()), days(7)).await;
    expect_kind(unknown, ErrorKind::NotFound, "a project that was never made")
}

async fn allowed_origins(ports: &impl Ports) -> Result<()> {
    let id = scene(ports).await?.project;
    let (app, other) = (format!("https://{id}.example"), format!("https://other.{id}.example"));
    let allow = async |origins: &[&String]| {
        let allowed_origins = Some(origins.iter().map(ToString::to_string).collect());
        access::change_project(ports, id, ChangeProject { allowed_origins, ..ChangeProject::default() }).await
    };
    expect(!access::any_allows_origin(ports, &app).await?, "no project allows it yet")?;
    allow(&[&app, &other]).await?;
    allow(&[&app]).await?;
    expect(access::allows_origin(ports, id, &app).await?, "the project allows it")?;
    expect(access::any_allows_origin(ports, &app).await?, "a preflight finds it")?;
    expect(!access::any_allows_origin(ports, &other).await?, "one that was removed")?;
    access::delete_project(ports, id).await?;
    expect(!access::any_allows_origin(ports, &app).await?, "the project is deleted")
}

fn new_token(ports: &impl Ports, project: ProjectId) -> Token {
    Token {
        id: TokenId::from_bytes(ports.random()),
        project,
        name: "für die Prüfung".to_owned(),
        scopes: [Scope::Read, Scope::Admin].into_iter().collect(),
        secret_sha256: "00".repeat(32),
        replaced: None,
        created_at: ports.now(),
        expires_at: None,
        last_used_at: None,
    }
}

async fn project_deletion(ports: &impl Ports) -> Result<()> {
    let Scene { project, .. } = scene(ports).await?;
    let token = new_token(ports, project);
    ports.index(project, PutToken(ListedToken::from(&token))).await?;
    ports.tokens(TokenCommand::Put(token.clone())).await?;
    let is_listed = async || {
        let projects = access::list_projects(ports, page(100)).await?.items;
        Ok::<_, Error>(projects.iter().any(|listed| listed.id == project))
    };
    expect(is_listed().await?, "a project is listed")?;
    access::delete_project(ports, project).await?;
    expect(!is_listed().await?, "a deleted one is not")?;
    expect_eq(&ports.tokens(TokenCommand::Get(token.id)).await?, &None, "its tokens are revoked")?;
    expect_kind(access::project(ports, project).await, ErrorKind::NotFound, "it is not found")?;
    let list = super::files::list(ports, project, FileFilter::default(), FileOrder::Newest, page(1)).await;
    expect_kind(list, ErrorKind::NotFound, "nor is what it had")?;
    let save = super::classifiers::save(ports, project, "new".to_owned(), change(None, Some(classification("a"))));
    expect_kind(save.await, ErrorKind::NotFound, "nothing is added to it")?;
    expect_kind(access::delete_project(ports, project).await, ErrorKind::NotFound, "it is deleted once")
}

async fn tokens(ports: &impl Ports) -> Result<()> {
    let token = new_token(ports, ProjectId::from_bytes(ports.random()));
    expect_eq(&ports.tokens(TokenCommand::Get(token.id)).await?, &None, "before it is there")?;
    ports.tokens(TokenCommand::Put(token.clone())).await?;
    for _ in 0..2 {
        expect_eq(&ports.tokens(TokenCommand::Get(token.id)).await?, &Some(token.clone()), "while it is there")?;
    }
    let noon = Timestamp::from_millis(1_800_000_000_000);
    let use_at = |now| ports.tokens(TokenCommand::Use { id: token.id, now });
    let used = Token { last_used_at: Some(noon), ..token.clone() };
    for _ in 0..2 {
        expect_eq(&use_at(noon).await?, &Some(used.clone()), "when it is used")?;
    }
    let soon = noon + Duration::from_secs(60);
    expect_eq(&use_at(soon).await?, &Some(used.clone()), "a use shortly after is not noted")?;
    let rotate = TokenCommand::Rotate { id: token.id, secret_sha256: "11".repeat(32), replaced_until: soon };
    let rotated = Token {
        secret_sha256: "11".repeat(32),
        replaced: Some(ReplacedSecret { sha256: "00".repeat(32), valid_until: soon }),
        ..used
    };
    expect_eq(&ports.tokens(rotate).await?, &Some(rotated.clone()), "when it is rotated")?;
    expect_eq(&use_at(soon).await?, &Some(rotated.clone()), "after it is rotated")?;
    let later = noon + limits::TOKEN_USE_INTERVAL;
    expect_eq(&ports.tokens(TokenCommand::Get(token.id)).await?, &Some(rotated.clone()), "it is stored")?;
    expect_eq(&ports.tokens(TokenCommand::Revoke(token.id)).await?, &Some(rotated), "when it is revoked")?;
    expect_eq(&ports.tokens(TokenCommand::Get(token.id)).await?, &None, "after it is revoked")?;
    expect_eq(&use_at(later).await?, &None, "after it is revoked, too")
}

async fn token_listing(ports: &impl Ports) -> Result<()> {
    let project = scene(ports).await?.project;
    let row = |number: u8| ListedToken {
        id: TokenId::from_bytes([number; 16]),
        name: format!("token {number}"),
        scopes: Scopes::ALL,
        // Two tokens share each timestamp, so that the id has to break ties.
        created_at: Timestamp::from_millis(1_000_000 + i64::from(number / 2)),
        expires_at: None,
        last_used_at: None,
        replaced_until: None,
    };
    let mut rows: Vec<_> = (0..15).map(row).collect();
    for row in &rows {
        ports.index(project, PutToken(row.clone())).await?;
    }
    if let Some(first) = rows.first_mut() {
        first.last_used_at = Some(Timestamp::from_millis(2_000_000));
        ports.index(project, NoteToken(first.clone())).await?;
        expect_eq(&ports.index(project, GetToken { id: first.id }).await?, &Some(first.clone()), "by id")?;
    }
    rows.reverse();
    let mut seen = Vec::new();
    let mut request = page(4);
    for _ in 0..10 {
        let part = access::list_tokens(ports, project, request.clone()).await?;
        seen.extend(part.items);
        let Some(next) = part.next else { break };
        request.after = Some(next);
    }
    expect_eq(&seen, &rows, "newest first")?;
    let Some(last) = rows.pop() else { return Ok(()) };
    ports.index(project, RemoveToken { id: last.id }).await?;
    expect_eq(&ports.index(project, GetToken { id: last.id }).await?, &None, "a token that was removed")?;
    expect_eq(&access::list_tokens(ports, project, page(100)).await?.items, &rows, "the others stay")?;
    let unknown = ports.index(ProjectId::from_bytes(ports.random()), PutToken(last)).await;
    expect_kind(unknown, ErrorKind::NotFound, "a token of no project")
}

async fn shares(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let change = ChangeProject { max_open_jobs: Some(2), max_stored_mib: Some(1), ..ChangeProject::default() };
    access::change_project(ports, scene.project, change).await?;
    let first = scene.reserve(ports, scene.reservation(ports)).await?;
    let second = ReserveJob { idempotency_key: Some("second".to_owned()), ..scene.reservation(ports) };
    scene.reserve(ports, second.clone()).await?;
    let full = ErrorKind::RateLimited { quota: Quota::OpenJobs, retry_after: 10 };
    expect_kind(ports.index(scene.project, scene.reservation(ports)).await, full, "one job too many")?;
    let again = ports.index(scene.project, second).await?;
    expect(matches!(again, Reserved::Existing(_)), "an accepted job is still found by its key")?;
    let ended = Job { version: 1, state: State::Cancelled, ..first.snapshot() };
    ports.index(scene.project, UpsertJob(Box::new(ended))).await?;
    scene.reserve(ports, scene.reservation(ports)).await?;

    let limit = limits::MIB;
    let put = |size: u64| {
        let id = FileId::from_bytes(ports.random());
        ports.index(scene.project, PutFile(File { size: Some(size), ..new_file(ports, id, "large.txt") }))
    };
    expect_kind(put(limit).await, ErrorKind::TooLarge { limit }, "a file too large")?;
    put(limit - 10_000).await?;
    expect_kind(put(10_000).await, ErrorKind::TooLarge { limit }, "files that are too large together")?;
    let announced = FileId::from_bytes(ports.random());
    let row = File { size: None, ..new_file(ports, announced, "announced.txt") };
    ports.index(scene.project, PutFile(row)).await?;
    let lease = LeaseId::from_bytes(ports.random());
    let upload = BeginUpload { id: announced, length: 10_000, lease };
    expect_kind(ports.index(scene.project, upload).await, ErrorKind::TooLarge { limit }, "an upload too large")?;
    ports.index(scene.project, RemoveFile { id: scene.file }).await?;
    put(5_000).await.map(drop)
}

async fn one_upload(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let send = |command| ports.index(scene.project, command);
    let id = FileId::from_bytes(ports.random());
    let begin = |byte| BeginUpload { id, length: 3, lease: LeaseId::from_bytes([byte; 16]) };
    let complete = |byte| CompleteUpload { id, lease: LeaseId::from_bytes([byte; 16]), size: 3, kind: None };
    expect_eq(&send(begin(1)).await?, &None, "a file that was not announced")?;
    let announced = File { size: None, ..new_file(ports, id, "announced.txt") };
    ports.index(scene.project, PutFile(announced)).await?;
    expect(send(begin(1)).await?.is_some(), "the first upload begins")?;
    expect(send(begin(1)).await?.is_some(), "it renews its right")?;
    expect_kind(send(begin(2)).await, ErrorKind::Conflict, "a second one at the same time")?;
    expect_kind(ports.index(scene.project, complete(2)).await, ErrorKind::Conflict, "one that never began")?;
    let stranger = AbandonUpload { id, lease: LeaseId::from_bytes([2; 16]) };
    ports.index(scene.project, stranger).await?;
    expect_kind(send(begin(2)).await, ErrorKind::Conflict, "only its holder gives a right back")?;
    ports.index(scene.project, AbandonUpload { id, lease: LeaseId::from_bytes([1; 16]) }).await?;
    expect(send(begin(2)).await?.is_some(), "another upload after one that failed")?;
    expect_kind(ports.index(scene.project, complete(1)).await, ErrorKind::Conflict, "the one that failed")?;
    let done = ports.index(scene.project, complete(2)).await?;
    expect_eq(&done.map(|file| (file.size, file.upload)), &Some((Some(3), None)), "the file has its bytes")?;
    expect_kind(send(begin(3)).await, ErrorKind::Gone, "an address that was used")
}

async fn sleep(ports: &impl Ports) -> Result<()> {
    ports.sleep(Duration::ZERO).await;
    let long = Duration::from_secs(3_600);
    expect_eq(&super::ports::within(ports, long, async { Ok(7) }).await?, &7, "what is done before its time")?;
    let late = super::ports::within(ports, Duration::ZERO, futures_util::future::pending::<Result<()>>()).await;
    expect_kind(late, ErrorKind::Upstream { retryable: true }, "what is never done")
}

async fn clock_and_random(ports: &impl Ports) -> Result<()> {
    let drawn: BTreeSet<[u8; 16]> = (0..100).map(|_| ports.random()).collect();
    expect_eq(&drawn.len(), &100, "draws that differ")?;
    let before = ports.now();
    expect(ports.now() >= before, "time does not run back")?;
    let year_2020 = Timestamp::from_millis(1_577_836_800_000);
    expect(before > year_2020 && before < year_2020 + Duration::from_secs(100 * 365 * 86_400), "time is plausible")
}
