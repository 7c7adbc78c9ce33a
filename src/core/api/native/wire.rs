//! Response bodies.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    api::page_token,
    classify::{Rule, Settings},
    extract::Schema,
    service::index::{self, Page, SavedSchema},
};

/// A page of a listing.
#[derive(Debug, Serialize)]
pub(super) struct Listing<T> {
    items: Vec<T>,
    next_page_token: Option<String>,
}

impl<T> Listing<T> {
    /// A page of the listing `name`, with every item converted by `wire`.
    pub(super) fn new<'a, I>(name: &str, page: &'a Page<I>, wire: impl FnMut(&'a I) -> T) -> Self {
        Self {
            items: page.items.iter().map(wire).collect(),
            next_page_token: page.next.as_ref().map(|cursor| page_token::encode(name, cursor)),
        }
    }
}

/// A version of a classifier.
#[derive(Debug, Serialize)]
pub(super) struct ClassifierResponse<'a> {
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

impl<'a> From<&'a index::ClassifierVersion> for ClassifierResponse<'a> {
    fn from(version: &'a index::ClassifierVersion) -> Self {
        let routes = version.routes.iter().map(|route| Route {
            label: &route.label,
            deployment: &route.deployment,
            schema_id: route.schema.to_string(),
        });
        Self {
            id: version.id.to_string(),
            name: &version.name,
            rules: &version.classification.rules.rules,
            settings: &version.classification.settings,
            routes: routes.collect(),
            draft: version.draft,
            version: version.version.to_rfc3339(),
            created_at: version.created_at.to_rfc3339(),
        }
    }
}

/// A saved schema.
#[derive(Debug, Serialize)]
pub(super) struct SchemaResponse<'a> {
    id: String,
    name: &'a str,
    #[serde(flatten)]
    schema: &'a Schema,
    created_at: String,
    updated_at: String,
}

impl<'a> From<&'a SavedSchema> for SchemaResponse<'a> {
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
