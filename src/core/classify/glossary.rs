//! Rules in one language, documents in another: the words of business documents, by language.
//!
//! `glossary.txt` is small and hand-written. It lets an English rule find `Rechnung` in a German document; it is not a
//! translator, and a document in the language of its rules never meets it.

use std::sync::LazyLock;

use crate::text::{Language, Map};

/// One concept: the words of each language that has any.
type Concept = Vec<(Language, Vec<&'static str>)>;

static CONCEPTS: LazyLock<Vec<Concept>> = LazyLock::new(|| {
    include_str!("glossary.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            line.split('|')
                .filter_map(|cell| {
                    let mut words = cell.split_whitespace();
                    Some((Language::from_code(words.next()?)?, words.collect()))
                })
                .collect()
        })
        .collect()
});

/// The stem of every word to the concepts that hold it, by language.
static INDEX: LazyLock<Map<String, Vec<(Language, usize)>>> = LazyLock::new(|| {
    let mut index: Map<String, Vec<(Language, usize)>> = Map::default();
    for (at, concept) in CONCEPTS.iter().enumerate() {
        for (language, words) in concept {
            for word in words {
                index.entry(language.stem(word).into_owned()).or_default().push((*language, at));
            }
        }
    }
    index
});

/// Every word to the languages that have it.
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

/// Different words of one language, and of no other as often, that tell the language of a text.
const MIN_WORDS: usize = 2;

/// The language of a text without sentences, such as a table: the one that has most of its folded words here; nothing
/// where they are too few or two languages have equally many.
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
    let best = votes.iter().map(|(_, seen)| seen.len()).max().filter(|&best| best >= MIN_WORDS)?;
    let mut leaders = votes.iter().filter(|(_, seen)| seen.len() == best);
    let (leader, _) = leaders.next()?;
    leaders.next().is_none().then_some(*leader)
}

/// The concepts a word of `language` names, by its stem.
pub(super) fn concepts(language: Language, stem: &str) -> Vec<usize> {
    let known = INDEX.get(stem).into_iter().flatten();
    known.filter(|(of, _)| *of == language).map(|&(_, concept)| concept).collect()
}

/// The folded words of `language` for a concept.
pub(super) fn translations(concept: usize, language: Language) -> impl Iterator<Item = &'static str> {
    CONCEPTS
        .get(concept)
        .into_iter()
        .flatten()
        .filter(move |(of, _)| *of == language)
        .flat_map(|(_, words)| words.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold;

    #[test]
    fn every_line_is_read_and_folded() {
        let lines = include_str!("glossary.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(CONCEPTS.len(), lines);
        for concept in CONCEPTS.iter() {
            assert_eq!(concept.len(), Language::ALL.len());
            for word in concept.iter().flat_map(|(_, words)| words) {
                assert_eq!(&fold(word), word);
            }
        }
    }

    #[test]
    fn invoice_is_rechnung() {
        let found = concepts(Language::English, &Language::English.stem("invoices"));
        let german: Vec<_> = found.iter().flat_map(|&concept| translations(concept, Language::German)).collect();
        assert!(german.contains(&"rechnung"));
    }
}
