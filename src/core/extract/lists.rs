//! All values of a field, for a list of them: the email addresses of a letter, the items after a label.

use super::candidates::{NumberAndDateFormat, ScoredCandidate, SegmentValues};
use super::ranking::{MIN_SCORE, Ranking};
use super::schema::{Field, FieldKind};
use super::texts::trim_text;
use super::{Citation, TableRows, VALUE_BYTES, Value};
use crate::budget::Held;
use crate::document::{Span, one_line};
use crate::error::Result;

/// The maximum number of values of a list, and of places that may be some.
const MAX_LIST: usize = 200;

/// The share of the best score that a value must have to be in the list with it: a label that is as near, or nearly.
const LIST_SHARE: f64 = 0.75;

/// What separates the values in one text. All are of one byte.
const SEPARATORS: [char; 4] = [',', ';', '|', '\n'];

impl Ranking<'_> {
    /// The values of a field in the order of the document, each once, as the rows of a table of one column. `held` is
    /// the memory of the answer.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn list(
        &self,
        field_index: usize,
        field: &Field,
        format: NumberAndDateFormat,
        held: &mut Held<'_>,
    ) -> Result<TableRows> {
        let mut rows: Vec<Vec<Value>> = Vec::new();
        let query_index = self.queries.iter().position(|query| query.field == Some(field_index));
        let ranked = query_index.and_then(|index| self.ranked.get(index)).map(Vec::as_slice).unwrap_or_default();
        let kind = query_index.and_then(|index| self.queries.get(index)).map_or(field.kind, |query| query.kind);
        let least = ranked.first().map_or(0.0, |best| (LIST_SHARE * best.score).max(MIN_SCORE));
        let best: Vec<_> = ranked.iter().take_while(|scored| scored.score >= least).take(MAX_LIST).collect();
        self.budget.pairs(ranked.len(), best.len(), 8)?;
        // The value after another in the same place has a lower score.
        let is_beside =
            |scored: &&ScoredCandidate| best.iter().any(|other| other.candidate.segment == scored.candidate.segment);
        let mut places: Vec<_> = ranked.iter().filter(is_beside).take(MAX_LIST).collect();
        places.sort_by_key(|scored| (scored.candidate.segment, scored.candidate.span));
        for scored in places {
            let value = self.value(field, scored);
            let parts = match kind {
                FieldKind::Text => self.texts(scored, &value),
                FieldKind::Label => vec![value],
                _ => self.values_from(scored, &value, kind, format)?,
            };
            for part in parts {
                self.budget.work(1 + rows.len())?;
                if rows.len() < MAX_LIST && !rows.iter().flatten().any(|known| known.value == part.value) {
                    let texts = [&part.value, &part.text].into_iter().flatten().map(String::len).sum::<usize>();
                    held.grow(VALUE_BYTES + field.name.len() + 3 * texts)?;
                    rows.push(vec![part]);
                }
            }
        }
        Ok(TableRows { table: field.name.clone(), rows })
    }

    /// The texts from a place to the end of its segment, if it has several.
    fn texts(&self, scored: &ScoredCandidate, value: &Value) -> Vec<Value> {
        let Some(segment) = self.grid.segments.get(scored.candidate.segment) else { return Vec::new() };
        let page_text = self.grid.text(segment.page);
        let mut span = scored.candidate.span;
        // A text alone ends at a semicolon.
        let rest = Span { start: span.end, end: segment.span.end.max(span.end) };
        if rest.of(page_text).trim_start().starts_with(SEPARATORS) {
            span.end = rest.end;
        }
        let mut parts = Vec::new();
        let mut start = span.start;
        for part in span.of(page_text).split(SEPARATORS) {
            let trimmed = trim_text(page_text, Span { start, end: start + part.len() });
            start += part.len() + 1;
            parts.extend(trimmed.map(|span| self.at(value, segment.page, span, one_line(span.of(page_text)))));
        }
        parts
    }

    /// The values of a kind from a place to the next label in its segment.
    fn values_from(
        &self,
        scored: &ScoredCandidate,
        value: &Value,
        kind: FieldKind,
        format: NumberAndDateFormat,
    ) -> Result<Vec<Value>> {
        let Some(segment) = self.grid.segments.get(scored.candidate.segment) else { return Ok(Vec::new()) };
        let text = self.grid.text_of(segment);
        let mut found = SegmentValues::new(text, format).of_kind(kind, self.budget)?;
        found.sort_by_key(|(found, _)| found.range.start);
        let mut values = vec![value.clone()];
        let mut end = scored.candidate.span.end.saturating_sub(segment.span.start);
        for (found, _) in found {
            if found.range.start < end {
                continue;
            }
            let between = text.get(end..found.range.start).unwrap_or_default();
            self.budget.pass_over(between.len())?;
            if between.contains(':') || values.len() == MAX_LIST {
                break;
            }
            end = found.range.end;
            let span = Span { start: segment.span.start + found.range.start, end: segment.span.start + end };
            values.push(self.at(value, segment.page, span, found.value));
        }
        Ok(values)
    }

    /// Another value at another place.
    fn at(&self, value: &Value, page: usize, span: Span, text: String) -> Value {
        let rect = self.grid.layout_rect(page, span);
        Value {
            field: value.field.clone(),
            value: Some(text),
            text: Some(span.of(self.grid.text(page)).to_owned()),
            confidence: value.confidence,
            citation: value.citation.map(|citation| Citation { span, rect, ..citation }),
            origin: value.origin,
        }
    }
}
