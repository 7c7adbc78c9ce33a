//! Fields of words, and what a value says without a name beside it.

use super::candidates::Candidate;
use super::labels::Hit;
use super::relation::Reading;
use super::schema::{Field, Kind};
use super::score::Scored;
use super::sheet::Sheet;
use super::{Citation, numbers};
use crate::document::{Rect, Span};
use crate::text::{fold, words};

/// The longest text of a field, in bytes.
const MAX_TEXT: usize = 240;

/// Text in the same segment after a name that a colon ends, or none; in the next segment; below.
const AFTER_COLON: f64 = 1.0;
const AFTER_NAME: f64 = 0.8;
const AFTER_WORD: f64 = 0.45;
const NEXT: f64 = 0.92;
const UNDER: f64 = 0.82;

/// What is left of a text that is only the beginning of something else's name.
const NAMES_OTHER: f64 = 0.35;

/// How far down the text below a name begins, and how far right the text beside it, in heights.
const HEIGHTS_DOWN: f32 = 4.0;
const HEIGHTS_RIGHT: f32 = 30.0;

/// Companies call themselves so.
const LEGAL_FORMS: &[&str] = &[
    "gmbh",
    "ag",
    "kg",
    "ohg",
    "ug",
    "gbr",
    "eg",
    "ltd",
    "limited",
    "plc",
    "llc",
    "llp",
    "inc",
    "corp",
    "corporation",
    "sarl",
    "sas",
    "sa",
    "sasu",
    "eurl",
    "sl",
    "slu",
    "srl",
    "spa",
    "bv",
    "nv",
    "vof",
    "lda",
    "oy",
    "ab",
    "aps",
    "as",
    "oü",
];

/// What stands above a name in an address, folded.
const SALUTATIONS: &[&str] =
    &["herr", "herrn", "frau", "firma", "an", "mr", "mrs", "ms", "messrs", "monsieur", "madame"];

/// The score of a company named without a label: the first is mostly the sender.
const FIRST_COMPANY: f64 = 0.5;
const SECOND_COMPANY: f64 = 0.42;

/// How a value fares in the section of its party, in that of the other, and in none.
const OWN_SECTION: f64 = 1.08;
const OTHER_SECTION: f64 = 0.55;
const BUYER_NOWHERE: f64 = 0.6;

/// What texts stand beside the names of a field.
pub(super) fn beside(reading: &Reading<'_>, labels: &[(usize, f64)], concept: &str) -> Vec<Scored> {
    let mut found = Vec::new();
    for (at, hit) in reading.hits.iter().enumerate() {
        let Some((_, weight)) = labels.iter().find(|(label, _)| *label == hit.label) else { continue };
        // What stands nearest is meant; the others only where nothing does. The head of an address stands over it,
        // and beside it is the head of the next.
        let is_name = matches!(concept, "seller_name" | "buyer_name");
        let texts = if is_name && stands_alone(reading, hit) {
            [under(reading, hit, true), next(reading, hit), under(reading, hit, false)]
        } else {
            [after(reading, at, hit), next(reading, hit), under(reading, hit, false)]
        };
        let is_fine = |found: &(usize, Span, f64)| {
            let text = reading.segment(found.0).map_or("", |segment| found.1.of(reading.sheet.text(segment.page)));
            !is_name || is_party(text)
        };
        let Some((segment, span, place)) = texts.into_iter().flatten().find(is_fine) else { continue };
        let Some(candidate) = candidate(reading.sheet, segment, span) else { continue };
        let named = reading.hits_of(segment).1.iter().any(|other| {
            other.span.start < span.start + 2 && other.span.start >= span.start && other.label != hit.label
        });
        let score = weight * hit.strength * place * if named { NAMES_OTHER } else { 1.0 };
        let score = score * party(reading, concept, &candidate);
        found.push(Scored { candidate, score, label: Some(hit.span) });
    }
    if matches!(concept, "seller_name" | "buyer_name") {
        found.extend(companies(reading, concept == "buyer_name"));
    }
    // Said twice alike, the first counts.
    for (at, scored) in found.iter_mut().enumerate() {
        scored.score -= at as f64 * 1e-4;
    }
    found
}

fn candidate(sheet: &Sheet<'_>, segment: usize, span: Span) -> Option<Candidate> {
    let page = sheet.segments.get(segment)?.page;
    let text = span.of(sheet.text(page));
    let value = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let rect = sheet.rect(page, span)?;
    let is_said = value.chars().any(char::is_alphanumeric);
    is_said.then_some(Candidate { segment, span, rect, value, amount: None, validity: 1.0 })
}

/// A span without the marks around it, cut where a sentence ends or it grows too long; nothing when nothing is left.
pub(super) fn tidy(text: &str, span: Span) -> Option<Span> {
    let said = span.of(text);
    let is_mark =
        |c: char| c.is_whitespace() || matches!(c, ':' | '-' | '–' | '—' | '.' | ',' | ';' | '=' | '|' | '•' | '·');
    let from = said.len() - said.trim_start_matches(is_mark).len();
    let said = said.get(from..)?;
    // A short word before the point is cut short itself: "Co. KG".
    let sentence = said.match_indices(". ").map(|(at, _)| at).find(|&at| {
        said.get(..at).is_some_and(|before| before.chars().rev().take_while(|c| c.is_alphabetic()).count() >= 4)
    });
    let mark = said.find(['\t', ';', '|', '·', '●', '•']);
    let mut end = sentence.into_iter().chain(mark).min().unwrap_or(said.len());
    if end > MAX_TEXT {
        end = (0..=MAX_TEXT).rev().find(|&at| said.is_char_boundary(at))?;
    }
    let said = said.get(..end)?.trim_end_matches(|c: char| is_mark(c) && c != '.');
    let start = span.start + from;
    said.chars().any(char::is_alphanumeric).then_some(Span { start, end: start + said.len() })
}

/// The rest of the segment, up to the next name.
fn after(reading: &Reading<'_>, at: usize, hit: &Hit) -> Option<(usize, Span, f64)> {
    let segment = reading.segment(hit.segment)?;
    let text = reading.sheet.text(segment.page);
    let following = reading.hits.get(at + 1..)?.iter().take_while(|next| next.segment == hit.segment);
    let starts = following.filter(|next| next.span.start > hit.span.end && next.strength > 0.75).filter(|next| {
        // A name within the value is none: "Seller: The Order Office".
        text.get(next.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'))
    });
    let end = starts.map(|next| next.span.start).min().unwrap_or(segment.span.end);
    let rest = Span { start: hit.span.end, end };
    let has_colon = rest.of(text).trim_start_matches([' ', ')', '.']).starts_with(':');
    // One word that words follow is as well part of what they say: "Supplier GmbH".
    let is_word = !hit.span.of(text).contains(' ');
    let place = if has_colon {
        AFTER_COLON
    } else if is_word {
        AFTER_WORD
    } else {
        AFTER_NAME
    };
    Some((hit.segment, tidy(text, rest)?, place))
}

/// Whether a name is all its segment says, without a colon.
fn stands_alone(reading: &Reading<'_>, hit: &Hit) -> bool {
    let text = reading.segment(hit.segment).map_or("", |segment| reading.sheet.text(segment.page));
    let rest = reading.segment(hit.segment).and_then(|segment| text.get(hit.span.end..segment.span.end));
    let follows = text.get(hit.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
    !follows && rest.is_some_and(|rest| !rest.chars().any(char::is_alphanumeric))
}

/// Whether a text can be the name of a person or a company.
fn is_party(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() >= 3 && !text.contains('@') && !is_bic(text)
}

/// The next segment of the row.
fn next(reading: &Reading<'_>, hit: &Hit) -> Option<(usize, Span, f64)> {
    let (own, next) = (reading.segment(hit.segment)?, reading.segment(hit.segment + 1)?);
    let gap = next.rect.x - own.rect.x - own.rect.width;
    let is_near = next.row == own.row && gap < HEIGHTS_RIGHT * own.rect.height.max(6.0);
    let is_free = !reading
        .hits_of(hit.segment + 1)
        .1
        .iter()
        .any(|other| other.span.start == next.span.start && other.strength > 0.9);
    if !is_near || !is_free {
        return None;
    }
    Some((hit.segment + 1, tidy(reading.sheet.text(next.page), next.span)?, NEXT))
}

/// The segment below, in the same column.
fn under(reading: &Reading<'_>, hit: &Hit, is_aligned: bool) -> Option<(usize, Span, f64)> {
    let own = reading.segment(hit.segment)?;
    let height = own.rect.height.max(6.0);
    (1..=3).find_map(|down| {
        let (first, row) = reading.sheet.row(own.row + down);
        (first..).zip(row).find_map(|(at, below)| {
            let is_near = below.page == own.page && below.rect.y - own.rect.y < HEIGHTS_DOWN * height;
            let apart = (below.rect.x - hit.rect.x).abs();
            let is_column =
                apart < 0.5 * height || !is_aligned && (apart < 2.0 * height || overlaps(below.rect, hit.rect));
            (is_near && is_column).then_some(())?;
            let text = reading.sheet.text(below.page);
            let said = below.span.of(text).trim_end();
            let is_label = text.get(below.span.end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
            let is_free = !is_label && !said.contains(':') && !SALUTATIONS.contains(&fold(said).as_str());
            is_free.then_some(())?;
            Some((at, tidy(reading.sheet.text(below.page), below.span)?, UNDER))
        })
    })
}

fn overlaps(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width
}

/// Companies by their legal form, where they are first named.
fn companies(reading: &Reading<'_>, is_buyer: bool) -> Vec<Scored> {
    let mut seen: Vec<Vec<String>> = Vec::new();
    let mut found = Vec::new();
    for (at, segment) in reading.sheet.segments.iter().enumerate().take_while(|(_, segment)| segment.page == 0) {
        let Some(span) = tidy(reading.sheet.text(0), segment.span) else { continue };
        let said: Vec<String> = words(span.of(reading.sheet.text(0))).into_iter().map(|(_, word)| word).collect();
        let dotless = |word: &String| LEGAL_FORMS.contains(&word.as_str());
        let written = fold(span.of(reading.sheet.text(0))).replace(['.', ' '], "");
        let ends_in_form = ["bv", "srl", "sl", "sa", "spa", "gmbh&cokg"].iter().any(|form| written.ends_with(form));
        if said.len() < 2
            || said.len() > 9
            || !(said.iter().skip(1).any(dotless)
                || (ends_in_form && written.len() < 40 && span.of(reading.sheet.text(0)).ends_with('.')))
        {
            continue;
        }
        if seen.contains(&said) {
            continue;
        }
        seen.push(said);
        let score = match (seen.len(), is_buyer) {
            (1, false) => FIRST_COMPANY,
            (2, true) => SECOND_COMPANY,
            _ => continue,
        };
        let Some(candidate) = candidate(reading.sheet, at, span) else { continue };
        found.push(Scored { candidate, score, label: None });
    }
    found
}

/// Every place that says one of a field's options.
pub(super) fn options(sheet: &Sheet<'_>, field: &Field) -> Vec<Candidate> {
    let options: Vec<(Vec<String>, &String)> = field
        .options
        .iter()
        .map(|option| (words(option).into_iter().map(|(_, word)| word).collect(), option))
        .collect();
    let mut found = Vec::new();
    for (at, segment) in sheet.segments.iter().enumerate() {
        let said = words(sheet.text_of(segment));
        for first in 0..said.len() {
            let rest = said.get(first..).unwrap_or_default();
            let is_said = |option: &&(Vec<String>, &String)| {
                let (words, _) = option;
                !words.is_empty()
                    && rest.len() >= words.len()
                    && rest.iter().zip(words).all(|((_, said), word)| said == word)
            };
            let Some((words, option)) = options.iter().filter(is_said).max_by_key(|(words, _)| words.len()) else {
                continue;
            };
            let (Some((from, _)), Some((to, _))) = (rest.first(), rest.get(words.len() - 1)) else { continue };
            let span = Span { start: segment.span.start + from.start, end: segment.span.start + to.end };
            let Some(rect) = sheet.rect(segment.page, span) else { continue };
            found.push(Candidate { segment: at, span, rect, value: (*option).clone(), amount: None, validity: 1.0 });
        }
    }
    found
}

/// Whether a token may be the number a concept asks for: a bank's code is letters, everything else has digits.
pub(super) fn has_shape(concept: &str, value: &str) -> bool {
    match concept {
        "bic" => is_bic(value),
        _ => value.bytes().any(|byte| byte.is_ascii_digit()),
    }
}

/// Six letters for bank and country, two or five characters more.
pub(super) fn is_bic(value: &str) -> bool {
    matches!(value.len(), 8 | 11)
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && value.bytes().take(6).all(|byte| byte.is_ascii_uppercase())
}

/// How many values tell which is the most common.
const SAMPLE: usize = 300;

/// What a value says by itself: 1 is a valid account number.
pub(super) fn unnamed(concept: &str, kind: Kind, value: &Candidate, all: &[Candidate]) -> f64 {
    let is_valid = value.validity >= 1.0;
    let share = || {
        let alike = all.iter().take(SAMPLE).filter(|other| other.value == value.value).count();
        alike as f64 / all.len().clamp(1, SAMPLE) as f64
    };
    match kind {
        Kind::Iban | Kind::Email if is_valid => 1.0,
        Kind::VatId if is_valid && concept != "buyer_vat_id" => 1.0,
        Kind::Url if is_valid => 0.9,
        Kind::Phone if is_valid && concept != "fax" => 0.7,
        Kind::Currency => 0.7 + 0.6 * share(),
        Kind::Label => 0.7 + 0.3 * share(),
        // One date in the whole document is its date.
        Kind::Date
            if concept == "invoice_date" && all.len() <= 20 && all.iter().all(|other| other.value == value.value) =>
        {
            0.7
        }
        Kind::Money if concept == "total" && is_valid && all.len() <= 200 => {
            let is_largest = all.iter().all(|other| other.validity < 1.0 || other.amount <= value.amount);
            if is_largest { 0.66 } else { 0.0 }
        }
        _ => 0.0,
    }
}

/// How a value of one party fares where it stands: below "Seller" it is the seller's.
pub(super) fn party(reading: &Reading<'_>, concept: &str, value: &Candidate) -> f64 {
    let wants_buyer = match concept {
        "seller_vat_id" | "seller_name" | "seller_address" | "seller_postcode" | "seller_city" => false,
        "buyer_vat_id" | "buyer_name" | "buyer_postcode" | "buyer_city" => true,
        _ => return 1.0,
    };
    match reading.party_above(value) {
        Some(is_buyer) if is_buyer == wants_buyer => OWN_SECTION,
        Some(_) => OTHER_SECTION,
        None if wants_buyer => BUYER_NOWHERE,
        None => 1.0,
    }
}

/// Whether a value on a page says the same as one known exactly.
pub(super) fn is_same(kind: Kind, seen: &str, known: &str) -> bool {
    if matches!(kind, Kind::Money | Kind::Number | Kind::Percent) {
        return numbers::amount(seen).is_some_and(|amount| Some(amount) == numbers::amount(known));
    }
    let plain = |text: &str| fold(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    plain(seen) == plain(known)
}

/// The first place that says a value letter by letter.
pub(super) fn verbatim(sheet: &Sheet<'_>, value: &str) -> Option<(Option<String>, Option<Citation>)> {
    if value.chars().count() < 3 {
        return None;
    }
    sheet.document.pages.iter().enumerate().find_map(|(at, page)| {
        let start = page.text.find(value)?;
        let span = Span { start, end: start + value.len() };
        let before = page.text.get(..start)?.ends_with(char::is_alphanumeric);
        let after = page.text.get(span.end..)?.starts_with(char::is_alphanumeric);
        let citation = Citation { page: page.number, span, rect: sheet.real_rect(at, span), label: None };
        (!before && !after).then(|| (Some(value.to_owned()), Some(citation)))
    })
}
