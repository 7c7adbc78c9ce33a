//! The weight of words in general text, independent of any rules.
//!
//! A word that is common in general text ("use", "time") means little wherever it appears; one that is rare there means
//! much. `background.txt` has the common English stems with their idf, counted by `background.py`; every stem that it
//! lacks is rare. Other languages have no table: their stop words are known and all other words count as rare, while
//! the idf within the rule set still separates the rules.

use std::sync::LazyLock;

/// The idf of one letter of the table, in nats. Must equal `STEP` of `background.py`.
const STEP: f64 = 0.35;

/// The idf, in nats, of a stem that the table lacks: one step beyond its rarest.
pub(super) const RARE: f64 = 9.0;

/// Parsing is one pass over 37 KB that allocates one list of borrowed lines.
static TABLE: LazyLock<Vec<(&'static str, u8)>> = LazyLock::new(|| {
    include_str!("background.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(stem, letter)| Some((stem, letter.bytes().next()?.checked_sub(b'a')?)))
        .collect()
});

/// The idf of an English stem in general text, as a share of [`RARE`]: 0 (everywhere) to 1 (rare).
pub(super) fn background_idf(stem: &str) -> f64 {
    let table = &*TABLE;
    table
        .binary_search_by(|&(known, _)| known.cmp(stem))
        .ok()
        .and_then(|index| table.get(index))
        .map_or(1.0, |&(_, steps)| f64::from(steps) * STEP / RARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_makes_sense() {
        assert!(TABLE.len() > 4000);
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.iter().all(|&(_, steps)| steps < 26 && f64::from(steps) * STEP < RARE));
        assert!(background_idf("use") < background_idf("invoic"));
        assert!(background_idf("invoic") < background_idf("franchis"));
        assert!((background_idf("franchisor") - 1.0).abs() < f64::EPSILON);
    }
}
