//! Response bodies.

use serde::Serialize;

use crate::{
    api::page_token,
    classify::{Rule, Settings},
    extract::Schema,
    service::index::{self, Page, SavedSchema},
};

/// A page of a listing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "{T}Page"))]
pub(super) struct Listing<T> {
    /// The items.
    items: Vec<T>,
    /// The `page_token` of the next page; null if this is the last one.
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
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Classifier"))]
pub(super) struct ClassifierResponse<'a> {
    /// The id, the same for all versions.
    id: String,
    /// The name.
    name: &'a str,
    /// The rules.
    rules: &'a [Rule],
    /// Options of its decisions.
    settings: &'a Settings,
    /// Where documents go by their label.
    routes: Vec<Route<'a>>,
    /// Whether this version is a draft, which is not used until it is published.
    draft: bool,
    /// When this version was saved, which names it.
    version: String,
    /// When the classifier was created.
    created_at: String,
}

/// Where documents of a label go.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Route<'a> {
    /// The label.
    label: &'a str,
    /// The name of the destination.
    deployment: &'a str,
    /// The schema to extract with.
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
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "SavedSchema"))]
pub(super) struct SchemaResponse<'a> {
    /// The id.
    id: String,
    /// The name.
    name: &'a str,
    #[serde(flatten)]
    schema: &'a Schema,
    /// When it was created.
    created_at: String,
    /// When it was last changed.
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
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Project<'a> {
    /// The id.
    id: String,
    /// The name.
    name: &'a str,
    /// The id of its owner.
    organization_id: String,
    /// The name of its owner.
    organization_name: &'a str,
    /// How many days files, and jobs that have ended, are kept.
    retention_days: u32,
    /// How many jobs that have not ended it may have; absent unless the operator set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_open_jobs: Option<u32>,
    /// How many MiB its files may have in all; absent unless the operator set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_stored_mib: Option<u32>,
    /// The origins whose pages may read what its tokens are answered; absent if there are none.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    allowed_origins: &'a [String],
    /// When it was created.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl<'a> From<&'a index::Project> for Project<'a> {
    fn from(project: &'a index::Project) -> Self {
        Self {
            id: project.id.to_string(),
            name: &project.name,
            organization_id: project.organization.to_string(),
            organization_name: &project.organization_name,
            retention_days: project.retention_days,
            max_open_jobs: project.max_open_jobs,
            max_stored_mib: project.max_stored_mib,
            allowed_origins: &project.allowed_origins,
            created_at: project.created_at.to_rfc3339(),
            updated_at: project.updated_at.to_rfc3339(),
        }
    }
}

/// That the service runs, and in which version.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct Health {
    /// Always `ok`.
    pub status: &'static str,
    /// The version of the service.
    pub version: &'static str,
    /// The version of the results of its engine.
    pub engine_version: &'static str,
}
