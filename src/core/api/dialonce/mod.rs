//! The dialect of mail classification (Dial Once): classifies mails, given as subject and body, by labels.
//!
//! A company is a project, an orchestrator a classifier, a label a rule. Errors are `{"statusCode", "message",
//! "error"}`.

mod error;
mod labels;
mod mail;
mod wire;

pub use self::error::{DialOnce, ErrorResponse};
use self::{
    labels::{ChangedLabel, NewLabel},
    mail::{FlatMail, Submitted, WrappedMail},
    wire::{Classified, Label, Process},
};
use super::{checked::JsonBody, context, reply::ApiError, routes::routes};
use crate::{
    error::{Error, Result},
    id::{ClassifierId, ProjectId},
    service::ports::Ports,
};

type Reply = Result<axum::response::Response, ApiError<DialOnce>>;
type Caller<P> = context::Caller<P, DialOnce>;
type PathParams = context::PathParams<DialOnce>;
type Body<T> = JsonBody<T, DialOnce>;

/// A path below that of an orchestrator.
macro_rules! below {
    ($path:literal) => {
        concat!("/api/companies/{company}/orchestrators/{orchestrator}", $path)
    };
}

routes! {
    /// Classifies a mail, and keeps nothing.
    ///
    /// The subject weighs more than the body; quoted history, signatures and disclaimers weigh less; header lines do
    /// not count. A mail without subject and body is classified by its attachments.
    post below!("/classification"), mail::classify::<P>, read, json FlatMail, json WrappedMail
        => 200 Classified<'_>, 413;

    /// Classifies a mail as a job.
    post below!("/classification-async"), mail::submit::<P>, write, json WrappedMail, json FlatMail
        => 200 Submitted, 413;

    /// How far a mail is, and its classification once there is one. `external_metadata` comes back byte for byte.
    get below!("/classification-async/{process}"), mail::result::<P>, read => 200 Process<'_>;

    /// Lists the labels.
    get below!("/classification/labels"), labels::list::<P>, read => 200 Vec<Label<'_>>;

    /// Adds a label.
    post below!("/classification/labels"), labels::create::<P>, write, json NewLabel => 201 Label<'_>, 409;

    /// A label.
    get below!("/classification/labels/{label}"), labels::get::<P>, read => 200 Label<'_>;

    /// Changes a label, which keeps its id.
    patch below!("/classification/labels/{label}"), labels::change::<P>, write, json ChangedLabel
        => 200 Label<'_>, 409;

    /// Deletes a label.
    delete below!("/classification/labels/{label}"), labels::delete::<P>, write => 204;
}

const NO_ORCHESTRATOR: &str = "Orchestrator not found";

/// The classifier that a path names. The path must name the caller's project.
fn orchestrator<P: Ports>(caller: &Caller<P>, segments: &PathParams) -> Result<ClassifierId> {
    let company: ProjectId = segments.id("company", "Company not found")?;
    if company != caller.token.project {
        return Err(Error::not_found("Company not found"));
    }
    segments.id("orchestrator", NO_ORCHESTRATOR)
}

#[cfg(test)]
mod tests;
