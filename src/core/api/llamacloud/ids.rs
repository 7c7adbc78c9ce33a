//! How ids are spelt: a prefix that tells what they are of, and the UUID. The prefix may be left out by callers, because
//! older revisions of the dialect had none.

use std::{fmt::Display, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde_json::json;

use super::LlamaCloud;
use crate::{
    api::reply::Failure,
    error::Error,
    id::{ClassifierId, FileId, JobId, OrganizationId, ProjectId},
    validate::{Check, Field},
};

/// The longest spelling that is looked at, in characters: the bound of the dialect for inputs.
pub(super) const ID_CHARS: usize = 200;

/// An id with a prefix.
pub(super) trait Spelling: Display + FromStr + Copy {
    /// What stands before the UUID.
    const PREFIX: &'static str;

    /// What is said when there is nothing of an id.
    const MISSING: &'static str;

    /// The id with its prefix.
    fn spell(self) -> String {
        format!("{}{self}", Self::PREFIX)
    }

    /// Reads an id with its prefix, or without any.
    fn read(text: &str) -> Option<Self> {
        text.strip_prefix(Self::PREFIX).unwrap_or(text).parse().ok()
    }
}

impl Spelling for FileId {
    const PREFIX: &'static str = "dfl-";
    const MISSING: &'static str = "File not found";
}

impl Spelling for ClassifierId {
    const PREFIX: &'static str = "cfg-";
    const MISSING: &'static str = "Configuration not found";
}

impl Spelling for JobId {
    const PREFIX: &'static str = "clj-";
    const MISSING: &'static str = "Classify job not found";
}

impl Spelling for ProjectId {
    const PREFIX: &'static str = "prj-";
    const MISSING: &'static str = "Project not found";
}

impl Spelling for OrganizationId {
    const PREFIX: &'static str = "org-";
    const MISSING: &'static str = "Organization not found";
}

/// Reads the id in `field`, where another form than that of an id is a mistake.
pub(super) fn id<T: Spelling>(check: &mut Check, field: &Field<'_>) -> Option<T> {
    let id = T::read(check.text(field, 0..=ID_CHARS)?);
    if id.is_none() {
        let why = format!("expected a UUID, or {} and a UUID", T::PREFIX);
        let message = format!("Input should be a valid UUID, {why}");
        check.refuse(field, "uuid_parsing", message, Some(json!({ "error": why })));
    }
    id
}

/// Reads ids to filter by. What is no id is of nothing we have, so it filters like the id of nothing.
pub(super) fn filter<T: Spelling>(check: &mut Check, fields: &[Field<'_>]) -> Vec<T> {
    fields.iter().filter_map(|field| check.text(field, 0..=ID_CHARS)).filter_map(T::read).collect()
}

/// The id in the path. What is no id is of nothing we have.
#[derive(Debug)]
pub(super) struct InPath<T>(pub T);

impl<T: Spelling, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Failure<LlamaCloud>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure<LlamaCloud>> {
        let segment = Path::<String>::from_request_parts(parts, state).await.ok();
        let id = segment.and_then(|Path(text)| T::read(&text));
        Ok(Self(id.ok_or_else(|| Error::not_found(T::MISSING))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_and_no_other_prefix() {
        let id = FileId::from_random([7; 16]);
        assert_eq!(id.spell(), "dfl-07070707-0707-4707-8707-070707070707");
        assert_eq!(FileId::read(&id.spell()), Some(id));
        assert_eq!(FileId::read(&id.to_string()), Some(id));
        assert_eq!(JobId::read(&id.spell()), None);
        assert_eq!(FileId::read("dfl-"), None);
    }
}
