//! Split v1: jobs that split a file which holds several documents, at the newer address and at that of the beta. Requests
//! of either address are taken at both, and answers have the members of both.

mod wire;

use axum::http::StatusCode;

pub(super) use self::wire::{SplitConfiguration, SplitJob};
use super::{
    Body, Caller, Reply,
    ids::{self, ID_CHARS, IdFormat, PathId, SplitJobId},
    inputs::{self, DOCUMENT, DocumentInput},
    job_calls::{self, CONFIGURATION, ListQuery},
    rules::PAGES,
    webhooks::Webhooks,
    wire::Listing,
};
use crate::{
    api::{checked::Checked, page_token, reply},
    classify::{Rule, input::PRINTABLE},
    document::ReadOptions,
    error::{Error, ErrorKind, Result},
    id::{ConfigurationId, ProjectId},
    job::{External, Job, JobKind, Options, RawJson, Splitting, Task, TaskOptions},
    limits,
    service::{
        index::{JobFilter, OptionsSource, Page, Work},
        job_parts,
        jobs::{self, CreateOutcome, JobRequest},
        ports::Ports,
    },
    split::SplitOptions,
    validate::{
        declare::declare,
        shape::{Choice, Declared, OPEN, Object, Shape, Unique},
    },
};

// The same by the address of the beta. The document of the API names an operation after its handler.
pub(super) use self::{
    cancel as cancel_beta, create as create_beta, delete as delete_beta, get as get_beta, list as list_beta,
};

const LISTING: &str = "split";

/// The jobs of this product. Others of the project are neither listed nor found.
const KIND: JobKind = JobKind::Split;

/// Maximum length of the name of a category, in characters: four times that of a label.
const MAX_NAME_CHARS: usize = 4 * limits::MAX_LABEL_CHARS;

/// Maximum number of categories, and of characters of instructions. At maximum length, in four-byte characters, they fit a
/// job.
const MAX_CATEGORIES: usize = 50;
const MAX_INSTRUCTIONS_CHARS: usize = 100_000;

const _: () = assert!(
    4 * (MAX_CATEGORIES * (MAX_NAME_CHARS + limits::MAX_DESCRIPTION_CHARS) + MAX_INSTRUCTIONS_CHARS)
        < limits::MAX_JOB_BYTES,
    "a job has its categories and instructions in its record"
);

/// The longest idempotency key, name of a tier and name of a version, in characters.
const WORD_CHARS: usize = 255;

const WORD: Shape = Shape::text(0..=WORD_CHARS);

declare! {
    /// A category of documents.
    #[derive(Debug)]
    pub(super) struct Category(OPEN) {
        /// The name. Unique in its configuration.
        name: String = required(Shape::Text { length: 1..=MAX_NAME_CHARS, pattern: Some(&PRINTABLE) }),
        /// What documents of this category are like, in plain language.
        description: Option<String> = optional(Shape::text(0..=limits::MAX_DESCRIPTION_CHARS)),
    }
}

declare! {
    /// How pages are split.
    #[derive(Debug)]
    pub(super) struct SplittingStrategy(OPEN) {
        options: SplitOptions = flattened,
        /// Makes no difference: no model is asked.
        custom_instructions: Option<String> = optional(Shape::text(0..=MAX_INSTRUCTIONS_CHARS)),
    }
}

declare! {
    /// What a file is split into.
    #[derive(Debug)]
    pub(super) struct SplitParameters(OPEN) {
        /// The categories.
        categories: Vec<Category> = required(CATEGORIES),
        /// How pages are split.
        splitting_strategy: Option<SplittingStrategy> = optional,
        /// Which pages are split, such as `1,3-4`; all if absent or blank. Only of a parse job.
        target_pages: Option<String> = optional(PAGES),
        /// Makes no difference: documents are parsed in one way.
        parse_tier: Option<String> = optional(WORD),
        /// Makes no difference: documents are parsed in one way.
        parse_config_id: Option<String> = optional(Shape::text(0..=ID_CHARS)),
        /// The version. There is one.
        version: Option<String> = optional(WORD),
    }
}

const CATEGORIES: Shape = Shape::List {
    length: 1..=MAX_CATEGORIES,
    item: &Category::SHAPE,
    unique: Some(Unique { member: "name", message: "another category has this name" }),
};

declare! {
    /// The document of a job, as the beta has it.
    #[derive(Debug)]
    pub(super) struct SplitDocument(OPEN) {
        /// What the document is named by. The value says it, too.
        kind as "type": Option<String> = optional(WORD),
        /// The id of the file.
        value: String = required(DOCUMENT),
    }
}

declare! {
    /// A file to split.
    #[derive(Debug)]
    pub(super) struct NewSplitJob(Object { choices: &[EITHER_DOCUMENT, CONFIGURATION], ..OPEN }) {
        /// The project, which must be that of the token.
        project_id: Option<String> = optional(ids::id_shape::<ProjectId>()),
        /// The document: the id of a file, of a parse job (`pjb-...`), or a URL.
        file_input: Option<String> = optional(DOCUMENT),
        /// The same, as the beta has it.
        document_input: Option<SplitDocument> = optional,
        /// What it is split into.
        configuration: Option<SplitParameters> = optional,
        /// The saved configuration of the product `split_v1` to use instead.
        configuration_id: Option<String> = optional(Shape::text(1..=ID_CHARS)),
        /// The idempotency key. One that was used before leads to its job, and the rest of the request is ignored.
        transaction_id: Option<String> = optional(WORD),
        webhooks: Webhooks = flattened,
    }
}

const EITHER_DOCUMENT: Choice = Choice {
    members: &["file_input", "document_input"],
    exclusive: false,
    check: |check, input| {
        let (document, beta) = (input.get("file_input"), input.get("document_input"));
        match (document.is_absent(), beta.is_absent()) {
            (true, true) => check.reject_value(&document, "either file_input or document_input is required"),
            (false, false) if beta.get("value").read::<String>() != document.read::<String>() => {
                check.reject_value(&beta, "file_input and document_input name different documents");
            }
            (false, _) => inputs::check_document(check, &document),
            (true, false) => inputs::check_document(check, &beta.get("value")),
        }
    },
};

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct SplitQuery(OPEN) {
        /// The status.
        status: Option<String> = optional(Shape::Words(wire::status_words)),
        jobs: ListQuery = flattened,
    }
}

impl SplitParameters {
    /// The options of a job.
    pub(super) fn into_options(self) -> Result<Options> {
        let (options, custom_instructions) = self.splitting_strategy.map_or_else(
            || (SplitOptions::default(), None),
            |strategy| (strategy.options, strategy.custom_instructions),
        );
        let echo = wire::Echo {
            custom_instructions,
            parse_tier: self.parse_tier,
            parse_config_id: self.parse_config_id,
            version: self.version,
        };
        let rule = |category: Category| Rule::new(category.name, category.description.unwrap_or_default());
        let categories = self.categories.into_iter().map(rule).collect();
        let pages = self.target_pages.filter(|pages| !pages.trim().is_empty());
        Ok(Options {
            saved: None,
            read_options: ReadOptions { pages, max_pages: None },
            task: TaskOptions::Split(Splitting { categories, options }),
            echo: Some(RawJson::of(&echo)?),
        })
    }
}

/// `POST /api/v1/split/jobs`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewSplitJob>) -> Reply {
    let project = body.0.input().get("project_id").read::<String>();
    caller.in_scope(project.as_deref().and_then(ProjectId::parse))?;
    let key = body.0.input().get("transaction_id").read::<String>();
    let key = key.filter(|key| (1..=WORD_CHARS).contains(&key.chars().count()));
    let job = match create_new(&caller, body.0).await {
        Ok(job) => job,
        Err(error) => {
            // A transaction_id that was used before returns its job; the rest of the request is ignored.
            let refused = matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound);
            let existing = match key.filter(|_| refused) {
                Some(key) => jobs::existing(&caller.ports, caller.token.project, key).await?,
                None => None,
            };
            existing.ok_or(error)?
        }
    };
    if job.kind() != KIND {
        let message = "The transaction_id was used for a job of another product";
        return Err(Error::new(ErrorKind::Conflict, message).into());
    }
    answer(&caller, *job).await
}

async fn create_new<P: Ports>(caller: &Caller<P>, body: Checked<NewSplitJob>) -> Result<Box<Job>> {
    let mut body = body;
    let document = document(&mut body, caller);
    Webhooks::check(&mut body, &caller.ports);
    let job = body.finish()?;
    let document = document.ok_or_else(|| Error::internal("a document that was checked"))?;
    let configuration_id = job.configuration_id.unwrap_or_default();
    let options = match job.configuration {
        Some(inline) => OptionsSource::Inline(Box::new(inline.into_options()?)),
        None => {
            let id = ConfigurationId::parse(&configuration_id);
            OptionsSource::Saved(Task::Split, id.ok_or_else(|| unknown_configuration(&configuration_id))?)
        }
    };
    let selects = matches!(&options, OptionsSource::Inline(options) if options.read_options.pages.is_some());
    if selects && !matches!(document, DocumentInput::Parsed(_)) {
        return Err(Error::new(ErrorKind::Invalid, "target_pages requires a parse job as file_input"));
    }
    let request = JobRequest {
        input: document.clone().into_job_input(),
        work: Work::Options(options),
        idempotency_key: job.transaction_id.filter(|key| !key.is_empty()),
        external: External::default(),
        webhooks: job.webhooks.requested(),
    };
    match jobs::create(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => Ok(job),
        CreateOutcome::Refused(refusal) => {
            let unknown = || unknown_configuration(&configuration_id);
            Err(document.refusal_error(refusal, caller.token.project, unknown))
        }
    }
}

/// The document that a request of either address names.
fn document<P: Ports>(body: &mut Checked<NewSplitJob>, caller: &Caller<P>) -> Option<DocumentInput> {
    let (input, check) = body.parts();
    let fields = [input.get("file_input"), input.get("document_input").get("value")];
    let field = fields.iter().find(|field| !field.is_absent())?;
    inputs::take_field(check, field, &caller.ports)
}

fn unknown_configuration(id: &str) -> Error {
    Error::not_found(format!("Split configuration {id} not found"))
}

/// The response with a job and its result.
async fn answer<P: Ports>(caller: &Caller<P>, job: Job) -> Reply {
    let job = job_parts::with_output(&caller.ports, job).await?;
    Ok(reply::json(StatusCode::OK, &SplitJob::new(&job)?))
}

/// `GET /api/v1/split/jobs`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<SplitQuery>();
    let page = page_token::page(&mut query, LISTING);
    let query = query.finish()?;
    let status = query.status.as_deref().and_then(wire::status_of);
    let filter = JobFilter { status, ..query.jobs.filter::<SplitJobId>(KIND) };
    let (jobs, total) = query.jobs.jobs(&caller, filter, page).await?;
    let items = jobs.items.iter().map(SplitJob::new).collect::<Result<Vec<_>>>()?;
    let page = Page { items, next: jobs.next };
    Ok(reply::json(StatusCode::OK, &Listing::new(LISTING, &page, std::convert::identity).with_total(total)))
}

/// `GET /api/v1/split/jobs/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<SplitJobId>) -> Reply {
    let job = job_calls::get(&caller, id, KIND).await?;
    answer(&caller, job).await
}

/// `POST /api/v1/split/jobs/{id}/cancel`
pub(super) async fn cancel<P: Ports>(caller: Caller<P>, PathId(id): PathId<SplitJobId>) -> Reply {
    let job = job_calls::cancel(&caller, id, KIND).await?;
    answer(&caller, job).await
}

/// `DELETE /api/v1/split/jobs/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<SplitJobId>) -> Reply {
    Ok(reply::json(StatusCode::OK, &job_calls::delete(&caller, id, KIND).await?))
}
