//! Reads the annotations of a page: form fields with their values, and stamps and notes with text.

use std::sync::Arc;

use hayro_font::kurbo::{self, Affine};
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, Rect, Stream, String as PdfString};

use super::content::Interpreter;
use super::file::PdfFile;
use super::{page, strings};
use crate::document::{
    self,
    marks::{self, KEEPS_MARKS, MARK_MEMORY},
};
use crate::error::Result;

/// The flags Hidden and NoView of annotations that are not shown.
const NOT_SHOWN: i64 = 0b10_0010;

/// The maximum length of a chain of parent fields.
const MAX_FIELD_CHAIN: usize = 16;

/// The font size of a value without one, in points, and its maximum share of the height of a field.
const FIELD_TEXT_SIZE: f64 = 10.0;
const FIELD_TEXT_SHARE: f64 = 0.75;

/// Interprets the annotations of a page.
pub(super) fn interpret<'a>(interpreter: &mut Interpreter<'a, '_, '_>) -> Result<()> {
    let (file, page) = (interpreter.file, interpreter.page);
    file.charge_entry(&page.dict, b"Annots")?;
    let Some(annotations) = page.dict.get::<Array<'a>>("Annots") else {
        return Ok(());
    };
    for item in annotations.raw_iter() {
        file.budget().work(1)?;
        let annotation = match item {
            MaybeRef::Ref(reference) => {
                file.charge(reference.into())?;
                file.pdf.xref().get::<Dict<'a>>(reference.into())
            }
            MaybeRef::NotRef(object) => object.into_dict(),
        };
        // An item that is not a dictionary ends the list.
        let Some(annotation) = annotation else { break };
        let flags = annotation.get::<Object<'a>>("F").and_then(Object::into_number).map_or(0, |flags| flags.as_i64());
        let Some(rect) = page::rect(file, &annotation, "Rect")?.filter(|_| flags & NOT_SHOWN == 0) else {
            continue;
        };
        let subtype = annotation.get::<Name<'a>>("Subtype");
        let subtype = subtype.as_ref().map_or("", Name::as_str);
        if subtype == "Popup" {
            continue;
        }
        if KEEPS_MARKS
            && subtype == "Link"
            && let Some(url) = link_url(file, &annotation)?
        {
            let size = MARK_MEMORY + url.len();
            interpreter.hold(size)?;
            let shown = page.matrix().transform_rect_bbox(kurbo::Rect::new(rect.x0, rect.y0, rect.x1, rect.y1));
            let (x, y) = (shown.x0 as f32, shown.y0 as f32);
            let rect = document::Rect { x, y, width: shown.width() as f32, height: shown.height() as f32 };
            interpreter.links.push((rect, url));
        }
        if let Some(form) = appearance(file, &annotation)? {
            file.charge_dict(form.dict())?;
            let placement = placement(file, &form, &rect)?;
            interpreter.form(&form, placement, &page.resources)?;
        } else if let Some(text) = value(file, &annotation, subtype)? {
            let _held = file.budget().hold(text.len())?;
            let size = FIELD_TEXT_SIZE.min(FIELD_TEXT_SHARE * (rect.y1 - rect.y0)).max(1.0);
            for (line_number, line) in (1..).zip(text.lines()) {
                interpreter.write(line, rect.x0, rect.y1 - f64::from(line_number) * size, size)?;
            }
        }
    }
    Ok(())
}

/// The address that a link leads to; None if it leads to another place of the file.
fn link_url(file: &PdfFile<'_>, annotation: &Dict<'_>) -> Result<Option<Arc<str>>> {
    file.charge_entry(annotation, b"A")?;
    let Some(action) = annotation.get::<Dict<'_>>("A") else { return Ok(None) };
    file.charge_entry(&action, b"URI")?;
    let _text = file.hold_text(&action, "URI")?;
    Ok(text(&action, "URI").and_then(|url| marks::link_url(&url)))
}

/// The appearance stream of an annotation in its current state.
fn appearance<'a>(file: &PdfFile<'_>, annotation: &Dict<'a>) -> Result<Option<Stream<'a>>> {
    let Some(appearances) = annotation.get::<Dict<'a>>("AP") else { return Ok(None) };
    file.charge_dict(&appearances)?;
    Ok(match appearances.get::<Object<'a>>("N") {
        Some(Object::Stream(form)) => Some(form),
        Some(Object::Dict(states)) => {
            file.charge_dict(&states)?;
            annotation.get::<Name<'a>>("AS").and_then(|state| states.get::<Stream<'a>>(state.as_ref()))
        }
        _ => None,
    })
}

/// The matrix that maps the box of a form to the rectangle of the annotation.
fn placement(file: &PdfFile<'_>, form: &Stream<'_>, rect: &Rect) -> Result<Affine> {
    let dict = form.dict();
    let form_matrix = page::form_matrix(file, dict)?.map_or(Affine::IDENTITY, Affine::new);
    let Some(bounds) = page::rect(file, dict, "BBox")? else {
        return Ok(Affine::IDENTITY);
    };
    let bounds = form_matrix.transform_rect_bbox(kurbo::Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y1));
    let scale = |actual: f64, target: f64| if actual.abs() > 1e-6 { target / actual } else { 1.0 };
    let (x, y) = (scale(bounds.width(), rect.x1 - rect.x0), scale(bounds.height(), rect.y1 - rect.y0));
    Ok(Affine::new([x, 0.0, 0.0, y, rect.x0 - x * bounds.x0, rect.y0 - y * bounds.y0]))
}

/// The text of an annotation without an appearance stream: the value of a field, or a note on the page.
fn value(file: &PdfFile<'_>, annotation: &Dict<'_>, subtype: &str) -> Result<Option<String>> {
    match subtype {
        "FreeText" => {
            let _text = file.hold_text(annotation, "Contents")?;
            Ok(text(annotation, "Contents"))
        }
        "Widget" => {
            // A widget inherits its value from its parent fields.
            let mut field = annotation.clone();
            for _ in 0..MAX_FIELD_CHAIN {
                file.charge_dict(&field)?;
                let _text = file.hold_text(&field, "V")?;
                if let Some(value) = text(&field, "V") {
                    return Ok(Some(value));
                }
                let Some(parent) = field.get::<Dict<'_>>("Parent") else { break };
                field = parent;
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn text(dict: &Dict<'_>, key: &str) -> Option<String> {
    let text = strings::decode(dict.get::<PdfString<'_>>(key)?.as_bytes());
    Some(text).filter(|text| !text.trim().is_empty())
}
