//! What is known of files, in memory.

use super::{MemoryIndexStore, rows, take_up_to, up_to};
use crate::{
    error::Result,
    id::FileId,
    service::index::{Cursor, File, FileFilter, FileOrder, FileStore, Rows},
    time::Timestamp,
};

/// Whether every condition holds for `file`.
fn meets(file: &File, filter: &FileFilter) -> bool {
    filter.ids.as_ref().is_none_or(|ids| ids.contains(&file.id))
        && filter.name.as_ref().is_none_or(|name| *name == file.name)
        && (filter.external_id.is_none() || filter.external_id == file.external_id)
}

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
        // Timestamps have the same number of digits for centuries, so they sort as text. Reversed below.
        let key = |file: &File| (order.key(file), file.id.to_string());
        let after = after.map(|cursor| (cursor.key.clone(), cursor.id.clone()));
        let mut found: Vec<File> = self.read(|rows| {
            rows.files
                .values()
                .filter(|file| meets(file, filter))
                .filter(|file| {
                    let follows = |after| if order.is_descending() { key(file) < after } else { key(file) > after };
                    after.clone().is_none_or(follows)
                })
                .cloned()
                .collect()
        });
        found.sort_by_key(key);
        if order.is_descending() {
            found.reverse();
        }
        rows(found, limit)
    }

    fn file_with_hash(&self, sha256: &str) -> Result<Option<File>> {
        Ok(self.read(|rows| rows.files.values().find(|file| file.sha256.as_deref() == Some(sha256)).cloned()))
    }

    fn file_count(&self, filter: &FileFilter, limit: u32) -> Result<u32> {
        Ok(self.read(|rows| up_to(rows.files.values().filter(|file| meets(file, filter)).count(), limit)))
    }

    fn old_files(&self, before: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        let mut old: Vec<(Timestamp, FileId)> = self.read(|rows| {
            let files = rows.files.values().filter(|file| file.created_at < before);
            files.map(|file| (file.created_at, file.id)).collect()
        });
        old.sort_unstable();
        Ok(take_up_to(old, limit).into_iter().map(|(_, id)| id).collect())
    }

    fn stored_bytes(&self) -> Result<(u64, u64)> {
        Ok(self.read(|rows| {
            let count = u64::try_from(rows.files.len()).unwrap_or(u64::MAX);
            (count, rows.files.values().filter_map(|file| file.size).sum())
        }))
    }
}
