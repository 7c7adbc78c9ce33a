//! Reading what is light to read: text in UTF-8, web pages and mails; not PDF, not what comes packed as an archive, and not
//! what takes tables of encodings.
//!
//! Those are most of what a build of this crate weighs. A build that calls only what is here does not hold them, and
//! where it says `None` it lacks what it takes to read the document: another build must.

use super::attachments::{Attachment, check_place};
use super::sniff;
use super::{Document, PageSelection, ReadOptions, parse, readable};
use crate::error::Result;

/// As [`super::read`], as far as the build can; nothing when it cannot.
///
/// # Errors
///
/// As [`super::read`].
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Option<Document>> {
    let selection = PageSelection::new(options)?;
    super::check_size(bytes)?;
    let Some(light) = sniff::without_tables(bytes) else { return Ok(None) };
    readable(super::read_light(light, bytes, &selection)?).map(Some)
}

/// The files attached to a mail, as [`super::attachments()`].
///
/// # Errors
///
/// As [`super::attachments()`].
pub fn mail_attachments(mail: &[u8]) -> Result<Vec<Attachment>> {
    super::check_size(mail)?;
    parse::eml::attachments(mail)
}

/// As [`super::enclosed`], as far as the build can; nothing when it cannot.
///
/// # Errors
///
/// As [`super::enclosed`].
pub fn enclosed(place: usize, file: &Attachment) -> Result<Option<Document>> {
    check_place(place)?;
    read(&file.bytes, &ReadOptions::default())
}
