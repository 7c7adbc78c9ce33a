//! A thin layer over the SQL storage of an object.

use std::cell::Cell;

use serde::{Serialize, de::DeserializeOwned};
use sortroom::{
    error::{Error, Result},
    service::index::{PageSize, Rows},
    time::Timestamp,
};
use wasm_bindgen::prelude::*;
use worker::{
    SqlStorage, SqlStorageValue, State,
    js_sys::{self, Array, Uint8Array},
};

#[wasm_bindgen]
extern "C" {
    /// The platform's storage. The wrapper of the `worker` crate tests every cell for four types, and does not catch
    /// what a cursor throws.
    type Storage;

    /// The result rows of a statement.
    type Cursor;

    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Storage, statement: &str, bindings: &Array) -> Result<Cursor, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> Result<js_sys::Iterator, JsValue>;
}

/// The SQL storage of an object. Its schema is created on the first write, so that reading from an object that does not
/// exist leaves nothing behind.
pub struct Sql {
    storage: SqlStorage,
    /// The table that the first statement of the schema creates.
    first_table: &'static str,
    schema: &'static [&'static str],
    tables: Cell<Tables>,
}

/// What an instance knows about its tables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tables {
    Unknown,
    Absent,
    Ready,
}

/// A value as text, to bind to a statement.
pub fn text(value: &impl ToString) -> SqlStorageValue {
    SqlStorageValue::String(value.to_string())
}

/// A text, to bind to a statement, without copying it.
pub const fn string(text: String) -> SqlStorageValue {
    SqlStorageValue::String(text)
}

/// An integer, to bind to a statement. The platform's numbers are exact up to 2^53; times and versions stay below.
pub fn integer(value: i64) -> SqlStorageValue {
    SqlStorageValue::Integer(value)
}

/// A time, to bind to a statement.
pub fn timestamp(timestamp: Timestamp) -> SqlStorageValue {
    integer(timestamp.as_millis())
}

/// A value as text or, if there is none, NULL, to bind to a statement.
pub fn optional<T: ToString>(value: Option<&T>) -> SqlStorageValue {
    value.map_or(SqlStorageValue::Null, text)
}

/// A value as JSON, to bind to a statement.
///
/// # Errors
///
/// `Internal` if the value cannot be serialized.
pub fn json(value: &impl Serialize) -> Result<SqlStorageValue> {
    serde_json::to_string(value).map(SqlStorageValue::String).map_err(Error::internal)
}

fn statement_error(statement: &str, error: &JsValue) -> Error {
    Error::internal(format!("{statement}: {error:?}"))
}

impl Sql {
    /// The storage of the object of `state`. `schema` has the statements that create its tables; the first of them
    /// creates `first_table`. Statement number n is migration n, and a statement that was ever released never changes.
    pub fn new(state: &State, first_table: &'static str, schema: &'static [&'static str]) -> Self {
        Self { storage: state.storage().sql(), first_table, schema, tables: Cell::new(Tables::Unknown) }
    }

    /// Runs the pending migrations if the tables exist, and returns whether they do.
    fn migrate_existing(&self) -> Result<bool> {
        if self.tables.get() == Tables::Unknown {
            let found = self.first("SELECT name FROM sqlite_master WHERE name = ?", vec![text(&self.first_table)])?;
            if found.is_some() {
                self.migrate(1)?;
            } else {
                self.tables.set(Tables::Absent);
            }
        }
        Ok(self.tables.get() == Tables::Ready)
    }

    /// Runs the pending statements of the schema; at least `done` have been run. For a schema of one statement no
    /// number is stored: the table exists, or it does not.
    fn migrate(&self, done: usize) -> Result<()> {
        if self.schema.len() == 1 {
            if done == 0 {
                self.run(self.schema.first().copied().unwrap_or_default())?;
            }
        } else {
            self.run("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)")?;
            let next = self.first("SELECT CAST(coalesce(max(number) + 1, 0) AS TEXT) FROM migrations", Vec::new())?;
            let next = next.and_then(|next| str::from_utf8(&next).ok()?.parse().ok()).unwrap_or(0);
            // A schema that had one statement stored no number for it.
            let done = done.max(next);
            for (number, statement) in self.schema.iter().enumerate().skip(done) {
                // One statement per migration, so that none can be half done.
                self.run(statement)?;
                let number = integer(i64::try_from(number).unwrap_or(0));
                self.exec("INSERT INTO migrations VALUES (?)", vec![number])?;
            }
        }
        self.tables.set(Tables::Ready);
        Ok(())
    }

    fn exec(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Cursor> {
        let bindings: Array = bindings.into_iter().map(JsValue::from).collect();
        let storage: &Storage = self.storage.as_ref().unchecked_ref();
        storage.exec(statement, &bindings).map_err(|error| statement_error(statement, &error))
    }

    fn run(&self, statement: &str) -> Result<()> {
        self.exec(statement, Vec::new()).map(drop)
    }

    fn first(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<Vec<u8>>> {
        let mut first = None;
        self.for_each(statement, bindings, |cell| {
            first = Some(cell);
            Ok(false)
        })?;
        Ok(first)
    }

    fn for_each(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
        mut take: impl FnMut(Vec<u8>) -> Result<bool>,
    ) -> Result<()> {
        let wrap = |error: JsValue| statement_error(statement, &error);
        let rows = self.exec(statement, bindings)?.raw().map_err(wrap)?;
        loop {
            let row = rows.next().map_err(wrap)?;
            if row.done() {
                return Ok(());
            }
            let cell = row.value().unchecked_into::<Array>().get(0);
            let cell = cell.as_string().map_or_else(|| Uint8Array::new(&cell).to_vec(), String::into_bytes);
            if !take(cell)? {
                return Ok(());
            }
        }
    }

    /// Runs a statement that changes rows. Creates the tables if they do not exist.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails.
    pub fn write(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<()> {
        if !self.migrate_existing()? {
            self.migrate(0)?;
        }
        self.exec(statement, bindings).map(drop)
    }

    /// Records that the platform deleted everything, including the tables.
    pub fn mark_empty(&self) {
        self.tables.set(Tables::Absent);
    }

    /// Reads the first column of each row, until `take` returns false. The column is text or a blob: a long text is
    /// faster as a blob, because the platform copies a text character by character.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails; those of `take`.
    pub fn read(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
        take: impl FnMut(Vec<u8>) -> Result<bool>,
    ) -> Result<()> {
        if self.migrate_existing()? { self.for_each(statement, bindings, take) } else { Ok(()) }
    }

    /// Reads the first column of every row as JSON.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails or a row is not of that type.
    pub fn records<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        let mut records = Vec::new();
        self.read(statement, bindings, |record| {
            records.push(serde_json::from_slice(&record).map_err(Error::internal)?);
            Ok(true)
        })?;
        Ok(records)
    }

    /// Reads the first column of each row as JSON, up to as many rows as fit a page.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails or a row is not of that type.
    pub fn rows<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Rows<T>> {
        let (mut rows, mut size) = (Rows::empty(), PageSize::default());
        self.read(statement, bindings, |record| {
            rows.truncated = !size.admits(record.len());
            if !rows.truncated {
                rows.items.push(serde_json::from_slice(&record).map_err(Error::internal)?);
            }
            Ok(!rows.truncated)
        })?;
        Ok(rows)
    }

    /// Whether a statement finds a row.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails.
    pub fn exists(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<bool> {
        Ok(self.cell(statement, bindings)?.is_some())
    }

    /// Reads the number in the first column of the first row, which the statement casts to text; 0 if there is no row.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails or the column is not a number.
    pub fn number(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<usize> {
        Ok(self.record(statement, bindings)?.unwrap_or(0))
    }

    /// Reads the first column of the first row as bytes.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails.
    pub fn cell(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<Vec<u8>>> {
        if self.migrate_existing()? { self.first(statement, bindings) } else { Ok(None) }
    }

    /// Reads the first column of the first row as JSON.
    ///
    /// # Errors
    ///
    /// `Internal` if the storage fails or the row is not of that type.
    pub fn record<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<T>> {
        let record = self.cell(statement, bindings)?;
        record.map(|record| serde_json::from_slice(&record).map_err(Error::internal)).transpose()
    }
}
