//! Classifying, and reading what is light to read.

use sortroom::{
    classify::{self, Attached, Classified, Outcome, RuleSet, Settings, evaluation, lint as lints},
    document::{self, Document, Enclosed, Format, Opened, ReadOptions},
    error::{Error, Result, Unreadable},
    validate::{Check, Field},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    Answer,
    opened::opened,
    parsed,
    reading::{Reading, reading},
    refused, spelt,
};

/// Reads a document, and the files within it; nothing where that takes the reader.
#[wasm_bindgen(js_name = readLight)]
pub fn read_light(bytes: &[u8], asked: &str) -> Answer<Option<Reading>> {
    reading(asked, |options| document::open_light(bytes, options))?.map(Reading::new).transpose()
}

/// Reads a mail that came as `{subject?, body}`.
#[wasm_bindgen(js_name = readMail)]
pub fn read_mail(mail: &str) -> Answer<Reading> {
    let said = parsed(mail)?;
    let input = Field::root("mail", Some(&said));
    let mut check = Check::default();
    check.only(&input, &["subject", "body"]);
    let mail = document::given::mail(&mut check, &input);
    let mail = check.finish(mail).map_err(refused)?;
    Reading::new(document::read_mail(&mail).map_err(refused)?.into())
}

/// Rules made ready.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Classifier(classify::Classifier);

#[wasm_bindgen]
impl Classifier {
    /// Makes rules ready: `{rules, settings?}`, as the server takes them.
    #[wasm_bindgen(constructor)]
    pub fn new(asked: &str) -> Answer<Self> {
        let said = parsed(asked)?;
        let input = Field::root("body", Some(&said));
        let mut check = Check::default();
        let rules = rules(&mut check, &input);
        let settings = classify::given::settings(&mut check, &input.get("settings")).unwrap_or_default();
        let rules = check.finish(rules).map_err(refused)?;
        Ok(Self(classify::Classifier::new(&rules, &settings)))
    }

    /// Says what a document is, and what the files are that a mail brought.
    pub fn classify(&self, document: &str) -> Answer<String> {
        let Opened { document, attachments } = opened(document)?;
        let attached = |file: Enclosed| Attached { name: file.name.clone(), outcome: self.outcome(file) };
        let attachments = match document.format {
            Format::Eml => attachments.into_iter().map(attached).collect(),
            _ => Vec::new(),
        };
        spelt(&Classified::new(self.0.decide(&document), attachments))
    }

    fn outcome(&self, file: Enclosed) -> Outcome {
        match (file.document, file.error) {
            (Some(document), _) => Outcome::Decision(self.0.decide(&document)),
            (None, Some(error)) => Outcome::Error(error),
            (None, None) => Err(Error::unreadable(Unreadable::NoText, "The file was not read")).into(),
        }
    }
}

/// Says how good rules are on labelled texts: `{rules, settings?, cases, published?}`, of which `published` is another
/// `{rules, settings?}` to compare with.
#[wasm_bindgen]
pub fn evaluate(asked: &str) -> Answer<String> {
    let said = parsed(asked)?;
    let input = Field::root("body", Some(&said));
    let mut check = Check::default();
    check.only(&input, &["rules", "settings", "cases", "published"]);
    let draft = version(&mut check, &input);
    let published = input.get("published");
    let compared = check.object(&published).then(|| version(&mut check, &published)).flatten();
    let cases = classify::given::cases(&mut check, &input.get("cases"));
    let ((rules, settings), cases) = check.finish(draft.zip(cases)).map_err(refused)?;
    let published = compared.as_ref().map(|(rules, settings)| (rules, settings));
    let evaluated = evaluation::cases(cases, read_text)
        .and_then(|cases| evaluation::evaluate_against(&rules, &settings, published, &cases));
    spelt(&evaluated.map_err(|error| refused(input.at_fault(error)))?)
}

/// Says what is wrong with rules: `{rules}`.
#[wasm_bindgen]
pub fn lint(asked: &str) -> Answer<String> {
    let said = parsed(asked)?;
    let mut check = Check::default();
    let rules = rules(&mut check, &Field::root("body", Some(&said)));
    spelt(&lints::linted(&check.finish(rules).map_err(refused)?))
}

fn version(check: &mut Check, input: &Field<'_>) -> Option<(RuleSet, Settings)> {
    let rules = rules(check, input);
    let settings = classify::given::settings(check, &input.get("settings")).unwrap_or_default();
    Some((rules?, settings))
}

fn rules(check: &mut Check, input: &Field<'_>) -> Option<RuleSet> {
    check.require(&input.get("rules"));
    classify::given::rules(check, &input.get("rules"))
}

/// A text is read as what it is; one that is a PDF or an archive is no text.
fn read_text(bytes: &[u8]) -> Result<Document> {
    let why = || Error::unreadable(Unreadable::Unsupported, "Files of this kind are not read here: cases are texts");
    document::light::read(bytes, &ReadOptions::default())?.ok_or_else(why)
}
