//! Saved configurations in responses.

use serde::Serialize;

use super::{
    extract::ExtractConfiguration, ids::IdFormat, parse::wire::ParseConfiguration, rules, split::SplitConfiguration,
};
use crate::{error::Result, service::index};

/// A saved configuration.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct SavedConfiguration<'a> {
    /// The id, the same for all versions.
    id: String,
    /// The name.
    name: &'a str,
    /// The product: `classify_v2`, `extract_v2`, `parse_v2` or `split_v1`.
    product_type: &'static str,
    /// What a job is asked for.
    parameters: Parameters<'a>,
    /// When this version was saved, which names it.
    version: String,
    /// When the configuration was created.
    created_at: String,
    /// When this version was saved.
    updated_at: String,
}

/// What a job is asked for, by the product that it is for.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "SavedParameters"))]
#[serde(untagged)]
enum Parameters<'a> {
    /// What to classify by.
    Classify(SavedClassify<'a>),
    /// What to extract.
    Extract(SavedExtract<'a>),
    /// How to parse.
    Parse(SavedParse<'a>),
    /// What a file is split into.
    Split(SavedSplit<'a>),
}

/// What to classify by.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SavedClassify<'a> {
    /// Always `classify_v2`.
    product_type: &'static str,
    #[serde(flatten)]
    configuration: rules::ConfigurationResponse<'a>,
}

/// What to extract.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SavedExtract<'a> {
    /// Always `extract_v2`.
    product_type: &'static str,
    #[serde(flatten)]
    configuration: ExtractConfiguration<'a>,
}

/// How to parse.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SavedParse<'a> {
    /// Always `parse_v2`.
    product_type: &'static str,
    #[serde(flatten)]
    configuration: ParseConfiguration<'a>,
}

/// What a file is split into.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct SavedSplit<'a> {
    /// Always `split_v1`.
    product_type: &'static str,
    #[serde(flatten)]
    configuration: SplitConfiguration<'a>,
}

/// The products whose configurations are saved.
pub(super) const CLASSIFY: &str = "classify_v2";
pub(super) const EXTRACT: &str = "extract_v2";
pub(super) const PARSE: &str = "parse_v2";
pub(super) const SPLIT: &str = "split_v1";

impl<'a> From<&'a index::ClassifierVersion> for SavedConfiguration<'a> {
    fn from(classifier: &'a index::ClassifierVersion) -> Self {
        Self {
            id: classifier.id.format(),
            name: &classifier.name,
            product_type: CLASSIFY,
            parameters: Parameters::Classify(SavedClassify {
                product_type: CLASSIFY,
                configuration: (&classifier.classification).into(),
            }),
            version: classifier.version.to_rfc3339(),
            created_at: classifier.created_at.to_rfc3339(),
            updated_at: classifier.version.to_rfc3339(),
        }
    }
}

impl<'a> SavedConfiguration<'a> {
    /// The same of another product than classifying.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(super) fn of(saved: &'a index::SavedConfiguration) -> Result<Self> {
        let options = &saved.options;
        let (product_type, parameters) = match (ExtractConfiguration::of(options)?, SplitConfiguration::of(options)?) {
            (Some(configuration), _) => {
                (EXTRACT, Parameters::Extract(SavedExtract { product_type: EXTRACT, configuration }))
            }
            (_, Some(configuration)) => (SPLIT, Parameters::Split(SavedSplit { product_type: SPLIT, configuration })),
            (None, None) => {
                let configuration = ParseConfiguration::of(&saved.options)?;
                (PARSE, Parameters::Parse(SavedParse { product_type: PARSE, configuration }))
            }
        };
        Ok(Self {
            id: saved.id.format(),
            name: &saved.name,
            product_type,
            parameters,
            version: saved.version.to_rfc3339(),
            created_at: saved.created_at.to_rfc3339(),
            updated_at: saved.version.to_rfc3339(),
        })
    }
}
