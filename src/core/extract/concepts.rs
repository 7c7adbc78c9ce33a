//! What business documents call things: a lexicon of concepts in six languages.
//!
//! `concepts.txt` says how it is written. A field that names a concept is looked for under all its names; and every
//! name of every other concept is a reason not to take what stands beside it.

use std::sync::LazyLock;

use super::Kind;
use crate::text::words;

/// How sure a weak name is: `date` alone says less than `invoice date`.
const WEAK: f64 = 0.72;

/// A thing that documents name.
#[derive(Debug)]
pub(super) struct Concept {
    pub name: &'static str,
    pub kind: Kind,
    /// Its names: words as [`canonical`] leaves them, and how sure they are.
    pub phrases: Vec<(Vec<String>, f64)>,
    /// Ends of words that are names, too.
    pub ends: Vec<(&'static str, f64)>,
}

pub(super) static CONCEPTS: LazyLock<Vec<Concept>> = LazyLock::new(|| {
    include_str!("concepts.txt").lines().filter(|line| !line.starts_with('#')).filter_map(concept).collect()
});

fn concept(line: &'static str) -> Option<Concept> {
    let mut cells = line.split('|');
    let (name, kind) = cells.next()?.trim().split_once(' ')?;
    let kind = match kind {
        "money" => Kind::Money,
        "number" => Kind::Number,
        "percent" => Kind::Percent,
        "date" => Kind::Date,
        "iban" => Kind::Iban,
        "vat_id" => Kind::VatId,
        "email" => Kind::Email,
        "phone" => Kind::Phone,
        "url" => Kind::Url,
        "currency" => Kind::Currency,
        "id" => Kind::Id,
        _ => Kind::Text,
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

/// The concept of that name, as its place in [`CONCEPTS`].
pub(super) fn index(name: &str) -> Option<usize> {
    CONCEPTS.iter().position(|concept| concept.name == name)
}

/// The words of a phrase as they are compared: folded, every way to say "number" alike, without little words.
pub(super) fn canonical(phrase: &str) -> Vec<String> {
    words(phrase).into_iter().filter_map(|(_, word)| canonical_word(&word).map(str::to_owned)).collect()
}

/// A folded word as it is compared; nothing for words such as "of".
pub(super) fn canonical_word(word: &str) -> Option<&str> {
    match word {
        "no" | "n" | "nr" | "num" | "numero" | "number" | "nummer" | "nº" | "№" | "numer" | "nbr" => Some("nr"),
        "of" | "the" | "de" | "du" | "des" | "d" | "la" | "le" | "les" | "l" | "der" | "die" | "das" | "dem"
        | "del" | "della" | "dell" | "di" | "da" | "el" | "los" | "van" | "het" | "il" | "lo" => None,
        word => Some(word),
    }
}

/// Names of fields that come to a concept: the concept whose phrase says it all, else the one whose longest phrase is
/// part of it, the strongest first.
pub(super) fn resolve(name: &str, kind: Kind) -> Option<usize> {
    let wanted = canonical(&spaced(name));
    let fits = |concept: &&(usize, &Concept)| are_compatible(kind, concept.1.kind);
    let all = || CONCEPTS.iter().enumerate();
    let exact = all()
        .filter(|concept| fits(&concept))
        .find_map(|(at, concept)| concept.phrases.iter().any(|(phrase, _)| *phrase == wanted).then_some(at));
    exact.or_else(|| {
        let parts = all().filter(|concept| fits(&concept)).flat_map(|(at, concept)| {
            concept
                .phrases
                .iter()
                .filter(|(phrase, strength)| {
                    *strength >= 1.0 && phrase.len() >= 2 && wanted.windows(phrase.len()).any(|part| part == phrase)
                })
                .map(move |(phrase, _)| (phrase.len(), std::cmp::Reverse(at)))
        });
        parts.max().map(|(_, std::cmp::Reverse(at))| at)
    })
}

/// A name with spaces where `_`, `-`, `.` or a change of case part its words.
pub(super) fn spaced(name: &str) -> String {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let begins = c.is_uppercase()
            && (before.is_lowercase()
                || (before.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase())));
        if begins {
            spaced.push(' ');
        }
        spaced.push(if matches!(c, '_' | '-' | '.') { ' ' } else { c });
        before = c;
    }
    spaced
}

/// Whether a field of kind `asked` may be a concept of kind `known`.
pub(super) fn are_compatible(asked: Kind, known: Kind) -> bool {
    match asked {
        Kind::Text | Kind::Id => true,
        Kind::Number => matches!(known, Kind::Number | Kind::Money | Kind::Percent),
        Kind::Money => matches!(known, Kind::Money | Kind::Number),
        Kind::Boolean | Kind::Label => known == Kind::Text,
        _ => asked == known,
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
    fn names_come_to_concepts() {
        for (name, kind, expected) in [
            ("invoiceNumber", Kind::Id, "invoice_number"),
            ("INVOICE_NO", Kind::Text, "invoice_number"),
            ("Rechnungsnummer", Kind::Text, "invoice_number"),
            ("date_of_invoice", Kind::Date, "invoice_date"),
            ("due_date", Kind::Date, "due_date"),
            ("totalAmount", Kind::Money, "total"),
            ("IBAN", Kind::Iban, "iban"),
            ("vendor name", Kind::Text, "seller_name"),
        ] {
            let found = resolve(name, kind).and_then(|at| CONCEPTS.get(at)).map(|concept| concept.name);
            assert_eq!(found, Some(expected), "{name}");
        }
        assert_eq!(resolve("favourite colour", Kind::Text), None);
        assert_eq!(resolve("invoice number", Kind::Date), None);
        assert_eq!(spaced("invoiceNo_XMLFile"), "invoice No XML File");
    }
}
