//! The weighted terms of a rule set, in which the words of documents are looked up.
//!
//! A rule is a vector over the *terms* of its set. A term is a stem in the language of the rules; its weight is its
//! idf within the set times its rarity in general text, so that terms of all rules weigh almost nothing. The words of
//! the label count like those of the description.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, OnceLock};

use super::Rule;
use super::background::background_idf;
use super::glossary;
use crate::budget::Budget;
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Language, Map, detect_language, words};

/// Factor on the weight of words about documents in general, which do not describe one.
const GENERIC_WEIGHT: f64 = 0.25;

/// Weights enter a cosine squared, so that one rare word can outweigh several relevant ones; this exponent reduces that
/// (measured: 0.5 points over seven tasks).
const DAMPING: f64 = 0.7;

/// The strength of a match by translation.
const TRANSLATION_WEIGHT: f64 = 0.8;

/// Words of descriptions that do not describe the documents.
static GENERIC_WORDS: LazyLock<WordSet> =
    LazyLock::new(|| lists::FILLER_WORDS.texts().chain(lists::GENERIC_WORDS.texts()).collect());

/// Words that begin an exclusion, which extends to the end of its clause: "excluding receipts".
static EXCLUSION_WORDS: LazyLock<WordSet> = LazyLock::new(|| lists::EXCLUSION_WORDS.set());

/// After one of these, "not" is part of what the rule describes ("has not arrived") and not an exclusion.
static AUXILIARY_VERBS: LazyLock<WordSet> = LazyLock::new(|| lists::AUXILIARY_VERBS.set());

/// A stem that occurs in at least one rule.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// The first word with this stem in the rules, folded.
    pub word: String,
    /// Idf within the set times rarity, damped: 0 to about `ln(rules + 1)`.
    pub weight: f64,
    /// The concepts of the glossary for the word.
    concepts: Vec<usize>,
}

/// A rule as a vector.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleTerms {
    /// The terms with their components, by term.
    pub terms: Vec<(usize, f64)>,
    /// The Euclidean length of the components.
    pub norm: f64,
    /// The terms of the label in their order, each once.
    pub label: Vec<usize>,
    /// The sum of their weights.
    pub label_mass: f64,
}

/// The terms that a folded or stemmed word of a document matches, with the strengths of the matches (0 to 1).
pub(super) type Matches = Vec<(usize, f64)>;

/// The terms of a rule set.
#[derive(Debug, Clone)]
pub(super) struct Lexicon {
    /// The language of the rules; English if it cannot be detected.
    pub language: Language,
    pub terms: Vec<Term>,
    pub rules: Vec<RuleTerms>,
    /// For every term the rules that have it, with their components.
    pub postings: Vec<Vec<(usize, f64)>>,
    forms: Map<String, usize>,
    stems: Map<String, usize>,
    /// For every first letter of a stem, the set of second letters.
    initial_pairs: [u32; 26],
    /// For every language, the words of the rules in it, from the first document in that language on.
    foreign: Arc<[OnceLock<ForeignTerms>]>,
}

/// The terms that words of another language match: the rules' words by their stems in that language, and translations.
#[derive(Debug, Clone, Default)]
pub(super) struct ForeignTerms {
    /// The words, each once for each of its terms.
    words: String,
    /// Sorted by word; for equal words in the order of the terms.
    entries: Vec<ForeignTerm>,
}

#[derive(Debug, Clone, Copy)]
struct ForeignTerm {
    /// The place of the word in [`ForeignTerms::words`].
    start: u32,
    length: u16,
    is_translation: bool,
    term: u32,
}

/// The work of finding the term of a word, of adding a new one, and of translating a term, in steps.
const WORD_STEPS: usize = 3;
const TERM_STEPS: usize = 40;
const TRANSLATION_STEPS: usize = 20;

/// The memory of a term with its words and postings, and of a word of another language, in bytes.
pub(super) const TERM_BYTES: usize = 150;
const FOREIGN_TERM_BYTES: usize = 20;

/// The number of occurrences of each term in a rule.
type Counts = BTreeMap<usize, f64>;

impl Lexicon {
    /// Builds the lexicon from the words of every rule, see [`tokenize_rule`].
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(texts: &[RuleWords], budget: &Budget) -> Result<Self> {
        let word_count: usize = texts.iter().map(|(label, description)| label.len() + description.len()).sum();
        budget.work(WORD_STEPS * word_count)?;
        let words = texts.iter().flat_map(|(label, description)| label.iter().chain(description));
        let language = detect_language(words.map(|(_, folded)| folded.as_str())).unwrap_or(Language::English);
        let mut lexicon = Self {
            language,
            terms: Vec::new(),
            rules: Vec::with_capacity(texts.len()),
            postings: Vec::new(),
            forms: Map::default(),
            stems: Map::default(),
            initial_pairs: [0; 26],
            foreign: Language::ALL.iter().map(|_| OnceLock::new()).collect(),
        };
        let mut counts: Vec<(Counts, Vec<usize>)> = Vec::with_capacity(texts.len());
        let mut held = budget.hold(0)?;
        for (label, description) in texts {
            let mut in_rule = Counts::new();
            let mut in_label = Vec::new();
            let known_terms = lexicon.terms.len();
            for (_, word) in label {
                let Some(term) = lexicon.term(word) else { continue };
                *in_rule.entry(term).or_default() += 1.0;
                if !in_label.contains(&term) {
                    in_label.push(term);
                }
            }
            for (_, word) in without_exclusions(description) {
                let Some(term) = lexicon.term(word) else { continue };
                let is_generic = GENERIC_WORDS.contains(word.as_str()) && !in_label.contains(&term);
                *in_rule.entry(term).or_default() += if is_generic { GENERIC_WEIGHT } else { 1.0 };
            }
            let new_terms = lexicon.terms.len() - known_terms;
            budget.work(TERM_STEPS * new_terms)?;
            held.grow(TERM_BYTES * new_terms)?;
            counts.push((in_rule, in_label));
        }
        lexicon.weigh(&counts);
        Ok(lexicon)
    }

    /// The term of a folded word of a rule, added if it is new; None for stop words and single letters.
    fn term(&mut self, word: &str) -> Option<usize> {
        if word.chars().count() < 2 && word.is_ascii() || self.language.is_stop_word(word) {
            return None;
        }
        if let Some(&term) = self.forms.get(word) {
            return Some(term);
        }
        let stem = self.language.stem(word);
        let next = self.terms.len();
        let term = *self.stems.entry(stem.clone().into_owned()).or_insert(next);
        if term == next {
            if let Some((first, second)) = first_two_letters(&stem)
                && let Some(set) = self.initial_pairs.get_mut(first)
            {
                *set |= second;
            }
            let rarity = if self.language == Language::English { background_idf(&stem) } else { 1.0 };
            let concepts = glossary::concepts(self.language, &stem);
            self.terms.push(Term { word: word.to_owned(), weight: rarity, concepts });
        }
        self.forms.insert(word.to_owned(), term);
        Some(term)
    }

    fn weigh(&mut self, counts: &[(Counts, Vec<usize>)]) {
        let mut rules_with_term = vec![0_u32; self.terms.len()];
        for term in counts.iter().flat_map(|(in_rule, _)| in_rule.keys()) {
            if let Some(rules_with_term) = rules_with_term.get_mut(*term) {
                *rules_with_term += 1;
            }
        }
        let rule_count = counts.len() as f64;
        for (term, rules_with_term) in self.terms.iter_mut().zip(&rules_with_term) {
            // A term of every rule keeps some weight, for the decision whether any rule fits at all.
            let idf = libm::log((rule_count + 1.0) / f64::from(*rules_with_term)) + 0.3;
            term.weight = libm::pow(term.weight * idf, DAMPING);
        }
        self.postings = vec![Vec::new(); self.terms.len()];
        for (rule_index, (in_rule, in_label)) in counts.iter().enumerate() {
            let weight_of = |term: usize| self.terms.get(term).map_or(0.0, |term| term.weight);
            let terms: Vec<_> =
                in_rule.iter().map(|(&term, &count)| (term, weight_of(term) * saturated_tf(count))).collect();
            for &(term, component) in &terms {
                if let Some(postings) = self.postings.get_mut(term) {
                    postings.push((rule_index, component));
                }
            }
            self.rules.push(RuleTerms {
                norm: terms.iter().map(|(_, component)| component * component).sum::<f64>().sqrt(),
                label_mass: in_label.iter().map(|&term| weight_of(term)).sum(),
                label: in_label.clone(),
                terms,
            });
        }
    }

    /// The term that a document word in the language of the rules matches.
    pub fn find(&self, word: &str) -> Option<usize> {
        if let Some(&term) = self.forms.get(word) {
            return Some(term);
        }
        // Stemming is most of the cost of a new word, and keeps the first two letters (except in "dying", "lying" and
        // "tying"): words that do not share them with a stem need none.
        let (first, second) = first_two_letters(word)?;
        if self.initial_pairs.get(first)? & second == 0 {
            return None;
        }
        self.stems.get(&*self.language.stem(word)).copied()
    }

    /// The terms that words of another language match.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn foreign_terms(&self, language: Language, budget: &Budget) -> Result<Option<&ForeignTerms>> {
        let Some(terms) = self.foreign.get(language as usize) else { return Ok(None) };
        if let Some(known) = terms.get() {
            return Ok(Some(known));
        }
        budget.work(TRANSLATION_STEPS * self.terms.len())?;
        let _held = budget.hold(FOREIGN_TERM_BYTES * self.terms.len())?;
        Ok(Some(terms.get_or_init(|| ForeignTerms::new(&self.terms, language))))
    }

    /// The memory of the lexicon, in bytes.
    pub fn bytes(&self) -> usize {
        let foreign = self.foreign.iter().filter_map(OnceLock::get).map(|foreign| foreign.entries.len());
        self.terms.len() * TERM_BYTES + foreign.sum::<usize>() * FOREIGN_TERM_BYTES
    }
}

impl ForeignTerms {
    fn new(terms: &[Term], language: Language) -> Self {
        let mut foreign = Self::default();
        for (term_index, term) in (0..).zip(terms) {
            foreign.add(&language.stem(&term.word), term_index, false);
            for word in term.concepts.iter().flat_map(|&concept| glossary::translations(concept, language)) {
                foreign.add(word, term_index, true);
                foreign.add(&language.stem(word), term_index, true);
            }
        }
        let Self { words, entries } = &mut foreign;
        let word = |entry: &ForeignTerm| entry.word_in(words);
        entries.sort_by(|a, b| word(a).cmp(word(b)));
        // A word that is the term and its translation is the term, which comes first.
        entries.dedup_by(|a, b| a.term == b.term && word(a) == word(b));
        foreign
    }

    fn add(&mut self, word: &str, term: u32, is_translation: bool) {
        // A folded word has some 64 bytes at most, and the rules together far less than `u32::MAX`.
        let place = u32::try_from(self.words.len()).ok().zip(u16::try_from(word.len()).ok());
        let Some((start, length)) = place else { return };
        self.words.push_str(word);
        self.entries.push(ForeignTerm { start, length, is_translation, term });
    }

    /// The matches of a word or stem of the other language.
    pub fn matches(&self, word: &str) -> impl Iterator<Item = (usize, f64)> {
        let from = self.entries.partition_point(|entry| entry.word_in(&self.words) < word);
        let same = self.entries.get(from..).unwrap_or_default().iter();
        same.take_while(move |entry| entry.word_in(&self.words) == word)
            .map(|entry| (entry.term as usize, if entry.is_translation { TRANSLATION_WEIGHT } else { 1.0 }))
    }
}

impl ForeignTerm {
    fn word_in<'a>(&self, words: &'a str) -> &'a str {
        let start = self.start as usize;
        words.get(start..start + usize::from(self.length)).unwrap_or_default()
    }
}

/// The first letter of a word as an index and the second as a set; None if they are not ASCII letters, in which case
/// the stem is the word itself.
fn first_two_letters(word: &str) -> Option<(usize, u32)> {
    let mut letters = word.bytes().map(|byte| byte.checked_sub(b'a').filter(|&letter| letter < 26));
    let (first, second) = (letters.next()??, letters.next()??);
    Some((usize::from(first), 1 << second))
}

/// Dampens repetition: 1 stays 1, each doubling adds a little less than one.
pub(super) fn saturated_tf(count: f64) -> f64 {
    libm::log2(1.0 + count)
}

/// A word: its byte range and its folded form.
type Word = (Range<usize>, String);

/// The words of a rule's label and of its description.
pub(super) type RuleWords = (Vec<Word>, Vec<Word>);

/// The text of a rule: its label, and its description without exclusions.
pub(super) fn rule_text(rule: &Rule, (_, description): &RuleWords) -> String {
    let kept = without_exclusions(description);
    let words = kept.iter().filter_map(|(range, _)| rule.description.get(range.clone()));
    let mut text = split_case(&rule.label).replace('_', " ");
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
    text
}

/// The words of a rule. Punctuation that ends clauses is kept as empty words.
pub(super) fn tokenize_rule(rule: &Rule) -> RuleWords {
    let label = words(&split_case(&rule.label));
    let mut description = Vec::new();
    let mut last_end = 0;
    for (range, folded) in words(&rule.description) {
        let between = rule.description.get(last_end..range.start).unwrap_or_default();
        if between.contains(['.', ',', ';', ':', '(', ')', '!', '?', '\n']) {
            description.push((range.start..range.start, String::new()));
        }
        last_end = range.end;
        description.push((range, folded));
    }
    (label, description)
}

/// `bankStatement` as `bank Statement`.
fn split_case(label: &str) -> String {
    let mut split = String::with_capacity(label.len() + 4);
    let mut after_lowercase = false;
    for c in label.chars() {
        if after_lowercase && c.is_uppercase() {
            split.push(' ');
        }
        after_lowercase = c.is_lowercase();
        split.push(c);
    }
    split
}

/// The words of a description without exclusions ("not a receipt", "excluding drafts").
fn without_exclusions(description: &[Word]) -> Vec<&Word> {
    let mut kept = Vec::with_capacity(description.len());
    let mut is_excluded = false;
    let mut previous = "";
    let mut rest = description.iter().peekable();
    while let Some(found) = rest.next() {
        let word = found.1.as_str();
        let next = rest.peek().map(|(_, next)| next.as_str()).unwrap_or_default();
        match word {
            "" => is_excluded = false,
            "not" => {
                let after_auxiliary = AUXILIARY_VERBS.contains(previous);
                is_excluded |= !after_auxiliary || matches!(next, "a" | "an" | "any" | "the");
            }
            "rather" | "other" if next == "than" => is_excluded = true,
            "instead" if next == "of" => is_excluded = true,
            _ if EXCLUSION_WORDS.contains(word) => is_excluded = true,
            "but" if is_excluded => is_excluded = false,
            _ if !is_excluded => kept.push(found),
            _ => {}
        }
        previous = word;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_are_not_words_of_the_rule() {
        for (description, kept) in [
            ("A bill, not a receipt or a quote, with totals", "a bill with totals"),
            ("A card that has not arrived yet", "a card that has arrived yet"),
            ("Contracts excluding leases; drafts too", "contracts drafts too"),
            ("This is not an invoice. It is a receipt", "this is it is a receipt"),
            ("Not invoices but receipts", "receipts"),
        ] {
            let (_, words) = tokenize_rule(&Rule::new("x", description));
            let words: Vec<_> = without_exclusions(&words).into_iter().map(|(_, folded)| folded.as_str()).collect();
            assert_eq!(words.join(" "), kept);
        }
    }

    #[test]
    fn labels_are_split() {
        for label in ["bank_statement", "bankStatement", "bank-statement", "Bank Statement"] {
            let (words, _) = tokenize_rule(&Rule::new(label, ""));
            let words: Vec<_> = words.iter().map(|(_, folded)| folded.as_str()).collect();
            assert_eq!(words, ["bank", "statement"]);
        }
    }
}
