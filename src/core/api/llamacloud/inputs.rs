//! The document of a job: an uploaded file, one that was parsed, or what is at a URL.

use super::ids::{ID_CHARS, IdFormat, ParseJobId};
use crate::{
    api::checked::Checked,
    error::{Error, ErrorKind, Result},
    id::{FileId, JobId, ProjectId},
    job::{Job, JobSource},
    service::{
        index::{JobInput, JobRole, Refusal, SourceFilter, SourceKind},
        outbound::{MAX_URL_CHARS, Target},
        ports::{Environment, OutboundPolicy},
    },
    validate::{
        Input, Validator,
        shape::{Choice, Declared, Shape},
    },
};

/// The names of the member that has the document, the newest first. The last ones are of the first clients.
const MEMBERS: [&str; 3] = ["file_input", "file_id", "parse_job_id"];

/// A document that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DocumentInput {
    /// An uploaded file.
    File(FileId),
    /// The document of a parse job.
    Parsed(JobId),
    /// What is at a URL.
    Url(String),
}

impl DocumentInput {
    /// The document that a text names.
    ///
    /// # Errors
    ///
    /// Why it names none, in a sentence.
    fn parse(text: &str, policy: &OutboundPolicy) -> Result<Self, String> {
        if let Some(id) = FileId::parse(text) {
            return Ok(Self::File(id));
        }
        if let Some(id) = text.strip_prefix(ParseJobId::PREFIX).and_then(ParseJobId::parse) {
            return Ok(Self::Parsed(id.0));
        }
        if is_url(text) {
            return match Target::parse(text, policy) {
                Ok(target) => Ok(Self::Url(target.as_str().to_owned())),
                Err(error) => Err(error.message().to_owned()),
            };
        }
        Err(hint(text).to_owned())
    }

    /// The same for a job. Any number of jobs may have the document.
    pub(super) fn into_job_input(self) -> JobInput {
        match self {
            Self::File(id) => JobInput::File { id, role: JobRole::Independent },
            Self::Parsed(job) => JobInput::Parsed(job),
            Self::Url(url) => JobInput::Url(url),
        }
    }

    /// The error of a refused job with this document. `unknown_configuration` is that of an unknown saved configuration.
    pub(super) fn refusal_error(
        &self,
        refusal: Refusal,
        project: ProjectId,
        unknown_configuration: impl FnOnce() -> Error,
    ) -> Error {
        let invalid = |message| Error::new(ErrorKind::Invalid, message);
        match (self, refusal) {
            (_, Refusal::UnknownClassifier | Refusal::UnknownConfiguration) => unknown_configuration(),
            (_, Refusal::UnknownWebhook(id)) => {
                Error::not_found(format!("Webhook configuration {} not found", id.format()))
            }
            (Self::File(id), Refusal::UnknownFile) => {
                invalid(format!("File ID {} is not in Project ID {project}", id.format()))
            }
            (Self::File(id), Refusal::FileNotUploaded) => {
                invalid(format!("File ID {} has been announced, but its content was not uploaded", id.format()))
            }
            (Self::Parsed(job), Refusal::UnknownParseJob) => {
                invalid(format!("Parse Job ID {} is not in Project ID {project}", ParseJobId(*job).format()))
            }
            (Self::Parsed(job), Refusal::ParseJobNotDone(_)) => {
                invalid(format!("inputs_invalid: Parse job {} is not completed", ParseJobId(*job).format()))
            }
            // Requests of this dialect cannot cause others.
            (_, refusal) => Error::internal(format!("refused: {refusal:?}")),
        }
    }
}

/// Whether a text begins as an absolute URL does (RFC 3986, 3.1).
fn is_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// What is wrong with a text that names no document.
fn hint(text: &str) -> &'static str {
    if text.contains(['.', '/']) {
        "this looks like a path or a URL without https://, expected the id of an uploaded file (dfl- and a UUID), the id \
         of a parse job (pjb- and a UUID) or a URL"
    } else {
        "expected the id of an uploaded file (dfl- and a UUID), the id of a parse job (pjb- and a UUID) or a URL"
    }
}

/// The longest text that names a document, in characters.
const INPUT_CHARS: usize = if MAX_URL_CHARS > ID_CHARS { MAX_URL_CHARS } else { ID_CHARS };

/// A text that names a document, which [`ANY_DOCUMENT`] or [`check_document`] checks.
pub(super) const DOCUMENT: Shape =
    Shape::Own { documented: &Shape::text(1..=INPUT_CHARS), format: "", check: |_, _| {} };

/// One of the members has to be there. The first that is counts.
pub(super) const ANY_DOCUMENT: Choice = Choice {
    members: &MEMBERS,
    exclusive: false,
    check: |check, input| match MEMBERS.iter().map(|member| input.get(member)).find(|field| !field.is_absent()) {
        Some(field) => check_document(check, &field),
        None => check.require(&input.get("file_input")),
    },
};

/// Reports a member that is not a well-formed reference to a document. Which URLs the operator permits is not checked.
pub(super) fn check_document(check: &mut Validator, field: &Input<'_>) {
    if let Some(text) = check.text(field, 1..=INPUT_CHARS)
        && let Err(why) = DocumentInput::parse(text, &OutboundPolicy::PERMIT_ALL)
    {
        check.reject_value(field, &why);
    }
}

/// The document that a request names; None if it names none, and with a fault of the request if its URL is not
/// permitted.
pub(super) fn take<T: Declared>(request: &mut Checked<T>, ports: &impl Environment) -> Option<DocumentInput> {
    take_from(request, &MEMBERS, ports)
}

/// As [`take`], from the first of other members that is there.
pub(super) fn take_from<T: Declared>(
    request: &mut Checked<T>,
    members: &[&str],
    ports: &impl Environment,
) -> Option<DocumentInput> {
    let (input, check) = request.parts();
    let field = members.iter().map(|member| input.get(member)).find(|field| !field.is_absent())?;
    take_field(check, &field, ports)
}

/// As [`take`], from a member of any place.
pub(super) fn take_field(check: &mut Validator, field: &Input<'_>, ports: &impl Environment) -> Option<DocumentInput> {
    let text = field.read::<String>()?;
    // A malformed reference was reported when the request was validated.
    DocumentInput::parse(&text, &OutboundPolicy::PERMIT_ALL).ok()?;
    match DocumentInput::parse(&text, &ports.config().outbound) {
        Ok(document) => Some(document),
        Err(why) => {
            check.reject_value(field, &why);
            None
        }
    }
}

/// The jobs whose document is this one; None if the text names none.
pub(super) fn filter(text: &str) -> Option<SourceFilter> {
    // What may be requested makes no difference to jobs that were accepted.
    Some(match DocumentInput::parse(text, &OutboundPolicy::PERMIT_ALL).ok()? {
        DocumentInput::File(id) => SourceFilter::File(id),
        DocumentInput::Parsed(id) => SourceFilter::Parsed(id),
        DocumentInput::Url(url) => SourceFilter::Url(url),
    })
}

/// The kind of document that a word names; None if it names none.
pub(super) fn kind_of(word: &str) -> Option<SourceKind> {
    match word {
        "file_id" => Some(SourceKind::File),
        "parse_job_id" => Some(SourceKind::Parsed),
        "url" => Some(SourceKind::Url),
        _ => None,
    }
}

/// The words for the kind of a job's document, and the document as it was named.
pub(super) fn wire(job: &Job) -> (&'static str, String) {
    match &job.source {
        JobSource::File { id, .. } => ("file_id", id.format()),
        JobSource::Parsed { job, .. } => ("parse_job_id", ParseJobId(*job).format()),
        JobSource::Url { url, .. } => ("url", url.clone()),
        // Jobs of mails are not listed in this dialect, but a client can still name one by its id.
        JobSource::Mail { .. } => ("file_id", String::new()),
    }
}

/// The id under which what was read of a job's document can be asked for: that of the parse job it began with, or one
/// that is answered from the document. None while the document was not fetched, and for a mail.
pub(super) fn parse_job_id(job: &Job) -> Option<String> {
    match &job.source {
        JobSource::Parsed { job, .. } => Some(ParseJobId(*job).format()),
        source => source.file().map(|_| ParseJobId(job.id).format()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_distinguished() {
        let parse = |text: &str| DocumentInput::parse(text, &OutboundPolicy::default());
        let uuid = "07070707-0707-4707-8707-070707070707";
        assert_eq!(parse(uuid).unwrap(), DocumentInput::File(uuid.parse().unwrap()));
        assert_eq!(parse(&format!("dfl-{uuid}")).unwrap(), DocumentInput::File(uuid.parse().unwrap()));
        assert_eq!(parse(&format!("pjb-{uuid}")).unwrap(), DocumentInput::Parsed(uuid.parse().unwrap()));
        let url = "https://example.com/a.pdf?x=1";
        assert_eq!(parse(url).unwrap(), DocumentInput::Url(url.to_owned()));
        assert_eq!(parse("https://example.com").unwrap(), DocumentInput::Url("https://example.com/".to_owned()));
        assert!(parse("http://127.0.0.1/").unwrap_err().contains("not public"));
        assert!(parse("ftp://example.com/").unwrap_err().contains("Only http and https"));
        assert!(parse("example.com/a.pdf").unwrap_err().contains("without https://"));
        assert!(parse("clj-07070707").unwrap_err().starts_with("expected the id"));
        assert!(parse("pjb-7").unwrap_err().starts_with("expected the id"));
    }
}
