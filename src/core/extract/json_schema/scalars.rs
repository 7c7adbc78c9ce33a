//! Single values: their types, and the values to choose from.

use super::super::numbers::CURRENCIES;
use super::super::schema::FieldKind;
use super::compile::Compiler;
use super::naming::{Allowed, Described, Meaning, Part};
use super::nodes::{Node, item};
use super::ordered::Json;
use super::plan::Form;
use crate::error::{PathSegment, Result};
use crate::limits::{MAX_FIELD_NAME_CHARS, MAX_FIELD_WORDINGS};

/// The work of finding out what a property means: its names are compared with those of all concepts, a few times. In
/// passes over its texts, and in steps.
pub(super) const MEANING_PASSES: usize = 64;
const MEANING_STEPS: usize = 200;

/// The work of a value to choose from: it is looked for among the currencies, and among the other values.
const OPTION_STEPS: usize = 8;

impl<'a> Compiler<'a, '_> {
    pub fn scalar(
        &mut self,
        node: &Node<'a>,
        path: &[&str],
        part: Part,
    ) -> Result<Option<(Meaning, Form, Vec<String>)>> {
        let (title, description) = (node.text("title"), node.text("description"));
        self.described_scalar(node, Described { path, title, description, part })
    }

    /// What a single value means, and its form.
    pub fn described_scalar(
        &mut self,
        node: &Node<'a>,
        described: Described<'_>,
    ) -> Result<Option<(Meaning, Form, Vec<String>)>> {
        let described = described.shortened();
        let texts = described.path.iter().copied().chain(described.title);
        self.nodes.budget.work(MEANING_STEPS)?;
        self.nodes.budget.pass_over(described.description.map_or(0, str::len))?;
        self.nodes.budget.pass_over(MEANING_PASSES * texts.map(str::len).sum::<usize>())?;
        let Some(options) = self.options(node)? else { return Ok(None) };
        if !options.is_empty() {
            return Ok(Some(of_options(options, described)));
        }
        let Some((allowed, form)) = self.type_of(node) else { return Ok(None) };
        let meaning = described.meaning(allowed);
        // A value of any type has that of its kind.
        let form = form.unwrap_or(match meaning.kind {
            FieldKind::Number | FieldKind::Money | FieldKind::Percent => Form::Number,
            FieldKind::Boolean => Form::Boolean,
            _ => Form::Text,
        });
        Ok(Some((meaning, form, Vec::new())))
    }

    /// The kinds that a type allows, and its form; a form of None follows from the kind.
    fn type_of(&mut self, node: &Node<'a>) -> Option<(Allowed, Option<Form>)> {
        let types = node.types();
        let unknown = |name: &&&str| !["string", "number", "integer", "boolean"].contains(*name);
        if let Some(name) = types.iter().find(unknown) {
            let pointer = node.get("type").map_or_else(|| node.pointer().to_vec(), |(_, pointer)| pointer);
            let why = format!("{name:?} is no type: use string, number, integer, boolean, object or array");
            self.nodes.refuse(&pointer, "literal_error", why);
            return None;
        }
        if let Some((other, pointer)) = node.get("type").filter(|(types, _)| !is_type(types)) {
            let why = format!("The type must be a text or a list of texts, not {}", describe(other));
            self.nodes.refuse(&pointer, "string_type", why);
            return None;
        }
        let has = |name: &str| types.contains(&name);
        let is_numeric = has("number") || has("integer");
        // A decimal number that may also be written as a text has a pattern for it there.
        let is_decimal =
            is_numeric && node.choices.iter().any(|choice| choice.types().contains(&"string") && choice.has("pattern"));
        Some(match () {
            () if has("boolean") && types.iter().any(|name| *name != "boolean") => {
                let why = "A value that is either a boolean or something else is not supported";
                self.nodes.refuse(node.pointer(), "unsupported", why);
                return None;
            }
            () if has("boolean") => (Allowed::Only(FieldKind::Boolean), Some(Form::Boolean)),
            () if is_numeric && (is_decimal || !has("string")) => {
                if has("number") {
                    (Allowed::Number, Some(Form::Number))
                } else {
                    (Allowed::Integer, Some(Form::Integer))
                }
            }
            () if has("string") => {
                let format =
                    node.text("format").or_else(|| node.choices.iter().find_map(|choice| choice.text("format")));
                of_format(format.unwrap_or_default())
            }
            () => (Allowed::Text, None),
        })
    }

    /// The values that a schema lists, by their texts; none if it lists none, None if they are at fault.
    fn options(&mut self, node: &Node<'a>) -> Result<Option<Vec<(String, Json)>>> {
        let mut options = Vec::new();
        let from_choices = !node.choices.is_empty() && node.choices.iter().all(Node::lists_values);
        let choices = node.choices.iter().filter(|_| from_choices);
        for listing in std::iter::once(node).chain(choices) {
            if self.listed(listing, &mut options)?.is_none() {
                return Ok(None);
            }
        }
        if options.len() > MAX_FIELD_WORDINGS && !options.iter().all(|(_, value)| is_currency(value)) {
            self.too_many_options(node.pointer());
            return Ok(None);
        }
        Ok(Some(options))
    }

    fn too_many_options(&mut self, pointer: &[PathSegment]) {
        let why = format!("The extractor chooses among at most {MAX_FIELD_WORDINGS} values");
        self.nodes.refuse(pointer, "too_long", why);
    }

    fn listed(&mut self, node: &Node<'a>, options: &mut Vec<(String, Json)>) -> Result<Option<()>> {
        if let Some((value, pointer)) = node.get("const") {
            return Ok(self.option(value, &pointer, options));
        }
        let Some((values, pointer)) = node.get("enum") else { return Ok(Some(())) };
        let Some(values) = values.as_list().filter(|values| values.iter().any(|value| *value != Json::Null)) else {
            self.nodes.refuse(&pointer, "list_type", "enum must be a list of values");
            return Ok(None);
        };
        self.nodes.budget.work(OPTION_STEPS * values.len())?;
        let others = values.iter().enumerate().filter(|(_, value)| **value != Json::Null);
        if others.clone().count() > MAX_FIELD_WORDINGS && !values.iter().all(is_currency) {
            self.too_many_options(&pointer);
            return Ok(None);
        }
        let mut all = Some(());
        for (index, value) in others {
            let pointer = item(pointer.split_last().map_or(&[], |(_, start)| start), "enum", index);
            all = all.and(self.option(value, &pointer, options));
        }
        Ok(all)
    }

    fn option(&mut self, value: &Json, pointer: &[PathSegment], options: &mut Vec<(String, Json)>) -> Option<()> {
        let text = match value {
            Json::Text(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Bool(value) => value.to_string(),
            _ => {
                self.nodes.refuse(pointer, "unsupported", "A value to choose from must be a text, number or boolean");
                return None;
            }
        };
        if text.trim().is_empty() || text.chars().count() > MAX_FIELD_NAME_CHARS {
            let why = format!("A value to choose from must have 1 to {MAX_FIELD_NAME_CHARS} characters");
            self.nodes.refuse(pointer, "string_too_long", why);
            return None;
        }
        if !options.iter().any(|(known, _)| *known == text) {
            options.push((text, value.clone()));
        }
        Some(())
    }
}

impl Node<'_> {
    fn lists_values(&self) -> bool {
        self.has("enum") || self.has("const")
    }
}

/// The meaning and form of one of several values.
fn of_options(options: Vec<(String, Json)>, described: Described<'_>) -> (Meaning, Form, Vec<String>) {
    let are_booleans = options.iter().all(|(_, value)| matches!(value, Json::Bool(_)));
    let are_currencies = options.iter().all(|(_, value)| is_currency(value));
    let kind = match () {
        () if are_booleans => FieldKind::Boolean,
        () if are_currencies => FieldKind::Currency,
        () => FieldKind::Label,
    };
    let texts = match kind {
        FieldKind::Label => options.iter().map(|(text, _)| text.clone()).collect(),
        _ => Vec::new(),
    };
    (described.meaning(Allowed::Only(kind)), Form::Options(options), texts)
}

/// The kinds that a format of texts allows, and its form.
fn of_format(format: &str) -> (Allowed, Option<Form>) {
    let kind = match format {
        "date" => FieldKind::Date,
        "date-time" => return (Allowed::Only(FieldKind::Date), Some(Form::DateTime)),
        "email" | "idn-email" => FieldKind::Email,
        "uri" | "url" | "iri" => FieldKind::Url,
        "phone" => FieldKind::Phone,
        "iban" => FieldKind::Iban,
        "uuid" => FieldKind::Id,
        "time" | "duration" => FieldKind::Text,
        _ => return (Allowed::Text, Some(Form::Text)),
    };
    (Allowed::Only(kind), Some(Form::Text))
}

fn is_currency(value: &Json) -> bool {
    let is_code = |text: &str| text.len() == 3 && CURRENCIES.iter().any(|(_, code)| *code == text);
    value.as_text().is_some_and(is_code)
}

fn is_type(types: &Json) -> bool {
    match types {
        Json::List(types) => !types.is_empty() && types.iter().all(|name| name.as_text().is_some()),
        other => other.as_text().is_some(),
    }
}

fn describe(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "this list",
        Json::Object(_) => "an object",
    }
}
