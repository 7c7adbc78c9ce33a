//! Who may do what: tokens and the operator's secret.
//!
//! A token reads `srt_{id}_{secret}{checksum}`: the prefix tells people and secret scanners what it is, the id finds
//! its record, the secret proves it, and the checksum (CRC-32 of all before it) turns a mistyped token away without a
//! look at any storage. Only SHA-256 of the secret is kept.

use sha2::{Digest, Sha256};

use super::{
    index::{IndexCommand, IndexReply, Project},
    ports::{Clock, Host, Index, Random, Tokens},
    tokens::{Token, TokenCommand},
};
use crate::{
    error::{Error, Kind, Result},
    id::{OrganizationId, ProjectId, TokenId},
    time::Timestamp,
};

/// How every token begins.
pub const PREFIX: &str = "srt_";

/// Random bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// Hexadecimal digits of the checksum.
const CHECKSUM_DIGITS: usize = 8;

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Whether two texts are equal, in a time that depends on their lengths only.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left.bytes().zip(right.bytes()).fold(0, |difference, (left, right)| difference | (left ^ right)) == 0
}

fn unknown() -> Error {
    Error::new(Kind::Unauthenticated, "Invalid API Key")
}

/// Splits a token into its id and its secret, when its form and checksum are right.
fn parse(token: &str) -> Option<(TokenId, &str)> {
    let (body, sum) = token.split_at_checked(token.len().checked_sub(CHECKSUM_DIGITS)?)?;
    if !same(&checksum(body), sum) {
        return None;
    }
    let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
    Some((id.parse().ok()?, secret))
}

/// Who a bearer of `token` is.
///
/// # Errors
///
/// `Unauthenticated` when it is not one of ours, is revoked or has expired; `Upstream` when the directory cannot be
/// reached.
pub async fn authenticate(ports: &(impl Tokens + Clock), token: &str) -> Result<Token> {
    let (id, secret) = parse(token).ok_or_else(unknown)?;
    let known = ports.tokens(TokenCommand::Get(id)).await?.ok_or_else(unknown)?;
    let expired = known.expires_at.is_some_and(|at| at <= ports.now());
    if expired || !same(&sha256(secret), &known.secret_sha256) {
        return Err(unknown());
    }
    Ok(known)
}

/// Checks the operator's secret.
///
/// # Errors
///
/// `Unauthenticated` when it is another, or none is set.
pub fn authenticate_admin(ports: &impl Host, secret: &str) -> Result<()> {
    match &ports.config().admin_secret {
        // Hashed first, so that the time tells nothing about the length either.
        Some(ours) if same(&sha256(ours), &sha256(secret)) => Ok(()),
        _ => Err(unknown()),
    }
}

/// Makes a project.
///
/// # Errors
///
/// `Upstream` when its index cannot be reached.
pub async fn create_project(
    ports: &(impl Index + Clock + Random),
    name: String,
    organization_name: String,
    retention_days: u32,
) -> Result<Project> {
    let now = ports.now();
    let project = Project {
        id: ProjectId::from_random(ports.random()),
        name,
        organization: OrganizationId::from_random(ports.random()),
        organization_name,
        retention_days,
        created_at: now,
        updated_at: now,
    };
    ports.index(project.id, IndexCommand::PutProject(project.clone())).await?;
    Ok(project)
}

/// The project of this id.
///
/// # Errors
///
/// `NotFound` when it was never made, `Upstream` when its index cannot be reached.
pub async fn project(ports: &impl Index, id: ProjectId) -> Result<Project> {
    one(ports.index(id, IndexCommand::GetProject).await?)
}

/// Changes a project. What is absent stays.
///
/// # Errors
///
/// `NotFound` when it was never made, `Upstream` when its index cannot be reached.
pub async fn change_project(
    ports: &impl Index,
    id: ProjectId,
    name: Option<String>,
    retention_days: Option<u32>,
) -> Result<Project> {
    one(ports.index(id, IndexCommand::ChangeProject { name, retention_days }).await?)
}

fn one(reply: IndexReply) -> Result<Project> {
    match reply {
        IndexReply::Project(Some(project)) => Ok(project),
        IndexReply::Project(None) => Err(Error::not_found("Project not found")),
        other => Err(other.unexpected()),
    }
}

/// Makes a token for a project. The text of the token is given once, here, and kept nowhere.
///
/// # Errors
///
/// `NotFound` when the project was never made, `Upstream` when a place cannot be reached.
pub async fn create_token(
    ports: &(impl Index + Tokens + Clock + Random),
    project_id: ProjectId,
    name: String,
    expires_at: Option<Timestamp>,
) -> Result<(Token, String)> {
    project(ports, project_id).await?;
    let id = TokenId::from_random(ports.random());
    let secret = hex(&ports.random::<SECRET_BYTES>());
    let token =
        Token { id, project: project_id, name, secret_sha256: sha256(&secret), created_at: ports.now(), expires_at };
    ports.tokens(TokenCommand::Put(token.clone())).await?;
    let body = format!("{PREFIX}{id}_{secret}");
    let text = format!("{body}{}", checksum(&body));
    Ok((token, text))
}

/// Revokes a token. A verified token may still open its project for as long as verifications are remembered.
///
/// # Errors
///
/// `NotFound` when there is none of this id, `Upstream` when the directory cannot be reached.
pub async fn revoke_token(ports: &impl Tokens, id: TokenId) -> Result<()> {
    match ports.tokens(TokenCommand::Revoke(id)).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("Token not found")),
    }
}
