//! Which candidate fits which field best, and how sure that is.
//!
//! A candidate's score for a field is that of the best of the field's names around it. A better name of something
//! else is a reason against it. Amounts that add up speak for each other. Then every field takes its best candidate,
//! the surest first, and no place serves two fields that are not the same thing.

use std::collections::BTreeMap;

use super::candidates::{Candidate, Habits, find};
use super::concepts::{CONCEPTS, index, resolve};
use super::labels::custom;
use super::relation::Reading;
use super::schema::{Field, Kind};
use super::sheet::Sheet;
use super::{Citation, Origin, Value, clauses, rounded, texts};
use crate::document::Span;

/// The lowest score that is an answer.
pub(super) const LEAST: f64 = 0.3;

/// What is left of a score when a name of something else fits the candidate better, or nearly as well.
const CONTESTED: f64 = 0.5;
const DOUBTED: f64 = 0.9;

/// The score of a value that proves itself by its shape, without any name.
const UNNAMED: f64 = 0.5;

/// The most names kept for one candidate.
const MAX_NAMES: usize = 24;

/// Score to confidence: the share of right answers at that score, on the developers' share of the extraction corpus
/// and the invoices of `tests/corpus`, smoothed by hand so that it rises and stays short of certainty.
const CONFIDENCE: &[(f64, f64)] =
    &[(0.0, 0.05), (0.3, 0.3), (0.45, 0.5), (0.55, 0.78), (0.7, 0.88), (0.95, 0.94), (1.2, 0.97), (1.45, 0.985)];

/// Concepts that may be one place: a total is what is due where nothing was paid.
const SHARED: &[(&str, &str)] = &[
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

/// A field made ready.
pub(super) struct Asked {
    kind: Kind,
    /// Its names: label and weight.
    labels: Vec<(usize, f64)>,
    pub(super) concept: &'static str,
    field: Option<usize>,
}

/// A candidate for a field.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub candidate: Candidate,
    pub score: f64,
    /// The name that decided.
    pub label: Option<Span>,
}

/// The candidates of every field, best first.
pub(super) struct Ranking<'a> {
    sheet: &'a Sheet<'a>,
    fields: &'a [Field],
    pub(super) asked: Vec<Asked>,
    pub(super) ranked: Vec<Vec<Scored>>,
}

impl<'a> Ranking<'a> {
    pub fn new(reading: &'a Reading<'a>, fields: &'a [Field], habits: Habits) -> Self {
        let sheet = reading.sheet;
        let mut asked: Vec<_> = fields.iter().enumerate().map(|(at, field)| Asked::new(at, field)).collect();
        if asked.iter().any(|asked| asked.kind == Kind::Money) {
            // Amounts are judged together, asked for or not.
            for concept in ["net", "tax", "total", "amount_due", "prepaid"] {
                if !asked.iter().any(|asked| asked.concept == concept) {
                    asked.push(Asked::hidden(concept));
                }
            }
        }
        let mut by_kind: BTreeMap<Kind, Named> = BTreeMap::new();
        for asked in &asked {
            let kind = asked.kind;
            by_kind.entry(kind).or_insert_with(|| Named::new(reading, find(sheet, kind, habits), kind, fields));
        }
        let ranked = asked
            .iter()
            .map(|asked| {
                let field = asked.field.and_then(|at| fields.get(at));
                match (asked.kind, field) {
                    (Kind::Text, _) if asked.concept == "governing_law" => clauses::governing_law(sheet),
                    (Kind::Text, _) => texts::beside(reading, &asked.labels, asked.concept),
                    (Kind::Label, Some(field)) => {
                        let named = Named::new(reading, texts::options(sheet, field), Kind::Label, fields);
                        rank(reading, asked, &named)
                    }
                    _ => by_kind.get(&asked.kind).map(|named| rank(reading, asked, named)).unwrap_or_default(),
                }
            })
            .collect();
        let mut ranking = Self { sheet, fields, asked, ranked };
        ranking.add_up();
        ranking.due_is_total();
        for scored in &mut ranking.ranked {
            scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
        ranking
    }

    /// One value for every field; those known exactly are only looked up on the pages.
    pub fn values(&self, exact: &BTreeMap<usize, String>) -> Vec<Value> {
        let chosen = self.choose(exact);
        let fields = self.fields.iter().enumerate();
        fields
            .map(|(at, field)| match exact.get(&at) {
                Some(value) => self.exact(at, field, value),
                None => chosen.get(&at).map_or_else(|| Value::none(field), |scored| self.value(field, scored)),
            })
            .collect()
    }

    fn choose(&self, exact: &BTreeMap<usize, String>) -> BTreeMap<usize, Scored> {
        let mut order: Vec<(f64, usize, usize)> = Vec::new();
        for (asked, scored) in self.ranked.iter().enumerate() {
            let worthy = scored.iter().enumerate().filter(|(_, scored)| scored.score >= LEAST);
            // A field that loses its first places to others has some more.
            order.extend(worthy.take(32).map(|(at, scored)| (scored.score, asked, at)));
        }
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut chosen: BTreeMap<usize, &Scored> = BTreeMap::new();
        for (_, at, rank) in order {
            let (Some(asked), Some(scored)) = (self.asked.get(at), self.ranked.get(at).and_then(|s| s.get(rank)))
            else {
                continue;
            };
            let is_exact = asked.field.is_some_and(|field| exact.contains_key(&field));
            let is_free = chosen.iter().all(|(&other, taken)| {
                let other = self.asked.get(other).map_or("", |other| other.concept);
                !shares_place(&taken.candidate, &scored.candidate) || may_share(asked.concept, other)
            });
            if is_exact || chosen.contains_key(&at) || !is_free {
                continue;
            }
            let is_early = asked.concept == "due_date"
                && self.date_of(&chosen).is_some_and(|date| scored.candidate.value.as_str() < date);
            if is_early {
                continue;
            }
            chosen.insert(at, scored);
        }
        let chosen = chosen.into_iter();
        chosen.filter_map(|(at, scored)| Some((self.asked.get(at)?.field?, scored.clone()))).collect()
    }

    /// The date of the invoice as chosen so far.
    fn date_of<'b>(&self, chosen: &BTreeMap<usize, &'b Scored>) -> Option<&'b str> {
        let at = self.asked.iter().position(|asked| asked.concept == "invoice_date")?;
        chosen.get(&at).map(|scored| scored.candidate.value.as_str())
    }

    fn citation(&self, scored: &Scored) -> Option<Citation> {
        let segment = self.sheet.segments.get(scored.candidate.segment)?;
        let page = self.sheet.page(segment.page)?;
        Some(Citation {
            page: page.number,
            span: scored.candidate.span,
            rect: self.sheet.real_rect(segment.page, scored.candidate.span),
            label: scored.label,
        })
    }

    fn text(&self, scored: &Scored) -> Option<String> {
        let segment = self.sheet.segments.get(scored.candidate.segment)?;
        Some(scored.candidate.span.of(self.sheet.text(segment.page)).to_owned())
    }

    fn value(&self, field: &Field, scored: &Scored) -> Value {
        Value {
            field: field.name.clone(),
            value: Some(scored.candidate.value.clone()),
            text: self.text(scored),
            confidence: confidence(scored.score),
            citation: self.citation(scored),
            origin: Origin::Text,
        }
    }

    /// A value known exactly, with the best place that says the same.
    fn exact(&self, at: usize, field: &Field, value: &str) -> Value {
        let asked = self.asked.iter().position(|asked| asked.field == Some(at));
        let kind = asked.and_then(|at| self.asked.get(at)).map_or(Kind::Text, |asked| asked.kind);
        let scored = asked.and_then(|at| self.ranked.get(at)).into_iter().flatten();
        let seen = scored.into_iter().find(|scored| texts::is_same(kind, &scored.candidate.value, value));
        let place = seen.map(|scored| (self.text(scored), self.citation(scored)));
        let place = place.or_else(|| texts::verbatim(self.sheet, value));
        let (text, citation) = place.unwrap_or_default();
        Value {
            field: field.name.clone(),
            value: Some(value.to_owned()),
            text,
            confidence: 1.0,
            citation,
            origin: Origin::Embedded,
        }
    }
}

impl Asked {
    fn new(at: usize, field: &Field) -> Self {
        let found = resolve(&field.name, field.kind)
            .or_else(|| field.synonyms.iter().find_map(|synonym| resolve(synonym, field.kind)));
        let concept = found.and_then(|at| CONCEPTS.get(at));
        // A text that is known to be a date or an amount is looked for as one.
        let kind = match (field.kind, concept) {
            (Kind::Text, Some(concept)) => concept.kind,
            (Kind::Id, Some(concept)) if !matches!(concept.kind, Kind::Text | Kind::Number) => concept.kind,
            (kind, _) => kind,
        };
        let mut labels = vec![(custom(at), 1.0)];
        labels.extend(found.map(|at| (at, 1.0)));
        let concept = concept.map_or("", |concept| concept.name);
        if concept == "buyer_vat_id" {
            labels.extend(index("seller_vat_id").map(|at| (at, 0.85)));
        }
        Self { kind, labels, concept, field: Some(at) }
    }

    fn hidden(concept: &'static str) -> Self {
        Self {
            kind: Kind::Money,
            labels: index(concept).map(|at| (at, 1.0)).into_iter().collect(),
            concept,
            field: None,
        }
    }
}

/// The candidates of a kind with the names around them.
struct Named {
    candidates: Vec<Candidate>,
    /// For every candidate: label, score without validity, the name, and whether it names values of this kind.
    names: Vec<Vec<(usize, f64, Span, bool)>>,
}

impl Named {
    fn new(reading: &Reading<'_>, candidates: Vec<Candidate>, kind: Kind, fields: &[Field]) -> Self {
        let is_named = |label: usize| {
            let known = CONCEPTS.get(label).map(|concept| concept.kind);
            let known = known.or_else(|| fields.get(label - custom(0)).map(|field| field.kind)).unwrap_or_default();
            let is_amount = |kind| matches!(kind, Kind::Money | Kind::Number | Kind::Percent);
            let is_text = |kind| matches!(kind, Kind::Id | Kind::Text | Kind::Label | Kind::Boolean);
            known == kind || is_amount(known) && is_amount(kind) || is_text(known) && is_text(kind)
        };
        let names = candidates
            .iter()
            .map(|candidate| {
                let near = reading.near(candidate, &candidates, is_named).into_iter();
                let mut names: Vec<_> = near
                    .filter_map(|(hit, score)| {
                        let hit = reading.hits.get(hit)?;
                        Some((hit.label, hit.strength * score, hit.span, is_named(hit.label)))
                    })
                    .collect();
                // The best name of each label is enough.
                names.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(b.2.cmp(&a.2)));
                names.dedup_by_key(|name| name.0);
                names.sort_by(|a, b| b.1.total_cmp(&a.1));
                names.truncate(MAX_NAMES);
                names
            })
            .collect();
        Self { candidates, names }
    }
}

/// The candidates of a field with their scores, in the order of the document.
fn rank(reading: &Reading<'_>, asked: &Asked, named: &Named) -> Vec<Scored> {
    let concept_friends: Vec<usize> = SHARED
        .iter()
        .filter_map(|&(a, b)| {
            if a == asked.concept {
                index(b)
            } else if b == asked.concept {
                index(a)
            } else {
                None
            }
        })
        .collect();
    let count = named.candidates.len().max(1) as f64;
    let mut scored = Vec::new();
    for (at, (candidate, names)) in named.candidates.iter().zip(&named.names).enumerate() {
        if asked.kind == Kind::Id && !texts::has_shape(asked.concept, &candidate.value) {
            continue;
        }
        let own = names.iter().filter_map(|(label, score, span, _)| {
            let (_, weight) = asked.labels.iter().find(|(own, _)| own == label)?;
            Some((weight * score, *span))
        });
        let own = own.max_by(|a, b| a.0.total_cmp(&b.0));
        let others = names.iter().filter(|(label, .., is_rival)| {
            *is_rival && !asked.labels.iter().any(|(own, _)| own == label) && !concept_friends.contains(label)
        });
        let other = others.map(|(_, score, ..)| *score).fold(0.0, f64::max);
        let mut score = own.map_or(0.0, |(score, ..)| score);
        if other > score * 1.02 {
            score *= CONTESTED;
        } else if other > score * 0.9 {
            score *= DOUBTED;
        }
        score *= candidate.validity;
        score = score.max(UNNAMED * texts::unnamed(asked.concept, asked.kind, candidate, &named.candidates));
        score *= texts::party(reading, asked.concept, candidate);
        // Equal names: sums stand at the end, everything else is said first where it matters.
        let place = at as f64 / count * 0.01;
        score += if score <= 0.0 {
            0.0
        } else if asked.kind == Kind::Money {
            place
        } else {
            -place
        };
        scored.push(Scored { candidate: candidate.clone(), score, label: own.map(|(_, span)| span) });
    }
    scored
}

fn shares_place(a: &Candidate, b: &Candidate) -> bool {
    a.segment == b.segment && a.span.start < b.span.end && b.span.start < a.span.end
}

fn may_share(a: &str, b: &str) -> bool {
    SHARED.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
}

/// How likely an answer of that score is right.
pub(super) fn confidence(score: f64) -> f64 {
    let above = CONFIDENCE.iter().position(|&(at, _)| at > score).unwrap_or(CONFIDENCE.len());
    let below = above.checked_sub(1).and_then(|at| CONFIDENCE.get(at));
    match (below, CONFIDENCE.get(above)) {
        (Some((from, low)), Some((to, high))) => rounded(low + (score - from) / (to - from) * (high - low)),
        (Some((_, value)), None) | (None, Some((_, value))) => *value,
        (None, None) => 0.0,
    }
}
