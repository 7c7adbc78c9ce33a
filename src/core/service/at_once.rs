//! Use cases that answer at once and keep nothing.

use bytes::Bytes;

use crate::{
    classify::{Classifier, Decision},
    document::{self, Document, Format, Mail, ReadOptions},
    error::{Error, Result, Unreadable},
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

    /// What is attached. It is a help, and a damaged help is none.
    fn attachments(&self) -> Vec<document::Attachment> {
        match self {
            Self::Bytes(bytes) => document::attachments(bytes).unwrap_or_default(),
            Self::Mail(_) => Vec::new(),
        }
    }
}

/// What came out for a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// What the document is.
    pub decision: Decision,
    /// What the files are that a mail brought, each by its name.
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
    let attached = if document.format == Format::Eml { content.attachments() } else { Vec::new() };
    let attachments = attached.into_iter().enumerate().map(|(place, attachment)| {
        if place >= limits::MAX_CLASSIFIED_ATTACHMENTS {
            let why = format!("Only the first {} attachments of a mail are read", limits::MAX_CLASSIFIED_ATTACHMENTS);
            return (attachment.name, Err(Error::unreadable(Unreadable::TooLarge, why)));
        }
        let read = document::read(&attachment.bytes, &ReadOptions::default());
        (attachment.name, read.map(|document| classifier.decide(&document)))
    });
    Ok(Classified { decision: classifier.decide(&document), attachments: attachments.collect() })
}

/// Looks for the fields of a schema in a document.
///
/// # Errors
///
/// `Unreadable` when the document cannot be read.
pub fn extract(content: &Content, schema: &Schema) -> Result<Extraction> {
    let document = content.document(&ReadOptions::default())?;
    Ok(extract::extract(&document, schema, &content.attachments()))
}
