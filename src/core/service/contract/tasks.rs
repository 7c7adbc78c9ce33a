//! Checks of jobs that do not classify: what they are of, what they are asked for, and what is saved of it.

use super::{Scene, expect, expect_eq, expect_kind, new_file, scene};
use crate::{
    error::{ErrorKind, Result},
    extract::json_schema::Target,
    id::{ConfigurationId, FileId, JobId, LeaseId},
    job::{
        Command, Job, JobKind, JobSource, JsonExtraction, Options, RawJson, Report, Stage, Start, Status, StoredFile,
        Task, TaskOptions,
    },
    service::{
        configurations,
        index::{
            AdoptFile, ConfigurationFilter, File, JobFilter, JobInput, OptionsSource, Page, PageRequest, Refusal,
            ReserveJob, Reserved, SourceFilter, SourceKind, Work,
        },
        job_parts, jobs,
        ports::Ports,
    },
};

fn options(task: TaskOptions) -> Options {
    Options { saved: None, read_options: crate::document::ReadOptions::default(), task, echo: None }
}

fn extraction(property: &str) -> Result<Options> {
    let schema = serde_json::json!({ "type": "object", "properties": { property: { "type": "string" } } });
    let extraction = JsonExtraction { schema: RawJson::of(&schema)?, target: Target::Page };
    Ok(options(TaskOptions::ExtractJson(extraction)))
}

const fn page(size: u32) -> PageRequest {
    PageRequest { size, after: None }
}

/// A configuration is one under its name and task, and changes in what is named.
pub(super) async fn configurations(ports: &impl Ports) -> Result<()> {
    let project = scene(ports).await?.project;
    let save =
        async |name: &str, options: Options| configurations::save(ports, project, name.to_owned(), options).await;
    let first = save("invoices", extraction("number")?).await?;
    expect_eq(&save("invoices", extraction("number")?).await?, &first, "saving the same again changes nothing")?;
    let second = save("invoices", extraction("date")?).await?;
    expect_eq(&second.id, &first.id, "a name is one configuration")?;
    expect(second.version > first.version, "each change is a version")?;
    let other = save("invoices", options(TaskOptions::Parse)).await?;
    expect(other.id != first.id, "the same name of another task is another configuration")?;
    expect_eq(&configurations::get(ports, project, first.id).await?, &second, "the newest version")?;

    let filter =
        |tasks: Option<Vec<Task>>, name: Option<&str>| ConfigurationFilter { tasks, name: name.map(str::to_owned) };
    let list = async |filter, page| configurations::list(ports, project, filter, page).await;
    let first_page = list(filter(None, None), page(1)).await?;
    // A clock that stands still gives a changed version a millisecond more.
    let mut sorted = vec![second.clone(), other.clone()];
    sorted.sort_by_key(|saved| std::cmp::Reverse((saved.version, saved.id)));
    expect_eq(
        &first_page.items.iter().collect::<Vec<_>>(),
        &sorted.iter().take(1).collect(),
        "the last changed first",
    )?;
    let rest = list(filter(None, None), PageRequest { size: 1, after: first_page.next }).await?;
    let expected = Page { items: sorted.into_iter().skip(1).collect(), next: None };
    expect_eq(&rest, &expected, "after it the other")?;
    let of_task = filter(Some(vec![Task::ExtractJson]), Some("invoices"));
    expect_eq(&list(of_task.clone(), page(9)).await?.items, &vec![second.clone()], "by task and name")?;
    expect_eq(&configurations::count(ports, project, of_task).await?, &1, "their number")?;
    expect_eq(&list(filter(None, Some("bills")), page(9)).await?.items, &Vec::new(), "no such name")?;

    let bills = save("bills", extraction("number")?).await?;
    let taken = configurations::change(ports, project, bills.id, Some("invoices".to_owned()), None).await;
    expect_kind(taken, ErrorKind::Conflict, "a name that is taken")?;
    let renamed = configurations::change(ports, project, bills.id, Some("more".to_owned()), None).await?;
    expect_eq(&(renamed.name.as_str(), &renamed.options), &("more", &bills.options), "only the name changed")?;
    configurations::delete(ports, project, bills.id).await?;
    expect_kind(configurations::delete(ports, project, bills.id).await, ErrorKind::NotFound, "it is gone")
}

async fn reserve(ports: &impl Ports, scene: &Scene, input: JobInput, work: Work) -> Result<Reserved> {
    let reservation = ReserveJob { input, work, ..scene.reservation(ports) };
    ports.index(scene.project, reservation).await
}

async fn accept(ports: &impl Ports, scene: &Scene, input: JobInput, work: Work) -> Result<Job> {
    match reserve(ports, scene, input, work).await? {
        Reserved::Accepted(job) => Ok(*job),
        other => Err(super::unexpected(&other)),
    }
}

/// Jobs are filtered by their document, and by the configuration that they were created with.
pub(super) async fn sources(ports: &impl Ports) -> Result<()> {
    const URL: &str = "https://example.com/a.pdf?x=1";
    let scene = scene(ports).await?;
    let saved = configurations::save(ports, scene.project, "saved".to_owned(), extraction("number")?).await?;
    let inline = || -> Result<Work> { Ok(Work::Options(OptionsSource::Inline(Box::new(extraction("number")?)))) };
    let of_file = accept(ports, &scene, super::file(scene.file), inline()?).await?;
    let of_url = accept(ports, &scene, JobInput::Url(URL.to_owned()), inline()?).await?;
    let from_saved = Work::Options(OptionsSource::Saved(Task::ExtractJson, saved.id));
    let with_saved = accept(ports, &scene, super::file(scene.file), from_saved).await?;
    expect_eq(&of_url.stage(), &Some(Stage::Fetch), "a URL is fetched first")?;
    expect_eq(&with_saved.saved_configuration(), &Some(saved.id), "it says what it was created with")?;

    let ids = async |filter: JobFilter| -> Result<Vec<JobId>> {
        let filter = JobFilter { kind: Some(JobKind::JsonExtraction), ..filter };
        Ok(jobs::list(ports, scene.project, filter, page(9)).await?.items.into_iter().map(|job| job.id).collect())
    };
    let of = |source| JobFilter { source: Some(source), ..JobFilter::default() };
    let kind = |kind| JobFilter { source_kind: Some(kind), ..JobFilter::default() };
    let both = |mut ids: Vec<JobId>| {
        ids.sort();
        ids
    };
    let files = both(vec![of_file.id, with_saved.id]);
    expect_eq(&both(ids(of(SourceFilter::File(scene.file))).await?), &files, "by the file")?;
    expect_eq(&both(ids(kind(SourceKind::File)).await?), &files, "by files")?;
    expect_eq(&ids(of(SourceFilter::Url(URL.to_owned()))).await?, &vec![of_url.id], "by the URL")?;
    expect_eq(&ids(kind(SourceKind::Url)).await?, &vec![of_url.id], "by URLs")?;
    expect_eq(&ids(of(SourceFilter::Url("https://example.com/".to_owned()))).await?, &Vec::new(), "by another URL")?;
    expect_eq(&ids(kind(SourceKind::Parsed)).await?, &Vec::new(), "by parse jobs")?;
    let by_saved = JobFilter { configuration: Some(saved.id), ..JobFilter::default() };
    expect_eq(&ids(by_saved).await?, &vec![with_saved.id], "by the configuration")?;

    let unknown = Work::Options(OptionsSource::Saved(Task::Parse, saved.id));
    let refused = reserve(ports, &scene, super::file(scene.file), unknown).await?;
    expect_eq(&refused, &Reserved::Refused(Refusal::UnknownConfiguration), "a configuration of another task")?;
    let unknown = OptionsSource::Saved(Task::ExtractJson, ConfigurationId::from_bytes([9; 16]));
    let refused = reserve(ports, &scene, super::file(scene.file), Work::Options(unknown)).await?;
    expect_eq(&refused, &Reserved::Refused(Refusal::UnknownConfiguration), "no such configuration")?;
    let parsed = reserve(ports, &scene, JobInput::Parsed(of_file.id), inline()?).await?;
    expect_eq(&parsed, &Reserved::Refused(Refusal::ParseJobNotDone(Status::Queued)), "a job that has not succeeded")?;
    let parsed = reserve(ports, &scene, JobInput::Parsed(JobId::from_bytes([9; 16])), inline()?).await?;
    expect_eq(&parsed, &Reserved::Refused(Refusal::UnknownParseJob), "no such job")
}

/// Jobs of all kinds are one listing.
pub(super) async fn all_kinds(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let work = |task| Work::Options(OptionsSource::Inline(Box::new(options(task))));
    let parse = accept(ports, &scene, super::file(scene.file), work(TaskOptions::Parse)).await?;
    let classify = scene.reserve(ports, scene.reservation(ports)).await?;
    let mail = ReserveJob { input: JobInput::Mail(Box::default()), ..scene.reservation(ports) };
    let mail = scene.reserve(ports, mail).await?;
    let second = accept(ports, &scene, super::file(scene.file), work(TaskOptions::Parse)).await?;
    let mut expected = [parse, classify, mail, second].map(|job| (job.created_at, job.id));
    expected.sort_by_key(|key| std::cmp::Reverse(*key));

    for filter in [JobFilter::default(), JobFilter { status: Some(Status::Queued), ..JobFilter::default() }] {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let listed = scene.list(ports, filter.clone(), PageRequest { size: 3, after: next }).await?;
            found.extend(listed.items.iter().map(|job| (job.created_at, job.id)));
            next = listed.next;
            if next.is_none() {
                break;
            }
        }
        expect_eq(&found.as_slice(), &expected.as_slice(), "all jobs, newest first")?;
        expect_eq(&jobs::count(ports, scene.project, filter).await?, &Some(4), "their number")?;
    }
    let ended = JobFilter { status: Some(Status::Succeeded), ..JobFilter::default() };
    expect_eq(&scene.list(ports, ended, page(9)).await?.items, &Vec::new(), "none has succeeded")
}

/// A job of a URL goes on with the file that was fetched, and an output apart is deleted with its job.
pub(super) async fn outputs(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let work = Work::Options(OptionsSource::Inline(Box::new(options(TaskOptions::Parse))));
    let url = "https://example.com/b.pdf".to_owned();
    let job = accept(ports, &scene, JobInput::Url(url.clone()), work).await?;
    let (project, id) = (scene.project, job.id);
    let lease = LeaseId::from_bytes(ports.random());
    ports.job(project, id, Command::Submit { job: Box::new(job), start: Start::Queue }).await?;
    ports.job(project, id, Command::Claim { lease }).await?;
    let stored = StoredFile { id: scene.file, size: 3 };
    ports.job(project, id, Command::Report { lease, report: Report::Fetched(stored) }).await?;
    let fetched = jobs::get(ports, project, id).await?;
    expect_eq(&fetched.source, &JobSource::Url { url, file: Some(stored) }, "the file is known")?;
    expect_eq(&fetched.stage(), &Some(Stage::Parse), "the next stage")?;
    let lease = LeaseId::from_bytes(ports.random());
    ports.job(project, id, Command::Claim { lease }).await?;
    let claimed = jobs::get(ports, project, id).await?;
    let output = RawJson::of("what was read")?;
    let report = job_parts::put_output(ports, &claimed, Report::Output(output.clone())).await?;
    expect_eq(&report, &Report::OutputApart, "what parsing gives is apart")?;
    ports.job(project, id, Command::Report { lease, report }).await?;
    let done = jobs::get(ports, project, id).await?;
    expect_eq(&(done.status(), &done.output), &(Status::Succeeded, &None), "the record does not have it")?;
    expect_eq(&job_parts::with_output(ports, done.clone()).await?.output, &Some(output), "it comes back")?;
    jobs::delete(ports, project, id, JobKind::Parse).await?;
    expect_kind(job_parts::with_output(ports, done).await, ErrorKind::NotFound, "it is deleted with the job")
}

/// The same bytes from URLs are one file.
pub(super) async fn adopted_files(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let fetched = |name: &str, hash: &str| File {
        sha256: Some(hash.to_owned()),
        ..new_file(ports, FileId::from_bytes(ports.random()), name)
    };
    let adopt = async |file: File| ports.index(scene.project, AdoptFile(file)).await;
    let first = adopt(fetched("first.pdf", "aa")).await?;
    let again = adopt(fetched("second.pdf", "aa")).await?;
    expect_eq(&(again.id, again.name.as_str()), &(first.id, "first.pdf"), "the same bytes")?;
    expect(again.created_at >= first.created_at, "it is as new as the second")?;
    let other = adopt(fetched("other.pdf", "bb")).await?;
    expect(other.id != first.id, "other bytes are another file")?;
    crate::service::files::delete(ports, scene.project, first.id).await?;
    let anew = adopt(fetched("third.pdf", "aa")).await?;
    expect_eq(&anew.name.as_str(), &"third.pdf", "a deleted file is not adopted")
}
