//! A few lines over the SQL storage of an object.

use std::cell::Cell;

use serde::{Serialize, de::DeserializeOwned};
use sortroom::error::{Error, Result};
use worker::{SqlStorage, SqlStorageValue, State};

/// The SQL storage of an object, with a schema that is made on the first write, so that asking for what is not there
/// leaves nothing behind.
pub struct Sql {
    storage: SqlStorage,
    schema: &'static [&'static str],
    ready: Cell<bool>,
}

/// A value as a column takes it.
pub fn text(value: &impl ToString) -> SqlStorageValue {
    SqlStorageValue::String(value.to_string())
}

/// A whole number as a column takes it. The platform's numbers are exact up to 2^53; times and versions stay below.
pub fn integer(value: i64) -> SqlStorageValue {
    SqlStorageValue::Integer(value)
}

/// A value as JSON, as a column takes it.
///
/// # Errors
///
/// `Internal` when the value has no JSON.
pub fn json(value: &impl Serialize) -> Result<SqlStorageValue> {
    serde_json::to_string(value).map(SqlStorageValue::String).map_err(Error::internal)
}

impl Sql {
    /// The storage of the object of `state`. `schema` are the statements that make its tables; statement number n is
    /// migration n, and a statement that was ever released never changes.
    pub fn new(state: &State, schema: &'static [&'static str]) -> Self {
        Self { storage: state.storage().sql(), schema, ready: Cell::new(false) }
    }

    /// Whether there is anything to read.
    fn exists(&self) -> Result<bool> {
        if !self.ready.get() {
            let found = self.rows("SELECT count(*) FROM sqlite_master WHERE name = 'migrations'", Vec::new())?;
            if !found.first().and_then(|row| row.first()).is_some_and(|count| *count == SqlStorageValue::Integer(1)) {
                return Ok(false);
            }
            self.migrate()?;
        }
        Ok(true)
    }

    fn migrate(&self) -> Result<()> {
        if self.ready.get() {
            return Ok(());
        }
        self.exec("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)", Vec::new())?;
        let done = self.rows("SELECT count(*) FROM migrations", Vec::new())?;
        let done = match done.first().and_then(|row| row.first()) {
            Some(SqlStorageValue::Integer(count)) => usize::try_from(*count).unwrap_or(0),
            _ => 0,
        };
        for (number, statement) in self.schema.iter().enumerate().skip(done) {
            // In one statement each, so that none can be half done.
            self.exec(statement, Vec::new())?;
            self.exec("INSERT INTO migrations VALUES (?)", vec![integer(i64::try_from(number).unwrap_or(0))])?;
        }
        self.ready.set(true);
        Ok(())
    }

    fn exec(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<worker::SqlCursor> {
        self.storage.exec(statement, bindings).map_err(|error| Error::internal(format!("{statement}: {error}")))
    }

    fn rows(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Vec<SqlStorageValue>>> {
        self.exec(statement, bindings)?.raw().map(|row| row.map_err(Error::internal)).collect()
    }

    /// Changes rows.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails.
    pub fn write(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        self.migrate()?;
        self.exec(statement, bindings).map(drop)
    }

    /// Notes that everything was removed, the schema too.
    pub fn forget(&self) {
        self.ready.set(false);
    }

    /// Reads rows, one after the other, until `take` has enough.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails; those of `take`.
    pub fn read(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
        mut take: impl FnMut(Vec<SqlStorageValue>) -> Result<bool>,
    ) -> Result<()> {
        if !self.exists()? {
            return Ok(());
        }
        for row in self.exec(statement, bindings)?.raw() {
            if !take(row.map_err(Error::internal)?)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads the first column of every row as JSON.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails or a row is not of that type.
    pub fn records<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        let mut records = Vec::new();
        self.read(statement, bindings, |row| {
            if let Some(SqlStorageValue::String(record)) = row.into_iter().next() {
                records.push(serde_json::from_str(&record).map_err(Error::internal)?);
            }
            Ok(true)
        })?;
        Ok(records)
    }

    /// Reads the first column of the first row as it is stored.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails.
    pub fn text(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<String>> {
        let mut text = None;
        self.read(statement, bindings, |row| {
            if let Some(SqlStorageValue::String(found)) = row.into_iter().next() {
                text = Some(found);
            }
            Ok(false)
        })?;
        Ok(text)
    }

    /// Reads the first column of the first row as JSON.
    ///
    /// # Errors
    ///
    /// `Internal` when the storage fails or the row is not of that type.
    pub fn record<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<T>> {
        let text = self.text(statement, bindings)?;
        text.map(|record| serde_json::from_str(&record).map_err(Error::internal)).transpose()
    }
}
