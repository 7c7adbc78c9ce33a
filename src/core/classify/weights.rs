//! The types of the fitted weights; `fitted_weights` has their values.

use serde::Serialize;

use super::calibrator::Calibrator;
use super::features::FeatureWeights;

/// The fitted weights of one evidence mode.
#[derive(Debug, Serialize)]
pub(super) struct Weights {
    /// The weight of each feature in the linear score.
    pub features: FeatureWeights,
    /// The network that computes the probabilities, from the inputs of [`TopRule`](super::score::TopRule).
    pub calibrator: Calibrator,
    /// The log-odds that a rule fits although hardly a word of any rule was found and there is no other evidence: the
    /// answer is then none, and the calibrator has no inputs.
    pub no_evidence_log_odds: f64,
}
