//! Raises the scores of net, tax and total that add up.

use std::collections::BTreeMap;

use super::candidates::ScoredCandidate;
use super::numbers::CENT;
use super::ranking::{MIN_SCORE, Ranking};

/// Added to the scores of amounts that add up, and the minimum sum of their scores for that.
const ADDS_UP: f64 = 0.45;
const MIN_SUM: f64 = 0.9;

/// Factor of an amount that is not part of the sum.
const NOT_IN_SUM: f64 = 0.7;

/// Factor of a total's score as the score of the amount due, without a label for that.
const UNLABELLED_DUE: f64 = 0.55;

/// The rates of value added tax that are in use, in tenths of a percent.
const RATES: &[i128] = &[
    25, 26, 38, 40, 50, 55, 60, 70, 77, 80, 81, 90, 100, 120, 130, 135, 150, 160, 170, 180, 190, 200, 210, 220, 230,
    240, 250, 255, 270,
];

/// The maximum number of different amounts tried against each other.
const MAX_AMOUNTS: usize = 160;

impl Ranking<'_> {
    fn ranked_for(&mut self, concept: &str) -> Option<&mut Vec<ScoredCandidate>> {
        let query_index = self.queries.iter().position(|query| query.concept == concept)?;
        self.ranked.get_mut(query_index)
    }

    /// The score of every amount for a concept.
    fn amounts(&self, concept: &str) -> BTreeMap<i128, f64> {
        let mut amounts = BTreeMap::new();
        let query_index = self.queries.iter().position(|query| query.concept == concept);
        for scored in query_index.and_then(|index| self.ranked.get(index)).into_iter().flatten() {
            if let Some(amount) = scored.candidate.amount {
                let best = amounts.entry(amount).or_insert(0.0_f64);
                *best = best.max(scored.score);
            }
        }
        amounts
    }

    /// Finds the net, tax and total that add up and have the best labels, and raises their scores.
    pub(super) fn raise_sums(&mut self) {
        let (net, tax) = (self.amounts("net"), self.amounts("tax"));
        let (total, due) = (self.amounts("total"), self.amounts("amount_due"));
        let mut values: Vec<(i128, f64)> = net
            .iter()
            .map(|(&amount, &score)| {
                let score_of = |scores: &BTreeMap<i128, f64>| scores.get(&amount).copied().unwrap_or_default();
                (amount, score.max(score_of(&tax)).max(score_of(&total)).max(score_of(&due)))
            })
            .collect();
        values.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        values.truncate(MAX_AMOUNTS);
        let largest = values.iter().map(|(amount, _)| amount.abs()).max().unwrap_or(1).max(1);
        let score = |scores: &BTreeMap<i128, f64>, amount: i128| scores.get(&amount).copied().unwrap_or_default();
        let mut best: Option<(f64, [i128; 3])> = None;
        for &(net_amount, _) in values.iter().filter(|(amount, _)| *amount != 0) {
            for &(tax_amount, _) in &values {
                let total_amount = net_amount + tax_amount;
                let label_scores = [
                    score(&net, net_amount),
                    score(&tax, tax_amount),
                    score(&total, total_amount).max(0.95 * score(&due, total_amount)),
                ];
                let shares_sign = tax_amount == 0 || (tax_amount > 0) == (net_amount > 0);
                // Without tax, net and total are one amount, which is only evidence if all three have a label.
                let is_plausible =
                    tax_amount.abs() * 10 <= net_amount.abs() * 3 && shares_sign && total.contains_key(&total_amount);
                let labelled = label_scores.iter().filter(|score| **score > MIN_SCORE).count();
                if !is_plausible || labelled < if tax_amount == 0 { 3 } else { 2 } {
                    continue;
                }
                let is_rate = RATES.iter().any(|rate| (net_amount * rate - tax_amount * 1000).abs() <= CENT * 1000);
                let size = (total_amount.abs() * 100 / largest) as f64 / 1000.0;
                let sum = label_scores.iter().sum::<f64>() + size + if is_rate && tax_amount != 0 { 0.3 } else { 0.0 };
                if best.is_none_or(|(best_sum, _)| sum > best_sum) {
                    best = Some((sum, [net_amount, tax_amount, total_amount]));
                }
            }
        }
        let Some((_, found)) = best.filter(|(sum, _)| *sum > MIN_SUM) else { return };
        for (concept, amount) in ["net", "tax", "total"].into_iter().zip(found) {
            // A total may only have the label of the amount due.
            let due = if concept == "total" { 0.95 * score(&due, amount) } else { 0.0 };
            for scored in self.ranked_for(concept).into_iter().flatten() {
                if scored.candidate.amount == Some(amount) {
                    scored.score = scored.score.max(MIN_SCORE).max(due) + ADDS_UP;
                } else {
                    scored.score *= NOT_IN_SUM;
                }
            }
        }
        let [.., total] = found;
        // The amount due is the total, unless a label says otherwise.
        for scored in self.ranked_for("amount_due").into_iter().flatten() {
            if scored.candidate.amount == Some(total) {
                scored.score = scored.score.max(0.55);
            }
        }
    }

    /// Scores the total as the amount due, for documents without a label for that.
    pub(super) fn score_total_as_due(&mut self) {
        let Some(totals) =
            self.ranked_for("total").map(|totals| totals.iter().map(|total| total.score).collect::<Vec<_>>())
        else {
            return;
        };
        // Both have the same amounts in the same order.
        for (due, total) in self.ranked_for("amount_due").into_iter().flatten().zip(totals) {
            due.score = due.score.max(UNLABELLED_DUE * total);
        }
    }
}
