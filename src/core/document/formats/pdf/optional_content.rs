//! Optional content: hidden layers are not read.

use std::collections::BTreeSet;

use hayro_syntax::object::{Array, Dict, Name, ObjRef, ObjectIdentifier};

use super::file::PdfFile;
use crate::error::Result;

/// The steps of work to find a layer among those that are hidden.
const LAYER_STEPS: usize = 2;

/// The hidden layers of a document.
pub(super) struct OptionalContent {
    off: BTreeSet<ObjectIdentifier>,
}

impl OptionalContent {
    pub fn new(file: &PdfFile<'_>, catalog: &Dict<'_>) -> Result<Self> {
        let mut off = BTreeSet::new();
        file.charge_dict(catalog)?;
        let properties = catalog.get::<Dict<'_>>("OCProperties").unwrap_or_default();
        file.charge_dict(&properties)?;
        let config = properties.get::<Dict<'_>>("D").unwrap_or_default();
        file.charge_dict(&config)?;
        if config.get::<Name<'_>>("BaseState").is_some_and(|state| state.as_str() == "OFF") {
            for id in references(&properties, "OCGs") {
                file.budget().work(LAYER_STEPS)?;
                off.insert(id);
            }
        }
        for id in references(&config, "ON") {
            file.budget().work(LAYER_STEPS)?;
            off.remove(&id);
        }
        for id in references(&config, "OFF") {
            file.budget().work(LAYER_STEPS)?;
            off.insert(id);
        }
        file.budget().items(off.len())?;
        Ok(Self { off })
    }

    /// Whether content is shown that belongs to a layer (OCG), or to a rule over layers (OCMD).
    pub fn is_visible(&self, file: &PdfFile<'_>, id: Option<ObjRef>, dict: &Dict<'_>) -> Result<bool> {
        file.charge_dict(dict)?;
        if dict.get::<Name<'_>>("Type").is_none_or(|kind| kind.as_str() != "OCMD") {
            return Ok(id.is_none_or(|id| !self.off.contains(&id.into())));
        }
        file.charge_entry(dict, b"OCGs")?;
        let members: Vec<ObjectIdentifier> = match dict.get_ref("OCGs") {
            Some(layer) if dict.get::<Array<'_>>("OCGs").is_none() => vec![layer.into()],
            _ => references(dict, "OCGs").collect(),
        };
        let is_off = |id: &ObjectIdentifier| self.off.contains(id);
        Ok(match dict.get::<Name<'_>>("P").as_ref().map(Name::as_str) {
            _ if members.is_empty() => true,
            Some("AllOn") => !members.iter().any(is_off),
            Some("AnyOff") => members.iter().any(is_off),
            Some("AllOff") => members.iter().all(is_off),
            _ => !members.iter().all(is_off),
        })
    }
}

fn references<'a>(dict: &Dict<'a>, key: &str) -> impl Iterator<Item = ObjectIdentifier> {
    let array = dict.get::<Array<'a>>(key);
    array
        .into_iter()
        .flat_map(|array| array.raw_iter())
        .filter_map(|item| item.as_obj_ref())
        .map(ObjectIdentifier::from)
}
