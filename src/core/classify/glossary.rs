//! Translations of the words of business documents, for rules in one language and documents in another.
//!
//! The glossary, `glossary.txt` of the language data, is small and hand-written. It lets an English rule find
//! `Rechnung` in a German document. It is not a translator, and it is not used for documents in the language of the
//! rules.

use std::sync::LazyLock;

use crate::text::languages::GLOSSARY;
use crate::text::{Language, Map};

/// A concept: its words by language.
type Concept = Vec<(Language, Vec<&'static str>)>;

static CONCEPTS: LazyLock<Vec<Concept>> = LazyLock::new(|| {
    let mut indices: Map<&str, usize> = Map::default();
    let mut concepts: Vec<Concept> = Vec::new();
    for (language, entry) in GLOSSARY.entries().filter_map(|entry| Some((entry.language?, entry))) {
        let index = *indices.entry(entry.list).or_insert(concepts.len());
        if index == concepts.len() {
            concepts.push(Concept::new());
        }
        let Some(concept) = concepts.get_mut(index) else { continue };
        match concept.last_mut() {
            Some((last, words)) if *last == language => words.push(entry.text),
            _ => concept.push((language, vec![entry.text])),
        }
    }
    concepts
});

/// The concepts of every stem, with the language.
static INDEX: LazyLock<Map<String, Vec<(Language, usize)>>> = LazyLock::new(|| {
    let mut index: Map<String, Vec<(Language, usize)>> = Map::default();
    for (concept_index, concept) in CONCEPTS.iter().enumerate() {
        for (language, words) in concept {
            for word in words {
                index.entry(language.stem(word).into_owned()).or_default().push((*language, concept_index));
            }
        }
    }
    index
});

/// The languages of every word.
static LANGUAGES: LazyLock<Map<&'static str, Vec<Language>>> = LazyLock::new(|| {
    let mut languages: Map<&'static str, Vec<Language>> = Map::default();
    for (language, words) in CONCEPTS.iter().flatten() {
        for word in words {
            let known = languages.entry(word).or_default();
            if !known.contains(language) {
                known.push(*language);
            }
        }
    }
    languages
});

/// The minimum number of different words that identify the language of a text.
const MIN_WORDS: usize = 2;

/// The language of a text without sentences, such as a table: the one with the most of its folded words in the
/// glossary; None if there are too few of them, or equally many of two languages.
pub(super) fn guess(words: &[String]) -> Option<Language> {
    let mut votes: Vec<(Language, Vec<&str>)> =
        Language::ALL.into_iter().map(|language| (language, Vec::new())).collect();
    for word in words {
        let Some(languages) = LANGUAGES.get(word.as_str()) else { continue };
        for (language, seen) in &mut votes {
            if languages.contains(language) && !seen.contains(&word.as_str()) {
                seen.push(word);
            }
        }
    }
    let max_words = votes.iter().map(|(_, seen)| seen.len()).max().filter(|&max_words| max_words >= MIN_WORDS)?;
    let mut leaders = votes.iter().filter(|(_, seen)| seen.len() == max_words);
    let (leader, _) = leaders.next()?;
    leaders.next().is_none().then_some(*leader)
}

/// The indexes of the concepts of a stem in `language`.
pub(super) fn concepts(language: Language, stem: &str) -> Vec<usize> {
    let known = INDEX.get(stem).into_iter().flatten();
    known.filter(|(known_language, _)| *known_language == language).map(|&(_, concept)| concept).collect()
}

/// The folded words of `language` for a concept.
pub(super) fn translations(concept: usize, language: Language) -> impl Iterator<Item = &'static str> {
    CONCEPTS
        .get(concept)
        .into_iter()
        .flatten()
        .filter(move |(known_language, _)| *known_language == language)
        .flat_map(|(_, words)| words.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_concept_has_words_in_every_language() {
        assert!(CONCEPTS.len() >= 50, "{}", CONCEPTS.len());
        for concept in CONCEPTS.iter() {
            assert_eq!(concept.iter().map(|(language, _)| *language).collect::<Vec<_>>(), Language::ALL, "{concept:?}");
        }
    }

    #[test]
    fn invoice_is_rechnung() {
        let found = concepts(Language::English, &Language::English.stem("invoices"));
        let german: Vec<_> = found.iter().flat_map(|&concept| translations(concept, Language::German)).collect();
        assert!(german.contains(&"rechnung"));
    }
}
