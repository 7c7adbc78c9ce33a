//! The format of ids: a prefix for the type, and the UUID. Callers may leave out the prefix, because older revisions of
//! the dialect had none.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde_json::json;

use super::LlamaCloud;
use crate::{
    api::reply::ApiError,
    error::Error,
    id::{ClassifierId, ConfigurationId, FileId, JobId, OrganizationId, ProjectId, WebhookId},
    validate::{Input, Validator, shape::Shape},
};

/// The longest id that is parsed, in characters: the dialect's limit for inputs.
pub(super) const ID_CHARS: usize = 200;

/// An id with a prefix.
pub(super) trait IdFormat: Display + FromStr + Copy {
    /// What precedes the UUID.
    const PREFIX: &'static str;

    /// The message of `NotFound` errors.
    const MISSING: &'static str;

    /// The id with its prefix.
    fn format(self) -> String {
        format!("{}{self}", Self::PREFIX)
    }

    /// Parses an id, with its prefix or without any.
    fn parse(text: &str) -> Option<Self> {
        text.strip_prefix(Self::PREFIX).unwrap_or(text).parse().ok()
    }
}

impl IdFormat for FileId {
    const PREFIX: &'static str = "dfl-";
    const MISSING: &'static str = "File not found";
}

impl IdFormat for ClassifierId {
    const PREFIX: &'static str = "cfg-";
    const MISSING: &'static str = "Configuration not found";
}

impl IdFormat for JobId {
    const PREFIX: &'static str = "clj-";
    const MISSING: &'static str = "Classify job not found";
}

/// Declares the id of a job as another product than classifying writes it.
macro_rules! job_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $missing:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) struct $name(pub JobId);

        impl Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                text.parse().map(Self)
            }
        }

        impl From<$name> for JobId {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl IdFormat for $name {
            const PREFIX: &'static str = $prefix;
            const MISSING: &'static str = $missing;
        }
    };
}

job_id! {
    /// The id of a parse job.
    ParseJobId, "pjb-", "Parse job not found"
}
job_id! {
    /// The id of an extraction job.
    ExtractJobId, "ext-", "Extract job not found"
}
job_id! {
    /// The id of a split job.
    SplitJobId, "spl-", "Split job not found"
}

impl IdFormat for ConfigurationId {
    const PREFIX: &'static str = "cfg-";
    const MISSING: &'static str = "Configuration not found";
}

impl IdFormat for WebhookId {
    const PREFIX: &'static str = "whc-";
    const MISSING: &'static str = "Webhook configuration not found";
}

impl IdFormat for ProjectId {
    const PREFIX: &'static str = "prj-";
    const MISSING: &'static str = "Project not found";
}

impl IdFormat for OrganizationId {
    const PREFIX: &'static str = "org-";
    const MISSING: &'static str = "Organization not found";
}

/// An id of the type `T`.
pub(super) const fn id_shape<T: IdFormat>() -> Shape {
    Shape::Own { documented: &ID, format: "", check: check_id::<T> }
}

/// A text that may be an id.
pub(super) const ID: Shape = Shape::text(0..=ID_CHARS);

/// Several of them.
pub(super) const IDS: Shape = Shape::list(0..=usize::MAX, &ID);

fn check_id<T: IdFormat>(check: &mut Validator, field: &Input<'_>) {
    if check.text(field, 0..=ID_CHARS).is_some_and(|text| T::parse(text).is_none()) {
        let why = format!("expected a UUID, or {} and a UUID", T::PREFIX);
        let message = format!("Input should be a valid UUID, {why}");
        check.reject(field, "uuid_parsing", message, Some(json!({ "error": why })));
    }
}

/// The ids to filter by. Malformed ones are dropped, because they match nothing.
pub(super) fn filter<T: IdFormat>(texts: &[String]) -> Vec<T> {
    texts.iter().filter_map(|text| T::parse(text)).collect()
}

/// The id in the path. A malformed id is `NotFound`, because it names nothing that exists.
#[derive(Debug)]
pub(super) struct PathId<T>(pub T);

impl<T: IdFormat, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError<LlamaCloud>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError<LlamaCloud>> {
        let segment = Path::<String>::from_request_parts(parts, state).await.ok();
        let id = segment.and_then(|Path(text)| T::parse(&text));
        Ok(Self(id.ok_or_else(|| Error::not_found(T::MISSING))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_ids_with_their_own_prefix_or_none() {
        let id = FileId::from_bytes([7; 16]);
        assert_eq!(id.format(), "dfl-07070707-0707-4707-8707-070707070707");
        assert_eq!(FileId::parse(&id.format()), Some(id));
        assert_eq!(FileId::parse(&id.to_string()), Some(id));
        assert_eq!(JobId::parse(&id.format()), None);
        assert_eq!(FileId::parse("dfl-"), None);
    }
}
