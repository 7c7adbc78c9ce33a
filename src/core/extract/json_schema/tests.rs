//! Cases in files: a schema with a document and the expected result, and schemas with their expected faults.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn folder() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/extract/json_schema/cases").to_owned()
}

fn read(name: &str) -> Json {
    serde_json::from_str(&fs::read_to_string(format!("{}/{name}", folder())).unwrap()).unwrap()
}

fn to_text(json: &Json) -> String {
    serde_json::to_string(json).unwrap()
}

fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap()
}

fn lines(json: &Json) -> String {
    let lines: Vec<_> = json.as_list().unwrap().iter().map(|line| line.as_text().unwrap()).collect();
    lines.join("\n")
}

/// The result of a schema for a text, whose pages are separated by form feeds.
fn result(schema: &str, text: &str, target: Target) -> (Json, Vec<Metadata>) {
    let mut document = Document::plain("");
    document.pages =
        (1..).zip(text.split('\x0c')).map(|(number, text)| crate::document::Page::plain(number, text)).collect();
    document.page_count = document.pages.len() as u32;
    let budget = Budget::request();
    let compiled = Compiled::parse(schema, &[], &budget).unwrap_or_else(|error| panic!("{error:#}"));
    let extracted = extract(&compiled, &document, &[], target, &budget).unwrap();
    (extracted.result, extracted.metadata)
}

fn faults(schema: &str) -> Vec<String> {
    match Compiled::parse(schema, &["body".into()], &Budget::request()) {
        Ok(_) => Vec::new(),
        Err(error) => {
            let faults = error.violations().iter();
            faults
                .map(crate::error::FieldError::from)
                .map(|fault| format!("{}: {}", fault.pointer, fault.message))
                .collect()
        }
    }
}

/// Checks that metadata has the shape of its result.
fn check(result: &Json, metadata: &Metadata, text: &str) {
    match (result, metadata) {
        (Json::Object(members), Metadata::Object(sources)) => {
            assert_eq!(members.len(), sources.len());
            for ((name, member), (known, source)) in members.iter().zip(sources) {
                assert_eq!(name, known);
                check(member, source, text);
            }
        }
        (Json::List(items), Metadata::List(sources)) => {
            assert_eq!(items.len(), sources.len());
            items.iter().zip(sources).for_each(|(item, source)| check(item, source, text));
        }
        (value, Metadata::Value { confidence, source }) => {
            assert_eq!(*value == Json::Null, *confidence == 0.0, "{value:?}");
            if let Some(source) = source {
                assert!(text.contains(&source.text), "{source:?}");
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn extracts_the_cases() {
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".json") {
            continue;
        }
        let case = read(&name);
        let Some(document) = case.get("document") else { continue };
        let text = lines(document);
        let target = if case.get("target").is_some() { Target::Page } else { Target::Document };
        let (found, metadata) = result(&to_text(case.get("schema").unwrap()), &text, target);
        match (&found, target) {
            (Json::List(pages), Target::Page) => pages.iter().zip(&metadata).for_each(|(p, m)| check(p, m, &text)),
            _ => check(&found, &metadata[0], &text),
        }
        if Some(&found) != case.get("result") {
            failures.push(format!("{name}: {}", pretty(&found)));
        }
        count += 1;
    }
    assert!(count >= 6, "only {count} cases were found");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn all_faults_have_their_places() {
    let mut failures = Vec::new();
    let cases = read("faults.json");
    for case in cases.as_list().unwrap() {
        let found = faults(&to_text(case.get("schema").unwrap()));
        let expected: Vec<_> =
            case.get("faults").unwrap().as_list().unwrap().iter().filter_map(Json::as_text).collect();
        if found != expected {
            failures.push(format!(
                "{}\n{}",
                to_text(case.get("schema").unwrap()),
                pretty(&Json::from(&serde_json::json!(found)))
            ));
        }
    }
    assert!(cases.as_list().unwrap().len() >= 30);
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn what_references_repeat_is_bounded() {
    let levels = |count: usize, body: &dyn Fn(usize) -> String| {
        let definitions: Vec<_> = (0..count).map(|level| format!("\"D{level}\":{}", body(level))).collect();
        format!("{{\"$ref\":\"#/$defs/D0\",\"$defs\":{{{},\"D{count}\":{{}}}}}}", definitions.join(","))
    };
    let wide = levels(6, &|level| {
        let properties: Vec<_> = (0..40).map(|n| format!("\"p{n}\":{{\"$ref\":\"#/$defs/D{}\"}}", level + 1)).collect();
        format!("{{\"type\":\"object\",\"properties\":{{{}}}}}", properties.join(","))
    });
    assert!(faults(&wide).iter().any(|fault| fault.contains("at most 5000 properties")), "{:?}", faults(&wide));
    let choices = levels(20, &|level| {
        let next = format!("{{\"$ref\":\"#/$defs/D{}\"}}", level + 1);
        format!("{{\"type\":\"object\",\"anyOf\":[{next},{next}]}}")
    });
    assert!(!faults(&choices).is_empty());
    let long = levels(40, &|level| format!("{{\"$ref\":\"#/$defs/D{}\"}}", level + 1));
    assert!(faults(&long).iter().any(|fault| fault.contains("refer on at most")), "{:?}", faults(&long));
}

#[test]
fn the_text_of_a_schema_is_bounded() {
    let of = |name: &str, description: &str| {
        format!(
            "{{\"type\":\"object\",\"properties\":{{{name:?}:{{\"type\":\"string\",\"description\":{description:?}}}}}}}"
        )
    };
    assert_eq!(faults(&of("a", &"é".repeat(MAX_TEXT_CHARS - 1))), Vec::<String>::new());
    assert_eq!(
        faults(&of("a", &"é".repeat(MAX_TEXT_CHARS))),
        [": The names, descriptions and values to choose from have more than 120000 characters"]
    );
    assert_eq!(faults(&of("a", &"é".repeat(MAX_SCHEMA_CHARS))), [": A schema has at most 150000 characters as JSON"]);
    assert_eq!(faults("{\"type\":"), [": The schema is not JSON: EOF while parsing a value at line 1 column 8"]);
    assert!(faults("{\"a\":1,\"a\":2}").iter().any(|fault| fault.contains("stands twice")));
    faults(&"[".repeat(1_000));
    let many: Vec<_> = (0..4_000).map(|n| format!("\"p{n}\":{{\"not\":{{}}}}")).collect();
    let many = format!("{{\"type\":\"object\",\"properties\":{{{}}}}}", many.join(","));
    assert_eq!(faults(&many).len(), crate::error::MAX_VIOLATIONS);
}

#[test]
fn native_names_are_unique() {
    let schema = r#"{"type":"object","properties":{"a_b":{"type":"string"},"a":{"type":"object","properties":{
        "b":{"type":"array","items":{"type":"object","properties":{"x":{"type":"string"}}}},"c":{"type":"string"}}},
        "a b":{"type":"string"},"a c":{"type":"string"},"a_c":{"type":"array","items":{"type":"string"}}}}"#;
    let compiled = Compiled::parse(schema, &[], &Budget::request()).unwrap();
    compiled.schema().check().unwrap();
    let Schema { fields, tables } = compiled.schema();
    let names: Vec<_> = fields.iter().map(|field| &field.name).chain(tables.iter().map(|table| &table.name)).collect();
    assert_eq!(names, ["a_b", "a c", "a b", "a c 2", "a_c", "a_b 2"]);
}

#[test]
fn a_schema_without_order_gives_the_same_values() {
    let schema = serde_json::json!({ "type": "object", "properties": { "total": { "type": "number" } } });
    let budget = Budget::request();
    let compiled = Compiled::parse(&schema.to_string(), &[], &budget).unwrap();
    let document = Document::plain("Total: 3.50 EUR");
    let extraction = compiled.extract(&document, &[], &budget).unwrap();
    assert_eq!(to_text(&compiled.result(&extraction, &budget).unwrap()), "{\"total\":3.5}");
    let Metadata::Object(members) = compiled.metadata(&extraction, &budget).unwrap() else { panic!() };
    assert!(matches!(&members[..], [(name, Metadata::Value { .. })] if name == "total"));
}

#[test]
fn results_are_charged() {
    let schema = "{\"type\":\"object\",\"properties\":{\"total\":{\"type\":\"number\"},\"a\":{\"type\":\"string\"}}}";
    let mut document = Document::plain("");
    document.pages = (1..20_000).map(|number| crate::document::Page::plain(number, "Total: 1")).collect();
    let budget = Budget::stage().beside((crate::limits::MAX_CALL_BYTES - crate::limits::MIB) as usize);
    let compiled = Compiled::parse(schema, &[], &budget).unwrap();
    let error = extract(&compiled, &document, &[], Target::Page, &budget).unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::OverBudget(crate::error::Resource::Memory));
}

#[test]
fn names_become_a_schema() {
    let names =
        ["invoice_number", "issueDate", "total", "is_paid", "vat_rate", "line_items", "website"].map(str::to_owned);
    let base = r#"{"properties":{"buyer":{"properties":{"email":{},"name":{"type":"string","description":"Who pays"}}},
        "due":{"type":"string"},"total":{"type":"integer"},"tags":{"items":{"type":"string"}}}}"#;
    let schema = complete(Some(base), &names, &[], &Budget::request()).unwrap();
    let expected = fs::read_to_string(format!("{}/generated/names.json", folder())).unwrap();
    assert!(pretty(&schema) == expected.trim_end(), "{}", pretty(&schema));
    let none = complete(None, &[], &[], &Budget::request()).unwrap_err();
    assert_eq!(none.violations()[0].pointer, ["properties".into()]);
}

#[test]
fn an_example_becomes_a_schema_that_reads_it() {
    let budget = Budget::unlimited();
    let mut failures = Vec::new();
    for (name, bytes) in [
        ("invoice_de", fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/extract/cases/invoice_de.txt")).unwrap()),
        ("invoice_us", fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/extract/cases/invoice_us.txt")).unwrap()),
        ("claim", Vec::new()),
        #[cfg(feature = "pdf")]
        (
            "invoice_en",
            fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/pdf/invoice-en.pdf")).unwrap(),
        ),
    ] {
        let document = match std::str::from_utf8(&bytes).ok().and_then(|case| case.split_once("\n---\n")) {
            _ if name == "claim" => Document::plain(&lines(read("pydantic_claim.json").get("document").unwrap())),
            Some((_, text)) => Document::plain(text),
            None => crate::document::read(&bytes, &crate::document::ReadOptions::default(), &budget).unwrap(),
        };
        let schema = from_document(&document, &[], &budget).unwrap();
        let compiled = Compiled::parse(&to_text(&schema), &[], &budget).unwrap();
        let result = extract(&compiled, &document, &[], Target::Document, &budget).unwrap().result;
        let found = Json::Object(vec![("schema".to_owned(), schema), ("result".to_owned(), result)]);
        let expected = fs::read_to_string(format!("{}/generated/{name}.json", folder())).unwrap();
        if pretty(&found) != expected.trim_end() {
            failures.push(format!("{name}: {}", pretty(&found)));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    let error = from_document(&Document::plain("Good morning"), &[], &budget).unwrap_err();
    assert_eq!(error.code(), "INVALID");
}

#[test]
fn columns_have_names_that_mean_them() {
    use super::super::concepts::{CONCEPTS, column_concept};
    for (index, concept) in CONCEPTS.iter().enumerate().filter(|(_, concept)| concept.is_column()) {
        assert_eq!(column_concept(concept.name.strip_prefix("line_").unwrap()), Some(index), "{}", concept.name);
    }
}

/// The error of a schema in which `count` properties refer to the definition `a`, and the work of refusing or compiling it.
fn cost(definitions: &str, count: usize) -> (Option<&'static str>, u64) {
    let properties: Vec<_> = (0..count).map(|index| format!("\"p{index}\":{{\"$ref\":\"#/$defs/a\"}}")).collect();
    let schema =
        format!("{{\"$defs\":{{{definitions}}},\"type\":\"object\",\"properties\":{{{}}}}}", properties.join(","));
    assert!(schema.len() < MAX_SCHEMA_CHARS);
    let budget = Budget::request();
    let error = Compiled::parse(&schema, &[], &budget).err().map(|error| error.code());
    (error, budget.work_done())
}

#[test]
fn what_is_referred_to_often_is_charged_each_time() {
    let path = format!("\"b\":{{\"$ref\":\"#/{}\"}},", "x/".repeat(20_000));
    let choices = vec!["{\"$ref\":\"#/$defs/b\"}"; 40].join(",");
    let name = format!(
        "\"a\":{{\"type\":\"object\",\"properties\":{{\"{}\":{{\"type\":\"string\"}}}}}}",
        "ab ".repeat(30_000)
    );
    for definitions in [
        format!("{path}\"a\":{{\"anyOf\":[{choices}]}}"),
        name,
        format!("\"a\":{{\"enum\":[{}]}}", vec!["\"EUR\""; 15_000].join(",")),
        format!("\"a\":{{\"type\":[{}]}}", vec!["\"string\""; 9_000].join(",")),
    ] {
        let (error, _) = cost(&definitions, 1_500);
        assert_eq!(error, Some("OVER_BUDGET"), "{}", definitions.chars().take(40).collect::<String>());
    }
}

#[test]
fn completing_a_schema_is_charged_by_the_names_of_objects() {
    let properties: Vec<_> = (0..2_000).map(|index| format!("\"p{index}\":{{}}")).collect();
    let object = format!("{{\"type\":\"object\",\"properties\":{{{}}}}}", properties.join(","));
    let schema = format!("{{\"type\":\"object\",\"properties\":{{\"{}\":{object}}}}}", "ab ".repeat(30_000));
    let error = complete(Some(&schema), &[], &[], &Budget::request()).unwrap_err();
    assert_eq!(error.code(), "OVER_BUDGET");
}

#[test]
fn of_a_long_title_or_description_only_the_start_counts() {
    for keyword in ["title", "description"] {
        let definition = format!("\"a\":{{\"type\":\"string\",\"{keyword}\":\"{}\"}}", "ab ".repeat(25_000));
        let (error, work) = cost(&definition, 90);
        assert_eq!(error, None);
        // Mostly for reading the JSON.
        assert!(work < 500_000, "{keyword}: {work}");
    }
}

/// Schemas that are mostly valid, with keywords in wrong places.
fn schemas() -> impl Strategy<Value = serde_json::Value> {
    let names = prop::sample::select(vec![
        "total",
        "name",
        "seller",
        "invoiceDate",
        "items",
        "iban",
        "a",
        "",
        "é 1",
        "type",
        "properties",
        "$ref",
    ]);
    let leaf = prop::sample::select(vec![
        json!({ "type": "string" }),
        json!({ "type": ["number", "null"] }),
        json!({ "type": "integer", "description": "Invoice date" }),
        json!({ "type": "boolean" }),
        json!({ "enum": ["a", 1, null] }),
        json!({ "const": "x" }),
        json!({ "type": "string", "format": "date-time" }),
        json!({ "$ref": "#/properties/a" }),
        json!({ "$ref": "#" }),
        json!({}),
        json!(null),
        json!([{}]),
    ]);
    let schema = leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::btree_map(names.clone(), inner.clone(), 0..5)
                .prop_map(|properties| json!({ "type": "object", "properties": properties })),
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items })),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|choices| json!({ "anyOf": choices })),
            (names.clone(), inner).prop_map(|(keyword, value)| json!({ "type": "string", keyword: value })),
        ]
    });
    prop_oneof![
        schema.clone(),
        prop::collection::btree_map("[a-c]", schema, 1..5).prop_map(|properties| json!({ "properties": properties })),
    ]
}

proptest! {
    #[test]
    fn any_schema_is_refused_or_gives_its_shape(schema in schemas(), text in "(Total: 1|name\n|a\ta\t|\n|x){0,8}") {
        let text = format!("{text}.");
        let schema = schema.to_string();
        let budget = Budget::request();
        match Compiled::parse(&schema, &[], &budget) {
            Ok(compiled) => {
                let Schema { fields, tables } = compiled.schema();
                // A schema of constants asks the document for nothing.
                let asks = !fields.is_empty() || !tables.is_empty();
                prop_assert!(!asks || compiled.schema().check().is_ok(), "{:?}", compiled.schema().check());
                for target in [Target::Document, Target::Page] {
                    let (found, metadata) = result(&schema, &text, target);
                    match found {
                        Json::List(pages) => pages.iter().zip(&metadata).for_each(|(page, of)| check(page, of, &text)),
                        found => check(&found, &metadata[0], &text),
                    }
                }
            }
            Err(error) => prop_assert!(!error.violations().is_empty()),
        }
        if let Ok(completed) = complete(Some(&schema), &["b".to_owned()], &[], &budget) {
            prop_assert!(Compiled::parse(&to_text(&completed), &[], &budget).is_ok());
        }
    }

    #[test]
    fn any_text_becomes_a_schema_that_compiles_or_none(text in "(Total: 1,50 €|Name: Ada|Qty\tPrice\n|1\t2,50|\n|Ref: x 1){0,12}") {
        let budget = Budget::request();
        match from_document(&Document::plain(&text), &[], &budget) {
            Ok(schema) => prop_assert!(Compiled::parse(&to_text(&schema), &[], &budget).is_ok()),
            Err(error) => prop_assert_eq!(error.code(), "INVALID"),
        }
    }
}
