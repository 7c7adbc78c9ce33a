//! The best way to cut pages into segments.

use crate::budget::Budget;
use crate::error::Result;

/// States of a page that are compared, as one step of work.
const STATES_PER_STEP: usize = 8;

/// The pages as the search sees them.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    /// For each page, the logarithm of the probability of each category, and of none where that is permitted; empty for
    /// a blank page.
    pub logs: &'a [Vec<f64>],
    /// For each page, what a segment that begins there adds to the score; negative infinity where none may begin.
    pub starts: &'a [f64],
    pub categories: usize,
    pub min_pages: usize,
}

/// Where segments begin so that the sum of the scores of their pages and beginnings is greatest, every segment has the
/// minimum number of pages, and all pages of a segment have one category. It is a dynamic programme over pages, which keeps
/// for each category the best score of the pages so far whose last segment has that category. Fewer segments win a tie.
pub(super) fn segment_starts(pages: &Pages<'_>, budget: &Budget) -> Result<Vec<usize>> {
    let Pages { logs, starts, categories, min_pages } = *pages;
    let count = logs.len();
    budget.pairs(count, 3 * categories, STATES_PER_STEP)?;
    let _held = budget.hold((count + 1) * (categories + 3) * size_of::<f64>())?;
    // For each category, the sum of its scores over the pages before each one.
    let mut sums = vec![vec![0.0; categories]];
    for page in logs {
        let last = sums.last().map(Vec::as_slice).unwrap_or_default();
        let sum = last.iter().enumerate().map(|(category, sum)| sum + page.get(category).unwrap_or(&0.0)).collect();
        sums.push(sum);
    }
    // The best score of the pages before each one, and where its last segment begins.
    let mut best = vec![(0.0, 0)];
    // For each category, the best score without the pages of the open segment's category, and where that begins.
    let mut open: Vec<Option<(f64, usize)>> = vec![None; categories];
    for end in 1..=count {
        if let Some(start) = end.checked_sub(min_pages)
            && let Some(&(before, _)) = best.get(start)
        {
            let begin = if start == 0 { 0.0 } else { starts.get(start).copied().unwrap_or(f64::NEG_INFINITY) };
            for (open, sum) in open.iter_mut().zip(sums.get(start).into_iter().flatten()) {
                let score = before + begin - sum;
                if score > f64::NEG_INFINITY && open.is_none_or(|(known, _)| score > known) {
                    *open = Some((score, start));
                }
            }
        }
        let ends = open.iter().zip(sums.get(end).into_iter().flatten());
        let ends = ends.filter_map(|(open, sum)| open.map(|(score, start)| (score + sum, start)));
        best.push(ends.fold((f64::NEG_INFINITY, 0), |best, next| if next.0 > best.0 { next } else { best }));
    }
    let mut found = Vec::new();
    let mut end = count;
    while end > 0 {
        // Where there are fewer pages than a segment must have, they are one.
        let start = best.get(end).map_or(0, |&(_, start)| start).min(end - 1);
        found.push(start);
        end = start;
    }
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(logs: &[[f64; 2]], starts: &[f64], min_pages: usize) -> Vec<usize> {
        let logs: Vec<Vec<f64>> = logs.iter().map(|page| page.to_vec()).collect();
        segment_starts(&Pages { logs: &logs, starts, categories: 2, min_pages }, &Budget::unlimited()).unwrap()
    }

    const A: [f64; 2] = [-0.1, -3.0];
    const B: [f64; 2] = [-3.0, -0.1];

    #[test]
    fn begins_where_the_category_changes() {
        assert_eq!(starts(&[A, A, B, B], &[0.0, -1.0, -1.0, -1.0], 1), [0, 2]);
        assert_eq!(starts(&[A, A, B, A], &[0.0, -5.0, -5.0, -5.0], 1), [0], "one page does not make up for two cuts");
    }

    #[test]
    fn begins_where_evidence_says_so_within_a_category() {
        assert_eq!(starts(&[A, A, A, A], &[0.0, -1.0, 2.0, -1.0], 1), [0, 2]);
    }

    #[test]
    fn segments_have_the_minimum_of_pages() {
        assert_eq!(starts(&[A, B, A, A], &[0.0, 3.0, 3.0, -1.0], 2), [0, 2]);
        assert_eq!(starts(&[A, B], &[0.0, 9.0], 3), [0]);
    }

    #[test]
    fn no_segment_begins_where_none_may() {
        assert_eq!(starts(&[A, B, B], &[0.0, f64::NEG_INFINITY, 1.0], 1), [0, 2]);
    }
}
