//! Ranks the candidates of each field, chooses one per field, and computes its confidence.
//!
//! A candidate's score for a field is that of the best of the field's labels around it. A better label of something
//! else lowers it. Amounts that add up raise each other. Then every field takes its best candidate, in the order of the
//! scores, and two fields share a place only if their concepts may (`MAY_SHARE_PLACE`).

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{Candidate, NumberAndDateFormat, ScoredCandidate, find};
use super::concepts::{CONCEPTS, concept_index, resolve};
use super::label_proximity::LabelledDocument;
use super::labels::field_label;
use super::page_grid::PageGrid;
use super::schema::{Field, FieldKind};
use super::{Citation, Value, ValueSource, clauses, rounded, texts};
use crate::budget::{Budget, Held};
use crate::document::Span;
use crate::error::Result;

/// The minimum score of an answer.
pub(super) const MIN_SCORE: f64 = 0.3;

/// Factors on a score if a label of something else fits the candidate better, or nearly as well.
const CONTESTED: f64 = 0.5;
const DOUBTED: f64 = 0.9;

/// The score of a value that its shape proves, without any label.
const UNLABELLED_SCORE: f64 = 0.5;

/// The maximum number of labels kept for one candidate.
const MAX_LABELS: usize = 24;

/// The number of candidates of a field from which one is chosen. More than one, because a field may lose its best places
/// to others.
const MAX_CHOICES: usize = 32;

/// The amounts that are judged together, requested or not.
const AMOUNTS: [&str; 5] = ["net", "tax", "total", "amount_due", "prepaid"];

/// The work of comparing a candidate with a field, and with the parties of the document, in steps; and of comparing a
/// field's name or synonym with the concepts, in passes over it.
const RANK_STEPS: usize = 6;
const PARTY_STEPS: usize = 4;
const RESOLVING_PASSES: usize = 32;

/// The work of comparing a candidate with a value that is known exactly, in steps.
const SAME_STEPS: usize = 8;

/// The memory of a label of a candidate, and of a candidate of a field, in bytes.
const LABEL_BYTES: usize = 24;
const SCORED_BYTES: usize = 144;

/// Score to confidence: the share of right answers at that score, on the developers' share of the extraction corpus
/// and the invoices of `tests/corpus`, smoothed by hand so that it rises and stays short of certainty.
const CONFIDENCE: &[(f64, f64)] =
    &[(0.0, 0.05), (0.3, 0.3), (0.45, 0.5), (0.55, 0.78), (0.7, 0.88), (0.95, 0.94), (1.2, 0.97), (1.45, 0.985)];

/// Concepts that may share a place: the total is the amount due if nothing was paid.
const MAY_SHARE_PLACE: &[(&str, &str)] = &[
    ("total", "amount_due"),
    ("net", "lines_net"),
    ("net", "total"),
    ("total", "rent"),
    ("invoice_date", "delivery_date"),
    ("net_pay", "amount_due"),
    ("gross_pay", "total"),
    ("seller_name", "account_holder"),
    ("order_number", "buyer_reference"),
    ("effective_date", "valid_from"),
];

/// A field with what is needed to rank its candidates.
pub(super) struct FieldQuery {
    pub(super) kind: FieldKind,
    /// Its labels with their weights.
    labels: Vec<(usize, f64)>,
    /// The labels of concepts that may share its place.
    compatible_labels: Vec<usize>,
    pub(super) concept: &'static str,
    /// The index of the field; None for a concept that is only ranked to judge others.
    pub(super) field: Option<usize>,
}

/// The candidates of every field, best first.
pub(super) struct Ranking<'a> {
    pub(super) grid: &'a PageGrid<'a>,
    fields: &'a [Field],
    /// The known values by field; for them only the place is searched.
    exact: &'a BTreeMap<usize, String>,
    pub(super) queries: Vec<FieldQuery>,
    pub(super) ranked: Vec<Vec<ScoredCandidate>>,
    pub(super) budget: &'a Budget,
    held: Held<'a>,
}

impl<'a> Ranking<'a> {
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(
        labelled: &'a LabelledDocument<'a>,
        fields: &'a [Field],
        format: NumberAndDateFormat,
        exact: &'a BTreeMap<usize, String>,
    ) -> Result<Self> {
        let (grid, budget) = (labelled.grid, labelled.budget);
        let mut queries = Vec::with_capacity(fields.len() + AMOUNTS.len());
        for (index, field) in fields.iter().enumerate() {
            let names = std::iter::once(&field.name).chain(&field.synonyms);
            budget.pass_over(RESOLVING_PASSES * names.map(String::len).sum::<usize>())?;
            queries.push(FieldQuery::new(index, field));
        }
        if queries.iter().any(|query| query.kind == FieldKind::Money) {
            for concept in AMOUNTS {
                if !queries.iter().any(|query| query.concept == concept) {
                    queries.push(FieldQuery::unrequested(concept));
                }
            }
        }
        let mut ranking = Self {
            grid,
            fields,
            exact,
            ranked: vec![Vec::new(); queries.len()],
            queries,
            budget,
            held: budget.hold(0)?,
        };
        ranking.rank_texts(labelled)?;
        ranking.rank_options(labelled)?;
        ranking.rank_values(labelled, format)?;
        ranking.raise_sums();
        ranking.score_total_as_due();
        for scored in &mut ranking.ranked {
            scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
        Ok(ranking)
    }

    /// Ranks the candidates of the text fields.
    fn rank_texts(&mut self, labelled: &LabelledDocument<'_>) -> Result<()> {
        let is_text = |query: &&FieldQuery| query.kind == FieldKind::Text;
        let concepts: BTreeSet<&str> = self.queries.iter().filter(is_text).map(|query| query.concept).collect();
        let companies = if concepts.contains("seller_name") || concepts.contains("buyer_name") {
            texts::companies(self.grid, self.budget)?
        } else {
            texts::Companies::default()
        };
        let laws = if concepts.contains("governing_law") {
            clauses::governing_law(self.grid, self.budget)?
        } else {
            Vec::new()
        };
        for (query_index, query) in self.queries.iter().enumerate().filter(|(_, query)| is_text(query)) {
            let scored = if query.concept == "governing_law" {
                laws.clone()
            } else {
                let kept = self.kept(query_index, query)?;
                let is_kept = |scored: &ScoredCandidate| kept.accepts(&scored.candidate, scored.score);
                texts::values_near_labels(labelled, &query.labels, query.concept, &companies, is_kept)?
            };
            keep(&mut self.ranked, &mut self.held, query_index, scored)?;
        }
        Ok(())
    }

    /// Ranks the places of options.
    fn rank_options(&mut self, labelled: &LabelledDocument<'_>) -> Result<()> {
        let fields: Vec<(usize, &Field)> = self
            .queries
            .iter()
            .filter(|query| query.kind == FieldKind::Label)
            .filter_map(|query| Some((query.field?, self.fields.get(query.field?)?)))
            .collect();
        if fields.is_empty() {
            return Ok(());
        }
        let mut options = texts::Options::new(&fields, self.budget)?.find(self.grid, self.budget)?;
        for (query_index, query) in self.queries.iter().enumerate() {
            if query.kind == FieldKind::Label
                && let Some(candidates) = query.field.and_then(|field| options.by_field.remove(&field))
            {
                let labelled_candidates = LabelledCandidates::new(labelled, &candidates, query.kind, self.fields)?;
                let scored = self.rank(labelled, query_index, query, &labelled_candidates)?;
                keep(&mut self.ranked, &mut self.held, query_index, scored)?;
            }
        }
        Ok(())
    }

    /// Ranks the candidates of all other fields, kind by kind.
    fn rank_values(&mut self, labelled: &LabelledDocument<'_>, format: NumberAndDateFormat) -> Result<()> {
        let kinds: BTreeSet<FieldKind> = self.queries.iter().map(|query| query.kind).collect();
        let candidates = find(self.grid, &kinds, format, self.budget)?;
        for (&kind, candidates) in candidates.by_kind.iter().filter(|(_, candidates)| !candidates.is_empty()) {
            let labelled_candidates = LabelledCandidates::new(labelled, candidates, kind, self.fields)?;
            for (query_index, query) in self.queries.iter().enumerate().filter(|(_, query)| query.kind == kind) {
                let scored = self.rank(labelled, query_index, query, &labelled_candidates)?;
                keep(&mut self.ranked, &mut self.held, query_index, scored)?;
            }
        }
        Ok(())
    }

    /// Which candidates of a query are kept.
    fn kept(&self, query_index: usize, query: &FieldQuery) -> Result<Kept> {
        let exact = query.field.and_then(|field| self.exact.get(&field));
        let is_first = || self.queries.iter().position(|other| other.concept == query.concept) == Some(query_index);
        Ok(match exact {
            _ if AMOUNTS.contains(&query.concept) && is_first() => Kept::All,
            Some(value) => Kept::Same(texts::KnownValue::new(query.kind, value, self.budget)?),
            None => Kept::Choosable,
        })
    }

    /// One value for every field.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn values(&self) -> Result<Vec<Value>> {
        let chosen = self.choose();
        let fields = self.fields.iter().enumerate();
        fields
            .map(|(field_index, field)| match self.exact.get(&field_index) {
                Some(value) => self.exact_value(field_index, field, value),
                None => {
                    Ok(chosen.get(&field_index).map_or_else(|| Value::none(field), |scored| self.value(field, scored)))
                }
            })
            .collect()
    }

    fn choose(&self) -> BTreeMap<usize, ScoredCandidate> {
        let mut order: Vec<(f64, usize, usize)> = Vec::new();
        for (query_index, scored) in self.ranked.iter().enumerate() {
            let eligible = scored.iter().enumerate().filter(|(_, scored)| scored.score >= MIN_SCORE);
            order.extend(eligible.take(MAX_CHOICES).map(|(rank, scored)| (scored.score, query_index, rank)));
        }
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut chosen: BTreeMap<usize, &ScoredCandidate> = BTreeMap::new();
        for (_, query_index, rank) in order {
            let (Some(query), Some(scored)) =
                (self.queries.get(query_index), self.ranked.get(query_index).and_then(|s| s.get(rank)))
            else {
                continue;
            };
            let is_exact = query.field.is_some_and(|field| self.exact.contains_key(&field));
            let is_free = chosen.iter().all(|(&other, taken)| {
                let other = self.queries.get(other).map_or("", |other| other.concept);
                !shares_place(&taken.candidate, &scored.candidate) || may_share(query.concept, other)
            });
            if is_exact || chosen.contains_key(&query_index) || !is_free {
                continue;
            }
            let is_before_invoice = query.concept == "due_date"
                && self.invoice_date(&chosen).is_some_and(|date| scored.candidate.value.as_str() < date);
            if is_before_invoice {
                continue;
            }
            chosen.insert(query_index, scored);
        }
        let chosen = chosen.into_iter();
        chosen
            .filter_map(|(query_index, scored)| Some((self.queries.get(query_index)?.field?, scored.clone())))
            .collect()
    }

    /// The invoice date, if already chosen.
    fn invoice_date<'b>(&self, chosen: &BTreeMap<usize, &'b ScoredCandidate>) -> Option<&'b str> {
        let query_index = self.queries.iter().position(|query| query.concept == "invoice_date")?;
        chosen.get(&query_index).map(|scored| scored.candidate.value.as_str())
    }

    fn citation(&self, scored: &ScoredCandidate) -> Option<Citation> {
        let segment = self.grid.segments.get(scored.candidate.segment)?;
        let page = self.grid.page(segment.page)?;
        Some(Citation {
            page: page.number,
            span: scored.candidate.span,
            rect: self.grid.layout_rect(segment.page, scored.candidate.span),
            label: scored.label,
        })
    }

    fn text(&self, scored: &ScoredCandidate) -> Option<String> {
        let segment = self.grid.segments.get(scored.candidate.segment)?;
        Some(scored.candidate.span.of(self.grid.text(segment.page)).to_owned())
    }

    pub(super) fn value(&self, field: &Field, scored: &ScoredCandidate) -> Value {
        Value {
            field: field.name.clone(),
            value: Some(scored.candidate.value.clone()),
            text: self.text(scored),
            confidence: confidence(scored.score),
            citation: self.citation(scored),
            origin: ValueSource::Text,
        }
    }

    /// A value known exactly, with the best place that has the same value.
    fn exact_value(&self, field_index: usize, field: &Field, value: &str) -> Result<Value> {
        let query_index = self.queries.iter().position(|query| query.field == Some(field_index));
        let kind = query_index.and_then(|index| self.queries.get(index)).map_or(FieldKind::Text, |query| query.kind);
        let scored = query_index.and_then(|index| self.ranked.get(index)).map(Vec::as_slice).unwrap_or_default();
        self.budget.work(SAME_STEPS * scored.len())?;
        let known = texts::KnownValue::new(kind, value, self.budget)?;
        let same_value = scored.iter().find(|scored| known.is_same(&scored.candidate.value));
        let place = match same_value {
            Some(scored) => Some((self.text(scored), self.citation(scored))),
            None => texts::verbatim(self.grid, value, self.budget)?,
        };
        let (text, citation) = place.unwrap_or_default();
        Ok(Value {
            field: field.name.clone(),
            value: Some(value.to_owned()),
            text,
            confidence: 1.0,
            citation,
            origin: ValueSource::Embedded,
        })
    }

    /// The candidates of a field that are kept, with their scores, in the order of the document.
    fn rank(
        &self,
        labelled: &LabelledDocument<'_>,
        query_index: usize,
        query: &FieldQuery,
        named: &LabelledCandidates<'_>,
    ) -> Result<Vec<ScoredCandidate>> {
        let kept = self.kept(query_index, query)?;
        let steps = RANK_STEPS
            + if query.is_of_party() { PARTY_STEPS } else { 0 }
            + if matches!(kept, Kept::Same(..)) { SAME_STEPS } else { 0 };
        self.budget.work(steps * named.candidates.len())?;
        let mut held = self.budget.hold(0)?;
        let mut found = Vec::new();
        for (index, (candidate, labels)) in named.candidates.iter().zip(&named.labels).enumerate() {
            if query.kind == FieldKind::Id && !texts::has_shape(query.concept, &candidate.value) {
                continue;
            }
            let (score, label) = query.score(labelled, named, index, candidate, labels);
            if kept.accepts(candidate, score) {
                held.grow(SCORED_BYTES + candidate.value.len())?;
                found.push(ScoredCandidate { candidate: candidate.clone(), score, label });
            }
        }
        Ok(found)
    }
}

/// Keeps the candidates of a query until values are chosen.
fn keep(
    ranked: &mut [Vec<ScoredCandidate>],
    held: &mut Held<'_>,
    query_index: usize,
    scored: Vec<ScoredCandidate>,
) -> Result<()> {
    held.grow(scored.iter().map(|scored| SCORED_BYTES + scored.candidate.value.len()).sum())?;
    if let Some(of_query) = ranked.get_mut(query_index) {
        *of_query = scored;
    }
    Ok(())
}

/// Which candidates are kept for a field.
#[derive(Debug)]
enum Kept {
    /// All: sums raise and lower the scores of amounts afterwards.
    All,
    /// Those with a value that is known exactly.
    Same(texts::KnownValue),
    /// Those with the minimum score of an answer.
    Choosable,
}

impl Kept {
    fn accepts(&self, candidate: &Candidate, score: f64) -> bool {
        match self {
            Self::All => true,
            Self::Same(known) => known.is_same(&candidate.value),
            Self::Choosable => score >= MIN_SCORE,
        }
    }
}

impl FieldQuery {
    fn new(field_index: usize, field: &Field) -> Self {
        let resolved = resolve(&field.name, field.kind)
            .or_else(|| field.synonyms.iter().find_map(|synonym| resolve(synonym, field.kind)));
        let concept = resolved.and_then(|index| CONCEPTS.get(index));
        // A text field whose concept is a date or an amount is searched as one.
        let kind = match (field.kind, concept) {
            (FieldKind::Text, Some(concept)) => concept.kind,
            (FieldKind::Id, Some(concept)) if !matches!(concept.kind, FieldKind::Text | FieldKind::Number) => {
                concept.kind
            }
            (kind, _) => kind,
        };
        let mut labels = vec![(field_label(field_index), 1.0)];
        labels.extend(resolved.map(|label| (label, 1.0)));
        let concept = concept.map_or("", |concept| concept.name);
        if concept == "buyer_vat_id" {
            labels.extend(concept_index("seller_vat_id").map(|label| (label, 0.85)));
        }
        Self { kind, labels, compatible_labels: compatible_labels(concept), concept, field: Some(field_index) }
    }

    fn unrequested(concept: &'static str) -> Self {
        let labels = concept_index(concept).map(|label| (label, 1.0)).into_iter().collect();
        Self { kind: FieldKind::Money, labels, compatible_labels: compatible_labels(concept), concept, field: None }
    }

    /// Whether its values depend on the parties that the document names.
    fn is_of_party(&self) -> bool {
        self.concept.starts_with("seller_") || self.concept.starts_with("buyer_")
    }

    /// The score of a candidate, which has this index among all of its kind, and the label that decided it.
    fn score(
        &self,
        labelled: &LabelledDocument<'_>,
        named: &LabelledCandidates<'_>,
        index: usize,
        candidate: &Candidate,
        labels: &[CandidateLabel],
    ) -> (f64, Option<Span>) {
        let best_label = labels.iter().filter_map(|(label, score, span, _)| {
            let (_, weight) = self.labels.iter().find(|(own_label, _)| own_label == label)?;
            Some((weight * score, *span))
        });
        let best_label = best_label.max_by(|a, b| a.0.total_cmp(&b.0));
        let rivals = labels.iter().filter(|(label, .., is_rival)| {
            *is_rival
                && !self.labels.iter().any(|(own_label, _)| own_label == label)
                && !self.compatible_labels.contains(label)
        });
        let rival_score = rivals.map(|(_, score, ..)| *score).fold(0.0, f64::max);
        let mut score = best_label.map_or(0.0, |(score, ..)| score);
        if rival_score > score * 1.02 {
            score *= CONTESTED;
        } else if rival_score > score * 0.9 {
            score *= DOUBTED;
        }
        score *= candidate.validity;
        let without_label =
            texts::score_without_label(self.concept, self.kind, candidate, named.candidates, &named.shares);
        score = score.max(UNLABELLED_SCORE * without_label);
        score *= texts::party_factor(labelled, self.concept, candidate);
        // Ties: totals stand at the end, everything else first where it matters.
        let position = index as f64 / named.candidates.len().max(1) as f64 * 0.01;
        score += if score <= 0.0 {
            0.0
        } else if self.kind == FieldKind::Money {
            position
        } else {
            -position
        };
        (score, best_label.map(|(_, span)| span))
    }
}

/// The labels of the concepts that may share a place with a concept.
fn compatible_labels(concept: &str) -> Vec<usize> {
    let other = |&(a, b): &(&'static str, &'static str)| match () {
        () if a == concept => concept_index(b),
        () if b == concept => concept_index(a),
        () => None,
    };
    MAY_SHARE_PLACE.iter().filter_map(other).collect()
}

/// A label near a candidate: the label, its score without validity, its span, and whether it names values of the kind.
type CandidateLabel = (usize, f64, Span, bool);

/// The candidates of a kind with the labels around them.
struct LabelledCandidates<'a> {
    candidates: &'a [Candidate],
    /// For every candidate.
    labels: Vec<Vec<CandidateLabel>>,
    shares: texts::ValueShares<'a>,
    _held: Held<'a>,
}

impl<'a> LabelledCandidates<'a> {
    fn new(
        labelled: &LabelledDocument<'a>,
        candidates: &'a [Candidate],
        kind: FieldKind,
        fields: &[Field],
    ) -> Result<Self> {
        let is_named = |label: usize| {
            let known = CONCEPTS.get(label).map(|concept| concept.kind);
            let known =
                known.or_else(|| fields.get(label - field_label(0)).map(|field| field.kind)).unwrap_or_default();
            let is_amount = |kind| matches!(kind, FieldKind::Money | FieldKind::Number | FieldKind::Percent);
            let is_text =
                |kind| matches!(kind, FieldKind::Id | FieldKind::Text | FieldKind::Label | FieldKind::Boolean);
            known == kind || is_amount(known) && is_amount(kind) || is_text(known) && is_text(kind)
        };
        let mut held = labelled.budget.hold(0)?;
        let mut labels = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let hits = labelled.near(candidate, candidates, is_named)?.into_iter();
            let mut near: Vec<CandidateLabel> = hits
                .filter_map(|(hit, score)| {
                    let hit = labelled.hits.get(hit)?;
                    Some((hit.label, hit.strength * score, hit.span, is_named(hit.label)))
                })
                .collect();
            // The best place of each label is enough.
            near.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(b.2.cmp(&a.2)));
            near.dedup_by_key(|label| label.0);
            near.sort_by(|a, b| b.1.total_cmp(&a.1));
            near.truncate(MAX_LABELS);
            near.shrink_to_fit();
            held.grow(LABEL_BYTES * (1 + near.len()))?;
            labels.push(near);
        }
        Ok(Self { candidates, labels, shares: texts::ValueShares::new(candidates), _held: held })
    }
}

fn shares_place(a: &Candidate, b: &Candidate) -> bool {
    a.segment == b.segment && a.span.start < b.span.end && b.span.start < a.span.end
}

fn may_share(a: &str, b: &str) -> bool {
    MAY_SHARE_PLACE.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
}

/// The probability that an answer with this score is right.
pub(super) fn confidence(score: f64) -> f64 {
    let above = CONFIDENCE.iter().position(|&(threshold, _)| threshold > score).unwrap_or(CONFIDENCE.len());
    let below = above.checked_sub(1).and_then(|index| CONFIDENCE.get(index));
    match (below, CONFIDENCE.get(above)) {
        (Some((from_score, low)), Some((to_score, high))) => {
            rounded(low + (score - from_score) / (to_score - from_score) * (high - low))
        }
        (Some((_, value)), None) | (None, Some((_, value))) => *value,
        (None, None) => 0.0,
    }
}
