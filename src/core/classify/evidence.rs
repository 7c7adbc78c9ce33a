//! Evidence: the places of a document that count for a rule or against it.

use serde::{Deserialize, Serialize};

use crate::document::Span;

/// Words of the document that count for a rule, or against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The page, from 1.
    pub page: u32,
    /// The place on the page: byte offsets into its text.
    pub span: Span,
    /// The words at that place.
    pub text: String,
    /// The label of the rule that they count for: the label of the answer, or of the nearest rule if the answer is
    /// none.
    pub rule: String,
    /// The kind of evidence; the one with most of the weight if there are several.
    #[serde(default = "default_evidence_kind")]
    #[cfg_attr(feature = "types", ts(type = "\"word\" | \"name\" | \"meaning\" | \"example\""))]
    pub kind: EvidenceKind,
    /// The amount they add to the rule's score, in its units; negative if they count against it.
    pub weight: f64,
    /// The attachment that the page is of, by its name or number, if a mail without a text of its own was classified by
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub attachment: Option<String>,
}

/// The kind of evidence in decisions that were stored before other kinds existed.
fn default_evidence_kind() -> EvidenceKind {
    EvidenceKind::Word
}

/// The reason why a place counts for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EvidenceKind {
    /// A word of the rule.
    Word,
    /// A word of the label in a title or heading, or the label word by word.
    Name,
    /// A word with a meaning similar to the rule's.
    Meaning,
    /// A word of the rule's examples, or one with a similar meaning.
    Example,
}

/// A place: the index of the page, and the span on it.
pub(super) type Location = (usize, Span);
