//! Tests of the layout of words at given positions.

use super::*;
use crate::document::Role;

const SIZE: f32 = 10.0;

/// Writes text on a page, with letters of half a font size in width.
fn write(glyphs: &mut Vec<Glyph>, x: f32, y: f32, text: &str, size: f32, bold: bool) {
    for (index, c) in text.chars().enumerate() {
        glyphs.push(Glyph {
            text: GlyphText::Char(c),
            x: x + index as f32 * size / 2.0,
            y,
            dx: 1.0,
            dy: 0.0,
            advance: size / 2.0,
            tracking: 0.0,
            size,
            bold,
        });
    }
}

/// The passages of a page with the given lines.
fn passages(lines: &[(f32, f32, &str)]) -> Vec<(Role, String)> {
    let mut glyphs = Vec::new();
    for (x, y, text) in lines {
        let (size, bold) = if text.starts_with('#') { (2.0 * SIZE, false) } else { (SIZE, text.starts_with('*')) };
        write(&mut glyphs, *x, *y, text.trim_start_matches(['#', '*']), size, bold);
    }
    let pages =
        finish(vec![page(1, (600.0, 800.0), &glyphs, &Budget::unlimited()).unwrap()], &Budget::unlimited()).unwrap();
    let page = &pages[0];
    page.passages.iter().map(|passage| (passage.role, passage.span.of(&page.text).to_owned())).collect()
}

#[test]
fn reading_order() {
    use Role::{Body, Heading, TableRow, Title};
    let prose_left = "these are the words of a line";
    let prose_right = "and those are of another one";
    for (lines, expected) in [
        // Drawn in any order, read from the top.
        (vec![(50.0, 120.0, "two"), (50.0, 100.0, "one")], vec![(Body, "one\ntwo")]),
        // A larger distance of lines ends a paragraph.
        (
            vec![(50.0, 100.0, "a"), (50.0, 112.0, "b"), (50.0, 140.0, "c"), (50.0, 152.0, "d")],
            vec![(Body, "a\nb"), (Body, "c\nd")],
        ),
        // Two columns of prose below a title that spans both.
        (
            vec![
                (150.0, 60.0, "#A title over both columns"),
                (50.0, 100.0, prose_left),
                (320.0, 100.0, prose_right),
                (50.0, 112.0, prose_left),
                (320.0, 112.0, prose_right),
                (50.0, 124.0, prose_left),
                (320.0, 124.0, prose_right),
            ],
            vec![
                (Title, "A title over both columns"),
                (Body, "these are the words of a line\nthese are the words of a line\nthese are the words of a line"),
                (Body, "and those are of another one\nand those are of another one\nand those are of another one"),
            ],
        ),
        // A table is read across.
        (
            vec![
                (50.0, 100.0, "Tea"),
                (300.0, 100.0, "3.00"),
                (50.0, 112.0, "Milk"),
                (300.0, 112.0, "1.00"),
                (50.0, 124.0, "Total"),
                (300.0, 124.0, "4.00"),
            ],
            vec![(TableRow, "Tea\t3.00"), (TableRow, "Milk\t1.00"), (TableRow, "Total\t4.00")],
        ),
        // Blocks whose lines do not align are read one after the other.
        (
            vec![(50.0, 100.0, "Ann"), (50.0, 112.0, "Street"), (400.0, 106.0, "Nr one"), (400.0, 118.0, "Date two")],
            vec![(Body, "Ann\nStreet"), (Body, "Nr one\nDate two")],
        ),
        // The marker of a list item is not a cell, and begins a passage.
        (
            vec![(50.0, 100.0, "(a)"), (90.0, 100.0, "first"), (50.0, 112.0, "(b)"), (90.0, 112.0, "second")],
            vec![(Body, "(a) first"), (Body, "(b) second")],
        ),
        // A short bold line among others is a heading.
        (
            vec![(50.0, 100.0, "*Parties"), (50.0, 112.0, "some text below it"), (50.0, 124.0, "and some more")],
            vec![(Heading, "Parties"), (Body, "some text below it\nand some more")],
        ),
        // Right-to-left text, with numbers and Latin words from the left.
        (vec![(50.0, 100.0, "abc גבא"), (90.0, 100.0, "12 ")], vec![(Body, "12 אבג abc")]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(role, text)| (role, text.to_owned())).collect();
        assert_eq!(passages(&lines), expected);
    }
}

#[test]
fn other_directions_come_last() {
    let mut glyphs = Vec::new();
    write(&mut glyphs, 50.0, 100.0, "upright text", SIZE, false);
    let mut turned = Vec::new();
    write(&mut turned, 0.0, 0.0, "stamp", 2.0 * SIZE, false);
    for glyph in &mut turned {
        (glyph.x, glyph.y, glyph.dx, glyph.dy) = (20.0, 400.0 - glyph.x, 0.0, -1.0);
    }
    turned.append(&mut glyphs);
    let page = &finish(vec![page(1, (600.0, 800.0), &turned, &Budget::unlimited()).unwrap()], &Budget::unlimited())
        .unwrap()[0];
    assert_eq!(page.text, "upright text\n\nstamp");
    let stamp = page.words[2].rect;
    assert_eq!((stamp.width, stamp.height), (20.0, 50.0));
    assert_eq!(page.passages[1].role, Role::Body);
}
