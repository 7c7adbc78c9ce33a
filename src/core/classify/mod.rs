//! A document and a [`RuleSet`] to a [`Decision`].
//!
//! A [`Classifier`] is a rule set made ready; [`Classifier::decide`] holds one document against it:
//!
//! 1. `rules`: the words of labels and descriptions become weighted terms. What all rules share, what general text is
//!    full of and what a description excludes says little or nothing.
//! 2. `reading`: one walk over the document finds every place that uses a term.
//! 3. `features`: for every rule a few numbers, each one kind of evidence.
//! 4. `score`: the numbers become a score for each rule, the answer (a label, or none) and its probability.
//! 5. `reasoning`: the same evidence as sentences and as places in the document.
//!
//! [`evaluation`] says how good the answers are on labelled documents, [`lint`] what is wrong with rules before there are any.
//!
//! The evidence is lexical: equal words, equal stems, and for documents in another language than the rules a small
//! glossary of business words. It does not know that a "flat" is an "apartment", and it does not follow an argument.

mod background;
pub mod evaluation;
mod features;
mod glossary;
pub mod lint;
mod reading;
mod reasoning;
mod rules;
mod score;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Span};
use crate::text::Language;

pub use features::Features;

/// A rule in plain language: the label a document gets, and what such documents are like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The label, such as `invoice`. Unique in its set.
    pub label: String,
    /// What documents of this label are like, in plain language.
    pub description: String,
    /// Texts that are of this label, when some are known: they sharpen the rule, and never replace its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

impl Rule {
    /// A rule without examples.
    pub fn new(label: impl Into<String>, description: impl Into<String>) -> Self {
        Self { label: label.into(), description: description.into(), examples: Vec::new() }
    }
}

/// The rules a document is held against. Labels are unique.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
}

/// What a decision may take into account besides document and rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The language of the documents (ISO 639-1), where the caller knows it; detected when absent.
    pub language: Option<String>,
    /// How much readier than usual the answer "none of these" is, in log-odds: 0 is as measured, 1 multiplies the odds
    /// of "none" by 2.7, negative values make it rarer.
    pub no_match_bias: f64,
    /// Whether "none of these" is a possible answer. Where it is not, the best rule is the answer whatever it is.
    #[serde(skip_serializing_if = "is_true")]
    pub allow_no_match: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { language: None, no_match_bias: 0.0, allow_no_match: true }
    }
}

/// Settings are spelt without what is usual.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(value: &bool) -> bool {
    *value
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
    /// The label of the rule they spoke for: the label given, or that of the nearest rule where none was.
    pub rule: String,
    /// How much they spoke for it: a share of the rule's score, 0 to 1.
    pub weight: f64,
}

/// How well one rule fits the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The label of the rule.
    pub label: String,
    /// The score, comparable within one decision only; 0 or more, rounded to six decimals.
    pub score: f64,
}

/// What the document is, how sure that is, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The label of the rule that fits, or nothing when none does.
    pub label: Option<String>,
    /// How likely the answer, be it a label or "none", is right: 0 to 1.
    pub confidence: f64,
    /// How likely it is that none of the rules fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
    #[serde(default)]
    pub no_match: f64,
    /// Why, in words, from the evidence alone.
    pub reasoning: String,
    /// Every rule with its score, best first; equal scores in the order of the rules.
    pub scores: Vec<Score>,
    /// The words that decided, weightiest first.
    pub evidence: Vec<Evidence>,
}

/// A rule set made ready for many documents.
#[derive(Debug, Clone)]
pub struct Classifier {
    labels: Vec<String>,
    lexicon: rules::Lexicon,
    language: Option<Language>,
    no_match_bias: f64,
    allow_no_match: bool,
}

impl Classifier {
    /// Makes `rules` ready. An empty set is allowed; no document matches it.
    pub fn new(rules: &RuleSet, settings: &Settings) -> Self {
        Self {
            labels: rules.rules.iter().map(|rule| rule.label.clone()).collect(),
            lexicon: rules::Lexicon::new(rules),
            language: settings.language.as_deref().and_then(Language::from_code),
            no_match_bias: settings.no_match_bias,
            allow_no_match: settings.allow_no_match,
        }
    }

    /// Holds `document` against the rules.
    pub fn decide(&self, document: &Document) -> Decision {
        let reading = reading::Reading::new(document, &self.lexicon, self.language);
        let features = features::features(&reading, &self.lexicon);
        let mut ranked: Vec<(usize, f64)> =
            features.iter().map(|features| score::rounded(score::rank(features))).enumerate().collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let scores: Vec<f64> = ranked.iter().map(|&(_, score)| score).collect();
        let winner = ranked.first().map(|&(rule, _)| rule);
        let winning = winner.and_then(|rule| features.get(rule)).copied().unwrap_or_default();
        let judged = score::judge(&scores, &winning, &reading, self.no_match_bias);
        let verdict =
            if self.allow_no_match || scores.is_empty() { judged } else { score::best_of(&scores, judged.no_match) };
        let case = reasoning::Case {
            document,
            labels: &self.labels,
            lexicon: &self.lexicon,
            reading: &reading,
            ranked: &ranked,
            verdict,
        };
        let (reasoning, evidence) = case.explain(&winning);
        Decision {
            label: winner.filter(|_| !verdict.is_null).and_then(|rule| self.labels.get(rule)).cloned(),
            confidence: verdict.confidence,
            no_match: verdict.no_match,
            reasoning,
            scores: ranked
                .iter()
                .filter_map(|&(rule, score)| Some(Score { label: self.labels.get(rule)?.clone(), score }))
                .collect(),
            evidence,
        }
    }

    /// The features of every rule for `document`, in the order of the rules, and the number of content words: what the
    /// constants of the engine are fitted on.
    pub fn features(&self, document: &Document) -> (Vec<Features>, usize) {
        let reading = reading::Reading::new(document, &self.lexicon, self.language);
        (features::features(&reading, &self.lexicon), reading.words)
    }
}

/// Holds one document against `rules`. For many documents, make one [`Classifier`].
pub fn classify(document: &Document, rules: &RuleSet, settings: &Settings) -> Decision {
    Classifier::new(rules, settings).decide(document)
}
