//! Loads a file under the budget: finds its objects, and gives hayro a file with only those that reading needs.
//!
//! hayro decodes cross-reference streams and object streams as a whole, follows tables wherever they lead, and repairs a
//! file by searching all of it; none of this can be bounded. So this module does it instead, in the way that hayro does,
//! and charges it. The file that hayro gets has
//!
//! - only objects that are reachable, and that [`Lexer`] went through, so that hayro has nothing to repair,
//! - object streams and a cross-reference stream without filters,
//! - lengths that are right, and no data of pictures,
//! - a page tree without pages: [`super::page`] walks the real one.
//!
//! What remains packed are contents, fonts and embedded files, which [`super::filters`] decodes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::rc::Rc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, FromBytes, MaybeRef, Name, Object, ObjectIdentifier, Stream};
use memchr::memmem;

use super::buffer::{Buffer, Bytes};
use super::filters;
use super::syntax::{Lexer, is_white};
use super::{damaged, load_error};
use crate::budget::{Budget, Held};
use crate::error::Result;

/// The maximum number of tables that continue each other by `Prev`; hayro has the same.
const MAX_TABLES: usize = 256;

/// The length of an entry of a table.
const TABLE_ENTRY_BYTES: usize = 20;

/// The memory of an entry of a table, of an object that is found, and of a reference, with the room of growing lists.
const ENTRY_MEMORY: usize = 64;
const OBJECT_MEMORY: usize = 160;
const REFERENCE_MEMORY: usize = 16;

/// The memory of a member of an object stream.
const MEMBER_MEMORY: usize = 24;

/// The bytes that are written for an object beside its text and data, and for its entry in the table.
const WRITTEN_BYTES: usize = 96;

/// The work of an entry of a table and of an object, beside the bytes of its text.
const ENTRY_STEPS: usize = 2;
const OBJECT_STEPS: usize = 10;

/// How many bytes of text of objects are one step of work: they are taken apart byte by byte, twice.
const SYNTAX_BYTES_PER_STEP: usize = 8;

/// How deep references in the parameters of an object stream are followed.
const MAX_PARAMETER_DEPTH: usize = 3;

/// The numbers of the objects that are added.
const ADDED: [u32; 3] = [u32::MAX - 1, u32::MAX - 2, u32::MAX - 3];

/// Where an object is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// At this offset of the file.
    At(usize),
    /// In the object stream of this number, at this index.
    In(u32, u32),
}

/// For lookup, or sorted; never iterated as it is.
type Table = HashMap<ObjectIdentifier, Place>;

/// What a file is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The pages, without the data of pictures.
    Text,
    /// The embedded files, without the pages.
    Attachments,
}

/// What it costs to look at an object, in bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// The length of its text.
    size: u32,
    /// That, and the lengths of what it refers to: hayro goes through the text of an object even to find that it is not of
    /// the kind that is asked for.
    with_targets: u32,
}

/// A loaded file.
pub(super) struct PdfFile<'b> {
    pub pdf: Pdf,
    /// The catalog.
    pub root: ObjectIdentifier,
    /// Whether every object of the file is included, because the page tree cannot be found.
    pub has_all_objects: bool,
    costs: HashMap<ObjectIdentifier, Cost>,
    budget: &'b Budget,
    _held: [Held<'b>; 3],
}

impl<'b> PdfFile<'b> {
    /// Loads a file for its text or for its attachments.
    pub fn load(bytes: &[u8], purpose: Purpose, budget: &'b Budget) -> Result<Self> {
        let mut loader = Loader {
            bytes,
            purpose,
            budget,
            table: Table::default(),
            is_repaired: false,
            held: budget.hold(0)?,
            object_streams: HashMap::new(),
            decrypted: None,
            decrypted_held: None,
            encryption: None,
        };
        let mut trailer = loader.read_tables()?;
        if let Some(found) = &trailer {
            loader.encryption = found.encryption();
            if !loader.has_catalog(found)? {
                trailer = None;
            }
        }
        let trailer = match trailer {
            Some(trailer) => trailer,
            None => {
                let found = loader.repair()?.ok_or_else(damaged)?;
                loader.encryption = found.encryption();
                if !loader.has_catalog(&found)? {
                    return Err(damaged());
                }
                found
            }
        };
        loader.into_file(&trailer)
    }

    /// Charges the work of looking at an object.
    pub fn charge(&self, id: ObjectIdentifier) -> Result<()> {
        let cost = self.costs.get(&id).copied().unwrap_or_default();
        Ok(self.budget.work(1 + cost.with_targets as usize / SYNTAX_BYTES_PER_STEP)?)
    }

    /// The length of the text of an object, in bytes.
    pub fn size(&self, id: ObjectIdentifier) -> usize {
        self.costs.get(&id).map_or(0, |cost| cost.size as usize)
    }

    pub fn budget(&self) -> &'b Budget {
        self.budget
    }

    /// Charges the work of looking at the object that a dictionary belongs to.
    pub fn charge_dict(&self, dict: &Dict<'_>) -> Result<()> {
        self.charge(dict.obj_id().unwrap_or(self.root))
    }

    /// Charges the work of looking up an entry of a dictionary, and of looking at what it is.
    pub fn charge_entry(&self, dict: &Dict<'_>, key: &[u8]) -> Result<()> {
        match dict.get_ref(key) {
            Some(reference) => self.charge(reference.into()),
            None if dict.contains_key(key) => self.charge_dict(dict),
            None => Ok(self.budget.work(1)?),
        }
    }
}

/// The entries of a trailer that are needed.
struct Trailer {
    root: ObjectIdentifier,
    /// The entries as text.
    entries: Vec<u8>,
    is_encrypted: bool,
}

impl Trailer {
    /// None without a reference to a catalog.
    fn new(dict: &Dict<'_>) -> Option<Self> {
        let root = dict.get_ref("Root")?;
        let mut entries = format!("/Root {root}").into_bytes();
        for key in ["Info", "Encrypt", "ID"] {
            let value = match dict.get_raw::<Object<'_>>(key) {
                Some(MaybeRef::Ref(reference)) => reference.to_string().into_bytes(),
                Some(MaybeRef::NotRef(Object::Dict(dict))) => dict.data().to_vec(),
                Some(MaybeRef::NotRef(Object::Array(array))) => [b"[", array.data(), b"]"].concat(),
                _ => continue,
            };
            entries.extend([b"/", key.as_bytes(), b" ", &value].concat());
        }
        Some(Self { root: root.into(), entries, is_encrypted: dict.contains_key("Encrypt") })
    }

    fn encryption(&self) -> Option<Vec<u8>> {
        self.is_encrypted.then(|| self.entries.clone())
    }
}

/// An object in the file.
#[derive(Debug, Clone, Copy)]
struct Located {
    id: ObjectIdentifier,
    /// Its text, or its dictionary if it is a stream.
    start: usize,
    end: usize,
    /// The data of a stream.
    data: Option<(usize, usize)>,
    is_picture: bool,
}

impl Located {
    /// The data of a stream that is written.
    fn data_for(&self, purpose: Purpose) -> Option<(usize, usize)> {
        self.data.filter(|_| purpose == Purpose::Attachments || !self.is_picture)
    }

    /// About how many bytes are written for it.
    fn size(&self, purpose: Purpose) -> usize {
        let data = self.data_for(purpose).map_or(0, |(from, to)| to - from);
        self.end - self.start + data + WRITTEN_BYTES
    }
}

/// What is found for an id.
enum Found<'b> {
    /// No object.
    Nothing,
    /// Not what the table says, so that hayro would repair the file.
    Broken,
    At(Located),
    In(Rc<ObjectStream<'b>>, usize),
}

/// A decoded object stream.
struct ObjectStream<'b> {
    located: Located,
    data: Vec<u8>,
    /// The numbers of the objects, with their offsets in the data unless they are wrong.
    members: Vec<(u32, Option<usize>)>,
    _held: Held<'b>,
}

impl ObjectStream<'_> {
    /// About how many bytes are written for it.
    fn size(&self) -> usize {
        self.data.len() + WRITTEN_BYTES * (1 + self.members.len())
    }
}

struct Loader<'a, 'b> {
    bytes: &'a [u8],
    purpose: Purpose,
    budget: &'b Budget,
    table: Table,
    is_repaired: bool,
    /// The memory of everything that is kept while loading.
    held: Held<'b>,
    /// By number; None if there is no such stream.
    object_streams: HashMap<u32, Option<Rc<ObjectStream<'b>>>>,
    /// The object streams, decrypted, if the file is encrypted and they were needed.
    decrypted: Option<Pdf>,
    decrypted_held: Option<[Held<'b>; 2]>,
    /// The entries of the trailer, if the file is encrypted.
    encryption: Option<Vec<u8>>,
}

impl<'a, 'b> Loader<'a, 'b> {
    fn lexer(&self, offset: usize) -> Lexer<'a> {
        Lexer::new(self.bytes, offset)
    }

    /// Charges the text that a lexer has gone through.
    fn charge_text(&self, start: usize, lexer: &Lexer<'_>) -> Result<()> {
        Ok(self.budget.work(1 + lexer.offset.saturating_sub(start) / SYNTAX_BYTES_PER_STEP)?)
    }

    fn insert(&mut self, id: ObjectIdentifier, place: Place) -> Result<()> {
        self.budget.work(ENTRY_STEPS)?;
        if self.table.insert(id, place).is_none() {
            self.budget.items(1)?;
            self.held.grow(ENTRY_MEMORY)?;
        }
        Ok(())
    }

    // --- Tables ---

    /// Reads the tables, from the oldest to the newest, and the newest trailer; None if one of them is damaged.
    fn read_tables(&mut self) -> Result<Option<Trailer>> {
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
        if lexer.clone().head().is_some() { self.read_stream(lexer, visited) } else { self.read_table(lexer, visited) }
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
        while let Some((_, count)) = subsection(&mut lexer) {
            self.budget.work(1)?;
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
        while let Some((start, count)) = subsection(&mut lexer) {
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

    fn read_stream(&mut self, mut lexer: Lexer<'a>, visited: &mut BTreeSet<usize>) -> Result<Option<Dict<'a>>> {
        lexer.head();
        lexer.skip_white_and_comments();
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
            self.budget.work(1)?;
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

    // --- Objects ---

    /// The extent of the data of a stream, whose dictionary ends at the lexer's offset; None if it is no stream.
    fn stream_data(&self, lexer: &mut Lexer<'a>, length: Option<u32>) -> Result<Option<(usize, usize)>> {
        lexer.skip_white_and_comments();
        if lexer.stream_start().is_none() {
            return Ok(None);
        }
        let start = lexer.offset;
        if let Some(end) =
            length.and_then(|length| start.checked_add(length as usize)).filter(|end| *end <= self.bytes.len())
        {
            lexer.offset = end;
            lexer.skip_white();
            if lexer.tag(b"endstream").is_some() {
                return Ok(Some((start, end)));
            }
        }
        // The length is wrong: search for the end.
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = memmem::find(rest, b"endstream");
        self.budget.pass_over(length.unwrap_or(rest.len()))?;
        let Some(data) = length.and_then(|length| rest.get(..length)) else { return Ok(None) };
        let white = data.iter().rev().take_while(|byte| is_white(**byte)).count();
        Ok(Some((start, start + data.len() - white)))
    }

    /// The object at an offset; None if it is not this one, or no object. `references` gets what it refers to.
    fn locate(
        &mut self,
        id: ObjectIdentifier,
        offset: usize,
        references: &mut Vec<ObjectIdentifier>,
    ) -> Result<Option<Located>> {
        let mut lexer = self.lexer(offset);
        lexer.ignores_pages = self.purpose == Purpose::Attachments;
        self.budget.work(OBJECT_STEPS)?;
        let is_it = lexer.head() == Some(id);
        if !is_it {
            return Ok(None);
        }
        lexer.skip_white_and_comments();
        let start = lexer.offset;
        let is_object = lexer.object().is_some();
        self.charge_text(offset, &lexer)?;
        if !is_object {
            return Ok(None);
        }
        let (end, entries) = (lexer.offset, lexer.entries);
        references.append(&mut lexer.references);
        let mut data = None;
        let mut is_picture = false;
        if self.bytes.get(start..).is_some_and(|rest| rest.starts_with(b"<<")) {
            let mut after = lexer.clone();
            after.skip_white_and_comments();
            if after.rest().starts_with(b"stream") {
                let length = match entries.length {
                    Some(offset) => self.length_at(offset)?,
                    None => None,
                };
                data = self.stream_data(&mut lexer, length)?;
                let mut subtype = self.lexer(entries.subtype.unwrap_or(self.bytes.len()));
                is_picture = subtype.tag(b"/Image").is_some()
                    && subtype.peek().is_none_or(|byte| !super::syntax::is_regular(byte));
            }
        }
        Ok(Some(Located { id, start, end, data, is_picture }))
    }

    /// The length of a stream, which is at an offset or refers to another object.
    fn length_at(&mut self, offset: usize) -> Result<Option<u32>> {
        let mut lexer = self.lexer(offset);
        let Some(id) = lexer.reference() else {
            return Ok(number(lexer.rest()));
        };
        match self.table.get(&id).copied() {
            Some(Place::At(offset)) => {
                let mut lexer = self.lexer(offset);
                if lexer.head() != Some(id) {
                    return Ok(None);
                }
                lexer.skip_white_and_comments();
                self.charge_text(offset, &lexer)?;
                Ok(number(lexer.rest()))
            }
            Some(Place::In(..)) => {
                // Streams that need each other for their lengths end here.
                let _level = self.budget.descend()?;
                Ok(match self.find(id, &mut Vec::new())? {
                    Found::In(stream, offset) => stream.data.get(offset..).and_then(number),
                    _ => None,
                })
            }
            None => Ok(None),
        }
    }

    /// Finds an object. `references` gets what it refers to.
    fn find(&mut self, id: ObjectIdentifier, references: &mut Vec<ObjectIdentifier>) -> Result<Found<'b>> {
        match self.table.get(&id).copied() {
            None => Ok(Found::Nothing),
            Some(Place::At(offset)) => Ok(self.locate(id, offset, references)?.map_or(Found::Broken, Found::At)),
            Some(Place::In(number, index)) => {
                if ObjectIdentifier::new(number, 0) == id {
                    return Ok(Found::Nothing);
                }
                let stream = match self.object_stream(number)? {
                    Ok(Some(stream)) => stream,
                    Ok(None) => return Ok(Found::Nothing),
                    Err(Broken) => return Ok(Found::Broken),
                };
                let Some(&(member, offset)) = stream.members.get(index as usize) else { return Ok(Found::Broken) };
                if member != id.obj_number {
                    return Ok(Found::Broken);
                }
                let Some(offset) = offset else { return Ok(Found::Nothing) };
                self.budget.work(OBJECT_STEPS)?;
                let mut lexer = Lexer::new(&stream.data, offset);
                lexer.ignores_pages = self.purpose == Purpose::Attachments;
                lexer.object();
                self.budget.work(1 + (lexer.offset - offset) / SYNTAX_BYTES_PER_STEP)?;
                references.append(&mut lexer.references);
                Ok(Found::In(stream, offset))
            }
        }
    }

    /// The object stream of a number, decoded once; None if there is none.
    fn object_stream(&mut self, number: u32) -> Result<std::result::Result<Option<Rc<ObjectStream<'b>>>, Broken>> {
        if let Some(known) = self.object_streams.get(&number) {
            return Ok(Ok(known.clone()));
        }
        let id = ObjectIdentifier::new(number, 0);
        let Some(Place::At(offset)) = self.table.get(&id).copied() else { return Ok(Ok(None)) };
        // A stream whose length is in itself.
        self.object_streams.insert(number, None);
        let Some(located) = self.locate(id, offset, &mut Vec::new())? else {
            self.object_streams.remove(&number);
            return Ok(Err(Broken));
        };
        let stream = self.decode_object_stream(&located)?.map(Rc::new);
        self.object_streams.insert(number, stream.clone());
        Ok(Ok(stream))
    }

    fn decode_object_stream(&mut self, located: &Located) -> Result<Option<ObjectStream<'b>>> {
        let Some((from, to)) = located.data else { return Ok(None) };
        let text = self.parameters(self.bytes.get(located.start..located.end).unwrap_or_default())?;
        let Some(dict) = Dict::from_bytes(&text) else { return Ok(None) };
        let budget = self.budget;
        let raw = if self.encryption.is_some() {
            let Some(data) = self.decrypt(located.id)? else { return Ok(None) };
            Bytes::new(data.into(), budget)?
        } else {
            Bytes::Borrowed(self.bytes.get(from..to).unwrap_or_default())
        };
        let Some(data) = filters::decode_raw(raw, &dict, budget)? else { return Ok(None) };
        let (data, mut held) = data.into_parts(budget)?;
        let members = members(&dict, &data, budget, &mut held)?.unwrap_or_default();
        Ok(Some(ObjectStream { located: *located, data, members, _held: held }))
    }

    /// The text of a dictionary, with what its filters and numbers refer to in place of the references.
    fn parameters(&mut self, text: &'a [u8]) -> Result<Vec<u8>> {
        let dict = Dict::from_bytes(text).unwrap_or_default();
        let mut added = Vec::new();
        for key in ["F", "Filter", "DP", "DecodeParms", "N", "First"] {
            let value = match dict.get_raw::<Object<'_>>(key) {
                Some(MaybeRef::Ref(reference)) => reference.to_string().into_bytes(),
                Some(MaybeRef::NotRef(Object::Array(array))) => [b"[", array.data(), b"]"].concat(),
                Some(MaybeRef::NotRef(Object::Dict(dict))) => dict.data().to_vec(),
                _ => continue,
            };
            let resolved = self.resolve(&value, MAX_PARAMETER_DEPTH)?;
            if resolved != value {
                added.extend([b"/", key.as_bytes(), b" ", &resolved, b" "].concat());
            }
        }
        Ok(with_entries(text, &added))
    }

    /// Replaces the references in a text by what they refer to.
    fn resolve(&mut self, text: &[u8], depth: usize) -> Result<Vec<u8>> {
        self.budget.pass_over(text.len())?;
        let mut out = Buffer::new(self.budget, text.len())?;
        let mut lexer = Lexer::new(text, 0);
        while !lexer.is_at_end() {
            let start = lexer.offset;
            let is_number = lexer.peek().is_some_and(|byte| byte.is_ascii_digit());
            match is_number.then(|| lexer.reference()).flatten() {
                Some(id) if depth > 0 => {
                    let target = match self.find(id, &mut Vec::new())? {
                        Found::At(located) => self.bytes.get(located.start..located.end).unwrap_or_default().to_vec(),
                        _ => b"null".to_vec(),
                    };
                    out.extend(&self.resolve(&target, depth - 1)?)?;
                }
                Some(_) => out.extend(b"null")?,
                None => {
                    // A token, so that the digits at the end of a name are not a number.
                    if lexer.skip_while(|byte| super::syntax::is_regular(byte)) == 0 {
                        lexer.offset += 1;
                    }
                    out.extend(text.get(start..lexer.offset).unwrap_or_default())?;
                }
            }
        }
        Ok(out.as_ref().to_vec())
    }

    /// Whether a trailer leads to a catalog with pages.
    fn has_catalog(&mut self, trailer: &Trailer) -> Result<bool> {
        Ok(self.pages_of(trailer)?.is_some())
    }

    /// The root of the page tree.
    fn pages_of(&mut self, trailer: &Trailer) -> Result<Option<ObjectIdentifier>> {
        let catalog = self.text(trailer.root)?;
        let dict = Dict::from_bytes(&catalog);
        Ok(dict.and_then(|dict| dict.get_ref("Pages")).map(ObjectIdentifier::from))
    }

    /// The text of an object, or of the dictionary of a stream; empty if there is none. Repairs the file if need be.
    fn text(&mut self, id: ObjectIdentifier) -> Result<Vec<u8>> {
        let mut found = self.find(id, &mut Vec::new())?;
        if matches!(found, Found::Broken) && !self.is_repaired {
            self.repair()?;
            found = self.find(id, &mut Vec::new())?;
        }
        let text = match &found {
            Found::At(located) => self.bytes.get(located.start..located.end).unwrap_or_default(),
            Found::In(stream, offset) => {
                let mut lexer = Lexer::new(&stream.data, *offset);
                lexer.object();
                stream.data.get(*offset..lexer.offset).unwrap_or_default()
            }
            Found::Nothing | Found::Broken => &[],
        };
        self.budget.pass_over(text.len())?;
        let _copy = self.budget.hold(text.len())?;
        Ok(text.to_vec())
    }

    // --- Repair ---

    /// Replaces the table by the objects that a search of the whole file finds. Gives the trailer, if there is one.
    fn repair(&mut self) -> Result<Option<Trailer>> {
        self.is_repaired = true;
        self.table = Table::default();
        self.object_streams.clear();
        self.decrypted = None;
        self.held = self.budget.hold(0)?;
        let search = self.search()?;
        if self.encryption.is_none() {
            let last = search.trailers.iter().rev().find(|dict| dict.contains_key("Encrypt"));
            self.encryption = last.and_then(Trailer::new).and_then(|trailer| trailer.encryption());
        }
        for (number, offset) in &search.object_streams {
            self.add_members(*number, *offset)?;
        }
        // The last trailer with a catalog counts.
        let mut found = None;
        for dict in &search.trailers {
            match dict.get_raw::<Dict<'_>>("Root") {
                Some(MaybeRef::Ref(root)) => {
                    let text = self.text(root.into())?;
                    if Dict::from_bytes(&text).is_some_and(|catalog| catalog.contains_key("Pages")) {
                        found = Some(dict);
                    }
                }
                Some(MaybeRef::NotRef(catalog)) if catalog.contains_key("Pages") => found = Some(dict),
                _ => {}
            }
        }
        if let Some(dict) = found {
            return Ok(Trailer::new(dict));
        }
        Ok(search.catalog.map(|root| Trailer {
            root,
            entries: format!("/Root {} {} R", root.obj_number, root.gen_number).into_bytes(),
            is_encrypted: false,
        }))
    }

    /// Searches the file for objects, trailers and object streams.
    fn search(&mut self) -> Result<Search<'a>> {
        self.budget.work(self.bytes.len() / SYNTAX_BYTES_PER_STEP)?;
        let mut search = Search { trailers: Vec::new(), object_streams: Vec::new(), catalog: None };
        let mut last_id = None;
        let mut lexer = self.lexer(0);
        while !lexer.is_at_end() {
            let start = lexer.offset;
            if lexer.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                let Some(id) = lexer.head() else {
                    lexer.offset = start;
                    lexer.skip_while(|byte| !is_white(byte));
                    continue;
                };
                let mut object = self.lexer(lexer.offset);
                object.skip_white_and_comments();
                let is_object = object.object().is_some();
                self.charge_text(start, &object)?;
                if is_object {
                    self.insert(id, Place::At(start))?;
                    last_id = Some(id);
                }
                continue;
            }
            if lexer.rest().starts_with(b"<<") {
                let mut object = self.lexer(start);
                let is_dict = object.object().is_some();
                self.charge_text(start, &object)?;
                if is_dict {
                    lexer.offset = object.offset;
                    if object.entries.has_root || object.entries.has_type {
                        self.budget.items(1)?;
                        self.held.grow(OBJECT_MEMORY + 4 * (object.offset - start))?;
                        self.inspect(start, &mut object, last_id, &mut search)?;
                    }
                    continue;
                }
            }
            if lexer.skip_while(|byte| !is_white(byte)) == 0 {
                lexer.offset += 1;
            }
        }
        Ok(search)
    }

    /// Records a dictionary that may be a trailer, a catalog or that of an object stream.
    fn inspect(
        &self,
        start: usize,
        after: &mut Lexer<'a>,
        last_id: Option<ObjectIdentifier>,
        search: &mut Search<'a>,
    ) -> Result<()> {
        let Some(dict) = self.bytes.get(start..after.offset).and_then(Dict::from_bytes) else { return Ok(()) };
        self.budget.work((after.offset - start) / SYNTAX_BYTES_PER_STEP)?;
        match dict.get::<Name<'_>>("Type").as_deref() {
            Some(b"Catalog") => search.catalog = last_id,
            Some(b"ObjStm") => {
                after.skip_white_and_comments();
                if let Some(id) = last_id.filter(|_| after.rest().starts_with(b"stream")) {
                    search.object_streams.push((id.obj_number, start));
                }
            }
            _ => {}
        }
        if dict.contains_key("Root") {
            search.trailers.push(dict);
        }
        Ok(())
    }

    /// Adds the objects of an object stream to the table, unless they are also outside of streams.
    fn add_members(&mut self, number: u32, start: usize) -> Result<()> {
        let id = ObjectIdentifier::new(number, 0);
        let mut lexer = self.lexer(start);
        if lexer.object().is_none() {
            return Ok(());
        }
        self.charge_text(start, &lexer)?;
        let (end, length) = (lexer.offset, lexer.entries.length);
        let length = match length {
            Some(offset) => self.length_at(offset)?,
            None => None,
        };
        let data = self.stream_data(&mut lexer, length)?;
        let located = Located { id, start, end, data, is_picture: false };
        let Some(stream) = self.decode_object_stream(&located)? else { return Ok(()) };
        for (index, (member, offset)) in (0..).zip(&stream.members) {
            let id = ObjectIdentifier::new(*member, 0);
            if offset.is_some() && !matches!(self.table.get(&id), Some(Place::At(_))) {
                self.insert(id, Place::In(number, index))?;
            }
        }
        Ok(())
    }

    // --- Encryption ---

    /// The data of an object stream, decrypted; None if there is none.
    fn decrypt(&mut self, id: ObjectIdentifier) -> Result<Option<Vec<u8>>> {
        if self.decrypted.is_none() {
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
        let mut wanted: Vec<_> = numbers.into_iter().map(|number| ObjectIdentifier::new(number, 0)).collect();
        let entries = self.encryption.clone().unwrap_or_default();
        let encryption = references_of(&entries);
        wanted.extend(&encryption);
        let mut objects = Vec::new();
        for id in wanted {
            if let Some(Place::At(offset)) = self.table.get(&id).copied()
                && let Some(located) = self.locate(id, offset, &mut Vec::new())?
                && (located.data.is_some() || encryption.contains(&id))
            {
                objects.push(located);
            }
        }
        let mut writer = Writer::new(self.budget, objects.iter().map(|located| located.size(Purpose::Text)).sum())?;
        for located in &objects {
            writer.object(self.bytes, located, Purpose::Text)?;
        }
        let (pdf, held) = writer.finish(&without_root(&entries))?;
        self.decrypted_held = Some(held);
        Ok(pdf)
    }

    // --- The file for hayro ---

    fn into_file(mut self, trailer: &Trailer) -> Result<PdfFile<'b>> {
        let (reachable, has_all_objects) = match self.reachable(trailer)? {
            Some(reachable) => reachable,
            None => {
                self.repair()?;
                self.reachable(trailer)?.ok_or_else(damaged)?
            }
        };
        let Reachable { mut objects, streams, costs } = reachable;
        objects.sort_by_key(|located| located.start);
        let contained: HashSet<ObjectIdentifier> = streams.values().map(|(stream, _)| stream.located.id).collect();
        objects.retain(|located| !contained.contains(&located.id));
        let sizes = objects.iter().map(|located| located.size(self.purpose));
        let size = sizes.chain(streams.values().map(|(stream, _)| stream.size())).sum();
        let mut writer = Writer::new(self.budget, size)?;
        let mut streams: Vec<_> = streams.into_values().collect();
        streams.sort_by_key(|(stream, _)| stream.located.start);
        let mut streams = streams.into_iter().peekable();
        for located in &objects {
            while let Some((stream, members)) = streams.next_if(|(stream, _)| stream.located.start <= located.start) {
                writer.object_stream(&stream, &members, trailer.is_encrypted)?;
            }
            writer.object(self.bytes, located, self.purpose)?;
        }
        for (stream, members) in streams {
            writer.object_stream(&stream, &members, trailer.is_encrypted)?;
        }
        let (budget, root) = (self.budget, trailer.root);
        drop(self);
        let costs_held = budget.hold(ENTRY_MEMORY * costs.len())?;
        let (pdf, [bytes, table]) = writer.finish(&without_root(&trailer.entries))?;
        Ok(PdfFile { pdf, root, has_all_objects, costs, budget, _held: [bytes, table, costs_held] })
    }

    /// Collects what the trailer leads to; None if a part of it is broken, and the file was not repaired yet.
    fn reachable(&mut self, trailer: &Trailer) -> Result<Option<(Reachable<'b>, bool)>> {
        let pages = match self.pages_of(trailer)? {
            Some(pages) => self.text(pages)?,
            None => Vec::new(),
        };
        let kids = Dict::from_bytes(&pages).and_then(|dict| dict.get_raw::<Array<'_>>("Kids"));
        let has_kids = match kids {
            Some(MaybeRef::Ref(kids)) => self.text(kids.into())?.starts_with(b"["),
            Some(MaybeRef::NotRef(_)) => true,
            None => false,
        };
        let mut pending = references_of(&trailer.entries);
        if !has_kids {
            let mut all: Vec<_> = self.table.keys().copied().collect();
            all.sort_unstable();
            self.budget.work(all.len() * ENTRY_STEPS)?;
            pending.extend(all);
        }
        let mut found = Reachable { objects: Vec::new(), streams: BTreeMap::new(), costs: HashMap::new() };
        // The owner of each reference, by its position in `owners`.
        let mut owners: Vec<(ObjectIdentifier, usize)> = Vec::new();
        let mut references = Vec::new();
        let mut memory = self.budget.hold(0)?;
        while let Some(id) = pending.pop() {
            if found.costs.contains_key(&id) {
                continue;
            }
            let first = references.len();
            let length = match self.find(id, &mut references)? {
                Found::Broken if !self.is_repaired => return Ok(None),
                Found::Nothing | Found::Broken => continue,
                Found::At(located) => {
                    found.objects.push(located);
                    located.end - located.start
                }
                Found::In(stream, offset) => {
                    let mut lexer = Lexer::new(&stream.data, offset);
                    lexer.object();
                    let length = lexer.offset - offset;
                    if let Some(Place::In(number, index)) = self.table.get(&id).copied() {
                        let members = &mut found.streams.entry(number).or_insert_with(|| (stream, Vec::new())).1;
                        members.push(index);
                    }
                    length
                }
            };
            let added = references.get(first..).unwrap_or_default();
            memory.grow(OBJECT_MEMORY + added.len() * 2 * REFERENCE_MEMORY)?;
            self.budget.items(1 + added.len())?;
            self.budget.work(added.len())?;
            pending.extend(added.iter().rev().filter(|id| self.table.contains_key(id)));
            owners.push((id, first));
            let size = u32::try_from(length).unwrap_or(u32::MAX);
            found.costs.insert(id, Cost { size, with_targets: size });
        }
        let mut end = references.len();
        for (id, first) in owners.into_iter().rev() {
            let targets = references.get(first..end).unwrap_or_default();
            end = first;
            let targets = targets.iter().filter_map(|target| found.costs.get(target));
            let targets = targets.fold(0_u32, |sum, target| sum.saturating_add(target.size));
            if let Some(cost) = found.costs.get_mut(&id) {
                cost.with_targets = cost.size.saturating_add(targets);
            }
        }
        Ok(Some((found, !has_kids)))
    }
}

/// The table entry says something else than the file.
struct Broken;

/// What a search of the file finds.
struct Search<'a> {
    /// The dictionaries with a root.
    trailers: Vec<Dict<'a>>,
    /// The numbers of object streams and the offsets of their dictionaries.
    object_streams: Vec<(u32, usize)>,
    /// The last catalog.
    catalog: Option<ObjectIdentifier>,
}

/// The objects that are needed.
struct Reachable<'b> {
    objects: Vec<Located>,
    /// The object streams by number, with the indexes of the objects that are needed.
    streams: BTreeMap<u32, (Rc<ObjectStream<'b>>, Vec<u32>)>,
    costs: HashMap<ObjectIdentifier, Cost>,
}

/// Writes a file for hayro.
struct Writer<'b> {
    out: Buffer<'b>,
    table: BTreeMap<ObjectIdentifier, Place>,
    /// The memory of the table, and of what hayro makes of it.
    held: Held<'b>,
}

impl<'b> Writer<'b> {
    /// A writer for about this many bytes.
    fn new(budget: &'b Budget, size: usize) -> Result<Self> {
        let mut out = Buffer::new(budget, 0)?;
        out.reserve(size)?;
        out.extend(b"%PDF-2.0\n")?;
        Ok(Self { out, table: BTreeMap::new(), held: budget.hold(0)? })
    }

    fn begin(&mut self, id: ObjectIdentifier) -> Result<()> {
        self.held.grow(ENTRY_MEMORY)?;
        self.table.insert(id, Place::At(self.out.len()));
        Ok(self.out.extend(format!("{} {} obj\n", id.obj_number, id.gen_number).as_bytes())?)
    }

    /// Writes an object of the file.
    fn object(&mut self, bytes: &[u8], located: &Located, purpose: Purpose) -> Result<()> {
        self.begin(located.id)?;
        let text = bytes.get(located.start..located.end).unwrap_or_default();
        if located.data.is_some() {
            let data = located.data_for(purpose).and_then(|(from, to)| bytes.get(from..to));
            self.stream(text, data.unwrap_or_default())?;
        } else {
            self.out.extend(text)?;
        }
        Ok(self.out.extend(b"\nendobj\n")?)
    }

    /// Writes a stream whose dictionary has this text. Of two lengths, the last counts.
    fn stream(&mut self, dict: &[u8], data: &[u8]) -> Result<()> {
        let dict = dict.strip_suffix(b">>").unwrap_or(dict);
        self.out.reserve(dict.len() + data.len() + 64)?;
        self.out.extend(dict)?;
        self.out.extend(format!(" /Length {}>>stream\n", data.len()).as_bytes())?;
        self.out.extend(data)?;
        Ok(self.out.extend(b"\nendstream")?)
    }

    /// Writes an object stream without filters.
    fn object_stream(&mut self, stream: &ObjectStream<'_>, members: &[u32], is_encrypted: bool) -> Result<()> {
        let mut list = String::new();
        for (number, offset) in &stream.members {
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
    fn finish(mut self, entries: &[u8]) -> Result<(Pdf, [Held<'b>; 2])> {
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

/// The list of objects at the start of an object stream; None if it is damaged.
fn members(
    dict: &Dict<'_>,
    data: &[u8],
    budget: &Budget,
    held: &mut Held<'_>,
) -> Result<Option<Vec<(u32, Option<usize>)>>> {
    let (Some(count), Some(first)) = (dict.get::<usize>("N"), dict.get::<usize>("First")) else { return Ok(None) };
    let mut members = Vec::new();
    let mut lexer = Lexer::new(data, 0);
    let mut last = None;
    for _ in 0..count {
        budget.work(ENTRY_STEPS)?;
        lexer.skip_white_and_comments();
        let number = lexer.integer().and_then(|number| u32::try_from(number).ok());
        lexer.skip_white_and_comments();
        let offset = lexer.integer().and_then(|offset| usize::try_from(offset).ok());
        let (Some(number), Some(offset)) = (number, offset) else { return Ok(None) };
        held.grow(2 * MEMBER_MEMORY)?;
        // Offsets increase: otherwise any number of objects could share their text.
        let offset =
            first.checked_add(offset).filter(|offset| *offset < data.len() && last.is_none_or(|last| *offset > last));
        let start = offset.map(|offset| {
            let mut member = Lexer::new(data, offset);
            member.skip_white_and_comments();
            member.offset
        });
        last = start.or(last);
        members.push((number, start));
    }
    Ok(Some(members))
}

/// The number of the first object and the number of objects of a part of a table.
fn subsection(lexer: &mut Lexer<'_>) -> Option<(u32, u32)> {
    let mut copy = lexer.clone();
    let mut next = || {
        copy.skip_white();
        u32::try_from(copy.integer()?).ok()
    };
    let (start, count) = (next()?, next()?);
    copy.skip_white();
    *lexer = copy;
    Some((start, count))
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

/// The number at the start of a text.
fn number(text: &[u8]) -> Option<u32> {
    let length = text.iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9')).count();
    u32::from_bytes(text.get(..length)?)
}

/// The references in a text.
fn references_of(text: &[u8]) -> Vec<ObjectIdentifier> {
    let dict = [b"<<", text, b">>"].concat();
    let mut lexer = Lexer::new(&dict, 0);
    lexer.object();
    lexer.references
}

/// The entries of a trailer without its first, the root.
fn without_root(entries: &[u8]) -> Vec<u8> {
    let mut lexer = Lexer::new(entries, b"/Root ".len());
    lexer.reference();
    lexer.rest().to_vec()
}

/// A dictionary with more entries at its end.
fn with_entries(dict: &[u8], entries: &[u8]) -> Vec<u8> {
    match dict.strip_suffix(b">>") {
        Some(start) if !entries.is_empty() => [start, b" ", entries, b">>"].concat(),
        _ => dict.to_vec(),
    }
}
