//! Which pages of a document to read.

use super::{Document, ReadOptions};
use crate::error::{Error, Result, Step, Unreadable, Violation};
use crate::limits;

/// A choice of pages: `1,3,5-7`, and at most so many of them.
///
/// Ranges may overlap, come in any order and reach past the end of a document: they choose a set of pages, and
/// pages are read in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageSelection {
    /// Inclusive, from 1. All pages when absent.
    ranges: Option<Vec<(u32, u32)>>,
    at_most: Option<u32>,
}

impl PageSelection {
    /// Parses a list of pages and ranges, counted from 1. Spaces around numbers are allowed.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) for anything that is not such a list, page 0, and ranges that
    /// run backwards.
    pub fn parse(text: &str) -> Result<Self> {
        let ranges = text.split(',').map(|part| range(part, text)).collect::<Result<Vec<_>>>()?;
        Ok(Self { ranges: Some(ranges), at_most: None })
    }

    /// The choice that `options` make.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::error::Kind::Invalid) as for [`parse`](Self::parse), and for a `max_pages` of 0.
    pub fn new(options: &ReadOptions) -> Result<Self> {
        if options.max_pages == Some(0) {
            return Err(refused(
                "max_pages",
                "greater_than_equal",
                "max_pages must be at least 1".to_owned(),
                0.into(),
            ));
        }
        let selection = options.pages.as_deref().map_or_else(|| Ok(Self::default()), Self::parse)?;
        Ok(Self { at_most: options.max_pages, ..selection })
    }

    /// The chosen pages of a document of `count` pages: ascending, each once.
    pub fn numbers(&self, count: u32) -> impl Iterator<Item = u32> + '_ {
        let at_most = self.at_most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        (1..=count).filter(|number| self.contains(*number)).take(at_most)
    }

    /// Whether a page number is in the ranges. The bound on the number of pages is not looked at.
    pub fn contains(&self, number: u32) -> bool {
        self.ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|&(first, last)| (first..=last).contains(&number)))
    }

    /// Fails when a document of `count` pages has too many of them, or none that was chosen.
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

    /// Drops the pages of a fully read document that were not chosen.
    pub(super) fn apply(&self, mut document: Document) -> Result<Document> {
        self.check(document.page_count)?;
        let mut chosen = self.numbers(document.page_count).peekable();
        document.pages.retain(|page| chosen.next_if_eq(&page.number).is_some());
        Ok(document)
    }
}

fn range(part: &str, whole: &str) -> Result<(u32, u32)> {
    let refuse = |message: String| refused("pages", "page_range", message, whole.into());
    let number = |text: &str| match text.trim() {
        digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse::<u32>().map_err(|_| refuse(format!("\"{digits}\" is too large for a page number"))).and_then(
                |number| if number == 0 { Err(refuse("Pages are counted from 1".to_owned())) } else { Ok(number) },
            )
        }
        other => Err(refuse(format!("\"{other}\" is not a page number; pages are written like 1,3,5-7"))),
    };
    let (first, last) = match part.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(part)?, number(part)?),
    };
    if first > last {
        return Err(refuse(format!("The range {first}-{last} runs backwards")));
    }
    Ok((first, last))
}

fn refused(field: &str, reason: &str, message: String, input: serde_json::Value) -> Error {
    Error::invalid(vec![Violation {
        pointer: vec![Step::from(field)],
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
    fn chooses() {
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
    fn refuses() {
        for text in ["", ",", "1,", "0", "0-3", "3-1", "a", "1-", "-1", "1-2-3", "+1", "1.5", "99999999999", "１"] {
            let error = PageSelection::parse(text).unwrap_err();
            assert_eq!(error.code(), "INVALID", "{text}");
            assert_eq!(error.violations()[0].pointer, [Step::from("pages")]);
        }
        let none = ReadOptions { pages: None, max_pages: Some(0) };
        assert_eq!(PageSelection::new(&none).unwrap_err().code(), "INVALID");
    }

    #[test]
    fn takes_the_first() {
        let options = ReadOptions { pages: Some("2-9".into()), max_pages: Some(2) };
        assert_eq!(PageSelection::new(&options).unwrap().numbers(20).collect::<Vec<_>>(), [2, 3]);
    }
}
