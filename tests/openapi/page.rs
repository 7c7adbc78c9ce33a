//! The page about the API: for every native call what it takes, a request and an answer, and for the other dialects a
//! table of their calls.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    document::{Operation, operations},
    exchanges::Exchange,
};

/// The page around what is made; `{{name}}` stands for the calls of the dialect of that name.
const FRAME: &str = include_str!("api.md");

/// How long a line of JSON may be.
const MAX_LINE: usize = 110;

/// The page.
pub fn page(document: &Value, examples: &BTreeMap<String, Exchange>) -> String {
    let operations = operations(document);
    let mut page = FRAME.to_owned();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        let own: Vec<_> = operations.iter().filter(|operation| operation.value["tags"][0] == name).collect();
        let text = if name == "native" { calls(document, &own, examples) } else { table(&own) };
        if name == "native" {
            page = page.replace("{{types}}", types(document, &own).trim_end());
        }
        let place = format!("{{{{{name}}}}}");
        assert!(page.contains(&place), "the page has no place for {name}");
        page = page.replace(&place, text.trim_end());
    }
    page
}

/// A table of calls.
fn table(operations: &[&Operation<'_>]) -> String {
    let mut text = "| call | scope | what it does |\n|---|---|---|\n".to_owned();
    for operation in operations {
        let query = members_of_query(operation);
        let query = if query.is_empty() { String::new() } else { format!(" `?{}=`", query.join("=&")) };
        let scope = scope(operation).map(|scope| format!("`{scope}`")).unwrap_or_default();
        text += &format!("| `{}`{query} | {scope} | {} |\n", operation.key(), sentence(operation));
    }
    text
}

/// The scope that the token of a call needs; None if it needs none, or no token.
fn scope<'d>(operation: &Operation<'d>) -> Option<&'d str> {
    let requirements = operation.value["security"].as_array().into_iter().flatten();
    requirements.filter_map(|requirement| requirement["token"][0].as_str()).next()
}

/// The names of the query parameters that not every call has.
fn members_of_query<'d>(operation: &Operation<'d>) -> Vec<&'d str> {
    let parameters = operation.value["parameters"].as_array().into_iter().flatten();
    let names =
        parameters.filter(|parameter| parameter["in"] == "query").filter_map(|parameter| parameter["name"].as_str());
    names.filter(|name| !["project_id", "organization_id"].contains(name)).collect()
}

fn sentence(operation: &Operation<'_>) -> String {
    let words =
        [&operation.value["summary"], &operation.value["description"]].map(|text| text.as_str().unwrap_or_default());
    words.join(" ").trim().to_owned()
}

/// Calls one by one.
fn calls(document: &Value, operations: &[&Operation<'_>], examples: &BTreeMap<String, Exchange>) -> String {
    let mut text = String::new();
    for operation in operations {
        let security = operation.value["security"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_for_operator = security.iter().any(|one| one.get("operator").is_some());
        let who = match scope(operation) {
            Some(scope) if is_for_operator => format!(" For the operator, or a token with the scope `{scope}`."),
            Some(scope) => format!(" Scope: `{scope}`."),
            None if is_for_operator => " For the operator.".to_owned(),
            None if security.is_empty() => " Needs no token.".to_owned(),
            None => String::new(),
        };
        text += &format!("### `{}`\n\n{}{who}\n\n", operation.key(), sentence(operation));
        text += &members(document, operation);
        if let Some(exchange) = examples.get(&operation.key()) {
            text += &example(exchange);
        }
    }
    text
}

/// A table of what a call takes.
fn members(document: &Value, operation: &Operation<'_>) -> String {
    let mut rows = String::new();
    for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().unwrap_or_default();
            let doc = parameter["description"].as_str().unwrap_or_default();
            let is_required = parameter["required"] == true;
            rows += &row(&format!("?{name}"), &parameter["schema"], is_required, doc);
        }
    }
    let schema = operation.value.pointer(JSON_BODY).unwrap_or(&Value::Null);
    let schema = resolved(document, schema);
    rows += &member_rows(schema);
    table_of(&rows)
}

/// The rows of an object's members: those that are required first.
fn member_rows(schema: &Value) -> String {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.contains(&name.into()));
    let members = schema["properties"].as_object().into_iter().flatten();
    let mut members: Vec<_> = members.filter(|(_, member)| member["readOnly"] != true).collect();
    members.sort_by_key(|(name, _)| !is_required(name));
    let rows = members
        .into_iter()
        .map(|(name, member)| row(name, member, is_required(name), member["description"].as_str().unwrap_or_default()));
    rows.collect()
}

/// What the bodies of `operations` contain, one type after the other.
fn types(document: &Value, operations: &[&Operation<'_>]) -> String {
    fn add<'d>(document: &'d Value, value: &'d Value, names: &mut Vec<&'d str>) {
        let of_schema = |reference: &'d str| reference.strip_prefix("#/components/schemas/");
        if let Some(name) = value["$ref"].as_str().and_then(of_schema)
            && !names.contains(&name)
        {
            names.push(name);
            add(document, &document["components"]["schemas"][name], names);
        }
        match value {
            Value::Object(members) => members.values().for_each(|value| add(document, value, names)),
            Value::Array(items) => items.iter().for_each(|item| add(document, item, names)),
            _ => {}
        }
    }
    let bodies: Vec<_> = operations.iter().filter_map(|operation| operation.value.pointer(JSON_BODY)).collect();
    let mut names = Vec::new();
    bodies.iter().for_each(|body| add(document, body, &mut names));
    let is_body = |name: &str| bodies.iter().any(|body| body["$ref"].as_str().is_some_and(|path| path.ends_with(name)));
    names.retain(|name| !is_body(&format!("/{name}")));
    names.sort_unstable();
    let of_type = |name: &&str| {
        let schema = &document["components"]["schemas"][*name];
        let doc = schema["description"].as_str().unwrap_or_default();
        format!("### {name}\n\n{doc}\n\n{}", table_of(&member_rows(schema)))
    };
    names.iter().map(of_type).collect()
}

/// The JSON body of an operation.
const JSON_BODY: &str = "/requestBody/content/application~1json/schema";

fn table_of(rows: &str) -> String {
    if rows.is_empty() { String::new() } else { format!("| member | value | what it is |\n|---|---|---|\n{rows}\n") }
}

fn row(name: &str, schema: &Value, is_required: bool, doc: &str) -> String {
    let mut value = value_of(schema);
    if !is_required {
        value = match schema.get("default") {
            Some(default) => format!("{value}; {default} if absent"),
            None => format!("{value}; optional"),
        };
    }
    format!("| `{name}` | {value} | {} |\n", doc.replace('\n', " "))
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

/// What a schema says, in words.
fn value_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(options) = schema["anyOf"].as_array() {
        return options.first().map(value_of).unwrap_or_default();
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or("anything");
    let range = |min: &str, max: &str, what: &str| match (schema.get(min), schema.get(max)) {
        (Some(min), Some(max)) => format!("{min} to {max}{what}"),
        (None, Some(max)) => format!("up to {max}{what}"),
        (Some(min), None) => format!("at least {min}{what}"),
        (None, None) => String::new(),
    };
    let bounds = match kind {
        "string" if schema["format"] == "date-time" => "a date and time".to_owned(),
        "string" if schema.get("enum").is_some() => {
            let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
            words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        "string" => range("minLength", "maxLength", " characters"),
        "array" => {
            let item = value_of(&schema["items"]);
            let count = range("minItems", "maxItems", "");
            return if count.is_empty() { format!("list of {item}") } else { format!("list of {count} {item}") };
        }
        "object" if schema.get("maxProperties").is_some() => {
            format!(
                "by name, {} {}",
                range("minProperties", "maxProperties", ""),
                value_of(&schema["additionalProperties"])
            )
        }
        "integer" | "number" => range("minimum", "maximum", ""),
        _ => String::new(),
    };
    let kind = if kind == "string" { "text" } else { kind };
    if bounds.is_empty() { kind.to_owned() } else { format!("{kind}, {bounds}") }
}

/// A request and its answer.
fn example(exchange: &Exchange) -> String {
    let mut text = format!("```http\n{} {}\n", exchange.request.method, exchange.request.target);
    if exchange.request_json().is_some() {
        // As the transcript has it, which is made to be read.
        text += &format!("\n{}\n", String::from_utf8_lossy(&exchange.request.body).trim_end());
    }
    text += &format!("```\n\n{}", exchange.response.status);
    match exchange.response_json() {
        Some(body) => text + &format!("\n\n```json\n{}\n```\n\n", pretty(&body)),
        None => text + ", without a body\n\n",
    }
}

/// JSON in lines of at most [`MAX_LINE`] characters where that can be, and no more lines than that takes.
pub fn pretty(value: &Value) -> String {
    fn write(value: &Value, indent: usize, text: &mut String) {
        let line = on_one_line(value);
        if indent + line.chars().count() <= MAX_LINE {
            text.push_str(&line);
            return;
        }
        let (open, close, items): (_, _, Vec<(String, &Value)>) = match value {
            Value::Object(members) => (
                '{',
                '}',
                members.iter().map(|(name, value)| (format!("{}: ", Value::from(name.as_str())), value)).collect(),
            ),
            Value::Array(items) => ('[', ']', items.iter().map(|item| (String::new(), item)).collect()),
            other => return text.push_str(&other.to_string()),
        };
        text.push(open);
        text.push('\n');
        let count = items.len();
        for (index, (name, item)) in items.into_iter().enumerate() {
            text.push_str(&" ".repeat(indent + 2));
            text.push_str(&name);
            write(item, indent + 2, text);
            text.push_str(if index + 1 < count { ",\n" } else { "\n" });
        }
        text.push_str(&" ".repeat(indent));
        text.push(close);
    }
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members =
                members.iter().map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), on_one_line(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
