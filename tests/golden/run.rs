//! Runs a transcript over any transport.

use serde_json::{Value, json};
use sortroom::{api::cuid, id::JobId};

use crate::{
    expect::{self, Names},
    transcript::{Comparison, Exchange, NO_HEADER, Step},
};

/// A request to send. The target is a path with its query.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A received response. Header names are in lower case.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A connection to a service under test, with the operator's secret.
pub trait Transport {
    /// Sends a request.
    fn send(&mut self, request: Request) -> Response;
    /// The operator's secret.
    fn admin(&self) -> String;
    /// Lets the queue run until nothing is left to do.
    fn settle(&mut self);
    /// Advances the clock by some seconds; returns false if the transport cannot.
    fn advance_clock(&mut self, seconds: u64) -> bool;
    /// Whether the service is in this process, over in-memory ports.
    fn is_memory(&self) -> bool;
}

/// How many requests of a transcript were sent, and how many were skipped because the transport does not support them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub ran: usize,
    pub skipped: usize,
}

/// Runs a transcript. The error names the step that failed, and why.
pub fn run(steps: &[Step], transport: &mut impl Transport) -> Result<Tally, String> {
    let mut names = set_up(transport)?;
    let mut tally = Tally::default();
    // A transcript ends if the clock cannot advance; the remaining requests are counted as skipped.
    let mut has_ended = false;
    let mut skip_next = false;
    for step in steps {
        match step {
            Step::Exchange(_) if has_ended || std::mem::take(&mut skip_next) => tally.skipped += 1,
            _ if has_ended => {}
            Step::Saved => save_fixtures(transport, &mut names)?,
            Step::Settle => transport.settle(),
            Step::Advance(seconds) => has_ended = !transport.advance_clock(*seconds),
            Step::MemoryOnly => skip_next = !transport.is_memory(),
            Step::Exchange(exchange) => {
                check(exchange, transport, &mut names).map_err(|error| format!("{}: {error}", exchange.title))?;
                tally.ran += 1;
            }
        }
    }
    Ok(tally)
}

/// Creates two projects with a token each.
fn set_up(transport: &mut impl Transport) -> Result<Names, String> {
    let mut names = Names::from([("admin".to_owned(), transport.admin()), ("64k".to_owned(), "x".repeat(64 * 1024))]);
    for prefix in ["", "other_"] {
        let admin = transport.admin();
        let body = json!({ "name": "Default", "organization_name": "Acme" });
        let project = post(transport, &admin, "/v1/projects", &body)?;
        let id = text(&project, "id");
        let token = post(transport, &admin, &format!("/v1/projects/{id}/tokens"), &json!({ "name": "golden" }))?;
        names.insert(format!("{prefix}token"), text(&token, "token"));
        names.insert(format!("{prefix}project"), id);
        names.insert(format!("{prefix}organization"), text(&project, "organization_id"));
    }
    Ok(names)
}

/// Saves the schemas `invoices` and `receipts`, the classifier `classifier` (which routes invoices and receipts to
/// them, and does not route letters) and the classifier `orchestrator` for mails, and binds their ids to these names.
pub fn save_fixtures(transport: &mut impl Transport, names: &mut Names) -> Result<(), String> {
    let token = names["token"].clone();
    let mut save = |name: &str, target: &str, body: &Value| {
        let id = text(&post(transport, &token, target, body)?, "id");
        names.insert(name.to_owned(), id.clone());
        Ok::<_, String>(id)
    };
    let invoices = json!({
        "name": "Invoices",
        "fields": [
            { "name": "invoice_number", "kind": "id" },
            { "name": "invoice_date", "kind": "date" },
            { "name": "total_amount", "kind": "money", "synonyms": ["amount due"] },
        ],
        "tables": [],
    });
    let receipts = json!({ "name": "Receipts", "fields": [{ "name": "total", "kind": "money" }], "tables": [] });
    let invoices = save("invoices", "/v1/schemas", &invoices)?;
    let receipts = save("receipts", "/v1/schemas", &receipts)?;
    let documents = json!({
        "name": "Documents",
        "rules": [
            { "label": "invoice", "description": "Invoice with an invoice number, line items, taxes and an amount due" },
            { "label": "receipt", "description": "Receipt of a purchase that was paid at a till, by cash or by card" },
            { "label": "letter", "description": "A letter from one person to another with a salutation and a greeting" },
        ],
        "routes": [
            { "label": "invoice", "deployment": "Invoice Processing", "schema_id": invoices },
            { "label": "receipt", "deployment": "Expenses", "schema_id": receipts },
        ],
    });
    save("classifier", "/v1/classifiers", &documents)?;
    let mails = json!({
        "name": "Mails",
        "rules": [
            { "label": "refund_request", "description": "The customer asks for a refund of a recent order" },
            { "label": "delivery_problem", "description": "A parcel is late, lost or arrived damaged" },
        ],
        "routes": [],
    });
    save("orchestrator", "/v1/classifiers", &mails)?;
    Ok(())
}

fn post(transport: &mut impl Transport, token: &str, target: &str, body: &Value) -> Result<Value, String> {
    let authorization = format!("Bearer {token}");
    let response = transport.send(Request {
        method: "POST".into(),
        target: target.into(),
        headers: vec![("authorization".into(), authorization), ("content-type".into(), "application/json".into())],
        body: body.to_string().into_bytes(),
    });
    let text = String::from_utf8_lossy(&response.body).into_owned();
    if response.status != 201 {
        return Err(format!("setting up: {} {text}", response.status));
    }
    serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
}

fn text(response: &Value, member: &str) -> String {
    response[member].as_str().unwrap_or_default().to_owned()
}

fn check(exchange: &Exchange, transport: &mut impl Transport, names: &mut Names) -> Result<(), String> {
    let mut headers = Vec::new();
    for (name, value) in &exchange.headers {
        headers.push((name.clone(), substitute(value, names)?));
    }
    let response = transport.send(Request {
        method: exchange.method.clone(),
        target: path(&substitute(&exchange.target, names)?).to_owned(),
        headers,
        body: substitute(&exchange.body, names)?.into_bytes(),
    });
    let body = String::from_utf8_lossy(&response.body);
    let expected = &exchange.expected;
    if response.status != expected.status {
        return Err(format!("status {}, expected {}: {body}", response.status, expected.status));
    }
    for (name, pattern) in &expected.headers {
        let actual = response.headers.iter().find(|(actual, _)| actual == name);
        if pattern == NO_HEADER {
            match actual {
                Some((_, value)) => return Err(format!("header {name}: {value}, expected none")),
                None => continue,
            }
        }
        let (_, actual) = actual.ok_or_else(|| format!("no header {name}"))?;
        expect::header(&substitute(pattern, names)?, actual, names)
            .map_err(|error| format!("header {name}: {error}"))?;
    }
    let expected_body = substitute(&expected.body, names)?;
    if matches!(expected.comparison, Comparison::Bytes) {
        return if expected_body == body { Ok(()) } else { Err(format!("body {body}\nexpected  {expected_body}")) };
    }
    if !expected_body.starts_with(['{', '[']) {
        return if expected_body == body.trim_end() {
            Ok(())
        } else {
            Err(format!("body {body:?}, expected {expected_body:?}"))
        };
    }
    let expected_body: Value =
        serde_json::from_str(&expected_body).map_err(|error| format!("the transcript: {error}"))?;
    let actual: Value = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
    let content_type = response.headers.iter().find(|(name, _)| name == "content-type");
    if content_type.is_none_or(|(_, value)| value != "application/json") {
        return Err(format!("JSON of the type {content_type:?}"));
    }
    match &expected.comparison {
        Comparison::Shape(nullable) => expect::like(&expected_body, &actual, nullable),
        _ => expect::matches(&expected_body, &actual, names),
    }
    .map_err(|error| format!("{error}\n  {body}"))
}

/// Replaces the names in `text` with their values.
fn substitute(text: &str, names: &Names) -> Result<String, String> {
    let mut output = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("{{ without }}")?;
        let (name, part) = name.split_once('|').unwrap_or((name, ""));
        let value = names.get(name).ok_or_else(|| format!("nothing is bound to {name}"))?;
        output.push_str(before);
        match part {
            "" => output.push_str(value),
            "bare" => output.push_str(expect::bare(value)),
            "cuid" => {
                output.push_str(&cuid::encode(&value.parse::<JobId>().map_err(|error| format!("{name}: {error}"))?))
            }
            "path" => output.push_str(path(value)),
            "last" => output.push_str(value.rsplit('/').next().unwrap_or_default()),
            _ => return Err(format!("no such part: {part}")),
        }
        rest = after;
    }
    output.push_str(rest);
    Ok(output)
}

/// A URL without scheme and host.
fn path(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else { return url };
    rest.find('/').map_or("/", |start| &rest[start..])
}
