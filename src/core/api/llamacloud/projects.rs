//! Projects and organizations. A token gives access to one project, so a caller sees only that and its organization.

use axum::http::StatusCode;
use serde::Serialize;

use super::{
    Caller, Reply,
    ids::{IdFormat, PathId},
    wire::{Listing, Organization, Project, TotalQuery},
};
use crate::{
    api::{
        page_token::{self, LargePaging},
        reply,
    },
    error::{Error, Result},
    id::ProjectId,
    service::{
        access,
        index::{self, Page},
        ports::Ports,
    },
    validate::{
        declare::declare,
        shape::{OPEN, Shape},
    },
};

declare! {
    /// Which projects to list.
    #[derive(Debug)]
    pub(super) struct NameQuery(OPEN) {
        /// The name; any if absent.
        name: Option<String> = optional(PROJECT_NAME),
        /// The name, as the first clients call it.
        project_name: Option<String> = optional(PROJECT_NAME),
    }
}

const PROJECT_NAME: Shape = Shape::text(0..=255);

declare! {
    /// Which projects to list, and which page.
    #[derive(Debug)]
    pub(super) struct ProjectQuery(OPEN) {
        name: NameQuery = flattened,
        page: OrganizationQuery = flattened,
    }
}

declare! {
    /// Which page of organizations to list.
    #[derive(Debug)]
    pub(super) struct OrganizationQuery(OPEN) {
        paging: LargePaging = flattened,
        total: TotalQuery = flattened,
    }
}

async fn own_project<P: Ports>(caller: &Caller<P>) -> Result<index::Project> {
    access::project(&caller.ports, caller.token.project).await
}

/// The caller's project, unless the query asks for another name.
async fn matching_projects<P: Ports>(caller: &Caller<P>) -> Result<Vec<index::Project>> {
    let NameQuery { name, project_name } = caller.query.checked().finish()?;
    let project = own_project(caller).await?;
    let matches = [name, project_name].into_iter().flatten().all(|name| name == project.name);
    Ok(if matches { vec![project] } else { Vec::new() })
}

/// The only page of a listing. Everything fits on it, so every page token is refused.
fn single_page<'a, T, P>(caller: &Caller<P>, listing: &str, items: &'a [index::Project]) -> Reply
where
    T: Serialize + From<&'a index::Project>,
{
    let mut query = caller.query.checked::<OrganizationQuery>();
    page_token::page(&mut query, listing);
    let total = query.finish()?.total.include_total.then(|| u32::try_from(items.len()).unwrap_or(u32::MAX));
    let page = Page { items: items.iter().collect(), next: None };
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &page, |project| T::from(project)).with_total(total)))
}

/// `GET /api/v1/projects`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let projects = matching_projects(&caller).await?;
    Ok(reply::json(StatusCode::OK, &projects.iter().map(Project::from).collect::<Vec<_>>()))
}

/// `GET /api/v1/projects/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ProjectId>) -> Reply {
    if id != caller.token.project {
        return Err(Error::not_found(ProjectId::MISSING).into());
    }
    Ok(reply::json(StatusCode::OK, &Project::from(&own_project(&caller).await?)))
}

/// `GET /api/v2/projects/{id}`
pub(super) use self::get as get_v2;

/// `GET /api/v2/projects`
pub(super) async fn page<P: Ports>(caller: Caller<P>) -> Reply {
    let projects = matching_projects(&caller).await?;
    single_page::<Project<'_>, _>(&caller, "projects", &projects)
}

/// `GET /api/v1/organizations`
pub(super) async fn organizations<P: Ports>(caller: Caller<P>) -> Reply {
    Ok(reply::json(StatusCode::OK, &[Organization::from(&own_project(&caller).await?)]))
}

/// `GET /api/v2/organizations`
pub(super) async fn organization_page<P: Ports>(caller: Caller<P>) -> Reply {
    let project = own_project(&caller).await?;
    single_page::<Organization<'_>, _>(&caller, "organizations", std::slice::from_ref(&project))
}
