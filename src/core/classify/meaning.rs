//! What a text means, as far as the embedding table knows: documents and rules as directions, held against each other.
//!
//! Three directions of a document are looked at: that of all of it, those of its first passages, and that of its
//! beginning. From every one the direction of everyday sentences is taken away, from those of the rules also half of
//! what the rules share, so that what is left tells them apart.
//!
//! The table is English. For other languages nothing is said here, and the words alone decide.

use crate::document::{Document, Role, Span};
use crate::text::{PieceId, Pieces, Share, Sum, Vector};

use super::reading::passages;

/// Pieces of a passage: about a paragraph.
const PASSAGE: usize = 96;

/// A last passage of fewer pieces than this is no passage of its own.
const SHORTEST: usize = PASSAGE / 2;

/// A text of no more pieces than this is one passage: a paragraph and a third.
const ONE_PASSAGE: usize = 125;

/// Passages that are looked at one by one, from the start: two full pages. What comes later counts in the whole
/// alone.
const PASSAGES: usize = 12;

/// Pieces looked at, from the start of the document: some 400 full pages, as with words.
const MAX_PIECES: usize = 300_000;

/// What of the rules' common direction is taken away, when there are more than two rules.
const COMMON_SHARE: f32 = 0.5;

/// A rule set as directions.
#[derive(Debug, Clone)]
pub(super) struct RuleDirections {
    /// One for each rule; zero where no word of it carries meaning.
    pub rules: Vec<Vector>,
    /// The same without regard to the other rules: nothing of what they share is taken away.
    pub alone: Vec<Vector>,
    pub background: Vector,
}

impl RuleDirections {
    /// From the words of each rule: label and description, without what it excludes.
    pub fn new(texts: &[String]) -> Self {
        let background = Vector::background();
        let raw: Vec<Vector> = texts.iter().map(|text| sum_of(text).direction()).collect();
        let mut common = Vector::ZERO;
        for rule in &raw {
            common = common.plus(1.0 / raw.len() as f32, rule);
        }
        let alone: Vec<Vector> = raw.iter().map(|rule| rule.plus(-1.0, &background).unit().0).collect();
        let apart = |rule: &Vector| rule.plus(COMMON_SHARE - 1.0, &background).plus(-COMMON_SHARE, &common).unit().0;
        let rules = if raw.len() > 2 { raw.iter().map(apart).collect() } else { alone.clone() };
        Self { rules, alone, background }
    }
}

/// The sum of a text's pieces.
pub(super) fn sum_of(text: &str) -> Sum {
    let mut sum = Sum::default();
    for piece in Pieces::new(text).take(MAX_PIECES) {
        sum.add(piece.id, Share::Whole);
    }
    sum
}

/// A piece with a vector among the first passages, and the word it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken {
    pub piece: PieceId,
    pub share: Share,
    /// Which passage.
    pub passage: usize,
    /// Index into the document's pages.
    pub page: usize,
    /// The whole word.
    pub span: Span,
}

/// A direction of a document.
#[derive(Debug, Clone)]
pub(super) struct Direction {
    /// Of length 1, the background taken away.
    pub vector: Vector,
    /// The length of the sum of pieces, and that of its direction without the background: what a piece's own share in a
    /// cosine is divided by.
    pub lengths: (f64, f64),
}

impl Direction {
    fn of(sum: &Sum, background: &Vector) -> Option<Self> {
        let length = sum.length();
        if length <= 0.0 {
            return None;
        }
        let (vector, without) = sum.direction().plus(-1.0, background).unit();
        (without > 0.0).then_some(Self { vector, lengths: (length, without) })
    }
}

/// A document as directions.
#[derive(Debug, Clone, Default)]
pub(super) struct Meaning {
    /// Of all of it; nothing where no word carries meaning.
    pub whole: Option<Direction>,
    /// Of its first passages, in order, with their places.
    pub passages: Vec<(usize, Direction)>,
    /// The pieces of those, in order.
    pub spoken: Vec<Spoken>,
}

impl Meaning {
    /// The number of the passage nearest to a rule, the first of equals.
    pub fn nearest(&self, rule: &Vector) -> Option<usize> {
        let cosines = self.passages.iter().map(|(at, passage)| (*at, passage.vector.dot(rule)));
        cosines.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(at, _)| at)
    }

    /// The direction of all of it, where any word carries meaning.
    pub fn direction(&self) -> Option<Vector> {
        self.whole.as_ref().map(|whole| whole.vector.clone())
    }

    /// Reads `document`.
    pub fn new(document: &Document, background: &Vector) -> Self {
        let mut meaning = Self::default();
        let mut sums: Vec<Sum> = vec![Sum::default()];
        let mut rest = Sum::default();
        let mut count = 0;
        'document: for (page_at, page) in document.pages.iter().enumerate() {
            for passage in passages(page) {
                let share = match passage.role {
                    Role::Quote | Role::Margin | Role::Signature | Role::Header => Share::Half,
                    Role::Title | Role::Heading | Role::Body | Role::TableRow => Share::Whole,
                };
                for piece in Pieces::new(passage.span.of(&page.text)) {
                    if count == MAX_PIECES {
                        break 'document;
                    }
                    let at = count / PASSAGE;
                    count += 1;
                    if at >= PASSAGES {
                        rest.add(piece.id, share);
                        continue;
                    }
                    if at == sums.len() {
                        sums.push(Sum::default());
                    }
                    if sums.last_mut().is_some_and(|sum| sum.add(piece.id, share)) {
                        let start = passage.span.start;
                        let span = Span { start: start + piece.word.start, end: start + piece.word.end };
                        meaning.spoken.push(Spoken { piece: piece.id, share, passage: at, page: page_at, span });
                    }
                }
            }
        }
        for sum in &sums {
            rest.add_sum(sum);
        }
        meaning.whole = Direction::of(&rest, background);
        if count <= ONE_PASSAGE {
            sums = vec![rest];
            for spoken in &mut meaning.spoken {
                spoken.passage = 0;
            }
        } else if count <= PASSAGES * PASSAGE && count % PASSAGE != 0 && count % PASSAGE <= SHORTEST {
            sums.pop();
        }
        meaning.passages =
            sums.iter().enumerate().filter_map(|(at, sum)| Some((at, Direction::of(sum, background)?))).collect();
        meaning
    }
}
