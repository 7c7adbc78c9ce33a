//! What other parts of a Word file say about paragraphs and links: the lists of `numbering.xml`, and the addresses of
//! the relationships.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use quick_xml::events::Event;

use super::{STYLE_MEMORY, attribute, events};
use crate::budget::{Budget, Held};
use crate::document::marks;
use crate::error::Result;

/// The lists of a file.
#[derive(Default)]
pub(super) struct Numbering {
    /// By the id of a list, the id of what defines it.
    definitions: BTreeMap<String, String>,
    /// By the id of a definition and the level: whether the level is numbered.
    ordered: BTreeMap<(String, u8), bool>,
}

impl Numbering {
    pub fn read(reader: &mut dyn BufRead, budget: &Budget, held: &mut Held<'_>) -> Result<Self> {
        let mut numbering = Self::default();
        let (mut definition, mut list, mut level) = (String::new(), String::new(), 0);
        events(reader, budget, |event| {
            let (Event::Start(tag) | Event::Empty(tag)) = event else { return Ok(()) };
            let value = || attribute(&tag, "val").unwrap_or_default();
            match tag.local_name().as_ref() {
                "abstractNum" => definition = attribute(&tag, "abstractNumId").unwrap_or_default(),
                "num" => list = attribute(&tag, "numId").unwrap_or_default(),
                "lvl" => level = attribute(&tag, "ilvl").and_then(|level| level.parse().ok()).unwrap_or_default(),
                "numFmt" => {
                    held.grow(STYLE_MEMORY + definition.len())?;
                    let is_ordered = !matches!(value().as_str(), "bullet" | "none");
                    numbering.ordered.insert((definition.clone(), level), is_ordered);
                }
                "abstractNumId" => {
                    let definition = value();
                    held.grow(STYLE_MEMORY + list.len() + definition.len())?;
                    numbering.definitions.insert(list.clone(), definition);
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(numbering)
    }

    /// Whether a level of a list is numbered; None if the list is not defined.
    pub fn is_ordered(&self, list: &str, level: u8) -> Option<bool> {
        let definition = self.definitions.get(list)?;
        Some(self.ordered.get(&(definition.clone(), level)).copied().unwrap_or_default())
    }
}

/// The addresses of links by the ids of their relationships.
#[derive(Default)]
pub(super) struct Links(BTreeMap<String, Arc<str>>);

impl Links {
    pub fn read(reader: &mut dyn BufRead, budget: &Budget, held: &mut Held<'_>) -> Result<Self> {
        let mut links = Self::default();
        events(reader, budget, |event| {
            if let Event::Start(tag) | Event::Empty(tag) = event
                && attribute(&tag, "Type").is_some_and(|kind| kind.ends_with("/hyperlink"))
                && let Some(id) = attribute(&tag, "Id")
                && let Some(url) = attribute(&tag, "Target").and_then(|target| marks::link_url(&target))
            {
                held.grow(STYLE_MEMORY + id.len() + url.len())?;
                links.0.insert(id, url);
            }
            Ok(())
        })?;
        Ok(links)
    }

    pub fn url(&self, id: &str) -> Option<Arc<str>> {
        self.0.get(id).cloned()
    }
}
