//! `model2vec-rs` over our own vocabulary, for comparison with the embedding table.

use std::collections::BTreeMap;

use model2vec_rs::model::StaticModel;
use sortroom::text::{DIMENSIONS, PIECES, PieceId, is_continuation, piece_text};

/// A model with a row of [`DIMENSIONS`] single-precision numbers for every piece. The values do not affect its speed.
pub fn model() -> StaticModel {
    let piece = |id| format!("{}{}", if is_continuation(id) { "##" } else { "" }, piece_text(id));
    let vocabulary: BTreeMap<_, _> = (0..PIECES as u16).map(|id| (piece(PieceId(id)), id)).collect();
    let tokenizer = serde_json::json!({
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
            "vocab": vocabulary,
        },
    });
    let config = r#"{"normalize": true}"#;
    StaticModel::from_bytes(tokenizer.to_string(), table(), config, None).expect("a model")
}

/// The table as a safetensors file: length of the header, header, numbers.
fn table() -> Vec<u8> {
    let numbers = (0..PIECES * DIMENSIONS).map(|index| (index % 255) as f32 / 127.0 - 1.0);
    let header = serde_json::json!({
        "embeddings": { "dtype": "F32", "shape": [PIECES, DIMENSIONS], "data_offsets": [0, 4 * PIECES * DIMENSIONS] },
    });
    let header = format!("{header:8}").into_bytes();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(numbers.flat_map(f32::to_le_bytes));
    file
}
