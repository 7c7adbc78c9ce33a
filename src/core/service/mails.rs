//! Use cases of mails that are part of a request.

use super::{
    classifiers,
    index::{Version, json_bytes},
    ports::{Engine, Index},
    stateless::{self, Content},
};
use crate::{
    classify::Decision,
    document::Mail,
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
    limits,
};

/// Checks that a mail is small enough to be stored. Its attachments are limited with the body of the request.
///
/// # Errors
///
/// `TooLarge` if it has more than [`limits::MAX_MAIL_BYTES`] without its attachments.
pub fn check(mail: &Mail) -> Result<()> {
    let bytes = json_bytes(mail)?.saturating_sub(mail.attachment_bytes());
    if bytes > limits::MAX_MAIL_BYTES {
        return Err(Error::too_large("The mail", bytes, limits::MAX_MAIL_BYTES));
    }
    Ok(())
}

/// Classifies a mail immediately, and stores nothing.
///
/// # Errors
///
/// `NotFound` if the project has no such classifier, `Unreadable` if the mail has no text, `Upstream`.
pub async fn classify(
    ports: &(impl Index + Engine),
    project: ProjectId,
    id: ClassifierId,
    mail: Mail,
) -> Result<Decision> {
    let classifier = classifiers::get(ports, project, id, Version::Published).await?;
    stateless::decide(ports, Content::Mail(mail), classifier.classification).await
}
