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

mod encryption;
mod repair;
mod tables;
mod writer;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, FromBytes, MaybeRef, Object, ObjectIdentifier, String as PdfString};
use memchr::memmem;
use writer::Writer;

use super::buffer::{Buffer, Bytes};
use super::damaged;
use super::filters;
use super::syntax::{Lexer, is_regular, is_white};
use crate::budget::{Budget, Held};
use crate::error::Result;

/// The memory of an entry of a table, of an object that is found, and of a reference, with the room of growing lists.
const ENTRY_MEMORY: usize = 64;
const OBJECT_MEMORY: usize = 160;
const REFERENCE_MEMORY: usize = 16;

/// The memory of a member of an object stream.
const MEMBER_MEMORY: usize = 24;

/// The bytes that are written for an object beside its text and data, and for its entry in the table.
const WRITTEN_BYTES: usize = 96;

/// The size up to which a packed font program is decoded early, in bytes.
const MAX_DECODED_FONT_BYTES: usize = 128 * 1024;

/// The work of an entry of a table, and of finding and of writing an object, beside the bytes of its text.
const ENTRY_STEPS: usize = 2;
const OBJECT_STEPS: usize = 6;
const WRITING_STEPS: usize = 4;

/// How many bytes of text of objects are one step of work: they are taken apart byte by byte, twice.
pub(super) const SYNTAX_BYTES_PER_STEP: usize = 5;

/// How much of a title is read, in bytes; titles have some dozens.
const MAX_TITLE_BYTES: usize = 4_096;

/// The maximum length of a number that is an object of its own, in bytes.
const MAX_NUMBER_BYTES: usize = 1_024;

/// How deep the lengths of object streams may be in other object streams.
const MAX_OPEN_LENGTHS: usize = 4;

/// How deep references in the parameters of an object stream are followed.
const MAX_PARAMETER_DEPTH: usize = 3;

/// Where an object is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// At this offset of the file.
    At(usize),
    /// In the object stream of this number, at this index.
    In(u32, u32),
}

type Table = BTreeMap<ObjectIdentifier, Place>;

/// What a file is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All pages, without the data of pictures, and with decoded fonts.
    AllPages,
    /// Some pages, without the data of pictures.
    SomePages,
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
    info: Info,
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
            open_lengths: 0,
            held: budget.hold(0)?,
            font_streams: HashSet::new(),
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

    /// The title of the document, as bytes.
    pub fn title(&self) -> Result<Option<Vec<u8>>> {
        let id = match &self.info {
            Info::At(id) => *id,
            Info::Title(title) => return Ok(title.clone()),
        };
        self.charge(id)?;
        let Some(info) = self.pdf.xref().get::<Dict<'_>>(id) else { return Ok(None) };
        let _text = self.hold_text(&info, "Title")?;
        Ok(Some(info).and_then(|info| info.get::<PdfString<'_>>("Title")).map(|title| cut(&title)))
    }

    /// Charges the memory of reading a text of a dictionary, which is copied as it is decoded.
    pub fn hold_text(&self, dict: &Dict<'_>, key: &str) -> Result<Held<'b>> {
        const COPIES: usize = 3;
        let size = dict.get_ref(key).map_or(dict.data().len(), |reference| self.size(reference.into()));
        Ok(self.budget.hold(COPIES * size)?)
    }

    /// Charges the work of reading an entry of a dictionary that is a list of a few numbers, each of which may be another
    /// object; false if one of them is too long to be a number, so that the list is not to be read.
    pub fn charge_numbers(&self, dict: &Dict<'_>, key: &str) -> Result<bool> {
        const MAX_NUMBERS: usize = 8;
        if let Some(reference) = dict.get_ref(key) {
            self.charge(reference.into())?;
        }
        let Some(list) = dict.get::<Array<'_>>(key) else { return Ok(true) };
        for reference in list.raw_iter().take(MAX_NUMBERS).filter_map(|item| item.as_obj_ref()) {
            self.charge(reference.into())?;
            if !self.may_be_number(reference.into()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an object is short enough for a number or the name of a glyph.
    pub fn may_be_number(&self, id: ObjectIdentifier) -> bool {
        self.size(id) <= MAX_NUMBER_BYTES
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

/// What is known about the document. hayro does not get it: it would copy each text.
#[derive(Debug, Clone)]
enum Info {
    /// In this object.
    At(ObjectIdentifier),
    /// The title, if there is one.
    Title(Option<Vec<u8>>),
}

/// The beginning of a title.
fn cut(title: &[u8]) -> Vec<u8> {
    title.get(..MAX_TITLE_BYTES).unwrap_or(title).to_vec()
}

/// The entries of a trailer that are needed.
struct Trailer {
    root: ObjectIdentifier,
    info: Info,
    /// The entries as text.
    entries: Vec<u8>,
    is_encrypted: bool,
}

impl Trailer {
    /// None without a reference to a catalog.
    fn new(dict: &Dict<'_>) -> Option<Self> {
        let root = dict.get_ref("Root")?;
        let mut entries = format!("/Root {root}").into_bytes();
        let is_encrypted = dict.contains_key("Encrypt");
        // The identifier is a part of the key, and of nothing else that is read.
        for key in ["Encrypt", "ID"].into_iter().filter(|_| is_encrypted) {
            // `check_encryption` refuses what is larger, so more of it need not be copied.
            let kept = |data: &[u8]| data.get(..=encryption::MAX_ENCRYPTION_BYTES).unwrap_or(data).to_vec();
            let value = match dict.get_raw::<Object<'_>>(key) {
                Some(MaybeRef::Ref(reference)) => reference.to_string().into_bytes(),
                Some(MaybeRef::NotRef(Object::Dict(dict))) => kept(dict.data()),
                Some(MaybeRef::NotRef(Object::Array(array))) => [b"[", kept(array.data()).as_slice(), b"]"].concat(),
                _ => continue,
            };
            entries.extend([b"/", key.as_bytes(), b" ", &value].concat());
        }
        let info = match dict.get_raw::<Dict<'_>>("Info") {
            Some(MaybeRef::Ref(reference)) => Info::At(reference.into()),
            Some(MaybeRef::NotRef(info)) => Info::Title(info.get::<PdfString<'_>>("Title").map(|title| cut(&title))),
            None => Info::Title(None),
        };
        Some(Self { root: root.into(), info, entries, is_encrypted })
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

/// An object of an object stream: its number, and its offset in the data unless it is wrong.
type Member = (u32, Option<usize>);

/// A decoded object stream.
struct ObjectStream<'b> {
    located: Located,
    data: Vec<u8>,
    members: Vec<Member>,
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
    /// How many lengths of streams are being looked up, each in the stream of the next.
    open_lengths: usize,
    /// The memory of everything that is kept while loading.
    held: Held<'b>,
    /// For lookup only, never iterated.
    font_streams: HashSet<ObjectIdentifier>,
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

    /// The extent of the data of a stream, whose dictionary ends at the lexer's offset; None if it is not a stream.
    fn stream_data(&self, lexer: &mut Lexer<'a>, length: Option<u32>) -> Result<Option<(usize, usize)>> {
        let end = lexer.offset;
        lexer.skip_white_and_comments();
        self.charge_text(end, lexer)?;
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

    /// Finds the object at an offset; nothing if it is too long. `references` gets what it refers to.
    fn locate(
        &mut self,
        id: ObjectIdentifier,
        offset: usize,
        references: &mut Vec<ObjectIdentifier>,
    ) -> Result<Found<'b>> {
        let mut lexer = self.lexer(offset);
        lexer.ignores_pages = self.purpose == Purpose::Attachments;
        self.budget.work(OBJECT_STEPS)?;
        let is_it = lexer.head() == Some(id);
        lexer.skip_white_and_comments();
        let start = lexer.offset;
        let is_object = is_it && lexer.object().is_some();
        self.charge_text(offset, &lexer)?;
        if !is_object {
            return Ok(if lexer.is_too_long { Found::Nothing } else { Found::Broken });
        }
        let (end, entries) = (lexer.offset, lexer.entries);
        references.append(&mut lexer.references);
        self.font_streams.extend(lexer.font_streams.drain(..));
        let mut data = None;
        let mut is_picture = false;
        if self.bytes.get(start..).is_some_and(|rest| rest.starts_with(b"<<")) {
            let mut after = lexer.clone();
            after.skip_white_and_comments();
            self.charge_text(end, &after)?;
            if after.rest().starts_with(b"stream") {
                let length = match entries.length {
                    Some(offset) => self.length_at(offset)?,
                    None => None,
                };
                data = self.stream_data(&mut lexer, length)?;
                let mut subtype = self.lexer(entries.subtype.unwrap_or(self.bytes.len()));
                is_picture = subtype.tag(b"/Image").is_some() && subtype.peek().is_none_or(|byte| !is_regular(byte));
            }
        }
        Ok(Found::At(Located { id, start, end, data, is_picture }))
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
                let is_it = lexer.head() == Some(id);
                lexer.skip_white_and_comments();
                self.charge_text(offset, &lexer)?;
                Ok(if is_it { number(lexer.rest()) } else { None })
            }
            Some(Place::In(..)) => {
                if self.open_lengths >= MAX_OPEN_LENGTHS {
                    return Ok(None);
                }
                self.open_lengths += 1;
                let found = self.find(id, &mut Vec::new())?;
                self.open_lengths -= 1;
                Ok(match found {
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
            Some(Place::At(offset)) => self.locate(id, offset, references),
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
                if lexer.is_too_long {
                    return Ok(Found::Nothing);
                }
                references.append(&mut lexer.references);
                self.font_streams.extend(lexer.font_streams.drain(..));
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
        let located = match self.locate(id, offset, &mut Vec::new())? {
            Found::At(located) => located,
            Found::Broken => {
                self.object_streams.remove(&number);
                return Ok(Err(Broken));
            }
            Found::Nothing | Found::In(..) => return Ok(Ok(None)),
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
        // A reference in the parameters is rare.
        if !text.contains(&b'R') {
            return Ok(text.to_vec());
        }
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
                    if lexer.skip_while(is_regular) == 0 {
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

    fn into_file(mut self, trailer: &Trailer) -> Result<PdfFile<'b>> {
        self.check_encryption()?;
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
        let decoded = self.decode_font_streams(&objects)?;
        let sizes = objects.iter().map(|located| located.size(self.purpose));
        let sizes = sizes.chain(decoded.values().map(|data| data.as_ref().len()));
        let size = sizes.chain(streams.values().map(|(stream, _)| stream.size())).sum();
        let mut writer = Writer::new(self.budget, size)?;
        let mut streams: Vec<_> = streams.into_values().collect();
        streams.sort_by_key(|(stream, _)| stream.located.start);
        let mut streams = streams.into_iter().peekable();
        for located in &objects {
            while let Some((stream, members)) = streams.next_if(|(stream, _)| stream.located.start <= located.start) {
                writer.object_stream(&stream, &members, trailer.is_encrypted)?;
            }
            writer.object(self.bytes, located, self.purpose, decoded.get(&located.id))?;
        }
        for (stream, members) in streams {
            writer.object_stream(&stream, &members, trailer.is_encrypted)?;
        }
        let (budget, root) = (self.budget, trailer.root);
        drop(self);
        let costs_held = budget.hold(ENTRY_MEMORY * costs.len())?;
        let (pdf, [bytes, table]) = writer.finish(&without_root(&trailer.entries))?;
        Ok(PdfFile {
            pdf,
            root,
            info: trailer.info.clone(),
            has_all_objects,
            costs,
            budget,
            _held: [bytes, table, costs_held],
        })
    }

    /// Decodes the font programs and maps of characters, which are looked at before hayro reads them. Large ones remain
    /// packed, because hayro makes a copy.
    fn decode_font_streams(&mut self, objects: &[Located]) -> Result<BTreeMap<ObjectIdentifier, Bytes<'a, 'b>>> {
        let mut decoded = BTreeMap::new();
        if self.purpose != Purpose::AllPages || self.encryption.is_some() {
            return Ok(decoded);
        }
        for located in objects {
            if located.is_picture || !self.font_streams.contains(&located.id) {
                continue;
            }
            let Some((from, to)) = located.data.filter(|(from, to)| to - from <= MAX_DECODED_FONT_BYTES) else {
                continue;
            };
            let text = self.parameters(self.bytes.get(located.start..located.end).unwrap_or_default())?;
            let Some(dict) = Dict::from_bytes(&text) else { continue };
            let raw = Bytes::Borrowed(self.bytes.get(from..to).unwrap_or_default());
            if let Some(data @ Bytes::Buffer(_)) = filters::decode_raw(raw, &dict, self.budget)? {
                decoded.insert(located.id, data);
            }
        }
        Ok(decoded)
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
        if let Info::At(id) = trailer.info {
            pending.push(id);
        }
        if !has_kids {
            self.budget.work(self.table.len() * ENTRY_STEPS)?;
            pending.extend(self.table.keys());
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
            self.budget.work(targets.len())?;
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

/// The objects that are needed.
struct Reachable<'b> {
    objects: Vec<Located>,
    /// The object streams by number, with the indexes of the objects that are needed.
    streams: BTreeMap<u32, (Rc<ObjectStream<'b>>, Vec<u32>)>,
    costs: HashMap<ObjectIdentifier, Cost>,
}

/// The list of objects at the start of an object stream; None if it is damaged.
fn members(dict: &Dict<'_>, data: &[u8], budget: &Budget, held: &mut Held<'_>) -> Result<Option<Vec<Member>>> {
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
