//! What is known of files, in memory.

use super::{MemoryIndexStore, rows, take_up_to};
use crate::{
    error::Result,
    id::FileId,
    service::index::{Cursor, File, FileFilter, FileOrder, FileStore, Rows},
    time::Timestamp,
};

impl FileStore for MemoryIndexStore {
    fn file(&self, id: FileId) -> Result<Option<File>> {
        Ok(self.read(|rows| rows.files.get(&id).cloned()))
    }

    fn put_file(&self, file: &File) -> Result<()> {
        self.write(|rows| {
            rows.files.insert(file.id, file.clone());
        });
        Ok(())
    }

    fn remove_file(&self, id: FileId) -> Result<()> {
        self.write(|rows| {
            rows.files.remove(&id);
        });
        Ok(())
    }

    fn files(&self, filter: &FileFilter, order: FileOrder, after: Option<&Cursor>, limit: u32) -> Result<Rows<File>> {
        let key = |file: &File| match order {
            // Timestamps have the same number of digits for centuries, so they sort as text. Reversed below.
            FileOrder::Newest => (file.created_at.as_millis().to_string(), file.id.to_string()),
            FileOrder::Name => (file.name.clone(), file.id.to_string()),
            FileOrder::Id => (String::new(), file.id.to_string()),
        };
        let after = after.map(|cursor| (cursor.key.clone(), cursor.id.clone()));
        let mut found: Vec<File> = self.read(|rows| {
            rows.files
                .values()
                .filter(|file| filter.ids.as_ref().is_none_or(|ids| ids.contains(&file.id)))
                .filter(|file| filter.name.as_ref().is_none_or(|name| *name == file.name))
                .filter(|file| filter.external_id.is_none() || filter.external_id == file.external_id)
                .filter(|file| {
                    after.as_ref().is_none_or(|after| match order {
                        FileOrder::Newest => key(file) < *after,
                        FileOrder::Name | FileOrder::Id => key(file) > *after,
                    })
                })
                .cloned()
                .collect()
        });
        found.sort_by_key(key);
        if order == FileOrder::Newest {
            found.reverse();
        }
        rows(found, limit)
    }

    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        let mut old: Vec<(Timestamp, FileId)> = self.read(|rows| {
            let files = rows.files.values().filter(|file| file.created_at < before);
            files.map(|file| (file.created_at, file.id)).collect()
        });
        old.sort_unstable();
        Ok(take_up_to(old, limit).into_iter().map(|(_, id)| id).collect())
    }
}
