//! Use cases that answer at once and keep nothing.

use bytes::Bytes;

use crate::{
    classify::{
        Classifier, Decision,
        evaluation::{self, Case, Comparison, Evaluation},
    },
    document::{self, Attachment, Document, Format, Mail, ReadOptions},
    error::{Error, Result, Unreadable, Violation},
    extract::{self, Extraction, Schema},
    job::Classification,
    limits,
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

/// What came out for a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// What the document is.
    pub decision: Decision,
    /// What the files are that a mail brought, each by its name. Where they cannot be told apart, one without a name says
    /// why.
    pub attachments: Vec<(Option<String>, Result<Decision>)>,
}

/// Classifies a document, and what is attached to it when it is a mail.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read. An attachment that cannot be read is its own affair.
pub fn classify(content: &Content, classification: &Classification) -> Result<Classified> {
    let document = content.document(&classification.read)?;
    let classifier = Classifier::new(&classification.rules, &classification.settings);
    let mut attachments = Vec::new();
    if document.format == Format::Eml {
        match content.attachments() {
            Ok(files) => attachments.extend(files.into_iter().enumerate().map(|file| attached(&classifier, file))),
            Err(error) => attachments.push((None, Err(error))),
        }
    }
    Ok(Classified { decision: classifier.decide(&document), attachments })
}

fn attached(classifier: &Classifier, (place, file): (usize, Attachment)) -> (Option<String>, Result<Decision>) {
    if place >= limits::MAX_CLASSIFIED_ATTACHMENTS {
        let why = format!("Only the first {} attachments of a mail are read", limits::MAX_CLASSIFIED_ATTACHMENTS);
        return (file.name, Err(Error::unreadable(Unreadable::TooLarge, why)));
    }
    let read = document::read(&file.bytes, &ReadOptions::default());
    (file.name, read.map(|document| classifier.decide(&document)))
}

/// A text and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// The label it should get; nothing when no rule fits.
    pub label: Option<String>,
}

/// How good the answers to labelled texts are.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// What was measured.
    pub evaluation: Evaluation,
    /// What changes against the published version, where there is one to compare with.
    pub comparison: Option<Comparison>,
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
    let (mut cases, mut unread) = (Vec::new(), Vec::new());
    for (at, Labelled { text, label }) in texts.into_iter().enumerate() {
        match document::read(text.as_bytes(), &classification.read) {
            Ok(document) => cases.push(Case { document, label }),
            Err(error) => unread.push(Violation {
                pointer: vec!["cases".into(), at.into(), "text".into()],
                reason: "value_error".to_owned(),
                message: format!("Value error, {}", error.message()),
                input: None,
                context: None,
            }),
        }
    }
    if !unread.is_empty() {
        return Err(Error::invalid(unread));
    }
    let evaluation = evaluation::evaluate(&classification.rules, &classification.settings, &cases)?;
    let comparison = published.map(|published| {
        let answers = evaluation::answers(&published.rules, &published.settings, &cases);
        evaluation::compare(&cases, &answers, &evaluation.answers)
    });
    Ok(Evaluated { evaluation, comparison })
}

/// Looks for the fields of a schema in a document.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read.
pub fn extract(content: &Content, schema: &Schema) -> Result<Extraction> {
    let document = content.document(&ReadOptions::default())?;
    // What is attached is a help, and a damaged help is none.
    let attachments = content.attachments().unwrap_or_default();
    Ok(extract::extract(&document, schema, &attachments))
}
