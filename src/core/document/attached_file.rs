//! A file inside a document, and collecting such files.

use crate::budget::Held;
use crate::error::{Error, Result, Unreadable};
use crate::limits;

/// A file inside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile {
    /// The name that the document gives it. It may be any text and is not a path.
    pub name: Option<String>,
    /// The media type that the document declares, such as `text/xml`. Not reliable.
    pub media_type: Option<String>,
    /// The content. Text parts of mails are UTF-8, in whatever encoding they were sent.
    pub bytes: Vec<u8>,
}

/// Collects attachments within the bounds.
pub(crate) struct AttachmentCollector<'b> {
    found: Vec<AttachedFile>,
    bytes: u64,
    /// The memory of the files.
    held: Vec<Held<'b>>,
}

impl<'b> AttachmentCollector<'b> {
    pub(crate) fn new() -> Self {
        Self { found: Vec::new(), bytes: 0, held: Vec::new() }
    }

    /// Adds a file, whose memory is charged.
    pub(crate) fn add(
        &mut self,
        name: Option<String>,
        media_type: Option<String>,
        bytes: Vec<u8>,
        held: Held<'b>,
    ) -> Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > limits::MAX_ATTACHMENT_BYTES {
            let bound = limits::MAX_ATTACHMENT_BYTES / limits::MIB;
            return Err(Error::unreadable(Unreadable::TooLarge, format!("The attachments have more than {bound} MiB")));
        }
        if self.found.len() >= limits::MAX_ATTACHMENTS {
            let bound = limits::MAX_ATTACHMENTS;
            return Err(Error::unreadable(Unreadable::TooLarge, format!("The file has more than {bound} attachments")));
        }
        self.found.push(AttachedFile { name, media_type, bytes });
        self.held.push(held);
        Ok(())
    }

    /// The files, no longer charged.
    pub(crate) fn into_files(self) -> Vec<AttachedFile> {
        self.found
    }
}
