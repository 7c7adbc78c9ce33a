//! Decrypts object streams. hayro decrypts only the streams of a file that it has loaded, so it gets a file of them.

use std::collections::{BTreeSet, HashSet};

use hayro_syntax::Pdf;
use hayro_syntax::object::{ObjectIdentifier, Stream};

use super::writer::Writer;
use super::{Found, Loader, Place, Purpose, references_of, without_root};
use crate::document::formats::pdf::filters;
use crate::error::{Error, Result, Unreadable};

/// The maximum size of what says how a file is encrypted, in bytes: it takes some hundreds. hayro makes tables of it.
pub(super) const MAX_ENCRYPTION_BYTES: usize = 64 * 1024;

impl Loader<'_, '_> {
    /// Fails if what says how the file is encrypted is too large.
    pub(super) fn check_encryption(&mut self) -> Result<()> {
        let Some(entries) = &self.encryption else { return Ok(()) };
        let mut size = entries.len();
        let mut pending = references_of(&without_root(entries));
        let mut visited = HashSet::new();
        while let Some(id) = pending.pop() {
            if visited.insert(id) {
                size = size.saturating_add(self.text(id)?.len());
                self.find(id, &mut pending)?;
            }
            if size > MAX_ENCRYPTION_BYTES {
                return Err(Error::unreadable(Unreadable::Encrypted, "The PDF is protected in a way that is not read"));
            }
        }
        Ok(())
    }

    /// The data of an object stream, decrypted; None if there is none.
    pub(super) fn decrypt(&mut self, id: ObjectIdentifier) -> Result<Option<Vec<u8>>> {
        if self.decrypted.is_none() {
            self.check_encryption()?;
            self.decrypted = Some(self.decrypting_file()?);
        }
        let stream = self.decrypted.as_ref().and_then(|pdf| pdf.xref().get::<Stream<'_>>(id));
        let data = stream.map(|stream| stream.raw_data().into_owned());
        self.budget.pass_over(data.as_ref().map_or(0, |data| filters::DECRYPTION_STEPS * data.len()))?;
        Ok(data)
    }

    /// A file of the object streams only, with which hayro decrypts them, because it decrypts only the streams of a file
    /// that it has loaded.
    fn decrypting_file(&mut self) -> Result<Pdf> {
        let mut numbers: BTreeSet<u32> = BTreeSet::new();
        for place in self.table.values() {
            if let Place::In(number, _) = place {
                numbers.insert(*number);
            }
        }
        for (id, place) in &self.table {
            // When a file is repaired, the streams are not yet known to be object streams.
            if let (true, Place::At(_)) = (self.is_repaired, place) {
                numbers.insert(id.obj_number);
            }
        }
        let mut expected: Vec<_> = numbers.into_iter().map(|number| ObjectIdentifier::new(number, 0)).collect();
        let entries = self.encryption.clone().unwrap_or_default();
        let encryption = references_of(&entries);
        expected.extend(&encryption);
        let mut objects = Vec::new();
        for id in expected {
            if let Some(Place::At(offset)) = self.table.get(&id).copied()
                && let Found::At(located) = self.locate(id, offset, &mut Vec::new())?
                && (located.data.is_some() || encryption.contains(&id))
            {
                objects.push(located);
            }
        }
        let mut writer =
            Writer::new(self.budget, objects.iter().map(|located| located.size(Purpose::SomePages)).sum())?;
        for located in &objects {
            writer.object(self.bytes, located, Purpose::SomePages, None)?;
        }
        let (pdf, held) = writer.finish(&without_root(&entries))?;
        self.decrypted_held = Some(held);
        Ok(pdf)
    }
}
