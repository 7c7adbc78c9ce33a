//! What is known of files, in SQL.

use sortroom::{
    error::Result,
    id::FileId,
    service::index::{self, Cursor, File, FileFilter, FileOrder, FileStore, Rows},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{integer, json, optional, text, timestamp};

/// The conditions of a filter.
fn conditions(filter: &FileFilter) -> Result<Conditions> {
    let mut conditions = Conditions::default();
    if let Some(name) = &filter.name {
        conditions.and("name = ?", [text(name)]);
    }
    if let Some(external_id) = &filter.external_id {
        conditions.and("external_id = ?", [text(external_id)]);
    }
    conditions.and_id_in(filter.ids.as_ref())?;
    Ok(conditions)
}

impl FileStore for ProjectIndex {
    fn file(&self, id: FileId) -> Result<Option<File>> {
        self.sql.record("SELECT record FROM files WHERE id = ?", vec![text(&id)])
    }

    fn put_file(&self, file: &File) -> Result<()> {
        self.sql.write(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
            vec![
                text(&file.id),
                timestamp(file.created_at),
                text(&file.name),
                optional(file.external_id.as_ref()),
                json(file)?,
            ],
        )
    }

    fn remove_file(&self, id: FileId) -> Result<()> {
        self.sql.write("DELETE FROM files WHERE id = ?", vec![text(&id)])
    }

    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Rows<File>> {
        let mut conditions = conditions(filter)?;
        if let Some(Cursor { key, id }) = after {
            let time = || index::parse_time(key).map(timestamp);
            match order {
                FileOrder::Newest => conditions.and("(created_at, id) < (?, ?)", [time()?, text(id)]),
                FileOrder::Oldest => conditions.and("(created_at, id) > (?, ?)", [time()?, text(id)]),
                FileOrder::Name => conditions.and("(name, id) > (?, ?)", [text(key), text(id)]),
                FileOrder::NameDescending => conditions.and("(name, id) < (?, ?)", [text(key), text(id)]),
                FileOrder::Id => conditions.and("id > ?", [text(id)]),
                FileOrder::IdDescending => conditions.and("id < ?", [text(id)]),
            }
        }
        let order = match order {
            FileOrder::Newest => "created_at DESC, id DESC",
            FileOrder::Oldest => "created_at, id",
            FileOrder::Name => "name, id",
            FileOrder::NameDescending => "name DESC, id DESC",
            FileOrder::Id => "id",
            FileOrder::IdDescending => "id DESC",
        };
        let (statement, bindings) = conditions.statement("SELECT record FROM files", order, limit);
        self.sql.rows(&statement, bindings)
    }

    fn file_with_hash(&self, sha256: &str) -> Result<Option<File>> {
        self.sql
            .record("SELECT record FROM files WHERE json_extract(record, '$.sha256') = ? LIMIT 1", vec![text(&sha256)])
    }

    fn file_count(&self, filter: &FileFilter, limit: u32) -> Result<u32> {
        let (statement, bindings) = conditions(filter)?.count("files", limit);
        self.sql.record(&statement, bindings).map(Option::unwrap_or_default)
    }

    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        self.sql.records(
            "SELECT json_quote(id) FROM files WHERE created_at < ? ORDER BY created_at, id LIMIT ?",
            vec![timestamp(before), integer(limit.into())],
        )
    }

    fn stored_bytes(&self) -> Result<(u64, u64)> {
        // A file that was announced has the size null, which a sum leaves out.
        let statement =
            "SELECT '[' || count(*) || ',' || coalesce(sum(json_extract(record, '$.size')), 0) || ']' FROM files";
        self.sql.record(statement, Vec::new()).map(Option::unwrap_or_default)
    }
}
