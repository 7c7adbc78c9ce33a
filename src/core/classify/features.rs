//! What speaks for a rule, as numbers: one small function for each kind of evidence.
//!
//! Every feature is 0 when nothing speaks for the rule. A new kind of evidence (an embedding, say) is a new field of
//! [`Features`], a function that fills it, and a weight in [`super::score`].

use serde::{Deserialize, Serialize};

use super::attribution::Kind;
use super::meaning::Meaning;
use super::reading::{Hit, Place, Reading};
use super::rules::{Lexicon, Prepared, damped};
use crate::text;

/// Content words of a window: about a paragraph.
const WINDOW: usize = 96;

/// Windows start every half window, so that no passage is cut in all of them.
const STRIDE: usize = WINDOW / 2;

/// Words besides the matched ones lengthen a text's vector by half the square root of their number: a text that says
/// much else is less about the rules.
const OTHER_WORDS: f64 = 0.5;

/// How many numbers speak for a rule.
pub(super) const FEATURES: usize = 12;

/// What speaks for one rule. All values are 0 to 1, but those of meaning.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Features {
    /// Cosine of rule and document, idf-weighted.
    pub whole: f64,
    /// Cosine of rule and the window of the document most like it.
    pub passage: f64,
    /// Cosine of rule and the first window.
    pub head: f64,
    /// How much of the label the title, a heading or the first words hold, squared: half a name is no name.
    pub title: f64,
    /// Whether the label stands in the document word by word: 1 at the title; elsewhere less, and only where the label
    /// has two words or more.
    pub phrase: f64,
    /// How much of the rule the document holds: the matched share of the rule's squared length.
    pub coverage: f64,
    /// How many different words of the rule the document holds, as `n / (n + 2)`: one word can be chance, the fourth
    /// hardly.
    pub breadth: f64,
    /// Cosine of the directions of rule and document; 0 where no word of either carries meaning. From -1.
    pub meaning: f64,
    /// The same with the passage of the document that is nearest to the rule.
    pub meaning_passage: f64,
    /// The same with the first passage.
    pub meaning_head: f64,
    /// Cosine of the document's direction and the middle of the rule's examples; 0 unless every rule has enough.
    pub taught_meaning: f64,
    /// Cosine of the document's words and those of the rule's examples; 0 unless every rule has enough.
    pub taught_words: f64,
}

impl Features {
    /// The values in the order of the fields.
    pub fn values(&self) -> [f64; FEATURES] {
        let Self { whole, passage, head, title, phrase, coverage, breadth, .. } = *self;
        let Self { meaning, meaning_passage, meaning_head, taught_meaning, taught_words, .. } = *self;
        [
            whole,
            passage,
            head,
            title,
            phrase,
            coverage,
            breadth,
            meaning,
            meaning_passage,
            meaning_head,
            taught_meaning,
            taught_words,
        ]
    }

    /// Adds what the document's directions say of a rule's.
    pub(super) fn add_meaning(&mut self, meaning: &Meaning, rule: &text::Vector) {
        self.meaning = meaning.whole.as_ref().map_or(0.0, |whole| whole.vector.dot(rule));
        let passages: Vec<_> = meaning.passages.iter().map(|(at, passage)| (*at, passage.vector.dot(rule))).collect();
        self.meaning_head = passages.iter().find(|&&(at, _)| at == 0).map_or(0.0, |&(_, cosine)| cosine);
        self.meaning_passage = passages.iter().map(|&(_, cosine)| cosine).reduce(f64::max).unwrap_or_default();
    }
}

/// A text as a vector over the terms, and the length of that vector.
struct Vector {
    terms: Vec<(usize, f64)>,
    norm: f64,
}

impl Vector {
    /// From the hits of a text of `others` different words. `scratch` holds a zero for every term, and does so again
    /// afterwards.
    fn new<'a>(hits: impl Iterator<Item = &'a Hit>, others: usize, lexicon: &Lexicon, scratch: &mut [f64]) -> Self {
        let mut terms: Vec<(usize, f64)> = Vec::new();
        for hit in hits {
            let Some(count) = scratch.get_mut(hit.term) else { continue };
            if *count <= 0.0 {
                terms.push((hit.term, 0.0));
            }
            *count += hit.strength;
        }
        // Sums depend on the order of their terms in the last bit: fix it.
        terms.sort_unstable_by_key(|&(term, _)| term);
        let mut square = OTHER_WORDS * (others as f64).sqrt();
        for (term, component) in &mut terms {
            let count = scratch.get_mut(*term).map(std::mem::take).unwrap_or_default();
            *component = lexicon.terms.get(*term).map_or(0.0, |term| term.weight) * damped(count);
            square += *component * *component;
        }
        Self { terms, norm: square.sqrt() }
    }

    /// The cosine with a rule.
    fn cosine(&self, rule: &Prepared) -> f64 {
        let products = self.terms.iter().filter_map(|&(term, component)| Some(component * component_of(rule, term)?));
        ratio(products.fold(0.0, |dot, product| dot + product), self.norm * rule.norm)
    }

    /// The same with every rule.
    fn cosines(&self, lexicon: &Lexicon) -> Vec<f64> {
        let mut dots = vec![0.0; lexicon.rules.len()];
        for &(term, component) in &self.terms {
            for &(rule, of_rule) in lexicon.postings.get(term).into_iter().flatten() {
                if let Some(dot) = dots.get_mut(rule) {
                    *dot += component * of_rule;
                }
            }
        }
        for (dot, rule) in dots.iter_mut().zip(&lexicon.rules) {
            *dot = ratio(*dot, self.norm * rule.norm);
        }
        dots
    }
}

/// The component of a rule at a term that it holds.
fn component_of(rule: &Prepared, term: usize) -> Option<f64> {
    let at = rule.terms.binary_search_by_key(&term, |&(known, _)| known).ok()?;
    rule.terms.get(at).map(|&(_, component)| component)
}

/// `part / whole`, 0 where there is no whole.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}

/// The features of every rule, in the order of the rules.
pub(super) fn features(reading: &Reading, lexicon: &Lexicon) -> Vec<Features> {
    let mut scratch = vec![0.0; lexicon.terms.len()];
    let whole = Vector::new(reading.hits.iter(), reading.distinct, lexicon, &mut scratch);
    let passages = passages(reading, lexicon, &mut scratch);
    let places = best_places(reading, lexicon);
    let wholes = whole.cosines(lexicon);
    let mut found = vec![false; lexicon.terms.len()];
    for &(term, _) in &whole.terms {
        if let Some(found) = found.get_mut(term) {
            *found = true;
        }
    }
    let mut all: Vec<Features> = lexicon
        .rules
        .iter()
        .zip(wholes)
        .zip(passages)
        .map(|((rule, whole), (head, passage))| Features {
            whole,
            passage,
            head,
            title: title(rule, lexicon, &places),
            phrase: 0.0,
            coverage: coverage(rule, &found),
            breadth: breadth(rule, &found),
            ..Features::default()
        })
        .collect();
    phrases(reading, lexicon, &mut all);
    all
}

/// A stretch of the document: its first word, the hits in it, and how many words it has.
struct Window<'a> {
    start: usize,
    hits: &'a [Hit],
    words: usize,
}

/// The windows that hold a hit, in order.
fn windows(reading: &Reading) -> Vec<Window<'_>> {
    let mut windows = Vec::new();
    let mut rest = reading.hits.as_slice();
    let mut start = 0;
    while let Some(first) = rest.first() {
        // Windows without hits are skipped: the next is the first that holds the next hit.
        start = start.max(first.at.saturating_sub(WINDOW - 1).div_ceil(STRIDE) * STRIDE);
        while start <= first.at {
            let from = rest.partition_point(|hit| hit.at < start);
            let hits = rest.get(from..).unwrap_or_default();
            let hits = hits.get(..hits.partition_point(|hit| hit.at < start + WINDOW)).unwrap_or_default();
            windows.push(Window { start, hits, words: reading.words.saturating_sub(start).min(WINDOW) });
            start += STRIDE;
        }
        rest = rest.get(rest.partition_point(|hit| hit.at < start)..).unwrap_or_default();
    }
    windows
}

/// For every rule the cosine with the first window, and that with the best.
fn passages(reading: &Reading, lexicon: &Lexicon, scratch: &mut [f64]) -> Vec<(f64, f64)> {
    let mut best = vec![(0.0, 0.0); lexicon.rules.len()];
    for window in windows(reading) {
        let cosines = Vector::new(window.hits.iter(), window.words, lexicon, scratch).cosines(lexicon);
        for ((head, best), cosine) in best.iter_mut().zip(cosines) {
            if window.start == 0 {
                *head = cosine;
            }
            *best = cosine.max(*best);
        }
    }
    best
}

/// How much a place counts as naming the document.
fn naming(place: Place) -> f64 {
    match place {
        Place::Title | Place::Opening => 1.0,
        Place::Heading => 0.8,
        Place::LaterHeading => 0.4,
        Place::Running => 0.0,
    }
}

/// For every term, how much its best place counts as naming the document.
fn best_places(reading: &Reading, lexicon: &Lexicon) -> Vec<f64> {
    let mut best = vec![0.0_f64; lexicon.terms.len()];
    for hit in &reading.hits {
        if let Some(best) = best.get_mut(hit.term) {
            *best = best.max(naming(hit.place));
        }
    }
    for &term in &reading.titled {
        if let Some(best) = best.get_mut(term) {
            *best = 1.0;
        }
    }
    best
}

fn title(rule: &Prepared, lexicon: &Lexicon, places: &[f64]) -> f64 {
    let named: f64 =
        rule.label.iter().filter_map(|&term| Some(lexicon.terms.get(term)?.weight * places.get(term)?)).sum();
    let share = ratio(named, rule.label_mass);
    share * share
}

fn coverage(rule: &Prepared, found: &[bool]) -> f64 {
    let matched: f64 = rule
        .terms
        .iter()
        .filter(|&&(term, _)| found.get(term).copied().unwrap_or_default())
        .map(|(_, component)| component * component)
        .sum();
    ratio(matched, rule.norm * rule.norm)
}

fn breadth(rule: &Prepared, found: &[bool]) -> f64 {
    let matched = rule.terms.iter().filter(|&&(term, _)| found.get(term).copied().unwrap_or_default()).count() as f64;
    matched / (matched + 2.0)
}

/// What a label found word by word counts away from any title.
const PHRASE_IN_TEXT: f64 = 0.5;

fn phrases(reading: &Reading, lexicon: &Lexicon, all: &mut [Features]) {
    let mut opening: Vec<Vec<usize>> = vec![Vec::new(); lexicon.terms.len()];
    for (at, rule) in lexicon.rules.iter().enumerate() {
        if let [first, ..] = rule.label.as_slice()
            && let Some(opening) = opening.get_mut(*first)
        {
            opening.push(at);
        }
    }
    for (at, hit) in reading.hits.iter().enumerate() {
        for &rule_at in opening.get(hit.term).into_iter().flatten() {
            let Some(rule) = lexicon.rules.get(rule_at) else { continue };
            if let Some(features) = all.get_mut(rule_at) {
                let following = reading.hits.get(at..).unwrap_or_default();
                features.phrase = features.phrase.max(phrase(rule, hit, following));
            }
        }
    }
}

/// What the label counts where it begins at `hit` word by word; 0 where it does not.
fn phrase(rule: &Prepared, hit: &Hit, following: &[Hit]) -> f64 {
    let whole = (hit.at..)
        .zip(&rule.label)
        .all(|(at, &term)| following.iter().take_while(|hit| hit.at <= at).any(|hit| hit.at == at && hit.term == term));
    let in_text = if rule.label.len() > 1 { PHRASE_IN_TEXT } else { 0.0 };
    if whole { naming(hit.place).max(in_text) } else { 0.0 }
}

/// What the features that come from words weigh in the score.
pub(super) struct WordWeights {
    pub whole: f64,
    pub passage: f64,
    pub head: f64,
    pub title: f64,
    pub phrase: f64,
    pub coverage: f64,
    pub breadth: f64,
}

/// Takes the words' part of a rule's score apart: calls `add` with hits and what they add. What the document's own title
/// (metadata, no place on a page) adds is left out.
pub(super) fn word_parts(
    reading: &Reading,
    lexicon: &Lexicon,
    rule_at: usize,
    weights: &WordWeights,
    mut add: impl FnMut(&Hit, Kind, f64),
) {
    let Some(rule) = lexicon.rules.get(rule_at) else { return };
    let mut scratch = vec![0.0; lexicon.terms.len()];
    let mut vector_of = |hits: &[Hit], words: usize| Vector::new(hits.iter(), words, lexicon, &mut scratch);
    let mut share_out = |hits: &[Hit], vector: &Vector, weight: f64, of_term: &dyn Fn(f64) -> f64| {
        // Term, what it adds, and how strong all its hits are; sorted, as the vector is.
        let mut parts: Vec<(usize, f64, f64)> = Vec::new();
        parts.extend(vector.terms.iter().filter_map(|&(term, component)| {
            let own = component_of(rule, term)?;
            let cosine = ratio(component * own, vector.norm * rule.norm);
            Some((term, weight * cosine + of_term(own), 0.0))
        }));
        let place = |parts: &[(usize, f64, f64)], hit: &Hit| parts.binary_search_by_key(&hit.term, |part| part.0).ok();
        for hit in hits {
            if let Some((.., strength)) = place(&parts, hit).and_then(|at| parts.get_mut(at)) {
                *strength += hit.strength;
            }
        }
        for hit in hits {
            if let Some(&(_, part, strength)) = place(&parts, hit).and_then(|at| parts.get(at)) {
                add(hit, Kind::Word, part * ratio(hit.strength, strength));
            }
        }
    };
    let found: usize = {
        let mut terms: Vec<_> = reading.hits.iter().map(|hit| hit.term).collect();
        terms.sort_unstable();
        terms.dedup();
        terms.retain(|&term| component_of(rule, term).is_some());
        terms.len()
    };
    let each = weights.breadth / (found as f64 + 2.0);
    let square = rule.norm * rule.norm;
    let everywhere = |own: f64| weights.coverage * ratio(own * own, square) + each;
    share_out(&reading.hits, &vector_of(&reading.hits, reading.distinct), weights.whole, &everywhere);
    let nothing = |_: f64| 0.0;
    let all = windows(reading).into_iter().map(|window| {
        let vector = vector_of(window.hits, window.words);
        (vector.cosine(rule), vector, window)
    });
    let mut best: Option<(f64, Vector, Window<'_>)> = None;
    for (cosine, vector, window) in all {
        if window.start == 0 {
            share_out(window.hits, &vector, weights.head, &nothing);
        }
        if best.as_ref().is_none_or(|&(most, ..)| cosine > most) {
            best = Some((cosine, vector, window));
        }
    }
    if let Some((_, vector, window)) = best {
        share_out(window.hits, &vector, weights.passage, &nothing);
    }
    name_parts(reading, lexicon, rule, weights, add);
}

/// The same for the features that come from the label.
fn name_parts(
    reading: &Reading,
    lexicon: &Lexicon,
    rule: &Prepared,
    weights: &WordWeights,
    mut add: impl FnMut(&Hit, Kind, f64),
) {
    let named = title(rule, lexicon, &best_places(reading, lexicon)).sqrt();
    for &term in &rule.label {
        let places = reading.hits.iter().filter(|hit| hit.term == term);
        let best = places.reduce(|best, hit| if naming(hit.place) > naming(best.place) { hit } else { best });
        if let (Some(best), Some(known)) = (best, lexicon.terms.get(term))
            && !reading.titled.contains(&term)
        {
            let share = ratio(known.weight * naming(best.place), rule.label_mass);
            add(best, Kind::Name, weights.title * named * share);
        }
    }
    let phrases = reading.hits.iter().enumerate().filter(|(_, hit)| rule.label.first() == Some(&hit.term));
    let phrases = phrases.map(|(at, hit)| (hit, phrase(rule, hit, reading.hits.get(at..).unwrap_or_default())));
    let best = phrases.reduce(|best, next| if next.1 > best.1 { next } else { best });
    if let Some((hit, value)) = best.filter(|&(_, value)| value > 0.0) {
        add(hit, Kind::Name, weights.phrase * value);
    }
}
