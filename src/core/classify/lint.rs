//! Finds problems of a rule set from the rules alone.
//!
//! [`lint`] classifies the text of every rule, its label and its description, with the whole set, and inspects the
//! words of the rule without filler words. It finds what makes answers arbitrary. A set without findings can still be
//! wrong about documents, which only labelled documents show ([`super::evaluation`]).

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Classifier, Rule, RuleSet, Settings, ranked};
use crate::ENGINE_VERSION;
use crate::budget::Budget;
use crate::document::Document;
use crate::error::Result;
use crate::text::languages::{WordSet, lists};
use crate::text::{Language, Map, StopWordCounts, Words, map_for};

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

/// The work of reading a rule, in passes over its text, and of stemming a word, in steps.
const READING_PASSES: usize = 8;
const STEM_STEPS: usize = 24;

/// The work of reading an example, in passes over its text, and the memory of one besides its text, in bytes.
const EXAMPLE_PASSES: usize = 4;
const EXAMPLE_BYTES: usize = 48;

/// Words of two rules that are compared in one step of work.
const WORDS_PER_STEP: usize = 16;

/// The memory of a finding besides the labels in it, in bytes.
const FINDING_BYTES: usize = 256;

/// Finds problems of `rules`; the findings are in the order of the rules.
///
/// # Errors
///
/// `OverBudget` if it takes more than `budget`.
pub fn lint(rules: &RuleSet, budget: &Budget) -> Result<Vec<Finding>> {
    let stems = Stems::new(rules, budget)?;
    let analyzed_rules = analyzed_rules(rules, &stems, budget)?;
    let mut findings = Vec::new();
    let mut held = budget.hold(0)?;
    for (index, rule) in analyzed_rules.iter().enumerate() {
        let from = findings.len();
        findings.extend(rule.too_generic());
        for other in analyzed_rules.get(index + 1..).unwrap_or_default() {
            budget.work(1 + (rule.stems.all.len() + other.stems.all.len()) / WORDS_PER_STEP)?;
            findings.extend(rule.compare(other));
        }
        let labels = findings.iter().skip(from).flat_map(|finding: &Finding| &finding.rules);
        // Each label is in the message too, perhaps escaped.
        held.grow(FINDING_BYTES * (findings.len() - from) + 3 * labels.map(String::len).sum::<usize>())?;
    }
    findings.extend(contradictory_examples(rules, budget)?);
    Ok(findings)
}

/// The language of most words of the rules.
fn language(rules: &RuleSet) -> Language {
    let mut stop_words = StopWordCounts::default();
    for rule in &rules.rules {
        visit_words(&rule.description, |word| stop_words.count(word));
    }
    stop_words.most_frequent().unwrap_or(Language::English)
}

/// Calls `visit` with the folded words of a text.
fn visit_words(text: &str, mut visit: impl FnMut(&str)) {
    let mut words = Words::new(text);
    let mut folded = String::new();
    while words.next_into(&mut folded).is_some() {
        visit(&folded);
    }
}

/// The words of a rule without stop words and filler words, as stems: their places in the alphabetical order of all
/// stems, ascending, each once.
#[derive(Default)]
struct RuleStems {
    label: Vec<usize>,
    description: Vec<usize>,
    all: Vec<usize>,
}

/// The stems of a rule set.
struct Stems {
    /// All stems, in alphabetical order.
    names: Vec<String>,
    /// Those of every rule.
    rules: Vec<RuleStems>,
    /// For every stem, whether most rules have it.
    is_common: Vec<bool>,
}

impl Stems {
    fn new(rules: &RuleSet, budget: &Budget) -> Result<Self> {
        let language = language(rules);
        // Descriptions may be in several languages at once.
        let is_content = |word: &str| {
            !Language::ALL.iter().any(|language| language.is_stop_word(word)) && !FILLER_WORDS.contains(word)
        };
        let texts = || rules.rules.iter().flat_map(|rule| [rule.label.as_str(), rule.description.as_str()]);
        // The number of each word's stem; None for words without content.
        let mut words: Map<String, Option<usize>> = map_for(texts());
        let mut numbers: Map<String, usize> = Map::with_hasher(words.hasher().clone());
        let mut numbers_of = |text: &str| -> Result<Vec<usize>> {
            budget.pass_over(READING_PASSES * text.len())?;
            let known_words = words.len();
            let mut found = Vec::new();
            visit_words(text, |word| {
                let number = words.get(word).copied().unwrap_or_else(|| {
                    let next = numbers.len();
                    let number =
                        is_content(word).then(|| *numbers.entry(language.stem(word).into_owned()).or_insert(next));
                    words.insert(word.to_owned(), number);
                    number
                });
                found.extend(number);
            });
            budget.work(STEM_STEPS * (words.len() - known_words))?;
            Ok(found)
        };
        let mut rule_stems = Vec::with_capacity(rules.rules.len());
        for rule in &rules.rules {
            let (label, description) = (numbers_of(&rule.label)?, numbers_of(&rule.description)?);
            let all = label.iter().chain(&description).copied().collect();
            rule_stems.push(RuleStems { label, description, all });
        }
        let mut names: Vec<(String, usize)> = numbers.into_iter().collect();
        names.sort_unstable();
        let mut ranks = vec![0; names.len()];
        for (rank, (_, number)) in names.iter().enumerate() {
            if let Some(rank_of_number) = ranks.get_mut(*number) {
                *rank_of_number = rank;
            }
        }
        for stems in rule_stems.iter_mut().flat_map(|rule| [&mut rule.label, &mut rule.description, &mut rule.all]) {
            for stem in stems.iter_mut() {
                *stem = ranks.get(*stem).copied().unwrap_or_default();
            }
            stems.sort_unstable();
            stems.dedup();
        }
        let is_common = is_common(&rule_stems, names.len());
        Ok(Self { names: names.into_iter().map(|(name, _)| name).collect(), rules: rule_stems, is_common })
    }
}

/// For each of the `stems` stems, whether most rules have it.
fn is_common(rules: &[RuleStems], stems: usize) -> Vec<bool> {
    let mut counts = vec![0; stems];
    for &stem in rules.iter().flat_map(|rule| &rule.all) {
        if let Some(count) = counts.get_mut(stem) {
            *count += 1;
        }
    }
    let min_rules = (rules.len() / 2 + 1).max(MIN_RULES_SHARING);
    counts.into_iter().map(|count| count >= min_rules).collect()
}

/// The number of words that both of two ascending lists have.
fn shared_words(one: &[usize], other: &[usize]) -> usize {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut shared = 0;
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        match a.cmp(b) {
            Ordering::Less => _ = one.next(),
            Ordering::Greater => _ = other.next(),
            Ordering::Equal => {
                shared += 1;
                one.next();
                other.next();
            }
        }
    }
    shared
}

/// A rule with its words, and with how the engine classifies its text.
struct AnalyzedRule<'a> {
    index: usize,
    rule: &'a Rule,
    stems: &'a RuleStems,
    /// The number of words that set it apart, and the first of them in alphabetical order.
    distinguishing: (usize, Option<&'a str>),
    /// The index of the rule whose label the text gets.
    best: usize,
    /// The scores of all rules on the text.
    scores: Vec<f64>,
}

fn analyzed_rules<'a>(rules: &'a RuleSet, stems: &'a Stems, budget: &Budget) -> Result<Vec<AnalyzedRule<'a>>> {
    // Without examples, because an example would fit its rule whatever the words are.
    let without_examples =
        rules.rules.iter().map(|rule| Rule::new(rule.label.clone(), rule.description.clone())).collect();
    let classifier = Classifier::new(&RuleSet { rules: without_examples }, &Settings::default(), budget)?;
    let analyze = |(index, (rule, stems_of_rule)): (usize, (&'a Rule, &'a RuleStems))| {
        let document = Document::plain(&format!("{}\n\n{}", rule.label, rule.description));
        let scores = classifier.scores_for(&document, budget)?;
        let best = ranked(scores.clone()).first().map_or(index, |&(best, _)| best);
        let distinguishing = || stems_of_rule.all.iter().filter(|stem| stems.is_common.get(**stem) == Some(&false));
        let first = distinguishing().next().and_then(|&stem| stems.names.get(stem)).map(String::as_str);
        Ok(AnalyzedRule {
            index,
            rule,
            stems: stems_of_rule,
            distinguishing: (distinguishing().count(), first),
            best,
            scores,
        })
    };
    rules.rules.iter().zip(&stems.rules).enumerate().map(analyze).collect()
}

impl AnalyzedRule<'_> {
    fn is_too_generic(&self) -> bool {
        self.distinguishing.0 < MIN_WORDS
    }

    fn too_generic(&self) -> Option<Finding> {
        let why = match self.distinguishing.1 {
            Some(word) => format!("only {word:?} is said of it that sets it apart"),
            None => "nothing is said of it that sets it apart".to_owned(),
        };
        let label = &self.rule.label;
        let message =
            || format!("{label:?} is too generic: {why}. Say what such documents are about or what is in them");
        self.is_too_generic().then(|| self.finding(FindingKind::TooGeneric, None, message()))
    }

    /// The worst problem of two rules with each other.
    fn compare(&self, other: &Self) -> Option<Finding> {
        let (one, two) = (&self.rule.label, &other.rule.label);
        let same = |one: &[usize], two: &[usize]| !one.is_empty() && one == two;
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
        if self.is_too_generic() || other.is_too_generic() {
            return None;
        }
        let shared = shared_words(&self.stems.all, &other.stems.all);
        self.shadowed_by(other, shared).or_else(|| other.shadowed_by(self, shared)).or_else(|| {
            let score = f64::midpoint(self.share(other), other.share(self));
            let all = self.stems.all.len() + other.stems.all.len() - shared;
            let shared = shared as f64 / all.max(1) as f64;
            let message =
                || format!("{one:?} and {two:?} fit each other's texts almost as well as their own. Say what differs");
            let overlaps = score >= MIN_OVERLAP || shared >= MIN_SHARED_WORDS;
            overlaps.then(|| self.finding(FindingKind::Overlapping, Some(other), message()))
        })
    }

    /// The score of another rule on the text of this one, as a share of its own.
    fn share(&self, other: &Self) -> f64 {
        let score = |rule: &Self| self.scores.get(rule.index).copied().unwrap_or_default();
        if score(self) > 0.0 { score(other) / score(self) } else { 0.0 }
    }

    /// `shared` is the number of words that both have.
    fn shadowed_by(&self, other: &Self, shared: usize) -> Option<Finding> {
        let (one, two) = (&self.rule.label, &other.rule.label);
        let message = if self.best == other.index {
            format!("The words of {one:?} speak more for {two:?} than for itself. Say what only {one:?} has")
        } else if shared == self.stems.all.len() {
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
fn contradictory_examples(rules: &RuleSet, budget: &Budget) -> Result<Vec<Finding>> {
    let examples = || rules.rules.iter().flat_map(|rule| rule.examples.iter().map(move |example| (rule, example)));
    // Words have no spaces, so that joined by them they stay the same list.
    let mut first_labels: Map<String, &str> = map_for(examples().map(|(_, example)| example.as_str()));
    let mut reported = BTreeSet::new();
    let mut findings = Vec::new();
    let mut held = budget.hold(0)?;
    for (rule, example) in examples() {
        budget.pass_over(EXAMPLE_PASSES * example.len())?;
        let mut words = String::new();
        visit_words(example, |word| {
            words.push_str(word);
            words.push(' ');
        });
        held.grow(EXAMPLE_BYTES + words.len())?;
        let first = *first_labels.entry(words).or_insert(&rule.label);
        if first != rule.label && reported.insert((first, rule.label.as_str())) {
            let message = format!("{first:?} and {:?} have an example in common. It can only be of one", rule.label);
            let rules = vec![first.to_owned(), rule.label.clone()];
            findings.push(Finding { kind: FindingKind::ContradictoryExample, rules, message });
        }
    }
    Ok(findings)
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
