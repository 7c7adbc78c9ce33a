//! Numbers as people write them: `1.234,56`, `1,234.56`, `1 234,56`, `1'234.56`, `-0,5 %`.
//!
//! What a mark means is mostly plain from the number itself. The rest (`1.234`) is settled by the other numbers of
//! the document, see [`Mark::vote`].

use std::ops::Range;

/// The mark before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Comma,
    Point,
}

/// A number longer than this is an identifier.
const MAX_DIGITS: usize = 15;

/// What [`Number::amount`] counts in: a millionth.
const SCALE: u32 = 6;

/// A number found in a text, not yet read.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// Where it is, with its sign.
    pub range: Range<usize>,
    pub is_negative: bool,
    pub is_percent: bool,
    /// Whether a currency stands right before or after it.
    pub has_currency: bool,
    /// Digits and marks.
    body: String,
}

/// A number read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// As a plain decimal: `-1234.56`.
    pub text: String,
    /// In millionths.
    pub amount: i128,
    pub decimals: usize,
    pub digits: usize,
}

impl Mark {
    /// The mark most numbers of a document use, of those that leave no doubt.
    pub fn vote<'a>(numbers: impl IntoIterator<Item = &'a Number>, usual: Self) -> Self {
        let (mut comma, mut point) = (0, 0);
        for number in numbers {
            match number.plain_mark() {
                Some(Self::Comma) => comma += 1,
                Some(Self::Point) => point += 1,
                None => {}
            }
        }
        match comma.cmp(&point) {
            std::cmp::Ordering::Less => Self::Point,
            std::cmp::Ordering::Greater => Self::Comma,
            std::cmp::Ordering::Equal => usual,
        }
    }

    fn char(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Point => '.',
        }
    }
}

impl Number {
    /// The decimal mark, where the number alone says which it is.
    fn plain_mark(&self) -> Option<Mark> {
        let (comma, point) = (self.body.rfind(','), self.body.rfind('.'));
        let (at, mark) = match (comma, point) {
            (Some(comma), Some(point)) if comma > point => (comma, Mark::Comma),
            (Some(_) | None, Some(point)) => (point, Mark::Point),
            (Some(comma), None) => (comma, Mark::Comma),
            (None, None) => return None,
        };
        let both = comma.is_some() && point.is_some();
        let alone = self.body.matches(mark.char()).count() == 1;
        let decimals = self.body.len() - at - 1;
        (alone && (both || decimals != 3 || self.body.starts_with("0"))).then_some(mark)
    }

    /// Reads it, with `usual` as the decimal mark where the number leaves it open. Nothing when it is no number: the
    /// groups of a date or a version are no thousands.
    pub fn read(&self, usual: Mark) -> Option<Read> {
        let mark = self.plain_mark().unwrap_or(usual);
        // `1.234.567` has one mark twice, so that it groups.
        let (whole, decimals) = match self.body.split_once(mark.char()) {
            Some((whole, decimals)) if !decimals.contains(mark.char()) => (whole, decimals),
            _ => (self.body.as_str(), ""),
        };
        if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut groups = whole.split(|c: char| !c.is_ascii_digit());
        let first = groups.next()?;
        let mut digits = first.to_owned();
        for group in groups {
            if group.len() != 3 || first.is_empty() || first.len() > 3 {
                return None;
            }
            digits.push_str(group);
        }
        if digits.is_empty() || digits.len() + decimals.len() > MAX_DIGITS {
            return None;
        }
        let trimmed = digits.trim_start_matches('0');
        let whole = if trimmed.is_empty() { "0" } else { trimmed };
        let sign = if self.is_negative { "-" } else { "" };
        let text = if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") };
        let amount = amount(&text)?;
        Some(Read { text, amount, decimals: decimals.len(), digits: digits.len() })
    }
}

/// A plain decimal in millionths.
pub(super) fn amount(plain: &str) -> Option<i128> {
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let kept = decimals.get(..decimals.len().min(SCALE as usize))?;
    let fraction = if kept.is_empty() { 0 } else { kept.parse::<i128>().ok()? };
    let fraction = fraction * 10_i128.pow(SCALE.saturating_sub(u32::try_from(kept.len()).ok()?));
    Some(sign * (whole.parse::<i128>().ok()?.checked_mul(10_i128.pow(SCALE))?.checked_add(fraction)?))
}

/// A hundredth, in the unit of [`amount`].
pub(super) const CENT: i128 = 10_000;

/// All numbers of a text that stand for themselves and are no part of a word.
pub(super) fn find(text: &str) -> Vec<Number> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let at = |index: usize| chars.get(index).map(|&(_, c)| c);
    let place = |index: usize| chars.get(index).map_or(text.len(), |&(at, _)| at);
    let mut found = Vec::new();
    let mut index = 0;
    while index < chars.len() {
        if !at(index).is_some_and(|c| c.is_ascii_digit()) {
            index += 1;
            continue;
        }
        let start = index;
        let end = end_of(&at, start);
        index = end;
        let Some(number) = bounded(&at, &place, text, start, end) else { continue };
        found.push(number);
    }
    found
}

/// One past the last character of the number at `start`: digits, and marks that digits follow.
fn end_of(at: &impl Fn(usize) -> Option<char>, start: usize) -> usize {
    let is_digit = |index: usize| at(index).is_some_and(|c| c.is_ascii_digit());
    let run = |from: usize| (from..).take_while(|&index| is_digit(index)).count();
    let mut end = start + run(start);
    let mut is_grouped = end - start <= 3;
    while let Some(mark) = at(end) {
        let length = run(end + 1);
        match mark {
            '.' | ',' if length > 0 => is_grouped &= length == 3,
            // A space groups only exactly: `1 234`, and not `1 12,00` or `1000 123`.
            ' ' | '\u{A0}' | '\u{202F}' | '\u{2009}' | '\'' | '’' if is_grouped && length == 3 => {}
            _ => break,
        }
        end += 1 + length;
    }
    end
}

fn bounded(
    at: &impl Fn(usize) -> Option<char>,
    place: &impl Fn(usize) -> usize,
    text: &str,
    start: usize,
    end: usize,
) -> Option<Number> {
    let before = |back: usize| start.checked_sub(back).and_then(at);
    let is_minus = |c: char| matches!(c, '-' | '−' | '–');
    let mut from = start;
    let mut is_negative = false;
    if before(1).is_some_and(is_minus) && !before(2).is_some_and(char::is_alphanumeric) {
        is_negative = true;
        from -= 1;
    } else if before(1) == Some('(') && at(end) == Some(')') {
        // Brackets are a minus only for amounts; whoever wants another kind of number does not ask.
        is_negative = text.get(place(start)..place(end)).is_some_and(|body| body.contains(['.', ',']));
    }
    let ahead = text.get(place(end)..)?;
    let behind = text.get(..place(from))?;
    let code_before = currency_at_end(behind);
    let code_after = currency_at_start(ahead);
    match before(1) {
        Some(c) if c.is_alphabetic() && !code_before => return None,
        Some('.' | ',' | '/' | '_' | '#') => return None,
        Some(':') if before(2).is_some_and(|c| c.is_ascii_digit()) => return None,
        Some(c) if is_minus(c) && !is_negative => return None,
        _ => {}
    }
    let next = at(end);
    let trailing_minus = next == Some('-') && !at(end + 1).is_some_and(char::is_alphanumeric);
    match next {
        Some(c) if c.is_alphabetic() && !code_after => return None,
        Some('/' | '_' | ':') if at(end + 1).is_some_and(char::is_alphanumeric) => return None,
        Some('-') if !trailing_minus => return None,
        _ => {}
    }
    let body: String = text
        .get(place(start)..place(end))?
        .chars()
        .map(|c| if matches!(c, '.' | ',') || c.is_ascii_digit() { c } else { ' ' })
        .collect();
    Some(Number {
        range: place(from)..place(end),
        is_negative: is_negative || (trailing_minus && body.contains(['.', ','])),
        is_percent: ahead.trim_start_matches([' ', '\u{A0}', '\u{202F}']).starts_with('%'),
        has_currency: code_before || code_after,
        body,
    })
}

/// Currencies by sign and by code. Those whose sign many share come first with the one that is meant most.
pub(super) const CURRENCIES: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("$", "USD"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Fr.", "CHF"),
    ("EUR", "EUR"),
    ("USD", "USD"),
    ("GBP", "GBP"),
    ("CHF", "CHF"),
    ("PLN", "PLN"),
    ("INR", "INR"),
    ("CZK", "CZK"),
    ("SEK", "SEK"),
    ("DKK", "DKK"),
    ("NOK", "NOK"),
    ("HUF", "HUF"),
    ("RON", "RON"),
    ("BGN", "BGN"),
    ("JPY", "JPY"),
    ("CNY", "CNY"),
    ("CAD", "CAD"),
    ("AUD", "AUD"),
    ("NZD", "NZD"),
    ("SGD", "SGD"),
    ("HKD", "HKD"),
    ("MXN", "MXN"),
    ("BRL", "BRL"),
    ("ZAR", "ZAR"),
    ("TRY", "TRY"),
    ("AED", "AED"),
    ("ILS", "ILS"),
];

fn currency_at_start(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\u{A0}', '\u{202F}']);
    CURRENCIES
        .iter()
        .any(|(sign, _)| text.strip_prefix(sign).is_some_and(|rest| !rest.starts_with(char::is_alphabetic)))
}

fn currency_at_end(text: &str) -> bool {
    let text = text.trim_end_matches([' ', '\u{A0}', '\u{202F}']);
    CURRENCIES.iter().any(|(sign, _)| text.strip_suffix(sign).is_some_and(|rest| !rest.ends_with(char::is_alphabetic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, usual: Mark) -> Vec<String> {
        find(text).iter().filter_map(|number| number.read(usual)).map(|read| read.text).collect()
    }

    #[test]
    fn both_ways_of_writing() {
        for (text, usual, expected) in [
            ("1.234,56 €", Mark::Point, "1234.56"),
            ("$1,234.56", Mark::Comma, "1234.56"),
            ("1 774,80", Mark::Comma, "1774.80"),
            ("CHF 1'234.50", Mark::Comma, "1234.50"),
            ("1.234", Mark::Comma, "1234"),
            ("1.234", Mark::Point, "1.234"),
            ("1.234.567", Mark::Point, "1234567"),
            ("0.025 €", Mark::Comma, "0.025"),
            ("-12,50", Mark::Point, "-12.50"),
            ("12,50-", Mark::Point, "-12.50"),
            ("(12.50)", Mark::Point, "-12.50"),
            ("007", Mark::Point, "7"),
        ] {
            assert_eq!(read(text, usual), [expected], "{text}");
        }
        for text in ["05.03.2018", "AB-12", "12/2024", "RE1234", "1234567890123456", "100ml", "10:30"] {
            assert_eq!(read(text, Mark::Comma), [""; 0], "{text}");
        }
        assert_eq!(read("2 x 40.00 = 80.00", Mark::Comma), ["2", "40.00", "80.00"]);
    }

    #[test]
    fn the_document_votes() {
        let numbers = find("1.234 and 12,50 and 1.000,00");
        assert_eq!(Mark::vote(&numbers, Mark::Point), Mark::Comma);
        assert!(find("19 %")[0].is_percent && find("19%")[0].is_percent);
    }
}
