//! Finds the objects of a file whose tables are wrong, by a search of all of it.

use hayro_syntax::object::{Dict, FromBytes, MaybeRef, Name, ObjectIdentifier};

use super::{Info, Loader, Located, OBJECT_MEMORY, Place, SYNTAX_BYTES_PER_STEP, Table, Trailer};
use crate::document::formats::pdf::syntax::{Lexer, is_white};
use crate::error::Result;

/// The number of bytes between two charges of a search.
const BYTES_PER_CHARGE: usize = 64 * 1024;

/// What a search of the file finds.
struct Search<'a> {
    /// The texts of the dictionaries with a root.
    trailers: Vec<&'a [u8]>,
    /// The numbers of object streams and the offsets of their dictionaries.
    object_streams: Vec<(u32, usize)>,
    /// The last catalog.
    catalog: Option<ObjectIdentifier>,
}

impl<'a> Loader<'a, '_> {
    /// Replaces the table by the objects that a search of the whole file finds. Gives the trailer, if there is one.
    pub(super) fn repair(&mut self) -> Result<Option<Trailer>> {
        self.is_repaired = true;
        self.table = Table::default();
        self.object_streams.clear();
        self.decrypted = None;
        self.held = self.budget.hold(0)?;
        let search = self.search()?;
        if self.encryption.is_none() {
            let dicts = search.trailers.iter().rev().filter_map(|text| Dict::from_bytes(text));
            let last = dicts.into_iter().find(|dict| dict.contains_key("Encrypt"));
            self.encryption = last.as_ref().and_then(Trailer::new).and_then(|trailer| trailer.encryption());
        }
        for (number, offset) in &search.object_streams {
            self.add_members(*number, *offset)?;
        }
        // The last trailer with a catalog counts.
        let mut found = None;
        for text in &search.trailers {
            self.budget.work(text.len() / SYNTAX_BYTES_PER_STEP)?;
            let Some(dict) = Dict::from_bytes(text) else { continue };
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
            return Ok(Trailer::new(&dict));
        }
        Ok(search.catalog.map(|root| Trailer {
            root,
            info: Info::Title(None),
            entries: format!("/Root {} {} R", root.obj_number, root.gen_number).into_bytes(),
            is_encrypted: false,
        }))
    }

    /// Searches the file for objects, trailers and object streams.
    fn search(&mut self) -> Result<Search<'a>> {
        let mut search = Search { trailers: Vec::new(), object_streams: Vec::new(), catalog: None };
        let mut last_id = None;
        let mut lexer = self.lexer(0);
        let mut charged = 0;
        while !lexer.is_at_end() {
            let start = lexer.offset;
            if start - charged >= BYTES_PER_CHARGE {
                self.charge_text(charged, &lexer)?;
                charged = start;
            }
            if lexer.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                let Some(id) = lexer.head() else {
                    // A comment within may reach to the end of the file.
                    self.budget.work((lexer.offset - start) / SYNTAX_BYTES_PER_STEP)?;
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
                        self.held.grow(OBJECT_MEMORY)?;
                        self.inspect(start, &mut object, last_id, &mut search)?;
                    }
                    continue;
                }
            }
            if lexer.skip_while(|byte| !is_white(byte)) == 0 {
                lexer.offset += 1;
            }
        }
        self.charge_text(charged, &lexer)?;
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
                let end = after.offset;
                after.skip_white_and_comments();
                self.charge_text(end, after)?;
                if let Some(id) = last_id.filter(|_| after.rest().starts_with(b"stream")) {
                    search.object_streams.push((id.obj_number, start));
                }
            }
            _ => {}
        }
        if dict.contains_key("Root") {
            search.trailers.push(dict.data());
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
}
