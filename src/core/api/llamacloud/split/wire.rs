//! Responses: split jobs, their segments, and saved configurations.

use serde::{Deserialize, Serialize};

use crate::{
    api::llamacloud::{
        ids::{IdFormat, SplitJobId},
        inputs,
        wire::{self, split_status},
    },
    error::Result,
    job::{Job, Options, RawJson, Status, TaskOptions},
    split::{Segment, SplitResult, UNCATEGORIZED, Uncategorized},
};

/// What a request said that makes no difference, as it is stored with the job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Echo {
    /// The instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_instructions: Option<String>,
    /// The tier of parsing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_tier: Option<String>,
    /// The configuration of parsing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_config_id: Option<String>,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The words of every status that is shown.
pub(super) fn status_words() -> Vec<&'static str> {
    Status::ALL.into_iter().filter_map(split_status).collect()
}

/// The status of a word.
pub(super) fn status_of(word: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|known| split_status(*known) == Some(word))
}

/// A category of documents.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SplitCategory<'a> {
    /// The name.
    name: &'a str,
    /// What documents of it are like; null if nothing was said.
    description: Option<&'a str>,
}

/// How pages are split.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Strategy {
    /// What happens to pages that fit no category: `include`, `forbid` or `omit`.
    allow_uncategorized: &'static str,
    /// The minimum of pages of a segment.
    min_pages_per_split: u32,
    /// The instructions, which make no difference.
    custom_instructions: Option<String>,
}

/// What a file is split into.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct SplitConfiguration<'a> {
    /// The categories.
    categories: Vec<SplitCategory<'a>>,
    /// How pages are split.
    splitting_strategy: Strategy,
    /// Which pages are split.
    target_pages: Option<&'a str>,
    /// The tier of parsing that was asked for.
    parse_tier: Option<String>,
    /// The configuration of parsing that was asked for.
    parse_config_id: Option<String>,
    /// The version that was asked for.
    version: Option<String>,
}

impl<'a> SplitConfiguration<'a> {
    /// The configuration of these options; None if they are of another task.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(in crate::api::llamacloud) fn of(options: &'a Options) -> Result<Option<Self>> {
        let TaskOptions::Split(splitting) = &options.task else { return Ok(None) };
        let echo: Echo = options.echo.as_ref().map_or_else(|| Ok(Echo::default()), RawJson::parse)?;
        let category = |rule: &'a crate::classify::Rule| SplitCategory {
            name: &rule.label,
            description: Some(rule.description.as_str()).filter(|text| !text.is_empty()),
        };
        let uncategorized = splitting.options.allow_uncategorized;
        Ok(Some(Self {
            categories: splitting.categories.iter().map(category).collect(),
            splitting_strategy: Strategy {
                allow_uncategorized: word_of(uncategorized),
                min_pages_per_split: splitting.options.min_pages_per_split,
                custom_instructions: echo.custom_instructions,
            },
            target_pages: options.read_options.pages.as_deref(),
            parse_tier: echo.parse_tier,
            parse_config_id: echo.parse_config_id,
            version: echo.version,
        }))
    }
}

fn word_of(uncategorized: Uncategorized) -> &'static str {
    UNCATEGORIZED.iter().find(|(_, known)| *known == uncategorized).map_or("include", |(word, _)| word)
}

/// A split job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct SplitJob<'a> {
    /// The id.
    id: String,
    /// The project.
    project_id: String,
    /// The token that created it.
    user_id: String,
    /// How far it is: `pending`, `processing`, `completed`, `failed` or `cancelled`.
    status: &'static str,
    /// The document: the id of a file or of a parse job, or a URL.
    file_input: String,
    /// What the document was named by: `file_id`, `parse_job_id` or `url`.
    document_input_type: &'static str,
    /// The same, as the beta has it.
    document_input: DocumentInput,
    /// The saved configuration that was used; null if it was in the request.
    configuration_id: Option<String>,
    #[serde(flatten)]
    configuration: Option<SplitConfiguration<'a>>,
    /// The segments; null until there are some, and in listings.
    result: Option<Segments>,
    /// Why it failed.
    error_message: Option<String>,
    /// The idempotency key.
    transaction_id: Option<&'a str>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

/// The document of a job, as the beta has it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "SplitJobDocument"))]
struct DocumentInput {
    /// What the document was named by.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The document.
    value: String,
}

/// The segments of a file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Segments {
    /// The segments, in the order of their pages.
    segments: Vec<SplitSegment>,
}

/// Pages that are one document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SplitSegment {
    /// The name of the category, or `uncategorized`.
    category: String,
    /// The numbers of its pages in the file, from 1.
    pages: Vec<u32>,
    /// How likely the segment is right: `high`, `medium` or `low`.
    confidence_category: &'static str,
}

impl From<Segment> for SplitSegment {
    fn from(segment: Segment) -> Self {
        const HIGH: f64 = 0.8;
        const MEDIUM: f64 = 0.5;
        const NO_CATEGORY: &str = "uncategorized";
        let confidence_category = match segment.confidence {
            confidence if confidence >= HIGH => "high",
            confidence if confidence >= MEDIUM => "medium",
            _ => "low",
        };
        let category = segment.label.unwrap_or_else(|| NO_CATEGORY.to_owned());
        Self { category, pages: segment.pages, confidence_category }
    }
}

impl<'a> SplitJob<'a> {
    /// The response of a job, which has its output if it is to be shown.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(super) fn new(job: &'a Job) -> Result<Self> {
        let output = job.output.as_ref().filter(|_| job.status() == Status::Succeeded);
        let output: Option<SplitResult> = output.map(RawJson::parse).transpose()?;
        let (document_input_type, document) = inputs::wire(job);
        Ok(Self {
            id: SplitJobId(job.id).format(),
            project_id: job.project.to_string(),
            user_id: wire::user(job.user),
            status: split_status(job.status()).unwrap_or("cancelled"),
            file_input: document.clone(),
            document_input_type,
            document_input: DocumentInput { kind: document_input_type, value: document },
            configuration_id: job.saved_configuration().map(IdFormat::format),
            configuration: job.options.as_deref().map(SplitConfiguration::of).transpose()?.flatten(),
            result: output.map(|output| Segments { segments: output.segments.into_iter().map(Into::into).collect() }),
            error_message: job.failure().map(wire::failure_text),
            transaction_id: job.idempotency_key.as_deref(),
            created_at: job.created_at.to_rfc3339(),
            updated_at: job.updated_at.to_rfc3339(),
        })
    }
}
