//! Projects and organizations: a token opens one project, so that and its organization are all there is.

use axum::http::StatusCode;
use serde::Serialize;

use super::{
    Caller, Reply,
    ids::{InPath, Spelling},
    wire::{Listing, Organization, Project},
};
use crate::{
    api::{
        page_token::{self, Sizes},
        reply,
    },
    error::{Error, Result},
    id::ProjectId,
    service::{
        access,
        index::{self, Page},
        ports::Ports,
    },
    validate::Check,
};

const SIZES: Sizes = Sizes { default: 50, most: 1_000 };

/// The longest name to look for, in characters.
const NAME_CHARS: usize = 255;

async fn own<P: Ports>(caller: &Caller<P>) -> Result<index::Project> {
    access::project(&caller.ports, caller.token.project).await
}

/// The caller's project, unless another name is asked for.
async fn named<P: Ports>(caller: &Caller<P>) -> Result<Vec<index::Project>> {
    let mut check = Check::default();
    let field = caller.query.one("project_name");
    let name = check.text(&field, 0..=NAME_CHARS);
    check.finish(Some(()))?;
    let project = own(caller).await?;
    Ok(if name.is_none_or(|name| name == project.name) { vec![project] } else { Vec::new() })
}

/// A page of what is there. Everything fits the first, so no token is ours.
fn one_page<'a, T, P>(caller: &Caller<P>, listing: &str, items: &'a [index::Project]) -> Reply
where
    T: Serialize + From<&'a index::Project>,
{
    let mut check = Check::default();
    let query = &caller.query;
    let page = page_token::request(&mut check, listing, SIZES, &query.one("page_size"), &query.one("page_token"));
    check.finish(page)?;
    let page = Page { items: items.iter().collect(), next: None };
    Ok(reply::json(StatusCode::OK, &Listing::new(listing, &page, |project| T::from(project))))
}

/// `GET /api/v1/projects`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let projects = named(&caller).await?;
    Ok(reply::json(StatusCode::OK, &projects.iter().map(Project::from).collect::<Vec<_>>()))
}

/// `GET /api/v1/projects/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, InPath(id): InPath<ProjectId>) -> Reply {
    if id != caller.token.project {
        return Err(Error::not_found(ProjectId::MISSING).into());
    }
    Ok(reply::json(StatusCode::OK, &Project::from(&own(&caller).await?)))
}

/// `GET /api/v2/projects`
pub(super) async fn page<P: Ports>(caller: Caller<P>) -> Reply {
    let projects = named(&caller).await?;
    one_page::<Project<'_>, _>(&caller, "projects", &projects)
}

/// `GET /api/v1/organizations`
pub(super) async fn organizations<P: Ports>(caller: Caller<P>) -> Reply {
    Ok(reply::json(StatusCode::OK, &[Organization::from(&own(&caller).await?)]))
}

/// `GET /api/v2/organizations`
pub(super) async fn organization_page<P: Ports>(caller: Caller<P>) -> Reply {
    let project = own(&caller).await?;
    one_page::<Organization<'_>, _>(&caller, "organizations", std::slice::from_ref(&project))
}
