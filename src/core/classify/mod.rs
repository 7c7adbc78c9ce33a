//! A document and a [`RuleSet`] to a [`Decision`].
//!
//! A [`Classifier`] is a rule set made ready; [`Classifier::decide`] holds one document against it:
//!
//! 1. `rules`: the words of labels and descriptions become weighted terms. What all rules share, what general text is
//!    full of and what a description excludes says little or nothing.
//! 2. `reading`: one walk over the document finds every place that uses a term.
//! 3. `features`: for every rule a few numbers, each one kind of evidence.
//! 4. `score`: the numbers become a score for each rule, to which a few examples (`neighbours`) add; with `surroundings` and `heads` the answer (a label, or none) and its
//!    probability.
//! 5. `reasoning`: the same evidence as sentences and as places in the document.
//!
//! [`evaluation`] says how good the answers are on labelled documents, [`lint`] what is wrong with rules before there are any.
//!
//! The evidence is words (equal, of one stem, and for documents in another language than the rules a small glossary of
//! business words) and, in English, meaning: a "flat" lies near an "apartment". It does not follow an argument.

mod attribution;
mod background;
mod constants;
pub mod evaluation;
mod examples;
mod features;
pub mod given;
mod glossary;
mod heads;
pub mod lint;
mod meaning;
mod neighbours;
mod outcome;
mod reading;
mod reasoning;
mod rules;
mod score;
mod stems;
mod surroundings;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Span};
use crate::text::Language;

use examples::Lessons;
use meaning::{Meaning, RuleDirections};
use neighbours::{Compared, Neighbours};
use reading::Reading;
use rules::Lexicon;
use score::{Grounds, Winner};
use stems::Told;
use surroundings::{SURROUNDINGS, Subjects};

pub use attribution::Kind;
pub use features::Features;
pub use outcome::{Attached, Classified, Outcome};

/// A rule in plain language: the label a document gets, and what such documents are like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Rule {
    /// The label, such as `invoice`. Unique in its set.
    pub label: String,
    /// What documents of this label are like, in plain language.
    pub description: String,
    /// Texts that are of this label, when some are known: they sharpen the rule, and never replace its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
    pub examples: Vec<String>,
}

impl Rule {
    /// A rule without examples.
    pub fn new(label: impl Into<String>, description: impl Into<String>) -> Self {
        Self { label: label.into(), description: description.into(), examples: Vec::new() }
    }
}

/// The rules a document is held against. Labels are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
}

/// What a decision may take into account besides document and rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Settings {
    /// The language of the documents (ISO 639-1), where the caller knows it; detected when absent.
    pub language: Option<String>,
    /// How much readier than usual the answer "none of these" is, in log-odds: 0 is as measured, 1 multiplies the odds
    /// of "none" by 2.7, negative values make it rarer.
    pub no_match_bias: f64,
    /// Whether "none of these" is a possible answer. Where it is not, the best rule is the answer whatever it is.
    #[serde(skip_serializing_if = "is_true")]
    pub allow_no_match: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { language: None, no_match_bias: 0.0, allow_no_match: true }
    }
}

/// Settings are spelt without what is usual.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

/// Words of the document that spoke for a rule, or against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Evidence {
    /// The page, from 1.
    pub page: u32,
    /// Where on the page: byte offsets into its text.
    pub span: Span,
    /// The words found there.
    pub text: String,
    /// The label of the rule they spoke for: the label given, or that of the nearest rule where none was.
    pub rule: String,
    /// What made them speak: most of their weight, where there is more than one reason.
    #[serde(default = "a_word")]
    #[cfg_attr(feature = "types", ts(type = "\"word\" | \"name\" | \"meaning\" | \"example\""))]
    pub kind: Kind,
    /// What they add to the rule's score, in its units; less than 0 where they speak against it.
    pub weight: f64,
}

/// The kind of evidence of decisions that were stored before there were others.
fn a_word() -> Kind {
    Kind::Word
}

/// The rule that came second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RunnerUp {
    /// Its label.
    pub label: String,
    /// Its score.
    pub score: f64,
    /// How far it is behind.
    pub margin: f64,
}

/// What would change an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Change {
    /// The label the document would get: that of the second rule, or of the nearest where none matched.
    pub label: String,
    /// The weightiest words of that rule that the document lacks, as the rule has them.
    pub missing: Vec<String>,
}

/// How well one rule fits the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Score {
    /// The label of the rule.
    pub label: String,
    /// The score, comparable within one decision only; rounded to six decimals. Below 0 where more speaks
    /// against the rule than for it.
    pub score: f64,
}

/// What the document is, how sure that is, and why.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Decision {
    /// The label of the rule that fits, or nothing when none does.
    pub label: Option<String>,
    /// How likely the answer, be it a label or "none", is right: 0 to 1.
    pub confidence: f64,
    /// How likely it is that none of the rules fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
    #[serde(default)]
    pub no_match: f64,
    /// Why, in words, from the evidence alone.
    pub reasoning: String,
    /// Every rule with its score, best first; equal scores in the order of the rules.
    pub scores: Vec<Score>,
    /// The words that decided, weightiest first. With `constant` and `rest` they add up to the score of the first rule.
    pub evidence: Vec<Evidence>,
    /// What the first rule's score has whatever the words are: how far the rule is from everyday sentences.
    #[serde(default)]
    pub constant: f64,
    /// What of that score is not shown: words beyond the weightiest and beyond the first pages, and the title that the file
    /// gives itself.
    #[serde(default)]
    pub rest: f64,
    /// The rule that came second, where there is one.
    #[serde(default)]
    pub runner_up: Option<RunnerUp>,
    /// What would change the answer; nothing where there is no other.
    #[serde(default)]
    pub change: Option<Change>,
}

impl Decision {
    /// How likely each rule is the right one, best first: the confidence for the label given; what is left to the others
    /// goes by the exponentials of their scores, which are log-odds among the rules.
    pub fn likelihoods(&self) -> Vec<(&str, f64)> {
        let given = |score: &&Score| self.label.as_ref() == Some(&score.label);
        let best = self.scores.first().map_or(0.0, |score| score.score);
        let odds = |score: &Score| libm::exp(score.score - best);
        let others: f64 = self.scores.iter().filter(|score| !given(score)).map(odds).sum();
        let left = if self.label.is_some() { 1.0 - self.confidence } else { 1.0 - self.no_match };
        self.scores
            .iter()
            .map(|score| {
                let likelihood = if given(&score) { self.confidence } else { left * odds(score) / others };
                (score.label.as_str(), likelihood)
            })
            .collect()
    }
}

/// A rule set made ready for many documents.
#[derive(Debug, Clone)]
pub struct Classifier {
    labels: Vec<String>,
    lexicon: Lexicon,
    directions: RuleDirections,
    /// Where every rule has examples enough.
    lessons: Option<Lessons>,
    /// Where some rule has examples, and not every one enough.
    neighbours: Option<Neighbours>,
    language: Option<Language>,
    no_match_bias: f64,
    allow_no_match: bool,
}

/// What a classifier sees of a document, as numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// What speaks for each rule, in the order of the rules.
    pub features: Vec<Features>,
    /// Where each rule stands among general subjects and the other rules; empty where the document has no direction.
    pub surroundings: Vec<[f64; SURROUNDINGS]>,
    /// Content words of the document.
    pub words: usize,
    /// What all scores are multiplied by: 1 unless every rule has examples enough.
    pub trust: f64,
}

/// A document seen by a classifier.
struct View {
    reading: Reading,
    meaning: Option<Meaning>,
    told: Option<Told>,
    /// Where a few examples may add to scores.
    compared: Option<Compared>,
    grounds: Grounds,
    /// One for each rule, in their order.
    features: Vec<Features>,
}

impl View {
    /// How near the document is to general subjects, where it has a direction.
    fn subjects(&self) -> Option<Subjects> {
        Some(Subjects::new(self.meaning.as_ref()?.direction()?))
    }

    /// What a few examples add to the score of a rule.
    fn addition(&self, rule: usize) -> f64 {
        self.compared.as_ref().map_or(0.0, |compared| compared.addition(rule))
    }
}

impl Classifier {
    /// Makes `rules` ready. An empty set is allowed; no document matches it.
    pub fn new(rules: &RuleSet, settings: &Settings) -> Self {
        let words: Vec<_> = rules.rules.iter().map(rules::read).collect();
        let said: Vec<_> = rules.rules.iter().zip(&words).map(|(rule, words)| rules::said(rule, words)).collect();
        let lexicon = Lexicon::new(&words);
        let directions = RuleDirections::new(&said);
        let lessons = Lessons::new(rules, &said, &directions, lexicon.language);
        let language = settings.language.as_deref().and_then(Language::from_code);
        let few = lessons.is_none().then(|| Neighbours::new(rules, &lexicon, &directions, language));
        let mut classifier = Self {
            labels: rules.rules.iter().map(|rule| rule.label.clone()).collect(),
            lexicon,
            directions,
            lessons,
            neighbours: few.flatten(),
            language,
            no_match_bias: settings.no_match_bias,
            allow_no_match: settings.allow_no_match,
        };
        if classifier.lessons.is_some() {
            let trust = examples::trust(&classifier, rules);
            if let Some(lessons) = &mut classifier.lessons {
                lessons.trust = trust;
            }
        }
        classifier
    }

    /// Holds `document` against the rules.
    pub fn decide(&self, document: &Document) -> Decision {
        let view = self.view(document, None);
        let mut ranked: Vec<(usize, f64)> = self.scores(&view).into_iter().enumerate().collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let scores: Vec<f64> = ranked.iter().map(|&(_, score)| score).collect();
        let best = ranked.first().map(|&(rule, _)| rule);
        let at = best.unwrap_or_default();
        let View { reading, features, grounds, .. } = &view;
        let surroundings = view.subjects().map_or([0.0; SURROUNDINGS], |subjects| self.surroundings(at, &subjects));
        let additions: Vec<f64> = (0..self.labels.len()).map(|rule| view.addition(rule)).collect();
        let winner =
            Winner { scores: &scores, at, features, additions: &additions, surroundings, reading, grounds: *grounds };
        let verdict = winner.judge(self.no_match_bias, self.allow_no_match || scores.is_empty());
        let case = reasoning::Case { document, classifier: self, view: &view, ranked: &ranked, verdict };
        let explanation = case.explain();
        Decision {
            label: best.filter(|_| !verdict.is_null).and_then(|rule| self.labels.get(rule)).cloned(),
            confidence: verdict.confidence,
            no_match: verdict.no_match,
            reasoning: explanation.reasoning,
            scores: ranked
                .iter()
                .filter_map(|&(rule, score)| Some(Score { label: self.labels.get(rule)?.clone(), score }))
                .collect(),
            evidence: explanation.evidence,
            constant: explanation.constant,
            rest: explanation.rest,
            runner_up: explanation.runner_up,
            change: explanation.change,
        }
    }

    /// What the constants of the engine are fitted on.
    pub fn observe(&self, document: &Document) -> Observed {
        let view = self.view(document, None);
        let surroundings = view.subjects().map_or_else(Vec::new, |subjects| {
            (0..self.labels.len()).map(|rule| self.surroundings(rule, &subjects)).collect()
        });
        Observed { surroundings, features: view.features, words: view.reading.words, trust: self.trust() }
    }

    fn surroundings(&self, rule: usize, document: &Subjects) -> [f64; SURROUNDINGS] {
        surroundings::of_rule(rule, &self.directions, document)
    }

    fn trust(&self) -> f64 {
        self.lessons.as_ref().map_or(1.0, |lessons| lessons.trust)
    }

    /// Looks at `document`. `own` is the rule it is an example of: what that rule learned from it is left out.
    fn view(&self, document: &Document, own: Option<usize>) -> View {
        let reading = Reading::new(document, &self.lexicon, self.language);
        // The embedding table knows one language.
        let known = reading.language == Language::English && self.lexicon.language == Language::English;
        let meaning = known.then(|| Meaning::new(document, &self.directions.background));
        let mut features = features::features(&reading, &self.lexicon);
        let mut grounds = Grounds::Words;
        if let Some(meaning) = &meaning {
            grounds = Grounds::Meaning;
            for (features, rule) in features.iter_mut().zip(&self.directions.rules) {
                features.add_meaning(meaning, rule);
            }
        }
        let told = self.lessons.as_ref().map(|lessons| lessons.told(document, meaning.as_ref()));
        if let Some((lessons, told)) = self.lessons.as_ref().zip(told.as_ref()) {
            grounds = Grounds::Examples;
            for (features, nearness) in features.iter_mut().zip(lessons.nearness(told, own)) {
                (features.taught_meaning, features.taught_words) = (nearness.meaning, nearness.words);
            }
        }
        let beside = |few: &Neighbours| few.compare(document, reading.language, meaning.as_ref());
        let compared = self.neighbours.as_ref().map(beside);
        View { reading, meaning, told, compared, grounds, features }
    }

    /// The rank score of every rule, in the order of the rules.
    fn scores(&self, view: &View) -> Vec<f64> {
        view.features
            .iter()
            .enumerate()
            .map(|(at, features)| {
                score::rounded(self.trust() * score::rank(features, view.grounds) + view.addition(at))
            })
            .collect()
    }
}

/// Holds one document against `rules`. For many documents, make one [`Classifier`].
pub fn classify(document: &Document, rules: &RuleSet, settings: &Settings) -> Decision {
    Classifier::new(rules, settings).decide(document)
}
