//! Decisions as callers get them: with those for the attachments, and with the version of the engine.

use serde::Serialize;

use super::Decision;
use crate::ENGINE_VERSION;
use crate::document::ReadError;
use crate::error::Error;

/// The decision for a document, with those for its attachments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ClassifyResult {
    /// The decision for the document.
    #[serde(flatten)]
    pub decision: Decision,
    /// The version of the engine.
    pub engine_version: &'static str,
    /// The results for the files attached to a mail, in its order. If they cannot be extracted, one entry without a
    /// name has the error.
    pub attachments: Vec<AttachmentResult>,
}

/// The result for a file attached to a mail.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AttachmentResult {
    /// The name that the mail gives it.
    pub name: Option<String>,
    /// The decision, or the error.
    #[serde(flatten)]
    pub outcome: AttachmentOutcome,
}

/// The decision for an attached file, or the error.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum AttachmentOutcome {
    /// The decision.
    Decision(Decision),
    /// The error that prevented reading it.
    Error(ReadError),
}

impl ClassifyResult {
    /// A result with the version of this engine.
    pub fn new(decision: Decision, attachments: Vec<AttachmentResult>) -> Self {
        Self { decision, engine_version: ENGINE_VERSION, attachments }
    }
}

impl From<Result<Decision, Error>> for AttachmentOutcome {
    fn from(result: Result<Decision, Error>) -> Self {
        match result {
            Ok(decision) => Self::Decision(decision),
            Err(error) => Self::Error(ReadError::from(&error)),
        }
    }
}
