//! A document and a [`RuleSet`] to a [`Decision`].

use serde::{Deserialize, Serialize};

use crate::document::{Document, Span};

/// A rule in plain language: the label a document gets, and what such documents are like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The label, such as `invoice`. Unique in its set.
    pub label: String,
    /// What documents of this label are like, in plain language.
    pub description: String,
}

/// The rules a document is held against. Labels are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
}

/// What a decision may take into account besides document and rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The language of the documents (ISO 639-1), where the caller knows it; detected when absent.
    pub language: Option<String>,
}

/// Words of the document that spoke for a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The page, from 1.
    pub page: u32,
    /// Where on the page: byte offsets into its text.
    pub span: Span,
    /// The words found there.
    pub text: String,
    /// The label of the rule they spoke for.
    pub rule: String,
    /// How much they spoke for it: a share of the rule's score, 0 to 1.
    pub weight: f64,
}

/// How well one rule fits the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The label of the rule.
    pub label: String,
    /// The score, comparable within one decision only; rounded to six decimals.
    pub score: f64,
}

/// What the document is, how sure that is, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The label of the rule that fits, or nothing when none does.
    pub label: Option<String>,
    /// How likely the answer, be it a label or "none", is right: 0 to 1.
    pub confidence: f64,
    /// Why, in words, from the evidence alone.
    pub reasoning: String,
    /// Every rule with its score, best first; equal scores in the order of the rules.
    pub scores: Vec<Score>,
    /// The words that decided, weightiest first.
    pub evidence: Vec<Evidence>,
}

/// A rule set, prepared once for many documents.
#[derive(Debug)]
pub struct Classifier<'a> {
    rules: &'a RuleSet,
}

impl<'a> Classifier<'a> {
    /// Prepares `rules`.
    pub fn new(rules: &'a RuleSet, _settings: &Settings) -> Self {
        Self { rules }
    }

    /// Decides what `document` is.
    pub fn decide(&self, document: &Document) -> Decision {
        let holds = |word: &str| document.pages.iter().any(|page| page.text.to_lowercase().contains(word));
        let found = self.rules.rules.iter().find(|rule| holds(&rule.label.to_lowercase()));
        Decision {
            label: found.map(|rule| rule.label.clone()),
            confidence: 0.5,
            reasoning: "The label is a word of the document.".to_owned(),
            scores: Vec::new(),
            evidence: Vec::new(),
        }
    }
}
