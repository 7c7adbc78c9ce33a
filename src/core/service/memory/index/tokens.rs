//! What people see of tokens, in memory.

use super::{MemoryIndexStore, take_up_to};
use crate::{
    error::Result,
    id::TokenId,
    service::index::{ListedToken, ListedTokenStore},
    time::Timestamp,
};

impl ListedTokenStore for MemoryIndexStore {
    fn token(&self, id: TokenId) -> Result<Option<ListedToken>> {
        Ok(self.read(|rows| rows.tokens.get(&id).cloned()))
    }

    fn put_token(&self, token: &ListedToken) -> Result<()> {
        self.write(|rows| {
            rows.tokens.insert(token.id, token.clone());
        });
        Ok(())
    }

    fn remove_token(&self, id: TokenId) -> Result<()> {
        self.write(|rows| {
            rows.tokens.remove(&id);
        });
        Ok(())
    }

    fn tokens(&self, after: Option<(Timestamp, TokenId)>, limit: u32) -> Result<Vec<ListedToken>> {
        let place = |token: &ListedToken| (token.created_at, token.id);
        let mut found: Vec<ListedToken> = self.read(|rows| {
            rows.tokens.values().filter(|token| after.is_none_or(|after| place(token) < after)).cloned().collect()
        });
        found.sort_by_key(|token| std::cmp::Reverse(place(token)));
        Ok(take_up_to(found, limit))
    }

    fn token_count(&self) -> Result<u32> {
        Ok(self.read(|rows| u32::try_from(rows.tokens.len()).unwrap_or(u32::MAX)))
    }
}
