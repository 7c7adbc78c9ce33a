//! Finds values by their shape: account numbers, VAT numbers, email addresses, URLs and telephone numbers.

use std::ops::Range;

/// A value found by its shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CodeMatch {
    pub range: Range<usize>,
    pub value: String,
    /// How surely it is what it seems to be, 0 to 1: lower for a wrong check digit or an unknown country.
    pub validity: f64,
}

/// The validity of a code whose check fails: sample documents are full of them, and a label still identifies it.
const FAILED_CHECK: f64 = 0.75;

/// The validity of a code of no known country or shape.
const UNKNOWN_SHAPE: f64 = 0.5;

/// The length of the account numbers of each country (the register of ISO 13616).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 \
    EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 \
    LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 \
    SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

/// The shapes of VAT numbers after their prefix: `9` is a digit, `A` a letter, `X` either. Several shapes are
/// separated by `|`.
const VAT_SHAPES: &[(&str, &str)] = &[
    ("AT", "A99999999"),
    ("BE", "9999999999|999999999"),
    ("BG", "9999999999|999999999"),
    ("CHE", "999999999"),
    ("CY", "99999999A"),
    ("CZ", "9999999999|999999999|99999999"),
    ("DE", "999999999"),
    ("DK", "99999999"),
    ("EE", "999999999"),
    ("EL", "999999999"),
    ("ES", "X9999999X"),
    ("FI", "99999999"),
    ("FR", "XX999999999"),
    ("GB", "999999999999|999999999|AA999"),
    ("GR", "999999999"),
    ("HR", "99999999999"),
    ("HU", "99999999"),
    ("IE", "9X99999AA|9X99999A"),
    ("IT", "99999999999"),
    ("LT", "999999999999|999999999"),
    ("LU", "99999999"),
    ("LV", "99999999999"),
    ("MT", "99999999"),
    ("NL", "999999999A99"),
    ("NO", "999999999"),
    ("PL", "9999999999"),
    ("PT", "999999999"),
    ("RO", "9999999999|999999999|99999999|9999999|999999"),
    ("SE", "999999999999"),
    ("SI", "99999999"),
    ("SK", "9999999999"),
    ("XI", "999999999"),
];

/// Up to `max` letters and digits of a text from `start`, each with its end offset, skipping single separators.
fn condensed(text: &str, start: usize, max: usize) -> Vec<(char, usize)> {
    let mut kept = Vec::new();
    let mut gap = 0;
    for (offset, c) in text.get(start..).unwrap_or_default().char_indices() {
        if c.is_ascii_alphanumeric() {
            kept.push((c.to_ascii_uppercase(), start + offset + 1));
            gap = 0;
        } else if matches!(c, ' ' | '\u{A0}' | '\u{202F}' | '.' | '-') && gap < 1 {
            gap += 1;
        } else {
            break;
        }
        if kept.len() == max {
            break;
        }
    }
    kept
}

/// The offsets of words that begin with a capital letter.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let mut previous = ' ';
    text.char_indices().filter_map(move |(offset, c)| {
        let begins_word = c.is_ascii_uppercase() && !previous.is_alphanumeric();
        previous = c;
        begins_word.then_some(offset)
    })
}

fn ends_word(text: &str, end: usize) -> bool {
    !text.get(end..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
}

/// Account numbers, including those whose check digits are wrong.
pub(super) fn ibans(text: &str) -> Vec<CodeMatch> {
    let mut found: Vec<CodeMatch> = Vec::new();
    for start in starts(text) {
        if found.last().is_some_and(|last| start < last.range.end) {
            continue;
        }
        let kept = condensed(text, start, 34);
        let mut chars = kept.iter().map(|&(c, _)| c);
        let (Some(a), Some(b), Some(c), Some(d)) = (chars.next(), chars.next(), chars.next(), chars.next()) else {
            continue;
        };
        if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit()) {
            continue;
        }
        let country: String = [a, b].iter().collect();
        let length = IBAN_LENGTHS
            .split_whitespace()
            .find_map(|entry| entry.strip_prefix(country.as_str()))
            .and_then(|length| length.parse().ok());
        let end_of = |length: usize| {
            let end = kept.get(length.checked_sub(1)?)?.1;
            ends_word(text, end).then_some(end)
        };
        let value_of = |length: usize| kept.iter().take(length).map(|&(c, _)| c).collect::<String>();
        let candidate = match length {
            Some(length) => end_of(length).map(|end| {
                let value = value_of(length);
                let validity = if has_valid_check_digits(&value) { 1.0 } else { FAILED_CHECK };
                (end, value, validity)
            }),
            None => None,
        };
        // A number of the wrong length, or of no country: everything up to the end of the word.
        let candidate = candidate.or_else(|| {
            let digits = kept.iter().filter(|(c, _)| c.is_ascii_digit()).count();
            let ends_in_digit = |length: &usize| kept.get(length - 1).is_some_and(|(last, _)| last.is_ascii_digit());
            let lengths = (10..=kept.len()).rev().filter(ends_in_digit);
            let (length, end) = lengths.filter_map(|length| Some((length, end_of(length)?))).next()?;
            let written = text.get(start..end)?;
            (digits >= 8 && !written.contains(['-', '.']) && written.matches(' ').count() <= 7)
                .then(|| (end, value_of(length), UNKNOWN_SHAPE))
        });
        if let Some((end, value, validity)) = candidate {
            found.push(CodeMatch { range: start..end, value, validity });
        }
    }
    found
}

/// The check of ISO 7064: the number, its first four characters moved to the end and letters as 10 to 35, leaves 1
/// when it is divided by 97.
fn has_valid_check_digits(iban: &str) -> bool {
    let (head, tail) = iban.split_at_checked(4).unwrap_or_default();
    let remainder = tail.chars().chain(head.chars()).try_fold(0, |remainder, c| {
        let value = c.to_digit(36)?;
        Some((remainder * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    remainder == Some(1)
}

/// VAT numbers by the shapes of their countries.
pub(super) fn vat_ids(text: &str) -> Vec<CodeMatch> {
    let mut found: Vec<CodeMatch> = Vec::new();
    for start in starts(text) {
        if found.last().is_some_and(|last| start < last.range.end) {
            continue;
        }
        let kept = condensed(text, start, 15);
        let joined: String = kept.iter().map(|&(c, _)| c).collect();
        let matched = VAT_SHAPES.iter().filter_map(|(prefix, shapes)| {
            let rest = joined.strip_prefix(prefix)?;
            shapes.split('|').find_map(|shape| {
                let fits = rest.len() >= shape.len() && rest.chars().zip(shape.chars()).all(|(c, s)| fits_shape(c, s));
                let length = prefix.len() + shape.len();
                let end = kept.get(length - 1)?.1;
                (fits && ends_word(text, end)).then(|| (end, kept.iter().take(length).map(|&(c, _)| c).collect()))
            })
        });
        if let Some((end, value)) = matched.max_by_key(|&(end, _)| end) {
            found.push(CodeMatch { range: start..end, value, validity: 1.0 });
        }
    }
    // Without a prefix, only a label identifies it: `67-4562929`, `7740001454`.
    let mut prefixed = 0;
    let prefixed_ranges: Vec<Range<usize>> = found.iter().map(|found| found.range.clone()).collect();
    for token in tokens(text) {
        let digits = token.value.bytes().filter(u8::is_ascii_digit).count();
        let letters = token.value.chars().filter(|c| c.is_alphabetic()).count();
        while prefixed_ranges.get(prefixed).is_some_and(|range| range.end <= token.range.start) {
            prefixed += 1;
        }
        let overlaps = prefixed_ranges.get(prefixed).is_some_and(|range| range.start < token.range.end);
        if (7..=13).contains(&digits) && letters <= 4 && !overlaps {
            let value = token.value.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect();
            found.push(CodeMatch { value, validity: UNKNOWN_SHAPE, ..token });
        }
    }
    found
}

fn fits_shape(c: char, shape: char) -> bool {
    match shape {
        '9' => c.is_ascii_digit(),
        'A' => c.is_ascii_alphabetic(),
        _ => c.is_ascii_alphanumeric(),
    }
}

/// Runs without spaces, without the punctuation around them.
pub(super) fn tokens(text: &str) -> Vec<CodeMatch> {
    let mut found = Vec::new();
    let mut start = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (offset, c) in ends {
        match (start, c.is_whitespace()) {
            (None, false) => start = Some(offset),
            (Some(from), true) => {
                start = None;
                let run = text.get(from..offset).unwrap_or_default();
                let head = run.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '#' | '+'));
                let token = head.trim_end_matches(|c: char| !c.is_alphanumeric());
                let from = from + run.len() - head.len();
                if !token.is_empty() {
                    found.push(CodeMatch { range: from..from + token.len(), value: token.to_owned(), validity: 1.0 });
                }
            }
            _ => {}
        }
    }
    found
}

/// Email addresses.
pub(super) fn emails(text: &str) -> Vec<CodeMatch> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    text.match_indices('@')
        .filter_map(|(offset, _)| {
            let before = text.get(..offset)?;
            let local = before.len() - before.trim_end_matches(is_part).len();
            let after = text.get(offset + 1..)?;
            let domain = after.get(..after.len() - after.trim_start_matches(is_part).len())?;
            let domain = domain.trim_end_matches(['.', '-', '_', '+']);
            let range = offset - local..offset + 1 + domain.len();
            let is_email = local > 0 && domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty());
            is_email.then(|| CodeMatch {
                value: text.get(range.clone()).unwrap_or_default().to_lowercase(),
                range,
                validity: 1.0,
            })
        })
        .collect()
}

/// URLs: with a scheme, with `www.`, or as a bare domain.
pub(super) fn urls(text: &str) -> Vec<CodeMatch> {
    let mut found = tokens(text);
    found.retain_mut(|token| {
        let is_bare = !token.value.contains(['@', ':'])
            && token
                .value
                .rsplit('.')
                .next()
                .is_some_and(|end| end.len() >= 2 && end.bytes().all(|b| b.is_ascii_lowercase()))
            && token.value.contains('.')
            && token.value.split('.').all(|part| !part.is_empty());
        let is_url = ["http://", "https://", "www."].iter().any(|head| token.value.starts_with(head));
        token.validity = if is_url { 1.0 } else { UNKNOWN_SHAPE };
        is_url || is_bare
    });
    found
}

/// Telephone numbers: runs of 6 to 15 digits with the punctuation that groups them.
pub(super) fn phones(text: &str) -> Vec<CodeMatch> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\u{A0}' | '(' | ')' | '-' | '–' | '/' | '.' | '+');
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(run) = text.get(rest..).filter(|run| !run.is_empty()) {
        let skipped = run.len() - run.trim_start_matches(|c| !is_part(c)).len();
        let run = run.get(skipped..).unwrap_or_default();
        let length = run.len() - run.trim_start_matches(is_part).len();
        let start = rest + skipped;
        rest = start + length;
        if length == 0 {
            break;
        }
        let body = text.get(start..rest).unwrap_or_default();
        let head = body.trim_start_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '('));
        let body_text = head.trim_end_matches(|c: char| !c.is_ascii_digit());
        let start = start + body.len() - head.len();
        let range = start..start + body_text.len();
        let digits: String = body_text.chars().filter(char::is_ascii_digit).collect();
        let is_whole =
            !text.get(..start).is_some_and(|text| text.ends_with(char::is_alphanumeric)) && ends_word(text, range.end);
        if is_whole && (6..=15).contains(&digits.len()) {
            let is_international = body_text.starts_with('+') || body_text.starts_with("00");
            // "+49 (0)30": the zero is only dialled within the country.
            let digits = if is_international {
                let without_trunk_zero: String =
                    body_text.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
                format!("+{}", without_trunk_zero.trim_start_matches('0'))
            } else {
                digits
            };
            let is_grouped = body_text.contains([' ', '/', '-', '(']);
            let validity = if is_international {
                1.0
            } else if is_grouped {
                0.9
            } else {
                0.7
            };
            found.push(CodeMatch { range, value: digits, validity });
        }
    }
    found
}

/// Whether a value is a BIC: six letters for bank and country, then two or five characters.
pub(super) fn is_bic(value: &str) -> bool {
    matches!(value.len(), 8 | 11)
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && value.bytes().take(6).all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(found: &[CodeMatch]) -> Vec<(&str, f64)> {
        found.iter().map(|found| (found.value.as_str(), found.validity)).collect()
    }

    #[test]
    fn account_numbers() {
        assert_eq!(
            values(&ibans("IBAN: DE35 5019 0000 0012 3456 78 BIC X")),
            [("DE35501900000012345678", FAILED_CHECK)]
        );
        assert_eq!(values(&ibans("NL50INGB0683251309")).len(), 1);
        assert_eq!(values(&ibans("GB82 WEST 1234 5698 7654 32, then")), [("GB82WEST12345698765432", 1.0)]);
        assert_eq!(values(&ibans("Account US1234567890")), [("US1234567890", UNKNOWN_SHAPE)]);
        assert!(ibans("RE-2026-10433 and ABC").is_empty());
    }

    #[test]
    fn vat_numbers() {
        for (text, value) in [
            ("USt-IdNr. DE843317788", "DE843317788"),
            ("ATU11472721", "ATU11472721"),
            ("N° TVA FR 52 558351672.", "FR52558351672"),
            ("NL342743338B01", "NL342743338B01"),
            ("ESB86369493", "ESB86369493"),
            ("IE8709080U", "IE8709080U"),
            ("CHE-116.281.710 MWST", "CHE116281710"),
        ] {
            assert_eq!(values(&vat_ids(text)).first(), Some(&(value, 1.0)), "{text}");
        }
        assert_eq!(values(&vat_ids("NIP 7740001454")), [("7740001454", UNKNOWN_SHAPE)]);
        assert!(vat_ids("DE89370400440532013000").iter().all(|found| found.validity < 1.0));
    }

    #[test]
    fn addresses() {
        assert_eq!(values(&emails("mail: <A.b@Example.com>.")), [("a.b@example.com", 1.0)]);
        assert!(emails("a@b @c.d e@").is_empty());
        assert_eq!(values(&urls("see www.acme.de, http://a.b/c")), [("www.acme.de", 1.0), ("http://a.b/c", 1.0)]);
        assert_eq!(values(&phones("Tel. +49 (0)40 66969 204")), [("+494066969204", 1.0)]);
        assert_eq!(values(&phones("(870)-931-0505")), [("8709310505", 0.9)]);
        assert!(phones("12 AB1234567").is_empty());
    }
}
