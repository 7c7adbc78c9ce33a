//! Use cases that answer immediately and store nothing.

use bytes::Bytes;

use super::classifier_cache;
use crate::{
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
    fn document(&self, options: &ReadOptions) -> Result<Document> {
        match self {
            Self::Bytes(bytes) => document::read(bytes, options),
            Self::Mail(mail) => document::read_mail(mail),
        }
    }

    fn attachments(&self) -> Result<Vec<AttachedFile>> {
        match self {
            Self::Bytes(bytes) => document::attachments(bytes),
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
    let document = content.document(&classification.read_options)?;
    let classifier = classifier_cache::classifier(classification);
    let mut attachments = Vec::new();
    if document.format.reads_attachments() {
        match content.attachments() {
            Ok(files) => {
                attachments.extend(files.into_iter().enumerate().map(|file| classify_attachment(&classifier, file)));
            }
            Err(error) => attachments.push(AttachmentResult { name: None, outcome: Err(error).into() }),
        }
    }
    Ok(ClassifyResult::new(classifier.decide(&document), attachments))
}

fn classify_attachment(classifier: &Classifier, (index, file): (usize, AttachedFile)) -> AttachmentResult {
    let decision = document::read_attachment(index, &file).map(|document| classifier.decide(&document));
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
    let cases = evaluation::cases(texts, |text| document::read(text, &classification.read_options))?;
    let published = published.map(|published| (&published.rules, &published.settings));
    evaluation::evaluate_against(&classification.rules, &classification.settings, published, &cases)
}

/// Extracts the fields of a schema from a document.
///
/// # Errors
///
/// `Unreadable` if the document cannot be read.
pub fn extract(content: &Content, schema: &Schema) -> Result<ExtractResult> {
    let document = content.document(&ReadOptions::default())?;
    // Attachments only help; ones that cannot be read are ignored.
    let attachments = content.attachments().unwrap_or_default();
    Ok(extract::extract(&document, schema, &attachments).into())
}
