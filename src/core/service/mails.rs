//! Use cases of mails that come in a request.

use super::{
    at_once::{self, Content},
    classifiers,
    ports::Index,
};
use crate::{
    classify::Decision,
    document::Mail,
    error::{Error, Kind, Result},
    id::{ClassifierId, ProjectId},
    limits,
};

/// Checks that a mail is one that can be kept.
///
/// # Errors
///
/// `TooLarge` when it has more than [`limits::MAX_MAIL_BYTES`].
pub fn check(mail: &Mail) -> Result<()> {
    let bytes = serde_json::to_string(mail).map_err(Error::internal)?.len();
    if bytes > limits::MAX_MAIL_BYTES {
        let limit = u64::try_from(limits::MAX_MAIL_BYTES).unwrap_or(u64::MAX);
        let why = format!("The mail has {bytes} bytes; mails of up to {limit} are taken");
        return Err(Error::new(Kind::TooLarge { limit }, why));
    }
    Ok(())
}

/// Classifies a mail at once, and keeps nothing.
///
/// # Errors
///
/// `NotFound` when there is no such classifier in the project, `Unreadable` when there is nothing to read, `Upstream`.
pub async fn classify(ports: &impl Index, project: ProjectId, id: ClassifierId, mail: Mail) -> Result<Decision> {
    let classifier = classifiers::get(ports, project, id, false).await?;
    Ok(at_once::classify(&Content::Mail(mail), &classifier.classification)?.decision)
}
