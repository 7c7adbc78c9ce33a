//! A document and the files within it, in one value that can be kept, sent and read from again.

use serde::{Deserialize, Serialize};

use super::{Attachment, Document, Format, ReadOptions, attachments, enclosed, light, read};
use crate::error::{Error, Result};

/// A document, and what lies within it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "Document"))]
pub struct Opened {
    /// The document.
    #[serde(flatten)]
    pub document: Document,
    /// The files embedded in a PDF or attached to a mail, in its order. Where they cannot be told apart, one without a name
    /// says why.
    #[serde(default)]
    pub attachments: Vec<Enclosed>,
}

/// A file within a document. Those of a mail are read, those of a PDF are not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "Attachment"))]
pub struct Enclosed {
    /// Its name, as the document gives it. It may be anything; it is no path.
    pub name: Option<String>,
    /// What the document says it is, such as `text/xml`. Not to be believed.
    pub media_type: Option<String>,
    /// The document that it is, where it was read.
    pub document: Option<Document>,
    /// Why it could not be read.
    pub error: Option<Unread>,
    /// Its content, which faces carry beside the rest.
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    pub bytes: Vec<u8>,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Unread {
    /// The stable code of the reason.
    pub code: String,
    /// The reason as a sentence.
    pub message: String,
}

impl Enclosed {
    /// A file, and what came of reading it where it was read.
    fn new(file: Attachment, read: Option<Result<Document>>) -> Self {
        let (document, error) = match read {
            Some(Ok(document)) => (Some(document), None),
            Some(Err(error)) => (None, Some(Unread::from(&error))),
            None => (None, None),
        };
        Self { name: file.name, media_type: file.media_type, document, error, bytes: file.bytes }
    }

    /// What stands for files that cannot be told apart.
    fn none(error: &Error) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }
}

impl From<&Error> for Unread {
    fn from(error: &Error) -> Self {
        Self { code: error.code().to_owned(), message: error.message().to_owned() }
    }
}

impl From<Document> for Opened {
    /// A document with nothing in it.
    fn from(document: Document) -> Self {
        Self { document, attachments: Vec::new() }
    }
}

/// Reads a document, and the files attached to it when it is a mail.
///
/// # Errors
///
/// As [`read`]. A file within that cannot be read is its own affair.
pub fn open(bytes: &[u8], options: &ReadOptions) -> Result<Opened> {
    let document = read(bytes, options)?;
    let is_mail = document.format == Format::Eml;
    let attachments = match attachments(bytes) {
        Ok(files) => {
            let read = |(place, file): (usize, Attachment)| {
                let read = is_mail.then(|| enclosed(place, &file));
                Enclosed::new(file, read)
            };
            files.into_iter().enumerate().map(read).collect()
        }
        Err(error) => vec![Enclosed::none(&error)],
    };
    Ok(Opened { document, attachments })
}

/// As [`open`], as far as a build can that has only what is in [`light`]; nothing when it cannot.
///
/// # Errors
///
/// As [`open`].
pub fn open_light(bytes: &[u8], options: &ReadOptions) -> Result<Option<Opened>> {
    let Some(document) = light::read(bytes, options)? else { return Ok(None) };
    if document.format != Format::Eml {
        return Ok(Some(document.into()));
    }
    let files = match light::mail_attachments(bytes) {
        Ok(files) => files,
        Err(error) => return Ok(Some(Opened { document, attachments: vec![Enclosed::none(&error)] })),
    };
    let mut attachments = Vec::new();
    for (place, file) in files.into_iter().enumerate() {
        let Some(read) = light::enclosed(place, &file).transpose() else { return Ok(None) };
        attachments.push(Enclosed::new(file, Some(read)));
    }
    Ok(Some(Opened { document, attachments }))
}
