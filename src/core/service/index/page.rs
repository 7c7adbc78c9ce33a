//! Pages of listings.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind, Result},
    limits,
    time::Timestamp,
};

/// A position in a listing: the sort key and id of the last row seen. The next page begins after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The sort key: a time in milliseconds, or a name; empty if rows are sorted by id alone.
    pub key: String,
    /// The id.
    pub id: String,
}

/// A request for one page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// The maximum number of rows.
    pub size: u32,
    /// The row before the page; None for the first page.
    #[serde(default)]
    pub after: Option<Cursor>,
}

/// Rows of a listing in its order, as the storage returns them: at most the limit and
/// [`PAGE_BYTES`](crate::limits::PAGE_BYTES), but at least one row if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether further rows within the limit were left out because of their bytes.
    pub truncated: bool,
}

impl<T> Rows<T> {
    /// No rows.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), truncated: false }
    }
}

/// The number of bytes of the rows of a page so far.
#[derive(Debug, Default)]
pub struct PageSize {
    rows: usize,
    bytes: usize,
}

impl PageSize {
    /// Whether a further row of `bytes` bytes belongs to the page, which then counts it.
    pub fn admits(&mut self, bytes: usize) -> bool {
        let with_row = self.bytes.saturating_add(bytes);
        if self.rows > 0 && with_row > limits::PAGE_BYTES {
            return false;
        }
        (self.rows, self.bytes) = (self.rows.saturating_add(1), with_row);
        true
    }
}

/// A page of a listing. Never empty if `next` is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; None if this is the last.
    #[serde(default)]
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page of `size` rows that begins with `rows`, of which there are more than the page has if there is a next
    /// page. `cursor` is the cursor of a row.
    pub(super) fn new(rows: Rows<T>, size: u32, cursor: impl FnOnce(&T) -> Cursor) -> Self {
        let Rows { mut items, truncated } = rows;
        let more = truncate_page(&mut items, size) || truncated;
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

/// Truncates `rows` to `size`, and returns whether there were more.
pub(in crate::service) fn truncate_page<T>(rows: &mut Vec<T>, size: u32) -> bool {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    more
}

/// The cursor of a row of a listing that is sorted by time.
pub fn cursor(timestamp: Timestamp, id: &impl ToString) -> Cursor {
    Cursor { key: timestamp.as_millis().to_string(), id: id.to_string() }
}

/// The sort key and id of a cursor of a listing that is sorted by time.
pub(super) fn parse_cursor<T: std::str::FromStr>(cursor: &Cursor) -> Result<(Timestamp, T)> {
    let id = cursor.id.parse().map_err(|_| bad_cursor())?;
    Ok((parse_time(&cursor.key)?, id))
}

/// The time in the sort key of a cursor.
///
/// # Errors
///
/// `Invalid` if it is none that a listing can have: the platform's numbers are exact up to 2^53 only.
pub fn parse_time(key: &str) -> Result<Timestamp> {
    const MAX_MILLIS: u64 = 1 << 53;
    let millis: i64 = key.parse().map_err(|_| bad_cursor())?;
    if millis.unsigned_abs() > MAX_MILLIS {
        return Err(bad_cursor());
    }
    Ok(Timestamp::from_millis(millis))
}

/// The number of rows of a listing, which `count` counts up to a limit; None if there are more than
/// [`MAX_COUNTED_ROWS`](limits::MAX_COUNTED_ROWS).
pub(super) fn counted(count: impl FnOnce(u32) -> Result<u32>) -> Result<Option<u32>> {
    let count = count(limits::MAX_COUNTED_ROWS.saturating_add(1))?;
    Ok((count <= limits::MAX_COUNTED_ROWS).then_some(count))
}

/// The error for a [`Cursor`] that no listing returned.
pub fn bad_cursor() -> Error {
    Error::new(ErrorKind::Invalid, "The page token is not one of ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_that_a_float_holds() {
        let largest = "9007199254740992";
        assert_eq!(parse_time(largest).unwrap().as_millis().to_string(), largest);
        for key in ["9007199254740993", "-9007199254740993", "9223372036854775808", "1e3", ""] {
            assert_eq!(parse_time(key).unwrap_err().kind(), ErrorKind::Invalid, "{key}");
        }
    }
}
