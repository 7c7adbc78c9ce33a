//! What a shard of the token directory does: keeps what is known of tokens, never the secrets.

use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    id::{ProjectId, TokenId},
    time::Timestamp,
};

/// How many shards the directory has: the first byte of a token's id names its shard.
pub const SHARDS: usize = 256;

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// The project it opens.
    pub project: ProjectId,
    /// What people call it.
    pub name: String,
    /// SHA-256 of its secret, in lower-case hexadecimal. The secret has 256 random bits, so that no slow hash is needed.
    pub secret_sha256: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing; never when absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// What can be asked of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCommand {
    /// Add a token.
    Put(Token),
    /// Look a token up.
    Get(TokenId),
    /// Revoke a token: it opens nothing from now on.
    Revoke(TokenId),
}

impl TokenCommand {
    /// The token it is about.
    pub fn token(&self) -> TokenId {
        match self {
            Self::Put(token) => token.id,
            Self::Get(id) | Self::Revoke(id) => *id,
        }
    }

    /// The name of the shard it goes to: two hexadecimal digits.
    pub fn shard(&self) -> String {
        self.token().to_string().chars().take(2).collect()
    }
}

/// What the directory answers: the token, or nothing when there is none (any more).
pub type TokenReply = Option<Token>;

/// The storage of one shard. Every call is atomic by itself.
pub trait TokenStore {
    /// The token of this id.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails; so with every other call.
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
/// `Internal` when the storage fails.
pub fn handle(store: &impl TokenStore, command: TokenCommand) -> Result<TokenReply> {
    match command {
        TokenCommand::Put(token) => {
            store.put(&token)?;
            Ok(Some(token))
        }
        TokenCommand::Get(id) => store.get(id),
        TokenCommand::Revoke(id) => {
            let known = store.get(id)?;
            store.remove(id)?;
            Ok(known)
        }
    }
}
