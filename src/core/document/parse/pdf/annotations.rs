//! What lies on a page beside its content: form fields with their values, stamps and notes that show text.

use hayro_font::kurbo::Affine;
use hayro_syntax::object::{Array, Dict, Name, Object, Rect, Stream, String as PdfString};
use hayro_syntax::page::Page;

use super::content::Interpreter;
use super::strings;
use crate::error::Result;

/// Flags of annotations that are not shown: hidden, and not to be viewed.
const NOT_SHOWN: i64 = 0b10_0010;

/// How many fields may be parts of each other before the chain is given up.
const MAX_FIELD_CHAIN: usize = 16;

/// The size of the text of a value that says nothing of it, in points, and its share of a low field's height.
const FIELD_TEXT_SIZE: f64 = 10.0;
const FIELD_TEXT_SHARE: f64 = 0.75;

/// Runs the annotations of a page.
pub(super) fn draw<'a>(page: &Page<'a>, interpreter: &mut Interpreter<'a, '_>) -> Result<()> {
    let Some(annotations) = page.raw().get::<Array<'a>>("Annots") else {
        return Ok(());
    };
    for annotation in annotations.iter::<Dict<'a>>() {
        let flags = annotation.get::<Object<'a>>("F").and_then(Object::into_number).map_or(0, |flags| flags.as_i64());
        let Some(place) = annotation.get::<Rect>("Rect").filter(|_| flags & NOT_SHOWN == 0) else {
            continue;
        };
        let subtype = annotation.get::<Name<'a>>("Subtype");
        let subtype = subtype.as_ref().map_or("", Name::as_str);
        if subtype == "Popup" {
            continue;
        }
        if let Some(form) = appearance(&annotation) {
            let placement = placement(&form, &place);
            interpreter.form(&form, placement, page.resources())?;
        } else if let Some(text) = value(&annotation, subtype) {
            let size = FIELD_TEXT_SIZE.min(FIELD_TEXT_SHARE * (place.y1 - place.y0)).max(1.0);
            for (number, line) in (1..).zip(text.lines()) {
                interpreter.write(line, place.x0, place.y1 - f64::from(number) * size, size)?;
            }
        }
    }
    Ok(())
}

/// The drawing of an annotation in the state it is in.
fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match annotation.get::<Dict<'a>>("AP")?.get::<Object<'a>>("N")? {
        Object::Stream(form) => Some(form),
        Object::Dict(states) => states.get::<Stream<'a>>(annotation.get::<Name<'a>>("AS")?.as_ref()),
        _ => None,
    }
}

/// The matrix that puts the box of a form where the annotation is.
fn placement(form: &Stream<'_>, place: &Rect) -> Affine {
    let dict = form.dict();
    let own = dict.get::<[f64; 6]>("Matrix").map_or(Affine::IDENTITY, Affine::new);
    let Some(bounds) = dict.get::<Rect>("BBox") else {
        return Affine::IDENTITY;
    };
    let bounds = own.transform_rect_bbox(hayro_font::kurbo::Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y1));
    let scale = |have: f64, want: f64| if have.abs() > 1e-6 { want / have } else { 1.0 };
    let (x, y) = (scale(bounds.width(), place.x1 - place.x0), scale(bounds.height(), place.y1 - place.y0));
    Affine::new([x, 0.0, 0.0, y, place.x0 - x * bounds.x0, place.y0 - y * bounds.y0])
}

/// The text of an annotation that has no drawing: the value of a field, or a note written on the page.
fn value(annotation: &Dict<'_>, subtype: &str) -> Option<String> {
    match subtype {
        "FreeText" => text(annotation, "Contents"),
        "Widget" => {
            // Values are inherited from the field that a widget is part of.
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
    let text = strings::text(dict.get::<PdfString<'_>>(key)?.as_bytes());
    Some(text).filter(|text| !text.trim().is_empty())
}
