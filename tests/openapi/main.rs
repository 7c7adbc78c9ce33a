//! Makes the document of the API and what follows from it: `cargo run -p sortroom-tests --example api-docs`.
//!
//! The routes and types are those of the core. The examples are exchanges of the transcripts (`tests/golden`), which
//! are run over in-memory ports, so that they are what the service answers. The tests hold that the written files are
//! current, and that every exchange of the transcripts is as the document says.

mod document;
mod exchanges;
#[path = "../golden/expect.rs"]
mod expect;
#[path = "../golden/memory.rs"]
mod memory;
mod page;
#[path = "../golden/run.rs"]
mod run;
#[path = "../golden/transcript.rs"]
mod transcript;

use std::{fs, path::Path};

use sortroom::api::openapi;

fn main() -> std::io::Result<()> {
    for (path, text) in files() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path), text)?;
    }
    Ok(())
}

/// The files that are made, each with its text.
fn files() -> [(&'static str, String); 3] {
    let exchanges = exchanges::record();
    let mut document = openapi::document();
    let examples = exchanges::examples(&document, &exchanges);
    document::add_examples(&mut document, &examples);
    [
        ("src/core/api/openapi.json", document::lines(&document)),
        ("www/sortroom.schema.json", page::pretty(&openapi::file_schema()) + "\n"),
        ("docs/api.md", page::page(&document, &examples)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::{Value, json};

    use super::*;
    use crate::document::{Operation, operations};
    use crate::run::{Request, Transport};

    /// How many exchanges are checked at least; the transcripts have a few more.
    const MIN_EXCHANGES: usize = 500;

    /// How many JSON bodies of accepted requests are checked at least.
    const MIN_REQUEST_BODIES: usize = 200;

    #[test]
    fn the_files_are_current() {
        for (path, text) in files() {
            let written = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path);
            assert!(fs::read_to_string(written).unwrap() == text, "{path} is stale: npm run api-docs");
        }
    }

    #[test]
    fn every_exchange_is_as_the_document_says() {
        let document = openapi::document();
        let (schemas, strict) = (document::Schemas::new(&document), document::Schemas::strict(&document));
        let operations = operations(&document);
        let (mut faults, mut bodies) = (Vec::new(), 0);
        let exchanges = exchanges::record();
        for exchange in &exchanges {
            match document::check(&operations, &schemas, &strict, exchange) {
                Ok(has_body) => bodies += usize::from(has_body),
                Err(fault) => faults.push(format!("{}: {fault}", exchange.place)),
            }
        }
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
        println!("{} exchanges, {bodies} of them accepted with a body", exchanges.len());
        assert!(exchanges.len() >= MIN_EXCHANGES, "only {} exchanges", exchanges.len());
        assert!(bodies >= MIN_REQUEST_BODIES, "only {bodies} bodies of accepted requests");
    }

    #[test]
    fn every_operation_has_examples() {
        let document = openapi::document();
        let examples = exchanges::examples(&document, &exchanges::record());
        let operations = operations(&document);
        let ids: BTreeSet<_> =
            operations.iter().filter_map(|operation| operation.value["operationId"].as_str()).collect();
        assert_eq!(ids.len(), operations.len(), "two operations have the same id");
        let lacking = |operation: &&Operation<'_>| !examples.contains_key(&operation.key());
        let lacking: Vec<_> = operations.iter().filter(lacking).map(Operation::key).collect();
        assert!(lacking.is_empty(), "no transcript has a good answer to\n{}", lacking.join("\n"));
    }

    /// The examples are written into the document, so they must be as it says.
    #[test]
    fn examples_are_as_the_document_says() {
        let [(_, text), ..] = files();
        let document: Value = serde_json::from_str(&text).unwrap();
        let schemas = document::Schemas::new(&document);
        let mut count = 0;
        for operation in operations(&document) {
            let answers = operation.value["responses"].as_object().unwrap().values();
            let contents = answers.chain(operation.value.get("requestBody")).filter_map(|part| part.get("content"));
            for media in contents.flat_map(|content| content.as_object().unwrap().values()) {
                if let Some(example) = media.get("example") {
                    schemas.check(&media["schema"], example).unwrap_or_else(|fault| panic!("{operation:?}: {fault}"));
                    count += 1;
                }
            }
        }
        assert!(count > 60, "only {count} examples");
    }

    #[test]
    fn every_member_has_a_description() {
        let document = openapi::document();
        let schemas = document["components"]["schemas"].as_object().unwrap().iter();
        let members = schemas.flat_map(|(name, schema)| {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(move |(member, value)| (format!("{name}.{member}"), value))
        });
        let lacking: Vec<_> =
            members.filter(|(_, value)| value.get("description").is_none()).map(|(name, _)| name).collect();
        assert!(lacking.is_empty(), "no description of\n{}", lacking.join("\n"));
    }

    #[test]
    fn the_schema_for_editors_accepts_the_examples_and_rejects_mistakes() {
        let validator = jsonschema::draft202012::new(&openapi::file_schema()).unwrap();
        let example: Value = serde_json::from_str(include_str!("../apply/sortroom.json")).unwrap();
        let demo: Value = serde_json::from_str(include_str!("../../.scripts/demo_project.json")).unwrap();
        assert!(validator.is_valid(&example) && validator.is_valid(&demo));
        let mut undetected = example.clone();
        undetected["classifiers"]["mail-room"]["settings"]["language"] = Value::Null;
        assert!(validator.is_valid(&undetected));
        // Each a place, the member there, and its faulty value.
        for (place, member, value) in [
            ("", "clasifiers", json!({})),
            ("/project", "retention_day", json!(3)),
            ("/project", "retention_days", json!(0)),
            ("/schemas", "empty", json!({})),
            ("/schemas", "", example["schemas"]["invoices"].clone()),
            ("/schemas/invoices/fields/0", "kind", json!("sum")),
            ("/schemas/invoices/tables/0/fields/0", "name", Value::Null),
            ("/classifiers/mail-room/rules/0", "descripton", json!("Invoice with a number")),
            ("/classifiers/mail-room/rules/0", "description", json!("short")),
            ("/classifiers/mail-room", "rules", json!([])),
            ("/classifiers/mail-room/settings", "language", json!("english")),
            ("/classifiers/mail-room/settings", "no_match_bias", json!("0")),
            ("/classifiers/mail-room/routes/0", "schema_id", json!("x")),
            ("/classifiers/mail-room/routes/0", "schema", Value::Null),
        ] {
            let mut file = example.clone();
            file.pointer_mut(place).unwrap()[member] = value;
            assert!(!validator.is_valid(&file), "{place}/{member}");
        }
    }

    /// The router and the document are made of one table; who may call is up to each handler.
    #[test]
    fn operations_ask_for_the_credentials_that_the_document_names() {
        let document = openapi::document();
        let mut by_access: BTreeMap<bool, usize> = BTreeMap::new();
        for operation in operations(&document) {
            let target = operation.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
            let target = target.collect::<Vec<_>>().join("/");
            let method = operation.method.to_uppercase();
            let request = Request { method, target, headers: Vec::new(), body: Vec::new() };
            let response = memory::InMemory::new().send(request);
            let body = String::from_utf8_lossy(&response.body).into_owned();
            assert!(response.status != 405 && body != r#"{"detail":"Not Found"}"#, "no route of {operation:?}");
            let is_secured = operation.value["security"].as_array().is_some_and(|list| !list.is_empty());
            assert_eq!(response.status == 401, is_secured, "{operation:?}: {} {body}", response.status);
            *by_access.entry(is_secured).or_default() += 1;
        }
        assert!(by_access[&true] > 40 && by_access[&false] >= 5, "{by_access:?}");
    }

    /// Every call is made with a token of the scope that the document names for it, and with one of all others.
    #[test]
    fn operations_ask_for_the_scopes_that_the_document_names() {
        const SCOPES: [&str; 3] = ["read", "write", "admin"];
        let mut service = memory::InMemory::new();
        let mut send = |method: &str, target: &str, token: &str, body: &Value| {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
            let (method, target, body) = (method.to_owned(), target.to_owned(), body.into_bytes());
            service.send(Request { method, target, headers, body })
        };
        let admin = memory::InMemory::new().admin();
        let made = |response: crate::run::Response| serde_json::from_slice::<Value>(&response.body).unwrap();
        let project = made(send("POST", "/v1/projects", &admin, &json!({ "name": "p" })));
        let tokens = format!("/v1/projects/{}/tokens", project["id"].as_str().unwrap());
        let mut token = |scopes: &[&str]| {
            let token = made(send("POST", &tokens, &admin, &json!({ "scopes": scopes })));
            token["token"].as_str().unwrap().to_owned()
        };
        let with: BTreeMap<_, _> = SCOPES.iter().map(|scope| (*scope, token(&[scope]))).collect();
        let without: BTreeMap<_, _> = SCOPES
            .iter()
            .map(|scope| (*scope, token(&SCOPES.into_iter().filter(|other| other != scope).collect::<Vec<_>>())))
            .collect();
        let document = openapi::document();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for operation in operations(&document) {
            let requirements = operation.value["security"].as_array().into_iter().flatten();
            let Some(scope) = requirements.filter_map(|one| one["token"][0].as_str()).next() else { continue };
            let id = "00000000-0000-4000-8000-000000000000";
            let target = operation.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
            let target = target.collect::<Vec<_>>().join("/");
            let method = operation.method.to_uppercase();
            let mut status = |token: &str| send(&method, &target, token, &Value::Null).status;
            assert_eq!(status(&without[scope]), 403, "{operation:?} without {scope}");
            assert!(![401, 403].contains(&status(&with[scope])), "{operation:?} with {scope}");
            *counts.entry(scope).or_default() += 1;
        }
        assert!(SCOPES.iter().all(|scope| counts[scope] >= 5), "{counts:?}");
    }
}
