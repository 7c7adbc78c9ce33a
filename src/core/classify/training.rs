//! What `src/train` needs to know of the engine: names and order of its numbers, its hyperparameters and weights, and
//! the features of documents.
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
    /// The context features of each rule; empty if the document has no unit vector.
    pub context: Vec<ContextFeatures>,
    /// The number of content words.
    pub words: usize,
    /// The factor on all scores: 1 unless every rule has enough examples.
    pub score_scale: f64,
}

/// The names, hyperparameters and weights of the engine, as its training reads them from JSON.
#[derive(Debug, Serialize)]
pub struct EngineParameters {
    /// The names of the features of a rule, in the order of [`Features::values`].
    features: [&'static str; Features::COUNT],
    /// The names of the context features, in the order of [`ContextFeatures::values`].
    context: [&'static str; ContextFeatures::COUNT],
    /// The names of the inputs of the calibrator, in their order.
    inputs: Vec<&'static str>,
    /// The numbers that are set and not fitted, by name.
    hyperparameters: BTreeMap<&'static str, f64>,
    /// The fitted weights of each evidence mode, by its name in `fitted_weights.rs`.
    weights: BTreeMap<&'static str, &'static Weights>,
}

/// The evidence modes by the names of their weights in `fitted_weights.rs`.
const EVIDENCE_MODES: [(&str, EvidenceMode); 3] =
    [("LEXICAL", EvidenceMode::Lexical), ("SEMANTIC", EvidenceMode::Semantic), ("CENTROIDS", EvidenceMode::Centroids)];

impl EngineParameters {
    /// The parameters of this engine.
    pub fn new() -> Self {
        Self {
            features: Features::NAMES,
            context: ContextFeatures::NAMES,
            inputs: Inputs::names(),
            hyperparameters: BTreeMap::from([
                ("hidden", HIDDEN as f64),
                ("max_deviations", MAX_DEVIATIONS),
                ("long_text_words", score::LONG_TEXT_WORDS as f64),
                ("two_word_breadth", score::TWO_WORD_BREADTH),
                ("min_cosine", score::MIN_COSINE),
                ("max_margin", score::MAX_MARGIN),
                ("single_rule_margin", score::SINGLE_RULE_MARGIN),
                ("min_std_dev", score::MIN_STD_DEV),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;
    use serde_json::Value;

    use super::super::score::TopRule;
    use super::*;

    /// An instance of `src/train/parity.jsonl`.
    #[derive(Deserialize)]
    struct Instance {
        mode: String,
        words: usize,
        score_scale: f64,
        features: Vec<[f64; Features::COUNT]>,
        context: Vec<[f64; ContextFeatures::COUNT]>,
        expected: Expected,
    }

    /// The numbers that `src/train/fit.py` computes.
    #[derive(Deserialize)]
    struct Expected {
        /// In the order of the rules.
        scores: Vec<f64>,
        top: usize,
        /// Those that the evidence mode uses.
        inputs: BTreeMap<String, f64>,
        log_odds: [f64; 3],
        no_evidence: bool,
        no_match: bool,
        confidence: f64,
    }

    const HOW_TO_UPDATE: &str = "src/train/README.md, \"Parity with the engine\", says how to write parity.jsonl anew";

    fn is_near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9
    }

    fn check(instance: &Instance) {
        let (_, mode) = EVIDENCE_MODES.into_iter().find(|(name, _)| *name == instance.mode).unwrap();
        let expected = &instance.expected;
        let features: Vec<Features> = instance.features.iter().copied().map(Features::from).collect();
        let scores: Vec<f64> = features
            .iter()
            .map(|features| score::rounded(instance.score_scale * score::linear_score(features, mode)))
            .collect();
        assert!(scores.iter().zip(&expected.scores).all(|(a, b)| is_near(*a, *b)), "{scores:?} {:?}", expected.scores);
        let mut ranked: Vec<(usize, f64)> = scores.into_iter().enumerate().collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        assert_eq!(ranked[0].0, expected.top);
        let top = TopRule {
            scores: &ranked.iter().map(|(_, score)| *score).collect::<Vec<_>>(),
            index: expected.top,
            features: &features,
            additions: &vec![0.0; features.len()],
            context: instance.context.get(expected.top).copied().map(ContextFeatures::from).unwrap_or_default(),
            words: instance.words,
            evidence_mode: mode,
        };
        let inputs = top.inputs(&features[expected.top]);
        let by_name: BTreeMap<&str, f64> = Inputs::names().into_iter().zip(inputs.values()).collect();
        for (name, value) in &expected.inputs {
            assert!(is_near(by_name[name.as_str()], *value), "{name}: {} {value}", by_name[name.as_str()]);
        }
        let odds = mode.weights().calibrator.log_odds(&inputs);
        let odds = [odds.any_fits, odds.top_is_right, odds.top_is_right_if_any_fits];
        assert!(odds.iter().zip(&expected.log_odds).all(|(a, b)| is_near(*a, *b)), "{odds:?} {:?}", expected.log_odds);
        assert_eq!(top.has_no_evidence(&features[expected.top]), expected.no_evidence);
        let answer = top.calibrate(0.0, true);
        assert_eq!(answer.is_no_match, expected.no_match);
        assert!(is_near(answer.confidence, score::rounded(expected.confidence)), "{}", answer.confidence);
    }

    #[test]
    fn fit_py_computes_what_the_engine_computes() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../train/parity.jsonl");
        let text = fs::read_to_string(file).unwrap();
        let (parameters, instances) = text.split_once('\n').unwrap();
        let stored: Value = serde_json::from_str(parameters).unwrap();
        let engine: Value = serde_json::from_str(&serde_json::to_string(&EngineParameters::new()).unwrap()).unwrap();
        for name in ["features", "context", "inputs", "hyperparameters", "weights"] {
            assert_eq!(stored[name], engine[name], "{HOW_TO_UPDATE}");
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in instances.lines() {
            let instance: Instance = serde_json::from_str(line).unwrap();
            check(&instance);
            *counts.entry(instance.mode).or_default() += 1;
        }
        assert!(counts.len() == EVIDENCE_MODES.len() && counts.values().all(|&count| count >= 20), "{counts:?}");
    }
}
