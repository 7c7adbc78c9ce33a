//! Schemas of what to extract.

use serde_json::{Value, json};
use sortroom::{
    api,
    document::Document,
    extract::{Schema, extract, input::parse_schema},
    service::memory::Memory,
    validate::{Input, Validator},
};

use super::{
    Check, Target,
    document::{check_extraction, twice},
    seeds,
    service::{Service, check_response},
};
use crate::{
    inside,
    verdict::{code, require},
};

pub const SCHEMA: Target = Target {
    name: "schema",
    seeds: || seeds("schema", &[]),
    dictionary: &[
        b"\"fields\":",
        b"\"tables\":",
        b"\"name\":",
        b"\"kind\":",
        b"\"description\":",
        b"\"synonyms\":",
        b"\"options\":",
        b"text",
        b"number",
        b"money",
        b"percent",
        b"date",
        b"boolean",
        b"iban",
        b"vat_id",
        b"email",
        b"phone",
        b"url",
        b"currency",
        b"id",
        b"label",
        b"[]",
        b"{}",
        b"null",
        b"\"\"",
        b" ",
        b"total",
        b"Total amount due",
        b"invoice number",
        b"Rechnungsnummer",
        b"\\u0000",
        b"1e400",
        b",",
        b":",
    ],
    inside: Some(inside::json::edit),
    check: || check(),
};

/// A text with values of each kind.
const TEXT: &str = "ACME Ltd\n\nInvoice number: KS-2026-0147\nInvoice date: 4 March 2026\nVAT ID: DE136695976\n\
    IBAN: DE02 1203 0000 0000 2020 51\nPaid: yes\nPhone: +49 30 123456\nEmail: a@b.example\n\n\
    Description\tQuantity\tPrice\tAmount\nPens\t2\t1.50\t3.00\nPaper\t10\t0.95\t9.50\n\n\
    Net amount: 12.50 EUR\nVAT 20%: 2.50 EUR\nAmount due: 15.00 EUR\n";

fn check() -> Check {
    let router = api::router::<Memory>();
    Box::new(move |bytes| {
        let Ok(input) = serde_json::from_slice::<Value>(bytes) else { return Ok("no JSON") };
        let parsed = serde_json::from_value::<Schema>(input.clone());
        if let Ok(schema) = &parsed {
            // Also one that no caller could give: it is used as far as it makes sense.
            let document = Document::plain(TEXT);
            match twice(|budget| extract(&document, schema, &[], budget))? {
                Ok(extraction) => check_extraction(&extraction, schema, &document)?,
                Err(error) => return code(&error),
            }
        }
        let service = Service::new(&router);
        let body = json!({ "text": TEXT, "schema": input });
        let extracted = service.send("POST", "/v1/extract", &[], body.to_string().into()).expect("a request");
        check_response("/v1/extract", &extracted)?;
        let Value::Object(mut members) = input else { return Ok("no object") };
        let request = Value::Object(members.clone());
        members.insert("name".to_owned(), "fuzzed".into());
        let saved = service.send("POST", "/v1/schemas", &[], Value::Object(members).to_string().into());
        let saved = saved.expect("a request");
        check_response("/v1/schemas", &saved)?;
        if saved.status != 201 {
            return Ok("refused");
        }
        // Only what is saved may have members of what was saved.
        let is_bare = ["name", "id", "created_at", "updated_at"].iter().all(|name| request.get(name).is_none());
        let is_extracted = [200, 413].contains(&extracted.status);
        require!(is_extracted || !is_bare, "saved, but extracted with {}", extracted.status);
        let mut check = Validator::default();
        let schema = parse_schema(&mut check, &Input::root("body", Some(&request)));
        require!(check.finish(schema.clone()).is_ok(), "{request} is saved, but not valid");
        let schema = schema.unwrap_or_default();
        require!(schema.check().is_ok(), "saved in spite of {:#?}", schema.check());

        // What is saved is what the request has, and comes back as it is.
        let answer = saved.json();
        let target = format!("/v1/schemas/{}", answer["id"].as_str().unwrap_or_default());
        let read = service.get(&target).expect("a request").json();
        require!(read == answer, "saved as {answer}, read as {read}");
        let read_schema = json!({ "fields": read["fields"], "tables": read["tables"] });
        let is_same = serde_json::from_value::<Schema>(read_schema).is_ok_and(|read| read == schema);
        require!(is_same, "{schema:?} is read as {read}");
        let put = service.send("PUT", &target, &[], read.to_string().into()).expect("a request");
        require!(put.status == 200, "{read} is put back with {}", put.status);
        Ok("saved")
    })
}
