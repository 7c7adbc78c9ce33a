//! Explains decisions with sentences and places, from the evidence alone.

use std::collections::BTreeMap;

use super::attribution::Attribution;
use super::evidence::{Evidence, EvidenceKind, Location};
use super::lexicon::RuleTerms;
use super::score::{CalibratedAnswer, rounded};
use super::term_matches;
use super::{Analysis, Classifier, Counterfactual, RunnerUp, sort_descending};
use crate::budget::Budget;
use crate::document::{Document, Page, Span};
use crate::error::Result;

/// The maximum number of pieces of evidence: more than anyone reads, and a bound on the size of the answer.
const MAX_EVIDENCE: usize = 24;

/// The maximum number of places of one word: more would be repetition.
const MAX_PLACES_PER_WORD: usize = 3;

/// The maximum number of words in a sentence of the reasoning, and of missing words.
const MAX_NAMED_WORDS: usize = 6;

/// The least weight that evidence must have to be named in an answer of "none". Weights are parts of a log-odds score: a
/// piece with less changes the odds by less than a tenth, and in texts on other matters most words that are alike in meaning
/// have less than that.
const MIN_WEIGHT_IN_NO_MATCH: f64 = 0.1;

/// The maximum length of a quote, in characters: about two lines.
const MAX_QUOTE_CHARS: usize = 160;

/// The work of splitting a score over a hit, and over a piece of a word, in steps.
const HIT_STEPS: usize = 4;
const PIECE_STEPS: usize = 6;

/// Everything that a decision is based on.
pub(super) struct DecisionContext<'a> {
    pub document: &'a Document,
    pub classifier: &'a Classifier,
    pub analysis: &'a Analysis,
    /// The indexes of the rules with their scores, best first.
    pub ranked: &'a [(usize, f64)],
    pub answer: CalibratedAnswer,
}

/// The explanation of a decision.
#[derive(Debug, Default)]
pub(super) struct Explanation {
    pub reasoning: String,
    pub evidence: Vec<Evidence>,
    pub constant: f64,
    pub rest: f64,
    pub runner_up: Option<RunnerUp>,
    pub change: Option<Counterfactual>,
}

impl DecisionContext<'_> {
    /// The explanation for the best rule.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn explain(&self, budget: &Budget) -> Result<Explanation> {
        let best = self.ranked.first().and_then(|&(rule_index, score)| {
            Some((
                rule_index,
                self.classifier.labels.get(rule_index)?.as_str(),
                self.classifier.lexicon.rules.get(rule_index)?,
                score,
            ))
        });
        let Some((rule_index, label, rule, score)) = best else {
            let reasoning = "There are no rules to match.".to_owned();
            return Ok(Explanation { reasoning, ..Explanation::default() });
        };
        let analysis = self.analysis;
        budget.work(HIT_STEPS * analysis.matches.hits.len() + PIECE_STEPS * analysis.pieces())?;
        budget.pass_over(self.document.pages.iter().map(|page| page.text.len()).sum())?;
        let attribution = Attribution::new(self.classifier, self.analysis, rule_index);
        let constant = rounded(attribution.constant);
        let places = attribution.by_location();
        let evidence = self.evidence(label, &places);
        let shown: f64 = evidence.iter().map(|piece| piece.weight).sum();
        let mut explanation = Explanation {
            constant,
            rest: rounded(score - constant - shown),
            runner_up: self.runner_up(score),
            change: self.change(rule_index),
            evidence,
            reasoning: String::new(),
        };
        explanation.reasoning = self.sentences(label, rule, score, &explanation, &places).join(" ");
        Ok(explanation)
    }

    fn sentences(
        &self,
        label: &str,
        rule: &RuleTerms,
        score: f64,
        explanation: &Explanation,
        places: &[(Location, EvidenceKind, f64)],
    ) -> Vec<String> {
        if self.analysis.matches.words == 0 && places.is_empty() {
            return vec!["The document has no words to match.".to_owned()];
        }
        let mut sentences = Vec::new();
        if self.answer.is_no_match {
            sentences.push("No rule matches well enough.".to_owned());
            sentences.push(format!("The nearest is \"{label}\" with a score of {score:.2}."));
        } else {
            sentences.push(format!("Matches \"{label}\" with a score of {score:.2}."));
        }
        sentences.extend(self.title_words(rule));
        sentences.extend(self.named(&explanation.evidence, "Words found", &[EvidenceKind::Word, EvidenceKind::Name]));
        sentences.extend(self.named(&explanation.evidence, "Words of like meaning", &[EvidenceKind::Meaning]));
        sentences.extend(self.named(&explanation.evidence, "As in the examples", &[EvidenceKind::Example]));
        let has_named = explanation.evidence.iter().any(|piece| self.is_named(piece));
        if let Some((page, quote)) = self.quote(places).filter(|_| has_named) {
            sentences.push(format!("Best passage: \"{quote}\" (page {page})."));
        }
        if self.answer.is_no_match {
            sentences.extend(listed(&self.missing(rule)).map(|words| format!("Not found: {words}.")));
        } else if let Some(second) = &explanation.runner_up {
            sentences.push(if second.margin > 0.0 {
                format!("Ahead of \"{}\" by {:.2}.", second.label, second.margin)
            } else {
                format!("Level with \"{}\", which comes later in the rules.", second.label)
            });
            if let Some((change, words)) =
                explanation.change.as_ref().and_then(|change| Some((change, listed(&change.missing)?)))
            {
                sentences.push(format!("What \"{}\" lacks: {words}.", change.label));
            }
        }
        sentences
    }

    /// The places with the largest weights, in descending order; those against the rule come last.
    fn evidence(&self, label: &str, places: &[(Location, EvidenceKind, f64)]) -> Vec<Evidence> {
        let mut heaviest: Vec<_> = places.iter().map(|&(place, kind, weight)| (place, kind, rounded(weight))).collect();
        heaviest.retain(|(.., weight)| weight.abs() > 0.0);
        heaviest.sort_by(|(a, _, weight_a), (b, _, weight_b)| weight_b.abs().total_cmp(&weight_a.abs()).then(a.cmp(b)));
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut kept = Vec::with_capacity(MAX_EVIDENCE);
        for ((page, span), kind, weight) in heaviest {
            if kept.len() == MAX_EVIDENCE {
                break;
            }
            let Some(page) = self.document.pages.get(page) else { continue };
            let text = span.of(&page.text);
            let count = seen.entry(crate::text::fold(text)).or_default();
            *count += 1;
            if *count <= MAX_PLACES_PER_WORD && !text.is_empty() {
                kept.push(Evidence {
                    page: page.number,
                    span,
                    text: text.to_owned(),
                    rule: label.to_owned(),
                    kind,
                    weight,
                    attachment: None,
                });
            }
        }
        kept.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.page, a.span).cmp(&(b.page, b.span))));
        kept
    }

    /// "Words found: ..." with places, each folded word once, without evidence against the rule.
    fn named(&self, evidence: &[Evidence], what: &str, kinds: &[EvidenceKind]) -> Option<String> {
        let mut seen: Vec<String> = Vec::new();
        let mut words = Vec::new();
        for piece in evidence.iter().filter(|piece| kinds.contains(&piece.kind) && self.is_named(piece)) {
            let folded = crate::text::fold(&piece.text);
            if seen.contains(&folded) {
                continue;
            }
            seen.push(folded);
            words.push(self.located(piece));
            if words.len() == MAX_NAMED_WORDS {
                break;
            }
        }
        (!words.is_empty()).then(|| format!("{what}: {}.", words.join(", ")))
    }

    /// Whether a piece of evidence speaks for the rule, and in an answer of "none" enough to be worth a word.
    fn is_named(&self, piece: &Evidence) -> bool {
        piece.weight > 0.0 && !(self.answer.is_no_match && piece.weight < MIN_WEIGHT_IN_NO_MATCH)
    }

    /// `"Invoice" (page 1, characters 0-7)`.
    fn located(&self, piece: &Evidence) -> String {
        let page = self.document.pages.iter().find(|page| page.number == piece.page);
        let start = page.and_then(|page| page.text.get(..piece.span.start)).map_or(0, |before| before.chars().count());
        let end = start + piece.text.chars().count();
        format!("\"{}\" (page {}, characters {start}-{end})", piece.text, piece.page)
    }

    /// The sentence about a title, opening or heading with words of the label.
    fn title_words(&self, rule: &RuleTerms) -> Option<String> {
        let matches = &self.analysis.matches;
        let first = matches
            .hits
            .iter()
            .find(|hit| hit.position != term_matches::Position::Running && rule.label.contains(&hit.term))
            .and_then(|hit| Some((hit, self.document.pages.get(hit.page)?)));
        if let Some((hit, page)) = first {
            let what = match hit.position {
                term_matches::Position::Title => "The title",
                term_matches::Position::Opening => "The opening",
                term_matches::Position::Heading
                | term_matches::Position::LaterHeading
                | term_matches::Position::Running => "A heading",
            };
            return Some(format!("{what} names it: \"{}\" (page {}).", line(page, hit.span), page.number));
        }
        let title = self.document.title.as_deref()?;
        let is_named = matches.title_terms.iter().any(|term| rule.label.contains(term));
        is_named.then(|| format!("The document's own title names it: \"{}\".", cut(title, 0)))
    }

    /// The line of the document that adds most to the score.
    fn quote(&self, places: &[(Location, EvidenceKind, f64)]) -> Option<(u32, String)> {
        let mut best: Option<(f64, Location)> = None;
        let mut sum = 0.0;
        let mut line_end = (usize::MAX, 0);
        let mut first = None;
        for &(place, _, weight) in places {
            let (page_index, span) = place;
            let page = self.document.pages.get(page_index)?;
            if page_index != line_end.0 || span.start >= line_end.1 {
                let rest = page.text.get(span.start..).unwrap_or_default();
                line_end = (page_index, span.start + rest.find('\n').unwrap_or(rest.len()));
                sum = 0.0;
                first = Some(place);
            }
            sum += weight;
            if let Some(first) = first
                && best.is_none_or(|(best_sum, _)| rounded(sum) > rounded(best_sum))
            {
                best = Some((sum, first));
            }
        }
        let (_, (page, span)) = best.filter(|&(best_sum, _)| best_sum > 0.0)?;
        let page = self.document.pages.get(page)?;
        Some((page.number, line(page, span)))
    }

    /// The second rule with the margin to it.
    fn runner_up(&self, score: f64) -> Option<RunnerUp> {
        let &(second, second_score) = self.ranked.get(1)?;
        let label = self.classifier.labels.get(second)?.clone();
        Some(RunnerUp { label, score: second_score, margin: rounded(score - second_score) })
    }

    /// What would change the answer: the rule that would be next, and its missing words with the largest weights.
    fn change(&self, best: usize) -> Option<Counterfactual> {
        let next = if self.answer.is_no_match { best } else { self.ranked.get(1)?.0 };
        let rule = self.classifier.lexicon.rules.get(next)?;
        Some(Counterfactual { label: self.classifier.labels.get(next)?.clone(), missing: self.missing(rule) })
    }

    /// The words of a rule with the largest weights that the document lacks.
    fn missing(&self, rule: &RuleTerms) -> Vec<String> {
        let mut found = vec![false; self.classifier.lexicon.terms.len()];
        for hit in &self.analysis.matches.hits {
            if let Some(found) = found.get_mut(hit.term) {
                *found = true;
            }
        }
        let mut missing = rule.terms.clone();
        missing.retain(|&(term, _)| found.get(term) == Some(&false));
        sort_descending(&mut missing);
        let word = |&(term, _): &(usize, f64)| Some(self.classifier.lexicon.terms.get(term)?.word.clone());
        missing.iter().filter_map(word).take(MAX_NAMED_WORDS).collect()
    }
}

/// `"one", "two"`; None without words.
fn listed(words: &[String]) -> Option<String> {
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(", "))
}

/// The line around a span; part of it if it is long, cut at words.
fn line(page: &Page, span: Span) -> String {
    let before = page.text.get(..span.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |offset| offset + 1);
    let rest = page.text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    cut(line, span.start.saturating_sub(start))
}

/// At most [`MAX_QUOTE_CHARS`] characters of `line`, cut at words, that contain byte `offset`.
fn cut(line: &str, offset: usize) -> String {
    let trimmed = line.trim();
    if trimmed.chars().count() <= MAX_QUOTE_CHARS {
        return trimmed.to_owned();
    }
    let from =
        if line.get(..offset).is_some_and(|before| before.chars().count() > MAX_QUOTE_CHARS / 2) { offset } else { 0 };
    let rest = line.get(from..).unwrap_or(line).trim_start();
    let Some((end, _)) = rest.char_indices().nth(MAX_QUOTE_CHARS) else { return rest.trim_end().to_owned() };
    let piece = rest.get(..end).unwrap_or(rest);
    let whole_words = piece.rfind(char::is_whitespace).and_then(|end| piece.get(..end));
    whole_words.map(str::trim_end).filter(|words| !words.is_empty()).unwrap_or(piece).to_owned()
}
