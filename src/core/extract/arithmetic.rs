//! Amounts that add up speak for each other: net, tax and total.

use std::collections::BTreeMap;

use super::numbers::CENT;
use super::score::{LEAST, Ranking, Scored};

/// Added to the scores of amounts that add up, and the least the names must give for it.
const ADDS_UP: f64 = 0.45;
const LEAST_SUM: f64 = 0.9;

/// What is left of an amount that is not part of what adds up.
const ODD_ONE: f64 = 0.7;

/// What a total's score is worth as what is due.
const UNSAID: f64 = 0.55;

/// The rates of value added tax that are in use, in tenths of a percent.
const RATES: &[i128] = &[
    25, 26, 38, 40, 50, 55, 60, 70, 77, 80, 81, 90, 100, 120, 130, 135, 150, 160, 170, 180, 190, 200, 210, 220, 230,
    240, 250, 255, 270,
];

/// The most different amounts tried against each other.
const MAX_AMOUNTS: usize = 160;

impl Ranking<'_> {
    fn of(&mut self, concept: &str) -> Option<&mut Vec<Scored>> {
        let at = self.asked.iter().position(|asked| asked.concept == concept)?;
        self.ranked.get_mut(at)
    }

    /// The score of every amount for a concept.
    fn amounts(&self, concept: &str) -> BTreeMap<i128, f64> {
        let mut amounts = BTreeMap::new();
        let at = self.asked.iter().position(|asked| asked.concept == concept);
        for scored in at.and_then(|at| self.ranked.get(at)).into_iter().flatten() {
            if let Some(amount) = scored.candidate.amount {
                let best = amounts.entry(amount).or_insert(0.0_f64);
                *best = best.max(scored.score);
            }
        }
        amounts
    }

    /// Finds net, tax and total that add up and that their names speak for, and raises them.
    pub(super) fn add_up(&mut self) {
        let (net, tax) = (self.amounts("net"), self.amounts("tax"));
        let (total, due) = (self.amounts("total"), self.amounts("amount_due"));
        let mut values: Vec<(i128, f64)> = net
            .iter()
            .map(|(&amount, &score)| {
                let other = |scores: &BTreeMap<i128, f64>| scores.get(&amount).copied().unwrap_or_default();
                (amount, score.max(other(&tax)).max(other(&total)).max(other(&due)))
            })
            .collect();
        values.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        values.truncate(MAX_AMOUNTS);
        let largest = values.iter().map(|(amount, _)| amount.abs()).max().unwrap_or(1).max(1);
        let score = |scores: &BTreeMap<i128, f64>, amount: i128| scores.get(&amount).copied().unwrap_or_default();
        let mut best: Option<(f64, [i128; 3])> = None;
        for &(n, _) in values.iter().filter(|(amount, _)| *amount != 0) {
            for &(t, _) in &values {
                let g = n + t;
                let names = [score(&net, n), score(&tax, t), score(&total, g).max(0.95 * score(&due, g))];
                let shares_sign = t == 0 || (t > 0) == (n > 0);
                // Without tax, net and total are one amount, which says nothing unless all three are named.
                let is_plain = t.abs() * 10 <= n.abs() * 3 && shares_sign && total.contains_key(&g);
                let named = names.iter().filter(|name| **name > LEAST).count();
                if !is_plain || named < if t == 0 { 3 } else { 2 } {
                    continue;
                }
                let is_rate = RATES.iter().any(|rate| (n * rate - t * 1000).abs() <= CENT * 1000);
                let size = (g.abs() * 100 / largest) as f64 / 1000.0;
                let sum = names.iter().sum::<f64>() + size + if is_rate && t != 0 { 0.3 } else { 0.0 };
                if best.is_none_or(|(before, _)| sum > before) {
                    best = Some((sum, [n, t, g]));
                }
            }
        }
        let Some((_, found)) = best.filter(|(sum, _)| *sum > LEAST_SUM) else { return };
        for (concept, amount) in ["net", "tax", "total"].into_iter().zip(found) {
            // A total may be named by what is due alone.
            let due = if concept == "total" { 0.95 * score(&due, amount) } else { 0.0 };
            for scored in self.of(concept).into_iter().flatten() {
                if scored.candidate.amount == Some(amount) {
                    scored.score = scored.score.max(LEAST).max(due) + ADDS_UP;
                } else {
                    scored.score *= ODD_ONE;
                }
            }
        }
        let [.., total] = found;
        // What is due is the total, unless a name says otherwise.
        for scored in self.of("amount_due").into_iter().flatten() {
            if scored.candidate.amount == Some(total) {
                scored.score = scored.score.max(0.55);
            }
        }
    }

    /// What is due is the total where no name says it.
    pub(super) fn due_is_total(&mut self) {
        let Some(totals) = self.of("total").map(|scored| scored.iter().map(|one| one.score).collect::<Vec<_>>()) else {
            return;
        };
        // Both are scored over the same amounts in the same order.
        for (due, total) in self.of("amount_due").into_iter().flatten().zip(totals) {
            due.score = due.score.max(UNSAID * total);
        }
    }
}
