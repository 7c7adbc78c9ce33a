//! Classification and extraction within the request. Nothing is stored.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Caller, NO_CLASSIFIER, NO_SCHEMA, Reply, found, rules};
use crate::{
    api::{body, form, reply},
    classify::{self, RuleSet},
    document,
    error::Result,
    extract,
    id::{ClassifierId, SchemaId},
    job::Classification,
    limits,
    service::{
        classifiers, mails,
        ports::Ports,
        schemas,
        stateless::{self, Content},
    },
    validate::{Input, Validator},
};

/// A request body: its JSON and, if it is a form, its file.
struct Request {
    json: Value,
    file: Option<Bytes>,
}

/// Reads a request. In a form the parts named in `json_parts` are JSON, and those in `text_parts` are texts.
async fn request(headers: &HeaderMap, body: Body, json_parts: &[&str], text_parts: &[&str]) -> Result<Request> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return Ok(Request { json: body::json(headers, body).await?, file: None });
    }
    let form = form::buffer_form("file", headers, body).await?;
    let root = Input::root("body", None);
    let mut check = Validator::default();
    let mut members = Map::new();
    for (name, text) in form.texts {
        if json_parts.contains(&&*name) {
            match serde_json::from_str(&text) {
                Ok(value) => drop(members.insert(name, value)),
                Err(error) => {
                    let message = format!("JSON decode error: {error}");
                    check.reject(&root.with(name.as_str(), None), "json_invalid", message, None);
                }
            }
        } else if text_parts.contains(&&*name) {
            members.insert(name, text.into());
        }
    }
    check.finish(Some(Request { json: Value::Object(members), file: Some(form.bytes) }))
}

/// The content to work on: the file of a form, or else a text or a mail in `input`.
fn content(check: &mut Validator, input: &Input<'_>, file: Option<Bytes>) -> Option<Content> {
    if let Some(bytes) = file {
        return Some(Content::Bytes(bytes));
    }
    let (text, mail) = (input.get("text"), input.get("mail"));
    match (text.is_absent(), mail.is_absent()) {
        (true, true) => check.reject(&text, "missing", "A text, a mail or a file is required", None),
        (false, false) => check.reject_value(&mail, "there is a text already"),
        (false, true) => {
            let text = check.text(&text, 1..=limits::MAX_BODY_BYTES)?;
            return Some(Content::Bytes(Bytes::copy_from_slice(text.as_bytes())));
        }
        (true, false) => {
            if check.object(&mail) {
                check.deny_unknown_fields(&mail, &["subject", "body"]);
                return document::input::parse_mail(check, &mail).map(Content::Mail);
            }
        }
    }
    None
}

/// Rejects `input` unless it has exactly one of two members.
fn require_exactly_one(check: &mut Validator, input: &Input<'_>, first: &str, second: &str) {
    match (input.get(first).is_absent(), input.get(second).is_absent()) {
        (true, true) => {
            check.reject(&input.get(first), "missing", format!("Either {first} or {second} is required"), None);
        }
        (false, false) => check.reject_value(&input.get(second), &format!("there is {first} already")),
        _ => {}
    }
}

/// The rules to classify with: those of the request, or a saved classifier.
pub(super) enum RulesInput {
    Rules(RuleSet),
    Saved(ClassifierId),
}

/// Parses the members `rules` and `classifier_id`, exactly one of which must be present.
pub(super) fn parse_rules_input(check: &mut Validator, input: &Input<'_>) -> Option<RulesInput> {
    require_exactly_one(check, input, "rules", "classifier_id");
    let rules = classify::input::parse_rules(check, &input.get("rules"));
    let id = rules::id(check, &input.get("classifier_id"));
    id.map(RulesInput::Saved).or(rules.map(RulesInput::Rules))
}

/// Checks the size of a mail. Files are limited when they are read.
fn check_size(content: &Content) -> Result<()> {
    match content {
        Content::Mail(mail) => mails::check(mail),
        Content::Bytes(_) => Ok(()),
    }
}

/// `POST /v1/classify`
pub(super) async fn classify<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let Request { json, file } = request(&headers, body, &["rules", "settings"], &["classifier_id"]).await?;
    let input = Input::root("body", Some(&json));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &["text", "mail", "rules", "settings", "classifier_id"]);
    let content = content(&mut check, &input, file);
    let rules_input = parse_rules_input(&mut check, &input);
    let settings = classify::input::parse_settings(&mut check, &input.get("settings"));
    let version = rules::version(&mut check, &caller.query);
    let (content, rules_input) = check.finish(content.zip(rules_input))?;
    check_size(&content)?;
    let mut classification = match rules_input {
        RulesInput::Saved(id) => {
            let saved = classifiers::get(&caller.ports, caller.token.project, id, version).await;
            found(saved, NO_CLASSIFIER)?.classification
        }
        RulesInput::Rules(rules) => Classification { rules, ..Classification::default() },
    };
    if let Some(settings) = settings {
        classification.settings = settings;
    }
    let classified = stateless::classify(&content, &classification)?;
    Ok(reply::json(StatusCode::OK, &classified))
}

/// `POST /v1/extract`
pub(super) async fn extract<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let Request { json, file } = request(&headers, body, &["schema"], &["schema_id"]).await?;
    let input = Input::root("body", Some(&json));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &["text", "mail", "schema", "schema_id"]);
    let content = content(&mut check, &input, file);
    require_exactly_one(&mut check, &input, "schema", "schema_id");
    let field = input.get("schema");
    let schema = if check.object(&field) {
        check.deny_unknown_fields(&field, &["fields", "tables"]);
        extract::input::parse_schema(&mut check, &field)
    } else {
        None
    };
    let id: Option<SchemaId> = rules::id(&mut check, &input.get("schema_id"));
    let content = check.finish(content)?;
    check_size(&content)?;
    let schema = match id {
        Some(id) => found(schemas::get(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?.schema,
        None => schema.unwrap_or_default(),
    };
    let extraction = stateless::extract(&content, &schema)?;
    Ok(reply::json(StatusCode::OK, &extraction))
}
