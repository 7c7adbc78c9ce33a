//! Reads text in UTF-8, web pages and mails, but not PDF, archives, or encodings that need tables.
//!
//! Those make up most of the size of a build of this crate. A build that calls only the functions of this module does
//! not contain them. If they return `None`, the document needs a complete build.

use super::AttachedFile;
use super::attachments::check_index;
use super::sniff;
use super::{Document, PageSelection, ReadOptions, parse, require_text};
use crate::error::Result;

/// As [`super::read`]; None if the document needs a complete build.
///
/// # Errors
///
/// As [`super::read`].
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Option<Document>> {
    let selection = PageSelection::new(options)?;
    super::check_size(bytes)?;
    let Some(content) = sniff::text_based_utf8_only(bytes) else { return Ok(None) };
    require_text(super::read_text_based(content, bytes, &selection)?).map(Some)
}

/// The files attached to a mail, as [`super::attachments()`].
///
/// # Errors
///
/// As [`super::attachments()`].
pub fn mail_attachments(mail: &[u8]) -> Result<Vec<AttachedFile>> {
    super::check_size(mail)?;
    parse::eml::attachments(mail)
}

/// As [`super::read_attachment`]; None if the document needs a complete build.
///
/// # Errors
///
/// As [`super::read_attachment`].
pub fn read_attachment(index: usize, file: &AttachedFile) -> Result<Option<Document>> {
    check_index(index)?;
    read(&file.bytes, &ReadOptions::default())
}
