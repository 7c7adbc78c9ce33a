//! Dates as people write them: `2026-03-31`, `31.3.26`, `31 mars 2026`, `March 31st, 2026`.

use std::ops::Range;
use std::sync::LazyLock;

use crate::text::languages::{DATES, MONTHS};
use crate::text::{Map, fold};

/// Whether the day or the month comes first in numeric dates: `03/04/2024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// The words that may be part of a date: names of months, and words between the parts of a date with a month name, as
/// in "18th day of April" or "5 de mayo de 2026".
static WORDS: LazyLock<Map<&'static str, Part>> = LazyLock::new(|| {
    let mut words = Map::default();
    for entry in DATES.entries() {
        let month = (1..).zip(MONTHS).find(|(_, month)| *month == entry.list).map(|(number, _)| Part::Month(number));
        // A word that is also the name of a month stays one.
        words.entry(entry.text).or_insert(month.unwrap_or(Part::Between));
    }
    words
});

/// A date found in a text, before the order of day and month is decided.
#[derive(Debug, Clone)]
pub(super) struct Date {
    pub range: Range<usize>,
    year: u32,
    first: u32,
    second: u32,
    /// Whether either of `first` and `second` may be the day.
    is_open: bool,
}

impl DateOrder {
    /// The order that most of the unambiguous dates of a document have; `default` if neither wins.
    pub fn vote<'a>(dates: impl IntoIterator<Item = &'a Date>, default: Self) -> Self {
        let (mut day_first, mut month_first) = (0, 0);
        for date in dates.into_iter().filter(|date| date.is_open) {
            day_first += usize::from(date.first > 12);
            month_first += usize::from(date.second > 12);
        }
        match day_first.cmp(&month_first) {
            std::cmp::Ordering::Less => Self::MonthFirst,
            std::cmp::Ordering::Greater => Self::DayFirst,
            std::cmp::Ordering::Equal => default,
        }
    }
}

impl Date {
    /// As `2026-03-31`, with `order` if the date is ambiguous.
    pub fn to_iso(&self, order: DateOrder) -> String {
        let swapped = self.is_open
            && if self.first > 12 || self.second > 12 { self.second > 12 } else { order == DateOrder::MonthFirst };
        let (day, month) = if swapped { (self.second, self.first) } else { (self.first, self.second) };
        format!("{:04}-{month:02}-{day:02}", self.year)
    }
}

/// Whether the date exists.
fn is_real(year: u32, month: u32, day: u32) -> bool {
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1900..=2100).contains(&year) && (1..=length).contains(&day)
}

/// Part of a date: a number with its count of digits, a month (from 1), or a word between.
#[derive(Debug, Clone, Copy)]
enum Part {
    Number(u32, usize),
    Month(u32),
    Between,
}

/// All dates of a text. All of them exist.
pub(super) fn find(text: &str) -> Vec<Date> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let parts = parts(text);
    let mut found: Vec<Date> = Vec::new();
    let mut index = 0;
    while index < parts.len() {
        let rest = parts.get(index..).unwrap_or_default();
        match numeric(text, rest).or_else(|| with_month_name(text, rest)) {
            Some((date, length)) => {
                found.push(date);
                index += length;
            }
            None => index += 1,
        }
    }
    found
}

/// Runs of digits and runs of letters. A tokenizer of words would join `3rd` and `8-9`.
fn parts(text: &str) -> Vec<(Range<usize>, Part)> {
    let mut parts = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        if !first.is_alphanumeric() {
            continue;
        }
        let is_number = first.is_ascii_digit();
        let mut end = start + first.len_utf8();
        while let Some(&(offset, c)) = chars.peek() {
            if !c.is_alphanumeric() || c.is_ascii_digit() != is_number {
                break;
            }
            end = offset + c.len_utf8();
            chars.next();
        }
        let run = text.get(start..end).unwrap_or_default();
        let part = if is_number {
            // A longer number is not part of a date.
            Part::Number(if run.len() <= 4 { run.parse().unwrap_or(u32::MAX) } else { u32::MAX }, run.len())
        } else {
            WORDS.get(fold(run).as_str()).copied().unwrap_or(Part::Number(u32::MAX, 0))
        };
        parts.push((start..end, part));
    }
    parts
}

fn century(year: u32, digits: usize) -> Option<u32> {
    match digits {
        4 => Some(year),
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let mut after = text.get(range.end..).unwrap_or_default().chars();
    let next = after.next();
    let is_separator = |c: char| matches!(c, '-' | '/' | '.');
    if before.is_some_and(|c| c.is_alphanumeric() || is_separator(c)) || next.is_some_and(char::is_alphanumeric) {
        return false;
    }
    // Punctuation after the date either ends the sentence or continues a number.
    !(next.is_some_and(is_separator) && after.next().is_some_and(|c| c.is_ascii_digit()))
}

/// Three numbers with the same separator between them.
fn numeric(text: &str, parts: &[(Range<usize>, Part)]) -> Option<(Date, usize)> {
    let [(a, Part::Number(x, x_digits)), (b, Part::Number(y, y_digits)), (c, Part::Number(z, z_digits)), ..] = parts
    else {
        return None;
    };
    let separator = text.get(a.end..b.start)?.trim();
    if !matches!(separator, "." | "-" | "/" | "–") || text.get(b.end..c.start)?.trim() != separator {
        return None;
    }
    let range = a.start..c.end;
    if !stands_alone(text, &range) {
        return None;
    }
    if *x_digits == 4 {
        let date = Date { range, year: *x, first: *z, second: *y, is_open: false };
        return (is_real(*x, *y, *z) && *z_digits <= 2 && *y_digits <= 2).then_some((date, 3));
    }
    let year = century(*z, *z_digits)?;
    let fits =
        *x_digits <= 2 && *y_digits <= 2 && (is_real(year, *y, *x) || (separator != "." && is_real(year, *x, *y)));
    // Dates with points never have the month first.
    let is_open = separator != "." && is_real(year, *x, *y);
    fits.then_some((Date { range, year, first: *x, second: *y, is_open: is_open || (separator != "." && *x > 12) }, 3))
}

/// A month by name, with the day before or after it and then the year.
fn with_month_name(text: &str, parts: &[(Range<usize>, Part)]) -> Option<(Date, usize)> {
    let is_chosen = |(_, (_, part)): &(usize, &(Range<usize>, Part))| !matches!(part, Part::Between);
    let mut chosen = (1..).zip(parts.iter().take(8)).filter(is_chosen);
    // The first part is one of the date.
    let (_, (a, first)) = chosen.next().filter(|(length, _)| *length == 1)?;
    let (_, (b, second)) = chosen.next()?;
    let ((Part::Number(day, digits), Part::Month(month)) | (Part::Month(month), Part::Number(day, digits))) =
        (*first, *second)
    else {
        return None;
    };
    let (length, (c, third)) = chosen.next()?;
    let Part::Number(year, year_digits) = *third else { return None };
    let year = century(year, year_digits)?;
    let is_near = |from: usize, to: usize| {
        to - from <= 20
            && text.get(from..to).is_some_and(|gap| gap.matches('\n').count() <= 1 && !gap.contains(['\t', ';', '(']))
    };
    let range = a.start..c.end;
    let fits = digits <= 2 && is_real(year, month, day) && is_near(a.end, b.start) && is_near(b.end, c.start);
    (fits && stands_alone(text, &range))
        .then_some((Date { range, year, first: day, second: month, is_open: false }, length))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(text: &str, order: DateOrder) -> Vec<String> {
        find(text).iter().map(|date| date.to_iso(order)).collect()
    }

    #[test]
    fn a_name_belongs_to_one_month() {
        let mut months = BTreeMap::new();
        for entry in DATES.entries() {
            assert_eq!(months.insert(entry.text, entry.list).unwrap_or(entry.list), entry.list, "{}", entry.text);
        }
        for month in MONTHS {
            assert!(months.values().any(|list| *list == month), "{month}");
        }
    }

    #[test]
    fn reads_all_formats() {
        for text in [
            "2026-03-04",
            "4.3.2026",
            "04.03.26",
            "04. 03. 2026",
            "04/03/2026",
            "2026/03/04",
            "4 March 2026",
            "4th of March, 2026",
            "March 4, 2026",
            "Mar. 4th 2026",
            "4. März 2026",
            "04.März 2026",
            "4 mars 2026",
            "4 de marzo de 2026",
            "4 marzo 2026",
            "4 maart 2026",
            "04-Mar-2026",
            "the 4th day of March, 2026",
        ] {
            assert_eq!(read(&format!("Date: {text}, or so"), DateOrder::DayFirst), ["2026-03-04"], "{text}");
        }
        assert_eq!(read("le 1er avril 2026", DateOrder::DayFirst), ["2026-04-01"]);
        assert_eq!(read("04/03/2026", DateOrder::MonthFirst), ["2026-04-03"]);
        assert_eq!(read("03/20/2023", DateOrder::DayFirst), ["2023-03-20"]);
        for text in ["31.02.2026", "1.2.3", "192.168.1.20", "R-12-03-2026", "12.03.2026.1", "March 2026", "32/01/2026"]
        {
            assert_eq!(read(text, DateOrder::DayFirst), [""; 0], "{text}");
        }
        assert_eq!(DateOrder::vote(&find("03/20/2023 03/04/2023"), DateOrder::DayFirst), DateOrder::MonthFirst);
    }
}
