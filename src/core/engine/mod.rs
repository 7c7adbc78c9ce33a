//! The calls to the engine, as values.
//!
//! A document may trap the code that reads it, or make it take all memory. So a server does not process documents in
//! the instance that answers requests: it hands an [`AnyCall`] and the bytes of the document to an instance that can
//! be thrown away, and gets the JSON of the reply. [`Request::answer`] is what that instance does. Each call has a
//! [`Budget`] of its own.

mod classifier_cache;
mod json_schema;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

pub use json_schema::{CheckSchema, ExtractByJsonSchema, GenerateSchema};

use crate::{
    budget::{Budget, Held},
    classify::{
        AttachmentResult, Classifier, ClassifyResult, Decision, RuleSet, Settings,
        evaluation::{self, LabelledText},
        lint::lint_result,
    },
    document::{self, AttachedFile, Document, Mail, ReadOptions},
    error::{Error, Result},
    extract::{self, Extraction, Schema},
    parse,
    split::{self, SplitOptions, Uncategorized},
};

/// The document of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The bytes that come with the call.
    Bytes(ReadOptions),
    /// A mail.
    Mail(Mail),
}

impl Source {
    fn read(&self, bytes: &[u8], budget: &Budget) -> Result<Document> {
        match self {
            Self::Bytes(options) => document::read(bytes, options, budget),
            Self::Mail(mail) => document::read_mail(mail, budget),
        }
    }

    fn attachments(&self, bytes: &[u8], budget: &Budget) -> Result<Vec<AttachedFile>> {
        match self {
            Self::Bytes(_) => document::attachments(bytes, budget),
            Self::Mail(mail) => document::mail_attachments(mail, budget),
        }
    }

    /// Charges the memory of attachments that were decoded. Those of a file are no larger than the file, which the budget
    /// was made for.
    fn hold<'b>(&self, files: &[AttachedFile], budget: &'b Budget) -> Result<Held<'b>> {
        let bytes = match self {
            Self::Bytes(_) => 0,
            Self::Mail(_) => files.iter().map(|file| file.bytes.len()).sum(),
        };
        Ok(budget.hold(bytes)?)
    }
}

/// How much work a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetKind {
    /// As much as a request that is answered at once.
    Request,
    /// As much as a stage of a job.
    Stage,
}

impl BudgetKind {
    /// A budget of this kind for a call about a document of `document_bytes` bytes.
    pub const fn budget(self, document_bytes: usize) -> Budget {
        match self {
            Self::Request => Budget::request(),
            Self::Stage => Budget::stage(),
        }
        .beside(document_bytes)
    }
}

/// A call to the engine. Its fields are its arguments, besides the bytes of the document.
pub trait Call: Into<AnyCall> + Send {
    /// What the engine replies.
    type Reply: Serialize + DeserializeOwned + Send;

    /// Answers the call. `bytes` is empty if the call has no document, or its document is a mail.
    ///
    /// # Errors
    ///
    /// Those of the call.
    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Self::Reply>;
}

/// Declares [`AnyCall`] from the list of all calls.
macro_rules! calls {
    ($($call:ident),* $(,)?) => {
        /// Any call to the engine, as it crosses to the instance that answers it: its name and its fields.
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AnyCall {
            $(
                #[doc = concat!("See [`", stringify!($call), "`].")]
                $call($call),
            )*
        }

        impl AnyCall {
            fn answer(self, bytes: &[u8], budget: &Budget) -> Result<String> {
                match self {
                    $(Self::$call(call) => to_json(&call.answer(bytes, budget)?),)*
                }
            }
        }

        $(
            impl From<$call> for AnyCall {
                fn from(call: $call) -> Self {
                    Self::$call(call)
                }
            }
        )*
    };
}

calls![
    CheckSchema,
    Classify,
    ClassifyWithAttachments,
    Evaluate,
    Extract,
    ExtractByJsonSchema,
    GenerateSchema,
    Lint,
    Parse,
    ReadText,
    Split,
];

/// A call and its budget.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// The call.
    pub call: AnyCall,
    /// How much work it may take.
    pub budget: BudgetKind,
}

impl Request {
    /// Answers the call, and returns the JSON of its reply. `bytes` is the document; `budget` is one of
    /// [`BudgetKind::budget`].
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn answer(self, bytes: &[u8], budget: &Budget) -> Result<String> {
        self.call.answer(bytes, budget)
    }
}

fn to_json(reply: &impl Serialize) -> Result<String> {
    serde_json::to_string(reply).map_err(Error::internal)
}

fn to_raw_json(reply: &impl Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(reply).map_err(Error::internal)
}

/// Classifies a document; a mail without a text of its own by its attachments.
///
/// Errors: `Unreadable` if the document cannot be read, `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classify {
    /// The document.
    pub source: Source,
    /// The rules.
    pub rules: RuleSet,
    /// The settings of the engine.
    pub settings: Settings,
}

impl Call for Classify {
    type Reply = Decision;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Decision> {
        Ok(self.with_attachments(bytes, false, budget)?.decision)
    }
}

impl Classify {
    /// Classifies the document, and the files inside it if `all` or if it is a mail that has to be classified by them.
    fn with_attachments(self, bytes: &[u8], all: bool, budget: &Budget) -> Result<ClassifyResult> {
        let Self { source, rules, settings } = self;
        let document = source.read(bytes, budget)?;
        let classifier = classifier_cache::classifier(&rules, &settings, budget)?;
        let mut attachments = Vec::new();
        if document.is_mail_without_text() || all && document.format.reads_attachments() {
            match source.attachments(bytes, budget) {
                Ok(files) => {
                    let _held = source.hold(&files, budget)?;
                    let files = files.into_iter().enumerate();
                    attachments.extend(files.map(|file| classify_attachment(&classifier, file, budget)));
                }
                Err(error) => attachments.push(AttachmentResult { name: None, outcome: Err(error).into() }),
            }
        }
        ClassifyResult::of(&document, attachments, |document| classifier.decide(document, budget))
    }
}

/// Classifies a document and the files inside it that are documents of their own. The reply is the JSON of a
/// [`ClassifyResult`].
///
/// Errors: as [`Classify`]. An attachment that cannot be read has the error in its own result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassifyWithAttachments(pub Classify);

impl Call for ClassifyWithAttachments {
    type Reply = Box<RawValue>;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Box<RawValue>> {
        to_raw_json(&self.0.with_attachments(bytes, true, budget)?)
    }
}

fn classify_attachment(
    classifier: &Classifier,
    (index, file): (usize, AttachedFile),
    budget: &Budget,
) -> AttachmentResult {
    let decision =
        document::read_attachment(index, &file, budget).and_then(|document| classifier.decide(&document, budget));
    AttachmentResult { name: file.name, outcome: decision.into() }
}

/// Extracts the fields of a schema from a document.
///
/// Errors: `Unreadable` if the document cannot be read, `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extract {
    /// The document.
    pub source: Source,
    /// The schema.
    pub schema: Schema,
}

impl Call for Extract {
    type Reply = Extraction;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Extraction> {
        let document = self.source.read(bytes, budget)?;
        // Attachments only help; ones that cannot be read are ignored.
        let attachments = self.source.attachments(bytes, budget).unwrap_or_default();
        let _held = self.source.hold(&attachments, budget)?;
        extract::extract(&document, &self.schema, &attachments, budget)
    }
}

/// Rules and settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RulesVersion {
    /// The rules.
    pub rules: RuleSet,
    /// The settings of the engine.
    pub settings: Settings,
}

/// Evaluates rules on labelled texts, read as documents, and compares their answers with those of the published
/// version. The reply is the JSON of an [`evaluation::EvaluateResult`].
///
/// Errors: `Invalid` at `cases/N/text` if a text cannot be read, at `cases/N/label` if no rule has the label;
/// `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluate {
    /// The version to evaluate.
    pub evaluated: RulesVersion,
    /// The published version.
    pub published: Option<RulesVersion>,
    /// How the texts are read.
    pub read_options: ReadOptions,
    /// The texts.
    pub cases: Vec<LabelledText>,
}

impl Call for Evaluate {
    type Reply = Box<RawValue>;

    fn answer(self, _: &[u8], budget: &Budget) -> Result<Box<RawValue>> {
        let cases = evaluation::cases(self.cases, |text| document::read(text, &self.read_options, budget))?;
        let published = self.published.as_ref().map(|version| (&version.rules, &version.settings));
        let RulesVersion { rules, settings } = &self.evaluated;
        to_raw_json(&evaluation::evaluate_against(rules, settings, published, &cases, budget)?)
    }
}

/// Lists the problems of rules. The reply is the JSON of a [`LintResult`](crate::classify::lint::LintResult).
///
/// Errors: `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lint {
    /// The rules.
    pub rules: RuleSet,
}

impl Call for Lint {
    type Reply = Box<RawValue>;

    fn answer(self, _: &[u8], budget: &Budget) -> Result<Box<RawValue>> {
        to_raw_json(&lint_result(&self.rules, budget)?)
    }
}

/// Parses a document. The reply is the JSON of a [`ParseResult`](parse::ParseResult).
///
/// Errors: `Unreadable` if the document cannot be read, `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parse {
    /// The document.
    pub source: Source,
}

impl Call for Parse {
    type Reply = Box<RawValue>;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Box<RawValue>> {
        let document = self.source.read(bytes, budget)?;
        to_raw_json(&parse::parse(&document, budget)?)
    }
}

/// Splits a file that holds several documents. The reply is the JSON of a [`SplitResult`](split::SplitResult).
///
/// Errors: `Unreadable` if the file cannot be read, `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The file.
    pub source: Source,
    /// The categories.
    pub rules: RuleSet,
    /// The settings of the engine. Whether "none" is an answer is in the options.
    pub settings: Settings,
    /// How the pages are split.
    pub options: SplitOptions,
}

impl Call for Split {
    type Reply = Box<RawValue>;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Box<RawValue>> {
        let Self { source, rules, mut settings, options } = self;
        let document = source.read(bytes, budget)?;
        settings.allow_no_match = options.allow_uncategorized != Uncategorized::Forbid;
        let classifier = classifier_cache::classifier(&rules, &settings, budget)?;
        to_raw_json(&split::split(&document, &classifier, options, budget)?)
    }
}

/// Reads the text of a document, without the header fields of a mail.
///
/// Errors: `Unreadable` if the document cannot be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadText {
    /// The document.
    pub source: Source,
}

impl Call for ReadText {
    type Reply = String;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<String> {
        Ok(self.source.read(bytes, budget)?.text_without_headers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_crosses_under_its_name() {
        let call = ReadText {
            source: Source::Mail(Mail { subject: "Hello".into(), body: "World".into(), ..Mail::default() }),
        };
        let text = serde_json::to_string(&AnyCall::from(call)).unwrap();
        assert_eq!(text, r#"{"read_text":{"source":{"mail":{"subject":"Hello","body":"World"}}}}"#);
        let call = serde_json::from_str(&text).unwrap();
        let request = Request { call, budget: BudgetKind::Request };
        assert_eq!(request.answer(b"", &Budget::request()).unwrap(), r#""Hello\n\nWorld""#);
    }

    fn classify(source: Source, bytes: &[u8]) -> Result<Decision> {
        let rule = |label, description| crate::classify::Rule::new(label, description);
        let rules = vec![
            rule("refund", "The customer asks for a refund of a recent order"),
            rule("parcel", "A parcel is late, lost or arrived damaged"),
        ];
        let call = Classify { source, rules: RuleSet { rules }, settings: Settings::default() };
        call.answer(bytes, &Budget::request())
    }

    fn mail(members: &serde_json::Value) -> Source {
        Source::Mail(crate::validate::shape::Read::read(Some(members)).unwrap())
    }

    #[test]
    fn a_mail_without_text_is_classified_by_its_attachments() {
        let seals = "VGhlIHNlYWxzIHdlcmUgYmFjayBvbiB0aGUgc2FuZGJhbmsgdGhpcyBtb3JuaW5nLg==";
        let parcel = "TXkgcGFyY2VsIGlzIGxhdGUgYW5kIHRoZSBsYXN0IG9uZSBhcnJpdmVkIGRhbWFnZWQu";
        for head in ["From: a@example.org\r\nTo: b@example.org\r\n", "X-Mailer: x\r\n"] {
            let part = |name: &str, text: &str| {
                format!(
                    "--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n"
                )
            };
            let file = format!(
                "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{}{}--x--\r\n",
                part("a.txt", seals),
                part("b.txt", parcel)
            );
            let of_file = classify(Source::Bytes(ReadOptions::default()), file.as_bytes()).unwrap();
            assert_eq!(of_file.label.as_deref(), Some("parcel"));
            assert!(
                of_file.reasoning.starts_with("The mail has no text of its own but an attachment: \"b.txt\". Matches")
            );
            assert!(of_file.evidence.iter().all(|evidence| evidence.attachment.as_deref() == Some("b.txt")));
            let files =
                serde_json::json!([{ "name": "a.txt", "content": seals }, { "filename": "b.txt", "content": parcel }]);
            let of_mail =
                classify(mail(&serde_json::json!({ "from": "a@example.org", "attachments": files })), b"").unwrap();
            assert_eq!(of_mail, of_file);
        }
    }

    #[test]
    fn a_mail_with_text_is_classified_by_it() {
        let parcel = "TXkgcGFyY2VsIGlzIGxhdGUgYW5kIHRoZSBsYXN0IG9uZSBhcnJpdmVkIGRhbWFnZWQu";
        let alone = classify(mail(&serde_json::json!({ "subject": "Refund of my order" })), b"").unwrap();
        let files = serde_json::json!([{ "content": parcel }]);
        let mails = serde_json::json!({ "subject": "Refund of my order", "attachments": files });
        assert_eq!(classify(mail(&mails), b"").unwrap(), alone);
        assert_eq!(alone.label.as_deref(), Some("refund"));
    }

    #[test]
    fn an_attachment_without_text_leaves_a_mail_unreadable() {
        let files = serde_json::json!({ "attachments": [{ "content": "AAEC" }, { "content": "" }] });
        assert_eq!(classify(mail(&files), b"").unwrap_err().code(), "NO_TEXT");
    }

    #[test]
    fn an_error_is_that_of_the_call() {
        let call = ReadText { source: Source::Bytes(ReadOptions::default()) };
        let request = Request { call: call.into(), budget: BudgetKind::Stage };
        assert_eq!(request.answer(b"", &Budget::stage()).unwrap_err().code(), "NO_TEXT");
    }
}
