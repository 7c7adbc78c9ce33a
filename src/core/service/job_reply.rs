//! The reply of a job object to a command.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind, Result},
    job::{Job, Rejected},
};

/// The reply of a job object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobReply {
    /// The job in its current state.
    Job(Box<Job>),
    /// The claim succeeded: the claimant holds the lease.
    Claimed(Box<Job>),
    /// The claim failed: another claimant holds the lease, or the next attempt is not due yet. Nobody needs to try
    /// again: a job that needs another attempt enqueues another message.
    Busy,
    /// The job is deleted.
    Deleted,
}

impl JobReply {
    /// The job in the reply.
    ///
    /// # Errors
    ///
    /// `NotFound` if the job is deleted; `Busy` if the stage cannot be claimed now.
    pub fn into_job(self) -> Result<Job> {
        match self {
            Self::Job(job) | Self::Claimed(job) => Ok(*job),
            Self::Busy => Err(Error::new(ErrorKind::Busy, "Another request holds the job")),
            Self::Deleted => Err(Rejected::NotFound.into_error()),
        }
    }
}
