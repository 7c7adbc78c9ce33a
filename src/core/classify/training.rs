//! What `src/train` needs to know of the engine: names and order of its numbers, its constants, and the features of
//! documents.
//!
//! `src/train/fit.py` computes the inputs of the calibrator and its answers with formulas of its own, because it fits
//! the weights that they depend on. The instances of `src/train/parity.jsonl` hold both to the same numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::calibrator::{HIDDEN, Inputs, MAX_DEVIATIONS};
use super::context_features::ContextFeatures;
use super::features::Features;
use super::score::{self, EvidenceMode};
use super::weights::Weights;

/// The features of a document, from which the weights are fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingFeatures {
    /// The features of each rule, in the order of the rules.
    pub features: Vec<Features>,
    /// The context features of each rule; empty if the document has no direction.
    pub context: Vec<ContextFeatures>,
    /// The number of content words.
    pub words: usize,
    /// The factor on all scores: 1 unless every rule has enough examples.
    pub score_scale: f64,
}

/// The names, constants and weights of the engine, as its training reads them from JSON.
#[derive(Debug, Serialize)]
pub struct EngineParameters {
    /// The names of the features of a rule, in the order of [`Features::values`].
    features: [&'static str; Features::COUNT],
    /// The names of the context features, in the order of [`ContextFeatures::values`].
    context: [&'static str; ContextFeatures::COUNT],
    /// The names of the inputs of the calibrator, in their order.
    inputs: Vec<&'static str>,
    /// The constants that are set and not fitted, by name.
    constants: BTreeMap<&'static str, f64>,
    /// The fitted weights of each evidence mode, by its name in `constants.rs`.
    weights: BTreeMap<&'static str, &'static Weights>,
}

/// The evidence modes by the names of their weights in `constants.rs`.
const EVIDENCE_MODES: [(&str, EvidenceMode); 3] =
    [("LEXICAL", EvidenceMode::Lexical), ("SEMANTIC", EvidenceMode::Semantic), ("FEW_SHOT", EvidenceMode::FewShot)];

impl EngineParameters {
    /// The parameters of this engine.
    pub fn new() -> Self {
        Self {
            features: Features::NAMES,
            context: ContextFeatures::NAMES,
            inputs: Inputs::names(),
            constants: BTreeMap::from([
                ("hidden", HIDDEN as f64),
                ("max_deviations", MAX_DEVIATIONS),
                ("long_text_words", score::LONG_TEXT_WORDS as f64),
                ("two_word_breadth", score::TWO_WORD_BREADTH),
                ("min_cosine", score::MIN_COSINE),
                ("max_margin", score::MAX_MARGIN),
                ("single_rule_margin", score::SINGLE_RULE_MARGIN),
                ("min_spread", score::MIN_SPREAD),
                ("single_rule_standout", score::SINGLE_RULE_STANDOUT),
            ]),
            weights: EVIDENCE_MODES.into_iter().map(|(name, mode)| (name, mode.weights())).collect(),
        }
    }
}

impl Default for EngineParameters {
    fn default() -> Self {
        Self::new()
    }
}
