//! A mail that the caller has already parsed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input;
use crate::limits;
use crate::validate::declare::declare;
use crate::validate::shape::{CLOSED, Object, Read, Shape};

declare! {
    /// A mail that the caller has already parsed. Its subject, its body or an attachment must say something.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct Mail(Object { choices: &[input::SAYS_SOMETHING], ..CLOSED }) {
        /// The subject; empty if there is none.
        #[serde(default)]
        #[cfg_attr(feature = "types", ts(as = "Option<String>", optional))]
        pub subject: String = default(Shape::text(0..=input::MAX_SUBJECT_CHARS), String::new()),
        /// The body, plain or HTML.
        #[serde(default)]
        #[cfg_attr(feature = "types", ts(as = "Option<String>", optional))]
        pub body: String = default(Shape::text(0..=limits::MAX_MAIL_BYTES), String::new()),
        /// The body as HTML, which is read if `body` says nothing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<String>", optional))]
        pub html: String = default(Shape::text(0..=limits::MAX_MAIL_BYTES), String::new()),
        /// The sender.
        #[serde(default, skip_serializing_if = "TextList::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<TextList>", optional))]
        pub from: TextList = optional(input::TEXT_LIST),
        /// The recipients.
        #[serde(default, skip_serializing_if = "TextList::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<TextList>", optional))]
        pub to: TextList = optional(input::TEXT_LIST),
        /// The recipients of a copy. As in a mail file, they are not part of what is read.
        #[serde(default, skip_serializing_if = "TextList::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<TextList>", optional))]
        pub cc: TextList = optional(input::TEXT_LIST),
        /// When it was sent.
        #[serde(default, skip_serializing_if = "TextList::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<TextList>", optional))]
        pub date: TextList = optional(input::TEXT_LIST),
        /// Its header fields, by name or as a list; the subject, the sender, the recipients and the date are taken from
        /// here where the mail does not have them.
        #[serde(default, skip_serializing_if = "MailHeaders::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<MailHeaders>", optional))]
        pub headers: MailHeaders = optional(input::MAIL_HEADERS),
        /// The attached files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<Vec<MailAttachment>>", optional))]
        pub attachments: Vec<MailAttachment> =
            optional(Shape::list(0..=limits::MAX_ATTACHMENTS, &MailAttachment::SHAPE)),
    }
}

declare! {
    /// A file attached to a mail.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    #[cfg_attr(feature = "types", ts(optional_fields))]
    pub struct MailAttachment(CLOSED) {
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String> = optional(input::FILE_NAME),
        /// The same, as others call it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub filename: Option<String> = optional(input::FILE_NAME),
        /// Its media type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub media_type: Option<String> = optional(input::FILE_NAME),
        /// The same, as others call it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub content_type: Option<String> = optional(input::FILE_NAME),
        /// Its bytes, as base64.
        #[serde(default)]
        #[cfg_attr(feature = "types", ts(as = "Option<String>", optional))]
        pub content: String = default(input::BASE64, String::new()),
    }
}

impl Mail {
    /// The size of the attachments, as base64.
    pub fn attachment_bytes(&self) -> usize {
        self.attachments.iter().map(|file| file.content.len()).sum()
    }

    /// The subject, or the header field of that name.
    pub(crate) fn subject(&self) -> Cow<'_, str> {
        if self.subject.trim().is_empty() { self.headers.field("Subject").into() } else { self.subject.as_str().into() }
    }

    /// What `own`, one of the members, says; else the header field `name`.
    pub(crate) fn field(&self, own: &TextList, name: &str) -> String {
        let own = own.joined();
        if own.trim().is_empty() { self.headers.field(name) } else { own }
    }
}

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(type = "string | Array<string>"))]
pub struct TextList(pub Vec<String>);

impl TextList {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn joined(&self) -> String {
        self.0.join(", ")
    }
}

impl Read for TextList {
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            Some(Value::String(text)) => Some(Self(vec![text.clone()])),
            value => Read::read(value).map(Self),
        }
    }
}

/// A header field of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailHeader {
    /// Its name, in any case.
    pub name: String,
    /// Its value, decoded.
    pub value: String,
}

/// The header fields of a mail: an object of texts and lists of texts, or a list of `{name, value}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(
    feature = "types",
    ts(type = "{ [name: string]: string | Array<string> } | Array<{ name: string, value: string }>")
)]
pub struct MailHeaders(pub Vec<MailHeader>);

impl MailHeaders {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of a field.
    fn field(&self, name: &str) -> String {
        let fields = self.0.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        fields.map(|field| field.value.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Read for MailHeaders {
    fn read(value: Option<&Value>) -> Option<Self> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let fields = match value {
            None => Some(Vec::new()),
            Some(Value::Object(fields)) => {
                let fields = fields.iter().filter(|(_, value)| !value.is_null());
                let read = fields.map(|(name, value)| {
                    let TextList(values) = TextList::read(Some(value))?;
                    Some(values.into_iter().map(move |value| MailHeader { name: name.clone(), value }))
                });
                read.collect::<Option<Vec<_>>>().map(|fields| fields.into_iter().flatten().collect())
            }
            Some(fields) => {
                let read = |field: &Value| {
                    Some(MailHeader { name: text(field.get("name"))?, value: text(field.get("value"))? })
                };
                fields.as_array()?.iter().map(read).collect()
            }
        };
        fields.map(Self)
    }
}
