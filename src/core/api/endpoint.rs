//! Endpoints of webhooks, as requests declare them in every dialect, and what a call of one says.

use axum::http::HeaderName;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    error::{Error, Result},
    job::Endpoint,
    limits,
    service::{
        outbound::{MAX_URL_CHARS, Target},
        ports::{Environment, OutboundPolicy},
    },
    validate::{
        Input, Validator,
        shape::{Named, Shape},
    },
};

/// The URL of an endpoint. Whether the operator permits it is for [`check_permitted`] to say.
pub(in crate::api) const URL: Shape =
    Shape::Own { documented: &Shape::text(1..=MAX_URL_CHARS), format: "uri", check: check_url };

/// Headers of a call beside those of its form.
pub(in crate::api) const HEADERS: Shape = Shape::Own {
    documented: &Shape::Named {
        name: 1..=limits::MAX_WEBHOOK_VALUE_BYTES,
        max: limits::MAX_WEBHOOK_HEADERS,
        member: &HEADER_VALUE,
    },
    format: "",
    check: check_headers,
};

const HEADER_VALUE: Shape = Shape::text(0..=limits::MAX_WEBHOOK_VALUE_BYTES);

/// A secret that signs calls.
pub(in crate::api) const SECRET: Shape = Shape::text(1..=limits::MAX_WEBHOOK_VALUE_BYTES);

/// Headers that the request itself has, or that its receiver trusts because the form of the call sets them.
const RESERVED_HEADERS: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "lc-signature",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// How much of a name is shown in an error, in bytes.
const MAX_SHOWN_NAME: usize = 100;

/// How the names of headers begin that only the form of the call sets.
const RESERVED_PREFIXES: [&str; 2] = ["webhook-", "x-webhook-"];

fn check_url(check: &mut Validator, field: &Input<'_>) {
    if let Some(text) = check.text(field, 1..=MAX_URL_CHARS)
        && let Err(error) = Target::parse(text, &OutboundPolicy::PERMIT_ALL)
    {
        check.reject_value(field, error.message());
    }
}

/// Reports a URL that is well formed and that the operator does not permit.
pub(in crate::api) fn check_permitted(check: &mut Validator, field: &Input<'_>, ports: &impl Environment) {
    let is_well_formed = |text: &String| Target::parse(text, &OutboundPolicy::PERMIT_ALL).is_ok();
    let Some(text) = field.read::<String>().filter(is_well_formed) else { return };
    if let Err(error) = Target::parse(&text, &ports.config().outbound) {
        check.reject_value(field, error.message());
    }
}

fn check_headers(check: &mut Validator, field: &Input<'_>) {
    if !check.object(field) {
        return;
    }
    if field.member_count() > limits::MAX_WEBHOOK_HEADERS {
        let message = format!("at most {} headers can be set", limits::MAX_WEBHOOK_HEADERS);
        check.reject_value(field, &message);
        return;
    }
    let mut names = Vec::new();
    for (name, value) in field.members() {
        // Without the value, which may be a secret that errors must not repeat.
        let place = field.with(name.get(..MAX_SHOWN_NAME).unwrap_or(name), None);
        let lower = name.to_ascii_lowercase();
        if HeaderName::from_bytes(name.as_bytes()).is_err() || name.len() > limits::MAX_WEBHOOK_VALUE_BYTES {
            check.reject_value(&place, "not the name of a header");
        } else if RESERVED_HEADERS.contains(&lower.as_str())
            || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        {
            check.reject_value(&place, "this header is set by the service");
        } else if names.contains(&lower) {
            check.reject_value(&place, "this header is there twice");
        }
        names.push(lower);
        let text = value.read::<String>();
        let is_sent_as_it_is = text.as_ref().is_some_and(|text| {
            text.len() <= limits::MAX_WEBHOOK_VALUE_BYTES
                && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
                && text.trim() == text
        });
        if !is_sent_as_it_is {
            let max = limits::MAX_WEBHOOK_VALUE_BYTES;
            let message = format!("a header is printable ASCII of up to {max} characters, without blanks around it");
            check.reject_value(&place, &message);
        }
    }
}

/// The endpoint after a change of what is not None; None if it stays as it is.
pub(in crate::api) fn changed(
    old: &Endpoint,
    url: Option<String>,
    named: Option<Named<String>>,
    secret: Option<String>,
) -> Option<Endpoint> {
    let endpoint = Endpoint {
        url: url.unwrap_or_else(|| old.url.clone()),
        format: old.format,
        headers: named.map_or_else(|| old.headers.clone(), |named| headers(named.0)),
        secret: secret.or_else(|| old.secret.clone()),
    };
    (endpoint != *old).then_some(endpoint)
}

/// Headers with their names in lower case.
pub(in crate::api) fn headers(named: Vec<(String, String)>) -> Vec<(String, String)> {
    named.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// What a call says, in the form of its endpoint.
#[derive(Debug)]
pub(in crate::api) struct CallText {
    /// The name of the event.
    pub event: &'static str,
    /// The headers of the form: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, a JSON object.
    pub body: String,
}

/// The HMAC-SHA256 of parts that are joined by `.`, as the forms sign their calls.
///
/// # Errors
///
/// `Internal`, which no key causes.
pub(in crate::api) fn signature(key: &[u8], parts: &[&str]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(Error::internal)?;
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            mac.update(b".");
        }
        mac.update(part.as_bytes());
    }
    Ok(mac.finalize().into_bytes().into())
}

/// The value of a header that signs `body` as `sha256=` and hexadecimal digits; None without a secret.
///
/// # Errors
///
/// `Internal`, which no secret causes.
pub(in crate::api) fn hex_signature(secret: Option<&str>, body: &str) -> Result<Option<String>> {
    let Some(secret) = secret else { return Ok(None) };
    let signature = signature(secret.as_bytes(), &[body])?;
    Ok(Some(format!("sha256={}", base16ct::lower::encode_string(&signature))))
}
