//! Ranks the candidates of each field, chooses one per field, and computes its confidence.
//!
//! A candidate's score for a field is that of the best of the field's labels around it. A better label of something
//! else lowers it. Amounts that add up raise each other. Then every field takes its best candidate, in the order of the
//! scores, and two fields share a place only if their concepts may (`MAY_SHARE_PLACE`).

use std::collections::BTreeMap;

use super::candidates::{Candidate, NumberAndDateFormat, ScoredCandidate, find};
use super::concepts::{CONCEPTS, concept_index, resolve};
use super::label_proximity::LabelledDocument;
use super::labels::field_label;
use super::page_grid::PageGrid;
use super::schema::{Field, FieldKind};
use super::{Citation, Value, ValueSource, clauses, rounded, texts};
use crate::document::Span;

/// The minimum score of an answer.
pub(super) const MIN_SCORE: f64 = 0.3;

/// Factors on a score if a label of something else fits the candidate better, or nearly as well.
const CONTESTED: f64 = 0.5;
const DOUBTED: f64 = 0.9;

/// The score of a value that its shape proves, without any label.
const UNLABELLED_SCORE: f64 = 0.5;

/// The maximum number of labels kept for one candidate.
const MAX_LABELS: usize = 24;

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
    kind: FieldKind,
    /// Its labels with their weights.
    labels: Vec<(usize, f64)>,
    pub(super) concept: &'static str,
    /// The index of the field; None for a concept that is only ranked to judge others.
    field: Option<usize>,
}

/// The candidates of every field, best first.
pub(super) struct Ranking<'a> {
    grid: &'a PageGrid<'a>,
    fields: &'a [Field],
    pub(super) queries: Vec<FieldQuery>,
    pub(super) ranked: Vec<Vec<ScoredCandidate>>,
}

impl<'a> Ranking<'a> {
    pub fn new(labelled: &'a LabelledDocument<'a>, fields: &'a [Field], format: NumberAndDateFormat) -> Self {
        let grid = labelled.grid;
        let mut queries: Vec<_> =
            fields.iter().enumerate().map(|(index, field)| FieldQuery::new(index, field)).collect();
        if queries.iter().any(|query| query.kind == FieldKind::Money) {
            // Amounts are judged together, requested or not.
            for concept in ["net", "tax", "total", "amount_due", "prepaid"] {
                if !queries.iter().any(|query| query.concept == concept) {
                    queries.push(FieldQuery::unrequested(concept));
                }
            }
        }
        let mut by_kind: BTreeMap<FieldKind, LabelledCandidates> = BTreeMap::new();
        for query in &queries {
            let kind = query.kind;
            by_kind
                .entry(kind)
                .or_insert_with(|| LabelledCandidates::new(labelled, find(grid, kind, format), kind, fields));
        }
        let ranked = queries
            .iter()
            .map(|query| {
                let field = query.field.and_then(|index| fields.get(index));
                match (query.kind, field) {
                    (FieldKind::Text, _) if query.concept == "governing_law" => clauses::governing_law(grid),
                    (FieldKind::Text, _) => texts::values_near_labels(labelled, &query.labels, query.concept),
                    (FieldKind::Label, Some(field)) => {
                        let candidates =
                            LabelledCandidates::new(labelled, texts::options(grid, field), FieldKind::Label, fields);
                        rank(labelled, query, &candidates)
                    }
                    _ => {
                        by_kind.get(&query.kind).map(|candidates| rank(labelled, query, candidates)).unwrap_or_default()
                    }
                }
            })
            .collect();
        let mut ranking = Self { grid, fields, queries, ranked };
        ranking.raise_sums();
        ranking.score_total_as_due();
        for scored in &mut ranking.ranked {
            scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
        ranking
    }

    /// One value for every field. `exact` holds the known values by field; for them only the place is searched.
    pub fn values(&self, exact: &BTreeMap<usize, String>) -> Vec<Value> {
        let chosen = self.choose(exact);
        let fields = self.fields.iter().enumerate();
        fields
            .map(|(field_index, field)| match exact.get(&field_index) {
                Some(value) => self.exact(field_index, field, value),
                None => chosen.get(&field_index).map_or_else(|| Value::none(field), |scored| self.value(field, scored)),
            })
            .collect()
    }

    fn choose(&self, exact: &BTreeMap<usize, String>) -> BTreeMap<usize, ScoredCandidate> {
        let mut order: Vec<(f64, usize, usize)> = Vec::new();
        for (query_index, scored) in self.ranked.iter().enumerate() {
            let eligible = scored.iter().enumerate().filter(|(_, scored)| scored.score >= MIN_SCORE);
            // More than one, because a field may lose its best places to others.
            order.extend(eligible.take(32).map(|(rank, scored)| (scored.score, query_index, rank)));
        }
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut chosen: BTreeMap<usize, &ScoredCandidate> = BTreeMap::new();
        for (_, query_index, rank) in order {
            let (Some(query), Some(scored)) =
                (self.queries.get(query_index), self.ranked.get(query_index).and_then(|s| s.get(rank)))
            else {
                continue;
            };
            let is_exact = query.field.is_some_and(|field| exact.contains_key(&field));
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

    fn value(&self, field: &Field, scored: &ScoredCandidate) -> Value {
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
    fn exact(&self, field_index: usize, field: &Field, value: &str) -> Value {
        let query_index = self.queries.iter().position(|query| query.field == Some(field_index));
        let kind = query_index.and_then(|index| self.queries.get(index)).map_or(FieldKind::Text, |query| query.kind);
        let scored = query_index.and_then(|index| self.ranked.get(index)).into_iter().flatten();
        let same_value = scored.into_iter().find(|scored| texts::is_same(kind, &scored.candidate.value, value));
        let place = same_value.map(|scored| (self.text(scored), self.citation(scored)));
        let place = place.or_else(|| texts::verbatim(self.grid, value));
        let (text, citation) = place.unwrap_or_default();
        Value {
            field: field.name.clone(),
            value: Some(value.to_owned()),
            text,
            confidence: 1.0,
            citation,
            origin: ValueSource::Embedded,
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
        Self { kind, labels, concept, field: Some(field_index) }
    }

    fn unrequested(concept: &'static str) -> Self {
        Self {
            kind: FieldKind::Money,
            labels: concept_index(concept).map(|label| (label, 1.0)).into_iter().collect(),
            concept,
            field: None,
        }
    }
}

/// The candidates of a kind with the labels around them.
struct LabelledCandidates {
    candidates: Vec<Candidate>,
    /// For every candidate: the label, its score without validity, its span, and whether it names values of this kind.
    labels: Vec<Vec<(usize, f64, Span, bool)>>,
}

impl LabelledCandidates {
    fn new(labelled: &LabelledDocument<'_>, candidates: Vec<Candidate>, kind: FieldKind, fields: &[Field]) -> Self {
        let is_named = |label: usize| {
            let known = CONCEPTS.get(label).map(|concept| concept.kind);
            let known =
                known.or_else(|| fields.get(label - field_label(0)).map(|field| field.kind)).unwrap_or_default();
            let is_amount = |kind| matches!(kind, FieldKind::Money | FieldKind::Number | FieldKind::Percent);
            let is_text =
                |kind| matches!(kind, FieldKind::Id | FieldKind::Text | FieldKind::Label | FieldKind::Boolean);
            known == kind || is_amount(known) && is_amount(kind) || is_text(known) && is_text(kind)
        };
        let labels = candidates
            .iter()
            .map(|candidate| {
                let hits = labelled.near(candidate, &candidates, is_named).into_iter();
                let mut labels: Vec<_> = hits
                    .filter_map(|(hit, score)| {
                        let hit = labelled.hits.get(hit)?;
                        Some((hit.label, hit.strength * score, hit.span, is_named(hit.label)))
                    })
                    .collect();
                // The best place of each label is enough.
                labels.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(b.2.cmp(&a.2)));
                labels.dedup_by_key(|label| label.0);
                labels.sort_by(|a, b| b.1.total_cmp(&a.1));
                labels.truncate(MAX_LABELS);
                labels
            })
            .collect();
        Self { candidates, labels }
    }
}

/// The candidates of a field with their scores, in the order of the document.
fn rank(labelled: &LabelledDocument<'_>, query: &FieldQuery, named: &LabelledCandidates) -> Vec<ScoredCandidate> {
    let compatible_labels: Vec<usize> = MAY_SHARE_PLACE
        .iter()
        .filter_map(|&(a, b)| {
            if a == query.concept {
                concept_index(b)
            } else if b == query.concept {
                concept_index(a)
            } else {
                None
            }
        })
        .collect();
    let count = named.candidates.len().max(1) as f64;
    let mut scored = Vec::new();
    for (candidate_index, (candidate, labels)) in named.candidates.iter().zip(&named.labels).enumerate() {
        if query.kind == FieldKind::Id && !texts::has_shape(query.concept, &candidate.value) {
            continue;
        }
        let best_label = labels.iter().filter_map(|(label, score, span, _)| {
            let (_, weight) = query.labels.iter().find(|(own_label, _)| own_label == label)?;
            Some((weight * score, *span))
        });
        let best_label = best_label.max_by(|a, b| a.0.total_cmp(&b.0));
        let rivals = labels.iter().filter(|(label, .., is_rival)| {
            *is_rival
                && !query.labels.iter().any(|(own_label, _)| own_label == label)
                && !compatible_labels.contains(label)
        });
        let rival_score = rivals.map(|(_, score, ..)| *score).fold(0.0, f64::max);
        let mut score = best_label.map_or(0.0, |(score, ..)| score);
        if rival_score > score * 1.02 {
            score *= CONTESTED;
        } else if rival_score > score * 0.9 {
            score *= DOUBTED;
        }
        score *= candidate.validity;
        score = score.max(
            UNLABELLED_SCORE * texts::score_without_label(query.concept, query.kind, candidate, &named.candidates),
        );
        score *= texts::party_factor(labelled, query.concept, candidate);
        // Ties: totals stand at the end, everything else first where it matters.
        let position = candidate_index as f64 / count * 0.01;
        score += if score <= 0.0 {
            0.0
        } else if query.kind == FieldKind::Money {
            position
        } else {
            -position
        };
        scored.push(ScoredCandidate { candidate: candidate.clone(), score, label: best_label.map(|(_, span)| span) });
    }
    scored
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
