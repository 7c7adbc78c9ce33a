//! Sizes of records, and the limits on them.

use std::io;

use serde::Serialize;

use super::IndexStore;
use crate::{
    error::{Error, ErrorKind, Result},
    limits,
};

/// Counts what is written to it.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The size of a value as JSON, in bytes, without making the JSON.
///
/// # Errors
///
/// `Internal` if the value cannot be serialized.
pub fn json_bytes(value: &impl Serialize) -> Result<usize> {
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value).map_err(Error::internal)?;
    Ok(counter.0)
}

/// Checks that `record` can be stored in a row and that the project has room for it. `what` is its name with an
/// article, at the beginning of a sentence.
///
/// # Errors
///
/// `TooLarge` past [`limits::MAX_RECORD_BYTES`], or past [`limits::MAX_DEFINITION_BYTES`] with everything else.
pub(super) fn check_room(store: &impl IndexStore, what: &str, record: &impl Serialize) -> Result<()> {
    let bytes = json_bytes(record)?;
    if bytes > limits::MAX_RECORD_BYTES {
        return Err(Error::too_large(what, bytes, limits::MAX_RECORD_BYTES));
    }
    check_total(
        store
            .classifier_bytes()?
            .saturating_add(store.schema_bytes()?)
            .saturating_add(store.configuration_bytes()?)
            .saturating_add(bytes),
    )
}

/// Checks the size of all classifiers and schemas of a project.
fn check_total(bytes: usize) -> Result<()> {
    if bytes <= limits::MAX_DEFINITION_BYTES {
        return Ok(());
    }
    let what = "The project, with all versions of its classifiers, schemas and configurations,";
    Err(Error::too_large(what, bytes, limits::MAX_DEFINITION_BYTES))
}

/// Checks that one more thing can be created. `what` is the name of several.
///
/// # Errors
///
/// `Conflict` if there are `max` already.
pub(super) fn check_count(what: &str, count: usize, max: usize) -> Result<()> {
    if count < max {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, format!("The project has {count} {what} already, and may have {max}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_may_have_a_gibibyte() {
        assert_eq!(check_total(limits::MAX_DEFINITION_BYTES), Ok(()));
        let error = check_total(limits::MAX_DEFINITION_BYTES + 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 1024 * 1024 * 1024 });
    }

    #[test]
    fn the_size_is_that_of_the_json() {
        let value = serde_json::json!({ "a": [1, 2.5, null], "ü\n\"": "\u{1f4c4}" });
        assert_eq!(json_bytes(&value).unwrap(), value.to_string().len());
    }
}
