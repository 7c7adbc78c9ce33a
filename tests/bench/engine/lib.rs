//! The engine and `model2vec-rs` in one wasm module. It holds no clock: each call repeats its work, and is timed from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench")]

use std::hint::black_box;

use model2vec_rs::model::StaticModel;
use sortroom::budget::Budget;
use sortroom::classify::{Classifier, RuleSet, Settings, classify};
use sortroom::document::Document;
use sortroom::text::{EmbeddingTable, PieceWeight, Pieces, VectorSum};
use wasm_bindgen::prelude::wasm_bindgen;

#[path = "../../../src/core/benches/engine/peer.rs"]
mod peer;
#[path = "../../../src/core/benches/engine/texts.rs"]
mod texts;

use texts::{DOCUMENTS, EXAMPLES, PAGES, RULES};

/// The prepared inputs and classifiers.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    texts: Vec<String>,
    documents: Vec<Document>,
    rules: RuleSet,
    classifier: Classifier,
    rules_with_examples: RuleSet,
    with_examples: Classifier,
    longest_word: Document,
    peer: StaticModel,
}

#[wasm_bindgen]
impl Engine {
    /// Reads nothing from outside: texts, rules and the peer's table are made here.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::new_without_default, reason = "JavaScript knows only constructors")]
    pub fn new() -> Self {
        let (rules, rules_with_examples) = (texts::rules(RULES), texts::rules_with_examples(EXAMPLES));
        Self {
            texts: texts::texts(),
            documents: texts::documents(PAGES),
            classifier: Classifier::new(&rules, &Settings::default(), &Budget::unlimited()).unwrap(),
            rules,
            with_examples: Classifier::new(&rules_with_examples, &Settings::default(), &Budget::unlimited()).unwrap(),
            rules_with_examples,
            longest_word: texts::longest_word(),
            peer: peer::model(),
        }
    }

    /// The texts and the rules, for peers that read JSON.
    pub fn texts(&self) -> String {
        serde_json::json!({ "texts": self.texts, "rules": self.rules.rules }).to_string()
    }

    /// Pieces of all texts together.
    pub fn pieces(&self) -> usize {
        self.texts.iter().map(|text| Pieces::new(text).count()).sum()
    }

    /// The share of the pieces that our table has a row for.
    pub fn share_with_row(&self) -> f64 {
        let mut sum = VectorSum::new(EmbeddingTable::current().unwrap());
        let pieces = self.texts.iter().flat_map(|text| Pieces::new(text));
        pieces.filter(|piece| sum.add(piece.id, PieceWeight::Full)).count() as f64 / self.pieces() as f64
    }

    /// Embeds all texts, so many times.
    pub fn embed(&self, times: u32) {
        for text in (0..times).flat_map(|_| &self.texts) {
            black_box(texts::embed(black_box(text)));
        }
    }

    /// The same by the peer.
    pub fn embed_peer(&self, times: u32) {
        for _ in 0..times {
            black_box(self.peer.encode_with_args(black_box(&self.texts), None, DOCUMENTS));
        }
    }

    /// Decides on all documents, so many times, with rules that are ready.
    pub fn decide(&self, times: u32) {
        for document in (0..times).flat_map(|_| &self.documents) {
            black_box(self.classifier.decide(black_box(document), &Budget::unlimited()).unwrap());
        }
    }

    /// The same, compiling the rules for each document.
    pub fn classify(&self, times: u32) {
        for document in (0..times).flat_map(|_| &self.documents) {
            black_box(
                classify(black_box(document), black_box(&self.rules), &Settings::default(), &Budget::unlimited())
                    .unwrap(),
            );
        }
    }

    /// The same as `decide` with rules that have examples.
    pub fn decide_with_examples(&self, times: u32) {
        for document in (0..times).flat_map(|_| &self.documents) {
            black_box(self.with_examples.decide(black_box(document), &Budget::unlimited()).unwrap());
        }
    }

    /// Makes the rules with examples ready, and decides on one document.
    pub fn classify_with_examples(&self, times: u32) {
        for document in self.documents.iter().cycle().take(times as usize) {
            black_box(
                classify(
                    black_box(document),
                    black_box(&self.rules_with_examples),
                    &Settings::default(),
                    &Budget::unlimited(),
                )
                .unwrap(),
            );
        }
    }

    /// Decides on a document made to be slow.
    pub fn decide_longest_word(&self, times: u32) {
        for _ in 0..times {
            black_box(self.classifier.decide(black_box(&self.longest_word), &Budget::unlimited()).unwrap());
        }
    }
}
