//! Values of text fields, and the scores of values without a label.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::candidates::{Candidate, ScoredCandidate};
use super::codes::is_bic;
use super::label_proximity::LabelledDocument;
use super::labels::LabelHit;
use super::page_grid::PageGrid;
use super::phrases::{PhraseIndex, UNKNOWN_WORD, WordId};
use super::schema::{Field, FieldKind};
use super::{Citation, numbers};
use crate::budget::{Budget, Held};
use crate::document::{Rect, Span, one_line};
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Map, Words as TextWords, fold, map_for, words};

/// The maximum length of a text, in bytes.
const MAX_TEXT: usize = 240;

/// The score of text after a label in the same segment, with a colon between, without one, or after a label of one word
/// without a colon; of the next segment; of the segment below.
const AFTER_COLON: f64 = 1.0;
const AFTER_NAME: f64 = 0.8;
const AFTER_WORD: f64 = 0.45;
const NEXT: f64 = 0.92;
const BELOW: f64 = 0.82;

/// Factor of a text that begins with the label of something else.
const IS_OTHER_LABEL: f64 = 0.35;

/// The maximum distance of text below a label, and of text right of it, in heights of the label.
const HEIGHTS_DOWN: f32 = 4.0;
const HEIGHTS_RIGHT: f32 = 30.0;

/// The work of a label of a text field, in steps; of each text found around it, in passes over it; and how many places
/// around it are looked at in one step.
const TEXT_STEPS: usize = 16;
const TEXT_PASSES: usize = 12;
const PLACES_PER_STEP: usize = 8;

/// For how many places a byte of blanks or punctuation around a text counts, which is skipped; and how many bytes are
/// searched for a colon for one place.
const PLACES_PER_SKIPPED_BYTE: usize = 2;
const SEARCHED_BYTES_PER_PLACE: usize = 24;

/// The work of looking at a segment for the name of a company, in passes over its text, and for an option, in steps per
/// word.
const COMPANY_PASSES: usize = 8;
const OPTION_STEPS: usize = 2;

/// How many words are compared with the words of options in one step of work.
const WALKS_PER_STEP: usize = 4;

/// The work of taking a known value apart, in passes over it.
const KNOWN_PASSES: usize = 4;

/// The memory of a candidate, in bytes.
const CANDIDATE_BYTES: usize = 120;

/// The words of names and addresses, from the language data.
struct Words {
    /// The legal forms in names of companies.
    legal_forms: WordSet,
    /// Those that are also written with points, such as "B.V.", without them.
    dotted_legal_forms: Vec<&'static str>,
    /// Lines above a name in an address.
    salutations: WordSet,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    legal_forms: lists::LEGAL_FORMS.set(),
    dotted_legal_forms: lists::DOTTED_LEGAL_FORMS.texts().collect(),
    salutations: lists::SALUTATIONS.set(),
});

/// The scores of the first and the second company without a label: the first is mostly the sender.
const FIRST_COMPANY: f64 = 0.5;
const SECOND_COMPANY: f64 = 0.42;

/// Factors of a party's value in the section of that party, in that of the other, and of a buyer's value in neither.
const OWN_SECTION: f64 = 1.08;
const OTHER_SECTION: f64 = 0.55;
const BUYER_WITHOUT_SECTION: f64 = 0.6;

/// The texts beside or below the labels of a field, of those that `is_kept` accepts, with the memory they take.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn values_near_labels(
    labelled: &LabelledDocument<'_>,
    labels: &[(usize, f64)],
    concept: &str,
    companies: &Companies,
    is_kept: impl Fn(&ScoredCandidate) -> bool,
) -> Result<Vec<ScoredCandidate>> {
    let mut held = labelled.budget.hold(0)?;
    let mut found = Vec::new();
    // Of equal scores, the first in the document wins.
    let mut count = 0;
    let mut add = |mut scored: ScoredCandidate| {
        scored.score -= f64::from(count) * 1e-4;
        count += 1;
        if is_kept(&scored) {
            found.push(scored);
        }
    };
    let is_name = matches!(concept, "seller_name" | "buyer_name");
    for (hit_index, hit, weight) in labelled.hits_with_labels(labels) {
        labelled.budget.work(TEXT_STEPS)?;
        // The nearest text wins. The heading of an address stands above it, and beside the heading is that of the next
        // address.
        let mut places = 0;
        let texts = if is_name && stands_alone(labelled, hit) {
            [
                value_below(labelled, hit, true, &mut places),
                value_beside(labelled, hit, &mut places),
                value_below(labelled, hit, false, &mut places),
            ]
        } else {
            [
                rest_of_segment(labelled, hit_index, hit, &mut places),
                value_beside(labelled, hit, &mut places),
                value_below(labelled, hit, false, &mut places),
            ]
        };
        let length = texts.iter().flatten().map(|(_, span, _)| span.end.saturating_sub(span.start)).sum::<usize>();
        labelled.budget.work(places / PLACES_PER_STEP)?;
        labelled.budget.pass_over(TEXT_PASSES * length)?;
        let is_possible = |found: &(usize, Span, f64)| {
            let text = labelled.segment(found.0).map_or("", |segment| found.1.of(labelled.grid.text(segment.page)));
            !is_name || is_party(text)
        };
        let Some((segment, span, position_score)) = texts.into_iter().flatten().find(is_possible) else { continue };
        let Some(candidate) = candidate(labelled.grid, segment, span) else { continue };
        let (_, others) = labelled.hits_of(segment);
        let others = others.iter().skip(others.partition_point(|other| other.span.start < span.start));
        let is_other_label =
            others.take_while(|other| other.span.start < span.start + 2).any(|other| other.label != hit.label);
        let score = weight * hit.strength * position_score * if is_other_label { IS_OTHER_LABEL } else { 1.0 };
        let score = score * party_factor(labelled, concept, &candidate);
        held.grow(CANDIDATE_BYTES + candidate.value.len())?;
        add(ScoredCandidate { candidate, score, label: Some(hit.span) });
    }
    let company = match concept {
        "seller_name" => companies.first.as_ref().map(|first| (first, FIRST_COMPANY)),
        "buyer_name" => companies.second.as_ref().map(|second| (second, SECOND_COMPANY)),
        _ => None,
    };
    if let Some((company, score)) = company {
        add(ScoredCandidate { candidate: company.clone(), score, label: None });
    }
    Ok(found)
}

fn candidate(grid: &PageGrid<'_>, segment: usize, span: Span) -> Option<Candidate> {
    let page = grid.segments.get(segment)?.page;
    let text = span.of(grid.text(page));
    let value = one_line(text);
    let rect = grid.rect(page, span)?;
    let has_text = value.chars().any(char::is_alphanumeric);
    has_text.then_some(Candidate { segment, span, rect, value, amount: None, validity: 1.0 })
}

/// A span without the punctuation around it, cut at the end of a sentence or at the maximum length; None if empty.
pub(super) fn trim_text(text: &str, span: Span) -> Option<Span> {
    let trimmed = span.of(text);
    let is_mark =
        |c: char| c.is_whitespace() || matches!(c, ':' | '-' | '–' | '—' | '.' | ',' | ';' | '=' | '|' | '•' | '·');
    let from = trimmed.len() - trimmed.trim_start_matches(is_mark).len();
    let trimmed = trimmed.get(from..)?;
    // What follows the maximum length is cut in any case.
    let searched = (0..=trimmed.len().min(MAX_TEXT + 4)).rev().find(|&end| trimmed.is_char_boundary(end));
    let searched = trimmed.get(..searched?)?;
    // A short word before the point is an abbreviation: "Co. KG".
    let sentence = searched.match_indices(". ").map(|(offset, _)| offset).find(|&offset| {
        trimmed.get(..offset).is_some_and(|before| before.chars().rev().take_while(|c| c.is_alphabetic()).count() >= 4)
    });
    let mark = searched.find(['\t', ';', '|', '·', '●', '•']);
    let mut end = sentence.into_iter().chain(mark).min().unwrap_or(trimmed.len());
    if end > MAX_TEXT {
        end = (0..=MAX_TEXT).rev().find(|&offset| trimmed.is_char_boundary(offset))?;
    }
    let trimmed = trimmed.get(..end)?.trim_end_matches(|c: char| is_mark(c) && c != '.');
    let start = span.start + from;
    trimmed.chars().any(char::is_alphanumeric).then_some(Span { start, end: start + trimmed.len() })
}

/// As [`trim_text`]; counts the marks before the text, which may be many.
fn trim_counted(text: &str, span: Span, places: &mut usize) -> Option<Span> {
    let trimmed = trim_text(text, span);
    let start = trimmed.map_or(span.end, |trimmed| trimmed.start);
    *places += start.saturating_sub(span.start) * PLACES_PER_SKIPPED_BYTE;
    trimmed
}

/// The rest of the segment, up to the next label.
fn rest_of_segment(
    labelled: &LabelledDocument<'_>,
    hit_index: usize,
    hit: &LabelHit,
    places: &mut usize,
) -> Option<(usize, Span, f64)> {
    let segment = labelled.segment(hit.segment)?;
    let text = labelled.grid.text(segment.page);
    let end = labelled.next_label_with_colon(hit_index).unwrap_or(segment.span.end);
    let rest = Span { start: hit.span.end, end };
    let after = rest.of(text).trim_start_matches([' ', ')', '.']);
    *places += (rest.of(text).len() - after.len()) * PLACES_PER_SKIPPED_BYTE;
    let has_colon = after.starts_with(':');
    // A single word followed by words may be part of their text: "Supplier GmbH".
    let is_word = !hit.span.of(text).contains(' ');
    let score = if has_colon {
        AFTER_COLON
    } else if is_word {
        AFTER_WORD
    } else {
        AFTER_NAME
    };
    Some((hit.segment, trim_counted(text, rest, places)?, score))
}

/// Whether a label is alone in its segment, without a colon.
fn stands_alone(labelled: &LabelledDocument<'_>, hit: &LabelHit) -> bool {
    let text = labelled.segment(hit.segment).map_or("", |segment| labelled.grid.text(segment.page));
    let rest = labelled.segment(hit.segment).and_then(|segment| text.get(hit.span.end..segment.span.end));
    let follows = text.get(hit.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
    !follows && rest.is_some_and(|rest| !rest.chars().any(char::is_alphanumeric))
}

/// Whether a text can be the name of a person or a company.
fn is_party(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() >= 3 && !text.contains('@') && !is_bic(text)
}

/// The next segment of the row.
fn value_beside(labelled: &LabelledDocument<'_>, hit: &LabelHit, places: &mut usize) -> Option<(usize, Span, f64)> {
    let (label_segment, next) = (labelled.segment(hit.segment)?, labelled.segment(hit.segment + 1)?);
    let gap = next.rect.x - label_segment.rect.x - label_segment.rect.width;
    let is_near = next.row == label_segment.row && gap < HEIGHTS_RIGHT * label_segment.rect.height.max(6.0);
    // Labels are in the order of their offsets.
    let (_, others) = labelled.hits_of(hit.segment + 1);
    let is_free =
        !others.iter().take_while(|other| other.span.start == next.span.start).any(|other| other.strength > 0.9);
    if !is_near || !is_free {
        return None;
    }
    Some((hit.segment + 1, trim_counted(labelled.grid.text(next.page), next.span, places)?, NEXT))
}

/// The segment below, in the same column.
fn value_below(
    labelled: &LabelledDocument<'_>,
    hit: &LabelHit,
    is_aligned: bool,
    places: &mut usize,
) -> Option<(usize, Span, f64)> {
    let label_segment = labelled.segment(hit.segment)?;
    let height = label_segment.rect.height.max(6.0);
    (1..=3).find_map(|rows_down| {
        let left = hit.rect.x - 2.0 * height;
        let right = hit.rect.x + hit.rect.width.max(2.0 * height);
        let (first, row) = labelled.grid.row_within(label_segment.row + rows_down, left, right);
        (first..).zip(row).find_map(|(segment_index, below)| {
            *places += 1;
            let is_near =
                below.page == label_segment.page && below.rect.y - label_segment.rect.y < HEIGHTS_DOWN * height;
            let distance = (below.rect.x - hit.rect.x).abs();
            let is_column =
                distance < 0.5 * height || !is_aligned && (distance < 2.0 * height || overlaps(below.rect, hit.rect));
            (is_near && is_column).then_some(())?;
            let text = labelled.grid.text(below.page);
            let text_below = below.span.of(text).trim_end();
            let rest = text.get(below.span.end..).unwrap_or_default();
            let after = rest.trim_start();
            *places +=
                (rest.len() - after.len()) * PLACES_PER_SKIPPED_BYTE + text_below.len() / SEARCHED_BYTES_PER_PLACE;
            let is_salutation =
                || text_below.len() <= MAX_TEXT && WORDS.salutations.contains(fold(text_below).as_str());
            let is_free = !after.starts_with(':') && !text_below.contains(':') && !is_salutation();
            is_free.then_some(())?;
            Some((segment_index, trim_counted(text, below.span, places)?, BELOW))
        })
    })
}

fn overlaps(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width
}

/// The first two companies on the first page, by their legal form, at their first places.
#[derive(Default)]
pub(super) struct Companies {
    first: Option<Candidate>,
    second: Option<Candidate>,
}

/// Finds the first companies of a document.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn companies(grid: &PageGrid<'_>, budget: &Budget) -> Result<Companies> {
    let mut seen: Vec<Vec<String>> = Vec::new();
    let mut companies = Companies::default();
    let text = grid.text(0);
    for (segment_index, segment) in grid.segments.iter().enumerate().take_while(|(_, segment)| segment.page == 0) {
        let Some(span) = trim_text(text, segment.span) else { continue };
        let name = span.of(text);
        budget.work(1)?;
        budget.pass_over(COMPANY_PASSES * name.len())?;
        let name_words: Vec<String> = words(name).into_iter().map(|(_, word)| word).collect();
        let is_legal_form = |word: &String| WORDS.legal_forms.contains(word.as_str());
        let letters = fold(name).replace(['.', ' '], "");
        let ends_in_form = || WORDS.dotted_legal_forms.iter().any(|form| letters.ends_with(form));
        if name_words.len() < 2
            || name_words.len() > 9
            || !(name_words.iter().skip(1).any(is_legal_form)
                || (name.ends_with('.') && letters.len() < 40 && ends_in_form()))
        {
            continue;
        }
        if seen.contains(&name_words) {
            continue;
        }
        seen.push(name_words);
        let candidate = candidate(grid, segment_index, span);
        match seen.len() {
            1 => companies.first = candidate,
            _ => {
                companies.second = candidate;
                break;
            }
        }
    }
    Ok(companies)
}

/// The options of fields, by their words.
pub(super) struct Options<'a> {
    ids: Map<String, WordId>,
    options: PhraseIndex<(usize, &'a String)>,
}

/// The places of the options of each field, by the index of the field, and the memory they take.
pub(super) struct OptionCandidates<'a> {
    pub by_field: BTreeMap<usize, Vec<Candidate>>,
    _held: Held<'a>,
}

impl<'a> Options<'a> {
    /// The options of the `fields`, which have these indexes.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(fields: &[(usize, &'a Field)], budget: &Budget) -> Result<Self> {
        let all = || fields.iter().flat_map(|(index, field)| field.options.iter().map(move |option| (*index, option)));
        let mut ids: Map<String, WordId> = map_for(all().map(|(_, option)| option.as_str()));
        let mut options = PhraseIndex::default();
        for (index, option) in all() {
            budget.pass_over(COMPANY_PASSES * option.len())?;
            let number = |(_, word): (_, String)| {
                let next = ids.len() as WordId;
                *ids.entry(word).or_insert(next)
            };
            let words: Vec<WordId> = words(option).into_iter().map(number).collect();
            options.add(&words, (index, option));
        }
        Ok(Self { ids, options })
    }

    /// Every place of an option. Of the options of a field that begin at a word, the longest counts, the last of equals.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn find<'b>(&self, grid: &PageGrid<'_>, budget: &'b Budget) -> Result<OptionCandidates<'b>> {
        let mut held = budget.hold(0)?;
        let mut by_field: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
        let mut folded = String::new();
        for (segment_index, segment) in grid.segments.iter().enumerate() {
            let mut text_words = TextWords::new(grid.text_of(segment));
            let mut segment_words: Vec<(Span, WordId)> = Vec::new();
            while let Some(range) = text_words.next_into(&mut folded) {
                let span = Span { start: segment.span.start + range.start, end: segment.span.start + range.end };
                segment_words.push((span, self.ids.get(&folded).copied().unwrap_or(UNKNOWN_WORD)));
            }
            budget.work(OPTION_STEPS * segment_words.len())?;
            let mut walked = 0;
            for (start, (first, _)) in segment_words.iter().enumerate() {
                let rest = segment_words.get(start..).unwrap_or_default();
                let mut longest: BTreeMap<usize, (Span, &String)> = BTreeMap::new();
                let walk = rest.iter().map(|(_, word)| *word).inspect(|_| walked += 1);
                for (length, named) in self.options.at_start(walk) {
                    budget.work(OPTION_STEPS * named.len())?;
                    let Some((last, _)) = rest.get(length - 1) else { continue };
                    let span = Span { start: first.start, end: last.end };
                    longest.extend(named.iter().map(|&(field, option)| (field, (span, option))));
                }
                for (field, (span, option)) in longest {
                    let Some(rect) = grid.rect(segment.page, span) else { continue };
                    held.grow(CANDIDATE_BYTES + option.len())?;
                    by_field.entry(field).or_default().push(Candidate {
                        segment: segment_index,
                        span,
                        rect,
                        value: option.clone(),
                        amount: None,
                        validity: 1.0,
                    });
                }
            }
            budget.work(walked / WALKS_PER_STEP)?;
        }
        Ok(OptionCandidates { by_field, _held: held })
    }
}

/// Whether a token can be an identifier of the concept: a BIC has its own shape, everything else has digits.
pub(super) fn has_shape(concept: &str, value: &str) -> bool {
    match concept {
        "bic" => is_bic(value),
        _ => value.bytes().any(|byte| byte.is_ascii_digit()),
    }
}

/// The number of values sampled to find the most common.
const MAX_SAMPLED_VALUES: usize = 300;

/// How often values occur among the first of all.
pub(super) struct ValueShares<'a> {
    counts: BTreeMap<&'a str, usize>,
    sampled: usize,
}

impl<'a> ValueShares<'a> {
    pub fn new(all: &'a [Candidate]) -> Self {
        let mut counts = BTreeMap::new();
        for candidate in all.iter().take(MAX_SAMPLED_VALUES) {
            *counts.entry(candidate.value.as_str()).or_default() += 1;
        }
        Self { counts, sampled: all.len().clamp(1, MAX_SAMPLED_VALUES) }
    }

    fn of(&self, value: &str) -> f64 {
        self.counts.get(value).copied().unwrap_or_default() as f64 / self.sampled as f64
    }
}

/// The score of a value by itself, without a label: 1 for a valid account number. `shares` are those of `all` values.
pub(super) fn score_without_label(
    concept: &str,
    kind: FieldKind,
    value: &Candidate,
    all: &[Candidate],
    shares: &ValueShares<'_>,
) -> f64 {
    let is_valid = value.validity >= 1.0;
    match kind {
        FieldKind::Iban | FieldKind::Email if is_valid => 1.0,
        FieldKind::VatId if is_valid && concept != "buyer_vat_id" => 1.0,
        FieldKind::Url if is_valid => 0.9,
        FieldKind::Phone if is_valid && concept != "fax" => 0.7,
        FieldKind::Currency => 0.7 + 0.6 * shares.of(&value.value),
        FieldKind::Label => 0.7 + 0.3 * shares.of(&value.value),
        // The only date in the document is its date.
        FieldKind::Date
            if concept == "invoice_date" && all.len() <= 20 && all.iter().all(|other| other.value == value.value) =>
        {
            0.7
        }
        FieldKind::Money if concept == "total" && is_valid && all.len() <= 200 => {
            let is_largest = all.iter().all(|other| other.validity < 1.0 || other.amount <= value.amount);
            if is_largest { 0.66 } else { 0.0 }
        }
        _ => 0.0,
    }
}

/// The factor of a party's value by its section: below "Seller" it is the seller's.
pub(super) fn party_factor(labelled: &LabelledDocument<'_>, concept: &str, value: &Candidate) -> f64 {
    let wants_buyer = match concept {
        "seller_vat_id" | "seller_name" | "seller_address" | "seller_postcode" | "seller_city" => false,
        "buyer_vat_id" | "buyer_name" | "buyer_postcode" | "buyer_city" => true,
        _ => return 1.0,
    };
    match labelled.nearest_party_is_buyer(value) {
        Some(is_buyer) if is_buyer == wants_buyer => OWN_SECTION,
        Some(_) => OTHER_SECTION,
        None if wants_buyer => BUYER_WITHOUT_SECTION,
        None => 1.0,
    }
}

/// A value known exactly, as values on a page are compared with it. It is made once, because it may be long.
#[derive(Debug)]
pub(super) enum KnownValue {
    /// Of a number.
    Amount(Option<i128>),
    /// Of anything else: the folded letters and digits.
    Letters(String),
}

impl KnownValue {
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(kind: FieldKind, known: &str, budget: &Budget) -> Result<Self> {
        budget.pass_over(KNOWN_PASSES * known.len())?;
        Ok(match kind {
            FieldKind::Money | FieldKind::Number | FieldKind::Percent => Self::Amount(numbers::amount(known)),
            _ => Self::Letters(letters_and_digits(known)),
        })
    }

    /// Whether a value on a page equals it.
    pub fn is_same(&self, value: &str) -> bool {
        match self {
            Self::Amount(known) => numbers::amount(value).is_some_and(|amount| Some(amount) == *known),
            Self::Letters(known) => letters_and_digits(value) == *known,
        }
    }
}

fn letters_and_digits(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The first place of a value, verbatim.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn verbatim(
    grid: &PageGrid<'_>,
    value: &str,
    budget: &Budget,
) -> Result<Option<(Option<String>, Option<Citation>)>> {
    if value.chars().take(3).count() < 3 {
        return Ok(None);
    }
    for (page_index, page) in grid.document.pages.iter().enumerate() {
        // A search begins with passes over what it looks for.
        if page.text.len() < value.len() {
            continue;
        }
        budget.pass_over(page.text.len() + KNOWN_PASSES * value.len())?;
        let Some(start) = page.text.find(value) else { continue };
        let span = Span { start, end: start + value.len() };
        let before = page.text.get(..start).is_some_and(|text| text.ends_with(char::is_alphanumeric));
        let after = page.text.get(span.end..).is_some_and(|text| text.starts_with(char::is_alphanumeric));
        if !before && !after {
            let citation = Citation { page: page.number, span, rect: grid.layout_rect(page_index, span), label: None };
            return Ok(Some((Some(value.to_owned()), Some(citation))));
        }
    }
    Ok(None)
}
