//! The meaning of texts, as far as the embedding table has it: documents and rules as unit vectors, compared by cosine.
//!
//! A document has several unit vectors: of the whole, and of each of its first passages. The mean vector of everyday
//! sentences is subtracted from each; from those of the rules also half of what the rules have in common, so that the
//! remainder distinguishes them.
//!
//! An embedding table supports certain languages; the built-in table supports English. For texts in other languages,
//! there is no semantic view, and only matching words decide.

use crate::budget::Budget;
use crate::document::{Document, Passage, Role, Span};
use crate::error::Result;
use crate::text::{EmbeddingTable, Language, PieceId, PieceWeight, Pieces, Vector, VectorSum};

use super::term_matches::passages;

/// The number of pieces in a passage: about a paragraph.
const PASSAGE_PIECES: usize = 96;

/// A last passage of at most this many pieces is not a passage of its own.
const MIN_LAST_PASSAGE_PIECES: usize = PASSAGE_PIECES / 2;

/// A text of at most this many pieces is one passage: a paragraph and a third.
const SINGLE_PASSAGE_PIECES: usize = 125;

/// The maximum number of passages with unit vectors of their own, from the start: two full pages. Later text counts
/// only in the whole.
const MAX_PASSAGES: usize = 12;

/// The maximum number of pieces read, from the start of the document: some 400 full pages, as with words.
const MAX_PIECES: usize = 300_000;

/// The work of turning a sum of pieces into a unit vector, in steps.
const VECTOR_STEPS: usize = 32;

/// The share of the rules' mean that is subtracted if there are more than two rules.
const COMMON_SHARE: f32 = 0.5;

/// A rule set as unit vectors.
#[derive(Debug, Clone)]
pub(super) struct RuleVectors {
    /// The unit vector of each rule; zero if no word of it carries meaning.
    pub centered: Vec<Vector>,
    /// The unit vectors without subtracting what the rules have in common.
    pub uncentered: Vec<Vector>,
    /// The table that they, and the documents compared with them, are computed with.
    pub table: &'static EmbeddingTable,
}

impl RuleVectors {
    /// Computes the unit vectors from the text of each rule: label and description, without what it excludes.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn new(texts: &[String], table: &'static EmbeddingTable, budget: &Budget) -> Result<Self> {
        for text in texts {
            budget.work(VECTOR_STEPS)?;
            budget.pass_over(text.len())?;
        }
        let mean = table.mean_vector();
        let raw: Vec<Vector> = texts.iter().map(|text| sum_of(text, table).unit_vector()).collect();
        let mut common = Vector::ZERO;
        for rule in &raw {
            common = common.add_scaled(1.0 / raw.len() as f32, rule);
        }
        let uncentered: Vec<Vector> = raw.iter().map(|rule| rule.add_scaled(-1.0, mean).normalized().0).collect();
        let center =
            |rule: &Vector| rule.add_scaled(COMMON_SHARE - 1.0, mean).add_scaled(-COMMON_SHARE, &common).normalized().0;
        let centered = if raw.len() > 2 { raw.iter().map(center).collect() } else { uncentered.clone() };
        Ok(Self { centered, uncentered, table })
    }

    /// A text as unit vectors; None unless the table supports both the language of the text and that of the rules.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn view(
        &self,
        document: &Document,
        language: Language,
        rule_language: Language,
        budget: &Budget,
    ) -> Result<Option<SemanticView>> {
        let supports_languages = self.table.supports(language) && self.table.supports(rule_language);
        supports_languages.then(|| SemanticView::new(document, self.table, budget)).transpose()
    }

    /// The unit vector of a whole text, as in [`Self::view`]; None also if no word carries meaning.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn unit_vector(
        &self,
        document: &Document,
        language: Language,
        rule_language: Language,
        budget: &Budget,
    ) -> Result<Option<Vector>> {
        if !self.table.supports(language) || !self.table.supports(rule_language) {
            return Ok(None);
        }
        budget.work(VECTOR_STEPS)?;
        let mut sum = VectorSum::new(self.table);
        let mut remaining = MAX_PIECES;
        for page in &document.pages {
            for passage in passages(page) {
                let text = passage.span.of(&page.text);
                budget.pass_over(text.len())?;
                let weight = weight_of(&passage);
                for piece in Pieces::new(text).take(remaining) {
                    remaining -= 1;
                    sum.add(piece.id, weight);
                }
            }
        }
        Ok(TextVector::of(&sum, self.table.mean_vector()).map(|whole| whole.vector))
    }
}

/// How much the pieces of a passage count.
fn weight_of(passage: &Passage) -> PieceWeight {
    match passage.role {
        Role::Quote | Role::Margin | Role::Signature | Role::Header => PieceWeight::Half,
        Role::Title | Role::Heading | Role::Body | Role::TableRow => PieceWeight::Full,
    }
}

/// The sum of a text's pieces.
fn sum_of<'a>(text: &str, table: &'a EmbeddingTable) -> VectorSum<'a> {
    let mut sum = VectorSum::new(table);
    for piece in Pieces::new(text).take(MAX_PIECES) {
        sum.add(piece.id, PieceWeight::Full);
    }
    sum
}

/// A piece with a vector in one of the first passages, and the word that contains it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceOccurrence {
    pub piece: PieceId,
    pub weight: PieceWeight,
    /// The index of the passage.
    pub passage: usize,
    /// Index into the document's pages.
    pub page: usize,
    /// The whole word.
    pub span: Span,
}

/// A unit vector of a document.
#[derive(Debug, Clone)]
pub(super) struct TextVector {
    /// The unit vector, with the mean vector subtracted.
    pub vector: Vector,
    /// The length of the sum of pieces, and that of its unit vector without the mean vector: the divisors of a piece's
    /// part of a cosine.
    pub lengths: (f64, f64),
}

impl TextVector {
    fn of(sum: &VectorSum<'_>, mean: &Vector) -> Option<Self> {
        let length = sum.length();
        if length <= 0.0 {
            return None;
        }
        let (vector, centered_length) = sum.unit_vector().add_scaled(-1.0, mean).normalized();
        (centered_length > 0.0).then_some(Self { vector, lengths: (length, centered_length) })
    }
}

/// A document as unit vectors.
#[derive(Debug, Clone, Default)]
pub(super) struct SemanticView {
    /// The unit vector of the whole document; None if no word carries meaning.
    pub whole: Option<TextVector>,
    /// The unit vectors of its first passages, in order, with their indices.
    pub passages: Vec<(usize, TextVector)>,
    /// The pieces of those passages, in order.
    pub occurrences: Vec<PieceOccurrence>,
}

impl SemanticView {
    /// The index of the passage nearest to a rule, the first of equals.
    pub fn nearest(&self, rule: &Vector) -> Option<usize> {
        let cosines = self.passages.iter().map(|(passage_index, passage)| (*passage_index, passage.vector.dot(rule)));
        cosines.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(passage_index, _)| passage_index)
    }

    /// The unit vector of the whole document; None if no word carries meaning.
    pub fn unit_vector(&self) -> Option<Vector> {
        self.whole.as_ref().map(|whole| whole.vector.clone())
    }

    /// Computes the unit vectors of `document`.
    fn new(document: &Document, table: &EmbeddingTable, budget: &Budget) -> Result<Self> {
        budget.work(MAX_PASSAGES * VECTOR_STEPS)?;
        let mean = table.mean_vector();
        let mut view = Self::default();
        let mut sums = vec![VectorSum::new(table)];
        let mut whole = VectorSum::new(table);
        let mut count = 0;
        'document: for (page_index, page) in document.pages.iter().enumerate() {
            for passage in passages(page) {
                let weight = weight_of(&passage);
                let text = passage.span.of(&page.text);
                budget.pass_over(text.len())?;
                for piece in Pieces::new(text) {
                    if count == MAX_PIECES {
                        break 'document;
                    }
                    let passage_index = count / PASSAGE_PIECES;
                    count += 1;
                    if passage_index >= MAX_PASSAGES {
                        whole.add(piece.id, weight);
                        continue;
                    }
                    if passage_index == sums.len() {
                        sums.push(VectorSum::new(table));
                    }
                    if sums.last_mut().is_some_and(|sum| sum.add(piece.id, weight)) {
                        let start = passage.span.start;
                        let span = Span { start: start + piece.word.start, end: start + piece.word.end };
                        view.occurrences.push(PieceOccurrence {
                            piece: piece.id,
                            weight,
                            passage: passage_index,
                            page: page_index,
                            span,
                        });
                    }
                }
            }
        }
        for sum in &sums {
            whole.add_sum(sum);
        }
        view.whole = TextVector::of(&whole, mean);
        if count <= SINGLE_PASSAGE_PIECES {
            sums = vec![whole];
            for occurrence in &mut view.occurrences {
                occurrence.passage = 0;
            }
        } else if count <= MAX_PASSAGES * PASSAGE_PIECES
            && count % PASSAGE_PIECES != 0
            && count % PASSAGE_PIECES <= MIN_LAST_PASSAGE_PIECES
        {
            sums.pop();
        }
        view.passages = sums
            .iter()
            .enumerate()
            .filter_map(|(passage_index, sum)| Some((passage_index, TextVector::of(sum, mean)?)))
            .collect();
        Ok(view)
    }
}
