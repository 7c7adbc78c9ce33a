//! How good the answers of a rule set are, on documents whose right answer is known.
//!
//! [`evaluate`] holds [`Case`]s against a rule set and counts; [`compare`] says what the answers of a draft fix and break
//! against those of the published version. All figures but counts are fractions, rounded to six decimals.

use serde::{Deserialize, Serialize};

use super::score::rounded;
use super::{Classifier, Decision, RuleSet, Settings};
use crate::ENGINE_VERSION;
use crate::document::Document;
use crate::error::{Error, Result, Violation};

/// How many bins of equal width the confidences are sorted into: what papers on calibration use most.
const BINS: usize = 15;

/// A document and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The document.
    pub document: Document,
    /// The label it should get; nothing when no rule fits.
    pub label: Option<String>,
}

/// A text and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// The label it should get; nothing when no rule fits.
    #[cfg_attr(feature = "types", ts(optional = nullable))]
    pub label: Option<String>,
}

/// What a rule set said of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
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

/// How good the answers were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Evaluation {
    /// The share of cases that were answered rightly, be it with a label or with "none".
    pub accuracy: f64,
    /// The mean F1 of the labels that some case should get; nothing when no case should get any. "None" is no label.
    pub macro_f1: Option<f64>,
    /// The mean distance of confidence and accuracy over the bins of `reliability`, weighted by what is in them.
    pub ece: f64,
    /// How well [`Answer::no_match`] tells the cases that no rule fits from the others: the share of pairs that it puts in
    /// the right order, ties as half. Nothing unless there are cases of both kinds.
    pub no_match_auroc: Option<f64>,
    /// Every label in the order of the rules, and "none" behind them.
    pub classes: Vec<Class>,
    /// How often a case of one class was answered with another: rows are what cases are, columns what was answered, both
    /// in the order of `classes`.
    pub confusion: Vec<Vec<usize>>,
    /// The bins of confidence, lowest first, without empty ones.
    pub reliability: Vec<Bin>,
    /// What was said of each case, in the order of the cases.
    pub answers: Vec<Answer>,
}

/// A label, or "none", and how well it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Class {
    /// The label; nothing for "none".
    pub label: Option<String>,
    /// How many cases are of it.
    pub cases: usize,
    /// How many cases were answered with it.
    pub answered: usize,
    /// The share of right ones among those answers; nothing when there were none.
    pub precision: Option<f64>,
    /// The share of its cases that were found; nothing when there are none.
    pub recall: Option<f64>,
    /// The harmonic mean of precision and recall; nothing when there were neither cases nor answers.
    pub f1: Option<f64>,
}

/// Answers of about the same confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Bin {
    /// From this confidence on.
    pub from: f64,
    /// Below this confidence; the last bin has 1 too.
    pub to: f64,
    /// How many answers.
    pub answers: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub accuracy: f64,
}

/// How good a rule set is, and what it changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Evaluated {
    /// What was measured.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// What changes against the published version, where there is one to compare with.
    pub comparison: Option<Comparison>,
    /// The version of the engine that answered.
    pub engine_version: &'static str,
}

/// What changes from one version of a rule set to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Comparison {
    /// Cases that only the draft answers rightly.
    pub fixes: Vec<Difference>,
    /// Cases that only the published version answers rightly.
    pub breaks: Vec<Difference>,
}

/// A case that two versions answer differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Difference {
    /// Its place among the cases, from 0.
    pub case: usize,
    /// The label it should get; nothing when no rule fits.
    pub label: Option<String>,
    /// What the published version says.
    pub published: Option<String>,
    /// What the draft says.
    pub draft: Option<String>,
}

/// What `rules` say of each case.
pub fn answers(rules: &RuleSet, settings: &Settings, cases: &[Case]) -> Vec<Answer> {
    let classifier = Classifier::new(rules, settings);
    cases.iter().map(|case| classifier.decide(&case.document).into()).collect()
}

/// Holds `cases` against `rules`, and the answers against what the cases are.
///
/// # Errors
///
/// `Invalid` at `cases/N/label` when a case has a label that no rule has.
pub fn evaluate(rules: &RuleSet, settings: &Settings, cases: &[Case]) -> Result<Evaluation> {
    let labels: Vec<Option<&str>> = rules.rules.iter().map(|rule| Some(rule.label.as_str())).chain([None]).collect();
    let place = |label: Option<&str>| labels.iter().position(|known| *known == label);
    let strange = cases.iter().enumerate().filter(|(_, case)| place(case.label.as_deref()).is_none());
    let strange: Vec<Violation> = strange.map(|(at, case)| strange_label(at, case)).collect();
    if !strange.is_empty() {
        return Err(Error::invalid(strange));
    }
    let answers = answers(rules, settings, cases);
    let pairs = || cases.iter().zip(&answers);
    let places = pairs().filter_map(|(case, answer)| place(case.label.as_deref()).zip(place(answer.label.as_deref())));
    let confusion = confusion(labels.len(), places);
    let tallies: Vec<Tally> = (0..labels.len()).map(|at| Tally::of(&confusion, at)).collect();
    let outcomes = pairs().map(|(case, answer)| (answer.confidence, answer.label == case.label));
    let bins = bins(outcomes);
    Ok(Evaluation {
        accuracy: rounded(share(tallies.iter().map(|tally| tally.hits).sum(), cases.len()).unwrap_or_default()),
        macro_f1: macro_f1(labels.iter().zip(&tallies).filter(|(label, _)| label.is_some()).map(|(_, tally)| tally))
            .map(rounded),
        ece: rounded(calibration_error(&bins)),
        no_match_auroc: auroc(pairs().map(|(case, answer)| (answer.no_match, case.label.is_none())).collect())
            .map(rounded),
        classes: labels.iter().zip(&tallies).map(|(label, tally)| tally.class(*label)).collect(),
        confusion,
        reliability: bins.iter().enumerate().filter_map(|(at, bin)| bin.mean(at)).collect(),
        answers,
    })
}

/// Makes cases of texts, each a document that `read` reads from its bytes.
///
/// # Errors
///
/// `Invalid` at `cases/N/text` for every text that cannot be read.
pub fn cases(texts: Vec<Labelled>, mut read: impl FnMut(&[u8]) -> Result<Document>) -> Result<Vec<Case>> {
    let (mut cases, mut unread) = (Vec::new(), Vec::new());
    for (at, Labelled { text, label }) in texts.into_iter().enumerate() {
        match read(text.as_bytes()) {
            Ok(document) => cases.push(Case { document, label }),
            Err(error) => unread.push(unreadable(at, &error)),
        }
    }
    if unread.is_empty() { Ok(cases) } else { Err(Error::invalid(unread)) }
}

fn unreadable(at: usize, error: &Error) -> Violation {
    Violation {
        pointer: vec!["cases".into(), at.into(), "text".into()],
        reason: "value_error".to_owned(),
        message: format!("Value error, {}", error.message()),
        input: None,
        context: None,
    }
}

/// Evaluates `rules` on `cases`, and compares its answers with those of the `published` version, where there is one.
///
/// # Errors
///
/// As [`evaluate`].
pub fn evaluate_against(
    rules: &RuleSet,
    settings: &Settings,
    published: Option<(&RuleSet, &Settings)>,
    cases: &[Case],
) -> Result<Evaluated> {
    let evaluation = evaluate(rules, settings, cases)?;
    let comparison = published
        .map(|(published, settings)| compare(cases, &answers(published, settings, cases), &evaluation.answers));
    Ok(Evaluated { evaluation, comparison, engine_version: ENGINE_VERSION })
}

fn strange_label(at: usize, case: &Case) -> Violation {
    Violation {
        pointer: vec!["cases".into(), at.into(), "label".into()],
        reason: "value_error".to_owned(),
        message: "Value error, no rule has this label".to_owned(),
        input: case.label.clone().map(Into::into),
        context: None,
    }
}

/// What `draft` answers otherwise than `published`, where one of them is right. Both are answers to `cases`.
pub fn compare(cases: &[Case], published: &[Answer], draft: &[Answer]) -> Comparison {
    let mut comparison = Comparison::default();
    for (at, (case, (published, draft))) in cases.iter().zip(published.iter().zip(draft)).enumerate() {
        let difference = || Difference {
            case: at,
            label: case.label.clone(),
            published: published.label.clone(),
            draft: draft.label.clone(),
        };
        match (published.label == case.label, draft.label == case.label) {
            (false, true) => comparison.fixes.push(difference()),
            (true, false) => comparison.breaks.push(difference()),
            _ => {}
        }
    }
    comparison
}

/// `part` of `whole`; nothing of nothing.
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Counts pairs of what is and what was answered, both places below `classes`.
fn confusion(classes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (truth, answer) in pairs {
        if let Some(count) = counts.get_mut(truth).and_then(|row| row.get_mut(answer)) {
            *count += 1;
        }
    }
    counts
}

/// What a confusion matrix says of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tally {
    hits: usize,
    cases: usize,
    answered: usize,
}

impl Tally {
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

    fn class(self, label: Option<&str>) -> Class {
        Class {
            label: label.map(str::to_owned),
            cases: self.cases,
            answered: self.answered,
            precision: share(self.hits, self.answered).map(rounded),
            recall: share(self.hits, self.cases).map(rounded),
            f1: self.f1().map(rounded),
        }
    }
}

/// The mean F1 of the classes that have cases; nothing when none has.
fn macro_f1<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Option<f64> {
    let f1s: Vec<f64> = tallies.filter(|tally| tally.cases > 0).filter_map(|tally| tally.f1()).collect();
    (!f1s.is_empty()).then(|| f1s.iter().sum::<f64>() / f1s.len() as f64)
}

/// Answers of about the same confidence, added up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Sum {
    answers: usize,
    right: usize,
    confidence: f64,
}

impl Sum {
    fn mean(self, at: usize) -> Option<Bin> {
        let edge = |at: usize| rounded(at as f64 / BINS as f64);
        Some(Bin {
            from: edge(at),
            to: edge(at + 1),
            answers: self.answers,
            confidence: rounded(self.confidence / self.answers as f64),
            accuracy: rounded(share(self.right, self.answers)?),
        })
    }
}

/// Sorts answers, each a confidence and whether it is right, into bins.
fn bins(answers: impl Iterator<Item = (f64, bool)>) -> [Sum; BINS] {
    let mut bins = [Sum::default(); BINS];
    for (confidence, right) in answers {
        let at = ((confidence * BINS as f64) as usize).min(BINS - 1);
        if let Some(bin) = bins.get_mut(at) {
            bin.answers += 1;
            bin.right += usize::from(right);
            bin.confidence += confidence;
        }
    }
    bins
}

/// The expected calibration error.
fn calibration_error(bins: &[Sum]) -> f64 {
    let all: usize = bins.iter().map(|bin| bin.answers).sum();
    bins.iter().map(|bin| (bin.confidence - bin.right as f64).abs()).sum::<f64>() / all.max(1) as f64
}

/// The share of pairs of a positive and a negative whose values are in the right order, the positive's above; ties as
/// half. Nothing unless there are both.
fn auroc(mut values: Vec<(f64, bool)>) -> Option<f64> {
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (mut below, mut positives, mut won) = (0, 0, 0.0);
    for tied in values.chunk_by(|(a, _), (b, _)| a.total_cmp(b).is_eq()) {
        let hits = tied.iter().filter(|(_, positive)| *positive).count();
        let others = tied.len() - hits;
        won += hits as f64 * (below as f64 + others as f64 / 2.0);
        below += others;
        positives += hits;
    }
    (positives > 0 && below > 0).then(|| won / (positives as f64 * below as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Rule;

    fn near(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-9)
    }

    /// Three classes, nine cases, counted by hand.
    fn nine() -> Vec<Vec<usize>> {
        let pairs = [(0, 0), (0, 0), (0, 1), (0, 2), (1, 1), (1, 1), (1, 0), (2, 2), (2, 0)];
        confusion(3, pairs.into_iter())
    }

    #[test]
    fn a_matrix_counts_every_case_once() {
        assert_eq!(nine(), [[2, 1, 1], [1, 2, 0], [1, 0, 1]]);
        assert_eq!(Tally::of(&nine(), 0), Tally { hits: 2, cases: 4, answered: 4 });
        assert_eq!(Tally::of(&nine(), 1), Tally { hits: 2, cases: 3, answered: 3 });
        let last = Tally::of(&nine(), 2).class(Some("c"));
        assert_eq!((last.precision, last.recall, last.f1), (Some(0.5), Some(0.5), Some(0.5)));
    }

    #[test]
    fn macro_f1_is_the_mean_over_labels_that_occur() {
        let tallies: Vec<_> = (0..3).map(|class| Tally::of(&nine(), class)).collect();
        assert!(near(macro_f1(tallies.iter()), (0.5 + 2.0 / 3.0 + 0.5) / 3.0));
        // Answered, and no case's label: a fault of the class that it was taken from, and no class of the mean.
        let never = Tally { hits: 0, cases: 0, answered: 2 };
        let half = Tally { hits: 2, cases: 4, answered: 2 };
        assert!(near(macro_f1([half, never].iter()), 4.0 / 6.0));
        assert_eq!(macro_f1([never].iter()), None);
        assert_eq!((never.class(None).precision, never.class(None).recall), (Some(0.0), None));
    }

    #[test]
    fn the_calibration_error_is_the_distance_in_the_bins() {
        // Two in the bin of 0.9, one of them right; one in that of 0.55, right; one at 1, in the last bin, wrong.
        let bins = bins([(0.9, true), (0.91, false), (0.55, true), (1.0, false)].into_iter());
        let filled: Vec<_> = bins.iter().enumerate().filter_map(|(at, bin)| bin.mean(at)).collect();
        let sizes: Vec<_> = filled.iter().map(|bin| (bin.from, bin.answers, bin.accuracy)).collect();
        assert_eq!(sizes, [(0.533333, 1, 1.0), (0.866667, 2, 0.5), (0.933333, 1, 0.0)]);
        assert!(near(Some(calibration_error(&bins)), (0.45 + 0.81 + 1.0) / 4.0));
        assert!(near(Some(calibration_error(&[])), 0.0));
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
        let evaluation = evaluate(&published(), &Settings::default(), &cases()).unwrap();
        let labels: Vec<_> = evaluation.classes.iter().map(|class| class.label.as_deref()).collect();
        assert_eq!(labels, [Some("invoice"), Some("claim"), Some("farewell"), None]);
        assert_eq!(evaluation.confusion.iter().flatten().sum::<usize>(), 4);
        assert_eq!(evaluation.classes[0].recall, Some(1.0));
        assert_eq!(evaluation.classes[3].cases, 1);
        assert_eq!(evaluation.answers.len(), 4);
        let figures = [Some(evaluation.accuracy), evaluation.macro_f1, Some(evaluation.ece), evaluation.no_match_auroc];
        assert!(figures.iter().all(|figure| figure.is_some_and(|figure| (0.0..=1.0).contains(&figure))), "{figures:?}");
        let empty = evaluate(&published(), &Settings::default(), &[]).unwrap();
        assert_eq!((empty.accuracy, empty.macro_f1, empty.reliability.len()), (0.0, None, 0));
    }

    #[test]
    fn a_label_that_no_rule_has_is_refused_where_it_is() {
        let mut cases = cases();
        cases.push(case("x", Some("Invoice")));
        let error = evaluate(&published(), &Settings::default(), &cases).unwrap_err();
        let [violation] = error.violations() else { panic!("{error:?}") };
        assert_eq!(violation.pointer, ["cases".into(), 4.into(), "label".into()]);
    }

    #[test]
    fn a_comparison_names_what_changed_for_better_and_for_worse() {
        let draft = rules(&[
            ("invoice", "an invoice with a number and a total amount due"),
            ("claim", "a forecast of the weather"),
            ("farewell", "wishes to cancel a subscription"),
        ]);
        let (cases, settings) = (cases(), Settings::default());
        let [old, new] = [published(), draft].map(|rules| answers(&rules, &settings, &cases));
        let comparison = compare(&cases, &old, &new);
        let places = |differences: &[Difference]| differences.iter().map(|one| one.case).collect::<Vec<_>>();
        assert_eq!((places(&comparison.fixes), places(&comparison.breaks)), (vec![2], vec![1]));
        assert_eq!(comparison.fixes[0].draft.as_deref(), Some("farewell"));
        assert_eq!(comparison.breaks[0].published.as_deref(), Some("claim"));
        assert_eq!(compare(&cases, &new, &new), Comparison::default());
    }
}
