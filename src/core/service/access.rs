//! Authentication: tokens and the operator's secret.
//!
//! A token has the form `srt_{id}_{secret}{check}`: the prefix shows people and secret scanners what it is, the id
//! finds its record, the secret proves it, and the check rejects a mistyped or forged token without a storage read: it
//! is a message authentication code of everything before it, keyed with the operator's secret and truncated to 64 bits.
//! Only the SHA-256 of the secret is stored. The form `llx-srt_...` is the same token.
//!
//! The check of a token of 0.1.0 is a CRC-32, which anyone can compute. Such tokens are refused unless the operator
//! allows them; rotating one makes it a token of today.

use std::time::Duration;

use base16ct::lower::encode_string;
use futures_util::future::try_join_all;
use hmac::Mac;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    index::{
        AddListedProject, ChangeProject, DeleteProject, GetProject, GetToken, IsOriginAllowed, ListProjects,
        ListTokens, ListedToken, NoteToken, Page, PageRequest, Project, PutAllowedOrigins, PutProject, PutToken,
        RemoveListedProject, RemoveToken, registry,
    },
    keyed,
    ports::{Clock, Config, Environment, Index, Random, Tokens},
    tokens::{Scope, Scopes, Token, TokenCommand},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::{OrganizationId, ProjectId, TokenId},
    limits,
    time::Timestamp,
};

/// The prefix of every token.
pub const PREFIX: &str = "srt_";

/// What may stand in front of [`PREFIX`]: some programs accept only keys that begin like this.
pub const ALIAS_PREFIX: &str = "llx-";

/// A token without [`ALIAS_PREFIX`].
fn without_alias(token: &str) -> &str {
    token.strip_prefix(ALIAS_PREFIX).unwrap_or(token)
}

/// Whether a text looks like a token, so that it is not taken for the operator's secret.
pub fn is_token(text: &str) -> bool {
    without_alias(text).starts_with(PREFIX)
}

/// The number of random bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// The number of bytes of a check: a forger needs 2^63 attempts for one that holds.
const CHECK_BYTES: usize = 8;

/// The number of hexadecimal digits of the check of a token of 0.1.0.
const LEGACY_CHECK_DIGITS: usize = 8;

/// The purpose of the key of checks.
const PURPOSE: &str = "sortroom token v1";

/// How the messages of errors about tokens begin that say nothing else.
pub const INVALID_TOKEN: &str = "Invalid API Key";

/// The check of the text in front of it.
fn check(secret: &str, body: &str) -> Result<String> {
    let mut mac = keyed::mac(secret, PURPOSE)?;
    mac.update(body.as_bytes());
    let code = mac.finalize().into_bytes();
    Ok(encode_string(code.get(..CHECK_BYTES).unwrap_or(&code)))
}

fn legacy_check(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn sha256(text: &str) -> String {
    encode_string(&Sha256::digest(text.as_bytes()))
}

/// Whether two texts are equal, in a time that depends only on their lengths.
fn is_equal(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

fn invalid_token() -> Error {
    Error::new(ErrorKind::Unauthenticated, INVALID_TOKEN)
}

/// Splits a token into its id and its secret, if its check holds.
fn parse<'t>(config: &Config, token: &'t str) -> Result<(TokenId, &'t str)> {
    let token = without_alias(token);
    let (id, rest) = token.strip_prefix(PREFIX).and_then(|token| token.split_once('_')).ok_or_else(invalid_token)?;
    let (secret, sum) = rest.split_at_checked(2 * SECRET_BYTES).ok_or_else(invalid_token)?;
    let id = id.parse().map_err(|_| invalid_token())?;
    let body = token.strip_suffix(sum).unwrap_or_default();
    if sum.len() == LEGACY_CHECK_DIGITS && is_equal(&legacy_check(body), sum) {
        return if config.legacy_tokens { Ok((id, secret)) } else { Err(legacy_token()) };
    }
    for key in config.admin_secret.iter().chain(&config.previous_admin_secret) {
        if is_equal(&check(key, body)?, sum) {
            return Ok((id, secret));
        }
    }
    Err(invalid_token())
}

fn legacy_token() -> Error {
    let what = "This API key was made by version 0.1.0, and such keys are switched off";
    let remedy = "Ask the operator for a new one, or to set the variable LEGACY_TOKENS to \"true\"";
    Error::new(ErrorKind::Unauthenticated, format!("{what}. {remedy}"))
}

/// Whether `secret` is that of `token` at the time `now`.
fn matches_secret(token: &Token, secret: &str, now: Timestamp) -> bool {
    let sha256 = sha256(secret);
    let replaced = token.replaced.as_ref().filter(|replaced| now < replaced.valid_until);
    is_equal(&sha256, &token.secret_sha256) || replaced.is_some_and(|replaced| is_equal(&sha256, &replaced.sha256))
}

/// The record of a bearer token, once verified.
///
/// # Errors
///
/// `Unauthenticated` if the token is not one of ours, is revoked or has expired; `Upstream` if the directory cannot be
/// reached.
pub async fn authenticate(ports: &(impl Tokens + Index + Clock + Environment), token: &str) -> Result<Token> {
    let (id, secret) = parse(ports.config(), token)?;
    let now = ports.now();
    let mut record = match ports.tokens(TokenCommand::Use { id, now }).await {
        Ok(record) => record,
        Err(error) => {
            // The directory may be unable to note the use, and still have the token.
            ports.log(&format!("token {id}: its use cannot be noted: {error:#}"));
            ports.tokens(TokenCommand::Get(id)).await?
        }
    };
    if record.as_ref().is_some_and(|record| !matches_secret(record, secret, now)) {
        // The record may be a copy from before a rotation.
        record = ports.tokens(TokenCommand::Get(id)).await?;
    }
    let record = record.filter(|record| matches_secret(record, secret, now)).ok_or_else(invalid_token)?;
    if record.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(invalid_token());
    }
    if record.last_used_at == Some(now)
        && let Err(error) = note_use(ports, &record).await
    {
        ports.log(&format!("token {id}: its use cannot be listed: {error:#}"));
    }
    Ok(record)
}

/// Lists the use of a token, and its project if 0.1.0 created it.
async fn note_use(ports: &impl Index, token: &Token) -> Result<()> {
    ports.index(token.project, NoteToken(ListedToken::from(token))).await?;
    ports.index(registry(), AddListedProject { id: token.project }).await
}

/// Checks that the holder of `token` may do what needs `scope`.
///
/// # Errors
///
/// `Forbidden`.
pub fn permit(token: &Token, scope: Scope) -> Result<()> {
    if token.scopes.contains(scope) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, format!("This API key lacks the scope `{}`", scope.as_str())))
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
        max_open_jobs: None,
        max_stored_mib: None,
        created_at: now,
        updated_at: now,
        allowed_origins: Vec::new(),
        deleted_at: None,
    };
    ports.index(project.id, PutProject(project.clone())).await?;
    ports.index(registry(), AddListedProject { id: project.id }).await?;
    Ok(project)
}

/// Lists all projects, newest first. A page may have fewer than it could: those that were just deleted are left out.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours, `Upstream` if an index cannot be reached.
pub async fn list_projects(ports: &impl Index, page: PageRequest) -> Result<Page<Project>> {
    let Page { items, next } = ports.index(registry(), ListProjects { page }).await?;
    let projects = items.iter().map(|listed| ports.index(listed.id, GetProject));
    let projects = try_join_all(projects).await?;
    Ok(Page { items: projects.into_iter().flatten().collect(), next })
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
pub async fn change_project(ports: &impl Index, id: ProjectId, change: ChangeProject) -> Result<Project> {
    let origins = change.allowed_origins.clone();
    let project = ports.index(id, change).await?.ok_or_else(missing)?;
    if let Some(origins) = origins {
        ports.index(registry(), PutAllowedOrigins { id, origins }).await?;
    }
    Ok(project)
}

/// Whether pages of an origin may read what the tokens of a project are answered.
///
/// # Errors
///
/// `Upstream` if the index cannot be reached.
pub async fn allows_origin(ports: &impl Index, id: ProjectId, origin: &str) -> Result<bool> {
    let project = ports.index(id, GetProject).await?;
    Ok(project.is_some_and(|project| project.allowed_origins.iter().any(|allowed| allowed == origin || allowed == "*")))
}

/// Whether any project allows the origin.
///
/// # Errors
///
/// `Upstream` if the list of projects cannot be reached.
pub async fn any_allows_origin(ports: &impl Index, origin: &str) -> Result<bool> {
    ports.index(registry(), IsOriginAllowed { origin: origin.to_owned() }).await
}

/// Deletes a project: from now on it is not found, and its tokens open nothing. What it has is removed soon, by the sweep of
/// its index.
///
/// # Errors
///
/// `NotFound` if it was never created, `Upstream` if its index cannot be reached.
pub async fn delete_project(ports: &(impl Index + Tokens + Environment), id: ProjectId) -> Result<()> {
    if !ports.index(id, DeleteProject).await? {
        return Err(missing());
    }
    ports.index(registry(), RemoveListedProject { id }).await?;
    let page = PageRequest { size: limits::SWEEP_TOKENS, after: None };
    for token in ports.index(id, ListTokens { page }).await?.items {
        if let Err(error) = revoke_token(ports, None, token.id).await {
            ports.log(&format!("token {}: its deletion is left to the sweep: {error:#}", token.id));
        }
    }
    Ok(())
}

fn missing() -> Error {
    Error::not_found("Project not found")
}

fn missing_token() -> Error {
    Error::not_found("Token not found")
}

/// A token to create.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// The name that people know it by.
    pub name: String,
    /// What its holder may do.
    pub scopes: Scopes,
    /// From this time on it is refused; None if it never expires.
    pub expires_at: Option<Timestamp>,
}

/// The text of a token with a new secret, and the SHA-256 of that secret.
fn new_text(ports: &(impl Random + Environment), id: TokenId) -> Result<(String, String)> {
    let key = ports.config().admin_secret.as_deref();
    let key = key.ok_or_else(|| Error::internal("no secret to key the checks of tokens with is set"))?;
    let secret = encode_string(&ports.random::<SECRET_BYTES>());
    let body = format!("{PREFIX}{id}_{secret}");
    let sum = check(key, &body)?;
    Ok((format!("{body}{sum}"), sha256(&secret)))
}

/// Creates a token for a project. The text of the token is returned here once, and stored nowhere.
///
/// # Errors
///
/// `NotFound` if the project was never created, `Conflict` if it has as many tokens as it may, `Internal` if the
/// operator set no secret, `Upstream` if the index or the directory cannot be reached. The token may then be listed,
/// but opens nothing.
pub async fn create_token(
    ports: &(impl Index + Tokens + Clock + Random + Environment),
    project: ProjectId,
    new: NewToken,
) -> Result<(Token, String)> {
    let id = TokenId::from_bytes(ports.random());
    let (text, secret_sha256) = new_text(ports, id)?;
    let NewToken { name, scopes, expires_at } = new;
    let token = Token {
        id,
        project,
        name,
        scopes,
        secret_sha256,
        replaced: None,
        created_at: ports.now(),
        expires_at,
        last_used_at: None,
    };
    ports.index(project, PutToken(ListedToken::from(&token))).await?;
    ports.tokens(TokenCommand::Put(token.clone())).await?;
    Ok((token, text))
}

/// Lists the tokens of a project, newest first. A token of 0.1.0 is listed once it has been used again.
///
/// # Errors
///
/// `Invalid` if the cursor is not one of ours, `Upstream` if the index cannot be reached.
pub async fn list_tokens(ports: &impl Index, project: ProjectId, page: PageRequest) -> Result<Page<ListedToken>> {
    ports.index(project, ListTokens { page }).await
}

/// Checks that a token is of `project`, if the caller may act only on that, without asking the directory.
async fn check_owner(ports: &impl Index, project: Option<ProjectId>, id: TokenId) -> Result<()> {
    match project {
        Some(project) => ports.index(project, GetToken { id }).await?.map(drop).ok_or_else(missing_token),
        None => Ok(()),
    }
}

/// Gives a token a new secret, whose text is returned here once. The old one stays valid for the time `grace`, and no
/// other replaced secret any longer. An instance that has a copy of the record accepts the old one as long as it
/// keeps that.
///
/// # Errors
///
/// `NotFound` if there is no token with this id, or none of `project`; `Internal` if the operator set no secret;
/// `Upstream` if the index or the directory cannot be reached.
pub async fn rotate_token(
    ports: &(impl Index + Tokens + Clock + Random + Environment),
    project: Option<ProjectId>,
    id: TokenId,
    grace: Duration,
) -> Result<(Token, String)> {
    check_owner(ports, project, id).await?;
    let (text, secret_sha256) = new_text(ports, id)?;
    let command = TokenCommand::Rotate { id, secret_sha256, replaced_until: ports.now() + grace };
    let token = ports.tokens(command).await?.ok_or_else(missing_token)?;
    ports.index(token.project, NoteToken(ListedToken::from(&token))).await?;
    Ok((token, text))
}

/// Revokes a token. A verified token may still be accepted for as long as verifications are cached.
///
/// # Errors
///
/// `NotFound` if there is no token with this id, or none of `project`; `Upstream` if the index or the directory cannot
/// be reached. The token may then be revoked and still be listed; revoking it again removes it from the list.
pub async fn revoke_token(ports: &(impl Index + Tokens), project: Option<ProjectId>, id: TokenId) -> Result<()> {
    check_owner(ports, project, id).await?;
    let revoked = ports.tokens(TokenCommand::Revoke(id)).await?;
    let project = revoked.map(|token| token.project).or(project).ok_or_else(missing_token)?;
    ports.index(project, RemoveToken { id }).await
}

#[cfg(test)]
mod tests;
