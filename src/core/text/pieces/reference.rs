//! The reference for tests and the bench: the `tokenizers` crate with our pieces and ids.

use std::collections::BTreeMap;

use tokenizers::Tokenizer;

use super::{PIECES, PieceId, is_continuation, piece_text};

pub(super) fn tokenizer() -> Tokenizer {
    let piece = |id| format!("{}{}", if is_continuation(id) { "##" } else { "" }, piece_text(id));
    let ids = (0..PIECES as u16).map(|id| (piece(PieceId(id)), id));
    let description = serde_json::json!({
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": true,
            "strip_accents": null,
            "lowercase": true,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids.collect::<BTreeMap<_, _>>(),
        },
    });
    Tokenizer::from_bytes(description.to_string()).expect("a tokenizer")
}
