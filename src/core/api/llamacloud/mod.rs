//! The dialect of LlamaCloud: Classify v2 and Parse v2 with files, saved configurations and projects, so that its
//! clients only change their base URL.
//!
//! It serves several generations of clients: `file_input` was once named `document_input_value`, so responses have both;
//! files were once uploaded to other paths, so those exist too. Features that this service lacks are refused with the
//! name of their field and never silently ignored.

mod classify;
mod configurations;
mod error;
mod extract;
mod files;
mod ids;
mod inputs;
mod job_calls;
mod legacy;
mod parse;
mod projects;
mod rules;
mod saved_configuration;
mod signed_urls;
mod split;
mod webhook_call;
mod webhooks;
mod wire;

use axum::{extract::FromRequestParts, http::request::Parts};
use futures_util::future::BoxFuture;

pub use self::error::{ErrorResponse, LlamaCloud};
pub(super) use self::webhook_call::call_text;
use self::{
    classify::{JobQuery, NewJob, UsageQuery},
    configurations::{ChangedConfiguration, ConfigurationQuery, NewConfiguration},
    extract::{
        DeleteQuery, ExtractExpandQuery, ExtractJob, ExtractQuery, GeneratedConfiguration, NewExtractJob,
        SchemaToGenerate, SchemaToValidate, ValidatedSchema,
    },
    files::{ContentQuery, ExpandQuery, FileQuery, FileSearch, NewFile},
    ids::IdFormat,
    job_calls::DeletedJob,
    legacy::{AnnouncedFile, FileAtUrl, LegacyFile, LegacyQuery},
    parse::{
        NewParseJob, ParseExpandQuery, ParseQuery, ParseUpload,
        legacy::{LegacyMarkdown, LegacyPages, LegacyParse, LegacyParseJob, LegacyText},
        wire::{ParseJob, ParseResponse, ParseVersions},
    },
    projects::{NameQuery, OrganizationQuery, ProjectQuery},
    saved_configuration::SavedConfiguration,
    split::{NewSplitJob, SplitJob, SplitQuery},
    webhooks::{ChangedWebhookConfig, NewWebhookConfig, WebhookConfig, WebhookConfigQuery},
    wire::{ClassifyJob, File, Listing, Organization, PresignedUrl, Project},
};
use super::{
    checked::JsonBody,
    context::{self, Context},
    origin::Origin,
    query::Query,
    reply::ApiError,
    routes::routes,
};
use crate::{
    error::{Error, ErrorKind},
    id::{OrganizationId, ProjectId},
    service::{access, ports::Ports, tokens::Token},
    validate::{
        declare::declare,
        shape::{FilePart, OPEN},
    },
};

type Reply = Result<axum::response::Response, ApiError<LlamaCloud>>;
type Public<P> = context::Public<P, LlamaCloud>;
type PathParam = context::PathParam<LlamaCloud>;
type Body<T> = JsonBody<T, LlamaCloud>;

routes! {
    /// Lists classify jobs, newest first.
    get "/api/v2/classify", classify::list::<P>, read, query JobQuery => 200 Listing<ClassifyJob<'_>>;

    /// Creates a job that classifies a file. The same `transaction_id` leads to the same job.
    post "/api/v2/classify", classify::create::<P>, write, json NewJob => 200 ClassifyJob<'_>, 400, 403, 404;

    /// A classify job. `result.type` is null if no rule fits.
    get "/api/v2/classify/{id}", classify::get::<P>, read, query UsageQuery => 200 ClassifyJob<'_>;

    /// Deletes a job that has ended.
    delete "/api/v2/classify/{id}", classify::delete::<P>, write => 200 DeletedJob, 409;

    /// Cancels a job that has not ended.
    post "/api/v2/classify/{id}/cancel", classify::cancel::<P>, write => 200 ClassifyJob<'_>, 409;

    /// Lists files.
    get "/api/v1/beta/files", files::list::<P>, read, query FileQuery => 200 Listing<File<'_>>;

    /// Uploads a file.
    post "/api/v1/beta/files", files::create::<P>, write, form NewFile => 201 File<'_>, 400, 413, 415;

    /// Lists files by a filter in the body.
    post "/api/v1/beta/files/query", files::query::<P>, read, query ExpandQuery, json FileSearch
        => 200 Listing<File<'_>>, 403;

    /// A file.
    get "/api/v1/beta/files/{id}", files::get::<P>, read, query ExpandQuery => 200 File<'_>;

    /// Deletes a file.
    delete "/api/v1/beta/files/{id}", files::delete::<P>, write => 204;

    /// A signed URL of the bytes of a file.
    get "/api/v1/beta/files/{id}/content", files::content::<P>, read, query ContentQuery => 200 PresignedUrl, 400;

    /// Lists the newest files, up to a thousand, as the first clients read them.
    get "/api/v1/files", legacy::list::<P>, read => 200 Vec<File<'_>>;

    /// Uploads a file, as the first clients do.
    post "/api/v1/files", legacy::create::<P>, write, query LegacyQuery, form LegacyFile
        => 200 File<'_>, 400, 413, 415;

    /// Announces a file, as the first clients do: answers the signed URL to put its bytes to.
    put "/api/v1/files", legacy::create_upload::<P>, write, json AnnouncedFile => 200 PresignedUrl, 413;

    /// Uploads what is at a URL, as the first clients do.
    put "/api/v1/files/upload_from_url", legacy::upload_from_url::<P>, write, json FileAtUrl
        => 200 File<'_>, 400, 413, 502;

    /// A file, as the first clients read it.
    get "/api/v1/files/{id}", legacy::get::<P>, read => 200 File<'_>;

    /// Deletes a file, as the first clients do.
    delete "/api/v1/files/{id}", legacy::delete::<P>, write => 204;

    /// A signed URL of the bytes of a file, as the first clients ask for it.
    get "/api/v1/files/{id}/content", legacy::content::<P>, read, query ContentQuery => 200 PresignedUrl, 400;

    /// Lists parse jobs, newest first.
    get "/api/v2/parse", parse::list::<P>, read, query ParseQuery => 200 Listing<ParseJob>;

    /// Creates a job that parses a document: a file or what is at a URL.
    post "/api/v2/parse", parse::create::<P>, write, json NewParseJob => 200 ParseJob, 400, 404;

    /// Uploads a file and creates a job that parses it.
    post "/api/v2/parse/upload", parse::upload::<P>, write, form ParseUpload => 200 ParseJob, 400, 413, 415;

    /// The versions that a client may ask for. All run in the same way.
    get "/api/v2/parse/versions", parse::versions::<P>, read => 200 ParseVersions;

    /// A parse job, and what is asked for of its document. The `parse_job_id` of another job is one too.
    get "/api/v2/parse/{id}", parse::get::<P>, read, query ParseExpandQuery => 200 ParseResponse<'_>, 400, 413;

    /// Deletes a parse job that has ended, and what it read.
    delete "/api/v2/parse/{id}", parse::delete::<P>, write => 200 DeletedJob, 409;

    /// Cancels a parse job that has not ended.
    post "/api/v2/parse/{id}/cancel", parse::cancel::<P>, write => 200 ParseJob, 409;

    /// Uploads a file and parses it, as the first clients do; or parses what is at the URL of a form without a file.
    post "/api/v1/parsing/upload", parse::legacy::upload::<P>, write, form LegacyParse
        => 200 LegacyParseJob, 400, 413, 415;

    /// The same by an older address.
    post "/api/parsing/upload", parse::legacy::upload_unversioned::<P>, write, form LegacyParse
        => 200 LegacyParseJob, 400, 413, 415;

    /// The extensions of the files that are read.
    get "/api/v1/parsing/supported_file_extensions", parse::legacy::extensions::<P>, read => 200 Vec<String>;

    /// A parse job, as the first clients read it.
    get "/api/v1/parsing/job/{id}", parse::legacy::get::<P>, read => 200 LegacyParseJob;

    /// The same by an older address.
    get "/api/parsing/job/{id}", parse::legacy::get_unversioned::<P>, read => 200 LegacyParseJob;

    /// The document of a parse job as Markdown.
    get "/api/v1/parsing/job/{id}/result/markdown", parse::legacy::markdown::<P>, read
        => 200 LegacyMarkdown<'_>, 400, 413;

    /// The same by an older address.
    get "/api/parsing/job/{id}/result/markdown", parse::legacy::markdown_unversioned::<P>, read
        => 200 LegacyMarkdown<'_>, 400, 413;

    /// The text of the document of a parse job.
    get "/api/v1/parsing/job/{id}/result/text", parse::legacy::text::<P>, read => 200 LegacyText<'_>, 400, 413;

    /// The same by an older address.
    get "/api/parsing/job/{id}/result/text", parse::legacy::text_unversioned::<P>, read => 200 LegacyText<'_>, 400, 413;

    /// The pages of the document of a parse job, with their items.
    get "/api/v1/parsing/job/{id}/result/json", parse::legacy::pages::<P>, read => 200 LegacyPages<'_>, 400, 413;

    /// The same by an older address.
    get "/api/parsing/job/{id}/result/json", parse::legacy::pages_unversioned::<P>, read => 200 LegacyPages<'_>, 400, 413;

    /// The Markdown of the document of a parse job, as it is.
    get "/api/v1/parsing/job/{id}/result/raw/markdown", parse::legacy::raw_markdown::<P>, read => 200 FilePart, 400, 413;

    /// The text of the document of a parse job, as it is.
    get "/api/v1/parsing/job/{id}/result/raw/text", parse::legacy::raw_text::<P>, read => 200 FilePart, 400, 413;

    /// Lists extraction jobs, newest first, without their results.
    get "/api/v2/extract", extract::list::<P>, read, query ExtractQuery => 200 Listing<ExtractJob<'_>>;

    /// Creates a job that extracts the values of a JSON Schema from a document.
    post "/api/v2/extract", extract::create::<P>, write, json NewExtractJob => 200 ExtractJob<'_>, 400, 403, 404;

    /// Checks a JSON Schema.
    post "/api/v2/extract/schema/validation", extract::validate_schema::<P>, read, json SchemaToValidate
        => 200 ValidatedSchema;

    /// Makes a JSON Schema of an example document, of a schema that lacks types, or of names.
    post "/api/v2/extract/schema/generate", extract::generate_schema::<P>, read, json SchemaToGenerate
        => 200 GeneratedConfiguration, 400, 413;

    /// An extraction job, with its result.
    get "/api/v2/extract/{id}", extract::get::<P>, read, query ExtractExpandQuery => 200 ExtractJob<'_>;

    /// Deletes an extraction job that has ended, or with `force` any.
    delete "/api/v2/extract/{id}", extract::delete::<P>, write, query DeleteQuery => 200 DeletedJob, 409;

    /// Cancels an extraction job that has not ended.
    post "/api/v2/extract/{id}/cancel", extract::cancel::<P>, write => 200 ExtractJob<'_>, 409;

    /// Lists split jobs, newest first, without their results.
    get "/api/v1/split/jobs", split::list::<P>, read, query SplitQuery => 200 Listing<SplitJob<'_>>;

    /// Creates a job that splits a file which holds several documents. The same `transaction_id` leads to the same job.
    post "/api/v1/split/jobs", split::create::<P>, write, json NewSplitJob => 200 SplitJob<'_>, 400, 403, 404, 409;

    /// A split job, with its result.
    get "/api/v1/split/jobs/{id}", split::get::<P>, read => 200 SplitJob<'_>;

    /// Deletes a split job that has ended.
    delete "/api/v1/split/jobs/{id}", split::delete::<P>, write => 200 DeletedJob, 409;

    /// Cancels a split job that has not ended.
    post "/api/v1/split/jobs/{id}/cancel", split::cancel::<P>, write => 200 SplitJob<'_>, 409;

    /// As `GET /api/v1/split/jobs`, at the address of the beta.
    get "/api/v1/beta/split/jobs", split::list_beta::<P>, read, query SplitQuery => 200 Listing<SplitJob<'_>>;

    /// As `POST /api/v1/split/jobs`, at the address of the beta.
    post "/api/v1/beta/split/jobs", split::create_beta::<P>, write, json NewSplitJob
        => 200 SplitJob<'_>, 400, 403, 404, 409;

    /// As `GET /api/v1/split/jobs/{id}`, at the address of the beta.
    get "/api/v1/beta/split/jobs/{id}", split::get_beta::<P>, read => 200 SplitJob<'_>;

    /// As `DELETE /api/v1/split/jobs/{id}`, at the address of the beta.
    delete "/api/v1/beta/split/jobs/{id}", split::delete_beta::<P>, write => 200 DeletedJob, 409;

    /// As `POST /api/v1/split/jobs/{id}/cancel`, at the address of the beta.
    post "/api/v1/beta/split/jobs/{id}/cancel", split::cancel_beta::<P>, write => 200 SplitJob<'_>, 409;

    /// Lists saved configurations, newest first.
    get "/api/v1/beta/configurations", configurations::list::<P>, read, query ConfigurationQuery
        => 200 Listing<SavedConfiguration<'_>>;

    /// Saves a configuration. One of a known name gets a new version.
    post "/api/v1/beta/configurations", configurations::create::<P>, write, json NewConfiguration
        => 201 SavedConfiguration<'_>, 409;

    /// The newest version of a saved configuration.
    get "/api/v1/beta/configurations/{id}", configurations::get::<P>, read => 200 SavedConfiguration<'_>;

    /// Makes a new version of a saved configuration.
    put "/api/v1/beta/configurations/{id}", configurations::update::<P>, write, json ChangedConfiguration
        => 200 SavedConfiguration<'_>, 409;

    /// Deletes a saved configuration. Jobs keep their rules.
    delete "/api/v1/beta/configurations/{id}", configurations::delete::<P>, write => 204;

    /// Lists saved webhooks, newest first, as a list.
    get "/api/v1/beta/webhook-configs", webhooks::list::<P>, read => 200 Vec<WebhookConfig<'_>>;

    /// Saves a webhook, for jobs that name it.
    post "/api/v1/beta/webhook-configs", webhooks::create::<P>, write, json NewWebhookConfig
        => 201 WebhookConfig<'_>, 409;

    /// A saved webhook.
    get "/api/v1/beta/webhook-configs/{id}", webhooks::get::<P>, read => 200 WebhookConfig<'_>;

    /// Changes a saved webhook.
    put "/api/v1/beta/webhook-configs/{id}", webhooks::update::<P>, write, json ChangedWebhookConfig
        => 200 WebhookConfig<'_>;

    /// Deletes a saved webhook. It is not called any more.
    delete "/api/v1/beta/webhook-configs/{id}", webhooks::delete::<P>, write => 204;

    /// Lists saved webhooks, newest first, as a page.
    get "/api/v2/webhook-configs", webhooks::page::<P>, read, query WebhookConfigQuery
        => 200 Listing<WebhookConfig<'_>>;

    /// The project of the token, as a list.
    get "/api/v1/projects", projects::list::<P>, read, query NameQuery => 200 Vec<Project<'_>>;

    /// The project of the token.
    get "/api/v1/projects/{id}", projects::get::<P>, read => 200 Project<'_>;

    /// The project of the token, by its newer address.
    get "/api/v2/projects/{id}", projects::get_v2::<P>, read => 200 Project<'_>;

    /// The project of the token, as a page.
    get "/api/v2/projects", projects::page::<P>, read, query ProjectQuery => 200 Listing<Project<'_>>;

    /// The owner of the project of the token, as a list.
    get "/api/v1/organizations", projects::organizations::<P>, read => 200 Vec<Organization<'_>>;

    /// The owner of the project of the token, as a page.
    get "/api/v2/organizations", projects::organization_page::<P>, read, query OrganizationQuery
        => 200 Listing<Organization<'_>>;

    /// The bytes of a file, at a signed URL.
    get "/files/{ticket}", signed_urls::download::<P>, signed => 200 FilePart, 403, 410;

    /// Takes the bytes of an announced file, at a signed URL.
    put "/uploads/{ticket}", signed_urls::upload::<P>, signed, binary FilePart => 200, 403, 410, 411, 413;
}

declare! {
    /// What a request acts on. It may name only the project of its token, and that project's owner.
    #[derive(Debug)]
    struct Scope(OPEN) {
        /// The project.
        project_id: Option<String> = optional(ids::id_shape::<ProjectId>()),
        /// Its owner.
        organization_id: Option<String> = optional(ids::id_shape::<OrganizationId>()),
    }
}

/// The query parameters of every call with a token.
#[cfg(feature = "openapi")]
pub const SCOPE: &crate::validate::shape::Object = <Scope as crate::validate::shape::Declared>::OBJECT;

/// An authenticated request. It acts on the project of its token.
#[derive(Debug)]
pub(super) struct Caller<P> {
    ports: P,
    token: Token,
    public_origin: Origin,
    query: Query,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Caller<P> {
    type Rejection = ApiError<LlamaCloud>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<LlamaCloud>> {
        Self::from_parts(parts).await.map_err(ApiError::from)
    }
}

impl<P: Ports> Caller<P> {
    /// The caller of a request. Boxed, so that not every handler has a copy of this code.
    fn from_parts(parts: &Parts) -> BoxFuture<'_, Result<Self, Error>> {
        Box::pin(async {
            let context = Context::<P>::from_parts(parts)?;
            let token = context.caller(parts).await?;
            let Context { ports, public_origin, .. } = context;
            let caller = Self { ports, token, public_origin, query: Query::from_uri(&parts.uri) };
            let Scope { project_id, organization_id } = caller.query.checked().finish()?;
            let project = project_id.as_deref().and_then(ProjectId::parse);
            let organization = organization_id.as_deref().and_then(OrganizationId::parse);
            caller.in_scope(project)?;
            if let Some(organization) = organization {
                let own = access::project(&caller.ports, caller.token.project).await?.organization;
                if own != organization {
                    return Err(no_access("organization", organization));
                }
            }
            Ok(caller)
        })
    }
}

impl<P> Caller<P> {
    /// Checks that `project`, if there is one, is the caller's.
    fn in_scope(&self, project: Option<ProjectId>) -> Result<(), Error> {
        match project {
            Some(project) if project != self.token.project => Err(no_access("project", project)),
            _ => Ok(()),
        }
    }
}

fn no_access(kind: &str, id: impl IdFormat) -> Error {
    Error::new(ErrorKind::Forbidden, format!("This API key has no access to {kind} {id}"))
}
