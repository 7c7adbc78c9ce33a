//! Extract v2: jobs that extract the values of a JSON Schema from a document.

mod options;
mod wire;

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

pub(super) use self::options::{ExtractConfiguration, ExtractOptions, SchemaBody};
pub(super) use self::wire::{ExtractJob, GeneratedConfiguration, ValidatedSchema};
use self::{
    options::missing_schema,
    wire::{Expansion, GeneratedParameters},
};
use super::{
    Caller, Reply,
    ids::{self, ExtractJobId, ID_CHARS, IdFormat, PathId},
    inputs::{self, ANY_DOCUMENT, DOCUMENT},
    job_calls::{self, CONFIGURATION, ListQuery},
    webhooks::Webhooks,
    wire::{Listing, status_of, status_words},
};
use crate::{
    api::{page_token, reply},
    error::{Error, ErrorKind, Result},
    id::{ConfigurationId, FileId, ProjectId},
    job::{External, Job, JobKind, Task},
    service::{
        files,
        index::{JobFilter, OptionsSource, Page, Work},
        job_parts,
        jobs::{self, CreateOutcome, JobRequest},
        outbound::MAX_URL_CHARS,
        ports::{FileKey, Ports},
        stateless::{self, SchemaBasis},
    },
    validate::{
        declare::declare,
        shape::{Choice, OPEN, Object, Shape},
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
        webhooks: Webhooks = flattened,
    }
}

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct ExtractQuery(OPEN) {
        /// The saved configuration that the jobs ran with.
        configuration_id: Option<String> = optional(ids::ID),
        /// The status. No job is ever `THROTTLED`.
        status: Option<String> = optional(Shape::Words(query_statuses)),
        /// The document.
        file_input: Option<String> = optional(DOCUMENT_FILTER),
        /// The name of `file_input` for the first clients.
        document_input_value: Option<String> = optional(DOCUMENT_FILTER),
        /// What the document was named by.
        document_input_type: Option<String> = optional(Shape::Words(|| vec!["file_id", "parse_job_id", "url"])),
        expand: ExtractExpandQuery = flattened,
        jobs: ListQuery = flattened,
    }
}

const DOCUMENT_FILTER: Shape = Shape::text(0..=MAX_URL_CHARS);

/// A status that jobs of the hosted service have, and none here.
const THROTTLED: &str = "THROTTLED";

fn query_statuses() -> Vec<&'static str> {
    status_words().into_iter().chain([THROTTLED]).collect()
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
    Webhooks::check(&mut checked, &caller.ports);
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
        webhooks: job.webhooks.requested(),
    };
    match jobs::create(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => answer(&caller, *job, &Expansion::default()).await,
        CreateOutcome::Refused(refusal) => {
            let unknown = || unknown_configuration(&configuration_id);
            Err(document.refusal_error(refusal, caller.token.project, unknown).into())
        }
    }
}

fn unknown_configuration(id: &str) -> Error {
    Error::not_found(format!("Extract configuration {id} not found"))
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
    let expansion = Expansion::of(&query.expand.expand);
    let (jobs, total) = query.jobs.jobs(&caller, filter(&query), page).await?;
    let items = jobs.items.iter().map(|job| ExtractJob::new(job, &expansion)).collect::<Result<Vec<_>>>()?;
    let page = Page { items, next: jobs.next };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, std::convert::identity).with_total(total)))
}

fn filter(query: &ExtractQuery) -> JobFilter {
    let configuration = query.configuration_id.as_deref().map(ConfigurationId::parse);
    let document = query.file_input.as_ref().or(query.document_input_value.as_ref()).filter(|text| !text.is_empty());
    let source = document.map(|text| inputs::filter(text));
    let filter = query.jobs.filter::<ExtractJobId>(KIND);
    // What is malformed matches no job.
    let matches_none =
        configuration == Some(None) || source == Some(None) || query.status.as_deref() == Some(THROTTLED);
    JobFilter {
        status: query.status.as_deref().and_then(status_of),
        ids: if matches_none { Some(Vec::new()) } else { filter.ids },
        configuration: configuration.flatten(),
        source: source.flatten(),
        source_kind: query.document_input_type.as_deref().and_then(inputs::kind_of),
        ..filter
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
    Ok(reply::json(StatusCode::OK, &job_calls::delete(&caller, id, KIND).await?))
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
