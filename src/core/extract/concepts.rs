//! The concepts of business documents, with their names in every language.
//!
//! `concepts.txt` lists them: name and kind. Their names in documents are in the language data, `labels.txt`: `~` marks
//! a weak name, which other things have, too; `*` a word's end, which makes compounds such as "Mietrechnung" names. A
//! field that names a concept is searched under all names of the concept. A name of another concept beside a candidate
//! counts against it; some concepts that nobody asks for are listed only for that.

use std::cmp::Reverse;
use std::sync::LazyLock;

use super::FieldKind;
use super::phrases::{PhraseIndex, UNKNOWN_WORD, WordId};
use crate::text::languages::{Entry, LABELS, WordSet, lists};
use crate::text::{Map, fold, words};

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
    pub suffixes: Vec<(&'static str, f64)>,
}

pub(super) static CONCEPTS: LazyLock<Vec<Concept>> = LazyLock::new(|| {
    let mut concepts: Vec<Concept> = include_str!("concepts.txt").lines().filter_map(Concept::new).collect();
    let indices: Map<&str, usize> = concepts.iter().enumerate().map(|(index, concept)| (concept.name, index)).collect();
    for label in LABELS.entries() {
        let index = indices.get(label.list).copied();
        if let Some(concept) = index.and_then(|index| concepts.get_mut(index)) {
            concept.add(label);
        }
    }
    concepts
});

impl Concept {
    /// The concept of a line: its name, which is also a label of it, and its kind.
    fn new(line: &'static str) -> Option<Self> {
        let (name, kind) = line.split_once(' ')?;
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
        let phrases = vec![(canonical(&name.replace('_', " ")), 1.0)];
        Some(Self { name, kind, phrases, suffixes: Vec::new() })
    }

    /// Whether it is a column of a table.
    pub fn is_column(&self) -> bool {
        self.name.starts_with("line_")
    }

    fn add(&mut self, label: Entry) {
        let (phrase, strength) = label.text.strip_prefix('~').map_or((label.text, 1.0), |weak| (weak, WEAK));
        if let Some(suffix) = phrase.strip_prefix('*') {
            self.suffixes.push((suffix, strength));
            return;
        }
        let words = canonical(phrase);
        if !words.is_empty() {
            self.phrases.push((words, strength));
        }
    }
}

/// The index in [`CONCEPTS`] of the concept named `name`.
pub(super) fn concept_index(name: &str) -> Option<usize> {
    CONCEPTS.iter().position(|concept| concept.name == name)
}

/// The words of a phrase for comparison: folded, with one word for all forms of "number", without function
/// words.
pub(super) fn canonical(phrase: &str) -> Vec<String> {
    words(phrase).into_iter().filter_map(|(_, word)| canonical_word(&word).map(str::to_owned)).collect()
}

/// Words for "number", and words such as "of" that names do without.
static NUMBER_WORDS: LazyLock<WordSet> = LazyLock::new(|| lists::NUMBER_WORDS.set());
static FUNCTION_WORDS: LazyLock<WordSet> = LazyLock::new(|| lists::FUNCTION_WORDS.set());

/// A folded word for comparison; None for function words such as "of".
pub(super) fn canonical_word(word: &str) -> Option<&str> {
    match word {
        _ if NUMBER_WORDS.contains(word) => Some("nr"),
        _ if FUNCTION_WORDS.contains(word) => None,
        word => Some(word),
    }
}

/// The words of all phrases of [`CONCEPTS`], numbered.
static WORD_IDS: LazyLock<Map<&'static str, WordId>> = LazyLock::new(|| {
    let mut ids = Map::default();
    for (phrase, _) in CONCEPTS.iter().flat_map(|concept| &concept.phrases) {
        for word in phrase {
            let next = ids.len() as WordId;
            ids.entry(word.as_str()).or_insert(next);
        }
    }
    ids
});

/// The number of a word of a concept's phrases.
pub(super) fn concept_word(word: &str) -> Option<WordId> {
    WORD_IDS.get(word).copied()
}

/// The number of words in the phrases of all concepts; their numbers are less.
pub(super) fn concept_word_count() -> WordId {
    WORD_IDS.len() as WordId
}

/// The numbers of the words of a phrase of a concept.
pub(super) fn concept_words(phrase: &[String]) -> Vec<WordId> {
    phrase.iter().map(|word| concept_word(word).unwrap_or(UNKNOWN_WORD)).collect()
}

/// All phrases, with the indexes of their concepts and their strengths.
static PHRASES: LazyLock<PhraseIndex<(usize, f64)>> = LazyLock::new(|| {
    let mut index = PhraseIndex::default();
    for (concept_index, concept) in CONCEPTS.iter().enumerate() {
        for (phrase, strength) in &concept.phrases {
            index.add(&concept_words(phrase), (concept_index, *strength));
        }
    }
    index
});

/// The indexes of the concepts with a phrase of just these words.
fn concepts_named(words: &[WordId]) -> impl Iterator<Item = usize> {
    let whole = PHRASES.at_start(words.iter().copied()).filter(|(length, _)| *length == words.len());
    whole.flat_map(|(_, named)| named.iter().map(|&(concept_index, _)| concept_index))
}

/// Whether a word is a name of a concept, as BIC is.
pub(super) fn is_concept_name(word: &str) -> bool {
    let folded = fold(word);
    let word = canonical_word(&folded).and_then(concept_word);
    word.is_some_and(|word| concepts_named(&[word]).next().is_some())
}

/// The index of the first column concept that a name means.
pub(super) fn column_concept(name: &str) -> Option<usize> {
    let words = concept_words(&canonical(&split_words(name)));
    concepts_named(&words).filter(|&index| CONCEPTS.get(index).is_some_and(Concept::is_column)).min()
}

/// The index of the first concept of a kind that fits with a phrase equal to the name; of full strength if `is_strong`.
pub(super) fn named(name: &str, is_strong: bool, fits: impl Fn(FieldKind) -> bool) -> Option<usize> {
    let words = concept_words(&canonical(&split_words(name)));
    let whole = PHRASES.at_start(words.iter().copied()).filter(|(length, _)| *length == words.len());
    let strong = whole.flat_map(|(_, named)| named).filter(|(_, strength)| !is_strong || *strength >= 1.0);
    let indices = strong.map(|&(concept_index, _)| concept_index);
    indices.filter(|&index| CONCEPTS.get(index).is_some_and(|concept| !concept.is_column() && fits(concept.kind))).min()
}

/// The fewest letters of a name at the end of a compound: shorter ones end other words, as in "mandate".
const MIN_COMPOUND_END: usize = 5;

/// The kind of the first date or amount whose name of one word is the end of a compound, as in "Vertragsdatum".
pub(super) fn kind_of_compound(word: &str) -> Option<FieldKind> {
    let is_end = |(phrase, _): &(Vec<String>, f64)| match phrase.as_slice() {
        [name] => name.len() >= MIN_COMPOUND_END && word.ends_with(name.as_str()),
        _ => false,
    };
    let mut concepts = CONCEPTS.iter().filter(|concept| matches!(concept.kind, FieldKind::Date | FieldKind::Money));
    concepts.find(|concept| !concept.is_column() && concept.phrases.iter().any(is_end)).map(|concept| concept.kind)
}

/// The index of the concept that a field's name means: the first with a phrase equal to the name, else the one with the
/// longest phrase of full strength in it, the first of equals.
pub(super) fn resolve(name: &str, kind: FieldKind) -> Option<usize> {
    let words = concept_words(&canonical(&split_words(name)));
    let fits =
        |concept_index: usize| CONCEPTS.get(concept_index).is_some_and(|concept| are_compatible(kind, concept.kind));
    concepts_named(&words).filter(|&index| fits(index)).min().or_else(|| {
        let starts = (0..words.len()).filter_map(|start| words.get(start..));
        let partial = starts.flat_map(|rest| PHRASES.at_start(rest.iter().copied())).filter(|(length, _)| *length >= 2);
        partial
            .flat_map(|(length, named)| named.iter().map(move |&(index, strength)| (length, index, strength)))
            .filter(|&(_, index, strength)| strength >= 1.0 && fits(index))
            .map(|(length, index, _)| (length, Reverse(index)))
            .max()
            .map(|(_, Reverse(index))| index)
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
        assert_eq!(names.len(), include_str!("concepts.txt").lines().count());
        assert!(names.len() >= 60, "{}", names.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CONCEPTS.len());
        for label in LABELS.entries() {
            assert!(names.contains(&label.list), "{label:?} is of no concept");
            let mut concept = Concept::new("x text").unwrap();
            concept.add(label);
            assert_eq!(concept.phrases.len() + concept.suffixes.len(), 2, "{label:?} has no words");
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
