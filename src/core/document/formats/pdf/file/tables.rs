//! Reads the tables of a file: where its objects are.

use std::collections::BTreeSet;

use hayro_syntax::object::{Array, Dict, FromBytes, MaybeRef, ObjectIdentifier};
use memchr::memmem;

use super::{ENTRY_STEPS, Loader, Place, Trailer};
use crate::document::formats::pdf::buffer::Bytes;
use crate::document::formats::pdf::filters;
use crate::document::formats::pdf::syntax::Lexer;
use crate::error::Result;

/// The maximum number of tables that continue each other by `Prev`; hayro has the same.
const MAX_TABLES: usize = 256;

/// The length of an entry of a table.
const TABLE_ENTRY_BYTES: usize = 20;

/// The work of a part of a cross-reference stream: hayro tries what its numbers may be.
const SECTION_STEPS: usize = 12;

impl<'a> Loader<'a, '_> {
    /// Reads the tables, from the oldest to the newest, and the newest trailer; None if one of them is damaged.
    pub(super) fn read_tables(&mut self) -> Result<Option<Trailer>> {
        let Some(keyword) = memmem::rfind(self.bytes, b"startxref") else { return Ok(None) };
        self.budget.pass_over(self.bytes.len() - keyword)?;
        let mut lexer = self.lexer(keyword + b"startxref".len());
        lexer.skip_white_and_comments();
        let Some(offset) = lexer.integer().and_then(|offset| usize::try_from(offset).ok()) else { return Ok(None) };
        let trailer = self.read_table_at(offset, &mut BTreeSet::new())?;
        Ok(trailer.and_then(|dict| Trailer::new(&dict)))
    }

    /// Reads the table at an offset after those that it continues; gives its trailer.
    fn read_table_at(&mut self, offset: usize, visited: &mut BTreeSet<usize>) -> Result<Option<Dict<'a>>> {
        if !visited.insert(offset) || visited.len() > MAX_TABLES {
            return Ok(None);
        }
        let _level = self.budget.descend()?;
        let mut lexer = self.lexer(offset);
        lexer.skip_white_and_comments();
        self.charge_text(offset, &lexer)?;
        let mut after_head = lexer.clone();
        let has_head = after_head.head().is_some();
        self.charge_text(lexer.offset, &after_head)?;
        if has_head { self.read_stream(lexer, visited) } else { self.read_table(lexer, visited) }
    }

    /// Parses a dictionary.
    fn dict(&self, lexer: &mut Lexer<'a>) -> Result<Option<Dict<'a>>> {
        let start = lexer.offset;
        let is_dict = lexer.rest().starts_with(b"<<") && lexer.object().is_some();
        self.charge_text(start, lexer)?;
        Ok(self.bytes.get(start..lexer.offset).filter(|_| is_dict).and_then(Dict::from_bytes))
    }

    /// Reads the tables that a table continues; false if one is damaged.
    fn read_continued(&mut self, trailer: &Dict<'_>, keys: &[&str], visited: &mut BTreeSet<usize>) -> Result<bool> {
        for key in keys {
            if let Some(MaybeRef::NotRef(offset)) = trailer.get_raw::<i32>(key) {
                let Ok(offset) = usize::try_from(offset) else { return Ok(false) };
                if self.read_table_at(offset, visited)?.is_none() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn read_table(&mut self, mut lexer: Lexer<'a>, visited: &mut BTreeSet<usize>) -> Result<Option<Dict<'a>>> {
        lexer.skip_white();
        if lexer.tag(b"xref").is_none() {
            return Ok(None);
        }
        lexer.skip_white();
        let entries = lexer.clone();
        while let Some((_, count)) = self.subsection(&mut lexer)? {
            let Some(length) = TABLE_ENTRY_BYTES.checked_mul(count as usize) else { return Ok(None) };
            let Some(end) = lexer.offset.checked_add(length) else { return Ok(None) };
            lexer.offset = end;
        }
        lexer.skip_white();
        if lexer.tag(b"trailer").is_none() {
            return Ok(None);
        }
        lexer.skip_white();
        let Some(trailer) = self.dict(&mut lexer)? else { return Ok(None) };
        if !self.read_continued(&trailer, &["Prev", "XRefStm"], visited)? {
            return Ok(None);
        }
        let mut lexer = entries;
        while let Some((start, count)) = self.subsection(&mut lexer)? {
            let Some(end) = start.checked_add(count) else { return Ok(None) };
            for number in start..end {
                let Some(entry) = lexer.rest().get(..TABLE_ENTRY_BYTES) else { return Ok(None) };
                lexer.offset += TABLE_ENTRY_BYTES;
                let (Some(offset), Some(generation)) = (decimal(entry, 0, 10), decimal(entry, 11, 16)) else {
                    return Ok(None);
                };
                let Ok(generation) = i32::try_from(generation) else { return Ok(None) };
                self.budget.work(ENTRY_STEPS)?;
                if entry.get(17) == Some(&b'n') {
                    self.insert(ObjectIdentifier::new(number, generation), Place::At(offset as usize))?;
                }
            }
        }
        Ok(Some(trailer))
    }

    /// The number of the first object and the number of objects of a part of a table.
    fn subsection(&self, lexer: &mut Lexer<'a>) -> Result<Option<(u32, u32)>> {
        let from = lexer.offset;
        let mut next = || {
            lexer.skip_white();
            u32::try_from(lexer.integer()?).ok()
        };
        let (start, count) = (next(), next());
        lexer.skip_white();
        self.charge_text(from, lexer)?;
        let part = start.zip(count);
        if part.is_none() {
            lexer.offset = from;
        }
        Ok(part)
    }

    fn read_stream(&mut self, mut lexer: Lexer<'a>, visited: &mut BTreeSet<usize>) -> Result<Option<Dict<'a>>> {
        let start = lexer.offset;
        lexer.head();
        lexer.skip_white_and_comments();
        self.charge_text(start, &lexer)?;
        let start = lexer.offset;
        let Some(dict) = self.dict(&mut lexer)? else { return Ok(None) };
        let Some((from, to)) = self.stream_data(&mut lexer, direct_length(&dict))? else { return Ok(None) };
        if !self.read_continued(&dict, &["Prev"], visited)? {
            return Ok(None);
        }
        let Some(size) = dict.get::<u32>("Size") else { return Ok(None) };
        let Some(widths) = dict.get::<[u8; 3]>("W") else { return Ok(None) };
        if !(1..=8).contains(&widths[1]) {
            return Ok(None);
        }
        let raw = Bytes::Borrowed(self.bytes.get(from..to).unwrap_or_default());
        let Some(data) = filters::decode_raw(raw, &dict, self.budget)? else { return Ok(None) };
        let mut rows = data.as_ref();
        let sections: Box<dyn Iterator<Item = (u32, u32)>> = match dict.get::<Array<'_>>("Index") {
            Some(index) => Box::new(index.iter::<(u32, u32)>()),
            None => Box::new(std::iter::once((0, size))),
        };
        for (first, count) in sections {
            self.budget.work(SECTION_STEPS)?;
            for index in 0..count {
                self.budget.work(ENTRY_STEPS)?;
                let row = first.checked_add(index).and_then(|number| table_row(&mut rows, widths, number));
                match row {
                    None => return Ok(None),
                    Some(None) => {}
                    Some(Some((id, place))) => self.insert(id, place)?,
                }
            }
        }
        // hayro reads the dictionary again as the trailer.
        Ok(Dict::from_bytes(self.bytes.get(start..).unwrap_or_default()))
    }
}

/// The number in these columns of a table entry.
fn decimal(entry: &[u8], start: usize, end: usize) -> Option<u32> {
    entry.get(start..end)?.iter().try_fold(0_u32, |value, byte| {
        value.checked_mul(10)?.checked_add(byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?)
    })
}

/// Reads an entry of a cross-reference stream: None if there is none, Some(None) if its object is free.
fn table_row(
    rows: &mut &[u8],
    [first, second, third]: [u8; 3],
    number: u32,
) -> Option<Option<(ObjectIdentifier, Place)>> {
    let mut field = |width: usize| {
        let (field, rest) = rows.split_at_checked(width)?;
        *rows = rest;
        Some(field)
    };
    // hayro reads the kind as one byte, however long it is.
    let kind = if first == 0 { 1 } else { *field(1)?.first()? };
    let (second, third) = (field(usize::from(second))?, field(usize::from(third))?);
    let third = |default| if third.is_empty() { Some(default) } else { big_endian(third) };
    Some(match kind {
        0 => None,
        1 => {
            let id = ObjectIdentifier::new(number, third(0)? as i32);
            Some((id, Place::At(big_endian(second)? as usize)))
        }
        2 => Some((ObjectIdentifier::new(number, 0), Place::In(big_endian(second)?, third(0)?))),
        _ => return None,
    })
}

/// A number of one to four bytes, or of eight if it is small.
fn big_endian(bytes: &[u8]) -> Option<u32> {
    let value = bytes.iter().try_fold(0_u64, |value, byte| value.checked_mul(256)?.checked_add(u64::from(*byte)))?;
    u32::try_from(value).ok().filter(|_| matches!(bytes.len(), 1..=4 | 8))
}

/// The length that a dictionary states directly.
fn direct_length(dict: &Dict<'_>) -> Option<u32> {
    dict.get_raw::<u32>("Length").and_then(|length| match length {
        MaybeRef::NotRef(length) => Some(length),
        MaybeRef::Ref(_) => None,
    })
}
