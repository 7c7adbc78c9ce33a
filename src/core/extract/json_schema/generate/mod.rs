//! Makes a JSON Schema: from names, from a schema that is not complete, or from an example document.
//!
//! Types, formats and descriptions follow from the names, by the lexicon of concepts. From a document, its labels become
//! properties, and the columns of its items those of a list.

mod from_document;

use std::collections::BTreeSet;

pub use from_document::from_document;

use super::super::concepts::split_words;
use super::super::schema::FieldKind;
use super::naming::{Allowed, Described, Part};
use super::ordered::{Json, member};
use super::scalars::MEANING_PASSES;
use super::{Compiled, MAX_DEPTH, compile, parse};
use crate::budget::Budget;
use crate::error::{Error, PathSegment, Result, Violation};

/// Names of lists whose items are rows with a price.
const ITEM_NAMES: [&str; 6] = ["items", "line items", "lines", "invoice lines", "order lines", "positions"];

/// The columns of such a list.
const ITEM_COLUMNS: [&str; 4] = ["description", "quantity", "unit_price", "total"];

/// The first words of the names of booleans.
const BOOLEAN_WORDS: [&str; 3] = ["is", "has", "was"];

/// Words that descriptions write in capitals.
const ABBREVIATIONS: [&str; 6] = ["iban", "bic", "vat", "id", "url", "nr"];

/// The work of guessing what a name means, in steps.
const NAME_STEPS: usize = 400;

/// A schema of the properties in `base`, the text of one that may lack types and descriptions, and of the `names`.
/// What `base` says stays. `prefix` is the path to `base` in the caller's input, and goes in front of the places of
/// faults.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid) as for [`Compiled::parse`], or if there is neither a
/// property nor a name; `OverBudget`.
pub fn complete(base: Option<&str>, names: &[String], prefix: &[PathSegment], budget: &Budget) -> Result<Json> {
    let (base, _held) = match base {
        Some(text) => {
            let (json, held) = parse(text, prefix, budget)?;
            (json, Some(held))
        }
        None => (Json::Object(Vec::new()), None),
    };
    let mut held = budget.hold(0)?;
    let mut completed = match base {
        Json::Object(members) => completed_object(members, &[], 1, Part::Document, budget)?,
        other => other,
    };
    if let Json::Object(members) = &mut completed {
        if member(members, "properties").is_none() && member(members, "$ref").is_none() {
            members.push(("properties".to_owned(), Json::Object(Vec::new())));
        }
        let properties = members.iter_mut().find(|(name, _)| name == "properties");
        if let Some((_, Json::Object(properties))) = properties {
            let mut known: BTreeSet<String> = properties.iter().map(|(name, _)| name.clone()).collect();
            for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
                if known.insert(name.to_owned()) {
                    budget.work(NAME_STEPS)?;
                    budget.pass_over(MEANING_PASSES * name.len())?;
                    held.grow(16 * name.len() + 1_000)?;
                    properties.push((name.to_owned(), property(&[name], Part::Document)));
                }
            }
        }
    }
    compile::compile(&completed, prefix, budget)?;
    Ok(completed)
}

/// An object with what it lacks.
fn completed_object(
    mut members: Vec<(String, Json)>,
    path: &[&str],
    depth: usize,
    part: Part,
    budget: &Budget,
) -> Result<Json> {
    if !has_shape(&members) || member(&members, "properties").is_some() && member(&members, "type").is_none() {
        members.insert(0, ("type".to_owned(), Json::text("object")));
    }
    if let Some((_, Json::Object(properties))) = members.iter_mut().find(|(name, _)| name == "properties")
        && depth <= MAX_DEPTH
    {
        for (name, json) in properties {
            let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            budget.work(NAME_STEPS + path.len())?;
            budget.pass_over(MEANING_PASSES * path.iter().map(|name| name.len()).sum::<usize>())?;
            let lacking = std::mem::replace(json, Json::Null);
            *json = completed_property(lacking, &path, depth, part, budget)?;
        }
    }
    Ok(Json::Object(members))
}

fn completed_property(json: Json, path: &[&str], depth: usize, part: Part, budget: &Budget) -> Result<Json> {
    let mut members = match json {
        Json::Null | Json::Bool(true) => Vec::new(),
        Json::Object(members) => members,
        other => return Ok(other),
    };
    let is_type = |name: &str| member(&members, "type").and_then(Json::as_text) == Some(name);
    if member(&members, "properties").is_some() || is_type("object") {
        return completed_object(members, path, depth + 1, part, budget);
    }
    if member(&members, "items").is_some() || is_type("array") {
        if member(&members, "type").is_none() {
            members.insert(0, ("type".to_owned(), Json::text("array")));
        }
        if let Some((_, items)) = members.iter_mut().find(|(name, _)| name == "items") {
            let lacking = std::mem::replace(items, Json::Null);
            *items = match lacking {
                Json::Object(row) if member(&row, "properties").is_some() => {
                    completed_object(row, &[], depth + 1, Part::Row, budget)?
                }
                other => other,
            };
        }
        return Ok(Json::Object(members));
    }
    let Json::Object(guessed) = property(path, part) else { return Ok(Json::Object(members)) };
    let has_shape = has_shape(&members);
    let is_text = is_type("string");
    for (name, value) in guessed {
        let is_lacking = match name.as_str() {
            "description" => true,
            // A format is added to a text without one.
            "format" => !has_shape || is_text,
            _ => !has_shape,
        };
        if is_lacking && member(&members, &name).is_none() {
            members.push((name, value));
        }
    }
    Ok(Json::Object(members))
}

/// Whether a schema says of what type its values are.
fn has_shape(members: &[(String, Json)]) -> bool {
    ["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "properties", "items"]
        .iter()
        .any(|keyword| member(members, keyword).is_some())
}

/// The schema of a property that has only a name, and the names of the objects it is in.
fn property(path: &[&str], part: Part) -> Json {
    let name = path.last().copied().unwrap_or_default();
    let words = split_words(name).to_lowercase();
    if part == Part::Document && ITEM_NAMES.contains(&words.trim()) {
        let columns = ITEM_COLUMNS.iter().map(|column| ((*column).to_owned(), property(&[column], Part::Row)));
        return list_of_rows(&description(name, FieldKind::Text), columns.collect());
    }
    let kind = if words.split(' ').next().is_some_and(|first| BOOLEAN_WORDS.contains(&first)) {
        FieldKind::Boolean
    } else {
        Described { path, title: None, description: None, part }.meaning(Allowed::Text).kind
    };
    of_kind(kind, None, &description(name, kind))
}

/// The schema of a value of a kind.
fn of_kind(kind: FieldKind, title: Option<&str>, description: &str) -> Json {
    let (name, format) = match kind {
        FieldKind::Number | FieldKind::Money | FieldKind::Percent => ("number", None),
        FieldKind::Boolean => ("boolean", None),
        FieldKind::Date => ("string", Some("date")),
        FieldKind::Email => ("string", Some("email")),
        FieldKind::Url => ("string", Some("uri")),
        _ => ("string", None),
    };
    let types = Json::List(vec![Json::text(name), Json::text("null")]);
    let format = format.map(|format| ("format".to_owned(), Json::text(format)));
    let title = title.map(|title| ("title".to_owned(), Json::text(title)));
    let description = ("description".to_owned(), Json::text(description));
    let members = std::iter::once(("type".to_owned(), types)).chain(format).chain(title).chain([description]);
    Json::Object(members.collect())
}

fn list_of_rows(description: &str, columns: Vec<(String, Json)>) -> Json {
    Json::Object(vec![
        ("type".to_owned(), Json::text("array")),
        ("description".to_owned(), Json::text(description)),
        ("items".to_owned(), object(columns)),
    ])
}

fn object(properties: Vec<(String, Json)>) -> Json {
    let properties = ("properties".to_owned(), Json::Object(properties));
    Json::Object(vec![("type".to_owned(), Json::text("object")), properties])
}

/// A description of what a name means.
fn description(name: &str, kind: FieldKind) -> String {
    let mut description = String::new();
    for word in split_words(name).split_whitespace() {
        let lower = word.to_lowercase();
        let is_first = description.is_empty();
        if !is_first {
            description.push(' ');
        }
        if ABBREVIATIONS.contains(&lower.as_str()) {
            description.push_str(&lower.to_uppercase());
        } else {
            let mut letters = lower.chars();
            description.extend(letters.next().map(|first| match is_first {
                true => first.to_uppercase().to_string(),
                false => first.to_string(),
            }));
            description.push_str(letters.as_str());
        }
    }
    description.push_str(match kind {
        FieldKind::Date => ", as YYYY-MM-DD",
        FieldKind::Money => ", without the currency",
        FieldKind::Percent => ", in percent",
        FieldKind::Currency => ", as a code of three letters",
        FieldKind::Iban | FieldKind::VatId => ", without spaces",
        FieldKind::Boolean => ": true or false",
        _ => "",
    });
    description
}

/// The error of an example from which no schema can be made.
fn nothing_found() -> Error {
    let message = "The document has no labels with values of which a schema could be made";
    let pointer = vec!["source".into()];
    Error::invalid(vec![Violation {
        pointer,
        reason: "value_error".to_owned(),
        message: message.to_owned(),
        input: None,
        context: None,
    }])
}

/// Compiles what was made. It is a fault of the maker if it does not compile.
fn checked(schema: Json, budget: &Budget) -> Result<Json> {
    let compiled: Result<Compiled> = compile::compile(&schema, &[], budget);
    compiled.map(|_| schema)
}
