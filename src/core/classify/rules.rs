//! Rules made ready: which words of a document speak for which rule, and how much.
//!
//! A rule is a vector over the *terms* of its set. A term is a stem in the language of the rules; its weight is its
//! idf within the set times its rarity in general text, so that what all rules share says next to nothing. The words
//! of the label count along with those of the description.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Rule;
use super::background::rarity;
use super::glossary;
use crate::text::{Language, Map, guess, words};

/// What is left of a term's weight for words that talk about documents instead of describing one.
const GENERIC: f64 = 0.25;

/// Weights enter a cosine squared, which lets one rare word outshout several telling ones; this power takes most of
/// that back (measured: 0.5 points over seven tasks).
const DAMPING: f64 = 0.7;

/// What a document word counts that matches only by translation.
const TRANSLATED: f64 = 0.8;

/// Words of descriptions that say nothing of the documents: folded, sorted.
const GENERIC_WORDS: &[&str] = &[
    "about",
    "additional",
    "characteristic",
    "characteristics",
    "classified",
    "classify",
    "common",
    "commonly",
    "concerning",
    "contain",
    "containing",
    "contains",
    "describe",
    "describes",
    "describing",
    "document",
    "documento",
    "documentos",
    "documents",
    "dokument",
    "dokumente",
    "enthalt",
    "etc",
    "example",
    "examples",
    "featuring",
    "file",
    "files",
    "following",
    "formal",
    "format",
    "general",
    "generally",
    "include",
    "included",
    "includes",
    "including",
    "information",
    "informationen",
    "informations",
    "like",
    "mainly",
    "mention",
    "mentions",
    "often",
    "page",
    "pages",
    "primarily",
    "provide",
    "provides",
    "providing",
    "regarding",
    "related",
    "relating",
    "relevant",
    "show",
    "showing",
    "shows",
    "similar",
    "specific",
    "specifically",
    "text",
    "texts",
    "type",
    "types",
    "typical",
    "typically",
    "used",
    "usually",
    "various",
    "wie",
];

/// What begins an exclusion that lasts to the end of its clause: "excluding receipts".
const EXCLUDING: &[&str] = &[
    "ausgenommen",
    "ausser",
    "excepte",
    "except",
    "excepto",
    "exceto",
    "exclude",
    "excludes",
    "excluding",
    "eccetto",
    "kein",
    "keine",
    "keinen",
    "sauf",
    "unlike",
];

/// Before a "not" these make it part of what happened ("has not arrived"), which is what the rule is about.
const AUXILIARY: &[&str] = &[
    "am", "are", "be", "been", "being", "can", "could", "did", "do", "does", "had", "has", "have", "is", "may",
    "might", "should", "was", "were", "will", "would",
];

/// A word that matters to at least one rule.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// The word as the rules first wrote it, folded.
    pub word: String,
    /// Idf within the set times rarity, damped: 0 to about `ln(rules + 1)`.
    pub weight: f64,
    /// Lines of the glossary that know the word.
    concepts: Vec<usize>,
}

/// A rule as a vector.
#[derive(Debug, Clone, Default)]
pub(super) struct Prepared {
    /// Term and its component, by term.
    pub terms: Vec<(usize, f64)>,
    /// Euclidean length of the components.
    pub norm: f64,
    /// The terms of the label in their order, each once.
    pub label: Vec<usize>,
    /// What those weigh together.
    pub label_mass: f64,
}

/// How a folded or stemmed word of a document speaks: which terms, how strongly (0 to 1).
pub(super) type Matches = Vec<(usize, f64)>;

/// A rule set made ready.
#[derive(Debug, Clone)]
pub(super) struct Lexicon {
    /// The language of the rules; English where none can be told.
    pub language: Language,
    pub terms: Vec<Term>,
    pub rules: Vec<Prepared>,
    /// Term to the rules that hold it, with their components.
    pub postings: Vec<Vec<(usize, f64)>>,
    forms: Map<String, usize>,
    stems: Map<String, usize>,
    /// For every first letter the set of second letters that some stem begins with.
    beginnings: [u32; 26],
}

/// How many rules a word of the set is found in, and how often in each.
type Counts = BTreeMap<usize, f64>;

impl Lexicon {
    /// From what [`read`] gives of every rule.
    pub fn new(texts: &[Words]) -> Self {
        let words = texts.iter().flat_map(|(label, description)| label.iter().chain(description));
        let language = guess(words.map(|(_, folded)| folded.as_str())).unwrap_or(Language::English);
        let mut lexicon = Self {
            language,
            terms: Vec::new(),
            rules: Vec::with_capacity(texts.len()),
            postings: Vec::new(),
            forms: Map::default(),
            stems: Map::default(),
            beginnings: [0; 26],
        };
        let mut counts: Vec<(Counts, Vec<usize>)> = Vec::with_capacity(texts.len());
        for (label, description) in texts {
            let mut in_rule = Counts::new();
            let mut in_label = Vec::new();
            for (_, word) in label {
                let Some(term) = lexicon.term(word) else { continue };
                *in_rule.entry(term).or_default() += 1.0;
                if !in_label.contains(&term) {
                    in_label.push(term);
                }
            }
            for (_, word) in affirmed(description) {
                let Some(term) = lexicon.term(word) else { continue };
                let generic = GENERIC_WORDS.binary_search(&word.as_str()).is_ok() && !in_label.contains(&term);
                *in_rule.entry(term).or_default() += if generic { GENERIC } else { 1.0 };
            }
            counts.push((in_rule, in_label));
        }
        lexicon.weigh(&counts);
        lexicon
    }

    /// The term of a folded word of a rule, made when it is new; nothing for stop words and lone letters.
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
            if let Some((first, second)) = beginning(&stem)
                && let Some(set) = self.beginnings.get_mut(first)
            {
                *set |= second;
            }
            let rarity = if self.language == Language::English { rarity(&stem) } else { 1.0 };
            let concepts = glossary::concepts(self.language, &stem);
            self.terms.push(Term { word: word.to_owned(), weight: rarity, concepts });
        }
        self.forms.insert(word.to_owned(), term);
        Some(term)
    }

    fn weigh(&mut self, counts: &[(Counts, Vec<usize>)]) {
        let mut holders = vec![0_u32; self.terms.len()];
        for term in counts.iter().flat_map(|(in_rule, _)| in_rule.keys()) {
            if let Some(holders) = holders.get_mut(*term) {
                *holders += 1;
            }
        }
        let rules = counts.len() as f64;
        for (term, holders) in self.terms.iter_mut().zip(&holders) {
            // A word of every rule keeps a little, for the question whether any rule fits at all.
            let within = libm::log((rules + 1.0) / f64::from(*holders)) + 0.3;
            term.weight = libm::pow(term.weight * within, DAMPING);
        }
        self.postings = vec![Vec::new(); self.terms.len()];
        for (at, (in_rule, in_label)) in counts.iter().enumerate() {
            let weight_of = |term: usize| self.terms.get(term).map_or(0.0, |term| term.weight);
            let terms: Vec<_> = in_rule.iter().map(|(&term, &count)| (term, weight_of(term) * damped(count))).collect();
            for &(term, component) in &terms {
                if let Some(postings) = self.postings.get_mut(term) {
                    postings.push((at, component));
                }
            }
            self.rules.push(Prepared {
                norm: terms.iter().map(|(_, component)| component * component).sum::<f64>().sqrt(),
                label_mass: in_label.iter().map(|&term| weight_of(term)).sum(),
                label: in_label.clone(),
                terms,
            });
        }
    }

    /// What a document word in the language of the rules matches.
    pub fn find(&self, word: &str) -> Option<usize> {
        if let Some(&term) = self.forms.get(word) {
            return Some(term);
        }
        // Stemming is most of the cost of a new word, and leaves the first two letters alone (but for "dying", "lying"
        // and "tying"): words that share them with no stem need none.
        let (first, second) = beginning(word)?;
        if self.beginnings.get(first)? & second == 0 {
            return None;
        }
        self.stems.get(&*self.language.stem(word)).copied()
    }

    /// What words of another language match: the rules' words by their stems in that language, and translations.
    pub fn foreign(&self, language: Language) -> Map<String, Matches> {
        let mut found: Map<String, Matches> = Map::default();
        let mut add = |key: String, term: usize, strength: f64| {
            let matches = found.entry(key).or_default();
            if !matches.iter().any(|&(known, _)| known == term) {
                matches.push((term, strength));
            }
        };
        for (at, term) in self.terms.iter().enumerate() {
            add(language.stem(&term.word).into_owned(), at, 1.0);
            for word in term.concepts.iter().flat_map(|&concept| glossary::translations(concept, language)) {
                add(word.to_owned(), at, TRANSLATED);
                add(language.stem(word).into_owned(), at, TRANSLATED);
            }
        }
        found
    }
}

/// The first letter of a word as an index and the second as a set; nothing where they are not plain letters, in which
/// case the stem is the word itself.
fn beginning(word: &str) -> Option<(usize, u32)> {
    let mut letters = word.bytes().map(|byte| byte.checked_sub(b'a').filter(|&letter| letter < 26));
    let (first, second) = (letters.next()??, letters.next()??);
    Some((usize::from(first), 1 << second))
}

/// Dampens repetition: 1 stays 1, each doubling adds a little less than one.
pub(super) fn damped(count: f64) -> f64 {
    libm::log2(1.0 + count)
}

/// A word's bytes and its folded form.
type Word = (Range<usize>, String);

/// The words of a rule's label, and those of its description.
pub(super) type Words = (Vec<Word>, Vec<Word>);

/// What a rule says as running text: its label, and its description without what that excludes.
pub(super) fn said(rule: &Rule, (_, description): &Words) -> String {
    let kept = affirmed(description);
    let words = kept.iter().filter_map(|(range, _)| rule.description.get(range.clone()));
    let mut text = split_case(&rule.label).replace('_', " ");
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
    text
}

/// The words of label and description. Full stops and the like are kept as empty words: they end clauses.
pub(super) fn read(rule: &Rule) -> Words {
    let label = words(&split_case(&rule.label));
    let mut description = Vec::new();
    let mut last = 0;
    for (range, folded) in words(&rule.description) {
        let between = rule.description.get(last..range.start).unwrap_or_default();
        if between.contains(['.', ',', ';', ':', '(', ')', '!', '?', '\n']) {
            description.push((range.start..range.start, String::new()));
        }
        last = range.end;
        description.push((range, folded));
    }
    (label, description)
}

/// `bankStatement` as `bank Statement`.
fn split_case(label: &str) -> String {
    let mut split = String::with_capacity(label.len() + 4);
    let mut lower = false;
    for c in label.chars() {
        if lower && c.is_uppercase() {
            split.push(' ');
        }
        lower = c.is_lowercase();
        split.push(c);
    }
    split
}

/// The words of a description without what it excludes ("not a receipt", "excluding drafts").
fn affirmed(description: &[Word]) -> Vec<&Word> {
    let mut kept = Vec::with_capacity(description.len());
    let mut excluded = false;
    let mut before = "";
    let mut rest = description.iter().peekable();
    while let Some(found) = rest.next() {
        let word = found.1.as_str();
        let after = rest.peek().map(|(_, after)| after.as_str()).unwrap_or_default();
        match word {
            "" => excluded = false,
            "not" => {
                let happened = AUXILIARY.binary_search(&before).is_ok();
                excluded |= !happened || matches!(after, "a" | "an" | "any" | "the");
            }
            "rather" | "other" if after == "than" => excluded = true,
            "instead" if after == "of" => excluded = true,
            _ if EXCLUDING.contains(&word) => excluded = true,
            "but" if excluded => excluded = false,
            _ if !excluded => kept.push(found),
            _ => {}
        }
        before = word;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(AUXILIARY.is_sorted());
        assert!(GENERIC_WORDS.is_sorted());
    }

    #[test]
    fn exclusions_are_not_words_of_the_rule() {
        for (description, kept) in [
            ("A bill, not a receipt or a quote, with totals", "a bill with totals"),
            ("A card that has not arrived yet", "a card that has arrived yet"),
            ("Contracts excluding leases; drafts too", "contracts drafts too"),
            ("This is not an invoice. It is a receipt", "this is it is a receipt"),
            ("Not invoices but receipts", "receipts"),
        ] {
            let (_, words) = read(&Rule::new("x", description));
            let words: Vec<_> = affirmed(&words).into_iter().map(|(_, folded)| folded.as_str()).collect();
            assert_eq!(words.join(" "), kept);
        }
    }

    #[test]
    fn labels_are_split() {
        for label in ["bank_statement", "bankStatement", "bank-statement", "Bank Statement"] {
            let (words, _) = read(&Rule::new(label, ""));
            let words: Vec<_> = words.iter().map(|(_, folded)| folded.as_str()).collect();
            assert_eq!(words, ["bank", "statement"]);
        }
    }
}
