//! Decisions as they are handed out: with what a mail brought, and with the engine that made them.

use serde::Serialize;

use super::Decision;
use crate::ENGINE_VERSION;
use crate::document::Unread;
use crate::error::Error;

/// What a document is, whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Classified {
    /// What the document is.
    #[serde(flatten)]
    pub decision: Decision,
    /// The version of the engine that decided.
    pub engine_version: &'static str,
    /// What the files are that a mail brought, in its order. Where they cannot be told apart, one without a name says why.
    pub attachments: Vec<Attached>,
}

/// What a file is that a mail brought.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Attached {
    /// Its name, as the mail gives it.
    pub name: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Outcome {
    /// What it is.
    Decision(Decision),
    /// Why it could not be read.
    Error(Unread),
}

impl Classified {
    /// What this engine says.
    pub fn new(decision: Decision, attachments: Vec<Attached>) -> Self {
        Self { decision, engine_version: ENGINE_VERSION, attachments }
    }
}

impl From<Result<Decision, Error>> for Outcome {
    fn from(result: Result<Decision, Error>) -> Self {
        match result {
            Ok(decision) => Self::Decision(decision),
            Err(error) => Self::Error(Unread::from(&error)),
        }
    }
}
