//! Text processing: words, stems, languages, word pieces and embeddings.
//!
//! [`Words`] yields the byte range and the folded form of every word of a text. Folding (lower case, accents and
//! ligatures to plain letters, invisible characters dropped) is the same for rules and documents, so that `Échéance`,
//! `échéance` and `ECHEANCE` are one word. A [`Language`] adds stop words and Snowball stems; rules and documents alike
//! are stemmed after folding.
//!
//! Scripts written without spaces (Chinese, Japanese, Korean, Thai) yield overlapping pairs of characters.
//!
//! Not included: sentence boundaries, normalisation forms beyond folding, spelling correction.

mod embedding;
mod fold;
pub mod languages;
mod pieces;
mod simd;
mod words;

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

#[cfg(test)]
pub(crate) use embedding::tiny_table;
pub use embedding::{DIMENSIONS, EmbeddingTable, PieceWeight, Vector, VectorSum};
pub use fold::fold;
pub(crate) use fold::without_numbers;
pub use languages::{Language, StopWordCounts, detect_language};
pub use pieces::{PIECES, Piece, PieceId, Pieces, UNKNOWN, is_continuation, piece_text};
pub use words::{Words, words};

/// A map with a fast hash, for many short keys. Its order must not affect any result. Its hash is the same everywhere,
/// so maps whose keys come from untrusted text are made by [`map_for`].
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, FixedState>;

/// A map for the words of `texts`. Its hash is seeded with all of them, so that nobody can choose words that collide:
/// changing a word changes the hash.
pub(crate) fn map_for<'a, K, V>(texts: impl IntoIterator<Item = &'a str>) -> Map<K, V> {
    let seed = texts.into_iter().fold(0, |seed, text| FixedState::with_seed(seed).hash_one(text));
    Map::with_hasher(FixedState::with_seed(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changing_a_word_changes_the_hash() {
        let hash = |texts: &[&str]| map_for::<String, ()>(texts.iter().copied()).hasher().hash_one("word");
        assert_eq!(hash(&["one word", "more"]), hash(&["one word", "more"]));
        assert_ne!(hash(&["one word", "more"]), hash(&["one word", "mere"]));
        assert_ne!(hash(&["one word", "more"]), hash(&["one word"]));
    }
}
