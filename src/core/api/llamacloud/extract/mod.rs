//! Extract v2: jobs that extract the values of a JSON Schema from a document.

mod options;
mod wire;

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

pub(super) use self::options::{ExtractConfiguration, ExtractOptions, SchemaBody};
pub(super) use self::wire::{DeletedExtractJob, ExtractJob, GeneratedConfiguration, ValidatedSchema};
use self::{
    options::missing_schema,
    wire::{Expansion, GeneratedParameters},
};
use super::{
    Caller, Reply,
    ids::{self, ExtractJobId, ID_CHARS, IdFormat, PathId},
    inputs::{self, ANY_DOCUMENT, DOCUMENT, DocumentInput},
    job_calls,
    wire::{Listing, TotalQuery, status_of, status_words},
};
use crate::{
    api::{
        page_token::{self, Paging},
        reply,
    },
    error::{Error, ErrorKind, Result},
    id::{ConfigurationId, FileId, ProjectId},
    job::{External, Job, JobKind, Task},
    service::{
        files,
        index::{JobFilter, OptionsSource, Page, Refusal, Work},
        job_parts,
        jobs::{self, CreateOutcome, JobRequest},
        ports::{FileKey, Ports},
        stateless::{self, SchemaBasis},
    },
    time::Timestamp,
    validate::{
        declare::declare,
        shape::{Choice, DATETIME, OPEN, Object, Shape},
    },
};

const LISTING: &str = "extract";

/// The jobs of this product. Others of the project are neither listed nor found.
const KIND: JobKind = JobKind::JsonExtraction;

declare! {
    /// A document, and what to extract from it.
    #[derive(Debug)]
    pub(super) struct NewExtractJob(Object { choices: &[ANY_DOCUMENT, CONFIGURATION], ..OPEN }) {
        /// The project, which must be that of the token. One public client sends it here.
        project_id: Option<String> = optional(ids::id_shape::<ProjectId>()),
        /// The document: the id of a file, of a parse job (`pjb-...`), or a URL.
        file_input: Option<String> = optional(DOCUMENT),
        /// The name of `file_input` for some clients.
        file_id: Option<String> = optional(DOCUMENT),
        /// The name of `file_input` for some clients, if it is a parse job.
        parse_job_id: Option<String> = optional(DOCUMENT),
        /// What to extract.
        configuration: Option<ExtractOptions> = optional,
        /// The saved configuration of the product `extract_v2` to use instead.
        configuration_id: Option<String> = optional(Shape::text(1..=ID_CHARS)),
    }
}

const CONFIGURATION: Choice = Choice {
    members: &["configuration", "configuration_id"],
    exclusive: true,
    check: |check, input| {
        let inline = input.get("configuration");
        match (inline.is_absent(), input.get("configuration_id").is_absent()) {
            (true, true) => check.reject_value(&inline, "either configuration or configuration_id is required"),
            (false, false) => check.reject_value(&inline, "configuration and configuration_id exclude each other"),
            _ => {}
        }
    },
};

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct ExtractQuery(OPEN) {
        /// The saved configuration that the jobs ran with.
        configuration_id: Option<String> = optional(ids::ID),
        /// The ids of the jobs.
        job_ids: Option<Vec<String>> = optional(ids::IDS),
        /// The status. No job is ever `THROTTLED`.
        status: Option<String> = optional(Shape::Words(query_statuses)),
        /// The document.
        file_input: Option<String> = optional(DOCUMENT_FILTER),
        /// The name of `file_input` for the first clients.
        document_input_value: Option<String> = optional(DOCUMENT_FILTER),
        /// What the document was named by.
        document_input_type: Option<String> = optional(Shape::Words(|| vec!["file_id", "parse_job_id", "url"])),
        /// When the jobs were created at the earliest.
        created_at_on_or_after: Option<Timestamp> = optional(DATETIME),
        /// When they were created at the latest.
        created_at_on_or_before: Option<Timestamp> = optional(DATETIME),
        expand: ExtractExpandQuery = flattened,
        paging: Paging = flattened,
        total: TotalQuery = flattened,
    }
}

const DOCUMENT_FILTER: Shape = Shape::text(0..=2_048);

fn query_statuses() -> Vec<&'static str> {
    status_words().into_iter().chain(["THROTTLED"]).collect()
}

declare! {
    /// What else to answer of an extraction job.
    #[derive(Debug)]
    pub(super) struct ExtractExpandQuery(OPEN) {
        /// `configuration`, `extract_metadata`, and `usage` for the cost.
        expand: Vec<String> = optional(Shape::list(0..=usize::MAX, &Shape::Words(Expansion::words))),
    }
}

declare! {
    /// How a job is deleted.
    #[derive(Debug)]
    pub(super) struct DeleteQuery(OPEN) {
        /// Whether a job that has not ended is cancelled first.
        force: bool = default(Shape::Boolean, false),
    }
}

declare! {
    /// A JSON Schema.
    #[derive(Debug)]
    pub(super) struct SchemaToValidate(OPEN) {
        /// The schema.
        data_schema: Value = required(Shape::Any),
    }
}

declare! {
    /// What a JSON Schema is made from.
    #[derive(Debug)]
    pub(super) struct SchemaToGenerate(Object { choices: &[EXAMPLE], ..OPEN }) {
        /// An example document.
        file_id: Option<String> = optional(Shape::text(1..=ID_CHARS)),
        /// A schema that lacks types and descriptions.
        data_schema: Option<Value> = optional(Shape::Any),
        /// The names of what is extracted, separated by commas or line breaks. It makes no difference beside a document.
        prompt: Option<String> = optional(Shape::text(0..=100_000)),
        /// The name of the configuration.
        name: Option<String> = optional(Shape::text(1..=255)),
    }
}

const EXAMPLE: Choice = Choice {
    members: &["file_id", "data_schema", "prompt"],
    exclusive: false,
    check: |check, input| {
        if ["file_id", "data_schema", "prompt"].iter().all(|name| input.get(name).is_absent()) {
            check.reject_value(&input.get("file_id"), "a file_id, a data_schema or a prompt of names is required");
        }
    },
};

/// `POST /api/v2/extract`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    let mut body = SchemaBody::<NewExtractJob>::read(&headers, body).await?;
    let project = body.checked.input().get("project_id").read::<String>();
    caller.in_scope(project.as_deref().and_then(ProjectId::parse))?;
    let schema = body.check_schema(&caller.ports, &["configuration", "data_schema"]).await?;
    let mut checked = body.checked;
    let document = inputs::take(&mut checked, &caller.ports);
    let job = checked.finish()?;
    let document = document.ok_or_else(|| Error::internal("a document that was checked"))?;
    let configuration_id = job.configuration_id.unwrap_or_default();
    let options = match job.configuration {
        Some(inline) => {
            let options = inline.into_options(schema.ok_or_else(missing_schema)?)?;
            OptionsSource::Inline(Box::new(options))
        }
        None => {
            let id = ConfigurationId::parse(&configuration_id);
            OptionsSource::Saved(Task::ExtractJson, id.ok_or_else(|| unknown_configuration(&configuration_id))?)
        }
    };
    let request = JobRequest {
        input: document.clone().into_job_input(),
        work: Work::Options(options),
        idempotency_key: None,
        external: External::default(),
    };
    match jobs::create(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => answer(&caller, *job, &Expansion::default()).await,
        CreateOutcome::Refused(refusal) => {
            Err(refusal_error(refusal, &configuration_id, &document, caller.token.project).into())
        }
    }
}

fn unknown_configuration(id: &str) -> Error {
    Error::not_found(format!("Extract configuration {id} not found"))
}

fn refusal_error(refusal: Refusal, configuration_id: &str, document: &DocumentInput, project: ProjectId) -> Error {
    match refusal {
        Refusal::UnknownConfiguration => unknown_configuration(configuration_id),
        // Requests of this dialect cannot cause others than those of the document.
        refusal => document
            .refusal_error(&refusal, project)
            .unwrap_or_else(|| Error::internal(format!("refused: {refusal:?}"))),
    }
}

/// The response with a job and its result.
async fn answer<P: Ports>(caller: &Caller<P>, job: Job, expansion: &Expansion) -> Reply {
    let job = job_parts::with_output(&caller.ports, job).await?;
    Ok(reply::json(StatusCode::OK, &ExtractJob::new(&job, expansion)?))
}

/// `GET /api/v2/extract`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<ExtractQuery>();
    let page = page_token::page(&mut query, LISTING);
    let query = query.finish()?;
    let (project, counts) = (caller.token.project, query.total.include_total);
    let expansion = Expansion::of(&query.expand.expand);
    let filter = filter(query);
    let total = if counts { jobs::count(&caller.ports, project, filter.clone()).await? } else { None };
    let jobs = jobs::list(&caller.ports, project, filter, page).await?;
    let items = jobs.items.iter().map(|job| ExtractJob::new(job, &expansion)).collect::<Result<Vec<_>>>()?;
    let page = Page { items, next: jobs.next };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, std::convert::identity).with_total(total)))
}

fn filter(query: ExtractQuery) -> JobFilter {
    let nothing = || Some(Vec::new());
    let mut ids = query.job_ids.map(|texts| ids::filter::<ExtractJobId>(&texts).into_iter().map(|id| id.0).collect());
    let configuration = query.configuration_id.as_deref().map(ConfigurationId::parse);
    // What is malformed matches no job.
    if configuration == Some(None) || query.status.as_deref() == Some("THROTTLED") {
        ids = nothing();
    }
    let document = query.file_input.or(query.document_input_value).filter(|text| !text.is_empty());
    let source = document.as_deref().map(inputs::filter);
    if source == Some(None) {
        ids = nothing();
    }
    JobFilter {
        kind: Some(KIND),
        status: query.status.and_then(|word| status_of(&word)),
        ids,
        configuration: configuration.flatten(),
        source: source.flatten(),
        source_kind: query.document_input_type.as_deref().and_then(inputs::kind_of),
        from: query.created_at_on_or_after,
        to: query.created_at_on_or_before,
        ..JobFilter::default()
    }
}

/// `GET /api/v2/extract/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ExtractJobId>) -> Reply {
    let ExtractExpandQuery { expand } = caller.query.checked().finish()?;
    let job = job_calls::get(&caller, id, KIND).await?;
    answer(&caller, job, &Expansion::of(&expand)).await
}

/// `POST /api/v2/extract/{id}/cancel`
pub(super) async fn cancel<P: Ports>(caller: Caller<P>, PathId(id): PathId<ExtractJobId>) -> Reply {
    let job = job_calls::cancel(&caller, id, KIND).await?;
    answer(&caller, job, &Expansion::default()).await
}

/// `DELETE /api/v2/extract/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<ExtractJobId>) -> Reply {
    let DeleteQuery { force } = caller.query.checked().finish()?;
    if force {
        match job_calls::cancel(&caller, id, KIND).await {
            Ok(_) => {}
            // It has ended by itself.
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    job_calls::delete(&caller, id, KIND).await?;
    let project_id = caller.token.project.to_string();
    Ok(reply::json(StatusCode::OK, &DeletedExtractJob::new(id.format(), project_id)))
}

/// `POST /api/v2/extract/schema/validation`
pub(super) async fn validate_schema<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    let mut body = SchemaBody::<SchemaToValidate>::read(&headers, body).await?;
    let schema = body.check_schema(&caller.ports, &["data_schema"]).await?;
    body.checked.finish()?;
    let schema = schema.ok_or_else(missing_schema)?;
    Ok(reply::json(StatusCode::OK, &ValidatedSchema::new(schema.into())))
}

/// `POST /api/v2/extract/schema/generate`
pub(super) async fn generate_schema<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    const DEFAULT_NAME: &str = "Generated schema";
    let body = SchemaBody::<SchemaToGenerate>::read(&headers, body).await?;
    let schema = body.text_at(&["data_schema"]).map(|schema| schema.get().to_owned());
    let SchemaToGenerate { file_id, prompt, name, .. } = body.checked.finish()?;
    let names: Vec<String> = prompt
        .iter()
        .flat_map(|prompt| prompt.split([',', ';', '\n']))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let basis = match (schema, file_id) {
        // What an example document has is worth more than what is said of it.
        (None, Some(text)) => {
            let id = FileId::parse(&text).ok_or_else(|| unknown_file(&text))?;
            let file = files::get(&caller.ports, caller.token.project, id).await;
            let file = file.map_err(|error| match error.kind() {
                ErrorKind::NotFound => unknown_file(&text),
                _ => error,
            })?;
            SchemaBasis::File(FileKey { project: caller.token.project, file: file.id })
        }
        (schema, _) => SchemaBasis::Names(schema, vec!["body".into(), "data_schema".into()], names),
    };
    let schema = stateless::generate_schema(&caller.ports, basis).await?;
    let body = GeneratedConfiguration {
        name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
        parameters: GeneratedParameters::new(schema.into()),
    };
    Ok(reply::json(StatusCode::OK, &body))
}

fn unknown_file(id: &str) -> Error {
    Error::new(ErrorKind::Invalid, format!("File ID {id} is not in this project"))
}
