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

/// What an amount is counted in: a millionth.
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
    let (behind, ahead) = (text.get(..place(start))?, text.get(place(end)..)?);
    let body: String = text
        .get(place(start)..place(end))?
        .chars()
        .map(|c| if matches!(c, '.' | ',') || c.is_ascii_digit() { c } else { ' ' })
        .collect();
    let (code_before, code_after) = (before_currency(behind).is_some(), after_currency(ahead).is_some());
    let minus = minus_before(behind, ahead, &body);
    let trailing_minus = minus_after(ahead, &body);
    let before = |back: usize| start.checked_sub(back).and_then(at);
    match before(1) {
        Some(c) if c.is_alphabetic() && !code_before => return None,
        Some('.' | ',' | '/' | '_' | '#') => return None,
        Some(':') if before(2).is_some_and(|c| c.is_ascii_digit()) => return None,
        Some(c) if is_minus(c) && minus.is_none() && before(2).is_some_and(char::is_alphanumeric) => return None,
        _ => {}
    }
    match at(end) {
        Some(c) if c.is_alphabetic() && !code_after => return None,
        Some('/' | '_' | ':') if at(end + 1).is_some_and(char::is_alphanumeric) => return None,
        Some('-') if trailing_minus.is_none() && at(end + 1).is_some_and(char::is_alphanumeric) => return None,
        _ => {}
    }
    // A currency may stand on the far side of the sign: `EUR -50,00`, `50,00- EUR`.
    let has_currency = [Some(behind), minus].into_iter().flatten().any(|text| before_sign(text, codes()).is_some())
        || [Some(ahead), trailing_minus].into_iter().flatten().any(|text| after_sign(text, codes()).is_some());
    Some(Number {
        range: minus.map_or(place(start), str::len)..trailing_minus.map_or(place(end), |rest| text.len() - rest.len()),
        is_negative: minus.is_some() || trailing_minus.is_some() || is_in_brackets(behind, ahead, &body),
        is_percent: ahead.trim_start_matches(BLANKS).starts_with('%'),
        has_currency,
        body,
    })
}

/// Blanks within an amount and around it.
const BLANKS: [char; 3] = [' ', '\u{A0}', '\u{202F}'];

fn is_minus(c: char) -> bool {
    matches!(c, '-' | '−' | '–')
}

/// The text before the minus of a number that `behind` stands before: `-50`, `-€50`, `€-50`; None if there is none.
///
/// A dash with a blank after it is a minus only where an amount begins and no words follow, so that separators, lists
/// and ranges have none: `Invoice 4711 - 119,00`, `- 2.50 a head`, `10 - 20 EUR`.
fn minus_before<'a>(behind: &'a str, ahead: &str, body: &str) -> Option<&'a str> {
    let before = before_currency(behind);
    let touching = |text: &'a str| text.strip_suffix(is_minus);
    if let Some(rest) = touching(behind).or_else(|| before.and_then(touching)) {
        return match before_currency(rest) {
            // A range in a currency: `10 €-20 €`.
            Some(before) if !rest.ends_with(BLANKS) => {
                !before.trim_end_matches(BLANKS).ends_with(|c: char| c.is_ascii_digit())
            }
            _ => !rest.ends_with(char::is_alphanumeric),
        }
        .then_some(rest);
    }
    let rest = before.unwrap_or(behind).trim_end_matches(BLANKS).strip_suffix(is_minus)?;
    let after = after_currency(ahead);
    let is_amount = body.contains(['.', ',']) || before.is_some() || after.is_some();
    let goes_on = after.unwrap_or(ahead).trim_start_matches(BLANKS).starts_with(char::is_alphanumeric);
    (is_amount && !goes_on && is_opening(rest)).then_some(rest)
}

/// The text after the minus of a number with decimals that `ahead` stands after: `50.00-`, `50,00 - €`, `50,00 €-`; None
/// if there is none.
fn minus_after<'a>(ahead: &'a str, body: &str) -> Option<&'a str> {
    if !body.contains(['.', ',']) {
        return None;
    }
    // Whether what is after a dash makes a range of it: `10,00-€20,00`.
    let is_value = |rest: &str| {
        let rest = after_currency(rest).unwrap_or(rest);
        rest.trim_start_matches(BLANKS).starts_with(|c: char| c.is_ascii_digit())
    };
    if let Some(rest) = ahead.strip_prefix(is_minus) {
        return match after_currency(rest) {
            Some(_) => !is_value(rest),
            None => !rest.starts_with(char::is_alphanumeric),
        }
        .then_some(rest);
    }
    let spaced = ahead.trim_start_matches(BLANKS).strip_prefix(is_minus);
    let spaced = spaced.filter(|rest| after_currency(rest).is_some() && !is_value(rest));
    spaced.or_else(|| {
        let rest = after_currency(ahead)?.strip_prefix(is_minus)?;
        let is_last = !rest.trim_start_matches(BLANKS).starts_with(char::is_alphanumeric);
        (is_last && after_currency(rest).is_none()).then_some(rest)
    })
}

/// Whether brackets around a number are a minus, as accountants write it: `(12.50)`, `($1,234.56)`. They are one only
/// for amounts; whoever wants another kind of number does not ask. With a currency or blanks inside, an amount must begin
/// there: `VAT 20% (£707.00)` says something beside.
fn is_in_brackets(behind: &str, ahead: &str, body: &str) -> bool {
    let has_mark = body.contains(['.', ',']);
    if behind.ends_with('(') && ahead.starts_with(')') {
        return has_mark;
    }
    let (before, after) = (before_currency(behind), after_currency(ahead));
    let rest = before.unwrap_or(behind).trim_end_matches(BLANKS).strip_suffix('(');
    let is_closed = after.unwrap_or(ahead).trim_start_matches(BLANKS).starts_with(')');
    (has_mark || before.is_some() || after.is_some()) && is_closed && rest.is_some_and(is_opening)
}

/// Whether an amount may begin after this text: at the beginning of a line or of a cell, after a colon, and after a
/// currency there.
fn is_opening(behind: &str) -> bool {
    let rest = before_currency(behind).unwrap_or(behind).trim_end_matches(BLANKS);
    rest.is_empty() || rest.ends_with([':', '\t', '\n'])
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

/// Signs of amounts beside those of [`CURRENCIES`]: several countries share them, or they are more than the mark that
/// they end with. A minus stands before them, too; which currency they mean is not known.
const OTHER_SIGNS: &[&str] =
    &["US$", "CA$", "AU$", "NZ$", "HK$", "C$", "A$", "R$", "S$", "kr", "kr.", "Kr", "Kr.", "Rs", "Rs."];

fn codes() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|(sign, _)| *sign)
}

/// What is left after the currency that a text begins with; None if it begins with none.
fn after_currency(text: &str) -> Option<&str> {
    after_sign(text, codes().chain(OTHER_SIGNS.iter().copied()))
}

fn after_sign(text: &str, mut signs: impl Iterator<Item = &'static str>) -> Option<&str> {
    let text = text.trim_start_matches(BLANKS);
    signs.find_map(|sign| text.strip_prefix(sign).filter(|rest| !rest.starts_with(char::is_alphabetic)))
}

/// What is left before the currency that a text ends with; None if it ends with none.
fn before_currency(text: &str) -> Option<&str> {
    before_sign(text, codes().chain(OTHER_SIGNS.iter().copied()))
}

fn before_sign(text: &str, mut signs: impl Iterator<Item = &'static str>) -> Option<&str> {
    let text = text.trim_end_matches(BLANKS);
    signs.find_map(|sign| text.strip_suffix(sign).filter(|rest| !rest.ends_with(char::is_alphabetic)))
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
    fn signs() {
        for (text, expected) in [
            ("-$100,000.00", "-100000.00"),
            ("-€50.00", "-50.00"),
            ("−50.00", "-50.00"),
            ("–50.00", "-50.00"),
            ("-kr 6,645.00", "-6645.00"),
            ("-US$50.00", "-50.00"),
            ("$-50.00", "-50.00"),
            ("EUR -50,00", "-50.00"),
            ("EUR-50,00", "-50.00"),
            ("-50,00 EUR", "-50.00"),
            ("Discount -€5.00", "-5.00"),
            ("- 119,00 €", "-119.00"),
            ("- € 119,00", "-119.00"),
            ("€ - 119,00", "-119.00"),
            ("Gesamtbetrag: - 119,00 €", "-119.00"),
            ("Total:\t- 119.00", "-119.00"),
            ("Gutschrift\n- 119,00 €\n", "-119.00"),
            ("50.00-", "-50.00"),
            ("50,00−", "-50.00"),
            ("50,00-€", "-50.00"),
            ("50,00- EUR", "-50.00"),
            ("50,00 - €", "-50.00"),
            ("50,00 €-", "-50.00"),
            ("($1,234.56)", "-1234.56"),
            ("Total: ($1,234.56)", "-1234.56"),
            ("(€ 50.00)", "-50.00"),
            ("(50,00 EUR)", "-50.00"),
            ("$(50.00)", "-50.00"),
            ("( 50.00 )", "-50.00"),
            // Separators, lists, ranges, remarks and whole amounts.
            ("119,00 € - Invoice", "119.00"),
            ("Total - 119.00", "119.00"),
            ("Total - $119.00", "119.00"),
            ("- 119,00 € a head", "119.00"),
            ("- 12 apples", "12"),
            ("- 12", "12"),
            ("VAT 20% ($707.00)", "707.00"),
            ("Total (707.00 EUR)", "707.00"),
            ("(707.00 EUR net)", "707.00"),
            ("INV-$50.00", "50.00"),
            ("1.250,- €", "1250"),
        ] {
            let last = read(text, Mark::Comma).pop();
            assert_eq!(last.as_deref(), Some(expected), "{text}");
        }
        for (text, expected) in [
            ("Invoice 4711 - 119,00 €", vec!["4711", "119.00"]),
            ("10 - 20 EUR", vec!["10", "20"]),
            ("10,00 - 20,00 €", vec!["10.00", "20.00"]),
            ("€10.00 - €20.00", vec!["10.00", "20.00"]),
            ("€10.00-€20.00", vec!["10.00", "20.00"]),
            ("10,00 €-20,00 €", vec!["10.00", "20.00"]),
            ("10.00-12.00", vec![]),
            ("2026-03-04", vec![]),
        ] {
            assert_eq!(read(text, Mark::Point), expected, "{text}");
        }
    }

    #[test]
    fn a_number_has_its_sign_and_its_currency() {
        for (text, expected) in
            [("Net: -$5.00.", "-$5.00"), ("- € 5,00", "- € 5,00"), ("5.00- EUR", "5.00-"), ("5,00 €-", "5,00 €-")]
        {
            let number = &find(text)[0];
            assert_eq!(text.get(number.range.clone()), Some(expected));
            assert!(number.has_currency, "{text}");
        }
    }

    #[test]
    fn the_document_votes() {
        let numbers = find("1.234 and 12,50 and 1.000,00");
        assert_eq!(Mark::vote(&numbers, Mark::Point), Mark::Comma);
        assert!(find("19 %")[0].is_percent && find("19%")[0].is_percent);
    }
}
