//! Finds the places of a document that can be a value: dates, amounts, account numbers.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::FieldKind;
use super::codes::{self, CodeMatch, is_bic};
use super::concepts::is_concept_name;
use super::dates::{self, Date, DateOrder};
use super::numbers::{self, CURRENCIES, DecimalSeparator, Number};
use super::page_grid::PageGrid;
use crate::budget::{Budget, Held};
use crate::document::{Rect, Span};
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Language, StopWordCounts, Words, fold};

/// The maximum number of candidates of one kind. A statement of a thousand bookings has a few thousand amounts.
const MAX_CANDIDATES: usize = 10_000;

/// The number of words used to detect the language.
const WORDS_FOR_LANGUAGE: usize = 2_000;

/// The work of looking for values of a kind, in passes over the text, and of a value that is found, in steps.
const KIND_PASSES: usize = 6;
const CANDIDATE_STEPS: usize = 8;

/// The work of looking at one text for values of a kind, however short it is; of a word with a capital, which may begin a
/// code of letters and digits; and of a word that may be a token. In steps.
const TEXT_STEPS: usize = 3;
const CAPITAL_STEPS: usize = 5;
const TOKEN_STEPS: usize = 3;

/// The memory of a candidate besides the bytes of its value, in bytes.
const CANDIDATE_BYTES: usize = 88;

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
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(grid: &PageGrid<'_>, budget: &Budget) -> Result<Self> {
        let sampled = grid.segments.iter().take(MAX_CANDIDATES);
        budget.pass_over(KIND_PASSES * sampled.map(|segment| segment.span.end - segment.span.start).sum::<usize>())?;
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
        Ok(Self { decimal_separator, date_order: DateOrder::vote(&dates, default_order) })
    }
}

/// The decimal separator that is common in a language.
fn decimal_separator(language: Language) -> DecimalSeparator {
    let mut habits = lists::DECIMAL_SEPARATOR.entries();
    let is_point = habits.any(|entry| entry.language == Some(language) && entry.text == "point");
    if is_point { DecimalSeparator::Point } else { DecimalSeparator::Comma }
}

fn language(grid: &PageGrid<'_>) -> Option<Language> {
    let mut stop_words = StopWordCounts::default();
    let mut count = 0;
    let mut folded = String::new();
    for segment in &grid.segments {
        let mut words = Words::new(grid.text_of(segment));
        while words.next_into(&mut folded).is_some() {
            stop_words.count(&folded);
            count += 1;
        }
        if count > WORDS_FOR_LANGUAGE {
            break;
        }
    }
    stop_words.most_frequent()
}

/// The candidates of each kind, and the memory they take.
pub(super) struct Candidates<'a> {
    pub by_kind: BTreeMap<FieldKind, Vec<Candidate>>,
    _held: Held<'a>,
}

/// All candidates of the `kinds`, in the order of the segments. Kinds that are read beside a label have none.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn find<'a>(
    grid: &PageGrid<'_>,
    kinds: &BTreeSet<FieldKind>,
    format: NumberAndDateFormat,
    budget: &'a Budget,
) -> Result<Candidates<'a>> {
    let mut held = budget.hold(0)?;
    let mut by_kind: BTreeMap<FieldKind, Vec<Candidate>> = kinds.iter().map(|kind| (*kind, Vec::new())).collect();
    for (segment_index, segment) in grid.segments.iter().enumerate() {
        let values = SegmentValues::new(grid.text_of(segment), format);
        let open_kinds = by_kind.iter_mut().filter(|(_, candidates)| candidates.len() <= MAX_CANDIDATES);
        for (&kind, candidates) in open_kinds {
            let from = candidates.len();
            for (found, amount) in values.of_kind(kind, budget)? {
                let span =
                    Span { start: segment.span.start + found.range.start, end: segment.span.start + found.range.end };
                let Some(rect) = grid.rect(segment.page, span) else { continue };
                let CodeMatch { value, validity, .. } = found;
                held.grow(CANDIDATE_BYTES + value.len())?;
                candidates.push(Candidate { segment: segment_index, span, rect, value, amount, validity });
            }
            let new = candidates.get_mut(from..).unwrap_or_default();
            budget.work(CANDIDATE_STEPS * new.len())?;
            budget.items(new.len())?;
            new.sort_by_key(|candidate| (candidate.span.start, candidate.span.end));
        }
    }
    Ok(Candidates { by_kind, _held: held })
}

/// A value with its amount, if it is a number.
pub(super) type ValueMatch = (CodeMatch, Option<i128>);

/// The values in a text. The numbers and dates, which several kinds need, are found once.
pub(super) struct SegmentValues<'a> {
    text: &'a str,
    format: NumberAndDateFormat,
    /// Values of almost all kinds have digits.
    has_digits: bool,
    /// The number of capitals and of blanks.
    capitals: usize,
    blanks: usize,
    numbers: OnceCell<Vec<Number>>,
    dates: OnceCell<Vec<Date>>,
}

impl<'a> SegmentValues<'a> {
    pub fn new(text: &'a str, format: NumberAndDateFormat) -> Self {
        let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
        let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
        let blanks = text.bytes().filter(u8::is_ascii_whitespace).count();
        Self { text, format, has_digits, capitals, blanks, numbers: OnceCell::new(), dates: OnceCell::new() }
    }

    fn numbers(&self) -> &[Number] {
        self.numbers.get_or_init(|| numbers::find(self.text))
    }

    fn dates(&self) -> &[Date] {
        self.dates.get_or_init(|| dates::find(self.text))
    }

    /// The values of a kind, with their amounts.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn of_kind(&self, kind: FieldKind, budget: &Budget) -> Result<Vec<ValueMatch>> {
        budget.pass_over(KIND_PASSES * self.text.len())?;
        budget.work(match kind {
            FieldKind::VatId => TEXT_STEPS + CAPITAL_STEPS * self.capitals + TOKEN_STEPS * self.blanks,
            FieldKind::Iban => TEXT_STEPS + CAPITAL_STEPS * self.capitals,
            FieldKind::Id | FieldKind::Url => TEXT_STEPS + TOKEN_STEPS * self.blanks,
            _ => TEXT_STEPS,
        })?;
        let needs_digits = !matches!(
            kind,
            FieldKind::Email | FieldKind::Url | FieldKind::Currency | FieldKind::Boolean | FieldKind::Id
        );
        if needs_digits && !self.has_digits {
            return Ok(Vec::new());
        }
        let without_amounts = |found: Vec<CodeMatch>| found.into_iter().map(|found| (found, None)).collect();
        Ok(match kind {
            FieldKind::Number | FieldKind::Money | FieldKind::Percent => self.amounts(kind),
            FieldKind::Date => {
                let dates = self.dates().iter();
                let to_match = |date: &Date| CodeMatch {
                    value: date.to_iso(self.format.date_order),
                    range: date.range.clone(),
                    validity: 1.0,
                };
                without_amounts(dates.map(to_match).collect())
            }
            FieldKind::Iban => without_amounts(codes::ibans(self.text)),
            FieldKind::VatId => without_amounts(codes::vat_ids(self.text)),
            FieldKind::Email => without_amounts(codes::emails(self.text)),
            FieldKind::Phone => without_amounts(codes::phones(self.text)),
            FieldKind::Url => without_amounts(codes::urls(self.text)),
            FieldKind::Currency => without_amounts(currencies(self.text)),
            FieldKind::Id => without_amounts(self.ids()),
            FieldKind::Boolean => without_amounts(booleans(self.text)),
            FieldKind::Text | FieldKind::Label => Vec::new(),
        })
    }

    fn amounts(&self, kind: FieldKind) -> Vec<ValueMatch> {
        let is_date = |range: &Range<usize>| {
            let dates = self.dates();
            // Dates do not overlap: only the first that does not end before the number can contain it.
            let date = dates.get(dates.partition_point(|date| date.range.end < range.end));
            date.is_some_and(|date| date.range.start <= range.start)
        };
        self.numbers()
            .iter()
            .filter(|number| number.is_percent == (kind == FieldKind::Percent) || kind == FieldKind::Number)
            .filter(|number| !is_date(&number.range))
            .filter_map(|number| {
                let read = number.parse(self.format.decimal_separator)?;
                let validity = match kind {
                    FieldKind::Money if read.decimals == 2 => WITH_CENTS,
                    FieldKind::Money if number.has_currency => WITH_CURRENCY,
                    // Whole numbers without a currency are mostly counts, years and identifiers.
                    FieldKind::Money if read.decimals > 0 || read.digits <= 6 => BARE,
                    FieldKind::Money => return None,
                    _ => 1.0,
                };
                Some((CodeMatch { range: number.range.clone(), value: read.text, validity }, Some(read.amount)))
            })
            .collect()
    }

    /// Tokens that can be an identifier: with a digit, and neither a date nor an amount. Capitals in front of such a
    /// token are part of it: `FT 2026/351`.
    fn ids(&self) -> Vec<CodeMatch> {
        let text = self.text;
        let mut found: Vec<CodeMatch> = Vec::new();
        let tokens = codes::tokens(text);
        for (token_index, token) in tokens.iter().enumerate() {
            let value = token.value.trim_start_matches(['#', '+']);
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            if digits == 0 && !is_bic(value) {
                continue;
            }
            let is_unlikely =
                value.contains(['@', '%', '€', '$', '=', '"', '“', '„', '*']) || value.chars().count() > 40;
            if is_unlikely || self.overlaps_date(&token.range) || self.overlaps_amount(&token.range) {
                continue;
            }
            let mut start = token.range.end - value.len();
            let before = token_index.checked_sub(1).and_then(|previous| tokens.get(previous));
            if let Some(before) = before
                && (1..=4).contains(&before.value.len())
                && before.value.bytes().all(|byte| byte.is_ascii_uppercase())
                && text.get(before.range.end..start) == Some(" ")
                && !is_concept_name(&before.value)
            {
                start = before.range.start;
            }
            let is_in_brackets = text.get(..start).is_some_and(|text| text.trim_end().ends_with('('));
            let validity = match () {
                () if is_in_brackets => 0.5,
                // Years, counts and line numbers.
                () if digits == value.len() && digits <= 2 => 0.6,
                () if digits == value.len() && digits == 4 && (value.starts_with("19") || value.starts_with("20")) => {
                    0.75
                }
                () => 1.0,
            };
            let range = start..token.range.end;
            found.push(CodeMatch { value: text.get(range.clone()).unwrap_or_default().to_owned(), range, validity });
        }
        found
    }

    /// Whether a token overlaps a date.
    fn overlaps_date(&self, token: &Range<usize>) -> bool {
        let dates = if self.has_digits { self.dates() } else { &[] };
        let date = dates.get(dates.partition_point(|date| date.range.end <= token.start));
        date.is_some_and(|date| date.range.start < token.end)
    }

    /// Whether a token overlaps an amount: a percentage, or a number with a currency or with two decimals.
    fn overlaps_amount(&self, token: &Range<usize>) -> bool {
        let numbers = if self.has_digits { self.numbers() } else { &[] };
        let overlapping = numbers.iter().skip(numbers.partition_point(|number| number.range.end <= token.start));
        overlapping.take_while(|number| number.range.start < token.end).any(|number| {
            number.is_percent
                || number.has_currency
                || number.parse(self.format.decimal_separator).is_some_and(|read| read.decimals == 2)
        })
    }
}

/// The currencies of a text, by sign or code.
fn currencies(text: &str) -> Vec<CodeMatch> {
    let starts = text.bytes().enumerate().filter(|&(_, byte)| CAN_BEGIN_SIGN.get(usize::from(byte)) == Some(&true));
    let mut found = Vec::new();
    for (start, _) in starts {
        let Some(rest) = text.get(start..) else { continue };
        for (sign, code) in CURRENCIES.iter().filter(|(sign, _)| rest.starts_with(sign)) {
            let is_word = sign.starts_with(|c: char| c.is_ascii_alphabetic());
            let end = start + sign.len();
            let is_bounded = || {
                !text.get(..start).is_some_and(|before| before.ends_with(char::is_alphabetic))
                    && !text.get(end..).is_some_and(|after| after.starts_with(char::is_alphabetic))
            };
            if !is_word || is_bounded() {
                found.push(CodeMatch { range: start..end, value: (*code).to_owned(), validity: 1.0 });
            }
        }
    }
    found
}

/// For every byte, whether the sign or code of a currency begins with it.
static CAN_BEGIN_SIGN: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let begins = |byte| CURRENCIES.iter().any(|(sign, _)| sign.as_bytes().first() == Some(&byte));
    (0..=u8::MAX).map(begins).collect()
});

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
    let mut found: Vec<_> = by_check_box.collect();
    let mut words = Words::new(text);
    let mut folded = String::new();
    while let Some(range) = words.next_into(&mut folded) {
        let word = fold(&folded);
        let is_yes = YES.contains(word.as_str());
        if is_yes || NO.contains(word.as_str()) {
            found.push(CodeMatch { range, value: is_yes.to_string(), validity: 1.0 });
        }
    }
    found.sort_by_key(|found| found.range.start);
    found
}
