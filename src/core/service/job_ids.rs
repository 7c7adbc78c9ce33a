//! Ids of jobs, with a check by which ids that were never given to a job are recognised without a call.
//!
//! The last [`CHECK_BYTES`] of an id are a message authentication code (HMAC-SHA256, RFC 2104), truncated, of the project
//! and the rest of the id, keyed with the operator's secret. Reaching a Durable Object creates it, so that without the
//! check anyone with a token could make the platform keep an object for every id that comes to mind. An id without a
//! valid check may still be one of ours: 0.1.0 gave none, and the secret may have been absent or another. For those the
//! project's index is asked, which exists since the token does.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    index::HasJob,
    ports::{Environment, Index, Random},
};
use crate::{
    error::Result,
    id::{JobId, ProjectId},
    job::Rejected,
};

/// How many bytes of an id are its check: one of 2^48 invented ids passes it. The other 74 random bits keep a billion
/// jobs of a project apart.
const CHECK_BYTES: usize = 6;

/// Prefix of the authenticated bytes, so that a code for another purpose under the same secret never matches.
const PURPOSE: &[u8] = b"sortroom job id v1\n";

/// The code of an id without its check, and the check that it has. None if the operator set no secret.
fn code(ports: &impl Environment, project: ProjectId, id: JobId) -> Option<(Hmac<Sha256>, [u8; CHECK_BYTES])> {
    let secret = ports.config().admin_secret.as_deref()?;
    let bytes = id.as_u128().to_be_bytes();
    let (rest, check) = bytes.split_last_chunk()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(PURPOSE);
    mac.update(&project.as_u128().to_be_bytes());
    mac.update(rest);
    Some((mac, *check))
}

/// A new id for a job of `project`. Without a secret it has no valid check.
pub fn generate(ports: &(impl Random + Environment), project: ProjectId) -> JobId {
    let id = JobId::from_bytes(ports.random());
    let mut bytes = id.as_u128().to_be_bytes();
    if let Some((mac, _)) = code(ports, project, id)
        && let Some(check) = bytes.last_chunk_mut::<CHECK_BYTES>()
        && let Some(code) = mac.finalize().into_bytes().first_chunk()
    {
        *check = *code;
    }
    JobId::from_bytes(bytes)
}

/// Whether `id` has a valid check for `project`.
fn is_generated(ports: &impl Environment, project: ProjectId, id: JobId) -> bool {
    code(ports, project, id).is_some_and(|(mac, check)| mac.verify_truncated_left(&check).is_ok())
}

/// Checks that `id` was given to a job of `project`, which may have been deleted since. Called before a job object is
/// reached with an id that came with a request.
///
/// # Errors
///
/// `NotFound` if it was not, `Upstream` if the index has to be asked and cannot be reached.
pub async fn check(ports: &(impl Index + Environment), project: ProjectId, id: JobId) -> Result<()> {
    if is_generated(ports, project, id) || ports.index(project, HasJob { id }).await? {
        Ok(())
    } else {
        Err(Rejected::NotFound.into_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{memory::Memory, ports::Config};

    fn ports(secret: Option<&str>) -> Memory {
        Memory::new(Config { admin_secret: secret.map(str::to_owned), ..Config::default() })
    }

    #[test]
    fn an_id_is_recognised_in_its_project_and_under_its_secret() {
        let ours = ports(Some("secret"));
        let project = ProjectId::from_bytes([1; 16]);
        for _ in 0..100 {
            let id = generate(&ours, project);
            assert!(is_generated(&ours, project, id));
            assert!(!is_generated(&ours, ProjectId::from_bytes([2; 16]), id), "another project");
            assert!(!is_generated(&ports(Some("other")), project, id), "another secret");
            assert!(!is_generated(&ports(None), project, id), "no secret");
            assert_eq!(uuid::Uuid::from_u128(id.as_u128()).get_version_num(), 4);
            for bit in 0..128_u32 {
                let changed = JobId::from_bytes((id.as_u128() ^ (1 << bit)).to_be_bytes());
                assert!(changed == id || !is_generated(&ours, project, changed), "bit {bit}");
            }
        }
    }

    #[test]
    fn ids_differ() {
        for ports in [ports(Some("secret")), ports(None)] {
            let project = ProjectId::from_bytes([1; 16]);
            let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| generate(&ports, project)).collect();
            assert_eq!(ids.len(), 1_000);
        }
    }
}
