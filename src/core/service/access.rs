//! Authentication: tokens and the operator's secret.
//!
//! A token has the form `srt_{id}_{secret}{checksum}`: the prefix shows people and secret scanners what it is, the id
//! finds its record, the secret proves it, and the checksum (CRC-32 of everything before it) rejects a mistyped token
//! without a storage read. Only the SHA-256 of the secret is stored.

use base16ct::lower::encode_string;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    index::{ChangeProject, GetProject, Project, PutProject},
    ports::{Clock, Environment, Index, Random, Tokens},
    tokens::{Token, TokenCommand},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::{OrganizationId, ProjectId, TokenId},
    time::Timestamp,
};

/// The prefix of every token.
pub const PREFIX: &str = "srt_";

/// The number of random bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// The number of hexadecimal digits of the checksum.
const CHECKSUM_DIGITS: usize = 8;

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

fn sha256(text: &str) -> String {
    encode_string(&Sha256::digest(text.as_bytes()))
}

/// Whether two texts are equal, in a time that depends only on their lengths.
fn is_equal(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

fn invalid_token() -> Error {
    Error::new(ErrorKind::Unauthenticated, "Invalid API Key")
}

/// Splits a token into its id and its secret; None if its form or checksum is wrong.
fn parse(token: &str) -> Option<(TokenId, &str)> {
    let (body, sum) = token.split_at_checked(token.len().checked_sub(CHECKSUM_DIGITS)?)?;
    if !is_equal(&checksum(body), sum) {
        return None;
    }
    let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
    Some((id.parse().ok()?, secret))
}

/// The record of a bearer token, once verified.
///
/// # Errors
///
/// `Unauthenticated` if the token is not one of ours, is revoked or has expired; `Upstream` if the directory cannot be
/// reached.
pub async fn authenticate(ports: &(impl Tokens + Clock), token: &str) -> Result<Token> {
    let (id, secret) = parse(token).ok_or_else(invalid_token)?;
    let record = ports.tokens(TokenCommand::Get(id)).await?.ok_or_else(invalid_token)?;
    let expired = record.expires_at.is_some_and(|expires_at| expires_at <= ports.now());
    if expired || !is_equal(&sha256(secret), &record.secret_sha256) {
        return Err(invalid_token());
    }
    Ok(record)
}

/// Checks the operator's secret.
///
/// # Errors
///
/// `Unauthenticated` if it is wrong, or none is configured.
pub fn authenticate_admin(ports: &impl Environment, secret: &str) -> Result<()> {
    match &ports.config().admin_secret {
        // Hashed first, so that the time does not reveal the length either.
        Some(configured) if is_equal(&sha256(configured), &sha256(secret)) => Ok(()),
        _ => Err(invalid_token()),
    }
}

/// Creates a project.
///
/// # Errors
///
/// `Upstream` if its index cannot be reached.
pub async fn create_project(
    ports: &(impl Index + Clock + Random),
    name: String,
    organization_name: String,
    retention_days: u32,
) -> Result<Project> {
    let now = ports.now();
    let project = Project {
        id: ProjectId::from_bytes(ports.random()),
        name,
        organization: OrganizationId::from_bytes(ports.random()),
        organization_name,
        retention_days,
        created_at: now,
        updated_at: now,
    };
    ports.index(project.id, PutProject(project.clone())).await?;
    Ok(project)
}

/// The project with this id.
///
/// # Errors
///
/// `NotFound` if it was never created, `Upstream` if its index cannot be reached.
pub async fn project(ports: &impl Index, id: ProjectId) -> Result<Project> {
    ports.index(id, GetProject).await?.ok_or_else(missing)
}

/// Changes a project. Absent fields stay as they are.
///
/// # Errors
///
/// `NotFound` if it was never created, `Upstream` if its index cannot be reached.
pub async fn change_project(
    ports: &impl Index,
    id: ProjectId,
    name: Option<String>,
    retention_days: Option<u32>,
) -> Result<Project> {
    ports.index(id, ChangeProject { name, retention_days }).await?.ok_or_else(missing)
}

fn missing() -> Error {
    Error::not_found("Project not found")
}

/// Creates a token for a project. The text of the token is returned here once, and stored nowhere.
///
/// # Errors
///
/// `NotFound` if the project was never created, `Upstream` if the index or the directory cannot be reached.
pub async fn create_token(
    ports: &(impl Index + Tokens + Clock + Random),
    project_id: ProjectId,
    name: String,
    expires_at: Option<Timestamp>,
) -> Result<(Token, String)> {
    project(ports, project_id).await?;
    let id = TokenId::from_bytes(ports.random());
    let secret = encode_string(&ports.random::<SECRET_BYTES>());
    let token =
        Token { id, project: project_id, name, secret_sha256: sha256(&secret), created_at: ports.now(), expires_at };
    ports.tokens(TokenCommand::Put(token.clone())).await?;
    let body = format!("{PREFIX}{id}_{secret}");
    let text = format!("{body}{}", checksum(&body));
    Ok((token, text))
}

/// Revokes a token. A verified token may still be accepted for as long as verifications are cached.
///
/// # Errors
///
/// `NotFound` if there is no token with this id, `Upstream` if the directory cannot be reached.
pub async fn revoke_token(ports: &impl Tokens, id: TokenId) -> Result<()> {
    match ports.tokens(TokenCommand::Revoke(id)).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("Token not found")),
    }
}
