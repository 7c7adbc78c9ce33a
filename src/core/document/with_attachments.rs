//! A document with the files inside it, in one value that can be stored and sent.

use serde::{Deserialize, Serialize};

use super::{
    AttachedFile, Document, Mail, ReadOptions, attachments, mail_attachments, read, read_attachment, read_mail,
};
use crate::budget::Budget;
use crate::error::{Error, Result};

/// A document with the files inside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DocumentWithAttachments {
    /// The document.
    #[serde(flatten)]
    pub document: Document,
    /// The files embedded in a PDF or attached to a mail, in its order. If they cannot be extracted, one entry
    /// without a name has the error.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A file inside a document. Files attached to a mail are read, files embedded in a PDF are not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Attachment {
    /// The name that the document gives it. It may be any text and is not a path.
    pub name: Option<String>,
    /// The media type that the document declares, such as `text/xml`. Not reliable.
    pub media_type: Option<String>,
    /// The document, if the file was read.
    pub document: Option<Document>,
    /// The error, if it could not be read.
    pub error: Option<ReadError>,
    /// The content. It is not serialized: the worker and the npm package pass it separately.
    #[serde(skip_serializing)]
    #[cfg_attr(feature = "types", ts(type = "Uint8Array"))]
    pub bytes: Vec<u8>,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReadError {
    /// The stable code of the reason.
    pub code: String,
    /// The reason as a sentence.
    pub message: String,
}

impl Attachment {
    /// A file with the result of reading it, if it was read.
    fn new(file: AttachedFile, read: Option<Result<Document>>) -> Self {
        let (document, error) = match read {
            Some(Ok(document)) => (Some(document), None),
            Some(Err(error)) => (None, Some(ReadError::from(&error))),
            None => (None, None),
        };
        Self { name: file.name, media_type: file.media_type, document, error, bytes: file.bytes }
    }

    /// The entry for files that cannot be extracted.
    fn from_error(error: &Error) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }
}

impl From<&Error> for ReadError {
    fn from(error: &Error) -> Self {
        Self { code: error.code().to_owned(), message: error.message().to_owned() }
    }
}

impl From<Document> for DocumentWithAttachments {
    /// A document without attachments.
    fn from(document: Document) -> Self {
        Self { document, attachments: Vec::new() }
    }
}

/// Reads a document and the files inside it that are documents of their own, such as those attached to a mail.
///
/// # Errors
///
/// As [`read`]. An error of an attachment is reported on the attachment.
pub fn read_with_attachments(bytes: &[u8], options: &ReadOptions, budget: &Budget) -> Result<DocumentWithAttachments> {
    let document = read(bytes, options, budget)?;
    with_files(document, attachments(bytes, budget), budget)
}

/// Makes a document from a mail whose parts the caller has, and reads the files attached to it.
///
/// # Errors
///
/// As [`read_mail`]. An error of an attachment is reported on the attachment.
pub fn read_mail_with_attachments(mail: &Mail, budget: &Budget) -> Result<DocumentWithAttachments> {
    let document = read_mail(mail, budget)?;
    with_files(document, mail_attachments(mail, budget), budget)
}

fn with_files(
    document: Document,
    files: Result<Vec<AttachedFile>>,
    budget: &Budget,
) -> Result<DocumentWithAttachments> {
    let reads_attachments = document.format.reads_attachments();
    let attachments = match files {
        Ok(files) => {
            // The files stay in memory while each is read.
            let _held = budget.hold(files.iter().map(|file| file.bytes.len()).sum())?;
            let read = |(index, file): (usize, AttachedFile)| {
                let read = reads_attachments.then(|| read_attachment(index, &file, budget));
                Attachment::new(file, read)
            };
            files.into_iter().enumerate().map(read).collect()
        }
        Err(error) => vec![Attachment::from_error(&error)],
    };
    Ok(DocumentWithAttachments { document, attachments })
}
