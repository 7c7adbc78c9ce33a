//! Pieces a second, English and German, compared with the tokenizers of `model2vec-rs` and `tokenizers`, all on one
//! thread:
//!
//! ```sh
//! RAYON_NUM_THREADS=1 cargo bench -p sortroom --bench pieces
//! ```
//!
//! Criterion's "elem/s" are pieces a second. `model2vec-rs` does not expose its tokenizer: it is measured as a whole,
//! over an embedding table of one component per row, so that the tokenizer takes most of the time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model2vec_rs::model::StaticModel;
use sortroom::text::{PIECES, PieceId, Pieces, is_continuation, piece_text};

#[path = "../text/pieces/reference.rs"]
mod reference;

const LINES: usize = 5000;
const WORDS: usize = 20;

/// Lines of words drawn at random from a text, so that branch prediction cannot learn it.
fn lines(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut state = 1_u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        words.get((state >> 33) as usize % words.len()).copied().unwrap_or_default()
    };
    (0..LINES).map(|_| (0..WORDS).map(|_| word()).collect::<Vec<_>>().join(" ")).collect()
}

fn pieces(criterion: &mut Criterion) {
    let reference = reference::tokenizer();
    let model = StaticModel::from_owned(reference.clone(), vec![1.0; PIECES], PIECES, 1, false, None, None).unwrap();
    for (language, text) in [
        ("english", include_str!("../text/pieces/fixtures/english.txt")),
        ("german", include_str!("../text/pieces/fixtures/german.txt")),
    ] {
        let lines = lines(text);
        let mut group = criterion.benchmark_group(language);
        let count: usize = lines.iter().map(|line| Pieces::new(line).count()).sum();
        group.throughput(Throughput::Elements(count as u64)).sample_size(20);
        group.bench_function("sortroom", |bencher| {
            bencher.iter(|| {
                for line in &lines {
                    Pieces::new(black_box(line)).for_each(|piece| {
                        black_box(piece.id);
                    });
                }
            });
        });
        group.bench_function("model2vec-rs", |bencher| {
            bencher.iter(|| model.encode_with_args(black_box(&lines), None, LINES));
        });
        group.bench_function("tokenizers", |bencher| {
            bencher.iter(|| {
                for line in &lines {
                    black_box(reference.encode_fast(black_box(line.as_str()), false).unwrap());
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, pieces);
criterion_main!(benches);
