//! Features to a score for every rule, and from the scores to an answer and how sure it is.
//!
//! Three linear forms. The *rank score* of a rule orders the rules; in a softmax it is the probability that the rule
//! is the right one, given that one is. Two logistic heads then look at the winner only: the probability that any rule
//! fits at all, and the probability that the winner is right. The answer is "none" where "no rule fits" is more likely
//! than "the winner is right", and the confidence is the probability of the answer given.
//!
//! The constants are fitted by `tests/quality/fit.py` on labelled texts, with random subsets of the rules, the true
//! rule taken away in three of ten, texts of foreign subjects, and "none" weighted to a quarter of the whole.

use super::features::Features;
use super::reading::Reading;

/// Weights of the rank score, in the order of the fields of [`Features`].
const RANK: [f64; 7] = [3.30, 2.91, 3.80, 1.10, 1.96, 0.32, 1.12];

/// Weights of the heads, in the order of [`inputs`]; the last is the constant.
const ANY_FITS: [f64; HEAD_INPUTS + 1] = [5.22, 0.33, 1.50, 0.00, 0.28, 0.00, -0.43, -0.05, 0.25];
const TOP_IS_RIGHT: [f64; HEAD_INPUTS + 1] = [3.11, 1.37, 1.36, 0.00, 1.92, 0.07, -0.24, -0.05, -1.86];

/// The log-odds that a rule fits although hardly a word of any rule was found: the answer is then none, and the heads
/// have nothing to look at.
const SILENCE: f64 = -0.78;

/// In a text of this many content words, a paragraph or more, a single word of a rule that is not in its title is
/// chance: every poem has a "total" somewhere. Below it one word can be all that a request says ("my balance?").
const FAINT_WORDS: usize = 40;

/// The breadth of a rule of which two words were found; see [`Features::breadth`].
const TWO_WORDS: f64 = 0.5;

/// Inputs of a head.
const HEAD_INPUTS: usize = 8;

/// A lead of more than this over the second rule says nothing more.
const MAX_MARGIN: f64 = 8.0;

/// The margin of a rule without rivals: neither a narrow nor a wide lead.
const LONE_MARGIN: f64 = 3.0;

/// Every number that is compared or leaves the engine has this many decimals, so that the last bits of a sum, which
/// the platforms may differ in, decide nothing.
const DECIMALS: f64 = 1e6;

/// `value` to six decimals; 0 for what is no number.
pub(super) fn rounded(value: f64) -> f64 {
    if value.is_finite() { (value * DECIMALS).round() / DECIMALS + 0.0 } else { 0.0 }
}

/// The rank score of a rule.
pub(super) fn rank(features: &Features) -> f64 {
    dot(&features.values(), &RANK)
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

/// Judges the winner. `scores` are sorted, best first; `winner` are the features of the first.
pub(super) fn judge(scores: &[f64], winner: &Features, reading: &Reading, no_match_bias: f64) -> Verdict {
    if scores.is_empty() {
        return Verdict { is_null: true, confidence: 1.0, no_match: 1.0 };
    }
    let inputs = inputs(scores, winner, reading);
    let bias = if no_match_bias.is_finite() { no_match_bias } else { 0.0 };
    let faint = scores.first().is_none_or(|&best| best <= 0.0)
        || (winner.breadth < TWO_WORDS && winner.title <= 0.0 && reading.words >= FAINT_WORDS);
    let fits = if faint { SILENCE } else { dot(&inputs, &ANY_FITS) + constant(&ANY_FITS) };
    let fits = logistic(fits - bias);
    let right = logistic(dot(&inputs, &TOP_IS_RIGHT) + constant(&TOP_IS_RIGHT) - bias).min(fits);
    let is_null = faint || rounded(1.0 - fits) > rounded(right);
    let no_match = rounded(1.0 - fits).clamp(0.0, 1.0);
    Verdict { is_null, confidence: if is_null { no_match } else { rounded(right).clamp(0.0, 1.0) }, no_match }
}

/// The judgement where "none" is no answer: the best rule, with its share of the softmax.
pub(super) fn best_of(scores: &[f64], no_match: f64) -> Verdict {
    Verdict { is_null: false, confidence: rounded(share_of_best(scores)), no_match }
}

/// The softmax of the first of `scores`, which are sorted, best first.
fn share_of_best(scores: &[f64]) -> f64 {
    let best = scores.first().copied().unwrap_or_default();
    1.0 / scores.iter().map(|score| libm::exp(score - best)).sum::<f64>().max(1.0)
}

/// What the heads look at.
fn inputs(scores: &[f64], winner: &Features, reading: &Reading) -> [f64; HEAD_INPUTS] {
    let best = scores.first().copied().unwrap_or_default();
    let share = share_of_best(scores);
    let margin = scores.get(1).map_or(LONE_MARGIN, |second| (best - second).clamp(0.0, MAX_MARGIN));
    [
        winner.whole,
        winner.passage,
        winner.title,
        winner.breadth,
        share,
        margin,
        libm::log(scores.len().max(1) as f64),
        libm::log(1.0 + reading.words as f64),
    ]
}

fn dot(values: &[f64], weights: &[f64]) -> f64 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

fn constant(weights: &[f64]) -> f64 {
    weights.last().copied().unwrap_or_default()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}
