//! Use cases that answer at once and keep nothing.

use bytes::Bytes;

use super::ready;
use crate::{
    classify::{
        Attached, Classified, Classifier,
        evaluation::{self, Evaluated, Labelled},
    },
    document::{self, Attachment, Document, Format, Mail, ReadOptions},
    error::Result,
    extract::{self, Extracted, Schema},
    job::Classification,
};

/// What is to be looked at.
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

    fn attachments(&self) -> Result<Vec<Attachment>> {
        match self {
            Self::Bytes(bytes) => document::attachments(bytes),
            Self::Mail(_) => Ok(Vec::new()),
        }
    }
}

/// Classifies a document, and what is attached to it when it is a mail.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read. An attachment that cannot be read is its own affair.
pub fn classify(content: &Content, classification: &Classification) -> Result<Classified> {
    let document = content.document(&classification.read)?;
    let classifier = ready::classifier(classification);
    let mut attachments = Vec::new();
    if document.format == Format::Eml {
        match content.attachments() {
            Ok(files) => attachments.extend(files.into_iter().enumerate().map(|file| attached(&classifier, file))),
            Err(error) => attachments.push(Attached { name: None, outcome: Err(error).into() }),
        }
    }
    Ok(Classified::new(classifier.decide(&document), attachments))
}

fn attached(classifier: &Classifier, (place, file): (usize, Attachment)) -> Attached {
    let decision = document::enclosed(place, &file).map(|document| classifier.decide(&document));
    Attached { name: file.name, outcome: decision.into() }
}

/// Evaluates a classification on texts, which are read as [`classify`] reads them, and compares its answers with those of
/// the `published` one.
///
/// # Errors
///
/// `Invalid` at `cases/N/text` when a text cannot be read, at `cases/N/label` when no rule has the label.
pub fn evaluate(
    classification: &Classification,
    published: Option<&Classification>,
    texts: Vec<Labelled>,
) -> Result<Evaluated> {
    let cases = evaluation::cases(texts, |text| document::read(text, &classification.read))?;
    let published = published.map(|published| (&published.rules, &published.settings));
    evaluation::evaluate_against(&classification.rules, &classification.settings, published, &cases)
}

/// Looks for the fields of a schema in a document.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read.
pub fn extract(content: &Content, schema: &Schema) -> Result<Extracted> {
    let document = content.document(&ReadOptions::default())?;
    // What is attached is a help, and a damaged help is none.
    let attachments = content.attachments().unwrap_or_default();
    Ok(extract::extract(&document, schema, &attachments).into())
}
