//! The fitted weights; `constants` has their values.

use super::calibrator::Calibrator;
use super::features::FEATURES;

/// The fitted constants of one evidence mode.
#[derive(Debug)]
pub(super) struct Weights {
    /// The weights of the rank score, in the order of [`Features::values`](super::features::Features::values).
    pub rank: [f64; FEATURES],
    /// The network that computes the probabilities, from the inputs of [`TopCandidate`](super::score::TopCandidate).
    pub calibrator: Calibrator,
    /// The log-odds that a rule fits although hardly a word of any rule was found and there is no other evidence: the
    /// answer is then none, and the calibrator has no inputs.
    pub no_evidence_log_odds: f64,
}
