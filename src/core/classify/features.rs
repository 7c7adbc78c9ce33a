//! Computes the evidence for each rule as numbers: one small function for each kind.
//!
//! Every feature is 0 if there is no evidence for the rule. A new kind of evidence needs a field of [`Features`], a
//! function that computes it, and the weights that `src/train/fit.py` then writes to `fitted_weights`.

use serde::{Deserialize, Serialize};

use super::evidence::EvidenceKind;
use super::lexicon::{Lexicon, RuleTerms, saturated_tf};
use super::math::share;
use super::named_values::named_values;
use super::semantic::SemanticView;
use super::term_matches::{Hit, Position, TermMatches};
use crate::budget::Budget;
use crate::error::Result;
use crate::text;

/// The number of content words in a window: about a paragraph.
const WINDOW_WORDS: usize = 96;

/// A window starts every half window, so that no passage is split in all of them.
const STRIDE: usize = WINDOW_WORDS / 2;

/// Unmatched words lengthen a text's vector by half the square root of their number: a text with much other content is
/// less about the rules.
const UNMATCHED_WEIGHT: f64 = 0.5;

named_values! {
    /// The features of one rule. All values are 0 to 1, except the cosines of meaning, which start at -1.
    #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
    pub struct Features {
        /// The idf-weighted cosine of the rule and the document.
        whole,
        /// The cosine of the rule and the most similar window of the document.
        passage,
        /// The cosine of the rule and the first window.
        head,
        /// The share of the label in the title, a heading or the first words, squared: half a name is not a name.
        title,
        /// Whether the document contains the label word by word: 1 in the title; less elsewhere, and only if the label
        /// has two words or more.
        phrase,
        /// The share of the rule that the document contains: the matched part of the rule's squared length.
        coverage,
        /// The number of different words of the rule in the document, as `n / (n + 2)`: one word can be chance, a
        /// fourth hardly so.
        breadth,
        /// The cosine of the unit vectors of the rule and the document; 0 if no word of either carries meaning.
        meaning,
        /// The cosine of the rule and the document's passage that is nearest to it.
        meaning_passage,
        /// The cosine of the rule and the first passage.
        meaning_head,
        /// The cosine of the document's unit vector and the centroid of the rule's examples; 0 unless every rule has
        /// enough.
        example_meaning,
        /// The cosine of the document's words and those of the rule's examples; 0 unless every rule has enough.
        example_words,
    }
}

/// The weight of each feature, under the name of the feature. Weights are at least 0, and not limited to 1.
pub(super) type FeatureWeights = Features;

impl Features {
    /// Computes the features of meaning.
    pub(super) fn add_meaning(&mut self, meaning: &SemanticView, rule: &text::Vector) {
        self.meaning = meaning.whole.as_ref().map_or(0.0, |whole| whole.vector.dot(rule));
        let passages: Vec<_> =
            meaning.passages.iter().map(|(index, passage)| (*index, passage.vector.dot(rule))).collect();
        self.meaning_head = passages.iter().find(|&&(index, _)| index == 0).map_or(0.0, |&(_, cosine)| cosine);
        self.meaning_passage = passages.iter().map(|&(_, cosine)| cosine).reduce(f64::max).unwrap_or_default();
    }
}

/// A text as a vector over the terms, and the Euclidean length of that vector.
struct LexicalVector {
    terms: Vec<(usize, f64)>,
    norm: f64,
}

impl LexicalVector {
    /// Builds the vector from the hits of a text of `words` different words. `scratch` is all zeros, one for each term,
    /// before and after.
    fn new<'a>(hits: impl Iterator<Item = &'a Hit>, words: usize, lexicon: &Lexicon, scratch: &mut [f64]) -> Self {
        let mut terms: Vec<(usize, f64)> = Vec::new();
        for hit in hits {
            let Some(count) = scratch.get_mut(hit.term) else { continue };
            if *count <= 0.0 {
                terms.push((hit.term, 0.0));
            }
            *count += hit.strength;
        }
        // Sums depend on the order of their terms in the last bit, so it is fixed.
        terms.sort_unstable_by_key(|&(term, _)| term);
        let mut square = UNMATCHED_WEIGHT * (words as f64).sqrt();
        for (term, component) in &mut terms {
            let count = scratch.get_mut(*term).map(std::mem::take).unwrap_or_default();
            *component = lexicon.terms.get(*term).map_or(0.0, |term| term.weight) * saturated_tf(count);
            square += *component * *component;
        }
        Self { terms, norm: square.sqrt() }
    }

    /// The cosine with a rule.
    fn cosine(&self, rule: &RuleTerms) -> f64 {
        let products = self.terms.iter().filter_map(|&(term, component)| Some(component * component_of(rule, term)?));
        share(products.fold(0.0, |dot, product| dot + product), self.norm * rule.norm)
    }

    /// The cosines with all rules.
    fn cosines(&self, lexicon: &Lexicon, budget: &Budget) -> Result<Vec<f64>> {
        let mut dots = vec![0.0; lexicon.rules.len()];
        let mut visited = self.terms.len() + dots.len();
        for &(term, component) in &self.terms {
            let postings = lexicon.postings.get(term).map(Vec::as_slice).unwrap_or_default();
            visited += postings.len();
            for &(rule, rule_component) in postings {
                if let Some(dot) = dots.get_mut(rule) {
                    *dot += component * rule_component;
                }
            }
        }
        budget.work(visited.div_ceil(POSTINGS_PER_STEP))?;
        for (dot, rule) in dots.iter_mut().zip(&lexicon.rules) {
            *dot = share(*dot, self.norm * rule.norm);
        }
        Ok(dots)
    }
}

/// The component of a rule for a term; None if the rule does not contain it.
fn component_of(rule: &RuleTerms, term: usize) -> Option<f64> {
    let index = rule.terms.binary_search_by_key(&term, |&(rule_term, _)| rule_term).ok()?;
    rule.terms.get(index).map(|&(_, component)| component)
}

/// Rules that have a term of a text, as one step of work: each takes one or two nanoseconds.
const POSTINGS_PER_STEP: usize = 16;

/// Terms of a rule and hits that are looked at for it, as one step of work.
const TERMS_PER_STEP: usize = 16;

/// The features of every rule, in the order of the rules.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn features(matches: &TermMatches, lexicon: &Lexicon, budget: &Budget) -> Result<Vec<Features>> {
    let terms_of_rules: usize = lexicon.rules.iter().map(|rule| rule.terms.len() + rule.label.len()).sum();
    budget.work((lexicon.terms.len() + terms_of_rules + matches.hits.len()) / TERMS_PER_STEP)?;
    let mut scratch = vec![0.0; lexicon.terms.len()];
    let whole = LexicalVector::new(matches.hits.iter(), matches.distinct, lexicon, &mut scratch);
    let passages = passages(matches, lexicon, &mut scratch, budget)?;
    let title_weights = best_title_weights(matches, lexicon);
    let whole_cosines = whole.cosines(lexicon, budget)?;
    let mut found = vec![false; lexicon.terms.len()];
    for &(term, _) in &whole.terms {
        if let Some(found) = found.get_mut(term) {
            *found = true;
        }
    }
    let mut all: Vec<Features> = lexicon
        .rules
        .iter()
        .zip(whole_cosines)
        .zip(passages)
        .map(|((rule, whole), (head, passage))| Features {
            whole,
            passage,
            head,
            title: title(rule, lexicon, &title_weights),
            phrase: 0.0,
            coverage: coverage(rule, &found),
            breadth: breadth(rule, &found),
            ..Features::default()
        })
        .collect();
    phrases(matches, lexicon, &mut all, budget)?;
    Ok(all)
}

/// A window of the document: the index of its first word, its hits, and its number of words.
struct Window<'a> {
    start: usize,
    hits: &'a [Hit],
    words: usize,
}

/// The windows that contain a hit, in order.
fn windows(matches: &TermMatches) -> Vec<Window<'_>> {
    let mut windows = Vec::new();
    let mut rest = matches.hits.as_slice();
    let mut start = 0;
    while let Some(first) = rest.first() {
        // Windows without hits are skipped: the next one is the first that contains the next hit.
        start = start.max(first.index.saturating_sub(WINDOW_WORDS - 1).div_ceil(STRIDE) * STRIDE);
        while start <= first.index {
            let from = rest.partition_point(|hit| hit.index < start);
            let hits = rest.get(from..).unwrap_or_default();
            let hits = hits.get(..hits.partition_point(|hit| hit.index < start + WINDOW_WORDS)).unwrap_or_default();
            windows.push(Window { start, hits, words: matches.words.saturating_sub(start).min(WINDOW_WORDS) });
            start += STRIDE;
        }
        rest = rest.get(rest.partition_point(|hit| hit.index < start)..).unwrap_or_default();
    }
    windows
}

/// For every rule, the cosines with the first window and with the best.
fn passages(matches: &TermMatches, lexicon: &Lexicon, scratch: &mut [f64], budget: &Budget) -> Result<Vec<(f64, f64)>> {
    let mut best = vec![(0.0, 0.0); lexicon.rules.len()];
    for window in windows(matches) {
        budget.work(window.hits.len())?;
        let vector = LexicalVector::new(window.hits.iter(), window.words, lexicon, scratch);
        let cosines = vector.cosines(lexicon, budget)?;
        for ((head, best), cosine) in best.iter_mut().zip(cosines) {
            if window.start == 0 {
                *head = cosine;
            }
            *best = cosine.max(*best);
        }
    }
    Ok(best)
}

/// The weight of a position as a name of the document.
fn title_weight(position: Position) -> f64 {
    match position {
        Position::Title | Position::Opening => 1.0,
        Position::Heading => 0.8,
        Position::LaterHeading => 0.4,
        Position::Running => 0.0,
    }
}

/// The title weight of each term's best position.
fn best_title_weights(matches: &TermMatches, lexicon: &Lexicon) -> Vec<f64> {
    let mut best = vec![0.0_f64; lexicon.terms.len()];
    for hit in &matches.hits {
        if let Some(best) = best.get_mut(hit.term) {
            *best = best.max(title_weight(hit.position));
        }
    }
    for &term in &matches.title_terms {
        if let Some(best) = best.get_mut(term) {
            *best = 1.0;
        }
    }
    best
}

fn title(rule: &RuleTerms, lexicon: &Lexicon, title_weights: &[f64]) -> f64 {
    let named: f64 =
        rule.label.iter().filter_map(|&term| Some(lexicon.terms.get(term)?.weight * title_weights.get(term)?)).sum();
    let share_of_label = share(named, rule.label_mass);
    share_of_label * share_of_label
}

fn coverage(rule: &RuleTerms, found: &[bool]) -> f64 {
    let matched: f64 = rule
        .terms
        .iter()
        .filter(|&&(term, _)| found.get(term).copied().unwrap_or_default())
        .map(|(_, component)| component * component)
        .sum();
    share(matched, rule.norm * rule.norm)
}

fn breadth(rule: &RuleTerms, found: &[bool]) -> f64 {
    let matched = rule.terms.iter().filter(|&&(term, _)| found.get(term).copied().unwrap_or_default()).count() as f64;
    matched / (matched + 2.0)
}

/// The value of a label found word by word outside of any title.
const PHRASE_IN_TEXT: f64 = 0.5;

fn phrases(matches: &TermMatches, lexicon: &Lexicon, all: &mut [Features], budget: &Budget) -> Result<()> {
    let mut rules_by_first_term: Vec<Vec<usize>> = vec![Vec::new(); lexicon.terms.len()];
    for (rule_index, rule) in lexicon.rules.iter().enumerate() {
        if let [first, ..] = rule.label.as_slice()
            && let Some(rules) = rules_by_first_term.get_mut(*first)
        {
            rules.push(rule_index);
        }
    }
    for (index, hit) in matches.hits.iter().enumerate() {
        let rules = rules_by_first_term.get(hit.term).map(Vec::as_slice).unwrap_or_default();
        let mut compared = rules.len();
        for &rule_index in rules {
            let Some(rule) = lexicon.rules.get(rule_index) else { continue };
            if let Some(features) = all.get_mut(rule_index)
                && phrase_value(rule, hit) > features.phrase
            {
                let following = matches.hits.get(index..).unwrap_or_default();
                compared += rule.label.len();
                if begins_label(rule, hit, following) {
                    features.phrase = phrase_value(rule, hit);
                }
            }
        }
        budget.work(compared / TERMS_PER_STEP)?;
    }
    Ok(())
}

/// The value of a label that begins at `hit` word by word.
fn phrase_value(rule: &RuleTerms, hit: &Hit) -> f64 {
    let in_text = if rule.label.len() > 1 { PHRASE_IN_TEXT } else { 0.0 };
    title_weight(hit.position).max(in_text)
}

/// Whether the label begins at `hit` word by word.
fn begins_label(rule: &RuleTerms, hit: &Hit, following: &[Hit]) -> bool {
    let mut rest = following;
    (hit.index..).zip(&rule.label).all(|(index, &term)| {
        let from = rest.iter().take_while(|hit| hit.index < index).count();
        rest = rest.get(from..).unwrap_or_default();
        rest.iter().take_while(|hit| hit.index == index).any(|hit| hit.term == term)
    })
}

/// The value of the label if it begins at `hit` word by word; else 0.
fn phrase(rule: &RuleTerms, hit: &Hit, following: &[Hit]) -> f64 {
    if begins_label(rule, hit, following) { phrase_value(rule, hit) } else { 0.0 }
}

/// Splits the part of a rule's score that comes from words: calls `add` with each hit and its part. The part of the
/// document's title (metadata, not a place on a page) is left out.
pub(super) fn word_parts(
    matches: &TermMatches,
    lexicon: &Lexicon,
    rule_index: usize,
    weights: &FeatureWeights,
    mut add: impl FnMut(&Hit, EvidenceKind, f64),
) {
    let Some(rule) = lexicon.rules.get(rule_index) else { return };
    let mut scratch = vec![0.0; lexicon.terms.len()];
    let mut vector_of = |hits: &[Hit], words: usize| LexicalVector::new(hits.iter(), words, lexicon, &mut scratch);
    let mut distribute = |hits: &[Hit], vector: &LexicalVector, weight: f64, extra: &dyn Fn(f64) -> f64| {
        // The term, its part, and the total strength of its hits; sorted, as the vector is.
        let mut parts: Vec<(usize, f64, f64)> = Vec::new();
        parts.extend(vector.terms.iter().filter_map(|&(term, component)| {
            let rule_component = component_of(rule, term)?;
            let cosine = share(component * rule_component, vector.norm * rule.norm);
            Some((term, weight * cosine + extra(rule_component), 0.0))
        }));
        let position_of =
            |parts: &[(usize, f64, f64)], hit: &Hit| parts.binary_search_by_key(&hit.term, |part| part.0).ok();
        for hit in hits {
            if let Some((.., strength)) = position_of(&parts, hit).and_then(|index| parts.get_mut(index)) {
                *strength += hit.strength;
            }
        }
        for hit in hits {
            if let Some(&(_, part, strength)) = position_of(&parts, hit).and_then(|index| parts.get(index)) {
                add(hit, EvidenceKind::Word, part * share(hit.strength, strength));
            }
        }
    };
    let matched_terms: usize = {
        let mut terms: Vec<_> = matches.hits.iter().map(|hit| hit.term).collect();
        terms.sort_unstable();
        terms.dedup();
        terms.retain(|&term| component_of(rule, term).is_some());
        terms.len()
    };
    let breadth_part = weights.breadth / (matched_terms as f64 + 2.0);
    let square = rule.norm * rule.norm;
    let coverage_part =
        |rule_component: f64| weights.coverage * share(rule_component * rule_component, square) + breadth_part;
    distribute(&matches.hits, &vector_of(&matches.hits, matches.distinct), weights.whole, &coverage_part);
    let no_extra = |_: f64| 0.0;
    let all = windows(matches).into_iter().map(|window| {
        let vector = vector_of(window.hits, window.words);
        (vector.cosine(rule), vector, window)
    });
    let mut best: Option<(f64, LexicalVector, Window<'_>)> = None;
    for (cosine, vector, window) in all {
        if window.start == 0 {
            distribute(window.hits, &vector, weights.head, &no_extra);
        }
        if best.as_ref().is_none_or(|&(best_cosine, ..)| cosine > best_cosine) {
            best = Some((cosine, vector, window));
        }
    }
    if let Some((_, vector, window)) = best {
        distribute(window.hits, &vector, weights.passage, &no_extra);
    }
    name_parts(matches, lexicon, rule, weights, add);
}

/// Splits the part that comes from the features of the label.
fn name_parts(
    matches: &TermMatches,
    lexicon: &Lexicon,
    rule: &RuleTerms,
    weights: &FeatureWeights,
    mut add: impl FnMut(&Hit, EvidenceKind, f64),
) {
    let named = title(rule, lexicon, &best_title_weights(matches, lexicon)).sqrt();
    for &term in &rule.label {
        let hits = matches.hits.iter().filter(|hit| hit.term == term);
        let best =
            hits.reduce(|best, hit| if title_weight(hit.position) > title_weight(best.position) { hit } else { best });
        if let (Some(best), Some(known)) = (best, lexicon.terms.get(term))
            && !matches.title_terms.contains(&term)
        {
            let share_of_label = share(known.weight * title_weight(best.position), rule.label_mass);
            add(best, EvidenceKind::Name, weights.title * named * share_of_label);
        }
    }
    let phrases = matches.hits.iter().enumerate().filter(|(_, hit)| rule.label.first() == Some(&hit.term));
    let phrases = phrases.map(|(index, hit)| (hit, phrase(rule, hit, matches.hits.get(index..).unwrap_or_default())));
    let best = phrases.reduce(|best, next| if next.1 > best.1 { next } else { best });
    if let Some((hit, value)) = best.filter(|&(_, value)| value > 0.0) {
        add(hit, EvidenceKind::Name, weights.phrase * value);
    }
}
