//! Measures the quality of a rule set on documents with known labels.
//!
//! [`evaluate`] classifies [`Case`]s with a rule set and computes metrics; [`compare`] lists the cases that a draft
//! fixes and breaks compared with the published version. All metrics except counts are fractions, rounded to six
//! decimals.

use serde::{Deserialize, Serialize};

use super::score::rounded;
use super::{Classifier, Decision, RuleSet, Settings};
use crate::ENGINE_VERSION;
use crate::budget::Budget;
use crate::document::Document;
use crate::error::{Error, Result, Violation, Violations};
use crate::limits;
use crate::validate::{
    declare::declare,
    shape::{CLOSED, Shape},
};

/// The number of confidence bins of equal width: the most common one in papers on calibration.
const BINS: usize = 15;

/// A document with its right label.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The document.
    pub document: Document,
    /// The right label; None if no rule fits.
    pub label: Option<String>,
}

declare! {
    /// A text with its right label.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct LabelledText(CLOSED) {
        /// The text.
        pub text: String = required(Shape::text(1..=limits::MAX_BODY_BYTES)),
        /// The right label; None if no rule fits.
        #[cfg_attr(feature = "types", ts(optional = nullable))]
        pub label: Option<String> = optional(Shape::text(1..=limits::MAX_LABEL_CHARS)),
    }
}

/// The answer of a rule set for a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Answer {
    /// As [`Decision::label`].
    pub label: Option<String>,
    /// As [`Decision::confidence`].
    pub confidence: f64,
    /// As [`Decision::no_match`].
    pub no_match: f64,
}

impl From<Decision> for Answer {
    fn from(decision: Decision) -> Self {
        Self { label: decision.label, confidence: decision.confidence, no_match: decision.no_match }
    }
}

/// The metrics of a rule set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Evaluation {
    /// The share of cases with the right answer, be it a label or "none".
    pub accuracy: f64,
    /// The mean F1 of the labels that are right for some case; None if there are none. "None" is not a label.
    pub macro_f1: Option<f64>,
    /// The expected calibration error: the mean distance of confidence and accuracy over the bins of `reliability`,
    /// weighted by their answers.
    pub ece: f64,
    /// How well [`Answer::no_match`] separates the cases that no rule fits from the others: the share of pairs in the
    /// right order, ties as half. None unless there are cases of both kinds.
    pub no_match_auroc: Option<f64>,
    /// Every label in the order of the rules, then "none".
    pub classes: Vec<ClassMetrics>,
    /// The confusion matrix: rows are the right classes, columns the answers, both in the order of `classes`.
    pub confusion: Vec<Vec<usize>>,
    /// The bins of confidence, lowest first, without empty ones.
    pub reliability: Vec<ReliabilityBin>,
    /// The answers, in the order of the cases.
    pub answers: Vec<Answer>,
}

/// The metrics of a label, or of "none".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ClassMetrics {
    /// The label; None for "none".
    pub label: Option<String>,
    /// The number of cases of this class.
    pub cases: usize,
    /// The number of cases answered with this class.
    pub answered: usize,
    /// The share of those answers that are right; None if there are none.
    pub precision: Option<f64>,
    /// The share of its cases that are answered rightly; None if there are none.
    pub recall: Option<f64>,
    /// The harmonic mean of precision and recall; None if there are neither cases nor answers.
    pub f1: Option<f64>,
}

/// Answers of similar confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReliabilityBin {
    /// The lower bound of the confidence, inclusive.
    pub from: f64,
    /// The upper bound of the confidence, exclusive; the last bin includes 1.
    pub to: f64,
    /// The number of answers.
    pub answers: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that are right.
    pub accuracy: f64,
}

/// The metrics of a rule set, and the comparison with the published version.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EvaluateResult {
    /// The metrics.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// The comparison with the published version, if there is one.
    pub comparison: Option<Comparison>,
    /// The version of the engine.
    pub engine_version: &'static str,
}

/// The differences between two versions of a rule set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// The cases that only the draft answers rightly.
    pub fixes: Vec<AnswerChange>,
    /// The cases that only the published version answers rightly.
    pub breaks: Vec<AnswerChange>,
}

/// A case that two versions answer differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AnswerChange {
    /// The index of the case.
    pub case: usize,
    /// The right label; None if no rule fits.
    pub label: Option<String>,
    /// The answer of the published version.
    pub published: Option<String>,
    /// The answer of the draft.
    pub draft: Option<String>,
}

/// The answers of `rules` for the cases.
///
/// # Errors
///
/// `OverBudget` if it takes more than `budget`.
pub fn answers(rules: &RuleSet, settings: &Settings, cases: &[Case], budget: &Budget) -> Result<Vec<Answer>> {
    let classifier = Classifier::new(rules, settings, budget)?;
    let _held = budget.hold(classifier.bytes())?;
    cases.iter().map(|case| classifier.answer_for(&case.document, budget)).collect()
}

/// Classifies `cases` with `rules`, and computes metrics of the answers.
///
/// # Errors
///
/// `Invalid` at `cases/N/label` if a case has a label that no rule has; `OverBudget` if it takes more than `budget`.
pub fn evaluate(rules: &RuleSet, settings: &Settings, cases: &[Case], budget: &Budget) -> Result<Evaluation> {
    let labels: Vec<Option<&str>> = rules.rules.iter().map(|rule| Some(rule.label.as_str())).chain([None]).collect();
    let class_index = |label: Option<&str>| labels.iter().position(|known| *known == label);
    let unknown = cases.iter().enumerate().filter(|(_, case)| class_index(case.label.as_deref()).is_none());
    let unknown: Violations = unknown.map(|(index, case)| unknown_label(index, case)).collect();
    if !unknown.is_empty() {
        return Err(Error::invalid(unknown));
    }
    let answers = answers(rules, settings, cases, budget)?;
    let pairs = || cases.iter().zip(&answers);
    let index_pairs = pairs()
        .filter_map(|(case, answer)| class_index(case.label.as_deref()).zip(class_index(answer.label.as_deref())));
    let confusion = confusion(labels.len(), index_pairs);
    let class_counts: Vec<ClassCounts> = (0..labels.len()).map(|class| ClassCounts::of(&confusion, class)).collect();
    let outcomes = pairs().map(|(case, answer)| (answer.confidence, answer.label == case.label));
    let bins = bins(outcomes);
    Ok(Evaluation {
        accuracy: rounded(share(class_counts.iter().map(|counts| counts.hits).sum(), cases.len()).unwrap_or_default()),
        macro_f1: macro_f1(
            labels.iter().zip(&class_counts).filter(|(label, _)| label.is_some()).map(|(_, counts)| counts),
        )
        .map(rounded),
        ece: rounded(calibration_error(&bins)),
        no_match_auroc: auroc(pairs().map(|(case, answer)| (answer.no_match, case.label.is_none())).collect())
            .map(rounded),
        classes: labels.iter().zip(&class_counts).map(|(label, counts)| counts.class(*label)).collect(),
        confusion,
        reliability: bins.iter().enumerate().filter_map(|(index, bin)| bin.mean(index)).collect(),
        answers,
    })
}

/// Makes cases from texts, with documents that `read` reads from their bytes.
///
/// # Errors
///
/// `Invalid` at `cases/N/text` for every text that cannot be read.
pub fn cases(texts: Vec<LabelledText>, mut read: impl FnMut(&[u8]) -> Result<Document>) -> Result<Vec<Case>> {
    let (mut cases, mut errors) = (Vec::new(), Violations::default());
    for (index, LabelledText { text, label }) in texts.into_iter().enumerate() {
        match read(text.as_bytes()) {
            Ok(document) => cases.push(Case { document, label }),
            Err(error) => errors.add(|| unreadable(index, &error)),
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(Error::invalid(errors)) }
}

fn unreadable(case_index: usize, error: &Error) -> Violation {
    Violation {
        pointer: vec!["cases".into(), case_index.into(), "text".into()],
        reason: "value_error".to_owned(),
        message: format!("Value error, {}", error.message()),
        input: None,
        context: None,
    }
}

/// Evaluates `rules` on `cases`, and compares their answers with those of the `published` version, if there is one.
///
/// # Errors
///
/// As [`evaluate`].
pub fn evaluate_against(
    rules: &RuleSet,
    settings: &Settings,
    published: Option<(&RuleSet, &Settings)>,
    cases: &[Case],
    budget: &Budget,
) -> Result<EvaluateResult> {
    let evaluation = evaluate(rules, settings, cases, budget)?;
    let comparison = match published {
        Some((published, settings)) => {
            Some(compare(cases, &answers(published, settings, cases, budget)?, &evaluation.answers))
        }
        None => None,
    };
    Ok(EvaluateResult { evaluation, comparison, engine_version: ENGINE_VERSION })
}

fn unknown_label(case_index: usize, case: &Case) -> Violation {
    Violation {
        pointer: vec!["cases".into(), case_index.into(), "label".into()],
        reason: "value_error".to_owned(),
        message: "Value error, no rule has this label".to_owned(),
        input: case.label.clone().map(Into::into),
        context: None,
    }
}

/// The cases for which only one of `published` and `draft` is right. Both are answers for `cases`.
pub fn compare(cases: &[Case], published: &[Answer], draft: &[Answer]) -> Comparison {
    let mut comparison = Comparison::default();
    for (index, (case, (published, draft))) in cases.iter().zip(published.iter().zip(draft)).enumerate() {
        let change = || AnswerChange {
            case: index,
            label: case.label.clone(),
            published: published.label.clone(),
            draft: draft.label.clone(),
        };
        match (published.label == case.label, draft.label == case.label) {
            (false, true) => comparison.fixes.push(change()),
            (true, false) => comparison.breaks.push(change()),
            _ => {}
        }
    }
    comparison
}

/// `part` of `whole` as a fraction; None if `whole` is 0.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The confusion matrix of pairs of the right class and the answer, both indexes below `classes`.
fn confusion(classes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (truth, answer) in pairs {
        if let Some(count) = counts.get_mut(truth).and_then(|row| row.get_mut(answer)) {
            *count += 1;
        }
    }
    counts
}

/// The counts of one class in a confusion matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ClassCounts {
    hits: usize,
    cases: usize,
    answered: usize,
}

impl ClassCounts {
    fn of(confusion: &[Vec<usize>], class: usize) -> Self {
        let row = confusion.get(class).map(Vec::as_slice).unwrap_or_default();
        Self {
            hits: row.get(class).copied().unwrap_or_default(),
            cases: row.iter().sum(),
            answered: confusion.iter().filter_map(|row| row.get(class)).sum(),
        }
    }

    fn f1(self) -> Option<f64> {
        share(2 * self.hits, self.cases + self.answered)
    }

    fn class(self, label: Option<&str>) -> ClassMetrics {
        ClassMetrics {
            label: label.map(str::to_owned),
            cases: self.cases,
            answered: self.answered,
            precision: share(self.hits, self.answered).map(rounded),
            recall: share(self.hits, self.cases).map(rounded),
            f1: self.f1().map(rounded),
        }
    }
}

/// The mean F1 of the classes with cases; None if there are none.
fn macro_f1<'a>(classes: impl Iterator<Item = &'a ClassCounts>) -> Option<f64> {
    let f1s: Vec<f64> = classes.filter(|counts| counts.cases > 0).filter_map(|counts| counts.f1()).collect();
    (!f1s.is_empty()).then(|| f1s.iter().sum::<f64>() / f1s.len() as f64)
}

/// The sums over the answers of a confidence bin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct BinTotals {
    answers: usize,
    right: usize,
    confidence: f64,
}

impl BinTotals {
    fn mean(self, index: usize) -> Option<ReliabilityBin> {
        let edge = |index: usize| rounded(index as f64 / BINS as f64);
        Some(ReliabilityBin {
            from: edge(index),
            to: edge(index + 1),
            answers: self.answers,
            confidence: rounded(self.confidence / self.answers as f64),
            accuracy: rounded(share(self.right, self.answers)?),
        })
    }
}

/// Sorts answers, as pairs of confidence and whether they are right, into bins.
fn bins(answers: impl Iterator<Item = (f64, bool)>) -> [BinTotals; BINS] {
    let mut bins = [BinTotals::default(); BINS];
    for (confidence, right) in answers {
        let index = ((confidence * BINS as f64) as usize).min(BINS - 1);
        if let Some(bin) = bins.get_mut(index) {
            bin.answers += 1;
            bin.right += usize::from(right);
            bin.confidence += confidence;
        }
    }
    bins
}

/// The expected calibration error.
fn calibration_error(bins: &[BinTotals]) -> f64 {
    let answers: usize = bins.iter().map(|bin| bin.answers).sum();
    bins.iter().map(|bin| (bin.confidence - bin.right as f64).abs()).sum::<f64>() / answers.max(1) as f64
}

/// The area under the ROC curve: the share of pairs of a positive and a negative whose values are in the right order,
/// the positive's above; ties as half. None unless there are both.
fn auroc(mut values: Vec<(f64, bool)>) -> Option<f64> {
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (mut negatives_below, mut positives, mut ordered_pairs) = (0, 0, 0.0);
    for tied in values.chunk_by(|(a, _), (b, _)| a.total_cmp(b).is_eq()) {
        let tied_positives = tied.iter().filter(|(_, positive)| *positive).count();
        let tied_negatives = tied.len() - tied_positives;
        ordered_pairs += tied_positives as f64 * (negatives_below as f64 + tied_negatives as f64 / 2.0);
        negatives_below += tied_negatives;
        positives += tied_positives;
    }
    (positives > 0 && negatives_below > 0).then(|| ordered_pairs / (positives as f64 * negatives_below as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Rule;

    fn is_near(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-9)
    }

    /// Three classes, nine cases, counted by hand.
    fn sample_confusion() -> Vec<Vec<usize>> {
        let pairs = [(0, 0), (0, 0), (0, 1), (0, 2), (1, 1), (1, 1), (1, 0), (2, 2), (2, 0)];
        confusion(3, pairs.into_iter())
    }

    #[test]
    fn the_confusion_matrix_counts_every_case_once() {
        assert_eq!(sample_confusion(), [[2, 1, 1], [1, 2, 0], [1, 0, 1]]);
        assert_eq!(ClassCounts::of(&sample_confusion(), 0), ClassCounts { hits: 2, cases: 4, answered: 4 });
        assert_eq!(ClassCounts::of(&sample_confusion(), 1), ClassCounts { hits: 2, cases: 3, answered: 3 });
        let last = ClassCounts::of(&sample_confusion(), 2).class(Some("c"));
        assert_eq!((last.precision, last.recall, last.f1), (Some(0.5), Some(0.5), Some(0.5)));
    }

    #[test]
    fn macro_f1_is_the_mean_over_labels_that_occur() {
        let class_counts: Vec<_> = (0..3).map(|class| ClassCounts::of(&sample_confusion(), class)).collect();
        assert!(is_near(macro_f1(class_counts.iter()), (0.5 + 2.0 / 3.0 + 0.5) / 3.0));
        // A class with answers but without cases lowers the metrics of other classes, but is not part of the mean.
        let without_cases = ClassCounts { hits: 0, cases: 0, answered: 2 };
        let with_cases = ClassCounts { hits: 2, cases: 4, answered: 2 };
        assert!(is_near(macro_f1([with_cases, without_cases].iter()), 4.0 / 6.0));
        assert_eq!(macro_f1([without_cases].iter()), None);
        assert_eq!((without_cases.class(None).precision, without_cases.class(None).recall), (Some(0.0), None));
    }

    #[test]
    fn the_calibration_error_is_the_mean_distance_in_the_bins() {
        // Two answers in the bin of 0.9, one of them right; a right one in that of 0.55; a wrong one in the last bin.
        let bins = bins([(0.9, true), (0.91, false), (0.55, true), (1.0, false)].into_iter());
        let filled: Vec<_> = bins.iter().enumerate().filter_map(|(index, bin)| bin.mean(index)).collect();
        let sizes: Vec<_> = filled.iter().map(|bin| (bin.from, bin.answers, bin.accuracy)).collect();
        assert_eq!(sizes, [(0.533333, 1, 1.0), (0.866667, 2, 0.5), (0.933333, 1, 0.0)]);
        assert!(is_near(Some(calibration_error(&bins)), (0.45 + 0.81 + 1.0) / 4.0));
        assert!(is_near(Some(calibration_error(&[])), 0.0));
    }

    #[test]
    fn the_auroc_counts_pairs() {
        assert_eq!(auroc(vec![(0.9, true), (0.1, false)]), Some(1.0));
        assert_eq!(auroc(vec![(0.1, true), (0.9, false)]), Some(0.0));
        assert_eq!(auroc(vec![(0.5, true), (0.5, false)]), Some(0.5));
        // Of four pairs two are right and one is tied.
        assert_eq!(auroc(vec![(0.8, true), (0.4, true), (0.4, false), (0.6, false)]), Some(0.625));
        assert_eq!(auroc(vec![(0.8, true)]), None);
        assert_eq!(auroc(Vec::new()), None);
    }

    fn case(text: &str, label: Option<&str>) -> Case {
        Case { document: Document::plain(text), label: label.map(str::to_owned) }
    }

    fn rules(rules: &[(&str, &str)]) -> RuleSet {
        RuleSet { rules: rules.iter().map(|(label, description)| Rule::new(*label, *description)).collect() }
    }

    fn cases() -> Vec<Case> {
        vec![
            case("Invoice number 12. Total amount due: 80.00 EUR", Some("invoice")),
            case("I report damage to my car and ask for compensation.", Some("claim")),
            case("I would like to cancel my subscription.", Some("farewell")),
            case("The river runs slow and the willows sleep.", None),
        ]
    }

    fn published() -> RuleSet {
        rules(&[
            ("invoice", "an invoice with a number and a total amount due"),
            ("claim", "reports damage to a car and asks for compensation"),
            ("farewell", "wishes to end a contract"),
        ])
    }

    #[test]
    fn an_evaluation_counts_labels_and_none() {
        let evaluation = evaluate(&published(), &Settings::default(), &cases(), &Budget::unlimited()).unwrap();
        let labels: Vec<_> = evaluation.classes.iter().map(|class| class.label.as_deref()).collect();
        assert_eq!(labels, [Some("invoice"), Some("claim"), Some("farewell"), None]);
        assert_eq!(evaluation.confusion.iter().flatten().sum::<usize>(), 4);
        assert_eq!(evaluation.classes[0].recall, Some(1.0));
        assert_eq!(evaluation.classes[3].cases, 1);
        assert_eq!(evaluation.answers.len(), 4);
        let figures = [Some(evaluation.accuracy), evaluation.macro_f1, Some(evaluation.ece), evaluation.no_match_auroc];
        assert!(figures.iter().all(|figure| figure.is_some_and(|figure| (0.0..=1.0).contains(&figure))), "{figures:?}");
        let empty = evaluate(&published(), &Settings::default(), &[], &Budget::unlimited()).unwrap();
        assert_eq!((empty.accuracy, empty.macro_f1, empty.reliability.len()), (0.0, None, 0));
    }

    #[test]
    fn rejects_unknown_labels_with_their_place() {
        let mut cases = cases();
        cases.push(case("x", Some("Invoice")));
        let error = evaluate(&published(), &Settings::default(), &cases, &Budget::unlimited()).unwrap_err();
        let [violation] = error.violations() else { panic!("{error:?}") };
        assert_eq!(violation.pointer, ["cases".into(), 4.into(), "label".into()]);
    }

    #[test]
    fn a_comparison_lists_fixes_and_breaks() {
        let draft = rules(&[
            ("invoice", "an invoice with a number and a total amount due"),
            ("claim", "a forecast of the weather"),
            ("farewell", "wishes to cancel a subscription"),
        ]);
        let (cases, settings) = (cases(), Settings::default());
        let [old, new] =
            [published(), draft].map(|rules| answers(&rules, &settings, &cases, &Budget::unlimited()).unwrap());
        let comparison = compare(&cases, &old, &new);
        let case_indexes = |changes: &[AnswerChange]| changes.iter().map(|change| change.case).collect::<Vec<_>>();
        assert_eq!((case_indexes(&comparison.fixes), case_indexes(&comparison.breaks)), (vec![2], vec![1]));
        assert_eq!(comparison.fixes[0].draft.as_deref(), Some("farewell"));
        assert_eq!(comparison.breaks[0].published.as_deref(), Some("claim"));
        assert_eq!(compare(&cases, &new, &new), Comparison::default());
    }
}
