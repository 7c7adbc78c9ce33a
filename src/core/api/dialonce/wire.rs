//! Response bodies.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    api::cuid,
    classify::{Decision, Rule},
    error::{Error, Result},
    job::{Job, Status},
    service::index::ClassifierVersion,
};

/// The most predictions in a response.
const MAX_PREDICTIONS: usize = 5;

/// Labels less likely than this, one in twenty, are left out of the predictions.
const MIN_LIKELIHOOD: f64 = 0.05;

/// A label.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Label<'a> {
    /// The id.
    cuid: String,
    /// The name.
    name: &'a str,
    /// What mails with this label are like.
    description: &'a str,
}

impl<'a> Label<'a> {
    pub(super) fn new(classifier: &ClassifierVersion, rule: &'a Rule) -> Self {
        Self { cuid: cuid::encode(&classifier.rule_id(&rule.label)), name: &rule.label, description: &rule.description }
    }
}

/// A label that may fit.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Prediction<'a> {
    /// The name of the label.
    label: &'a str,
    /// `high`, `medium` or `low`.
    confidence: &'static str,
    /// The rank, from 1.
    priority: usize,
}

/// The classification of a mail.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Predictions<'a> {
    /// The label that fits; null if none does.
    main_prediction: Option<&'a str>,
    /// The likeliest labels, best first.
    predictions: Vec<Prediction<'a>>,
}

/// The dialect expresses confidence in words; the thresholds are our choice.
const fn confidence_word(confidence: f64) -> &'static str {
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
            .probabilities()
            .into_iter()
            .filter(|&(label, likelihood)| main == Some(label) || likelihood >= MIN_LIKELIHOOD);
        let predictions = likely.take(MAX_PREDICTIONS).enumerate().map(|(index, (label, likelihood))| Prediction {
            label,
            confidence: confidence_word(likelihood),
            priority: index.saturating_add(1),
        });
        Self { main_prediction: main, predictions: predictions.collect() }
    }
}

/// The classification of a mail at once.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Classified<'a> {
    #[serde(flatten)]
    predictions: Predictions<'a>,
    /// An addition to the dialect, if there are any: the members of the request that were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
}

impl<'a> Classified<'a> {
    pub(super) fn new(decision: &'a Decision, ignored: Vec<String>) -> Self {
        Self { predictions: decision.into(), ignored }
    }
}

/// The result of a submitted mail.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Outcome<'a> {
    /// The label that fits; null if none does.
    classification: Option<&'a str>,
    /// How likely the answer is right, from 0 to 1.
    confidence: f64,
    #[serde(flatten)]
    predictions: Predictions<'a>,
}

/// The state of a submitted mail.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Process<'a> {
    /// `started`, `completed` or `failed`.
    status: &'static str,
    /// The classification, once there is one.
    result: Option<Outcome<'a>>,
    /// The text of the request.
    external_ref: Option<&'a str>,
    /// The JSON of the request, byte for byte.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<serde_json::Value>"))]
    external_metadata: Option<Box<RawValue>>,
    /// An addition to the dialect: why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> Process<'a> {
    /// # Errors
    ///
    /// `Internal` if the stored metadata is not valid JSON.
    pub(super) fn new(job: &'a Job) -> Result<Self> {
        let status = match job.status() {
            Status::Queued | Status::Running => "started",
            Status::Succeeded => "completed",
            Status::Failed | Status::Cancelled | Status::Deleted => "failed",
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
