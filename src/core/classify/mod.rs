//! Classifies a document against a [`RuleSet`] into a [`Decision`].
//!
//! A [`Classifier`] is a compiled rule set; [`Classifier::decide`] compares one document with it:
//!
//! 1. `lexicon`: the words of labels and descriptions become weighted terms. Words that all rules share, that are
//!    common in general text or that a description excludes get little or no weight.
//! 2. `term_matches`: one pass over the document finds every occurrence of a term.
//! 3. `features`: computes a few numbers for every rule, each one kind of evidence.
//! 4. `score`: the numbers become a score for each rule, to which the nearest example of the rule may add
//!    (`nearest_example`). From the scores and the `context_features`, the `calibrator` computes the answer (a label,
//!    or none) and its probability.
//! 5. `reasoning`: presents the same evidence as sentences and as places in the document.
//!
//! [`evaluation`] measures the answers on labelled documents; [`lint`] finds faults in rules before there are labelled
//! documents.
//!
//! The evidence is words (equal, of one stem, or, for documents in another language than the rules, from a small
//! glossary of business words) and, in English, meaning: a "flat" is close to an "apartment". The engine does not
//! follow arguments.

mod attribution;
mod background;
mod calibrator;
mod context_features;
pub mod evaluation;
mod evidence;
mod example_centroids;
mod features;
mod fitted_weights;
mod glossary;
pub mod input;
mod lexicon;
pub mod lint;
mod math;
mod named_values;
mod nearest_example;
mod reasoning;
mod result;
mod score;
mod semantic;
mod stems;
mod term_matches;
#[cfg(test)]
mod tests;
pub mod training;
mod weights;

use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::document::Document;
use crate::error::Result;
use crate::limits;
use crate::text::{EmbeddingTable, Language};
use crate::validate::{
    declare::declare,
    shape::{CLOSED, LANGUAGE, Shape},
};

use context_features::TopicSimilarities;
use example_centroids::{DOT_STEPS, ExampleCentroids};
use lexicon::Lexicon;
use nearest_example::{EncodedExamples, ExampleMatches};
use score::{CalibratedAnswer, EvidenceMode, TopRule};
use semantic::{RuleVectors, SemanticView};
use stems::EncodedText;
use term_matches::TermMatches;
use training::TrainingFeatures;

pub use context_features::ContextFeatures;
pub use evidence::{Evidence, EvidenceKind};
pub use features::Features;
pub use result::{AttachmentOutcome, AttachmentResult, ClassifyResult};

declare! {
    /// A rule in plain language: a label, and a description of the documents that get it.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct Rule(CLOSED) {
        /// The label, such as `invoice`. Unique in its rule set.
        pub label: String = required(input::LABEL),
        /// A description, in plain language, of the documents that get this label.
        pub description: String = required(input::DESCRIPTION),
        /// Texts known to have this label, if any. They sharpen the rule and never replace its words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
        pub examples: Vec<String> =
            optional(Shape::list(0..=limits::MAX_EXAMPLES, &Shape::text(1..=limits::MAX_EXAMPLE_CHARS))),
    }
}

impl Rule {
    /// A rule without examples.
    pub fn new(label: impl Into<String>, description: impl Into<String>) -> Self {
        Self { label: label.into(), description: description.into(), examples: Vec::new() }
    }
}

/// The rules that a document is compared with. Labels are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// The rules, in the author's order.
    pub rules: Vec<Rule>,
}

declare! {
    /// Options of a decision.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct Settings(CLOSED) {
        /// The language of the documents (ISO 639-1), if the caller knows it; detected if absent.
        pub language: Option<String> = optional(LANGUAGE),
        /// A shift of the log-odds of the answer "none of these": 0 leaves them as calibrated, 1 multiplies the odds of
        /// "none" by 2.7, negative values make "none" rarer.
        pub no_match_bias: f64 =
            default(Shape::number(-limits::MAX_NO_MATCH_BIAS..=limits::MAX_NO_MATCH_BIAS), 0.0),
        /// Whether "none of these" is a possible answer. If not, the best rule is always the answer.
        #[serde(skip_serializing_if = "is_true")]
        pub allow_no_match: bool = default(Shape::Boolean, true),
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { language: None, no_match_bias: 0.0, allow_no_match: true }
    }
}

/// Lets serde omit `allow_no_match` if it has its default.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

/// The rule that came second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RunnerUp {
    /// Its label.
    pub label: String,
    /// Its score.
    pub score: f64,
    /// The best rule's score minus its score.
    pub margin: f64,
}

/// A change of the document that would change the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Counterfactual {
    /// The label the document would get: of the second rule, or of the nearest rule if none matched.
    pub label: String,
    /// The words of that rule with the most weight that the document lacks, as they are written in the rule.
    pub missing: Vec<String>,
}

/// How well one rule fits the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Score {
    /// The label of the rule.
    pub label: String,
    /// The score, comparable within one decision only; rounded to six decimals. Negative if more evidence counts
    /// against the rule than for it.
    pub score: f64,
}

/// The label of a document, with its confidence and the reasons.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Decision {
    /// The label of the rule that fits; None if no rule does.
    pub label: Option<String>,
    /// The probability that the answer, a label or "none", is right: 0 to 1.
    pub confidence: f64,
    /// The probability that no rule fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
    #[serde(default)]
    pub no_match: f64,
    /// The reasons as sentences, from the evidence alone.
    pub reasoning: String,
    /// Every rule with its score, best first; equal scores in the order of the rules.
    pub scores: Vec<Score>,
    /// The words that decided, by descending weight. With `constant` and `rest` they add up to the score of the first
    /// rule.
    pub evidence: Vec<Evidence>,
    /// The part of the first rule's score that does not depend on the words: the rule's distance from everyday
    /// sentences.
    #[serde(default)]
    pub constant: f64,
    /// The part of that score that `evidence` does not show: words of less weight or beyond the first pages, and the
    /// title in the file's metadata.
    #[serde(default)]
    pub rest: f64,
    /// The rule that came second; None if there is only one.
    #[serde(default)]
    pub runner_up: Option<RunnerUp>,
    /// A change that would change the answer; None if no other answer is possible.
    #[serde(default)]
    pub change: Option<Counterfactual>,
}

impl Decision {
    /// The probability that each rule is the right one, best first: for the label of the answer, the confidence; for
    /// the others, the remainder by softmax over the scores.
    pub fn probabilities(&self) -> Vec<(&str, f64)> {
        let is_answer = |score: &&Score| self.label.as_ref() == Some(&score.label);
        let best = self.scores.first().map_or(0.0, |score| score.score);
        let odds = |score: &Score| libm::exp(score.score - best);
        let others: f64 = self.scores.iter().filter(|score| !is_answer(score)).map(odds).sum();
        let remaining = if self.label.is_some() { 1.0 - self.confidence } else { 1.0 - self.no_match };
        self.scores
            .iter()
            .map(|score| {
                let probability = if is_answer(&score) { self.confidence } else { remaining * odds(score) / others };
                (score.label.as_str(), probability)
            })
            .collect()
    }
}

/// How well the rules fit a document, without the reasons.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// The index of the rule that fits; None if no rule does.
    pub answer: Option<usize>,
    /// The probability that the answer is right.
    pub confidence: f64,
    /// The probability that each rule is the right one, in their order.
    pub rules: Vec<f64>,
    /// The probability that no rule fits. With those of the rules it adds up to 1.
    pub none: f64,
    /// How completely the titles of the document name a rule: 0 to 1, of the rule that they name best.
    pub named: f64,
}

/// How many times longer a pass that splits the text of a rule into words takes than a pass that reads it.
const TOKENIZING_PASSES: usize = 4;

/// The memory of a word of a rule, in bytes.
const RULE_WORD_BYTES: usize = 40;

/// The work of comparing a document with the general topics, in steps.
const CONTEXT_STEPS: usize = 300;

/// A rule set compiled for many documents.
#[derive(Debug, Clone)]
pub struct Classifier {
    labels: Vec<String>,
    lexicon: Lexicon,
    rule_vectors: RuleVectors,
    /// Some if every rule has enough examples.
    centroids: Option<ExampleCentroids>,
    /// Some if any rule has examples, but not every rule enough.
    nearest_examples: Option<EncodedExamples>,
    language: Option<Language>,
    no_match_bias: f64,
    allow_no_match: bool,
}

/// A document as a classifier sees it.
struct Analysis {
    matches: TermMatches,
    semantic: Option<SemanticView>,
    encoded: Option<EncodedText>,
    /// Some if the nearest examples may add to scores.
    example_matches: Option<ExampleMatches>,
    evidence_mode: EvidenceMode,
    /// One for each rule, in their order.
    features: Vec<Features>,
}

impl Analysis {
    /// The number of pieces of words that the rule's meaning is split over.
    fn pieces(&self) -> usize {
        self.semantic.as_ref().map_or(0, |semantic| semantic.occurrences.len())
    }

    /// The amount that its nearest example adds to the score of a rule.
    fn addition(&self, rule: usize) -> f64 {
        self.example_matches.as_ref().map_or(0.0, |matches| matches.addition(rule))
    }
}

impl Classifier {
    /// Compiles `rules` with the embedding table of this engine. An empty set is allowed; no document matches it.
    ///
    /// # Errors
    ///
    /// `OverBudget` if it takes more than `budget`, `Internal` if there is no embedding table.
    pub fn new(rules: &RuleSet, settings: &Settings, budget: &Budget) -> Result<Self> {
        Self::with_table(rules, settings, EmbeddingTable::current()?, budget)
    }

    /// Compiles `rules` with an embedding table.
    fn with_table(
        rules: &RuleSet,
        settings: &Settings,
        table: &'static EmbeddingTable,
        budget: &Budget,
    ) -> Result<Self> {
        let mut words = Vec::with_capacity(rules.rules.len());
        let mut held_words = budget.hold(0)?;
        for rule in &rules.rules {
            budget.pass_over(TOKENIZING_PASSES * (rule.label.len() + rule.description.len()))?;
            let words_of_rule = lexicon::tokenize_rule(rule);
            held_words.grow(RULE_WORD_BYTES * (words_of_rule.0.len() + words_of_rule.1.len()))?;
            words.push(words_of_rule);
        }
        let texts: Vec<_> =
            rules.rules.iter().zip(&words).map(|(rule, words)| lexicon::rule_text(rule, words)).collect();
        let lexicon = Lexicon::new(&words, budget)?;
        drop((words, held_words));
        let _held_lexicon = budget.hold(lexicon.bytes())?;
        let rule_vectors = RuleVectors::new(&texts, table, budget)?;
        let centroids = ExampleCentroids::new(rules, &texts, &rule_vectors, lexicon.language, budget)?;
        let language = settings.language.as_deref().and_then(Language::from_tag);
        let nearest_examples = match centroids {
            Some(_) => None,
            None => EncodedExamples::new(rules, &lexicon, &rule_vectors, language, budget)?,
        };
        let mut classifier = Self {
            labels: rules.rules.iter().map(|rule| rule.label.clone()).collect(),
            lexicon,
            rule_vectors,
            centroids,
            nearest_examples,
            language,
            no_match_bias: settings.no_match_bias,
            allow_no_match: settings.allow_no_match,
        };
        if classifier.centroids.is_some() {
            let _held = budget.hold(classifier.bytes() - classifier.lexicon.bytes())?;
            let score_scale = example_centroids::fit_score_scale(&classifier, rules, budget)?;
            if let Some(centroids) = &mut classifier.centroids {
                centroids.score_scale = score_scale;
            }
        }
        Ok(classifier)
    }

    /// The memory of the classifier, in bytes.
    fn bytes(&self) -> usize {
        let examples = self.centroids.as_ref().map_or(0, ExampleCentroids::bytes);
        let nearest_examples = self.nearest_examples.as_ref().map_or(0, EncodedExamples::bytes);
        self.lexicon.bytes() + examples + nearest_examples
    }

    /// Classifies `document`.
    ///
    /// # Errors
    ///
    /// `OverBudget` if it takes more than `budget`.
    pub fn decide(&self, document: &Document, budget: &Budget) -> Result<Decision> {
        let analysis = self.analyze(document, None, budget)?;
        let ranked = ranked(self.scores(&analysis));
        let answer = self.answer(&analysis, &ranked);
        let explanation =
            reasoning::DecisionContext { document, classifier: self, analysis: &analysis, ranked: &ranked, answer }
                .explain(budget)?;
        let best = ranked.first().map(|&(rule, _)| rule);
        Ok(Decision {
            label: best.filter(|_| !answer.is_no_match).and_then(|rule| self.labels.get(rule)).cloned(),
            confidence: answer.confidence,
            no_match: answer.no_match,
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
        })
    }

    /// The answer for `document`, without the reasons.
    ///
    /// # Errors
    ///
    /// `OverBudget` if it takes more than `budget`.
    fn answer_for(&self, document: &Document, budget: &Budget) -> Result<evaluation::Answer> {
        let analysis = self.analyze(document, None, budget)?;
        let ranked = ranked(self.scores(&analysis));
        let CalibratedAnswer { is_no_match, confidence, no_match } = self.answer(&analysis, &ranked);
        let best = ranked.first().filter(|_| !is_no_match);
        let label = best.and_then(|&(rule, _)| self.labels.get(rule)).cloned();
        Ok(evaluation::Answer { label, confidence, no_match })
    }

    /// How well the rules fit `document`.
    ///
    /// # Errors
    ///
    /// `OverBudget` if it takes more than `budget`.
    pub(crate) fn fit(&self, document: &Document, budget: &Budget) -> Result<Fit> {
        let analysis = self.analyze(document, None, budget)?;
        let scores = self.scores(&analysis);
        let ranked = ranked(scores.clone());
        let CalibratedAnswer { is_no_match, confidence, no_match } = self.answer(&analysis, &ranked);
        let none = if self.allow_no_match || ranked.is_empty() { no_match } else { 0.0 };
        let best = ranked.first().map(|&(rule, _)| rule);
        let answer = best.filter(|_| !is_no_match);
        let top = ranked.first().map_or(0.0, |&(_, score)| score);
        let odds = |rule: usize, score: f64| if Some(rule) == answer { 0.0 } else { libm::exp(score - top) };
        let others: f64 = scores.iter().enumerate().map(|(rule, &score)| odds(rule, score)).sum();
        let of_answer = match answer {
            Some(_) if others > 0.0 => confidence.min(1.0 - none),
            Some(_) => 1.0 - none,
            None => 0.0,
        };
        let rules = scores.iter().enumerate().map(|(rule, &score)| {
            if Some(rule) == answer { of_answer } else { (1.0 - none - of_answer) * odds(rule, score) / others }
        });
        let named = analysis.features.iter().map(|features| features.title).fold(0.0, f64::max);
        Ok(Fit { answer, confidence, rules: rules.collect(), none, named })
    }

    /// The labels of the rules.
    pub(crate) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The score of every rule for `document`, in the order of the rules.
    ///
    /// # Errors
    ///
    /// `OverBudget` if it takes more than `budget`.
    fn scores_for(&self, document: &Document, budget: &Budget) -> Result<Vec<f64>> {
        Ok(self.scores(&self.analyze(document, None, budget)?))
    }

    /// Decides between the first of the `ranked` rules and "none".
    fn answer(&self, analysis: &Analysis, ranked: &[(usize, f64)]) -> CalibratedAnswer {
        let scores: Vec<f64> = ranked.iter().map(|&(_, score)| score).collect();
        let top_index = ranked.first().map(|&(rule, _)| rule).unwrap_or_default();
        let context = self
            .topics(analysis)
            .map_or_else(ContextFeatures::default, |topics| self.context_features(top_index, &topics));
        let additions: Vec<f64> = (0..self.labels.len()).map(|rule| analysis.addition(rule)).collect();
        let top = TopRule {
            scores: &scores,
            index: top_index,
            features: &analysis.features,
            additions: &additions,
            context,
            words: analysis.matches.words,
            evidence_mode: analysis.evidence_mode,
        };
        top.calibrate(self.no_match_bias, self.allow_no_match || scores.is_empty())
    }

    /// The features that the weights of the engine are fitted on.
    ///
    /// # Errors
    ///
    /// `OverBudget` if it takes more than `budget`.
    pub fn training_features(&self, document: &Document, budget: &Budget) -> Result<TrainingFeatures> {
        let analysis = self.analyze(document, None, budget)?;
        let context = self.topics(&analysis).map_or_else(Vec::new, |topics| {
            (0..self.labels.len()).map(|rule| self.context_features(rule, &topics)).collect()
        });
        Ok(TrainingFeatures {
            context,
            features: analysis.features,
            words: analysis.matches.words,
            score_scale: self.score_scale(),
        })
    }

    /// The cosines of a document with general topics; None if it has no unit vector.
    fn topics(&self, analysis: &Analysis) -> Option<TopicSimilarities> {
        let unit_vector = analysis.semantic.as_ref()?.unit_vector()?;
        Some(TopicSimilarities::new(unit_vector, self.rule_vectors.table))
    }

    fn context_features(&self, rule: usize, document: &TopicSimilarities) -> ContextFeatures {
        ContextFeatures::new(rule, &self.rule_vectors, document)
    }

    fn score_scale(&self) -> f64 {
        self.centroids.as_ref().map_or(1.0, |centroids| centroids.score_scale)
    }

    /// Analyzes `document`. `held_out_of` is the rule that it is an example of: that rule's centroid then excludes it.
    fn analyze(&self, document: &Document, held_out_of: Option<usize>, budget: &Budget) -> Result<Analysis> {
        let matches = TermMatches::new(document, &self.lexicon, self.language, budget)?;
        let semantic = self.rule_vectors.view(document, matches.language, self.lexicon.language, budget)?;
        let mut features = features::features(&matches, &self.lexicon, budget)?;
        let mut evidence_mode = EvidenceMode::Lexical;
        if let Some(semantic) = &semantic {
            budget.work(CONTEXT_STEPS + DOT_STEPS * self.labels.len() * (2 + semantic.passages.len()))?;
            evidence_mode = EvidenceMode::Semantic;
            for (features, rule) in features.iter_mut().zip(&self.rule_vectors.centered) {
                features.add_meaning(semantic, rule);
            }
        }
        let encoded = match &self.centroids {
            Some(examples) => Some(examples.encode(document, semantic.as_ref(), budget)?),
            None => None,
        };
        if let Some((examples, encoded)) = self.centroids.as_ref().zip(encoded.as_ref()) {
            evidence_mode = EvidenceMode::Centroids;
            let similarities = examples.similarities(encoded, held_out_of, budget)?;
            for (features, similarity) in features.iter_mut().zip(similarities) {
                (features.example_meaning, features.example_words) = (similarity.meaning, similarity.words);
            }
        }
        let example_matches = match &self.nearest_examples {
            Some(examples) => Some(examples.compare(document, matches.language, semantic.as_ref(), budget)?),
            None => None,
        };
        Ok(Analysis { matches, semantic, encoded, example_matches, evidence_mode, features })
    }

    /// The score of every rule, in the order of the rules: its scaled linear score, and what its nearest example adds.
    fn scores(&self, analysis: &Analysis) -> Vec<f64> {
        analysis
            .features
            .iter()
            .enumerate()
            .map(|(rule, features)| {
                score::rounded(
                    self.score_scale() * score::linear_score(features, analysis.evidence_mode)
                        + analysis.addition(rule),
                )
            })
            .collect()
    }
}

/// The indexes of the rules with their scores, best first; equal scores in the order of the rules.
fn ranked(scores: Vec<f64>) -> Vec<(usize, f64)> {
    let mut ranked: Vec<(usize, f64)> = scores.into_iter().enumerate().collect();
    sort_descending(&mut ranked);
    ranked
}

/// Sorts indexes by their values, the greatest first; equal values stay in their order.
fn sort_descending(values: &mut [(usize, f64)]) {
    values.sort_by(|(_, a), (_, b)| b.total_cmp(a));
}

/// Classifies one document. For many documents, make one [`Classifier`].
///
/// # Errors
///
/// `OverBudget` if it takes more than `budget`.
pub fn classify(document: &Document, rules: &RuleSet, settings: &Settings, budget: &Budget) -> Result<Decision> {
    let classifier = Classifier::new(rules, settings, budget)?;
    let _held = budget.hold(classifier.bytes())?;
    classifier.decide(document, budget)
}
