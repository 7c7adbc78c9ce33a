//! The conditions of a listing in SQL.

use serde::Serialize;
use sortroom::error::Result;
use worker::SqlStorageValue;

use crate::objects::sql::{integer, json};

/// The conditions of a listing, and the values that they bind.
#[derive(Default, Clone)]
pub(super) struct Conditions {
    conditions: Vec<&'static str>,
    bindings: Vec<SqlStorageValue>,
}

impl Conditions {
    /// Adds a condition.
    pub(super) fn and(&mut self, condition: &'static str, bindings: impl IntoIterator<Item = SqlStorageValue>) {
        self.conditions.push(condition);
        self.bindings.extend(bindings);
    }

    /// Adds the condition that the id is one of `ids`. They are bound as one value, because a statement binds at most a
    /// hundred.
    pub(super) fn and_id_in<T: Serialize>(&mut self, ids: Option<&Vec<T>>) -> Result<()> {
        if let Some(ids) = ids {
            self.and("id IN (SELECT value FROM json_each(?))", [json(ids)?]);
        }
        Ok(())
    }

    /// The statement that selects the rows that meet every condition, in an order and up to a limit.
    pub(super) fn statement(&self, select: &str, order: &str, limit: u32) -> (String, Vec<SqlStorageValue>) {
        (format!("{select}{} ORDER BY {order} LIMIT ?", self.clause()), self.bindings(limit))
    }

    /// The statement that counts the rows of `table` that meet every condition, up to a limit.
    pub(super) fn count(&self, table: &str, limit: u32) -> (String, Vec<SqlStorageValue>) {
        let rows = format!("SELECT 1 FROM {table}{} LIMIT ?", self.clause());
        (format!("SELECT CAST(count(*) AS TEXT) FROM ({rows})"), self.bindings(limit))
    }

    fn clause(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!(" WHERE {}", self.conditions.join(" AND ")) }
    }

    fn bindings(&self, limit: u32) -> Vec<SqlStorageValue> {
        self.bindings.iter().cloned().chain([integer(limit.into())]).collect()
    }
}
