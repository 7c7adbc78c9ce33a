//! What a document holds that can be a value: dates, amounts, account numbers, each where it stands.

use super::Kind;
use super::codes::{self, Found};
use super::concepts::{CONCEPTS, canonical};
use super::dates::{self, Order};
use super::numbers::{self, CURRENCIES, Mark};
use super::sheet::Sheet;
use super::texts::is_bic;
use crate::document::{Rect, Span};
use crate::text::{Language, fold, guess, words};

/// The most candidates of one kind. A statement of a thousand bookings has some thousand amounts.
const MAX_CANDIDATES: usize = 10_000;

/// Words looked at to tell the language.
const WORDS_FOR_LANGUAGE: usize = 2_000;

/// How much an amount is one: with two decimals, with a currency, bare.
const WITH_CENTS: f64 = 1.0;
const WITH_CURRENCY: f64 = 0.92;
const BARE: f64 = 0.6;

/// A value the document may give to a field.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub segment: usize,
    pub span: Span,
    pub rect: Rect,
    /// Normalised.
    pub value: String,
    /// In millionths, where it is a number.
    pub amount: Option<i128>,
    /// How much it is what its kind asks for, 0 to 1.
    pub validity: f64,
}

/// How the document writes numbers and dates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    pub mark: Mark,
    pub order: Order,
}

impl Habits {
    /// By vote of the document's own numbers and dates; where they leave it open, by its language.
    pub fn new(sheet: &Sheet<'_>) -> Self {
        let language = language(sheet);
        let text = || sheet.segments.iter().map(|segment| sheet.text_of(segment)).take(MAX_CANDIDATES);
        let numbers: Vec<_> = text().flat_map(numbers::find).take(MAX_CANDIDATES).collect();
        let dates: Vec<_> = text().flat_map(dates::find).take(MAX_CANDIDATES).collect();
        let is_english = language.is_none_or(|language| language == Language::English);
        let mark = Mark::vote(&numbers, if is_english { Mark::Point } else { Mark::Comma });
        // Of those who write English only Americans put the month first, and they pay in dollars.
        let dollars = text().filter(|text| text.contains('$') || text.contains("USD")).count();
        let others = text().filter(|text| text.contains(['€', '£']) || text.contains("EUR")).count();
        let usual = if is_english && dollars > others { Order::MonthFirst } else { Order::DayFirst };
        Self { mark, order: Order::vote(&dates, usual) }
    }
}

fn language(sheet: &Sheet<'_>) -> Option<Language> {
    let mut seen = Vec::new();
    for segment in &sheet.segments {
        seen.extend(words(sheet.text_of(segment)).into_iter().map(|(_, word)| word));
        if seen.len() > WORDS_FOR_LANGUAGE {
            break;
        }
    }
    guess(seen.iter().map(String::as_str))
}

/// All candidates of a kind, in the order of the segments. Kinds that are read beside a label have none.
pub(super) fn find(sheet: &Sheet<'_>, kind: Kind, habits: Habits) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (at, segment) in sheet.segments.iter().enumerate() {
        if candidates.len() > MAX_CANDIDATES {
            break;
        }
        for (found, amount) in of_kind(sheet.text_of(segment), kind, habits) {
            let span =
                Span { start: segment.span.start + found.range.start, end: segment.span.start + found.range.end };
            let Some(rect) = sheet.rect(segment.page, span) else { continue };
            let Found { value, validity, .. } = found;
            candidates.push(Candidate { segment: at, span, rect, value, amount, validity });
        }
    }
    candidates.sort_by_key(|candidate| (candidate.segment, candidate.span.start, candidate.span.end));
    candidates
}

/// The values of a kind in a text, with their amounts.
pub(super) fn of_kind(text: &str, kind: Kind, habits: Habits) -> Vec<(Found, Option<i128>)> {
    let plain = |found: Vec<Found>| found.into_iter().map(|found| (found, None)).collect();
    match kind {
        Kind::Number | Kind::Money | Kind::Percent => amounts(text, kind, habits.mark),
        Kind::Date => plain(
            dates::find(text)
                .into_iter()
                .map(|date| Found { value: date.read(habits.order), range: date.range, validity: 1.0 })
                .collect(),
        ),
        Kind::Iban => plain(codes::ibans(text)),
        Kind::VatId => plain(codes::vat_ids(text)),
        Kind::Email => plain(codes::emails(text)),
        Kind::Phone => plain(codes::phones(text)),
        Kind::Url => plain(codes::urls(text)),
        Kind::Currency => plain(currencies(text)),
        Kind::Id => plain(ids(text, habits)),
        Kind::Boolean => plain(yes_or_no(text)),
        Kind::Text | Kind::Label => Vec::new(),
    }
}

fn amounts(text: &str, kind: Kind, mark: Mark) -> Vec<(Found, Option<i128>)> {
    let dates = dates::find(text);
    let is_date = |range: &std::ops::Range<usize>| {
        dates.iter().any(|date| date.range.start <= range.start && range.end <= date.range.end)
    };
    numbers::find(text)
        .into_iter()
        .filter(|number| number.is_percent == (kind == Kind::Percent) || kind == Kind::Number)
        .filter(|number| !is_date(&number.range))
        .filter_map(|number| {
            let read = number.read(mark)?;
            let validity = match kind {
                Kind::Money if read.decimals == 2 => WITH_CENTS,
                Kind::Money if number.has_currency => WITH_CURRENCY,
                // Whole numbers without a currency are mostly counts, years and identifiers.
                Kind::Money if read.decimals > 0 || read.digits <= 6 => BARE,
                Kind::Money => return None,
                _ => 1.0,
            };
            Some((Found { range: number.range, value: read.text, validity }, Some(read.amount)))
        })
        .collect()
}

fn currencies(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = CURRENCIES
        .iter()
        .flat_map(|(sign, code)| {
            let is_word = sign.starts_with(|c: char| c.is_ascii_alphabetic());
            text.match_indices(sign).filter_map(move |(at, _)| {
                let end = at + sign.len();
                let bounded = !text.get(..at)?.ends_with(char::is_alphabetic)
                    && !text.get(end..)?.starts_with(char::is_alphabetic);
                (!is_word || bounded).then(|| Found { range: at..end, value: (*code).to_owned(), validity: 1.0 })
            })
        })
        .collect();
    found.sort_by_key(|found| found.range.start);
    found
}

/// Tokens that may be the number of something: with a digit, and neither date nor amount. Capitals in front of such a
/// token are part of it: `FT 2026/351`.
fn ids(text: &str, habits: Habits) -> Vec<Found> {
    let dates = dates::find(text);
    let numbers = numbers::find(text);
    let mut found: Vec<Found> = Vec::new();
    let tokens = codes::tokens(text);
    for (at, token) in tokens.iter().enumerate() {
        let value = token.value.trim_start_matches(['#', '+']);
        let digits = value.chars().filter(char::is_ascii_digit).count();
        let inside = |range: &std::ops::Range<usize>| range.start < token.range.end && token.range.start < range.end;
        let is_amount = numbers.iter().any(|number| {
            inside(&number.range)
                && (number.is_percent
                    || number.has_currency
                    || number.read(habits.mark).is_some_and(|read| read.decimals == 2))
        });
        let is_odd = value.contains(['@', '%', '€', '$', '=', '"', '“', '„', '*']) || value.chars().count() > 40;
        if (digits == 0 && !is_bic(value)) || is_amount || is_odd || dates.iter().any(|date| inside(&date.range)) {
            continue;
        }
        let mut start = token.range.end - value.len();
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        if let Some(before) = before
            && (1..=4).contains(&before.value.len())
            && before.value.bytes().all(|byte| byte.is_ascii_uppercase())
            && text.get(before.range.end..start) == Some(" ")
            && !is_name(&before.value)
        {
            start = before.range.start;
        }
        let in_brackets = text.get(..start).is_some_and(|text| text.trim_end().ends_with('('));
        let validity = match () {
            () if in_brackets => 0.5,
            // Years, counts and numbers of lines.
            () if digits == value.len() && digits <= 2 => 0.6,
            () if digits == value.len() && digits == 4 && (value.starts_with("19") || value.starts_with("20")) => 0.75,
            () => 1.0,
        };
        let range = start..token.range.end;
        found.push(Found { value: text.get(range.clone()).unwrap_or_default().to_owned(), range, validity });
    }
    found
}

/// Whether a word alone is the name of something, as BIC is.
fn is_name(word: &str) -> bool {
    let word = canonical(word);
    CONCEPTS.iter().any(|concept| concept.phrases.iter().any(|(phrase, _)| *phrase == word))
}

/// Words that say yes or no, folded, and marked boxes.
const YES: &[&str] = &["yes", "true", "ja", "oui", "si", "vrai", "wahr", "vero", "verdadero", "x"];
const NO: &[&str] = &["no", "false", "nein", "non", "nee", "faux", "falsch", "falso"];

fn yes_or_no(text: &str) -> Vec<Found> {
    let boxes = text.char_indices().filter_map(|(at, c)| {
        let value = match c {
            '☑' | '☒' | '✓' | '✔' | '✗' => !matches!(c, '✗'),
            '☐' | '□' => false,
            _ => return None,
        };
        Some(Found { range: at..at + c.len_utf8(), value: value.to_string(), validity: 1.0 })
    });
    let said = words(text).into_iter().filter_map(|(range, word)| {
        let word = fold(&word);
        let value = match () {
            () if YES.contains(&word.as_str()) => true,
            () if NO.contains(&word.as_str()) => false,
            () => return None,
        };
        Some(Found { range, value: value.to_string(), validity: 1.0 })
    });
    let mut found: Vec<_> = boxes.chain(said).collect();
    found.sort_by_key(|found| found.range.start);
    found
}
