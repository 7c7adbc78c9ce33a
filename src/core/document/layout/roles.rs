//! Decides the roles of passages, from their font size relative to most text and from texts repeated on many pages.

use std::collections::{BTreeMap, BTreeSet};

use super::PageDraft;
use super::passages::Shape;
use crate::budget::{Budget, Exceeded, Held};
use crate::document::marks::{KEEPS_MARKS, MARK_MEMORY, Mark};
use crate::document::{Page, Role};
use crate::text::without_numbers;

/// The steps of work to find out whether a passage is repeated, and to find its role.
const MARGIN_STEPS: usize = 10;
const ROLE_STEPS: usize = 10;

/// The memory of a text that may be repeated, beside its bytes.
const KEY_MEMORY: usize = 96;

/// The height of the top and bottom margins with headers and footers, as a share of the height of the page.
const MARGIN_ZONE: f32 = 0.12;

/// The minimum font size of a heading and of the title, relative to most text.
const HEADING_SIZE: f32 = 1.15;
const TITLE_SIZE: f32 = 1.25;

/// The maximum bytes of a heading, and of a heading that is only distinguished by bold type.
const MAX_HEADING_BYTES: usize = 200;
const MAX_BOLD_HEADING_BYTES: usize = 100;

/// The maximum number of lines of a heading.
const MAX_HEADING_LINES: u32 = 3;

/// Sets the roles of the passages of all pages.
pub(in crate::document) fn finish(mut drafts: Vec<PageDraft>, budget: &Budget) -> Result<Vec<Page>, Exceeded> {
    let mut held = budget.hold(0)?;
    let margins = margins(&drafts, budget, &mut held)?;
    let body = body(&drafts);
    for (page_index, draft) in drafts.iter_mut().enumerate() {
        let page = &mut draft.page;
        budget.work(page.passages.len() * ROLE_STEPS)?;
        // The largest text of the first page is the title, if it is large.
        let largest = if page_index == 0 {
            draft.shapes.iter().filter(|shape| may_be_heading(shape)).map(|shape| shape.size).fold(0.0, f32::max)
        } else {
            f32::MAX
        };
        let mut has_title = false;
        for (passage, shape) in page.passages.iter_mut().zip(&draft.shapes) {
            let text = passage.span.of(&page.text);
            let has_letters = text.chars().filter(|c| c.is_alphabetic()).count() > 1;
            let is_short = has_letters && may_be_heading(shape) && text.len() <= MAX_HEADING_BYTES;
            passage.role = match () {
                () if zone(shape, page.size).is_some_and(|zone| margins.contains_key(&(zone, key(text)))) => {
                    Role::Margin
                }
                () if shape.row => Role::TableRow,
                () if is_short && !has_title && shape.size >= largest && shape.size >= TITLE_SIZE * body.size => {
                    has_title = true;
                    Role::Title
                }
                () if is_short && shape.size >= HEADING_SIZE * body.size => Role::Heading,
                () if is_short
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
    if KEEPS_MARKS {
        mark_headings(&mut drafts, budget)?;
    }
    Ok(drafts.into_iter().map(|draft| draft.page).collect())
}

/// The size of a font in half points.
fn half_points(size: f32) -> i32 {
    libm::roundf(size * 2.0) as i32
}

/// Marks the levels of headings: the title is the first level, and below it, larger fonts are higher levels.
fn mark_headings(drafts: &mut [PageDraft], budget: &Budget) -> Result<(), Exceeded> {
    let mut sizes = BTreeSet::new();
    let mut headings = 0;
    for draft in drafts.iter() {
        budget.work(draft.page.passages.len())?;
        for (passage, shape) in draft.page.passages.iter().zip(&draft.shapes) {
            if passage.role == Role::Heading {
                sizes.insert(half_points(shape.size));
            }
            headings += usize::from(matches!(passage.role, Role::Title | Role::Heading));
        }
    }
    let _held = budget.hold(headings * MARK_MEMORY)?;
    let levels: BTreeMap<i32, usize> = sizes.into_iter().rev().zip(2..).collect();
    for draft in drafts {
        let Page { passages, marks, .. } = &mut draft.page;
        for (passage, shape) in passages.iter().zip(&draft.shapes) {
            let level = match passage.role {
                Role::Title => 1,
                Role::Heading => levels.get(&half_points(shape.size)).copied().unwrap_or(2),
                _ => continue,
            };
            marks.push(Mark::heading(passage.span.start, passage.span.end, level));
        }
        // Links are there already. What holds others comes before them.
        marks.sort_by_key(|mark| (mark.span.start, std::cmp::Reverse(mark.span.end)));
    }
    Ok(())
}

fn may_be_heading(shape: &Shape) -> bool {
    !shape.row && !shape.turned && shape.lines <= MAX_HEADING_LINES
}

/// The font of most text.
struct Body {
    size: f32,
    bold: bool,
}

fn body(drafts: &[PageDraft]) -> Body {
    // The number of bytes per font size in half points, and in bold.
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    let (mut bold_bytes, mut all_bytes) = (0, 0);
    for draft in drafts {
        for (passage, shape) in draft.page.passages.iter().zip(&draft.shapes) {
            let bytes = passage.span.end - passage.span.start;
            *sizes.entry(half_points(shape.size)).or_default() += bytes;
            all_bytes += bytes;
            bold_bytes += if shape.bold { bytes } else { 0 };
        }
    }
    let most_used = sizes.into_iter().max_by_key(|(size, bytes)| (*bytes, *size));
    Body { size: most_used.map_or(0.0, |(size, _)| size as f32 / 2.0), bold: bold_bytes * 2 > all_bytes }
}

/// Texts that are repeated at the top or bottom of at least two fifths of the pages, so that different headers of left
/// and right pages count too. Numbers in them may differ.
fn margins(
    drafts: &[PageDraft],
    budget: &Budget,
    held: &mut Held<'_>,
) -> Result<BTreeMap<(Zone, String), usize>, Exceeded> {
    let mut pages: BTreeMap<(Zone, String), usize> = BTreeMap::new();
    for draft in drafts {
        budget.work(draft.page.passages.len() * MARGIN_STEPS)?;
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
            held.grow(KEY_MEMORY + key.1.len())?;
            *pages.entry(key).or_default() += 1;
        }
    }
    pages.retain(|_, count| *count >= 2 && *count * 5 >= drafts.len() * 2);
    Ok(pages)
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

/// A text without the parts that differ from page to page.
fn key(text: &str) -> String {
    without_numbers(text.chars().take(120))
}
