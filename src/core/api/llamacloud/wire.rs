//! What is answered: jobs, files, configurations, projects, pages.

use std::{rc::Rc, sync::Arc};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{ids::Spelling, rules};
use crate::{
    api::page_token,
    id::{ProjectId, TokenId},
    job::{self, Source, Status},
    service::index::{self, Page},
};

/// A part of a listing.
#[derive(Debug, Serialize)]
pub(super) struct Listing<T> {
    items: Vec<T>,
    next_page_token: Option<String>,
    total_size: Option<u64>,
}

impl<T> Listing<T> {
    /// A page of the listing of that name, every item of it as `wire` makes it.
    pub(super) fn new<'a, I>(name: &str, page: &'a Page<I>, wire: impl FnMut(&'a I) -> T) -> Self {
        Self {
            items: page.items.iter().map(wire).collect(),
            next_page_token: page.next.as_ref().map(|place| page_token::spell(name, place)),
            total_size: None,
        }
    }
}

/// A classify job.
#[derive(Debug, Serialize)]
pub(super) struct ClassifyJob<'a> {
    id: String,
    project_id: String,
    user_id: String,
    status: &'static str,
    configuration: Configuration<'a>,
    configuration_id: Option<String>,
    document_input_type: &'static str,
    /// The name since April 2026.
    file_input: String,
    /// The name before.
    document_input_value: String,
    parse_job_id: Option<String>,
    transaction_id: Option<&'a str>,
    error_message: Option<String>,
    result: Option<ClassifyResult<'a>>,
    usage: Option<Usage>,
    created_at: String,
    updated_at: String,
}

/// A job's configuration.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Configuration<'a> {
    Read(rules::Configuration<'a>),
    /// As it was spelt for the job before.
    Spelt(Rc<RawValue>),
}

/// A part of the listing of jobs. Jobs that share their classification share its spelling too.
pub(super) fn jobs<'a>(name: &str, page: &'a Page<job::Job>) -> Listing<ClassifyJob<'a>> {
    let mut before: Option<(&Arc<job::Classification>, Rc<RawValue>)> = None;
    Listing::new(name, page, |job| {
        let spelling = match &before {
            Some((same, spelling)) if Arc::ptr_eq(same, &job.classification) => Some(Rc::clone(spelling)),
            _ => to_raw_value(&rules::Configuration::from(&*job.classification)).ok().map(Rc::from),
        };
        let configuration = match spelling {
            Some(spelling) => {
                before = Some((&job.classification, Rc::clone(&spelling)));
                Configuration::Spelt(spelling)
            }
            None => Configuration::Read((&*job.classification).into()),
        };
        ClassifyJob::with(job, configuration, false)
    })
}

#[derive(Debug, Serialize)]
struct ClassifyResult<'a> {
    r#type: Option<&'a str>,
    confidence: f64,
    reasoning: &'a str,
}

/// What a job cost: nothing is billed here.
#[derive(Debug, Default, Serialize)]
pub(super) struct Usage {
    credits: f64,
    parse_credits: f64,
}

/// The dialect's word for a status; nothing for what is not shown any more.
pub(super) const fn status(status: Status) -> Option<&'static str> {
    match status {
        Status::Queued => Some("PENDING"),
        Status::Running => Some("RUNNING"),
        Status::Succeeded => Some("COMPLETED"),
        Status::Failed => Some("FAILED"),
        Status::Cancelled => Some("CANCELLED"),
        Status::Purged => None,
    }
}

/// Every status that is shown, by its word.
pub(super) fn statuses() -> Vec<(&'static str, Status)> {
    Status::ALL.into_iter().filter_map(|one| Some((status(one)?, one))).collect()
}

impl<'a> ClassifyJob<'a> {
    /// A job, with what it cost if that was asked for.
    pub(super) fn new(job: &'a job::Job, with_usage: bool) -> Self {
        Self::with(job, Configuration::Read((&*job.classification).into()), with_usage)
    }

    fn with(job: &'a job::Job, configuration: Configuration<'a>, with_usage: bool) -> Self {
        let file = match job.source {
            Source::File { id, .. } => id.spell(),
            // Not listed here; whoever asks for one by its id is told what there is.
            Source::Mail { .. } => String::new(),
        };
        let decision = job.decision.as_ref().filter(|_| job.status() == Status::Succeeded);
        Self {
            id: job.id.spell(),
            project_id: job.project.to_string(),
            user_id: user(job.user),
            status: status(job.status()).unwrap_or("CANCELLED"),
            configuration,
            configuration_id: job.classification.classifier.map(Spelling::spell),
            document_input_type: "file_id",
            file_input: file.clone(),
            document_input_value: file,
            parse_job_id: None,
            transaction_id: job.transaction.as_deref(),
            error_message: job.failure().map(|failure| format!("{}: {}", failure.code, failure.message)),
            result: decision.map(|decision| ClassifyResult {
                r#type: decision.label.as_deref(),
                confidence: decision.confidence,
                reasoning: &decision.reasoning,
            }),
            usage: with_usage.then(Usage::default),
            created_at: job.created_at.to_rfc3339(),
            updated_at: job.updated_at.to_rfc3339(),
        }
    }
}

fn user(token: TokenId) -> String {
    format!("usr-{token}")
}

/// A signed address.
#[derive(Debug, Serialize)]
pub(super) struct Address {
    /// Where.
    pub url: String,
    /// Until when.
    pub expires_at: String,
    /// The file that goes there, for an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// Fields of a form to send there; ours takes the bare bytes.
    pub form_fields: Option<()>,
}

/// A file.
#[derive(Debug, Serialize)]
pub(super) struct File<'a> {
    id: String,
    name: &'a str,
    project_id: String,
    file_type: Option<String>,
    purpose: Option<&'a str>,
    external_file_id: Option<&'a str>,
    last_modified_at: String,
    expires_at: Option<String>,
    download_url: Option<Address>,
}

impl<'a> File<'a> {
    /// A file. `id` is how its id is spelt.
    pub(super) fn new(file: &'a index::File, id: String, project: ProjectId, download_url: Option<Address>) -> Self {
        Self {
            id,
            name: &file.name,
            project_id: project.to_string(),
            file_type: file.kind.clone().or_else(|| extension(&file.name)),
            purpose: file.purpose.as_deref(),
            external_file_id: file.external_id.as_deref(),
            last_modified_at: file.updated_at.to_rfc3339(),
            expires_at: None,
            download_url,
        }
    }
}

/// The extension of a name, where it looks like one.
fn extension(name: &str) -> Option<String> {
    const LONGEST: usize = 8;
    let (stem, extension) = name.rsplit_once('.')?;
    let fits = !stem.is_empty()
        && (1..=LONGEST).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| extension.to_ascii_lowercase())
}

/// A saved configuration.
#[derive(Debug, Serialize)]
pub(super) struct SavedConfiguration<'a> {
    id: String,
    name: &'a str,
    product_type: &'static str,
    parameters: Parameters<'a>,
    version: String,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct Parameters<'a> {
    product_type: &'static str,
    #[serde(flatten)]
    configuration: rules::Configuration<'a>,
}

/// The product whose configurations are saved here.
pub(super) const PRODUCT: &str = "classify_v2";

impl<'a> From<&'a index::Classifier> for SavedConfiguration<'a> {
    fn from(classifier: &'a index::Classifier) -> Self {
        Self {
            id: classifier.id.spell(),
            name: &classifier.name,
            product_type: PRODUCT,
            parameters: Parameters { product_type: PRODUCT, configuration: (&classifier.classification).into() },
            version: classifier.version.to_rfc3339(),
            created_at: classifier.created_at.to_rfc3339(),
            updated_at: classifier.version.to_rfc3339(),
        }
    }
}

/// A project.
#[derive(Debug, Serialize)]
pub(super) struct Project<'a> {
    id: String,
    name: &'a str,
    organization_id: String,
    is_default: bool,
    created_at: String,
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
pub(super) struct Organization<'a> {
    id: String,
    name: &'a str,
    created_at: String,
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
    fn every_status_but_the_removed_has_its_word() {
        let words: Vec<_> = statuses().into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]);
        assert_eq!(status(Status::Purged), None);
    }

    #[test]
    fn guesses_the_type_by_the_name() {
        for (name, expected) in
            [("a.PDF", Some("pdf")), ("upload", None), (".env", None), ("v1.2 final", None), ("a.b.docx", Some("docx"))]
        {
            assert_eq!(extension(name).as_deref(), expected, "{name}");
        }
    }
}
