//! What people see of tokens, in SQL.

use sortroom::{
    error::Result,
    id::TokenId,
    service::index::{ListedToken, ListedTokenStore},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{json, text, timestamp};

impl ListedTokenStore for ProjectIndex {
    fn token(&self, id: TokenId) -> Result<Option<ListedToken>> {
        self.sql.record("SELECT record FROM tokens WHERE id = ?", vec![text(&id)])
    }

    fn put_token(&self, token: &ListedToken) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)",
            vec![text(&token.id), timestamp(token.created_at), json(token)?],
        )
    }

    fn remove_token(&self, id: TokenId) -> Result<()> {
        self.sql.write("DELETE FROM tokens WHERE id = ?", vec![text(&id)])
    }

    fn tokens(&self, after: Option<(Timestamp, TokenId)>, limit: u32) -> Result<Vec<ListedToken>> {
        let mut conditions = Conditions::default();
        if let Some((at, id)) = after {
            conditions.and("(created_at, id) < (?, ?)", [timestamp(at), text(&id)]);
        }
        let (statement, bindings) =
            conditions.statement("SELECT record FROM tokens", "created_at DESC, id DESC", limit);
        self.sql.records(&statement, bindings)
    }

    fn token_count(&self) -> Result<u32> {
        self.sql.record("SELECT count(*) || '' FROM tokens", Vec::new()).map(Option::unwrap_or_default)
    }
}
