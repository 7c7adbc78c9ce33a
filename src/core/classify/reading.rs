//! One walk over a document: every place where it uses a word of the rules.

use super::glossary;
use super::rules::{Lexicon, Matches};
use crate::document::{Document, Page, Passage, Role, Span};
use crate::text::{Language, Map, StopWords, Words, map_for};

/// Words looked at, from the start of the document: some 400 full pages. What a document is shows long before, and
/// the time of a decision stays bounded (measured: 20 ms natively for this many).
const MAX_WORDS: usize = 200_000;

/// Words the language is guessed from.
const LANGUAGE_SAMPLE: usize = 400;

/// The content words at the start of a document that can carry its title where no passage is marked as one. In a short
/// text it is the first quarter: the opening of one sentence is no title.
const TITLE_WORDS: usize = 25;

/// Where a word stands, for the question whether it names the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Anywhere else.
    Running,
    /// A heading after the first page.
    LaterHeading,
    /// A heading on the first page.
    Heading,
    /// The first words, whatever they are.
    Opening,
    /// A passage that is the title.
    Title,
}

/// A word of the document that speaks for a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub term: usize,
    /// How strongly: that of the match times that of the passage's role.
    pub strength: f64,
    /// How many content words came before.
    pub at: usize,
    pub place: Place,
    /// Index into the document's pages.
    pub page: usize,
    pub span: Span,
}

/// What the walk found.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The language it was read in: what the caller said, what was detected, or else that of the rules.
    pub language: Language,
    /// In document order.
    pub hits: Vec<Hit>,
    /// Content words looked at.
    pub words: usize,
    /// Different ones among them.
    pub distinct: usize,
    /// Terms the document's own title (metadata, not text of a page) holds.
    pub titled: Vec<usize>,
}

/// How much a word counts for what its passage is: quotations and page margins speak of other things too.
fn role_weight(role: Role) -> f64 {
    match role {
        Role::Title => 2.0,
        Role::Heading => 1.5,
        Role::Body | Role::TableRow => 1.0,
        Role::Quote | Role::Margin => 0.5,
        Role::Signature => 0.3,
        Role::Header => 0.0,
    }
}

/// The passages of a page that say what it is; all its text as one where nothing marked any. The header fields of a mail do
/// not: the address it was sent to (`claims@`) is that of every mail of that mailbox.
pub(super) fn passages(page: &Page) -> impl Iterator<Item = Passage> + '_ {
    let whole = Passage { span: Span { start: 0, end: page.text.len() }, role: Role::Body };
    let all = page.passages.iter().copied().chain(page.passages.is_empty().then_some(whole));
    all.filter(|passage| passage.role != Role::Header)
}

impl Reading {
    /// Walks over `document`. `hint` is its language where the caller knows it.
    pub fn new(document: &Document, lexicon: &Lexicon, hint: Option<Language>) -> Self {
        let language = language(document, lexicon, hint);
        let mut dictionary = Dictionary::new(document, lexicon, language);
        let mut reading = Self { language, hits: Vec::new(), words: 0, distinct: 0, titled: Vec::new() };
        let mut folded = String::new();
        let mut title = Words::new(document.title.as_deref().unwrap_or_default());
        for _ in 0..TITLE_WORDS {
            if title.next_into(&mut folded).is_none() {
                break;
            }
            reading.titled.extend(dictionary.look_up(&folded).matches.iter().map(|&(term, _)| term));
        }
        let mut left = MAX_WORDS;
        'document: for (page_at, page) in document.pages.iter().enumerate() {
            for passage in passages(page) {
                let strength = role_weight(passage.role);
                let mut words = Words::new(passage.span.of(&page.text));
                while let Some(range) = words.next_into(&mut folded) {
                    left = left.saturating_sub(1);
                    if left == 0 {
                        break 'document;
                    }
                    let entry = dictionary.look_up(&folded);
                    if entry.is_stop {
                        continue;
                    }
                    reading.distinct += usize::from(!std::mem::replace(&mut entry.seen, true));
                    let place = match passage.role {
                        Role::Quote | Role::Signature | Role::Margin | Role::Header => Place::Running,
                        Role::Title => Place::Title,
                        Role::Heading if reading.words < TITLE_WORDS => Place::Title,
                        _ if reading.words < TITLE_WORDS => Place::Opening,
                        Role::Heading if page_at == 0 => Place::Heading,
                        Role::Heading => Place::LaterHeading,
                        Role::Body | Role::TableRow => Place::Running,
                    };
                    let span = Span { start: passage.span.start + range.start, end: passage.span.start + range.end };
                    reading.hits.extend(entry.matches.iter().map(|&(term, match_strength)| Hit {
                        term,
                        strength: strength * match_strength,
                        at: reading.words,
                        place,
                        page: page_at,
                        span,
                    }));
                    reading.words += 1;
                }
            }
        }
        let opening = TITLE_WORDS.min(reading.words.div_ceil(4));
        for hit in &mut reading.hits {
            if hit.place == Place::Opening && hit.at >= opening {
                hit.place = Place::Running;
            }
        }
        reading
    }
}

/// The language that `document` is read in: what the caller said, what is detected, or else that of the rules.
pub(super) fn language(document: &Document, lexicon: &Lexicon, hint: Option<Language>) -> Language {
    hint.or_else(|| detect(document)).unwrap_or(lexicon.language)
}

/// The language of the first words, by their stop words, or by the words of business where there are no sentences.
fn detect(document: &Document) -> Option<Language> {
    let mut stop_words = StopWords::default();
    sample(document, |word| stop_words.count(word));
    stop_words.leader().or_else(|| {
        let mut words = Vec::with_capacity(LANGUAGE_SAMPLE);
        sample(document, |word| words.push(word.to_owned()));
        glossary::guess(&words)
    })
}

/// Calls `see` with the first words, folded.
fn sample(document: &Document, mut see: impl FnMut(&str)) {
    let mut folded = String::new();
    let mut left = LANGUAGE_SAMPLE;
    for page in &document.pages {
        for passage in passages(page) {
            let mut words = Words::new(passage.span.of(&page.text));
            while left > 0 && words.next_into(&mut folded).is_some() {
                left -= 1;
                see(&folded);
            }
        }
    }
}

/// What is known of a folded word: looked up once, however often it comes.
#[derive(Debug, Default)]
struct Known {
    is_stop: bool,
    seen: bool,
    matches: Matches,
}

struct Dictionary<'a> {
    lexicon: &'a Lexicon,
    language: Language,
    foreign: Option<Map<String, Matches>>,
    places: Map<String, usize>,
    known: Vec<Known>,
    nothing: Known,
}

impl<'a> Dictionary<'a> {
    fn new(document: &Document, lexicon: &'a Lexicon, language: Language) -> Self {
        let foreign = (language != lexicon.language).then(|| lexicon.foreign(language));
        let places = map_for(document.pages.iter().map(|page| page.text.as_str()));
        Self { lexicon, language, foreign, places, known: Vec::new(), nothing: Known::default() }
    }

    fn look_up(&mut self, word: &str) -> &mut Known {
        // A map of indices, so that a known word costs one look-up and no allocation.
        let at = match self.places.get(word) {
            Some(&at) => at,
            None => {
                let known = self.read(word);
                self.known.push(known);
                let at = self.known.len() - 1;
                self.places.insert(word.to_owned(), at);
                at
            }
        };
        self.known.get_mut(at).unwrap_or(&mut self.nothing)
    }

    fn read(&self, word: &str) -> Known {
        let short = word.is_ascii() && word.len() < 2;
        let is_stop =
            self.language.is_stop_word(word) || self.foreign.is_some() && self.lexicon.language.is_stop_word(word);
        if short || is_stop {
            return Known { is_stop: true, ..Known::default() };
        }
        let mut matches: Matches = self.lexicon.find(word).map(|term| (term, 1.0)).into_iter().collect();
        if let Some(foreign) = self.foreign.as_ref().filter(|_| matches.is_empty()) {
            let found = foreign.get(word).or_else(|| foreign.get(&*self.language.stem(word)));
            matches.extend(found.into_iter().flatten());
        }
        Known { matches, ..Known::default() }
    }
}
