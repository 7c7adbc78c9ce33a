//! The document of the API: its operations, its schemas, and whether an exchange is as it says.

use std::collections::BTreeMap;
#[cfg(test)]
use std::{cell::RefCell, collections::HashMap, rc::Rc};

use serde_json::{Value, json};

use crate::{exchanges::Exchange, run::Request};

/// The methods that an entry of a path may have.
const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// An operation of the document.
#[derive(Clone, Copy)]
pub struct Operation<'d> {
    pub path: &'d str,
    pub method: &'d str,
    pub value: &'d Value,
}

impl std::fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.key())
    }
}

impl Operation<'_> {
    /// The method and the path, as in `POST /v1/lint`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Whether a status is the best that the operation has.
    pub fn is_success(&self, status: u16) -> bool {
        let answers = self.value["responses"].as_object().into_iter().flatten();
        answers.filter_map(|(status, _)| status.parse::<u16>().ok()).min() == Some(status)
    }

    /// The values of the path parameters in `path`; None if it is another path.
    fn segments(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let (own, other): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        let mut values = BTreeMap::new();
        let fits = own.len() == other.len()
            && own.iter().zip(&other).all(|(own, other)| match own.strip_prefix('{') {
                Some(name) => {
                    values.insert(name.trim_end_matches('}').to_owned(), (*other).to_owned());
                    !other.is_empty()
                }
                None => own == other,
            });
        fits.then_some(values)
    }
}

/// The operations of the document.
pub fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, methods) in paths {
        for method in METHODS {
            if let Some(value) = methods.get(method) {
                operations.push(Operation { path, method, value });
            }
        }
    }
    operations
}

/// The path of a request, without the slashes that name nothing.
fn path(request: &Request) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    path.split('/').filter(|segment| !segment.is_empty()).map(|segment| format!("/{segment}")).collect()
}

/// The operation of a request; literal paths win over ones with parameters.
pub fn find<'o, 'd>(operations: &'o [Operation<'d>], request: &Request) -> Option<&'o Operation<'d>> {
    let path = &path(request);
    // Whatever can be read with GET can be read with HEAD.
    let method = if request.method == "HEAD" { "get".to_owned() } else { request.method.to_lowercase() };
    let fitting =
        operations.iter().filter(|operation| operation.method == method && operation.segments(path).is_some());
    fitting.min_by_key(|operation| operation.path.matches('{').count())
}

/// The parameters of a query string, each with its values that are not empty.
fn query(target: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !value.is_empty() {
            values.entry(name.to_owned()).or_default().push(unescaped(value));
        }
    }
    values
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The value that a text has where JSON of `schema` is expected.
fn typed(schema: &Value, text: &str) -> Value {
    match schema["type"].as_str() {
        Some("string") | None => text.into(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// Writes the examples into the document: bodies, answers and parameters.
pub fn add_examples(document: &mut Value, examples: &BTreeMap<String, Exchange>) {
    let found: Vec<(String, String, Exchange, BTreeMap<String, String>)> = operations(document)
        .iter()
        .filter_map(|operation| {
            let exchange = examples.get(&operation.key())?.clone();
            let path = path(&exchange.request);
            let segments = operation.segments(&path).unwrap_or_default();
            Some((operation.path.to_owned(), operation.method.to_owned(), exchange, segments))
        })
        .collect();
    for (path, method, exchange, segments) in found {
        let operation = &mut document["paths"][&path][&method];
        if let (Some(body), Some(media)) =
            (exchange.request_json(), operation.pointer_mut("/requestBody/content/application~1json"))
        {
            media["example"] = body;
        }
        let answer = format!("/responses/{}/content/application~1json", exchange.response.status);
        if let (Some(body), Some(media)) = (exchange.response_json(), operation.pointer_mut(&answer)) {
            media["example"] = body;
        }
        let query = query(&exchange.request.target);
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let schema = parameter["schema"].clone();
            let example = match (segments.get(&name).filter(|_| parameter["in"] == "path"), query.get(&name)) {
                (Some(text), _) if text.len() > 80 => json!("..."),
                (Some(text), _) => typed(&schema, text),
                (None, Some(values)) if schema["type"] == "array" => json!(values),
                (None, Some(values)) => typed(&schema, values.last().map_or("", String::as_str)),
                (None, None) => continue,
            };
            parameter["example"] = example;
        }
    }
}

/// The document as text: a line for each operation and each schema, so that a change shows where it is.
pub fn lines(document: &Value) -> String {
    fn write(value: &Value, depth: usize, text: &mut String) {
        match value {
            Value::Object(members) if depth > 0 && !members.is_empty() => {
                text.push_str("{\n");
                for (index, (name, value)) in members.iter().enumerate() {
                    text.push_str(&format!("{}:", Value::from(name.as_str())));
                    write(value, depth - 1, text);
                    text.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
                }
                text.push('}');
            }
            value => text.push_str(&value.to_string()),
        }
    }
    let mut text = String::new();
    // The document, its paths and components, and their entries.
    write(document, 3, &mut text);
    text + "\n"
}

/// The schemas of the document, ready to check values.
#[cfg(test)]
pub struct Schemas {
    components: Value,
    compiled: RefCell<HashMap<String, Rc<jsonschema::Validator>>>,
}

#[cfg(test)]
impl Schemas {
    pub fn new(document: &Value) -> Self {
        Self { components: document["components"].clone(), compiled: RefCell::default() }
    }

    /// The same, but no object may have members that the document does not name. Clients must expect such members, but
    /// an answer that has some lacks their documentation.
    pub fn strict(document: &Value) -> Self {
        let mut strict = Self::new(document);
        if let Some(schemas) = strict.components["schemas"].as_object_mut() {
            schemas.values_mut().for_each(close);
        }
        strict
    }

    /// What a reference leads to; other values as they are.
    pub fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        let path = value["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components"));
        path.and_then(|path| self.components.pointer(path)).unwrap_or(value)
    }

    /// Whether `value` is as `schema` says. The error has every fault.
    pub fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let key = schema.to_string();
        let known = self.compiled.borrow().get(&key).cloned();
        let validator = known.unwrap_or_else(|| {
            let mut whole = schema.clone();
            whole["components"] = self.components.clone();
            let validator = jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{key}: {error}"));
            let validator = Rc::new(validator);
            self.compiled.borrow_mut().insert(key, Rc::clone(&validator));
            validator
        });
        let faults: Vec<_> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

/// Closes an object and the values of its members. The parts of a choice do not see the members beside it, so there it
/// is the object that is closed.
#[cfg(test)]
fn close(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    let is_object = members.contains_key("properties");
    for name in ["properties", "$defs"] {
        members.get_mut(name).and_then(Value::as_object_mut).into_iter().flatten().for_each(|(_, value)| close(value));
    }
    for name in ["items", "additionalProperties"] {
        members.get_mut(name).into_iter().for_each(close);
    }
    if is_object {
        members.entry("unevaluatedProperties").or_insert(false.into());
    } else {
        for name in ["anyOf", "oneOf"] {
            members.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().for_each(close);
        }
    }
}

/// Whether an exchange is as the document says; true if it is an accepted request with a body. A refused request is not
/// held against the schemas, but its answer is.
#[cfg(test)]
pub fn check(
    operations: &[Operation<'_>],
    schemas: &Schemas,
    strict: &Schemas,
    exchange: &Exchange,
) -> Result<bool, String> {
    let Exchange { request, response, .. } = exchange;
    let Some(operation) = find(operations, request) else {
        // Browsers ask before they send a request; that is for all paths alike.
        if request.method == "OPTIONS" && response.status == 204 {
            return Ok(false);
        }
        // Some transcripts ask for what there is not.
        let answer = String::from_utf8_lossy(&response.body);
        let refusals = ["Not Found: ", " not served here", "Method Not Allowed: "];
        let is_fallback = [404, 405].contains(&response.status) && refusals.iter().any(|part| answer.contains(part));
        return if is_fallback { Ok(false) } else { Err("the document has no such operation".into()) };
    };
    let is_accepted = (200..300).contains(&response.status);
    let mut has_body = false;
    if is_accepted && !exchange.may_be_invalid() {
        check_query(operation, schemas, request)?;
        has_body = check_body(operation, schemas, exchange)?;
    }
    let answers = &operation.value["responses"];
    let answer = answers.get(response.status.to_string()).or_else(|| answers.get("default").filter(|_| !is_accepted));
    let answer = answer.ok_or_else(|| format!("the status {} is not in the document", response.status))?;
    let answer = schemas.resolved(answer);
    let Some(content) = answer.get("content") else {
        let is_empty = response.body.is_empty();
        return if is_empty { Ok(has_body) } else { Err("a body that is not in the document".into()) };
    };
    if let Some(media) = content.get("application/json") {
        let Some(body) = exchange.response_json() else {
            return if exchange.has_raw_numbers() { Ok(has_body) } else { Err("the answer is not JSON".into()) };
        };
        strict.check(&media["schema"], &body).map_err(|fault| format!("answer {}: {fault}", response.status))?;
    }
    Ok(has_body)
}

#[cfg(test)]
fn check_query(operation: &Operation<'_>, schemas: &Schemas, request: &Request) -> Result<(), String> {
    let query = query(&request.target);
    for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
        let (name, schema) = (parameter["name"].as_str().unwrap_or_default(), &parameter["schema"]);
        if parameter["in"] != "query" {
            continue;
        }
        let value = match query.get(name) {
            Some(values) if schema["type"] == "array" => json!(values),
            Some(values) => typed(schema, values.last().map_or("", String::as_str)),
            None if parameter["required"] == true => return Err(format!("?{name} is required")),
            None => continue,
        };
        schemas.check(schema, &value).map_err(|fault| format!("?{name}: {fault}"))?;
    }
    Ok(())
}

#[cfg(test)]
fn check_body(operation: &Operation<'_>, schemas: &Schemas, exchange: &Exchange) -> Result<bool, String> {
    let content = operation.value.pointer("/requestBody/content");
    if exchange.request.body.is_empty() {
        let is_required = operation.value.pointer("/requestBody/required") == Some(&true.into());
        return if is_required { Err("the body is required".into()) } else { Ok(false) };
    }
    let Some(content) = content else {
        // Clients send `{}` where no body is read.
        return if exchange.request.body == b"{}" {
            Ok(false)
        } else {
            Err("a body that is not in the document".into())
        };
    };
    let kind = exchange.header("content-type").unwrap_or("application/json");
    if let Some(boundary) = kind.strip_prefix("multipart/form-data; boundary=") {
        let schema = &content.get("multipart/form-data").ok_or("no form is in the document")?["schema"];
        let form = form(schemas, schema, &exchange.request.body, boundary);
        schemas.check(schema, &form).map_err(|fault| format!("form: {fault}"))?;
        return Ok(true);
    }
    if content.get("application/octet-stream").is_some() {
        return Ok(true);
    }
    let schema = &content.get("application/json").ok_or("no JSON body is in the document")?["schema"];
    let Some(body) = exchange.request_json() else {
        return if exchange.has_raw_numbers() { Ok(false) } else { Err("the body is not JSON".into()) };
    };
    schemas.check(schema, &body).map_err(|fault| format!("body: {fault}"))?;
    Ok(true)
}

/// The parts of a form as an object: texts, and JSON where the schema has something else than a text.
#[cfg(test)]
fn form(schemas: &Schemas, schema: &Value, body: &[u8], boundary: &str) -> Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    let properties = &schemas.components["schemas"][name]["properties"];
    let text = String::from_utf8_lossy(body).into_owned();
    let mut form = json!({});
    for part in text.split(&format!("--{boundary}")).filter(|part| part.starts_with("\r\n")) {
        let Some((head, content)) = part.split_once("\r\n\r\n") else { continue };
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let schema = &properties[name];
        let is_text = schema["type"] == "string" || schema["type"][0] == "string";
        let content = content.trim_end_matches("\r\n");
        form[name] =
            if is_text { content.into() } else { serde_json::from_str(content).unwrap_or_else(|_| content.into()) };
    }
    form
}
