//! Saved configurations of every product. Those of classifying are classifiers; the others are stored as what a job is
//! asked for.

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, value::RawValue};

use super::{
    Caller, Reply,
    extract::{ExtractOptions, SchemaBody},
    ids::{IdFormat, PathId},
    parse::ParseOptions,
    rules::Configuration,
    saved_configuration::{CLASSIFY, EXTRACT, PARSE, SPLIT, SavedConfiguration},
    split::SplitParameters,
    webhooks::NoWebhooks,
    wire::{Listing, TotalQuery},
};
use crate::{
    api::{
        page_token::{self, Paging},
        reply,
    },
    error::{Error, ErrorKind, Result},
    id::{ClassifierId, ConfigurationId},
    job::{Classification, Options, Task},
    service::{
        classifiers, configurations,
        index::{
            self, ClassifierChange, ClassifierFilter, ClassifierVersion, ConfigurationFilter, Page, PageRequest,
            Version, Versions,
        },
        ports::Ports,
    },
    time::Timestamp,
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
        /// The name. A configuration of this name and product is replaced.
        name: String = required(NAME),
        /// What a job is asked for.
        parameters: Value = required(PARAMETERS),
    }
}

declare! {
    /// What changes of a saved configuration; absent members stay.
    #[derive(Debug)]
    pub(super) struct ChangedConfiguration(OPEN) {
        /// The name.
        name: Option<String> = optional(NAME),
        /// What a job is asked for. Of the same product as before.
        parameters: Option<Value> = optional(PARAMETERS),
    }
}

declare! {
    /// What to classify by.
    #[derive(Debug)]
    pub(super) struct ClassifyParameters(OPEN) {
        /// The product.
        product_type: String = required(Shape::Words(|| vec![CLASSIFY])),
        configuration: Configuration = flattened,
    }
}

declare! {
    /// What to extract.
    #[derive(Debug)]
    pub(super) struct ExtractParameters(OPEN) {
        /// The product.
        product_type: String = required(Shape::Words(|| vec![EXTRACT])),
        options: ExtractOptions = flattened,
    }
}

declare! {
    /// How to parse.
    #[derive(Debug)]
    pub(super) struct ParseParameters(OPEN) {
        /// The product.
        product_type: String = required(Shape::Words(|| vec![PARSE])),
        options: ParseOptions = flattened,
        webhooks: NoWebhooks = flattened,
    }
}

declare! {
    /// What a file is split into.
    #[derive(Debug)]
    pub(super) struct SavedSplitParameters(OPEN) {
        /// The product.
        product_type: String = required(Shape::Words(|| vec![SPLIT])),
        options: SplitParameters = flattened,
    }
}

/// The products whose configurations are saved.
fn products() -> Vec<&'static str> {
    vec![CLASSIFY, EXTRACT, PARSE, SPLIT]
}

/// Parameters of another product cannot be validated here, so then the product is their only fault.
const PARAMETERS: Shape = Shape::Own {
    documented: &Shape::AnyOf(&[
        ClassifyParameters::SHAPE,
        ExtractParameters::SHAPE,
        ParseParameters::SHAPE,
        SavedSplitParameters::SHAPE,
    ]),
    format: "",
    check: check_parameters,
};

fn check_parameters(check: &mut Validator, field: &Input<'_>) {
    let product = field.get("product_type");
    match product.read::<String>().as_deref() {
        Some(CLASSIFY) => check.check_shape(field, &ClassifyParameters::SHAPE),
        Some(EXTRACT) => check.check_shape(field, &ExtractParameters::SHAPE),
        Some(PARSE) => check.check_shape(field, &ParseParameters::SHAPE),
        Some(SPLIT) => check.check_shape(field, &SavedSplitParameters::SHAPE),
        _ if check.object(field) => {
            check.require(&product);
            check.check_shape(&product, &Shape::Words(products));
        }
        _ => {}
    }
}

/// What is saved.
enum Parameters {
    /// What to classify by.
    Classify(Box<Classification>),
    /// What a job of another product is asked for.
    Options(Box<Options>),
}

impl Parameters {
    /// The parameters of a request that was checked; None if it has none. `schema` is the text of its JSON Schema.
    fn read(field: &Input<'_>, schema: Option<Box<RawValue>>) -> Result<Option<Self>> {
        let unchecked = || Error::internal("parameters that were checked");
        Ok(match field.get("product_type").read::<String>().as_deref() {
            Some(CLASSIFY) => {
                let read: ClassifyParameters = field.read().ok_or_else(unchecked)?;
                Some(Self::Classify(Box::new(read.configuration.into())))
            }
            Some(EXTRACT) => {
                let read: ExtractParameters = field.read().ok_or_else(unchecked)?;
                let schema = schema.ok_or_else(unchecked)?;
                Some(Self::Options(Box::new(read.options.into_options(schema)?)))
            }
            Some(PARSE) => {
                let read: ParseParameters = field.read().ok_or_else(unchecked)?;
                Some(Self::Options(Box::new(read.options.into_options()?)))
            }
            Some(SPLIT) => {
                let read: SavedSplitParameters = field.read().ok_or_else(unchecked)?;
                Some(Self::Options(Box::new(read.options.into_options()?)))
            }
            _ => None,
        })
    }
}

/// The place of the JSON Schema in a request, if its product has one.
const SCHEMA_PATH: [&str; 2] = ["parameters", "data_schema"];

declare! {
    /// Which configurations to list.
    #[derive(Debug)]
    pub(super) struct ConfigurationQuery(OPEN) {
        /// The name; any if absent.
        name: Option<String> = optional(Shape::text(0..=NAME_CHARS)),
        /// Whether only the newest version of each is listed. Others than those of `classify_v2` have one version.
        latest_only: bool = default(Shape::Boolean, false),
        /// The products; any if absent.
        product_type: Option<Vec<String>> = optional(Shape::list(0..=usize::MAX, &Shape::text(0..=usize::MAX))),
        paging: Paging = flattened,
        total: TotalQuery = flattened,
    }
}

/// A saved configuration of any product.
enum Saved {
    Classifier(Box<ClassifierVersion>),
    Other(Box<index::SavedConfiguration>),
}

impl Saved {
    /// The place in listings, which begin with the greatest.
    fn place(&self) -> (Timestamp, ConfigurationId) {
        match self {
            Self::Classifier(version) => (version.version, version.id.into()),
            Self::Other(saved) => (saved.version, saved.id),
        }
    }

    fn wire(&self) -> Result<SavedConfiguration<'_>> {
        match self {
            Self::Classifier(version) => Ok(SavedConfiguration::from(&**version)),
            Self::Other(saved) => SavedConfiguration::of(saved),
        }
    }
}

fn answer(status: StatusCode, saved: &Saved) -> Reply {
    Ok(reply::json(status, &saved.wire()?))
}

/// `POST /api/v1/beta/configurations`
pub(super) async fn create<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: RequestBody) -> Reply {
    let mut body = SchemaBody::<NewConfiguration>::read(&headers, body).await?;
    let schema = checked_schema(&caller, &mut body).await?;
    let parameters = Parameters::read(&body.checked.input().get("parameters"), schema);
    let NewConfiguration { name, .. } = body.checked.finish()?;
    let (ports, project) = (&caller.ports, caller.token.project);
    let saved = match parameters?.ok_or_else(|| Error::internal("parameters that were checked"))? {
        Parameters::Classify(classification) => {
            let change = classifier_change(None, Some(*classification));
            Saved::Classifier(Box::new(classifiers::save(ports, project, name, change).await?))
        }
        Parameters::Options(options) => {
            Saved::Other(Box::new(configurations::save(ports, project, name, *options).await?))
        }
    };
    answer(StatusCode::CREATED, &saved)
}

/// The text of the JSON Schema of a request, whose faults become those of the request.
async fn checked_schema<P: Ports, T: Declared>(
    caller: &Caller<P>,
    body: &mut SchemaBody<T>,
) -> Result<Option<Box<RawValue>>> {
    let product = body.checked.input().get("parameters").get("product_type").read::<String>();
    match product.as_deref() {
        Some(EXTRACT) => body.check_schema(&caller.ports, &SCHEMA_PATH).await,
        _ => Ok(None),
    }
}

/// `GET /api/v1/beta/configurations`
pub(super) async fn list<P: Ports>(caller: Caller<P>) -> Reply {
    let mut query = caller.query.checked::<ConfigurationQuery>();
    let page = page_token::page(&mut query, LISTING);
    let ConfigurationQuery { name, latest_only, product_type, total, .. } = query.finish()?;
    let is_listed =
        |product: &str| product_type.as_ref().is_none_or(|products| products.iter().any(|known| known == product));
    let tasks = [(EXTRACT, Task::ExtractJson), (PARSE, Task::Parse), (SPLIT, Task::Split)];
    let tasks: Vec<_> = tasks.into_iter().filter(|(product, _)| is_listed(product)).map(|(_, task)| task).collect();
    let versions = if latest_only { Versions::NewestPublished } else { Versions::Published };
    let of_classifiers = is_listed(CLASSIFY).then(|| ClassifierFilter { name: name.clone(), versions, id: None });
    let of_others = (!tasks.is_empty()).then_some(ConfigurationFilter { tasks: Some(tasks), name });
    let count =
        if total.include_total { count(&caller, of_classifiers.clone(), of_others.clone()).await? } else { None };
    let found = merged(&caller, of_classifiers, of_others, page).await?;
    let items = found.items.iter().map(Saved::wire).collect::<Result<Vec<_>>>()?;
    let listing = Listing::new(LISTING, &Page { items, next: found.next }, SavedConfiguration::clone);
    Ok(reply::json(StatusCode::OK, &listing.with_total(count)))
}

/// How many configurations there are; None if they are too many to be counted.
async fn count<P: Ports>(
    caller: &Caller<P>,
    of_classifiers: Option<ClassifierFilter>,
    of_others: Option<ConfigurationFilter>,
) -> Result<Option<u32>> {
    let (ports, project) = (&caller.ports, caller.token.project);
    let classifiers = match of_classifiers {
        Some(filter) => classifiers::count(ports, project, filter).await?,
        None => Some(0),
    };
    let others = match of_others {
        Some(filter) => configurations::count(ports, project, filter).await?,
        None => 0,
    };
    Ok(classifiers.map(|count| count.saturating_add(others)))
}

/// A page of both listings together. It ends where one that has more ends, since what follows there is not known.
async fn merged<P: Ports>(
    caller: &Caller<P>,
    of_classifiers: Option<ClassifierFilter>,
    of_others: Option<ConfigurationFilter>,
    page: PageRequest,
) -> Result<Page<Saved>> {
    let (ports, project) = (&caller.ports, caller.token.project);
    let (mut items, mut known_to) = (Vec::new(), None);
    if let Some(filter) = of_classifiers {
        let found = classifiers::list(ports, project, filter, page.clone()).await?;
        items.extend(found.items.into_iter().map(|version| Saved::Classifier(Box::new(version))));
        known_to = known_to.max(items.last().filter(|_| found.next.is_some()).map(Saved::place));
    }
    if let Some(filter) = of_others {
        let found = configurations::list(ports, project, filter, page.clone()).await?;
        let others: Vec<_> = found.items.into_iter().map(|saved| Saved::Other(Box::new(saved))).collect();
        known_to = known_to.max(others.last().filter(|_| found.next.is_some()).map(Saved::place));
        items.extend(others);
    }
    items.sort_by_key(|saved| std::cmp::Reverse(saved.place()));
    let before = items.len();
    items.retain(|saved| known_to.is_none_or(|last| saved.place() >= last));
    items.truncate(usize::try_from(page.size).unwrap_or(usize::MAX));
    let more = known_to.is_some() || items.len() < before;
    let next = items.last().filter(|_| more).map(|last| {
        let (version, id) = last.place();
        index::cursor(version, &id)
    });
    Ok(Page { items, next })
}

fn missing(error: Error) -> Error {
    error.with_not_found_message(ClassifierId::MISSING)
}

/// The newest version of a configuration: of a classifier, the newest published one. A classifier that has none is not
/// listed, and not found.
async fn find<P: Ports>(caller: &Caller<P>, id: ConfigurationId) -> Result<Saved> {
    let (ports, project) = (&caller.ports, caller.token.project);
    match classifiers::get(ports, project, id.into(), Version::Published).await {
        Ok(version) => Ok(Saved::Classifier(Box::new(version))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let saved = configurations::get(ports, project, id).await.map_err(missing)?;
            Ok(Saved::Other(Box::new(saved)))
        }
        Err(error) => Err(error),
    }
}

/// `GET /api/v1/beta/configurations/{id}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ConfigurationId>) -> Reply {
    answer(StatusCode::OK, &find(&caller, id).await?)
}

/// `PUT /api/v1/beta/configurations/{id}`
pub(super) async fn update<P: Ports>(
    caller: Caller<P>,
    PathId(id): PathId<ConfigurationId>,
    headers: HeaderMap,
    body: RequestBody,
) -> Reply {
    let mut body = SchemaBody::<ChangedConfiguration>::read(&headers, body).await?;
    let schema = checked_schema(&caller, &mut body).await?;
    let parameters = Parameters::read(&body.checked.input().get("parameters"), schema);
    let saved = find(&caller, id).await;
    if let (Ok(saved), Ok(Some(parameters))) = (&saved, &parameters) {
        check_product(&mut body, saved, parameters);
    }
    let ChangedConfiguration { name, .. } = body.checked.finish()?;
    let (saved, parameters) = (saved?, parameters?);
    let (ports, project) = (&caller.ports, caller.token.project);
    let changed = match (&saved, parameters) {
        (_, None) if name.is_none() => saved,
        // Drafts are not of this dialect: what the request does not name stays as it is published.
        (Saved::Classifier(_), parameters) => {
            let classification = match parameters {
                Some(Parameters::Classify(classification)) => Some(*classification),
                _ => None,
            };
            let change = classifier_change(name, classification);
            let changed = classifiers::change(ports, project, id.into(), Version::Published, change).await;
            Saved::Classifier(Box::new(changed.map_err(missing)?))
        }
        (Saved::Other(_), parameters) => {
            let options = match parameters {
                Some(Parameters::Options(options)) => Some(*options),
                _ => None,
            };
            let changed = configurations::change(ports, project, id, name, options).await;
            Saved::Other(Box::new(changed.map_err(missing)?))
        }
    };
    answer(StatusCode::OK, &changed)
}

/// Reports parameters of another product than that of the saved configuration.
fn check_product(body: &mut SchemaBody<ChangedConfiguration>, saved: &Saved, parameters: &Parameters) {
    let is_same = match (saved, parameters) {
        (Saved::Classifier(_), Parameters::Classify(_)) => true,
        (Saved::Other(saved), Parameters::Options(options)) => saved.options.task.task() == options.task.task(),
        _ => false,
    };
    if !is_same {
        let (input, check) = body.checked.parts();
        check
            .reject_value(&input.get("parameters").get("product_type"), "the product of a configuration cannot change");
    }
}

/// `DELETE /api/v1/beta/configurations/{id}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, PathId(id): PathId<ConfigurationId>) -> Reply {
    let (ports, project) = (&caller.ports, caller.token.project);
    match find(&caller, id).await? {
        Saved::Classifier(_) => classifiers::delete(ports, project, id.into()).await.map_err(missing)?,
        Saved::Other(_) => configurations::delete(ports, project, id).await.map_err(missing)?,
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The change that a request asks for. This dialect has no routes, so they stay as they are.
fn classifier_change(name: Option<String>, classification: Option<Classification>) -> ClassifierChange {
    ClassifierChange { name, classification, routes: None, draft: false }
}
