//! The logic of a shard of the token directory. It stores records of tokens, never their secrets.

use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    id::{ProjectId, TokenId},
    time::Timestamp,
};

/// The record of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The project it gives access to.
    pub project: ProjectId,
    /// The name that people know it by.
    pub name: String,
    /// SHA-256 of its secret, in lower-case hexadecimal. The secret has 256 random bits, so no slow hash is needed.
    pub secret_sha256: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// From this time on it is refused; None if it never expires.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A command to the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCommand {
    /// Add a token.
    Put(Token),
    /// Look a token up.
    Get(TokenId),
    /// Revoke a token: it is refused from now on.
    Revoke(TokenId),
}

impl TokenCommand {
    /// The id of the token that the command is about.
    pub fn token(&self) -> TokenId {
        match self {
            Self::Put(token) => token.id,
            Self::Get(id) | Self::Revoke(id) => *id,
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
        TokenCommand::Revoke(id) => {
            let revoked = store.get(id)?;
            store.remove(id)?;
            Ok(revoked)
        }
    }
}
