//! Checks of what is too large for a row or a page.

use std::{collections::BTreeSet, future::Future};

use ::bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::{
    super::{
        classifiers, files, job_parts,
        ports::{FileKey, JobPartKey},
        schemas, stage,
    },
    Scene, expect, expect_eq, expect_kind, new_file, page, scene,
};
use crate::{
    classify::{Rule, RuleSet},
    document::Mail,
    error::{Error, ErrorKind, Result},
    extract::Schema,
    id::{FileId, LeaseId},
    job::{Classification, Command, Job, JobKind, JobPart, JobSource, Start, Status},
    limits,
    service::{
        index::{
            ClassifierChange, ClassifierFilter, Cursor, FileFilter, FileOrder, GetSchemaVersion, JobFilter, JobInput,
            Page, PageRequest, PutFile, RemoveFile, RemoveJob, ReserveJob, RuleSource, SavedSchema, Versions, Work,
            json_bytes,
        },
        job_reply::JobReply,
        jobs,
        ports::Ports,
    },
};

/// The largest rule set: as many rules as there may be, each with a label and a description of maximum length, in
/// characters of four bytes.
fn largest_rules() -> Classification {
    let rule = |number: usize| {
        let label = format!("{number:03}{}", "\u{1f4c4}".repeat(limits::MAX_LABEL_CHARS - 3));
        Rule::new(&label, "\u{1f4c4}".repeat(limits::MAX_DESCRIPTION_CHARS))
    };
    Classification { rules: RuleSet { rules: (0..limits::MAX_RULES).map(rule).collect() }, ..Classification::default() }
}

/// A schema whose record has about as many bytes as may be stored.
fn largest_schema(first_field: &str) -> Result<Schema> {
    let text = "\u{1f4c4}".repeat(limits::MAX_FIELD_TEXT_CHARS);
    let fields = |names: std::ops::Range<usize>| -> Vec<_> {
        names.map(|number| json!({ "name": format!("field {number}"), "description": text })).collect()
    };
    let mut first = fields(0..limits::MAX_FIELDS);
    first.insert(0, json!({ "name": first_field }));
    first.truncate(limits::MAX_FIELDS);
    let tables = json!([{ "name": "t", "fields": fields(0..limits::MAX_FIELDS) }]);
    serde_json::from_value(json!({ "fields": first, "tables": tables })).map_err(Error::internal)
}

impl Scene {
    /// Accepts a job, stores what is stored apart, and submits the job to the queue.
    async fn accept(&self, ports: &impl Ports, reservation: ReserveJob) -> Result<Job> {
        let mut job = self.reserve(ports, reservation).await?;
        job_parts::put_mail(ports, &mut job).await?;
        let submit = Command::Submit { job: Box::new(job.clone()), start: Start::Queue };
        ports.job(self.project, job.id, submit).await?;
        Ok(job)
    }

    /// Runs the current stage of a job.
    async fn run(&self, ports: &impl Ports, job: &Job) -> Result<Job> {
        let lease = LeaseId::from_bytes(ports.random());
        let JobReply::Claimed(claimed) = ports.job(self.project, job.id, Command::Claim { lease }).await? else {
            return Err(Error::internal("the job cannot be claimed"));
        };
        let report = job_parts::put_output(ports, &claimed, stage::run(ports, &claimed).await?).await?;
        ports.job(self.project, job.id, Command::Report { lease, report }).await?.into_job()
    }
}

pub(super) async fn parts_apart(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let change = ClassifierChange { classification: Some(largest_rules()), ..ClassifierChange::default() };
    let classifier = classifiers::save(ports, scene.project, "largest".to_owned(), change).await?;
    let mail =
        Mail { subject: "Long".to_owned(), body: "word ".repeat(limits::MAX_MAIL_BYTES / 5 - 100), ..Mail::default() };
    let job = scene
        .accept(
            ports,
            ReserveJob {
                input: JobInput::Mail(Box::new(mail.clone())),
                work: Work::Classify(RuleSource::Saved(classifier.id)),
                ..scene.reservation(ports)
            },
        )
        .await?;
    expect_eq(&job.apart, &vec![JobPart::Mail], "the mail is apart")?;
    let stored = jobs::get(ports, scene.project, job.id).await?;
    expect_eq(&stored.source, &JobSource::Mail { mail: None }, "the job does not have it")?;
    let with_mail = job_parts::with_input(ports, &stored).await?;
    expect_eq(&with_mail.source, &JobSource::Mail { mail: Some(Box::new(mail)) }, "it comes back")?;
    let done = scene.run(ports, &job).await?;
    expect_eq(&done.status(), &Status::Succeeded, "the job runs")?;
    let listed = scene.list(ports, JobFilter::default(), page(10)).await?;
    expect_eq(&listed.items, &vec![done.snapshot()], "the job is listed")?;
    jobs::delete(ports, scene.project, job.id, JobKind::Mail).await?;
    let key = JobPartKey { project: scene.project, job: job.id, part: JobPart::Mail };
    expect_eq(&ports.part(key).await?, &None, "the mail is deleted with the job")?;
    ports.delete_part(key).await?;

    let small = ReserveJob { input: JobInput::Mail(Box::default()), ..scene.reservation(ports) };
    let small = scene.reserve(ports, small).await?;
    expect_eq(&small.apart, &Vec::new(), "a small job has everything itself")?;
    let mut too_large = largest_rules();
    too_large.rules.rules.iter_mut().for_each(|rule| rule.examples = vec!["x".repeat(2_000)]);
    let work = Work::Classify(RuleSource::Inline(Box::new(too_large.clone())));
    let refused = scene.reserve(ports, ReserveJob { work, ..scene.reservation(ports) }).await;
    let limit = u64::try_from(limits::MAX_JOB_BYTES).unwrap_or_default();
    expect_kind(refused, ErrorKind::TooLarge { limit }, "a job that no row has room for")?;
    let change = ClassifierChange { classification: Some(too_large), ..ClassifierChange::default() };
    let refused = classifiers::save(ports, scene.project, "too large".to_owned(), change).await;
    let limit = u64::try_from(limits::MAX_CLASSIFICATION_BYTES).unwrap_or_default();
    expect_kind(refused, ErrorKind::TooLarge { limit }, "a classifier that no job has room for")
}

pub(super) async fn schema_versions(ports: &impl Ports) -> Result<()> {
    let scene = scene(ports).await?;
    let save = async |schema| schemas::save(ports, scene.project, "large".to_owned(), schema).await;
    let first = save(largest_schema("first")?).await?;
    let extraction = |ports| ReserveJob { work: Work::Extract(first.id), ..scene.reservation(ports) };
    let accepted = scene.accept(ports, extraction(ports)).await?;
    let refers = |job: &Job| job.route.as_ref().is_some_and(|route| route.schema == Schema::default());
    expect(refers(&accepted), "a large job refers to its schema")?;
    let second = save(largest_schema("second")?).await?;
    expect(second.updated_at > first.updated_at, "versions rise")?;
    let content = async |version: &SavedSchema| {
        ports.index(scene.project, GetSchemaVersion { id: version.id, version: version.updated_at }).await
    };
    expect_eq(&content(&first).await?, &Some(first.schema.clone()), "the content that a job refers to")?;
    expect_eq(&content(&second).await?, &Some(second.schema.clone()), "the current content")?;
    let key = FileKey { project: scene.project, file: scene.file };
    ports.put(key, Bytes::from_static(b"first: 7")).await?;
    let done = scene.run(ports, &accepted).await?;
    expect(done.has_extraction() && refers(&done), "it runs, and still refers to the schema")?;
    let with_output = job_parts::with_output(ports, done).await?;
    expect_eq(&with_output.route.map(|route| route.schema), &Some(first.schema.clone()), "the output has the schema")?;
    schemas::delete(ports, scene.project, first.id).await?;
    expect_eq(&content(&first).await?, &Some(first.schema.clone()), "it outlives the schema")?;
    ports.index(scene.project, RemoveJob { id: accepted.id }).await?;
    // Any change of a schema removes what is not used any more.
    for field in ["third", "fourth"] {
        save(largest_schema(field)?).await?;
    }
    expect_eq(&content(&first).await?, &None, "no job refers to it")
}

/// All items of a listing, page by page. No page may have more bytes than a page may have, unless it has one item.
async fn collect<T: Serialize, F: Future<Output = Result<Page<T>>>>(list: impl Fn(PageRequest) -> F) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut after: Option<Cursor> = None;
    for _ in 0..10 {
        let part = list(PageRequest { size: 10, after }).await?;
        expect(part.items.len() == 1 || json_bytes(&part.items)? <= limits::PAGE_BYTES + 100, "a page is bounded")?;
        all.extend(part.items);
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    expect(after.is_none(), "the last page")?;
    Ok(all)
}

pub(super) async fn page_bytes(ports: &impl Ports) -> Result<()> {
    let project = scene(ports).await?.project;
    let mut versions = Vec::new();
    for number in 0..4_usize {
        let mut classification = largest_rules();
        classification.rules.rules.truncate(85 + number);
        let change = ClassifierChange { classification: Some(classification), ..ClassifierChange::default() };
        versions.insert(0, classifiers::save(ports, project, "large".to_owned(), change).await?);
    }
    let filter = ClassifierFilter { versions: Versions::All, ..ClassifierFilter::default() };
    let listed = collect(|page| classifiers::list(ports, project, filter.clone(), page)).await?;
    expect(listed == versions, "every version, newest first")?;
    let mut saved = Vec::new();
    for name in ["a", "b", "c"] {
        saved.push(schemas::save(ports, project, name.to_owned(), largest_schema(name)?).await?);
    }
    expect(collect(|page| schemas::list(ports, project, page)).await? == saved, "every schema")?;
    let scene = scene(ports).await?;
    ports.index(scene.project, RemoveFile { id: scene.file }).await?;
    let mut put = BTreeSet::new();
    for _ in 0..120 {
        let mut file = new_file(ports, FileId::from_bytes(ports.random()), &"\u{1f4c4}".repeat(3_000));
        file.external_id = Some("\u{1f4c4}".repeat(1_000));
        ports.index(scene.project, PutFile(file.clone())).await?;
        put.insert(file.id);
    }
    let list = |page| {
        let page = PageRequest { size: 100, ..page };
        files::list(ports, scene.project, FileFilter::default(), FileOrder::Name, page)
    };
    let listed: Vec<FileId> = collect(list).await?.into_iter().map(|file| file.id).collect();
    expect_eq(&listed, &put.into_iter().collect(), "every file, by name and then by id")?;
    Ok(())
}

pub(super) async fn listed_bytes(ports: &impl Ports) -> Result<()> {
    const COUNT: usize = 8;
    let scene = scene(ports).await?;
    let mut ids = BTreeSet::new();
    for _ in 0..COUNT {
        let work = Work::Classify(RuleSource::Inline(Box::new(largest_rules())));
        ids.insert(scene.reserve(ports, ReserveJob { work, ..scene.reservation(ports) }).await?.id);
    }
    let mut after = None;
    for _ in 0..COUNT {
        let part = scene.list(ports, JobFilter::default(), PageRequest { size: 100, after }).await?;
        let bytes = json_bytes(&part.items)?;
        expect(part.items.len() == 1 || bytes <= limits::MAX_LISTED_BYTES + limits::PAGE_BYTES, "a page is bounded")?;
        part.items.iter().for_each(|job| {
            ids.remove(&job.id);
        });
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    expect(ids.is_empty(), "every job is listed")
}
