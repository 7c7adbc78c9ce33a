//! The engine by itself, on one thread: the embedding compared with `model2vec-rs`, and whole decisions: with and
//! without examples, on a document constructed to be slow, and by the number of rules and of pages.
//!
//! ```sh
//! cargo bench -p sortroom --bench classify
//! ```
//!
//! Criterion's "elem/s" are pieces a second of `embedding`, rules a second of `rules`, pages a second of `pages`: if
//! the cost is linear, they do not fall. `npm run bench:engine` prints all results with ratios, beside wasm and the
//! transformer.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sortroom::budget::Budget;
use sortroom::classify::{Classifier, Settings, classify};
use sortroom::text::Pieces;

#[path = "engine/peer.rs"]
mod peer;
#[path = "engine/texts.rs"]
mod texts;

use texts::{DOCUMENTS, EXAMPLES, PAGES, RULES, documents};

fn embedding(criterion: &mut Criterion) {
    // By default `model2vec-rs` takes a thread for each core.
    tokenizers::parallelism::set_parallelism(false);
    let model = peer::model();
    let texts = texts::texts();
    let count: usize = texts.iter().map(|text| Pieces::new(text).count()).sum();
    let mut group = criterion.benchmark_group("embedding");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("sortroom", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                black_box(texts::embed(black_box(text)));
            }
        });
    });
    group.bench_function("model2vec-rs", |bencher| {
        bencher.iter(|| model.encode_with_args(black_box(&texts), None, DOCUMENTS));
    });
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let documents = documents(PAGES);
    let rules = texts::rules(RULES);
    let settings = Settings::default();
    let classifier = Classifier::new(&rules, &settings, &Budget::unlimited()).unwrap();
    let mut group = criterion.benchmark_group("two_pages");
    let mut next_document = documents.iter().cycle();
    group.bench_function("classify", |bencher| {
        bencher.iter(|| {
            classify(black_box(next_document.next().unwrap()), black_box(&rules), &settings, &Budget::unlimited())
        });
    });
    group.bench_function("decide", |bencher| {
        bencher.iter(|| classifier.decide(black_box(next_document.next().unwrap()), &Budget::unlimited()).unwrap());
    });
    group.finish();
}

fn few_shot(criterion: &mut Criterion) {
    let documents = documents(PAGES);
    let rules = texts::rules_with_examples(EXAMPLES);
    let settings = Settings::default();
    let classifier = Classifier::new(&rules, &settings, &Budget::unlimited()).unwrap();
    let mut group = criterion.benchmark_group("with_examples");
    let mut next_document = documents.iter().cycle();
    group.sample_size(20);
    group.bench_function("classify", |bencher| {
        bencher.iter(|| {
            classify(black_box(next_document.next().unwrap()), black_box(&rules), &settings, &Budget::unlimited())
        });
    });
    group.bench_function("decide", |bencher| {
        bencher.iter(|| classifier.decide(black_box(next_document.next().unwrap()), &Budget::unlimited()).unwrap());
    });
    group.finish();
}

fn longest_word(criterion: &mut Criterion) {
    let document = texts::longest_word();
    let classifier = Classifier::new(&texts::rules(RULES), &Settings::default(), &Budget::unlimited()).unwrap();
    let mut group = criterion.benchmark_group("longest_word");
    group.sample_size(10);
    group.bench_function("decide", |bencher| {
        bencher.iter(|| classifier.decide(black_box(&document), &Budget::unlimited()).unwrap());
    });
    group.finish();
}

fn growth(criterion: &mut Criterion) {
    let two_pages = documents(PAGES);
    let mut group = criterion.benchmark_group("rules");
    for count in [1, 10, 100, 1000] {
        let classifier = Classifier::new(&texts::rules(count), &Settings::default(), &Budget::unlimited()).unwrap();
        let mut next_document = two_pages.iter().cycle();
        group.throughput(Throughput::Elements(count as u64)).bench_function(
            BenchmarkId::from_parameter(count),
            |bencher| {
                bencher.iter(|| {
                    classifier.decide(black_box(next_document.next().unwrap()), &Budget::unlimited()).unwrap()
                });
            },
        );
    }
    group.finish();
    let classifier = Classifier::new(&texts::rules(RULES), &Settings::default(), &Budget::unlimited()).unwrap();
    let mut group = criterion.benchmark_group("pages");
    for count in [1, 2, 20, 200] {
        let document = texts::document(0, count);
        group.throughput(Throughput::Elements(count as u64)).bench_function(
            BenchmarkId::from_parameter(count),
            |bencher| {
                bencher.iter(|| classifier.decide(black_box(&document), &Budget::unlimited()).unwrap());
            },
        );
    }
    group.finish();
}

criterion_group!(benches, embedding, whole, few_shot, longest_word, growth);
criterion_main!(benches);
