//! The API over ports in memory, with something in it.

use axum::{Router, body::Body, http};
use futures_executor::block_on;
use futures_util::StreamExt;
use serde_json::{Value, json};
use sortroom::{
    api,
    service::{memory::Memory, ports::Config},
};

use crate::verdict::{Fault, is_documented, require};

const ADMIN: &str = "the operator's secret";

/// The largest answer to a request that is refused: a hundred faults, each with a kilobyte of the value.
const MAX_REFUSAL_BYTES: usize = 300_000;

/// A service whose project has a classifier, a schema, a file and a job that has ended. Its ids are the same each time.
pub struct Service {
    pub ports: Memory,
    router: Router,
    pub token: String,
    pub project: String,
    pub classifier: String,
    pub schema: String,
    pub file: String,
    pub job: String,
    /// The last segment of a signed address of the file.
    pub signed: String,
}

/// A response.
#[derive(Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
    content_type: String,
}

impl Response {
    /// The JSON of the body; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The beginning of the body, for messages.
    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(1000)]).into_owned()
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{value} has no {pointer}")).to_owned()
}

impl Service {
    pub fn new(router: &Router) -> Self {
        let ports = Memory::new(Config { admin_secret: Some(ADMIN.to_owned()), ..Config::default() });
        let empty = String::new;
        let mut service = Self {
            ports,
            router: router.clone(),
            token: ADMIN.to_owned(),
            project: empty(),
            classifier: empty(),
            schema: empty(),
            file: empty(),
            job: empty(),
            signed: empty(),
        };
        service.project = text(&service.post("/v1/projects", &json!({ "name": "Fuzzed" })), "/id");
        let token = service.post(&format!("/v1/projects/{}/tokens", service.project), &json!({}));
        service.token = text(&token, "/token");
        let rules = json!([
            { "label": "invoice", "description": "asks for the payment of an invoice" },
            { "label": "claim", "description": "reports damage to a car and asks for compensation" },
        ]);
        let schema = json!({ "name": "invoices", "fields": [{ "name": "total", "kind": "money" }] });
        service.schema = text(&service.post("/v1/schemas", &schema), "/id");
        let classifier = json!({ "name": "post", "rules": rules });
        service.classifier = text(&service.post("/v1/classifiers", &classifier), "/id");
        let form = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n\
            Invoice 4711. Please pay 12.50 EUR.\r\n--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nclassify\r\n--B--\r\n";
        let content_type = ("content-type", "multipart/form-data; boundary=B");
        let file = service.send("POST", "/api/v1/beta/files", &[content_type], form.into()).expect("a request");
        service.file = text(&file.json(), "/id");
        let rules = json!([{ "type": "invoice", "description": "asks for the payment of an invoice" }]);
        let job = json!({ "file_input": service.file, "configuration": { "rules": rules } });
        service.job = text(&service.post("/api/v2/classify", &job), "/id");
        block_on(service.ports.run_queue());
        let address = format!("/api/v1/beta/files/{}/content", service.file);
        let address = text(&service.get(&address).expect("a request").json(), "/url");
        service.signed = address.rsplit('/').next().unwrap_or_default().to_owned();
        service
    }

    fn post(&self, target: &str, body: &Value) -> Value {
        self.send("POST", target, &[], body.to_string().into()).expect("a request").json()
    }

    pub fn get(&self, target: &str) -> Option<Response> {
        self.send("GET", target, &[], Vec::new())
    }

    /// Sends a request, with the token of the project unless it has another; None if it is not valid HTTP, which the
    /// platform refuses.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Option<Response> {
        let mut builder = http::Request::builder().method(method).uri(target).header("host", "sortroom.test");
        if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("authorization")) {
            builder = builder.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("content-length")) {
            builder = builder.header("content-length", body.len());
        }
        let request = builder.body(Body::from(body)).ok()?;
        let (parts, body) = block_on(api::serve(&self.router, self.ports.clone(), request)).into_parts();
        let chunks: Vec<_> = block_on(body.into_data_stream().collect());
        let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
        Some(Response {
            status: parts.status.as_u16(),
            body: chunks.into_iter().flat_map(Result::unwrap).collect(),
            content_type: content_type.unwrap_or_default().to_owned(),
        })
    }
}

/// Checks that we do not fail, which is all that the answer to `HEAD` says, for it has no body.
pub fn check_status(target: &str, response: &Response) -> Result<(), Fault> {
    require!(response.status < 500, "{target}: {} {}", response.status, response.shown());
    Ok(())
}

/// Checks what holds for every answer with a body: we do not fail, and a refusal has the form of its dialect and is not long.
pub fn check_response(target: &str, response: &Response) -> Result<(), Fault> {
    check_status(target, response)?;
    if response.status < 400 {
        return Ok(());
    }
    require!(response.body.len() <= MAX_REFUSAL_BYTES, "{target}: a refusal of {} bytes", response.body.len());
    require!(response.content_type == "application/json", "{target}: {:?}", response.content_type);
    let body = response.json();
    // The router refuses unknown paths and methods before there is a dialect.
    let is_known = !body["detail"].is_null() || body["error"].is_string() || body["message"].is_string();
    let is_native = body.pointer("/error/code").and_then(Value::as_str).is_some_and(is_documented)
        && body.pointer("/error/message").is_some_and(Value::is_string);
    require!(is_known || is_native, "{target}: {} {}", response.status, response.shown());
    Ok(())
}

/// A text as one segment of a path or one value of a query string.
pub fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| {
        let is_safe = byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
        if is_safe { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}
