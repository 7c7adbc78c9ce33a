//! The state of a job.

use serde::{Deserialize, Serialize};

use crate::{error::Error, id::LeaseId, time::Timestamp};

/// The state of a job. See the transitions in the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "at")]
pub enum State {
    /// Waiting for the stage to be claimed.
    Queued {
        /// The index of the stage in the plan.
        stage: usize,
        /// How many attempts were made at this stage.
        #[serde(rename = "attempt")]
        attempts_made: u32,
        /// The stage cannot be claimed before this time.
        not_before: Timestamp,
        /// When the job enqueues its message again, because the last one may have been lost.
        #[serde(rename = "ask_again")]
        redelivery_at: Timestamp,
        /// How often the message was enqueued again at this attempt.
        #[serde(rename = "asked")]
        redeliveries: u32,
    },
    /// A lease holder runs the stage.
    Running {
        /// The index of the stage in the plan.
        stage: usize,
        /// The attempt being made, from 1.
        attempt: u32,
        /// The lease under which the stage is run.
        lease: LeaseId,
        /// When the lease expires.
        #[serde(rename = "until")]
        lease_expires_at: Timestamp,
    },
    /// Ended with an output.
    Succeeded,
    /// Ended without an output.
    Failed {
        /// The reason.
        failure: Failure,
    },
    /// Stopped by request.
    Cancelled,
    /// Deleted. Stored, as `purged`, only until its pending effects are delivered.
    #[serde(rename = "purged")]
    Deleted,
}

/// The name of a state without its details, by which listings are filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting.
    Queued,
    /// A lease holder runs it.
    Running,
    /// Ended with an output.
    Succeeded,
    /// Ended without an output.
    Failed,
    /// Stopped by request.
    Cancelled,
    /// Deleted. Stored as `purged`.
    #[serde(rename = "purged")]
    Deleted,
}

impl Status {
    /// Every status, for tables that must be complete.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::Deleted];

    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Deleted => "purged",
        }
    }

    /// Whether no stage will run any more.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// Why a job, or one attempt at it, failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code, such as `DOCUMENT_ENCRYPTED`.
    pub code: String,
    /// The message for people.
    pub message: String,
    /// The format of the document that could not be read, as in [`Error::format`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether another attempt may succeed.
    pub retryable: bool,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            format: error.format().map(str::to_owned),
            retryable: error.kind().is_retryable(),
        }
    }
}
