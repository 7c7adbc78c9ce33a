//! Classifying and extracting in the request itself. Nothing is kept.

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
        at_once::{self, Content},
        classifiers, mails,
        ports::Ports,
        schemas,
    },
    validate::{Check, Field},
};

/// A request: what is said, and the file that came with it, when it is a form.
struct Request {
    said: Value,
    file: Option<Bytes>,
}

/// Reads a request. In a form the members named in `json` are JSON, and those in `texts` are texts.
async fn request(headers: &HeaderMap, body: Body, json: &[&str], texts: &[&str]) -> Result<Request> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return Ok(Request { said: body::json(headers, body).await?, file: None });
    }
    let form = form::hold("file", headers, body).await?;
    let root = Field::root("body", None);
    let mut check = Check::default();
    let mut said = Map::new();
    for (name, text) in form.texts {
        if json.contains(&&*name) {
            match serde_json::from_str(&text) {
                Ok(value) => drop(said.insert(name, value)),
                Err(error) => {
                    let message = format!("JSON decode error: {error}");
                    check.refuse(&root.with(name.as_str(), None), "json_invalid", message, None);
                }
            }
        } else if texts.contains(&&*name) {
            said.insert(name, text.into());
        }
    }
    check.finish(Some(Request { said: Value::Object(said), file: Some(form.bytes) }))
}

/// What is to be looked at: the file of a form, or else a text or a mail in `input`.
fn content(check: &mut Check, input: &Field<'_>, file: Option<Bytes>) -> Option<Content> {
    if let Some(bytes) = file {
        return Some(Content::Bytes(bytes));
    }
    let (text, letter) = (input.get("text"), input.get("mail"));
    match (text.is_absent(), letter.is_absent()) {
        (true, true) => check.refuse(&text, "missing", "A text, a mail or a file is required", None),
        (false, false) => check.refuse_value(&letter, "there is a text already"),
        (false, true) => {
            let text = check.text(&text, 1..=limits::MAX_BODY_BYTES)?;
            return Some(Content::Bytes(Bytes::copy_from_slice(text.as_bytes())));
        }
        (true, false) => {
            if check.object(&letter) {
                check.only(&letter, &["subject", "body"]);
                return document::given::mail(check, &letter).map(Content::Mail);
            }
        }
    }
    None
}

/// Notes unless exactly one of two members is there.
fn either(check: &mut Check, input: &Field<'_>, one: &str, other: &str) {
    match (input.get(one).is_absent(), input.get(other).is_absent()) {
        (true, true) => check.refuse(&input.get(one), "missing", format!("Either {one} or {other} is required"), None),
        (false, false) => check.refuse_value(&input.get(other), &format!("there is {one} already")),
        _ => {}
    }
}

/// What documents are held against: rules of the request, or a saved classifier.
pub(super) enum Against {
    Rules(RuleSet),
    Saved(ClassifierId),
}

/// Reads the members `rules` and `classifier_id`, of which there must be one.
pub(super) fn against(check: &mut Check, input: &Field<'_>) -> Option<Against> {
    either(check, input, "rules", "classifier_id");
    let rules = classify::given::rules(check, &input.get("rules"));
    let id = rules::id(check, &input.get("classifier_id"));
    id.map(Against::Saved).or(rules.map(Against::Rules))
}

/// Mails have a bound of their own.
fn bounded(content: &Content) -> Result<()> {
    match content {
        Content::Mail(mail) => mails::check(mail),
        Content::Bytes(_) => Ok(()),
    }
}

/// `POST /v1/classify`
pub(super) async fn classify<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let Request { said, file } = request(&headers, body, &["rules", "settings"], &["classifier_id"]).await?;
    let input = Field::root("body", Some(&said));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &["text", "mail", "rules", "settings", "classifier_id"]);
    let content = content(&mut check, &input, file);
    let against = against(&mut check, &input);
    let settings = classify::given::settings(&mut check, &input.get("settings"));
    let draft = check.boolean(&caller.query.one("draft")).unwrap_or_default();
    let (content, against) = check.finish(content.zip(against))?;
    bounded(&content)?;
    let mut classification = match against {
        Against::Saved(id) => {
            let saved = classifiers::get(&caller.ports, caller.token.project, id, draft).await;
            found(saved, NO_CLASSIFIER)?.classification
        }
        Against::Rules(rules) => Classification { rules, ..Classification::default() },
    };
    if let Some(settings) = settings {
        classification.settings = settings;
    }
    let classified = at_once::classify(&content, &classification)?;
    Ok(reply::json(StatusCode::OK, &classified))
}

/// `POST /v1/extract`
pub(super) async fn extract<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let Request { said, file } = request(&headers, body, &["schema"], &["schema_id"]).await?;
    let input = Field::root("body", Some(&said));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &["text", "mail", "schema", "schema_id"]);
    let content = content(&mut check, &input, file);
    either(&mut check, &input, "schema", "schema_id");
    let field = input.get("schema");
    let schema = if check.object(&field) {
        check.only(&field, &["fields", "tables"]);
        extract::given::read(&mut check, &field)
    } else {
        None
    };
    let id: Option<SchemaId> = rules::id(&mut check, &input.get("schema_id"));
    let content = check.finish(content)?;
    bounded(&content)?;
    let schema = match id {
        Some(id) => found(schemas::get(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?.schema,
        None => schema.unwrap_or_default(),
    };
    let extraction = at_once::extract(&content, &schema)?;
    Ok(reply::json(StatusCode::OK, &extraction))
}
