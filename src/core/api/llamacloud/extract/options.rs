//! What an extraction is asked for: from the request, and back to it.

use axum::http::HeaderMap;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::{
    api::{
        body,
        checked::Checked,
        llamacloud::{ids::ID_CHARS, rules::PAGES},
    },
    document::ReadOptions,
    error::{Error, PathSegment, Result},
    extract::json_schema::Target,
    job::{JsonExtraction, Options, RawJson, TaskOptions},
    service::{ports::Engine, stateless},
    validate::{
        declare::declare,
        shape::{Declared, OPEN, Shape},
    },
};

/// The longest name of a tier or version, in characters.
const WORD: Shape = Shape::text(0..=255);

/// The longest prompt, in characters. It makes no difference.
const PROMPT: Shape = Shape::text(0..=100_000);

declare! {
    /// What is extracted, and from what.
    #[derive(Debug)]
    pub(in crate::api::llamacloud) struct ExtractOptions(OPEN) {
        /// The JSON Schema of the result: an object with `properties`.
        data_schema: Value = required(Shape::Any),
        /// What one result is of: `per_doc`, the whole document, or `per_page`.
        extraction_target: Option<String> = optional(Shape::Words(|| vec![PER_DOCUMENT, PER_PAGE])),
        /// Which pages are read, such as `1,3-4`; all if absent or blank.
        target_pages: Option<String> = optional(PAGES),
        /// How many pages are read at most, counted from the first selected one.
        max_pages: Option<u32> = optional(Shape::integer(1..=u32::MAX)),
        /// Whether the job shows where each value stands.
        cite_sources: bool = default(Shape::Boolean, false),
        /// Whether it shows how likely each value is right.
        confidence_scores: bool = default(Shape::Boolean, false),
        /// The tier. All run in the same way.
        tier: Option<String> = optional(WORD),
        /// The version of the tier. There is one.
        version: Option<String> = optional(WORD),
        /// Makes no difference: boxes are always as precise as the words of the document.
        advanced_citations: Option<bool> = optional(Shape::Boolean),
        /// Makes no difference: nothing is cached.
        disable_cache: Option<bool> = optional(Shape::Boolean),
        /// Makes no difference: no model is asked.
        system_prompt: Option<String> = optional(PROMPT),
        /// Makes no difference: documents are parsed in one way.
        parse_tier: Option<String> = optional(WORD),
        /// Makes no difference: documents are parsed in one way.
        parse_config_id: Option<String> = optional(Shape::text(0..=ID_CHARS)),
        /// Not supported.
        spreadsheet_mode: Option<bool> = optional(NO_SPREADSHEETS),
        /// Makes no difference without `spreadsheet_mode`.
        sheet_names: Option<Vec<String>> = optional(Shape::list(0..=1_000, &Shape::text(0..=255))),
    }
}

const PER_DOCUMENT: &str = "per_doc";
const PER_PAGE: &str = "per_page";

const NO_SPREADSHEETS: Shape = Shape::Own {
    documented: &Shape::Boolean,
    format: "",
    check: |check, field| {
        if check.boolean(field) == Some(true) {
            check.reject_value(field, "spreadsheets are not read");
        }
    },
};

/// What a request said that makes no difference or only shows more, as it is stored with the job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Echo {
    /// The tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the job shows where each value stands.
    pub cite_sources: bool,
    /// Whether it shows how likely each value is right.
    pub confidence_scores: bool,
    /// The prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// The tier of parsing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_tier: Option<String>,
    /// The configuration of parsing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_config_id: Option<String>,
}

impl Echo {
    /// The same of a job or configuration with these options.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(super) fn of(options: &Options) -> Result<Self> {
        options.echo.as_ref().map_or_else(|| Ok(Self::default()), RawJson::parse)
    }
}

impl ExtractOptions {
    /// The options of a job. `schema` is the text of `data_schema`, in the order of its members.
    pub(in crate::api::llamacloud) fn into_options(self, schema: Box<RawValue>) -> Result<Options> {
        let echo = Echo {
            tier: self.tier,
            version: self.version,
            cite_sources: self.cite_sources,
            confidence_scores: self.confidence_scores,
            system_prompt: self.system_prompt,
            parse_tier: self.parse_tier,
            parse_config_id: self.parse_config_id,
        };
        let is_per_page = self.extraction_target.as_deref() == Some(PER_PAGE);
        let target = if is_per_page { Target::Page } else { Target::Document };
        let pages = self.target_pages.filter(|pages| !pages.trim().is_empty());
        Ok(Options {
            saved: None,
            read_options: ReadOptions { pages, max_pages: self.max_pages },
            task: TaskOptions::ExtractJson(JsonExtraction { schema: schema.into(), target }),
            echo: Some(RawJson::of(&echo)?),
        })
    }
}

/// A configuration in a response.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ExtractConfiguration<'a> {
    /// The JSON Schema of the result.
    #[cfg_attr(feature = "openapi", schemars(with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    data_schema: &'a RawJson,
    /// What one result is of.
    extraction_target: &'static str,
    /// Which pages are read.
    target_pages: Option<&'a str>,
    /// How many pages are read at most.
    max_pages: Option<u32>,
    /// Whether the job shows where each value stands.
    cite_sources: bool,
    /// Whether it shows how likely each value is right.
    confidence_scores: bool,
    /// The tier that was asked for.
    tier: String,
    /// The version that was asked for.
    version: String,
    /// The prompt.
    system_prompt: Option<String>,
    /// The tier of parsing that was asked for.
    parse_tier: Option<String>,
    /// The configuration of parsing that was asked for.
    parse_config_id: Option<String>,
}

impl<'a> ExtractConfiguration<'a> {
    /// The configuration of these options; None if they are of another task.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(in crate::api::llamacloud) fn of(options: &'a Options) -> Result<Option<Self>> {
        const DEFAULT_TIER: &str = "cost_effective";
        const DEFAULT_VERSION: &str = "latest";
        let TaskOptions::ExtractJson(extraction) = &options.task else { return Ok(None) };
        let echo = Echo::of(options)?;
        Ok(Some(Self {
            data_schema: &extraction.schema,
            extraction_target: match extraction.target {
                Target::Document => PER_DOCUMENT,
                Target::Page => PER_PAGE,
            },
            target_pages: options.read_options.pages.as_deref(),
            max_pages: options.read_options.max_pages,
            cite_sources: echo.cite_sources,
            confidence_scores: echo.confidence_scores,
            tier: echo.tier.unwrap_or_else(|| DEFAULT_TIER.to_owned()),
            version: echo.version.unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
            system_prompt: echo.system_prompt,
            parse_tier: echo.parse_tier,
            parse_config_id: echo.parse_config_id,
        }))
    }
}

/// The body of a request with a JSON Schema somewhere in it, which keeps the order of its members.
pub(in crate::api::llamacloud) struct SchemaBody<T> {
    /// The body, checked.
    pub checked: Checked<T>,
    bytes: Bytes,
}

impl<T: Declared> SchemaBody<T> {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// Those of [`body::json`].
    pub(in crate::api::llamacloud) async fn read(headers: &HeaderMap, body: axum::body::Body) -> Result<Self> {
        let bytes = body::read_json(headers, body).await?;
        let value = if bytes.is_empty() { Value::Null } else { body::parse(&bytes)? };
        Ok(Self { checked: Checked::new("body", value), bytes })
    }

    /// The text of the value at a path of members; None if there is none.
    pub(in crate::api::llamacloud) fn text_at(&self, path: &[&str]) -> Option<Box<RawValue>> {
        let value = path.iter().try_fold(self.checked.input(), |input, name| {
            let member = input.get(name);
            (!member.is_absent()).then_some(member)
        })?;
        // Half of a surrogate pair can only be read by way of a value, which sorts the members.
        raw_member(&self.bytes, path).or_else(|| to_raw_value(value.value()?).ok())
    }

    /// Checks the JSON Schema at a path; its faults become those of the request. Returns its text.
    ///
    /// # Errors
    ///
    /// Those of the engine, but for the faults of the schema.
    pub(in crate::api::llamacloud) async fn check_schema(
        &mut self,
        engine: &impl Engine,
        path: &[&str],
    ) -> Result<Option<Box<RawValue>>> {
        let Some(schema) = self.text_at(path) else { return Ok(None) };
        let prefix = ["body"].iter().chain(path).map(|name| PathSegment::from(*name)).collect();
        match stateless::check_schema(engine, schema.get().to_owned(), prefix).await {
            Ok(()) => Ok(Some(schema)),
            Err(error) if !error.violations().is_empty() => {
                self.checked.parts().1.add_error(&error);
                Ok(Some(schema))
            }
            Err(error) => Err(error),
        }
    }
}

/// The text of a member of a JSON object, and of a member of that, and so on.
fn raw_member(bytes: &[u8], path: &[&str]) -> Option<Box<RawValue>> {
    let mut text = std::str::from_utf8(bytes).ok()?.to_owned();
    for name in path {
        let mut members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).ok()?;
        text = members.remove(*name)?.get().to_owned();
    }
    RawValue::from_string(text).ok()
}

/// The error of a body that was checked and yet lacks its schema.
pub(super) fn missing_schema() -> Error {
    Error::internal("a schema that was checked")
}
