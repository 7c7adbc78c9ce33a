//! What the calls about jobs of all products have in common.

use super::{Caller, ids::IdFormat, wire};
use crate::{
    error::{Error, ErrorKind, Result},
    id::JobId,
    job::{Job, JobKind},
    service::{jobs, ports::Ports},
};

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
) -> Result<()> {
    match jobs::delete(&caller.ports, caller.token.project, id.into(), kind).await {
        Ok(()) => Ok(()),
        Err(error) => Err(explained(caller, id, error).await),
    }
}

/// The same error, in the dialect's words if nothing was found, or if the status of the job does not permit the request.
async fn explained<P: Ports, I: IdFormat + Into<JobId>>(caller: &Caller<P>, id: I, error: Error) -> Error {
    if error.kind() != ErrorKind::Conflict {
        return error.with_not_found_message(I::MISSING);
    }
    let status = jobs::get(&caller.ports, caller.token.project, id.into()).await.map(|job| job.status());
    let Ok(Some((status, word))) = status.map(|status| Some((status, wire::status(status)?))) else { return error };
    let sentence = if status.has_ended() {
        format!("The job has already ended: it is {word}")
    } else {
        format!("The job has not ended yet: it is {word}. Cancel it first")
    };
    Error::new(ErrorKind::Conflict, sentence)
}
