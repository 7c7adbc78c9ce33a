//! Extracts one result for a document, or one for each of its pages.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Compiled, Json, Metadata};
use crate::budget::Budget;
use crate::document::{AttachedFile, Document, Page, Passage, Word};
use crate::error::Result;

/// What one result is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The document: there is one result.
    #[default]
    Document,
    /// A page: the results are a list, in the order of the pages.
    Page,
}

/// The results of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// The result; for [`Target::Page`] the list of those of the pages.
    pub result: Json,
    /// The metadata of the result; for [`Target::Page`] that of each page.
    pub metadata: Vec<Metadata>,
}

/// What an extraction by a JSON Schema gives, as it is stored and passed on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExtractedJson {
    /// The result, as JSON: an object; of pages a list with one for each.
    pub result: Box<RawValue>,
    /// The metadata of the result; of pages that of each. Empty if none was asked for.
    pub metadata: Vec<Metadata>,
    /// The number of pages that were read.
    pub pages: u32,
}

/// Extracts the results. All pages together have the budget of the call, so that a page costs the next ones.
///
/// An invoice embedded as data is one of the document: for a page it counts only if the document has no other.
///
/// # Errors
///
/// `OverBudget`.
pub fn extract(
    compiled: &Compiled,
    document: &Document,
    attachments: &[AttachedFile],
    target: Target,
    budget: &Budget,
) -> Result<Extracted> {
    // The results stay in memory until the call ends, and are charged for as long as they are made.
    let mut held = budget.hold(0)?;
    if target == Target::Document {
        let extraction = compiled.extract(document, attachments, budget)?;
        let (result, metadata) = compiled.render(&extraction, &mut held)?;
        return Ok(Extracted { result, metadata: vec![metadata] });
    }
    let attachments = if document.page_count == 1 { attachments } else { &[] };
    let (mut results, mut metadata) = (Vec::new(), Vec::new());
    for page in &document.pages {
        let bytes = page_bytes(page) + document.title.as_ref().map_or(0, String::len);
        let _page = budget.hold(bytes)?;
        budget.pass_over(bytes)?;
        let alone = Document {
            format: document.format,
            title: document.title.clone(),
            pages: vec![page.clone()],
            page_count: document.page_count,
        };
        let extraction = compiled.extract(&alone, attachments, budget)?;
        let (result, of_page) = compiled.render(&extraction, &mut held)?;
        results.push(result);
        metadata.push(of_page);
    }
    Ok(Extracted { result: Json::List(results), metadata })
}

/// The memory of a copy of a page.
fn page_bytes(page: &Page) -> usize {
    page.text.len() + size_of_val::<[Passage]>(&page.passages) + size_of_val::<[Word]>(&page.words)
}
