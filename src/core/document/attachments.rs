//! Files that lie within a document: those embedded in a PDF, those attached to a mail.

use super::parse;
use super::sniff::{self, Content};
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// A file within a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, as the document gives it. It may be anything; it is no path.
    pub name: Option<String>,
    /// What the document says it is, such as `text/xml`. Not to be believed.
    pub media_type: Option<String>,
    /// Its content. Text parts of mails are UTF-8, whatever they were sent in.
    pub bytes: Vec<u8>,
}

/// The files embedded in a PDF or attached to a mail, in its order; none for other formats. A mail attached to a mail
/// is one of them, whole, and its own attachments are not looked for.
///
/// # Errors
///
/// As [`super::read`], for the reasons that concern the file and not its text; and
/// [`Unreadable::TooLarge`] past [`limits::MAX_ATTACHMENTS`] or [`limits::MAX_ATTACHMENT_BYTES`].
pub fn attachments(bytes: &[u8]) -> Result<Vec<Attachment>> {
    super::check_size(bytes)?;
    match sniff::content(bytes) {
        Content::Pdf => parse::pdf::attachments(bytes),
        Content::Mail => parse::eml::attachments(bytes),
        Content::Encrypted => Err(super::encrypted()),
        Content::Other(kind) => Err(super::unsupported(kind)),
        Content::Docx | Content::Html | Content::Markdown(_) | Content::Plain(_) | Content::LargeText => Ok(Vec::new()),
    }
}

/// Attachments as they are found, within the bounds.
#[derive(Default)]
pub(crate) struct Gathered {
    found: Vec<Attachment>,
    bytes: u64,
}

impl Gathered {
    pub(crate) fn add(&mut self, name: Option<String>, media_type: Option<String>, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > limits::MAX_ATTACHMENT_BYTES {
            let bound = limits::MAX_ATTACHMENT_BYTES / limits::MIB;
            return Err(Error::unreadable(Unreadable::TooLarge, format!("The attachments have more than {bound} MiB")));
        }
        if self.found.len() >= limits::MAX_ATTACHMENTS {
            let bound = limits::MAX_ATTACHMENTS;
            return Err(Error::unreadable(Unreadable::TooLarge, format!("The file has more than {bound} attachments")));
        }
        self.found.push(Attachment { name, media_type, bytes: bytes.to_vec() });
        Ok(())
    }

    pub(crate) fn into_found(self) -> Vec<Attachment> {
        self.found
    }
}
