//! Declarations as JSON schemas, for the documents that are made of them.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::shape::{Choice, Member, Object, Shape};

/// The schema of a shape. Objects become definitions of `generator`.
pub fn shape(shape: &Shape, generator: &mut SchemaGenerator) -> Schema {
    let schema = match shape {
        Shape::Text { length, pattern } => {
            let mut schema = json!({ "type": "string" });
            bound(&mut schema, "minLength", *length.start(), &0);
            bound(&mut schema, "maxLength", *length.end(), &usize::MAX);
            if let Some(pattern) = pattern {
                set(&mut schema, "pattern", pattern.regex.into());
            }
            schema
        }
        Shape::Integer { bounds, .. } => {
            let mut schema = json!({ "type": "integer", "minimum": bounds.start() });
            bound(&mut schema, "maximum", *bounds.end(), &u32::MAX);
            schema
        }
        Shape::Number { bounds, .. } => json!({ "type": "number", "minimum": bounds.start(), "maximum": bounds.end() }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Words(words) => json!({ "type": "string", "enum": words() }),
        Shape::List { length, item, .. } => {
            let mut schema = json!({ "type": "array", "items": self::shape(item, generator) });
            bound(&mut schema, "minItems", *length.start(), &0);
            bound(&mut schema, "maxItems", *length.end(), &usize::MAX);
            schema
        }
        Shape::Named { name, max, member } => json!({
            "type": "object",
            "propertyNames": { "type": "string", "minLength": name.start(), "maxLength": name.end() },
            "maxProperties": max,
            "additionalProperties": self::shape(member, generator),
        }),
        Shape::Object(object) => return definition(object, generator),
        Shape::Own { documented, format, .. } => {
            let mut schema = self::shape(documented, generator).to_value();
            if !format.is_empty() {
                set(&mut schema, "format", (*format).into());
            }
            schema
        }
        Shape::AnyOf(shapes) => {
            let shapes: Vec<_> = shapes.iter().map(|shape| self::shape(shape, generator)).collect();
            json!({ "anyOf": shapes })
        }
        Shape::Any => json!({}),
        Shape::File => json!({ "type": "string", "contentMediaType": "application/octet-stream" }),
    };
    schema.try_into().unwrap_or_default()
}

/// A reference to the definition of `object`, which is added if it is not there yet.
fn definition(object: &'static Object, generator: &mut SchemaGenerator) -> Schema {
    if !generator.definitions().contains_key(object.name) {
        // First a placeholder, for objects that contain themselves.
        generator.definitions_mut().insert(object.name.to_owned(), json!({}));
        let schema = self::object(object, generator);
        generator.definitions_mut().insert(object.name.to_owned(), schema.to_value());
    }
    json_schema!({ "$ref": format!("#/$defs/{}", object.name) })
}

/// The schema of an object.
pub fn object(object: &'static Object, generator: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in object.all_members() {
        properties.insert(member.name.to_owned(), described(member, generator));
        if member.required {
            required.push(member.name);
        }
    }
    for name in object.read_only {
        properties.insert((*name).to_owned(), json!({ "readOnly": true, "description": "Part of answers; ignored." }));
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if let Some(doc) = text(object.doc) {
        set(&mut schema, "description", doc.into());
    }
    if !required.is_empty() {
        set(&mut schema, "required", required.into());
    }
    if object.closed {
        set(&mut schema, "additionalProperties", false.into());
    }
    let choices = choices_of(object).into_iter().map(|choice| {
        // A null member counts as absent.
        let is_there =
            |name: &&str| json!({ "required": [name], "properties": { *name: { "not": { "type": "null" } } } });
        let members: Vec<Value> = choice.members.iter().map(is_there).collect();
        if choice.exclusive { json!({ "oneOf": members }) } else { json!({ "anyOf": members }) }
    });
    let choices: Vec<Value> = choices.collect();
    if !choices.is_empty() {
        set(&mut schema, "allOf", choices.into());
    }
    schema.try_into().unwrap_or_default()
}

/// The choices of an object, and of those whose members it always has.
fn choices_of(object: &'static Object) -> Vec<&'static Choice> {
    let flattened = object.members.iter().filter(|member| member.required).filter_map(Member::flattened);
    object.choices.iter().chain(flattened.flat_map(choices_of)).collect()
}

/// The schema of a member, with its documentation. Null counts as absent, so members that may be absent may be null.
fn described(member: &Member, generator: &mut SchemaGenerator) -> Value {
    let mut schema = shape(&member.shape, generator).to_value();
    if !member.required {
        match schema.get("type") {
            Some(Value::String(kind)) => {
                let kinds = json!([kind, "null"]);
                set(&mut schema, "type", kinds);
                if let Some(Value::Array(words)) = schema.get_mut("enum") {
                    words.push(Value::Null);
                }
            }
            _ if schema.get("$ref").is_some() => schema = json!({ "anyOf": [schema, { "type": "null" }] }),
            _ => {}
        }
    }
    if let Some(doc) = text(member.doc) {
        set(&mut schema, "description", doc.into());
    }
    if let Some(default) = member.default {
        set(&mut schema, "default", default());
    }
    schema
}

/// The text of a documentation comment for readers of JSON: one line per paragraph, intra-doc links as code, and "null"
/// in place of "None". None if there is no text.
pub fn text(doc: &str) -> Option<String> {
    let mut text = String::new();
    for line in doc.lines().map(str::trim) {
        match line {
            "" => text.push('\n'),
            _ if text.is_empty() || text.ends_with('\n') => text.push_str(line),
            _ => text = format!("{text} {line}"),
        }
    }
    let text = text.trim().replace("[`", "`").replace("`]", "`").replace("`()`", "`").replace("None ", "Null ");
    (!text.is_empty()).then_some(text)
}

/// Sets the member `name` of an object.
pub fn set(schema: &mut Value, name: &str, value: Value) {
    if let Some(members) = schema.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Sets a bound unless it is `none`, which bounds nothing.
fn bound<T: PartialEq + Into<Value>>(schema: &mut Value, name: &str, value: T, none: &T) {
    if value != *none {
        set(schema, name, value.into());
    }
}
