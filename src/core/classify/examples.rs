//! What the examples of rules teach: closed forms, nothing is trained.
//!
//! Only from [`ENOUGH_EXAMPLES`] in every rule on; below, [`super::neighbours`] keeps to what single examples can tell.
//! A rule becomes, beside its own words, the middle of them: once as a direction, once as weighted words.
//! The rule's own text is one of the texts in that middle, with the weight of [`RULE_WEIGHT`] examples, so that few
//! examples bend it and many outweigh it.
//!
//! How far the scores can be trusted is refitted from the same examples: each is held against rules that have not seen
//! it, and one factor on all scores makes those answers most likely.

use std::collections::BTreeMap;

use crate::document::Document;
use crate::text::{Language, Map, Vector};

use super::attribution::Place;
use super::meaning::{Meaning, RuleDirections};
use super::stems::{Stems, Told, ratio};
use super::{Classifier, RuleSet};

/// Examples that every rule must have before weights and "none" are those fitted with examples: the fewest of a rule that
/// these were fitted with. With one to three a rule, or with some in some rules, they answer worse than without any: of the
/// lines of office mail 33, 41 and 49 in 100 are right with one, two and four a rule, 23 with one in one rule, 47 without.
pub(super) const ENOUGH_EXAMPLES: usize = 4;

/// What a rule's text counts beside its examples: as much as two of them. Other weights were not tried.
const RULE_WEIGHT: f64 = 2.0;

/// The examples of a rule set, made ready.
#[derive(Debug, Clone)]
pub(super) struct Lessons {
    language: Language,
    /// Number and rarity of each stem of the examples and rules.
    stems: Map<String, (usize, f64)>,
    /// The rarity of all others.
    unheard: f64,
    rules: Vec<Middle>,
    /// What all scores are multiplied by.
    pub trust: f64,
}

/// A rule's own text and its examples, added up.
#[derive(Debug, Clone, Default)]
struct Middle {
    sum: Option<Vector>,
    words: BTreeMap<usize, f64>,
    /// The direction of the sum.
    direction: Option<Vector>,
    /// The Euclidean length of the words.
    length: f64,
}

/// How near a text is to a rule's middle: cosines.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Nearness {
    pub meaning: f64,
    pub words: f64,
}

impl Middle {
    /// Adds a text `times` over; less than 0 takes it out again.
    fn add(&mut self, told: &Told, times: f64) {
        if let Some(direction) = &told.direction {
            let sum = self.sum.take().unwrap_or(Vector::ZERO).plus(times as f32, direction);
            self.sum = Some(sum);
        }
        for heard in &told.bag {
            *self.words.entry(heard.stem).or_default() += times * heard.weight;
        }
    }

    /// Made ready to be held against texts, once all is added.
    fn ready(mut self) -> Self {
        self.direction = self.sum.as_ref().map(|sum| sum.unit().0);
        self.length = self.words.values().map(|weight| weight * weight).sum::<f64>().sqrt();
        self
    }

    fn nearness(&self, told: &Told) -> Nearness {
        let meaning = self.direction.as_ref().zip(told.direction.as_ref()).map(|(own, other)| own.dot(other));
        let words =
            told.bag.iter().map(|heard| heard.weight * self.words.get(&heard.stem).copied().unwrap_or_default());
        Nearness { meaning: meaning.unwrap_or_default(), words: ratio(words.sum(), self.length) }
    }
}

impl Lessons {
    /// The lessons of `rules`; None unless every rule has [`ENOUGH_EXAMPLES`]. `said` is the running text of each rule.
    pub fn new(rules: &RuleSet, said: &[String], directions: &RuleDirections, language: Language) -> Option<Self> {
        if rules.rules.is_empty() || rules.rules.iter().any(|rule| rule.examples.len() < ENOUGH_EXAMPLES) {
            return None;
        }
        let own: Vec<_> = said.iter().map(|text| Stems::new(&Document::plain(text), language, language)).collect();
        let examples: Vec<(usize, Document)> = rules
            .rules
            .iter()
            .enumerate()
            .flat_map(|(at, rule)| rule.examples.iter().map(move |text| (at, Document::plain(text))))
            .collect();
        let words: Vec<_> = examples.iter().map(|(_, document)| Stems::new(document, language, language)).collect();
        let mut holders: BTreeMap<&str, f64> = BTreeMap::new();
        for stem in own.iter().chain(&words).flat_map(|stems| stems.counts.keys()) {
            *holders.entry(stem).or_default() += 1.0;
        }
        let texts = (own.len() + words.len()) as f64;
        let rarity = |holders: f64| libm::log((texts + 1.0) / (holders + 0.5));
        let mut lessons = Self {
            language,
            stems: holders
                .into_iter()
                .enumerate()
                .map(|(number, (stem, holders))| (stem.to_owned(), (number, rarity(holders))))
                .collect(),
            unheard: rarity(0.0),
            rules: Vec::new(),
            trust: 1.0,
        };
        for (words, direction) in own.iter().zip(&directions.rules) {
            let mut middle = Middle::default();
            let direction = (language == Language::English).then(|| direction.clone());
            middle.add(&lessons.hear(words, direction), RULE_WEIGHT);
            lessons.rules.push(middle);
        }
        for ((rule, document), words) in examples.iter().zip(&words) {
            let meaning = (language == Language::English).then(|| Meaning::new(document, &directions.background));
            let told = lessons.hear(words, meaning.and_then(|meaning| meaning.direction()));
            if let Some(middle) = lessons.rules.get_mut(*rule) {
                middle.add(&told, 1.0);
            }
        }
        lessons.rules = lessons.rules.into_iter().map(Middle::ready).collect();
        Some(lessons)
    }

    /// What `document` says, whose meaning is `meaning` where that is known.
    pub fn told(&self, document: &Document, meaning: Option<&Meaning>) -> Told {
        self.hear(&Stems::new(document, self.language, self.language), meaning.and_then(Meaning::direction))
    }

    /// How near a text is to each rule. `own` is the rule that the text is an example of: its middle is taken without it.
    pub fn nearness(&self, told: &Told, own: Option<usize>) -> Vec<Nearness> {
        self.rules
            .iter()
            .enumerate()
            .map(|(at, middle)| {
                if own == Some(at) {
                    let mut without = middle.clone();
                    without.add(told, -1.0);
                    without.ready().nearness(told)
                } else {
                    middle.nearness(told)
                }
            })
            .collect()
    }

    /// The middle of a rule's examples as a direction.
    pub fn direction(&self, rule: usize) -> Option<&Vector> {
        self.rules.get(rule)?.direction.as_ref()
    }

    /// What each word of a text adds to its nearness, in words, to a rule: calls `add` with the places.
    pub fn word_parts(&self, told: &Told, rule: usize, mut add: impl FnMut(Place, f64)) {
        let Some(middle) = self.rules.get(rule) else { return };
        for &(place, at) in &told.places {
            let heard = told.bag.get(at).and_then(|heard| Some((heard, middle.words.get(&heard.stem)?)));
            if let Some((heard, own)) = heard {
                add(place, ratio(heard.weight * own, middle.length) / heard.count);
            }
        }
    }

    fn hear(&self, stems: &Stems, direction: Option<Vector>) -> Told {
        Told::new(stems, direction, |stem| {
            self.stems.get(stem).map_or((None, self.unheard), |&(number, rarity)| (Some(number), rarity))
        })
    }
}

/// Examples that are tried at most: what more would add to one factor is little, and the time stays bounded.
const MAX_TRIED: usize = 256;

/// Factors tried: from 0.3 to 3.3, each a tenth above the one before.
const FACTORS: i32 = 12;

/// How much likelier, in log-odds, a factor must make the answers for every squared unit of its logarithm: four answers'
/// worth keeps a handful of easy examples from promising certainty.
const CAUTION: f64 = 4.0;

/// The factor on all scores that makes the labels of the examples likeliest, each seen by rules that do not know it.
pub(super) fn trust(classifier: &Classifier, rules: &RuleSet) -> f64 {
    if rules.rules.len() < 2 {
        return 1.0;
    }
    let count: usize = rules.rules.iter().map(|rule| rule.examples.len()).sum();
    let all = rules.rules.iter().enumerate().flat_map(|(at, rule)| rule.examples.iter().map(move |text| (at, text)));
    let tried: Vec<(usize, Vec<f64>)> = all
        .step_by(count.div_ceil(MAX_TRIED))
        .map(|(own, text)| (own, classifier.scores(&classifier.view(&Document::plain(text), Some(own)))))
        .collect();
    let likelihood = |logarithm: f64| {
        let factor = libm::exp(logarithm);
        let logs = tried.iter().map(|(own, scores)| {
            let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = scores.iter().map(|score| libm::exp(factor * (score - best))).sum();
            scores.get(*own).map_or(0.0, |score| factor * (score - best)) - libm::log(sum)
        });
        logs.sum::<f64>() - CAUTION * logarithm * logarithm
    };
    let step = |at: i32| f64::from(at) / 10.0;
    let best = (-FACTORS..=FACTORS).map(|at| (at, likelihood(step(at)))).max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map_or(1.0, |(at, _)| libm::exp(step(at)))
}
