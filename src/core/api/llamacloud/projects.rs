//! Projects and organizations. A token gives access to one project, so a caller sees only that and its organization.

use axum::http::StatusCode;
use serde::Serialize;

use super::{
    Caller, Reply,
    ids::{IdFormat, PathId},
    wire::{Listing, Organization, Project},
};
use crate::{
    api::{
        page_token::{self, PageSizes},
        reply,
    },
    error::{Error, Result},
    id::ProjectId,
    service::{
        access,
        index::{self, Page},
        ports::Ports,
    },
    validate::Validator,
};

const SIZES: PageSizes = PageSizes { default: 50, max: 1_000 };

/// The longest name to look for, in characters.
const NAME_CHARS: usize = 255;

async fn own_project<P: Ports>(caller: &Caller<P>) -> Result<index::Project> {
    access::project(&caller.ports, caller.token.project).await
}

/// The caller's project, unless the query asks for another name.
async fn matching_projects<P: Ports>(caller: &Caller<P>) -> Result<Vec<index::Project>> {
    let mut check = Validator::default();
    let field = caller.query.get("project_name");
    let name = check.text(&field, 0..=NAME_CHARS);
    check.finish(Some(()))?;
    let project = own_project(caller).await?;
    Ok(if name.is_none_or(|name| name == project.name) { vec![project] } else { Vec::new() })
}

/// The only page of a listing. Everything fits on it, so every page token is refused.
fn single_page<'a, T, P>(caller: &Caller<P>, listing: &str, items: &'a [index::Project]) -> Reply
where
    T: Serialize + From<&'a index::Project>,
{
    let mut check = Validator::default();
    let query = &caller.query;
    let page = page_token::request(&mut check, listing, SIZES, &query.get("page_size"), &query.get("page_token"));
    check.finish(page)?;
    let page = Page { items: items.iter().collect(), next: None };
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &page, |project| T::from(project))))
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
