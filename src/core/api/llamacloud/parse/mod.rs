//! Parse v2: jobs that read a document as text, as Markdown and as items.
//!
//! One engine serves every tier and version. Options that make no difference here are taken and shown; what would
//! change the answer and is not done is refused with its place.

pub(super) mod legacy;
pub(super) mod wire;

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use self::wire::{Expansion, ParseJob, ParseResponse, ParseVersions};
use super::{
    Body, Caller, Reply, files,
    ids::{ID_CHARS, IdFormat, ParseJobId, PathId},
    inputs::{self, DocumentInput},
    job_calls::{self, ListQuery},
    rules::PAGES,
    webhooks::Webhooks,
    wire::{Listing, status_of, status_words},
};
use crate::{
    api::{checked::Checked, page_token, reply},
    document::ReadOptions,
    error::{Error, ErrorKind, Result},
    id::ConfigurationId,
    job::{External, Job, JobKind, Options, RawJson, Status, Task, TaskOptions},
    parse::ParseResult,
    service::{
        index::{JobFilter, OptionsSource, Page, RequestedWebhooks, Work},
        job_parts,
        jobs::{self, CreateOutcome, JobRequest},
        ports::{Environment, FileKey, Ports},
        stateless,
    },
    validate::{
        declare::declare,
        shape::{Choice, Declared, FilePart, OPEN, Object, Shape},
    },
};

const LISTING: &str = "parse";

/// The jobs of this product. Others of the project are neither listed nor cancelled nor deleted by it.
const KIND: JobKind = JobKind::Parse;

/// The longest name of a tier, a version or a client, in characters.
const WORD_CHARS: usize = 255;

const WORD: Shape = Shape::text(0..=WORD_CHARS);

/// How many key-value pairs a caller may attach to a job, and how long they may be, in characters.
const TAGS: Shape = Shape::Named { name: 1..=100, max: 50, member: &Shape::text(0..=500) };

declare! {
    /// How a document is parsed.
    #[derive(Debug)]
    pub(super) struct ParseOptions(OPEN) {
        /// The tier. All run in the same way.
        tier: Option<String> = optional(WORD),
        /// The version of the tier. There is one.
        version: Option<String> = optional(WORD),
        /// Which pages are read.
        page_ranges: Option<PageRanges> = optional,
        /// The name of the client.
        client_name: Option<String> = optional(WORD),
        /// Key-value pairs that are returned with the job.
        user_metadata: Option<Value> = optional(TAGS),
        /// Not supported: a page is read whole.
        crop_box: Option<Value> = optional(NO_CROP),
        /// Makes no difference: nothing is cached.
        disable_cache: Option<bool> = optional(Shape::Boolean),
        /// Makes no difference: no model is asked.
        agentic_options: Option<Value> = optional(Shape::Any),
        /// Makes no difference.
        fast_options: Option<Value> = optional(Shape::Any),
        /// Makes no difference.
        input_options: Option<Value> = optional(Shape::Any),
        /// Makes no difference: every output can be asked for.
        output_options: Option<Value> = optional(Shape::Any),
        /// Makes no difference: a job has its own limits.
        processing_control: Option<Value> = optional(Shape::Any),
        /// Makes no difference.
        processing_options: Option<Value> = optional(Shape::Any),
    }
}

declare! {
    /// Which pages of a document are read.
    #[derive(Debug)]
    pub(super) struct PageRanges(OPEN) {
        /// How many pages are read at most, counted from the first selected one.
        max_pages: Option<u32> = optional(Shape::integer(1..=u32::MAX)),
        /// Which pages are read, such as `1,3-4`; all if absent or blank.
        target_pages: Option<String> = optional(PAGES),
    }
}

/// A crop box that leaves out nothing.
const NO_CROP: Shape = Shape::Own {
    documented: &Shape::Any,
    format: "",
    check: |check, field| {
        let sides = ["top", "left", "bottom", "right"];
        if !field.is_empty() && sides.iter().any(|side| !field.get(side).is_absent()) {
            check.reject_value(field, "cropping pages is not supported");
        }
    },
};

declare! {
    /// A document to parse.
    #[derive(Debug)]
    pub(super) struct NewParseJob(Object { choices: &[DOCUMENT_OR_URL], ..OPEN }) {
        /// The id of the file.
        file_id: Option<String> = optional(inputs::DOCUMENT),
        /// The URL of the document.
        source_url: Option<String> = optional(inputs::DOCUMENT),
        /// The saved configuration of the product `parse_v2`. Options of the request make no difference beside it.
        configuration_id: Option<String> = optional(Shape::text(1..=ID_CHARS)),
        /// Not supported: the URL is requested directly.
        http_proxy: Option<Value> = optional(NO_PROXY),
        options: ParseOptions = flattened,
        webhooks: Webhooks = flattened,
    }
}

const NO_PROXY: Shape = Shape::Own {
    documented: &Shape::Any,
    format: "",
    check: |check, field| check.reject_value(field, "a proxy is not used: the URL is requested directly"),
};

const DOCUMENT_OR_URL: Choice = Choice {
    members: &["file_id", "source_url"],
    exclusive: true,
    check: |check, input| {
        let (file, url) = (input.get("file_id"), input.get("source_url"));
        match (file.is_absent(), url.is_absent()) {
            (true, true) => check.require(&file),
            (false, false) => check.reject_value(&url, "file_id and source_url exclude each other"),
            (false, true) => inputs::check_document(check, &file),
            (true, false) => inputs::check_document(check, &url),
        }
    },
};

declare! {
    /// A file to upload and to parse.
    #[derive(Debug)]
    pub(super) struct ParseUpload(OPEN) {
        /// The file, of up to 100 MiB.
        file: FilePart = required(Shape::File),
        /// How it is parsed, as JSON.
        configuration: Option<ParseUploadOptions> = optional,
    }
}

declare! {
    /// How an uploaded file is parsed, and whom the job notifies.
    #[derive(Debug)]
    pub(super) struct ParseUploadOptions(OPEN) {
        options: ParseOptions = flattened,
        webhooks: Webhooks = flattened,
    }
}

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct ParseQuery(OPEN) {
        /// The status.
        status: Option<String> = optional(Shape::Words(status_words)),
        jobs: ListQuery = flattened,
    }
}

declare! {
    /// What else to answer of a parse job.
    #[derive(Debug)]
    pub(super) struct ParseExpandQuery(OPEN) {
        /// `text`, `markdown`, `items` and `metadata` of each page, `text_full` and `markdown_full` of all, `usage` for
        /// the cost, `job_metadata`.
        expand: Vec<String> = optional(Shape::list(0..=usize::MAX, &Shape::Words(Expansion::words))),
    }
}

impl ParseOptions {
    /// The options of a job.
    pub(super) fn into_options(self) -> Result<Options> {
        let (max_pages, pages) =
            self.page_ranges.map_or((None, None), |ranges| (ranges.max_pages, ranges.target_pages));
        let echo = wire::Echo { tier: self.tier, version: self.version, user_metadata: self.user_metadata };
        Ok(Options {
            saved: None,
            read_options: ReadOptions { pages: pages.filter(|pages| !pages.trim().is_empty()), max_pages },
            task: TaskOptions::Parse,
            echo: Some(RawJson::of(&echo)?),
        })
    }
}

/// `POST /api/v2/parse`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewParseJob>) -> Reply {
    let mut body = body.0;
    let document = inputs::take_from(&mut body, &["file_id", "source_url"], &caller.ports);
    Webhooks::check(&mut body, &caller.ports);
    let job = body.finish()?;
    let document = document.ok_or_else(|| Error::internal("a document that was checked"))?;
    let options = match job.configuration_id {
        Some(text) => {
            let id = ConfigurationId::parse(&text).ok_or_else(|| unknown_configuration(&text))?;
            OptionsSource::Saved(Task::Parse, id)
        }
        None => OptionsSource::Inline(Box::new(job.options.into_options()?)),
    };
    let job = start(&caller, document, options, job.webhooks.requested()).await?;
    Ok(reply::json(StatusCode::OK, &ParseJob::new(&job)?))
}

/// `POST /api/v2/parse/upload`
pub(super) async fn upload<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    let mut described = None;
    let file = files::receive(&caller, "file", ParseUpload::OBJECT, &headers, body, |form| {
        let text = form.texts.get("configuration").map(String::as_str);
        described = Some(options_of(text, &caller.ports)?);
        Ok((Some("parse".to_owned()), None))
    })
    .await?;
    let described: ParseUploadOptions = described.ok_or_else(|| Error::internal("a form that was not described"))?;
    let source = OptionsSource::Inline(Box::new(described.options.into_options()?));
    let job = start(&caller, DocumentInput::File(file.id), source, described.webhooks.requested()).await?;
    Ok(reply::json(StatusCode::OK, &ParseJob::new(&job)?))
}

/// The options in the part `configuration` of a form, which is JSON.
fn options_of(text: Option<&str>, ports: &impl Environment) -> Result<ParseUploadOptions> {
    let read = text.filter(|text| !text.trim().is_empty()).map(serde_json::from_str::<Option<Value>>).transpose();
    let value = read.map_err(|error| {
        Error::new(ErrorKind::Invalid, format!("The part configuration is not valid JSON: {error}"))
    })?;
    let value = value.flatten().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let mut options = Checked::<ParseUploadOptions>::new("configuration", value);
    Webhooks::check(&mut options, ports);
    options.finish()
}

fn unknown_configuration(id: &str) -> Error {
    Error::not_found(format!("Parse configuration {id} not found"))
}

/// Creates a parse job.
async fn start<P: Ports>(
    caller: &Caller<P>,
    document: DocumentInput,
    options: OptionsSource,
    webhooks: RequestedWebhooks,
) -> Result<Box<Job>> {
    let saved = match &options {
        OptionsSource::Saved(_, id) => id.format(),
        OptionsSource::Inline(_) => String::new(),
    };
    let request = JobRequest {
        input: document.clone().into_job_input(),
        work: Work::Options(options),
        idempotency_key: None,
        external: External::default(),
        webhooks,
    };
    match jobs::create(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => Ok(job),
        CreateOutcome::Refused(refusal) => {
            Err(document.refusal_error(refusal, caller.token.project, || unknown_configuration(&saved)))
        }
    }
}

/// `GET /api/v2/parse`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<ParseQuery>();
    let page = page_token::page(&mut query, LISTING);
    let query = query.finish()?;
    let status = query.status.as_deref().and_then(status_of);
    let filter = JobFilter { status, ..query.jobs.filter::<ParseJobId>(KIND) };
    let (jobs, total) = query.jobs.jobs(&caller, filter, page).await?;
    let items = jobs.items.iter().map(ParseJob::new).collect::<Result<Vec<_>>>()?;
    let page = Page { items, next: jobs.next };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, Clone::clone).with_total(total)))
}

/// `GET /api/v2/parse/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    let ParseExpandQuery { expand } = caller.query.checked().finish()?;
    let expansion = Expansion::of(&expand);
    let job = parsed_job(&caller, id).await?;
    let result = if expansion.needs_result() && job.status() == Status::Succeeded {
        Some(result(&caller, job.clone()).await?)
    } else {
        None
    };
    Ok(reply::json(StatusCode::OK, &ParseResponse::new(&job, result.as_ref(), &expansion)?))
}

/// The job under the id of a parse job: one, or another whose document can be parsed.
async fn parsed_job<P: Ports>(caller: &Caller<P>, id: ParseJobId) -> Result<Job> {
    let job = jobs::get(&caller.ports, caller.token.project, id.0).await;
    let job = job.map_err(|error| error.with_not_found_message(ParseJobId::MISSING))?;
    let is_parsed = job.kind() == KIND || (job.status() == Status::Succeeded && job.source.file().is_some());
    if is_parsed { Ok(job) } else { Err(Error::not_found(ParseJobId::MISSING)) }
}

/// The parse result of a job that has succeeded. A parse job has it stored; the document of any other job is parsed now.
async fn result<P: Ports>(caller: &Caller<P>, job: Job) -> Result<ParseResult> {
    if job.kind() == KIND {
        let job = job_parts::with_output(&caller.ports, job).await?;
        return job.output.ok_or_else(|| Error::internal("a parse job without an output"))?.parse();
    }
    let file = job.source.file().ok_or_else(|| Error::not_found(ParseJobId::MISSING))?;
    let key = FileKey { project: job.project, file: file.id };
    stateless::parse_stored(&caller.ports, key, job.read_options().clone()).await
}

/// `POST /api/v2/parse/{id}/cancel`
pub(super) async fn cancel<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    let job = job_calls::cancel(&caller, id, KIND).await?;
    Ok(reply::json(StatusCode::OK, &ParseJob::new(&job)?))
}

/// `DELETE /api/v2/parse/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    Ok(reply::json(StatusCode::OK, &job_calls::delete(&caller, id, KIND).await?))
}

/// `GET /api/v2/parse/versions`
pub(super) async fn versions<P: Ports>(_: Caller<P>) -> Reply {
    Ok(reply::json(StatusCode::OK, &ParseVersions::current()))
}
