//! Selects the pages of a document to read.

use super::{Document, ReadOptions};
use crate::error::{Error, PathSegment, Result, Unreadable, Violation};
use crate::limits;

/// A selection of pages such as `1,3,5-7`, and a maximum number of pages.
///
/// Ranges may overlap, come in any order and reach past the end of a document: they select a set of pages, which are
/// read in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageSelection {
    /// Inclusive ranges, from 1. None selects all pages.
    ranges: Option<Vec<(u32, u32)>>,
    max_pages: Option<u32>,
}

impl PageSelection {
    /// Parses a list of pages and ranges, counted from 1. Spaces around numbers are allowed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid) for anything that is not such a list, page 0, and
    /// ranges that run backwards.
    pub fn parse(text: &str) -> Result<Self> {
        let ranges = text.split(',').map(|part| range(part, text)).collect::<Result<Vec<_>>>()?;
        Ok(Self { ranges: Some(ranges), max_pages: None })
    }

    /// The selection of `options`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid) as for [`parse`](Self::parse), and for a `max_pages`
    /// of 0.
    pub fn new(options: &ReadOptions) -> Result<Self> {
        if options.max_pages == Some(0) {
            return Err(invalid(
                "max_pages",
                "greater_than_equal",
                "max_pages must be at least 1".to_owned(),
                0.into(),
            ));
        }
        let selection = options.pages.as_deref().map_or_else(|| Ok(Self::default()), Self::parse)?;
        Ok(Self { max_pages: options.max_pages, ..selection })
    }

    /// The selected pages of a document of `count` pages: ascending, each once.
    pub fn numbers(&self, count: u32) -> impl Iterator<Item = u32> + '_ {
        let max_pages = self.max_pages.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        (1..=count).filter(|number| self.contains(*number)).take(max_pages)
    }

    /// Whether every page of any document is selected.
    #[cfg(feature = "pdf")]
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a page number is in the ranges. Ignores the maximum number of pages.
    pub fn contains(&self, number: u32) -> bool {
        self.ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|&(first, last)| (first..=last).contains(&number)))
    }

    /// Fails if a document of `count` pages has too many of them, or none that is selected.
    pub(super) fn check(&self, count: u32) -> Result<()> {
        if count > limits::MAX_PAGES {
            return Err(Error::unreadable(
                Unreadable::TooManyPages,
                format!("The document has {count} pages; at most {} are read", limits::MAX_PAGES),
            ));
        }
        if count > 0 && self.numbers(count).next().is_none() {
            return Err(Error::unreadable(
                Unreadable::NoText,
                format!("The pages asked for select none of the document's {count} pages"),
            ));
        }
        Ok(())
    }

    /// Removes the pages of a fully read document that are not selected.
    pub(super) fn apply(&self, mut document: Document) -> Result<Document> {
        self.check(document.page_count)?;
        let mut selected = self.numbers(document.page_count).peekable();
        document.pages.retain(|page| selected.next_if_eq(&page.number).is_some());
        Ok(document)
    }
}

fn range(part: &str, whole: &str) -> Result<(u32, u32)> {
    let error = |message: String| invalid("pages", "page_range", message, whole.into());
    let number = |text: &str| match text.trim() {
        digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse::<u32>().map_err(|_| error(format!("\"{digits}\" is too large for a page number"))).and_then(
                |number| if number == 0 { Err(error("Pages are counted from 1".to_owned())) } else { Ok(number) },
            )
        }
        other => Err(error(format!("\"{other}\" is not a page number; pages are written like 1,3,5-7"))),
    };
    let (first, last) = match part.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(part)?, number(part)?),
    };
    if first > last {
        return Err(error(format!("The range {first}-{last} runs backwards")));
    }
    Ok((first, last))
}

fn invalid(field: &str, reason: &str, message: String, input: serde_json::Value) -> Error {
    Error::invalid(vec![Violation {
        pointer: vec![PathSegment::from(field)],
        reason: reason.to_owned(),
        message,
        input: Some(input),
        context: None,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_pages() {
        for (text, count, expected) in [
            ("1", 3, vec![1]),
            ("1,3,5-7", 9, vec![1, 3, 5, 6, 7]),
            (" 5 - 7 , 1 ", 9, vec![1, 5, 6, 7]),
            ("2-4,3-5,3", 9, vec![2, 3, 4, 5]),
            ("2-4294967295", 4, vec![2, 3, 4]),
            ("8", 3, vec![]),
        ] {
            let selection = PageSelection::parse(text).unwrap();
            assert_eq!(selection.numbers(count).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn rejects_malformed_selections() {
        for text in ["", ",", "1,", "0", "0-3", "3-1", "a", "1-", "-1", "1-2-3", "+1", "1.5", "99999999999", "１"] {
            let error = PageSelection::parse(text).unwrap_err();
            assert_eq!(error.code(), "INVALID", "{text}");
            assert_eq!(error.violations()[0].pointer, [PathSegment::from("pages")]);
        }
        let options = ReadOptions { pages: None, max_pages: Some(0) };
        assert_eq!(PageSelection::new(&options).unwrap_err().code(), "INVALID");
    }

    #[test]
    fn limits_the_number_of_pages() {
        let options = ReadOptions { pages: Some("2-9".into()), max_pages: Some(2) };
        assert_eq!(PageSelection::new(&options).unwrap().numbers(20).collect::<Vec<_>>(), [2, 3]);
    }
}
