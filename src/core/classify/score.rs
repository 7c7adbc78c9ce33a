//! Computes a score for every rule from its features, and from the scores an answer and its confidence.
//!
//! The *linear score* of a rule, a linear combination of its features, orders the rules; its softmax is the probability
//! that the rule is the right one if any is. Then the [`Calibrator`](super::calibrator::Calibrator) computes, from the
//! top rule, its rivals and its context features, the probability that any rule fits at all, and the probability that
//! the top rule is right. The answer is "none" if "no rule fits" is more likely than "the top rule is right", and the
//! confidence is the probability of the answer.
//!
//! `src/train/fit.py` fits the weights on labelled texts, with random subsets of the rules, the true rule removed in
//! three of ten, texts foreign to all rules, and "none" weighted to a share of the whole that is set there.

use super::calibrator::{Inputs, RuleInputs};
use super::context_features::ContextFeatures;
use super::features::Features;
use super::fitted_weights::{CENTROIDS, LEXICAL, SEMANTIC};
use super::math::{dot, mean, ratio, std_dev};
use super::weights::Weights;

/// The kinds of evidence available, which select the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EvidenceMode {
    /// Words alone: the embedding table does not know the language.
    Lexical,
    /// Words and meaning.
    Semantic,
    /// Words, meaning and the centroids of the examples: every rule has enough examples.
    Centroids,
}

impl EvidenceMode {
    /// The fitted weights.
    pub fn weights(self) -> &'static Weights {
        match self {
            Self::Lexical => &LEXICAL,
            Self::Semantic => &SEMANTIC,
            Self::Centroids => &CENTROIDS,
        }
    }
}

/// The number of content words of a long text, about a paragraph. From there on, one matching word outside the title is
/// likely chance: every poem has a "total" somewhere. A shorter request can consist of one word of a rule ("my
/// balance?").
pub(super) const LONG_TEXT_WORDS: usize = 40;

/// The breadth of a rule of which two words were found; see [`Features::breadth`].
pub(super) const TWO_WORD_BREADTH: f64 = 0.5;

/// A cosine below this is likely chance too: of the long texts with a single word of the top rule and a smaller cosine
/// with it and its examples, four in five are not of that rule (measured on texts foreign to all rules and on sets
/// without the right rule).
pub(super) const MIN_COSINE: f64 = 0.1;

/// The maximum lead over the second rule: a larger one carries no more information.
pub(super) const MAX_MARGIN: f64 = 8.0;

/// The margin of the only rule of a set: neither a narrow nor a wide lead.
pub(super) const SINGLE_RULE_MARGIN: f64 = 3.0;

/// The maximum that examples add to the calibrator's log-odds: they raise no confidence above some 99 in 100. Of the
/// answers due to an addition of more than 6, 88 in 100 were right, including sets of spoken commands. With 4 the
/// confidence of a text identical to the example falls as low as 0.54; 5 and more give the same labels.
const MAX_ADDED_ODDS: f64 = 5.0;

/// Added to the standard deviation of the rules' meanings, so that a small one does not inflate the standout.
pub(super) const MIN_STD_DEV: f64 = 0.05;

/// The standout of the only rule of a set.
pub(super) const SINGLE_RULE_STANDOUT: f64 = 1.0;

/// Every number that is compared or leaves the engine is rounded to six decimals, so that the last bits of a sum, in
/// which platforms may differ, decide nothing.
const DECIMALS: f64 = 1e6;

/// `value` to six decimals; 0 if it is not finite.
pub(super) fn rounded(value: f64) -> f64 {
    if value.is_finite() { (value * DECIMALS).round() / DECIMALS + 0.0 } else { 0.0 }
}

/// The linear score of a rule.
pub(super) fn linear_score(features: &Features, evidence_mode: EvidenceMode) -> f64 {
    dot(&features.values(), &evidence_mode.weights().features.values())
}

/// The top rule, with the inputs of the calibrator.
pub(super) struct TopRule<'a> {
    /// The scores of all rules, best first.
    pub scores: &'a [f64],
    /// The index of the top rule in `features`.
    pub index: usize,
    /// The features of all rules, in the order of the rules.
    pub features: &'a [Features],
    /// The amount that the nearest example adds to the score of each rule, in the order of the rules; 0 if none.
    pub additions: &'a [f64],
    /// The context features of the top rule.
    pub context: ContextFeatures,
    /// The number of content words of the document.
    pub words: usize,
    pub evidence_mode: EvidenceMode,
}

/// The answer on the top rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CalibratedAnswer {
    /// Whether the answer is that no rule fits.
    pub is_no_match: bool,
    /// The probability that the answer is right.
    pub confidence: f64,
    /// The probability that no rule fits.
    pub no_match: f64,
}

impl TopRule<'_> {
    /// Decides between the top rule and "none". If "none" is not allowed, the top rule is the answer, with the
    /// probability that it is right if one of the rules is.
    pub fn calibrate(&self, no_match_bias: f64, allow_no_match: bool) -> CalibratedAnswer {
        let Some(top) = self.features.get(self.index) else {
            return CalibratedAnswer { is_no_match: true, confidence: 1.0, no_match: 1.0 };
        };
        let weights = self.evidence_mode.weights();
        let odds = weights.calibrator.log_odds(&self.inputs(top));
        let bias = if no_match_bias.is_finite() { no_match_bias } else { 0.0 };
        let (addition, lead) = self.addition();
        let no_evidence = addition <= 0.0 && self.has_no_evidence(top);
        let any_fits =
            logistic(if no_evidence { weights.no_evidence_log_odds } else { odds.any_fits + addition } - bias);
        let top_is_right = logistic(odds.top_is_right + lead - bias).min(any_fits);
        let no_match = rounded(1.0 - any_fits).clamp(0.0, 1.0);
        let is_no_match = allow_no_match && (no_evidence || no_match > rounded(top_is_right));
        let confidence = match (is_no_match, allow_no_match) {
            (true, _) => no_match,
            (false, true) => top_is_right,
            (false, false) => self.confidence_of_best(odds.top_is_right_if_any_fits + lead),
        };
        CalibratedAnswer { is_no_match, confidence: rounded(confidence).clamp(0.0, 1.0), no_match }
    }

    /// The addition of the examples to the top rule's score, and its lead over the largest addition to another rule.
    /// Scores are log-odds, as the calibrator's outputs are, and the calibrator was fitted without such additions: the
    /// first is added to the odds that a rule fits, the second to those that the top rule is right, so that one text in
    /// two rules leaves open which of them is right. Both are at most [`MAX_ADDED_ODDS`].
    fn addition(&self) -> (f64, f64) {
        let own = self.additions.get(self.index).copied().unwrap_or_default();
        let others =
            self.additions.iter().enumerate().filter(|&(index, _)| index != self.index).map(|(_, &addition)| addition);
        let lead = own - others.fold(0.0, f64::max);
        (own.min(MAX_ADDED_ODDS), lead.clamp(0.0, MAX_ADDED_ODDS))
    }

    /// The probability that the top rule is right if one is: at least an even share, so 1 for a single rule.
    fn confidence_of_best(&self, odds: f64) -> f64 {
        let even_share = 1.0 / self.scores.len().max(1) as f64;
        logistic(odds).max(even_share)
    }

    /// Whether nothing but chance speaks for the top rule.
    pub fn has_no_evidence(&self, top: &Features) -> bool {
        let all_zero = top.values().iter().all(|&value| value <= 0.0);
        let one_word = top.breadth < TWO_WORD_BREADTH && top.title <= 0.0 && self.words >= LONG_TEXT_WORDS;
        all_zero || one_word && top.meaning_passage.max(top.example_meaning) < MIN_COSINE
    }

    /// The inputs of the calibrator.
    pub fn inputs(&self, top: &Features) -> Inputs {
        let (scores, features) = (self.scores, self.features);
        let best = scores.first().copied().unwrap_or_default();
        let margin = scores.get(1).map_or(SINGLE_RULE_MARGIN, |second| (best - second).clamp(0.0, MAX_MARGIN));
        let rule_count = features.len().max(1) as f64;
        let meanings = || features.iter().map(|rule| rule.meaning);
        let mean = mean(meanings());
        let std_dev = std_dev(meanings(), mean);
        let standout =
            if features.len() > 1 { (top.meaning - mean) / (std_dev + MIN_STD_DEV) } else { SINGLE_RULE_STANDOUT };
        let rules = RuleInputs {
            whole: top.whole,
            passage: top.passage,
            title: top.title,
            breadth: top.breadth,
            score_share: softmax_of_best(scores),
            margin,
            ln_rules: libm::log(rule_count),
            ln_words: libm::log(1.0 + self.words as f64),
            meaning: top.meaning,
            meaning_passage: top.meaning_passage,
            meaning_head: top.meaning_head,
            standout,
            others_meaning: ratio(mean * rule_count - top.meaning, rule_count - 1.0),
            best_meaning: meanings().fold(-1.0, f64::max),
            example_meaning: top.example_meaning,
            example_words: top.example_words,
        };
        Inputs { rules, context: self.context }
    }
}

/// The softmax of the first of `scores`, which are sorted, best first.
fn softmax_of_best(scores: &[f64]) -> f64 {
    let best = scores.first().copied().unwrap_or_default();
    1.0 / scores.iter().map(|score| libm::exp(score - best)).sum::<f64>().max(1.0)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}
