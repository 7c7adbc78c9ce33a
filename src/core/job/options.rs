//! What a job was asked for, if it does something else than classify.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Task;
use crate::{
    classify::Rule,
    document::ReadOptions,
    error::{Error, Result},
    extract::json_schema::Target,
    id::ConfigurationId,
    split::SplitOptions,
};

/// A JSON text that is stored and passed on as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The JSON text of a value.
    ///
    /// # Errors
    ///
    /// `Internal` if it cannot be serialized.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        serde_json::value::to_raw_value(value).map(Self).map_err(Error::internal)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value of the text.
    ///
    /// # Errors
    ///
    /// `Internal` if it is of another type.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_str(self.0.get()).map_err(Error::internal)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl From<Box<RawValue>> for RawJson {
    fn from(value: Box<RawValue>) -> Self {
        Self(value)
    }
}

/// What a job that extracts the values of a JSON Schema was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonExtraction {
    /// The JSON Schema.
    pub schema: RawJson,
    /// What the values are extracted from.
    #[serde(default)]
    pub target: Target,
}

/// What a job that splits a file was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Splitting {
    /// The categories.
    pub categories: Vec<Rule>,
    /// How pages are split.
    #[serde(default)]
    pub options: SplitOptions,
}

/// What a job was asked for that is of its task alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOptions {
    /// Parse the document.
    Parse,
    /// Extract the values of a JSON Schema.
    ExtractJson(JsonExtraction),
    /// Split the file.
    Split(Splitting),
}

impl TaskOptions {
    /// The task.
    pub const fn task(&self) -> Task {
        match self {
            Self::Parse => Task::Parse,
            Self::ExtractJson(_) => Task::ExtractJson,
            Self::Split(_) => Task::Split,
        }
    }
}

/// What a job was asked for: a snapshot, so that a later change of a saved configuration does not change a running job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The saved configuration that it was copied from. None if it came with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<ConfigurationId>,
    /// Which part of the document is read.
    #[serde(default)]
    pub read_options: ReadOptions,
    /// What is of the task alone.
    pub task: TaskOptions,
    /// What the caller asked for that makes no difference, as the dialect shows it: a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<RawJson>,
}
