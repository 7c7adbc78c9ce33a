//! What is known of files, in SQL.

use sortroom::{
    error::Result,
    id::FileId,
    service::index::{self, Cursor, File, FileFilter, FileOrder, FileStore, Rows},
    time::Timestamp,
};

use super::{ProjectIndex, conditions::Conditions};
use crate::objects::sql::{integer, json, optional, text, timestamp};

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
        let mut conditions = Conditions::default();
        if let Some(name) = &filter.name {
            conditions.and("name = ?", [text(name)]);
        }
        if let Some(external_id) = &filter.external_id {
            conditions.and("external_id = ?", [text(external_id)]);
        }
        if let Some(Cursor { key, id }) = after {
            match order {
                FileOrder::Newest => {
                    let at = key.parse().map_err(|_| index::bad_cursor())?;
                    conditions.and("(created_at, id) < (?, ?)", [integer(at), text(id)]);
                }
                FileOrder::Name => conditions.and("(name, id) > (?, ?)", [text(key), text(id)]),
                FileOrder::Id => conditions.and("id > ?", [text(id)]),
            }
        }
        conditions.and_id_in(filter.ids.as_ref())?;
        let order = match order {
            FileOrder::Newest => "created_at DESC, id DESC",
            FileOrder::Name => "name, id",
            FileOrder::Id => "id",
        };
        let (statement, bindings) = conditions.statement("SELECT record FROM files", order, limit);
        self.sql.rows(&statement, bindings)
    }

    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        self.sql.records(
            "SELECT json_quote(id) FROM files WHERE created_at < ? ORDER BY created_at, id LIMIT ?",
            vec![timestamp(before), integer(limit.into())],
        )
    }
}
