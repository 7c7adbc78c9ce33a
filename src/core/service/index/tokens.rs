//! The tokens of a project, as its people see them. The token directory has what authenticates.

use serde::{Deserialize, Serialize};

use super::{
    Context, IndexCommand, IndexStore,
    page::{Page, PageRequest, cursor, parse_cursor, truncate_page},
};
use crate::{
    error::{Error, ErrorKind, Result},
    id::TokenId,
    limits,
    service::tokens::{Scopes, Token},
    time::Timestamp,
};

/// What people see of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedToken {
    /// Its id.
    pub id: TokenId,
    /// The name that people know it by.
    pub name: String,
    /// What its holder may do.
    pub scopes: Scopes,
    /// When it was created.
    pub created_at: Timestamp,
    /// From this time on it is refused; None if it never expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within [`TOKEN_USE_INTERVAL`](limits::TOKEN_USE_INTERVAL); None if it never was.
    pub last_used_at: Option<Timestamp>,
    /// Until when the secret before the last rotation is valid; None if there was no rotation.
    pub replaced_until: Option<Timestamp>,
}

impl From<&Token> for ListedToken {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            replaced_until: token.replaced.as_ref().map(|replaced| replaced.valid_until),
        }
    }
}

/// The storage of what people see of tokens.
pub trait ListedTokenStore {
    /// The token with this id.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; the same holds for every other method.
    fn token(&self, id: TokenId) -> Result<Option<ListedToken>>;

    /// Stores the row of a token.
    fn put_token(&self, token: &ListedToken) -> Result<()>;

    /// Removes the row of a token.
    fn remove_token(&self, id: TokenId) -> Result<()>;

    /// Tokens newest first (ties by id, descending), at most `limit`.
    fn tokens(&self, after: Option<(Timestamp, TokenId)>, limit: u32) -> Result<Vec<ListedToken>>;

    /// The number of tokens.
    fn token_count(&self) -> Result<u32>;
}

/// Add a token. Fails with `NotFound` if the project was never created, and with `Conflict` if it has
/// [`MAX_TOKENS`](limits::MAX_TOKENS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutToken(pub ListedToken);

impl IndexCommand for PutToken {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        if store.project()?.is_none() {
            return Err(Error::not_found("Project not found"));
        }
        if store.token_count()? >= limits::MAX_TOKENS {
            let message = format!("The project has {} tokens; revoke some first", limits::MAX_TOKENS);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        store.put_token(&self.0)
    }
}

/// Store what became of a token, or add one that is in the directory only: 0.1.0 did not list tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteToken(pub ListedToken);

impl IndexCommand for NoteToken {
    type Reply = ();

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.put_token(&self.0)
    }
}

/// Get a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetToken {
    /// The id of the token.
    pub id: TokenId,
}

impl IndexCommand for GetToken {
    type Reply = Option<ListedToken>;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        store.token(self.id)
    }
}

/// Remove the row of a token. The caller revokes it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveToken {
    /// The id of the token.
    pub id: TokenId,
}

impl IndexCommand for RemoveToken {
    type Reply = ();

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<()> {
        store.remove_token(self.id)
    }
}

/// List tokens, newest first. Fails with `Invalid` if no listing returned the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTokens {
    /// Which page.
    pub page: PageRequest,
}

impl IndexCommand for ListTokens {
    type Reply = Page<ListedToken>;

    const AFTER_DELETION: bool = true;

    fn run(self, store: &impl IndexStore, _: Context) -> Result<Self::Reply> {
        let PageRequest { size, after } = self.page;
        let after = after.as_ref().map(parse_cursor).transpose()?;
        let mut items = store.tokens(after, size.saturating_add(1))?;
        let more = truncate_page(&mut items, size);
        let next = items.last().filter(|_| more).map(|token| cursor(token.created_at, &token.id));
        Ok(Page { items, next })
    }
}
