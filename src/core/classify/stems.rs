//! A text as weighted stems, for the examples of rules and what is held against them.

use std::collections::BTreeMap;

use super::attribution::Place;
use super::reading::passages;
use crate::document::{Document, Span};
use crate::text::{Language, Map, Vector, Words, map_for};

/// Words looked at of one text: three pages; what an example is shows by then.
const MAX_WORDS: usize = 2_000;

/// The stems of a text.
#[derive(Debug, Default)]
pub(super) struct Stems {
    /// Every stem with its number, in the order in which they come, and how often it does.
    pub counts: BTreeMap<String, (usize, f64)>,
    /// The content words: where, and the number of the stem.
    places: Vec<(Place, usize)>,
}

/// A stem of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// Its number among those that are known.
    pub stem: usize,
    pub weight: f64,
    /// How often it comes.
    pub count: f64,
}

/// What a text says, to be held against examples.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub direction: Option<Vector>,
    /// The stems that are known. The weights are of Euclidean length 1 when the others are counted too.
    pub bag: Vec<Heard>,
    /// The places of its words, each with the place of its stem in the bag.
    pub places: Vec<(Place, usize)>,
}

impl Told {
    /// Weighs the stems of a text. `look_up` tells the number of a stem, if it is known, and how rare the stem is.
    pub fn new(stems: &Stems, direction: Option<Vector>, look_up: impl Fn(&str) -> (Option<usize>, f64)) -> Self {
        let mut bag = Vec::new();
        let mut in_bag = vec![None; stems.counts.len()];
        let mut square = 0.0;
        for (stem, &(number, count)) in &stems.counts {
            let often = 1.0 + libm::log(count);
            let (known, rarity) = look_up(stem);
            let weight = often * rarity;
            square += weight * weight;
            if let (Some(stem), Some(at)) = (known, in_bag.get_mut(number)) {
                *at = Some(bag.len());
                bag.push(Heard { stem, weight, count });
            }
        }
        let length = square.sqrt();
        for heard in &mut bag {
            heard.weight = ratio(heard.weight, length);
        }
        let place = |&(place, number): &(Place, usize)| Some((place, in_bag.get(number).copied().flatten()?));
        Self { direction, bag, places: stems.places.iter().filter_map(place).collect() }
    }
}

/// `part / whole`, 0 if there is no whole.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl Stems {
    /// Reads a text: stems of `language`, without the stop words of it and of `rules`, the language of the rules.
    pub fn new(document: &Document, language: Language, rules: Language) -> Self {
        let mut stems = Self::default();
        let mut folded = String::new();
        // Of every word the number of its stem, so that one that comes again is not taken apart again; nothing for stop
        // words.
        let mut known: Map<String, Option<usize>> = map_for(document.pages.iter().map(|page| page.text.as_str()));
        let mut left = MAX_WORDS;
        for (page_at, page) in document.pages.iter().enumerate() {
            for passage in passages(page) {
                let mut words = Words::new(passage.span.of(&page.text));
                while left > 0
                    && let Some(range) = words.next_into(&mut folded)
                {
                    left -= 1;
                    let number = known.get(&folded).copied().unwrap_or_else(|| {
                        let says = folded.len() > 1 && !language.is_stop_word(&folded) && !rules.is_stop_word(&folded);
                        let number = says.then(|| stems.number(language.stem(&folded).into_owned()));
                        known.insert(folded.clone(), number);
                        number
                    });
                    if let Some(number) = number {
                        let span =
                            Span { start: passage.span.start + range.start, end: passage.span.start + range.end };
                        stems.places.push(((page_at, span), number));
                    }
                }
            }
        }
        let mut counts = vec![0.0; stems.counts.len()];
        for &(_, number) in &stems.places {
            if let Some(count) = counts.get_mut(number) {
                *count += 1.0;
            }
        }
        for (number, count) in stems.counts.values_mut() {
            *count = counts.get(*number).copied().unwrap_or_default();
        }
        stems
    }

    /// The number of a stem, the next one where it is new.
    fn number(&mut self, stem: String) -> usize {
        let next = self.counts.len();
        self.counts.entry(stem).or_insert((next, 0.0)).0
    }
}
