//! What a few examples tell: documents that are much like one of them are of its rule.
//!
//! Used while some rule has fewer than [`super::examples::ENOUGH_EXAMPLES`], as after the first correction. Every rule is
//! scored as without examples, and the nearest example of a rule adds to that rule's score: nothing up to a likeness of
//! [`THRESHOLD`], then with its square, up to [`MOST`]. So an example changes nothing for documents that it does not
//! resemble, and gives its rule those that are nearly it.
//!
//! The likeness is the mean of two cosines, that of the directions and that of the words; of the words alone if the
//! embedding table does not know the language of either text.

use super::RuleSet;
use super::attribution::Place;
use super::background;
use super::meaning::{Meaning, RuleDirections};
use super::reading;
use super::rules::Lexicon;
use super::stems::{Heard, Stems, Told};
use crate::document::Document;
use crate::text::{Language, Map, Vector};

/// A likeness of this much says nothing. Of the pairs of texts with different labels, 0 to 0.9 in 100 are more alike in
/// eleven of the seventeen sets that were measured; 1.3 to 8.8 in 100 in those that are made of the same phrases: contracts,
/// office mail, spoken commands. Of the pairs with the same label up to 60 in 100 are.
const THRESHOLD: f64 = 0.45;

/// What a text adds that is the example, in the log-odds of the score. The most that words and meaning add to any score is
/// 17, so that the label of a corrected document holds whatever the document says, and that of one that is nearly it
/// (a likeness of 0.87). `src/train/README.md` has what was measured.
const MOST: f64 = 30.0;

/// The examples of a rule set, each by itself.
#[derive(Debug, Clone)]
pub(super) struct Neighbours {
    /// The language of the rules.
    language: Language,
    /// The number of each stem of the examples.
    stems: Map<String, usize>,
    /// In the order of the rules.
    examples: Vec<Example>,
    /// How many rules there are.
    rules: usize,
}

#[derive(Debug, Clone)]
struct Example {
    rule: usize,
    direction: Option<Vector>,
    words: Vec<Heard>,
}

/// The example of a rule that is most like a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Nearest {
    example: usize,
    /// What it adds to the rule's score: more than 0.
    pub addition: f64,
    /// What of that each unit of the cosine in meaning is worth.
    pub meaning: f64,
    /// The same of the cosine in words.
    pub words: f64,
}

/// A document beside the examples.
#[derive(Debug, Clone)]
pub(super) struct Compared {
    told: Told,
    /// For every rule the example that speaks for it, if one does.
    pub nearest: Vec<Option<Nearest>>,
}

impl Compared {
    /// What the examples add to the score of a rule; 0 if none of them is like the document.
    pub fn addition(&self, rule: usize) -> f64 {
        self.nearest(rule).map_or(0.0, |nearest| nearest.addition)
    }

    /// The example that speaks for a rule; None if none does.
    pub fn nearest(&self, rule: usize) -> Option<&Nearest> {
        self.nearest.get(rule)?.as_ref()
    }
}

impl Neighbours {
    /// The examples of `rules`; None if there are none. `hint` is the language of texts if the caller knows it.
    pub fn new(
        rules: &RuleSet,
        lexicon: &Lexicon,
        directions: &RuleDirections,
        hint: Option<Language>,
    ) -> Option<Self> {
        let texts =
            rules.rules.iter().enumerate().flat_map(|(at, rule)| rule.examples.iter().map(move |text| (at, text)));
        let read: Vec<_> = texts
            .map(|(rule, text)| {
                let document = Document::plain(text);
                let language = reading::language(&document, lexicon, hint);
                let stems = Stems::new(&document, language, lexicon.language);
                let known = language == Language::English && lexicon.language == Language::English;
                let meaning = known.then(|| Meaning::new(&document, &directions.background));
                (rule, language, stems, meaning.and_then(|meaning| meaning.direction()))
            })
            .collect();
        if read.is_empty() {
            return None;
        }
        let mut stems: Map<String, usize> = Map::default();
        for stem in read.iter().flat_map(|(_, _, stems, _)| stems.counts.keys()) {
            let next = stems.len();
            stems.entry(stem.clone()).or_insert(next);
        }
        let example = |(rule, language, text, direction): (usize, Language, Stems, Option<Vector>)| {
            let Told { direction, bag, .. } = told(&stems, &text, direction, language);
            Example { rule, direction, words: bag }
        };
        let examples = read.into_iter().map(example).collect();
        Some(Self { language: lexicon.language, stems, examples, rules: rules.rules.len() })
    }

    /// Holds a document beside the examples. `language` is the one it was read in.
    pub fn compare(&self, document: &Document, language: Language, meaning: Option<&Meaning>) -> Compared {
        let text = Stems::new(document, language, self.language);
        let told = told(&self.stems, &text, meaning.and_then(Meaning::direction), language);
        let mut weights = vec![0.0; self.stems.len()];
        for heard in &told.bag {
            if let Some(weight) = weights.get_mut(heard.stem) {
                *weight = heard.weight;
            }
        }
        let mut nearest: Vec<Option<Nearest>> = vec![None; self.rules];
        for (at, example) in self.examples.iter().enumerate() {
            let Some(best) = nearest.get_mut(example.rule) else { continue };
            let shared =
                example.words.iter().map(|heard| heard.weight * weights.get(heard.stem).copied().unwrap_or(0.0));
            let words: f64 = shared.sum();
            let meaning = example.direction.as_ref().zip(told.direction.as_ref()).map(|(own, other)| own.dot(other));
            let likeness = meaning.map_or(words, |meaning| (meaning + words) / 2.0);
            let addition = addition(likeness);
            if addition > 0.0 && best.is_none_or(|best| addition > best.addition) {
                let unit = addition / likeness;
                let (meaning, words) = if meaning.is_some() { (unit / 2.0, unit / 2.0) } else { (0.0, unit) };
                *best = Some(Nearest { example: at, addition, meaning, words });
            }
        }
        Compared { told, nearest }
    }

    /// The direction of the example that is `nearest`.
    pub fn direction(&self, nearest: &Nearest) -> Option<&Vector> {
        self.examples.get(nearest.example)?.direction.as_ref()
    }

    /// What each word of the document adds to its cosine in words with the example that is `nearest`: calls `add` with the
    /// places.
    pub fn word_parts(&self, compared: &Compared, nearest: &Nearest, mut add: impl FnMut(Place, f64)) {
        let Some(example) = self.examples.get(nearest.example) else { return };
        let own: Map<usize, f64> = example.words.iter().map(|heard| (heard.stem, heard.weight)).collect();
        for &(place, at) in &compared.told.places {
            let heard = compared.told.bag.get(at).and_then(|heard| Some((heard, own.get(&heard.stem)?)));
            if let Some((heard, own)) = heard {
                add(place, heard.weight * own / heard.count);
            }
        }
    }
}

/// What a text of this likeness to an example adds to the score of its rule.
fn addition(likeness: f64) -> f64 {
    let above = ((likeness - THRESHOLD) / (1.0 - THRESHOLD)).max(0.0);
    MOST * above * above
}

/// What a text in `language` says. How rare a stem is in general text is known of English alone; elsewhere all weigh the
/// same.
fn told(known: &Map<String, usize>, stems: &Stems, direction: Option<Vector>, language: Language) -> Told {
    Told::new(stems, direction, |stem| {
        let rarity = if language == Language::English { background::rarity(stem) } else { 1.0 };
        (known.get(stem).copied(), rarity)
    })
}
