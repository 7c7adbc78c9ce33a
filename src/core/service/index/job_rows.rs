//! Rows of job listings, as they are stored and passed on.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use base16ct::lower::encode_string;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{
    classify::Decision,
    error::{Error, Result},
    id::{JobId, ProjectId, TokenId},
    job::{Classification, External, Job, JobPart, JobSource, JobWebhook, Options, Plan, Route, State},
    limits,
    time::Timestamp,
};

/// Rows of a job listing. The index passes them on as stored, and the caller parses them.
#[derive(Debug)]
pub enum JobRows {
    /// As they are stored.
    Raw {
        /// Two members of a JSON object: `rows`, an array of [`JobRow`]s, and `classifications`, an object that has the
        /// classifications of the rows by their [`JobRow::classification_key`].
        page: String,
        /// Whether further rows were left out because of [`limits::PAGE_BYTES`].
        truncated: bool,
    },
    /// As jobs.
    Parsed {
        /// The jobs.
        jobs: Vec<Job>,
        /// Whether further rows were left out because of [`limits::PAGE_BYTES`].
        truncated: bool,
    },
}

/// The JSON format of rows. Most jobs share their classification, which is most of a job, so it is written once.
#[derive(Serialize, Deserialize)]
struct SerializedRows<'a> {
    #[serde(borrow)]
    rows: Vec<JobRow<'a>>,
    classifications: BTreeMap<String, Arc<Classification>>,
    #[serde(rename = "cut")]
    truncated: bool,
}

impl JobRows {
    /// No rows.
    pub fn empty() -> Self {
        Self::Parsed { jobs: Vec::new(), truncated: false }
    }

    /// The jobs, and whether further rows were left out because of [`limits::PAGE_BYTES`].
    ///
    /// # Errors
    ///
    /// `Internal` if the stored rows cannot be parsed.
    pub fn into_jobs(self) -> Result<(Vec<Job>, bool)> {
        match self {
            Self::Raw { page, truncated } => {
                jobs(serde_json::from_str(&raw_to_json(&page, truncated)).map_err(Error::internal)?)
            }
            Self::Parsed { jobs, truncated } => Ok((jobs, truncated)),
        }
    }

    /// The JSON of the rows. Raw rows are JSON already, and are not parsed: serializing them would check every byte.
    ///
    /// # Errors
    ///
    /// `Internal` if the rows cannot be serialized.
    pub(super) fn to_json(&self) -> Result<String> {
        match self {
            Self::Raw { page, truncated } => Ok(raw_to_json(page, *truncated)),
            Self::Parsed { .. } => serde_json::to_string(self).map_err(Error::internal),
        }
    }
}

fn raw_to_json(page: &str, truncated: bool) -> String {
    format!(r#"{{{page},"cut":{truncated}}}"#)
}

fn jobs(serialized: SerializedRows<'_>) -> Result<(Vec<Job>, bool)> {
    let SerializedRows { rows, classifications, truncated } = serialized;
    let into_job = |row: JobRow<'_>| {
        let classification = classifications.get(&*row.classification_key).map(Arc::clone);
        classification
            .map(|shared| row.into_job(shared))
            .ok_or_else(|| Error::internal("a row refers to a missing classification"))
    };
    Ok((rows.into_iter().map(into_job).collect::<Result<_>>()?, truncated))
}

impl Serialize for JobRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw { page, truncated } => RawValue::from_string(raw_to_json(page, *truncated))
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
            Self::Parsed { jobs, truncated } => {
                let rows =
                    jobs.iter().map(JobRow::of).collect::<Result<Vec<_>>>().map_err(serde::ser::Error::custom)?;
                let keys = rows.iter().map(|row| row.classification_key.to_string());
                let classifications = keys.zip(jobs.iter().map(|job| Arc::clone(&job.classification))).collect();
                SerializedRows { rows, classifications, truncated: *truncated }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for JobRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (jobs, truncated) = jobs(SerializedRows::deserialize(deserializer)?).map_err(serde::de::Error::custom)?;
        Ok(Self::Parsed { jobs, truncated })
    }
}

/// A job as the index stores it: a [snapshot](Job::snapshot) whose classification is stored separately.
#[derive(Debug, Serialize, Deserialize)]
pub struct JobRow<'a> {
    /// The key of the job's classification: the first 128 bits of the SHA-256 of its JSON, in hexadecimal. Equal
    /// classifications have equal keys.
    #[serde(borrow, rename = "rules")]
    pub classification_key: Cow<'a, str>,
    id: JobId,
    project: ProjectId,
    user: TokenId,
    version: u64,
    source: JobSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    options: Option<Arc<Options>>,
    #[serde(default, rename = "transaction", skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    plan: Plan,
    state: State,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<Box<Route>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apart: Vec<JobPart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external: Option<External>,
    /// Those of a job that was accepted and has not reported yet. Listings leave them out, because they have secrets.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    webhooks: Vec<JobWebhook>,
    #[serde(default = "limits::retention_days")]
    retention_days: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The JSON that the index stores of a job.
#[derive(Debug)]
pub struct StoredRow {
    /// See [`JobRow::classification_key`].
    pub classification_key: String,
    /// The classification.
    pub classification: String,
    /// The [`JobRow`].
    pub record: String,
}

impl StoredRow {
    /// The JSON of a job.
    ///
    /// # Errors
    ///
    /// `Internal` if the job cannot be serialized.
    pub fn of(job: &Job) -> Result<Self> {
        let classification = serde_json::to_string(&*job.classification).map_err(Error::internal)?;
        let row = JobRow::with_key(job, classification_key(&classification));
        let record = serde_json::to_string(&row).map_err(Error::internal)?;
        Ok(Self { classification_key: row.classification_key.into_owned(), classification, record })
    }

    /// The size of the row, in bytes.
    pub const fn bytes(&self) -> usize {
        self.classification.len().saturating_add(self.record.len())
    }
}

/// See [`JobRow::classification_key`].
fn classification_key(json: &str) -> String {
    let mut key = encode_string(&Sha256::digest(json));
    key.truncate(32);
    key
}

impl JobRow<'_> {
    /// The row of a job.
    ///
    /// # Errors
    ///
    /// `Internal` if the classification cannot be serialized.
    pub fn of(job: &Job) -> Result<Self> {
        let json = serde_json::to_string(&*job.classification).map_err(Error::internal)?;
        Ok(Self::with_key(job, classification_key(&json)))
    }

    fn with_key(job: &Job, classification_key: String) -> Self {
        Self {
            classification_key: classification_key.into(),
            id: job.id,
            project: job.project,
            user: job.user,
            version: job.version,
            source: job.source.clone(),
            options: job.options.clone(),
            idempotency_key: job.idempotency_key.clone(),
            plan: job.plan,
            state: job.state.clone(),
            routes: job.routes.clone(),
            route: job.route.clone(),
            decision: job.decision.clone(),
            apart: job.apart.clone(),
            external: Some(job.external.clone()).filter(|external| *external != External::default()),
            webhooks: job.webhooks.clone(),
            retention_days: job.retention_days,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }

    fn into_job(self, classification: Arc<Classification>) -> Job {
        Job {
            id: self.id,
            project: self.project,
            user: self.user,
            version: self.version,
            source: self.source,
            classification,
            options: self.options,
            idempotency_key: self.idempotency_key,
            plan: self.plan,
            state: self.state,
            routes: self.routes,
            route: self.route,
            decision: self.decision,
            extraction: None,
            output: None,
            engine_version: None,
            apart: self.apart,
            external: self.external.unwrap_or_default(),
            webhooks: self.webhooks,
            deliveries: Vec::new(),
            retention_days: self.retention_days,
            created_at: self.created_at,
            updated_at: self.updated_at,
            outbox: Vec::new(),
            outbox_retry_at: Timestamp::default(),
            outbox_failures: 0,
        }
    }
}
