//! Use cases that answer immediately and store nothing.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::ports::{DocumentBytes, Engine, FileKey};
use crate::{
    classify::{Decision, RuleSet, evaluation::LabelledText},
    document::{Mail, ReadOptions},
    engine::{
        BudgetKind, CheckSchema, Classify, ClassifyWithAttachments, Evaluate, Extract, GenerateSchema, Lint, Parse,
        RulesVersion, Source, Split,
    },
    error::{Error, PathSegment, Result},
    extract::{ExtractResult, Schema},
    job::Classification,
    parse::ParseResult,
    split::SplitOptions,
};

/// What to classify, to extract from, to parse or to split.
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

/// Parses a document. Returns the JSON of a [`ParseResult`].
///
/// # Errors
///
/// Those of [`Parse`], and of [`Engine`].
pub async fn parse(ports: &impl Engine, content: Content, options: ReadOptions) -> Result<Box<RawValue>> {
    let (source, bytes) = content.into_source(options);
    ports.engine(Parse { source }, bytes, BudgetKind::Request).await
}

/// Splits a file by the rules of a classification. Returns the JSON of a [`SplitResult`](crate::split::SplitResult).
///
/// # Errors
///
/// Those of [`Split`], and of [`Engine`].
pub async fn split(
    ports: &impl Engine,
    content: Content,
    classification: Classification,
    options: SplitOptions,
) -> Result<Box<RawValue>> {
    let Classification { rules, settings, read_options, .. } = classification;
    let (source, bytes) = content.into_source(read_options);
    ports.engine(Split { source, rules, settings, options }, bytes, BudgetKind::Request).await
}

/// What parsing a stored file gives.
///
/// # Errors
///
/// Those of [`Parse`], and of [`Engine`].
pub async fn parse_stored(ports: &impl Engine, file: FileKey, options: ReadOptions) -> Result<ParseResult> {
    let call = Parse { source: Source::Bytes(options) };
    let parsed = ports.engine(call, DocumentBytes::Stored(file), BudgetKind::Request).await?;
    serde_json::from_str(parsed.get()).map_err(Error::internal)
}

/// Checks a JSON Schema, which is at the path `prefix` of the caller's input.
///
/// # Errors
///
/// Those of [`CheckSchema`], and of [`Engine`].
pub async fn check_schema(ports: &impl Engine, schema: String, prefix: Vec<PathSegment>) -> Result<()> {
    ports.engine(CheckSchema { schema, prefix }, DocumentBytes::None, BudgetKind::Request).await
}

/// What a JSON Schema is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaBasis {
    /// The labels of a stored file.
    File(FileKey),
    /// A schema that may lack types and descriptions, as JSON, at a path of the caller's input; and the names of more
    /// properties.
    Names(Option<String>, Vec<PathSegment>, Vec<String>),
}

/// Makes a JSON Schema. Returns it as JSON.
///
/// # Errors
///
/// Those of [`GenerateSchema`], and of [`Engine`].
pub async fn generate_schema(ports: &impl Engine, basis: SchemaBasis) -> Result<Box<RawValue>> {
    let (call, document) = match basis {
        SchemaBasis::File(file) => {
            let source = Some(Source::Bytes(ReadOptions::default()));
            let call = GenerateSchema { source, schema: None, prefix: Vec::new(), names: Vec::new() };
            (call, DocumentBytes::Stored(file))
        }
        SchemaBasis::Names(schema, prefix, names) => {
            (GenerateSchema { source: None, schema, prefix, names }, DocumentBytes::None)
        }
    };
    ports.engine(call, document, BudgetKind::Request).await
}
