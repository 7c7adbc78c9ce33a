//! The one error type of the core.
//!
//! An [`Error`] has a [`Kind`], which decides what a caller can do about it, a message for a person, and, where
//! input was refused, the [`Violation`]s that say which field and why. Kinds know nothing of any wire format: each
//! dialect renders them in its own shape. Detail that is nobody's business outside (a storage failure, say) is
//! kept in `source`, which is logged and never rendered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a document could not be read. Each reason has a stable [`code`](Unreadable::code) that job failures carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The bytes are of no kind the core reads.
    Unsupported,
    /// The document needs a password.
    Encrypted,
    /// The bytes claim a kind and do not keep to it.
    Broken,
    /// The document was read and holds no text.
    NoText,
    /// The document was read and its pages are pictures: text recognition would be needed.
    NeedsOcr,
    /// A bound on bytes, on inflated bytes or on glyphs was passed.
    TooLarge,
    /// The bound on pages was passed.
    TooManyPages,
    /// The bound on work was passed.
    Timeout,
}

impl Unreadable {
    /// Every reason, for tables that must not lack one.
    pub const ALL: [Self; 8] = [
        Self::Unsupported,
        Self::Encrypted,
        Self::Broken,
        Self::NoText,
        Self::NeedsOcr,
        Self::TooLarge,
        Self::TooManyPages,
        Self::Timeout,
    ];

    /// The stable code of the reason, as failed jobs show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsupported => "UNSUPPORTED_FILE_TYPE",
            Self::Encrypted => "PDF_IS_PROTECTED",
            Self::Broken => "PDF_IS_BROKEN",
            Self::NoText | Self::NeedsOcr => "NO_DATA_FOUND_IN_FILE",
            Self::TooLarge => "DOCUMENT_TOO_LARGE",
            Self::TooManyPages => "TOO_MANY_PAGES",
            Self::Timeout => "TIMEOUT",
        }
    }
}

/// What went wrong, in terms of what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The input is not what was asked for; [`Error::violations`] names the fields.
    Invalid,
    /// No credential, or one that is not ours.
    Unauthenticated,
    /// A credential that does not open this door.
    Forbidden,
    /// Nothing of that name in the caller's project.
    NotFound,
    /// The thing is in a state that excludes the request.
    Conflict,
    /// It was there and its time has passed (an expired signed address).
    Gone,
    /// The body or file passes this many bytes.
    TooLarge {
        /// The bound that was passed, in bytes.
        limit: u64,
    },
    /// The request must say how long its body is.
    LengthRequired,
    /// The request's content type is not one the endpoint reads.
    UnsupportedMedia,
    /// The document could not be read.
    Unreadable(Unreadable),
    /// Too many requests for now.
    RateLimited {
        /// Seconds after which it makes sense to try again.
        retry_after: u32,
    },
    /// Somebody else holds the thing; try again soon.
    Busy,
    /// Something this service leans on failed.
    Upstream {
        /// Whether the same request may succeed later.
        retryable: bool,
    },
    /// The work took longer than it may.
    Timeout,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// One example of every kind, for tables that must not lack one.
    pub const ALL: [Self; 15] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Gone,
        Self::TooLarge { limit: 1 },
        Self::LengthRequired,
        Self::UnsupportedMedia,
        Self::Unreadable(Unreadable::Unsupported),
        Self::RateLimited { retry_after: 1 },
        Self::Busy,
        Self::Upstream { retryable: true },
        Self::Timeout,
        Self::Internal,
    ];

    /// The stable code of the kind: what programs should compare.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Gone => "GONE",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::LengthRequired => "LENGTH_REQUIRED",
            Self::UnsupportedMedia => "UNSUPPORTED_MEDIA",
            Self::Unreadable(why) => why.code(),
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Busy => "BUSY",
            Self::Upstream { .. } => "UPSTREAM",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }

    /// Whether the same attempt may succeed when it is made again later.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Busy | Self::Upstream { retryable: true } | Self::Timeout | Self::Internal
        )
    }
}

/// One step of the way to a field: a member of an object or a place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// The place in a list, from 0.
    Index(usize),
    /// The name of a member.
    Name(String),
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// One reason why input was refused: where, what kind of reason, and the sentence for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The way from the root of the input to the field.
    pub pointer: Vec<Step>,
    /// The reason as a word programs can compare, such as `string_too_short`.
    pub reason: String,
    /// The reason as a sentence.
    pub message: String,
    /// What was found there, where showing it helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<serde_json::Value>,
    /// The bound that was passed, such as `{"min_length": 10}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<serde_json::Value>,
}

/// A field at fault, as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Fault {
    /// Where it is: a JSON pointer (RFC 6901) into what was given.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

impl From<&Violation> for Fault {
    /// The root's own name is left out.
    fn from(violation: &Violation) -> Self {
        let steps = violation.pointer.iter().skip(1).map(|step| match step {
            Step::Index(index) => format!("/{index}"),
            Step::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        });
        Self { pointer: steps.collect(), message: violation.message.clone() }
    }
}

/// An error: a kind, a sentence, and the fields at fault.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Error(Box<Repr>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Repr {
    kind: Kind,
    message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Error {
    /// An error of `kind` with a sentence for a person.
    #[cold]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Repr { kind, message: message.into(), violations: Vec::new(), source: None }))
    }

    /// Refused input: the violations say where and why. The message is that of the first.
    #[cold]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let message = violations.first().map_or_else(|| "Invalid input".to_owned(), |first| first.message.clone());
        Self(Box::new(Repr { kind: Kind::Invalid, message, violations, source: None }))
    }

    /// A document that could not be read, and why.
    #[cold]
    pub fn unreadable(why: Unreadable, message: impl Into<String>) -> Self {
        Self::new(Kind::Unreadable(why), message)
    }

    /// Nothing of that name in the caller's project.
    #[cold]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// The same error, said as `missing` when it is that nothing was found: each dialect has its own words for things.
    #[must_use]
    pub fn or_missing(self, missing: &str) -> Self {
        if self.kind() == Kind::NotFound { Self::not_found(missing) } else { self }
    }

    /// A fault of ours. The detail is for the log; the message that callers see says nothing of it.
    #[cold]
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(Kind::Internal, "Internal error").with_source(detail)
    }

    /// Adds detail for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl fmt::Display) -> Self {
        self.0.source = Some(source.to_string());
        self
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable code of the kind.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The sentence for a person.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields at fault, for [`Kind::Invalid`]; empty where the fault is not of one field.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Detail for the log. Never rendered.
    pub fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if f.alternate() {
            for violation in &self.0.violations {
                f.write_str(" at ")?;
                for step in &violation.pointer {
                    match step {
                        Step::Index(index) => write!(f, "/{index}")?,
                        Step::Name(name) => write!(f, "/{name}")?,
                    }
                }
                write!(f, ": {}", violation.message)?;
            }
            if let Some(source) = &self.0.source {
                write!(f, ": {source}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {self:#})", self.code())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crosses_a_boundary_unchanged() {
        let error = Error::invalid(vec![Violation {
            pointer: vec!["rules".into(), 0.into(), "description".into()],
            reason: "string_too_short".into(),
            message: "String should have at least 10 characters".into(),
            input: Some(serde_json::json!("x")),
            context: Some(serde_json::json!({ "min_length": 10 })),
        }])
        .with_source("for the log");
        let there = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<Error>(&there).unwrap(), error);
        assert_eq!(
            format!("{error:#}"),
            "String should have at least 10 characters at /rules/0/description: String should have at least 10 characters: for the log"
        );
    }

    #[test]
    fn codes_are_distinct_but_for_the_shared_ones() {
        let mut codes: Vec<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
