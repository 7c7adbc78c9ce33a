//! What is answered.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    api::page_token,
    classify::{Rule, Settings},
    extract::Schema,
    service::index::{self, Page, SavedSchema},
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
