//! Reads the annotations of a page: form fields with their values, and stamps and notes with text.

use hayro_font::kurbo::Affine;
use hayro_syntax::object::{Array, Dict, Name, Object, Rect, Stream, String as PdfString};
use hayro_syntax::page::Page;

use super::content::Interpreter;
use super::strings;
use crate::error::Result;

/// The flags Hidden and NoView of annotations that are not shown.
const NOT_SHOWN: i64 = 0b10_0010;

/// The maximum length of a chain of parent fields.
const MAX_FIELD_CHAIN: usize = 16;

/// The font size of a value without one, in points, and its maximum share of the height of a field.
const FIELD_TEXT_SIZE: f64 = 10.0;
const FIELD_TEXT_SHARE: f64 = 0.75;

/// Interprets the annotations of a page.
pub(super) fn interpret<'a>(page: &Page<'a>, interpreter: &mut Interpreter<'a, '_>) -> Result<()> {
    let Some(annotations) = page.raw().get::<Array<'a>>("Annots") else {
        return Ok(());
    };
    for annotation in annotations.iter::<Dict<'a>>() {
        let flags = annotation.get::<Object<'a>>("F").and_then(Object::into_number).map_or(0, |flags| flags.as_i64());
        let Some(rect) = annotation.get::<Rect>("Rect").filter(|_| flags & NOT_SHOWN == 0) else {
            continue;
        };
        let subtype = annotation.get::<Name<'a>>("Subtype");
        let subtype = subtype.as_ref().map_or("", Name::as_str);
        if subtype == "Popup" {
            continue;
        }
        if let Some(form) = appearance(&annotation) {
            let placement = placement(&form, &rect);
            interpreter.form(&form, placement, page.resources())?;
        } else if let Some(text) = value(&annotation, subtype) {
            let size = FIELD_TEXT_SIZE.min(FIELD_TEXT_SHARE * (rect.y1 - rect.y0)).max(1.0);
            for (line_number, line) in (1..).zip(text.lines()) {
                interpreter.write(line, rect.x0, rect.y1 - f64::from(line_number) * size, size)?;
            }
        }
    }
    Ok(())
}

/// The appearance stream of an annotation in its current state.
fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match annotation.get::<Dict<'a>>("AP")?.get::<Object<'a>>("N")? {
        Object::Stream(form) => Some(form),
        Object::Dict(states) => states.get::<Stream<'a>>(annotation.get::<Name<'a>>("AS")?.as_ref()),
        _ => None,
    }
}

/// The matrix that maps the box of a form to the rectangle of the annotation.
fn placement(form: &Stream<'_>, rect: &Rect) -> Affine {
    let dict = form.dict();
    let form_matrix = dict.get::<[f64; 6]>("Matrix").map_or(Affine::IDENTITY, Affine::new);
    let Some(bounds) = dict.get::<Rect>("BBox") else {
        return Affine::IDENTITY;
    };
    let bounds =
        form_matrix.transform_rect_bbox(hayro_font::kurbo::Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y1));
    let scale = |actual: f64, target: f64| if actual.abs() > 1e-6 { target / actual } else { 1.0 };
    let (x, y) = (scale(bounds.width(), rect.x1 - rect.x0), scale(bounds.height(), rect.y1 - rect.y0));
    Affine::new([x, 0.0, 0.0, y, rect.x0 - x * bounds.x0, rect.y0 - y * bounds.y0])
}

/// The text of an annotation without an appearance stream: the value of a field, or a note on the page.
fn value(annotation: &Dict<'_>, subtype: &str) -> Option<String> {
    match subtype {
        "FreeText" => text(annotation, "Contents"),
        "Widget" => {
            // A widget inherits its value from its parent fields.
            let mut field = annotation.clone();
            for _ in 0..MAX_FIELD_CHAIN {
                if let Some(value) = text(&field, "V") {
                    return Some(value);
                }
                field = field.get::<Dict<'_>>("Parent")?;
            }
            None
        }
        _ => None,
    }
}

fn text(dict: &Dict<'_>, key: &str) -> Option<String> {
    let text = strings::decode(dict.get::<PdfString<'_>>(key)?.as_bytes());
    Some(text).filter(|text| !text.trim().is_empty())
}
