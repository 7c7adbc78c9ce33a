//! Why, in words and places. Nothing is said here that was not found.

use super::Evidence;
use super::features::Features;
use super::reading::{Hit, Place, Reading};
use super::rules::{Lexicon, Prepared};
use super::score::{Verdict, rounded};
use crate::document::{Document, Page};

/// At most this many pieces of evidence: more than anyone reads, and a bound on the answer's size.
const MAX_EVIDENCE: usize = 24;

/// Places shown of one word; the rest says the same again.
const PLACES_A_WORD: usize = 3;

/// Words named in the reasoning.
const WORDS_NAMED: usize = 6;

/// The longest quotation, in characters: about two lines.
const MAX_QUOTE_CHARS: usize = 160;

/// Everything a decision was made from.
pub(super) struct Case<'a> {
    pub document: &'a Document,
    pub labels: &'a [String],
    pub lexicon: &'a Lexicon,
    pub reading: &'a Reading,
    /// Rules by index with their scores, best first.
    pub ranked: &'a [(usize, f64)],
    pub verdict: Verdict,
}

impl Case<'_> {
    /// The sentences and the places, for the best rule, whose features are `winning`.
    pub fn explain(&self, winning: &Features) -> (String, Vec<Evidence>) {
        let best = self
            .ranked
            .first()
            .and_then(|&(at, score)| Some((self.labels.get(at)?.as_str(), self.lexicon.rules.get(at)?, score)));
        let Some((label, rule, score)) = best else {
            return ("There are no rules to match.".to_owned(), Vec::new());
        };
        if self.reading.words == 0 {
            return ("The document has no words to match.".to_owned(), Vec::new());
        }
        let shares = self.shares(rule);
        let evidence = self.evidence(label, &shares);
        let mut sentences = Vec::new();
        if self.verdict.is_null {
            sentences.push("No rule matches well enough.".to_owned());
            if score <= 0.0 {
                sentences.push("No word of any rule was found.".to_owned());
                return (sentences.join(" "), evidence);
            }
            sentences.push(format!("The nearest is \"{label}\" with a score of {score:.2}."));
        } else {
            sentences.push(format!("Matches \"{label}\" with a score of {score:.2}."));
        }
        if winning.title > 0.0
            && let Some(named) = self.title_words(rule)
        {
            sentences.push(named);
        }
        if let Some(words) = self.named(&evidence) {
            sentences.push(words);
        }
        if let Some((page, quote)) = self.quote(&shares) {
            sentences.push(format!("Best passage: \"{quote}\" (page {page})."));
        }
        if self.verdict.is_null {
            sentences.extend(self.missing(rule));
        } else {
            sentences.extend(self.lead(score));
        }
        (sentences.join(" "), evidence)
    }

    /// Each term's share of the rule's score, by term: its component of the rule times how much the document uses it.
    fn shares(&self, rule: &Prepared) -> Vec<(usize, f64)> {
        let mut used = vec![0.0_f64; self.lexicon.terms.len()];
        for hit in &self.reading.hits {
            if let Some(used) = used.get_mut(hit.term) {
                *used += hit.strength;
            }
        }
        let mut shares: Vec<(usize, f64)> = rule
            .terms
            .iter()
            .filter_map(|&(term, component)| {
                let used = *used.get(term)?;
                let weight = self.lexicon.terms.get(term)?.weight;
                (used > 0.0).then(|| (term, component * weight * super::rules::damped(used)))
            })
            .collect();
        let whole: f64 = shares.iter().map(|(_, share)| share).sum();
        for (_, share) in &mut shares {
            *share = if whole > 0.0 { *share / whole } else { 0.0 };
        }
        shares
    }

    /// The places of the rule's words, weightiest first. A word's share is split over the places shown of it.
    fn evidence(&self, label: &str, shares: &[(usize, f64)]) -> Vec<Evidence> {
        let mut places: Vec<Vec<&Hit>> = vec![Vec::new(); self.lexicon.terms.len()];
        for hit in &self.reading.hits {
            let Some(places) = places.get_mut(hit.term) else { continue };
            // A place in a title is worth showing more than an earlier one in the text.
            if places.len() < PLACES_A_WORD {
                places.push(hit);
            } else if let Some(last) = places.last_mut().filter(|last| last.place < hit.place) {
                *last = hit;
            }
        }
        let mut all = Vec::new();
        for &(term, share) in shares {
            let Some(places) = places.get(term) else { continue };
            for hit in places {
                let Some(page) = self.document.pages.get(hit.page) else { continue };
                all.push(Evidence {
                    page: page.number,
                    span: hit.span,
                    text: hit.span.of(&page.text).to_owned(),
                    rule: label.to_owned(),
                    weight: rounded(share / places.len() as f64),
                });
            }
        }
        all.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.page, a.span).cmp(&(b.page, b.span))));
        // Two terms can share a place (a translation of both); the weightier stays.
        let mut kept: Vec<Evidence> = Vec::with_capacity(MAX_EVIDENCE);
        for piece in all {
            if kept.len() == MAX_EVIDENCE {
                break;
            }
            if !kept.iter().any(|known| (known.page, known.span) == (piece.page, piece.span)) {
                kept.push(piece);
            }
        }
        kept
    }

    /// "Words found: ..." with places, each spelling once.
    fn named(&self, evidence: &[Evidence]) -> Option<String> {
        let mut seen: Vec<String> = Vec::new();
        let mut named = Vec::new();
        for piece in evidence {
            let folded = crate::text::fold(&piece.text);
            if seen.contains(&folded) {
                continue;
            }
            seen.push(folded);
            named.push(self.at(piece));
            if named.len() == WORDS_NAMED {
                break;
            }
        }
        (!named.is_empty()).then(|| format!("Words found: {}.", named.join(", ")))
    }

    /// `"Invoice" (page 1, characters 0-7)`.
    fn at(&self, piece: &Evidence) -> String {
        let page = self.document.pages.iter().find(|page| page.number == piece.page);
        let start = page.and_then(|page| page.text.get(..piece.span.start)).map_or(0, |before| before.chars().count());
        let end = start + piece.text.chars().count();
        format!("\"{}\" (page {}, characters {start}-{end})", piece.text, piece.page)
    }

    /// Which words of the label stand where documents say what they are.
    fn title_words(&self, rule: &Prepared) -> Option<String> {
        let first = self
            .reading
            .hits
            .iter()
            .find(|hit| hit.place != Place::Running && rule.label.contains(&hit.term))
            .and_then(|hit| Some((hit, self.document.pages.get(hit.page)?)));
        if let Some((hit, page)) = first {
            let what = match hit.place {
                Place::Title => "The title",
                Place::Opening => "The opening",
                Place::Heading | Place::LaterHeading | Place::Running => "A heading",
            };
            return Some(format!("{what} names it: \"{}\" (page {}).", line(page, hit), page.number));
        }
        let title = self.document.title.as_deref()?;
        let named = self.reading.titled.iter().any(|term| rule.label.contains(term));
        named.then(|| format!("The document's own title names it: \"{}\".", cut(title, 0)))
    }

    /// The line of the document in which the rule's words weigh most.
    fn quote(&self, shares: &[(usize, f64)]) -> Option<(u32, String)> {
        let mut share_of = vec![0.0; self.lexicon.terms.len()];
        for &(term, share) in shares {
            if let Some(of) = share_of.get_mut(term) {
                *of = share;
            }
        }
        let mut best: Option<(f64, &Hit)> = None;
        let mut line_hits: Vec<usize> = Vec::new();
        let mut line_end = (usize::MAX, 0);
        let mut line_first: Option<&Hit> = None;
        let mut sum = 0.0;
        for hit in self.reading.hits.iter().filter(|hit| share_of.get(hit.term).is_some_and(|&share| share > 0.0)) {
            let Some(page) = self.document.pages.get(hit.page) else { continue };
            if (hit.page, hit.span.start) >= line_end || hit.page != line_end.0 {
                let rest = page.text.get(hit.span.start..).unwrap_or_default();
                let length = rest.find('\n').unwrap_or(rest.len());
                line_end = (hit.page, hit.span.start + length);
                line_first = Some(hit);
                line_hits.clear();
                sum = 0.0;
            }
            if !line_hits.contains(&hit.term) {
                line_hits.push(hit.term);
                sum += share_of.get(hit.term).copied().unwrap_or_default();
                if let Some(first) = line_first
                    && best.is_none_or(|(most, _)| rounded(sum) > rounded(most))
                {
                    best = Some((sum, first));
                }
            }
        }
        let (_, first) = best?;
        let page = self.document.pages.get(first.page)?;
        Some((page.number, line(page, first)))
    }

    /// The lead over the second rule.
    fn lead(&self, score: f64) -> Option<String> {
        let &(second, other) = self.ranked.get(1)?;
        let label = self.labels.get(second)?;
        Some(if score > other {
            format!("Ahead of \"{label}\" by {:.2}.", score - other)
        } else {
            format!("Level with \"{label}\", which comes later in the rules.")
        })
    }

    /// The weightiest words of the rule that the document lacks.
    fn missing(&self, rule: &Prepared) -> Option<String> {
        let mut missing: Vec<(usize, f64)> = rule
            .terms
            .iter()
            .copied()
            .filter(|&(term, _)| !self.reading.hits.iter().any(|hit| hit.term == term))
            .collect();
        missing.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let words: Vec<_> = missing
            .iter()
            .take(WORDS_NAMED)
            .filter_map(|&(term, _)| Some(format!("\"{}\"", self.lexicon.terms.get(term)?.word)))
            .collect();
        (!words.is_empty()).then(|| format!("Not found: {}.", words.join(", ")))
    }
}

/// The line a hit stands in; a longer one from a little before the hit, cut at words.
fn line(page: &Page, hit: &Hit) -> String {
    let before = page.text.get(..hit.span.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = page.text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    cut(line, hit.span.start.saturating_sub(start))
}

/// At most [`MAX_QUOTE_CHARS`] characters of `line`, cut at words, with byte `at` inside.
fn cut(line: &str, at: usize) -> String {
    let trimmed = line.trim();
    if trimmed.chars().count() <= MAX_QUOTE_CHARS {
        return trimmed.to_owned();
    }
    let from = if line.get(..at).is_some_and(|before| before.chars().count() > MAX_QUOTE_CHARS / 2) { at } else { 0 };
    let rest = line.get(from..).unwrap_or(line).trim_start();
    let Some((end, _)) = rest.char_indices().nth(MAX_QUOTE_CHARS) else { return rest.trim_end().to_owned() };
    let piece = rest.get(..end).unwrap_or(rest);
    let whole_words = piece.rfind(char::is_whitespace).and_then(|end| piece.get(..end));
    whole_words.map(str::trim_end).filter(|words| !words.is_empty()).unwrap_or(piece).to_owned()
}
