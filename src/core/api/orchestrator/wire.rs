//! What is answered.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    api::cuid,
    classify::{Decision, Rule},
    error::{Error, Result},
    job::{Job, Status},
    service::index::Classifier,
};

/// How many predictions are answered.
const PREDICTIONS: usize = 5;

/// A label less likely than this is none that may fit: one in twenty.
const MAY_FIT: f64 = 0.05;

/// A label.
#[derive(Debug, Serialize)]
pub(super) struct Label<'a> {
    cuid: String,
    name: &'a str,
    description: &'a str,
}

impl<'a> Label<'a> {
    pub(super) fn new(classifier: &Classifier, rule: &'a Rule) -> Self {
        Self { cuid: cuid::spell(&classifier.rule_id(&rule.label)), name: &rule.label, description: &rule.description }
    }
}

/// A label that may fit.
#[derive(Debug, Serialize)]
pub(super) struct Prediction<'a> {
    label: &'a str,
    confidence: &'static str,
    /// 1 is the first.
    priority: usize,
}

/// What a mail is.
#[derive(Debug, Serialize)]
pub(super) struct Predictions<'a> {
    main_prediction: Option<&'a str>,
    predictions: Vec<Prediction<'a>>,
}

/// The dialect has words for confidence; where they begin is our reading of them.
const fn word(confidence: f64) -> &'static str {
    if confidence >= 0.8 {
        "high"
    } else if confidence >= 0.5 {
        "medium"
    } else {
        "low"
    }
}

impl<'a> From<&'a Decision> for Predictions<'a> {
    fn from(decision: &'a Decision) -> Self {
        let main = decision.label.as_deref();
        let likely = decision
            .likelihoods()
            .into_iter()
            .filter(|&(label, likelihood)| main == Some(label) || likelihood >= MAY_FIT);
        let predictions = likely.take(PREDICTIONS).enumerate().map(|(place, (label, likelihood))| Prediction {
            label,
            confidence: word(likelihood),
            priority: place.saturating_add(1),
        });
        Self { main_prediction: main, predictions: predictions.collect() }
    }
}

/// What a submitted mail is.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    /// Null when no label fits.
    classification: Option<&'a str>,
    confidence: f64,
    #[serde(flatten)]
    predictions: Predictions<'a>,
}

/// How far a submitted mail is.
#[derive(Debug, Serialize)]
pub(super) struct Process<'a> {
    status: &'static str,
    result: Option<Outcome<'a>>,
    external_ref: Option<&'a str>,
    external_metadata: Option<Box<RawValue>>,
    /// An addition: why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> Process<'a> {
    /// # Errors
    ///
    /// `Internal` when the metadata is not as it came.
    pub(super) fn new(job: &'a Job) -> Result<Self> {
        let status = match job.status() {
            Status::Queued | Status::Running => "started",
            Status::Succeeded => "completed",
            Status::Failed | Status::Cancelled | Status::Purged => "failed",
        };
        let decision = job.decision.as_ref().filter(|_| job.status() == Status::Succeeded);
        let metadata = job.external.metadata.clone();
        Ok(Self {
            status,
            result: decision.map(|decision| Outcome {
                classification: decision.label.as_deref(),
                confidence: decision.confidence,
                predictions: decision.into(),
            }),
            external_ref: job.external.reference.as_deref(),
            external_metadata: metadata.map(RawValue::from_string).transpose().map_err(Error::internal)?,
            error: job.failure().map(|failure| format!("{}: {}", failure.code, failure.message)),
        })
    }
}
