//! Characters to tokens and stems.
//!
//! [`Words`] walks a text and yields the byte range and the folded form of every word. Folding (lower case, accents
//! and ligatures to plain letters, invisible characters dropped) is the same for rules and documents, so that
//! `Échéance`, `échéance` and `ECHEANCE` are one word. A [`Language`] adds stop words and Snowball stems; stems are
//! taken of folded words, again on both sides alike.
//!
//! Scripts written without spaces (Chinese, Japanese, Korean, Thai) yield overlapping pairs of characters.
//!
//! Not here: sentence boundaries, normalisation forms beyond what folding does, spelling.

mod embedding;
mod fold;
mod lanes;
mod language;
mod pieces;
mod words;

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

pub use embedding::{Share, Sum, Vector, WIDTH};
pub use fold::fold;
pub use language::{Language, StopWords, guess};
pub use pieces::{PIECES, Piece, PieceId, Pieces, UNKNOWN, is_continuation, piece_text};
pub use words::{Words, words};

/// A map for many short look-ups. Its order must reach no answer. Its hash is the same everywhere: a map that is filled with
/// a stranger's words is made by [`map_for`].
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, FixedState>;

/// A map for the words of these texts. Its hash depends on all of them, so that nobody can choose words that fall together:
/// another word is another hash.
pub(crate) fn map_for<'a, K, V>(texts: impl IntoIterator<Item = &'a str>) -> Map<K, V> {
    let seed = texts.into_iter().fold(0, |seed, text| FixedState::with_seed(seed).hash_one(text));
    Map::with_hasher(FixedState::with_seed(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_word_is_another_hash() {
        let hash = |texts: &[&str]| map_for::<String, ()>(texts.iter().copied()).hasher().hash_one("word");
        assert_eq!(hash(&["one word", "more"]), hash(&["one word", "more"]));
        assert_ne!(hash(&["one word", "more"]), hash(&["one word", "mere"]));
        assert_ne!(hash(&["one word", "more"]), hash(&["one word"]));
    }
}
