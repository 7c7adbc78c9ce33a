//! Runs a transcript over any transport.

use serde_json::{Value, json};

use crate::{
    expect::{self, Names},
    transcript::{Ask, Step},
};

/// A request as it is sent. The target is a path with its query.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer as it comes. Names of headers are in lower case.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A way to a service with an operator's secret, and nothing in it that matters.
pub trait Transport {
    /// Sends a request.
    fn send(&mut self, request: Request) -> Response;
    /// The operator's secret.
    fn admin(&self) -> String;
    /// Lets the queue run until nothing is left to do.
    fn settle(&mut self);
    /// Lets seconds pass; false where that cannot be done.
    fn pass(&mut self, seconds: u64) -> bool;
}

/// Runs a transcript. The error says which step went wrong and how.
pub fn run(steps: &[Step], transport: &mut impl Transport) -> Result<(), String> {
    let mut names = set_up(transport)?;
    for step in steps {
        match step {
            Step::Settle => transport.settle(),
            Step::Pass(seconds) if transport.pass(*seconds) => {}
            Step::Pass(_) => return Ok(()),
            Step::Ask(ask) => {
                check(ask, transport, &mut names).map_err(|error| format!("{}: {error}", ask.title))?;
            }
        }
    }
    Ok(())
}

/// Makes two projects with a token each.
fn set_up(transport: &mut impl Transport) -> Result<Names, String> {
    let mut names = Names::from([("admin".to_owned(), transport.admin())]);
    for prefix in ["", "other_"] {
        let project = post(transport, "/v1/projects", &json!({ "name": "Default", "organization_name": "Acme" }))?;
        let id = text(&project, "id");
        let token = post(transport, &format!("/v1/projects/{id}/tokens"), &json!({ "name": "golden" }))?;
        names.insert(format!("{prefix}token"), text(&token, "token"));
        names.insert(format!("{prefix}project"), id);
        names.insert(format!("{prefix}organization"), text(&project, "organization_id"));
    }
    Ok(names)
}

fn post(transport: &mut impl Transport, target: &str, body: &Value) -> Result<Value, String> {
    let authorization = format!("Bearer {}", transport.admin());
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

fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_default().to_owned()
}

fn check(ask: &Ask, transport: &mut impl Transport, names: &mut Names) -> Result<(), String> {
    let mut headers = Vec::new();
    for (name, value) in &ask.headers {
        headers.push((name.clone(), filled(value, names)?));
    }
    let response = transport.send(Request {
        method: ask.method.clone(),
        target: path(&filled(&ask.target, names)?).to_owned(),
        headers,
        body: filled(&ask.body, names)?.into_bytes(),
    });
    let body = String::from_utf8_lossy(&response.body);
    let expected = &ask.expected;
    if response.status != expected.status {
        return Err(format!("status {}, expected {}: {body}", response.status, expected.status));
    }
    for (name, pattern) in &expected.headers {
        let actual = response.headers.iter().find(|(actual, _)| actual == name);
        let (_, actual) = actual.ok_or_else(|| format!("no header {name}"))?;
        expect::header(&filled(pattern, names)?, actual, names).map_err(|error| format!("header {name}: {error}"))?;
    }
    let wanted = filled(&expected.body, names)?;
    if wanted == "<any>" {
        return Ok(());
    }
    if !wanted.starts_with(['{', '[']) {
        return if wanted == body.trim_end() { Ok(()) } else { Err(format!("body {body:?}, expected {wanted:?}")) };
    }
    let wanted: Value = serde_json::from_str(&wanted).map_err(|error| format!("the transcript: {error}"))?;
    let actual: Value = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
    let content_type = response.headers.iter().find(|(name, _)| name == "content-type");
    if content_type.is_none_or(|(_, value)| value != "application/json") {
        return Err(format!("JSON of the type {content_type:?}"));
    }
    match &expected.like {
        Some(nullable) => expect::like(&wanted, &actual, nullable),
        None => expect::matches(&wanted, &actual, names),
    }
    .map_err(|error| format!("{error}\n  {body}"))
}

/// `text` with values for names.
fn filled(text: &str, names: &Names) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("{{ without }}")?;
        let (name, part) = name.split_once('|').unwrap_or((name, ""));
        let value = names.get(name).ok_or_else(|| format!("nothing is bound to {name}"))?;
        filled.push_str(before);
        filled.push_str(match part {
            "" => value,
            "bare" => expect::bare(value),
            "path" => path(value),
            "last" => value.rsplit('/').next().unwrap_or_default(),
            _ => return Err(format!("no such part: {part}")),
        });
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// An address without scheme and host.
fn path(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else { return address };
    rest.find('/').map_or("/", |start| &rest[start..])
}
