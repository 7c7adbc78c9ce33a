//! The words of all languages by which pages go on, begin and end.

use std::ops::Range;

use crate::text::languages::{WordList, WordSet, lists};
use crate::text::{Language, fold};

/// The highest number of a page that is believed.
const MAX_PAGE_NUMBER: u32 = 5_000;

/// The number that a page has in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageNumber {
    pub number: u32,
    /// How many pages the document has.
    pub total: Option<u32>,
    /// How sure it is the number of the page: 0 for a number alone, 1 beside a word for "page", 2 with the total.
    rank: u8,
}

impl PageNumber {
    /// The number and the total, if they can be those of a page.
    pub fn new(number: u32, total: Option<u32>, is_named: bool) -> Option<Self> {
        let total = total.filter(|total| (number..=MAX_PAGE_NUMBER).contains(total));
        let rank = if total.is_some() { 2 } else { u8::from(is_named) };
        (1..=MAX_PAGE_NUMBER).contains(&number).then_some(Self { number, total, rank })
    }

    /// Whether a word or a total says that it is the number of a page.
    pub const fn is_sure(self) -> bool {
        self.rank > 0
    }

    /// Whether more says that it is the number of the page.
    pub const fn is_surer_than(self, other: Self) -> bool {
        self.rank > other.rank
    }
}

/// Phrases that mean something else in other languages, such as the French "report".
#[derive(Debug)]
pub(super) struct LanguagePhrases(Vec<(Option<Language>, &'static str)>);

impl LanguagePhrases {
    fn new(list: &WordList) -> Self {
        Self(list.entries().map(|entry| (entry.language, entry.text)).collect())
    }

    /// Those of a language; all if it is unknown.
    pub fn of(&self, language: Option<Language>) -> Vec<&'static str> {
        let applies = |of: &Option<Language>| of.is_none() || language.is_none() || *of == language;
        self.0.iter().filter(|(of, _)| applies(of)).map(|(_, text)| *text).collect()
    }
}

/// The words, ready to be compared with folded ones.
#[derive(Debug)]
pub(super) struct Phrases {
    page_words: WordSet,
    total_words: WordSet,
    number_words: WordSet,
    number_endings: Vec<&'static str>,
    legal_forms: WordSet,
    pub carried: LanguagePhrases,
    pub salutations: LanguagePhrases,
    pub separators: Vec<&'static str>,
    pub blank_pages: Vec<&'static str>,
}

/// The shortest word for "number" at the end of a compound, such as `Rechnungsnummer`.
const MIN_SUFFIX_BYTES: usize = 5;

impl Phrases {
    pub fn new() -> Self {
        let list = |list: &WordList| list.texts().collect();
        Self {
            page_words: lists::PAGE_WORDS.set(),
            total_words: lists::TOTAL_WORDS.set(),
            number_words: lists::NUMBER_WORDS.set(),
            number_endings: lists::NUMBER_WORDS.texts().filter(|word| word.len() >= MIN_SUFFIX_BYTES).collect(),
            legal_forms: lists::LEGAL_FORMS.set(),
            carried: LanguagePhrases::new(&lists::CARRIED_WORDS),
            salutations: LanguagePhrases::new(&lists::LETTER_SALUTATIONS),
            separators: list(&lists::SEPARATORS),
            blank_pages: list(&lists::BLANK_PAGES),
        }
    }

    /// Whether a folded text has one of the phrases, word by word.
    pub fn contain(phrases: &[&str], text: &str) -> bool {
        let is_word_end = |c: Option<char>| c.is_none_or(|c| c == ' ');
        phrases.iter().any(|phrase| {
            text.match_indices(phrase).any(|(start, found)| {
                let before = text.get(..start).and_then(|before| before.chars().next_back());
                let after = text.get(start + found.len()..).and_then(|after| after.chars().next());
                is_word_end(before) && is_word_end(after)
            })
        })
    }

    /// Whether a folded text begins with one of the phrases.
    pub fn begin(phrases: &[&str], text: &str) -> bool {
        let mut rests = phrases.iter().filter_map(|phrase| text.strip_prefix(phrase));
        rests.any(|rest| rest.is_empty() || rest.starts_with(' '))
    }

    /// Whether a word is the form of a company, such as "Ltd". `written` is the word as it is written: short forms end with
    /// a capital, so that neither "as" nor "5 kg" is one.
    pub fn is_legal_form(&self, folded: &str, written: Option<&str>) -> bool {
        self.legal_forms.contains(folded)
            && (folded.len() > 2 || written.is_some_and(|written| written.ends_with(char::is_uppercase)))
    }

    /// Whether a token is a word for "number", ends with one, or is the sign `#`.
    pub fn is_number_word(&self, token: &str, trimmed: &str) -> bool {
        let folded = fold(trimmed);
        token.contains('#')
            || self.number_words.contains(folded.as_str())
            || folded.len() > 4 && folded.ends_with("nr")
            || self.number_endings.iter().any(|word| folded.ends_with(*word))
    }

    /// The number of the page in a line: `Page 2 of 3`, `Seite 2/3`, `Page 2`; and, if a number may stand alone, `2/3`,
    /// `2 of 3` and `- 2 -`.
    pub fn page_number(&self, line: &str, tokens: &[(Range<usize>, String)], may_be_bare: bool) -> Option<PageNumber> {
        let word = |index: usize| tokens.get(index).map(|(_, folded)| folded.as_str());
        let number = |index: usize| word(index).filter(|word| word.len() <= 4)?.parse::<u32>().ok();
        let is_slash = |index: usize| {
            let between = tokens.get(index).zip(tokens.get(index + 1)).map(|((a, _), (b, _))| a.end..b.start);
            between.and_then(|between| line.get(between)).is_some_and(|between| between.trim() == "/")
        };
        // The total after the number at `index`.
        let total = |index: usize| match word(index + 1) {
            Some(word) if self.total_words.contains(word) => number(index + 2),
            Some(_) if is_slash(index) => number(index + 1),
            _ => None,
        };
        let named = (0..tokens.len()).find_map(|index| {
            word(index).filter(|word| self.page_words.contains(*word))?;
            PageNumber::new(number(index + 1)?, total(index + 1), true)
        });
        named.or_else(|| {
            let first = number(0).filter(|_| may_be_bare)?;
            let total = total(0);
            let is_alone = match total {
                Some(_) => tokens.len() <= 3,
                None => tokens.len() == 1 && !line.contains(|c: char| !c.is_ascii_digit() && !" -–—|·.".contains(c)),
            };
            if is_alone { PageNumber::new(first, total, false) } else { None }
        })
    }
}
