//! How values go back into the shape of a JSON Schema: the result, and its metadata in the same shape.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::super::{Extraction, Value};
use super::ordered::Json;
use crate::budget::{Exceeded, Held};
use crate::document::Rect;

/// What a value of the result must be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Text,
    /// A day, at midnight in UTC: documents give no times.
    DateTime,
    Number,
    Integer,
    Boolean,
    /// One of these, by their texts.
    Options(Vec<(String, Json)>),
}

/// A part of the result.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    /// An object of its parts; null if it may be and all of them are.
    Object { members: Vec<(String, Plan)>, nullable: bool },
    /// The value with this index, among those of the document or of the row.
    Value { index: usize, form: Form },
    /// The rows of the table with this index.
    Rows { table: usize, row: Box<Plan> },
    /// The values in the only column of the table with this index.
    List { table: usize, form: Form },
    /// What the schema fixes.
    Constant(Json),
}

/// The place where a value of a result was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The page, from 1.
    pub page: u32,
    /// The value as the document writes it.
    pub text: String,
    /// The box on the page, in points; None if the format has no layout.
    pub rect: Option<Rect>,
}

/// Where the parts of a result are from, in its shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// That of a value.
    Value {
        /// How likely the value is right, 0 to 1; 0 for null.
        confidence: f64,
        /// Where it was read. It has one although the value is null if what is there is not of the schema's type.
        source: Option<Source>,
    },
    /// That of the members of an object, in its order.
    Object(Vec<(String, Metadata)>),
    /// That of the items of a list.
    List(Vec<Metadata>),
}

/// The memory of a part of a result and its metadata besides its texts, in bytes.
const PART_BYTES: usize = 240;

impl Plan {
    /// The result and its metadata. `values` are those of the document, or of the row. `held` is the memory of both.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if there is not so much memory.
    pub fn render(
        &self,
        values: &[Value],
        extraction: &Extraction,
        held: &mut Held<'_>,
    ) -> Result<(Json, Metadata), Exceeded> {
        held.grow(PART_BYTES)?;
        Ok(match self {
            Self::Object { members, nullable } => {
                let (mut results, mut sources) = (Vec::with_capacity(members.len()), Vec::with_capacity(members.len()));
                for (name, part) in members {
                    held.grow(2 * name.len())?;
                    let (result, source) = part.render(values, extraction, held)?;
                    results.push((name.clone(), result));
                    sources.push((name.clone(), source));
                }
                if *nullable && results.iter().all(|(_, result)| *result == Json::Null) {
                    return Ok((Json::Null, Metadata::Value { confidence: 0.0, source: None }));
                }
                (Json::Object(results), Metadata::Object(sources))
            }
            Self::Value { index, form } => form.render(values.get(*index), held)?,
            Self::Rows { table, row } => {
                let rows = extraction.tables.get(*table).map(|table| table.rows.as_slice()).unwrap_or_default();
                let parts = rows.iter().map(|values| row.render(values, extraction, held));
                let (results, sources) = parts.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
                (Json::List(results), Metadata::List(sources))
            }
            Self::List { table, form } => {
                let rows = extraction.tables.get(*table).map(|table| table.rows.as_slice()).unwrap_or_default();
                let parts = rows.iter().map(|values| form.render(values.first(), held));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                // What is not of the type is no item.
                let (results, sources) = parts.into_iter().filter(|(result, _)| *result != Json::Null).unzip();
                (Json::List(results), Metadata::List(sources))
            }
            Self::Constant(value) => {
                held.grow(2 * value.as_text().map_or(0, str::len))?;
                let confidence = if *value == Json::Null { 0.0 } else { 1.0 };
                (value.clone(), Metadata::Value { confidence, source: None })
            }
        })
    }
}

impl Form {
    fn render(&self, value: Option<&Value>, held: &mut Held<'_>) -> Result<(Json, Metadata), Exceeded> {
        let texts = value.iter().flat_map(|value| [&value.value, &value.text]).flatten();
        held.grow(texts.map(String::len).sum())?;
        let result = value.and_then(|value| self.of(value.value.as_deref()?)).unwrap_or(Json::Null);
        let confidence = value.filter(|_| result != Json::Null).map_or(0.0, |value| value.confidence);
        let source = value.and_then(|value| {
            let (citation, text) = value.citation.zip(value.text.clone())?;
            Some(Source { page: citation.page, text, rect: citation.rect })
        });
        Ok((result, Metadata::Value { confidence, source }))
    }

    /// A value in this form; None if it is of another type, such as 2.5 for an integer.
    pub fn of(&self, value: &str) -> Option<Json> {
        match self {
            Self::Text => Some(Json::text(value)),
            Self::DateTime if is_day(value) => Some(Json::Text(format!("{value}T00:00:00Z"))),
            Self::DateTime => None,
            Self::Number => Number::from_f64(value.parse().ok()?).map(Json::Number),
            Self::Integer => {
                let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
                let is_whole = fraction.bytes().all(|digit| digit == b'0');
                is_whole.then(|| whole.parse::<i64>().ok())?.map(|number| Json::Number(number.into()))
            }
            Self::Boolean => value.parse().ok().map(Json::Bool),
            Self::Options(options) => {
                options.iter().find(|(option, _)| option == value).map(|(_, value)| value.clone())
            }
        }
    }
}

/// Whether a value is a day, as `2026-03-31`.
fn is_day(value: &str) -> bool {
    value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_of_the_schema() {
        let options =
            Form::Options(vec![("7".to_owned(), Json::Number(7.into())), ("A b".to_owned(), Json::text("A b"))]);
        for (form, value, expected) in [
            (Form::Text, "1.50", "\"1.50\""),
            (Form::DateTime, "2026-03-31", "\"2026-03-31T00:00:00Z\""),
            (Form::DateTime, "March", "null"),
            (Form::Number, "1234.56", "1234.56"),
            (Form::Number, "19", "19.0"),
            (Form::Number, "-0.5", "-0.5"),
            (Form::Number, "x", "null"),
            (Form::Number, "inf", "null"),
            (Form::Integer, "12.00", "12"),
            (Form::Integer, "-3", "-3"),
            (Form::Integer, "12.5", "null"),
            (Form::Integer, "RE-1", "null"),
            (Form::Integer, "99999999999999999999", "null"),
            (Form::Boolean, "true", "true"),
            (Form::Boolean, "maybe", "null"),
            (options.clone(), "7", "7"),
            (options.clone(), "A b", "\"A b\""),
            (options, "a b", "null"),
        ] {
            let found = form.of(value).unwrap_or(Json::Null);
            assert_eq!(serde_json::to_string(&found).unwrap(), expected, "{form:?} {value}");
        }
    }
}
