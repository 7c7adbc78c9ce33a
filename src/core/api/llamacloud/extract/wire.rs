//! Responses: extraction jobs, their results, and where the values stand.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::options::{Echo, ExtractConfiguration};
use crate::{
    api::llamacloud::{
        ids::{ExtractJobId, IdFormat},
        inputs,
        parse::wire::BoundingBox,
        wire,
    },
    error::Result,
    extract::json_schema::{ExtractedJson, Metadata, Source, Target},
    job::{Job, RawJson, Status, TaskOptions},
};

/// What `expand` asks for.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    configuration: bool,
    metadata: bool,
    usage: bool,
}

impl Expansion {
    /// The words.
    pub(super) fn words() -> Vec<&'static str> {
        vec!["configuration", "extract_metadata", "usage"]
    }

    /// What words ask for.
    pub(super) fn of(words: &[String]) -> Self {
        let has = |word: &str| words.iter().any(|known| known == word);
        Self { configuration: has("configuration"), metadata: has("extract_metadata"), usage: has("usage") }
    }
}

/// An extraction job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ExtractJob<'a> {
    /// The id.
    id: String,
    /// The project.
    project_id: String,
    /// How far it is: `PENDING`, `RUNNING`, `COMPLETED`, `FAILED` or `CANCELLED`.
    status: &'static str,
    /// The document: the id of a file or of a parse job, or a URL.
    file_input: String,
    /// The same. The name of this member for the first clients.
    document_input_value: String,
    /// What the document was named by: `file_id`, `parse_job_id` or `url`.
    document_input_type: &'static str,
    /// The saved configuration that was used; null if it was in the request.
    configuration_id: Option<String>,
    /// What was extracted, if it was asked for.
    configuration: Option<ExtractConfiguration<'a>>,
    /// Why it failed.
    error_message: Option<String>,
    /// The values, as the schema has them: an object, or a list with one for each page. Null until there are some, and
    /// in listings.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<serde_json::Value>"))]
    extract_result: Option<Box<RawValue>>,
    /// Where they stand, if it was asked for here or in the configuration.
    extract_metadata: Option<ExtractMetadata>,
    /// What is known of the job.
    metadata: Option<JobFacts>,
    /// The cost, if it was asked for.
    usage: Option<ExtractUsage>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

/// What is known of a job that has succeeded.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct JobFacts {
    /// How much was read.
    usage: PageUsage,
}

/// How much was read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct PageUsage {
    /// How many pages.
    num_pages_extracted: u32,
    /// Always 0: nothing is billed here.
    num_pages_billed: u32,
}

/// The cost of a job: always zero, because nothing is billed here.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ExtractUsage {
    /// Always 0.
    credits: f64,
    /// Always 0.
    extract_credits: f64,
    /// Always null: no parse job is billed.
    parse_credits: Option<f64>,
}

/// Where the values of a result stand.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ExtractMetadata {
    /// That of each value.
    field_metadata: FieldMetadata,
    /// The parse job under whose id the text of the document can be read.
    parse_job_id: Option<String>,
    /// The tier of parsing that was asked for.
    parse_tier: Option<String>,
}

/// Where each value stands, in the shape of the result.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct FieldMetadata {
    /// That of the document; null if each page is a result.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<std::collections::BTreeMap<String, serde_json::Value>>"))]
    document_metadata: Option<Node>,
    /// That of each page; null if the document is the result.
    #[cfg_attr(
        feature = "openapi",
        schemars(with = "Option<Vec<std::collections::BTreeMap<String, serde_json::Value>>>")
    )]
    page_metadata: Option<Vec<Node>>,
    /// Always null: rows are lists of objects.
    row_metadata: Option<Vec<()>>,
}

/// A part of the metadata, and what of it is shown.
#[derive(Debug)]
struct Node {
    metadata: Metadata,
    shown: Shown,
}

/// What is shown of a value.
#[derive(Debug, Clone, Copy)]
struct Shown {
    citation: bool,
    confidence: bool,
}

/// Where a value stands.
#[derive(Serialize)]
struct FieldCitation<'a> {
    page: u32,
    matching_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bounding_boxes: Option<[BoundingBox; 1]>,
}

impl<'a> From<&'a Source> for FieldCitation<'a> {
    fn from(source: &'a Source) -> Self {
        let bounding_boxes = source.rect.map(|rect| [rect.into()]);
        Self { page: source.page, matching_text: &source.text, bounding_boxes }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Borrowed { metadata: &self.metadata, shown: self.shown }.serialize(serializer)
    }
}

/// A part of the metadata that is borrowed from the whole.
struct Borrowed<'a> {
    metadata: &'a Metadata,
    shown: Shown,
}

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = self.shown;
        let inner = |metadata| Borrowed { metadata, shown };
        match self.metadata {
            Metadata::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, metadata)| (name, inner(metadata))))
            }
            Metadata::List(items) => serializer.collect_seq(items.iter().map(inner)),
            Metadata::Value { confidence, source } => {
                let mut map = serializer.serialize_map(None)?;
                if shown.citation {
                    let citations: Vec<FieldCitation<'_>> = source.iter().map(FieldCitation::from).collect();
                    map.serialize_entry("citation", &citations)?;
                }
                if shown.confidence {
                    map.serialize_entry("confidence", confidence)?;
                    map.serialize_entry("extraction_confidence", confidence)?;
                }
                map.end()
            }
        }
    }
}

impl<'a> ExtractJob<'a> {
    /// The response of a job, which has its output if it is to be shown.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(super) fn new(job: &'a Job, expansion: &Expansion) -> Result<Self> {
        let options = job.options.as_deref();
        let echo = options.map(Echo::of).transpose()?.unwrap_or_default();
        let output = job.output.as_ref().filter(|_| job.status() == Status::Succeeded);
        let output: Option<ExtractedJson> = output.map(RawJson::parse).transpose()?;
        let (document_input_type, document) = inputs::wire(job);
        let metadata = output
            .as_ref()
            .map(|output| JobFacts { usage: PageUsage { num_pages_extracted: output.pages, num_pages_billed: 0 } });
        let shows_metadata = expansion.metadata || echo.cite_sources || echo.confidence_scores;
        // Who asks for the metadata and chose nothing gets all of it.
        let chose = echo.cite_sources || echo.confidence_scores;
        let shown = Shown { citation: echo.cite_sources || !chose, confidence: echo.confidence_scores || !chose };
        let (extract_result, metadata_of) = output
            .map_or((None, None), |output| (Some(output.result), Some(output.metadata).filter(|_| shows_metadata)));
        let per_page = options.is_some_and(|options| {
            matches!(&options.task, TaskOptions::ExtractJson(extraction) if extraction.target == Target::Page)
        });
        let extract_metadata = metadata_of.map(|parts| {
            let mut nodes: Vec<Node> = parts.into_iter().map(|metadata| Node { metadata, shown }).collect();
            let field_metadata = if per_page {
                FieldMetadata { document_metadata: None, page_metadata: Some(nodes), row_metadata: None }
            } else {
                FieldMetadata { document_metadata: nodes.pop(), page_metadata: None, row_metadata: None }
            };
            ExtractMetadata {
                field_metadata,
                parse_job_id: inputs::parse_job_id(job),
                parse_tier: echo.parse_tier.clone(),
            }
        });
        let configuration = options.filter(|_| expansion.configuration).map(ExtractConfiguration::of).transpose()?;
        Ok(Self {
            id: ExtractJobId(job.id).format(),
            project_id: job.project.to_string(),
            status: wire::status(job.status()).unwrap_or("CANCELLED"),
            file_input: document.clone(),
            document_input_value: document,
            document_input_type,
            configuration_id: options.and_then(|options| options.saved).map(IdFormat::format),
            configuration: configuration.flatten(),
            error_message: job.failure().map(wire::failure_text),
            extract_result,
            extract_metadata,
            metadata,
            usage: expansion.usage.then(ExtractUsage::default),
            created_at: job.created_at.to_rfc3339(),
            updated_at: job.updated_at.to_rfc3339(),
        })
    }
}

/// A JSON Schema that is supported.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ValidatedSchema {
    /// The schema, as it came.
    #[cfg_attr(feature = "openapi", schemars(with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    data_schema: RawJson,
}

impl ValidatedSchema {
    pub(super) const fn new(data_schema: RawJson) -> Self {
        Self { data_schema }
    }
}

/// A configuration that was made from an example or from names, to be saved or changed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct GeneratedConfiguration {
    /// The name.
    pub(super) name: String,
    /// What to extract.
    pub(super) parameters: GeneratedParameters,
}

/// What to extract, and the product that it is for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct GeneratedParameters {
    /// Always `extract_v2`.
    product_type: &'static str,
    /// The JSON Schema.
    #[cfg_attr(feature = "openapi", schemars(with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    data_schema: RawJson,
}

impl GeneratedParameters {
    pub(super) const fn new(data_schema: RawJson) -> Self {
        Self { product_type: "extract_v2", data_schema }
    }
}
