//! The OpenAPI document of the routes, made of the tables of the dialects and of the types that they name.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{dialonce, limai, llamacloud, native};
use crate::validate::{
    json_schema::{self, set},
    shape::{Declared, FilePart, Object},
};

/// A method of a route.
#[derive(Debug)]
pub struct Operation {
    method: &'static str,
    path: &'static str,
    id: String,
    doc: &'static str,
    who: &'static str,
    query: Vec<Value>,
    json: Vec<Schema>,
    /// Whether there must be a body.
    needs_body: bool,
    /// The media type and the schema of a body that is not JSON.
    other_body: Option<(&'static str, Schema)>,
    answers: Vec<(u16, Option<Schema>)>,
}

impl Operation {
    /// An operation without parameters and answers yet.
    pub fn new(method: &'static str, path: &'static str, handler: &str, doc: &'static str, who: &'static str) -> Self {
        // The handler is `module :: function :: < P >`.
        let id = handler.split("::").map(str::trim).filter(|part| !part.starts_with('<')).collect::<Vec<_>>().join("_");
        let (query, json, answers) = (Vec::new(), Vec::new(), Vec::new());
        Self { method, path, id, doc, who, query, json, needs_body: true, other_body: None, answers }
    }

    /// Adds the parameters of a query string.
    #[must_use]
    pub fn query<T: Declared>(mut self, generator: &mut SchemaGenerator) -> Self {
        self.query.extend(parameters(T::OBJECT, generator));
        self
    }

    /// Adds a JSON body, besides those that it already has.
    #[must_use]
    pub fn json<T: Declared + JsonSchema>(mut self, generator: &mut SchemaGenerator) -> Self {
        self.needs_body = T::OBJECT.required;
        self.json.push(generator.subschema_for::<T>());
        self
    }

    /// Sets the body to a form.
    #[must_use]
    pub fn form<T: JsonSchema>(mut self, generator: &mut SchemaGenerator) -> Self {
        self.other_body = Some(("multipart/form-data", generator.subschema_for::<T>()));
        self
    }

    /// Sets the body to bytes.
    #[must_use]
    pub fn binary<T: JsonSchema>(mut self, generator: &mut SchemaGenerator) -> Self {
        self.other_body = Some((BYTES, generator.subschema_for::<T>()));
        self
    }

    /// Adds an answer.
    #[must_use]
    pub fn answers(mut self, status: u16, schema: Option<Schema>) -> Self {
        self.answers.push((status, schema));
        self
    }
}

const BYTES: &str = "application/octet-stream";

impl JsonSchema for FilePart {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "File".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema::shape(&crate::validate::shape::Shape::File, generator)
    }
}

fn parameters(object: &'static Object, generator: &mut SchemaGenerator) -> Vec<Value> {
    let members = object.all_members().into_iter().map(|member| {
        let mut schema = json_schema::shape(&member.shape, generator);
        if let Some(default) = member.default {
            schema.insert("default".to_owned(), default());
        }
        let mut parameter = json!({ "name": member.name, "in": "query", "schema": schema });
        if member.required {
            set(&mut parameter, "required", true.into());
        }
        if let Some(doc) = json_schema::text(member.doc) {
            set(&mut parameter, "description", doc.into());
        }
        parameter
    });
    members.collect()
}

/// A dialect, and what all of its operations have.
struct Dialect {
    name: &'static str,
    /// In front of the names of its types; empty for our own.
    prefix: &'static str,
    doc: &'static str,
    operations: fn(&mut SchemaGenerator) -> Vec<Operation>,
    /// The query parameters of every operation with a token.
    common: Option<&'static Object>,
    error: fn(&mut SchemaGenerator) -> Schema,
    /// The status of invalid input.
    invalid: u16,
}

const DIALECTS: [Dialect; 4] = [
    Dialect {
        name: "native",
        prefix: "",
        doc: "Our own calls: projects and tokens, classifiers and schemas, and answers without keeping anything.",
        operations: native::operations,
        common: None,
        error: |generator| generator.subschema_for::<native::ErrorResponse>(),
        invalid: 422,
    },
    Dialect {
        name: "LlamaCloud",
        prefix: "LlamaCloud",
        doc: "The calls of LlamaCloud: jobs, files, saved configurations, projects.",
        operations: llamacloud::operations,
        common: Some(llamacloud::SCOPE),
        error: |generator| generator.subschema_for::<llamacloud::ErrorResponse>(),
        invalid: 422,
    },
    Dialect {
        name: "Limai",
        prefix: "Limai",
        doc: "The calls of Limai: classify a file, route it, extract, poll.",
        operations: limai::operations,
        common: None,
        error: |generator| generator.subschema_for::<limai::ErrorResponse>(),
        invalid: 400,
    },
    Dialect {
        name: "Dial Once",
        prefix: "DialOnce",
        doc: "The calls of Dial Once: mails and their labels.",
        operations: dialonce::operations,
        common: None,
        error: |generator| generator.subschema_for::<dialonce::ErrorResponse>(),
        invalid: 400,
    },
];

/// The document, without examples.
pub fn document() -> Value {
    let (mut paths, mut schemas, mut responses) = (Map::new(), Map::new(), Map::new());
    for dialect in DIALECTS {
        let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let operations = (dialect.operations)(&mut generator);
        let mut error = json!({
            "description": "What is wrong.",
            "content": { "application/json": { "schema": (dialect.error)(&mut generator) } },
        });
        finish(&mut error, dialect.prefix);
        responses.insert(format!("{}Error", dialect.prefix), error);
        let common = dialect.common.map(|object| parameters(object, &mut generator)).unwrap_or_default();
        for operation in operations {
            let (path, method) = (operation.path.to_owned(), operation.method);
            let mut described = described(operation, &dialect, &common);
            finish(&mut described, dialect.prefix);
            set(paths.entry(path).or_insert_with(|| json!({})), method, described);
        }
        for (name, mut schema) in generator.take_definitions(true) {
            finish(&mut schema, dialect.prefix);
            schemas.insert(format!("{}{name}", dialect.prefix), schema);
        }
    }
    let tags: Vec<_> =
        DIALECTS.iter().map(|dialect| json!({ "name": dialect.name, "description": dialect.doc })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sortroom",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Classifies documents and mail against rules in plain language, with confidence and evidence.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "A project's token. An operation names the scope that the token needs: `read`, \
                        `write` or `admin`.",
                },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": super::auth::SESSION_COOKIE,
                    "description": "A project's token, as `POST /v1/session` keeps it. Writes need our own `Origin`.",
                },
                "operator": { "type": "http", "scheme": "bearer", "description": "The operator's secret." },
            },
        },
    })
}

/// The schema of the file that `POST /v1/apply` takes, on its own, for editors.
pub fn file_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = json_schema::object(native::FILE, &mut generator).to_value();
    let definitions = generator.take_definitions(true);
    set(&mut schema, "$schema", "https://json-schema.org/draft/2020-12/schema".into());
    set(&mut schema, "title", "Sortroom project".into());
    set(&mut schema, "$defs", definitions.into());
    schema
}

fn described(operation: Operation, dialect: &Dialect, common: &[Value]) -> Value {
    let Operation { path, id, doc, who, query, json, needs_body, other_body, answers, .. } = operation;
    let doc = json_schema::text(doc).unwrap_or_default();
    let (summary, description) = doc.split_once('\n').unwrap_or((&doc, ""));
    let names = path.split(['{', '}']).skip(1).step_by(2);
    let in_path = |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let needs_token = ["token", "read", "write", "admin"].contains(&who);
    let common = if needs_token { common } else { &[] };
    let parameters: Vec<Value> = names.map(in_path).chain(query).chain(common.iter().cloned()).collect();
    let has_input = !parameters.is_empty() || !json.is_empty() || other_body.is_some();
    let mut content = Map::new();
    match json.as_slice() {
        [] => {}
        [schema] => drop(content.insert("application/json".to_owned(), json!({ "schema": schema }))),
        schemas => drop(content.insert("application/json".to_owned(), json!({ "schema": { "anyOf": schemas } }))),
    }
    if let Some((kind, schema)) = &other_body {
        content.insert((*kind).to_owned(), json!({ "schema": schema }));
    }

    let error = json!({ "$ref": format!("#/components/responses/{}Error", dialect.prefix) });
    let mut responses = Map::new();
    for (status, schema) in &answers {
        let mut response = json!({ "description": reason(*status) });
        if let Some(schema) = schema {
            let kind = if schema.get("contentMediaType").is_some() { "*/*" } else { "application/json" };
            set(&mut response, "content", json!({ kind: { "schema": schema } }));
        } else if *status >= 400 {
            response = error.clone();
        }
        responses.insert(status.to_string(), response);
    }
    let invalid = dialect.invalid.to_string();
    let usual = [
        (invalid.as_str(), has_input),
        ("401", needs_token || who == "operator" || who == "manager"),
        ("403", needs_token && who != "token" || who == "manager"),
        ("404", path.contains('{')),
        ("413", !content.is_empty()),
        ("429", needs_token || who == "signed"),
        ("default", true),
    ];
    for (status, _) in usual.into_iter().filter(|(_, is_possible)| *is_possible) {
        responses.entry(status).or_insert_with(|| error.clone());
    }

    let mut described = json!({
        "operationId": format!("{}_{id}", dialect.name.to_ascii_lowercase().replace(' ', "")),
        "summary": summary,
        "tags": [dialect.name],
        "security": match who {
            "token" => json!([{ "token": [] }, { "session": [] }]),
            "operator" => json!([{ "operator": [] }]),
            "manager" => json!([{ "token": ["admin"] }, { "session": ["admin"] }, { "operator": [] }]),
            scope if needs_token => json!([{ "token": [scope] }, { "session": [scope] }]),
            _ => json!([]),
        },
        "responses": responses,
    });
    if !description.is_empty() {
        set(&mut described, "description", description.trim().into());
    }
    if !parameters.is_empty() {
        set(&mut described, "parameters", parameters.into());
    }
    if !content.is_empty() {
        set(&mut described, "requestBody", json!({ "content": content, "required": needs_body }));
    }
    described
}

fn reason(status: u16) -> &'static str {
    let status = axum::http::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default()
}

/// Makes references to definitions lead to the components of a dialect, and says descriptions in the terms of JSON.
fn finish(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(description)) = members.get_mut("description")
                && let Some(text) = json_schema::text(description)
            {
                *description = text;
            }
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/components/schemas/{prefix}{name}");
            }
            members.values_mut().for_each(|value| finish(value, prefix));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| finish(item, prefix)),
        _ => {}
    }
}
