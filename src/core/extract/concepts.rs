//! A lexicon of the concepts of business documents, with their names in six languages.
//!
//! `concepts.txt` documents its format. A field that names a concept is searched under all names of the concept. A name
//! of another concept beside a candidate counts against it.

use std::sync::LazyLock;

use super::FieldKind;
use crate::text::words;

/// The strength of a weak name: `date` alone means less than `invoice date`.
const WEAK: f64 = 0.72;

/// Something that documents name, such as the number of an invoice.
#[derive(Debug)]
pub(super) struct Concept {
    pub name: &'static str,
    pub kind: FieldKind,
    /// Its names, as the words that [`canonical`] returns, with their strengths.
    pub phrases: Vec<(Vec<String>, f64)>,
    /// Suffixes of words that are names too, with their strengths.
    pub ends: Vec<(&'static str, f64)>,
}

pub(super) static CONCEPTS: LazyLock<Vec<Concept>> = LazyLock::new(|| {
    include_str!("concepts.txt").lines().filter(|line| !line.starts_with('#')).filter_map(concept).collect()
});

fn concept(line: &'static str) -> Option<Concept> {
    let mut cells = line.split('|');
    let (name, kind) = cells.next()?.trim().split_once(' ')?;
    let kind = match kind {
        "money" => FieldKind::Money,
        "number" => FieldKind::Number,
        "percent" => FieldKind::Percent,
        "date" => FieldKind::Date,
        "iban" => FieldKind::Iban,
        "vat_id" => FieldKind::VatId,
        "email" => FieldKind::Email,
        "phone" => FieldKind::Phone,
        "url" => FieldKind::Url,
        "currency" => FieldKind::Currency,
        "id" => FieldKind::Id,
        _ => FieldKind::Text,
    };
    let mut ends = Vec::new();
    let mut phrases = vec![(canonical(&name.replace('_', " ")), 1.0)];
    for cell in cells {
        for phrase in cell.split(';').map(str::trim).filter(|phrase| !phrase.is_empty()) {
            let (phrase, strength) = phrase.strip_prefix('~').map_or((phrase, 1.0), |weak| (weak, WEAK));
            if let Some(end) = phrase.strip_prefix('*') {
                ends.push((end, strength));
                continue;
            }
            let words = canonical(phrase);
            if !words.is_empty() {
                phrases.push((words, strength));
            }
        }
    }
    Some(Concept { name, kind, phrases, ends })
}

/// The index in [`CONCEPTS`] of the concept named `name`.
pub(super) fn concept_index(name: &str) -> Option<usize> {
    CONCEPTS.iter().position(|concept| concept.name == name)
}

/// The words of a phrase for comparison: folded, with one word for all forms of "number", without stop words.
pub(super) fn canonical(phrase: &str) -> Vec<String> {
    words(phrase).into_iter().filter_map(|(_, word)| canonical_word(&word).map(str::to_owned)).collect()
}

/// A folded word for comparison; None for stop words such as "of".
pub(super) fn canonical_word(word: &str) -> Option<&str> {
    match word {
        "no" | "n" | "nr" | "num" | "numero" | "number" | "nummer" | "nº" | "№" | "numer" | "nbr" => Some("nr"),
        "of" | "the" | "de" | "du" | "des" | "d" | "la" | "le" | "les" | "l" | "der" | "die" | "das" | "dem"
        | "del" | "della" | "dell" | "di" | "da" | "el" | "los" | "van" | "het" | "il" | "lo" => None,
        word => Some(word),
    }
}

/// The index of the concept that a field's name means: the first with a phrase equal to the name, else the one with the
/// longest phrase of full strength in it, the first of equals.
pub(super) fn resolve(name: &str, kind: FieldKind) -> Option<usize> {
    let phrase_of_name = canonical(&split_words(name));
    let fits = |concept: &&(usize, &Concept)| are_compatible(kind, concept.1.kind);
    let all = || CONCEPTS.iter().enumerate();
    let exact = all().filter(|concept| fits(&concept)).find_map(|(concept_index, concept)| {
        concept.phrases.iter().any(|(phrase, _)| *phrase == phrase_of_name).then_some(concept_index)
    });
    exact.or_else(|| {
        let partial = all().filter(|concept| fits(&concept)).flat_map(|(concept_index, concept)| {
            concept
                .phrases
                .iter()
                .filter(|(phrase, strength)| {
                    *strength >= 1.0
                        && phrase.len() >= 2
                        && phrase_of_name.windows(phrase.len()).any(|window| window == phrase)
                })
                .map(move |(phrase, _)| (phrase.len(), std::cmp::Reverse(concept_index)))
        });
        partial.max().map(|(_, std::cmp::Reverse(concept_index))| concept_index)
    })
}

/// A name with spaces in place of `_`, `-` and `.`, and between words that a change of case separates.
pub(super) fn split_words(name: &str) -> String {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut previous = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let begins_word = c.is_uppercase()
            && (previous.is_lowercase()
                || (previous.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase())));
        if begins_word {
            spaced.push(' ');
        }
        spaced.push(if matches!(c, '_' | '-' | '.') { ' ' } else { c });
        previous = c;
    }
    spaced
}

/// Whether a field of kind `field_kind` can be a concept of kind `concept_kind`.
pub(super) fn are_compatible(field_kind: FieldKind, concept_kind: FieldKind) -> bool {
    match field_kind {
        FieldKind::Text | FieldKind::Id => true,
        FieldKind::Number => matches!(concept_kind, FieldKind::Number | FieldKind::Money | FieldKind::Percent),
        FieldKind::Money => matches!(concept_kind, FieldKind::Money | FieldKind::Number),
        FieldKind::Boolean | FieldKind::Label => concept_kind == FieldKind::Text,
        _ => field_kind == concept_kind,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_lexicon_is_well_formed() {
        let mut names: Vec<_> = CONCEPTS.iter().map(|concept| concept.name).collect();
        assert!(names.len() >= 60, "{}", names.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CONCEPTS.len());
        for line in include_str!("concepts.txt").lines().filter(|line| !line.starts_with('#')) {
            let concept = concept(line).unwrap_or_else(|| panic!("{line}"));
            assert!(concept.phrases.iter().all(|(words, _)| !words.is_empty()), "{line}");
        }
    }

    #[test]
    fn a_column_name_belongs_to_one_concept() {
        let mut owners = BTreeMap::new();
        for concept in CONCEPTS.iter().filter(|concept| concept.name.starts_with("line_")) {
            for (phrase, _) in &concept.phrases {
                let owner = owners.insert(phrase, concept.name).unwrap_or(concept.name);
                assert_eq!(owner, concept.name, "{phrase:?}");
            }
        }
    }

    #[test]
    fn names_resolve_to_concepts() {
        for (name, kind, expected) in [
            ("invoiceNumber", FieldKind::Id, "invoice_number"),
            ("INVOICE_NO", FieldKind::Text, "invoice_number"),
            ("Rechnungsnummer", FieldKind::Text, "invoice_number"),
            ("date_of_invoice", FieldKind::Date, "invoice_date"),
            ("due_date", FieldKind::Date, "due_date"),
            ("totalAmount", FieldKind::Money, "total"),
            ("IBAN", FieldKind::Iban, "iban"),
            ("vendor name", FieldKind::Text, "seller_name"),
        ] {
            let found =
                resolve(name, kind).and_then(|concept_index| CONCEPTS.get(concept_index)).map(|concept| concept.name);
            assert_eq!(found, Some(expected), "{name}");
        }
        assert_eq!(resolve("favourite colour", FieldKind::Text), None);
        assert_eq!(resolve("invoice number", FieldKind::Date), None);
        assert_eq!(split_words("invoiceNo_XMLFile"), "invoice No XML File");
    }
}
