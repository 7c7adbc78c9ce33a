//! The logic of a shard of the token directory. It stores records of tokens, never their secrets.

use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    id::{ProjectId, TokenId},
    limits,
    time::Timestamp,
};

/// What the holder of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read, and make calls that store nothing.
    Read,
    /// Create, change and delete jobs, files, classifiers and schemas.
    Write,
    /// Manage the project: its settings and its tokens.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes {
    has: [bool; Scope::ALL.len()],
}

impl Scopes {
    /// All of them.
    pub const ALL: Self = Self { has: [true; Scope::ALL.len()] };

    /// Whether `scope` is among them.
    pub fn contains(self, scope: Scope) -> bool {
        self.iter().any(|own| own == scope)
    }

    /// The scopes, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().zip(self.has).filter_map(|(scope, has)| has.then_some(scope))
    }
}

impl Default for Scopes {
    /// All of them, as the tokens of 0.1.0 have.
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let scopes: Vec<_> = scopes.into_iter().collect();
        Self { has: Scope::ALL.map(|scope| scopes.contains(&scope)) }
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.iter().collect()
    }
}

/// A secret that another has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedSecret {
    /// SHA-256 of the secret, in lower-case hexadecimal.
    pub sha256: String,
    /// From this time on it is refused.
    pub valid_until: Timestamp,
}

/// The record of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The project it gives access to.
    pub project: ProjectId,
    /// The name that people know it by.
    pub name: String,
    /// What its holder may do.
    #[serde(default)]
    pub scopes: Scopes,
    /// SHA-256 of its secret, in lower-case hexadecimal. The secret has 256 random bits, so no slow hash is needed.
    pub secret_sha256: String,
    /// The secret before the last rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedSecret>,
    /// When it was created.
    pub created_at: Timestamp,
    /// From this time on it is refused; None if it never expires.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within [`TOKEN_USE_INTERVAL`](limits::TOKEN_USE_INTERVAL); None if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// A command to the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCommand {
    /// Add a token.
    Put(Token),
    /// Look a token up.
    Get(TokenId),
    /// Look a token up to authenticate with it. If its last use was noted long enough before, the token that is replied
    /// has this one as its last use, and only then. A platform may reply what it replied shortly before.
    Use {
        /// The id of the token.
        id: TokenId,
        /// The current time.
        now: Timestamp,
    },
    /// Replace the secret of a token.
    Rotate {
        /// The id of the token.
        id: TokenId,
        /// SHA-256 of the new secret, in lower-case hexadecimal.
        secret_sha256: String,
        /// Until when the present secret stays valid.
        replaced_until: Timestamp,
    },
    /// Revoke a token: it is refused from now on.
    Revoke(TokenId),
}

impl TokenCommand {
    /// The id of the token that the command is about.
    pub fn token(&self) -> TokenId {
        match self {
            Self::Put(token) => token.id,
            Self::Get(id) | Self::Use { id, .. } | Self::Rotate { id, .. } | Self::Revoke(id) => *id,
        }
    }

    /// The name of the shard that handles the command: the first byte of the token's id, in two hexadecimal digits. So
    /// there are 256 shards.
    pub fn shard(&self) -> String {
        self.token().to_string().chars().take(2).collect()
    }
}

/// The directory's reply: the token, or None if it does not exist (any more).
pub type TokenReply = Option<Token>;

/// The storage of one shard. Every call is atomic by itself.
pub trait TokenStore {
    /// The token with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn get(&self, id: TokenId) -> Result<Option<Token>>;

    /// Stores a token.
    fn put(&self, token: &Token) -> Result<()>;

    /// Removes a token.
    fn remove(&self, id: TokenId) -> Result<()>;
}

/// Handles one command.
///
/// # Errors
///
/// `Internal` if the storage fails.
pub fn handle(store: &impl TokenStore, command: TokenCommand) -> Result<TokenReply> {
    match command {
        TokenCommand::Put(token) => {
            store.put(&token)?;
            Ok(Some(token))
        }
        TokenCommand::Get(id) => store.get(id),
        TokenCommand::Use { id, now } => {
            let Some(mut token) = store.get(id)? else { return Ok(None) };
            let is_noted = token.last_used_at.is_some_and(|at| now < at + limits::TOKEN_USE_INTERVAL);
            if !is_noted {
                token.last_used_at = Some(now);
                store.put(&token)?;
            }
            Ok(Some(token))
        }
        TokenCommand::Rotate { id, secret_sha256, replaced_until } => {
            let Some(mut token) = store.get(id)? else { return Ok(None) };
            let sha256 = std::mem::replace(&mut token.secret_sha256, secret_sha256);
            token.replaced = Some(ReplacedSecret { sha256, valid_until: replaced_until });
            store.put(&token)?;
            Ok(Some(token))
        }
        TokenCommand::Revoke(id) => {
            let revoked = store.get(id)?;
            store.remove(id)?;
            Ok(revoked)
        }
    }
}
