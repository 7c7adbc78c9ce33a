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

pub use embedding::{Share, Sum, Vector, WIDTH};
pub use fold::fold;
pub use language::{Language, StopWords, guess};
pub use pieces::{PIECES, Piece, PieceId, Pieces, UNKNOWN, is_continuation, piece_text};
pub use words::{Words, words};

/// A map for many short look-ups. Its hash is the same everywhere, so whoever tries can choose words that fall together;
/// what that costs is bounded by how many words of a text are looked at. Its order must reach no answer.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::FixedState>;
