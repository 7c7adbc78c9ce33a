//! Roles of passages: from their size beside the size of most text, and from what returns on every page.

use std::collections::BTreeMap;

use super::Draft;
use super::passages::Shape;
use crate::document::{Page, Role};

/// The strips at the top and bottom of a page where headers and footers stand, in its height.
const MARGIN_ZONE: f32 = 0.12;

/// How much larger than most text a heading and the title are.
const HEADING_SIZE: f32 = 1.15;
const TITLE_SIZE: f32 = 1.25;

/// The longest heading, in bytes, and the longest that only its weight makes one.
const MAX_HEADING_BYTES: usize = 200;
const MAX_BOLD_HEADING_BYTES: usize = 100;

/// The most lines of a heading.
const MAX_HEADING_LINES: u32 = 3;

/// Gives the passages of all pages their roles.
pub(in crate::document) fn finish(mut drafts: Vec<Draft>) -> Vec<Page> {
    let margins = margins(&drafts);
    let body = body(&drafts);
    for (number, draft) in drafts.iter_mut().enumerate() {
        let page = &mut draft.page;
        // The largest text of the first page is the title, if it is large.
        let largest = if number == 0 {
            draft.shapes.iter().filter(|shape| is_heading_long(shape)).map(|shape| shape.size).fold(0.0, f32::max)
        } else {
            f32::MAX
        };
        let mut titled = false;
        for (passage, shape) in page.passages.iter_mut().zip(&draft.shapes) {
            let text = passage.span.of(&page.text);
            let lettered = text.chars().filter(|c| c.is_alphabetic()).count() > 1;
            let short = lettered && is_heading_long(shape) && text.len() <= MAX_HEADING_BYTES;
            passage.role = match () {
                () if zone(shape, page.size).is_some_and(|zone| margins.contains_key(&(zone, key(text)))) => {
                    Role::Margin
                }
                () if shape.row => Role::TableRow,
                () if short && !titled && shape.size >= largest && shape.size >= TITLE_SIZE * body.size => {
                    titled = true;
                    Role::Title
                }
                () if short && shape.size >= HEADING_SIZE * body.size => Role::Heading,
                () if short
                    && shape.bold
                    && !body.bold
                    && shape.lines == 1
                    && text.len() <= MAX_BOLD_HEADING_BYTES
                    && !text.ends_with([',', ';', '.']) =>
                {
                    Role::Heading
                }
                () => Role::Body,
            };
        }
    }
    drafts.into_iter().map(|draft| draft.page).collect()
}

fn is_heading_long(shape: &Shape) -> bool {
    !shape.row && !shape.turned && shape.lines <= MAX_HEADING_LINES
}

/// How most text looks.
struct Body {
    size: f32,
    bold: bool,
}

fn body(drafts: &[Draft]) -> Body {
    // Sizes in half points, and how many bytes are set in each; bold ones apart.
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    let (mut bold, mut all) = (0, 0);
    for draft in drafts {
        for (passage, shape) in draft.page.passages.iter().zip(&draft.shapes) {
            let bytes = passage.span.end - passage.span.start;
            *sizes.entry(libm::roundf(shape.size * 2.0) as i32).or_default() += bytes;
            all += bytes;
            bold += if shape.bold { bytes } else { 0 };
        }
    }
    let most = sizes.into_iter().max_by_key(|(size, bytes)| (*bytes, *size));
    Body { size: most.map_or(0.0, |(size, _)| size as f32 / 2.0), bold: bold * 2 > all }
}

/// What stands in the margins: texts that return at the top or bottom of two fifths of the pages, so that the
/// headers of left and right pages count too. Numbers in them may differ.
fn margins(drafts: &[Draft]) -> BTreeMap<(Zone, String), usize> {
    let mut pages: BTreeMap<(Zone, String), usize> = BTreeMap::new();
    for draft in drafts {
        let mut found: Vec<_> = draft
            .page
            .passages
            .iter()
            .zip(&draft.shapes)
            .filter_map(|(passage, shape)| {
                Some((zone(shape, draft.page.size)?, key(passage.span.of(&draft.page.text))))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        for key in found {
            *pages.entry(key).or_default() += 1;
        }
    }
    pages.retain(|_, count| *count >= 2 && *count * 5 >= drafts.len() * 2);
    pages
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Zone {
    Top,
    Bottom,
}

fn zone(shape: &Shape, size: Option<(f32, f32)>) -> Option<Zone> {
    let (_, height) = size?;
    match () {
        () if shape.bottom < MARGIN_ZONE * height => Some(Zone::Top),
        () if shape.top > (1.0 - MARGIN_ZONE) * height => Some(Zone::Bottom),
        () => None,
    }
}

/// A text without what differs from page to page.
fn key(text: &str) -> String {
    let mut key = String::new();
    for c in text.chars().take(120) {
        match c {
            _ if c.is_whitespace() => {}
            _ if c.is_numeric() => {
                if !key.ends_with('#') {
                    key.push('#');
                }
            }
            _ => key.extend(c.to_lowercase()),
        }
    }
    key
}
