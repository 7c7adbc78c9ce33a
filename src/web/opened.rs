//! Documents on their way back in.

use sortroom::{
    document::Opened,
    error::{Error, Kind},
};

use crate::{Answer, refused};

/// A document as it was given out.
pub(crate) fn opened(json: &str) -> Answer<Opened> {
    let wrong = |error: serde_json::Error| refused(Error::new(Kind::Invalid, format!("This is no document: {error}")));
    serde_json::from_str(json).map_err(wrong)
}
