//! Splits a rule's score over the places of a document.
//!
//! Every kind of evidence is a sum over words, or is distributed over its words, so that the parts of the places, one
//! constant and a remainder without a place add up to the score: no part comes from another model.

use super::evidence::{EvidenceKind, Location};
use super::features::{self, FeatureWeights};
use super::semantic::TextVector;
use super::term_matches::Hit;
use super::{Analysis, Classifier};
use crate::text::Vector;

/// All kinds, in the order in which the parts of a place are added up.
const KINDS: [EvidenceKind; 4] = [EvidenceKind::Word, EvidenceKind::Name, EvidenceKind::Meaning, EvidenceKind::Example];

/// The score of one rule, split over places.
#[derive(Debug, Clone, Default)]
pub(super) struct Attribution {
    /// The parts, in the order in which they were found: a place can occur more than once.
    parts: Vec<(Location, EvidenceKind, f64)>,
    /// The part that does not depend on the document's words: the rule's distance from everyday sentences.
    pub constant: f64,
}

impl Attribution {
    /// Splits the score of the rule with the index `rule`.
    pub fn new(classifier: &Classifier, analysis: &Analysis, rule: usize) -> Self {
        let mut attribution = Self::default();
        let fitted = analysis.evidence_mode.weights().features.values();
        let weights = FeatureWeights::from(fitted.map(|weight| weight * classifier.score_scale()));
        features::word_parts(&analysis.matches, &classifier.lexicon, rule, &weights, |hit, kind, part| {
            attribution.add(hit, kind, part);
        });
        attribution.add_meaning(classifier, analysis, rule, &weights);
        if let Some((examples, encoded)) = classifier.centroids.as_ref().zip(analysis.encoded.as_ref()) {
            examples.word_parts(encoded, rule, |location, part| {
                attribution.add_at(location, EvidenceKind::Example, weights.example_words * part);
            });
        }
        if let Some((examples, matches)) = classifier.nearest_examples.as_ref().zip(analysis.example_matches.as_ref())
            && let Some(nearest) = matches.nearest(rule)
        {
            let words = nearest.words;
            examples.word_parts(matches, nearest, |location, part| {
                attribution.add_at(location, EvidenceKind::Example, words * part);
            });
        }
        attribution
    }

    fn add(&mut self, hit: &Hit, kind: EvidenceKind, part: f64) {
        self.add_at((hit.page, hit.span), kind, part);
    }

    fn add_at(&mut self, location: Location, kind: EvidenceKind, part: f64) {
        self.parts.push((location, kind, part));
    }

    fn add_meaning(&mut self, classifier: &Classifier, analysis: &Analysis, rule: usize, weights: &FeatureWeights) {
        let (Some(semantic), Some(unit_vector)) = (&analysis.semantic, classifier.rule_vectors.centered.get(rule))
        else {
            return;
        };
        let table = classifier.rule_vectors.table;
        let centroid = classifier.centroids.as_ref().and_then(|examples| examples.unit_vector(rule));
        let example = classifier.nearest_examples.as_ref().zip(analysis.example_matches.as_ref()).and_then(
            |(examples, matches)| {
                let nearest = matches.nearest(rule)?;
                Some((nearest.meaning, examples.unit_vector(nearest)?))
            },
        );
        let nearest = semantic.nearest(unit_vector);
        let whole = semantic.whole.as_ref();
        let passage_at = |at: Option<usize>| semantic.passages.iter().find(|(found, _)| Some(*found) == at);
        let mut sources: Vec<(Option<usize>, EvidenceKind, f64, &TextVector, &Vector)> = Vec::new();
        sources.extend(whole.map(|whole| (None, EvidenceKind::Meaning, weights.meaning, whole, unit_vector)));
        sources.extend(
            whole
                .zip(centroid)
                .map(|(whole, centroid)| (None, EvidenceKind::Example, weights.example_meaning, whole, centroid)),
        );
        sources.extend(
            whole.zip(example).map(|(whole, (weight, target))| (None, EvidenceKind::Example, weight, whole, target)),
        );
        sources
            .extend(passage_at(nearest).map(|(at, passage)| {
                (Some(*at), EvidenceKind::Meaning, weights.meaning_passage, passage, unit_vector)
            }));
        sources.extend(
            passage_at(Some(0))
                .map(|(at, passage)| (Some(*at), EvidenceKind::Meaning, weights.meaning_head, passage, unit_vector)),
        );
        for (passage, kind, weight, unit_vector, target) in sources {
            let (length, centered_length) = unit_vector.lengths;
            self.constant -= weight * table.mean_vector().dot(target) / centered_length;
            for occurrence in
                semantic.occurrences.iter().filter(|occurrence| passage.is_none_or(|at| occurrence.passage == at))
            {
                let dot = table.dot(occurrence.piece, occurrence.weight, target);
                let part = weight * dot / (length * centered_length);
                self.add_at((occurrence.page, occurrence.span), kind, part);
            }
        }
    }

    /// Every place with the kind of most of its weight and the sum of its parts, in the order of the document.
    pub fn by_location(mut self) -> Vec<(Location, EvidenceKind, f64)> {
        // Stable: the parts of a place are added up in the order in which they were found.
        self.parts.sort_by_key(|&(location, ..)| location);
        let same_place = |(a, ..): &(Location, EvidenceKind, f64), (b, ..): &(Location, EvidenceKind, f64)| a == b;
        self.parts
            .chunk_by(same_place)
            .filter_map(|parts| {
                let &(location, ..) = parts.first()?;
                let sum_of = |kind| {
                    parts.iter().filter(|(_, part_kind, _)| *part_kind == kind).map(|(.., part)| part).sum::<f64>()
                };
                let by_kind = KINDS.map(|kind| (kind, sum_of(kind)));
                let (strongest, _) = by_kind.into_iter().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
                Some((location, strongest, by_kind.iter().map(|(_, part)| part).sum()))
            })
            .collect()
    }
}
