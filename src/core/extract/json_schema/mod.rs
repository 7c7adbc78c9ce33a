//! JSON Schema as the language of extraction: a schema is compiled to a native one, and the values go back into its
//! shape.
//!
//! - `ordered`: JSON with the order of its members, which is that of the result.
//! - `nodes`: what a property must be, through references and choices with null. `compile`: the native schema and the
//!   plan of the result. `naming`: what a property means, by the lexicon of concepts.
//! - `scalars`: the types of single values. `plan`: the result and its metadata.
//! - `pages`: one result for the document, or one for each of its pages.
//! - `generate`: a schema from names, or from an example document.
//!
//! A schema is an object with properties: texts, numbers, integers, booleans, and values to choose from; objects of
//! these; lists of values; and lists of objects, whose items are the rows of a table. Bounds and patterns of values are
//! accepted and not enforced, because a value is what the document has. What the extractor cannot give is refused, with
//! all faults and their places.
//!
//! The result has every property. It is null if the document does not give one or gives one of another type, such as
//! 2.5 for an integer, whether or not the schema lets it be null: a caller that validates the result then learns that
//! the document lacks it. A list is empty instead.

mod compile;
mod generate;
mod naming;
mod nodes;
mod ordered;
mod pages;
mod plan;
mod scalars;
#[cfg(test)]
mod tests;

pub use generate::{complete, from_document};
pub use ordered::Json;
pub use pages::{Extracted, ExtractedJson, Target, extract};
pub use plan::{Metadata, Source};

use super::schema::Schema;
use super::{Extraction, extract_with_lists};
use crate::budget::{Budget, Held};
use crate::document::{AttachedFile, Document};
use crate::error::{Error, PathSegment, Result, Violation};

/// The most properties of a schema, the most levels of them, the most characters of names, descriptions and values to
/// choose from, and the most of the schema as JSON. Those of the hosted service whose clients bring such schemas; what
/// the extractor reads of a schema is less ([`MAX_FIELDS`](crate::limits::MAX_FIELDS)).
pub const MAX_PROPERTIES: usize = 5_000;
/// See [`MAX_PROPERTIES`].
pub const MAX_DEPTH: usize = 7;
/// See [`MAX_PROPERTIES`].
pub const MAX_TEXT_CHARS: usize = 120_000;
/// See [`MAX_PROPERTIES`].
pub const MAX_SCHEMA_CHARS: usize = 150_000;

/// The memory of a byte of a schema as values: a name or a value of two bytes takes some sixty.
const MEMORY_PER_BYTE: usize = 32;

/// A compiled JSON Schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The native schema. The fields of lists follow those of single values.
    schema: Schema,
    single_fields: usize,
    plan: plan::Plan,
    /// Its memory.
    bytes: usize,
}

impl Compiled {
    /// Compiles the text of a schema. `prefix` is the path to it in the caller's input, and goes in front of the places
    /// of faults.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid) with all faults and their places: what is not JSON, not
    /// supported, or more than the limits above and those of a native schema; `OverBudget`.
    pub fn parse(text: &str, prefix: &[PathSegment], budget: &Budget) -> Result<Self> {
        let (json, _held) = parse(text, prefix, budget)?;
        compile::compile(&json, prefix, budget)
    }

    /// The native schema: the fields of single values, then those of lists, and the tables.
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Extracts the values. The tables of the schema come first, then one of a single column for each list.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn extract(&self, document: &Document, attachments: &[AttachedFile], budget: &Budget) -> Result<Extraction> {
        let _held = budget.hold(self.bytes)?;
        extract_with_lists(document, &self.schema, self.single_fields, attachments, budget)
    }

    /// The result of what [`extract`](Self::extract) read, in the order of the schema.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn result(&self, extraction: &Extraction, budget: &Budget) -> Result<Json> {
        self.render(extraction, &mut budget.hold(0)?).map(|(result, _)| result)
    }

    /// Where the parts of the [`result`](Self::result) are from, in the same shape.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn metadata(&self, extraction: &Extraction, budget: &Budget) -> Result<Metadata> {
        self.render(extraction, &mut budget.hold(0)?).map(|(_, metadata)| metadata)
    }

    fn render(&self, extraction: &Extraction, held: &mut Held<'_>) -> Result<(Json, Metadata)> {
        Ok(self.plan.render(&extraction.values, extraction, held)?)
    }
}

/// The JSON of a schema, with its memory.
///
/// # Errors
///
/// `Invalid` if it is not JSON or larger than the limits; `OverBudget`.
fn parse<'b>(text: &str, prefix: &[PathSegment], budget: &'b Budget) -> Result<(Json, Held<'b>)> {
    budget.pass_over(text.len())?;
    let invalid = |reason: &str, message: String| {
        let pointer = prefix.to_vec();
        Error::invalid(vec![Violation { pointer, reason: reason.to_owned(), message, input: None, context: None }])
    };
    if text.chars().count() > MAX_SCHEMA_CHARS {
        let why = format!("A schema has at most {MAX_SCHEMA_CHARS} characters as JSON");
        return Err(invalid("string_too_long", why));
    }
    let held = budget.hold(MEMORY_PER_BYTE * text.len())?;
    budget.pass_over(MEMORY_PER_BYTE * text.len())?;
    let json = serde_json::from_str(text)
        .map_err(|error| invalid("json_invalid", format!("The schema is not JSON: {error}")))?;
    if text_chars(&json) > MAX_TEXT_CHARS {
        let why =
            format!("The names, descriptions and values to choose from have more than {MAX_TEXT_CHARS} characters");
        return Err(invalid("string_too_long", why));
    }
    Ok((json, held))
}

/// The characters of the names of properties, of descriptions and of values to choose from.
fn text_chars(json: &Json) -> usize {
    let chars = |text: &str| text.chars().count();
    match json {
        Json::List(items) => items.iter().map(text_chars).sum(),
        Json::Object(members) => {
            let of_member = |(name, value): &(String, Json)| match (name.as_str(), value) {
                ("description" | "const", Json::Text(text)) => chars(text),
                ("enum", Json::List(values)) => values.iter().filter_map(Json::as_text).map(chars).sum(),
                ("properties", Json::Object(properties)) => {
                    properties.iter().map(|(name, value)| chars(name) + text_chars(value)).sum()
                }
                (_, value) => text_chars(value),
            };
            members.iter().map(of_member).sum()
        }
        _ => 0,
    }
}
