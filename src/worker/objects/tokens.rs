//! A shard of the token directory.

use sortroom::{
    error::Result,
    id::TokenId,
    service::tokens::{self, Token, TokenCommand, TokenStore},
};
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::sql::{Sql, json, text};
use crate::rpc;

/// The tokens whose ids share their first byte.
#[durable_object]
pub struct TokenDirectory {
    sql: Sql,
}

impl DurableObject for TokenDirectory {
    fn new(state: State, _env: Env) -> Self {
        const SCHEMA: &[&str] = &["CREATE TABLE tokens (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID"];
        Self { sql: Sql::new(&state, "tokens", SCHEMA) }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        rpc::handle_request(request, async |_, command: TokenCommand| rpc::to_json(&tokens::handle(self, command)?))
            .await
    }
}

impl TokenStore for TokenDirectory {
    fn get(&self, id: TokenId) -> Result<Option<Token>> {
        self.sql.record("SELECT record FROM tokens WHERE id = ?", vec![text(&id)])
    }

    fn put(&self, token: &Token) -> Result<()> {
        self.sql.write("INSERT OR REPLACE INTO tokens VALUES (?, ?)", vec![text(&token.id), json(token)?])
    }

    fn remove(&self, id: TokenId) -> Result<()> {
        self.sql.write("DELETE FROM tokens WHERE id = ?", vec![text(&id)])
    }
}
