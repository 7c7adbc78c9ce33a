//! Numbers as people write them: `1.234,56`, `1,234.56`, `1 234,56`, `1'234.56`, `-0,5 %`.
//!
//! The meaning of a separator is usually clear from the number itself. Otherwise (`1.234`) the other numbers of the
//! document decide, see [`DecimalSeparator::vote`].

use std::ops::Range;

/// The character before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecimalSeparator {
    Comma,
    Point,
}

/// A number with more digits than this is an identifier.
const MAX_DIGITS: usize = 15;

/// The number of decimals of an amount: amounts are in millionths.
const SCALE: u32 = 6;

/// A number found in a text, not yet parsed.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// The position, including the sign.
    pub range: Range<usize>,
    pub is_negative: bool,
    pub is_percent: bool,
    /// Whether a currency is directly before or after it.
    pub has_currency: bool,
    /// Digits and separators.
    body: String,
    /// How many digits the body has.
    digits: usize,
}

/// A parsed number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedNumber {
    /// As a plain decimal: `-1234.56`.
    pub text: String,
    /// In millionths.
    pub amount: i128,
    pub decimals: usize,
    pub digits: usize,
}

impl DecimalSeparator {
    /// The separator that most unambiguous numbers of a document use; `default` if there is a tie.
    pub fn vote<'a>(numbers: impl IntoIterator<Item = &'a Number>, default: Self) -> Self {
        let (mut comma, mut point) = (0, 0);
        for number in numbers {
            match number.unambiguous_separator() {
                Some(Self::Comma) => comma += 1,
                Some(Self::Point) => point += 1,
                None => {}
            }
        }
        match comma.cmp(&point) {
            std::cmp::Ordering::Less => Self::Point,
            std::cmp::Ordering::Greater => Self::Comma,
            std::cmp::Ordering::Equal => default,
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
    /// The decimal separator; None if the number is ambiguous.
    fn unambiguous_separator(&self) -> Option<DecimalSeparator> {
        let (comma, point) = (self.body.rfind(','), self.body.rfind('.'));
        let (position, separator) = match (comma, point) {
            (Some(comma), Some(point)) if comma > point => (comma, DecimalSeparator::Comma),
            (Some(_) | None, Some(point)) => (point, DecimalSeparator::Point),
            (Some(comma), None) => (comma, DecimalSeparator::Comma),
            (None, None) => return None,
        };
        let has_both = comma.is_some() && point.is_some();
        let is_single = self.body.matches(separator.char()).count() == 1;
        let decimals = self.body.len() - position - 1;
        (is_single && (has_both || decimals != 3 || self.body.starts_with("0"))).then_some(separator)
    }

    /// Parses the number with `default` as the decimal separator if it is ambiguous. None if it is not a number: the
    /// groups of a date or a version are not thousands.
    pub fn parse(&self, default: DecimalSeparator) -> Option<ParsedNumber> {
        // Asked first, because each token within a long run of groups has this number parsed.
        if self.digits > MAX_DIGITS {
            return None;
        }
        let separator = self.unambiguous_separator().unwrap_or(default);
        // In `1.234.567` the separator occurs twice, so it groups digits.
        let (whole, decimals) = match self.body.split_once(separator.char()) {
            Some((whole, decimals)) if !decimals.contains(separator.char()) => (whole, decimals),
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
        if digits.is_empty() {
            return None;
        }
        let trimmed = digits.trim_start_matches('0');
        let whole = if trimmed.is_empty() { "0" } else { trimmed };
        let sign = if self.is_negative { "-" } else { "" };
        let text = if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") };
        let amount = amount(&text)?;
        Some(ParsedNumber { text, amount, decimals: decimals.len(), digits: digits.len() })
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

/// All numbers of a text that are not part of a word or a larger token.
pub(super) fn find(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut offset = 0;
    while let Some(skipped) = text.get(offset..).and_then(|rest| rest.bytes().position(|byte| byte.is_ascii_digit())) {
        let start = offset + skipped;
        offset = number_end(text, start);
        found.extend(standalone_number(text, start, offset));
    }
    found
}

fn char_at(text: &str, offset: usize) -> Option<char> {
    text.get(offset..)?.chars().next()
}

/// The end of the number at `start`: digits, and separators that are followed by digits.
fn number_end(text: &str, start: usize) -> usize {
    let digit_count = |from: usize| {
        text.as_bytes().get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut end = start + digit_count(start);
    let mut is_grouped = end - start <= 3;
    while let Some(separator) = char_at(text, end) {
        let digits = end + separator.len_utf8();
        match separator {
            '.' | ',' => {
                let length = digit_count(digits);
                if length == 0 {
                    break;
                }
                is_grouped &= length == 3;
                end = digits + length;
            }
            // A space groups exactly three digits: `1 234`, but not `1 12,00` or `1000 123`.
            ' ' | '\u{A0}' | '\u{202F}' | '\u{2009}' | '\'' | '’' if is_grouped && digit_count(digits) == 3 => {
                end = digits + 3;
            }
            _ => break,
        }
    }
    end
}

fn standalone_number(text: &str, start: usize, end: usize) -> Option<Number> {
    let (preceding, following) = (text.get(..start)?, text.get(end..)?);
    let body: String = text
        .get(start..end)?
        .chars()
        .map(|c| if matches!(c, '.' | ',') || c.is_ascii_digit() { c } else { ' ' })
        .collect();
    let (has_currency_before, has_currency_after) =
        (before_currency(preceding).is_some(), after_currency(following).is_some());
    let minus = minus_before(preceding, following, &body);
    let trailing_minus = minus_after(following, &body);
    let mut before = preceding.chars().rev();
    let (last, last_but_one) = (before.next(), before.next());
    match last {
        Some(c) if c.is_alphabetic() && !has_currency_before => return None,
        Some('.' | ',' | '/' | '_' | '#') => return None,
        Some(':') if last_but_one.is_some_and(|c| c.is_ascii_digit()) => return None,
        Some(c) if is_minus(c) && minus.is_none() && last_but_one.is_some_and(char::is_alphanumeric) => return None,
        _ => {}
    }
    let mut after = following.chars();
    let (first, second) = (after.next(), after.next());
    match first {
        Some(c) if c.is_alphabetic() && !has_currency_after => return None,
        Some('/' | '_' | ':') if second.is_some_and(char::is_alphanumeric) => return None,
        Some('-') if trailing_minus.is_none() && second.is_some_and(char::is_alphanumeric) => return None,
        _ => {}
    }
    // The sign may be between number and currency: `EUR -50,00`, `50,00- EUR`.
    let has_currency =
        [Some(preceding), minus].into_iter().flatten().any(|text| before_sign(text, currency_signs()).is_some())
            || [Some(following), trailing_minus]
                .into_iter()
                .flatten()
                .any(|text| after_sign(text, currency_signs()).is_some());
    Some(Number {
        range: minus.map_or(start, str::len)..trailing_minus.map_or(end, |rest| text.len() - rest.len()),
        is_negative: minus.is_some() || trailing_minus.is_some() || is_in_brackets(preceding, following, &body),
        is_percent: following.trim_start_matches(BLANKS).starts_with('%'),
        has_currency,
        digits: body.bytes().filter(u8::is_ascii_digit).count(),
        body,
    })
}

/// Spaces within and around an amount.
const BLANKS: [char; 3] = [' ', '\u{A0}', '\u{202F}'];

fn is_minus(c: char) -> bool {
    matches!(c, '-' | '−' | '–')
}

/// The text before the minus sign of a number that follows `preceding`: `-50`, `-€50`, `€-50`; None without a minus.
///
/// A dash followed by a space is a minus sign only where an amount may begin and no words follow, because it may be a
/// separator, a list item or a range: `Invoice 4711 - 119,00`, `- 2.50 a head`, `10 - 20 EUR`.
fn minus_before<'a>(preceding: &'a str, following: &str, body: &str) -> Option<&'a str> {
    let before = before_currency(preceding);
    let strip_minus = |text: &'a str| text.strip_suffix(is_minus);
    if let Some(rest) = strip_minus(preceding).or_else(|| before.and_then(strip_minus)) {
        return match before_currency(rest) {
            // A range in a currency: `10 €-20 €`.
            Some(before) if !rest.ends_with(BLANKS) => {
                !before.trim_end_matches(BLANKS).ends_with(|c: char| c.is_ascii_digit())
            }
            _ => !rest.ends_with(char::is_alphanumeric),
        }
        .then_some(rest);
    }
    let rest = before.unwrap_or(preceding).trim_end_matches(BLANKS).strip_suffix(is_minus)?;
    let after = after_currency(following);
    let is_amount = body.contains(['.', ',']) || before.is_some() || after.is_some();
    let words_follow = after.unwrap_or(following).trim_start_matches(BLANKS).starts_with(char::is_alphanumeric);
    (is_amount && !words_follow && may_precede_amount(rest)).then_some(rest)
}

/// The text after the trailing minus sign of a number with decimals, at the start of `following`: `50.00-`,
/// `50,00 - €`, `50,00 €-`; None without minus sign.
fn minus_after<'a>(following: &'a str, body: &str) -> Option<&'a str> {
    if !body.contains(['.', ',']) {
        return None;
    }
    // Whether a value follows the dash, so that it is a range: `10,00-€20,00`.
    let is_value = |rest: &str| {
        let rest = after_currency(rest).unwrap_or(rest);
        rest.trim_start_matches(BLANKS).starts_with(|c: char| c.is_ascii_digit())
    };
    if let Some(rest) = following.strip_prefix(is_minus) {
        return match after_currency(rest) {
            Some(_) => !is_value(rest),
            None => !rest.starts_with(char::is_alphanumeric),
        }
        .then_some(rest);
    }
    let spaced = following.trim_start_matches(BLANKS).strip_prefix(is_minus);
    let spaced = spaced.filter(|rest| after_currency(rest).is_some() && !is_value(rest));
    spaced.or_else(|| {
        let rest = after_currency(following)?.strip_prefix(is_minus)?;
        let is_last = !rest.trim_start_matches(BLANKS).starts_with(char::is_alphanumeric);
        (is_last && after_currency(rest).is_none()).then_some(rest)
    })
}

/// Whether brackets around a number mean a negative amount, as in accounting: `(12.50)`, `($1,234.56)`. This is for
/// amounts only; callers that read other kinds of numbers ignore it. With a currency or spaces inside, the position
/// must be one where an amount may begin: in `VAT 20% (£707.00)` the brackets are a remark.
fn is_in_brackets(preceding: &str, following: &str, body: &str) -> bool {
    let has_separator = body.contains(['.', ',']);
    if preceding.ends_with('(') && following.starts_with(')') {
        return has_separator;
    }
    let (before, after) = (before_currency(preceding), after_currency(following));
    let rest = before.unwrap_or(preceding).trim_end_matches(BLANKS).strip_suffix('(');
    let is_closed = after.unwrap_or(following).trim_start_matches(BLANKS).starts_with(')');
    (has_separator || before.is_some() || after.is_some()) && is_closed && rest.is_some_and(may_precede_amount)
}

/// Whether an amount may begin after this text: at the beginning of a line or cell, after a colon, or after a currency
/// at such a position.
fn may_precede_amount(preceding: &str) -> bool {
    let rest = before_currency(preceding).unwrap_or(preceding).trim_end_matches(BLANKS);
    rest.is_empty() || rest.ends_with([':', '\t', '\n'])
}

/// Currencies by sign and by code. A sign shared by several currencies stands for the most common one.
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

/// Currency signs that are not in [`CURRENCIES`], because several countries share them or because they end with a sign
/// of the list. A minus may precede them; which currency they mean is not known.
const OTHER_SIGNS: &[&str] =
    &["US$", "CA$", "AU$", "NZ$", "HK$", "C$", "A$", "R$", "S$", "kr", "kr.", "Kr", "Kr.", "Rs", "Rs."];

/// Whether a currency has a sign that is not a letter.
fn is_sign(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '₹')
}

fn currency_signs() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|(sign, _)| *sign)
}

/// The text after the currency at its start; None if it does not begin with a currency.
fn after_currency(text: &str) -> Option<&str> {
    after_sign(text, currency_signs().chain(OTHER_SIGNS.iter().copied()))
}

fn after_sign(text: &str, mut signs: impl Iterator<Item = &'static str>) -> Option<&str> {
    let text = text.trim_start_matches(BLANKS);
    // Most numbers stand between others and need no comparison with all signs.
    if !text.starts_with(|c: char| c.is_alphabetic() || is_sign(c)) {
        return None;
    }
    signs.find_map(|sign| text.strip_prefix(sign).filter(|rest| !rest.starts_with(char::is_alphabetic)))
}

/// The text before the currency at its end; None if it does not end with a currency.
fn before_currency(text: &str) -> Option<&str> {
    before_sign(text, currency_signs().chain(OTHER_SIGNS.iter().copied()))
}

fn before_sign(text: &str, mut signs: impl Iterator<Item = &'static str>) -> Option<&str> {
    let text = text.trim_end_matches(BLANKS);
    if !text.ends_with(|c: char| c.is_alphabetic() || c == '.' || is_sign(c)) {
        return None;
    }
    signs.find_map(|sign| text.strip_suffix(sign).filter(|rest| !rest.ends_with(char::is_alphabetic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, default: DecimalSeparator) -> Vec<String> {
        find(text).iter().filter_map(|number| number.parse(default)).map(|read| read.text).collect()
    }

    #[test]
    fn parses_comma_and_point_decimals() {
        for (text, default, expected) in [
            ("1.234,56 €", DecimalSeparator::Point, "1234.56"),
            ("$1,234.56", DecimalSeparator::Comma, "1234.56"),
            ("1 774,80", DecimalSeparator::Comma, "1774.80"),
            ("CHF 1'234.50", DecimalSeparator::Comma, "1234.50"),
            ("1.234", DecimalSeparator::Comma, "1234"),
            ("1.234", DecimalSeparator::Point, "1.234"),
            ("1.234.567", DecimalSeparator::Point, "1234567"),
            ("0.025 €", DecimalSeparator::Comma, "0.025"),
            ("-12,50", DecimalSeparator::Point, "-12.50"),
            ("12,50-", DecimalSeparator::Point, "-12.50"),
            ("(12.50)", DecimalSeparator::Point, "-12.50"),
            ("007", DecimalSeparator::Point, "7"),
        ] {
            assert_eq!(read(text, default), [expected], "{text}");
        }
        for text in ["05.03.2018", "AB-12", "12/2024", "RE1234", "1234567890123456", "100ml", "10:30"] {
            assert_eq!(read(text, DecimalSeparator::Comma), [""; 0], "{text}");
        }
        assert_eq!(read("2 x 40.00 = 80.00", DecimalSeparator::Comma), ["2", "40.00", "80.00"]);
    }

    #[test]
    fn parses_minus_signs() {
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
            let last = read(text, DecimalSeparator::Comma).pop();
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
            assert_eq!(read(text, DecimalSeparator::Point), expected, "{text}");
        }
    }

    #[test]
    fn range_includes_sign_and_currency_is_detected() {
        for (text, expected) in
            [("Net: -$5.00.", "-$5.00"), ("- € 5,00", "- € 5,00"), ("5.00- EUR", "5.00-"), ("5,00 €-", "5,00 €-")]
        {
            let number = &find(text)[0];
            assert_eq!(text.get(number.range.clone()), Some(expected));
            assert!(number.has_currency, "{text}");
        }
    }

    #[test]
    fn every_currency_begins_and_ends_as_expected() {
        for sign in currency_signs().chain(OTHER_SIGNS.iter().copied()) {
            assert!(after_currency(sign).is_some() && before_currency(sign).is_some(), "{sign}");
        }
    }

    #[test]
    fn unambiguous_numbers_decide_the_separator() {
        let numbers = find("1.234 and 12,50 and 1.000,00");
        assert_eq!(DecimalSeparator::vote(&numbers, DecimalSeparator::Point), DecimalSeparator::Comma);
        assert!(find("19 %")[0].is_percent && find("19%")[0].is_percent);
    }
}
