//! Saved configurations.

use axum::http::StatusCode;

use super::{
    Body, Caller, Reply,
    ids::{IdFormat, PathId},
    rules::Configuration,
    wire::{Listing, PRODUCT, SavedConfiguration, TotalQuery},
};
use crate::{
    api::{
        page_token::{self, Paging},
        reply,
    },
    error::Error,
    id::ClassifierId,
    job::Classification,
    service::{
        classifiers,
        index::{ClassifierChange, ClassifierFilter, ClassifierVersion, Page, Version, Versions},
        ports::Ports,
    },
    validate::{
        Input, Validator,
        declare::declare,
        shape::{Declared, OPEN, Shape},
    },
};

const LISTING: &str = "configurations";

/// The longest name, in characters.
const NAME_CHARS: usize = 255;

const NAME: Shape = Shape::text(1..=NAME_CHARS);

declare! {
    /// A configuration to save.
    #[derive(Debug)]
    pub(super) struct NewConfiguration(OPEN) {
        /// The name. A configuration of this name gets a new version.
        name: String = required(NAME),
        /// What to classify by.
        parameters: Parameters = required(PARAMETERS),
    }
}

declare! {
    /// What changes of a saved configuration; absent members stay.
    #[derive(Debug)]
    pub(super) struct ChangedConfiguration(OPEN) {
        /// The name.
        name: Option<String> = optional(NAME),
        /// What to classify by.
        parameters: Option<Parameters> = optional(PARAMETERS),
    }
}

declare! {
    /// A configuration, and the product that it is for.
    #[derive(Debug)]
    pub(super) struct Parameters(OPEN) {
        /// The product.
        product_type: String = required(Shape::Words(|| vec![PRODUCT])),
        configuration: Configuration = flattened,
    }
}

/// Parameters of another product cannot be validated here, so then the product is their only fault.
const PARAMETERS: Shape = Shape::Own { documented: &Parameters::SHAPE, format: "", check: check_parameters };

fn check_parameters(check: &mut Validator, field: &Input<'_>) {
    let product = field.get("product_type");
    if product.read::<String>().is_some_and(|product| product == PRODUCT) {
        check.check_shape(field, &Parameters::SHAPE);
    } else if check.object(field) {
        check.require(&product);
        check.check_shape(&product, &Shape::Words(|| vec![PRODUCT]));
    }
}

declare! {
    /// Which configurations to list.
    #[derive(Debug)]
    pub(super) struct ConfigurationQuery(OPEN) {
        /// The name; any if absent.
        name: Option<String> = optional(Shape::text(0..=NAME_CHARS)),
        /// Whether only the newest version of each is listed.
        latest_only: bool = default(Shape::Boolean, false),
        /// The products. No configurations of others than `classify_v2` are saved here.
        product_type: Option<Vec<String>> = optional(Shape::list(0..=usize::MAX, &Shape::text(0..=usize::MAX))),
        paging: Paging = flattened,
        total: TotalQuery = flattened,
    }
}

fn answer(status: StatusCode, classifier: &ClassifierVersion) -> axum::response::Response {
    reply::json(status, &SavedConfiguration::from(classifier))
}

/// `POST /api/v1/beta/configurations`
pub(super) async fn create<P: Ports>(caller: Caller<P>, body: Body<NewConfiguration>) -> Reply {
    let NewConfiguration { name, parameters } = body.0.finish()?;
    let change = classifier_change(None, Some(parameters.configuration.into()));
    let saved = classifiers::save(&caller.ports, caller.token.project, name, change).await?;
    Ok(answer(StatusCode::CREATED, &saved))
}

/// `GET /api/v1/beta/configurations`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<ConfigurationQuery>();
    let page = page_token::page(&mut query, LISTING);
    let ConfigurationQuery { name, latest_only, product_type, total, .. } = query.finish()?;
    let filter = ClassifierFilter {
        name,
        versions: if latest_only { Versions::NewestPublished } else { Versions::Published },
        id: None,
    };
    let (mut found, mut count) = (Page { items: Vec::new(), next: None }, Some(0));
    if product_type.is_none_or(|products| products.iter().any(|product| product == PRODUCT)) {
        let project = caller.token.project;
        if total.include_total {
            count = classifiers::count(&caller.ports, project, filter.clone()).await?;
        }
        found = classifiers::list(&caller.ports, project, filter, page).await?;
    }
    let listing = Listing::new(LISTING, &found, SavedConfiguration::from);
    Ok(reply::json(StatusCode::OK, &listing.with_total(count.filter(|_| total.include_total))))
}

fn missing(error: Error) -> Error {
    error.with_not_found_message(ClassifierId::MISSING)
}

/// The newest published version. A classifier that has none is not listed, and not found.
async fn published<P: Ports>(caller: &Caller<P>, id: ClassifierId) -> Result<ClassifierVersion, Error> {
    classifiers::get(&caller.ports, caller.token.project, id, Version::Published).await.map_err(missing)
}

/// `GET /api/v1/beta/configurations/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ClassifierId>) -> Reply {
    Ok(answer(StatusCode::OK, &published(&caller, id).await?))
}

/// `PUT /api/v1/beta/configurations/{id}`
pub(super) async fn update<P: Ports>(
    caller: Caller<P>,
    PathId(id): PathId<ClassifierId>,
    body: Body<ChangedConfiguration>,
) -> Reply {
    let ChangedConfiguration { name, parameters } = body.0.finish()?;
    let parameters = parameters.map(|parameters| parameters.configuration.into());
    if name.is_none() && parameters.is_none() {
        return Ok(answer(StatusCode::OK, &published(&caller, id).await?));
    }
    // Drafts are not of this dialect: what the request does not name stays as it is published.
    let change = classifier_change(name, parameters);
    let changed = classifiers::change(&caller.ports, caller.token.project, id, Version::Published, change).await;
    Ok(answer(StatusCode::OK, &changed.map_err(missing)?))
}

/// `DELETE /api/v1/beta/configurations/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<ClassifierId>) -> Reply {
    published(&caller, id).await?;
    classifiers::delete(&caller.ports, caller.token.project, id).await.map_err(missing)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The change that a request asks for. This dialect has no routes, so they stay as they are.
fn classifier_change(name: Option<String>, classification: Option<Classification>) -> ClassifierChange {
    ClassifierChange { name, classification, routes: None, draft: false }
}
