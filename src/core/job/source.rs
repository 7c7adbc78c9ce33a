//! The document of a job.

use serde::{Deserialize, Serialize};

use crate::{
    document::Mail,
    id::{FileId, JobId},
};

/// A file whose bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// The file.
    pub id: FileId,
    /// Its size in bytes.
    pub size: u64,
}

/// The document of an accepted job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobSource {
    /// An uploaded file.
    File {
        /// The file.
        id: FileId,
        /// Its size in bytes, as it was stored when the job was accepted.
        size: u64,
    },
    /// A mail that came with the request.
    Mail {
        /// The mail. None in listings, and if it is stored apart.
        mail: Option<Box<Mail>>,
    },
    /// What is at a URL.
    Url {
        /// The URL, without credentials.
        url: String,
        /// The file that it was stored as. None until it is fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<StoredFile>,
    },
    /// The file that a job parsed.
    Parsed {
        /// The job.
        job: JobId,
        /// The file.
        file: StoredFile,
    },
}

impl JobSource {
    /// The file that is read. None for a mail, and for a URL that was not fetched yet.
    pub fn file(&self) -> Option<StoredFile> {
        match self {
            Self::File { id, size } => Some(StoredFile { id: *id, size: *size }),
            Self::Mail { .. } => None,
            Self::Url { file, .. } => *file,
            Self::Parsed { file, .. } => Some(*file),
        }
    }

    /// The same without the mail.
    pub(super) fn without_mail(&self) -> Self {
        match self {
            Self::Mail { .. } => Self::Mail { mail: None },
            other => other.clone(),
        }
    }
}
