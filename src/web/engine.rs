//! Classifies, splits, evaluates and lints, and reads the formats that need no feature of the core.

use sortroom::{
    budget::Budget,
    classify::{
        self, AttachmentOutcome, AttachmentResult, ClassifyResult, RuleSet, Settings, evaluation, lint as lints,
    },
    document::{self, Attachment, Document, DocumentWithAttachments, ReadOptions},
    error::{Error, ErrorKind, Result, Unreadable},
    split::{self, Uncategorized},
    validate::{Input, Validator},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    JsResult,
    document::parse_document,
    json::{from_json, to_json},
    read_output::{ReadOutput, read_mail, with_read_options},
    to_js_error,
};

/// Reads a document and its attachments; None if it or an attachment needs what only the part `reader` includes.
/// `options` is `{pages?, max_pages?}`.
#[wasm_bindgen(js_name = readIfIncluded)]
pub fn read_if_included(bytes: &[u8], options: &str) -> JsResult<Option<ReadOutput>> {
    let read = |options: &ReadOptions| match document::read_with_attachments(bytes, options, &Budget::stage()) {
        Ok(document) => Ok((!lacks_reader(&document)).then_some(document)),
        Err(error) if error.kind() == NOT_INCLUDED => Ok(None),
        Err(error) => Err(error),
    };
    with_read_options(options, read)?.map(ReadOutput::new).transpose()
}

/// Whether an attachment was not read because this part does not include its format.
fn lacks_reader(document: &DocumentWithAttachments) -> bool {
    let mut errors = document.attachments.iter().filter_map(|file| file.error.as_ref());
    errors.any(|error| error.code == NOT_INCLUDED.code())
}

/// Reads a mail, as in requests to the server, and its attachments; None if an attachment needs what only the part
/// `reader` includes.
#[wasm_bindgen(js_name = readMailIfIncluded)]
pub fn read_mail_if_included(mail: &str) -> JsResult<Option<ReadOutput>> {
    let document = read_mail(mail)?;
    (!lacks_reader(&document)).then(|| ReadOutput::new(document)).transpose()
}

/// The error of a document whose format needs another part.
const NOT_INCLUDED: ErrorKind = ErrorKind::Unreadable(Unreadable::NotIncluded);

/// A compiled classifier.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Classifier(classify::Classifier);

#[wasm_bindgen]
impl Classifier {
    /// Compiles rules. `request` is `{rules, settings?}`, as in requests to the server.
    #[wasm_bindgen(constructor)]
    pub fn new(request: &str) -> JsResult<Self> {
        let body = from_json(request)?;
        let input = Input::root("body", Some(&body));
        let mut check = Validator::default();
        let rules = rules(&mut check, &input);
        let settings = classify::input::parse_settings(&mut check, &input.get("settings")).unwrap_or_default();
        let rules = check.finish(rules).map_err(to_js_error)?;
        classify::Classifier::new(&rules, &settings, &Budget::stage()).map(Self).map_err(to_js_error)
    }

    /// Classifies a document and, if it is a mail, its attachments.
    pub fn classify(&self, document: &str) -> JsResult<String> {
        let DocumentWithAttachments { document, attachments } = parse_document(document)?;
        let budget = Budget::stage();
        let result =
            |file: Attachment| AttachmentResult { name: file.name.clone(), outcome: self.outcome(file, &budget) };
        let attachments = match document.format.reads_attachments() {
            true => attachments.into_iter().map(result).collect(),
            false => Vec::new(),
        };
        let result = ClassifyResult::of(&document, attachments, |document| self.0.decide(document, &budget));
        to_json(&result.map_err(to_js_error)?)
    }

    fn outcome(&self, file: Attachment, budget: &Budget) -> AttachmentOutcome {
        match (file.document, file.error) {
            (Some(document), _) => self.0.decide(&document, budget).into(),
            (None, Some(error)) => AttachmentOutcome::Error(error),
            (None, None) => Err(Error::unreadable(Unreadable::NoText, "The file was not read")).into(),
        }
    }
}

/// Splits a document. `request` is `{rules, settings?, options?}`, where `options` is `{allow_uncategorized?,
/// min_pages_per_split?}`.
#[wasm_bindgen]
pub fn split(document: &str, request: &str) -> JsResult<String> {
    let DocumentWithAttachments { document, .. } = parse_document(document)?;
    let body = from_json(request)?;
    let input = Input::root("body", Some(&body));
    let mut check = Validator::default();
    let rules = rules_and_settings(&mut check, &input);
    let options = split::parse_options(&mut check, &input.get("options"));
    let (rules, mut settings) = check.finish(rules).map_err(to_js_error)?;
    settings.allow_no_match = options.allow_uncategorized != Uncategorized::Forbid;
    let budget = Budget::stage();
    let result = classify::Classifier::new(&rules, &settings, &budget)
        .and_then(|classifier| split::split(&document, &classifier, options, &budget));
    to_json(&result.map_err(to_js_error)?)
}

/// Evaluates rules on labelled texts. `request` is `{rules, settings?, cases, published?}`, where `published` is
/// another `{rules, settings?}` to compare with.
#[wasm_bindgen]
pub fn evaluate(request: &str) -> JsResult<String> {
    let body = from_json(request)?;
    let input = Input::root("body", Some(&body));
    let mut check = Validator::default();
    check.deny_unknown_fields(&input, &["rules", "settings", "cases", "published"]);
    let draft = rules_and_settings(&mut check, &input);
    let published = input.get("published");
    let baseline = check.object(&published).then(|| rules_and_settings(&mut check, &published)).flatten();
    let cases = classify::input::parse_cases(&mut check, &input.get("cases"));
    let ((rules, settings), cases) = check.finish(draft.zip(cases)).map_err(to_js_error)?;
    let published = baseline.as_ref().map(|(rules, settings)| (rules, settings));
    let budget = Budget::stage();
    let result = evaluation::cases(cases, |text| read_text(text, &budget))
        .and_then(|cases| evaluation::evaluate_against(&rules, &settings, published, &cases, &budget));
    to_json(&result.map_err(|error| to_js_error(input.nest_error(error)))?)
}

/// Lists problems of rules. `request` is `{rules}`.
#[wasm_bindgen]
pub fn lint(request: &str) -> JsResult<String> {
    let body = from_json(request)?;
    let mut check = Validator::default();
    let rules = rules(&mut check, &Input::root("body", Some(&body)));
    let rules = check.finish(rules).map_err(to_js_error)?;
    to_json(&lints::lint_result(&rules, &Budget::stage()).map_err(to_js_error)?)
}

fn rules_and_settings(check: &mut Validator, input: &Input<'_>) -> Option<(RuleSet, Settings)> {
    let rules = rules(check, input);
    let settings = classify::input::parse_settings(check, &input.get("settings")).unwrap_or_default();
    Some((rules?, settings))
}

fn rules(check: &mut Validator, input: &Input<'_>) -> Option<RuleSet> {
    check.require(&input.get("rules"));
    classify::input::parse_rules(check, &input.get("rules"))
}

/// Reads the text of a case.
fn read_text(bytes: &[u8], budget: &Budget) -> Result<Document> {
    document::read(bytes, &ReadOptions::default(), budget).map_err(|error| match error.kind() {
        NOT_INCLUDED => Error::unreadable(Unreadable::Unsupported, "A case is a text, not a file of another type"),
        _ => error,
    })
}
