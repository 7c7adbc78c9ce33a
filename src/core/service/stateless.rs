//! Use cases that answer immediately and store nothing.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::ports::{DocumentBytes, Engine};
use crate::{
    classify::{Decision, RuleSet, evaluation::LabelledText},
    document::{Mail, ReadOptions},
    engine::{BudgetKind, Classify, ClassifyWithAttachments, Evaluate, Extract, Lint, Parse, RulesVersion, Source},
    error::Result,
    extract::{ExtractResult, Schema},
    job::Classification,
};

/// What to classify, to extract from or to parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes of a file, or a text.
    Bytes(Bytes),
    /// A mail.
    Mail(Mail),
}

impl Content {
    /// The same for the engine.
    fn into_source(self, options: ReadOptions) -> (Source, DocumentBytes) {
        match self {
            Self::Bytes(bytes) => (Source::Bytes(options), DocumentBytes::Sent(bytes)),
            Self::Mail(mail) => (Source::Mail(mail), DocumentBytes::None),
        }
    }
}

fn classify_call(content: Content, classification: Classification) -> (Classify, DocumentBytes) {
    let Classification { rules, settings, read_options, .. } = classification;
    let (source, bytes) = content.into_source(read_options);
    (Classify { source, rules, settings }, bytes)
}

/// Classifies a document and the files inside it that are documents of their own. Returns the JSON of a
/// [`ClassifyResult`](crate::classify::ClassifyResult).
///
/// # Errors
///
/// Those of [`ClassifyWithAttachments`], and of [`Engine`].
pub async fn classify(ports: &impl Engine, content: Content, classification: Classification) -> Result<Box<RawValue>> {
    let (call, bytes) = classify_call(content, classification);
    ports.engine(ClassifyWithAttachments(call), bytes, BudgetKind::Request).await
}

/// Classifies a document.
///
/// # Errors
///
/// Those of [`Classify`], and of [`Engine`].
pub async fn decide(ports: &impl Engine, content: Content, classification: Classification) -> Result<Decision> {
    let (call, bytes) = classify_call(content, classification);
    ports.engine(call, bytes, BudgetKind::Request).await
}

/// Evaluates a classification on labelled texts, read as [`classify`] reads them, and compares its answers with those
/// of the `published` classification. Returns the JSON of an
/// [`EvaluateResult`](crate::classify::evaluation::EvaluateResult).
///
/// # Errors
///
/// Those of [`Evaluate`], and of [`Engine`].
pub async fn evaluate(
    ports: &impl Engine,
    classification: Classification,
    published: Option<Classification>,
    cases: Vec<LabelledText>,
) -> Result<Box<RawValue>> {
    let version = |Classification { rules, settings, .. }| RulesVersion { rules, settings };
    let read_options = classification.read_options.clone();
    let call = Evaluate { evaluated: version(classification), published: published.map(version), read_options, cases };
    ports.engine(call, DocumentBytes::None, BudgetKind::Request).await
}

/// Lists the problems of rules. Returns the JSON of a [`LintResult`](crate::classify::lint::LintResult).
///
/// # Errors
///
/// Those of [`Lint`], and of [`Engine`].
pub async fn lint(ports: &impl Engine, rules: RuleSet) -> Result<Box<RawValue>> {
    ports.engine(Lint { rules }, DocumentBytes::None, BudgetKind::Request).await
}

/// Extracts the fields of a schema from a document.
///
/// # Errors
///
/// Those of [`Extract`], and of [`Engine`].
pub async fn extract(ports: &impl Engine, content: Content, schema: Schema) -> Result<ExtractResult> {
    let (source, bytes) = content.into_source(ReadOptions::default());
    Ok(ports.engine(Extract { source, schema }, bytes, BudgetKind::Request).await?.into())
}

/// Parses a document. Returns the JSON of a [`ParseResult`](crate::parse::ParseResult).
///
/// # Errors
///
/// Those of [`Parse`], and of [`Engine`].
pub async fn parse(ports: &impl Engine, content: Content, options: ReadOptions) -> Result<Box<RawValue>> {
    let (source, bytes) = content.into_source(options);
    ports.engine(Parse { source }, bytes, BudgetKind::Request).await
}
