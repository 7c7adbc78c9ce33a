//! What a target says about an input.

use sortroom::error::{Error, ErrorKind, Unreadable};

/// A property that does not hold for an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it was found, which distinguishes faults: the place of the property, or of a panic.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// How an input ended, such as `ok` or the code of an error; or the property that does not hold.
pub type Verdict = Result<&'static str, Fault>;

/// Ends a check with a fault unless a property holds.
macro_rules! require {
    ($property:expr, $($message:tt)+) => {
        if !$property {
            return Err($crate::verdict::Fault {
                place: concat!(file!(), ":", line!()).to_owned(),
                message: format!($($message)+),
            });
        }
    };
}
pub(crate) use require;

/// Whether this code is one of the API.
pub fn is_documented(code: &str) -> bool {
    ErrorKind::ALL.iter().any(|kind| kind.code() == code) || Unreadable::ALL.iter().any(|why| why.code() == code)
}

/// The code of an error that an input may cause: not one of those that say that we failed.
pub fn code(error: &Error) -> Verdict {
    let is_ours = matches!(
        error.kind(),
        ErrorKind::Internal
            | ErrorKind::Timeout
            | ErrorKind::Busy
            | ErrorKind::Upstream { .. }
            | ErrorKind::Unreadable(Unreadable::EngineFailed | Unreadable::NotIncluded)
    );
    require!(!is_ours, "the error is {error:#?}");
    require!(is_documented(error.code()), "{} is not a documented code", error.code());
    require!(!error.message().is_empty(), "{} has no message", error.code());
    Ok(error.code())
}
