//! Why, in words and places. Nothing is said here that was not found.

use std::collections::BTreeMap;

use super::attribution::{Attribution, Kind, Place};
use super::reading;
use super::rules::Prepared;
use super::score::{Verdict, rounded};
use super::{Change, Classifier, Evidence, RunnerUp, View};
use crate::document::{Document, Page, Span};

/// At most this many pieces of evidence: more than anyone reads, and a bound on the answer's size.
const MAX_EVIDENCE: usize = 24;

/// Places shown of one word; the rest says the same again.
const PLACES_A_WORD: usize = 3;

/// Words named in the reasoning, and words that are missing.
const WORDS_NAMED: usize = 6;

/// The longest quotation, in characters: about two lines.
const MAX_QUOTE_CHARS: usize = 160;

/// Everything a decision was made from.
pub(super) struct Case<'a> {
    pub document: &'a Document,
    pub classifier: &'a Classifier,
    pub view: &'a View,
    /// Rules by index with their scores, best first.
    pub ranked: &'a [(usize, f64)],
    pub verdict: Verdict,
}

/// What is said of a decision.
#[derive(Debug, Default)]
pub(super) struct Explanation {
    pub reasoning: String,
    pub evidence: Vec<Evidence>,
    pub constant: f64,
    pub rest: f64,
    pub runner_up: Option<RunnerUp>,
    pub change: Option<Change>,
}

impl Case<'_> {
    /// The sentences and the places, for the best rule.
    pub fn explain(&self) -> Explanation {
        let best = self.ranked.first().and_then(|&(at, score)| {
            Some((at, self.classifier.labels.get(at)?.as_str(), self.classifier.lexicon.rules.get(at)?, score))
        });
        let Some((at, label, rule, score)) = best else {
            return Explanation { reasoning: "There are no rules to match.".to_owned(), ..Explanation::default() };
        };
        let attribution = Attribution::new(self.classifier, self.view, at);
        let constant = rounded(attribution.constant);
        let places = attribution.places();
        let evidence = self.evidence(label, &places);
        let shown: f64 = evidence.iter().map(|piece| piece.weight).sum();
        let mut explanation = Explanation {
            constant,
            rest: rounded(score - constant - shown),
            runner_up: self.runner_up(score),
            change: self.change(at),
            evidence,
            reasoning: String::new(),
        };
        explanation.reasoning = self.sentences(label, rule, score, &explanation, &places).join(" ");
        explanation
    }

    fn sentences(
        &self,
        label: &str,
        rule: &Prepared,
        score: f64,
        explanation: &Explanation,
        places: &[(Place, Kind, f64)],
    ) -> Vec<String> {
        if self.view.reading.words == 0 && places.is_empty() {
            return vec!["The document has no words to match.".to_owned()];
        }
        let mut sentences = Vec::new();
        if self.verdict.is_null {
            sentences.push("No rule matches well enough.".to_owned());
            sentences.push(format!("The nearest is \"{label}\" with a score of {score:.2}."));
        } else {
            sentences.push(format!("Matches \"{label}\" with a score of {score:.2}."));
        }
        sentences.extend(self.title_words(rule));
        sentences.extend(self.named(&explanation.evidence, "Words found", &[Kind::Word, Kind::Name]));
        sentences.extend(self.named(&explanation.evidence, "Words of like meaning", &[Kind::Meaning]));
        sentences.extend(self.named(&explanation.evidence, "As in the examples", &[Kind::Example]));
        if let Some((page, quote)) = self.quote(places) {
            sentences.push(format!("Best passage: \"{quote}\" (page {page})."));
        }
        if self.verdict.is_null {
            sentences.extend(listed(&self.missing(rule)).map(|words| format!("Not found: {words}.")));
        } else if let Some(second) = &explanation.runner_up {
            sentences.push(if second.margin > 0.0 {
                format!("Ahead of \"{}\" by {:.2}.", second.label, second.margin)
            } else {
                format!("Level with \"{}\", which comes later in the rules.", second.label)
            });
            if let Some((change, words)) = explanation.change.as_ref().and_then(|it| Some((it, listed(&it.missing)?))) {
                sentences.push(format!("What \"{}\" lacks: {words}.", change.label));
            }
        }
        sentences
    }

    /// The weightiest places, weightiest first; what speaks against the rule comes last.
    fn evidence(&self, label: &str, places: &[(Place, Kind, f64)]) -> Vec<Evidence> {
        let mut heaviest: Vec<_> = places.iter().map(|&(place, kind, part)| (place, kind, rounded(part))).collect();
        heaviest.retain(|(.., weight)| weight.abs() > 0.0);
        heaviest.sort_by(|(a, _, x), (b, _, y)| y.abs().total_cmp(&x.abs()).then(a.cmp(b)));
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut kept = Vec::with_capacity(MAX_EVIDENCE);
        for ((page, span), kind, weight) in heaviest {
            if kept.len() == MAX_EVIDENCE {
                break;
            }
            let Some(page) = self.document.pages.get(page) else { continue };
            let text = span.of(&page.text);
            let times = seen.entry(crate::text::fold(text)).or_default();
            *times += 1;
            if *times <= PLACES_A_WORD && !text.is_empty() {
                kept.push(Evidence {
                    page: page.number,
                    span,
                    text: text.to_owned(),
                    rule: label.to_owned(),
                    kind,
                    weight,
                });
            }
        }
        kept.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.page, a.span).cmp(&(b.page, b.span))));
        kept
    }

    /// "Words found: ..." with places, each spelling once; what speaks against the rule is left out.
    fn named(&self, evidence: &[Evidence], what: &str, kinds: &[Kind]) -> Option<String> {
        let mut seen: Vec<String> = Vec::new();
        let mut named = Vec::new();
        for piece in evidence.iter().filter(|piece| kinds.contains(&piece.kind) && piece.weight > 0.0) {
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
        (!named.is_empty()).then(|| format!("{what}: {}.", named.join(", ")))
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
        let reading = &self.view.reading;
        let first = reading
            .hits
            .iter()
            .find(|hit| hit.place != reading::Place::Running && rule.label.contains(&hit.term))
            .and_then(|hit| Some((hit, self.document.pages.get(hit.page)?)));
        if let Some((hit, page)) = first {
            let what = match hit.place {
                reading::Place::Title => "The title",
                reading::Place::Opening => "The opening",
                reading::Place::Heading | reading::Place::LaterHeading | reading::Place::Running => "A heading",
            };
            return Some(format!("{what} names it: \"{}\" (page {}).", line(page, hit.span), page.number));
        }
        let title = self.document.title.as_deref()?;
        let named = reading.titled.iter().any(|term| rule.label.contains(term));
        named.then(|| format!("The document's own title names it: \"{}\".", cut(title, 0)))
    }

    /// The line of the document that adds most.
    fn quote(&self, places: &[(Place, Kind, f64)]) -> Option<(u32, String)> {
        let mut best: Option<(f64, Place)> = None;
        let mut sum = 0.0;
        let mut end = (usize::MAX, 0);
        let mut first = None;
        for &(place, _, part) in places {
            let (page_at, span) = place;
            let page = self.document.pages.get(page_at)?;
            if page_at != end.0 || span.start >= end.1 {
                let rest = page.text.get(span.start..).unwrap_or_default();
                end = (page_at, span.start + rest.find('\n').unwrap_or(rest.len()));
                sum = 0.0;
                first = Some(place);
            }
            sum += part;
            if let Some(first) = first
                && best.is_none_or(|(most, _)| rounded(sum) > rounded(most))
            {
                best = Some((sum, first));
            }
        }
        let (_, (page, span)) = best.filter(|&(most, _)| most > 0.0)?;
        let page = self.document.pages.get(page)?;
        Some((page.number, line(page, span)))
    }

    /// The second rule and the lead over it.
    fn runner_up(&self, score: f64) -> Option<RunnerUp> {
        let &(second, other) = self.ranked.get(1)?;
        let label = self.classifier.labels.get(second)?.clone();
        Some(RunnerUp { label, score: other, margin: rounded(score - other) })
    }

    /// What would change the answer: the rule that would be the next, and the weightiest of its words that are missing.
    fn change(&self, best: usize) -> Option<Change> {
        let next = if self.verdict.is_null { best } else { self.ranked.get(1)?.0 };
        let rule = self.classifier.lexicon.rules.get(next)?;
        Some(Change { label: self.classifier.labels.get(next)?.clone(), missing: self.missing(rule) })
    }

    /// The weightiest words of a rule that the document lacks.
    fn missing(&self, rule: &Prepared) -> Vec<String> {
        let hits = &self.view.reading.hits;
        let mut missing: Vec<(usize, f64)> =
            rule.terms.iter().copied().filter(|&(term, _)| !hits.iter().any(|hit| hit.term == term)).collect();
        missing.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let word = |&(term, _): &(usize, f64)| Some(self.classifier.lexicon.terms.get(term)?.word.clone());
        missing.iter().filter_map(word).take(WORDS_NAMED).collect()
    }
}

/// `"one", "two"`; nothing where there are none.
fn listed(words: &[String]) -> Option<String> {
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(", "))
}

/// The line a place stands in; a longer one from a little before the place, cut at words.
fn line(page: &Page, span: Span) -> String {
    let before = page.text.get(..span.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = page.text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    cut(line, span.start.saturating_sub(start))
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
