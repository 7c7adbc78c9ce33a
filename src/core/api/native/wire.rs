//! What is answered.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    ENGINE_VERSION,
    api::page_token,
    classify::{
        Decision, Rule, Settings,
        evaluation::{Comparison, Evaluation},
    },
    error::{Error, Result},
    extract::{Extraction, Schema},
    service::{
        at_once::{self, Classified},
        index::{self, Page, SavedSchema},
    },
};

/// Part of a listing.
#[derive(Debug, Serialize)]
pub(super) struct Listing<T> {
    items: Vec<T>,
    next_page_token: Option<String>,
}

impl<T> Listing<T> {
    /// A page of the listing of that name, every item of it as `wire` makes it.
    pub(super) fn new<'a, I>(name: &str, page: &'a Page<I>, wire: impl FnMut(&'a I) -> T) -> Self {
        Self {
            items: page.items.iter().map(wire).collect(),
            next_page_token: page.next.as_ref().map(|place| page_token::spell(name, place)),
        }
    }
}

/// A version of a classifier.
#[derive(Debug, Serialize)]
pub(super) struct Classifier<'a> {
    id: String,
    name: &'a str,
    rules: &'a [Rule],
    settings: &'a Settings,
    routes: Vec<Route<'a>>,
    draft: bool,
    version: String,
    created_at: String,
}

#[derive(Debug, Serialize)]
struct Route<'a> {
    label: &'a str,
    deployment: &'a str,
    schema_id: String,
}

impl<'a> From<&'a index::Classifier> for Classifier<'a> {
    fn from(one: &'a index::Classifier) -> Self {
        let routes = one.routes.iter().map(|target| Route {
            label: &target.label,
            deployment: &target.deployment,
            schema_id: target.schema.to_string(),
        });
        Self {
            id: one.id.to_string(),
            name: &one.name,
            rules: &one.classification.rules.rules,
            settings: &one.classification.settings,
            routes: routes.collect(),
            draft: one.draft,
            version: one.version.to_rfc3339(),
            created_at: one.created_at.to_rfc3339(),
        }
    }
}

/// A saved schema.
#[derive(Debug, Serialize)]
pub(super) struct Saved<'a> {
    id: String,
    name: &'a str,
    #[serde(flatten)]
    schema: &'a Schema,
    created_at: String,
    updated_at: String,
}

impl<'a> From<&'a SavedSchema> for Saved<'a> {
    fn from(saved: &'a SavedSchema) -> Self {
        Self {
            id: saved.id.to_string(),
            name: &saved.name,
            schema: &saved.schema,
            created_at: saved.created_at.to_rfc3339(),
            updated_at: saved.updated_at.to_rfc3339(),
        }
    }
}

/// A project.
pub(super) fn project(project: &index::Project) -> Value {
    json!({
        "id": project.id.to_string(),
        "name": project.name,
        "organization_id": project.organization.to_string(),
        "organization_name": project.organization_name,
        "retention_days": project.retention_days,
        "created_at": project.created_at.to_rfc3339(),
        "updated_at": project.updated_at.to_rfc3339(),
    })
}

/// What a document is, whole.
#[derive(Debug, Serialize)]
pub(super) struct Decided<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    engine_version: &'static str,
    attachments: Vec<Attachment<'a>>,
}

/// What a file is that a mail brought.
#[derive(Debug, Serialize)]
struct Attachment<'a> {
    name: Option<&'a str>,
    #[serde(flatten)]
    outcome: Outcome<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<'a> {
    Decision(&'a Decision),
    Error { code: &'static str, message: &'a str },
}

impl<'a> From<&'a Classified> for Decided<'a> {
    fn from(classified: &'a Classified) -> Self {
        let attachment = |(name, outcome): &'a (Option<String>, Result<Decision, Error>)| Attachment {
            name: name.as_deref(),
            outcome: match outcome {
                Ok(decision) => Outcome::Decision(decision),
                Err(error) => Outcome::Error { code: error.code(), message: error.message() },
            },
        };
        Self {
            decision: &classified.decision,
            engine_version: ENGINE_VERSION,
            attachments: classified.attachments.iter().map(attachment).collect(),
        }
    }
}

/// How good rules are, on labelled texts.
#[derive(Debug, Serialize)]
pub(super) struct Evaluated<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    comparison: Option<&'a Comparison>,
    engine_version: &'static str,
}

impl<'a> From<&'a at_once::Evaluated> for Evaluated<'a> {
    fn from(evaluated: &'a at_once::Evaluated) -> Self {
        Self {
            evaluation: &evaluated.evaluation,
            comparison: evaluated.comparison.as_ref(),
            engine_version: ENGINE_VERSION,
        }
    }
}

/// What a document gives to a schema.
#[derive(Debug, Serialize)]
pub(super) struct Extracted<'a> {
    #[serde(flatten)]
    pub extraction: &'a Extraction,
    pub engine_version: &'static str,
}
