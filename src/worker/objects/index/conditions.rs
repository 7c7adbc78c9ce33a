//! The conditions of a listing in SQL.

use serde::Serialize;
use sortroom::error::Result;
use worker::SqlStorageValue;

use crate::objects::sql::{integer, json};

/// The conditions of a listing, and the values that they bind.
#[derive(Default)]
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
        let conditions = if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        };
        let bindings = self.bindings.iter().cloned().chain([integer(limit.into())]).collect();
        (format!("{select}{conditions} ORDER BY {order} LIMIT ?"), bindings)
    }
}
