//! Finds, in one pass over a document, every occurrence of a word of the rules.

use super::glossary;
use super::lexicon::{ForeignTerms, Lexicon, Matches};
use crate::budget::Budget;
use crate::document::{Document, Page, Passage, Role, Span};
use crate::error::Result;
use crate::text::{Language, Map, StopWordCounts, Words, map_for};

/// The maximum number of words read, from the start of the document: some 400 full pages. Far fewer suffice to classify
/// it, and the time of a decision stays bounded (measured: 20 ms natively for this many).
const MAX_WORDS: usize = 200_000;

/// The number of words from which the language is detected.
const LANGUAGE_SAMPLE: usize = 400;

/// The number of content words at the start of a document that can contain its title if no passage is marked as one. In
/// a short text it is the first quarter: the start of one sentence is not a title.
const TITLE_WORDS: usize = 25;

/// The position of a word, which decides whether it names the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Position {
    /// Any other position.
    Running,
    /// A heading after the first page.
    LaterHeading,
    /// A heading on the first page.
    Heading,
    /// The first words of body text or table rows.
    Opening,
    /// A passage that is the title.
    Title,
}

/// A word of the document that matches a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub term: usize,
    /// The strength of the match times the weight of the passage's role.
    pub strength: f64,
    /// The number of content words before it.
    pub index: usize,
    pub position: Position,
    /// Index into the document's pages.
    pub page: usize,
    pub span: Span,
}

/// The matches of a document with the terms of the rules.
#[derive(Debug, Clone)]
pub(super) struct TermMatches {
    /// The language the document was read in; see [`language`].
    pub language: Language,
    /// The hits in document order.
    pub hits: Vec<Hit>,
    /// The number of content words read.
    pub words: usize,
    /// The number of different content words.
    pub distinct: usize,
    /// The terms in the document's title (metadata, not text of a page).
    pub title_terms: Vec<usize>,
}

/// The weight of a word in a passage with this role: quotations and page margins are about other things too.
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

/// The passages of a page that characterise it; the whole text as one if none are marked. The header fields of a mail
/// are left out: the address it was sent to (`claims@`) is that of every mail of that mailbox.
pub(super) fn passages(page: &Page) -> impl Iterator<Item = Passage> + '_ {
    let whole = Passage { span: Span { start: 0, end: page.text.len() }, role: Role::Body };
    let all = page.passages.iter().copied().chain(page.passages.is_empty().then_some(whole));
    all.filter(|passage| passage.role != Role::Header)
}

/// How many times faster the hash of a text is than a pass over it.
const HASHED_BYTES: usize = 16;

/// The work of a word, of a word that was not read before, and of a match, in steps.
const WORD_STEPS: usize = 2;
const NEW_WORD_STEPS: usize = 20;
const HITS_PER_STEP: usize = 4;

/// The number of hits whose memory is charged at once. A passage can have as many hits as a document.
const CHARGED_HITS: usize = 1_000;

/// The memory of a hit with its part of the explanation, and of a word, in bytes.
const HIT_BYTES: usize = 96;
const WORD_BYTES: usize = 80;

impl TermMatches {
    /// Reads `document`. `hint` is its language if the caller knows it.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(document: &Document, lexicon: &Lexicon, hint: Option<Language>, budget: &Budget) -> Result<Self> {
        for page in &document.pages {
            budget.pass_over(page.text.len() / HASHED_BYTES)?;
        }
        let language = language(document, lexicon, hint);
        let mut dictionary = Dictionary::new(document, lexicon, language, budget)?;
        let mut held = budget.hold(0)?;
        let mut found = Self { language, hits: Vec::new(), words: 0, distinct: 0, title_terms: Vec::new() };
        let mut folded = String::new();
        let mut title = Words::new(document.title.as_deref().unwrap_or_default());
        for _ in 0..TITLE_WORDS {
            if title.next_into(&mut folded).is_none() {
                break;
            }
            found.title_terms.extend(dictionary.look_up(&folded).matches.iter().map(|&(term, _)| term));
        }
        let (mut remaining, mut next_charge) = (MAX_WORDS, 0);
        'document: for (page_index, page) in document.pages.iter().enumerate() {
            for passage in passages(page) {
                let strength = role_weight(passage.role);
                let text = passage.span.of(&page.text);
                let before = (remaining, dictionary.entries.len(), found.hits.len());
                let mut words = Words::new(text);
                while let Some(range) = words.next_into(&mut folded) {
                    remaining = remaining.saturating_sub(1);
                    if remaining == 0 {
                        break;
                    }
                    let entry = dictionary.look_up(&folded);
                    if entry.is_stop {
                        continue;
                    }
                    found.distinct += usize::from(!std::mem::replace(&mut entry.seen, true));
                    let position = match passage.role {
                        Role::Quote | Role::Signature | Role::Margin | Role::Header => Position::Running,
                        Role::Title => Position::Title,
                        Role::Heading if found.words < TITLE_WORDS => Position::Title,
                        _ if found.words < TITLE_WORDS => Position::Opening,
                        Role::Heading if page_index == 0 => Position::Heading,
                        Role::Heading => Position::LaterHeading,
                        Role::Body | Role::TableRow => Position::Running,
                    };
                    let span = Span { start: passage.span.start + range.start, end: passage.span.start + range.end };
                    found.hits.extend(entry.matches.iter().map(|&(term, match_strength)| Hit {
                        term,
                        strength: strength * match_strength,
                        index: found.words,
                        position,
                        page: page_index,
                        span,
                    }));
                    found.words += 1;
                    if found.hits.len() > next_charge {
                        held.grow(HIT_BYTES * CHARGED_HITS)?;
                        next_charge += CHARGED_HITS;
                    }
                }
                budget.pass_over(text.len())?;
                let (new_words, hits) = (dictionary.entries.len() - before.1, found.hits.len() - before.2);
                held.grow(WORD_BYTES * new_words)?;
                budget.work(
                    WORD_STEPS * (before.0 - remaining) + NEW_WORD_STEPS * new_words + hits.div_ceil(HITS_PER_STEP),
                )?;
                if remaining == 0 {
                    break 'document;
                }
            }
        }
        let opening = TITLE_WORDS.min(found.words.div_ceil(4));
        for hit in &mut found.hits {
            if hit.position == Position::Opening && hit.index >= opening {
                hit.position = Position::Running;
            }
        }
        Ok(found)
    }
}

/// The language that `document` is read in: the caller's hint, else the detected language, else that of the rules.
pub(super) fn language(document: &Document, lexicon: &Lexicon, hint: Option<Language>) -> Language {
    hint.or_else(|| detect(document)).unwrap_or(lexicon.language)
}

/// Detects the language of the first words by their stop words, or by the business glossary if there are no sentences.
fn detect(document: &Document) -> Option<Language> {
    let mut stop_words = StopWordCounts::default();
    sample(document, |word| stop_words.count(word));
    stop_words.most_frequent().or_else(|| {
        let mut words = Vec::with_capacity(LANGUAGE_SAMPLE);
        sample(document, |word| words.push(word.to_owned()));
        glossary::guess(&words)
    })
}

/// Calls `visit` with the first words, folded.
fn sample(document: &Document, mut visit: impl FnMut(&str)) {
    let mut folded = String::new();
    let mut remaining = LANGUAGE_SAMPLE;
    for page in &document.pages {
        for passage in passages(page) {
            if remaining == 0 {
                return;
            }
            let mut words = Words::new(passage.span.of(&page.text));
            while remaining > 0 && words.next_into(&mut folded).is_some() {
                remaining -= 1;
                visit(&folded);
            }
        }
    }
}

/// The cached entry of a folded word.
#[derive(Debug, Default)]
struct WordEntry {
    is_stop: bool,
    seen: bool,
    matches: Matches,
}

struct Dictionary<'a> {
    lexicon: &'a Lexicon,
    language: Language,
    foreign: Option<&'a ForeignTerms>,
    entry_indices: Map<String, usize>,
    entries: Vec<WordEntry>,
    empty_entry: WordEntry,
}

impl<'a> Dictionary<'a> {
    fn new(document: &Document, lexicon: &'a Lexicon, language: Language, budget: &Budget) -> Result<Self> {
        let foreign = if language == lexicon.language { None } else { lexicon.foreign_terms(language, budget)? };
        let entry_indices = map_for(document.pages.iter().map(|page| page.text.as_str()));
        Ok(Self { lexicon, language, foreign, entry_indices, entries: Vec::new(), empty_entry: WordEntry::default() })
    }

    fn look_up(&mut self, word: &str) -> &mut WordEntry {
        // The map has indices, so that a known word costs one look-up and no allocation.
        let index = match self.entry_indices.get(word) {
            Some(&index) => index,
            None => {
                let entry = self.new_entry(word);
                self.entries.push(entry);
                let index = self.entries.len() - 1;
                self.entry_indices.insert(word.to_owned(), index);
                index
            }
        };
        self.entries.get_mut(index).unwrap_or(&mut self.empty_entry)
    }

    fn new_entry(&self, word: &str) -> WordEntry {
        let short = word.is_ascii() && word.len() < 2;
        let is_stop =
            self.language.is_stop_word(word) || self.foreign.is_some() && self.lexicon.language.is_stop_word(word);
        if short || is_stop {
            return WordEntry { is_stop: true, ..WordEntry::default() };
        }
        let mut matches: Matches = self.lexicon.find(word).map(|term| (term, 1.0)).into_iter().collect();
        if let Some(foreign) = self.foreign.filter(|_| matches.is_empty()) {
            matches.extend(foreign.matches(word));
            if matches.is_empty() {
                matches.extend(foreign.matches(&self.language.stem(word)));
            }
        }
        WordEntry { matches, ..WordEntry::default() }
    }
}
