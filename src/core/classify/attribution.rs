//! What each place of a document adds to a rule's score.
//!
//! Every kind of evidence is a sum over words, or is shared out over the words it came from, so that the places, one
//! constant and what lies beyond the places add up to the score: no part of it is told by another model.

use serde::{Deserialize, Serialize};

use super::features;
use super::meaning::Direction;
use super::reading::Hit;
use super::{Classifier, View};
use crate::document::Span;
use crate::text::Vector;

/// What makes a place speak for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A word of the rule.
    Word,
    /// A word of the label where documents say what they are, or the label word by word.
    Name,
    /// A word that means what the rule means.
    Meaning,
    /// A word of the rule's examples, or one that means what they mean.
    Example,
}

/// A place: index of the page, and where on it.
pub(super) type Place = (usize, Span);

/// Every kind, in the order in which the parts of a place are added up.
const KINDS: [Kind; 4] = [Kind::Word, Kind::Name, Kind::Meaning, Kind::Example];

/// The score of one rule, taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Attribution {
    /// What was found, in the order in which it was: a place can come more than once.
    parts: Vec<(Place, Kind, f64)>,
    /// What does not depend on which words the document has: how far the rule is from everyday sentences.
    pub constant: f64,
}

impl Attribution {
    /// Takes apart the score of the rule at `rule`.
    pub fn new(classifier: &Classifier, view: &View, rule: usize) -> Self {
        let mut attribution = Self::default();
        let weights = view.grounds.rank_weights().map(|weight| weight * classifier.trust());
        let [whole, passage, head, title, phrase, coverage, breadth, meaning, near, first, taught, example] = weights;
        let word = features::WordWeights { whole, passage, head, title, phrase, coverage, breadth };
        features::word_parts(&view.reading, &classifier.lexicon, rule, &word, |hit, kind, part| {
            attribution.add(hit, kind, part);
        });
        attribution.add_meaning(classifier, view, rule, [meaning, near, first, taught]);
        if let Some((lessons, told)) = classifier.lessons.as_ref().zip(view.told.as_ref()) {
            lessons.word_parts(told, rule, |place, part| attribution.add_at(place, Kind::Example, example * part));
        }
        if let Some((neighbours, compared)) = classifier.neighbours.as_ref().zip(view.compared.as_ref())
            && let Some(nearest) = compared.nearest(rule)
        {
            let words = nearest.words;
            neighbours
                .word_parts(compared, nearest, |place, part| attribution.add_at(place, Kind::Example, words * part));
        }
        attribution
    }

    fn add(&mut self, hit: &Hit, kind: Kind, part: f64) {
        self.add_at((hit.page, hit.span), kind, part);
    }

    fn add_at(&mut self, place: Place, kind: Kind, part: f64) {
        self.parts.push((place, kind, part));
    }

    fn add_meaning(&mut self, classifier: &Classifier, view: &View, rule: usize, weights: [f64; 4]) {
        let [meaning, near, first, taught] = weights;
        let (Some(read), Some(direction)) = (&view.meaning, classifier.directions.rules.get(rule)) else { return };
        let background = &classifier.directions.background;
        let middle = classifier.lessons.as_ref().and_then(|lessons| lessons.direction(rule));
        let example = classifier.neighbours.as_ref().zip(view.compared.as_ref()).and_then(|(neighbours, compared)| {
            let nearest = compared.nearest(rule)?;
            Some((nearest.meaning, neighbours.direction(nearest)?))
        });
        let nearest = read.nearest(direction);
        let whole = read.whole.as_ref();
        let passages = |at: Option<usize>| read.passages.iter().find(|(found, _)| Some(*found) == at);
        let mut aims: Vec<(Option<usize>, Kind, f64, &Direction, &Vector)> = Vec::new();
        aims.extend(whole.map(|whole| (None, Kind::Meaning, meaning, whole, direction)));
        aims.extend(whole.zip(middle).map(|(whole, middle)| (None, Kind::Example, taught, whole, middle)));
        aims.extend(whole.zip(example).map(|(whole, (weight, aim))| (None, Kind::Example, weight, whole, aim)));
        aims.extend(passages(nearest).map(|(at, passage)| (Some(*at), Kind::Meaning, near, passage, direction)));
        aims.extend(passages(Some(0)).map(|(at, passage)| (Some(*at), Kind::Meaning, first, passage, direction)));
        for (passage, kind, weight, read_as, aim) in aims {
            let (length, without) = read_as.lengths;
            self.constant -= weight * background.dot(aim) / without;
            for spoken in read.spoken.iter().filter(|spoken| passage.is_none_or(|at| spoken.passage == at)) {
                let part = weight * spoken.piece.dot(spoken.share, aim) / (length * without);
                self.add_at((spoken.page, spoken.span), kind, part);
            }
        }
    }

    /// Every place with what it adds in all, and the kind that most of it is, in the order of the document.
    pub fn places(mut self) -> Vec<(Place, Kind, f64)> {
        // Stable: the parts of a place are added up in the order in which they were found.
        self.parts.sort_by_key(|&(place, ..)| place);
        let same_place = |(a, ..): &(Place, Kind, f64), (b, ..): &(Place, Kind, f64)| a == b;
        self.parts
            .chunk_by(same_place)
            .filter_map(|parts| {
                let &(place, ..) = parts.first()?;
                let of = |kind| parts.iter().filter(|(_, of, _)| *of == kind).map(|(.., part)| part).sum::<f64>();
                let by_kind = KINDS.map(|kind| (kind, of(kind)));
                let (strongest, _) = by_kind.into_iter().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
                Some((place, strongest, by_kind.iter().map(|(_, part)| part).sum()))
            })
            .collect()
    }
}
