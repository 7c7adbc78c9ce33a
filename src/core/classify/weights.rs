//! The fitted weights; `constants` has their values.

use serde::Serialize;

use super::calibrator::Calibrator;
use super::features::Features;

/// The fitted constants of one evidence mode.
#[derive(Debug, Serialize)]
pub(super) struct Weights {
    /// The weight of each feature in the rank score.
    pub rank: Features,
    /// The network that computes the probabilities, from the inputs of [`TopRule`](super::score::TopRule).
    pub calibrator: Calibrator,
    /// The log-odds that a rule fits although hardly a word of any rule was found and there is no other evidence: the
    /// answer is then none, and the calibrator has no inputs.
    pub no_evidence_log_odds: f64,
}
