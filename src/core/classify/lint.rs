//! Finds problems of a rule set from the rules alone.
//!
//! [`lint`] classifies the text of every rule, its label and its description, with the whole set, and inspects the
//! words of the rule without filler words. It finds what makes answers arbitrary. A set without findings can still be
//! wrong about documents, which only labelled documents show ([`super::evaluation`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Classifier, Rule, RuleSet, Settings};
use crate::ENGINE_VERSION;
use crate::budget::Budget;
use crate::document::Document;
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Language, detect_language, words};

/// The minimum number of words that distinguish a rule: one word is a name and not a description, and which documents
/// have it is chance. Rules that separate documents have four and more.
const MIN_WORDS: usize = 2;

/// Words of more than half of the rules distinguish none, such as "customer" in every rule. At least this many rules
/// must have the word, because in a set of two or three rules, two may well share one.
const MIN_RULES_SHARING: usize = 4;

/// Two rules overlap if each scores on the other's text at least this share of the other's own score, averaged over
/// both directions. Of 567 pairs of well-made sets, half are below 0.04, and all similar ones, such as two questions
/// about cards, below 0.3; the same rule in other words is above 0.4.
const MIN_OVERLAP: f64 = 0.4;

/// Two rules also overlap if they share at least this share of all their words.
const MIN_SHARED_WORDS: f64 = 0.5;

/// Words that do not distinguish documents, because any description may have them.
static FILLER_WORDS: LazyLock<WordSet> =
    LazyLock::new(|| lists::FILLER_WORDS.texts().chain(lists::CATCH_ALL_WORDS.texts()).collect());

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum FindingKind {
    /// Two rules have the same words.
    Duplicate,
    /// A rule has no word that another lacks, or its own text is classified as another.
    Shadowed,
    /// Two rules fit each other's text almost as well as their own.
    Overlapping,
    /// A rule has too few words without filler words and the words of most rules.
    TooGeneric,
    /// Two rules have the same example.
    ContradictoryExample,
}

/// A problem of a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The kind of problem.
    pub kind: FindingKind,
    /// The labels of the rules concerned; for a shadowed rule, the second is the one that shadows it.
    pub rules: Vec<String>,
    /// A human-readable message.
    pub message: String,
}

/// The findings for a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LintResult {
    /// The findings, in the order of the rules.
    pub findings: Vec<Finding>,
    /// The version of the engine.
    pub engine_version: &'static str,
}

/// The findings of [`lint()`] with the version of the engine.
///
/// # Errors
///
/// As [`lint()`].
pub fn lint_result(rules: &RuleSet, budget: &Budget) -> Result<LintResult> {
    Ok(LintResult { findings: lint(rules, budget)?, engine_version: ENGINE_VERSION })
}

/// Finds problems of `rules`; the findings are in the order of the rules.
///
/// # Errors
///
/// `OverBudget` if it takes more than `budget`.
pub fn lint(rules: &RuleSet, budget: &Budget) -> Result<Vec<Finding>> {
    let language = language(rules);
    let stems: Vec<RuleStems> = rules.rules.iter().map(|rule| RuleStems::new(rule, language)).collect();
    let common = common(&stems);
    let decisions = decide_each(rules, budget)?;
    let analyzed_rules = || {
        rules.rules.iter().zip(stems.iter().zip(&decisions)).map(|(rule, (stems, decision))| AnalyzedRule {
            rule,
            stems,
            decision,
        })
    };
    let mut findings = Vec::new();
    for (index, rule) in analyzed_rules().enumerate() {
        findings.extend(rule.too_generic(&common));
        findings.extend(analyzed_rules().skip(index + 1).filter_map(|other| rule.compare(&other, &common)));
    }
    findings.extend(contradictory_examples(rules));
    Ok(findings)
}

/// The language of most words of the rules.
fn language(rules: &RuleSet) -> Language {
    let texts = rules.rules.iter().flat_map(|rule| words(&rule.description));
    let folded: Vec<String> = texts.map(|(_, word)| word).collect();
    detect_language(folded.iter().map(String::as_str)).unwrap_or(Language::English)
}

/// The words of a rule without stop words and filler words, as stems.
struct RuleStems {
    label: BTreeSet<String>,
    description: BTreeSet<String>,
    all: BTreeSet<String>,
}

impl RuleStems {
    fn new(rule: &Rule, language: Language) -> Self {
        let stems_of = |text: &str| -> BTreeSet<String> {
            let words = words(text).into_iter().map(|(_, word)| word);
            // Descriptions may be in several languages at once.
            let is_content = |word: &String| !Language::ALL.iter().any(|language| language.is_stop_word(word));
            let words = words.filter(|word| is_content(word) && !FILLER_WORDS.contains(word.as_str()));
            words.map(|word| language.stem(&word).into_owned()).collect()
        };
        let (label, description) = (stems_of(&rule.label), stems_of(&rule.description));
        let all = label.union(&description).cloned().collect();
        Self { label, description, all }
    }

    /// The share of the words of both that both have.
    fn shared(&self, other: &Self) -> f64 {
        self.all.intersection(&other.all).count() as f64 / self.all.union(&other.all).count().max(1) as f64
    }
}

/// The words of most rules.
fn common(rules: &[RuleStems]) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for stem in rules.iter().flat_map(|rule| &rule.all) {
        *counts.entry(stem).or_default() += 1;
    }
    let min_rules = (rules.len() / 2 + 1).max(MIN_RULES_SHARING);
    counts.into_iter().filter(|(_, count)| *count >= min_rules).map(|(stem, _)| stem.to_owned()).collect()
}

/// The decision of the engine for the text of a rule.
struct RuleDecision {
    /// The label that the text gets.
    best: Option<String>,
    /// The score of each label.
    scores: BTreeMap<String, f64>,
}

fn decide_each(rules: &RuleSet, budget: &Budget) -> Result<Vec<RuleDecision>> {
    // Without examples, because an example would fit its rule whatever the words are.
    let without_examples =
        rules.rules.iter().map(|rule| Rule::new(rule.label.clone(), rule.description.clone())).collect();
    let classifier = Classifier::new(
        &RuleSet { rules: without_examples },
        &Settings { allow_no_match: false, ..Settings::default() },
        budget,
    )?;
    let decide = |rule: &Rule| {
        let document = Document::plain(&format!("{}\n\n{}", rule.label, rule.description));
        let decision = classifier.decide(&document, budget)?;
        let scores = decision.scores.into_iter().map(|score| (score.label, score.score)).collect();
        Ok(RuleDecision { best: decision.label, scores })
    };
    rules.rules.iter().map(decide).collect()
}

impl RuleDecision {
    /// The score of `other_label`, as a share of that of `own_label`.
    fn share(&self, own_label: &str, other_label: &str) -> f64 {
        let score = |label| self.scores.get(label).copied().unwrap_or_default();
        if score(own_label) > 0.0 { score(other_label) / score(own_label) } else { 0.0 }
    }
}

/// A rule with its words and its decision.
struct AnalyzedRule<'a> {
    rule: &'a Rule,
    stems: &'a RuleStems,
    decision: &'a RuleDecision,
}

impl AnalyzedRule<'_> {
    fn distinguishing<'b>(&'b self, common: &'b BTreeSet<String>) -> impl Iterator<Item = &'b String> {
        self.stems.all.difference(common)
    }

    fn is_too_generic(&self, common: &BTreeSet<String>) -> bool {
        self.distinguishing(common).count() < MIN_WORDS
    }

    fn too_generic(&self, common: &BTreeSet<String>) -> Option<Finding> {
        let why = match self.distinguishing(common).next() {
            Some(word) => format!("only {word:?} is said of it that sets it apart"),
            None => "nothing is said of it that sets it apart".to_owned(),
        };
        let label = &self.rule.label;
        let message =
            || format!("{label:?} is too generic: {why}. Say what such documents are about or what is in them");
        self.is_too_generic(common).then(|| self.finding(FindingKind::TooGeneric, None, message()))
    }

    /// The worst problem of two rules with each other.
    fn compare(&self, other: &Self, common: &BTreeSet<String>) -> Option<Finding> {
        let (one, two) = (&self.rule.label, &other.rule.label);
        let same = |one: &BTreeSet<String>, two: &BTreeSet<String>| !one.is_empty() && one == two;
        if same(&self.stems.description, &other.stems.description) {
            let message =
                format!("{one:?} and {two:?} are described by the same words. Join them, or say what differs");
            return Some(self.finding(FindingKind::Duplicate, Some(other), message));
        }
        if same(&self.stems.label, &other.stems.label) {
            let message =
                format!("{one:?} and {two:?} are the same name. Join them, or tell them apart by their labels too");
            return Some(self.finding(FindingKind::Duplicate, Some(other), message));
        }
        // There is too little text to compare.
        if self.is_too_generic(common) || other.is_too_generic(common) {
            return None;
        }
        self.shadowed_by(other).or_else(|| other.shadowed_by(self)).or_else(|| {
            let score = f64::midpoint(self.decision.share(one, two), other.decision.share(two, one));
            let message =
                || format!("{one:?} and {two:?} fit each other's texts almost as well as their own. Say what differs");
            let overlaps = score >= MIN_OVERLAP || self.stems.shared(other.stems) >= MIN_SHARED_WORDS;
            overlaps.then(|| self.finding(FindingKind::Overlapping, Some(other), message()))
        })
    }

    fn shadowed_by(&self, other: &Self) -> Option<Finding> {
        let (one, two) = (&self.rule.label, &other.rule.label);
        let message = if self.decision.best.as_ref() == Some(two) {
            format!("The words of {one:?} speak more for {two:?} than for itself. Say what only {one:?} has")
        } else if self.stems.all.is_subset(&other.stems.all) {
            format!("All that is said of {one:?} is said of {two:?} too. Say what only {one:?} has")
        } else {
            return None;
        };
        Some(self.finding(FindingKind::Shadowed, Some(other), message))
    }

    fn finding(&self, kind: FindingKind, other: Option<&Self>, message: String) -> Finding {
        let rules = std::iter::once(self).chain(other).map(|rule| rule.rule.label.clone()).collect();
        Finding { kind, rules, message }
    }
}

/// The examples that several rules have with the same words.
fn contradictory_examples(rules: &RuleSet) -> Vec<Finding> {
    let mut first_labels: BTreeMap<Vec<String>, &str> = BTreeMap::new();
    let mut reported = BTreeSet::new();
    let mut findings = Vec::new();
    for rule in &rules.rules {
        for example in &rule.examples {
            let words = words(example).into_iter().map(|(_, word)| word).collect();
            let first = *first_labels.entry(words).or_insert(&rule.label);
            if first != rule.label && reported.insert((first, rule.label.as_str())) {
                let message =
                    format!("{first:?} and {:?} have an example in common. It can only be of one", rule.label);
                let rules = vec![first.to_owned(), rule.label.clone()];
                findings.push(Finding { kind: FindingKind::ContradictoryExample, rules, message });
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

    fn kinds_and_rules(rules: &RuleSet) -> Vec<(FindingKind, String)> {
        lint(rules, &Budget::request())
            .unwrap()
            .into_iter()
            .map(|finding| (finding.kind, finding.rules.join(" ")))
            .collect()
    }

    const INVOICE: (&str, &str) = ("invoice", "An invoice with an invoice number, line items and a total amount due");
    const CONTRACT: (&str, &str) = ("contract", "A legal agreement between parties with terms and signatures");
    const RESUME: (&str, &str) = ("resume", "A resume of a person with work experience, education and skills");

    #[test]
    fn a_good_set_has_no_findings() {
        assert_eq!(kinds_and_rules(&set(&[INVOICE, CONTRACT, RESUME])), []);
        assert_eq!(kinds_and_rules(&RuleSet::default()), []);
    }

    #[test]
    fn the_demo_has_no_findings() {
        let demo: serde_json::Value =
            serde_json::from_str(include_str!("../../../.scripts/demo_project.json")).unwrap();
        for (name, classifier) in demo["classifiers"].as_object().unwrap() {
            let rules = RuleSet { rules: serde_json::from_value(classifier["rules"].clone()).unwrap() };
            assert_eq!(kinds_and_rules(&rules), [], "{name}");
        }
    }

    #[test]
    fn the_same_words_are_a_duplicate() {
        let same_description = ("bill", "Line items, the invoice numbers, and total amounts due: invoices");
        assert_eq!(
            kinds_and_rules(&set(&[INVOICE, CONTRACT, same_description])),
            [(FindingKind::Duplicate, "invoice bill".into())]
        );
        let same_label = ("Invoices", "Asks a customer to pay for goods that were delivered");
        assert_eq!(
            kinds_and_rules(&set(&[INVOICE, CONTRACT, same_label])),
            [(FindingKind::Duplicate, "invoice Invoices".into())]
        );
    }

    #[test]
    fn a_rule_without_words_that_another_lacks_is_shadowed() {
        let wider = ("invoice", "An invoice with a total amount due");
        let narrower = ("overdue_invoice", "An invoice with a total amount that is due, and overdue since a date");
        assert_eq!(
            kinds_and_rules(&set(&[narrower, CONTRACT, wider])),
            [(FindingKind::Shadowed, "invoice overdue_invoice".into())]
        );
    }

    #[test]
    fn rules_that_fit_each_others_texts_overlap() {
        let similar = ("bill", "A bill with a bill number, line items and the total amount that is due for payment");
        assert_eq!(
            kinds_and_rules(&set(&[INVOICE, CONTRACT, RESUME, similar])),
            [(FindingKind::Overlapping, "invoice bill".into())]
        );
    }

    #[test]
    fn filler_words_alone_are_too_generic() {
        for (label, description) in [
            ("other", "Any other document"),
            ("misc", "Documents of various types with general information"),
            ("letters", "All kinds of letters"),
            ("sonstiges", "Alle anderen Dokumente und Sonstiges"),
        ] {
            let findings = kinds_and_rules(&set(&[INVOICE, CONTRACT, (label, description)]));
            assert_eq!(findings, [(FindingKind::TooGeneric, label.to_owned())]);
        }
    }

    #[test]
    fn words_of_every_rule_do_not_distinguish() {
        let of = |label, what| (label, format!("The customer writes to the support team because of {what}"));
        let rules = [
            of("refund", "money back for an order"),
            of("delivery", "a parcel that is late or damaged"),
            of("password", "a login or an account that is locked"),
            of("support", "something"),
        ];
        let rules: Vec<_> = rules.iter().map(|(label, description)| (*label, description.as_str())).collect();
        assert!(
            kinds_and_rules(&set(&rules)).contains(&(FindingKind::TooGeneric, "support".into())),
            "{:?}",
            kinds_and_rules(&set(&rules))
        );
    }

    #[test]
    fn rejects_an_example_of_two_rules() {
        let mut rules = set(&[INVOICE, CONTRACT, RESUME]);
        for (rule, examples) in
            rules.rules.iter_mut().zip([["Pay 12 EUR!", "x y"], ["pay 12 eur", "x  y."], ["z", "z"]])
        {
            rule.examples = examples.map(str::to_owned).to_vec();
        }
        assert_eq!(kinds_and_rules(&rules), [(FindingKind::ContradictoryExample, "invoice contract".into())]);
    }
}
