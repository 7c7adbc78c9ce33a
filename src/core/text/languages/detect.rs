//! Stop words, and the detection of a language by them.

use std::sync::LazyLock;

use super::data;
use super::table::Language;
use crate::text::Map;

impl Language {
    /// Whether a folded word is too common in the language to carry information.
    pub fn is_stop_word(self, folded: &str) -> bool {
        languages_of(folded) & self.bit() != 0
    }

    /// The language's bit in a set of languages.
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

const _: () = assert!(Language::ALL.len() <= 32, "a set of languages has 32 bits");

/// The fewest stop words to detect a language by: one `in` or `die` belongs to several languages.
const MIN_STOP_WORDS: usize = 3;

/// Counts the stop words of a text by language.
#[derive(Debug, Default)]
pub struct StopWordCounts([usize; Language::ALL.len()]);

impl StopWordCounts {
    /// Counts a folded word.
    pub fn count(&mut self, folded: &str) {
        let languages = languages_of(folded);
        for (count, language) in self.0.iter_mut().zip(Language::ALL).filter(|_| languages != 0) {
            *count += usize::from(languages & language.bit() != 0);
        }
    }

    /// The language with the most stop words; None if there are too few, or two languages tie.
    pub fn most_frequent(&self) -> Option<Language> {
        let best = self.0.iter().copied().max().filter(|&best| best >= MIN_STOP_WORDS)?;
        let mut leaders = self.0.iter().zip(Language::ALL).filter(|(count, _)| **count == best);
        let (_, leader) = leaders.next()?;
        leaders.next().is_none().then_some(leader)
    }
}

/// The language with the most stop words among the folded `words`; None if there are too few, or two languages tie.
pub fn detect_language<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Language> {
    let mut stop_words = StopWordCounts::default();
    words.into_iter().for_each(|word| stop_words.count(word));
    stop_words.most_frequent()
}

/// The set of languages in which a folded word is a stop word.
fn languages_of(folded: &str) -> u32 {
    STOP_WORDS.get(folded).copied().unwrap_or_default()
}

/// One map for all languages, because every word is looked up in all of them.
static STOP_WORDS: LazyLock<Map<&'static str, u32>> = LazyLock::new(|| {
    let mut languages = Map::default();
    for entry in data::STOP_WORDS.entries() {
        *languages.entry(entry.text).or_default() |= entry.language.map_or(0, Language::bit);
    }
    languages
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;

    fn guessed(text: &str) -> Option<Language> {
        let words = words(text);
        detect_language(words.iter().map(|(_, folded)| folded.as_str()))
    }

    #[test]
    fn guesses_by_stop_words() {
        for (text, language) in [
            ("The invoice is due on the first of May.", Some(Language::English)),
            ("La facture est à payer dans les trente jours.", Some(Language::French)),
            ("Die Rechnung ist innerhalb von 30 Tagen nach Erhalt zu zahlen.", Some(Language::German)),
            ("La factura se debe pagar en los treinta días por transferencia.", Some(Language::Spanish)),
            ("La fattura deve essere pagata entro i trenta giorni dalla data della consegna.", Some(Language::Italian)),
            ("De factuur moet binnen 30 dagen na ontvangst van het pakket worden betaald.", Some(Language::Dutch)),
            ("A fatura deve ser paga em trinta dias pelo cliente ao banco.", Some(Language::Portuguese)),
            ("12345 INV-001", None),
            ("", None),
        ] {
            assert_eq!(guessed(text), language, "{text}");
        }
    }
}
