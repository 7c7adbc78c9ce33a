//! Classifying mails.

use std::collections::BTreeMap;

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Caller, NO_ORCHESTRATOR, PathParams, Reply, orchestrator,
    wire::{Classified, Process},
};
use crate::{
    api::{body, checked::Checked, cuid, reply},
    document::{Mail, MailAttachment},
    error::{Error, ErrorKind, Result},
    id::JobId,
    job::{External, JobKind},
    limits,
    service::{
        index::{JobInput, Refusal, RequestedWebhooks, RuleSource, Work},
        jobs::{self, CreateOutcome, JobRequest},
        mails,
        ports::Ports,
    },
    validate::{
        declare::declare,
        shape::{Declared, OPEN, Object, Shape},
    },
};

const NO_PROCESS: &str = "Process not found";

declare! {
    /// A mail in a member of its own, as documented for the asynchronous call.
    #[derive(Debug)]
    pub(super) struct WrappedMail(OPEN) {
        /// The mail. Other members than these are ignored, and the answer names them.
        mail: Mail = required(Shape::Object(&OPEN_MAIL)),
        external: ExternalInput = flattened,
    }
}

declare! {
    /// A mail at the top level, as documented for the synchronous call.
    #[derive(Debug)]
    pub(super) struct FlatMail(OPEN) {
        mail: Mail = flattened,
        external: ExternalInput = flattened,
    }
}

static OPEN_MAIL: Object = Object { name: "Mail", closed: false, ..*Mail::OBJECT };

declare! {
    /// What comes back with the classification.
    #[derive(Debug)]
    pub(super) struct ExternalInput(OPEN) {
        /// A text of the caller.
        external_ref: Option<String> = optional(Shape::text(0..=1_024)),
        /// Any JSON of the caller, up to 64 KiB, which comes back byte for byte.
        external_metadata: Option<Value> = optional(Shape::Any),
    }
}

/// The members of a request, still raw: `external_metadata` is returned byte for byte, and may have numbers that nothing
/// else can hold.
type RawMembers<'a> = BTreeMap<String, &'a RawValue>;

fn value(member: &RawValue) -> Result<Value> {
    body::parse(member.get().as_bytes())
}

/// The most members that an answer lists as ignored, and how many characters of the name of each it has.
const MAX_IGNORED: usize = 50;
const MAX_IGNORED_CHARS: usize = 100;

/// The names of members that were not read.
#[derive(Debug, Default)]
struct Ignored(Vec<String>);

impl Ignored {
    fn add(&mut self, path: &str, name: &str) {
        let name: String = format!("{path}{name}").chars().take(MAX_IGNORED_CHARS).collect();
        if self.0.len() < MAX_IGNORED && !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    /// Takes the members out of `value` that `object` does not have. A null member says nothing.
    fn take(&mut self, path: &str, value: &mut Value, object: &Object) {
        let Some(members) = value.as_object_mut() else { return };
        let known = object.all_members();
        members.retain(|name, value| {
            let is_known = known.iter().any(|member| member.name == name);
            if !is_known && !value.is_null() {
                self.add(path, name);
            }
            is_known
        });
    }

    /// The same for the attachments of a mail.
    fn take_of_attachments(&mut self, path: &str, mail: &mut Value) {
        for file in mail.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten() {
            self.take(&format!("{path}attachments."), file, MailAttachment::OBJECT);
        }
    }
}

/// A mail that was submitted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Submitted {
    /// The id to ask for its classification by.
    process_cuid: String,
    /// An addition to the dialect, if there are any: the members of the request that were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
}

/// `POST .../classification-async`
pub(super) async fn submit<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: RequestBody,
) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let bytes = body::read_json(&headers, body).await?;
    let Submission { mail, external, ignored } = read(&bytes, BodyFormat::Wrapped)?;
    mails::check(&mail)?;
    let request = JobRequest {
        input: JobInput::Mail(Box::new(mail)),
        work: Work::Classify(RuleSource::Saved(orchestrator)),
        idempotency_key: None,
        external,
        webhooks: RequestedWebhooks::default(),
    };
    match jobs::create(&caller.ports, &caller.token, request).await? {
        CreateOutcome::Job(job) => {
            Ok(reply::json(StatusCode::OK, &Submitted { process_cuid: cuid::encode(&job.id), ignored }))
        }
        CreateOutcome::Refused(Refusal::UnknownClassifier) => Err(Error::not_found(NO_ORCHESTRATOR).into()),
        CreateOutcome::Refused(refusal) => Err(Error::internal(format!("refused: {refusal:?}")).into()),
    }
}

/// Where the mail is in a request body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyFormat {
    /// In the member `mail`, as documented for the asynchronous call.
    Wrapped,
    /// At the top level, as documented for the synchronous call.
    Flat,
}

/// What a request submits.
struct Submission {
    mail: Mail,
    external: External,
    /// The members that were not read.
    ignored: Vec<String>,
}

/// Parses a submission in either format. `documented` is the documented format of the call: errors about missing
/// members refer to it.
fn read(bytes: &[u8], documented: BodyFormat) -> Result<Submission> {
    let members = raw_members(bytes)?;
    let has = |name: &&str| members.contains_key(*name);
    let flat =
        !has(&"mail") && (["subject", "body", "html", "attachments"].iter().any(has) || documented == BodyFormat::Flat);
    let mut ignored = Ignored::default();
    let mut input = serde_json::Map::new();
    for (name, raw) in &members {
        let is_mail =
            if flat { Mail::OBJECT.all_members().iter().any(|member| member.name == name) } else { name == "mail" };
        match name.as_str() {
            _ if is_mail || name == "external_ref" => {
                input.insert(name.clone(), value(raw)?);
            }
            "external_metadata" => {}
            _ if raw.get() != "null" => ignored.add("", name),
            _ => {}
        }
    }
    let mut input = Value::Object(input);
    let (mail, external) = if flat {
        ignored.take_of_attachments("", &mut input);
        let FlatMail { mail, external } = Checked::new("body", input).finish()?;
        (mail, external)
    } else {
        if let Some(mail) = input.get_mut("mail") {
            ignored.take("mail.", mail, Mail::OBJECT);
            ignored.take_of_attachments("mail.", mail);
        }
        let WrappedMail { mail, external } = Checked::new("body", input).finish()?;
        (mail, external)
    };
    let reference = external.external_ref;
    let metadata = members.get("external_metadata").map(|raw| raw.get()).filter(|metadata| *metadata != "null");
    if metadata.is_some_and(|metadata| metadata.len() > limits::MAX_METADATA_BYTES) {
        let limit = u64::try_from(limits::MAX_METADATA_BYTES).unwrap_or(u64::MAX);
        let why = format!("external_metadata has more than {limit} bytes");
        return Err(Error::new(ErrorKind::TooLarge { limit }, why));
    }
    let external = External { reference, metadata: metadata.map(str::to_owned) };
    Ok(Submission { mail, external, ignored: ignored.0 })
}

/// The members of a body.
fn raw_members(bytes: &[u8]) -> Result<RawMembers<'_>> {
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    if is_object || !(bytes.is_empty() || body::parse::<Value>(bytes).is_ok()) {
        return body::parse_borrowed(bytes);
    }
    // No object: the error says so, and not how a parser comes to see it.
    let value = if bytes.is_empty() { Value::Null } else { body::parse(bytes)? };
    Checked::<WrappedMail>::new("body", value).finish()?;
    Ok(RawMembers::new())
}

/// `GET .../classification-async/{processCuid}`
pub(super) async fn result<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let id: JobId = segments.id("process", NO_PROCESS)?;
    let job = jobs::get_of_kind(&caller.ports, caller.token.project, id, JobKind::Mail)
        .await
        .map_err(|error| error.with_not_found_message(NO_PROCESS))?;
    if job.classification.classifier != Some(orchestrator) {
        return Err(Error::not_found(NO_PROCESS).into());
    }
    Ok(reply::json(StatusCode::OK, &Process::new(&job)?))
}

/// `POST .../classification`
pub(super) async fn classify<P: Ports>(
    caller: Caller<P>,
    segments: PathParams,
    headers: HeaderMap,
    body: RequestBody,
) -> Reply {
    let orchestrator = orchestrator(&caller, &segments)?;
    let bytes = body::read_json(&headers, body).await?;
    let Submission { mail, ignored, .. } = read(&bytes, BodyFormat::Flat)?;
    mails::check(&mail)?;
    let decision = mails::classify(&caller.ports, caller.token.project, orchestrator, mail).await;
    let decision = decision.map_err(|error| error.with_not_found_message(NO_ORCHESTRATOR))?;
    Ok(reply::json(StatusCode::OK, &Classified::new(&decision, ignored)))
}
