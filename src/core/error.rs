//! The one error type of the core.
//!
//! An [`Error`] has an [`ErrorKind`], which decides what a caller can do about it, a message for a person and, for
//! invalid input, the [`Violation`]s that say which field is wrong and why. Kinds are independent of wire formats: each
//! dialect renders them in its own. Internal detail, such as a storage failure, goes into `source`, which is logged but
//! never rendered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a document could not be read. Each reason has a stable [`code`](Unreadable::code) that job failures carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// The bytes have no format that this crate reads.
    Unsupported,
    /// The document needs a password.
    Encrypted,
    /// The bytes look like a known format but are malformed.
    Damaged,
    /// The document was read but has no text.
    NoText,
    /// The document was read but its pages are images: it needs text recognition.
    NeedsOcr,
    /// It exceeds a limit on bytes, on decompressed bytes or on glyphs.
    TooLarge,
    /// It exceeds the limit on pages.
    TooManyPages,
    /// It exceeds the limit on work.
    Timeout,
    /// Reading it takes a cargo feature that this build lacks.
    NotIncluded,
    /// It made the engine fail: a bug, or more memory than an instance has.
    EngineFailed,
}

impl Unreadable {
    /// Every reason, for tests that must cover all.
    pub const ALL: [Self; 10] = [
        Self::Unsupported,
        Self::Encrypted,
        Self::Damaged,
        Self::NoText,
        Self::NeedsOcr,
        Self::TooLarge,
        Self::TooManyPages,
        Self::Timeout,
        Self::NotIncluded,
        Self::EngineFailed,
    ];

    /// The stable code of the reason, as failed jobs show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unsupported => "UNSUPPORTED_FILE_TYPE",
            Self::Encrypted => "DOCUMENT_ENCRYPTED",
            Self::Damaged => "DOCUMENT_DAMAGED",
            Self::NoText => "NO_TEXT",
            Self::NeedsOcr => "NEEDS_OCR",
            Self::TooLarge => "DOCUMENT_TOO_LARGE",
            Self::TooManyPages => "TOO_MANY_PAGES",
            Self::Timeout => "TIMEOUT",
            Self::NotIncluded => "FORMAT_NOT_INCLUDED",
            Self::EngineFailed => "ENGINE_FAILED",
        }
    }
}

/// What a [budget](crate::budget) limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Steps of work.
    Work,
    /// Bytes held at once.
    Memory,
    /// Things made of the input: passages, objects, candidates.
    Items,
    /// Levels of nesting.
    Depth,
}

/// What a caller may have only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    /// Requests with one token.
    Token,
    /// Requests to one project, with any of its tokens.
    Project,
    /// Jobs of one project that have not ended.
    OpenJobs,
}

/// What went wrong, in terms of what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The input is invalid; [`Error::violations`] names the fields.
    Invalid,
    /// There is no credential, or it is invalid.
    Unauthenticated,
    /// The credential does not permit the request.
    Forbidden,
    /// There is no such resource in the caller's project.
    NotFound,
    /// The resource does not serve this method.
    MethodNotAllowed,
    /// The state of the resource does not permit the request.
    Conflict,
    /// It has expired (a signed URL).
    Gone,
    /// The body of the request came too slowly.
    RequestTimeout,
    /// The URL is too long.
    UriTooLong,
    /// The body or file is too large.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The work takes more than the budget of a request or stage.
    OverBudget(Resource),
    /// The request must declare the length of its body.
    LengthRequired,
    /// The endpoint does not accept the request's content type.
    UnsupportedMedia,
    /// The document could not be read.
    Unreadable(Unreadable),
    /// The caller has had its share.
    RateLimited {
        /// Of what.
        quota: Quota,
        /// Seconds to wait before the next attempt.
        retry_after: u32,
    },
    /// Another request holds the resource; try again soon.
    Busy,
    /// A service that this one depends on failed.
    Upstream {
        /// Whether the same request may succeed later.
        retryable: bool,
    },
    /// A server that the caller named failed, or answers what cannot be used.
    Remote {
        /// Whether the same request may succeed later.
        retryable: bool,
    },
    /// The work exceeded its time limit.
    Timeout,
    /// A bug or a failure in this service.
    Internal,
}

impl ErrorKind {
    /// One example of every kind, for tests that must cover all.
    pub const ALL: [Self; 20] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Gone,
        Self::RequestTimeout,
        Self::UriTooLong,
        Self::TooLarge { limit: 1 },
        Self::OverBudget(Resource::Work),
        Self::LengthRequired,
        Self::UnsupportedMedia,
        Self::Unreadable(Unreadable::Unsupported),
        Self::RateLimited { quota: Quota::Token, retry_after: 1 },
        Self::Busy,
        Self::Upstream { retryable: true },
        Self::Remote { retryable: true },
        Self::Timeout,
        Self::Internal,
    ];

    /// The stable code of the kind, for programs to compare.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::Conflict => "CONFLICT",
            Self::Gone => "GONE",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::UriTooLong => "URI_TOO_LONG",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::OverBudget(_) => "OVER_BUDGET",
            Self::LengthRequired => "LENGTH_REQUIRED",
            Self::UnsupportedMedia => "UNSUPPORTED_MEDIA",
            Self::Unreadable(why) => why.code(),
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Busy => "BUSY",
            Self::Upstream { .. } => "UPSTREAM",
            Self::Remote { .. } => "REMOTE_SERVER",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }

    /// Whether the same request may succeed later.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout
                | Self::RateLimited { .. }
                | Self::Busy
                | Self::Upstream { retryable: true }
                | Self::Remote { retryable: true }
                | Self::Timeout
                | Self::Internal
        )
    }
}

/// One step of the path to a field: a member of an object or an index in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum PathSegment {
    /// An index in a list, from 0.
    Index(usize),
    /// The name of a member of an object.
    Name(String),
}

impl From<&str> for PathSegment {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<usize> for PathSegment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// One error in the input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The path from the root of the input to the field.
    pub pointer: Vec<PathSegment>,
    /// The reason as a code that programs can compare, such as `string_too_short`.
    pub reason: String,
    /// The message for a person.
    pub message: String,
    /// The rejected value, if it is short enough to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<serde_json::Value>,
    /// The limit that the value violates, such as `{"min_length": 10}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<serde_json::Value>,
}

/// How many violations an error lists. Nobody mends more at once, and an answer that repeats every fault of a body of
/// [`MAX_BODY_BYTES`](crate::limits::MAX_BODY_BYTES) has fifty times its size.
pub const MAX_VIOLATIONS: usize = 100;

/// The violations of an input. The first [`MAX_VIOLATIONS`] are kept; the others are only counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Violations {
    listed: Vec<Violation>,
    omitted: usize,
}

impl Violations {
    /// Adds a violation, which is made only if it is kept.
    pub fn add(&mut self, violation: impl FnOnce() -> Violation) {
        if self.listed.len() < MAX_VIOLATIONS {
            self.listed.push(violation());
        } else {
            self.omit(1);
        }
    }

    /// Counts violations without listing them.
    pub fn omit(&mut self, count: usize) {
        self.omitted = self.omitted.saturating_add(count);
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: Self) {
        self.extend(other.listed);
        self.omit(other.omitted);
    }

    /// How many there are, listed or not.
    pub fn count(&self) -> usize {
        self.listed.len().saturating_add(self.omitted)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Those that are listed.
    pub fn listed(&self) -> &[Violation] {
        &self.listed
    }
}

impl Extend<Violation> for Violations {
    fn extend<I: IntoIterator<Item = Violation>>(&mut self, violations: I) {
        violations.into_iter().for_each(|violation| self.add(|| violation));
    }
}

impl FromIterator<Violation> for Violations {
    fn from_iter<I: IntoIterator<Item = Violation>>(violations: I) -> Self {
        let mut collected = Self::default();
        collected.extend(violations);
        collected
    }
}

impl From<Vec<Violation>> for Violations {
    fn from(violations: Vec<Violation>) -> Self {
        violations.into_iter().collect()
    }
}

/// An invalid field, as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the input.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

impl From<&Violation> for FieldError {
    /// The pointer omits the root's own name.
    fn from(violation: &Violation) -> Self {
        let steps = violation.pointer.iter().skip(1).map(|step| match step {
            PathSegment::Index(index) => format!("/{index}"),
            PathSegment::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        });
        Self { pointer: steps.collect(), message: violation.message.clone() }
    }
}

/// An error: a kind, a message, and the invalid fields.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Error(Box<Repr>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Repr {
    kind: ErrorKind,
    message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
    #[serde(default, skip_serializing_if = "is_zero")]
    omitted_violations: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Error {
    /// An error of `kind` with a message for a person.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        let (violations, omitted_violations) = (Vec::new(), 0);
        Self(Box::new(Repr { kind, message, violations, omitted_violations, format: None, source: None }))
    }

    /// Invalid input. The message is that of the first violation.
    #[cold]
    pub fn invalid(violations: impl Into<Violations>) -> Self {
        let Violations { listed, omitted } = violations.into();
        let message = listed.first().map_or_else(|| "Invalid input".to_owned(), |first| first.message.clone());
        let mut error = Self::new(ErrorKind::Invalid, message);
        error.0.violations = listed;
        error.0.omitted_violations = omitted;
        error
    }

    /// Something of `bytes` bytes, of which at most `limit` can be stored or processed. `what` is its name with an
    /// article, at the beginning of a sentence.
    #[cold]
    pub fn too_large(what: &str, bytes: usize, limit: usize) -> Self {
        let message = format!("{what} has {bytes} bytes; the limit is {limit}");
        Self::new(ErrorKind::TooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) }, message)
    }

    /// An unreadable document.
    #[cold]
    pub fn unreadable(why: Unreadable, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unreadable(why), message)
    }

    /// A file that needs a cargo feature that this build lacks. `what` is what is not read.
    #[cold]
    pub fn not_included(what: &str, feature: &str) -> Self {
        let message = format!("This build does not read {what}: it lacks the feature `{feature}`");
        Self::unreadable(Unreadable::NotIncluded, message)
    }

    /// Adds the format of the document that the error is about, as its usual file extension.
    #[must_use]
    pub fn with_format(mut self, extension: &str) -> Self {
        self.0.format = Some(extension.to_owned());
        self
    }

    /// There is no such resource in the caller's project.
    #[cold]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The same error; if it is `NotFound`, with the message `missing`, because each dialect has its own wording.
    #[must_use]
    pub fn with_not_found_message(self, missing: &str) -> Self {
        if self.kind() == ErrorKind::NotFound { Self::not_found(missing) } else { self }
    }

    /// An internal error. `detail` is only logged; callers see a generic message.
    #[cold]
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, "Internal error").with_source(detail)
    }

    /// Adds detail for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl fmt::Display) -> Self {
        self.0.source = Some(source.to_string());
        self
    }

    /// The kind, which decides what a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code of the kind.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The message for a person.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The invalid fields, for [`ErrorKind::Invalid`]: at most [`MAX_VIOLATIONS`]. Empty if the error is not about
    /// fields.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// How many violations there are besides the listed ones.
    pub fn omitted_violations(&self) -> usize {
        self.0.omitted_violations
    }

    /// The last entry of a list of the violations: that there are more, as a violation of the whole input. None if all
    /// are listed.
    pub fn omission(&self) -> Option<Violation> {
        let count = self.0.omitted_violations;
        (count > 0).then(|| Violation {
            pointer: self.0.violations.first().and_then(|first| first.pointer.first()).cloned().into_iter().collect(),
            reason: "too_many_errors".to_owned(),
            message: format!("{count} more error{} not listed", if count == 1 { " is" } else { "s are" }),
            input: None,
            context: Some(serde_json::json!({ "omitted": count })),
        })
    }

    /// The format of the unreadable document as its usual file extension, such as `pdf`; None if it was not detected.
    pub fn format(&self) -> Option<&str> {
        self.0.format.as_deref()
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
                        PathSegment::Index(index) => write!(f, "/{index}")?,
                        PathSegment::Name(name) => write!(f, "/{name}")?,
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
    fn serde_round_trip_keeps_everything() {
        let error = Error::invalid(vec![Violation {
            pointer: vec!["rules".into(), 0.into(), "description".into()],
            reason: "string_too_short".into(),
            message: "String should have at least 10 characters".into(),
            input: Some(serde_json::json!("x")),
            context: Some(serde_json::json!({ "min_length": 10 })),
        }])
        .with_source("for the log");
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<Error>(&json).unwrap(), error);
        assert_eq!(
            format!("{error:#}"),
            "String should have at least 10 characters at /rules/0/description: String should have at least 10 characters: for the log"
        );
    }

    #[test]
    fn violations_past_the_limit_are_counted_and_not_made() {
        let violation = |index: usize| Violation {
            pointer: vec!["body".into(), index.into()],
            reason: "missing".into(),
            message: "Field required".into(),
            input: None,
            context: None,
        };
        let all: Violations = (0..MAX_VIOLATIONS).map(violation).collect();
        assert_eq!(Error::invalid(all.clone()).omission(), None);
        let mut more = all;
        let mut made = 0;
        for index in 0..2 {
            more.add(|| {
                made += 1;
                violation(index)
            });
        }
        assert_eq!(made, 0);
        more.append((0..3).map(violation).collect());
        assert_eq!(more.count(), MAX_VIOLATIONS + 5);
        let error = Error::invalid(more);
        let omission = error.omission().unwrap();
        assert_eq!(
            (error.violations().len(), omission.message.as_str()),
            (MAX_VIOLATIONS, "5 more errors are not listed")
        );
        assert_eq!(omission.pointer, ["body".into()]);
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<Error>(&json).unwrap().omission(), Some(omission));
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }
}
