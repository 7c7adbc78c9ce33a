//! What the calls about jobs of all products have in common.

use serde::Serialize;

use super::{
    Caller,
    ids::{self, IdFormat},
    wire::{self, TotalQuery},
};
use crate::{
    api::page_token::Paging,
    error::{Error, ErrorKind, Result},
    id::JobId,
    job::{Job, JobKind},
    service::{
        index::{JobFilter, Page, PageRequest},
        jobs,
        ports::Ports,
    },
    time::Timestamp,
    validate::{
        declare::declare,
        shape::{Choice, DATETIME, OPEN},
    },
};

/// A request has either a configuration or the id of a saved one.
pub(super) const CONFIGURATION: Choice = Choice {
    members: &["configuration", "configuration_id"],
    exclusive: true,
    check: |check, input| {
        let inline = input.get("configuration");
        match (inline.is_absent(), input.get("configuration_id").is_absent()) {
            (true, true) => check.reject_value(&inline, "either configuration or configuration_id is required"),
            (false, false) => check.reject_value(&inline, "configuration and configuration_id exclude each other"),
            _ => {}
        }
    },
};

declare! {
    /// Which jobs to list.
    #[derive(Debug)]
    pub(super) struct ListQuery(OPEN) {
        /// The ids of the jobs.
        job_ids: Option<Vec<String>> = optional(ids::IDS),
        /// When the jobs were created at the earliest.
        created_at_on_or_after: Option<Timestamp> = optional(DATETIME),
        /// When they were created at the latest.
        created_at_on_or_before: Option<Timestamp> = optional(DATETIME),
        paging: Paging = flattened,
        total: TotalQuery = flattened,
    }
}

impl ListQuery {
    /// The filter by what all products have in common. `I` is the id of a job as the product writes it.
    pub(super) fn filter<I: IdFormat + Into<JobId>>(&self, kind: JobKind) -> JobFilter {
        let ids = |texts: &Vec<String>| ids::filter::<I>(texts).into_iter().map(Into::into).collect();
        JobFilter {
            kind: Some(kind),
            ids: self.job_ids.as_ref().map(ids),
            from: self.created_at_on_or_after,
            to: self.created_at_on_or_before,
            ..JobFilter::default()
        }
    }

    /// A page of jobs, and how many there are in all, if the request asks for that and they can be counted.
    ///
    /// # Errors
    ///
    /// `Upstream`.
    pub(super) async fn jobs<P: Ports>(
        &self,
        caller: &Caller<P>,
        filter: JobFilter,
        page: PageRequest,
    ) -> Result<(Page<Job>, Option<u32>)> {
        let (ports, project) = (&caller.ports, caller.token.project);
        let total = if self.total.include_total { jobs::count(ports, project, filter.clone()).await? } else { None };
        Ok((jobs::list(ports, project, filter, page).await?, total))
    }
}

/// A deleted job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct DeletedJob {
    /// Its id.
    id: String,
    /// The project that it belonged to.
    project_id: String,
}

/// The job of a kind. `id` is of the type that its product writes.
///
/// # Errors
///
/// `NotFound`, in the words of the product; `Upstream`.
pub(super) async fn get<P: Ports, I: IdFormat + Into<JobId>>(caller: &Caller<P>, id: I, kind: JobKind) -> Result<Job> {
    let job = jobs::get_of_kind(&caller.ports, caller.token.project, id.into(), kind).await;
    job.map_err(|error| error.with_not_found_message(I::MISSING))
}

/// Cancels a job of a kind.
///
/// # Errors
///
/// `NotFound` and `Conflict`, in the words of the product; `Upstream`.
pub(super) async fn cancel<P: Ports, I: IdFormat + Into<JobId>>(
    caller: &Caller<P>,
    id: I,
    kind: JobKind,
) -> Result<Job> {
    match jobs::cancel(&caller.ports, caller.token.project, id.into(), kind).await {
        Ok(job) => Ok(job),
        Err(error) => Err(explained(caller, id, error).await),
    }
}

/// Deletes a job of a kind.
///
/// # Errors
///
/// As [`cancel`].
pub(super) async fn delete<P: Ports, I: IdFormat + Into<JobId>>(
    caller: &Caller<P>,
    id: I,
    kind: JobKind,
) -> Result<DeletedJob> {
    let project = caller.token.project;
    match jobs::delete(&caller.ports, project, id.into(), kind).await {
        Ok(()) => Ok(DeletedJob { id: id.format(), project_id: project.to_string() }),
        Err(error) => Err(explained(caller, id, error).await),
    }
}

/// The same error, in the dialect's words if nothing was found, or if the status of the job does not permit the request.
async fn explained<P: Ports, I: IdFormat + Into<JobId>>(caller: &Caller<P>, id: I, error: Error) -> Error {
    if error.kind() != ErrorKind::Conflict {
        return error.with_not_found_message(I::MISSING);
    }
    let Ok(job) = jobs::get(&caller.ports, caller.token.project, id.into()).await else { return error };
    let status = job.status();
    let Some(word) = wire::job_status(job.kind(), status) else { return error };
    let sentence = if status.has_ended() {
        format!("The job has already ended: it is {word}")
    } else {
        format!("The job has not ended yet: it is {word}. Cancel it first")
    };
    Error::new(ErrorKind::Conflict, sentence)
}
