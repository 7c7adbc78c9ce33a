//! What is wrong with a rule set, told from the rules alone.
//!
//! Every rule is a document too: its label and its description. [`lint`] holds each against the whole set, as the engine
//! does with any document, and looks at the words that are left of a rule when filling words are taken away. It finds
//! what makes answers arbitrary; a set without findings can still be wrong about the documents, which only labelled ones
//! show ([`super::evaluation`]).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Classifier, Rule, RuleSet, Settings};
use crate::ENGINE_VERSION;
use crate::document::Document;
use crate::text::{Language, guess, words};

/// A rule with fewer words of its own says too little: one word is a name and no description, and which documents have it
/// is chance. Rules that tell documents apart have four and more.
const FEWEST_WORDS: usize = 2;

/// Words that more than half of the rules have are no rule's own: a customer who writes in every rule tells none from
/// another. So many rules must have them, because of two or three rules two may well share a word.
const FEWEST_SHARING: usize = 4;

/// Two rules overlap when the engine gives each on the other's text at least this share of the other's own score, in the
/// mean of both ways. Of 567 pairs of well-made sets half are below 0.04 and all neighbours, such as two questions about
/// cards, below 0.3; the same rule in other words is above 0.4.
const OVERLAP: f64 = 0.4;

/// They also overlap when so much of the words of both is shared: what differs is then the lesser part.
const SHARED: f64 = 0.5;

/// Words that say nothing of a document beyond what any description says: folded, sorted.
const FILLING: &[&str] = &[
    "all",
    "allgemein",
    "allgemeine",
    "andere",
    "anything",
    "autre",
    "autres",
    "catchall",
    "category",
    "class",
    "contain",
    "containing",
    "contains",
    "content",
    "contents",
    "default",
    "describe",
    "describes",
    "different",
    "divers",
    "diverse",
    "document",
    "documents",
    "dokument",
    "dokumente",
    "else",
    "etc",
    "everything",
    "example",
    "fallback",
    "file",
    "files",
    "general",
    "generic",
    "include",
    "includes",
    "including",
    "information",
    "kind",
    "kinds",
    "misc",
    "miscellaneous",
    "other",
    "others",
    "page",
    "pages",
    "random",
    "related",
    "rest",
    "something",
    "sonstige",
    "sonstiges",
    "sort",
    "stuff",
    "text",
    "texts",
    "thing",
    "things",
    "topic",
    "topics",
    "type",
    "types",
    "uncategorized",
    "unclassified",
    "unknown",
    "varia",
    "various",
    "verschiedenes",
    "whatever",
];

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "FindingKind"))]
pub enum Kind {
    /// Two rules have the same words.
    Duplicate,
    /// A rule says nothing that another does not say too, or its own text goes to another.
    Shadowed,
    /// Two rules fit each other's text about as well as their own.
    Overlapping,
    /// Too little is left of a rule without filling words and what most rules say.
    TooGeneric,
    /// The same example is given for two rules.
    ContradictoryExample,
}

/// Something that is wrong with a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// The labels of the rules it is about; of a shadowed rule, the one that shadows it is second.
    pub rules: Vec<String>,
    /// What to know, for a person.
    pub message: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Linted {
    /// In the order of the rules.
    pub findings: Vec<Finding>,
    /// The version of the engine that looked.
    pub engine_version: &'static str,
}

/// [`lint()`], as it is handed out.
pub fn linted(rules: &RuleSet) -> Linted {
    Linted { findings: lint(rules), engine_version: ENGINE_VERSION }
}

/// Looks for what is wrong with `rules`; the findings are in the order of the rules.
pub fn lint(rules: &RuleSet) -> Vec<Finding> {
    let language = language(rules);
    let words: Vec<Words> = rules.rules.iter().map(|rule| Words::new(rule, language)).collect();
    let common = common(&words);
    let views = views(rules);
    let set =
        || rules.rules.iter().zip(words.iter().zip(&views)).map(|(rule, (words, view))| Seen { rule, words, view });
    let mut findings = Vec::new();
    for (at, one) in set().enumerate() {
        findings.extend(one.too_generic(&common));
        findings.extend(set().skip(at + 1).filter_map(|other| one.beside(&other, &common)));
    }
    findings.extend(contradictory_examples(rules));
    findings
}

/// The language that most of the rules' words are of.
fn language(rules: &RuleSet) -> Language {
    let texts = rules.rules.iter().flat_map(|rule| words(&rule.description));
    let folded: Vec<String> = texts.map(|(_, word)| word).collect();
    guess(folded.iter().map(String::as_str)).unwrap_or(Language::English)
}

/// The words of a rule that may tell something, as stems.
struct Words {
    label: BTreeSet<String>,
    description: BTreeSet<String>,
    all: BTreeSet<String>,
}

impl Words {
    fn new(rule: &Rule, language: Language) -> Self {
        let telling = |text: &str| -> BTreeSet<String> {
            let words = words(text).into_iter().map(|(_, word)| word);
            // Descriptions may be in several languages at once.
            let says = |word: &String| !Language::ALL.iter().any(|language| language.is_stop_word(word));
            let words = words.filter(|word| says(word) && FILLING.binary_search(&word.as_str()).is_err());
            words.map(|word| language.stem(&word).into_owned()).collect()
        };
        let (label, description) = (telling(&rule.label), telling(&rule.description));
        let all = label.union(&description).cloned().collect();
        Self { label, description, all }
    }

    /// How much of the words of both is in both.
    fn shared(&self, other: &Self) -> f64 {
        self.all.intersection(&other.all).count() as f64 / self.all.union(&other.all).count().max(1) as f64
    }
}

/// The words that most rules have.
fn common(words: &[Words]) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words.iter().flat_map(|words| &words.all) {
        *counts.entry(word).or_default() += 1;
    }
    let least = (words.len() / 2 + 1).max(FEWEST_SHARING);
    counts.into_iter().filter(|(_, count)| *count >= least).map(|(word, _)| word.to_owned()).collect()
}

/// What the engine makes of the text of a rule.
struct View {
    /// The label that the text goes to.
    best: Option<String>,
    /// How well each label fits.
    scores: BTreeMap<String, f64>,
}

fn views(rules: &RuleSet) -> Vec<View> {
    // An example would stand for its rule whatever the words are.
    let bare = rules.rules.iter().map(|rule| Rule::new(rule.label.clone(), rule.description.clone())).collect();
    let classifier =
        Classifier::new(&RuleSet { rules: bare }, &Settings { allow_no_match: false, ..Settings::default() });
    let view = |rule: &Rule| {
        let decision = classifier.decide(&Document::plain(&format!("{}\n\n{}", rule.label, rule.description)));
        let scores = decision.scores.into_iter().map(|score| (score.label, score.score)).collect();
        View { best: decision.label, scores }
    };
    rules.rules.iter().map(view).collect()
}

impl View {
    /// What `other` scores, as a share of what `own` does.
    fn share(&self, own: &str, other: &str) -> f64 {
        let score = |label| self.scores.get(label).copied().unwrap_or_default();
        if score(own) > 0.0 { score(other) / score(own) } else { 0.0 }
    }
}

/// A rule with all that is known of it.
struct Seen<'a> {
    rule: &'a Rule,
    words: &'a Words,
    view: &'a View,
}

impl Seen<'_> {
    fn own<'b>(&'b self, common: &'b BTreeSet<String>) -> impl Iterator<Item = &'b String> {
        self.words.all.difference(common)
    }

    fn is_too_generic(&self, common: &BTreeSet<String>) -> bool {
        self.own(common).count() < FEWEST_WORDS
    }

    fn too_generic(&self, common: &BTreeSet<String>) -> Option<Finding> {
        let why = match self.own(common).next() {
            Some(word) => format!("only {word:?} is said of it that sets it apart"),
            None => "nothing is said of it that sets it apart".to_owned(),
        };
        let label = &self.rule.label;
        let message =
            || format!("{label:?} is too generic: {why}. Say what such documents are about or what is in them");
        self.is_too_generic(common).then(|| self.finding(Kind::TooGeneric, None, message()))
    }

    /// What is wrong with two rules beside each other: the worst only.
    fn beside(&self, other: &Self, common: &BTreeSet<String>) -> Option<Finding> {
        let (one, two) = (&self.rule.label, &other.rule.label);
        let same = |one: &BTreeSet<String>, two: &BTreeSet<String>| !one.is_empty() && one == two;
        if same(&self.words.description, &other.words.description) {
            let message =
                format!("{one:?} and {two:?} are described by the same words. Join them, or say what differs");
            return Some(self.finding(Kind::Duplicate, Some(other), message));
        }
        if same(&self.words.label, &other.words.label) {
            let message =
                format!("{one:?} and {two:?} are the same name. Join them, or tell them apart by their labels too");
            return Some(self.finding(Kind::Duplicate, Some(other), message));
        }
        // Of little there is little to compare.
        if self.is_too_generic(common) || other.is_too_generic(common) {
            return None;
        }
        self.shadowed_by(other).or_else(|| other.shadowed_by(self)).or_else(|| {
            let score = f64::midpoint(self.view.share(one, two), other.view.share(two, one));
            let message =
                || format!("{one:?} and {two:?} fit each other's texts almost as well as their own. Say what differs");
            let overlaps = score >= OVERLAP || self.words.shared(other.words) >= SHARED;
            overlaps.then(|| self.finding(Kind::Overlapping, Some(other), message()))
        })
    }

    fn shadowed_by(&self, other: &Self) -> Option<Finding> {
        let (one, two) = (&self.rule.label, &other.rule.label);
        let message = if self.view.best.as_ref() == Some(two) {
            format!("The words of {one:?} speak more for {two:?} than for itself. Say what only {one:?} has")
        } else if self.words.all.is_subset(&other.words.all) {
            format!("All that is said of {one:?} is said of {two:?} too. Say what only {one:?} has")
        } else {
            return None;
        };
        Some(self.finding(Kind::Shadowed, Some(other), message))
    }

    fn finding(&self, kind: Kind, other: Option<&Self>, message: String) -> Finding {
        let rules = std::iter::once(self).chain(other).map(|seen| seen.rule.label.clone()).collect();
        Finding { kind, rules, message }
    }
}

/// The examples that several rules have, word for word.
fn contradictory_examples(rules: &RuleSet) -> Vec<Finding> {
    let mut known: BTreeMap<Vec<String>, &str> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for rule in &rules.rules {
        for example in &rule.examples {
            let words = words(example).into_iter().map(|(_, word)| word).collect();
            let first = *known.entry(words).or_insert(&rule.label);
            if first != rule.label && told.insert((first, rule.label.as_str())) {
                let message =
                    format!("{first:?} and {:?} have an example in common. It can only be of one", rule.label);
                let rules = vec![first.to_owned(), rule.label.clone()];
                findings.push(Finding { kind: Kind::ContradictoryExample, rules, message });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rules: &[(&str, &str)]) -> RuleSet {
        RuleSet { rules: rules.iter().map(|(label, description)| Rule::new(*label, *description)).collect() }
    }

    fn found(rules: &RuleSet) -> Vec<(Kind, String)> {
        lint(rules).into_iter().map(|finding| (finding.kind, finding.rules.join(" "))).collect()
    }

    const INVOICE: (&str, &str) = ("invoice", "An invoice with an invoice number, line items and a total amount due");
    const CONTRACT: (&str, &str) = ("contract", "A legal agreement between parties with terms and signatures");
    const RESUME: (&str, &str) = ("resume", "A resume of a person with work experience, education and skills");

    #[test]
    fn filling_words_are_sorted() {
        assert!(FILLING.is_sorted());
    }

    #[test]
    fn a_good_set_is_left_alone() {
        assert_eq!(found(&set(&[INVOICE, CONTRACT, RESUME])), []);
        assert_eq!(found(&RuleSet::default()), []);
    }

    #[test]
    fn the_demo_is_left_alone() {
        let demo: serde_json::Value = serde_json::from_str(include_str!("../../../.scripts/demo.json")).unwrap();
        for (name, classifier) in demo["classifiers"].as_object().unwrap() {
            let rules = RuleSet { rules: serde_json::from_value(classifier["rules"].clone()).unwrap() };
            assert_eq!(found(&rules), [], "{name}");
        }
    }

    #[test]
    fn the_same_words_are_a_duplicate() {
        let again = ("bill", "Line items, the invoice numbers, and total amounts due: invoices");
        assert_eq!(found(&set(&[INVOICE, CONTRACT, again])), [(Kind::Duplicate, "invoice bill".into())]);
        let named = ("Invoices", "Asks a customer to pay for goods that were delivered");
        assert_eq!(found(&set(&[INVOICE, CONTRACT, named])), [(Kind::Duplicate, "invoice Invoices".into())]);
    }

    #[test]
    fn a_rule_without_words_that_another_lacks_is_shadowed() {
        let wider = ("invoice", "An invoice with a total amount due");
        let narrower = ("overdue_invoice", "An invoice with a total amount that is due, and overdue since a date");
        assert_eq!(found(&set(&[narrower, CONTRACT, wider])), [(Kind::Shadowed, "invoice overdue_invoice".into())]);
    }

    #[test]
    fn rules_that_fit_each_others_texts_overlap() {
        let much = ("bill", "A bill with a bill number, line items and the total amount that is due for payment");
        assert_eq!(found(&set(&[INVOICE, CONTRACT, RESUME, much])), [(Kind::Overlapping, "invoice bill".into())]);
    }

    #[test]
    fn filling_words_alone_are_too_generic() {
        for (label, description) in [
            ("other", "Any other document"),
            ("misc", "Documents of various types with general information"),
            ("letters", "All kinds of letters"),
            ("sonstiges", "Alle anderen Dokumente und Sonstiges"),
        ] {
            let findings = found(&set(&[INVOICE, CONTRACT, (label, description)]));
            assert_eq!(findings, [(Kind::TooGeneric, label.to_owned())]);
        }
    }

    #[test]
    fn words_of_every_rule_are_nobodys_own() {
        let of = |label, what| (label, format!("The customer writes to the support team because of {what}"));
        let rules = [
            of("refund", "money back for an order"),
            of("delivery", "a parcel that is late or damaged"),
            of("password", "a login or an account that is locked"),
            of("support", "something"),
        ];
        let rules: Vec<_> = rules.iter().map(|(label, description)| (*label, description.as_str())).collect();
        assert!(found(&set(&rules)).contains(&(Kind::TooGeneric, "support".into())), "{:?}", found(&set(&rules)));
    }

    #[test]
    fn an_example_is_of_one_rule() {
        let mut rules = set(&[INVOICE, CONTRACT, RESUME]);
        for (rule, examples) in
            rules.rules.iter_mut().zip([["Pay 12 EUR!", "x y"], ["pay 12 eur", "x  y."], ["z", "z"]])
        {
            rule.examples = examples.map(str::to_owned).to_vec();
        }
        assert_eq!(found(&rules), [(Kind::ContradictoryExample, "invoice contract".into())]);
    }
}
