//! Responses: parse jobs and what they read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    api::llamacloud::{
        ids::{IdFormat, ParseJobId},
        wire::{self, Usage},
    },
    document::Rect,
    error::Result,
    job::{Job, Options, RawJson},
    parse::{Item, ItemKind, ListEntry, MarginPlace, ParseResult, ParsedPage},
};

/// What a request said that makes no difference, as it is stored with the job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Echo {
    /// The tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Key-value pairs of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Value>,
}

/// A parse job.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ParseJob {
    /// The id.
    id: String,
    /// The project.
    project_id: String,
    /// How far it is: `PENDING`, `RUNNING`, `COMPLETED`, `FAILED` or `CANCELLED`.
    status: &'static str,
    /// Why it failed.
    error_message: Option<String>,
    /// Always null.
    name: Option<String>,
    /// The tier that was asked for. All run in the same way.
    tier: Option<String>,
    /// The key-value pairs of the request.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<std::collections::BTreeMap<String, String>>"))]
    user_metadata: Option<Value>,
    /// The cost, if it was asked for.
    usage: Option<Usage>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl ParseJob {
    /// The same of a job.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored of the request cannot be read.
    pub(super) fn new(job: &Job) -> Result<Self> {
        let echo = job.options.as_ref().and_then(|options| options.echo.as_ref());
        let echo: Echo = echo.map(|echo| echo.parse()).transpose()?.unwrap_or_default();
        Ok(Self {
            id: ParseJobId(job.id).format(),
            project_id: job.project.to_string(),
            status: wire::status(job.status()).unwrap_or("CANCELLED"),
            error_message: job.failure().map(wire::failure_text),
            name: None,
            tier: echo.tier,
            user_metadata: echo.user_metadata,
            usage: None,
            created_at: job.created_at.to_rfc3339(),
            updated_at: job.updated_at.to_rfc3339(),
        })
    }
}

/// How a document is parsed, in a response.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ParseConfiguration<'a> {
    /// The tier that was asked for.
    tier: String,
    /// The version that was asked for.
    version: String,
    /// Which pages are read.
    page_ranges: ParsedPageRanges<'a>,
}

/// Which pages of a document are read.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ParsedPageRanges<'a> {
    /// How many pages are read at most.
    max_pages: Option<u32>,
    /// Which pages are read; null for all.
    target_pages: Option<&'a str>,
}

impl<'a> ParseConfiguration<'a> {
    /// The configuration of these options.
    ///
    /// # Errors
    ///
    /// `Internal` if what is stored cannot be read.
    pub(in crate::api::llamacloud) fn of(options: &'a Options) -> Result<Self> {
        const DEFAULT_TIER: &str = "fast";
        const DEFAULT_VERSION: &str = "latest";
        let echo: Echo = options.echo.as_ref().map_or_else(|| Ok(Echo::default()), RawJson::parse)?;
        let read = &options.read_options;
        Ok(Self {
            tier: echo.tier.unwrap_or_else(|| DEFAULT_TIER.to_owned()),
            version: echo.version.unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
            page_ranges: ParsedPageRanges { max_pages: read.max_pages, target_pages: read.pages.as_deref() },
        })
    }
}

/// What `expand` asks for.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    text: bool,
    markdown: bool,
    items: bool,
    metadata: bool,
    text_full: bool,
    markdown_full: bool,
    job_metadata: bool,
    usage: bool,
}

impl Expansion {
    /// The words.
    pub(super) fn words() -> Vec<&'static str> {
        vec!["text", "markdown", "items", "metadata", "text_full", "markdown_full", "job_metadata", "usage"]
    }

    /// What words ask for.
    pub(super) fn of(words: &[String]) -> Self {
        let has = |word: &str| words.iter().any(|known| known == word);
        Self {
            text: has("text"),
            markdown: has("markdown"),
            items: has("items"),
            metadata: has("metadata"),
            text_full: has("text_full"),
            markdown_full: has("markdown_full"),
            job_metadata: has("job_metadata"),
            usage: has("usage"),
        }
    }

    /// Whether anything of the document is asked for.
    pub(super) const fn needs_result(&self) -> bool {
        self.text
            || self.markdown
            || self.items
            || self.metadata
            || self.text_full
            || self.markdown_full
            || self.job_metadata
    }
}

/// A parse job, and what was asked for of its document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ParseResponse<'a> {
    /// The job.
    job: ParseJob,
    /// The text of each page.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Pages<TextPage<'a>>>,
    /// Each page as Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<Pages<MarkdownPage<'a>>>,
    /// The items of each page.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Pages<ItemsPage<'a>>>,
    /// What is known of each page.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Pages<MetadataPage>>,
    /// The text of all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_full: Option<String>,
    /// All pages as Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown_full: Option<String>,
    /// What is known of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_metadata: Option<JobMetadata<'a>>,
}

/// The pages of a document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "{T}s"))]
struct Pages<T> {
    /// The pages that were read.
    pages: Vec<T>,
}

impl<T> Pages<T> {
    fn of<'a>(result: &'a ParseResult, page: impl FnMut(&'a ParsedPage) -> T) -> Self {
        Self { pages: result.pages.iter().map(page).collect() }
    }
}

/// The text of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct TextPage<'a> {
    /// The number of the page, from 1.
    page_number: u32,
    /// The text in reading order.
    text: &'a str,
}

/// A page as Markdown.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct MarkdownPage<'a> {
    /// The number of the page, from 1.
    page_number: u32,
    /// The Markdown.
    markdown: &'a str,
    /// What is repeated at the top of the page.
    header: Option<String>,
    /// What is repeated at its bottom.
    footer: Option<String>,
    /// Always true.
    success: bool,
}

/// The items of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ItemsPage<'a> {
    /// The number of the page, from 1.
    page_number: u32,
    /// The width in points; 0 if the format has no layout.
    page_width: f32,
    /// The height in points; 0 if the format has no layout.
    page_height: f32,
    /// The items in reading order.
    items: Vec<ParseItem<'a>>,
    /// Always true.
    success: bool,
}

/// What is known of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct MetadataPage {
    /// The number of the page, from 1.
    page_number: u32,
    /// Always null: text is read and not guessed.
    confidence: Option<f64>,
}

/// What is known of a document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct JobMetadata<'a> {
    /// How many pages it has.
    job_pages: u32,
    /// Its own title.
    title: Option<&'a str>,
    /// The extension of its format.
    file_type: &'static str,
    /// The version of the engine.
    engine_version: &'a str,
}

impl<'a> From<&'a ParseResult> for JobMetadata<'a> {
    fn from(result: &'a ParseResult) -> Self {
        Self {
            job_pages: result.page_count,
            title: result.title.as_deref(),
            file_type: result.format.extension(),
            engine_version: &result.engine_version,
        }
    }
}

/// A box on a page, in points from its top left corner.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct BoundingBox {
    /// Left edge.
    x: f32,
    /// Top edge.
    y: f32,
    /// Width.
    w: f32,
    /// Height.
    h: f32,
}

impl From<Rect> for BoundingBox {
    fn from(rect: Rect) -> Self {
        Self { x: rect.x, y: rect.y, w: rect.width, h: rect.height }
    }
}

/// An item of a page, by its `type`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
enum ParseItem<'a> {
    /// The title or a heading.
    Heading {
        /// The level, from 1 to 6.
        level: u8,
        /// The text.
        value: &'a str,
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes; null if the format has no layout.
        bbox: Option<[BoundingBox; 1]>,
    },
    /// A paragraph.
    Text {
        /// The text.
        value: &'a str,
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes.
        bbox: Option<[BoundingBox; 1]>,
    },
    /// A paragraph that is one link.
    Link {
        /// The text.
        text: &'a str,
        /// Where it leads to.
        url: &'a str,
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes.
        bbox: Option<[BoundingBox; 1]>,
    },
    /// A list.
    List {
        /// Whether it is numbered.
        ordered: bool,
        /// Its items.
        items: Vec<ListNode<'a>>,
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes.
        bbox: Option<[BoundingBox; 1]>,
    },
    /// A table.
    Table {
        /// The rows, each with its cells.
        rows: &'a [Vec<String>],
        /// The table as HTML.
        html: String,
        /// The table as CSV (RFC 4180).
        csv: String,
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes.
        bbox: Option<[BoundingBox; 1]>,
    },
    /// What is repeated at the top of the page.
    Header {
        /// Its items: one text.
        items: [TextNode<'a>; 1],
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes.
        bbox: Option<[BoundingBox; 1]>,
    },
    /// What is repeated at the bottom of the page.
    Footer {
        /// Its items: one text.
        items: [TextNode<'a>; 1],
        /// The item as Markdown.
        md: &'a str,
        /// Its boxes.
        bbox: Option<[BoundingBox; 1]>,
    },
}

/// A text within an item.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct TextNode<'a> {
    /// Always `text`.
    r#type: &'static str,
    /// The text.
    value: &'a str,
    /// The text as Markdown.
    md: &'a str,
}

impl<'a> TextNode<'a> {
    const fn new(value: &'a str, md: &'a str) -> Self {
        Self { r#type: "text", value, md }
    }
}

/// An item of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum ListNode<'a> {
    /// A text.
    Text(TextNode<'a>),
    /// A list below the item before it.
    List(NestedList<'a>),
}

/// A list within a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct NestedList<'a> {
    /// Always `list`.
    r#type: &'static str,
    /// Whether it is numbered.
    ordered: bool,
    /// Its items.
    items: Vec<ListNode<'a>>,
    /// The list as Markdown.
    md: String,
}

/// The entries as items: those of a level below the first become lists of their own.
fn list_nodes(entries: &[ListEntry]) -> Vec<ListNode<'_>> {
    let Some(level) = entries.iter().map(|entry| entry.depth).min() else { return Vec::new() };
    let mut nodes = Vec::new();
    for group in entries.chunk_by(|left, right| (left.depth > level) == (right.depth > level)) {
        match group.first() {
            Some(first) if first.depth > level => nodes.push(ListNode::List(NestedList {
                r#type: "list",
                ordered: first.ordered,
                items: list_nodes(group),
                md: group.iter().map(list_line).collect::<Vec<_>>().join("\n"),
            })),
            _ => nodes.extend(group.iter().map(|entry| ListNode::Text(TextNode::new(&entry.text, &entry.text)))),
        }
    }
    nodes
}

fn list_line(entry: &ListEntry) -> String {
    let indent = "  ".repeat(usize::from(entry.depth.saturating_sub(1)));
    match (entry.ordered, entry.number) {
        (true, number) => format!("{indent}{}. {}", number.unwrap_or(1), entry.text),
        (false, _) => format!("{indent}- {}", entry.text),
    }
}

fn html_table(rows: &[Vec<String>], has_header: bool) -> String {
    let mut html = "<table>".to_owned();
    for (index, row) in rows.iter().enumerate() {
        let (begin, end) = if has_header && index == 0 { ("<th>", "</th>") } else { ("<td>", "</td>") };
        html.push_str("<tr>");
        for cell in row {
            html.push_str(begin);
            for character in cell.chars() {
                match character {
                    '&' => html.push_str("&amp;"),
                    '<' => html.push_str("&lt;"),
                    '>' => html.push_str("&gt;"),
                    other => html.push(other),
                }
            }
            html.push_str(end);
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
    html
}

fn csv_table(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| {
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    let lines = rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(","));
    lines.collect::<Vec<_>>().join("\r\n")
}

impl<'a> From<&'a Item> for ParseItem<'a> {
    fn from(item: &'a Item) -> Self {
        let (md, bbox) = (item.md.as_str(), item.rect.map(|rect| [rect.into()]));
        match &item.kind {
            ItemKind::Heading { level, text } => Self::Heading { level: *level, value: text, md, bbox },
            ItemKind::Text { text, .. } => Self::Text { value: text, md, bbox },
            ItemKind::Link { text, url } => Self::Link { text, url, md, bbox },
            ItemKind::List { ordered, items } => Self::List { ordered: *ordered, items: list_nodes(items), md, bbox },
            ItemKind::Table { rows, has_header } => {
                Self::Table { rows, html: html_table(rows, *has_header), csv: csv_table(rows), md, bbox }
            }
            ItemKind::Margin { place, text } => {
                let items = [TextNode::new(text, md)];
                match place {
                    MarginPlace::Header => Self::Header { items, md, bbox },
                    MarginPlace::Footer => Self::Footer { items, md, bbox },
                }
            }
        }
    }
}

/// The Markdown of the margins of a page at a place; None if there are none.
fn margins(page: &ParsedPage, at: MarginPlace) -> Option<String> {
    let is_there = |item: &&Item| matches!(&item.kind, ItemKind::Margin { place, .. } if *place == at);
    let lines: Vec<_> = page.items.iter().filter(is_there).map(|item| item.md.as_str()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The texts of pages, with empty lines between them.
pub(super) fn joined<'a>(result: &'a ParseResult, text: impl Fn(&'a ParsedPage) -> &'a str) -> String {
    result.pages.iter().map(text).collect::<Vec<_>>().join("\n\n")
}

impl<'a> ParseResponse<'a> {
    /// The response. `result` is None if the job has none yet, or nothing of it was asked for.
    ///
    /// # Errors
    ///
    /// Those of [`ParseJob::new`].
    pub(super) fn new(job: &Job, result: Option<&'a ParseResult>, expansion: &Expansion) -> Result<Self> {
        let mut job = ParseJob::new(job)?;
        job.usage = expansion.usage.then(Usage::default);
        let of = |requested: bool| result.filter(|_| requested);
        Ok(Self {
            job,
            text: of(expansion.text)
                .map(|result| Pages::of(result, |page| TextPage { page_number: page.number, text: &page.text })),
            markdown: of(expansion.markdown).map(|result| {
                Pages::of(result, |page| MarkdownPage {
                    page_number: page.number,
                    markdown: &page.markdown,
                    header: margins(page, MarginPlace::Header),
                    footer: margins(page, MarginPlace::Footer),
                    success: true,
                })
            }),
            items: of(expansion.items).map(|result| {
                Pages::of(result, |page| ItemsPage {
                    page_number: page.number,
                    page_width: page.width.unwrap_or_default(),
                    page_height: page.height.unwrap_or_default(),
                    items: page.items.iter().map(ParseItem::from).collect(),
                    success: true,
                })
            }),
            metadata: of(expansion.metadata)
                .map(|result| Pages::of(result, |page| MetadataPage { page_number: page.number, confidence: None })),
            text_full: of(expansion.text_full).map(|result| joined(result, |page| &page.text)),
            markdown_full: of(expansion.markdown_full).map(|result| joined(result, |page| &page.markdown)),
            job_metadata: of(expansion.job_metadata).map(JobMetadata::from),
        })
    }
}

/// The versions of each tier.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(in crate::api::llamacloud) struct ParseVersions {
    /// Those of `fast`.
    fast: [&'static str; 1],
    /// Those of `cost_effective`.
    cost_effective: [&'static str; 1],
    /// Those of `agentic`.
    agentic: [&'static str; 1],
    /// Those of `agentic_plus`.
    agentic_plus: [&'static str; 1],
    /// What `latest` is.
    latest: LatestVersions,
}

/// What `latest` is, for each tier.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct LatestVersions {
    /// That of `fast`.
    fast: &'static str,
    /// That of `cost_effective`.
    cost_effective: &'static str,
    /// That of `agentic`.
    agentic: &'static str,
    /// That of `agentic_plus`.
    agentic_plus: &'static str,
}

impl ParseVersions {
    /// The newest version of each tier that clients know. Every version is taken, and all run in the same way.
    pub(super) const fn current() -> Self {
        const FAST: &str = "2026-06-15";
        const COST_EFFECTIVE: &str = "2026-09-28";
        const AGENTIC: &str = "2026-10-16";
        const AGENTIC_PLUS: &str = "2026-09-28";
        Self {
            fast: [FAST],
            cost_effective: [COST_EFFECTIVE],
            agentic: [AGENTIC],
            agentic_plus: [AGENTIC_PLUS],
            latest: LatestVersions {
                fast: FAST,
                cost_effective: COST_EFFECTIVE,
                agentic: AGENTIC,
                agentic_plus: AGENTIC_PLUS,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_lower_levels_become_lists() {
        let entry = |depth: u8, text: &str| ListEntry { depth, ordered: false, number: None, text: text.to_owned() };
        let entries = [entry(1, "a"), entry(2, "b"), entry(3, "c"), entry(2, "d"), entry(1, "e")];
        let nodes = serde_json::to_value(list_nodes(&entries)).unwrap();
        let text = |value: &str| serde_json::json!({ "type": "text", "value": value, "md": value });
        let inner = serde_json::json!({ "type": "list", "ordered": false, "items": [text("c")], "md": "    - c" });
        let md = "  - b\n    - c\n  - d";
        let outer =
            serde_json::json!({ "type": "list", "ordered": false, "items": [text("b"), inner, text("d")], "md": md });
        assert_eq!(nodes, serde_json::json!([text("a"), outer, text("e")]));
    }

    #[test]
    fn tables_are_escaped() {
        let rows = vec![vec!["a<b".to_owned(), "1,5".to_owned()], vec!["say \"x\"".to_owned(), "&".to_owned()]];
        assert_eq!(csv_table(&rows), "a<b,\"1,5\"\r\n\"say \"\"x\"\"\",&");
        assert_eq!(
            html_table(&rows, true),
            "<table><tr><th>a&lt;b</th><th>1,5</th></tr><tr><td>say \"x\"</td><td>&amp;</td></tr></table>"
        );
    }
}
