//! From what is seen of the winner to three probabilities: a small network, whose numbers `src/train/fit.py` fits.
//!
//! A linear form was tried first: what a cosine is worth depends on how long the text, how vague the rule and how near its
//! rivals are, and a sum cannot say that. Both figures are in `src/train/README.md`.

use super::surroundings::SURROUNDINGS;

/// What the network sees; see [`super::score`] for the first of it.
pub(super) const INPUTS: usize = 16 + SURROUNDINGS;

/// Units between inputs and outputs.
pub(super) const HIDDEN: usize = 16;

/// An input further from its mean than this many times its spread says no more: nothing like it was seen in training.
const MOST: f64 = 4.0;

/// The network: each output is a linear form of the inputs and of the hidden units, all standardised.
#[derive(Debug)]
pub(super) struct Heads {
    /// Of every input, over the texts it was fitted on.
    pub mean: [f64; INPUTS],
    /// The standard deviation, likewise; 1 for an input that is not looked at.
    pub spread: [f64; INPUTS],
    /// The weights of the inputs in each hidden unit.
    pub hidden: [[f64; INPUTS]; HIDDEN],
    /// The constant of each hidden unit.
    pub hidden_constant: [f64; HIDDEN],
    /// Whether any rule fits, whether the winner is right, and whether it is where one is known to fit.
    pub outputs: [Output; 3],
}

/// One output.
#[derive(Debug)]
pub(super) struct Output {
    /// The weights of the inputs.
    pub direct: [f64; INPUTS],
    /// The weights of the hidden units.
    pub hidden: [f64; HIDDEN],
    /// The constant.
    pub constant: f64,
}

/// The log-odds that the heads give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Odds {
    /// Of any rule fitting.
    pub any_fits: f64,
    /// Of the winner being right.
    pub top_is_right: f64,
    /// Of the winner being right where one of the rules is known to be.
    pub top_of_known: f64,
}

impl Heads {
    /// The odds for one winner.
    pub fn odds(&self, inputs: &[f64; INPUTS]) -> Odds {
        let mut standard = *inputs;
        for (value, (mean, spread)) in standard.iter_mut().zip(self.mean.iter().zip(&self.spread)) {
            *value = ((*value - mean) / spread).clamp(-MOST, MOST);
        }
        let mut hidden = self.hidden_constant;
        for (unit, weights) in hidden.iter_mut().zip(&self.hidden) {
            *unit = libm::tanh(*unit + dot(weights, &standard));
        }
        let [any_fits, top_is_right, top_of_known] = &self.outputs;
        let of = |output: &Output| output.constant + dot(&output.direct, &standard) + dot(&output.hidden, &hidden);
        Odds { any_fits: of(any_fits), top_is_right: of(top_is_right), top_of_known: of(top_of_known) }
    }
}

fn dot(values: &[f64], weights: &[f64]) -> f64 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}
