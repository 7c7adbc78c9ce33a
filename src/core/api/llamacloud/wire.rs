//! Response bodies: jobs, files, configurations, projects, pages.

use std::{rc::Rc, sync::Arc};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{error::vendor_code, ids::IdFormat, inputs, rules};
use crate::{
    api::page_token,
    id::{ProjectId, TokenId},
    job::{self, Failure, JobKind, Status},
    service::index::{self, Page},
    time::Timestamp,
    validate::{
        declare::declare,
        shape::{OPEN, Shape},
    },
};

/// A page of a listing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "{T}Page"))]
pub(super) struct Listing<T> {
    /// The items.
    items: Vec<T>,
    /// The `page_token` of the next page; null if this is the last one.
    next_page_token: Option<String>,
    /// How many items the whole listing has, if `include_total` asks for it; null above 100,000.
    total_size: Option<u32>,
}

declare! {
    /// What else to answer of a listing.
    #[derive(Debug)]
    pub(super) struct TotalQuery(OPEN) {
        /// Whether to count the whole listing, up to 100,000 items.
        pub include_total: bool = default(Shape::Boolean, false),
    }
}

impl<T> Listing<T> {
    /// A page of the listing `name`, with every item converted by `wire`.
    pub(super) fn new<'a, I>(name: &str, page: &'a Page<I>, wire: impl FnMut(&'a I) -> T) -> Self {
        Self {
            items: page.items.iter().map(wire).collect(),
            next_page_token: page.next.as_ref().map(|cursor| page_token::encode(name, cursor)),
            total_size: None,
        }
    }

    /// The same page, with the number of items of the whole listing.
    pub(super) fn with_total(self, total_size: Option<u32>) -> Self {
        Self { total_size, ..self }
    }
}

/// A classify job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct ClassifyJob<'a> {
    /// The id.
    id: String,
    /// The project.
    project_id: String,
    /// Who created it: its token, which keeps its id when it is rotated.
    user_id: String,
    /// How far it is: `PENDING`, `RUNNING`, `COMPLETED`, `FAILED` or `CANCELLED`.
    status: &'static str,
    /// What it classifies by.
    #[cfg_attr(feature = "openapi", schemars(with = "rules::ConfigurationResponse<'a>"))]
    configuration: Configuration<'a>,
    /// The saved configuration that this was; null if it was in the request.
    configuration_id: Option<String>,
    /// What the document was named by: `file_id`, `parse_job_id` or `url`.
    document_input_type: &'static str,
    /// The document: the id of a file or of a parse job, or a URL. The name of this member since April 2026.
    file_input: String,
    /// The same. The name of this member before that.
    document_input_value: String,
    /// The parse job under whose id the text of the document can be read, once the job has succeeded.
    parse_job_id: Option<String>,
    /// The idempotency key.
    transaction_id: Option<&'a str>,
    /// Why it failed.
    error_message: Option<String>,
    /// The answer, once there is one.
    result: Option<ClassifyResult<'a>>,
    /// The cost, if it was asked for.
    usage: Option<Usage>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

/// A job's configuration.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Configuration<'a> {
    Structured(rules::ConfigurationResponse<'a>),
    /// Serialized before, for another job of the page.
    Serialized(Rc<RawValue>),
}

/// A page of the listing of jobs. Adjacent jobs that share their classification share its serialized form too.
pub(super) fn jobs<'a>(name: &str, page: &'a Page<job::Job>) -> Listing<ClassifyJob<'a>> {
    let mut previous: Option<(&Arc<job::Classification>, Rc<RawValue>)> = None;
    Listing::new(name, page, |job| {
        let serialized = match &previous {
            Some((classification, serialized)) if Arc::ptr_eq(classification, &job.classification) => {
                Some(Rc::clone(serialized))
            }
            _ => to_raw_value(&rules::ConfigurationResponse::from(&*job.classification)).ok().map(Rc::from),
        };
        let configuration = match serialized {
            Some(serialized) => {
                previous = Some((&job.classification, Rc::clone(&serialized)));
                Configuration::Serialized(serialized)
            }
            None => Configuration::Structured((&*job.classification).into()),
        };
        ClassifyJob::new(job, configuration)
    })
}

/// The answer of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ClassifyResult<'a> {
    /// The type of the rule that fits; null if none does.
    r#type: Option<&'a str>,
    /// How likely the answer is right, from 0 to 1.
    confidence: f64,
    /// The reasons as sentences.
    reasoning: &'a str,
}

/// The cost of a job: always zero, because nothing is billed here.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Usage {
    /// Always 0.
    credits: f64,
    /// Always null: no parse job is run.
    parse_credits: Option<f64>,
}

/// The dialect's word for a status; None for jobs that are no longer shown.
pub(super) const fn status(status: Status) -> Option<&'static str> {
    match status {
        Status::Queued => Some("PENDING"),
        Status::Running => Some("RUNNING"),
        Status::Succeeded => Some("COMPLETED"),
        Status::Failed => Some("FAILED"),
        Status::Cancelled => Some("CANCELLED"),
        Status::Deleted => None,
    }
}

/// The word for the status of a split job; None if it is never shown.
pub(super) const fn split_status(status: Status) -> Option<&'static str> {
    match status {
        Status::Queued => Some("pending"),
        Status::Running => Some("processing"),
        Status::Succeeded => Some("completed"),
        Status::Failed => Some("failed"),
        Status::Cancelled => Some("cancelled"),
        Status::Deleted => None,
    }
}

/// The word for the status of a job of a kind; None if it is never shown.
pub(super) const fn job_status(kind: JobKind, value: Status) -> Option<&'static str> {
    match kind {
        JobKind::Split => split_status(value),
        _ => status(value),
    }
}

/// Every status that is shown, with its word.
fn statuses() -> Vec<(&'static str, Status)> {
    Status::ALL.into_iter().filter_map(|value| Some((status(value)?, value))).collect()
}

/// The words of every status that is shown.
pub(super) fn status_words() -> Vec<&'static str> {
    statuses().into_iter().map(|(word, _)| word).collect()
}

/// The status of a word.
pub(super) fn status_of(word: &str) -> Option<Status> {
    statuses().into_iter().find(|(known, _)| *known == word).map(|(_, status)| status)
}

impl<'a> From<&'a job::Job> for ClassifyJob<'a> {
    fn from(job: &'a job::Job) -> Self {
        Self::new(job, Configuration::Structured((&*job.classification).into()))
    }
}

impl<'a> ClassifyJob<'a> {
    /// The same job with its cost.
    pub(super) fn with_usage(self) -> Self {
        Self { usage: Some(Usage::default()), ..self }
    }

    fn new(job: &'a job::Job, configuration: Configuration<'a>) -> Self {
        let (document_input_type, document) = inputs::wire(job);
        let decision = job.decision.as_ref().filter(|_| job.status() == Status::Succeeded);
        Self {
            id: job.id.format(),
            project_id: job.project.to_string(),
            user_id: user(job.user),
            status: status(job.status()).unwrap_or("CANCELLED"),
            configuration,
            configuration_id: job.classification.classifier.map(IdFormat::format),
            document_input_type,
            file_input: document.clone(),
            document_input_value: document,
            parse_job_id: inputs::parse_job_id(job).filter(|_| job.status() == Status::Succeeded),
            transaction_id: job.idempotency_key.as_deref(),
            error_message: job.failure().map(failure_text),
            result: decision.map(|decision| ClassifyResult {
                r#type: decision.label.as_deref(),
                confidence: decision.confidence,
                reasoning: &decision.reasoning,
            }),
            usage: None,
            created_at: job.created_at.to_rfc3339(),
            updated_at: job.updated_at.to_rfc3339(),
        }
    }
}

/// The code of this dialect for a failure.
pub(super) fn failure_code(failure: &Failure) -> &str {
    vendor_code(&failure.code, failure.format.as_deref())
}

/// A failure in the words of this dialect.
pub(super) fn failure_text(failure: &Failure) -> String {
    format!("{}: {}", failure_code(failure), failure.message)
}

pub(super) fn user(token: TokenId) -> String {
    format!("usr-{token}")
}

/// A signed URL.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct PresignedUrl {
    /// The URL.
    pub url: String,
    /// When it expires.
    pub expires_at: String,
    /// The file to upload, for an upload URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// Form fields to send along. Always null: our URLs take the bare bytes.
    pub form_fields: Option<()>,
}

/// A file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct File<'a> {
    /// The id.
    id: String,
    /// The name.
    name: &'a str,
    /// The project.
    project_id: String,
    /// The type, from the bytes or else from the name.
    file_type: Option<String>,
    /// What it is for.
    purpose: Option<&'a str>,
    /// The id in the caller's own system.
    external_file_id: Option<&'a str>,
    /// When it last changed.
    last_modified_at: String,
    /// When the retention of the project removes it; null if it has none.
    expires_at: Option<String>,
    /// A signed URL of the bytes, if it was asked for.
    download_url: Option<PresignedUrl>,
}

impl<'a> File<'a> {
    /// A file. `id` is its id in the format that the client expects.
    pub(super) fn new(
        file: &'a index::File,
        id: String,
        project: ProjectId,
        download_url: Option<PresignedUrl>,
    ) -> Self {
        Self {
            id,
            name: &file.name,
            project_id: project.to_string(),
            file_type: file.kind.clone().or_else(|| extension(&file.name)),
            purpose: file.purpose.as_deref(),
            external_file_id: file.external_id.as_deref(),
            last_modified_at: file.updated_at.to_rfc3339(),
            expires_at: file.expires_at.map(Timestamp::to_rfc3339),
            download_url,
        }
    }
}

/// The extension of a name, if it looks like one.
fn extension(name: &str) -> Option<String> {
    const MAX_CHARS: usize = 8;
    let (stem, extension) = name.rsplit_once('.')?;
    let fits = !stem.is_empty()
        && (1..=MAX_CHARS).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| extension.to_ascii_lowercase())
}

/// A project.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Project<'a> {
    /// The id.
    id: String,
    /// The name.
    name: &'a str,
    /// Its owner.
    organization_id: String,
    /// Always true.
    is_default: bool,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl<'a> From<&'a index::Project> for Project<'a> {
    fn from(project: &'a index::Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: &project.name,
            organization_id: project.organization.to_string(),
            is_default: true,
            created_at: project.created_at.to_rfc3339(),
            updated_at: project.updated_at.to_rfc3339(),
        }
    }
}

/// An organization.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Organization<'a> {
    /// The id.
    id: String,
    /// The name.
    name: &'a str,
    /// When its project was created.
    created_at: String,
    /// When its project last changed.
    updated_at: String,
}

impl<'a> From<&'a index::Project> for Organization<'a> {
    fn from(project: &'a index::Project) -> Self {
        Self {
            id: project.organization.to_string(),
            name: &project.organization_name,
            created_at: project.created_at.to_rfc3339(),
            updated_at: project.updated_at.to_rfc3339(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_but_purged_has_a_word() {
        assert_eq!(status_words(), ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]);
        assert_eq!(status(Status::Deleted), None);
    }

    #[test]
    fn guesses_the_type_from_the_name() {
        for (name, expected) in
            [("a.PDF", Some("pdf")), ("upload", None), (".env", None), ("v1.2 final", None), ("a.b.docx", Some("docx"))]
        {
            assert_eq!(extension(name).as_deref(), expected, "{name}");
        }
    }
}
