//! Values of text fields, and the scores of values without a label.

use std::sync::LazyLock;

use super::candidates::{Candidate, ScoredCandidate};
use super::codes::is_bic;
use super::label_proximity::LabelledDocument;
use super::labels::LabelHit;
use super::page_grid::PageGrid;
use super::schema::{Field, FieldKind};
use super::{Citation, numbers};
use crate::document::{Rect, Span};
use crate::text::languages::{WordSet, lists};
use crate::text::{fold, words};

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

/// The texts beside or below the labels of a field.
pub(super) fn values_near_labels(
    labelled: &LabelledDocument<'_>,
    labels: &[(usize, f64)],
    concept: &str,
) -> Vec<ScoredCandidate> {
    let mut found = Vec::new();
    for (hit_index, hit) in labelled.hits.iter().enumerate() {
        let Some((_, weight)) = labels.iter().find(|(label, _)| *label == hit.label) else { continue };
        // The nearest text wins. The heading of an address stands above it, and beside the heading is that of the next
        // address.
        let is_name = matches!(concept, "seller_name" | "buyer_name");
        let texts = if is_name && stands_alone(labelled, hit) {
            [value_below(labelled, hit, true), value_beside(labelled, hit), value_below(labelled, hit, false)]
        } else {
            [rest_of_segment(labelled, hit_index, hit), value_beside(labelled, hit), value_below(labelled, hit, false)]
        };
        let is_possible = |found: &(usize, Span, f64)| {
            let text = labelled.segment(found.0).map_or("", |segment| found.1.of(labelled.grid.text(segment.page)));
            !is_name || is_party(text)
        };
        let Some((segment, span, position_score)) = texts.into_iter().flatten().find(is_possible) else { continue };
        let Some(candidate) = candidate(labelled.grid, segment, span) else { continue };
        let is_other_label = labelled.hits_of(segment).1.iter().any(|other| {
            other.span.start < span.start + 2 && other.span.start >= span.start && other.label != hit.label
        });
        let score = weight * hit.strength * position_score * if is_other_label { IS_OTHER_LABEL } else { 1.0 };
        let score = score * party_factor(labelled, concept, &candidate);
        found.push(ScoredCandidate { candidate, score, label: Some(hit.span) });
    }
    if matches!(concept, "seller_name" | "buyer_name") {
        found.extend(companies(labelled, concept == "buyer_name"));
    }
    // Of equal scores, the first in the document wins.
    for (index, scored) in found.iter_mut().enumerate() {
        scored.score -= index as f64 * 1e-4;
    }
    found
}

fn candidate(grid: &PageGrid<'_>, segment: usize, span: Span) -> Option<Candidate> {
    let page = grid.segments.get(segment)?.page;
    let text = span.of(grid.text(page));
    let value = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
    // A short word before the point is an abbreviation: "Co. KG".
    let sentence = trimmed.match_indices(". ").map(|(offset, _)| offset).find(|&offset| {
        trimmed.get(..offset).is_some_and(|before| before.chars().rev().take_while(|c| c.is_alphabetic()).count() >= 4)
    });
    let mark = trimmed.find(['\t', ';', '|', '·', '●', '•']);
    let mut end = sentence.into_iter().chain(mark).min().unwrap_or(trimmed.len());
    if end > MAX_TEXT {
        end = (0..=MAX_TEXT).rev().find(|&offset| trimmed.is_char_boundary(offset))?;
    }
    let trimmed = trimmed.get(..end)?.trim_end_matches(|c: char| is_mark(c) && c != '.');
    let start = span.start + from;
    trimmed.chars().any(char::is_alphanumeric).then_some(Span { start, end: start + trimmed.len() })
}

/// The rest of the segment, up to the next label.
fn rest_of_segment(labelled: &LabelledDocument<'_>, hit_index: usize, hit: &LabelHit) -> Option<(usize, Span, f64)> {
    let segment = labelled.segment(hit.segment)?;
    let text = labelled.grid.text(segment.page);
    let following = labelled.hits.get(hit_index + 1..)?.iter().take_while(|next| next.segment == hit.segment);
    let starts = following.filter(|next| next.span.start > hit.span.end && next.strength > 0.75).filter(|next| {
        // A name within the value is not a label: "Seller: The Order Office".
        text.get(next.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'))
    });
    let end = starts.map(|next| next.span.start).min().unwrap_or(segment.span.end);
    let rest = Span { start: hit.span.end, end };
    let has_colon = rest.of(text).trim_start_matches([' ', ')', '.']).starts_with(':');
    // A single word followed by words may be part of their text: "Supplier GmbH".
    let is_word = !hit.span.of(text).contains(' ');
    let score = if has_colon {
        AFTER_COLON
    } else if is_word {
        AFTER_WORD
    } else {
        AFTER_NAME
    };
    Some((hit.segment, trim_text(text, rest)?, score))
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
fn value_beside(labelled: &LabelledDocument<'_>, hit: &LabelHit) -> Option<(usize, Span, f64)> {
    let (label_segment, next) = (labelled.segment(hit.segment)?, labelled.segment(hit.segment + 1)?);
    let gap = next.rect.x - label_segment.rect.x - label_segment.rect.width;
    let is_near = next.row == label_segment.row && gap < HEIGHTS_RIGHT * label_segment.rect.height.max(6.0);
    let is_free = !labelled
        .hits_of(hit.segment + 1)
        .1
        .iter()
        .any(|other| other.span.start == next.span.start && other.strength > 0.9);
    if !is_near || !is_free {
        return None;
    }
    Some((hit.segment + 1, trim_text(labelled.grid.text(next.page), next.span)?, NEXT))
}

/// The segment below, in the same column.
fn value_below(labelled: &LabelledDocument<'_>, hit: &LabelHit, is_aligned: bool) -> Option<(usize, Span, f64)> {
    let label_segment = labelled.segment(hit.segment)?;
    let height = label_segment.rect.height.max(6.0);
    (1..=3).find_map(|rows_down| {
        let (first, row) = labelled.grid.row(label_segment.row + rows_down);
        (first..).zip(row).find_map(|(segment_index, below)| {
            let is_near =
                below.page == label_segment.page && below.rect.y - label_segment.rect.y < HEIGHTS_DOWN * height;
            let distance = (below.rect.x - hit.rect.x).abs();
            let is_column =
                distance < 0.5 * height || !is_aligned && (distance < 2.0 * height || overlaps(below.rect, hit.rect));
            (is_near && is_column).then_some(())?;
            let text = labelled.grid.text(below.page);
            let text_below = below.span.of(text).trim_end();
            let is_label = text.get(below.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
            let is_free =
                !is_label && !text_below.contains(':') && !WORDS.salutations.contains(fold(text_below).as_str());
            is_free.then_some(())?;
            Some((segment_index, trim_text(labelled.grid.text(below.page), below.span)?, BELOW))
        })
    })
}

fn overlaps(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width
}

/// Companies by their legal form, at their first place.
fn companies(labelled: &LabelledDocument<'_>, is_buyer: bool) -> Vec<ScoredCandidate> {
    let mut seen: Vec<Vec<String>> = Vec::new();
    let mut found = Vec::new();
    for (segment_index, segment) in
        labelled.grid.segments.iter().enumerate().take_while(|(_, segment)| segment.page == 0)
    {
        let Some(span) = trim_text(labelled.grid.text(0), segment.span) else { continue };
        let name_words: Vec<String> = words(span.of(labelled.grid.text(0))).into_iter().map(|(_, word)| word).collect();
        let is_legal_form = |word: &String| WORDS.legal_forms.contains(word.as_str());
        let letters = fold(span.of(labelled.grid.text(0))).replace(['.', ' '], "");
        let ends_in_form = WORDS.dotted_legal_forms.iter().any(|form| letters.ends_with(form));
        if name_words.len() < 2
            || name_words.len() > 9
            || !(name_words.iter().skip(1).any(is_legal_form)
                || (ends_in_form && letters.len() < 40 && span.of(labelled.grid.text(0)).ends_with('.')))
        {
            continue;
        }
        if seen.contains(&name_words) {
            continue;
        }
        seen.push(name_words);
        let score = match (seen.len(), is_buyer) {
            (1, false) => FIRST_COMPANY,
            (2, true) => SECOND_COMPANY,
            _ => continue,
        };
        let Some(candidate) = candidate(labelled.grid, segment_index, span) else { continue };
        found.push(ScoredCandidate { candidate, score, label: None });
    }
    found
}

/// Every place of a field's options.
pub(super) fn options(grid: &PageGrid<'_>, field: &Field) -> Vec<Candidate> {
    let options: Vec<(Vec<String>, &String)> = field
        .options
        .iter()
        .map(|option| (words(option).into_iter().map(|(_, word)| word).collect(), option))
        .collect();
    let mut found = Vec::new();
    for (segment_index, segment) in grid.segments.iter().enumerate() {
        let segment_words = words(grid.text_of(segment));
        for start in 0..segment_words.len() {
            let rest = segment_words.get(start..).unwrap_or_default();
            let matches = |option: &&(Vec<String>, &String)| {
                let (words, _) = option;
                !words.is_empty()
                    && rest.len() >= words.len()
                    && rest.iter().zip(words).all(|((_, segment_word), word)| segment_word == word)
            };
            let Some((words, option)) = options.iter().filter(matches).max_by_key(|(words, _)| words.len()) else {
                continue;
            };
            let (Some((from, _)), Some((to, _))) = (rest.first(), rest.get(words.len() - 1)) else { continue };
            let span = Span { start: segment.span.start + from.start, end: segment.span.start + to.end };
            let Some(rect) = grid.rect(segment.page, span) else { continue };
            found.push(Candidate {
                segment: segment_index,
                span,
                rect,
                value: (*option).clone(),
                amount: None,
                validity: 1.0,
            });
        }
    }
    found
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

/// The score of a value by itself, without a label: 1 for a valid account number.
pub(super) fn score_without_label(concept: &str, kind: FieldKind, value: &Candidate, all: &[Candidate]) -> f64 {
    let is_valid = value.validity >= 1.0;
    let share = || {
        let alike = all.iter().take(MAX_SAMPLED_VALUES).filter(|other| other.value == value.value).count();
        alike as f64 / all.len().clamp(1, MAX_SAMPLED_VALUES) as f64
    };
    match kind {
        FieldKind::Iban | FieldKind::Email if is_valid => 1.0,
        FieldKind::VatId if is_valid && concept != "buyer_vat_id" => 1.0,
        FieldKind::Url if is_valid => 0.9,
        FieldKind::Phone if is_valid && concept != "fax" => 0.7,
        FieldKind::Currency => 0.7 + 0.6 * share(),
        FieldKind::Label => 0.7 + 0.3 * share(),
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

/// Whether a value on a page equals one known exactly.
pub(super) fn is_same(kind: FieldKind, value: &str, known: &str) -> bool {
    if matches!(kind, FieldKind::Money | FieldKind::Number | FieldKind::Percent) {
        return numbers::amount(value).is_some_and(|amount| Some(amount) == numbers::amount(known));
    }
    let letters_and_digits = |text: &str| fold(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    letters_and_digits(value) == letters_and_digits(known)
}

/// The first place of a value, verbatim.
pub(super) fn verbatim(grid: &PageGrid<'_>, value: &str) -> Option<(Option<String>, Option<Citation>)> {
    if value.chars().count() < 3 {
        return None;
    }
    grid.document.pages.iter().enumerate().find_map(|(page_index, page)| {
        let start = page.text.find(value)?;
        let span = Span { start, end: start + value.len() };
        let before = page.text.get(..start)?.ends_with(char::is_alphanumeric);
        let after = page.text.get(span.end..)?.starts_with(char::is_alphanumeric);
        let citation = Citation { page: page.number, span, rect: grid.layout_rect(page_index, span), label: None };
        (!before && !after).then(|| (Some(value.to_owned()), Some(citation)))
    })
}
