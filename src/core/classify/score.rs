//! Features to a score for every rule, and from the scores to an answer and how sure it is.
//!
//! The *rank score* of a rule, a linear form, orders the rules; in a softmax it is the probability that the rule is the
//! right one, given that one is. Then [`Heads`] look at the winner, its rivals and its surroundings: the probability that
//! any rule fits at all, and the probability that the winner is right. The answer is "none" where "no rule fits" is more
//! likely than "the winner is right", and the confidence is the probability of the answer given.
//!
//! `src/train/fit.py` fits the constants on labelled texts, with random subsets of the rules, the true rule taken away in
//! three of ten, texts of foreign subjects, and "none" weighted to a share of the whole that is given there.

use super::constants::{MEANING, TAUGHT, WORDS};
use super::features::{FEATURES, Features};
use super::heads::{Heads, INPUTS};
use super::reading::Reading;
use super::surroundings::SURROUNDINGS;

/// What evidence there is, which decides what each kind of it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grounds {
    /// Words alone: the embedding table does not know the language.
    Words,
    /// Words and meaning.
    Meaning,
    /// Words, meaning and examples, enough of them in every rule.
    Examples,
}

/// Fitted constants for one kind of grounds.
#[derive(Debug)]
pub(super) struct Weights {
    /// Of the rank score, in the order of [`Features::values`].
    pub rank: [f64; FEATURES],
    /// What tells how sure the answer is. They see what [`Winner`] tells.
    pub heads: Heads,
    /// The log-odds that a rule fits although hardly a word of any rule was found and nothing else speaks: the answer is
    /// then none, and the heads have nothing to look at.
    pub silence: f64,
}

impl Grounds {
    fn weights(self) -> &'static Weights {
        match self {
            Self::Words => &WORDS,
            Self::Meaning => &MEANING,
            Self::Examples => &TAUGHT,
        }
    }

    /// The weights of the rank score, in the order of [`Features::values`].
    pub fn rank_weights(self) -> &'static [f64; FEATURES] {
        &self.weights().rank
    }
}

/// In a text of this many content words, a paragraph or more, a single word of a rule that is not in its title is
/// chance: every poem has a "total" somewhere. Below it one word can be all that a request says ("my balance?").
const FAINT_WORDS: usize = 40;

/// The breadth of a rule of which two words were found; see [`Features::breadth`].
const TWO_WORDS: f64 = 0.5;

/// A cosine below this is chance too: of the long texts with a single word of the winner and less than this in common with
/// it or its examples, four in five are not the winner's (measured on texts of foreign subjects and on sets without the right
/// rule).
const FAINT_MEANING: f64 = 0.1;

/// A lead of more than this over the second rule says nothing more.
const MAX_MARGIN: f64 = 8.0;

/// The margin of a rule without rivals: neither a narrow nor a wide lead.
const LONE_MARGIN: f64 = 3.0;

/// The most that examples add to the odds of the heads: no answer is surer for them than 99 in 100 or so. Of the answers
/// that an addition of more than 6 led to 88 in 100 were right, with sets of spoken commands among them. With 4 the
/// confidence of a text that is the example goes down to 0.54; 5 and more give the same labels.
const MAX_ADDED_ODDS: f64 = 5.0;

/// Added to the spread of the rules' meanings, so that a small one does not blow up what stands out.
const LEAST_SPREAD: f64 = 0.05;

/// How far a rule without rivals stands out.
const LONE_STANDS_OUT: f64 = 1.0;

/// Every number that is compared or leaves the engine has this many decimals, so that the last bits of a sum, which
/// the platforms may differ in, decide nothing.
const DECIMALS: f64 = 1e6;

/// `value` to six decimals; 0 for what is no number.
pub(super) fn rounded(value: f64) -> f64 {
    if value.is_finite() { (value * DECIMALS).round() / DECIMALS + 0.0 } else { 0.0 }
}

/// The rank score of a rule.
pub(super) fn rank(features: &Features, grounds: Grounds) -> f64 {
    dot(&features.values(), grounds.rank_weights())
}

/// The winner among the rules, and all there is to judge it by.
pub(super) struct Winner<'a> {
    /// The scores of all rules, best first.
    pub scores: &'a [f64],
    /// The winner's place in `features`.
    pub at: usize,
    /// Those of all rules, in their order.
    pub features: &'a [Features],
    /// What a few examples add to the score of each rule, likewise; 0 for rules that none of them speaks for.
    pub additions: &'a [f64],
    /// See [`super::surroundings::of_rule`]; zeros where the document has no direction.
    pub surroundings: [f64; SURROUNDINGS],
    pub reading: &'a Reading,
    pub grounds: Grounds,
}

/// The judgement on the best rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    /// Whether the answer is "none of the rules".
    pub is_null: bool,
    /// The probability that the answer is right.
    pub confidence: f64,
    /// The probability that no rule fits.
    pub no_match: f64,
}

impl Winner<'_> {
    /// Judges the winner. Where "none" is no answer, the best rule is the answer, with the probability that it is right
    /// given that one of them is.
    pub fn judge(&self, no_match_bias: f64, allow_no_match: bool) -> Verdict {
        let Some(winner) = self.features.get(self.at) else {
            return Verdict { is_null: true, confidence: 1.0, no_match: 1.0 };
        };
        let weights = self.grounds.weights();
        let odds = weights.heads.odds(&self.inputs(winner));
        let bias = if no_match_bias.is_finite() { no_match_bias } else { 0.0 };
        let (addition, lead) = self.addition();
        let silent = addition <= 0.0 && self.is_silent(winner);
        let fits = logistic(if silent { weights.silence } else { odds.any_fits + addition } - bias);
        let right = logistic(odds.top_is_right + lead - bias).min(fits);
        let no_match = rounded(1.0 - fits).clamp(0.0, 1.0);
        let is_null = allow_no_match && (silent || no_match > rounded(right));
        let confidence = match (is_null, allow_no_match) {
            (true, _) => no_match,
            (false, true) => right,
            (false, false) => self.sure_of_best(odds.top_of_known + lead),
        };
        Verdict { is_null, confidence: rounded(confidence).clamp(0.0, 1.0), no_match }
    }

    /// What examples add to the winner's score, and how much more that is than what they add to any other's. Scores are
    /// log-odds, as the heads' are, and the heads were fitted without such additions: the first is added to the odds that
    /// a rule fits, the second to those that the winner is right, so that one text in two rules leaves open which. Both no
    /// more than [`MAX_ADDED_ODDS`].
    fn addition(&self) -> (f64, f64) {
        let own = self.additions.get(self.at).copied().unwrap_or_default();
        let others = self.additions.iter().enumerate().filter(|&(at, _)| at != self.at).map(|(_, &addition)| addition);
        let lead = own - others.fold(0.0, f64::max);
        (own.min(MAX_ADDED_ODDS), lead.clamp(0.0, MAX_ADDED_ODDS))
    }

    /// The probability of the best of several rules is never below an even share; a single rule is sure.
    fn sure_of_best(&self, odds: f64) -> f64 {
        let even = 1.0 / self.scores.len().max(1) as f64;
        logistic(odds).max(even)
    }

    fn is_silent(&self, winner: &Features) -> bool {
        let nothing = winner.values().iter().all(|&value| value <= 0.0);
        let one_word = winner.breadth < TWO_WORDS && winner.title <= 0.0 && self.reading.words >= FAINT_WORDS;
        nothing || one_word && winner.meaning_passage.max(winner.taught_meaning) < FAINT_MEANING
    }

    /// What the heads look at.
    fn inputs(&self, winner: &Features) -> [f64; INPUTS] {
        let (scores, all) = (self.scores, self.features);
        let best = scores.first().copied().unwrap_or_default();
        let margin = scores.get(1).map_or(LONE_MARGIN, |second| (best - second).clamp(0.0, MAX_MARGIN));
        let rules = all.len().max(1) as f64;
        let mean = all.iter().map(|rule| rule.meaning).sum::<f64>() / rules;
        let spread = (all.iter().map(|rule| (rule.meaning - mean) * (rule.meaning - mean)).sum::<f64>() / rules).sqrt();
        let stands_out =
            if all.len() > 1 { (winner.meaning - mean) / (spread + LEAST_SPREAD) } else { LONE_STANDS_OUT };
        let own = [
            winner.whole,
            winner.passage,
            winner.title,
            winner.breadth,
            share_of_best(scores),
            margin,
            libm::log(rules),
            libm::log(1.0 + self.reading.words as f64),
            winner.meaning,
            winner.meaning_passage,
            winner.meaning_head,
            stands_out,
            ratio(mean * rules - winner.meaning, rules - 1.0),
            all.iter().map(|rule| rule.meaning).fold(-1.0, f64::max),
            winner.taught_meaning,
            winner.taught_words,
        ];
        let mut inputs = [0.0; INPUTS];
        for (input, value) in inputs.iter_mut().zip(own.into_iter().chain(self.surroundings)) {
            *input = value;
        }
        inputs
    }
}

/// The softmax of the first of `scores`, which are sorted, best first.
fn share_of_best(scores: &[f64]) -> f64 {
    let best = scores.first().copied().unwrap_or_default();
    1.0 / scores.iter().map(|score| libm::exp(score - best)).sum::<f64>().max(1.0)
}

/// `sum / count`; 0 of nothing.
fn ratio(sum: f64, count: f64) -> f64 {
    if count > 0.0 { sum / count } else { 0.0 }
}

fn dot(values: &[f64], weights: &[f64]) -> f64 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}
