//! Computes three probabilities from the features of the top rule, with a small network that `src/train/fit.py` trains.
//!
//! A linear model was tried. But what a cosine means depends on the length of the text, the vagueness of the rule and
//! the distance of its rivals, which a sum cannot express. The results of both are in `src/train/README.md`.

use serde::Serialize;

use super::context_features::ContextFeatures;
use super::math::dot;
use super::named_values::named_values;

named_values! {
    /// The inputs from the scores and the features of the rules.
    #[derive(Debug, Clone, Copy, PartialEq, Default)]
    pub(super) struct RuleInputs {
        /// The feature `whole` of the top rule.
        whole,
        /// The feature `passage` of the top rule.
        passage,
        /// The feature `title` of the top rule.
        title,
        /// The feature `breadth` of the top rule.
        breadth,
        /// The softmax of the top rule's score.
        score_share,
        /// Its lead over the second score, up to a maximum.
        margin,
        /// The logarithm of the number of rules.
        ln_rules,
        /// The logarithm of one more than the number of content words.
        ln_words,
        /// The feature `meaning` of the top rule.
        meaning,
        /// The feature `meaning_passage` of the top rule.
        meaning_passage,
        /// The feature `meaning_head` of the top rule.
        meaning_head,
        /// The distance of its `meaning` from the mean of all rules, in standard deviations.
        standout,
        /// The mean `meaning` of the other rules.
        others_meaning,
        /// The largest `meaning` of any rule.
        best_meaning,
        /// The feature `example_meaning` of the top rule.
        example_meaning,
        /// The feature `example_words` of the top rule.
        example_words,
    }
}

/// The inputs of the network.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Inputs {
    pub rules: RuleInputs,
    /// The context features of the top rule.
    pub context: ContextFeatures,
}

/// The number of inputs.
pub(super) const INPUTS: usize = RuleInputs::COUNT + ContextFeatures::COUNT;

impl Inputs {
    /// The names of the inputs, in the order of [`Self::values`].
    pub fn names() -> Vec<&'static str> {
        RuleInputs::NAMES.into_iter().chain(ContextFeatures::NAMES).collect()
    }

    /// The values: those of the rules, then those of the context.
    pub fn values(&self) -> [f64; INPUTS] {
        let mut values = self.rules.values().into_iter().chain(self.context.values());
        std::array::from_fn(|_| values.next().unwrap_or_default())
    }
}

/// The number of hidden units.
pub(super) const HIDDEN: usize = 16;

/// Inputs are clamped to this many standard deviations from their means: training had none further away.
pub(super) const MAX_DEVIATIONS: f64 = 4.0;

/// The network: each output is a linear combination of the standardised inputs and of the hidden units.
#[derive(Debug, Serialize)]
pub(super) struct Calibrator {
    /// The mean of every input over the training texts.
    pub mean: [f64; INPUTS],
    /// The standard deviation of every input over the training texts; 1 for an unused input.
    pub std_dev: [f64; INPUTS],
    /// The weights of the inputs in each hidden unit.
    pub hidden: [[f64; INPUTS]; HIDDEN],
    /// The bias of each hidden unit.
    pub hidden_bias: [f64; HIDDEN],
    /// The log-odds that any rule fits, that the top rule is right, and that it is right if any fits.
    pub outputs: [Output; 3],
}

/// One output of the network.
#[derive(Debug, Serialize)]
pub(super) struct Output {
    /// The weights of the inputs.
    pub direct: [f64; INPUTS],
    /// The weights of the hidden units.
    pub hidden: [f64; HIDDEN],
    /// The bias.
    pub bias: f64,
}

/// The log-odds of the three outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogOdds {
    /// That any rule fits.
    pub any_fits: f64,
    /// That the top rule is right.
    pub top_is_right: f64,
    /// That the top rule is right, if any fits.
    pub top_is_right_if_any_fits: f64,
}

impl Calibrator {
    /// The log-odds for the inputs of one top rule.
    pub fn log_odds(&self, inputs: &Inputs) -> LogOdds {
        let mut standardised = inputs.values();
        for (value, (mean, std_dev)) in standardised.iter_mut().zip(self.mean.iter().zip(&self.std_dev)) {
            *value = ((*value - mean) / std_dev).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS);
        }
        let mut hidden = self.hidden_bias;
        for (unit, weights) in hidden.iter_mut().zip(&self.hidden) {
            *unit = libm::tanh(*unit + dot(weights, &standardised));
        }
        let [any_fits, top_is_right, top_is_right_if_any_fits] = &self.outputs;
        let log_odds_of =
            |output: &Output| output.bias + dot(&output.direct, &standardised) + dot(&output.hidden, &hidden);
        LogOdds {
            any_fits: log_odds_of(any_fits),
            top_is_right: log_odds_of(top_is_right),
            top_is_right_if_any_fits: log_odds_of(top_is_right_if_any_fits),
        }
    }
}
