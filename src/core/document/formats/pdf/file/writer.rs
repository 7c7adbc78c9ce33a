//! Writes a file for hayro.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hayro_syntax::Pdf;
use hayro_syntax::object::ObjectIdentifier;

use super::{ENTRY_MEMORY, Located, MEMBER_MEMORY, ObjectStream, Place, Purpose, WRITING_STEPS};
use crate::budget::{Budget, Held};
use crate::document::formats::pdf::buffer::{Buffer, Bytes};
use crate::document::formats::pdf::load_error;
use crate::error::Result;

/// The numbers of the objects that are added: the catalog, the page tree and the table.
const ADDED: [u32; 3] = [u32::MAX - 1, u32::MAX - 2, u32::MAX - 3];

/// Writes a file for hayro.
pub(super) struct Writer<'b> {
    budget: &'b Budget,
    out: Buffer<'b>,
    table: BTreeMap<ObjectIdentifier, Place>,
    /// The memory of the table, and of what hayro makes of it.
    held: Held<'b>,
}

impl<'b> Writer<'b> {
    /// A writer for about this many bytes.
    pub(super) fn new(budget: &'b Budget, size: usize) -> Result<Self> {
        let mut out = Buffer::new(budget, 0)?;
        out.reserve(size)?;
        out.extend(b"%PDF-2.0\n")?;
        Ok(Self { budget, out, table: BTreeMap::new(), held: budget.hold(0)? })
    }

    fn begin(&mut self, id: ObjectIdentifier) -> Result<()> {
        self.budget.work(WRITING_STEPS)?;
        self.held.grow(ENTRY_MEMORY)?;
        self.table.insert(id, Place::At(self.out.len()));
        Ok(self.out.extend(format!("{} {} obj\n", id.obj_number, id.gen_number).as_bytes())?)
    }

    /// Writes an object of the file.
    pub(super) fn object(
        &mut self,
        bytes: &[u8],
        located: &Located,
        purpose: Purpose,
        decoded: Option<&Bytes<'_, '_>>,
    ) -> Result<()> {
        self.begin(located.id)?;
        let text = bytes.get(located.start..located.end).unwrap_or_default();
        if let Some(decoded) = decoded {
            self.stream(text, " /F null/Filter null", decoded.as_ref())?;
        } else if located.data.is_some() {
            let data = located.data_for(purpose).and_then(|(from, to)| bytes.get(from..to));
            self.stream(text, "", data.unwrap_or_default())?;
        } else {
            self.out.extend(text)?;
        }
        Ok(self.out.extend(b"\nendobj\n")?)
    }

    /// Writes a stream whose dictionary has this text and more entries. Of two with one name, the last counts.
    fn stream(&mut self, dict: &[u8], entries: &str, data: &[u8]) -> Result<()> {
        let dict = dict.strip_suffix(b">>").unwrap_or(dict);
        self.out.reserve(dict.len() + data.len() + 64)?;
        self.out.extend(dict)?;
        self.out.extend(format!("{entries} /Length {}>>stream\n", data.len()).as_bytes())?;
        self.out.extend(data)?;
        Ok(self.out.extend(b"\nendstream")?)
    }

    /// Writes an object stream without filters.
    pub(super) fn object_stream(
        &mut self,
        stream: &ObjectStream<'_>,
        members: &[u32],
        is_encrypted: bool,
    ) -> Result<()> {
        let mut list = String::new();
        for (number, offset) in &stream.members {
            self.budget.work(1)?;
            // An offset past the end is wrong, as it was before.
            let offset = offset.unwrap_or(u32::MAX as usize);
            // Writing to a string does not fail.
            let _ = write!(list, "{number} {offset} ");
        }
        for index in members {
            if let Some((number, _)) = stream.members.get(*index as usize) {
                self.held.grow(ENTRY_MEMORY)?;
                self.table.insert(ObjectIdentifier::new(*number, 0), Place::In(stream.located.id.obj_number, *index));
            }
        }
        // The identity filter: the data is not encrypted.
        let filter = if is_encrypted { "/Filter/Crypt" } else { "" };
        let dict = format!("<</Type/ObjStm{filter}/N {}/First {}", stream.members.len(), list.len());
        self.begin(stream.located.id)?;
        let length = list.len() + stream.data.len();
        // hayro copies the data and keeps the list.
        self.held.grow(length + stream.members.len() * MEMBER_MEMORY)?;
        self.out.extend(format!("{dict}/Length {length}>>stream\n{list}").as_bytes())?;
        self.out.extend(&stream.data)?;
        Ok(self.out.extend(b"\nendstream\nendobj\n")?)
    }

    /// Adds the table and lets hayro load the file, with these entries in its trailer. The catalog is an empty one.
    pub(super) fn finish(mut self, entries: &[u8]) -> Result<(Pdf, [Held<'b>; 2])> {
        let mut free = ADDED.into_iter().chain((1..u32::MAX).rev()).map(|number| ObjectIdentifier::new(number, 0));
        let mut next = || free.find(|id| !self.table.contains_key(id)).unwrap_or(ObjectIdentifier::new(u32::MAX, 0));
        let (catalog, pages, table) = (next(), next(), next());
        self.begin(catalog)?;
        self.out.extend(format!("<</Type/Catalog/Pages {} 0 R>>\nendobj\n", pages.obj_number).as_bytes())?;
        self.begin(pages)?;
        self.out.extend(b"<</Type/Pages/Count 0/Kids[]>>\nendobj\n")?;
        let start = self.out.len();
        let (mut index, mut rows) = (String::new(), Vec::with_capacity(9 * self.table.len()));
        let mut run: Option<(u32, u32)> = None;
        let mut flush = |run: Option<(u32, u32)>| {
            if let Some((first, count)) = run {
                let _ = write!(index, "{first} {count} ");
            }
        };
        for (id, place) in &self.table {
            run = match run {
                Some((first, count)) if first.checked_add(count) == Some(id.obj_number) => Some((first, count + 1)),
                _ => {
                    flush(run);
                    Some((id.obj_number, 1))
                }
            };
            let (kind, second, third) = match *place {
                Place::At(offset) => (1, u32::try_from(offset).unwrap_or(u32::MAX), id.gen_number as u32),
                Place::In(stream, index) => (2, stream, index),
            };
            rows.push(kind);
            rows.extend(second.to_be_bytes());
            rows.extend(third.to_be_bytes());
        }
        flush(run);
        let mut dict = format!(
            "{} 0 obj\n<</Type/XRef/Size {}/W[1 4 4]/Index[{index}]/Root {} 0 R",
            table.obj_number,
            u32::MAX,
            catalog.obj_number
        )
        .into_bytes();
        dict.extend(entries);
        dict.extend(format!("/Length {}>>stream\n", rows.len()).bytes());
        self.out.extend(&dict)?;
        self.out.extend(&rows)?;
        self.out.extend(format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF").as_bytes())?;
        let (bytes, held) = self.out.into_parts();
        Ok((Pdf::new(bytes).map_err(load_error)?, [held, self.held]))
    }
}
