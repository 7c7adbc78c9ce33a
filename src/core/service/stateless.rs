//! Use cases that answer immediately and store nothing.

use bytes::Bytes;

use super::classifier_cache;
use crate::{
    budget::Budget,
    classify::{
        AttachmentResult, Classifier, ClassifyResult,
        evaluation::{self, EvaluateResult, LabelledText},
    },
    document::{self, AttachedFile, Document, Mail, ReadOptions},
    error::Result,
    extract::{self, ExtractResult, Schema},
    job::Classification,
};

/// What to classify or to extract from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes of a file, or a text.
    Bytes(Bytes),
    /// A mail.
    Mail(Mail),
}

impl Content {
    fn document(&self, options: &ReadOptions, budget: &Budget) -> Result<Document> {
        match self {
            Self::Bytes(bytes) => document::read(bytes, options, budget),
            Self::Mail(mail) => document::read_mail(mail, budget),
        }
    }

    fn attachments(&self, budget: &Budget) -> Result<Vec<AttachedFile>> {
        match self {
            Self::Bytes(bytes) => document::attachments(bytes, budget),
            Self::Mail(_) => Ok(Vec::new()),
        }
    }
}

/// Classifies a document and the files inside it that are documents of their own.
///
/// # Errors
///
/// `Unreadable` if the document cannot be read. An attachment that cannot be read has the error in its own result.
pub fn classify(content: &Content, classification: &Classification) -> Result<ClassifyResult> {
    let budget = Budget::request();
    let document = content.document(&classification.read_options, &budget)?;
    let classifier = classifier_cache::classifier(classification, &budget)?;
    let mut attachments = Vec::new();
    if document.format.reads_attachments() {
        match content.attachments(&budget) {
            Ok(files) => {
                attachments
                    .extend(files.into_iter().enumerate().map(|file| classify_attachment(&classifier, file, &budget)));
            }
            Err(error) => attachments.push(AttachmentResult { name: None, outcome: Err(error).into() }),
        }
    }
    Ok(ClassifyResult::new(classifier.decide(&document, &budget)?, attachments))
}

fn classify_attachment(
    classifier: &Classifier,
    (index, file): (usize, AttachedFile),
    budget: &Budget,
) -> AttachmentResult {
    let decision =
        document::read_attachment(index, &file, budget).and_then(|document| classifier.decide(&document, budget));
    AttachmentResult { name: file.name, outcome: decision.into() }
}

/// Evaluates a classification on labelled texts, read as [`classify`] reads them, and compares its answers with those
/// of the `published` classification.
///
/// # Errors
///
/// `Invalid` at `cases/N/text` if a text cannot be read, at `cases/N/label` if no rule has the label.
pub fn evaluate(
    classification: &Classification,
    published: Option<&Classification>,
    texts: Vec<LabelledText>,
) -> Result<EvaluateResult> {
    let budget = Budget::request();
    let cases = evaluation::cases(texts, |text| document::read(text, &classification.read_options, &budget))?;
    let published = published.map(|published| (&published.rules, &published.settings));
    evaluation::evaluate_against(&classification.rules, &classification.settings, published, &cases, &budget)
}

/// Extracts the fields of a schema from a document.
///
/// # Errors
///
/// `Unreadable` if the document cannot be read.
pub fn extract(content: &Content, schema: &Schema) -> Result<ExtractResult> {
    let budget = Budget::request();
    let document = content.document(&ReadOptions::default(), &budget)?;
    // Attachments only help; ones that cannot be read are ignored.
    let attachments = content.attachments(&budget).unwrap_or_default();
    Ok(extract::extract(&document, schema, &attachments, &budget)?.into())
}
