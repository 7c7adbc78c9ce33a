//! Decisions as callers get them: with those for the attachments, and with the version of the engine.

use serde::Serialize;

use super::Decision;
use crate::ENGINE_VERSION;
use crate::document::{Document, ReadError};
use crate::error::{Error, Unreadable};

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

    /// The result for `document` and its attachments. `decide` makes the decision, but for a mail without a text of its own
    /// it is the most confident one of its attachments.
    ///
    /// # Errors
    ///
    /// Those of `decide`; `Unreadable` if neither the mail nor an attachment has a text.
    pub fn of(
        document: &Document,
        attachments: Vec<AttachmentResult>,
        decide: impl FnOnce(&Document) -> Result<Decision, Error>,
    ) -> Result<Self, Error> {
        let by_attachment = if document.is_mail_without_text() { decision_by_attachment(&attachments) } else { None };
        let decision = match by_attachment {
            Some(decision) => decision,
            None if document.is_empty() => {
                let message = "The mail holds no text, and none of its attachments can be read";
                return Err(Error::unreadable(Unreadable::NoText, message));
            }
            None => decide(document)?,
        };
        Ok(Self::new(decision, attachments))
    }
}

/// How many characters of the name of an attachment a sentence has.
const NAME_CHARS: usize = 160;

/// The most confident decision for an attachment, as the decision for its mail; one with a label rather than one without.
/// Of equal ones, the first.
fn decision_by_attachment(attachments: &[AttachmentResult]) -> Option<Decision> {
    let mut best: Option<(usize, &AttachmentResult, &Decision)> = None;
    for (index, file) in attachments.iter().enumerate() {
        let AttachmentOutcome::Decision(decision) = &file.outcome else { continue };
        let rank = |decision: &Decision| (decision.label.is_some(), decision.confidence);
        if best.is_none_or(|(_, _, best)| rank(decision) > rank(best)) {
            best = Some((index, file, decision));
        }
    }
    let (index, file, decision) = best?;
    let name = file.name.clone().unwrap_or_else(|| format!("attachment {}", index + 1));
    let mut decision = decision.clone();
    for evidence in &mut decision.evidence {
        evidence.attachment = Some(name.clone());
    }
    let shown: String = name.chars().take(NAME_CHARS).collect();
    decision.reasoning =
        format!("The mail has no text of its own but an attachment: \"{shown}\". {}", decision.reasoning);
    Some(decision)
}

impl From<Result<Decision, Error>> for AttachmentOutcome {
    fn from(result: Result<Decision, Error>) -> Self {
        match result {
            Ok(decision) => Self::Decision(decision),
            Err(error) => Self::Error(ReadError::from(&error)),
        }
    }
}
