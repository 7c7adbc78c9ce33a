//! Finds the places of a document that can be a value: dates, amounts, account numbers.

use std::sync::LazyLock;

use super::FieldKind;
use super::codes::{self, CodeMatch, is_bic};
use super::concepts::{CONCEPTS, canonical};
use super::dates::{self, DateOrder};
use super::numbers::{self, CURRENCIES, DecimalSeparator};
use super::page_grid::PageGrid;
use crate::document::{Rect, Span};
use crate::text::languages::{WordSet, lists};
use crate::text::{Language, detect_language, fold, words};

/// The maximum number of candidates of one kind. A statement of a thousand bookings has a few thousand amounts.
const MAX_CANDIDATES: usize = 10_000;

/// The number of words used to detect the language.
const WORDS_FOR_LANGUAGE: usize = 2_000;

/// The validity of an amount: with two decimals, with a currency, without either.
const WITH_CENTS: f64 = 1.0;
const WITH_CURRENCY: f64 = 0.92;
const BARE: f64 = 0.6;

/// A place that can be the value of a field.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub segment: usize,
    pub span: Span,
    pub rect: Rect,
    /// The value, normalised.
    pub value: String,
    /// The number in millionths, if it is one.
    pub amount: Option<i128>,
    /// How well it fits its kind, 0 to 1.
    pub validity: f64,
}

/// A candidate for a field.
#[derive(Debug, Clone)]
pub(super) struct ScoredCandidate {
    pub candidate: Candidate,
    pub score: f64,
    /// The label that decided the score.
    pub label: Option<Span>,
}

/// How the document writes numbers and dates.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberAndDateFormat {
    pub decimal_separator: DecimalSeparator,
    pub date_order: DateOrder,
}

impl NumberAndDateFormat {
    /// Decides by vote of the document's own numbers and dates; if they leave it open, by its language.
    pub fn new(grid: &PageGrid<'_>) -> Self {
        let language = language(grid);
        let text = || grid.segments.iter().map(|segment| grid.text_of(segment)).take(MAX_CANDIDATES);
        let numbers: Vec<_> = text().flat_map(numbers::find).take(MAX_CANDIDATES).collect();
        let dates: Vec<_> = text().flat_map(dates::find).take(MAX_CANDIDATES).collect();
        let default_separator = language.map_or(DecimalSeparator::Point, decimal_separator);
        let decimal_separator = DecimalSeparator::vote(&numbers, default_separator);
        // Among writers of English only Americans put the month first, and they pay in dollars.
        let dollars = text().filter(|text| text.contains('$') || text.contains("USD")).count();
        let european = text().filter(|text| text.contains(['€', '£']) || text.contains("EUR")).count();
        let is_english = language.is_none_or(|language| language == Language::English);
        let default_order = if is_english && dollars > european { DateOrder::MonthFirst } else { DateOrder::DayFirst };
        Self { decimal_separator, date_order: DateOrder::vote(&dates, default_order) }
    }
}

/// The decimal separator that is common in a language.
fn decimal_separator(language: Language) -> DecimalSeparator {
    let mut habits = lists::DECIMAL_SEPARATOR.entries();
    let is_point = habits.any(|entry| entry.language == Some(language) && entry.text == "point");
    if is_point { DecimalSeparator::Point } else { DecimalSeparator::Comma }
}

fn language(grid: &PageGrid<'_>) -> Option<Language> {
    let mut sample = Vec::new();
    for segment in &grid.segments {
        sample.extend(words(grid.text_of(segment)).into_iter().map(|(_, word)| word));
        if sample.len() > WORDS_FOR_LANGUAGE {
            break;
        }
    }
    detect_language(sample.iter().map(String::as_str))
}

/// All candidates of a kind, in the order of the segments. Kinds that are read beside a label have none.
pub(super) fn find(grid: &PageGrid<'_>, kind: FieldKind, format: NumberAndDateFormat) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (segment_index, segment) in grid.segments.iter().enumerate() {
        if candidates.len() > MAX_CANDIDATES {
            break;
        }
        for (found, amount) in values_of_kind(grid.text_of(segment), kind, format) {
            let span =
                Span { start: segment.span.start + found.range.start, end: segment.span.start + found.range.end };
            let Some(rect) = grid.rect(segment.page, span) else { continue };
            let CodeMatch { value, validity, .. } = found;
            candidates.push(Candidate { segment: segment_index, span, rect, value, amount, validity });
        }
    }
    candidates.sort_by_key(|candidate| (candidate.segment, candidate.span.start, candidate.span.end));
    candidates
}

/// The values of a kind in a text, with their amounts.
pub(super) fn values_of_kind(
    text: &str,
    kind: FieldKind,
    format: NumberAndDateFormat,
) -> Vec<(CodeMatch, Option<i128>)> {
    let without_amounts = |found: Vec<CodeMatch>| found.into_iter().map(|found| (found, None)).collect();
    match kind {
        FieldKind::Number | FieldKind::Money | FieldKind::Percent => amounts(text, kind, format.decimal_separator),
        FieldKind::Date => without_amounts(
            dates::find(text)
                .into_iter()
                .map(|date| CodeMatch { value: date.to_iso(format.date_order), range: date.range, validity: 1.0 })
                .collect(),
        ),
        FieldKind::Iban => without_amounts(codes::ibans(text)),
        FieldKind::VatId => without_amounts(codes::vat_ids(text)),
        FieldKind::Email => without_amounts(codes::emails(text)),
        FieldKind::Phone => without_amounts(codes::phones(text)),
        FieldKind::Url => without_amounts(codes::urls(text)),
        FieldKind::Currency => without_amounts(currencies(text)),
        FieldKind::Id => without_amounts(ids(text, format)),
        FieldKind::Boolean => without_amounts(booleans(text)),
        FieldKind::Text | FieldKind::Label => Vec::new(),
    }
}

fn amounts(text: &str, kind: FieldKind, separator: DecimalSeparator) -> Vec<(CodeMatch, Option<i128>)> {
    let dates = dates::find(text);
    let is_date = |range: &std::ops::Range<usize>| {
        dates.iter().any(|date| date.range.start <= range.start && range.end <= date.range.end)
    };
    numbers::find(text)
        .into_iter()
        .filter(|number| number.is_percent == (kind == FieldKind::Percent) || kind == FieldKind::Number)
        .filter(|number| !is_date(&number.range))
        .filter_map(|number| {
            let read = number.parse(separator)?;
            let validity = match kind {
                FieldKind::Money if read.decimals == 2 => WITH_CENTS,
                FieldKind::Money if number.has_currency => WITH_CURRENCY,
                // Whole numbers without a currency are mostly counts, years and identifiers.
                FieldKind::Money if read.decimals > 0 || read.digits <= 6 => BARE,
                FieldKind::Money => return None,
                _ => 1.0,
            };
            Some((CodeMatch { range: number.range, value: read.text, validity }, Some(read.amount)))
        })
        .collect()
}

fn currencies(text: &str) -> Vec<CodeMatch> {
    let mut found: Vec<CodeMatch> = CURRENCIES
        .iter()
        .flat_map(|(sign, code)| {
            let is_word = sign.starts_with(|c: char| c.is_ascii_alphabetic());
            text.match_indices(sign).filter_map(move |(start, _)| {
                let end = start + sign.len();
                let bounded = !text.get(..start)?.ends_with(char::is_alphabetic)
                    && !text.get(end..)?.starts_with(char::is_alphabetic);
                (!is_word || bounded).then(|| CodeMatch { range: start..end, value: (*code).to_owned(), validity: 1.0 })
            })
        })
        .collect();
    found.sort_by_key(|found| found.range.start);
    found
}

/// Tokens that can be an identifier: with a digit, and neither a date nor an amount. Capitals in front of such a token
/// are part of it: `FT 2026/351`.
fn ids(text: &str, format: NumberAndDateFormat) -> Vec<CodeMatch> {
    let dates = dates::find(text);
    let numbers = numbers::find(text);
    let mut found: Vec<CodeMatch> = Vec::new();
    let tokens = codes::tokens(text);
    for (token_index, token) in tokens.iter().enumerate() {
        let value = token.value.trim_start_matches(['#', '+']);
        let digits = value.chars().filter(char::is_ascii_digit).count();
        let overlaps = |range: &std::ops::Range<usize>| range.start < token.range.end && token.range.start < range.end;
        let is_amount = numbers.iter().any(|number| {
            overlaps(&number.range)
                && (number.is_percent
                    || number.has_currency
                    || number.parse(format.decimal_separator).is_some_and(|read| read.decimals == 2))
        });
        let is_unlikely = value.contains(['@', '%', '€', '$', '=', '"', '“', '„', '*']) || value.chars().count() > 40;
        if (digits == 0 && !is_bic(value)) || is_amount || is_unlikely || dates.iter().any(|date| overlaps(&date.range))
        {
            continue;
        }
        let mut start = token.range.end - value.len();
        let before = token_index.checked_sub(1).and_then(|previous| tokens.get(previous));
        if let Some(before) = before
            && (1..=4).contains(&before.value.len())
            && before.value.bytes().all(|byte| byte.is_ascii_uppercase())
            && text.get(before.range.end..start) == Some(" ")
            && !is_name(&before.value)
        {
            start = before.range.start;
        }
        let is_in_brackets = text.get(..start).is_some_and(|text| text.trim_end().ends_with('('));
        let validity = match () {
            () if is_in_brackets => 0.5,
            // Years, counts and line numbers.
            () if digits == value.len() && digits <= 2 => 0.6,
            () if digits == value.len() && digits == 4 && (value.starts_with("19") || value.starts_with("20")) => 0.75,
            () => 1.0,
        };
        let range = start..token.range.end;
        found.push(CodeMatch { value: text.get(range.clone()).unwrap_or_default().to_owned(), range, validity });
    }
    found
}

/// Whether a single word is a name of a concept, as BIC is.
fn is_name(word: &str) -> bool {
    let word = canonical(word);
    CONCEPTS.iter().any(|concept| concept.phrases.iter().any(|(phrase, _)| *phrase == word))
}

/// The words for yes and for no.
static YES: LazyLock<WordSet> = LazyLock::new(|| lists::YES.set());
static NO: LazyLock<WordSet> = LazyLock::new(|| lists::NO.set());

fn booleans(text: &str) -> Vec<CodeMatch> {
    let by_check_box = text.char_indices().filter_map(|(start, c)| {
        let value = match c {
            '☑' | '☒' | '✓' | '✔' | '✗' => !matches!(c, '✗'),
            '☐' | '□' => false,
            _ => return None,
        };
        Some(CodeMatch { range: start..start + c.len_utf8(), value: value.to_string(), validity: 1.0 })
    });
    let by_word = words(text).into_iter().filter_map(|(range, word)| {
        let word = fold(&word);
        let value = match () {
            () if YES.contains(word.as_str()) => true,
            () if NO.contains(word.as_str()) => false,
            () => return None,
        };
        Some(CodeMatch { range, value: value.to_string(), validity: 1.0 })
    });
    let mut found: Vec<_> = by_check_box.chain(by_word).collect();
    found.sort_by_key(|found| found.range.start);
    found
}
