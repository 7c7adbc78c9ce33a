//! Parse v1, as the first clients call it. The same jobs as those of v2, in other words.

use axum::{
    body::Body as RequestBody,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    ParseOptions, parsed_job, result, start,
    wire::{JobMetadata, joined},
};
use crate::{
    api::{
        body,
        checked::Checked,
        llamacloud::{
            Caller, Reply, files,
            ids::{ParseJobId, PathId},
            inputs::{self, DocumentInput},
            rules::PAGES_CHARS,
            webhooks::Webhooks,
            wire,
        },
        reply,
    },
    document::{Format, PageSelection},
    error::{Error, ErrorKind, Result},
    job::{Job, Options, Status},
    parse::{Item, ItemKind, ParseResult},
    service::{
        index::{OptionsSource, RequestedWebhooks},
        ports::{Environment, Ports},
    },
    validate::{
        declare::declare,
        shape::{Declared, FilePart, OPEN, Shape},
    },
};

// The same by their older address. The document of the API names an operation after its handler.
pub(in crate::api::llamacloud) use self::{
    get as get_unversioned, markdown as markdown_unversioned, pages as pages_unversioned, text as text_unversioned,
    upload as upload_unversioned,
};

declare! {
    /// A document to parse: a file, or a form without one that names a URL.
    #[derive(Debug)]
    pub(in crate::api::llamacloud) struct LegacyParse(OPEN) {
        /// The file, of up to 100 MiB.
        file: FilePart = required(Shape::File),
        /// The URL of the document, if the form has no file.
        input_url: Option<String> = optional(inputs::DOCUMENT),
        /// How many pages are read at most.
        max_pages: Option<String> = optional(NUMBER_OR_BLANK),
        /// Which pages are read, counted from 0, such as `0,2-3`; all if absent or blank.
        target_pages: Option<String> = optional(PAGES_FROM_ZERO),
        /// A URL to call when the job changes.
        webhook_url: Option<String> = optional(TEXT),
        /// The webhooks of the job: a list, as JSON.
        webhook_configurations: Option<String> = optional(TEXT),
    }
}

const TEXT: Shape = Shape::text(0..=usize::MAX);

const NUMBER_OR_BLANK: Shape = Shape::Own {
    documented: &Shape::text(0..=20),
    format: "",
    check: |check, field| {
        let is_number = |text: &str| text.trim().is_empty() || text.trim().parse::<u32>().is_ok();
        if check.text(field, 0..=20).is_some_and(|text| !is_number(text)) {
            check.reject_value(field, "expected a number of pages");
        }
    },
};

const PAGES_FROM_ZERO: Shape = Shape::Own {
    documented: &Shape::text(0..=PAGES_CHARS),
    format: "",
    check: |check, field| {
        if check.text(field, 0..=PAGES_CHARS).is_some_and(|text| from_one(text).is_none()) {
            check.reject_value(field, "expected page numbers from 0, such as 0,2-3");
        }
    },
};

/// A selection of pages that counts from 0 as one that counts from 1; None if it is not well formed.
fn from_one(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some(String::new());
    }
    let next = |number: &str| Some(number.trim().parse::<u32>().ok()?.checked_add(1)?.to_string());
    let part = |part: &str| match part.split_once('-') {
        Some((first, last)) => Some(format!("{}-{}", next(first)?, next(last)?)),
        None => next(part),
    };
    let pages = text.split(',').map(part).collect::<Option<Vec<_>>>()?.join(",");
    PageSelection::parse(&pages).is_ok().then_some(pages)
}

/// The options of a job, by the texts of its form.
fn options(texts: &Checked<LegacyParse>) -> Result<Options> {
    let input = texts.input();
    let text = |name: &str| input.get(name).read::<String>().filter(|text| !text.trim().is_empty());
    let mut ranges = Map::new();
    if let Some(pages) = text("target_pages").as_deref().and_then(from_one) {
        ranges.insert("target_pages".to_owned(), pages.into());
    }
    // Clients send 0 for no limit.
    if let Some(max) = text("max_pages").and_then(|max| max.trim().parse::<u32>().ok()).filter(|max| *max > 0) {
        ranges.insert("max_pages".to_owned(), max.into());
    }
    let value = Value::Object([("page_ranges".to_owned(), Value::Object(ranges))].into_iter().collect());
    Checked::<ParseOptions>::new("body", value).finish()?.into_options()
}

/// Whom the job notifies, by the texts of its form.
fn webhooks(texts: &Checked<LegacyParse>, ports: &impl Environment) -> Result<RequestedWebhooks> {
    let input = texts.input();
    let text = |name: &str| input.get(name).read::<String>().filter(|text| !text.trim().is_empty());
    let mut webhooks = Vec::new();
    if let Some(url) = text("webhook_url") {
        webhooks.push(json!({ "webhook_url": url }));
    }
    if let Some(text) = text("webhook_configurations") {
        let listed: Option<Vec<Value>> = serde_json::from_str(&text).map_err(|error| {
            Error::new(ErrorKind::Invalid, format!("webhook_configurations is not a list in JSON: {error}"))
        })?;
        webhooks.extend(listed.unwrap_or_default());
    }
    let mut webhooks = Checked::<Webhooks>::new("body", json!({ "webhook_configurations": webhooks }));
    Webhooks::check(&mut webhooks, ports);
    Ok(webhooks.finish()?.requested())
}

/// `POST /api/v1/parsing/upload`
pub(in crate::api::llamacloud) async fn upload<P: Ports>(
    caller: Caller<P>,
    headers: HeaderMap,
    body: RequestBody,
) -> Reply {
    const URL_ENCODED: &str = "application/x-www-form-urlencoded";
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let (document, options, webhooks) = if essence.eq_ignore_ascii_case(URL_ENCODED) {
        let bytes = body::read_json(&headers, body).await?;
        let texts = form_urlencoded::parse(&bytes).map(|(name, text)| (name.into_owned(), Value::from(text)));
        let mut texts = Checked::<LegacyParse>::new("body", texts.collect());
        let document = inputs::take_from(&mut texts, &["input_url"], &caller.ports);
        let (input, check) = texts.parts();
        let url = input.get("input_url");
        if url.is_absent() {
            check.require(&url);
        } else {
            inputs::check_document(check, &url);
        }
        let (options, webhooks) = (options(&texts)?, webhooks(&texts, &caller.ports)?);
        texts.faults()?;
        (document.ok_or_else(|| Error::internal("a URL that was checked"))?, options, webhooks)
    } else {
        let mut described = None;
        let file = files::receive(&caller, "file", LegacyParse::OBJECT, &headers, body, |form| {
            let texts = form.texts.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
            let texts = Checked::<LegacyParse>::new("body", texts.collect());
            described = Some((options(&texts)?, webhooks(&texts, &caller.ports)?));
            texts.faults()?;
            Ok((Some("parse".to_owned()), None))
        })
        .await?;
        let (options, webhooks) = described.ok_or_else(|| Error::internal("a form that was not described"))?;
        (DocumentInput::File(file.id), options, webhooks)
    };
    let job = start(&caller, document, OptionsSource::Inline(Box::new(options)), webhooks).await?;
    Ok(answer(&job))
}

/// A parse job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct LegacyParseJob {
    /// The id, without a prefix.
    id: String,
    /// How far it is: `PENDING`, `SUCCESS`, `ERROR` or `CANCELLED`.
    status: &'static str,
    /// Why it failed, for programs.
    error_code: Option<String>,
    /// Why it failed.
    error_message: Option<String>,
}

fn answer(job: &Job) -> Response {
    let body = LegacyParseJob {
        id: job.id.to_string(),
        status: match job.status() {
            Status::Queued | Status::Running => "PENDING",
            Status::Succeeded => "SUCCESS",
            Status::Failed => "ERROR",
            Status::Cancelled | Status::Deleted => "CANCELLED",
        },
        error_code: job.failure().map(wire::failure_code).map(str::to_owned),
        error_message: job.failure().map(|failure| failure.message.clone()),
    };
    reply::json(StatusCode::OK, &body)
}

/// `GET /api/v1/parsing/job/{id}`
pub(in crate::api::llamacloud) async fn get<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    Ok(answer(&parsed_job(&caller, id).await?))
}

/// The result of a job that has succeeded.
async fn finished<P: Ports>(caller: &Caller<P>, id: ParseJobId) -> Result<ParseResult> {
    let job = parsed_job(caller, id).await?;
    match job.status() {
        Status::Succeeded => result(caller, job).await,
        Status::Failed => {
            let why = job.failure().map(wire::failure_text).unwrap_or_default();
            Err(Error::new(ErrorKind::Invalid, format!("The job has failed: {why}")))
        }
        Status::Cancelled | Status::Deleted => Err(Error::new(ErrorKind::Invalid, "The job was cancelled")),
        Status::Queued | Status::Running => Err(Error::not_found("The job has no result yet: it is PENDING")),
    }
}

/// All pages as Markdown.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct LegacyMarkdown<'a> {
    /// The Markdown.
    markdown: String,
    /// What is known of the document.
    job_metadata: JobMetadata<'a>,
}

/// The text of all pages.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct LegacyText<'a> {
    /// The text.
    text: String,
    /// What is known of the document.
    job_metadata: JobMetadata<'a>,
}

/// The pages one by one.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct LegacyPages<'a> {
    /// The pages that were read.
    pages: Vec<LegacyPage<'a>>,
    /// What is known of the document.
    job_metadata: JobMetadata<'a>,
}

/// A page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct LegacyPage<'a> {
    /// The number, from 1.
    page: u32,
    /// The text in reading order.
    text: &'a str,
    /// The page as Markdown.
    md: &'a str,
    /// The items in reading order.
    items: Vec<LegacyItem<'a>>,
    /// The links.
    links: Vec<LegacyLink<'a>>,
    /// The width in points; null if the format has no layout.
    width: Option<f32>,
    /// The height in points; null if the format has no layout.
    height: Option<f32>,
    /// Always `OK`.
    status: &'static str,
}

/// An item of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct LegacyItem<'a> {
    /// What it is: `heading`, `text` or `table`.
    r#type: &'static str,
    /// The level of a heading, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    lvl: Option<u8>,
    /// The text, unless it is a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    /// The rows of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<&'a [Vec<String>]>,
    /// The item as Markdown.
    md: &'a str,
    /// Its box; null if the format has no layout.
    #[serde(rename = "bBox")]
    bounding_box: Option<super::wire::BoundingBox>,
}

impl<'a> From<&'a Item> for LegacyItem<'a> {
    fn from(item: &'a Item) -> Self {
        let (r#type, lvl, value, rows) = match &item.kind {
            ItemKind::Heading { level, text } => ("heading", Some(*level), Some(text.as_str()), None),
            ItemKind::Table { rows, .. } => ("table", None, None, Some(rows.as_slice())),
            ItemKind::Text { text, .. } | ItemKind::Link { text, .. } | ItemKind::Margin { text, .. } => {
                ("text", None, Some(text.as_str()), None)
            }
            ItemKind::List { .. } => ("text", None, Some(item.md.as_str()), None),
        };
        Self { r#type, lvl, value, rows, md: &item.md, bounding_box: item.rect.map(Into::into) }
    }
}

/// A link on a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct LegacyLink<'a> {
    /// The text.
    text: &'a str,
    /// Where it leads to.
    url: &'a str,
}

fn links(item: &Item) -> Vec<LegacyLink<'_>> {
    match &item.kind {
        ItemKind::Link { text, url } => vec![LegacyLink { text, url }],
        _ => item.links.iter().map(|link| LegacyLink { text: &link.text, url: &link.url }).collect(),
    }
}

/// `GET /api/v1/parsing/job/{id}/result/markdown`
pub(in crate::api::llamacloud) async fn markdown<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    let result = finished(&caller, id).await?;
    let markdown = joined(&result, |page| &page.markdown);
    Ok(reply::json(StatusCode::OK, &LegacyMarkdown { markdown, job_metadata: (&result).into() }))
}

/// `GET /api/v1/parsing/job/{id}/result/text`
pub(in crate::api::llamacloud) async fn text<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    let result = finished(&caller, id).await?;
    let text = joined(&result, |page| &page.text);
    Ok(reply::json(StatusCode::OK, &LegacyText { text, job_metadata: (&result).into() }))
}

/// `GET /api/v1/parsing/job/{id}/result/json`
pub(in crate::api::llamacloud) async fn pages<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    let result = finished(&caller, id).await?;
    let pages = result.pages.iter().map(|page| LegacyPage {
        page: page.number,
        text: &page.text,
        md: &page.markdown,
        items: page.items.iter().map(LegacyItem::from).collect(),
        links: page.items.iter().flat_map(links).collect(),
        width: page.width,
        height: page.height,
        status: "OK",
    });
    Ok(reply::json(StatusCode::OK, &LegacyPages { pages: pages.collect(), job_metadata: (&result).into() }))
}

/// A text as it is.
fn plain(text: String, media_type: &'static str) -> Response {
    let mut response = Response::new(RequestBody::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// `GET /api/v1/parsing/job/{id}/result/raw/markdown`
pub(in crate::api::llamacloud) async fn raw_markdown<P: Ports>(
    caller: Caller<P>,
    PathId(id): PathId<ParseJobId>,
) -> Reply {
    let result = finished(&caller, id).await?;
    Ok(plain(joined(&result, |page| &page.markdown), "text/markdown; charset=utf-8"))
}

/// `GET /api/v1/parsing/job/{id}/result/raw/text`
pub(in crate::api::llamacloud) async fn raw_text<P: Ports>(caller: Caller<P>, PathId(id): PathId<ParseJobId>) -> Reply {
    let result = finished(&caller, id).await?;
    Ok(plain(joined(&result, |page| &page.text), "text/plain; charset=utf-8"))
}

/// `GET /api/v1/parsing/supported_file_extensions`
pub(in crate::api::llamacloud) async fn extensions<P: Ports>(_: Caller<P>) -> Reply {
    let extensions = Format::ALL.iter().flat_map(|format| format.extensions()).map(|extension| format!(".{extension}"));
    Ok(reply::json(StatusCode::OK, &extensions.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_count_from_zero() {
        for (text, expected) in [
            ("0", Some("1")),
            ("0,2-3", Some("1,3-4")),
            (" 1 , 4 - 7 ", Some("2,5-8")),
            ("", Some("")),
            ("-1", None),
            ("a", None),
            ("3-2", None),
            ("4294967295", None),
        ] {
            assert_eq!(from_one(text).as_deref(), expected, "{text:?}");
        }
    }
}
