//! What a file says about the structure of its text: levels of headings, items of lists, links, cells.
//!
//! Marks are beside the text and the passages, which are the same with and without them. A build without the feature
//! `parse` has none.

use std::sync::Arc;

use super::Span;

/// Whether this build keeps marks.
pub(super) const KEEPS_MARKS: bool = cfg!(feature = "parse");

/// The deepest level of a list; deeper items are at this level. Word has nine.
pub(crate) const MAX_LIST_DEPTH: u8 = 9;

/// The deepest level of a heading.
pub(super) const MAX_HEADING_LEVEL: u8 = 6;

/// The maximum length of an address, in bytes. Longer ones do not work in every browser.
const MAX_URL_BYTES: usize = 2_048;

/// The memory of a mark without its address: in its block, and in its page.
pub(super) const MARK_MEMORY: usize = 2 * 24;

/// A piece of a page's text, and what the file says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The position in the page's text.
    pub span: Span,
    /// What it is.
    pub kind: MarkKind,
}

/// What a marked piece of text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkKind {
    /// A heading of this level, from 1 to 6.
    Heading(u8),
    /// An item of a list, without the items of the lists inside it.
    ListItem {
        /// Whether the items are numbered.
        ordered: bool,
        /// The level, from 1.
        depth: u8,
        /// Whether it goes on with the item above it, as its next paragraph.
        continues: bool,
    },
    /// A link.
    Link {
        /// Where it leads to: an address, or a path that only the file's own place completes.
        url: Arc<str>,
    },
    /// A row of a table that names its columns.
    HeaderRow,
    /// A cell of a table row in which some cells are empty, so that its place among the others is not its column.
    Cell {
        /// The column, from 0.
        column: u32,
    },
}

impl Mark {
    pub(super) const fn new(start: usize, end: usize, kind: MarkKind) -> Self {
        Self { span: Span { start, end }, kind }
    }

    /// The mark of a heading.
    pub(super) fn heading(start: usize, end: usize, level: usize) -> Self {
        let level = u8::try_from(level).unwrap_or(u8::MAX).clamp(1, MAX_HEADING_LEVEL);
        Self::new(start, end, MarkKind::Heading(level))
    }

    /// The mark of an item of a list.
    pub(super) fn list_item(start: usize, end: usize, ordered: bool, depth: usize, continues: bool) -> Self {
        let depth = u8::try_from(depth).unwrap_or(u8::MAX).clamp(1, MAX_LIST_DEPTH);
        Self::new(start, end, MarkKind::ListItem { ordered, depth, continues })
    }

    /// The memory of the mark, in bytes. Other readers than those of Word and PDF know what theirs take.
    #[cfg(any(feature = "office", feature = "pdf"))]
    pub(super) fn memory(&self) -> usize {
        MARK_MEMORY + if let MarkKind::Link { url } = &self.kind { url.len() } else { 0 }
    }

    /// The part of the mark within `start..end` of its text, counted from `start`; None if there is none.
    pub(super) fn within(&self, start: usize, end: usize) -> Option<Self> {
        let span = Span { start: self.span.start.max(start), end: self.span.end.min(end) };
        (span.start < span.end).then(|| Self::new(span.start - start, span.end - start, self.kind.clone()))
    }
}

/// The marks of a text that is cut into pieces, which are asked for from left to right.
pub(super) struct Cutter {
    marks: Vec<Mark>,
    next: usize,
}

impl Cutter {
    pub fn new(mut marks: Vec<Mark>) -> Self {
        // Without this condition a build that keeps no marks has the code of sorting them.
        if KEEPS_MARKS {
            marks.sort_by_key(|mark| mark.span.start);
        }
        Self { marks, next: 0 }
    }

    /// The marks that begin in a piece of the text, cut at its end and counted from its start.
    pub fn piece(&mut self, start: usize, end: usize) -> Vec<Mark> {
        let mut piece = Vec::new();
        if !KEEPS_MARKS {
            return piece;
        }
        while let Some(mark) = self.marks.get(self.next).filter(|mark| mark.span.start < end) {
            piece.extend(mark.within(start, end));
            self.next += 1;
        }
        piece
    }
}

/// The address of a link; None if it leads nowhere outside the document, is too long, or would run a program.
pub(super) fn link_url(text: &str) -> Option<Arc<str>> {
    const SCHEMES: [&str; 5] = ["http", "https", "mailto", "tel", "ftp"];
    let url = text.trim();
    if url.is_empty() || url.len() > MAX_URL_BYTES || url.starts_with('#') || url.contains(char::is_control) {
        return None;
    }
    let is_path = |before: &str| before.contains(['/', '?', '#']);
    match url.split_once(':') {
        Some((scheme, _)) if !is_path(scheme) => {
            SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)).then(|| url.into())
        }
        _ => Some(url.into()),
    }
}

/// The levels of a list, by how far its items are indented.
#[derive(Debug, Default)]
pub(crate) struct Indents(Vec<f32>);

impl Indents {
    /// The depth of an item, from 1. An item is deeper than the one above if it is indented by at least `step` more.
    pub fn depth(&mut self, indent: f32, step: f32) -> usize {
        while self.0.len() > 1 && self.0.last().is_some_and(|last| indent < last - step / 2.0) {
            self.0.pop();
        }
        match self.0.last() {
            Some(last) if indent < last + step => {}
            _ => self.0.push(indent),
        }
        self.0.len()
    }

    /// Whether there is an item above.
    pub fn is_inside(&self) -> bool {
        !self.0.is_empty()
    }

    /// Ends the list.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, expected) in [
            (" https://a.example/b:c ", Some("https://a.example/b:c")),
            ("MAILTO:a@b.example", Some("MAILTO:a@b.example")),
            ("path/to?x=a:b", Some("path/to?x=a:b")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("#part", None),
            ("", None),
            ("http://a\u{0}", None),
        ] {
            assert_eq!(link_url(text).as_deref(), expected, "{text}");
        }
        assert_eq!(link_url(&"a".repeat(MAX_URL_BYTES + 1)), None);
    }

    #[test]
    fn pieces_have_the_marks_that_begin_in_them() {
        let link = |start, end| Mark::new(start, end, MarkKind::Link { url: "x".into() });
        let mut cutter = Cutter::new(vec![link(6, 12), link(1, 3)]);
        assert_eq!(cutter.piece(0, 5), [link(1, 3)]);
        assert_eq!(cutter.piece(5, 9), [link(1, 4)]);
        assert_eq!(cutter.piece(9, 20), []);
    }

    #[test]
    fn indents_become_depths() {
        let mut indents = Indents::default();
        let depths = [0.0, 2.0, 2.0, 5.0, 0.0, 1.0, 3.0].map(|indent| indents.depth(indent, 2.0));
        assert_eq!(depths, [1, 2, 2, 3, 1, 1, 2]);
    }
}
