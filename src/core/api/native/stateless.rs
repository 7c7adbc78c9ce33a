//! Classification, extraction, parsing and splitting within the request. Nothing is stored.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    Caller, NO_CLASSIFIER, NO_SCHEMA, Reply, found,
    rules::{self, ID},
};
use crate::{
    api::{
        body,
        checked::{Checked, in_body},
        cuid::Id,
        form::{self, BufferedForm},
        reply,
    },
    classify::{RuleSet, Settings, input::RULES},
    document::{Mail, PageSelection, ReadOptions},
    error::Result,
    extract::Schema,
    id::{ClassifierId, SchemaId},
    job::Classification,
    limits,
    service::{
        classifiers, mails,
        ports::Ports,
        schemas,
        stateless::{self, Content},
    },
    split::SplitOptions,
    validate::{
        Input, Validator,
        declare::declare,
        shape::{CLOSED, Choice, Declared, FilePart, OPEN, Object, Shape},
    },
};

declare! {
    /// What to work on.
    #[derive(Debug)]
    pub(super) struct ContentChoice(Object { choices: &[TEXT_OR_MAIL], ..CLOSED }) {
        /// The text: of a document, or a whole HTML file or mail.
        text: Option<String> = optional(Shape::text(1..=limits::MAX_BODY_BYTES)),
        /// The mail.
        mail: Option<Mail> = optional,
    }
}

const TEXT_OR_MAIL: Choice = Choice {
    members: &["text", "mail"],
    exclusive: true,
    check: |check, input| {
        let (text, mail) = (input.get("text"), input.get("mail"));
        match (text.is_absent(), mail.is_absent()) {
            (true, true) => check.reject(&text, "missing", "A text, a mail or a file is required", None),
            (false, false) => check.reject_value(&mail, "there is a text already"),
            _ => {}
        }
    },
};

declare! {
    /// The rules to classify with.
    #[derive(Debug)]
    pub(super) struct RulesChoice(Object { choices: &[RULES_OR_ID], ..CLOSED }) {
        /// The rules.
        rules: Option<RuleSet> = optional(RULES),
        /// The saved classifier whose rules they are.
        classifier_id: Option<Id<ClassifierId>> = optional(ID),
    }
}

const RULES_OR_ID: Choice = Choice {
    members: &["rules", "classifier_id"],
    exclusive: true,
    check: |check, input| require_exactly_one(check, input, "rules", "classifier_id"),
};

declare! {
    /// What to extract.
    #[derive(Debug)]
    pub(super) struct SchemaChoice(Object { choices: &[SCHEMA_OR_ID], ..CLOSED }) {
        /// The schema.
        schema: Option<Schema> = optional,
        /// The saved schema to use.
        schema_id: Option<Id<SchemaId>> = optional(ID),
    }
}

const SCHEMA_OR_ID: Choice = Choice {
    members: &["schema", "schema_id"],
    exclusive: true,
    check: |check, input| require_exactly_one(check, input, "schema", "schema_id"),
};

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

declare! {
    /// What a document is classified by.
    #[derive(Debug)]
    pub(super) struct ClassifyOptions(CLOSED) {
        rules: RulesChoice = flattened,
        /// Options; those of the saved classifier if absent.
        settings: Option<Settings> = optional,
    }
}

declare! {
    /// A text or mail to classify.
    #[derive(Debug)]
    pub(super) struct ClassifyRequest(CLOSED) {
        content: ContentChoice = flattened,
        options: ClassifyOptions = flattened,
    }
}

declare! {
    /// A file to classify. The other parts are JSON texts, except ids.
    #[derive(Debug)]
    pub(super) struct ClassifyForm(CLOSED) {
        /// The file, of up to 10 MiB.
        file: FilePart = required(Shape::File),
        options: ClassifyOptions = flattened,
    }
}

declare! {
    /// Which version of a saved classifier is used.
    #[derive(Debug)]
    pub(super) struct VersionQuery(OPEN) {
        /// Whether the newest version is used even if it is a draft.
        pub draft: bool = default(Shape::Boolean, false),
    }
}

declare! {
    /// A text or mail to extract from.
    #[derive(Debug)]
    pub(super) struct ExtractRequest(CLOSED) {
        content: ContentChoice = flattened,
        schema: SchemaChoice = flattened,
    }
}

declare! {
    /// A file to extract from. The schema is a JSON text.
    #[derive(Debug)]
    pub(super) struct ExtractForm(CLOSED) {
        /// The file, of up to 10 MiB.
        file: FilePart = required(Shape::File),
        schema: SchemaChoice = flattened,
    }
}

declare! {
    /// A text or mail to parse. Pages are those of a text.
    #[derive(Debug)]
    pub(super) struct ParseRequest(CLOSED) {
        content: ContentChoice = flattened,
        options: ReadOptions = flattened,
    }
}

declare! {
    /// A file to parse.
    #[derive(Debug)]
    pub(super) struct ParseForm(CLOSED) {
        /// The file, of up to 10 MiB.
        file: FilePart = required(Shape::File),
        options: ReadOptions = flattened,
    }
}

declare! {
    /// How a file is split.
    #[derive(Debug)]
    pub(super) struct SplitChoices(CLOSED) {
        rules: ClassifyOptions = flattened,
        pages: ReadOptions = flattened,
        options: SplitOptions = flattened,
    }
}

declare! {
    /// A text or mail to split. The rules are the categories.
    #[derive(Debug)]
    pub(super) struct SplitRequest(CLOSED) {
        content: ContentChoice = flattened,
        choices: SplitChoices = flattened,
    }
}

declare! {
    /// A file to split. The rules are the categories.
    #[derive(Debug)]
    pub(super) struct SplitForm(CLOSED) {
        /// The file, of up to 10 MiB.
        file: FilePart = required(Shape::File),
        choices: SplitChoices = flattened,
    }
}

/// The rules to classify with: those of the request, or a saved classifier.
pub(super) enum RulesInput {
    Rules(RuleSet),
    Saved(ClassifierId),
}

impl From<RulesChoice> for RulesInput {
    fn from(choice: RulesChoice) -> Self {
        match choice.classifier_id {
            Some(id) => Self::Saved(id.0),
            None => Self::Rules(choice.rules.unwrap_or_default()),
        }
    }
}

impl From<ContentChoice> for Content {
    fn from(choice: ContentChoice) -> Self {
        match choice.mail {
            Some(mail) => Self::Mail(mail),
            None => Self::Bytes(choice.text.unwrap_or_default().into()),
        }
    }
}

/// A request that is JSON or a form.
enum Request<J, F> {
    Json(Checked<J>),
    Form(Checked<F>, Bytes),
}

/// Reads a request.
async fn request<J: Declared, F: Declared>(
    caller: &Caller<impl Ports>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Request<J, F>> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return Ok(Request::Json(Checked::new("body", body::json(headers, body).await?)));
    }
    let form = form::buffer_form(&caller.ports, caller.token.project, "file", F::OBJECT, headers, body).await?;
    let members = members(&form, F::OBJECT)?;
    Ok(Request::Form(Checked::new("body", members.into()), form.bytes))
}

/// The parts of a form as the members of `object`. Those that `object` does not have are there too, so that they are
/// refused.
fn members(form: &BufferedForm, object: &'static Object) -> Result<Map<String, Value>> {
    let root = Input::root("body", None);
    let mut check = Validator::default();
    let declared = object.all_members();
    let shape = |name: &str| declared.iter().find(|member| member.name == name).map(|member| &member.shape);
    let mut members = Map::new();
    for (name, text) in &form.texts {
        let value = match shape(name) {
            Some(shape) if !shape.is_text() => serde_json::from_str(text),
            _ => Ok(text.as_str().into()),
        };
        match value {
            Ok(value) => drop(members.insert(name.clone(), value)),
            Err(error) => {
                let message = format!("JSON decode error: {error}");
                check.reject(&root.with(name.as_str(), None), "json_invalid", message, None);
            }
        }
    }
    members.extend(form.other_files.iter().map(|name| (name.clone(), Value::Bool(true))));
    check.finish(Some(members))
}

/// Checks the size of a mail. Files are limited when they are read.
fn check_size(content: &Content) -> Result<()> {
    match content {
        Content::Mail(mail) => mails::check(mail),
        Content::Bytes(_) => Ok(()),
    }
}

/// The rules and settings of a request.
async fn classification<P: Ports>(caller: &Caller<P>, options: ClassifyOptions, draft: bool) -> Result<Classification> {
    let mut classification = match options.rules.into() {
        RulesInput::Saved(id) => {
            let saved = classifiers::get(&caller.ports, caller.token.project, id, rules::version(draft)).await;
            found(saved, NO_CLASSIFIER)?.classification
        }
        RulesInput::Rules(rules) => Classification { rules, ..Classification::default() },
    };
    if let Some(settings) = options.settings {
        classification.settings = settings;
    }
    Ok(classification)
}

/// `POST /v1/classify`
pub(super) async fn classify<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let query = caller.query.checked::<VersionQuery>();
    let draft = query.read().is_some_and(|query| query.draft);
    let (content, options) = match request::<ClassifyRequest, ClassifyForm>(&caller, &headers, body).await? {
        Request::Json(mut body) => {
            body.add_faults_of(query);
            let ClassifyRequest { content, options } = body.finish()?;
            (content.into(), options)
        }
        Request::Form(mut form, bytes) => {
            form.add_faults_of(query);
            (Content::Bytes(bytes), form.finish()?.options)
        }
    };
    check_size(&content)?;
    let classification = classification(&caller, options, draft).await?;
    let classified = stateless::classify(&caller.ports, content, classification).await?;
    Ok(reply::json(StatusCode::OK, &classified))
}

/// `POST /v1/extract`
pub(super) async fn extract<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let (content, schema) = match request::<ExtractRequest, ExtractForm>(&caller, &headers, body).await? {
        Request::Json(body) => {
            let ExtractRequest { content, schema } = body.finish()?;
            (content.into(), schema)
        }
        Request::Form(form, bytes) => (Content::Bytes(bytes), form.finish()?.schema),
    };
    check_size(&content)?;
    let schema = match schema.schema_id {
        Some(Id(id)) => found(schemas::get(&caller.ports, caller.token.project, id).await, NO_SCHEMA)?.schema,
        None => schema.schema.unwrap_or_default(),
    };
    let extraction = stateless::extract(&caller.ports, content, schema).await?;
    Ok(reply::json(StatusCode::OK, &extraction))
}

/// `POST /v1/read`
pub(super) async fn read<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let (content, options) = match request::<ParseRequest, ParseForm>(&caller, &headers, body).await? {
        Request::Json(body) => {
            let ParseRequest { content, options } = body.finish()?;
            (content.into(), options)
        }
        Request::Form(form, bytes) => (Content::Bytes(bytes), form.finish()?.options),
    };
    check_size(&content)?;
    PageSelection::new(&options).map_err(in_body)?;
    let parsed = stateless::parse(&caller.ports, content, options).await?;
    Ok(reply::json(StatusCode::OK, &parsed))
}

/// `POST /v1/split`
pub(super) async fn split<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let query = caller.query.checked::<VersionQuery>();
    let draft = query.read().is_some_and(|query| query.draft);
    let (content, choices) = match request::<SplitRequest, SplitForm>(&caller, &headers, body).await? {
        Request::Json(mut body) => {
            body.add_faults_of(query);
            let SplitRequest { content, choices } = body.finish()?;
            (content.into(), choices)
        }
        Request::Form(mut form, bytes) => {
            form.add_faults_of(query);
            (Content::Bytes(bytes), form.finish()?.choices)
        }
    };
    check_size(&content)?;
    let SplitChoices { rules, pages, options } = choices;
    PageSelection::new(&pages).map_err(in_body)?;
    let classification = classification(&caller, rules, draft).await?;
    let classification = Classification { read_options: pages, ..classification };
    let split = stateless::split(&caller.ports, content, classification, options).await?;
    Ok(reply::json(StatusCode::OK, &split))
}
